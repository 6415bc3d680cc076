//! Early data: whether a client sends some, and whether a server takes it.

use super::alpn::protocols;
use super::connection::Version;
use super::failure::Why;
use super::handshake::Handshake;

/// Says what became of early data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Early {
    /// Says that the server has taken it: `SSL_EARLY_DATA_ACCEPTED`.
    pub accepted: bool,
    /// Says that a client has sent it.
    pub sent: bool,
}

impl Handshake<'_> {
    /// Returns whether the client sends early data, if it was told to: what it offers allows as much, is not too old, and both sides speak
    /// TLS 1.3.
    pub(super) fn sends_early(&self) -> bool {
        let bytes = std::mem::take(&mut self.client.state().sends_early);
        let Some(session) = self.client.session().filter(|_| bytes > 0) else { return false };
        let now = (session.library().micros() / 1_000_000) as i64;
        let age = now.checked_sub(session.time());
        session.max_early_data() >= bytes
            && session.protocol_version() == Version::Tls13.number()
            && session.is_resumable()
            && age.is_some_and(|age| age >= 0 && (age as u64) < session.ticket_lifetime_hint())
            && self.client.max_version() == Version::Tls13
            && self.server.max_version() == Version::Tls13
    }

    /// Says why a client cannot send early data: the name and the protocols must be those of the session:
    /// `tls_construct_ctos_early_data`.
    pub(super) fn early_is_for_others(&self) -> Option<Why> {
        let session = self.client.session()?;
        let name = session.established().hostname;
        if name.is_some() && name != self.client.host_name() {
            return Some(Why::EarlyName);
        }
        let named = self.client.named_alpn().unwrap_or_default();
        let fits = |alpn: Option<&[u8]>| alpn.is_none_or(|alpn| protocols(&named).any(|protocol| protocol == alpn));
        (!session.alpn_selected(fits)).then_some(Why::EarlyProtocol)
    }

    /// Returns whether a server that resumes a session takes early data: `final_early_data`, `tls_handle_alpn`.
    pub(super) fn takes_early(&self) -> bool {
        let Some(session) = self.server.session() else { return false };
        let selected = self.server.alpn_selected();
        let same = session.alpn_selected(|alpn| alpn == selected.as_deref());
        self.server.max_early_data() > 0 && same
    }

    /// Says why a client does not want that early data was taken: it was for another protocol.
    pub(super) fn refuses_early(&self, accepted: bool) -> Result<(), Why> {
        let Some(session) = self.client.session().filter(|_| accepted) else { return Ok(()) };
        let selected = self.client.alpn_selected();
        let same = selected.is_none() || session.alpn_selected(|alpn| alpn == selected.as_deref());
        if same { Ok(()) } else { Err(Why::EarlyTaken) }
    }
}

//! Application protocols: which a client names, which a server selects, and which of them sessions keep.

use std::sync::Arc;

use super::connection::{Connection, Inherited};
use super::context::Context;
use super::error::Error;
use super::failure::Why;
use super::handshake::{Handshake, Refused};
use super::rules::Rule;

/// Says what a server makes of the protocols that a client names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlpnAnswer<'a> {
    /// Selects this one: `SSL_TLSEXT_ERR_OK`.
    Selected(&'a [u8]),
    /// Goes on without: `SSL_TLSEXT_ERR_NOACK`, or no callback.
    Declined,
    /// Ends the handshake: `SSL_TLSEXT_ERR_ALERT_FATAL`.
    Refused,
}

/// Selects one of the protocols in a list: `SSL_CTX_set_alpn_select_cb`.
pub type SelectAlpn = for<'a> fn(list: &'a [u8]) -> AlpnAnswer<'a>;

/// Returns the protocols of a list, in which a byte before each says how long it is. A list that is cut ends with what is whole.
pub fn protocols(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first()?;
        let protocol = behind.get(..usize::from(*length))?;
        rest = &behind[protocol.len()..];
        Some(protocol)
    })
}

/// Makes a list to be named of these bytes: `alpn_value_ok`. No bytes are no list.
fn list(bytes: &[u8]) -> Result<Option<Arc<[u8]>>, Error> {
    let whole: usize = protocols(bytes).map(|protocol| 1 + protocol.len()).sum();
    if whole != bytes.len() || protocols(bytes).any(<[u8]>::is_empty) {
        return Err(Error::ProtocolList);
    }
    Ok((!bytes.is_empty()).then(|| Arc::from(bytes)))
}

impl Context {
    /// Sets the protocols that clients name which are made from here on: `SSL_CTX_set_alpn_protos`.
    ///
    /// # Errors
    /// Refuses what is no list. Nothing changed.
    pub fn set_alpn_protocols(&self, bytes: &[u8]) -> Result<(), Error> {
        let alpn = list(bytes)?;
        let before = self.inherited();
        self.set_inherited(Inherited { alpn, ..before });
        Ok(())
    }
}

impl Connection {
    /// Sets the protocols that a client names: `SSL_set_alpn_protos`.
    ///
    /// # Errors
    /// Refuses what is no list. Nothing changed.
    pub fn set_alpn_protocols(&self, bytes: &[u8]) -> Result<(), Error> {
        let alpn = list(bytes)?;
        self.state().inherited.alpn = alpn;
        Ok(())
    }
}

impl Handshake<'_> {
    /// Lets a server select one of the protocols that the client names: `tls_handle_alpn`. A session that is resumed keeps what it
    /// says.
    pub(super) fn select_alpn(&self, hit: bool) -> Result<(), Refused> {
        let callback = self.server.context().callbacks().alpn;
        let (Some(named), Some(callback)) = (self.client.named_alpn(), callback) else { return Ok(()) };
        if self.client.renegotiates() {
            // It names none then.
            return Ok(());
        }
        match callback(&named) {
            AlpnAnswer::Declined => Ok(()),
            AlpnAnswer::Refused => Err(self.refuse_by_server(Why::AlpnRefused)),
            AlpnAnswer::Selected(protocol) => {
                self.server.state().alpn = Some(protocol.to_vec());
                if let (Some(session), false) = (self.server.session(), hit) {
                    session.put_alpn(protocol);
                }
                Ok(())
            }
        }
    }

    /// Lets the client read which protocol the server has selected: `tls_parse_stoc_alpn`. Returns why it gives up.
    pub(super) fn client_reads_alpn(&self, hit: bool) -> Result<(), Why> {
        let Some(selected) = self.server.alpn_selected() else { return Ok(()) };
        let named = self.client.named_alpn().unwrap_or_default();
        let is_named = protocols(&named).any(|protocol| protocol == selected);
        if !is_named && !self.client.session_context().library().meets(Rule::AnyProtocolIsTaken) {
            return Err(Why::BadExtension);
        }
        self.client.state().alpn = Some(selected.clone());
        let Some(own) = self.client.session().filter(|_| !hit) else { return Ok(()) };
        // It is taken for a new session, and may be one that was offered.
        if !own.alpn_selected(|alpn| alpn.is_none()) {
            return Err(Why::Internal);
        }
        own.put_alpn(&selected);
        Ok(())
    }
}

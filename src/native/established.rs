//! What a handshake leaves in a session: put in and taken out as one, and part by part.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use zeroize::Zeroizing;

use super::buffers::{Buffer, Value};
use super::error::Error;
use super::rules::Rule;
use super::session::{Cipher, ID_MAX, Session};
use super::unseen::Unseen;

/// Holds what a handshake, or a stored session, puts into a session. For some of it there is no setter.
#[derive(Clone, Default)]
pub struct Established {
    /// Holds `TLS1_2_VERSION` and the like.
    pub protocol_version: i32,
    /// Names the cipher suite.
    pub cipher: Option<Cipher>,
    /// Holds the session id, at most 32 bytes.
    pub id: Vec<u8>,
    /// Holds the session id context, at most 32 bytes.
    pub id_context: Vec<u8>,
    /// Holds the master key, at most as long as the release allows. It is wiped when dropped.
    pub master_key: Zeroizing<Vec<u8>>,
    /// Holds the time, seconds since 1970.
    pub time: i64,
    /// Holds the time's part of a second, in nanoseconds. Releases from 3.2 on keep it, and no stored session has it.
    pub fraction: u32,
    /// Holds the timeout, seconds.
    pub timeout: i64,
    /// Holds the ticket. `None` and empty differ: an empty ticket cannot be duplicated.
    pub ticket: Option<Vec<u8>>,
    /// Holds how long the server says that the ticket is good for, seconds.
    pub ticket_lifetime_hint: u64,
    /// Limits early data, bytes.
    pub max_early_data: u32,
    /// Holds the host name, without a NUL.
    pub hostname: Option<Vec<u8>>,
    /// Holds the name of the protocol that was selected, without its length byte.
    pub alpn: Option<Vec<u8>>,
    /// Holds application data carried in the ticket.
    pub ticket_appdata: Option<Vec<u8>>,
    /// Names the compression method. 0 is none.
    pub compress_id: u32,
    /// Holds `TLSEXT_max_fragment_length_*`. 0 is disabled.
    pub max_fragment_length: u8,
    /// Holds the peer's certificate in DER.
    pub peer: Option<Vec<u8>>,
    /// Holds what no getter shows.
    pub unseen: Unseen,
}

/// Shows which session it is, and no secret.
impl fmt::Debug for Established {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Established { protocol_version, cipher, id, .. } = self;
        write!(f, "Established {{ protocol_version: {protocol_version}, cipher: {cipher:?}, id: {id:?}, .. }}")
    }
}

impl Session {
    /// Puts in what a handshake would leave, or `d2i_SSL_SESSION` read.
    ///
    /// # Errors
    /// Refuses an id, id context or master key that is too long, and changes nothing.
    pub fn establish(&self, with: &Established) -> Result<(), Error> {
        if with.id.len() > ID_MAX {
            return Err(Error::IdTooLong);
        }
        if with.master_key.len() > self.0.library.rules.master_key_max {
            return Err(Error::MasterKeyTooLong);
        }
        self.set1_id_context(&with.id_context)?;
        self.0.id.set(&with.id);
        self.0.master_key.set(&with.master_key);
        self.set_protocol_version(with.protocol_version);
        self.set_cipher(with.cipher);
        // Stored here, not set: a cache that has the session does not notice.
        let time = &self.0.library.rules.time;
        let fraction = time.fraction(u64::from(with.fraction));
        self.0.time.store(time.keep(with.time).wrapping_add(fraction), Relaxed);
        self.0.timeout.store(self.0.library.rules.time.keep(with.timeout), Relaxed);
        self.set_max_early_data(with.max_early_data);
        self.0.ticket_lifetime_hint.store(with.ticket_lifetime_hint, Relaxed);
        self.0.compress_id.store(with.compress_id, Relaxed);
        self.0.fragment_mode.store(with.max_fragment_length, Relaxed);
        let mut buffers = self.0.buffers.lock();
        buffers.set(Buffer::Ticket, with.ticket.as_deref());
        buffers.set(Buffer::Hostname, with.hostname.as_deref());
        buffers.set(Buffer::Alpn, with.alpn.as_deref());
        buffers.set(Buffer::TicketAppdata, with.ticket_appdata.as_deref());
        // The same one stays the same object.
        if buffers.get(Buffer::Peer).map(|peer| &**peer) != with.peer.as_deref() {
            buffers.put(Buffer::Peer, with.peer.as_deref().map(|peer| Value::Shared(Arc::from(peer))));
        }
        drop(buffers);
        self.0.ticket_length.store(with.ticket.as_ref().map_or(0, Vec::len), Relaxed);
        self.put_unseen(with.unseen.clone());
        Ok(())
    }

    /// Returns what [`Session::establish`] would put in to make a session like this one, application data aside.
    pub fn established(&self) -> Established {
        let unseen = self.unseen();
        let mut master_key = Zeroizing::new(vec![0; self.0.master_key.len()]);
        self.0.master_key.copy_to(&mut master_key);
        let buffers = self.0.buffers.lock();
        let bytes = |buffer| buffers.get(buffer).map(|value| value.to_vec());
        Established {
            protocol_version: self.protocol_version(),
            cipher: self.cipher(),
            id: self.id().as_slice().to_vec(),
            id_context: self.id_context().as_slice().to_vec(),
            master_key,
            time: self.time(),
            fraction: self.0.library.rules.time.fraction(self.0.time.load(Relaxed)) as u32, // below 10^9
            timeout: self.timeout(),
            ticket: bytes(Buffer::Ticket),
            ticket_lifetime_hint: self.ticket_lifetime_hint(),
            max_early_data: self.max_early_data(),
            hostname: bytes(Buffer::Hostname),
            alpn: bytes(Buffer::Alpn),
            ticket_appdata: bytes(Buffer::TicketAppdata),
            compress_id: self.compress_id(),
            max_fragment_length: self.0.fragment_mode.load(Relaxed),
            peer: bytes(Buffer::Peer),
            unseen,
        }
    }
}

/// Puts in one by one what handshakes make.
impl Session {
    /// Sets the session id to at most 32 of these bytes.
    pub(super) fn put_id(&self, id: &[u8]) {
        self.0.id.set(&id[..id.len().min(ID_MAX)]);
    }

    /// Sets the master key, cut at what the release has room for.
    pub(super) fn put_master_key(&self, key: &[u8]) {
        self.0.master_key.set(&key[..key.len().min(self.0.library.rules.master_key_max)]);
    }

    /// Notes in which group keys were exchanged, if that is not known yet. The number is that of x25519: nobody asks for another one.
    pub(super) fn note_group(&self) {
        const X25519: u32 = 29;
        if !self.0.library.rules.has(Rule::NoGroupIsStored) && self.0.kex_group.load(Relaxed) == 0 {
            self.0.kex_group.store(X25519, Relaxed);
        }
    }

    /// Sets the ticket and how long it is good for, seconds.
    pub(super) fn put_ticket(&self, ticket: &[u8], hint: u64) {
        self.0.buffers.set(Buffer::Ticket, Some(ticket));
        self.0.ticket_length.store(ticket.len(), Relaxed);
        self.0.ticket_lifetime_hint.store(hint, Relaxed);
    }

    /// Sets the host name, without a NUL.
    pub(super) fn put_hostname(&self, name: Option<&[u8]>) {
        self.0.buffers.set(Buffer::Hostname, name);
    }

    /// Sets the name of the protocol that was selected.
    pub(super) fn put_alpn(&self, protocol: &[u8]) {
        self.0.buffers.set(Buffer::Alpn, Some(protocol));
    }

    /// Returns whether there is a host name.
    pub(super) fn has_hostname(&self) -> bool {
        self.0.buffers.lock().get(Buffer::Hostname).is_some()
    }

    /// Sets the certificate that the peer showed, if it did. A client keeps it in the chain too.
    pub(super) fn put_peer(&self, peer: Option<&[u8]>, by_client: bool) {
        let peer: Option<Arc<[u8]>> = peer.map(Arc::from);
        let chain = peer.iter().filter(|_| by_client).cloned().collect();
        let mut buffers = self.0.buffers.lock();
        buffers.put(Buffer::Peer, peer.map(Value::Shared));
        buffers.put_peer_chain(Some(chain));
    }

    /// Returns the certificates that the peer showed: `SSL_get_peer_cert_chain`, of a connection that has this session.
    pub fn peer_chain(&self) -> Option<Vec<Arc<[u8]>>> {
        self.0.buffers.lock().peer_chain().cloned()
    }

    /// Sets the certificates that the peer showed.
    pub(crate) fn set_peer_chain(&self, chain: Option<Vec<Arc<[u8]>>>) {
        self.0.buffers.lock().put_peer_chain(chain);
    }

    /// Returns how long ago its time is, seconds: `tls_construct_ctos_psk`.
    pub(super) fn age(&self) -> u64 {
        let library = &self.0.library;
        let (now, then) = (library.rules.time.now(library.micros()), self.0.time.load(Relaxed));
        if then > now && library.meets(Rule::FutureIsOld) {
            // The 32 bits of a number below 0.
            return u64::from(now.wrapping_sub(then) as u32);
        }
        library.rules.time.seconds(now.saturating_sub(then)) as u64
    }

    /// Returns whether it has expired.
    pub(super) fn is_expired(&self) -> bool {
        let library = &self.0.library;
        let now = library.rules.time.now(library.micros());
        if library.rules.has(Rule::TimesAreStored) {
            // Only handshakes subtract: what flushes adds, and the sum may wrap.
            return self.timeout() < (now as i64).wrapping_sub(self.time());
        }
        library.rules.time.is_expired(now, self.expiry())
    }

    /// Duplicates the session without its ticket, as handshakes do: `ssl_session_dup`. Returns `None` where a dup callback
    /// refuses.
    pub(super) fn dup_without_ticket(&self) -> Option<Session> {
        let copy = self.dup_with(false).ok()?;
        if copy.is_marked_not_resumable() && !self.0.library.meets(Rule::CopyIsNotResumable) {
            copy.set_not_resumable(false);
        }
        Some(copy)
    }
}

//! What a handshake leaves in a session, put in and taken out as one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use zeroize::Zeroizing;

use super::bytes::Short;
use super::contents::replace;
use super::error::Error;
use super::session::{Cipher, ID_MAX, Session};

/// What only a handshake, or a stored session, can put into a session; there is no setter for any of it.
#[derive(Clone, Default)]
pub struct Established {
    /// `TLS1_2_VERSION` and the like.
    pub protocol_version: i32,
    /// The cipher's two-byte code.
    pub cipher: Option<Cipher>,
    /// At most 32 bytes.
    pub id: Vec<u8>,
    /// At most 32 bytes.
    pub id_context: Vec<u8>,
    /// At most the release's limit. Wiped when dropped, and not shown by `Debug`.
    pub master_key: Zeroizing<Vec<u8>>,
    /// Seconds since 1970.
    pub time: i64,
    /// Of a second, in nanoseconds: releases from 3.2 on keep it, and no stored session has it.
    pub fraction: u32,
    /// Seconds.
    pub timeout: i64,
    /// `None` and empty differ: an empty ticket cannot be duplicated.
    pub ticket: Option<Vec<u8>>,
    /// Seconds.
    pub ticket_lifetime_hint: u64,
    /// Bytes.
    pub max_early_data: u32,
    /// Without a NUL.
    pub hostname: Option<Vec<u8>>,
    /// The protocol's name without its length byte.
    pub alpn: Option<Vec<u8>>,
    /// Application data carried in the ticket.
    pub ticket_appdata: Option<Vec<u8>>,
    /// 0: none.
    pub compress_id: u32,
    /// `TLSEXT_max_fragment_length_*`; 0: disabled.
    pub max_fragment_length: u8,
    /// The certificate in DER.
    pub peer: Option<Vec<u8>>,
}

impl fmt::Debug for Established {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Established")
            .field("protocol_version", &self.protocol_version)
            .field("cipher", &self.cipher)
            .field("id", &self.id)
            .field("id_context", &self.id_context)
            .field("master_key", &format_args!("{} bytes", self.master_key.len()))
            .field("time", &self.time)
            .field("fraction", &self.fraction)
            .field("timeout", &self.timeout)
            .field("ticket", &self.ticket)
            .field("ticket_lifetime_hint", &self.ticket_lifetime_hint)
            .field("max_early_data", &self.max_early_data)
            .field("hostname", &self.hostname)
            .field("alpn", &self.alpn)
            .field("ticket_appdata", &self.ticket_appdata)
            .field("compress_id", &self.compress_id)
            .field("max_fragment_length", &self.max_fragment_length)
            .field("peer", &self.peer)
            .finish()
    }
}

impl Session {
    /// Puts in what a handshake would leave, or `d2i_SSL_SESSION` read.
    ///
    /// # Errors
    /// An id, id context or master key that is too long; nothing changed then.
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
        self.set_time(with.time);
        self.0.time.fetch_add(self.0.library.rules.time.fraction(u64::from(with.fraction)), Relaxed);
        self.0.timeout.store(self.0.library.rules.time.keep(with.timeout), Relaxed);
        self.set_max_early_data(with.max_early_data);
        self.0.ticket_lifetime_hint.store(with.ticket_lifetime_hint, Relaxed);
        self.0.compress_id.store(with.compress_id, Relaxed);
        self.0.fragment_mode.store(with.max_fragment_length, Relaxed);
        let mut contents = self.contents();
        contents.ticket = with.ticket.clone();
        contents.hostname = with.hostname.clone();
        contents.alpn = with.alpn.clone();
        contents.ticket_appdata = with.ticket_appdata.clone();
        // The same one stays the same object.
        if contents.peer.as_deref() != with.peer.as_deref() {
            contents.peer = with.peer.as_deref().map(Arc::from);
        }
        self.0.has_ticket.store(with.ticket.as_ref().is_some_and(|ticket| !ticket.is_empty()), Relaxed);
        self.0.has_peer.store(with.peer.is_some(), Relaxed);
        Ok(())
    }

    /// What [`Session::establish`] would put in to make a session like this one, application data aside.
    pub fn established(&self) -> Established {
        let mut master_key = Zeroizing::new(vec![0; self.0.master_key.len()]);
        self.0.master_key.copy_to(&mut master_key);
        let contents = self.contents();
        Established {
            protocol_version: self.protocol_version(),
            cipher: self.cipher(),
            id: self.id().as_slice().to_vec(),
            id_context: self.id_context().as_slice().to_vec(),
            master_key,
            time: self.time(),
            fraction: self.0.library.rules.time.fraction(self.0.time.load(Relaxed)) as u32, // below 10^9
            timeout: self.timeout(),
            ticket: contents.ticket.clone(),
            ticket_lifetime_hint: self.ticket_lifetime_hint(),
            max_early_data: self.max_early_data(),
            hostname: contents.hostname.clone(),
            alpn: contents.alpn.clone(),
            ticket_appdata: contents.ticket_appdata.clone(),
            compress_id: self.compress_id(),
            max_fragment_length: self.0.fragment_mode.load(Relaxed),
            peer: contents.peer.as_deref().map(<[u8]>::to_vec),
        }
    }
}

/// The parts that handshakes put in one by one.
impl Session {
    /// The timeout, as the release keeps it, of a session that is in no list.
    pub(super) fn put_timeout(&self, kept: u64) {
        self.0.timeout.store(kept, Relaxed);
    }

    /// At most 32 bytes.
    pub(super) fn put_id(&self, id: &[u8]) {
        self.0.id.set(&id[..id.len().min(ID_MAX)]);
    }

    pub(super) fn put_master_key(&self, key: &[u8]) {
        self.0.master_key.set(&key[..key.len().min(self.0.library.rules.master_key_max)]);
    }

    pub(super) fn put_ticket(&self, ticket: &[u8], hint: u64) {
        replace(&mut self.contents().ticket, Some(ticket));
        self.0.has_ticket.store(!ticket.is_empty(), Relaxed);
        self.0.ticket_lifetime_hint.store(hint, Relaxed);
    }

    /// The certificate that the peer showed, if it did: a client keeps it in the chain too.
    pub(super) fn put_peer(&self, peer: Option<&[u8]>, by_client: bool) {
        let peer: Option<Arc<[u8]>> = peer.map(Arc::from);
        self.0.has_peer.store(peer.is_some(), Relaxed);
        let chain = peer.iter().filter(|_| by_client).cloned().collect();
        let mut contents = self.contents();
        (contents.peer, contents.peer_chain) = (peer, Some(chain));
    }

    /// `SSL_get_peer_cert_chain`, of a connection that has this session.
    pub fn peer_chain(&self) -> Option<Vec<Arc<[u8]>>> {
        self.contents().peer_chain.clone()
    }

    /// Another chain, or none.
    pub(crate) fn set_peer_chain(&self, chain: Option<Vec<Arc<[u8]>>>) {
        self.contents().peer_chain = chain;
    }

    /// How long ago its time is, seconds.
    pub(super) fn age(&self) -> u64 {
        let library = &self.0.library;
        let (now, then) = (library.rules.time.now(library.micros()), self.0.time.load(Relaxed));
        library.rules.time.seconds(now.saturating_sub(then)) as u64
    }

    /// Whether it has expired.
    pub(super) fn is_over(&self) -> bool {
        let library = &self.0.library;
        library.rules.time.is_over_at(library.rules.time.now(library.micros()), self.expiry())
    }

    pub(super) fn copy_id_context(&self, from: &Short) {
        self.0.id_context.set(from.as_slice());
    }

    /// `ssl_session_dup` without the ticket, as handshakes do it; `None`: a dup callback refuses.
    pub(super) fn dup_without_ticket(&self) -> Option<Session> {
        let copy = self.dup_with(false).ok()?;
        if self.0.library.rules.replaced_is_resumable {
            copy.set_not_resumable(false);
        }
        Some(copy)
    }
}

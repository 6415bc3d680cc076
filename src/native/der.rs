//! A session in DER: `i2d_SSL_SESSION` and `d2i_SSL_SESSION`, byte for byte, and what a refusal leaves of a session.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::ber;
use super::buffers::{Buffer, Locked, Value};
use super::ciphers;
use super::library::Library;
use super::pem::BadPem;
use super::rules::Rule;
use super::session::{Cipher, ID_MAX, Inner, Session};
use super::stored::Stored;
use super::stream::{self, BadStream};

/// Stands before the code of a cipher suite in `cipher_id`.
pub(super) const CIPHER_ID: u32 = 0x0300_0000;
/// Is the version of the encoding: `SSL_SESSION_ASN1_VERSION`.
const VERSION: u32 = 1;
/// Is the timeout of a session that was stored without one, seconds.
const STORED_TIMEOUT: i64 = 3;

/// Reads what only a library of cryptography can read.
pub trait Keys {
    /// Reads the certificate at the beginning of these bytes, as `d2i_X509` and `i2d_X509` do. Returns `None` where it is refused.
    fn certificate(&mut self, bytes: &[u8]) -> Option<Parsed>;
    /// Reads the public key at the beginning of these bytes, as `d2i_PUBKEY` and `i2d_PUBKEY` do. Returns `None` where it is refused.
    fn public_key(&mut self, bytes: &[u8]) -> Option<Parsed>;
    /// Says what a result of a verification means: `X509_verify_cert_error_string`.
    fn verify_text(&mut self, code: i64) -> String;
}

/// Holds a certificate or a public key that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Counts the bytes that it took.
    pub length: usize,
    /// Holds it in DER.
    pub der: Vec<u8>,
}

/// Says why `d2i_SSL_SESSION` refused bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDer {
    /// Reports bytes that are no stored session. The session is as it was.
    #[error("it is not the encoding of a session")]
    Encoding,
    /// Reports a version of the encoding other than 1. The session is as it was.
    #[error("it has an unknown version")]
    Version,
    /// Reports a protocol version that is neither SSL, TLS nor DTLS. The session is as it was.
    #[error("it has an unknown protocol version")]
    Protocol,
    /// Reports a cipher suite whose code does not have two bytes.
    #[error("the code of its cipher suite does not have two bytes")]
    CipherLength,
    /// Reports a cipher suite that the library does not know.
    #[error("its cipher suite is unknown")]
    UnknownCipher,
    /// Reports a session id of more than 32 bytes.
    #[error("its session id is too long")]
    IdTooLong,
    /// Reports a master key of more bytes than the release has room for.
    #[error("its master key is too long")]
    MasterKeyTooLong,
    /// Reports a raw public key that cannot be read.
    #[error("its public key cannot be read")]
    PublicKey,
    /// Reports a session id context of more than 32 bytes.
    #[error("its session id context is too long")]
    IdContextTooLong,
    /// Reports a compression method that does not have one byte.
    #[error("its compression method does not have one byte")]
    CompressionLength,
}

impl BadDer {
    const fn raises(self) -> bool {
        match self {
            BadDer::Encoding
            | BadDer::Version
            | BadDer::Protocol
            | BadDer::CipherLength
            | BadDer::PublicKey
            | BadDer::CompressionLength => true,
            BadDer::UnknownCipher | BadDer::IdTooLong | BadDer::MasterKeyTooLong | BadDer::IdContextTooLong => false,
        }
    }
}

/// Says why a stored session was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// Reports what is wrong with DER.
    #[error(transparent)]
    Der(#[from] BadDer),
    /// Reports what is wrong with the DER in PEM.
    #[error("in PEM: {0}")]
    InPem(BadDer),
    /// Reports what is wrong with PEM.
    #[error(transparent)]
    Pem(#[from] BadPem),
    /// Reports bytes of which a BIO could not tell where the session ends.
    #[error(transparent)]
    Stream(#[from] BadStream),
}

impl NotRead {
    /// Returns whether OpenSSL leaves an entry in its error queue.
    pub const fn raises(self) -> bool {
        match self {
            NotRead::Der(bad) => bad.raises(),
            // PEM_ASN1_read_bio (crypto/pem/pem_oth.c, 3.6.3) raises an error of its own.
            NotRead::InPem(_) => true,
            NotRead::Pem(bad) => bad.raises(),
            NotRead::Stream(bad) => bad.raises(),
        }
    }
}

impl Session {
    /// Appends the session in DER: `i2d_SSL_SESSION` (ssl/ssl_asn1.c, 3.6.3). Returns false and appends nothing where the session has
    /// no cipher suite and never had a stored one.
    pub fn to_der(&self, out: &mut Vec<u8>) -> bool {
        let session = &*self.0;
        let id = session.cipher_id.load(Relaxed);
        let code = match self.cipher() {
            Some(cipher) => cipher.0,
            None if id == 0 => return false,
            None => id as u16,
        };
        let start = out.len();
        // Nearly every session has from 256 to 65535 bytes, and so a header of four bytes.
        const USUAL: usize = 4;
        out.extend_from_slice(&[0; USUAL]);
        let buffers = session.buffers.lock();
        put_first(session, code, out);
        put_middle(session, &buffers, out);
        put_last(session, &buffers, out);
        let body = out.len() - start - USUAL;
        let (header, size) = ber::header_bytes(0x30, body);
        match size.checked_sub(USUAL) {
            Some(more) => _ = out.splice(start..start, std::iter::repeat_n(0, more)),
            None => _ = out.drain(start..start + USUAL - size),
        }
        out[start..start + size].copy_from_slice(&header[..size]);
        true
    }

    /// Reads DER into this session: `d2i_SSL_SESSION` with the address of a pointer to it. Returns how many bytes it took. What
    /// has the session cached does not notice.
    ///
    /// # Errors
    /// Refuses what OpenSSL refuses. The session may then be changed in part, as it is there.
    pub fn read_der(&self, bytes: &[u8], keys: &mut dyn Keys) -> Result<usize, NotRead> {
        let stored = Stored::read(bytes, &self.0.library, keys)?;
        self.take(&stored, keys)?;
        Ok(stored.length)
    }

    /// Reads DER into this session, from a BIO that has these bytes and then ends: `d2i_SSL_SESSION_bio`.
    ///
    /// # Errors
    /// Refuses what OpenSSL refuses, as [`Session::read_der`] does.
    pub fn read_der_bio(&self, bytes: &[u8], keys: &mut dyn Keys) -> Result<(), NotRead> {
        let length = stream::length(bytes, &self.0.library)?;
        self.read_der(&bytes[..length], keys).map(|_| ())
    }

    /// Takes over what was stored, in the order of `d2i_SSL_SESSION` (ssl/ssl_asn1.c, 3.6.3).
    fn take(&self, stored: &Stored<'_>, keys: &mut dyn Keys) -> Result<(), BadDer> {
        let session = &*self.0;
        let rules = &session.library.rules;
        if stored.version != VERSION {
            return Err(BadDer::Version);
        }
        // SSL3_VERSION_MAJOR, DTLS1_VERSION_MAJOR, DTLS1_BAD_VER
        if !matches!(stored.protocol_version >> 8, 3 | 0xfe) && stored.protocol_version != 0x100 {
            return Err(BadDer::Protocol);
        }
        session.protocol_version.store(stored.protocol_version, Relaxed);
        session.kex_group.store(stored.kex_group, Relaxed);
        let code = <[u8; 2]>::try_from(&*stored.cipher).map_err(|_| BadDer::CipherLength)?;
        let code = u16::from_be_bytes(code);
        session.cipher_id.store(CIPHER_ID | u32::from(code), Relaxed);
        let known = ciphers::is_known(code, rules);
        self.set_cipher(known.then_some(Cipher(code)));
        if !known {
            return Err(BadDer::UnknownCipher);
        }
        if stored.id.len() > ID_MAX {
            return Err(BadDer::IdTooLong);
        }
        session.id.set(&stored.id);
        if stored.master_key.len() > rules.master_key_max {
            return Err(BadDer::MasterKeyTooLong);
        }
        session.master_key.set(&stored.master_key);
        match stored.time {
            0 => self.touch(),
            seconds => session.time.store(rules.time.keep(seconds), Relaxed),
        }
        let timeout = if stored.timeout == 0 { STORED_TIMEOUT } else { stored.timeout };
        session.timeout.store(rules.time.keep_stored_timeout(timeout), Relaxed);
        self.take_keys(stored, keys)?;
        if stored.id_context.len() > ID_MAX {
            return Err(BadDer::IdContextTooLong);
        }
        session.id_context.set(&stored.id_context);
        self.take_rest(stored)
    }

    /// Takes over the certificate and the raw public key.
    fn take_keys(&self, stored: &Stored<'_>, keys: &mut dyn Keys) -> Result<(), BadDer> {
        let key = stored.peer_rpk.as_deref().map(|key| keys.public_key(key));
        let mut buffers = self.0.buffers.lock();
        buffers.put(Buffer::Peer, stored.peer.as_deref().map(|peer| Value::Shared(Arc::from(peer))));
        if key.is_none() && buffers.rare().is_none() {
            return Ok(());
        }
        let rare = buffers.rare_mut();
        rare.peer_rpk = None;
        match key {
            Some(Some(key)) => rare.peer_rpk = Some(Arc::from(key.der)),
            Some(None) => return Err(BadDer::PublicKey),
            None => {}
        }
        Ok(())
    }

    /// Takes over what comes after the session id context.
    fn take_rest(&self, stored: &Stored<'_>) -> Result<(), BadDer> {
        let session = &*self.0;
        let mut buffers = session.buffers.lock();
        session.verify_result.store(stored.verify_result.into(), Relaxed);
        buffers.set(Buffer::Hostname, stored.hostname.as_deref().map(text));
        let has_psk = stored.psk_identity_hint.is_some() || stored.psk_identity.is_some();
        if has_psk || buffers.rare().is_some() {
            let rare = buffers.rare_mut();
            rare.psk_identity_hint = stored.psk_identity_hint.as_deref().map(|hint| text(hint).to_vec());
            rare.psk_identity = stored.psk_identity.as_deref().map(|identity| text(identity).to_vec());
        }
        session.ticket_lifetime_hint.store(stored.ticket_lifetime_hint, Relaxed);
        session.ticket_age_add.store(stored.ticket_age_add, Relaxed);
        buffers.set(Buffer::Ticket, stored.ticket.as_deref());
        // The length stays where there is no ticket.
        if let Some(ticket) = &stored.ticket {
            session.ticket_length.store(ticket.len(), Relaxed);
        }
        if session.library.compression().keeps() {
            let method = match stored.compression.as_deref() {
                None => 0,
                Some([method]) => *method,
                Some(_) => return Err(BadDer::CompressionLength),
            };
            session.compress_id.store(method.into(), Relaxed);
        }
        if stored.srp_username.is_some() || buffers.rare().is_some() {
            buffers.rare_mut().srp_username = stored.srp_username.as_deref().map(|name| text(name).to_vec());
        }
        session.flags.store(stored.flags as u32, Relaxed);
        session.max_early_data.store(stored.max_early_data, Relaxed);
        buffers.set(Buffer::Alpn, stored.alpn.as_deref());
        session.fragment_mode.store(stored.fragment_mode as u8, Relaxed);
        buffers.set(Buffer::TicketAppdata, stored.ticket_appdata.as_deref());
        Ok(())
    }
}

impl Library {
    /// Makes a session of DER: `d2i_SSL_SESSION` with NULL. Returns how many bytes it took.
    ///
    /// # Errors
    /// Refuses what OpenSSL refuses. The callbacks of a session that is made and destroyed may have been called.
    pub fn session_from_der(self: &Arc<Self>, bytes: &[u8], keys: &mut dyn Keys) -> Result<(Session, usize), NotRead> {
        let stored = Stored::read(bytes, self, keys)?;
        let session = self.session();
        session.take(&stored, keys)?;
        Ok((session, stored.length))
    }

    /// Makes a session of DER, from a BIO that has these bytes and then ends: `d2i_SSL_SESSION_bio` with NULL.
    ///
    /// # Errors
    /// Refuses what OpenSSL refuses, as [`Library::session_from_der`] does.
    pub fn session_from_der_bio(self: &Arc<Self>, bytes: &[u8], keys: &mut dyn Keys) -> Result<Session, NotRead> {
        let length = stream::length(bytes, self)?;
        self.session_from_der(&bytes[..length], keys).map(|(session, _)| session)
    }
}

/// Returns the bytes before the first NUL: `OPENSSL_strndup`.
fn text(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// Appends what every session has.
fn put_first(session: &Inner, code: u16, out: &mut Vec<u8>) {
    ber::put_integer(out, VERSION);
    ber::put_integer(out, session.protocol_version.load(Relaxed));
    ber::put(out, ber::OCTET_STRING as u8, &code.to_be_bytes());
    let mut id = [0; ID_MAX];
    let length = session.id.copy_to(&mut id);
    ber::put(out, ber::OCTET_STRING as u8, &id[..length]);
    let length = session.master_key.len();
    ber::put_header(out, ber::OCTET_STRING as u8, length);
    let start = out.len();
    out.resize(start + length, 0);
    session.master_key.copy_to(&mut out[start..]);
}

/// Appends a number that is left out where it is 0.
fn put_unless_zero(out: &mut Vec<u8>, tag: u8, number: impl Into<i128>) {
    let number = number.into();
    if number != 0 {
        ber::put_tagged_integer(out, tag, number);
    }
}

/// Appends a string that may be missing.
fn put_if_any(out: &mut Vec<u8>, tag: u8, bytes: Option<&[u8]>) {
    if let Some(bytes) = bytes {
        ber::put_tagged(out, tag, bytes);
    }
}

/// Appends the elements 1 to 9.
fn put_middle(session: &Inner, buffers: &Locked<'_>, out: &mut Vec<u8>) {
    let time = session.library.rules.time;
    put_unless_zero(out, 1, time.seconds(session.time.load(Relaxed)));
    put_unless_zero(out, 2, time.seconds(session.timeout.load(Relaxed)));
    if let Some(peer) = buffers.get(Buffer::Peer) {
        ber::put(out, 0xa3, peer);
    }
    let mut context = [0; ID_MAX];
    let length = session.id_context.copy_to(&mut context);
    ber::put_tagged(out, 4, &context[..length]);
    put_unless_zero(out, 5, session.verify_result.load(Relaxed) as i32);
    put_if_any(out, 6, buffers.get(Buffer::Hostname).map(|value| &**value));
    if let Some(rare) = buffers.rare() {
        put_if_any(out, 7, rare.psk_identity_hint.as_deref());
        put_if_any(out, 8, rare.psk_identity.as_deref());
    }
    put_unless_zero(out, 9, session.ticket_lifetime_hint.load(Relaxed));
}

/// Appends the elements 10 to 20.
fn put_last(session: &Inner, buffers: &Locked<'_>, out: &mut Vec<u8>) {
    let rules = &session.library.rules;
    let rare = buffers.rare();
    let bytes = |buffer| buffers.get(buffer).map(|value| &**value);
    put_if_any(out, 10, bytes(Buffer::Ticket));
    match session.compress_id.load(Relaxed) {
        0 => {}
        _ if !session.library.compression().keeps() => {}
        method => ber::put_tagged(out, 11, &[method as u8]),
    }
    put_if_any(out, 12, rare.and_then(|rare| rare.srp_username.as_deref()));
    put_unless_zero(out, 13, session.flags.load(Relaxed));
    put_unless_zero(out, 14, session.ticket_age_add.load(Relaxed));
    put_unless_zero(out, 15, session.max_early_data.load(Relaxed));
    put_if_any(out, 16, bytes(Buffer::Alpn));
    put_unless_zero(out, 17, session.fragment_mode.load(Relaxed));
    put_if_any(out, 18, bytes(Buffer::TicketAppdata));
    if !rules.has(Rule::NoGroupIsStored) {
        // An UINT32, and so there if it is 0.
        ber::put_tagged_integer(out, 19, session.kex_group.load(Relaxed));
    }
    if !rules.has(Rule::NoKeyIsStored) {
        put_if_any(out, 20, rare.and_then(|rare| rare.peer_rpk.as_deref()));
    }
}

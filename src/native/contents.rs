//! The parts of a session that live on the heap, and what a handshake leaves in one.

use std::sync::Arc;

use super::ex_data::Values;
use super::session::Cipher;

/// Buffers of their own size, NULL and empty being different.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Without a NUL.
    pub hostname: Option<Vec<u8>>,
    pub alpn: Option<Vec<u8>>,
    pub ticket_appdata: Option<Vec<u8>>,
    pub ticket: Option<Vec<u8>>,
    /// The peer's certificate in DER: shared by duplicates, as the X509 is in C.
    pub peer: Option<Arc<[u8]>>,
    pub ex_data: Values,
}

/// Replaces a buffer, using the old one's memory where it is large enough.
pub(super) fn replace(buffer: &mut Option<Vec<u8>>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            let kept = buffer.get_or_insert_default();
            kept.clear();
            kept.extend_from_slice(bytes);
        }
        None => *buffer = None,
    }
}

/// What only a handshake, or a stored session, can put into a session; there is no setter for any of it.
#[derive(Clone, Debug, Default)]
pub struct Established {
    /// `TLS1_2_VERSION` and the like.
    pub protocol_version: i32,
    /// The cipher's two-byte code.
    pub cipher: Option<Cipher>,
    /// At most 32 bytes.
    pub id: Vec<u8>,
    /// At most 32 bytes.
    pub id_context: Vec<u8>,
    /// At most the release's limit.
    pub master_key: Vec<u8>,
    /// Seconds since 1970.
    pub time: i64,
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

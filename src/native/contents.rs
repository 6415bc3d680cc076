//! The parts of a session that live on the heap.

use std::sync::Arc;

use super::ex_data::Values;

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

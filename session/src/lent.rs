//! What getters have lent: C is given pointers to bytes, which must stay where they are until the field is set again.

use std::ffi::c_uchar;
use std::ptr;
use std::sync::{Mutex, PoisonError};

/// Holds the bytes that a getter returned last, with a NUL behind them.
#[derive(Default)]
pub struct Lent(Mutex<Option<Box<[u8]>>>);

impl Lent {
    /// Returns where these bytes are: where they were, if they are the same as before.
    pub fn lend(&self, bytes: Option<&[u8]>) -> *const c_uchar {
        let Some(bytes) = bytes else { return ptr::null() };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = kept.as_ref().is_some_and(|kept| kept[..kept.len() - 1] == *bytes);
        if !is_same {
            *kept = Some([bytes, &[0]].concat().into_boxed_slice());
        }
        kept.as_ref().map_or(ptr::null(), |kept| kept.as_ptr())
    }
}

/// Holds what has been lent of one session.
#[derive(Default)]
pub struct LentOfSession {
    pub id: Lent,
    pub id_context: Lent,
    pub hostname: Lent,
    pub alpn: Lent,
    pub ticket: Lent,
    pub ticket_appdata: Lent,
    pub peer: Mutex<Option<Box<crate::bytes::X509>>>,
}

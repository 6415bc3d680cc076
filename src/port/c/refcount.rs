//! The count probe: where in a session its reference count is, found by trying, for no header says it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use openssl_sys::SSL_SESSION;

use super::prototypes::Api;

/// A session larger than this is not searched to its end.
const MAX_BLOCK: usize = 4096;
const WORD: usize = size_of::<u32>();
/// What the count must read while references are taken and given back.
const EXPECTED: [u32; 6] = [1, 2, 3, 4, 3, 2];

/// The offset of the one aligned 32-bit word that follows the references of a new session. `None`: there is no such word,
/// or more than one; the count is then unknown, never guessed.
pub(super) fn calibrate(api: &Api) -> Option<usize> {
    let (new, up_ref, free) = (api.SSL_SESSION_new?, api.SSL_SESSION_up_ref?, api.SSL_SESSION_free?);
    // The snapshots are on the stack: memory taken between two of them could change what is looked at.
    let mut snapshots = [[0u32; MAX_BLOCK / WORD]; EXPECTED.len()];
    // SAFETY: one session, which owns as many references as were taken until all are given back. The block it starts is
    // at least as long as the allocator says.
    let words = unsafe {
        let session = new();
        if session.is_null() {
            return None;
        }
        let words = libc::malloc_usable_size(session.cast()).min(MAX_BLOCK) / WORD;
        for (at, snapshot) in snapshots.iter_mut().enumerate() {
            match at {
                0 => {}
                1..=3 => drop(up_ref(session)),
                _ => free(session),
            }
            for (word, seen) in snapshot[..words].iter_mut().enumerate() {
                *seen = read(session, word * WORD);
            }
        }
        free(session);
        free(session);
        words
    };
    let follows = |word: &usize| (0..EXPECTED.len()).all(|at| snapshots[at][*word] == EXPECTED[at]);
    let mut found = (0..words).filter(follows);
    let only = found.next()?;
    found.next().is_none().then_some(only * WORD)
}

/// The word at `offset`.
///
/// # Safety
/// The session is alive, and its block is longer than `offset` + 4 bytes.
#[inline]
pub(super) unsafe fn read(session: *const SSL_SESSION, offset: usize) -> u32 {
    // SAFETY: as the caller says; the library changes the word atomically, so it is read so.
    unsafe { (*session.byte_add(offset).cast::<AtomicU32>()).load(Relaxed) }
}

//! The count probe: where in a session its reference count is, found by trying, for no header says it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use openssl_sys::SSL_SESSION;

use super::super::events;
use super::family::{Calling, Marker};
use super::library::fresh;
use super::memory;
use super::prototypes::Api;
use crate::op::Slot;

/// Limits the bytes that are searched: a larger session is not searched to its end.
const MAX_BLOCK: usize = 4096;
const WORD: usize = size_of::<u32>();
/// Counts the looks that are taken: after new, after each of three references taken, after each of two given back.
const LOOKS: usize = 6;
/// Limits a change of the count: no call changes it by more, not even a wrong one.
const STEP: i64 = 8;

/// Finds the offset, in bytes, of the one aligned 32-bit word of a new session that moves up with references taken,
/// down with references given back, and never the other way. By how much, and whether every time, is not asked: a count
/// that moves wrongly is a finding, not a reason to look away. `None`: there is no such word, or more than one, or the
/// session was destroyed too early; the count is then unknown, never guessed. `calling` says how many bytes a session's block has;
/// `marker` has its end told.
pub(super) fn calibrate(api: &Api, calling: &Calling, marker: Option<&Marker>) -> Option<usize> {
    let (up_ref, free) = (api.SSL_SESSION_up_ref?, api.SSL_SESSION_free?);
    // The snapshots are on the stack: memory taken between two of them could change what is looked at.
    let mut snapshots = [[0u32; MAX_BLOCK / WORD]; LOOKS];
    events::begin(false, false);
    let place = Slot::wrapping(0);
    let died = || events::deaths() > 0 || marker.is_some() && memory::has_ended(place);
    // SAFETY: one session, which owns as many references as were taken until all are given back; if it dies before,
    // nothing looks at it again. The block it starts is at least as long as the allocator says.
    let words = unsafe {
        let session = fresh(api);
        if session.is_null() {
            return None;
        }
        if let Some(marker) = marker {
            (marker.mark)(session);
            memory::tell_end_of(place, session as usize);
        }
        let words = calling.block_size(session.cast()).min(MAX_BLOCK) / WORD;
        for (at, snapshot) in snapshots.iter_mut().enumerate() {
            match at {
                0 => {}
                1..=3 => drop(up_ref(session)),
                _ => free(session),
            }
            if died() {
                return None;
            }
            for (word, seen) in snapshot[..words].iter_mut().enumerate() {
                *seen = read(session, word * WORD);
            }
        }
        // As many as the calls above left. A session that dies early or not at all is for the programs to find.
        for _ in 0..2 {
            if !died() {
                free(session);
            }
        }
        words
    };
    let moves = |word: usize, at: usize| i64::from(snapshots[at][word]) - i64::from(snapshots[at - 1][word]);
    let follows = |word: &usize| {
        let up = (1..=3).all(|at| (0..=STEP).contains(&moves(*word, at)));
        let down = (4..LOOKS).all(|at| (-STEP..=0).contains(&moves(*word, at)));
        let moved = |range: std::ops::Range<usize>| range.filter(|at| moves(*word, *at) != 0).count();
        up && down && moved(1..4) >= 2 && moved(4..LOOKS) >= 1
    };
    let mut found = (0..words).filter(follows);
    let only = found.next()?;
    found.next().is_none().then_some(only * WORD)
}

/// Reads the word at `offset`.
///
/// # Safety
/// The session is alive, and its block is longer than `offset` + 4 bytes.
#[inline]
pub(super) unsafe fn read(session: *const SSL_SESSION, offset: usize) -> u32 {
    // SAFETY: as the caller says; the library changes the word atomically, so it is read so.
    unsafe { (*session.byte_add(offset).cast::<AtomicU32>()).load(Relaxed) }
}

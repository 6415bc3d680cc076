//! The step that is running now: noted here by every run, read by whatever has to say where something happened.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// No step of a program: before the first one, or what belongs to no program.
pub const OUTSIDE: u32 = u32::MAX;

thread_local! {
    static STEP: Cell<u32> = const { Cell::new(OUTSIDE) };
    static SHOWN: Cell<Option<&'static AtomicU32>> = const { Cell::new(None) };
}

/// This step begins on this thread.
#[inline]
pub fn set(step: u32) {
    STEP.set(step);
    if let Some(shown) = SHOWN.get() {
        shown.store(step, Relaxed);
    }
}

/// The step that runs on this thread, or [`OUTSIDE`].
pub fn get() -> u32 {
    STEP.get()
}

/// From now on the steps of this thread are shown in `word` too: to another process that sees the same memory.
pub fn show(word: &'static AtomicU32) {
    SHOWN.set(Some(word));
}

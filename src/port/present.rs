//! What is running now: noted here by every run, read by whatever has to say where something happened.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Stands for no step of a program: before the first one, or what belongs to no program.
pub const OUTSIDE: u32 = u32::MAX;

thread_local! {
    static STEP: Cell<u32> = const { Cell::new(OUTSIDE) };
    static SHOWN: Cell<Option<&'static AtomicU32>> = const { Cell::new(None) };
    static PREPARING: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Notes that this step begins on this thread.
#[inline]
pub fn set(step: u32) {
    STEP.set(step);
    if let Some(shown) = SHOWN.get() {
        shown.store(step, Relaxed);
    }
}

/// Returns the step that runs on this thread, or [`OUTSIDE`].
pub fn get() -> u32 {
    STEP.get()
}

/// Shows the steps of this thread in `word` too from now on: to another process that sees the same memory.
pub fn show(word: &'static AtomicU32) {
    SHOWN.set(Some(word));
}

/// Runs `work`, which makes calls before the first program; `what` it is can be read meanwhile.
pub fn preparing<R>(what: &'static str, work: impl FnOnce() -> R) -> R {
    let before = PREPARING.replace(Some(what));
    let result = work();
    PREPARING.set(before);
    result
}

/// Returns what is being prepared on this thread.
pub fn prepared() -> Option<&'static str> {
    PREPARING.get()
}

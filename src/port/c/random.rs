//! Randomness that repeats: each program sees the same numbers, so that its handshakes are the same when it runs again.

use std::cell::RefCell;
use std::ffi::{c_double, c_int, c_uchar, c_void};
use std::ptr;

use super::library::Library;
use super::prototypes::RAND_METHOD;

const SEED: u64 = 1;

thread_local! {
    static NUMBERS: RefCell<fastrand::Rng> = const { RefCell::new(fastrand::Rng::with_seed(SEED)) };
}

static METHOD: RAND_METHOD = RAND_METHOD {
    seed: Some(seed),
    bytes: Some(bytes),
    cleanup: None,
    add: Some(add),
    pseudorand: Some(bytes),
    status: Some(status),
};

/// Makes the library take its random numbers from here, on every thread, from now on.
pub(super) fn pin(library: &Library) {
    if library.api.RAND_set_rand_method.is_some() {
        call!(library, RAND_set_rand_method(ptr::from_ref(&METHOD)));
    }
}

/// Begins a program.
pub(super) fn begin() {
    NUMBERS.with_borrow_mut(|numbers| numbers.seed(SEED));
}

/// Begins a context of the pool: its keys for tickets are those of its place.
pub(super) fn begin_context(place: usize) {
    NUMBERS.with_borrow_mut(|numbers| numbers.seed(SEED + 1 + place as u64));
}

unsafe extern "C" fn bytes(out: *mut c_uchar, length: c_int) -> c_int {
    let Ok(length) = usize::try_from(length) else { return 0 };
    if length > 0 {
        // SAFETY: the library gives room for so many bytes.
        let out = unsafe { std::slice::from_raw_parts_mut(out, length) };
        NUMBERS.with_borrow_mut(|numbers| numbers.fill(out));
    }
    1
}

unsafe extern "C" fn seed(_from: *const c_void, _length: c_int) -> c_int {
    1
}

unsafe extern "C" fn add(_from: *const c_void, _length: c_int, _entropy: c_double) -> c_int {
    1
}

unsafe extern "C" fn status() -> c_int {
    1
}

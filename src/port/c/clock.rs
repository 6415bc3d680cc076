//! The clock probe: OpenSSL reads `gettimeofday` (3.2 on) or `time` (before). An executable that defines them decides
//! what OpenSSL sees, linked statically or not. Rust's std reads `clock_gettime` and is not affected.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

/// Holds the time at which the clock was stopped, in microseconds since 1970; 0: the system's clock is read.
static FROZEN: AtomicU64 = AtomicU64::new(0);

const MICROS: u64 = 1_000_000;

/// Stops the clock at this time, in microseconds since 1970, not 0.
pub fn freeze(micros: u64) {
    FROZEN.store(micros, Relaxed);
}

/// Reads the system's clock, in seconds since 1970.
pub(super) fn system_seconds() -> i64 {
    (system_micros() / MICROS) as i64
}

fn system_micros() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

thread_local! {
    /// Counts the seconds since the clock was stopped, on this thread: each thread runs programs of its own.
    static PASSED: Cell<u64> = const { Cell::new(0) };
}

/// Sets how many seconds have passed on this thread since the clock was stopped.
pub(super) fn set_passed(seconds: u64) {
    PASSED.set(seconds);
}

fn micros() -> u64 {
    match FROZEN.load(Relaxed) {
        0 => system_micros(),
        frozen => frozen.wrapping_add(PASSED.get().wrapping_mul(MICROS)),
    }
}

/// Stands in the place of the C library's `gettimeofday`.
///
/// # Safety
/// As `gettimeofday(2)`: `now` is NULL or a place to write to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(now: *mut libc::timeval, _zone: *mut c_void) -> c_int {
    let micros = micros();
    let time =
        libc::timeval { tv_sec: (micros / MICROS) as libc::time_t, tv_usec: (micros % MICROS) as libc::suseconds_t };
    if !now.is_null() {
        // SAFETY: as the caller says.
        unsafe { now.write(time) };
    }
    0
}

/// Stands in the place of the C library's `time`.
///
/// # Safety
/// As `time(2)`: `now` is NULL or a place to write to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(now: *mut libc::time_t) -> libc::time_t {
    let seconds = (micros() / MICROS) as libc::time_t;
    if !now.is_null() {
        // SAFETY: as the caller says.
        unsafe { now.write(seconds) };
    }
    seconds
}

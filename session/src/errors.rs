//! The error queue of each thread, and what is done about a panic.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_ulong};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sessdiff::native::Error;

use crate::library::LIBRARY;

/// Limits the errors of a thread: `ERR_NUM_ERRORS`. The oldest go first.
const MOST: usize = 16;
/// Is `ERR_LIB_CRYPTO`.
const CRYPTO: c_int = 15;
/// Is `ERR_LIB_SSL`.
const SSL: c_int = 20;
/// Is `ERR_R_PASSED_NULL_PARAMETER` with its flags.
pub const PASSED_NULL: c_int = 0xc_0102;
/// Is `ERR_R_INTERNAL_ERROR` with its flags.
const INTERNAL: c_int = 0xc_0103;
/// Is `ERR_R_PASSED_INVALID_ARGUMENT` with its flags.
const PASSED_INVALID: c_int = 0x8_0106;
/// Is `ERR_R_ASN1_LIB`.
pub const ASN1_LIB: c_int = 0x8_000d;
/// Is `SSL_R_SSL_SESSION_ID_TOO_LONG`.
const ID_TOO_LONG: c_int = 408;
/// Is `SSL_R_SSL_SESSION_ID_CONTEXT_TOO_LONG`.
const ID_CONTEXT_TOO_LONG: c_int = 273;

thread_local! {
    static QUEUE: RefCell<VecDeque<c_ulong>> = const { RefCell::new(VecDeque::new()) };
}

/// Does something that must not end with a panic: C has no way to go on after one.
pub fn contained<R>(failed: R, what: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(what)).unwrap_or_else(|_| {
        raise(CRYPTO, INTERNAL);
        failed
    })
}

/// Puts an error into the queue, as `ERR_raise` does.
fn raise(library: c_int, reason: c_int) {
    push((library as c_ulong & 0xff) << 23 | (reason as c_ulong & 0x7f_ffff));
}

/// Puts an error of the library of sessions into the queue.
pub fn raise_ssl(reason: c_int) {
    raise(SSL, reason);
}

/// Puts what a call of the native session ended with into the queue, where OpenSSL does.
pub fn raise_error(error: Error) {
    if !LIBRARY.raises(error) {
        return;
    }
    match error {
        Error::IdTooLong => raise(SSL, ID_TOO_LONG),
        Error::IdContextTooLong => raise(SSL, ID_CONTEXT_TOO_LONG),
        Error::ExDataIndex | Error::ExDataPlace => raise_index(),
        Error::MasterKeyTooLong
        | Error::HostNameLength
        | Error::TicketKeysLength
        | Error::ProtocolList
        | Error::NegativeTimeout
        | Error::UnknownVersion
        | Error::ExDataRefused
        | Error::EmptyTicket
        | Error::EmptyBuffer => raise(SSL, INTERNAL),
    }
}

/// Puts into the queue what a stack says of an index that it does not have.
pub fn raise_index() {
    raise(CRYPTO, PASSED_INVALID);
}

fn push(error: c_ulong) {
    QUEUE.with_borrow_mut(|queue| {
        if queue.len() == MOST {
            queue.pop_front();
        }
        queue.push_back(error);
    });
}

exports! {
    /// Begins an error, which `ERR_set_error` makes.
    fn ERR_new() -> (), or () => ();

    /// Puts an error into the queue. What is formatted is not kept, so that the arguments behind it are not read.
    fn ERR_set_error(library: c_int, reason: c_int, _format: *const c_char) -> (), or () => raise(library, reason);

    /// Returns the oldest error, and takes it out of the queue.
    fn ERR_get_error() -> c_ulong, or 0 => QUEUE.with_borrow_mut(|queue| queue.pop_front().unwrap_or(0));

    /// Returns the oldest error.
    fn ERR_peek_error() -> c_ulong, or 0 => QUEUE.with_borrow(|queue| queue.front().copied().unwrap_or(0));

    /// Returns the newest error.
    fn ERR_peek_last_error() -> c_ulong, or 0 => QUEUE.with_borrow(|queue| queue.back().copied().unwrap_or(0));

    /// Empties the queue.
    fn ERR_clear_error() -> (), or () => QUEUE.with_borrow_mut(VecDeque::clear);
}

//! Application data: indices of sessions and of contexts, and their callbacks.

use std::cell::Cell;
use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use sessdiff::native::{ExCallbacks, Session};

use crate::errors::{raise_error, raise_index};
use crate::library::LIBRARY;
use crate::sessions::{SSL_SESSION, block_at, block_of};

/// Names the session to callbacks, and holds nothing.
#[derive(Default)]
#[repr(C)]
pub struct CRYPTO_EX_DATA {
    nothing: usize,
}

/// Follows `<openssl/crypto.h>`.
pub type CRYPTO_EX_new =
    Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *mut CRYPTO_EX_DATA, c_int, c_long, *mut c_void)>;
/// Follows `<openssl/crypto.h>`.
pub type CRYPTO_EX_dup = Option<
    unsafe extern "C" fn(
        *mut CRYPTO_EX_DATA,
        *const CRYPTO_EX_DATA,
        *mut *mut c_void,
        c_int,
        c_long,
        *mut c_void,
    ) -> c_int,
>;

/// Is `CRYPTO_EX_INDEX_SSL_CTX`.
const OF_CONTEXTS: c_int = 1;
/// Is `CRYPTO_EX_INDEX_SSL_SESSION`.
const OF_SESSIONS: c_int = 2;

/// Holds what was registered with an index.
#[derive(Clone, Copy)]
struct Registered {
    argl: c_long,
    argp: *mut c_void,
    new: CRYPTO_EX_new,
    dup: CRYPTO_EX_dup,
    free: CRYPTO_EX_new,
}

// SAFETY: the pointer is the program's, and not followed here.
unsafe impl Send for Registered {}

/// Holds what was registered for sessions; the first index is 1.
static SESSIONS: Mutex<Vec<Registered>> = Mutex::new(Vec::new());
/// Holds the same for contexts.
static CONTEXTS: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

thread_local! {
    /// Holds the session that was made last: in a callback of a copy, that copy.
    static MADE: Cell<*mut SSL_SESSION> = const { Cell::new(ptr::null_mut()) };
}

fn of_sessions(index: usize) -> Option<Registered> {
    SESSIONS.lock().unwrap_or_else(PoisonError::into_inner).get(index.checked_sub(1)?).copied()
}

fn data_of(block: *mut SSL_SESSION) -> *mut CRYPTO_EX_DATA {
    if block.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: a block that lives; no reference to it is made.
    unsafe { &raw mut (*block).ex_data }
}

fn on_new(session: &Session, index: usize) {
    let block = block_of(session);
    MADE.set(block);
    if let Some(Registered { argl, argp, new: Some(new), .. }) = of_sessions(index) {
        // SAFETY: the program's function, with what it was registered with.
        unsafe { new(block.cast(), ptr::null_mut(), data_of(block), index as c_int, argl, argp) };
    }
}

fn on_dup(from: usize, value: &mut usize, index: usize) -> bool {
    let Some(Registered { argl, argp, dup: Some(dup), .. }) = of_sessions(index) else { return true };
    let mut number: *mut c_void = ptr::with_exposed_provenance_mut(*value);
    let (to, from) = (data_of(MADE.get()), data_of(block_at(from)));
    // SAFETY: as above, and a place for the value.
    let agreed = unsafe { dup(to, from, &mut number, index as c_int, argl, argp) };
    *value = number.expose_provenance();
    agreed != 0
}

fn on_free(session: usize, value: usize, index: usize) {
    if let Some(Registered { argl, argp, free: Some(free), .. }) = of_sessions(index) {
        let block = block_at(session);
        let value = ptr::with_exposed_provenance_mut(value);
        // SAFETY: as above.
        unsafe { free(block.cast(), value, data_of(block), index as c_int, argl, argp) };
    }
}

/// Tells the callbacks of contexts that one is destroyed.
pub fn context_freed(context: *mut c_void) {
    let registered = CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut data = CRYPTO_EX_DATA::default();
    for (at, Registered { argl, argp, free, .. }) in registered.into_iter().enumerate() {
        if let Some(free) = free {
            // SAFETY: as above; no context has a value.
            unsafe { free(context, ptr::null_mut(), &mut data, at as c_int + 1, argl, argp) };
        }
    }
}

fn register(class: c_int, registered: Registered) -> c_int {
    let list = match class {
        OF_SESSIONS => &SESSIONS,
        OF_CONTEXTS => &CONTEXTS,
        _ => return -1,
    };
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    list.push(registered);
    if class == OF_SESSIONS {
        LIBRARY.register(ExCallbacks { new: Some(on_new), dup: Some(on_dup), free: Some(on_free) });
    }
    list.len() as c_int
}

fn set(s: &SSL_SESSION, index: c_int, value: *mut c_void) -> c_int {
    let result = s.native().set_ex_data(index, value.expose_provenance());
    match result {
        Ok(()) => {
            if index < 0 && LIBRARY.stack_reports_index() {
                raise_index();
            }
            1
        }
        Err(error) => {
            raise_error(error);
            0
        }
    }
}

exports! {
    /// Registers an index of sessions (2) or of contexts (1). Returns it, or -1.
    fn CRYPTO_get_ex_new_index(
        class: c_int,
        argl: c_long,
        argp: *mut c_void,
        new: CRYPTO_EX_new,
        dup: CRYPTO_EX_dup,
        free: CRYPTO_EX_new
    ) -> c_int, or -1 => register(class, Registered { argl, argp, new, dup, free });

    /// Sets a value of the application's.
    fn SSL_SESSION_set_ex_data(s: *mut SSL_SESSION, index: c_int, value: *mut c_void) -> c_int, or 0 => set(&*s, index, value);

    /// Returns a value of the application's.
    fn SSL_SESSION_get_ex_data(s: *const SSL_SESSION, index: c_int) -> *mut c_void, or ptr::null_mut() =>
        ptr::with_exposed_provenance_mut((*s).native().ex_data(index));
}

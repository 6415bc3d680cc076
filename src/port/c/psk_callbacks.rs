//! The callbacks for sessions that were agreed on by other means.

use std::cell::Cell;
use std::ffi::{c_int, c_uchar};
use std::ptr;

use openssl_sys::{EVP_MD, SSL, SSL_SESSION};

use super::super::events;
use super::super::handshakes::{PSK, PSK_IDENTITY};
use super::callbacks::{self, library};
use super::handshakes::TLS1_3_VERSION;
use super::prototypes::{SSL_psk_find_session_cb_func, SSL_psk_use_session_cb_func};
use crate::op::{Cipher, PskCallback};
use crate::trace::Callback;

/// Stands for the context that keeps the shared session: here there is none.
const KEEPER: usize = 1;

thread_local! {
    /// Holds the address of the session that a client was given in this handshake; 0: none.
    static GIVEN: Cell<usize> = const { Cell::new(0) };
}

/// Begins a handshake.
pub(super) fn begin() {
    GIVEN.set(0);
}

/// Returns the address of the session that the client was given in this handshake; 0: none.
pub(super) fn given() -> usize {
    GIVEN.get()
}

/// Notes the session that the client was given in this handshake, or that it was given none.
fn note_given(session: *mut SSL_SESSION) {
    GIVEN.set(session.expose_provenance());
}

/// Notes that a server was asked for what it finds under an identity; tells whether it is ours.
fn record_find(id: &[u8]) -> bool {
    events::called(Callback::PskFind, [1, 0, id.len() as u32, events::key(0, id), 0]);
    id == PSK_IDENTITY
}

/// Returns the C function for a kind of callback of clients; `None`: no callback.
pub(super) fn to_use(callback: PskCallback) -> SSL_psk_use_session_cb_func {
    match callback {
        PskCallback::None => None,
        PskCallback::Makes => Some(use_session::<false>),
        PskCallback::Shares => Some(use_session::<true>),
    }
}

/// Returns the C function for a kind of callback of servers; `None`: no callback.
pub(super) fn to_find(callback: PskCallback) -> SSL_psk_find_session_cb_func {
    match callback {
        PskCallback::None => None,
        PskCallback::Makes => Some(find_session::<false>),
        PskCallback::Shares => Some(find_session::<true>),
    }
}

/// Makes a session that both sides have agreed on. The caller owns the reference.
pub(super) fn make() -> *mut SSL_SESSION {
    let library = library();
    let session = call!(library, SSL_SESSION_new());
    call!(library, SSL_SESSION_set1_master_key(session, PSK.as_ptr(), PSK.len()));
    call!(library, SSL_SESSION_set_cipher(session, library.cipher(Cipher::Aes256GcmSha384)));
    call!(library, SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION));
    session
}

/// Returns a reference to a new session, or to the shared one. The caller owns it.
fn give(shares: bool) -> *mut SSL_SESSION {
    if !shares {
        return make();
    }
    let session = callbacks::find(KEEPER, |_| true).unwrap_or_else(|| {
        let session = make();
        callbacks::keep(session, KEEPER);
        session
    });
    call!(library(), SSL_SESSION_up_ref(session));
    session
}

/// Gives the client a session: a new one, or the shared one.
unsafe extern "C" fn use_session<const SHARES: bool>(
    _ssl: *mut SSL,
    _digest: *const EVP_MD,
    id: *mut *const c_uchar,
    length: *mut usize,
    out: *mut *mut SSL_SESSION,
) -> c_int {
    // SAFETY: the library calls with places to write to.
    unsafe { give_client(id, length, out, || give(SHARES)) }
}

/// Gives a client what `give` returns, under our identity. The library owns the reference then.
///
/// # Safety
/// All three are places to write to.
pub(super) unsafe fn give_client(
    id: *mut *const c_uchar,
    length: *mut usize,
    out: *mut *mut SSL_SESSION,
    give: impl FnOnce() -> *mut SSL_SESSION,
) -> c_int {
    events::called(Callback::PskUse, [0; 5]);
    let session = give();
    note_given(session);
    // SAFETY: as the caller says.
    unsafe {
        (*id, *length, *out) = (PSK_IDENTITY.as_ptr(), PSK_IDENTITY.len(), session);
    }
    1
}

/// Gives the server a session for our identity, and nothing for any other, which is a ticket.
unsafe extern "C" fn find_session<const SHARES: bool>(
    _ssl: *mut SSL,
    id: *const c_uchar,
    length: usize,
    out: *mut *mut SSL_SESSION,
) -> c_int {
    // SAFETY: the library calls with so many bytes, and a place to write to.
    unsafe { give_server(id, length, out, || give(SHARES)) }
}

/// Gives a server what `give` returns where our identity is asked for, and nothing for any other, which is a ticket. The library owns the
/// reference then.
///
/// # Safety
/// So many bytes are at `id`, and `out` is a place to write to.
pub(super) unsafe fn give_server(
    id: *const c_uchar,
    length: usize,
    out: *mut *mut SSL_SESSION,
    give: impl FnOnce() -> *mut SSL_SESSION,
) -> c_int {
    // SAFETY: as the caller says.
    unsafe {
        let is_ours = record_find(std::slice::from_raw_parts(id, length));
        *out = if is_ours { give() } else { ptr::null_mut() };
    }
    1
}

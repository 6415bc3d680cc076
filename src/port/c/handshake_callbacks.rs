//! The callbacks that a handshake of a C library calls. What they saw goes to [`events`], what they keep is kept by
//! [`super::callbacks`].

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_uchar, c_uint};
use std::ptr;

use openssl_sys::{SSL, SSL_SESSION, X509_STORE_CTX};

use super::super::events;
use super::callbacks::{self, of_process};
use super::prototypes::{
    GEN_SESSION_CB, SSL_verify_cb, get_session_cb, new_session_cb, not_resumable_session_callback,
};
use crate::op::{GenerateId, GetCallback, NewCallback, NotResumableCallback};
use crate::port::generated;
use crate::trace::{Callback, SENT_ID};

/// Who talks.
#[derive(Clone, Copy, Default)]
pub(super) struct Sides {
    /// The server's connection.
    pub server: usize,
    /// The context in which the server's sessions are cached.
    pub server_context: usize,
    /// The context in which the client's sessions are cached.
    pub client_context: usize,
}

/// Sessions whose ids callbacks saw in one handshake: more than it makes.
const NOTED: usize = 64;

thread_local! {
    static SIDES: Cell<Sides> = const { Cell::new(Sides { server: 0, server_context: 0, client_context: 0 }) };
    static IDS: RefCell<Vec<(u32, u8, [u8; 32])>> = RefCell::new(Vec::with_capacity(NOTED));
    /// How many ids the program's callbacks have made.
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// A program begins.
pub(super) fn begin_program() {
    MADE.set(0);
}

/// A handshake begins.
pub(super) fn begin(sides: Sides) {
    SIDES.set(sides);
    IDS.with_borrow_mut(Vec::clear);
}

/// A callback saw this session: it may be gone at the end of the handshake.
pub(super) fn note(session: usize, id: &[u8]) {
    if let Some(birth) = events::birth_at(session) {
        note_id(birth, id);
    }
}

fn note_id(birth: u32, id: &[u8]) {
    let (mut bytes, length) = ([0; 32], id.len().min(32));
    bytes[..length].copy_from_slice(&id[..length]);
    IDS.with_borrow_mut(|ids| {
        if ids.len() < NOTED {
            ids.push((birth, length as u8, bytes));
        }
    });
}

/// The sessions that callbacks saw since the handshake began.
pub(super) fn noted(each: &mut dyn FnMut(u32, &[u8])) {
    IDS.with_borrow(|ids| ids.iter().for_each(|(birth, length, id)| each(*birth, &id[..usize::from(*length)])));
}

fn is_server(ssl: *const SSL) -> bool {
    ssl as usize == SIDES.get().server
}

fn context(server: bool) -> usize {
    let sides = SIDES.get();
    if server { sides.server_context } else { sides.client_context }
}

/// The function for each kind.
pub(super) fn new(callback: NewCallback) -> new_session_cb {
    match callback {
        NewCallback::None => None,
        NewCallback::Declines => Some(declines),
        NewCallback::Keeps => Some(keeps),
        NewCallback::UpRefs => Some(up_refs),
    }
}

fn record(ssl: *mut SSL, session: *mut SSL_SESSION) -> bool {
    let server = is_server(ssl);
    callbacks::with_key(session, |length, key, references| {
        events::is_new(server, session as usize, length, key, references);
    });
    server
}

unsafe extern "C" fn declines(ssl: *mut SSL, session: *mut SSL_SESSION) -> c_int {
    record(ssl, session);
    0
}

unsafe extern "C" fn keeps(ssl: *mut SSL, session: *mut SSL_SESSION) -> c_int {
    let server = record(ssl, session);
    callbacks::keep(session, context(server)).into()
}

unsafe extern "C" fn up_refs(ssl: *mut SSL, session: *mut SSL_SESSION) -> c_int {
    let server = record(ssl, session);
    let up_ref = of_process().and_then(|library| library.api.SSL_SESSION_up_ref);
    if let Some(up_ref) = up_ref
        && callbacks::keep(session, context(server))
    {
        // SAFETY: the library calls with a reference for the callback.
        unsafe { up_ref(session) };
    }
    0
}

/// The function for each kind.
pub(super) fn get(callback: GetCallback) -> get_session_cb {
    match callback {
        GetCallback::None => None,
        GetCallback::Finds => Some(finds),
        GetCallback::Lends => Some(lends),
        GetCallback::Gives => Some(gives),
        GetCallback::Dups => Some(dups),
        GetCallback::Misses => Some(misses),
        GetCallback::Wrong => Some(wrong),
        GetCallback::ForgetsCopy => Some(forgets_copy),
        GetCallback::ForgetsUpRef => Some(forgets_up_ref),
    }
}

/// What was kept under this id by the callback of the same context.
unsafe fn kept(ssl: *mut SSL, id: *const c_uchar, length: c_int, any: bool) -> *mut SSL_SESSION {
    let server = is_server(ssl);
    let length = usize::try_from(length).unwrap_or(0);
    // SAFETY: the library calls with an id of this length.
    let id = unsafe { std::slice::from_raw_parts(id, length) };
    events::called(Callback::Get, [server.into(), 0, id.len() as u32, events::key(0, id), 0]);
    note_id(SENT_ID, id);
    let found = callbacks::find(context(server), |found| any || found == id);
    found.unwrap_or(ptr::null_mut())
}

unsafe extern "C" fn finds(ssl: *mut SSL, id: *const c_uchar, length: c_int, _copy: *mut c_int) -> *mut SSL_SESSION {
    // SAFETY: as the library calls it.
    unsafe { kept(ssl, id, length, false) }
}

unsafe extern "C" fn lends(ssl: *mut SSL, id: *const c_uchar, length: c_int, copy: *mut c_int) -> *mut SSL_SESSION {
    // SAFETY: as the library calls it.
    unsafe {
        *copy = 1;
        kept(ssl, id, length, false)
    }
}

unsafe extern "C" fn gives(ssl: *mut SSL, id: *const c_uchar, length: c_int, copy: *mut c_int) -> *mut SSL_SESSION {
    // SAFETY: as the library calls it; what is kept lives.
    unsafe {
        *copy = 0;
        let found = kept(ssl, id, length, false);
        if let Some(up_ref) =
            of_process().and_then(|library| library.api.SSL_SESSION_up_ref).filter(|_| !found.is_null())
        {
            up_ref(found);
        }
        found
    }
}

unsafe extern "C" fn dups(ssl: *mut SSL, id: *const c_uchar, length: c_int, copy: *mut c_int) -> *mut SSL_SESSION {
    // SAFETY: as the library calls it.
    unsafe {
        *copy = 0;
        forgets_copy(ssl, id, length, copy)
    }
}

unsafe extern "C" fn forgets_copy(
    ssl: *mut SSL,
    id: *const c_uchar,
    length: c_int,
    _copy: *mut c_int,
) -> *mut SSL_SESSION {
    // SAFETY: as the library calls it; what is kept lives.
    unsafe {
        let found = kept(ssl, id, length, false);
        match of_process().and_then(|library| library.api.SSL_SESSION_dup).filter(|_| !found.is_null()) {
            Some(dup) => dup(found),
            None => ptr::null_mut(),
        }
    }
}

/// What is kept stays kept: there is one reference, and two that are given back. A hazard.
unsafe extern "C" fn forgets_up_ref(
    ssl: *mut SSL,
    id: *const c_uchar,
    length: c_int,
    copy: *mut c_int,
) -> *mut SSL_SESSION {
    // SAFETY: as the library calls it.
    unsafe {
        *copy = 0;
        kept(ssl, id, length, false)
    }
}

unsafe extern "C" fn misses(ssl: *mut SSL, id: *const c_uchar, length: c_int, _copy: *mut c_int) -> *mut SSL_SESSION {
    // SAFETY: as the library calls it.
    unsafe { kept(ssl, id, length, false) };
    ptr::null_mut()
}

unsafe extern "C" fn wrong(ssl: *mut SSL, id: *const c_uchar, length: c_int, copy: *mut c_int) -> *mut SSL_SESSION {
    // SAFETY: as the library calls it.
    unsafe {
        *copy = 1;
        kept(ssl, id, length, true)
    }
}

/// The function for each kind.
pub(super) fn not_resumable(callback: NotResumableCallback) -> not_resumable_session_callback {
    match callback {
        NotResumableCallback::None => None,
        NotResumableCallback::Resumable => Some(is_resumable),
        NotResumableCallback::NotResumable => Some(is_not_resumable),
    }
}

fn asked(ssl: *mut SSL, forward_secure: c_int) {
    events::called(Callback::NotResumable, [is_server(ssl).into(), 0, 0, 0, forward_secure as u32]);
}

unsafe extern "C" fn is_resumable(ssl: *mut SSL, forward_secure: c_int) -> c_int {
    asked(ssl, forward_secure);
    0
}

unsafe extern "C" fn is_not_resumable(ssl: *mut SSL, forward_secure: c_int) -> c_int {
    asked(ssl, forward_secure);
    1
}

/// The function for each kind.
pub(super) fn generate(callback: GenerateId) -> GEN_SESSION_CB {
    match callback {
        GenerateId::None => None,
        GenerateId::Counts => Some(counts),
        GenerateId::Short => Some(counts_short),
    }
}

unsafe fn make(ssl: *mut SSL, id: *mut c_uchar, length: *mut c_uint, most: usize) -> c_int {
    // SAFETY: the library gives room for so many bytes.
    let out = unsafe { std::slice::from_raw_parts_mut(id, *length as usize) };
    events::called(Callback::GenerateId, [is_server(ssl).into(), 0, out.len() as u32, 0, 0]);
    let made = generated(MADE.replace(MADE.get() + 1));
    let length_made = out.len().min(most);
    out[..length_made].copy_from_slice(&made[..length_made]);
    // SAFETY: a place to write to.
    unsafe { *length = length_made as c_uint };
    1
}

unsafe extern "C" fn counts(ssl: *mut SSL, id: *mut c_uchar, length: *mut c_uint) -> c_int {
    // SAFETY: as the library calls it.
    unsafe { make(ssl, id, length, 32) }
}

unsafe extern "C" fn counts_short(ssl: *mut SSL, id: *mut c_uchar, length: *mut c_uint) -> c_int {
    // SAFETY: as the library calls it.
    unsafe { make(ssl, id, length, 8) }
}

/// Every certificate is welcome.
pub(super) unsafe extern "C" fn takes_any(_is_good: c_int, _chain: *mut X509_STORE_CTX) -> c_int {
    1
}

const _: SSL_verify_cb = Some(takes_any);

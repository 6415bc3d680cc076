//! The callbacks that contexts of the harness have: what they saw goes to [`events`], what they keep is kept here.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::c_uint;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;

use openssl_sys::{SSL_CTX, SSL_SESSION};

use super::super::events;
use super::library::Library;
use super::prototypes::remove_session_cb;
use super::{handshake_callbacks, refcount};
use crate::op::RemoveCallback;

static LIBRARY: OnceLock<&'static Library> = OnceLock::new();

thread_local! {
    /// Lists the references that callbacks have taken, in order: the address of each session, and that of the context
    /// whose new callback kept it, or 0. It has no destructor: a library calls back when a thread has ended, too.
    static KEPT: RefCell<ManuallyDrop<VecDeque<(usize, usize)>>> =
        const { RefCell::new(ManuallyDrop::new(VecDeque::new())) };
    /// Tells whether a callback is running that calls back.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// Names the library whose callbacks these are: a process has one.
pub(super) fn of(library: &'static Library) {
    LIBRARY.get_or_init(|| library);
}

/// Returns the library of this process.
pub(super) fn library() -> &'static Library {
    LIBRARY.get().expect("a library that calls back has a port")
}

/// Begins a program: nothing is kept.
pub(super) fn begin() {
    KEPT.with_borrow_mut(|kept| kept.clear());
}

/// Takes the reference that was kept first, which is not kept any more.
pub(super) fn take() -> Option<*mut SSL_SESSION> {
    KEPT.with_borrow_mut(|kept| kept.pop_front()).map(|(address, _)| std::ptr::with_exposed_provenance_mut(address))
}

/// Tells whether a reference to this session was kept; the one that was kept first is not kept any more.
fn let_go(session: *mut SSL_SESSION) -> bool {
    KEPT.with_borrow_mut(|kept| {
        let at = kept.iter().position(|kept| kept.0 == session as usize);
        at.and_then(|at| kept.remove(at)).is_some()
    })
}

/// Gives away the reference to this session that was kept last: it is not kept any more.
pub(super) fn give_away(session: *mut SSL_SESSION) {
    KEPT.with_borrow_mut(|kept| {
        let at = kept.iter().rposition(|kept| kept.0 == session as usize);
        at.map(|at| kept.remove(at));
    });
}

/// Returns how many references to this session are kept.
pub(super) fn kept(address: usize) -> u32 {
    KEPT.with_borrow(|kept| kept.iter().filter(|kept| kept.0 == address).count()) as u32
}

/// Keeps a reference for the new callback of a context, or for no context.
pub(super) fn keep(session: *mut SSL_SESSION, context: usize) {
    KEPT.with_borrow_mut(|kept| kept.push_back((session.expose_provenance(), context)));
}

/// Finds the first session that the new callback of this context kept, and whose id is the one that is sought.
pub(super) fn find(context: usize, is_sought: impl Fn(&[u8]) -> bool) -> Option<*mut SSL_SESSION> {
    KEPT.with_borrow(|kept| {
        let kept = kept.iter().filter(|kept| kept.1 == context);
        let mut sessions = kept.map(|kept| std::ptr::with_exposed_provenance_mut(kept.0));
        sessions.find(|session| with_id(*session, |id| is_sought(id)))
    })
}

fn with_id<R>(session: *mut SSL_SESSION, look: impl FnOnce(&[u8]) -> R) -> R {
    let mut length: c_uint = 0;
    let bytes = call!(library(), SSL_SESSION_get_id(session, &mut length));
    if bytes.is_null() {
        return look(&[]);
    }
    // SAFETY: the id of a session that somebody owns, for as long as it is looked at.
    look(unsafe { std::slice::from_raw_parts(bytes, (length as usize).min(32)) })
}

/// Tells the length of a session's id, a digest of its version and id, and how many references it has; 0: unknown. It
/// also notes the session, which may be gone when the handshake is over.
pub(super) fn with_key(session: *mut SSL_SESSION, tell: impl FnOnce(usize, u32, u32)) {
    if session.is_null() {
        return;
    }
    let version = call!(library(), SSL_SESSION_get_protocol_version(session));
    // SAFETY: the library calls with a session that it or the caller still owns.
    let references = library().count_offset.map_or(0, |offset| unsafe { refcount::read(session, offset) });
    with_id(session, |id| {
        handshake_callbacks::note(session as usize, id);
        tell(id.len(), events::key(version, id), references);
    });
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn remove(callback: RemoveCallback) -> remove_session_cb {
    match callback {
        RemoveCallback::None => None,
        RemoveCallback::Records => Some(records),
        RemoveCallback::UpRefs => Some(up_refs),
        RemoveCallback::Removes => Some(removes),
        RemoveCallback::Frees => Some(frees),
    }
}

/// Notes a call of a remove callback.
pub(super) fn record(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    with_key(session, |_, key, references| events::removed(context as usize, session as usize, key, references));
}

unsafe extern "C" fn records(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    record(context, session);
}

unsafe extern "C" fn up_refs(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    record(context, session);
    call!(library(), SSL_SESSION_up_ref(session));
    keep(session, 0);
}

unsafe extern "C" fn removes(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    record(context, session);
    // Without this the library would call for ever: it calls for what is not there, too.
    if !WITHIN.replace(true) {
        call!(library(), SSL_CTX_remove_session(context, session));
        WITHIN.set(false);
    }
}

unsafe extern "C" fn frees(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    record(context, session);
    give_back(session);
}

/// Gives back the reference to this session that was kept first, if one was.
pub(super) fn give_back(session: *mut SSL_SESSION) {
    if let_go(session) {
        call!(library(), SSL_SESSION_free(session));
    }
}

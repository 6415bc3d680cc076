//! The callbacks that contexts of the harness have: what they saw goes to [`events`], what they keep is kept here.

use std::cell::{Cell, RefCell};
use std::ffi::c_uint;
use std::sync::OnceLock;

use openssl_sys::{SSL_CTX, SSL_SESSION};

use super::super::events;
use super::library::Library;
use super::prototypes::remove_session_cb;
use super::{handshake_callbacks, refcount};
use crate::op::RemoveCallback;

static LIBRARY: OnceLock<&'static Library> = OnceLock::new();

/// References that callbacks have taken at most.
const ROOM: usize = 4096;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept { sessions: [(0, 0); ROOM], first: 0, end: 0 }) };
    /// A callback is running, and calls back.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// References that callbacks have taken, in order.
struct Kept {
    /// The address of each session, and that of the context whose new callback kept it, or 0.
    sessions: [(usize, usize); ROOM],
    first: usize,
    end: usize,
}

/// The library whose callbacks these are: a process has one.
pub(super) fn of(library: &'static Library) {
    LIBRARY.get_or_init(|| library);
}

/// The library of this process.
pub(super) fn of_process() -> Option<&'static Library> {
    LIBRARY.get().copied()
}

/// A program begins: nothing is kept.
pub(super) fn begin() {
    KEPT.with_borrow_mut(|kept| (kept.first, kept.end) = (0, 0));
}

/// What was kept first, and is not kept any more.
pub(super) fn take() -> Option<*mut SSL_SESSION> {
    KEPT.with_borrow_mut(|kept| {
        let first = kept.first;
        (first < kept.end).then(|| {
            kept.first += 1;
            std::ptr::with_exposed_provenance_mut(kept.sessions[first].0)
        })
    })
}

/// Whether a reference to this session was kept; the one that was kept first is not kept any more.
fn let_go(session: *mut SSL_SESSION) -> bool {
    KEPT.with_borrow_mut(|kept| {
        let (first, end) = (kept.first, kept.end);
        let Some(at) = kept.sessions[first..end].iter().position(|kept| kept.0 == session as usize) else {
            return false;
        };
        kept.sessions.copy_within(first + at + 1..end, first + at);
        kept.end -= 1;
        true
    })
}

/// How many references to this session are kept.
pub(super) fn kept(address: usize) -> u32 {
    KEPT.with_borrow(|kept| kept.sessions[kept.first..kept.end].iter().filter(|kept| kept.0 == address).count()) as u32
}

/// Keeps a reference for the new callback of a context, or for no context; whether there is room.
pub(super) fn keep(session: *mut SSL_SESSION, context: usize) -> bool {
    KEPT.with_borrow_mut(|kept| {
        let end = kept.end;
        let Some(place) = kept.sessions.get_mut(end) else { return false };
        *place = (session.expose_provenance(), context);
        kept.end += 1;
        true
    })
}

/// The first session that the new callback of this context kept, and whose id is the one that is sought.
pub(super) fn find(context: usize, is_sought: impl Fn(&[u8]) -> bool) -> Option<*mut SSL_SESSION> {
    KEPT.with_borrow(|kept| {
        let kept = kept.sessions[kept.first..kept.end].iter().filter(|kept| kept.1 == context);
        let mut sessions = kept.map(|kept| std::ptr::with_exposed_provenance_mut(kept.0));
        sessions.find(|session| with_id(*session, |id| is_sought(id)).unwrap_or(false))
    })
}

fn with_id<R>(session: *mut SSL_SESSION, look: impl FnOnce(&[u8]) -> R) -> Option<R> {
    let get_id = of_process()?.api.SSL_SESSION_get_id?;
    let mut length: c_uint = 0;
    // SAFETY: a session that somebody owns, and its id for as long as it is looked at.
    unsafe {
        let bytes = get_id(session, &mut length);
        let id = if bytes.is_null() { &[] } else { std::slice::from_raw_parts(bytes, (length as usize).min(32)) };
        Some(look(id))
    }
}

/// The length of a session's id, a digest of version and id, and its references; it may be gone when the handshake is over.
pub(super) fn with_key(session: *mut SSL_SESSION, tell: impl FnOnce(usize, u32, u32)) {
    let Some(library) = of_process().filter(|_| !session.is_null()) else { return };
    let Some(version) = library.api.SSL_SESSION_get_protocol_version else { return };
    // SAFETY: the library calls with a session that it or the caller still owns.
    let (version, references) =
        unsafe { (version(session), library.count_offset.map_or(0, |offset| refcount::read(session, offset))) };
    let key = with_id(session, |id| {
        handshake_callbacks::note(session as usize, id);
        (id.len(), events::key(version, id))
    });
    if let Some((length, key)) = key {
        tell(length, key, references);
    }
}

/// The function for each kind.
pub(super) fn remove(callback: RemoveCallback) -> remove_session_cb {
    match callback {
        RemoveCallback::None => None,
        RemoveCallback::Records => Some(records),
        RemoveCallback::UpRefs => Some(up_refs),
        RemoveCallback::Removes => Some(removes),
        RemoveCallback::Frees => Some(frees),
    }
}

fn record(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    with_key(session, |_, key, references| events::removed(context as usize, session as usize, key, references));
}

unsafe extern "C" fn records(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    record(context, session);
}

unsafe extern "C" fn up_refs(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    record(context, session);
    let up_ref = LIBRARY.get().and_then(|library| library.api.SSL_SESSION_up_ref);
    if let Some(up_ref) = up_ref
        && keep(session, 0)
    {
        // SAFETY: as in `record`.
        unsafe { up_ref(session) };
    }
}

unsafe extern "C" fn removes(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    record(context, session);
    let remove = LIBRARY.get().and_then(|library| library.api.SSL_CTX_remove_session);
    // Without this the library would call for ever: it calls for what is not there, too.
    if let (Some(remove), false) = (remove, WITHIN.replace(true)) {
        // SAFETY: as in `record`.
        unsafe { remove(context, session) };
        WITHIN.set(false);
    }
}

unsafe extern "C" fn frees(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    record(context, session);
    let free = LIBRARY.get().and_then(|library| library.api.SSL_SESSION_free);
    if let Some(free) = free.filter(|_| let_go(session)) {
        // SAFETY: that reference was kept, and is kept no more.
        unsafe { free(session) };
    }
}

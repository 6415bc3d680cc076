//! Contexts, which cache sessions, and connections, which hold a context and do nothing.

use std::collections::HashMap;
use std::ffi::{c_int, c_long, c_uchar, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use libc::time_t;
use sessdiff::native::{Context, Error, Session, Statistic, TicketKeys, Version};

use crate::accessors::bytes;
use crate::errors::{PASSED_NULL, raise_error, raise_ssl};
use crate::ex_data::context_freed;
use crate::library::LIBRARY;
use crate::sessions::{SSL_SESSION, block_of, settle, settle_all};

/// Is what `SSL_METHOD *` points to.
pub struct SSL_METHOD {
    _one: u8,
}

static METHOD: SSL_METHOD = SSL_METHOD { _one: 1 };

/// Is called when a session leaves a cache.
type Remove = Option<unsafe extern "C" fn(*mut SSL_CTX, *mut SSL_SESSION)>;

/// Is called when a handshake has made a session.
type New = Option<unsafe extern "C" fn(*mut SSL, *mut SSL_SESSION) -> c_int>;

/// Is what `SSL_CTX *` points to, and what its cache is listed by.
pub struct SSL_CTX {
    references: AtomicU32,
    context: Arc<Context>,
    remove: Mutex<Remove>,
    /// Holds the keys that seal tickets, which no connection makes.
    ticket_keys: Mutex<[u8; TicketKeys::LENGTH]>,
}

/// Is what `SSL *` points to.
pub struct SSL {
    context: *mut SSL_CTX,
}

/// Stands for the hash of a cache.
pub struct LHASH_OF_SSL_SESSION {
    _hidden: [u8; 0],
}

/// Is called for each entry of a hash.
type Each = Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>;

/// Points to a context, which is used from any thread.
#[derive(Clone, Copy)]
struct Pointer(*mut SSL_CTX);

// SAFETY: all that a context has is atomic or locked.
unsafe impl Send for Pointer {}

/// Finds the contexts that live, by what the native context calls its address.
static CONTEXTS: LazyLock<Mutex<HashMap<usize, Pointer>>> = LazyLock::new(Mutex::default);

fn contexts() -> MutexGuard<'static, HashMap<usize, Pointer>> {
    CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new() -> *mut SSL_CTX {
    let context = LIBRARY.context();
    let address = context.address();
    let made =
        SSL_CTX { references: AtomicU32::new(1), context, remove: Mutex::new(None), ticket_keys: Mutex::new([0; 80]) };
    let made = Box::into_raw(Box::new(made));
    contexts().insert(address, Pointer(made));
    made
}

/// Tells the program's callback of a session that leaves a cache.
fn on_remove(context: &Context, session: &Session) {
    let Some(Pointer(c)) = contexts().get(&context.address()).copied() else { return };
    // SAFETY: a context is listed until it is destroyed.
    let remove = *unsafe { &(*c).remove }.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(remove) = remove {
        let s = settle(session);
        // SAFETY: the program's function, with a context and a session that live.
        unsafe { remove(c, s) };
    }
}

/// Gives back a reference; the last one empties the cache, which calls the program.
fn give_back(c: *mut SSL_CTX) {
    // SAFETY: the caller's context.
    if unsafe { (*c).references.fetch_sub(1, SeqCst) } != 1 {
        return;
    }
    // SAFETY: nobody else has it any more.
    let context = unsafe { &(*c).context };
    let address = context.address();
    context.flush_sessions(0);
    context_freed(c.cast());
    contexts().remove(&address);
    // SAFETY: it was made by a box.
    drop(unsafe { Box::from_raw(c) });
    settle_all();
}

/// Does what the macros of a context do by numbers.
fn control(context: &Context, command: c_int, number: c_long) -> c_long {
    const STATISTICS: [Statistic; 11] = [
        Statistic::Connect,
        Statistic::ConnectGood,
        Statistic::ConnectRenegotiate,
        Statistic::Accept,
        Statistic::AcceptGood,
        Statistic::AcceptRenegotiate,
        Statistic::Hits,
        Statistic::CbHits,
        Statistic::Misses,
        Statistic::Timeouts,
        Statistic::CacheFull,
    ];
    match command {
        20 => context.number() as c_long,
        21..=31 => context.statistic(STATISTICS[command as usize - 21]) as c_long,
        42 => context.set_cache_size(number),
        43 => context.cache_size(),
        44 => context.set_cache_mode(number as u32).into(),
        45 => context.cache_mode().into(),
        // Groups, of which no connection makes use.
        92 => 1,
        124 => set_max_version(context, number),
        _ => 0,
    }
}

/// Sets the newest version of connections; 0 is the newest that there is. Returns 0 where it is none from TLS 1.2 on.
fn set_max_version(context: &Context, version: c_long) -> c_long {
    let version = match version {
        0x303 => Version::Tls12,
        0 | 0x304 => Version::Tls13,
        _ => return 0,
    };
    let mut inherited = context.inherited();
    inherited.max_version = version;
    context.set_inherited(inherited);
    1
}

/// Reads the keys that seal tickets (58), or sets them (59). Returns how many bytes they have where there is no place for them, and 0 where
/// there is another room.
///
/// # Safety
/// `data` is `NULL`, or has so many bytes.
unsafe fn ticket_keys(c: &SSL_CTX, sets: bool, room: c_long, data: *mut c_void) -> c_long {
    if data.is_null() {
        return TicketKeys::LENGTH as c_long;
    }
    if room != TicketKeys::LENGTH as c_long {
        raise_error(Error::TicketKeysLength);
        return 0;
    }
    let mut keys = c.ticket_keys.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: as the caller says.
    unsafe {
        if sets {
            ptr::copy_nonoverlapping(data.cast(), keys.as_mut_ptr(), keys.len());
        } else {
            ptr::copy_nonoverlapping(keys.as_ptr(), data.cast(), keys.len());
        }
    }
    1
}

/// Calls a function for each session in the cache, without its lock.
fn each(context: &Context, each: impl FnMut(*mut SSL_SESSION)) {
    let mut sessions = Vec::new();
    context.sessions(|session| sessions.push(block_of(session)));
    sessions.into_iter().for_each(each);
}

exports! {
    /// Returns the method of contexts, which is one for all.
    fn TLS_method() -> *const SSL_METHOD, or ptr::null() => &raw const METHOD;
    /// Returns the method of contexts, which is one for all.
    fn TLS_server_method() -> *const SSL_METHOD, or ptr::null() => &raw const METHOD;
    /// Returns the method of contexts, which is one for all.
    fn TLS_client_method() -> *const SSL_METHOD, or ptr::null() => &raw const METHOD;

    /// Makes a context.
    fn SSL_CTX_new(method: *const SSL_METHOD) -> *mut SSL_CTX, or ptr::null_mut() => {
        if method.is_null() {
            raise_ssl(PASSED_NULL);
            return ptr::null_mut();
        }
        new()
    };

    /// Adds a reference.
    fn SSL_CTX_up_ref(c: *mut SSL_CTX) -> c_int, or 0 => {
        (*c).references.fetch_add(1, SeqCst);
        1
    };

    /// Gives back a reference.
    fn SSL_CTX_free(c: *mut SSL_CTX) -> (), or () => if !c.is_null() { give_back(c) };

    /// Reads or sets a number of a context.
    fn SSL_CTX_ctrl(c: *mut SSL_CTX, command: c_int, number: c_long, data: *mut c_void) -> c_long, or 0 =>
        if matches!(command, 58 | 59) { ticket_keys(&*c, command == 59, number, data) } else { control(&(*c).context, command, number) };

    /// Sets the timeout of sessions that handshakes make, in seconds; returns the one before.
    fn SSL_CTX_set_timeout(c: *mut SSL_CTX, seconds: c_long) -> c_long, or 0 => (*c).context.set_timeout(seconds);
    /// Returns the timeout of sessions that handshakes make, in seconds.
    fn SSL_CTX_get_timeout(c: *const SSL_CTX) -> c_long, or 0 => (*c).context.timeout();

    /// Sets the id context of sessions that handshakes make.
    fn SSL_CTX_set_session_id_context(c: *mut SSL_CTX, context: *const c_uchar, length: c_uint) -> c_int, or 0 => {
        let result = (*c).context.set_id_context(bytes(context, length as usize).unwrap_or_default());
        result.map_or_else(|error| { raise_error(error); 0 }, |()| 1)
    };

    /// Sets what is called when a session leaves the cache.
    fn SSL_CTX_sess_set_remove_cb(c: *mut SSL_CTX, callback: Remove) -> (), or () => {
        *(*c).remove.lock().unwrap_or_else(PoisonError::into_inner) = callback;
        let mut callbacks = (*c).context.callbacks();
        callbacks.remove = callback.is_some().then_some(on_remove);
        (*c).context.set_callbacks(callbacks);
    };

    /// Sets what is told of sessions that handshakes make: there are none.
    fn SSL_CTX_sess_set_new_cb(_c: *mut SSL_CTX, _callback: New) -> (), or () => ();

    /// Puts a session into the cache; 1: it was not there.
    fn SSL_CTX_add_session(c: *mut SSL_CTX, s: *mut SSL_SESSION) -> c_int, or 0 => {
        let added = (*c).context.add_session(&(*s).native());
        settle_all();
        added.into()
    };

    /// Takes a session out of the cache; 1: one with its id was there.
    fn SSL_CTX_remove_session(c: *mut SSL_CTX, s: *mut SSL_SESSION) -> c_int, or 0 => {
        if s.is_null() {
            return 0;
        }
        let removed = (*c).context.remove_session(&(*s).native());
        settle_all();
        removed.into()
    };

    /// Takes out of the cache what is expired at this time; 0 is the end of time.
    fn SSL_CTX_flush_sessions(c: *mut SSL_CTX, seconds: c_long) -> (), or () => {
        (*c).context.flush_sessions(seconds);
        settle_all();
    };
    /// Takes out of the cache what is expired at this time; 0 is the end of time.
    fn SSL_CTX_flush_sessions_ex(c: *mut SSL_CTX, seconds: time_t) -> (), or () => {
        (*c).context.flush_sessions(seconds);
        settle_all();
    };

    /// Returns what is cached, for `OPENSSL_LH_doall_arg` and `OPENSSL_LH_retrieve`.
    fn SSL_CTX_sessions(c: *mut SSL_CTX) -> *mut LHASH_OF_SSL_SESSION, or ptr::null_mut() => c.cast();

    /// Calls a function for each session in a cache.
    fn OPENSSL_LH_doall_arg(hash: *mut LHASH_OF_SSL_SESSION, function: Each, data: *mut c_void) -> (), or () => {
        let Some(function) = function else { return };
        let c: *mut SSL_CTX = hash.cast();
        each(&(*c).context, |session| function(session.cast(), data));
    };

    /// Returns the session in a cache that has the id and version of this one; `NULL`: there is none.
    fn OPENSSL_LH_retrieve(hash: *mut LHASH_OF_SSL_SESSION, like: *const c_void) -> *mut c_void, or ptr::null_mut() => {
        let c: *mut SSL_CTX = hash.cast();
        let like = (*like.cast::<SSL_SESSION>()).native();
        let mut found = ptr::null_mut();
        each(&(*c).context, |session| {
            let session_of = (*session).native();
            if session_of.id_is(like.id().as_slice()) && session_of.protocol_version() == like.protocol_version() {
                found = session;
            }
        });
        found.cast()
    };

    /// Makes a connection, which does nothing but hold the context.
    fn SSL_new(c: *mut SSL_CTX) -> *mut SSL, or ptr::null_mut() => {
        if c.is_null() {
            raise_ssl(PASSED_NULL);
            return ptr::null_mut();
        }
        (*c).references.fetch_add(1, SeqCst);
        Box::into_raw(Box::new(SSL { context: c }))
    };

    /// Frees a connection.
    fn SSL_free(x: *mut SSL) -> (), or () => {
        if !x.is_null() {
            let context = Box::from_raw(x).context;
            give_back(context);
        }
    };

    /// Returns the session of a connection: it has none.
    fn SSL_get_session(_x: *const SSL) -> *mut SSL_SESSION, or ptr::null_mut() => ptr::null_mut();
}

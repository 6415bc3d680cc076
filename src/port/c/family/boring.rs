//! BoringSSL and AWS-LC: OpenSSL's names, with integers of their own width, as in their `<openssl/ssl.h>`.
//!
//! Sessions belong to a context from the beginning, there is no memory to be given, and ex_data is freed without a word about which
//! session it was of: a mark says so, which every new session is given.

use std::ffi::{c_int, c_long, c_uchar, c_uint, c_ulong, c_void};
use std::ptr;
use std::sync::OnceLock;

use openssl_sys::{CRYPTO_EX_DATA, SSL, SSL_CTX, SSL_METHOD, SSL_SESSION};

use super::{Find, Marker, Prototype, Seam, UNCACHED, adapters, functions};
use crate::native::Family;
use crate::op::ExIndex;
use crate::port::c::library::Probes;
use crate::port::c::memory;
use crate::port::c::prototypes::{Api, CRYPTO_EX_dup_fn, CRYPTO_EX_free_fn};

pub(super) static SEAM: Seam = Seam {
    family: Family::Boring,
    names: |name| vec![name.into()],
    same: Some(&SAME),
    own: &[OWN, Controls::LIST, Ends::LIST],
    adapt,
    // What is in a cache cannot be listed, and there are no handshakes yet.
    shared: Some(UNCACHED),
    probes: Probes { memory: false, ex_data: false, count: true },
    marker: Some(Marker { register, mark }),
    block_size,
};

/// Lists what has OpenSSL's types.
const SAME: [&str; 36] = [
    "OPENSSL_init_ssl",
    "OpenSSL_version",
    "OpenSSL_version_num",
    "ERR_clear_error",
    "TLS_method",
    "SSL_CTX_new",
    "TLS_server_method",
    "TLS_client_method",
    "SSL_CTX_up_ref",
    "SSL_CTX_free",
    "SSL_CTX_sess_set_remove_cb",
    "SSL_CTX_remove_session",
    "SSL_new",
    "SSL_free",
    "SSL_clear",
    "SSL_set_session",
    "SSL_get_session",
    "SSL_get1_session",
    "SSL_session_reused",
    "SSL_set_SSL_CTX",
    "SSL_get_SSL_CTX",
    "SSL_SESSION_up_ref",
    "SSL_SESSION_free",
    "SSL_SESSION_get_id",
    "SSL_SESSION_get0_id_context",
    "SSL_SESSION_get_master_key",
    "SSL_SESSION_set_ex_data",
    "SSL_SESSION_get_ex_data",
    "SSL_SESSION_get0_cipher",
    "SSL_CIPHER_get_protocol_id",
    "SSL_SESSION_get0_ticket",
    "SSL_SESSION_has_ticket",
    "SSL_SESSION_is_resumable",
    "SSL_SESSION_get0_peer",
    "i2d_X509",
    "CRYPTO_free",
];

adapters! {
    fn SSL_SESSION_new() -> *mut SSL_SESSION
        = |own: fn(*const SSL_CTX) -> *mut SSL_SESSION| match context() {
            Some(context) => own(context),
            None => ptr::null_mut(),
        };
    fn SSL_SESSION_set1_id(s: *mut SSL_SESSION, id: *const c_uchar, length: c_uint) -> c_int
        = |own: fn(*mut SSL_SESSION, *const c_uchar, usize) -> c_int| own(s, id, length as usize);
    fn SSL_SESSION_set1_id_context(s: *mut SSL_SESSION, context: *const c_uchar, length: c_uint) -> c_int
        = |own: fn(*mut SSL_SESSION, *const c_uchar, usize) -> c_int| own(s, context, length as usize);
    fn SSL_SESSION_set_protocol_version(s: *mut SSL_SESSION, version: c_int) -> c_int
        = |own: fn(*mut SSL_SESSION, u16) -> c_int| own(s, version as u16);
    fn SSL_SESSION_get_protocol_version(s: *const SSL_SESSION) -> c_int
        = |own: fn(*const SSL_SESSION) -> u16| own(s).into();
    fn SSL_SESSION_set_time(s: *mut SSL_SESSION, seconds: c_long) -> c_long
        = |own: fn(*mut SSL_SESSION, u64) -> u64| own(s, seconds as u64) as c_long;
    fn SSL_SESSION_get_time(s: *const SSL_SESSION) -> c_long
        = |own: fn(*const SSL_SESSION) -> u64| own(s) as c_long;
    fn SSL_SESSION_set_timeout(s: *mut SSL_SESSION, seconds: c_long) -> c_long
        = |own: fn(*mut SSL_SESSION, u32) -> u32| own(s, seconds as u32).into();
    fn SSL_SESSION_get_timeout(s: *const SSL_SESSION) -> c_long
        = |own: fn(*const SSL_SESSION) -> u32| own(s).into();
    fn SSL_SESSION_get_ticket_lifetime_hint(s: *const SSL_SESSION) -> c_ulong
        = |own: fn(*const SSL_SESSION) -> u32| own(s).into();
    fn SSL_CTX_set_timeout(c: *mut SSL_CTX, seconds: c_long) -> c_long
        = |own: fn(*mut SSL_CTX, u32) -> u32| own(c, seconds as u32).into();
    fn SSL_CTX_get_timeout(c: *const SSL_CTX) -> c_long
        = |own: fn(*const SSL_CTX) -> u32| own(c).into();
    fn SSL_CTX_flush_sessions(c: *mut SSL_CTX, seconds: c_long) -> ()
        = |own: fn(*mut SSL_CTX, u64) -> ()| own(c, seconds as u64);
    fn SSL_CTX_set_session_id_context(c: *mut SSL_CTX, context: *const c_uchar, length: c_uint) -> c_int
        = |own: fn(*mut SSL_CTX, *const c_uchar, usize) -> c_int| own(c, context, length as usize);
    fn SSL_set_session_id_context(x: *mut SSL, context: *const c_uchar, length: c_uint) -> c_int
        = |own: fn(*mut SSL, *const c_uchar, usize) -> c_int| own(x, context, length as usize);
    fn ERR_peek_error() -> c_ulong
        = |own: fn() -> u32| own().into();
    fn ERR_peek_last_error() -> c_ulong
        = |own: fn() -> u32| own().into();
}

/// Makes a context.
static MAKE: OnceLock<(
    unsafe extern "C" fn(*const SSL_METHOD) -> *mut SSL_CTX,
    unsafe extern "C" fn() -> *const SSL_METHOD,
)> = OnceLock::new();

/// Takes what makes the context of the sessions, without which there is no session, and what stands for `SSL_CTX_ctrl`.
fn complete(api: &mut Api, find: Find<'_>) {
    match (api.SSL_CTX_new, api.TLS_method) {
        (Some(new), Some(method)) => _ = MAKE.get_or_init(|| (new, method)),
        (Some(_), None) | (None, _) => api.SSL_SESSION_new = None,
    }
    if let Some(ends) = Ends::find(find) {
        ENDS.get_or_init(|| ends);
    }
    if let Some(functions) = Controls::find(find) {
        CONTROLS.get_or_init(|| functions);
        api.SSL_CTX_ctrl = Some(control);
    }
}

functions! {
    /// Holds what stands for `SSL_CTX_ctrl`.
    Controls {
        number: SSL_CTX_sess_number as fn(*const SSL_CTX) -> usize;
        set_size: SSL_CTX_sess_set_cache_size as fn(*mut SSL_CTX, c_ulong) -> c_ulong;
        size: SSL_CTX_sess_get_cache_size as fn(*const SSL_CTX) -> c_ulong;
        set_mode: SSL_CTX_set_session_cache_mode as fn(*mut SSL_CTX, c_int) -> c_int;
        mode: SSL_CTX_get_session_cache_mode as fn(*const SSL_CTX) -> c_int;
    }
}

functions! {
    /// Holds what tells the end of a session. No callback says which session it was of, so the value of an index does.
    Ends {
        new_index: SSL_SESSION_get_ex_new_index as fn(c_long, *mut c_void, *mut c_int, CRYPTO_EX_dup_fn, CRYPTO_EX_free_fn) -> c_int;
        set: SSL_SESSION_set_ex_data as fn(*mut SSL_SESSION, c_int, *mut c_void) -> c_int;
    }
}

static ENDS: OnceLock<Ends> = OnceLock::new();
/// Holds the index of the mark.
static INDEX: OnceLock<c_int> = OnceLock::new();

/// Registers the index of the mark: the first one that no program uses.
fn register() -> bool {
    /// Limits how many indices are registered on the way there.
    const MOST: usize = 32;
    let first = ExIndex::ALL.iter().map(|index| index.number()).max().unwrap_or(0) + 1;
    let Some(ends) = ENDS.get() else { return false };
    // SAFETY: a callback that follows no pointer.
    let one = || unsafe { (ends.new_index)(0, ptr::null_mut(), ptr::null_mut(), None, Some(on_free)) };
    let found = std::iter::repeat_with(one).take(MOST).find(|index| *index < 0 || *index >= first);
    let found = found.filter(|index| *index >= first);
    found.is_some_and(|index| *INDEX.get_or_init(|| index) == index)
}

unsafe fn mark(session: *mut SSL_SESSION) {
    if let (Some(ends), Some(index)) = (ENDS.get(), INDEX.get()) {
        // SAFETY: a session that lives, as the caller says. What comes back is compared, and not followed.
        unsafe { (ends.set)(session, *index, session.cast()) };
    }
}

unsafe extern "C" fn on_free(
    _parent: *mut c_void,
    value: *mut c_void,
    _data: *mut CRYPTO_EX_DATA,
    index: c_int,
    _argl: c_long,
    _argp: *mut c_void,
) {
    if INDEX.get() == Some(&index) {
        memory::ended(value as usize);
    }
}

static CONTROLS: OnceLock<Controls> = OnceLock::new();

/// Does what the macros of OpenSSL's header do by numbers; 0: there is no such number here, as of statistics, which nothing counts.
unsafe extern "C" fn control(c: *mut SSL_CTX, command: c_int, number: c_long, _data: *mut c_void) -> c_long {
    let Some(functions) = CONTROLS.get() else { return 0 };
    // SAFETY: a context, as the caller says.
    unsafe {
        match command {
            20 => (functions.number)(c) as c_long,
            42 => (functions.set_size)(c, number as c_ulong) as c_long,
            43 => (functions.size)(c) as c_long,
            44 => (functions.set_mode)(c, number as c_int).into(),
            45 => (functions.mode)(c).into(),
            _ => 0,
        }
    }
}

/// Returns the context that new sessions belong to: one of the harness's own, which is kept for good.
fn context() -> Option<*const SSL_CTX> {
    static CONTEXT: OnceLock<usize> = OnceLock::new();
    let (new, method) = MAKE.get()?;
    // SAFETY: the prototypes of the list.
    let made = *CONTEXT.get_or_init(|| unsafe { new(method()) }.expose_provenance());
    (made != 0).then(|| ptr::with_exposed_provenance(made))
}

/// Returns the size that `OPENSSL_malloc` keeps in the eight bytes before a block. What is no size is none: where a library keeps
/// nothing there, nothing behind the session is read.
///
/// # Safety
/// A session that lives.
unsafe fn block_size(block: *mut c_void) -> usize {
    /// Limits what a session may have, bytes.
    const MOST: u64 = 1 << 16;
    // SAFETY: the allocator's word lies before every block, at an address that is aligned as a block is.
    let size = unsafe { block.cast::<u64>().sub(1).read() };
    if size < MOST { size as usize } else { 0 }
}

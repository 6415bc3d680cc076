//! wolfSSL: OpenSSL's names are macros of its headers, onto names of its own, most of them `wolf` and OpenSSL's.

use std::ffi::{CStr, CString, c_char, c_int, c_uchar, c_void};
use std::ptr;
use std::sync::OnceLock;

use openssl_sys::{OPENSSL_INIT_SETTINGS, SSL_SESSION};

use super::{Find, Prototype, Seam, adapters};
use crate::native::Family;
use crate::op::Kinds;
use crate::port::c::library::Probes;
use crate::port::c::memory;
use crate::port::c::prototypes::{Api, CRYPTO_free_fn, CRYPTO_malloc_fn, CRYPTO_realloc_fn};

pub(super) static SEAM: Seam = Seam {
    family: Family::Wolf,
    names,
    same: Some(&SAME),
    own: &[OWN],
    adapt,
    shared: Some(Kinds::NONE),
    probes: Probes { memory: true, ex_data: false, count: true },
    marker: None,
    block_size: |block| memory::size_of(block),
};

/// Lists what has OpenSSL's types. Caches are shared by all contexts there, and have copies of sessions; what a session is written as is
/// the family's own.
const SAME: [&str; 22] = [
    "ERR_peek_error",
    "ERR_peek_last_error",
    "ERR_clear_error",
    "SSL_SESSION_new",
    "SSL_SESSION_dup",
    "SSL_SESSION_up_ref",
    "SSL_SESSION_free",
    "SSL_SESSION_set1_id",
    "SSL_SESSION_get_id",
    "SSL_SESSION_set1_id_context",
    "SSL_SESSION_get0_id_context",
    "SSL_SESSION_set_time",
    "SSL_SESSION_get_time",
    "SSL_SESSION_set_timeout",
    "SSL_SESSION_get_timeout",
    "SSL_SESSION_set_ex_data",
    "SSL_SESSION_get_ex_data",
    "SSL_SESSION_is_resumable",
    "SSL_SESSION_has_ticket",
    "SSL_SESSION_get_ticket_lifetime_hint",
    "SSL_SESSION_get0_peer",
    "i2d_X509",
];

/// Lists the names that follow no rule.
const IRREGULAR: [(&str, &str); 4] = [
    ("SSL_SESSION_set_timeout", "wolfSSL_SSL_SESSION_set_timeout"),
    ("OPENSSL_init_ssl", "wolfSSL_Init"),
    ("OpenSSL_version", "wolfSSL_lib_version"),
    ("CRYPTO_set_mem_functions", "wolfSSL_SetAllocators"),
];

/// Gives the names of a function. Some have OpenSSL's in older releases.
fn names(name: &str) -> Vec<String> {
    if let Some((_, own)) = IRREGULAR.into_iter().find(|(of, _)| *of == name) {
        return vec![own.into()];
    }
    let own = if name.starts_with("SSL_") { format!("wolf{name}") } else { format!("wolfSSL_{name}") };
    if name.starts_with("SSL_SESSION_") { vec![own, name.into()] } else { vec![own] }
}

/// Follows `wolfSSL_Malloc_cb` of `<wolfssl/wolfcrypt/memory.h>`. Some builds give more arguments, behind these.
type Malloc = unsafe extern "C" fn(usize) -> *mut c_void;
/// Follows `wolfSSL_Free_cb`.
type Free = unsafe extern "C" fn(*mut c_void);
/// Follows `wolfSSL_Realloc_cb`.
type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;

adapters! {
    fn OPENSSL_init_ssl(_options: u64, _settings: *const OPENSSL_INIT_SETTINGS) -> c_int
        = |own: fn() -> c_int| own();
    fn OpenSSL_version(_which: c_int) -> *const c_char
        = |own: fn() -> *const c_char| named(own());
    fn SSL_SESSION_get_master_key(s: *const SSL_SESSION, out: *mut c_uchar, room: usize) -> usize
        = |own: fn(*const SSL_SESSION, *mut c_uchar, c_int) -> c_int| own(s, out, room as c_int).max(0) as usize;
    fn CRYPTO_set_mem_functions(malloc: CRYPTO_malloc_fn, realloc: CRYPTO_realloc_fn, free: CRYPTO_free_fn) -> c_int
        = |own: fn(Malloc, Free, Realloc) -> c_int| {
            ALLOCATOR.get_or_init(|| (malloc, realloc, free));
            // 0 is success.
            c_int::from(own(allocate, release, reallocate) == 0)
        };
}

fn complete(_api: &mut Api, _find: Find<'_>) {}

/// Makes a text that names the library of the version that it gives.
///
/// # Safety
/// A string, or `NULL`.
unsafe fn named(version: *const c_char) -> *const c_char {
    static NAMED: OnceLock<CString> = OnceLock::new();
    // SAFETY: as the caller says.
    let version = if version.is_null() { c"" } else { unsafe { CStr::from_ptr(version) } };
    NAMED.get_or_init(|| CString::new([b"wolfSSL ", version.to_bytes()].concat()).unwrap_or_default()).as_ptr()
}

static ALLOCATOR: OnceLock<(CRYPTO_malloc_fn, CRYPTO_realloc_fn, CRYPTO_free_fn)> = OnceLock::new();

unsafe extern "C" fn allocate(size: usize) -> *mut c_void {
    let Some((Some(malloc), ..)) = ALLOCATOR.get() else { return ptr::null_mut() };
    // SAFETY: as `malloc`; nobody says who asks.
    unsafe { malloc(size, ptr::null(), 0) }
}

unsafe extern "C" fn reallocate(block: *mut c_void, size: usize) -> *mut c_void {
    let Some((_, Some(realloc), _)) = ALLOCATOR.get() else { return ptr::null_mut() };
    // SAFETY: as `realloc`.
    unsafe { realloc(block, size, ptr::null(), 0) }
}

unsafe extern "C" fn release(block: *mut c_void) {
    let Some((.., Some(free))) = ALLOCATOR.get() else { return };
    // SAFETY: as `free`.
    unsafe { free(block, ptr::null(), 0) }
}

//! The one list of prototypes: every session function that a C port calls, with its C type in Rust's words.
//!
//! `openssl-sys` binds no `SSL_SESSION_new`, `_dup` or `set1_*`; `tests/prototypes.rs` turns this list back into C and lets a
//! C compiler compare it with `<openssl/ssl.h>`.

use std::ffi::{c_char, c_double, c_int, c_long, c_uchar, c_uint, c_ulong, c_void};

use libc::time_t;
use libloading::os::unix::Library as Loaded;
use openssl_sys::{
    BIO, BIO_METHOD, CRYPTO_EX_DATA, EVP_MD, EVP_PKEY, OPENSSL_INIT_SETTINGS, OPENSSL_STACK, SSL, SSL_CIPHER, SSL_CTX,
    SSL_METHOD, SSL_SESSION, X509, X509_STORE_CTX, stack_st_X509,
};

/// As in `<openssl/crypto.h>`.
#[allow(non_camel_case_types)]
pub type CRYPTO_malloc_fn = Option<unsafe extern "C" fn(usize, *const c_char, c_int) -> *mut c_void>;
/// As in `<openssl/crypto.h>`.
#[allow(non_camel_case_types)]
pub type CRYPTO_realloc_fn = Option<unsafe extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void>;
/// As in `<openssl/crypto.h>`.
#[allow(non_camel_case_types)]
pub type CRYPTO_free_fn = Option<unsafe extern "C" fn(*mut c_void, *const c_char, c_int)>;
/// As in `<openssl/crypto.h>`.
#[allow(non_camel_case_types)]
pub type CRYPTO_EX_new_fn =
    Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *mut CRYPTO_EX_DATA, c_int, c_long, *mut c_void)>;
/// As in `<openssl/crypto.h>`.
#[allow(non_camel_case_types)]
pub type CRYPTO_EX_dup_fn = Option<
    unsafe extern "C" fn(
        *mut CRYPTO_EX_DATA,
        *const CRYPTO_EX_DATA,
        *mut *mut c_void,
        c_int,
        c_long,
        *mut c_void,
    ) -> c_int,
>;
/// As in `<openssl/crypto.h>`.
#[allow(non_camel_case_types)]
pub type CRYPTO_EX_free_fn = CRYPTO_EX_new_fn;
/// As `SSL_CTX_sess_set_remove_cb(3)` takes it.
#[allow(non_camel_case_types)]
pub type remove_session_cb = Option<unsafe extern "C" fn(*mut SSL_CTX, *mut SSL_SESSION)>;
/// As `SSL_CTX_sess_set_new_cb(3)` takes it.
#[allow(non_camel_case_types)]
pub type new_session_cb = Option<unsafe extern "C" fn(*mut SSL, *mut SSL_SESSION) -> c_int>;
/// As `SSL_CTX_sess_set_get_cb(3)` takes it.
#[allow(non_camel_case_types)]
pub type get_session_cb = Option<unsafe extern "C" fn(*mut SSL, *const c_uchar, c_int, *mut c_int) -> *mut SSL_SESSION>;
/// As `SSL_CTX_set_not_resumable_session_callback(3)` takes it.
#[allow(non_camel_case_types)]
pub type not_resumable_session_callback = Option<unsafe extern "C" fn(*mut SSL, c_int) -> c_int>;
/// As in `<openssl/ssl.h>`.
#[allow(non_camel_case_types)]
pub type SSL_psk_use_session_cb_func = Option<
    unsafe extern "C" fn(*mut SSL, *const EVP_MD, *mut *const c_uchar, *mut usize, *mut *mut SSL_SESSION) -> c_int,
>;
/// As in `<openssl/ssl.h>`.
#[allow(non_camel_case_types)]
pub type SSL_psk_find_session_cb_func =
    Option<unsafe extern "C" fn(*mut SSL, *const c_uchar, usize, *mut *mut SSL_SESSION) -> c_int>;
/// As in `<openssl/ssl.h>`.
#[allow(non_camel_case_types)]
pub type GEN_SESSION_CB = Option<unsafe extern "C" fn(*mut SSL, *mut c_uchar, *mut c_uint) -> c_int>;
/// As `SSL_CTX_set_verify(3)` takes it.
#[allow(non_camel_case_types)]
pub type SSL_verify_cb = Option<unsafe extern "C" fn(c_int, *mut X509_STORE_CTX) -> c_int>;

/// As in `<openssl/rand.h>`.
#[allow(non_camel_case_types, clippy::upper_case_acronyms, missing_docs)]
#[repr(C)]
pub struct RAND_METHOD {
    pub seed: Option<unsafe extern "C" fn(*const c_void, c_int) -> c_int>,
    pub bytes: Option<unsafe extern "C" fn(*mut c_uchar, c_int) -> c_int>,
    pub cleanup: Option<unsafe extern "C" fn()>,
    pub add: Option<unsafe extern "C" fn(*const c_void, c_int, c_double) -> c_int>,
    pub pseudorand: Option<unsafe extern "C" fn(*mut c_uchar, c_int) -> c_int>,
    pub status: Option<unsafe extern "C" fn() -> c_int>,
}

/// As in `<openssl/lhash.h>`.
#[allow(non_camel_case_types)]
pub type OPENSSL_LH_DOALL_FUNCARG = Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>;

/// As in `<openssl/lhash.h>`: the hash of a cache, as `SSL_CTX_sessions` returns it.
#[allow(non_camel_case_types)]
#[repr(C)]
pub struct LHASH_OF_SSL_SESSION {
    _hidden: [u8; 0],
}

/// As in `<openssl/lhash.h>`.
#[allow(non_camel_case_types)]
#[repr(C)]
pub struct OPENSSL_LHASH {
    _hidden: [u8; 0],
}

macro_rules! prototypes {
    ($(
        $(#[cfg($condition:meta)])?
        fn $name:ident($($argument:ident: $type:ty),* $(; $dots:tt)?) -> $result:ty;
    )*) => {
        mod linked {
            use super::*;

            unsafe extern "C" {
                $(
                    $(#[cfg($condition)])?
                    pub fn $name($($argument: $type),* $(, $dots)?) -> $result;
                )*
            }
        }

        /// The functions of one library; `None`: it does not have it.
        #[allow(non_snake_case, missing_docs)]
        pub struct Api {
            $(pub $name: Option<unsafe extern "C" fn($($type),* $(, $dots)?) -> $result>,)*
        }

        impl Api {
            /// Those this executable is linked with.
            pub const fn linked() -> Api {
                Api { $($name: {
                    $(#[cfg(not($condition))] { None } #[cfg($condition)])?
                    { Some(linked::$name) }
                },)* }
            }

            /// Those that `library` or a library it needs has.
            ///
            /// # Safety
            /// They have the types of the list, and the library is never closed.
            pub(super) unsafe fn loaded(library: &Loaded) -> Api {
                Api { $($name: {
                    // SAFETY: as the caller says.
                    let found = unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) };
                    found.ok().map(|symbol| *symbol)
                },)* }
            }

            /// Whether the library has the function; `None` for a name that is not in the list.
            pub fn has(&self, name: &str) -> Option<bool> {
                match name { $(stringify!($name) => Some(self.$name.is_some()),)* _ => None }
            }
        }

        /// Name, argument types, result type and condition of each function, as they are written here.
        pub const LIST: &[(&str, &[&str], &str, &str)] = &[
            $((stringify!($name), &[$(stringify!($type),)* $(stringify!($dots))?], stringify!($result), concat!($(stringify!($condition))?)),)*
        ];
    };
}

prototypes! {
    fn SSL_SESSION_new() -> *mut SSL_SESSION;
    fn SSL_SESSION_dup(src: *const SSL_SESSION) -> *mut SSL_SESSION;
    fn SSL_SESSION_up_ref(session: *mut SSL_SESSION) -> c_int;
    fn SSL_SESSION_free(session: *mut SSL_SESSION) -> ();
    fn SSL_SESSION_set1_id(session: *mut SSL_SESSION, id: *const c_uchar, length: c_uint) -> c_int;
    fn SSL_SESSION_get_id(session: *const SSL_SESSION, length: *mut c_uint) -> *const c_uchar;
    fn SSL_SESSION_set1_id_context(session: *mut SSL_SESSION, context: *const c_uchar, length: c_uint) -> c_int;
    fn SSL_SESSION_get0_id_context(session: *const SSL_SESSION, length: *mut c_uint) -> *const c_uchar;
    fn SSL_SESSION_set_time(session: *mut SSL_SESSION, seconds: c_long) -> c_long;
    fn SSL_SESSION_get_time(session: *const SSL_SESSION) -> c_long;
    #[cfg(ossl330)]
    fn SSL_SESSION_set_time_ex(session: *mut SSL_SESSION, seconds: time_t) -> time_t;
    #[cfg(ossl330)]
    fn SSL_SESSION_get_time_ex(session: *const SSL_SESSION) -> time_t;
    fn SSL_SESSION_set_timeout(session: *mut SSL_SESSION, seconds: c_long) -> c_long;
    fn SSL_SESSION_get_timeout(session: *const SSL_SESSION) -> c_long;
    fn SSL_SESSION_set_protocol_version(session: *mut SSL_SESSION, version: c_int) -> c_int;
    fn SSL_SESSION_get_protocol_version(session: *const SSL_SESSION) -> c_int;
    fn SSL_SESSION_set_cipher(session: *mut SSL_SESSION, cipher: *const SSL_CIPHER) -> c_int;
    fn SSL_SESSION_get0_cipher(session: *const SSL_SESSION) -> *const SSL_CIPHER;
    fn SSL_SESSION_set1_master_key(session: *mut SSL_SESSION, key: *const c_uchar, length: usize) -> c_int;
    fn SSL_SESSION_get_master_key(session: *const SSL_SESSION, out: *mut c_uchar, length: usize) -> usize;
    fn SSL_SESSION_set1_hostname(session: *mut SSL_SESSION, hostname: *const c_char) -> c_int;
    fn SSL_SESSION_get0_hostname(session: *const SSL_SESSION) -> *const c_char;
    fn SSL_SESSION_set1_alpn_selected(session: *mut SSL_SESSION, alpn: *const c_uchar, length: usize) -> c_int;
    fn SSL_SESSION_get0_alpn_selected(session: *const SSL_SESSION, alpn: *mut *const c_uchar, length: *mut usize) -> ();
    fn SSL_SESSION_set_max_early_data(session: *mut SSL_SESSION, bytes: u32) -> c_int;
    fn SSL_SESSION_get_max_early_data(session: *const SSL_SESSION) -> u32;
    fn SSL_SESSION_set1_ticket_appdata(session: *mut SSL_SESSION, data: *const c_void, length: usize) -> c_int;
    fn SSL_SESSION_get0_ticket_appdata(session: *mut SSL_SESSION, data: *mut *mut c_void, length: *mut usize) -> c_int;
    fn SSL_SESSION_has_ticket(session: *const SSL_SESSION) -> c_int;
    fn SSL_SESSION_get0_ticket(session: *const SSL_SESSION, ticket: *mut *const c_uchar, length: *mut usize) -> ();
    fn SSL_SESSION_get_ticket_lifetime_hint(session: *const SSL_SESSION) -> c_ulong;
    fn SSL_SESSION_get_compress_id(session: *const SSL_SESSION) -> c_uint;
    fn SSL_SESSION_get_max_fragment_length(session: *const SSL_SESSION) -> u8;
    fn SSL_SESSION_get0_peer(session: *mut SSL_SESSION) -> *mut X509;
    fn SSL_SESSION_is_resumable(session: *const SSL_SESSION) -> c_int;
    fn SSL_SESSION_set_ex_data(session: *mut SSL_SESSION, index: c_int, value: *mut c_void) -> c_int;
    fn SSL_SESSION_get_ex_data(session: *const SSL_SESSION, index: c_int) -> *mut c_void;
    fn CRYPTO_set_mem_functions(malloc: CRYPTO_malloc_fn, realloc: CRYPTO_realloc_fn, free: CRYPTO_free_fn) -> c_int;
    fn CRYPTO_get_ex_new_index(class: c_int, argl: c_long, argp: *mut c_void, new: CRYPTO_EX_new_fn, dup: CRYPTO_EX_dup_fn, free: CRYPTO_EX_free_fn) -> c_int;
    fn OPENSSL_init_ssl(options: u64, settings: *const OPENSSL_INIT_SETTINGS) -> c_int;
    fn OpenSSL_version_num() -> c_ulong;
    fn OpenSSL_version(what: c_int) -> *const c_char;
    #[cfg(ossl300)]
    fn ERR_new() -> ();
    #[cfg(ossl300)]
    fn ERR_set_error(library: c_int, reason: c_int, format: *const c_char; ...) -> ();
    fn ERR_peek_error() -> c_ulong;
    fn ERR_peek_last_error() -> c_ulong;
    fn ERR_clear_error() -> ();
    fn d2i_SSL_SESSION(a: *mut *mut SSL_SESSION, at: *mut *const c_uchar, length: c_long) -> *mut SSL_SESSION;
    fn i2d_X509(certificate: *const X509, at: *mut *mut c_uchar) -> c_int;
    fn TLS_method() -> *const SSL_METHOD;
    fn TLS_server_method() -> *const SSL_METHOD;
    fn TLS_client_method() -> *const SSL_METHOD;
    fn SSL_CTX_new(method: *const SSL_METHOD) -> *mut SSL_CTX;
    fn SSL_CTX_up_ref(context: *mut SSL_CTX) -> c_int;
    fn SSL_CTX_free(context: *mut SSL_CTX) -> ();
    fn SSL_CTX_ctrl(context: *mut SSL_CTX, command: c_int, number: c_long, pointer: *mut c_void) -> c_long;
    fn SSL_CTX_set_timeout(context: *mut SSL_CTX, seconds: c_long) -> c_long;
    fn SSL_CTX_get_timeout(context: *const SSL_CTX) -> c_long;
    fn SSL_CTX_set_session_id_context(context: *mut SSL_CTX, id_context: *const c_uchar, length: c_uint) -> c_int;
    fn SSL_CTX_add_session(context: *mut SSL_CTX, session: *mut SSL_SESSION) -> c_int;
    fn SSL_CTX_remove_session(context: *mut SSL_CTX, session: *mut SSL_SESSION) -> c_int;
    fn SSL_CTX_flush_sessions(context: *mut SSL_CTX, seconds: c_long) -> ();
    #[cfg(ossl340)]
    fn SSL_CTX_flush_sessions_ex(context: *mut SSL_CTX, seconds: time_t) -> ();
    fn SSL_CTX_sessions(context: *mut SSL_CTX) -> *mut LHASH_OF_SSL_SESSION;
    fn SSL_CTX_sess_set_remove_cb(context: *mut SSL_CTX, callback: remove_session_cb) -> ();
    fn OPENSSL_LH_doall_arg(hash: *mut OPENSSL_LHASH, each: OPENSSL_LH_DOALL_FUNCARG, argument: *mut c_void) -> ();
    fn OPENSSL_LH_retrieve(hash: *mut OPENSSL_LHASH, like: *const c_void) -> *mut c_void;
    fn SSL_new(context: *mut SSL_CTX) -> *mut SSL;
    fn SSL_up_ref(ssl: *mut SSL) -> c_int;
    fn SSL_free(ssl: *mut SSL) -> ();
    fn SSL_clear(ssl: *mut SSL) -> c_int;
    fn SSL_dup(ssl: *mut SSL) -> *mut SSL;
    fn SSL_set_session(ssl: *mut SSL, session: *mut SSL_SESSION) -> c_int;
    fn SSL_get_session(ssl: *const SSL) -> *mut SSL_SESSION;
    fn SSL_get1_session(ssl: *mut SSL) -> *mut SSL_SESSION;
    fn SSL_copy_session_id(to: *mut SSL, from: *const SSL) -> c_int;
    fn SSL_session_reused(ssl: *const SSL) -> c_int;
    fn SSL_get_peer_cert_chain(ssl: *const SSL) -> *mut stack_st_X509;
    fn OPENSSL_sk_num(stack: *const OPENSSL_STACK) -> c_int;
    fn OPENSSL_sk_value(stack: *const OPENSSL_STACK, at: c_int) -> *mut c_void;
    fn SSL_set_session_id_context(ssl: *mut SSL, id_context: *const c_uchar, length: c_uint) -> c_int;
    fn SSL_set_SSL_CTX(ssl: *mut SSL, context: *mut SSL_CTX) -> *mut SSL_CTX;
    fn SSL_version(ssl: *const SSL) -> c_int;
    fn SSL_get_SSL_CTX(ssl: *const SSL) -> *mut SSL_CTX;
    fn SSL_CTX_set_options(context: *mut SSL_CTX, options: u64) -> u64;
    fn SSL_CTX_clear_options(context: *mut SSL_CTX, options: u64) -> u64;
    fn SSL_CTX_set_num_tickets(context: *mut SSL_CTX, tickets: usize) -> c_int;
    fn SSL_CTX_set_verify(context: *mut SSL_CTX, mode: c_int, callback: SSL_verify_cb) -> ();
    fn SSL_CTX_sess_set_new_cb(context: *mut SSL_CTX, callback: new_session_cb) -> ();
    fn SSL_CTX_sess_set_get_cb(context: *mut SSL_CTX, callback: get_session_cb) -> ();
    fn SSL_CTX_set_not_resumable_session_callback(context: *mut SSL_CTX, callback: not_resumable_session_callback) -> ();
    fn SSL_CTX_set_generate_session_id(context: *mut SSL_CTX, callback: GEN_SESSION_CB) -> c_int;
    fn SSL_CTX_set_psk_use_session_callback(context: *mut SSL_CTX, callback: SSL_psk_use_session_cb_func) -> ();
    fn SSL_CTX_set_psk_find_session_callback(context: *mut SSL_CTX, callback: SSL_psk_find_session_cb_func) -> ();
    fn SSL_ctrl(ssl: *mut SSL, command: c_int, number: c_long, pointer: *mut c_void) -> c_long;
    fn SSL_set_connect_state(ssl: *mut SSL) -> ();
    fn SSL_set_accept_state(ssl: *mut SSL) -> ();
    fn SSL_set_bio(ssl: *mut SSL, read: *mut BIO, write: *mut BIO) -> ();
    fn SSL_do_handshake(ssl: *mut SSL) -> c_int;
    fn SSL_read(ssl: *mut SSL, out: *mut c_void, length: c_int) -> c_int;
    fn SSL_shutdown(ssl: *mut SSL) -> c_int;
    fn SSL_set_shutdown(ssl: *mut SSL, mode: c_int) -> ();
    #[cfg(ossl300)]
    fn SSL_new_session_ticket(ssl: *mut SSL) -> c_int;
    fn SSL_use_certificate(ssl: *mut SSL, certificate: *mut X509) -> c_int;
    fn SSL_use_PrivateKey(ssl: *mut SSL, key: *mut EVP_PKEY) -> c_int;
    fn BIO_new(method: *const BIO_METHOD) -> *mut BIO;
    fn BIO_s_mem() -> *const BIO_METHOD;
    fn BIO_up_ref(bio: *mut BIO) -> c_int;
    fn d2i_X509(a: *mut *mut X509, at: *mut *const c_uchar, length: c_long) -> *mut X509;
    fn X509_free(certificate: *mut X509) -> ();
    fn d2i_AutoPrivateKey(a: *mut *mut EVP_PKEY, at: *mut *const c_uchar, length: c_long) -> *mut EVP_PKEY;
    fn EVP_PKEY_free(key: *mut EVP_PKEY) -> ();
    fn RAND_set_rand_method(method: *const RAND_METHOD) -> c_int;
    fn SSL_CIPHER_find(ssl: *mut SSL, code: *const c_uchar) -> *const SSL_CIPHER;
    fn SSL_CIPHER_get_protocol_id(cipher: *const SSL_CIPHER) -> u16;
}

//! The one list of prototypes: every session function that a C port calls, with its C type in Rust's words.
//!
//! `openssl-sys` binds no `SSL_SESSION_new`, `_dup` or `set1_*`; `tests/prototypes.rs` turns this list back into C and lets a
//! C compiler compare it with `<openssl/ssl.h>`.
#![expect(non_camel_case_types, reason = "the names are C's")]

use std::ffi::{c_char, c_double, c_int, c_long, c_uchar, c_uint, c_ulong, c_void};

use libc::time_t;
use openssl_sys::{
    BIO, BIO_METHOD, CRYPTO_EX_DATA, ENGINE, EVP_CIPHER, EVP_CIPHER_CTX, EVP_MD, EVP_PKEY, OPENSSL_INIT_SETTINGS,
    OPENSSL_STACK, SSL, SSL_CIPHER, SSL_CTX, SSL_METHOD, SSL_SESSION, X509, X509_STORE_CTX, stack_st_X509,
};

use super::family::Find;
use crate::op::for_each_op;

/// Follows `<openssl/crypto.h>`.
pub type CRYPTO_malloc_fn = Option<unsafe extern "C" fn(usize, *const c_char, c_int) -> *mut c_void>;
/// Follows `<openssl/crypto.h>`.
pub type CRYPTO_realloc_fn = Option<unsafe extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void>;
/// Follows `<openssl/crypto.h>`.
pub type CRYPTO_free_fn = Option<unsafe extern "C" fn(*mut c_void, *const c_char, c_int)>;
/// Follows `<openssl/crypto.h>`.
pub type CRYPTO_EX_new_fn =
    Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *mut CRYPTO_EX_DATA, c_int, c_long, *mut c_void)>;
/// Follows `<openssl/crypto.h>`.
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
/// Follows `<openssl/crypto.h>`.
pub type CRYPTO_EX_free_fn = CRYPTO_EX_new_fn;
/// Follows the callback that `SSL_CTX_sess_set_remove_cb(3)` takes.
pub type remove_session_cb = Option<unsafe extern "C" fn(*mut SSL_CTX, *mut SSL_SESSION)>;
/// Follows the callback that `SSL_CTX_sess_set_new_cb(3)` takes.
pub type new_session_cb = Option<unsafe extern "C" fn(*mut SSL, *mut SSL_SESSION) -> c_int>;
/// Follows the callback that `SSL_CTX_sess_set_get_cb(3)` takes.
pub type get_session_cb = Option<unsafe extern "C" fn(*mut SSL, *const c_uchar, c_int, *mut c_int) -> *mut SSL_SESSION>;
/// Follows the callback that `SSL_CTX_set_not_resumable_session_callback(3)` takes.
pub type not_resumable_session_callback = Option<unsafe extern "C" fn(*mut SSL, c_int) -> c_int>;
/// Follows `<openssl/ssl.h>`.
pub type SSL_psk_use_session_cb_func = Option<
    unsafe extern "C" fn(*mut SSL, *const EVP_MD, *mut *const c_uchar, *mut usize, *mut *mut SSL_SESSION) -> c_int,
>;
/// Follows `<openssl/ssl.h>`.
pub type SSL_psk_find_session_cb_func =
    Option<unsafe extern "C" fn(*mut SSL, *const c_uchar, usize, *mut *mut SSL_SESSION) -> c_int>;
/// Follows `<openssl/ssl.h>`.
pub type GEN_SESSION_CB = Option<unsafe extern "C" fn(*mut SSL, *mut c_uchar, *mut c_uint) -> c_int>;
/// Follows `<openssl/ssl.h>`.
pub type SSL_CTX_alpn_select_cb_func = Option<
    unsafe extern "C" fn(*mut SSL, *mut *const c_uchar, *mut c_uchar, *const c_uchar, c_uint, *mut c_void) -> c_int,
>;
/// Follows `<openssl/ssl.h>`.
pub type SSL_CTX_generate_session_ticket_fn = Option<unsafe extern "C" fn(*mut SSL, *mut c_void) -> c_int>;
/// Follows `<openssl/ssl.h>`, where status and answer are `int` by other names.
pub type SSL_CTX_decrypt_session_ticket_fn =
    Option<unsafe extern "C" fn(*mut SSL, *mut SSL_SESSION, *const c_uchar, usize, c_int, *mut c_void) -> c_int>;
/// Follows the callback that `SSL_CTX_set_tlsext_ticket_key_evp_cb(3)` takes.
pub type SSL_ticket_key_evp_cb = Option<
    unsafe extern "C" fn(*mut SSL, *mut c_uchar, *mut c_uchar, *mut EVP_CIPHER_CTX, *mut EVP_MAC_CTX, c_int) -> c_int,
>;
/// Follows the callback that `SSL_set_info_callback(3)` takes.
pub type info_callback = Option<unsafe extern "C" fn(*const SSL, c_int, c_int)>;
/// Follows the callback that `SSL_CTX_set_verify(3)` takes.
pub type SSL_verify_cb = Option<unsafe extern "C" fn(c_int, *mut X509_STORE_CTX) -> c_int>;

/// Follows `<openssl/pem.h>`.
pub type pem_password_cb = Option<unsafe extern "C" fn(*mut c_char, c_int, c_int, *mut c_void) -> c_int>;
/// Follows the last argument of `SSL_CTX_callback_ctrl` in `<openssl/ssl.h>`.
pub type callback_of_void = Option<unsafe extern "C" fn()>;
/// Follows `<openssl/asn1.h>`.
pub type i2d_of_void = Option<unsafe extern "C" fn(*const c_void, *mut *mut c_uchar) -> c_int>;
/// Follows `<openssl/asn1.h>`.
pub type d2i_of_void = Option<unsafe extern "C" fn(*mut *mut c_void, *mut *const c_uchar, c_long) -> *mut c_void>;
/// Follows the first argument of `ASN1_d2i_bio` in `<openssl/asn1.h>`.
pub type xnew_of_void = Option<unsafe extern "C" fn() -> *mut c_void>;

/// Follows `<openssl/types.h>`.
#[repr(C)]
pub struct OSSL_LIB_CTX {
    _hidden: [u8; 0],
}

/// Follows `<openssl/types.h>`.
#[repr(C)]
pub struct EVP_MAC_CTX {
    _hidden: [u8; 0],
}

/// Follows `<openssl/core.h>`.
#[expect(missing_docs, reason = "the names are C's")]
#[repr(C)]
pub struct OSSL_PARAM {
    pub key: *const c_char,
    pub data_type: c_uint,
    pub data: *mut c_void,
    pub data_size: usize,
    pub return_size: usize,
}

/// Follows `<openssl/rand.h>`.
#[expect(missing_docs, reason = "the names are C's")]
#[repr(C)]
pub struct RAND_METHOD {
    pub seed: Option<unsafe extern "C" fn(*const c_void, c_int) -> c_int>,
    pub bytes: Option<unsafe extern "C" fn(*mut c_uchar, c_int) -> c_int>,
    pub cleanup: Option<unsafe extern "C" fn()>,
    pub add: Option<unsafe extern "C" fn(*const c_void, c_int, c_double) -> c_int>,
    pub pseudorand: Option<unsafe extern "C" fn(*mut c_uchar, c_int) -> c_int>,
    pub status: Option<unsafe extern "C" fn() -> c_int>,
}

/// Follows `<openssl/lhash.h>`.
pub type OPENSSL_LH_DOALL_FUNCARG = Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>;

/// Follows `<openssl/ssl.h>`. Stands for the list of compression methods.
#[repr(C)]
pub struct stack_st_SSL_COMP {
    _hidden: [u8; 0],
}

/// Follows `<openssl/ssl.h>`.
#[repr(C)]
pub struct SSL_COMP {
    _hidden: [u8; 0],
}

/// Follows `<openssl/lhash.h>`. Stands for the hash of a cache, as `SSL_CTX_sessions` returns it.
#[repr(C)]
pub struct LHASH_OF_SSL_SESSION {
    _hidden: [u8; 0],
}

/// Follows `<openssl/lhash.h>`.
#[repr(C)]
pub struct OPENSSL_LHASH {
    _hidden: [u8; 0],
}

macro_rules! prototypes {
    ($(
        $(if $condition:ident)? fn $name:ident($($type:ty),* $(; $dots:tt)?) -> $result:ty;
    )*) => {
        mod linked {
            use super::*;

            unsafe extern "C" {
                $(
                    $(#[cfg($condition)])?
                    pub fn $name($(_: $type),* $(, $dots)?) -> $result;
                )*
            }
        }

        /// Holds the functions of one library; `None`: the library does not have this one.
        #[expect(non_snake_case, missing_docs, reason = "the names are C's")]
        pub struct Api {
            $(pub $name: Option<unsafe extern "C" fn($($type),* $(, $dots)?) -> $result>,)*
        }

        impl Api {
            /// Returns the functions that this executable is linked with.
            pub const fn linked() -> Api {
                Api { $($name: {
                    $(#[cfg(not($condition))] { None } #[cfg($condition)])?
                    { Some(linked::$name) }
                },)* }
            }

            /// Takes the functions that a library has.
            ///
            /// # Safety
            /// What is found has the types of the list, and the library is never closed.
            pub(super) unsafe fn loaded(find: Find<'_>) -> Api {
                Api { $($name: find(stringify!($name)).map(|found| {
                    // SAFETY: as the caller says.
                    unsafe {
                        std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($type),* $(, $dots)?) -> $result>(found)
                    }
                }),)* }
            }

            /// Takes a function from another list.
            pub(super) fn take(&mut self, name: &str, other: &Api) {
                match name { $(stringify!($name) => self.$name = other.$name,)* _ => {} }
            }

            /// Leaves a function out.
            pub(super) fn leave_out(&mut self, name: &str) {
                match name { $(stringify!($name) => self.$name = None,)* _ => {} }
            }

            /// Tells whether the library has the function; `None`: the name is not in the list.
            pub fn has(&self, name: &str) -> Option<bool> {
                match name { $(stringify!($name) => Some(self.$name.is_some()),)* _ => None }
            }
        }

        /// Lists name, argument types, result type and condition of each function, as they are written here.
        pub const LIST: &[(&str, &[&str], &str, &str)] = &[
            $((stringify!($name), &[$(stringify!($type),)* $(stringify!($dots))?], stringify!($result), concat!($(stringify!($condition))?)),)*
        ];
    };
}

/// Adds the functions of the table of ops to those that the harness calls besides.
macro_rules! prototypes_of_ops {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt $operands:tt $facts:tt {$($c:tt)*};
    )* })*) => {
        collect! { [] $($( $name {$($c)*} )*)* }
    };
}

/// Drops the rows that name no function, one row after the other.
macro_rules! collect {
    ([$($listed:tt)*] $name:ident {own} $($rest:tt)*) => { collect! { [$($listed)*] $($rest)* } };
    ([$($listed:tt)*] $name:ident {ctrl $command:literal} $($rest:tt)*) => { collect! { [$($listed)*] $($rest)* } };
    ([$($listed:tt)*] $name:ident {if $condition:ident by_hand fn $($prototype:tt)*} $($rest:tt)*) => {
        collect! { [$($listed)* if $condition fn $name $($prototype)*;] $($rest)* }
    };
    ([$($listed:tt)*] $name:ident {if $condition:ident fn $($prototype:tt)*} $($rest:tt)*) => {
        collect! { [$($listed)* if $condition fn $name $($prototype)*;] $($rest)* }
    };
    ([$($listed:tt)*] $name:ident {by_hand $($prototype:tt)*} $($rest:tt)*) => {
        collect! { [$($listed)*] $name {$($prototype)*} $($rest)* }
    };
    ([$($listed:tt)*] $name:ident {fn $($prototype:tt)*} $($rest:tt)*) => {
        collect! { [$($listed)* fn $name $($prototype)*;] $($rest)* }
    };
    ([$($listed:tt)*]) => {
        prototypes! {
            $($listed)*
            fn CRYPTO_set_mem_functions(CRYPTO_malloc_fn, CRYPTO_realloc_fn, CRYPTO_free_fn) -> c_int;
            fn CRYPTO_get_ex_new_index(c_int, c_long, *mut c_void, CRYPTO_EX_new_fn, CRYPTO_EX_dup_fn, CRYPTO_EX_free_fn) -> c_int;
            fn OPENSSL_init_ssl(u64, *const OPENSSL_INIT_SETTINGS) -> c_int;
            fn OpenSSL_version_num() -> c_ulong;
            fn OpenSSL_version(c_int) -> *const c_char;
            if ossl300 fn ERR_new() -> ();
            if ossl300 fn ERR_set_error(c_int, c_int, *const c_char; ...) -> ();
            fn ERR_peek_error() -> c_ulong;
            fn ERR_peek_last_error() -> c_ulong;
            fn ERR_clear_error() -> ();
            fn i2d_X509(*const X509, *mut *mut c_uchar) -> c_int;
            fn TLS_method() -> *const SSL_METHOD;
            fn TLS_server_method() -> *const SSL_METHOD;
            fn TLS_client_method() -> *const SSL_METHOD;
            fn DTLS_server_method() -> *const SSL_METHOD;
            fn DTLS_client_method() -> *const SSL_METHOD;
            fn SSL_CTX_ctrl(*mut SSL_CTX, c_int, c_long, *mut c_void) -> c_long;
            fn OPENSSL_LH_doall_arg(*mut OPENSSL_LHASH, OPENSSL_LH_DOALL_FUNCARG, *mut c_void) -> ();
            fn OPENSSL_LH_retrieve(*mut OPENSSL_LHASH, *const c_void) -> *mut c_void;
            fn OPENSSL_sk_num(*const OPENSSL_STACK) -> c_int;
            fn OPENSSL_sk_value(*const OPENSSL_STACK, c_int) -> *mut c_void;
            fn SSL_COMP_get_compression_methods() -> *mut stack_st_SSL_COMP;
            fn SSL_COMP_get_id(*const SSL_COMP) -> c_int;
            fn SSL_version(*const SSL) -> c_int;
            fn SSL_is_server(*const SSL) -> c_int;
            fn SSL_is_init_finished(*const SSL) -> c_int;
            fn SSL_get_SSL_CTX(*const SSL) -> *mut SSL_CTX;
            fn SSL_ctrl(*mut SSL, c_int, c_long, *mut c_void) -> c_long;
            fn SSL_CTX_callback_ctrl(*mut SSL_CTX, c_int, callback_of_void) -> c_long;
            fn SSL_set_connect_state(*mut SSL) -> ();
            fn SSL_set_accept_state(*mut SSL) -> ();
            fn SSL_set_bio(*mut SSL, *mut BIO, *mut BIO) -> ();
            fn SSL_set_info_callback(*mut SSL, info_callback) -> ();
            fn SSL_do_handshake(*mut SSL) -> c_int;
            fn SSL_read(*mut SSL, *mut c_void, c_int) -> c_int;
            fn SSL_write(*mut SSL, *const c_void, c_int) -> c_int;
            fn SSL_write_early_data(*mut SSL, *const c_void, usize, *mut usize) -> c_int;
            fn SSL_read_early_data(*mut SSL, *mut c_void, usize, *mut usize) -> c_int;
            fn SSL_get_early_data_status(*const SSL) -> c_int;
            fn SSL_use_certificate(*mut SSL, *mut X509) -> c_int;
            fn SSL_use_PrivateKey(*mut SSL, *mut EVP_PKEY) -> c_int;
            fn BIO_new(*const BIO_METHOD) -> *mut BIO;
            fn BIO_s_mem() -> *const BIO_METHOD;
            fn BIO_up_ref(*mut BIO) -> c_int;
            fn BIO_new_mem_buf(*const c_void, c_int) -> *mut BIO;
            fn BIO_ctrl(*mut BIO, c_int, c_long, *mut c_void) -> c_long;
            fn BIO_free(*mut BIO) -> c_int;
            fn CRYPTO_free(*mut c_void, *const c_char, c_int) -> ();
            fn ASN1_i2d_bio(i2d_of_void, *mut BIO, *const c_void) -> c_int;
            fn ASN1_d2i_bio(xnew_of_void, d2i_of_void, *mut BIO, *mut *mut c_void) -> *mut c_void;
            fn d2i_PUBKEY(*mut *mut EVP_PKEY, *mut *const c_uchar, c_long) -> *mut EVP_PKEY;
            fn i2d_PUBKEY(*const EVP_PKEY, *mut *mut c_uchar) -> c_int;
            fn X509_verify_cert_error_string(c_long) -> *const c_char;
            fn d2i_X509(*mut *mut X509, *mut *const c_uchar, c_long) -> *mut X509;
            fn X509_free(*mut X509) -> ();
            fn d2i_AutoPrivateKey(*mut *mut EVP_PKEY, *mut *const c_uchar, c_long) -> *mut EVP_PKEY;
            fn EVP_aes_256_cbc() -> *const EVP_CIPHER;
            fn EVP_EncryptInit_ex(*mut EVP_CIPHER_CTX, *const EVP_CIPHER, *mut ENGINE, *const c_uchar, *const c_uchar) -> c_int;
            fn EVP_DecryptInit_ex(*mut EVP_CIPHER_CTX, *const EVP_CIPHER, *mut ENGINE, *const c_uchar, *const c_uchar) -> c_int;
            if ossl300 fn EVP_MAC_CTX_set_params(*mut EVP_MAC_CTX, *const OSSL_PARAM) -> c_int;
            fn EVP_PKEY_free(*mut EVP_PKEY) -> ();
            fn RAND_set_rand_method(*const RAND_METHOD) -> c_int;
            fn SSL_CIPHER_find(*mut SSL, *const c_uchar) -> *const SSL_CIPHER;
            fn SSL_CIPHER_get_protocol_id(*const SSL_CIPHER) -> u16;
        }
    };
}

for_each_op!(prototypes_of_ops);

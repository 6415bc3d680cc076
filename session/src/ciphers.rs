//! Cipher suites: constants that are named by their codes.

use std::collections::HashMap;
use std::ffi::c_uchar;
use std::ptr;
use std::sync::{LazyLock, Mutex, PoisonError};

use sessdiff::native::Cipher;

use crate::contexts::SSL;
use crate::library::LIBRARY;

/// Is what `SSL_CIPHER *` points to.
pub struct SSL_CIPHER(pub Cipher);

/// Returns the suite of a code, which stays for good.
pub fn cipher_of(cipher: Cipher) -> *const SSL_CIPHER {
    static ALL: LazyLock<Mutex<HashMap<Cipher, &'static SSL_CIPHER>>> = LazyLock::new(Mutex::default);
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    *all.entry(cipher).or_insert_with(|| Box::leak(Box::new(SSL_CIPHER(cipher))))
}

exports! {
    /// Finds the suite of a code of two bytes; `NULL`: the release knows none.
    fn SSL_CIPHER_find(_x: *mut SSL, code: *const c_uchar) -> *const SSL_CIPHER, or ptr::null() => {
        let cipher = Cipher(u16::from_be_bytes([*code, *code.add(1)]));
        if LIBRARY.cipher_name(cipher).is_some() { cipher_of(cipher) } else { ptr::null() }
    };

    /// Returns the code of a suite.
    fn SSL_CIPHER_get_protocol_id(cipher: *const SSL_CIPHER) -> u16, or 0 => (*cipher).0.0;
}

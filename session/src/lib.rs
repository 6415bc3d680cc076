//! The native session as a C library: `SSL_SESSION` of OpenSSL 3.6.3, and the contexts that cache it, under OpenSSL's names.
//!
//! `include/sessdiff_session.h` declares what there is; types and meaning are those of `<openssl/ssl.h>`. There is no connection that
//! could be made, and no cryptography: a certificate is any DER of a sequence.
//!
//! Every function keeps to its manual page, and asks of its caller what that page asks. A panic does not leave the library: the
//! function fails then, and `ERR_R_INTERNAL_ERROR` is in the error queue.
#![expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "the names are C's")]

/// Defines functions under C's names: each with what it returns where it fails without a word, and what it does.
macro_rules! exports {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty, or $failed:expr => $body:expr;
    )*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// Each pointer is what the manual page says that it is, and lives.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            // SAFETY: as the caller promises.
            #[allow(unused_unsafe, reason = "what some bodies need")]
            $crate::errors::contained($failed, || unsafe { $body })
        }
    )*};
}

mod accessors;
mod bio;
mod bytes;
mod ciphers;
mod contexts;
mod errors;
mod ex_data;
mod lent;
mod library;
mod sessions;

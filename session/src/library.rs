//! The one library of the process: its release, and the clock that it reads.

use std::ffi::{c_char, c_int, c_ulong, c_void};
use std::ptr;
use std::sync::{Arc, LazyLock};

use sessdiff::native::{Clock, Library, Release};

/// Makes all sessions and contexts.
pub static LIBRARY: LazyLock<Arc<Library>> = LazyLock::new(|| Library::new(Release::V3_6_3, Clock::Read(micros)));

/// Is `OPENSSL_VERSION_NUMBER` of [`LIBRARY`].
const VERSION_NUMBER: c_ulong = 0x3060_0030;
/// Is what `OpenSSL_version` says of it.
const VERSION: &std::ffi::CStr = c"OpenSSL 3.6.3 (the native session of sessdiff)";

/// Reads the clock as OpenSSL does, microseconds since 1970.
fn micros() -> u64 {
    let mut now = libc::timeval { tv_sec: 0, tv_usec: 0 };
    // SAFETY: a place to write to, and no time zone.
    unsafe { libc::gettimeofday(&mut now, ptr::null_mut()) };
    (now.tv_sec as u64).wrapping_mul(1_000_000).wrapping_add(now.tv_usec as u64)
}

exports! {
    /// Makes the library ready: there is nothing to do.
    fn OPENSSL_init_ssl(_options: u64, _settings: *const c_void) -> c_int, or 0 => 1;

    /// Returns the number of the release.
    fn OpenSSL_version_num() -> c_ulong, or 0 => VERSION_NUMBER;

    /// Says which library it is, whatever is asked for.
    fn OpenSSL_version(_what: c_int) -> *const c_char, or ptr::null() => VERSION.as_ptr();

    /// Frees what a function of this library has allocated.
    fn CRYPTO_free(block: *mut c_void, _file: *const c_char, _line: c_int) -> (), or () => libc::free(block);
}

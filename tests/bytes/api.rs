//! The OpenSSL that the native session is compared with: the linked one, or one that is named.

use std::ffi::{CStr, c_char, c_int, c_long, c_uchar, c_ulong, c_void};
use std::ptr::null_mut;
use std::sync::Arc;

use openssl_sys as _;
use sessdiff::native::{Clock, Compression, Keys, Library, Parsed, Release};

/// Names a library with all of libssl and libcrypto, in place of the linked one.
const NAMED: &str = "SESSDIFF_BYTES_LIBRARY";

const BIO_CTRL_INFO: c_int = 3;

type Any = *mut c_void;

/// Declares functions, and how to find them in the linked library and in one that is opened.
macro_rules! api {
    ($($name:ident($($arg:ty),*) -> $result:ty;)*) => {
        mod linked {
            use super::*;
            unsafe extern "C" { $(pub fn $name($(_: $arg),*) -> $result;)* }
        }

        /// Holds the functions of one OpenSSL.
        #[allow(non_snake_case, reason = "the names of C")]
        pub struct Api { $(pub $name: unsafe extern "C" fn($($arg),*) -> $result,)* }

        impl Api {
            fn linked() -> Api {
                Api { $($name: linked::$name,)* }
            }

            fn of(library: &'static libloading::Library) -> Api {
                // SAFETY: the prototypes are those of the headers.
                unsafe { Api { $($name: *library.get(concat!(stringify!($name), "\0").as_bytes()).expect(stringify!($name)),)* } }
            }
        }
    };
}

api! {
    OpenSSL_version_num() -> c_ulong;
    ERR_peek_error() -> c_ulong;
    ERR_clear_error() -> ();
    SSL_SESSION_new() -> Any;
    SSL_SESSION_dup(Any) -> Any;
    SSL_SESSION_free(Any) -> ();
    SSL_SESSION_has_ticket(Any) -> c_int;
    SSL_SESSION_is_resumable(Any) -> c_int;
    SSL_SESSION_get0_ticket(Any, *mut *const c_uchar, *mut usize) -> ();
    SSL_SESSION_set_cipher(Any, Any) -> c_int;
    SSL_SESSION_set_protocol_version(Any, c_int) -> c_int;
    d2i_SSL_SESSION(*mut Any, *mut *const c_uchar, c_long) -> Any;
    i2d_SSL_SESSION(Any, *mut *mut c_uchar) -> c_int;
    ASN1_d2i_bio(unsafe extern "C" fn() -> Any, unsafe extern "C" fn(*mut Any, *mut *const c_uchar, c_long) -> Any, Any, *mut Any) -> Any;
    PEM_read_bio_SSL_SESSION(Any, *mut Any, Option<unsafe extern "C" fn(*mut c_char, c_int, c_int, Any) -> c_int>, Any) -> Any;
    PEM_write_bio_SSL_SESSION(Any, Any) -> c_int;
    SSL_SESSION_print(Any, Any) -> c_int;
    SSL_SESSION_print_keylog(Any, Any) -> c_int;
    BIO_s_mem() -> Any;
    BIO_new(Any) -> Any;
    BIO_new_mem_buf(*const c_void, c_int) -> Any;
    BIO_ctrl(Any, c_int, c_long, Any) -> c_long;
    BIO_free(Any) -> c_int;
    d2i_X509(*mut Any, *mut *const c_uchar, c_long) -> Any;
    i2d_X509(Any, *mut *mut c_uchar) -> c_int;
    X509_free(Any) -> ();
    d2i_PUBKEY(*mut Any, *mut *const c_uchar, c_long) -> Any;
    i2d_PUBKEY(Any, *mut *mut c_uchar) -> c_int;
    EVP_PKEY_free(Any) -> ();
    X509_verify_cert_error_string(c_long) -> *const c_char;
}

unsafe extern "C" fn no_password(_: *mut c_char, _: c_int, _: c_int, _: Any) -> c_int {
    -1
}

/// Says how bytes are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Der,
    Bio,
    Pem,
}

impl Api {
    /// Opens the library that is named, or takes the linked one.
    pub fn new() -> Api {
        let Ok(path) = std::env::var(NAMED) else { return Api::linked() };
        // SAFETY: a build of OpenSSL.
        Api::of(Box::leak(Box::new(unsafe { libloading::Library::new(path) }.expect("a library"))))
    }

    /// Makes a native library of the same release and build.
    pub fn native(&self) -> Arc<Library> {
        // SAFETY: it takes nothing.
        let release = Release::from_version_number(unsafe { (self.OpenSSL_version_num)() }).expect("a release");
        let library = Library::new(release, Clock::System);
        let method = [0x30, 25, 2, 1, 1, 2, 2, 3, 3, 4, 2, 0xc0, 0x2f, 4, 0, 4, 0, 0xa4, 2, 4, 0, 0xab, 3, 4, 1, 9];
        let (read, _) = self.read(By::Der, None, &fix_length(&method));
        let written = self.to_der(read.expect("a session")).expect("a session with a suite");
        let keeps = written.windows(5).any(|bytes| bytes == [0xab, 3, 4, 1, 9]);
        library.set_compression(if keeps { Compression::Numbers } else { Compression::Absent });
        self.free(read.expect("a session"));
        library
    }

    /// Reads bytes into a session, or makes one. Returns it, if they are taken, and how many were.
    pub fn read(&self, by: By, into: Option<Any>, bytes: &[u8]) -> (Option<Any>, usize) {
        let mut session = into.unwrap_or(null_mut());
        let slot = &mut session as *mut Any;
        // SAFETY: the bytes outlive the calls, and the slot has a session of ours or NULL.
        unsafe {
            let mut at = bytes.as_ptr();
            let read = match by {
                By::Der => (self.d2i_SSL_SESSION)(slot, &mut at, bytes.len() as c_long),
                By::Bio | By::Pem => {
                    let bio = (self.BIO_new_mem_buf)(bytes.as_ptr().cast(), bytes.len() as c_int);
                    let read = match by {
                        By::Pem => (self.PEM_read_bio_SSL_SESSION)(bio, slot, Some(no_password), null_mut()),
                        By::Der | By::Bio => (self.ASN1_d2i_bio)(self.SSL_SESSION_new, self.d2i_SSL_SESSION, bio, slot),
                    };
                    (self.BIO_free)(bio);
                    read
                }
            };
            ((!read.is_null()).then_some(read), at.offset_from(bytes.as_ptr()) as usize)
        }
    }

    /// Returns whether there is an error, and forgets it.
    pub fn take_error(&self) -> bool {
        // SAFETY: they take nothing.
        unsafe {
            let is = (self.ERR_peek_error)() != 0;
            (self.ERR_clear_error)();
            is
        }
    }

    pub fn to_der(&self, session: Any) -> Option<Vec<u8>> {
        // SAFETY: the session lives.
        encode(|out| unsafe { (self.i2d_SSL_SESSION)(session, out) })
    }

    /// Returns what a function writes to a BIO, and whether it succeeds.
    pub fn write(&self, write: impl FnOnce(Any) -> c_int) -> (bool, Vec<u8>) {
        // SAFETY: the BIO is ours.
        unsafe {
            let bio = (self.BIO_new)((self.BIO_s_mem)());
            let done = write(bio) > 0;
            let mut data: *const u8 = std::ptr::null();
            let length = (self.BIO_ctrl)(bio, BIO_CTRL_INFO, 0, (&raw mut data).cast());
            let out = if length > 0 { std::slice::from_raw_parts(data, length as usize).to_vec() } else { Vec::new() };
            (self.BIO_free)(bio);
            (done, out)
        }
    }

    pub fn write_pem(&self, session: Any) -> (bool, Vec<u8>) {
        // SAFETY: the session lives.
        self.write(|bio| unsafe { (self.PEM_write_bio_SSL_SESSION)(bio, session) })
    }

    pub fn free(&self, session: Any) {
        // SAFETY: the caller's reference.
        unsafe { (self.SSL_SESSION_free)(session) }
    }

    /// Returns everything of a session that can be seen from outside and is kept here.
    pub fn look(&self, session: Any) -> Look {
        // SAFETY: the session lives, and the calls take it as it is.
        unsafe {
            let (mut ticket, mut ticket_length) = (std::ptr::null(), 0);
            (self.SSL_SESSION_get0_ticket)(session, &mut ticket, &mut ticket_length);
            let copy = (self.SSL_SESSION_dup)(session);
            let dup = (!copy.is_null()).then(|| (self.to_der(copy), (self.SSL_SESSION_has_ticket)(copy) != 0));
            self.free(copy);
            (self.ERR_clear_error)();
            let look = Look {
                der: self.to_der(session),
                pem: self.write(|bio| (self.PEM_write_bio_SSL_SESSION)(bio, session)),
                print: self.write(|bio| (self.SSL_SESSION_print)(bio, session)),
                keylog: self.write(|bio| (self.SSL_SESSION_print_keylog)(bio, session)),
                has_ticket: (self.SSL_SESSION_has_ticket)(session) != 0,
                is_resumable: (self.SSL_SESSION_is_resumable)(session) != 0,
                ticket_length,
                dup,
            };
            (self.ERR_clear_error)();
            look
        }
    }
}

/// Holds what was seen of a session.
#[derive(PartialEq, Eq)]
pub struct Look {
    pub der: Option<Vec<u8>>,
    pub pem: (bool, Vec<u8>),
    pub print: (bool, Vec<u8>),
    pub keylog: (bool, Vec<u8>),
    pub has_ticket: bool,
    pub is_resumable: bool,
    pub ticket_length: usize,
    pub dup: Option<(Option<Vec<u8>>, bool)>,
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:?}", self.der.as_deref().map(hex))?;
        writeln!(f, "{} {}", self.print.0, String::from_utf8_lossy(&self.print.1))?;
        writeln!(f, "{} {}", self.pem.0, String::from_utf8_lossy(&self.pem.1))?;
        writeln!(f, "{} {}", self.keylog.0, String::from_utf8_lossy(&self.keylog.1))?;
        let dup = self.dup.as_ref().map(|(der, has)| (der.as_deref().map(hex), has));
        write!(f, "{} {} {} {dup:?}", self.has_ticket, self.is_resumable, self.ticket_length)
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Corrects the length of a sequence of fewer than 130 bytes.
pub fn fix_length(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[1] = (bytes.len() - 2) as u8;
    bytes
}

/// Calls a function of the kind of `i2d` twice.
fn encode(mut i2d: impl FnMut(*mut *mut c_uchar) -> c_int) -> Option<Vec<u8>> {
    let length = i2d(null_mut());
    if length <= 0 {
        return None;
    }
    let mut out = vec![0; length as usize];
    let mut at = out.as_mut_ptr();
    assert_eq!(i2d(&mut at), length);
    Some(out)
}

/// Reads certificates and keys with the same library.
impl Keys for &Api {
    fn certificate(&mut self, bytes: &[u8]) -> Option<Parsed> {
        self.parse(bytes, self.d2i_X509, self.i2d_X509, self.X509_free)
    }

    fn public_key(&mut self, bytes: &[u8]) -> Option<Parsed> {
        self.parse(bytes, self.d2i_PUBKEY, self.i2d_PUBKEY, self.EVP_PKEY_free)
    }

    fn verify_text(&mut self, code: i64) -> String {
        // SAFETY: the string is static, or in a buffer of the library until the next call.
        unsafe { CStr::from_ptr((self.X509_verify_cert_error_string)(code)) }.to_str().expect("a text").into()
    }
}

impl Api {
    fn parse(
        &self,
        bytes: &[u8],
        d2i: unsafe extern "C" fn(*mut Any, *mut *const c_uchar, c_long) -> Any,
        i2d: unsafe extern "C" fn(Any, *mut *mut c_uchar) -> c_int,
        free: unsafe extern "C" fn(Any) -> (),
    ) -> Option<Parsed> {
        let mut at = bytes.as_ptr();
        // SAFETY: the bytes outlive the call, and the object is ours.
        unsafe {
            let object = d2i(null_mut(), &mut at, bytes.len() as c_long);
            (self.ERR_clear_error)();
            if object.is_null() {
                return None;
            }
            let der = encode(|out| i2d(object, out)).unwrap_or_default();
            free(object);
            Some(Parsed { length: at.offset_from(bytes.as_ptr()) as usize, der })
        }
    }
}

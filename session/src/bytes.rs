//! Sessions as bytes: DER, PEM and text; certificates and public keys, which are DER of a sequence and nothing more.

use std::ffi::{c_char, c_int, c_long, c_uchar, c_void};
use std::ptr;
use std::sync::PoisonError;

use sessdiff::native::{Keys, NotRead, Parsed, Session};

use crate::accessors::bytes;
use crate::bio::BIO;
use crate::errors::{ASN1_LIB, raise_ssl};
use crate::library::LIBRARY;
use crate::sessions::{SSL_SESSION, give, settle_all};

/// Holds a certificate: what `X509 *` points to.
pub struct X509(Vec<u8>);
/// Holds a public key: what `EVP_PKEY *` points to.
pub struct EVP_PKEY(Vec<u8>);

/// Is a function that writes something in DER.
type I2d = Option<unsafe extern "C" fn(*const c_void, *mut *mut c_uchar) -> c_int>;
/// Is a function that reads something in DER.
type D2i = Option<unsafe extern "C" fn(*mut *mut c_void, *mut *const c_uchar, c_long) -> *mut c_void>;
/// Is a function that makes something to read into.
type Xnew = Option<unsafe extern "C" fn() -> *mut c_void>;
/// Asks for a password, which nothing here has.
type Password = Option<unsafe extern "C" fn(*mut c_char, c_int, c_int, *mut c_void) -> c_int>;

/// Reads certificates and keys as far as this library does.
struct Sequences;

impl Keys for Sequences {
    fn certificate(&mut self, bytes: &[u8]) -> Option<Parsed> {
        let length = sequence(bytes)?;
        Some(Parsed { length, der: bytes[..length].to_vec() })
    }

    fn public_key(&mut self, bytes: &[u8]) -> Option<Parsed> {
        self.certificate(bytes)
    }

    fn verify_text(&mut self, code: i64) -> String {
        verify_text(code).to_string_lossy().into_owned()
    }
}

/// Returns how many bytes the sequence at the beginning has; `None`: there is none, or not all of it.
fn sequence(bytes: &[u8]) -> Option<usize> {
    let [0x30, first, rest @ ..] = bytes else { return None };
    let (header, length) = match first {
        0..=0x7f => (2, usize::from(*first)),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let digits = rest.get(..count)?;
            (2 + count, digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
        }
        0x80 | 0x85..=0xff => return None,
    };
    let all = header + length;
    (all <= bytes.len()).then_some(all)
}

/// Says what a result of a verification means.
fn verify_text(code: i64) -> &'static std::ffi::CStr {
    match code {
        0 => c"ok",
        1 => c"unspecified certificate verification error",
        _ => c"another certificate verification error",
    }
}

/// Writes bytes as `i2d` functions do: to `*out`, which is moved behind them, or to memory of its own where that is `NULL`. Returns how
/// many there are.
///
/// # Safety
/// `out` is `NULL`, or `*out` is `NULL` or has room for them.
unsafe fn write_out(bytes: &[u8], out: *mut *mut c_uchar) -> c_int {
    // SAFETY: as the caller says; what is allocated has room.
    unsafe {
        if !out.is_null() {
            let is_ours = (*out).is_null();
            let at = if is_ours { libc::malloc(bytes.len().max(1)).cast() } else { *out };
            if at.is_null() {
                return -1;
            }
            ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len());
            *out = if is_ours { at } else { at.add(bytes.len()) };
        }
    }
    bytes.len() as c_int
}

fn raise_not_read(why: NotRead) {
    if why.raises() {
        raise_ssl(ASN1_LIB);
    }
}

/// Returns the session to read into: that of the variable, where there is one.
///
/// # Safety
/// `variable` is `NULL` or the place of a session or of `NULL`.
unsafe fn target<'a>(variable: *mut *mut SSL_SESSION) -> Option<&'a SSL_SESSION> {
    // SAFETY: as the caller says.
    unsafe { variable.as_ref().and_then(|session| session.as_ref()) }
}

/// Ends a function that reads a session: `new` makes one, `into` changes that of the variable, and both say what comes with it.
///
/// # Safety
/// As [`target`].
unsafe fn read_session<R>(
    variable: *mut *mut SSL_SESSION,
    new: impl FnOnce() -> Result<(Session, R), NotRead>,
    into: impl FnOnce(&Session) -> Result<R, NotRead>,
) -> Option<(*mut SSL_SESSION, R)> {
    // SAFETY: as the caller says.
    let read = match unsafe { target(variable) } {
        Some(session) => into(&session.native()).map(|with| (ptr::from_ref(session).cast_mut(), with)),
        None => new().map(|(session, with)| (give(session), with)),
    };
    match read {
        Ok((session, with)) => {
            if !variable.is_null() {
                // SAFETY: as the caller says.
                unsafe { *variable = session };
            }
            Some((session, with))
        }
        Err(why) => {
            raise_not_read(why);
            // What was begun is destroyed, and callbacks may have been told of it.
            settle_all();
            None
        }
    }
}

/// Reads what is at the beginning of a BIO, and takes all that is in it.
///
/// # Safety
/// As [`target`], and a BIO.
unsafe fn read_bio(variable: *mut *mut SSL_SESSION, bio: *mut BIO, pem: bool) -> *mut SSL_SESSION {
    // SAFETY: as the caller says.
    unsafe {
        let bytes = std::mem::take(&mut *(*bio).bytes());
        let read = if pem {
            let new = || LIBRARY.session_from_pem(&bytes, &mut Sequences).map(|session| (session, ()));
            read_session(variable, new, |session| session.read_pem(&bytes, &mut Sequences))
        } else {
            let new = || LIBRARY.session_from_der_bio(&bytes, &mut Sequences).map(|session| (session, ()));
            read_session(variable, new, |session| session.read_der_bio(&bytes, &mut Sequences))
        };
        read.map_or(ptr::null_mut(), |(session, ())| session)
    }
}

/// Writes with `write` into a BIO; what was written before it failed stays there.
///
/// # Safety
/// A session and a BIO.
unsafe fn write_bio(bio: *mut BIO, s: *const SSL_SESSION, write: impl FnOnce(&Session, &mut Vec<u8>) -> bool) -> c_int {
    let mut out = Vec::new();
    // SAFETY: as the caller says.
    let done = unsafe { write(&(*s).native(), &mut out) };
    // SAFETY: as above.
    unsafe { (*bio).write(&out) };
    done.into()
}

/// Reads a session in DER.
///
/// # Safety
/// As [`target`]; so many bytes are at `*at`.
unsafe fn read_der(variable: *mut *mut SSL_SESSION, at: *mut *const c_uchar, length: c_long) -> *mut SSL_SESSION {
    // SAFETY: as the caller says.
    unsafe {
        let length = usize::try_from(length).unwrap_or(0);
        let der = bytes(*at, length).unwrap_or_default();
        let new = || LIBRARY.session_from_der(der, &mut Sequences);
        match read_session(variable, new, |session| session.read_der(der, &mut Sequences)) {
            Some((session, taken)) => {
                *at = (*at).add(taken);
                session
            }
            None => ptr::null_mut(),
        }
    }
}

/// Reads a sequence into a box of its own.
///
/// # Safety
/// So many bytes are at `*at`; `variable` is `NULL` or a place to write to, and what was there is not freed.
unsafe fn read_sequence<T>(
    variable: *mut *mut T,
    at: *mut *const c_uchar,
    length: c_long,
    new: fn(Vec<u8>) -> T,
) -> *mut T {
    // SAFETY: as the caller says.
    unsafe {
        let all = bytes(*at, usize::try_from(length).unwrap_or(0)).unwrap_or_default();
        let Some(taken) = sequence(all) else {
            raise_ssl(ASN1_LIB);
            return ptr::null_mut();
        };
        *at = (*at).add(taken);
        let made = Box::into_raw(Box::new(new(all[..taken].to_vec())));
        if !variable.is_null() {
            *variable = made;
        }
        made
    }
}

exports! {
    /// Writes a session in DER. Returns how many bytes that are; 0: it has no cipher suite.
    fn i2d_SSL_SESSION(s: *const SSL_SESSION, out: *mut *mut c_uchar) -> c_int, or 0 => {
        let mut der = Vec::new();
        if s.is_null() || !(*s).native().to_der(&mut der) { 0 } else { write_out(&der, out) }
    };

    /// Reads a session in DER, into that of `*variable` where there is one.
    fn d2i_SSL_SESSION(variable: *mut *mut SSL_SESSION, at: *mut *const c_uchar, length: c_long) -> *mut SSL_SESSION,
        or ptr::null_mut() => read_der(variable, at, length);

    /// Reads a session in DER; there is one library context.
    fn d2i_SSL_SESSION_ex(
        variable: *mut *mut SSL_SESSION,
        at: *mut *const c_uchar,
        length: c_long,
        _library: *mut c_void,
        _properties: *const c_char
    ) -> *mut SSL_SESSION, or ptr::null_mut() => read_der(variable, at, length);

    /// Writes something in DER into a BIO.
    fn ASN1_i2d_bio(i2d: I2d, bio: *mut BIO, what: *const c_void) -> c_int, or 0 => {
        let (Some(i2d), mut at) = (i2d, ptr::null_mut()) else { return 0 };
        let length = i2d(what, &mut at);
        if let Some(der) = bytes(at, usize::try_from(length).unwrap_or(0)) {
            (*bio).write(der);
            libc::free(at.cast());
        }
        (length > 0).into()
    };

    /// Reads a session in DER from a BIO; of other things nothing is known here.
    fn ASN1_d2i_bio(_new: Xnew, _d2i: D2i, bio: *mut BIO, variable: *mut *mut c_void) -> *mut c_void, or ptr::null_mut() =>
        read_bio(variable.cast(), bio, false).cast();

    /// Writes a session in PEM.
    fn PEM_write_bio_SSL_SESSION(bio: *mut BIO, s: *const SSL_SESSION) -> c_int, or 0 => {
        let done = write_bio(bio, s, |session, out| session.to_pem(out));
        if done == 0 {
            raise_ssl(ASN1_LIB);
        }
        done
    };

    /// Reads a session in PEM; encrypted ones are refused.
    fn PEM_read_bio_SSL_SESSION(
        bio: *mut BIO,
        variable: *mut *mut SSL_SESSION,
        _password: Password,
        _data: *mut c_void
    ) -> *mut SSL_SESSION, or ptr::null_mut() => read_bio(variable, bio, true);

    /// Writes a session for people.
    fn SSL_SESSION_print(bio: *mut BIO, s: *const SSL_SESSION) -> c_int, or 0 =>
        write_bio(bio, s, |session, out| session.print(&mut Sequences, out));

    /// Writes a session as a line of a key log.
    fn SSL_SESSION_print_keylog(bio: *mut BIO, s: *const SSL_SESSION) -> c_int, or 0 =>
        write_bio(bio, s, |session, out| session.print_keylog(out));

    /// Returns the certificate that the peer showed; `NULL`: it showed none.
    fn SSL_SESSION_get0_peer(s: *mut SSL_SESSION) -> *mut X509, or ptr::null_mut() => (*s).native().peer(|peer| {
        let Some(peer) = peer else { return ptr::null_mut() };
        let mut kept = (*s).lent().peer.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = kept.as_ref().is_some_and(|kept| kept.0 == **peer);
        if !is_same {
            *kept = Some(Box::new(X509(peer.to_vec())));
        }
        kept.as_mut().map_or(ptr::null_mut(), |kept| &raw mut **kept)
    });

    /// Writes a certificate.
    fn i2d_X509(certificate: *const X509, out: *mut *mut c_uchar) -> c_int, or -1 => write_out(&(*certificate).0, out);
    /// Reads a certificate.
    fn d2i_X509(variable: *mut *mut X509, at: *mut *const c_uchar, length: c_long) -> *mut X509, or ptr::null_mut() =>
        read_sequence(variable, at, length, X509);
    /// Frees a certificate that was read.
    fn X509_free(certificate: *mut X509) -> (), or () => if !certificate.is_null() { drop(Box::from_raw(certificate)) };

    /// Writes a public key.
    fn i2d_PUBKEY(key: *const EVP_PKEY, out: *mut *mut c_uchar) -> c_int, or -1 => write_out(&(*key).0, out);
    /// Reads a public key.
    fn d2i_PUBKEY(variable: *mut *mut EVP_PKEY, at: *mut *const c_uchar, length: c_long) -> *mut EVP_PKEY,
        or ptr::null_mut() => read_sequence(variable, at, length, EVP_PKEY);
    /// Frees a public key that was read.
    fn EVP_PKEY_free(key: *mut EVP_PKEY) -> (), or () => if !key.is_null() { drop(Box::from_raw(key)) };

    /// Says what a result of a verification means.
    fn X509_verify_cert_error_string(code: c_long) -> *const c_char, or ptr::null() => verify_text(code).as_ptr();
}

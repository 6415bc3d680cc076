//! Setters and getters of a session.

use std::ffi::{c_char, c_int, c_long, c_uchar, c_uint, c_ulong, c_void};
use std::ptr;
use std::slice;

use libc::time_t;
use sessdiff::native::{Error, Session};

use crate::ciphers::{SSL_CIPHER, cipher_of};
use crate::errors::raise_error;
use crate::sessions::SSL_SESSION;

/// Returns the bytes that an argument names; none where it is `NULL`.
///
/// # Safety
/// It is `NULL`, or so many bytes are there.
pub unsafe fn bytes<'a>(at: *const c_uchar, length: usize) -> Option<&'a [u8]> {
    // SAFETY: as the caller says.
    (!at.is_null()).then(|| unsafe { slice::from_raw_parts(at, length) })
}

/// Answers as a function that may refuse.
fn answer(result: Result<(), Error>) -> c_int {
    result.map_or_else(
        |error| {
            raise_error(error);
            0
        },
        |()| 1,
    )
}

/// Sets a field that takes everything.
fn set(s: &SSL_SESSION, set: impl FnOnce(&Session)) -> c_int {
    set(&s.native());
    1
}

/// Returns a session that need not be there.
///
/// # Safety
/// It is `NULL`, or a session that lives.
unsafe fn if_there<'a>(s: *const SSL_SESSION) -> Option<&'a SSL_SESSION> {
    // SAFETY: as the caller says.
    unsafe { s.as_ref() }
}

fn set_time(s: Option<&SSL_SESSION>, seconds: i64) -> i64 {
    s.map_or(0, |s| s.native().set_time(seconds))
}

fn time(s: Option<&SSL_SESSION>) -> i64 {
    s.map_or(0, |s| s.native().time())
}

/// Writes where bytes are and how many there are.
///
/// # Safety
/// Both are places to write to.
unsafe fn put(out: *mut *const c_uchar, length_out: *mut usize, at: *const c_uchar, length: usize) {
    // SAFETY: as the caller says.
    unsafe {
        *out = at;
        *length_out = length;
    }
}

exports! {
    /// Sets the session id, at most 32 bytes.
    fn SSL_SESSION_set1_id(s: *mut SSL_SESSION, id: *const c_uchar, length: c_uint) -> c_int, or 0 => {
        let id = bytes(id, length as usize).unwrap_or_default().to_vec();
        answer((*s).native().set1_id(&id))
    };

    /// Returns the session id.
    fn SSL_SESSION_get_id(s: *const SSL_SESSION, length: *mut c_uint) -> *const c_uchar, or ptr::null() => {
        let id = (*s).native().id();
        if !length.is_null() {
            *length = id.as_slice().len() as c_uint;
        }
        (*s).lent().id.lend(Some(id.as_slice()))
    };

    /// Sets the id context, at most 32 bytes.
    fn SSL_SESSION_set1_id_context(s: *mut SSL_SESSION, context: *const c_uchar, length: c_uint) -> c_int, or 0 => {
        let context = bytes(context, length as usize).unwrap_or_default().to_vec();
        answer((*s).native().set1_id_context(&context))
    };

    /// Returns the id context.
    fn SSL_SESSION_get0_id_context(s: *const SSL_SESSION, length: *mut c_uint) -> *const c_uchar, or ptr::null() => {
        let context = (*s).native().id_context();
        if !length.is_null() {
            *length = context.as_slice().len() as c_uint;
        }
        (*s).lent().id_context.lend(Some(context.as_slice()))
    };

    /// Sets the time, in seconds since 1970, and returns it; 0: there is no session.
    fn SSL_SESSION_set_time(s: *mut SSL_SESSION, seconds: c_long) -> c_long, or 0 => set_time(if_there(s), seconds);
    /// Sets the time, in seconds since 1970, and returns it; 0: there is no session.
    fn SSL_SESSION_set_time_ex(s: *mut SSL_SESSION, seconds: time_t) -> time_t, or 0 => set_time(if_there(s), seconds);
    /// Returns the time, in seconds since 1970; 0: there is no session.
    fn SSL_SESSION_get_time(s: *const SSL_SESSION) -> c_long, or 0 => time(if_there(s));
    /// Returns the time, in seconds since 1970; 0: there is no session.
    fn SSL_SESSION_get_time_ex(s: *const SSL_SESSION) -> time_t, or 0 => time(if_there(s));

    /// Sets the timeout, in seconds; 0: it is negative, or there is no session.
    fn SSL_SESSION_set_timeout(s: *mut SSL_SESSION, seconds: c_long) -> c_long, or 0 =>
        if_there(s).is_some_and(|s| s.native().set_timeout(seconds).is_ok()).into();
    /// Returns the timeout, in seconds; 0: there is no session.
    fn SSL_SESSION_get_timeout(s: *const SSL_SESSION) -> c_long, or 0 => if_there(s).map_or(0, |s| s.native().timeout());

    /// Sets the protocol version: any integer is taken.
    fn SSL_SESSION_set_protocol_version(s: *mut SSL_SESSION, version: c_int) -> c_int, or 0 =>
        answer((*s).native().try_set_protocol_version(version));
    /// Returns the protocol version.
    fn SSL_SESSION_get_protocol_version(s: *const SSL_SESSION) -> c_int, or 0 => (*s).native().protocol_version();

    /// Sets the cipher suite; `NULL` is none.
    fn SSL_SESSION_set_cipher(s: *mut SSL_SESSION, cipher: *const SSL_CIPHER) -> c_int, or 0 =>
        set(&*s, |session| session.set_cipher(cipher.as_ref().map(|cipher| cipher.0)));
    /// Returns the cipher suite; `NULL`: there is none.
    fn SSL_SESSION_get0_cipher(s: *const SSL_SESSION) -> *const SSL_CIPHER, or ptr::null() =>
        (*s).native().cipher().map_or(ptr::null(), cipher_of);

    /// Sets the master key.
    fn SSL_SESSION_set1_master_key(s: *mut SSL_SESSION, key: *const c_uchar, length: usize) -> c_int, or 0 =>
        answer((*s).native().set1_master_key(bytes(key, length).unwrap_or_default()));
    /// Copies at most so many bytes of the master key; with room for none, returns its length.
    fn SSL_SESSION_get_master_key(s: *const SSL_SESSION, out: *mut c_uchar, room: usize) -> usize, or 0 => {
        let session = (*s).native();
        if room == 0 || out.is_null() {
            session.master_key(&mut [])
        } else {
            session.master_key(slice::from_raw_parts_mut(out, room))
        }
    };

    /// Sets the name of the server; `NULL` is none.
    fn SSL_SESSION_set1_hostname(s: *mut SSL_SESSION, name: *const c_char) -> c_int, or 0 => {
        let name = (!name.is_null()).then(|| std::ffi::CStr::from_ptr(name).to_bytes());
        set(&*s, |session| session.set1_hostname(name))
    };
    /// Returns the name of the server; `NULL`: there is none.
    fn SSL_SESSION_get0_hostname(s: *const SSL_SESSION) -> *const c_char, or ptr::null() =>
        (*s).native().hostname(|name| (*s).lent().hostname.lend(name)).cast();

    /// Sets the protocol that was selected; `NULL` or no bytes are none.
    fn SSL_SESSION_set1_alpn_selected(s: *mut SSL_SESSION, alpn: *const c_uchar, length: usize) -> c_int, or 0 => {
        let alpn = bytes(alpn, length);
        set(&*s, |session| session.set1_alpn_selected(alpn))
    };
    /// Returns the protocol that was selected.
    fn SSL_SESSION_get0_alpn_selected(s: *const SSL_SESSION, out: *mut *const c_uchar, length: *mut usize) -> (), or () =>
        (*s).native().alpn_selected(|alpn| put(out, length, (*s).lent().alpn.lend(alpn), alpn.map_or(0, <[u8]>::len)));

    /// Sets how many bytes of early data there may be.
    fn SSL_SESSION_set_max_early_data(s: *mut SSL_SESSION, most: u32) -> c_int, or 0 =>
        set(&*s, |session| session.set_max_early_data(most));
    /// Returns how many bytes of early data there may be.
    fn SSL_SESSION_get_max_early_data(s: *const SSL_SESSION) -> u32, or 0 => (*s).native().max_early_data();

    /// Sets the application data of the ticket; `NULL` or no bytes are none.
    fn SSL_SESSION_set1_ticket_appdata(s: *mut SSL_SESSION, data: *const c_void, length: usize) -> c_int, or 0 => {
        let data = bytes(data.cast(), length);
        set(&*s, |session| session.set1_ticket_appdata(data))
    };
    /// Returns the application data of the ticket.
    fn SSL_SESSION_get0_ticket_appdata(s: *mut SSL_SESSION, out: *mut *mut c_void, length: *mut usize) -> c_int, or 0 => {
        (*s).native().ticket_appdata(|data| {
            put(out.cast(), length, (*s).lent().ticket_appdata.lend(data), data.map_or(0, <[u8]>::len));
        });
        1
    };

    /// Returns whether there is a ticket.
    fn SSL_SESSION_has_ticket(s: *const SSL_SESSION) -> c_int, or 0 => (*s).native().has_ticket().into();
    /// Returns for how long the ticket is good, in seconds.
    fn SSL_SESSION_get_ticket_lifetime_hint(s: *const SSL_SESSION) -> c_ulong, or 0 => (*s).native().ticket_lifetime_hint();
    /// Returns the ticket.
    fn SSL_SESSION_get0_ticket(s: *const SSL_SESSION, out: *mut *const c_uchar, length: *mut usize) -> (), or () => {
        let session = (*s).native();
        *length = session.ticket_length();
        if !out.is_null() {
            *out = session.ticket(|ticket| (*s).lent().ticket.lend(ticket));
        }
    };

    /// Returns the compression method.
    fn SSL_SESSION_get_compress_id(s: *const SSL_SESSION) -> c_uint, or 0 => (*s).native().compress_id();
    /// Returns the code of the maximum fragment length.
    fn SSL_SESSION_get_max_fragment_length(s: *const SSL_SESSION) -> u8, or 0 => (*s).native().max_fragment_length();
    /// Returns whether the session can be resumed.
    fn SSL_SESSION_is_resumable(s: *const SSL_SESSION) -> c_int, or 0 => (*s).native().is_resumable().into();
}

//! Reading a session of a C library: each getter as its row in the table of ops says, and where it says a buffer is.

use std::ffi::{CStr, c_uint, c_void};
use std::ptr;

use openssl_sys::X509;

use super::{CPort, Value};
use crate::field::{Field, ex_data_fields, hidden_fields};
use crate::op::{ExIndex, MAX_BYTES, Slot, for_each_op};

/// Limits the bytes of an id, and of an id context: `SSL_MAX_SSL_SESSION_ID_LENGTH` and `SSL_MAX_SID_CTX_LENGTH`.
const LONGEST_ID: usize = 32;

/// Reads a field as the prototype of its getter says.
macro_rules! read {
    ($port:ident $s:ident $field:ident $name:ident if $condition:ident $($prototype:tt)*) => {
        read!($port $s $field $name $($prototype)*)
    };
    ($port:ident $s:ident $field:ident $name:ident by_hand $($prototype:tt)*) => {
        read!($port $s $field $name $($prototype)*)
    };
    ($port:ident $s:ident $field:ident $name:ident fn(*const SSL_SESSION) -> $number:ident) => {
        Value::Number(call!($port, $name($port.session($s))) as i64)
    };
    ($port:ident $s:ident $field:ident $name:ident fn(*const SSL_SESSION) -> *const SSL_CIPHER) => {{
        let cipher = call!($port, $name($port.session($s)));
        Value::Number(if cipher.is_null() { -1 } else { call!($port, SSL_CIPHER_get_protocol_id(cipher)).into() })
    }};
    // An id: whoever follows a length that no id has reads anything. It is enough to differ.
    ($port:ident $s:ident $field:ident $name:ident fn(*const SSL_SESSION, *mut c_uint) -> *const c_uchar) => {{
        let mut length: c_uint = 0;
        let bytes = call!($port, $name($port.session($s), &mut length));
        let length = length as usize;
        if length > LONGEST_ID && !bytes.is_null() {
            $port.seen[$s.index()][const { Field::$field.own_place() }] = bytes;
            return $port.only_length(length);
        }
        $port.value($s, const { Field::$field.own_place() }, bytes, length)
    }};
    ($port:ident $s:ident $field:ident $name:ident fn(*const SSL_SESSION) -> *const c_char) => {{
        let text = call!($port, $name($port.session($s)));
        // SAFETY: a string of the session, or NULL, which is not followed.
        let length = if text.is_null() { 0 } else { unsafe { CStr::from_ptr(text) }.count_bytes() };
        $port.value($s, const { Field::$field.own_place() }, text.cast(), length)
    }};
    ($port:ident $s:ident $field:ident $name:ident fn(*const SSL_SESSION, *mut *const c_uchar, *mut usize) -> ()) => {{
        let (mut bytes, mut length) = (ptr::null(), 0);
        call!($port, $name($port.session($s), &mut bytes, &mut length));
        $port.value($s, const { Field::$field.own_place() }, bytes, length)
    }};
    ($port:ident $s:ident $field:ident $name:ident fn(*mut SSL_SESSION, *mut *mut c_void, *mut usize) -> c_int) => {{
        let (mut bytes, mut length) = (ptr::null_mut::<c_void>(), 0);
        // Always 1; anything else is a difference.
        if call!($port, $name($port.session($s), &mut bytes, &mut length)) != 1 {
            return Value::Refused;
        }
        $port.value($s, const { Field::$field.own_place() }, bytes.cast_const().cast(), length)
    }};
    ($port:ident $s:ident $field:ident $name:ident fn(*mut SSL_SESSION) -> *mut X509) => {{
        let certificate = call!($port, $name($port.session($s)));
        $port.read_certificate(certificate)
    }};
}

macro_rules! define_reading {
    (
        custom { $($custom:tt)* }
        plain { $($plain:tt)* }
        getters { $(
            $(#[$doc:meta])* $code:literal $kind:ident $name:ident [] $operands:tt {reads $field:ident $($fact:tt)*} {$($c:tt)*};
        )* }
    ) => {
        impl CPort {
            /// Reads a field, and remembers where its buffer is.
            #[inline(always)]
            #[allow(trivial_numeric_casts, reason = "some numbers have 64 bits")]
            pub(super) fn read_field(&mut self, s: Slot, field: Field) -> Value<'_> {
                match field {
                    $(Field::$field => read!(self s $field $name $($c)*),)*
                    Field::MasterKey => {
                        let (session, out) = (self.session(s), self.room.as_mut_ptr());
                        let length = call!(self, SSL_SESSION_get_master_key(session, out, MAX_BYTES));
                        Value::Bytes(Some(&self.room[..length.min(MAX_BYTES)]))
                    }
                    Field::Der => self.read_der_of(s),
                    // Their getters show nothing by themselves.
                    hidden_fields!() => Value::Refused,
                    ex_data_fields!() => {
                        let index = field.ex_index().map_or(0, ExIndex::number);
                        let value = call!(self, SSL_SESSION_get_ex_data(self.session(s), index));
                        Value::Number(value as usize as i64)
                    }
                }
            }
        }
    };
}

for_each_op!(define_reading);

impl CPort {
    #[inline(always)]
    fn value(&mut self, s: Slot, own: usize, bytes: *const u8, length: usize) -> Value<'_> {
        self.seen[s.index()][own] = bytes;
        if bytes.is_null() {
            return if length == 0 { Value::Bytes(None) } else { Value::NullWithLength(length) };
        }
        // SAFETY: the library says that `length` bytes are at `bytes`, and the session is alive.
        Value::Bytes(Some(unsafe { std::slice::from_raw_parts(bytes, length) }))
    }

    #[cold]
    fn only_length(&mut self, length: usize) -> Value<'_> {
        let length = length.to_le_bytes();
        self.room[..length.len()].copy_from_slice(&length);
        Value::Bytes(Some(&self.room[..length.len()]))
    }

    fn read_certificate(&mut self, certificate: *mut X509) -> Value<'_> {
        if certificate.is_null() {
            return Value::Bytes(None);
        }
        let length = call!(self, i2d_X509(certificate, ptr::null_mut()));
        match usize::try_from(length) {
            Ok(length @ 1..=MAX_BYTES) => {
                let mut out = self.room.as_mut_ptr();
                call!(self, i2d_X509(certificate, &mut out));
                Value::Bytes(Some(&self.room[..length]))
            }
            // No certificate of ours: its length is enough to differ.
            Ok(_) | Err(_) => self.only_length(length as usize),
        }
    }
}

//! Reading a session of a C library: each getter, and where it says a buffer is.

use std::ffi::{CStr, c_uint, c_void};
use std::ptr;

use openssl_sys::{SSL_SESSION, X509};

use super::super::native::ex_index;
use super::{CPort, Value};
use crate::field::Field;
use crate::op::{MAX_BYTES, Slot};

/// Bytes of an id, and of an id context: `SSL_MAX_SSL_SESSION_ID_LENGTH` and `SSL_MAX_SID_CTX_LENGTH`.
const LONGEST_ID: usize = 32;

impl CPort {
    /// Reads a field, and remembers where its buffer is.
    #[inline(always)]
    pub(super) fn read_field(&mut self, s: Slot, field: Field) -> Value<'_> {
        let session = self.session(s);
        match field {
            Field::Id => {
                let mut length: c_uint = 0;
                let bytes = call!(self, SSL_SESSION_get_id(session, &mut length));
                self.value(s, 0, field, bytes, length as usize)
            }
            Field::IdContext => {
                let mut length: c_uint = 0;
                let bytes = call!(self, SSL_SESSION_get0_id_context(session, &mut length));
                self.value(s, 1, field, bytes, length as usize)
            }
            Field::Hostname => {
                let name = call!(self, SSL_SESSION_get0_hostname(session));
                // SAFETY: a string of the session, or NULL, which is not followed.
                let length = if name.is_null() { 0 } else { unsafe { CStr::from_ptr(name) }.count_bytes() };
                self.value(s, 2, field, name.cast(), length)
            }
            Field::Alpn => {
                let (mut bytes, mut length) = (ptr::null(), 0);
                call!(self, SSL_SESSION_get0_alpn_selected(session, &mut bytes, &mut length));
                self.value(s, 3, field, bytes, length)
            }
            Field::TicketAppdata => {
                let (mut bytes, mut length) = (ptr::null_mut::<c_void>(), 0);
                let returned = call!(self, SSL_SESSION_get0_ticket_appdata(session, &mut bytes, &mut length));
                // Always 1; anything else is a difference.
                if returned != 1 {
                    return Value::Refused;
                }
                self.value(s, 4, field, bytes.cast_const().cast(), length)
            }
            Field::Ticket => {
                let (mut bytes, mut length) = (ptr::null(), 0);
                call!(self, SSL_SESSION_get0_ticket(session, &mut bytes, &mut length));
                self.value(s, 5, field, bytes, length)
            }
            Field::MasterKey => {
                let length = call!(self, SSL_SESSION_get_master_key(session, self.room.as_mut_ptr(), MAX_BYTES));
                Value::Bytes(Some(&self.room[..length.min(MAX_BYTES)]))
            }
            Field::Peer => {
                let peer = call!(self, SSL_SESSION_get0_peer(session));
                self.read_peer(peer)
            }
            Field::Time
            | Field::TimeEx
            | Field::Timeout
            | Field::ProtocolVersion
            | Field::Cipher
            | Field::MaxEarlyData
            | Field::HasTicket
            | Field::CompressId
            | Field::MaxFragmentLength
            | Field::Resumable
            | Field::LifetimeHint
            | Field::AppData
            | Field::ExCounted
            | Field::ExReplaced
            | Field::ExRefused
            | Field::ExUnregistered => Value::Number(self.number(session, field)),
        }
    }

    /// A field that is a number; 0 for one that is not.
    #[inline(always)]
    pub(super) fn number(&self, session: *mut SSL_SESSION, field: Field) -> i64 {
        match field {
            Field::Time => call!(self, SSL_SESSION_get_time(session)),
            Field::TimeEx => call!(self, SSL_SESSION_get_time_ex(session)),
            Field::Timeout => call!(self, SSL_SESSION_get_timeout(session)),
            Field::ProtocolVersion => call!(self, SSL_SESSION_get_protocol_version(session)).into(),
            Field::Cipher => {
                let cipher = call!(self, SSL_SESSION_get0_cipher(session));
                if cipher.is_null() { -1 } else { call!(self, SSL_CIPHER_get_protocol_id(cipher)).into() }
            }
            Field::MaxEarlyData => call!(self, SSL_SESSION_get_max_early_data(session)).into(),
            Field::HasTicket => call!(self, SSL_SESSION_has_ticket(session)).into(),
            Field::CompressId => call!(self, SSL_SESSION_get_compress_id(session)).into(),
            Field::MaxFragmentLength => call!(self, SSL_SESSION_get_max_fragment_length(session)).into(),
            Field::Resumable => call!(self, SSL_SESSION_is_resumable(session)).into(),
            Field::LifetimeHint => call!(self, SSL_SESSION_get_ticket_lifetime_hint(session)) as i64,
            Field::AppData | Field::ExCounted | Field::ExReplaced | Field::ExRefused | Field::ExUnregistered => {
                let index = field.ex_index().map_or(0, ex_index);
                call!(self, SSL_SESSION_get_ex_data(session, index)) as usize as i64
            }
            Field::Id
            | Field::IdContext
            | Field::MasterKey
            | Field::Hostname
            | Field::Alpn
            | Field::TicketAppdata
            | Field::Ticket
            | Field::Peer => 0,
        }
    }

    #[inline(always)]
    fn value(&mut self, s: Slot, own: usize, field: Field, bytes: *const u8, length: usize) -> Value<'_> {
        debug_assert_eq!(super::OWN[own], field);
        self.seen[s.index()][own] = bytes;
        if bytes.is_null() {
            return if length == 0 { Value::Bytes(None) } else { Value::NullWithLength(length) };
        }
        if own < 2 && length > LONGEST_ID {
            // Whoever follows such a length reads anything. It is enough to differ.
            return self.only_length(length);
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

    fn read_peer(&mut self, peer: *mut X509) -> Value<'_> {
        if peer.is_null() {
            return Value::Bytes(None);
        }
        let length = call!(self, i2d_X509(peer, ptr::null_mut()));
        match usize::try_from(length) {
            Ok(length @ 1..=MAX_BYTES) => {
                let mut out = self.room.as_mut_ptr();
                call!(self, i2d_X509(peer, &mut out));
                Value::Bytes(Some(&self.room[..length]))
            }
            // No certificate of ours: its length is enough to differ.
            Ok(_) | Err(_) => self.only_length(length as usize),
        }
    }
}

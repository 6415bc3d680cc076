//! How what entries carry is written to a log, and read from it.

use super::{After, Callback, Meddling, NULL_LENGTH};
use crate::field::{Field, Fields};
use crate::op::{ConnectionSlot, ContextSlot, Slot};

/// Writes and reads a part of an entry.
pub(super) trait Payload<'a>: Sized {
    /// Writes it to the end of a log.
    fn put(&self, log: &mut Vec<u8>);

    /// Reads it from the front of a log; `None`: it is cut off, or is no such value.
    fn take(log: &mut &'a [u8]) -> Option<Self>;
}

/// Makes payloads of numbers: their bytes, the lowest first.
macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl<'a> Payload<'a> for $type {
            #[inline(always)]
            fn put(&self, log: &mut Vec<u8>) {
                log.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn take(log: &mut &'a [u8]) -> Option<$type> {
                let (first, rest) = log.split_first_chunk()?;
                *log = rest;
                Some(<$type>::from_le_bytes(*first))
            }
        }
    )*};
}

numbers!(u8, i32, u32, i64, u64, usize);

/// Makes payloads of types that are written as one byte.
macro_rules! bytes {
    ($($type:ty: |$value:ident| $to:expr, |$byte:ident| $from:expr;)*) => {$(
        impl<'a> Payload<'a> for $type {
            #[inline(always)]
            fn put(&self, log: &mut Vec<u8>) {
                let $value = *self;
                log.push($to);
            }

            #[inline]
            fn take(log: &mut &'a [u8]) -> Option<$type> {
                let $byte = u8::take(log)?;
                $from
            }
        }
    )*};
}

bytes! {
    bool: |value| value.into(), |byte| Some(byte != 0);
    Slot: |slot| slot.index() as u8, |byte| Some(Slot::wrapping(byte));
    ConnectionSlot: |x| x.index() as u8, |byte| Some(ConnectionSlot::wrapping(byte));
    ContextSlot: |c| c.index() as u8, |byte| Some(ContextSlot::wrapping(byte));
    Field: |field| field as u8, |byte| Field::ALL.get(usize::from(byte)).copied();
    Callback: |callback| callback as u8, |byte| Callback::ALL.get(usize::from(byte)).copied();
    Meddling: |how| how as u8, |byte| Meddling::ALL.get(usize::from(byte)).copied();
    After: |after| after.bits(), |byte| Some(After::from_bits(byte));
}

impl<'a, T: Payload<'a> + Copy + Default, const LENGTH: usize> Payload<'a> for [T; LENGTH] {
    #[inline(always)]
    fn put(&self, log: &mut Vec<u8>) {
        self.iter().for_each(|number| number.put(log));
    }

    fn take(log: &mut &'a [u8]) -> Option<[T; LENGTH]> {
        let mut numbers = [T::default(); LENGTH];
        for number in &mut numbers {
            *number = T::take(log)?;
        }
        Some(numbers)
    }
}

impl<'a> Payload<'a> for Fields {
    #[inline(always)]
    fn put(&self, log: &mut Vec<u8>) {
        self.bits().put(log);
    }

    fn take(log: &mut &'a [u8]) -> Option<Fields> {
        Payload::take(log).map(Fields::from_bits)
    }
}

/// Writes bytes or NULL, behind their length. What is longer than a length can say is cut.
impl<'a> Payload<'a> for Option<&'a [u8]> {
    #[inline(always)]
    fn put(&self, log: &mut Vec<u8>) {
        let length = self.map_or(NULL_LENGTH, |bytes| bytes.len().min(usize::from(NULL_LENGTH - 1)) as u16);
        log.extend_from_slice(&length.to_le_bytes());
        if let Some(bytes) = self {
            log.extend_from_slice(&bytes[..usize::from(length)]);
        }
    }

    #[inline]
    fn take(log: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
        let (length, rest) = log.split_first_chunk()?;
        *log = rest;
        let length = u16::from_le_bytes(*length);
        if length == NULL_LENGTH {
            return Some(None);
        }
        let (bytes, rest) = log.split_at_checked(usize::from(length))?;
        *log = rest;
        Some(Some(bytes))
    }
}

/// Writes bytes that are never NULL.
impl<'a> Payload<'a> for &'a [u8] {
    #[inline(always)]
    fn put(&self, log: &mut Vec<u8>) {
        Some(*self).put(log);
    }

    #[inline]
    fn take(log: &mut &'a [u8]) -> Option<&'a [u8]> {
        <Option<&'a [u8]> as Payload>::take(log)?
    }
}

//! Operands that are bytes: with a length, or ended by a NUL.

use std::fmt;

use super::super::text::{Cursor, Expected, TextError};
use super::super::wire::Wire;
use super::shrink::shorter;
use super::{Operand, Shrink};

/// The longest byte string: one byte over every limit of the API fits.
pub const MAX_BYTES: usize = 1024;

const WIRE_NULL: u16 = 0xffff;

/// Bytes for a call that takes a pointer and a length; `NULL` and empty differ. The buffer is exactly as long as the
/// bytes, so that a sanitizer sees an over-read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Bytes(Option<Box<[u8]>>);

impl Bytes {
    /// `NULL`.
    pub const NULL: Bytes = Bytes(None);

    /// Copies `bytes`, and cuts those beyond [`MAX_BYTES`].
    pub fn new(bytes: &[u8]) -> Bytes {
        Bytes(Some(bytes[..bytes.len().min(MAX_BYTES)].into()))
    }

    /// Returns the bytes.
    pub fn get(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

/// Bytes for a call that takes a C string: a NUL follows, and one within ends it early.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CString(Option<Box<[u8]>>);

impl CString {
    /// `NULL`.
    pub const NULL: CString = CString(None);

    /// Copies `bytes`, cuts those beyond [`MAX_BYTES`], and adds a NUL.
    pub fn new(bytes: &[u8]) -> CString {
        let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
        CString(Some([bytes, &[0]].concat().into()))
    }

    /// Returns the bytes with the NUL that follows them.
    pub fn with_nul(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    fn get(&self) -> Option<&[u8]> {
        self.0.as_deref().map(|bytes| &bytes[..bytes.len() - 1])
    }
}

macro_rules! byte_operands {
    ($($name:ident $more:literal $lent:ident;)*) => {$(
        impl Operand for $name {
            fn form() -> String {
                format!("`\"...\"`, `x\"...\"` with hexadecimal digits, or `NULL`; at most {MAX_BYTES} bytes{}", $more)
            }

            fn put_wire(&self, out: &mut Vec<u8>) {
                put_bytes(self.get(), out);
            }

            fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
                take_bytes(wire).map(|bytes| bytes.map_or($name::NULL, $name::new))
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print_bytes(self.get(), f)
            }

            fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
                Ok(parse_bytes(cursor)?.map_or($name::NULL, |bytes| $name::new(&bytes)))
            }
        }

        impl Shrink for $name {
            fn shrink(&self) -> Vec<$name> {
                self.get().map(shorter).unwrap_or_default().iter().map(|bytes| $name::new(bytes)).collect()
            }

            fn lent(&self) -> Option<&[u8]> {
                self.$lent()
            }
        }
    )*};
}

byte_operands! {
    Bytes "" get;
    CString ", and a NUL follows" with_nul;
}

fn put_bytes(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    match bytes {
        Some(bytes) => {
            out.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        None => out.extend_from_slice(&WIRE_NULL.to_le_bytes()),
    }
}

fn take_bytes<'a>(wire: &mut Wire<'a>) -> Option<Option<&'a [u8]>> {
    let len = u16::from_le_bytes(wire.array()?);
    Some((len != WIRE_NULL).then(|| wire.up_to(usize::from(len) % (MAX_BYTES + 1))))
}

fn print_bytes(bytes: Option<&[u8]>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(bytes) = bytes else { return f.write_str("NULL") };
    let plain = bytes.iter().filter(|byte| matches!(byte, b' '..=b'~')).count();
    if plain * 2 >= bytes.len() {
        f.write_str("\"")?;
        for &byte in bytes {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", byte as char)?,
                b' '..=b'~' => write!(f, "{}", byte as char)?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
    } else {
        f.write_str("x\"")?;
        for byte in bytes {
            write!(f, "{byte:02x}")?;
        }
    }
    f.write_str("\"")
}

fn parse_bytes(cursor: &mut Cursor<'_>) -> Result<Option<Vec<u8>>, TextError> {
    cursor.skip_space();
    if cursor.accept_null() {
        return Ok(None);
    }
    let mut ahead = cursor.clone();
    let hex = match ahead.word() {
        "x" => true,
        "" => false,
        _ => return Err(cursor.error(Expected::Bytes)),
    };
    if !ahead.accept('"') {
        return Err(cursor.error(Expected::Bytes));
    }
    let start = std::mem::replace(cursor, ahead);
    let mut bytes = Vec::new();
    loop {
        let before = cursor.clone();
        match cursor.next_char() {
            Some('"') => break,
            Some(_) if hex => {
                *cursor = before;
                bytes.push(cursor.hex_byte()?);
            }
            Some('\\') => {
                let escape = cursor.clone();
                bytes.push(match cursor.next_char() {
                    Some('\\') => b'\\',
                    Some('"') => b'"',
                    Some('n') => b'\n',
                    Some('t') => b'\t',
                    Some('r') => b'\r',
                    Some('0') => 0,
                    Some('x') => cursor.hex_byte()?,
                    _ => return Err(escape.error(Expected::Escape)),
                });
            }
            Some(plain) => bytes.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
            None => return Err(cursor.error(Expected::Char('"'))),
        }
    }
    if bytes.len() > MAX_BYTES { Err(start.error(Expected::ShorterBytes)) } else { Ok(Some(bytes)) }
}

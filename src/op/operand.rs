//! The kinds of operands, each with its text and its wire form.

use std::fmt;

use super::bytes::MAX_BYTES;
use super::text::{Cursor, TextError};
use super::wire::Wire;

/// `NULL` on the wire, where a byte names something.
pub(super) const WIRE_NULL: u8 = 0xff;

/// What an operand can do: two codecs. Reading the wire is total but for its end.
pub trait Operand: Sized {
    /// Appends the wire form.
    fn put_wire(&self, out: &mut Vec<u8>);
    /// Takes the wire form; `None` at the end of the program. Values out of range are folded into it.
    fn take_wire(wire: &mut Wire<'_>) -> Option<Self>;
    /// Writes the text.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// Reads the text.
    ///
    /// # Errors
    /// Where the text is something else.
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError>;
}

macro_rules! integer_operand {
    ($($type:ty),*) => {$(
        impl Operand for $type {
            fn put_wire(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
                wire.array().map(<$type>::from_le_bytes)
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }

            fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
                let value = cursor.integer(i128::from(<$type>::MIN), i128::from(<$type>::MAX))?;
                Ok(value as $type) // within the limits just given
            }
        }
    )*};
}

integer_operand!(u16, u32, i32, i64, u64);

/// A pointer-sized value that is never followed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Number(pub u64);

impl Operand for Number {
    fn put_wire(&self, out: &mut Vec<u8>) {
        self.0.put_wire(out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
        u64::take_wire(wire).map(Number)
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("NULL") } else { write!(f, "{:#x}", self.0) }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
        let mut ahead = cursor.clone();
        if ahead.word() == "NULL" {
            *cursor = ahead;
            return Ok(Number(0));
        }
        u64::parse(cursor).map(Number)
    }
}

/// How many bytes a call may copy out: at most [`MAX_BYTES`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Room(u16);

impl Room {
    /// So many, or [`MAX_BYTES`].
    pub fn at_most(bytes: u16) -> Room {
        Room(bytes.min(MAX_BYTES as u16))
    }

    /// In bytes.
    pub const fn bytes(self) -> usize {
        self.0 as usize
    }
}

impl Operand for Room {
    fn put_wire(&self, out: &mut Vec<u8>) {
        self.0.put_wire(out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
        u16::take_wire(wire).map(|bytes| Room(bytes % (MAX_BYTES as u16 + 1)))
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.print(f)
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
        cursor.integer(0, MAX_BYTES as i128).map(|bytes| Room(bytes as u16)) // within the limits just given
    }
}

/// Seconds since 1970, or from the program's clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Time {
    /// Seconds since 1970.
    At(i64),
    /// So many seconds after now.
    Now(i64),
}

impl Operand for Time {
    fn put_wire(&self, out: &mut Vec<u8>) {
        let (tag, seconds) = match self {
            Time::At(seconds) => (0, seconds),
            Time::Now(offset) => (1, offset),
        };
        out.push(tag);
        seconds.put_wire(out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
        let tag = wire.byte()?;
        let seconds = i64::take_wire(wire)?;
        Some(if tag % 2 == 0 { Time::At(seconds) } else { Time::Now(seconds) })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Time::At(seconds) => write!(f, "{seconds}"),
            Time::Now(0) => f.write_str("now"),
            Time::Now(offset) => write!(f, "now {offset:+}"),
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
        let mut ahead = cursor.clone();
        if ahead.word() != "now" {
            return i64::parse(cursor).map(Time::At);
        }
        *cursor = ahead.clone();
        let sign = if ahead.accept('+') {
            1
        } else if ahead.accept('-') {
            -1
        } else {
            return Ok(Time::Now(0));
        };
        *cursor = ahead;
        let limit = if sign > 0 { i128::from(i64::MAX) } else { -i128::from(i64::MIN) };
        Ok(Time::Now((cursor.integer(0, limit)? * sign) as i64)) // within the limits just given
    }
}

/// An operand whose type does not matter.
pub(super) trait Print {
    fn print_operand(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T: Operand> Print for T {
    fn print_operand(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

pub(super) fn print_call(f: &mut fmt::Formatter<'_>, name: &str, operands: &[&dyn Print]) -> fmt::Result {
    write!(f, "{name}(")?;
    for (position, operand) in operands.iter().enumerate() {
        f.write_str(if position == 0 { "" } else { ", " })?;
        operand.print_operand(f)?;
    }
    f.write_str(")")
}

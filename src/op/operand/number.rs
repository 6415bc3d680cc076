//! Operands that are numbers.

use std::fmt;

use super::super::text::{Cursor, Expected, TextError};
use super::super::wire::Wire;
use super::shrink::nearer;
use super::{MAX_BYTES, Operand, Shrink};

macro_rules! integer_operand {
    ($($type:ty: $form:literal),*) => {$(
        impl Operand for $type {
            fn form() -> String {
                $form.into()
            }

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

integer_operand! {
    u8: "a number of 8 bits, decimal or `0x`",
    u16: "a number of 16 bits, decimal or `0x`",
    u32: "a number of 32 bits, decimal or `0x`",
    i32: "a number of 32 bits with a sign, decimal or `0x`",
    u64: "a number of 64 bits, decimal or `0x`",
    i64: "a number of 64 bits with a sign, decimal or `0x`"
}

/// A pointer-sized value that is never followed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Number(pub u64);

impl Operand for Number {
    fn form() -> String {
        "a number of 64 bits, decimal or `0x`, or `NULL`".into()
    }

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
        if cursor.accept_null() {
            return Ok(Number(0));
        }
        u64::parse(cursor).map(Number)
    }
}

/// Makes operands that are numbers from 0 to a limit. Other numbers on the wire are folded into these.
macro_rules! limited_operands {
    ($($(#[$doc:meta])* $name:ident($type:ty) most $most:expr, $of:literal $get:ident -> $got:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name($type);

        impl $name {
            /// The largest.
            pub const MOST: $type = $most;

            /// Makes it of a number, or of the largest if that is less.
            pub const fn at_most(number: $type) -> $name {
                $name(if number < $name::MOST { number } else { $name::MOST })
            }

            /// Returns the number.
            pub const fn $get(self) -> $got {
                self.0 as $got
            }
        }

        impl Operand for $name {
            fn form() -> String {
                format!(concat!("a number ", $of, "from 0 to {}"), $name::MOST)
            }

            fn put_wire(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0.to_le_bytes());
            }

            fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
                wire.array().map(|bytes| $name(<$type>::from_le_bytes(bytes) % ($name::MOST + 1)))
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }

            fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
                cursor.integer(0, $name::MOST.into()).map(|number| $name(number as $type)) // within the limits just given
            }
        }
    )*};
}

limited_operands! {
    /// How many bytes a call may copy out: at most [`MAX_BYTES`].
    Room(u16) most MAX_BYTES as u16, "of bytes " bytes -> usize;
    /// A small number.
    Few(u8) most 4, "" get -> u8;
}

/// A protocol version: a number, or the header's constant for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProtocolVersion(pub i32);

const VERSIONS: &[(&str, i32)] = &[
    ("SSL3_VERSION", 0x0300),
    ("TLS1_VERSION", 0x0301),
    ("TLS1_1_VERSION", 0x0302),
    ("TLS1_2_VERSION", 0x0303),
    ("TLS1_3_VERSION", 0x0304),
    ("DTLS1_VERSION", 0xfeff),
    ("DTLS1_2_VERSION", 0xfefd),
];

/// Holds the names of [`VERSIONS`].
const VERSION_NAMES: &[&str] = &{
    let mut names = [""; VERSIONS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = VERSIONS[at].0;
        at += 1;
    }
    names
};

impl Operand for ProtocolVersion {
    fn form() -> String {
        "a constant such as `TLS1_2_VERSION`, or a number of 32 bits with a sign".into()
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        self.0.put_wire(out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
        i32::take_wire(wire).map(ProtocolVersion)
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match VERSIONS.iter().find(|(_, version)| *version == self.0) {
            Some((name, _)) => f.write_str(name),
            None => self.0.print(f),
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
        let mut ahead = cursor.clone();
        let word = ahead.word();
        if let Some((_, version)) = VERSIONS.iter().find(|(name, _)| *name == word) {
            *cursor = ahead;
            return Ok(ProtocolVersion(*version));
        }
        cursor.skip_space();
        let (min, max) = (i32::MIN.into(), i32::MAX.into());
        let neither = cursor.error(Expected::IntegerOr { min, max, words: VERSION_NAMES });
        i32::parse(cursor).map(ProtocolVersion).map_err(|_| neither)
    }
}

macro_rules! shrink_numbers {
    ($($type:ty: $least:expr, $get:expr, $make:expr;)*) => {$(
        impl Shrink for $type {
            fn shrink(&self) -> Vec<$type> {
                let get: fn(&$type) -> i128 = $get;
                let make: fn(i128) -> $type = $make;
                nearer(get(self)).filter(|value| *value >= $least).map(make).collect()
            }
        }
    )*};
}

// Nearer to 0 than a value of the type is a value of the type, but for what is unsigned.
shrink_numbers! {
    u8: 0, |value| (*value).into(), |value| value as u8;
    u16: 0, |value| (*value).into(), |value| value as u16;
    u32: 0, |value| (*value).into(), |value| value as u32;
    i64: i128::MIN, |value| (*value).into(), |value| value as i64;
    Number: 0, |value| value.0.into(), |value| Number(value as u64);
    Room: 0, |value| value.bytes() as i128, |value| Room::at_most(value as u16);
    Few: 0, |value| value.get().into(), |value| Few::at_most(value as u8);
    ProtocolVersion: i128::MIN, |value| value.0.into(), |value| ProtocolVersion(value as i32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_approached_in_few_steps() {
        // The smallest number for which something happens is found from the largest.
        for least in [5i64, 33, 0x8000_0000, 18_446_744_074] {
            let (mut value, mut asked) = (i64::MAX, 0);
            while let Some(next) = value.shrink().into_iter().find(|next| {
                asked += 1;
                *next >= least
            }) {
                value = next;
                if asked > 5_000 {
                    break;
                }
            }
            assert!(value == least && asked < 5_000, "{least}: {value} after {asked}");
        }
    }
}

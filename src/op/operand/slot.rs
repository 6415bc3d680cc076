//! The variables of a program: sessions, contexts, connections, and bytes.

use std::fmt;

use super::super::text::{Cursor, Expected, TextError};
use super::super::wire::Wire;
use super::{Nullable, Operand, Shrink};

/// How many session slots a program has.
pub const SLOTS: usize = 8;
/// How many context slots a program has.
pub const CONTEXTS: usize = 4;
/// How many connection slots a program has.
pub const CONNECTIONS: usize = 8;
/// How many variables for bytes a program has.
pub const BUFFERS: usize = 4;

/// A variable of any kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Variable {
    /// `s0` … `s7`
    Session(Slot),
    /// `c0` … `c3`
    Context(ContextSlot),
    /// `x0` … `x7`
    Connection(ConnectionSlot),
}

impl Variable {
    /// Returns every variable: sessions, connections, contexts.
    pub fn all() -> impl Iterator<Item = Variable> {
        let sessions = Slot::all().map(Variable::Session);
        let connections = ConnectionSlot::all().map(Variable::Connection);
        sessions.chain(connections).chain(ContextSlot::all().map(Variable::Context))
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Variable::Session(slot) => slot.fmt(f),
            Variable::Context(slot) => slot.fmt(f),
            Variable::Connection(slot) => slot.fmt(f),
        }
    }
}

macro_rules! slots {
    ($($(#[$doc:meta])* $name:ident $letter:literal $count:ident first $first:literal $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(u8);

        impl $name {
            /// Returns slot number `index`, counted from the front again after the last.
            pub const fn wrapping(index: u8) -> $name {
                $name(index % $count as u8)
            }

            /// Returns every slot in order.
            pub fn all() -> impl Iterator<Item = $name> {
                (0..$count as u8).map($name)
            }

            /// Returns every slot in order, as many as there are.
            pub fn each() -> [$name; $count] {
                std::array::from_fn(|index| $name(index as u8))
            }

            /// Returns its number.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            fn from_name(name: &str) -> Option<$name> {
                let number = name.strip_prefix($letter)?;
                $name::all().find(|slot| number.len() == 1 && number.as_bytes()[0] == b'0' + slot.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $letter, self.0)
            }
        }

        impl Operand for $name {
            fn form() -> String {
                format!("`{0}0` to `{0}{1}`", $letter, $count - 1)
            }

            fn put_wire(&self, out: &mut Vec<u8>) {
                out.push(self.0);
            }

            fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
                let number = wire.byte()?;
                // Other numbers are folded into the first so many, a number that stays when there are more variables.
                Some(if usize::from(number) < $count { $name(number) } else { $name(number % $first) })
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }

            fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
                cursor.word_as(Expected::Variable($kind), $name::from_name)
            }
        }

        impl Nullable for $name {
            const OR_NULL: Option<Expected> = Some(Expected::VariableOrNull($kind));
        }
    )*};
}

slots! {
    /// A session of the program: `s0` … `s7`.
    Slot 's' SLOTS first 8 "a session slot, s0 to s7";
    /// A context of the program: `c0` … `c3`.
    ContextSlot 'c' CONTEXTS first 2 "a context slot, c0 to c3";
    /// A connection of the program: `x0` … `x7`.
    ConnectionSlot 'x' CONNECTIONS first 4 "a connection slot, x0 to x7";
    /// Bytes of the program: `b0` … `b3`. They are empty at first, own nothing, and are overwritten by what is put into them.
    BufferSlot 'b' BUFFERS first 4 "bytes, b0 to b3";
}

/// Shrinks to nothing: which variable it is says nothing, and variables are renamed all at once.
impl Shrink for Slot {
    fn shrink(&self) -> Vec<Slot> {
        Vec::new()
    }

    fn slot_mut(&mut self) -> Option<&mut Slot> {
        Some(self)
    }

    #[inline]
    fn variable(&self) -> Option<Variable> {
        Some(Variable::Session(*self))
    }
}

macro_rules! other_variables {
    ($($slot:ident $variable:ident;)*) => {$(
        impl Shrink for $slot {
            const IS_SHARED: bool = true;

            fn shrink(&self) -> Vec<$slot> {
                Vec::new()
            }

            #[inline]
            fn variable(&self) -> Option<Variable> {
                Some(Variable::$variable(*self))
            }
        }
    )*};
}

other_variables! {
    ContextSlot Context;
    ConnectionSlot Connection;
}

/// Shrinks to nothing, and names no object: bytes have no owner.
impl Shrink for BufferSlot {
    const IS_SHARED: bool = true;

    fn shrink(&self) -> Vec<BufferSlot> {
        Vec::new()
    }
}

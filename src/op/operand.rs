//! The types of operands. Each has a file, or stands in that of its kind, with all that it can do.

mod block;
mod bytes;
mod callbacks;
mod flags;
mod giving;
mod number;
mod shrink;
mod slot;
mod time;
mod words;

use std::fmt;

pub use block::{BlockCall, Inner, LeftOut, MAX_BLOCK, NameBlock, NameReturn, NewBlock, RemoveBlock, TheCopy, Where};
pub use bytes::{Bytes, CString, MAX_BYTES};
pub use callbacks::{
    AlpnCallback, DecryptTicket, GenerateId, GenerateTicket, GetCallback, NewCallback, NotResumableCallback,
    PskCallback, RemoveCallback, ServerNameCallback, TicketKeyCallback,
};
pub use flags::{CacheMode, Closed};
pub use giving::{CopyFlag, GetBlock, PskBlock, Source};
pub use number::{Few, Number, ProtocolVersion, Room};
pub use shrink::Shrink;
pub use slot::{BUFFERS, BufferSlot, CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, SLOTS, Slot, Variable};
pub use time::Time;
pub use words::{
    Cipher, DatagramMethod, ExIndex, KeyUpdate, MaxVersion, Method, Options, Sample, Suites, TicketKeys, Verify,
};

use super::text::{Cursor, Expected, TextError};
use super::wire::Wire;

/// Spells an operand in text and on the wire.
pub trait Operand: Sized {
    /// Says in words how the text looks, in Markdown.
    fn form() -> String;

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

/// An operand of one byte on the wire in whose place `NULL` may stand: an [`Option`] of it.
pub trait Nullable: Operand {
    /// What is said where the text is neither; `None`: what is said where it is no such operand.
    const OR_NULL: Option<Expected>;
}

/// `NULL` on the wire.
const WIRE_NULL: u8 = 0xff;

impl<T: Nullable> Operand for Option<T> {
    fn form() -> String {
        format!("{}, or `NULL`", T::form())
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        match self {
            Some(operand) => operand.put_wire(out),
            None => out.push(WIRE_NULL),
        }
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
        let mut ahead = wire.clone();
        if ahead.byte()? == WIRE_NULL {
            *wire = ahead;
            return Some(None);
        }
        T::take_wire(wire).map(Some)
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(operand) => operand.print(f),
            None => f.write_str("NULL"),
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
        if cursor.accept_null() {
            return Ok(None);
        }
        T::parse(cursor).map(Some).map_err(|error| T::OR_NULL.map_or(error, |expected| cursor.error(expected)))
    }
}

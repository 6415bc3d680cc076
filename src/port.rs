//! A port: one implementation of the session API under test, driven through its slots.

pub mod blocks;
mod buffers;
#[cfg(feature = "linked")]
pub mod c;
pub mod events;
pub mod handshakes;
pub mod mutant;
pub mod native;
pub mod present;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use events::key;

use crate::field::{Field, Fields};
use crate::native::Compression;
use crate::op::{ConnectionSlot, ContextSlot, Op, Slot, Variable};
use crate::plan::{Kinds, Quirks};
use crate::trace::{After, Block, Mishap, Tape};

/// Makes the `number`th id that the callbacks of a program give: of no session that a program makes by other means.
pub(crate) fn generated(number: u64) -> [u8; 32] {
    let mut id = [0xa5; 32];
    id[..8].copy_from_slice(&(number | 0xa5 << 56).to_le_bytes());
    id
}

/// Names a port, and the code that its calls really reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// As `--port` takes it.
    pub name: String,
    /// The library's own version text.
    pub version: String,
    /// The file that holds the code; of a library in two files both: `libssl.so with libcrypto.so`.
    pub file: String,
}

/// A symbol that a library in C does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Names it, as it was looked for.
    pub symbol: String,
    /// Names the function that it is, as OpenSSL does.
    pub function: String,
    /// Has the kinds of ops that call it, or that something is looked at by it.
    pub needed_by: Kinds,
}

/// Stands between the file of libssl and that of libcrypto.
#[cfg(feature = "linked")]
pub(crate) const WITH: &str = " with ";

impl Identity {
    /// Returns a name for a column: of a library the file's name without its folder.
    pub fn short_name(&self) -> &str {
        match self.name.strip_prefix("lib:").and_then(|path| path.rsplit('/').next()) {
            Some(file) => file,
            None => &self.name,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.version, self.file)
    }
}

/// Says what memory a library is given while a program runs. Ports that are not written in C have memory of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Memory {
    /// Gives that of the system's allocator, counted.
    Plain,
    /// Overwrites and keeps freed blocks, which lie between bytes that must stay as they are: what is written to them shows
    /// at the end of a program, and where everything is observed after the step.
    Poisoned,
    /// Ends every block at an inaccessible page, and makes a freed block's pages inaccessible: a wrong access is a fault at once.
    Guarded,
}

impl Memory {
    /// All of them, cheapest first.
    pub const ALL: [Memory; 3] = [Memory::Plain, Memory::Poisoned, Memory::Guarded];

    /// Returns the name that the command line takes.
    pub const fn name(self) -> &'static str {
        match self {
            Memory::Plain => "plain",
            Memory::Poisoned => "poisoned",
            Memory::Guarded => "guarded",
        }
    }
}

/// What a port says of its memory when a program has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// How many more of the library's allocations live than when it began, if that is known.
    pub balance: Option<i64>,
    /// The allocations that live on, where their origin was remembered.
    pub left: Vec<Block>,
}

/// What an implementation can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// The functions it does not have; none of them is ever called.
    pub lacks: Kinds,
    /// Whether [`Port::count`] knows reference counts.
    pub counts: bool,
    /// Whether it tells when a session that a constructor made is destroyed: by the callbacks of ex_data, or by
    /// [`events::gone`] where none are registered.
    pub tells_ends: bool,
    /// Says what it knows of compression.
    pub compression: Compression,
    /// What the harness heeds of it; most ports have nothing of that.
    pub quirks: Quirks,
}

/// What a call is made with besides its operands.
pub struct Moment<'a> {
    /// Seconds since the program began, those of this op included.
    pub passed: u64,
    /// Whether it gives back the last reference of its variable.
    pub last: bool,
    /// What the peers of handshakes decide: recorded by one port, played to the other.
    pub tape: &'a mut Tape,
}

/// What a call returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned<'a> {
    /// The function returns nothing.
    Nothing,
    /// A number. Of what makes a context or a connection: 1, or 0 for `NULL`. Of `SSL_dup`: 2 where it returned the connection that it was given.
    Number(i64),
    /// Whether there is a session.
    Session(bool),
    /// `SSL_SESSION_get_master_key`: the number, and the buffer that was given.
    Copied {
        /// What the function returned.
        returned: i64,
        /// The whole buffer; it was filled with [`crate::samples::UNTOUCHED`].
        bytes: &'a [u8],
        /// Whether bytes around the buffer were changed.
        overrun: bool,
    },
    /// The certificates that a peer showed; `None`: `NULL`.
    Chain(Option<Chain>),
    /// Says whether a session was made of DER, and how many bytes were taken.
    Read {
        /// Says whether there is a session.
        made: bool,
        /// How far the pointer to the bytes was moved.
        taken: i64,
    },
}

impl Returned<'_> {
    /// Returns what needs nothing of the port any more; `None`: what was copied out does.
    #[inline]
    pub fn detached(self) -> Option<Returned<'static>> {
        match self {
            Returned::Nothing => Some(Returned::Nothing),
            Returned::Number(number) => Some(Returned::Number(number)),
            Returned::Session(made) => Some(Returned::Session(made)),
            Returned::Chain(chain) => Some(Returned::Chain(chain)),
            Returned::Read { made, taken } => Some(Returned::Read { made, taken }),
            Returned::Copied { .. } => None,
        }
    }
}

/// Certificates that a peer showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many.
    pub certificates: u32,
    /// How many of them are the very object that `SSL_SESSION_get0_peer` gives for the session.
    pub peers: u32,
}

/// What a getter said of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number.
    Number(i64),
    /// Bytes; `None`: `NULL`.
    Bytes(Option<&'a [u8]>),
    /// `NULL`, and a length that is not 0.
    NullWithLength(usize),
    /// The getter said that it could not.
    Refused,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a variable.
    Slot(Slot),
    /// At the address that [`Port::address`] or [`Port::cached`] gave.
    Address(usize),
}

/// Who owns references to a session besides the program's variables and caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// Connections that have it, each counted once.
    pub connections: u32,
    /// References that callbacks kept.
    pub callbacks: u32,
}

/// A session that a cache lists.
#[derive(Clone, Copy)]
pub struct Cached<'a> {
    /// Where it is. Nobody follows it.
    pub address: usize,
    /// Its protocol version.
    pub version: i32,
    /// Its id.
    pub id: &'a [u8],
    /// Reads its reference count, if that can be known. Not to be called of a session that may be destroyed.
    pub references: &'a dyn Fn() -> Option<u32>,
}

/// One implementation of the API. Sessions, contexts and connections are named by variables; the caller follows a
/// [`crate::plan::Plan`], so a variable that is used owns a reference or borrows from somebody who does, and that of a result is
/// empty.
///
/// No method has a default: a port says out loud what it cannot do, in [`Port::abilities`].
pub trait Port {
    /// Returns what it is.
    fn identity(&self) -> Identity;
    /// Returns what it can be asked for.
    fn abilities(&self) -> Abilities;

    /// Begins a program, which consists of `ops`: all variables are empty. `origins`: remember where each allocation of the library comes
    /// from.
    fn begin(&mut self, ops: &[Op], memory: Memory, origins: bool);
    /// Ends a program.
    fn end(&mut self) -> Ended;
    /// Takes how memory was misused since this was last asked, if that was noticed.
    fn misuse(&mut self) -> Option<Mishap>;

    /// Makes a call. A variable whose last reference goes keeps its pointer until [`Port::forget`].
    fn call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_>;
    /// Empties a variable: what it held is gone, or not to be touched through it again.
    fn forget(&mut self, variable: Variable);
    /// Lets a session variable borrow the session of a connection, to look at: no call of the program's. Tells whether there
    /// is one.
    fn lend(&mut self, s: Slot, x: ConnectionSlot) -> bool;

    /// Reads one field of a session.
    fn read(&mut self, s: Slot, field: Field) -> Value<'_>;
    /// Returns the fields whose buffer two sessions share although each must have its own, as of when both were last read.
    fn shared(&self, a: Slot, b: Slot) -> Fields;
    /// Returns where the variable's object is, of a connection its session; 0: there is none. Nobody follows it.
    fn address(&self, variable: Variable) -> usize;
    /// Returns the reference count of a session that lives, if it can be known.
    fn count(&self, place: Place) -> Option<u32>;
    /// Returns who owns the session at this address besides variables and caches.
    fn holders(&self, address: usize) -> Holders;
    /// Gives every session that a context has cached, in no order; `None`: once for each cache of every context that lives.
    fn cached(&self, c: Option<ContextSlot>, each: &mut dyn FnMut(Cached<'_>));

    /// Raises an error of the harness's own, if none is in the queue: a call must neither mind nor remove it.
    fn plant_error(&mut self);
    /// Returns what the last call left behind, and empties the error queue of it.
    fn after(&mut self) -> After;
}

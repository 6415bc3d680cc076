//! A port: one implementation of the session API under test, driven through its slots.

#[cfg(feature = "linked")]
pub mod c;
pub mod events;
pub mod handshakes;
pub mod native;
pub mod planted;
pub mod present;
pub mod sharing;

use std::fmt;

pub use events::key;

use crate::field::{Field, Fields};
use crate::op::{Bytes, CString, Cipher, ExIndex, Room, Sample, Slot};
use crate::plan::Kinds;
use crate::trace::{After, Block, Mishap, Trace};
use handshakes::Handshakes;
use sharing::Sharing;

/// The `number`th id that the callbacks of a program make: of no session that a program makes by other means.
pub(crate) fn generated(number: u64) -> [u8; 32] {
    let mut id = [0xa5; 32];
    id[..8].copy_from_slice(&(number | 0xa5 << 56).to_le_bytes());
    id
}

/// What a port is called and which code its calls really reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// As `--port` takes it.
    pub name: String,
    /// The library's own version text.
    pub version: String,
    /// The file that holds the code.
    pub file: String,
}

impl Identity {
    /// A name for a column: of a library the file's name without its folder.
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

/// What memory a library is given while a program runs. Ports that are not written in C have memory of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Memory {
    /// That of the system's allocator, counted.
    Plain,
    /// Freed blocks are overwritten and kept, and lie between bytes that must stay as they are: what is written to them shows
    /// at the end of a program, and where everything is observed after the step.
    Poisoned,
    /// Every block ends at an inaccessible page, and a freed block's pages are inaccessible: a wrong access is a fault at once.
    Guarded,
}

impl Memory {
    /// All of them, cheapest first.
    pub const ALL: [Memory; 3] = [Memory::Plain, Memory::Poisoned, Memory::Guarded];

    /// As the command line takes it.
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

/// One implementation of the API. Sessions are named by slots; the caller follows a [`crate::plan::Plan`], so a slot that
/// is used owns a reference, and a slot for a result is empty.
///
/// No method has a default: a port says out loud what it cannot do, in [`Port::lacks`].
pub trait Port: Sharing + Handshakes {
    /// What it is.
    fn identity(&self) -> Identity;
    /// The functions it does not have; none of them is ever called.
    fn lacks(&self) -> Kinds;
    /// Whether [`Port::count`] knows.
    fn counts_references(&self) -> bool;

    /// A program begins: all slots are empty. `origins`: remember where each allocation of the library comes from.
    fn begin(&mut self, memory: Memory, origins: bool);
    /// A program has ended.
    fn end(&mut self) -> Ended;
    /// How memory was misused since this was last asked, if that was noticed.
    fn misuse(&mut self) -> Option<Mishap>;
    /// The slot's session is gone, or not to be touched again.
    fn forget(&mut self, s: Slot);

    /// `dst = SSL_SESSION_new()`; whether that is a session.
    fn new_session(&mut self, dst: Slot) -> bool;
    /// `dst = SSL_SESSION_dup(src)`; whether that is a session.
    fn dup(&mut self, dst: Slot, src: Slot) -> bool;
    /// A sample session; whether it could be made.
    fn sample(&mut self, dst: Slot, sample: Sample) -> bool;
    /// `SSL_SESSION_up_ref`
    fn up_ref(&mut self, s: Slot) -> i64;
    /// `SSL_SESSION_free`. The slot keeps its pointer until [`Port::forget`].
    fn free(&mut self, s: Option<Slot>);

    /// `SSL_SESSION_set1_id`
    fn set1_id(&mut self, s: Slot, id: &Bytes) -> i64;
    /// `SSL_SESSION_set1_id_context`
    fn set1_id_context(&mut self, s: Slot, context: &Bytes) -> i64;
    /// `SSL_SESSION_set_time`: seconds since 1970.
    fn set_time(&mut self, s: Option<Slot>, seconds: i64) -> i64;
    /// `SSL_SESSION_set_time_ex`: seconds since 1970.
    fn set_time_ex(&mut self, s: Option<Slot>, seconds: i64) -> i64;
    /// `SSL_SESSION_set_timeout`: seconds.
    fn set_timeout(&mut self, s: Option<Slot>, seconds: i64) -> i64;
    /// `SSL_SESSION_set_protocol_version`
    fn set_protocol_version(&mut self, s: Slot, version: i32) -> i64;
    /// `SSL_SESSION_set_cipher`
    fn set_cipher(&mut self, s: Slot, cipher: Option<Cipher>) -> i64;
    /// `SSL_SESSION_set1_master_key`
    fn set1_master_key(&mut self, s: Slot, key: &Bytes) -> i64;
    /// `SSL_SESSION_set1_hostname`
    fn set1_hostname(&mut self, s: Slot, hostname: &CString) -> i64;
    /// `SSL_SESSION_set1_alpn_selected`
    fn set1_alpn_selected(&mut self, s: Slot, alpn: &Bytes) -> i64;
    /// `SSL_SESSION_set_max_early_data`
    fn set_max_early_data(&mut self, s: Slot, bytes: u32) -> i64;
    /// `SSL_SESSION_set1_ticket_appdata`
    fn set1_ticket_appdata(&mut self, s: Slot, data: &Bytes) -> i64;
    /// `SSL_SESSION_set_ex_data`
    fn set_ex_data(&mut self, s: Slot, index: ExIndex, value: u64) -> i64;

    /// `SSL_SESSION_get_master_key` into a buffer of `room`: the return value, then what was copied.
    fn get_master_key(&mut self, s: Slot, room: Room, trace: &mut Trace);
    /// `SSL_SESSION_get_ex_data` at index -1.
    fn ex_data_at_minus_one(&mut self, s: Slot) -> u64;
    /// What the getter of a field that takes NULL says of NULL: time, timeout.
    fn read_null(&mut self, field: Field) -> i64;
    /// Writes one field of a session.
    fn read(&mut self, s: Slot, field: Field, trace: &mut Trace);
    /// Writes a session in full: its numbers as one entry, then its bytes in the order of [`Field::BYTES`], both without
    /// the fields that are not in `fields`.
    fn observe(&mut self, s: Slot, fields: Fields, trace: &mut Trace);
    /// The present reference count, if it can be known.
    fn count(&self, s: Slot) -> Option<u32>;
    /// One bit for each [`Field`] whose buffer two sessions share although each must have its own, as of when both were
    /// last read.
    fn shared(&self, a: Slot, b: Slot) -> u32;
    /// An error of the harness's own is in the queue until [`Port::after`]: a call must neither mind nor remove it.
    fn plant_error(&mut self);
    /// What the last call left behind. Empties the error queue.
    fn after(&mut self) -> After;
}

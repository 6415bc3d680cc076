//! The entries of a trace, decoded.

use std::fmt;

use super::{NULL_LENGTH, Tag, WRONG_ARGUMENTS};
use crate::field::Field;
use crate::op::{ConnectionSlot, ContextSlot, ExIndex, Slot};

/// One thing a port did or showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// What a call returned.
    Return(i64),
    /// Whether a constructor returned a session.
    Made(bool),
    /// What a call copied out.
    Copied(&'a [u8]),
    /// What a call left behind.
    After(After),
    /// The fields that follow belong to this slot.
    Session(Slot),
    /// The fields that follow belong to the session of this connection, which no slot holds.
    SessionOf(ConnectionSlot),
    /// A field that is a number.
    Number(Field, i64),
    /// A field that is bytes.
    Bytes(Field, Option<&'a [u8]>),
    /// One bit a [`Field`] whose buffer two sessions share.
    Shared(u32),
    /// A call wrote beyond its buffer.
    Overrun,
    /// A getter gave NULL and this length.
    NullWithLength(Field, u64),
    /// The reference count of a slot's session.
    Count(Slot, u32),
    /// The reference count of the session of a connection, which no slot holds.
    CountOf(ConnectionSlot, u32),
    /// How many certificates of a chain are the very one that the session has of its peer.
    Chain(u32),
    /// The getter of a field did more than to read it.
    Meddled(Field, Meddling),
    /// A session was born: its number.
    ExNew(u32),
    /// A dup callback: index, number of the source, value.
    ExDup(u8, u32, u64),
    /// A free callback: index, number of the session, value.
    ExFree(u8, u32, u64),
    /// The step did not run: a slot turned out to be empty.
    Skipped,
    /// Which slots hold the session that a call returned: one bit each.
    Same(u8),
    /// Whether a connection has a session, and which slots hold it.
    Connection(ConnectionSlot, bool, u8),
    /// How many sessions a context has cached, and a digest of them.
    Cache(ContextSlot, u32, u32),
    /// A cached session: which slots hold it, version, id.
    Member(u8, i32, &'a [u8]),
    /// The callback of a cache: number of the context, number of the session, digest of its version and id, references.
    Removed(u32, u32, u32, u32),
    /// A callback that a handshake calls: see [`Callback`].
    Called(Callback, [u32; 5]),
    /// A context was destroyed: its number.
    ContextFreed(u32),
    /// The program ended here.
    Stopped,
}

/// A callback that a handshake calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// `new_session_cb`: whether for a server, number of the session, length of its id, digest of its version and id, references.
    New,
    /// `get_session_cb`: whether for a server, 0, length of the id, its digest, 0.
    Get,
    /// `not_resumable_session_callback`: whether for a server, 0, 0, 0, whether it is forward secure.
    NotResumable,
    /// `generate_session_id`: whether for a server, 0, room, 0, 0.
    GenerateId,
    /// `psk_use_session_callback`: nothing.
    PskUse,
    /// `psk_find_session_callback`: 1, 0, length of the identity, its digest, 0.
    PskFind,
}

impl Callback {
    const ALL: [Callback; 6] = [
        Callback::New,
        Callback::Get,
        Callback::NotResumable,
        Callback::GenerateId,
        Callback::PskUse,
        Callback::PskFind,
    ];

    /// In signatures and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Callback::New => "new-session",
            Callback::Get => "get-session",
            Callback::NotResumable => "not-resumable",
            Callback::GenerateId => "generate-id",
            Callback::PskUse => "psk-use-session",
            Callback::PskFind => "psk-find-session",
        }
    }
}

/// What a getter did besides reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meddling {
    /// It changed a reference count.
    Count,
    /// It raised an error.
    Raised,
    /// It returned a failure, where it cannot fail.
    Returned,
}

/// What a call left behind, besides what it returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct After {
    /// It raised an error.
    pub raised: bool,
    /// It removed the error that was in the queue before.
    pub error_lost: bool,
    /// It changed bytes that it only had to read.
    pub argument_changed: bool,
}

impl After {
    pub(super) fn bits(self) -> u8 {
        u8::from(self.raised) | u8::from(self.error_lost) << 1 | u8::from(self.argument_changed) << 2
    }

    fn from_bits(bits: u8) -> After {
        After { raised: bits & 1 != 0, error_lost: bits & 2 != 0, argument_changed: bits & 4 != 0 }
    }
}

/// Reads a log front to back.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    log: &'a [u8],
    /// The numbers of an observation that are still to come, and which field is next.
    numbers: &'a [[u8; 8]],
    next_number: usize,
}

impl<'a> Entries<'a> {
    /// All of `log`, which starts at an entry.
    pub fn new(log: &'a [u8]) -> Entries<'a> {
        Entries { log, numbers: &[], next_number: 0 }
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.log.split_first_chunk::<N>()?;
        self.log = rest;
        Some(*first)
    }

    fn bytes(&mut self) -> Option<Option<&'a [u8]>> {
        let length = u16::from_le_bytes(self.take()?);
        if length == NULL_LENGTH {
            return Some(None);
        }
        let (bytes, rest) = self.log.split_at_checked(usize::from(length))?;
        self.log = rest;
        Some(Some(bytes))
    }

    fn word(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn callback(&mut self) -> Option<(u8, u32, u64)> {
        let [index] = self.take()?;
        Some((index, u32::from_le_bytes(self.take()?), u64::from_le_bytes(self.take()?)))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if let Some((number, rest)) = self.numbers.split_first() {
            let field = *Field::NUMBERS.get(self.next_number)?;
            (self.numbers, self.next_number) = (rest, self.next_number + 1);
            return Some(Entry::Number(field, i64::from_le_bytes(*number)));
        }
        let [tag] = self.take()?;
        if tag == Tag::Numbers as u8 {
            let (numbers, rest) = self.log.split_at_checked(Field::NUMBERS.len() * 8)?;
            (self.log, self.numbers, self.next_number) = (rest, numbers.as_chunks::<8>().0, 0);
            return self.next();
        }
        if let Some(field) = Field::ALL.get(usize::from(tag)) {
            return Some(if field.is_bytes() {
                Entry::Bytes(*field, self.bytes()?)
            } else {
                Entry::Number(*field, i64::from_le_bytes(self.take()?))
            });
        }
        const TAGS: [Tag; 26] = [
            Tag::Return,
            Tag::Made,
            Tag::Copied,
            Tag::After,
            Tag::Session,
            Tag::Shared,
            Tag::Overrun,
            Tag::ExNew,
            Tag::ExDup,
            Tag::ExFree,
            Tag::Stopped,
            Tag::Numbers,
            Tag::NullWithLength,
            Tag::Count,
            Tag::Meddled,
            Tag::Skipped,
            Tag::Same,
            Tag::Connection,
            Tag::Cache,
            Tag::Member,
            Tag::Removed,
            Tag::ContextFreed,
            Tag::Called,
            Tag::SessionOf,
            Tag::CountOf,
            Tag::Chain,
        ];
        Some(match TAGS.into_iter().find(|known| *known as u8 == tag)? {
            Tag::Return => Entry::Return(i64::from_le_bytes(self.take()?)),
            Tag::Made => Entry::Made(self.take::<1>()? != [0]),
            Tag::Copied => Entry::Copied(self.bytes()?.unwrap_or_default()),
            Tag::After => Entry::After(After::from_bits(self.take::<1>()?[0])),
            Tag::Session => Entry::Session(Slot::wrapping(self.take::<1>()?[0])),
            Tag::SessionOf => Entry::SessionOf(ConnectionSlot::wrapping(self.take::<1>()?[0])),
            Tag::CountOf => Entry::CountOf(ConnectionSlot::wrapping(self.take::<1>()?[0]), self.word()?),
            Tag::Chain => Entry::Chain(self.word()?),
            Tag::Shared => Entry::Shared(u32::from_le_bytes(self.take()?)),
            Tag::Overrun => Entry::Overrun,
            Tag::NullWithLength => {
                let [field] = self.take()?;
                Entry::NullWithLength(*Field::ALL.get(usize::from(field))?, u64::from_le_bytes(self.take()?))
            }
            Tag::Meddled => {
                let [field, how] = self.take()?;
                let how = *[Meddling::Count, Meddling::Raised, Meddling::Returned].get(usize::from(how))?;
                Entry::Meddled(*Field::ALL.get(usize::from(field))?, how)
            }
            Tag::Count => Entry::Count(Slot::wrapping(self.take::<1>()?[0]), u32::from_le_bytes(self.take()?)),
            Tag::ExNew => Entry::ExNew(u32::from_le_bytes(self.take()?)),
            Tag::ExDup => self.callback().map(|(index, from, value)| Entry::ExDup(index, from, value))?,
            Tag::ExFree => self.callback().map(|(index, birth, value)| Entry::ExFree(index, birth, value))?,
            Tag::Skipped => Entry::Skipped,
            Tag::Same => Entry::Same(self.take::<1>()?[0]),
            Tag::Connection => {
                let [x, session, slots] = self.take()?;
                Entry::Connection(ConnectionSlot::wrapping(x), session != 0, slots)
            }
            Tag::Cache => Entry::Cache(ContextSlot::wrapping(self.take::<1>()?[0]), self.word()?, self.word()?),
            Tag::Member => {
                let ([slots], version) = (self.take()?, i32::from_le_bytes(self.take()?));
                let [length] = self.take()?;
                let (id, rest) = self.log.split_at_checked(usize::from(length))?;
                self.log = rest;
                Entry::Member(slots, version, id)
            }
            Tag::Removed => Entry::Removed(self.word()?, self.word()?, self.word()?, self.word()?),
            Tag::ContextFreed => Entry::ContextFreed(self.word()?),
            Tag::Called => {
                let [callback] = self.take()?;
                let callback = Callback::ALL.into_iter().find(|known| *known as u8 == callback)?;
                let mut arguments = [0; 5];
                for argument in &mut arguments {
                    *argument = self.word()?;
                }
                Entry::Called(callback, arguments)
            }
            Tag::Stopped | Tag::Numbers => Entry::Stopped,
        })
    }
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index_name = |index: u8| ExIndex::ALL.get(usize::from(index)).map_or("?", |index| index.name());
        match self {
            Entry::Return(value) => write!(f, "returned {value}"),
            Entry::Made(true) => f.write_str("returned a session"),
            Entry::Made(false) => f.write_str("returned NULL"),
            Entry::Copied(bytes) => write!(f, "copied {}", Hex(Some(bytes))),
            Entry::After(After { argument_changed: true, .. }) => f.write_str("changed bytes that it only had to read"),
            Entry::After(After { error_lost: true, .. }) => f.write_str("removed the error that was in the queue"),
            Entry::After(After { raised: true, .. }) => f.write_str("raised an error"),
            Entry::After(After { raised: false, .. }) => f.write_str("raised no error"),
            Entry::Session(slot) => write!(f, "{slot}"),
            Entry::SessionOf(x) => write!(f, "the session of {x}"),
            Entry::Number(Field::Cipher, -1) => f.write_str("cipher NULL"),
            Entry::Number(Field::Cipher, code) => write!(f, "cipher {code:#06x}"),
            Entry::Number(field, value) => write!(f, "{} {value}", field.name()),
            Entry::Bytes(field, bytes) => write!(f, "{} {}", field.name(), Hex(*bytes)),
            Entry::Shared(0) => f.write_str("no shared buffer"),
            Entry::Shared(fields) => {
                f.write_str("shared buffer:")?;
                let shared = Field::ALL.iter().filter(|field| fields & (1 << **field as u32) != 0);
                shared.into_iter().try_for_each(|field| write!(f, " {}", field.name()))
            }
            Entry::Overrun => f.write_str("wrote beyond the buffer"),
            Entry::NullWithLength(field, length) => write!(f, "{} NULL with length {length}", field.name()),
            Entry::Count(slot, references) => write!(f, "{slot} has {references} references"),
            Entry::CountOf(x, references) => write!(f, "the session of {x} has {references} references"),
            Entry::Chain(peers) => write!(f, "{peers} of the chain are the peer's certificate itself"),
            Entry::Meddled(field, Meddling::Raised) => write!(f, "{} raised an error", field.getter().name()),
            Entry::Meddled(field, Meddling::Count) => write!(f, "{} changed a reference count", field.getter().name()),
            Entry::Meddled(field, Meddling::Returned) => write!(f, "{} returned a failure", field.getter().name()),
            Entry::ExNew(birth) => write!(f, "new callback for {}", Born(*birth)),
            Entry::ExDup(index, from, value) => {
                write!(f, "dup callback of {} for {}, value {value:#x}", index_name(*index), Born(*from))
            }
            Entry::ExFree(WRONG_ARGUMENTS, ..) => {
                f.write_str("a callback with other arguments than it was registered with")
            }
            Entry::ExFree(index, birth, value) => {
                write!(f, "free callback of {} for {}, value {value:#x}", index_name(*index), Born(*birth))
            }
            Entry::Skipped => f.write_str("did not run: the slot is empty"),
            Entry::Same(slots) => write!(f, "the session of {}", Slots(*slots)),
            Entry::Connection(x, false, _) => write!(f, "{x} has no session"),
            Entry::Connection(x, true, slots) => write!(f, "{x} has the session of {}", Slots(*slots)),
            Entry::Cache(c, number, digest) => write!(f, "{c} has {number} cached, digest {digest:#010x}"),
            Entry::Member(slots, version, id) => {
                write!(f, "cached: version {version:#06x}, id {}, {}", Hex(Some(id)), Slots(*slots))
            }
            Entry::Removed(context, birth, _, references) => {
                write!(f, "remove callback of context {context} for {}", Born(*birth))?;
                if *references == 0 { Ok(()) } else { write!(f, ", which has {references} references") }
            }
            Entry::ContextFreed(context) => write!(f, "context {context} destroyed"),
            Entry::Called(callback, [server, birth, length, key, references]) => {
                let side = if *server != 0 { "server" } else { "client" };
                write!(f, "{} callback of the {side}", callback.name())?;
                match callback {
                    Callback::New => {
                        write!(f, " for {}, with an id of {length} bytes, digest {key:08x}", Born(*birth))?;
                        if *references == 0 { Ok(()) } else { write!(f, ", which has {references} references") }
                    }
                    Callback::Get => write!(f, " for an id of {length} bytes, digest {key:08x}"),
                    Callback::NotResumable => write!(f, ", forward secure: {references}"),
                    Callback::PskUse => Ok(()),
                    Callback::PskFind => write!(f, " for an identity of {length} bytes, digest {key:08x}"),
                    Callback::GenerateId => write!(f, ", {length} bytes at most"),
                }
            }
            Entry::Stopped => f.write_str("ended here"),
        }
    }
}

/// The slots of a session: one bit each.
struct Slots(u8);

impl fmt::Display for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for slot in Slot::all().filter(|slot| self.0 & (1 << slot.index()) != 0) {
            write!(f, "{separator}{slot}")?;
            separator = " and ";
        }
        if separator.is_empty() { f.write_str("no slot") } else { Ok(()) }
    }
}

/// A session by its number, or one that no new callback announced.
struct Born(u32);

impl fmt::Display for Born {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == u32::MAX { f.write_str("a session that was never born") } else { write!(f, "session {}", self.0) }
    }
}

/// Bytes as people read them: printable ones in quotes, others in hexadecimal, cut when long.
struct Hex<'a>(Option<&'a [u8]>);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        let Some(bytes) = self.0 else { return f.write_str("NULL") };
        let shown = &bytes[..bytes.len().min(SHOWN)];
        if shown.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            write!(f, "\"{}\"", String::from_utf8_lossy(shown))?;
        } else {
            f.write_str("x\"")?;
            shown.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            f.write_str("\"")?;
        }
        if bytes.len() > SHOWN { write!(f, "... ({} bytes)", bytes.len()) } else { Ok(()) }
    }
}

//! What one port did: a flat byte log, so that agreeing is one `memcmp`, and its readable form.
//!
//! What a port may not know, its reference counts, is kept beside the log, and so is what the ledger predicts: the
//! counts and the step of each destruction.

mod entry;
mod frame;
mod mishap;
mod owners;
mod tape;

pub use entry::{After, Callback, Entries, Entry, Meddling};
pub use frame::{Reader, Sink, put_head, put_number, put_site, put_text};
pub use mishap::{Block, Mishap, MishapKind, Site};
pub use owners::{Owners, Seen, Unowned};
pub use tape::{Recorded, SENT_ID, Tape};

use crate::field::Field;
use crate::op::{ConnectionSlot, ContextSlot, Slot};

/// The index of a callback that comes with other arguments than it was registered with.
pub(crate) const WRONG_ARGUMENTS: u8 = u8::MAX;

/// What is written where a length is written and the pointer is NULL.
pub(crate) const NULL_LENGTH: u16 = u16::MAX;

/// What is written for `SSL_dup` where it returned the connection that it was given; 1 is another one, 0 is NULL.
pub(crate) const SAME: i64 = 2;

/// The first byte of an entry; field entries start with the field's number.
#[derive(Clone, Copy)]
pub(crate) enum Tag {
    Return = 0x40,
    Made,
    Copied,
    After,
    Session,
    Shared,
    Overrun,
    ExNew,
    ExDup,
    ExFree,
    Stopped,
    Numbers,
    NullWithLength,
    Count,
    Meddled,
    Skipped,
    Same,
    Connection,
    Cache,
    Member,
    Removed,
    ContextFreed,
    Called,
    SessionOf,
    CountOf,
    Chain,
}

/// The record of one program on one port. Reused from program to program.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    log: Vec<u8>,
    /// Where in the log each step starts.
    marks: Vec<u32>,
    /// The reference counts, in the order of [`crate::plan::Plan::counts`].
    pub counts: Vec<u32>,
    /// The step of each destruction, in order.
    pub deaths: Vec<u32>,
    /// The steps that were planned and did not run, in order: a slot turned out to be empty.
    pub skips: Vec<u32>,
    /// Where in the log the full observations of a duplicated session and its duplicate are.
    pub dups: Vec<DupSeen>,
    /// How many of the library's allocations live on, if that is known.
    pub leaked: Option<i64>,
    /// Those of which it is known where they come from.
    pub left: Vec<Block>,
    /// The first misuse of memory, or what ended the port. A crash or hang is in the last step that there is.
    pub mishap: Option<Mishap>,
    /// The first step with something that is wrong whatever the other port does: a shared buffer, a NULL with a length, an
    /// overrun.
    pub broken: Option<u32>,
    /// Where the program was ended because the port was not where the ledger is.
    pub stopped: Option<u32>,
    /// The first session whose owners are not all that there are.
    pub unowned: Option<Unowned>,
    /// What handshakes put into sessions.
    pub tape: Tape,
}

/// Two observations that an `SSL_SESSION_dup` must make alike.
#[derive(Clone, Copy, Debug)]
pub struct DupSeen {
    /// The step of the dup.
    pub step: u32,
    /// The source: start and end in the log.
    pub source: (u32, u32),
    /// The duplicate: start and end in the log.
    pub dup: (u32, u32),
}

impl Trace {
    /// An empty trace with room, so that a program of usual length makes it allocate nothing.
    pub fn with_room() -> Trace {
        Trace { log: Vec::with_capacity(1 << 16), marks: Vec::with_capacity(256), ..Trace::default() }
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.log.clear();
        self.marks.clear();
        self.counts.clear();
        self.deaths.clear();
        self.skips.clear();
        self.dups.clear();
        self.leaked = None;
        self.left.clear();
        self.mishap = None;
        self.broken = None;
        self.stopped = None;
        self.unowned = None;
        self.tape.begin();
    }

    /// All bytes.
    pub fn log(&self) -> &[u8] {
        &self.log
    }

    /// A part of the bytes.
    pub fn part(&self, (start, end): (u32, u32)) -> &[u8] {
        &self.log[start as usize..end as usize]
    }

    /// Of a full observation, the two stretches of fields that [`Field::is_copied`].
    pub fn copied_parts(&self, seen: (u32, u32)) -> [&[u8]; 2] {
        let seen = self.part(seen);
        [&seen[1..1 + 8 * Field::COPIED_NUMBERS], &seen[1 + 8 * Field::NUMBERS.len()..]]
    }

    /// Where the next entry goes.
    pub fn position(&self) -> usize {
        self.log.len()
    }

    /// Where in the log each step starts.
    pub fn marks(&self) -> &[u32] {
        &self.marks
    }

    /// How many steps have begun.
    pub fn steps(&self) -> usize {
        self.marks.len()
    }

    /// A step begins.
    #[inline]
    pub fn step(&mut self) {
        self.marks.push(self.log.len() as u32);
    }

    /// The entries of one step, none if it was not reached.
    pub fn entries(&self, step: usize) -> Entries<'_> {
        let start = self.marks.get(step).map_or(self.log.len(), |mark| *mark as usize);
        let end = self.marks.get(step + 1).map_or(self.log.len(), |mark| *mark as usize);
        Entries::new(&self.log[start..end])
    }

    /// The number a call returned.
    #[inline]
    pub fn returned(&mut self, value: i64) {
        self.number(Tag::Return as u8, value);
    }

    /// Whether a constructor returned a session.
    #[inline]
    pub fn made(&mut self, session: bool) {
        self.log.extend_from_slice(&[Tag::Made as u8, u8::from(session)]);
    }

    /// What a call copied out.
    pub fn copied(&mut self, bytes: &[u8]) {
        self.put(Tag::Copied as u8, Some(bytes));
    }

    /// A call wrote beyond the buffer it was given.
    pub fn overrun(&mut self) {
        self.breaks();
        self.log.push(Tag::Overrun as u8);
    }

    /// What a call left behind.
    #[inline]
    pub fn after(&mut self, after: After) {
        if after.error_lost || after.argument_changed {
            self.breaks();
        }
        self.log.extend_from_slice(&[Tag::After as u8, after.bits()]);
    }

    /// The fields that follow are those of this slot's session.
    #[inline]
    pub fn session(&mut self, slot: Slot) {
        self.log.extend_from_slice(&[Tag::Session as u8, slot.index() as u8]);
    }

    /// The fields that follow are those of this connection's session, which no slot holds.
    pub fn session_of(&mut self, x: ConnectionSlot) {
        self.log.extend_from_slice(&[Tag::SessionOf as u8, x.index() as u8]);
    }

    /// The reference count of a connection's session, which no slot holds.
    pub fn count_of_connected(&mut self, x: ConnectionSlot, references: u32) {
        self.log.extend_from_slice(&[Tag::CountOf as u8, x.index() as u8]);
        self.log.extend_from_slice(&references.to_le_bytes());
    }

    /// How many certificates of a chain are the very one that the session has of its peer.
    pub fn chain(&mut self, peers: u32) {
        self.log.push(Tag::Chain as u8);
        self.log.extend_from_slice(&peers.to_le_bytes());
    }

    /// A field that is a number.
    #[inline]
    pub fn field_number(&mut self, field: Field, value: i64) {
        self.number(field as u8, value);
    }

    /// All fields that are numbers, in the order of [`Field::NUMBERS`]; 0 for those that are not observed.
    #[inline]
    pub fn numbers(&mut self, values: &[i64; Field::NUMBERS.len()]) {
        let mut entry = [0; 1 + 8 * Field::NUMBERS.len()];
        entry[0] = Tag::Numbers as u8;
        for (place, value) in entry[1..].as_chunks_mut::<8>().0.iter_mut().zip(values) {
            *place = value.to_le_bytes();
        }
        self.log.extend_from_slice(&entry);
    }

    /// A field that is bytes.
    #[inline]
    pub fn field_bytes(&mut self, field: Field, bytes: Option<&[u8]>) {
        self.put(field as u8, bytes);
    }

    /// Which buffers two sessions share that must each have their own: one bit a [`Field`].
    #[inline]
    pub fn shared(&mut self, fields: u32) {
        if fields != 0 {
            self.breaks();
        }
        self.log.push(Tag::Shared as u8);
        self.log.extend_from_slice(&fields.to_le_bytes());
    }

    /// A getter gave NULL and a length that is not 0.
    pub fn null_with_length(&mut self, field: Field, length: usize) {
        self.breaks();
        self.log.extend_from_slice(&[Tag::NullWithLength as u8, field as u8]);
        self.log.extend_from_slice(&(length as u64).to_le_bytes());
    }

    /// A getter did more than to read, or said that it could not.
    pub fn meddled(&mut self, field: Field, how: Meddling) {
        self.breaks();
        self.log.extend_from_slice(&[Tag::Meddled as u8, field as u8, how as u8]);
    }

    /// The reference count of a slot's session, where every session is observed.
    pub fn count_of(&mut self, slot: Slot, references: u32) {
        self.log.extend_from_slice(&[Tag::Count as u8, slot.index() as u8]);
        self.log.extend_from_slice(&references.to_le_bytes());
    }

    /// The step did not run: a slot turned out to be empty.
    pub fn skipped(&mut self) {
        self.skips.push(self.marks.len() as u32 - 1);
        self.log.push(Tag::Skipped as u8);
    }

    /// Which slots hold the session that a call returned: one bit each.
    pub fn same(&mut self, slots: u8) {
        self.log.extend_from_slice(&[Tag::Same as u8, slots]);
    }

    /// Whether a connection has a session, and which slots hold it: one bit each.
    pub fn connection(&mut self, x: ConnectionSlot, session: bool, slots: u8) {
        self.log.extend_from_slice(&[Tag::Connection as u8, x.index() as u8, u8::from(session), slots]);
    }

    /// How many sessions a context has cached, and a digest of them that does not depend on their order. A few are listed
    /// behind it.
    pub fn cache(&mut self, c: ContextSlot, number: u32, digest: u32) {
        self.log.extend_from_slice(&[Tag::Cache as u8, c.index() as u8]);
        self.log.extend_from_slice(&number.to_le_bytes());
        self.log.extend_from_slice(&digest.to_le_bytes());
    }

    /// A cached session: which slots hold it, one bit each, its version and its id.
    pub fn member(&mut self, slots: u8, version: i32, id: &[u8]) {
        self.log.extend_from_slice(&[Tag::Member as u8, slots]);
        self.log.extend_from_slice(&version.to_le_bytes());
        let length = id.len().min(usize::from(u8::MAX));
        self.log.push(length as u8);
        self.log.extend_from_slice(&id[..length]);
    }

    /// The callback that tells that a session leaves a cache ran: number of the context, of the session, and a digest of its
    /// version and id, and its reference count.
    pub fn removed(&mut self, context: u32, birth: u32, key: u32, references: u32) {
        self.log.push(Tag::Removed as u8);
        for number in [context, birth, key, references] {
            self.log.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// A callback that a handshake calls: what it was told, and what of it.
    pub fn called(&mut self, callback: Callback, arguments: [u32; 5]) {
        self.log.extend_from_slice(&[Tag::Called as u8, callback as u8]);
        for number in arguments {
            self.log.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// A context was destroyed: its number.
    pub fn context_freed(&mut self, context: u32) {
        self.log.push(Tag::ContextFreed as u8);
        self.log.extend_from_slice(&context.to_le_bytes());
    }

    /// The new callback ran for a session: the `birth`th of the program.
    #[inline]
    pub fn ex_new(&mut self, birth: u32) {
        self.log.push(Tag::ExNew as u8);
        self.log.extend_from_slice(&birth.to_le_bytes());
    }

    /// The dup callback of an index ran.
    #[inline]
    pub fn ex_dup(&mut self, index: u8, from: u32, value: u64) {
        self.callback(Tag::ExDup, index, from, value);
    }

    /// The free callback of an index ran.
    #[inline]
    pub fn ex_free(&mut self, index: u8, birth: u32, value: u64) {
        self.callback(Tag::ExFree, index, birth, value);
    }

    /// A session was destroyed in the present step.
    #[inline]
    pub fn died(&mut self) {
        self.deaths.push(self.marks.len() as u32 - 1);
    }

    /// A reference count, in the order of the plan.
    #[inline]
    pub fn count(&mut self, references: u32) {
        self.counts.push(references);
    }

    /// The program ends in the present step: what follows would rely on something that is not so.
    pub fn stop(&mut self) {
        self.log.push(Tag::Stopped as u8);
        self.stopped = Some(self.marks.len() as u32 - 1);
    }

    fn breaks(&mut self) {
        self.broken.get_or_insert(self.marks.len().saturating_sub(1) as u32);
    }

    #[inline]
    fn callback(&mut self, tag: Tag, index: u8, birth: u32, value: u64) {
        let mut entry = [0; 14];
        entry[0] = tag as u8;
        entry[1] = index;
        entry[2..6].copy_from_slice(&birth.to_le_bytes());
        entry[6..].copy_from_slice(&value.to_le_bytes());
        self.log.extend_from_slice(&entry);
    }

    #[inline]
    fn number(&mut self, tag: u8, value: i64) {
        let mut entry = [0; 9];
        entry[0] = tag;
        entry[1..].copy_from_slice(&value.to_le_bytes());
        self.log.extend_from_slice(&entry);
    }

    #[inline]
    fn put(&mut self, tag: u8, bytes: Option<&[u8]>) {
        let length = bytes.map_or(NULL_LENGTH, |bytes| bytes.len().min(usize::from(NULL_LENGTH - 1)) as u16);
        let [low, high] = length.to_le_bytes();
        self.log.extend_from_slice(&[tag, low, high]);
        if let Some(bytes) = bytes {
            self.log.extend_from_slice(&bytes[..usize::from(length)]);
        }
    }
}

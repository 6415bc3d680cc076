//! What one port did: a flat byte log, so that agreeing is one `memcmp`, and its readable form.
//!
//! What a port may not know, its reference counts, is kept beside the log, and so is what the ledger predicts: the
//! counts and the step of each destruction.

pub(crate) mod as_text;
mod breakage;
mod entry;
mod mishap;
mod owners;
mod payload;
mod shown;
mod tape;
mod told;

pub use breakage::{Breakage, NoBreakage, Signal, Violation, Word};
pub use entry::{Entries, Entry};
pub use mishap::{Block, Mishap, MishapKind, Site};
pub(crate) use owners::references;
pub use owners::{Owners, Seen, Unowned, Whom};
pub(crate) use shown::{born, hex, slot_names, told_apart};
pub use tape::{Asked, Recorded, SENT_ID, Tape, Unseen, VERIFIED, WRITTEN_IN_BLOCK};
pub use told::{After, Callback, Meddling};

use serde::{Deserialize, Serialize};

use crate::field::Field;

/// The index of a callback that comes with other arguments than it was registered with.
pub(crate) const WRONG_ARGUMENTS: u8 = u8::MAX;

/// The length that is written for a NULL pointer.
pub(crate) const NULL_LENGTH: u16 = u16::MAX;

/// What is written where `SSL_dup` returned the connection that it was given; 1 is another connection, 0 is NULL.
pub(crate) const SAME: i64 = 2;

/// The record of one program on one port. It is used again for the next program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Trace {
    #[serde(with = "serde_bytes")]
    log: Vec<u8>,
    /// Where in the log each step starts.
    marks: Vec<u32>,
    /// The reference counts, in the order of [`crate::plan::Plan::counts`].
    pub counts: Vec<u32>,
    /// The step of each destruction, in order.
    pub deaths: Vec<u32>,
    /// The steps that were planned and did not run, in order: a slot turned out to be empty.
    pub skips: Vec<u32>,
    /// Where in the log the full observations of a duplicated session and its duplicate are; the DER of each follows.
    pub dups: Vec<DupSeen>,
    /// How many of the library's allocations live on, if that is known.
    pub leaked: Option<i64>,
    /// The allocations that live on, where it is known where they come from.
    pub left: Vec<Block>,
    /// The first misuse of memory, or what ended the port. A crash or hang is in the last step that there is.
    #[serde(skip)]
    pub mishap: Option<Mishap>,
    /// Where the port was when it ended, a line each: the address that it touched, and the calls, the innermost first.
    #[serde(skip)]
    pub stack: Vec<String>,
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
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DupSeen {
    /// The step of the dup.
    pub step: u32,
    /// The source: start and end in the log.
    pub source: (u32, u32),
    /// The duplicate: start and end in the log.
    pub dup: (u32, u32),
}

impl Trace {
    /// Makes an empty trace with room, so that a program of usual length makes it allocate nothing.
    pub fn with_room() -> Trace {
        Trace { log: Vec::with_capacity(1 << 16), marks: Vec::with_capacity(256), ..Trace::default() }
    }

    /// Forgets everything and keeps the memory.
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
        self.stack.clear();
        self.broken = None;
        self.stopped = None;
        self.unowned = None;
        self.tape.begin();
    }

    /// Tells whether its places are in its log, and in order: another process may have written anywhere before it sent it.
    pub fn is_sound(&self) -> bool {
        let inside = |place: &u32| *place as usize <= self.log.len();
        let mut parts = self.dups.iter().flat_map(|seen| [seen.source, seen.dup]);
        let ordered = self.marks.is_sorted() && self.marks.iter().all(inside);
        ordered && parts.all(|(start, end)| start <= end && inside(&end))
    }

    /// Returns all bytes of the log.
    pub fn log(&self) -> &[u8] {
        &self.log
    }

    /// Returns the bytes of the log from one place to another.
    pub fn part(&self, (start, end): (u32, u32)) -> &[u8] {
        &self.log[start as usize..end as usize]
    }

    /// Returns the two stretches of a full observation that hold the fields that [`Field::is_copied`].
    pub fn copied_parts(&self, seen: (u32, u32)) -> [&[u8]; 2] {
        let seen = self.part(seen);
        [&seen[1..1 + 8 * Field::COPIED_NUMBERS], &seen[1 + 8 * Field::NUMBERS.len()..]]
    }

    /// Returns the DER of a session that was observed in full: it follows what else was read. `None`: it was not written.
    pub fn der_behind(&self, (_, end): (u32, u32)) -> Option<&[u8]> {
        match Entries::new(&self.log[end as usize..]).next() {
            Some(Entry::Bytes(Field::Der, der)) => der,
            _ => None,
        }
    }

    /// Returns where in the log the next entry goes.
    pub fn position(&self) -> usize {
        self.log.len()
    }

    /// Returns where in the log each step starts.
    pub fn marks(&self) -> &[u32] {
        &self.marks
    }

    /// Returns how many steps have begun.
    pub fn steps(&self) -> usize {
        self.marks.len()
    }

    /// Begins a step.
    #[inline]
    pub fn step(&mut self) {
        self.marks.push(self.log.len() as u32);
    }

    /// Reads the entries of one step; there are none if it was not reached.
    pub fn entries(&self, step: usize) -> Entries<'_> {
        let start = self.marks.get(step).map_or(self.log.len(), |mark| *mark as usize);
        let end = self.marks.get(step + 1).map_or(self.log.len(), |mark| *mark as usize);
        Entries::new(&self.log[start..end])
    }

    /// Returns what the call of a step returned.
    pub fn returned_in(&self, step: usize) -> Option<i64> {
        self.entries(step).find_map(|entry| if let Entry::Return(value) = entry { Some(value) } else { None })
    }

    /// Tells whether the constructor of a step returned a session.
    pub fn made_in(&self, step: usize) -> Option<bool> {
        self.entries(step).find_map(|entry| if let Entry::Made(made) = entry { Some(made) } else { None })
    }

    /// Writes a field that is a number.
    #[inline]
    pub fn field_number(&mut self, field: Field, value: i64) {
        self.put(&Entry::Number(field, value));
    }

    /// Writes a field that is bytes.
    #[inline]
    pub fn field_bytes(&mut self, field: Field, bytes: Option<&[u8]>) {
        self.put(&Entry::Bytes(field, bytes));
    }

    /// Writes all fields that are numbers, in the order of [`Field::NUMBERS`]; 0 for those that are not observed.
    #[inline]
    pub fn numbers(&mut self, values: &[i64; Field::NUMBERS.len()]) {
        let mut entry = [0; 1 + 8 * Field::NUMBERS.len()];
        entry[0] = entry::NUMBERS;
        for (place, value) in entry[1..].as_chunks_mut::<8>().0.iter_mut().zip(values) {
            *place = value.to_le_bytes();
        }
        self.log.extend_from_slice(&entry);
    }

    /// Writes that the present step did not run: a slot turned out to be empty.
    pub fn skipped(&mut self) {
        self.skips.push(self.marks.len() as u32 - 1);
        self.put(&Entry::Skipped);
    }

    /// Ends the program in the present step: what follows would rely on something that is not so.
    pub fn stop(&mut self) {
        self.put(&Entry::Stopped);
        self.stopped = Some(self.marks.len() as u32 - 1);
    }

    /// Books the destruction of a session in the present step.
    #[inline]
    pub fn died(&mut self) {
        self.deaths.push(self.marks.len() as u32 - 1);
    }

    /// Books a reference count, in the order of the plan.
    #[inline]
    pub fn count(&mut self, references: u32) {
        self.counts.push(references);
    }

    /// Writes an entry, and books the step if the entry is wrong whatever the other port does.
    #[inline(always)]
    pub fn put(&mut self, entry: &Entry<'_>) {
        if entry.is_broken() {
            self.broken.get_or_insert(self.marks.len().saturating_sub(1) as u32);
        }
        entry.write(&mut self.log);
    }
}

//! Ledger and plan: who owns what, worked out before anything runs; which calls are made and which are skipped.
//!
//! # Why no program commits C undefined behaviour
//!
//! This file is the whole argument; every other file relies on it and adds nothing.
//!
//! 1. *Pointers.* A session pointer lives in a slot, and only in slots. A constructor runs only into an empty slot, so no
//!    pointer is overwritten; every other call runs only on a slot that owns at least one reference, so no pointer is
//!    used after the reference it stands for was given back. A free takes one reference off the slot that owns it, and
//!    the slot is empty when it owned one. The object is alive as long as its slot is not empty, because nobody else
//!    holds or gives back references to it.
//! 2. *NULL* is an operand only where SEMANTICS allows it: `SSL_SESSION_free`, the time and timeout functions, byte
//!    strings with length 0, `SSL_SESSION_set_cipher`, `SSL_SESSION_set1_hostname`. The operand types make any other
//!    NULL unspellable (`Slot` against `Option<Slot>`).
//! 3. *Buffers.* Bytes and their length come from one allocation; a C string carries its NUL. What a function copies
//!    out goes into a buffer of at least the size it is told.
//! 4. *Application data* are numbers that nobody follows. Indices are -1, registered ones and one small unregistered
//!    one, all of which OpenSSL answers without touching memory it does not own.
//! 5. *Integers.* Every value of the C type is allowed where the sources compute without signed overflow. Releases 3.0
//!    to 3.1 add signed seconds in `ssl_session_calculate_timeout`; 3.0.15 and 3.1.7 made that safe. Sums that overflow
//!    in an older release are that release's fault, wrap in practice and are not observable here.
//! 6. *What a constructor returns* is known beforehand: `SSL_SESSION_dup` is NULL when a callback of the harness refuses,
//!    when application data was set and no index was ever registered, and when the ticket is empty (all three: OpenSSL
//!    1.1.1 to 4.0). A port that returns anything else has diverged, and its program ends there: no later call
//!    relies on a pointer that is not as planned.

mod touched;

use std::fmt;

pub use touched::{Touched, touches};

use crate::field::Field;
pub use crate::op::Kinds;
use crate::op::{ExIndex, Op, SLOTS, Sample, Slot};
use crate::program::Program;

/// What the ledger has to know of the process a program runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Whether the harness registered its three ex_data indices.
    pub ex_data: bool,
    /// The functions that one of the ports lacks.
    pub lacks: Kinds,
}

/// What becomes of one op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is called.
    Run {
        /// The session it is called on, as it is before the call.
        state: Option<State>,
        /// Whether the call gives back the last reference.
        ends: bool,
        /// What a constructor returns.
        makes: Makes,
        /// The slots it names.
        touched: Touched,
        /// The field it sets, if it is a setter.
        sets: Option<Field>,
    },
    /// It is not.
    Skip(Skip),
}

/// What a call returns, as far as ownership goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// It is no constructor.
    Nothing,
    /// A session with one reference.
    Session,
    /// NULL.
    Null,
}

/// Why an op is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The result's slot holds a session.
    Taken,
    /// The operand's slot is empty.
    Empty,
    /// A port lacks the function.
    Unsupported,
}

/// A session as the coverage summary sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// 1, 2, or 3 and more.
    pub references: u32,
    /// Where it comes from.
    pub origin: Origin,
}

impl State {
    /// How many states there are.
    pub const COUNT: usize = 9;

    /// A number below [`State::COUNT`].
    pub fn index(self) -> usize {
        (self.references.clamp(1, 3) as usize - 1) * 3 + self.origin as usize
    }
}

/// Where a session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// New, nothing set.
    Fresh,
    /// Something was set, or it is a sample.
    Filled,
    /// Made by `SSL_SESSION_dup`.
    Dup,
}

/// Who owns what, after the ops so far.
#[derive(Clone, Debug)]
pub struct Ledger {
    setup: Setup,
    slots: [Option<Held>; SLOTS],
}

#[derive(Clone, Copy, Debug)]
struct Held {
    references: u32,
    origin: Origin,
    /// The first of the reasons why a duplicate of it is NULL.
    cannot_dup: Option<CannotDup>,
    /// Application data was set at any index.
    has_ex_data: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CannotDup {
    Callback,
    EmptyTicket,
}

impl Held {
    fn new(origin: Origin) -> Held {
        Held { references: 1, origin, cannot_dup: None, has_ex_data: false }
    }
}

impl Ledger {
    /// Nobody owns anything.
    pub fn new(setup: Setup) -> Ledger {
        Ledger { setup, slots: [None; SLOTS] }
    }

    /// How many references a slot owns; 0 when it is empty.
    pub fn references(&self, slot: Slot) -> u32 {
        self.slots[slot.index()].map_or(0, |held| held.references)
    }

    /// The state of a slot's session.
    pub fn state(&self, slot: Slot) -> Option<State> {
        self.slots[slot.index()].map(|held| State { references: held.references, origin: held.origin })
    }

    /// Settles what becomes of `op`, and books it.
    pub fn step(&mut self, op: &Op) -> Step {
        if self.setup.lacks.contains(op.kind()) {
            return Step::Skip(Skip::Unsupported);
        }
        let touched = touches(op);
        if touched.made.is_some_and(|slot| self.slots[slot.index()].is_some()) {
            return Step::Skip(Skip::Taken);
        }
        if touched.used.is_some_and(|slot| self.slots[slot.index()].is_none()) {
            return Step::Skip(Skip::Empty);
        }
        let state = touched.used.and_then(|slot| self.state(slot));
        let (ends, makes) = self.book(op);
        Step::Run { state, ends, makes, touched, sets: touched::sets(op) }
    }

    fn book(&mut self, op: &Op) -> (bool, Makes) {
        let mut ends = false;
        let mut makes = Makes::Nothing;
        match *op {
            Op::New { dst } => makes = self.make(dst, Held::new(Origin::Fresh)),
            Op::SampleSession { dst, sample } => {
                let cannot_dup = (sample == Sample::EmptyTicket).then_some(CannotDup::EmptyTicket);
                makes = self.make(dst, Held { cannot_dup, ..Held::new(Origin::Filled) });
            }
            Op::Dup { dst, src } => {
                makes = match self.slots[src.index()] {
                    Some(source) if self.can_dup(source) => {
                        self.make(dst, Held { has_ex_data: source.has_ex_data, ..Held::new(Origin::Dup) })
                    }
                    _ => Makes::Null,
                }
            }
            Op::UpRef { s } => self.held(s, |held| held.references += 1),
            Op::Free { s } => ends = s.is_some_and(|slot| self.give_back(slot)),
            Op::SetExData { s, index, value } => self.held(s, |held| {
                held.has_ex_data = true;
                held.fill();
                if index == ExIndex::Refused && held.cannot_dup != Some(CannotDup::EmptyTicket) {
                    held.cannot_dup = (value.0 % 2 == 1).then_some(CannotDup::Callback);
                }
            }),
            Op::Set1Id { s, .. }
            | Op::Set1IdContext { s, .. }
            | Op::SetTime { s: Some(s), .. }
            | Op::SetTimeEx { s: Some(s), .. }
            | Op::SetTimeout { s: Some(s), .. }
            | Op::SetProtocolVersion { s, .. }
            | Op::SetCipher { s, .. }
            | Op::Set1MasterKey { s, .. }
            | Op::Set1Hostname { s, .. }
            | Op::Set1AlpnSelected { s, .. }
            | Op::SetMaxEarlyData { s, .. }
            | Op::Set1TicketAppdata { s, .. } => self.held(s, Held::fill),
            Op::SetTime { s: None, .. }
            | Op::SetTimeEx { s: None, .. }
            | Op::SetTimeout { s: None, .. }
            | Op::GetId { .. }
            | Op::Get0IdContext { .. }
            | Op::GetTime { .. }
            | Op::GetTimeEx { .. }
            | Op::GetTimeout { .. }
            | Op::GetProtocolVersion { .. }
            | Op::Get0Cipher { .. }
            | Op::GetMasterKey { .. }
            | Op::Get0Hostname { .. }
            | Op::Get0AlpnSelected { .. }
            | Op::GetMaxEarlyData { .. }
            | Op::Get0TicketAppdata { .. }
            | Op::HasTicket { .. }
            | Op::Get0Ticket { .. }
            | Op::GetTicketLifetimeHint { .. }
            | Op::GetCompressId { .. }
            | Op::GetMaxFragmentLength { .. }
            | Op::Get0Peer { .. }
            | Op::IsResumable { .. }
            | Op::GetExData { .. } => {}
        }
        (ends, makes)
    }

    fn can_dup(&self, source: Held) -> bool {
        let callbacks = self.setup.ex_data;
        match source.cannot_dup {
            Some(CannotDup::EmptyTicket) => false,
            Some(CannotDup::Callback) => false,
            None => callbacks || !source.has_ex_data,
        }
    }

    fn make(&mut self, slot: Slot, held: Held) -> Makes {
        self.slots[slot.index()] = Some(held);
        Makes::Session
    }

    fn held(&mut self, slot: Slot, change: impl FnOnce(&mut Held)) {
        if let Some(held) = &mut self.slots[slot.index()] {
            change(held);
        }
    }

    /// One reference less; whether it was the last.
    fn give_back(&mut self, slot: Slot) -> bool {
        let held = &mut self.slots[slot.index()];
        if let Some(Held { references: 2.., .. }) = held {
            self.held(slot, |held| held.references -= 1);
            return false;
        }
        held.take().is_some()
    }
}

impl Held {
    fn fill(&mut self) {
        if self.origin == Origin::Fresh {
            self.origin = Origin::Filled;
        }
    }
}

/// `s0:2 s3:1`: the slots that hold something and how many references they own.
impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for slot in Slot::all().filter(|slot| self.references(*slot) > 0) {
            write!(f, "{separator}{slot}:{}", self.references(slot))?;
            separator = " ";
        }
        if separator.is_empty() { f.write_str("-") } else { Ok(()) }
    }
}

/// A program with everything settled that can be settled before it runs. Reused from program to program.
#[derive(Clone, Debug)]
pub struct Plan {
    /// One for each op.
    pub steps: Vec<Step>,
    /// The reference counts a port must show: after each step that runs those of the result's slot and of the used slot,
    /// if they hold something; then the same for each reference given back at the end.
    pub counts: Vec<u32>,
    /// The step of each count.
    pub count_steps: Vec<u32>,
    /// The step of each destruction, in order.
    pub deaths: Vec<u32>,
    /// How many references each slot owns at the end; the harness gives them back in slot order.
    pub left: [u32; SLOTS],
    setup: Setup,
}

impl Plan {
    /// An empty plan for programs that run under `setup`.
    pub fn new(setup: Setup) -> Plan {
        Plan {
            steps: Vec::new(),
            counts: Vec::new(),
            count_steps: Vec::new(),
            deaths: Vec::new(),
            left: [0; SLOTS],
            setup,
        }
    }

    /// Plans `program`. Total: any program has a plan. Needs no port and no clock.
    pub fn make(&mut self, program: &Program) {
        let mut ledger = Ledger::new(self.setup);
        self.steps.clear();
        self.counts.clear();
        self.count_steps.clear();
        self.deaths.clear();
        for (at, op) in program.ops.iter().enumerate() {
            let step = ledger.step(op);
            self.steps.push(step);
            let Step::Run { ends, makes, touched, .. } = step else { continue };
            // A duplicate that is refused was born all the same, and dies within the call.
            if ends || makes == Makes::Null {
                self.deaths.push(at as u32);
            }
            for slot in [touched.made, touched.used].into_iter().flatten() {
                let references = ledger.references(slot);
                if references > 0 {
                    self.counts.push(references);
                    self.count_steps.push(at as u32);
                }
            }
        }
        let mut at = program.ops.len() as u32;
        for slot in Slot::all() {
            let references = ledger.references(slot);
            self.left[slot.index()] = references;
            for left in (1..references).rev() {
                self.counts.push(left);
                self.count_steps.push(at + references - left - 1);
            }
            at += references;
            if references > 0 {
                self.deaths.push(at - 1);
            }
        }
    }

    /// What the ports can do, as given.
    pub fn setup(&self) -> Setup {
        self.setup
    }

    /// How many ops run.
    pub fn runs(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Run { .. })).count()
    }
}

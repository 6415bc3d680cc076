//! Runs a planned program on a port and writes its trace.

mod audit;
pub mod lockstep;
mod observe;

use serde::{Deserialize, Serialize};

use crate::field::{Field, Fields};
use crate::op::{CONTEXTS, ConnectionSlot, ContextSlot, Op, SLOTS, Slot, Variable, later_ops};
use crate::plan::{Ledger, Makes, Plan, Step, Touched};
use crate::port::blocks::{self, Scope};
use crate::port::{Memory, Moment, Place, Port, Returned, Value, events, present};
use crate::program::Program;
use crate::trace::{Meddling, SAME, Trace};

/// Says what is observed besides what the calls return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Watch {
    /// Observes nothing. The calls alone are made, for benchmarks.
    Nothing,
    /// Observes counts, destructions and callbacks after each step. Reads the field that a setter set, both sessions in
    /// full after a dup, and every session in full before its last reference is given back.
    Fast,
    /// Observes as [`Watch::Fast`] does, but calls no getter after a setter. A bug that a getter would cover up stays.
    Ends,
    /// Observes every live session in full after every step, with an error in the queue before every call. The step
    /// that is named is then the first one that differs.
    Blame,
}

/// Says what is observed, which is the same for both ports of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Says how much.
    pub watch: Watch,
    /// Says what memory the library is given.
    pub memory: Memory,
    /// Lists the fields that both ports have getters for.
    pub fields: Fields,
    /// Says whether both ports know their reference counts.
    pub counts: bool,
}

/// Runs `program` as `plan` says and fills `trace`.
pub fn run<P: Port>(port: &mut P, program: &Program, plan: &Plan, view: View, trace: &mut Trace) {
    let View { watch, memory, fields, counts } = view;
    trace.clear();
    port.begin(&program.ops, memory, watch == Watch::Blame);
    events::begin(counts, plan.setup().quirks.flush_has_no_order);
    blocks::begin();
    let observed = match watch {
        Watch::Nothing | Watch::Blame => fields,
        // The same value as `time`, read by a function that is compared where a program calls it.
        Watch::Fast | Watch::Ends => fields.without(Field::TimeEx),
    };
    let mut run = Run {
        port,
        plan,
        watch,
        fields: observed,
        trace,
        counts,
        deaths: 0,
        ledger: Ledger::new(plan.setup()),
        passed: 0,
        cached: Vec::new(),
        cached_counts: Vec::new(),
        unaudited: 0,
        listed: [Listed::default(); CONTEXTS],
        has_blocks: program.ops.iter().any(|op| op.block().is_some()),
    };
    let ended = run.ops(program).and_then(|()| run.release()).map(|()| run.finish());
    let Run { port, trace, .. } = run;
    blocks::allow(Scope::CLOSED);
    // Of a program that stopped a port may hold what nobody planned.
    Variable::all().for_each(|variable| port.forget(variable));
    note_misuse(port, trace);
    present::set(present::OUTSIDE);
    let end = port.end();
    // What a stopped program owned was not given back: its balance says nothing.
    if ended.is_ok() {
        trace.leaked = end.balance;
        if end.balance != Some(0) {
            trace.left = end.left;
        }
    }
}

fn note_misuse<P: Port>(port: &mut P, trace: &mut Trace) {
    if let Some(mishap) = port.misuse() {
        trace.mishap.get_or_insert(mishap);
    }
}

/// Repeats what the plan says of a step that runs.
#[derive(Clone, Copy)]
struct Planned {
    ends: bool,
    makes: Makes,
    touched: Touched,
    sets: Option<Field>,
}

/// Says that the port has left the ledger's path: nothing after this relies on the ledger any more.
struct Stopped;

struct Run<'a, P> {
    port: &'a mut P,
    plan: &'a Plan,
    watch: Watch,
    fields: Fields,
    trace: &'a mut Trace,
    /// Says whether both ports know their reference counts.
    counts: bool,
    /// Counts the destructions that were planned so far.
    deaths: usize,
    /// Knows who owns what, as far as the program has run.
    ledger: Ledger,
    /// Counts the seconds since the program began.
    passed: u64,
    /// Lists the addresses of what was cached when that was audited last.
    cached: Vec<usize>,
    /// Lists the same with their reference counts.
    cached_counts: Vec<(usize, Option<u32>)>,
    /// Counts the steps since then.
    unaudited: usize,
    /// Says of each context how many sessions were listed last, and how often the list was left out since.
    listed: [Listed; CONTEXTS],
    /// Says whether calls of the program run inside callbacks.
    has_blocks: bool,
}

/// Remembers when a cache was listed.
#[derive(Clone, Copy, Default)]
struct Listed {
    sessions: usize,
    left_out: usize,
}

impl<P: Port> Run<'_, P> {
    fn ops(&mut self, program: &Program) -> Result<(), Stopped> {
        for (at, (op, step)) in program.ops.iter().zip(&self.plan.steps).enumerate() {
            self.begin_step();
            if let Step::Run { ends, makes, touched, sets, .. } = *step {
                self.step(at, op, Planned { ends, makes, touched, sets })?;
            }
        }
        Ok(())
    }

    #[inline]
    fn begin_step(&mut self) {
        present::set(self.trace.steps() as u32);
        self.trace.step();
    }

    /// Gives back what the program still owns: sessions, connections, contexts, each in slot order, then what callbacks
    /// kept.
    fn release(&mut self) -> Result<(), Stopped> {
        for slot in Slot::all() {
            self.release_all(self.plan.left[slot.index()], &Op::Free { s: Some(slot) })?;
        }
        if !self.plan.shared {
            return Ok(());
        }
        for slot in ConnectionSlot::all() {
            self.release_all(self.plan.left_connections[slot.index()], &Op::SslFree { x: Some(slot) })?;
        }
        for slot in self.ledger.shared().contexts() {
            if self.listed[slot.index()].left_out > 0 {
                self.list(slot);
            }
        }
        for slot in ContextSlot::all() {
            self.release_all(self.plan.left_contexts[slot.index()], &Op::CtxFree { c: Some(slot) })?;
        }
        self.release_kept()
    }

    /// Gives back so many references of one variable.
    #[inline]
    fn release_all(&mut self, references: u32, op: &Op) -> Result<(), Stopped> {
        for left in (0..references).rev() {
            self.begin_step();
            let touched = Touched { made: None, used: op.used() };
            let planned = Planned { ends: left == 0, makes: Makes::Nothing, touched, sets: None };
            self.step(self.trace.steps() - 1, op, planned)?;
        }
        Ok(())
    }

    fn release_kept(&mut self) -> Result<(), Stopped> {
        self.begin_step();
        let slot = Slot::wrapping(0);
        let trace = &mut *self.trace;
        let mut moment = Moment { passed: self.passed, last: true, tape: &mut trace.tape };
        while self.port.call(&Op::TakeKept { dst: slot }, &mut moment) == Returned::Session(true) {
            self.port.call(&Op::Free { s: Some(slot) }, &mut moment);
            self.port.forget(Variable::Session(slot));
        }
        if self.watch == Watch::Nothing {
            return Ok(());
        }
        let after = self.port.after();
        self.trace.after(after);
        events::drain(self.trace);
        self.audit(self.trace.steps() - 1, None, Touched::default(), false)
    }

    /// Writes the error that a call left behind and must not leave.
    fn finish(&mut self) {
        if self.watch != Watch::Nothing {
            let after = self.port.after();
            self.trace.after(after);
        }
    }

    fn step(&mut self, at: usize, op: &Op, planned: Planned) -> Result<(), Stopped> {
        let Planned { makes, touched, sets, .. } = planned;
        let Some(ends) = self.can_run(op, planned) else {
            self.trace.skipped();
            return Ok(());
        };
        if ends
            && matches!(self.watch, Watch::Fast | Watch::Ends)
            && let Some(slot) = touched.used
        {
            self.observe(slot);
        }
        if self.watch == Watch::Blame && !op.empties_queue() {
            self.port.plant_error();
        }
        let Called { made, getter, number } = self.call(op, ends);
        self.book(op, ends, made, number);
        // Who owns how much of which connection is settled beforehand.
        let strange = matches!(op, Op::SslDup { .. }) && number != Some(if makes == Makes::Same { SAME } else { 1 });
        let strange = strange || makes != Makes::Maybe && (makes == Makes::Session) != made;
        if self.watch == Watch::Nothing {
            return if strange { self.end() } else { Ok(()) };
        }
        // An error left behind by a getter shows after the next call that is none, or at the end.
        if !getter || self.watch == Watch::Blame {
            let after = self.port.after();
            self.trace.after(after);
        }
        events::drain(self.trace);
        if strange {
            return self.end();
        }
        self.see_owners(at, op, touched, made, getter)?;
        if let (Op::Dup { dst, src }, true) = (op, made) {
            self.see_dup(at, *dst, *src);
        }
        if let (Some(field), Some(slot)) = (sets, touched.used)
            && self.watch == Watch::Fast
            && self.fields.contains(field)
        {
            read(self.port, slot, field, self.trace);
        }
        if self.watch == Watch::Blame {
            self.see_everything();
        }
        Ok(())
    }

    /// Tells whether a planned step can run, and whether it then gives back the last reference of its slot.
    fn can_run(&mut self, op: &Op, planned: Planned) -> Option<bool> {
        let Planned { ends, touched, .. } = planned;
        if !self.plan.shared {
            return Some(ends);
        }
        // Only a call whose result is not known beforehand leaves an empty slot. Nothing comes of nothing, and what was in the slot
        // that this would have made must not be taken for it.
        self.make_room(touched);
        if touched.used.is_some_and(|slot| !self.ledger.holds(slot)) {
            return None;
        }
        let Op::Free { s: Some(s) } = op else { return Some(ends) };
        // What was planned may not have come to be: a slot may own less than it could.
        match self.ledger.references(*s) {
            0 => None,
            owned => Some(owned == 1),
        }
    }

    /// Compares who owns the sessions of a step with who should.
    fn see_owners(&mut self, at: usize, op: &Op, touched: Touched, made: bool, getter: bool) -> Result<(), Stopped> {
        if self.plan.shared {
            self.audit(at, Some(op), touched, getter)?;
            self.observe_shared(op, touched, made);
            return Ok(());
        }
        if self.plan.tells_ends {
            self.deaths_as_planned(at)?;
        }
        [touched.made, touched.used].into_iter().flatten().try_for_each(|slot| self.count(slot))
    }

    /// Makes the call and writes what it returned.
    #[inline]
    fn call(&mut self, op: &Op, ends: bool) -> Called {
        if let (Some(field), Some(slot)) = (op.reads(), op.used()) {
            read(self.port, slot, field, self.trace);
            return Called { made: false, getter: true, number: None };
        }
        if let Op::AdvanceClock { seconds } = op {
            self.passed = self.passed.saturating_add(u64::from(*seconds));
        }
        if let Op::TurnBackClock { seconds } = op {
            self.passed = self.passed.saturating_sub(u64::from(*seconds));
        }
        if let (Op::CtxFree { c: Some(c) }, true) = (op, ends) {
            self.list(*c);
        }
        if self.has_blocks {
            self.allow_blocks(op, ends);
        }
        let trace = &mut *self.trace;
        let mut moment = Moment { passed: self.passed, last: ends, tape: &mut trace.tape };
        let (made, number) = match self.port.call(op, &mut moment) {
            Returned::Nothing => (false, None),
            Returned::Number(number) => {
                trace.returned(number);
                (false, Some(number))
            }
            Returned::Session(made) => {
                trace.made(made);
                (made, None)
            }
            Returned::Read { made, taken } => {
                trace.made(made);
                trace.returned(taken);
                (made, None)
            }
            Returned::Copied { returned, bytes, overrun } => {
                trace.returned(returned);
                trace.copied(bytes);
                if overrun {
                    trace.overrun();
                }
                (false, Some(returned))
            }
            Returned::Chain(chain) => {
                trace.returned(chain.map_or(-1, |chain| chain.certificates.into()));
                if let Some(chain) = chain {
                    trace.chain(chain.peers);
                }
                (false, None)
            }
        };
        Called { made, getter: only_reads(op), number }
    }

    /// Says what blocks may touch while a call is made: what the program holds, but for what the call gives back.
    fn allow_blocks(&self, op: &Op, ends: bool) {
        let given_back = if let (Op::CtxFree { c }, true) = (op, ends) { *c } else { None };
        let shared = self.ledger.shared();
        let address = |c| shared.context(c).map_or(0, |_| self.port.address(Variable::Context(c)));
        let held = ContextSlot::each().map(address);
        let mut contexts = held;
        if let Some(c) = given_back {
            contexts[c.index()] = 0;
        }
        let told = self.plan.setup().ex_data;
        let mut sessions = [0; SLOTS];
        for s in self.ledger.fit_sessions() {
            sessions[s.index()] = self.port.address(Variable::Session(s));
        }
        blocks::allow(Scope {
            contexts,
            held,
            sessions,
            bytes: self.ledger.fit_bytes().fold(0, |fit, b| fit | 1 << b.index()),
            trusts: self.ledger.trusts(),
            passed: self.passed,
            told,
            // A context that only connections hold is not known where no callback tells of its end.
            knows_caches: told || shared.connections().next().is_none(),
            talks: matches!(op, Op::Handshake { .. } | later_ops!()),
            open: true,
        });
    }

    /// Books the call, and lets the port forget what the program no longer holds.
    #[inline]
    fn book(&mut self, op: &Op, ends: bool, made: bool, number: Option<i64>) {
        // Nobody asks the ledger of a port that runs alone.
        if !self.plan.shared && self.watch == Watch::Nothing {
            let gone = op.used().filter(|_| ends);
            return gone.into_iter().for_each(|slot| self.port.forget(Variable::Session(slot)));
        }
        if !op.is_shared() {
            self.ledger.settle(op, made, number);
            let gone = op.used().filter(|slot| !self.ledger.holds(*slot));
            return gone.into_iter().for_each(|slot| self.port.forget(Variable::Session(slot)));
        }
        let before = self.ledger.variables();
        self.ledger.settle(op, made, number);
        // A library that lost the session of a connection must not be asked about it.
        for (slot, lender) in self.ledger.loans() {
            let places = [Variable::Session(slot), Variable::Connection(lender)].map(|of| self.port.address(of));
            if places[0] != places[1] {
                self.ledger.empty(slot);
            }
        }
        for gone in before.filter(|variable| !self.ledger.has(*variable)) {
            self.port.forget(gone);
        }
    }

    /// Empties the slot of a result where it still borrows a session.
    fn make_room(&mut self, touched: Touched) {
        if let Some(slot) = touched.made.filter(|slot| self.ledger.holds(*slot)) {
            self.ledger.empty(slot);
            self.port.forget(Variable::Session(slot));
        }
    }

    /// Stops where a session is not destroyed when the plan says. One that is gone must not be touched again, and one
    /// that lives on cannot be reached.
    fn deaths_as_planned(&mut self, at: usize) -> Result<(), Stopped> {
        while self.plan.deaths.get(self.deaths).is_some_and(|death| *death as usize == at) {
            self.deaths += 1;
        }
        if self.trace.deaths.len() == self.deaths { Ok(()) } else { self.end() }
    }

    fn count(&mut self, slot: Slot) -> Result<(), Stopped> {
        if !self.ledger.holds(slot) {
            return Ok(());
        }
        let Some(references) = self.port.count(Place::Slot(slot)) else { return Ok(()) };
        let planned = self.plan.counts.get(self.trace.counts.len());
        self.trace.count(references);
        if planned == Some(&references) { Ok(()) } else { self.end() }
    }

    fn end(&mut self) -> Result<(), Stopped> {
        self.trace.stop();
        Err(Stopped)
    }
}

/// Says how a call ended.
#[derive(Clone, Copy)]
struct Called {
    /// Says whether it made a session.
    made: bool,
    /// Says whether it only reads.
    getter: bool,
    /// Holds what it returned, if that is a number.
    number: Option<i64>,
}

/// Tells whether a call changes nothing that has an owner.
fn only_reads(op: &Op) -> bool {
    matches!(
        op,
        Op::GetMasterKey { .. }
            | Op::AdvanceClock { .. }
            | Op::TurnBackClock { .. }
            | Op::CtxSessions { .. }
            | Op::GetPeerCertChain { .. }
            | Op::GetAlpnSelected { .. }
    )
}

/// Writes what a getter says of a session.
#[inline]
fn read<P: Port>(port: &mut P, slot: Slot, field: Field, trace: &mut Trace) {
    match port.read(slot, field) {
        Value::Number(number) => trace.field_number(field, number),
        Value::Bytes(bytes) => trace.field_bytes(field, bytes),
        Value::NullWithLength(length) => {
            trace.null_with_length(field, length);
            trace.field_bytes(field, None);
        }
        Value::Refused => trace.meddled(field, Meddling::Returned),
    }
}

//! Runs a planned program on a port and writes its trace: one exhaustive match over the ops.

mod audit;
mod sharing;

use crate::field::{Field, Fields};
use crate::op::{Op, Slot, Time, sharing_ops};
use crate::plan::{Makes, Plan, Step, Touched};
use crate::port::native::START_SECONDS;
use crate::port::{Memory, Port, events, present};
use crate::program::Program;
use crate::trace::{After, DupSeen, Meddling, Trace};

/// What is observed besides what the calls return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Watch {
    /// Nothing at all: the calls alone, for benchmarks.
    Nothing,
    /// Counts, destructions and callbacks after each step; the field a setter sets; source and duplicate in full after a dup;
    /// and every session in full at its end, before its last reference is given back.
    Fast,
    /// As [`Watch::Fast`], but no setter is followed by its getter: what waits to be read stays waiting.
    Ends,
    /// Every live session in full after every step, and an error in the queue before every call, so that the step named is the first that differs.
    Blame,
}

/// What is observed: the same for both ports of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// How much.
    pub watch: Watch,
    /// The memory that the library is given.
    pub memory: Memory,
    /// The fields that both ports have getters for.
    pub fields: Fields,
    /// Whether both ports know their reference counts.
    pub counts: bool,
}

/// Runs `program` as `plan` says and fills `trace`.
pub fn run<P: Port>(port: &mut P, program: &Program, plan: &Plan, view: View, trace: &mut Trace) {
    let View { watch, memory, fields, counts } = view;
    trace.clear();
    port.begin(memory, watch == Watch::Blame);
    events::begin(counts);
    let observed = match watch {
        Watch::Nothing | Watch::Blame => fields,
        // The same value as `time`, read by a function that is compared where a program calls it.
        Watch::Fast | Watch::Ends => fields.without(Field::TimeEx),
    };
    let shared = sharing::State::default();
    let mut run =
        Run { port, plan, watch, fields: observed, trace, live: [false; crate::op::SLOTS], counts, deaths: 0, shared };
    let ended = run.ops(program).and_then(|()| run.release()).map(|()| run.finish());
    let Run { port, trace, live, shared, .. } = run;
    for slot in Slot::all().filter(|slot| live[slot.index()]) {
        port.forget(slot);
    }
    if plan.shared {
        shared.forget(port);
    }
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

/// What the plan says of a step that runs.
#[derive(Clone, Copy)]
struct Planned {
    ends: bool,
    makes: Makes,
    touched: Touched,
    sets: Option<Field>,
}

/// The port is not where the ledger is: nothing after this relies on the ledger any more.
struct Stopped;

struct Run<'a, P> {
    port: &'a mut P,
    plan: &'a Plan,
    watch: Watch,
    fields: Fields,
    trace: &'a mut Trace,
    /// The slots that hold a session.
    live: [bool; crate::op::SLOTS],
    /// Whether both ports know their reference counts.
    counts: bool,
    /// How many destructions the ledger has seen.
    deaths: usize,
    /// What only programs with contexts or connections need.
    shared: sharing::State,
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

    /// Gives back what the program still owns, in slot order.
    fn release(&mut self) -> Result<(), Stopped> {
        for slot in Slot::all() {
            for left in (0..self.plan.left[slot.index()]).rev() {
                self.begin_step();
                let at = self.trace.steps() - 1;
                let touched = Touched { made: None, used: Some(slot) };
                let planned = Planned { ends: left == 0, makes: Makes::Nothing, touched, sets: None };
                self.step(at, &Op::Free { s: Some(slot) }, planned)?;
            }
        }
        if self.plan.shared { self.release_shared() } else { Ok(()) }
    }

    /// An error left behind by a call that must not leave one.
    fn finish(&mut self) {
        if self.watch != Watch::Nothing {
            let after = self.port.after();
            self.trace.after(after);
        }
    }

    fn step(&mut self, at: usize, op: &Op, planned: Planned) -> Result<(), Stopped> {
        let Planned { ends, makes, touched, sets } = planned;
        if touched.used.is_some_and(|slot| !self.live[slot.index()]) {
            // Only a call whose result is not known beforehand leaves an empty slot. Nothing comes of nothing: for the ledger
            // another session is in the slot that this would have made, and what was there must not be taken for it.
            self.make_room(touched);
            self.trace.skipped();
            return Ok(());
        }
        let mut ends = ends;
        if self.plan.shared {
            self.make_room(touched);
            if let Op::Free { s: Some(s) } = op {
                // What was planned may not have come to be: a slot may own less than it could.
                match self.shared.owned[s.index()] {
                    0 => {
                        self.trace.skipped();
                        return Ok(());
                    }
                    owned => ends = owned == 1,
                }
            }
        }
        if ends
            && matches!(self.watch, Watch::Fast | Watch::Ends)
            && let Some(slot) = touched.used
        {
            self.observe(slot);
        }
        // Handshakes, and a second certificate, begin with an empty queue: they empty it.
        let talks = matches!(
            op,
            Op::Handshake { .. } | Op::NewSessionTicket { .. } | Op::SslShutdown { .. } | Op::UseCertificate { .. }
        );
        if self.watch == Watch::Blame && !talks {
            self.port.plant_error();
        }
        let Called { made, getter } = match op {
            sharing_ops!() => self.call_shared(op, ends),
            of_sessions => call(self.port, of_sessions, self.fields, self.shared.passed, self.trace),
        };
        self.book(touched, ends, made);
        // Who owns how much of which connection is settled beforehand.
        let strange = matches!(op, Op::SslDup { .. }) && self.shared.dupped != Some(sharing::planned_dup(makes));
        if self.plan.shared {
            self.book_shared(op, made);
        }
        if self.watch == Watch::Nothing {
            return if strange { self.end() } else { Ok(()) };
        }
        // An error left behind by a getter shows after the next call that is none, or at the end.
        if !getter || self.watch == Watch::Blame {
            let after = self.port.after();
            self.trace.after(after);
        }
        events::drain(self.trace);
        if strange || makes != Makes::Maybe && (makes == Makes::Session) != made {
            return self.end();
        }
        if self.plan.shared {
            self.audit(at, Some(op), touched, getter)?;
            self.observe_shared(op, touched, made);
        } else {
            if self.plan.setup().ex_data {
                self.deaths_as_planned(at)?;
            }
            for slot in [touched.made, touched.used].into_iter().flatten() {
                self.count(slot)?;
            }
        }
        if let (Op::Dup { dst, src }, true) = (op, made) {
            self.see_dup(at, *dst, *src);
        }
        if let (Some(field), Some(slot)) = (sets, touched.used)
            && self.watch == Watch::Fast
            && self.fields.contains(field)
        {
            self.port.read(slot, field, self.trace);
        }
        if self.watch == Watch::Blame {
            note_misuse(self.port, self.trace);
            let before = self.all_counts();
            if self.plan.shared {
                self.observe_all_shared();
            }
            self.observe_all();
            let after = self.port.after();
            if after.raised || before != self.all_counts() {
                self.find_meddler(after);
            }
        }
        Ok(())
    }

    /// Keeps track of which slots hold something.
    #[inline]
    fn book(&mut self, touched: Touched, ends: bool, made: bool) {
        if let (true, Some(slot)) = (made, touched.made) {
            self.live[slot.index()] = true;
        }
        if let (true, Some(slot)) = (ends, touched.used) {
            self.live[slot.index()] = false;
            self.port.forget(slot);
        }
    }

    /// A session destroyed too early must not be touched again, and one that lives on nobody can reach.
    fn deaths_as_planned(&mut self, at: usize) -> Result<(), Stopped> {
        while self.plan.deaths.get(self.deaths).is_some_and(|death| *death as usize == at) {
            self.deaths += 1;
        }
        if self.trace.deaths.len() == self.deaths { Ok(()) } else { self.end() }
    }

    fn count(&mut self, slot: Slot) -> Result<(), Stopped> {
        if !self.live[slot.index()] {
            return Ok(());
        }
        let Some(references) = self.port.count(slot) else { return Ok(()) };
        let planned = self.plan.counts.get(self.trace.counts.len());
        self.trace.count(references);
        if planned == Some(&references) { Ok(()) } else { self.end() }
    }

    fn end(&mut self) -> Result<(), Stopped> {
        self.trace.stop();
        Err(Stopped)
    }

    fn observe(&mut self, slot: Slot) -> (u32, u32) {
        self.trace.session(slot);
        let start = self.trace.position();
        self.port.observe(slot, self.fields, self.trace);
        (start as u32, self.trace.position() as u32)
    }

    fn see_dup(&mut self, at: usize, dst: Slot, src: Slot) {
        let source = self.observe(src);
        let dup = self.observe(dst);
        let shared = self.port.shared(dst, src);
        self.trace.shared(shared);
        self.trace.dups.push(DupSeen { step: at as u32, source, dup });
    }

    fn all_counts(&self) -> [Option<u32>; crate::op::SLOTS] {
        std::array::from_fn(|slot| self.port.count(Slot::wrapping(slot as u8)).filter(|_| self.live[slot]))
    }

    /// A getter of the observation raised an error or changed a count, which none may: each is called once more, to see which.
    fn find_meddler(&mut self, after: After) {
        let (live, mut unseen) = (self.live, Trace::default());
        for slot in Slot::all().filter(|slot| live[slot.index()]) {
            for field in Field::ALL.iter().copied().filter(|field| self.fields.contains(*field)) {
                let before = self.port.count(slot);
                self.port.read(slot, field, &mut unseen);
                let raised = self.port.after().raised;
                if raised || self.port.count(slot) != before {
                    let how = if raised { Meddling::Raised } else { Meddling::Count };
                    return self.trace.meddled(field, how);
                }
            }
        }
        self.trace.after(after);
    }

    fn observe_all(&mut self) {
        let live = self.live;
        for slot in Slot::all().filter(|slot| live[slot.index()]) {
            self.observe(slot);
            if let (true, Some(references)) = (self.counts, self.port.count(slot)) {
                self.trace.count_of(slot, references);
            }
        }
        for slot in Slot::all().filter(|slot| live[slot.index()]) {
            for other in Slot::all().take(slot.index()).filter(|other| live[other.index()]) {
                // Two slots may hold one session.
                let shared =
                    if self.port.address(slot) == self.port.address(other) { 0 } else { self.port.shared(slot, other) };
                if shared != 0 {
                    self.trace.shared(shared);
                }
            }
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy)]
struct Called {
    /// It made a session.
    made: bool,
    /// It only reads.
    getter: bool,
}

/// A getter.
const READ: Called = Called { made: false, getter: true };

/// The call itself.
#[inline]
fn call<P: Port>(port: &mut P, op: &Op, fields: Fields, passed: u64, trace: &mut Trace) -> Called {
    let returned = match op {
        Op::New { dst } => return made(port.new_session(*dst), trace),
        Op::Dup { dst, src } => return made(port.dup(*dst, *src), trace),
        Op::SampleSession { dst, sample } => return made(port.sample(*dst, *sample), trace),
        Op::UpRef { s } => port.up_ref(*s),
        Op::Free { s } => {
            port.free(*s);
            return Called { made: false, getter: false };
        }
        Op::Set1Id { s, id } => port.set1_id(*s, id),
        Op::Set1IdContext { s, context } => port.set1_id_context(*s, context),
        Op::SetTime { s, time } => port.set_time(*s, seconds(*time, passed)),
        Op::SetTimeEx { s, time } => port.set_time_ex(*s, seconds(*time, passed)),
        Op::SetTimeout { s, timeout } => port.set_timeout(*s, *timeout),
        Op::SetProtocolVersion { s, version } => port.set_protocol_version(*s, version.0),
        Op::SetCipher { s, cipher } => port.set_cipher(*s, *cipher),
        Op::Set1MasterKey { s, key } => port.set1_master_key(*s, key),
        Op::Set1Hostname { s, hostname } => port.set1_hostname(*s, hostname),
        Op::Set1AlpnSelected { s, alpn } => port.set1_alpn_selected(*s, alpn),
        Op::SetMaxEarlyData { s, bytes } => port.set_max_early_data(*s, *bytes),
        Op::Set1TicketAppdata { s, data } => port.set1_ticket_appdata(*s, data),
        Op::SetExData { s, index, value } => port.set_ex_data(*s, *index, value.0),
        Op::GetMasterKey { s, room } => {
            port.get_master_key(*s, *room, trace);
            return READ;
        }
        Op::GetExData { s, index } => match Field::of_ex_index(*index) {
            Some(field) => return read(port, *s, field, fields, trace),
            None => port.ex_data_at_minus_one(*s) as i64,
        },
        Op::GetTime { s: None } => port.read_null(Field::Time),
        Op::GetTimeEx { s: None } => port.read_null(Field::TimeEx),
        Op::GetTimeout { s: None } => port.read_null(Field::Timeout),
        Op::GetTime { s: Some(s) } => return read(port, *s, Field::Time, fields, trace),
        Op::GetTimeEx { s: Some(s) } => {
            // Not observed in `Watch::Fast`, so not in `fields`; the plan skips it where a port lacks it.
            port.read(*s, Field::TimeEx, trace);
            return READ;
        }
        Op::GetTimeout { s: Some(s) } => return read(port, *s, Field::Timeout, fields, trace),
        Op::GetId { s } => return read(port, *s, Field::Id, fields, trace),
        Op::Get0IdContext { s } => return read(port, *s, Field::IdContext, fields, trace),
        Op::GetProtocolVersion { s } => return read(port, *s, Field::ProtocolVersion, fields, trace),
        Op::Get0Cipher { s } => return read(port, *s, Field::Cipher, fields, trace),
        Op::Get0Hostname { s } => return read(port, *s, Field::Hostname, fields, trace),
        Op::Get0AlpnSelected { s } => return read(port, *s, Field::Alpn, fields, trace),
        Op::GetMaxEarlyData { s } => return read(port, *s, Field::MaxEarlyData, fields, trace),
        Op::Get0TicketAppdata { s } => return read(port, *s, Field::TicketAppdata, fields, trace),
        Op::HasTicket { s } => return read(port, *s, Field::HasTicket, fields, trace),
        Op::Get0Ticket { s } => return read(port, *s, Field::Ticket, fields, trace),
        Op::GetTicketLifetimeHint { s } => return read(port, *s, Field::LifetimeHint, fields, trace),
        Op::GetCompressId { s } => return read(port, *s, Field::CompressId, fields, trace),
        Op::GetMaxFragmentLength { s } => return read(port, *s, Field::MaxFragmentLength, fields, trace),
        Op::Get0Peer { s } => return read(port, *s, Field::Peer, fields, trace),
        Op::IsResumable { s } => return read(port, *s, Field::Resumable, fields, trace),
        // Called where contexts and connections are.
        sharing_ops!() => return Called { made: false, getter: false },
    };
    trace.returned(returned);
    Called { made: false, getter: false }
}

fn made(session: bool, trace: &mut Trace) -> Called {
    trace.made(session);
    Called { made: session, getter: false }
}

#[inline]
fn read<P: Port>(port: &mut P, s: Slot, field: Field, fields: Fields, trace: &mut Trace) -> Called {
    debug_assert!(fields.contains(field), "the plan skips what a port lacks");
    port.read(s, field, trace);
    READ
}

fn seconds(time: Time, passed: u64) -> i64 {
    match time {
        Time::At(seconds) => seconds,
        Time::Now(offset) => START_SECONDS.wrapping_add(passed as i64).wrapping_add(offset),
    }
}

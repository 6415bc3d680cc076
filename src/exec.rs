//! Runs a planned program on a port and writes its trace: one exhaustive match over the ops.

use crate::field::{Field, Fields};
use crate::op::{Op, Slot, Time};
use crate::plan::{Makes, Plan, Step, touches};
use crate::port::native::START_SECONDS;
use crate::port::{Port, events};
use crate::program::Program;
use crate::trace::{DupSeen, Trace};

/// What is observed besides what the calls return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Nothing at all: the calls alone, for benchmarks.
    Nothing,
    /// Counts, destructions and callbacks after each step; the field a setter sets; a session in full before it is
    /// destroyed, and with its duplicate after a dup. So every session is seen in full at least once.
    Touched,
    /// Every live session in full after every step, so that the step named is the first that differs.
    Everything,
}

/// Runs `program` as `plan` says and fills `trace`. Both ports must get the same `watch` and `fields`.
pub fn run<P: Port>(port: &mut P, program: &Program, plan: &Plan, watch: Watch, fields: Fields, trace: &mut Trace) {
    trace.clear();
    port.begin();
    events::begin();
    let observed = match watch {
        Watch::Nothing | Watch::Everything => fields,
        // The same value as `time`, read by a function that is compared where a program calls it.
        Watch::Touched => fields.without(Field::TimeEx),
    };
    let mut run = Run { port, plan, watch, fields: observed, trace, live: [false; crate::op::SLOTS], deaths: 0 };
    let ended = run.ops(program).and_then(|()| run.release()).map(|()| run.finish());
    let Run { port, live, .. } = run;
    for slot in Slot::all().filter(|slot| live[slot.index()]) {
        port.forget(slot);
    }
    let leaked = port.end();
    trace.leaked = match ended {
        Ok(()) => leaked,
        // What an ended program owned was not given back: its balance says nothing.
        Err(Ended) => None,
    };
}

/// The port is not where the ledger is: nothing after this relies on the ledger any more.
struct Ended;

struct Run<'a, P> {
    port: &'a mut P,
    plan: &'a Plan,
    watch: Watch,
    fields: Fields,
    trace: &'a mut Trace,
    /// The slots that hold a session.
    live: [bool; crate::op::SLOTS],
    /// How many destructions the ledger has seen.
    deaths: usize,
}

impl<P: Port> Run<'_, P> {
    fn ops(&mut self, program: &Program) -> Result<(), Ended> {
        for (at, (op, step)) in program.ops.iter().zip(&self.plan.steps).enumerate() {
            self.trace.step();
            if let Step::Run { ends, makes, .. } = *step {
                self.step(at, op, ends, makes)?;
            }
        }
        Ok(())
    }

    /// Gives back what the program still owns, in slot order.
    fn release(&mut self) -> Result<(), Ended> {
        for slot in Slot::all() {
            for left in (0..self.plan.left[slot.index()]).rev() {
                self.trace.step();
                let at = self.trace.steps() - 1;
                self.step(at, &Op::Free { s: Some(slot) }, left == 0, Makes::Nothing)?;
            }
        }
        Ok(())
    }

    /// An error left behind by a call that must not leave one.
    fn finish(&mut self) {
        if self.watch != Watch::Nothing {
            let raised = self.port.take_raised();
            self.trace.raised(raised);
        }
    }

    fn step(&mut self, at: usize, op: &Op, ends: bool, makes: Makes) -> Result<(), Ended> {
        let touched = touches(op);
        if ends
            && self.watch == Watch::Touched
            && let Some(slot) = touched.used
        {
            self.observe(slot);
        }
        let made = call(self.port, op, self.fields, self.trace);
        self.book(op, ends, made);
        if self.watch == Watch::Nothing {
            return Ok(());
        }
        if self.watch == Watch::Everything || may_raise(op) {
            let raised = self.port.take_raised();
            self.trace.raised(raised);
        }
        events::drain(self.trace);
        if (makes == Makes::Session) != made {
            return self.end();
        }
        self.deaths_as_planned(at)?;
        for slot in [touched.made, touched.used].into_iter().flatten() {
            self.count(slot)?;
        }
        if let (Op::Dup { dst, src }, true) = (op, made) {
            self.see_dup(at, *dst, *src);
        }
        match self.watch {
            Watch::Everything => self.observe_all(),
            Watch::Touched => self.observe_set(op),
            Watch::Nothing => {}
        }
        Ok(())
    }

    /// Keeps track of which slots hold something.
    fn book(&mut self, op: &Op, ends: bool, made: bool) {
        let touched = touches(op);
        if let (true, Some(slot)) = (made, touched.made) {
            self.live[slot.index()] = true;
        }
        if let (true, Some(slot)) = (ends, touched.used) {
            self.live[slot.index()] = false;
            self.port.forget(slot);
        }
    }

    /// A session destroyed too early must not be touched again, and one that lives on nobody can reach.
    fn deaths_as_planned(&mut self, at: usize) -> Result<(), Ended> {
        if !self.plan.setup().ex_data {
            return Ok(());
        }
        while self.plan.deaths.get(self.deaths).is_some_and(|death| *death as usize == at) {
            self.deaths += 1;
        }
        if self.trace.deaths.len() == self.deaths { Ok(()) } else { self.end() }
    }

    fn count(&mut self, slot: Slot) -> Result<(), Ended> {
        if !self.live[slot.index()] {
            return Ok(());
        }
        let Some(references) = self.port.count(slot) else { return Ok(()) };
        let planned = self.plan.counts.get(self.trace.counts.len());
        self.trace.count(references);
        if planned == Some(&references) { Ok(()) } else { self.end() }
    }

    fn end(&mut self) -> Result<(), Ended> {
        self.trace.stop();
        Err(Ended)
    }

    fn observe(&mut self, slot: Slot) -> std::ops::Range<usize> {
        self.trace.session(slot);
        let start = self.trace.position();
        self.port.read(slot, self.fields, self.trace);
        start..self.trace.position()
    }

    fn observe_set(&mut self, op: &Op) {
        if let (Some(field), Some(slot)) = (sets(op), touches(op).used)
            && self.fields.contains(field)
        {
            self.port.read(slot, Fields::only(field), self.trace);
        }
    }

    fn see_dup(&mut self, at: usize, dst: Slot, src: Slot) {
        let source = self.observe(src);
        let dup = self.observe(dst);
        let shared = self.port.shared(dst, src);
        self.trace.shared(shared);
        self.trace.dups.push(DupSeen { step: at as u32, source, dup });
    }

    fn observe_all(&mut self) {
        let live = self.live;
        for slot in Slot::all().filter(|slot| live[slot.index()]) {
            self.observe(slot);
        }
        for slot in Slot::all().filter(|slot| live[slot.index()]) {
            for other in Slot::all().take(slot.index()).filter(|other| live[other.index()]) {
                let shared = self.port.shared(slot, other);
                if shared != 0 {
                    self.trace.shared(shared);
                }
            }
        }
    }
}

/// The call itself; whether it made a session.
fn call<P: Port>(port: &mut P, op: &Op, fields: Fields, trace: &mut Trace) -> bool {
    let returned = match op {
        Op::New { dst } => return made(port.new_session(*dst), trace),
        Op::Dup { dst, src } => return made(port.dup(*dst, *src), trace),
        Op::SampleSession { dst, sample } => return made(port.sample(*dst, *sample), trace),
        Op::UpRef { s } => port.up_ref(*s),
        Op::Free { s } => {
            port.free(*s);
            return false;
        }
        Op::Set1Id { s, id } => port.set1_id(*s, id),
        Op::Set1IdContext { s, context } => port.set1_id_context(*s, context),
        Op::SetTime { s, time } => port.set_time(*s, seconds(*time)),
        Op::SetTimeEx { s, time } => port.set_time_ex(*s, seconds(*time)),
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
            return false;
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
            // Not observed in `Watch::Touched`, so not in `fields`; the plan skips it where a port lacks it.
            port.read(*s, Fields::only(Field::TimeEx), trace);
            return false;
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
    };
    trace.returned(returned);
    false
}

fn made(session: bool, trace: &mut Trace) -> bool {
    trace.made(session);
    session
}

fn read<P: Port>(port: &mut P, s: Slot, field: Field, fields: Fields, trace: &mut Trace) -> bool {
    debug_assert!(fields.contains(field), "the plan skips what a port lacks");
    port.read(s, Fields::only(field), trace);
    false
}

fn seconds(time: Time) -> i64 {
    match time {
        Time::At(seconds) => seconds,
        Time::Now(offset) => START_SECONDS.wrapping_add(offset),
    }
}

/// The calls that can leave an entry in the error queue. Other calls must not: seen at the end of the program, and blamed
/// on the right step by [`Watch::Everything`].
fn may_raise(op: &Op) -> bool {
    matches!(
        op,
        Op::Dup { .. }
            | Op::Set1Id { .. }
            | Op::Set1IdContext { .. }
            | Op::Set1MasterKey { .. }
            | Op::SetTimeout { .. }
            | Op::SetExData { .. }
            | Op::SampleSession { .. }
    )
}

/// The field that a setter sets.
fn sets(op: &Op) -> Option<Field> {
    match op {
        Op::Set1Id { .. } => Some(Field::Id),
        Op::Set1IdContext { .. } => Some(Field::IdContext),
        Op::SetTime { .. } | Op::SetTimeEx { .. } => Some(Field::Time),
        Op::SetTimeout { .. } => Some(Field::Timeout),
        Op::SetProtocolVersion { .. } => Some(Field::ProtocolVersion),
        Op::SetCipher { .. } => Some(Field::Cipher),
        Op::Set1MasterKey { .. } => Some(Field::MasterKey),
        Op::Set1Hostname { .. } => Some(Field::Hostname),
        Op::Set1AlpnSelected { .. } => Some(Field::Alpn),
        Op::SetMaxEarlyData { .. } => Some(Field::MaxEarlyData),
        Op::Set1TicketAppdata { .. } => Some(Field::TicketAppdata),
        Op::SetExData { index, .. } => Field::of_ex_index(*index),
        Op::New { .. }
        | Op::Dup { .. }
        | Op::SampleSession { .. }
        | Op::UpRef { .. }
        | Op::Free { .. }
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
        | Op::GetExData { .. } => None,
    }
}

//! What is seen of a port besides what calls return.

use super::audit::CROWD;
use super::{Listed, Run, Watch, read};
use crate::field::Field;
use crate::op::{ConnectionSlot, ContextSlot, Op, SLOTS, Slot, Variable, later_ops};
use crate::plan::Touched;
use crate::port::{Place, Port, Value, key};
use crate::trace::{After, DupSeen, Meddling};

/// Describes a cached session, in the order in which it is listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    version: i32,
    length: usize,
    id: [u8; 32],
    slots: u8,
}

impl<P: Port> Run<'_, P> {
    /// Reads a session in full; returns where in the log that is, its DER, which follows, aside.
    pub(super) fn observe(&mut self, slot: Slot) -> (u32, u32) {
        self.trace.session(slot);
        self.observe_fields(slot)
    }

    fn observe_fields(&mut self, slot: Slot) -> (u32, u32) {
        let start = self.trace.position();
        let mut numbers = [0; Field::NUMBERS.len()];
        for (number, field) in numbers.iter_mut().zip(Field::NUMBERS) {
            if self.fields.contains(*field)
                && let Value::Number(value) = self.port.read(slot, *field)
            {
                *number = value;
            }
        }
        self.trace.numbers(&numbers);
        for field in Field::BYTES.iter().filter(|field| self.fields.contains(**field) && **field != Field::Der) {
            read(self.port, slot, *field, self.trace);
        }
        let end = self.trace.position();
        if self.fields.contains(Field::Der) {
            read(self.port, slot, Field::Der, self.trace);
        }
        (start as u32, end as u32)
    }

    /// Reads a duplicate and its source in full.
    pub(super) fn see_dup(&mut self, at: usize, dst: Slot, src: Slot) {
        let source = self.observe(src);
        let dup = self.observe(dst);
        let shared = self.port.shared(dst, src);
        self.trace.shared(shared);
        // The length of a ticket that is gone is not copied: `ssl_session_dup_intern` (ssl/ssl_sess.c, 3.6.3). Both ports are
        // compared all the same.
        let has_tickets = self.fields.contains(Field::Ticket);
        if !has_tickets || !matches!(self.port.read(src, Field::Ticket), Value::NullWithLength(_)) {
            self.trace.dups.push(DupSeen { step: at as u32, source, dup });
        }
    }

    /// Reads everything that there is, and finds out whether reading changed anything.
    pub(super) fn see_everything(&mut self) {
        super::note_misuse(self.port, self.trace);
        let before = self.all_counts();
        if self.plan.shared {
            self.observe_all_shared();
        }
        self.observe_all();
        let after = self.port.after();
        if after.raised || after.error_lost || before != self.all_counts() {
            self.find_meddler(after);
        }
    }

    fn count_in(&self, slot: Slot) -> Option<u32> {
        self.port.count(Place::Slot(slot))
    }

    fn all_counts(&self) -> [Option<u32>; SLOTS] {
        let mut counts = [None; SLOTS];
        self.ledger.live().for_each(|slot| counts[slot.index()] = self.count_in(slot));
        counts
    }

    /// Calls each getter once more to see which raised an error or changed a count, which none may.
    fn find_meddler(&mut self, after: After) {
        for slot in self.ledger.live() {
            for field in Field::ALL.iter().copied().filter(|field| self.fields.contains(*field)) {
                let before = self.count_in(slot);
                self.port.read(slot, field);
                let raised = self.port.after().raised;
                if raised || self.count_in(slot) != before {
                    let how = if raised { Meddling::Raised } else { Meddling::Count };
                    return self.trace.meddled(field, how);
                }
            }
        }
        self.trace.after(after);
    }

    fn observe_all(&mut self) {
        for slot in self.ledger.live() {
            self.observe(slot);
            if let (true, Some(references)) = (self.counts, self.count_in(slot)) {
                self.trace.count_of(slot, references);
            }
        }
        for slot in self.ledger.live() {
            for other in self.ledger.live().take_while(|other| *other != slot) {
                // Two slots may hold one session.
                let [a, b] = [slot, other].map(|slot| self.port.address(Variable::Session(slot)));
                let shared = self.port.shared(slot, other);
                if a != b && !shared.is_empty() {
                    self.trace.shared(shared);
                }
            }
        }
    }

    /// Writes what a call on a context or connection changed.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub(super) fn observe_shared(&mut self, op: &Op, touched: Touched, made: bool) {
        match *op {
            Op::CtxAdd { c, .. } | Op::CtxRemove { c, .. } | Op::CtxSessions { c } => self.list_some(c),
            // A flush walks the cache, too.
            Op::CtxFlush { c, .. } | Op::CtxFlushEx { c, .. } => self.list(c),
            Op::CtxNew { dst, .. } | Op::CtxNewDtls { dst, .. } | Op::CtxPooled { dst, .. } => {
                self.listed[dst.index()] = Listed::default()
            }
            Op::SetSession { x, .. } | Op::SslClear { x } => self.see_connection(x),
            Op::SslDup { dst, x } => {
                self.see_connection(if self.ledger.shared().connection_references(dst) > 0 { dst } else { x })
            }
            Op::CopySessionId { to, .. } => self.see_connection(to),
            Op::Handshake { client, server } => {
                self.see_connection(client);
                self.see_connection(server);
                self.see_caches();
            }
            later_ops!() => {
                self.ledger.shared().connections().for_each(|slot| self.see_connection(slot));
                self.see_caches();
            }
            Op::GetSession { dst, .. }
            | Op::Get0Session { dst, .. }
            | Op::Get1Session { dst, .. }
            | Op::TakeKept { dst }
                if made =>
            {
                let slots = self.slots_with(self.port.address(Variable::Session(dst)));
                self.trace.same(slots);
            }
            _ => {}
        }
        for slot in [touched.made, touched.used].into_iter().flatten() {
            if let (true, true, Some(references)) = (self.ledger.holds(slot), self.counts, self.count_in(slot)) {
                self.trace.count_of(slot, references);
            }
        }
    }

    fn observe_all_shared(&mut self) {
        for slot in self.ledger.shared().connections() {
            self.see_connection(slot);
            self.see_connected(slot);
        }
        self.see_caches();
    }

    /// Reads a connection's session that no slot holds, by way of a slot that holds nothing.
    fn see_connected(&mut self, x: ConnectionSlot) {
        let Some(slot) = Slot::all().find(|slot| !self.ledger.holds(*slot)) else { return };
        let held = self.slots_with(self.port.address(Variable::Connection(x))) != 0;
        if !held && self.port.lend(slot, x) {
            self.trace.session_of(x);
            self.observe_fields(slot);
            self.port.forget(Variable::Session(slot));
        }
    }

    fn see_caches(&mut self) {
        self.ledger.shared().contexts().for_each(|slot| self.list_some(slot));
    }

    fn see_connection(&mut self, x: ConnectionSlot) {
        let address = self.port.address(Variable::Connection(x));
        let slots = self.slots_with(address);
        self.trace.connection(x, address != 0, slots);
        if address != 0
            && slots == 0
            && self.counts
            && let Some(references) = self.port.count(Place::Address(address))
        {
            self.trace.count_of_connected(x, references);
        }
    }

    /// Returns the slots that hold the session at this address: one bit each.
    fn slots_with(&self, address: usize) -> u8 {
        let holds = |slot: &Slot| address != 0 && self.port.address(Variable::Session(*slot)) == address;
        self.ledger.live().filter(holds).fold(0, |slots, slot| slots | 1 << slot.index())
    }

    /// Writes the cache of a context, with many sessions not at every step: each list takes as long as there are
    /// sessions. What is wrong in a cache stays wrong until it is flushed: the next list, that after a flush, or that
    /// at the end shows it.
    fn list_some(&mut self, c: ContextSlot) {
        let Listed { sessions, left_out } = &mut self.listed[c.index()];
        if self.watch != Watch::Blame && *sessions > CROWD && *left_out < *sessions {
            *left_out += 1;
        } else {
            self.list(c);
        }
    }

    /// Writes the cache of a context: how many, and a few of them in an order that does not depend on the hash.
    pub(super) fn list(&mut self, c: ContextSlot) {
        let (mut number, mut digest) = (0usize, 0u32);
        let mut members = [Member { version: 0, length: 0, id: [0; 32], slots: 0 }; CROWD];
        self.port.cached(Some(c), &mut |cached| {
            digest = digest.wrapping_add(key(cached.version, cached.id));
            if let Some(member) = members.get_mut(number) {
                let length = cached.id.len().min(member.id.len());
                member.id[..length].copy_from_slice(&cached.id[..length]);
                (member.version, member.length) = (cached.version, length);
                member.slots = self.slots_with(cached.address);
            }
            number += 1;
        });
        self.listed[c.index()] = Listed { sessions: number, left_out: 0 };
        self.trace.cache(c, number as u32, digest);
        if let Some(members) = members.get_mut(..number) {
            members.sort_unstable();
            for member in members {
                self.trace.member(member.slots, member.version, &member.id[..member.length]);
            }
        }
    }
}

//! The third voter where contents decide who owns a session: every reference must have an owner with a name, and every session
//! that lives must have an owner.

use super::{Run, Stopped, Watch};
use crate::op::{CONTEXTS, Op, Slot, Variable};
use crate::plan::Touched;
use crate::port::{Holders, Place, Port, events};
use crate::trace::{Owners, Seen, Unowned, Whom};

/// Limits how many cached sessions are listed one by one and audited after every step. With more, not every step lists
/// or audits: both take as long as there are sessions.
pub(super) const CROWD: usize = 16;

impl<P: Port> Run<'_, P> {
    /// Compares what has an owner with what lives; then the counts of the slots that a step touched, of all slots where
    /// everything is observed; then the references of what lives with those that its owners have.
    pub(super) fn audit(&mut self, at: usize, op: Option<&Op>, touched: Touched, getter: bool) -> Result<(), Stopped> {
        let told = self.plan.setup().ex_data;
        // A context that was destroyed while a variable has it must not be touched again; its end is in the trace.
        let lives = |slot| events::context_lives(self.port.address(Variable::Context(slot)));
        if told && !self.ledger.shared().contexts().all(lives) {
            return self.end();
        }
        let gone =
            |slot: &Slot| self.ledger.holds(*slot) && !events::lives(self.port.address(Variable::Session(*slot)));
        let dead = told && [touched.made, touched.used].iter().flatten().any(gone);
        let flushes = matches!(op, Some(Op::CtxFlush { .. } | Op::CtxFlushEx { .. } | Op::CtxFree { .. }));
        if op.is_some() && !flushes && self.is_crowded() && !dead {
            return Ok(());
        }
        let mut cached = std::mem::take(&mut self.cached);
        cached.clear();
        self.port.cached(None, &mut |session| cached.push(session.address));
        cached.sort_unstable();
        let audited = self.audit_all(at, op, touched, &cached, told && !getter);
        self.unaudited = 0;
        self.cached = cached;
        audited
    }

    /// Tells whether so much was cached when everything was audited last that it is too early to do so again. What is
    /// wrong stays wrong until a flush: the next audit, that after a flush, or that at the end sees it, and then every
    /// step of the program is audited.
    fn is_crowded(&mut self) -> bool {
        self.unaudited += 1;
        self.watch != Watch::Blame && self.cached.len() > CROWD && self.unaudited < self.cached.len()
    }

    /// Makes the audit itself. `cached`: the addresses of what is cached, in order. `everything`: something was
    /// born, died or changed its owner.
    fn audit_all(
        &mut self,
        at: usize,
        op: Option<&Op>,
        touched: Touched,
        cached: &[usize],
        everything: bool,
    ) -> Result<(), Stopped> {
        // Before anything is read of a session: what was destroyed must not be.
        if let Some((gone, owners)) = everything.then(|| self.destroyed(cached)).flatten() {
            return self.unowned(at, gone, owners, Seen::Destroyed, false);
        }
        for slot in [touched.made, touched.used].into_iter().flatten() {
            if self.ledger.holds(slot) {
                self.audit_count(at, slot, touched, cached)?;
            }
        }
        if self.watch == Watch::Blame {
            for slot in self.ledger.live() {
                self.audit_count(at, slot, touched, cached)?;
            }
        }
        let lost = matches!(op, Some(Op::Forget { .. }));
        match everything.then(|| self.misowned(cached)).flatten() {
            Some((session, owners, Seen::Lives)) if lost => self.unowned(at, session, owners, Seen::Lost, true),
            Some((session, owners, seen)) => self.unowned(at, session, owners, seen, false),
            None => Ok(()),
        }
    }

    fn audit_count(&mut self, at: usize, slot: Slot, touched: Touched, cached: &[usize]) -> Result<(), Stopped> {
        let Some(references) = self.port.count(Place::Slot(slot)) else { return Ok(()) };
        let session = self.port.address(Variable::Session(slot));
        let owners = self.owners(session, cached);
        if owners.references() == references {
            return Ok(());
        }
        let named = touched.made == Some(slot) || touched.used == Some(slot);
        // A port that forgets what was destroyed has nothing there any more. Of a session that the call does not name, the count says
        // whose it is.
        let seen = if session == 0 && named { Seen::Destroyed } else { Seen::References(references) };
        self.unowned(at, session, owners, seen, named)
    }

    fn program_owns(&self, address: usize) -> u32 {
        let same = self.ledger.live().filter(|slot| self.port.address(Variable::Session(*slot)) == address);
        same.map(|slot| self.ledger.references(slot)).sum()
    }

    /// Returns a session that was destroyed while it had owners, and these.
    fn destroyed(&self, cached: &[usize]) -> Option<(usize, Owners)> {
        let in_slots = self.ledger.live().map(Variable::Session);
        let in_connections = self.ledger.shared().connections().map(Variable::Connection);
        let held = in_slots.chain(in_connections).map(|variable| self.port.address(variable));
        let mut held = held.chain(cached.iter().copied());
        let gone = held.find(|address| *address != 0 && !events::lives(*address))?;
        Some((gone, self.owners(gone, cached)))
    }

    /// Finds a session that lives and has no owner, or other references than its owners have, in a slot or not.
    fn misowned(&mut self, cached: &[usize]) -> Option<(usize, Owners, Seen)> {
        let mut counts = std::mem::take(&mut self.cached_counts);
        counts.clear();
        self.port.cached(None, &mut |session| counts.push((session.address, (session.references)())));
        counts.sort_unstable();
        let found = (0..).map_while(events::session_at).find_map(|address| {
            let owners = self.owners(address, cached);
            if owners.references() == 0 {
                return Some((address, owners, Seen::Lives));
            }
            let references = match counts.binary_search_by_key(&address, |(cached, _)| *cached) {
                Ok(at) => counts[at].1,
                Err(_) => self.port.count(Place::Address(address)),
            };
            let references = references.filter(|count| *count != owners.references())?;
            Some((address, owners, Seen::References(references)))
        });
        self.cached_counts = counts;
        found
    }

    fn owners(&self, address: usize, cached: &[usize]) -> Owners {
        let first = cached.partition_point(|other| *other < address);
        let Holders { connections, callbacks } = self.port.holders(address);
        Owners {
            program: self.program_owns(address),
            connections,
            caches: cached[first..].iter().take_while(|other| **other == address).count() as u32,
            callbacks,
        }
    }

    /// Ends the program at a session whose owners are not all that there are; what is counted then stands behind the end.
    fn unowned(&mut self, at: usize, session: usize, owners: Owners, seen: Seen, named: bool) -> Result<(), Stopped> {
        let step = at as u32;
        let (whom, in_caches) = (self.whom(session), self.in_caches(session));
        self.trace.unowned.get_or_insert(Unowned { step, whom, owners, in_caches, seen, named });
        let ended = self.end();
        for slot in self.ledger.live() {
            let lives = events::lives(self.port.address(Variable::Session(slot)));
            if let (true, true, Some(references)) = (lives, self.counts, self.port.count(Place::Slot(slot))) {
                self.trace.count_of(slot, references);
            }
        }
        ended
    }

    /// Names the session at this address.
    fn whom(&self, session: usize) -> Whom {
        let has = |variable| session != 0 && self.port.address(variable) == session;
        let slots = self.ledger.live().filter(|slot| has(Variable::Session(*slot)));
        let connections = self.ledger.shared().connections().filter(|x| has(Variable::Connection(*x)));
        Whom {
            slots: slots.fold(0, |bits, slot| bits | 1 << slot.index()),
            connections: connections.fold(0, |bits, x| bits | 1 << x.index()),
            birth: events::birth_at(session).unwrap_or(u32::MAX),
        }
    }

    /// Counts how often the cache of each context variable lists the session at this address.
    fn in_caches(&self, session: usize) -> [u32; CONTEXTS] {
        let mut listed = [0; CONTEXTS];
        let contexts: Vec<_> = self.ledger.shared().contexts().collect();
        for (at, c) in contexts.iter().enumerate() {
            let address = self.port.address(Variable::Context(*c));
            // Two variables may have one context.
            if contexts[..at].iter().all(|other| self.port.address(Variable::Context(*other)) != address) {
                let count = &mut listed[c.index()];
                self.port.cached(Some(*c), &mut |cached| *count += u32::from(cached.address == session));
            }
        }
        listed
    }
}

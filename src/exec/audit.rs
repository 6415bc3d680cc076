//! The third voter where contents decide who owns a session: every reference must have an owner with a name, and every session
//! that lives must have an owner.

use super::{Run, Stopped, Watch};
use crate::op::{Op, Slot, Variable};
use crate::plan::Touched;
use crate::port::{Holders, Place, Port, events};
use crate::trace::{Owners, Seen, Unowned};

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
        if let Some(owners) = everything.then(|| self.destroyed(cached)).flatten() {
            return self.unowned(Unowned { step: at as u32, owners, seen: Seen::Destroyed, named: false });
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
            Some((owners, Seen::Lives)) if lost => {
                self.unowned(Unowned { step: at as u32, owners, seen: Seen::Lost, named: true })
            }
            Some((owners, seen)) => self.unowned(Unowned { step: at as u32, owners, seen, named: false }),
            None => Ok(()),
        }
    }

    fn audit_count(&mut self, at: usize, slot: Slot, touched: Touched, cached: &[usize]) -> Result<(), Stopped> {
        let Some(references) = self.port.count(Place::Slot(slot)) else { return Ok(()) };
        let owners = self.owners(self.port.address(Variable::Session(slot)), cached);
        if owners.references() == references {
            return Ok(());
        }
        let named = touched.made == Some(slot) || touched.used == Some(slot);
        self.unowned(Unowned { step: at as u32, owners, seen: Seen::References(references), named })
    }

    fn program_owns(&self, address: usize) -> u32 {
        let same = self.ledger.live().filter(|slot| self.port.address(Variable::Session(*slot)) == address);
        same.map(|slot| self.ledger.references(slot)).sum()
    }

    /// Returns the owners of a session that was destroyed while it had some.
    fn destroyed(&self, cached: &[usize]) -> Option<Owners> {
        let in_slots = self.ledger.live().map(Variable::Session);
        let in_connections = self.ledger.shared().connections().map(Variable::Connection);
        let held = in_slots.chain(in_connections).map(|variable| self.port.address(variable));
        let mut held = held.chain(cached.iter().copied());
        let gone = held.find(|address| *address != 0 && !events::lives(*address))?;
        Some(self.owners(gone, cached))
    }

    /// Finds a session that lives and has no owner, or other references than its owners have, in a slot or not.
    fn misowned(&mut self, cached: &[usize]) -> Option<(Owners, Seen)> {
        let mut counts = std::mem::take(&mut self.cached_counts);
        counts.clear();
        self.port.cached(None, &mut |session| counts.push((session.address, (session.references)())));
        counts.sort_unstable();
        let found = (0..).map_while(events::session_at).find_map(|address| {
            let owners = self.owners(address, cached);
            if owners.references() == 0 {
                return Some((owners, Seen::Lives));
            }
            let references = match counts.binary_search_by_key(&address, |(cached, _)| *cached) {
                Ok(at) => counts[at].1,
                Err(_) => self.port.count(Place::Address(address)),
            };
            let references = references.filter(|count| *count != owners.references())?;
            Some((owners, Seen::References(references)))
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

    fn unowned(&mut self, found: Unowned) -> Result<(), Stopped> {
        self.trace.unowned.get_or_insert(found);
        self.end()
    }
}

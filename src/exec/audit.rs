//! The third voter where contents decide who owns a session: every reference must have an owner with a name, and every session
//! that lives must have an owner.

use super::{Run, Stopped, Watch};
use crate::op::{ConnectionSlot, ContextSlot, Op, Slot};
use crate::plan::Touched;
use crate::port::{Port, events};
use crate::trace::{Owners, Seen, Unowned};

impl<P: Port> Run<'_, P> {
    /// That what has an owner lives; then the counts of the slots that a step touched, of all slots where everything is observed;
    /// then that what lives has owners, and as many references as they own.
    pub(super) fn audit(&mut self, at: usize, op: Option<&Op>, touched: Touched, getter: bool) -> Result<(), Stopped> {
        let told = self.plan.setup().ex_data;
        // A context that was destroyed while a variable has it must not be touched again; its end is in the trace.
        let held = ContextSlot::all().filter(|slot| self.shared.contexts[slot.index()]);
        let gone = |slot: ContextSlot| !events::context_lives(self.port.context_address(slot));
        if told && held.into_iter().any(gone) {
            return self.end();
        }
        let mut cached = std::mem::take(&mut self.shared.addresses);
        cached.clear();
        if told && !getter {
            self.port.cached_addresses(&mut cached);
            cached.sort_unstable();
        }
        let audited = self.audit_all(at, op, touched, (told && !getter).then_some(cached.as_slice()));
        cached.clear();
        self.shared.addresses = cached;
        audited
    }

    /// `cached`: the addresses of what is cached, in order; `None`: nothing was born, died or changed its owner.
    fn audit_all(
        &mut self,
        at: usize,
        op: Option<&Op>,
        touched: Touched,
        cached: Option<&[usize]>,
    ) -> Result<(), Stopped> {
        // Before anything is read of a session: what was destroyed must not be.
        if let Some(owners) = cached.and_then(|cached| self.destroyed(cached)) {
            return self.unowned(Unowned { step: at as u32, owners, seen: Seen::Destroyed, named: false });
        }
        let live = self.live;
        for slot in [touched.made, touched.used].into_iter().flatten().filter(|slot| live[slot.index()]) {
            self.audit_count(at, slot, touched)?;
        }
        if self.watch == Watch::Blame {
            for slot in Slot::all().filter(|slot| live[slot.index()]) {
                self.audit_count(at, slot, touched)?;
            }
        }
        let lost = matches!(op, Some(Op::Forget { .. }));
        match cached.and_then(|cached| self.misowned(cached)) {
            Some((owners, Seen::Lives)) if lost => {
                self.unowned(Unowned { step: at as u32, owners, seen: Seen::Lost, named: true })
            }
            Some((owners, seen)) => self.unowned(Unowned { step: at as u32, owners, seen, named: false }),
            None => Ok(()),
        }
    }

    fn audit_count(&mut self, at: usize, slot: Slot, touched: Touched) -> Result<(), Stopped> {
        let Some(references) = self.port.count(slot) else { return Ok(()) };
        let address = self.port.address(slot);
        let owners = Owners {
            program: self.program_owns(address),
            connections: self.port.connections_with(address),
            caches: self.port.caches_with(slot),
            callbacks: self.port.kept(address),
        };
        if owners.references() == references {
            return Ok(());
        }
        let named = touched.made == Some(slot) || touched.used == Some(slot);
        self.unowned(Unowned { step: at as u32, owners, seen: Seen::References(references), named })
    }

    fn program_owns(&self, address: usize) -> u32 {
        let same = Slot::all().filter(|slot| self.live[slot.index()] && self.port.address(*slot) == address);
        same.map(|slot| self.shared.owned[slot.index()]).sum()
    }

    /// The owners of a session that was destroyed while it had some.
    fn destroyed(&self, cached: &[usize]) -> Option<Owners> {
        let in_slots = Slot::all().filter(|slot| self.live[slot.index()]).map(|slot| self.port.address(slot));
        let in_connections = ConnectionSlot::all()
            .filter(|slot| self.shared.connections[slot.index()])
            .map(|slot| self.port.connected(slot));
        let mut held = in_slots.chain(in_connections).chain(cached.iter().copied());
        let gone = held.find(|address| *address != 0 && !events::lives(*address))?;
        Some(self.owners(gone, cached))
    }

    /// A session that lives and has no owner, or other references than its owners have, in a slot or not.
    fn misowned(&self, cached: &[usize]) -> Option<(Owners, Seen)> {
        (0..).map_while(events::session_at).find_map(|address| {
            let owners = self.owners(address, cached);
            if owners.references() == 0 {
                return Some((owners, Seen::Lives));
            }
            let references = self.port.count_at(address).filter(|count| *count != owners.references())?;
            Some((owners, Seen::References(references)))
        })
    }

    fn owners(&self, address: usize, cached: &[usize]) -> Owners {
        let first = cached.partition_point(|other| *other < address);
        Owners {
            program: self.program_owns(address),
            connections: self.port.connections_with(address),
            caches: cached[first..].iter().take_while(|other| **other == address).count() as u32,
            callbacks: self.port.kept(address),
        }
    }

    fn unowned(&mut self, found: Unowned) -> Result<(), Stopped> {
        self.trace.unowned.get_or_insert(found);
        self.end()
    }
}

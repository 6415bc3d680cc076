//! The third voter where contents decide who owns a session: every reference must have an owner with a name, and every session
//! that lives must have an owner.

use super::{Run, Stopped, Watch};
use crate::op::{ConnectionSlot, ContextSlot, Op, Slot};
use crate::plan::Touched;
use crate::port::{Port, events};
use crate::trace::{Owners, Seen, Unowned};

impl<P: Port> Run<'_, P> {
    /// The counts of the slots that a step touched, of all slots where everything is observed; then births and deaths.
    pub(super) fn audit(&mut self, at: usize, op: Option<&Op>, touched: Touched, getter: bool) -> Result<(), Stopped> {
        // A context that was destroyed while a variable has it must not be touched again; its end is in the trace.
        let held = ContextSlot::all().filter(|slot| self.shared.contexts[slot.index()]);
        let gone = |slot: ContextSlot| !events::context_lives(self.port.context_address(slot));
        if self.plan.setup().ex_data && held.into_iter().any(gone) {
            return self.end();
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
        if self.plan.setup().ex_data && !getter { self.audit_lives(at, lost) } else { Ok(()) }
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

    /// What lives has an owner, and what an owner has lives.
    fn audit_lives(&mut self, at: usize, lost: bool) -> Result<(), Stopped> {
        let mut cached = std::mem::take(&mut self.shared.addresses);
        cached.clear();
        self.port.cached_addresses(&mut cached);
        cached.sort_unstable();
        let found = self.life_fault(&cached);
        cached.clear();
        self.shared.addresses = cached;
        match found {
            Some((owners, Seen::Lives)) if lost => {
                self.unowned(Unowned { step: at as u32, owners, seen: Seen::Lost, named: true })
            }
            Some((owners, seen)) => self.unowned(Unowned { step: at as u32, owners, seen, named: false }),
            None => Ok(()),
        }
    }

    fn life_fault(&self, cached: &[usize]) -> Option<(Owners, Seen)> {
        let owners = |address: usize| {
            let first = cached.partition_point(|other| *other < address);
            let caches = cached[first..].iter().take_while(|other| **other == address).count() as u32;
            let connections = self.port.connections_with(address);
            let callbacks = self.port.kept(address);
            Owners { program: self.program_owns(address), connections, caches, callbacks }
        };
        for address in (0..).map_while(events::session_at) {
            let owners = owners(address);
            if owners.references() == 0 {
                return Some((owners, Seen::Lives));
            }
            // Where it is in no slot, too.
            if let Some(references) = self.port.count_at(address).filter(|count| *count != owners.references()) {
                return Some((owners, Seen::References(references)));
            }
        }
        let in_slots = Slot::all().filter(|slot| self.live[slot.index()]).map(|slot| self.port.address(slot));
        let in_connections = ConnectionSlot::all()
            .filter(|slot| self.shared.connections[slot.index()])
            .map(|slot| self.port.connected(slot));
        let held = in_slots.chain(in_connections).chain(cached.iter().copied());
        let gone = held.into_iter().find(|address| *address != 0 && !events::lives(*address));
        gone.map(|address| (owners(address), Seen::Destroyed))
    }

    fn unowned(&mut self, found: Unowned) -> Result<(), Stopped> {
        self.trace.unowned.get_or_insert(found);
        self.end()
    }
}

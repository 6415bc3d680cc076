//! Draws variables.

use super::Generator;
use crate::op::{CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, Method, SLOTS, Slot};
use crate::plan::Ledger;

/// Counts the contexts and the connections that most programs have.
const FEW_CONTEXTS: u8 = 2;
const FEW_CONNECTIONS: u8 = 4;

impl Generator {
    /// Draws a slot that owns or borrows something, if there is one; now and then any slot.
    pub(super) fn held(&mut self, ledger: &Ledger) -> Slot {
        self.slot_where(|slot| ledger.holds(slot))
    }

    /// Draws a slot that is wanted, if there is one; now and then any slot.
    pub(super) fn slot_where(&mut self, wanted: impl Fn(Slot) -> bool) -> Slot {
        let any = Slot::wrapping(self.rng.u8(..));
        if self.rng.u8(0..32) == 0 {
            return any;
        }
        // From a random slot on, the first that is wanted.
        let mut from_here = (0..SLOTS).map(|step| Slot::wrapping((any.index() + step) as u8));
        from_here.find(|slot| wanted(*slot)).unwrap_or(any)
    }

    /// Draws a context that is there, if there is one.
    pub(super) fn context(&mut self, ledger: &Ledger) -> ContextSlot {
        self.context_where(|slot| ledger.shared().context_references(slot) > 0)
    }

    /// Draws a context slot that is wanted, if there is one.
    pub(super) fn context_where(&mut self, wanted: impl Fn(ContextSlot) -> bool) -> ContextSlot {
        let any = self.rng.u8(0..FEW_CONTEXTS);
        let mut from_here = (0..CONTEXTS as u8).map(|step| ContextSlot::wrapping(any + step));
        from_here.find(|slot| wanted(*slot)).unwrap_or(ContextSlot::wrapping(any))
    }

    /// Draws a context slot that holds nothing, of the first few, or now and then of all: what is spread over many meets rarely.
    pub(super) fn empty_context(&mut self, ledger: &Ledger) -> ContextSlot {
        let most = if self.rng.u8(0..16) == 0 { CONTEXTS } else { FEW_CONTEXTS.into() };
        self.context_where(|slot| slot.index() < most && ledger.shared().context_references(slot) == 0)
    }

    /// Draws a connection that is there, if there is one.
    pub(super) fn connection(&mut self, ledger: &Ledger) -> ConnectionSlot {
        self.connection_where(|slot| ledger.shared().connection_references(slot) > 0)
    }

    /// Draws a connection of this side that has not made a handshake, if there is one.
    pub(super) fn ready(&mut self, method: Method, ledger: &Ledger) -> ConnectionSlot {
        self.connection_where(|slot| ledger.shared().is_ready(slot, method))
    }

    /// Draws a server that has made a handshake, if there is one.
    pub(super) fn server_that_talked(&mut self, ledger: &Ledger) -> ConnectionSlot {
        let shared = ledger.shared();
        self.connection_where(|slot| {
            shared.method(slot) == Some(Method::Server) && !shared.is_ready(slot, Method::Server)
        })
    }

    /// Draws a connection slot that is wanted, if there is one.
    pub(super) fn connection_where(&mut self, wanted: impl Fn(ConnectionSlot) -> bool) -> ConnectionSlot {
        let any = self.rng.u8(0..FEW_CONNECTIONS);
        let mut from_here = (0..CONNECTIONS as u8).map(|step| ConnectionSlot::wrapping(any + step));
        from_here.find(|slot| wanted(*slot)).unwrap_or(ConnectionSlot::wrapping(any))
    }

    /// Draws a connection slot that holds nothing, as [`Generator::empty_context`] does.
    pub(super) fn empty_connection(&mut self, ledger: &Ledger) -> ConnectionSlot {
        let most = if self.rng.u8(0..16) == 0 { CONNECTIONS } else { FEW_CONNECTIONS.into() };
        self.connection_where(|slot| slot.index() < most && ledger.shared().connection_references(slot) == 0)
    }
}

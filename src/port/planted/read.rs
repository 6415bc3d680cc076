//! How the planted bugs spoil what getters read.

use super::{Bug, Planted};
use crate::field::Field;
use crate::op::Slot;
use crate::port::Value;

impl Planted {
    /// Tells whether the bug spoils this field of a session.
    pub(super) fn reads_wrongly(&mut self, s: Slot, field: Field) -> bool {
        match (self.bug, field) {
            (Bug::AlpnNullHasLength, Field::Alpn) => self.stale[s.index()],
            (Bug::TicketAppdataWaits, Field::TicketAppdata) => {
                self.stale[s.index()] = false;
                false
            }
            (Bug::HasTicketCountsEmpty, Field::HasTicket) | (Bug::ResumableIgnoresTicket, Field::Resumable) => true,
            (Bug::RemoveLeavesResumable, Field::Resumable) => self.stale[s.index()],
            (Bug::DupIsNotResumable, Field::Resumable) => self.dup_of[s.index()].is_some(),
            // Samples without a hostname have an id: the bug shows in new sessions.
            (Bug::HostnameNullIsEmpty, Field::Hostname) => {
                let session = self.session(s);
                session.id().as_slice().is_empty() && session.hostname(|name| name.is_none())
            }
            _ => false,
        }
    }

    /// Returns what the bug makes of a field that it spoils.
    pub(super) fn wrong_value(&self, s: Slot, field: Field) -> Value<'static> {
        let session = self.session(s);
        match (self.bug, field) {
            (Bug::AlpnNullHasLength, _) => Value::NullWithLength(7),
            (Bug::HasTicketCountsEmpty, _) => Value::Number(session.ticket(|ticket| ticket.is_some()).into()),
            (Bug::HostnameNullIsEmpty, _) => Value::Bytes(Some(&[])),
            (Bug::DupIsNotResumable, _) => Value::Number(0),
            _ => Value::Number((!session.id().as_slice().is_empty()).into()),
        }
    }
}

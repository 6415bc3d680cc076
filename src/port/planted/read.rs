//! How the planted bugs spoil what getters read.

use super::{Bug, Planted};
use crate::field::Field;
use crate::op::Slot;
use crate::trace::Trace;

impl Planted {
    /// Writes the field as the bug has it; `false`: the honest value is still to be written.
    pub(super) fn read_spoilt(&mut self, s: Slot, field: Field, trace: &mut Trace) -> bool {
        let session = self.inner.session(s);
        match (self.bug, field) {
            (Bug::AlpnNullHasLength, Field::Alpn) if self.stale[s.index()] => {
                trace.null_with_length(field, 7);
                return false;
            }
            (Bug::TicketAppdataWaits, Field::TicketAppdata) => {
                self.stale[s.index()] = false;
                return false;
            }
            (Bug::HasTicketCountsEmpty, Field::HasTicket) => {
                trace.field_number(field, session.ticket(|ticket| ticket.is_some()).into());
            }
            (Bug::ResumableIgnoresTicket, Field::Resumable) => {
                trace.field_number(field, (!session.id().as_slice().is_empty()).into());
            }
            (Bug::RemoveLeavesResumable, Field::Resumable) if self.stale[s.index()] => {
                trace.field_number(field, (!session.id().as_slice().is_empty()).into());
            }
            (Bug::DupIsNotResumable, Field::Resumable) if self.dup_of[s.index()].is_some() => {
                trace.field_number(field, 0)
            }
            // Samples without a hostname have an id: the bug shows in new sessions.
            (Bug::HostnameNullIsEmpty, Field::Hostname) if session.id().as_slice().is_empty() => {
                session.hostname(|name| trace.field_bytes(field, Some(name.unwrap_or_default())));
            }
            _ => return false,
        }
        true
    }
}

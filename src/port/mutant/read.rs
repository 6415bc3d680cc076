//! What a mutant shows where it is looked at: fields, reference counts, shared buffers.

use super::super::{Place, Port, Value};
use super::{Bug, Mutant};
use crate::field::{Field, Fields};
use crate::op::{Slot, Variable};

impl Mutant {
    /// Returns what the bug makes of a field of a session; `None`: it leaves it alone.
    pub(super) fn spoiled(&mut self, s: Slot, field: Field) -> Option<Value<'static>> {
        let stale = self.state.stale[s.index()];
        if self.has(Bug::TicketAppdataWaits) && field == Field::TicketAppdata {
            self.state.stale[s.index()] = false;
        }
        let session = self.session(s);
        let has_id = !session.id().as_slice().is_empty();
        match (self.bug, field) {
            (Bug::AlpnNullHasLength, Field::Alpn) if stale => Some(Value::NullWithLength(7)),
            (Bug::HasTicketCountsEmpty, Field::HasTicket) => {
                Some(Value::Number(session.ticket(|ticket| ticket.is_some()).into()))
            }
            (Bug::ResumableIgnoresTicket, Field::Resumable) => Some(Value::Number(has_id.into())),
            (Bug::RemoveLeavesResumable, Field::Resumable) if stale => Some(Value::Number(has_id.into())),
            (Bug::DupIsNotResumable, Field::Resumable) => self.state.dup_of[s.index()].map(|_| Value::Number(0)),
            // Samples without a hostname have an id: the bug shows in new sessions.
            (Bug::HostnameNullIsEmpty, Field::Hostname) if !has_id && session.hostname(|name| name.is_none()) => {
                Some(Value::Bytes(Some(&[])))
            }
            _ => None,
        }
    }

    /// Returns the fields whose buffer a duplicate shares with its source.
    pub(super) fn shared_fields(&self) -> Fields {
        match self.bug {
            Bug::DupSharesHostname => Fields::NONE.with(Field::Hostname),
            Bug::DupSharesAlpn => Fields::NONE.with(Field::Alpn),
            Bug::DupSharesTicketAppdata => Fields::NONE.with(Field::TicketAppdata),
            Bug::DupSharesTicket => Fields::NONE.with(Field::Ticket),
            _ => Fields::NONE,
        }
    }

    /// Returns how many references fewer the bug lets a session have than there are.
    pub(super) fn uncounted(&self, place: Place) -> u32 {
        let address = match place {
            Place::Slot(s) => self.inner.address(Variable::Session(s)),
            Place::Address(address) => address,
        };
        match (self.bug, place) {
            _ if address == 0 => 0,
            (Bug::NewCallbackKeptIsFreed, _) => {
                u32::from(self.state.has_kept && self.inner.kept_by_new_callback(address))
            }
            (Bug::AddTakesNoReference, Place::Slot(s)) => self.inner.caches_with(s),
            // Only what was set: a handshake takes its own.
            (Bug::SetSessionTakesNoReference, Place::Slot(_)) => self.inner.set_connections_with(address),
            (Bug::SslDupTakesNoReference, Place::Slot(_)) => u32::from(self.state.duped == address),
            (Bug::CopySessionIdTakesNoReference, Place::Slot(_)) => self.state.copied_id.into(),
            (Bug::Get1TakesNoReference, Place::Slot(_)) => self.state.got.into(),
            _ => 0,
        }
    }
}

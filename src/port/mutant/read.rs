//! What a mutant shows where it is looked at: fields, reference counts, shared buffers.

use super::super::{Place, Port, Value};
use super::{Bug, Mutant};
use crate::field::{Field, Fields};
use crate::op::{Slot, Variable};

impl Mutant {
    /// Tells whether the bug spoils this field of a session.
    pub(super) fn reads_wrongly(&mut self, s: Slot, field: Field) -> bool {
        match (self.bug, field) {
            (Bug::AlpnNullHasLength, Field::Alpn) => self.state.stale[s.index()],
            (Bug::TicketAppdataWaits, Field::TicketAppdata) => {
                self.state.stale[s.index()] = false;
                false
            }
            (Bug::HasTicketCountsEmpty, Field::HasTicket) | (Bug::ResumableIgnoresTicket, Field::Resumable) => true,
            (Bug::RemoveLeavesResumable, Field::Resumable) => self.state.stale[s.index()],
            (Bug::DupIsNotResumable, Field::Resumable) => self.state.dup_of[s.index()].is_some(),
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

    /// Returns the fields whose buffer a duplicate shares with its source.
    pub(super) fn shared_fields(&self) -> Fields {
        match self.bug {
            Bug::DupSharesHostname => Fields::NONE.with(Field::Hostname),
            Bug::DupSharesAlpn => Fields::NONE.with(Field::Alpn),
            Bug::DupSharesTicketAppdata => Fields::NONE.with(Field::TicketAppdata),
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

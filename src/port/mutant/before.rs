//! What a mutant does before a call.

use super::super::{Place, Port, events};
use super::instead::UPDATE_TIME;
use super::{Bug, Mutant, cut, is_clear, length};
use crate::native::{Callbacks, Session};
use crate::op::{
    ConnectionSlot, ContextSlot, ExIndex, Op, RemoveCallback, Slot, Variable, connection_ops, context_ops, getters,
    session_ops,
};
use crate::plan::clock::seconds;

/// Gives a session a timeout that nobody sets.
pub(super) fn change_timeout(session: &Session) {
    // It is not negative.
    session.set_timeout(77).unwrap_or_default();
}

/// Holds what was there before a call, for the bugs that go by it.
#[derive(Default)]
pub(super) struct Noted {
    /// Holds references to the sessions that the call may let go.
    pub sessions: Vec<Session>,
    /// Says what a value was that is changed for as long as the call takes; `None`: nothing is changed.
    pub number: Option<i64>,
    /// Tells whether the connection has the session already.
    pub again: bool,
    /// Holds the callbacks that must not be called for as long as the call takes.
    pub callbacks: Option<Callbacks>,
}

impl Mutant {
    /// Does what the bug does before a call, and notes what [`Mutant::afterwards`] needs.
    pub(super) fn before(&mut self, op: &Op) -> Noted {
        let mut noted = Noted::default();
        match op {
            Op::Free { s: Some(s) } => self.before_free(*s),
            session_ops!() => self.before_on_session(op, &mut noted),
            context_ops!() => self.before_on_context(op, &mut noted),
            connection_ops!() => self.before_on_connection(op, &mut noted),
            getters!() => {}
        }
        noted
    }

    fn before_on_session(&mut self, op: &Op, noted: &mut Noted) {
        match (self.bug, op) {
            (Bug::DupIgnoresRefusal, Op::Dup { src, .. }) => {
                let refusing = self.session(*src).ex_data(ExIndex::Refused.number());
                if refusing % 2 == 1 {
                    self.set_quietly(*src, ExIndex::Refused, 0);
                    noted.number = Some(refusing as i64);
                }
            }
            (Bug::UpRefTakesTwo, Op::UpRef { s }) => self.also(Op::UpRef { s: *s }),
            (Bug::FreeNullChangesTimeouts, Op::Free { s: None }) => {
                Slot::all().filter(|s| self.is_live(*s)).for_each(|s| change_timeout(&self.session(s)));
            }
            (Bug::FreeNullFreesAnother, Op::Free { s: None }) => {
                if let Some(victim) = Slot::all().find(|slot| self.inner.count(Place::Slot(*slot)) > Some(1)) {
                    self.also(Op::Free { s: Some(victim) });
                }
            }
            (Bug::IdWrittenOnFailure, Op::Set1Id { s, id }) if length(id) > 32 => {
                self.also(Op::Set1Id { s: *s, id: cut(id, 32) });
            }
            (Bug::TimeoutLeavesError, Op::SetTimeout { s, .. }) => self.state.after.raised |= s.is_some(),
            (Bug::HostnameChangesArgument, Op::Set1Hostname { hostname, .. }) => {
                self.state.after.argument_changed |= hostname.with_nul().is_some();
            }
            (Bug::DupSharesHostname, Op::Set1Hostname { s, hostname }) => {
                self.spread(*s, |partner| partner.set1_hostname(hostname.with_nul()));
            }
            (Bug::AlpnNullHasLength, Op::Set1AlpnSelected { s, alpn }) => self.state.stale[s.index()] = is_clear(alpn),
            (Bug::DupSharesAlpn, Op::Set1AlpnSelected { s, alpn }) => {
                self.spread(*s, |partner| partner.set1_alpn_selected(alpn.get()));
            }
            (Bug::AlpnWritesNeighbour, Op::Set1AlpnSelected { s, .. }) => {
                if let Some(other) = Slot::all().find(|other| other != s && self.is_live(*other)) {
                    self.session(other).set_max_early_data(0x5e55);
                }
            }
            (Bug::TimeoutWritesOthers, Op::SetTimeout { s: Some(s), .. }) => {
                self.others(*s).for_each(|other| self.session(other).set_max_early_data(0x5e55));
            }
            (Bug::TicketAppdataWaits, Op::Set1TicketAppdata { s, .. }) => self.state.stale[s.index()] = true,
            (Bug::DupSharesTicketAppdata, Op::Set1TicketAppdata { s, data }) => {
                self.spread(*s, |partner| partner.set1_ticket_appdata(data.get()));
            }
            _ => {}
        }
    }

    fn before_free(&mut self, s: Slot) {
        let references = self.session(s).references();
        match (self.bug, references) {
            (Bug::FreeForgetsLast, 1) => self.leak(self.another(s)),
            (Bug::FreeAtOneLeft, 2) => self.also(Op::Free { s: Some(s) }),
            (Bug::FreeOfOneChangesTimeout, _) if !self.state.last => change_timeout(&self.session(s)),
            (Bug::FreeOrderChangesTimeout, _) if self.state.last && self.is_freed_first(s) => {
                self.others(s).for_each(|other| change_timeout(&self.session(other)));
            }
            (Bug::FreeRunsCallbackTwice, 1) => events::ex_free(ExIndex::Replaced, self.session(s).address(), 0),
            (Bug::FreeLeaksHostname, 1) => {
                self.state.leaked += i64::from(self.session(s).hostname(|name| name.is_some()))
            }
            (Bug::FreeLeaksTicket, 1) => {
                self.state.leaked += i64::from(self.session(s).ticket(|ticket| ticket.is_some()))
            }
            _ => {}
        }
    }

    /// Lists the other slots with a session.
    fn others(&self, s: Slot) -> impl Iterator<Item = Slot> {
        Slot::all().filter(move |other| *other != s && self.is_live(*other))
    }

    /// Tells whether a session has a key that no other slot's session has, and one of these has a smaller one.
    fn is_freed_first(&self, s: Slot) -> bool {
        let key = |s| self.session(s).established().master_key.to_vec();
        let own = key(s);
        let others: Vec<Vec<u8>> = self.others(s).map(key).filter(|other| !other.is_empty()).collect();
        others.iter().any(|other| *other < own) && !others.contains(&own)
    }

    fn before_on_context(&mut self, op: &Op, noted: &mut Noted) {
        match (self.bug, op) {
            (Bug::ContextFreeKeepsSessions, Op::CtxFree { c: Some(c) }) if self.state.last => {
                let cached = self.cached_where(*c, |_| true);
                self.state.kept.extend(cached);
            }
            (Bug::ContextFreeTellsNobody, Op::CtxFree { c: Some(c) }) if self.state.last => {
                self.also(Op::CtxSetRemoveCb { c: *c, callback: RemoveCallback::None });
            }
            (Bug::AddKeepsDisplaced, Op::CtxAdd { c, s }) => noted.sessions = self.displaced(*c, *s),
            (Bug::AddEvictsOneLate, Op::CtxAdd { c, .. }) => {
                noted.number = Some(self.inner.context(*c).cache_size()).filter(|size| *size > 0);
                if let Some(size) = noted.number {
                    self.inner.context(*c).set_cache_size(size.saturating_add(1));
                }
            }
            (Bug::AddForgetsUpdateTime, Op::CtxAdd { c, .. }) => {
                let mode = self.inner.context(*c).cache_mode();
                if mode & u32::from(UPDATE_TIME) != 0 {
                    noted.number = Some(mode.into());
                    self.inner.context(*c).set_cache_mode(0);
                }
            }
            (Bug::RemoveOfNothingTellsNobody, Op::CtxRemove { c, s: Some(s) }) if self.inner.caches_with(*s) == 0 => {
                let callbacks = self.inner.context(*c).callbacks();
                self.inner.context(*c).set_callbacks(Callbacks { remove: None, ..callbacks });
                noted.callbacks = Some(callbacks);
            }
            (Bug::FlushOfAllKeepsOne, Op::CtxFlush { c, time }) if seconds(*time, self.state.passed) == 0 => {
                noted.sessions = self.cached_where(*c, |_| true);
                noted.sessions.truncate(1);
            }
            (Bug::FlushKeepsReferences, Op::CtxFlush { c, .. }) => noted.sessions = self.cached_where(*c, |_| true),
            _ => {}
        }
    }

    /// Returns what a context has cached and lets go when it caches the slot's session: another with the same version
    /// and id.
    fn displaced(&self, c: ContextSlot, s: Slot) -> Vec<Session> {
        let (version, id) = (self.session(s).protocol_version(), self.session(s).id());
        let address = self.inner.address(Variable::Session(s));
        self.cached_where(c, |other| {
            other.protocol_version() == version && other.id() == id && other.address() != address
        })
    }

    fn before_on_connection(&mut self, op: &Op, noted: &mut Noted) {
        match (self.bug, op) {
            (Bug::SslFreeKeepsSession, Op::SslFree { x: Some(x) }) => self.leak(self.connected_session(*x)),
            (Bug::SslFreeOfOneForgetsSession, Op::SslFree { x: Some(x) }) if !self.state.last => {
                self.inner.connection(*x).set_session(None);
            }
            (Bug::FreeForgetsWhatWasNotClosed, Op::SslFree { x: Some(x) }) => {
                self.inner.connection(*x).shutdown();
            }
            (_, Op::SslFree { x: Some(x) }) if self.state.same_untaken => {
                self.inner.connection(*x).set_session(None);
            }
            (Bug::SetSessionAgainTakesReference, Op::SetSession { x, s }) => noted.again = self.has_session(*x, *s),
            (Bug::SetSessionKeepsOld, Op::SetSession { x, s }) => {
                noted.again = self.has_session(*x, *s);
                noted.sessions.extend(self.connected_session(*x));
            }
            (Bug::SetSessionForgetsVerifyResult, Op::SetSession { x, .. }) => {
                noted.number = Some(self.inner.connection(*x).verify_result());
            }
            (Bug::VerifiedSessionKeepsOld, Op::VerifyClient { x })
            | (Bug::RenegotiationKeepsOld, Op::Renegotiate { x } | Op::RenegotiateAbbreviated { x }) => {
                noted.sessions.extend(self.connected_session(*x))
            }
            (Bug::CopySessionIdKeepsOld, Op::CopySessionId { to, .. }) => {
                noted.sessions.extend(self.connected_session(*to));
            }
            (Bug::SetContextKeepsOld, Op::SetSslCtx { x, .. }) => {
                self.state.kept_contexts.extend(self.inner.connection(*x).contexts());
            }
            _ => {}
        }
    }

    /// Tells whether a connection has the session of the slot already.
    fn has_session(&self, x: ConnectionSlot, s: Option<Slot>) -> bool {
        let address = self.inner.address(Variable::Connection(x));
        s.is_some_and(|s| self.inner.address(Variable::Session(s)) == address)
    }
}

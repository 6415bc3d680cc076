//! What becomes of a call that a mutant has made.

use super::super::{Port, Returned};
use super::before::{Noted, change_timeout};
use super::{Bug, Mutant, is_clear, length};
use crate::native::{Established, Session};
use crate::op::{
    ConnectionSlot, ContextSlot, Op, Slot, Time, Variable, connection_ops, context_ops, getters, session_ops,
};
use crate::plan::clock::seconds;
use crate::samples::UNTOUCHED;
use crate::trace::SAME;

/// Has the value of `TLS1_2_VERSION`.
const TLS12: i32 = 0x303;
/// Has the value of `DTLS1_2_VERSION`.
pub(super) const DTLS12: i32 = 0xfefd;

/// Holds what the bug makes of a call; `None` leaves alone what it returned.
type Spoiled = Option<Returned<'static>>;

fn number(number: i64) -> Spoiled {
    Some(Returned::Number(number))
}

/// Makes another number of the one that was returned.
fn changed(returned: Returned<'static>, change: impl FnOnce(i64) -> i64) -> Spoiled {
    if let Returned::Number(before) = returned { number(change(before)) } else { None }
}

impl Mutant {
    /// Does what the bug does after a call, and returns what it makes of what was returned.
    pub(super) fn afterwards(&mut self, op: &Op, noted: Noted, returned: Returned<'static>) -> Returned<'static> {
        let spoiled = match op {
            session_ops!() => self.after_on_session(op, noted, returned),
            context_ops!() => self.after_on_context(op, noted, returned),
            connection_ops!() => self.after_on_connection(op, noted, returned),
            getters!() => None,
        };
        spoiled.unwrap_or(returned)
    }

    fn after_on_session(&mut self, op: &Op, noted: Noted, returned: Returned<'static>) -> Spoiled {
        match (self.bug, op) {
            (Bug::NewHasOtherTimeout, Op::New { dst }) => {
                self.also(Op::SetTimeout { s: Some(*dst), timeout: 300 });
            }
            (Bug::NewHasNoTime, Op::New { dst }) => _ = self.session(*dst).set_time(0),
            (Bug::NewHasTwoReferences, Op::New { dst }) => self.also(Op::UpRef { s: *dst }),
            (_, Op::Dup { dst, src }) => self.after_dup(*dst, *src, noted, returned),
            (Bug::UpRefReturnsCount, Op::UpRef { s }) => return number(self.session(*s).references() as i64),
            (Bug::IdRaisesNothing, Op::Set1Id { .. }) => self.lose_error(),
            (Bug::DupAliasesId, Op::Set1Id { s, id }) if returned == Returned::Number(1) => {
                self.spread(*s, |partner| partner.set1_id(id.get().unwrap_or_default()).unwrap_or(()));
            }
            (Bug::TimeHas32Bits, Op::SetTime { s: Some(_), time }) => return number(seconds(*time, self.state.passed)),
            (Bug::TimeReturnsOne, Op::SetTime { .. }) => return changed(returned, |seconds| seconds.min(1)),
            (Bug::AlpnClearReturnsZero, Op::Set1AlpnSelected { alpn, .. }) if is_clear(alpn) => return number(0),
            (Bug::MasterKeyReadChangesTimeout, Op::GetMasterKey { s, .. })
            | (Bug::DerWrittenChangesTimeout, Op::ToDer { s, .. }) => change_timeout(&self.session(*s)),
            (_, Op::GetMasterKey { s, room }) => return self.after_copy(*s, room.bytes(), returned),
            _ => {}
        }
        None
    }

    fn after_copy(&mut self, s: Slot, room: usize, returned: Returned<'static>) -> Spoiled {
        let Returned::Copied { returned, bytes, overrun } = returned else { return None };
        Some(match self.bug {
            Bug::MasterKeyOverruns => {
                let overrun = room > 0 && self.session(s).master_key(&mut []) > room;
                Returned::Copied { returned, bytes, overrun }
            }
            Bug::MasterKeyReturnsRoom if room > 0 => Returned::Copied { returned: room as i64, bytes, overrun },
            Bug::MasterKeyLengthQueryIsZero if room == 0 => Returned::Copied { returned: 0, bytes, overrun },
            Bug::MasterKeyPadsWithZeros => {
                self.state.copied.iter_mut().filter(|byte| **byte == UNTOUCHED).for_each(|byte| *byte = 0);
                return None;
            }
            _ => return None,
        })
    }

    fn after_on_context(&mut self, op: &Op, noted: Noted, returned: Returned<'static>) -> Spoiled {
        match (self.bug, op) {
            (Bug::AlpnListIsTaken, Op::CtxSetAlpnProtos { .. }) => return number(0),
            (Bug::ContextCachesNothing, Op::CtxNew { dst, .. } | Op::CtxPooled { dst, .. }) => {
                self.inner.context(*dst).set_cache_mode(0);
            }
            (Bug::ContextTimesOutEarly, Op::CtxNew { dst, .. } | Op::CtxPooled { dst, .. }) => {
                self.inner.context(*dst).set_timeout(300);
            }
            (Bug::CacheModeReturnsNew, Op::CtxSetCacheMode { mode, .. }) => return number(mode.bits().into()),
            (Bug::CacheSizeEvictsAtOnce, Op::CtxSetCacheSize { c, size: size @ 1.. })
                if self.inner.context(*c).number() as i64 > *size =>
            {
                self.evict_one(*c, |session| !session.id().as_slice().is_empty());
            }
            (Bug::ContextTimeoutReturnsNew, Op::CtxSetTimeout { timeout, .. }) => return number(*timeout),
            (_, Op::CtxAdd { c, s }) => return self.after_add(*c, *s, noted, returned),
            (_, Op::CtxRemove { c, s: Some(s) }) => return self.after_remove(*c, *s, noted, returned),
            (Bug::FlushOfAllKeepsOne, Op::CtxFlush { c, .. }) => {
                if let Some(first) = noted.sessions.first() {
                    self.inner.context(*c).add_session(first);
                }
            }
            (Bug::FlushKeepsReferences, Op::CtxFlush { c, .. }) => {
                let context = self.inner.context(*c);
                self.state.kept.extend(noted.sessions.into_iter().filter(|session| !context.lists(session)));
            }
            (Bug::ContextTimeoutIsEverybodys, Op::CtxSetTimeout { timeout, .. }) => {
                self.inner.each_context(&mut |context| {
                    context.set_timeout(*timeout);
                });
            }
            (Bug::NumberCountsOneMore, Op::SessNumber { .. }) => return changed(returned, |number| number + 1),
            _ => {}
        }
        None
    }

    /// Takes the first session that `wanted` picks out of a cache; tells whether there is one.
    fn evict_one(&self, c: ContextSlot, wanted: impl Fn(&Session) -> bool) -> bool {
        let wanted = self.cached_where(c, wanted);
        wanted.first().is_some_and(|victim| {
            self.inner.context(c).remove_session(victim);
            true
        })
    }

    fn after_add(&mut self, c: ContextSlot, s: Slot, noted: Noted, returned: Returned<'static>) -> Spoiled {
        let added = returned == Returned::Number(1);
        match self.bug {
            Bug::AddEvictsOneLate => {
                noted.number.map(|size| self.inner.context(c).set_cache_size(size));
            }
            Bug::AddForgetsUpdateTime => {
                noted.number.map(|mode| self.inner.context(c).set_cache_mode(mode as u32));
            }
            Bug::AddTakesTwoReferences if added => self.leak(self.another(s)),
            Bug::AddAgainTakesReference if !added => self.leak(self.another(s)),
            Bug::AddKeepsDisplaced => self.state.kept.extend(noted.sessions),
            Bug::AddSetsTime => _ = self.session(s).set_time(1),
            Bug::AddEvictsWithoutLimit if self.inner.context(c).cache_size() == 0 => {
                let address = self.inner.address(Variable::Session(s));
                self.evict_one(c, |other| other.address() != address);
            }
            Bug::AddReturnsZero => return number(0),
            Bug::AddAgainReturnsOne => return number(1),
            _ => {}
        }
        None
    }

    fn after_remove(&mut self, c: ContextSlot, s: Slot, noted: Noted, returned: Returned<'static>) -> Spoiled {
        let removed = returned == Returned::Number(1);
        match self.bug {
            Bug::RemoveOfNothingTellsNobody => {
                noted.callbacks.into_iter().for_each(|callbacks| self.inner.context(c).set_callbacks(callbacks));
            }
            Bug::RemoveKeepsReference if removed => self.leak(self.another(s)),
            Bug::RemoveReturnsOne => return number(1),
            Bug::RemoveReturnsZero => return number(0),
            Bug::RemoveLeavesResumable => self.state.stale[s.index()] = true,
            Bug::RemoveTellsTwice => self.also(Op::CtxRemove { c, s: Some(s) }),
            Bug::RemoveIgnoresVersion if !removed => {
                let (version, id) = (self.session(s).protocol_version(), self.session(s).id());
                let alike = |other: &Session| other.protocol_version() != version && other.id() == id;
                if !id.as_slice().is_empty() && self.evict_one(c, alike) {
                    return number(1);
                }
            }
            Bug::RemoveOfNothingEmptiesCache if !removed => self.inner.context(c).flush_sessions(0),
            Bug::RemoveEmptiesCache if removed => self.inner.context(c).flush_sessions(0),
            _ => {}
        }
        None
    }

    /// Gives the session that was resumed on one side the protocol that the session of the other side names.
    fn spoil_alpn(&self, from: ConnectionSlot, to: ConnectionSlot) {
        let [from, to] = [from, to].map(|x| self.inner.connection(x));
        if let (true, Some(source), Some(session)) = (to.session_reused(), from.session(), to.session()) {
            // Both sides can have the same session, which waits for its reader.
            let alpn = source.alpn_selected(|alpn| alpn.map(<[u8]>::to_vec));
            session.set1_alpn_selected(alpn.as_deref());
        }
    }

    fn after_on_connection(&mut self, op: &Op, noted: Noted, returned: Returned<'static>) -> Spoiled {
        match (self.bug, op) {
            (Bug::SslUpRefReturnsTwo, Op::SslUpRef { .. }) => return number(2),
            (Bug::AlpnListIsTaken, Op::SslSetAlpnProtos { .. }) => return number(0),
            (Bug::AlpnSelectedIsNothing, Op::GetAlpnSelected { .. }) => {
                self.state.copied.clear();
                return Some(Returned::Copied { returned: 0, bytes: &[], overrun: false });
            }
            (Bug::TicketAppdataIsNotSet, Op::Handshake { server: x, .. } | Op::NewSessionTicket { x }) => {
                self.connected_session(*x).into_iter().for_each(|session| session.set1_ticket_appdata(None));
            }
            (Bug::AlpnOfTicketIsOld, Op::Handshake { client, server }) => self.spoil_alpn(*client, *server),
            (Bug::AlpnOfClientIsNew, Op::Handshake { client, server }) => self.spoil_alpn(*server, *client),
            (Bug::ClearDropsSession, Op::SslClear { x }) => self.inner.connection(*x).set_session(None),
            (_, Op::SslDup { dst, .. }) => return self.after_ssl_dup(*dst, returned),
            (Bug::SetSessionTakesTwoReferences, Op::SetSession { s: Some(s), .. }) => self.leak(self.another(*s)),
            (Bug::SetSessionAgainTakesReference, Op::SetSession { s: Some(s), .. }) if noted.again => {
                self.leak(self.another(*s));
            }
            (Bug::SetSessionKeepsOld, Op::SetSession { .. }) if !noted.again => self.state.kept.extend(noted.sessions),
            (Bug::SetSessionForgetsVerifyResult, Op::SetSession { x, .. }) => {
                if let Some(code) = noted.number {
                    self.inner.connection(*x).set_verify_result(code);
                }
            }
            (Bug::SetSessionOfNullReturnsZero, Op::SetSession { s: None, .. }) => return number(0),
            (Bug::ClearTakesReference, Op::SslClear { x })
            | (Bug::GetSessionTakesReference, Op::GetSession { x, .. } | Op::Get0Session { x, .. })
            | (Bug::Get1TakesTwoReferences, Op::Get1Session { x, .. })
            | (Bug::CopySessionIdTakesTwoReferences, Op::CopySessionId { to: x, .. })
            | (Bug::HandshakeKeepsClientSession, Op::Handshake { client: x, .. })
            | (Bug::HandshakeKeepsServerSession, Op::Handshake { server: x, .. })
            | (Bug::KeyUpdateKeepsSession, Op::KeyUpdate { x, .. })
            | (Bug::NewTicketKeepsSession, Op::NewSessionTicket { x }) => self.leak(self.connected_session(*x)),
            (Bug::Get1ChangesTimeout, Op::Get1Session { dst, .. }) if returned == Returned::Session(true) => {
                change_timeout(&self.session(*dst));
            }
            (Bug::Get1ReturnsACopy, Op::Get1Session { dst, .. }) if returned == Returned::Session(true) => {
                let copy = self.session(*dst).dup();
                copy.into_iter().for_each(|copy| self.inner.replace(*dst, copy));
            }
            (Bug::CopySessionIdKeepsOld, Op::CopySessionId { .. }) => self.state.kept.extend(noted.sessions),
            (Bug::VerifiedSessionKeepsOld, Op::VerifyClient { .. })
            | (Bug::RenegotiationKeepsOld, Op::Renegotiate { .. } | Op::RenegotiateAbbreviated { .. }) => {
                self.state.kept.extend(noted.sessions)
            }
            (Bug::VerifiedSessionForgetsPeer, Op::VerifyClient { x }) => forget_peer(self.connected_session(*x)),
            (Bug::CopySessionIdToItselfDrops, Op::CopySessionId { to, from }) if to == from => {
                self.inner.connection(*to).set_session(None);
            }
            (Bug::ReusedSaysNoAfterHandshake, Op::SessionReused { .. }) => return number(0),
            // A session that was only set is none that was resumed.
            (Bug::ReusedBeforeHandshake, Op::SessionReused { x })
                if self.inner.address(Variable::Connection(*x)) != 0 && !self.inner.connection(*x).is_done() =>
            {
                return number(1);
            }
            (Bug::SslIdContextRaisesNothing, Op::SslSetIdContext { context, .. }) if length(context) > 32 => {
                self.lose_error();
            }
            (Bug::SetContextOfNullReturnsNull, Op::SetSslCtx { c: None, .. })
            | (Bug::NewTicketReturnsZero, Op::NewSessionTicket { .. })
            | (Bug::RenegotiationReturnsZero, Op::Renegotiate { .. } | Op::RenegotiateAbbreviated { .. }) => {
                return number(0);
            }
            (_, Op::Handshake { client, server }) => return self.after_handshake(*client, *server, returned),
            (Bug::ShutdownIsOverAtOnce, Op::SslShutdown { .. }) => return changed(returned, i64::abs),
            _ => {}
        }
        None
    }

    fn after_ssl_dup(&mut self, dst: ConnectionSlot, returned: Returned<'static>) -> Spoiled {
        if returned == Returned::Number(SAME) {
            return if self.has(Bug::SslDupOfBegunIsAnother) { number(1) } else { None };
        }
        let session = self.connected_session(dst);
        match (self.bug, session) {
            (Bug::SslDupDupsSession, Some(session)) => {
                let copy = session.dup().ok();
                self.inner.connection(dst).set_session(copy.as_ref());
            }
            (Bug::SslDupForgetsSession, _) => self.inner.connection(dst).set_session(None),
            (Bug::SslDupTakesTwoReferences, session) => self.leak(session),
            _ => {}
        }
        None
    }

    fn after_handshake(
        &mut self,
        client: ConnectionSlot,
        server: ConnectionSlot,
        returned: Returned<'static>,
    ) -> Spoiled {
        match self.bug {
            Bug::GetCallbackGivenTakesReference
                if self.state.gives && self.inner.connection(server).session_reused() =>
            {
                self.leak(self.connected_session(server));
            }
            Bug::ResumptionRenewsTime => {
                for x in [client, server] {
                    if let (true, Some(session)) =
                        (self.inner.connection(x).session_reused(), self.connected_session(x))
                    {
                        session.set_time(seconds(Time::Now(0), self.state.passed));
                    }
                }
            }
            Bug::HandshakeResumesInSilence => return changed(returned, |returned| returned & 3),
            Bug::HandshakeForgetsHint => {
                if let Some(session) =
                    self.connected_session(client).filter(|session| session.protocol_version() == TLS12)
                {
                    let established = Established { ticket_lifetime_hint: 0, ..session.established() };
                    // Nothing grows, so nothing is too long.
                    session.establish(&established).unwrap_or_default();
                }
            }
            Bug::DatagramClientNamesTls => {
                let session = self.connected_session(client);
                let of_datagrams = session.filter(|session| session.protocol_version() == DTLS12);
                of_datagrams.into_iter().for_each(|session| session.set_protocol_version(TLS12));
            }
            Bug::HandshakeServerIsNeverDone => return changed(returned, |returned| returned & !2),
            Bug::HandshakeEmptiesCaches => {
                self.inner.connection(server).contexts().iter().for_each(|context| context.flush_sessions(0));
            }
            Bug::HandshakeReplacesClientSession => {
                let copy = self.connected_session(client).and_then(|session| session.dup().ok());
                self.inner.connection(client).set_session(copy.as_ref());
            }
            _ => {}
        }
        None
    }
}

/// Takes the peer's certificate away from a session, if there is one.
fn forget_peer(session: Option<Session>) {
    let Some(session) = session else { return };
    // What is put back fits, for it was there.
    let _ = session.establish(&Established { peer: None, ..session.established() });
}

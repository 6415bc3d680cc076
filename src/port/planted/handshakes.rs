//! Bugs in handshakes and in what they call.

use super::{Bug, Planted};
use crate::op::{
    Closed, ConnectionSlot, ContextSlot, GenerateId, GetCallback, NewCallback, NotResumableCallback, PskCallback,
    Variable, Verify,
};
use crate::port::Port;
use crate::port::handshakes::Setting;
use crate::trace::{SAME, Tape};

/// As in `<openssl/ssl.h>`.
const SSL_OP_NO_TICKET: i64 = 1 << 14;

impl Planted {
    /// Whether a reference that the new callback kept counts no more.
    pub(super) fn freed_though_kept(&self, address: usize) -> u32 {
        u32::from(self.happened.kept && self.inner.kept_by_new_callback(address))
    }

    /// `SSL_dup`
    pub(super) fn spoiled_dup(&mut self, dst: ConnectionSlot, x: ConnectionSlot) -> i64 {
        let dupped = self.inner.dup_connection(dst, x);
        if dupped == SAME {
            self.happened.same_untaken |= self.has(Bug::SslDupOfBegunTakesNoReference);
            return if self.has(Bug::SslDupOfBegunIsAnother) { 1 } else { dupped };
        }
        self.happened.duped = self.inner.address(Variable::Connection(dst));
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
        dupped
    }

    /// The setting that the bug makes of one.
    fn mistaken(&self, setting: Setting) -> Option<Setting> {
        Some(match (self.bug, setting) {
            (Bug::NewCallbackIsNeverCalled, Setting::New(_))
            | (Bug::GetCallbackIsNeverAsked, Setting::Get(_))
            | (Bug::NotResumableIsNotAsked, Setting::NotResumable(_))
            | (Bug::NumTicketsIsIgnored, Setting::Tickets(_))
            | (Bug::MaxVersionIsIgnored, Setting::MaxVersion(_))
            | (Bug::NoTicketIsIgnored, Setting::Options(_))
            | (Bug::ClearOptionsClearsNothing, Setting::NoOptions(_))
            | (Bug::PskIsNeverUsed, Setting::PskUse(_))
            | (Bug::PskIsNeverFound, Setting::PskFind(_))
            | (Bug::NewCallbackStays, Setting::New(NewCallback::None))
            | (Bug::GenerateIdIsNotAsked, Setting::GenerateId(_)) => return None,
            (Bug::GetCallbackDupIsShared, Setting::Get(GetCallback::Dups)) => Setting::Get(GetCallback::Finds),
            (Bug::NotResumableIsIgnored, Setting::NotResumable(NotResumableCallback::NotResumable)) => {
                Setting::NotResumable(NotResumableCallback::Resumable)
            }
            (Bug::GenerateIdShortIsLong, Setting::GenerateId(GenerateId::Short)) => {
                Setting::GenerateId(GenerateId::Counts)
            }
            (Bug::PskSharedIsCopied, Setting::PskUse(PskCallback::Shares)) => Setting::PskUse(PskCallback::Makes),
            (Bug::VerifyIsIgnored, Setting::Verify(Verify::Peer)) => Setting::Verify(Verify::None),
            (_, setting) => setting,
        })
    }
}

impl Planted {
    pub(super) fn set(&mut self, c: ContextSlot, setting: Setting) -> i64 {
        if self.has(Bug::GetCallbackGivenTakesReference) && setting == Setting::Get(GetCallback::Gives) {
            self.happened.gives = true;
        }
        self.happened.keeps |= setting == Setting::New(NewCallback::Keeps);
        match (self.mistaken(setting), setting) {
            (Some(setting), _) => self.inner.set(c, setting),
            // As if it had been done.
            (None, Setting::Options(_) | Setting::NoOptions(_)) => SSL_OP_NO_TICKET,
            (None, _) => 1,
        }
    }

    pub(super) fn use_certificate(&mut self, x: ConnectionSlot) -> i64 {
        if self.has(Bug::CertificateIsForgotten) { 1 } else { self.inner.use_certificate(x) }
    }

    pub(super) fn handshake(&mut self, client: ConnectionSlot, server: ConnectionSlot, tape: &mut Tape) -> i64 {
        let returned = self.inner.handshake(client, server, tape);
        self.happened.kept |= self.happened.keeps;
        match self.bug {
            Bug::HandshakeKeepsClientSession => self.leak(self.connected_session(client)),
            Bug::HandshakeKeepsServerSession => self.leak(self.connected_session(server)),
            Bug::GetCallbackGivenTakesReference if self.happened.gives && self.inner.session_reused(server) != 0 => {
                self.leak(self.connected_session(server));
            }
            Bug::HandshakeServerIsNeverDone => return returned & !2,
            Bug::HandshakeEmptiesCaches => {
                for context in self.inner.connection(server).contexts() {
                    context.flush_sessions(0);
                }
            }
            Bug::HandshakeReplacesClientSession => {
                let copy = self.connected_session(client).and_then(|session| session.dup().ok());
                self.inner.connection(client).set_session(copy.as_ref());
            }
            _ => {}
        }
        returned
    }

    pub(super) fn new_session_ticket(&mut self, x: ConnectionSlot, tape: &mut Tape) -> i64 {
        let returned = self.inner.new_session_ticket(x, tape);
        self.happened.kept |= self.happened.keeps;
        if self.has(Bug::NewTicketKeepsSession) {
            self.leak(self.connected_session(x));
        }
        if self.has(Bug::NewTicketReturnsZero) { 0 } else { returned }
    }

    pub(super) fn set_shutdown(&mut self, x: ConnectionSlot, mode: Closed) {
        let heard = self.has(Bug::HeardIsSaid) && mode == Closed::of(2);
        self.inner.set_shutdown(x, if heard { Closed::of(3) } else { mode });
    }

    pub(super) fn shutdown(&mut self, x: ConnectionSlot) -> i64 {
        match self.bug {
            Bug::ShutdownSaysNothing if self.inner.connection(x).is_done() => 0,
            Bug::ShutdownIsOverAtOnce => self.inner.shutdown(x).abs(),
            _ => self.inner.shutdown(x),
        }
    }
}

//! Calls on contexts and connections: few different ids, versions and times, so that they meet.

use super::{Generator, Which};
use crate::op::{
    CacheMode, Closed, ConnectionSlot, ContextSlot, Few, GenerateId, GetCallback, Kind, MaxVersion, Method,
    NewCallback, NotResumableCallback, Op, Options, PskCallback, RemoveCallback, Slot, Time, Verify,
};
use crate::plan::Ledger;

/// Few, some alike in the four bytes that a hash looks at.
pub(super) const IDS: &[&[u8]] = &[b"a", b"b", b"aaaa", b"aaaab", b"aaaac", b"", &[7; 32]];
/// Timeouts, and times from now.
pub(super) const SECONDS: &[i64] = &[0, 1, 2, 5, 10, 300, 304, 305, -1, -10];
pub(super) const VERSIONS: &[i32] = &[0x0303, 0x0304];
const SIZES: &[i64] = &[0, 1, 2, 2, 3, 4, 8, 20_480, -1, i64::MAX, i64::MIN, 0x1_0000_0001];
/// Of 64 contexts so many are made, the rest come from the pool.
const MADE: u8 = 2;

impl Generator {
    pub(super) fn choose_whether_to_share(&mut self) {
        self.shares = match self.which {
            Which::All => self.rng.bool(),
            Which::Sessions => false,
            Which::Caches | Which::Connections | Which::Handshakes => true,
        };
        self.ahead.clear();
        self.talks = match self.which {
            // A handshake takes as long as a thousand other calls: no more programs than find what there is to find.
            Which::All | Which::Connections => self.shares && self.rng.u8(0..4) == 0,
            Which::Sessions | Which::Caches => false,
            Which::Handshakes => true,
        } && !self.setup.lacks.contains(Kind::Handshake);
    }

    /// One op on a context or connection that most likely runs.
    pub(super) fn shared_op(&mut self, ledger: &Ledger) -> Op {
        if let Some(op) = self.ahead.pop() {
            return op;
        }
        if let Some(op) = self.talks.then(|| self.talk_op(ledger)).flatten() {
            return op;
        }
        let shared = ledger.shared();
        let context = ContextSlot::all().any(|slot| shared.context_references(slot) > 0);
        if context && self.rng.u8(0..64) == 0 {
            self.begin_expiry(ledger);
        }
        let connection = ConnectionSlot::all().any(|slot| shared.connection_references(slot) > 0);
        let made = self.rng.u8(0..64) < MADE;
        let kind = match self.rng.u8(0..16) {
            _ if !context && made => Kind::CtxNew,
            _ if !context => Kind::CtxPooled,
            0..=2 if self.which != Which::Connections => Kind::CtxAdd,
            4 if self.which != Which::Connections && self.rng.u8(0..3) == 0 => {
                // What a full cache does shows to who asks.
                self.one_of(&[Kind::SessCacheFull, Kind::SessCacheFull, Kind::CtxSetCacheSize])
            }
            3 if !connection && self.which != Which::Caches => Kind::SslNew,
            _ => {
                // Without handshakes, what decides about them says little.
                let talks = self.talks || self.rng.u8(0..8) == 0;
                let fits = |kind: &Kind| kind.is_shared() && (talks || kind.opcode() < Kind::Handshake.opcode());
                let shared = self.kinds.iter().filter(|kind| fits(kind)).count();
                let at = self.rng.usize(0..shared.max(1));
                let kind = self.kinds.iter().copied().filter(fits).nth(at).unwrap_or(Kind::CtxAdd);
                if kind == Kind::CtxNew && !made { Kind::CtxPooled } else { kind }
            }
        };
        if self.setup.lacks.contains(kind) { self.op_of(Kind::New, ledger) } else { self.op_of(kind, ledger) }
    }

    pub(super) fn shared_op_of(&mut self, kind: Kind, ledger: &Ledger) -> Op {
        let c = self.context(ledger);
        let x = self.connection(ledger);
        match kind {
            Kind::AdvanceClock => {
                let seconds = self.one_of(&[0, 1, 2, 5, 10, 299, 300, 304, 305, 7_200, 100_000]);
                Op::AdvanceClock { seconds }
            }
            Kind::CtxNew => Op::CtxNew { dst: self.empty_context(ledger), method: self.one_of(Method::ALL) },
            Kind::CtxPooled => Op::CtxPooled { dst: self.empty_context(ledger), method: self.one_of(Method::ALL) },
            Kind::CtxUpRef => Op::CtxUpRef { c },
            Kind::CtxFree => Op::CtxFree { c: (self.rng.u8(0..16) > 0).then_some(c) },
            Kind::CtxSetCacheMode => {
                let bits = self.rng.u16(..);
                let mode = if self.rng.bool() { CacheMode::of(bits) } else { CacheMode::of(0x2 | bits & 0x400) };
                Op::CtxSetCacheMode { c, mode }
            }
            Kind::CtxGetCacheMode => Op::CtxGetCacheMode { c },
            Kind::CtxSetCacheSize => Op::CtxSetCacheSize { c, size: self.one_of(SIZES) },
            Kind::CtxGetCacheSize => Op::CtxGetCacheSize { c },
            Kind::CtxSetTimeout => Op::CtxSetTimeout { c, timeout: self.seconds() },
            Kind::CtxGetTimeout => Op::CtxGetTimeout { c },
            Kind::CtxSetIdContext => Op::CtxSetIdContext { c, context: self.bytes() },
            Kind::CtxAdd => Op::CtxAdd { c, s: self.held(ledger) },
            Kind::CtxRemove => Op::CtxRemove { c, s: (self.rng.u8(0..24) > 0).then(|| self.held(ledger)) },
            Kind::CtxFlush => Op::CtxFlush { c, time: self.flush_time() },
            Kind::CtxFlushEx => Op::CtxFlushEx { c, time: self.flush_time() },
            Kind::SessNumber => Op::SessNumber { c },
            Kind::SessConnect => Op::SessConnect { c },
            Kind::SessConnectGood => Op::SessConnectGood { c },
            Kind::SessConnectRenegotiate => Op::SessConnectRenegotiate { c },
            Kind::SessAccept => Op::SessAccept { c },
            Kind::SessAcceptGood => Op::SessAcceptGood { c },
            Kind::SessAcceptRenegotiate => Op::SessAcceptRenegotiate { c },
            Kind::SessHits => Op::SessHits { c },
            Kind::SessCbHits => Op::SessCbHits { c },
            Kind::SessMisses => Op::SessMisses { c },
            Kind::SessTimeouts => Op::SessTimeouts { c },
            Kind::SessCacheFull => Op::SessCacheFull { c },
            Kind::CtxSessions => Op::CtxSessions { c },
            Kind::CtxSetRemoveCb => Op::CtxSetRemoveCb { c, callback: self.one_of(RemoveCallback::ALL) },
            Kind::TakeKept => Op::TakeKept { dst: self.empty_slot(ledger) },
            Kind::SslNew => Op::SslNew { dst: self.empty_connection(ledger), c },
            Kind::SslUpRef => Op::SslUpRef { x },
            Kind::SslFree => Op::SslFree { x: (self.rng.u8(0..16) > 0).then_some(x) },
            Kind::SslClear => Op::SslClear { x },
            Kind::SslDup => Op::SslDup { dst: self.empty_connection(ledger), x },
            Kind::SetSession => Op::SetSession { x, s: (self.rng.u8(0..6) > 0).then(|| self.held(ledger)) },
            Kind::GetSession => Op::GetSession { dst: self.empty_slot(ledger), x },
            Kind::Get0Session => Op::Get0Session { dst: self.empty_slot(ledger), x },
            Kind::Get1Session => Op::Get1Session { dst: self.empty_slot(ledger), x },
            Kind::CopySessionId => Op::CopySessionId { to: self.connection(ledger), from: x },
            Kind::SessionReused => Op::SessionReused { x },
            Kind::GetPeerCertChain => Op::GetPeerCertChain { x },
            Kind::SslSetShutdown => Op::SslSetShutdown { x, mode: Closed::of(self.rng.u8(..)) },
            Kind::SslSetIdContext => Op::SslSetIdContext { x, context: self.bytes() },
            Kind::SetSslCtx => Op::SetSslCtx { x, c: (self.rng.u8(0..4) > 0).then(|| self.context(ledger)) },
            Kind::Forget => Op::Forget { s: self.held(ledger) },
            Kind::Handshake => {
                Op::Handshake { client: self.ready(Method::Client, ledger), server: self.ready(Method::Server, ledger) }
            }
            Kind::SslShutdown => Op::SslShutdown { x },
            Kind::CtxSetMaxVersion => Op::CtxSetMaxVersion { c, version: self.one_of(MaxVersion::ALL) },
            Kind::CtxSetOptions => Op::CtxSetOptions { c, options: self.one_of(Options::ALL) },
            Kind::CtxClearOptions => Op::CtxClearOptions { c, options: self.one_of(Options::ALL) },
            Kind::CtxSetNumTickets => Op::CtxSetNumTickets { c, tickets: Few::at_most(self.one_of(&[0, 1, 1, 2, 3])) },
            Kind::NewSessionTicket => Op::NewSessionTicket { x },
            Kind::CtxSetVerify => Op::CtxSetVerify { c, mode: self.one_of(Verify::ALL) },
            Kind::UseCertificate => Op::UseCertificate { x: self.ready(Method::Client, ledger) },
            Kind::CtxSetNewCb => Op::CtxSetNewCb { c, callback: self.one_of(NewCallback::ALL) },
            Kind::CtxSetGetCb => Op::CtxSetGetCb { c, callback: self.one_of(GetCallback::SOUND) },
            Kind::CtxSetNotResumableCb => {
                Op::CtxSetNotResumableCb { c, callback: self.one_of(NotResumableCallback::ALL) }
            }
            Kind::CtxSetPskUseCb => Op::CtxSetPskUseCb { c, callback: self.one_of(PskCallback::ALL) },
            Kind::CtxSetPskFindCb => Op::CtxSetPskFindCb { c, callback: self.one_of(PskCallback::ALL) },
            Kind::CtxSetGenerateId => Op::CtxSetGenerateId { c, callback: self.one_of(GenerateId::ALL) },
            // The rest is about sessions alone.
            _ => Op::New { dst: self.empty_slot(ledger) },
        }
    }

    fn empty_slot(&mut self, ledger: &Ledger) -> Slot {
        self.slot_where(|slot| !ledger.holds(slot))
    }

    fn context(&mut self, ledger: &Ledger) -> ContextSlot {
        self.context_where(|slot| ledger.shared().context_references(slot) > 0)
    }

    fn empty_context(&mut self, ledger: &Ledger) -> ContextSlot {
        self.context_where(|slot| ledger.shared().context_references(slot) == 0)
    }

    fn context_where(&mut self, wanted: impl Fn(ContextSlot) -> bool) -> ContextSlot {
        let any = ContextSlot::wrapping(self.rng.u8(..));
        let other = ContextSlot::wrapping(any.index() as u8 + 1);
        if !wanted(any) && wanted(other) { other } else { any }
    }

    fn connection(&mut self, ledger: &Ledger) -> ConnectionSlot {
        self.connection_where(|slot| ledger.shared().connection_references(slot) > 0)
    }

    fn empty_connection(&mut self, ledger: &Ledger) -> ConnectionSlot {
        self.connection_where(|slot| ledger.shared().connection_references(slot) == 0)
    }

    pub(super) fn connection_where(&mut self, wanted: impl Fn(ConnectionSlot) -> bool) -> ConnectionSlot {
        let any = self.rng.u8(..);
        let from_here = (0..crate::op::CONNECTIONS as u8).map(|step| ConnectionSlot::wrapping(any.wrapping_add(step)));
        from_here.into_iter().find(|slot| wanted(*slot)).unwrap_or(ConnectionSlot::wrapping(any))
    }

    /// Around the times at which sessions end.
    fn flush_time(&mut self) -> Time {
        match self.rng.u8(0..8) {
            0 => Time::At(0),
            1 => self.time(),
            2 => Time::Now(0),
            _ => Time::Now(self.one_of(&[-1, 0, 1, 5, 6, 10, 299, 300, 301, 303, 304, 305, 306, 310, 7_200])),
        }
    }
}

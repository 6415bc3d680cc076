//! Programs that talk: handshakes, what is resumed, and what decides about it.

use super::Generator;
use crate::op::{
    Bytes, CacheMode, ConnectionSlot, ContextSlot, GetCallback, Kind, MaxVersion, Method, NewCallback,
    NotResumableCallback, Op, Options, PskCallback, Slot, Verify,
};
use crate::plan::Ledger;

/// What decides how the next handshakes go.
const SETTINGS: &[Kind] = &[
    Kind::CtxSetMaxVersion,
    Kind::CtxSetOptions,
    Kind::CtxSetOptions,
    Kind::CtxClearOptions,
    Kind::CtxSetNumTickets,
    Kind::CtxSetVerify,
    Kind::CtxSetNewCb,
    Kind::CtxSetNewCb,
    Kind::CtxSetGetCb,
    Kind::CtxSetGetCb,
    Kind::CtxSetRemoveCb,
    Kind::CtxSetNotResumableCb,
    Kind::CtxSetGenerateId,
    Kind::CtxSetPskUseCb,
    Kind::CtxSetPskFindCb,
    Kind::CtxSetCacheMode,
    Kind::CtxSetCacheMode,
    Kind::CtxSetCacheSize,
    Kind::CtxSetIdContext,
    Kind::CtxSetTimeout,
];

impl Generator {
    /// One op of a program that talks, or `None`: one of any program.
    pub(super) fn talk_op(&mut self, ledger: &Ledger) -> Option<Op> {
        let shared = ledger.shared();
        let side = |c: ContextSlot| shared.context(c).map(|(method, _)| method);
        for method in [Method::Server, Method::Client] {
            if !ContextSlot::all().any(|c| side(c) == Some(method)) {
                let dst = ContextSlot::all().find(|c| side(*c).is_none())?;
                // One that is made can go, and another one come in its place.
                let made = self.rng.u8(0..8) == 0;
                return Some(if made { Op::CtxNew { dst, method } } else { Op::CtxPooled { dst, method } });
            }
        }
        if let Some(op) = self.ahead.pop() {
            return Some(op);
        }
        let unused = ConnectionSlot::all().all(|x| shared.connection_references(x) == 0);
        if unused && self.rng.u8(0..4) == 0 {
            self.think_ahead(ledger);
        }
        Some(match self.rng.u8(0..16) {
            0..=4 => self.handshake_or_what_it_needs(ledger)?,
            5 | 6 => {
                let x = self.ready(Method::Client, ledger);
                let any = self.rng.u8(0..4) == 0;
                Op::SetSession {
                    x,
                    s: Some(self.slot_where(|slot| ledger.holds(slot) && (any || ledger.is_pristine(slot)))),
                }
            }
            7 | 8 => self.op_of(Kind::Get1Session, ledger),
            9 => self.op_of(Kind::SslShutdown, ledger),
            10 | 11 => {
                let kind = self.one_of(SETTINGS);
                self.op_of(kind, ledger)
            }
            12 => {
                let kind = self.one_of(&[Kind::SslFree, Kind::SslClear, Kind::NewSessionTicket, Kind::TakeKept]);
                self.op_of(kind, ledger)
            }
            13 => {
                let kind = self.one_of(&[Kind::UseCertificate, Kind::AdvanceClock, Kind::SetTimeout, Kind::Free]);
                self.op_of(kind, ledger)
            }
            _ => return None,
        })
    }

    /// Resumption needs several calls one after the other, and to be looked up by callbacks several settings at once.
    fn think_ahead(&mut self, ledger: &Ledger) {
        let of = |side: Method| {
            ContextSlot::all().find(|c| ledger.shared().context(*c).is_some_and(|(method, _)| method == side))
        };
        let (Some(c), Some(client_context)) = (of(Method::Server), of(Method::Client)) else { return };
        if self.rng.bool() {
            let keeps = self.one_of(&[NewCallback::Keeps, NewCallback::UpRefs]);
            let settings = [
                Op::CtxSetOptions { c, options: Options::NoTicket },
                Op::CtxSetMaxVersion { c, version: MaxVersion::Tls12 },
                Op::CtxSetNewCb { c, callback: keeps },
                Op::CtxSetGetCb { c, callback: self.one_of(GetCallback::ALL) },
                Op::CtxSetCacheMode { c, mode: CacheMode::of(self.one_of(&[0x102, 0x202, 0x302, 0x002])) },
            ];
            // Each is left out now and then.
            self.ahead.extend(settings.into_iter().filter(|_| self.rng.u8(0..8) > 0));
        }
        if self.rng.u8(0..4) == 0 {
            let (used, found) = (self.one_of(PskCallback::ALL), self.one_of(PskCallback::ALL));
            self.ahead.extend([
                Op::CtxSetPskUseCb { c: client_context, callback: used },
                Op::CtxSetPskFindCb { c, callback: found },
            ]);
        }
        let shows = self.rng.u8(0..4) == 0;
        if shows {
            let context = Bytes::new(b"id context");
            self.ahead.extend([Op::CtxSetVerify { c, mode: Verify::Peer }, Op::CtxSetIdContext { c, context }]);
        }
        let [x0, x1, x2, x3] = [0, 1, 2, 3].map(ConnectionSlot::wrapping);
        let side = |c: ContextSlot| ledger.shared().context(c);
        if let Some((method, false)) = side(c).filter(|_| self.rng.bool()) {
            // A connection whose sessions are cached by a context that it was moved away from.
            self.ahead.extend([
                Op::CtxSetTimeout { c, timeout: 300 },
                Op::SslNew { dst: x1, c },
                Op::SslNew { dst: x3, c },
                Op::CtxFree { c: Some(c) },
                Op::CtxPooled { dst: c, method },
                Op::SetSslCtx { x: x1, c: Some(c) },
                Op::SetSslCtx { x: x3, c: Some(c) },
                Op::CtxSetOptions { c, options: Options::NoTicket },
            ]);
        }
        if self.rng.u8(0..8) == 0 {
            // Tickets of what is not to be resumed.
            let dst = self.slot_where(|slot| !ledger.holds(slot));
            self.ahead.extend([
                Op::CtxSetNotResumableCb { c, callback: NotResumableCallback::NotResumable },
                Op::SslNew { dst: x0, c: client_context },
                Op::SslNew { dst: x1, c },
                Op::Handshake { client: x0, server: x1 },
                Op::NewSessionTicket { x: x1 },
                Op::Get1Session { dst, x: x1 },
            ]);
            self.ahead.reverse();
            return;
        }
        let s = self.slot_where(|slot| !ledger.holds(slot));
        match self.rng.u8(0..4) {
            0 => self.ahead.push(Op::CtxSetTimeout { c, timeout: 300 }),
            1 => self.ahead.push(Op::CtxSetCacheMode { c: client_context, mode: CacheMode::of(0x1) }),
            _ => {}
        }
        self.ahead.extend([Op::SslNew { dst: x0, c: client_context }, Op::SslNew { dst: x1, c }]);
        if shows {
            self.ahead.push(Op::UseCertificate { x: x0 });
        }
        let of = if shows && self.rng.bool() { x1 } else { x0 };
        self.ahead.extend([Op::Handshake { client: x0, server: x1 }, Op::Get1Session { dst: s, x: of }]);
        if self.rng.bool() {
            self.ahead.extend([Op::SslShutdown { x: x0 }, Op::SslShutdown { x: x1 }]);
        }
        match self.rng.u8(0..8) {
            0 => self.ahead.push(Op::AdvanceClock { seconds: 301 }),
            1 => self.ahead.push(Op::AdvanceClock { seconds: 7201 }),
            2 => self.ahead.push(Op::SslFree { x: Some(x1) }),
            3 => self.ahead.push(Op::CtxSetIdContext { c, context: Bytes::new(b"another") }),
            _ => {}
        }
        self.ahead.extend([
            Op::SslNew { dst: x2, c: client_context },
            Op::SslNew { dst: x3, c },
            Op::SetSession { x: x2, s: Some(s) },
            Op::Handshake { client: x2, server: x3 },
            Op::SessionReused { x: x2 },
        ]);
        self.ahead.reverse();
    }

    fn handshake_or_what_it_needs(&mut self, ledger: &Ledger) -> Option<Op> {
        let shared = ledger.shared();
        let ready = |method: Method| ConnectionSlot::all().any(|x| shared.is_ready(x, method));
        for method in [Method::Client, Method::Server] {
            if ready(method) {
                continue;
            }
            let c = ContextSlot::all().find(|c| shared.context(*c).is_some_and(|(side, _)| side == method))?;
            let empty = ConnectionSlot::all().find(|x| shared.connection_references(*x) == 0);
            return Some(match empty {
                Some(dst) => Op::SslNew { dst, c },
                // One that has talked makes room, or talks again.
                None => {
                    let kind = if self.rng.bool() { Kind::SslFree } else { Kind::SslClear };
                    self.op_of(kind, ledger)
                }
            });
        }
        Some(self.op_of(Kind::Handshake, ledger))
    }

    /// A slot that owns or borrows something, if there is one.
    pub(super) fn held(&mut self, ledger: &Ledger) -> Slot {
        self.slot_where(|slot| ledger.holds(slot))
    }

    /// A connection of this side that has not made a handshake, if there is one.
    pub(super) fn ready(&mut self, method: Method, ledger: &Ledger) -> ConnectionSlot {
        self.connection_where(|slot| ledger.shared().is_ready(slot, method))
    }
}

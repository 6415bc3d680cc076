//! Chooses the calls of programs that make handshakes: what is resumed, and what decides about it.

use super::Generator;
use crate::op::{ConnectionSlot, ContextSlot, Kind, Method, Op};
use crate::plan::Ledger;

/// What decides how the next handshakes go; what decides most stands twice.
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
    Kind::CtxSetServerNameCb,
    Kind::CtxSetTicketKeys,
    Kind::CtxCopyTicketKeys,
    Kind::CtxSetAlpnSelectCb,
    Kind::CtxSetAlpnProtos,
    Kind::CtxSetCiphersuites,
    Kind::CtxSetMaxEarlyData,
    Kind::SslSetMaxEarlyData,
    Kind::SslSetCiphersuites,
    Kind::CtxSetTicketCb,
    Kind::CtxSetPskUseCb,
    Kind::CtxSetPskFindCb,
    Kind::CtxSetCacheMode,
    Kind::CtxSetCacheMode,
    Kind::CtxSetCacheSize,
    Kind::CtxSetIdContext,
    Kind::CtxSetTimeout,
];

/// Lists what is done with a connection after its handshake.
const LATER: &[Kind] = &[Kind::KeyUpdate, Kind::VerifyClient, Kind::Renegotiate, Kind::RenegotiateAbbreviated];

impl Generator {
    /// Draws an op of a program that makes handshakes, or `None`: one of any program will do.
    pub(super) fn talking_op(&mut self, ledger: &Ledger) -> Option<Op> {
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
        let unused = ConnectionSlot::all().all(|x| shared.connection_references(x) == 0);
        if unused && self.rng.u8(0..4) == 0 {
            self.begin_scenario(ledger);
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
            9 => self.op_of_any(&[Kind::SslShutdown, Kind::SslShutdown, Kind::SslSetShutdown], ledger),
            10 | 11 => self.op_of_any(SETTINGS, ledger),
            12 if self.rng.u8(0..4) == 0 => self.op_of_any(LATER, ledger),
            12 => self.op_of_any(&[Kind::SslFree, Kind::SslClear, Kind::NewSessionTicket, Kind::TakeKept], ledger),
            13 => self.op_of_any(&[Kind::UseCertificate, Kind::AdvanceClock, Kind::SetTimeout, Kind::Free], ledger),
            _ => return None,
        })
    }

    /// Draws an op of one of these kinds.
    fn op_of_any(&mut self, kinds: &[Kind], ledger: &Ledger) -> Op {
        let kind = self.one_of(kinds);
        self.op_of(kind, ledger)
    }

    /// Draws a handshake, or the connection that it needs first; `None` where there is no context for one.
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
}

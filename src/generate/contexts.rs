//! Chooses calls on contexts and connections.

use super::{Generator, Which};
use crate::op::{ConnectionSlot, ContextSlot, Kind, Op};
use crate::plan::Ledger;

/// How many of 64 contexts are made; the rest come from the pool.
const MADE: u8 = 2;

impl Generator {
    /// Draws an op about contexts, connections or time that most likely runs.
    pub(super) fn shared_op(&mut self, ledger: &Ledger) -> Op {
        if let Some(op) = self.ahead.pop() {
            return op;
        }
        if let Some(op) = self.talks.then(|| self.talking_op(ledger)).flatten() {
            return op;
        }
        let shared = ledger.shared();
        let context = ContextSlot::all().any(|slot| shared.context_references(slot) > 0);
        if context && self.rng.u8(0..64) == 0 {
            match self.rng.u8(0..8) {
                0 | 1 => self.begin_eviction(ledger),
                2 => self.begin_versions(ledger),
                _ => self.begin_expiry(ledger),
            }
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
                let fits = |kind: &Kind| {
                    kind.is_shared() && !kind.is_serial() && (talks || kind.opcode() < Kind::Handshake.opcode())
                };
                let shared = self.kinds.iter().filter(|kind| fits(kind)).count();
                let at = self.rng.usize(0..shared.max(1));
                let kind = self.kinds.iter().copied().filter(fits).nth(at).unwrap_or(Kind::CtxAdd);
                if kind == Kind::CtxNew && !made { Kind::CtxPooled } else { kind }
            }
        };
        if self.setup.lacks.contains(kind) { self.op_of(Kind::New, ledger) } else { self.op_of(kind, ledger) }
    }
}

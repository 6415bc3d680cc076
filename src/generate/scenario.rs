//! Makes scenarios: calls that say something only together, such as a handshake and another that resumes what the first made.

use super::block::held;
use super::operand::{FEW_IDS, PROTOCOLS};
use super::{Generator, Which};
use crate::op::{
    AlpnCallback, Bytes, CString, CacheMode, ConnectionSlot, ContextSlot, DecryptTicket, Few, GenerateTicket,
    GetCallback, KeyUpdate, MaxVersion, Method, NameBlock, NameReturn, NewCallback, NotResumableCallback, Op, Options,
    ProtocolVersion, PskCallback, RemoveCallback, ServerNameCallback, Slot, Source, Suites, TicketKeyCallback,
    TicketKeys, Time, Verify,
};
use crate::plan::Ledger;
use crate::program::Program;

/// Counts the calls of a program with so many handshakes that a cache is flushed by itself.
pub(super) const FLUSHING: usize = 900;
/// Counts the calls of a program with as many cached sessions as a list is long.
pub(super) const CROWDED: usize = 260;
/// Counts the handshakes, of which the last one flushes: `ssl_update_cache` looks at eight bits of a counter.
const HANDSHAKES: usize = 256;

/// The variables of a scenario. No connection is there yet.
#[derive(Clone, Copy)]
struct Scenario {
    /// The contexts of servers and of clients.
    server: ContextSlot,
    client: ContextSlot,
    /// Clients and servers, in turns.
    x: [ConnectionSlot; 4],
    /// Nothing is in it.
    s: Slot,
}

impl Generator {
    /// Begins a scenario, if there is a context for each side: its calls come next, one after the other.
    pub(super) fn begin_scenario(&mut self, ledger: &Ledger) {
        let of = |side: Method| {
            ContextSlot::all().find(|c| ledger.shared().context(*c).is_some_and(|(method, _)| method == side))
        };
        let (Some(server), Some(client)) = (of(Method::Server), of(Method::Client)) else { return };
        let x = [0, 1, 2, 3].map(ConnectionSlot::wrapping);
        let on = Scenario { server, client, x, s: self.slot_where(|slot| !ledger.holds(slot)) };
        let dup = self.slot_where(|slot| !ledger.holds(slot) && slot != on.s);
        let made = ledger.shared().context(server).is_some_and(|(_, pooled)| !pooled);
        let another = ContextSlot::all().find(|c| ledger.shared().context(*c).is_none());
        let mut ops = match self.rng.u8(0..13) {
            12 => self.replayed(on),
            11 => self.suited(on),
            10 => self.sealed(on, another),
            8 => self.moved(on, ledger),
            9 if self.rng.bool() => self.again(on),
            9 => self.matching(on),
            0..=3 if made => self.moved_away(on),
            0 => not_to_be_resumed(on),
            5 => self.owed(on),
            7 => match self.rng.u8(0..3) {
                0 => self.given(on, dup),
                1 => self.agreed(on, dup),
                _ => self.resumed(on),
            },
            4 => self.shown(on, dup),
            _ => self.resumed(on),
        };
        self.offer_ticket(client, &mut ops);
        ops.reverse();
        self.ahead = ops;
    }

    /// Lets the first client of a scenario offer a ticket of the program's, sometimes. What is drawn for it changes nothing else.
    fn offer_ticket(&self, client: ContextSlot, ops: &mut Vec<Op>) {
        let mut drawn = self.aside();
        let first = ops.iter().position(|op| matches!(op, Op::Handshake { .. }));
        let (Some(at), 0) = (first, drawn.u8(0..8)) else { return };
        let Op::Handshake { client: x, .. } = ops[at] else { return };
        let ticket = match drawn.u8(0..8) {
            0 => Bytes::new(b""),
            1 | 2 => Bytes::NULL,
            3 | 4 => Bytes::new(b"short"),
            _ => Bytes::new(b"forty bytes are as long as tickets can be"),
        };
        ops.insert(at, Op::SslSetTicketExt { x, ticket });
        if drawn.u8(0..4) > 0 {
            ops.insert(0, Op::CtxSetMaxVersion { c: client, version: MaxVersion::Tls12 });
        }
    }

    /// Begins a scenario in which a session is flushed in its last second, and after it; or one of two, whose times were
    /// changed by adding it again.
    pub(super) fn begin_expiry(&mut self, ledger: &Ledger) {
        let Some(c) = ContextSlot::all().find(|c| ledger.shared().context(*c).is_some()) else { return };
        let s = self.slot_where(|slot| !ledger.holds(slot));
        let other = self.slot_where(|slot| !ledger.holds(slot) && slot != s);
        let timeout = self.one_of(&[0, 1, 5, 300]);
        let mut ops = cached(c, s, self.one_of(FEW_IDS), timeout).to_vec();
        if self.rng.bool() {
            ops.extend(cached(c, other, b"the other", self.one_of(&[timeout, 10])));
            ops.push(Op::CtxSetCacheMode { c, mode: CacheMode::of(0x402) });
            ops.push(Op::AdvanceClock { seconds: self.one_of(&[0, 2, 7]) });
            ops.push(Op::CtxAdd { c, s: self.one_of(&[s, other]) });
        }
        let ends = i64::from(self.one_of(&[0u8, 0, 8]));
        ops.push(Op::CtxFlush { c, time: Time::Now(timeout + ends) });
        ops.push(Op::CtxFlush { c, time: Time::Now(timeout + ends + 1) });
        ops.reverse();
        self.ahead = ops;
    }

    /// Begins a scenario in which a session is cached, and one of the same id and another version meets it.
    pub(super) fn begin_versions(&mut self, ledger: &Ledger) {
        let Some(c) = ContextSlot::all().find(|c| ledger.shared().context(*c).is_some()) else { return };
        let s = self.slot_where(|slot| !ledger.holds(slot));
        let other = self.slot_where(|slot| !ledger.holds(slot) && slot != s);
        let id = Bytes::new(self.one_of(FEW_IDS));
        let versions = [ProtocolVersion(0x0303), ProtocolVersion(0x0304)];
        let mut ops = Vec::new();
        for s in [s, other] {
            ops.extend([Op::New { dst: s }, Op::Set1Id { s, id: id.clone() }]);
            ops.push(Op::SetProtocolVersion { s, version: self.one_of(&versions) });
        }
        ops.push(Op::CtxAdd { c, s });
        ops.push(match self.rng.u8(0..3) {
            0 => Op::CtxAdd { c, s: other },
            _ => Op::CtxRemove { c, s: Some(other) },
        });
        if self.which != Which::Caches {
            let x = self.empty_connection(ledger);
            let asks = [Op::SslNew { dst: x, c }, Op::HasMatchingId { x, id }];
            let at = self.rng.usize(ops.len() - 1..=ops.len());
            ops.splice(at..at, asks);
        }
        ops.reverse();
        self.ahead = ops;
    }

    /// Begins a scenario in which a cache has no room for one session more, and is asked how often that was.
    pub(super) fn begin_eviction(&mut self, ledger: &Ledger) {
        let Some(c) = ContextSlot::all().find(|c| ledger.shared().context(*c).is_some()) else { return };
        let size = self.rng.u8(1..=2);
        let mut ops = vec![Op::CtxSetCacheSize { c, size: size.into() }];
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::CtxSetRemoveBlock { c, block: self.remove_block(&held(ledger)) });
        }
        let empty = Slot::all().filter(|slot| !ledger.holds(*slot));
        for (s, number) in empty.zip(0..=size) {
            ops.extend(cached(c, s, &[number], self.one_of(&[300, 304])));
        }
        ops.extend([Op::SessCacheFull { c }, Op::SessNumber { c }]);
        ops.reverse();
        self.ahead = ops;
    }

    /// Moves a server to another context before its handshake, or within it, and asks both what they have counted.
    fn moved(&mut self, on: Scenario, ledger: &Ledger) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, ..], .. } = on;
        let other = self.context_where(|slot| ledger.shared().context_references(slot) == 0);
        if self.rng.bool() {
            return self.moved_within(on, other);
        }
        vec![
            Op::CtxPooled { dst: other, method: Method::Server },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
            Op::SetSslCtx { x: x1, c: Some(other) },
            Op::Handshake { client: x0, server: x1 },
            Op::SessAccept { c },
            Op::SessAccept { c: other },
        ]
    }

    /// Lets a callback move servers to another context within their handshakes, and offers what comes of the first to a second.
    fn moved_within(&mut self, on: Scenario, other: ContextSlot) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, x3], s } = on;
        let returns = self.one_of(&[NameReturn::Accepted, NameReturn::Accepted, NameReturn::Declined]);
        let settings = [
            Op::CtxSetIdContext { c: other, context: Bytes::new(b"other") },
            Op::CtxSetIdContext { c, context: Bytes::new(b"own") },
            Op::CtxSetMaxVersion { c: client, version: MaxVersion::Tls12 },
            Op::CtxSetOptions { c, options: Options::NoTicket },
            Op::CtxSetCacheMode { c: other, mode: CacheMode::of(0) },
            Op::CtxCopyTicketKeys { to: other, from: c },
            Op::CtxSetVerify { c: other, mode: Verify::Peer },
            Op::CtxSetServerNameCb { c: other, callback: self.one_of(ServerNameCallback::ALL) },
            Op::CtxSetAlpnSelectCb { c: other, callback: AlpnCallback::First },
        ];
        let mut ops = vec![
            Op::CtxPooled { dst: other, method: Method::Server },
            Op::CtxSetNameBlock { c, block: NameBlock { to: other, returns } },
        ];
        ops.extend(settings.into_iter().filter(|_| self.rng.u8(0..3) == 0));
        ops.extend([Op::SslNew { dst: x0, c: client }, Op::SslNew { dst: x1, c }]);
        if self.rng.bool() {
            ops.push(Op::SslSetHostName { x: x0, name: CString::new(b"example.org") });
            ops.push(Op::SslSetAlpnProtos { x: x0, protocols: Bytes::new(self.one_of(PROTOCOLS)) });
        }
        ops.push(Op::Handshake { client: x0, server: x1 });
        match self.rng.u8(0..4) {
            0 => ops.push(Op::CtxFree { c: Some(self.one_of(&[c, other])) }),
            1 => ops.push(Op::SslFree { x: Some(x1) }),
            _ => {}
        }
        ops.extend([Op::SessAccept { c }, Op::SessAcceptGood { c: other }, Op::Get1Session { dst: s, x: x0 }]);
        let again = self.one_of(&[c, c, other]);
        ops.extend([Op::SslNew { dst: x2, c: client }, Op::SslNew { dst: x3, c: again }]);
        ops.extend([Op::SetSession { x: x2, s: Some(s) }, Op::Handshake { client: x2, server: x3 }]);
        ops.extend([Op::SessAccept { c: other }, Op::SessAcceptGood { c }]);
        ops
    }

    /// Makes another handshake on a connection, with what decides whether it resumes the session of the first one.
    fn again(&mut self, on: Scenario) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, x3], s } = on;
        let settings = [
            Op::CtxSetOptions { c, options: Options::NoTicket },
            Op::CtxSetOptions { c, options: Options::NoResumptionOnRenegotiation },
            Op::CtxSetTimeout { c, timeout: 300 },
            Op::CtxSetCacheMode { c: client, mode: CacheMode::of(0x1) },
            Op::CtxSetCacheMode { c, mode: CacheMode::of(self.one_of(&[0, 0x102, 0x202])) },
            Op::CtxSetNewCb { c: self.one_of(&[c, client]), callback: self.one_of(NewCallback::ALL) },
            Op::CtxSetRemoveCb { c, callback: self.one_of(RemoveCallback::ALL) },
            Op::CtxSetNotResumableCb { c, callback: NotResumableCallback::NotResumable },
            Op::CtxSetServerNameCb { c, callback: ServerNameCallback::Accepts },
            Op::CtxSetAlpnSelectCb { c, callback: AlpnCallback::First },
            Op::CtxSetVerify { c, mode: Verify::Peer },
            Op::CtxSetIdContext { c, context: Bytes::new(b"own") },
        ];
        let mut ops: Vec<Op> = settings.into_iter().filter(|_| self.rng.u8(0..3) == 0).collect();
        if self.rng.u8(0..8) > 0 {
            ops.push(Op::CtxSetMaxVersion { c: client, version: MaxVersion::Tls12 });
        }
        ops.extend([Op::SslNew { dst: x0, c: client }, Op::SslNew { dst: x1, c }, Op::UseCertificate { x: x0 }]);
        if self.rng.bool() {
            ops.push(Op::SslSetHostName { x: x0, name: CString::new(b"example.org") });
            ops.push(Op::SslSetAlpnProtos { x: x0, protocols: Bytes::new(self.one_of(PROTOCOLS)) });
        }
        let of = self.one_of(&[x0, x1]);
        ops.extend([Op::Handshake { client: x0, server: x1 }, Op::Get1Session { dst: s, x: of }]);
        match self.rng.u8(0..6) {
            0 => ops.push(Op::CtxFlush { c, time: Time::At(0) }),
            1 => ops.push(Op::CtxRemove { c, s: Some(s) }),
            2 => ops.push(Op::AdvanceClock { seconds: 301 }),
            3 => ops.push(Op::CtxSetServerNameCb { c, callback: self.one_of(ServerNameCallback::ALL) }),
            _ => {}
        }
        for _ in 0..self.rng.usize(1..3) {
            let is_new = self.rng.bool();
            ops.push(if is_new { Op::Renegotiate { x: x1 } } else { Op::RenegotiateAbbreviated { x: x1 } });
            ops.push(Op::SessionReused { x: of });
        }
        ops.extend([Op::SessAcceptRenegotiate { c }, Op::SessConnectRenegotiate { c: client }]);
        if self.rng.bool() {
            ops.extend([Op::Free { s: Some(s) }, Op::Get1Session { dst: s, x: x0 }]);
        }
        ops.extend([Op::SslShutdown { x: x0 }, Op::SslShutdown { x: x1 }]);
        ops.extend([
            Op::SslNew { dst: x2, c: client },
            Op::SslNew { dst: x3, c },
            Op::SetSession { x: x2, s: Some(s) },
        ]);
        ops.extend([Op::Handshake { client: x2, server: x3 }, Op::GetAlpnSelected { x: x2 }]);
        ops
    }

    /// Asks connections that have agreed on a version whether there is a session of an id.
    fn matching(&mut self, on: Scenario) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, ..], s } = on;
        let id = Bytes::new(self.one_of(FEW_IDS));
        let version = |version: MaxVersion| ProtocolVersion(if version == MaxVersion::Tls12 { 0x0303 } else { 0x0304 });
        vec![
            Op::CtxSetMaxVersion { c: client, version: self.one_of(MaxVersion::ALL) },
            Op::New { dst: s },
            Op::Set1Id { s, id: id.clone() },
            Op::SetProtocolVersion { s, version: version(self.one_of(MaxVersion::ALL)) },
            Op::CtxAdd { c: self.one_of(&[c, client]), s },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
            Op::Handshake { client: x0, server: x1 },
            Op::HasMatchingId { x: x0, id: id.clone() },
            Op::HasMatchingId { x: x1, id },
        ]
    }

    /// Caches sessions in a context that their connections were moved away from, and that nobody else has.
    fn moved_away(&mut self, on: Scenario) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, x3], s } = on;
        vec![
            Op::CtxSetOptions { c, options: Options::NoTicket },
            Op::CtxSetMaxVersion { c, version: self.one_of(MaxVersion::ALL) },
            Op::CtxSetTimeout { c, timeout: 300 },
            Op::CtxSetRemoveCb { c, callback: RemoveCallback::Records },
            Op::SslNew { dst: x1, c },
            Op::SslNew { dst: x3, c },
            Op::CtxFree { c: Some(c) },
            Op::CtxPooled { dst: c, method: Method::Server },
            Op::SetSslCtx { x: x1, c: Some(c) },
            Op::SetSslCtx { x: x3, c: Some(c) },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x2, c: client },
            Op::Handshake { client: x0, server: x1 },
            Op::Get1Session { dst: s, x: x0 },
            Op::SslShutdown { x: x0 },
            Op::SslShutdown { x: x1 },
            Op::AdvanceClock { seconds: self.one_of(&[0, 301]) },
            Op::SetSession { x: x2, s: Some(s) },
            Op::Handshake { client: x2, server: x3 },
        ]
    }

    /// Makes a cache of many sessions, of which the first stay the program's: where each stands in it shows in its list. Many end at the
    /// same time. Then their times are set, also to what they were, and some are flushed.
    pub(super) fn crowded(&mut self) -> Program {
        const KEPT: u8 = 3;
        let c = ContextSlot::wrapping(0);
        let last = Slot::wrapping(KEPT);
        let times = [0, 1, 5, 300];
        let method = self.one_of(&[Method::Server, Method::Client]);
        let mut ops = vec![Op::CtxPooled { dst: c, method }];
        for number in 0..self.rng.u8(8..=40) {
            let s = Slot::wrapping(number.min(KEPT));
            ops.extend(cached(c, s, &[number], self.one_of(&times)));
            ops.extend((s == last).then_some(Op::Free { s: Some(s) }));
        }
        for _ in 0..self.rng.u8(2..=8) {
            let s = Slot::wrapping(self.rng.u8(0..KEPT));
            ops.push(match self.rng.bool() {
                true => Op::SetTime { s: Some(s), time: Time::Now(self.one_of(&times)) },
                false => Op::SetTimeout { s: Some(s), timeout: self.one_of(&times) },
            });
        }
        ops.push(Op::CtxFlush { c, time: Time::Now(self.one_of(&times) + 1) });
        Program { ops }
    }

    /// Makes handshakes until a cache is flushed by itself, in contexts of its own: one of the pool may have counted some before.
    pub(super) fn flushed(&mut self) -> Program {
        let [server, client] = [0, 1].map(ContextSlot::wrapping);
        let [x0, x1] = [0, 1].map(ConnectionSlot::wrapping);
        let c = self.one_of(&[server, server, client]);
        let mut ops = vec![
            Op::CtxNew { dst: server, method: Method::Server },
            Op::CtxNew { dst: client, method: Method::Client },
            Op::CtxSetCacheMode { c: client, mode: CacheMode::of(0x1) },
            Op::CtxSetMaxVersion { c: client, version: self.one_of(MaxVersion::ALL) },
        ];
        ops.extend(cached(c, Slot::wrapping(0), b"expires", 5));
        ops.extend([
            Op::AdvanceClock { seconds: 6 },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c: server },
        ]);
        for _ in 0..HANDSHAKES {
            ops.extend([Op::Handshake { client: x0, server: x1 }, Op::SslClear { x: x0 }, Op::SslClear { x: x1 }]);
        }
        Program { ops }
    }

    /// Makes a handshake, and another that resumes, or does not.
    fn resumed(&mut self, on: Scenario) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, ..], s } = on;
        let mut ops = Vec::new();
        if self.rng.bool() {
            ops.extend(self.looked_up(c));
        }
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::CtxSetPskUseCb { c: client, callback: self.one_of(PskCallback::ALL) });
            ops.push(Op::CtxSetPskFindCb { c, callback: self.one_of(PskCallback::ALL) });
        }
        if self.rng.u8(0..4) == 0 {
            let block = self.new_block(&[c, client]);
            ops.push(Op::CtxSetNewBlock { c: self.one_of(&[c, client]), block });
        }
        if self.rng.u8(0..6) == 0 {
            let generate = self.one_of(&[GenerateTicket::Sets, GenerateTicket::Sets, GenerateTicket::None]);
            ops.push(Op::CtxSetTicketCb { c, generate, decrypt: self.one_of(DecryptTicket::ALL) });
        }
        let (before, between) = self.not_extended(c, client);
        ops.extend(before);
        let shows = self.rng.u8(0..4) == 0;
        if shows {
            let context = Bytes::new(b"id context");
            ops.extend([Op::CtxSetVerify { c, mode: Verify::Peer }, Op::CtxSetIdContext { c, context }]);
        }
        match self.rng.u8(0..4) {
            0 => ops.push(Op::CtxSetTimeout { c, timeout: 300 }),
            1 => ops.push(Op::CtxSetCacheMode { c: client, mode: CacheMode::of(0x1) }),
            _ => {}
        }
        ops.extend([Op::SslNew { dst: x0, c: client }, Op::SslNew { dst: x1, c }]);
        if shows {
            ops.push(Op::UseCertificate { x: x0 });
        }
        let named = self.rng.u8(0..4) == 0;
        if named {
            let callback = self.one_of(&[ServerNameCallback::Accepts, ServerNameCallback::Declines]);
            let name = CString::new(b"example.org");
            ops.extend([Op::CtxSetServerNameCb { c, callback }, Op::SslSetHostName { x: x0, name }]);
        }
        let spoken = self.rng.u8(0..4) == 0;
        if spoken {
            let callback = self.one_of(&[AlpnCallback::First, AlpnCallback::First, AlpnCallback::H2]);
            let protocols = Bytes::new(self.one_of(PROTOCOLS));
            ops.extend([Op::CtxSetAlpnSelectCb { c, callback }, Op::SslSetAlpnProtos { x: x0, protocols }]);
        }
        let of = if shows && self.rng.bool() { x1 } else { x0 };
        let later = shows && self.rng.bool();
        if later {
            ops.extend(self.asked_later(c, x0));
        }
        ops.extend([Op::Handshake { client: x0, server: x1 }, Op::Get1Session { dst: s, x: of }]);
        if later {
            ops.extend(self.asked_after(x0, x1, s, of));
        }
        if self.rng.bool() {
            ops.extend([Op::SslShutdown { x: x0 }, Op::SslShutdown { x: x1 }]);
        }
        match self.rng.u8(0..8) {
            0 => ops.push(Op::AdvanceClock { seconds: 301 }),
            1 => ops.push(Op::AdvanceClock { seconds: 7201 }),
            2 => ops.push(Op::SslFree { x: Some(x1) }),
            // Another, one that begins as the first does, and none.
            3 => {
                let others: [&[u8]; 3] = [b"another", b"id context of another", b"id"];
                ops.push(Op::CtxSetIdContext { c, context: Bytes::new(self.one_of(&others)) });
            }
            _ => {}
        }
        ops.extend(between);
        ops.extend(self.offered(on, named, spoken));
        ops
    }

    /// Lets a client answer after its handshake, and a server ask then alone, or neither.
    fn asked_later(&mut self, c: ContextSlot, client: ConnectionSlot) -> Vec<Op> {
        let mut ops = vec![Op::SetPostHandshakeAuth { x: client, allowed: Few::at_most(self.one_of(&[1, 1, 1, 0])) }];
        if self.rng.u8(0..4) > 0 {
            ops.insert(0, Op::CtxSetVerify { c, mode: Verify::Later });
        }
        if self.rng.u8(0..4) == 0 {
            ops.insert(0, Op::CtxSetNumTickets { c, tickets: Few::at_most(self.one_of(&[0, 1, 3])) });
        }
        ops
    }

    /// Asks a client for its certificate, with what may come before and after, and takes the session that there is then.
    fn asked_after(&mut self, client: ConnectionSlot, server: ConnectionSlot, s: Slot, of: ConnectionSlot) -> Vec<Op> {
        let update = Op::KeyUpdate { x: self.one_of(&[client, server]), update: self.one_of(KeyUpdate::ALL) };
        let mut ops = vec![Op::VerifyClient { x: server }];
        if self.rng.u8(0..4) == 0 {
            ops.insert(self.rng.usize(0..2), update);
        }
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::NewSessionTicket { x: server });
        }
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::VerifyClient { x: server });
        }
        ops.push(Op::GetVerifyResult { x: server });
        if self.rng.u8(0..4) > 0 {
            ops.extend([Op::Free { s: Some(s) }, Op::Get1Session { dst: s, x: of }]);
        }
        ops
    }

    /// Offers the session, now and then for another server's name or with other protocols, and reads what came of it.
    fn offered(&mut self, on: Scenario, named: bool, spoken: bool) -> Vec<Op> {
        let Scenario { server: c, client, x: [_, _, x2, x3], s } = on;
        let mut ops =
            vec![Op::SslNew { dst: x2, c: client }, Op::SslNew { dst: x3, c }, Op::SetSession { x: x2, s: Some(s) }];
        if named {
            let names: [&[u8]; 2] = [b"example.org", b"example.net"];
            ops.push(Op::SslSetHostName { x: x2, name: CString::new(self.one_of(&names)) });
        }
        if spoken && self.rng.u8(0..4) > 0 {
            ops.push(Op::SslSetAlpnProtos { x: x2, protocols: Bytes::new(self.one_of(PROTOCOLS)) });
        }
        if spoken && self.rng.u8(0..4) == 0 {
            ops.push(Op::CtxSetAlpnSelectCb { c, callback: self.one_of(AlpnCallback::ALL) });
        }
        let verified = self.rng.u8(0..8) == 0;
        if verified {
            ops.push(Op::SetVerifyResult { x: self.one_of(&[x2, x3]), code: self.one_of(&[7, 18, 300]) });
        }
        ops.extend([Op::Handshake { client: x2, server: x3 }, Op::SessionReused { x: x2 }]);
        if verified {
            ops.extend([x2, x3].map(|x| Op::GetVerifyResult { x }));
        }
        if spoken && self.rng.bool() {
            ops.push(Op::GetAlpnSelected { x: self.one_of(&[x2, x3]) });
        }
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::GetVerifyResult { x: self.one_of(&[x2, x3]) });
        }
        ops
    }

    /// Keeps master secrets from being extended in the first handshake, or in the second one alone. Returns the calls before each; most
    /// often none.
    fn not_extended(&mut self, server: ContextSlot, client: ContextSlot) -> (Vec<Op>, Vec<Op>) {
        if self.rng.u8(0..8) > 0 {
            return (Vec::new(), Vec::new());
        }
        let (c, options) = (self.one_of(&[server, client]), Options::NoExtendedMasterSecret);
        let version = Op::CtxSetMaxVersion { c, version: MaxVersion::Tls12 };
        let (set, clear) = (Op::CtxSetOptions { c, options }, Op::CtxClearOptions { c, options });
        if self.rng.u8(0..4) == 0 { (vec![version], vec![set]) } else { (vec![version, set], vec![clear]) }
    }

    /// Asks for a ticket that cannot be made, and goes on with the connection.
    fn owed(&mut self, on: Scenario) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, ..], s } = on;
        let mut ops = vec![
            Op::CtxSetRemoveCb { c, callback: RemoveCallback::Records },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
            Op::Handshake { client: x0, server: x1 },
            Op::GetSession { dst: s, x: x1 },
            Op::SetTimeout { s: Some(s), timeout: 0 },
            Op::NewSessionTicket { x: x1 },
            Op::SslClear { x: x0 },
            Op::SslClear { x: x1 },
            Op::CtxSetMaxVersion { c: client, version: self.one_of(MaxVersion::ALL) },
            Op::Handshake { client: x0, server: x1 },
            Op::NewSessionTicket { x: x1 },
        ];
        ops.retain(|_| self.rng.u8(0..16) > 0);
        ops
    }

    /// Shows certificates, and reads those that a duplicate has of them.
    fn shown(&mut self, on: Scenario, dup: Slot) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, _], s } = on;
        let mut ops = vec![
            Op::CtxSetVerify { c, mode: self.one_of(Verify::ALL) },
            Op::CtxSetIdContext { c, context: Bytes::new(b"id context") },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
        ];
        if self.rng.bool() {
            ops.push(Op::UseCertificate { x: x0 });
        }
        ops.extend([
            Op::Handshake { client: x0, server: x1 },
            Op::GetPeerCertChain { x: x0 },
            Op::GetPeerCertChain { x: x1 },
            Op::Get1Session { dst: s, x: self.one_of(&[x0, x0, x1]) },
            Op::Dup { dst: dup, src: s },
            Op::SslNew { dst: x2, c: client },
            Op::SetSession { x: x2, s: Some(dup) },
            Op::GetPeerCertChain { x: x2 },
        ]);
        ops
    }

    /// Offers a ticket to a server that has the keys it was sealed with, or others: the same one, or another.
    fn sealed(&mut self, on: Scenario, another: Option<ContextSlot>) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, x3], s } = on;
        let sure = &[TicketKeys::A, TicketKeys::B];
        let mut keyed = self.aside();
        let mut refusing = keyed.clone().fork();
        let mut key_callback = |c| {
            let callback = TicketKeyCallback::SEALS[keyed.usize(..TicketKeyCallback::SEALS.len())];
            let callback = if refusing.u8(0..4) == 0 { TicketKeyCallback::Refuses } else { callback };
            keyed.bool().then_some(Op::CtxSetTicketKeyCb { c, callback })
        };
        let mut ops = vec![
            Op::CtxSetMaxVersion { c: client, version: self.one_of(MaxVersion::ALL) },
            Op::CtxSetTicketKeys { c, keys: self.one_of(sure) },
        ];
        ops.extend(key_callback(c));
        ops.extend([
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
            Op::Handshake { client: x0, server: x1 },
            Op::Get1Session { dst: s, x: x0 },
        ]);
        let offered_to = another.filter(|_| self.rng.bool()).unwrap_or(c);
        if offered_to != c {
            ops.push(Op::CtxPooled { dst: offered_to, method: Method::Server });
        }
        ops.push(match self.rng.u8(0..4) {
            0 => Op::CtxSetTicketKeys { c: offered_to, keys: self.one_of(TicketKeys::ALL) },
            1 => Op::CtxSetTicketKeys { c: offered_to, keys: self.one_of(sure) },
            _ => Op::CtxCopyTicketKeys { to: offered_to, from: c },
        });
        ops.extend(key_callback(offered_to));
        ops.extend([
            Op::SslNew { dst: x2, c: client },
            Op::SslNew { dst: x3, c: offered_to },
            Op::SetSession { x: x2, s: Some(s) },
            Op::Handshake { client: x2, server: x3 },
        ]);
        ops
    }

    /// Offers a ticket that allows early data, and offers it once more.
    fn replayed(&mut self, on: Scenario) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, x3], s } = on;
        let bytes = self.one_of(&[1000, 16384, 0xffff_ffff]);
        let mut ops = vec![
            Op::CtxSetMaxEarlyData { c, bytes },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
            Op::Handshake { client: x0, server: x1 },
            Op::Get1Session { dst: s, x: x0 },
            Op::SslShutdown { x: x0 },
            Op::SslShutdown { x: x1 },
        ];
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::CtxSetMaxEarlyData { c, bytes: self.one_of(&[0, 5]) });
        }
        ops.extend([Op::SslNew { dst: x2, c: client }, Op::SslNew { dst: x3, c }]);
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::SslSetMaxEarlyData { x: x3, bytes: self.one_of(&[0, 5]) });
        }
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::AdvanceClock { seconds: self.one_of(&[1, 5, 20, 7199, 7200]) });
        }
        let protocols = self.rng.u8(0..4) == 0;
        if protocols {
            let first = Op::SslSetAlpnProtos { x: x0, protocols: Bytes::new(self.one_of(PROTOCOLS)) };
            ops.insert(3, first);
            ops.insert(
                0,
                Op::CtxSetAlpnSelectCb { c, callback: self.one_of(&[AlpnCallback::First, AlpnCallback::H2]) },
            );
            ops.push(Op::SslSetAlpnProtos { x: x2, protocols: Bytes::new(self.one_of(PROTOCOLS)) });
        }
        if self.rng.u8(0..4) == 0 {
            let names: [&[u8]; 2] = [b"example.org", b"example.net"];
            ops.insert(0, Op::CtxSetServerNameCb { c, callback: ServerNameCallback::Accepts });
            let first = Op::SslSetHostName { x: x0, name: CString::new(names[0]) };
            let at = ops.iter().position(|op| matches!(op, Op::Handshake { .. })).unwrap_or(0);
            ops.insert(at, first);
            ops.push(Op::SslSetHostName { x: x2, name: CString::new(self.one_of(&names)) });
        }
        if self.rng.u8(0..4) > 0 {
            ops.push(Op::SendEarlyData { x: x2 });
        }
        ops.extend([
            Op::SetSession { x: x2, s: Some(s) },
            Op::Handshake { client: x2, server: x3 },
            Op::SessionReused { x: x3 },
            Op::SslClear { x: x0 },
            Op::SslClear { x: x1 },
            Op::SetSession { x: x0, s: Some(s) },
            Op::Handshake { client: x0, server: x1 },
            Op::SessionReused { x: x1 },
        ]);
        if self.rng.bool() {
            let settings = self.looked_up(c);
            ops.splice(0..0, settings);
        }
        ops
    }

    /// Offers a session where another suite may be agreed on, by what the server, the client or a connection allows.
    fn suited(&mut self, on: Scenario) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, x3], s } = on;
        let mut ops = vec![
            Op::CtxSetCiphersuites { c: self.one_of(&[c, client]), suites: self.one_of(Suites::ALL) },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
            Op::Handshake { client: x0, server: x1 },
            Op::Get1Session { dst: s, x: x0 },
            Op::CtxSetCiphersuites { c: self.one_of(&[c, client]), suites: self.one_of(Suites::ALL) },
            Op::SslNew { dst: x2, c: client },
            Op::SslNew { dst: x3, c },
            Op::SetSession { x: x2, s: Some(s) },
        ];
        match self.rng.u8(0..8) {
            0 => ops.insert(0, Op::CtxSetOptions { c, options: Options::NoTicket }),
            1 => {
                ops.insert(0, Op::CtxSetPskUseCb { c: client, callback: PskCallback::Makes });
                ops.insert(0, Op::CtxSetPskFindCb { c, callback: PskCallback::Makes });
            }
            2 => {
                let settings = self.looked_up(c);
                ops.splice(0..0, settings);
            }
            3 | 4 => {
                ops.push(Op::SslSetCiphersuites { x: self.one_of(&[x2, x3]), suites: self.one_of(Suites::ALL) });
            }
            _ => {}
        }
        ops.extend([Op::Handshake { client: x2, server: x3 }, Op::SessionReused { x: x2 }]);
        ops
    }

    /// Lets a callback of a server give what a variable holds, or what is made of bytes, for what a client offers.
    fn given(&mut self, on: Scenario, other: Slot) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, x3], s } = on;
        let mode = CacheMode::of(self.one_of(&[0x102, 0x202, 0x302, 0x002]));
        let b = self.buffer();
        let source = self.source(other, false);
        let source = if self.rng.u8(0..3) == 0 { Source::Bytes(b) } else { source };
        let block = self.get_block(&[c, client], source);
        let mut ops = vec![
            Op::CtxSetOptions { c, options: Options::NoTicket },
            Op::CtxSetMaxVersion { c, version: self.one_of(MaxVersion::ALL) },
            Op::CtxSetCacheMode { c, mode },
            Op::CtxSetGetBlock { c, block },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
            Op::Handshake { client: x0, server: x1 },
            Op::Get1Session { dst: s, x: x0 },
            Op::Get1Session { dst: other, x: self.one_of(&[x1, x1, x0]) },
            Op::ToDer { dst: b, s: other },
            Op::SslShutdown { x: x0 },
            Op::SslShutdown { x: x1 },
            Op::CtxFlush { c, time: Time::At(0) },
            Op::SslNew { dst: x2, c: client },
            Op::SslNew { dst: x3, c },
            Op::SetSession { x: x2, s: Some(s) },
            Op::Handshake { client: x2, server: x3 },
            Op::SessionReused { x: x2 },
            Op::SessCbHits { c },
        ];
        ops.retain(|_| self.rng.u8(0..24) > 0);
        ops
    }

    /// Lets callbacks of both sides give what a handshake made as what was agreed on by other means.
    fn agreed(&mut self, on: Scenario, other: Slot) -> Vec<Op> {
        let Scenario { server: c, client, x: [x0, x1, x2, x3], s } = on;
        let (b, both) = (self.buffer(), [c, client]);
        let sources = [Source::Variable(s), Source::Variable(other), Source::Bytes(b), Source::Agreed, Source::Kept];
        let [to_use, to_find] = match self.rng.u8(0..4) {
            0 => [self.one_of(&sources), self.one_of(&sources)],
            1 => [Source::Agreed; 2],
            _ => [self.one_of(&sources[..3]), self.one_of(&sources[..3])],
        };
        let (uses, finds) = (self.psk_block(&both, to_use), self.psk_block(&both, to_find));
        let mut ops = vec![
            Op::CtxSetNewCb { c: self.one_of(&both), callback: self.one_of(NewCallback::ALL) },
            Op::SslNew { dst: x0, c: client },
            Op::SslNew { dst: x1, c },
            Op::Handshake { client: x0, server: x1 },
            Op::Get1Session { dst: s, x: x0 },
            Op::Get1Session { dst: other, x: self.one_of(&[x1, x1, x0]) },
            Op::ToDer { dst: b, s: self.one_of(&[s, other]) },
            Op::SslShutdown { x: x0 },
            Op::SslShutdown { x: x1 },
            Op::CtxSetPskUseBlock { c: client, block: uses },
            Op::CtxSetPskFindBlock { c, block: finds },
            Op::SslNew { dst: x2, c: client },
            Op::SslNew { dst: x3, c },
        ];
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::SetSession { x: x2, s: Some(s) });
        }
        if self.rng.u8(0..4) == 0 {
            ops.push(Op::SslSetCiphersuites { x: self.one_of(&[x2, x3]), suites: self.one_of(Suites::ALL) });
        }
        ops.extend([Op::Handshake { client: x2, server: x3 }, Op::SessionReused { x: x2 }]);
        ops.retain(|_| self.rng.u8(0..24) > 0);
        ops
    }

    /// Makes a server look its sessions up, by callbacks too; leaves out each setting now and then.
    fn looked_up(&mut self, c: ContextSlot) -> Vec<Op> {
        let mut settings = vec![
            Op::CtxSetOptions { c, options: Options::NoTicket },
            Op::CtxSetMaxVersion { c, version: MaxVersion::Tls12 },
            Op::CtxSetNewCb { c, callback: self.one_of(&[NewCallback::Keeps, NewCallback::UpRefs]) },
            Op::CtxSetGetCb { c, callback: self.one_of(GetCallback::SOUND) },
            Op::CtxSetRemoveCb { c, callback: self.one_of(RemoveCallback::ALL) },
            Op::CtxSetCacheMode { c, mode: CacheMode::of(self.one_of(&[0x102, 0x202, 0x302, 0x002])) },
        ];
        settings.retain(|_| self.rng.u8(0..8) > 0);
        settings
    }
}

/// Makes a session that ends so many seconds from now, and caches it.
fn cached(c: ContextSlot, s: Slot, id: &[u8], timeout: i64) -> [Op; 5] {
    [
        Op::New { dst: s },
        Op::Set1Id { s, id: Bytes::new(id) },
        Op::SetTime { s: Some(s), time: Time::Now(0) },
        Op::SetTimeout { s: Some(s), timeout },
        Op::CtxAdd { c, s },
    ]
}

/// Asks for tickets of a session that is not to be resumed.
fn not_to_be_resumed(on: Scenario) -> Vec<Op> {
    let Scenario { server: c, client, x: [x0, x1, ..], s } = on;
    vec![
        Op::CtxSetNotResumableCb { c, callback: NotResumableCallback::NotResumable },
        Op::SslNew { dst: x0, c: client },
        Op::SslNew { dst: x1, c },
        Op::Handshake { client: x0, server: x1 },
        Op::NewSessionTicket { x: x1 },
        Op::Get1Session { dst: s, x: x1 },
    ]
}

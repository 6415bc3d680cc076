//! Calls on contexts and connections, and what is seen of them.

use super::{Called, READ, Run, Stopped, Watch, seconds};
use crate::op::{CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, Op, SLOTS, Slot, session_ops};
use crate::plan::{Makes, Touched};
use crate::port::handshakes::Setting;
use crate::port::sharing::{Dupped, Statistic};
use crate::port::{Port, events, key};
use crate::trace::SAME;

/// As many cached sessions are listed one by one.
const LISTED: usize = 16;

/// What a run keeps of contexts and connections.
#[derive(Default)]
pub(super) struct State {
    /// Seconds since the program began.
    pub passed: u64,
    /// The references that each session slot owns.
    pub owned: [u32; SLOTS],
    pub contexts: [bool; CONTEXTS],
    pub connections: [bool; CONNECTIONS],
    /// What `SSL_dup` returned last.
    pub dupped: Option<Dupped>,
    /// The connection whose session a slot borrows.
    lenders: [Option<ConnectionSlot>; SLOTS],
    /// Room for the addresses of cached sessions.
    pub addresses: Vec<usize>,
    members: Vec<Member>,
}

/// A cached session, in the order in which it is listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    version: i32,
    length: usize,
    id: [u8; 32],
    slots: u8,
}

impl State {
    /// Nothing is to be used any more.
    pub fn forget<P: Port>(&self, port: &mut P) {
        for slot in ConnectionSlot::all().filter(|slot| self.connections[slot.index()]) {
            port.forget_connection(slot);
        }
        for slot in ContextSlot::all().filter(|slot| self.contexts[slot.index()]) {
            port.forget_context(slot);
        }
    }
}

impl<P: Port> Run<'_, P> {
    /// Gives back connections, contexts and what callbacks kept.
    pub(super) fn release_shared(&mut self) -> Result<(), Stopped> {
        let plan = self.plan;
        for op in plan.given_back().filter(Op::is_shared) {
            self.begin_step();
            let at = self.trace.steps() - 1;
            let ends = self.last_of(at, &op);
            let planned = super::Planned { ends, makes: Makes::Nothing, touched: Touched::default(), sets: None };
            self.step(at, &op, planned)?;
        }
        self.begin_step();
        self.port.release_kept();
        if self.watch == Watch::Nothing {
            return Ok(());
        }
        let after = self.port.after();
        self.trace.after(after);
        events::drain(self.trace);
        self.audit(self.trace.steps() - 1, None, Touched::default(), false)
    }

    /// Whether the step that gives back is the last for its slot.
    fn last_of(&self, at: usize, op: &Op) -> bool {
        let next = self.plan.given_back().nth(at + 1 - self.plan.steps.len());
        next.as_ref() != Some(op)
    }

    pub(super) fn call_shared(&mut self, op: &Op, ends: bool) -> Called {
        let passed = self.shared.passed;
        let port = &mut *self.port;
        let returned = match op {
            Op::AdvanceClock { seconds } => {
                self.shared.passed = passed.saturating_add(u64::from(*seconds));
                port.set_passed(self.shared.passed);
                return READ;
            }
            Op::CtxNew { dst, method } | Op::CtxPooled { dst, method } => {
                let pooled = matches!(op, Op::CtxPooled { .. });
                let made = port.new_context(*dst, *method, pooled);
                self.shared.contexts[dst.index()] = made;
                i64::from(made)
            }
            Op::CtxUpRef { c } => port.up_ref_context(*c),
            Op::CtxFree { c } => {
                if let Some(c) = c.filter(|_| ends) {
                    self.list(c);
                }
                self.port.free_context(*c, ends);
                if let Some(c) = c.filter(|_| ends) {
                    self.shared.contexts[c.index()] = false;
                    self.port.forget_context(c);
                }
                return Called { made: false, getter: false };
            }
            Op::CtxSetCacheMode { c, mode } => port.set_cache_mode(*c, mode.bits().into()),
            Op::CtxGetCacheMode { c } => port.cache_mode(*c),
            Op::CtxSetCacheSize { c, size } => port.set_cache_size(*c, *size),
            Op::CtxGetCacheSize { c } => port.cache_size(*c),
            Op::CtxSetTimeout { c, timeout } => port.set_context_timeout(*c, *timeout),
            Op::CtxGetTimeout { c } => port.context_timeout(*c),
            Op::CtxSetIdContext { c, context } => port.set_context_id_context(*c, context),
            Op::CtxAdd { c, s } => port.add_session(*c, *s),
            Op::CtxRemove { c, s } => port.remove_session(*c, *s),
            Op::CtxFlush { c, time } => {
                port.flush_sessions(*c, seconds(*time, passed));
                return Called { made: false, getter: false };
            }
            Op::CtxFlushEx { c, time } => {
                port.flush_sessions_ex(*c, seconds(*time, passed));
                return Called { made: false, getter: false };
            }
            Op::SessNumber { c } => port.cached_number(*c),
            Op::SessConnect { c } => port.statistic(*c, Statistic::Connect),
            Op::SessConnectGood { c } => port.statistic(*c, Statistic::ConnectGood),
            Op::SessConnectRenegotiate { c } => port.statistic(*c, Statistic::ConnectRenegotiate),
            Op::SessAccept { c } => port.statistic(*c, Statistic::Accept),
            Op::SessAcceptGood { c } => port.statistic(*c, Statistic::AcceptGood),
            Op::SessAcceptRenegotiate { c } => port.statistic(*c, Statistic::AcceptRenegotiate),
            Op::SessHits { c } => port.statistic(*c, Statistic::Hits),
            Op::SessCbHits { c } => port.statistic(*c, Statistic::CbHits),
            Op::SessMisses { c } => port.statistic(*c, Statistic::Misses),
            Op::SessTimeouts { c } => port.statistic(*c, Statistic::Timeouts),
            Op::SessCacheFull { c } => port.statistic(*c, Statistic::CacheFull),
            Op::CtxSessions { .. } => return READ,
            Op::CtxSetRemoveCb { c, callback } => {
                port.set_remove_callback(*c, *callback);
                return Called { made: false, getter: false };
            }
            Op::Forget { s } => {
                port.lose(*s);
                port.forget(*s);
                self.live[s.index()] = false;
                self.shared.owned[s.index()] = 0;
                self.shared.lenders[s.index()] = None;
                return Called { made: false, getter: false };
            }
            Op::TakeKept { dst } => return super::made(port.take_kept(*dst), self.trace),
            Op::SslNew { dst, c } => {
                let made = port.new_connection(*dst, *c);
                self.shared.connections[dst.index()] = made;
                i64::from(made)
            }
            Op::SslDup { dst, x } => {
                let dupped = port.dup_connection(*dst, *x);
                self.shared.connections[dst.index()] = dupped == Dupped::Another;
                self.shared.dupped = Some(dupped);
                match dupped {
                    Dupped::Null => 0,
                    Dupped::Another => 1,
                    Dupped::Same => SAME,
                }
            }
            Op::SslUpRef { x } => port.up_ref_connection(*x),
            Op::SslFree { x } => {
                port.free_connection(*x);
                if let Some(x) = x.filter(|_| ends) {
                    self.shared.connections[x.index()] = false;
                    port.forget_connection(x);
                }
                return Called { made: false, getter: false };
            }
            Op::SslClear { x } => port.clear(*x),
            Op::SetSession { x, s } => port.set_session(*x, *s),
            Op::GetSession { dst, x } | Op::Get0Session { dst, x } => {
                return super::made(port.get_session(*dst, *x), self.trace);
            }
            Op::Get1Session { dst, x } => return super::made(port.get1_session(*dst, *x), self.trace),
            Op::CopySessionId { to, from } => port.copy_session_id(*to, *from),
            Op::SessionReused { x } => port.session_reused(*x),
            Op::GetPeerCertChain { x } => {
                let chain = port.peer_cert_chain(*x);
                self.trace.returned(chain.map_or(-1, |chain| chain.certificates.into()));
                if let Some(chain) = chain {
                    self.trace.chain(chain.peers);
                }
                return READ;
            }
            Op::SslSetIdContext { x, context } => port.set_connection_id_context(*x, context),
            Op::SetSslCtx { x, c } => i64::from(port.set_context(*x, *c)),
            Op::Handshake { client, server } => port.handshake(*client, *server, &mut self.trace.tape),
            Op::NewSessionTicket { x } => port.new_session_ticket(*x, &mut self.trace.tape),
            Op::SslShutdown { x } => port.shutdown(*x),
            Op::SslSetShutdown { x, mode } => {
                port.set_shutdown(*x, *mode);
                return Called { made: false, getter: false };
            }
            Op::CtxSetMaxVersion { c, version } => port.set(*c, Setting::MaxVersion(*version)),
            Op::CtxSetOptions { c, options } => port.set(*c, Setting::Options(*options)),
            Op::CtxClearOptions { c, options } => port.set(*c, Setting::NoOptions(*options)),
            Op::CtxSetNumTickets { c, tickets } => port.set(*c, Setting::Tickets(*tickets)),
            Op::CtxSetVerify { c, mode } => return tell(port, *c, Setting::Verify(*mode)),
            Op::UseCertificate { x } => port.use_certificate(*x),
            Op::CtxSetNewCb { c, callback } => return tell(port, *c, Setting::New(*callback)),
            Op::CtxSetGetCb { c, callback } => return tell(port, *c, Setting::Get(*callback)),
            Op::CtxSetNotResumableCb { c, callback } => return tell(port, *c, Setting::NotResumable(*callback)),
            Op::CtxSetPskUseCb { c, callback } => return tell(port, *c, Setting::PskUse(*callback)),
            Op::CtxSetPskFindCb { c, callback } => return tell(port, *c, Setting::PskFind(*callback)),
            Op::CtxSetGenerateId { c, callback } => port.set(*c, Setting::GenerateId(*callback)),
            session_ops!() => return READ,
        };
        self.trace.returned(returned);
        Called { made: false, getter: false }
    }

    /// What a slot still borrows goes when it gets something else.
    pub(super) fn make_room(&mut self, touched: Touched) {
        if let Some(slot) = touched.made.filter(|slot| self.live[slot.index()]) {
            self.shared.lenders[slot.index()] = None;
            self.live[slot.index()] = false;
            self.port.forget(slot);
        }
    }

    /// Keeps track of what slots own.
    pub(super) fn book_shared(&mut self, op: &Op, made: bool) {
        let owned = &mut self.shared.owned;
        match op {
            Op::New { dst } | Op::Dup { dst, .. } | Op::SampleSession { dst, .. } => owned[dst.index()] = made.into(),
            Op::TakeKept { dst } | Op::Get1Session { dst, .. } => owned[dst.index()] = made.into(),
            Op::GetSession { dst, x } | Op::Get0Session { dst, x } => {
                owned[dst.index()] = 0;
                self.shared.lenders[dst.index()] = made.then_some(*x);
            }
            Op::UpRef { s } => {
                owned[s.index()] += 1;
                self.shared.lenders[s.index()] = None;
            }
            Op::Free { s: Some(s) } => owned[s.index()] = owned[s.index()].saturating_sub(1),
            _ => {}
        }
        // A pointer is borrowed for as long as the lender has what it lent.
        for slot in Slot::all() {
            let Some(lender) = self.shared.lenders[slot.index()] else { continue };
            let lives = self.shared.connections[lender.index()];
            // Another session may be where the one before was.
            let talked = match op {
                Op::Handshake { client, server } => [*client, *server].contains(&lender),
                Op::NewSessionTicket { .. } => true,
                _ => false,
            };
            if talked || !lives || self.port.connected(lender) != self.port.address(slot) {
                self.shared.lenders[slot.index()] = None;
                self.live[slot.index()] = false;
                self.port.forget(slot);
            }
        }
    }

    /// What a call on a context or connection changed.
    pub(super) fn observe_shared(&mut self, op: &Op, touched: Touched, made: bool) {
        match *op {
            Op::CtxAdd { c, .. }
            | Op::CtxRemove { c, .. }
            | Op::CtxFlush { c, .. }
            | Op::CtxFlushEx { c, .. }
            | Op::CtxSessions { c } => self.list(c),
            Op::SetSession { x, .. } | Op::SslClear { x } => self.see_connection(x),
            Op::SslDup { dst, x } => {
                self.see_connection(if self.shared.connections[dst.index()] { dst } else { x });
            }
            Op::CopySessionId { to, .. } => self.see_connection(to),
            Op::Handshake { client, server } => {
                self.see_connection(client);
                self.see_connection(server);
                self.see_caches();
            }
            Op::NewSessionTicket { .. } => {
                let connections = self.shared.connections;
                for slot in ConnectionSlot::all().filter(|slot| connections[slot.index()]) {
                    self.see_connection(slot);
                }
                self.see_caches();
            }
            Op::GetSession { dst, .. }
            | Op::Get0Session { dst, .. }
            | Op::Get1Session { dst, .. }
            | Op::TakeKept { dst }
                if made =>
            {
                let slots = self.slots_with(self.port.address(dst));
                self.trace.same(slots);
            }
            _ => {}
        }
        for slot in [touched.made, touched.used].into_iter().flatten().filter(|slot| self.live[slot.index()]) {
            if let (true, Some(references)) = (self.counts, self.port.count(slot)) {
                self.trace.count_of(slot, references);
            }
        }
    }

    /// Everything that can be seen.
    pub(super) fn observe_all_shared(&mut self) {
        let connections = self.shared.connections;
        for slot in ConnectionSlot::all().filter(|slot| connections[slot.index()]) {
            self.see_connection(slot);
            self.see_connected(slot);
        }
        self.see_caches();
    }

    /// The fields of a connection's session that no slot holds, by way of a slot that holds nothing.
    fn see_connected(&mut self, x: ConnectionSlot) {
        let Some(slot) = Slot::all().find(|slot| !self.live[slot.index()]) else { return };
        let held = self.slots_with(self.port.connected(x)) != 0;
        if !held && self.port.look_at(slot, x) {
            self.trace.session_of(x);
            self.port.observe(slot, self.fields, self.trace);
            self.port.forget(slot);
        }
    }

    fn see_caches(&mut self) {
        let contexts = self.shared.contexts;
        for slot in ContextSlot::all().filter(|slot| contexts[slot.index()]) {
            self.list(slot);
        }
    }

    fn see_connection(&mut self, x: ConnectionSlot) {
        let address = self.port.connected(x);
        let slots = self.slots_with(address);
        self.trace.connection(x, address != 0, slots);
        if address != 0
            && slots == 0
            && self.counts
            && let Some(references) = self.port.count_at(address)
        {
            self.trace.count_of_connected(x, references);
        }
    }

    /// The slots that hold the session at this address: one bit each.
    fn slots_with(&self, address: usize) -> u8 {
        let holds = |slot: &Slot| address != 0 && self.live[slot.index()] && self.port.address(*slot) == address;
        Slot::all().filter(holds).fold(0, |slots, slot| slots | 1 << slot.index())
    }

    /// The cache of a context: how many, and a few of them in an order that does not depend on the hash.
    fn list(&mut self, c: ContextSlot) {
        let mut members = std::mem::take(&mut self.shared.members);
        members.clear();
        let (mut number, mut digest) = (0u32, 0u32);
        self.port.cached(c, &mut |address, version, bytes| {
            number += 1;
            digest = digest.wrapping_add(key(version, bytes));
            if number as usize <= LISTED {
                let mut id = [0; 32];
                let length = bytes.len().min(id.len());
                id[..length].copy_from_slice(&bytes[..length]);
                // The address for now: the port cannot be asked in between.
                self.shared.addresses.push(address);
                members.push(Member { version, length, id, slots: 0 });
            }
        });
        for (member, address) in members.iter_mut().zip(&self.shared.addresses) {
            member.slots = self.slots_with(*address);
        }
        self.shared.addresses.clear();
        self.trace.cache(c, number, digest);
        if number as usize <= LISTED {
            members.sort_unstable();
            for member in &members {
                self.trace.member(member.slots, member.version, &member.id[..member.length]);
            }
        }
        self.shared.members = members;
    }
}

/// What `SSL_dup` returns as the ledger knows it.
pub(super) fn planned_dup(makes: Makes) -> Dupped {
    if makes == Makes::Same { Dupped::Same } else { Dupped::Another }
}

/// A setting whose function returns nothing.
fn tell<P: Port>(port: &mut P, c: ContextSlot, setting: Setting) -> Called {
    port.set(c, setting);
    Called { made: false, getter: false }
}

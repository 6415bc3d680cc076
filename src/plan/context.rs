//! Contexts with their caches in the ledger, and why a call on what is shared must not run.

use std::fmt;

use super::block::{Blocks, sets_expiry};
use super::connection::HeldConnection;
use super::handshake::Trust;
use super::ledger::{Ledger, refuses_dup};
use super::{Skip, Unready};
use crate::op::{
    BlockCall, CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, DecryptTicket, ExIndex, Method, Op, RemoveCallback,
    SLOTS, Slot, Time, Variable, block_ops,
};

const OTHER_PROTOCOL: Skip = Skip::Unready(Unready::OtherProtocol);

/// More contexts than slots and connections can hold.
const OBJECTS: usize = 16;

/// Contexts and connections of a program.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    pub(super) contexts: [Option<HeldContext>; CONTEXTS],
    pub(super) connections: [Option<HeldConnection>; CONNECTIONS],
    /// How many slots and connections hold each context.
    pub(super) holders: [u32; OBJECTS],
    /// The connection that lent what a session slot borrows.
    pub(super) lenders: [Option<ConnectionSlot>; SLOTS],
    /// Something may have been kept by a callback.
    pub(super) keeps: bool,
    /// An op on contexts or connections has run.
    pub(super) used: bool,
    pub(super) trust: Trust,
    pub(super) blocks: Blocks,
    /// Says of each context where the callback of servers' names moves them to, if it is one that does.
    pub(super) moves: [Option<ContextSlot>; OBJECTS],
}

/// What a context slot holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldContext {
    references: u32,
    /// The context, by its number in the ledger.
    pub object: u8,
    pub method: Method,
    made: Made,
}

/// Says how a context was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// Says that the program made it.
    New,
    /// Says the same, for DTLS.
    ForDatagrams,
    /// Says that it was made before the program.
    Pooled,
}

impl HeldContext {
    /// Tells whether its connections speak DTLS.
    pub fn sends_datagrams(self) -> bool {
        self.made == Made::ForDatagrams
    }
}

impl Shared {
    /// Returns how many references a context slot owns.
    pub fn context_references(&self, slot: ContextSlot) -> u32 {
        self.contexts[slot.index()].map_or(0, |held| held.references)
    }

    /// Returns how many references a connection slot owns.
    pub fn connection_references(&self, slot: ConnectionSlot) -> u32 {
        self.connections[slot.index()].map_or(0, |held| held.references())
    }

    /// Returns the variables that hold a context.
    pub fn contexts(&self) -> impl Iterator<Item = ContextSlot> + use<> {
        let held = self.contexts.map(|held| held.is_some());
        ContextSlot::all().filter(move |slot| held[slot.index()])
    }

    /// Returns the variables that hold a connection.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionSlot> + use<> {
        let held = self.connections.map(|held| held.is_some());
        ConnectionSlot::all().filter(move |slot| held[slot.index()])
    }

    /// Returns the side that a context is for, and whether it is pooled.
    pub fn context(&self, slot: ContextSlot) -> Option<(Method, bool)> {
        self.contexts[slot.index()].map(|held| (held.method, held.made == Made::Pooled))
    }

    /// Returns the side that a connection is.
    pub fn method(&self, slot: ConnectionSlot) -> Option<Method> {
        self.connections[slot.index()].map(|held| held.method)
    }

    /// Tells whether an op on contexts or connections has run.
    pub fn used(&self) -> bool {
        self.used
    }

    pub(super) fn owned_now(&mut self, slot: Slot) {
        self.lenders[slot.index()] = None;
    }

    pub(super) fn holds(&self, variable: Variable) -> bool {
        match variable {
            Variable::Context(slot) => self.contexts[slot.index()].is_some(),
            Variable::Connection(slot) => self.connections[slot.index()].is_some(),
            Variable::Session(_) => true,
        }
    }

    fn new_context(&mut self) -> u8 {
        let free = self.holders.iter().position(|holders| *holders == 0).unwrap_or(OBJECTS - 1);
        self.holders[free] = 1;
        free as u8
    }

    pub(super) fn print(&self, f: &mut fmt::Formatter<'_>, mut separator: &str) -> fmt::Result {
        for slot in ContextSlot::all().filter(|slot| self.context_references(*slot) > 0) {
            write!(f, "{separator}{slot}:{}", self.context_references(slot))?;
            separator = " ";
        }
        for slot in ConnectionSlot::all().filter(|slot| self.connection_references(*slot) > 0) {
            write!(f, "{separator}{slot}:{}", self.connection_references(slot))?;
            separator = " ";
        }
        if separator.is_empty() { f.write_str("-") } else { Ok(()) }
    }
}

impl Ledger {
    /// Says why an op must not run, besides that a session's slot is empty or taken.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub(super) fn refuses(&self, op: &Op) -> Option<Skip> {
        if op.is_shared() {
            // That of a session is looked at by the caller.
            let made = op.result().filter(|made| !matches!(made, Variable::Session(_)));
            if made.is_some_and(|made| self.shared.holds(made)) {
                return Some(Skip::Taken);
            }
            // The result's variable comes first, and is empty.
            let mut operands = op.variables().skip(usize::from(made.is_some()));
            if operands.any(|named| !self.shared.holds(named)) {
                return Some(Skip::Empty);
            }
        }
        let object = |slot: Slot| self.slots[slot.index()].map(|held| *self.object(held.object));
        match *op {
            // What a slot only borrows is not its to give back.
            Op::Free { s: Some(s) } if self.references(s) == 0 => Some(Skip::Borrowed),
            // The hash of a cache goes by version and id, and is not told.
            Op::Set1Id { s, .. } | Op::SetProtocolVersion { s, .. } => {
                let cached = object(s).is_some_and(|object| object.cached != 0 || object.unknown);
                (cached && !self.setup.hazards).then_some(Skip::Hazard)
            }
            Op::ReadDer { s, b } | Op::ReadPem { s, b } => {
                let cached = object(s).is_some_and(|object| object.cached != 0 || object.unknown);
                (cached && !self.keeps_name(s, b) && !self.setup.hazards).then_some(Skip::Hazard)
            }
            Op::SetTime { s: Some(s), .. } | Op::SetTimeEx { s: Some(s), .. } | Op::SetTimeout { s: Some(s), .. } => {
                let copied = object(s).is_some_and(|object| object.may_be_copy_of_cached);
                (copied && self.setup.quirks.copies_keep_owner).then_some(Skip::Avoided)
            }
            Op::CtxSetTicketCb { decrypt: DecryptTicket::Aborts, .. } => {
                self.setup.quirks.aborted_ticket_leaks.then_some(Skip::Avoided)
            }
            Op::SetExData { index: ExIndex::Refused, value, .. } if refuses_dup(value.0) && self.shared.trust.finds => {
                self.setup.quirks.refused_copy_leaks.then_some(Skip::Avoided)
            }
            Op::CtxSetPskFindCb { .. } | Op::CtxSetPskFindBlock { .. }
                if self.shared.trust.refuses_dup && self.setup.quirks.refused_copy_leaks =>
            {
                Some(Skip::Avoided)
            }
            Op::CtxSetRemoveCb { callback, .. } if self.setup.quirks.flush_has_no_order => {
                let acts = !matches!(callback, RemoveCallback::None | RemoveCallback::Records);
                acts.then_some(Skip::Avoided)
            }
            block_ops!() => self.refuses_block(op),
            Op::SetSession { x, .. } => self.withholds(x),
            Op::SslClear { x } => self.withholds(x).or(self.refuses_clear(x)),
            // A session has one pair of links: it can be in one list.
            Op::CtxAdd { c, s } => {
                let here = 1u16 << self.shared.contexts[c.index()]?.object;
                let elsewhere = object(s).is_some_and(|object| object.cached & !here != 0);
                (elsewhere && !self.setup.hazards).then_some(Skip::Hazard)
            }
            // The pool has the last reference.
            Op::CtxFree { c: Some(c) } => self.shared.contexts[c.index()]
                .filter(|held| held.made == Made::Pooled && held.references == 1)
                .map(|_| Skip::Borrowed),
            // It leaks, as it says.
            Op::Forget { .. } => (!self.setup.hazards).then_some(Skip::Hazard),
            Op::CtxSetGetCb { callback, .. } if !callback.is_sound() => (!self.setup.hazards).then_some(Skip::Hazard),
            Op::TakeKept { .. } => (!self.shared.keeps).then_some(Skip::Empty),
            _ => self.refuses_to_talk(op),
        }
    }

    /// Leaves out what docs/FINDINGS.md withholds of `SSL_set_session_ticket_ext`.
    fn withholds(&self, x: ConnectionSlot) -> Option<Skip> {
        self.shared.keeps_told_ticket(x).then_some(Skip::Avoided)
    }

    /// Says why a connection is not cleared.
    fn refuses_clear(&self, x: ConnectionSlot) -> Option<Skip> {
        // What a peer sends last is that it closes, or an alert.
        let last = self.shared.was_told_end(x) || self.shared.trust.may_fail && self.shared.progress(x).has_begun();
        let again = self.shared.progress(x).was_asked_again();
        let unready = again.then_some(Skip::Unready(Unready::AskedAgain));
        unready.or((last && self.setup.quirks.clear_keeps_record).then_some(Skip::Avoided))
    }

    /// Says why an op must not run that is about a handshake, or about what comes before or after it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    fn refuses_to_talk(&self, op: &Op) -> Option<Skip> {
        match *op {
            Op::Handshake { client, server } => {
                let loses = self.shared.may_lose_context(server);
                self.no_handshake(client, server).map(Skip::Unready).or(loses.then_some(Skip::Avoided))
            }
            Op::SslDup { x, .. } => self.shared.may_have_moved(x).then_some(Skip::Unready(Unready::MayHaveMoved)),
            Op::UseCertificate { x } => self.shared.unready(x, Method::Client).map(Skip::Unready),
            Op::SendEarlyData { x } => {
                let datagrams = self.shared.sends_datagrams(x).then_some(Unready::OtherProtocol);
                self.shared.unready(x, Method::Client).or(datagrams).map(Skip::Unready)
            }
            Op::SetSslCtx { x, c } => self.shared.is_of_other_protocol(x, c?).then_some(OTHER_PROTOCOL),
            Op::SslShutdown { x } => self.shared.is_deaf(x).then_some(Skip::Unready(Unready::CannotRead)),
            Op::SslSetShutdown { x, .. } => self.shared.was_told_end(x).then_some(Skip::Unready(Unready::ToldEnd)),
            Op::NewSessionTicket { x } => {
                let renames = self.ticket_renames_cached() && !self.setup.hazards;
                self.no_ticket(x).map(Skip::Unready).or(renames.then_some(Skip::Hazard))
            }
            Op::Renegotiate { x } | Op::RenegotiateAbbreviated { x } => {
                let loses = self.shared.may_lose_context(x);
                self.no_renegotiation(x).map(Skip::Unready).or(loses.then_some(Skip::Avoided))
            }
            Op::KeyUpdate { x, .. } => self.shared.not_met(x).map(Skip::Unready),
            Op::VerifyClient { x } => self.no_ticket(x).map(Skip::Unready),
            Op::CopySessionId { to, .. } if self.shared.progress(to).was_told_ticket() => Some(Skip::Avoided),
            // Leaves out what docs/FINDINGS.md withholds, and a leak: a connection of DTLS frees none of it (`dtls1_free`, ssl/d1_lib.c).
            Op::SslSetTicketExt { x, .. } => {
                let avoided = self.shared.progress(x).is_under_way() || self.shared.sends_datagrams(x);
                avoided.then_some(Skip::Avoided)
            }
            Op::CopySessionId { to, from } => {
                if self.shared.sends_datagrams(to) != self.shared.sends_datagrams(from) {
                    return Some(OTHER_PROTOCOL);
                }
                let other_side = self.shared.method(to) != self.shared.method(from);
                (other_side && self.shared.progress(to).has_begun()).then_some(Skip::Unready(Unready::WrongSide))
            }
            _ => None,
        }
    }

    /// Says why a callback must not be this block.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that have a block; the others have none")]
    fn refuses_block(&self, op: &Op) -> Option<Skip> {
        let calls = op.block().unwrap_or_default();
        let (sound, locked) = match op {
            Op::CtxSetRemoveBlock { .. } => (true, self.setup.quirks.flush_has_no_order && !calls.is_empty()),
            Op::CtxSetGetBlock { block, .. } => (block.is_sound(), false),
            Op::CtxSetPskUseBlock { block, .. } | Op::CtxSetPskFindBlock { block, .. } => (block.is_sound(), false),
            _ => (true, false),
        };
        // What it gives away it does not own, or it breaks the library by what it calls.
        let sound = sound && !calls.iter().any(|call| call.is_hazard());
        let hazard = (!sound && !self.setup.hazards).then_some(Skip::Hazard);
        hazard.or(locked.then_some(Skip::Avoided)).or(self.avoids_expiry(calls))
    }

    /// Says that a block sets the time of what may be a copy that breaks the release: what a callback is told of may be one.
    fn avoids_expiry(&self, calls: &[BlockCall]) -> Option<Skip> {
        (sets_expiry(calls) && self.setup.quirks.copies_keep_owner).then_some(Skip::Avoided)
    }

    pub(super) fn new_context(&mut self, dst: ContextSlot, method: Method, made: Made) {
        let object = self.shared.new_context();
        self.shared.trust.forget_context(object);
        self.shared.moves[usize::from(object)] = None;
        self.shared.contexts[dst.index()] = Some(HeldContext { references: 1, object, method, made });
    }

    pub(super) fn up_ref_context(&mut self, c: ContextSlot) {
        if let Some(held) = &mut self.shared.contexts[c.index()] {
            held.references += 1;
        }
    }

    /// Gives back one reference; tells whether it was the last of this slot's.
    pub(super) fn free_context(&mut self, c: ContextSlot) -> bool {
        let Some(held) = &mut self.shared.contexts[c.index()] else { return false };
        held.references -= 1;
        if held.references > 0 {
            return false;
        }
        let object = held.object;
        self.shared.contexts[c.index()] = None;
        self.let_go_context(object);
        true
    }

    pub(super) fn let_go_context(&mut self, object: u8) {
        let holders = &mut self.shared.holders[usize::from(object)];
        *holders = holders.saturating_sub(1);
        if *holders == 0 {
            self.uncache_all(1 << object);
        }
    }

    /// Books that the cache of a context may list a session.
    pub(super) fn cache(&mut self, c: ContextSlot, s: Slot) {
        if let (Some(context), Some(held)) = (self.shared.contexts[c.index()], self.slots[s.index()]) {
            let blocks = self.shared.blocks;
            let object = self.object_mut(held.object);
            object.cached |= 1 << context.object;
            object.expose(blocks);
        }
    }

    /// Books that a session was taken out of a cache.
    pub(super) fn uncache(&mut self, c: ContextSlot, s: Slot) {
        if let (Some(context), Some(held)) = (self.shared.contexts[c.index()], self.slots[s.index()]) {
            let blocks = self.shared.blocks;
            let object = self.object_mut(held.object);
            object.resumable &= object.has_id == Some(false);
            if object.has_id == Some(true) && !object.unknown {
                object.cached &= !(1 << context.object);
            }
            // The callback is told of it, whether it was there or not.
            object.expose(blocks);
        }
    }

    /// Books a flush: only one at the end of time is known to take everything.
    pub(super) fn flush(&mut self, c: ContextSlot, time: Time) {
        if let (Time::At(0), Some(context)) = (time, self.shared.contexts[c.index()]) {
            self.uncache_all(1 << context.object);
        }
    }

    /// Books what the callback of servers' names does: it moves them to another context, or does not.
    pub(super) fn set_name_callback(&mut self, c: ContextSlot, to: Option<ContextSlot>) {
        if let Some(context) = self.shared.contexts[c.index()] {
            self.shared.moves[usize::from(context.object)] = to;
        }
    }

    pub(super) fn set_context_timeout(&mut self, c: ContextSlot, seconds: i64) {
        if let Some(context) = self.shared.contexts[c.index()] {
            self.shared.trust.note_timeout(context.object, seconds);
        }
    }
}

//! The ledger of what is shared: contexts with their caches, connections with their sessions.

use std::fmt;

use super::handshake::{Progress, Trust};
use super::ledger::{Ledger, Object, ObjectId};
use super::{Makes, Skip};
use crate::op::{
    CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, Method, Op, SLOTS, Slot, Time, Variable, session_ops,
};

/// More contexts than slots and connections can hold.
const OBJECTS: usize = 16;

/// Contexts and connections of a program.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    contexts: [Option<HeldContext>; CONTEXTS],
    pub(super) connections: [Option<HeldConnection>; CONNECTIONS],
    /// How many slots and connections hold each context.
    holders: [u32; OBJECTS],
    /// The connection that lent what a session slot borrows.
    lenders: [Option<ConnectionSlot>; SLOTS],
    /// Something may have been kept by a callback.
    keeps: bool,
    /// An op on contexts or connections has run.
    pub(super) used: bool,
    pub(super) trust: Trust,
}

#[derive(Clone, Copy, Debug)]
struct HeldContext {
    references: u32,
    object: u8,
    method: Method,
    /// It was not made by the program.
    pooled: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct HeldConnection {
    references: u32,
    pub session: Option<ObjectId>,
    context: u8,
    /// Where its sessions are cached.
    pub session_context: u8,
    pub method: Method,
    pub progress: Progress,
}

impl Shared {
    /// How many references a context slot owns.
    pub fn context_references(&self, slot: ContextSlot) -> u32 {
        self.contexts[slot.index()].map_or(0, |held| held.references)
    }

    /// How many references a connection slot owns.
    pub fn connection_references(&self, slot: ConnectionSlot) -> u32 {
        self.connections[slot.index()].map_or(0, |held| held.references)
    }

    /// Which side a context is for, and whether it is pooled.
    pub fn context(&self, slot: ContextSlot) -> Option<(Method, bool)> {
        self.contexts[slot.index()].map(|held| (held.method, held.pooled))
    }

    /// Which side a connection is.
    pub fn method(&self, slot: ConnectionSlot) -> Option<Method> {
        self.connections[slot.index()].map(|held| held.method)
    }

    /// Whether an op on contexts or connections has run.
    pub fn used(&self) -> bool {
        self.used
    }

    pub(super) fn owned_now(&mut self, slot: Slot) {
        self.lenders[slot.index()] = None;
    }

    fn holds(&self, variable: Variable) -> bool {
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
    /// Why an op must not run, besides that a session's slot is empty or taken.
    pub(super) fn refuses(&self, op: &Op) -> Option<Skip> {
        // That of a session is looked at by the caller.
        let made = op.result().filter(|made| !matches!(made, Variable::Session(_)));
        if made.is_some_and(|made| self.shared.holds(made)) {
            return Some(Skip::Taken);
        }
        if op.is_shared() {
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
            // A session has one pair of links: it can be in one list.
            Op::CtxAdd { c, s } => {
                let here = 1u16 << self.shared.contexts[c.index()]?.object;
                let elsewhere = object(s).is_some_and(|object| object.cached & !here != 0);
                (elsewhere && !self.setup.hazards).then_some(Skip::Hazard)
            }
            // The pool has the last reference.
            Op::CtxFree { c: Some(c) } => self.shared.contexts[c.index()]
                .filter(|held| held.pooled && held.references == 1)
                .map(|_| Skip::Borrowed),
            Op::Handshake { client, server } => (!self.can_shake_hands(client, server)).then_some(Skip::Unready),
            Op::UseCertificate { x } => (!self.shared.is_ready(x, Method::Client)).then_some(Skip::Unready),
            Op::SslShutdown { x } => self.shared.is_deaf(x).then_some(Skip::Unready),
            Op::SslSetShutdown { x, .. } => self.shared.was_told_end(x).then_some(Skip::Unready),
            Op::NewSessionTicket { x } => (!self.can_send_ticket(x)).then_some(Skip::Unready),
            Op::CopySessionId { to, from } => {
                let other_side = self.shared.method(to) != self.shared.method(from);
                (other_side && self.shared.progress(to).has_begun()).then_some(Skip::Unready)
            }
            // It leaks, as it says.
            Op::Forget { .. } => (!self.setup.hazards).then_some(Skip::Hazard),
            Op::CtxSetGetCb { callback, .. } if !callback.is_sound() => (!self.setup.hazards).then_some(Skip::Hazard),
            Op::TakeKept { .. } => (!self.shared.keeps).then_some(Skip::Empty),
            _ => None,
        }
    }

    /// Whether the slot lost its last reference, and what a constructor returns.
    pub(super) fn book_shared(&mut self, op: &Op) -> (bool, Makes) {
        const NOTHING: (bool, Makes) = (false, Makes::Nothing);
        self.shared.used = true;
        match *op {
            Op::CtxNew { dst, method } => self.new_context(dst, method, false),
            Op::CtxPooled { dst, method } => self.new_context(dst, method, true),
            Op::CtxUpRef { c } => {
                if let Some(held) = &mut self.shared.contexts[c.index()] {
                    held.references += 1;
                }
            }
            Op::CtxFree { c: Some(c) } => {
                let Some(held) = &mut self.shared.contexts[c.index()] else { return NOTHING };
                held.references -= 1;
                if held.references == 0 {
                    let object = held.object;
                    self.shared.contexts[c.index()] = None;
                    self.let_go_context(object);
                    return (true, Makes::Nothing);
                }
            }
            Op::CtxAdd { c, s } => {
                if let (Some(context), Some(held)) = (self.shared.contexts[c.index()], self.slots[s.index()]) {
                    self.object_mut(held.object).cached |= 1 << context.object;
                }
            }
            Op::CtxRemove { c, s: Some(s) } => {
                if let (Some(context), Some(held)) = (self.shared.contexts[c.index()], self.slots[s.index()]) {
                    let object = self.object_mut(held.object);
                    object.resumable &= object.has_id == Some(false);
                    if object.has_id == Some(true) && !object.unknown {
                        object.cached &= !(1 << context.object);
                    }
                }
            }
            Op::CtxFlush { c, time: Time::At(0) } | Op::CtxFlushEx { c, time: Time::At(0) } => {
                if let Some(context) = self.shared.contexts[c.index()] {
                    self.uncache_all(1 << context.object);
                }
            }
            Op::Forget { s } => {
                self.shared.owned_now(s);
                self.let_go(s);
            }
            Op::CtxSetRemoveCb { .. }
            | Op::CtxSetNewCb { .. }
            | Op::CtxSetPskUseCb { .. }
            | Op::CtxSetPskFindCb { .. } => self.shared.keeps = true,
            Op::CtxSetTimeout { c, timeout } => {
                if let Some(context) = self.shared.contexts[c.index()] {
                    self.shared.trust.note_timeout(context.object, timeout);
                }
            }
            Op::Handshake { client, server } => self.shake_hands(client, server),
            Op::NewSessionTicket { x } => self.send_ticket(x),
            Op::SslClear { x } => self.clear(x),
            // Nothing is sent after that.
            Op::SslShutdown { x } | Op::SslSetShutdown { x, .. } => {
                self.shared.note_other_session(x);
                self.shared.note_told_end(x);
            }
            Op::TakeKept { dst } => {
                let pristine = self.shared.trust.kept_are_pristine();
                let id = self.new_object(Object { pristine, ..Object::unknown() });
                self.hold(dst, id, 1);
                return (false, self.maybe(dst, Makes::Session, true));
            }
            Op::SslNew { dst, c } => {
                let Some(context) = self.shared.contexts[c.index()] else { return NOTHING };
                self.shared.holders[usize::from(context.object)] += 2;
                self.shared.connections[dst.index()] = Some(HeldConnection {
                    references: 1,
                    session: None,
                    context: context.object,
                    session_context: context.object,
                    method: context.method,
                    progress: Progress::default(),
                });
            }
            Op::SslDup { dst, x } => {
                let Some(source) = &mut self.shared.connections[x.index()] else { return NOTHING };
                if source.progress.has_begun() {
                    source.references += 1;
                    return (false, Makes::Same);
                }
                let source = *source;
                self.shared.holders[usize::from(source.context)] += 2;
                let copy = HeldConnection { references: 1, session: None, session_context: source.context, ..source };
                self.shared.connections[dst.index()] = Some(copy);
                self.put_session(dst, source.session);
            }
            Op::SslUpRef { x } => {
                if let Some(held) = &mut self.shared.connections[x.index()] {
                    held.references += 1;
                }
            }
            Op::SslFree { x: Some(x) } => {
                let Some(held) = &mut self.shared.connections[x.index()] else { return NOTHING };
                held.references -= 1;
                if held.references == 0 {
                    self.shared.note_other_session(x);
                    self.put_session(x, None);
                    if let Some(held) = self.shared.connections[x.index()].take() {
                        self.let_go_context(held.session_context);
                        self.let_go_context(held.context);
                    }
                    return (true, Makes::Nothing);
                }
            }
            Op::SetSession { x, s } => {
                self.shared.note_set_session(x);
                let session = s.and_then(|s| self.slots[s.index()]).map(|held| held.object);
                self.put_session(x, session);
            }
            Op::CopySessionId { to, from } => {
                // The method of a server that has agreed on a version is of that version, and 3.0 cannot begin with one.
                let agreed = self.shared.method(from) == Some(Method::Server) && self.shared.progress(from).has_begun();
                let mixed = self.shared.progress(from).has_other_side();
                if self.shared.method(to) != self.shared.method(from) || agreed || mixed {
                    self.shared.note_other_side(to);
                }
                self.shared.note_set_session(to);
                let session = self.shared.connections[from.index()].and_then(|held| held.session);
                self.put_session(to, session);
            }
            Op::GetSession { dst, x } | Op::Get0Session { dst, x } => return (false, self.read_session(dst, x, 0)),
            Op::Get1Session { dst, x } => return (false, self.read_session(dst, x, 1)),
            Op::SetSslCtx { x, c } => {
                let Some(connection) = self.shared.connections[x.index()] else { return NOTHING };
                let named = c.and_then(|c| self.shared.contexts[c.index()]);
                if named.is_some_and(|named| named.method != connection.method) {
                    self.shared.note_other_side(x);
                }
                let Some(connection) = self.shared.connections[x.index()] else { return NOTHING };
                let context = named.map_or(connection.session_context, |named| named.object);
                self.shared.holders[usize::from(context)] += 1;
                self.let_go_context(connection.context);
                self.shared.connections[x.index()] = Some(HeldConnection { context, ..connection });
            }
            // Only some of these change who owns what: NULL, and times other than 0, do not.
            Op::AdvanceClock { .. }
            | Op::CtxFree { .. }
            | Op::CtxSetCacheMode { .. }
            | Op::CtxGetCacheMode { .. }
            | Op::CtxSetCacheSize { .. }
            | Op::CtxGetCacheSize { .. }
            | Op::CtxGetTimeout { .. }
            | Op::CtxSetIdContext { .. }
            | Op::CtxRemove { .. }
            | Op::CtxFlush { .. }
            | Op::CtxFlushEx { .. }
            | Op::SessNumber { .. }
            | Op::SessConnect { .. }
            | Op::SessConnectGood { .. }
            | Op::SessConnectRenegotiate { .. }
            | Op::SessAccept { .. }
            | Op::SessAcceptGood { .. }
            | Op::SessAcceptRenegotiate { .. }
            | Op::SessHits { .. }
            | Op::SessCbHits { .. }
            | Op::SessMisses { .. }
            | Op::SessTimeouts { .. }
            | Op::SessCacheFull { .. }
            | Op::CtxSessions { .. }
            | Op::SslFree { .. }
            | Op::SessionReused { .. }
            | Op::SslSetIdContext { .. }
            | Op::CtxSetMaxVersion { .. }
            | Op::CtxSetOptions { .. }
            | Op::CtxClearOptions { .. }
            | Op::CtxSetNumTickets { .. }
            | Op::CtxSetVerify { .. }
            | Op::UseCertificate { .. }
            | Op::CtxSetGetCb { .. }
            | Op::CtxSetNotResumableCb { .. }
            | Op::CtxSetGenerateId { .. }
            | Op::GetPeerCertChain { .. }
            | session_ops!() => {}
        }
        NOTHING
    }

    fn new_context(&mut self, dst: ContextSlot, method: Method, pooled: bool) {
        let object = self.shared.new_context();
        self.shared.trust.forget_context(object);
        self.shared.contexts[dst.index()] = Some(HeldContext { references: 1, object, method, pooled });
    }

    fn let_go_context(&mut self, object: u8) {
        let holders = &mut self.shared.holders[usize::from(object)];
        *holders = holders.saturating_sub(1);
        if *holders == 0 {
            self.uncache_all(1 << object);
        }
    }

    /// The connection's session is this one; what it lent before is not to be used any more.
    fn put_session(&mut self, x: ConnectionSlot, session: Option<ObjectId>) {
        let Some(held) = self.shared.connections[x.index()] else { return };
        // What may not be there is not set, and the connection keeps what it had: from here on it has one of both, and neither
        // is known any more by its slot alone.
        let uncertain = session.filter(|id| self.object(*id).is_uncertain());
        let session = match uncertain {
            Some(id) => {
                let either = [Some(id), held.session].into_iter().flatten();
                let pristine = either.clone().all(|id| self.object(id).pristine);
                either.for_each(|id| self.object_mut(id).make_unknown());
                Some(self.new_object(Object { pristine, ..Object::unknown() }))
            }
            None => session,
        };
        self.replace_session(x, session);
    }

    /// The connection's session is this one, whatever it was.
    pub(super) fn replace_session(&mut self, x: ConnectionSlot, session: Option<ObjectId>) {
        let Some(held) = self.shared.connections[x.index()] else { return };
        if let Some(id) = session {
            let object = self.object_mut(id);
            (object.holders, object.connections) = (object.holders + 1, object.connections + 1);
        }
        for slot in Slot::all() {
            if self.shared.lenders[slot.index()] == Some(x) && held.session != session {
                self.shared.lenders[slot.index()] = None;
                self.let_go(slot);
            }
        }
        if let Some(id) = held.session {
            let object = self.object_mut(id);
            object.holders = object.holders.saturating_sub(1);
            object.connections = object.connections.saturating_sub(1);
        }
        if let Some(held) = &mut self.shared.connections[x.index()] {
            held.session = session;
        }
    }

    fn read_session(&mut self, dst: Slot, x: ConnectionSlot, references: u32) -> Makes {
        let session = self.shared.connections[x.index()].and_then(|held| held.session);
        let Some(id) = session else { return Makes::Null };
        self.hold(dst, id, references);
        if references == 0 {
            self.shared.lenders[dst.index()] = Some(x);
        }
        // What may not be there may not have been set either.
        self.maybe(dst, Makes::Session, self.object(id).is_uncertain())
    }
}

//! Connections and their sessions in the ledger.

use super::Makes;
use super::context::Shared;
use super::handshake::Progress;
use super::ledger::{Ledger, Object, ObjectId};
use crate::op::{ConnectionSlot, ContextSlot, Method, Slot};

/// What a connection slot holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldConnection {
    references: u32,
    pub session: Option<ObjectId>,
    context: u8,
    /// The contexts, one bit each, that a callback may have moved it to. It may hold any of them.
    moved: u16,
    /// Where its sessions are cached.
    pub session_context: u8,
    pub method: Method,
    /// It speaks DTLS.
    datagrams: bool,
    pub progress: Progress,
}

impl HeldConnection {
    pub const fn references(&self) -> u32 {
        self.references
    }
}

impl Shared {
    /// Returns the contexts, one bit each, whose callback may be asked for a server's name: those that a connection may have.
    fn may_have(&self, x: ConnectionSlot) -> u16 {
        self.connections[x.index()].map_or(0, |held| 1 << held.context | 1 << held.session_context | held.moved)
    }

    /// Returns the contexts, one bit each, that a callback may move a connection to in its handshake.
    fn may_move_to(&self, x: ConnectionSlot) -> u16 {
        let callers = self.may_have(x);
        let moves = self.moves.iter().enumerate().filter(|(object, _)| callers & 1 << object != 0);
        let to = moves.filter_map(|(_, to)| self.contexts[(*to)?.index()]);
        to.fold(0, |all, context| all | 1 << context.object)
    }

    /// Tells whether a connection speaks DTLS.
    pub fn sends_datagrams(&self, x: ConnectionSlot) -> bool {
        self.connections[x.index()].is_some_and(|held| held.datagrams)
    }

    /// Tells whether a context is for DTLS where a connection speaks TLS, or the other way round.
    pub(super) fn is_of_other_protocol(&self, x: ConnectionSlot, c: ContextSlot) -> bool {
        let context = self.contexts[c.index()];
        context.is_some_and(|context| context.sends_datagrams() != self.sends_datagrams(x))
    }

    /// Tells whether a callback may move a connection to a context that is for another protocol than its own.
    pub(super) fn may_change_protocol(&self, x: ConnectionSlot) -> bool {
        let to = self.may_move_to(x);
        let moves_to = |c: &ContextSlot| self.contexts[c.index()].is_some_and(|context| to & 1 << context.object != 0);
        ContextSlot::all().filter(moves_to).any(|c| self.is_of_other_protocol(x, c))
    }

    /// Tells whether a callback may move a connection away from a context that nobody else holds for sure.
    pub(super) fn may_lose_context(&self, x: ConnectionSlot) -> bool {
        let Some(held) = self.connections[x.index()] else { return false };
        let by_variables = self.contexts.iter().flatten().fold(1 << held.session_context, |all, c| all | 1 << c.object);
        self.may_move_to(x) != 0 && self.may_have(x) & !by_variables != 0
    }

    /// Tells whether it is not known where a connection is that can be copied.
    pub(super) fn may_have_moved(&self, x: ConnectionSlot) -> bool {
        self.connections[x.index()].is_some_and(|held| held.moved != 0 && !held.progress.has_begun())
    }
}

impl Ledger {
    pub(super) fn take_kept(&mut self, dst: Slot) -> Makes {
        let pristine = self.shared.trust.kept_are_pristine();
        let id = self.new_object(Object { pristine, ..Object::unknown() });
        self.hold(dst, id, 1);
        self.maybe(dst, Makes::Session, true)
    }

    pub(super) fn new_connection(&mut self, dst: ConnectionSlot, c: ContextSlot) {
        let Some(context) = self.shared.contexts[c.index()] else { return };
        self.shared.holders[usize::from(context.object)] += 2;
        self.shared.connections[dst.index()] = Some(HeldConnection {
            references: 1,
            session: None,
            context: context.object,
            moved: 0,
            session_context: context.object,
            method: context.method,
            datagrams: context.sends_datagrams(),
            progress: Progress::default(),
        });
    }

    pub(super) fn dup_connection(&mut self, dst: ConnectionSlot, x: ConnectionSlot) -> Makes {
        let Some(source) = &mut self.shared.connections[x.index()] else { return Makes::Nothing };
        if source.progress.has_begun() {
            source.references += 1;
            return Makes::Same;
        }
        let source = *source;
        self.shared.holders[usize::from(source.context)] += 2;
        let copy = HeldConnection { references: 1, session: None, session_context: source.context, ..source };
        self.shared.connections[dst.index()] = Some(copy);
        self.put_session(dst, source.session);
        Makes::Nothing
    }

    pub(super) fn up_ref_connection(&mut self, x: ConnectionSlot) {
        if let Some(held) = &mut self.shared.connections[x.index()] {
            held.references += 1;
        }
    }

    /// Gives back one reference; tells whether it was the last of this slot's.
    pub(super) fn free_connection(&mut self, x: ConnectionSlot) -> bool {
        let Some(held) = &mut self.shared.connections[x.index()] else { return false };
        held.references -= 1;
        if held.references > 0 {
            return false;
        }
        self.shared.note_other_session(x);
        self.put_session(x, None);
        if let Some(held) = self.shared.connections[x.index()].take() {
            self.let_go_context(held.session_context);
            self.let_go_context(held.context);
            self.let_go_moved(held.moved);
        }
        true
    }

    /// Books that a callback may move a server to another context while it shakes hands.
    pub(super) fn may_move(&mut self, x: ConnectionSlot) {
        let to = self.shared.may_move_to(x);
        let other_side = ContextSlot::all().any(|c| {
            let context = self.shared.contexts[c.index()];
            context.is_some_and(|context| context.method != Method::Server && to & 1 << context.object != 0)
        });
        if other_side {
            self.shared.note_other_side(x);
        }
        let Some(held) = &mut self.shared.connections[x.index()] else { return };
        let more = to & !held.moved;
        held.moved |= to;
        for (object, holders) in self.shared.holders.iter_mut().enumerate() {
            *holders += u32::from(more >> object & 1);
        }
    }

    fn let_go_moved(&mut self, contexts: u16) {
        (0..16u8).filter(|object| contexts & 1 << object != 0).for_each(|object| self.let_go_context(object));
    }

    pub(super) fn set_session(&mut self, x: ConnectionSlot, s: Option<Slot>) {
        self.shared.note_set_session(x);
        let session = s.and_then(|s| self.slots[s.index()]).map(|held| held.object);
        self.put_session(x, session);
    }

    pub(super) fn copy_session(&mut self, to: ConnectionSlot, from: ConnectionSlot) {
        // The method of a server that has agreed on a version is of that version, and 3.0 cannot begin with one.
        let agreed = self.shared.method(from) == Some(Method::Server) && self.shared.progress(from).has_begun();
        let mixed = self.shared.progress(from).has_other_side();
        if self.shared.method(to) != self.shared.method(from) || agreed || mixed {
            self.shared.note_other_side(to);
        }
        self.shared.note_taken_over(to);
        self.shared.note_set_session(to);
        let session = self.shared.connections[from.index()].and_then(|held| held.session);
        self.put_session(to, session);
    }

    pub(super) fn set_context(&mut self, x: ConnectionSlot, c: Option<ContextSlot>) {
        let Some(connection) = self.shared.connections[x.index()] else { return };
        let named = c.and_then(|c| self.shared.contexts[c.index()]);
        if named.is_some_and(|named| named.method != connection.method) {
            self.shared.note_other_side(x);
        }
        let Some(connection) = self.shared.connections[x.index()] else { return };
        let context = named.map_or(connection.session_context, |named| named.object);
        self.shared.holders[usize::from(context)] += 1;
        self.let_go_context(connection.context);
        // Wherever it was moved to, it is here now.
        self.let_go_moved(connection.moved);
        self.shared.connections[x.index()] = Some(HeldConnection { context, moved: 0, ..connection });
    }

    /// Books an end: nothing is sent after it.
    pub(super) fn shut_down(&mut self, x: ConnectionSlot) {
        self.shared.note_other_session(x);
        self.shared.note_told_end(x);
    }

    /// Gives the connection this session. What the connection lent before is not to be used any more.
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

    /// Gives the connection this session, whatever it had.
    pub(super) fn replace_session(&mut self, x: ConnectionSlot, session: Option<ObjectId>) {
        let Some(held) = self.shared.connections[x.index()] else { return };
        if let Some(id) = session {
            let blocks = self.shared.blocks;
            let object = self.object_mut(id);
            (object.holders, object.connections) = (object.holders + 1, object.connections + 1);
            // A remove callback is told of it where the connection gives it up.
            object.expose(blocks);
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

    pub(super) fn read_session(&mut self, dst: Slot, x: ConnectionSlot, references: u32) -> Makes {
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

//! The ledger: who owns what, op by op.

use std::fmt;

use super::context::{Made, Shared};
use super::touched::touches;
use super::{CannotDup, Makes, Origin, Setup, Skip, State, Step};
use crate::op::{
    BUFFERS, BufferSlot, ConnectionSlot, ExIndex, Op, SLOTS, Sample, Slot, Variable, block_ops, getters, plain_ops,
};

/// Knows who owns what, after the ops so far.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) setup: Setup,
    pub(super) slots: [Option<Held>; SLOTS],
    objects: [Object; OBJECTS],
    pub(super) shared: Shared,
    /// Says of which session each byte variable holds the DER or PEM, unchanged.
    written: [Option<Written>; BUFFERS],
    /// Says of each byte variable that what the program put into it may be no session of a handshake.
    foreign: [bool; BUFFERS],
}

/// Says what was written into a byte variable.
#[derive(Clone, Copy, Debug)]
struct Written {
    /// The session, while it is there and has the id and the version that were written.
    of: Option<ObjectId>,
    /// Nothing but a handshake, and what keeps all that it made, had made the session.
    pristine: bool,
}

/// More sessions than slots and connections can hold.
const OBJECTS: usize = 16;

/// A session, by its number in the ledger: several slots and connections may hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ObjectId(u8);

/// Says what a slot holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// 0: it only borrows.
    pub references: u32,
    pub object: ObjectId,
    /// Says whether it holds anything is known only when the program runs.
    pub maybe: bool,
}

/// Holds what is known of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    /// Counts how many slots and connections hold it.
    pub holders: u32,
    pub origin: Origin,
    /// The first of the reasons why a duplicate of it is NULL.
    pub cannot_dup: Option<CannotDup>,
    /// Application data was set at any index.
    pub has_ex_data: bool,
    /// Says that only the run shows whether it can be duplicated: application data may have been set by another
    /// name that it has, or it was read from bytes.
    pub dup_uncertain: bool,
    /// It may be one of those that other slots hold: a handshake decided.
    pub unknown: bool,
    /// Says whether it is there at all is known only when the program runs.
    pub maybe: bool,
    /// Says whether it has an id, if that is known.
    pub has_id: Option<bool>,
    /// One bit for each context that may have it in its cache.
    pub cached: u16,
    pub connections: u32,
    /// Nothing was done that makes it not resumable.
    pub resumable: bool,
    /// It comes from a handshake, or is a duplicate of one that does, and the program changed nothing in it.
    pub pristine: bool,
    /// It may have been duplicated from a session that was in a cache.
    pub may_be_copy_of_cached: bool,
    /// A block may have been told of it and may have put it into any cache, and may do so at any time.
    pub exposed: bool,
}

impl Object {
    pub(super) const fn new(origin: Origin) -> Object {
        Object {
            holders: 0,
            origin,
            cannot_dup: None,
            has_ex_data: false,
            dup_uncertain: false,
            unknown: false,
            maybe: false,
            has_id: Some(false),
            cached: 0,
            connections: 0,
            resumable: true,
            pristine: false,
            may_be_copy_of_cached: false,
            exposed: false,
        }
    }

    /// One that may be any, or none: no call is made on it that is a hazard for some.
    pub(super) const fn unknown() -> Object {
        let known = Object::new(Origin::Filled);
        Object { unknown: true, maybe: true, cached: u16::MAX, has_id: None, may_be_copy_of_cached: true, ..known }
    }

    /// From here on it may be held by others, too.
    pub(super) const fn make_unknown(&mut self) {
        (self.unknown, self.cached, self.has_id) = (true, u16::MAX, None);
        self.may_be_copy_of_cached = true;
    }

    pub(super) const fn is_uncertain(&self) -> bool {
        self.unknown || self.maybe
    }

    fn fill(&mut self) {
        if self.origin == Origin::Fresh {
            self.origin = Origin::Filled;
        }
    }
}

/// Tells whether the callback of [`ExIndex::Refused`] refuses to duplicate a session that has this value.
pub(super) const fn refuses_dup(value: u64) -> bool {
    value % 2 == 1
}

/// Tells whether a call is given what some libraries leave undefined.
fn gives_undefined(op: &Op) -> bool {
    matches!(
        op,
        Op::GetTimeout { s: None }
            | Op::SetSslCtx { c: None, .. }
            | Op::SetExData { index: ExIndex::Negative, .. }
            | Op::Set1OwnId { .. }
            | Op::Set1OwnIdContext { .. }
    )
}

/// Says what an op did to who owns what.
struct Booked {
    /// The slot lost its last reference.
    ends: bool,
    /// Says what a constructor returns.
    makes: Makes,
}

/// Matches the custom ops that leave as it is who owns what.
macro_rules! inert {
    () => {
        Op::GetMasterKey { .. }
            | Op::GetExData { .. }
            | Op::AdvanceClock { .. }
            | Op::TurnBackClock { .. }
            | Op::CtxSessions { .. }
            | Op::CtxSetMaxVersion { .. }
            | Op::SslSetHostName { .. }
            | Op::SslSetTicketExt { .. }
            | Op::CtxSetTicketKeys { .. }
            | Op::CtxCopyTicketKeys { .. }
            | Op::CtxSetAlpnSelectCb { .. }
            | Op::CtxSetTicketCb { .. }
            | Op::CtxSetTicketKeyCb { .. }
            | Op::GetAlpnSelected { .. }
            | Op::CtxSetOptions { .. }
            | Op::CtxClearOptions { .. }
            | Op::CtxSetVerify { .. }
            | Op::CtxSetGetCb { .. }
            | Op::CtxSetNotResumableCb { .. }
            | Op::CtxSetGenerateId { .. }
            | Op::UseCertificate { .. }
            | Op::KeyUpdate { .. }
            | Op::SetPostHandshakeAuth { .. }
            | Op::GetPeerCertChain { .. }
    };
}

impl Ledger {
    /// Starts with nobody owning anything.
    pub fn new(setup: Setup) -> Ledger {
        Ledger {
            setup,
            slots: [None; SLOTS],
            objects: [Object::new(Origin::Fresh); OBJECTS],
            shared: Shared::default(),
            written: [None; BUFFERS],
            foreign: [false; BUFFERS],
        }
    }

    /// Returns how many references a slot owns; 0 when it is empty or borrows.
    #[inline]
    pub fn references(&self, slot: Slot) -> u32 {
        self.slots[slot.index()].map_or(0, |held| held.references)
    }

    /// Tells whether a slot holds a session, owned or borrowed.
    pub fn holds(&self, slot: Slot) -> bool {
        self.slots[slot.index()].is_some()
    }

    /// Returns the slots that hold a session.
    pub fn live(&self) -> impl Iterator<Item = Slot> + use<> {
        let held = self.slots.map(|held| held.is_some());
        Slot::all().filter(move |slot| held[slot.index()])
    }

    /// Returns the slots that borrow, each with its lender.
    pub fn loans(&self) -> impl Iterator<Item = (Slot, ConnectionSlot)> + use<> {
        let lenders = self.shared.lenders;
        Slot::all().filter_map(move |slot| Some((slot, lenders[slot.index()]?)))
    }

    /// Tells whether a variable holds something.
    pub fn has(&self, variable: Variable) -> bool {
        match variable {
            Variable::Session(slot) => self.holds(slot),
            Variable::Context(_) | Variable::Connection(_) => self.shared.holds(variable),
        }
    }

    /// Returns every variable that holds something.
    pub fn variables(&self) -> impl Iterator<Item = Variable> + use<> {
        let sessions = self.live().map(Variable::Session);
        let connections = self.shared.connections().map(Variable::Connection);
        sessions.chain(connections).chain(self.shared.contexts().map(Variable::Context))
    }

    /// Tells whether a slot holds what a handshake made, as it made it.
    pub fn is_pristine(&self, slot: Slot) -> bool {
        self.slots[slot.index()].is_some_and(|held| self.object(held.object).pristine)
    }

    /// Contexts and connections.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The state of a slot's session.
    pub fn state(&self, slot: Slot) -> Option<State> {
        self.slots[slot.index()].map(|held| {
            let object = self.object(held.object);
            State {
                references: held.references,
                origin: object.origin,
                cached: object.cached != 0,
                connected: object.connections > 0,
                resumable: object.resumable && object.has_id != Some(false),
            }
        })
    }

    /// Settles what becomes of `op`, and books it.
    #[inline]
    pub fn step(&mut self, op: &Op) -> Step {
        if self.setup.lacks.contains(op.kind()) {
            return Step::Skip(Skip::Unsupported);
        }
        let touched = touches(op);
        if self.setup.quirks.undefined.contains(op.kind()) && gives_undefined(op) {
            return Step::Skip(Skip::Unsupported);
        }
        if touched.made.is_some_and(|slot| self.slots[slot.index()].is_some()) {
            return Step::Skip(Skip::Taken);
        }
        if touched.used.is_some_and(|slot| self.slots[slot.index()].is_none()) {
            return Step::Skip(Skip::Empty);
        }
        if let Some(skip) = self.refuses(op) {
            return Step::Skip(skip);
        }
        // Nothing comes from a handshake, and no callback keeps anything, where there is no context.
        if self.shared.used || op.is_shared() {
            self.note_tampering(op);
        }
        let Booked { ends, makes } = self.book(op);
        Step::Run { ends, makes, touched, sets: op.sets() }
    }

    /// Books a call that runs, of which nothing is known but that. What callbacks may use follows from it as in a run.
    pub fn follow(&mut self, op: &Op) {
        self.book(op);
    }

    /// Books a call that was made, and what came of it: it `made` a session, or returned a `number`. Where that was not known
    /// beforehand, it is known from here on.
    pub fn settle(&mut self, op: &Op, made: bool, number: Option<i64>) {
        self.book(op);
        match op.result() {
            Some(Variable::Session(slot)) if made => {
                if let Some(held) = &mut self.slots[slot.index()] {
                    held.maybe = false;
                }
            }
            Some(Variable::Session(slot)) => self.empty(slot),
            Some(Variable::Context(slot)) if number != Some(1) => self.shared.contexts[slot.index()] = None,
            Some(Variable::Connection(slot)) if number != Some(1) => self.shared.connections[slot.index()] = None,
            Some(Variable::Context(_) | Variable::Connection(_)) | None => {}
        }
    }

    /// Books that a slot holds nothing: what was to come into it did not, or who lent it has it no more.
    pub fn empty(&mut self, slot: Slot) {
        self.shared.owned_now(slot);
        self.let_go(slot);
    }

    /// Books who owns what after an op that runs.
    fn book(&mut self, op: &Op) -> Booked {
        self.shared.used |= op.is_shared();
        let mut booked = Booked { ends: false, makes: Makes::Nothing };
        match *op {
            Op::New { dst } => booked.makes = self.make(dst, Object::new(Origin::Fresh)),
            Op::SampleSession { dst, sample } => booked.makes = self.make_sample(dst, sample),
            Op::Dup { dst, src } => booked.makes = self.dup(dst, src),
            Op::TakeKept { dst } => booked.makes = self.take_kept(dst),
            Op::GetSession { dst, x } | Op::Get0Session { dst, x } => booked.makes = self.read_session(dst, x, 0),
            Op::Get1Session { dst, x } => booked.makes = self.read_session(dst, x, 1),
            Op::SslDup { dst, x } => booked.makes = self.dup_connection(dst, x),
            Op::Free { s } => booked.ends = s.is_some_and(|s| self.give_back(s)),
            Op::CtxFree { c } => booked.ends = c.is_some_and(|c| self.free_context(c)),
            Op::SslFree { x } => booked.ends = x.is_some_and(|x| self.free_connection(x)),
            Op::UpRef { s } => self.up_ref(s),
            Op::SetExData { s, index, value } => self.set_ex_data(s, index, value.0),
            Op::Set1Id { s, ref id } => self.set_id(s, id.get().map_or(0, <[u8]>::len)),
            Op::SetProtocolVersion { s, .. } => {
                self.renamed(s);
                self.change(s, Object::fill);
            }
            Op::ToDer { dst, s } | Op::ToDerBio { dst, s } | Op::ToPem { dst, s } => self.write(dst, s),
            Op::Print { dst, .. } | Op::PrintKeylog { dst, .. } | Op::SetBytes { dst, .. } => self.overwrite(dst),
            Op::SetByte { b, .. } | Op::DeleteBytes { b, .. } | Op::InsertBytes { b, .. } => self.overwrite(b),
            Op::FromDer { dst, b } | Op::FromDerEx { dst, b } | Op::FromDerBio { dst, b } | Op::FromPem { dst, b } => {
                booked.makes = self.make_read(dst, b);
            }
            Op::ReadDer { s, .. } | Op::ReadPem { s, .. } => self.read_into(s),
            Op::Forget { s } => self.empty(s),
            Op::CtxNew { dst, method } => self.new_context(dst, method, Made::New),
            Op::CtxNewDtls { dst, method } => self.new_context(dst, method.side(), Made::ForDatagrams),
            Op::CtxPooled { dst, method } => self.new_context(dst, method, Made::Pooled),
            Op::CtxUpRef { c } => self.up_ref_context(c),
            Op::CtxAdd { c, s } => self.cache(c, s),
            Op::CtxRemove { c, s } => s.map_or((), |s| self.uncache(c, s)),
            Op::CtxFlush { c, time } | Op::CtxFlushEx { c, time } => self.flush(c, time),
            Op::CtxSetTimeout { c, timeout } => self.set_context_timeout(c, timeout),
            Op::CtxSetRemoveCb { .. }
            | Op::CtxSetNewCb { .. }
            | Op::CtxSetPskUseCb { .. }
            | Op::CtxSetPskFindCb { .. } => self.shared.keeps = true,
            Op::CtxSetServerNameCb { c, .. } => self.set_name_callback(c, None),
            Op::CtxSetNameBlock { c, block } => self.set_name_callback(c, Some(block.to)),
            block_ops!() => self.set_block(op),
            Op::SslNew { dst, c } => self.new_connection(dst, c),
            Op::SslUpRef { x } => self.up_ref_connection(x),
            Op::SslClear { x } => self.clear(x),
            Op::SetSession { x, s } => self.set_session(x, s),
            Op::CopySessionId { to, from } => self.copy_session(to, from),
            Op::SetSslCtx { x, c } => self.set_context(x, c),
            Op::Handshake { client, server } => self.shake_hands(client, server),
            Op::NewSessionTicket { x } => self.send_ticket(x),
            Op::VerifyClient { x } => self.ask_client(x),
            Op::Renegotiate { x } | Op::RenegotiateAbbreviated { x } => self.renegotiate(x),
            Op::SendEarlyData { x } => self.shared.note_early(x),
            Op::SslShutdown { x } | Op::SslSetShutdown { x, .. } => self.shut_down(x),
            inert!() | getters!() => {}
            plain_ops!() | Op::Set1OwnId { .. } | Op::Set1OwnIdContext { .. } => self.fill(op),
        }
        booked
    }

    /// Notes that a session is not as new any more.
    fn fill(&mut self, op: &Op) {
        if let (Some(s), true) = (op.used(), op.sets().is_some()) {
            self.change(s, Object::fill);
        }
    }

    fn make_sample(&mut self, dst: Slot, sample: Sample) -> Makes {
        let cannot_dup = (sample == Sample::EmptyTicket).then_some(CannotDup::EmptyTicket);
        self.make(dst, Object { cannot_dup, has_id: None, ..Object::new(Origin::Filled) })
    }

    fn dup(&mut self, dst: Slot, src: Slot) -> Makes {
        let Some(source) = self.slots[src.index()].map(|held| *self.object(held.object)) else { return Makes::Null };
        if !self.can_dup(source) && !source.dup_uncertain {
            return Makes::Null;
        }
        let Object { has_ex_data, has_id, pristine, .. } = source;
        let maybe = source.is_uncertain() || self.is_maybe(src) || source.dup_uncertain;
        let may_be_copy_of_cached = source.cached != 0 || source.may_be_copy_of_cached;
        let copy = Object { has_ex_data, has_id, maybe, pristine, may_be_copy_of_cached, ..Object::new(Origin::Dup) };
        let made = self.make(dst, copy);
        self.maybe(dst, made, maybe)
    }

    fn write(&mut self, dst: BufferSlot, s: Slot) {
        let written = self.slots[s.index()].map(|held| {
            let object = self.object(held.object);
            Written { of: (!object.is_uncertain()).then_some(held.object), pristine: object.pristine }
        });
        self.written[dst.index()] = written;
        self.foreign[dst.index()] = !written.is_some_and(|written| written.pristine);
    }

    fn overwrite(&mut self, b: BufferSlot) {
        self.written[b.index()] = None;
        self.foreign[b.index()] = true;
    }

    /// Makes a session of bytes, if that is what they are.
    fn make_read(&mut self, dst: Slot, b: BufferSlot) -> Makes {
        let pristine = self.is_pristine_of(b);
        let read = Object { has_id: None, dup_uncertain: true, maybe: true, pristine, ..Object::new(Origin::Filled) };
        let made = self.make(dst, read);
        self.maybe(dst, made, true)
    }

    /// Tells whether bytes are of a session that only a handshake has made.
    pub(super) fn is_pristine_of(&self, b: BufferSlot) -> bool {
        let by_program = self.written[b.index()].is_some_and(|written| written.pristine);
        // What a block wrote is of a session that a callback may have kept as well.
        match self.is_written_by_block(b) {
            true => !self.foreign[b.index()] && self.shared.trust.kept_are_pristine(),
            false => by_program,
        }
    }

    fn is_written_by_block(&self, b: BufferSlot) -> bool {
        self.shared.blocks.writes & 1 << b.index() != 0
    }

    /// Reads bytes into a session, of which nothing may be as it was.
    fn read_into(&mut self, s: Slot) {
        self.renamed(s);
        self.change(s, |object| {
            object.fill();
            object.has_id = None;
            object.dup_uncertain = true;
            if object.cannot_dup == Some(CannotDup::EmptyTicket) {
                object.cannot_dup = None;
            }
        });
    }

    /// Notes that a session may have another id or version than was written.
    fn renamed(&mut self, s: Slot) {
        let of = self.slots[s.index()].map(|held| held.object);
        for written in self.written.iter_mut().flatten().filter(|written| written.of == of) {
            written.of = None;
        }
    }

    /// Tells whether what is read from these bytes leaves the session's id and version as they are.
    pub(super) fn keeps_name(&self, s: Slot, b: BufferSlot) -> bool {
        let of = self.slots[s.index()].map(|held| held.object);
        let known = of.is_some_and(|of| !self.object(of).is_uncertain()) && !self.is_written_by_block(b);
        known && self.written[b.index()].is_some_and(|written| written.of == of)
    }

    fn up_ref(&mut self, s: Slot) {
        if let Some(held) = &mut self.slots[s.index()] {
            held.references += 1;
        }
        self.shared.owned_now(s);
    }

    fn set_ex_data(&mut self, s: Slot, index: ExIndex, value: u64) {
        if self.slots[s.index()].is_some_and(|held| self.object(held.object).is_uncertain()) {
            // It may be any of those that others hold.
            self.objects.iter_mut().for_each(|object| object.dup_uncertain = true);
        }
        self.change(s, |object| {
            object.has_ex_data = true;
            object.fill();
            if index == ExIndex::Refused && object.cannot_dup != Some(CannotDup::EmptyTicket) {
                object.cannot_dup = refuses_dup(value).then_some(CannotDup::Callback);
            }
        });
        self.shared.trust.refuses_dup |= index == ExIndex::Refused && refuses_dup(value);
    }

    fn set_id(&mut self, s: Slot, length: usize) {
        self.renamed(s);
        self.change(s, |object| {
            object.fill();
            if length <= 32 {
                object.has_id = Some(length > 0);
            }
        });
    }

    fn can_dup(&self, source: Object) -> bool {
        let callbacks = self.setup.ex_data;
        match source.cannot_dup {
            Some(CannotDup::EmptyTicket) => false,
            Some(CannotDup::Callback) => self.setup.quirks.copies_ex_data,
            None => callbacks || !source.has_ex_data || self.setup.quirks.copies_ex_data,
        }
    }

    pub(super) fn is_maybe(&self, slot: Slot) -> bool {
        self.slots[slot.index()].is_some_and(|held| held.maybe)
    }

    /// Returns what a constructor returns when it is not known beforehand.
    pub(super) fn maybe(&mut self, slot: Slot, makes: Makes, maybe: bool) -> Makes {
        let Some(held) = self.slots[slot.index()].as_mut().filter(|_| maybe) else { return makes };
        held.maybe = true;
        Makes::Maybe
    }

    fn make(&mut self, slot: Slot, object: Object) -> Makes {
        let id = self.new_object(object);
        self.hold(slot, id, 1);
        Makes::Session
    }

    /// Room for another session.
    pub(super) fn new_object(&mut self, object: Object) -> ObjectId {
        let free = self.objects.iter().position(|object| object.holders == 0).unwrap_or(OBJECTS - 1);
        self.objects[free] = object;
        let id = ObjectId(free as u8);
        // Bytes that were written of the session that was here before are not of this one.
        for written in self.written.iter_mut().flatten().filter(|written| written.of == Some(id)) {
            written.of = None;
        }
        id
    }

    /// The slot holds this session from here on.
    pub(super) fn hold(&mut self, slot: Slot, object: ObjectId, references: u32) {
        self.object_mut(object).holders += 1;
        self.slots[slot.index()] = Some(Held { references, object, maybe: false });
    }

    /// The slot holds nothing any more.
    pub(super) fn let_go(&mut self, slot: Slot) {
        if let Some(held) = self.slots[slot.index()].take() {
            let object = self.object_mut(held.object);
            object.holders = object.holders.saturating_sub(1);
        }
    }

    pub(super) fn object(&self, id: ObjectId) -> &Object {
        &self.objects[usize::from(id.0)]
    }

    pub(super) fn object_mut(&mut self, id: ObjectId) -> &mut Object {
        &mut self.objects[usize::from(id.0)]
    }

    /// Exposes the sessions of which this holds to blocks that put them into caches.
    pub(super) fn expose_where(&mut self, holds: impl Fn(&Object) -> bool) {
        let blocks = self.shared.blocks;
        self.objects.iter_mut().filter(|object| holds(object)).for_each(|object| object.expose(blocks));
    }

    /// No session is in the caches of these contexts any more: one bit each.
    pub(super) fn uncache_all(&mut self, contexts: u16) {
        let stays = |object: &Object| object.unknown || object.exposed;
        for object in self.objects.iter_mut().filter(|object| !stays(object) && object.cached & contexts != 0) {
            object.cached &= !contexts;
            object.resumable = false;
        }
    }

    fn change(&mut self, slot: Slot, change: impl FnOnce(&mut Object)) {
        if let Some(held) = self.slots[slot.index()] {
            change(self.object_mut(held.object));
        }
    }

    /// One reference less; whether it was the last of this slot's.
    fn give_back(&mut self, slot: Slot) -> bool {
        match &mut self.slots[slot.index()] {
            Some(Held { references: references @ 2.., .. }) => {
                *references -= 1;
                false
            }
            Some(_) => {
                self.let_go(slot);
                true
            }
            None => false,
        }
    }
}

/// `s0:2 s3:1`: the slots that hold something and how many references they own.
impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for slot in Slot::all().filter(|slot| self.holds(*slot)) {
            write!(f, "{separator}{slot}:{}", self.references(slot))?;
            separator = " ";
        }
        self.shared.print(f, separator)
    }
}

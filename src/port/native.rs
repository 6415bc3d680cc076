//! The native library as a port.

mod callback_blocks;
mod callbacks;
mod connection;
mod context;
mod handshake;
mod read;
mod serial;
mod session;

pub(super) use serial::OfSamples;
pub(super) use session::Access;
use session::Held;

use std::sync::Arc;

use self::read::{number, shows_bytes, with_bytes};
use super::buffers::Buffers;
use super::handshakes::Alerts;
use super::{
    Abilities, Cached, Ended, Holders, Identity, Memory, Moment, Place, Port, Returned, Value, blocks, events, present,
};
use crate::field::{Field, Fields, for_each_field};
use crate::native::{
    self, Clock, Compression, Connection, Context, Custom, Error, ExCallbacks, Family, Following, Library, Release,
    Rule, Rules, Session, View,
};
use crate::op::{
    BufferSlot, CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, ExIndex, Kind, Op, SLOTS, Slot, Variable,
};
use crate::plan::clock::START_MICROS;
use crate::plan::{Quirks, Setup};
use crate::samples;
use crate::trace::{After, Mishap};

/// Holds sessions of one native library, in slots. A slot holds as many handles as it owns references.
pub struct NativePort {
    library: Arc<Library>,
    slots: [Held; SLOTS],
    contexts: [Vec<Arc<Context>>; CONTEXTS],
    connections: [Vec<Arc<Connection>>; CONNECTIONS],
    /// Holds the handles that a program lost: they go when the next program begins.
    lost: Vec<Session>,
    /// Tells whether the indices of ex_data are registered, and the end of a context is told.
    has_callbacks: bool,
    /// Says what is told of a side of a handshake that has failed: itself, but for ports with a bug.
    tells: fn(Alerts) -> Alerts,
    raised: bool,
    /// Tells whether errors are told of: the other port may have no way to.
    tells_errors: bool,
    /// Names the step of the program in which the library was broken by a fault of its release, after which it cannot
    /// be compared.
    broken_in: Option<u32>,
    /// Holds the byte variables of the program.
    buffers: Buffers,
    /// Gives room for what is read.
    room: Box<[u8]>,
    /// Gives room for the DER of a session.
    der: Vec<u8>,
}

/// Lists the calls that some families leave undefined with an operand that OpenSSL takes.
const UNDEFINED: [(Custom, Kind); 5] = [
    (Custom::TimeoutOfNullIsFollowed, Kind::GetTimeout),
    (Custom::ContextOfNullIsFollowed, Kind::SetSslCtx),
    (Custom::NegativeIndexAborts, Kind::SetExData),
    (Custom::OwnIdAborts, Kind::Set1OwnId),
    (Custom::OwnIdAborts, Kind::Set1OwnIdContext),
];

/// Counts more bytes than any field has.
const ROOM: usize = 16_384;

impl NativePort {
    /// Makes a port that behaves as `release`, with the ex_data indices of `setup`.
    pub fn new(release: Release, setup: Setup) -> NativePort {
        NativePort::following(release, Rules::of(release, Following::Released), setup)
    }

    /// Makes a port that behaves as `release`, but follows these rules, with the ex_data indices of `setup`.
    pub fn following(release: Release, rules: Rules, setup: Setup) -> NativePort {
        NativePort::of_family(Family::OpenSsl, [], release, rules, setup)
    }

    /// Makes the same, with the customs of a family, as far as a library has them that says this of its version.
    pub fn of_family(
        family: Family,
        customs: impl IntoIterator<Item = Custom>,
        release: Release,
        rules: Rules,
        setup: Setup,
    ) -> NativePort {
        let library = Library::of_family(family, customs, release, rules, Clock::Frozen { micros: START_MICROS });
        library.set_compression(samples::COMPRESSION);
        if setup.ex_data {
            register(&library);
        }
        NativePort {
            library,
            slots: Default::default(),
            contexts: Default::default(),
            connections: Default::default(),
            lost: Vec::new(),
            has_callbacks: setup.ex_data,
            tells: |alerts| alerts,
            raised: false,
            tells_errors: true,
            broken_in: None,
            buffers: Buffers::default(),
            room: vec![0; ROOM].into_boxed_slice(),
            der: Vec::new(),
        }
    }

    /// Returns 1, or 0 for an error, which is raised where the release raises it.
    #[inline]
    fn answer(&mut self, result: Result<(), Error>) -> Returned<'static> {
        match result {
            Ok(()) => Returned::Number(1),
            Err(error) => {
                self.raised |= self.library.raises(error);
                Returned::Number(0)
            }
        }
    }

    fn count_at(&self, address: usize) -> Option<u32> {
        let in_slots = self.slots.iter().filter_map(|held| held.owned.first());
        if let Some(session) = in_slots.into_iter().find(|session| session.address() == address) {
            return Some(session.references() as u32);
        }
        let mut connected = self.each_connection().filter_map(|connection| connection.session());
        if let Some(session) = connected.find(|session| session.address() == address) {
            // Without the reference that looks.
            return Some(session.references() as u32 - 1);
        }
        if let Some(count) = callbacks::count_of_kept(address) {
            return Some(count);
        }
        if let Some(connection) = self.each_connection().find(|one| one.psk_address() == Some(address)) {
            return Some(connection.psk_references() as u32);
        }
        let mut found = None;
        self.each_context(&mut |context| {
            context.sessions(|session| {
                if session.address() == address {
                    found = Some(session.references() as u32);
                }
            });
        });
        found
    }

    /// Tells of no error from here on, as a port does that has no error queue.
    pub fn keep_errors(&mut self) {
        self.tells_errors = false;
    }

    /// Says what is known of compression, as the other port does.
    pub fn set_compression(&self, compression: Compression) {
        self.library.set_compression(compression);
    }

    /// Returns the bytes of a variable.
    pub(super) fn bytes(&self, b: BufferSlot) -> &[u8] {
        self.buffers.get(b)
    }

    /// Puts bytes into a variable.
    pub(super) fn put_bytes(&mut self, b: BufferSlot, bytes: &[u8]) {
        self.buffers.set(b, bytes);
    }

    /// Gives every session that somebody holds; some more than once.
    fn each_session(&self, each: &mut dyn FnMut(&Session)) {
        self.slots.iter().flat_map(|held| &held.owned).chain(&self.lost).for_each(&mut *each);
        let borrowed = self.slots.iter().filter_map(|held| held.borrowed.as_ref());
        borrowed.filter_map(native::WeakSession::upgrade).for_each(|session| each(&session));
        self.each_connection().filter_map(|connection| connection.session()).for_each(|session| each(&session));
        self.each_connection().filter_map(|connection| connection.psk_session()).for_each(|session| each(&session));
        callbacks::each_kept(&mut *each);
        self.each_context(&mut |context| context.sessions(&mut *each));
    }

    /// Returns the release that it behaves as.
    pub fn release(&self) -> Release {
        self.library.release()
    }

    /// Returns the family that it behaves as.
    pub fn family(&self) -> Family {
        self.library.family()
    }

    /// Returns the rules that made a difference since this was last asked. Of a library of another family none is known.
    pub fn take_met(&self) -> Rules {
        let met = self.library.take_met();
        if self.library.family() == Family::OpenSsl { met } else { Rules::default() }
    }

    /// Returns the step of the program that ran last in which a fault of the release broke the library: from there on
    /// nothing that differs says anything.
    pub fn broken_in(&self) -> Option<u32> {
        self.broken_in
    }

    /// Tells whether the new callback of a context kept the session at this address.
    pub(super) fn kept_by_new_callback(&self, address: usize) -> bool {
        callbacks::new_callback_kept(address)
    }
}

/// Says which calls are left out because they break a release that has these rules.
pub(crate) fn breaking(has: impl Fn(Rule) -> bool) -> Quirks {
    Quirks {
        copies_keep_owner: has(Rule::DupKeepsOwner),
        clear_keeps_record: has(Rule::ClearKeepsRecord),
        aborted_ticket_leaks: has(Rule::AbortedTicketLeaks),
        refused_copy_leaks: has(Rule::RefusedCopyLeaks),
        ..Quirks::NONE
    }
}

fn register(library: &Library) {
    library.register(ExCallbacks {
        new: Some(|session, _| events::ex_new(session.address(), session.address())),
        dup: Some(|from, value, _| events::ex_dup(ExIndex::Counted, from, value)),
        free: Some(|session, value, _| events::ex_free(ExIndex::Counted, session, value)),
    });
    library.register(ExCallbacks {
        new: None,
        dup: Some(|from, value, _| events::ex_dup(ExIndex::Replaced, from, value)),
        free: Some(|session, value, _| events::ex_free(ExIndex::Replaced, session, value)),
    });
    library.register(ExCallbacks {
        new: None,
        dup: Some(|from, value, _| events::ex_dup(ExIndex::Refused, from, value)),
        free: None,
    });
}

impl Port for NativePort {
    fn identity(&self) -> Identity {
        let (release, family) = (self.library.release(), self.library.family());
        let version = match family {
            Family::OpenSsl => format!("behaves as OpenSSL {release}"),
            Family::Boring | Family::Wolf | Family::LibreSsl => {
                format!("behaves as OpenSSL {release} but for the customs of family {family}")
            }
        };
        Identity { name: "native".into(), version, file: "this executable".into() }
    }

    fn abilities(&self) -> Abilities {
        let release = self.library.release();
        let lacks = |kind: &Kind| {
            // What a peer decides is played to the other port by the births of sessions.
            let cannot = kind.needs_handshakes() && !self.has_callbacks;
            let not_yet = kind.since().is_some_and(|since| !release.is_since(since));
            !kind.sets_clock() && (cannot || not_yet)
        };
        let lacks = Kind::ALL.iter().filter(|kind| lacks(kind)).copied().collect();
        // Of a library of another family no fault of the release is known.
        let has = |rule| self.library.family() == Family::OpenSsl && self.library.has(rule);
        let quirks = Quirks {
            flush_has_no_order: self.library.has(Rule::FlushByHash),
            other_digest_gets_no_ticket: self.library.has(Rule::OtherDigestGetsNoTicket),
            copies_ex_data: self.library.has_custom(Custom::ExDataHas5Places),
            undefined: UNDEFINED
                .into_iter()
                .filter(|(custom, _)| self.library.has_custom(*custom))
                .map(|(_, kind)| kind)
                .collect(),
            ..breaking(has)
        };
        Abilities { lacks, counts: true, tells_ends: true, compression: self.library.compression(), quirks }
    }

    fn begin(&mut self, _ops: &[Op], _memory: Memory, _origins: bool) {
        self.raised = false;
        self.broken_in = None;
        self.lost.clear();
        self.buffers.begin();
        self.library.set_passed(0);
        self.library.forget_tickets();
        callbacks::begin();
    }

    fn end(&mut self) -> Ended {
        Ended::default()
    }

    fn misuse(&mut self) -> Option<Mishap> {
        None
    }

    #[inline]
    fn call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        // Which hands on what is not about sessions.
        self.session_call(op, moment)
    }

    fn forget(&mut self, variable: Variable) {
        match variable {
            Variable::Session(s) => self.slots[s.index()].clear(),
            Variable::Context(c) => self.contexts[c.index()].clear(),
            Variable::Connection(x) => self.connections[x.index()].clear(),
        }
    }

    fn lend(&mut self, s: Slot, x: ConnectionSlot) -> bool {
        self.borrow_session(s, x)
    }

    #[inline(always)]
    fn read(&mut self, s: Slot, field: Field) -> Value<'_> {
        if field == Field::Der {
            return self.read_der(s);
        }
        if let Some(number) = number(&self.session(s), field) {
            return Value::Number(number);
        }
        let left = self.session(s).ticket_length();
        if field == Field::Ticket && left > 0 && self.session(s).ticket(|ticket| ticket.is_none()) {
            return Value::NullWithLength(left);
        }
        let mut room = std::mem::take(&mut self.room);
        let copy = |bytes: &[u8]| {
            room[..bytes.len()].copy_from_slice(bytes);
            bytes.len()
        };
        let length = {
            let session = &*self.session(s);
            session.view(|view| with_bytes(session, view, field, |bytes| bytes.map(copy)))
        };
        self.room = room;
        Value::Bytes(length.flatten().map(|length| &self.room[..length]))
    }

    fn shared(&self, _a: Slot, _b: Slot) -> Fields {
        // Each session's buffers are values of its own, by construction.
        Fields::NONE
    }

    fn address(&self, variable: Variable) -> usize {
        match variable {
            Variable::Session(s) => self.slots[s.index()].address(),
            Variable::Context(c) => self.contexts[c.index()].first().map_or(0, |context| context.address()),
            Variable::Connection(x) => {
                self.connections[x.index()].first().and_then(|connection| connection.session_address()).unwrap_or(0)
            }
        }
    }

    #[inline]
    fn count(&self, place: Place) -> Option<u32> {
        match place {
            Place::Slot(s) => {
                let held = &self.slots[s.index()];
                let lent = || held.borrowed.as_ref().map_or(0, |lent| lent.references());
                Some(held.owned.first().map_or_else(lent, Session::references) as u32)
            }
            Place::Address(address) => self.count_at(address),
        }
    }

    fn holders(&self, address: usize) -> Holders {
        Holders { connections: self.connections_with(address), callbacks: callbacks::kept(address) }
    }

    fn cached(&self, c: Option<ContextSlot>, each: &mut dyn FnMut(Cached<'_>)) {
        let mut give = |context: &native::Context| {
            context.sessions(|session| {
                let (address, version, id) = (session.address(), session.protocol_version(), session.id());
                let references = || Some(session.references() as u32);
                each(Cached { address, version, id: id.as_slice(), references: &references });
            });
        };
        match c {
            Some(c) => give(self.context(c)),
            None => self.each_context(&mut give),
        }
    }

    fn plant_error(&mut self) {}

    #[inline]
    fn after(&mut self) -> After {
        self.raised |= callbacks::take_raised();
        for (b, der) in blocks::take_written() {
            self.buffers.set(b, &der);
        }
        self.after_call()
    }
}

impl NativePort {
    /// Returns what the calls since the last time left behind, where no context was there whose callbacks could have done something.
    #[inline]
    pub fn after_call(&mut self) -> After {
        if self.library.take_broken() && self.broken_in.is_none() {
            self.broken_in = Some(present::get());
        }
        After { raised: std::mem::take(&mut self.raised) && self.tells_errors, ..After::default() }
    }

    /// Reads what `i2d_SSL_SESSION` writes.
    fn read_der(&mut self, s: Slot) -> Value<'_> {
        let mut der = std::mem::take(&mut self.der);
        der.clear();
        let written = self.session(s).to_der(&mut der);
        self.der = der;
        Value::Bytes(written.then_some(&*self.der))
    }

    /// Tells whether another port writes the same DER of the session in a slot. A small share of the programs asks.
    #[cold]
    #[inline(never)]
    fn shows_der_as<P: Port>(&mut self, s: Slot, other: &mut P) -> bool {
        self.read_der(s) == other.read(s, Field::Der)
    }

    /// Tells whether a session's getter gives this value.
    #[inline(always)]
    pub fn shows(&self, s: Slot, field: Field, value: Value<'_>) -> bool {
        let session = &*self.session(s);
        match value {
            Value::Number(theirs) => number(session, field) == Some(theirs),
            Value::Bytes(_) => session.view(|view| same(session, view, field, value)),
            Value::NullWithLength(_) | Value::Refused => false,
        }
    }

    /// Tells whether another port shows the same session in a slot, field by field.
    pub fn shows_as<P: Port>(&mut self, s: Slot, other: &mut P, fields: Fields) -> bool {
        self.shows_fields_as(s, other, fields) && (!fields.contains(Field::Der) || self.shows_der_as(s, other))
    }

    fn shows_fields_as<P: Port>(&self, s: Slot, other: &mut P, fields: Fields) -> bool {
        // Most programs ask about the same fields: where the compiler knows them, none has to be looked up.
        match fields.without(Field::Der) {
            Fields::USUAL => self.shows_each_as(s, other, |field| Fields::USUAL.contains(field)),
            fields => self.shows_each_as(s, other, |field| fields.contains(field)),
        }
    }

    #[inline(always)]
    fn shows_each_as<P: Port>(&self, s: Slot, other: &mut P, asked: impl Fn(Field) -> bool) -> bool {
        let session = &*self.session(s);
        session.view(|view| {
            macro_rules! compare {
                ($($(#[$doc:meta])* $field:ident $name:literal $kind:ident $($index:ident)? $($tag:literal)? {$($fact:ident)*} $o:ident.$m:ident;)*) => {
                    true $(&& (!asked(Field::$field)
                        || same(session, view, Field::$field, other.read(s, Field::$field))))*
                };
            }
            for_each_field!(compare)
        })
    }

    /// Tells whether another port shows the same duplicate in a slot, field by field, and there what the source has
    /// where that must be the same. Buffers that the source has are read once more, so that it is known where they are
    /// now.
    pub fn shows_dup_as<P: Port>(&mut self, dst: Slot, src: Slot, other: &mut P, fields: Fields) -> bool {
        self.shows_dup_fields_as(dst, src, other, fields)
            && (!fields.contains(Field::Der) || self.shows_der_as(dst, other) && self.shows_der_as(src, other))
    }

    fn shows_dup_fields_as<P: Port>(&self, dst: Slot, src: Slot, other: &mut P, fields: Fields) -> bool {
        match fields.without(Field::Der) {
            Fields::USUAL => self.shows_each_of_dup_as(dst, src, other, |field| Fields::USUAL.contains(field)),
            fields => self.shows_each_of_dup_as(dst, src, other, |field| fields.contains(field)),
        }
    }

    #[inline(always)]
    fn shows_each_of_dup_as<P: Port>(
        &self,
        dst: Slot,
        src: Slot,
        other: &mut P,
        asked: impl Fn(Field) -> bool,
    ) -> bool {
        let (dup, source) = (&*self.session(dst), &*self.session(src));
        dup.view(|dup_view| {
            source.view(|source_view| {
                macro_rules! compare {
                    ($($(#[$doc:meta])* $field:ident $name:literal $kind:ident $($index:ident)? $($tag:literal)? {$($fact:ident)*} $o:ident.$m:ident;)*) => {
                        true $(&& (!asked(Field::$field) || {
                            let theirs = other.read(dst, Field::$field);
                            same(dup, dup_view, Field::$field, theirs)
                                && (!Field::$field.is_copied() || same(source, source_view, Field::$field, theirs))
                                && (!Field::$field.is_own()
                                    || shows_bytes(source, source_view, Field::$field, Some(&[]))
                                    || shows_bytes(source, source_view, Field::$field, None)
                                    || same(source, source_view, Field::$field, other.read(src, Field::$field)))
                        }))*
                    };
                }
                for_each_field!(compare)
            })
        })
    }
}

/// Tells whether a field of a session is this.
#[inline(always)]
fn same(session: &Session, view: View<'_>, field: Field, theirs: Value<'_>) -> bool {
    match theirs {
        Value::Number(theirs) => number(session, field) == Some(theirs),
        Value::Bytes(theirs) => shows_bytes(session, view, field, theirs),
        Value::NullWithLength(_) | Value::Refused => false,
    }
}

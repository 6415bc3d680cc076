//! The native session as a port.

mod handshakes;
mod sharing;

use std::ops::Deref;
use std::sync::Arc;

use super::{Ended, Identity, Memory, Port, events};
use crate::field::{Field, Fields, observe};
use crate::native::{
    self, Clock, Connection, Context, Error, ExCallbacks, Library, Release, Session, View, WeakSession,
};
use crate::op::{Bytes, CONNECTIONS, CONTEXTS, CString, Cipher, ExIndex, Kind, MAX_BYTES, Room, SLOTS, Sample, Slot};
use crate::plan::{Kinds, Setup};
use crate::samples;
use crate::trace::{After, Mishap, Trace};

/// Sessions of one native library, in slots. A slot holds as many handles as it owns references.
pub struct NativePort {
    library: Arc<Library>,
    slots: [Held; SLOTS],
    contexts: [Vec<Arc<Context>>; CONTEXTS],
    connections: [Vec<Arc<Connection>>; CONNECTIONS],
    /// Handles that a program lost: they go when the next one begins.
    lost: Vec<Session>,
    /// The end of a context is told.
    tells_contexts: bool,
    raised: bool,
}

/// What a slot holds: as many handles as it owns references, or a pointer that is none.
#[derive(Default)]
struct Held {
    owned: Vec<Session>,
    borrowed: Option<WeakSession>,
}

impl Held {
    fn address(&self) -> usize {
        let borrowed = || self.borrowed.as_ref().map(WeakSession::address);
        self.owned.first().map(Session::address).or_else(borrowed).unwrap_or(0)
    }

    fn clear(&mut self) {
        self.owned.clear();
        self.borrowed = None;
    }
}

/// A slot's session, for one call.
pub(super) enum Access<'a> {
    Owned(&'a Session),
    /// A reference more than there are, for as long as the call takes.
    Borrowed(Session),
}

impl Deref for Access<'_> {
    type Target = Session;

    #[inline(always)]
    fn deref(&self) -> &Session {
        match self {
            Access::Owned(session) => session,
            Access::Borrowed(session) => session,
        }
    }
}

/// What every program starts at, in both clocks: some microseconds past a second, which 3.2 and later keep.
pub const START: Clock = Clock::Frozen { micros: 1_700_000_000_250_000 };
/// [`START`] in whole seconds since 1970.
pub const START_SECONDS: i64 = 1_700_000_000;

impl NativePort {
    /// A port that behaves as `release`, with the ex_data indices of `setup`.
    pub fn new(release: Release, setup: Setup) -> NativePort {
        let library = Library::new(release, START);
        if setup.ex_data {
            register(&library);
        }
        NativePort {
            library,
            slots: Default::default(),
            contexts: Default::default(),
            connections: Default::default(),
            lost: Vec::new(),
            tells_contexts: setup.ex_data,
            raised: false,
        }
    }

    #[inline(always)]
    pub(super) fn session(&self, s: Slot) -> Access<'_> {
        let held = &self.slots[s.index()];
        match held.owned.first() {
            Some(session) => Access::Owned(session),
            None => self.borrowed(held),
        }
    }

    /// The slot owns one reference to another session.
    pub(super) fn replace(&mut self, s: Slot, session: Session) {
        self.slots[s.index()].clear();
        self.slots[s.index()].owned.push(session);
    }

    #[cold]
    fn borrowed(&self, held: &Held) -> Access<'_> {
        let lent = held.borrowed.as_ref().and_then(WeakSession::upgrade);
        // The plan allows only calls on slots that own a reference or borrow from somebody who does.
        Access::Borrowed(lent.unwrap_or_else(|| self.library.session()))
    }

    fn answer(&mut self, result: Result<(), Error>) -> i64 {
        match result {
            Ok(()) => 1,
            Err(error) => {
                self.raised |= self.library.raises(error);
                0
            }
        }
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

/// The number of an index, the same on every port: the harness registers three, 1 to 3, or none.
pub(super) const fn ex_index(index: ExIndex) -> i32 {
    match index {
        ExIndex::AppData => 0,
        ExIndex::Counted => 1,
        ExIndex::Replaced => 2,
        ExIndex::Refused => 3,
        ExIndex::Unregistered => 9,
        ExIndex::Negative => -1,
    }
}

impl Port for NativePort {
    fn identity(&self) -> Identity {
        let version = format!("behaves as OpenSSL {}", self.library.release());
        Identity { name: "native".into(), version, file: "this executable".into() }
    }

    fn lacks(&self) -> Kinds {
        let release = self.library.release();
        let lacks = |kind: &Kind| match kind {
            Kind::SetTimeEx | Kind::GetTimeEx => !release.has_time_ex(),
            Kind::CtxFlushEx => !release.has_flush_ex() || !release.has_modelled_cache(),
            Kind::AdvanceClock => false,
            other => other.is_shared() && !release.has_modelled_cache(),
        };
        Kind::ALL.iter().copied().filter(lacks).fold(Kinds::default(), |set, kind| set.with(kind))
    }

    fn counts_references(&self) -> bool {
        true
    }

    fn begin(&mut self, _memory: Memory, _origins: bool) {
        self.raised = false;
        self.lost.clear();
        self.library.set_passed(0);
        sharing::begin();
    }

    fn end(&mut self) -> Ended {
        Ended::default()
    }

    fn misuse(&mut self) -> Option<Mishap> {
        None
    }

    fn forget(&mut self, s: Slot) {
        self.slots[s.index()].clear();
    }

    fn new_session(&mut self, dst: Slot) -> bool {
        let session = self.library.session();
        self.slots[dst.index()].owned.push(session);
        true
    }

    fn dup(&mut self, dst: Slot, src: Slot) -> bool {
        let copy = self.session(src).dup();
        match copy {
            Ok(session) => {
                self.slots[dst.index()].owned.push(session);
                true
            }
            Err(error) => {
                self.raised |= self.library.raises(error);
                false
            }
        }
    }

    fn sample(&mut self, dst: Slot, sample: Sample) -> bool {
        let session = self.library.session();
        let made = session.establish(samples::established(sample)).is_ok();
        self.slots[dst.index()].owned.push(session);
        made
    }

    fn up_ref(&mut self, s: Slot) -> i64 {
        let another = self.session(s).up_ref();
        self.slots[s.index()].owned.push(another);
        1
    }

    fn free(&mut self, s: Option<Slot>) {
        if let Some(s) = s {
            self.slots[s.index()].owned.pop();
        }
    }

    fn set1_id(&mut self, s: Slot, id: &Bytes) -> i64 {
        let result = self.session(s).set1_id(id.get().unwrap_or_default());
        self.answer(result)
    }

    fn set1_id_context(&mut self, s: Slot, context: &Bytes) -> i64 {
        let result = self.session(s).set1_id_context(context.get().unwrap_or_default());
        self.answer(result)
    }

    fn set_time(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        let Some(s) = s else { return 0 };
        self.session(s).set_time(seconds);
        seconds
    }

    fn set_time_ex(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        self.set_time(s, seconds)
    }

    fn set_timeout(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        let Some(s) = s else { return 0 };
        let result = self.session(s).set_timeout(seconds);
        self.answer(result)
    }

    fn set_protocol_version(&mut self, s: Slot, version: i32) -> i64 {
        self.session(s).set_protocol_version(version);
        1
    }

    fn set_cipher(&mut self, s: Slot, cipher: Option<Cipher>) -> i64 {
        self.session(s).set_cipher(cipher.map(|cipher| native::Cipher(cipher.code())));
        1
    }

    fn set1_master_key(&mut self, s: Slot, key: &Bytes) -> i64 {
        let result = self.session(s).set1_master_key(key.get().unwrap_or_default());
        self.answer(result)
    }

    fn set1_hostname(&mut self, s: Slot, hostname: &CString) -> i64 {
        self.session(s).set1_hostname(hostname.with_nul());
        1
    }

    fn set1_alpn_selected(&mut self, s: Slot, alpn: &Bytes) -> i64 {
        self.session(s).set1_alpn_selected(alpn.get());
        1
    }

    fn set_max_early_data(&mut self, s: Slot, bytes: u32) -> i64 {
        self.session(s).set_max_early_data(bytes);
        1
    }

    fn set1_ticket_appdata(&mut self, s: Slot, data: &Bytes) -> i64 {
        self.session(s).set1_ticket_appdata(data.get());
        1
    }

    fn set_ex_data(&mut self, s: Slot, index: ExIndex, value: u64) -> i64 {
        let result = self.session(s).set_ex_data(ex_index(index), value as usize);
        self.raised |= index == ExIndex::Negative && self.library.stack_reports_index();
        self.answer(result)
    }

    fn get_master_key(&mut self, s: Slot, room: Room, trace: &mut Trace) {
        let mut out = [samples::UNTOUCHED; MAX_BYTES];
        let out = &mut out[..room.bytes()];
        trace.returned(self.session(s).master_key(out) as i64);
        trace.copied(out);
    }

    fn ex_data_at_minus_one(&mut self, s: Slot) -> u64 {
        self.session(s).ex_data(-1) as u64
    }

    fn read_null(&mut self, _field: Field) -> i64 {
        0
    }

    fn read(&mut self, s: Slot, field: Field, trace: &mut Trace) {
        let session = &*self.session(s);
        session.view(|view| match field.is_bytes() {
            true => bytes(session, view, field, trace),
            false => trace.field_number(field, number(session, view, field)),
        });
    }

    fn observe(&mut self, s: Slot, fields: Fields, trace: &mut Trace) {
        let session = &*self.session(s);
        session.view(|view| {
            observe!(trace, fields, |field| number(session, view, field), |field| bytes(session, view, field, trace));
        });
    }

    fn count(&self, s: Slot) -> Option<u32> {
        let held = &self.slots[s.index()];
        let lent = || held.borrowed.as_ref().map_or(0, |lent| lent.references());
        Some(held.owned.first().map_or_else(lent, Session::references) as u32)
    }

    fn shared(&self, _a: Slot, _b: Slot) -> u32 {
        // Each session's buffers are values of its own, by construction.
        0
    }

    fn plant_error(&mut self) {}

    fn after(&mut self) -> After {
        After { raised: std::mem::take(&mut self.raised), ..After::default() }
    }
}

/// Writes a field that is bytes, nothing for one that is not.
#[inline(always)]
fn bytes(session: &Session, view: View<'_>, field: Field, trace: &mut Trace) {
    match field {
        Field::Id => trace.field_bytes(field, Some(session.id().as_slice())),
        Field::IdContext => trace.field_bytes(field, Some(session.id_context().as_slice())),
        Field::MasterKey => {
            let mut key = [0; 512];
            let length = session.master_key(&mut key);
            trace.field_bytes(field, Some(&key[..length]));
        }
        Field::Hostname => trace.field_bytes(field, view.hostname()),
        Field::Alpn => trace.field_bytes(field, view.alpn_selected()),
        Field::TicketAppdata => trace.field_bytes(field, view.ticket_appdata()),
        Field::Ticket => trace.field_bytes(field, view.ticket()),
        Field::Peer => trace.field_bytes(field, view.peer()),
        Field::Time
        | Field::TimeEx
        | Field::Timeout
        | Field::ProtocolVersion
        | Field::Cipher
        | Field::MaxEarlyData
        | Field::HasTicket
        | Field::CompressId
        | Field::MaxFragmentLength
        | Field::Resumable
        | Field::LifetimeHint
        | Field::AppData
        | Field::ExCounted
        | Field::ExReplaced
        | Field::ExRefused
        | Field::ExUnregistered => {}
    }
}

/// A field that is a number; 0 for one that is not.
#[inline(always)]
fn number(session: &Session, view: View<'_>, field: Field) -> i64 {
    match field {
        Field::Time | Field::TimeEx => session.time(),
        Field::Timeout => session.timeout(),
        Field::ProtocolVersion => session.protocol_version().into(),
        Field::Cipher => session.cipher().map_or(-1, |cipher| cipher.0.into()),
        Field::MaxEarlyData => session.max_early_data().into(),
        Field::HasTicket => session.has_ticket().into(),
        Field::CompressId => session.compress_id().into(),
        Field::MaxFragmentLength => session.max_fragment_length().into(),
        Field::Resumable => session.is_resumable().into(),
        Field::LifetimeHint => session.ticket_lifetime_hint() as i64,
        Field::AppData | Field::ExCounted | Field::ExReplaced | Field::ExRefused | Field::ExUnregistered => {
            view.ex_data(field.ex_index().map_or(0, ex_index)) as i64
        }
        Field::Id
        | Field::IdContext
        | Field::MasterKey
        | Field::Hostname
        | Field::Alpn
        | Field::TicketAppdata
        | Field::Ticket
        | Field::Peer => 0,
    }
}

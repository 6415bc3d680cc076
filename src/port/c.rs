//! A C library as a port: any library with OpenSSL's session API, through one list of prototypes.
#![allow(unsafe_code, reason = "calls C")]

/// Calls a function of the list. The plan skips every call that the library lacks (see [`CPort::lacks`]), so a missing
/// function is a mistake here.
macro_rules! call {
    ($port:expr, $function:ident($($argument:expr),*)) => {{
        let function = $port.api().$function.expect(stringify!($function));
        // SAFETY: the prototype is checked against <openssl/ssl.h> by tests/prototypes.rs; the arguments are defined
        // by the argument in plan.rs: pointers of live sessions, buffers as long as they are said to be.
        unsafe { function($($argument),*) }
    }};
}

mod call;
mod callback_blocks;
mod callbacks;
pub mod clock;
mod connections;
mod contexts;
pub mod family;
mod handshake_callbacks;
mod handshakes;
mod lacks;
mod library;
pub mod load;
pub mod memory;
mod profile;
pub mod prototypes;
mod psk_callbacks;
mod random;
mod read;
mod refcount;
mod scratch;
mod serial;

pub use library::{Clocking, Library, Probes, Source, Start};
pub use load::LoadError;
pub use profile::{Block, Profile};

use std::ffi::{c_int, c_ulong};
use std::ptr;
use std::sync::Arc;

use openssl_sys::{SSL, SSL_SESSION};

use self::prototypes::Api;
use self::scratch::Scratch;
use super::buffers::Buffers;
use super::{
    Abilities, Cached, Ended, Holders, Identity, Memory, Moment, Place, Port, Returned, Value, blocks, present,
};
use crate::field::{Field, Fields};
use crate::native::{self, Compression};
use crate::op::{
    Bytes, CONNECTIONS, ConnectionSlot, ContextSlot, ExIndex, Kind, MAX_BYTES, Number, Op, SLOTS, Sample, Slot,
    Variable,
};
use crate::plan::{Kinds, Quirks};
use crate::trace::{After, Mishap, Tape};

/// Names the first library number that no library has, as in `<openssl/err.h>`.
const ERR_LIB_USER: c_int = 128;
const PLANTED_REASON: c_int = 1;
/// Holds the planted error as `ERR_peek_error` gives it: packed as `ERR_PACK` does.
const PLANTED: c_ulong = (ERR_LIB_USER as c_ulong) << 23 | PLANTED_REASON as c_ulong;

/// Counts the bytes before a buffer that must stay as they were.
const GUARD: usize = 16;

/// Counts the errors that the queue of a thread holds: `ERR_NUM_ERRORS`.
const ERROR_QUEUE: usize = 16;

/// Holds sessions of a C library, in slots.
pub struct CPort {
    library: &'static Library,
    /// Has the kinds of ops that the library cannot make.
    lacks: Kinds,
    slots: [*mut SSL_SESSION; SLOTS],
    /// Says where the buffers of each slot's session were when they were last read, in the order of [`Field::OWN`].
    seen: [[*const u8; Field::OWN.len()]; SLOTS],
    live_before: i64,
    /// Tells whether it is remembered where each allocation of the running program comes from.
    origins: bool,
    /// Gives room for what a getter copies out.
    room: Box<[u8]>,
    /// Holds the byte variables of the program.
    buffers: Buffers,
    /// Gives room for the DER of a session.
    der: Vec<u8>,
    /// Reads bytes as a session of the library's release, to see what only the library can tell of them.
    reader: Arc<native::Library>,
    scratch: Scratch,
    /// Tells whether an error of the harness's own is in the queue.
    planted: bool,
    /// Tells whether a call changed bytes that it only had to read.
    argument_changed: bool,
    contexts: contexts::Contexts,
    connections: [*mut SSL; CONNECTIONS],
    credentials: handshakes::Credentials,
    /// Tells whether the library was built with compression.
    compression: Compression,
}

impl CPort {
    /// Makes a port that drives the linked library on this thread. The first port of a process decides which probes
    /// there are, and stops the clock that C code of the process reads, for good.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn linked(probes: Probes) -> Result<CPort, LoadError> {
        CPort::of(&Source::Linked, probes, Start::Shared)
    }

    /// Makes a port that drives the library of `source` on this thread; a process drives one library. See
    /// [`CPort::linked`].
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn of(source: &Source, probes: Probes, start: Start) -> Result<CPort, LoadError> {
        let library = Library::get(source, probes, start)?;
        let mut port = CPort {
            library,
            lacks: library.lacks(),
            slots: [ptr::null_mut(); SLOTS],
            seen: [[ptr::null(); Field::OWN.len()]; SLOTS],
            live_before: 0,
            origins: false,
            room: vec![0; MAX_BYTES].into_boxed_slice(),
            buffers: Buffers::default(),
            der: Vec::new(),
            reader: native::Library::new(library.release, native::Clock::System),
            scratch: Scratch::new().ok_or(LoadError::Unusable)?,
            planted: false,
            argument_changed: false,
            contexts: contexts::Contexts::default(),
            connections: [ptr::null_mut(); CONNECTIONS],
            credentials: handshakes::Credentials::default(),
            compression: Compression::Absent,
        };
        callbacks::of(port.library);
        random::pin(port.library);
        match start {
            // Without them no handshake comes to its end, and the library is not to blame for that.
            Start::Cold => present::preparing("the certificates", || port.load_credentials()),
            Start::Shared | Start::Alone => present::preparing("the first calls on this thread", || port.warm_up()),
        }
        port.compression = present::preparing("the first session", || port.known_compression());
        Ok(port)
    }

    /// Reads the reference count of a session that lives.
    #[inline]
    fn count_at(&self, address: usize) -> Option<u32> {
        let offset = self.library.count_offset.filter(|_| address != 0)?;
        // SAFETY: the slot's session is alive, or no free callback has told of its end; the offset was found within such a
        // session.
        Some(unsafe { refcount::read(ptr::with_exposed_provenance_mut(address), offset) })
    }

    /// Empties the error queue, of the planted error too.
    #[cold]
    fn empty_error_queue(&mut self) {
        call!(self, ERR_clear_error());
        self.planted = false;
    }

    /// Returns what is known of the library.
    pub fn library(&self) -> &'static Library {
        self.library
    }

    /// Lets a library allocate what it allocates once a thread, which is no leak, before the first program.
    fn warm_up(&mut self) {
        // Of sessions of another port that this thread had, nothing is known any more.
        super::events::begin(false, false);
        if !self.lacks().contains(Kind::CtxPooled) {
            self.fill_pool();
        }
        self.load_credentials();
        if !self.library.probes.memory {
            return;
        }
        // A library that frees twice, or writes beyond a block, is for the programs to find: here it must not fall over it.
        // What the threads of one process share must not lie in memory of one of them.
        self.begin(&[], if self.library.start == Start::Shared { Memory::Plain } else { Memory::Poisoned }, false);
        self.warm_up_contexts();
        if !self.lacks().contains(Kind::Handshake) {
            self.warm_up_handshakes();
        }
        if !self.lacks().contains(Kind::SampleSession) {
            Sample::ALL.iter().for_each(|sample| self.warm_up_sample(*sample));
        }
        self.warm_up_bytes();
        self.end();
        super::events::begin(false, false);
    }

    /// Loads what the peers of handshakes show each other.
    fn load_credentials(&mut self) {
        if !self.lacks().contains(Kind::Handshake) {
            let library = self.library;
            self.credentials.load(library);
        }
    }

    fn warm_up_sample(&mut self, sample: Sample) {
        let (a, b) = (Slot::wrapping(0), Slot::wrapping(1));
        if self.do_call(&Op::SampleSession { dst: a, sample }) {
            self.fill_error_queue(a);
            let lacks = self.lacks();
            for field in Field::ALL.iter().filter(|field| !lacks.contains(field.getter())) {
                self.read(a, *field);
            }
            if !self.lacks().contains(Kind::Dup) && self.do_call(&Op::Dup { dst: b, src: a }) {
                self.do_call(&Op::Free { s: Some(b) });
            }
            self.do_call(&Op::Free { s: Some(a) });
        }
        self.forget(Variable::Session(a));
        self.forget(Variable::Session(b));
        self.after();
    }

    /// Makes a call that no program makes; tells whether something came of it.
    fn do_call(&mut self, op: &Op) -> bool {
        match self.call(op, &mut Moment { passed: 0, last: true, tape: &mut Tape::default() }) {
            Returned::Nothing => true,
            Returned::Number(number) => number != 0,
            Returned::Session(made) => made,
            Returned::Copied { returned, .. } => returned != 0,
            Returned::Chain(chain) => chain.is_some(),
            Returned::Read { made, .. } => made,
        }
    }

    fn lacks(&self) -> Kinds {
        self.lacks
    }

    /// Fills each place of the error queue: a place keeps the text buffer of the first error with a text that it ever
    /// held.
    fn fill_error_queue(&mut self, s: Slot) {
        if let (Some(new), Some(set)) = (self.api().ERR_new, self.api().ERR_set_error) {
            for _ in 0..2 * ERROR_QUEUE {
                // SAFETY: an error of no library's, with a text that has no arguments.
                unsafe {
                    new();
                    set(ERR_LIB_USER, PLANTED_REASON, c"a text of the usual length for an error".as_ptr());
                }
            }
            self.after();
            return;
        }
        // 1.1.1: the call raises one with a text and one without, so it takes two rounds, the second moved on by one.
        for moved in [false, true] {
            self.after();
            if moved {
                self.do_call(&Op::Set1Id { s, id: Bytes::new(&[0; 33]) });
            }
            for _ in 0..ERROR_QUEUE {
                self.do_call(&Op::SetExData { s, index: ExIndex::Negative, value: Number(1) });
            }
        }
        self.after();
    }

    #[inline]
    fn take_back(&mut self, bytes: Option<&[u8]>) {
        self.argument_changed |= !self.scratch.take_back(bytes);
    }

    fn api(&self) -> &'static Api {
        &self.library.api
    }

    fn session(&self, s: Slot) -> *mut SSL_SESSION {
        self.slots[s.index()]
    }

    fn keep(&mut self, dst: Slot, session: *mut SSL_SESSION) -> Returned<'static> {
        self.slots[dst.index()] = session;
        Returned::Session(!session.is_null())
    }

    /// Keeps a session that a constructor made. Without callbacks, its end is told by the end of its block.
    fn keep_new(&mut self, dst: Slot, session: *mut SSL_SESSION) -> Returned<'static> {
        let marker = self.library.marker.filter(|_| !session.is_null());
        if let Some(marker) = marker {
            // SAFETY: the session was just made, and the marker is registered.
            unsafe { (marker.mark)(session) };
        }
        let by_block = !self.library.probes.ex_data && self.library.probes.memory && !session.is_null();
        if marker.is_some() || by_block {
            memory::tell_end_of(dst, session as usize);
        }
        self.keep(dst, session)
    }
}

/// Frees the contexts of the pool together with the port.
impl Drop for CPort {
    fn drop(&mut self) {
        self.empty_pool();
        let library = self.library;
        self.credentials.free(library);
    }
}

impl Port for CPort {
    fn identity(&self) -> Identity {
        self.library.identity.clone()
    }

    fn abilities(&self) -> Abilities {
        let library = self.library;
        Abilities {
            lacks: self.lacks,
            counts: library.count_offset.is_some(),
            tells_ends: library.probes.ex_data || library.probes.memory || library.marker.is_some(),
            compression: self.compression,
            quirks: Quirks::NONE,
        }
    }

    fn begin(&mut self, ops: &[Op], memory: Memory, origins: bool) {
        if ops.len() > contexts::MOST_CALLS {
            self.contexts.retire();
            self.replace_used_up();
        }
        self.slots = [ptr::null_mut(); SLOTS];
        self.seen = [[ptr::null(); Field::OWN.len()]; SLOTS];
        self.connections = [ptr::null_mut(); CONNECTIONS];
        self.buffers.begin();
        self.contexts.begin();
        clock::set_passed(0);
        callbacks::begin();
        handshake_callbacks::begin_program();
        self.credentials.begin();
        random::begin();
        self.live_before = memory::live();
        self.origins = origins && self.library.probes.memory;
        if self.library.marker.is_some() {
            memory::tell_no_end();
        }
        if self.library.probes.memory {
            memory::begin(memory);
        }
        if self.origins {
            memory::watch();
        }
    }

    fn end(&mut self) -> Ended {
        // Where a program stopped, nobody asked what its last calls left.
        if call!(self, ERR_peek_error()) != 0 {
            self.empty_error_queue();
        }
        self.put_back_contexts();
        if !self.library.probes.memory {
            self.replace_used_up();
            return Ended::default();
        }
        memory::end();
        let left = if self.origins { memory::unwatch() } else { Vec::new() };
        // What is allocated once only is no leak, and was not allocated beforehand.
        let balance = (self.library.start != Start::Cold).then(|| memory::live() - self.live_before);
        self.replace_used_up();
        Ended { balance, left }
    }

    fn misuse(&mut self) -> Option<Mishap> {
        self.library.probes.memory.then(memory::misuse).flatten()
    }

    #[inline]
    fn call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        if self.planted && op.empties_queue() {
            self.empty_error_queue();
        }
        self.make_call(op, moment)
    }

    fn forget(&mut self, variable: Variable) {
        match variable {
            Variable::Session(s) => {
                self.slots[s.index()] = ptr::null_mut();
                self.seen[s.index()] = [ptr::null(); Field::OWN.len()];
            }
            Variable::Context(c) => self.contexts.forget(c),
            Variable::Connection(x) => {
                self.connections[x.index()] = ptr::null_mut();
                self.credentials.forget_agreed(x);
            }
        }
    }

    fn lend(&mut self, s: Slot, x: ConnectionSlot) -> bool {
        let session = call!(self, SSL_get_session(self.connection(x)));
        self.keep(s, session) == Returned::Session(true)
    }

    #[inline(always)]
    fn read(&mut self, s: Slot, field: Field) -> Value<'_> {
        self.read_field(s, field)
    }

    #[inline]
    fn shared(&self, a: Slot, b: Slot) -> Fields {
        let (a, b) = (&self.seen[a.index()], &self.seen[b.index()]);
        let mut shared = Fields::NONE;
        for (at, field) in Field::OWN.iter().enumerate() {
            if a[at] == b[at] && !a[at].is_null() {
                shared = shared.with(*field);
            }
        }
        shared
    }

    fn address(&self, variable: Variable) -> usize {
        match variable {
            Variable::Session(s) => self.session(s) as usize,
            Variable::Context(c) => self.contexts.get(c) as usize,
            Variable::Connection(x) => self.session_of(self.connection(x)) as usize,
        }
    }

    #[inline]
    fn count(&self, place: Place) -> Option<u32> {
        self.count_at(match place {
            Place::Slot(s) => self.session(s) as usize,
            Place::Address(address) => address,
        })
    }

    fn holders(&self, address: usize) -> Holders {
        Holders { connections: self.connections_with(address), callbacks: callbacks::kept(address) }
    }

    fn cached(&self, c: Option<ContextSlot>, each: &mut dyn FnMut(Cached<'_>)) {
        match c {
            Some(c) => self.each_cached(self.contexts.get(c), each),
            None => self.each_address(each),
        }
    }

    fn plant_error(&mut self) {
        if self.planted || !self.library.sees_errors {
            return;
        }
        // 1.1.1 has no such functions: there nobody looks whether an error gets lost.
        let (Some(new), Some(set)) = (self.api().ERR_new, self.api().ERR_set_error) else { return };
        // SAFETY: an error of no library's, without a text.
        unsafe {
            new();
            set(ERR_LIB_USER, PLANTED_REASON, ptr::null());
        }
        self.planted = true;
    }

    fn after(&mut self) -> After {
        for (b, der) in blocks::take_written() {
            self.buffers.set(b, &der);
        }
        let argument_changed = std::mem::take(&mut self.argument_changed);
        if self.planted && call!(self, ERR_peek_last_error()) == PLANTED {
            return After { raised: false, error_lost: false, argument_changed };
        }
        let first = call!(self, ERR_peek_error());
        let planted = std::mem::take(&mut self.planted);
        if first == 0 {
            if !self.library.sees_errors {
                call!(self, ERR_clear_error());
            }
            return After { raised: false, error_lost: planted, argument_changed };
        }
        let raised = !planted || call!(self, ERR_peek_last_error()) != PLANTED;
        let error_lost = planted && first != PLANTED;
        call!(self, ERR_clear_error());
        After { raised, error_lost, argument_changed }
    }
}

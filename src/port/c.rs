//! A C library as a port: any library with OpenSSL's session API, through one list of prototypes.
#![allow(unsafe_code)]

/// Calls a function of the list. The plan skips every call that [`CPort::lacks`], so a missing one is a mistake here.
macro_rules! call {
    ($port:expr, $function:ident($($argument:expr),*)) => {{
        let function = $port.api().$function.expect(stringify!($function));
        // SAFETY: the prototype is checked against <openssl/ssl.h> by tests/prototypes.rs; the arguments are defined
        // by the argument in plan.rs: pointers of live sessions, buffers as long as they are said to be.
        unsafe { function($($argument),*) }
    }};
}

mod callbacks;
pub mod clock;
pub mod confine;
mod connections;
mod contexts;
pub mod crash;
mod handshake_callbacks;
mod handshakes;
mod lacks;
mod library;
pub mod load;
pub mod memory;
pub mod prototypes;
mod psk_callbacks;
mod random;
mod read;
mod refcount;
mod scratch;

pub use library::{Clocking, Library, Probes, Source};
pub use load::LoadError;

use std::ffi::{c_int, c_uint, c_ulong};
use std::ptr;

use openssl_sys::{SSL, SSL_SESSION};

use self::prototypes::Api;
use self::scratch::Scratch;
use super::native::{START_SECONDS, ex_index};
use super::{Ended, Identity, Memory, Port};
use crate::field::{Field, Fields, observe};
use crate::op::{Bytes, CONNECTIONS, CString, Cipher, ExIndex, Kind, MAX_BYTES, Room, SLOTS, Sample, Slot};
use crate::plan::Kinds;
use crate::samples::{self, UNTOUCHED};
use crate::trace::{After, Mishap, Trace};

/// The buffers that each session must have of its own.
const OWN: [Field; 6] =
    [Field::Id, Field::IdContext, Field::Hostname, Field::Alpn, Field::TicketAppdata, Field::Ticket];

/// As in `<openssl/err.h>`: the first number that no library has.
const ERR_LIB_USER: c_int = 128;
const PLANTED_REASON: c_int = 1;
/// The planted error as `ERR_peek_error` gives it: `ERR_PACK`.
const PLANTED: c_ulong = (ERR_LIB_USER as c_ulong) << 23 | PLANTED_REASON as c_ulong;

/// Bytes before a buffer that must stay as they were.
const GUARD: usize = 16;

/// How many errors the queue of a thread holds: `ERR_NUM_ERRORS`.
const ERROR_QUEUE: usize = 16;

/// Sessions of a C library, in slots.
pub struct CPort {
    library: &'static Library,
    slots: [*mut SSL_SESSION; SLOTS],
    /// Where the buffers of each slot's session were when they were last read, in the order of [`OWN`].
    seen: [[*const u8; OWN.len()]; SLOTS],
    live_before: i64,
    /// Where each allocation of the running program comes from is remembered.
    origins: bool,
    /// Room for what a getter copies out.
    room: Box<[u8]>,
    scratch: Scratch,
    /// An error of the harness's own is in the queue.
    planted: bool,
    /// A call changed bytes that it only had to read.
    argument_changed: bool,
    contexts: contexts::Contexts,
    connections: [*mut SSL; CONNECTIONS],
    credentials: handshakes::Credentials,
}

impl CPort {
    /// A port that drives the linked library on this thread. The first port of a process decides which probes are there,
    /// and stops the clock that C code of the process reads, for good.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn linked(probes: Probes) -> Result<CPort, LoadError> {
        CPort::of(&Source::Linked, probes, false)
    }

    /// A port that drives the library of `source` on this thread; a process drives one library. See [`CPort::linked`].
    /// `cold`: no call is made before the first program, for one of them ends the process. Then counts are unknown, and so is
    /// what a program leaves behind.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn of(source: &Source, probes: Probes, cold: bool) -> Result<CPort, LoadError> {
        let mut port = CPort {
            library: Library::get(source, probes, cold)?,
            slots: [ptr::null_mut(); SLOTS],
            seen: [[ptr::null(); OWN.len()]; SLOTS],
            live_before: 0,
            origins: false,
            room: vec![0; MAX_BYTES].into_boxed_slice(),
            scratch: Scratch::new().ok_or(LoadError::Unusable)?,
            planted: false,
            argument_changed: false,
            contexts: contexts::Contexts::default(),
            connections: [ptr::null_mut(); CONNECTIONS],
            credentials: handshakes::Credentials::default(),
        };
        callbacks::of(port.library);
        if !cold {
            crash::saving(&"the first calls on this thread", || port.warm_up());
        }
        Ok(port)
    }

    /// What is known of the library.
    pub fn library(&self) -> &'static Library {
        self.library
    }

    /// What a library allocates once a thread is no leak: it happens here, before the first program.
    fn warm_up(&mut self) {
        let (a, b) = (Slot::wrapping(0), Slot::wrapping(1));
        random::pin(self.library);
        self.fill_pool();
        if !self.lacks().contains(Kind::Handshake) {
            let library = self.library;
            self.credentials.load(library);
        }
        if !self.library.probes.memory {
            return;
        }
        // A library that frees twice, or writes beyond a block, is for the programs to find: here it must not fall over it.
        // What the threads of one process share must not lie in memory of one of them.
        self.begin(if crash::tells() { Memory::Poisoned } else { Memory::Plain }, false);
        self.warm_up_contexts();
        if !self.lacks().contains(Kind::Handshake) {
            self.warm_up_handshakes();
        }
        for sample in Sample::ALL {
            if !self.lacks().contains(Kind::SampleSession) && self.sample(a, *sample) {
                self.fill_error_queue(a);
                self.observe(a, Fields::all_but(self.lacks()), &mut Trace::default());
                if !self.lacks().contains(Kind::Dup) && self.dup(b, a) {
                    self.free(Some(b));
                }
                self.free(Some(a));
            }
            self.forget(a);
            self.forget(b);
            self.after();
        }
        self.end();
        super::events::begin(false);
    }

    /// Each place of the error queue keeps the text buffer of the first error with a text that it ever held.
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
                self.set1_id(s, &Bytes::new(&[0; 33]));
            }
            for _ in 0..ERROR_QUEUE {
                self.set_ex_data(s, ExIndex::Negative, 1);
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

    fn session_or_null(&self, s: Option<Slot>) -> *mut SSL_SESSION {
        s.map_or(ptr::null_mut(), |s| self.session(s))
    }

    fn keep(&mut self, dst: Slot, session: *mut SSL_SESSION) -> bool {
        self.slots[dst.index()] = session;
        !session.is_null()
    }
}

/// The contexts of the pool go with it.
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

    fn lacks(&self) -> Kinds {
        self.library.lacks()
    }

    fn counts_references(&self) -> bool {
        self.library.count_offset.is_some()
    }

    fn begin(&mut self, memory: Memory, origins: bool) {
        self.slots = [ptr::null_mut(); SLOTS];
        self.seen = [[ptr::null(); OWN.len()]; SLOTS];
        self.connections = [ptr::null_mut(); CONNECTIONS];
        self.contexts.begin(memory);
        clock::set_passed(0);
        callbacks::begin();
        handshake_callbacks::begin_program();
        self.credentials.begin();
        random::begin();
        self.live_before = memory::live();
        self.origins = origins && self.library.probes.memory;
        if self.library.probes.memory {
            memory::begin(memory);
        }
        if self.origins {
            memory::watch();
        }
    }

    fn end(&mut self) -> Ended {
        self.put_back_contexts();
        if !self.library.probes.memory {
            self.replace_used_up();
            return Ended::default();
        }
        memory::end();
        let left = if self.origins { memory::unwatch() } else { Vec::new() };
        // What is allocated once only is no leak, and was not allocated beforehand.
        let balance = (!self.library.cold).then(|| memory::live() - self.live_before);
        self.replace_used_up();
        Ended { balance, left }
    }

    fn misuse(&mut self) -> Option<Mishap> {
        self.library.probes.memory.then(memory::misuse).flatten()
    }

    fn forget(&mut self, s: Slot) {
        self.slots[s.index()] = ptr::null_mut();
        self.seen[s.index()] = [ptr::null(); OWN.len()];
    }

    fn new_session(&mut self, dst: Slot) -> bool {
        let session = call!(self, SSL_SESSION_new());
        if self.library.clocking == Clocking::Set && !session.is_null() {
            call!(self, SSL_SESSION_set_time(session, START_SECONDS));
        }
        self.keep(dst, session)
    }

    fn dup(&mut self, dst: Slot, src: Slot) -> bool {
        let copy = call!(self, SSL_SESSION_dup(self.session(src)));
        self.keep(dst, copy)
    }

    fn sample(&mut self, dst: Slot, sample: Sample) -> bool {
        let der = samples::encoded(sample);
        let mut at = der.as_ptr();
        let session = call!(self, d2i_SSL_SESSION(ptr::null_mut(), &mut at, der.len() as i64));
        self.keep(dst, session)
    }

    fn up_ref(&mut self, s: Slot) -> i64 {
        call!(self, SSL_SESSION_up_ref(self.session(s))).into()
    }

    fn free(&mut self, s: Option<Slot>) {
        call!(self, SSL_SESSION_free(self.session_or_null(s)));
    }

    fn set1_id(&mut self, s: Slot, id: &Bytes) -> i64 {
        let (bytes, length) = self.scratch.lend(id.get());
        let returned = call!(self, SSL_SESSION_set1_id(self.session(s), bytes, length as c_uint));
        self.take_back(id.get());
        returned.into()
    }

    fn set1_id_context(&mut self, s: Slot, context: &Bytes) -> i64 {
        let (bytes, length) = self.scratch.lend(context.get());
        let returned = call!(self, SSL_SESSION_set1_id_context(self.session(s), bytes, length as c_uint));
        self.take_back(context.get());
        returned.into()
    }

    fn set_time(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        call!(self, SSL_SESSION_set_time(self.session_or_null(s), seconds))
    }

    fn set_time_ex(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        call!(self, SSL_SESSION_set_time_ex(self.session_or_null(s), seconds))
    }

    fn set_timeout(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        call!(self, SSL_SESSION_set_timeout(self.session_or_null(s), seconds))
    }

    fn set_protocol_version(&mut self, s: Slot, version: i32) -> i64 {
        call!(self, SSL_SESSION_set_protocol_version(self.session(s), version)).into()
    }

    fn set_cipher(&mut self, s: Slot, cipher: Option<Cipher>) -> i64 {
        let cipher = cipher.map_or(ptr::null(), |cipher| self.library.cipher(cipher));
        call!(self, SSL_SESSION_set_cipher(self.session(s), cipher)).into()
    }

    fn set1_master_key(&mut self, s: Slot, key: &Bytes) -> i64 {
        let (bytes, length) = self.scratch.lend(key.get());
        let returned = call!(self, SSL_SESSION_set1_master_key(self.session(s), bytes, length));
        self.take_back(key.get());
        returned.into()
    }

    fn set1_hostname(&mut self, s: Slot, hostname: &CString) -> i64 {
        let (name, _) = self.scratch.lend(hostname.with_nul());
        let returned = call!(self, SSL_SESSION_set1_hostname(self.session(s), name.cast()));
        self.take_back(hostname.with_nul());
        returned.into()
    }

    fn set1_alpn_selected(&mut self, s: Slot, alpn: &Bytes) -> i64 {
        let (bytes, length) = self.scratch.lend(alpn.get());
        let returned = call!(self, SSL_SESSION_set1_alpn_selected(self.session(s), bytes, length));
        self.take_back(alpn.get());
        returned.into()
    }

    fn set_max_early_data(&mut self, s: Slot, bytes: u32) -> i64 {
        call!(self, SSL_SESSION_set_max_early_data(self.session(s), bytes)).into()
    }

    fn set1_ticket_appdata(&mut self, s: Slot, data: &Bytes) -> i64 {
        let (bytes, length) = self.scratch.lend(data.get());
        let returned = call!(self, SSL_SESSION_set1_ticket_appdata(self.session(s), bytes.cast(), length));
        self.take_back(data.get());
        returned.into()
    }

    fn set_ex_data(&mut self, s: Slot, index: ExIndex, value: u64) -> i64 {
        let value = ptr::without_provenance_mut(value as usize);
        call!(self, SSL_SESSION_set_ex_data(self.session(s), ex_index(index), value)).into()
    }

    fn get_master_key(&mut self, s: Slot, room: Room, trace: &mut Trace) {
        // The buffer ends at an inaccessible page; before it are bytes that must stay as they were.
        self.scratch.room(GUARD + room.bytes()).fill(UNTOUCHED);
        let session = self.session(s);
        let out = self.scratch.room(room.bytes()).as_mut_ptr();
        let returned = call!(self, SSL_SESSION_get_master_key(session, out, room.bytes()));
        trace.returned(returned as i64);
        let (guard, copied) = self.scratch.room(GUARD + room.bytes()).split_at(GUARD);
        trace.copied(copied);
        if guard.iter().any(|byte| *byte != UNTOUCHED) {
            trace.overrun();
        }
    }

    fn ex_data_at_minus_one(&mut self, s: Slot) -> u64 {
        call!(self, SSL_SESSION_get_ex_data(self.session(s), ex_index(ExIndex::Negative))) as usize as u64
    }

    fn read_null(&mut self, field: Field) -> i64 {
        self.number(ptr::null_mut(), field)
    }

    fn read(&mut self, s: Slot, field: Field, trace: &mut Trace) {
        self.read_field(s, field, trace);
    }

    fn observe(&mut self, s: Slot, fields: Fields, trace: &mut Trace) {
        let session = self.session(s);
        observe!(trace, fields, |field| self.number(session, field), |field| self.read_field(s, field, trace));
    }

    fn count(&self, s: Slot) -> Option<u32> {
        let session = self.session(s);
        let offset = self.library.count_offset.filter(|_| !session.is_null())?;
        // SAFETY: the slot's session is alive, and the offset was found within such a session.
        Some(unsafe { refcount::read(session, offset) })
    }

    fn shared(&self, a: Slot, b: Slot) -> u32 {
        let [a, b] = [a, b].map(|slot| &self.seen[slot.index()]);
        let same = OWN.iter().zip(a.iter().zip(b)).filter(|(_, (a, b))| !a.is_null() && a == b);
        same.fold(0, |set, (field, _)| set | 1 << *field as u32)
    }

    fn plant_error(&mut self) {
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
        let argument_changed = std::mem::take(&mut self.argument_changed);
        let first = call!(self, ERR_peek_error());
        if first == 0 {
            let error_lost = std::mem::take(&mut self.planted);
            return After { raised: false, error_lost, argument_changed };
        }
        let (raised, error_lost) = match std::mem::take(&mut self.planted) {
            true => (call!(self, ERR_peek_last_error()) != PLANTED, first != PLANTED),
            false => (true, false),
        };
        call!(self, ERR_clear_error());
        After { raised, error_lost, argument_changed }
    }
}

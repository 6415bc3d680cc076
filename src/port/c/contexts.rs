//! Makes the contexts of a C library or takes them from a pool, and reads what is cached in them.
//!
//! A context of the pool is used by one program after the other. Between two of them everything that a program or a
//! handshake changes in a context is put back: settings, callbacks and cache. Statistics cannot be set, so what they were is
//! subtracted. The keys for tickets are made with a context and never change.

use std::ffi::{c_int, c_long, c_uint, c_void};
use std::mem::discriminant;
use std::ptr;

use openssl_sys::{SSL_CTX, SSL_SESSION};

use super::super::{Memory, events, handshakes};
use super::{CPort, Library, callbacks, random};
use crate::native::Statistic;
use crate::op::{Bytes, CONTEXTS, ContextSlot, Method, RemoveCallback, Slot};

// As in `<openssl/ssl.h>`: the macros are calls of SSL_CTX_ctrl.
const SSL_CTRL_SESS_NUMBER: c_int = 20;
const SSL_CTRL_SET_SESS_CACHE_SIZE: c_int = 42;
const SSL_CTRL_GET_SESS_CACHE_SIZE: c_int = 43;
const SSL_CTRL_SET_SESS_CACHE_MODE: c_int = 44;
const SSL_CTRL_GET_SESS_CACHE_MODE: c_int = 45;

const DEFAULT_CACHE_SIZE: c_long = 1024 * 20;
const DEFAULT_CACHE_MODE: c_long = 2;
const DEFAULT_TIMEOUT: c_long = 7200;

/// `SSL_CTRL_SESS_*` of a statistic.
const fn command(of: Statistic) -> c_int {
    match of {
        Statistic::Connect => 21,
        Statistic::ConnectGood => 22,
        Statistic::ConnectRenegotiate => 23,
        Statistic::Accept => 24,
        Statistic::AcceptGood => 25,
        Statistic::AcceptRenegotiate => 26,
        Statistic::Hits => 27,
        Statistic::CbHits => 28,
        Statistic::Misses => 29,
        Statistic::Timeouts => 30,
        Statistic::CacheFull => 31,
    }
}

/// The contexts of a program, and those that wait to be used again.
#[derive(Default)]
pub(super) struct Contexts {
    slots: [Option<Held>; CONTEXTS],
    /// Made before the first program, in plain memory.
    pool: Vec<Pooled>,
    /// What lives on beyond its program must be made of memory that does.
    pools: bool,
    /// Room for what a cache lists.
    found: Vec<*mut SSL_SESSION>,
}

#[derive(Clone, Copy)]
struct Held {
    context: *mut SSL_CTX,
    /// Its place in the pool.
    pooled: Option<usize>,
}

struct Pooled {
    method: Method,
    context: *mut SSL_CTX,
    taken: bool,
    /// The settings that the program changed, each kind once.
    changed: Vec<handshakes::Setting>,
    /// Something is left in its cache: it is replaced.
    used_up: bool,
    /// The statistics when it was taken: they cannot be set back.
    before: [c_long; STATISTICS.len()],
}

impl Pooled {
    fn new(method: Method, context: *mut SSL_CTX) -> Pooled {
        Pooled { method, context, taken: false, changed: Vec::new(), used_up: false, before: [0; STATISTICS.len()] }
    }
}

const STATISTICS: [Statistic; 11] = [
    Statistic::Connect,
    Statistic::ConnectGood,
    Statistic::ConnectRenegotiate,
    Statistic::Accept,
    Statistic::AcceptGood,
    Statistic::AcceptRenegotiate,
    Statistic::Hits,
    Statistic::CbHits,
    Statistic::Misses,
    Statistic::Timeouts,
    Statistic::CacheFull,
];

impl Contexts {
    pub fn begin(&mut self, memory: Memory) {
        self.slots = [None; CONTEXTS];
        self.pools = memory == Memory::Plain;
    }

    /// Notes that the program changes this setting of the slot's context: it is put back when the program has ended.
    pub fn changes(&mut self, c: ContextSlot, setting: handshakes::Setting) {
        let Some(place) = self.slots[c.index()].and_then(|held| held.pooled) else { return };
        let changed = &mut self.pool[place].changed;
        if !changed.iter().any(|before| discriminant(before) == discriminant(&setting)) {
            changed.push(setting);
        }
    }

    /// Gives a program the slot's context.
    pub fn get(&self, c: ContextSlot) -> *mut SSL_CTX {
        // The plan allows only calls on slots that hold a context.
        self.slots[c.index()].map_or(ptr::null_mut(), |held| held.context)
    }
}

/// Makes a context.
pub(super) fn make(library: &Library, method: Method) -> *mut SSL_CTX {
    let method = match method {
        Method::Server => call!(library, TLS_server_method()),
        Method::Client => call!(library, TLS_client_method()),
    };
    call!(library, SSL_CTX_new(method))
}

impl CPort {
    /// Contexts to take from: as many as a program can have of each kind.
    pub(super) fn fill_pool(&mut self) {
        for method in Method::ALL.iter().flat_map(|method| std::iter::repeat_n(*method, CONTEXTS)) {
            random::begin_context(self.contexts.pool.len());
            let context = make(self.library, method);
            if !context.is_null() {
                self.contexts.pool.push(Pooled::new(method, context));
            }
        }
    }

    /// Frees what waits.
    pub(super) fn empty_pool(&mut self) {
        for waiting in std::mem::take(&mut self.contexts.pool) {
            call!(self, SSL_CTX_free(waiting.context));
        }
    }

    pub(super) fn make_context(&mut self, dst: ContextSlot, method: Method, pooled: bool) -> bool {
        let place = self
            .contexts
            .pool
            .iter()
            .position(|waiting| !waiting.taken && waiting.method == method && !waiting.context.is_null());
        let place = place.filter(|_| pooled && self.contexts.pools);
        let context = match place {
            Some(place) => {
                let context = self.contexts.pool[place].context;
                let before = STATISTICS.map(|of| self.ctrl(context, command(of), 0));
                let waiting = &mut self.contexts.pool[place];
                (waiting.taken, waiting.before) = (true, before);
                context
            }
            None => make(self.library, method),
        };
        if context.is_null() {
            return false;
        }
        events::context_born(context as usize);
        self.contexts.slots[dst.index()] = Some(Held { context, pooled: place });
        true
    }

    pub(super) fn release_context(&mut self, c: Option<ContextSlot>, last: bool) {
        let Some(c) = c else { return call!(self, SSL_CTX_free(ptr::null_mut())) };
        let Some(held) = self.contexts.slots[c.index()] else { return };
        match held.pooled {
            Some(_) if last => {
                call!(self, SSL_CTX_flush_sessions(held.context, 0));
                // As the free callback would say.
                if self.library.probes.ex_data {
                    events::context_freed(held.context as usize);
                }
            }
            _ => call!(self, SSL_CTX_free(held.context)),
        }
    }

    pub(super) fn forget_context_of(&mut self, c: ContextSlot) {
        self.contexts.slots[c.index()] = None;
    }

    /// Makes the pool's contexts as they were, when a program has ended.
    pub(super) fn put_back_contexts(&mut self) {
        for place in 0..self.contexts.pool.len() {
            if !std::mem::replace(&mut self.contexts.pool[place].taken, false) {
                continue;
            }
            let context = self.contexts.pool[place].context;
            while let Some(changed) = self.contexts.pool[place].changed.pop() {
                self.put_back_setting(context, changed);
            }
            call!(self, SSL_CTX_sess_set_remove_cb(context, None));
            call!(self, SSL_CTX_flush_sessions(context, 0));
            self.ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, DEFAULT_CACHE_MODE);
            self.ctrl(context, SSL_CTRL_SET_SESS_CACHE_SIZE, DEFAULT_CACHE_SIZE);
            call!(self, SSL_CTX_set_timeout(context, DEFAULT_TIMEOUT));
            call!(self, SSL_CTX_set_session_id_context(context, c"".as_ptr().cast(), 0));
            self.contexts.pool[place].used_up = self.ctrl(context, SSL_CTRL_SESS_NUMBER, 0) != 0;
        }
    }

    /// Makes those anew that are not as new: outside of what is counted for a program.
    pub(super) fn replace_used_up(&mut self) {
        for place in 0..self.contexts.pool.len() {
            let Pooled { method, context, used_up: true, .. } = &self.contexts.pool[place] else { continue };
            let (method, context) = (*method, *context);
            call!(self, SSL_CTX_free(context));
            random::begin_context(place);
            self.contexts.pool[place] = Pooled::new(method, make(self.library, method));
        }
    }

    fn ctrl(&self, context: *mut SSL_CTX, command: c_int, number: c_long) -> c_long {
        call!(self, SSL_CTX_ctrl(context, command, number, ptr::null_mut()))
    }

    pub(super) fn cache_setting(&self, c: ContextSlot, setting: Setting) -> i64 {
        let (command, number) = match setting {
            Setting::SetMode(mode) => (SSL_CTRL_SET_SESS_CACHE_MODE, mode.into()),
            Setting::Mode => (SSL_CTRL_GET_SESS_CACHE_MODE, 0),
            Setting::SetSize(size) => (SSL_CTRL_SET_SESS_CACHE_SIZE, size),
            Setting::Size => (SSL_CTRL_GET_SESS_CACHE_SIZE, 0),
            Setting::Number => (SSL_CTRL_SESS_NUMBER, 0),
        };
        self.ctrl(self.contexts.get(c), command, number)
    }

    pub(super) fn counted(&self, c: ContextSlot, of: Statistic) -> i64 {
        let Some(held) = self.contexts.slots[c.index()] else { return 0 };
        let before = held.pooled.map_or(0, |place| self.contexts.pool[place].before[of as usize]);
        self.ctrl(held.context, command(of), 0) - before
    }

    pub(super) fn set_id_context_of(&mut self, c: ContextSlot, id_context: &Bytes) -> i64 {
        let (bytes, length) = self.scratch.lend(id_context.get());
        let context = self.contexts.get(c);
        let returned = call!(self, SSL_CTX_set_session_id_context(context, bytes, length as c_uint));
        self.take_back(id_context.get());
        returned.into()
    }

    pub(super) fn add(&mut self, c: ContextSlot, s: Slot) -> i64 {
        call!(self, SSL_CTX_add_session(self.contexts.get(c), self.session(s))).into()
    }

    pub(super) fn remove(&mut self, c: ContextSlot, s: Option<Slot>) -> i64 {
        call!(self, SSL_CTX_remove_session(self.contexts.get(c), self.session_or_null(s))).into()
    }

    pub(super) fn set_remove(&mut self, c: ContextSlot, callback: RemoveCallback) {
        call!(self, SSL_CTX_sess_set_remove_cb(self.contexts.get(c), callbacks::remove(callback)));
    }

    /// The contexts that live: of the pool or made, held by a slot or by a connection.
    fn living(&self) -> impl Iterator<Item = *mut SSL_CTX> {
        let told = self.library.probes.ex_data;
        let by_event = (0..).map_while(events::context_at).map(ptr::with_exposed_provenance_mut);
        let in_slots = self.contexts.slots.into_iter().flatten().map(|held| held.context);
        by_event.filter(move |_| told).chain(in_slots.filter(move |_| !told))
    }

    pub(super) fn caches_listing(&self, session: *const SSL_SESSION) -> u32 {
        let lists = |context: &*mut SSL_CTX| {
            let hash = call!(self, SSL_CTX_sessions(*context));
            if call!(self, OPENSSL_LH_retrieve(hash.cast(), session.cast())).cast_const() == session.cast() {
                return true;
            }
            // Under a key that it had before, perhaps.
            let mut sought = Sought { session: session.cast(), found: false };
            call!(self, OPENSSL_LH_doall_arg(hash.cast(), Some(seek), (&raw mut sought).cast::<c_void>()));
            sought.found
        };
        self.living().filter(lists).count() as u32
    }

    pub(super) fn each_address(&self, out: &mut Vec<usize>) {
        for context in self.living() {
            let hash = call!(self, SSL_CTX_sessions(context));
            call!(self, OPENSSL_LH_doall_arg(hash.cast(), Some(note_address), ptr::from_mut(out).cast::<c_void>()));
        }
    }

    pub(super) fn each_cached(&mut self, c: ContextSlot, each: &mut dyn FnMut(usize, i32, &[u8])) {
        let mut found = std::mem::take(&mut self.contexts.found);
        found.clear();
        let hash = call!(self, SSL_CTX_sessions(self.contexts.get(c)));
        call!(self, OPENSSL_LH_doall_arg(hash.cast(), Some(note), (&raw mut found).cast::<c_void>()));
        for session in found.iter().copied() {
            let mut length: c_uint = 0;
            let bytes = call!(self, SSL_SESSION_get_id(session, &mut length));
            let version = call!(self, SSL_SESSION_get_protocol_version(session));
            // SAFETY: the id of a session that the cache owns.
            let id = unsafe { std::slice::from_raw_parts(bytes, length as usize) };
            each(session as usize, version, id);
        }
        self.contexts.found = found;
    }
}

/// A number of a context that is read or set.
#[derive(Clone, Copy)]
pub(super) enum Setting {
    SetMode(u32),
    Mode,
    SetSize(i64),
    Size,
    Number,
}

/// A session that is looked for in a hash.
struct Sought {
    session: *const c_void,
    found: bool,
}

unsafe extern "C" fn seek(session: *mut c_void, sought: *mut c_void) {
    // SAFETY: called with what `caches_listing` gave.
    let sought = unsafe { &mut *sought.cast::<Sought>() };
    sought.found |= sought.session == session.cast_const();
}

unsafe extern "C" fn note_address(session: *mut c_void, found: *mut c_void) {
    // SAFETY: called with what `each_address` gave.
    unsafe { (*found.cast::<Vec<usize>>()).push(session as usize) };
}

unsafe extern "C" fn note(session: *mut c_void, found: *mut c_void) {
    // SAFETY: called with what `each_cached` gave.
    unsafe { (*found.cast::<Vec<*mut SSL_SESSION>>()).push(session.cast()) };
}

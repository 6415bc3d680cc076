//! Makes the contexts of a C library or takes them from a pool, and reads what is cached in them.
//!
//! A context of the pool is used by one program after the other. Between two of them everything that a program or a
//! handshake changes in a context is put back: settings, callbacks and cache. Statistics cannot be set, so what they were is
//! subtracted. The keys for tickets are made with a context and never change.

use std::ffi::{c_int, c_long, c_uint, c_void};
use std::ptr;

use openssl_sys::{SSL_CTX, SSL_METHOD, SSL_SESSION};

use super::super::{Cached, events};
use super::{CPort, Library, random};
use crate::op::{CONTEXTS, ContextSlot, DatagramMethod, Kind, Method};
use crate::plan::Kinds;

// As in `<openssl/ssl.h>`: the macros are calls of SSL_CTX_ctrl.
const SSL_CTRL_SESS_NUMBER: c_int = 20;
const SSL_CTRL_SET_SESS_CACHE_SIZE: c_int = 42;
const SSL_CTRL_SET_SESS_CACHE_MODE: c_int = 44;
const SSL_CTRL_SET_GROUPS_LIST: c_int = 92;

/// Names the group whose keys are made most quickly in every release, and that of the certificates.
const GROUPS: &std::ffi::CStr = c"X25519:P-256";

const DEFAULT_CACHE_SIZE: c_long = 1024 * 20;
const DEFAULT_CACHE_MODE: c_long = 2;
const DEFAULT_TIMEOUT: c_long = 7200;

/// Holds the contexts of a program, and those that wait to be used again.
#[derive(Default)]
pub(super) struct Contexts {
    slots: [Option<Held>; CONTEXTS],
    /// Lists the contexts that were made between two programs. They are in plain memory, which lives on, whatever
    /// memory a program has its own blocks from.
    pool: Vec<Pooled>,
}

#[derive(Clone, Copy)]
struct Held {
    context: *mut SSL_CTX,
    /// Gives its place in the pool; `None`: it is not of the pool.
    pooled: Option<usize>,
}

struct Pooled {
    method: Method,
    context: *mut SSL_CTX,
    taken: bool,
    /// Lists the calls by which the program changed settings.
    changed: Kinds,
    /// Holds the ticket keys that it was made with.
    ticket_keys: Vec<u8>,
    /// Tells whether it is to be replaced: something is left in its cache, or it made many handshakes.
    used_up: bool,
    /// Says that it made handshakes.
    is_used: bool,
    /// Holds the statistics as they were when it was taken: they cannot be set back.
    before: [c_long; STATISTICS.len()],
}

impl Pooled {
    fn new(method: Method, context: *mut SSL_CTX, ticket_keys: Vec<u8>) -> Pooled {
        let before = [0; STATISTICS.len()];
        Pooled {
            method,
            context,
            taken: false,
            changed: Kinds::NONE,
            ticket_keys,
            used_up: false,
            is_used: false,
            before,
        }
    }
}

/// Lists `SSL_CTRL_SESS_*` of every statistic.
const STATISTICS: [c_int; 11] = [21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];

/// Lists `SSL_CTRL_SESS_CONNECT_GOOD` and `SSL_CTRL_SESS_ACCEPT_GOOD`.
const GOOD: [c_int; 2] = [22, 25];

/// Says after how many good handshakes a context is made anew. `ssl_update_cache` flushes a cache whenever this
/// statistic, which cannot be set back, is 255 modulo 256.
const MOST_GOOD: c_long = 64;

/// Says how many calls a program has at most that gets contexts that made handshakes before: its own do not get them to 255.
pub(super) const MOST_CALLS: usize = 255 - MOST_GOOD as usize;

impl Contexts {
    pub fn begin(&mut self) {
        self.slots = [None; CONTEXTS];
    }

    /// Notes that the program changes a setting of the slot's context by this call: it is put back when the program has
    /// ended.
    pub fn changes(&mut self, c: ContextSlot, by: Kind) {
        if let Some(place) = self.slots[c.index()].and_then(|held| held.pooled) {
            self.pool[place].changed = self.pool[place].changed.with(by);
        }
    }

    /// Marks the contexts of the pool that made handshakes as used up.
    pub fn retire(&mut self) {
        for pooled in &mut self.pool {
            pooled.used_up |= pooled.is_used;
        }
    }

    /// Returns the ticket keys that a context of the pool was made with.
    pub fn own_ticket_keys(&self, context: *mut SSL_CTX) -> Option<&[u8]> {
        self.pool.iter().find(|pooled| pooled.context == context).map(|pooled| &*pooled.ticket_keys)
    }

    /// Puts a context into a slot, for calls that no program makes.
    pub fn lend(&mut self, context: *mut SSL_CTX) -> ContextSlot {
        self.slots[0] = Some(Held { context, pooled: None });
        ContextSlot::wrapping(0)
    }

    /// Empties a slot.
    pub fn forget(&mut self, c: ContextSlot) {
        self.slots[c.index()] = None;
    }

    /// Returns the slot's context.
    pub fn get(&self, c: ContextSlot) -> *mut SSL_CTX {
        // The plan allows only calls on slots that hold a context.
        self.slots[c.index()].map_or(ptr::null_mut(), |held| held.context)
    }
}

/// Makes a context.
pub(super) fn make(library: &Library, method: Method) -> *mut SSL_CTX {
    make_with(
        library,
        match method {
            Method::Server => call!(library, TLS_server_method()),
            Method::Client => call!(library, TLS_client_method()),
        },
    )
}

/// Makes a context for DTLS.
fn make_for_datagrams(library: &Library, method: DatagramMethod) -> *mut SSL_CTX {
    make_with(
        library,
        match method {
            DatagramMethod::Server => call!(library, DTLS_server_method()),
            DatagramMethod::Client => call!(library, DTLS_client_method()),
        },
    )
}

fn make_with(library: &Library, method: *const SSL_METHOD) -> *mut SSL_CTX {
    let context = call!(library, SSL_CTX_new(method));
    if !context.is_null() {
        // Once for each context, never for a connection: OpenSSL 3.0.0 to 3.0.8 leak what was set before.
        let groups = GROUPS.as_ptr().cast_mut().cast::<c_void>();
        call!(library, SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, groups));
    }
    context
}

impl CPort {
    /// Fills the pool with contexts to take from: as many as a program can have of each kind.
    pub(super) fn fill_pool(&mut self) {
        for method in Method::ALL.iter().flat_map(|method| std::iter::repeat_n(*method, CONTEXTS)) {
            random::begin_context(self.contexts.pool.len());
            let context = make(self.library, method);
            if !context.is_null() {
                let ticket_keys = self.ticket_keys_of(context);
                self.contexts.pool.push(Pooled::new(method, context, ticket_keys));
            }
        }
    }

    /// Frees the contexts of the pool.
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
        let place = place.filter(|_| pooled);
        let context = match place {
            Some(place) => {
                let context = self.contexts.pool[place].context;
                let before = STATISTICS.map(|statistic| self.ctrl(context, statistic, 0));
                let waiting = &mut self.contexts.pool[place];
                (waiting.taken, waiting.before) = (true, before);
                context
            }
            None => make(self.library, method),
        };
        self.hold_context(dst, context, place)
    }

    pub(super) fn make_datagram_context(&mut self, dst: ContextSlot, method: DatagramMethod) -> bool {
        let context = make_for_datagrams(self.library, method);
        self.hold_context(dst, context, None)
    }

    fn hold_context(&mut self, dst: ContextSlot, context: *mut SSL_CTX, pooled: Option<usize>) -> bool {
        if context.is_null() {
            return false;
        }
        events::context_born(context as usize);
        self.contexts.slots[dst.index()] = Some(Held { context, pooled });
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
            Some(_) | None => call!(self, SSL_CTX_free(held.context)),
        }
    }

    /// Makes the pool's contexts as they were before, when a program has ended.
    pub(super) fn put_back_contexts(&mut self) {
        for place in 0..self.contexts.pool.len() {
            if !std::mem::replace(&mut self.contexts.pool[place].taken, false) {
                continue;
            }
            let context = self.contexts.pool[place].context;
            let changed = std::mem::take(&mut self.contexts.pool[place].changed);
            if !changed.is_empty() {
                self.put_back_settings(context, changed);
            }
            call!(self, SSL_CTX_sess_set_remove_cb(context, None));
            call!(self, SSL_CTX_flush_sessions(context, 0));
            self.ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, DEFAULT_CACHE_MODE);
            self.ctrl(context, SSL_CTRL_SET_SESS_CACHE_SIZE, DEFAULT_CACHE_SIZE);
            call!(self, SSL_CTX_set_timeout(context, DEFAULT_TIMEOUT));
            call!(self, SSL_CTX_set_session_id_context(context, c"".as_ptr().cast(), 0));
            let good = GOOD.map(|statistic| self.ctrl(context, statistic, 0));
            let most = good.into_iter().max().unwrap_or_default();
            let left = self.ctrl(context, SSL_CTRL_SESS_NUMBER, 0) != 0;
            let pooled = &mut self.contexts.pool[place];
            (pooled.used_up, pooled.is_used) = (left || most >= MOST_GOOD, most != 0);
        }
    }

    /// Makes the used-up contexts of the pool anew, outside of what is counted for a program.
    pub(super) fn replace_used_up(&mut self) {
        for place in 0..self.contexts.pool.len() {
            let Pooled { method, context, used_up: true, .. } = &self.contexts.pool[place] else { continue };
            let (method, context) = (*method, *context);
            call!(self, SSL_CTX_free(context));
            random::begin_context(place);
            let context = make(self.library, method);
            self.contexts.pool[place] = Pooled::new(method, context, self.ticket_keys_of(context));
        }
    }

    fn ctrl(&self, context: *mut SSL_CTX, command: c_int, number: c_long) -> c_long {
        call!(self, SSL_CTX_ctrl(context, command, number, ptr::null_mut()))
    }

    /// Reads or sets a number of a context. A statistic is counted from when the program got the context.
    pub(super) fn context_number(&self, c: ContextSlot, command: c_int, number: c_long) -> i64 {
        let Some(held) = self.contexts.slots[c.index()] else { return 0 };
        let statistic = STATISTICS.iter().position(|statistic| *statistic == command);
        let before = match (statistic, held.pooled) {
            (Some(statistic), Some(place)) => self.contexts.pool[place].before[statistic],
            (Some(_), None) | (None, _) => 0,
        };
        self.ctrl(held.context, command, number) - before
    }

    /// Lists the contexts that live: of the pool or made, held by a slot or by a connection.
    fn living(&self) -> impl Iterator<Item = *mut SSL_CTX> {
        let told = self.library.probes.ex_data;
        let by_event = (0..).map_while(events::context_at).map(ptr::with_exposed_provenance_mut);
        let in_slots = self.contexts.slots.into_iter().flatten().map(|held| held.context);
        by_event.filter(move |_| told).chain(in_slots.filter(move |_| !told))
    }

    /// Gives the address of every cached session, once for each cache of every context that lives.
    pub(super) fn each_address(&self, each: &mut dyn FnMut(Cached<'_>)) {
        let mut give = |session: *mut SSL_SESSION| {
            let address = session as usize;
            let references = || self.count_at(address);
            each(Cached { address, version: 0, id: &[], references: &references });
        };
        self.living().for_each(|context| self.each_session(context, &mut give));
    }

    /// Gives every session that a context has cached.
    pub(super) fn each_cached(&self, context: *mut SSL_CTX, each: &mut dyn FnMut(Cached<'_>)) {
        self.each_session(context, &mut |session| {
            let mut length: c_uint = 0;
            let bytes = call!(self, SSL_SESSION_get_id(session, &mut length));
            let version = call!(self, SSL_SESSION_get_protocol_version(session));
            // SAFETY: the id of a session that the cache owns.
            let id = unsafe { std::slice::from_raw_parts(bytes, length as usize) };
            let address = session as usize;
            let references = || self.count_at(address);
            each(Cached { address, version, id, references: &references });
        });
    }

    fn each_session(&self, context: *mut SSL_CTX, mut each: &mut dyn FnMut(*mut SSL_SESSION)) {
        // A library that makes no context has been found to be wrong, and must not be asked more.
        if context.is_null() {
            return;
        }
        // Nothing is cached where nobody can look.
        if self.api().SSL_CTX_sessions.is_none() {
            return;
        }
        let hash = call!(self, SSL_CTX_sessions(context));
        call!(self, OPENSSL_LH_doall_arg(hash.cast(), Some(give), (&raw mut each).cast::<c_void>()));
    }
}

/// Tells whether the cache of a context lists the session at this address, of which nothing is read.
pub(super) fn lists(library: &Library, context: *mut SSL_CTX, session: usize) -> bool {
    let mut found = false;
    let mut look = |listed: *mut SSL_SESSION| found |= listed as usize == session;
    let mut each: &mut dyn FnMut(*mut SSL_SESSION) = &mut look;
    let hash = call!(library, SSL_CTX_sessions(context));
    call!(library, OPENSSL_LH_doall_arg(hash.cast(), Some(give), (&raw mut each).cast::<c_void>()));
    found
}

unsafe extern "C" fn give(session: *mut c_void, each: *mut c_void) {
    // SAFETY: called with what `each_session` gave.
    unsafe { (*each.cast::<&mut dyn FnMut(*mut SSL_SESSION)>())(session.cast()) };
}

//! The context: settings, statistics and the cache of sessions.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use super::alpn::SelectAlpn;
use super::bytes::{Bytes, ShortBytes};
use super::cache::{Cache, Key, Put};
use super::connection::{Connection, Inherited, Version};
use super::error::Error;
use super::family::Custom;
use super::library::Library;
use super::rules::Rule;
use super::session::{ID_MAX, Session};
use super::suites::{self, Suites};
use super::tickets::{DecryptTicket, GenerateTicket, TicketKeyCallbacks, TicketKeys};

/// Has the bits of `SSL_SESS_CACHE_*`.
pub mod mode {
    /// Makes clients cache.
    pub const CLIENT: u32 = 0x001;
    /// Makes servers cache, which is the default.
    pub const SERVER: u32 = 0x002;
    /// Keeps handshakes from flushing the cache.
    pub const NO_AUTO_CLEAR: u32 = 0x080;
    /// Keeps servers from looking for sessions in the cache.
    pub const NO_INTERNAL_LOOKUP: u32 = 0x100;
    /// Keeps handshakes from putting sessions into the cache.
    pub const NO_INTERNAL_STORE: u32 = 0x200;
    /// Makes `SSL_CTX_add_session` set the session's time.
    pub const UPDATE_TIME: u32 = 0x400;
}

/// Limits the sessions of a new context: `SSL_SESSION_CACHE_MAX_SIZE_DEFAULT`.
const DEFAULT_CACHE_SIZE: i64 = 1024 * 20;
/// Holds the timeout of the method, seconds: `tls1_default_timeout`.
const DEFAULT_TIMEOUT: i64 = 60 * 60 * 2;

/// Counts the tickets of a full handshake, where nothing was set.
const DEFAULT_TICKETS: u8 = 2;

/// Names a counter of a context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Statistic {
    /// Counts handshakes that clients began: `SSL_CTX_sess_connect`.
    Connect,
    /// Counts handshakes that clients finished: `SSL_CTX_sess_connect_good`.
    ConnectGood,
    /// Counts renegotiations of clients: `SSL_CTX_sess_connect_renegotiate`.
    ConnectRenegotiate,
    /// Counts handshakes that servers began: `SSL_CTX_sess_accept`.
    Accept,
    /// Counts handshakes that servers finished: `SSL_CTX_sess_accept_good`.
    AcceptGood,
    /// Counts renegotiations of servers: `SSL_CTX_sess_accept_renegotiate`.
    AcceptRenegotiate,
    /// Counts sessions that were resumed: `SSL_CTX_sess_hits`.
    Hits,
    /// Counts sessions that the get callback found: `SSL_CTX_sess_cb_hits`.
    CbHits,
    /// Counts sessions that were asked for and not found: `SSL_CTX_sess_misses`.
    Misses,
    /// Counts sessions that were found and had expired: `SSL_CTX_sess_timeouts`.
    Timeouts,
    /// Counts sessions that were evicted: `SSL_CTX_sess_cache_full`.
    CacheFull,
}

/// Returns a reference to what is found under an id.
pub type GetSession = fn(context: &Context, id: &[u8]) -> Option<Session>;

/// Says what becomes of the name that a client asked for. The context is the one whose callback it is.
pub type AnswerName = fn(context: &Context, connection: &Connection, server: bool) -> NameAnswer;

/// Holds what an application lets a context call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Callbacks {
    /// Is called when a session leaves the cache, or is not to be resumed: `SSL_CTX_sess_set_remove_cb`.
    pub remove: Option<fn(context: &Context, session: &Session)>,
    /// Is called when the context is destroyed: the free callback of its ex_data.
    pub freed: Option<fn(context: &Context)>,
    /// Is called when a session can be resumed: `SSL_CTX_sess_set_new_cb`. The session is another reference, for the callback to
    /// keep or to drop.
    pub new: Option<fn(context: &Context, server: bool, session: Session)>,
    /// Is called when a server looks for a session that the cache does not have: `SSL_CTX_sess_set_get_cb`. The caller gets a
    /// reference.
    pub get: Option<GetSession>,
    /// Makes a session id of at most so many bytes: `SSL_CTX_set_generate_session_id`.
    pub generate_id: Option<fn(room: usize) -> Vec<u8>>,
    /// Says what becomes of the name that a client asked for, and may move the connection: `SSL_CTX_set_tlsext_servername_callback`.
    pub server_name: Option<AnswerName>,
    /// Selects one of the protocols that a client names: `SSL_CTX_set_alpn_select_cb`.
    pub alpn: Option<SelectAlpn>,
    /// Is told of a session of which a ticket is made: `SSL_CTX_set_session_ticket_cb`.
    pub generate_ticket: Option<GenerateTicket>,
    /// Gives the keys that seal tickets and open them: `SSL_CTX_set_tlsext_ticket_key_evp_cb`. `None`: the context's own do.
    pub ticket_key: Option<TicketKeyCallbacks>,
    /// Says what becomes of a ticket that a client has shown: `SSL_CTX_set_session_ticket_cb`.
    pub decrypt_ticket: Option<DecryptTicket>,
}

/// Says what becomes of the name that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameAnswer {
    /// Takes it: `SSL_TLSEXT_ERR_OK`.
    Accepted,
    /// Goes on without: `SSL_TLSEXT_ERR_NOACK`, or no callback.
    Declined,
    /// Ends the handshake: `SSL_TLSEXT_ERR_ALERT_FATAL`.
    Refused,
}

/// Models an `SSL_CTX`. A reference to it is an [`Arc`]. The last one that goes takes the cached sessions along.
#[derive(Debug)]
pub struct Context {
    library: Arc<Library>,
    /// Names this context to its sessions: not 0, and the number of no other context of the library.
    number: u64,
    cache: Mutex<Locked>,
    unlocked: Condvar,
    mode: AtomicU32,
    cache_size: AtomicI64,
    timeout: AtomicU64,
    pub(super) id_context: Bytes<4>,
    statistics: [AtomicU64; 11],
    method: Method,
    inherited: Mutex<Inherited>,
    pub(super) ticket_keys: Mutex<TicketKeys>,
    pub(super) suites: Mutex<Suites>,
}

/// Holds the cache, and who has its lock while a callback runs.
#[derive(Debug)]
struct Locked {
    cache: Cache,
    callbacks: Callbacks,
    holder: Option<ThreadId>,
}

/// Names what a context is for: `TLS_server_method(3)` and the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Method {
    /// Is for clients.
    pub client: bool,
    /// Is for DTLS.
    pub datagrams: bool,
}

impl Method {
    const fn newest(self) -> Version {
        if self.datagrams { Version::Dtls12 } else { Version::Tls13 }
    }
}

impl Library {
    /// Makes a context with an empty cache, for servers of TLS: `SSL_CTX_new`.
    pub fn context(self: &Arc<Self>) -> Arc<Context> {
        self.context_for(Method::default())
    }

    /// Makes a context with an empty cache, of a method: `SSL_CTX_new`.
    pub fn context_for(self: &Arc<Self>, method: Method) -> Arc<Context> {
        let inherited = Inherited { max_version: method.newest(), tickets: DEFAULT_TICKETS, ..Inherited::default() };
        let new = |number| Context {
            library: self.clone(),
            number,
            cache: Mutex::new(Locked { cache: Cache::new(number), callbacks: Callbacks::default(), holder: None }),
            unlocked: Condvar::new(),
            mode: AtomicU32::new(mode::SERVER),
            cache_size: AtomicI64::new(DEFAULT_CACHE_SIZE),
            timeout: AtomicU64::new(self.rules.time.keep(DEFAULT_TIMEOUT)),
            id_context: Bytes::new(),
            statistics: Default::default(),
            method,
            inherited: Mutex::new(inherited.clone()),
            ticket_keys: Mutex::new(TicketKeys::of_context(number)),
            suites: Mutex::new(Arc::new(suites::ALL)),
        };
        self.enter_context(new)
    }
}

impl Context {
    /// Returns a number that is the same for all references to this context and for no other live one.
    pub fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Sets what is cached, as bits of `mode`, and returns the mode before: `SSL_CTX_set_session_cache_mode`.
    pub fn set_cache_mode(&self, mode: u32) -> u32 {
        self.mode.swap(mode, Relaxed)
    }

    /// Returns what is cached: `SSL_CTX_get_session_cache_mode`.
    pub fn cache_mode(&self) -> u32 {
        self.mode.load(Relaxed)
    }

    /// Limits the cache, and returns the limit before: `SSL_CTX_sess_set_cache_size`. 0 is no limit. A negative size changes
    /// nothing, and 0 is returned, unless [`Custom::CacheSizeIsUnsigned`] holds. What is cached already stays.
    pub fn set_cache_size(&self, size: i64) -> i64 {
        if size < 0 && !self.library.has_custom(Custom::CacheSizeIsUnsigned) {
            0
        } else {
            self.cache_size.swap(size, Relaxed)
        }
    }

    /// Returns the limit of the cache, 0 for none: `SSL_CTX_sess_get_cache_size`.
    pub fn cache_size(&self) -> i64 {
        self.cache_size.load(Relaxed)
    }

    /// Sets the timeout of sessions that handshakes make, seconds, and returns the one before: `SSL_CTX_set_timeout`. Any value is
    /// taken, but see [`Custom::ContextTimeoutIsNever0`].
    pub fn set_timeout(&self, seconds: i64) -> i64 {
        let seconds = match self.library.has_custom(Custom::ContextTimeoutIsNever0) {
            true if seconds as u32 == 0 => DEFAULT_TIMEOUT,
            true => i64::from(seconds as u32),
            false => seconds,
        };
        let time = self.library.rules.time;
        time.seconds(self.timeout.swap(time.keep(seconds), Relaxed))
    }

    /// Returns the timeout of sessions that handshakes make, seconds: `SSL_CTX_get_timeout`.
    pub fn timeout(&self) -> i64 {
        self.library.rules.time.seconds(self.timeout.load(Relaxed))
    }

    /// Sets the session id context of connections made from here on: `SSL_CTX_set_session_id_context`.
    ///
    /// # Errors
    /// Refuses more than 32 bytes.
    pub fn set_id_context(&self, context: &[u8]) -> Result<(), Error> {
        if context.len() > ID_MAX {
            return Err(Error::IdContextTooLong);
        }
        self.id_context.set(context);
        Ok(())
    }

    /// Returns the session id context of connections made from here on.
    pub fn id_context(&self) -> ShortBytes {
        ShortBytes::of(&self.id_context)
    }

    /// Returns how many sessions are cached: `SSL_CTX_sess_number`.
    pub fn number(&self) -> usize {
        self.peek().cache.len()
    }

    /// Returns a counter: `SSL_CTX_sess_hits` and the like.
    pub fn statistic(&self, of: Statistic) -> u64 {
        self.statistics[of as usize].load(Relaxed)
    }

    /// Counts one more.
    pub(super) fn counted(&self, of: Statistic) {
        self.statistics[of as usize].fetch_add(1, Relaxed);
    }

    /// Sets all callbacks at once: `SSL_CTX_sess_set_remove_cb` and the like.
    pub fn set_callbacks(&self, callbacks: Callbacks) {
        self.peek().callbacks = callbacks;
    }

    /// Returns the callbacks.
    pub fn callbacks(&self) -> Callbacks {
        self.peek().callbacks
    }

    /// Returns what connections made from here on inherit.
    pub fn inherited(&self) -> Inherited {
        self.inherited.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets what connections made from here on inherit: `SSL_CTX_set_options` and the like.
    pub fn set_inherited(&self, inherited: Inherited) {
        *self.inherited.lock().unwrap_or_else(PoisonError::into_inner) = inherited;
    }

    /// Limits the version of connections made from here on: `SSL_CTX_set_max_proto_version`. A context for DTLS passes over what is one of
    /// TLS, and says that it is done.
    pub fn set_max_version(&self, version: Version) {
        let takes = self.sends_datagrams() == (version == Version::Dtls12);
        if takes {
            self.inherited.lock().unwrap_or_else(PoisonError::into_inner).max_version = version;
        }
    }

    /// Returns whether its connections speak DTLS.
    pub fn sends_datagrams(&self) -> bool {
        self.method.datagrams
    }

    /// Returns its method.
    pub(super) const fn method(&self) -> Method {
        self.method
    }

    /// Returns the newest version of its method.
    pub(super) const fn newest(&self) -> Version {
        self.method.newest()
    }

    /// Looks for a session in the cache, and asks the get callback where it is not there: `lookup_sess_in_cache`. The caller gets
    /// a reference.
    pub(super) fn look_up(&self, version: i32, id: &[u8]) -> Option<Session> {
        let cache_mode = self.cache_mode();
        if cache_mode & mode::NO_INTERNAL_LOOKUP == 0 {
            let found = self.peek().cache.find(&Key::new(version, id));
            if found.is_some() {
                return found;
            }
            self.counted(Statistic::Misses);
        }
        let found = (self.callbacks().get?)(self, id)?;
        if found.is_marked_not_resumable() && !self.library.meets(Rule::NotResumableIsCached) {
            return None;
        }
        self.counted(Statistic::CbHits);
        if cache_mode & mode::NO_INTERNAL_STORE == 0 {
            self.add_session(&found);
        }
        Some(found)
    }

    /// Returns whether the cache has a session of this version and id: `SSL_has_matching_session_id`.
    pub(super) fn has_key(&self, version: i32, id: &[u8]) -> bool {
        self.peek().cache.has_key(&Key::new(version, id))
    }

    /// Counts one less.
    pub(super) fn discount(&self, of: Statistic) {
        self.statistics[of as usize].fetch_sub(1, Relaxed);
    }

    /// Returns the library that the context was made with.
    pub(super) fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Returns the timeout of sessions that handshakes make, as the release keeps it. 0 stands for that of the method.
    pub(super) fn session_timeout(&self) -> u64 {
        match self.timeout.load(Relaxed) {
            0 => self.library.rules.time.keep(DEFAULT_TIMEOUT),
            timeout => timeout,
        }
    }

    /// Calls `each` for every cached session, in no order: `SSL_CTX_sessions`.
    pub fn sessions(&self, mut each: impl FnMut(&Session)) {
        self.peek().cache.sessions().for_each(&mut each);
    }

    /// Returns whether the cache has this very session.
    pub fn lists(&self, session: &Session) -> bool {
        self.peek().cache.lists(session)
    }

    /// Puts a session into the cache, which takes a reference of its own: `SSL_CTX_add_session`. Returns `false` where it was
    /// there already, or the callback that calls has the cache's lock.
    pub fn add_session(&self, session: &Session) -> bool {
        let rules = &self.library.rules;
        let Some(mut locked) = self.lock() else { return false };
        let (put, displaced) = locked.cache.put(session);
        drop(displaced);
        if !rules.has(Rule::ListByArrival) && self.cache_mode() & mode::UPDATE_TIME != 0 {
            session.touch();
        }
        let at = match put {
            Put::New(at) => at,
            Put::Known(at) => {
                if rules.has(Rule::AddedAgainMoves) {
                    self.link(&mut locked, at, session);
                }
                return false;
            }
        };
        let mut gone = Vec::new();
        let links_first = rules.has(Rule::NewIsEvicted);
        if links_first {
            self.link(&mut locked, at, session);
        }
        let size = self.cache_size();
        let full = |locked: &Locked| {
            let number = locked.cache.len() as i64;
            number > size || number == size && self.library.meets(Rule::FullIsOneShort)
        };
        while size > 0 && full(&locked) {
            let Some(tail) = locked.cache.tail().filter(|tail| !tail.id().as_slice().is_empty()) else { break };
            let key = Key::of(tail);
            // Not found: its id was changed since it came in. It stays, and nothing else is evicted.
            let Some(evicted) = locked.cache.take(&key) else { break };
            if links_first && evicted.address() == session.address() {
                self.library.meets(Rule::NewIsEvicted);
            }
            evicted.set_not_resumable(true);
            if rules.has(Rule::CallbackIsLocked) {
                locked = self.tell_with_lock(locked, &evicted);
                drop(evicted);
            } else {
                gone.push(evicted);
            }
            self.counted(Statistic::CacheFull);
        }
        if !links_first {
            self.link(&mut locked, at, session);
        }
        drop(locked);
        self.notify_removed(gone);
        true
    }

    /// Puts a session into the list.
    fn link(&self, locked: &mut Locked, at: usize, session: &Session) {
        locked.cache.link(at, &self.library.rules);
        session.set_owner(self.number);
    }

    /// Takes out the session that has the id and version of this one, which need not be this one: `SSL_CTX_remove_session`. It is
    /// *this one* that cannot be resumed afterwards and that the callback gets. A session without an id is left alone. Returns
    /// whether there was one.
    pub fn remove_session(&self, session: &Session) -> bool {
        if session.id().as_slice().is_empty() {
            return false;
        }
        let Some(mut locked) = self.lock() else { return false };
        let found = locked.cache.take(&Key::of(session));
        session.set_not_resumable(true);
        let remove = locked.callbacks.remove;
        drop(locked);
        if let Some(remove) = remove {
            remove(self, session);
        }
        found.is_some()
    }

    /// Takes out what has expired at this time, in seconds since 1970: `SSL_CTX_flush_sessions`, `SSL_CTX_flush_sessions_ex`. At 0
    /// everything goes.
    pub fn flush_sessions(&self, seconds: i64) {
        let rules = &self.library.rules;
        let Some(mut locked) = self.lock() else { return };
        if rules.has(Rule::FlushByHash) {
            let ends = |session: &Session| rules.time.is_expired(rules.time.keep(seconds), session.expiry());
            for key in locked.cache.keys_of(|session| seconds == 0 || ends(session)) {
                let Some(found) = locked.cache.take(&key) else { continue };
                found.set_not_resumable(true);
                locked = self.tell_with_lock(locked, &found);
            }
            return;
        }
        let mut gone = Vec::new();
        while let Some(tail) = locked.cache.tail() {
            if seconds != 0 && !rules.time.is_expired(rules.time.keep(seconds), tail.expiry()) {
                break;
            }
            let key = Key::of(tail);
            let Some(found) = locked.cache.take(&key) else { break };
            found.set_not_resumable(true);
            if rules.has(Rule::CallbackIsLocked) {
                locked = self.tell_with_lock(locked, &found);
            }
            gone.push(found);
        }
        drop(locked);
        if !rules.has(Rule::CallbackIsLocked) {
            self.notify_removed(gone);
        }
    }

    /// Tells the remove callback of what was taken out under the lock, and releases it, the last one first.
    fn notify_removed(&self, gone: Vec<Session>) {
        for session in gone.into_iter().rev() {
            if let Some(remove) = self.callbacks().remove {
                remove(self, &session);
            }
        }
    }

    /// Moves a session to the place in the list that its expiry gives it now.
    pub(super) fn relink(&self, session: &Session) {
        if let Some(mut locked) = self.lock() {
            locked.cache.relink(session, &self.library.rules);
        }
    }

    /// Locks the cache. Returns `None` where a callback of this thread's runs with the lock held, and the lock of the release says
    /// so.
    fn lock(&self) -> Option<MutexGuard<'_, Locked>> {
        let mut locked = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(holder) = locked.holder {
            if holder == thread::current().id() {
                return None;
            }
            locked = self.unlocked.wait(locked).unwrap_or_else(PoisonError::into_inner);
        }
        Some(locked)
    }

    /// Locks the cache to look at it, which a callback does not forbid.
    fn peek(&self) -> MutexGuard<'_, Locked> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the remove callback of a session that was taken out. The callback must find the lock held.
    fn tell_with_lock<'a>(&'a self, mut locked: MutexGuard<'a, Locked>, session: &Session) -> MutexGuard<'a, Locked> {
        let Some(remove) = locked.callbacks.remove else { return locked };
        let before = locked.holder.replace(thread::current().id());
        drop(locked);
        remove(self, session);
        let mut locked = self.peek();
        locked.holder = before;
        self.unlocked.notify_all();
        locked
    }
}

/// Flushes the cache, with its callbacks: `SSL_CTX_free` of the last reference.
impl Drop for Context {
    fn drop(&mut self) {
        self.flush_sessions(0);
        if let Some(freed) = self.callbacks().freed {
            freed(self);
        }
        self.library.leave_context(self.number);
    }
}

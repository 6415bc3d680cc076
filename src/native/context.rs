//! The context: settings, statistics and the cache of sessions.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};

use super::bytes::{Bytes, Short};
use super::cache::{Cache, Key, Put};
use super::connection::Inherited;
use super::error::Error;
use super::established::Established;
use super::library::Library;
use super::session::{ID_MAX, Session};

/// `SSL_SESS_CACHE_*`
pub mod mode {
    /// Clients cache.
    pub const CLIENT: u32 = 0x001;
    /// Servers cache: the default.
    pub const SERVER: u32 = 0x002;
    /// Nothing is flushed by itself.
    pub const NO_AUTO_CLEAR: u32 = 0x080;
    /// Servers do not look for sessions in the cache.
    pub const NO_INTERNAL_LOOKUP: u32 = 0x100;
    /// Handshakes put no sessions into the cache.
    pub const NO_INTERNAL_STORE: u32 = 0x200;
    /// `SSL_CTX_add_session` sets the session's time.
    pub const UPDATE_TIME: u32 = 0x400;
}

const DEFAULT_CACHE_SIZE: i64 = 1024 * 20;
/// Seconds: `tls1_default_timeout`.
const DEFAULT_TIMEOUT: i64 = 60 * 60 * 2;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Statistic {
    /// `SSL_CTX_sess_connect`
    Connect,
    /// `SSL_CTX_sess_connect_good`
    ConnectGood,
    /// `SSL_CTX_sess_connect_renegotiate`
    ConnectRenegotiate,
    /// `SSL_CTX_sess_accept`
    Accept,
    /// `SSL_CTX_sess_accept_good`
    AcceptGood,
    /// `SSL_CTX_sess_accept_renegotiate`
    AcceptRenegotiate,
    /// `SSL_CTX_sess_hits`
    Hits,
    /// `SSL_CTX_sess_cb_hits`
    CbHits,
    /// `SSL_CTX_sess_misses`
    Misses,
    /// `SSL_CTX_sess_timeouts`
    Timeouts,
    /// `SSL_CTX_sess_cache_full`
    CacheFull,
}

/// Gives a reference to what is found under an id.
pub type GetSession = fn(context: &Context, id: &[u8]) -> Option<Session>;

/// What an application lets a context call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Callbacks {
    /// A session leaves the cache, or is not to be resumed: `SSL_CTX_sess_set_remove_cb`.
    pub remove: Option<fn(context: &Context, session: &Session)>,
    /// The context is destroyed: the free callback of its ex_data.
    pub freed: Option<fn(context: &Context)>,
    /// A session can be resumed: `SSL_CTX_sess_set_new_cb`. The session is another reference, for the callback to keep or to
    /// drop.
    pub new: Option<fn(context: &Context, server: bool, session: Session)>,
    /// A server looks for a session that the cache does not have: `SSL_CTX_sess_set_get_cb`. The caller gets a reference.
    pub get: Option<GetSession>,
    /// Makes a session id of at most so many bytes: `SSL_CTX_set_generate_session_id`.
    pub generate_id: Option<fn(room: usize) -> Vec<u8>>,
}

/// `SSL_CTX`. A reference to it is an [`Arc`]; the last one that goes takes the cached sessions along.
#[derive(Debug)]
pub struct Context {
    library: Arc<Library>,
    me: Weak<Context>,
    cache: Mutex<Locked>,
    unlocked: Condvar,
    mode: AtomicU32,
    cache_size: AtomicI64,
    timeout: AtomicU64,
    pub(super) id_context: Bytes<4>,
    statistics: [AtomicU64; 11],
    callbacks: Mutex<Callbacks>,
    inherited: Mutex<Inherited>,
    /// What was in the tickets that servers sent.
    pub(super) tickets: Mutex<HashMap<Vec<u8>, Arc<Established>>>,
}

/// The cache and who holds its lock while a callback runs.
#[derive(Debug)]
struct Locked {
    cache: Cache,
    holder: Option<ThreadId>,
}

impl Context {
    pub(super) fn blank(library: &Arc<Library>) -> Arc<Context> {
        Arc::new_cyclic(|me| Context {
            library: library.clone(),
            me: me.clone(),
            cache: Mutex::new(Locked { cache: Cache::new(), holder: None }),
            unlocked: Condvar::new(),
            mode: AtomicU32::new(mode::SERVER),
            cache_size: AtomicI64::new(DEFAULT_CACHE_SIZE),
            timeout: AtomicU64::new(library.rules.time.keep(DEFAULT_TIMEOUT)),
            id_context: Bytes::new(),
            statistics: Default::default(),
            callbacks: Mutex::default(),
            inherited: Mutex::default(),
            tickets: Mutex::default(),
        })
    }

    /// A number that is the same for all references to this context and for no other live one.
    pub fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// `SSL_CTX_set_session_cache_mode`: returns the mode before.
    pub fn set_cache_mode(&self, mode: u32) -> u32 {
        self.mode.swap(mode, Relaxed)
    }

    /// `SSL_CTX_get_session_cache_mode`.
    pub fn cache_mode(&self) -> u32 {
        self.mode.load(Relaxed)
    }

    /// `SSL_CTX_sess_set_cache_size`: 0 is without limit; returns the size before. A negative size changes nothing, and 0 is
    /// returned. What is cached already stays.
    pub fn set_cache_size(&self, size: i64) -> i64 {
        if size < 0 { 0 } else { self.cache_size.swap(size, Relaxed) }
    }

    /// `SSL_CTX_sess_get_cache_size`.
    pub fn cache_size(&self) -> i64 {
        self.cache_size.load(Relaxed)
    }

    /// `SSL_CTX_set_timeout`: seconds; returns those before. Any value is taken.
    pub fn set_timeout(&self, seconds: i64) -> i64 {
        let time = self.library.rules.time;
        time.seconds(self.timeout.swap(time.keep(seconds), Relaxed))
    }

    /// `SSL_CTX_get_timeout`: seconds.
    pub fn timeout(&self) -> i64 {
        self.library.rules.time.seconds(self.timeout.load(Relaxed))
    }

    /// `SSL_CTX_set_session_id_context`.
    ///
    /// # Errors
    /// More than 32 bytes.
    pub fn set_id_context(&self, context: &[u8]) -> Result<(), Error> {
        if context.len() > ID_MAX {
            return Err(Error::IdContextTooLong);
        }
        self.id_context.set(context);
        Ok(())
    }

    /// The session id context of connections made from here on.
    pub fn id_context(&self) -> Short {
        Short::of(&self.id_context)
    }

    /// `SSL_CTX_sess_number`.
    pub fn number(&self) -> usize {
        self.peek().cache.len()
    }

    /// One of the other statistics.
    pub fn statistic(&self, of: Statistic) -> u64 {
        self.statistics[of as usize].load(Relaxed)
    }

    pub(super) fn counted(&self, of: Statistic) {
        self.statistics[of as usize].fetch_add(1, Relaxed);
    }

    /// `SSL_CTX_sess_set_remove_cb` and the like, all at once.
    pub fn set_callbacks(&self, callbacks: Callbacks) {
        *self.callbacks.lock().unwrap_or_else(PoisonError::into_inner) = callbacks;
    }

    /// The callbacks.
    pub fn callbacks(&self) -> Callbacks {
        *self.callbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What connections made from here on inherit.
    pub fn inherited(&self) -> Inherited {
        *self.inherited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `SSL_CTX_set_options` and the like.
    pub fn set_inherited(&self, inherited: Inherited) {
        *self.inherited.lock().unwrap_or_else(PoisonError::into_inner) = inherited;
    }

    /// `lookup_sess_in_cache`: the caller gets a reference.
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
        if found.is_marked_not_resumable() && self.library.rules.not_resumable_is_left_alone {
            return None;
        }
        self.counted(Statistic::CbHits);
        if cache_mode & mode::NO_INTERNAL_STORE == 0 {
            self.add_session(&found);
        }
        Some(found)
    }

    /// `SSL_has_matching_session_id`
    pub(super) fn has_key(&self, version: i32, id: &[u8]) -> bool {
        self.peek().cache.find(&Key::new(version, id)).is_some()
    }

    pub(super) fn discount(&self, of: Statistic) {
        self.statistics[of as usize].fetch_sub(1, Relaxed);
    }

    pub(super) fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// The timeout of new sessions, as the release keeps it: 0 stands for that of the method.
    pub(super) fn session_timeout(&self) -> u64 {
        match self.timeout.load(Relaxed) {
            0 => self.library.rules.time.keep(DEFAULT_TIMEOUT),
            timeout => timeout,
        }
    }

    /// `SSL_CTX_sessions`: calls `each` for every cached session, in no order.
    pub fn sessions(&self, mut each: impl FnMut(&Session)) {
        self.peek().cache.sessions().for_each(&mut each);
    }

    /// Whether the cache has this very session.
    pub fn lists(&self, session: &Session) -> bool {
        self.peek().cache.lists(session)
    }

    /// `SSL_CTX_add_session`: the cache takes a reference of its own. `false`: it was there already, or the cache is locked by
    /// the callback that calls.
    pub fn add_session(&self, session: &Session) -> bool {
        let rules = &self.library.rules;
        let Some(mut locked) = self.lock() else { return false };
        let (put, displaced) = locked.cache.put(session);
        drop(displaced);
        if rules.list_by_expiry && self.cache_mode() & mode::UPDATE_TIME != 0 {
            session.touch();
        }
        let at = match put {
            Put::New(at) => at,
            Put::Known(at) => {
                if rules.added_again_moves {
                    self.link(&mut locked, at, session);
                }
                return false;
            }
        };
        let mut gone = Vec::new();
        if rules.linked_before_eviction {
            self.link(&mut locked, at, session);
        }
        let size = self.cache_size();
        let full = |locked: &Locked| {
            let number = locked.cache.len() as i64;
            if rules.linked_before_eviction { number > size } else { number >= size }
        };
        while size > 0 && full(&locked) {
            let Some(tail) = locked.cache.tail().filter(|tail| !tail.id().as_slice().is_empty()) else { break };
            let key = Key::of(tail);
            // Not found: its id was changed since it came in. It stays, and nothing else is evicted.
            let Some(evicted) = locked.cache.take(&key) else { break };
            evicted.mark_not_resumable();
            if rules.callbacks_after_unlock {
                gone.push(evicted);
            } else {
                locked = self.unlocked_for(locked, |callbacks| {
                    if let Some(remove) = callbacks.remove {
                        remove(self, &evicted);
                    }
                });
                drop(evicted);
            }
            self.counted(Statistic::CacheFull);
        }
        if !rules.linked_before_eviction {
            self.link(&mut locked, at, session);
        }
        drop(locked);
        self.say_goodbye(gone);
        true
    }

    fn link(&self, locked: &mut Locked, at: usize, session: &Session) {
        locked.cache.link(at, &self.library.rules);
        session.set_owner(Some(self.me.clone()));
    }

    /// `SSL_CTX_remove_session`: takes out the session that has the id and version of this one, which need not be this one. It
    /// is *this one* that cannot be resumed afterwards and that the callback gets. A session without an id is left alone.
    pub fn remove_session(&self, session: &Session) -> bool {
        if session.id().as_slice().is_empty() {
            return false;
        }
        let Some(mut locked) = self.lock() else { return false };
        let found = locked.cache.take(&Key::of(session));
        session.mark_not_resumable();
        drop(locked);
        if let Some(remove) = self.callbacks().remove {
            remove(self, session);
        }
        found.is_some()
    }

    /// `SSL_CTX_flush_sessions`, `SSL_CTX_flush_sessions_ex`: what is expired at this time, in seconds since 1970, goes; at 0
    /// everything goes.
    pub fn flush_sessions(&self, seconds: i64) {
        let rules = &self.library.rules;
        let Some(mut locked) = self.lock() else { return };
        let mut gone = Vec::new();
        while let Some(tail) = locked.cache.tail() {
            if seconds != 0 && !rules.time.is_over(seconds, tail.expiry()) {
                break;
            }
            let key = Key::of(tail);
            let Some(found) = locked.cache.take(&key) else { break };
            found.mark_not_resumable();
            if !rules.callbacks_after_unlock {
                locked = self.unlocked_for(locked, |callbacks| {
                    if let Some(remove) = callbacks.remove {
                        remove(self, &found);
                    }
                });
            }
            gone.push(found);
        }
        drop(locked);
        if rules.callbacks_after_unlock {
            self.say_goodbye(gone);
        } else {
            gone.into_iter().for_each(drop);
        }
    }

    /// Callback and release of what was taken out under the lock: the last one first.
    fn say_goodbye(&self, gone: Vec<Session>) {
        for session in gone.into_iter().rev() {
            if let Some(remove) = self.callbacks().remove {
                remove(self, &session);
            }
        }
    }

    /// To the place in the list that the session's expiry gives it now.
    pub(super) fn relink(&self, session: &Session) {
        if let Some(mut locked) = self.lock() {
            locked.cache.relink(session, &self.library.rules);
        }
    }

    /// `None`: a callback of this thread's runs with the lock held, and the lock of the release says so.
    fn lock(&self) -> Option<MutexGuard<'_, Locked>> {
        let mut locked = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(holder) = locked.holder {
            if holder == thread::current().id() {
                return (!self.library.rules.lock_refuses_holder).then_some(locked);
            }
            locked = self.unlocked.wait(locked).unwrap_or_else(PoisonError::into_inner);
        }
        Some(locked)
    }

    fn peek(&self) -> MutexGuard<'_, Locked> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a callback that must find the lock held.
    fn unlocked_for<'a>(
        &'a self,
        mut locked: MutexGuard<'a, Locked>,
        call: impl FnOnce(Callbacks),
    ) -> MutexGuard<'a, Locked> {
        let callbacks = self.callbacks();
        if callbacks.remove.is_none() {
            return locked;
        }
        let before = locked.holder.replace(thread::current().id());
        drop(locked);
        call(callbacks);
        let mut locked = self.peek();
        locked.holder = before;
        self.unlocked.notify_all();
        locked
    }
}

/// `SSL_CTX_free` of the last reference: the cache goes, with its callbacks.
impl Drop for Context {
    fn drop(&mut self) {
        self.flush_sessions(0);
        if let Some(freed) = self.callbacks().freed {
            freed(self);
        }
    }
}

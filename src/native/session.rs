//! The session object: a reference-counted handle and its fields.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::bytes::{Bytes, Short};
use super::contents::{Contents, View, replace};
use super::context::Context;
use super::error::Error;
use super::library::Library;
use super::time::Expiry;

/// One reference to a session. Dropping it gives the reference back; the last one destroys the session, calls the free
/// callback of every ex_data index and wipes the session id and the master key.
///
/// Like a `SSL_SESSION *`, it may be used from any thread. References are counted atomically; two threads that set and
/// read one field at the same time may see a mixture of both values, as in C, but never undefined behaviour.
#[derive(Debug)]
pub struct Session(pub(super) Arc<Inner>);

/// A cipher suite by its two-byte code, `0x1301` for `TLS_AES_128_GCM_SHA256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cipher(pub u16);

pub(super) const ID_MAX: usize = 32;
const FRAGMENT_UNSPECIFIED: u8 = 255;
const DEFAULT_TIMEOUT: i64 = 60 * 5 + 4;
/// No cipher; codes have 16 bits.
const NO_CIPHER: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) library: Arc<Library>,
    pub(super) protocol_version: AtomicI32,
    pub(super) id: Bytes<4>,
    pub(super) id_context: Bytes<4>,
    pub(super) master_key: Bytes<64>,
    pub(super) not_resumable: AtomicBool,
    /// As [`super::time::TimeRule::keep`] keeps them.
    pub(super) time: AtomicU64,
    pub(super) timeout: AtomicU64,
    pub(super) compress_id: AtomicU32,
    pub(super) cipher: AtomicU32,
    pub(super) ticket_lifetime_hint: AtomicU64,
    pub(super) max_early_data: AtomicU32,
    pub(super) fragment_mode: AtomicU8,
    /// Whether `contents` has a ticket of at least one byte, and a peer: known without its lock.
    pub(super) has_ticket: AtomicBool,
    pub(super) has_peer: AtomicBool,
    /// Whether `contents` has an owner.
    pub(super) owned: AtomicBool,
    pub(super) contents: Mutex<Contents>,
}

/// A pointer to a session that is not a reference.
#[derive(Clone, Debug)]
pub struct WeakSession(Weak<Inner>);

impl WeakSession {
    /// A reference, while the session lives.
    pub fn upgrade(&self) -> Option<Session> {
        self.0.upgrade().map(Session)
    }

    /// As [`Session::references`].
    pub fn references(&self) -> usize {
        self.0.strong_count()
    }

    /// As [`Session::address`].
    pub fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }
}

impl Session {
    /// `SSL_SESSION_new` of OpenSSL 3.6.3, with the system's clock. The caller owns the one reference.
    #[allow(clippy::new_without_default)] // A session is an object with an identity, not a value.
    pub fn new() -> Session {
        Library::default_one().session()
    }

    pub(super) fn blank(library: &Arc<Library>) -> Session {
        let rules = &library.rules;
        let session = Session(Arc::new(Inner {
            library: library.clone(),
            protocol_version: AtomicI32::new(0),
            id: Bytes::new(),
            id_context: Bytes::new(),
            master_key: Bytes::new(),
            not_resumable: AtomicBool::new(false),
            time: AtomicU64::new(rules.time.now(library.micros())),
            timeout: AtomicU64::new(rules.time.keep(DEFAULT_TIMEOUT)),
            compress_id: AtomicU32::new(0),
            cipher: AtomicU32::new(NO_CIPHER),
            ticket_lifetime_hint: AtomicU64::new(0),
            max_early_data: AtomicU32::new(0),
            fragment_mode: AtomicU8::new(if rules.fragment_unspecified { FRAGMENT_UNSPECIFIED } else { 0 }),
            has_ticket: AtomicBool::new(false),
            has_peer: AtomicBool::new(false),
            owned: AtomicBool::new(false),
            contents: Mutex::default(),
        }));
        for (index, callbacks) in library.classes.iter() {
            if let Some(new) = callbacks.new {
                new(&session, index);
            }
        }
        session
    }

    /// `SSL_SESSION_dup`: a new session with one reference, owned by the caller, and the contents of this one.
    ///
    /// # Errors
    /// A refusing ex_data dup callback, or an empty ticket (`ssl_session_dup_intern`, ssl/ssl_sess.c, 3.6.3).
    pub fn dup(&self) -> Result<Session, Error> {
        self.dup_with(true)
    }

    pub(super) fn dup_with(&self, ticket: bool) -> Result<Session, Error> {
        let source = &*self.0;
        let copy = Session::blank(&source.library);
        let dest = &*copy.0;
        dest.protocol_version.store(source.protocol_version.load(Relaxed), Relaxed);
        dest.id.copy_from(&source.id);
        dest.id_context.copy_from(&source.id_context);
        dest.master_key.copy_from(&source.master_key);
        dest.not_resumable.store(source.not_resumable.load(Relaxed), Relaxed);
        dest.time.store(source.time.load(Relaxed), Relaxed);
        dest.timeout.store(source.timeout.load(Relaxed), Relaxed);
        dest.compress_id.store(source.compress_id.load(Relaxed), Relaxed);
        dest.cipher.store(source.cipher.load(Relaxed), Relaxed);
        dest.max_early_data.store(source.max_early_data.load(Relaxed), Relaxed);
        dest.fragment_mode.store(source.fragment_mode.load(Relaxed), Relaxed);

        // Application data first: its callbacks may use the source, so they run without its lock.
        let values = self.contents().ex_data.snapshot();
        let duplicated = copy.contents().ex_data.dup(self.address(), values, &source.library.classes);
        duplicated.map_err(|_| Error::ExDataRefused)?;

        let from = self.contents();
        let mut to = copy.contents();
        (to.peer, to.peer_chain) = (from.peer.clone(), from.peer_chain.clone());
        dest.has_peer.store(to.peer.is_some(), Relaxed);
        to.hostname = from.hostname.clone();
        match from.ticket.as_ref().filter(|_| ticket) {
            Some(ticket) if ticket.is_empty() => return Err(Error::EmptyTicket),
            Some(ticket) => {
                to.ticket = Some(ticket.clone());
                dest.has_ticket.store(true, Relaxed);
                dest.ticket_lifetime_hint.store(source.ticket_lifetime_hint.load(Relaxed), Relaxed);
            }
            // Without a ticket the lifetime hint is dropped too.
            None => {}
        }
        to.alpn = from.alpn.clone();
        to.ticket_appdata = from.ticket_appdata.clone();
        drop(to);
        Ok(copy)
    }

    /// `SSL_SESSION_up_ref`: one more reference to the same session, owned by the caller.
    #[must_use = "dropping the result gives the reference back"]
    pub fn up_ref(&self) -> Session {
        Session(self.0.clone())
    }

    /// A pointer that keeps nothing alive.
    pub fn downgrade(&self) -> WeakSession {
        WeakSession(Arc::downgrade(&self.0))
    }

    /// How many references there are.
    pub fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// A number that is the same for all references to this session and for no other live session.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// `SSL_SESSION_set1_id`.
    ///
    /// # Errors
    /// More than 32 bytes.
    pub fn set1_id(&self, id: &[u8]) -> Result<(), Error> {
        if id.len() > ID_MAX {
            return Err(Error::IdTooLong);
        }
        self.0.id.set(id);
        Ok(())
    }

    /// `SSL_SESSION_get_id`.
    pub fn id(&self) -> Short {
        Short::of(&self.0.id)
    }

    /// `SSL_SESSION_set1_id_context`.
    ///
    /// # Errors
    /// More than 32 bytes.
    pub fn set1_id_context(&self, context: &[u8]) -> Result<(), Error> {
        if context.len() > ID_MAX {
            return Err(Error::IdContextTooLong);
        }
        self.0.id_context.set(context);
        Ok(())
    }

    /// `SSL_SESSION_get0_id_context`.
    pub fn id_context(&self) -> Short {
        Short::of(&self.0.id_context)
    }

    /// `SSL_SESSION_set_time`, `SSL_SESSION_set_time_ex`: seconds since 1970. Any value is taken.
    pub fn set_time(&self, seconds: i64) {
        self.0.time.store(self.0.library.rules.time.keep(seconds), Relaxed);
        self.relink();
    }

    /// The time is now. The list that it is in stays as it is.
    pub(super) fn touch(&self) {
        let library = &self.0.library;
        self.0.time.store(library.rules.time.now(library.micros()), Relaxed);
    }

    pub(super) fn mark_not_resumable(&self) {
        self.set_not_resumable(true);
    }

    pub(super) fn set_not_resumable(&self, not_resumable: bool) {
        self.0.not_resumable.store(not_resumable, Relaxed);
    }

    pub(super) fn is_marked_not_resumable(&self) -> bool {
        self.0.not_resumable.load(Relaxed)
    }

    /// The context that has it in its list, or nobody.
    pub(super) fn set_owner(&self, owner: Option<Weak<Context>>) {
        if owner.is_some() || self.0.owned.load(Relaxed) {
            self.0.owned.store(owner.is_some(), Relaxed);
            self.contents().owner = owner.unwrap_or_default();
        }
    }

    /// To its place in the list of the context that has it: from 3.0 on, time and timeout decide it.
    fn relink(&self) {
        if self.0.owned.load(Relaxed) && self.0.library.rules.list_by_expiry {
            let owner = self.contents().owner.upgrade();
            if let Some(owner) = owner {
                owner.relink(self);
            }
        }
    }

    /// `SSL_SESSION_get_time`, `SSL_SESSION_get_time_ex`: seconds since 1970.
    pub fn time(&self) -> i64 {
        self.0.library.rules.time.seconds(self.0.time.load(Relaxed))
    }

    /// `SSL_SESSION_set_timeout`: seconds.
    ///
    /// # Errors
    /// A negative timeout, from 3.0 on.
    pub fn set_timeout(&self, seconds: i64) -> Result<(), Error> {
        let rules = &self.0.library.rules;
        if seconds < 0 && rules.negative_timeout_refused {
            return Err(Error::NegativeTimeout);
        }
        self.0.timeout.store(rules.time.keep(seconds), Relaxed);
        self.relink();
        Ok(())
    }

    /// `SSL_SESSION_get_timeout`: seconds.
    pub fn timeout(&self) -> i64 {
        self.0.library.rules.time.seconds(self.0.timeout.load(Relaxed))
    }

    /// When the session ends, in the release's own unit: `ssl_session_calculate_timeout`.
    pub fn expiry(&self) -> Expiry {
        self.0.library.rules.time.expiry(self.0.time.load(Relaxed), self.0.timeout.load(Relaxed))
    }

    /// `SSL_SESSION_set_protocol_version`. Any value is taken.
    pub fn set_protocol_version(&self, version: i32) {
        self.0.protocol_version.store(version, Relaxed);
    }

    /// `SSL_SESSION_get_protocol_version`.
    pub fn protocol_version(&self) -> i32 {
        self.0.protocol_version.load(Relaxed)
    }

    /// `SSL_SESSION_set_cipher`.
    pub fn set_cipher(&self, cipher: Option<Cipher>) {
        self.0.cipher.store(cipher.map_or(NO_CIPHER, |cipher| u32::from(cipher.0)), Relaxed);
    }

    /// `SSL_SESSION_get0_cipher`.
    pub fn cipher(&self) -> Option<Cipher> {
        u16::try_from(self.0.cipher.load(Relaxed)).ok().map(Cipher)
    }

    /// `SSL_SESSION_set1_master_key`.
    ///
    /// # Errors
    /// More bytes than the release has room for: 64 in 1.1.1, 256 in 1.1.1a-w, 512 from 3.0 on.
    pub fn set1_master_key(&self, key: &[u8]) -> Result<(), Error> {
        if key.len() > self.0.library.rules.master_key_max {
            return Err(Error::MasterKeyTooLong);
        }
        self.0.master_key.set(key);
        Ok(())
    }

    /// `SSL_SESSION_get_master_key`: copies as much as there is and `out` holds, returns how much; an empty `out` asks
    /// for the length.
    pub fn master_key(&self, out: &mut [u8]) -> usize {
        if out.is_empty() { self.0.master_key.len() } else { self.0.master_key.copy_to(out) }
    }

    /// `SSL_SESSION_set1_hostname`: up to the first NUL; `None` clears.
    pub fn set1_hostname(&self, hostname: Option<&[u8]>) {
        let cut = |name: &'_ [u8]| name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        replace(&mut self.contents().hostname, hostname.map(|name| &name[..cut(name)]));
    }

    /// `SSL_SESSION_get0_hostname`, without its NUL, for as long as `read` runs.
    pub fn hostname<R>(&self, read: impl FnOnce(Option<&[u8]>) -> R) -> R {
        read(self.contents().hostname.as_deref())
    }

    /// `SSL_SESSION_set1_alpn_selected`: `None` and empty both clear.
    pub fn set1_alpn_selected(&self, alpn: Option<&[u8]>) {
        replace(&mut self.contents().alpn, alpn.filter(|alpn| !alpn.is_empty()));
    }

    /// `SSL_SESSION_get0_alpn_selected`, for as long as `read` runs.
    pub fn alpn_selected<R>(&self, read: impl FnOnce(Option<&[u8]>) -> R) -> R {
        read(self.contents().alpn.as_deref())
    }

    /// `SSL_SESSION_set1_ticket_appdata`: `None` and empty both clear.
    pub fn set1_ticket_appdata(&self, data: Option<&[u8]>) {
        replace(&mut self.contents().ticket_appdata, data.filter(|data| !data.is_empty()));
    }

    /// `SSL_SESSION_get0_ticket_appdata`, for as long as `read` runs.
    pub fn ticket_appdata<R>(&self, read: impl FnOnce(Option<&[u8]>) -> R) -> R {
        read(self.contents().ticket_appdata.as_deref())
    }

    /// `SSL_SESSION_set_max_early_data`: bytes.
    pub fn set_max_early_data(&self, bytes: u32) {
        self.0.max_early_data.store(bytes, Relaxed);
    }

    /// `SSL_SESSION_get_max_early_data`: bytes.
    pub fn max_early_data(&self) -> u32 {
        self.0.max_early_data.load(Relaxed)
    }

    /// `SSL_SESSION_has_ticket`: an empty ticket does not count.
    pub fn has_ticket(&self) -> bool {
        self.0.has_ticket.load(Relaxed)
    }

    /// `SSL_SESSION_get0_ticket`, for as long as `read` runs.
    pub fn ticket<R>(&self, read: impl FnOnce(Option<&[u8]>) -> R) -> R {
        read(self.contents().ticket.as_deref())
    }

    /// `SSL_SESSION_get_ticket_lifetime_hint`: seconds.
    pub fn ticket_lifetime_hint(&self) -> u64 {
        self.0.ticket_lifetime_hint.load(Relaxed)
    }

    /// `SSL_SESSION_get_compress_id`.
    pub fn compress_id(&self) -> u32 {
        self.0.compress_id.load(Relaxed)
    }

    /// `SSL_SESSION_get_max_fragment_length`: unspecified reads as 0, disabled.
    pub fn max_fragment_length(&self) -> u8 {
        match self.0.fragment_mode.load(Relaxed) {
            FRAGMENT_UNSPECIFIED => 0,
            mode => mode,
        }
    }

    /// `SSL_SESSION_get0_peer`: the certificate in DER, the same object for a session and its duplicates.
    pub fn peer(&self) -> Option<Arc<[u8]>> {
        if self.0.has_peer.load(Relaxed) { self.contents().peer.clone() } else { None }
    }

    /// All buffers at one moment, for as long as `read` runs.
    pub fn view<R>(&self, read: impl FnOnce(View<'_>) -> R) -> R {
        read(View(&self.contents()))
    }

    /// `SSL_SESSION_is_resumable`.
    pub fn is_resumable(&self) -> bool {
        !self.0.not_resumable.load(Relaxed) && (self.0.id.len() > 0 || self.has_ticket())
    }

    /// `SSL_SESSION_set_ex_data`. The index need not be registered.
    ///
    /// # Errors
    /// A negative index, from 3.0 on, unless the value is 0: OpenSSL compares what it stored (nothing) with the value.
    pub fn set_ex_data(&self, index: i32, value: usize) -> Result<(), Error> {
        let stored = self.contents().ex_data.set(index, value);
        if !stored && value != 0 && self.0.library.rules.ex_data_index_checked {
            return Err(Error::ExDataIndex);
        }
        Ok(())
    }

    /// `SSL_SESSION_get_ex_data`: 0 where nothing was set.
    pub fn ex_data(&self, index: i32) -> usize {
        self.contents().ex_data.get(index)
    }

    /// The library this session was made with.
    pub fn library(&self) -> &Arc<Library> {
        &self.0.library
    }

    pub(super) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let address = std::ptr::from_ref(self) as usize;
        let contents = self.contents.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (index, callbacks) in self.library.classes.iter() {
            if let Some(free) = callbacks.free {
                free(address, contents.ex_data.get(index as i32), index);
            }
        }
        self.id.wipe();
        self.master_key.wipe();
    }
}

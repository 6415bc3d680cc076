//! The session object: a reference-counted handle and its fields.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bytes::{Bytes, Short};
use super::contents::{Contents, Established, replace};
use super::library::Library;
use super::time::Expiry;

/// One reference to a session. Dropping it gives the reference back; the last one destroys the session, calls the free
/// callback of every ex_data index and wipes the session id and the master key.
///
/// Like a `SSL_SESSION *`, it may be used from any thread. References are counted atomically; two threads that set and
/// read one field at the same time may see a mixture of both values, as in C, but never undefined behaviour.
#[derive(Debug)]
pub struct Session(Arc<Inner>);

/// A cipher suite by its two-byte code, `0x1301` for `TLS_AES_128_GCM_SHA256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cipher(pub u16);

/// Why a call failed: where OpenSSL returns 0 or NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than `SSL_MAX_SSL_SESSION_ID_LENGTH` (32) bytes; nothing changed.
    #[error("the session id is longer than 32 bytes")]
    IdTooLong,
    /// More than `SSL_MAX_SID_CTX_LENGTH` (32) bytes; nothing changed.
    #[error("the session id context is longer than 32 bytes")]
    IdContextTooLong,
    /// More bytes than the release has room for; nothing changed.
    #[error("the master key is longer than this release allows")]
    MasterKeyTooLong,
    /// Refused from 3.0 on; nothing changed.
    #[error("the timeout is negative")]
    NegativeTimeout,
    /// Index below 0: nothing stored.
    #[error("no such ex_data index")]
    ExDataIndex,
    /// A dup callback refused, or application data was set although no index was ever registered.
    #[error("the application data cannot be duplicated")]
    ExDataRefused,
    /// A ticket of no bytes: the copy of nothing is NULL, and NULL means out of memory.
    #[error("an empty ticket cannot be duplicated")]
    EmptyTicket,
}

const ID_MAX: usize = 32;
const FRAGMENT_UNSPECIFIED: u8 = 255;
const DEFAULT_TIMEOUT: i64 = 60 * 5 + 4;
/// No cipher; codes have 16 bits.
const NO_CIPHER: u32 = u32::MAX;

#[derive(Debug)]
struct Inner {
    library: Arc<Library>,
    protocol_version: AtomicI32,
    id: Bytes<4>,
    id_context: Bytes<4>,
    master_key: Bytes<64>,
    not_resumable: AtomicBool,
    /// As [`super::time::TimeRule::keep`] keeps them.
    time: AtomicU64,
    timeout: AtomicU64,
    compress_id: AtomicU32,
    cipher: AtomicU32,
    ticket_lifetime_hint: AtomicU64,
    max_early_data: AtomicU32,
    fragment_mode: AtomicU8,
    contents: Mutex<Contents>,
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
            time: AtomicU64::new(rules.time.now(library.clock)),
            timeout: AtomicU64::new(rules.time.keep(DEFAULT_TIMEOUT)),
            compress_id: AtomicU32::new(0),
            cipher: AtomicU32::new(NO_CIPHER),
            ticket_lifetime_hint: AtomicU64::new(0),
            max_early_data: AtomicU32::new(0),
            fragment_mode: AtomicU8::new(if rules.fragment_unspecified { FRAGMENT_UNSPECIFIED } else { 0 }),
            contents: Mutex::default(),
        }));
        for (index, callbacks) in library.classes().iter() {
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
        let duplicated = copy.contents().ex_data.dup(self.address(), values, &source.library.classes());
        duplicated.map_err(|_| Error::ExDataRefused)?;

        let from = self.contents();
        let mut to = copy.contents();
        to.peer = from.peer.clone();
        to.hostname = from.hostname.clone();
        match &from.ticket {
            Some(ticket) if ticket.is_empty() => return Err(Error::EmptyTicket),
            Some(ticket) => {
                to.ticket = Some(ticket.clone());
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

    /// How many references there are.
    pub fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// A number that is the same for all references to this session and for no other live session.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Puts in what a handshake would leave, or `d2i_SSL_SESSION` read.
    ///
    /// # Errors
    /// An id, id context or master key that is too long; nothing changed then.
    pub fn establish(&self, with: &Established) -> Result<(), Error> {
        if with.id.len() > ID_MAX {
            return Err(Error::IdTooLong);
        }
        if with.master_key.len() > self.0.library.rules.master_key_max {
            return Err(Error::MasterKeyTooLong);
        }
        self.set1_id_context(&with.id_context)?;
        self.0.id.set(&with.id);
        self.0.master_key.set(&with.master_key);
        self.set_protocol_version(with.protocol_version);
        self.set_cipher(with.cipher);
        self.set_time(with.time);
        self.0.timeout.store(self.0.library.rules.time.keep(with.timeout), Relaxed);
        self.set_max_early_data(with.max_early_data);
        self.0.ticket_lifetime_hint.store(with.ticket_lifetime_hint, Relaxed);
        self.0.compress_id.store(with.compress_id, Relaxed);
        self.0.fragment_mode.store(with.max_fragment_length, Relaxed);
        let mut contents = self.contents();
        contents.ticket = with.ticket.clone();
        contents.hostname = with.hostname.clone();
        contents.alpn = with.alpn.clone();
        contents.ticket_appdata = with.ticket_appdata.clone();
        contents.peer = with.peer.as_deref().map(Arc::from);
        Ok(())
    }

    /// What [`Session::establish`] would put in to make a session like this one, application data aside.
    pub fn established(&self) -> Established {
        let mut master_key = vec![0; self.0.master_key.len()];
        self.0.master_key.copy_to(&mut master_key);
        let contents = self.contents();
        Established {
            protocol_version: self.protocol_version(),
            cipher: self.cipher(),
            id: self.id().as_slice().to_vec(),
            id_context: self.id_context().as_slice().to_vec(),
            master_key,
            time: self.time(),
            timeout: self.timeout(),
            ticket: contents.ticket.clone(),
            ticket_lifetime_hint: self.ticket_lifetime_hint(),
            max_early_data: self.max_early_data(),
            hostname: contents.hostname.clone(),
            alpn: contents.alpn.clone(),
            ticket_appdata: contents.ticket_appdata.clone(),
            compress_id: self.compress_id(),
            max_fragment_length: self.0.fragment_mode.load(Relaxed),
            peer: contents.peer.as_deref().map(<[u8]>::to_vec),
        }
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
        self.ticket(|ticket| ticket.is_some_and(|ticket| !ticket.is_empty()))
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
        self.contents().peer.clone()
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

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Library {
    /// Whether OpenSSL leaves an entry in its error queue when a call ends with `error`.
    pub fn raises(&self, error: Error) -> bool {
        match error {
            Error::IdTooLong | Error::IdContextTooLong | Error::ExDataIndex | Error::ExDataRefused => true,
            Error::MasterKeyTooLong | Error::NegativeTimeout => false,
            Error::EmptyTicket => self.rules.empty_copy_raises,
        }
    }

    /// Whether `SSL_SESSION_set_ex_data` with a negative index raises although it succeeds, for the value 0.
    pub fn stack_reports_index(&self) -> bool {
        self.rules.stack_reports_index
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let address = std::ptr::from_ref(self) as usize;
        let classes = self.library.classes();
        let contents = self.contents.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (index, callbacks) in classes.iter() {
            if let Some(free) = callbacks.free {
                free(address, contents.ex_data.get(index as i32), index);
            }
        }
        self.id.wipe();
        self.master_key.wipe();
    }
}

//! The session object: a reference-counted handle and its fields.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, Weak};

use super::buffers::{Buffer, Buffers};
use super::bytes::{Bytes, MasterKey, ShortBytes};
use super::error::Error;
use super::ex_data::Values;
use super::family::Custom;
use super::library::{DEFAULT, Library};
use super::rules::Rule;
use super::time::{Expiry, TimeRule};

/// Owns one reference to a session. Dropping it gives the reference back. The last one destroys the session, calls the free
/// callback of every ex_data index and wipes the session id and the master key.
///
/// Like a `SSL_SESSION *`, it may be used from any thread. References are counted atomically. Where one thread sets a session
/// id, a session id context or a master key while another reads it, the reader may get some bytes of each value, as in C; all
/// other values are read whole. A closure that a getter lends bytes to must not set bytes of the same session: it would wait for
/// itself.
#[derive(Debug)]
pub struct Session(pub(super) Arc<Inner>);

/// Names a cipher suite by its two-byte code, `0x1301` for `TLS_AES_128_GCM_SHA256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cipher(pub u16);

/// Limits session ids and session id contexts, bytes.
pub(super) const ID_MAX: usize = 32;
/// Stands for `TLSEXT_max_fragment_length_UNSPECIFIED`.
pub(super) const FRAGMENT_UNSPECIFIED: u8 = 255;
/// Limits master keys, in any release, bytes.
const KEY_MAX: usize = 512;
/// Holds the timeout of `SSL_SESSION_new`, seconds.
const DEFAULT_TIMEOUT: i64 = 60 * 5 + 4;
/// Holds the same of [`Custom::TimeoutIsTwoHours`].
const TWO_HOURS: i64 = 2 * 60 * 60;
/// Is the result of verifying of `SSL_SESSION_new`, so that it is not that all is well.
const NOT_VERIFIED: i64 = 1;
/// Lists the versions that [`Custom::OnlyKnownVersions`] takes: of TLS from 1.0 to 1.3, of DTLS 1.0 and 1.2.
const KNOWN_VERSIONS: [i32; 6] = [0x301, 0x302, 0x303, 0x304, 0xfeff, 0xfefd];
/// Is the version of TLS 1.3.
const TLS13: i32 = 0x304;
/// Stands for no cipher. Codes have 16 bits.
const NO_CIPHER: u32 = u32::MAX;

/// Holds what all references to a session share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) library: Arc<Library>,
    pub(super) protocol_version: AtomicI32,
    pub(super) id: Bytes<4>,
    pub(super) id_context: Bytes<4>,
    pub(super) master_key: MasterKey,
    pub(super) not_resumable: AtomicBool,
    /// Holds the time as [`super::time::TimeRule::keep`] makes it of seconds.
    pub(super) time: AtomicU64,
    /// Holds the timeout likewise.
    pub(super) timeout: AtomicU64,
    pub(super) compress_id: AtomicU32,
    pub(super) cipher: AtomicU32,
    pub(super) ticket_lifetime_hint: AtomicU64,
    pub(super) max_early_data: AtomicU32,
    pub(super) fragment_mode: AtomicU8,
    /// Counts the bytes of the ticket, or of the one before where a stored session that was read has none.
    pub(super) ticket_length: AtomicUsize,
    pub(super) ticket_age_add: AtomicU32,
    /// Holds the result of verifying the peer, `X509_V_*`.
    pub(super) verify_result: AtomicI64,
    pub(super) flags: AtomicU32,
    pub(super) kex_group: AtomicU32,
    /// Holds the cipher suite that a stored session had, or 0.
    pub(super) cipher_id: AtomicU32,
    /// Holds the number of the context that has the session in the list of its cache, or 0.
    pub(super) owner: AtomicU64,
    /// Counts how often the session is in caches.
    pub(super) entered: AtomicU32,
    pub(super) buffers: Buffers,
    pub(super) ex_data: Values,
}

/// Points to a session, and is no reference.
#[derive(Clone, Debug)]
pub struct WeakSession(Weak<Inner>);

impl WeakSession {
    /// Takes a reference, while the session lives.
    pub fn upgrade(&self) -> Option<Session> {
        self.0.upgrade().map(Session)
    }

    /// Returns what [`Session::references`] returns; 0 when the session is destroyed.
    #[inline]
    pub fn references(&self) -> usize {
        self.0.strong_count()
    }

    /// Returns what [`Session::address`] returned.
    #[inline]
    pub fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }
}

impl Library {
    /// Makes a session with one reference, owned by the caller, and calls the new callback of every index: `SSL_SESSION_new`.
    pub fn session(self: &Arc<Self>) -> Session {
        let rules = &self.rules;
        let (time, timeout) = self.at_first();
        let session = Session(Arc::new(Inner {
            library: self.clone(),
            protocol_version: AtomicI32::new(0),
            id: Bytes::new(),
            id_context: Bytes::new(),
            master_key: MasterKey::new(),
            not_resumable: AtomicBool::new(false),
            time: AtomicU64::new(time),
            timeout: AtomicU64::new(timeout),
            compress_id: AtomicU32::new(0),
            cipher: AtomicU32::new(NO_CIPHER),
            ticket_lifetime_hint: AtomicU64::new(0),
            max_early_data: AtomicU32::new(0),
            fragment_mode: AtomicU8::new(if rules.has(Rule::FragmentIsDisabled) { 0 } else { FRAGMENT_UNSPECIFIED }),
            ticket_length: AtomicUsize::new(0),
            ticket_age_add: AtomicU32::new(0),
            verify_result: AtomicI64::new(NOT_VERIFIED),
            flags: AtomicU32::new(0),
            kex_group: AtomicU32::new(0),
            cipher_id: AtomicU32::new(0),
            owner: AtomicU64::new(0),
            entered: AtomicU32::new(0),
            buffers: Buffers::new(),
            ex_data: Values::new(),
        }));
        if self.has_custom(Custom::FirstPlaceIsTaken) {
            session.0.ex_data.set(0, usize::MAX);
        }
        if self.has_custom(Custom::KeyHas48Bytes) {
            session.0.master_key.set(&[0; 48]);
        }
        for (index, callbacks) in self.classes.iter() {
            if let Some(new) = callbacks.new {
                new(&session, index);
            }
        }
        session
    }

    /// Returns time and timeout of a new session, as they are kept.
    #[inline]
    fn at_first(&self) -> (u64, u64) {
        if self.has_custom(Custom::NewHasNoTime) {
            return (0, 0);
        }
        let timeout = if self.has_custom(Custom::TimeoutIsTwoHours) { TWO_HOURS } else { DEFAULT_TIMEOUT };
        (self.rules.time.now(self.micros()), self.rules.time.keep(timeout))
    }
}

impl Session {
    /// Makes a session as OpenSSL 3.6.3 does, with the system's clock: `SSL_SESSION_new`. The caller owns the one reference.
    #[expect(clippy::new_without_default, reason = "a session is an object with an identity, not a value")]
    pub fn new() -> Session {
        DEFAULT.session()
    }

    /// Makes a session with the contents of this one: `SSL_SESSION_dup`. The caller owns the one reference.
    ///
    /// # Errors
    /// Fails where an ex_data dup callback refuses, or the ticket, the selected protocol or the application data of the ticket is
    /// empty and not NULL (`ssl_session_dup_intern`, ssl/ssl_sess.c, 3.6.3).
    pub fn dup(&self) -> Result<Session, Error> {
        self.dup_with(true)
    }

    /// Does what [`Session::dup`] does, with or without the ticket.
    pub(super) fn dup_with(&self, ticket: bool) -> Result<Session, Error> {
        let source = &*self.0;
        let copy = source.library.session();
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
        dest.ticket_age_add.store(source.ticket_age_add.load(Relaxed), Relaxed);
        dest.verify_result.store(source.verify_result.load(Relaxed), Relaxed);
        dest.flags.store(source.flags.load(Relaxed), Relaxed);
        dest.kex_group.store(source.kex_group.load(Relaxed), Relaxed);
        dest.cipher_id.store(source.cipher_id.load(Relaxed), Relaxed);

        // Application data first: its callbacks may use the source, so they run without its lock.
        if source.library.has_custom(Custom::ExDataHas5Places) {
            dest.ex_data.copy_places(&source.ex_data);
        } else {
            let duplicated = dest.ex_data.dup(self.address(), &source.ex_data, &source.library.classes);
            duplicated.map_err(|_| Error::ExDataRefused)?;
        }

        let from = source.buffers.lock();
        let mut to = dest.buffers.lock();
        to.put_peer_chain(from.peer_chain().cloned());
        if let Some(rare) = from.rare() {
            to.put_rare(Some(rare.clone()));
        }
        for buffer in [Buffer::Peer, Buffer::Hostname, Buffer::Alpn, Buffer::TicketAppdata] {
            let value = from.get(buffer);
            if matches!(buffer, Buffer::Alpn | Buffer::TicketAppdata) && value.is_some_and(|value| value.is_empty()) {
                return Err(Error::EmptyBuffer);
            }
            to.put(buffer, value.cloned());
        }
        match from.get(Buffer::Ticket).filter(|_| ticket) {
            Some(ticket) if ticket.is_empty() => return Err(Error::EmptyTicket),
            Some(ticket) => {
                to.put(Buffer::Ticket, Some(ticket.clone()));
                dest.ticket_length.store(ticket.len(), Relaxed);
                dest.ticket_lifetime_hint.store(source.ticket_lifetime_hint.load(Relaxed), Relaxed);
            }
            None if ticket
                && source.ticket_lifetime_hint.load(Relaxed) != 0
                && !source.library.meets(Rule::DupDropsHint) =>
            {
                dest.ticket_lifetime_hint.store(source.ticket_lifetime_hint.load(Relaxed), Relaxed);
            }
            None => {}
        }
        drop(to);
        Ok(copy)
    }

    /// Takes one more reference to the same session, owned by the caller: `SSL_SESSION_up_ref`.
    #[must_use = "dropping the result gives the reference back"]
    #[inline]
    pub fn up_ref(&self) -> Session {
        Session(self.0.clone())
    }

    /// Returns a pointer that keeps nothing alive.
    pub fn downgrade(&self) -> WeakSession {
        WeakSession(Arc::downgrade(&self.0))
    }

    /// Returns how many references there are.
    #[inline]
    pub fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// Returns a number that is the same for all references to this session and for no other live session.
    #[inline]
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Sets the session id: `SSL_SESSION_set1_id`.
    ///
    /// # Errors
    /// Refuses more than 32 bytes.
    #[inline]
    pub fn set1_id(&self, id: &[u8]) -> Result<(), Error> {
        if id.len() > ID_MAX {
            return Err(Error::IdTooLong);
        }
        self.0.id.set(id);
        Ok(())
    }

    /// Copies the session id: `SSL_SESSION_get_id`.
    #[inline]
    pub fn id(&self) -> ShortBytes {
        ShortBytes::of(&self.0.id)
    }

    /// Tells whether [`Session::id`] is this.
    #[inline]
    pub fn id_is(&self, id: &[u8]) -> bool {
        self.0.id.is(id)
    }

    /// Sets the session id context: `SSL_SESSION_set1_id_context`.
    ///
    /// # Errors
    /// Refuses more than 32 bytes.
    #[inline]
    pub fn set1_id_context(&self, context: &[u8]) -> Result<(), Error> {
        if context.len() > ID_MAX {
            return Err(Error::IdContextTooLong);
        }
        self.0.id_context.set(context);
        Ok(())
    }

    /// Copies the session id context: `SSL_SESSION_get0_id_context`.
    #[inline]
    pub fn id_context(&self) -> ShortBytes {
        ShortBytes::of(&self.0.id_context)
    }

    /// Tells whether [`Session::id_context`] is this.
    #[inline]
    pub fn id_context_is(&self, context: &[u8]) -> bool {
        self.0.id_context.is(context)
    }

    /// Sets the time, seconds since 1970: `SSL_SESSION_set_time`, `SSL_SESSION_set_time_ex`. Returns it. Any value is taken, but see
    /// [`Custom::TimeIsChecked`].
    #[inline]
    pub fn set_time(&self, seconds: i64) -> i64 {
        let library = &self.0.library;
        let kept = if !library.has_custom(Custom::TimeIsChecked) {
            seconds
        } else if seconds < 0 {
            return 0;
        } else {
            i64::from(seconds as u32)
        };
        self.0.time.store(library.rules.time.keep(kept), Relaxed);
        self.relink();
        seconds
    }

    /// Sets the time to now. The list that the session is in stays as it is.
    pub(super) fn touch(&self) {
        let library = &self.0.library;
        self.0.time.store(library.rules.time.now(library.micros()), Relaxed);
    }

    /// Forbids or allows to resume the session.
    pub(super) fn set_not_resumable(&self, not_resumable: bool) {
        self.0.not_resumable.store(not_resumable, Relaxed);
    }

    /// Returns whether it was forbidden to resume the session.
    pub(super) fn is_marked_not_resumable(&self) -> bool {
        self.0.not_resumable.load(Relaxed)
    }

    /// Names the context that has the session in its list. 0 is none.
    pub(super) fn set_owner(&self, number: u64) {
        self.0.owner.store(number, Relaxed);
    }

    /// Returns the number of the context that has the session in its list, or 0.
    pub(super) fn owner(&self) -> u64 {
        self.0.owner.load(Relaxed)
    }

    /// Moves the session to its place in the list of the context that has it: from 3.0 on, time and timeout decide it.
    #[inline]
    fn relink(&self) {
        if self.0.owner.load(Relaxed) != 0 {
            self.relink_in_owner();
        }
    }

    #[cold]
    fn relink_in_owner(&self) {
        let library = &self.0.library;
        if !library.rules.has(Rule::ListByArrival)
            && let Some(owner) = library.context_of(self.0.owner.load(Relaxed))
        {
            owner.relink(self);
        }
    }

    /// Returns the time, seconds since 1970: `SSL_SESSION_get_time`, `SSL_SESSION_get_time_ex`.
    #[inline]
    pub fn time(&self) -> i64 {
        self.0.library.rules.time.seconds(self.0.time.load(Relaxed))
    }

    /// Sets the timeout, seconds: `SSL_SESSION_set_timeout`.
    ///
    /// # Errors
    /// Refuses a negative timeout, from 3.0 on, and where [`Custom::TimeoutIsChecked`] holds.
    #[inline]
    pub fn set_timeout(&self, seconds: i64) -> Result<(), Error> {
        let library = &self.0.library;
        let rules = &library.rules;
        let of_u32 = library.has_custom(Custom::TimeoutHas32Bits);
        let takes_all = rules.has(Rule::NegativeTimeoutIsKept) && !library.has_custom(Custom::TimeoutIsChecked);
        if seconds < 0 && !takes_all {
            return Err(Error::NegativeTimeout);
        }
        let seconds = if of_u32 { i64::from(seconds as u32) } else { seconds };
        self.0.timeout.store(rules.time.keep(seconds), Relaxed);
        self.relink();
        Ok(())
    }

    /// Returns the timeout, seconds: `SSL_SESSION_get_timeout`.
    #[inline]
    pub fn timeout(&self) -> i64 {
        self.0.library.rules.time.seconds(self.0.timeout.load(Relaxed))
    }

    /// Returns when the session ends, in the release's own unit: `ssl_session_calculate_timeout`.
    pub fn expiry(&self) -> Expiry {
        self.expiry_by(self.0.library.rules.time)
    }

    /// Returns the same, by the rule of the library, which the caller has at hand.
    #[inline]
    pub(super) fn expiry_by(&self, rule: TimeRule) -> Expiry {
        rule.expiry(self.0.time.load(Relaxed), self.0.timeout.load(Relaxed))
    }

    /// Sets the protocol version: `SSL_SESSION_set_protocol_version`. Any value is taken.
    #[inline]
    pub fn set_protocol_version(&self, version: i32) {
        self.0.protocol_version.store(version, Relaxed);
    }

    /// Does what [`Session::set_protocol_version`] does, as the family of the library takes versions.
    ///
    /// # Errors
    /// Refuses what is no version, where [`Custom::OnlyKnownVersions`] holds.
    #[inline]
    pub fn try_set_protocol_version(&self, version: i32) -> Result<(), Error> {
        let of_u16 = self.0.library.has_custom(Custom::OnlyKnownVersions);
        let version = if of_u16 { i32::from(version as u16) } else { version };
        if of_u16 && !KNOWN_VERSIONS.contains(&version) {
            return Err(Error::UnknownVersion);
        }
        self.set_protocol_version(version);
        Ok(())
    }

    /// Returns the protocol version: `SSL_SESSION_get_protocol_version`.
    #[inline]
    pub fn protocol_version(&self) -> i32 {
        self.0.protocol_version.load(Relaxed)
    }

    /// Sets the cipher suite: `SSL_SESSION_set_cipher`.
    #[inline]
    pub fn set_cipher(&self, cipher: Option<Cipher>) {
        self.0.cipher.store(cipher.map_or(NO_CIPHER, |cipher| u32::from(cipher.0)), Relaxed);
    }

    /// Returns the cipher suite: `SSL_SESSION_get0_cipher`.
    #[inline]
    pub fn cipher(&self) -> Option<Cipher> {
        u16::try_from(self.0.cipher.load(Relaxed)).ok().map(Cipher)
    }

    /// Sets the master key: `SSL_SESSION_set1_master_key`.
    ///
    /// # Errors
    /// Refuses more bytes than the release has room for: 64 in 1.1.1, 256 in 1.1.1a-w, 512 from 3.0 on.
    #[inline]
    pub fn set1_master_key(&self, key: &[u8]) -> Result<(), Error> {
        if key.len() > self.0.library.rules.master_key_max {
            return Err(Error::MasterKeyTooLong);
        }
        self.0.master_key.set(key);
        Ok(())
    }

    /// Copies as much of the master key as there is and `out` holds, and returns how much: `SSL_SESSION_get_master_key`. For an
    /// empty `out` it returns the length.
    #[inline]
    pub fn master_key(&self, out: &mut [u8]) -> usize {
        if out.is_empty() { self.0.master_key.len() } else { self.0.master_key.copy_to(out) }
    }

    /// Tells whether the master key is this.
    #[inline]
    pub fn master_key_is(&self, key: &[u8]) -> bool {
        self.0.master_key.is(key)
    }

    /// Tells whether the master key is that of another session.
    pub(super) fn has_key_of(&self, other: &Session) -> bool {
        let mut key = zeroize::Zeroizing::new([0; KEY_MAX]);
        let length = other.master_key(&mut key[..]);
        self.master_key_is(&key[..length])
    }

    /// Limits early data, bytes: `SSL_SESSION_set_max_early_data`.
    #[inline]
    pub fn set_max_early_data(&self, bytes: u32) {
        self.0.max_early_data.store(bytes, Relaxed);
    }

    /// Returns the limit of early data, bytes: `SSL_SESSION_get_max_early_data`.
    #[inline]
    pub fn max_early_data(&self) -> u32 {
        self.0.max_early_data.load(Relaxed)
    }

    /// Returns whether there is a ticket of at least one byte: `SSL_SESSION_has_ticket`. Where a stored session without a ticket
    /// was read into this one, it is whether there was one before.
    #[inline]
    pub fn has_ticket(&self) -> bool {
        self.ticket_length() > 0
    }

    /// Returns the length that `SSL_SESSION_get0_ticket` stores, bytes. There may be no ticket, as [`Session::has_ticket`] says.
    #[inline]
    pub fn ticket_length(&self) -> usize {
        self.0.ticket_length.load(Relaxed)
    }

    /// Returns how long the ticket is good for, seconds: `SSL_SESSION_get_ticket_lifetime_hint`.
    #[inline]
    pub fn ticket_lifetime_hint(&self) -> u64 {
        if self.0.library.has_custom(Custom::HintIsTimeout) {
            return self.timeout() as u64;
        }
        self.0.ticket_lifetime_hint.load(Relaxed)
    }

    /// Returns the number of the compression method, 0 for none: `SSL_SESSION_get_compress_id`.
    #[inline]
    pub fn compress_id(&self) -> u32 {
        self.0.compress_id.load(Relaxed)
    }

    /// Returns `TLSEXT_max_fragment_length_*`: `SSL_SESSION_get_max_fragment_length`. Unspecified reads as 0, which is disabled.
    #[inline]
    pub fn max_fragment_length(&self) -> u8 {
        match self.0.fragment_mode.load(Relaxed) {
            FRAGMENT_UNSPECIFIED if !self.0.library.rules.has(Rule::FragmentIsDisabled) => 0,
            mode => mode,
        }
    }

    /// Returns whether the session may be resumed: `SSL_SESSION_is_resumable`. An id is enough, but see [`Custom::Tls13NeedsTicket`].
    #[inline]
    pub fn is_resumable(&self) -> bool {
        let library = &self.0.library;
        let by_id = || !library.has_custom(Custom::Tls13NeedsTicket) || self.protocol_version() != TLS13;
        !self.0.not_resumable.load(Relaxed) && (self.0.id.len() > 0 && by_id() || self.has_ticket())
    }

    /// Returns the library that the session was made with.
    pub fn library(&self) -> &Arc<Library> {
        &self.0.library
    }
}

/// Destroys the session: the last reference was given back.
impl Drop for Inner {
    fn drop(&mut self) {
        let address = std::ptr::from_ref(self) as usize;
        for (index, callbacks) in self.library.classes.iter() {
            if let Some(free) = callbacks.free {
                free(address, self.ex_data.get(index as i32), index);
            }
        }
        self.id.wipe();
        self.master_key.wipe();
    }
}

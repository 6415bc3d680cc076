//! The library of this process, made ready once: probes, ex_data indices, ciphers, clock, and what it is.

use std::collections::HashMap;
use std::ffi::{c_int, c_long, c_uchar, c_ulong, c_void};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openssl_sys::{CRYPTO_EX_DATA, SSL_CIPHER, SSL_SESSION};

use super::super::events;
use super::super::present;
use super::super::{Identity, Memory};
use super::family::{Marker, UNCACHED};
use super::load::{self, LoadError, Opened};
use super::profile::Profile;
use super::prototypes::Api;
use super::{clock, memory, refcount};
use crate::native::{Family, Release};
use crate::op::{Cipher, ExIndex, Kinds, Sample};
use crate::plan::clock::{START_MICROS, START_SECONDS};
use crate::samples;

/// Has the value that it has in `<openssl/crypto.h>`.
pub(super) const CRYPTO_EX_INDEX_SSL_SESSION: c_int = 2;
/// Has the value that it has in `<openssl/crypto.h>`.
pub(super) const CRYPTO_EX_INDEX_SSL_CTX: c_int = 1;

/// Says which probes a process has. Every probe changes what it observes, so part of all programs runs without them.
/// Probes cannot be taken away again, so that part runs in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probes {
    /// Counts allocations.
    pub memory: bool,
    /// Registers three ex_data indices, of which one is the death probe.
    pub ex_data: bool,
    /// Looks for the reference count.
    pub count: bool,
}

impl Probes {
    /// Has all of them.
    pub const ALL: Probes = Probes { memory: true, ex_data: true, count: true };
    /// Has what programs of sessions alone need: no callbacks of ex_data, which make every session a fourth slower to
    /// make and to free. The end of a session is told by the end of its block.
    pub const SESSIONS: Probes = Probes { memory: true, ex_data: false, count: true };
    /// Has none of them: the library is as any program has it.
    pub const NONE: Probes = Probes { memory: false, ex_data: false, count: false };

    /// Returns those that the functions of a library allow.
    const fn possible(api: &Api) -> Probes {
        let (memory, ex_data) = (api.CRYPTO_set_mem_functions.is_some(), api.CRYPTO_get_ex_new_index.is_some());
        Probes { memory, ex_data, count: true }
    }

    /// Returns those that both have.
    const fn and(self, other: Probes) -> Probes {
        Probes {
            memory: self.memory && other.memory,
            ex_data: self.ex_data && other.ex_data,
            count: self.count && other.count,
        }
    }
}

/// Says where the time of a new session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocking {
    /// Takes it from the harness's clock, which the library reads.
    Ours,
    /// Has the harness set it for every new session, in both ports: the library does not read the harness's clock.
    Set,
}

/// Says where a library comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Takes the one that the executable is linked with.
    Linked,
    /// Opens a shared library. This works only where no OpenSSL is linked dynamically: see [`load`].
    File(PathBuf),
    /// Opens one that is called as its profile says.
    Profiled(PathBuf, Arc<Profile>),
}

/// Says who else drives a library, and when its first call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Lets other threads of this process drive it too.
    Shared,
    /// Lets one thread drive it, in a process that is there for it: its memory is watched from the first call on.
    Alone,
    /// Starts it as [`Start::Alone`] does, but no call is made before the first program, for one of them ends the
    /// process. Counts are unknown then, and so is what a program leaves behind.
    Cold,
}

/// Holds a library that is driven, and what is known of it.
pub struct Library {
    pub(super) api: Api,
    /// Has the functions of the list that the library has by no name, each with the likeliest.
    pub(super) absent: HashMap<&'static str, String>,
    /// Says which library it is.
    pub identity: Identity,
    /// Names the release that the native session has to behave as.
    pub release: Release,
    /// Names the family whose customs the native session has to follow.
    pub family: Family,
    /// Lists the calls on contexts and connections that mean what they mean in OpenSSL; `None`: all of them.
    pub(super) shared: Option<Kinds>,
    /// Marks new sessions, so that their end is told.
    pub(super) marker: Option<&'static Marker>,
    /// Says which probes this process has: not every family lets itself be looked at in every way.
    pub probes: Probes,
    /// Says which were asked for.
    asked: Probes,
    /// Gives the offset of the reference count in a session, in bytes; `None`: unknown.
    pub count_offset: Option<usize>,
    /// Says where the time comes from.
    pub clocking: Clocking,
    /// Says how it was started.
    pub start: Start,
    /// Tells whether errors can be seen.
    pub sees_errors: bool,
    /// Holds the cipher suites of the table; empty: the library makes no connection, which is asked for them.
    ciphers: Vec<*const SSL_CIPHER>,
}

// SAFETY: the only pointers in it are those of cipher suites: constants of the library.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    /// Returns the library of this process, and makes it ready the first time.
    ///
    /// # Errors
    /// See [`LoadError`]; what failed once fails again.
    pub fn get(source: &Source, probes: Probes, start: Start) -> Result<&'static Library, LoadError> {
        static LIBRARY: OnceLock<(Source, Result<Library, LoadError>)> = OnceLock::new();
        // One at a time: the calibration must not see another thread's sessions.
        static READY: Mutex<()> = Mutex::new(());
        let _guard = READY.lock().unwrap_or_else(PoisonError::into_inner);
        let (loaded, library) = LIBRARY.get_or_init(|| (source.clone(), Library::load(source, probes, start)));
        let library = library.as_ref().map_err(LoadError::clone)?;
        if library.asked == probes && loaded == source { Ok(library) } else { Err(LoadError::Another) }
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    pub(super) fn cipher(&self, cipher: Cipher) -> *const SSL_CIPHER {
        self.ciphers.get(cipher as usize).copied().unwrap_or_default()
    }

    /// Returns the reason of an error, with the numbers of releases from 3.0 on: `ERR_GET_REASON`.
    pub(super) fn reason(&self, error: c_ulong) -> u32 {
        /// Are `ERR_R_INTERNAL_ERROR` and `ERR_R_MALLOC_FAILURE` before and after.
        const GENERAL: [(u32, u32); 2] = [(68, 0xc_0103), (65, 0xc_0100)];
        if self.release >= Release::new(3, 0, 0, 0) {
            return (error & 0x7f_ffff) as u32;
        }
        let reason = (error & 0xfff) as u32;
        GENERAL.iter().find(|(before, _)| *before == reason).map_or(reason, |(_, after)| *after)
    }

    /// Tells whether there are cipher suites to give to sessions.
    pub(super) fn has_ciphers(&self) -> bool {
        !self.ciphers.is_empty()
    }

    fn load(source: &Source, probes: Probes, start: Start) -> Result<Library, LoadError> {
        let opened = match source {
            Source::Linked => Opened::linked(),
            Source::File(path) => load::open(path, None)?,
            Source::Profiled(path, profile) => load::open(path, Some(profile))?,
        };
        let asked = probes;
        let probes = probes.and(opened.calling.seam.probes).and(Probes::possible(&opened.api));
        if probes.memory && !memory::install(&opened.api) {
            return Err(LoadError::MemoryProbe);
        }
        // As in `CPort::warm_up`: what is wrong with the library is for the programs to find.
        let alone = *source != Source::Linked || start != Start::Shared;
        memory::begin(if probes.memory && alone { Memory::Poisoned } else { Memory::Plain });
        let library = Library::make_ready(source, probes, asked, start, opened);
        memory::end();
        library
    }

    fn make_ready(
        source: &Source,
        probes: Probes,
        asked: Probes,
        start: Start,
        opened: Opened,
    ) -> Result<Library, LoadError> {
        let (seam, profile) = (opened.calling.seam, opened.calling.profile.as_deref());
        let (cold, api, family) = (start == Start::Cold, &opened.api, seam.family);
        match api.OPENSSL_init_ssl {
            // SAFETY: the settings of the library itself.
            Some(init) if unsafe { init(0, std::ptr::null()) } != 1 => return Err(LoadError::Unusable),
            Some(_) => {}
            None if profile.is_some_and(|profile| profile.missing.contains_key("OPENSSL_init_ssl")) => {}
            None => return Err(LoadError::NoSessionApi),
        }
        let named = profile.and_then(|profile| profile.release);
        let release = match (named.or(family.release()), api.OpenSSL_version_num) {
            (Some(release), _) => release,
            // SAFETY: no arguments.
            (None, Some(version)) => Release::from_version_number(unsafe { version() })?,
            (None, None) => return Err(LoadError::NoSessionApi),
        };
        let ciphers = find_ciphers(api)?;
        if probes.ex_data {
            register_indices(api)?;
        }
        let clocking = if freeze_clock(api, cold) { Clocking::Ours } else { Clocking::Set };
        if probes.memory && !cold && !allocates_here(api) {
            return Err(LoadError::OtherAllocator);
        }
        let marker = seam.marker.as_ref().filter(|marker| asked.ex_data && (marker.register)());
        let calibrate = || refcount::calibrate(api, &opened.calling, marker);
        let calibrate = || present::preparing("the search for the reference count", calibrate);
        let count_offset = (probes.count && !cold).then(calibrate).flatten();
        let identity = load::identify(&opened, source)?;
        let (api, sees_errors) = (opened.api, opened.sees_errors);
        // Who holds a context, and so its cache, shows in a callback alone.
        let shared = seam.shared.or(api.CRYPTO_get_ex_new_index.is_none().then_some(UNCACHED));
        Ok(Library {
            identity,
            api,
            absent: opened.absent,
            release,
            family,
            shared,
            marker,
            probes,
            asked,
            count_offset,
            clocking,
            start,
            sees_errors,
            ciphers,
        })
    }
}

/// Makes a session to be looked at: a new one or, where there is no constructor, one of DER. `NULL`: there is none.
///
/// # Safety
/// The library is ready.
pub(super) unsafe fn fresh(api: &Api) -> *mut SSL_SESSION {
    let der = samples::encoded(Sample::ALL[0]);
    let mut at = der.as_ptr();
    // SAFETY: as the caller says, and bytes as many as there are.
    unsafe {
        match (api.SSL_SESSION_new, api.d2i_SSL_SESSION) {
            (Some(new), _) => new(),
            (None, Some(d2i)) => d2i(std::ptr::null_mut(), &mut at, der.len() as c_long),
            (None, None) => std::ptr::null_mut(),
        }
    }
}

/// Tells whether a session of the library is allocated through the memory probe, and so whether the calls of one file
/// reach the other that was meant.
fn allocates_here(api: &Api) -> bool {
    let Some(free) = api.SSL_SESSION_free else { return false };
    let before = memory::live();
    // SAFETY: a session, alive until it is freed.
    unsafe {
        let session = fresh(api);
        // That there is none is for the programs to find.
        let allocated = session.is_null() || memory::live() > before;
        free(session);
        allocated
    }
}

/// Freezes the clock and sees whether a new session shows it; `false`: it shows the system's.
fn freeze_clock(api: &Api, cold: bool) -> bool {
    clock::freeze(START_MICROS);
    // Every release that is modelled reads it; whether this one does is found out by a call.
    if cold {
        return true;
    }
    let (Some(new), Some(get_time), Some(free)) = (api.SSL_SESSION_new, api.SSL_SESSION_get_time, api.SSL_SESSION_free)
    else {
        // A session of DER shows the time that is in it.
        return api.SSL_SESSION_new.is_none();
    };
    // SAFETY: a session, alive until it is freed.
    unsafe {
        let session = new();
        // That there is none is for the programs to find.
        if session.is_null() {
            return true;
        }
        let time = get_time(session);
        free(session);
        // What shows neither clock is wrong, and not to be covered up by setting the time of every new session.
        time == START_SECONDS || time.abs_diff(clock::system_seconds()) > 2
    }
}

/// Finds the cipher suites of the table; none, where the library does not look for suites, so that none can be set, or where there is no connection to be asked for them, which is for the programs to find.
fn find_ciphers(api: &Api) -> Result<Vec<*const SSL_CIPHER>, LoadError> {
    if api.SSL_CIPHER_find.is_none() {
        return Ok(Vec::new());
    }
    let (Some(find), Some(method), Some(new_context), Some(free_context), Some(new), Some(free)) =
        (api.SSL_CIPHER_find, api.TLS_method, api.SSL_CTX_new, api.SSL_CTX_free, api.SSL_new, api.SSL_free)
    else {
        return Err(LoadError::NoSessionApi);
    };
    // SAFETY: a context and a connection of our own; SSL_CIPHER_find reads two bytes. The suites are constants.
    unsafe {
        let context = new_context(method());
        let ssl = if context.is_null() { std::ptr::null_mut() } else { new(context) };
        let found = Cipher::ALL.iter().filter(|_| !ssl.is_null()).map(|cipher| {
            let code: [c_uchar; 2] = cipher.code().to_be_bytes();
            let found = find(ssl, code.as_ptr());
            if found.is_null() { Err(LoadError::Cipher(cipher.name())) } else { Ok(found) }
        });
        let found = found.collect();
        free(ssl);
        free_context(context);
        found
    }
}

fn register_indices(api: &Api) -> Result<(), LoadError> {
    let register = api.CRYPTO_get_ex_new_index.ok_or(LoadError::NoSessionApi)?;
    // Index, and which of the callbacks it has: new, dup, free.
    const ROWS: [(ExIndex, [bool; 3]); 3] = [
        (ExIndex::Counted, [true, true, true]),
        (ExIndex::Replaced, [false, true, true]),
        (ExIndex::Refused, [false, true, false]),
    ];
    for (index, [new, dup, free]) in ROWS {
        // SAFETY: callbacks that follow no pointer of the library's but the one to the value.
        let found = unsafe {
            register(
                CRYPTO_EX_INDEX_SSL_SESSION,
                c_long::from(index as u8),
                argp(index),
                new.then_some(on_new),
                dup.then_some(on_dup),
                free.then_some(on_free),
            )
        };
        let wanted = index.number();
        if found != wanted {
            return Err(LoadError::ExDataIndex { found, wanted });
        }
    }
    // Tells when a context is destroyed.
    // SAFETY: a callback that follows no pointer.
    let found =
        unsafe { register(CRYPTO_EX_INDEX_SSL_CTX, 0, std::ptr::null_mut(), None, None, Some(on_context_free)) };
    if found < 0 { Err(LoadError::ExDataIndex { found, wanted: 1 }) } else { Ok(()) }
}

unsafe extern "C" fn on_context_free(
    context: *mut c_void,
    _value: *mut c_void,
    _data: *mut CRYPTO_EX_DATA,
    _index: c_int,
    _argl: c_long,
    _argp: *mut c_void,
) {
    events::context_freed(context as usize);
}

/// Returns a pointer of each index's own, which is never followed. It must come back with every callback, as `argl` and
/// the index must.
fn argp(index: ExIndex) -> *mut c_void {
    std::ptr::without_provenance_mut(0x1000 + index as usize)
}

/// Returns the index that a callback is called for. If it comes with other arguments than it was registered with, that
/// is noted.
fn of(index: c_int, argl: c_long, registered_argp: *mut c_void) -> Option<ExIndex> {
    let named =
        [ExIndex::Counted, ExIndex::Replaced, ExIndex::Refused].into_iter().find(|named| named.number() == index);
    if named.is_none_or(|named| argl != c_long::from(named as u8) || argp(named) != registered_argp) {
        events::wrong();
    }
    named
}

// A session is named by the address of its CRYPTO_EX_DATA, the one thing that all three callbacks get.

unsafe extern "C" fn on_new(
    session: *mut c_void,
    value: *mut c_void,
    data: *mut CRYPTO_EX_DATA,
    index: c_int,
    argl: c_long,
    argp: *mut c_void,
) {
    // A new session has no value.
    if !value.is_null() || session.is_null() {
        events::wrong();
    }
    if of(index, argl, argp) == Some(ExIndex::Counted) {
        memory::is_session(session as usize);
        events::ex_new(data as usize, session as usize);
    } else {
        events::wrong();
    }
}

unsafe extern "C" fn on_dup(
    to: *mut CRYPTO_EX_DATA,
    from: *const CRYPTO_EX_DATA,
    value: *mut *mut c_void,
    index: c_int,
    argl: c_long,
    argp: *mut c_void,
) -> c_int {
    if to.cast_const() == from {
        events::wrong();
    }
    let Some(named) = of(index, argl, argp) else { return 1 };
    // SAFETY: called by the library with the place of the value.
    unsafe {
        let mut number = *value as usize;
        let agreed = events::ex_dup(named, from as usize, &mut number);
        *value = std::ptr::without_provenance_mut(number);
        agreed.into()
    }
}

unsafe extern "C" fn on_free(
    session: *mut c_void,
    value: *mut c_void,
    data: *mut CRYPTO_EX_DATA,
    index: c_int,
    argl: c_long,
    argp: *mut c_void,
) {
    if session.is_null() {
        events::wrong();
    }
    if let Some(named) = of(index, argl, argp) {
        events::ex_free(named, data as usize, value as usize);
    }
}

//! The linked library, made ready once a process: probes, ex_data indices, ciphers, clock, and what it is.

use std::ffi::{CStr, c_int, c_long, c_uchar, c_void};
use std::sync::{Mutex, OnceLock, PoisonError};

use openssl_sys::{CRYPTO_EX_DATA, SSL_CIPHER};

use super::super::Identity;
use super::super::events;
use super::super::native::{START, START_SECONDS, ex_index};
use super::prototypes::Api;
use super::{clock, crash, memory, refcount};
use crate::native::{Clock, Release, UnknownRelease};
use crate::op::{Cipher, ExIndex};

/// As in `<openssl/crypto.h>`.
const CRYPTO_EX_INDEX_SSL_SESSION: c_int = 2;

/// Which probes a process has. Every probe changes what it observes, so part of all programs runs without them: they
/// cannot be taken away again, so that part runs in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probes {
    /// Allocations are counted.
    pub memory: bool,
    /// Three ex_data indices are registered; one is the death probe.
    pub ex_data: bool,
    /// The reference count is looked for.
    pub count: bool,
}

impl Probes {
    /// All of them.
    pub const ALL: Probes = Probes { memory: true, ex_data: true, count: true };
    /// None of them: the library as any program has it.
    pub const NONE: Probes = Probes { memory: false, ex_data: false, count: false };
}

/// Where the time of a new session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocking {
    /// The library reads the harness's clock.
    Ours,
    /// It does not: the time of every new session is set by the harness, in both ports.
    Set,
}

/// Why the linked library cannot be driven.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    /// Not a release that the native session models.
    #[error(transparent)]
    Release(#[from] UnknownRelease),
    /// Another part of the process asked for other probes before.
    #[error("the linked OpenSSL is already driven with other probes in this process")]
    OtherProbes,
    /// The library had allocated before the memory probe was there.
    #[error("the linked OpenSSL allocated memory before the memory probe could be installed")]
    MemoryProbe,
    /// Another part of the process registered ex_data indices before.
    #[error("SSL_SESSION_get_ex_new_index returned {found}, not {wanted}: somebody else registered indices")]
    ExDataIndex {
        /// What it returned.
        found: c_int,
        /// What it should have.
        wanted: c_int,
    },
    /// A cipher suite of the table is not in the library.
    #[error("the linked OpenSSL has no {0}")]
    Cipher(&'static str),
    /// `SSL_CTX_new` or `SSL_new` failed.
    #[error("the linked OpenSSL cannot make an SSL_CTX and an SSL")]
    Unusable,
}

/// The linked library.
pub struct Linked {
    pub(super) api: Api,
    /// What it is.
    pub identity: Identity,
    /// The release the native session has to behave as.
    pub release: Release,
    /// The probes of this process.
    pub probes: Probes,
    /// The offset of the reference count in a session, bytes; `None`: unknown.
    pub count_offset: Option<usize>,
    /// Where the time comes from.
    pub clocking: Clocking,
    ciphers: Vec<*const SSL_CIPHER>,
}

// SAFETY: the only pointers in it are those of cipher suites: constants of the library.
unsafe impl Send for Linked {}
// SAFETY: as above.
unsafe impl Sync for Linked {}

impl Linked {
    /// Makes the library ready, the first time.
    ///
    /// # Errors
    /// See [`LoadError`]; what failed once fails again.
    pub fn get(probes: Probes) -> Result<&'static Linked, LoadError> {
        static LINKED: OnceLock<Result<Linked, LoadError>> = OnceLock::new();
        // One at a time: the calibration must not see another thread's sessions.
        static READY: Mutex<()> = Mutex::new(());
        let _guard = READY.lock().unwrap_or_else(PoisonError::into_inner);
        let linked = LINKED.get_or_init(|| Linked::load(probes)).as_ref().map_err(LoadError::clone)?;
        if linked.probes == probes { Ok(linked) } else { Err(LoadError::OtherProbes) }
    }

    pub(super) fn cipher(&self, cipher: Cipher) -> *const SSL_CIPHER {
        self.ciphers[cipher as usize]
    }

    fn load(probes: Probes) -> Result<Linked, LoadError> {
        let api = Api::linked();
        if probes.memory && !memory::install(&api) {
            return Err(LoadError::MemoryProbe);
        }
        openssl_sys::init();
        // SAFETY: no arguments.
        let release = Release::from_version_number(unsafe { openssl_sys::OpenSSL_version_num() } as u64)?;
        let ciphers = find_ciphers(&api)?;
        if probes.ex_data {
            register_indices()?;
        }
        let clocking = if freeze_clock(&api, release) { Clocking::Ours } else { Clocking::Set };
        let calibrate = || crash::saving(&"the search for the reference count", || refcount::calibrate(&api));
        let count_offset = probes.count.then(calibrate).flatten();
        Ok(Linked { identity: identify(&api), api, release, probes, count_offset, clocking, ciphers })
    }
}

fn identify(api: &Api) -> Identity {
    // SAFETY: a string constant of the library.
    let version = unsafe { CStr::from_ptr(openssl_sys::OpenSSL_version(openssl_sys::OPENSSL_VERSION)) };
    let address = api.SSL_SESSION_new.map_or(std::ptr::null(), |function| function as *const c_void);
    let mut found = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    // SAFETY: an address and a place to write to; the name is the loader's and stays.
    let file = unsafe {
        if libc::dladdr(address, &mut found) != 0 && !found.dli_fname.is_null() {
            CStr::from_ptr(found.dli_fname).to_string_lossy().into_owned()
        } else {
            "unknown".into()
        }
    };
    // The loader knows an executable by how it was called.
    let executable = std::env::current_exe().map(|path| path.display().to_string());
    let is_executable =
        std::fs::canonicalize(&file).ok() == std::env::current_exe().and_then(std::fs::canonicalize).ok();
    let file = if is_executable { executable.unwrap_or(file) } else { file };
    Identity { name: "openssl".into(), version: version.to_string_lossy().into_owned(), file }
}

/// Freezes the clock and sees whether a new session shows it.
fn freeze_clock(api: &Api, release: Release) -> bool {
    let Clock::Frozen { micros } = START else { return false };
    clock::freeze(micros);
    let (Some(new), Some(get_time), Some(free)) = (api.SSL_SESSION_new, api.SSL_SESSION_get_time, api.SSL_SESSION_free)
    else {
        return false;
    };
    debug_assert!(release >= Release::new(1, 1, 1, 0));
    // SAFETY: a session, alive until it is freed.
    unsafe {
        let session = new();
        if session.is_null() {
            return false;
        }
        let time = get_time(session);
        free(session);
        time == START_SECONDS
    }
}

fn find_ciphers(api: &Api) -> Result<Vec<*const SSL_CIPHER>, LoadError> {
    let find = api.SSL_CIPHER_find.ok_or(LoadError::Unusable)?;
    // SAFETY: a context and a connection of our own; SSL_CIPHER_find reads two bytes. The suites are constants.
    unsafe {
        let context = openssl_sys::SSL_CTX_new(openssl_sys::TLS_method());
        let ssl = if context.is_null() { std::ptr::null_mut() } else { openssl_sys::SSL_new(context) };
        let found = Cipher::ALL.iter().map(|cipher| {
            let code: [c_uchar; 2] = cipher.code().to_be_bytes();
            let found = if ssl.is_null() { std::ptr::null() } else { find(ssl, code.as_ptr()) };
            if found.is_null() { Err(LoadError::Cipher(cipher.name())) } else { Ok(found) }
        });
        let found = found.collect();
        let usable = !ssl.is_null();
        openssl_sys::SSL_free(ssl);
        openssl_sys::SSL_CTX_free(context);
        if usable { found } else { Err(LoadError::Unusable) }
    }
}

fn register_indices() -> Result<(), LoadError> {
    // Index, and which of the callbacks it has: new, dup, free.
    const ROWS: [(ExIndex, [bool; 3]); 3] = [
        (ExIndex::Counted, [true, true, true]),
        (ExIndex::Replaced, [false, true, true]),
        (ExIndex::Refused, [false, true, false]),
    ];
    for (index, [new, dup, free]) in ROWS {
        // SAFETY: callbacks that follow no pointer of the library's but the one to the value.
        let found = unsafe {
            openssl_sys::CRYPTO_get_ex_new_index(
                CRYPTO_EX_INDEX_SSL_SESSION,
                c_long::from(index as u8),
                argp(index),
                new.then_some(on_new),
                dup.then_some(on_dup),
                free.then_some(on_free),
            )
        };
        let wanted = ex_index(index);
        if found != wanted {
            return Err(LoadError::ExDataIndex { found, wanted });
        }
    }
    Ok(())
}

/// A pointer of each index's own, never followed: it must come back with every callback, as `argl` and the index must.
fn argp(index: ExIndex) -> *mut c_void {
    std::ptr::without_provenance_mut(0x1000 + index as usize)
}

/// The index that a callback was registered for, if the library says so with all three arguments.
fn of(index: c_int, argl: c_long, registered_argp: *mut c_void) -> Option<ExIndex> {
    let named = usize::try_from(argl).ok().and_then(|number| ExIndex::ALL.get(number).copied())?;
    (ex_index(named) == index && argp(named) == registered_argp).then_some(named)
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
    match of(index, argl, argp) {
        // A new session has no value.
        Some(ExIndex::Counted) if value.is_null() && !session.is_null() => events::ex_new(data as usize),
        _ => events::wrong(),
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
    let Some(named) = of(index, argl, argp).filter(|_| to.cast_const() != from) else {
        events::wrong();
        return 1;
    };
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
    match of(index, argl, argp) {
        Some(named) if !session.is_null() => events::ex_free(named, data as usize, value as usize),
        Some(_) | None => events::wrong(),
    }
}

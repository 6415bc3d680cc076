//! Opening a shared library with the session API: one process a library, its libcrypto beside it first, never closed.
//!
//! Two OpenSSLs in one process can bind to each other's functions without a word. So what a call really reaches is looked up
//! afterwards, and an executable that is linked dynamically with an OpenSSL opens no other.

use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, c_int, c_ulong, c_void};
use std::fs;
use std::io::Read as _;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libloading::os::unix::Library as Loaded;
use object::elf::FileHeader64;
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSymbol as _, ReadCache};

use super::super::{Identity, WITH};
use super::family::{Calling, Prototype};
use super::library::Source;
use super::profile::Profile;
use super::prototypes::Api;
use crate::native::{Family, UnknownRelease};

/// Says why a library cannot be driven.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    /// Says that the library is not a release that the native session models.
    #[error(transparent)]
    Release(#[from] UnknownRelease),
    /// Says that this process already drives another library, or the same with other probes.
    #[error("this process already drives a library, or drives it with other probes")]
    Another,
    /// Says that the library had allocated before the memory probe was there.
    #[error(
        "the memory probe cannot be installed: no CRYPTO_set_mem_functions, or memory was allocated before; try --probes none"
    )]
    MemoryProbe,
    /// Says that the memory probe was installed in another library than the one that allocates sessions.
    #[error("its sessions are not allocated by its own CRYPTO_malloc: another OpenSSL is in the way")]
    OtherAllocator,
    /// Says that another part of the process registered ex_data indices before.
    #[error("SSL_SESSION_get_ex_new_index returned {found}, not {wanted}: somebody else registered indices")]
    ExDataIndex {
        /// Holds the index that was returned.
        found: c_int,
        /// Holds the index that should have been returned.
        wanted: c_int,
    },
    /// Says that a cipher suite of the table is not in the library.
    #[error("the library has no {0}")]
    Cipher(&'static str),
    /// Says that the library cannot be initialised.
    #[error("the library cannot be initialised")]
    Unusable,
    /// Says that the file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Says that the file is something else.
    #[error("no shared library: {0}")]
    NotALibrary(&'static str),
    /// Says that the file is for another processor.
    #[error("a shared library for another architecture")]
    Architecture,
    /// Says that the library lacks what every library with the session API has.
    #[error(
        "no session API: SSL_SESSION_new or d2i_SSL_SESSION, SSL_SESSION_free and what goes with them are not all there"
    )]
    NoSessionApi,
    /// Says that the loader refuses the library.
    #[error("{0}")]
    Refused(String),
    /// Says that the library is not of a family whose types the prototypes have.
    #[error("{0}: of this family no library can be driven yet")]
    Family(String),
    /// Says that this executable binds to a libssl of its own.
    #[error(
        "this executable is linked dynamically with {0}, which would answer in its place: use a build with OpenSSL in it"
    )]
    Dynamic(String),
    /// Says that a function of the library answers from another file.
    #[error("{function} is answered by {found}")]
    Elsewhere {
        /// Names the function.
        function: &'static str,
        /// Names the file its code is in.
        found: String,
    },
}

/// Holds a library that was opened: how it is called, and where its code is.
pub(super) struct Opened {
    pub api: Api,
    /// Has the functions of the list that the library has by no name, each with the likeliest.
    pub absent: HashMap<&'static str, String>,
    pub calling: Calling,
    /// Tells whether errors can be seen.
    pub sees_errors: bool,
    /// Gives the address of what makes a session, and of what says the version, in the library itself.
    code: [usize; 2],
    /// Tells it from others that say the same of their version, where it has a function that does.
    fork: Option<String>,
}

impl Opened {
    /// Takes the library that this executable is linked with.
    pub fn linked() -> Opened {
        let api = Api::linked();
        let session = api.SSL_SESSION_new.map_or(0, |function| function as usize);
        let code = [session, api.OpenSSL_version.map_or(0, |function| function as usize)];
        let calling = Calling::linked();
        let absent = calling.absent(&|name| api.has(name) == Some(true));
        Opened { api, absent, calling, sees_errors: true, code, fork: None }
    }
}

/// Opens the library at `path`, for good, to be called as its profile says, or its family is.
///
/// # Errors
/// See [`LoadError`].
pub(super) fn open(path: &Path, profile: Option<&Arc<Profile>>) -> Result<Opened, LoadError> {
    inspect(path)?;
    let own = file_of(openssl_sys::OpenSSL_version_num as *const c_void);
    if let Some(own) = own.filter(|own| !is_executable(own)) {
        return Err(LoadError::Dynamic(own));
    }
    let flags = libc::RTLD_NOW | libc::RTLD_LOCAL;
    // SAFETY: initialisers of a library that the user names; it is never closed. `path` has a slash, so no search is made.
    let open = |path: &Path| unsafe { Loaded::open(Some(path), flags) };
    let refused = |error: libloading::Error| LoadError::Refused(error.to_string());
    let whole = fs::canonicalize(path).map_err(|error| LoadError::Unreadable(error.to_string()))?;
    // The one that the loader would find could be another. What is loaded first under its name is the one that is used.
    if let Some(beside) = crypto_beside(&whole) {
        std::mem::forget(open(&beside).map_err(refused)?);
    }
    let library = open(&whole).map_err(refused)?;
    let find = |name: &str| {
        // SAFETY: nobody reads more of what is there than where it is.
        let found = unsafe { library.get::<*mut c_void>(name.as_bytes()) };
        found.ok().map(|symbol| *symbol).filter(|code| !code.is_null())
    };
    let calling = Calling::guess(&find, profile).ok_or(LoadError::NoSessionApi)?;
    // SAFETY: a C library of that family, or as its profile says.
    let mut api = unsafe { calling.api(&find) };
    let at =
        |names: [&str; 2]| names.iter().find_map(|name| calling.address(name, &find)).map_or(0, |code| code as usize);
    let code = [["SSL_SESSION_new", "SSL_SESSION_free"], ["OpenSSL_version", "ERR_clear_error"]].map(at);
    let (fork, absent) = (fork(&find), calling.absent(&|name| find(name).is_some()));
    std::mem::forget(library);
    let sees_errors = !profile.is_some_and(|profile| profile.missing.contains_key("ERR_peek_error"));
    if !sees_errors {
        api.ERR_peek_error = Some(no_error);
        api.ERR_peek_last_error = Some(no_error);
        // One that is there may keep what was allocated for an error.
        api.ERR_clear_error = api.ERR_clear_error.or(Some(clear_no_error));
    }
    let version = version(&api, profile.map(|profile| &**profile));
    if !is_usable(&api, profile.map(|profile| &**profile)) {
        return Err(LoadError::NoSessionApi);
    }
    let is_named = profile.is_some_and(|profile| profile.family.is_some());
    if calling.seam.family == Family::OpenSsl && !is_named && !version.starts_with("OpenSSL ") {
        return Err(LoadError::Family(version));
    }
    Ok(Opened { api, absent, calling, sees_errors, code, fork })
}

unsafe extern "C" fn no_error() -> c_ulong {
    0
}

unsafe extern "C" fn clear_no_error() {}

/// Tells whether there is what is called wherever a session is looked at. What else is missing is a function that is not supported.
fn is_usable(api: &Api, profile: Option<&Profile>) -> bool {
    const NEEDED: [&str; 4] = ["SSL_SESSION_free", "ERR_peek_error", "ERR_peek_last_error", "ERR_clear_error"];
    let has = |name: &str| api.has(name) == Some(true);
    let says = has("OpenSSL_version") || profile.is_some_and(|profile| profile.version.is_some());
    // Where there is no constructor, sessions come of bytes.
    let made = has("SSL_SESSION_new") || has("d2i_SSL_SESSION");
    NEEDED.into_iter().all(has) && says && made
}

/// Says which library it is, and which files its calls reach.
///
/// # Errors
/// [`LoadError::Elsewhere`].
pub(super) fn identify(opened: &Opened, source: &Source) -> Result<Identity, LoadError> {
    let file = |code: usize| file_of(std::ptr::without_provenance(code)).unwrap_or_else(|| "unknown".into());
    let [session, crypto] = opened.code.map(file);
    let version = opened.calling.said(&version(&opened.api, opened.calling.profile.as_deref()), opened.fork.as_deref());
    let same = |file: &str, meant: &Path| fs::canonicalize(file).ok() == fs::canonicalize(meant).ok();
    match source {
        Source::Linked => {
            // The loader knows an executable by how it was called.
            let executable = std::env::current_exe().map(|path| path.display().to_string());
            let file = if is_executable(&session) { executable.unwrap_or(session) } else { session };
            Ok(Identity { name: "openssl".into(), version, file })
        }
        Source::File(named) | Source::Profiled(named, _) => {
            if !same(&session, named) {
                return Err(LoadError::Elsewhere { function: "SSL_SESSION_new", found: session });
            }
            let whole = fs::canonicalize(named).unwrap_or_else(|_| named.clone());
            let beside = crypto_beside(&whole);
            let known = beside.is_some() || needed_crypto(&whole).is_none();
            if known && !same(&crypto, beside.as_ref().unwrap_or(&whole)) {
                return Err(LoadError::Elsewhere { function: "OpenSSL_version", found: crypto });
            }
            let file = if crypto == session { session } else { format!("{session}{WITH}{crypto}") };
            Ok(Identity { name: format!("lib:{}", named.display()), version, file })
        }
    }
}

fn version(api: &Api, profile: Option<&Profile>) -> String {
    if let Some(version) = profile.and_then(|profile| profile.version.clone()) {
        return version;
    }
    let Some(version) = api.OpenSSL_version else { return "unknown".into() };
    // SAFETY: a string constant of the library.
    unsafe { CStr::from_ptr(version(openssl_sys::OPENSSL_VERSION)) }.to_string_lossy().into_owned()
}

/// Is a function that Tongsuo has, and OpenSSL does not.
const TONGSUO: &str = "Tongsuo_version_num";

/// Tells a library from others that say the same of their version. Tongsuo says that it is the OpenSSL from which it came, and BoringSSL
/// has no version.
fn fork(find: &dyn Fn(&str) -> Option<*mut c_void>) -> Option<String> {
    // In the headers of API 44, and not in those of Android 13 or of AWS-LC.
    if find("SSL_SESSION_is_resumable_across_names").is_some() {
        return Some("with resumption across names".into());
    }
    let number = find(TONGSUO)?;
    // SAFETY: as `<openssl/crypto.h>` of Tongsuo declares it.
    let number = unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn() -> c_ulong>(number)() };
    // TONGSUO_VERSION_NUMBER (openssl/opensslv.h, 8.5.0): as that of OpenSSL, with the bits of a negative `int` above it.
    Some(format!("Tongsuo {}.{}.{}", number >> 28 & 0xf, number >> 20 & 0xff, number >> 4 & 0xffff))
}

/// Finds the file that holds the code at `address`.
fn file_of(address: *const c_void) -> Option<String> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: an address and a place to write to, whose pointers are NULL before; the name is the loader's and stays.
    unsafe {
        let known = libc::dladdr(address, found.as_mut_ptr()) != 0;
        let name = found.assume_init().dli_fname;
        (known && !name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

fn is_executable(file: &str) -> bool {
    let this = std::env::current_exe().and_then(fs::canonicalize);
    fs::canonicalize(file).is_ok_and(|file| this.is_ok_and(|this| this == file))
}

/// Tells whether the file could be a library for this machine: the loader's own messages help only those who know it.
///
/// # Errors
/// See [`LoadError`].
pub fn inspect(path: &Path) -> Result<(), LoadError> {
    const MACHINE: usize = 18;
    const TYPE: usize = 16;
    let unreadable = |error: std::io::Error| LoadError::Unreadable(error.to_string());
    let file = fs::File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(LoadError::NotALibrary("a folder"));
    }
    let mut head = Vec::new();
    file.take(20).read_to_end(&mut head).map_err(unreadable)?;
    if head.starts_with(b"!<arch>\n") {
        return Err(LoadError::NotALibrary(
            "a static archive; `cc -shared` with --whole-archive makes a library of it",
        ));
    }
    if head.is_empty() {
        return Err(LoadError::NotALibrary("an empty file"));
    }
    if !head.starts_with(b"\x7fELF") || head.len() < 20 {
        return Err(LoadError::NotALibrary("not an ELF file"));
    }
    let mut own = Vec::new();
    fs::File::open("/proc/self/exe").map_err(unreadable)?.take(20).read_to_end(&mut own).map_err(unreadable)?;
    // Class and byte order, then the machine.
    if head[4..6] != own[4..6] || head[MACHINE..] != own[MACHINE..] {
        return Err(LoadError::Architecture);
    }
    const SHARED: u16 = 3;
    let kind = u16::from_ne_bytes([head[TYPE], head[TYPE + 1]]);
    if kind != SHARED {
        return Err(LoadError::NotALibrary("an ELF file of another type"));
    }
    // The loader maps what is not there, and a look at it is a fault.
    if is_whole(path) { Ok(()) } else { Err(LoadError::NotALibrary("an ELF file that is cut off")) }
}

/// Tells whether the file holds all that is to be loaded of it.
fn is_whole(path: &Path) -> bool {
    let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let ends = read_elf(path, |header, endian, file| {
        let mut parts = header.program_headers(endian, file)?.iter();
        Ok(parts.all(|part| part.p_offset(endian).checked_add(part.p_filesz(endian)).is_some_and(|end| end <= length)))
    });
    ends.unwrap_or(false)
}

/// Reads what is wanted of an ELF file, and no other part of it; `None`: it is no such file, or not whole.
fn read_elf<R>(
    path: &Path,
    read: impl FnOnce(&FileHeader64<Endianness>, Endianness, &ReadCache<fs::File>) -> object::read::Result<R>,
) -> Option<R> {
    let file = ReadCache::new(fs::File::open(path).ok()?);
    let header = FileHeader64::<Endianness>::parse(&file).ok()?;
    read(header, header.endian().ok()?, &file).ok()
}

/// Finds the libcrypto that a library needs, in the same folder.
pub fn crypto_beside(path: &Path) -> Option<PathBuf> {
    let beside = path.parent()?.join(needed_crypto(path)?);
    beside.is_file().then_some(beside)
}

/// Returns the file name of the libcrypto that a library needs; `None`: it is complete.
fn needed_crypto(path: &Path) -> Option<String> {
    needed(path).into_iter().find(|name| name.starts_with("libcrypto"))
}

/// Guesses the family of the library in a file, without loading it, if its profile does not name one.
pub fn family(path: &Path, profile: Option<&Arc<Profile>>) -> Family {
    calling(path, profile).seam.family
}

/// Tells whether the library in a file lets itself be given memory, as far as its family does.
pub fn takes_memory(path: &Path, profile: Option<&Arc<Profile>>) -> bool {
    let calling = calling(path, profile);
    let takes = |file: &Path| with_symbols(file, |has| calling.has("CRYPTO_set_mem_functions", has)) == Some(true);
    // A libcrypto that is somewhere else is not looked for.
    let crypto = || crypto_beside(path).map_or(needed_crypto(path).is_some(), |beside| takes(&beside));
    calling.seam.probes.memory && (takes(path) || crypto())
}

/// Tells whether the library in a file is Tongsuo, without loading it.
pub fn is_tongsuo(path: &Path) -> bool {
    let says = |file: &Path| with_symbols(file, |has| has(TONGSUO)) == Some(true);
    says(path) || crypto_beside(path).is_some_and(|beside| says(&beside))
}

/// Lists the functions by which the library in a file is called, each with its symbol, without loading it.
pub fn called(path: &Path, profile: Option<&Arc<Profile>>) -> Vec<(String, Prototype)> {
    let files = [Some(path.to_path_buf()), crypto_beside(path)];
    let symbols: HashSet<String> = files.iter().flatten().flat_map(|file| definitions(file)).collect();
    let prototypes = calling(path, profile).prototypes().into_iter();
    prototypes
        .filter_map(|(names, prototype)| Some((names.into_iter().find(|name| symbols.contains(name))?, prototype)))
        .collect()
}

/// Returns the symbols that a file defines; none where it cannot be read.
fn definitions(path: &Path) -> Vec<String> {
    let file = fs::read(path).unwrap_or_default();
    let Ok(elf) = object::File::parse(&*file) else { return Vec::new() };
    let defined = elf.dynamic_symbols().filter(|symbol| symbol.is_definition());
    defined.filter_map(|symbol| symbol.name().ok().map(String::from)).collect()
}

fn calling(path: &Path, profile: Option<&Arc<Profile>>) -> Calling {
    let guessed = with_symbols(path, |has| Calling::by_names(has, profile)).flatten();
    guessed.unwrap_or(Calling { profile: profile.cloned(), ..Calling::linked() })
}

/// Lets `look` ask which functions the library in a file has; `None`: it cannot be read.
fn with_symbols<R>(path: &Path, look: impl FnOnce(&dyn Fn(&str) -> bool) -> R) -> Option<R> {
    let file = fs::read(path).ok()?;
    let elf = object::File::parse(&*file).ok()?;
    let has = |sought: &str| elf.dynamic_symbols().any(|symbol| symbol.is_definition() && symbol.name() == Ok(sought));
    Some(look(&has))
}

/// Returns the names of the libraries that a library needs, as the loader looks for them.
pub fn needed(path: &Path) -> Vec<String> {
    let names = read_elf(path, |header, endian, file| {
        let sections = header.sections(endian, file)?;
        let Some((entries, strings)) = sections.dynamic(endian, file)? else { return Ok(Vec::new()) };
        let strings = sections.strings(endian, file, strings)?;
        let names = entries.iter().filter(|entry| entry.tag32(endian) == Some(object::elf::DT_NEEDED));
        Ok(names
            .filter_map(|entry| strings.get(entry.val32(endian)?).ok())
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect())
    });
    names.unwrap_or_default()
}

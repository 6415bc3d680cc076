//! The seam between the one list of prototypes and libraries of other families, which have the same functions by other names and other
//! types.
//!
//! The C port makes all its calls by [`Api`], whose types are OpenSSL's. A function that a family has by the same type is put there as it
//! is. One that it has by another type is called by an adapter, which has OpenSSL's type and knows the family's: `dlsym` gives no types,
//! so what is in neither list of a family is not called at all, whatever it is named. Nor is what has another meaning there, such as what
//! reads and writes sessions in a format of the family's own.

mod boring;
mod libressl;
mod wolf;

use std::collections::HashMap;
use std::ffi::{CStr, c_int, c_void};
use std::sync::Arc;

use openssl_sys::SSL_SESSION;

use super::library::Probes;
use super::memory;
use super::profile::{Block, Profile};
use super::prototypes::{Api, LIST};
use crate::native::Family;
use crate::op::{Kind, Kinds};

/// Finds a symbol of a library by its name.
pub(super) type Find<'a> = &'a dyn Fn(&str) -> Option<*mut c_void>;

/// Has a name of OpenSSL's, the types of its arguments and that of its result, in Rust's words.
pub type Prototype = (&'static str, &'static [&'static str], &'static str);

/// Lists the prototypes by which the libraries of a family are called, each with the names that it may have there.
pub fn prototypes(family: Family) -> Vec<(Vec<String>, Prototype)> {
    let seam = Seam::of(family);
    let as_they_are = LIST.iter().filter(|(name, ..)| seam.same.is_none_or(|same| same.contains(name)));
    let as_they_are = as_they_are.map(|(name, arguments, result, _)| (*name, *arguments, *result));
    as_they_are
        .chain(seam.own.iter().flat_map(|own| own.iter().copied()))
        .map(|prototype| ((seam.names)(prototype.0), prototype))
        .collect()
}

/// Has the calls on contexts and connections that put no session into a cache, and make no handshake.
pub(super) const UNCACHED: Kinds = Kinds::NONE
    .with(Kind::CtxNew)
    .with(Kind::CtxPooled)
    .with(Kind::CtxUpRef)
    .with(Kind::CtxFree)
    .with(Kind::CtxSetTimeout)
    .with(Kind::CtxGetTimeout)
    .with(Kind::CtxSetIdContext)
    .with(Kind::CtxSetCacheMode)
    .with(Kind::CtxGetCacheMode)
    .with(Kind::CtxSetCacheSize)
    .with(Kind::CtxGetCacheSize)
    .with(Kind::SslNew)
    .with(Kind::SslFree)
    .with(Kind::SslClear)
    .with(Kind::SetSession)
    .with(Kind::GetSession)
    .with(Kind::Get0Session)
    .with(Kind::Get1Session)
    .with(Kind::SessionReused)
    .with(Kind::SetSslCtx)
    .with(Kind::SslSetIdContext);

/// Says how the libraries of a family are called.
pub(super) struct Seam {
    pub family: Family,
    /// Lists the names that a function of the list may have, the likeliest first.
    names: fn(&str) -> Vec<String>,
    /// Lists the functions that have OpenSSL's types; `None`: all of them.
    same: Option<&'static [&'static str]>,
    /// Lists the prototypes of functions that have other types, or are macros in OpenSSL.
    own: &'static [&'static [Prototype]],
    /// Puts adapters in the places of functions that have other types.
    adapt: fn(&mut Api, Find<'_>),
    /// Lists the calls on contexts and connections that mean there what they mean in OpenSSL; `None`: all of them.
    pub shared: Option<Kinds>,
    /// Has the probes that there can be.
    pub probes: Probes,
    /// Tells the end of sessions where neither callbacks of ex_data nor memory do.
    pub marker: Option<Marker>,
    /// Returns how many bytes a session's block has.
    ///
    /// # Safety
    /// A session is there, and alive.
    block_size: unsafe fn(*mut c_void) -> usize,
}

/// Marks sessions, so that their end is told by [`memory::ended`].
pub(super) struct Marker {
    /// Registers what tells it. Returns whether it will.
    pub register: fn() -> bool,
    /// Marks a session.
    ///
    /// # Safety
    /// It is alive, and [`Marker::register`] returned true.
    pub mark: unsafe fn(*mut SSL_SESSION),
}

/// Says how OpenSSL is called: by the list itself.
static OPENSSL: Seam = Seam {
    family: Family::OpenSsl,
    names: |name| vec![name.into()],
    same: None,
    own: &[],
    adapt: |_, _| {},
    shared: None,
    probes: Probes::ALL,
    marker: None,
    block_size: |block| memory::size_of(block),
};

impl Seam {
    fn of(family: Family) -> &'static Seam {
        match family {
            Family::OpenSsl => &OPENSSL,
            Family::Boring => &boring::SEAM,
            Family::Wolf => &wolf::SEAM,
            Family::LibreSsl => &libressl::SEAM,
        }
    }

    /// Guesses the family of a library by what it has and what it says of itself; `None`: it has no session API.
    fn guess(find: Find<'_>) -> Option<&'static Seam> {
        let named = Seam::by_names(&|name| find(name).is_some())?;
        let says = || find("OpenSSL_version").is_some_and(says_boring);
        Some(if named.family == Family::OpenSsl && says() { &boring::SEAM } else { named })
    }

    /// Guesses the same by the names alone.
    fn by_names(has: &dyn Fn(&str) -> bool) -> Option<&'static Seam> {
        // The last one is a macro of OpenSSL's.
        let marks = ["BORINGSSL_self_test", "awslc_api_version_num", "SSL_CTX_sess_number"];
        match () {
            () if has("wolfSSL_SESSION_new") => Some(&wolf::SEAM),
            () if !has("SSL_SESSION_new") && !has("d2i_SSL_SESSION") => None,
            () if marks.into_iter().any(has) => Some(&boring::SEAM),
            // A macro of OpenSSL's, since 1.1.0.
            () if has("SSL_SESSION_get_ex_new_index") => Some(&libressl::SEAM),
            () => Some(&OPENSSL),
        }
    }

    /// Takes the functions of a library, which `by_name` finds by OpenSSL's names.
    ///
    /// # Safety
    /// What is found has the family's types, and the library is never closed.
    unsafe fn api(&self, by_name: Find<'_>) -> Api {
        let as_it_is = |name: &str| by_name(name).filter(|_| self.same.is_none_or(|same| same.contains(&name)));
        // SAFETY: as the caller says, with functions that have the list's types.
        let mut api = unsafe { Api::loaded(&as_it_is) };
        (self.adapt)(&mut api, by_name);
        api
    }
}

/// Says how one library is called: as its family is, but for what its profile says.
#[derive(Clone)]
pub(super) struct Calling {
    pub seam: &'static Seam,
    pub profile: Option<Arc<Profile>>,
}

impl Calling {
    /// Says how the library is called that the executable is linked with.
    pub fn linked() -> Calling {
        Calling { seam: &OPENSSL, profile: None }
    }

    /// Takes the family that the profile names, or guesses it by what the library has and what it says of itself; `None`: it has no
    /// session API.
    pub fn guess(find: Find<'_>, profile: Option<&Arc<Profile>>) -> Option<Calling> {
        let find = |name: &str| spelled(profile, name, vec![name.into()]).iter().find_map(|symbol| find(symbol));
        Calling::new(profile, || Seam::guess(&find))
    }

    /// Does the same by the names alone.
    pub fn by_names(has: &dyn Fn(&str) -> bool, profile: Option<&Arc<Profile>>) -> Option<Calling> {
        let has = |name: &str| spelled(profile, name, vec![name.into()]).iter().any(|symbol| has(symbol));
        Calling::new(profile, || Seam::by_names(&has))
    }

    fn new(profile: Option<&Arc<Profile>>, guess: impl FnOnce() -> Option<&'static Seam>) -> Option<Calling> {
        let named = profile.and_then(|profile| profile.family).map(Seam::of);
        Some(Calling { seam: named.or_else(guess)?, profile: profile.cloned() })
    }

    /// Lists the symbols that a function may have, the likeliest first; none: it is not called.
    fn symbols(&self, name: &str) -> Vec<String> {
        spelled(self.profile.as_ref(), name, (self.seam.names)(name))
    }

    /// Takes the functions of the library.
    ///
    /// # Safety
    /// It is as the family and the profile say, and never closed.
    pub unsafe fn api(&self, find: Find<'_>) -> Api {
        let by_name = |name: &str| self.address(name, find);
        // SAFETY: as the caller says.
        let mut api = unsafe { self.seam.api(&by_name) };
        let Some(profile) = &self.profile else { return api };
        for (name, family) in &profile.types {
            // SAFETY: as the caller says: of these the one function has the other family's type.
            api.take(name, &unsafe { Seam::of(*family).api(&by_name) });
        }
        profile.missing.keys().for_each(|name| api.leave_out(name));
        api
    }

    /// Lists the prototypes by which the library is called, each with the symbols that it may have.
    pub fn prototypes(&self) -> Vec<(Vec<String>, Prototype)> {
        let of = |name: &str| self.profile.as_ref().and_then(|profile| profile.types.get(name));
        let own = prototypes(self.seam.family).into_iter().filter(|(_, (name, ..))| of(name).is_none());
        let others = self.profile.iter().flat_map(|profile| &profile.types);
        let others = others
            .flat_map(|(name, family)| prototypes(*family).into_iter().filter(move |(_, (other, ..))| other == name));
        own.chain(others).map(|(_, prototype)| (self.symbols(prototype.0), prototype)).collect()
    }

    /// Returns the address of a function's own code, where an adapter may stand for it.
    pub fn address(&self, name: &str, find: Find<'_>) -> Option<*mut c_void> {
        self.symbols(name).iter().find_map(|symbol| find(symbol))
    }

    /// Lists the functions of the list that the library has by no name, each with the likeliest.
    pub fn absent(&self, has: &dyn Fn(&str) -> bool) -> HashMap<&'static str, String> {
        let functions = LIST.iter().map(|(name, ..)| *name).filter(|name| !self.has(name, has));
        functions.filter_map(|name| Some((name, self.symbols(name).into_iter().next()?))).collect()
    }

    /// Tells whether the library has a function by one of its names.
    pub fn has(&self, name: &str, has: &dyn Fn(&str) -> bool) -> bool {
        self.symbols(name).iter().any(|symbol| has(symbol))
    }

    /// Returns how many bytes a session's block has.
    ///
    /// # Safety
    /// A session is there, and alive.
    pub unsafe fn block_size(&self, session: *mut c_void) -> usize {
        match self.profile.as_ref().and_then(|profile| profile.block) {
            // SAFETY: as the caller says.
            None => unsafe { (self.seam.block_size)(session) },
            Some(Block::Usable) => memory::size_of(session),
            // SAFETY: as the caller says, of a library that keeps it there, as the profile says.
            Some(Block::Before) => unsafe { (boring::SEAM.block_size)(session) },
            Some(Block::Bytes(bytes)) => bytes,
        }
    }

    /// Returns what is said behind a version: of the family, and of what else tells a library from others of the same version.
    pub fn said(&self, version: &str, fork: Option<&str>) -> String {
        let family = self.seam.family;
        let fork_in = |brackets: [&str; 2]| fork.map_or(String::new(), |fork| brackets.concat().replace("FORK", fork));
        match &self.profile {
            Some(profile) => {
                let how = if profile.family.is_some() { "" } else { ", guessed" };
                let fork = fork_in([" ", "FORK"]);
                format!("{version}{fork} (family {family}{how}, called as {} says)", profile.path.display())
            }
            None if family == Family::OpenSsl => format!("{version}{}", fork_in([" (FORK", ")"])),
            None => format!("{version}{} (family {family}, guessed)", fork_in([" ", "FORK"])),
        }
    }
}

/// Lists the symbols that a function may have which has these in its family.
fn spelled(profile: Option<&Arc<Profile>>, name: &str, in_family: Vec<String>) -> Vec<String> {
    match profile {
        Some(profile) => profile.symbols(name, in_family),
        None => in_family,
    }
}

fn says_boring(version: *mut c_void) -> bool {
    // SAFETY: in every family but wolfSSL's, which has no such name, it takes a number and returns a string constant.
    let text = unsafe {
        let version: unsafe extern "C" fn(c_int) -> *const std::ffi::c_char = std::mem::transmute(version);
        let text = version(openssl_sys::OPENSSL_VERSION);
        if text.is_null() { c"" } else { CStr::from_ptr(text) }
    };
    let text = text.to_string_lossy();
    text.starts_with("BoringSSL") || text.contains("AWS-LC")
}

/// Makes adapters: each row has OpenSSL's prototype, then the family's, and how the one is made of the other. It defines `adapt`, for
/// [`Seam::adapt`].
macro_rules! adapters {
    ($(
        fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty
            = |$own:ident: fn($($own_type:ty),*) -> $own_result:ty| $call:expr;
    )*) => {
        $(
            #[allow(non_snake_case, reason = "the names are C's")]
            mod $name {
                use super::*;

                pub(super) static OWN: std::sync::OnceLock<unsafe extern "C" fn($($own_type),*) -> $own_result> =
                    std::sync::OnceLock::new();

                pub(super) unsafe extern "C" fn adapter($($argument: $type),*) -> $result {
                    let $own = *OWN.get().expect("it is put in place together with this");
                    // SAFETY: the family's prototype, and arguments as the caller says.
                    #[allow(unused_unsafe, clippy::useless_conversion, reason = "what some rows need")]
                    unsafe { $call }
                }
            }
        )*

        /// Lists the family's own prototypes, as they are written here.
        const OWN: &[Prototype] = &[$((stringify!($name), &[$(stringify!($own_type)),*], stringify!($own_result))),*];

        fn adapt(api: &mut Api, find: Find<'_>) {
            $(
                api.$name = find(stringify!($name)).map(|found| {
                    // SAFETY: it has the type that the family's header gives it.
                    let own = unsafe {
                        std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($own_type),*) -> $own_result>(found)
                    };
                    $name::OWN.get_or_init(|| own);
                    $name::adapter as unsafe extern "C" fn($($type),*) -> $result
                });
            )*
            complete(api, find);
        }
    };
}

/// Declares functions that are macros in OpenSSL.
macro_rules! functions {
    ($(#[$doc:meta])* $of:ident { $($field:ident: $name:ident as fn($($type:ty),*) -> $result:ty;)* }) => {
        $(#[$doc])*
        struct $of {
            $($field: unsafe extern "C" fn($($type),*) -> $result,)*
        }

        impl $of {
            const LIST: &[Prototype] = &[$((stringify!($name), &[$(stringify!($type)),*], stringify!($result))),*];

            /// Finds them; `None`: they are not all there.
            fn find(find: Find<'_>) -> Option<$of> {
                Some($of { $($field: {
                    let found = find(stringify!($name))?;
                    // SAFETY: the type that the family's header gives it.
                    unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($type),*) -> $result>(found) }
                },)* })
            }
        }
    };
}

use {adapters, functions};

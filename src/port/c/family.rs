//! The seam between the one list of prototypes and libraries of other families, which have the same functions by other names and other
//! types.
//!
//! The C port makes all its calls by [`Api`], whose types are OpenSSL's. A function that a family has by the same type is put there as it
//! is. One that it has by another type is called by an adapter, which has OpenSSL's type and knows the family's: `dlsym` gives no types,
//! so what is in neither list of a family is not called at all, whatever it is named. Nor is what has another meaning there, such as what
//! reads and writes sessions in a format of the family's own.

mod boring;
mod wolf;

use std::collections::HashMap;
use std::ffi::{CStr, c_int, c_void};

use openssl_sys::SSL_SESSION;

use super::library::Probes;
use super::memory;
use super::prototypes::{Api, LIST};
use crate::native::Family;
use crate::op::Kinds;

/// Finds a symbol of a library by its name.
pub(super) type Find<'a> = &'a dyn Fn(&str) -> Option<*mut c_void>;

/// Has a name of OpenSSL's, the types of its arguments and that of its result, in Rust's words.
pub type Prototype = (&'static str, &'static [&'static str], &'static str);

/// Lists the prototypes by which the libraries of a family are called, each with the names that it may have there.
pub fn prototypes(family: Family) -> Vec<(Vec<String>, Prototype)> {
    let seam = match family {
        Family::OpenSsl => &OPENSSL,
        Family::Boring => &boring::SEAM,
        Family::Wolf => &wolf::SEAM,
    };
    let as_they_are = LIST.iter().filter(|(name, ..)| seam.same.is_none_or(|same| same.contains(name)));
    let as_they_are = as_they_are.map(|(name, arguments, result, _)| (*name, *arguments, *result));
    as_they_are
        .chain(seam.own.iter().flat_map(|own| own.iter().copied()))
        .map(|prototype| ((seam.names)(prototype.0), prototype))
        .collect()
}

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
    pub block_size: unsafe fn(*mut c_void) -> usize,
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
pub(super) static OPENSSL: Seam = Seam {
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
    /// Guesses the family of a library by what it has and what it says of itself; `None`: it has no session API.
    pub fn guess(find: Find<'_>) -> Option<&'static Seam> {
        let named = Seam::by_names(&|name| find(name).is_some())?;
        let says = || find("OpenSSL_version").is_some_and(says_boring);
        Some(if named.family == Family::OpenSsl && says() { &boring::SEAM } else { named })
    }

    /// Guesses the same by the names alone.
    pub fn by_names(has: &dyn Fn(&str) -> bool) -> Option<&'static Seam> {
        // The last one is a macro of OpenSSL's.
        let marks = ["BORINGSSL_self_test", "awslc_api_version_num", "SSL_CTX_sess_number"];
        match () {
            () if has("wolfSSL_SESSION_new") => Some(&wolf::SEAM),
            () if !has("SSL_SESSION_new") => None,
            () if marks.into_iter().any(has) => Some(&boring::SEAM),
            () => Some(&OPENSSL),
        }
    }

    /// Takes the functions of a library.
    ///
    /// # Safety
    /// The library is of this family, and never closed.
    pub unsafe fn api(&self, find: Find<'_>) -> Api {
        let by_name = |name: &str| (self.names)(name).iter().find_map(|name| find(name));
        let as_it_is = |name: &str| by_name(name).filter(|_| self.same.is_none_or(|same| same.contains(&name)));
        // SAFETY: as the caller says, with functions that have the list's types.
        let mut api = unsafe { Api::loaded(&as_it_is) };
        (self.adapt)(&mut api, &by_name);
        api
    }

    /// Returns the address of a function's own code, where an adapter may stand for it.
    pub fn address(&self, name: &str, find: Find<'_>) -> Option<*mut c_void> {
        (self.names)(name).iter().find_map(|name| find(name))
    }

    /// Lists the functions of the list that a library has by no name, each with the likeliest.
    pub fn absent(&self, has: &dyn Fn(&str) -> bool) -> HashMap<&'static str, String> {
        let functions = LIST.iter().map(|(name, ..)| *name).filter(|name| !self.has(name, has));
        functions.filter_map(|name| Some((name, (self.names)(name).into_iter().next()?))).collect()
    }

    /// Tells whether a library has a function by one of its names.
    pub fn has(&self, name: &str, has: &dyn Fn(&str) -> bool) -> bool {
        (self.names)(name).iter().any(|name| has(name))
    }

    /// Returns what is said behind a version: of the family, and of what else tells a library from others of the same version.
    pub fn said(&self, version: &str, fork: Option<&str>) -> String {
        match self.family {
            Family::OpenSsl => fork.map_or(version.into(), |fork| format!("{version} ({fork})")),
            Family::Boring | Family::Wolf => {
                let fork = fork.map_or(String::new(), |fork| format!(" {fork}"));
                format!("{version}{fork} (family {}, guessed)", self.family)
            }
        }
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

use adapters;

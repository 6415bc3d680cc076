//! A program in the forms that others read: C, Rust, a picture.

mod c;
mod rust;
mod svg;

pub use c::{Called, Foreign, NoCType, c, c_type};
pub use rust::rust;
pub use svg::{Picture, svg};

use std::path::Path;

use crate::oracle::Signature;
use crate::plan::Plan;
use crate::program::Program;
use crate::trace::Trace;

/// What is shown of a program.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Why it is kept, or what was found, in lines.
    pub why: &'a str,
    /// The calls.
    pub program: &'a Program,
    /// Its plan.
    pub plan: &'a Plan,
    /// What the native session did, with everything observed.
    pub expected: &'a Trace,
    /// The signature of what was found; without one, everything that calls return is checked.
    pub signature: Option<Signature>,
    /// What the program's clock says, seconds since 1970.
    pub now: i64,
    /// The release that the expectations are those of, as it calls itself: `OpenSSL 3.6.3`.
    pub release: &'a str,
    /// What is to be said of it besides: ` without the faults that later releases do not have`; mostly nothing.
    pub terms: &'a str,
    /// How the library is called, where it is of another family than OpenSSL's.
    pub foreign: Option<&'a Foreign>,
    /// The port that the Rust form drives.
    pub driven: Driven<'a>,
}

/// A port that can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driven<'a> {
    /// The OpenSSL that is linked.
    Linked,
    /// The native session.
    Native,
    /// The native session with the planted bug of this name.
    Planted(&'a str),
    /// The shared library in this file.
    Library(&'a Path),
}

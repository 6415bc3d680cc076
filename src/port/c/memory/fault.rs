//! What can be wrong with a block of memory, and how it is said.

use std::ffi::CStr;
use std::fmt;

use super::Origin;
use crate::trace::{Block, Breakage, Mishap, MishapKind, Site, Violation};

/// Names a misuse of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// Frees a block a second time.
    DoubleFree,
    /// Frees an address that is no block's first.
    BadFree,
    /// Writes to bytes of a freed block.
    WrittenAfterFree,
    /// Reads or writes a freed block.
    UseAfterFree,
    /// Reads or writes bytes beyond the end of a block.
    Overrun,
    /// Writes bytes before the start of a block.
    Underrun,
    /// Asks for memory when there is none left.
    NoMemory,
}

impl Misuse {
    /// Returns what it is called in signatures.
    pub const fn violation(self) -> Violation {
        match self {
            Misuse::DoubleFree => Violation::DoubleFree,
            Misuse::BadFree => Violation::BadFree,
            Misuse::WrittenAfterFree | Misuse::UseAfterFree => Violation::UseAfterFree,
            Misuse::Overrun => Violation::Overflow,
            Misuse::Underrun => Violation::Underflow,
            Misuse::NoMemory => Violation::NoMemory,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Misuse::DoubleFree => "freed a block that was free",
            Misuse::BadFree => "freed an address that is no block's",
            Misuse::WrittenAfterFree => "wrote to a block that was free",
            Misuse::UseAfterFree => "touched a block that was free",
            Misuse::Overrun => "touched memory beyond the end of a block",
            Misuse::Underrun => "wrote before the start of a block",
            Misuse::NoMemory => "asked for more memory than there is",
        }
    }
}

/// Holds a misuse and the block it was done to. It is plain data: it can be made while the heap is broken.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    what: Misuse,
    step: u32,
    size: usize,
    taken: Origin,
    given: Option<Origin>,
}

impl Fault {
    pub(super) fn new(what: Misuse, size: usize, taken: Origin, given: Option<Origin>) -> Fault {
        Fault { what, step: super::present::get(), size, taken, given }
    }

    /// Returns what it is called in signatures.
    pub fn breakage(&self) -> Breakage {
        Breakage::Misuse(self.what.violation())
    }

    pub(super) fn mishap(&self) -> Mishap {
        Mishap {
            kind: MishapKind::Fault,
            step: self.step,
            breakage: self.breakage(),
            text: self.what.text().into(),
            block: Some(self.block().with_lines(Origin::to_string)),
            report: String::new(),
        }
    }

    /// Says in words what was done.
    pub fn text(&self) -> &'static str {
        self.what.text()
    }

    /// Says which block it was done to. Its lines are yet to be formatted.
    pub fn block(&self) -> Block<Origin> {
        let site = |origin: Origin| Site { line: origin, step: origin.step };
        let (taken, given) = (site(self.taken), self.given.map(site));
        Block { size: self.size as u64, taken, given, session: false, holder: None }
    }
}

impl Origin {
    pub(super) fn site(self) -> Site {
        Site { line: self.to_string(), step: self.step }
    }
}

/// Writes the file and the line: `ssl/ssl_sess.c:91`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the library passes string literals, or NULL where it was built without them.
        let file = if self.file.is_null() { c"?" } else { unsafe { CStr::from_ptr(self.file) } };
        f.write_str(file.to_str().unwrap_or("?"))?;
        if self.file.is_null() { Ok(()) } else { write!(f, ":{}", self.line) }
    }
}

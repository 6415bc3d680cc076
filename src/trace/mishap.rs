//! What went wrong with memory, or ended a port in the middle of a call.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Breakage, as_text};

/// The kinds of a [`Mishap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MishapKind {
    /// Memory was misused, and the port went on.
    Fault,
    /// The port ended: a signal, an abort, a sanitizer's report, a call of `exit`.
    Crash,
    /// The port did not return within the time limit.
    Hang,
    /// The port could not be run: this says nothing of it.
    Lost,
}

impl MishapKind {
    /// Tells whether it ends the program: nothing follows.
    pub const fn ends(self) -> bool {
        match self {
            MishapKind::Fault => false,
            MishapKind::Crash | MishapKind::Hang | MishapKind::Lost => true,
        }
    }
}

/// What went wrong, the first time in a program. `S` is a text: where a process crashes, one that is yet to be formatted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mishap<S = String> {
    /// The kind: whether the port went on.
    pub kind: MishapKind,
    /// The step that ran when it happened.
    pub step: u32,
    /// What it is called in signatures.
    #[serde(with = "as_text")]
    pub breakage: Breakage,
    /// What happened, in words: `crashed with signal 11`.
    pub text: S,
    /// The block of memory it is about, if that is known.
    pub block: Option<Block<S>>,
    /// What the port printed before it ended: a sanitizer's report.
    pub report: S,
}

/// A block of the library's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block<S = String> {
    /// Its size, bytes.
    pub size: u64,
    /// Where it was allocated.
    pub taken: Site<S>,
    /// Where it was freed, if it was.
    pub given: Option<Site<S>>,
}

impl<S> Block<S> {
    /// Makes the same block with other texts for its lines.
    pub fn with_lines<'a, T>(&'a self, line: impl Fn(&'a S) -> T) -> Block<T> {
        let site = |site: &'a Site<S>| Site { line: line(&site.line), step: site.step };
        Block { size: self.size, taken: site(&self.taken), given: self.given.as_ref().map(site) }
    }
}

/// A place in the library, and the step that led there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site<S = String> {
    /// File and line of the library, `?` where it was built without them.
    pub line: S,
    /// The step, or [`Site::OUTSIDE`].
    pub step: u32,
}

impl Site {
    /// No step of the program.
    pub const OUTSIDE: u32 = u32::MAX;
}

/// Says `ssl/ssl_sess.c:91`, without the step, which says nothing without its program.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

//! What went wrong with memory, or ended a port in the middle of a call.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Breakage, as_text};

/// Lists the kinds of a [`Mishap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MishapKind {
    /// Says that memory was misused, and the port went on.
    Fault,
    /// Says that the port ended: a signal, an abort, a sanitizer's report, a call of `exit`.
    Crash,
    /// Says that the port did not return within the time limit.
    Hang,
    /// Says that the port could not be run: this tells nothing about the port.
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

/// Says what went wrong, the first time in a program. `S` is a text: where a process crashes, one that is yet to be
/// formatted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mishap<S = String> {
    /// Names the kind: whether the port went on.
    pub kind: MishapKind,
    /// Names the step that ran when it happened.
    pub step: u32,
    /// Says what it is called in signatures.
    #[serde(with = "as_text")]
    pub breakage: Breakage,
    /// Says in words what happened: `crashed with signal 11`.
    pub text: S,
    /// Describes the block of memory it is about, if that is known.
    pub block: Option<Block<S>>,
    /// Holds what the port printed before it ended: a sanitizer's report.
    pub report: S,
}

/// Describes a block of the library's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block<S = String> {
    /// Gives its size, in bytes.
    pub size: u64,
    /// Says where it was allocated.
    pub taken: Site<S>,
    /// Says where it was freed, if it was.
    pub given: Option<Site<S>>,
    /// Says whether it is a session.
    pub session: bool,
    /// Gives the place in the same list of the block that holds it, directly or by way of others, and is held by none itself.
    pub holder: Option<u32>,
}

impl<S> Block<S> {
    /// Makes the same block with other texts for its lines.
    pub fn with_lines<'a, T>(&'a self, line: impl Fn(&'a S) -> T) -> Block<T> {
        let site = |site: &'a Site<S>| Site { line: line(&site.line), step: site.step };
        let Block { size, taken, given, session, holder } = self;
        Block { size: *size, taken: site(taken), given: given.as_ref().map(site), session: *session, holder: *holder }
    }
}

/// Names a place in the library, and the step that led there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site<S = String> {
    /// Names file and line of the library; `?` where it was built without them.
    pub line: S,
    /// Names the step, or is [`Site::OUTSIDE`].
    pub step: u32,
}

impl Site {
    /// Stands for no step of the program.
    pub const OUTSIDE: u32 = u32::MAX;
}

/// Says `ssl/ssl_sess.c:91`, without the step, which says nothing without its program.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

//! How a command ends. The error of a command is its exit code, too: what went wrong has been printed by then.

use crate::host::crash;

/// Says how a command ended. The numbers are documented in the README and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// As expected.
    Expected = 0,
    /// The port crashed, or broke memory.
    Crashed = crash::EXIT as isize,
    /// Something that is expected or accepted does not happen any more, or the time of an accepted difference is over.
    Stale = 3,
    /// Nothing ran, or no verdict.
    Inconclusive = 4,
    /// An unexpected divergence.
    Divergence = 1,
    /// A port could not be loaded.
    NotLoaded = 5,
    /// Wrong usage, an unreadable case, or a result that cannot be written.
    Usage = 64,
    /// Ended by ^C.
    Interrupted = 130,
}

impl Exit {
    /// Returns the one of two that matters more: a finding first, then trouble with the tool, then no verdict.
    pub(crate) fn worst(self, other: Exit) -> Exit {
        let rank = |exit| match exit {
            Exit::Expected => 0,
            Exit::Inconclusive => 1,
            Exit::Stale => 2,
            Exit::Interrupted => 3,
            Exit::Usage => 4,
            Exit::NotLoaded => 5,
            Exit::Divergence => 6,
            Exit::Crashed => 7,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

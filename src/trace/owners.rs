//! The owners of a session, where contents decide who they are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who holds a session, by what can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Owners {
    /// References that slots of the program own.
    pub program: u32,
    /// Connections that use it.
    pub connections: u32,
    /// Caches that list it.
    pub caches: u32,
    /// References that callbacks took.
    pub callbacks: u32,
}

impl Owners {
    /// Returns how many references that makes.
    pub fn references(self) -> u32 {
        self.program + self.connections + self.caches + self.callbacks
    }
}

impl fmt::Display for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.references();
        write!(f, "{total} reference{}", if total == 1 { "" } else { "s" })?;
        let parts = [
            (self.program, "the program's"),
            (self.connections, "of connections"),
            (self.caches, "of caches"),
            (self.callbacks, "taken by callbacks"),
        ];
        let held: Vec<_> = parts.into_iter().filter(|(count, _)| *count > 0).collect();
        if let [(_, whose)] = held[..] {
            return write!(f, ", {whose}");
        }
        let mut separator = ": ";
        for (count, whose) in held {
            write!(f, "{separator}{count} {whose}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// A session whose references are not those that its owners have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unowned {
    /// The step after which it was seen.
    pub step: u32,
    /// Its owners.
    pub owners: Owners,
    /// What was seen.
    pub seen: Seen,
    /// Whether the call of that step names the session.
    pub named: bool,
}

/// What was seen of a session that has other owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// This reference count.
    References(u32),
    /// It lives, and nobody has it.
    Lives,
    /// It was destroyed.
    Destroyed,
    /// It lives, and the program lost it in this step.
    Lost,
}

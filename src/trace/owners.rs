//! The owners of a session, where contents decide who they are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Says who holds a session, by what can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Owners {
    /// Counts the references that slots of the program own.
    pub program: u32,
    /// Counts the connections that use it.
    pub connections: u32,
    /// Counts the caches that list it.
    pub caches: u32,
    /// Counts the references that callbacks took.
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

/// Describes a session whose references are not those that its owners have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unowned {
    /// Names the step after which it was seen.
    pub step: u32,
    /// Says who its owners are.
    pub owners: Owners,
    /// Says what was seen.
    pub seen: Seen,
    /// Tells whether the call of that step names the session.
    pub named: bool,
}

/// Says what was seen of a session that has other owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// Gives this reference count.
    References(u32),
    /// Says that it lives, and nobody has it.
    Lives,
    /// Says that it was destroyed.
    Destroyed,
    /// Says that it lives, and the program lost it in this step.
    Lost,
}

//! Sets of kinds of ops.

use serde::{Deserialize, Serialize};

use super::Kind;

/// A set of kinds of ops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kinds(u128);

impl Kinds {
    /// None of them.
    pub const NONE: Kinds = Kinds(0);

    /// Adds one to the set.
    pub const fn with(self, kind: Kind) -> Kinds {
        Kinds(self.0 | 1 << kind as u32)
    }

    /// Returns all but these: what somebody lacks who has only these.
    pub fn all_but(has: &[Kind]) -> Kinds {
        let others = Kind::ALL.iter().filter(|kind| !has.contains(kind));
        others.fold(Kinds::NONE, |set, kind| set.with(*kind))
    }

    /// Returns one bit for each, in table order.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// Makes the set with these bits.
    pub const fn from_bits(bits: u128) -> Kinds {
        Kinds(bits)
    }

    /// Returns those in either.
    pub const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Tells whether it is in.
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// Returns those that are in, in the order of opcodes.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| self.contains(*kind))
    }
}

//! The owners of a session, where contents decide who they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::shown::{born, slot_names};
use crate::op::{CONTEXTS, ConnectionSlot, ContextSlot};

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

/// Names a session by who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whom {
    /// The slots that hold it: one bit each.
    pub slots: u8,
    /// The connections that use it: one bit each.
    pub connections: u8,
    /// Its number, in the order of births; [`u32::MAX`]: no callback announced it.
    pub birth: u32,
}

impl Whom {
    /// Tells whether a variable of the program names it.
    fn has_name(&self) -> bool {
        self.slots != 0 || self.connections != 0
    }
}

/// Says `s0 and s1`, `the session of x0`, or `session 3, which no variable has`.
impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.slots != 0 {
            return f.write_str(&slot_names(self.slots));
        }
        match ConnectionSlot::all().find(|x| self.connections & (1 << x.index()) != 0) {
            Some(x) => write!(f, "the session of {x}"),
            None => write!(f, "{}, which no variable has", born(self.birth)),
        }
    }
}

/// Describes a session whose references are not those that its owners have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unowned {
    /// Names the step after which it was seen.
    pub step: u32,
    /// Names it.
    pub whom: Whom,
    /// Says who its owners are.
    pub owners: Owners,
    /// Counts how often the cache of each context variable lists it.
    pub in_caches: [u32; CONTEXTS],
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

impl Unowned {
    /// Says whose count it is and who holds it: `s0 has 1 reference, should have 2 (program 1, cache of c0 1)`.
    pub fn sentence(&self) -> String {
        let Unowned { owners, .. } = self;
        // The clause of a session without a name ends with a comma.
        let comma = if self.whom.has_name() { "" } else { "," };
        let whom = format!("{}{comma}", self.whom);
        let verb = |one, many| if self.whom.slots.count_ones() > 1 { many } else { one };
        let is = match self.seen {
            Seen::References(count) => format!("{} {}", verb("has", "have"), references(count)),
            Seen::Lives | Seen::Lost => verb("lives", "live").into(),
            Seen::Destroyed => format!("{} destroyed", verb("was", "were")),
        };
        let others = owners.caches.saturating_sub(self.in_caches.iter().sum());
        let caches = ContextSlot::all().map(|c| (self.in_caches[c.index()], format!("cache of {c}")));
        let holders = [(owners.program, "program".to_string()), (owners.connections, "connections".into())]
            .into_iter()
            .chain(caches)
            .chain([(others, "other caches".into()), (owners.callbacks, "callbacks".into())]);
        let held: Vec<_> =
            holders.filter(|(count, _)| *count > 0).map(|(count, whose)| format!("{whose} {count}")).collect();
        let should = match (self.seen, held.is_empty()) {
            (Seen::Lost, _) => return format!("{whom} {is}, and the program lost it"),
            (Seen::References(_) | Seen::Lives | Seen::Destroyed, true) => "no reference".into(),
            (Seen::References(_), false) => format!("{} ({})", owners.references(), held.join(", ")),
            (Seen::Lives | Seen::Destroyed, false) => {
                format!("{} ({})", references(owners.references()), held.join(", "))
            }
        };
        format!("{whom} {is}, should have {should}")
    }
}

/// Says how many references there are.
pub(crate) fn references(count: u32) -> String {
    if count == 1 { "1 reference".into() } else { format!("{count} references") }
}

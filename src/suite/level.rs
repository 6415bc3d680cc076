//! The levels of the check, and which of them a program is of.

use std::fmt;
use std::str::FromStr;

use crate::op::{Kind, Op, connection_ops, context_ops, getters, session_ops};
use crate::program::Program;

/// What a port has to have, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Sessions are made, referenced, duplicated and freed.
    Count = 1,
    /// A duplicate has the contents of its source, and is its own.
    Dup,
    /// Fields are set and read.
    Accessors,
    /// Sessions are written and read, as DER, as PEM and for people.
    Bytes,
    /// Contexts cache sessions.
    Cache,
    /// Connections share sessions, and handshakes make and resume them.
    Connections,
}

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Level; 6] =
        [Level::Count, Level::Dup, Level::Accessors, Level::Bytes, Level::Cache, Level::Connections];

    /// Returns its number, from 1.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Count => "count",
            Level::Dup => "dup and contents",
            Level::Accessors => "accessors",
            Level::Bytes => "bytes",
            Level::Cache => "cache",
            Level::Connections => "connections and handshakes",
        }
    }
}

/// `2 dup and contents`
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.name())
    }
}

/// Reports a text that is the number of no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such level: there are 1 (count) to 6 (connections and handshakes)")]
pub struct NoLevel;

impl FromStr for Level {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Level, NoLevel> {
        Level::ALL.into_iter().find(|level| level.number().to_string() == text).ok_or(NoLevel)
    }
}

/// Returns the level of a program, and the name of the first call that is of it. What a duplicate is made of is set and read by
/// accessors, so with a duplicate these are of its level.
pub(super) fn of(program: &Program) -> (Level, &'static str) {
    let levels = || program.ops.iter().map(|op| (of_op(op), op.kind()));
    let highest = levels().map(|(level, _)| level).max().unwrap_or(Level::Count);
    let dups = levels().any(|(level, _)| level == Level::Dup);
    let sets = |op: &Op| op.kind() != Kind::Dup && of_op(op) > Level::Count;
    let level = if highest == Level::Accessors && dups {
        Level::Dup
    } else if highest == Level::Dup && !program.ops.iter().any(sets) {
        // The count of a duplicate by itself.
        Level::Count
    } else {
        highest
    };
    // A function says more than a word of the harness, and a call more than what it is made on.
    let of_level = || levels().filter(|(of, _)| *of == level).map(|(_, kind)| kind);
    let is_function = |kind: &Kind| kind.name().contains(|c: char| c.is_ascii_uppercase());
    let makes =
        |kind: &Kind| matches!(kind, Kind::New | Kind::CtxNew | Kind::CtxNewDtls | Kind::CtxPooled | Kind::SslNew);
    let says_more = of_level().find(|kind| is_function(kind) && !makes(kind));
    let first = says_more.or_else(|| of_level().find(is_function)).or_else(|| of_level().next());
    (level, first.or_else(|| levels().next().map(|(_, kind)| kind)).map(Kind::name).unwrap_or_default())
}

fn of_op(op: &Op) -> Level {
    let kind = op.kind();
    match op {
        _ if matches!(kind, Kind::New | Kind::UpRef | Kind::Free) => Level::Count,
        _ if kind == Kind::Dup => Level::Dup,
        _ if kind.is_serial() || kind == Kind::SampleSession => Level::Bytes,
        _ if kind.needs_handshakes() || kind == Kind::TakeKept => Level::Connections,
        connection_ops!() => Level::Connections,
        context_ops!() => Level::Cache,
        session_ops!() | getters!() => Level::Accessors,
    }
}

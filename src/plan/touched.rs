//! The session slots that an op names.

use crate::op::{Op, Slot, Variable};

/// The slots an op names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Touched {
    /// Where a result goes.
    pub made: Option<Slot>,
    /// The session it is called on.
    pub used: Option<Slot>,
}

/// Returns the slots that `op` names. The used one is live before the call if the op runs.
#[inline]
pub fn touches(op: &Op) -> Touched {
    Touched { made: op.made(), used: op.used() }
}

/// Tells whether a call is about the session of this variable: it names it or, of a session, makes it.
pub fn is_about(op: &Op, of: Variable) -> bool {
    match of {
        Variable::Session(slot) => op.used() == Some(slot) || op.made() == Some(slot),
        Variable::Connection(_) | Variable::Context(_) => op.variables().any(|named| named == of),
    }
}

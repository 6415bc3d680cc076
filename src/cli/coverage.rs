//! Which ops have been called, and in which states of the session they are called on.

use crate::op::{Kind, Op, Slot};
use crate::plan::{Kinds, Ledger, Plan, State, Step, touches};
use crate::program::Program;

/// Ops and states reached.
#[derive(Clone, Debug)]
pub(super) struct Coverage {
    kinds: Kinds,
    /// One bit a [`State`] for each kind.
    states: [u32; Kind::ALL.len()],
}

const EVERY_STATE: u32 = u32::MAX;

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage { kinds: Kinds::NONE, states: [0; Kind::ALL.len()] }
    }
}

impl Coverage {
    /// Books what ran of `program`: what was planned, but for `skips`. Tells whether any of it is new.
    pub fn add(&mut self, program: &Program, plan: &Plan, skips: &[u32]) -> bool {
        let mut new = false;
        each_reached(program, plan, skips, |reached| new |= self.book(reached));
        new
    }

    /// Books one thing that was reached, and tells whether it is new.
    pub fn book(&mut self, Reached { kind, state }: Reached) -> bool {
        match state {
            None => {
                let new = !self.kinds.contains(kind);
                self.kinds = self.kinds.with(kind);
                new
            }
            Some(state) => {
                let bit = 1 << state;
                let new = self.states[kind as usize] & bit == 0;
                self.states[kind as usize] |= bit;
                new
            }
        }
    }

    pub fn merge(&mut self, other: &Coverage) {
        self.kinds = self.kinds.or(other.kinds);
        for (mine, theirs) in self.states.iter_mut().zip(other.states) {
            *mine |= theirs;
        }
    }

    /// Returns how many kinds were called, and how many `lacks` leaves.
    pub fn ops(&self, lacks: Kinds) -> (usize, usize) {
        (self.kinds.iter().count(), Kind::ALL.len() - lacks.iter().count())
    }

    /// Returns how many states were reached, and how many there are: those of each kind that is called on a session and that
    /// `lacks` leaves.
    pub fn states(&self, lacks: Kinds) -> (usize, usize) {
        let reached = self.states.iter().map(|states| states.count_ones() as usize).sum();
        (reached, on_sessions(lacks).count() * State::COUNT)
    }

    /// Lists the kinds that were not called in every state: `SSL_SESSION_dup (3 of 32)`.
    pub fn missing(&self, lacks: Kinds) -> Vec<String> {
        let partly = on_sessions(lacks).filter(|kind| self.states[*kind as usize] != EVERY_STATE);
        partly
            .map(|kind| format!("{} ({} of {})", kind.name(), self.states[kind as usize].count_ones(), State::COUNT))
            .collect()
    }
}

/// Something that a program can reach: a call, or a call in a state of the session that it is called on, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reached {
    pub kind: Kind,
    pub state: Option<u8>,
}

/// Tells `reach` each thing that `program` reached, as often as it did: what was planned, but for `skips`.
pub(super) fn each_reached(program: &Program, plan: &Plan, skips: &[u32], mut reach: impl FnMut(Reached)) {
    let mut ledger = Ledger::new(plan.setup());
    for (at, op) in program.ops.iter().enumerate() {
        let state = op.used().and_then(|slot| ledger.state(slot));
        let Step::Run { .. } = ledger.step(op) else { continue };
        if skips.contains(&(at as u32)) {
            continue;
        }
        let kind = op.kind();
        reach(Reached { kind, state: None });
        if let Some(state) = state {
            reach(Reached { kind, state: Some(state.index() as u8) });
        }
    }
}

/// Lists the kinds that are called on a session.
fn on_sessions(lacks: Kinds) -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(move |kind| !lacks.contains(*kind) && uses_session(*kind))
}

fn uses_session(kind: Kind) -> bool {
    // Any op of the kind tells: which operands it has does not depend on their values.
    let mut zeros = crate::op::Wire::new(&[0; 16]);
    kind.take_wire(&mut zeros).is_some_and(|op: Op| touches(&op).used == Some(Slot::wrapping(0)))
}

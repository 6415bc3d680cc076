//! A variation of a program, and those that change calls.

use std::fmt;

use super::{calls, is_made};
use crate::op::{ContextSlot, Kind, Op, Slot};
use crate::plan::{Ledger, Makes, Plan, Setup, Step};
use crate::program::Program;

/// A program made of another one.
#[derive(Clone, Debug)]
pub struct Variation {
    /// The calls.
    pub program: Program,
    /// Says of each of its steps which step of the program it is; `None`: it is the variation's own.
    pub of: Vec<Option<usize>>,
    /// Lists the steps of the program that may go another way.
    pub(super) passed: Vec<usize>,
    /// Says that duplicates are in the place of other sessions.
    pub(super) dups: bool,
    /// Names a context that is the variation's own.
    pub(super) stranger: Option<ContextSlot>,
    /// Two slots that have each other's names from this step of the variation on.
    pub(super) swapped: Option<(usize, Slot, Slot)>,
}

impl Variation {
    /// Puts calls before those steps of a program; a place behind the last is the end.
    pub(super) fn with(program: &Program, inserted: &[(usize, Vec<Op>)]) -> Variation {
        let mut all = Variation {
            program: Program::default(),
            of: Vec::new(),
            passed: Vec::new(),
            dups: false,
            stranger: None,
            swapped: None,
        };
        for at in 0..=program.ops.len() {
            inserted.iter().filter(|(place, _)| *place == at).for_each(|(_, ops)| all.push_own(ops));
            if let Some(op) = program.ops.get(at) {
                all.push(op.clone(), Some(at));
            }
        }
        all
    }

    /// Takes the first steps of a program, as many as these, and goes on with calls of its own.
    pub(super) fn going_on(program: &Program, steps: usize, ops: &[Op]) -> Variation {
        let first = Program { ops: program.ops[..steps].to_vec() };
        Variation::with(&first, &[(steps, ops.to_vec())])
    }

    fn push(&mut self, op: Op, of: Option<usize>) {
        self.program.ops.push(op);
        self.of.push(of);
    }

    fn push_own(&mut self, ops: &[Op]) {
        ops.iter().for_each(|op| self.push(op.clone(), None));
    }

    /// Puts calls of its own in the place of a step.
    fn in_place(program: &Program, at: usize, ops: &[Op]) -> Variation {
        let mut all = Variation::with(program, &[(at, ops.to_vec())]);
        let place = at + ops.len();
        all.program.ops.remove(place);
        all.of.remove(place);
        all
    }

    /// Returns the two slots that have each other's names in a step.
    pub(super) fn swapped_in(&self, step: usize) -> Option<(Slot, Slot)> {
        self.swapped.filter(|(from, ..)| step >= *from).map(|(_, a, b)| (a, b))
    }

    /// Tells whether all that it adds is called, and whatever is called of the program is called in it too.
    pub(super) fn is_planned(&self, program: &Program, setup: Setup) -> bool {
        let (mut before, mut after) = (Plan::new(setup), Plan::new(setup));
        before.make(program);
        after.make(&self.program);
        let runs = |step: Step| matches!(step, Step::Run { .. });
        self.of.iter().zip(&after.steps).all(|(of, step)| match of {
            Some(of) => runs(before.steps[*of]) == runs(*step),
            None => is_made(*step),
        })
    }
}

/// Lists the places of a program, each before a step or at the end, with what is found there of what the ledger knows.
pub(super) fn places<T>(
    program: &Program,
    setup: Setup,
    mut find: impl FnMut(&Ledger, usize) -> Vec<T>,
) -> Vec<(usize, T)> {
    let mut ledger = Ledger::new(setup);
    let mut all = Vec::new();
    for at in 0..=program.ops.len() {
        all.extend(find(&ledger, at).into_iter().map(|found| (at, found)));
        if let Some(op) = program.ops.get(at) {
            ledger.step(op);
        }
    }
    all
}

/// Lists the steps of a program in which something is found, with it.
fn steps<T>(program: &Program, find: impl Fn(&Op) -> Option<T>) -> Vec<(usize, T)> {
    program.ops.iter().enumerate().filter_map(|(at, op)| Some((at, find(op)?))).collect()
}

/// Chooses one.
pub(super) fn chosen<T>(mut all: Vec<T>, number: u64) -> Option<T> {
    let at = fastrand::Rng::with_seed(number).usize(0..all.len().max(1));
    (at < all.len()).then(|| all.swap_remove(at))
}

/// Returns the first of some variables that no call of a program names.
pub(super) fn unnamed<V: fmt::Display>(program: &Program, mut all: impl Iterator<Item = V>) -> Option<V> {
    let text = program.to_string();
    let named = |variable: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == variable);
    all.find(|variable| !named(&variable.to_string()))
}

/// Gives back two references in the other order.
pub(super) fn frees_in_another_order(program: &Program, _: Setup, number: u64) -> Option<Variation> {
    let frees = |at: &usize| match &program.ops[*at..*at + 2] {
        [Op::Free { s: Some(one) }, Op::Free { s: Some(other) }] => one != other,
        _ => false,
    };
    let at = chosen((0..program.ops.len().saturating_sub(1)).filter(frees).collect(), number)?;
    let mut all = Variation::with(program, &[]);
    all.program.ops.swap(at, at + 1);
    all.of.swap(at, at + 1);
    all.passed = vec![at, at + 1];
    Some(all)
}

/// Puts a duplicate in the place of a session that has one owner.
pub(super) fn dup_for_source(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let t = unnamed(program, Slot::all())?;
    let alone = |ledger: &Ledger, _| {
        let is_alone = |slot: &Slot| {
            ledger.state(*slot).is_some_and(|state| state.references == 1 && !state.cached && !state.connected)
        };
        ledger.live().filter(is_alone).collect::<Vec<Slot>>()
    };
    let (at, s) = chosen(places(program, setup, alone), number)?;
    let own = calls(&format!("{t} = SSL_SESSION_dup({s})\nSSL_SESSION_free({s})"));
    let mut all = Variation::with(program, &[(at, own)]);
    let rest = at + 2;
    all.program.ops[rest..].iter_mut().flat_map(Op::slots_mut).for_each(|slot| {
        if *slot == s {
            *slot = t;
        }
    });
    (all.swapped, all.dups) = (Some((rest, s, t)), true);
    makes_sessions(&all, setup).then_some(all)
}

/// Duplicates a duplicate.
pub(super) fn dup_of_dup(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let t = unnamed(program, Slot::all())?;
    let dup = |op: &Op| if let Op::Dup { dst, src } = op { Some((*dst, *src)) } else { None };
    let (at, (dst, src)) = chosen(steps(program, dup), number)?;
    let own = format!("{t} = SSL_SESSION_dup({src})\n{dst} = SSL_SESSION_dup({t})\nSSL_SESSION_free({t})");
    let mut all = Variation::in_place(program, at, &calls(&own));
    all.dups = true;
    makes_sessions(&all, setup).then_some(all)
}

/// Tells whether every duplicate of its own is a session.
fn makes_sessions(all: &Variation, setup: Setup) -> bool {
    let mut plan = Plan::new(setup);
    plan.make(&all.program);
    let mut own = all.of.iter().zip(all.program.ops.iter().zip(&plan.steps)).filter(|(of, _)| of.is_none());
    own.all(|(_, (op, step))| !matches!(op, Op::Dup { .. }) || matches!(step, Step::Run { makes: Makes::Session, .. }))
}

/// Borrows a session and takes a reference to it, in place of getting one.
pub(super) fn get0_and_up_ref(program: &Program, _: Setup, number: u64) -> Option<Variation> {
    let get = |op: &Op| if let Op::Get1Session { dst, x } = op { Some((*dst, *x)) } else { None };
    let (at, (dst, x)) = chosen(steps(program, get), number)?;
    let own = format!("{dst} = SSL_get_session({x})\nSSL_SESSION_up_ref({dst})");
    Some(Variation::in_place(program, at, &calls(&own)))
}

/// Leaves out what offers a session: one that was set, or one that a callback gives.
pub(super) fn without_an_offer(program: &Program, _: Setup, number: u64) -> Option<Variation> {
    // Say nothing where clients are verified: without an id context an offer fails, as SSL_CTX_set_session_id_context(3) says.
    if program.ops.iter().any(|op| op.kind() == Kind::CtxSetVerify) {
        return None;
    }
    let offer = |op: &Op| matches!(op, Op::SetSession { s: Some(_), .. } | Op::CtxSetPskUseCb { .. }).then_some(());
    let (at, ()) = chosen(steps(program, offer), number)?;
    Some(Variation::in_place(program, at, &[]))
}

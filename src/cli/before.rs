//! What ran before a program in the same process, joined to it: what a program left behind is then a part of the finding.

use super::finding::{Finding, careful};
use super::interrupt;
use super::lab::Lab;
use crate::op::{ContextSlot, Op, Time};
use crate::pair::Pair;
use crate::plan::Plan;
use crate::program::Program;
use crate::reduce::with_new_contexts;

/// Joins the fewest of the programs that ran `before` to a finding, the last of them first, so that it diverges when it is run once
/// in a process of its own. It ran itself before, for a finding is seen more than once, and something like it before all, to see
/// what the library does. Contexts that the program makes are tried before those of the pool, of which a C program has none.
/// Returns that and how many they are; `None`: it does not.
pub(super) fn join(lab: &Lab, found: &Finding, before: &[Program]) -> Option<(Finding, usize)> {
    let before = &[before, std::slice::from_ref(&found.program)].concat();
    let made: [Joining; 2] = [kept_new, renewed];
    join_by(lab, found, before, &made).or_else(|| join_by(lab, found, before, &[kept]))
}

/// A way to join programs.
type Joining = fn(&mut Pair, &[Program], &Program) -> Program;

fn join_by(lab: &Lab, found: &Finding, before: &[Program], ways: &[Joining]) -> Option<(Finding, usize)> {
    let mut programs = 1;
    while !lab.is_over() && !interrupt::came() {
        programs = programs.min(before.len());
        let part = &before[before.len() - programs..];
        for join in ways {
            let mut pair = lab.pair().ok()?;
            let program = join(&mut pair, part, &found.program);
            let look = careful(found.look);
            if let Some(diverged) = pair.glance(&program, look) {
                return Some((Finding { program, diverged, look }, programs));
            }
        }
        if programs == before.len() {
            return None;
        }
        programs *= 2;
    }
    None
}

/// Joins programs that use the same contexts, as those of the pool are used: between two programs they are emptied.
fn kept(pair: &mut Pair, before: &[Program], last: &Program) -> Program {
    let mut plan = Plan::new(pair.plan().setup());
    let mut ops = Vec::new();
    for program in before {
        plan.make(program);
        ops.extend(program.ops.iter().cloned());
        ops.extend(plan.given_back().filter(|op| !matches!(op, Op::CtxFree { .. })));
        let contexts = ContextSlot::all().filter(|c| plan.left_contexts[c.index()] > 0);
        ops.extend(contexts.map(|c| Op::CtxFlush { c, time: Time::At(0) }));
    }
    ops.extend(last.ops.iter().cloned());
    Program { ops }
}

/// Joins programs that use the same contexts, which the first of them makes.
fn kept_new(pair: &mut Pair, before: &[Program], last: &Program) -> Program {
    let joined = kept(pair, before, last);
    with_new_contexts(&joined).unwrap_or(joined)
}

/// Joins programs that make their own contexts, each.
fn renewed(pair: &mut Pair, before: &[Program], last: &Program) -> Program {
    let mut plan = Plan::new(pair.plan().setup());
    let new = |program: &Program| with_new_contexts(program).unwrap_or_else(|| program.clone());
    let mut ops = Vec::new();
    for program in before.iter().map(new) {
        plan.make(&program);
        ops.extend(program.ops.iter().cloned());
        ops.extend(plan.given_back());
    }
    ops.extend(new(last).ops);
    Program { ops }
}

//! Compares what a program and its variation have in common.

use super::{Gone, Shown, Variation, shown};
use crate::op::{Kind, Op, Slot, Variable};
use crate::oracle::{Aspect, Call, audit, describe};
use crate::trace::{After, Entry};

/// Finds the first step of the variation that goes another way than the same step of the program does.
pub(super) fn differs(original: &Gone<'_>, varied: &Gone<'_>, variation: &Variation) -> Option<Shown> {
    let compared = variation.of.iter().enumerate().filter_map(|(step, of)| Some((step, (*of)?)));
    // Leave out what reads application data of a duplicate: its callback decides.
    let reads = |step: &usize| variation.dups && varied.program.ops[*step].kind() == Kind::GetExData;
    let mut differing = compared.filter(|(step, of)| !variation.passed.contains(of) && !reads(step));
    let first = differing.find_map(|(step, of)| differs_in(original, varied, variation, [of, step]));
    first
        .or_else(|| broke(varied))
        .or_else(|| fault(original, varied))
        .or_else(|| ended(varied))
        .or_else(|| leaks(original, varied))
}

/// Compares a step of the program with that of the variation.
fn differs_in(original: &Gone<'_>, varied: &Gone<'_>, variation: &Variation, [of, step]: [usize; 2]) -> Option<Shown> {
    let swapped = variation.swapped_in(step);
    let one = original.trace.entries(of).filter_map(|entry| Some((entry, normal(entry, None, variation)?)));
    let other = varied.trace.entries(step).filter_map(|entry| Some((entry, normal(entry, swapped, variation)?)));
    let (mut one, mut other, mut session) = (one, other, None);
    loop {
        let (left, right) = (one.next(), other.next());
        if left.is_none() && right.is_none() {
            return None;
        }
        if left.map(|(_, normal)| normal) != right.map(|(_, normal)| normal) {
            let op = varied.program.ops.get(step);
            let entries = [left, right].map(|entry| entry.map(|(entry, _)| entry));
            let aspect = describe(op, session, entries);
            let whose = session.map(|session| format!("{session}: ")).unwrap_or_default();
            let seen = entries.map(|entry| entry.map_or("nothing more".into(), |entry| format!("{whose}{entry}")));
            return Some(Shown { step, call: blamed(varied, step, aspect), aspect, seen });
        }
        if let Some((Entry::Session(slot), _)) = right {
            session = Some(Variable::Session(slot));
        } else if let Some((Entry::SessionOf(x), _)) = right {
            session = Some(Variable::Connection(x));
        }
    }
}

/// Returns the call before one that frees a session which differs: it is looked at before it goes, and no call behind that shows it.
fn blamed(varied: &Gone<'_>, step: usize, aspect: Aspect) -> Option<Call> {
    let frees = matches!(varied.program.ops.get(step), Some(Op::Free { s: Some(_) }));
    let before = step.checked_sub(1).and_then(|before| varied.program.ops.get(before))?;
    (frees && matches!(aspect, Aspect::Field(..))).then_some(Call::Kind(before.kind()))
}

/// Finds where the variation broke the port.
fn broke(varied: &Gone<'_>) -> Option<Shown> {
    let mishap = varied.trace.mishap.as_ref()?;
    let step = mishap.step as usize;
    let seen = [String::new(), shown(varied.trace, step)];
    Some(Shown { step, call: None, aspect: Aspect::Breakage(mishap.breakage), seen })
}

/// Finds what the ledger contradicts in the variation, where it contradicts nothing in the program.
fn fault(original: &Gone<'_>, varied: &Gone<'_>) -> Option<Shown> {
    let fault = audit(varied.plan, varied.trace).filter(|_| audit(original.plan, original.trace).is_none())?;
    let (aspect, [seen, ledger]) = fault.told();
    Some(Shown { step: fault.step, call: None, aspect, seen: [ledger, seen] })
}

/// Finds where the port left the path of the ledger: nothing was looked at behind that.
fn ended(varied: &Gone<'_>) -> Option<Shown> {
    let step = varied.trace.stopped? as usize;
    let seen = ["went on".into(), "went another way than was planned, and ended here".into()];
    Some(Shown { step, call: None, aspect: Aspect::Ended, seen })
}

/// Tells whether another number of allocations lives on.
fn leaks(original: &Gone<'_>, varied: &Gone<'_>) -> Option<Shown> {
    let left = [original, varied].map(|gone| gone.trace.leaked);
    let seen = left.map(|left| match left {
        Some(left) => format!("{left} allocations live on"),
        None => "it did not come to the end".into(),
    });
    let step = varied.program.ops.len().saturating_sub(1);
    (left[0] != left[1]).then_some(Shown { step, call: Some(Call::End), aspect: Aspect::Leak, seen })
}

/// Returns an entry without what the variation numbers otherwise: births, contexts, and the two slots that it swaps. `None`: it is
/// nothing but that, or a count, which the ledger knows.
fn normal<'a>(entry: Entry<'a>, swapped: Option<(Slot, Slot)>, variation: &Variation) -> Option<Entry<'a>> {
    let slot = |slot: Slot| match swapped {
        Some((a, b)) if slot == a => b,
        Some((a, b)) if slot == b => a,
        Some(_) | None => slot,
    };
    let slots = |slots: u8| {
        Slot::all().filter(|one| slots & (1 << slot(*one).index()) != 0).fold(0, |all, one| all | 1 << one.index())
    };
    Some(match entry {
        Entry::Session(of) => Entry::Session(slot(of)),
        Entry::Count(..) | Entry::CountOf(..) => return None,
        // Leave out that nothing was raised: several calls may be asked at once, by what else the program does.
        Entry::After(after) if after == After::default() => return None,
        // Leave out the empty cache that the program does not have.
        Entry::Cache(c, 0, _) if variation.stranger == Some(c) => return None,
        Entry::Number(field, _) if variation.dups && field.ex_index().is_some() => return None,
        Entry::Same(of) => Entry::Same(slots(of)),
        Entry::Connection(x, session, of) => Entry::Connection(x, session, slots(of)),
        Entry::Member(of, version, id) => Entry::Member(slots(of), version, id),
        Entry::ExNew(_) => Entry::ExNew(0),
        Entry::ExDup(index, _, value) => Entry::ExDup(index, 0, if variation.dups { 0 } else { value }),
        Entry::ExFree(index, _, value) => Entry::ExFree(index, 0, if variation.dups { 0 } else { value }),
        Entry::Removed(_, _, key, references) => Entry::Removed(0, 0, key, references),
        Entry::ContextFreed(_) => Entry::ContextFreed(0),
        Entry::Called(callback, _) => Entry::Called(callback, [0; 5]),
        Entry::Number(..)
        | Entry::Bytes(..)
        | Entry::Return(_)
        | Entry::Made(_)
        | Entry::Copied(_)
        | Entry::After(_)
        | Entry::Shared(_)
        | Entry::Overrun
        | Entry::Stopped
        | Entry::NullWithLength(..)
        | Entry::Meddled(..)
        | Entry::Skipped
        | Entry::Cache(..)
        | Entry::SessionOf(_)
        | Entry::Chain(_) => entry,
    })
}

//! Compares what a program and its variation have in common.

use super::{Gone, Variation};
use crate::op::{Kind, Slot};
use crate::oracle::audit;
use crate::trace::{After, Entry};

/// Finds the first step of the variation that goes another way than the same step of the program does.
pub(super) fn differs(original: &Gone<'_>, varied: &Gone<'_>, variation: &Variation) -> Option<usize> {
    let broke = |gone: &Gone<'_>| gone.trace.mishap.as_ref().map(|mishap| mishap.step as usize);
    let compared = variation.of.iter().enumerate().filter_map(|(step, of)| Some((step, (*of)?)));
    // Leave out what reads application data of a duplicate: its callback decides.
    let reads = |step: &usize| variation.dups && varied.program.ops[*step].kind() == Kind::GetExData;
    let mut differing = compared.filter(|(step, of)| !variation.passed.contains(of) && !reads(step));
    let differs = differing.find(|(step, of)| {
        let one = original.trace.entries(*of).filter_map(|entry| normal(entry, None, variation));
        let other =
            varied.trace.entries(*step).filter_map(|entry| normal(entry, variation.swapped_in(*step), variation));
        !one.eq(other)
    });
    let first = differs.map(|(step, _)| step);
    let leak = || (original.trace.leaked != varied.trace.leaked).then(|| variation.of.len().saturating_sub(1));
    let fault = || audit(varied.plan, varied.trace).filter(|_| audit(original.plan, original.trace).is_none());
    first.or_else(|| broke(varied)).or_else(|| fault().map(|fault| fault.step)).or_else(leak)
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

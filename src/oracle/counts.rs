//! The reference count of each session variable over the calls, as a port showed it and as it should be.

use crate::op::{Op, SLOTS, Slot};
use crate::plan::{Ledger, Plan, touches};
use crate::trace::{Entry, Seen, Trace, Unowned};

/// One count for each slot after each step; `None`: unknown, or the port did not come so far.
pub type Counts = Vec<[Option<u32>; SLOTS]>;

/// Returns what a port showed: after each step the counts of the sessions that the call touched, and of all that were
/// observed.
pub fn counts_seen(plan: &Plan, ops: &[Op], trace: &Trace) -> Counts {
    let mut ledger = Ledger::new(plan.setup());
    let mut now = [Some(0); SLOTS];
    let mut next = 0;
    let mut after = Vec::new();
    let known = is_counted(trace);
    for (at, op) in ops.iter().enumerate() {
        ledger.step(op);
        if at >= trace.steps() || !known {
            after.push([None; SLOTS]);
            continue;
        }
        // Draw nothing of what others still own: it lives on, and no variable shows how often.
        let unowned = |count: Option<u32>| count.and_then(|count| (count < 2).then_some(0));
        Slot::all().filter(|slot| !ledger.holds(*slot)).for_each(|slot| now[slot.index()] = unowned(now[slot.index()]));
        let touched = touches(op);
        let counted = plan.count_steps.iter().skip(next).take_while(|step| **step as usize == at).count();
        let owners = [touched.made, touched.used].into_iter().flatten().filter(|slot| ledger.references(*slot) > 0);
        for (slot, count) in owners.zip(trace.counts.iter().skip(next).take(counted)) {
            now[slot.index()] = Some(*count);
        }
        next += counted;
        for entry in trace.entries(at) {
            if let Entry::Count(slot, count) = entry {
                now[slot.index()] = Some(count);
            }
        }
        after.push(now);
    }
    after
}

/// Tells whether a trace has counts: those of the plan, or, where contents decide who owns what, some of its own.
pub fn is_counted(trace: &Trace) -> bool {
    let own = |step| trace.entries(step).any(|entry| matches!(entry, Entry::Count(..)));
    !trace.counts.is_empty() || (0..trace.steps()).any(own)
}

/// Returns what the counts should be. The ledger knows that beforehand, but for programs with contexts or connections: there a
/// count that was seen is that of its owners, unless the trace says who they are.
pub fn counts_owed(plan: &Plan, ops: &[Op], traces: [&Trace; 2]) -> Counts {
    let mut ledger = Ledger::new(plan.setup());
    let seen = plan.shared.then(|| traces.map(|trace| counts_seen(plan, ops, trace)));
    let after = ops.iter().enumerate().map(|(at, op)| {
        ledger.step(op);
        Slot::each().map(|slot| match &seen {
            None => Some(ledger.references(slot)),
            Some(seen) => {
                let audited = traces.iter().find_map(|trace| owed(trace, at, slot));
                // What one port shows where it ends may be what is wrong.
                let sound =
                    [0, 1].into_iter().filter(|side| traces[*side].stopped.is_none_or(|end| (end as usize) > at));
                audited.or_else(|| sound.into_iter().find_map(|side| seen[side][at][slot.index()]))
            }
        })
    });
    after.collect()
}

/// Returns how many references a slot's session has owners for, if it is the one that has others in this step.
fn owed(trace: &Trace, at: usize, slot: Slot) -> Option<u32> {
    let Unowned { step, whom, owners, seen, .. } = trace.unowned?;
    let counted = match seen {
        Seen::References(_) | Seen::Lives | Seen::Destroyed => true,
        Seen::Lost => false,
    };
    (counted && step as usize == at && whom.slots & (1 << slot.index()) != 0).then(|| owners.references())
}

//! One trace against the ledger.

use super::describe::aspect;
use super::{Aspect, Call, Class, Whose};
use crate::der::{element, hidden_difference};
use crate::field::Field;
use crate::op::Slot;
use crate::plan::{Makes, Plan, Step};
use crate::trace::{DupSeen, Entries, Entry, MishapKind, SAME, Seen, Trace, Unowned, references, told_apart};

/// What one trace shows that the ledger contradicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) step: usize,
    pub(super) class: Class,
    /// What is to blame; `None`: the step's call.
    pub(super) call: Option<Call>,
    pub(super) aspect: Aspect,
    pub(super) seen: String,
    pub(super) ledger: String,
    /// Whose count it is, and who holds that session.
    pub(super) whose: Option<String>,
}

impl Fault {
    /// Names what is wrong, and says what the trace shows and what the ledger says.
    pub(crate) fn told(&self) -> (Aspect, [String; 2]) {
        (self.aspect, [self.seen.clone(), self.ledger.clone()])
    }

    /// Blames the call of the step.
    fn new(step: usize, aspect: Aspect, seen: impl Into<String>, ledger: impl Into<String>) -> Fault {
        let (seen, ledger) = (seen.into(), ledger.into());
        Fault { step, class: aspect.class(), call: None, aspect, seen, ledger, whose: None }
    }
}

/// Tells whether the ledger contradicts nothing in a trace: what [`audit`] would find, without what it says.
pub(super) fn sound(plan: &Plan, trace: &Trace) -> bool {
    let counted = trace.counts.is_empty() || trace.counts == plan.counts;
    let died = !plan.tells_ends || plan.shared || trace.deaths == plan.deaths;
    let copied = trace.dups.iter().all(|seen| {
        trace.copied_parts(seen.source) == trace.copied_parts(seen.dup) && hidden_uncopied(trace, seen).is_none()
    });
    let balanced = trace.leaked.is_none_or(|leaked| leaked == 0);
    let ends_clean = balanced
        && trace.unowned.is_none()
        && trace.stopped.is_none()
        && trace.broken.is_none()
        && trace.mishap.is_none();
    counted && died && ends_clean && copied
}

/// Finds the first thing in a trace that the ledger contradicts.
pub fn audit(plan: &Plan, trace: &Trace) -> Option<Fault> {
    faults(plan, trace).min_by_key(|fault| (fault.step, fault.class))
}

/// Finds the first thing of each kind in a trace that the ledger contradicts.
pub(super) fn faults(plan: &Plan, trace: &Trace) -> impl Iterator<Item = Fault> {
    let made = made_fault(plan, trace);
    // A session that should not be there, or should, explains every birth and death that is missing in its step.
    let explained = made.as_ref().map(|fault| fault.step);
    let death = death_fault(plan, trace).filter(|fault| Some(fault.step) != explained);
    let others = [dup_fault(trace), broken_fault(trace), leak_fault(trace), mishap_fault(trace), owners_fault(trace)];
    [made, count_fault(plan, trace), death].into_iter().chain(others).flatten()
}

/// Finds what went wrong with memory, or ended the port. A port that could not be run says nothing.
fn mishap_fault(trace: &Trace) -> Option<Fault> {
    let mishap = trace.mishap.as_ref()?;
    // What belongs to no step was left behind by the last one.
    let step = (mishap.step as usize).min(trace.steps().saturating_sub(1));
    let aspect = Aspect::Breakage(mishap.breakage);
    let ledger = "each call returns, and touches no memory but its own";
    let fault = Fault::new(step, aspect, mishap.text.as_str(), ledger);
    match mishap.kind {
        MishapKind::Fault | MishapKind::Crash => Some(fault),
        // Whatever a sanitizer said of it.
        MishapKind::Hang => Some(Fault { class: Class::Hang, ..fault }),
        MishapKind::Lost => None,
    }
}

/// Finds a constructor that returned what the ledger knows it does not.
fn made_fault(plan: &Plan, trace: &Trace) -> Option<Fault> {
    let step = trace.stopped? as usize;
    let Step::Run { makes, .. } = plan.steps.get(step)? else { return None };
    match makes {
        Makes::Same => same_fault(trace, step),
        Makes::Nothing | Makes::Session | Makes::Null | Makes::Maybe => {
            session_fault(trace, step, *makes == Makes::Session)
        }
    }
}

/// Looks at an `SSL_dup` of a connection whose handshake was begun.
fn same_fault(trace: &Trace, step: usize) -> Option<Fault> {
    let other = trace.returned_in(step).filter(|value| *value != SAME)?;
    let seen = if other == 0 { "returned NULL" } else { "returned another connection" };
    Some(Fault::new(step, Aspect::Return, seen, "returned the connection that it was given"))
}

/// Looks at a call that makes a session, or as is planned makes none.
fn session_fault(trace: &Trace, step: usize, planned: bool) -> Option<Fault> {
    let made = trace.made_in(step)?;
    let shown = |session: bool| if session { "returned a session" } else { "returned NULL" };
    (made != planned).then(|| Fault::new(step, Aspect::Return, shown(made), shown(planned)))
}

/// Finds a session whose references are not those that its owners have.
fn owners_fault(trace: &Trace) -> Option<Fault> {
    let unowned = trace.unowned?;
    let Unowned { step, owners, seen, named, .. } = unowned;
    let whose = if named { Whose::Own } else { Whose::Other };
    let lives = "a session lives".to_string();
    let (aspect, seen, ledger) = match seen {
        Seen::Lost => (Aspect::Lost, lives, "the program lost it: nobody can free it".into()),
        Seen::References(count) => (Aspect::Count(whose), references(count), owners.to_string()),
        Seen::Lives => (Aspect::DestroyedLate, lives, "it has no owner".into()),
        Seen::Destroyed => (Aspect::DestroyedEarly, "a session was destroyed".into(), format!("it has {owners}")),
    };
    Some(Fault { whose: Some(unowned.sentence()), ..Fault::new(step as usize, aspect, seen, ledger) })
}

/// Finds the first reference count that is not the ledger's.
fn count_fault(plan: &Plan, trace: &Trace) -> Option<Fault> {
    let at = trace.counts.iter().zip(&plan.counts).position(|(seen, planned)| seen != planned)?;
    let (step, aspect) = (plan.count_steps[at] as usize, Aspect::Count(Whose::Own));
    let (seen, planned) = (trace.counts[at], plan.counts[at]);
    let whose = counted(plan, at)
        .map(|slot| format!("{slot} has {}, should have {planned} (program {planned})", references(seen)));
    Some(Fault { whose, ..Fault::new(step, aspect, references(seen), references(planned)) })
}

/// Returns the slot of a count: in its step that of the result comes before the used one.
fn counted(plan: &Plan, at: usize) -> Option<Slot> {
    let step = plan.count_steps[at];
    let before = plan.count_steps[..at].iter().rev().take_while(|other| **other == step).count();
    let of_step = match plan.steps.get(step as usize) {
        Some(Step::Run { touched, makes, .. }) => [touched.made.filter(|_| *makes == Makes::Session), touched.used],
        Some(Step::Skip(_)) => [None, None],
        None => [plan.given_back().nth(step as usize - plan.steps.len()).and_then(|op| op.used()), None],
    };
    of_step.into_iter().flatten().nth(before)
}

/// Finds the first destruction that comes too early, too late, or not at all.
fn death_fault(plan: &Plan, trace: &Trace) -> Option<Fault> {
    if !plan.tells_ends || plan.shared {
        return None;
    }
    // Of the step in which the port ended, and of those after it, nothing is known.
    let known = |step: &usize| {
        trace.stopped.is_none_or(|stopped| *step <= stopped as usize)
            && compared_until(trace).is_none_or(|ended| *step < ended)
    };
    let planned = plan.deaths.iter().map(|step| *step as usize).filter(known);
    let mut seen = trace.deaths.iter().map(|step| *step as usize);
    let early = |step| Fault::new(step, Aspect::DestroyedEarly, "a session was destroyed", "it still has an owner");
    let late =
        |step| Fault::new(step, Aspect::DestroyedLate, "no session was destroyed", "its last reference was given back");
    for planned in planned {
        match seen.next() {
            Some(step) if step == planned => {}
            Some(step) if step < planned => return Some(early(step)),
            Some(_) | None => return Some(late(planned)),
        }
    }
    seen.next().map(early)
}

/// Returns the first step that says nothing, of a port that ended: the one in which it did, or all where its trace was lost
/// with it.
pub(super) fn compared_until(trace: &Trace) -> Option<usize> {
    let ended = trace.mishap.as_ref().is_some_and(|mishap| mishap.kind.ends());
    let last = if trace.log().is_empty() { 0 } else { trace.steps().saturating_sub(1) };
    ended.then_some(last)
}

/// Finds the first entry that is wrong whatever the other port does.
fn broken_fault(trace: &Trace) -> Option<Fault> {
    let step = trace.broken? as usize;
    let entry = trace.entries(step).find(Entry::is_broken)?;
    let aspect = aspect(None, None, &entry);
    if let Entry::Meddled(field, _) = entry {
        let call = Some(Call::Kind(field.getter()));
        return Some(Fault { call, ..Fault::new(step, aspect, entry.to_string(), "a getter changes nothing") });
    }
    let ledger = match aspect.class() {
        Class::Memory => "a call writes into the buffer it is given to write, and nowhere else",
        Class::Return => "a call leaves alone what others raised",
        Class::Hang | Class::Leak | Class::Count | Class::Callback | Class::Contents | Class::Cache | Class::Doc => {
            "each session has buffers of its own, and NULL has no length"
        }
    };
    Some(Fault::new(step, aspect, entry.to_string(), ledger))
}

/// Finds a duplicate that is not as its source.
fn dup_fault(trace: &Trace) -> Option<Fault> {
    let (step, field, source, dup) = first_uncopied(trace)?;
    Some(Fault::new(step, Aspect::Field(Whose::Own, field), dup, format!("as in the source: {source}")))
}

/// Finds the first field of a duplicate that is not that of its source, of those that must be: the step, the field, and what
/// the source and the duplicate show.
fn first_uncopied(trace: &Trace) -> Option<(usize, Field, String, String)> {
    trace.dups.iter().find_map(|seen| {
        let source = Entries::new(trace.part(seen.source));
        let dup = Entries::new(trace.part(seen.dup));
        let mut derived = None;
        for (source, dup) in source.zip(dup).filter(|(source, dup)| source != dup) {
            let Some(field) = source.field().filter(|field| field.is_copied()) else { continue };
            let [of_source, of_dup] = told_apart([Some(source), Some(dup)]);
            let found = (seen.step as usize, field, of_source, of_dup);
            if !field.is_derived() {
                return Some(found);
            }
            derived.get_or_insert(found);
        }
        derived.or_else(|| {
            let (field, ders) = hidden_uncopied(trace, seen)?;
            let [source, dup] = told_apart(ders.map(|der| Some(Entry::Bytes(field, element(der, field)))));
            Some((seen.step as usize, field, source, dup))
        })
    })
}

/// Finds a field without a getter that a duplicate has otherwise than its source, in the DER of both, which it returns.
fn hidden_uncopied<'a>(trace: &'a Trace, seen: &DupSeen) -> Option<(Field, [&'a [u8]; 2])> {
    let (source, dup) = (trace.der_behind(seen.source)?, trace.der_behind(seen.dup)?);
    // Most are the same altogether.
    if source == dup {
        return None;
    }
    hidden_difference(source, dup).map(|field| (field, [source, dup]))
}

/// Finds allocations that live on, or were freed without having been made. No call is to blame.
fn leak_fault(trace: &Trace) -> Option<Fault> {
    let leaked = trace.leaked.filter(|leaked| *leaked != 0)?;
    let (aspect, seen) = if leaked > 0 {
        (Aspect::Leak, format!("{leaked} allocations live on"))
    } else {
        (Aspect::FreedTooMuch, format!("{} allocations more were freed than made", -leaked))
    };
    let step = trace.steps().saturating_sub(1);
    Some(Fault { call: Some(Call::End), ..Fault::new(step, aspect, seen, "no session has an owner") })
}

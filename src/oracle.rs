//! Compares two traces with each other ([`judge`]) and each with the ledger ([`audit`]).
//!
//! Three voters: two ports and the ledger's own prediction of counts and destructions. Two that agree on a wrong answer
//! are caught by the third, and where one is alone the ledger says who is wrong.

mod describe;

use std::fmt;

use self::describe::{describe, describe_one};
use crate::field::Field;
use crate::op::{Kind, Op, Variable};
use crate::plan::{Makes, Plan, Step, touches};
use crate::program::Program;
use crate::trace::{Entries, Entry, MishapKind, SAME, Seen, Trace, Unowned};

/// The kinds of divergence, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A crash, or a wrong access to memory.
    Memory,
    /// A call that does not return.
    Hang,
    /// Allocations left when every owner has let go.
    Leak,
    /// A reference count, or a destruction too early or too late.
    Count,
    /// Order, arguments or number of callbacks.
    Callback,
    /// What a getter shows, a dup against its source, a buffer that two sessions share.
    Contents,
    /// What is in a cache, or which session a connection has.
    Cache,
    /// A return value, or the state of the error queue.
    Return,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Class::Memory => "MEMORY",
            Class::Hang => "HANG",
            Class::Leak => "LEAK",
            Class::Count => "COUNT",
            Class::Callback => "CALLBACK",
            Class::Contents => "CONTENTS",
            Class::Cache => "CACHE",
            Class::Return => "RETURN",
        })
    }
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first port.
    Left,
    /// The second.
    Right,
}

/// The first difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The step: an index of the program's ops, or beyond them for what is given back at the end.
    pub step: usize,
    /// The kind.
    pub class: Class,
    /// The call: a function's name, or `end`.
    pub call: &'static str,
    /// What differs: a field's name, `count`, `return`, …
    pub aspect: String,
    /// What the left port showed.
    pub left: String,
    /// What the right port showed.
    pub right: String,
    /// What the ledger says, where it says anything.
    pub ledger: Option<String>,
    /// The side that the ledger contradicts; `None`: the ledger has no opinion, or contradicts both.
    pub wrong: Option<Side>,
}

impl Divergence {
    /// The stable key: `SSL_SESSION_dup/ticket_appdata`.
    pub fn signature(&self) -> String {
        format!("{}/{}", self.call, self.aspect)
    }

    /// The difference in a sentence.
    pub fn sentence(&self) -> String {
        let Divergence { call, right, left, ledger, .. } = self;
        format!("{call}: {right}, where it should be: {}.", ledger.as_deref().unwrap_or(left))
    }
}

/// One trace against the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    step: usize,
    class: Class,
    /// The getter that is to blame, where the step's call is not.
    getter: Option<&'static str>,
    aspect: String,
    seen: String,
    ledger: String,
}

/// Whether both traces are the same and as the ledger predicts: a few `memcmp`.
pub fn agree(plan: &Plan, left: &Trace, right: &Trace) -> bool {
    left.log() == right.log() && left.marks() == right.marks() && sound(plan, left) && sound(plan, right)
}

fn sound(plan: &Plan, trace: &Trace) -> bool {
    let counted = trace.counts.is_empty() || trace.counts == plan.counts;
    let died = !plan.tells_ends || plan.shared || trace.deaths == plan.deaths;
    let copied = trace.dups.iter().all(|seen| trace.copied_parts(seen.source) == trace.copied_parts(seen.dup));
    let balanced = trace.leaked.is_none_or(|leaked| leaked == 0);
    let ends_clean = balanced
        && trace.unowned.is_none()
        && trace.stopped.is_none()
        && trace.broken.is_none()
        && trace.mishap.is_none();
    counted && died && ends_clean && copied
}

/// The first difference between two traces of `program`, the worst of its step; `None` if there is none.
pub fn judge(program: &Program, plan: &Plan, left: &Trace, right: &Trace) -> Option<Divergence> {
    let faults = [(Side::Left, audit(plan, left)), (Side::Right, audit(plan, right))];
    let differing = difference(program, plan, left, right);
    let first_fault =
        faults.iter().filter_map(|(_, fault)| fault.as_ref()).min_by_key(|fault| (fault.step, fault.class));
    match (first_fault, differing) {
        (None, None) => None,
        (None, Some(differing)) => Some(differing),
        (Some(fault), Some(differing)) if (differing.step, differing.class) < (fault.step, fault.class) => {
            Some(differing)
        }
        (Some(fault), _) => {
            let same = |side: &Option<Fault>| side.as_ref().is_some_and(|other| other.step == fault.step);
            let shown = |at: usize| match &faults[at].1 {
                Some(other) if other.step == fault.step => other.seen.clone(),
                _ => "as the ledger says".to_string(),
            };
            let wrong = match (same(&faults[0].1), same(&faults[1].1)) {
                (true, false) => Some(Side::Left),
                (false, true) => Some(Side::Right),
                _ => None,
            };
            Some(Divergence {
                step: fault.step,
                class: fault.class,
                call: if fault.class == Class::Leak && fault.aspect != "lost" {
                    "end"
                } else {
                    fault.getter.unwrap_or_else(|| call_at(program, plan, fault.step))
                },
                aspect: fault.aspect.clone(),
                left: shown(0),
                right: shown(1),
                ledger: Some(fault.ledger.clone()),
                wrong,
            })
        }
    }
}

/// The name of the call of a step; what is given back at the end is given back in the order of [`Plan::given_back`].
pub fn call_at(program: &Program, plan: &Plan, step: usize) -> &'static str {
    let given_back = || plan.given_back().nth(step - program.ops.len()).map(|op| op.kind());
    program.ops.get(step).map(Op::kind).or_else(given_back).unwrap_or(Kind::Free).name()
}

/// The first thing in a trace that the ledger contradicts.
pub fn audit(plan: &Plan, trace: &Trace) -> Option<Fault> {
    let made = made_fault(plan, trace);
    // A session that should not be there, or should, explains every birth and death that is missing in its step.
    let explained = made.as_ref().map(|fault| fault.step);
    let death = death_fault(plan, trace).filter(|fault| Some(fault.step) != explained);
    let others = [dup_fault(trace), broken_fault(trace), leak_fault(trace), mishap_fault(trace), owners_fault(trace)];
    [made, count_fault(plan, trace), death]
        .into_iter()
        .chain(others)
        .flatten()
        .min_by_key(|fault| (fault.step, fault.class))
}

/// What went wrong with memory, or ended the port.
fn mishap_fault(trace: &Trace) -> Option<Fault> {
    let mishap = trace.mishap.as_ref()?;
    let class = if mishap.kind == MishapKind::Hang { Class::Hang } else { Class::Memory };
    Some(Fault {
        // What belongs to no step was left behind by the last one.
        step: (mishap.step as usize).min(trace.steps().saturating_sub(1)),
        class,
        getter: None,
        aspect: mishap.aspect.clone(),
        seen: mishap.text.clone(),
        ledger: "each call returns, and touches no memory but its own".into(),
    })
}

/// A constructor that returned what the ledger knows it does not.
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

/// `SSL_dup` of a connection whose handshake was begun.
fn same_fault(trace: &Trace, step: usize) -> Option<Fault> {
    let returned =
        trace.entries(step).find_map(|entry| if let Entry::Return(value) = entry { Some(value) } else { None });
    let other = returned.filter(|value| *value != SAME)?;
    let seen = if other == 0 { "returned NULL" } else { "returned another connection" };
    Some(Fault {
        step,
        class: Class::Return,
        getter: None,
        aspect: "return".into(),
        seen: seen.into(),
        ledger: "returned the connection that it was given".into(),
    })
}

/// The same where it makes sessions, or none.
fn session_fault(trace: &Trace, step: usize, planned: bool) -> Option<Fault> {
    let made = trace.entries(step).find_map(|entry| if let Entry::Made(made) = entry { Some(made) } else { None })?;
    let shown = |session: bool| if session { "returned a session" } else { "returned NULL" };
    (made != planned).then(|| Fault {
        step,
        class: Class::Return,
        getter: None,
        aspect: "return".into(),
        seen: shown(made).into(),
        ledger: shown(planned).into(),
    })
}

/// A session whose references are not those that its owners have.
fn owners_fault(trace: &Trace) -> Option<Fault> {
    let Unowned { step, owners, seen, named } = trace.unowned?;
    let counted = if named { "count" } else { "other.count" };
    let class = if seen == Seen::Lost { Class::Leak } else { Class::Count };
    let (aspect, seen, ledger) = match seen {
        Seen::Lost => ("lost", "a session lives".into(), "the program lost it: nobody can free it".into()),
        Seen::References(count) => (counted, references(count), owners.to_string()),
        Seen::Lives => ("destroyed-late", "a session lives".into(), "it has no owner".into()),
        Seen::Destroyed => ("destroyed-early", "a session was destroyed".into(), format!("it has {owners}")),
    };
    Some(Fault { step: step as usize, class, getter: None, aspect: aspect.into(), seen, ledger })
}

fn count_fault(plan: &Plan, trace: &Trace) -> Option<Fault> {
    let at = trace.counts.iter().zip(&plan.counts).position(|(seen, planned)| seen != planned)?;
    Some(Fault {
        step: plan.count_steps[at] as usize,
        class: Class::Count,
        getter: None,
        aspect: "count".into(),
        seen: references(trace.counts[at]),
        ledger: references(plan.counts[at]),
    })
}

fn references(count: u32) -> String {
    if count == 1 { "1 reference".into() } else { format!("{count} references") }
}

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
    let fault = |step, aspect: &str, seen: &str, ledger: &str| {
        Some(Fault {
            step,
            class: Class::Count,
            getter: None,
            aspect: aspect.into(),
            seen: seen.into(),
            ledger: ledger.into(),
        })
    };
    let early = |step| fault(step, "destroyed-early", "a session was destroyed", "it still has an owner");
    let late = |step| fault(step, "destroyed-late", "no session was destroyed", "its last reference was given back");
    for planned in planned {
        match seen.next() {
            Some(step) if step == planned => {}
            Some(step) if step < planned => return early(step),
            _ => return late(planned),
        }
    }
    seen.next().and_then(early)
}

/// The first step that says nothing, of a port that ended: the one in which it did, or all where its trace was lost with it.
fn compared_until(trace: &Trace) -> Option<usize> {
    ended_at(trace).map(|step| if trace.log().is_empty() { 0 } else { step })
}

/// The step in which the port ended, if it did.
fn ended_at(trace: &Trace) -> Option<usize> {
    trace.mishap.as_ref().filter(|mishap| mishap.kind.ends()).map(|_| trace.steps().saturating_sub(1))
}

/// What is wrong whatever the other port does.
fn broken_fault(trace: &Trace) -> Option<Fault> {
    let step = trace.broken? as usize;
    let entry = trace.entries(step).find(Entry::is_broken)?;
    let (class, aspect) = describe_one(None, None, &entry);
    let ledger = match class {
        Class::Count | Class::Return if matches!(entry, Entry::Meddled(..)) => "a getter changes nothing",
        Class::Memory => "a call writes into the buffer it is given to write, and nowhere else",
        Class::Return => "a call leaves alone what others raised",
        Class::Hang | Class::Leak | Class::Count | Class::Callback | Class::Contents | Class::Cache => {
            "each session has buffers of its own, and NULL has no length"
        }
    };
    let getter = if let Entry::Meddled(field, _) = entry { Some(field.getter().name()) } else { None };
    Some(Fault { step, class, getter, aspect, seen: entry.to_string(), ledger: ledger.into() })
}

fn dup_fault(trace: &Trace) -> Option<Fault> {
    let (step, field, source, dup) = first_uncopied(trace)?;
    Some(Fault {
        step,
        class: Class::Contents,
        getter: None,
        aspect: field.name().into(),
        seen: dup,
        ledger: format!("as in the source: {source}"),
    })
}

/// The first field of a duplicate that is not that of its source, of those that must be.
fn first_uncopied(trace: &Trace) -> Option<(usize, Field, String, String)> {
    trace.dups.iter().find_map(|seen| {
        let source = Entries::new(trace.part(seen.source));
        let dup = Entries::new(trace.part(seen.dup));
        let mut derived = None;
        for (source, dup) in source.zip(dup).filter(|(source, dup)| source != dup) {
            let Some(field) = source.field().filter(|field| field.is_copied()) else { continue };
            let found = (seen.step as usize, field, source.to_string(), dup.to_string());
            if !field.is_derived() {
                return Some(found);
            }
            derived.get_or_insert(found);
        }
        derived
    })
}

fn leak_fault(trace: &Trace) -> Option<Fault> {
    let leaked = trace.leaked.filter(|leaked| *leaked != 0)?;
    let (aspect, seen) = if leaked > 0 {
        ("leak", format!("{leaked} allocations live on"))
    } else {
        ("freed-too-much", format!("{} allocations more were freed than made", -leaked))
    };
    Some(Fault {
        step: trace.steps().saturating_sub(1),
        class: Class::Leak,
        getter: None,
        aspect: aspect.into(),
        seen,
        ledger: "no session has an owner".into(),
    })
}

/// The first entry that differs.
fn difference(program: &Program, plan: &Plan, left: &Trace, right: &Trace) -> Option<Divergence> {
    // Of the step in which a port ended, and of those it did not come to, nothing can be compared.
    let ended = [left, right].into_iter().filter_map(compared_until).min();
    let steps = ended.unwrap_or(left.steps().max(right.steps()));
    let step = (0..steps).find(|step| !left.entries(*step).eq(right.entries(*step)))?;
    let (mut left, mut right) = (left.entries(step), right.entries(step));
    let mut of = program.ops.get(step).and_then(|op| touches(op).used).map(Variable::Session);
    // Numbers come before bytes, so what only follows from a field may differ before the field itself.
    let mut following: Option<Divergence> = None;
    loop {
        let (a, b) = (left.next(), right.next());
        let fields = [a, b].map(|entry| entry.as_ref().and_then(Entry::field));
        if following.is_some() && fields.contains(&None) {
            return following; // The session ends here.
        }
        if a != b {
            let (class, aspect) = describe(program.ops.get(step), of, [a, b]);
            let connected = of.filter(|of| matches!(of, Variable::Connection(_)) && !fields.contains(&None));
            let whose = connected.map_or(String::new(), |x| format!(" of the session of {x}"));
            let [left, right] = [a, b].map(|entry| entry.map_or("nothing".into(), |entry| format!("{entry}{whose}")));
            let call = call_at(program, plan, step);
            let found = Divergence { step, class, call, aspect, left, right, ledger: None, wrong: None };
            if !fields.iter().all(|field| field.is_some_and(Field::is_derived)) {
                return Some(found);
            }
            following.get_or_insert(found);
        }
        match a {
            Some(Entry::Session(slot)) => of = Some(Variable::Session(slot)),
            Some(Entry::SessionOf(x)) => of = Some(Variable::Connection(x)),
            Some(_) => {}
            None => return following,
        }
    }
}

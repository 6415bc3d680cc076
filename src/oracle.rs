//! Compares two traces with each other ([`judge`]) and each with the ledger ([`audit`]).
//!
//! Three voters: two ports and the ledger's own prediction of counts and destructions. Two that agree on a wrong answer
//! are caught by the third, and where one is alone the ledger says who is wrong.

mod audit;
mod counts;
mod describe;
mod encoded;
mod listed;
mod signature;

use std::fmt;

pub use self::audit::{Fault, audit};
use self::audit::{compared_until, faults, sound};
pub use self::counts::{Counts, counts_owed, counts_seen, is_counted};
pub(crate) use self::describe::describe;
use self::encoded::{Encoded, in_element};
use self::listed::listed;
pub use self::signature::{Aspect, Call, Called, Signature, SignatureError, Whose};
use crate::field::Field;
use crate::op::{Kind, Op, Variable};
use crate::plan::{Plan, touches};
use crate::program::Program;
use crate::trace::{Entry, Trace, told_apart};

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
    /// Any of these, where the library does what its release is known to do, and its manual does not say: no trace tells that.
    Doc,
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
            Class::Doc => "DOC",
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
    /// The call that is blamed, and what differs.
    signature: Signature,
    /// The variable whose session differs, where that is what its fields show.
    pub of: Option<Variable>,
    /// What the left port showed.
    pub left: String,
    /// What the right port showed.
    pub right: String,
    /// What the ledger says, where it says anything.
    pub ledger: Option<String>,
    /// What has to be known besides, a word and a text each: whose count it is, and who holds it.
    pub details: Vec<(&'static str, String)>,
    /// The side that the ledger contradicts; `None`: the ledger has no opinion, or contradicts both.
    pub wrong: Option<Side>,
}

impl Divergence {
    /// Returns its stable name: `SSL_SESSION_dup/ticket_appdata`.
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// Blames the function that writes DER, which writes a session wrong that is right.
    #[must_use]
    pub fn of_encoding(self) -> Divergence {
        let Aspect::Field(_, field) = self.signature.aspect else { return self };
        Divergence { signature: Signature::of_encoding(field), ..self }
    }

    /// Says the difference in a sentence.
    pub fn sentence(&self) -> String {
        let Divergence { signature, right, left, ledger, .. } = self;
        format!("{}: {right}, where it should be: {}.", signature.call, ledger.as_deref().unwrap_or(left))
    }
}

/// Tells whether both traces are the same and as the ledger predicts: a few `memcmp`.
pub fn agree(plan: &Plan, left: &Trace, right: &Trace) -> bool {
    left.log() == right.log() && left.marks() == right.marks() && sound(plan, left) && sound(plan, right)
}

/// Finds the first difference between two traces of `program`, the worst of its step; `None`: there is none.
pub fn judge(program: &Program, plan: &Plan, left: &Trace, right: &Trace) -> Option<Divergence> {
    let faults = [audit(plan, left), audit(plan, right)];
    let differing = difference(program, plan, left, right);
    let first = faults.iter().flatten().min_by_key(|fault| (fault.step, fault.class));
    match (first, differing) {
        (None, differing) => differing,
        (Some(fault), Some(differing)) if (differing.step, differing.class) < (fault.step, fault.class) => {
            Some(differing)
        }
        (Some(fault), _) => Some(contradiction(program, plan, fault, &faults)),
    }
}

/// Makes a divergence of the first of the faults, which are those of the left and of the right port.
fn contradiction(program: &Program, plan: &Plan, fault: &Fault, faults: &[Option<Fault>; 2]) -> Divergence {
    let here = faults.each_ref().map(|side| side.as_ref().filter(|other| other.step == fault.step));
    let [left, right] =
        here.map(|side| side.map_or_else(|| "as the ledger says".to_string(), |side| side.seen.clone()));
    let call = fault.call.unwrap_or_else(|| Call::Kind(call_at(program, plan, fault.step)));
    Divergence {
        step: fault.step,
        class: fault.class,
        signature: Signature { call, aspect: fault.aspect },
        of: None,
        left,
        right,
        ledger: Some(fault.ledger.clone()),
        details: fault.whose.iter().map(|whose| ("session", whose.clone())).collect(),
        wrong: match here {
            [Some(_), None] => Some(Side::Left),
            [None, Some(_)] => Some(Side::Right),
            [Some(_), Some(_)] | [None, None] => None,
        },
    }
}

/// Returns the call of a step; what is given back at the end is given back in the order of [`Plan::given_back`].
fn call_at(program: &Program, plan: &Plan, step: usize) -> Kind {
    let given_back = || plan.given_back().nth(step - program.ops.len()).map(|op| op.kind());
    program.ops.get(step).map(Op::kind).or_else(given_back).unwrap_or(Kind::Free)
}

/// Lists all that differs in one step of `program`, each under the name that it has where it is the first difference.
pub fn all_in(program: &Program, plan: &Plan, traces: [&Trace; 2], step: usize) -> Vec<Signature> {
    let faults = traces.into_iter().flat_map(|trace| faults(plan, trace)).filter(|fault| fault.step == step);
    let named = |call: Option<Call>, aspect: Aspect| Signature {
        call: call.unwrap_or_else(|| Call::Kind(call_at(program, plan, step))),
        aspect,
    };
    let mut all: Vec<_> = faults.map(|fault| named(fault.call, fault.aspect)).collect();
    let [left, right] = traces.map(|trace| trace.entries(step).collect::<Vec<_>>());
    let ended = traces.into_iter().filter_map(compared_until).any(|last| step >= last);
    let mut of = program.ops.get(step).and_then(|op| touches(op).used).map(Variable::Session);
    let (mut a, mut b) = (0, 0);
    let mut encoded = Encoded::new(plan.setup().lacks);
    while !ended && (a < left.len() || b < right.len()) {
        let (more, others) = same_again(&left[a..], &right[b..]);
        for at in 0..more.max(others) {
            let pair = [left[a..a + more].get(at), right[b..b + others].get(at)].map(|entry| entry.cloned());
            encoded.see(pair);
            all.push(encoded.wrong(pair).unwrap_or_else(|| named(None, describe(program.ops.get(step), of, pair))));
        }
        (a, b) = (a + more, b + others);
        encoded.see([left.get(a), right.get(b)].map(|entry| entry.cloned()));
        match left.get(a) {
            Some(Entry::Session(slot)) => of = Some(Variable::Session(*slot)),
            Some(Entry::SessionOf(x)) => of = Some(Variable::Connection(*x)),
            Some(_) | None => {}
        }
        (a, b) = (a + 1, b + 1);
    }
    all
}

/// Counts the entries of both sides before the first one that they have in common, as few as that takes.
fn same_again(left: &[Entry<'_>], right: &[Entry<'_>]) -> (usize, usize) {
    let pairs = |all: usize| (0..=all).map(move |more| (more, all - more));
    let mut ahead = (0..left.len() + right.len()).flat_map(pairs);
    let same = |(a, b): &(usize, usize)| left.get(*a).is_some_and(|entry| right.get(*b) == Some(entry));
    ahead.find(same).unwrap_or((left.len(), right.len()))
}

/// Finds the first entry that differs.
fn difference(program: &Program, plan: &Plan, left: &Trace, right: &Trace) -> Option<Divergence> {
    // Of the step in which a port ended, and of those it did not come to, nothing can be compared.
    let ended = [left, right].into_iter().filter_map(compared_until).min();
    let steps = ended.unwrap_or(left.steps().max(right.steps()));
    let step = (0..steps).find(|step| !left.entries(*step).eq(right.entries(*step)))?;
    let traces = [left, right];
    let (mut left, mut right) = (left.entries(step), right.entries(step));
    let mut of = program.ops.get(step).and_then(|op| touches(op).used).map(Variable::Session);
    // Numbers come before bytes, so what only follows from a field may differ before the field itself.
    let mut following: Option<Divergence> = None;
    let mut encoded = Encoded::new(plan.setup().lacks);
    loop {
        let (a, b) = (left.next(), right.next());
        encoded.see([a, b]);
        let fields = [a, b].map(|entry| entry.as_ref().and_then(Entry::field));
        if following.is_some() && fields.contains(&None) {
            return following; // The session ends here.
        }
        if a != b {
            let signature = encoded.wrong([a, b]).unwrap_or_else(|| Signature {
                call: Call::Kind(call_at(program, plan, step)),
                aspect: describe(program.ops.get(step), of, [a, b]),
            });
            let aspect = signature.aspect;
            let connected = of.filter(|of| matches!(of, Variable::Connection(_)) && !fields.contains(&None));
            let whose = connected.map_or(String::new(), |x| format!(" of the session of {x}"));
            let [left, right] = told_apart(in_element(aspect, [a, b])).map(|said| said + &whose);
            let (class, ledger, wrong) = (aspect.class(), None, None);
            let details = if aspect.is_of_caches() { listed(program, step, traces) } else { Vec::new() };
            let found = Divergence { step, class, signature, of, left, right, ledger, details, wrong };
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

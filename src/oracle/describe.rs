//! What a difference between two entries is called.

use super::{Aspect, Called, Whose};
use crate::der::{difference, hidden_difference, shown_difference};
use crate::field::Field;
use crate::op::{Op, Variable};
use crate::plan::is_about;
use crate::trace::{After, Entry, Meddling, WRONG_ARGUMENTS};

/// Names what differs between two entries, one of which may not be there. `of` has the session that fields belong to.
pub(crate) fn describe(op: Option<&Op>, of: Option<Variable>, entries: [Option<Entry<'_>>; 2]) -> Aspect {
    if let [Some(Entry::Shared(left)), Some(Entry::Shared(right))] = entries {
        let differ = Field::ALL.iter().filter(|field| left.contains(**field) != right.contains(**field));
        return aspect(op, of, &Entry::Shared(differ.copied().collect()));
    }
    if let [Some(Entry::Bytes(Field::Der, Some(left))), Some(Entry::Bytes(Field::Der, Some(right)))] = entries
        && let Some(field) = difference(left, right)
    {
        return Aspect::Field(of.map_or(Whose::Own, |of| whose(op, of)), field);
    }
    if let (Some(Op::ToDer { .. } | Op::ToDerBio { .. }), [Some(Entry::Copied(left)), Some(Entry::Copied(right))]) =
        (op, entries)
        // No getter was asked before.
        && let Some(field) = shown_difference(left, right, |_| true).or_else(|| hidden_difference(left, right))
    {
        return Aspect::Field(Whose::Own, field);
    }
    // One side has a callback that the other has not: what comes after it is no part of that.
    if let [Some(left), Some(right)] = &entries
        && std::mem::discriminant(left) != std::mem::discriminant(right)
        && let Some(called) = [left, right]
            .into_iter()
            .filter(|entry| entry.callback_rank().is_some())
            .min_by_key(|entry| entry.callback_rank())
    {
        return aspect(op, of, called);
    }
    let named = entries.iter().flatten().map(|entry| aspect(op, of, entry));
    named.min_by_key(|aspect| aspect.class()).unwrap_or(Aspect::Ended)
}

/// Names what an entry shows that the other side does not, or what is wrong with it whatever the other side shows.
pub(super) fn aspect(op: Option<&Op>, of: Option<Variable>, entry: &Entry<'_>) -> Aspect {
    let whose = |of: Variable| whose(op, of);
    match entry {
        Entry::Number(field, _) | Entry::Bytes(field, _) => Aspect::Field(of.map_or(Whose::Own, whose), *field),
        Entry::NullWithLength(field, _) => Aspect::Length(*field),
        Entry::Shared(fields) => fields.iter().next().map_or(Aspect::Ended, Aspect::Shared),
        Entry::Count(slot, _) => Aspect::Count(whose(Variable::Session(*slot))),
        Entry::CountOf(x, _) => Aspect::Count(whose(Variable::Connection(*x))),
        Entry::Meddled(_, Meddling::Count) => Aspect::Count(Whose::Own),
        Entry::Meddled(_, Meddling::Raised) => Aspect::ErrorQueue,
        Entry::Meddled(_, Meddling::Returned) | Entry::Return(_) | Entry::Made(_) => Aspect::Return,
        Entry::Same(_) => Aspect::Session,
        Entry::Copied(_) => Aspect::Copied,
        Entry::Overrun => Aspect::Overrun,
        Entry::Chain(_) => Aspect::PeerChain,
        Entry::After(After { argument_changed: true, .. }) => Aspect::ArgumentChanged,
        Entry::After(After { error_lost: true, .. }) => Aspect::ErrorLost,
        Entry::After(After { raised: _, .. }) => Aspect::ErrorQueue,
        Entry::ExNew(_) => Aspect::Callback(Called::New),
        Entry::ExDup(..) => Aspect::Callback(Called::Dup),
        Entry::ExFree(WRONG_ARGUMENTS, ..) => Aspect::Callback(Called::Arguments),
        Entry::ExFree(..) => Aspect::Callback(Called::Free),
        Entry::Removed(..) => Aspect::Callback(Called::Remove),
        Entry::ContextFreed(_) => Aspect::Callback(Called::ContextFreed),
        Entry::Called(callback, _) => Aspect::Callback(Called::Handshake(*callback)),
        Entry::Connection(..) => Aspect::Connection,
        Entry::Cache(..) | Entry::Member(..) => Aspect::Cache,
        Entry::Session(_) | Entry::SessionOf(_) | Entry::Skipped | Entry::Stopped => Aspect::Ended,
    }
}

/// Tells whether the session of a variable is the call's own.
fn whose(op: Option<&Op>, of: Variable) -> Whose {
    if op.is_some_and(|op| is_about(op, of)) { Whose::Own } else { Whose::Other }
}

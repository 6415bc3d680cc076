//! What a difference is called: its class, and the second part of its signature.

use super::Class;
use crate::field::Field;
use crate::op::{Op, Variable};
use crate::plan::is_about;
use crate::trace::{After, Entry, Meddling, WRONG_ARGUMENTS};

/// Class and aspect of two entries that differ; `of` has the session that fields belong to.
pub(super) fn describe(op: Option<&Op>, of: Option<Variable>, entries: [Option<Entry<'_>>; 2]) -> (Class, String) {
    if let [Some(Entry::Shared(left)), Some(Entry::Shared(right))] = entries {
        return describe_one(op, of, &Entry::Shared(left ^ right));
    }
    // One side has a callback that the other has not: what comes after it is no part of that.
    if let [Some(left), Some(right)] = &entries
        && std::mem::discriminant(left) != std::mem::discriminant(right)
        && let Some(called) = [left, right]
            .into_iter()
            .filter(|entry| entry.callback_rank().is_some())
            .min_by_key(|entry| entry.callback_rank())
    {
        return describe_one(op, of, called);
    }
    let ranked = entries.into_iter().flatten().map(|entry| describe_one(op, of, &entry));
    ranked.min_by_key(|(class, _)| *class).unwrap_or((Class::Return, "nothing".into()))
}

pub(super) fn describe_one(op: Option<&Op>, of: Option<Variable>, entry: &Entry<'_>) -> (Class, String) {
    match entry {
        Entry::Overrun => (Class::Memory, "overrun".into()),
        Entry::ExNew(_) => (Class::Callback, "callback.new".into()),
        Entry::ExDup(..) => (Class::Callback, "callback.dup".into()),
        Entry::ExFree(WRONG_ARGUMENTS, ..) => (Class::Callback, "callback.arguments".into()),
        Entry::ExFree(..) => (Class::Callback, "callback.free".into()),
        Entry::Shared(fields) => {
            let shared = Field::ALL.iter().find(|field| fields & (1 << **field as u32) != 0);
            (Class::Contents, format!("shared.{}", shared.map_or("none", |field| field.name())))
        }
        Entry::Number(field, _) | Entry::Bytes(field, _) => {
            let own = of.is_none_or(|of| op.is_some_and(|op| is_about(op, of)));
            (Class::Contents, format!("{}{}", if own { "" } else { "other." }, field.name()))
        }
        Entry::NullWithLength(field, _) => (Class::Contents, format!("{}.length", field.name())),
        Entry::Count(slot, _) => (Class::Count, count_of(op, Variable::Session(*slot)).into()),
        Entry::CountOf(x, _) => (Class::Count, count_of(op, Variable::Connection(*x)).into()),
        Entry::Meddled(_, Meddling::Count) => (Class::Count, "count".into()),
        Entry::Meddled(_, Meddling::Raised) => (Class::Return, "error-queue".into()),
        Entry::Meddled(_, Meddling::Returned) => (Class::Return, "return".into()),
        Entry::Chain(_) => (Class::Contents, "peer-chain".into()),
        Entry::Copied(_) => (Class::Contents, "copied".into()),
        Entry::Return(_) | Entry::Made(_) => (Class::Return, "return".into()),
        Entry::After(After { argument_changed: true, .. }) => (Class::Memory, "argument-changed".into()),
        Entry::After(After { error_lost: true, .. }) => (Class::Return, "error-lost".into()),
        Entry::After(_) => (Class::Return, "error-queue".into()),
        Entry::Removed(..) => (Class::Callback, "callback.remove".into()),
        Entry::Called(callback, _) => (Class::Callback, format!("callback.{}", callback.name())),
        Entry::ContextFreed(_) => (Class::Callback, "callback.context-freed".into()),
        Entry::Same(_) => (Class::Return, "session".into()),
        Entry::Connection(..) => (Class::Cache, "connection".into()),
        Entry::Cache(..) | Entry::Member(..) => (Class::Cache, "cache".into()),
        Entry::Session(_) | Entry::SessionOf(_) | Entry::Skipped | Entry::Stopped => (Class::Return, "ended".into()),
    }
}

fn count_of(op: Option<&Op>, of: Variable) -> &'static str {
    if op.is_some_and(|op| is_about(op, of)) { "count" } else { "other.count" }
}

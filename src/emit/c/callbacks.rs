//! The callbacks of contexts: parts of the program, and what they write down.

use super::operand::TAKES_ANY;
use super::statement::callback_of;
use crate::op::{Kind, Op};
use crate::trace::{Callback, Entry};

/// What takes a kept session.
pub(super) const TAKE_KEPT: &str = "take_kept";
/// Who kept each.
const KEPT_BY: &str = "kept_by";
/// What looks among those that are kept.
const FIND_KEPT: &str = "find_kept";
/// What makes a session that both sides have by other means, or shares it.
const AGREED_BEFORE: &str = "agreed_before";
/// What makes ids.
const GENERATE_ID: &str = "generate_id";

/// What parts use of each other, and as what they name it: each before those that it uses itself.
const HELPERS: [(&str, &str); 5] = [
    (FIND_KEPT, "find_kept("),
    (AGREED_BEFORE, "agreed_before("),
    (KEPT_BY, "kept_by["),
    (TAKE_KEPT, "kept["),
    (GENERATE_ID, "generate_id("),
];

macro_rules! parts {
    ($($name:literal,)*) => {
        /// Each by its name, those first that others call.
        pub(super) const PARTS: &[(&str, &str)] = &[
            (TAKE_KEPT, include_str!("parts/kept.c")),
            (KEPT_BY, include_str!("parts/kept_by.c")),
            (FIND_KEPT, include_str!("parts/find_kept.c")),
            $(($name, include_str!(concat!("parts/", $name, ".c"))),)*
        ];
    };
}

parts! {
    "takes_any",
    "agreed_before",
    "psk_use_cb_makes",
    "psk_use_cb_shares",
    "psk_find_cb_makes",
    "psk_find_cb_shares",
    "remove_cb_records",
    "remove_cb_up_refs",
    "remove_cb_removes",
    "remove_cb_frees",
    "new_cb_declines",
    "new_cb_keeps",
    "new_cb_up_refs",
    "get_cb_finds",
    "get_cb_lends",
    "get_cb_gives",
    "get_cb_dups",
    "get_cb_misses",
    "get_cb_wrong",
    "get_cb_forgets_copy",
    "get_cb_forgets_up_ref",
    "not_resumable_cb_0",
    "not_resumable_cb_1",
    "generate_id",
    "generate_id_counts",
    "generate_id_short",
}

/// Returns the parts that these calls need, and what those need.
pub(super) fn used(ops: &[Op]) -> Vec<&'static str> {
    let mut used: Vec<&str> = ops.iter().filter_map(named).collect();
    // What a part names it needs, and what that needs comes after it.
    for (helper, named) in HELPERS {
        let text = |name: &str| PARTS.iter().find(|(part, _)| *part == name).map_or("", |(_, text)| text);
        if used.iter().any(|name| text(name).contains(named)) {
            used.push(helper);
        }
    }
    used.sort_unstable();
    used.dedup();
    used
}

/// Tells whether it says that it was called.
pub(super) fn tells(name: &str) -> bool {
    ![TAKE_KEPT, KEPT_BY, TAKES_ANY, AGREED_BEFORE, GENERATE_ID].contains(&name)
}

/// Returns the part that a call needs, if it needs one.
fn named(op: &Op) -> Option<&'static str> {
    if op.kind() == Kind::TakeKept { Some(TAKE_KEPT) } else { callback_of(op) }
}

/// Says which session it is about, by its number; nothing where nobody counts them.
fn of(birth: u32) -> String {
    if birth == u32::MAX { String::new() } else { format!("#{birth}") }
}

/// Returns a callback as the C program writes it down.
pub(super) fn event(entry: &Entry<'_>) -> Option<String> {
    if let Entry::ExNew(birth) = entry {
        Some(format!("new{} ", of(*birth)))
    } else if let Entry::ExDup(index, _, value) = entry {
        Some(format!("dup:{index}:{value:x} "))
    } else if let Entry::ExFree(index, birth, value) = entry {
        Some(format!("free:{index}:{value:x}{} ", of(*birth)))
    } else if let Entry::Removed(_, birth, ..) = entry {
        Some(format!("remove{} ", of(*birth)))
    } else if let Entry::Called(callback, [_, birth, length, ..]) = entry {
        Some(called(*callback, *birth, *length))
    } else {
        None
    }
}

/// Returns a callback of a handshake as `happens` writes it.
fn called(callback: Callback, birth: u32, length: u32) -> String {
    match (callback, length) {
        (Callback::New, 0) => format!("new_session{} ", of(birth)),
        (Callback::New, _) => format!("new_session:{length}:0{} ", of(birth)),
        (Callback::Get, 0) => "get_session ".into(),
        (Callback::Get, _) => format!("get_session:{length}:0 "),
        (Callback::NotResumable, _) => "not_resumable ".into(),
        (Callback::GenerateId, _) => "generate_id ".into(),
        (Callback::PskUse, _) => "psk_use ".into(),
        (Callback::PskFind, _) => "psk_find ".into(),
    }
}

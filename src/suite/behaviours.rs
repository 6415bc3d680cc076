//! What the manual pages promise of functions, a case each: `behaviours.txt` has them.

use super::Item;
use crate::op::Kind;
use crate::program::MARKER;

/// Makes a case of each paragraph: `ID: FUNCTION`, then the calls, indented.
pub(super) fn items() -> Vec<Item> {
    let paragraphs = include_str!("behaviours.txt").split("\n\n").filter(|paragraph| !paragraph.starts_with('#'));
    paragraphs.map(item).collect()
}

fn item(paragraph: &str) -> Item {
    let (head, calls) = paragraph.split_once('\n').expect("calls follow the head");
    let (id, function) = head.split_once(": ").expect("an id and a function");
    let function = Kind::from_name(function).unwrap_or_else(|| panic!("{id}: no function {function}")).name();
    let calls: String = calls.lines().map(|call| format!("{}\n", call.trim())).collect();
    Item::of_manual(id.into(), function, &format!("{MARKER}\n{calls}"))
}

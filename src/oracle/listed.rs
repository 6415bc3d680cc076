//! What caches list and in which order sessions leave them, as it should be and as it is, as far as public functions show it.

use crate::field::Field;
use crate::op::{ContextSlot, ExIndex, Op, SLOTS, Slot};
use crate::program::Program;
use crate::trace::{Entry, Trace, hex, slot_names};

/// Says what the caches of both sides list after a step, and in which order sessions left them in it, where that differs.
pub(super) fn listed(program: &Program, step: usize, traces: [&Trace; 2]) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    let mut say = |word, of: &str, texts: [Option<String>; 2]| {
        if let [Some(should), Some(is)] = texts
            && should != is
        {
            said.push((word, format!("{of}should be: {should}")));
            said.push((word, format!("{of}is:        {is}")));
        }
    };
    for c in ContextSlot::all() {
        say("cached", &format!("in {c}, "), traces.map(|trace| members(trace, step, c)));
    }
    let removed = |entry: &Entry<'_>| if let Entry::Removed(_, birth, ..) = entry { Some(*birth) } else { None };
    let destroyed = |entry: &Entry<'_>| {
        let Entry::ExFree(index, birth, _) = entry else { return None };
        (*index == ExIndex::Counted as u8).then_some(*birth)
    };
    say("removed", "", traces.map(|trace| Some(order(program, trace, step, &removed))));
    say("destroyed", "", traces.map(|trace| Some(order(program, trace, step, &destroyed))));
    said
}

/// Says which sessions the cache of a context lists at the end of a step: `s0 (id "a"), no slot (id "b")`.
fn members(trace: &Trace, step: usize, of: ContextSlot) -> Option<String> {
    let mut found: Option<(u32, Vec<String>)> = None;
    let mut here = false;
    for entry in trace.entries(step) {
        if let Entry::Cache(c, number, _) = entry {
            here = c == of;
            found = if here { Some((number, Vec::new())) } else { found };
        } else if let (Entry::Member(slots, _, id), true) = (entry, here) {
            let member = format!("{} (id {})", slot_names(slots), shortened(id));
            found.get_or_insert_default().1.push(member);
        }
    }
    found.map(|(number, members)| match number {
        0 => "nothing".into(),
        _ if members.is_empty() => format!("{number} sessions"),
        _ => members.join(", "),
    })
}

/// Says the sessions of the entries of a step that `birth` picks, in their order: `session 1 (s1, id "a"), session 0 (s0)`.
fn order(program: &Program, trace: &Trace, step: usize, birth: &dyn Fn(&Entry<'_>) -> Option<u32>) -> String {
    let born = births(program, trace, step);
    let named = trace.entries(step).filter_map(|entry| birth(&entry)).map(|birth| {
        let known = born.iter().find(|known| known.birth == birth);
        let by = known.map_or(String::new(), |Born { slot, id, .. }| match id {
            Some(id) => format!(" ({slot}, id {})", shortened(id)),
            None => format!(" ({slot})"),
        });
        format!("{}{by}", crate::trace::born(birth))
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() { "nothing".into() } else { named.join(", ") }
}

/// Spells an id so that a list of them can be read.
fn shortened(id: &[u8]) -> String {
    const ENOUGH: usize = 8;
    let text = hex(id.get(..ENOUGH).or(Some(id)));
    if id.len() > ENOUGH { format!("{text}...") } else { text }
}

/// A session that a call of the program made: its number, the slot it went to, and the id that it had last.
struct Born<'a> {
    birth: u32,
    slot: Slot,
    id: Option<&'a [u8]>,
}

/// Finds the sessions that the calls before a step made.
fn births<'a>(program: &Program, trace: &'a Trace, step: usize) -> Vec<Born<'a>> {
    let mut born: Vec<Born<'a>> = Vec::new();
    let mut in_slots = [None; SLOTS];
    for (at, op) in program.ops.iter().enumerate().take(step + 1) {
        if let (Some(slot), Some(true)) = (Op::made(op), trace.made_in(at)) {
            let new = |entry| if let Entry::ExNew(birth) = entry { Some(birth) } else { None };
            let birth = trace.entries(at).find_map(new);
            in_slots[slot.index()] = birth.map(|_| born.len());
            born.extend(birth.map(|birth| Born { birth, slot, id: None }));
        }
        let mut of = None;
        for entry in trace.entries(at) {
            if let Entry::Session(slot) = entry {
                of = in_slots[slot.index()];
            } else if let Entry::SessionOf(_) = entry {
                of = None;
            } else if let (Entry::Bytes(Field::Id, id), Some(known)) =
                (entry, of.and_then(|of: usize| born.get_mut(of)))
            {
                known.id = id.filter(|id| !id.is_empty());
            }
        }
    }
    born
}

//! What the ex_data callbacks of the harness saw: recorded here by every port, written to the trace after each step.
//!
//! The callback of [`ExIndex::Counted`] is the death probe: it fires exactly when a session is destroyed.

use std::cell::RefCell;

use crate::op::ExIndex;
use crate::trace::Trace;

/// A session that no new callback announced.
const UNKNOWN: u32 = u32::MAX;

#[derive(Clone, Copy)]
enum Event {
    New { birth: u32 },
    Dup { index: u8, from: u32, value: u64 },
    Free { index: u8, birth: u32, value: u64 },
}

struct Events {
    list: Vec<Event>,
    /// Address and number of each session that lives.
    live: Vec<(usize, u32)>,
    births: u32,
}

impl Events {
    fn birth_of(&self, address: usize) -> u32 {
        self.live.iter().rev().find(|(live, _)| *live == address).map_or(UNKNOWN, |(_, birth)| *birth)
    }
}

thread_local! {
    static EVENTS: RefCell<Events> =
        const { RefCell::new(Events { list: Vec::new(), live: Vec::new(), births: 0 }) };
}

/// A program begins.
pub fn begin() {
    EVENTS.with_borrow_mut(|events| {
        events.list.clear();
        events.live.clear();
        events.births = 0;
    });
}

/// The new callback of the counted index.
pub fn ex_new(address: usize) {
    EVENTS.with_borrow_mut(|events| {
        let birth = events.births;
        events.births += 1;
        events.live.push((address, birth));
        events.list.push(Event::New { birth });
    });
}

/// A dup callback: may replace the value; `false` refuses.
pub fn ex_dup(index: ExIndex, from: usize, value: &mut usize) -> bool {
    EVENTS.with_borrow_mut(|events| {
        let from = events.birth_of(from);
        events.list.push(Event::Dup { index: index as u8, from, value: *value as u64 });
    });
    match index {
        ExIndex::Replaced => {
            *value = value.wrapping_add(1);
            true
        }
        ExIndex::Refused => *value % 2 == 0,
        ExIndex::Counted | ExIndex::AppData | ExIndex::Unregistered | ExIndex::Negative => true,
    }
}

/// A free callback.
pub fn ex_free(index: ExIndex, address: usize, value: usize) {
    EVENTS.with_borrow_mut(|events| {
        let birth = events.birth_of(address);
        events.list.push(Event::Free { index: index as u8, birth, value: value as u64 });
    });
}

/// Writes what happened since the last time. The free callbacks of one session come in no documented order, so they
/// are written in the order of their indices.
pub fn drain(trace: &mut Trace) {
    EVENTS.with_borrow_mut(|events| {
        if events.list.is_empty() {
            return;
        }
        let same_session = |a: &Event, b: &Event| match (a, b) {
            (Event::Free { birth: a, .. }, Event::Free { birth: b, .. }) => a == b,
            _ => false,
        };
        for frees in events.list.chunk_by_mut(same_session) {
            frees.sort_unstable_by_key(|event| match event {
                Event::Free { index, .. } | Event::Dup { index, .. } => *index,
                Event::New { .. } => 0,
            });
        }
        for event in &events.list {
            match *event {
                Event::New { birth } => trace.ex_new(birth),
                Event::Dup { index, from, value } => trace.ex_dup(index, from, value),
                Event::Free { index, birth, value } => {
                    trace.ex_free(index, birth, value);
                    if index == ExIndex::Counted as u8 {
                        trace.died();
                        events.live.retain(|(_, live)| *live != birth);
                    }
                }
            }
        }
        events.list.clear();
    });
}

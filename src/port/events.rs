//! What the ex_data callbacks of the harness saw: recorded here by every port, written to the trace after each step.
//!
//! The callback of [`ExIndex::Counted`] is the death probe: it fires exactly when a session is destroyed.

use std::cell::{Cell, RefCell};

use crate::op::ExIndex;
use crate::trace::Trace;

/// A session that no new callback announced.
const UNKNOWN: u32 = u32::MAX;

/// More events than any call makes, and more sessions than any program has: what a port does beyond is a difference all
/// the same, for the number recorded differs.
const ROOM: usize = 64;

#[derive(Clone, Copy)]
enum Event {
    New { birth: u32 },
    Dup { index: u8, from: u32, value: u64 },
    Free { index: u8, birth: u32, value: u64 },
}

/// Arrays, so that the callbacks neither allocate nor need a destructor at the end of a thread.
struct Events {
    list: [Event; ROOM],
    listed: usize,
    /// Address and number of each session that lives.
    live: [(usize, u32); ROOM],
    living: usize,
    births: u32,
}

impl Events {
    const fn new() -> Events {
        Events { list: [Event::New { birth: 0 }; ROOM], listed: 0, live: [(0, 0); ROOM], living: 0, births: 0 }
    }

    fn birth_of(&self, address: usize) -> u32 {
        let live = self.live[..self.living].iter().rev();
        live.into_iter().find(|(live, _)| *live == address).map_or(UNKNOWN, |(_, birth)| *birth)
    }

    fn record(&mut self, event: Event) {
        if let Some(place) = self.list.get_mut(self.listed) {
            *place = event;
            self.listed += 1;
        }
    }
}

thread_local! {
    /// Whether there is anything to write: looked at after every step.
    static PENDING: Cell<bool> = const { Cell::new(false) };
    static EVENTS: RefCell<Events> = const { RefCell::new(Events::new()) };
}

/// A program begins.
pub fn begin() {
    PENDING.set(false);
    EVENTS.with_borrow_mut(|events| {
        events.listed = 0;
        events.living = 0;
        events.births = 0;
    });
}

/// The new callback of the counted index.
pub fn ex_new(address: usize) {
    PENDING.set(true);
    EVENTS.with_borrow_mut(|events| {
        let birth = events.births;
        events.births += 1;
        let living = events.living;
        if let Some(place) = events.live.get_mut(living) {
            *place = (address, birth);
            events.living += 1;
        }
        events.record(Event::New { birth });
    });
}

/// A dup callback: may replace the value; `false` refuses.
pub fn ex_dup(index: ExIndex, from: usize, value: &mut usize) -> bool {
    PENDING.set(true);
    EVENTS.with_borrow_mut(|events| {
        let from = events.birth_of(from);
        events.record(Event::Dup { index: index as u8, from, value: *value as u64 });
    });
    match index {
        ExIndex::Replaced => {
            *value = value.wrapping_add(1);
            true
        }
        ExIndex::Refused => value.is_multiple_of(2),
        ExIndex::Counted | ExIndex::AppData | ExIndex::Unregistered | ExIndex::Negative => true,
    }
}

/// A free callback.
pub fn ex_free(index: ExIndex, address: usize, value: usize) {
    PENDING.set(true);
    EVENTS.with_borrow_mut(|events| {
        let birth = events.birth_of(address);
        events.record(Event::Free { index: index as u8, birth, value: value as u64 });
    });
}

/// How many destructions have been recorded and not yet written.
#[cfg(feature = "linked")]
pub(super) fn deaths() -> usize {
    let counted = |event: &&Event| matches!(event, Event::Free { index, .. } if *index == ExIndex::Counted as u8);
    EVENTS.with_borrow(|events| events.list[..events.listed].iter().filter(counted).count())
}

/// A callback with other arguments than it was registered with: recorded as one of no index, besides what it is.
#[cfg(feature = "linked")]
pub(super) fn wrong() {
    PENDING.set(true);
    EVENTS.with_borrow_mut(|events| {
        events.record(Event::Free { index: crate::trace::WRONG_ARGUMENTS, birth: UNKNOWN, value: 0 })
    });
}

/// Writes what happened since the last time. The free callbacks of one session come in no documented order, so they
/// are written in the order of their indices.
#[inline]
pub fn drain(trace: &mut Trace) {
    if PENDING.replace(false) {
        write(trace);
    }
}

fn write(trace: &mut Trace) {
    EVENTS.with_borrow_mut(|events| {
        let listed = std::mem::take(&mut events.listed);
        let same_session = |a: &Event, b: &Event| match (a, b) {
            (Event::Free { birth: a, .. }, Event::Free { birth: b, .. }) => a == b,
            _ => false,
        };
        for frees in events.list[..listed].chunk_by_mut(same_session) {
            frees.sort_unstable_by_key(|event| match event {
                Event::Free { index, .. } | Event::Dup { index, .. } => *index,
                Event::New { .. } => 0,
            });
        }
        for event in &events.list[..listed] {
            match *event {
                Event::New { birth } => trace.ex_new(birth),
                Event::Dup { index, from, value } => trace.ex_dup(index, from, value),
                Event::Free { index, birth, value } => {
                    trace.ex_free(index, birth, value);
                    if index == ExIndex::Counted as u8 {
                        trace.died();
                        let gone = events.live[..events.living].iter().position(|(_, live)| *live == birth);
                        if let Some(gone) = gone {
                            events.living -= 1;
                            events.live[gone] = events.live[events.living];
                        }
                    }
                }
            }
        }
    });
}

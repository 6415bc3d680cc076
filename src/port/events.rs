//! What the ex_data callbacks of the harness saw: recorded here by every port, written to the trace after each step.
//!
//! The callback of [`ExIndex::Counted`] is the death probe: it fires exactly when a session is destroyed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem::ManuallyDrop;

use foldhash::fast::FixedState;

use crate::op::ExIndex;
use crate::trace::{Callback, Entry, Trace};

/// Stands for a session that no new callback announced.
const UNKNOWN: u32 = u32::MAX;
/// Stands for the place of a session that does not live any more.
const BURIED: u32 = u32::MAX;

/// Holds the number of the index whose free callback tells that a session is destroyed.
const COUNTED: u8 = ExIndex::Counted as u8;

/// Holds what one port did. Its memory is used from program to program.
struct Events {
    /// Lists what happened, in order; `None`: a session was destroyed, told by no callback.
    list: Vec<Option<Entry<'static>>>,
    /// Lists each session that lives.
    live: Vec<Live>,
    /// Says where in the list a session is, by its number; [`BURIED`] for one that is not.
    places: Vec<u32>,
    /// Gives the numbers of the sessions that live, by what their callbacks get and by where they are: of those that
    /// were announced last.
    by_name: HashMap<usize, u32, FixedState>,
    by_address: HashMap<usize, u32, FixedState>,
    /// Lists address and number of each context that lives.
    contexts: Vec<(usize, u32)>,
    contexts_born: u32,
    /// Tells whether both ports know their reference counts.
    counts: bool,
    /// Tells whether sessions leave a cache in no order.
    unordered: bool,
}

/// Describes a session that lives.
#[derive(Clone, Copy)]
struct Live {
    /// Holds what all its callbacks get: in C the address of its application data.
    name: usize,
    address: usize,
    birth: u32,
}

impl Events {
    const fn new() -> Events {
        Events {
            list: Vec::new(),
            live: Vec::new(),
            places: Vec::new(),
            by_name: HashMap::with_hasher(FixedState::with_seed(0)),
            by_address: HashMap::with_hasher(FixedState::with_seed(0)),
            contexts: Vec::new(),
            contexts_born: 0,
            counts: false,
            unordered: false,
        }
    }

    fn begin(&mut self, counts: bool, unordered: bool) {
        self.list.clear();
        self.live.clear();
        self.places.clear();
        self.by_name.clear();
        self.by_address.clear();
        self.contexts.clear();
        self.contexts_born = 0;
        (self.counts, self.unordered) = (counts, unordered);
    }

    fn birth_of(&self, name: usize) -> u32 {
        self.by_name.get(&name).copied().unwrap_or(UNKNOWN)
    }

    fn birth_at(&self, address: usize) -> u32 {
        self.by_address.get(&address).copied().unwrap_or(UNKNOWN)
    }

    fn announce(&mut self, name: usize, address: usize) {
        let birth = self.places.len() as u32;
        self.places.push(self.live.len() as u32);
        self.live.push(Live { name, address, birth });
        self.by_name.insert(name, birth);
        self.by_address.insert(address, birth);
        self.record(Some(Entry::ExNew(birth)));
    }

    fn bury(&mut self, birth: u32) {
        let Some(place) = self.places.get_mut(birth as usize) else { return };
        let at = std::mem::replace(place, BURIED) as usize;
        if at == BURIED as usize {
            return;
        }
        let gone = self.live.swap_remove(at);
        if let Some(moved) = self.live.get(at) {
            self.places[moved.birth as usize] = at as u32;
        }
        // Another one may be there by now.
        for (numbers, key) in [(&mut self.by_name, gone.name), (&mut self.by_address, gone.address)] {
            if numbers.get(&key) == Some(&birth) {
                numbers.remove(&key);
            }
        }
    }

    fn context(&self, address: usize) -> u32 {
        self.contexts.iter().rev().find(|(live, _)| *live == address).map_or(UNKNOWN, |(_, number)| *number)
    }

    fn record(&mut self, event: Option<Entry<'static>>) {
        self.list.push(event);
    }
}

thread_local! {
    /// Tells whether there is anything to write: looked at after every step.
    static PENDING: Cell<bool> = const { Cell::new(false) };
    /// Holds what each of two ports did that run side by side; a port alone is the first. It has no destructor: a
    /// library calls back when a thread has ended, too.
    static EVENTS: [RefCell<ManuallyDrop<Events>>; 2] =
        const { [const { RefCell::new(ManuallyDrop::new(Events::new())) }; 2] };
    /// Says which port runs now.
    static SIDE: Cell<usize> = const { Cell::new(0) };
}

fn current<R>(look: impl FnOnce(&mut Events) -> R) -> R {
    EVENTS.with(|sides| look(&mut sides[SIDE.get()].borrow_mut()))
}

/// Lets one of two ports run that run side by side.
#[inline]
pub fn turn_to(side: usize) {
    SIDE.set(side % 2);
}

/// Begins a program. `counts`: both ports know their reference counts. `unordered`: sessions leave a cache in no order.
pub fn begin(counts: bool, unordered: bool) {
    PENDING.set(false);
    current(|events| events.begin(counts, unordered));
}

/// Notes a call of the new callback of the counted index: what its other callbacks call the session, and where it is.
pub fn ex_new(name: usize, address: usize) {
    PENDING.set(true);
    current(|events| events.announce(name, address));
}

/// Notes a call of a dup callback, which may replace the value; `false` refuses.
pub fn ex_dup(index: ExIndex, from: usize, value: &mut usize) -> bool {
    PENDING.set(true);
    current(|events| {
        let from = events.birth_of(from);
        events.record(Some(Entry::ExDup(index as u8, from, *value as u64)));
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

/// Notes a call of a free callback.
pub fn ex_free(index: ExIndex, address: usize, value: usize) {
    PENDING.set(true);
    current(|events| {
        let birth = events.birth_of(address);
        events.record(Some(Entry::ExFree(index as u8, birth, value as u64)));
    });
}

/// Notes that a session was destroyed, and no callback tells of it.
pub fn gone() {
    PENDING.set(true);
    current(|events| events.record(None));
}

/// Notes a call of the callback of a cache: `key` is a digest of version and id, `references` the session's count, 0
/// where it is not known.
pub fn removed(context: usize, session: usize, key: u32, references: u32) {
    PENDING.set(true);
    current(|events| {
        let birth = events.birth_at(session);
        let context = events.context(context);
        let references = if events.counts { references } else { 0 };
        events.record(Some(Entry::Removed(context, birth, key, references)));
    });
}

/// Notes a call of `new_session_cb`, for a client or a server: as [`removed`], and how long the id is.
pub fn is_new(server: bool, session: usize, length: usize, key: u32, references: u32) {
    let birth = birth_at(session).unwrap_or(UNKNOWN);
    let references = if current(|events| events.counts) { references } else { 0 };
    called(Callback::New, [server.into(), birth, length as u32, key, references]);
}

/// Notes a call of a callback that a handshake calls, with what [`Callback`] says.
pub fn called(callback: Callback, arguments: [u32; 5]) {
    PENDING.set(true);
    current(|events| events.record(Some(Entry::Called(callback, arguments))));
}

/// Returns the number of the session that lives at this address, and was announced last.
pub fn birth_at(address: usize) -> Option<u32> {
    current(|events| events.by_address.get(&address).copied())
}

/// Counts the sessions that were born.
pub fn births() -> u32 {
    current(|events| events.places.len() as u32)
}

/// Gives number and address of each session that lives and was born after the first `births`.
pub fn born_since(births: u32, each: &mut dyn FnMut(u32, usize)) {
    current(|events| {
        let freed = |birth: u32| {
            let mut listed = events.list.iter();
            listed.any(|event| matches!(event, Some(Entry::ExFree(_, freed, _)) if *freed == birth))
        };
        let live = events.live.iter().filter(|live| live.birth >= births && !freed(live.birth));
        live.for_each(|live| each(live.birth, live.address));
    });
}

/// Notes a context of the program's, from here on.
pub fn context_born(address: usize) {
    current(|events| {
        events.contexts.push((address, events.contexts_born));
        events.contexts_born += 1;
    });
}

/// Notes that a context was destroyed. Those that are not of the program's do not count.
pub fn context_freed(address: usize) {
    current(|events| {
        let context = events.context(address);
        if context != UNKNOWN {
            PENDING.set(true);
            events.record(Some(Entry::ContextFreed(context)));
            let at = events.contexts.iter().position(|(live, _)| *live == address);
            at.map(|at| events.contexts.remove(at));
        }
    });
}

/// Returns the address of the `at`th context that lives.
pub fn context_at(at: usize) -> Option<usize> {
    current(|events| events.contexts.get(at).map(|(address, _)| *address))
}

/// Tells whether a context of the program's lives.
pub fn context_lives(address: usize) -> bool {
    current(|events| events.contexts.iter().any(|(live, _)| *live == address))
}

/// Returns the address of the `at`th session that lives, of those whose birth was announced.
pub fn session_at(at: usize) -> Option<usize> {
    current(|events| events.live.get(at).map(|live| live.address))
}

/// Tells whether a session lives, of those whose birth was announced.
pub fn lives(address: usize) -> bool {
    current(|events| events.by_address.contains_key(&address))
}

/// Digests version and id, the same on every port.
pub fn key(version: i32, id: &[u8]) -> u32 {
    // FNV-1a
    let bytes = version.to_le_bytes().into_iter().chain(id.iter().copied());
    bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Counts the destructions that have been recorded and not yet written.
#[cfg(feature = "linked")]
pub(super) fn deaths() -> usize {
    let counted = |event: &&Option<Entry<'_>>| matches!(event, Some(Entry::ExFree(COUNTED, ..)));
    current(|events| events.list.iter().filter(counted).count())
}

/// Notes a callback with other arguments than it was registered with. It is recorded as one of no index, besides what
/// it is.
#[cfg(feature = "linked")]
pub(super) fn wrong() {
    PENDING.set(true);
    current(|events| events.record(Some(Entry::ExFree(crate::trace::WRONG_ARGUMENTS, UNKNOWN, 0))));
}

/// Writes what happened since the last time. The free callbacks of one session come in no documented order, so they
/// are written in the order of their indices.
#[inline]
pub fn drain(trace: &mut Trace) {
    if PENDING.replace(false) {
        write(trace);
    }
}

/// Ends what two ports did in one step: tells whether both did the same, and how many sessions were destroyed. Without
/// `tells_ends` one of them does not tell of that.
#[inline]
pub fn compare(tells_ends: bool) -> (bool, usize) {
    if PENDING.replace(false) { compare_lists(tells_ends) } else { (true, 0) }
}

fn compare_lists(tells_ends: bool) -> (bool, usize) {
    EVENTS.with(|[left, right]| {
        let (left, right) = (&mut *left.borrow_mut(), &mut *right.borrow_mut());
        // Without callbacks of ex_data this is all there is.
        let ends = |events: &Events| events.list.iter().all(Option::is_none).then_some(events.list.len());
        if let (Some(left_deaths), Some(right_deaths)) = (ends(left), ends(right)) {
            left.list.clear();
            right.list.clear();
            return (left_deaths == right_deaths || !tells_ends, right_deaths);
        }
        let (left_deaths, right_deaths) = (left.settle(), right.settle());
        let told = |event: &&Option<Entry<'_>>| tells_ends || event.is_some();
        let same = left.list.iter().filter(told).eq(right.list.iter().filter(told));
        left.list.clear();
        right.list.clear();
        (same && (left_deaths == right_deaths || !tells_ends), right_deaths)
    })
}

impl Events {
    /// Brings the events into the order in which they are compared, and buries what was destroyed; returns how many.
    fn settle(&mut self) -> usize {
        if self.unordered {
            let leaves = |event: &Option<Entry<'_>>| match event {
                None => Some((0, 0, 0)),
                Some(Entry::Removed(_, birth, key, _)) => Some((*birth, 0, *key)),
                Some(Entry::ExFree(_, birth, _)) => Some((*birth, 1, 0)),
                Some(_) => None,
            };
            let both_leave = |a: &Option<Entry<'_>>, b: &Option<Entry<'_>>| leaves(a).is_some() && leaves(b).is_some();
            self.list.chunk_by_mut(both_leave).for_each(|chunk| chunk.sort_by_key(leaves));
        }
        let same_session = |a: &Option<Entry<'_>>, b: &Option<Entry<'_>>| matches!((a, b), (Some(Entry::ExFree(_, a, _)), Some(Entry::ExFree(_, b, _))) if a == b);
        for frees in self.list.chunk_by_mut(same_session) {
            // Only free callbacks stand beside each other here.
            frees.sort_unstable_by_key(|event| if let Some(Entry::ExFree(index, ..)) = event { *index } else { 0 });
        }
        let mut deaths = 0;
        for at in 0..self.list.len() {
            let birth = match self.list[at] {
                None => {
                    deaths += 1;
                    continue;
                }
                Some(Entry::ExFree(COUNTED, birth, _)) => birth,
                Some(_) => continue,
            };
            deaths += 1;
            self.bury(birth);
        }
        deaths
    }
}

fn write(trace: &mut Trace) {
    current(|events| {
        events.settle();
        for event in events.list.drain(..) {
            if let Some(entry) = &event {
                trace.put(entry);
            }
            if let None | Some(Entry::ExFree(COUNTED, ..)) = event {
                trace.died();
            }
        }
    });
}

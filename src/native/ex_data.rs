//! Application data: one pointer-sized value a session and index, and the callbacks registered with an index.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::error::Error;
use super::family::Custom;
use super::rules::Rule;
use super::session::Session;

/// Counts the indices that exist without registration: `SSL_SESSION_set_app_data` in C uses index 0.
const RESERVED: usize = 1;
/// Counts the places of [`Custom::ExDataHas5Places`].
const PLACES: i32 = 5;

/// Holds the callbacks of one index, each optional as in `CRYPTO_get_ex_new_index(3)`.
///
/// A session is named by its [`Session::address`] where no reference to it exists.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExCallbacks {
    /// Is called for every new session, duplicates included, with the session and the index.
    pub new: Option<fn(session: &Session, index: usize)>,
    /// Is called when a session that has a value at this index or above is duplicated, with source, value and index. It may
    /// replace the value. `false` refuses the duplicate.
    pub dup: Option<fn(from: usize, value: &mut usize, index: usize) -> bool>,
    /// Is called when a session is destroyed, with session, value and index.
    pub free: Option<fn(session: usize, value: usize, index: usize)>,
}

/// Holds every registered index, in order. Index 0 is reserved and has no callbacks. Nothing is ever removed, so that the
/// callbacks of a session can be found without a lock.
#[derive(Debug, Default)]
pub(super) struct Classes {
    first: Chunk,
    /// Is locked while an index is registered.
    registering: Mutex<()>,
}

#[derive(Debug, Default)]
struct Chunk {
    entries: [OnceLock<ExCallbacks>; 8],
    next: OnceLock<Box<Chunk>>,
}

impl Classes {
    /// Adds an index and returns it.
    pub fn register(&self, callbacks: ExCallbacks) -> usize {
        let _one_at_a_time = self.registering.lock().unwrap_or_else(PoisonError::into_inner);
        let registered = self.count();
        for index in registered..RESERVED {
            self.place(index).get_or_init(ExCallbacks::default);
        }
        let index = registered.max(RESERVED);
        self.place(index).get_or_init(|| callbacks);
        index
    }

    /// Returns how many indices there are, the reserved one included; 0 before the first was registered.
    pub fn count(&self) -> usize {
        self.iter().count()
    }

    /// Returns the indices and their callbacks, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (usize, &ExCallbacks)> {
        let chunks = std::iter::successors(Some(&self.first), |chunk| chunk.next.get().map(Box::as_ref));
        chunks.flat_map(|chunk| &chunk.entries).map_while(OnceLock::get).enumerate()
    }

    fn place(&self, index: usize) -> &OnceLock<ExCallbacks> {
        let mut chunk = &self.first;
        for _ in 0..index / chunk.entries.len() {
            chunk = chunk.next.get_or_init(Box::default);
        }
        &chunk.entries[index % chunk.entries.len()]
    }
}

/// Holds the values of one session. Each is an atomic word, so that neither reading nor setting one takes a lock.
#[derive(Debug)]
pub(super) struct Values {
    /// Counts the values up to the highest index that was set, and one more for the storage itself. 0 is no storage.
    extent: AtomicUsize,
    first: [AtomicUsize; 4],
    rest: OnceLock<Box<Segment>>,
}

/// Holds the values at the indices after those of the segment before, which has half as many.
#[derive(Debug)]
struct Segment {
    values: Box<[AtomicUsize]>,
    next: OnceLock<Box<Segment>>,
}

impl Segment {
    fn new(length: usize) -> Box<Segment> {
        Box::new(Segment { values: (0..length).map(|_| AtomicUsize::new(0)).collect(), next: OnceLock::new() })
    }
}

/// Says that [`Values::dup`] failed.
pub(super) struct Refused;

impl Values {
    /// Makes values that are all 0, without storage.
    pub const fn new() -> Values {
        Values { extent: AtomicUsize::new(0), first: [const { AtomicUsize::new(0) }; 4], rest: OnceLock::new() }
    }

    /// Returns the value at an index, 0 where nothing was set.
    #[inline]
    pub fn get(&self, index: i32) -> usize {
        let Ok(index) = usize::try_from(index) else { return 0 };
        match self.first.get(index) {
            Some(value) => value.load(Relaxed),
            None => self.beyond(index),
        }
    }

    #[cold]
    fn beyond(&self, index: usize) -> usize {
        let mut at = index - self.first.len();
        let mut segment = self.rest.get();
        while let Some(here) = segment {
            match here.values.get(at) {
                Some(value) => return value.load(Relaxed),
                None => at -= here.values.len(),
            }
            segment = here.next.get();
        }
        0
    }

    /// Sets the value at an index. Returns `false` where the index is out of range, and nothing is stored; the storage exists
    /// afterwards all the same.
    pub fn set(&self, index: i32, value: usize) -> bool {
        let Ok(index) = usize::try_from(index) else {
            self.extent.fetch_max(1, Relaxed);
            return false;
        };
        self.place(index).store(value, Relaxed);
        if self.extent.load(Relaxed) < index + 2 {
            self.extent.fetch_max(index + 2, Relaxed);
        }
        true
    }

    /// Returns the place of a value, and makes it where there is none.
    #[inline]
    fn place(&self, index: usize) -> &AtomicUsize {
        match self.first.get(index) {
            Some(place) => place,
            None => self.place_beyond(index),
        }
    }

    #[cold]
    fn place_beyond(&self, index: usize) -> &AtomicUsize {
        let mut at = index - self.first.len();
        let mut segment = self.rest.get_or_init(|| Segment::new(2 * self.first.len()));
        while at >= segment.values.len() {
            at -= segment.values.len();
            segment = segment.next.get_or_init(|| Segment::new(2 * segment.values.len()));
        }
        &segment.values[at]
    }

    /// Copies all places, as [`Custom::ExDataHas5Places`] says.
    pub fn copy_places(&self, source: &Values) {
        (0..PLACES).for_each(|index| {
            self.set(index, source.get(index));
        });
    }

    /// Copies the values of session `from`, which are `source`: `CRYPTO_dup_ex_data` (crypto/ex_data.c, 3.6.3). Values at
    /// indices that are not registered stay behind. On refusal the values copied so far are in `self`, for the free callbacks.
    ///
    /// # Errors
    /// A dup callback that refuses, or values where no index was ever registered.
    pub fn dup(&self, from: usize, source: &Values, classes: &Classes) -> Result<(), Refused> {
        let Some(extent) = source.extent.load(Relaxed).checked_sub(1) else { return Ok(()) };
        // No index was ever registered: the count of callbacks is -1, neither "none" nor "some", and the copy fails.
        let registered = classes.count();
        if registered == 0 {
            return Err(Refused);
        }
        let shared = extent.min(registered);
        if shared == 0 {
            return Ok(());
        }
        self.extent.fetch_max(shared + 1, Relaxed);
        for (index, callbacks) in classes.iter().take(shared) {
            let mut value = source.get(index as i32);
            if let Some(dup) = callbacks.dup
                && !dup(from, &mut value, index)
            {
                return Err(Refused);
            }
            self.place(index).store(value, Relaxed);
        }
        Ok(())
    }
}

impl Session {
    /// Sets the value at an index, which need not be registered: `SSL_SESSION_set_ex_data`.
    ///
    /// # Errors
    /// Refuses what is beyond the places that [`Custom::ExDataHas5Places`] allows. Refuses a negative index, from 3.0 on, unless the value is 0: OpenSSL compares what it stored (nothing) with the value.
    #[inline]
    pub fn set_ex_data(&self, index: i32, value: usize) -> Result<(), Error> {
        if self.0.library.has_custom(Custom::ExDataHas5Places) && !(0..PLACES).contains(&index) {
            return Err(Error::ExDataPlace);
        }
        let stored = self.0.ex_data.set(index, value);
        if !stored && value != 0 && !self.0.library.rules.has(Rule::IndexIsUnchecked) {
            return Err(Error::ExDataIndex);
        }
        Ok(())
    }

    /// Returns the value at an index, 0 where nothing was set: `SSL_SESSION_get_ex_data`.
    #[inline]
    pub fn ex_data(&self, index: i32) -> usize {
        self.0.ex_data.get(index)
    }
}

//! Application data: one pointer-sized value a session and index, and the callbacks registered with an index.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::session::Session;

/// The index that exists without registration: `SSL_SESSION_set_app_data` in C.
const RESERVED: usize = 1;

/// The callbacks of one index, each optional as in `CRYPTO_get_ex_new_index(3)`.
///
/// A session is named by its [`Session::address`] where no reference to it exists.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExCallbacks {
    /// Called for every new session, duplicates included: the session and the index.
    pub new: Option<fn(session: &Session, index: usize)>,
    /// Called when a session that has a value at this index or above is duplicated: source, value, index. May
    /// replace the value; `false` refuses the duplicate.
    pub dup: Option<fn(from: usize, value: &mut usize, index: usize) -> bool>,
    /// Called when a session is destroyed: session, value, index.
    pub free: Option<fn(session: usize, value: usize, index: usize)>,
}

/// Every registered index, in order; index 0 is reserved and has no callbacks. Append-only, so that the callbacks of a
/// session can be found without a lock.
#[derive(Debug, Default)]
pub(super) struct Classes {
    first: Chunk,
    /// Held while an index is registered.
    registering: Mutex<()>,
}

#[derive(Debug, Default)]
struct Chunk {
    entries: [OnceLock<ExCallbacks>; 8],
    next: OnceLock<Box<Chunk>>,
}

impl Classes {
    /// One more; returns its index.
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

    pub fn count(&self) -> usize {
        self.iter().count()
    }

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

/// The values of one session; `None` until the first one is set.
#[derive(Debug, Default)]
pub(super) struct Values(Option<Vec<usize>>);

/// Why [`Values::dup`] failed.
pub(super) struct Refused;

impl Values {
    /// 0 where nothing was set.
    pub fn get(&self, index: i32) -> usize {
        let at = |values: &Vec<usize>| usize::try_from(index).ok().and_then(|index| values.get(index).copied());
        self.0.as_ref().and_then(at).unwrap_or(0)
    }

    /// `false`: the index is out of range, and nothing is stored. The storage exists afterwards all the same.
    pub fn set(&mut self, index: i32, value: usize) -> bool {
        let values = self.0.get_or_insert_default();
        let Ok(index) = usize::try_from(index) else { return false };
        if values.len() <= index {
            values.resize(index + 1, 0);
        }
        values[index] = value;
        true
    }

    pub fn snapshot(&self) -> Option<Vec<usize>> {
        self.0.clone()
    }

    /// The values of a duplicate of session `from`: `CRYPTO_dup_ex_data` (crypto/ex_data.c, 3.6.3). Values at indices
    /// that are not registered stay behind. On refusal the values copied so far are in `self`, for the free callbacks.
    pub fn dup(&mut self, from: usize, source: Option<Vec<usize>>, classes: &Classes) -> Result<(), Refused> {
        let Some(source) = source else { return Ok(()) };
        // No index was ever registered: the count of callbacks is -1, neither "none" nor "some", and the copy fails.
        let registered = classes.count();
        if registered == 0 {
            return Err(Refused);
        }
        let shared = source.len().min(registered);
        if shared == 0 {
            return Ok(());
        }
        let values = self.0.get_or_insert_default();
        if values.len() < shared {
            values.resize(shared, 0);
        }
        for (index, callbacks) in classes.iter().take(shared) {
            let mut value = source[index];
            if let Some(dup) = callbacks.dup
                && !dup(from, &mut value, index)
            {
                return Err(Refused);
            }
            values[index] = value;
        }
        Ok(())
    }
}

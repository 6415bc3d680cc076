//! Application data: one pointer-sized value a session and index, and the callbacks registered with an index.

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

/// Every registered index, in order; index 0 is reserved and has no callbacks.
#[derive(Clone, Debug)]
pub(super) struct Classes(Vec<ExCallbacks>);

impl Classes {
    pub const fn none() -> Classes {
        Classes(Vec::new())
    }

    /// With one more; returns the new index too.
    pub fn with(&self, callbacks: ExCallbacks) -> (Classes, usize) {
        let mut classes = self.0.clone();
        if classes.is_empty() {
            classes.resize(RESERVED, ExCallbacks::default());
        }
        classes.push(callbacks);
        let index = classes.len() - 1;
        (Classes(classes), index)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (usize, &ExCallbacks)> {
        self.0.iter().enumerate()
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
        if classes.is_empty() {
            return Err(Refused);
        }
        let shared = source.len().min(classes.0.len());
        if shared == 0 {
            return Ok(());
        }
        let values = self.0.get_or_insert_default();
        if values.len() < shared {
            values.resize(shared, 0);
        }
        for (index, callbacks) in classes.0.iter().enumerate().take(shared) {
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

//! A library: one release, one clock, one list of ex_data indices, shared by the sessions made with it.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::ex_data::{Classes, ExCallbacks};
use super::release::{Release, Rules};
use super::session::Session;
use super::time::Clock;

static DEFAULT: LazyLock<Arc<Library>> = LazyLock::new(|| Library::new(Release::V3_6_3, Clock::System));

/// What is process-wide in C: here a value, so that two releases can live side by side.
#[derive(Debug)]
pub struct Library {
    pub(super) release: Release,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    classes: RwLock<Arc<Classes>>,
}

impl Library {
    /// A library that behaves as `release`, with no ex_data index registered.
    pub fn new(release: Release, clock: Clock) -> Arc<Library> {
        let classes = RwLock::new(Arc::new(Classes::none()));
        Arc::new(Library { release, rules: release.rules(), clock, classes })
    }

    /// `SSL_SESSION_new`: a session with one reference, owned by the caller. Calls the new callback of every index.
    pub fn session(self: &Arc<Self>) -> Session {
        Session::blank(self)
    }

    /// `SSL_SESSION_get_ex_new_index`: returns the new index, 1 for the first. Sessions that exist already get its free
    /// callback, as in C.
    pub fn register(&self, callbacks: ExCallbacks) -> usize {
        let mut classes = self.classes.write().unwrap_or_else(PoisonError::into_inner);
        let (with, index) = classes.with(callbacks);
        *classes = Arc::new(with);
        index
    }

    /// The release.
    pub fn release(&self) -> Release {
        self.release
    }

    /// The library of [`Session::new`].
    pub(super) fn default_one() -> &'static Arc<Library> {
        &DEFAULT
    }

    /// The indices as they are now: callbacks run without a lock, as in C.
    pub(super) fn classes(&self) -> Arc<Classes> {
        self.classes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

//! A library: one release, one clock, one list of ex_data indices, shared by the sessions made with it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use super::context::Context;
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
    clock: Clock,
    /// Microseconds that passed on a clock that is stopped.
    passed: AtomicU64,
    pub(super) classes: Classes,
}

impl Library {
    /// A library that behaves as `release`, with no ex_data index registered.
    pub fn new(release: Release, clock: Clock) -> Arc<Library> {
        Arc::new(Library {
            release,
            rules: release.rules(),
            clock,
            passed: AtomicU64::new(0),
            classes: Classes::default(),
        })
    }

    /// `SSL_SESSION_new`: a session with one reference, owned by the caller. Calls the new callback of every index.
    pub fn session(self: &Arc<Self>) -> Session {
        Session::blank(self)
    }

    /// `SSL_CTX_new`: a context with an empty cache.
    pub fn context(self: &Arc<Self>) -> Arc<Context> {
        Context::blank(self)
    }

    /// So many seconds have passed since the clock was stopped.
    pub fn set_passed(&self, seconds: u64) {
        self.passed.store(seconds.wrapping_mul(1_000_000), Relaxed);
    }

    /// Microseconds since 1970.
    pub(super) fn micros(&self) -> u64 {
        self.clock.micros().wrapping_add(self.passed.load(Relaxed))
    }

    /// `SSL_SESSION_get_ex_new_index`: returns the new index, 1 for the first. Sessions that exist already get its free
    /// callback, as in C.
    pub fn register(&self, callbacks: ExCallbacks) -> usize {
        self.classes.register(callbacks)
    }

    /// The release.
    pub fn release(&self) -> Release {
        self.release
    }

    /// The library of [`Session::new`].
    pub(super) fn default_one() -> &'static Arc<Library> {
        &DEFAULT
    }
}

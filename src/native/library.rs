//! A library: one release, one clock, one list of ex_data indices, shared by the sessions made with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::ex_data::{Classes, ExCallbacks};
use super::family::{Custom, Family};
use super::release::Release;
use super::rules::{Followed, Following, Rule, Rules};
use super::tickets::Sealed;
use super::time::Clock;

/// Makes the sessions of [`Session::new`](super::session::Session::new).
pub(super) static DEFAULT: LazyLock<Arc<Library>> = LazyLock::new(|| Library::new(Release::V3_6_3, Clock::System));

/// Holds what is process-wide in C. It is a value here, so that two releases can live side by side.
#[derive(Debug)]
pub struct Library {
    pub(super) release: Release,
    pub(super) rules: Followed,
    /// Names the family that it behaves as.
    family: Family,
    /// Has the bits of the customs that it follows.
    customs: u64,
    /// Has the rules of the release, followed or not.
    released: Rules,
    /// Has the bits of the rules that made a difference.
    met: AtomicU64,
    broken: AtomicBool,
    /// Has what it knows of compression, as a number.
    compression: AtomicU8,
    clock: Clock,
    /// Counts the microseconds that passed on a clock that stands still.
    passed: AtomicU64,
    pub(super) classes: Classes,
    contexts: Mutex<Contexts>,
    tickets: Mutex<Tickets>,
}

/// Finds what is in the tickets that servers sent, and with what it was sealed.
pub(super) type Tickets = HashMap<Vec<u8>, Sealed>;

/// Finds the contexts that live, by number.
#[derive(Debug, Default)]
struct Contexts {
    /// Counts the contexts that were made.
    made: u64,
    living: BTreeMap<u64, Weak<Context>>,
}

/// Says what a library was built to know of compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    /// Knows nothing: a stored session has no method, and the method of one that is read is passed over (ssl/ssl_asn1.c, 3.6.3).
    #[default]
    Absent,
    /// Keeps the number of a method, and has no method.
    Numbers,
    /// Keeps the number, and has the method of zlib, which is 1: `enable-zlib`.
    Zlib,
}

impl Compression {
    /// Returns whether sessions keep their method.
    pub fn keeps(self) -> bool {
        self != Compression::Absent
    }
}

impl Library {
    /// Makes a library that behaves as `release`, with no ex_data index registered.
    pub fn new(release: Release, clock: Clock) -> Arc<Library> {
        Library::following(release, Rules::of(release, Following::Released), clock)
    }

    /// Makes a library that behaves as `release`, but follows these rules.
    pub fn following(release: Release, rules: Rules, clock: Clock) -> Arc<Library> {
        Library::of_family(Family::OpenSsl, [], release, rules, clock)
    }

    /// Makes the same, of a family and with these customs of it.
    pub fn of_family(
        family: Family,
        customs: impl IntoIterator<Item = Custom>,
        release: Release,
        rules: Rules,
        clock: Clock,
    ) -> Arc<Library> {
        Arc::new(Library {
            release,
            rules: Followed::new(rules),
            family,
            customs: customs.into_iter().fold(0, |bits, custom| bits | custom.bit()),
            released: Rules::of(release, Following::Released),
            met: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            compression: AtomicU8::new(Compression::Absent as u8),
            clock,
            passed: AtomicU64::new(0),
            classes: Classes::default(),
            contexts: Mutex::default(),
            tickets: Mutex::default(),
        })
    }

    /// Says what the library knows of compression; nothing, as it is at first.
    pub fn set_compression(&self, compression: Compression) {
        self.compression.store(compression as u8, Relaxed);
    }

    /// Returns what the library knows of compression.
    #[inline]
    pub fn compression(&self) -> Compression {
        match self.compression.load(Relaxed) {
            known if known == Compression::Zlib as u8 => Compression::Zlib,
            known if known == Compression::Numbers as u8 => Compression::Numbers,
            _ => Compression::Absent,
        }
    }

    /// Makes a context that gets a number of its own, and that can be found by it.
    pub(super) fn enter_context(&self, new: impl FnOnce(u64) -> Context) -> Arc<Context> {
        let mut contexts = self.contexts();
        contexts.made += 1;
        let number = contexts.made;
        let context = Arc::new(new(number));
        contexts.living.insert(number, Arc::downgrade(&context));
        context
    }

    /// Forgets a context that is destroyed.
    pub(super) fn leave_context(&self, number: u64) {
        self.contexts().living.remove(&number);
    }

    /// Returns another reference to the context with this number, while it lives.
    pub(super) fn context_of(&self, number: u64) -> Option<Arc<Context>> {
        self.contexts().living.get(&number)?.upgrade()
    }

    fn contexts(&self) -> MutexGuard<'_, Contexts> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what is in the tickets that servers sent: none can be opened any more. In C a ticket carries it, and the server
    /// keeps nothing.
    pub fn forget_tickets(&self) {
        self.tickets().clear();
    }

    /// Sets how many seconds have passed since the clock was stopped.
    pub fn set_passed(&self, seconds: u64) {
        self.passed.store(seconds.wrapping_mul(1_000_000), Relaxed);
    }

    /// Returns the time, microseconds since 1970.
    pub(super) fn micros(&self) -> u64 {
        self.clock.micros().wrapping_add(self.passed.load(Relaxed))
    }

    /// Registers an index and returns it, 1 for the first: `SSL_SESSION_get_ex_new_index`. Sessions that exist already get its
    /// free callback, as in C.
    pub fn register(&self, callbacks: ExCallbacks) -> usize {
        self.classes.register(callbacks)
    }

    /// Returns whether a rule is followed, and notes that it made a difference: to be asked only where it does.
    pub(super) fn meets(&self, rule: Rule) -> bool {
        let has = self.rules.has(rule);
        if has {
            self.met.fetch_or(Rules::default().with(rule).bits(), Relaxed);
        }
        has
    }

    /// Returns whether the release has a rule, followed or not.
    pub fn has(&self, rule: Rule) -> bool {
        self.released.has(rule)
    }

    /// Returns whether it follows a custom.
    #[inline]
    pub fn has_custom(&self, custom: Custom) -> bool {
        self.customs & custom.bit() != 0
    }

    /// Returns the family that the library behaves as.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// Notes that C would be broken from here on, by a fault of the release: what it does then is not defined.
    pub(super) fn note_broken(&self) {
        self.broken.store(true, Relaxed);
    }

    /// Returns whether C would be broken since this was last asked.
    pub fn take_broken(&self) -> bool {
        self.broken.load(Relaxed) && self.broken.swap(false, Relaxed)
    }

    /// Returns the rules that made a difference since this was last asked.
    pub fn take_met(&self) -> Rules {
        Rules::of_bits(self.met.swap(0, Relaxed))
    }

    /// Returns the release that the library behaves as.
    pub fn release(&self) -> Release {
        self.release
    }
}

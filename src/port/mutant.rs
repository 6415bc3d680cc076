//! Mutants: native ports with one planted bug each, which the harness has to find. A *planted bug* is what others call a
//! mutant. The tests, the canary and `--port planted:NAME` use them.
//!
//! A mutant changes a value. Each call is asked about three times: is another call made in its place (`instead`), does
//! something happen before it (`before`), and what becomes of what it returned and left behind (`afterwards`). Each answer is
//! a match over pairs of a bug and an op. Whatever no pair names is as in the native port, so these matches end with `_`.

#[expect(clippy::wildcard_enum_match_arm, reason = "a bug acts in a few places, and leaves all others as they are")]
mod afterwards;
mod before;
mod bug;
#[expect(clippy::wildcard_enum_match_arm, reason = "a bug acts in a few places, and leaves all others as they are")]
mod dup;
mod instead;
#[expect(clippy::wildcard_enum_match_arm, reason = "a bug acts in a few places, and leaves all others as they are")]
mod read;
#[expect(clippy::wildcard_enum_match_arm, reason = "a bug acts in a few places, and leaves all others as they are")]
mod stored;

pub use bug::Bug;
pub use stored::{Fault, StoredBug};

use std::sync::Arc;

use self::instead::Instead;
use super::handshakes::Alerts;
use super::native::{Access, NativePort};
use super::{Abilities, Cached, Ended, Holders, Identity, Memory, Moment, Place, Port, Returned, Value};
use crate::field::{Field, Fields};
use crate::native::{Compression, Context, Release, Session};
use crate::op::{Bytes, ConnectionSlot, ContextSlot, GetCallback, NewCallback, Op, SLOTS, Slot, Variable};
use crate::plan::Setup;
use crate::trace::{After, Mishap, SAME, Tape};

/// Holds a native port with a bug.
pub struct Mutant {
    inner: NativePort,
    bug: Bug,
    state: State,
}

/// Holds what a mutant knows of the program that runs, for the bugs that go by it.
#[derive(Default)]
struct State {
    /// Names the source of the duplicate in a slot, while both live.
    dup_of: [Option<Slot>; SLOTS],
    /// Tells whether the duplicate in a slot shares a buffer with its source, if the bug is such.
    shares: [bool; SLOTS],
    /// Tells whether something of a slot's session is not as it looks, if the bug is such: what was set waits to be
    /// read, or was cleared but for its length.
    stale: [bool; SLOTS],
    /// Tells whether the session in a slot is a duplicate, if the bug goes by that.
    is_dup: [bool; SLOTS],
    /// Says that a handshake was refused that was none.
    refused: bool,
    /// Says that `SSL_copy_session_id` was last called with two connections.
    copied_id: bool,
    /// Holds the address of the session that the last `SSL_dup` shared.
    duped: usize,
    /// Says that `SSL_dup` returned what it was given, and took no reference.
    same_untaken: bool,
    /// Says that the last `SSL_get1_session` returned a session.
    got: bool,
    /// Says that a callback gives references of its own.
    gives: bool,
    /// Says that a new callback keeps the reference that it is given.
    keeps: bool,
    /// Says that there was such a callback when tickets or ids were made.
    has_kept: bool,
    /// Holds the references that are never given back.
    kept: Vec<Session>,
    kept_contexts: Vec<Arc<Context>>,
    /// Counts the allocations that are never given back.
    leaked: i64,
    /// Counts the seconds since the program began, as of the running call.
    passed: u64,
    /// Tells whether the running call gives back the last reference of its variable.
    last: bool,
    /// Holds what was copied out last.
    copied: Vec<u8>,
    /// Holds the DER that was read last.
    der: Vec<u8>,
    /// Tells whether an error of the harness's own is in the queue.
    error_planted: bool,
    /// Says what the last call left behind besides what the native one did.
    after: After,
}

impl Mutant {
    /// Makes a port that behaves as `release` but for `bug`.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few bugs in what is told of failures")]
    pub fn new(bug: Bug, release: Release, setup: Setup) -> Mutant {
        let mut inner = NativePort::new(release, setup);
        match bug {
            Bug::AlertIsAnother => inner.tell(|alerts| Alerts {
                sent: other_alert(alerts.sent),
                heard: other_alert(alerts.heard),
                ..alerts
            }),
            Bug::ReasonIsForgotten => inner.tell(|alerts| Alerts { reason: 0, ..alerts }),
            Bug::AlertIsNotHeard => inner.tell(|alerts| if alerts.sent == 0 { Alerts::default() } else { alerts }),
            _ => {}
        }
        Mutant { inner, bug, state: State::default() }
    }

    /// Says what is known of compression, as the other port does.
    pub fn set_compression(&self, compression: Compression) {
        self.inner.set_compression(compression);
    }

    /// Makes `call` where the program makes `op`: mostly the same.
    fn make(&mut self, op: &Op, call: &Op, moment: &mut Moment<'_>) -> Returned<'static> {
        let noted = self.before(op);
        let read = self.before_reading(op);
        let had = self.before_reading_plain(op);
        let returned = match self.inner.call(call, moment) {
            Returned::Copied { returned, bytes, overrun } => {
                self.state.copied.clear();
                self.state.copied.extend_from_slice(bytes);
                // The bytes are put in by `Port::call`.
                Returned::Copied { returned, bytes: &[], overrun }
            }
            other @ (Returned::Nothing
            | Returned::Number(_)
            | Returned::Session(_)
            | Returned::Chain(_)
            | Returned::Read { .. }) => other.detached().unwrap_or(Returned::Nothing),
        };
        let returned = match read {
            Some(read) => self.after_reading(read, returned),
            None => self.after_writing(op, returned),
        };
        self.after_reading_plain(op, had, returned);
        if let Op::ReadDer { s, .. } = op {
            self.after_stored_read(*s);
        }
        self.book(op, returned);
        self.afterwards(op, noted, returned)
    }

    /// Makes one more call, which the program does not make: no handshake.
    fn also(&mut self, op: Op) {
        self.inner.call(&op, &mut Moment { passed: self.state.passed, last: false, tape: &mut Tape::default() });
    }

    /// Takes away the error that the call raised.
    fn lose_error(&mut self) {
        self.inner.after();
    }

    /// Remembers what a call changed, for the bugs that go by it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    fn book(&mut self, op: &Op, returned: Returned<'_>) {
        match op {
            Op::SslDup { dst, .. } if returned != Returned::Number(SAME) => {
                self.state.duped = self.inner.address(Variable::Connection(*dst));
            }
            Op::SslDup { .. } => self.state.same_untaken |= self.has(Bug::SslDupOfBegunTakesNoReference),
            Op::Get1Session { .. } => self.state.got = returned == Returned::Session(true),
            Op::CopySessionId { to, from } => self.state.copied_id = to != from,
            Op::CtxSetGetCb { callback, .. } => self.state.gives |= *callback == GetCallback::Gives,
            Op::CtxSetNewCb { callback, .. } => self.state.keeps |= *callback == NewCallback::Keeps,
            Op::Handshake { .. }
            | Op::NewSessionTicket { .. }
            | Op::VerifyClient { .. }
            | Op::Renegotiate { .. }
            | Op::RenegotiateAbbreviated { .. } => self.state.has_kept |= self.state.keeps,
            _ => {}
        }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    fn session(&self, s: Slot) -> Access<'_> {
        self.inner.session(s)
    }

    fn connected_session(&self, x: ConnectionSlot) -> Option<Session> {
        self.inner.connection(x).session()
    }

    /// Returns other references to what a context has cached, of those that `wanted` picks.
    fn cached_where(&self, c: ContextSlot, wanted: impl Fn(&Session) -> bool) -> Vec<Session> {
        let mut found = Vec::new();
        self.inner.context(c).sessions(|session| {
            if wanted(session) {
                found.push(session.up_ref());
            }
        });
        found
    }

    /// Keeps a reference for ever.
    fn leak(&mut self, session: Option<Session>) {
        self.state.kept.extend(session);
    }

    /// Returns another reference to the session of a slot, if it has one.
    fn another(&self, s: Slot) -> Option<Session> {
        self.is_live(s).then(|| self.session(s).up_ref())
    }

    fn is_live(&self, s: Slot) -> bool {
        self.inner.address(Variable::Session(s)) != 0
    }

    /// Tells whether two sessions share a buffer, if the bug is such.
    fn share(&self, a: Slot, b: Slot) -> bool {
        let is_dup =
            |dup: Slot, source| self.state.shares[dup.index()] && self.state.dup_of[dup.index()] == Some(source);
        a != b && (is_dup(a, b) || is_dup(b, a))
    }

    /// Carries a change of one buffer over to the sessions that share it.
    fn spread(&self, s: Slot, change: impl Fn(&Session)) {
        let partners = Slot::all().filter(|other| self.share(s, *other) && self.is_live(*other));
        partners.for_each(|partner| change(&self.session(partner)));
    }
}

/// Returns `handshake_failure` in the place of an alert, if there is one.
fn other_alert(alert: u32) -> u32 {
    if alert == 0 { 0 } else { alert & !0xff | 40 }
}

/// Cuts bytes down to the first so many: what a setter without a check would write.
fn cut(bytes: &Bytes, limit: usize) -> Bytes {
    bytes.get().map_or(Bytes::NULL, |bytes| Bytes::new(&bytes[..bytes.len().min(limit)]))
}

fn is_clear(bytes: &Bytes) -> bool {
    bytes.get().is_none_or(<[u8]>::is_empty)
}

fn length(bytes: &Bytes) -> usize {
    bytes.get().map_or(0, <[u8]>::len)
}

impl Port for Mutant {
    fn identity(&self) -> Identity {
        let name = format!("planted:{}", self.bug.name());
        Identity { name, ..self.inner.identity() }
    }

    fn abilities(&self) -> Abilities {
        self.inner.abilities()
    }

    fn begin(&mut self, ops: &[Op], memory: Memory, origins: bool) {
        self.inner.begin(ops, memory, origins);
        self.state = State::default();
    }

    fn end(&mut self) -> Ended {
        Ended { balance: Some(self.state.leaked), left: Vec::new() }
    }

    fn misuse(&mut self) -> Option<Mishap> {
        self.inner.misuse()
    }

    fn call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        (self.state.passed, self.state.last) = (moment.passed, moment.last);
        let returned = match self.instead(op) {
            Some(Instead::Return(returned)) => {
                // What the peers of this handshake decided is of no other.
                if matches!(op, Op::Handshake { .. }) {
                    moment.tape.next_part();
                    self.state.refused = true;
                }
                returned
            }
            Some(Instead::Call(other)) => self.make(op, &other, moment),
            None => self.make(op, op, moment),
        };
        match returned {
            Returned::Copied { returned, overrun, .. } => {
                Returned::Copied { returned, bytes: &self.state.copied, overrun }
            }
            other @ (Returned::Nothing
            | Returned::Number(_)
            | Returned::Session(_)
            | Returned::Chain(_)
            | Returned::Read { .. }) => other,
        }
    }

    fn forget(&mut self, variable: Variable) {
        self.inner.forget(variable);
        let Variable::Session(s) = variable else { return };
        self.state.stale[s.index()] = false;
        self.state.is_dup[s.index()] = false;
        self.state.dup_of[s.index()] = None;
        self.state.dup_of.iter_mut().filter(|source| **source == Some(s)).for_each(|source| *source = None);
    }

    fn lend(&mut self, s: Slot, x: ConnectionSlot) -> bool {
        self.inner.lend(s, x)
    }

    fn read(&mut self, s: Slot, field: Field) -> Value<'_> {
        if field == Field::Der && self.writes_otherwise() {
            return self.spoiled_der(s);
        }
        self.spoiled(s, field).unwrap_or_else(|| self.inner.read(s, field))
    }

    fn shared(&self, a: Slot, b: Slot) -> Fields {
        if self.share(a, b) { self.shared_fields() } else { Fields::NONE }
    }

    fn address(&self, variable: Variable) -> usize {
        self.inner.address(variable)
    }

    fn count(&self, place: Place) -> Option<u32> {
        let count = self.inner.count(place)?;
        Some(count.saturating_sub(self.uncounted(place)))
    }

    fn holders(&self, address: usize) -> Holders {
        self.inner.holders(address)
    }

    fn cached(&self, c: Option<ContextSlot>, each: &mut dyn FnMut(Cached<'_>)) {
        self.inner.cached(c, &mut |cached| {
            let uncounted = self.uncounted(Place::Address(cached.address));
            let references = || (cached.references)().map(|count| count.saturating_sub(uncounted));
            each(Cached { references: &references, ..cached });
        });
    }

    fn plant_error(&mut self) {
        self.state.error_planted = true;
    }

    fn after(&mut self) -> After {
        self.state.error_planted = false;
        let own = std::mem::take(&mut self.state.after);
        After { raised: self.inner.after().raised | own.raised, ..own }
    }
}

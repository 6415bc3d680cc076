//! Ledger and plan: who owns what, worked out before anything runs; which calls are made and which are skipped.
//!
//! # Why no program commits C undefined behaviour
//!
//! This file is the whole argument; every other file relies on it and adds nothing.
//!
//! 1. *Pointers.* A session pointer lives in a slot, and only in slots. A constructor runs only into an empty slot, so no
//!    pointer is overwritten; every other call runs only on a slot that owns at least one reference, so no pointer is
//!    used after the reference it stands for was given back. A free takes one reference off the slot that owns it, and
//!    the slot is empty when it owned one. The object is alive as long as a slot owns a reference to it: whoever else holds
//!    one, a connection, a cache or a callback, gives back its own.
//! 2. *NULL* is an operand only where SEMANTICS allows it: `SSL_SESSION_free`, the time and timeout functions, byte
//!    strings with length 0, `SSL_SESSION_set_cipher`, `SSL_SESSION_set1_hostname`. The operand types make any other
//!    NULL unspellable (`Slot` against `Option<Slot>`). BoringSSL and AWS-LC define neither `SSL_SESSION_get_timeout(NULL)`
//!    nor `SSL_set_SSL_CTX(x, NULL)`, and follow it: with a library of that family these calls are not made
//!    ([`Quirks::undefined`]).
//! 3. *Buffers.* Bytes and their length come from one allocation; a C string carries its NUL. What a function copies
//!    out goes into a buffer of at least the size it is told.
//!    The id that a session lends is set to it again only where the library takes that: BoringSSL ends the process.
//! 4. *Application data* are numbers that nobody follows. Indices are -1, registered ones and one small unregistered
//!    one, all of which OpenSSL answers without touching memory it does not own. Where a library leaves -1 undefined it
//!    is left out, as `NULL` is.
//! 5. *Integers.* Every value of the C type is allowed where the sources compute without signed overflow. Releases 3.0
//!    to 3.1 add signed seconds in `ssl_session_calculate_timeout`; 3.0.15 and 3.1.7 made that safe. Sums that overflow
//!    in an older release are that release's fault, wrap in practice and are not observable here.
//! 6. *What a constructor returns* is known beforehand: `SSL_SESSION_dup` is NULL when a callback of the harness refuses,
//!    when application data was set and no index was ever registered, and when the ticket is empty (all three: OpenSSL
//!    1.1.1 to 4.0). In wolfSSL application data refuses nothing ([`Quirks::copies_ex_data`]). A port that returns anything else has
//!    diverged, and its program ends there: no later call relies on a pointer that is not as planned.
//! 7. *Borrowed pointers* (`SSL_get_session`) are used as long as the connection that lent them has the same session: every call
//!    that may change it ends the loan. A free of what is only borrowed is skipped; taking a reference makes it the slot's own.
//! 8. *What may be empty.* Whether a callback kept anything is known when the program runs, and so is everything made from that.
//!    Such a slot counts as taken here, and a step that uses it while it is empty is skipped then (`exec`), on both ports, or
//!    they differ; its result's slot is empty from there on. A slot is freed then as often as it owns, never more. A session
//!    that may be another one, because a step before may not have run, is *unknown*: no call that is a hazard for any session is made on it.
//! 9. *Contexts and connections* are owned by their slots alike; connections hold two references to contexts. The last reference
//!    to a pooled context is the pool's. `NULL` is an operand of `SSL_CTX_free`, `SSL_free`, `SSL_set_session`, `SSL_set_SSL_CTX`
//!    and `SSL_CTX_remove_session` only (SEMANTICS, section 6). `SSL_dup` of a connection whose handshake was begun is one
//!    reference more to it; where a library returns anything else, the program ends.
//! 10. *Handshakes* are made on connections that have not begun one, one made for clients and one made for servers, with sessions
//!     that come from handshakes and were not changed since (`handshake.rs`): then no byte of what a peer sends is the program's. A
//!     session of a handshake may be in the cache of the contexts of the connections that it was on, and in no other.
//! 11. *Hazards* are defined C on our side and break the library: a session in two caches (it has one pair of links), another id
//!     or version while it is cached (the hash is not told). They are skipped unless asked for, and then run in a child. So are blocks
//!     that free or keep what they only borrow, that put a session into a second cache, or that call themselves: these are misuse on the
//!     program's side, which C does not stop, so the native session does what would have been right.
//! 12. *Bytes* are the program's, at any length, in a buffer of just that length. A session that was read from them is offered in a
//!     handshake where they are unchanged and of a session that could be. Reading into a session that a cache has is a hazard, unless
//!     the bytes are its own: id and version stay what the hash goes by.
//! 13. *Faults of a release* that break the library where the calls are right are skipped likewise, in that release alone
//!     ([`Quirks`]).
//! 14. *Blocks* are calls inside a callback, and whether one is made is found out there, on every port alike (`block.rs`). The
//!     session that the callback is told of is held until it returns by who calls: a new callback has a reference of its own, and
//!     the caller of a remove callback gives the cache's reference back after it (`remove_session_lock`, `SSL_CTX_flush_sessions_ex`,
//!     1.1.1 to 4.0), or was given the session. References that a block takes are kept by the harness, so a duplicate can be used while one is
//!     kept, and `SSL_SESSION_free` gives back a kept one only. A context is used while a variable of the program holds it that the
//!     call around does not give back: nothing is put into the cache of a context that is being freed. A session is put into no
//!     cache while another one has it. A block that runs inside another one does nothing, so no two caches hand a session back and
//!     forth for ever. The lock of a cache is not recursive: while 3.0 to 4.0.1 flush or evict, calls on the same cache fail, as
//!     `pthread_rwlock_wrlock` returns `EDEADLK`; 1.1.1 ignores that, so there remove callbacks that are blocks are skipped ([`Quirks`]).
//!     A callback for servers' names moves a server to a context that a variable holds then, and gives it its certificate again, for that
//!     goes with the context. The connection takes a reference to where it goes, and gives back that to where it was, which is
//!     somebody else's too, or no handshake is made: a variable holds it, or its sessions are cached there. Where a connection may have
//!     been moved to counts as held until the connection goes or is told where it is, and until then it is not copied. A client stays
//!     where it is.
//!     What a block may have done is booked when it is set: what it is told of may be in any cache, a byte variable that it writes to may
//!     hold any session's bytes, and a time that it sets changes what handshakes send.
//! 15. *Blocks that give* a session: their callback is told of none. They use one that the harness keeps, while it keeps it, one that
//!     they make, which the harness keeps, or one that a variable owns, which no call that makes a handshake gives back. No lock is
//!     held while they run (`lookup_sess_in_cache`, `tls_construct_ctos_early_data`, `tls_parse_ctos_psk`, 1.1.1 to 4.0). How a handshake goes depends on every byte of what is given, so it
//!     is what a handshake has made, unchanged, and to its end: with suite and key, of which OpenSSL follows a NULL pointer. What is
//!     given is there until the callback returns; then the library takes a reference, or has the one that was given away, which the
//!     harness keeps no more. To give away what the block took no reference of is a hazard. A get callback's session goes into the
//!     cache, so one that another cache has is not given. What a variable holds that a block names may be in a cache and on a
//!     connection after each handshake, and is unknown from there on.

mod block;
pub mod clock;
mod connection;
mod context;
mod handshake;
mod ledger;
mod owed;
mod touched;

pub use block::{Around, Giving, left_out, not_given};
pub use context::Shared;
pub use ledger::Ledger;
pub use owed::Owed;
pub use touched::{Touched, is_about, touches};

use serde::{Deserialize, Serialize};

use crate::field::Field;
pub use crate::op::Kinds;
use crate::op::{CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, Op, SLOTS, Slot};
use crate::program::Program;

/// What the ledger has to know of the process a program runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Whether the harness registered its three ex_data indices.
    pub ex_data: bool,
    /// The functions that one of the ports lacks.
    pub lacks: Kinds,
    /// Calls that are legal C and break the library are made too.
    pub hazards: bool,
    /// What is heeded in the tested release alone.
    pub quirks: Quirks,
}

impl Setup {
    /// Makes a setup in which nothing is lacking and no quirk is heeded.
    pub const fn new(ex_data: bool) -> Setup {
        Setup { ex_data, lacks: Kinds::NONE, hazards: false, quirks: Quirks::NONE }
    }
}

/// Says what the harness heeds in the tested release alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quirks {
    /// A duplicate of a cached session is moved in a list that it is not in when its time is set, which breaks the library: such a
    /// call is left out.
    pub copies_keep_owner: bool,
    /// `SSL_clear` keeps what was read at the end of a connection, and the next handshake reads it: such a call is left out.
    pub clear_keeps_record: bool,
    /// A flush goes through sessions in an order of its own: what becomes of them is compared as a set, and callbacks that do
    /// something are left out.
    pub flush_has_no_order: bool,
    /// A server of TLS 1.3 loses the session of a ticket whose callback ends the handshake: no such callback is set.
    pub aborted_ticket_leaks: bool,
    /// A server of TLS 1.3 loses what its callback found where that cannot be duplicated: a program that has such a callback marks no
    /// session so, and the other way about.
    pub refused_copy_leaks: bool,
    /// A server of TLS 1.3 sends no ticket where what is offered has another digest: the first that is sent after that gives the session
    /// another id.
    pub other_digest_gets_no_ticket: bool,
    /// A duplicate has all application data, whatever is registered, and no callback refuses it.
    pub copies_ex_data: bool,
    /// Calls that have an operand which OpenSSL takes, and the library does not define: with `NULL`, or a negative index, they are left
    /// out, as if they were lacking.
    pub undefined: Kinds,
}

impl Quirks {
    /// Heeds nothing.
    pub const NONE: Quirks = Quirks {
        copies_keep_owner: false,
        clear_keeps_record: false,
        flush_has_no_order: false,
        aborted_ticket_leaks: false,
        refused_copy_leaks: false,
        other_digest_gets_no_ticket: false,
        copies_ex_data: false,
        undefined: Kinds::NONE,
    };

    /// Returns what is heeded where nothing of this is that makes the plan leave out calls which break a release.
    #[must_use]
    pub fn without(self, other: Quirks) -> Quirks {
        Quirks {
            copies_keep_owner: self.copies_keep_owner && !other.copies_keep_owner,
            clear_keeps_record: self.clear_keeps_record && !other.clear_keeps_record,
            aborted_ticket_leaks: self.aborted_ticket_leaks && !other.aborted_ticket_leaks,
            refused_copy_leaks: self.refused_copy_leaks && !other.refused_copy_leaks,
            ..self
        }
    }

    /// Returns what is heeded where two releases are run.
    #[must_use]
    pub fn or(self, other: Quirks) -> Quirks {
        Quirks {
            copies_keep_owner: self.copies_keep_owner || other.copies_keep_owner,
            clear_keeps_record: self.clear_keeps_record || other.clear_keeps_record,
            flush_has_no_order: self.flush_has_no_order || other.flush_has_no_order,
            aborted_ticket_leaks: self.aborted_ticket_leaks || other.aborted_ticket_leaks,
            refused_copy_leaks: self.refused_copy_leaks || other.refused_copy_leaks,
            other_digest_gets_no_ticket: self.other_digest_gets_no_ticket || other.other_digest_gets_no_ticket,
            copies_ex_data: self.copies_ex_data || other.copies_ex_data,
            undefined: self.undefined.or(other.undefined),
        }
    }
}

/// What becomes of one op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is called.
    Run {
        /// Whether the call gives back the last reference.
        ends: bool,
        /// What a constructor returns.
        makes: Makes,
        /// The slots it names.
        touched: Touched,
        /// The field it sets, if it is a setter.
        sets: Option<Field>,
    },
    /// It is not.
    Skip(Skip),
}

/// What a call returns, as far as ownership goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// It is no constructor.
    Nothing,
    /// A session with one reference.
    Session,
    /// NULL.
    Null,
    /// One of both: what is in a session, or a handshake, decides.
    Maybe,
    /// The connection that it was given, with one more reference: its own variable stays empty.
    Same,
}

/// Why an op is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The result's slot holds a session.
    Taken,
    /// The operand's slot is empty.
    Empty,
    /// A port lacks the function.
    Unsupported,
    /// The operand is not the program's to give back.
    Borrowed,
    /// The call is legal C and breaks the library: it is made where that is looked for.
    Hazard,
    /// The call breaks the tested release, by a fault of its own: see [`Quirks`].
    Avoided,
    /// A connection is not ready for it.
    Unready(Unready),
}

/// Why a connection is not ready for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// It is a server where a client is meant, or the other way round.
    WrongSide,
    /// It has begun a handshake, and was not cleared since.
    HasBegun,
    /// It was given what belongs to connections of the other side.
    MixedSides,
    /// Its context has a timeout that no ticket can say.
    OddTimeout,
    /// It has a session that the program made or changed: how the handshake would go depends on every byte of it.
    UnfitSession,
    /// It has made no handshake, or has another session since.
    NoHandshake,
    /// It was given a session after its handshake was begun, and cannot read any more.
    CannotRead,
    /// It was told how it ended, or has said or read so.
    ToldEnd,
    /// A callback may have moved it to another context.
    MayHaveMoved,
    /// After its handshake there was another one, or the client was asked for a certificate: it is not cleared.
    AskedAgain,
    /// It speaks DTLS, and what it would meet speaks TLS, or the other way round; or DTLS has nothing of the kind.
    OtherProtocol,
}

/// A session as the coverage summary sees it, as far as the ledger knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Those of the slot: 1, 2, or 3 and more; 0: it borrows.
    pub references: u32,
    /// Where it comes from.
    pub origin: Origin,
    /// It may be in a cache.
    pub cached: bool,
    /// A connection has it.
    pub connected: bool,
    /// It has an id, or a ticket, and was not taken out of a cache.
    pub resumable: bool,
}

impl State {
    /// How many states there are.
    pub const COUNT: usize = 32;

    /// Returns a number below [`State::COUNT`]: references, then cached, connected, resumable.
    pub fn index(self) -> usize {
        let flags = usize::from(self.cached) * 4 + usize::from(self.connected) * 2 + usize::from(self.resumable);
        self.references.min(3) as usize * 8 + flags
    }
}

/// Where a session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// New, nothing set.
    Fresh,
    /// Something was set, or it is a sample.
    Filled,
    /// Made by `SSL_SESSION_dup`.
    Dup,
}

/// Why a duplicate of a session is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CannotDup {
    Callback,
    EmptyTicket,
}

/// A program with everything settled that can be settled before it runs. Reused from program to program.
#[derive(Clone, Debug)]
pub struct Plan {
    /// One for each op.
    pub steps: Vec<Step>,
    /// Lists the reference counts that a port must show: after each step that runs those of the result's slot and of the used
    /// slot, if they hold something; then the same for each reference given back at the end. [`Plan::make`] alone fills this and the
    /// next two.
    pub counts: Vec<u32>,
    /// The step of each count.
    pub count_steps: Vec<u32>,
    /// The step of each destruction, in order.
    pub deaths: Vec<u32>,
    /// How many references each slot owns at the end; the harness gives them back in slot order, sessions first, then
    /// connections, then contexts.
    pub left: [u32; SLOTS],
    /// The same of connections.
    pub left_connections: [u32; CONNECTIONS],
    /// The same of contexts.
    pub left_contexts: [u32; CONTEXTS],
    /// Contexts or connections are used: who holds a session is found out while the program runs, and neither counts nor deaths
    /// are worked out beforehand.
    pub shared: bool,
    /// Both ports tell when a session is destroyed.
    pub tells_ends: bool,
    setup: Setup,
    ledger: Ledger,
}

impl Plan {
    /// Makes an empty plan for programs that run under `setup`.
    pub fn new(setup: Setup) -> Plan {
        Plan {
            steps: Vec::new(),
            counts: Vec::new(),
            count_steps: Vec::new(),
            deaths: Vec::new(),
            left: [0; SLOTS],
            left_connections: [0; CONNECTIONS],
            left_contexts: [0; CONTEXTS],
            shared: false,
            tells_ends: setup.ex_data,
            setup,
            ledger: Ledger::new(setup),
        }
    }

    /// Plans `program`. Total: any program has a plan. Needs no port and no clock.
    pub fn make(&mut self, program: &Program) {
        self.begin();
        for (at, op) in program.ops.iter().enumerate() {
            let Step::Run { ends, makes, touched, .. } = self.step(op) else { continue };
            if self.buries(op, ends, makes) {
                self.deaths.push(at as u32);
            }
            for slot in [touched.made, touched.used].into_iter().flatten() {
                let references = self.ledger.references(slot);
                if references > 0 {
                    self.counts.push(references);
                    self.count_steps.push(at as u32);
                }
            }
        }
        self.finish();
        let mut at = program.ops.len() as u32;
        for references in self.left {
            for left in (1..references).rev() {
                self.counts.push(left);
                self.count_steps.push(at + references - left - 1);
            }
            at += references;
            if references > 0 {
                self.deaths.push(at - 1);
            }
        }
        if self.shared {
            self.counts.clear();
            self.count_steps.clear();
            self.deaths.clear();
        }
    }

    /// Begins a plan that is made op by op: [`Plan::step`], then [`Plan::finish`]. Of counts and destructions it says nothing
    /// beforehand: the ledger knows them after each step.
    pub fn begin(&mut self) {
        self.ledger = Ledger::new(self.setup);
        self.steps.clear();
        self.counts.clear();
        self.count_steps.clear();
        self.deaths.clear();
    }

    /// Settles what becomes of the next op.
    #[inline]
    pub fn step(&mut self, op: &Op) -> Step {
        let step = self.ledger.step(op);
        self.steps.push(step);
        step
    }

    /// Settles what becomes of an op that the harness makes after the last one of the program.
    pub fn give_back(&mut self, op: &Op) -> Step {
        self.ledger.step(op)
    }

    /// Notes what is still owned after the last op.
    pub fn finish(&mut self) {
        let shared = self.ledger.shared();
        self.shared = shared.used();
        self.left = Slot::each().map(|slot| self.ledger.references(slot));
        self.left_connections = ConnectionSlot::each().map(|slot| shared.connection_references(slot));
        self.left_contexts = ContextSlot::each().map(|slot| shared.context_references(slot));
    }

    /// Returns who owns what after the ops so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Tells whether a session is destroyed within a step that runs. A duplicate that is refused was born all the same, and dies
    /// within the call: callbacks tell so.
    #[inline]
    pub fn buries(&self, op: &Op, ends: bool, makes: Makes) -> bool {
        ends || self.setup.ex_data && makes == Makes::Null && matches!(op, Op::Dup { .. })
    }

    /// Lists the ops that give back what is left after the last op, one reference each: of sessions, then of connections, then of
    /// contexts, in slot order.
    pub fn given_back(&self) -> impl Iterator<Item = Op> {
        let (sessions, connections, contexts) = (self.left, self.left_connections, self.left_contexts);
        let sessions = Slot::all()
            .flat_map(move |slot| std::iter::repeat_n(Op::Free { s: Some(slot) }, sessions[slot.index()] as usize));
        let connections = ConnectionSlot::all().flat_map(move |slot| {
            std::iter::repeat_n(Op::SslFree { x: Some(slot) }, connections[slot.index()] as usize)
        });
        let contexts = ContextSlot::all()
            .flat_map(move |slot| std::iter::repeat_n(Op::CtxFree { c: Some(slot) }, contexts[slot.index()] as usize));
        sessions.chain(connections).chain(contexts)
    }

    /// Returns what the ports can do, as it was given.
    pub fn setup(&self) -> Setup {
        self.setup
    }

    /// Counts the ops that are to run.
    pub fn planned(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Run { .. })).count()
    }

    /// Counts the ops that ran: those that were planned, but for `skips`, which had nothing to run on.
    pub fn runs(&self, skips: &[u32]) -> usize {
        // What is given back at the end is none of the program's ops.
        self.planned() - skips.iter().filter(|step| (**step as usize) < self.steps.len()).count()
    }

    /// Tells whether an op of `program`, which was planned last, ran in the library: not but for `skips`, and not the harness's own
    /// clock alone.
    pub fn reaches_library(&self, program: &Program, skips: &[u32]) -> bool {
        let mut steps = (0..).zip(program.ops.iter().zip(&self.steps));
        steps
            .any(|(at, (op, step))| !op.kind().sets_clock() && matches!(step, Step::Run { .. }) && !skips.contains(&at))
    }
}

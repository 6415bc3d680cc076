//! Laws: what holds of any correct library, whatever a model says.
//!
//! A law is asked of one port alone: it takes a program, makes a *variation* of it, and says how the two must go. Where two
//! implementations agree on something wrong, a law still shows it.

mod appended;
mod inserted;
mod same;
mod variation;

pub use variation::Variation;

use crate::host::Host;
use crate::op::Op;
use crate::oracle::{Aspect, Call, Signature};
use crate::pair::{Look, Pair};
use crate::plan::{Makes, Plan, Setup, Step};
use crate::program::Program;
use crate::trace::Trace;

/// A statement that holds of any correct library.
#[derive(Debug)]
pub struct Law {
    /// Names it, for ever.
    pub name: &'static str,
    /// Says what holds.
    pub sentence: &'static str,
    /// Says where that is written, or what it follows from.
    pub source: &'static str,
    /// Says in which way OpenSSL is known to break it, and where that was reported; empty: in none.
    pub known: &'static str,
    /// Makes a variation of a program; `None`: the law says nothing of that program. The number chooses one of several.
    vary: fn(&Program, Setup, u64) -> Option<Variation>,
    asks: Asks,
}

/// What a law asks of a program and its variation.
#[derive(Clone, Copy, Debug)]
enum Asks {
    /// Wants what is a step of both to go the same way.
    Same,
    /// Finds the step of the variation that breaks the law.
    Claim(fn(&Gone<'_>, &Gone<'_>) -> Option<usize>),
}

/// How one program went.
#[derive(Clone, Copy, Debug)]
pub struct Gone<'a> {
    /// Lists the calls.
    pub program: &'a Program,
    /// Says what was planned.
    pub plan: &'a Plan,
    /// Holds what the port did.
    pub trace: &'a Trace,
}

impl Gone<'_> {
    /// Returns what a call returned; `None`: it was not made.
    fn returned(&self, at: usize) -> Option<i64> {
        self.trace.returned_in(at)
    }
}

/// Where a port breaks a law.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Names the law.
    pub law: &'static Law,
    /// Holds the variation of the program.
    pub variation: Variation,
    /// Gives the step of the variation in which it shows.
    pub step: usize,
    /// Names what differs there.
    pub signature: Signature,
    /// Says what the port did there in the program, and in the variation.
    pub seen: [String; 2],
}

impl Broken {
    /// Tells whether the variation breaks the port, or leaves something behind: a program in C fails there, whatever was expected.
    pub fn fails(&self) -> bool {
        use Aspect::{Breakage, Ended, FreedTooMuch, Leak, Lost};
        matches!(self.signature.aspect, Breakage(_) | Ended | Leak | FreedTooMuch | Lost)
    }
}

/// Where a variation goes another way than its program, or than the law claims.
struct Shown {
    /// A step of the variation.
    step: usize,
    /// The call that is blamed, if not that of the step.
    call: Option<Call>,
    aspect: Aspect,
    /// Says what the port did in the program, and in the variation.
    seen: [String; 2],
}

/// What a law says of a program.
#[derive(Clone, Debug)]
pub enum Ruling {
    /// Says nothing: the program has no place for its variation, fails by itself, or does not do the same twice.
    Silent,
    /// Holds.
    Holds,
    /// Does not hold.
    Broken(Box<Broken>),
}

/// Something that runs a program on one port: plans it, and leaves plan and trace.
pub trait Bench {
    /// Returns what programs are planned for.
    fn setup(&self) -> Setup;
    /// Runs a program.
    fn run(&mut self, program: &Program, look: Look) -> (Plan, Trace);
}

impl<L: Host, R: Host> Bench for Pair<L, R> {
    fn setup(&self) -> Setup {
        self.plan().setup()
    }

    fn run(&mut self, program: &Program, look: Look) -> (Plan, Trace) {
        self.run_right(program, look);
        (self.plan().clone(), self.traces().1.clone())
    }
}

/// The left port of a pair, which plays what the peers of the right one decided in handshakes.
pub struct Played<'a, L, R>(pub &'a mut Pair<L, R>);

impl<L: Host, R: Host> Bench for Played<'_, L, R> {
    fn setup(&self) -> Setup {
        self.0.plan().setup()
    }

    fn run(&mut self, program: &Program, look: Look) -> (Plan, Trace) {
        self.0.run(program, look);
        (self.0.plan().clone(), self.0.traces().0.clone())
    }
}

impl Law {
    /// Lists every law.
    pub const ALL: &'static [Law] = LAWS;

    /// Finds the law of this name.
    pub fn of_name(name: &str) -> Option<&'static Law> {
        LAWS.iter().find(|law| law.name == name)
    }

    /// Makes a variation of a program; `None`: there is no place for it. `number` chooses one of several.
    pub fn variation(&self, program: &Program, setup: Setup, number: u64) -> Option<Variation> {
        (self.vary)(program, setup, number).filter(|variation| variation.is_planned(program, setup))
    }

    /// Asks what the law says of a program on a port. `number` chooses one of several variations.
    pub fn judge(&'static self, bench: &mut impl Bench, program: &Program, look: Look, number: u64) -> Ruling {
        let Some(variation) = self.variation(program, bench.setup(), number) else { return Ruling::Silent };
        let (plan, trace) = bench.run(program, look);
        // Leave what already goes wrong to others.
        if trace.mishap.is_some() || trace.stopped.is_some() {
            return Ruling::Silent;
        }
        let original = Gone { program, plan: &plan, trace: &trace };
        let (plan, trace) = bench.run(&variation.program, look);
        let varied = Gone { program: &variation.program, plan: &plan, trace: &trace };
        let broken = match self.asks {
            Asks::Same => same::differs(&original, &varied, &variation),
            Asks::Claim(claim) => claim(&original, &varied).map(|step| {
                let before = variation.of.get(step).copied().flatten().map(|at| shown(original.trace, at));
                let seen = [before.unwrap_or_default(), shown(varied.trace, step)];
                Shown { step, call: None, aspect: Aspect::Return, seen }
            }),
        };
        let Some(Shown { step, call, aspect, seen }) = broken else { return Ruling::Holds };
        // What is made once in a process, a context of the pool for one, moves what is random: only the first time.
        let again = [program, &variation.program].map(|program| bench.run(program, look).1);
        if again[0].log() != original.trace.log() || again[1].log() != varied.trace.log() {
            return Ruling::Silent;
        }
        let of_step = || variation.program.ops.get(step).map_or(Call::End, |op| Call::Kind(op.kind()));
        let signature = Signature { call: call.unwrap_or_else(of_step), aspect };
        Ruling::Broken(Box::new(Broken { law: self, variation, step, signature, seen }))
    }
}

/// Says what a port did in a step.
fn shown(trace: &Trace, at: usize) -> String {
    let mut all: Vec<String> = trace.entries(at).map(|entry| entry.to_string()).collect();
    if let Some(mishap) = trace.mishap.as_ref().filter(|mishap| mishap.step as usize == at) {
        all.push(mishap.breakage.to_string());
    }
    all.join(", ")
}

/// Reads calls in text.
fn calls(text: &str) -> Vec<Op> {
    let program: Program = format!("{}\n{text}", crate::program::MARKER).parse().expect("calls of a law");
    program.ops
}

/// Tells whether each of these steps is made, and makes what it is to make.
fn is_made(step: Step) -> bool {
    matches!(step, Step::Run { makes: Makes::Nothing | Makes::Session | Makes::Maybe | Makes::Same, .. })
}

macro_rules! law {
    ($name:literal, $sentence:literal, $source:literal, $vary:path $(; known $known:literal)?) => {
        Law { name: $name, sentence: $sentence, source: $source, known: concat!($($known)?), vary: $vary, asks: Asks::Same }
    };
    ($name:literal, $sentence:literal, $source:literal, $vary:path, $claim:path $(, known $known:literal)?) => {
        Law {
            name: $name,
            sentence: $sentence,
            source: $source,
            known: concat!($($known)?),
            vary: $vary,
            asks: Asks::Claim($claim),
        }
    };
}

const LAWS: &[Law] = &[
    law!(
        "up-ref-and-free",
        "A reference that is taken and given back changes nothing.",
        "SSL_SESSION_free(3): SSL_SESSION_up_ref() increments the count by 1, SSL_SESSION_free() decrements it",
        inserted::up_ref_and_free
    ),
    law!(
        "context-up-ref-and-free",
        "A reference to a context that is taken and given back changes nothing.",
        "SSL_CTX_new(3): SSL_CTX_up_ref() increments the count; SSL_CTX_free(3) decrements it",
        inserted::context_up_ref_and_free
    ),
    law!(
        "connection-up-ref-and-free",
        "A reference to a connection that is taken and given back changes nothing.",
        "SSL_new(3): SSL_up_ref() increments the count; SSL_free(3) decrements it",
        inserted::connection_up_ref_and_free
    ),
    law!(
        "free-of-null",
        "Freeing NULL does nothing.",
        "SSL_SESSION_free(3), SSL_CTX_free(3), SSL_free(3): if the argument is NULL, nothing is done",
        inserted::free_of_null
    ),
    law!(
        "order-of-frees",
        "In which order independent references are given back changes nothing that comes after.",
        "follows from SSL_SESSION_free(3): a session lives until its last reference is given back",
        variation::frees_in_another_order
    ),
    law!(
        "a-stranger",
        "A session that nobody shares changes nothing for the others.",
        "follows from SSL_SESSION_new(3): a session belongs to who made it",
        inserted::stranger
    ),
    law!(
        "a-strange-context",
        "What is done to one context changes nothing in another.",
        "SSL_CTX_new(3): the settings and the cache are those of that context",
        inserted::strange_context
    ),
    law!(
        "reading",
        "A getter changes nothing.",
        "the manual pages of the getters: the pointers are const, and no effect is named",
        inserted::getter
    ),
    law!(
        "setting-twice",
        "Setting a field to what it was just set to changes nothing.",
        "the manual pages of the setters: what is set replaces what was there",
        inserted::setter_again
    ),
    law!(
        "a-failed-setter",
        "A setter that refuses its argument leaves what was there.",
        "SSL_SESSION_get0_id_context(3), SSL_SESSION_set1_id(3): 0 is returned if the length is over the limit",
        inserted::failing_setter
    ),
    law!(
        "removing-a-stranger",
        "Removing a session that was never added changes no cache.",
        "SSL_CTX_add_session(3): SSL_CTX_remove_session() removes the session from the cache, if it is there",
        inserted::remove_stranger
    ),
    law!(
        "dup-and-free",
        "A duplicate that is made and given back changes nothing.",
        "SSL_SESSION_free(3): SSL_SESSION_dup() creates a new copy; the count of the source is unchanged",
        inserted::dup_and_free
    ),
    law!(
        "dup-for-source",
        "Where a session has one owner, its duplicate in its place goes the same way.",
        "SSL_SESSION_free(3): the duplicate is an exact copy of the source",
        variation::dup_for_source;
        known "a lifetime hint without a ticket is not copied: docs/FINDINGS.md, 3"
    ),
    law!(
        "dup-of-dup",
        "A duplicate of a duplicate is a duplicate.",
        "follows from dup-for-source, asked right behind SSL_SESSION_dup()",
        variation::dup_of_dup
    ),
    law!(
        "get1-is-get0-and-up-ref",
        "SSL_get1_session() is SSL_get_session() and one reference more.",
        "SSL_get_session(3): SSL_get1_session() is the same as SSL_get_session(), but the reference count is incremented by one",
        variation::get0_and_up_ref
    ),
    law!(
        "der-twice",
        "Writing a session changes nothing.",
        "d2i_SSL_SESSION(3): i2d_SSL_SESSION() transforms the session into its representation",
        inserted::der
    ),
    law!(
        "offering-never-fails",
        "Offering a session never makes a handshake fail that succeeds without it.",
        "RFC 8446, 2.2 and RFC 5246, 7.3: what is not accepted leads to a full handshake",
        variation::without_an_offer,
        appended::failed_with_an_offer,
        known "a client ends the handshake if its session id context is not that of the session: cpython 103181, openssl 31964"
    ),
    law!(
        "resumable-resumes",
        "A session that says that it is resumable, offered at once under the same settings, is resumed.",
        "SSL_SESSION_is_resumable(3): determines whether the session can be used to resume",
        appended::resume,
        appended::was_not_resumed,
        known "tickets are sent that nothing can resume where there is neither a cache nor a stateless ticket: openssl 8077"
    ),
    law!(
        "lifetime-of-a-chain",
        "A chain of resumptions ends when the lifetime of its first session does.",
        "RFC 8446, 4.6.1: the total lifetime of the keys of one first handshake is to be limited",
        appended::chain,
        appended::outlived_itself,
        known "in TLS 1.3 each resumption starts the lifetime again: openssl 19341, 32227"
    ),
    law!(
        "no-lifetime",
        "A ticket with a lifetime of 0 is not offered.",
        "RFC 8446, 4.6.1: the value of zero indicates that the ticket should be discarded immediately",
        appended::ticket_of_no_lifetime,
        appended::was_resumed,
        known "a client says that a ticket of no lifetime is resumable, and offers it: openssl 32226"
    ),
    law!(
        "handshakes-are-counted",
        "Every handshake that succeeds is counted once as begun and once as ended by its client's context and by its server's.",
        "SSL_CTX_sess_number(3): the numbers of started and of successfully established sessions",
        appended::counters,
        appended::counts_wrong
    ),
];

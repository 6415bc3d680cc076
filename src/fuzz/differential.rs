//! Judges one input, and crashes so that a finding explains itself.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::groups;
use crate::exec::Watch;
use crate::op::Kind;
use crate::oracle::{Call, Divergence, Signature};
use crate::pair::{Look, Pair, Verdict};
use crate::plan::Setup;
use crate::port::c::{CPort, Probes};
use crate::port::mutant::{Bug, Mutant};
use crate::port::native::NativePort;
use crate::program::Program;

const BLAME_EVERY: u64 = 16;

/// Names the environment variable that plants a bug in the native session: the target must crash.
pub const PLANT: &str = "SESSDIFF_PLANT";
/// Names the environment variable that takes all probes away, set to `none`.
pub const PROBES: &str = "SESSDIFF_PROBES";

/// Judges a program: the native session against the linked OpenSSL.
///
/// # Panics
/// On a divergence, and when the library cannot be driven at all.
pub fn differential(program: &Program) {
    LAB.with_borrow_mut(|lab| match lab.get_or_insert_with(Lab::new).judge(program) {
        Verdict::Agree | Verdict::Known | Verdict::Nothing => {}
        Verdict::Diverge(found) => report(program, &found.divergence),
        Verdict::Inconclusive(why) => inconclusive(program, &why.to_string()),
    });
}

thread_local! {
    static LAB: RefCell<Option<Lab>> = const { RefCell::new(None) };
}

enum Lab {
    Honest(Box<Pair<NativePort, CPort>>),
    Planted(Box<Pair<Mutant, CPort>>),
}

impl Lab {
    fn new() -> Lab {
        let probes = match std::env::var(PROBES).as_deref() {
            Err(_) | Ok("all") => Probes::ALL,
            Ok("sessions") => Probes::SESSIONS,
            Ok("none") => Probes::NONE,
            Ok(other) => panic!("{PROBES}={other}: expected all, sessions or none"),
        };
        let c = CPort::linked(probes).unwrap_or_else(|error| panic!("{error}"));
        let (release, setup) = (c.library().release, Setup::new(probes.ex_data));
        match std::env::var(PLANT) {
            Err(_) => Lab::Honest(Box::new(Pair::new(NativePort::new(release, setup), c, probes.ex_data))),
            Ok(name) => {
                let bug = Bug::from_name(&name).unwrap_or_else(|| panic!("{PLANT}={name}: no such planted bug"));
                Lab::Planted(Box::new(Pair::new(Mutant::new(bug, release, setup), c, probes.ex_data)))
            }
        }
    }

    /// Judges a program. One in so many, chosen by its hash, is observed in full after every call, one only where sessions end, and
    /// of one the DER is compared.
    fn judge(&mut self, program: &Program) -> Verdict {
        let mut hasher = DefaultHasher::new();
        program.hash(&mut hasher);
        let hash = hasher.finish();
        let watch = match hash % BLAME_EVERY {
            0 => Watch::Blame,
            1 => Watch::Ends,
            _ => Watch::Fast,
        };
        let look = Look { der: (hash / BLAME_EVERY).is_multiple_of(Look::DER_EVERY), ..Look::from(watch) };
        match self {
            Lab::Honest(pair) => pair.judge_watching(program, look),
            Lab::Planted(pair) => pair.judge_watching(program, look),
        }
    }
}

/// Crashes with the signature, both sides, the program as text and the commands that replay it.
fn report(program: &Program, found: &Divergence) -> ! {
    let mut flags = String::new();
    if let Ok(name) = std::env::var(PLANT) {
        flags += &format!(" --port planted:{name}");
    }
    if std::env::var(PROBES).is_ok_and(|probes| probes == "none") {
        flags += " --probes none";
    }
    let text = format!(
        "{class} {signature} at step {step}\n  native:  {left}\n  openssl: {right}\n  ledger:  {ledger}\n{planted}\n{program}\n\
         Save the lines from `#! sessdiff 1` on as FILE.ops, or take the artifact as it is, and:\n  \
         cargo run --release -- replay{flags} FILE\n  cargo run --release -- import{flags} FILE\n",
        class = found.class,
        signature = found.signature(),
        step = found.step,
        left = found.left,
        right = found.right,
        ledger = found.ledger.as_deref().unwrap_or("no opinion"),
        planted = planted(found.signature()),
    );
    groups::end(call_kind(found), found.class, &text)
}

/// Says whether a planted bug is found under a signature of its own, and what the usual one is; the canary reads it.
fn planted(signature: Signature) -> String {
    let Some(bug) = std::env::var(PLANT).ok().and_then(|name| Bug::from_name(&name)) else { return String::new() };
    let shown = if bug.shows_as(signature) { "found as planted" } else { "not found as planted" };
    format!("  planted: {} {shown}: {}\n", bug.name(), bug.signature())
}

/// Returns the call that is blamed; what is found when a program has ended is grouped with what frees.
fn call_kind(found: &Divergence) -> Kind {
    match found.signature().call {
        Call::Kind(kind) => kind,
        Call::End => Kind::Free,
    }
}

#[inline(never)]
fn inconclusive(program: &Program, why: &str) -> ! {
    panic!("inconclusive: {why}\n{program}")
}

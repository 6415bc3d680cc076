//! Tells whether a port conforms. Generated programs are judged on the port and on the native session, and the first one that
//! differs is reduced. This is for the tests of whoever writes a port:
//!
//! ```no_run
//! # use sessdiff::port::native::NativePort as MyPort;
//! # use sessdiff::plan::Setup;
//! # let my_port = || MyPort::new(sessdiff::native::Release::V3_6_3, Setup::new(false));
//! use sessdiff::conform::{Trial, check};
//!
//! match check(my_port(), Trial::default()) {
//!     Ok(report) => println!("{report}"),
//!     Err(failure) => panic!("{failure}"),
//! }
//! ```
//!
//! `examples/rust_port.rs` is such a port, of a plain Rust type.

use std::fmt;

use crate::exec::Watch;
use crate::generate::{Generator, Which};
use crate::native::Release;
use crate::op::Kind;
use crate::oracle::Signature;
use crate::pair::{Diverged, Inconclusive, Look, Pair, Verdict};
use crate::plan::{Kinds, Plan, Setup, Step};
use crate::port::native::NativePort;
use crate::port::{Memory, Port};
use crate::program::Program;
use crate::reduce::{Answer, reduce};
use crate::report;
use crate::suite::{self, Level, Said};

/// Says what a port is tried with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The OpenSSL release that the port behaves as.
    pub release: Release,
    /// Says whether the port registers the harness's three ex_data indices and tells [`crate::port::events`] of their callbacks.
    /// Births and deaths of sessions are compared if it does.
    pub ex_data: bool,
    /// The same seed makes the same programs.
    pub seed: u64,
    /// Says how many programs are judged.
    pub programs: usize,
    /// The most calls in a program.
    pub longest: usize,
}

impl Default for Trial {
    /// Tries 2,000 programs of at most 48 calls from seed 1, as OpenSSL 3.6.3, without ex_data.
    fn default() -> Trial {
        Trial { release: Release::V3_6_3, ex_data: false, seed: 1, programs: 2_000, longest: 48 }
    }
}

/// Runs one program of this many twice: the port must do the same again.
const TWICE_EVERY: usize = 64;

/// Reports what ran. All of it agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Programs judged.
    pub programs: usize,
    /// Calls made on each port.
    pub calls: u64,
    /// Ops that were not called: no session in the slot, or one too many.
    pub skipped: u64,
    /// The functions that were called.
    pub called: Kinds,
    /// The functions that the port lacks, or that its release does not have.
    pub lacks: Kinds,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { programs, calls, skipped, called, lacks } = self;
        let [called, lacks] = [called, lacks].map(|kinds| kinds.iter().count());
        write!(
            f,
            "{programs} programs agree: {calls} calls of {called} functions, {skipped} skipped; {lacks} functions are lacked"
        )
    }
}

/// Says why a port is not known to conform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The port differs from the native session, or contradicts the ledger.
    #[error("{0}")]
    Diverged(Box<Finding>),
    /// A program has no verdict, which is no pass.
    #[error("inconclusive: {why}\n\n{program}")]
    Inconclusive {
        /// Why there is none.
        why: Inconclusive,
        /// The program.
        program: Program,
    },
    /// Not one call was made: an agreement about nothing.
    #[error("nothing ran: an agreement about nothing")]
    NothingRan,
}

/// Shows what is wrong by a program that is as small as it gets. Its text is a block that fits an issue tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The program.
    pub program: Program,
    /// Says what differs.
    pub diverged: Diverged,
    /// The names of the native session and of the port.
    pub ports: [String; 2],
}

impl Finding {
    /// Returns the stable key of the difference, such as `SSL_SESSION_dup/sid_ctx`.
    pub fn signature(&self) -> Signature {
        self.diverged.divergence.signature()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.ports.each_ref().map(String::as_str);
        f.write_str(report::block(&self.program, &self.diverged, ports, None, &[]).trim_end())
    }
}

/// Judges generated programs on a port and on the native session, until one differs.
///
/// # Errors
/// Fails with the first program that differs, reduced; with the first that has no verdict; or because nothing ran.
///
/// ```
/// use sessdiff::conform::{Failure, Trial, check};
/// use sessdiff::native::Release;
/// use sessdiff::plan::{Kinds, Setup};
/// use sessdiff::port::mutant::{Bug, Mutant};
///
/// // A port with a bug that we know of.
/// let setup = Setup::new(false);
/// let port = Mutant::new(Bug::DupForgetsHostname, Release::V3_6_3, setup);
/// match check(port, Trial::default()) {
///     Err(Failure::Diverged(found)) => assert_eq!(found.signature().to_string(), "SSL_SESSION_dup/hostname"),
///     other => panic!("{other:?}"),
/// }
/// ```
pub fn check<P: Port + 'static>(port: P, trial: Trial) -> Result<Report, Failure> {
    let Trial { release, ex_data, seed, programs, longest } = trial;
    let ports = ["native".into(), port.identity().name];
    let native = NativePort::new(release, Setup::new(ex_data));
    let mut pair = Pair::new(native, port, ex_data);
    let setup = pair.plan().setup();
    let no_contexts = [Kind::CtxNew, Kind::CtxPooled].iter().all(|kind| setup.lacks.contains(*kind));
    let which = if no_contexts { Which::Sessions } else { Which::All };
    let mut generator = Generator::new(seed, setup).about(which);
    let mut report = Report { programs, calls: 0, skipped: 0, called: Kinds::NONE, lacks: setup.lacks };
    for number in 0..programs {
        let program = generator.program(longest);
        let look = Look::from(watch(number));
        let verdict = match pair.judge_watching(&program, look) {
            Verdict::Agree if number % TWICE_EVERY == TWICE_EVERY - 1 => {
                pair.repeats(&program).map_or_else(Verdict::Inconclusive, |()| Verdict::Agree)
            }
            other @ (Verdict::Agree
            | Verdict::Known
            | Verdict::Nothing
            | Verdict::Diverge(_)
            | Verdict::Inconclusive(_)) => other,
        };
        match verdict {
            Verdict::Agree | Verdict::Known | Verdict::Nothing => {
                report.add(&program, pair.plan(), &pair.traces().0.skips)
            }
            Verdict::Inconclusive(why) => return Err(Failure::Inconclusive { why, program }),
            Verdict::Diverge(diverged) => {
                let (program, diverged) = smallest(&mut pair, &program, *diverged, look);
                return Err(Failure::Diverged(Box::new(Finding { program, diverged, ports })));
            }
        }
    }
    if report.calls == 0 { Err(Failure::NothingRan) } else { Ok(report) }
}

/// Sums up the cases of the levels that a port was checked with. None of them failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelReport {
    /// How many passed, those included that a fault of the release explains.
    pub passed: usize,
    /// The ids of those that call what the port lacks.
    pub unsupported: Vec<String>,
    /// The ids of those in which a call was left out.
    pub not_modelled: Vec<String>,
}

impl fmt::Display for LevelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LevelReport { passed, unsupported, not_modelled } = self;
        let [unsupported, not_modelled] = [unsupported, not_modelled].map(Vec::len);
        write!(f, "{passed} cases pass, {unsupported} are unsupported, {not_modelled} not modelled")
    }
}

/// Says which cases of the levels failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelFailure {
    /// The ids of these cases, each with what differs, as it fits an issue tracker.
    #[error("{} cases fail\n\n{}", .0.len(), .0.iter().map(|(id, why)| format!("{id}: {why}\n")).collect::<String>())]
    Cases(Vec<(String, String)>),
    /// Not one case passed: an agreement about nothing.
    #[error("no case passed: an agreement about nothing")]
    NothingRan,
}

/// Checks a port with the cases of these levels: those of `sessdiff check`. Of `trial` it takes the release and whether there is ex_data.
///
/// # Errors
/// Fails with all cases that differ or have no verdict, or because none passed.
///
/// ```
/// use sessdiff::conform::{LevelFailure, Trial, check_levels};
/// use sessdiff::native::Release;
/// use sessdiff::plan::Setup;
/// use sessdiff::port::mutant::{Bug, Mutant};
/// use sessdiff::suite::Level;
///
/// let port = || Mutant::new(Bug::DupForgetsHostname, Release::V3_6_3, Setup::new(false));
/// assert!(check_levels(port(), Trial::default(), &[Level::Count]).is_ok());
/// match check_levels(port(), Trial::default(), &[Level::Dup]) {
///     Err(LevelFailure::Cases(failed)) => assert!(failed.iter().any(|(id, _)| id == "dup/copies/hostname")),
///     other => panic!("{other:?}"),
/// }
/// ```
pub fn check_levels<P: Port + 'static>(port: P, trial: Trial, levels: &[Level]) -> Result<LevelReport, LevelFailure> {
    let Trial { release, ex_data, .. } = trial;
    let ports = ["native".into(), port.identity().name];
    let mut pair = Pair::new(NativePort::new(release, Setup::new(ex_data)), port, ex_data);
    let (mut report, mut failed) = (LevelReport::default(), Vec::new());
    for item in suite::items().into_iter().filter(|item| levels.contains(&item.level)) {
        match suite::judge(&mut pair, &item, &[Memory::Plain]) {
            Said::Pass | Said::Known(_) => report.passed += 1,
            Said::Unsupported(_) => report.unsupported.push(item.id),
            Said::NotModelled => report.not_modelled.push(item.id),
            Said::Inconclusive(why) => failed.push((item.id, format!("inconclusive: {why}"))),
            Said::Fail(diverged, _) => {
                let found = Finding { program: item.program, diverged: *diverged, ports: ports.clone() };
                failed.push((item.id, format!("{}\n{found}", item.says)));
            }
        }
    }
    match (failed.is_empty(), report.passed) {
        (false, _) => Err(LevelFailure::Cases(failed)),
        (true, 0) => Err(LevelFailure::NothingRan),
        (true, _) => Ok(report),
    }
}

/// Chooses how a program is looked at, in turns: some bugs show in one way of looking only.
fn watch(number: usize) -> Watch {
    match number % 4 {
        0 => Watch::Blame,
        1 => Watch::Ends,
        _ => Watch::Fast,
    }
}

impl Report {
    /// Books what ran of a program. `skips` are the steps that had nothing to run on, which the plan could not know.
    fn add(&mut self, program: &Program, plan: &Plan, skips: &[u32]) {
        let runs = plan.runs(skips) as u64;
        self.calls += runs;
        self.skipped += program.ops.len() as u64 - runs;
        for (at, (op, step)) in (0..).zip(program.ops.iter().zip(&plan.steps)) {
            if matches!(step, Step::Run { .. }) && !skips.contains(&at) {
                self.called = self.called.with(op.kind());
            }
        }
    }
}

/// Reduces a program that diverged to the smallest one that diverges with the same signature.
fn smallest<P: Port + 'static>(
    pair: &mut Pair<NativePort, P>,
    program: &Program,
    first: Diverged,
    look: Look,
) -> (Program, Diverged) {
    let setup = pair.plan().setup();
    let signature = first.divergence.signature();
    let mut smallest = first;
    let program = reduce(program, setup, &mut |smaller| match pair.judge_watching(smaller, look).diverged() {
        Some(found) if found.divergence.signature() == signature => {
            smallest = found;
            Answer::Same
        }
        Some(_) | None => Answer::Other,
    });
    (program, smallest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(ex_data: bool) -> NativePort {
        NativePort::new(Release::V3_6_3, Setup::new(ex_data))
    }

    #[test]
    fn the_native_port_conforms_with_all_that_it_has() {
        // A program that loses a session is a hazard.
        let trial = Trial { ex_data: true, programs: 1_000, ..Trial::default() };
        let called = |trial| check(native(true), trial).unwrap().called;
        let rare = [Kind::CtxSetTicketKeyCb, Kind::SslSetTicketExt];
        assert_eq!(rare.into_iter().fold(called(trial), Kinds::with), Kinds::all_but(&[Kind::Forget]));
        // Scenarios alone draw them.
        let more = called(Trial { programs: 20_000, ..trial });
        assert!(rare.into_iter().all(|kind| more.contains(kind)));
        // Without births and deaths there are no handshakes, and no tickets after one, nor what is drawn for them alone.
        let report = check(native(false), Trial { ex_data: false, ..trial }).unwrap();
        let handshakes = [
            Kind::Handshake,
            Kind::UseCertificate,
            Kind::SendEarlyData,
            Kind::NewSessionTicket,
            Kind::KeyUpdate,
            Kind::VerifyClient,
            Kind::Renegotiate,
            Kind::RenegotiateAbbreviated,
            Kind::CtxSetTicketKeyCb,
            Kind::CtxNewDtls,
            Kind::SslSetTicketExt,
        ];
        assert_eq!(report.called.or(Kinds::NONE.with(Kind::Forget)), Kinds::all_but(&handshakes), "{report}");
    }

    #[test]
    fn an_agreement_about_nothing_is_none() {
        assert_eq!(check(native(false), Trial { programs: 0, ..Trial::default() }), Err(Failure::NothingRan));
    }
}

//! `sessdiff run`: the main job.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::explore::{Found, Shared, Tally, explore};
use super::judge::{PortName, judge, port_summary};
use super::{Exit, ProbeChoice, RunArgs, output, progress, unprobed};
use crate::op::Kind;
use crate::oracle::Class;
use crate::plan::Kinds;
use crate::port::Identity;
use crate::port::c::{LoadError, Probes, crash};
use crate::program::{Case, CaseError};
use crate::report::{self, PortSummary, Signature, Summary, Unprobed, Word};

/// The part of a mixed run that goes without probes: one in so many.
const UNPROBED: u32 = 8;
/// Where the cases are, unless somewhere else is named.
const CORPUS: &str = "corpus";

pub(super) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub(super) fn run(args: &RunArgs) -> Exit {
    let cases = match cases(args.corpus.as_deref()) {
        Ok(cases) => cases,
        Err(error) => {
            output::error(error);
            return Exit::Usage;
        }
    };
    if let Err(error) = ctrlc::set_handler(|| INTERRUPTED.store(true, Relaxed)) {
        output::note(format_args!("^C will lose the summary: {error}"));
    }
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    // A crash of the port takes this process with it; what was running is saved first.
    crash::catch(Some((&args.out, &format!("crash-{}.ops", std::process::id()))));
    let mut exit = Exit::Expected;
    for port in &args.ports {
        match run_port(args, *port, seed, &cases) {
            Ok(summary) => exit = exit.worst(show(args, &summary)),
            Err(error) => {
                output::error(error);
                exit = exit.worst(Exit::NotLoaded);
            }
        }
        if INTERRUPTED.load(Relaxed) {
            break;
        }
    }
    exit
}

fn show(args: &RunArgs, summary: &Summary) -> Exit {
    if args.json {
        match serde_json::to_string(summary) {
            Ok(json) => output::result(json),
            Err(error) => output::error(error),
        }
    } else {
        if !summary.port.unsupported.is_empty() {
            output::result(format_args!(
                "UNSUPPORTED by {}: {}",
                summary.port.name,
                summary.port.unsupported.join(", ")
            ));
        }
        if !summary.port.counts_references {
            output::result(format_args!("reference counts of {}: not observed in this process", summary.port.name));
        }
        if let (ProbeChoice::Mixed, Some(unprobed)) = (args.probes, summary.without_probes) {
            let Unprobed { programs, ops } = unprobed;
            output::result(format_args!("without probes: {programs} programs, {ops} ops of those below"));
        }
        if summary.verdict == Word::Agree && !summary.states_missing.is_empty() {
            output::result(format_args!("not called in every state: {}", summary.states_missing.join(", ")));
        }
        let line = summary.to_string();
        output::result(if summary.verdict == Word::Agree { output::green(&line) } else { output::red(&line) });
    }
    let exit = match summary.verdict {
        Word::Agree => Exit::Expected,
        Word::Crash => Exit::Crashed,
        Word::Diverge if summary.signatures.iter().any(|found| found.class == Class::Memory.to_string()) => {
            Exit::Crashed
        }
        Word::Diverge => Exit::Divergence,
        Word::Inconclusive | Word::Nothing => Exit::Inconclusive,
    };
    if summary.interrupted { exit.worst(Exit::Interrupted) } else { exit }
}

/// The committed cases. A folder that was named must be there; the default one need not.
fn cases(folder: Option<&Path>) -> Result<Vec<Case>, CaseError> {
    let folder = match folder {
        Some(none) if none == Path::new("none") => return Ok(Vec::new()),
        Some(named) => named,
        None if Path::new(CORPUS).is_dir() => Path::new(CORPUS),
        None => {
            output::note(format_args!("no folder `{CORPUS}` here: exploring without replay"));
            return Ok(Vec::new());
        }
    };
    Case::list(folder)?.iter().map(|path| Case::read(path)).collect()
}

fn run_port(args: &RunArgs, port: PortName, seed: u64, cases: &[Case]) -> Result<Summary, LoadError> {
    let started = Instant::now();
    let (probes, share) = match (args.probes, port) {
        (ProbeChoice::None, _) => (Probes::NONE, 0),
        (ProbeChoice::Mixed, PortName::OpenSsl) => (Probes::ALL, 1),
        // The probes are in the C library; the others have none to go without.
        (ProbeChoice::Mixed | ProbeChoice::All, _) => (Probes::ALL, 0),
    };
    let whole = Duration::from_secs_f64(args.seconds);
    let deadline = args.programs.is_none().then(|| started + whole - whole / UNPROBED * share);
    let without = args.programs.map(|programs| programs / u64::from(UNPROBED) * u64::from(share));
    let programs = args.programs.map(|programs| programs - without.unwrap_or(0));
    let shared = Shared::new(deadline, args.keep_going, args.longest.into());

    let mut summary = probed(args, port, probes, seed, programs, cases, &shared)?;
    let go_on = summary.divergences == 0 || args.keep_going;
    if share > 0 && without != Some(0) && go_on && !INTERRUPTED.load(Relaxed) {
        let amount = match without {
            Some(programs) => ["--programs".into(), programs.to_string()],
            None => ["--seconds".into(), (args.seconds / f64::from(UNPROBED)).to_string()],
        };
        match unprobed::run(args, seed, amount, !cases.is_empty()) {
            Ok(other) => add(&mut summary, other),
            // What this process did stands.
            Err(unprobed::UnprobedError::Interrupted) => {}
            Err(unprobed::UnprobedError::Crashed(said)) => {
                output::note(said);
                summary.crashed = true;
            }
            Err(error) => {
                output::error(format_args!("the part without probes failed: {error}"));
                summary.inconclusive += 1;
            }
        }
    }
    summary.seconds = started.elapsed().as_secs_f64();
    summary.interrupted = INTERRUPTED.load(Relaxed);
    summary.verdict = if summary.crashed {
        Word::Crash
    } else if summary.divergences > 0 {
        Word::Diverge
    } else if summary.inconclusive > 0 {
        Word::Inconclusive
    } else if summary.ops == 0 {
        Word::Nothing
    } else {
        Word::Agree
    };
    Ok(summary)
}

/// The part in this process, on as many threads as asked for.
fn probed(
    args: &RunArgs,
    port: PortName,
    probes: Probes,
    seed: u64,
    programs: Option<u64>,
    cases: &[Case],
    shared: &Shared,
) -> Result<Summary, LoadError> {
    let name = port;
    let first = judge(name, probes)?;
    let (identity, port) = (first.identity(), port_summary(first.as_ref(), Vec::new()));
    drop(first);
    let signatures = Mutex::new(Vec::new());
    let report = |found: &Found| {
        let signature = keep(args, &identity, probes, found);
        signatures.lock().unwrap_or_else(PoisonError::into_inner).push(signature);
    };
    let tallies = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs)
            .map(|job| {
                // The committed cases are replayed once.
                let cases = if job == 0 { cases } else { &[] };
                scope.spawn(move || {
                    let mut judge = judge(name, probes)?;
                    let seed = seed ^ (u64::from(job) << 32);
                    // Each thread has a number of programs of its own, so that a seed makes the same ones every time.
                    let jobs = u64::from(args.jobs);
                    let programs = programs.map(|all| all / jobs + u64::from(u64::from(job) < all % jobs));
                    Ok(explore(judge.as_mut(), seed, programs, cases, shared, &mut |found| report(found)))
                })
            })
            .collect();
        progress::watch(args.programs, shared, &workers);
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker does not panic"))
            .collect::<Result<Vec<Tally>, LoadError>>()
    })?;
    let mut coverage = super::coverage::Coverage::new();
    let lacks = tallies.first().map_or(Kinds::NONE, |tally| tally.lacks);
    tallies.iter().for_each(|tally| coverage.merge(&tally.coverage));
    for why in tallies.iter().flat_map(|tally| &tally.examples) {
        output::note(format_args!("inconclusive: {why}"));
    }
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum();
    let unsupported = lacks.iter().map(|kind: Kind| kind.name().into()).collect();
    Ok(Summary {
        verdict: Word::Nothing,
        programs: sum(|tally| tally.programs),
        ops: sum(|tally| tally.ops),
        skipped: sum(|tally| tally.skipped),
        seconds: 0.0,
        divergences: sum(|tally| tally.divergences),
        inconclusive: sum(|tally| tally.inconclusive),
        seed,
        jobs: args.jobs,
        port: PortSummary { unsupported, ..port },
        ops_reached: coverage.ops(lacks),
        states_reached: coverage.states(lacks),
        states_missing: coverage.missing(lacks),
        signatures: signatures.into_inner().unwrap_or_else(PoisonError::into_inner),
        without_probes: (probes == Probes::NONE)
            .then(|| Unprobed { programs: sum(|tally| tally.programs), ops: sum(|tally| tally.ops) }),
        interrupted: false,
        crashed: false,
    })
}

/// Writes the program of a finding, then prints what there is to say.
fn keep(args: &RunArgs, identity: &Identity, probes: Probes, found: &Found) -> Signature {
    let divergence = &found.diverged.divergence;
    let signature = divergence.signature();
    let written = write(&args.out, &signature, found, identity);
    if let Err(error) = &written {
        output::error(format_args!("{}: {error}; the calls follow", args.out.display()));
    }
    let file = written.ok();
    let mut flags = Vec::new();
    if identity.name != "openssl" {
        flags.extend(["--port".to_string(), identity.name.clone()]);
    }
    if probes == Probes::NONE {
        flags.extend(["--probes".to_string(), "none".to_string()]);
    }
    let shown: String = flags.iter().map(|flag| format!(" {flag}")).collect();
    let mut block = report::block(&found.program, &found.diverged, ["native", &identity.name], file.as_deref(), &shown);
    if file.as_deref().is_some_and(|file| agrees_alone(&flags, file)) {
        block += "\nAlone this program agrees: what ran before it in the process matters. The run with the seed below shows it again.\n";
    }
    if let Some(case) = &found.case {
        output::note(format_args!("{}: diverges", case.display()));
    }
    if args.json {
        output::note(block)
    } else {
        output::result(block)
    }
    Signature { signature, class: divergence.class.to_string(), file: file.map(|file| file.display().to_string()) }
}

/// Whether a fresh process finds nothing in the file: then the report must not send its reader there alone.
fn agrees_alone(flags: &[String], file: &Path) -> bool {
    let Ok(this) = std::env::current_exe() else { return false };
    let mut replay = Command::new(this);
    replay.arg("replay").args(flags).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    replay.status().is_ok_and(|status| status.success())
}

/// Never writes over a file: what was found before stays.
fn write(folder: &Path, signature: &str, found: &Found, identity: &Identity) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let name = report::artifact_name(signature);
    let why = format!("{signature}: native against {identity}.");
    let text = Case::text(&why, &found.program);
    for number in 1.. {
        let path = folder.join(if number == 1 { format!("{name}.ops") } else { format!("{name}-{number}.ops") });
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                std::io::Write::write_all(&mut file, text.as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
                    return Ok(path);
                }
            }
            Err(error) => return Err(error),
        }
    }
    unreachable!("there are more numbers than files")
}

fn add(summary: &mut Summary, other: Summary) {
    summary.programs += other.programs;
    summary.ops += other.ops;
    summary.skipped += other.skipped;
    summary.divergences += other.divergences;
    summary.inconclusive += other.inconclusive;
    summary.signatures.extend(other.signatures);
    summary.without_probes = Some(Unprobed { programs: other.programs, ops: other.ops });
}

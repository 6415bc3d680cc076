//! `sessdiff run`: the main job.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::args::{PortName, ProbeChoice, RunArgs, Shares};
use super::coverage::Coverage;
use super::exit::Exit;
use super::explore::{Report, Shared, Tally, explore, watch};
use super::finding::Finding;
use super::lab::{Lab, LabError, Starting};
use super::settle::settle;
use super::{interrupt, output, unprobed};
use crate::host::crash;
use crate::op::Kind;
use crate::plan::Kinds;
use crate::port::Memory;
use crate::port::c::Probes;
use crate::program::{Case, CaseError, Program};
use crate::report::{PortSummary, SignatureSummary, Summary, Unprobed, Word};

/// The part of a mixed run that goes without probes: one in so many.
const UNPROBED: u32 = 8;
/// Where the cases are, unless somewhere else is named.
const CORPUS: &str = "corpus";

pub(super) fn run(args: &RunArgs) -> Result<Exit, Exit> {
    let cases = cases(args.corpus.as_deref(), args.hazards).map_err(output::usage)?;
    interrupt::answer();
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    // A crash of the port takes this process with it; what was running is saved first.
    crash::catch(Some((&args.out, &format!("crash-{}.ops", std::process::id()))));
    let mut exit = Exit::Expected;
    for port in &args.ports {
        match run_port(args, port, seed, &cases) {
            Ok(summary) => exit = exit.worst(show(args, &summary)),
            Err(error) => exit = exit.worst(error.say()),
        }
        if interrupt::came() {
            break;
        }
    }
    Ok(exit)
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
        let memory = summary.memory.iter().filter(|(name, programs)| *programs > 0 && name != Memory::Plain.name());
        let memory: Vec<_> = memory.map(|(name, programs)| format!("{name} {programs}")).collect();
        if !memory.is_empty() && summary.port.watches_memory {
            output::result(format_args!("programs with watched memory: {}", memory.join(", ")));
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
        Word::Diverge if summary.signatures.iter().any(|found| found.broke) => Exit::Crashed,
        Word::Diverge => Exit::Divergence,
        Word::Inconclusive | Word::Nothing => Exit::Inconclusive,
    };
    if summary.interrupted { exit.worst(Exit::Interrupted) } else { exit }
}

/// Reads the committed cases. A folder that was named must be there; the default one need not.
fn cases(folder: Option<&Path>, hazards: bool) -> Result<Vec<Case>, CaseError> {
    let folder = match folder {
        Some(none) if none == Path::new("none") => return Ok(Vec::new()),
        Some(named) => named,
        None if Path::new(CORPUS).is_dir() => Path::new(CORPUS),
        None => {
            output::note(format_args!("no folder `{CORPUS}` here: exploring without replay"));
            return Ok(Vec::new());
        }
    };
    let mut paths = Case::list(folder)?;
    // What breaks the library is run where that is asked for.
    paths.retain(|path| hazards || !path.components().any(|part| part.as_os_str() == "hazards"));
    if paths.is_empty() {
        output::note(format_args!("no case in `{}`: exploring without replay", folder.display()));
    }
    paths.iter().map(|path| Case::read(path)).collect()
}

fn run_port(args: &RunArgs, port: &PortName, seed: u64, cases: &[Case]) -> Result<Summary, LabError> {
    let started = Instant::now();
    let (probes, share) = match args.probes {
        ProbeChoice::None => (Probes::NONE, 0),
        ProbeChoice::Mixed if port.is_in_c() => (Probes::ALL, 1),
        // The probes are in the C library; the others have none to go without.
        ProbeChoice::Mixed | ProbeChoice::All => (Probes::ALL, 0),
    };
    let whole = Duration::from_secs_f64(args.seconds);
    let deadline = args.programs.is_none().then(|| started + whole - whole / UNPROBED * share);
    let without = args.programs.map(|programs| programs / u64::from(UNPROBED) * u64::from(share));
    let programs = args.programs.map(|programs| programs - without.unwrap_or(0));
    // Without the memory probe there is no other memory than that of the system.
    let memory = if probes.memory && port.is_in_c() { args.memory } else { Shares::PLAIN };
    let shared = Shared::new(args, memory, deadline);
    let RunArgs { isolate, hazards, limits, .. } = args;
    let lab = Lab {
        port: port.clone(),
        probes,
        isolate: *isolate,
        hazards: *hazards,
        limits: limits.clone(),
        start: Starting::default(),
    };
    let mut summary = probed(&lab, seed, programs, cases, &shared)?;
    let go_on = summary.divergences == 0 || args.keep_going;
    if share > 0 && without != Some(0) && go_on && !interrupt::came() {
        let amount = match without {
            Some(programs) => ["--programs".into(), programs.to_string()],
            None => ["--seconds".into(), (args.seconds / f64::from(UNPROBED)).to_string()],
        };
        match unprobed::run(args, port, seed, amount, !cases.is_empty(), &summary.signatures) {
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
    summary.interrupted = interrupt::came();
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

/// Runs the part in this process, on as many threads as asked for.
fn probed(
    lab: &Lab,
    seed: u64,
    programs: Option<u64>,
    cases: &[Case],
    shared: &Shared<'_>,
) -> Result<Summary, LabError> {
    let first = lab.pair()?;
    let (identity, port) = (first.right().identity(), lab.port_summary(&first, Vec::new()));
    drop(first);
    let signatures = Mutex::new(Vec::new());
    let report = |found: &Finding, before: &[Program], case: Option<&Path>| {
        if let Some(case) = case {
            output::note(format_args!("{}: diverges", case.display()));
        }
        let (signature, text) = settle(lab, shared.args, found, before, &identity);
        let mut signatures = signatures.lock().unwrap_or_else(PoisonError::into_inner);
        // After a closer look it can be one that is known.
        if signatures.iter().any(|known: &SignatureSummary| known.signature == signature.signature) {
            return;
        }
        if shared.args.json {
            output::note(text)
        } else {
            output::result(text)
        }
        signatures.push(signature);
    };
    let tallies = explore_on_threads(lab, seed, programs, cases, shared, &report)?;
    for why in tallies.iter().flat_map(|tally| &tally.examples) {
        output::note(format_args!("inconclusive: {why}"));
    }
    let signatures = signatures.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(sum_up(shared.args, lab.probes, seed, port, &tallies, signatures))
}

/// Explores on each thread with programs of its own, so that a seed makes the same ones every time, and waits for all of them.
fn explore_on_threads(
    lab: &Lab,
    seed: u64,
    programs: Option<u64>,
    cases: &[Case],
    shared: &Shared<'_>,
    report: &Report<'_>,
) -> Result<Vec<Tally>, LabError> {
    let jobs = u64::from(shared.args.jobs);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|job| {
                // The committed cases are replayed once.
                let cases = if job == 0 { cases } else { &[] };
                scope.spawn(move || {
                    let mut pair = lab.pair()?;
                    let programs = programs.map(|all| all / jobs + u64::from(job < all % jobs));
                    Ok(explore(&mut pair, seed ^ (job << 32), programs, cases, shared, report))
                })
            })
            .collect();
        watch(shared, &workers);
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect()
    })
}

/// Sums up what the threads did. The verdict, and how long it took, are for whoever knows the other part too.
fn sum_up(
    args: &RunArgs,
    probes: Probes,
    seed: u64,
    port: PortSummary,
    tallies: &[Tally],
    signatures: Vec<SignatureSummary>,
) -> Summary {
    let mut coverage = Coverage::default();
    let lacks = tallies.first().map_or(Kinds::NONE, |tally| tally.lacks);
    tallies.iter().for_each(|tally| coverage.merge(&tally.coverage));
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum();
    let in_memory = |memory: Memory| tallies.iter().map(|tally| tally.memory[memory as usize]).sum();
    let unsupported = lacks.iter().map(|kind: Kind| kind.name().into()).collect();
    // What leaks by itself is a hazard.
    let left_out = if args.hazards { lacks } else { lacks.with(Kind::Forget) };
    Summary {
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
        ops_reached: coverage.ops(left_out),
        states_reached: coverage.states(left_out),
        states_missing: coverage.missing(left_out),
        signatures,
        memory: Memory::ALL.into_iter().map(|memory| (memory.name().to_string(), in_memory(memory))).collect(),
        without_probes: (probes == Probes::NONE)
            .then(|| Unprobed { programs: sum(|tally| tally.programs), ops: sum(|tally| tally.ops) }),
        interrupted: false,
        crashed: false,
    }
}

fn add(summary: &mut Summary, other: Summary) {
    summary.programs += other.programs;
    summary.ops += other.ops;
    summary.skipped += other.skipped;
    summary.divergences += other.divergences;
    summary.inconclusive += other.inconclusive;
    for found in other.signatures {
        // The same bug in both parts is one finding.
        if !summary.signatures.iter().any(|known| known.signature == found.signature) {
            summary.signatures.push(found);
        }
    }
    summary.crashed |= other.crashed;
    summary.without_probes = Some(Unprobed { programs: other.programs, ops: other.ops });
}

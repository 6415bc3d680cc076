//! `sessdiff run`: the main job.

use std::path::Path;
use std::time::{Duration, Instant};

use super::allowance::Allowance;
use super::args::{About, FollowingChoice, PortName, ProbeChoice, RunArgs, Shares};
use super::corpus::{Committed, Corpus};
use super::coverage::Coverage;
use super::disk::Folder;
use super::exit::Exit;
use super::explained::known;
use super::explore::{Report, Shared, Tally, explore, watch};
use super::finding::{Finding, judge_every_way};
use super::lab::{Lab, LabError, Starting, no_other_memory};
use super::settle::{Settled, Settling};
use super::{accepted, allowance, explained, interrupt, laws, output, progress, unprobed};
use crate::host::{Host, crash};
use crate::known::{Day, KnownFile};
use crate::native::{Release, Rules};
use crate::op::Kind;
use crate::pair::{Pair, Verdict};
use crate::plan::{Kinds, Quirks};
use crate::port::Memory;
use crate::port::c::Probes;
use crate::program::{Case, Program};
use crate::report::{
    self, Accepted, Again, Check, KnownSummary, PortSummary, SignatureHits, Stale, Summary, Unprobed, Word, grouped,
    so_many,
};

/// The part of a mixed run that goes without probes: one in so many.
const UNPROBED: u32 = 8;

pub(super) fn run(args: &RunArgs) -> Result<Exit, Exit> {
    let watched = [Memory::Poisoned, Memory::Guarded].into_iter().any(|memory| args.memory.has(memory));
    if args.probes == ProbeChoice::None && watched && args.memory != Shares::DEFAULT {
        return Err(no_other_memory());
    }
    if args.probes == ProbeChoice::None && args.about == About::Handshakes && !args.part {
        return Err(output::usage(
            "handshakes need the probes: leave out `--probes none`, or choose what else to be `--about`",
        ));
    }
    progress::begin_with(args.beat, args.part);
    let corpus = Corpus::read(args).map_err(output::usage)?;
    let known = |port| accepted::read(&args.known, args.corpus.as_deref(), port);
    let known = args.ports.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    // Nothing is searched that cannot be kept. A part of another run goes by that one's look.
    let ready =
        || Folder::ready(&args.out).map_err(|error| output::usage(format_args!("{}: {error}", args.out.display())));
    let _out = if args.part { None } else { Some(ready()?) };
    let kept = args.corpus_out.as_deref();
    let not_kept = |folder: &Path, error: std::io::Error| output::usage(format_args!("{}: {error}", folder.display()));
    let _kept = kept.map(|folder| Folder::ready(folder).map_err(|error| not_kept(folder, error))).transpose()?;
    for path in [&args.junit, &args.sarif].into_iter().flatten() {
        output::ready(path, true)?;
    }
    let mut exit = corpus.exit;
    interrupt::answer();
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    // A crash of the port takes this process with it; what was running is saved first.
    crash::catch(Some((&args.out, &format!("crash-{}.ops", std::process::id()))));
    if args.laws.is_some() {
        return laws::run(args, &corpus, seed);
    }
    let (mut told, mut not_driven) = (Vec::new(), Vec::new());
    for (port, known) in args.ports.iter().zip(&known) {
        match run_port(args, port, seed, &corpus, known) {
            Ok(summary) => {
                let ended = show(args, &summary);
                exit = exit.worst(ended);
                told.push(summary.check(&again(args, seed), ended as u8, Day::today().to_string()));
            }
            Err(error) => {
                not_driven.push((port.to_string(), error.to_string()));
                exit = exit.worst(error.say());
            }
        }
        if interrupt::came() {
            break;
        }
    }
    if !args.part {
        corpus.say();
    }
    Ok(exit.worst(write_files(args, told, &not_driven)))
}

/// Returns the command that makes the same programs again: this one, with its seed.
fn again(args: &RunArgs, seed: u64) -> String {
    let words = std::env::args().skip(1).map(output::quoted);
    let seed = args.seed.is_none().then(|| format!("--seed {seed}"));
    std::iter::once("sessdiff".to_string()).chain(words).chain(seed).collect::<Vec<_>>().join(" ")
}

/// Writes the files that were asked for. One that cannot be written does not stop the other.
fn write_files(args: &RunArgs, told: Vec<(Check, Vec<String>)>, not_driven: &[(String, String)]) -> Exit {
    let sarif = args.sarif.as_ref().map(|path| output::file(path, &format!("{:#}\n", report::sarif_in(&told))));
    let checks: Vec<Check> = told.into_iter().map(|(check, _)| check).collect();
    let junit = args.junit.as_ref().map(|path| {
        let text = report::junit(&checks, not_driven);
        let text = text.map_err(|why| output::usage(format_args!("{}: {why}", path.display())))?;
        output::file(path, &text)
    });
    [sarif, junit].into_iter().flatten().filter_map(Result::err).fold(Exit::Expected, Exit::worst)
}

/// Says what is going to be done, before anything else: what is killed on the way leaves that at least.
fn begin(args: &RunArgs, pair: &Pair, seed: u64, corpus: &Corpus) {
    // A part of another run leaves it to that.
    if args.part {
        return;
    }
    let amount = args.programs.map_or(format!("{} s", args.seconds), |programs| so_many(programs, "program"));
    let line = format!(
        "sessdiff {}: the native session, which {}, against {}; seed {seed}; {corpus}; jobs {}; {amount}",
        env!("CARGO_PKG_VERSION"),
        pair.left().identity().version,
        pair.right().identity(),
        args.jobs,
    );
    let say = |line: String| if args.json { output::note(line) } else { output::result(line) };
    say(line);
    if let Some(doubt) = pair.left().release().doubt() {
        say(doubt);
    }
    corpus.say();
}

fn show(args: &RunArgs, summary: &Summary) -> Exit {
    if args.json {
        match serde_json::to_value(summary) {
            Ok(json) => output::object(&json),
            Err(error) => output::error(error),
        }
    } else {
        let line = summary.to_string();
        output::result(if summary.verdict == Word::Agree { output::green(&line) } else { output::red(&line) });
        summary.signatures.iter().for_each(output::result);
        notes(args, summary).iter().for_each(output::result);
    }
    // Say what needs attention once, by the whole run.
    let complaints = summary.accepted.iter().filter(|_| !args.part).flat_map(Accepted::complaints);
    complaints.for_each(output::error);
    let exit = match summary.verdict {
        Word::Agree => Exit::Expected,
        Word::Crash => Exit::Crashed,
        Word::Diverge if summary.signatures.iter().any(|one| one.found.broke) => Exit::Crashed,
        Word::Diverge => Exit::Divergence,
        Word::Stale => Exit::Stale,
        Word::Inconclusive | Word::Nothing => Exit::Inconclusive,
    };
    if summary.interrupted { exit.worst(Exit::Interrupted) } else { exit }
}

/// Lists what has to be known of a run beside its verdict, a line each.
fn notes(args: &RunArgs, summary: &Summary) -> Vec<String> {
    let PortSummary { name, unsupported, needs_probes, counts_references, watches_memory, .. } = &summary.port;
    let mut notes = Vec::new();
    for Stale { case, signature } in &summary.stale {
        notes.push(format!("{case}: {signature} is expected and does not happen any more"));
    }
    if summary.expected > 0 {
        notes.push(format!("broke as the committed hazards do: {}", so_many(summary.expected, "program")));
    }
    notes.extend(summary.known.iter().map(ToString::to_string));
    notes.extend(summary.accepted.iter().filter(|one| one.programs > 0).map(ToString::to_string));
    if !unsupported.is_empty() {
        notes.push(format!("UNSUPPORTED by {name}: {}", unsupported.join(", ")));
        let lacked: Vec<&str> = unsupported.iter().map(String::as_str).collect();
        notes.extend(summary.port.wants(&lacked).map(|wants| format!("{name}: {wants}")));
    }
    notes.extend(summary.port.left_out());
    if !needs_probes.is_empty() {
        notes.push(format!("not called without probes: {}", needs_probes.join(", ")));
    }
    if !counts_references {
        notes.push(format!("reference counts of {name}: not observed in this process"));
    }
    let memory = summary.memory.iter().filter(|(name, programs)| *programs > 0 && name != Memory::Plain.name());
    let memory: Vec<_> = memory.map(|(name, programs)| format!("{name} {programs}")).collect();
    if !memory.is_empty() && *watches_memory {
        notes.push(format!("programs with watched memory: {}", memory.join(", ")));
    }
    if let (ProbeChoice::Mixed, Some(Unprobed { programs, ops })) = (args.probes, summary.without_probes) {
        notes.push(format!("without probes: {}, {ops} ops of those above", so_many(programs, "program")));
    }
    if args.verbose && !summary.states_missing.is_empty() {
        notes.push(format!("not called in every state: {}", summary.states_missing.join(", ")));
    }
    notes
}

/// When a run ends, as far as that is known before.
struct Ends {
    /// When this part has explored; `None`: it makes so many programs.
    exploring: Option<Instant>,
    /// How long its findings are reduced.
    allowance: Allowance,
    /// How long the part without probes explores.
    other: Duration,
    /// When that part has reduced, too; `None`: no finding takes time from another.
    all: Option<Instant>,
}

impl Ends {
    /// Works it out for a run that began then, with this many shares for the part without probes: none or one.
    fn of(args: &RunArgs, started: Instant, share: u32) -> Ends {
        let (whole, each) = (Duration::from_secs_f64(args.seconds), args.reducing.time());
        let other = whole / UNPROBED * share;
        let exploring = args.programs.is_none().then(|| started + whole - other);
        let after = args.after.map_or_else(|| allowance::after(whole, each), Duration::from_secs_f64);
        let shared = exploring.filter(|_| args.keep_going);
        let allowance = shared.map_or(Allowance::of_each(each), |exploring| {
            Allowance::of_all(each, exploring + after - after / UNPROBED * share)
        });
        Ends { exploring, allowance, other, all: shared.map(|exploring| exploring + other + after) }
    }

    /// Spells for how long the part without probes explores, and reduces after that.
    fn of_the_other_part(&self, args: &RunArgs) -> Vec<String> {
        let explores = ["--seconds".into(), (args.seconds / f64::from(UNPROBED)).to_string()];
        let after = self.all.map(|all| all.saturating_duration_since(Instant::now() + self.other).as_secs_f64());
        explores.into_iter().chain(after.into_iter().flat_map(|after| ["--after".into(), after.to_string()])).collect()
    }
}

fn run_port(
    args: &RunArgs,
    port: &PortName,
    seed: u64,
    corpus: &Corpus,
    known: &KnownFile,
) -> Result<Summary, LabError> {
    let started = Instant::now();
    let (probes, share) = match args.probes {
        ProbeChoice::None => (Probes::NONE, 0),
        ProbeChoice::Mixed if port.is_in_c() => (Probes::ALL, 1),
        // The probes are in the C library; the others have none to go without.
        ProbeChoice::Mixed | ProbeChoice::All => (Probes::ALL, 0),
    };
    let ends = Ends::of(args, started, share);
    let without = args.programs.map(|programs| programs / u64::from(UNPROBED) * u64::from(share));
    let programs = args.programs.map(|programs| programs - without.unwrap_or(0));
    // Without the memory probe there is no other memory than that of the system.
    let memory = if probes.memory && port.takes_memory() { args.memory } else { Shares::PLAIN };
    let hazards_show = port.is_in_c() && probes == Probes::ALL;
    let RunArgs { isolate, hazards, release, limits, .. } = args;
    let (isolate, hazards, following) = (*isolate, *hazards, release.following);
    let lab = Lab {
        port: port.clone(),
        probes,
        isolate,
        hazards,
        following,
        without: None,
        breaking: false,
        limits: limits.clone(),
        start: Starting::default(),
    };
    let of_library =
        if known.names_versions() { Some(known.of_library(&lab.pair()?.right().identity().version)) } else { None };
    let known = of_library.as_ref().unwrap_or(known);
    let shared = Shared::new(args, known, memory, ends.exploring, probes == Probes::ALL)
        .expecting(corpus.expecting(), hazards_show);
    let (mut summary, release) = probed(&lab, seed, programs, corpus, &shared, ends.allowance)?;
    let go_on = summary.divergences == 0 || args.keep_going;
    let is_over = ends.all.is_some_and(|all| Instant::now() >= all);
    if share > 0 && is_over {
        output::note("the part without probes was left out: the time of the run was over");
    }
    if share > 0 && without != Some(0) && go_on && !is_over && !interrupt::came() {
        let amount = match without {
            Some(programs) => vec!["--programs".into(), programs.to_string()],
            None => ends.of_the_other_part(args),
        };
        match unprobed::run(args, port, seed, amount, !corpus.cases.is_empty(), &summary.signatures) {
            Ok(other) => add(&mut summary, other),
            // What this process did stands.
            Err(error @ unprobed::UnprobedError::Interrupted) => {
                output::note(format_args!("the part without probes is lost: {error}"))
            }
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
    accepted::review(&mut summary.accepted, known, release, &shared.replayed());
    summary.signatures = grouped(std::mem::take(&mut summary.signatures));
    summary.verdict = verdict(&summary);
    Ok(summary)
}

/// Returns the verdict of a whole run.
fn verdict(summary: &Summary) -> Word {
    if summary.crashed {
        Word::Crash
    } else if summary.divergences > 0 {
        Word::Diverge
    } else if !summary.stale.is_empty() || summary.accepted.iter().any(|one| !one.complaints().is_empty()) {
        Word::Stale
    } else if summary.inconclusive > 0 {
        Word::Inconclusive
    } else if summary.ops == 0 {
        Word::Nothing
    } else {
        Word::Agree
    }
}

/// Runs the part in this process, on as many threads as asked for.
fn probed(
    lab: &Lab,
    seed: u64,
    programs: Option<u64>,
    corpus: &Corpus,
    shared: &Shared<'_>,
    allowance: Allowance,
) -> Result<(Summary, Release), LabError> {
    let first = lab.pair()?;
    begin(shared.args, &first, seed, corpus);
    let (identity, port) = (first.right().identity(), lab.port_summary(&first, first.plan().setup().lacks));
    let release = first.left().release();
    drop(first);
    let settling = Settling::new(shared, identity, release, allowance);
    let show = |lab: &Lab, found: &Finding, case: &Case| settling.take(lab, found, &[], Some(&case.path));
    let shown = std::thread::scope(|scope| {
        let worker = [scope.spawn(|| show_rules(lab, shared, release, &show))];
        watch(shared, &worker);
        let [worker] = worker;
        worker.join().expect("a worker does not panic")
    })?;
    // What the rules say was shown: the rest must be as the release is.
    let lab = &lab.as_released();
    let report = |found: &Finding, before: &[Program], case: Option<&Path>| settling.take(lab, found, before, case);
    let tallies = explore_on_threads(lab, seed, programs, &corpus.cases, shared, &report)?;
    for why in tallies.iter().flat_map(|tally| &tally.examples) {
        output::note(format_args!("inconclusive: {why}"));
    }
    let Settled { kept: signatures, again, counted_again } = settling.end();
    let met = tallies.iter().fold(Rules::default(), |met, tally| met.or(tally.met));
    let quirks = tallies.first().map_or(Quirks::NONE, |tally| tally.quirks);
    let known = with_explained(known(release, met, quirks, FollowingChoice::Released), &signatures);
    let summary =
        Summary { release: release.to_string(), ..sum_up(shared, lab.probes, seed, port, &tallies, signatures) };
    let divergences = summary.divergences - counted_again + shown.divergences;
    let (programs, ops) = (summary.programs + shown.programs, summary.ops + shown.ops);
    let accepted = shared.accepted().into_iter().filter_map(|(signature, programs)| {
        shared.known.accepts(signature, release).map(|entry| accepted::summary(shared.known, entry, programs))
    });
    let mut accepted: Vec<_> = accepted.collect();
    accepted.sort_by_key(|one| one.signature.to_string());
    Ok((Summary { again, known, accepted, programs, divergences, ops, ..summary }, release))
}

/// Adds the rules of the release that explain a finding: their faults were met, if not while exploring.
fn with_explained(mut known: Vec<KnownSummary>, signatures: &[SignatureHits]) -> Vec<KnownSummary> {
    for rule in signatures.iter().flat_map(|one| &one.found.explained) {
        if !known.iter().any(|one| one.id == rule.id) {
            known.push(rule.clone());
        }
    }
    known
}

/// Judges one case for each rule of the release that is not followed, in a process of its own, and reports each difference.
fn show_rules(
    lab: &Lab,
    shared: &Shared<'_>,
    release: Release,
    report: &(dyn Fn(&Lab, &Finding, &Case) -> bool + Sync),
) -> Result<Tally, LabError> {
    let mut tally = Tally::default();
    if lab.following == FollowingChoice::Released || !lab.port.is_in_c() {
        return Ok(tally);
    }
    let lab = Lab { breaking: true, ..lab.in_a_child() };
    let mut pair = lab.pair()?;
    for case in explained::cases(release, lab.following) {
        if interrupt::came() {
            break;
        }
        let (look, verdict) = judge_every_way(&mut pair, &case.program, &[Memory::Plain]);
        tally.programs += 1;
        tally.ops += case.program.ops.len() as u64;
        if let Verdict::Diverge(diverged) = verdict {
            let found = Finding { program: case.program.clone(), diverged: *diverged, look };
            let accepted = shared.accepts(found.signature(), release, 1) || report(&lab, &found, &case);
            tally.divergences += u64::from(!accepted);
        }
    }
    Ok(tally)
}

/// Explores on each thread with programs of its own, so that a seed makes the same ones every time, and waits for all of them.
fn explore_on_threads(
    lab: &Lab,
    seed: u64,
    programs: Option<u64>,
    cases: &[Committed],
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
    shared: &Shared<'_>,
    probes: Probes,
    seed: u64,
    port: PortSummary,
    tallies: &[Tally],
    signatures: Vec<SignatureHits>,
) -> Summary {
    let RunArgs { hazards, jobs, .. } = shared.args;
    let mut coverage = Coverage::default();
    let lacks = tallies.first().map_or(Kinds::NONE, |tally| tally.lacks);
    tallies.iter().for_each(|tally| coverage.merge(&tally.coverage));
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum();
    let in_memory = |memory: Memory| tallies.iter().map(|tally| tally.memory[memory as usize]).sum();
    // What leaks by itself is a hazard.
    let left_out = if *hazards { lacks } else { lacks.with(Kind::Forget) };
    Summary {
        verdict: Word::Nothing,
        programs: sum(|tally| tally.programs),
        ops: sum(|tally| tally.ops),
        skipped: sum(|tally| tally.skipped),
        seconds: 0.0,
        divergences: sum(|tally| tally.divergences),
        expected: sum(|tally| tally.expected),
        stale: tallies.iter().flat_map(|tally| tally.stale.clone()).collect(),
        inconclusive: sum(|tally| tally.inconclusive),
        seed,
        jobs: *jobs,
        port,
        release: String::new(),
        ops_reached: coverage.ops(left_out),
        states_reached: coverage.states(left_out),
        states_missing: coverage.missing(left_out),
        signatures,
        again: Vec::new(),
        known: Vec::new(),
        accepted: Vec::new(),
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
    summary.expected += other.expected;
    summary.stale.extend(other.stale);
    summary.inconclusive += other.inconclusive;
    // The same bug in both parts is one finding.
    for Again { signature, hits } in other.again {
        if let Some(known) = summary.signatures.iter_mut().find(|known| known.found.signature == signature) {
            known.hits += hits;
        }
    }
    summary.signatures.extend(other.signatures);
    for known in other.known {
        if !summary.known.contains(&known) {
            summary.known.push(known);
        }
    }
    for other in other.accepted {
        match summary.accepted.iter_mut().find(|accepted| accepted.place == other.place) {
            Some(accepted) => accepted.programs += other.programs,
            None => summary.accepted.push(other),
        }
    }
    summary.crashed |= other.crashed;
    summary.without_probes = Some(Unprobed { programs: other.programs, ops: other.ops });
}

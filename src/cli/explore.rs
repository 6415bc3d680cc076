//! The threads of `sessdiff run`: each replays cases, then makes, changes and judges programs until it is told to stop.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use super::args::{About, RunArgs, Shares};
use super::corpus::Committed;
use super::coverage::Coverage;
use super::files::{keep_inconclusive, keep_new};
use super::finding::{Finding, judge_every_way};
use super::head::shows_in;
use super::progress::{self, Progress, Pulse};
use super::{interrupt, output};
use crate::exec::Watch;
use crate::generate::{Generator, Subject};
use crate::host::crash;
use crate::known::KnownFile;
use crate::native::{Release, Rules};
use crate::op::{Kind, Op};
use crate::oracle::{Aspect, Signature};
use crate::pair::{Inconclusive, Look, Pair, Verdict};
use crate::plan::{Kinds, Plan, Quirks, Setup, Skip, Step};
use crate::port::Memory;
use crate::program::{Case, Program};
use crate::report::{Stale, so_many};

/// One program in so many is observed in full after every step from the start: a difference that a later call would
/// cover up again.
const BLAME_EVERY: u64 = 16;
/// After so many programs each share of memory has had its turn.
const ALL_TURNS: u64 = 32 * BLAME_EVERY;
/// In one of so many turns programs that make handshakes or contexts are guarded; in the others they are poisoned.
const GUARDED_HANDSHAKES: u64 = 4;
/// One program in so many is run twice: both ports must do the same again.
const TWICE_EVERY: u64 = 64;
/// After a crash that a fresh process does not repeat, so many of the programs that ran before are suspected.
const SUSPECTS: usize = 2 * BATCH as usize;
/// How many programs without a verdict are kept and shown.
const EXAMPLES: usize = 8;
/// How much longer a long program may be.
const LONG: usize = 20;
/// Programs that reached something new, kept to be changed.
const POOL: usize = 512;
/// Programs are made so many at a time: a port in another process runs them while this one judges.
const BATCH: u64 = 32;

/// Lists the calls of a program that are made only where hazards are, and their steps.
fn hazards_of(program: &Program) -> impl Iterator<Item = (usize, Kind)> {
    let mut plan = Plan::new(Setup::new(true));
    plan.make(program);
    let steps = plan.steps.into_iter().zip(&program.ops).enumerate();
    let hazards = steps.filter(|(_, (step, _))| matches!(step, Step::Skip(Skip::Hazard)));
    hazards.map(|(at, (_, op))| (at, op.kind()))
}

/// What all threads of a run share.
pub(super) struct Shared<'a> {
    pub args: &'a RunArgs,
    pub memory: Shares,
    pub deadline: Option<Instant>,
    started: Instant,
    /// Holds the signatures of hazards, in which the library is broken on purpose: they say nothing new.
    pub expected: HashSet<Signature>,
    /// Holds the calls that break the library in the committed hazards.
    hazards: HashSet<Kind>,
    /// A hazard shows as it is expected where the library is in C and can be observed.
    pub hazards_show: bool,
    /// Holds the differences that are accepted.
    pub known: &'a KnownFile,
    /// Counts the programs that diverged as is accepted.
    accepted: Mutex<HashMap<Signature, u64>>,
    /// Every difference can be observed.
    pub all_shows: bool,
    /// The cases that were replayed and are kept for a signature.
    replayed: Mutex<HashMap<Signature, PathBuf>>,
    stop: AtomicBool,
    programs: AtomicU64,
    divergences: AtomicU64,
    /// When a program last reached something new, milliseconds from the start.
    last_new: AtomicU64,
    found: Mutex<HashMap<Signature, u64>>,
}

impl<'a> Shared<'a> {
    pub fn new(
        args: &'a RunArgs,
        known: &'a KnownFile,
        memory: Shares,
        deadline: Option<Instant>,
        all_shows: bool,
    ) -> Shared<'a> {
        Shared {
            args,
            memory,
            deadline,
            started: Instant::now(),
            expected: HashSet::new(),
            hazards: HashSet::new(),
            hazards_show: false,
            known,
            accepted: Mutex::default(),
            all_shows,
            replayed: Mutex::default(),
            stop: false.into(),
            programs: 0.into(),
            divergences: 0.into(),
            last_new: 0.into(),
            found: Mutex::default(),
        }
    }

    /// Takes from the cases what is expected, where hazards are run at all.
    pub fn expecting<'c>(self, cases: impl Iterator<Item = &'c Committed> + Clone, hazards_show: bool) -> Shared<'a> {
        let committed = || cases.clone().filter(|committed| self.args.hazards && committed.expected.is_some());
        let expected = committed().filter_map(|committed| committed.expected).collect();
        let hazards = committed().flat_map(|committed| hazards_of(&committed.case.program)).map(|(_, call)| call);
        Shared { expected, hazards: hazards.collect(), hazards_show, ..self }
    }

    /// Tells whether a program makes calls until that step that break the library, and only such as committed hazards make. What a
    /// broken cache shows depends on what the program asks of it.
    fn breaks_as_committed(&self, program: &Program, step: usize) -> bool {
        let mut before = hazards_of(program).filter(|(at, _)| *at <= step).map(|(_, call)| call).peekable();
        before.peek().is_some() && before.all(|call| self.hazards.contains(&call))
    }

    /// Tells whether a committed hazard is found so. Where memory is broken, it depends on the memory and on the time limit in
    /// which way the call fails.
    fn is_expected(&self, finding: &Finding) -> bool {
        let (signature, broke) = (finding.signature(), |aspect| matches!(aspect, Aspect::Breakage(_)));
        self.expected.iter().any(|expected| {
            let fails = expected.call == signature.call && broke(expected.aspect) && broke(signature.aspect);
            *expected == signature || fails
        })
    }

    /// Books programs that diverged with a signature, if that is accepted for this release, and tells whether it is.
    pub fn accepts(&self, signature: Signature, release: Release, programs: u64) -> bool {
        let accepted = self.known.accepts(signature, release).is_some();
        if accepted {
            *self.accepted.lock().unwrap_or_else(PoisonError::into_inner).entry(signature).or_insert(0) += programs;
        }
        accepted
    }

    /// Returns how many programs diverged with each accepted signature.
    pub fn accepted(&self) -> HashMap<Signature, u64> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the cases that were replayed and are kept for a signature, by that.
    pub fn replayed(&self) -> HashMap<Signature, PathBuf> {
        self.replayed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Books a divergence, and tells whether its signature was not found before.
    fn is_new(&self, signature: Signature) -> bool {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let hits = found.entry(signature).or_insert(0);
        *hits += 1;
        *hits == 1
    }

    /// Returns how many programs diverged with each signature, as it was when they ran.
    pub fn hits(&self) -> HashMap<Signature, u64> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_over(&self) -> bool {
        self.stop.load(Relaxed) || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// What a thread did.
#[derive(Default)]
pub(super) struct Tally {
    pub programs: u64,
    /// Calls made on each port.
    pub ops: u64,
    /// Ops that were not called.
    pub skipped: u64,
    pub divergences: u64,
    /// Programs that broke the library as a hazard does.
    pub expected: u64,
    /// Hazards that do not.
    pub stale: Vec<Stale>,
    /// Programs without a verdict.
    pub inconclusive: u64,
    /// Why, and where the program is kept, of the first few.
    pub examples: Vec<String>,
    /// Programs with each kind of memory, in the order of [`Memory::ALL`].
    pub memory: [u64; 3],
    pub coverage: Coverage,
    pub lacks: Kinds,
    /// What is left out because it breaks the release.
    pub quirks: Quirks,
    /// The rules of the release that made a difference.
    pub met: Rules,
}

/// Is told each first divergence of a signature, the programs that ran before it on the same thread, and the case it came from, if
/// it is one. Tells whether it is accepted after a closer look.
pub(super) type Report<'a> = dyn Fn(&Finding, &[Program], Option<&Path>) -> bool + Sync + 'a;

/// Explores with programs of this seed, so many or until it is told to stop. `report` is called at once.
pub(super) fn explore(
    pair: &mut Pair,
    seed: u64,
    programs: Option<u64>,
    cases: &[Committed],
    shared: &Shared<'_>,
    report: &Report<'_>,
) -> Tally {
    let setup = pair.plan().setup();
    let tally = Tally { lacks: setup.lacks, quirks: setup.quirks, ..Tally::default() };
    let recent = VecDeque::with_capacity(SUSPECTS);
    let mut explorer = Explorer { pair, shared, report, tally, agreed: false, recent, pool: Default::default() };
    explorer.replay(cases);
    explorer.explore(seed, programs.unwrap_or(u64::MAX));
    explorer.tally
}

/// Shows progress and carries ^C to the workers until all are done.
pub(super) fn watch<T>(shared: &Shared<'_>, workers: &[ScopedJoinHandle<'_, T>]) {
    let Shared { args, started, .. } = *shared;
    // That of the whole run, the part without probes included.
    let whole = Duration::from_secs_f64(args.seconds);
    let length = args.programs.unwrap_or(whole.as_millis() as u64);
    let bar = progress::bar(length);
    let pulse = Pulse::new(args.beat, args.part);
    let mut told = None;
    while !workers.iter().all(ScopedJoinHandle::is_finished) {
        if interrupt::came() {
            shared.stop.store(true, Relaxed);
        }
        let (done, divergences) = (shared.programs.load(Relaxed), shared.divergences.load(Relaxed));
        let seconds = started.elapsed().as_secs_f64();
        let speed = done as f64 / seconds.max(0.001);
        bar.set_position(if args.programs.is_some() { done } else { started.elapsed().as_millis() as u64 });
        let left = match args.programs {
            Some(programs) => programs.saturating_sub(done) as f64 / speed.max(1.0),
            None => whole.saturating_sub(started.elapsed()).as_secs_f64(),
        };
        let since_new = seconds - shared.last_new.load(Relaxed) as f64 / 1000.0;
        bar.set_message(Progress { left, speed, divergences, since_new }.to_string());
        let phase = progress::phase();
        if pulse.beats() {
            let phase = phase.as_ref().map(|phase| format!("; {phase}")).unwrap_or_default();
            output::note(format_args!(
                "{seconds:.0} s: {}, {speed:.0}/s, {}{phase}",
                so_many(done, "program"),
                so_many(divergences, "divergence")
            ));
        }
        // The whole run says it.
        if args.part && phase != told {
            output::note(progress::telling(phase.as_deref().unwrap_or_default()));
            told = phase;
        }
        std::thread::sleep(progress::TICK);
    }
    bar.finish_and_clear();
}

/// Tells whether a program is not guarded although it is its turn: a new context or a handshake allocates some thousand blocks, and
/// each guarded one costs two changes of a page's access.
fn is_left_out(program: &Program, number: u64) -> bool {
    let allocates = |op: &Op| matches!(op.kind(), Kind::Handshake | Kind::CtxNew | Kind::CtxNewDtls);
    !(number / ALL_TURNS).is_multiple_of(GUARDED_HANDSHAKES) && program.ops.iter().any(allocates)
}

struct Explorer<'a> {
    pair: &'a mut Pair,
    shared: &'a Shared<'a>,
    report: &'a Report<'a>,
    tally: Tally,
    /// The last program agreed.
    agreed: bool,
    /// The programs that ran last, the last one at the end.
    recent: VecDeque<Program>,
    /// Programs that reached something new, and the cases: what others are made from, by subject.
    pool: [Vec<Program>; Subject::ALL.len()],
}

impl Explorer<'_> {
    /// Replays the committed cases, each in every kind of memory that any program is given.
    fn replay(&mut self, cases: &[Committed]) {
        let memories: Vec<_> = Memory::ALL.into_iter().filter(|memory| self.shared.memory.has(*memory)).collect();
        for committed in cases {
            let Committed { case, expected, .. } = committed;
            if self.shared.stop.load(Relaxed) {
                return;
            }
            if let Some(expected) = expected
                && self.shared.args.hazards
            {
                self.replay_hazard(case, *expected);
                continue;
            }
            let inconclusive = self.tally.inconclusive;
            for memory in &memories {
                let look = Look::in_memory(Watch::Blame, *memory);
                self.judge(&case.program, look, false, Some(&case.path));
            }
            if self.tally.inconclusive == inconclusive {
                self.replayed(committed, &memories);
            }
            self.pool_of(&case.program).push(case.program.clone());
        }
    }

    /// Books a case that was just replayed, if what it is kept for could show.
    fn replayed(&self, committed: &Committed, memories: &[Memory]) {
        let Committed { case, signature, .. } = committed;
        let left_out = |step: &Step| matches!(step, Step::Skip(Skip::Hazard | Skip::Avoided | Skip::Unsupported));
        let shows = self.shared.all_shows && shows_in(case, memories) && !self.pair.plan().steps.iter().any(left_out);
        if let Some(signature) = signature
            && shows
            && !interrupt::came()
        {
            let mut replayed = self.shared.replayed.lock().unwrap_or_else(PoisonError::into_inner);
            replayed.entry(*signature).or_insert_with(|| case.path.clone());
        }
    }

    /// Replays a case that breaks the library, until it is found as it says.
    fn replay_hazard(&mut self, case: &Case, expected: Signature) {
        // Elsewhere it can show as anything.
        if !self.shared.hazards_show {
            return;
        }
        let memories: Vec<_> = Memory::ALL.into_iter().filter(|memory| self.shared.memory.has(*memory)).collect();
        let program = &case.program;
        let (look, verdict) = crash::saving(program, || judge_every_way(self.pair, program, &memories));
        self.book(program, look);
        match verdict {
            Verdict::Diverge(diverged) => {
                self.found(&Finding { program: program.clone(), diverged: *diverged, look }, Some(&case.path))
            }
            Verdict::Inconclusive(_) if interrupt::came() => {}
            Verdict::Inconclusive(why) => self.inconclusive(&why, program),
            // What the library lacks breaks nothing.
            Verdict::Agree | Verdict::Known | Verdict::Nothing
                if program.ops.iter().any(|op| self.tally.lacks.contains(op.kind())) => {}
            Verdict::Agree | Verdict::Known | Verdict::Nothing => {
                self.tally.stale.push(Stale { case: case.path.display().to_string(), signature: expected });
            }
        }
    }

    /// Makes and judges programs of this seed, until there were so many or it is told to stop.
    fn explore(&mut self, seed: u64, programs: u64) {
        let mut generator = Generator::new(seed, self.pair.plan().setup()).about(self.shared.args.about.which());
        let mut choice = fastrand::Rng::with_seed(!seed);
        let mut number = 0;
        let mut batch: Vec<(Program, Look)> = Vec::with_capacity(BATCH as usize);
        while number < programs && !self.shared.is_over() {
            let first = number;
            number += BATCH.min(programs - number);
            batch.extend((first..number).map(|number| self.make(&mut generator, &mut choice, number)));
            self.pair.prepare(&batch);
            for ((program, look), number) in batch.drain(..).zip(first..) {
                if self.judge(&program, look, true, None) {
                    self.keep(&program);
                    let pool = self.pool_of(&program);
                    if pool.len() >= POOL {
                        pool.swap_remove(choice.usize(0..pool.len()));
                    }
                    pool.push(program);
                } else if self.agreed && number % TWICE_EVERY == TWICE_EVERY - 1 {
                    self.repeat(&program);
                }
                // One that hangs takes many times as long as all others.
                if self.shared.is_over() {
                    break;
                }
            }
        }
    }

    fn pool_of(&mut self, program: &Program) -> &mut Vec<Program> {
        &mut self.pool[Subject::of(program) as usize]
    }

    /// Makes the program of this number, or changes one of the pool, and chooses how it is looked at.
    fn make(&self, generator: &mut Generator, choice: &mut fastrand::Rng, number: u64) -> (Program, Look) {
        let (longest, memory) = (self.shared.args.longest.into(), self.shared.memory);
        // A few are much longer: what only shows after many calls.
        let long = if choice.u8(0..128) == 0 { longest * LONG } else { longest };
        // What reached something new made handshakes more often than programs do: so the subject is drawn first.
        let subject = generator.subject();
        let pool = &self.pool[subject as usize];
        let mut program = if pool.is_empty() || choice.bool() {
            generator.program_about(subject, long)
        } else {
            let (one, other) = (choice.usize(0..pool.len()), choice.usize(0..pool.len()));
            generator.change_about(subject, &pool[one], &pool[other], longest)
        };
        let watch = match number % BLAME_EVERY {
            0 => Watch::Blame,
            1 | 9 => Watch::Ends,
            _ => Watch::Fast,
        };
        if watch == Watch::Blame && matches!(self.shared.args.about, About::All | About::Stored) {
            self.pair.print_what_lives(&mut program);
        }
        let memory = match memory.of(number / BLAME_EVERY) {
            Memory::Guarded if memory == Shares::DEFAULT && is_left_out(&program, number) => Memory::Poisoned,
            chosen @ (Memory::Plain | Memory::Poisoned | Memory::Guarded) => chosen,
        };
        // Draw it of the number alone: what is compared changes no program.
        let der = fastrand::Rng::with_seed(number).u64(0..Look::DER_EVERY) == 0;
        (program, Look { watch, memory, der })
    }

    /// Judges and books one program, and tells whether it reached something new.
    fn judge(&mut self, program: &Program, look: Look, prepared: bool, case: Option<&Path>) -> bool {
        let verdict = crash::saving(program, || match prepared {
            true => self.pair.judge_next(program, look),
            false => self.pair.judge_watching(program, look),
        });
        let new = self.book(program, look);
        self.agreed = verdict == Verdict::Agree;
        self.tally.met = self.tally.met.or(self.pair.take_met());
        match verdict {
            Verdict::Agree => new,
            Verdict::Known | Verdict::Nothing => false,
            Verdict::Inconclusive(why @ Inconclusive::Flaky { broke: true, .. }) => {
                match self.suspect() {
                    Some(finding) => self.found(&finding, None),
                    None => self.inconclusive(&why, program),
                }
                false
            }
            // Whoever stopped it knows.
            Verdict::Inconclusive(Inconclusive::Lost { .. }) if interrupt::came() => false,
            Verdict::Inconclusive(why) => {
                self.inconclusive(&why, program);
                false
            }
            Verdict::Diverge(diverged) => {
                let look = diverged.looked_at(look);
                let finding = Finding { program: program.clone(), diverged: *diverged, look };
                self.found(&finding, case);
                false
            }
        }
    }

    /// Keeps a program that reached something new, where that is asked for. What cannot be kept ends the run.
    fn keep(&self, program: &Program) {
        let Some(folder) = &self.shared.args.corpus_out else { return };
        if let Err(error) = keep_new(folder, program) {
            output::lose(format_args!("{}: {error}", folder.display()));
            self.shared.stop.store(true, Relaxed);
        }
    }

    /// Books a program that ran, and tells whether it reached something new.
    fn book(&mut self, program: &Program, look: Look) -> bool {
        let (plan, skips) = (self.pair.plan(), &self.pair.traces().0.skips);
        let run = plan.runs(skips) as u64;
        if self.recent.len() == SUSPECTS {
            self.recent.pop_front();
        }
        self.recent.push_back(program.clone());
        self.tally.programs += 1;
        self.tally.memory[look.memory as usize] += 1;
        self.tally.ops += run;
        self.tally.skipped += program.ops.len() as u64 - run;
        self.shared.programs.fetch_add(1, Relaxed);
        let new = self.tally.coverage.add(program, plan, skips);
        if new {
            self.shared.last_new.store(self.shared.started.elapsed().as_millis() as u64, Relaxed);
        }
        new
    }

    /// Tells whether a program breaks the library by the calls of committed hazards alone: without them it agrees.
    fn breaks_by_hazard(&mut self, finding: &Finding) -> bool {
        if !self.shared.breaks_as_committed(&finding.program, finding.diverged.divergence.step) {
            return false;
        }
        let hazards: HashSet<usize> = hazards_of(&finding.program).map(|(at, _)| at).collect();
        let others = finding.program.ops.iter().enumerate().filter(|(at, _)| !hazards.contains(at));
        let tame = Program { ops: others.map(|(_, op)| op.clone()).collect() };
        let verdict = crash::saving(&tame, || self.pair.judge_watching(&tame, finding.look));
        matches!(verdict, Verdict::Agree | Verdict::Known | Verdict::Nothing)
    }

    fn found(&mut self, finding: &Finding, case: Option<&Path>) {
        if self.shared.is_expected(finding) || case.is_none() && self.breaks_by_hazard(finding) {
            self.tally.expected += 1;
            return;
        }
        if self.shared.accepts(finding.signature(), self.pair.left().release(), 1) {
            return;
        }
        self.tally.divergences += 1;
        self.shared.divergences.fetch_add(1, Relaxed);
        // Ask whoever found a signature first whether the run stops for it.
        if self.shared.is_new(finding.signature()) {
            // The last one is the finding's own, or what broke after it.
            let recent = self.recent.make_contiguous();
            let own = recent.iter().rposition(|program| *program == finding.program).unwrap_or(0);
            let accepted = (self.report)(finding, &recent[..own], case);
            if !accepted && !self.shared.args.keep_going {
                self.shared.stop.store(true, Relaxed);
            }
        }
    }

    /// Looks for the program that broke the port, where the one that it broke in does not break it again. What ran before is
    /// run again in memory that is watched.
    fn suspect(&mut self) -> Option<Finding> {
        let suspects: Vec<Program> = self.recent.iter().rev().cloned().collect();
        [Memory::Guarded, Memory::Poisoned].into_iter().find_map(|memory| {
            let look = Look::in_memory(Watch::Blame, memory);
            suspects.iter().find_map(|program| {
                let diverged = self.pair.judge_watching(program, look).diverged()?;
                Some(Finding { program: program.clone(), diverged, look })
            })
        })
    }

    fn repeat(&mut self, program: &Program) {
        if let Err(why) = crash::saving(program, || self.pair.repeats(program))
            && !interrupt::came()
        {
            self.inconclusive(&why, program);
        }
    }

    fn inconclusive(&mut self, why: &Inconclusive, program: &Program) {
        self.tally.inconclusive += 1;
        if self.tally.examples.len() < EXAMPLES {
            let kept = keep_inconclusive(&self.shared.args.out, &why.to_string(), program);
            self.tally.examples.push(match kept {
                Ok(path) => format!("{why}: {}", path.display()),
                Err(error) => format!("{why}; it cannot be kept: {error}\n{program}"),
            });
        }
    }
}

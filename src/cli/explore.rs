//! The threads of `sessdiff run`: each replays cases, then makes, changes and judges programs until it is told to stop.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::Instant;

use super::args::{RunArgs, Shares};
use super::coverage::Coverage;
use super::finding::Finding;
use super::{interrupt, progress};
use crate::exec::Watch;
use crate::generate::{Generator, Subject};
use crate::host::crash;
use crate::op::{Kind, Op};
use crate::oracle::Signature;
use crate::pair::{Inconclusive, Look, Pair, Verdict};
use crate::plan::Kinds;
use crate::port::Memory;
use crate::program::{Case, Program};

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
/// How many programs without a verdict are shown.
const EXAMPLES: usize = 8;
/// How much longer a long program may be.
const LONG: usize = 10;
/// Programs that reached something new, kept to be changed.
const POOL: usize = 512;
/// Programs are made so many at a time: a port in another process runs them while this one judges. Also how often the clock is
/// looked at.
const BATCH: u64 = 32;

/// What all threads of a run share.
pub(super) struct Shared<'a> {
    pub args: &'a RunArgs,
    pub memory: Shares,
    pub deadline: Option<Instant>,
    stop: AtomicBool,
    programs: AtomicU64,
    found: Mutex<HashSet<Signature>>,
}

impl<'a> Shared<'a> {
    pub fn new(args: &'a RunArgs, memory: Shares, deadline: Option<Instant>) -> Shared<'a> {
        Shared { args, memory, deadline, stop: false.into(), programs: 0.into(), found: Mutex::default() }
    }

    /// Tells whether this signature was not found before, and books it.
    fn is_new(&self, signature: Signature) -> bool {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(signature)
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
    /// Programs without a verdict.
    pub inconclusive: u64,
    /// Why, and the program, of the first few.
    pub examples: Vec<String>,
    /// Programs with each kind of memory, in the order of [`Memory::ALL`].
    pub memory: [u64; 3],
    pub coverage: Coverage,
    pub lacks: Kinds,
}

/// Is told each first divergence of a signature, the programs that ran before it on the same thread, and the case it came from, if
/// it is one.
pub(super) type Report<'a> = dyn Fn(&Finding, &[Program], Option<&Path>) + Sync + 'a;

/// Explores with programs of this seed, so many or until it is told to stop. `report` is called at once.
pub(super) fn explore(
    pair: &mut Pair,
    seed: u64,
    programs: Option<u64>,
    cases: &[Case],
    shared: &Shared<'_>,
    report: &Report<'_>,
) -> Tally {
    let tally = Tally { lacks: pair.plan().setup().lacks, ..Tally::default() };
    let recent = VecDeque::with_capacity(SUSPECTS);
    let mut explorer = Explorer { pair, shared, report, tally, agreed: false, recent, pool: Default::default() };
    explorer.replay(cases);
    explorer.explore(seed, programs.unwrap_or(u64::MAX));
    explorer.tally
}

/// Shows progress and carries ^C to the workers until all are done.
pub(super) fn watch<T>(shared: &Shared<'_>, workers: &[ScopedJoinHandle<'_, T>]) {
    let started = Instant::now();
    let programs = shared.args.programs;
    let length = programs.or(shared.deadline.map(|deadline| (deadline - started).as_millis() as u64));
    let bar = progress::bar(length);
    while !workers.iter().all(ScopedJoinHandle::is_finished) {
        if interrupt::came() {
            shared.stop.store(true, Relaxed);
        }
        let done = shared.programs.load(Relaxed);
        let seconds = started.elapsed().as_secs_f64();
        bar.set_position(if programs.is_some() { done } else { started.elapsed().as_millis() as u64 });
        bar.set_message(format!("{done} programs, {:.0}/s", done as f64 / seconds.max(0.001)));
        std::thread::sleep(progress::TICK);
    }
    bar.finish_and_clear();
}

/// Tells whether a program is not guarded although it is its turn: a new context or a handshake allocates some thousand blocks, and
/// each guarded one costs two changes of a page's access.
fn is_left_out(program: &Program, number: u64) -> bool {
    let allocates = |op: &Op| matches!(op.kind(), Kind::Handshake | Kind::CtxNew);
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
    fn replay(&mut self, cases: &[Case]) {
        for case in cases {
            if self.shared.stop.load(Relaxed) {
                return;
            }
            for memory in Memory::ALL.into_iter().filter(|memory| self.shared.memory.has(*memory)) {
                self.judge(&case.program, Look { watch: Watch::Blame, memory }, false, Some(&case.path));
            }
            self.pool_of(&case.program).push(case.program.clone());
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
                    let pool = self.pool_of(&program);
                    if pool.len() >= POOL {
                        pool.swap_remove(choice.usize(0..pool.len()));
                    }
                    pool.push(program);
                } else if self.agreed && number % TWICE_EVERY == TWICE_EVERY - 1 {
                    self.repeat(&program);
                }
                if self.shared.stop.load(Relaxed) {
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
        let long = if choice.u8(0..64) == 0 { longest * LONG } else { longest };
        // What reached something new made handshakes more often than programs do: so the subject is drawn first.
        let subject = generator.subject();
        let pool = &self.pool[subject as usize];
        let program = if pool.is_empty() || choice.bool() {
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
        let memory = match memory.of(number / BLAME_EVERY) {
            Memory::Guarded if memory == Shares::DEFAULT && is_left_out(&program, number) => Memory::Poisoned,
            chosen @ (Memory::Plain | Memory::Poisoned | Memory::Guarded) => chosen,
        };
        (program, Look { watch, memory })
    }

    /// Judges and books one program, and tells whether it reached something new.
    fn judge(&mut self, program: &Program, look: Look, prepared: bool, case: Option<&Path>) -> bool {
        let verdict = crash::saving(program, || match prepared {
            true => self.pair.judge_next(program, look),
            false => self.pair.judge_watching(program, look),
        });
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
        self.agreed = verdict == Verdict::Agree;
        match verdict {
            Verdict::Agree => new,
            Verdict::Nothing => false,
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
                let look = Look { memory: diverged.memory, ..look };
                let finding = Finding { program: program.clone(), diverged: *diverged, look };
                self.found(&finding, case);
                false
            }
        }
    }

    fn found(&mut self, finding: &Finding, case: Option<&Path>) {
        self.tally.divergences += 1;
        if self.shared.is_new(finding.signature()) {
            // The last one is the finding's own, or what broke after it.
            let recent = self.recent.make_contiguous();
            let own = recent.iter().rposition(|program| *program == finding.program).unwrap_or(0);
            (self.report)(finding, &recent[..own], case);
        }
        if !self.shared.args.keep_going {
            self.shared.stop.store(true, Relaxed);
        }
    }

    /// Looks for the program that broke the port, where the one that it broke in does not break it again. What ran before is
    /// run again in memory that is watched.
    fn suspect(&mut self) -> Option<Finding> {
        let suspects: Vec<Program> = self.recent.iter().rev().cloned().collect();
        [Memory::Guarded, Memory::Poisoned].into_iter().find_map(|memory| {
            let look = Look { watch: Watch::Blame, memory };
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
            self.tally.examples.push(format!("{why}\n{program}"));
        }
    }
}

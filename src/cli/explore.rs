//! One thread of `sessdiff run`: replays cases, then makes, changes and judges programs until it is told to stop.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::coverage::Coverage;
use super::judge::Judge;
use crate::exec::Watch;
use crate::mutate::Generator;
use crate::pair::{Diverged, Inconclusive, Verdict};
use crate::plan::{Kinds, Step};
use crate::port::c::crash;
use crate::program::{Case, Program};

/// One program in so many is observed in full after every step from the start: a difference that a later call would
/// cover up again.
const BLAME_EVERY: u64 = 16;
/// One program in so many is run twice: both ports must do the same again.
const TWICE_EVERY: u64 = 64;
/// How many programs without a verdict are shown.
const EXAMPLES: usize = 8;
/// How much longer a long program may be.
const LONG: usize = 10;
/// Programs that reached something new, kept to be changed.
const POOL: usize = 512;
/// How often the clock is looked at: once in so many programs.
const LOOK_EVERY: u64 = 16;

/// What all threads of a run share.
pub(super) struct Shared {
    pub stop: AtomicBool,
    pub deadline: Option<Instant>,
    pub programs: AtomicU64,
    pub keep_going: bool,
    pub longest: usize,
    found: Mutex<HashSet<String>>,
}

impl Shared {
    pub fn new(deadline: Option<Instant>, keep_going: bool, longest: usize) -> Shared {
        Shared {
            stop: AtomicBool::new(false),
            deadline,
            programs: AtomicU64::new(0),
            keep_going,
            longest,
            found: Mutex::default(),
        }
    }

    /// Whether this signature is the first of its kind.
    fn is_new(&self, signature: String) -> bool {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(signature)
    }

    fn is_over(&self) -> bool {
        self.stop.load(Relaxed) || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// A program that diverged.
pub(super) struct Found {
    pub program: Program,
    pub diverged: Diverged,
    /// The case it came from, if it is one.
    pub case: Option<PathBuf>,
}

/// What a thread did.
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
    pub coverage: Coverage,
    pub lacks: Kinds,
}

/// Explores with programs of this seed, so many or until it is told to stop. `report` is called for each first divergence of a signature, at once.
pub(super) fn explore(
    judge: &mut dyn Judge,
    seed: u64,
    programs: Option<u64>,
    cases: &[Case],
    shared: &Shared,
    report: &mut dyn FnMut(&Found),
) -> Tally {
    let setup = judge.plan().setup();
    let tally = Tally {
        programs: 0,
        ops: 0,
        skipped: 0,
        divergences: 0,
        inconclusive: 0,
        examples: Vec::new(),
        coverage: Coverage::new(),
        lacks: setup.lacks,
    };
    let mut explorer = Explorer { judge, shared, report, tally };
    let mut pool: Vec<Program> = Vec::new();
    for case in cases {
        if shared.stop.load(Relaxed) {
            return explorer.tally;
        }
        explorer.judge(&case.program, Watch::Blame, Some(&case.path));
        pool.push(case.program.clone());
    }
    let mut generator = Generator::new(seed, setup);
    let mut choice = fastrand::Rng::with_seed(!seed);
    for number in 0..programs.unwrap_or(u64::MAX) {
        if (number % LOOK_EVERY == 0 && shared.is_over()) || shared.stop.load(Relaxed) {
            break;
        }
        // A few are much longer: what only shows after many calls.
        let longest = if choice.u8(0..64) == 0 { shared.longest * LONG } else { shared.longest };
        let program = if pool.is_empty() || choice.bool() {
            generator.program(longest)
        } else {
            let (one, other) = (choice.usize(0..pool.len()), choice.usize(0..pool.len()));
            generator.change(&pool[one], &pool[other], shared.longest)
        };
        let watch = match number % BLAME_EVERY {
            0 => Watch::Blame,
            1 | 9 => Watch::Ends,
            _ => Watch::Fast,
        };
        if explorer.judge(&program, watch, None) {
            if pool.len() == POOL {
                pool.swap_remove(choice.usize(0..POOL));
            }
            pool.push(program);
        } else if number % TWICE_EVERY == 0 {
            explorer.repeat(&program);
        }
    }
    explorer.tally
}

struct Explorer<'a> {
    judge: &'a mut dyn Judge,
    shared: &'a Shared,
    report: &'a mut dyn FnMut(&Found),
    tally: Tally,
}

impl Explorer<'_> {
    /// Judges and books one program; whether it reached something new.
    fn judge(&mut self, program: &Program, watch: Watch, case: Option<&PathBuf>) -> bool {
        let verdict = crash::saving(program, || self.judge.judge(program, watch));
        let plan = self.judge.plan();
        let run = plan.steps.iter().filter(|step| matches!(step, Step::Run { .. })).count() as u64;
        self.tally.programs += 1;
        self.tally.ops += run;
        self.tally.skipped += program.ops.len() as u64 - run;
        self.shared.programs.fetch_add(1, Relaxed);
        let new = self.tally.coverage.add(program, plan);
        match verdict {
            Verdict::Agree => new,
            Verdict::Nothing => false,
            Verdict::Inconclusive(why) => {
                self.inconclusive(&why, program);
                false
            }
            Verdict::Diverge(diverged) => {
                self.tally.divergences += 1;
                if self.shared.is_new(diverged.divergence.signature()) {
                    let (program, case) = (program.clone(), case.cloned());
                    (self.report)(&Found { program, diverged: *diverged, case });
                }
                if !self.shared.keep_going {
                    self.shared.stop.store(true, Relaxed);
                }
                false
            }
        }
    }

    fn repeat(&mut self, program: &Program) {
        if let Err(why) = crash::saving(program, || self.judge.repeats(program)) {
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

//! `sessdiff run --laws`: asks one port what holds of any, with no model beside it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::args::{FollowingChoice, RunArgs};
use super::compiled::Compiled;
use super::corpus::Corpus;
use super::disk::Folder;
use super::exit::Exit;
use super::lab::{Lab, LabError, Starting};
use super::progress::{Pulse, Reducing};
use super::{files, interrupt, output};
use crate::emit::{self, Subject};
use crate::exec::Watch;
use crate::generate::Generator;
use crate::host::{Host, crash};
use crate::laws::{Bench, Broken, Law, Ruling};
use crate::pair::{Look, Pair};
use crate::plan::{Plan, Setup};
use crate::port::c::Probes;
use crate::port::native::START_SECONDS;
use crate::program::{Case, Program};
use crate::reduce::{Answer, reduce};
use crate::report::so_many;
use crate::trace::Trace;

/// How many variations of one committed case are asked about, and of a smaller program.
const VARIATIONS: u64 = 4;

pub(super) fn run(args: &RunArgs, corpus: &Corpus, seed: u64) -> Result<Exit, Exit> {
    let _out =
        Folder::ready(&args.out).map_err(|error| output::usage(format_args!("{}: {error}", args.out.display())))?;
    let mut exit = corpus.exit;
    // The native session makes no handshake without what a library recorded.
    if let Some(port) = args.ports.iter().find(|port| !port.is_in_c()) {
        return Err(output::usage(format_args!("{port}: laws are asked of a library in C")));
    }
    for port in &args.ports {
        let lab = Lab {
            port: port.clone(),
            probes: Probes::ALL,
            isolate: args.isolate,
            hazards: false,
            following: FollowingChoice::Released,
            without: None,
            breaking: false,
            limits: args.limits.clone(),
            start: Starting::default(),
        };
        match Asking::new(args, &lab) {
            Ok(asking) => exit = exit.worst(asking.all(corpus, seed)?),
            Err(error) => exit = exit.worst(error.say()),
        }
        if interrupt::came() {
            return Ok(exit.worst(Exit::Interrupted));
        }
    }
    Ok(exit)
}

/// The native session of a pair, which runs what the port decided.
struct Native<'a>(&'a mut Pair);

impl Bench for Native<'_> {
    fn setup(&self) -> Setup {
        Bench::setup(self.0)
    }

    fn run(&mut self, program: &Program, look: Look) -> (Plan, Trace) {
        self.0.run(program, look);
        (self.0.plan().clone(), self.0.traces().0.clone())
    }
}

/// Counts what a law said.
#[derive(Clone, Copy, Default)]
struct Tally {
    held: u64,
    known: u64,
    broken: u64,
}

struct Asking<'a> {
    args: &'a RunArgs,
    lab: &'a Lab,
    pair: Pair,
    laws: Vec<(&'static Law, Tally)>,
    programs: u64,
    pulse: Pulse,
}

impl<'a> Asking<'a> {
    fn new(args: &'a RunArgs, lab: &'a Lab) -> Result<Asking<'a>, LabError> {
        let all = Law::ALL.iter().filter(|law| args.laws.is_none_or(|only| only.0.is_none_or(|only| only == law.name)));
        let laws = all.map(|law| (law, Tally::default())).collect();
        Ok(Asking { args, lab, pair: lab.pair()?, laws, programs: 0, pulse: Pulse::new(args.beat, false) })
    }

    /// Asks about the committed cases, and then about programs of this seed.
    fn all(mut self, corpus: &Corpus, seed: u64) -> Result<Exit, Exit> {
        let started = Instant::now();
        let amount =
            self.args.programs.map_or(format!("{} s", self.args.seconds), |programs| so_many(programs, "program"));
        output::result(format_args!(
            "sessdiff {}: {} of any library, asked of {}; seed {seed}; {corpus}; {amount}",
            env!("CARGO_PKG_VERSION"),
            so_many(self.laws.len() as u64, "law"),
            self.pair.right().identity(),
        ));
        for committed in &corpus.cases {
            for number in 0..VARIATIONS {
                (0..self.laws.len()).try_for_each(|at| self.ask(at, &committed.case.program, number))?;
            }
        }
        let mut generator = Generator::new(seed, Bench::setup(&self.pair)).about(self.args.about.which());
        let whole = Duration::from_secs_f64(self.args.seconds);
        let is_over = |programs: u64| self.args.programs.map_or(started.elapsed() >= whole, |all| programs >= all);
        let mut number = 0;
        while !is_over(number) && !interrupt::came() && (self.args.keep_going || !self.is_broken()) {
            let program = generator.program(self.args.longest.into());
            self.ask(number as usize % self.laws.len(), &program, number)?;
            number += 1;
        }
        Ok(self.end(started, seed))
    }

    fn is_broken(&self) -> bool {
        self.laws.iter().any(|(_, tally)| tally.broken > 0)
    }

    fn ask(&mut self, at: usize, program: &Program, number: u64) -> Result<(), Exit> {
        if interrupt::came() {
            return Ok(());
        }
        self.programs += 1;
        if self.pulse.beats() {
            output::note(format_args!("asked {}", so_many(self.programs, "time")));
        }
        let law = self.laws[at].0;
        let look = Look::from(Watch::Fast);
        let ruling = crash::saving(program, || law.judge(&mut self.pair, program, look, number));
        match ruling {
            Ruling::Silent => {}
            Ruling::Holds => self.laws[at].1.held += 1,
            Ruling::Broken(_) if is_known(&mut self.pair, law, program, number) => self.laws[at].1.known += 1,
            Ruling::Broken(broken) => {
                self.laws[at].1.broken += 1;
                if self.laws[at].1.broken == 1 {
                    self.report(*broken, program, number)?;
                }
            }
        }
        Ok(())
    }

    /// Keeps the program, makes it smaller, and says how it breaks the law.
    fn report(&mut self, found: Broken, program: &Program, number: u64) -> Result<(), Exit> {
        let (law, until) = (found.law, Instant::now() + self.args.reducing.time());
        self.keep(law, "original.ops", &Case::text(law.sentence, program))?;
        let setup = Bench::setup(&self.pair);
        let reducing = Reducing::begin(&law.name, program.ops.len(), until);
        let (pair, mut smallest) = (&mut self.pair, (program.clone(), found));
        reduce(program, setup, &mut |smaller| {
            reducing.beat().into_iter().for_each(output::note);
            if interrupt::came() || Instant::now() >= until {
                return Answer::Stop;
            }
            match breaks(pair, law, smaller, number) {
                Some(broken) => {
                    reducing.calls(smaller.ops.len());
                    smallest = (smaller.clone(), *broken);
                    Answer::Same
                }
                None => Answer::Other,
            }
        });
        let (original, broken) = smallest;
        let mut block = format!(
            "LAW {}\n  {}\n  {}\n  at step {} of the variation\n  the program    {}\n  the variation  {}\n",
            law.name, law.sentence, law.source, broken.step, broken.seen[0], broken.seen[1]
        );
        for (what, program) in [("program", &original), ("variation", &broken.variation.program)] {
            let why = format!("{}: the {what}. {}\nLaw: {}", law.name, law.sentence, law.source);
            let c = self.in_c(&why, program);
            self.keep(law, &format!("{what}.ops"), &Case::text(&why, program))?;
            let c_path = self.keep(law, &format!("{what}.c"), &c)?;
            block += &format!("\nthe {what}:\n{program}");
            block += &format!("C file: {}\n", Compiled::new(&self.lab.port, &c).command(&c_path));
        }
        block += "Each C program ends with 0 where a library does what this one did.";
        output::result(output::headed(&block));
        Ok(())
    }

    /// Writes a file of a law, and returns where it is.
    fn keep(&self, law: &Law, kind: &str, text: &str) -> Result<PathBuf, Exit> {
        let stem = self.args.out.join(format!("law-{}", law.name));
        files::keep(&stem, kind, text).map_err(|error| output::usage(format_args!("{}: {error}", stem.display())))
    }

    /// Writes a program in C, with what the port did for expected.
    fn in_c(&mut self, why: &str, program: &Program) -> String {
        self.pair.run_right(program, Watch::Blame);
        let release = format!("OpenSSL {}", self.pair.left().release());
        emit::c(&Subject {
            why,
            program,
            plan: self.pair.plan(),
            expected: self.pair.traces().1,
            signature: None,
            now: START_SECONDS,
            release: &release,
            terms: "",
            driven: self.lab.port.driven(),
        })
    }

    fn end(&self, started: Instant, seed: u64) -> Exit {
        let sum = |of: fn(&Tally) -> u64| self.laws.iter().map(|(_, tally)| of(tally)).sum::<u64>();
        let (held, known, broken) = (sum(|tally| tally.held), sum(|tally| tally.known), sum(|tally| tally.broken));
        let (verdict, exit) = match (broken, held + known) {
            (0, 0) => ("NOTHING RAN", Exit::Inconclusive),
            (0, _) => ("agree", Exit::Expected),
            (_, _) => ("BROKEN", Exit::Divergence),
        };
        let line = format!(
            "{verdict}: asked {}: held {held}, known {known}, broken {broken} in {:.1} s; seed {seed}",
            so_many(self.programs, "time"),
            started.elapsed().as_secs_f64()
        );
        output::result(if exit == Exit::Expected { output::green(&line) } else { output::red(&line) });
        for (law, tally) in &self.laws {
            if tally.broken > 0 {
                output::result(format_args!("broken: {}, {}", law.name, so_many(tally.broken, "time")));
            }
            if tally.known > 0 {
                output::result(format_args!("known: {}, {}: {}", law.name, so_many(tally.known, "time"), law.known));
            }
            if tally.held + tally.known + tally.broken == 0 {
                output::result(format_args!("not asked: {}: no program had a place for it", law.name));
            }
        }
        exit
    }
}

/// Returns how a program breaks a law in a way that is not known, if the variation of this number does, or one of a few others.
fn breaks(pair: &mut Pair, law: &'static Law, program: &Program, number: u64) -> Option<Box<Broken>> {
    [number].into_iter().chain(0..VARIATIONS).find_map(|number| {
        match law.judge(pair, program, Look::from(Watch::Fast), number) {
            Ruling::Broken(broken) if !is_known(pair, law, program, number) => Some(broken),
            Ruling::Broken(_) | Ruling::Holds | Ruling::Silent => None,
        }
    })
}

/// Tells whether it is known that the release breaks the law, and it does so here: then the native session, which does what the
/// release does, breaks it too.
fn is_known(pair: &mut Pair, law: &'static Law, program: &Program, number: u64) -> bool {
    let look = Look::from(Watch::Fast);
    !law.known.is_empty() && matches!(law.judge(&mut Native(pair), program, look, number), Ruling::Broken(_))
}

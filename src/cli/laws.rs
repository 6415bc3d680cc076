//! `sessdiff run --laws`: asks one port what holds of any, with no model beside it.

mod told;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::told::{Found, Run};
use super::allowance::{self, Allowance};
use super::args::{FollowingChoice, PortName, RunArgs};
use super::compiled::{Compiled, TRYING};
use super::corpus::Corpus;
use super::disk::Folder;
use super::emitted::foreign;
use super::exit::Exit;
use super::lab::{Lab, LabError, Starting};
use super::progress::{Pulse, Reducing};
use super::{files, interrupt, output};
use crate::emit::{self, Subject};
use crate::exec::Watch;
use crate::generate::Generator;
use crate::host::{Host, crash};
use crate::laws::{Bench, Broken, Law, Played, Ruling};
use crate::native::Release;
use crate::oracle::{Aspect, Signature};
use crate::pair::{Look, Pair};
use crate::plan::clock::START_SECONDS;
use crate::plan::{Plan, Setup};
use crate::port::c::{CPort, Probes};
use crate::port::mutant::Mutant;
use crate::port::native::NativePort;
use crate::port::{Identity, Memory};
use crate::program::{Case, Program};
use crate::reduce::{Answer, reduce};
use crate::report::{self, PortSummary, Versions, so_many};
use crate::trace::Trace;

/// How many variations of one committed case are asked about, and of a smaller program.
const VARIATIONS: u64 = 4;

pub(super) fn run(args: &RunArgs, corpus: &Corpus, seed: u64) -> Result<Exit, Exit> {
    let _out =
        Folder::ready(&args.out).map_err(|error| output::usage(format_args!("{}: {error}", args.out.display())))?;
    let mut exit = corpus.exit;
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

/// Who is asked, and the native session that does what the release does.
enum Asked {
    /// A library in C is asked.
    Library(Pair),
    /// The native session is asked. It has no peers but those of the linked library.
    Native(Pair),
    /// A native session with a planted bug is asked. It has the same peers.
    Planted(Box<Pair<Mutant, CPort>>, Pair),
}

impl Bench for Asked {
    fn setup(&self) -> Setup {
        match self {
            Asked::Library(pair) | Asked::Native(pair) => Bench::setup(pair),
            Asked::Planted(planted, _) => Bench::setup(&**planted),
        }
    }

    fn run(&mut self, program: &Program, look: Look) -> (Plan, Trace) {
        match self {
            Asked::Library(pair) => Bench::run(pair, program, look),
            Asked::Native(pair) => Played(pair).run(program, look),
            Asked::Planted(planted, _) => Played(planted).run(program, look),
        }
    }
}

impl Asked {
    fn of(lab: &Lab) -> Result<Asked, LabError> {
        let linked = || Lab { port: PortName::OpenSsl, isolate: false, ..lab.clone() }.pair();
        Ok(match &lab.port {
            PortName::OpenSsl | PortName::Library(..) => Asked::Library(lab.pair()?),
            PortName::Native => Asked::Native(linked()?),
            PortName::Planted(bug) => Asked::Planted(Box::new(lab.planted(*bug)?), linked()?),
        })
    }

    /// Returns the native session of the release.
    fn native(&mut self) -> Played<'_, NativePort, Box<dyn Host>> {
        let (Asked::Library(pair) | Asked::Native(pair) | Asked::Planted(_, pair)) = self;
        Played(pair)
    }

    fn release(&self) -> Release {
        let (Asked::Library(pair) | Asked::Native(pair) | Asked::Planted(_, pair)) = self;
        pair.left().release()
    }

    fn identity(&self) -> Identity {
        match self {
            Asked::Library(pair) => pair.right().identity(),
            Asked::Native(pair) => Host::identity(pair.left()),
            Asked::Planted(planted, _) => Host::identity(planted.left()),
        }
    }

    fn counts_references(&self) -> bool {
        match self {
            Asked::Library(pair) => pair.right().abilities().counts,
            Asked::Native(_) | Asked::Planted(..) => true,
        }
    }

    /// Tells whether it is known that the release breaks the law, and it does so here: then the native session, which does what the
    /// release does, breaks it too.
    fn is_known(&mut self, law: &'static Law, program: &Program, number: u64) -> bool {
        let look = Look::from(Watch::Fast);
        !law.known.is_empty() && matches!(law.judge(&mut self.native(), program, look, number), Ruling::Broken(_))
    }

    /// Returns how a program breaks a law in a way that is not known, if the variation of this number does, or one of a few others.
    fn breaks(&mut self, law: &'static Law, program: &Program, number: u64) -> Option<Box<Broken>> {
        [number].into_iter().chain(0..VARIATIONS).find_map(|number| {
            match law.judge(self, program, Look::from(Watch::Fast), number) {
                Ruling::Broken(broken) if !self.is_known(law, program, number) => Some(broken),
                Ruling::Broken(_) | Ruling::Holds | Ruling::Silent => None,
            }
        })
    }
}

/// Counts what a law said.
#[derive(Clone, Copy, Default)]
struct Tally {
    held: u64,
    known: u64,
    broken: u64,
}

/// A law, what it said, and how it was broken first.
struct Ruled {
    law: &'static Law,
    tally: Tally,
    found: Option<Value>,
}

struct Asking<'a> {
    args: &'a RunArgs,
    lab: &'a Lab,
    asked: Asked,
    laws: Vec<Ruled>,
    programs: u64,
    pulse: Pulse,
    started: Instant,
    allowance: Allowance,
}

impl<'a> Asking<'a> {
    fn new(args: &'a RunArgs, lab: &'a Lab) -> Result<Asking<'a>, LabError> {
        let all = Law::ALL.iter().filter(|law| args.laws.is_none_or(|only| only.0.is_none_or(|only| only == law.name)));
        let laws = all.map(|law| Ruled { law, tally: Tally::default(), found: None }).collect();
        let (asked, pulse) = (Asked::of(lab)?, Pulse::new(args.beat, false));
        let (started, explores, each) = (Instant::now(), Duration::from_secs_f64(args.seconds), args.reducing.time());
        let allowance = match args.keep_going && args.programs.is_none() {
            true => Allowance::of_all(each, started + explores + allowance::after(explores, each)),
            false => Allowance::of_each(each),
        };
        Ok(Asking { args, lab, asked, laws, programs: 0, pulse, started, allowance })
    }

    /// Asks about the committed cases, and then about programs of this seed.
    fn all(mut self, corpus: &Corpus, seed: u64) -> Result<Exit, Exit> {
        let amount =
            self.args.programs.map_or(format!("{} s", self.args.seconds), |programs| so_many(programs, "program"));
        say(format!(
            "sessdiff {}: {} of any library, asked of {}; seed {seed}; {corpus}; {amount}",
            env!("CARGO_PKG_VERSION"),
            so_many(self.laws.len() as u64, "law"),
            self.asked.identity(),
        ));
        for committed in &corpus.cases {
            for number in 0..VARIATIONS {
                (0..self.laws.len()).try_for_each(|at| self.ask(at, &committed.case.program, number))?;
            }
        }
        let mut generator = Generator::new(seed, self.asked.setup()).about(self.args.about.which());
        let (started, whole) = (self.started, Duration::from_secs_f64(self.args.seconds));
        let is_over = |programs: u64| self.args.programs.map_or(started.elapsed() >= whole, |all| programs >= all);
        let mut number = 0;
        while !is_over(number) && !interrupt::came() && (self.args.keep_going || !self.is_broken()) {
            let program = generator.program(self.args.longest.into());
            self.ask(number as usize % self.laws.len(), &program, number)?;
            number += 1;
        }
        Ok(self.end(seed))
    }

    fn is_broken(&self) -> bool {
        self.laws.iter().any(|ruled| ruled.tally.broken > 0)
    }

    fn ask(&mut self, at: usize, program: &Program, number: u64) -> Result<(), Exit> {
        if interrupt::came() {
            return Ok(());
        }
        self.programs += 1;
        if self.pulse.beats() {
            output::note(format_args!("asked {}", so_many(self.programs, "time")));
        }
        let law = self.laws[at].law;
        let look = Look::from(Watch::Fast);
        let ruling = crash::saving(program, || law.judge(&mut self.asked, program, look, number));
        match ruling {
            Ruling::Silent => {}
            Ruling::Holds => self.laws[at].tally.held += 1,
            Ruling::Broken(_) if self.asked.is_known(law, program, number) => self.laws[at].tally.known += 1,
            Ruling::Broken(broken) => {
                self.laws[at].tally.broken += 1;
                if self.laws[at].found.is_none() {
                    let found = self.smallest(*broken, program, number)?;
                    found.say();
                    self.laws[at].found = Some(found.object(&self.versions()));
                }
            }
        }
        Ok(())
    }

    /// Keeps the program, and makes it smaller.
    fn smallest(&mut self, found: Broken, program: &Program, number: u64) -> Result<Found, Exit> {
        let (law, time) = (found.law, self.allowance.next());
        let until = Instant::now() + time.unwrap_or_default();
        let original = self.keep(law, "original.ops", &Case::text(law.sentence, program))?;
        let setup = self.asked.setup();
        let reducing = Reducing::begin(&law.name, program.ops.len(), until);
        let (asked, mut smallest) = (&mut self.asked, (program.clone(), found));
        reduce(program, setup, &mut |smaller| {
            reducing.beat().into_iter().for_each(output::note);
            if interrupt::came() || Instant::now() >= until {
                return Answer::Stop;
            }
            match asked.breaks(law, smaller, number) {
                Some(broken) => {
                    reducing.calls(smaller.ops.len());
                    smallest = (smaller.clone(), *broken);
                    Answer::Same
                }
                None => Answer::Other,
            }
        });
        drop(reducing);
        let (program, broken) = smallest;
        let variation = broken.variation.program.clone();
        let runs = [
            self.written(&broken, "program", program, false)?,
            self.written(&broken, "variation", variation, broken.fails())?,
        ];
        let flags = self.lab.flags(Memory::Plain);
        let replay = format!("sessdiff replay{flags} {}", output::quoted(runs[1].case.display()));
        Ok(Found { broken, original, runs, replay, reduced: time.is_some() })
    }

    /// Writes a program as a case and in C, compiles that and runs it. `fails`: it ends with 1 where a library fails as the port did.
    fn written(&mut self, broken: &Broken, what: &'static str, program: Program, fails: bool) -> Result<Run, Exit> {
        let law = broken.law;
        // Where only a return value differs, everything that is returned is looked at.
        let checked = Some(broken.signature).filter(|signature| signature.aspect != Aspect::Return);
        let why = format!("{}: the {what}. {}\nLaw: {}", law.name, law.sentence, law.source);
        let c = self.in_c(&why, &program, checked);
        let case = self.keep(law, &format!("{what}.ops"), &Case::text(&why, &program))?;
        let c_file = self.keep(law, &format!("{what}.c"), &c)?;
        let compiled = Compiled::new(&self.lab.port, &c, self.allowance.trying(TRYING));
        let says = if fails { compiled.to_string() } else { compiled.repeating() };
        let command = compiled.command(&c_file);
        Ok(Run { what, program, case, c_file, command, says })
    }

    /// Writes a file of a law, and returns where it is.
    fn keep(&self, law: &Law, kind: &str, text: &str) -> Result<PathBuf, Exit> {
        let stem = self.args.out.join(format!("law-{}", law.name));
        files::keep(&stem, kind, text).map_err(|error| output::usage(format_args!("{}: {error}", stem.display())))
    }

    /// Writes a program in C, with what the port did for expected.
    fn in_c(&mut self, why: &str, program: &Program, signature: Option<Signature>) -> String {
        let (plan, trace) = self.asked.run(program, Watch::Blame.into());
        let release = format!("OpenSSL {}", self.asked.release());
        let foreign = foreign(&self.lab.port, self.lab.port.family(), self.asked.identity().version);
        emit::c(&Subject {
            why,
            program,
            plan: &plan,
            expected: &trace,
            signature,
            now: START_SECONDS,
            release: &release,
            terms: "",
            foreign: foreign.as_ref(),
            driven: self.lab.port.driven(),
        })
    }

    fn versions(&self) -> Value {
        let (release, identity) = (self.asked.release().to_string(), self.asked.identity());
        report::versions(Versions { release: &release, library: &identity.version, file: &identity.file })
    }

    fn end(&self, seed: u64) -> Exit {
        let sum = |of: fn(&Tally) -> u64| self.laws.iter().map(|ruled| of(&ruled.tally)).sum::<u64>();
        let all =
            Tally { held: sum(|tally| tally.held), known: sum(|tally| tally.known), broken: sum(|tally| tally.broken) };
        let (verdict, exit) = match (all.broken, all.held + all.known) {
            (0, 0) => ("nothing", Exit::Inconclusive),
            (0, _) => ("agree", Exit::Expected),
            (_, _) => ("broken", Exit::Divergence),
        };
        let seconds = self.started.elapsed().as_secs_f64();
        if self.args.json {
            let exit = if interrupt::came() { exit.worst(Exit::Interrupted) } else { exit };
            output::object(&self.object(verdict, all, seconds, seed, exit));
        } else {
            self.say(exit, all, seconds, seed);
        }
        exit
    }

    /// Prints how it ended, as text.
    fn say(&self, exit: Exit, all: Tally, seconds: f64, seed: u64) {
        let verdict = match (all.broken, exit) {
            (0, Exit::Expected) => "agree",
            (0, _) => "NOTHING RAN",
            (_, _) => "BROKEN",
        };
        let Tally { held, known, broken } = all;
        let line = format!(
            "{verdict}: asked {}: held {held}, known {known}, broken {broken} in {seconds:.1} s; seed {seed}",
            so_many(self.programs, "time"),
        );
        output::result(if exit == Exit::Expected { output::green(&line) } else { output::red(&line) });
        for Ruled { law, tally, .. } in &self.laws {
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
    }

    /// Makes the object of docs/json.md.
    fn object(&self, verdict: &str, all: Tally, seconds: f64, seed: u64, exit: Exit) -> Value {
        let Identity { name, version, file } = self.asked.identity();
        let (counts_references, watches_memory) = (self.asked.counts_references(), self.lab.watches_memory());
        let port = PortSummary {
            name,
            version,
            file,
            unsupported: Vec::new(),
            missing: Vec::new(),
            left_out: BTreeMap::new(),
            needs_probes: Vec::new(),
            counts_references,
            watches_memory,
        };
        let law = |Ruled { law, tally, found }: &Ruled| {
            json!({
                "law": law.name,
                "sentence": law.sentence,
                "source": law.source,
                "held": tally.held,
                "known": tally.known,
                "known_as": Some(law.known).filter(|known| !known.is_empty()),
                "broken": tally.broken,
                "finding": found,
            })
        };
        json!({
            "verdict": verdict,
            "asked": self.programs,
            "held": all.held,
            "known": all.known,
            "broken": all.broken,
            "seconds": seconds,
            "seed": seed,
            "interrupted": interrupt::came(),
            "port": serde_json::to_value(port).unwrap_or_default(),
            "laws": self.laws.iter().map(law).collect::<Vec<_>>(),
            "versions": self.versions(),
            "exit": exit as u8,
        })
    }
}

/// Prints a line that is the result of no object.
fn say(line: String) {
    if output::is_of_objects() { output::note(line) } else { output::result(line) }
}

//! What `sessdiff import` makes of many artifacts: a bucket for each signature, with one case.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use super::args::ImportArgs;
use super::exit::Exit;
use super::finding::{Finding, judge_every_way};
use super::inputs::{Input, InputError, Inputs};
use super::lab::Lab;
use super::reduction::{diverged, reduce_case};
use super::regressions::{Regression, Regressions};
use super::{accepted, interrupt, output, workers};
use crate::known::{Day, KnownFile};
use crate::native::Release;
use crate::oracle::Signature;
use crate::pair::Pair;
use crate::port::Memory;
use crate::program::Case;
use crate::report::{self, Check, Checked, Outcome, PortSummary, Versions, so_many};

/// Limits how many programs of a bucket are tried, the smallest first: what one file shows, another one may show each time.
const TRIED: usize = 3;
/// Limits how many files without a finding are named.
const NAMED: usize = 10;

/// Imports the artifacts of folders, archives and files. A signature that is known already is an answer, not an error.
pub(super) fn import_all(args: &ImportArgs) -> Result<Exit, Exit> {
    let started = Instant::now();
    let regressions = Regressions::read(&args.into)?;
    let known = accepted::read(&args.known, None, &args.lab.port)?;
    args.sarif.as_ref().map_or(Ok(()), |path| output::ready(path, true))?;
    let lab = Lab::of(&args.lab, args.release.following, true)?;
    let inputs = Inputs::read(&args.files);
    inputs.wrong.iter().for_each(output::error);
    let (port, release) = {
        let pair = lab.pair().map_err(|error| error.say())?;
        (lab.port_summary(&pair, pair.plan().setup().lacks), pair.left().release())
    };
    let judged = workers::each(&inputs.distinct, args.jobs, ("judged", "programs"), |pair, _, input| {
        judged(&lab, pair, input, &args.lab.memories())
    });
    let (buckets, mut without) = buckets(&inputs.distinct, judged);
    let importing =
        Importing { args, lab: &lab, inputs: &inputs.distinct, shelf: Mutex::new(Shelf::of(&buckets, regressions)) };
    workers::each(&buckets, args.jobs, ("reduced", "signatures"), |(): &mut (), at, bucket| {
        let made = importing.made(bucket);
        importing.shelf().put(at, made);
    });
    let Shelf { told, lost, exit, .. } = importing.shelf.into_inner().unwrap_or_else(PoisonError::into_inner).emptied();
    without.extend(lost);
    let or = |good: bool, exit| if good { Exit::Expected } else { exit };
    let exit = exit
        .worst(or(without.is_empty() && inputs.files > 0, Exit::Inconclusive))
        .worst(or(inputs.wrong.is_empty(), Exit::Usage))
        .worst(interrupt::exit());
    let end = End { lab: &lab, inputs: &inputs, without: &without, told: &told, known: &known, release, exit };
    if args.json {
        output::object(&end.object())
    } else {
        end.say()
    }
    if let Some(path) = &args.sarif {
        let told = [end.check(port, started.elapsed().as_secs_f64())];
        output::file(path, &format!("{:#}\n", report::sarif_in(&told)))?;
    }
    Ok(exit)
}

/// Judges a program in a process that has seen no finding, and returns its signature, or why it has none.
fn judged(lab: &Lab, pair: &mut Option<Pair>, input: &Input, memories: &[Memory]) -> Result<Signature, String> {
    let driven = match pair.take() {
        Some(pair) => Ok(pair),
        None => lab.pair().map_err(|error| error.to_string()),
    };
    let mut driven = driven?;
    let (_, verdict) = judge_every_way(&mut driven, &input.case.program, memories);
    let found = diverged(verdict);
    if found.is_err() {
        *pair = Some(driven);
    }
    found.map(|diverged| diverged.divergence.signature())
}

/// Lists the programs of a signature, by their places among all, the smallest first.
struct Bucket {
    signature: Signature,
    programs: Vec<usize>,
    files: usize,
    /// Names the file that has it first.
    first: PathBuf,
}

/// Sorts programs by what they show, and lists the files of those that show nothing, with why. What ^C left over is in neither.
fn buckets(inputs: &[Input], judged: Vec<Option<Result<Signature, String>>>) -> (Vec<Bucket>, Vec<(PathBuf, String)>) {
    let (mut buckets, mut without) = (Vec::<Bucket>::new(), Vec::new());
    for (at, (input, judged)) in inputs.iter().zip(judged).enumerate() {
        match judged {
            Some(Ok(signature)) => match buckets.iter_mut().find(|bucket| bucket.signature == signature) {
                Some(bucket) => {
                    bucket.programs.push(at);
                    bucket.files += input.files;
                }
                None => {
                    let (programs, files, first) = (vec![at], input.files, input.case.path.clone());
                    buckets.push(Bucket { signature, programs, files, first });
                }
            },
            Some(Err(why)) => without.push((input.case.path.clone(), why)),
            None => {}
        }
    }
    for bucket in &mut buckets {
        bucket.programs.sort_by_key(|at| (inputs[*at].case.program.ops.len(), inputs[*at].bytes.len(), *at));
    }
    (buckets, without)
}

/// Says what came of a bucket.
enum Made {
    /// Is a signature that is in the folder.
    Known(Signature),
    /// Is a case.
    New(Box<Regression>),
    /// Is nothing: it could not be reduced, which has been said. Has the exit code.
    Nothing(Exit),
}

/// Holds what the reduction of each bucket needs.
struct Importing<'a> {
    args: &'a ImportArgs,
    lab: &'a Lab,
    inputs: &'a [Input],
    shelf: Mutex<Shelf<'a>>,
}

impl<'a> Importing<'a> {
    /// Reduces a bucket to a case, unless its signature is known.
    fn made(&self, bucket: &Bucket) -> Made {
        let mut exit = Exit::Inconclusive;
        for input in bucket.programs.iter().take(TRIED).map(|at| &self.inputs[*at]) {
            match self.tried(&input.case, bucket.signature) {
                Ok(made) => return made,
                Err(error) => exit = exit.worst(error),
            }
        }
        Made::Nothing(exit)
    }

    fn tried(&self, case: &Case, signature: Signature) -> Result<Made, Exit> {
        if self.is_known(signature) {
            return Ok(Made::Known(signature));
        }
        let reduced = reduce_case(case, self.lab, &self.args.lab.memories(), self.args.reducing.time())?;
        // It can be what others came of.
        let signature = reduced.finding.signature();
        if self.is_known(signature) {
            return Ok(Made::Known(signature));
        }
        Ok(Made::New(Box::new(Regression::of(self.lab, reduced, &self.args.found)?)))
    }

    fn is_known(&self, signature: Signature) -> bool {
        self.shelf().regressions.with(signature).is_some()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<'a>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds what is told of a signature.
struct Told {
    signature: Signature,
    files: usize,
    first: PathBuf,
    /// Names its case.
    path: PathBuf,
    /// Has what was written; `None`: it was known.
    new: Option<Box<Regression>>,
}

/// Writes cases in the order of their buckets, whichever is reduced first: so their numbers are the same each time.
struct Shelf<'a> {
    buckets: &'a [Bucket],
    regressions: Regressions,
    waiting: BTreeMap<usize, Made>,
    next: usize,
    told: Vec<Told>,
    /// Has the first file of each bucket that came to nothing, and why.
    lost: Vec<(PathBuf, String)>,
    exit: Exit,
}

impl<'a> Shelf<'a> {
    fn of(buckets: &'a [Bucket], regressions: Regressions) -> Shelf<'a> {
        let (waiting, told, lost) = (BTreeMap::new(), Vec::new(), Vec::new());
        Shelf { buckets, regressions, waiting, next: 0, told, lost, exit: Exit::Expected }
    }

    /// Takes what came of a bucket, and writes all that nothing is waited for.
    fn put(&mut self, at: usize, made: Made) {
        self.waiting.insert(at, made);
        while let Some(made) = self.waiting.remove(&self.next) {
            self.keep(self.next, made);
            self.next += 1;
        }
    }

    /// Writes what is left, as ^C leaves it: the buckets before it will not come.
    fn emptied(mut self) -> Shelf<'a> {
        for (at, made) in std::mem::take(&mut self.waiting) {
            self.keep(at, made);
        }
        self
    }

    fn keep(&mut self, at: usize, made: Made) {
        let Bucket { files, first, signature: found, .. } = &self.buckets[at];
        let (signature, new) = match made {
            Made::Known(signature) => (signature, None),
            Made::New(regression) => (regression.finding.signature(), Some(regression)),
            Made::Nothing(exit) => {
                self.lost.push((first.clone(), format!("diverged as {found}, and came to no case")));
                return self.exit = self.exit.worst(exit);
            }
        };
        if let Some(same) = self.told.iter_mut().find(|told| told.signature == signature) {
            same.files += files;
            return;
        }
        let (path, new) = match (self.regressions.with(signature), new) {
            (Some(path), _) => (path.to_path_buf(), None),
            // What is known is in the folder.
            (None, None) => return,
            (None, Some(new)) => match self.regressions.add(signature, &new.text) {
                Ok(path) => (path, Some(new)),
                Err(exit) => return self.exit = self.exit.worst(exit),
            },
        };
        self.told.push(Told { signature, files: *files, first: first.clone(), path, new });
    }
}

/// Holds what is said in the end.
struct End<'a> {
    lab: &'a Lab,
    inputs: &'a Inputs,
    without: &'a [(PathBuf, String)],
    told: &'a [Told],
    known: &'a KnownFile,
    release: Release,
    exit: Exit,
}

impl End<'_> {
    /// Prints a line for each signature, and a sum.
    fn say(&self) {
        for told in self.told {
            let (files, first) = (so_many(told.files as u64, "file"), told.first.display());
            let case = match &told.new {
                Some(new) => {
                    format!("{} in {}", so_many(new.finding.program.ops.len() as u64, "call"), told.path.display())
                }
                None => format!("known already: {}", told.path.display()),
            };
            let accepted = self.accepted(told).map(|why| format!("; accepted: {why}")).unwrap_or_default();
            output::result(format_args!("{}: {files}, first {first}; {case}{accepted}", told.signature));
        }
        self.without
            .iter()
            .take(NAMED)
            .for_each(|(file, why)| output::error(format_args!("{}: {why}", file.display())));
        if let Some(more @ 1..) = self.without.len().checked_sub(NAMED) {
            output::error(format_args!("and {} without a finding", so_many(more as u64, "other program")));
        }
        let new = self.told.iter().filter(|told| told.new.is_some()).count();
        let (files, programs) =
            (so_many(self.inputs.files as u64, "file"), so_many(self.inputs.distinct.len() as u64, "program"));
        let signatures = so_many(self.told.len() as u64, "signature");
        let end = if interrupt::came() { "; interrupted" } else { "" };
        output::note(format_args!("{files}, {programs}: {signatures}, {new} new{end}"));
    }

    /// Returns why a signature is accepted, and where that stands.
    fn accepted(&self, told: &Told) -> Option<String> {
        let entry = self.known.accepts(told.signature, self.release)?;
        Some(format!("{} ({}:{})", entry.known.reason, self.known.path.display(), entry.line))
    }

    /// Makes the object of docs/json.md.
    fn object(&self) -> Value {
        let bucket = |told: &Told| {
            let new = told.new.as_deref();
            json!({
                "signature": told.signature.to_string(),
                "files": told.files,
                "first": told.first.display().to_string(),
                "case": told.path.display().to_string(),
                "known_already": new.is_none(),
                "accepted": self.accepted(told),
                "finding": new.map(|new| self.finding(told, new)),
            })
        };
        let without = |(file, why): &(PathBuf, String)| json!({ "file": file.display().to_string(), "why": why });
        json!({
            "files": self.inputs.files,
            "programs": self.inputs.distinct.len(),
            "buckets": self.told.iter().map(bucket).collect::<Vec<_>>(),
            "without_finding": self.without.iter().map(without).collect::<Vec<_>>(),
            "unreadable": self.inputs.wrong.iter().map(InputError::to_string).collect::<Vec<_>>(),
            "interrupted": interrupt::came(),
            "exit": self.exit as u8,
        })
    }

    fn finding(&self, told: &Told, new: &Regression) -> Value {
        let release = self.release.to_string();
        let versions = Versions { release: &release, library: &new.identity.version, file: &new.identity.file };
        let commands = [("replay", self.again(told)), ("C says", new.compiled.to_string())];
        let Finding { program, diverged, .. } = &new.finding;
        report::finding(program, diverged, &commands, versions)
    }

    /// Returns the command that shows a case.
    fn again(&self, told: &Told) -> String {
        let memory = told.new.as_ref().map_or(Memory::Plain, |new| new.finding.look.memory);
        format!("sessdiff replay{} {}", self.lab.flags(memory), output::quoted(told.path.display()))
    }

    /// Makes of each signature what a check finds of a case, and says in which file each is.
    fn check(&self, port: PortSummary, seconds: f64) -> (Check, Vec<String>) {
        let check = Check {
            port,
            tool: Versions::TOOL.into(),
            release: self.release.to_string(),
            date: Day::today().to_string(),
            seconds,
            cases: self.told.iter().map(|told| self.checked(told)).collect(),
            levels: BTreeMap::new(),
            accepted: Vec::new(),
            interrupted: interrupt::came(),
            exit: self.exit as u8,
        };
        (check, self.told.iter().map(|told| told.path.display().to_string()).collect())
    }

    fn checked(&self, told: &Told) -> Checked {
        let new = told.new.as_deref().map(|new| &new.finding);
        let found = new.map(|finding| &finding.diverged.divergence);
        let class = found.map_or(told.signature.aspect.class(), |found| found.class);
        let of = format!("{} in {}, first {}", class, so_many(told.files as u64, "file"), told.first.display());
        let accepted = self.accepted(told);
        Checked {
            id: told.signature.to_string(),
            level: 0,
            function: told.signature.call.to_string(),
            says: found.map_or_else(|| "It was known already.".into(), |found| found.sentence()),
            outcome: if accepted.is_some() { Outcome::Known } else { Outcome::Fail },
            why: accepted.unwrap_or(of),
            signature: Some(told.signature.to_string()),
            class: Some(class.to_string()),
            rules: Vec::new(),
            broke: new.is_some_and(|finding| finding.diverged.broke()),
            calls: new.map_or_else(Vec::new, |finding| finding.program.ops.iter().map(ToString::to_string).collect()),
            finding: None,
            c: None,
            again: self.again(told),
        }
    }
}

//! `sessdiff minimize`: the few inputs of a folder that reach what all of them reach.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::{FollowingChoice, MinimizeArgs};
use super::cover::{Choice, fewest};
use super::coverage::{Coverage, Reached, each_reached};
use super::disk::{Folder, write_new};
use super::exit::Exit;
use super::inputs::{Input, InputError, Inputs};
use super::lab::{Lab, Starting};
use super::{interrupt, output, workers};
use crate::exec::Watch;
use crate::host::Host;
use crate::op::Kind;
use crate::pair::{Look, Pair, Verdict};
use crate::plan::Kinds;
use crate::port::c::Probes;
use crate::report::so_many;

pub(super) fn minimize(args: &MinimizeArgs) -> Result<Exit, Exit> {
    interrupt::answer();
    let _folder = ready(&args.into)?;
    let lab = lab(args);
    let inputs = Inputs::read(&args.folders);
    inputs.wrong.iter().for_each(output::error);
    let (port, lacks) = {
        let pair = lab.pair().map_err(|error| error.say())?;
        // What leaks by itself is a hazard.
        (pair.right().identity().to_string(), pair.plan().setup().lacks.with(Kind::Forget))
    };
    let work = |pair: &mut Option<Pair>, _, input: &Input| reached(&lab, pair, input);
    let seen = workers::each(&inputs.distinct, args.jobs, ("ran", "programs"), work);
    if interrupt::came() {
        output::error("interrupted: nothing was written, for it is known only in the end what stays");
        return Err(Exit::Interrupted);
    }
    let (choices, refused) = sorted(&inputs.distinct, seen);
    let chosen = fewest(&choices);
    let all = choices.iter().map(|choice| &choice.reaches[..]);
    let (of_all, of_kept) = (covered(all), covered(chosen.iter().map(|at| &choices[*at].reaches[..])));
    let mut kept = Vec::new();
    for at in chosen {
        let input = &inputs.distinct[choices[at].of];
        kept.push((write(&args.into, input)?, input.file.clone()));
    }
    let broken = refused.iter().fold(Exit::Expected, |exit, refused| exit.worst(refused.exit));
    let nothing = if kept.is_empty() { Exit::Inconclusive } else { Exit::Expected };
    let unreadable = if inputs.wrong.is_empty() { Exit::Expected } else { Exit::Usage };
    let exit = broken.worst(nothing).worst(unreadable);
    let end = End { inputs: &inputs, refused: &refused, kept: &kept, coverage: [&of_all, &of_kept], lacks, port, exit };
    if args.json {
        output::object(&end.object())
    } else {
        end.say(&args.into)
    }
    Ok(exit)
}

/// Makes the folder for what stays. What is there already would stay beside it.
fn ready(into: &Path) -> Result<Folder, Exit> {
    let wrong = |why: &dyn std::fmt::Display| output::usage(format_args!("{}: {why}", into.display()));
    let folder = Folder::ready(into).map_err(|error| wrong(&error))?;
    match fs::read_dir(into).map(|mut files| files.next().is_none()) {
        Ok(true) => Ok(folder),
        Ok(false) => Err(wrong(&"is not empty: what stays is written to a folder of its own")),
        Err(error) => Err(wrong(&error)),
    }
}

/// Drives the port in a process of its own, for an input may break it.
fn lab(args: &MinimizeArgs) -> Lab {
    Lab {
        port: args.port.clone(),
        probes: Probes::ALL,
        isolate: true,
        hazards: false,
        following: FollowingChoice::Released,
        without: None,
        breaking: false,
        limits: args.limits.clone(),
        start: Starting::default(),
    }
}

/// Is an input that does not stay, whatever it reaches.
struct Refused {
    file: PathBuf,
    why: String,
    exit: Exit,
}

/// Runs a program, and lists what it reached, each once; or says why it cannot stay.
fn reached(lab: &Lab, pair: &mut Option<Pair>, input: &Input) -> Result<Vec<Reached>, Refused> {
    let refused = |why: String, exit| Refused { file: input.file.clone(), why, exit };
    let driven = match pair.take() {
        Some(pair) => Ok(pair),
        None => lab.pair().map_err(|error| refused(error.to_string(), Exit::NotLoaded)),
    };
    let (mut driven, program) = (driven?, &input.case.program);
    match driven.judge_watching(program, Look::from(Watch::Fast)) {
        Verdict::Agree | Verdict::Known | Verdict::Nothing => {}
        // What comes next gets a process that has seen no finding.
        Verdict::Diverge(diverged) => {
            let signature = diverged.divergence.signature();
            return Err(refused(format!("{signature}: a finding, for `sessdiff import`"), Exit::Divergence));
        }
        Verdict::Inconclusive(why) => return Err(refused(format!("inconclusive: {why}"), Exit::Inconclusive)),
    }
    let (mut new, mut reached) = (Coverage::default(), Vec::new());
    each_reached(program, driven.plan(), &driven.traces().0.skips, |one| {
        if new.book(one) {
            reached.push(one);
        }
    });
    *pair = Some(driven);
    Ok(reached)
}

/// Sorts inputs into those that can stay and those that cannot.
fn sorted(inputs: &[Input], seen: Vec<Option<Result<Vec<Reached>, Refused>>>) -> (Vec<Choice<Reached>>, Vec<Refused>) {
    let (mut choices, mut refused) = (Vec::new(), Vec::new());
    for (of, seen) in seen.into_iter().enumerate() {
        match seen {
            Some(Ok(reaches)) => choices.push(Choice { of, size: inputs[of].bytes.len(), reaches }),
            Some(Err(one)) => refused.push(one),
            None => {}
        }
    }
    (choices, refused)
}

fn covered<'a>(all: impl Iterator<Item = &'a [Reached]>) -> Coverage {
    let mut coverage = Coverage::default();
    for one in all.flatten() {
        coverage.book(*one);
    }
    coverage
}

/// Writes an input as it was found, under its own name, with a number where another input has that name.
fn write(into: &Path, input: &Input) -> Result<PathBuf, Exit> {
    let part = |part: Option<&OsStr>| part.unwrap_or_default().to_os_string();
    let (stem, extension) = (part(input.file.file_stem()), input.file.extension());
    for number in 1.. {
        let mut name = stem.clone();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        if let Some(extension) = extension {
            name.push(".");
            name.push(extension);
        }
        let path = into.join(name);
        match write_new(&path, &input.bytes) {
            Ok(true) => return Ok(path),
            Ok(false) => {}
            Err(error) => return Err(output::usage(format_args!("{}: {error}", path.display()))),
        }
    }
    unreachable!("there are more numbers than files")
}

/// Holds what is said in the end.
struct End<'a> {
    inputs: &'a Inputs,
    refused: &'a [Refused],
    /// Says where each is, and where it was found.
    kept: &'a [(PathBuf, PathBuf)],
    /// Has that of all, and that of what stays.
    coverage: [&'a Coverage; 2],
    lacks: Kinds,
    port: String,
    exit: Exit,
}

impl End<'_> {
    fn say(&self, into: &Path) {
        self.refused
            .iter()
            .for_each(|Refused { file, why, .. }| output::error(format_args!("{}: {why}", file.display())));
        let [all, kept] = self.coverage.map(|coverage| {
            let ((ops, of_ops), (states, of_states)) = (coverage.ops(self.lacks), coverage.states(self.lacks));
            format!("ops {ops}/{of_ops}, states {states}/{of_states}")
        });
        let (left, files) = (self.kept.len(), so_many(self.inputs.files as u64, "file"));
        let programs = so_many(self.inputs.distinct.len() as u64, "program");
        output::result(format_args!("{left} of {files} ({programs}) stay, in {}: {kept}; all: {all}", into.display()));
    }

    /// Makes the object of docs/json.md.
    fn object(&self) -> serde_json::Value {
        let kept = |(file, from): &(PathBuf, PathBuf)| json!({ "file": file.display().to_string(), "from": from.display().to_string() });
        let refused = |Refused { file, why, .. }: &Refused| json!({ "file": file.display().to_string(), "why": why });
        let [(all, of), (left, _)] = self.coverage.map(|coverage| coverage.states(self.lacks));
        json!({
            "files": self.inputs.files,
            "programs": self.inputs.distinct.len(),
            "port": self.port,
            "kept": self.kept.iter().map(kept).collect::<Vec<_>>(),
            "states": { "all": all, "kept": left, "of": of },
            "refused": self.refused.iter().map(refused).collect::<Vec<_>>(),
            "unreadable": self.inputs.wrong.iter().map(InputError::to_string).collect::<Vec<_>>(),
            "exit": self.exit as u8,
        })
    }
}

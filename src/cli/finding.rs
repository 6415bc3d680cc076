//! A finding: what is done with a program that diverges. The program as it was found is written before anything else is
//! tried; then it is reduced, in a process of its own, and written again as a case and as a C program.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::judge::{Judge, Lab, LabError, PortName};
use super::progress::spinner;
use super::{interrupt, output};
use crate::emit;
use crate::exec::Watch;
use crate::field::Field;
use crate::op::Slot;
use crate::oracle::{Class, Signature};
use crate::pair::{Diverged, Inconclusive, Look, Verdict};
use crate::plan::Ledger;
use crate::port::c::load;
use crate::port::native::START_SECONDS;
use crate::port::{Identity, Memory};
use crate::program::{Case, Program};
use crate::reduce::{Answer, reduce};
use crate::report;
use crate::trace::{Breakage, Signal};

/// How long a program may take while one that hangs is reduced, seconds.
const HASTY: f64 = 0.05;
/// How long it may take when it is looked at again, seconds.
const PATIENT: f64 = 1.0;
/// How long one finding is reduced: then the smallest so far is the result.
const REDUCING: Duration = Duration::from_secs(30);

/// A program that diverges, and how it is looked at where it does.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub program: Program,
    pub diverged: Diverged,
    pub look: Look,
}

impl Finding {
    pub fn signature(&self) -> Signature {
        self.diverged.divergence.signature()
    }
}

/// The ways in which one program is looked at, the cheapest first: some differences show in one of them only.
pub(super) fn looks(memories: &[Memory]) -> impl Iterator<Item = Look> {
    let ways = [Watch::Fast, Watch::Ends, Watch::Blame];
    memories.iter().flat_map(move |memory| ways.map(|watch| Look { watch, memory: *memory }))
}

/// The first way of looking in which `program` does not agree; `Agree` or `Nothing` where there is none.
pub(super) fn judge_every_way(judge: &mut dyn Judge, program: &Program, memories: &[Memory]) -> (Look, Verdict) {
    let mut last = (Look::from(Watch::Fast), Verdict::Nothing);
    for look in looks(memories) {
        last = (look, judge.judge(program, look));
        match &last.1 {
            Verdict::Agree => {}
            Verdict::Diverge(diverged) => {
                last.0.memory = diverged.memory;
                break;
            }
            Verdict::Nothing | Verdict::Inconclusive(_) => break,
        }
    }
    last
}

/// What a fresh process makes of a finding.
pub(super) enum Alone {
    /// The same signature, from this program, the smallest that there is.
    Same(Box<Finding>),
    /// No difference.
    Agrees,
    /// Another signature, and the smallest program that has it.
    Other(Box<Finding>),
    /// No verdict.
    Unclear(Inconclusive),
}

/// Judges a finding in a process of its own, and reduces it there. ^C ends the reduction, not more.
pub(super) fn reduce_alone(lab: &Lab, found: &Finding) -> Result<Alone, LabError> {
    // What hung for as long as it was allowed to is not given as long again, each time.
    let patient = match found.diverged.divergence.class {
        Class::Hang => lab.in_a_child().hasty(lab.limits.time_limit.min(PATIENT)),
        Class::Memory
        | Class::Leak
        | Class::Count
        | Class::Callback
        | Class::Contents
        | Class::Cache
        | Class::Return => lab.in_a_child(),
    };
    let mut judge = patient.judge()?;
    let alone = match judge.judge(&found.program, found.look) {
        Verdict::Diverge(diverged) => *diverged,
        Verdict::Agree | Verdict::Nothing => return Ok(Alone::Agrees),
        Verdict::Inconclusive(why) => return Ok(Alone::Unclear(why)),
    };
    let alone = Finding { program: found.program.clone(), diverged: alone, look: found.look };
    let signature = alone.signature();
    let smallest = smallest(lab, judge, &alone)?;
    // What was found in haste is judged once more with patience.
    let mut judge = patient.judge()?;
    // What is left of it may show only where everything is observed.
    let seen = [found.look, careful(found.look)].into_iter().find_map(|look| match judge.judge(&smallest, look) {
        Verdict::Diverge(diverged) if diverged.divergence.signature() == signature => Some((*diverged, look)),
        Verdict::Diverge(_) | Verdict::Agree | Verdict::Nothing | Verdict::Inconclusive(_) => None,
    });
    let reduced = match seen {
        Some((diverged, look)) => Finding { program: smallest, diverged, look },
        None => alone,
    };
    let reduced = Box::new(pin_down(judge.as_mut(), reduced));
    Ok(if signature == found.signature() { Alone::Same(reduced) } else { Alone::Other(reduced) })
}

/// The same, with everything observed.
fn careful(look: Look) -> Look {
    Look { watch: Watch::Blame, ..look }
}

/// A port that breaks while a session is observed breaks in a getter. What ends the process or does not return is the getter's
/// own doing; a wrong access can be that of the call before, which left something wrong behind, unless it happens without that
/// call too. The getter is found by calling each, where nothing else is observed.
fn pin_down(judge: &mut dyn Judge, found: Finding) -> Finding {
    let step = found.diverged.divergence.step;
    let mishap = found.diverged.mishap.as_ref().filter(|mishap| mishap.step as usize == step);
    let (Some(mishap), Some(op)) = (mishap, found.program.ops.get(step)) else { return found };
    let own_doing = mishap.block.is_none() && !matches!(mishap.breakage, Breakage::Signal(Signal::Segv | Signal::Bus));
    let quiet = Look { watch: Watch::Ends, memory: found.diverged.memory };
    let at = |judge: &mut dyn Judge, program: &Program, step: usize| {
        judge.glance(program, quiet).filter(|seen| seen.divergence.step == step && seen.broke())
    };
    if Field::ALL.iter().any(|field| field.getter() == op.kind()) || at(judge, &found.program, step).is_some() {
        return found;
    }
    let before = if own_doing { &found.program.ops[..=step] } else { &found.program.ops[..step] };
    let mut ledger = Ledger::new(judge.plan().setup());
    for op in before {
        ledger.step(op);
    }
    for slot in Slot::all().filter(|slot| ledger.references(*slot) > 0) {
        for getter in Field::ALL.iter().filter_map(|field| field.read_op(slot)) {
            let program = Program { ops: [before, &[getter]].concat() };
            if let Some(diverged) = at(judge, &program, before.len()) {
                return Finding { program, diverged, look: quiet };
            }
        }
    }
    found
}

/// The smallest program with the signature of `found`.
fn smallest(lab: &Lab, judge: Box<dyn Judge>, found: &Finding) -> Result<Program, LabError> {
    let signature = found.signature();
    let mut judge = judge;
    if found.diverged.divergence.class == Class::Hang {
        // A program that ends takes a thousandth of this; one that hangs is asked about a hundred times.
        judge = lab.in_a_child().hasty(HASTY).judge()?;
    }
    let setup = judge.plan().setup();
    let careful = careful(found.look);
    // One run is enough where it names the call by itself.
    let one_run = judge.glance(&found.program, careful).is_some_and(|seen| seen.divergence.signature() == signature);
    let bar = spinner("reducing");
    let until = Instant::now() + REDUCING;
    let program = reduce(&found.program, setup, &mut |smaller| {
        if interrupt::came() || Instant::now() > until {
            return Answer::Stop;
        }
        let seen = match one_run {
            true => judge.glance(smaller, careful).map(|seen| seen.divergence.signature()),
            false => match judge.judge(smaller, found.look) {
                Verdict::Diverge(diverged) => Some(diverged.divergence.signature()),
                Verdict::Agree | Verdict::Nothing | Verdict::Inconclusive(_) => None,
            },
        };
        if seen.is_some_and(|seen| seen == signature) {
            bar.set_message(format!("reducing: {} calls", smaller.ops.len()));
            Answer::Same
        } else {
            Answer::Other
        }
    });
    bar.finish_and_clear();
    if Instant::now() > until {
        output::note(format_args!("{signature}: reduced for {} s; there may be a smaller program", REDUCING.as_secs()));
    }
    Ok(program)
}

/// The C program that shows a finding, or does what a case does where there is none.
pub(super) fn c_program(judge: &mut dyn Judge, why: &str, program: &Program, signature: Option<Signature>) -> String {
    judge.expect(program);
    let (expected, _) = judge.traces();
    let release = judge.expected().version;
    emit::c(&emit::Subject {
        why,
        program,
        plan: judge.plan(),
        expected,
        signature,
        now: START_SECONDS,
        release: &release,
    })
}

/// What it is, without the folder it lies in: for those who have another.
pub(super) fn of(identity: &Identity) -> String {
    format!("{}, {}", identity.short_name(), identity.version)
}

/// The word in the head of a case before its signature.
pub(super) const SIGNATURE: &str = "signature: ";

/// Files of one finding, which never replace what is there.
pub(super) struct Files {
    /// `out/SSL_SESSION_dup.hostname`, with a number if that is taken.
    stem: PathBuf,
    /// The program as it was found.
    original: PathBuf,
    signature: Signature,
}

impl Files {
    /// Writes the program as it was found, before anything else is tried.
    pub fn begin(out: &Path, found: &Finding, identity: &Identity) -> std::io::Result<Files> {
        std::fs::create_dir_all(out)?;
        let signature = found.signature();
        let name = report::artifact_name(signature);
        let text =
            Case::text(&format!("{signature}: native against {}, as it was found.", of(identity)), &found.program);
        for number in 1.. {
            let stem = out.join(if number == 1 { name.clone() } else { format!("{name}-{number}") });
            let original = with_ending(&stem, "original.ops");
            let files = Files { stem, original, signature };
            let known = std::fs::read_to_string(files.path("original.ops")).is_ok_and(|old| old == text);
            let free = ["original.ops", "ops", "c"].iter().all(|kind| !files.path(kind).exists());
            // Somebody else may be as fast: then the next number is taken.
            if known || (free && write_new(&files.original, &text)?) {
                return Ok(files);
            }
        }
        unreachable!("there are more numbers than files")
    }

    /// The same with the name of another signature for what is written from now on.
    fn named(self, out: &Path, signature: Signature) -> Files {
        let stem = out.join(report::artifact_name(signature));
        if signature == self.signature { self } else { Files { stem, ..self } }
    }

    pub fn path(&self, kind: &str) -> PathBuf {
        with_ending(&self.stem, kind)
    }

    /// Writes a file, under the next number that is free where the name is taken; where it is.
    pub fn write(&self, kind: &str, text: &str) -> std::io::Result<PathBuf> {
        for number in 1.. {
            let mut stem = self.stem.clone().into_os_string();
            if number > 1 {
                stem.push(format!("-{number}"));
            }
            let path = with_ending(Path::new(&stem), kind);
            if write_new(&path, text)? {
                return Ok(path);
            }
        }
        unreachable!("there are more numbers than files")
    }
}

/// The command that shows a finding without this program, with the library that it was found in.
fn compile_and_run(port: &PortName, c: &str) -> String {
    let quoted = |path: &Path| output::quoted(&path.display().to_string());
    match port {
        PortName::OpenSsl | PortName::Native | PortName::Planted(_) => format!("cc {c} -lssl -lcrypto && ./a.out"),
        PortName::Library(path) => {
            let crypto = load::crypto_beside(path).map(|crypto| format!(" {}", quoted(&crypto))).unwrap_or_default();
            let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            format!("cc {c} {}{crypto} && LD_LIBRARY_PATH={} ./a.out", quoted(path), quoted(folder))
        }
    }
}

fn with_ending(stem: &Path, kind: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(kind);
    path.into()
}

/// Writes a new file; `false`: there is one with another content, which stays.
pub(super) fn write_new(path: &Path, text: &str) -> std::io::Result<bool> {
    match File::create_new(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(std::fs::read_to_string(path).is_ok_and(|old| old == text))
        }
        Err(error) => Err(error),
    }
}

/// What came of a finding.
pub(super) struct Settled {
    /// As it is after a closer look.
    pub signature: Signature,
    pub class: Class,
    /// What can be replayed, if it could be written.
    pub file: Option<PathBuf>,
    /// What there is to say.
    pub text: String,
}

/// What `run` does with the first finding of a signature: writes, reduces, writes again, and says what there is to say.
pub(super) fn settle(lab: &Lab, out: &Path, found: &Finding, identity: &Identity) -> Settled {
    let lost = |error: std::io::Error| output::error(format_args!("{}: {error}; the calls follow", out.display()));
    let files = Files::begin(out, found, identity).map_err(lost).ok();
    let mut notes = String::new();
    let reduced = match reduce_alone(lab, found) {
        Ok(Alone::Same(reduced)) => Some(*reduced),
        Ok(Alone::Agrees) => {
            notes += "\nAlone this program agrees: what ran before it in the process matters. The run with the seed below shows it \
                      again.\n";
            None
        }
        Ok(Alone::Other(other)) => {
            notes +=
                &format!("\nIn the run this was {}: what ran before it in the process matters.\n", found.signature());
            Some(*other)
        }
        Ok(Alone::Unclear(why)) => {
            notes += &format!("\nAlone this program has no verdict: {why}.\n");
            None
        }
        Err(error) => {
            output::error(error);
            None
        }
    };
    if interrupt::came() {
        notes += "\nInterrupted while it was reduced: there may be a smaller program.\n";
    }
    let shown = reduced.as_ref().unwrap_or(found);
    let flags: String = lab.flags(shown.look.memory).iter().map(|flag| format!(" {}", output::quoted(flag))).collect();
    // Looked at more closely, it can be another call that is to blame.
    let files = files.map(|files| files.named(out, shown.signature()));
    let signature = shown.signature();
    let mut commands = Vec::new();
    let mut replayed = None;
    if let Some(files) = &files {
        let quoted = |path: &Path| output::quoted(&path.display().to_string());
        let mut case = files.original.clone();
        if reduced.is_some() {
            let sentence = shown.diverged.divergence.sentence();
            let why = format!("{sentence}\n{SIGNATURE}{signature}\nlibrary: {}", of(identity));
            let c = lab
                .in_a_child()
                .judge()
                .map(|mut judge| c_program(judge.as_mut(), &why, &shown.program, Some(signature)));
            let texts = [("ops", Ok(Case::text(&why, &shown.program))), ("c", c)];
            for (kind, text) in texts {
                match text.map(|text| files.write(kind, &text)) {
                    Ok(Ok(path)) if kind == "ops" => case = path,
                    Ok(Ok(path)) => commands.push(("C file", compile_and_run(&lab.port, &quoted(&path)))),
                    Ok(Err(error)) => output::error(format_args!("{}: {error}", files.path(kind).display())),
                    Err(error) => output::error(error),
                }
            }
        }
        let case_text = quoted(&case);
        commands.insert(0, ("replay", format!("sessdiff replay{flags} {case_text}")));
        if reduced.is_some() {
            commands.push(("import", format!("sessdiff import{flags} {case_text}")));
        }
        replayed = Some(case);
    }
    let block = report::block(&shown.program, &shown.diverged, ["native", identity.short_name()], &commands);
    Settled { signature, class: shown.diverged.divergence.class, file: replayed, text: block + &notes }
}

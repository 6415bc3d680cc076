//! The committed cases, a test each: every case is readable, says why it is there, runs in full, is there once, and the
//! native session and the linked OpenSSL do the same with it. A hazard is found as it says, in a process of its own.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use sessdiff::exec::Watch;
use sessdiff::op::Kind;
use sessdiff::oracle::{Divergence, Signature};
use sessdiff::pair::{Pair, Verdict};
use sessdiff::plan::{Kinds, Plan, Setup, Skip, Step};
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::native::NativePort;
use sessdiff::program::{Case, Program};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
/// A corpus of fewer cases has lost some.
const FEWEST: usize = 40;
/// The same of the hazards.
const FEWEST_HAZARDS: usize = 7;
/// A comment of more lines says more than one thing.
const MOST_LINES: usize = 3;

/// The releases from 3.3 on lack nothing.
const COMPLETE: Setup = Setup::new(true);
/// Those before 3.2 lack three functions.
const WITHOUT_TIME_EX: Setup =
    Setup { lacks: Kinds::NONE.with(Kind::SetTimeEx).with(Kind::GetTimeEx).with(Kind::FromDerEx), ..Setup::new(true) };

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let paths = Case::list(Path::new(CORPUS)).expect("the corpus");
    let (hazards, cases): (Vec<PathBuf>, Vec<PathBuf>) = paths.into_iter().partition(|path| is_hazard(path));
    let mut trials = vec![
        whole("no case was lost", cases.clone(), |cases| at_least(FEWEST, cases.len())),
        whole("no hazard was lost", hazards.clone(), |hazards| at_least(FEWEST_HAZARDS, hazards.len())),
        whole("every function is called", cases.clone(), every_function_is_called),
    ];
    let mut first = HashMap::new();
    for path in cases {
        let same = Case::read(&path).ok().and_then(|case| {
            let known = first.entry(case.program).or_insert_with(|| name(&path));
            (*known != name(&path)).then(|| known.clone())
        });
        trials.push(Trial::test(name(&path), move || case(&path, same)));
    }
    trials.extend(hazards.into_iter().map(|path| Trial::test(name(&path), move || hazard(&path))));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Checks something of all cases together.
fn whole(name: &str, paths: Vec<PathBuf>, check: fn(&[Case]) -> Vec<String>) -> Trial {
    Trial::test(name, move || {
        let cases = paths.iter().map(|path| Case::read(path)).collect::<Result<Vec<_>, _>>()?;
        none(check(&cases))
    })
}

fn at_least(fewest: usize, there: usize) -> Vec<String> {
    if there < fewest { vec![format!("{there} files, fewer than {fewest}")] } else { Vec::new() }
}

fn every_function_is_called(cases: &[Case]) -> Vec<String> {
    let called: BTreeSet<Kind> = cases.iter().flat_map(|case| case.program.ops.iter().map(|op| op.kind())).collect();
    // What leaks is called where hazards are.
    let all = Kind::ALL.iter().filter(|kind| **kind != Kind::Forget);
    all.filter(|kind| !called.contains(kind)).map(|kind| format!("no case calls {}", kind.name())).collect()
}

/// Checks a case; `same` is another case with the same program. All that is wrong with it is shown together.
fn case(path: &Path, same: Option<String>) -> Result<(), Failed> {
    let case = Case::read(path)?;
    let mut wrong: Vec<String> = same.map(|other| format!("{other} is the same program")).into_iter().collect();
    wrong.extend(unclear(&case));
    wrong.extend(not_called(&case));
    wrong.extend(misspelt(&case));
    wrong.extend(disagrees(&case));
    none(wrong)
}

/// Says what is wrong with the comment of a case.
fn unclear(case: &Case) -> Option<String> {
    let lines = case.why.lines().count();
    let clear = (1..=MOST_LINES).contains(&lines) && case.why.ends_with('.') && !case.why.lines().any(str::is_empty);
    (!clear).then(|| format!("wants a comment of 1 to {MOST_LINES} lines that ends in `.`"))
}

/// Says which calls are not made although the release has their function, and whether a release makes none.
fn not_called(case: &Case) -> Vec<String> {
    let mut skips = skipped(case, COMPLETE);
    let without = skipped(case, WITHOUT_TIME_EX);
    let silent = without.len() == case.program.ops.len();
    skips.extend(without.into_iter().filter(|(_, skip)| *skip != Skip::Unsupported));
    let mut wrong: Vec<String> =
        skips.into_iter().map(|(at, skip)| format!("{skip:?}: {:?}", case.program.ops[at])).collect();
    if silent {
        wrong.push("no call is made before 3.3".into());
    }
    wrong
}

/// Says in which spelling a case becomes another program.
fn misspelt(case: &Case) -> Vec<String> {
    let program = &case.program;
    let text = program.to_string().parse::<Program>();
    let saved = Case::text(&case.why, program).parse::<Program>();
    let wire = program.to_wire();
    let changed = [
        (text.as_ref() != Ok(program), "text"),
        (saved.as_ref() != Ok(program), "a case file"),
        (Program::from_bytes(program.to_string().as_bytes()) != *program, "text as a fuzzer reads it"),
        (Program::from_bytes(&wire) != *program, "the wire"),
        (Program::from_bytes(&wire).to_wire() != wire, "the wire, twice"),
    ];
    let changed = changed.into_iter().filter(|(changed, _)| *changed);
    changed.map(|(_, form)| format!("another program by way of {form}")).collect()
}

thread_local! {
    /// The two ports, which one thread drives for all its cases.
    static PAIR: RefCell<Pair<NativePort, CPort>> = RefCell::new({
        let c = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
        Pair::new(NativePort::new(c.library().release, COMPLETE), c, true)
    });
}

/// Says how the native session and the linked OpenSSL differ, however they are looked at.
fn disagrees(case: &Case) -> Vec<String> {
    PAIR.with_borrow_mut(|pair| {
        let looks = [("touched", Watch::Fast), ("everything", Watch::Blame)];
        let verdicts = looks.map(|(watched, watch)| (watched, pair.judge_watching(&case.program, watch)));
        let failed = verdicts.into_iter().filter_map(|(watched, verdict)| Some((watched, failure(verdict)?)));
        let mut wrong: Vec<_> = failed.map(|(watched, failure)| format!("watching {watched}: {failure}")).collect();
        let empty = pair.traces().0.skips.iter().filter_map(|step| case.program.ops.get(*step as usize));
        wrong.extend(empty.map(|op| format!("{op} has no session to run on")));
        wrong
    })
}

/// Checks that a hazard is found as the line `Expected: ` of its comment says, and that without the flag the calls that break
/// the library are not made.
fn hazard(path: &Path) -> Result<(), Failed> {
    let case = Case::read(path)?;
    let wanted = case.why.lines().find_map(|line| line.strip_prefix("Expected: "));
    let wanted = wanted.ok_or("no line `# Expected: SIGNATURE`")?.parse::<Signature>()?.to_string();
    let mut wrong = Vec::new();
    let (code, said) = replay(path, &["--hazards", "--time-limit", "1"])?;
    let found = said.lines().any(|line| line.split_once(' ').is_some_and(|(_, signature)| signature == wanted));
    if !found || !matches!(code, Some(1 | 2)) {
        wrong.push(format!("not {wanted}, code {code:?}\n{said}"));
    }
    let (code, said) = replay(path, &[])?;
    if code != Some(0) || !said.contains("a hazard") {
        wrong.push(format!("without --hazards: code {code:?}\n{said}"));
    }
    none(wrong)
}

fn replay(path: &Path, flags: &[&str]) -> Result<(Option<i32>, String), Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessdiff"));
    let ran = command.arg("replay").args(flags).arg(path).output()?;
    Ok((ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned()))
}

/// Fails with all that is wrong.
fn none(wrong: Vec<String>) -> Result<(), Failed> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// What breaks the library is judged in a process of its own.
fn is_hazard(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "hazards")
}

fn name(path: &Path) -> String {
    path.strip_prefix(CORPUS).unwrap_or(path).display().to_string()
}

/// The steps of a case that are not called, and why.
fn skipped(case: &Case, setup: Setup) -> Vec<(usize, Skip)> {
    let mut plan = Plan::new(setup);
    plan.make(&case.program);
    let skipped = plan.steps.iter().enumerate().filter_map(|(at, step)| match step {
        Step::Skip(skip) => Some((at, *skip)),
        Step::Run { .. } => None,
    });
    skipped.collect()
}

/// What a verdict says, unless it is agreement.
fn failure(verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Agree => None,
        Verdict::Known => None,
        Verdict::Nothing => Some("nothing ran".into()),
        Verdict::Inconclusive(inconclusive) => Some(inconclusive.to_string()),
        Verdict::Diverge(diverged) => {
            let Divergence { step, class, left, right, .. } = &diverged.divergence;
            let signature = diverged.divergence.signature();
            Some(format!("{class} {signature} at step {step}: native {left}, OpenSSL {right} {:?}", diverged.left))
        }
    }
}

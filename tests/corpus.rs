//! The committed cases: each is readable, runs in full, is there once, and both the native session and the linked OpenSSL
//! do the same with it.
#![cfg(feature = "linked")]

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use sessdiff::exec::Watch;
use sessdiff::op::Kind;
use sessdiff::oracle::Divergence;
use sessdiff::pair::{Pair, Verdict};
use sessdiff::plan::{Kinds, Plan, Setup, Skip, Step};
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::native::NativePort;
use sessdiff::program::{Case, Program};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
/// A corpus of fewer cases has lost some.
const FEWEST: usize = 40;
/// A comment of more lines says more than one thing.
const MOST_LINES: usize = 3;

/// Nothing is missing: the releases from 3.3 on.
const COMPLETE: Setup = Setup { ex_data: true, lacks: Kinds::NONE, hazards: false };
/// Before 3.3.
const WITHOUT_TIME_EX: Setup =
    Setup { ex_data: true, lacks: Kinds::NONE.with(Kind::SetTimeEx).with(Kind::GetTimeEx), hazards: false };

#[test]
fn every_case_says_why_it_is_there() {
    let cases = cases();
    assert!(cases.len() >= FEWEST, "{} cases in {CORPUS}", cases.len());
    let unclear = cases.iter().filter(|case| {
        let lines = case.why.lines().count();
        lines == 0 || lines > MOST_LINES || case.why.lines().any(str::is_empty) || !case.why.ends_with('.')
    });
    none(unclear.map(|case| format!("{}: wants a comment of 1 to {MOST_LINES} lines that ends in `.`", name(case))));
}

#[test]
fn every_call_is_made_where_its_function_exists() {
    let cases = cases();
    none(cases.iter().flat_map(|case| {
        let mut skips = skipped(case, COMPLETE);
        skips.extend(skipped(case, WITHOUT_TIME_EX).into_iter().filter(|(_, skip)| *skip != Skip::Unsupported));
        let shown = skips.into_iter().map(|(at, skip)| format!("{}: {skip:?}: {:?}", name(case), case.program.ops[at]));
        shown.collect::<Vec<_>>()
    }));
}

#[test]
fn every_case_calls_something_on_every_release() {
    let cases = cases();
    let silent = cases.iter().filter(|case| skipped(case, WITHOUT_TIME_EX).len() == case.program.ops.len());
    none(silent.map(|case| format!("{}: no call is made before 3.3", name(case))));
}

#[test]
fn no_two_cases_are_the_same_program() {
    let mut first = HashMap::new();
    let cases = cases();
    none(cases.iter().filter_map(|case| {
        let other = first.insert(&case.program, case)?;
        Some(format!("{} and {} are the same program", name(other), name(case)))
    }));
}

#[test]
fn every_function_of_the_table_is_called() {
    let cases = cases();
    let called: BTreeSet<Kind> = cases.iter().flat_map(|case| case.program.ops.iter().map(|op| op.kind())).collect();
    // What leaks is called where hazards are.
    let all = Kind::ALL.iter().filter(|kind| **kind != Kind::Forget);
    none(all.filter(|kind| !called.contains(kind)).map(|kind| format!("no case calls {}", kind.name())));
}

#[test]
fn every_case_survives_both_spellings() {
    let cases = cases();
    none(cases.iter().flat_map(|case| {
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
        changed.map(|(_, form)| format!("{}: another program by way of {form}", name(case))).collect::<Vec<_>>()
    }));
}

#[test]
fn the_native_session_and_the_linked_openssl_agree() {
    let c = CPort::linked(Probes::ALL).unwrap();
    let native = NativePort::new(c.library().release, COMPLETE);
    let mut pair = Pair::new(native, c, true);
    let cases = cases();
    none(cases.iter().flat_map(|case| {
        let verdicts =
            [("touched", pair.judge(&case.program)), ("everything", pair.judge_watching(&case.program, Watch::Blame))];
        let failed = verdicts.into_iter().filter_map(|(watched, verdict)| Some((watched, failure(verdict)?)));
        let mut failed: Vec<_> =
            failed.map(|(watched, failure)| format!("{} watching {watched}: {failure}", name(case))).collect();
        let empty = pair.traces().0.skips.iter().filter_map(|step| case.program.ops.get(*step as usize));
        failed.extend(empty.map(|op| format!("{}: {op} has no session to run on", name(case))));
        failed
    }));
}

/// Every case, read strictly.
fn cases() -> Vec<Case> {
    // What breaks the library has tests of its own.
    let hazard = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "hazards");
    let files: Vec<PathBuf> = Case::list(Path::new(CORPUS)).unwrap().into_iter().filter(|path| !hazard(path)).collect();
    let (cases, unreadable): (Vec<_>, Vec<_>) = files.iter().map(|file| Case::read(file)).partition(Result::is_ok);
    none(unreadable.into_iter().filter_map(Result::err).map(|error| error.to_string()));
    cases.into_iter().flatten().collect()
}

/// All failures are shown together.
fn none(failures: impl Iterator<Item = String>) {
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn name(case: &Case) -> String {
    case.path.strip_prefix(CORPUS).unwrap_or(&case.path).display().to_string()
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
        Verdict::Nothing => Some("nothing ran".into()),
        Verdict::Inconclusive(inconclusive) => Some(inconclusive.to_string()),
        Verdict::Diverge(diverged) => {
            let Divergence { step, class, left, right, .. } = &diverged.divergence;
            let signature = diverged.divergence.signature();
            Some(format!("{class} {signature} at step {step}: native {left}, OpenSSL {right} {:?}", diverged.left))
        }
    }
}

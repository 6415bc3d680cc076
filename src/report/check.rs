//! What a conformance check found of a port: the object that `check --json` prints, and that the matrix is made of.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::summary::{Accepted, PortSummary, so_many};

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The port does what it should.
    Pass,
    /// It does something else.
    Fail,
    /// It does something else, and somebody knows why.
    Known,
    /// It lacks a function of the case.
    Unsupported,
    /// The native session has no answer for the release that is tested.
    NotModelled,
    /// There is no verdict.
    Inconclusive,
}

impl Outcome {
    /// Every outcome, in the order of the table.
    pub const ALL: [Outcome; 6] = [
        Outcome::Pass,
        Outcome::Fail,
        Outcome::Known,
        Outcome::Unsupported,
        Outcome::NotModelled,
        Outcome::Inconclusive,
    ];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Known => "known",
            Outcome::Unsupported => "unsupported",
            Outcome::NotModelled => "not modelled",
            Outcome::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A case and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checked {
    /// `up_ref/returns-1`
    pub id: String,
    /// From 1 to 6; 0 where it is no case of the check.
    pub level: u8,
    /// The function that the case is about, or the harness's word.
    pub function: String,
    /// What holds, in a sentence of the manual, or why the case is kept.
    pub says: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it did not pass, in a line; empty where it did.
    pub why: String,
    /// The signature of the difference, where there is one.
    pub signature: Option<String>,
    /// Its class.
    pub class: Option<String>,
    /// The rules of its release by which the port does what a later one mended.
    pub rules: Vec<String>,
    /// Whether the port crashed, hung or broke memory.
    pub broke: bool,
    /// The calls, one each.
    pub calls: Vec<String>,
    /// The difference with all that is known of it, as `replay --json` prints it.
    pub finding: Option<serde_json::Value>,
    /// The C program that shows it, and what that printed.
    pub c: Option<CProgram>,
    /// The command that runs this case again.
    pub again: String,
}

/// A C program of a difference.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CProgram {
    /// Its file; none where it could not be written.
    pub file: Option<String>,
    /// Its text.
    pub text: String,
    /// What it printed, and how it ended, or why it was not run.
    pub says: String,
    /// What compiles and runs it.
    pub command: String,
    /// The reference counts over the calls, of both sides, as SVG.
    pub picture: String,
}

/// What was found of a port.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// The port.
    pub port: PortSummary,
    /// The version of this tool.
    pub tool: String,
    /// The release that the native session behaved as.
    pub release: String,
    /// The day, of UTC.
    pub date: String,
    /// Seconds that it took.
    pub seconds: f64,
    /// Every case that was chosen, by level and in it by id.
    pub cases: Vec<Checked>,
    /// The names of the levels, by number.
    pub levels: BTreeMap<u8, String>,
    /// The accepted differences that happened, and those that somebody has to look at.
    pub accepted: Vec<Accepted>,
    /// Ended by ^C, before all cases had run.
    pub interrupted: bool,
    /// The exit code.
    pub exit: u8,
}

/// How many cases had each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted([usize; Outcome::ALL.len()]);

impl Counted {
    /// Counts cases.
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a Checked>) -> Counted {
        let mut counted = Counted::default();
        cases.into_iter().for_each(|case| counted.0[case.outcome as usize] += 1);
        counted
    }

    /// Returns how many had this one.
    pub fn had(&self, outcome: Outcome) -> usize {
        self.0[outcome as usize]
    }

    fn all(&self) -> usize {
        self.0.iter().sum()
    }
}

impl Check {
    /// Returns the table by level, and in it by function: those in which something did not pass, or `all`.
    pub fn table(&self, all: bool) -> String {
        let mut rows = vec![row("level, function", Outcome::ALL.map(|outcome| outcome.name().into()), "cases".into())];
        for (level, name) in &self.levels {
            let of_level = || self.cases.iter().filter(|case| case.level == *level);
            let counted = Counted::of(of_level());
            if counted.all() == 0 {
                continue;
            }
            rows.push(counts(&format!("{level} {name}"), counted));
            let mut functions: Vec<&str> = of_level().map(|case| case.function.as_str()).collect();
            functions.sort_unstable();
            functions.dedup();
            for function in functions {
                let counted = Counted::of(of_level().filter(|case| case.function == function));
                if all || counted.had(Outcome::Pass) < counted.all() {
                    rows.push(counts(&format!("  {function}"), counted));
                }
            }
        }
        rows.concat()
    }

    /// Says in a line what came of all: `FAIL: 3 of 1043 cases fail: 1000 pass, 40 unsupported; 4.0 s`.
    pub fn verdict(&self) -> String {
        let counted = Counted::of(&self.cases);
        let others = Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Fail && counted.had(*outcome) > 0);
        let others: Vec<String> = others.map(|outcome| format!("{} {outcome}", counted.had(outcome))).collect();
        let cases = so_many(counted.all() as u64, "case");
        let good = counted.had(Outcome::Pass) + counted.had(Outcome::Known);
        let word = match counted.had(Outcome::Fail) {
            failed @ 1.. => format!("FAIL: {failed} of {cases} fail"),
            0 if self.interrupted => format!("INTERRUPTED after {cases}"),
            0 if counted.had(Outcome::Inconclusive) > 0 => format!("INCONCLUSIVE: {cases}"),
            0 if good == 0 => format!("NOTHING PASSED of {cases}"),
            0 if self.accepted.iter().any(|one| !one.complaints().is_empty()) => format!("STALE: {cases}"),
            0 => format!("PASS: {cases}"),
        };
        format!("{word}: {}; {:.1} s", others.join(", "), self.seconds)
    }
}

fn counts(name: &str, counted: Counted) -> String {
    let shown = |count: usize| if count == 0 { "-".into() } else { count.to_string() };
    row(name, Outcome::ALL.map(|outcome| shown(counted.had(outcome))), counted.all().to_string())
}

fn row(name: &str, cells: [String; Outcome::ALL.len()], all: String) -> String {
    let cells: String = cells.iter().map(|cell| format!(" {cell:>12}")).collect();
    format!("{name:<44} {all:>6}{cells}\n")
}

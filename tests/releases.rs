//! docs/RELEASES.md, which scripts/releases measured, and the rules that the native session follows: both say the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sessdiff::exec::Watch;
use sessdiff::native::{Release, Rule, RuleKind};
use sessdiff::op::Kind;
use sessdiff::pair::Pair;
use sessdiff::plan::Setup;
use sessdiff::port::native::NativePort;
use sessdiff::program::Case;

/// No call shows them, so no case can.
const UNSEEN: [Rule; 1] = [Rule::FragmentIsDisabled];
/// The release that has it is older than those that were run: its source was read.
const READ: [Rule; 2] = [Rule::KeysHave64Bytes, Rule::EmptyPemIsWritten];
/// A release that is older than those that were run.
const FIRST: Release = Release::new(1, 1, 1, 0);

/// What a section's table says: for each row the cell of each release.
type Table = BTreeMap<String, BTreeMap<String, String>>;

fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/RELEASES.md")).expect("the page")
}

/// Reads the table below a heading.
fn table(page: &str, heading: &str) -> Table {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect("the heading");
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect::<Vec<_>>();
    let mut lines = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let releases = cells(lines.next().expect("a header"));
    let rows = lines.skip(1).map(cells).map(|row| {
        let by_release = releases.iter().cloned().zip(row.iter().cloned()).skip(1).collect();
        (row[0].trim_matches('`').to_string(), by_release)
    });
    rows.collect()
}

#[test]
fn each_rule_holds_where_it_was_measured() {
    let table = table(&page(), "Rules");
    let mut wrong = Vec::new();
    for rule in Rule::ALL.iter().filter(|rule| !UNSEEN.contains(rule)) {
        let id = rule.row().id;
        let Some(row) = table.get(id) else {
            wrong.push(format!("{id}: no row"));
            continue;
        };
        let mut seen = false;
        for (release, cell) in row {
            let holds = rule.holds_in(release.parse::<Release>().expect("a release"));
            seen |= cell == "yes";
            match cell.as_str() {
                "yes" if holds => {}
                "no" if !holds => {}
                // What a run names as known was seen to be there. Of a release that is said not to have it nothing is named.
                "-" if rule.row().kind != RuleKind::Fix || !holds => {}
                other => wrong.push(format!("{id} in {release}: measured `{other}`, the rule says {holds}")),
            }
        }
        if !seen && !READ.contains(rule) {
            wrong.push(format!("{id}: no release that was run has it"));
        }
    }
    assert_eq!(table.len(), Rule::ALL.len() - UNSEEN.len(), "a row for a rule that is none");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_are_there_since_the_table_says() {
    for (function, row) in table(&page(), "Functions that some lack") {
        let kind = Kind::ALL.iter().find(|kind| kind.name() == function).expect("a function");
        for (release, cell) in row {
            let release: Release = release.parse().expect("a release");
            let there = kind.since().is_none_or(|since| release.is_since(since));
            assert_eq!(cell == "yes", there, "{function} in {release}");
        }
    }
}

#[test]
fn every_release_that_is_called_measured_was_run_and_agreed() {
    let runs = table(&page(), "Runs");
    for release in Release::MEASURED {
        let row = runs.get(&release.to_string()).unwrap_or_else(|| panic!("{release} was not run"));
        assert_eq!((row["diverged"].as_str(), row["inconclusive"].as_str()), ("0", "0"), "{release}");
        let programs: u64 = row["programs"].parse().expect("a number");
        assert!(programs > 10_000, "{release}: {programs} programs");
    }
}

#[test]
fn what_the_rules_say_is_on_the_page() {
    let page = page();
    for rule in Rule::ALL {
        assert!(page.contains(rule.row().what), "{}", rule.row().id);
    }
}

/// A fault of a release that its case meets is named: what is followed without a word would hide what that release gets wrong. Four
/// are met by calls that are left out.
#[test]
fn every_fix_is_named_where_its_case_meets_it() {
    const LEFT_OUT: [Rule; 4] =
        [Rule::DupKeepsOwner, Rule::ClearKeepsRecord, Rule::AbortedTicketLeaks, Rule::RefusedCopyLeaks];
    let fixes = Rule::ALL.iter().copied().filter(|rule| rule.row().kind == RuleKind::Fix && !LEFT_OUT.contains(rule));
    let is_named = |rule: Rule, release: Release| {
        let native = || NativePort::new(release, Setup::new(true));
        let mut pair = Pair::new(native(), native(), true);
        let path = format!("{}/corpus/rules/{}.ops", env!("CARGO_MANIFEST_DIR"), rule.row().id);
        pair.judge_watching(&Case::read(Path::new(&path)).expect("a case").program, Watch::Blame);
        pair.take_met().has(rule)
    };
    // Some lack what a case calls.
    let named =
        |rule: Rule| Release::MEASURED.into_iter().chain([FIRST]).any(|one| rule.holds_in(one) && is_named(rule, one));
    let unnamed: Vec<_> = fixes.filter(|rule| !named(*rule)).map(|rule| rule.row().id).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

//! A run as what a check finds: a case for the whole of it, and one for each difference, so that it is written as JUnit XML and SARIF.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check::{Check, Checked, Outcome};
use super::summary::{Accepted, SignatureHits, Stale, Summary, Word, so_many};
use super::versions::Versions;

/// Names the case of the whole run.
const WHOLE: &str = "run";

impl Summary {
    /// Makes a case of the whole, of each signature, of each hazard that does not show any more and of each accepted difference, and
    /// says in which file each is. `again`: the command that runs it again; `exit`: how it ended; `date`: the day, of UTC.
    pub fn check(&self, again: &str, exit: u8, date: String) -> (Check, Vec<String>) {
        let library = self.port.session_file().to_string();
        let mut cases = vec![(self.whole(again), library.clone())];
        for one in &self.signatures {
            cases.push((found(one, again), one.found.file.clone().unwrap_or_else(|| library.clone())));
        }
        for Stale { case, signature } in &self.stale {
            let why = format!("{signature} is expected and does not happen any more");
            let says = "A committed hazard is found as its head says.".into();
            let told = Checked { says, ..told(case.clone(), WHOLE, Outcome::Fail, why, again) };
            cases.push((told, case.clone()));
        }
        cases.extend(self.accepted.iter().map(|one| (accepted(one, again), library.clone())));
        let (cases, files) = cases.into_iter().unzip();
        let check = Check {
            port: self.port.clone(),
            tool: Versions::TOOL.into(),
            release: self.release.clone(),
            date,
            seconds: self.seconds,
            cases,
            levels: BTreeMap::new(),
            accepted: self.accepted.clone(),
            interrupted: self.interrupted,
            exit,
        };
        (check, files)
    }

    fn whole(&self, again: &str) -> Checked {
        let outcome = match self.verdict {
            // What ^C left out has no verdict.
            Word::Agree if self.interrupted => Outcome::Inconclusive,
            Word::Agree => Outcome::Pass,
            Word::Crash | Word::Diverge | Word::Stale => Outcome::Fail,
            Word::Inconclusive | Word::Nothing => Outcome::Inconclusive,
        };
        let why = if outcome == Outcome::Pass { String::new() } else { self.to_string() };
        Checked {
            says: "Every program does the same on the port as on the native session.".into(),
            broke: self.verdict == Word::Crash,
            ..told(WHOLE.into(), WHOLE, outcome, why, again)
        }
    }
}

/// Makes the case of a signature.
fn found(one: &SignatureHits, again: &str) -> Checked {
    let SignatureHits { found, hits } = one;
    let finding = &found.finding;
    let replay = finding["commands"]["replay"].as_str().unwrap_or(again);
    let calls = finding["calls"].as_array().into_iter().flatten();
    let says = |side: &str| finding[side].as_str().unwrap_or_default();
    let cause = found.cause.as_ref().map(|cause| format!(", of the same cause as {cause}")).unwrap_or_default();
    let why = format!("{} in {}{cause}", found.class, so_many(*hits, "program"));
    let call = finding["call"].as_str().unwrap_or_default();
    Checked {
        says: format!("{call}: native {}, port {}, ledger {}", says("native"), says("port"), says("ledger")),
        signature: Some(found.signature.to_string()),
        class: Some(found.class.clone()),
        rules: found.explained.iter().map(|rule| rule.id.clone()).collect(),
        broke: found.broke,
        calls: calls.filter_map(Value::as_str).map(String::from).collect(),
        finding: Some(finding.clone()),
        ..told(found.signature.to_string(), &found.signature.call.to_string(), Outcome::Fail, why, replay)
    }
}

/// Makes the case of an accepted difference, which fails where somebody has to look at it.
fn accepted(one: &Accepted, again: &str) -> Checked {
    let complaints = one.complaints().join("; ");
    let (outcome, why) =
        if complaints.is_empty() { (Outcome::Known, one.to_string()) } else { (Outcome::Fail, complaints) };
    Checked {
        says: format!("accepted in {}", one.place),
        signature: Some(one.signature.to_string()),
        ..told(one.signature.to_string(), &one.signature.call.to_string(), outcome, why, again)
    }
}

fn told(id: String, function: &str, outcome: Outcome, why: String, again: &str) -> Checked {
    Checked {
        id,
        level: 0,
        function: function.into(),
        says: String::new(),
        outcome,
        why,
        signature: None,
        class: None,
        rules: Vec::new(),
        broke: false,
        calls: Vec::new(),
        finding: None,
        c: None,
        again: again.into(),
    }
}

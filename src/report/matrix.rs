//! The matrix of ports as one page, which needs nothing else: libraries against functions and behaviours.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::check::{Check, Checked, Outcome};

/// The page around the data.
const PAGE: &str = include_str!("matrix.html");
/// Stands in the page where the data comes.
const DATA: &str = "@DATA@";

/// Makes the page of what was found of ports, a column each in their order.
pub fn matrix(checks: &[Check]) -> String {
    // Nothing in the data may end the element that it stands in, or begin a comment there.
    let data = data(checks).to_string().replace('<', "\\u003c");
    PAGE.replacen(DATA, &data, 1)
}

fn data(checks: &[Check]) -> Value {
    let levels: BTreeMap<u8, &str> =
        checks.iter().flat_map(|check| &check.levels).map(|(number, name)| (*number, name.as_str())).collect();
    let outcomes = Outcome::ALL.map(|outcome| json!(outcome));
    json!({
        "ports": checks.iter().map(port).collect::<Vec<_>>(),
        "levels": levels,
        "outcomes": outcomes,
        "cases": cases(checks),
    })
}

fn port(check: &Check) -> Value {
    // The id is the last word of the command.
    let again = check.cases.first().and_then(|case| case.again.strip_suffix(&case.id));
    json!({
        "name": check.port.name,
        "version": check.port.version,
        "release": check.release,
        "date": check.date,
        "tool": check.tool,
        "again": again,
    })
}

/// Lists every case that some port was checked with, in the order of the first that has it.
fn cases(checks: &[Check]) -> Vec<Value> {
    let by_id: Vec<HashMap<&str, &Checked>> =
        checks.iter().map(|check| check.cases.iter().map(|case| (case.id.as_str(), case)).collect()).collect();
    let mut all: Vec<&Checked> = Vec::new();
    let mut seen = HashMap::new();
    for case in checks.iter().flat_map(|check| &check.cases) {
        if seen.insert(case.id.as_str(), ()).is_none() {
            all.push(case);
        }
    }
    all.sort_by(|one, other| (one.level, &one.id).cmp(&(other.level, &other.id)));
    let described = |case: &&Checked| {
        let said = |at: usize| by_id[at].get(case.id.as_str()).copied();
        let outcomes: Vec<Option<Outcome>> = (0..checks.len()).map(|at| said(at).map(|case| case.outcome)).collect();
        let details = (0..checks.len()).filter_map(|at| Some((at.to_string(), detail(&checks[at], said(at)?)?)));
        json!({
            "id": case.id,
            "level": case.level,
            "function": case.function,
            "says": case.says,
            "calls": case.calls,
            "outcomes": outcomes,
            "details": details.collect::<Map<_, _>>(),
        })
    };
    all.iter().map(described).collect()
}

/// Says more of a case that did not pass.
fn detail(check: &Check, case: &Checked) -> Option<Value> {
    if case.outcome == Outcome::Pass {
        return None;
    }
    let mut detail = json!({ "why": case.why, "again": case.again });
    if let Some(finding) = &case.finding {
        for member in ["native", "port", "ledger"] {
            detail[member] = finding[member].clone();
        }
    }
    if let Some(c) = &case.c {
        detail["c"] = json!(c.text);
        detail["c_says"] = json!(c.says);
        detail["picture"] = json!(c.picture);
    } else if case.signature.is_some() {
        let shows = |other: &&Checked| other.c.is_some() && other.signature == case.signature;
        detail["same"] = json!(check.cases.iter().find(shows).map(|other| &other.id));
    }
    Some(detail)
}

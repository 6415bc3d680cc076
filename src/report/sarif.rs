//! A conformance check as SARIF 2.1.0: a run each port, a rule each signature, a result each case that does not pass.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::check::{Check, Checked, Outcome};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const VERSION: &str = "2.1.0";

/// Makes the log of what was found of ports.
pub fn sarif(checks: &[Check]) -> Value {
    json!({
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": checks.iter().map(|check| run(check, &[])).collect::<Vec<_>>(),
    })
}

/// Makes the log of what was found of ports, each case in a file of its own.
pub fn sarif_in(checks: &[(Check, Vec<String>)]) -> Value {
    let runs: Vec<Value> = checks.iter().map(|(check, files)| run(check, files)).collect();
    json!({ "$schema": SCHEMA, "version": VERSION, "runs": runs })
}

fn run(check: &Check, files: &[String]) -> Value {
    let told = check
        .cases
        .iter()
        .enumerate()
        .filter(|(_, case)| matches!(case.outcome, Outcome::Fail | Outcome::Inconclusive | Outcome::Known));
    let rules: BTreeMap<String, Value> = told.clone().map(|(_, case)| (rule_id(case), rule(case))).collect();
    let results: Vec<Value> = told.map(|(at, case)| result(check, case, files.get(at))).collect();
    json!({
        "tool": { "driver": {
            "name": "sessdiff",
            "version": check.tool,
            "rules": rules.into_values().collect::<Vec<_>>(),
        } },
        "automationDetails": { "id": format!("sessdiff/{}", check.port.name) },
        "invocations": [{ "executionSuccessful": !check.interrupted, "exitCode": check.exit }],
        "properties": { "library": check.port.version, "file": check.port.file, "release": check.release },
        "results": results,
    })
}

/// Names the rule of a result: the signature, or of what a release is known for the rule of that release, or the case.
fn rule_id(case: &Checked) -> String {
    let of_release = || case.rules.first().cloned();
    case.signature.clone().or_else(of_release).unwrap_or_else(|| case.id.clone())
}

fn rule(case: &Checked) -> Value {
    json!({ "id": rule_id(case), "shortDescription": { "text": case.why }, "properties": { "class": case.class } })
}

/// Makes a result. `file`: where it is; otherwise that is its C program, or the library.
fn result(check: &Check, case: &Checked, file: Option<&String>) -> Value {
    let level = match case.outcome {
        Outcome::Fail => "error",
        Outcome::Inconclusive => "warning",
        Outcome::Known | Outcome::Pass | Outcome::Unsupported | Outcome::NotModelled => "note",
    };
    let library = || check.port.session_file().to_string();
    let in_c = || case.c.as_ref().and_then(|c| c.file.clone());
    let file = file.cloned().or_else(in_c).unwrap_or_else(library);
    let suppressions = if case.outcome == Outcome::Known {
        json!([{ "kind": "external", "justification": case.why }])
    } else {
        json!([])
    };
    let mut properties = json!({ "case": case.id, "function": case.function });
    if case.level > 0 {
        properties["conformanceLevel"] = case.level.into();
    }
    json!({
        "ruleId": rule_id(case),
        "level": level,
        "message": { "text": format!("{}: {}\n{}\n\n{}\n\nagain: {}", case.id, case.why, case.says, case.calls.join("\n"), case.again) },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&file) } } }],
        "partialFingerprints": { "case/v1": format!("{}/{}", check.port.name, case.id) },
        "suppressions": suppressions,
        "properties": properties,
    })
}

/// Spells a path as a URI.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let spelled =
        path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    spelled.collect()
}

//! A conformance check as SARIF 2.1.0: a run each port, a rule each signature, a result each case that does not pass.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::check::{Check, Checked, Outcome};

/// Makes the log of what was found of ports.
pub fn sarif(checks: &[Check]) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": checks.iter().map(run).collect::<Vec<_>>(),
    })
}

fn run(check: &Check) -> Value {
    let told = check
        .cases
        .iter()
        .filter(|case| matches!(case.outcome, Outcome::Fail | Outcome::Inconclusive | Outcome::Known));
    let rules: BTreeMap<String, Value> = told.clone().map(|case| (rule_id(case), rule(case))).collect();
    let results: Vec<Value> = told.map(|case| result(check, case)).collect();
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

fn result(check: &Check, case: &Checked) -> Value {
    let level = match case.outcome {
        Outcome::Fail => "error",
        Outcome::Inconclusive => "warning",
        Outcome::Known | Outcome::Pass | Outcome::Unsupported | Outcome::NotModelled => "note",
    };
    let library = || check.port.session_file().to_string();
    let file = case.c.as_ref().and_then(|c| c.file.clone()).unwrap_or_else(library);
    let suppressions = if case.outcome == Outcome::Known {
        json!([{ "kind": "external", "justification": case.why }])
    } else {
        json!([])
    };
    json!({
        "ruleId": rule_id(case),
        "level": level,
        "message": { "text": format!("{}: {}\n{}\n\n{}\n\nagain: {}", case.id, case.why, case.says, case.calls.join("\n"), case.again) },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&file) } } }],
        "partialFingerprints": { "case/v1": format!("{}/{}", check.port.name, case.id) },
        "suppressions": suppressions,
        "properties": { "case": case.id, "function": case.function, "conformanceLevel": case.level },
    })
}

/// Spells a path as a URI.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let spelled =
        path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    spelled.collect()
}

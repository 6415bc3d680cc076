//! `sessdiff rules`: what releases do differently.

use super::args::RulesArgs;
use super::exit::Exit;
use super::output;
use crate::native::Rule;

pub(super) fn rules(args: &RulesArgs) -> Result<Exit, Exit> {
    if args.json {
        let rows: Vec<_> = Rule::ALL.iter().map(|rule| row(*rule)).collect();
        output::object(&serde_json::json!({ "rules": rows }));
        return Ok(Exit::Expected);
    }
    if args.markdown {
        output::result("| rule | kind | releases | what they do | where | source |\n|---|---|---|---|---|---|");
    }
    for rule in Rule::ALL {
        let row = rule.row();
        let releases = span(row.since, row.until);
        if args.markdown {
            let (id, kind, what, function, source) = (row.id, row.kind, row.what, row.function, row.source);
            output::result(format_args!("| `{id}` | {kind} | {releases} | {what} | `{function}` | {source} |"));
        } else {
            output::result(format_args!(
                "{} ({}, {releases}; {})\n  {}\n  {}",
                row.id, row.kind, row.function, row.what, row.source
            ));
        }
    }
    Ok(Exit::Expected)
}

fn row(rule: Rule) -> serde_json::Value {
    let row = rule.row();
    let list = |releases: &str| releases.split_whitespace().map(String::from).collect::<Vec<_>>();
    serde_json::json!({
        "id": row.id,
        "kind": row.kind.to_string(),
        "what": row.what,
        "since": list(row.since),
        "until": list(row.until),
        "function": row.function,
        "source": row.source,
    })
}

/// Says which releases a rule is about: `3.0.0 to before 3.0.9, 3.1.1`.
fn span(since: &str, until: &str) -> String {
    let listed = |releases: &str| releases.split_whitespace().collect::<Vec<_>>().join(", ");
    match (since.is_empty(), until.is_empty()) {
        (true, true) => "all".into(),
        (true, false) => format!("before {}", listed(until)),
        (false, true) => format!("from {}", listed(since)),
        (false, false) => format!("from {}, before {}", listed(since), listed(until)),
    }
}

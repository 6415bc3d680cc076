//! `sessdiff ports`: what can be driven here.

use std::collections::BTreeMap;

use super::args::{PortName, PortsArgs};
use super::exit::Exit;
use super::lab::Lab;
use super::output;
use crate::native::{CustomRow, Family};
use crate::port::mutant::Bug;
use crate::report::PortSummary;

pub(super) fn ports(args: &PortsArgs) -> Result<Exit, Exit> {
    if let Some(port) = &args.port {
        return one(port, args.json);
    }
    let mut summaries = Vec::new();
    for name in [PortName::OpenSsl, PortName::Native] {
        summaries.push(summary(&Lab::here_with_probes(name))?.0);
    }
    let planted: Vec<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    if args.json {
        let signatures: BTreeMap<_, Vec<_>> = Bug::ALL.iter().map(|bug| (bug.name(), signatures(*bug))).collect();
        output::object(&serde_json::json!({ "ports": summaries, "planted": planted, "signatures": signatures }));
        return Ok(Exit::Expected);
    }
    summaries.iter().for_each(say);
    output::result(format_args!("{:<10} any shared library with the session API, in a process of its own", "lib:PATH"));
    output::result(format_args!("{:<10} the native session with one bug, {} of them:", "planted:", planted.len()));
    for name in planted {
        output::result(format_args!("{:<10} planted:{name}", ""));
    }
    Ok(Exit::Expected)
}

/// Sums up a port, and says as which family the native session behaves with it.
fn summary(lab: &Lab) -> Result<(PortSummary, Family), Exit> {
    let pair = lab.pair().map_err(|error| error.say())?;
    Ok((lab.port_summary(&pair, pair.plan().setup().lacks), pair.left().family()))
}

fn say(port: &PortSummary) {
    output::result(format_args!("{:<10} {}, in {}", port.name, port.version, port.file));
    let lacks = if port.unsupported.is_empty() { "nothing".into() } else { port.unsupported.join(", ") };
    output::result(format_args!("{:<10} lacks {lacks}", ""));
    let lacked: Vec<&str> = port.unsupported.iter().map(String::as_str).collect();
    if let Some(wants) = port.wants(&lacked) {
        output::result(format_args!("{:<10} {wants}", ""));
    }
    port.left_out().for_each(|line| output::result(format_args!("{:<10} {line}", "")));
    let counts = if port.counts_references { "found" } else { "not found" };
    output::result(format_args!("{:<10} reference count {counts}", ""));
}

/// Says what one port is, and what its family does otherwise than OpenSSL.
fn one(port: &PortName, json: bool) -> Result<Exit, Exit> {
    let (summary, family) = summary(&Lab::here_with_probes(port.clone()))?;
    if json {
        let customs: Vec<_> = family.customs(&summary.version).map(|custom| custom.row().id).collect();
        output::object(&serde_json::json!({ "ports": [summary], "family": family.name(), "customs": customs }));
        return Ok(Exit::Expected);
    }
    say(&summary);
    output::result(format_args!("{:<10} family {family}", ""));
    for custom in family.customs(&summary.version) {
        let CustomRow { id, what, function, source, .. } = custom.row();
        output::result(format_args!("{:<10} custom {id} ({function}): {what} {source}", ""));
    }
    Ok(Exit::Expected)
}

/// Spells the signatures that a planted bug is found under, the usual one first.
fn signatures(bug: Bug) -> Vec<String> {
    bug.signatures().iter().map(|signature| signature.to_string()).collect()
}

//! `sessdiff ports`: what can be driven here.

use std::collections::BTreeMap;

use super::args::{PortName, PortsArgs};
use super::exit::Exit;
use super::lab::Lab;
use super::output;
use crate::port::mutant::Bug;

pub(super) fn ports(args: &PortsArgs) -> Result<Exit, Exit> {
    let mut summaries = Vec::new();
    for name in [PortName::OpenSsl, PortName::Native] {
        let lab = Lab::here_with_probes(name);
        let pair = lab.pair().map_err(|error| error.say())?;
        summaries.push(lab.port_summary(&pair, pair.plan().setup().lacks));
    }
    let planted: Vec<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    if args.json {
        let signatures: BTreeMap<_, Vec<_>> = Bug::ALL.iter().map(|bug| (bug.name(), signatures(*bug))).collect();
        output::object(&serde_json::json!({ "ports": summaries, "planted": planted, "signatures": signatures }));
        return Ok(Exit::Expected);
    }
    for port in summaries {
        output::result(format_args!("{:<10} {}, in {}", port.name, port.version, port.file));
        let lacks = if port.unsupported.is_empty() { "nothing".into() } else { port.unsupported.join(", ") };
        output::result(format_args!("{:<10} lacks {lacks}", ""));
        let counts = if port.counts_references { "found" } else { "not found" };
        output::result(format_args!("{:<10} reference count {counts}", ""));
    }
    output::result(format_args!("{:<10} any shared library with the session API, in a process of its own", "lib:PATH"));
    output::result(format_args!("{:<10} the native session with one bug, {} of them:", "planted:", planted.len()));
    for name in planted {
        output::result(format_args!("{:<10} planted:{name}", ""));
    }
    Ok(Exit::Expected)
}

/// Spells the signatures that a planted bug is found under, the usual one first.
fn signatures(bug: Bug) -> Vec<String> {
    bug.signatures().iter().map(|signature| signature.to_string()).collect()
}

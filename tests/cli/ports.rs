//! `sessdiff ports`.

use serde_json::json;
use sessdiff::port::mutant::Bug;

use super::{Folder, PROGRAM, sessdiff};

const BREAKS_MEMORY: [&str; 2] = ["planted:hostname-changes-argument", "planted:master-key-overruns"];

#[test]
fn every_listed_port_can_be_driven() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ports = folder.sessdiff(&["ports"]).exits(0);
    let planted: Vec<_> =
        ports.stdout.split_whitespace().filter(|word| word.starts_with("planted:") && word.len() > 8).collect();
    assert_eq!(planted.len(), Bug::ALL.len(), "{ports:?}");
    for name in ["openssl", "native"].into_iter().chain(planted) {
        let ran = folder.sessdiff(&["replay", "--port", name, "a.ops"]);
        // What breaks memory has an exit code of its own.
        let finding = if BREAKS_MEMORY.contains(&name) { 2 } else { 1 };
        assert!([Some(0), Some(finding)].contains(&ran.code) && ran.stderr.is_empty(), "{name}: {ran:?}");
    }
}

#[test]
fn ports_are_one_object() {
    let object = sessdiff(&["ports", "--json"]).exits(0).quietly().json();
    assert_eq!((&object["ports"][0]["name"], &object["ports"][1]["name"]), (&json!("openssl"), &json!("native")));
    let planted: Vec<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    assert_eq!(object["planted"], json!(planted));
    assert_eq!(object["signatures"].as_object().map(|signatures| signatures.len()), Some(Bug::ALL.len()));
    assert_eq!(object["signatures"]["dup-forgets-hostname"], json!(["SSL_SESSION_dup/hostname"]));
}

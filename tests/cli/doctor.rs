//! `sessdiff ports` and `sessdiff doctor`.

use serde_json::json;

use super::{Folder, PROGRAM, Ran, sessdiff};

#[test]
fn ports_are_listed() {
    let ran = sessdiff(&["ports"]).exits(0).quietly();
    for start in ["openssl ", "native ", "planted:"] {
        assert!(ran.stdout.lines().any(|line| line.starts_with(start)), "no line for {start}: {ran:?}");
    }
    let planted: Vec<_> = ran.stdout.lines().filter_map(|line| line.trim_start().strip_prefix("planted:")).collect();
    let planted: Vec<_> = planted.into_iter().filter(|name| !name.starts_with(' ')).collect();
    assert!(planted.len() >= 30 && planted.contains(&"dup-forgets-hostname"), "{ran:?}");
}

const BREAKS_MEMORY: [&str; 2] = ["planted:hostname-changes-argument", "planted:master-key-overruns"];

#[test]
fn every_listed_port_can_be_driven() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ports = folder.sessdiff(&["ports"]).exits(0);
    let names = ports.stdout.split_whitespace().filter(|word| word.starts_with("planted:") && word.len() > 8);
    for name in ["openssl", "native"].into_iter().chain(names) {
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
    let planted = object["planted"].as_array().expect("a list");
    assert!(planted.contains(&json!("dup-forgets-hostname")), "{object}");
}

/// The lines that say no.
fn bad(ran: &Ran) -> Vec<&str> {
    ran.stdout.lines().filter(|line| !line.starts_with("ok  ")).collect()
}

#[test]
fn this_build_can_find_something() {
    let ran = sessdiff(&["doctor"]).exits(0).quietly();
    assert!(bad(&ran).is_empty(), "{ran:?}");
    for probe in ["library: ", "count probe: ", "death probe: ", "memory probe: ", "clock probe: "] {
        assert!(ran.stdout.lines().any(|line| line.starts_with(&format!("ok  {probe}"))), "no {probe}: {ran:?}");
    }
}

#[test]
fn a_program_without_an_instrumented_library_finds_nothing() {
    let ran = sessdiff(&["doctor", "/bin/true"]).exits(4).quietly().shows("libssl is NOT instrumented");
    assert!(!bad(&ran).is_empty(), "{ran:?}");
    assert!(bad(&ran).iter().all(|line| line.starts_with("NO  /bin/true: ")), "{ran:?}");
}

#[test]
fn what_is_no_program_is_named() {
    let folder = Folder::with("a.ops", PROGRAM);
    folder.write("empty", "");
    folder.write("some/a.ops", PROGRAM);
    for name in ["a.ops", "empty", "some", "missing"] {
        let ran = folder.sessdiff(&["doctor", name]).exits(64).complains(&format!("{name}: "));
        assert!(bad(&ran).is_empty(), "{ran:?}");
    }
    // The others are looked at all the same.
    folder.sessdiff(&["doctor", "missing", "/bin/true"]).exits(64).complains("missing: ").shows("NOT instrumented");
}

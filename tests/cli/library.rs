//! Ports in processes of their own, and libraries by path.

use serde_json::json;

use super::{CORPUS, Folder, PROGRAM, corpus, sessdiff, text_of};

/// One line names the port and says `why`, and the exit code is 5.
#[track_caller]
fn is_no_library(folder: &Folder, path: &str, why: &str) {
    let ran = folder.sessdiff(&["replay", "a.ops", "--port", &format!("lib:{path}")]).exits(5);
    assert_eq!(ran.stdout, "", "{ran:?}");
    ran.complains(&format!("lib:{path}: ")).complains(why);
}

/// Libraries that are almost some.
#[test]
fn what_is_no_library_is_named() {
    let folder = Folder::with("a.ops", PROGRAM);
    let own = std::fs::read(env!("CARGO_BIN_EXE_sessdiff")).expect("the executable");
    let mut other = own[..64].to_vec();
    other[18..20].copy_from_slice(&0x28u16.to_le_bytes());
    folder.write("arm.so", &other);
    folder.write("half.so", &own[..4096]);
    is_no_library(&folder, "arm.so", "another architecture");
    is_no_library(&folder, "half.so", "cut off");
    if cfg!(feature = "vendored") {
        is_no_library(&folder, "/lib/x86_64-linux-gnu/libc.so.6", "no session API");
    }
}

/// Two OpenSSLs in one process: neither would be what it seems.
#[cfg(not(feature = "vendored"))]
#[test]
fn an_executable_with_a_libssl_of_its_own_opens_no_other() {
    let folder = Folder::with("a.ops", PROGRAM);
    is_no_library(&folder, "/usr/lib/x86_64-linux-gnu/libssl.so.3", "linked dynamically with ");
}

#[test]
fn a_process_of_its_own_says_the_same() {
    let args = ["run", "--programs", "2000", "--seed", "3", "--probes", "all", "--json", "--corpus", CORPUS];
    let (here, there) = (sessdiff(&args).exits(0), sessdiff(&[&args[..], &["--isolate"]].concat()).exits(0));
    for number in ["programs", "ops", "skipped", "divergences", "inconclusive"] {
        assert_eq!(here.number(number), there.number(number), "{number}: {here:?}\n{there:?}");
    }
}

#[test]
fn a_case_in_a_process_of_its_own_is_the_same_table() {
    let all = corpus();
    let some: Vec<_> = all.iter().step_by(16).cloned().collect();
    let files = text_of(&some);
    let here = sessdiff(&[&["replay"], &files[..]].concat()).exits(0);
    let there = sessdiff(&[&["replay", "--isolate"], &files[..]].concat()).exits(0).quietly();
    let table = |text: &str| {
        text.lines().filter(|line| !line.contains(": native against ")).map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(table(&here.stdout), table(&there.stdout));
}

#[test]
fn a_finding_in_a_process_of_its_own_is_the_same() {
    let args = ["run", "--port", "planted:free-at-one-left", "--programs", "500", "--seed", "1", "--corpus", "none"];
    for more in [&[][..], &["--isolate"], &["--isolate", "--jobs", "2"]] {
        let folder = Folder::new();
        let ran = folder.sessdiff(&[&args[..], more].concat()).exits(1).quietly();
        ran.shows("COUNT SSL_SESSION_free/destroyed-early\n")
            .shows("s0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\n\n");
    }
}

#[test]
fn shares_of_memory_are_as_asked_for() {
    let args = ["run", "--programs", "640", "--seed", "1", "--probes", "all", "--corpus", "none", "--memory"];
    let run = |shares: &str| sessdiff(&[&args[..], &[shares, "--json"]].concat()).exits(0).json();
    for (asked, plain, poisoned, guarded) in
        [("plain=1", 640, 0, 0), ("guarded=1", 0, 0, 640), ("plain=2,poisoned=1,guarded=1", 320, 160, 160)]
    {
        let got = &run(asked)["memory"];
        assert_eq!(*got, json!([["plain", plain], ["poisoned", poisoned], ["guarded", guarded]]), "{asked}");
    }
}

/// Nobody starts it by hand.
#[test]
fn the_other_end_is_hidden() {
    let help = sessdiff(&["--help"]).exits(0);
    assert!(!help.stdout.contains("\n  host"), "{help:?}");
}

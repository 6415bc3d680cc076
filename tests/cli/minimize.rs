//! `sessdiff minimize`.

use super::{Folder, PROGRAM, Ran};

/// A program that reaches all that [`FEW`] does, and one state more.
const MORE: &str = "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\nSSL_SESSION_up_ref(s0)\n";
const FEW: &str = "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\n";

fn minimize(folder: &Folder, more: &[&str]) -> Ran {
    folder.sessdiff(&[&["minimize", "in", "--into", "out"], more].concat())
}

/// A folder with the same program in several forms, one that another makes needless, and one that alone reaches something.
fn inputs() -> Folder {
    let folder = Folder::with("in/few.ops", FEW);
    folder.write("in/more.ops", MORE);
    let wire = folder.sessdiff(&["show", "--as", "wire", "in/more.ops"]).exits(0).bytes;
    folder.write("in/below/0a1b", &wire);
    folder.write("in/below/more-again.ops", MORE);
    folder.write("in/known/openssl.toml", "");
    folder.write("in/alone.ops", "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_is_resumable(s0)\n");
    folder
}

#[test]
fn what_one_input_alone_reaches_stays_and_the_smallest_of_each_program() {
    let folder = inputs();
    let ran = minimize(&folder, &[]).exits(0).quietly();
    assert!(ran.stdout.starts_with("2 of 5 files (3 programs) stay, in out: ops 3/"), "{ran:?}");
    // Bytes are smaller than the text of the same calls.
    assert_eq!(folder.names("out"), ["0a1b", "alone.ops"]);
    assert_eq!(folder.sh("cmp in/below/0a1b out/0a1b && cmp in/alone.ops out/alone.ops").code, Some(0));
}

/// A run counts the same of both.
#[test]
fn what_stays_reaches_what_all_do() {
    let folder = inputs();
    let ran = minimize(&folder, &["--json"]).exits(0).json();
    assert_eq!(ran["states"]["all"], ran["states"]["kept"], "{ran}");
    folder.sh("sessdiff show out/0a1b >out/0a1b.ops").exits(0);
    let reached = |corpus: &str| {
        let run = ["run", "--json", "--corpus", corpus, "--programs", "1", "--seed", "1", "--probes", "all"];
        folder.sessdiff(&run).exits(0).json()["states_reached"].clone()
    };
    assert_eq!(reached("in"), reached("out"));
}

#[test]
fn it_chooses_the_same_each_time() {
    let folder = inputs();
    minimize(&folder, &["--jobs", "1"]).exits(0);
    folder.sh("mv out first").exits(0);
    minimize(&folder, &["--jobs", "7"]).exits(0);
    assert_eq!(folder.names("out"), folder.names("first"));
    // And what stays, stays.
    folder.sessdiff(&["minimize", "first", "--into", "again"]).exits(0);
    assert_eq!(folder.names("again"), folder.names("first"));
}

/// Two inputs of one name both stay.
#[test]
fn no_input_replaces_another() {
    let folder = inputs();
    folder.write("in/below/alone.ops", PROGRAM);
    minimize(&folder, &[]).exits(0);
    assert_eq!(folder.names("out"), ["0a1b", "alone-2.ops", "alone.ops"]);
}

#[test]
fn a_finding_is_named_and_does_not_stay() {
    let folder = inputs();
    folder.write("in/finding.ops", PROGRAM);
    let ran = minimize(&folder, &["--port", "planted:dup-forgets-hostname"]).exits(1);
    assert!(ran.stderr.contains("in/finding.ops: SSL_SESSION_dup/hostname: a finding"), "{ran:?}");
    assert_eq!(folder.names("out"), ["0a1b", "alone.ops"]);
}

#[test]
fn what_cannot_be_done_is_refused_before_anything_runs() {
    let folder = inputs();
    folder.write("out/mine", "a file");
    minimize(&folder, &[]).refuses("out: is not empty");
    assert_eq!(folder.names("out"), ["mine"]);
    folder.sessdiff(&["minimize", "nothing", "--into", "other"]).exits(64);
    assert_eq!(folder.names("."), ["in", "out"]);
}

//! Scripts for fuzzing: what they take and refuse, and that `scripts/soak` goes on where it ended. No library is built for that.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs a script with these arguments in a folder, with the program there in the place of `sessdiff`.
fn script(name: &str, folder: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(Path::new(ROOT).join("scripts").join(name));
    let stand_in = folder.path().join("sessdiff");
    command.args(args).current_dir(folder.path()).env("SESSDIFF", stand_in).output().expect("a script")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a library that nobody loads, and a program in the place of `sessdiff` that says what a run says.
fn folder(program: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sessdiff");
    fs::write(&path, format!("#!/bin/sh\n{program}\n")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    fs::write(folder.path().join("libssl.so"), "").expect("a file");
    folder
}

const RUN: &str = r#"echo '{"programs":20,"divergences":0,"inconclusive":1,"seconds":1.5,"signatures":[]}'"#;
const TWO: [&str; 2] = ["--releases", "a=libssl.so b=./libssl.so"];

/// Reads what a ledger has of each run: its release and its seed.
fn ledger(folder: &TempDir) -> Vec<(String, u64)> {
    let lines = fs::read_to_string(folder.path().join("soak.jsonl")).unwrap_or_default();
    let run = |line: &str| {
        let run: serde_json::Value = serde_json::from_str(line).expect("JSON");
        (run["release"].as_str().expect("a release").to_string(), run["seed"].as_u64().expect("a seed"))
    };
    lines.lines().map(run).collect()
}

#[test]
fn a_soak_goes_on_where_it_ended() {
    let folder = folder(RUN);
    let soak = |more: &[&str]| script("soak", &folder, &[&TWO[..], more].concat());
    let first = soak(&["--seeds", "2"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    let runs = |names: &[(&str, u64)]| names.iter().map(|(name, seed)| (name.to_string(), *seed)).collect::<Vec<_>>();
    assert_eq!(ledger(&folder), runs(&[("a", 1), ("b", 1), ("a", 2), ("b", 2)]));
    // A line that was cut off is run again, and stops nothing.
    let path = folder.path().join("soak.jsonl");
    let lines = fs::read_to_string(&path).expect("a ledger");
    fs::write(&path, format!("{}\n", lines.lines().take(3).collect::<Vec<_>>().join("\n"))).expect("a file");
    soak(&["--seeds", "3"]);
    let ran = ledger(&folder);
    assert_eq!(ran.len(), ran.iter().collect::<BTreeSet<_>>().len(), "{ran:?}");
    assert_eq!(ran.len(), 6, "{ran:?}");
    let summary = script("soak", &folder, &["--summary"]);
    let table = text(&summary.stdout);
    let row: Vec<&str> = table.lines().find(|line| line.starts_with("a ")).expect("a row").split_whitespace().collect();
    assert_eq!((summary.status.code(), &row[..5]), (Some(0), &["a", "3", "60", "0", "3"][..]));
}

/// What a run found is in the ledger, and in the exit code.
#[test]
fn a_soak_tells_what_was_found() {
    let run = RUN
        .replace("\"divergences\":0", "\"divergences\":2")
        .replace("[]", r#"[{"signature":"SSL_SESSION_dup/count"}]"#);
    let folder = folder(&format!("{run}\nexit 1"));
    let ran = script("soak", &folder, &[&TWO[..], &["--seeds", "1"]].concat());
    assert_eq!(ran.status.code(), Some(1), "{}", text(&ran.stderr));
    assert!(text(&ran.stdout).contains("SSL_SESSION_dup/count in 1 runs"), "{}", text(&ran.stdout));
}

/// A line without its end, as a full disk leaves it, takes no other with it.
#[test]
fn what_comes_after_half_a_line_is_a_line() {
    let folder = folder(RUN);
    let soak = || script("soak", &folder, &[&TWO[..], &["--seeds", "1"]].concat());
    assert_eq!(soak().status.code(), Some(0));
    let path = folder.path().join("soak.jsonl");
    let whole = fs::read_to_string(&path).expect("a ledger");
    fs::write(&path, &whole[..whole.len() - 20]).expect("a file");
    soak();
    let lines = fs::read_to_string(&path).expect("a ledger");
    assert_eq!(lines.lines().last(), whole.lines().last());
    assert_eq!(lines.lines().count(), 3);
}

/// A run that did not start is no agreement, and is made again.
#[test]
fn a_soak_of_runs_that_did_not_start_is_not_green() {
    let folder = folder("exit 5");
    let soak = || script("soak", &folder, &["--releases", "a=libssl.so", "--seeds", "1"]);
    assert_eq!(soak().status.code(), Some(4));
    assert_eq!(soak().status.code(), Some(4));
    assert_eq!(ledger(&folder).len(), 2);
}

/// ^C reaches the run and the script. The run gets no line, and what was before stays.
#[test]
fn what_is_interrupted_gets_no_line() {
    // The second run interrupts both, as a terminal does. Whoever started the tests may have ignored that signal.
    let program = format!("if [ -e began ]; then kill -INT 0; sleep 5; exit 130; fi\ntouch began\n{RUN}");
    let folder = folder(&program);
    let line =
        format!("exec env --default-signal=INT setsid -w {ROOT}/scripts/soak --releases 'a=libssl.so b=libssl.so'");
    let stand_in = folder.path().join("sessdiff");
    let ran = Command::new("bash").args(["-c", &line]).current_dir(folder.path()).env("SESSDIFF", stand_in).output();
    let ran = ran.expect("a shell");
    assert_eq!(ran.status.code(), Some(130), "{}", text(&ran.stderr));
    assert_eq!(ledger(&folder), [("a".to_string(), 1)]);
    assert!(text(&ran.stdout).starts_with("release"), "{}", text(&ran.stdout));
}

#[test]
fn what_scripts_do_not_take_is_refused() {
    let folder = folder(RUN);
    for (name, args, said) in [
        ("soak", &["--hours"][..], "--hours needs a value"),
        ("soak", &["--programs", "none"], "--programs: a number from 1"),
        ("soak", &["--releases", "1.2.3"], "no release 1.2.3"),
        ("soak", &["--releases", "mine=nothing.so"], "nothing.so: no such library"),
        ("soak", &["--fast"], "no flag --fast"),
        ("fuzz", &["session", "--tree", "nowhere"], "nowhere: no such folder"),
        ("fuzz", &["session", "--tree", ".", "--openssl", "3.0.8"], "--tree or --openssl, not both"),
        ("fuzz", &["--engine", "none", "session"], "no engine none"),
        ("fuzz", &["--openssl", "3.0.8", "nothing"], "no target nothing"),
        ("build-openssl", &["3.0.8", "--asan", "--coverage"], "one of --asan, --instrument and --coverage"),
        ("coverage", &["--openssl", "3.0.8", "--tree", "."], "--openssl or --tree, not both"),
        ("coverage", &["--fast"], "unrecognized arguments: --fast"),
    ] {
        let ran = script(name, &folder, args);
        let stderr = text(&ran.stderr);
        assert!(ran.status.code() == Some(64) && stderr.contains(said), "{name} {args:?}: {:?}\n{stderr}", ran.status);
    }
    for name in ["soak", "fuzz", "build-openssl", "coverage"] {
        let ran = script(name, &folder, &["--help"]);
        assert!(ran.status.success() && text(&ran.stdout).contains("xample"), "{name}");
    }
}

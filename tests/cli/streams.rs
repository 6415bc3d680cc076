//! Readers that go away, disks that are full, and ^C.

use std::fs;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Folder, PROGRAM, Ran};

/// A case whose every form is larger than a pipe holds, so that a reader who stops early is noticed.
fn large() -> String {
    let call = format!("SSL_SESSION_set1_hostname(s0, \"{}\")\n", "h".repeat(200));
    format!("#! sessdiff 1\ns0 = SSL_SESSION_new()\n{}", call.repeat(1_000))
}

/// The pages of commands hold both streams as one: here it is seen which is which.
#[test]
fn complaints_go_to_standard_error() {
    let folder = Folder::with("a.ops", PROGRAM);
    folder.write("nothing.ops", "#! sessdiff 1\nSSL_SESSION_up_ref(s0)\n");
    folder.write("broken/a.ops", "#! sessdiff 1\nSSL_SESSION_up_ref(s9)\n");
    let planted = "--port planted:dup-forgets-hostname";
    folder.sh(&format!("sessdiff import {planted} a.ops")).exits(0);
    for (line, code, what) in [
        ("replay missing.ops", 64, "missing.ops: "),
        ("show missing.ops", 64, "missing.ops: "),
        ("reduce missing.ops", 64, "missing.ops: "),
        ("import missing.ops", 64, "missing.ops: "),
        ("run --programs 10 --corpus a.ops", 64, "a.ops: "),
        ("host --port native --probes all missing", 64, "host is started by other commands: "),
        ("run --programs 10 --corpus none --port lib:missing.so", 5, "lib:missing.so: "),
        ("replay a.ops --port lib:missing.so", 5, "lib:missing.so: "),
        ("import a.ops --port lib:missing.so", 5, "lib:missing.so: "),
        ("import a.ops --port native", 4, "a.ops: agrees"),
        ("reduce nothing.ops", 4, "nothing.ops: nothing ran"),
        (&format!("import {planted} a.ops"), 64, "is known already"),
        (&format!("import {planted} a.ops --into a.ops"), 64, "a.ops: "),
    ] {
        let ran = folder.sh(&format!("sessdiff {line}")).exits(code).complains(what);
        assert_eq!(ran.stdout, "", "{ran:?}");
    }
    // What is wrong with the command line takes more than a line.
    for line in ["", "explore", "run --fast", "run --seconds 0", "replay"] {
        let ran = folder.sh(&format!("sessdiff {line}")).exits(64);
        assert_eq!(ran.stdout, "", "{ran:?}");
        assert!(ran.stderr.contains("Usage: ") || ran.stderr.starts_with("error: "), "{ran:?}");
    }
}

#[test]
fn results_go_to_standard_output() {
    let folder = Folder::with("a.ops", PROGRAM);
    folder.write("nothing.ops", "#! sessdiff 1\nSSL_SESSION_up_ref(s0)\n");
    for (line, code) in [
        ("--help", 0),
        ("--version", 0),
        ("ports", 0),
        ("doctor", 0),
        ("doctor /bin/true", 4),
        ("show a.ops", 0),
        ("show a.ops --as c", 0),
        ("replay a.ops", 0),
        ("replay nothing.ops", 4),
        ("replay a.ops --port planted:dup-forgets-hostname", 1),
        ("run --programs 100 --corpus none", 0),
        ("run --seconds 0.000000001 --corpus none", 4),
        ("run --programs 500 --seed 1 --corpus none --port planted:dup-forgets-hostname", 1),
    ] {
        let ran = folder.sh(&format!("sessdiff {line}")).exits(code).quietly();
        assert_ne!(ran.stdout, "", "{ran:?}");
    }
    // What could be done is a result beside the complaint.
    folder.sh("sessdiff replay missing.ops a.ops").exits(64).complains("missing.ops: ").shows("\nagree: 8 ");
    folder.sh("sessdiff replay a.ops --svg none/a.svg").refuses("none/a.svg: ");
    folder.sh("sessdiff doctor missing /bin/true").exits(64).complains("missing: ").shows("NOT instrumented");
}

/// A reader that has seen enough is no error.
#[test]
fn a_reader_may_go_away() {
    let folder = Folder::with("large.ops", large());
    for command in ["ports", "replay large.ops", "show large.ops", "show --as wire large.ops", "--help"] {
        let ran = folder.sh(&format!("{{ sessdiff {command}; echo $? >code; }} | head -c 1")).exits(0).quietly();
        assert_eq!(ran.bytes.len(), 1, "{command}: {ran:?}");
        assert_eq!(folder.read("code"), "0\n", "{command}");
    }
    folder.sh("sessdiff ports | head -1").exits(0).quietly().shows("openssl ");
}

/// A result that is lost is not one.
#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::with("large.ops", large());
    let run = "run --programs 50 --seed 1 --corpus none --json";
    for command in [run, "replay large.ops", "show large.ops", "show --as wire large.ops", "ports"] {
        let ran = folder.sh(&format!("sessdiff {command} >/dev/full")).complains("standard output: ");
        assert_ne!(ran.code, Some(0), "{command}: {ran:?}");
    }
}

#[test]
fn closed_streams_are_survived() {
    let folder = Folder::new();
    folder.sh("sessdiff run --programs 50 --seed 1 --corpus none 2>&-").exits(0).shows("agree: 50 programs");
    folder.sh("sessdiff ports <&-").exits(0).quietly().shows("openssl ");
    folder.sh("sessdiff show missing >&- 2>&-").exits(64);
}

/// Waits until the process handles ^C: from then on none is lost.
fn wait_for_handler(child: &mut Child) {
    const SIGINT: u64 = 1 << 1;
    for _ in 0..1_000 {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("/proc");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("the signals it handles");
        if u64::from_str_radix(caught.trim(), 16).expect("a mask in hexadecimal") & SIGINT != 0 {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    child.kill().expect("a child to end");
    panic!("no handler for ^C");
}

#[test]
fn an_interrupted_run_says_how_far_it_came() {
    let folder = Folder::new();
    let mut command = folder.command(env!("CARGO_BIN_EXE_sessdiff"));
    command.args(["run", "--seconds", "60", "--corpus", "none"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the executable");
    wait_for_handler(&mut child);
    sleep(Duration::from_secs(1));
    folder.sh(&format!("kill -INT {}", child.id())).exits(0);
    let deadline = Instant::now() + Duration::from_secs(20);
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > deadline {
            child.kill().expect("a child to end");
            panic!("^C did not end the run");
        }
        sleep(Duration::from_millis(10));
    }
    let ran = Ran::new("run, then ^C", child.wait_with_output().expect("what it printed")).exits(130).quietly();
    let verdict = ran.stdout.lines().find(|line| line.starts_with("agree: "));
    assert!(verdict.is_some_and(|line| line.contains(" 0 divergences, ")), "{ran:?}");
}

/// On a terminal of 40 columns: `script` makes one.
#[test]
fn progress_is_one_line_that_leaves_nothing_behind() {
    let folder = Folder::new();
    let run = "run --port planted:dup-forgets-hostname --seconds 2 --seed 1 --keep-going --corpus none";
    let mut command = folder.command("script");
    command.args(["-qec", &format!("stty rows 24 cols 40; '{}' {run}", env!("CARGO_BIN_EXE_sessdiff")), "/dev/null"]);
    let said = String::from_utf8_lossy(&command.output().expect("script").stdout).into_owned();
    let is_progress = |text: &str| text.contains("% ") && text.contains("found");
    let shown: Vec<&str> = said.split(['\r', '\n']).filter(|text| is_progress(text)).collect();
    assert!(!shown.is_empty(), "{said:?}");
    for text in shown {
        let (mut width, mut escape) = (0, false);
        for c in text.chars() {
            escape |= c == '\x1b';
            width += usize::from(!escape);
            escape &= !c.is_ascii_alphabetic();
        }
        assert!(width <= 40, "{width} columns: {text:?}");
    }
    // What is followed by the end of a line stays.
    let stale = said.split("\r\n").filter(|line| is_progress(line.rsplit('\r').next().unwrap_or_default()));
    assert_eq!(stale.collect::<Vec<_>>(), [""; 0], "{said:?}");
}

/// A crash is brought about by its signal, sent to a thread that judges programs.
#[test]
fn what_ran_when_the_port_crashed_is_saved() {
    let folder = Folder::new();
    let mut command = folder.command(env!("CARGO_BIN_EXE_sessdiff"));
    command.args(["run", "--seconds", "60", "--corpus", "none", "--out", "crashed"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the executable");
    wait_for_handler(&mut child);
    sleep(Duration::from_secs(1));
    // `kill` signals any thread of a process, in practice the first, which judges nothing; what it says is the same but
    // for the calls.
    folder.sh(&format!("kill -SEGV {}", child.id())).exits(0);
    let output = child.wait_with_output().expect("what it printed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("error: the port crashed with signal 11"), "{said}");
    assert_eq!(output.status.code(), Some(2), "{said}");
    if !said.contains("outside any program") {
        let saved = fs::read_dir(folder.path("crashed")).expect("the folder").next().expect("a file").expect("a file");
        folder.sh(&format!("sessdiff replay {}", saved.path().display())).exits(0);
    }
}

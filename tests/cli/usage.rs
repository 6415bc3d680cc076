//! Help, versions and wrong usage.

use std::path::Path;

use super::{Folder, PROGRAM, sessdiff};

const COMMANDS: [&str; 7] = ["run", "replay", "reduce", "show", "import", "ports", "doctor"];

#[test]
fn help_names_commands_examples_and_exit_codes() {
    let help =
        sessdiff(&["--help"]).exits(0).quietly().shows("Usage: sessdiff").shows("Examples:").shows("Exit codes:");
    for command in COMMANDS {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "no {command}: {help:?}");
    }
    for code in ["0 as expected", "1 unexpected divergence", "4 ", "5 ", "64 wrong usage", "130 interrupted"] {
        assert!(help.stdout.contains(code), "no exit code `{code}`: {help:?}");
    }
}

#[test]
fn every_command_has_help() {
    for command in COMMANDS {
        sessdiff(&[command, "--help"]).exits(0).quietly().shows(&format!("Usage: sessdiff {command}"));
        sessdiff(&["help", command]).exits(0).quietly().shows(&format!("Usage: sessdiff {command}"));
    }
    sessdiff(&["run", "--help"]).shows("Examples:").shows("--seed").shows("--keep-going");
}

/// An example is there to be typed.
#[test]
fn the_cases_in_the_examples_exist() {
    for args in [&["--help"][..], &["run", "--help"], &["replay", "--help"], &["show", "--help"]] {
        let help = sessdiff(args).exits(0);
        for file in help.stdout.split_whitespace().filter(|word| word.starts_with("corpus/")) {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            assert!(path.is_file(), "`sessdiff {}` names {file}, which is not there", args.join(" "));
        }
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    for flag in ["--version", "-V"] {
        let version = sessdiff(&[flag]).exits(0).quietly();
        assert_eq!(version.stdout, concat!("sessdiff ", env!("CARGO_PKG_VERSION"), "\n"));
    }
}

/// What was wrong comes first, and there is no result.
#[track_caller]
fn is_wrong(args: &[&str], what: &str) {
    let ran = Folder::with("a.ops", PROGRAM).sessdiff(args).exits(64);
    let first = ran.stderr.lines().next().unwrap_or_default();
    assert!(first.starts_with("error: ") && first.contains(what), "{args:?} does not name `{what}`: {ran:?}");
    assert_eq!(ran.stdout, "", "{args:?}: {ran:?}");
}

#[test]
fn no_command_shows_the_help_as_an_error() {
    let ran = sessdiff(&[]).exits(64);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("Usage: sessdiff"), "{ran:?}");
}

#[test]
fn unknown_commands_and_flags_are_wrong() {
    is_wrong(&["explore"], "explore");
    is_wrong(&["--fast"], "--fast");
    for command in COMMANDS {
        is_wrong(&[command, "--fast"], "--fast");
    }
}

#[test]
fn missing_files_on_the_command_line_are_wrong() {
    is_wrong(&["replay"], "required");
    for command in ["reduce", "show", "import"] {
        is_wrong(&[command], "required");
    }
}

#[test]
fn values_out_of_range_are_wrong() {
    for (flag, values) in [
        ("--seconds", &["0", "x", "nan", "inf", ""][..]),
        ("--programs", &["0", "x", "1.5"]),
        ("--jobs", &["0", "x", "257"]),
        ("--longest", &["0", "x", "10001"]),
        ("--seed", &["x", "18446744073709551616"]),
        ("--probes", &["some"]),
        ("--port", &["nonsense", "planted:", "planted:nonsense", "OpenSSL", "lib:", "lib"]),
        ("--time-limit", &["0", "x", "nan", "4000"]),
        ("--memory-limit", &["0", "x", "1.5"]),
        ("--memory", &["all"]),
    ] {
        for value in values {
            is_wrong(&["run", flag, value], flag);
        }
    }
    is_wrong(&["run", "--seconds=-1"], "--seconds");
    is_wrong(&["run", "--seconds", "1", "--programs", "1"], "--programs");
    is_wrong(&["replay", "--port", "nonsense", "a.ops"], "--port");
    is_wrong(&["replay", "--probes", "mixed", "a.ops"], "--probes");
    is_wrong(&["show", "--as", "xml", "a.ops"], "xml");
}

/// Who mistypes a port is told what there is.
#[test]
fn an_unknown_port_is_answered_with_those_there_are() {
    let ran = sessdiff(&["run", "--port", "nonsense"]).exits(64);
    for word in ["openssl", "native", "lib:PATH", "planted:NAME", "sessdiff ports"] {
        assert!(ran.stderr.contains(word), "no `{word}`: {ran:?}");
    }
}

//! Help.

use std::path::Path;

use super::sessdiff;

const COMMANDS: [&str; 12] = [
    "completions",
    "manual",
    "minimize",
    "run",
    "replay",
    "reduce",
    "show",
    "import",
    "bless",
    "ops",
    "ports",
    "doctor",
];

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

/// Both ways to ask say the same.
#[test]
fn every_command_has_help() {
    for command in COMMANDS {
        let help = sessdiff(&["help", command]).exits(0).quietly();
        assert_eq!(sessdiff(&[command, "--help"]).exits(0).quietly().stdout, help.stdout);
    }
}

/// Memory other than the system's is made by the probes.
#[test]
fn memory_that_only_probes_make_is_refused_without_them() {
    let folder = super::Folder::with("a.ops", super::PROGRAM);
    let what = "without probes all memory is plain";
    for command in ["replay", "reduce", "import", "show --as c"] {
        for memory in ["guarded", "poisoned"] {
            folder.sh(&format!("sessdiff {command} --probes none --memory {memory} a.ops")).refuses(what);
        }
    }
    folder.sessdiff(&["replay", "--probes", "none", "--memory", "plain", "a.ops"]).exits(0).quietly();
    let run = ["run", "--programs", "10", "--corpus", "none", "--probes", "none"];
    folder.sessdiff(&[&run[..], &["--memory", "plain=1,guarded=1"]].concat()).refuses(what);
    folder.sessdiff(&[&run[..], &["--memory", "plain=3"]].concat()).exits(0).quietly();
}

/// A word with a letter too many or too few is told which one was meant.
#[test]
fn an_unknown_name_is_told_the_nearest() {
    let folder = super::Folder::with("a.ops", super::PROGRAM);
    for (args, said) in [
        (
            "run --port planted:dup-forget-hostname",
            "no such port (did you mean `planted:dup-forgets-hostname`?): there are openssl, ",
        ),
        ("run --port opensl", "no such port (did you mean `openssl`?): there are openssl, "),
        ("run --port planted:nonsense", "no such port: there are openssl, "),
        (
            "replay a.ops --without dup-drop-hint",
            "no such rule or custom (did you mean `dup-drops-hint`?); `sessdiff rules` and",
        ),
        ("replay a.ops --without nosuch", "no such rule or custom; `sessdiff rules` and"),
        ("run --laws up-ref-and-fre", "no such law (did you mean `up-ref-and-free`?): there are "),
    ] {
        let ran = folder.sh(&format!("sessdiff {args}")).exits(64);
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
    folder.write(
        "b.ops",
        "#! sessdiff 1\nc0 = SSL_CTX_new(TLS_server_method())\nSSL_CTX_set_verify(c0, SSL_VERIFY_PEAR)\n",
    );
    let ran = folder.sessdiff(&["replay", "b.ops"]).exits(64);
    let below = "\n    SSL_CTX_set_verify(c0, SSL_VERIFY_PEAR)\n                           ^^^^^^^^^^^^^^^\n";
    assert!(ran.stderr.contains("b.ops:3:24: expected one of ") && ran.stderr.ends_with(below), "{ran:?}");
    assert!(ran.stderr.contains(", not `SSL_VERIFY_PEAR`; did you mean `SSL_VERIFY_PEER`?\n"), "{ran:?}");
}

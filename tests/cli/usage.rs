//! Help.

use std::path::Path;

use super::sessdiff;

const COMMANDS: [&str; 9] = ["run", "replay", "reduce", "show", "import", "bless", "ops", "ports", "doctor"];

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

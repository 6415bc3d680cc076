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

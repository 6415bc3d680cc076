//! What is legal C and breaks the library, or loses a session: each case says as what it is found, and is, in a process of its
//! own.
#![cfg(feature = "linked")]

use std::path::Path;
use std::process::Command;

use sessdiff::program::Case;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/hazards");

/// The line of a case's comment that says as what it is found.
fn expected(case: &Case) -> String {
    let line = case.why.lines().find_map(|line| line.strip_prefix("Expected: "));
    line.unwrap_or_else(|| panic!("{}: no line `# Expected: SIGNATURE`", case.path.display())).to_string()
}

fn replay(path: &Path, flags: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessdiff"));
    let ran = command.arg("replay").args(flags).arg(path).output().expect("the executable");
    (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[test]
fn each_hazard_is_found_as_it_says() {
    let paths = Case::list(Path::new(FOLDER)).expect("the hazards");
    assert!(paths.len() >= 7, "{} cases", paths.len());
    let mut wrong = Vec::new();
    for path in &paths {
        let case = Case::read(path).expect("a case");
        let wanted = expected(&case);
        let (code, said) = replay(path, &["--hazards", "--time-limit", "1"]);
        let found = said.lines().any(|line| line.split_once(' ').is_some_and(|(_, signature)| signature == wanted));
        if !found || !matches!(code, Some(1 | 2)) {
            wrong.push(format!("{}: not {wanted}, code {code:?}\n{said}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), paths.len(), wrong.join("\n"));
}

/// Without the flag the calls that break it are not made, and nothing is found.
#[test]
fn without_the_flag_no_hazard_runs() {
    for path in Case::list(Path::new(FOLDER)).expect("the hazards") {
        let (code, said) = replay(&path, &[]);
        assert!(code == Some(0) && said.contains("a hazard"), "{}: {code:?}\n{said}", path.display());
    }
}

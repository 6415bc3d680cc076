//! The GitHub Action: its script checks a port, writes what it finds where it says, and ends as `sessdiff check` does.
#![cfg(feature = "cli")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Holds the files that a job gives to its steps.
struct Job {
    folder: TempDir,
}

impl Job {
    fn new() -> Job {
        Job { folder: TempDir::new().expect("a folder") }
    }

    /// Runs the step with these inputs.
    fn step(&self, inputs: &[(&str, &str)]) -> Output {
        Command::new(Path::new(ROOT).join("scripts/action"))
            .current_dir(&self.folder)
            .env("SESSDIFF", env!("CARGO_BIN_EXE_sessdiff"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .envs(inputs.iter().copied())
            .output()
            .expect("bash")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Returns the outputs of the step by their names.
    fn outputs(&self) -> BTreeMap<String, String> {
        let text = self.read("output");
        text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
    }
}

#[test]
fn what_differs_is_told_where_the_outputs_say() {
    let job = Job::new();
    // What is not given is given as nothing.
    let inputs =
        [("PORT", "planted:dup-forgets-hostname"), ("LEVEL", "2"), ("CASE", ""), ("KNOWN", ""), ("OUT", "found")];
    let ran = job.step(&inputs);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let outputs = job.outputs();
    assert_eq!(outputs["status"], "1");
    let sarif: serde_json::Value = serde_json::from_str(&job.read(&outputs["sarif"])).expect("SARIF");
    let rules: Vec<&str> = sarif["runs"][0]["results"]
        .as_array()
        .expect("results")
        .iter()
        .filter_map(|result| result["ruleId"].as_str())
        .collect();
    assert!(rules.iter().any(|rule| rule.contains("SSL_SESSION_dup")), "{rules:?}");
    assert!(job.read(&outputs["junit"]).contains("<testsuite"));
    assert!(job.read(&outputs["report"]).starts_with("<!"));
    assert!(job.read("summary").contains("FAIL dup/copies/hostname"));
    let told = [ran.stdout, ran.stderr].concat();
    assert!(String::from_utf8_lossy(&told).contains("::error title=dup/copies/hostname::"));
}

#[test]
fn what_agrees_passes_and_what_cannot_be_checked_does_not() {
    let job = Job::new();
    let agrees = job.step(&[("PORT", "openssl"), ("CASE", "up_ref/*")]);
    assert_eq!((agrees.status.code(), &*job.outputs()["status"]), (Some(0), "0"), "{agrees:?}");

    for (inputs, code) in [
        (vec![("PORT", "")], 64),
        (vec![("PORT", "planted:no-such-bug")], 64),
        (vec![("PORT", "openssl"), ("CASE", "no/such")], 4),
    ] {
        let job = Job::new();
        let ran = job.step(&inputs);
        assert_eq!(ran.status.code(), Some(code), "{inputs:?}: {ran:?}");
    }
}

/// Every input is given to the script, and every output is one that it writes.
#[test]
fn the_action_gives_what_its_script_takes() {
    let read = |name: &str| fs::read_to_string(Path::new(ROOT).join(name)).expect("a file");
    let (action, script) = (read("action.yml"), read("scripts/action"));
    let (inputs, rest) = action.split_once("\noutputs:\n").expect("outputs");
    let (outputs, runs) = rest.split_once("\nruns:\n").expect("runs");
    let names = |part: &str| -> Vec<String> {
        let lines = part.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
        lines.filter(|name| !name.starts_with(' ')).map(String::from).collect()
    };
    let inputs = names(inputs.split_once("inputs:\n").expect("inputs").1);
    let outputs = names(outputs);
    assert!(inputs.len() >= 5 && outputs.len() >= 4, "{inputs:?} {outputs:?}");
    for input in inputs {
        let variable = input.to_uppercase();
        assert!(runs.contains(&format!("{variable}: ${{{{ inputs.{input} }}}}")), "{input}");
        assert!(script.contains(&format!("${{{variable}:-")), "{input}");
    }
    for output in outputs {
        assert!(script.contains(&format!("{output}=")) || script.contains(&format!(" {output}:")), "{output}");
    }
}

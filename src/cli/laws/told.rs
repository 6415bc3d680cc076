//! What is told of a law that a port breaks: the block, and the object of docs/json.md.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::output;
use crate::laws::Broken;
use crate::program::Program;

/// One of the two programs that show how a law is broken.
pub(super) struct Run {
    /// Names it: the program, or its variation.
    pub what: &'static str,
    pub program: Program,
    /// The files that it was written to.
    pub case: PathBuf,
    pub c_file: PathBuf,
    /// Compiles and runs the C file.
    pub command: String,
    /// What the C program printed, and how it ended.
    pub says: String,
}

/// How a port breaks a law, made smaller.
pub(super) struct Found {
    pub broken: Broken,
    /// The file of the program as it was found.
    pub original: PathBuf,
    /// The program, and its variation.
    pub runs: [Run; 2],
    /// Replays the variation with a model beside the port.
    pub replay: String,
    /// Says whether there was time to reduce it.
    pub reduced: bool,
}

impl Found {
    /// Spells the call of the variation in which it shows.
    fn call(&self) -> String {
        let call = self.broken.variation.program.ops.get(self.broken.step);
        call.map_or_else(|| "what is left, given back".into(), ToString::to_string)
    }

    /// Makes the block that is printed.
    pub fn block(&self) -> String {
        let Broken { law, step, signature, seen, .. } = &self.broken;
        let mut block = format!("LAW {}\n  {}\n  {}\n", law.name, law.sentence, law.source);
        block +=
            &format!("  at step {step} of the variation: {}\n  {:<13}  {signature}\n", self.call(), "what differs");
        block += &format!("  {:<13}  {}\n  {:<13}  {}\n", "the program", seen[0], "the variation", seen[1]);
        for Run { what, program, command, says, .. } in &self.runs {
            block += &format!("\nthe {what}:\n{program}C file: {command}\nC says: {says}\n");
        }
        let ends = match self.broken.fails() {
            true => "The C program of the variation ends with 1 where a library fails as this one did.",
            false => "Each C program ends with 0 where a library does what this one did.",
        };
        let reduced = if self.reduced { "" } else { "\nNot reduced: the time that all findings have was over." };
        format!("{block}\n{ends}{reduced}\nreplay: {}", self.replay)
    }

    /// Makes the object that is printed.
    pub fn object(&self, versions: &Value) -> Value {
        let Broken { step, signature, seen, .. } = &self.broken;
        let [program, variation] = &self.runs;
        let run = |run: &Run, seen: &str| {
            json!({
                "calls": run.program.ops.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "text": run.program.to_string(),
                "seen": seen,
                "file": run.case.display().to_string(),
                "c_file": run.c_file.display().to_string(),
                "commands": {
                    "c_file": run.command,
                    "c_says": run.says,
                },
            })
        };
        json!({
            "step": step,
            "call": self.call(),
            "signature": signature.to_string(),
            "program": run(program, &seen[0]),
            "variation": run(variation, &seen[1]),
            "reduced": self.reduced,
            "original": self.original.display().to_string(),
            "commands": { "replay": self.replay },
            "versions": versions,
        })
    }

    /// Prints the block, where it is no object that is printed.
    pub fn say(&self) {
        let block = output::headed(&self.block());
        if output::is_of_objects() { output::note(block) } else { output::result(block) }
    }
}

//! `sessdiff reduce`: the smallest program with the same signature.

use super::args::ReduceArgs;
use super::finding::{Alone, Finding, judge_every_way, reduce_alone};
use super::judge::Lab;
use super::{Exit, interrupt, output};
use crate::pair::Verdict;
use crate::port::Memory;
use crate::program::Case;

pub(super) fn reduce(args: &ReduceArgs) -> Exit {
    interrupt::answer();
    let case = match Case::read_any(&args.file) {
        Ok(case) => case,
        Err(error) => {
            output::error(error);
            return Exit::Usage;
        }
    };
    let found = match smallest(&case, &args.lab.lab(true), &args.lab.memories()) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let signature = found.signature();
    let text = Case::text(&format!("{signature}: reduced from {} calls.", case.program.ops.len()), &found.program);
    output::note(format_args!("{signature}: {} calls, of {}", found.program.ops.len(), case.program.ops.len()));
    match &args.out {
        None => output::result(text.trim_end()),
        Some(path) => {
            if let Err(error) = std::fs::write(path, text) {
                output::error(format_args!("{}: {error}", path.display()));
                return Exit::Usage;
            }
        }
    }
    Exit::Expected
}

/// The finding in a case, as small as it gets. An error has been said, and is the exit code.
pub(super) fn smallest(case: &Case, lab: &Lab, memories: &[Memory]) -> Result<Finding, Exit> {
    let mut judge = lab.judge().map_err(|error| error.say())?;
    let (look, verdict) = judge_every_way(judge.as_mut(), &case.program, memories);
    drop(judge);
    let path = case.path.display();
    let unclear = |why: &dyn std::fmt::Display| {
        output::error(format_args!("{path}: {why}"));
        Exit::Inconclusive
    };
    let diverged = match verdict {
        Verdict::Diverge(diverged) => *diverged,
        Verdict::Agree => return Err(unclear(&"agrees: nothing diverges here")),
        Verdict::Nothing => return Err(unclear(&"nothing ran: no call has what it needs")),
        Verdict::Inconclusive(_) if interrupt::came() => return Err(Exit::Interrupted),
        Verdict::Inconclusive(why) => return Err(unclear(&format_args!("inconclusive: {why}"))),
    };
    let found = Finding { program: case.program.clone(), diverged, look };
    let flaky =
        |second: &str| format!("inconclusive: diverged as {}, then in a fresh process {second}", found.signature());
    match reduce_alone(lab, &found).map_err(|error| error.say())? {
        // What was cut short is not the smallest: nobody should take it for that.
        Alone::Same(_) if interrupt::came() => {
            output::error(format_args!("{path}: interrupted while it was reduced; nothing is written"));
            Err(Exit::Interrupted)
        }
        Alone::Same(reduced) => Ok(*reduced),
        Alone::Agrees => Err(unclear(&flaky("agreed"))),
        Alone::Other(other) => Err(unclear(&flaky(&format!("diverged as {}", other.signature())))),
        Alone::Unclear(why) => Err(unclear(&flaky(&format!("had no verdict: {why}")))),
    }
}

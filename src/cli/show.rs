//! `sessdiff show`: a program in another form.

use std::io::{IsTerminal, Write};

use super::args::{Form, ShowArgs};
use super::finding::{c_program, judge_every_way};
use super::judge::Judge;
use super::{Exit, import, output, replay};
use crate::emit;
use crate::oracle::Signature;
use crate::pair::Verdict;
use crate::port::native::START_SECONDS;
use crate::program::Case;

pub(super) fn show(args: &ShowArgs) -> Exit {
    let case = match Case::read_any(&args.file) {
        Ok(case) => case,
        Err(error) => {
            output::error(error);
            return Exit::Usage;
        }
    };
    match args.form {
        Form::Ops => output::result(Case::text(&case.why, &case.program).trim_end()),
        Form::Wire => wire(&case),
        Form::C | Form::Rust | Form::Svg => return run(&case, args),
    }
    Exit::Expected
}

fn wire(case: &Case) {
    let wire = case.program.to_wire();
    let mut out = std::io::stdout().lock();
    if out.is_terminal() {
        let hex = wire.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        drop(out);
        output::result(hex.collect::<Vec<_>>().join("\n"));
    } else {
        output::written(out.write_all(&wire).and_then(|()| out.flush()));
    }
}

/// The forms that show what is expected, or what came: the program is run, in a process of its own.
fn run(case: &Case, args: &ShowArgs) -> Exit {
    let mut judge = match args.lab.lab(true).judge() {
        Ok(judge) => judge,
        Err(error) => return error.say(),
    };
    let kept = match import::signature_of(case) {
        Ok(kept) => kept,
        Err(error) => {
            output::error(error);
            return Exit::Usage;
        }
    };
    let (look, verdict) = judge_every_way(judge.as_mut(), &case.program, &args.lab.memories());
    let signature = match &verdict {
        // What diverges here, or did where the case was found.
        Verdict::Diverge(diverged) => Some(diverged.divergence.signature()),
        Verdict::Agree | Verdict::Nothing | Verdict::Inconclusive(_) => kept,
    };
    let text = match args.form {
        Form::Svg => replay::picture(&case.program, judge.as_mut(), look, &verdict),
        Form::Rust => rust(case, judge.as_mut(), signature),
        Form::C | Form::Ops | Form::Wire => c_program(judge.as_mut(), &why(case, signature), &case.program, signature),
    };
    output::result(text.trim_end());
    Exit::Expected
}

/// Says why the case is kept, or what it is found as.
fn why(case: &Case, signature: Option<Signature>) -> String {
    match signature {
        Some(signature) if case.why.is_empty() => signature.to_string(),
        Some(_) | None => case.why.clone(),
    }
}

fn rust(case: &Case, judge: &mut dyn Judge, signature: Option<Signature>) -> String {
    judge.expect(&case.program);
    let (expected, _) = judge.traces();
    let release = judge.expected().version;
    emit::rust(&emit::Subject {
        why: &why(case, signature),
        program: &case.program,
        plan: judge.plan(),
        expected,
        signature,
        now: START_SECONDS,
        release: &release,
    })
}

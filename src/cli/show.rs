//! `sessdiff show`: a program in another form.

use std::io::{IsTerminal, Write};

use super::args::{Form, ShowArgs};
use super::finding::{c_program, judge_every_way};
use super::judge::Judge;
use super::{Exit, import, output, replay};
use crate::emit;
use crate::pair::{Look, Verdict};
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
    let (look, verdict) = judge_every_way(judge.as_mut(), &case.program, &args.lab.memories());
    let text = form(case, args.form, judge.as_mut(), look, &verdict);
    output::result(text.trim_end());
    Exit::Expected
}

fn form(case: &Case, form: Form, judge: &mut dyn Judge, look: Look, verdict: &Verdict) -> String {
    // What diverges here, or did where the case was found.
    let signature = match verdict {
        Verdict::Diverge(diverged) => Some(diverged.divergence.signature()),
        Verdict::Agree | Verdict::Nothing | Verdict::Inconclusive(_) => import::signature_of(case).map(String::from),
    };
    let why = if case.why.is_empty() { signature.clone().unwrap_or_default() } else { case.why.clone() };
    match form {
        Form::Svg => replay::picture(&case.program, judge, look, verdict),
        Form::Rust => {
            judge.expect(&case.program);
            let (expected, _) = judge.traces();
            let release = judge.expected().version;
            emit::rust(&emit::Subject {
                why: &why,
                program: &case.program,
                plan: judge.plan(),
                expected,
                signature: signature.as_deref(),
                now: START_SECONDS,
                release: &release,
            })
        }
        Form::C | Form::Ops | Form::Wire => c_program(judge, &why, &case.program, signature.as_deref()),
    }
}

//! `sessdiff show`: a program in another form.

use std::io::{IsTerminal, Write};

use super::args::{Form, ShowArgs};
use super::emitted::{c_program, picture, rust_test};
use super::exit::Exit;
use super::finding::judge_every_way;
use super::head::signature_of;
use super::lab::Lab;
use super::output;
use crate::oracle::Signature;
use crate::pair::Verdict;
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

/// Runs the program in a process of its own, and shows it in a form that says what is expected of it or what came of it.
fn run(case: &Case, args: &ShowArgs) -> Exit {
    let mut pair = match Lab::of(&args.lab, true).pair() {
        Ok(pair) => pair,
        Err(error) => return error.say(),
    };
    let kept = match signature_of(case) {
        Ok(kept) => kept,
        Err(error) => {
            output::error(error);
            return Exit::Usage;
        }
    };
    let (look, verdict) = judge_every_way(&mut pair, &case.program, &args.lab.memories());
    let signature = match &verdict {
        // What diverges here, or did where the case was found.
        Verdict::Diverge(diverged) => Some(diverged.divergence.signature()),
        Verdict::Agree | Verdict::Nothing | Verdict::Inconclusive(_) => kept,
    };
    let text = match args.form {
        Form::Svg => picture(&case.program, &mut pair, look, &verdict),
        Form::Rust => rust_test(&mut pair, &why(case, signature), &case.program, signature),
        Form::C | Form::Ops | Form::Wire => c_program(&mut pair, &why(case, signature), &case.program, signature),
    };
    output::result(text.trim_end());
    Exit::Expected
}

/// Returns the comment at the head of the case. Where there is none, that is the signature.
fn why(case: &Case, signature: Option<Signature>) -> String {
    match signature {
        Some(signature) if case.why.is_empty() => signature.to_string(),
        Some(_) | None => case.why.clone(),
    }
}

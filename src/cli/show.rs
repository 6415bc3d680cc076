//! `sessdiff show`: a program in another form.

use std::io::{IsTerminal, Write};

use super::args::{FollowingChoice, Form, PortName, ShowArgs};
use super::emitted::{picture, written};
use super::exit::Exit;
use super::finding::judge_and_show;
use super::head::signature_of;
use super::lab::Lab;
use super::output;
use crate::emit;
use crate::oracle::Signature;
use crate::port::Memory;
use crate::program::Case;

pub(super) fn show(args: &ShowArgs) -> Result<Exit, Exit> {
    let case = Case::read_any(&args.file).map_err(output::usage)?;
    let text = match args.form {
        Form::Ops => Case::text(&case.why, &case.program),
        Form::Wire if args.json => hexadecimal(&case.program.to_wire()),
        Form::Wire => {
            wire(&case);
            return Ok(Exit::Expected);
        }
        Form::C | Form::Rust | Form::Svg => run(&case, args)?,
    };
    if args.json {
        output::object(&serde_json::json!({
            "case": case.path.display().to_string(),
            "form": args.form.name(),
            "why": case.why,
            "calls": case.program.ops.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "text": text,
            "exit": Exit::Expected as u8,
        }));
    } else {
        output::result(text.trim_end());
    }
    Ok(Exit::Expected)
}

fn wire(case: &Case) {
    let wire = case.program.to_wire();
    let mut out = std::io::stdout().lock();
    if out.is_terminal() {
        drop(out);
        output::result(wire.chunks(32).map(hexadecimal).collect::<Vec<_>>().join("\n"));
    } else {
        output::written(out.write_all(&wire).and_then(|()| out.flush()));
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs the program in a process of its own, and returns it in a form that says what is expected of it or what came of it.
fn run(case: &Case, args: &ShowArgs) -> Result<String, Exit> {
    let lab = Lab { without: args.without, ..Lab::of(&args.lab, FollowingChoice::Released, true)? };
    // A test runs elsewhere.
    let port = match &lab.port {
        PortName::Library(path, profile) => {
            PortName::Library(path.canonicalize().unwrap_or_else(|_| path.clone()), profile.clone())
        }
        PortName::OpenSsl | PortName::Native | PortName::Planted(_) => lab.port.clone(),
    };
    if args.form == Form::Rust && port.profile().is_some() {
        return Err(output::usage("a Rust test calls a library as its family is called, and not as a profile says"));
    }
    let mut pair = lab.pair().map_err(|error| error.say())?;
    let lab = Lab { port, ..lab };
    let kept = signature_of(case).map_err(output::usage)?;
    let (look, verdict) = judge_and_show(&mut pair, &case.program, &args.lab.memories());
    let diverged = verdict.diverged();
    if args.form == Form::Rust && diverged.is_some() && look.memory != Memory::Plain {
        let memory = look.memory.name();
        return Err(output::usage(format_args!(
            "this shows in {memory} memory, which a Rust test has not: use `--as c`"
        )));
    }
    // What diverges here, or did where the case was found.
    let signature = diverged.as_ref().map(|diverged| diverged.divergence.signature()).or(kept);
    Ok(match args.form {
        Form::Svg => picture(&case.program, &pair, diverged.as_ref()),
        Form::Rust => written(emit::rust, &mut pair, &lab, &why(case, signature), &case.program, signature),
        Form::C | Form::Ops | Form::Wire => {
            written(emit::c, &mut pair, &lab, &why(case, signature), &case.program, signature)
        }
    })
}

/// Returns the comment at the head of the case. Where there is none, that is the signature.
fn why(case: &Case, signature: Option<Signature>) -> String {
    match signature {
        Some(signature) if case.why.is_empty() => signature.to_string(),
        Some(_) | None => case.why.clone(),
    }
}

//! `sessdiff show`: a program in another form.

use std::io::{IsTerminal, Write};

use super::{Exit, Form, ShowArgs, output};
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
        Form::Wire => {
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
    }
    Exit::Expected
}

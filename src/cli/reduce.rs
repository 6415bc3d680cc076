//! `sessdiff reduce`: the smallest program with the same signature.

use super::args::ReduceArgs;
use super::exit::Exit;
use super::lab::Lab;
use super::reduction::reduce_case;
use super::{interrupt, output};
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
    let found = match reduce_case(&case, &Lab::of(&args.lab, true), &args.lab.memories()) {
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

//! `sessdiff import`: a fuzzer's artifact to a named regression of a few lines.

use std::path::Path;

use super::args::ImportArgs;
use super::finding::{SIGNATURE, of, write_new};
use super::reduce::smallest;
use super::{Exit, output, run};
use crate::port::Memory;
use crate::program::Case;
use crate::report;

pub(super) fn import(args: &ImportArgs) -> Exit {
    run::answer_interrupts();
    let case = match Case::read_any(&args.file) {
        Ok(case) => case,
        Err(error) => {
            output::error(error);
            return Exit::Usage;
        }
    };
    // What cannot be kept is not worth the search.
    let known = match regressions(&args.into) {
        Ok(known) => known,
        Err(error) => {
            output::error(error);
            return Exit::Usage;
        }
    };
    let lab = args.lab.lab(true);
    let found = match smallest(&case, &lab, &args.lab.memories()) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let signature = found.signature();
    if let Some(old) = known.iter().find(|old| signature_of(old).is_some_and(|old| old == signature)) {
        output::error(format_args!("{signature} is known already: {}", old.path.display()));
        return Exit::Usage;
    }
    let identity = match lab.judge() {
        Ok(judge) => judge.identity(),
        Err(error) => return error.say(),
    };
    let memory = match found.look.memory {
        Memory::Plain => String::new(),
        memory @ (Memory::Poisoned | Memory::Guarded) => format!("\nmemory: {}", memory.name()),
    };
    let sentence = found.diverged.divergence.sentence();
    let why =
        format!("{sentence}\n{SIGNATURE}{signature}\nfound by: {}\nlibrary: {}{memory}", args.found, of(&identity));
    let text = Case::text(&why, &found.program);
    let last = known.iter().filter_map(number_of).max().unwrap_or(0);
    for number in last + 1.. {
        let path = args.into.join(format!("{number:04}-{}.ops", report::artifact_name(&signature)));
        match write_new(&path, &text) {
            Ok(true) => {
                output::result(format_args!("{}", path.display()));
                output::note(format_args!(
                    "{signature}: {} calls, of {}",
                    found.program.ops.len(),
                    case.program.ops.len()
                ));
                return Exit::Expected;
            }
            Ok(false) => {}
            Err(error) => {
                output::error(format_args!("{}: {error}; the case:\n{text}", path.display()));
                return Exit::Usage;
            }
        }
    }
    Exit::Usage
}

/// The regressions that are there; makes the folder.
fn regressions(folder: &Path) -> Result<Vec<Case>, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = Case::list(folder).map_err(|error| error.to_string())?;
    paths.iter().map(|path| Case::read(path).map_err(|error| error.to_string())).collect()
}

/// The signature in the head of a case.
pub(super) fn signature_of(case: &Case) -> Option<&str> {
    case.why.lines().find_map(|line| line.strip_prefix(SIGNATURE))
}

fn number_of(case: &Case) -> Option<u32> {
    let name = case.path.file_name()?.to_str()?;
    name.split_once('-')?.0.parse().ok()
}

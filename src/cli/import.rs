//! `sessdiff import`: a fuzzer's artifact to a named regression of a few lines.

use std::path::{Path, PathBuf};

use super::args::ImportArgs;
use super::exit::Exit;
use super::files::write_new;
use super::head::{HeadError, SIGNATURE, of, signature_of};
use super::lab::Lab;
use super::reduction::reduce_case;
use super::{interrupt, output};
use crate::oracle::Signature;
use crate::port::Memory;
use crate::program::{Case, CaseError};
use crate::report;

pub(super) fn import(args: &ImportArgs) -> Exit {
    interrupt::answer();
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
    let lab = Lab::of(&args.lab, true);
    let found = match reduce_case(&case, &lab, &args.lab.memories()) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let signature = found.signature();
    if let Some((old, _)) = known.iter().find(|(_, known)| *known == Some(signature)) {
        output::error(format_args!("{signature} is known already: {}", old.path.display()));
        return Exit::Usage;
    }
    let identity = match lab.pair() {
        Ok(pair) => pair.right().identity(),
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
    let last = known.iter().filter_map(|(old, _)| number_of(old)).max().unwrap_or(0);
    for number in last + 1.. {
        let path = args.into.join(format!("{number:04}-{}.ops", report::artifact_name(signature)));
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

/// Makes the folder if there is none, and reads its cases. A case may have a signature in its head.
fn regressions(folder: &Path) -> Result<Vec<(Case, Option<Signature>)>, RegressionError> {
    std::fs::create_dir_all(folder).map_err(|error| RegressionError::NoFolder(folder.into(), error))?;
    let read = |path: &PathBuf| {
        let case = Case::read(path)?;
        let signature = signature_of(&case)?;
        Ok((case, signature))
    };
    Case::list(folder)?.iter().map(read).collect()
}

/// Says why the cases in the folder cannot be read.
#[derive(Debug, thiserror::Error)]
enum RegressionError {
    /// The folder cannot be made.
    #[error("{}: {}", .0.display(), .1)]
    NoFolder(PathBuf, std::io::Error),
    /// A file cannot be read, or is no case.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The head of a case has a signature that does not exist.
    #[error(transparent)]
    Signature(#[from] HeadError),
}

/// Returns the number that a regression's file name begins with.
fn number_of(case: &Case) -> Option<u32> {
    let name = case.path.file_name()?.to_str()?;
    name.split_once('-')?.0.parse().ok()
}

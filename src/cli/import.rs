//! `sessdiff import`: a fuzzer's artifact to a named regression of a few lines.

use std::path::{Path, PathBuf};

use super::args::ImportArgs;
use super::compiled::TRYING;
use super::disk::write_new;
use super::exit::Exit;
use super::finding::Finding;
use super::head::{MEMORY, SIGNATURE, of, signature_of};
use super::lab::Lab;
use super::reduction::{Reduced, reduce_case};
use super::shown::Shown;
use super::{accepted, interrupt, output};
use crate::oracle::Signature;
use crate::port::Memory;
use crate::program::Case;
use crate::report;

pub(super) fn import(args: &ImportArgs) -> Result<Exit, Exit> {
    interrupt::answer();
    let case = Case::read_any(&args.file).map_err(output::usage)?;
    // What cannot be kept is not worth the search.
    let known = regressions(&args.into)?;
    let accepted = accepted::read(&args.known, None, &args.lab.port)?;
    let lab = Lab::of(&args.lab, args.release.following, true)?;
    let Reduced { finding: found, identity, release } =
        reduce_case(&case, &lab, &args.lab.memories(), args.reducing.time())?;
    let signature = found.signature();
    if let Some((old, _)) = known.iter().find(|(_, known)| *known == Some(signature)) {
        return Err(output::usage(format_args!("{signature} is known already: {}", old.path.display())));
    }
    let memory = match found.look.memory {
        Memory::Plain => String::new(),
        memory @ (Memory::Poisoned | Memory::Guarded) => format!("\n{MEMORY}{}", memory.name()),
    };
    let why = |found: &Finding| {
        let (sentence, library) = (found.diverged.divergence.sentence(), of(&identity));
        format!("{sentence}\n{SIGNATURE}{signature}\nfound by: {}\nlibrary: {library}{memory}", args.found)
    };
    let mut pair = lab.in_a_child().pair().map_err(|error| error.say())?;
    let Shown { finding: found, why, compiled, .. } = Shown::of(&lab, &mut pair, found, &why, TRYING);
    let text = Case::text(&why, &found.program);
    let last = known.iter().filter_map(|(old, _)| number_of(old)).max().unwrap_or(0);
    for number in last + 1.. {
        let path = args.into.join(format!("{number:04}-{}.ops", report::artifact_name(signature)));
        match write_new(&path, &text) {
            Ok(true) => {
                if args.json {
                    let object = compiled.object(&lab, &found, &identity, &path.display().to_string(), &case);
                    output::object(&object);
                    return Ok(Exit::Expected);
                }
                output::result(format_args!("{}", path.display()));
                output::note(format_args!(
                    "{signature}: {} calls, of {}",
                    found.program.ops.len(),
                    case.program.ops.len()
                ));
                output::note(format_args!("its C program says: {compiled}"));
                if let Some(entry) = accepted.accepts(signature, release) {
                    let place = format_args!("{}:{}", accepted.path.display(), entry.line);
                    output::note(format_args!("{place}: {signature} is accepted: {}", entry.known.reason));
                }
                return Ok(interrupt::exit());
            }
            Ok(false) => {}
            Err(error) => {
                return Err(output::usage(format_args!("{}: {error}; the case:\n{text}", path.display())));
            }
        }
    }
    unreachable!("there are more numbers than files")
}

/// Makes the folder if there is none, and reads its cases. A case may have a signature in its head.
fn regressions(folder: &Path) -> Result<Vec<(Case, Option<Signature>)>, Exit> {
    std::fs::create_dir_all(folder).map_err(|error| output::usage(format_args!("{}: {error}", folder.display())))?;
    let read = |path: &PathBuf| {
        let case = Case::read(path).map_err(output::usage)?;
        let signature = signature_of(&case).map_err(output::usage)?;
        Ok((case, signature))
    };
    Case::list(folder).map_err(output::usage)?.iter().map(read).collect()
}

/// Returns the number that a regression's file name begins with.
fn number_of(case: &Case) -> Option<u32> {
    let name = case.path.file_name()?.to_str()?;
    name.split_once('-')?.0.parse().ok()
}

//! The folder of regressions: each signature once, as a case of a few lines.

use std::path::{Path, PathBuf};

use super::compiled::{Compiled, TRYING};
use super::disk::write_new;
use super::exit::Exit;
use super::finding::Finding;
use super::head::{MEMORY, SIGNATURE, of, signature_of};
use super::lab::Lab;
use super::output;
use super::reduction::Reduced;
use super::shown::Shown;
use crate::oracle::Signature;
use crate::port::{Identity, Memory};
use crate::program::Case;
use crate::report;

/// Holds a finding that was reduced, as a case, and its C program.
pub(super) struct Regression {
    pub finding: Finding,
    pub identity: Identity,
    /// Has the text of the case.
    pub text: String,
    /// Says what came of its C program.
    pub compiled: Compiled,
}

impl Regression {
    /// Makes the case of a finding: compiles and runs its C program, too. `found`: how it was found, for the head.
    ///
    /// # Errors
    /// Fails where the port cannot be driven; that has been printed already.
    pub fn of(lab: &Lab, reduced: Reduced, found: &str) -> Result<Regression, Exit> {
        let Reduced { finding, identity, .. } = reduced;
        let signature = finding.signature();
        let memory = match finding.look.memory {
            Memory::Plain => String::new(),
            memory @ (Memory::Poisoned | Memory::Guarded) => format!("\n{MEMORY}{}", memory.name()),
        };
        let why = |finding: &Finding| {
            let (sentence, library) = (finding.diverged.divergence.sentence(), of(&identity));
            format!("{sentence}\n{SIGNATURE}{signature}\nfound by: {found}\nlibrary: {library}{memory}")
        };
        let mut pair = lab.in_a_child().pair().map_err(|error| error.say())?;
        let Shown { finding, why, compiled, .. } = Shown::of(lab, &mut pair, finding, &why, TRYING);
        let text = Case::text(&why, &finding.program);
        Ok(Regression { finding, identity, text, compiled })
    }
}

/// Holds the regressions of a folder.
pub(super) struct Regressions {
    folder: PathBuf,
    known: Vec<(PathBuf, Option<Signature>)>,
}

impl Regressions {
    /// Makes the folder if there is none, and reads its cases. A case may have a signature in its head.
    ///
    /// # Errors
    /// Fails where there is no folder, or a case that cannot be read; that has been printed already.
    pub fn read(folder: &Path) -> Result<Regressions, Exit> {
        std::fs::create_dir_all(folder)
            .map_err(|error| output::usage(format_args!("{}: {error}", folder.display())))?;
        let read = |path: PathBuf| {
            let case = Case::read(&path).map_err(output::usage)?;
            let signature = signature_of(&case).map_err(output::usage)?;
            Ok((path, signature))
        };
        let known = Case::list(folder).map_err(output::usage)?.into_iter().map(read).collect::<Result<_, Exit>>()?;
        Ok(Regressions { folder: folder.into(), known })
    }

    /// Returns the file of the regression with this signature.
    pub fn with(&self, signature: Signature) -> Option<&Path> {
        let found = self.known.iter().find(|(_, known)| *known == Some(signature));
        found.map(|(path, _)| path.as_path())
    }

    /// Writes a regression under the next number, and returns its file.
    ///
    /// # Errors
    /// Fails where it cannot be written; that, and the case, has been printed already.
    pub fn add(&mut self, signature: Signature, text: &str) -> Result<PathBuf, Exit> {
        let last = self.known.iter().filter_map(|(old, _)| number_of(old)).max().unwrap_or(0);
        for number in last + 1.. {
            let path = self.folder.join(format!("{number:04}-{}.ops", report::artifact_name(signature)));
            match write_new(&path, text) {
                Ok(true) => {
                    self.known.push((path.clone(), Some(signature)));
                    return Ok(path);
                }
                Ok(false) => {}
                Err(error) => {
                    return Err(output::usage(format_args!("{}: {error}; the case:\n{text}", path.display())));
                }
            }
        }
        unreachable!("there are more numbers than files")
    }
}

/// Returns the number that a regression's file name begins with.
fn number_of(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    name.split_once('-')?.0.parse().ok()
}

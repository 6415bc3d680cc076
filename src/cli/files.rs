//! The files of a finding, which never replace what is there.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::head::of;
use crate::oracle::Signature;
use crate::port::Identity;
use crate::program::Case;
use crate::report;

/// Names the files of one finding, which never replace what is there.
pub(super) struct Files {
    /// `out/SSL_SESSION_dup.hostname`, with a number if that is taken.
    stem: PathBuf,
    /// The program as it was found.
    pub original: PathBuf,
    signature: Signature,
}

impl Files {
    /// Writes the program as it was found, before anything else is tried.
    pub fn begin(out: &Path, found: &Finding, identity: &Identity) -> std::io::Result<Files> {
        std::fs::create_dir_all(out)?;
        let signature = found.signature();
        let name = report::artifact_name(signature);
        let text =
            Case::text(&format!("{signature}: native against {}, as it was found.", of(identity)), &found.program);
        for number in 1.. {
            let stem = numbered(&out.join(&name), number);
            let original = with_ending(&stem, "original.ops");
            let files = Files { stem, original, signature };
            let known = std::fs::read_to_string(files.path("original.ops")).is_ok_and(|old| old == text);
            let free = ["original.ops", "ops", "c"].iter().all(|kind| !files.path(kind).exists());
            // Somebody else may be as fast: then the next number is taken.
            if known || (free && write_new(&files.original, &text)?) {
                return Ok(files);
            }
        }
        unreachable!("there are more numbers than files")
    }

    /// Gives the files that are written from now on the name of another signature.
    pub fn named(self, out: &Path, signature: Signature) -> Files {
        let stem = out.join(report::artifact_name(signature));
        if signature == self.signature { self } else { Files { stem, ..self } }
    }

    /// Returns the path of the file with this ending.
    pub fn path(&self, kind: &str) -> PathBuf {
        with_ending(&self.stem, kind)
    }

    /// Writes a file, under the next number that is free if the name is taken. Returns where it is.
    pub fn write(&self, kind: &str, text: &str) -> std::io::Result<PathBuf> {
        for number in 1.. {
            let path = with_ending(&numbered(&self.stem, number), kind);
            if write_new(&path, text)? {
                return Ok(path);
            }
        }
        unreachable!("there are more numbers than files")
    }
}

fn with_ending(stem: &Path, kind: &str) -> PathBuf {
    longer(stem, &format!(".{kind}"))
}

/// Returns the stem of this number. The first has none.
fn numbered(stem: &Path, number: u32) -> PathBuf {
    if number == 1 { stem.into() } else { longer(stem, &format!("-{number}")) }
}

fn longer(stem: &Path, end: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(end);
    path.into()
}

/// Writes a new file. `false`: there is one with another content, which stays.
pub(super) fn write_new(path: &Path, text: &str) -> std::io::Result<bool> {
    match File::create_new(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(std::fs::read_to_string(path).is_ok_and(|old| old == text))
        }
        Err(error) => Err(error),
    }
}

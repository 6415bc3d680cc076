//! A case: a program in a `.ops` file, with the sentence that says why it is kept.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{MARKER, Program};
use crate::op::TextError;

/// A file larger than this is no case.
const MAX_FILE: u64 = 4 << 20;

/// A program and the comment above it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Where it was read from.
    pub path: PathBuf,
    /// The comment lines at the head, without `#`.
    pub why: String,
    /// The calls.
    pub program: Program,
}

/// Why a case cannot be read, behind the path of its file.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file cannot be opened or read: what the system said.
    #[error("{}: {}", .0.display(), .1)]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// Larger than any program.
    #[error("{}: larger than {MAX_FILE} bytes: not a case", .0.display())]
    TooLarge(PathBuf),
    /// Text that is no text.
    #[error("{}: not UTF-8", .0.display())]
    NotText(PathBuf),
    /// A line that is no call: where and what.
    #[error("{}:{}", .0.display(), .1)]
    Text(PathBuf, #[source] TextError),
    /// No calls at all.
    #[error("{}: no calls", .0.display())]
    Empty(PathBuf),
}

impl Case {
    /// Reads a case, strictly.
    ///
    /// # Errors
    /// Anything but a program in text with at least one call.
    pub fn read(path: &Path) -> Result<Case, CaseError> {
        Case::of(path, bytes_of(path)?)
    }

    fn of(path: &Path, bytes: Vec<u8>) -> Result<Case, CaseError> {
        let text = String::from_utf8(bytes).map_err(|_| CaseError::NotText(path.into()))?;
        let program: Program = text.parse().map_err(|error| CaseError::Text(path.into(), error))?;
        if program.ops.is_empty() {
            return Err(CaseError::Empty(path.into()));
        }
        let comment = text.lines().skip(1).map_while(|line| line.strip_prefix('#'));
        let why = comment.map(str::trim).collect::<Vec<_>>().join("\n");
        Ok(Case { path: path.into(), why, program })
    }

    /// Reads a case, or a program on the wire where the file is not named `.ops` and does not start with `#`: what a fuzzer
    /// leaves.
    ///
    /// # Errors
    /// An unreadable file, text that is no case, or wire without one call.
    pub fn read_any(path: &Path) -> Result<Case, CaseError> {
        let bytes = bytes_of(path)?;
        if bytes.starts_with(b"#") || path.extension().is_some_and(|extension| extension == "ops") {
            return Case::of(path, bytes);
        }
        let program = Program::from_bytes(&bytes);
        if program.ops.is_empty() {
            return Err(CaseError::Empty(path.into()));
        }
        Ok(Case { path: path.into(), why: String::new(), program })
    }

    /// Lists the `.ops` files below `folder`, in the order of their paths.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn list(folder: &Path) -> Result<Vec<PathBuf>, CaseError> {
        let unreadable = |path: &Path| {
            let path = path.to_path_buf();
            move |source| CaseError::Unreadable(path, source)
        };
        let mut found = Vec::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).map_err(unreadable(&folder))? {
                let entry = entry.map_err(unreadable(&folder))?;
                let path = entry.path();
                // A link to a folder is not followed: it could lead back here.
                if entry.file_type().map_err(unreadable(&path))?.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "ops") {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Returns the text of a case file with these comment lines at its head.
    pub fn text(why: &str, program: &Program) -> String {
        let comment: String = why.lines().map(|line| format!("# {line}\n")).collect();
        let calls: String = program.ops.iter().map(|op| format!("{op}\n")).collect();
        format!("{MARKER}\n{comment}{calls}")
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, CaseError> {
    let unreadable = |source| CaseError::Unreadable(path.into(), source);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE { Err(CaseError::TooLarge(path.into())) } else { Ok(bytes) }
}

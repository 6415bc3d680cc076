//! A case: a program in a `.ops` file, with the sentence that says why it is kept.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::listing::Listing;
use super::{MARKER, MAX_INPUT, Program};
use crate::op::{Expected, TextError};

/// So many errors of a file are shown.
const MOST_ERRORS: usize = 20;
/// So many characters of a line are shown.
const SHOWN_LINE: usize = 100;
/// Stands for standard input.
const STANDARD_INPUT: &str = "-";
/// A file larger than this is no case, bytes.
pub const MAX_FILE: u64 = 4 << 20;

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
    /// No line is the marker.
    #[error("{}:1:1: expected {}", .0.display(), Expected::Marker)]
    NoMarker(PathBuf),
    /// Lines that are no calls: where and what, each with the line.
    #[error("{}", described(.0, .1))]
    Text(PathBuf, Vec<(TextError, String)>),
    /// No calls at all.
    #[error("{}: no calls", .0.display())]
    Empty(PathBuf),
    /// Bytes that are not text, nor what a fuzzer or `show --as wire` writes.
    #[error("{}: not text, and too long for a fuzzer's artifact, which has at most {MAX_INPUT} bytes: not a case", .0.display())]
    NotWire(PathBuf),
    /// Text of two bytes a character.
    #[error("{}: text in UTF-16: save it as UTF-8", .0.display())]
    Utf16(PathBuf),
}

impl Case {
    /// Reads a case, strictly.
    ///
    /// # Errors
    /// Anything but a program in text with at least one call.
    pub fn read(path: &Path) -> Result<Case, CaseError> {
        Case::of(path, Case::read_bytes(path)?)
    }

    /// Reads a case from the bytes of its file.
    ///
    /// # Errors
    /// As of [`Case::read`].
    pub fn of(path: &Path, bytes: Vec<u8>) -> Result<Case, CaseError> {
        let text = String::from_utf8(bytes).map_err(|_| CaseError::NotText(path.into()))?;
        let listing = Listing::find(&text).map_err(|_| CaseError::NoMarker(path.into()))?;
        let program = listing.program().map_err(|wrong| {
            let wrong = wrong.into_iter().map(|(error, line)| (error, line.to_string()));
            CaseError::Text(path.into(), wrong.collect())
        })?;
        if program.ops.is_empty() {
            return Err(CaseError::Empty(path.into()));
        }
        Ok(Case { path: path.into(), why: listing.comment(), program })
    }

    /// Reads a case, or a program on the wire: what a fuzzer leaves. `-` is standard input.
    ///
    /// Any bytes are wire, so what is none has to be told by something else. Text is what is named `.ops`, has the marker in it
    /// or is printable; without the marker it is refused. Other bytes are wire where a fuzzer can have made them, of at most
    /// [`MAX_INPUT`] bytes with a call among them, or where [`Program::to_wire`] did, which can be longer.
    ///
    /// # Errors
    /// An unreadable file, text that is no case, or bytes that are not taken for wire.
    pub fn read_any(path: &Path) -> Result<Case, CaseError> {
        Case::of_any(path, Case::read_bytes(path)?)
    }

    /// Reads the bytes of a file that can be a case. `-` is standard input.
    ///
    /// # Errors
    /// An unreadable file, or one that is larger than any case.
    pub fn read_bytes(path: &Path) -> Result<Vec<u8>, CaseError> {
        let unreadable = |source| CaseError::Unreadable(path.into(), source);
        let mut bytes = Vec::new();
        let read = match path == Path::new(STANDARD_INPUT) {
            true => std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes),
            false => std::fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)),
        };
        read.map_err(unreadable)?;
        if bytes.len() as u64 > MAX_FILE { Err(CaseError::TooLarge(path.into())) } else { Ok(bytes) }
    }

    /// Reads a case, or a program on the wire, from the bytes of its file, as [`Case::read_any`] does.
    ///
    /// # Errors
    /// As of [`Case::read_any`], but for what cannot be opened.
    pub fn of_any(path: &Path, bytes: Vec<u8>) -> Result<Case, CaseError> {
        if bytes.len() as u64 > MAX_FILE {
            return Err(CaseError::TooLarge(path.into()));
        }
        if is_utf16(&bytes) {
            return Err(CaseError::Utf16(path.into()));
        }
        let named = path.extension().is_some_and(|extension| extension == "ops");
        if named || is_text(&bytes) {
            return Case::of(path, bytes);
        }
        let program = Program::from_bytes(&bytes);
        if program.ops.is_empty() {
            return Err(CaseError::Empty(path.into()));
        }
        if bytes.len() > MAX_INPUT && program.to_wire() != bytes {
            return Err(CaseError::NotWire(path.into()));
        }
        Ok(Case { path: path.into(), why: String::new(), program })
    }

    /// Lists the `.ops` files below `folder`, in the order of their paths. Links are followed; a folder that is there twice
    /// is listed once.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn list(folder: &Path) -> Result<Vec<PathBuf>, CaseError> {
        let is_case = |path: &Path| path.extension().is_some_and(|extension| extension == "ops");
        Case::list_those(folder, is_case, &mut Err)
    }

    /// Lists all files below `folder`, as [`Case::list`] does: what a fuzzer leaves has any name. Says, too, what cannot be listed.
    pub fn list_all(folder: &Path) -> (Vec<PathBuf>, Vec<CaseError>) {
        let mut wrong = Vec::new();
        // A pipe would be waited for.
        let found = Case::list_those(folder, Path::is_file, &mut |error| {
            wrong.push(error);
            Ok(())
        });
        (found.unwrap_or_default(), wrong)
    }

    /// Lists the files below `folder` that are wanted. `met` says whether what cannot be listed ends it.
    fn list_those(
        folder: &Path,
        is_wanted: impl Fn(&Path) -> bool,
        met: &mut dyn FnMut(CaseError) -> Result<(), CaseError>,
    ) -> Result<Vec<PathBuf>, CaseError> {
        let unreadable = |path: &Path| {
            let path = path.to_path_buf();
            move |source| CaseError::Unreadable(path, source)
        };
        let mut found = Vec::new();
        // Links to folders are looked at last, so that a folder is listed by its own name.
        let (mut folders, mut links) = (vec![folder.to_path_buf()], Vec::new());
        let mut seen = HashSet::new();
        while let Some(folder) = folders.pop().or_else(|| links.pop()) {
            let listed = folder.canonicalize().and_then(|own| {
                let is_new = seen.insert(own);
                if is_new { std::fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>() } else { Ok(Vec::new()) }
            });
            let mut entries = match listed.map_err(unreadable(&folder)) {
                Ok(entries) => entries,
                Err(error) => {
                    met(error)?;
                    continue;
                }
            };
            entries.sort_by_key(|entry| Reverse(entry.file_name()));
            for entry in entries {
                let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable(&entry.path()))?);
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_symlink() && path.is_dir() {
                    links.push(path);
                } else if is_wanted(&path) {
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

/// Describes what is wrong, each error with its line and a mark below it.
fn described(path: &Path, wrong: &[(TextError, String)]) -> String {
    let path = path.display();
    let mut lines: Vec<String> = Vec::new();
    for (error, line) in wrong.iter().take(MOST_ERRORS) {
        // A line can be of any length: what is shown is around the error.
        let skipped = (error.column - 1).saturating_sub(SHOWN_LINE / 2);
        let shown = line.chars().skip(skipped).take(SHOWN_LINE).map(|c| if c.is_control() { ' ' } else { c });
        let mark = "^".repeat(error.found.chars().count().clamp(1, SHOWN_LINE / 2));
        lines.push(format!("{path}:{error}"));
        lines.push(format!("    {}", shown.collect::<String>().trim_end()));
        lines.push(format!("    {}{mark}", " ".repeat(error.column - 1 - skipped)));
    }
    if wrong.len() > MOST_ERRORS {
        lines.push(format!("{path}: and {} more", wrong.len() - MOST_ERRORS));
    }
    lines.join("\n")
}

/// Tells whether these bytes are text of two bytes a character, behind the mark that says in which order they are.
fn is_utf16(bytes: &[u8]) -> bool {
    let order: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, _, ..] => u16::from_le_bytes,
        [0xfe, 0xff, _, ..] => u16::from_be_bytes,
        _ => return false,
    };
    let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|two| order([two[0], two[1]])).collect();
    String::from_utf16(&units).is_ok_and(|text| is_printable(&text))
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace())
}

/// Tells text from wire.
fn is_text(bytes: &[u8]) -> bool {
    bytes.starts_with(b"#")
        || memmem::find(bytes, MARKER.as_bytes()).is_some()
        || !bytes.is_empty() && std::str::from_utf8(bytes).is_ok_and(is_printable)
}

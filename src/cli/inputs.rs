//! What fuzzers leave behind: the files of folders and archives, as cases.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::program::{Case, CaseError, MAX_FILE, Program};

/// Limits how many files are read, those of archives counted.
const MOST: usize = 1 << 20;
/// Limits how many bytes of an archive are kept until it is read.
const MOST_BYTES: usize = 1 << 30;

/// Holds a program that was found, in one file or several.
pub(super) struct Input {
    /// Has it as it was read from the first of them.
    pub case: Case,
    /// Names the smallest of them, the first of these.
    pub file: PathBuf,
    /// Has the bytes of that one.
    pub bytes: Vec<u8>,
    /// Counts the files that have the program.
    pub files: usize,
}

impl Input {
    /// Books another file with the same program.
    fn again(&mut self, path: &Path, bytes: Vec<u8>) {
        self.files += 1;
        if bytes.len() < self.bytes.len() {
            (self.file, self.bytes) = (path.into(), bytes);
        }
    }
}

/// Holds what was found.
#[derive(Default)]
pub(super) struct Inputs {
    /// Has each program once, in the order of the paths.
    pub distinct: Vec<Input>,
    /// Says what is no case, or cannot be read.
    pub wrong: Vec<InputError>,
    /// Counts the files that were taken for cases.
    pub files: usize,
    /// Finds a program among those that were found.
    places: HashMap<Program, usize>,
}

/// Says why something that was found is no case.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    /// Is about a file, or one in an archive.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// Is about an archive that cannot be read, or not to its end.
    #[error("{}: {}", .0.display(), .1)]
    Archive(PathBuf, #[source] io::Error),
    /// Says that there are more.
    #[error("{}: only the first {MOST} files are read", .0.display())]
    TooMany(PathBuf),
}

/// Says how files are kept in one.
#[derive(Clone, Copy)]
enum Archive {
    Zip,
    Tar,
    TarGz,
}

impl Archive {
    /// Tells by its name whether a file is an archive.
    fn named(path: &Path) -> Option<Archive> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let ends = |end: &str| name.ends_with(end);
        if ends(".zip") {
            Some(Archive::Zip)
        } else if ends(".tar.gz") || ends(".tgz") {
            Some(Archive::TarGz)
        } else {
            ends(".tar").then_some(Archive::Tar)
        }
    }
}

/// Tells whether a file is about those beside it: what AFL++ writes of crashes, and accepted differences.
fn is_about_others(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "README.txt") || path.extension().is_some_and(|end| end == "toml")
}

/// Tells whether a path leads to many files: a folder or an archive.
pub(super) fn has_many(path: &Path) -> bool {
    path.is_dir() || Archive::named(path).is_some()
}

impl Inputs {
    /// Reads files, and all files of folders and archives, also of archives in folders. What cannot be read stops nothing else.
    pub fn read(paths: &[PathBuf]) -> Inputs {
        let mut inputs = Inputs::default();
        for path in paths {
            let (files, unreadable) =
                if path.is_dir() { Case::list_all(path) } else { (vec![path.clone()], Vec::new()) };
            inputs.wrong.extend(unreadable.into_iter().map(InputError::from));
            files.iter().for_each(|file| inputs.read_file(file));
        }
        inputs
    }

    fn read_file(&mut self, path: &Path) {
        if is_about_others(path) {
            return;
        }
        let Some(archive) = Archive::named(path) else {
            return match Case::read_bytes(path) {
                Ok(bytes) => self.take(path, bytes),
                Err(error) => self.wrong.push(error.into()),
            };
        };
        let read = File::open(path).map(BufReader::new).and_then(|file| match archive {
            Archive::Zip => self.read_zip(path, file),
            Archive::Tar => self.read_tar(path, file),
            Archive::TarGz => self.read_tar(path, MultiGzDecoder::new(file)),
        });
        if let Err(error) = read {
            self.wrong.push(InputError::Archive(path.into(), error));
        }
    }

    fn read_zip(&mut self, path: &Path, file: impl Read + Seek) -> io::Result<()> {
        let mut archive = zip::ZipArchive::new(file)?;
        // What is wrong with one member says nothing of the others.
        let mut whole = Ok(());
        let mut members = Vec::new();
        for at in 0..archive.len() {
            match name_of(&mut archive, at) {
                Ok(Some(name)) => members.push((name, at)),
                Ok(None) => {}
                Err(error) => whole = Err(error),
            }
        }
        members.sort();
        for (name, at) in members {
            let read = archive.by_index(at).map_err(io::Error::from).and_then(read_of);
            self.take_member(path, &name, read);
        }
        whole
    }

    fn read_tar(&mut self, path: &Path, file: impl Read) -> io::Result<()> {
        let mut archive = tar::Archive::new(file);
        let mut members = Vec::new();
        let (mut whole, mut bytes) = (Ok(()), 0);
        for member in archive.entries()? {
            // What is behind it cannot be found.
            let member = match member {
                Ok(member) => member,
                Err(error) => {
                    whole = Err(error);
                    break;
                }
            };
            if member.header().entry_type().is_file() {
                let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
                let read = read_of(member);
                bytes += read.as_ref().map_or(0, Vec::len);
                members.push((name, read));
            }
            if bytes > MOST_BYTES {
                whole = Err(io::Error::other(format!("only the first {} MiB are read", MOST_BYTES >> 20)));
                break;
            }
        }
        // So that it does not matter how it was packed.
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.into_iter().for_each(|(name, read)| self.take_member(path, &name, read));
        whole
    }

    /// Takes a file of an archive.
    fn take_member(&mut self, path: &Path, name: &str, read: io::Result<Vec<u8>>) {
        let named = path.join(name.trim_start_matches("./").trim_start_matches('/'));
        match read {
            _ if is_about_others(&named) => {}
            Ok(bytes) => self.take(&named, bytes),
            Err(error) => self.wrong.push(InputError::Archive(named, error)),
        }
    }

    fn take(&mut self, path: &Path, bytes: Vec<u8>) {
        if self.files >= MOST {
            if !matches!(self.wrong.last(), Some(InputError::TooMany(_))) {
                self.wrong.push(InputError::TooMany(path.into()));
            }
            return;
        }
        match Case::of_any(path, bytes.clone()) {
            Ok(case) => {
                self.files += 1;
                let next = self.distinct.len();
                let at = *self.places.entry(case.program.clone()).or_insert(next);
                match self.distinct.get_mut(at) {
                    Some(input) => input.again(path, bytes),
                    None => self.distinct.push(Input { case, file: path.into(), bytes, files: 1 }),
                }
            }
            Err(error) => self.wrong.push(error.into()),
        }
    }
}

/// Returns the name of a member; `None`: it is no file.
fn name_of(archive: &mut zip::ZipArchive<impl Read + Seek>, at: usize) -> io::Result<Option<String>> {
    let member = archive.by_index(at)?;
    if member.is_file() { Ok(Some(member.name()?.into_owned())) } else { Ok(None) }
}

/// Reads a file of an archive; of one that is too large for a case, a byte more than a case may have.
fn read_of(member: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    member.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

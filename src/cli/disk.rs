//! Files: each is written in full beside its place and then moved there, so that no reader and no full disk leaves half of one.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Writes a new file. `false`: there is one with another content, which stays.
pub(super) fn write_new(path: &Path, content: impl AsRef<[u8]>) -> io::Result<bool> {
    let content = content.as_ref();
    match beside(path, content)?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            Ok(fs::read(path).is_ok_and(|old| old == content))
        }
        Err(error) => Err(error.error),
    }
}

/// Writes a file, in the place of the one that is there.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::metadata(path) {
        // A pipe or a device stays what it is.
        Ok(there) if !there.is_file() => fs::write(path, text),
        // What a link leads to is written, not the link.
        Ok(_) => replace(&path.canonicalize()?, text),
        Err(_) => replace(path, text),
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    beside(path, text.as_bytes())?.persist(path).map(drop).map_err(|error| error.error)
}

/// Writes a file without a place in the folder of `path`. It is gone unless it is given one.
fn beside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let folder = folder_of(path);
    // The error of a folder that is missing names it, and not a file that nobody asked for.
    fs::metadata(folder)?;
    // Who may read it is for the user's mask to say, as with any other file.
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    file.write_all(content)?;
    file.flush()?;
    Ok(file)
}

/// Returns the folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

/// Checks that a file can be written here, before it is known what into it.
pub(super) fn try_file(path: &Path) -> io::Result<()> {
    try_folder(folder_of(path))
}

fn try_folder(folder: &Path) -> io::Result<()> {
    // A full disk takes a name and not a byte.
    tempfile::tempfile_in(folder)?.write_all(b"sessdiff")
}

/// A folder that files can be written to. If it was made for that, it goes again unless something is in it.
pub(super) struct Folder {
    /// Lists the folders that were made, the innermost first.
    made: Vec<PathBuf>,
}

impl Folder {
    /// Makes the folder if there is none, and checks that files can be written there.
    pub fn ready(path: &Path) -> io::Result<Folder> {
        let missing = |folder: &&Path| *folder != Path::new("") && !folder.exists();
        let folder = Folder { made: path.ancestors().take_while(missing).map(PathBuf::from).collect() };
        fs::create_dir_all(path)?;
        try_folder(path)?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // One with something in it cannot be removed, which is what it is for.
        self.made.iter().take_while(|folder| fs::remove_dir(folder).is_ok()).for_each(drop);
    }
}

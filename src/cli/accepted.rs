//! The accepted differences of a port: where they are written, and which of them matter in a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::args::{KnownChoice, PortName};
use super::exit::Exit;
use super::output;
use crate::known::{Day, Entry, Known, KnownFile};
use crate::native::Release;
use crate::oracle::Signature;
use crate::report::Accepted;

/// Stands for no file, and for no folder.
const NONE: &str = "none";
/// Names the folder of the cases, unless another one is named.
pub(super) const CORPUS: &str = "corpus";

/// Names the file of a port: the one that was chosen, or the port's own beside the cases. `None`: there is to be none.
pub(super) fn file_of(choice: Option<&Path>, corpus: Option<&Path>, port: &PortName) -> Option<PathBuf> {
    match choice {
        Some(none) if none == Path::new(NONE) => None,
        Some(named) => Some(named.into()),
        None => {
            let corpus = corpus.filter(|folder| *folder != Path::new(NONE)).unwrap_or(Path::new(CORPUS));
            Some(corpus.join("known").join(format!("{}.toml", port.word())))
        }
    }
}

/// Reads the accepted differences of a port. A file that was named must be there; the port's own need not.
pub(super) fn read(choice: &KnownChoice, corpus: Option<&Path>, port: &PortName) -> Result<KnownFile, Exit> {
    match file_of(choice.known.as_deref(), corpus, port) {
        Some(path) if choice.known.is_some() || path.exists() => KnownFile::read(&path).map_err(output::usage),
        Some(_) | None => Ok(KnownFile::default()),
    }
}

/// Describes an entry that so many programs diverged by.
pub(super) fn summary(file: &KnownFile, entry: &Entry, programs: u64) -> Accepted {
    let Entry { known: Known { signature, reason, link, releases, expires, .. }, line } = entry;
    Accepted {
        signature: *signature,
        programs,
        reason: reason.to_string(),
        link: link.to_string(),
        releases: releases.to_string(),
        expires: expires.to_string(),
        place: format!("{}:{line}", file.path.display()),
        expired: *expires < Day::today(),
        stale: None,
    }
}

/// Adds the entries that need somebody's attention to those that happened: those whose time is over, and those of the tested
/// release that did not happen although a case that is kept for them was `replayed`.
pub(super) fn review(
    accepted: &mut Vec<Accepted>,
    file: &KnownFile,
    release: Release,
    replayed: &HashMap<Signature, PathBuf>,
) {
    for entry in &file.entries {
        let mut one = summary(file, entry, 0);
        if accepted.iter().any(|other| other.place == one.place) {
            continue;
        }
        if entry.known.releases.has(&release) {
            one.stale = replayed.get(&one.signature).map(|case| case.display().to_string());
        }
        if one.expired || one.stale.is_some() {
            accepted.push(one);
        }
    }
}

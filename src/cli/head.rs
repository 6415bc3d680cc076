//! The head of a case: what it says of the library, and as what the case is found.

use std::path::PathBuf;

use crate::oracle::{Signature, SignatureError};
use crate::port::{Identity, Memory};
use crate::program::Case;

/// Names a library and its version without the folder it lies in, which is another one elsewhere.
pub(super) fn of(identity: &Identity) -> String {
    format!("{}, {}", identity.short_name(), identity.version)
}

/// Stands in the head of a case before its signature.
pub(super) const SIGNATURE: &str = "signature: ";

/// Says that the head of a case has a signature that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub(super) struct HeadError {
    path: PathBuf,
    error: SignatureError,
}

/// Reads the signature in the head of a case; `None`: it has none.
pub(super) fn signature_of(case: &Case) -> Result<Option<Signature>, HeadError> {
    after(SIGNATURE, case)
}

/// Stands in the head of a case before the memory that shows its signature.
pub(super) const MEMORY: &str = "memory: ";

/// Tells whether a case shows its signature in one of these kinds of memory.
pub(super) fn shows_in(case: &Case, memories: &[Memory]) -> bool {
    let named = case.why.lines().find_map(|line| line.strip_prefix(MEMORY));
    named.is_none_or(|name| memories.iter().any(|memory| memory.name() == name))
}

/// Reads what a hazard is expected as; `None`: the case is none.
pub(super) fn expected_of(case: &Case) -> Result<Option<Signature>, HeadError> {
    after("Expected: ", case)
}

fn after(word: &str, case: &Case) -> Result<Option<Signature>, HeadError> {
    let line = case.why.lines().find_map(|line| line.strip_prefix(word));
    line.map(str::parse).transpose().map_err(|error| HeadError { path: case.path.clone(), error })
}

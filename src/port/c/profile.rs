//! A profile: how one library is called, where that is not as the headers of its family say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::family;
use crate::native::{Family, Release};

/// Says how one library is called, and what of it is to be left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Names the file that says so.
    pub path: PathBuf,
    /// Names the family whose types and customs the library has; `None`: it is guessed.
    pub family: Option<Family>,
    /// Names the release that the native session has to behave as; `None`: the library says it, or its family does.
    pub release: Option<Release>,
    /// Is what is said of the library's version; `None`: the library says it.
    pub version: Option<String>,
    /// Stands before the symbol of every function, but for those that are renamed.
    pub prefix: String,
    /// Says where the size of a session's block stands; `None`: where it does in the family.
    pub block: Option<Block>,
    /// Holds the symbols of functions that have another one.
    pub rename: BTreeMap<&'static str, String>,
    /// Names the families whose type functions have, where that is another family's.
    pub types: BTreeMap<&'static str, Family>,
    /// Says of functions why they are not called, whatever symbols there are.
    pub missing: BTreeMap<&'static str, String>,
}

/// Says where the size of a session's block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// The system's allocator knows it: `malloc_usable_size`.
    Usable,
    /// In the eight bytes before the block.
    Before,
    /// Nowhere: it is so many bytes.
    Bytes(usize),
}

impl Profile {
    /// Lists the functions that a profile can name, as OpenSSL names them.
    pub fn functions() -> Vec<&'static str> {
        let all = Family::ALL.into_iter().flat_map(family::prototypes);
        let mut functions: Vec<&'static str> = all.map(|(_, (name, ..))| name).collect();
        functions.sort_unstable();
        functions.dedup();
        functions
    }

    /// Tells whether the libraries of a family are known to have a function, and by which type.
    pub fn has_type(family: Family, function: &str) -> bool {
        family::prototypes(family).iter().any(|(_, (name, ..))| *name == function)
    }

    /// Lists the symbols that a function may have, of those that it has in the family; none: it is not to be called.
    pub(super) fn symbols(&self, function: &str, in_family: Vec<String>) -> Vec<String> {
        if self.missing.contains_key(function) {
            return Vec::new();
        }
        match self.rename.get(function) {
            Some(symbol) => vec![symbol.clone()],
            None => in_family.into_iter().map(|symbol| format!("{}{symbol}", self.prefix)).collect(),
        }
    }
}

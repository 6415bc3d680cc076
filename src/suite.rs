//! The cases of the conformance check: systematic ones, made of the tables of ops and of stored elements, behaviours that the manual names, and the committed
//! corpus. All of them are in the executable. Each has an id that a person can say, and a level.

mod behaviours;
mod judge;
mod level;
mod stored;
mod systematic;

use include_dir::{Dir, DirEntry, include_dir};

use crate::manual;
use crate::op::Kind;
use crate::program::{Case, Program};

pub use judge::{NoVerdict, Said, judge, looks};
pub use level::Level;

/// The committed cases.
static CORPUS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/corpus");

/// Names the folders whose cases are no part of the check: what breaks libraries, what needs two runs, and what are no cases.
const LEFT_OUT: [&str; 3] = [HAZARDS, "laws", "known"];

/// Names the folder of the cases that break libraries.
const HAZARDS: &str = "hazards";

/// One case of the check.
#[derive(Clone, Debug)]
pub struct Item {
    /// Names it: `up_ref/returns-1`. It stays the same from release to release of this tool.
    pub id: String,
    /// Says what a port has to have for it.
    pub level: Level,
    /// Names the function that it is about, or the harness's word.
    pub function: &'static str,
    /// Says what holds: a sentence of the manual, or why the case is kept.
    pub says: String,
    /// Holds the calls.
    pub program: Program,
}

impl Item {
    fn new(id: String, function: &'static str, says: String, program: Program) -> Item {
        let (level, first) = level::of(&program);
        let function = if function.is_empty() { first } else { function };
        Item { id, level, function, says, program }
    }

    /// Makes a case that is about a function of which the manual says something.
    fn of_manual(id: String, function: &'static str, text: &str) -> Item {
        let program: Program = text.parse().unwrap_or_else(|error| panic!("{id} is no program: {error}\n{text}"));
        let does = || Kind::from_name(function).map_or("", Kind::summary).replace('`', "");
        let says = manual::sentence(function).map_or_else(does, |sentence| sentence.to_string());
        Item::new(id, function, says, program)
    }
}

/// Returns all cases, by level and in it by id.
pub fn items() -> Vec<Item> {
    let mut items = behaviours::items();
    items.extend(systematic::items());
    items.extend(stored::items());
    items.extend(cases(&CORPUS, &LEFT_OUT).into_iter().map(|case| {
        let id = case.path.with_extension("").display().to_string();
        Item::new(id, "", case.why, case.program)
    }));
    items.sort_by(|one, other| (one.level, &one.id).cmp(&(other.level, &other.id)));
    items
}

/// Returns the committed file of accepted differences of a port, by its word; `None`: there is none.
pub fn known(port: &str) -> Option<&'static str> {
    CORPUS.get_file(format!("known/{port}.toml"))?.contents_utf8()
}

/// Returns the committed cases that break the library.
pub fn hazards() -> Vec<Case> {
    CORPUS.get_dir(HAZARDS).map(|folder| cases(folder, &[])).unwrap_or_default()
}

/// Lists the committed cases of a folder and of those in it, without those named.
fn cases(folder: &Dir<'static>, left_out: &[&str]) -> Vec<Case> {
    let of = |entry: &DirEntry<'static>| match entry {
        DirEntry::Dir(dir) if left_out.iter().any(|name| dir.path().starts_with(name)) => Vec::new(),
        DirEntry::Dir(dir) => cases(dir, left_out),
        DirEntry::File(file) if file.path().extension().is_some_and(|extension| extension == "ops") => {
            vec![Case::of(file.path(), file.contents().to_vec()).expect("a committed case is a program")]
        }
        DirEntry::File(_) => Vec::new(),
    };
    folder.entries().iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::plan::{Plan, Setup, Skip, Step};

    #[test]
    fn ids_and_programs_are_there_once_and_every_level_has_some() {
        let items = items();
        let mut programs: HashMap<&Program, &str> = HashMap::new();
        let mut ids = HashSet::new();
        for item in &items {
            assert!(ids.insert(&item.id), "{} is there twice", item.id);
            assert!(!item.says.is_empty(), "{} says nothing", item.id);
            let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
            assert!(item.id.chars().all(plain) && item.id.contains('/'), "{} cannot be said", item.id);
            // A committed case may spell what a systematic one makes.
            if let Some(other) = programs.insert(&item.program, &item.id) {
                assert!(!item.says.contains("(3): ") || !other.contains("(3): "), "{} is {other}", item.id);
            }
        }
        for level in Level::ALL {
            assert!(items.iter().filter(|item| item.level == level).count() >= 5, "{level}");
        }
    }

    /// OpenSSL 3.6 lacks nothing, so whatever is skipped there is no check.
    #[test]
    fn every_call_is_made() {
        for item in items() {
            let mut plan = Plan::new(Setup::new(true));
            plan.make(&item.program);
            let skipped = plan.steps.iter().filter(|step| !matches!(step, Step::Run { .. }));
            let skipped: Vec<_> = skipped.filter(|step| !matches!(step, Step::Skip(Skip::Unsupported))).collect();
            assert!(skipped.is_empty(), "{}: {skipped:?}", item.id);
        }
    }
}

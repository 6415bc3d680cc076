//! The committed cases that a run replays first.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::accepted::CORPUS;
use super::args::RunArgs;
use super::exit::Exit;
use super::head::{HeadError, expected_of, signature_of};
use super::output;
use crate::generate::Subject;
use crate::oracle::Signature;
use crate::program::{Case, CaseError};
use crate::suite;

/// A committed case.
pub(super) struct Committed {
    pub case: Case,
    /// Holds what its head says is found in it, if it is a hazard.
    pub expected: Option<Signature>,
    /// Holds the signature that it was imported under.
    pub signature: Option<Signature>,
}

impl Committed {
    fn of(case: Case) -> Result<Committed, HeadError> {
        let (expected, signature) = (expected_of(&case)?, signature_of(&case)?);
        Ok(Committed { case, expected, signature })
    }
}

/// The cases of a run.
pub(super) struct Corpus {
    pub cases: Vec<Committed>,
    /// Holds the hazards of this executable, where they are asked for and none is replayed.
    own: Vec<Committed>,
    /// Where they come from; `None`: none are replayed.
    folder: Option<PathBuf>,
    /// What there is to say of cases that are not replayed.
    notes: RefCell<Vec<String>>,
    /// Says whether all of them could be read.
    pub exit: Exit,
}

/// `237 cases of corpus`
impl std::fmt::Display for Corpus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.folder {
            Some(folder) => write!(f, "{} cases of {}", self.cases.len(), folder.display()),
            None => f.write_str("no cases"),
        }
    }
}

impl Corpus {
    /// Reads the cases. A folder that was named must be there; the default one need not. A case that cannot be read is left
    /// out.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn read(args: &RunArgs) -> Result<Corpus, CaseError> {
        let mut corpus = Corpus::replayed(args)?;
        if args.hazards && corpus.cases.iter().all(|committed| committed.expected.is_none()) {
            corpus.own = suite::hazards()
                .into_iter()
                .map(|case| Committed::of(case).expect("the head of a committed hazard says what is expected"))
                .collect();
        }
        Ok(corpus)
    }

    /// Reads the cases that are replayed.
    fn replayed(args: &RunArgs) -> Result<Corpus, CaseError> {
        let (notes, exit) = (RefCell::default(), Exit::Expected);
        let mut corpus = Corpus { cases: Vec::new(), own: Vec::new(), folder: None, notes, exit };
        let folder = match args.corpus.as_deref() {
            Some(none) if none == Path::new("none") => return Ok(corpus),
            Some(named) => named,
            None if Path::new(CORPUS).is_dir() => Path::new(CORPUS),
            None => {
                corpus.notes.get_mut().push(format!("no folder `{CORPUS}` here: exploring without replay"));
                return Ok(corpus);
            }
        };
        let mut paths = Case::list(folder)?;
        // What breaks the library is run where that is asked for.
        paths.retain(|path| args.hazards || !path.components().any(|part| part.as_os_str() == "hazards"));
        if paths.is_empty() {
            corpus.notes.get_mut().push(format!("no case in `{}`: exploring without replay", folder.display()));
        }
        for path in &paths {
            corpus.add(path);
        }
        corpus.folder = Some(folder.into());
        corpus.cases.retain(|committed| args.about.which().has(Subject::of(&committed.case.program)));
        Ok(corpus)
    }

    /// Lists the cases that say what is expected: those that are replayed and, where no hazard is among them, the committed ones.
    pub fn expecting(&self) -> impl Iterator<Item = &Committed> + Clone {
        self.cases.iter().chain(&self.own)
    }

    /// Says once what there is to say of cases that are not replayed.
    pub fn say(&self) {
        self.notes.take().iter().for_each(output::note);
    }

    fn add(&mut self, path: &Path) {
        let wrong = match Case::read(path).map(Committed::of) {
            Ok(Ok(committed)) => return self.cases.push(committed),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        self.notes.get_mut().push(format!("error: {wrong}"));
        self.exit = Exit::Usage;
    }
}

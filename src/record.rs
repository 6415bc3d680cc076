//! What a real program does with sessions, recorded and spelled as cases: the library that is preloaded, the reading of what it writes,
//! and the calls of each session's life as a program.

mod callbacks;
mod interposer;
mod lives;
mod log;
mod objects;
mod spell;
mod words;

pub use interposer::interposer;
pub use log::{Log, LogError};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::op::Kind;
use crate::plan::{Owed, Plan, Setup};
use crate::program::Program;
use log::Value;

/// Says in the environment of a recorded program to which folder the preloaded library writes: a file for each process, and
/// [`LOADED`].
pub const VARIABLE: &str = "SESSDIFF_RECORD";
/// Is there when the library was loaded.
pub const LOADED: &str = "loaded";

/// What was recorded of a program.
#[derive(Debug, Default)]
pub struct Recording {
    /// How many calls were seen.
    pub calls: usize,
    /// What the library says of its version, of the process that was first.
    pub library: String,
    /// Tells whether there were more calls than a log may hold, or more sessions than are told of.
    pub is_full: bool,
    /// The lives, each once, in the order in which they are first found.
    pub cases: Vec<Recorded>,
    /// The calls that no op spells, by name.
    pub unspelled: BTreeMap<String, u64>,
    /// The calls of lives that are not in their cases, by name.
    pub left_out: BTreeMap<String, u64>,
}

/// The life of a session as a program.
#[derive(Debug)]
pub struct Recorded {
    /// Its name: the program's, and what it does.
    pub name: String,
    /// What is said of it at the head of the case.
    pub why: String,
    /// The calls.
    pub program: Program,
    /// How many sessions have lived like this.
    pub sessions: usize,
    /// What the program never releases.
    pub owed: Vec<Owed>,
}

impl Recording {
    /// Spells what was recorded of the processes of `program`, which was started with this command.
    pub fn new(program: &str, command: &str, logs: &[Log]) -> Recording {
        let mut libraries = logs.iter().map(|log| log.library.clone());
        let library = libraries.find(|library| !library.is_empty()).unwrap_or_default();
        let mut recording = Recording { library, ..Recording::default() };
        let mut known: HashMap<Program, usize> = HashMap::new();
        let mut names: HashMap<String, u32> = HashMap::new();
        for log in logs {
            recording.calls += log.calls();
            recording.is_full |= log.is_full;
            recording.count(log);
            let lives = lives::lives(log);
            recording.is_full |= lives.are_cut;
            for (calls, sessions) in lives.each {
                let spelled = spell::spell(&calls);
                let is_named = spelled.program.ops.iter().any(|op| op.variables().count() > 0);
                if let Some(at) = known.get(&spelled.program).copied() {
                    recording.cases[at].sessions += sessions;
                } else if is_named {
                    for (name, count) in &spelled.left_out {
                        *recording.left_out.entry(name.clone()).or_default() += count;
                    }
                    known.insert(spelled.program.clone(), recording.cases.len());
                    let mut name = format!("{}-{}", word(program), what_it_does(&calls));
                    let number = names.entry(name.clone()).or_default();
                    *number += 1;
                    if *number > 1 {
                        name = format!("{name}-{number}");
                    }
                    let why = why(program, command, &recording.library, &spelled);
                    let owed = owed(&spelled.program);
                    recording.cases.push(Recorded { name, why, program: spelled.program, sessions, owed });
                }
            }
        }
        recording
    }

    /// Counts the calls that no op spells.
    fn count(&mut self, log: &Log) {
        for call in log.calls.get(log.inherited..).unwrap_or_default().iter().filter(|call| call.name == "unspelled") {
            if let [Value::Name(name)] = &call.operands[..] {
                *self.unspelled.entry(name.clone()).or_default() += 1;
            }
        }
    }
}

/// Lists what a program never releases.
fn owed(program: &Program) -> Vec<Owed> {
    let mut plan = Plan::new(Setup::new(true));
    plan.make(program);
    plan.owed(program)
}

/// Says at the head of a case where it comes from, and what of it was otherwise.
fn why(program: &str, command: &str, library: &str, spelled: &spell::Spelled) -> String {
    let command = command.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = vec![format!("{program}, recorded with {library}: {command}.")];
    let shakes = spelled.program.ops.iter().any(|op| op.kind() == Kind::Handshake);
    let own = shakes.then_some("the peer is the case's own");
    let otherwise: Vec<&str> = own.into_iter().chain(spelled.otherwise.iter().copied()).collect();
    if !otherwise.is_empty() {
        lines.push(capital(&format!("{}.", otherwise.join("; "))));
    }
    if !spelled.left_out.is_empty() {
        let names: Vec<&str> = spelled.left_out.keys().map(String::as_str).collect();
        lines.push(format!("Left out: {}.", names.join(", ")));
    }
    lines.join("\n")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Makes the name of a program a part of a file's name.
fn word(program: &str) -> String {
    let kept = program.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    kept.collect::<String>().trim_matches('-').into()
}

/// Names what a program does in a life, in a few words.
fn what_it_does(calls: &[&log::Call]) -> String {
    const WORDS: &[(&str, &[&str])] = &[
        ("new", &["SSL_SESSION_new"]),
        ("told", &["callback:new"]),
        ("finds", &["callback:get"]),
        ("takes", &["SSL_get1_session"]),
        ("borrows", &["SSL_get_session"]),
        ("dups", &["SSL_SESSION_dup"]),
        ("writes", &["i2d_SSL_SESSION", "PEM_write_bio_SSL_SESSION"]),
        ("reads", &["d2i_SSL_SESSION", "d2i_SSL_SESSION_ex", "PEM_read_bio_SSL_SESSION"]),
        ("caches", &["SSL_CTX_add_session"]),
        ("sets", &["SSL_set_session"]),
    ];
    let names: BTreeSet<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    let shakes =
        |place: usize| calls.iter().any(|call| call.name == "handshake" && call.integers().get(place) == Some(&1));
    let side = names.contains("handshake").then(|| if shakes(0) { "server" } else { "client" });
    let words = WORDS.iter().filter(|(_, of)| of.iter().any(|name| names.contains(name))).map(|(word, _)| *word);
    let words: Vec<&str> = side.into_iter().chain(words).chain(shakes(2).then_some("resumes")).collect();
    if words.is_empty() { "settings".into() } else { words.join("-") }
}

//! What goes to the two streams: results to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::exit::Exit;
use super::{disk, progress};

static LOST: AtomicBool = AtomicBool::new(false);
/// Says whether standard output is for objects alone, whether there was one, and what went wrong.
static OBJECTS: AtomicBool = AtomicBool::new(false);
static TOLD: AtomicBool = AtomicBool::new(false);
static ERRORS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Prints objects alone on standard output from now on.
pub(super) fn objects_alone() {
    OBJECTS.store(true, Relaxed);
}

/// Tells whether objects are printed alone.
pub(super) fn is_of_objects() -> bool {
    OBJECTS.load(Relaxed)
}

/// Prints an object as one line.
pub(super) fn object(object: &serde_json::Value) {
    TOLD.store(true, Relaxed);
    result(object);
}

/// Prints what went wrong as an object, where objects are printed and none was.
pub(super) fn end(exit: Exit) {
    if is_of_objects() && !TOLD.load(Relaxed) {
        let errors = std::mem::take(&mut *ERRORS.lock().unwrap_or_else(PoisonError::into_inner));
        object(&serde_json::json!({ "error": errors.join("\n"), "exit": exit as u8 }));
    }
}

/// Prints a result. A reader that has gone away is no error: `sessdiff ... | head`.
pub(super) fn result(text: impl Display) {
    written(progress::aside(|| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush())
    }));
}

/// Books how writing a result to standard output went.
pub(super) fn written(result: std::io::Result<()>) {
    match result {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => lose(format_args!("standard output: {why}")),
        Ok(()) | Err(_) => {}
    }
}

/// Says that a result could not be written, once in a command.
pub(super) fn lose(why: impl Display) {
    if !LOST.swap(true, Relaxed) {
        error(why);
    }
}

/// Tells whether a result could not be written.
pub(super) fn lost() -> bool {
    LOST.load(Relaxed)
}

/// Checks that a result can be written to a file, before it is known. One that is there stays, unless it is to be replaced.
pub(super) fn ready(path: &Path, replace: bool) -> Result<(), Exit> {
    if path.is_file() && !replace {
        return Err(usage(format_args!("{}: is there already; `--force` replaces it", path.display())));
    }
    let tried = if path.exists() { Ok(()) } else { disk::try_file(path) };
    tried.map_err(|error| usage(format_args!("{}: {error}", path.display())))
}

/// Writes a result to a file.
pub(super) fn file(path: &Path, text: &str) -> Result<(), Exit> {
    disk::write(path, text).map_err(|error| usage(format_args!("{}: {error}", path.display())))
}

/// Spells a word as a shell takes it.
pub(super) fn quoted(word: impl Display) -> String {
    let word = word.to_string();
    // Only what has a zero in it cannot be quoted, and no argument has.
    shlex::try_quote(&word).map_or_else(|_| word.clone(), |quoted| quoted.into_owned())
}

/// Prints one line about what went wrong.
pub(super) fn error(text: impl Display) {
    ERRORS.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_string());
    note(format_args!("error: {text}"));
}

/// Prints what is wrong with what a command was given, and returns the exit code.
pub(super) fn usage(text: impl Display) -> Exit {
    error(text);
    Exit::Usage
}

/// Prints something that is not a result.
pub(super) fn note(text: impl Display) {
    progress::aside(|| drop(writeln!(std::io::stderr().lock(), "{text}")));
}

/// Colours `text` red, where that is allowed.
pub(super) fn red(text: &str) -> String {
    coloured(31, text)
}

/// Colours `text` green, where that is allowed.
pub(super) fn green(text: &str) -> String {
    coloured(32, text)
}

/// Colours the first line of a finding red, where that is allowed.
pub(super) fn headed(text: &str) -> String {
    match text.split_once('\n') {
        Some((first, rest)) => format!("{}\n{rest}", red(first)),
        None => red(text),
    }
}

fn coloured(colour: u8, text: &str) -> String {
    let may = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if may { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.into() }
}

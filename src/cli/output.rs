//! What goes to the two streams: results to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a result. A reader that has gone away is no error: `sessdiff ... | head`.
pub(super) fn result(text: impl Display) {
    let mut out = std::io::stdout().lock();
    written(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// Books how writing a result to standard output went.
pub(super) fn written(result: std::io::Result<()>) {
    match result {
        Err(why) if why.kind() != ErrorKind::BrokenPipe && !LOST.swap(true, Relaxed) => {
            error(format_args!("standard output: {why}"));
        }
        Ok(()) | Err(_) => {}
    }
}

/// Tells whether a result could not be written.
pub(super) fn lost() -> bool {
    LOST.load(Relaxed)
}

/// Spells a word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    // Only what has a zero in it cannot be quoted, and no argument has.
    shlex::try_quote(word).map_or_else(|_| word.to_string(), |quoted| quoted.into_owned())
}

/// Prints one line about what went wrong.
pub(super) fn error(text: impl Display) {
    note(format_args!("error: {text}"));
}

/// Prints something that is not a result.
pub(super) fn note(text: impl Display) {
    let mut err = std::io::stderr().lock();
    drop(writeln!(err, "{text}"));
}

/// Tells whether standard output may be coloured.
pub(super) fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Colours `text` red, where that is allowed.
pub(super) fn red(text: &str) -> String {
    if colour() { format!("\x1b[31m{text}\x1b[0m") } else { text.into() }
}

/// Colours `text` green, where that is allowed.
pub(super) fn green(text: &str) -> String {
    if colour() { format!("\x1b[32m{text}\x1b[0m") } else { text.into() }
}

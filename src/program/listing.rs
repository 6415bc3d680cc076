//! Finds a program in a text: in a case, or in what was copied with a case in it.

use super::repeat::{Calls, REPEAT};
use super::{MARKER, Program};
use crate::op::{Cursor, Expected, TextError};

/// The lines of a program, with their numbers in the text that they stand in.
pub(super) struct Listing<'a> {
    lines: Vec<(usize, &'a str)>,
}

impl<'a> Listing<'a> {
    /// Finds the first program: it begins with the line that is the marker, however far that is indented. What is before it is
    /// left out. Where that is more than empty lines, the text was copied from somewhere, such as the block of a finding, and
    /// the program ends before the first paragraph that does not begin with a call.
    ///
    /// # Errors
    /// No line is the marker.
    pub fn find(text: &'a str) -> Result<Listing<'a>, TextError> {
        // Some editors put a byte order mark first.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let Some(marker) = text.lines().position(|line| line.trim() == MARKER) else {
            return Err(TextError { line: 1, column: 1, expected: Expected::Marker, found: String::new() });
        };
        let copied = text.lines().take(marker).any(|line| !line.trim().is_empty());
        let mut lines: Vec<_> = (1..).zip(text.lines()).skip(marker + 1).collect();
        if copied {
            lines.truncate(copied_length(&lines));
        }
        Ok(Listing { lines })
    }

    /// Returns the comment right below the marker, without `#`.
    pub fn comment(&self) -> String {
        let comment = self.lines.iter().map_while(|(_, line)| line.trim_start().strip_prefix('#'));
        comment.map(str::trim).collect::<Vec<_>>().join("\n")
    }

    /// Reads the calls: every line is a call, a comment or empty.
    ///
    /// # Errors
    /// All that is wrong, in order, each with its line.
    pub fn program(&self) -> Result<Program, Vec<(TextError, &'a str)>> {
        let (mut calls, mut wrong) = (Calls::default(), Vec::new());
        for (number, line) in &self.lines {
            if let Err(error) = calls.read(*number, line) {
                wrong.push((error, *line));
                if calls.is_full() {
                    break;
                }
            }
        }
        if let (true, Some((number, line))) = (calls.is_open(), self.lines.last()) {
            wrong.push((Cursor::new(*number, line).error(Expected::Char('}')), *line));
        }
        if wrong.is_empty() { Ok(Program { ops: calls.take() }) } else { Err(wrong) }
    }
}

/// Counts the lines before the first paragraph that does not begin with a call, or before the end of a block in Markdown.
fn copied_length(lines: &[(usize, &str)]) -> usize {
    let mut after_empty = false;
    let ends = lines.iter().position(|(_, line)| {
        let line = line.trim();
        let ends =
            line.starts_with("```") || after_empty && !(line.is_empty() || line.starts_with('#') || is_call(line));
        after_empty = line.is_empty();
        ends
    });
    ends.unwrap_or(lines.len())
}

/// Tells whether a line looks like a call: `word(` or `word = word(`; or begins or ends a repetition.
fn is_call(line: &str) -> bool {
    let mut cursor = Cursor::new(0, line);
    let mut word = cursor.word();
    if word == REPEAT || line.trim() == "}" {
        return true;
    }
    if cursor.accept('=') {
        word = cursor.word();
    }
    !word.is_empty() && cursor.accept('(')
}

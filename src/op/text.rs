//! Reads a program's text: a cursor over one line, and errors that say where.

use std::fmt;

use super::operand::Operand;

/// What would have been right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `#! sessdiff 1`
    Marker,
    /// This character.
    Char(char),
    /// A variable of this kind, in words.
    Variable(&'static str),
    /// A variable of this kind, in words, or `NULL`.
    VariableOrNull(&'static str),
    /// A function of the table.
    Function,
    /// `sN = ` before a call that makes something.
    Result,
    /// No `sN = ` before a call that makes nothing.
    NoResult,
    /// An integer, decimal or `0x`, between these limits.
    Integer {
        /// The smallest.
        min: i128,
        /// The largest.
        max: i128,
    },
    /// An integer between these limits, or one of these words.
    IntegerOr {
        /// The smallest.
        min: i128,
        /// The largest.
        max: i128,
        /// The words.
        words: &'static [&'static str],
    },
    /// `"..."`, `x"..."` or `NULL`
    Bytes,
    /// Two hexadecimal digits.
    Hex,
    /// `\\`, `\"`, `\n`, `\t`, `\r`, `\0` or `\xNN`
    Escape,
    /// A string of at most [`super::MAX_BYTES`] bytes.
    ShorterBytes,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The end of the line or a comment.
    End,
    /// At most this many calls.
    FewerCalls(usize),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Marker => f.write_str("the line `#! sessdiff 1` before the calls"),
            Expected::Char(wanted) => write!(f, "`{wanted}`"),
            Expected::Variable(kind) => f.write_str(kind),
            Expected::VariableOrNull(kind) => write!(f, "{kind}, or NULL"),
            Expected::Function => f.write_str("a function of the table of operations"),
            Expected::Result => f.write_str("a slot for the result: `s0 = ...`"),
            Expected::NoResult => f.write_str("no slot for a result: this call makes nothing"),
            Expected::Integer { min, max } => write!(f, "an integer from {min} to {max}"),
            Expected::IntegerOr { min, max, words } => {
                write!(f, "an integer from {min} to {max}, or one of {}", words.join(", "))
            }
            Expected::Bytes => f.write_str("a byte string, \"...\" or x\"...\", or NULL"),
            Expected::Hex => f.write_str("two hexadecimal digits"),
            Expected::Escape => f.write_str("one of the escapes \\\\ \\\" \\n \\t \\r \\0 \\xNN"),
            Expected::ShorterBytes => write!(f, "a byte string of at most {} bytes", super::MAX_BYTES),
            Expected::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Expected::End => f.write_str("the end of the line"),
            Expected::FewerCalls(limit) => write!(f, "at most {limit} calls"),
        }
    }
}

/// Where a program's text is wrong: line and column count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: expected {expected}{}", instead(*expected, found))]
pub struct TextError {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// What would have been right.
    pub expected: Expected,
    /// The word or the character that stands there; empty at the end of the line.
    pub found: String,
}

/// Names a word that there is not, and the one that may have been meant.
fn instead(expected: Expected, found: &str) -> String {
    let meant = match expected {
        Expected::Function => nearest(found, super::Kind::ALL.iter().map(|kind| kind.in_text())),
        Expected::OneOf(words) | Expected::IntegerOr { words, .. } => nearest(found, words.iter().copied()),
        Expected::Marker
        | Expected::Char(_)
        | Expected::Variable(_)
        | Expected::VariableOrNull(_)
        | Expected::Result
        | Expected::NoResult
        | Expected::Integer { .. }
        | Expected::Bytes
        | Expected::Hex
        | Expected::Escape
        | Expected::ShorterBytes
        | Expected::End
        | Expected::FewerCalls(_) => return String::new(),
    };
    if found.is_empty() {
        return String::new();
    }
    let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!(", not `{found}`{meant}")
}

/// Finds the name that takes the fewest changes, if less than a third of the letters have to be changed. Large and small letters, and
/// the parentheses of a call, are no change.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    all_near(word, names, 1).pop()
}

/// Returns the names that are least changed, if they are hardly changed: no more than so many, the nearest first.
pub(crate) fn all_near<'a>(word: &str, names: impl Iterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let plain = |name: &str| name.trim_end_matches("()").to_ascii_lowercase();
    let word = plain(word);
    let changes = names.map(|name| (strsim::damerau_levenshtein(&word, &plain(name)), name));
    let mut near: Vec<(usize, &str)> = changes.filter(|(changes, _)| changes * 3 < word.len()).collect();
    near.sort_by_key(|(changes, _)| *changes);
    near.into_iter().map(|(_, name)| name).take(most).collect()
}

/// A place in one line of text.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    line: usize,
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Begins at the start of `text`, which is line number `line`.
    pub fn new(line: usize, text: &'a str) -> Cursor<'a> {
        Cursor { line, text, at: 0 }
    }

    /// Makes an error at this place.
    pub fn error(&self, expected: Expected) -> TextError {
        let mut ahead = self.clone();
        let word = ahead.word();
        let found = if word.is_empty() { ahead.next_char().map(String::from).unwrap_or_default() } else { word.into() };
        TextError { line: self.line, column: self.text[..self.at].chars().count() + 1, expected, found }
    }

    /// Passes white space, and tells whether nothing but a comment is left.
    pub fn at_end(&mut self) -> bool {
        self.skip_space();
        self.rest().is_empty() || self.rest().starts_with('#')
    }

    /// Passes `wanted`, or fails at this place.
    pub fn expect(&mut self, wanted: char) -> Result<(), TextError> {
        if self.accept(wanted) { Ok(()) } else { Err(self.error(Expected::Char(wanted))) }
    }

    /// Passes `wanted` if it is next, after white space, and tells whether it was.
    pub fn accept(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Takes the next word: letters, digits, `_`; empty if there is none. A sign may lead.
    pub fn word(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        let signed = usize::from(rest.starts_with(['-', '+']));
        let len = rest[signed..]
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(rest.len(), |length| length + signed);
        self.at += len;
        &rest[..len]
    }

    /// Reads `NULL`, if that is what follows.
    pub(super) fn accept_null(&mut self) -> bool {
        let mut ahead = self.clone();
        let follows = ahead.word() == "NULL";
        if follows {
            *self = ahead;
        }
        follows
    }

    /// Reads a word with `read`; if that yields nothing, the cursor stays and the error points here.
    pub fn word_as<T>(&mut self, expected: Expected, read: impl FnOnce(&str) -> Option<T>) -> Result<T, TextError> {
        self.skip_space();
        let before = self.at;
        let word = self.word();
        read(word).ok_or_else(|| {
            self.at = before;
            self.error(expected)
        })
    }

    /// Reads an integer, decimal or hexadecimal, within limits.
    pub fn integer(&mut self, min: i128, max: i128) -> Result<i128, TextError> {
        self.word_as(Expected::Integer { min, max }, |word| {
            let (negative, digits) = word.strip_prefix('-').map_or((false, word), |digits| (true, digits));
            let value = match digits.strip_prefix("0x") {
                Some(hex) => i128::from(u64::from_str_radix(hex, 16).ok()?),
                None if digits.starts_with(|c: char| c.is_ascii_digit()) => i128::from(digits.parse::<u64>().ok()?),
                None => return None,
            };
            let value = if negative { -value } else { value };
            (min..=max).contains(&value).then_some(value)
        })
    }

    /// Takes the next character, whatever it is.
    pub fn next_char(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Reads two hexadecimal digits.
    pub fn hex_byte(&mut self) -> Result<u8, TextError> {
        let byte = self.rest().get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let Some(byte) = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            return Err(self.error(Expected::Hex));
        };
        self.at += 2;
        Ok(byte)
    }

    /// Returns where `sN` is, if the line starts with `sN =`, and passes both.
    pub fn result(&mut self) -> Result<Option<Cursor<'a>>, TextError> {
        let mut ahead = self.clone();
        ahead.word();
        if !ahead.accept('=') {
            return Ok(None);
        }
        let slot = self.clone();
        self.word();
        self.expect('=')?;
        Ok(Some(slot))
    }

    /// Tells whether the second operand of a call is a block.
    pub(super) fn has_block(&self) -> bool {
        let mut ahead = self.clone();
        let opens = ahead.accept('(');
        ahead.word();
        opens && ahead.accept(',') && ahead.accept('{')
    }

    /// Tells whether the first operand of a call is a word that begins so.
    pub(super) fn has_word(&self, start: &str) -> bool {
        let mut ahead = self.clone();
        ahead.accept('(') && ahead.word().starts_with(start)
    }

    /// Passes white space.
    pub fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

/// Reads and writes operands with a comma before each but the first.
#[derive(Default)]
pub(super) struct Separated {
    any: bool,
}

impl Separated {
    pub fn next<T: Operand>(&mut self, cursor: &mut Cursor<'_>) -> Result<T, TextError> {
        if std::mem::replace(&mut self.any, true) {
            cursor.expect(',')?;
        }
        T::parse(cursor)
    }

    pub fn print<T: Operand>(&mut self, operand: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if std::mem::replace(&mut self.any, true) {
            f.write_str(", ")?;
        }
        operand.print(f)
    }

    pub fn end(self, cursor: &mut Cursor<'_>) -> Result<(), TextError> {
        cursor.expect(')')
    }
}

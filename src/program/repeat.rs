//! Repetition in text: `repeat 255 {`, calls, `}`. It is written out where it is read: a program has nothing but calls, in each form.

use super::{MAX_OPS, read_line};
use crate::op::{Cursor, Expected, Op, TextError};

/// Begins a repetition.
pub(super) const REPEAT: &str = "repeat";

/// Says what a line of a program is.
enum Line {
    /// Is empty, or a comment.
    Nothing,
    Call(Op),
    /// Begins what is made so many times.
    Opens(usize),
    /// Ends it.
    Closes,
}

/// Collects the calls of a text, line by line.
#[derive(Default)]
pub(super) struct Calls {
    ops: Vec<Op>,
    /// Says how many times the calls from a place on are made, and in which line that stands.
    open: Option<(usize, usize)>,
}

impl Calls {
    /// Reads a line.
    ///
    /// # Errors
    /// Refuses what is no line of a program, a repetition within another one, an end of none, and more calls than a program has. The line
    /// is then left out.
    pub fn read(&mut self, number: usize, line: &str) -> Result<(), TextError> {
        let wrong = |expected| Err(Cursor::new(number, line).error(expected));
        match (read(number, line)?, self.open) {
            (Line::Nothing, _) => Ok(()),
            (Line::Call(_), _) if self.ops.len() == MAX_OPS => wrong(Expected::FewerCalls(MAX_OPS)),
            (Line::Call(op), _) => {
                self.ops.push(op);
                Ok(())
            }
            (Line::Opens(times), None) => {
                self.open = Some((times, self.ops.len()));
                Ok(())
            }
            (Line::Opens(_), Some(_)) => wrong(Expected::Char('}')),
            (Line::Closes, None) => wrong(Expected::Function),
            (Line::Closes, Some((times, from))) => {
                self.open = None;
                let calls = self.ops.len() - from;
                if from + calls.saturating_mul(times) > MAX_OPS {
                    return wrong(Expected::FewerCalls(MAX_OPS));
                }
                let once = self.ops[from..].to_vec();
                self.ops.extend((1..times).flat_map(|_| once.iter().cloned()));
                Ok(())
            }
        }
    }

    /// Tells whether no more calls can be read.
    pub fn is_full(&self) -> bool {
        self.ops.len() == MAX_OPS
    }

    /// Tells whether a repetition has begun that has not ended.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Returns the calls.
    pub fn take(self) -> Vec<Op> {
        self.ops
    }
}

/// Reads one line.
fn read(number: usize, line: &str) -> Result<Line, TextError> {
    let mut cursor = Cursor::new(number, line);
    let mut ahead = cursor.clone();
    let read = if ahead.word() == REPEAT {
        let times = ahead.integer(1, MAX_OPS as i128)?;
        ahead.expect('{')?;
        Line::Opens(times as usize) // within limits
    } else if cursor.accept('}') {
        ahead = cursor;
        Line::Closes
    } else {
        return Ok(read_line(number, line)?.map_or(Line::Nothing, Line::Call));
    };
    if ahead.at_end() { Ok(read) } else { Err(ahead.error(Expected::End)) }
}

//! Operands that are times.

use std::fmt;

use super::super::text::{Cursor, TextError};
use super::super::wire::Wire;
use super::shrink::nearer;
use super::{Operand, Shrink};

/// Seconds since 1970, or from the program's clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Time {
    /// Seconds since 1970.
    At(i64),
    /// So many seconds after now.
    Now(i64),
}

impl Operand for Time {
    fn form() -> String {
        "seconds since 1970, `now`, or `now` with an offset in seconds: `now +300`".into()
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        let (tag, seconds) = match self {
            Time::At(seconds) => (0, seconds),
            Time::Now(offset) => (1, offset),
        };
        out.push(tag);
        seconds.put_wire(out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
        let tag = wire.byte()?;
        let seconds = i64::take_wire(wire)?;
        Some(if tag % 2 == 0 { Time::At(seconds) } else { Time::Now(seconds) })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Time::At(seconds) => write!(f, "{seconds}"),
            Time::Now(0) => f.write_str("now"),
            Time::Now(offset) => write!(f, "now {offset:+}"),
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
        let mut ahead = cursor.clone();
        if ahead.word() != "now" {
            return i64::parse(cursor).map(Time::At);
        }
        *cursor = ahead.clone();
        let sign = if ahead.accept('+') {
            1
        } else if ahead.accept('-') {
            -1
        } else {
            return Ok(Time::Now(0));
        };
        *cursor = ahead;
        let limit = if sign > 0 { i128::from(i64::MAX) } else { -i128::from(i64::MIN) };
        Ok(Time::Now((cursor.integer(0, limit)? * sign) as i64)) // within the limits just given
    }
}

impl Shrink for Time {
    fn shrink(&self) -> Vec<Time> {
        match self {
            Time::At(seconds) => nearer((*seconds).into()).map(|seconds| Time::At(seconds as i64)).collect(),
            Time::Now(offset) => {
                let nearer = nearer((*offset).into()).map(|offset| Time::Now(offset as i64));
                [Time::At(0), Time::At(1)].into_iter().chain(nearer).collect()
            }
        }
    }
}

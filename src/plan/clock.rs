//! The clock of a program: it stands still, but for what the program sets.

use crate::op::Time;

/// Gives the time at which every program starts, in microseconds since 1970: some past a second, which 3.2 and later keep.
pub const START_MICROS: u64 = 1_700_000_000_250_000;
/// Gives [`START_MICROS`] in whole seconds.
pub const START_SECONDS: i64 = (START_MICROS / 1_000_000) as i64;

/// Returns seconds since 1970, where so many have passed since the program began.
pub(crate) fn seconds(time: Time, passed: u64) -> i64 {
    match time {
        Time::At(seconds) => seconds,
        Time::Now(offset) => START_SECONDS.wrapping_add(passed as i64).wrapping_add(offset),
    }
}

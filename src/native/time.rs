//! Session time and timeout: each OpenSSL release line has its own arithmetic.

use std::cmp::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

const SECOND: u64 = 1_000_000_000;

/// Tells a library the time.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Reads the operating system's clock.
    System,
    /// Reads another one.
    Read(
        /// Returns the time, microseconds since 1970.
        fn() -> u64,
    ),
    /// Stands still.
    Frozen {
        /// Holds the time, microseconds since 1970.
        micros: u64,
    },
}

impl Clock {
    /// Returns the time, microseconds since 1970.
    pub(super) fn micros(self) -> u64 {
        match self {
            Clock::System => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64),
            Clock::Read(micros) => micros(),
            Clock::Frozen { micros } => micros,
        }
    }
}

/// Says how a release line keeps seconds and adds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeRule {
    /// Keeps the `long` as given, and makes the sum only to compare it: 1.1.1.
    Stored,
    /// Keeps signed seconds, and an overflow flag for positive times: 3.0.0-3.0.14, 3.1.0-3.1.6.
    Clamped,
    /// Keeps signed seconds, and wraps the sum at `INT64_MAX` and flags it: 3.0.15 on, 3.1.7 on.
    Split,
    /// Keeps unsigned nanoseconds. Seconds wrap when they are converted, and the sum saturates: 3.2 on.
    Ticks,
}

impl TimeRule {
    /// Converts seconds to what the session keeps.
    #[inline]
    pub fn keep(self, seconds: i64) -> u64 {
        match self {
            TimeRule::Stored | TimeRule::Clamped | TimeRule::Split => seconds as u64,
            // ossl_time_from_time_t, ossl_seconds2time (include/internal/time.h, 3.6.3)
            TimeRule::Ticks => (seconds as u64).wrapping_mul(SECOND),
        }
    }

    /// Converts the timeout of a stored session, seconds, to what the session keeps: where `ssl_session_calculate_timeout` is from
    /// 3.0.0 to 3.0.14, it makes a negative one 0.
    pub fn keep_stored_timeout(self, seconds: i64) -> u64 {
        match self {
            TimeRule::Clamped => self.keep(seconds.max(0)),
            TimeRule::Stored | TimeRule::Split | TimeRule::Ticks => self.keep(seconds),
        }
    }

    /// Converts a kept value to the seconds that a getter returns.
    #[inline]
    pub fn seconds(self, kept: u64) -> i64 {
        match self {
            TimeRule::Stored | TimeRule::Clamped | TimeRule::Split => kept as i64,
            TimeRule::Ticks => (kept / SECOND) as i64,
        }
    }

    /// Returns the part of a kept value that is no whole second, in nanoseconds. It is 0 where only seconds are kept.
    pub fn fraction(self, kept: u64) -> u64 {
        match self {
            TimeRule::Stored | TimeRule::Clamped | TimeRule::Split => 0,
            TimeRule::Ticks => kept % SECOND,
        }
    }

    /// Converts a clock's microseconds to what a session keeps.
    pub fn now(self, micros: u64) -> u64 {
        match self {
            TimeRule::Stored | TimeRule::Clamped | TimeRule::Split => micros / 1_000_000,
            TimeRule::Ticks => micros.wrapping_mul(1_000),
        }
    }

    /// Compares two ends, the later one being greater: `timeoutcmp`.
    pub fn compare(self, a: Expiry, b: Expiry) -> Ordering {
        match self {
            TimeRule::Stored | TimeRule::Clamped | TimeRule::Split => {
                a.beyond.cmp(&b.beyond).then((a.at as i64).cmp(&(b.at as i64)))
            }
            TimeRule::Ticks => a.at.cmp(&b.at),
        }
    }

    /// Returns whether at this time, as sessions keep it, a session with this end has expired: `timeout`, `sess_timedout`. In its
    /// last second it has not.
    pub fn is_expired(self, now: u64, end: Expiry) -> bool {
        match self {
            TimeRule::Stored | TimeRule::Clamped | TimeRule::Split => !end.beyond && now as i64 > end.at as i64,
            TimeRule::Ticks => now > end.at,
        }
    }

    /// Adds time and timeout, as they are kept: `ssl_session_calculate_timeout`.
    #[inline]
    pub fn expiry(self, time: u64, timeout: u64) -> Expiry {
        match self {
            TimeRule::Stored => Expiry { at: time.wrapping_add(timeout), beyond: false },
            TimeRule::Clamped => {
                let timeout = (timeout as i64).max(0);
                let at = (time as i64).wrapping_add(timeout);
                Expiry { at: at as u64, beyond: time as i64 > 0 && at < time as i64 }
            }
            TimeRule::Split => {
                let room = (i64::MAX as u64).wrapping_sub(time) as i64;
                if timeout as i64 > room {
                    Expiry { at: (timeout as i64).wrapping_sub(room) as u64, beyond: true }
                } else {
                    Expiry { at: (time as i64).wrapping_add(timeout as i64) as u64, beyond: false }
                }
            }
            TimeRule::Ticks => Expiry { at: time.saturating_add(timeout), beyond: false },
        }
    }
}

/// Holds the sum of time and timeout, in the unit of the release: nanoseconds from 3.2 on, seconds before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Holds `calc_timeout`. Seconds are signed, so cast it to `i64` before comparing for releases before 3.2.
    pub at: u64,
    /// Holds `timeout_ovf`: the sum did not fit, and sorts after every sum that did.
    pub beyond: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_times_wrap_only_where_nanoseconds_are_kept() {
        let round_trip = |rule: TimeRule, seconds| rule.seconds(rule.keep(seconds));
        assert_eq!(round_trip(TimeRule::Stored, -5), -5);
        assert_eq!(round_trip(TimeRule::Split, -5), -5);
        assert_eq!(round_trip(TimeRule::Ticks, -5), 18_446_744_068);
        assert_eq!(round_trip(TimeRule::Ticks, 0x1_2345_6789), 0x1_2345_6789);
        assert_eq!(round_trip(TimeRule::Ticks, 18_446_744_073), 18_446_744_073);
        assert_eq!(round_trip(TimeRule::Ticks, 18_446_744_074), 0, "2^64 nanoseconds are 18446744073.7 seconds");
    }

    #[test]
    fn sums_overflow_as_each_line_does() {
        let huge = i64::MAX as u64;
        assert_eq!(TimeRule::Ticks.expiry(u64::MAX - 1, 5), Expiry { at: u64::MAX, beyond: false });
        assert_eq!(TimeRule::Split.expiry(10, huge), Expiry { at: 10, beyond: true });
        assert_eq!(TimeRule::Split.expiry(10, 300), Expiry { at: 310, beyond: false });
        assert!(TimeRule::Split.expiry(-5i64 as u64, 300).beyond, "a negative time always counts as overflow");
        assert!(TimeRule::Clamped.expiry(10, huge).beyond);
        assert_eq!(TimeRule::Clamped.expiry(10, -3i64 as u64), Expiry { at: 10, beyond: false });
    }

    #[test]
    fn microseconds_survive_only_in_nanoseconds() {
        assert_eq!(TimeRule::Ticks.now(5_000_007), 5_000_007_000);
        assert_eq!(TimeRule::Split.now(5_000_007), 5);
    }
}

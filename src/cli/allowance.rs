//! The time in which the findings of a run are reduced.

use std::time::{Duration, Instant};

/// The least that all findings of a run with `--keep-going` are given after it has explored, where one may take as long, seconds.
const LEAST: u64 = 5;
/// The part of the time for exploring that they are given at most: one in so many.
const SHARE: u32 = 4;
/// Holds the least time that is worth the start of a process.
const WORTH: Duration = Duration::from_secs(1);
/// The least that a C program is given to be compiled and to run.
const TRYING: Duration = Duration::from_secs(3);

/// Tells how long each finding of a run may be reduced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// How long one may take.
    each: Duration,
    /// When the last of them has to end; `None`: none takes time from another.
    until: Option<Instant>,
}

impl Allowance {
    /// Gives each finding as long.
    pub fn of_each(each: Duration) -> Allowance {
        Allowance { each, until: None }
    }

    /// Lets all findings end until then, none of which may take longer than `each`.
    pub fn of_all(each: Duration, until: Instant) -> Allowance {
        Allowance { each, until: Some(until) }
    }

    /// Returns how long the next finding may take: as long as one may, or half of what is left for all. `None`: it is over.
    pub fn next(&self) -> Option<Duration> {
        let Some(until) = self.until else { return Some(self.each) };
        let left = until.saturating_duration_since(Instant::now());
        (left >= WORTH).then(|| self.each.min(left / 2))
    }

    /// Returns how long a C program may take to be compiled and to run, of this at most.
    pub fn trying(&self, most: Duration) -> Duration {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        left.map_or(most, |left| left.max(TRYING).min(most))
    }
}

/// Returns what all findings of a run are given after it has explored for so long: a quarter of that, five seconds at least, and never
/// longer than one of them may take.
pub(super) fn after(explored: Duration, each: Duration) -> Duration {
    (explored / SHARE).max(Duration::from_secs(LEAST)).min(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_shared() {
        let each = Duration::from_secs(30);
        assert_eq!(Allowance::of_each(each).next(), Some(each));
        let left = |seconds| Allowance::of_all(each, Instant::now() + Duration::from_secs(seconds));
        assert_eq!(left(1000).next(), Some(each));
        let half = left(20).next().expect("time");
        assert!(half <= Duration::from_secs(10) && half > Duration::from_secs(9), "{half:?}");
        assert_eq!(left(0).next(), None);
        assert_eq!((left(0).trying(each), left(1000).trying(each)), (TRYING, each));
    }

    #[test]
    fn a_run_is_not_much_longer_than_it_explores() {
        let after = |explored, each| after(Duration::from_secs(explored), Duration::from_secs(each)).as_secs();
        assert_eq!([after(1, 30), after(15, 30), after(60, 30), after(600, 30)], [5, 5, 15, 30]);
        assert_eq!(after(60, 2), 2);
    }
}

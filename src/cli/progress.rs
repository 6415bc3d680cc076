//! Progress on long work: a bar on standard error, where that is a terminal.

use std::fmt;
use std::io::IsTerminal;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the bar moves and ^C is looked for.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// Holds the time after which a run says again how far it is, where there is no bar.
const BEAT: Duration = Duration::from_secs(10);

/// Tells when it is time to say how far a run is, where nobody sees the bar.
pub(super) struct Pulse {
    next: Option<Instant>,
    every: Duration,
}

impl Pulse {
    /// Begins now. `silent`: it never is time.
    pub fn new(silent: bool) -> Pulse {
        Pulse::every(BEAT, silent || std::io::stderr().is_terminal())
    }

    fn every(every: Duration, silent: bool) -> Pulse {
        Pulse { next: (!silent).then(|| Instant::now() + every), every }
    }

    /// Tells whether it is time.
    pub fn beats(&mut self) -> bool {
        let now = Instant::now();
        let beats = self.next.is_some_and(|next| now >= next);
        if beats {
            self.next = Some(now + self.every);
        }
        beats
    }
}

/// Draws what moves, one line.
static LINE: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);
/// The bar of a run, while there is one.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);
/// Shows what is done meanwhile, if it says so.
static PHASE: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the line away while something else is printed, so that no part of it stays behind.
pub(super) fn aside<T>(print: impl FnOnce() -> T) -> T {
    LINE.suspend(print)
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; a line in the default style would do as well.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Makes the bar of a run of this length. What does not fit the terminal is cut off.
pub(super) fn bar(length: u64) -> ProgressBar {
    let bar = LINE.add(ProgressBar::new(length));
    bar.set_style(style("{bar:6} {percent:>3}% {wide_msg}"));
    *lock(&BAR) = Some(bar.clone());
    bar
}

/// Says how far a run is, the most important first.
pub(super) struct Progress {
    /// Seconds until it is over.
    pub left: f64,
    /// Programs a second.
    pub speed: f64,
    pub divergences: u64,
    /// Seconds since a program reached something new.
    pub since_new: f64,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = lock(&PHASE).as_ref().filter(|phase| !phase.is_finished()).map(ProgressBar::message);
        match phase {
            Some(phase) => f.write_str(&phase)?,
            None => write!(f, "{:.0} s left", self.left)?,
        }
        write!(f, ", {:.0}/s, {} found, new {:.0} s ago", self.speed, self.divergences, self.since_new)
    }
}

/// Makes a line for work that says nothing of itself. In a run, the line of the run says what is done.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    if lock(&BAR).as_ref().is_some_and(|bar| !bar.is_finished()) {
        let phase = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(message);
        *lock(&PHASE) = Some(phase.clone());
        return phase;
    }
    let bar = LINE.add(ProgressBar::new_spinner().with_message(message));
    bar.set_style(style("{spinner} {wide_msg}"));
    bar.enable_steady_tick(TICK * 5);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_beats_once_each_time() {
        let mut pulse = Pulse::every(Duration::from_millis(200), false);
        assert!(!pulse.beats());
        std::thread::sleep(Duration::from_millis(250));
        assert!(pulse.beats() && !pulse.beats());
        let mut silent = Pulse::every(Duration::ZERO, true);
        assert!(!silent.beats());
    }
}

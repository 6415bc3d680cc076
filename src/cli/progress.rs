//! Progress on long work: a bar on standard error, where that is a terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar moves and ^C is looked for.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// How often a run says how far it is where there is no bar.
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

/// Makes a bar for work of this length; `None`: nobody knows it.
pub(super) fn bar(length: Option<u64>) -> ProgressBar {
    let bar = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
    // The template is a constant; a bar in the default style would do as well.
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Makes a bar for work that says nothing of itself.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(message);
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

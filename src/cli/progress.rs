//! Progress on long work: a bar on standard error, where that is a terminal.

use std::fmt;
use std::io::IsTerminal;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::BEAT;
use crate::report::so_many;

/// How often the bar moves and ^C is looked for.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// Begins a line in which a part of a run tells the whole what it does.
const TOLD: &str = "\u{1}";

/// When it was last said how far the command is, by whatever part of it; `None`: nothing was begun yet.
static SAID: Mutex<Option<Instant>> = Mutex::new(None);

/// How a command says how far it is, where nobody sees the bar.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// Says it after so many seconds.
    Beats(f64),
    /// Tells it the run that this one is a part of.
    Tells,
}

/// How this command does.
static MANNER: Mutex<Manner> = Mutex::new(Manner::Beats(BEAT));

/// Begins the beat of a command, of so many seconds, before anything in it takes its time. `part`: it is a part of a run, which says
/// what this one tells it.
pub(super) fn begin_with(seconds: f64, part: bool) {
    *lock(&MANNER) = if part { Manner::Tells } else { Manner::Beats(seconds) };
    begin();
}

/// Begins the beat, unless it has begun.
pub(super) fn begin() {
    lock(&SAID).get_or_insert_with(Instant::now);
}

/// Tells when it is time to say how far a command is, where nobody sees the bar. The parts of a command have one beat.
pub(super) struct Pulse {
    every: Option<Duration>,
}

impl Pulse {
    /// Joins the beat of so many seconds, or begins it now. `silent`: it never is time.
    pub fn new(seconds: f64, silent: bool) -> Pulse {
        Pulse::every(seconds, silent || std::io::stderr().is_terminal())
    }

    fn every(seconds: f64, silent: bool) -> Pulse {
        begin();
        Pulse { every: (!silent).then(|| Duration::from_secs_f64(seconds)) }
    }

    /// Tells whether it is time.
    pub fn beats(&self) -> bool {
        let (Some(every), now) = (self.every, Instant::now()) else { return false };
        let mut said = lock(&SAID);
        let beats = said.is_none_or(|said| now.duration_since(said) >= every);
        if beats {
            *said = Some(now);
        }
        beats
    }
}

/// Returns what a line of a part's standard error tells the whole; `None`: it is no such line.
pub(super) fn told(line: &str) -> Option<&str> {
    line.strip_prefix(TOLD)
}

/// Spells what the part does for the whole.
pub(super) fn telling(phase: &str) -> String {
    format!("{TOLD}{phase}")
}

/// Draws what moves, one line.
static LINE: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);
/// The bar of a run, while there is one.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);
/// Lists what is done meanwhile, the oldest first.
static PHASES: Mutex<Vec<Phase>> = Mutex::new(Vec::new());

/// Something that is done in a run, while its line says so.
struct Phase {
    bar: ProgressBar,
    until: Option<Instant>,
    /// The thread that waits for it.
    of: ThreadId,
}

/// Says what a run does besides exploring, if it does: `reducing end/leak: 5 calls, 12 s left`. Where several threads do something, it
/// says of the oldest what it is: `3 at once, the oldest reducing end/leak: 5 calls, 12 s left`.
pub(super) fn phase() -> Option<String> {
    let mut phases = lock(&PHASES);
    phases.retain(|phase| !phase.bar.is_finished());
    let Phase { bar, until, of } = phases.first()?;
    let left =
        until.map(|until| format!(", {:.0} s left", until.saturating_duration_since(Instant::now()).as_secs_f64()));
    let oldest = bar.message() + &left.unwrap_or_default();
    // What a thread does for what it does is no other thing.
    let mut threads = vec![*of];
    phases.iter().for_each(|phase| {
        if !threads.contains(&phase.of) {
            threads.push(phase.of);
        }
    });
    Some(if threads.len() == 1 { oldest } else { format!("{} at once, the oldest {oldest}", threads.len()) })
}

/// Says how far a finding is reduced, until it is dropped.
pub(super) struct Reducing {
    bar: ProgressBar,
    what: String,
    /// When it has to end.
    pub until: Instant,
    pulse: Pulse,
}

impl Reducing {
    /// Begins with a program of so many calls.
    pub fn begin(what: &dyn fmt::Display, calls: usize, until: Instant) -> Reducing {
        let what = format!("reducing {what}");
        let bar = phase_until(&what, Some(until), thread::current().id());
        // In a run, that says it.
        let reducing = Reducing { bar, what, until, pulse: Pulse::new(BEAT, is_in_a_run()) };
        reducing.calls(calls);
        reducing
    }

    /// Notes that so many calls are left.
    pub fn calls(&self, calls: usize) {
        self.bar.set_message(format!("{}: {}", self.what, so_many(calls as u64, "call")));
    }

    /// Returns what is to be said now where nobody sees the bar, if it is time.
    pub fn beat(&self) -> Option<String> {
        let left = self.until.saturating_duration_since(Instant::now()).as_secs_f64();
        self.pulse.beats().then(|| format!("{}, {left:.0} s left", self.bar.message()))
    }
}

impl Drop for Reducing {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Returns the manner of this command.
pub(super) fn manner() -> Manner {
    *lock(&MANNER)
}

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
        match phase() {
            Some(phase) => f.write_str(&phase)?,
            None => write!(f, "{:.0} s left", self.left)?,
        }
        write!(f, ", {:.0}/s, {} found, new {:.0} s ago", self.speed, self.divergences, self.since_new)
    }
}

/// Makes a line for work that says nothing of itself. In a run, the line of the run says what is done.
pub(super) fn spinner(message: &str) -> ProgressBar {
    phase_until(message, None, thread::current().id())
}

/// Tells whether a run shows its line.
pub(super) fn is_in_a_run() -> bool {
    lock(&BAR).as_ref().is_some_and(|bar| !bar.is_finished())
}

/// Makes a line for the work of a thread that has to end then.
pub(super) fn phase_until(message: &str, until: Option<Instant>, of: ThreadId) -> ProgressBar {
    if is_in_a_run() {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(message.to_string());
        lock(&PHASES).push(Phase { bar: bar.clone(), until, of });
        return bar;
    }
    let bar = LINE.add(ProgressBar::new_spinner().with_message(message.to_string()));
    bar.set_style(style("{spinner} {wide_msg}"));
    bar.enable_steady_tick(TICK * 5);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What begins later goes on with the beat of what was before.
    #[test]
    fn a_pulse_beats_once_each_time() {
        let first = Pulse::every(0.3, false);
        assert!(!first.beats());
        std::thread::sleep(Duration::from_millis(200));
        let second = Pulse::every(0.3, false);
        assert!(!second.beats());
        std::thread::sleep(Duration::from_millis(150));
        assert!(second.beats() && !second.beats() && !first.beats());
        assert!(!Pulse::every(0.0, true).beats());
    }

    /// What a thread does for what it does is not counted.
    #[test]
    fn the_oldest_of_several_is_shown() {
        let bar = bar(1);
        let until = Instant::now() + Duration::from_secs(1000);
        let first = Reducing::begin(&"one", 5, until);
        let inner = spinner("inside");
        // The time that is left goes on.
        let told = || phase().and_then(|phase| Some(phase.rsplit_once(", ")?.0.to_string()));
        assert_eq!(told().as_deref(), Some("reducing one: 5 calls"));
        thread::scope(|scope| {
            let other = scope.spawn(|| Reducing::begin(&"other", 7, until));
            let other = other.join().expect("a thread");
            assert_eq!(told().as_deref(), Some("2 at once, the oldest reducing one: 5 calls"));
            inner.finish_and_clear();
            drop(first);
            assert_eq!(told().as_deref(), Some("reducing other: 7 calls"));
            drop(other);
        });
        assert_eq!(phase(), None);
        bar.finish_and_clear();
    }

    #[test]
    fn what_a_part_tells_is_told_from_what_it_says() {
        assert_eq!(told(&telling("reducing")), Some("reducing"));
        assert_eq!(told("reducing"), None);
    }
}

//! Progress on long work: a bar on standard error, where that is a terminal.

use std::sync::atomic::Ordering::Relaxed;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::explore::Shared;
use super::interrupt;

/// How often the bar moves and ^C is looked for.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// Shows progress and carries ^C to the workers until all are done.
pub(super) fn watch<T>(programs: Option<u64>, shared: &Shared, workers: &[ScopedJoinHandle<'_, T>]) {
    let started = Instant::now();
    let bar = match (programs, shared.deadline) {
        (Some(programs), _) => ProgressBar::new(programs),
        (None, Some(deadline)) => ProgressBar::new((deadline - started).as_millis() as u64),
        (None, None) => ProgressBar::no_length(),
    };
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
    // The template is a constant; a bar in the default style would do as well.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    while !workers.iter().all(ScopedJoinHandle::is_finished) {
        if interrupt::came() {
            shared.stop.store(true, Relaxed);
        }
        let done = shared.programs.load(Relaxed);
        let seconds = started.elapsed().as_secs_f64();
        bar.set_position(if programs.is_some() { done } else { started.elapsed().as_millis() as u64 });
        bar.set_message(format!("{done} programs, {:.0}/s", done as f64 / seconds.max(0.001)));
        std::thread::sleep(TICK);
    }
    bar.finish_and_clear();
}

/// A bar for work that says nothing of itself.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(message);
    bar.enable_steady_tick(TICK * 5);
    bar
}

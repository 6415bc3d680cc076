//! Progress on long work: a bar on standard error, where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar moves and ^C is looked for.
pub(super) const TICK: Duration = Duration::from_millis(20);

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

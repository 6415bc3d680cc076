//! Says of what is started, and says nothing of itself, that it is waited for.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::args::BEAT;
use super::output;
use super::progress::{self, Manner, Pulse};

/// How long is waited for something before that is said.
const SOON: Duration = Duration::from_millis(500);

/// Says that something is started that says nothing of itself, where that takes its time, until it is dropped.
pub(super) struct Waiting {
    /// Ends the line where it is dropped.
    ended: Option<Sender<()>>,
    line: Option<JoinHandle<()>>,
}

impl Waiting {
    /// Begins to wait for what this names.
    pub fn begin(what: String) -> Waiting {
        progress::begin();
        let (ended, end) = mpsc::channel();
        let (of, since) = (thread::current().id(), Instant::now());
        let line = thread::spawn(move || {
            // Mostly it takes no time.
            if end.recv_timeout(SOON) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let (manner, in_a_run) = (progress::manner(), progress::is_in_a_run());
            let bar = progress::phase_until(&what, None, of);
            let pulse = Pulse::new(if let Manner::Beats(seconds) = manner { seconds } else { BEAT }, in_a_run);
            while end.recv_timeout(progress::TICK) == Err(RecvTimeoutError::Timeout) {
                let line = format!("{what}, for {:.0} s", since.elapsed().as_secs_f64());
                match manner {
                    Manner::Tells if line != bar.message() && !in_a_run => output::note(progress::telling(&line)),
                    Manner::Beats(_) if pulse.beats() => output::note(&line),
                    Manner::Tells | Manner::Beats(_) => {}
                }
                bar.set_message(line);
            }
            bar.finish_and_clear();
            if let (Manner::Tells, false) = (manner, in_a_run) {
                output::note(progress::telling(""));
            }
        });
        Waiting { ended: Some(ended), line: Some(line) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.ended.take());
        // It says what it has to say before anything else is said.
        self.line.take().and_then(|line| line.join().ok()).unwrap_or_default();
    }
}

//! Work on many things at once, with a line that says how far it is, until ^C.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;

use super::args::BEAT;
use super::progress::{self, Pulse};
use super::{interrupt, output};

/// Does `work` for each item, on so many threads, each with a state of its own. What nobody began before ^C has no answer.
///
/// `what`: what is done, and to what, as in `judged %d of %d programs`: `judged`, `programs`.
pub(super) fn each<Item: Sync, State: Default, Answer: Send>(
    items: &[Item],
    jobs: u16,
    (done_is, called): (&str, &str),
    work: impl Fn(&mut State, usize, &Item) -> Answer + Sync,
) -> Vec<Option<Answer>> {
    let answers: Vec<Mutex<Option<Answer>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let worker = || {
        let mut state = State::default();
        while !interrupt::came() {
            let at = next.fetch_add(1, Relaxed);
            let Some(item) = items.get(at) else { break };
            let answer = work(&mut state, at, item);
            *answers[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            done.fetch_add(1, Relaxed);
        }
    };
    let (bar, pulse) = (progress::bar(items.len() as u64), Pulse::new(BEAT, false));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..usize::from(jobs).min(items.len())).map(|_| scope.spawn(worker)).collect();
        while !workers.iter().all(ScopedJoinHandle::is_finished) {
            let phase = progress::phase().map(|phase| format!("; {phase}")).unwrap_or_default();
            let line = format!("{done_is} {} of {} {called}{phase}", done.load(Relaxed), items.len());
            bar.set_position(done.load(Relaxed) as u64);
            if pulse.beats() {
                output::note(&line);
            }
            bar.set_message(line);
            std::thread::sleep(progress::TICK);
        }
    });
    bar.finish_and_clear();
    answers.into_iter().map(|answer| answer.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

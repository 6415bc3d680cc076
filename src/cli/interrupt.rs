//! ^C: it ends what is being done, not the process, so that what was found is said and kept.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::exit::Exit;
use super::output;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Answers ^C from now on.
pub(super) fn answer() {
    if let Err(error) = ctrlc::set_handler(|| INTERRUPTED.store(true, Relaxed)) {
        output::note(format_args!("^C will lose what was found: {error}"));
    }
}

/// Tells whether there was a ^C.
pub(super) fn came() -> bool {
    INTERRUPTED.load(Relaxed)
}

/// Returns how a command ends that kept what it had.
pub(super) fn exit() -> Exit {
    if came() { Exit::Interrupted } else { Exit::Expected }
}

/// Returns what is set by ^C, for whoever waits elsewhere.
pub(super) fn flag() -> &'static AtomicBool {
    &INTERRUPTED
}

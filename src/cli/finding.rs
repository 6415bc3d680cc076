//! A finding: a program that diverges, and how it is looked at where it does.

use crate::exec::Watch;
use crate::oracle::Signature;
use crate::pair::{Diverged, Look, Pair, Verdict};
use crate::port::Memory;
use crate::program::Program;
use crate::suite::looks;

/// A program that diverges, and how it is looked at where it does.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub program: Program,
    pub diverged: Diverged,
    pub look: Look,
}

/// Returns the same look with everything observed.
pub(super) fn careful(look: Look) -> Look {
    Look { watch: Watch::Blame, ..look }
}

impl Finding {
    pub fn signature(&self) -> Signature {
        self.diverged.divergence.signature()
    }
}

/// Judges `program` in one way after the other, until it does not agree. Returns that way and its verdict, or the last ones.
pub(super) fn judge_every_way(pair: &mut Pair, program: &Program, memories: &[Memory]) -> (Look, Verdict) {
    let mut last = (Look::from(Watch::Fast), Verdict::Nothing);
    for look in looks(memories) {
        last = (look, pair.judge_watching(program, look));
        match &last.1 {
            Verdict::Agree => {}
            Verdict::Diverge(diverged) => {
                last.0.memory = diverged.memory;
                break;
            }
            Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_) => break,
        }
    }
    last
}

/// Judges `program` as [`judge_every_way`] does, and leaves the traces of the very run that the verdict is about. Where nothing
/// differs, that is one more run with everything observed, for two ports that agree side by side leave none.
pub(super) fn judge_and_show(pair: &mut Pair, program: &Program, memories: &[Memory]) -> (Look, Verdict) {
    let (look, verdict) = judge_every_way(pair, program, memories);
    match verdict {
        Verdict::Diverge(_) | Verdict::Known | Verdict::Inconclusive(_) => (look, verdict),
        Verdict::Agree | Verdict::Nothing => match pair.glance(program, careful(look)) {
            Some(diverged) => (careful(look), Verdict::Diverge(Box::new(diverged))),
            None => (look, verdict),
        },
    }
}

//! A finding: a program that diverges, and how it is looked at where it does.

use crate::exec::Watch;
use crate::oracle::Signature;
use crate::pair::{Diverged, Look, Pair, Verdict};
use crate::port::Memory;
use crate::program::Program;

/// A program that diverges, and how it is looked at where it does.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub program: Program,
    pub diverged: Diverged,
    pub look: Look,
}

impl Finding {
    pub fn signature(&self) -> Signature {
        self.diverged.divergence.signature()
    }
}

/// The ways in which one program is looked at, the cheapest first: some differences show in one of them only.
pub(super) fn looks(memories: &[Memory]) -> impl Iterator<Item = Look> {
    let ways = [Watch::Fast, Watch::Ends, Watch::Blame];
    memories.iter().flat_map(move |memory| ways.map(|watch| Look { watch, memory: *memory }))
}

/// The first way of looking in which `program` does not agree; `Agree` or `Nothing` where there is none.
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
            Verdict::Nothing | Verdict::Inconclusive(_) => break,
        }
    }
    last
}

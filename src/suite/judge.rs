//! Judges one case on a pair of ports.

use crate::exec::Watch;
use crate::host::Host;
use crate::native::{Rule, RuleKind};
use crate::op::Kind;
use crate::pair::{Diverged, Inconclusive, Look, Pair, Verdict};
use crate::plan::{Kinds, Skip, Step};
use crate::port::Memory;

use super::Item;

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The port does what the native session does, in every way of looking.
    Pass,
    /// It does something else, seen with this look.
    Fail(Box<Diverged>, Look),
    /// It does what its release does, by faults of that release which a later one has mended.
    Known(Vec<Rule>),
    /// The port lacks these functions, so that not all of the case ran; what ran agreed.
    Unsupported(Vec<Kind>),
    /// The plan leaves out a call, for the release that is tested breaks by it or the native session has no answer; what ran agreed.
    NotModelled,
    /// There is no verdict.
    Inconclusive(NoVerdict),
}

/// Says why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    /// The judge has none.
    #[error(transparent)]
    Judge(#[from] Inconclusive),
    /// No call reached the port.
    #[error("nothing ran: no call reached the port")]
    Nothing,
    /// The port broke in a case before this one, and could not be started again.
    #[error("the port could not be started again after a case before this one")]
    NotStarted,
    /// A call of it hung in enough cases before this one.
    #[error("not run: {} hangs in other cases", .0.name())]
    Hangs(Kind),
}

/// Lists the ways in which one program is looked at, the cheapest first. Some differences show in one of them only.
pub fn looks(memories: &[Memory]) -> impl Iterator<Item = Look> {
    let ways = [Watch::Fast, Watch::Ends, Watch::Blame];
    memories.iter().flat_map(move |memory| ways.map(|watch| Look::in_memory(watch, *memory)))
}

/// Judges a case in each way of looking, in each of these kinds of memory, until one does not agree.
pub fn judge<L: Host, R: Host>(pair: &mut Pair<L, R>, item: &Item, memories: &[Memory]) -> Said {
    pair.take_met();
    let mut breaks = false;
    for look in looks(memories) {
        match pair.judge_watching(&item.program, look) {
            Verdict::Agree => {}
            Verdict::Known => breaks = true,
            Verdict::Diverge(diverged) => {
                let look = diverged.looked_at(look);
                return Said::Fail(diverged, look);
            }
            Verdict::Nothing => break,
            Verdict::Inconclusive(why) => return Said::Inconclusive(why.into()),
        }
    }
    agreed(pair, item, breaks)
}

/// Says what an agreement is worth.
fn agreed<L: Host, R: Host>(pair: &mut Pair<L, R>, item: &Item, breaks: bool) -> Said {
    let skips: Vec<(Kind, Skip)> = {
        let steps = item.program.ops.iter().zip(&pair.plan().steps);
        steps.filter_map(|(op, step)| if let Step::Skip(why) = step { Some((op.kind(), *why)) } else { None }).collect()
    };
    let lacking = skips.iter().filter(|(_, why)| *why == Skip::Unsupported).map(|(kind, _)| *kind);
    let lacking: Kinds = lacking.collect();
    let ran = pair.plan().reaches_library(&item.program, &[]);
    let mended = pair.take_met().iter().filter(|rule| rule.row().kind == RuleKind::Fix);
    let mended: Vec<Rule> = mended.collect();
    if !lacking.is_empty() {
        Said::Unsupported(lacking.iter().collect())
    } else if breaks || !skips.is_empty() {
        Said::NotModelled
    } else if !ran {
        Said::Inconclusive(NoVerdict::Nothing)
    } else if mended.is_empty() {
        Said::Pass
    } else {
        Said::Known(mended)
    }
}

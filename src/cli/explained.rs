//! Finds the rules of a release that explain a difference which `--as fixed` or `--as documented` shows.

use super::args::FollowingChoice;
use super::finding::{Finding, judge_every_way};
use super::lab::Lab;
use crate::native::{Release, Rule, RuleKind, Rules};
use crate::pair::Verdict;
use crate::plan::{Quirks, Skip, Step};
use crate::report::KnownSummary;

/// Returns the rules by which the program of a finding agrees with the release; none, if it differs from it too.
pub(super) fn explained(lab: &Lab, found: &Finding) -> Vec<KnownSummary> {
    if lab.following == FollowingChoice::Released {
        return Vec::new();
    }
    // A port that cannot be started any more explains nothing.
    let Ok(mut pair) = lab.as_released().in_a_child().pair() else { return Vec::new() };
    let (_, verdict) = judge_every_way(&mut pair, &found.program, &[found.look.memory]);
    match verdict {
        Verdict::Agree | Verdict::Known | Verdict::Nothing => {}
        Verdict::Diverge(_) | Verdict::Inconclusive(_) => return Vec::new(),
    }
    let left_out = pair.plan().steps.iter().any(|step| matches!(step, Step::Skip(Skip::Avoided)));
    let quirks = if left_out { pair.plan().setup().quirks } else { Quirks::NONE };
    let met = pair.take_met();
    known(pair.left().release(), met, quirks, lab.following)
}

/// Lists the rules of the release that were met and are not followed where `following` is chosen, and those whose calls were left
/// out.
pub(super) fn known(release: Release, met: Rules, quirks: Quirks, following: FollowingChoice) -> Vec<KnownSummary> {
    let left_out =
        [(Rule::DupKeepsOwner, quirks.copies_keep_owner), (Rule::ClearKeepsRecord, quirks.clear_keeps_record)];
    let left_out = left_out.into_iter().filter_map(|(rule, is)| is.then_some((rule, true)));
    let counts = |rule: &Rule| match rule.row().kind {
        RuleKind::Fix => true,
        RuleKind::Limit => following == FollowingChoice::Documented,
        RuleKind::Change => false,
    };
    let met = met.iter().filter(counts).map(|rule| (rule, false));
    met.chain(left_out).map(|(rule, left_out)| KnownSummary::new(rule, release, left_out)).collect()
}

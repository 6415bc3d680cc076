//! Finds the rules of a release that explain a difference which `--as fixed` or `--as documented` shows.

use super::args::{FollowingChoice, Unfollowed};
use super::finding::{Finding, judge_every_way};
use super::lab::Lab;
use crate::native::{Release, Row, Rule, RuleKind, Rules, for_each_rule};
use crate::oracle::Class;
use crate::pair::{Pair, Verdict};
use crate::plan::{Quirks, Skip, Step};
use crate::program::Case;
use crate::report::KnownSummary;

/// Returns the rules without which the program of a finding does not agree with the release; none, if it differs from it too.
pub(super) fn explained(lab: &Lab, found: &Finding) -> Vec<KnownSummary> {
    if lab.following == FollowingChoice::Released {
        return Vec::new();
    }
    let Some(mut pair) = agrees(&lab.as_released(), found) else { return Vec::new() };
    let quirks = if leaves_out(&pair) { pair.plan().setup().quirks } else { Quirks::NONE };
    let met = pair.take_met();
    // The program of a finding makes these calls.
    let all: Vec<Rule> = rules_of(met, quirks, lab.following).into_iter().map(|(rule, _)| rule).collect();
    let needed: Vec<Rule> = match all.len() {
        0 | 1 => Vec::new(),
        _ => all.iter().copied().filter(|rule| agrees(&without(lab, *rule), found).is_none()).collect(),
    };
    // Where any of two will do, it is one of them.
    let shown = if needed.is_empty() { all } else { needed };
    shown.into_iter().map(|rule| summary(rule, pair.left().release(), false)).collect()
}

/// Returns a lab whose native session does all that the release does, but for one rule; the calls that break the release by it are made.
fn without(lab: &Lab, rule: Rule) -> Lab {
    Lab { without: Some(Unfollowed::Rule(rule)), ..lab.as_released() }
}

/// Gives a finding of `--as documented` the class of what the manual does not say, where its program agrees with the release. What
/// breaks the library keeps its class, and so does what shows in calls that are not made there.
pub(super) fn classed(lab: &Lab, mut found: Finding) -> Finding {
    let may_be = lab.following == FollowingChoice::Documented && !found.diverged.broke();
    if may_be && agrees(&lab.as_released(), &found).is_some_and(|pair| !leaves_out(&pair)) {
        found.diverged.divergence.class = Class::Doc;
    }
    found
}

/// Judges the program of a finding in another lab. Returns the pair that did, if it agrees; a port that cannot be started any more does
/// not.
fn agrees(lab: &Lab, found: &Finding) -> Option<Pair> {
    let mut pair = lab.in_a_child().pair().ok()?;
    match judge_every_way(&mut pair, &found.program, &[found.look.memory]).1 {
        Verdict::Agree | Verdict::Known | Verdict::Nothing => Some(pair),
        Verdict::Diverge(_) | Verdict::Inconclusive(_) => None,
    }
}

/// Tells whether a call was left out because it breaks the release.
fn leaves_out(pair: &Pair) -> bool {
    pair.plan().steps.iter().any(|step| matches!(step, Step::Skip(Skip::Avoided)))
}

/// Lists the rules of the release that were met and are not followed where `following` is chosen, and those whose calls were left
/// out.
pub(super) fn known(release: Release, met: Rules, quirks: Quirks, following: FollowingChoice) -> Vec<KnownSummary> {
    rules_of(met, quirks, following).into_iter().map(|(rule, left_out)| summary(rule, release, left_out)).collect()
}

/// Returns these rules, and which of them have their calls left out.
fn rules_of(met: Rules, quirks: Quirks, following: FollowingChoice) -> Vec<(Rule, bool)> {
    let left_out = [
        (Rule::DupKeepsOwner, quirks.copies_keep_owner),
        (Rule::ClearKeepsRecord, quirks.clear_keeps_record),
        (Rule::AbortedTicketLeaks, quirks.aborted_ticket_leaks),
        (Rule::RefusedCopyLeaks, quirks.refused_copy_leaks),
    ];
    let left_out = left_out.into_iter().filter_map(|(rule, is)| is.then_some((rule, true)));
    let counts = |rule: &Rule| match rule.row().kind {
        RuleKind::Fix => true,
        RuleKind::Limit => following == FollowingChoice::Documented,
        RuleKind::Change => false,
    };
    met.iter().filter(counts).map(|rule| (rule, false)).chain(left_out).collect()
}

/// Sums up a rule that a release has.
fn summary(rule: Rule, release: Release, left_out: bool) -> KnownSummary {
    let row = rule.row();
    KnownSummary {
        id: row.id.into(),
        release: release.to_string(),
        what: row.what.into(),
        function: row.function.into(),
        fixed_in: rule.ends_after(release).map(|end| end.to_string()),
        source: row.source.into(),
        left_out,
    }
}

macro_rules! define_cases {
    ($(#[doc = $what:literal] $rule:ident $id:literal $kind:ident ($since:literal to $until:literal) $function:literal $source:literal;)*) => {
        /// Returns the text of the case that shows a rule.
        fn case_text(rule: Rule) -> &'static str {
            match rule {
                $(Rule::$rule => include_str!(concat!("../../corpus/rules/", $id, ".ops")),)*
            }
        }
    };
}

for_each_rule!(define_cases);

/// Returns a case for each rule that the release has and that is not followed where `following` is chosen.
pub(super) fn cases(release: Release, following: FollowingChoice) -> Vec<Case> {
    let followed = Rules::of(release, following.following());
    let shown = Rules::of(release, FollowingChoice::Released.following()).iter().filter(|rule| !followed.has(*rule));
    shown.map(case).collect()
}

/// Returns the case that shows a rule.
fn case(rule: Rule) -> Case {
    let Row { id, what, .. } = rule.row();
    let program = case_text(rule).parse().expect("a committed case is a program");
    Case { path: format!("corpus/rules/{id}.ops").into(), why: what.into(), program }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_case() {
        for rule in Rule::ALL {
            assert!(!case(*rule).program.ops.is_empty(), "{}", rule.row().id);
        }
    }
}

//! Searches the smallest program that fails as a finding does: asks its port about smaller and smaller ones.

use std::time::Instant;

use super::finding::{Finding, careful};
use super::lab::Lab;
use super::progress::Reducing;
use super::{interrupt, output};
use crate::oracle::{Class, Divergence, Signature};
use crate::pair::{Diverged, Look, Pair};
use crate::program::Program;
use crate::reduce::{Answer, reduce};

/// The least that a call is given while one that hangs is searched, seconds.
const HASTY: f64 = 0.05;
/// The least that it is given while one that returns is searched, seconds.
const QUICK: f64 = 0.25;
/// Holds the seconds after which a program is searched as one that hangs is.
const SLOW: f64 = 0.5;
/// How much longer than the program that was found a call of a smaller one may take.
const LONGER: f64 = 4.0;

/// A finding that was seen in a process of its own.
pub(super) struct Seen {
    pub finding: Finding,
    pub pace: Pace,
}

impl Seen {
    /// Looks once more at what was found, with everything observed. What shows then is kept if it is the same.
    pub fn again(pair: &mut Pair, found: Finding) -> Seen {
        let since = Instant::now();
        let seen = pair.glance(&found.program, careful(found.look));
        let took = since.elapsed().as_secs_f64();
        match seen.filter(|seen| seen.divergence.signature() == found.signature()) {
            Some(diverged) => Seen { finding: Finding { diverged, ..found }, pace: Pace { one_run: true, took } },
            None => Seen { finding: found, pace: Pace { one_run: false, took } },
        }
    }
}

/// How a finding is seen.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// One run with everything observed names the call by itself: it is enough.
    pub one_run: bool,
    /// How long that took, seconds.
    pub took: f64,
}

impl Pace {
    /// Tells whether more than one run takes too much of the time.
    pub fn is_slow(self, found: &Finding) -> bool {
        self.took >= SLOW || found.diverged.divergence.class == Class::Hang
    }
}

/// What a search came to.
pub(super) struct Smallest {
    pub finding: Finding,
    /// The pair that saw it last.
    pub pair: Pair,
    /// There was no time for more.
    pub stopped: bool,
}

/// Searches the smallest program with the signature of `found`, which `pair` has just seen, until then. What is found in haste, or
/// in a process that ran other programs before, is judged once more, alone and with patience; where that answers otherwise, each
/// program gets a process of its own.
pub(super) fn search(lab: &Lab, pair: Pair, seen: Seen, until: Instant, reducing: &Reducing) -> Smallest {
    let Seen { finding: found, pace } = seen;
    let (mut pair, slow) = (pair, pace.is_slow(&found));
    let Way { lab: hasty, wanted, one_run, flips } = way(lab, &mut pair, &found, pace);
    let pair = hasty.pair().unwrap_or(pair);
    let hung = wanted != found.signature();
    let mut smallest = Smallest { finding: found, pair, stopped: false };
    for fresh in [flips, true] {
        let Smallest { finding, pair, .. } = smallest;
        let cold = fresh.then(|| shows_cold(&hasty, &finding, wanted, one_run)).flatten();
        let lab_now = cold.as_ref().unwrap_or(&hasty);
        let search = Search {
            lab: lab_now,
            pair,
            wanted,
            one_run,
            fresh,
            until,
            reducing,
            look: finding.look,
            seen: vec![finding],
        };
        let (seen, pair, stopped) = search.run();
        let all = seen.len();
        let (at, finding, pair) = confirm(lab, slow, hung, pair, seen);
        smallest = Smallest { finding, pair, stopped };
        if stopped || fresh || at + 1 == all {
            break;
        }
    }
    smallest
}

/// Returns the lab whose processes make no calls beforehand, if what was found shows there too: they are started in a fraction of the
/// time.
fn shows_cold(lab: &Lab, found: &Finding, wanted: Signature, one_run: bool) -> Option<Lab> {
    let cold = lab.clone().cold();
    let mut pair = cold.pair().ok()?;
    let seen = match one_run {
        true => pair.glance(&found.program, careful(found.look)),
        false => pair.judge_watching(&found.program, found.look).diverged(),
    };
    seen.filter(|seen| seen.divergence.signature() == wanted).map(|_| cold)
}

/// How smaller programs are asked about.
struct Way {
    /// Has as little patience as is enough.
    lab: Lab,
    /// What shows there.
    wanted: Signature,
    /// One run names the call by itself: it is enough.
    one_run: bool,
    /// The same program was judged twice, with two answers.
    flips: bool,
}

/// Finds out how smaller programs are asked about, with a `pair` that has just seen what was `found`. A call that does not return,
/// or takes its time to fail, is told from the others by the shortest time limit that shows it.
fn way(lab: &Lab, pair: &mut Pair, found: &Finding, pace: Pace) -> Way {
    let wanted = found.signature();
    let step = found.diverged.divergence.step;
    let Pace { one_run, took } = pace;
    let shows = |seen: Option<Diverged>| seen.is_some_and(|seen| seen.divergence.signature() == wanted);
    let flips = !one_run && !shows(pair.judge_watching(&found.program, found.look).diverged());
    let limits = [HASTY, LONGER * HASTY, LONGER * LONGER * HASTY];
    for limit in limits.into_iter().filter(|limit| pace.is_slow(found) && one_run && *limit < lab.limits.time_limit) {
        let hasty = lab.clone().hasty(limit);
        let seen = hasty.pair().ok().and_then(|mut pair| pair.glance(&found.program, careful(found.look)));
        if let Some(Divergence { class: Class::Hang, step: at, .. }) = seen.as_ref().map(|seen| &seen.divergence)
            && *at == step
        {
            let wanted = seen.map_or(wanted, |seen| seen.divergence.signature());
            return Way { lab: hasty, wanted, one_run, flips };
        }
    }
    let limit = (LONGER * took).max(QUICK).min(lab.limits.time_limit);
    Way { lab: lab.clone().hasty(limit), wanted, one_run, flips }
}

/// Judges again what was seen, the smallest first, each in a process of its own, until it is seen again as at first; or, where it was
/// searched as what does not return, until the same call fails, however it does when it has the time. Returns its place too. Where
/// there is no time for that, it is the smallest that was seen as at first.
fn confirm(lab: &Lab, slow: bool, hung: bool, last: Pair, mut seen: Vec<Finding>) -> (usize, Finding, Pair) {
    let signature = seen[0].signature();
    let same = |again: &Diverged| {
        let Divergence { class, .. } = again.divergence;
        let fails = hung && matches!(class, Class::Memory | Class::Hang);
        let found = again.divergence.signature();
        found == signature || fails && found.call == signature.call
    };
    let (mut at, mut back) = (seen.len() - 1, 1);
    while at > 0 {
        // What is left of it may show only where everything is observed.
        for look in [seen[at].look, careful(seen[at].look)] {
            let Ok(mut alone) = lab.pair() else { break };
            let again = match slow {
                true => alone.glance(&seen[at].program, careful(look)),
                false => alone.judge_watching(&seen[at].program, look).diverged(),
            };
            if let Some(diverged) = again.filter(&same) {
                let look = diverged.looked_at(look);
                return (at, Finding { diverged, look, program: seen.swap_remove(at).program }, alone);
            }
        }
        if lab.is_over() || interrupt::came() {
            at = seen.iter().rposition(|seen| seen.signature() == signature).unwrap_or(0);
            break;
        }
        (at, back) = (at.saturating_sub(back), back * 2);
    }
    (at, seen.swap_remove(at), last)
}

/// Asks a port about one program after the other.
struct Search<'a> {
    lab: &'a Lab,
    pair: Pair,
    wanted: Signature,
    /// One run names the call by itself: it is enough.
    one_run: bool,
    /// Each program gets a process of its own.
    fresh: bool,
    until: Instant,
    reducing: &'a Reducing,
    look: Look,
    /// What failed in the same way, the smallest last.
    seen: Vec<Finding>,
}

impl Search<'_> {
    /// Returns what failed in the same way, the smallest last, the pair, and whether there was no time for more.
    fn run(mut self) -> (Vec<Finding>, Pair, bool) {
        let program = self.seen[0].program.clone();
        let setup = self.pair.plan().setup();
        let mut stopped = false;
        reduce(&program, setup, &mut |smaller| {
            let answer = self.ask(smaller);
            stopped |= answer == Answer::Stop;
            if answer == Answer::Same {
                self.reducing.calls(smaller.ops.len());
            }
            answer
        });
        (self.seen, self.pair, stopped)
    }

    fn ask(&mut self, smaller: &Program) -> Answer {
        if interrupt::came() || Instant::now() >= self.until {
            return Answer::Stop;
        }
        self.reducing.beat().into_iter().for_each(output::note);
        if self.fresh {
            match self.lab.pair() {
                Ok(pair) => self.pair = pair,
                Err(_) => return Answer::Stop,
            }
        }
        let look = if self.one_run { careful(self.look) } else { self.look };
        let diverged = match self.one_run {
            true => self.pair.glance(smaller, look),
            false => self.pair.judge_watching(smaller, look).diverged(),
        };
        match diverged.filter(|diverged| diverged.divergence.signature() == self.wanted) {
            Some(diverged) => {
                self.seen.push(Finding { program: smaller.clone(), diverged, look: self.look });
                Answer::Same
            }
            None => Answer::Other,
        }
    }
}

//! Makes a finding small, in processes of its own, so that nothing that ran before plays a part, and within a time that was
//! given for it.

use std::time::{Duration, Instant};

use super::before::join;
use super::exit::Exit;
use super::explained::classed;
use super::finding::{Finding, careful, judge_every_way};
use super::lab::{Lab, LabError};
use super::progress::Reducing;
use super::search::{Pace, Seen, Smallest, search};
use super::{interrupt, output};
use crate::exec::Watch;
use crate::field::Field;
use crate::native::Release;
use crate::op::Slot;
use crate::oracle::Class;
use crate::pair::{Diverged, Inconclusive, Look, Pair, Verdict};
use crate::plan::Ledger;
use crate::port::{Identity, Memory};
use crate::program::{Case, Program};
use crate::reduce::with_new_contexts;
use crate::trace::{Breakage, Signal};

/// How long a program may take when one that hangs is looked at again, seconds.
const PATIENT: f64 = 1.0;
/// The part of the time that is kept for a closer look at the smallest program: one in so many.
const CLOSER_LOOK: u32 = 3;

/// A finding that was reduced on its own, and what it was seen on.
pub(super) struct Reduced {
    pub finding: Finding,
    pub identity: Identity,
    pub release: Release,
}

/// Reduces the finding in a case, for no longer than this. What goes wrong has been printed already; the error is the exit code.
pub(super) fn reduce_case(case: &Case, lab: &Lab, memories: &[Memory], time: Duration) -> Result<Reduced, Exit> {
    let mut pair = lab.pair().map_err(|error| error.say())?;
    let (identity, release) = (pair.right().identity(), pair.left().release());
    let (look, verdict) = judge_every_way(&mut pair, &case.program, memories);
    drop(pair);
    let path = case.path.display();
    let unclear = |why: &dyn std::fmt::Display| {
        output::error(format_args!("{path}: {why}"));
        Exit::Inconclusive
    };
    if matches!(verdict, Verdict::Inconclusive(_)) && interrupt::came() {
        return Err(Exit::Interrupted);
    }
    let diverged = diverged(verdict).map_err(|why| unclear(&why))?;
    let found = Finding { program: case.program.clone(), diverged, look };
    let flaky =
        |second: &str| format!("inconclusive: diverged as {}, then in a fresh process {second}", found.signature());
    let alone = reduce_alone(lab, &found, &[], time).map_err(|error| error.say())?.0;
    if interrupt::came() {
        output::error(format_args!("{path}: interrupted while it was reduced; there may be a smaller program"));
    }
    let finding = match alone {
        Alone::Same(reduced) | Alone::Cause(reduced) | Alone::Joined(reduced, _) => *reduced,
        // It was seen once, and there was no time to see it again.
        Alone::Unclear(Inconclusive::Lost { .. }) if interrupt::came() => found,
        Alone::Agrees => return Err(unclear(&flaky("agreed"))),
        Alone::Other(other) => return Err(unclear(&flaky(&format!("diverged as {}", other.signature())))),
        Alone::Unclear(why) => return Err(unclear(&flaky(&format!("had no verdict: {why}")))),
    };
    Ok(Reduced { finding: classed(lab, finding), identity, release })
}

/// Returns the difference of a verdict, or says why there is none.
pub(super) fn diverged(verdict: Verdict) -> Result<Diverged, String> {
    match verdict {
        Verdict::Diverge(diverged) => Ok(*diverged),
        Verdict::Agree => Err("agrees: nothing diverges here".into()),
        Verdict::Known => Err("agrees up to a fault of the release that is known".into()),
        Verdict::Nothing => Err("nothing ran: no call reached the library".into()),
        Verdict::Inconclusive(why) => Err(format!("inconclusive: {why}")),
    }
}

/// Says what a fresh process makes of a finding. The program of each is the smallest that there is.
pub(super) enum Alone {
    /// The same signature.
    Same(Box<Finding>),
    /// An earlier fault of the same program, in memory that is watched: what was found came of it.
    Cause(Box<Finding>),
    /// A difference of the program joined to so many that ran before it. Alone it agrees.
    Joined(Box<Finding>, usize),
    /// Another signature.
    Other(Box<Finding>),
    /// No difference.
    Agrees,
    /// No verdict.
    Unclear(Inconclusive),
}

/// Judges a finding in a process of its own, joined to what ran `before` if it needs that, and reduces it, for no longer than this.
/// ^C ends the reduction, not more. Returns what came of it, and the pair that was used last.
pub(super) fn reduce_alone(
    lab: &Lab,
    found: &Finding,
    before: &[Program],
    time: Duration,
) -> Result<(Alone, Pair), LabError> {
    let until = Instant::now() + time;
    let reducing = Reducing::begin(&found.signature(), found.program.ops.len(), until);
    // What hung for as long as it was allowed to is not given as long again, each time.
    let hangs = found.diverged.divergence.class == Class::Hang;
    let time_limit = if hangs { lab.limits.time_limit.min(PATIENT) } else { lab.limits.time_limit };
    let patient = lab.in_a_child().hasty(time_limit).until(until);
    let mut pair = patient.pair()?;
    // Contexts of the pool were used before all, to see what the library does. A C program makes its own.
    let renewed = with_new_contexts(&found.program).map(|program| Finding { program, ..found.clone() });
    let with_new = renewed.as_ref().map(|renewed| judge_alone(&mut pair, renewed));
    let needs_pool = matches!(with_new, Some(Err(_)));
    let judged = match with_new {
        Some(Ok(seen)) if seen.finding.signature() == found.signature() => Ok(seen),
        None => judge_alone(&mut pair, found),
        // Something else, too, may be there with new contexts.
        Some(other) => {
            pair = patient.pair()?;
            judge_alone(&mut pair, found).or_else(|why| other.map_err(|_| why))
        }
    };
    let shows = |seen: &Seen| seen.pace.one_run || shows_once(&patient, &seen.finding);
    let is_alone = !needs_pool && judged.as_ref().is_ok_and(shows);
    let joined = if is_alone { None } else { join(&patient, found, before) };
    let (alone, joined) = match (joined, judged) {
        (Some((finding, programs)), _) => {
            // What it left behind is a part of what it is.
            pair = patient.pair()?;
            (Seen::again(&mut pair, finding), Some(programs))
        }
        (None, Ok(alone)) => (alone, None),
        (None, Err(Verdict::Inconclusive(why))) => return Ok((Alone::Unclear(why), pair)),
        (None, Err(Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Diverge(_))) => {
            return Ok((Alone::Agrees, pair));
        }
    };
    let signature = alone.finding.signature();
    let Smaller { smallest, is_cause } = smaller(&patient, pair, alone, until - time / CLOSER_LOOK, &reducing);
    if smallest.stopped && !interrupt::came() {
        let seconds = (time.as_secs_f64() * 10.0).round() / 10.0;
        output::note(format_args!("{signature}: reduced for {seconds} s; there may be a smaller program"));
    }
    let mut pair = smallest.pair;
    let reduced = Box::new(pin_down(&mut pair, smallest.finding));
    let alone = match joined {
        Some(programs) => Alone::Joined(reduced, programs),
        None if is_cause => Alone::Cause(reduced),
        None if signature == found.signature() => Alone::Same(reduced),
        None => Alone::Other(reduced),
    };
    Ok((alone, pair))
}

/// Tells whether one run in a process of its own differs at all. Otherwise it is the run before that matters.
fn shows_once(lab: &Lab, found: &Finding) -> bool {
    let looks = [found.look, careful(found.look)];
    looks.into_iter().any(|look| lab.pair().is_ok_and(|mut pair| pair.glance(&found.program, look).is_some()))
}

/// Judges a finding in a process of its own. What takes its time is looked at once.
fn judge_alone(pair: &mut Pair, found: &Finding) -> Result<Seen, Verdict> {
    let Seen { finding, pace } = Seen::again(pair, found.clone());
    if pace.one_run && pace.is_slow(&finding) {
        return Ok(Seen { finding, pace });
    }
    match pair.judge_watching(&found.program, found.look) {
        Verdict::Diverge(diverged) => {
            let finding = Finding { look: diverged.looked_at(found.look), diverged: *diverged, ..finding };
            // It can be another one.
            Ok(if finding.signature() == found.signature() {
                Seen { finding, pace }
            } else {
                Seen::again(pair, finding)
            })
        }
        verdict @ (Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_)) => Err(verdict),
    }
}

struct Smaller {
    smallest: Smallest,
    /// It is what the finding came of.
    is_cause: bool,
}

/// Searches the smallest program until then, with what the finding came of in place of the finding. Where a run takes its time, that
/// is looked for in the smallest program alone.
fn smaller(lab: &Lab, mut pair: Pair, seen: Seen, until: Instant, reducing: &Reducing) -> Smaller {
    let (is_slow, signature) = (seen.pace.is_slow(&seen.finding), seen.finding.signature());
    let earlier = if is_slow { None } else { cause(lab, &mut pair, &seen.finding) };
    let mut is_cause = earlier.is_some();
    let mut smallest = search(lab, pair, earlier.unwrap_or(seen), until, reducing);
    if is_slow && let Some(cause) = cause(lab, &mut smallest.pair, &smallest.finding) {
        smallest.finding = cause.finding;
    }
    is_cause |= smallest.finding.signature() != signature;
    Smaller { smallest, is_cause }
}

/// Looks for the fault that a finding came of: one of the same program, at the same step or before it, that shows in memory that is
/// watched. A context of the pool is not in such memory; a new one is.
fn cause(lab: &Lab, pair: &mut Pair, found: &Finding) -> Option<Seen> {
    if !lab.watches_memory() || found.look.memory == Memory::Guarded {
        return None;
    }
    let programs = [with_new_contexts(&found.program), Some(found.program.clone())];
    let ways = [Memory::Guarded, Memory::Poisoned].into_iter().filter(|memory| *memory != found.look.memory);
    let mut ways = ways.flat_map(|memory| programs.iter().flatten().map(move |program| (program, memory)));
    ways.find_map(|(program, memory)| {
        let look = Look::in_memory(Watch::Blame, memory);
        let since = Instant::now();
        let diverged = pair.glance(program, look)?;
        let pace = Pace { one_run: true, took: since.elapsed().as_secs_f64() };
        let earlier = diverged.divergence.step <= found.diverged.divergence.step;
        (earlier && diverged.divergence.class == Class::Memory)
            .then(|| Seen { finding: Finding { program: program.clone(), diverged, look }, pace })
    })
}

/// Names the getter in which a port breaks that breaks while a session is observed. The getter is found by calling each one
/// where nothing else is observed. A getter that ends the process or does not return is to blame itself. A wrong access can be
/// the fault of the call before, which left something wrong behind, unless it happens without that call too.
fn pin_down(pair: &mut Pair, found: Finding) -> Finding {
    let step = found.diverged.divergence.step;
    let mishap = found.diverged.mishap.as_ref().filter(|mishap| mishap.step as usize == step);
    let (Some(mishap), Some(op)) = (mishap, found.program.ops.get(step)) else { return found };
    let own_doing = mishap.block.is_none() && !matches!(mishap.breakage, Breakage::Signal(Signal::Segv | Signal::Bus));
    let quiet = Look::in_memory(Watch::Ends, found.diverged.memory);
    let at = |pair: &mut Pair, program: &Program, step: usize| {
        pair.glance(program, quiet).filter(|seen| seen.divergence.step == step && seen.broke())
    };
    if Field::ALL.iter().any(|field| field.getter() == op.kind()) || at(pair, &found.program, step).is_some() {
        return found;
    }
    let before = if own_doing { &found.program.ops[..=step] } else { &found.program.ops[..step] };
    let mut ledger = Ledger::new(pair.plan().setup());
    for op in before {
        ledger.step(op);
    }
    for slot in Slot::all().filter(|slot| ledger.references(*slot) > 0) {
        for getter in Field::ALL.iter().filter_map(|field| field.read_op(slot)) {
            let program = Program { ops: [before, &[getter]].concat() };
            if let Some(diverged) = at(pair, &program, before.len()) {
                return Finding { program, diverged, look: quiet };
            }
        }
    }
    found
}

//! Makes a finding small, in a process of its own, so that nothing that ran before plays a part.

use std::time::{Duration, Instant};

use super::exit::Exit;
use super::finding::{Finding, judge_every_way};
use super::lab::{Lab, LabError};
use super::progress::spinner;
use super::{interrupt, output};
use crate::exec::Watch;
use crate::field::Field;
use crate::op::Slot;
use crate::oracle::Class;
use crate::pair::{Inconclusive, Look, Pair, Verdict};
use crate::plan::Ledger;
use crate::port::Memory;
use crate::program::{Case, Program};
use crate::reduce::{Answer, reduce};
use crate::trace::{Breakage, Signal};

/// How long a program may take while one that hangs is reduced, seconds.
const HASTY: f64 = 0.05;
/// How long it may take when it is looked at again, seconds.
const PATIENT: f64 = 1.0;
/// How long one finding is reduced: then the smallest so far is the result.
const REDUCING: Duration = Duration::from_secs(30);

/// Reduces the finding in a case. What goes wrong has been printed already; the error is the exit code.
pub(super) fn reduce_case(case: &Case, lab: &Lab, memories: &[Memory]) -> Result<Finding, Exit> {
    let mut pair = lab.pair().map_err(|error| error.say())?;
    let (look, verdict) = judge_every_way(&mut pair, &case.program, memories);
    drop(pair);
    let path = case.path.display();
    let unclear = |why: &dyn std::fmt::Display| {
        output::error(format_args!("{path}: {why}"));
        Exit::Inconclusive
    };
    let diverged = match verdict {
        Verdict::Diverge(diverged) => *diverged,
        Verdict::Agree => return Err(unclear(&"agrees: nothing diverges here")),
        Verdict::Known => return Err(unclear(&"agrees up to a fault of the release that is known")),
        Verdict::Nothing => return Err(unclear(&"nothing ran: no call has what it needs")),
        Verdict::Inconclusive(_) if interrupt::came() => return Err(Exit::Interrupted),
        Verdict::Inconclusive(why) => return Err(unclear(&format_args!("inconclusive: {why}"))),
    };
    let found = Finding { program: case.program.clone(), diverged, look };
    let flaky =
        |second: &str| format!("inconclusive: diverged as {}, then in a fresh process {second}", found.signature());
    match reduce_alone(lab, &found).map_err(|error| error.say())? {
        // What was cut short is not the smallest: nobody should take it for that.
        Alone::Same(_) if interrupt::came() => {
            output::error(format_args!("{path}: interrupted while it was reduced; nothing is written"));
            Err(Exit::Interrupted)
        }
        Alone::Same(reduced) => Ok(*reduced),
        Alone::Agrees => Err(unclear(&flaky("agreed"))),
        Alone::Other(other) => Err(unclear(&flaky(&format!("diverged as {}", other.signature())))),
        Alone::Unclear(why) => Err(unclear(&flaky(&format!("had no verdict: {why}")))),
    }
}

/// Says what a fresh process makes of a finding.
pub(super) enum Alone {
    /// The same signature, from this program, the smallest that there is.
    Same(Box<Finding>),
    /// No difference.
    Agrees,
    /// Another signature, and the smallest program that has it.
    Other(Box<Finding>),
    /// No verdict.
    Unclear(Inconclusive),
}

/// Judges a finding in a process of its own, and reduces it there. ^C ends the reduction, not more.
pub(super) fn reduce_alone(lab: &Lab, found: &Finding) -> Result<Alone, LabError> {
    // What hung for as long as it was allowed to is not given as long again, each time.
    let hangs = found.diverged.divergence.class == Class::Hang;
    let time_limit = if hangs { lab.limits.time_limit.min(PATIENT) } else { lab.limits.time_limit };
    let patient = lab.in_a_child().hasty(time_limit);
    let mut pair = patient.pair()?;
    let alone = match pair.judge_watching(&found.program, found.look) {
        Verdict::Diverge(diverged) => *diverged,
        Verdict::Agree | Verdict::Known | Verdict::Nothing => return Ok(Alone::Agrees),
        Verdict::Inconclusive(why) => return Ok(Alone::Unclear(why)),
    };
    let alone = Finding { program: found.program.clone(), diverged: alone, look: found.look };
    let signature = alone.signature();
    let smallest = smallest(lab, pair, &alone)?;
    // What was found in haste is judged once more with patience.
    let mut pair = patient.pair()?;
    // What is left of it may show only where everything is observed.
    let seen = [found.look, careful(found.look)].into_iter().find_map(|look| {
        let diverged = pair.judge_watching(&smallest, look).diverged();
        diverged.filter(|seen| seen.divergence.signature() == signature).map(|seen| (seen, look))
    });
    let reduced = match seen {
        Some((diverged, look)) => Finding { program: smallest, diverged, look },
        None => alone,
    };
    let reduced = Box::new(pin_down(&mut pair, reduced));
    Ok(if signature == found.signature() { Alone::Same(reduced) } else { Alone::Other(reduced) })
}

/// Returns the same look with everything observed.
fn careful(look: Look) -> Look {
    Look { watch: Watch::Blame, ..look }
}

/// Names the getter in which a port breaks that breaks while a session is observed. The getter is found by calling each one
/// where nothing else is observed. A getter that ends the process or does not return is to blame itself. A wrong access can be
/// the fault of the call before, which left something wrong behind, unless it happens without that call too.
fn pin_down(pair: &mut Pair, found: Finding) -> Finding {
    let step = found.diverged.divergence.step;
    let mishap = found.diverged.mishap.as_ref().filter(|mishap| mishap.step as usize == step);
    let (Some(mishap), Some(op)) = (mishap, found.program.ops.get(step)) else { return found };
    let own_doing = mishap.block.is_none() && !matches!(mishap.breakage, Breakage::Signal(Signal::Segv | Signal::Bus));
    let quiet = Look { watch: Watch::Ends, memory: found.diverged.memory };
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

/// Searches the smallest program with the signature of `found`.
fn smallest(lab: &Lab, pair: Pair, found: &Finding) -> Result<Program, LabError> {
    let signature = found.signature();
    let mut pair = pair;
    if found.diverged.divergence.class == Class::Hang {
        // A program that ends takes a thousandth of this; one that hangs is asked about a hundred times.
        pair = lab.in_a_child().hasty(HASTY).pair()?;
    }
    let setup = pair.plan().setup();
    let careful = careful(found.look);
    // One run is enough where it names the call by itself.
    let one_run = pair.glance(&found.program, careful).is_some_and(|seen| seen.divergence.signature() == signature);
    let bar = spinner("reducing");
    let until = Instant::now() + REDUCING;
    let program = reduce(&found.program, setup, &mut |smaller| {
        if interrupt::came() || Instant::now() > until {
            return Answer::Stop;
        }
        let seen = match one_run {
            true => pair.glance(smaller, careful),
            false => pair.judge_watching(smaller, found.look).diverged(),
        };
        if seen.is_some_and(|seen| seen.divergence.signature() == signature) {
            bar.set_message(format!("reducing: {} calls", smaller.ops.len()));
            Answer::Same
        } else {
            Answer::Other
        }
    });
    bar.finish_and_clear();
    if Instant::now() > until {
        output::note(format_args!("{signature}: reduced for {} s; there may be a smaller program", REDUCING.as_secs()));
    }
    Ok(program)
}

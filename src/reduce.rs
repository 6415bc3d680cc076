//! A failing program to its few lines: the smallest that still fails in the same way. What "in the same way" means is the
//! caller's; no port is known here.

use crate::op::{Op, SLOTS, Sample, Slot, Variable};
use crate::plan::{Plan, Setup, Step, touches};
use crate::program::Program;

/// What came of a smaller program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It fails in the same way.
    Same,
    /// It does not, or in another.
    Other,
    /// Nobody wants to know any more: the smallest so far is the result.
    Stop,
}

/// The most questions: a bound on what no program has come near.
const QUESTIONS: usize = 20_000;

/// Returns the program with new contexts in place of those that are used by one program after the other, and carry what one did
/// to the next; `None`: it has none of these.
pub fn with_new_contexts(program: &Program) -> Option<Program> {
    let mut changed = program.clone();
    for op in &mut changed.ops {
        if let Op::CtxPooled { dst, method } = *op {
            *op = Op::CtxNew { dst, method };
        }
    }
    (changed != *program).then_some(changed)
}

/// Makes `program`, which fails, as small as it gets: gives it new contexts, drops what is skipped, cuts off its end, does less often what
/// it does again and again, deletes in halving chunks and by variable, makes operands simpler, gives each session a variable of its own and variables the first names; again and
/// again, until nothing of that is possible.
pub fn reduce(program: &Program, setup: Setup, ask: &mut dyn FnMut(&Program) -> Answer) -> Program {
    let mut search = Search { best: program.clone(), setup, ask, asked: 0, stopped: false };
    search.renew_contexts();
    loop {
        let before = search.best.clone();
        search.drop_skipped();
        search.cut_off_the_end();
        search.repeat_less();
        search.delete_chunks();
        search.drop_variables();
        search.share_slots();
        search.simplify_calls();
        search.fill_sessions();
        search.name_apart();
        search.rename_slots();
        if search.stopped || search.best == before {
            return search.best;
        }
    }
}

struct Search<'a> {
    best: Program,
    setup: Setup,
    ask: &'a mut dyn FnMut(&Program) -> Answer,
    asked: usize,
    stopped: bool,
}

/// Is a stretch of a program in which the same calls come again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    start: usize,
    /// Counts the calls of one time.
    period: usize,
    times: usize,
}

impl Run {
    /// Limits how many calls one time may have.
    const LONGEST: usize = 12;
    /// Is how often they have to come at least.
    const FEWEST: usize = 4;

    /// Finds the first one that begins at `from` or later, with the shortest period there.
    fn first(ops: &[Op], from: usize) -> Option<Run> {
        (from..ops.len()).find_map(|start| (1..=Run::LONGEST).find_map(|period| Run::at(ops, start, period)))
    }

    fn at(ops: &[Op], start: usize, period: usize) -> Option<Run> {
        let rest = &ops[start..];
        let again = rest.iter().zip(rest.get(period..)?).take_while(|(op, next)| op == next).count();
        let times = 1 + again / period;
        (times >= Run::FEWEST).then_some(Run { start, period, times })
    }

    /// Returns the program with so many times, each without its call `without`.
    fn with(self, ops: &[Op], times: usize, without: Option<usize>) -> Vec<Op> {
        let (before, rest) = ops.split_at(self.start);
        let (run, after) = rest.split_at(self.period * self.times);
        let kept = run[..self.period * times].iter().enumerate();
        let kept = kept.filter(|(at, _)| Some(at % self.period) != without).map(|(_, op)| op.clone());
        before.iter().cloned().chain(kept).chain(after.iter().cloned()).collect()
    }
}

impl Search<'_> {
    /// Tells whether these ops fail in the same way too. If so they are the best so far.
    fn holds(&mut self, ops: Vec<Op>) -> bool {
        if self.stopped || ops == self.best.ops {
            return false;
        }
        self.asked += 1;
        let smaller = Program { ops };
        let answer = (self.ask)(&smaller);
        self.stopped = answer == Answer::Stop || self.asked >= QUESTIONS;
        let holds = answer == Answer::Same;
        if holds {
            self.best = smaller;
        }
        holds
    }

    /// Makes contexts new that others have used: then no program finds what another left behind.
    fn renew_contexts(&mut self) {
        if let Some(new) = with_new_contexts(&self.best) {
            self.holds(new.ops);
        }
    }

    /// Drops the ops that are skipped: what is not called changes nothing.
    fn drop_skipped(&mut self) {
        let mut plan = Plan::new(self.setup);
        plan.make(&self.best);
        let run = self.best.ops.iter().zip(&plan.steps).filter(|(_, step)| matches!(step, Step::Run { .. }));
        let run = run.map(|(op, _)| op.clone()).collect();
        self.holds(run);
    }

    fn cut_off_the_end(&mut self) {
        let mut cut = self.best.ops.len() / 2;
        while cut > 0 {
            let kept = self.best.ops.len().saturating_sub(cut);
            if !self.holds(self.best.ops[..kept].to_vec()) {
                cut /= 2;
            }
        }
    }

    /// Does less often what is done again and again, and leaves out of each time what one can be without.
    fn repeat_less(&mut self) {
        let mut from = 0;
        while let Some(mut run) = Run::first(&self.best.ops, from) {
            let mut fewer = run.times / 2;
            while fewer > 0 {
                if run.times > fewer && self.holds(run.with(&self.best.ops, run.times - fewer, None)) {
                    run.times -= fewer;
                } else {
                    fewer /= 2;
                }
            }
            let mut at = 0;
            while at < run.period && run.period > 1 {
                if self.holds(run.with(&self.best.ops, run.times, Some(at))) {
                    run.period -= 1;
                } else {
                    at += 1;
                }
            }
            from = run.start + run.period * run.times;
        }
    }

    fn delete_chunks(&mut self) {
        let mut chunk = (self.best.ops.len() / 2).max(1);
        loop {
            let mut end = self.best.ops.len();
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let rest = [&self.best.ops[..start], &self.best.ops[end..]].concat();
                self.holds(rest);
                end = start.min(self.best.ops.len());
            }
            if chunk == 1 {
                break;
            }
            chunk /= 2;
        }
        self.delete_pairs();
    }

    /// Deletes two calls that only go together: a reference taken and given back, a session made and freed.
    fn delete_pairs(&mut self) {
        let mut first = 0;
        while first < self.best.ops.len() && self.best.ops.len() <= PAIRS {
            let gone = (first + 1..self.best.ops.len()).any(|second| {
                let mut rest = self.best.ops.clone();
                rest.remove(second);
                rest.remove(first);
                self.holds(rest)
            });
            first += usize::from(!gone);
        }
    }

    /// Drops everything that is done with a variable: what makes it, changes it and uses it only goes together.
    fn drop_variables(&mut self) {
        let mut dropped = Vec::new();
        loop {
            let mut named = self.best.ops.iter().flat_map(Op::variables);
            let next = named.find(|variable| !dropped.contains(variable));
            drop(named);
            let Some(variable) = next else { return };
            dropped.push(variable);
            let mut rest = self.best.ops.clone();
            rest.retain(|op| op.variables().all(|other| other != variable));
            self.holds(rest);
        }
    }

    /// Does with one session what is done with two.
    fn share_slots(&mut self) {
        for (kept, gone) in Slot::all().flat_map(|kept| Slot::all().map(move |gone| (kept, gone))) {
            let is_named =
                |slot: Slot| self.best.ops.iter().flat_map(Op::variables).any(|named| named == Variable::Session(slot));
            if kept == gone || !is_named(kept) || !is_named(gone) {
                continue;
            }
            let mut ops = self.best.ops.clone();
            ops.retain(|op| op.result() != Some(Variable::Session(gone)));
            ops.iter_mut().flat_map(Op::slots_mut).filter(|slot| **slot == gone).for_each(|slot| *slot = kept);
            self.holds(ops);
        }
    }

    fn simplify_calls(&mut self) {
        let mut at = 0;
        while at < self.best.ops.len() {
            let simpler = simpler_calls(&self.best.ops[at]);
            let simplified = simpler.into_iter().chain(lower_slots(&self.best.ops[at])).any(|op| {
                let mut ops = self.best.ops.clone();
                ops[at] = op;
                self.holds(ops)
            });
            at += usize::from(!simplified);
        }
    }

    /// Takes a session that is filled already in place of a new one and the call that fills it, where there are many calls.
    fn fill_sessions(&mut self) {
        let mut at = 0;
        while at < self.best.ops.len() && self.best.ops.len() > MANY {
            let filled = self.best.ops[at].used().filter(|_| self.best.ops[at].sets().is_some());
            let made = filled.and_then(|s| self.best.ops[..at].iter().rposition(|op| *op == Op::New { dst: s }));
            let gone = filled.zip(made).is_some_and(|(dst, made)| {
                Sample::ALL.iter().any(|sample| {
                    let mut ops = self.best.ops.clone();
                    ops[made] = Op::SampleSession { dst, sample: *sample };
                    ops.remove(at);
                    self.holds(ops)
                })
            });
            at += usize::from(!gone);
        }
    }

    /// Gives the second session of a variable a variable of its own, so that the first need not be freed.
    fn name_apart(&mut self) {
        for at in (0..self.best.ops.len()).rev() {
            let Some(Op::Free { s: Some(s) }) = self.best.ops.get(at).cloned() else { continue };
            let named: Vec<Slot> = self.best.ops.clone().iter_mut().flat_map(Op::slots_mut).map(|slot| *slot).collect();
            let Some(unnamed) = Slot::all().find(|slot| !named.contains(slot)) else { return };
            let mut ops = self.best.ops.clone();
            ops[at..].iter_mut().flat_map(Op::slots_mut).filter(|slot| **slot == s).for_each(|slot| *slot = unnamed);
            ops.remove(at);
            self.holds(ops);
        }
    }

    /// Variables in the order of their first use.
    fn rename_slots(&mut self) {
        let mut names: [Option<Slot>; SLOTS] = [None; SLOTS];
        let mut next = 0;
        let mut ops = self.best.ops.clone();
        for slot in ops.iter_mut().flat_map(Op::slots_mut) {
            *slot = *names[slot.index()].get_or_insert_with(|| {
                next += 1;
                Slot::wrapping(next - 1)
            });
        }
        self.holds(ops);
    }
}

/// More calls than a program should need.
const MANY: usize = 8;

/// Pairs are tried in programs of at most so many calls.
const PAIRS: usize = 24;

/// Returns the same call on variables with lower numbers. What made the other variable may then go.
fn lower_slots(op: &Op) -> Vec<Op> {
    let Some(used) = touches(op).used else { return Vec::new() };
    let lower = (0..used.index()).map(|lower| {
        let mut op = op.clone();
        let slot = op.slots_mut().into_iter().find(|slot| **slot == used);
        slot.into_iter().for_each(|slot| *slot = Slot::wrapping(lower as u8));
        op
    });
    lower.collect()
}

/// Calls that say less, the least first.
fn simpler_calls(op: &Op) -> Vec<Op> {
    let mut simpler = Vec::new();
    if let Op::SampleSession { dst, .. }
    | Op::Dup { dst, .. }
    | Op::GetSession { dst, .. }
    | Op::Get0Session { dst, .. }
    | Op::Get1Session { dst, .. }
    | Op::TakeKept { dst } = *op
    {
        simpler.push(Op::New { dst });
    }
    // What a handshake gave it needs none.
    if let Op::GetSession { dst, .. } | Op::Get0Session { dst, .. } | Op::Get1Session { dst, .. } = *op {
        simpler.extend(Sample::ALL.iter().map(|sample| Op::SampleSession { dst, sample: *sample }));
    }
    if let Op::CtxPooled { dst, method } = *op {
        simpler.push(Op::CtxNew { dst, method });
    }
    // It may be enough that there is one reference more.
    if let Op::CtxAdd { s, .. } | Op::SetSession { s: Some(s), .. } = *op {
        simpler.push(Op::UpRef { s });
    }
    simpler.extend(op.shrink());
    simpler
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETUP: Setup = Setup::new(true);

    fn program(calls: &str) -> Program {
        format!("#! sessdiff 1\n{calls}").parse().unwrap()
    }

    /// Fails where a hostname of at least three bytes is copied.
    fn fails(program: &Program) -> Answer {
        let mut plan = Plan::new(SETUP);
        plan.make(program);
        let mut named = [false; SLOTS];
        for (op, step) in program.ops.iter().zip(&plan.steps) {
            match (op, step) {
                (_, Step::Skip(_)) => {}
                (Op::Set1Hostname { s, hostname }, _) => {
                    named[s.index()] = hostname.with_nul().is_some_and(|name| name.len() > 3);
                }
                (Op::New { dst }, _) => named[dst.index()] = false,
                (Op::Dup { src, .. }, _) if named[src.index()] => return Answer::Same,
                _ => {}
            }
        }
        Answer::Other
    }

    #[test]
    fn what_does_not_matter_goes() {
        let long = program(
            "SSL_SESSION_up_ref(s3)\ns7 = SSL_SESSION_new()\ns2 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s7)\n\
             SSL_SESSION_free(s2)\nSSL_SESSION_set1_hostname(s7, \"example.org\")\nSSL_SESSION_free(s7)\n\
             s1 = SSL_SESSION_dup(s7)\nSSL_SESSION_get_time(s1)\n",
        );
        assert_eq!(fails(&long), Answer::Same);
        let small = reduce(&long, SETUP, &mut fails);
        let expected = "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_hostname(s0, \"aaa\")\ns1 = SSL_SESSION_dup(s0)\n";
        assert_eq!(small, program(expected));
        // What is as small as it gets stays as it is.
        assert_eq!(reduce(&small, SETUP, &mut fails), small);
    }

    #[test]
    fn contexts_that_others_have_used_become_new_ones_first() {
        let long = program("c0 = pooled_context(TLS_server_method())\nSSL_CTX_sess_number(c0)\n");
        let mut asked = Vec::new();
        let small = reduce(&long, SETUP, &mut |program| {
            asked.push(program.clone());
            if program.to_string().contains("c0 = ") { Answer::Same } else { Answer::Other }
        });
        assert_eq!(small, program("c0 = SSL_CTX_new(TLS_server_method())\n"));
        assert_eq!(asked[0], program("c0 = SSL_CTX_new(TLS_server_method())\nSSL_CTX_sess_number(c0)\n"));
    }

    #[test]
    fn what_a_handshake_is_not_needed_for_needs_no_handshake() {
        let full = program(
            "c0 = SSL_CTX_new(TLS_server_method())\nc1 = SSL_CTX_new(TLS_client_method())\nx0 = SSL_new(c1)\nx1 = SSL_new(c0)\n\
             handshake(x0, x1)\ns0 = SSL_get1_session(x0)\ns1 = SSL_SESSION_dup(s0)\n",
        );
        let has_contents = |op: &Op| matches!(op, Op::Get1Session { .. } | Op::SampleSession { .. });
        let small = reduce(&full, Setup::new(true), &mut |program| {
            let fails =
                program.ops.iter().any(has_contents) && program.ops.iter().any(|op| matches!(op, Op::Dup { .. }));
            if fails { Answer::Same } else { Answer::Other }
        });
        assert_eq!(small, program("s0 = sample_session(tls12_id)\ns1 = SSL_SESSION_dup(s0)\n"));
    }

    /// What fails at the 128th time is left with 128 times after few questions, each of which may take as long as 128 handshakes.
    #[test]
    fn what_is_done_again_and_again_is_done_less_often() {
        let time = "SSL_SESSION_up_ref(s0)\nSSL_SESSION_get_time(s0)\nSSL_SESSION_free(s0)\n";
        let long = program(&("s0 = SSL_SESSION_new()\n".to_string() + &time.repeat(260)));
        let mut asked = 0;
        let small = reduce(&long, SETUP, &mut |program| {
            asked += 1;
            let times = program.to_string().matches("_get_time").count();
            if asked > 40 { Answer::Stop } else { [Answer::Other, Answer::Same][usize::from(times >= 128)] }
        });
        // What was cut off first may have left a part of one time.
        assert!((1 + 128..=1 + 128 + 2).contains(&small.ops.len()), "{small}");
    }

    #[test]
    fn what_is_done_with_a_variable_goes_together() {
        let calls =
            |s: &str| format!("{s} = SSL_SESSION_new()\nSSL_SESSION_set1_id({s}, \"a\")\nSSL_SESSION_up_ref({s})\n");
        // As many references as sessions, and as many ids.
        let even = |program: &Program| {
            let text = program.to_string();
            let counts = ["_new", "_set1_id", "_up_ref"].map(|call| text.matches(call).count());
            if counts[0] > 0 && counts.iter().all(|count| *count == counts[0]) { Answer::Same } else { Answer::Other }
        };
        let long = program(&(calls("s0") + &calls("s1") + &calls("s2")));
        assert_eq!(reduce(&long, SETUP, &mut |program| even(program)).ops.len(), 3);
    }

    #[test]
    fn a_variable_for_each_session_needs_no_free() {
        let long = program(
            "s0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\nSSL_SESSION_free(s0)\nSSL_SESSION_free(s0)\ns0 = SSL_SESSION_new()\n",
        );
        // Two sessions, the first with two references.
        let two = |program: &Program| match program.to_string().matches("_new").count() {
            2 if program.to_string().contains("up_ref(s0)") => Answer::Same,
            _ => Answer::Other,
        };
        let expected = "s0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\ns1 = SSL_SESSION_new()\n";
        let ran = |program: &Program| {
            let mut plan = Plan::new(SETUP);
            plan.make(program);
            if plan.planned() == program.ops.len() { two(program) } else { Answer::Other }
        };
        assert_eq!(reduce(&long, SETUP, &mut |program| ran(program)), self::program(expected));
    }

    #[test]
    fn whoever_stops_keeps_the_smallest_so_far() {
        let long = program(&"SSL_SESSION_free(NULL)\n".repeat(64));
        let mut asked = 0;
        let small = reduce(&long, SETUP, &mut |_| {
            asked += 1;
            if asked < 2 { Answer::Same } else { Answer::Stop }
        });
        assert!(small.ops.len() == 32 && asked == 2, "{asked}: {small}");
    }
}

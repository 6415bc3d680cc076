//! Two ports and their traces, ready to judge programs: fast first, then with everything observed to find the call.

use crate::exec::{self, View, Watch};
use crate::field::Fields;
use crate::oracle::{self, Class, Divergence};
use crate::plan::{Plan, Setup};
use crate::port::Port;
use crate::program::Program;
use crate::trace::Trace;

/// What came of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No difference, and something ran.
    Agree,
    /// No call could be made: an agreement about nothing.
    Nothing,
    /// A difference.
    Diverge(Box<Diverged>),
    /// Neither: no pass.
    Inconclusive(Inconclusive),
}

/// A divergence and what is needed to report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diverged {
    /// The first difference.
    pub divergence: Divergence,
    /// The allocations that live on, a line each, where the left and the right port tell.
    pub leaked: Vec<String>,
}

impl Diverged {
    /// What lives on is of interest where that is the finding; elsewhere it is what the program still owned.
    fn new(divergence: Divergence, leaked: Vec<String>) -> Diverged {
        let leaked = if divergence.class == Class::Leak { leaked } else { Vec::new() };
        Diverged { divergence, leaked }
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconclusive {
    /// The program diverged once and then did not.
    #[error("diverged as {first}, then ran again {}", second.as_ref().map_or("without a difference".into(), |second| format!("and diverged as {second}")))]
    Flaky {
        /// The first signature.
        first: String,
        /// The second, if there was one.
        second: Option<String>,
    },
    /// The traces differ, and no difference could be named: a mistake of the oracle's.
    #[error("the traces differ, but the oracle cannot say where")]
    Unnamed,
    /// One port did two different things on the same program.
    #[error("{port} did not do the same twice")]
    NotRepeatable {
        /// The port's name.
        port: String,
    },
}

/// Two ports, side by side.
pub struct Pair<L, R> {
    left: L,
    right: R,
    plan: Plan,
    fields: Fields,
    counts: bool,
    left_trace: Trace,
    right_trace: Trace,
}

impl<L: Port, R: Port> Pair<L, R> {
    /// Judges programs on `left` and `right`. `ex_data`: both were made with the harness's ex_data indices.
    pub fn new(left: L, right: R, ex_data: bool) -> Pair<L, R> {
        let lacks = left.lacks().or(right.lacks());
        let plan = Plan::new(Setup { ex_data, lacks });
        let fields = Fields::all_but(lacks);
        let counts = left.counts_references() && right.counts_references();
        Pair { left, right, plan, fields, counts, left_trace: Trace::with_room(), right_trace: Trace::with_room() }
    }

    /// The left port.
    pub fn left(&self) -> &L {
        &self.left
    }

    /// The right port.
    pub fn right(&self) -> &R {
        &self.right
    }

    /// The plan of the program judged last.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The traces of the program judged last.
    pub fn traces(&self) -> (&Trace, &Trace) {
        (&self.left_trace, &self.right_trace)
    }

    /// Judges `program`.
    pub fn judge(&mut self, program: &Program) -> Verdict {
        self.judge_watching(program, Watch::Fast)
    }

    /// Judges `program`, observing so much in the first run.
    pub fn judge_watching(&mut self, program: &Program, watch: Watch) -> Verdict {
        self.plan.make(program);
        self.run(program, watch);
        if oracle::agree(&self.plan, &self.left_trace, &self.right_trace) {
            return if self.plan.runs() == 0 { Verdict::Nothing } else { Verdict::Agree };
        }
        let Some(first) = oracle::judge(program, &self.plan, &self.left_trace, &self.right_trace) else {
            return Verdict::Inconclusive(Inconclusive::Unnamed);
        };
        self.blame(program, watch, first)
    }

    /// Whether each port does the same when `program` is run once more.
    pub fn repeats(&mut self, program: &Program) -> Result<(), Inconclusive> {
        self.plan.make(program);
        self.run(program, Watch::Blame);
        let (left, right) = (self.left_trace.clone(), self.right_trace.clone());
        self.run(program, Watch::Blame);
        let same = |a: &Trace, b: &Trace| {
            a.log() == b.log()
                && a.marks() == b.marks()
                && a.counts == b.counts
                && a.deaths == b.deaths
                && a.leaked == b.leaked
        };
        if !same(&left, &self.left_trace) {
            return Err(Inconclusive::NotRepeatable { port: self.left.identity().name });
        }
        if !same(&right, &self.right_trace) {
            return Err(Inconclusive::NotRepeatable { port: self.right.identity().name });
        }
        Ok(())
    }

    /// Runs `program` on both ports and leaves the traces, without a verdict.
    pub fn run(&mut self, program: &Program, watch: Watch) {
        let view = View { watch, fields: self.fields, counts: self.counts };
        exec::run(&mut self.left, program, &self.plan, view, &mut self.left_trace);
        exec::run(&mut self.right, program, &self.plan, view, &mut self.right_trace);
    }

    /// Once more with everything observed, so that the step is the first that differs.
    fn blame(&mut self, program: &Program, watch: Watch, first: Divergence) -> Verdict {
        self.left.watch_memory();
        self.right.watch_memory();
        self.run(program, Watch::Blame);
        let mut leaked = self.left.unwatch_memory();
        leaked.extend(self.right.unwatch_memory());
        if let Some(divergence) = oracle::judge(program, &self.plan, &self.left_trace, &self.right_trace) {
            return Verdict::Diverge(Box::new(Diverged::new(divergence, leaked)));
        }
        // Observing hides it. If it is there again without, it is real, and the step is the best that is known.
        self.run(program, watch);
        match oracle::judge(program, &self.plan, &self.left_trace, &self.right_trace) {
            Some(again) if again == first => Verdict::Diverge(Box::new(Diverged::new(again, leaked))),
            again => Verdict::Inconclusive(Inconclusive::Flaky {
                first: first.signature(),
                second: again.map(|again| again.signature()),
            }),
        }
    }
}

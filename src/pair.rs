//! Two ports and their traces, ready to judge programs: fast first, then with everything observed to find the call.

use std::any::Any;

use crate::exec::{View, Watch};
use crate::field::{Field, Fields};
use crate::host::Host;
use crate::native::Rules;
use crate::op::{BufferSlot, Op, Slot, Variable};
use crate::oracle::{self, Aspect, Class, Divergence, Signature};
use crate::plan::{Ledger, Plan, Quirks, Setup};
use crate::port::Memory;
use crate::port::native::NativePort;
use crate::program::Program;
use crate::trace::{Block, Entry, Mishap, MishapKind, Trace};

/// What came of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No difference, and something ran.
    Agree,
    /// No call could be made: an agreement about nothing.
    Nothing,
    /// No difference up to a call that breaks the tested release, by a fault of its own that is known.
    Known,
    /// A difference.
    Diverge(Box<Diverged>),
    /// Neither: no pass.
    Inconclusive(Inconclusive),
}

impl Verdict {
    /// Returns the difference, if that is the verdict.
    pub fn diverged(self) -> Option<Diverged> {
        match self {
            Verdict::Diverge(diverged) => Some(*diverged),
            Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_) => None,
        }
    }
}

/// A divergence and what is needed to report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diverged {
    /// The first difference.
    pub divergence: Divergence,
    /// The allocations that live on, where that is the finding and it is known where they come from.
    pub left: Vec<Block>,
    /// What went wrong with memory or ended the port, now or in a later step.
    pub mishap: Option<Mishap>,
    /// Where the port was when it ended, a line each.
    pub stack: Vec<String>,
    /// What gives back what the program still owned, a call each, where the first difference is in one of them.
    pub at_end: Vec<Op>,
    /// In what memory it was seen.
    pub memory: Memory,
}

impl Diverged {
    /// Tells whether the port crashed, hung or broke memory, in this step or a later one.
    pub fn broke(&self) -> bool {
        self.mishap.is_some() || matches!(self.divergence.class, Class::Memory | Class::Hang)
    }

    /// Returns the look with which it was seen, where `look` was asked for. The run that named it compared DER.
    pub fn looked_at(&self, look: Look) -> Look {
        Look { memory: self.memory, der: true, ..look }
    }
}

/// How one run of a program is made: the same for both ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// What is observed.
    pub watch: Watch,
    /// The memory that the library is given.
    pub memory: Memory,
    /// Says whether DER is compared where the ports run side by side, too: it takes as long as all getters. Where they are traced it
    /// always is.
    pub der: bool,
}

impl Look {
    /// Counts the programs of which whoever explores compares the DER of one, where the ports run side by side. What only DER shows
    /// comes from bytes and from handshakes, and their programs are traced.
    pub const DER_EVERY: u64 = 16;

    /// Looks so in this memory, and compares DER.
    pub const fn in_memory(watch: Watch, memory: Memory) -> Look {
        Look { watch, memory, der: true }
    }
}

impl From<Watch> for Look {
    fn from(watch: Watch) -> Look {
        Look::in_memory(watch, Memory::Plain)
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconclusive {
    /// The program diverged once and then did not.
    #[error("diverged as {first}, then ran again {}", second.as_ref().map_or("without a difference".into(), |second| format!("and diverged as {second}")))]
    Flaky {
        /// The first signature.
        first: Signature,
        /// The second, if there was one.
        second: Option<Signature>,
        /// The port crashed, hung or broke memory: what ran before may be to blame.
        broke: bool,
    },
    /// The traces differ, and no difference could be named: a mistake of the oracle's.
    #[error("the traces differ, but the oracle cannot say where")]
    Unnamed,
    /// The ports differed when they ran side by side, and did not when they ran one after the other.
    #[error("the ports differed side by side, and not one after the other")]
    OnlyInStep,
    /// A port could not be run.
    #[error("a port could not be run: {why}")]
    Lost {
        /// What the system or the port said.
        why: String,
    },
    /// One port did two different things on the same program.
    #[error("{port} did not do the same twice")]
    NotRepeatable {
        /// The port's name.
        port: String,
    },
}

/// Two ports, side by side, wherever they run. Where nothing else is said, they are the native session and a port that is
/// chosen while the program runs.
pub struct Pair<L = NativePort, R = Box<dyn Host>> {
    left: L,
    right: R,
    plan: Plan,
    fields: Fields,
    counts: bool,
    left_trace: Trace,
    right_trace: Trace,
}

impl<L: Host, R: Host> Pair<L, R> {
    /// Judges programs on `left` and `right`. `ex_data`: both were made with the harness's ex_data indices.
    pub fn new(left: L, right: R, ex_data: bool) -> Pair<L, R> {
        let (one, other) = (left.abilities(), right.abilities());
        let lacks = one.lacks.or(other.lacks);
        let quirks = one.quirks.or(other.quirks);
        let mut plan = Plan::new(Setup { lacks, quirks, ..Setup::new(ex_data) });
        plan.tells_ends = one.tells_ends && other.tells_ends;
        let fields = Fields::all_but(lacks);
        let counts = one.counts && other.counts;
        let (left_trace, right_trace) = (Trace::with_room(), Trace::with_room());
        let mut pair = Pair { left, right, plan, fields, counts, left_trace, right_trace };
        if let Some(native) = pair.native() {
            native.set_compression(other.compression);
        }
        pair
    }

    /// Makes the calls that are legal C and break the library, too.
    pub fn with_hazards(mut self) -> Pair<L, R> {
        let tells_ends = self.plan.tells_ends;
        self.plan = Plan::new(Setup { hazards: true, ..self.plan.setup() });
        self.plan.tells_ends = tells_ends;
        self
    }

    /// Makes the calls, too, that break the tested release by these faults of its own.
    pub fn with_calls_that_break(mut self, faults: Quirks) -> Pair<L, R> {
        let tells_ends = self.plan.tells_ends;
        let setup = self.plan.setup();
        self.plan = Plan::new(Setup { quirks: setup.quirks.without(faults), ..setup });
        self.plan.tells_ends = tells_ends;
        self
    }

    /// Returns the left port.
    pub fn left(&self) -> &L {
        &self.left
    }

    /// Returns the right port.
    pub fn right(&self) -> &R {
        &self.right
    }

    /// Returns the plan of the program that was judged last. Where the ports agreed side by side it has no counts and destructions.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the traces of the program that was judged last.
    pub fn traces(&self) -> (&Trace, &Trace) {
        (&self.left_trace, &self.right_trace)
    }

    /// Judges `program`.
    pub fn judge(&mut self, program: &Program) -> Verdict {
        self.judge_watching(program, Watch::Fast)
    }

    /// Judges `program`, looking so in the first run.
    pub fn judge_watching(&mut self, program: &Program, look: impl Into<Look>) -> Verdict {
        self.judge_run(program, look.into(), false)
    }

    /// Announces the programs that [`Pair::judge_next`] is given next, in this order. A port in another process begins with
    /// them.
    pub fn prepare(&mut self, programs: &[(Program, Look)]) {
        let views: Vec<View> = programs.iter().map(|(_, look)| self.view(*look)).collect();
        let runs: Vec<_> = programs.iter().map(|(program, _)| program).zip(views).collect();
        let setup = self.plan.setup();
        self.left.prepare(setup, &runs);
        self.right.prepare(setup, &runs);
    }

    /// Judges the next of the programs that were prepared, which is this one.
    pub fn judge_next(&mut self, program: &Program, look: Look) -> Verdict {
        self.judge_run(program, look, true)
    }

    fn judge_run(&mut self, program: &Program, look: Look, prepared: bool) -> Verdict {
        let verdict = self.compare(program, look, prepared);
        let broken = self.native().and_then(|native| native.broken_in());
        if broken.is_some() {
            self.right.renew();
        }
        let from = match &verdict {
            Verdict::Diverge(diverged) => diverged.divergence.step,
            Verdict::Inconclusive(Inconclusive::Flaky { .. } | Inconclusive::Unnamed) => usize::MAX,
            Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_) => return verdict,
        };
        if broken.is_some_and(|step| from >= step as usize) { Verdict::Known } else { verdict }
    }

    /// Returns the native session, where that is what the other port is compared with.
    fn native(&mut self) -> Option<&mut NativePort> {
        let left: &mut dyn Any = &mut self.left;
        left.downcast_mut()
    }

    /// Returns the rules of its release that the native session has followed where they make a difference, since this was last asked.
    pub fn take_met(&mut self) -> Rules {
        self.native().map_or(Rules::default(), |native| native.take_met())
    }

    fn compare(&mut self, program: &Program, look: Look, prepared: bool) -> Verdict {
        let in_step = self.agree_in_step(program, look);
        if in_step == Some(true) {
            let reaches = self.plan.reaches_library(program, &[]);
            return if reaches { Verdict::Agree } else { Verdict::Nothing };
        }
        self.plan.make(program);
        self.run_on(program, look, prepared);
        if let Err(lost) = self.heard() {
            return Verdict::Inconclusive(lost);
        }
        if oracle::agree(&self.plan, &self.left_trace, &self.right_trace) {
            return match in_step {
                // What differed side by side is no agreement because it cannot be seen again.
                Some(_) => Verdict::Inconclusive(Inconclusive::OnlyInStep),
                None if self.plan.reaches_library(program, &self.left_trace.skips) => Verdict::Agree,
                None => Verdict::Nothing,
            };
        }
        let Some(first) = self.difference(program, look) else {
            return Verdict::Inconclusive(Inconclusive::Unnamed);
        };
        // What this run broke must not be there when it is looked at again.
        if self.native().and_then(|native| native.broken_in()).is_some() {
            self.right.renew();
        }
        self.blame(program, look, first.divergence.signature())
    }

    /// Tells whether both ports do the same side by side; `None`: they cannot run so.
    fn agree_in_step(&mut self, program: &Program, look: Look) -> Option<bool> {
        if look.watch == Watch::Nothing || program.ops.iter().any(Op::is_shared) {
            return None;
        }
        let view = self.view(look);
        let fields = if look.der { view.fields } else { view.fields.without(Field::Der) };
        let view = View { fields, ..view };
        let left: &mut dyn Any = &mut self.left;
        let native = left.downcast_mut()?;
        self.left_trace.clear();
        self.right_trace.clear();
        self.right.agrees_with(native, program, &mut self.plan, view)
    }

    /// Returns the first difference of one run, without the second look that finds the call and confirms it.
    pub fn glance(&mut self, program: &Program, look: Look) -> Option<Diverged> {
        self.run(program, look);
        if self.heard().is_err() || oracle::agree(&self.plan, &self.left_trace, &self.right_trace) {
            return None;
        }
        self.difference(program, look)
    }

    /// Returns the first difference of the traces, with what is reported of it. What lives on is reported where that is the
    /// finding; elsewhere it is what the program still owned.
    fn difference(&self, program: &Program, look: Look) -> Option<Diverged> {
        let traces = [&self.left_trace, &self.right_trace];
        let divergence = oracle::judge(program, &self.plan, traces[0], traces[1])?;
        let leaks = divergence.class == Class::Leak;
        let left = traces.iter().filter(|_| leaks).flat_map(|trace| trace.left.iter().cloned()).collect();
        let mishap = traces.into_iter().find_map(|trace| trace.mishap.clone());
        let stack = traces.into_iter().map(|trace| &trace.stack).find(|stack| !stack.is_empty());
        let at_end = self.plan.given_back().filter(|_| divergence.step >= program.ops.len()).collect();
        let (stack, memory) = (stack.cloned().unwrap_or_default(), look.memory);
        Some(Diverged { divergence, left, mishap, stack, at_end, memory })
    }

    /// Lists what else differs in the step of a difference, which was that of the last run of `program`.
    pub fn beside(&self, program: &Program, first: &Divergence) -> Vec<Signature> {
        let mut all = oracle::all_in(program, &self.plan, [&self.left_trace, &self.right_trace], first.step);
        all.retain(|signature| *signature != first.signature());
        all.dedup();
        all
    }

    /// Tells whether each port does the same when `program` is run once more.
    pub fn repeats(&mut self, program: &Program) -> Result<(), Inconclusive> {
        self.run(program, Watch::Blame);
        self.heard()?;
        let (left, right) = (self.left_trace.clone(), self.right_trace.clone());
        self.run(program, Watch::Blame);
        self.heard()?;
        let same = |a: &Trace, b: &Trace| {
            a.log() == b.log()
                && a.marks() == b.marks()
                && a.counts == b.counts
                && a.deaths == b.deaths
                && a.leaked == b.leaked
                && a.mishap == b.mishap
        };
        match (same(&left, &self.left_trace), same(&right, &self.right_trace)) {
            (true, true) => Ok(()),
            (false, _) => Err(Inconclusive::NotRepeatable { port: self.left.identity().name }),
            (true, false) => Err(Inconclusive::NotRepeatable { port: self.right.identity().name }),
        }
    }

    /// Plans `program`, runs it on both ports and leaves the traces, without a verdict.
    pub fn run(&mut self, program: &Program, look: impl Into<Look>) {
        self.plan.make(program);
        self.run_on(program, look.into(), false);
    }

    /// Plans `program`, runs it on the left port alone, and leaves that trace, with everything observed.
    pub fn run_left(&mut self, program: &Program) {
        self.plan.make(program);
        let view = self.view(Watch::Blame.into());
        self.left_trace.tape.clear();
        self.left.run(program, &self.plan, view, false, &mut self.left_trace);
    }

    /// Plans `program`, runs it on the right port alone, and leaves that trace.
    pub fn run_right(&mut self, program: &Program, look: impl Into<Look>) {
        self.plan.make(program);
        let view = self.view(look.into());
        self.right_trace.tape.clear();
        self.right.run(program, &self.plan, view, false, &mut self.right_trace);
    }

    fn run_on(&mut self, program: &Program, look: Look, prepared: bool) {
        let view = self.view(look);
        // What the peers of its handshakes decided is played to the other.
        self.right_trace.tape.clear();
        self.right.run(program, &self.plan, view, prepared, &mut self.right_trace);
        self.left_trace.tape.play(&self.right_trace.tape);
        self.left.run(program, &self.plan, view, prepared, &mut self.left_trace);
    }

    /// Fails where a port could not be run: there is no verdict on the program.
    fn heard(&self) -> Result<(), Inconclusive> {
        let mut mishaps = [&self.left_trace, &self.right_trace].into_iter().filter_map(|trace| trace.mishap.as_ref());
        let lost = mishaps.find(|mishap| mishap.kind == MishapKind::Lost);
        lost.map_or(Ok(()), |mishap| Err(Inconclusive::Lost { why: mishap.text.clone() }))
    }

    /// Returns what ended a port or broke its memory in the last run.
    fn broke(&self) -> Option<Mishap> {
        self.right_trace.mishap.clone().or(self.left_trace.mishap.clone())
    }

    fn view(&self, look: Look) -> View {
        View { watch: look.watch, memory: look.memory, fields: self.fields, counts: self.counts }
    }

    /// Runs a program that ended a port again where blocks are guarded. What ended the port may have been broken long before;
    /// the step is then the one that breaks it.
    fn guarded(&mut self, program: &Program, look: Look, broke: Option<&Mishap>) -> Option<Verdict> {
        if look.memory != Memory::Plain || broke.is_none_or(|mishap| mishap.kind != MishapKind::Crash) {
            return None;
        }
        let guarded = Look::in_memory(Watch::Blame, Memory::Guarded);
        self.glance(program, guarded).map(|found| Verdict::Diverge(Box::new(found)))
    }

    /// Tells whether what leaked does not when it runs again. What is allocated once in a process is no leak of a program; the
    /// process may have been another one in each run before.
    fn balances(&mut self, program: &Program, look: Look) -> bool {
        self.run(program, look);
        self.heard().is_ok() && self.difference(program, look).is_none()
    }

    /// Lets a program print each session that is a variable's at its end, if it does not end so already.
    pub fn print_what_lives(&self, program: &mut Program) {
        if matches!(program.ops.last(), None | Some(Op::Print { .. })) {
            return;
        }
        let mut ledger = Ledger::new(self.plan.setup());
        program.ops.iter().for_each(|op| {
            ledger.step(op);
        });
        program.ops.extend(ledger.live().map(|s| Op::Print { dst: BufferSlot::wrapping(0), s }));
    }

    /// Asks once more about a field that only DER shows, where a printed session has it too: where both sides print the same, the session
    /// is right, and the function that writes DER is wrong. `program` ran last, and does so again.
    fn printed_as_well(&mut self, program: &Program, look: Look, found: Diverged) -> Diverged {
        let Diverged { divergence, mishap: None, .. } = &found else { return found };
        let Aspect::Field(_, field) = divergence.signature().aspect else { return found };
        let prints = divergence.of.and_then(|of| printing(program, divergence.step, of));
        let (Some(label), Some(prints)) = (field.printed_behind(), prints) else { return found };
        self.run(&prints, Look { watch: Watch::Ends, ..look });
        let last = prints.ops.len() - 1;
        let texts = [&self.left_trace, &self.right_trace].map(|trace| {
            let copied = |entry| if let Entry::Copied(text) = entry { Some(text.to_vec()) } else { None };
            // It ends early where a part that comes before is empty.
            let text = trace.entries(last).find_map(copied)?;
            memchr::memmem::find(&text, label.as_bytes()).map(|_| without_reason(text))
        });
        let same = self.heard().is_ok() && texts[0].is_some() && texts[0] == texts[1];
        self.run(program, look);
        if same { Diverged { divergence: found.divergence.of_encoding(), ..found } } else { found }
    }

    /// Runs the program once more with everything observed, so that the step is the first that differs.
    fn blame(&mut self, program: &Program, look: Look, first: Signature) -> Verdict {
        let careful = Look { watch: Watch::Blame, ..look };
        let broke = self.broke();
        if let Some(found) = self.guarded(program, look, broke.as_ref()) {
            return found;
        }
        self.run(program, careful);
        if let Err(lost) = self.heard() {
            return Verdict::Inconclusive(lost);
        }
        // What broke unseen may end the port now.
        if broke.is_none() {
            let broke = self.broke();
            if let Some(found) = self.guarded(program, look, broke.as_ref()) {
                return found;
            }
            if broke.is_some() {
                self.run(program, careful);
            }
        }
        if let Some(found) = self.difference(program, look).map(|found| self.printed_as_well(program, careful, found)) {
            let leaks = found.divergence.signature().aspect == Aspect::Leak && broke.is_none();
            if leaks && self.balances(program, careful) {
                return Verdict::Agree;
            }
            return Verdict::Diverge(Box::new(Diverged { mishap: found.mishap.or(broke), ..found }));
        }
        // Observing hides it. If it is there again without, it is real, and the step is the best that is known.
        self.run(program, look);
        let again = self.difference(program, look);
        let second = again.as_ref().map(|again| again.divergence.signature());
        match again.filter(|_| second == Some(first)) {
            Some(again) => Verdict::Diverge(Box::new(again)),
            // As above: it balances.
            None if first.aspect == Aspect::Leak && second.is_none() && broke.is_none() => Verdict::Agree,
            None => Verdict::Inconclusive(Inconclusive::Flaky { first, second, broke: broke.is_some() }),
        }
    }
}

/// Takes from a printed session the words for what a verification came to: they are asked for by the code that DER has.
fn without_reason(mut text: Vec<u8>) -> Vec<u8> {
    const CODE: &[u8] = b"Verify return code: ";
    if let Some(at) = memchr::memmem::find(&text, CODE) {
        let words = memchr::memchr(b'(', &text[at..]).map_or(text.len(), |words| at + words);
        let end = memchr::memchr(b'\n', &text[words..]).map_or(text.len(), |end| words + end);
        text.drain(words..end);
    }
    text
}

/// Returns the program up to this step, which then prints the session of a variable. `None`: it has no slot, and none is free.
fn printing(program: &Program, step: usize, of: Variable) -> Option<Program> {
    let mut ops = program.ops.get(..=step)?.to_vec();
    let s = match of {
        Variable::Session(s) => s,
        Variable::Connection(x) => {
            let is_free =
                |slot: &Slot| ops.iter().all(|op| op.variables().all(|named| named != Variable::Session(*slot)));
            let dst = Slot::all().find(is_free)?;
            ops.push(Op::Get1Session { dst, x });
            dst
        }
        Variable::Context(_) => return None,
    };
    ops.push(Op::Print { dst: BufferSlot::wrapping(0), s });
    Some(Program { ops })
}

//! `sessdiff replay`: cases step by step, both sides and the ledger in columns.

use super::judge::{Judge, judge};
use super::{Exit, OneProbeChoice, ReplayArgs, output};
use crate::exec::Watch;
use crate::op::{Op, Slot};
use crate::oracle::Class;
use crate::pair::Verdict;
use crate::plan::{Ledger, Plan, Skip, Step, touches};
use crate::port::c::{Probes, crash};
use crate::program::{Case, Program};
use crate::report;
use crate::trace::{Entry, Trace};

/// The widest a call is shown in the table.
const CALL_WIDTH: usize = 56;

pub(super) fn replay(args: &ReplayArgs) -> Exit {
    let probes = match args.probes {
        OneProbeChoice::All => Probes::ALL,
        OneProbeChoice::None => Probes::NONE,
    };
    crash::catch(None);
    let mut judge = match judge(args.port, probes) {
        Ok(judge) => judge,
        Err(error) => {
            output::error(error);
            return Exit::NotLoaded;
        }
    };
    let mut exit = Exit::Expected;
    for file in &args.files {
        exit = exit.worst(match Case::read_any(file) {
            Ok(case) => replay_case(&case, judge.as_mut(), args),
            Err(error) => {
                output::error(error);
                Exit::Usage
            }
        });
    }
    exit
}

fn replay_case(case: &Case, judge: &mut dyn Judge, args: &ReplayArgs) -> Exit {
    let verdict = crash::saving(&format_args!("{}", case.path.display()), || {
        // Observing everything can hide a difference, so the case is judged without first; the table shows the second run.
        match judge.judge(&case.program, Watch::Fast) {
            Verdict::Agree | Verdict::Nothing => judge.observe(&case.program),
            fast => {
                judge.observe(&case.program);
                fast
            }
        }
    });
    let name = judge.identity().name;
    output::result(format_args!("{}: native against {}", case.path.display(), judge.identity()));
    output::result(table(&case.program, judge, &name, args.trace));
    match verdict {
        Verdict::Agree => {
            let skipped = case.program.ops.len() - judge.plan().runs();
            output::result(output::green(&format!("agree: {} calls, {skipped} skipped\n", judge.plan().runs())));
            Exit::Expected
        }
        Verdict::Nothing => {
            output::result(output::red("nothing ran\n"));
            Exit::Inconclusive
        }
        Verdict::Inconclusive(why) => {
            output::result(output::red(&format!("inconclusive: {why}\n")));
            Exit::Inconclusive
        }
        Verdict::Diverge(diverged) => {
            let block = report::block(&case.program, &diverged, ["native", &name], None, "");
            output::result(output::red(&block));
            if diverged.divergence.class == Class::Memory { Exit::Crashed } else { Exit::Divergence }
        }
    }
}

fn table(program: &Program, judge: &dyn Judge, name: &str, all: bool) -> String {
    let (left, right) = judge.traces();
    let plan = judge.plan();
    let mut ledger = Ledger::new(plan.setup());
    let mut first = true;
    let width = name.len().max(22);
    let mut text = String::new();
    let mut row = |columns: [&str; 5]| {
        let [step, call, left, right, ledger] = columns;
        let row = format!("{step:>4}  {call:<CALL_WIDTH$}  {left:<22}  {right:<width$}  {ledger}");
        text += row.trim_end();
        text += "\n";
    };
    row(["step", "call", "native", name, "ledger"]);
    let given_back = Slot::all().flat_map(|slot| {
        let references = plan.left[slot.index()] as usize;
        std::iter::repeat_n(Op::Free { s: Some(slot) }, references)
    });
    let ops: Vec<Op> = program.ops.iter().cloned().chain(given_back).collect();
    for (at, op) in ops.iter().enumerate() {
        let step = ledger.step(op);
        let mut call = op.to_string();
        if call.chars().count() > CALL_WIDTH {
            call = call.chars().take(CALL_WIDTH - 3).chain("...".chars()).collect();
        }
        let number = if at < program.ops.len() { at.to_string() } else { "end".into() };
        let shown = match step {
            Step::Run { .. } => [brief(op, plan, left, at), brief(op, plan, right, at)],
            Step::Skip(why) => {
                let why = match why {
                    Skip::Taken => "skipped: slot taken",
                    Skip::Empty => "skipped: slot empty",
                    Skip::Unsupported => "skipped: UNSUPPORTED",
                };
                [why.into(), why.into()]
            }
        };
        let differs = match (left.entries(at).eq(right.entries(at)), std::mem::replace(&mut first, false)) {
            (true, was_first) => {
                first = was_first;
                ""
            }
            (false, true) => "  <- the first difference",
            (false, false) => "  differs",
        };
        row([&number, &call, &shown[0], &shown[1], &format!("{ledger}{differs}")]);
        if all {
            let sides = left.entries(at).map(Some).chain(std::iter::repeat(None));
            let both = sides.zip(right.entries(at).map(Some).chain(std::iter::repeat(None)));
            for (left, right) in both.take_while(|(left, right)| left.is_some() || right.is_some()) {
                let [left, right] = [left, right].map(|entry| entry.map_or(String::new(), |entry| entry.to_string()));
                if left == right {
                    row(["", &format!("    {left}"), "", "", ""])
                } else {
                    row(["", "    differs:", &left, &right, ""])
                }
            }
        }
    }
    text
}

/// What a call returned and the counts after it: `1, s0:2`.
fn brief(op: &Op, plan: &Plan, trace: &Trace, at: usize) -> String {
    if at >= trace.steps() {
        return "not reached".into();
    }
    let mut shown = Vec::new();
    let getter = touches(op).used;
    match trace.entries(at).next() {
        Some(Entry::Return(value)) => shown.push(value.to_string()),
        Some(Entry::Made(made)) => shown.push(if made { "session" } else { "NULL" }.into()),
        Some(entry @ (Entry::Number(..) | Entry::Bytes(..))) if getter.is_some() => {
            shown.push(entry.to_string().split_once(' ').map_or(String::new(), |(_, value)| value.to_string()));
        }
        _ => {}
    }
    if trace.deaths.contains(&(at as u32)) {
        shown.push("destroyed".into());
    }
    let counts = plan.count_steps.iter().zip(&trace.counts).filter(|(step, _)| **step as usize == at);
    let counts: Vec<_> = counts.map(|(_, count)| count.to_string()).collect();
    if !counts.is_empty() {
        shown.push(format!("refs {}", counts.join("/")));
    }
    shown.join(", ")
}

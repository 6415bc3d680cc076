//! `sessdiff replay`: cases step by step, both sides and the ledger in columns.

use std::path::PathBuf;

use super::args::ReplayArgs;
use super::emitted::picture;
use super::exit::Exit;
use super::explained::classed;
use super::finding::{Finding, judge_and_show};
use super::lab::Lab;
use super::table::{Table, terminal};
use super::{accepted, output};
use crate::host::crash;
use crate::known::KnownFile;
use crate::op::{Op, Slot};
use crate::oracle::{Counts, counts_owed, counts_seen};
use crate::pair::{Look, Pair, Verdict};
use crate::plan::{Ledger, Owed, Plan, Skip, Step, Unready, touches};
use crate::program::{Case, Program};
use crate::report::{self, Accepted, Versions};
use crate::trace::{Entry, Trace};

pub(super) fn replay(args: &ReplayArgs) -> Result<Exit, Exit> {
    crash::catch(None);
    let files = listed(&args.files)?;
    if let Some(path) = &args.svg {
        if files.len() > 1 {
            return Err(output::usage("--svg draws one case, and there are several"));
        }
        output::ready(path, args.force)?;
    }
    let lab = Lab { without: args.without, ..Lab::of(&args.lab, args.release.following, args.isolate)? };
    let known = accepted::read(&args.known, None, &args.lab.port)?;
    let mut pair = lab.pair().map_err(|error| error.say())?;
    let mut ended = Vec::with_capacity(files.len());
    for file in &files {
        let case = Case::read_any(file).map_err(output::usage);
        ended.push(case.map_or_else(|exit| exit, |case| replay_case(&case, &mut pair, &lab, &known, args)));
    }
    if let ([_, _, ..], false) = (ended.as_slice(), args.json) {
        output::result(total(&ended));
    }
    Ok(ended.into_iter().fold(Exit::Expected, Exit::worst))
}

/// Lists the cases: files as they were named, and of a folder all that are below it.
fn listed(named: &[PathBuf]) -> Result<Vec<PathBuf>, Exit> {
    let mut files = Vec::with_capacity(named.len());
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let below = Case::list(path).map_err(output::usage)?;
        if below.is_empty() {
            return Err(output::usage(format_args!("{}: no case below this folder", path.display())));
        }
        files.extend(below);
    }
    Ok(files)
}

/// Says how many of several cases ended how: `642 cases: 640 as expected, 2 diverge`.
fn total(ended: &[Exit]) -> String {
    let word = |exit| match exit {
        Exit::Expected => "as expected",
        Exit::Divergence => "diverge",
        Exit::Crashed => "crash the library or break memory",
        Exit::Stale => "accepted for longer than they should be",
        Exit::Inconclusive => "without a verdict",
        Exit::NotLoaded => "not driven",
        Exit::Usage => "cannot be read or written",
        Exit::Interrupted => "interrupted",
    };
    let mut words: Vec<&str> = Vec::new();
    for exit in ended {
        let word = word(*exit);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let had = |name: &&str| format!("{} {name}", ended.iter().filter(|exit| word(**exit) == *name).count());
    let words: Vec<String> = words.iter().map(had).collect();
    format!("{}: {}", report::so_many(ended.len() as u64, "case"), words.join(", "))
}

fn replay_case(case: &Case, pair: &mut Pair, lab: &Lab, known: &KnownFile, args: &ReplayArgs) -> Exit {
    let (look, verdict) = crash::saving(&format_args!("{}", case.path.display()), || {
        judge_and_show(pair, &case.program, &args.lab.memories())
    });
    let verdict = match verdict {
        Verdict::Diverge(diverged) => {
            let found = Finding { program: case.program.clone(), diverged: *diverged, look };
            Verdict::Diverge(Box::new(classed(lab, found).diverged))
        }
        verdict @ (Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_)) => verdict,
    };
    if args.json {
        let drawn = draw(case, pair, args, &verdict);
        let exit = tell(case, pair, lab, known, look, verdict);
        return drawn.map_or_else(|error| error.worst(exit), |()| exit);
    }
    output::result(format_args!("{}: native against {}", case.path.display(), pair.right().identity()));
    output::result(table(&case.program, pair, lab, args.trace));
    for owed in pair.plan().owed(&case.program) {
        output::result(report::never_released(&case.program, &owed));
    }
    let drawn = draw(case, pair, args, &verdict);
    let said = say(case, pair, lab, known, look, verdict);
    drawn.map_or_else(|exit| exit.worst(said), |()| said)
}

/// Draws the picture that was asked for.
fn draw(case: &Case, pair: &Pair, args: &ReplayArgs, verdict: &Verdict) -> Result<(), Exit> {
    args.svg
        .as_ref()
        .map_or(Ok(()), |path| output::file(path, &picture(&case.program, pair, verdict.clone().diverged().as_ref())))
}

/// Says that an agreement would be one about nothing.
const NOTHING: &str = "nothing ran: no call reached the library";

/// Prints the verdict as an object, and returns the exit code.
fn tell(case: &Case, pair: &Pair, lab: &Lab, known: &KnownFile, look: Look, verdict: Verdict) -> Exit {
    let identity = pair.right().identity();
    let release = pair.left().release().to_string();
    let of = Versions { release: &release, library: &identity.version, file: &identity.file };
    let runs = pair.plan().runs(&pair.traces().0.skips);
    let (word, why, finding, exit) = match verdict {
        Verdict::Agree => ("agree", None, None, Exit::Expected),
        Verdict::Known => ("known", None, None, Exit::Expected),
        Verdict::Nothing => ("nothing", Some(NOTHING.into()), None, Exit::Inconclusive),
        Verdict::Inconclusive(why) => ("inconclusive", Some(why.to_string()), None, Exit::Inconclusive),
        Verdict::Diverge(diverged) => {
            let finding = report::finding(&case.program, &diverged, &commands(case, lab, look), of);
            let broke = if diverged.broke() { Exit::Crashed } else { Exit::Divergence };
            match known.accepts(diverged.divergence.signature(), pair.left().release()) {
                Some(entry) => {
                    let accepted = accepted::summary(known, entry, 1);
                    let exit = if accepted.complaints().is_empty() { Exit::Expected } else { Exit::Stale };
                    ("accepted", Some(accepted.to_string()), Some(finding), exit)
                }
                None => ("diverge", None, Some(finding), broke),
            }
        }
    };
    let owed = pair.plan().owed(&case.program).into_iter();
    let never_released: Vec<_> = owed
        .map(|Owed { variable, references, taken }| {
            serde_json::json!({ "variable": variable.to_string(), "references": references, "taken": taken })
        })
        .collect();
    output::object(&serde_json::json!({
        "case": case.path.display().to_string(),
        "verdict": word,
        "why": why,
        "ran": runs,
        "skipped": case.program.ops.len() - runs,
        "never_released": never_released,
        "finding": finding,
        "versions": report::versions(of),
        "exit": exit as u8,
    }));
    exit
}

/// Returns what can be done with a case that diverges, a word and a command each.
fn commands(case: &Case, lab: &Lab, look: Look) -> [(&'static str, String); 2] {
    let (flags, file) = (lab.flags(look.memory), output::quoted(case.path.display()));
    let shown = lab.as_released().flags(look.memory);
    [("C file", format!("sessdiff show{shown} --as c {file}")), ("import", format!("sessdiff import{flags} {file}"))]
}

/// Prints the verdict in words, and returns the exit code.
fn say(case: &Case, pair: &Pair, lab: &Lab, known: &KnownFile, look: Look, verdict: Verdict) -> Exit {
    let identity = pair.right().identity();
    let name = identity.short_name();
    match verdict {
        Verdict::Agree => {
            let runs = pair.plan().runs(&pair.traces().0.skips);
            let skipped = case.program.ops.len() - runs;
            output::result(output::green(&format!("agree: {runs} calls, {skipped} skipped\n")));
            Exit::Expected
        }
        Verdict::Known => {
            output::result("agree up to a fault of this release that is known\n");
            Exit::Expected
        }
        Verdict::Nothing => {
            output::result(output::red(&format!("{NOTHING}\n")));
            Exit::Inconclusive
        }
        Verdict::Inconclusive(why) => {
            output::result(output::red(&format!("inconclusive: {why}\n")));
            Exit::Inconclusive
        }
        Verdict::Diverge(diverged) => {
            let commands = commands(case, lab, look);
            let release = pair.left().release().to_string();
            let of = Versions { release: &release, library: &identity.version, file: &identity.file };
            let block = report::block(&case.program, &diverged, ["native", name], Some(of), &commands);
            output::result(output::headed(&block));
            match known.accepts(diverged.divergence.signature(), pair.left().release()) {
                Some(entry) => say_known(&accepted::summary(known, entry, 1)),
                None if diverged.broke() => Exit::Crashed,
                None => Exit::Divergence,
            }
        }
    }
}

/// Says that a difference is accepted, and returns the exit code.
fn say_known(accepted: &Accepted) -> Exit {
    output::result(format_args!("{accepted}\n"));
    let complaints = accepted.complaints();
    complaints.iter().for_each(output::error);
    if complaints.is_empty() { Exit::Expected } else { Exit::Stale }
}

fn table(program: &Program, pair: &Pair, lab: &Lab, all: bool) -> String {
    let identity = pair.right().identity();
    let (left, right) = pair.traces();
    let plan = pair.plan();
    let mut ledger = Ledger::new(plan.setup());
    let mut first = true;
    let mut table = Table::default();
    table.row(["step", "call", "native", identity.short_name(), "ledger"], "");
    let ops: Vec<Op> = program.ops.iter().cloned().chain(plan.given_back()).collect();
    let shared = plan.shared.then(|| SharedCounts::of(plan, &ops, [left, right]));
    for (at, op) in ops.iter().enumerate() {
        let step = ledger.step(op);
        let number = if at < program.ops.len() { at.to_string() } else { "end".into() };
        let shown = match step {
            // What is given back at the end is given back, whoever owns it.
            Step::Skip(Skip::Unsupported) if lab.leaves_out(op.kind()) => {
                [0, 1].map(|_| "skipped: needs probes".into())
            }
            Step::Skip(why) if at < program.ops.len() => [skipped(why), skipped(why)].map(String::from),
            Step::Skip(_) | Step::Run { .. } => [0, 1].map(|side| {
                let counts = shared.as_ref().map(|shared| shared.sides[side].at(at, &shared.shown(at, op)));
                brief(op, plan, [left, right][side], at, counts)
            }),
        };
        let owed = shared.as_ref().map(|shared| shared.owed.at(at, &shared.shown(at, op)));
        let owed = owed.filter(|owed| !owed.is_empty()).map_or(String::new(), |owed| format!(", {owed}"));
        let differs = if left.entries(at).eq(right.entries(at)) {
            ""
        } else if std::mem::replace(&mut first, false) {
            "  <- the first difference"
        } else {
            "  differs"
        };
        table.row([&number, &op.to_string(), &shown[0], &shown[1], &format!("{ledger}{owed}")], differs);
        if all {
            let sides = [left, right].map(|trace| trace.entries(at).map(|entry| entry.to_string()).collect::<Vec<_>>());
            for entry in 0..sides[0].len().max(sides[1].len()) {
                let [left, right] = sides.each_ref().map(|side| side.get(entry).map_or("", String::as_str));
                if left == right {
                    table.row(["", &format!("    {left}"), "", "", ""], "")
                } else {
                    table.row(["", "    differs:", left, right, ""], "")
                }
            }
        }
    }
    table.text(terminal())
}

/// Says why a call was not made.
fn skipped(why: Skip) -> &'static str {
    match why {
        Skip::Taken => "skipped: slot taken",
        Skip::Empty => "skipped: slot empty",
        Skip::Unsupported => "skipped: UNSUPPORTED",
        Skip::Borrowed => "skipped: not its own",
        Skip::Hazard => "skipped: a hazard",
        Skip::Avoided => "skipped: breaks the release",
        Skip::Unready(why) => match why {
            Unready::WrongSide => "skipped: wrong side",
            Unready::HasBegun => "skipped: has begun",
            Unready::MixedSides => "skipped: mixed sides",
            Unready::OddTimeout => "skipped: odd timeout",
            Unready::UnfitSession => "skipped: unfit session",
            Unready::NoHandshake => "skipped: no handshake",
            Unready::CannotRead => "skipped: cannot read",
            Unready::ToldEnd => "skipped: told its end",
            Unready::MayHaveMoved => "skipped: may have moved",
            Unready::AskedAgain => "skipped: asked again",
            Unready::OtherProtocol => "skipped: other protocol",
        },
    }
}

/// The counts of a program with contexts or connections: of both sides, and as they should be.
struct SharedCounts {
    sides: [Column; 2],
    owed: Column,
}

/// The counts of one column of the table.
struct Column(Counts);

impl Column {
    fn of(&self, at: usize, slot: Slot) -> Option<u32> {
        self.0[at][slot.index()]
    }

    /// Says the counts of these sessions after a step: `refs s0:2 s1:1`.
    fn at(&self, at: usize, slots: &[Slot]) -> String {
        let counts = slots.iter().filter_map(|slot| self.of(at, *slot).map(|count| format!(" {slot}:{count}")));
        let counts: String = counts.collect();
        if counts.is_empty() { counts } else { format!("refs{counts}") }
    }
}

impl SharedCounts {
    fn of(plan: &Plan, ops: &[Op], traces: [&Trace; 2]) -> SharedCounts {
        let sides = traces.map(|trace| Column(counts_seen(plan, ops, trace)));
        SharedCounts { sides, owed: Column(counts_owed(plan, ops, traces)) }
    }

    /// Lists the sessions whose counts are shown in a step, the same ones in each column: those that the call names, and those whose
    /// count it changed.
    fn shown(&self, at: usize, op: &Op) -> Vec<Slot> {
        let touched = touches(op);
        let columns = [&self.owed, &self.sides[0], &self.sides[1]];
        let is_shown = |slot: &Slot| {
            let counts = columns.map(|column| column.of(at, *slot));
            let named = touched.made == Some(*slot) || touched.used == Some(*slot);
            let before = |column: &Column| if at == 0 { Some(0) } else { column.of(at - 1, *slot) };
            let changed = columns.iter().zip(counts).any(|(column, count)| count.is_some() && count != before(column));
            // Of one that is gone, that it is gone is shown.
            (changed || named) && counts.iter().flatten().any(|count| *count > 0)
        };
        Slot::all().filter(is_shown).collect()
    }
}

/// Says what a call returned, and the counts after it: `1, refs 2`, or where contexts are used `shared`.
fn brief(op: &Op, plan: &Plan, trace: &Trace, at: usize, shared: Option<String>) -> String {
    if at >= trace.steps() {
        return "not reached".into();
    }
    let mut shown = Vec::new();
    let getter = touches(op).used;
    match trace.entries(at).next() {
        Some(Entry::Return(value)) => shown.push(value.to_string()),
        Some(Entry::Made(made)) => shown.push(if made { "session" } else { "NULL" }.into()),
        Some(Entry::Skipped) => shown.push("skipped: slot empty".into()),
        Some(entry @ (Entry::Number(..) | Entry::Bytes(..))) if getter.is_some() => {
            shown.push(entry.to_string().split_once(' ').map_or(String::new(), |(_, value)| value.to_string()));
        }
        Some(_) | None => {}
    }
    if trace.deaths.contains(&(at as u32)) {
        shown.push("destroyed".into());
    }
    let counts = plan.count_steps.iter().zip(&trace.counts).filter(|(step, _)| **step as usize == at);
    let counts: Vec<_> = counts.map(|(_, count)| count.to_string()).collect();
    shown.extend(shared.filter(|counts| !counts.is_empty()));
    if !counts.is_empty() {
        shown.push(format!("refs {}", counts.join("/")));
    }
    shown.join(", ")
}

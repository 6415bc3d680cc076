//! `sessdiff check`: the conformance check, for whoever makes a port.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use glob::Pattern;
use indicatif::ProgressBar;

use super::args::{BEAT, CheckArgs, Limits, PortName};
use super::compiled::Compiled;
use super::disk::Folder;
use super::emitted::{picture, written};
use super::exit::Exit;
use super::files::keep;
use super::finding::{Finding, careful};
use super::lab::{Lab, LabError, Starting, port_flags};
use super::progress::{self, Pulse};
use super::{accepted, interrupt, output};
use crate::host::{Host, crash};
use crate::known::{Day, KnownFile};
use crate::native::Release;
use crate::op::{Kind, Op};
use crate::oracle::{Aspect, Call, Signature};
use crate::pair::{Diverged, Look, Pair};
use crate::port::Memory;
use crate::port::c::Probes;
use crate::report::{self, Accepted, CProgram, Check, Checked, Outcome, Versions, artifact_name};
use crate::suite::{self, Item, Level, NoVerdict, Said, items, judge};
use crate::trace::Breakage;

/// How long all C programs of a check may take; those that come later are written, and not run.
const TRYING: Duration = Duration::from_secs(20);
/// So many ids are listed of those that differ in the same way.
const LISTED: usize = 6;

pub(super) fn check(args: &CheckArgs) -> Result<Exit, Exit> {
    let chosen = chosen(args)?;
    if args.list {
        return Ok(list(args, &chosen));
    }
    let known = |port| known_of(args, port);
    let known = args.ports.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let lost = |path: &Path, error: std::io::Error| output::usage(format_args!("{}: {error}", path.display()));
    let _out = Folder::ready(&args.out).map_err(|error| lost(&args.out, error))?;
    for path in [&args.junit, &args.sarif, &args.html].into_iter().flatten() {
        output::ready(path, true)?;
    }
    interrupt::answer();
    crash::catch(None);
    progress::begin_with(BEAT, false);
    let (mut exit, mut checks, mut not_driven) = (Exit::Expected, Vec::new(), Vec::new());
    for (port, known) in args.ports.iter().zip(&known) {
        match check_port(args, port, &chosen, known) {
            Ok(check) => {
                exit = exit.worst(show(args, &check));
                checks.push(check);
            }
            Err(error) => {
                exit = exit.worst(error.say());
                not_driven.push((port.to_string(), error.to_string()));
            }
        }
        if interrupt::came() {
            break;
        }
    }
    Ok(exit.worst(write_files(args, &checks, &not_driven)))
}

/// Reads the accepted differences of a port. Where there is no file of them, those that are committed are in the executable.
fn known_of(args: &CheckArgs, port: &PortName) -> Result<KnownFile, Exit> {
    let read = accepted::read(&args.known, None, port)?;
    match suite::known(&port.word()).filter(|_| args.known.known.is_none() && read.path.as_os_str().is_empty()) {
        Some(text) => KnownFile::parse(Path::new(&format!("{}.toml", port.word())), text).map_err(output::usage),
        None => Ok(read),
    }
}

/// Returns the cases that the flags choose, in their order.
///
/// # Errors
/// None is chosen.
fn chosen(args: &CheckArgs) -> Result<Vec<Item>, Exit> {
    let is_chosen = |item: &Item| {
        let level = args.levels.is_empty() || args.levels.contains(&item.level);
        level && (args.cases.is_empty() || args.cases.iter().any(|pattern| pattern.matches(&item.id)))
    };
    let chosen: Vec<Item> = items().into_iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        let asked: Vec<&str> = args.cases.iter().map(Pattern::as_str).collect();
        let asked = if asked.is_empty() { String::new() } else { format!(" named {}", asked.join(" or ")) };
        let levels = if args.levels.is_empty() { "" } else { " of these levels" };
        output::error(format_args!("no case{asked}{levels}: `sessdiff check --list` lists them"));
        return Err(Exit::Inconclusive);
    }
    Ok(chosen)
}

fn list(args: &CheckArgs, chosen: &[Item]) -> Exit {
    if args.json {
        let object = |item: &Item| {
            let Item { id, level, function, says, program } = item;
            let calls: Vec<String> = program.ops.iter().map(ToString::to_string).collect();
            serde_json::json!({ "id": id, "level": level.number(), "function": function, "says": says, "calls": calls })
        };
        output::object(&serde_json::json!({ "cases": chosen.iter().map(object).collect::<Vec<_>>() }));
        return Exit::Expected;
    }
    let mut of = None;
    for item in chosen {
        if of.replace(item.level) != Some(item.level) {
            output::result(item.level);
        }
        output::result(format_args!("  {:<44} {}", item.id, item.says.replace('\n', " ")));
    }
    Exit::Expected
}

/// Drives a port for the check: in a process of its own, for a case may break it.
fn lab(args: &CheckArgs, port: &PortName) -> Lab {
    let following = args.release.following;
    Lab {
        port: port.clone(),
        probes: Probes::ALL,
        isolate: true,
        hazards: false,
        following,
        without: None,
        breaking: false,
        limits: args.limits.clone(),
        start: Starting::default(),
    }
}

fn check_port(args: &CheckArgs, port: &PortName, chosen: &[Item], known: &KnownFile) -> Result<Check, LabError> {
    let started = Instant::now();
    let lab = lab(args, port);
    let first = lab.pair()?;
    let (identity, release, setup) = (first.right().identity(), first.left().release(), first.plan().setup());
    let port_summary = lab.port_summary(&first, setup.lacks);
    begin(args, &first, chosen.len());
    let known = &known.of_library(&identity.version);
    let said = judge_all(args, &lab, first, chosen);
    let interrupted = interrupt::came();
    let (library, file) = (&*identity.version, &*identity.file);
    let of = Of { args, lab: &lab, known, release, port: &port_summary, library, file };
    let mut accepted = HashMap::new();
    let mut cases: Vec<Checked> = chosen
        .iter()
        .zip(&said)
        .filter_map(|(item, said)| said.as_ref().map(|said| of.checked(item, said, &mut accepted)))
        .collect();
    write_c(&of, chosen, &said, &mut cases);
    let mut accepted: Vec<Accepted> = accepted.into_values().collect();
    accepted.sort_by_key(|one| one.place.clone());
    // What the executable brings along is of one library of its family: another one need not show it.
    let is_whole = chosen.len() == items().len() && !interrupted && known.path.is_file();
    review(&mut accepted, known, release, is_whole);
    let levels = Level::ALL.into_iter().map(|level| (level.number(), level.name().to_string()));
    let mut check = Check {
        port: port_summary,
        tool: Versions::TOOL.into(),
        release: release.to_string(),
        date: Day::today().to_string(),
        seconds: started.elapsed().as_secs_f64(),
        cases,
        levels: levels.collect::<BTreeMap<_, _>>(),
        accepted,
        interrupted,
        exit: 0,
    };
    check.exit = exit_of(&check) as u8;
    Ok(check)
}

/// Says what is going to be checked, before anything else.
fn begin(args: &CheckArgs, pair: &Pair, cases: usize) {
    let (left, right) = (pair.left().identity().version, pair.right().identity());
    let cases = report::so_many(cases as u64, "case");
    let line =
        format!("sessdiff {}: {cases}, {right}, against the native session, which {left}", env!("CARGO_PKG_VERSION"));
    let say = |line: &dyn std::fmt::Display| if args.json { output::note(line) } else { output::result(line) };
    say(&line);
    if let Some(doubt) = pair.left().release().doubt() {
        say(&doubt);
    }
}

/// Judges all cases, on as many threads as asked for, each with a process of its own. What ^C cut off has no answer. A process that
/// cannot be started leaves its cases to the others, and what nobody judges has no verdict: what was found stands.
fn judge_all(args: &CheckArgs, lab: &Lab, first: Pair, chosen: &[Item]) -> Vec<Option<Said>> {
    let memories: &[Memory] = if lab.watches_memory() { &[Memory::Plain, Memory::Guarded] } else { &[Memory::Plain] };
    let (next, bar) = (AtomicUsize::new(0), progress::bar(chosen.len() as u64));
    let said: Vec<Mutex<Option<Said>>> = chosen.iter().map(|_| Mutex::new(None)).collect();
    let (pulse, hanging) = (Mutex::new(Pulse::new(BEAT, false)), Mutex::new(Hanging::default()));
    let start = || lab.pair().map_err(|error| error.say()).ok();
    let work = |mut pair: Option<Pair>| {
        while let Some(judging) = pair.as_mut().filter(|_| !interrupt::came()) {
            let at = next.fetch_add(1, Relaxed);
            let Some(item) = chosen.get(at) else { break };
            let hangs = locked(&hanging).by(item);
            let answer = match hangs {
                Some(kind) => Said::Inconclusive(NoVerdict::Hangs(kind)),
                None => judge(judging, item, memories),
            };
            let broke = matches!(&answer, Said::Fail(diverged, _) if diverged.broke());
            if let Said::Fail(diverged, _) = &answer {
                locked(&hanging).book(diverged.divergence.signature());
            }
            *locked(&said[at]) = Some(answer);
            advance(&bar, &pulse, item, chosen.len());
            // What broke memory may break it for the cases after it.
            if broke {
                pair = start();
            }
        }
    };
    std::thread::scope(|scope| {
        (1..args.jobs).for_each(|_| drop(scope.spawn(|| work(start()))));
        work(Some(first));
    });
    bar.finish_and_clear();
    let unjudged = || (!interrupt::came()).then_some(Said::Inconclusive(NoVerdict::NotStarted));
    let said = said.into_iter().map(|said| said.into_inner().unwrap_or_else(PoisonError::into_inner));
    said.map(|said| said.or_else(unjudged)).collect()
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts in how many cases each call hung: each takes a whole time limit, and says the same again.
#[derive(Default)]
struct Hanging(HashMap<Kind, u32>);

impl Hanging {
    /// In so many cases a call may hang; those with it that come later are not run.
    const MOST: u32 = 8;

    fn book(&mut self, failed: Signature) {
        if let Signature { call: Call::Kind(kind), aspect: Aspect::Breakage(Breakage::Hang) } = failed {
            *self.0.entry(kind).or_default() += 1;
        }
    }

    /// Returns a call of the case that hung often enough.
    fn by(&self, item: &Item) -> Option<Kind> {
        let hung = |kind: &Kind| self.0.get(kind).is_some_and(|hung| *hung >= Hanging::MOST);
        item.program.ops.iter().map(Op::kind).find(hung)
    }
}

fn advance(bar: &ProgressBar, pulse: &Mutex<Pulse>, item: &Item, of: usize) {
    bar.inc(1);
    bar.set_message(format!("{} of {of}: {}", bar.position(), item.id));
    if pulse.lock().is_ok_and(|pulse| pulse.beats()) {
        output::note(format_args!("{} of {of} cases", bar.position()));
    }
}

/// What is the same for all cases of a port.
struct Of<'a> {
    args: &'a CheckArgs,
    lab: &'a Lab,
    known: &'a KnownFile,
    release: Release,
    port: &'a report::PortSummary,
    library: &'a str,
    file: &'a str,
}

impl Of<'_> {
    /// Says what came of a case. A difference that somebody accepted is booked in `accepted`, by its place.
    fn checked(&self, item: &Item, said: &Said, accepted: &mut HashMap<String, Accepted>) -> Checked {
        let (outcome, why) = match said {
            Said::Pass => (Outcome::Pass, String::new()),
            Said::Fail(diverged, _) => {
                let found = &diverged.divergence;
                let at = report::call_of(&item.program, diverged);
                // What the native session does is not always said: where the ledger knows, it is what that says.
                let expected = found.ledger.as_ref().unwrap_or(&found.left);
                let (class, signature, got) = (found.class, found.signature(), &found.right);
                let why = format!("{class} {signature}: {at}: expected {expected}, got {got}");
                match self.known.accepts_in(&item.id, found.signature(), self.release) {
                    Some(entry) => {
                        let one = accepted::summary(self.known, entry, 0);
                        let reason = format!("{} ({})", one.reason, one.link);
                        accepted.entry(one.place.clone()).or_insert(one).programs += 1;
                        (Outcome::Known, format!("{}: {reason}", found.signature()))
                    }
                    None => (Outcome::Fail, why),
                }
            }
            Said::Known(rules) => {
                let named = rules.iter().map(|rule| {
                    let end = rule.ends_after(self.release).map(|end| format!(", mended in {end}"));
                    format!("{}{}: {}", rule.row().id, end.unwrap_or_default(), rule.row().what)
                });
                (Outcome::Known, named.collect::<Vec<_>>().join("; "))
            }
            Said::Unsupported(kinds) => {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                let wants = self.port.wants(&names).map(|wants| format!(": {wants}")).unwrap_or_default();
                (Outcome::Unsupported, format!("lacks {}{wants}", names.join(", ")))
            }
            Said::NotModelled => {
                let why = "a call is left out: the release breaks by it, or the model has no answer there";
                (Outcome::NotModelled, why.into())
            }
            Said::Inconclusive(why) => (Outcome::Inconclusive, why.to_string()),
        };
        let diverged = if let Said::Fail(diverged, _) = said { Some(diverged) } else { None };
        let again = format!("sessdiff check{} --case {}", self.flags(), output::quoted(&item.id));
        Checked {
            id: item.id.clone(),
            level: item.level.number(),
            function: item.function.into(),
            says: item.says.clone(),
            outcome,
            why,
            signature: diverged.map(|diverged| diverged.divergence.signature().to_string()),
            class: diverged.map(|diverged| diverged.divergence.class.to_string()),
            rules: match said {
                Said::Known(rules) => rules.iter().map(|rule| rule.row().id.into()).collect(),
                Said::Pass | Said::Fail(..) | Said::Unsupported(_) | Said::NotModelled | Said::Inconclusive(_) => {
                    Vec::new()
                }
            },
            broke: diverged.is_some_and(|diverged| diverged.broke()),
            calls: item.program.ops.iter().map(ToString::to_string).collect(),
            finding: diverged.map(|diverged| self.finding(item, diverged, &again)),
            c: None,
            again,
        }
    }

    /// Returns the flags that choose the port and how it is followed, what is accepted of it, and what it may take.
    fn flags(&self) -> String {
        let mut flags = port_flags(&self.lab.port);
        flags += self.lab.following.flag();
        if let Some(known) = &self.args.known.known {
            flags += &format!(" --known {}", output::quoted(known.display()));
        }
        let (limits, usual) = (&self.args.limits, Limits::DEFAULT);
        if limits.time_limit != usual.time_limit {
            flags += &format!(" --time-limit {}", limits.time_limit);
        }
        if limits.memory_limit != usual.memory_limit {
            flags += &format!(" --memory-limit {}", limits.memory_limit);
        }
        flags
    }

    fn finding(&self, item: &Item, diverged: &Diverged, again: &str) -> serde_json::Value {
        let release = self.release.to_string();
        let versions = Versions { release: &release, library: self.library, file: self.file };
        report::finding(&item.program, diverged, &[("check", again.into())], versions)
    }
}

/// Writes a C program for each signature, of the plainest case that has it, and runs those for which there is time.
fn write_c(of: &Of<'_>, chosen: &[Item], said: &[Option<Said>], cases: &mut [Checked]) {
    let mut plainest: BTreeMap<String, (&Item, &Diverged, Look)> = BTreeMap::new();
    for (item, said) in chosen.iter().zip(said) {
        let Some(Said::Fail(diverged, look)) = said else { continue };
        // What is accepted needs no proof.
        if !cases.iter().any(|case| case.id == item.id && case.outcome == Outcome::Fail) {
            continue;
        }
        let one = (item, &**diverged, *look);
        let entry = plainest.entry(diverged.divergence.signature().to_string()).or_insert(one);
        // A case about the very call says more than one that comes across it.
        let call = diverged.divergence.signature().call.to_string();
        let plainer = |item: &Item| (item.function != call, item.level, item.program.ops.len());
        if plainer(item) < plainer(entry.0) {
            *entry = one;
        }
    }
    let Ok(mut pair) = of.lab.pair() else { return };
    let until = Instant::now() + TRYING;
    for (item, diverged, look) in plainest.into_values() {
        if interrupt::came() {
            return;
        }
        let found = Finding { program: item.program.clone(), diverged: diverged.clone(), look };
        let why = format!("{}\n{}", item.id, diverged.divergence.sentence());
        let text = written(crate::emit::c, &mut pair, of.lab, &why, &found.program, Some(found.signature()));
        let stem = of.args.out.join(artifact_name(found.signature()));
        let lost = |error| output::error(format_args!("{}: {error}", stem.display()));
        let file = keep(&stem, "c", &text).map_err(lost).ok();
        let (says, command) = if Instant::now() < until {
            let compiled = Compiled::new(&of.lab.port, &text, until.saturating_duration_since(Instant::now()));
            let command = file.as_deref().map(|file| compiled.command(file));
            (compiled.to_string(), command.unwrap_or_default())
        } else {
            ("not run: there are too many of them".into(), String::new())
        };
        pair.run(&found.program, careful(look));
        let picture = picture(&found.program, &pair, Some(&found.diverged));
        let shown = CProgram { file: file.map(|file| file.display().to_string()), text, says, command, picture };
        if let Some(case) = cases.iter_mut().find(|case| case.id == item.id) {
            case.c = Some(shown);
        }
    }
}

/// Adds the accepted differences that somebody has to look at: those whose time is over, and where `all` cases ran, those that none
/// of them shows.
fn review(accepted: &mut Vec<Accepted>, known: &KnownFile, release: Release, all: bool) {
    for entry in &known.entries {
        let mut one = accepted::summary(known, entry, 0);
        if accepted.iter().any(|other| other.place == one.place) {
            continue;
        }
        if all && entry.known.releases.has(&release) {
            one.stale = Some("no case of the check".into());
        }
        if one.expired || one.stale.is_some() {
            accepted.push(one);
        }
    }
}

fn exit_of(check: &Check) -> Exit {
    let had = |outcome| check.cases.iter().any(|case| case.outcome == outcome);
    let broke = check.cases.iter().any(|case| case.outcome == Outcome::Fail && case.broke);
    let mut exit = if broke {
        Exit::Crashed
    } else if had(Outcome::Fail) {
        Exit::Divergence
    } else if had(Outcome::Inconclusive) || !had(Outcome::Pass) && !had(Outcome::Known) {
        Exit::Inconclusive
    } else {
        Exit::Expected
    };
    if check.accepted.iter().any(|one| !one.complaints().is_empty()) {
        exit = exit.worst(Exit::Stale);
    }
    if check.interrupted { exit.worst(Exit::Interrupted) } else { exit }
}

/// Prints what was found of a port, failures first, and returns the exit code.
fn show(args: &CheckArgs, check: &Check) -> Exit {
    if args.json {
        match serde_json::to_value(check) {
            Ok(json) => output::object(&json),
            Err(error) => output::error(error),
        }
    } else {
        say(args, check);
    }
    check.accepted.iter().flat_map(Accepted::complaints).for_each(output::error);
    if std::env::var_os("GITHUB_ACTIONS").is_some() {
        annotations(check).iter().for_each(output::note);
    }
    exit_of(check)
}

fn say(args: &CheckArgs, check: &Check) {
    let failed: Vec<&Checked> = check.cases.iter().filter(|case| case.outcome == Outcome::Fail).collect();
    let mut told: Vec<&str> = Vec::new();
    for case in &failed {
        let signature = case.signature.as_deref().unwrap_or_default();
        if told.contains(&signature) {
            continue;
        }
        told.push(signature);
        let same: Vec<&&Checked> = failed.iter().filter(|other| other.signature == case.signature).collect();
        // The C program is of the plainest.
        let shown = same.iter().find(|case| case.c.is_some()).map_or(*case, |shown| **shown);
        output::result(block(shown, &same));
    }
    for case in check.cases.iter().filter(|case| case.outcome == Outcome::Inconclusive) {
        output::result(format_args!("INCONCLUSIVE {}: {}\n    again: {}", case.id, case.why, case.again));
    }
    output::result(check.table(args.verbose).trim_end());
    check.accepted.iter().filter(|one| one.programs > 0).for_each(output::result);
    notes(args, check).iter().for_each(output::result);
    let verdict = check.verdict();
    output::result(if failed.is_empty() { output::green(&verdict) } else { output::red(&verdict) });
}

/// Lists what has to be known beside the verdict, a line each.
fn notes(args: &CheckArgs, check: &Check) -> Vec<String> {
    let report::PortSummary { name, unsupported, counts_references, watches_memory, .. } = &check.port;
    let mut notes = Vec::new();
    // Those of the cases that were chosen.
    let is_called = |function: &&String| {
        check.cases.iter().flat_map(|case| &case.calls).any(|call| call.contains(&format!("{function}(")))
    };
    let lacks: Vec<&str> = unsupported.iter().filter(is_called).map(String::as_str).collect();
    if !lacks.is_empty() {
        notes.push(format!("UNSUPPORTED by {name}: {}", lacks.join(", ")));
        notes.extend(check.port.wants(&lacks).map(|wants| format!("{name}: {wants}")));
    }
    notes.extend(check.port.left_out());
    if !counts_references {
        notes.push(format!("reference counts of {name}: not observed"));
    }
    if !watches_memory {
        notes.push(format!("memory of {name}: not watched"));
    }
    let faults = check.cases.iter().filter(|case| case.outcome == Outcome::Known && case.signature.is_none());
    let faults: BTreeSet<&str> = faults.map(|case| case.why.as_str()).collect();
    notes.extend(faults.into_iter().map(|fault| format!("known in {}: {fault}", check.release)));
    if args.verbose {
        let others = check.cases.iter().filter(|case| !matches!(case.outcome, Outcome::Pass | Outcome::Fail));
        notes.extend(others.map(|case| format!("{}: {}: {}", case.outcome, case.id, case.why)));
    }
    notes
}

/// Shows a failure: what holds, the calls, what differs, and how to see it again.
fn block(case: &Checked, same: &[&&Checked]) -> String {
    let mut text = output::red(&format!("FAIL {}", case.id));
    text += &format!("\n    {}\n    {}\n\n", case.why, case.says.replace('\n', "\n    "));
    text.extend(case.calls.iter().map(|call| format!("        {call}\n")));
    text += &format!("\n    again: {}\n", case.again);
    if let Some(CProgram { says, command, .. }) = &case.c {
        if !command.is_empty() {
            text += &format!("    C file: {command}\n");
        }
        text += &format!("    C says: {says}\n");
    }
    let others: Vec<&str> = same.iter().map(|other| other.id.as_str()).filter(|id| *id != case.id).collect();
    if !others.is_empty() {
        let more = if others.len() > LISTED { format!(" and {} more", others.len() - LISTED) } else { String::new() };
        text += &format!("    the same in: {}{more}\n", others[..others.len().min(LISTED)].join(", "));
    }
    text
}

/// Spells what did not pass as GitHub shows it beside a change: it shows no more than ten of a step, so each signature once, by the case
/// that has the C program.
fn annotations(check: &Check) -> Vec<String> {
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let spelled = |word: &str, case: &Checked, more: usize| {
        let title = escaped(&case.id).replace(':', "%3A").replace(',', "%2C");
        let same = match more {
            0 => String::new(),
            more => format!("\nthe same in {}", report::so_many(more as u64, "other case")),
        };
        format!("::{word} title={title}::{}", escaped(&format!("{}\nagain: {}{same}", case.why, case.again)))
    };
    let of = |outcome| check.cases.iter().filter(move |case| case.outcome == outcome);
    let signatures: BTreeSet<_> = of(Outcome::Fail).map(|case| &case.signature).collect();
    let failed = signatures.into_iter().filter_map(|signature| {
        let same: Vec<&Checked> = of(Outcome::Fail).filter(|case| case.signature == *signature).collect();
        let shown = same.iter().find(|case| case.c.is_some()).or(same.first())?;
        Some(spelled("error", shown, same.len() - 1))
    });
    failed.chain(of(Outcome::Inconclusive).map(|case| spelled("warning", case, 0))).collect()
}

/// Writes the files that were asked for. One that cannot be written does not stop the others.
fn write_files(args: &CheckArgs, checks: &[Check], not_driven: &[(String, String)]) -> Exit {
    let mut exit = Exit::Expected;
    let mut write = |path: &Option<PathBuf>, text: &dyn Fn() -> Result<String, String>| {
        let Some(path) = path else { return };
        let written = text().map_err(|why| output::usage(format_args!("{}: {why}", path.display())));
        exit = exit.worst(written.and_then(|text| output::file(path, &text)).err().unwrap_or(Exit::Expected));
    };
    write(&args.junit, &|| report::junit(checks, not_driven).map_err(|error| error.to_string()));
    write(&args.sarif, &|| Ok(format!("{:#}\n", report::sarif(checks))));
    write(&args.html, &|| Ok(report::matrix(checks)));
    exit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_hangs_again_and_again_is_not_waited_for() {
        let items = items();
        let calls = |kind| items.iter().find(|item| item.program.ops.iter().any(|op| op.kind() == kind)).unwrap();
        let mut hanging = Hanging::default();
        for _ in 0..Hanging::MOST {
            assert_eq!(hanging.by(calls(Kind::UpRef)), None);
            // What fails otherwise is worth its time.
            hanging.book(Signature { call: Call::Kind(Kind::Dup), aspect: Aspect::Return });
            hanging.book(Signature { call: Call::Kind(Kind::UpRef), aspect: Aspect::Breakage(Breakage::Hang) });
        }
        assert_eq!(hanging.by(calls(Kind::UpRef)), Some(Kind::UpRef));
        let without = |item: &&Item| item.program.ops.iter().all(|op| op.kind() != Kind::UpRef);
        assert!(items.iter().filter(without).all(|item| hanging.by(item).is_none()));
    }
}

//! `sessdiff record`: what a real program does with sessions, as cases.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::args::RecordArgs;
use super::disk::{self, Folder};
use super::exit::Exit;
use super::{interrupt, output};
use crate::program::Case;
use crate::record::{LOADED, Log, Recorded, Recording, VARIABLE, interposer};
use crate::report::{never_released, so_many};

/// Limits the log of a process, bytes.
const MOST_LOGGED: u64 = 16 << 20;
/// Holds the time between two looks at whether the program has ended.
const TURN: Duration = Duration::from_millis(10);
/// Says how long a program may take to end after it was told to.
const ENDING: Duration = Duration::from_secs(5);
/// Says how long after ^C, which the terminal sends to the program too, it is sent again.
const TOLD: Duration = Duration::from_millis(500);
/// Lets anybody make files in the folder of logs, for programs give up their rights; nobody else may list it.
const ANYBODY: u32 = 0o1733;

pub(super) fn record(args: &RecordArgs) -> Result<Exit, Exit> {
    interrupt::answer();
    let [program, rest @ ..] = &args.program[..] else { return Err(output::usage("no program")) };
    let wrong = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| output::usage(format_args!("{path}: {error}"))
    };
    let _folder = Folder::ready(&args.out).map_err(wrong(&args.out))?;
    let room = tempfile::tempdir().map_err(wrong(Path::new("a temporary folder")))?;
    let logs = room.path().join("logs");
    let made = std::fs::create_dir(&logs)
        .and_then(|()| std::fs::set_permissions(room.path(), Permissions::from_mode(0o711)))
        .and_then(|()| std::fs::set_permissions(&logs, Permissions::from_mode(ANYBODY)));
    made.map_err(wrong(&logs))?;
    let library = compile(room.path()).map_err(|error| output::usage(format_args!("cc: {error}")))?;
    let status = watch(program, rest, &library, &logs, args).map_err(wrong(Path::new(program)))?;
    let texts = read(&logs).map_err(wrong(&logs))?;
    let read = Log::read_all(&texts).map_err(output::usage)?;
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
    let command: Vec<String> = args.program.iter().map(|word| output::quoted(word.display())).collect();
    let recording = Recording::new(&name, &command.join(" "), &read);
    if recording.calls == 0 {
        return Err(nothing(&name, status, logs.join(LOADED).exists()));
    }
    let paths = recording.cases.iter().map(|case| write(case, &args.out)).collect::<Result<Vec<_>, _>>()?;
    match args.json {
        true => tell(&name, status, &recording, &paths),
        false => say(&name, status, texts.len(), &recording, &paths),
    }
    Ok(interrupt::exit())
}

/// Compiles the library that is preloaded.
fn compile(folder: &Path) -> io::Result<OsString> {
    std::fs::write(folder.join("interposer.c"), interposer(MOST_LOGGED))?;
    let library = folder.join("interposer.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "interposer.c", "-ldl", "-lpthread", "-o"]).arg(&library).current_dir(folder);
    let said = cc.output()?;
    if said.status.success() {
        return Ok(library.into_os_string());
    }
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let error = said.lines().find(|line| line.contains("error")).unwrap_or("the library to be preloaded is refused");
    Err(io::Error::other(error.to_string()))
}

/// Runs the program with the library, until it ends or its time is up.
fn watch(
    program: &OsStr,
    rest: &[OsString],
    library: &OsStr,
    logs: &Path,
    args: &RecordArgs,
) -> io::Result<ExitStatus> {
    let mut preloaded = library.to_os_string();
    if let Some(others) = std::env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
        preloaded.push(":");
        preloaded.push(others);
    }
    let mut command = Command::new(program);
    command.args(rest).env("LD_PRELOAD", preloaded).env(VARIABLE, logs);
    if args.json {
        command.stdout(Stdio::from(io::stderr()));
    }
    let mut child = command.spawn()?;
    let started = Instant::now();
    let limit = args.seconds.map(Duration::from_secs_f64);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt::came() {
            return end(child, Signal::INT, TOLD);
        }
        if limit.is_some_and(|limit| started.elapsed() > limit) {
            return end(child, Signal::TERM, Duration::ZERO);
        }
        std::thread::sleep(TURN);
    }
}

/// Sends the program a signal after a while, and kills it where that does not end it.
fn end(mut child: Child, signal: Signal, after: Duration) -> io::Result<ExitStatus> {
    let (told, mut is_told) = (Instant::now(), false);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if !is_told && told.elapsed() >= after {
            is_told = true;
            // One that has ended meanwhile needs no signal.
            kill_process(Pid::from_child(&child), signal).unwrap_or(());
        }
        if told.elapsed() > after + ENDING {
            child.kill()?;
            return child.wait();
        }
        std::thread::sleep(TURN);
    }
}

/// Reads the logs, by their names. What is no text in one is none of ours.
fn read(logs: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for entry in std::fs::read_dir(logs)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != LOADED {
            texts.insert(name, String::from_utf8_lossy(&std::fs::read(entry.path())?).into_owned());
        }
    }
    Ok(texts)
}

/// Says why no call was seen.
fn nothing(name: &str, status: ExitStatus, was_loaded: bool) -> Exit {
    let why = match was_loaded {
        true => "it calls no OpenSSL that is a shared library",
        false => {
            "the library was not loaded, for it is linked statically, is no program of this machine or has more rights than who starts it"
        }
    };
    output::error(format_args!("no session call was seen of {name}, which ended with {}: {why}", ended(status)));
    Exit::Inconclusive
}

/// Writes a case. Returns where it is.
fn write(case: &Recorded, out: &Path) -> Result<String, Exit> {
    let path = out.join(format!("{}.ops", case.name));
    match disk::write_new(&path, Case::text(&case.why, &case.program)) {
        Ok(true) => Ok(path.display().to_string()),
        Ok(false) => Err(output::usage(format_args!("{}: is there already, with another content", path.display()))),
        Err(error) => Err(output::usage(format_args!("{}: {error}", path.display()))),
    }
}

/// Says how a program ended.
fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// Prints what was recorded as text.
fn say(name: &str, status: ExitStatus, processes: usize, recording: &Recording, paths: &[String]) {
    let Recording { calls, library, cases, .. } = recording;
    let sessions: usize = cases.iter().map(|case| case.sessions).sum();
    let [calls, sessions, count] = [(*calls, "call"), (sessions, "session"), (cases.len(), "case")]
        .map(|(count, word)| so_many(count as u64, word));
    let of = if processes == 1 { String::new() } else { format!(" of {processes} processes") };
    output::result(format_args!("{name} ended with {}", ended(status)));
    output::result(format_args!("{calls}{of} with {library}: {sessions}, {count}"));
    if recording.is_full {
        output::result("there was more than a recording may hold: the last calls or sessions are missing");
    }
    for (case, path) in cases.iter().zip(paths) {
        output::result(format_args!("\n{path}: {}", so_many(case.sessions as u64, "session")));
        case.owed.iter().for_each(|owed| output::result(format_args!("  {}", never_released(&case.program, owed))));
        if case.owed.is_empty() {
            output::result("  everything is released");
        }
    }
    for (what, counts) in [("cannot be spelled:", &recording.unspelled), ("left out of cases:", &recording.left_out)] {
        if !counts.is_empty() {
            output::result(format_args!("\n{what}"));
        }
        for (name, count) in counts {
            output::result(format_args!("{count:7}  {name}"));
        }
    }
}

/// Prints what was recorded as an object.
fn tell(name: &str, status: ExitStatus, recording: &Recording, paths: &[String]) {
    let case = |(case, path): (&Recorded, &String)| {
        let owed: Vec<_> = case.owed.iter().map(|owed| never_released(&case.program, owed)).collect();
        serde_json::json!({ "case": path, "sessions": case.sessions, "why": case.why, "never_released": owed,
            "calls": case.program.ops.iter().map(ToString::to_string).collect::<Vec<_>>() })
    };
    output::object(&serde_json::json!({
        "program": name,
        "status": status.code(),
        "signal": status.signal(),
        "library": recording.library,
        "calls": recording.calls,
        "full": recording.is_full,
        "cases": recording.cases.iter().zip(paths).map(case).collect::<Vec<_>>(),
        "unspelled": recording.unspelled,
        "left_out": recording.left_out,
        "exit": interrupt::exit() as u8,
    }));
}

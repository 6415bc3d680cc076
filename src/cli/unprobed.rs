//! The part of a run without probes: this executable again, because a probe cannot be taken out of a process.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use rustix::process::{Pid, Signal, kill_process};

use super::args::{Limits, PortName, RunArgs};
use super::progress::{self, Pulse, TICK, spinner};
use super::{interrupt, output};
use crate::host::crash;
use crate::report::{SignatureHits, Summary};

/// How long it may take to end by itself after ^C.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says why there is no summary.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnprobedError {
    #[error("{0}")]
    NotStarted(#[from] std::io::Error),
    #[error("it ended with {status} and no summary ({error})\n{stderr}")]
    NoSummary { status: String, error: serde_json::Error, stderr: String },
    #[error("{0}")]
    Crashed(String),
    #[error("it was ended from outside with {0}: by the system, where memory was short, or by somebody")]
    Killed(ExitStatus),
    #[error("ended by ^C")]
    Interrupted,
}

/// Explores for `amount`, spelled as flags, with the same seed. What the child says of a divergence is said here; what is `settled` it
/// only counts.
pub(super) fn run(
    args: &RunArgs,
    port: &PortName,
    seed: u64,
    amount: Vec<String>,
    corpus: bool,
    settled: &[SignatureHits],
) -> Result<Summary, UnprobedError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments(args, port, seed, amount, corpus));
    command.args(settled.iter().flat_map(|one| ["--settled".into(), one.found.signature.to_string()]));
    let bar = spinner("without probes");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let told = Arc::default();
    let (stdout, stderr) = (read_all(child.stdout.take()), read_lines(child.stderr.take(), Arc::clone(&told)));
    let status = wait(&mut child, &bar, &Pulse::new(args.beat, false), &told);
    bar.finish_and_clear();
    let status = status?;
    let stdout = stdout.join().unwrap_or_default();
    let stderr = stderr.join().unwrap_or_default();
    let said = stderr.trim_end().to_string();
    match serde_json::from_slice::<Summary>(&stdout) {
        Ok(summary)
            if status.code().is_none() || status.code() == Some(crash::EXIT) && summary.signatures.is_empty() =>
        {
            Err(UnprobedError::Crashed(format!("without probes: ended with {status} after its summary")))
        }
        Ok(summary) => {
            match (args.json, said.is_empty()) {
                (_, true) => {}
                (true, false) => output::note(said),
                (false, false) => output::result(output::headed(&said)),
            }
            Ok(summary)
        }
        Err(_) if interrupt::came() => Err(UnprobedError::Interrupted),
        Err(_) if is_of_others(status) => Err(UnprobedError::Killed(status)),
        Err(_) if status.code().is_none() => {
            Err(UnprobedError::Crashed(format!("{said}\nwithout probes: ended with {status}").trim_start().into()))
        }
        Err(_) if status.code() == Some(crash::EXIT) => Err(UnprobedError::Crashed(said)),
        Err(error) => Err(UnprobedError::NoSummary { status: status.to_string(), error, stderr: said }),
    }
}

/// Tells whether a process was ended by a signal that no library raises.
fn is_of_others(status: ExitStatus) -> bool {
    [Signal::KILL, Signal::TERM, Signal::HUP].iter().any(|signal| status.signal() == Some(signal.as_raw()))
}

/// Spells the arguments of the child: all those of this run, but for what is said of the whole of it.
fn arguments(args: &RunArgs, port: &PortName, seed: u64, amount: Vec<String>, corpus: bool) -> Vec<OsString> {
    // A flag that is new has to be thought of here.
    let RunArgs {
        seconds: _,
        programs: _,
        laws: _,
        corpus_out: _,
        seed: _,
        jobs,
        // The whole run says how far it is.
        beat: _,
        ports: _,
        // The port has it.
        profile: _,
        isolate,
        hazards,
        // What is not followed was shown before.
        release: _,
        limits,
        // Without probes all memory is the system's.
        memory: _,
        longest,
        about,
        keep_going,
        out,
        corpus: folder,
        known,
        probes: _,
        json: _,
        junit: _,
        sarif: _,
        verbose: _,
        part: _,
        // It is told of what was settled here.
        settled: _,
        // It is in the amount.
        after: _,
        reducing,
    } = args;
    let Limits { time_limit, memory_limit } = limits;
    let mut words: Vec<OsString> = ["run", "--part", "--probes", "none", "--json"].map(OsString::from).into();
    for (name, value) in [
        ("--seed", seed.to_string()),
        ("--jobs", jobs.to_string()),
        ("--time-limit", time_limit.to_string()),
        ("--memory-limit", memory_limit.to_string()),
        ("--longest", longest.to_string()),
        ("--about", about.to_string()),
        ("--reduce-seconds", reducing.reduce_seconds.to_string()),
    ] {
        words.extend([name.into(), value.into()]);
    }
    words.extend(port.arguments().into_iter().map(OsString::from));
    let flags = [("--isolate", isolate), ("--hazards", hazards), ("--keep-going", keep_going)];
    words.extend(flags.iter().filter(|(_, is_set)| **is_set).map(|(flag, _)| flag.into()));
    words.extend(amount.into_iter().map(OsString::from));
    words.extend(["--out".into(), out.clone().into()]);
    words.extend(known.known.as_ref().map(|file| ["--known".into(), file.clone().into()]).into_iter().flatten());
    match folder {
        Some(folder) => words.extend(["--corpus".into(), folder.clone().into()]),
        None if corpus => {}
        None => words.extend(["--corpus", "none"].map(OsString::from)),
    }
    words
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // A stream that breaks off leaves what came before, and no summary can be read from that.
            stream.read_to_end(&mut bytes).unwrap_or(0);
        }
        bytes
    })
}

/// Reads what a part says, and keeps what it tells of what it does apart: the last of that.
fn read_lines(stream: Option<impl Read + Send + 'static>, told: Arc<Mutex<String>>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = String::new();
        let Some(stream) = stream else { return said };
        // A stream that breaks off leaves what came before.
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            match progress::told(&line) {
                Some(phase) => *told.lock().unwrap_or_else(PoisonError::into_inner) = phase.into(),
                None => said += &format!("{line}\n"),
            }
        }
        said
    })
}

/// Waits for the end of the child. What ends this process ends the child too, which is given the time to say how far it came.
fn wait(child: &mut Child, bar: &ProgressBar, pulse: &Pulse, told: &Mutex<String>) -> std::io::Result<ExitStatus> {
    let mut patience: Option<Instant> = None;
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt::came() {
            if patience.is_none() {
                // A terminal sends ^C to both. It is no matter that it comes twice, or too late.
                kill_process(Pid::from_child(child), Signal::INT).unwrap_or(());
            }
            if patience.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                child.kill()?;
                return child.wait();
            }
        }
        let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let comma = if told.is_empty() { "" } else { ", " };
        let line = format!("without probes, for {:.0} s{comma}{told}", started.elapsed().as_secs_f64());
        if pulse.beats() {
            output::note(&line);
        }
        bar.set_message(line);
        std::thread::sleep(TICK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_library_raises_is_no_crash_of_it() {
        let ended = |signal: Signal| is_of_others(ExitStatus::from_raw(signal.as_raw()));
        assert!(ended(Signal::KILL) && ended(Signal::TERM));
        assert!(!ended(Signal::SEGV) && !ended(Signal::ABORT) && !is_of_others(ExitStatus::from_raw(0)));
    }
}

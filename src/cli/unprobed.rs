//! The part of a run without probes: this executable again, because a probe cannot be taken out of a process.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::args::{PortName, RunArgs};
use super::progress::{TICK, spinner};
use super::{interrupt, output};
use crate::host::crash;
use crate::report::{SignatureSummary, Summary};

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
    #[error("ended by ^C")]
    Interrupted,
}

/// Explores for `amount`, with the same seed. What the child says of a divergence is said here, unless all that it found is
/// `known`.
pub(super) fn run(
    args: &RunArgs,
    port: &PortName,
    seed: u64,
    amount: [String; 2],
    corpus: bool,
    known: &[SignatureSummary],
) -> Result<Summary, UnprobedError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["run", "--probes", "none", "--json", "--seed", &seed.to_string(), "--jobs", &args.jobs.to_string()]);
    let limits = &args.limits;
    command.args(["--port", &port.to_string(), "--time-limit", &limits.time_limit.to_string()]);
    command.args(["--memory-limit", &limits.memory_limit.to_string()]);
    command.args(["--reduce-seconds", &args.reducing.reduce_seconds.to_string()]);
    let flags = [("--isolate", args.isolate), ("--hazards", args.hazards), ("--keep-going", args.keep_going)];
    command.args(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag));
    command.args(amount).arg("--longest").arg(args.longest.to_string()).arg("--out").arg(&args.out);
    match &args.corpus {
        Some(folder) => drop(command.arg("--corpus").arg(folder)),
        None if corpus => {}
        None => drop(command.args(["--corpus", "none"])),
    }
    let bar = spinner("without probes");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let status = wait(&mut child);
    bar.finish_and_clear();
    let status = status?;
    let stdout = stdout.join().unwrap_or_default();
    let stderr = stderr.join().unwrap_or_default();
    let said = String::from_utf8_lossy(&stderr).trim_end().to_string();
    match serde_json::from_slice::<Summary>(&stdout) {
        Ok(summary)
            if status.code().is_none() || status.code() == Some(crash::EXIT) && summary.signatures.is_empty() =>
        {
            Err(UnprobedError::Crashed(format!("without probes: ended with {status} after its summary")))
        }
        Ok(summary) => {
            let is_known = |found: &SignatureSummary| known.iter().any(|known| known.signature == found.signature);
            let all_known = !summary.signatures.is_empty() && summary.signatures.iter().all(is_known);
            match (args.json, said.is_empty() || all_known && summary.inconclusive == 0) {
                (_, true) => {}
                (true, false) => output::note(said),
                (false, false) => output::result(said),
            }
            Ok(summary)
        }
        Err(_) if status.code().is_none_or(|code| code == crash::EXIT) && !interrupt::came() => {
            Err(UnprobedError::Crashed(said))
        }
        Err(_) if interrupt::came() => Err(UnprobedError::Interrupted),
        Err(error) => Err(UnprobedError::NoSummary { status: status.to_string(), error, stderr: said }),
    }
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

/// Waits for the end of the child. After ^C, which a terminal sends to both, it does not wait for long.
fn wait(child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
    let mut patience: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt::came() && patience.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            child.kill()?;
            return child.wait();
        }
        std::thread::sleep(TICK);
    }
}

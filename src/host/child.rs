//! The parent's side: a child process is kept alive over many programs, watched, and replaced when it dies.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Host;
use super::protocol::{self, Answer, HEAD, Hello, LONGEST, Request};
use super::{sandbox, stack};
use crate::exec::View;
use crate::native::{Family, Release};
use crate::plan::{Plan, Quirks, Setup};
use crate::port::native::NativePort;
use crate::port::{Abilities, Identity, Missing, present};
use crate::program::Program;
use crate::trace::{Breakage, Mishap, MishapKind, Signal, Trace, Violation};

/// How much longer than its time limit a child may take before it is killed: it ends itself and says where it was.
const GRACE: Duration = Duration::from_millis(500);
/// How often it is looked whether a program goes on.
const TURN: Duration = Duration::from_millis(100);
/// How long a child may take to be ready.
const START: Duration = Duration::from_secs(30);
/// How long a child that closed its end may take to die.
const DYING: Duration = Duration::from_secs(2);
/// Of what a child prints, the last so many bytes are kept.
const PRINTED: usize = 1 << 16;
/// The most lines of a report that are shown.
const REPORT_LINES: usize = 40;

/// How a child is started: this executable once more, as `host`.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// The executable.
    pub executable: PathBuf,
    /// Its arguments but for the path of the shared word, which comes last.
    pub args: Vec<String>,
    /// How long one call of a program may take, with what is observed after it.
    pub limit: Duration,
    /// Set by whoever does not want to wait any more.
    pub stop: &'static AtomicBool,
    /// When nobody wants to wait any more.
    pub until: Option<Instant>,
    /// Told to a child that makes no calls before the first program.
    pub cold: String,
    /// Set when a child has died of such calls, or did not come to their end: those that are started from then on make none.
    pub died: Arc<AtomicBool>,
    /// The library that must be loaded before all others: the runtime of a sanitizer.
    pub preload: Option<String>,
}

/// Why there is no child.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The system refuses.
    #[error("a child process cannot be started: {0}")]
    NotStarted(#[from] io::Error),
    /// It cannot drive its port.
    #[error("{0}")]
    Refused(String),
    /// Nobody wanted to wait for it.
    #[error("interrupted")]
    Interrupted,
    /// The time for what it was wanted for is over.
    #[error("out of time")]
    OutOfTime,
    /// It was not ready in time.
    #[error("the library is not ready after {} seconds", START.as_secs())]
    TooSlow,
    /// It ended before it was ready.
    #[error("the library ends its process before the first program: {0}")]
    Died(String),
}

/// A port in a process of its own.
pub struct Child {
    spawn: Spawn,
    hello: Hello,
    process: Option<Process>,
    /// Programs that were sent ahead and not yet asked for.
    ahead: usize,
    /// Shows the step that runs.
    step: &'static AtomicU32,
    step_file: File,
    message: Vec<u8>,
}

struct Process {
    child: std::process::Child,
    stream: BufReader<UnixStream>,
    printed: Arc<Mutex<Vec<u8>>>,
    printer: Option<std::thread::JoinHandle<()>>,
}

impl Child {
    /// Starts one.
    ///
    /// # Errors
    /// See [`ChildError`].
    pub fn start(spawn: Spawn) -> Result<Child, ChildError> {
        let (step_file, step) = sandbox::create()?;
        let cold = spawn.died.load(Relaxed);
        let (process, hello) = match begin(&spawn, &step_file) {
            // What it dies of, or hangs by, is for the programs to find.
            Err(ChildError::Died(_) | ChildError::TooSlow) if !cold => {
                spawn.died.store(true, Relaxed);
                begin(&spawn, &step_file)?
            }
            begun => begun?,
        };
        Ok(Child { spawn, hello, process: Some(process), ahead: 0, step, step_file, message: Vec::new() })
    }

    /// Returns the release whose rules the native session has to follow.
    pub fn release(&self) -> Release {
        self.hello.release()
    }

    /// Returns the family whose customs the native session has to follow.
    pub fn family(&self) -> Family {
        self.hello.family
    }

    /// Lists the symbols for want of which the port lacks what it lacks.
    pub fn missing(&self) -> &[Missing] {
        &self.hello.missing
    }

    /// Tells whether the port tells of errors.
    pub fn sees_errors(&self) -> bool {
        self.hello.sees_errors
    }

    /// Tells whether the harness's ex_data indices are registered.
    pub fn has_ex_data(&self) -> bool {
        self.hello.ex_data
    }

    /// Sends programs, starting a new child if there is none.
    fn send<'a>(
        &mut self,
        setup: Setup,
        programs: impl Iterator<Item = (&'a Program, View)>,
    ) -> Result<(), ChildError> {
        if self.process.is_none() {
            self.process = Some(begin(&self.spawn, &self.step_file)?.0);
        }
        protocol::message(&mut self.message, |message| {
            for (program, view) in programs {
                protocol::append(message, &Request { setup, view, wire: &program.to_wire() });
            }
        });
        let Some(process) = &mut self.process else { return Ok(()) };
        // A child that died at once shows when it is read.
        process.stream.get_mut().write_all(&self.message).unwrap_or(());
        Ok(())
    }

    fn receive(&mut self, trace: &mut Trace, most: usize) {
        let Some(process) = &mut self.process else { return };
        let Spawn { limit, stop, until, .. } = self.spawn;
        let patience = Patience { limit: 2 * limit + GRACE, step: self.step, stop, until };
        let said = process.hear(&patience, &mut self.message);
        trace.mishap = match said {
            Ok(Answer::Ran(ran, mishap, stack)) => {
                *trace = ran;
                trace.stack = stack::named(&stack);
                mishap.map(|mishap| if mishap.kind.ends() { self.reported(mishap) } else { mishap })
            }
            said @ (Ok(Answer::Ready(_) | Answer::Refused(_)) | Err(_)) => {
                trace.clear();
                let late = matches!(&said, Err(error) if is_timeout(error));
                Some(match patience.ended() {
                    Some(why) => self.given_up(&why),
                    None => self.unheard(late),
                })
            }
        };
        reach(trace, most);
    }

    /// Adds to a mishap that ended a child what the child printed.
    fn reported(&mut self, mishap: Mishap) -> Mishap {
        let report = self.bury(DYING).1;
        let breakage = sanitizer(&report).unwrap_or(mishap.breakage);
        Mishap { breakage, report, ..mishap }
    }

    /// Ends a child that nobody wants to wait for.
    fn given_up(&mut self, why: &ChildError) -> Mishap {
        self.bury(Duration::ZERO);
        lost(&why.to_string())
    }

    /// Says what happened to a child that ended, or whose time was over, before it said anything.
    fn unheard(&mut self, late: bool) -> Mishap {
        let step = self.step.load(Relaxed);
        let (status, report) = self.bury(if late { Duration::ZERO } else { DYING });
        let signal = status.and_then(|status| status.signal()).filter(|_| !late);
        let code = status.and_then(|status| status.code());
        let (kind, breakage, text) = match (late, signal, code) {
            (true, ..) => (MishapKind::Hang, Breakage::Hang, "did not return within the time limit".into()),
            (false, Some(signal), _) => {
                (MishapKind::Crash, Breakage::Signal(Signal::Number(signal)), format!("crashed with signal {signal}"))
            }
            (false, None, Some(code)) => {
                (MishapKind::Crash, Breakage::Exit, format!("ended the process with status {code}"))
            }
            (false, None, None) => (MishapKind::Lost, Breakage::NotRun, "the child process cannot be heard".into()),
        };
        let breakage = sanitizer(&report).unwrap_or(breakage);
        Mishap { kind, step, breakage, text, block: None, report }
    }

    /// Ends a child that is busy with what nobody wants to know any more.
    fn give_up(&mut self) {
        if std::mem::take(&mut self.ahead) > 0
            && let Some(mut process) = self.process.take()
        {
            process.end(Duration::ZERO);
        }
    }

    /// Waits for a child that ends; how it ended and what it printed.
    fn bury(&mut self, patience: Duration) -> (Option<ExitStatus>, String) {
        self.ahead = 0;
        let Some(mut process) = self.process.take() else { return (None, String::new()) };
        let (status, printed) = process.end(patience);
        let lines: Vec<&str> = printed.trim().lines().take(REPORT_LINES).collect();
        (status, lines.join("\n"))
    }
}

impl Host for Child {
    fn renew(&mut self) {
        self.bury(Duration::ZERO);
    }

    fn identity(&self) -> Identity {
        self.hello.identity.clone()
    }

    fn abilities(&self) -> Abilities {
        let Hello { lacks, counts, tells_ends, compression, .. } = self.hello;
        Abilities { lacks, counts, tells_ends, compression, quirks: Quirks::NONE }
    }

    fn agrees_with(&mut self, _native: &mut NativePort, _: &Program, _: &mut Plan, _: View) -> Option<bool> {
        None
    }

    fn prepare(&mut self, setup: Setup, programs: &[(&Program, View)]) {
        self.give_up();
        if self.send(setup, programs.iter().copied()).is_ok() {
            self.ahead = programs.len();
        }
    }

    fn run(&mut self, program: &Program, plan: &Plan, view: View, prepared: bool, trace: &mut Trace) {
        if prepared && self.ahead > 0 {
            self.ahead -= 1;
        } else {
            // What was sent ahead is given up: what is asked now comes first.
            self.give_up();
            if let Err(error) = self.send(plan.setup(), std::iter::once((program, view))) {
                trace.clear();
                trace.step();
                trace.mishap = Some(lost(&error.to_string()));
                return;
            }
        }
        let left: u32 = plan.left.iter().sum();
        self.receive(trace, plan.steps.len() + left as usize);
    }
}

/// Adds the steps that were begun to a trace that ends early.
fn reach(trace: &mut Trace, most: usize) {
    let Some(mishap) = trace.mishap.as_ref().filter(|mishap| mishap.kind.ends()) else { return };
    // A step whose end was not reported is taken to have begun. What ran outside every step came after the last one.
    // The number comes from a process that may have written anywhere.
    let step = if mishap.step == present::OUTSIDE { 0 } else { (mishap.step as usize).min(most) };
    while trace.steps() <= step {
        trace.step();
    }
}

fn lost(why: &str) -> Mishap {
    let (kind, breakage, report) = (MishapKind::Lost, Breakage::NotRun, String::new());
    Mishap { kind, step: 0, breakage, text: why.into(), block: None, report }
}

/// How long is waited for an answer.
struct Patience<'a> {
    /// From one step to the next.
    limit: Duration,
    step: &'a AtomicU32,
    stop: &'a AtomicBool,
    until: Option<Instant>,
}

impl Patience<'_> {
    /// Says why nobody wants to wait any more.
    fn ended(&self) -> Option<ChildError> {
        let late = self.until.is_some_and(|until| Instant::now() >= until);
        match self.stop.load(Relaxed) {
            true => Some(ChildError::Interrupted),
            false => late.then_some(ChildError::OutOfTime),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.end(Duration::ZERO);
        }
    }
}

/// Starts a child and waits for what its port is.
fn begin(spawn: &Spawn, step_file: &File) -> Result<(Process, Hello), ChildError> {
    let mut process = start_process(spawn, step_file)?;
    let mut first_calls = String::new();
    let no_step = AtomicU32::new(0);
    let patience = Patience { limit: START, step: &no_step, stop: spawn.stop, until: spawn.until };
    match process.hear(&patience, &mut Vec::new()) {
        Ok(Answer::Ready(hello)) => return Ok((process, hello)),
        Ok(Answer::Refused(why)) => {
            process.end(DYING);
            return Err(ChildError::Refused(why));
        }
        Ok(Answer::Ran(_, Some(mishap), _)) => first_calls = format!(": {}", mishap.text),
        Err(error) if is_timeout(&error) => {
            process.end(Duration::ZERO);
            return Err(patience.ended().unwrap_or(ChildError::TooSlow));
        }
        Ok(Answer::Ran(_, None, _)) | Err(_) => {}
    }
    let (status, printed) = process.end(DYING);
    let status = status.map_or("it cannot be heard".into(), |status| status.to_string());
    let first = printed.lines().find(|line| !line.trim().is_empty()).map_or(String::new(), |line| format!(": {line}"));
    Err(ChildError::Died(format!("{status}{first_calls}{first}")))
}

fn start_process(spawn: &Spawn, step_file: &File) -> Result<Process, ChildError> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(TURN))?;
    let mut command = Command::new(&spawn.executable);
    command.args(&spawn.args).args(spawn.died.load(Relaxed).then_some(&spawn.cold)).arg(format!(
        "/proc/{}/fd/{}",
        std::process::id(),
        step_file.as_raw_fd()
    ));
    if let Some(runtime) = &spawn.preload {
        let ours = "abort_on_error=1:detect_leaks=0:handle_segv=0:handle_abort=0:verify_asan_link_order=0";
        let theirs = std::env::var("ASAN_OPTIONS").unwrap_or_default();
        command.env("LD_PRELOAD", runtime).env("ASAN_OPTIONS", format!("{ours}:{theirs}"));
    }
    // A group of its own: what it starts ends with it, and the ^C that this process answers does not reach it.
    command.process_group(0);
    let mut child =
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    // The command keeps the child's end of the connection open.
    drop(command);
    let printed = Arc::new(Mutex::new(Vec::new()));
    let printer = child.stderr.take().map(|stream| {
        let printed = Arc::clone(&printed);
        std::thread::spawn(move || keep(stream, &printed))
    });
    Ok(Process { child, stream: BufReader::with_capacity(1 << 16, ours), printed, printer })
}

impl Process {
    /// Waits for one message; `message` is room for its bytes.
    fn hear(&mut self, patience: &Patience<'_>, message: &mut Vec<u8>) -> io::Result<Answer> {
        message.clear();
        let mut step = patience.step.load(Relaxed);
        let mut since = Instant::now();
        // In short turns: somebody may want to stop, and a program that goes on is slow, and no more.
        loop {
            match self.stream.fill_buf() {
                Ok(_) => break,
                Err(error) if is_timeout(&error) => {
                    let now = patience.step.load(Relaxed);
                    if std::mem::replace(&mut step, now) != now {
                        since = Instant::now();
                    }
                    if patience.ended().is_some() || since.elapsed() >= patience.limit {
                        return Err(error);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let mut head = [0; HEAD];
        self.fill(&mut head)?;
        let length = u64::from_le_bytes(head);
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        message.resize(length as usize, 0);
        self.fill(message)?;
        Answer::read(message).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Reads what has begun to come, and so comes soon.
    fn fill(&mut self, mut into: &mut [u8]) -> io::Result<()> {
        let until = Instant::now() + DYING;
        while !into.is_empty() {
            match self.stream.read(into) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => into = &mut into[length..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && Instant::now() < until => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits so long for its end, then kills it, and whatever it has started. Returns how it ended and what it printed.
    fn end(&mut self, patience: Duration) -> (Option<ExitStatus>, String) {
        wait(patience, || sandbox::has_ended(self.child.id()));
        // Before it is waited for, its number is nobody else's.
        sandbox::kill_group(self.child.id());
        let status = self.child.wait().ok();
        if let Some(printer) = self.printer.take() {
            // Should a process of the library's own hold the stream open, what came so far is enough.
            wait(patience, || printer.is_finished());
        }
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        (status, String::from_utf8_lossy(&printed).into_owned())
    }
}

/// Waits until something is done, but not for longer than this.
fn wait(patience: Duration, is_done: impl Fn() -> bool) {
    let until = Instant::now() + patience;
    while !is_done() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Keeps the end of what a child prints.
fn keep(mut stream: impl Read, printed: &Mutex<Vec<u8>>) {
    let mut some = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut some) {
        let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.extend_from_slice(&some[..length]);
        if printed.len() > 2 * PRINTED {
            let from = printed.len() - PRINTED;
            printed.drain(..from);
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Reads what a sanitizer calls that which it found: `heap-use-after-free`.
fn sanitizer(report: &str) -> Option<Breakage> {
    let (_, found) = report.split_once("Sanitizer: ")?;
    let word = found.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
    Violation::of_sanitizer(word).map(Breakage::Misuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sanitizers_word_is_found() {
        let report = "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\nREAD of size 4";
        assert_eq!(sanitizer(report), Some(Breakage::Misuse(Violation::UseAfterFree)));
        assert_eq!(sanitizer("free(): double free detected in tcache 2"), None);
    }
}

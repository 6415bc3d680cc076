//! Which port to compare with, by name, and a judge for it.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::args::{Limits, OneProbeChoice};
use super::{Exit, interrupt, output};
use crate::host::{Child, ChildError, Host, Spawn, crash};
use crate::pair::{Diverged, Inconclusive, Look, Pair, Verdict};
use crate::plan::{Kinds, Plan, Setup};
use crate::port::c::{CPort, LoadError, Probes, load};
use crate::port::mutant::{Bug, Mutant};
use crate::port::native::NativePort;
use crate::port::{Identity, Memory};
use crate::program::Program;
use crate::report::PortSummary;
use crate::trace::Trace;

/// A port, as `--port` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortName {
    /// The OpenSSL this executable is linked with.
    OpenSsl,
    /// The native session, compared with the ledger alone.
    Native,
    /// The native session with a planted bug.
    Planted(Bug),
    /// A shared library.
    Library(PathBuf),
}

impl FromStr for PortName {
    type Err = String;

    fn from_str(name: &str) -> Result<PortName, String> {
        match name.split_once(':') {
            None if name == "openssl" => Ok(PortName::OpenSsl),
            None if name == "native" => Ok(PortName::Native),
            Some(("lib", path)) if !path.is_empty() => Ok(PortName::Library(path.into())),
            Some(("planted", bug)) if Bug::from_name(bug).is_some() => {
                Bug::from_name(bug).map(PortName::Planted).ok_or_else(String::new)
            }
            _ => Err(
                "no such port: there are openssl, native, lib:PATH and planted:NAME (`sessdiff ports` lists the names)"
                    .into(),
            ),
        }
    }
}

impl std::fmt::Display for PortName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PortName::OpenSsl => f.write_str("openssl"),
            PortName::Native => f.write_str("native"),
            PortName::Planted(bug) => write!(f, "planted:{}", bug.name()),
            PortName::Library(path) => write!(f, "lib:{}", path.display()),
        }
    }
}

/// A port and how it is driven.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    pub port: PortName,
    pub probes: Probes,
    /// In a process of its own.
    pub isolate: bool,
    /// What breaks the library is called too.
    pub hazards: bool,
    pub limits: Limits,
}

/// Why a port cannot be driven.
#[derive(Debug, thiserror::Error)]
#[error("{port}: {why}")]
pub(crate) struct LabError {
    port: PortName,
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Child(#[from] ChildError),
}

impl LabError {
    /// Says it, and is the exit code.
    pub fn say(&self) -> Exit {
        if let Why::Child(ChildError::Interrupted) = self.why {
            return Exit::Interrupted;
        }
        output::error(self);
        match self.why {
            Why::Child(ChildError::Interrupted) => Exit::Interrupted,
            // It can be driven into a crash, if not far.
            Why::Child(ChildError::Died(_)) => Exit::Crashed,
            Why::Child(ChildError::NotStarted(_) | ChildError::Refused(_) | ChildError::TooSlow) | Why::Load(_) => {
                Exit::NotLoaded
            }
        }
    }
}

impl Lab {
    /// In this process, with all probes.
    pub fn here_with_probes(port: PortName) -> Lab {
        Lab { port, probes: Probes::ALL, isolate: false, hazards: false, limits: Limits::DEFAULT }
    }

    /// A judge for this thread: the native session, behaving as the port's release, against the port.
    ///
    /// # Errors
    /// See [`LoadError`] and [`ChildError`].
    pub fn judge(&self) -> Result<Box<dyn Judge>, LabError> {
        let made = if self.is_isolated() { self.isolated() } else { self.here() };
        made.map_err(|why| LabError { port: self.port.clone(), why })
    }

    /// The same, but in a process of its own.
    pub fn in_a_child(&self) -> Lab {
        Lab { isolate: true, ..self.clone() }
    }

    /// The same with less time for a program, seconds.
    pub fn hasty(self, time_limit: f64) -> Lab {
        Lab { limits: Limits { time_limit, ..self.limits }, ..self }
    }

    fn is_isolated(&self) -> bool {
        self.isolate || self.hazards || matches!(self.port, PortName::Library(_))
    }

    fn setup(&self) -> Setup {
        Setup { ex_data: self.probes.ex_data, lacks: Kinds::NONE, hazards: self.hazards }
    }

    fn here(&self) -> Result<Box<dyn Judge>, Why> {
        let c = CPort::linked(self.probes)?;
        crash::loaded();
        let (release, setup) = (c.library().release, self.setup());
        let native = NativePort::new(release, setup);
        Ok(match &self.port {
            // A library is never driven here: see `is_isolated`.
            PortName::OpenSsl | PortName::Library(_) => Box::new(Pair::new(native, c, setup.ex_data)),
            PortName::Native => Box::new(Pair::new(native, NativePort::new(release, setup), setup.ex_data)),
            PortName::Planted(bug) => Box::new(Pair::new(native, Mutant::new(*bug, release, setup), setup.ex_data)),
        })
    }

    fn isolated(&self) -> Result<Box<dyn Judge>, Why> {
        let Limits { time_limit, memory_limit } = self.limits;
        let probes = OneProbeChoice::of(self.probes).name();
        let args = ["host", "--port", &self.port.to_string(), "--probes", probes];
        let limits = ["--time-limit", &time_limit.to_string(), "--memory-limit", &memory_limit.to_string()];
        let preload = match &self.port {
            PortName::Library(path) => load::needed(path).into_iter().find(|name| name.starts_with("libasan.so")),
            PortName::OpenSsl | PortName::Native | PortName::Planted(_) => None,
        };
        let child = Child::start(Spawn {
            // The very code that runs now, even if the file was replaced meanwhile.
            executable: "/proc/self/exe".into(),
            args: args.into_iter().chain(limits).map(String::from).collect(),
            limit: Duration::from_secs_f64(time_limit),
            stop: interrupt::flag(),
            cold: "--cold".into(),
            preload,
        })?;
        let native = NativePort::new(child.release(), self.setup());
        let pair = Pair::new(native, child, self.probes.ex_data);
        Ok(Box::new(if self.hazards { pair.with_hazards() } else { pair }))
    }

    /// What the command line says of it, for commands that are printed.
    pub fn flags(&self, memory: Memory) -> Vec<String> {
        let mut flags = Vec::new();
        let mut add = |name: &str, value: String| flags.extend([name.to_string(), value]);
        if self.port != PortName::OpenSsl {
            add("--port", self.port.to_string());
        }
        if self.probes == Probes::NONE {
            add("--probes", "none".into());
        }
        if memory != Memory::Plain {
            add("--memory", memory.name().into());
        }
        if self.hazards {
            flags.push("--hazards".into());
        }
        flags
    }
}

/// A pair whose types do not matter.
pub(crate) trait Judge {
    fn judge(&mut self, program: &Program, look: Look) -> Verdict;
    fn prepare(&mut self, programs: &[(Program, Look)]);
    fn judge_next(&mut self, program: &Program, look: Look) -> Verdict;
    /// The first difference of one run, without a second look.
    fn glance(&mut self, program: &Program, look: Look) -> Option<Diverged>;
    fn repeats(&mut self, program: &Program) -> Result<(), Inconclusive>;
    /// Plans and runs `program`, and leaves the traces.
    fn run(&mut self, program: &Program, look: Look);
    /// Plans and runs `program` on the native session alone, and leaves its trace, with everything observed.
    fn expect(&mut self, program: &Program);
    fn plan(&self) -> &Plan;
    fn traces(&self) -> (&Trace, &Trace);
    fn identity(&self) -> Identity;
    /// What the native session behaves as.
    fn expected(&self) -> Identity;
    fn counts_references(&self) -> bool;
}

impl<L: Host, R: Host> Judge for Pair<L, R> {
    fn judge(&mut self, program: &Program, look: Look) -> Verdict {
        self.judge_watching(program, look)
    }

    fn prepare(&mut self, programs: &[(Program, Look)]) {
        Pair::prepare(self, programs);
    }

    fn judge_next(&mut self, program: &Program, look: Look) -> Verdict {
        Pair::judge_next(self, program, look)
    }

    fn glance(&mut self, program: &Program, look: Look) -> Option<Diverged> {
        Pair::glance(self, program, look)
    }

    fn repeats(&mut self, program: &Program) -> Result<(), Inconclusive> {
        Pair::repeats(self, program)
    }

    fn run(&mut self, program: &Program, look: Look) {
        Pair::run(self, program, look);
    }

    fn expect(&mut self, program: &Program) {
        self.run_left(program);
    }

    fn plan(&self) -> &Plan {
        Pair::plan(self)
    }

    fn traces(&self) -> (&Trace, &Trace) {
        Pair::traces(self)
    }

    fn identity(&self) -> Identity {
        self.right().identity()
    }

    fn expected(&self) -> Identity {
        self.left().identity()
    }

    fn counts_references(&self) -> bool {
        self.right().counts_references()
    }
}

/// What a report says of the port of `judge`.
pub(crate) fn port_summary(judge: &dyn Judge, unsupported: Vec<String>) -> PortSummary {
    let Identity { name, version, file } = judge.identity();
    let in_c = name == "openssl" || name.starts_with("lib:");
    PortSummary { name, version, file, unsupported, counts_references: judge.counts_references(), watches_memory: in_c }
}

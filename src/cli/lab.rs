//! A port and how it is driven: makes the pair that judges programs.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::args::{FollowingChoice, LabChoice, Limits, OneProbeChoice, PortName, Unfollowed};
use super::exit::Exit;
use super::waiting::Waiting;
use super::{interrupt, output};
use crate::host::{Child, ChildError, Host, Spawn, crash};
use crate::native::{Custom, Family, Following, Release, Rules};
use crate::op::Kind;
use crate::pair::Pair;
use crate::plan::{Kinds, Setup};
use crate::port::c::{CPort, LoadError, Probes, load};
use crate::port::mutant::{Bug, Mutant};
use crate::port::native::{NativePort, breaking};
use crate::port::{Identity, Memory, Missing, Port};
use crate::report::{MissingSymbol, PortSummary};

/// A port and how it is driven.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    pub port: PortName,
    pub probes: Probes,
    /// In a process of its own.
    pub isolate: bool,
    /// Says whether calls that break the library are made too.
    pub hazards: bool,
    /// Says what the native session follows.
    pub following: FollowingChoice,
    /// Says what it does not follow besides.
    pub without: Option<Unfollowed>,
    /// Says whether calls that break the tested release, by a fault of its own, are made too.
    pub breaking: bool,
    pub limits: Limits,
    pub start: Starting,
}

/// How the processes of a lab are started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starting {
    /// When nobody waits for them any more.
    until: Option<Instant>,
    /// Set when one has died of the calls before its first program: the others make none.
    died: Arc<AtomicBool>,
}

/// Says why a port cannot be driven.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LabError {
    #[error("{0}: {1}")]
    Load(PortName, LoadError),
    #[error("{0}: {1}")]
    Child(PortName, ChildError),
}

impl LabError {
    /// Prints the error, and returns the exit code.
    pub fn say(&self) -> Exit {
        let exit = match self {
            LabError::Child(_, ChildError::Interrupted) => return Exit::Interrupted,
            // It can be driven into a crash, if not far.
            LabError::Child(_, ChildError::Died(_)) => Exit::Crashed,
            LabError::Child(_, ChildError::NotStarted(_) | ChildError::Refused(_))
            | LabError::Child(_, ChildError::TooSlow | ChildError::OutOfTime)
            | LabError::Load(..) => Exit::NotLoaded,
        };
        output::error(self);
        exit
    }
}

/// Says that memory was asked for which only the probes make, and returns the exit code.
pub(super) fn no_other_memory() -> Exit {
    output::usage("without probes all memory is plain: leave out `--probes none`, or ask for no other memory")
}

impl Lab {
    /// Takes what was chosen on the command line. `isolate`: in a process of its own.
    ///
    /// # Errors
    /// Memory was asked for that only the probes make; that has been printed already.
    pub fn of(choice: &LabChoice, following: FollowingChoice, isolate: bool) -> Result<Lab, Exit> {
        if choice.probes == OneProbeChoice::None && choice.memories() != [Memory::Plain] {
            return Err(no_other_memory());
        }
        Ok(Lab {
            port: choice.port.clone(),
            probes: choice.probes.probes(),
            isolate,
            hazards: choice.hazards,
            following,
            without: None,
            breaking: following != FollowingChoice::Released,
            limits: choice.limits.clone(),
            start: Starting::default(),
        })
    }

    /// Drives a port in this process, with all probes.
    pub fn here_with_probes(port: PortName) -> Lab {
        Lab {
            port,
            probes: Probes::ALL,
            isolate: false,
            hazards: false,
            following: FollowingChoice::Released,
            without: None,
            breaking: false,
            limits: Limits::DEFAULT,
            start: Starting::default(),
        }
    }

    /// Makes a pair for this thread: the native session, behaving as the port's release, and the port.
    ///
    /// # Errors
    /// See [`LoadError`] and [`ChildError`].
    pub fn pair(&self) -> Result<Pair, LabError> {
        let pair = if self.is_isolated() { self.isolated() } else { self.here() };
        let made = |rule| self.breaking || self.without == Some(Unfollowed::Rule(rule));
        pair.map(|pair| pair.with_calls_that_break(breaking(made)))
    }

    /// Returns the same lab, but in a process of its own.
    pub fn in_a_child(&self) -> Lab {
        Lab { isolate: true, ..self.clone() }
    }

    /// Returns the same lab with less time for a call, in seconds.
    pub fn hasty(self, time_limit: f64) -> Lab {
        Lab { limits: Limits { time_limit, ..self.limits }, ..self }
    }

    /// Returns the same lab, whose processes nobody waits for after this.
    pub fn until(self, until: Instant) -> Lab {
        Lab { start: Starting { until: Some(until), ..self.start }, ..self }
    }

    /// Returns the same lab, whose processes make no call before the first program.
    pub fn cold(self) -> Lab {
        Lab { start: Starting { died: Arc::new(true.into()), ..self.start }, ..self }
    }

    /// Tells whether nobody waits for its processes any more.
    pub fn is_over(&self) -> bool {
        self.start.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Tells whether the library runs in memory of our choice.
    pub fn watches_memory(&self) -> bool {
        self.probes.memory && self.port.takes_memory()
    }

    /// Tells whether the call is left out because the probes are: what a handshake decides is played to the other port by what they
    /// see, and the clock is one of them.
    pub fn leaves_out(&self, kind: Kind) -> bool {
        self.probes == Probes::NONE && (kind.needs_handshakes() || kind.sets_clock())
    }

    fn is_isolated(&self) -> bool {
        self.isolate || self.hazards || self.port.library().is_some()
    }

    fn setup(&self) -> Setup {
        Setup { hazards: self.hazards, ..Setup::new(self.probes.ex_data) }
    }

    /// Returns the rules that the native session follows.
    fn rules(&self, release: Release) -> Rules {
        let rules = Rules::of(release, self.following.following());
        match self.without {
            Some(Unfollowed::Rule(rule)) => rules.without(rule),
            Some(Unfollowed::Custom(_)) | None => rules,
        }
    }

    fn here(&self) -> Result<Pair, LabError> {
        let c = CPort::linked(self.probes).map_err(|why| LabError::Load(self.port.clone(), why))?;
        crash::loaded();
        let (release, setup) = (c.library().release, self.setup());
        let native = NativePort::following(release, self.rules(release), setup);
        let port: Box<dyn Host> = match &self.port {
            // A library is never driven here: see `is_isolated`.
            PortName::OpenSsl | PortName::Library(..) => Box::new(c),
            PortName::Native => Box::new(NativePort::new(release, setup)),
            PortName::Planted(bug) => Box::new(Mutant::new(*bug, release, setup)),
        };
        Ok(Pair::new(native, port, setup.ex_data))
    }

    /// Makes a pair of a native session with a planted bug and the linked library, whose peers it plays.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn planted(&self, bug: Bug) -> Result<Pair<Mutant, CPort>, LabError> {
        let c = CPort::linked(self.probes).map_err(|why| LabError::Load(self.port.clone(), why))?;
        crash::loaded();
        let setup = self.setup();
        let planted = Mutant::new(bug, c.library().release, setup);
        planted.set_compression(Port::abilities(&c).compression);
        Ok(Pair::new(planted, c, setup.ex_data))
    }

    fn isolated(&self) -> Result<Pair, LabError> {
        let Limits { time_limit, memory_limit } = self.limits;
        let probes = if self.probes == Probes::NONE { "none" } else { "all" };
        let port = self.port.arguments();
        let limits = ["--time-limit", &time_limit.to_string(), "--memory-limit", &memory_limit.to_string()];
        let asan = |path| load::needed(path).into_iter().find(|name| name.starts_with("libasan.so"));
        let preload = self.port.library().and_then(asan);
        let _waiting = Waiting::begin(format!("starting {}", self.port));
        let child = Child::start(Spawn {
            // The very code that runs now, even if the file was replaced meanwhile.
            executable: "/proc/self/exe".into(),
            args: [&["host".into()], &*port, &["--probes".into(), probes.into()], &limits.map(String::from)].concat(),
            limit: Duration::from_secs_f64(time_limit),
            stop: interrupt::flag(),
            until: self.start.until,
            cold: "--cold".into(),
            died: Arc::clone(&self.start.died),
            preload,
        })
        .map_err(|why| LabError::Child(self.port.clone(), why))?;
        // Not every family has callbacks of ex_data.
        let (release, ex_data) = (child.release(), child.has_ex_data());
        let setup = Setup { hazards: self.hazards, ..Setup::new(ex_data) };
        // What a release got wrong says nothing of another family.
        let rules = match child.family() {
            Family::OpenSsl => self.rules(release),
            Family::Boring | Family::Wolf | Family::LibreSsl => Rules::of(release, Following::Released),
        };
        let version = child.identity().version;
        let followed = |custom: &Custom| self.without != Some(Unfollowed::Custom(*custom));
        let customs = child.family().customs(&version).filter(followed);
        let mut native = NativePort::of_family(child.family(), customs, release, rules, setup);
        if !child.sees_errors() {
            native.keep_errors();
        }
        let child: Box<dyn Host> = Box::new(child);
        let pair = Pair::new(native, child, ex_data);
        Ok(if self.hazards { pair.with_hazards() } else { pair })
    }

    /// Returns the same lab, in which the native session does what the release does.
    pub fn as_released(&self) -> Lab {
        Lab { following: FollowingChoice::Released, without: None, breaking: false, ..self.clone() }
    }

    /// Returns the flags that choose this lab, for commands that are printed, each behind a space.
    pub fn flags(&self, memory: Memory) -> String {
        let mut flags = String::new();
        flags += &port_flags(&self.port);
        if self.probes == Probes::NONE {
            flags += " --probes none";
        }
        // Without probes there is no other memory than the system's.
        if memory != Memory::Plain && self.probes.memory {
            flags += &format!(" --memory {}", memory.name());
        }
        if self.hazards {
            flags += " --hazards";
        }
        flags += self.following.flag();
        if let Some(rule) = self.without {
            flags += &format!(" --without {}", rule.id());
        }
        flags
    }

    /// Sums up the port of `pair`, which was made here and lacks these calls, for a report.
    pub fn port_summary(&self, pair: &Pair, lacks: Kinds) -> PortSummary {
        let Identity { name, version, file } = pair.right().identity();
        let (counts_references, watches_memory) = (pair.right().abilities().counts, self.port.takes_memory());
        let (needs_probes, unsupported): (Vec<Kind>, Vec<Kind>) = lacks.iter().partition(|kind| self.leaves_out(*kind));
        let [needs_probes, unsupported] =
            [needs_probes, unsupported].map(|kinds| kinds.iter().map(|kind| kind.name().into()).collect());
        let named = |Missing { symbol, function, needed_by }| {
            let needed_by = needed_by.iter().filter(|kind| !self.leaves_out(*kind));
            MissingSymbol { symbol, function, needed_by: needed_by.map(|kind| kind.name().into()).collect() }
        };
        let missing = missing(&**pair.right()).into_iter().map(named);
        let missing = missing.filter(|one| !one.needed_by.is_empty()).collect();
        let left_out = self.port.profile().map(|profile| &profile.missing).into_iter().flatten();
        let left_out = left_out.map(|(function, why)| (function.to_string(), why.clone())).collect();
        PortSummary {
            name,
            version,
            file,
            unsupported,
            missing,
            left_out,
            needs_probes,
            counts_references,
            watches_memory,
        }
    }
}

/// Returns the flags that choose a port, for commands that are printed, each behind a space; nothing where it is chosen anyway.
pub(super) fn port_flags(port: &PortName) -> String {
    match port {
        PortName::OpenSsl => String::new(),
        PortName::Native | PortName::Planted(_) | PortName::Library(..) => {
            port.arguments().iter().map(|word| format!(" {}", output::quoted(word))).collect()
        }
    }
}

/// Lists the symbols for want of which a port lacks what it lacks.
fn missing(port: &dyn Host) -> Vec<Missing> {
    let port: &dyn Any = port;
    match (port.downcast_ref::<Child>(), port.downcast_ref::<CPort>()) {
        (Some(child), _) => child.missing().to_vec(),
        (None, Some(c)) => c.library().missing(),
        (None, None) => Vec::new(),
    }
}

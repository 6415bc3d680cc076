//! Which port to compare with, by name, and a judge for it.

use std::str::FromStr;

use crate::exec::Watch;
use crate::pair::{Inconclusive, Pair, Verdict};
use crate::plan::{Kinds, Plan, Setup};
use crate::port::c::{CPort, LoadError, Probes};
use crate::port::native::NativePort;
use crate::port::planted::{Bug, Planted};
use crate::port::{Identity, Port};
use crate::program::Program;
use crate::report::PortSummary;
use crate::trace::Trace;

/// A port, as `--port` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortName {
    /// The OpenSSL this executable is linked with.
    OpenSsl,
    /// The native session, compared with the ledger alone.
    Native,
    /// The native session with a planted bug.
    Planted(Bug),
}

impl FromStr for PortName {
    type Err = String;

    fn from_str(name: &str) -> Result<PortName, String> {
        match name {
            "openssl" => Ok(PortName::OpenSsl),
            "native" => Ok(PortName::Native),
            _ => {
                let bug = name.strip_prefix("planted:").and_then(Bug::from_name);
                let unknown =
                    "no such port: there are openssl, native and planted:NAME (`sessdiff ports` lists the names)";
                bug.map(PortName::Planted).ok_or_else(|| unknown.into())
            }
        }
    }
}

/// A pair whose types do not matter.
pub(crate) trait Judge {
    fn judge(&mut self, program: &Program, watch: Watch) -> Verdict;
    fn repeats(&mut self, program: &Program) -> Result<(), Inconclusive>;
    /// Plans and runs `program` with everything observed.
    fn observe(&mut self, program: &Program) -> Verdict;
    fn plan(&self) -> &Plan;
    fn traces(&self) -> (&Trace, &Trace);
    fn identity(&self) -> Identity;
    fn counts_references(&self) -> bool;
}

impl<L: Port, R: Port> Judge for Pair<L, R> {
    fn judge(&mut self, program: &Program, watch: Watch) -> Verdict {
        self.judge_watching(program, watch)
    }

    fn repeats(&mut self, program: &Program) -> Result<(), Inconclusive> {
        Pair::repeats(self, program)
    }

    fn observe(&mut self, program: &Program) -> Verdict {
        self.judge_watching(program, Watch::Blame)
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

    fn counts_references(&self) -> bool {
        self.right().counts_references()
    }
}

/// A judge for this thread: the native session, behaving as the linked release, against the port.
pub(crate) fn judge(name: PortName, probes: Probes) -> Result<Box<dyn Judge>, LoadError> {
    let c = CPort::linked(probes)?;
    let release = c.library().release;
    let setup = Setup { ex_data: probes.ex_data, lacks: Kinds::NONE };
    let native = NativePort::new(release, setup);
    Ok(match name {
        PortName::OpenSsl => Box::new(Pair::new(native, c, setup.ex_data)),
        PortName::Native => Box::new(Pair::new(native, NativePort::new(release, setup), setup.ex_data)),
        PortName::Planted(bug) => Box::new(Pair::new(native, Planted::new(bug, release, setup), setup.ex_data)),
    })
}

/// What a report says of the port of `judge`.
pub(crate) fn port_summary(judge: &dyn Judge, unsupported: Vec<String>) -> PortSummary {
    let Identity { name, version, file } = judge.identity();
    PortSummary { name, version, file, unsupported, counts_references: judge.counts_references() }
}

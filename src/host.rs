//! Where a port runs: in this process, or in a child that may crash, hang or eat memory without harm.

#[cfg(feature = "linked")]
mod child;
#[cfg(feature = "linked")]
mod request;
#[cfg(feature = "linked")]
mod serve;

#[cfg(feature = "linked")]
pub use child::{Child, ChildError, Spawn};
#[cfg(feature = "linked")]
pub use serve::{serve, serve_error};

use crate::exec::{self, View};
use crate::plan::{Kinds, Plan, Setup};
use crate::port::{Identity, Port};
use crate::program::Program;
use crate::trace::Trace;

/// Runs programs on a port, wherever that is.
pub trait Host {
    /// What the port is.
    fn identity(&self) -> Identity;
    /// The functions it does not have.
    fn lacks(&self) -> Kinds;
    /// Whether it knows its reference counts.
    fn counts_references(&self) -> bool;
    /// These programs are run next, in this order, with `prepared`: whoever runs beside this process can begin.
    fn prepare(&mut self, setup: Setup, programs: &[(&Program, View)]);
    /// Runs `program` as `plan` says, and fills `trace`. A port that ends has left a mishap in it.
    fn run(&mut self, program: &Program, plan: &Plan, view: View, prepared: bool, trace: &mut Trace);
}

/// A port is its own host: it runs in this process, and takes it along when it crashes.
impl<P: Port> Host for P {
    fn identity(&self) -> Identity {
        Port::identity(self)
    }

    fn lacks(&self) -> Kinds {
        self.abilities().lacks
    }

    fn counts_references(&self) -> bool {
        self.abilities().counts
    }

    fn prepare(&mut self, _setup: Setup, _programs: &[(&Program, View)]) {}

    #[inline]
    fn run(&mut self, program: &Program, plan: &Plan, view: View, _prepared: bool, trace: &mut Trace) {
        exec::run(self, program, plan, view, trace);
    }
}

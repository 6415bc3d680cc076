//! Where a port runs: in this process, or in a child that may crash, hang or eat memory without harm.

#[cfg(feature = "linked")]
mod child;
#[cfg(feature = "linked")]
pub mod crash;
#[cfg(feature = "linked")]
mod protocol;
#[cfg(feature = "linked")]
pub mod sandbox;
#[cfg(feature = "linked")]
mod serve;
#[cfg(feature = "linked")]
mod stack;

#[cfg(feature = "linked")]
pub use child::{Child, ChildError, Spawn};
#[cfg(feature = "linked")]
pub use serve::{Behaving, serve, serve_error};

use std::any::Any;

use crate::exec::{self, View};
use crate::plan::{Plan, Setup};
use crate::port::native::NativePort;
use crate::port::{Abilities, Identity, Port};
use crate::program::Program;
use crate::trace::Trace;

/// Runs programs on a port, wherever that is.
pub trait Host: Any {
    /// Makes sure that nothing of the programs that ran so far reaches the next one, where the port is in a process of its own.
    fn renew(&mut self) {}
    /// Says what the port is.
    fn identity(&self) -> Identity;
    /// Says what the port can be asked for.
    fn abilities(&self) -> Abilities;
    /// Announces the programs that are run next, in this order and with `prepared`. A port in another process can begin.
    fn prepare(&mut self, setup: Setup, programs: &[(&Program, View)]);
    /// Tells whether a program of sessions alone does the same on the native port, call by call; `None`: it cannot be run side
    /// by side with it.
    fn agrees_with(&mut self, native: &mut NativePort, program: &Program, plan: &mut Plan, view: View) -> Option<bool>;
    /// Runs `program` as `plan` says, and fills `trace`. A port that ends has left a mishap in it.
    fn run(&mut self, program: &Program, plan: &Plan, view: View, prepared: bool, trace: &mut Trace);
}

/// A port is its own host: it runs in this process, and takes it along when it crashes.
impl<P: Port + 'static> Host for P {
    fn identity(&self) -> Identity {
        Port::identity(self)
    }

    fn abilities(&self) -> Abilities {
        Port::abilities(self)
    }

    fn prepare(&mut self, _setup: Setup, _programs: &[(&Program, View)]) {}

    #[inline]
    fn agrees_with(&mut self, native: &mut NativePort, program: &Program, plan: &mut Plan, view: View) -> Option<bool> {
        Some(exec::lockstep::agree(native, self, program, plan, view))
    }

    #[inline]
    fn run(&mut self, program: &Program, plan: &Plan, view: View, _prepared: bool, trace: &mut Trace) {
        exec::run(self, program, plan, view, trace);
    }
}

/// A host chosen while the program runs is used like any other.
impl Host for Box<dyn Host> {
    fn renew(&mut self) {
        (**self).renew();
    }

    fn identity(&self) -> Identity {
        (**self).identity()
    }

    fn abilities(&self) -> Abilities {
        (**self).abilities()
    }

    fn prepare(&mut self, setup: Setup, programs: &[(&Program, View)]) {
        (**self).prepare(setup, programs);
    }

    fn agrees_with(&mut self, native: &mut NativePort, program: &Program, plan: &mut Plan, view: View) -> Option<bool> {
        (**self).agrees_with(native, program, plan, view)
    }

    fn run(&mut self, program: &Program, plan: &Plan, view: View, prepared: bool, trace: &mut Trace) {
        (**self).run(program, plan, view, prepared, trace);
    }
}

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
pub use child::{Child, ChildError, Spawn};
#[cfg(feature = "linked")]
pub use serve::{serve, serve_error};

use std::any::Any;

use crate::exec::{self, View};
use crate::plan::{Kinds, Plan, Setup};
use crate::port::native::NativePort;
use crate::port::{Identity, Port};
use crate::program::Program;
use crate::trace::Trace;

/// Runs programs on a port, wherever that is.
pub trait Host {
    /// Says what the port is.
    fn identity(&self) -> Identity;
    /// Returns the kinds whose functions it does not have.
    fn lacks(&self) -> Kinds;
    /// Tells whether it knows its reference counts.
    fn counts_references(&self) -> bool;
    /// Tells whether it says when sessions are destroyed: see [`crate::port::Abilities`].
    fn tells_ends(&self) -> bool;
    /// Announces the programs that are run next, in this order and with `prepared`. A port in another process can begin.
    fn prepare(&mut self, setup: Setup, programs: &[(&Program, View)]);
    /// Returns the native port, where it is the one that runs in this process.
    fn as_native(&mut self) -> Option<&mut NativePort>;
    /// Tells whether a program of sessions alone does the same on the native port, call by call; `None`: it cannot be run side
    /// by side with it.
    fn agrees_with(&mut self, native: &mut NativePort, program: &Program, plan: &mut Plan, view: View) -> Option<bool>;
    /// Runs `program` as `plan` says, and fills `trace`. A port that ends has left a mishap in it.
    fn run(&mut self, program: &Program, plan: &Plan, view: View, prepared: bool, trace: &mut Trace);
}

/// A port is its own host: it runs in this process, and takes it along when it crashes.
impl<P: Port + Any> Host for P {
    fn identity(&self) -> Identity {
        Port::identity(self)
    }

    fn lacks(&self) -> Kinds {
        self.abilities().lacks
    }

    fn counts_references(&self) -> bool {
        self.abilities().counts
    }

    fn tells_ends(&self) -> bool {
        self.abilities().tells_ends
    }

    fn prepare(&mut self, _setup: Setup, _programs: &[(&Program, View)]) {}

    fn as_native(&mut self) -> Option<&mut NativePort> {
        (self as &mut dyn Any).downcast_mut()
    }

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
    fn identity(&self) -> Identity {
        (**self).identity()
    }

    fn lacks(&self) -> Kinds {
        (**self).lacks()
    }

    fn counts_references(&self) -> bool {
        (**self).counts_references()
    }

    fn tells_ends(&self) -> bool {
        (**self).tells_ends()
    }

    fn prepare(&mut self, setup: Setup, programs: &[(&Program, View)]) {
        (**self).prepare(setup, programs);
    }

    fn as_native(&mut self) -> Option<&mut NativePort> {
        (**self).as_native()
    }

    fn agrees_with(&mut self, native: &mut NativePort, program: &Program, plan: &mut Plan, view: View) -> Option<bool> {
        (**self).agrees_with(native, program, plan, view)
    }

    fn run(&mut self, program: &Program, plan: &Plan, view: View, prepared: bool, trace: &mut Trace) {
        (**self).run(program, plan, view, prepared, trace);
    }
}

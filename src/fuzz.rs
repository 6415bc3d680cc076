//! Runs one input of a fuzz target. A finding is a panic, from one function a class, so that services that group crashes
//! by their stack do not fold all divergences into one.

#[cfg(feature = "linked")]
mod coverage;
mod dictionary;
#[cfg(feature = "linked")]
mod differential;
#[cfg(feature = "linked")]
mod groups;

#[cfg(feature = "linked")]
pub use coverage::{Area, Table};
pub use dictionary::dictionary;
#[cfg(feature = "linked")]
pub use differential::{PLANT, PROBES, differential};

use crate::generate::{self, Which};
use crate::plan::{Plan, Setup};
use crate::program::Program;

/// Changes the program in `data[..size]` to another one about `which`, and returns its length: libFuzzer's custom mutator.
/// See [`generate::in_place`].
pub fn mutator(which: Which, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    generate::in_place(which, data, size, max_size, seed)
}

/// Makes a program about `which` of two, changes it, writes it into `out` and returns its length: libFuzzer's custom crossover.
/// What was only crossed is often one of the two. See [`generate::crossed`].
pub fn crossover(which: Which, first: &[u8], second: &[u8], out: &mut [u8], seed: u32) -> usize {
    let (size, room) = (generate::crossed(which, first, second, out, seed), out.len());
    generate::in_place(which, out, size, room, seed)
}

/// Checks that text and wire spell the same programs, and that decoding and planning take any bytes.
///
/// # Panics
/// Where they do not.
pub fn roundtrip(data: &[u8]) {
    let program = Program::from_bytes(data);
    let wire = program.to_wire();
    assert_eq!(Program::from_bytes(&wire), program, "the wire form decodes to another program");
    let text = program.to_string();
    let read: Program = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(read, program, "the text is another program");
    assert_eq!(Program::from_bytes(text.as_bytes()), program, "text is not accepted where wire is");
    for ex_data in [true, false] {
        let mut plan = Plan::new(Setup::new(ex_data));
        plan.make(&program);
        assert_eq!(plan.steps.len(), program.ops.len(), "a step for each op");
        assert!(plan.planned() <= program.ops.len());
    }
}

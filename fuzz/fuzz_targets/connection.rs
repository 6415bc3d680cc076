//! Compares connections and the sessions they share: the native session against the linked OpenSSL.
#![no_main]

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use sessdiff::fuzz::{Area, crossover, differential, mutator};
use sessdiff::generate::Which;
use sessdiff::program::Program;

fuzz_target!(init: sessdiff_fuzz::guide_by(Area::SIDES), |program: Program| differential(&program));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator(Which::Connections, data, size, max_size, seed)
});

fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| {
    crossover(Which::Connections, first, second, out, seed)
});

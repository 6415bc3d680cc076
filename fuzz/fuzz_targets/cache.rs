//! Contexts and what they have cached: the native session against the linked OpenSSL.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use sessdiff::mutate::Which;
use sessdiff::program::Program;

fuzz_target!(|program: Program| sessdiff::fuzz::lifecycle(&program));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    sessdiff::fuzz::mutator_about(Which::Caches, data, size, max_size, seed)
});

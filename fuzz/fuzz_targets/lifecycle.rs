//! Sessions, duplicates and their counts: the native session against the linked OpenSSL.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use sessdiff::program::Program;

fuzz_target!(|program: Program| sessdiff::fuzz::lifecycle(&program));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    sessdiff::fuzz::mutator(data, size, max_size, seed)
});

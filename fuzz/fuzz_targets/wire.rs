//! Compares sessions as bytes: DER with any of its parts otherwise, PEM, text. The native session against the linked OpenSSL.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_crossover, fuzz_mutator, fuzz_target};
use sessdiff::fuzz::{Area, crossover, differential, mutator};
use sessdiff::generate::{Subject, Which};
use sessdiff::program::Program;

fuzz_target!(init: sessdiff_fuzz::guide_by(Area::SIDES), |program: Program| -> Corpus {
    // A committed case of contexts is no seed.
    if !matches!(Subject::of(&program), Subject::Stored | Subject::Sessions) {
        return Corpus::Reject;
    }
    differential(&program);
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator(Which::Stored, data, size, max_size, seed)
});

fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| {
    crossover(Which::Stored, first, second, out, seed)
});

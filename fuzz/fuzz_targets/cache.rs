//! Compares contexts and what they have cached: the native session against the linked OpenSSL.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_crossover, fuzz_mutator, fuzz_target};
use sessdiff::fuzz::{Area, crossover, differential, mutator};
use sessdiff::generate::{Subject, Which};
use sessdiff::op::Kind;
use sessdiff::program::Program;

fuzz_target!(init: sessdiff_fuzz::guide_by(Area::SIDES), |program: Program| -> Corpus {
    // Contexts come from the pool here, and no handshake is made: each takes as long as a thousand other calls, and `lifecycle`
    // has them.
    let makes_context = program.ops.iter().any(|op| op.kind() == Kind::CtxNew);
    if makes_context || Subject::of(&program) == Subject::Handshakes {
        return Corpus::Reject;
    }
    differential(&program);
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator(Which::Caches, data, size, max_size, seed)
});

fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| {
    crossover(Which::Caches, first, second, out, seed)
});

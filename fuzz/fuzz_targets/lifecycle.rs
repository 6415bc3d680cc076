//! Sessions, duplicates and their counts: the native session against the linked OpenSSL.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| sessdiff::fuzz::lifecycle(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    sessdiff::fuzz::mutator(data, size, max_size, seed)
});

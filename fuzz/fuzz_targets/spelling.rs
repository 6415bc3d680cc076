//! Text and wire round trips; decoding and planning are total. The input is any bytes, so the default mutator is right.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| sessdiff::fuzz::spelling(data));

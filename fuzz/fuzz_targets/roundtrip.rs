//! Checks text and wire round trips, and that decoding and planning take any bytes. So the default mutator is right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sessdiff::fuzz::{Area, roundtrip};

fuzz_target!(init: sessdiff_fuzz::guide_by(&[Area::Codecs]), |data: &[u8]| roundtrip(data));

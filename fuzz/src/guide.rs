//! Chooses the counters, and tells the engine of them.

use std::cmp::Reverse;
use std::fs::File;
use std::ops::Range;

use object::ReadCache;
use sessdiff::fuzz::{Area, Table};

unsafe extern "C" {
    /// The start of the executable in memory, from the linker.
    safe static __ehdr_start: u8;
    fn __real___sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8);
    fn __real___sanitizer_cov_pcs_init(start: *const usize, stop: *const usize);
}

/// Does nothing: called by the compiler's code with all counters.
#[unsafe(no_mangle)]
pub extern "C" fn __wrap___sanitizer_cov_8bit_counters_init(_start: *mut u8, _stop: *mut u8) {}

/// Does nothing: called by the compiler's code with the whole table.
#[unsafe(no_mangle)]
pub extern "C" fn __wrap___sanitizer_cov_pcs_init(_start: *const usize, _stop: *const usize) {}

/// Words of an entry in the compiler's table of counted places.
const ENTRY: usize = 2;

/// Does what [`guide_by`](crate::guide_by) says.
pub(crate) fn by(areas: &[Area]) {
    let file = ReadCache::new(File::open("/proc/self/exe").unwrap_or_else(|error| panic!("/proc/self/exe: {error}")));
    let table = Table::read(&file).unwrap_or_else(|error| panic!("/proc/self/exe: {error}"));
    for area in areas {
        assert!(!table.of(&[*area]).is_empty(), "no code of {area:?} is instrumented");
    }
    // A position-independent executable: its addresses in the file count from its start.
    let base = &raw const __ehdr_start;
    let [counters, places] = table.addresses().map(|address| base.wrapping_add(address as usize).cast_mut());
    // The longest first: OSS-Fuzz takes the length of the first for how much is instrumented.
    let mut ranges = table.of(areas);
    ranges.sort_by_key(|range| Reverse(range.len()));
    tell(counters, places.cast::<usize>(), &ranges);
    #[cfg(feature = "afl")]
    crate::afl::begin(counters, ranges);
}

/// Tells the engine in its own way: libFuzzer and honggfuzz have these functions, in others they do nothing.
fn tell(counters: *mut u8, places: *const usize, ranges: &[Range<usize>]) {
    for range in ranges {
        // SAFETY: both tables are the executable's own, with an entry and a counter for each place; they are never moved.
        unsafe {
            __real___sanitizer_cov_8bit_counters_init(counters.add(range.start), counters.add(range.end));
            __real___sanitizer_cov_pcs_init(places.add(ENTRY * range.start), places.add(ENTRY * range.end));
        }
    }
}

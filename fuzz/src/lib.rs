//! Tells libFuzzer which counters to go by.
//!
//! Each instrumented file has a constructor that would tell it of all of them. The linker leads that call to the two
//! functions here that do nothing (`--wrap`, see `build.rs`), and `__real_` to the fuzzer's own.

use std::ffi::c_char;
use std::fs::File;

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

/// Sets the address sanitizer up; `ASAN_OPTIONS` has the last word. Called before anything else runs.
///
/// Sessions are heap blocks that die with their program, and programs free some 100 KiB: 1 MiB of freed blocks, kept from
/// being used again, reaches back over ten programs and stays in the processor's cache. Eight frames name the library's function
/// that allocated. Frames of functions that have returned are not kept.
#[unsafe(no_mangle)]
pub extern "C" fn __asan_default_options() -> *const c_char {
    c"detect_stack_use_after_return=0:malloc_context_size=8:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
        .as_ptr()
}

/// Words of an entry in the compiler's table of counted places.
const ENTRY: usize = 2;

/// Has the fuzzer guided by these parts of the executable. Does nothing where everything is counted already.
///
/// # Panics
/// When the executable cannot be read, or nothing of a part is instrumented: such a fuzzer would find nothing.
pub fn guide_by(areas: &[Area]) {
    let file = ReadCache::new(File::open("/proc/self/exe").unwrap_or_else(|error| panic!("/proc/self/exe: {error}")));
    let table = Table::read(&file).unwrap_or_else(|error| panic!("/proc/self/exe: {error}"));
    for area in areas {
        assert!(!table.of(&[*area]).is_empty(), "no code of {area:?} is instrumented");
    }
    // A position-independent executable: its addresses in the file count from its start.
    let base = &raw const __ehdr_start;
    let [counters, places] = table.addresses().map(|address| base.wrapping_add(address as usize).cast_mut());
    let places = places.cast::<usize>();
    for range in table.of(areas) {
        // SAFETY: both tables are the executable's own, with an entry and a counter for each place; they are never moved.
        unsafe {
            __real___sanitizer_cov_8bit_counters_init(counters.add(range.start), counters.add(range.end));
            __real___sanitizer_cov_pcs_init(places.add(ENTRY * range.start), places.add(ENTRY * range.end));
        }
    }
}

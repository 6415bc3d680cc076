//! Tells AFL++ what was counted: its map is written by code of another kind, that of `trace-pc-guard`.
//!
//! The map is made as large as if each place had a guard. After each input, also after one that ends the process, the counters
//! that were chosen are copied to it.

use std::ffi::{c_char, c_int};
use std::ops::Range;
use std::ptr;
use std::sync::OnceLock;

unsafe extern "C" {
    // The ends of the compiler's section of counters, from the linker.
    safe static __start___sancov_cntrs: u8;
    safe static __stop___sancov_cntrs: u8;
    /// The map, in AFL++'s runtime: the shared one as soon as there is one.
    static __afl_area_ptr: *mut u8;
    /// Gives each guard the next number of the map, in AFL++'s runtime.
    fn __sanitizer_cov_trace_pc_guard_init(start: *mut u32, stop: *mut u32);
    /// Calls back before a sanitizer ends the process.
    fn __sanitizer_set_death_callback(callback: extern "C" fn());
    fn __real_LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> c_int;
}

/// Says what is copied.
struct Copied {
    /// The address of the counter with number 0.
    counters: usize,
    /// Counters by their number, one behind the other in the map.
    ranges: Vec<Range<usize>>,
    /// The place in the map of the first of them.
    first: usize,
}

/// Holds the map's first free number.
static FIRST: OnceLock<usize> = OnceLock::new();
static COPIED: OnceLock<Copied> = OnceLock::new();

/// Runs before AFL++'s own constructors, which make the map as large as they know then: from number 3 on.
#[used]
#[unsafe(link_section = ".init_array.00002")]
static RESERVE: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = reserve;

/// Has room for all counters in the map: which of them are chosen is not known yet.
extern "C" fn reserve(_: c_int, _: *const *const c_char, _: *const *const c_char) {
    let places = (&raw const __stop___sancov_cntrs).addr() - (&raw const __start___sancov_cntrs).addr();
    let mut guards = vec![0_u32; places];
    let ends = guards.as_mut_ptr_range();
    // SAFETY: a slice of guards, which the runtime writes and does not keep.
    unsafe { __sanitizer_cov_trace_pc_guard_init(ends.start, ends.end) };
    // A share of numbers (AFL_INST_RATIO) would leave holes.
    assert!(guards.windows(2).all(|two| two[0] + 1 == two[1]), "AFL++ left out numbers of its map");
    FIRST.get_or_init(|| guards.first().map_or(0, |first| *first as usize));
}

/// Copies these counters from now on.
pub(crate) fn begin(counters: *mut u8, ranges: Vec<Range<usize>>) {
    let first = *FIRST.get().expect("constructors ran");
    COPIED.get_or_init(|| Copied { counters: counters.expose_provenance(), ranges, first });
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        copy();
        hook(info);
    }));
    // SAFETY: a function that can be called at any time.
    unsafe { __sanitizer_set_death_callback(copy) };
}

/// Copies what was counted since the last input.
extern "C" fn copy() {
    let Some(Copied { counters, ranges, first }) = COPIED.get() else { return };
    let counters = ptr::with_exposed_provenance::<u8>(*counters);
    // SAFETY: the ranges are within the table of counters, and the map has room for all of them from `first` on.
    unsafe {
        let mut to = (&raw const __afl_area_ptr).read().add(*first);
        for range in ranges {
            ptr::copy_nonoverlapping(counters.add(range.start), to, range.len());
            to = to.add(range.len());
        }
    }
}

/// Begins to count anew.
fn clear() {
    let Some(Copied { counters, ranges, .. }) = COPIED.get() else { return };
    let counters = ptr::with_exposed_provenance_mut::<u8>(*counters);
    for range in ranges {
        // SAFETY: within the table of counters, which nothing but the compiler's code writes.
        unsafe { ptr::write_bytes(counters.add(range.start), 0, range.len()) };
    }
}

/// Runs an input. What a target rejects is shown as having reached nothing.
///
/// # Safety
/// `data` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> c_int {
    clear();
    // SAFETY: as this function's.
    let said = unsafe { __real_LLVMFuzzerTestOneInput(data, size) };
    if said == 0 {
        copy();
    }
    said
}

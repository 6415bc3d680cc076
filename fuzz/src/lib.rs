//! Tells the fuzzer which counters to go by.
//!
//! Each instrumented file has a constructor that would tell it of all of them. The linker leads that call to the two
//! functions here that do nothing (`--wrap`, see `build.rs`), and `__real_` to the fuzzer's own.

#[cfg(feature = "afl")]
mod afl;
#[cfg(not(feature = "measured"))]
mod guide;

use std::ffi::c_char;

use sessdiff::fuzz::Area;

/// Has the fuzzer guided by these parts of the executable. Does nothing in a build that measures coverage.
///
/// # Panics
/// When the executable cannot be read, or nothing of a part is instrumented: such a fuzzer would find nothing.
pub fn guide_by(areas: &[Area]) {
    #[cfg(not(feature = "measured"))]
    guide::by(areas);
    #[cfg(feature = "measured")]
    let _ = areas;
}

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

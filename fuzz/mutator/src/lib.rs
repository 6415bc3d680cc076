//! Changes programs for AFL++, which loads this library where `AFL_CUSTOM_MUTATOR_LIBRARY` names it.
//!
//! The functions are those of AFL++'s `docs/custom_mutators.md`. `SESSDIFF_ABOUT` says what programs are about: the name of a
//! [`Which`].

use std::ffi::{c_uint, c_void};
use std::{ptr, slice};

use sessdiff::fuzz::{crossover, mutator};
use sessdiff::generate::Which;
use sessdiff::program::MAX_INPUT;

/// Names the environment variable that says what programs are about.
const ABOUT: &str = "SESSDIFF_ABOUT";
/// Says how many changes there are for one of two inputs, where there is another.
const CROSSED_EVERY: u32 = 4;

/// Keeps what one change leaves for the next.
struct Mutator {
    which: Which,
    /// The seed of the next change.
    seed: u32,
    /// Holds what was made last, which AFL++ reads until it asks for more.
    made: Vec<u8>,
}

/// Makes a mutator. AFL++ gives it back to [`afl_custom_deinit`].
///
/// # Panics
/// `SESSDIFF_ABOUT` names nothing that programs can be about.
#[unsafe(no_mangle)]
pub extern "C" fn afl_custom_init(_afl: *mut c_void, seed: c_uint) -> *mut c_void {
    let which = match std::env::var(ABOUT) {
        Ok(name) => {
            Which::from_name(&name).unwrap_or_else(|| panic!("{ABOUT}={name}: expected one of {:?}", Which::ALL))
        }
        Err(_) => Which::All,
    };
    Box::into_raw(Box::new(Mutator { which, seed, made: Vec::new() })).cast()
}

/// Ends a mutator.
///
/// # Safety
/// `mutator` is of [`afl_custom_init`] and not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_deinit(mutator: *mut c_void) {
    // SAFETY: as this function's.
    drop(unsafe { Box::from_raw(mutator.cast::<Mutator>()) });
}

/// Makes another input of `input`, and now and then of `other` too; points `out` to it and returns its length. The input stays the
/// mutator's, until the next call.
///
/// # Safety
/// `mutator` is of [`afl_custom_init`]; `input` and `other` point to so many bytes, where they are not null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_fuzz(
    mutator: *mut c_void,
    input: *const u8,
    input_len: usize,
    out: *mut *const u8,
    other: *const u8,
    other_len: usize,
    most: usize,
) -> usize {
    // SAFETY: as this function's.
    let (mutator, input, other) =
        unsafe { (&mut *mutator.cast::<Mutator>(), bytes(input, input_len), bytes(other, other_len)) };
    let made = mutator.change(input, other, most.min(MAX_INPUT));
    // SAFETY: AFL++ gives a place for the pointer.
    unsafe { ptr::write(out, made.as_ptr()) };
    made.len()
}

/// # Safety
/// `start` points to `len` bytes, or is null.
unsafe fn bytes<'a>(start: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: as this function's.
    if start.is_null() { &[] } else { unsafe { slice::from_raw_parts(start, len) } }
}

impl Mutator {
    fn change(&mut self, input: &[u8], other: &[u8], most: usize) -> &[u8] {
        self.seed = self.seed.wrapping_add(1);
        let room = most.max(input.len());
        self.made.clear();
        self.made.resize(room, 0);
        let crosses = !other.is_empty() && self.seed.is_multiple_of(CROSSED_EVERY);
        let size = if crosses {
            crossover(self.which, input, other, &mut self.made[..most], self.seed)
        } else {
            self.made[..input.len()].copy_from_slice(input);
            mutator(self.which, &mut self.made, input.len(), most, self.seed)
        };
        &self.made[..size]
    }
}

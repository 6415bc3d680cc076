//! The memory probe: OpenSSL's allocations go through here, so that what a program leaves behind is known exactly.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use super::prototypes::Api;

thread_local! {
    /// Allocations made on this thread and not yet freed on it.
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    /// Address and origin of each allocation made while watching.
    static WATCHED: RefCell<Vec<(usize, Block)>> = const { RefCell::new(Vec::new()) };
}

/// An allocation: its size and the line of the library that made it.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Bytes.
    pub size: usize,
    file: *const c_char,
    line: c_int,
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // SAFETY: the library passes string literals, or NULL where it was built without them.
        let file = if self.file.is_null() { c"?" } else { unsafe { CStr::from_ptr(self.file) } };
        write!(f, "{} bytes allocated at {}:{}", self.size, file.to_string_lossy(), self.line)
    }
}

/// Routes the library's allocations through this module, for good. Fails once the library has allocated.
pub(super) fn install(api: &Api) -> bool {
    let Some(set) = api.CRYPTO_set_mem_functions else { return false };
    // SAFETY: functions that do what malloc, realloc and free do.
    unsafe { set(Some(allocate), Some(reallocate), Some(release)) == 1 }
}

/// How many allocations of this thread live.
pub(super) fn live() -> i64 {
    LIVE.get()
}

/// From now on each allocation of this thread is remembered with its origin.
pub fn watch() {
    WATCHED.with_borrow_mut(Vec::clear);
    WATCHING.set(true);
}

/// Ends [`watch`] and returns the allocations made since then that still live.
pub fn unwatch() -> Vec<Block> {
    WATCHING.set(false);
    WATCHED.with_borrow_mut(|watched| watched.drain(..).map(|(_, block)| block).collect())
}

fn took(address: *mut c_void, block: Block) -> *mut c_void {
    if !address.is_null() {
        LIVE.set(LIVE.get() + 1);
        note(|blocks| blocks.push((address as usize, block)));
    }
    address
}

fn gave(address: *mut c_void) {
    if !address.is_null() {
        LIVE.set(LIVE.get() - 1);
        note(|blocks| blocks.retain(|(at, _)| *at != address as usize));
    }
}

/// Cheap when nobody watches, and at the end of a thread, where the library frees after the list is gone.
fn note(change: impl FnOnce(&mut Vec<(usize, Block)>)) {
    if WATCHING.get() {
        WATCHED.with_borrow_mut(change);
    }
}

/// As `CRYPTO_malloc` is without us: nothing for no bytes.
unsafe extern "C" fn allocate(size: usize, file: *const c_char, line: c_int) -> *mut c_void {
    if size == 0 {
        return ptr::null_mut();
    }
    // SAFETY: any size.
    took(unsafe { libc::malloc(size) }, Block { size, file, line })
}

unsafe extern "C" fn reallocate(old: *mut c_void, size: usize, file: *const c_char, line: c_int) -> *mut c_void {
    // SAFETY: the three cases of `CRYPTO_realloc`, with a block of ours.
    unsafe {
        if old.is_null() {
            return allocate(size, file, line);
        }
        if size == 0 {
            release(old, file, line);
            return ptr::null_mut();
        }
        let new = libc::realloc(old, size);
        if !new.is_null() {
            gave(old);
            took(new, Block { size, file, line });
        }
        new
    }
}

unsafe extern "C" fn release(block: *mut c_void, _file: *const c_char, _line: c_int) {
    gave(block);
    // SAFETY: a block of ours, or NULL.
    unsafe { libc::free(block) }
}

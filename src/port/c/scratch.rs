//! The memory that C is given: each buffer ends at an inaccessible page, so that a read or a write beyond it is a fault at the
//! very call, in a release build too. After the call the bytes are compared with what was given, and overwritten: a library
//! that kept the pointer, or changed what it only had to read, shows.

use std::ptr;

/// Bytes of the accessible part: more than any operand.
const SIZE: usize = 8192;
const GUARD: usize = 4096;
/// What a buffer holds after the call.
const GIVEN_BACK: u8 = 0xee;

/// One buffer at a time, on its way into C and back.
pub(super) struct Scratch {
    /// The inaccessible page before the accessible part.
    base: *mut u8,
}

impl Scratch {
    /// `None`: the system has no memory left.
    pub fn new() -> Option<Scratch> {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory of our own; access is given to the middle part.
        unsafe {
            let base = libc::mmap(ptr::null_mut(), GUARD + SIZE + GUARD, libc::PROT_NONE, flags, -1, 0);
            if base == libc::MAP_FAILED || libc::mprotect(base.byte_add(GUARD), SIZE, access) != 0 {
                return None;
            }
            Some(Scratch { base: base.cast() })
        }
    }

    /// The last `length` bytes before the inaccessible page.
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        let length = length.min(SIZE);
        // SAFETY: within the accessible part, which lives as long as `self` and is borrowed with it.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(GUARD + SIZE - length), length) }
    }

    /// A copy of `bytes`, for one call. No bytes are a pointer that must not be followed; NULL stays NULL.
    #[inline]
    pub fn lend(&mut self, bytes: Option<&[u8]>) -> (*const u8, usize) {
        let Some(bytes) = bytes else { return (ptr::null(), 0) };
        let room = self.room(bytes.len());
        room.copy_from_slice(bytes);
        (room.as_ptr(), bytes.len())
    }

    /// After the call: whether the bytes are as they were lent.
    #[inline]
    pub fn take_back(&mut self, bytes: Option<&[u8]>) -> bool {
        let Some(bytes) = bytes else { return true };
        let room = self.room(bytes.len());
        let unchanged = *room == *bytes;
        room.fill(GIVEN_BACK);
        unchanged
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: the memory of `new`, which nobody refers to any more.
        unsafe { libc::munmap(self.base.cast(), GUARD + SIZE + GUARD) };
    }
}

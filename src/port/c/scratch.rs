//! The memory that C is given: each buffer ends at an inaccessible page, so that a read or a write beyond it is a fault at the
//! very call, in a release build too. After the call the bytes are compared with what was given, and overwritten: a library
//! that kept the pointer, or changed what it only had to read, shows.

use std::ptr;

use super::super::buffers::MOST;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// Counts the bytes of the accessible part: more than any operand has.
const SIZE: usize = GUARD + MOST;
const GUARD: usize = 4096;
/// Fills a buffer after the call.
const GIVEN_BACK: u8 = 0xee;

/// Holds one buffer at a time, on its way into C and back.
pub(super) struct Scratch {
    /// Points to the inaccessible page before the accessible part.
    base: *mut u8,
}

impl Scratch {
    /// Maps one; `None`: the system has no memory left.
    pub fn new() -> Option<Scratch> {
        let access = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: new memory of our own, at an address that the system chooses.
        let base =
            unsafe { mmap_anonymous(ptr::null_mut(), GUARD + SIZE + GUARD, ProtFlags::empty(), MapFlags::PRIVATE) }
                .ok()?;
        // SAFETY: the middle part of it.
        unsafe { mprotect(base.byte_add(GUARD), SIZE, access) }.ok()?;
        Some(Scratch { base: base.cast() })
    }

    /// Gives the last `length` bytes before the inaccessible page.
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        let length = length.min(SIZE);
        // SAFETY: within the accessible part, which lives as long as `self` and is borrowed with it.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(GUARD + SIZE - length), length) }
    }

    /// Makes a copy of `bytes`, for one call. If there are no bytes, the pointer must not be followed; NULL stays NULL.
    #[inline]
    pub fn lend(&mut self, bytes: Option<&[u8]>) -> (*const u8, usize) {
        let Some(bytes) = bytes else { return (ptr::null(), 0) };
        let room = self.room(bytes.len());
        room.copy_from_slice(bytes);
        (room.as_ptr(), bytes.len())
    }

    /// Tells, after the call, whether the bytes are as they were lent.
    #[inline]
    pub fn take_back(&mut self, bytes: Option<&[u8]>) -> bool {
        let Some(bytes) = bytes else { return true };
        let mut unchanged = true;
        for (lent, byte) in self.room(bytes.len()).iter_mut().zip(bytes) {
            unchanged &= std::mem::replace(lent, GIVEN_BACK) == *byte;
        }
        unchanged
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: the memory of `new`, which nobody refers to any more.
        unsafe { munmap(self.base.cast(), GUARD + SIZE + GUARD) }.unwrap_or(());
    }
}

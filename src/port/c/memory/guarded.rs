//! Guarded blocks: each ends at an inaccessible page, and its own pages become inaccessible when it is freed, so that a use
//! after free or an overrun is a fault at the very access.
//!
//! The pages of blocks belong to a file in memory and those between them do not, so that the system never has to split or
//! join its descriptions of them: that is four fifths of what changing the access of a page costs.

use std::ffi::c_void;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap};

use super::arena::{Block, access};
use super::{Fault, Misuse, Origin};

const PAGE: usize = 4096;
/// Lists the pages of a place, and how many places of that size there are. The system needs two descriptions for a
/// place, and a process may have 65,530.
const CLASSES: [(usize, usize); 2] = [(1, 4096), (8, 128)];
/// Counts the bytes before a block that must stay as they are.
const ZONE: usize = 64;

/// Holds the places of one size.
struct Class {
    base: usize,
    pages: usize,
    /// Holds the block at each place that was ever used; there is room for as many as there are places.
    blocks: Vec<Option<Block>>,
    /// Says where the next block goes, unless one lives there.
    next: usize,
    /// Counts the places that this program went through for its blocks.
    made: usize,
    /// Holds the file whose pages lie under the places.
    file: OwnedFd,
}

/// Holds the guarded blocks of one thread.
pub(super) struct Guarded {
    classes: [Class; 2],
}

impl Guarded {
    /// Makes the places in `bytes` of address space from `base` on; `None`: the system refuses.
    pub fn new(base: usize, bytes: usize) -> Option<Guarded> {
        let mut at = base;
        let mut class = |(pages, places): (usize, usize)| {
            let file = file_of(pages * PAGE * places)?;
            let class = Class { base: at, pages, blocks: Vec::with_capacity(places), next: 0, made: 0, file };
            at += class.stride() * places;
            Some(class)
        };
        let classes = [class(CLASSES[0])?, class(CLASSES[1])?];
        debug_assert!(at <= base + bytes);
        Some(Guarded { classes })
    }

    /// Returns how many bytes follow this offset to the end of its place.
    pub fn left(mut offset: usize) -> usize {
        for (pages, places) in CLASSES {
            let stride = (pages + 1) * PAGE;
            if offset < stride * places {
                return (pages * PAGE).saturating_sub(offset % stride);
            }
            offset -= stride * places;
        }
        0
    }

    pub fn begin(&mut self) {
        self.classes.iter_mut().for_each(|class| class.made = 0);
    }

    /// Makes a block and returns its address; `None`: it is too large, or the program has too many.
    pub fn take(&mut self, size: usize, origin: Origin) -> Option<usize> {
        self.classes.iter_mut().find(|class| size <= class.pages * PAGE)?.take(size, origin)
    }

    /// Takes away the access to a block that was freed, and says what happened to the bytes before it.
    pub fn close(&mut self, block: &Block) -> Option<Misuse> {
        let damage = damage(block);
        for class in &self.classes {
            // Should the system refuse, the block stays accessible: nothing is found, and nothing is broken.
            class
                .place(block.start)
                .map(|place| access(class.base + class.stride() * place, class.pages * PAGE, false));
        }
        damage
    }

    /// Finds the block at an address, or right before it.
    pub fn block(&self, address: usize) -> Option<Block> {
        self.classes.iter().find_map(|class| class.blocks[class.place(address)?])
    }

    /// Finds what [`Guarded::block`] finds, to be changed.
    pub fn block_mut(&mut self, address: usize) -> Option<&mut Block> {
        self.classes.iter_mut().find_map(|class| {
            let place = class.place(address)?;
            class.blocks[place].as_mut()
        })
    }

    /// Finds the first block of this program that lives and whose surroundings were changed.
    pub fn check(&self) -> Option<Fault> {
        let live = self.classes.iter().flat_map(Class::of_this_program).filter(|block| block.given.is_none());
        live.into_iter().find_map(|block| damage(block).map(|what| block.fault(what)))
    }
}

impl Class {
    fn stride(&self) -> usize {
        (self.pages + 1) * PAGE
    }

    fn place(&self, address: usize) -> Option<usize> {
        let place = address.checked_sub(self.base)? / self.stride();
        (place < self.blocks.len()).then_some(place)
    }

    fn take(&mut self, size: usize, origin: Origin) -> Option<usize> {
        let places = self.blocks.capacity();
        // What this program freed is kept to its end, and what lives stays.
        let place = loop {
            if self.made == places {
                return None;
            }
            let place = self.next;
            self.next = (self.next + 1) % places;
            self.made += 1;
            if self.blocks.get(place).is_none_or(|block| block.is_none_or(|block| block.given.is_some())) {
                break place;
            }
        };
        let from = self.base + place * self.stride();
        if !self.open(place, from) {
            // The system refuses: the next block asks for the same place.
            (self.next, self.made) = (place, self.made - 1);
            return None;
        }
        let start = from + self.pages * PAGE - aligned(size);
        let block = Block { start, size, taken: origin, given: None };
        self.blocks[place] = Some(block);
        block.surround(zone(&block), aligned(size) - size);
        Some(start)
    }

    fn of_this_program(&self) -> impl Iterator<Item = &Block> {
        let places = self.blocks.capacity();
        let made = (1..=self.made).rev().map(move |back| (self.next + places - back) % places);
        made.filter_map(|place| self.blocks.get(place)?.as_ref())
    }

    /// Gives access to the pages of a place. A place after the last one that was used has no file under it yet.
    fn open(&mut self, place: usize, from: usize) -> bool {
        if place < self.blocks.len() {
            return access(from, self.pages * PAGE, true);
        }
        let (flags, access) = (MapFlags::SHARED | MapFlags::FIXED, ProtFlags::READ | ProtFlags::WRITE);
        let (bytes, offset) = (self.pages * PAGE, (place * self.pages * PAGE) as u64);
        // SAFETY: pages of our own reservation that nobody uses yet, and bytes that the file has.
        if unsafe { mmap(from as *mut c_void, bytes, access, flags, &self.file, offset) }.is_err() {
            return false;
        }
        self.blocks.push(None);
        true
    }
}

/// Makes a file in memory; `None`: the system refuses.
fn file_of(bytes: usize) -> Option<OwnedFd> {
    let file = memfd_create(c"sessdiff", MemfdFlags::CLOEXEC).ok()?;
    ftruncate(&file, bytes as u64).ok()?;
    Some(file)
}

fn damage(block: &Block) -> Option<Misuse> {
    block.damage(zone(block), aligned(block.size) - block.size)
}

/// Returns how many bytes before a block are looked at: those of its first page, at most.
fn zone(block: &Block) -> usize {
    (block.start % PAGE).min(ZONE)
}

/// Returns how many bytes there are from the start of a guarded block to its guard. On x86-64 a block whose size is no
/// multiple of 8 need not be aligned, so that a string ends at the guard too; elsewhere that could be a fault of our
/// own making.
const fn aligned(size: usize) -> usize {
    if cfg!(target_arch = "x86_64") { size } else { size.next_multiple_of(16) }
}

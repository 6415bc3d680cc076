//! Blocks that are watched: see [`guarded`](super::guarded) and [`poisoned`](super::poisoned). Both keep what was freed for the
//! rest of its program, and long after.
//!
//! Each thread has a stretch of one large reservation, so that an address tells whose it is. What is known of a block is kept
//! beside the memory, never in it.

use std::cell::RefCell;
use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};

use super::guarded::Guarded;
use super::poisoned::Poisoned;
use super::{Fault, Memory, Misuse, Origin};

/// Counts the threads that have blocks that are watched; the others have plain ones.
const THREADS: usize = 64;
/// Counts the bytes of address space for each thread: the first half is for guarded blocks.
const STRETCH: usize = 128 << 20;
const HALF: usize = STRETCH / 2;

/// Fills a block that was just made.
const FRESH: u8 = 0xcb;
/// Fills the bytes around a block.
const AROUND: u8 = 0xfb;

/// Holds what is known of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub start: usize,
    pub size: usize,
    pub taken: Origin,
    /// Says where it was freed; `None`: it lives.
    pub given: Option<Origin>,
}

impl Block {
    pub fn fault(&self, what: Misuse) -> Fault {
        Fault::new(what, self.size, self.taken, self.given)
    }

    /// Marks `before` bytes before it and `after` bytes after it: they must stay as they are.
    pub fn surround(&self, before: usize, after: usize) {
        fill(self.start - before, before, AROUND);
        fill(self.start + self.size, after, AROUND);
    }

    /// Says what happened to `before` bytes before it and to `after` bytes after it.
    pub fn damage(&self, before: usize, after: usize) -> Option<Misuse> {
        if !holds(self.start - before, before, AROUND) {
            return Some(Misuse::Underrun);
        }
        (!holds(self.start + self.size, after, AROUND)).then_some(Misuse::Overrun)
    }
}

struct Arenas {
    base: usize,
    guarded: Guarded,
    poisoned: Poisoned,
}

thread_local! {
    static ARENAS: RefCell<Option<Box<Arenas>>> = const { RefCell::new(None) };
}

/// Holds the address of the reservation; 0: there is none.
static RESERVED: OnceLock<usize> = OnceLock::new();
static NEXT_STRETCH: AtomicUsize = AtomicUsize::new(0);

/// Notes that a program begins: what was freed before may be reused one day.
pub(super) fn begin() {
    with(|arenas| {
        arenas.guarded.begin();
        arenas.poisoned.begin();
    });
}

/// Takes a block of `size` bytes; `None`: there is no room for it here.
pub(super) fn take(memory: Memory, size: usize, origin: Origin) -> Option<*mut c_void> {
    ARENAS.with_borrow_mut(|arenas| {
        if arenas.is_none() {
            *arenas = Arenas::new().map(Box::new);
        }
        let arenas = arenas.as_mut()?;
        let start = match memory {
            Memory::Plain => None,
            Memory::Guarded => arenas.guarded.take(size, origin),
            Memory::Poisoned => arenas.poisoned.take(size, origin),
        }?;
        fill(start, size, FRESH);
        Some(start as *mut c_void)
    })
}

/// Tells whether an address lies in memory of this module, on any thread.
#[inline]
pub(super) fn owns(address: *const c_void) -> bool {
    RESERVED.get().is_some_and(|base| *base != 0 && (address as usize).wrapping_sub(*base) < THREADS * STRETCH)
}

/// Takes a block back, and says what happened to the bytes around it; an error: it cannot be taken back. A block of
/// another thread is only forgotten: only the thread that owns it may touch what is known of it.
pub(super) fn give(address: *mut c_void, origin: Origin) -> Result<Option<Fault>, Fault> {
    let address = address as usize;
    let given = with(|arenas| {
        let guarded = match address.checked_sub(arenas.base) {
            Some(0..HALF) => true,
            Some(HALF..STRETCH) => false,
            Some(_) | None => return Ok(None),
        };
        let block = if guarded { arenas.guarded.block_mut(address) } else { arenas.poisoned.block_mut(address) };
        let Some(block) = block else { return Err(Fault::new(Misuse::BadFree, 0, origin, None)) };
        if block.given.is_some() {
            return Err(block.fault(Misuse::DoubleFree));
        }
        if block.start != address {
            return Err(block.fault(Misuse::BadFree));
        }
        block.given = Some(origin);
        let block = *block;
        let damage = if guarded { arenas.guarded.close(&block) } else { arenas.poisoned.close(&block) };
        Ok(damage.map(|what| block.fault(what)))
    });
    given.unwrap_or(Ok(None))
}

/// Says how many bytes can be read from an address on, whoever's it is: at most to the end of its place.
pub(super) fn readable(address: *const c_void) -> usize {
    let base = RESERVED.get().copied().unwrap_or(0);
    let offset = (address as usize).wrapping_sub(base) % STRETCH;
    match offset.checked_sub(HALF) {
        Some(offset) => Poisoned::left(offset),
        None => Guarded::left(offset),
    }
}

/// Says how many bytes the block at this address has; 0: it is another thread's.
pub(super) fn size_of(address: *const c_void) -> usize {
    let address = address as usize;
    let size = with(|arenas| {
        let block = arenas.guarded.block_mut(address).or_else(|| arenas.poisoned.block_mut(address));
        block.map_or(0, |block| block.size)
    });
    size.unwrap_or(0)
}

/// Finds the first block of this program that was changed where nobody may change it.
pub(super) fn check() -> Option<Fault> {
    with(|arenas| arenas.poisoned.check().or_else(|| arenas.guarded.check())).flatten()
}

/// Says what was done where an access to `address` was refused, if that is near a block that is guarded. Allocates
/// nothing: a signal handler may ask, and must not be interrupted by itself.
pub fn explain(address: usize) -> Option<Fault> {
    if !owns(address as *const c_void) {
        return None;
    }
    ARENAS.with(|arenas| {
        let arenas = arenas.try_borrow().ok()?;
        let block = arenas.as_ref()?.guarded.block(address)?;
        match block.given {
            Some(_) => Some(block.fault(Misuse::UseAfterFree)),
            None => (address >= block.start + block.size).then(|| block.fault(Misuse::Overrun)),
        }
    })
}

fn with<R>(work: impl FnOnce(&mut Arenas) -> R) -> Option<R> {
    // At the end of a thread the arenas are gone before the library has freed everything.
    ARENAS.try_with(|arenas| arenas.try_borrow_mut().ok()?.as_mut().map(|arenas| work(arenas))).ok().flatten()
}

impl Arenas {
    fn new() -> Option<Arenas> {
        let reserved = *RESERVED.get_or_init(|| reserve(THREADS * STRETCH).unwrap_or(0));
        let number = NEXT_STRETCH.fetch_add(1, Relaxed);
        if reserved == 0 || number >= THREADS {
            return None;
        }
        let base = reserved + number * STRETCH;
        Some(Arenas { base, guarded: Guarded::new(base, HALF)?, poisoned: Poisoned::new(base + HALF, HALF)? })
    }
}

/// Overwrites bytes of a block that was just made or freed, or around it.
pub(super) fn fill(start: usize, length: usize, byte: u8) {
    // SAFETY: the callers name bytes of their own stretch that are accessible.
    unsafe { std::ptr::write_bytes(start as *mut u8, byte, length) };
}

/// Tells whether bytes of a block, or around it, all hold `byte`.
pub(super) fn holds(start: usize, length: usize, byte: u8) -> bool {
    // SAFETY: as above; nobody writes to them now.
    let bytes = unsafe { std::slice::from_raw_parts(start as *const u8, length) };
    // Compared with itself, one byte later: as fast as a comparison of memory is.
    bytes.first().is_none_or(|first| *first == byte && bytes[1..] == bytes[..length - 1])
}

fn reserve(bytes: usize) -> Option<usize> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: new memory of our own, at an address that the system chooses.
    unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, ProtFlags::empty(), flags) }.ok().map(|start| start as usize)
}

/// Gives or takes access to whole pages of the reservation, and tells whether that worked.
pub(super) fn access(start: usize, bytes: usize, allowed: bool) -> bool {
    let protection = if allowed { MprotectFlags::READ | MprotectFlags::WRITE } else { MprotectFlags::empty() };
    // SAFETY: the callers name pages of their own stretch.
    unsafe { mprotect(start as *mut c_void, bytes, protection) }.is_ok()
}

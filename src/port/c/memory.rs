//! The memory probe: the library's allocations go through here, so that what a program leaves behind is known exactly, and
//! so that memory that nobody instrumented is watched: see [`Memory`].

mod arena;
mod fault;
mod guarded;
mod poisoned;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

pub use arena::explain;
pub use fault::{Fault, Misuse};

use super::super::{Memory, events, present};
use super::prototypes::Api;
use crate::op::{SLOTS, Slot};
use crate::trace::{Block, Mishap};

thread_local! {
    /// Counts the allocations made on this thread and not yet freed on it.
    static LIVE: Cell<i64> = const { Cell::new(0) };
    /// Says where the blocks of the program that runs on this thread come from.
    static MODE: Cell<Memory> = const { Cell::new(Memory::Plain) };
    /// Holds the first misuse that was noticed since it was last asked for.
    static NOTICED: Cell<Option<Fault>> = const { Cell::new(None) };
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    /// Holds the address of the session of each slot whose end is told; 0: none.
    static SESSIONS: [Cell<usize>; SLOTS] = const { [const { Cell::new(0) }; SLOTS] };
    /// Marks which of 64 places their addresses fall into, one bit each.
    static PLACES: Cell<u64> = const { Cell::new(0) };
    /// Lists each allocation made while watching.
    static WATCHED: RefCell<Vec<Watched>> = const { RefCell::new(Vec::new()) };
}

/// Describes an allocation that lives.
struct Watched {
    at: usize,
    size: usize,
    taken: Origin,
    session: bool,
}

const fn place(address: usize) -> u64 {
    1 << (address >> 4 & 63)
}

/// Tells of the end of the session that a slot holds, from now on: the library allocated its block.
pub(super) fn tell_end_of(slot: Slot, address: usize) {
    SESSIONS.with(|sessions| sessions[slot.index()].set(address));
    PLACES.set(PLACES.get() | place(address));
}

/// Tells whether a session has ended whose end was to be told of for this slot.
pub(super) fn has_ended(slot: Slot) -> bool {
    SESSIONS.with(|sessions| sessions[slot.index()].get() == 0)
}

/// Notes that the session at this address has ended.
pub(super) fn ended(session: usize) {
    freed(session);
}

/// Notes that a block is freed: it may be a session.
#[inline]
fn freed(block: usize) {
    // At the end of a thread no program runs any more.
    let places = PLACES.try_with(Cell::get).unwrap_or(0);
    if places & place(block) != 0 {
        note_end(block);
    }
}

#[inline(never)]
fn note_end(block: usize) {
    SESSIONS.with(|sessions| {
        if let Some(session) = sessions.iter().find(|session| session.get() == block) {
            session.set(0);
            events::gone();
        }
    });
}

/// Tells of the end of no session any more.
pub(super) fn tell_no_end() {
    if PLACES.replace(0) != 0 {
        SESSIONS.with(|sessions| sessions.iter().for_each(|session| session.set(0)));
    }
}

/// Says who called: a line of the library, in a step of a program.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    file: *const c_char,
    line: c_int,
    step: u32,
}

impl Origin {
    fn here(file: *const c_char, line: c_int) -> Origin {
        Origin { file, line, step: present::get() }
    }
}

/// Routes the library's allocations through this module, for good. Fails once the library has allocated.
pub(super) fn install(api: &Api) -> bool {
    let Some(set) = api.CRYPTO_set_mem_functions else { return false };
    // SAFETY: functions that do what malloc, realloc and free do.
    unsafe { set(Some(allocate), Some(reallocate), Some(release)) == 1 }
}

/// Counts the allocations of this thread that live.
pub(super) fn live() -> i64 {
    LIVE.get()
}

/// Begins a program whose blocks come from this kind of memory.
pub(super) fn begin(memory: Memory) {
    MODE.set(memory);
    NOTICED.set(None);
    tell_no_end();
    arena::begin();
}

/// Ends a program: what is allocated from now on is plain.
pub(super) fn end() {
    MODE.set(Memory::Plain);
}

/// Returns the first misuse since this was last asked: one that was noticed when it happened, or one that is found now
/// in blocks that were written to after they were freed, or around them. What is found now names the step that runs
/// now.
pub(super) fn misuse() -> Option<Mishap> {
    let fault = NOTICED.take().or_else(arena::check);
    fault.map(|fault| fault.mishap())
}

/// Returns how many bytes a block has that the library allocated.
pub(super) fn size_of(block: *mut c_void) -> usize {
    // SAFETY: a block of ours, or of the system's allocator.
    if arena::owns(block) { arena::size_of(block) } else { unsafe { libc::malloc_usable_size(block) } }
}

/// Remembers each allocation of this thread with its origin, from now on.
pub(super) fn watch() {
    WATCHED.with_borrow_mut(Vec::clear);
    WATCHING.set(true);
}

/// Notes that a block is a session.
pub(super) fn is_session(address: usize) {
    note(|blocks| {
        blocks.iter_mut().rev().filter(|block| block.at == address).take(1).for_each(|block| block.session = true)
    });
}

/// Ends [`watch`] and returns the allocations made since then that still live, and which of them holds which.
pub(super) fn unwatch() -> Vec<Block> {
    WATCHING.set(false);
    WATCHED.with_borrow_mut(|watched| {
        let holders = holders(watched);
        let blocks = watched.drain(..).zip(holders);
        let block = |(block, holder): (Watched, Option<u32>)| {
            let Watched { size, taken, session, .. } = block;
            Block { size: size as u64, taken: taken.site(), given: None, session, holder }
        };
        blocks.map(block).collect()
    })
}

/// Finds for each block the one that holds it, directly or by way of others, and is held by none. Where blocks hold each other in a
/// ring, it is the one that was allocated first.
///
/// Guesses what a block holds: each aligned word of it that is the address of another block is taken for a pointer to
/// that. A number that happens to be one is taken for one too, and a pointer into the middle of a block, or one that is stored in
/// another form, is not seen: what it leads to then stands by itself.
fn holders(blocks: &[Watched]) -> Vec<Option<u32>> {
    let places: HashMap<usize, usize> = blocks.iter().enumerate().map(|(place, block)| (block.at, place)).collect();
    let pointed_to = |(place, block): (usize, &Watched)| -> Vec<usize> {
        let others = words(block).filter_map(|word| places.get(&word).copied());
        others.filter(|other| *other != place).collect()
    };
    let holds: Vec<Vec<usize>> = blocks.iter().enumerate().map(pointed_to).collect();
    let mut held = vec![false; blocks.len()];
    holds.iter().flatten().for_each(|place| held[*place] = true);
    let (mut holders, mut seen) = (vec![None; blocks.len()], vec![false; blocks.len()]);
    for root in (0..blocks.len()).filter(|place| !held[*place]).chain(0..blocks.len()) {
        let mut next = if seen[root] { Vec::new() } else { vec![root] };
        seen[root] = true;
        while let Some(place) = next.pop() {
            for other in holds[place].iter().copied() {
                if !std::mem::replace(&mut seen[other], true) {
                    holders[other] = u32::try_from(root).ok();
                    next.push(other);
                }
            }
        }
    }
    holders
}

/// Lists the aligned words of a block.
fn words(block: &Watched) -> impl Iterator<Item = usize> {
    let first = block.at as *const usize;
    (0..block.size / std::mem::size_of::<usize>()).map(move |at| {
        // SAFETY: the block lives: it was allocated on this thread, which alone frees what its program made, and was not freed. The
        // library's blocks are aligned, but for guarded ones of an odd size.
        unsafe { first.add(at).read_unaligned() }
    })
}

#[inline]
fn took(address: *mut c_void, size: usize, origin: Origin) -> *mut c_void {
    if address.is_null() {
        notice(Fault::new(Misuse::NoMemory, size, origin, None));
    } else {
        LIVE.set(LIVE.get() + 1);
        note(|blocks| blocks.push(Watched { at: address as usize, size, taken: origin, session: false }));
    }
    address
}

#[inline]
fn gave(address: *mut c_void) {
    LIVE.set(LIVE.get() - 1);
    freed(address as usize);
    // What is freed is nearly always among what was taken last.
    note(|blocks| {
        if let Some(at) = blocks.iter().rposition(|block| block.at == address as usize) {
            blocks.remove(at);
        }
    });
}

fn notice(fault: Fault) {
    if NOTICED.get().is_none() {
        NOTICED.set(Some(fault));
    }
}

/// Changes the list of what is watched. It is cheap when nobody watches, and at the end of a thread, where the library
/// frees after the list is gone.
#[inline]
fn note(change: impl FnOnce(&mut Vec<Watched>)) {
    if WATCHING.get() {
        // At the end of a thread there is no list any more.
        WATCHED.try_with(|watched| change(&mut watched.borrow_mut())).unwrap_or(());
    }
}

/// Allocates as `CRYPTO_malloc` does without us: nothing for no bytes.
unsafe extern "C" fn allocate(size: usize, file: *const c_char, line: c_int) -> *mut c_void {
    if size == 0 {
        return ptr::null_mut();
    }
    match MODE.get() {
        // SAFETY: any size.
        Memory::Plain => took(unsafe { libc::malloc(size) }, size, Origin::here(file, line)),
        mode @ (Memory::Poisoned | Memory::Guarded) => allocate_watched(mode, size, Origin::here(file, line)),
    }
}

#[cold]
#[inline(never)]
fn allocate_watched(mode: Memory, size: usize, origin: Origin) -> *mut c_void {
    // What the arena has no room for comes from where everything else comes from.
    // SAFETY: any size.
    let plain = || unsafe { libc::malloc(size) };
    let block =
        if is_cryptography(origin.file) { plain() } else { arena::take(mode, size, origin).unwrap_or_else(plain) };
    took(block, size, origin)
}

/// Tells whether a file of the library is cryptography: half of all blocks come from there, and no fault of a session
/// shows there. Where the library was built without the names of its files, none is.
fn is_cryptography(file: *const c_char) -> bool {
    /// Counts the places for what was found out. It is kept by the address of the name, a constant of the library.
    const PLACES: usize = 256;
    thread_local! {
        static KNOWN: [Cell<(usize, bool)>; PLACES] = const { [const { Cell::new((0, false)) }; PLACES] };
    }
    let address = file as usize;
    KNOWN.with(|known| {
        let place = &known[(address >> 3) % PLACES];
        let (of, mut is) = place.get();
        if of != address {
            // SAFETY: a constant of the library.
            is = !file.is_null() && is_name_of_cryptography(unsafe { std::ffi::CStr::from_ptr(file) }.to_bytes());
            place.set((address, is));
        }
        is
    })
}

fn is_name_of_cryptography(name: &[u8]) -> bool {
    const ROOMS: [&[u8]; 7] = [
        b"providers/",
        b"crypto/bn/",
        b"crypto/ec/",
        b"crypto/evp/",
        b"crypto/hmac/",
        b"crypto/bio/",
        b"crypto/encode_decode/",
    ];
    // Where a key is made, which a session has.
    let is_key = name.ends_with(b"crypto/evp/p_lib.c");
    !is_key && ROOMS.iter().any(|room| name.windows(room.len()).any(|part| part == *room))
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
        if arena::owns(old) {
            let new = allocate(size, file, line);
            if !new.is_null() {
                // Of another thread's block the size is not known here, only how far it can reach.
                let old_size = match arena::size_of(old) {
                    0 => arena::readable(old),
                    known => known,
                };
                ptr::copy_nonoverlapping(old.cast::<u8>(), new.cast::<u8>(), old_size.min(size));
                release(old, file, line);
            }
            return new;
        }
        let new = libc::realloc(old, size);
        if !new.is_null() {
            gave(old);
        }
        took(new, size, Origin::here(file, line))
    }
}

unsafe extern "C" fn release(block: *mut c_void, file: *const c_char, line: c_int) {
    if block.is_null() {
        return;
    }
    if arena::owns(block) {
        return release_watched(block, Origin::here(file, line));
    }
    gave(block);
    // SAFETY: a block of ours.
    unsafe { libc::free(block) }
}

#[cold]
#[inline(never)]
fn release_watched(block: *mut c_void, origin: Origin) {
    match arena::give(block, origin) {
        Ok(damage) => {
            gave(block);
            damage.into_iter().for_each(notice);
        }
        // A block that cannot be freed is left as it is: the program goes on, and is found out.
        Err(fault) => notice(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root holds a block, and that another one; two hold each other; one stands by itself.
    #[test]
    fn what_holds_a_block_is_found_by_its_address() {
        let mut made = [[0usize; 3]; 6];
        let at: Vec<usize> = made.iter().map(|block| block.as_ptr() as usize).collect();
        made[1][2] = at[0];
        made[2][0] = at[1];
        (made[3][1], made[4][1]) = (at[4], at[3]);
        // Itself, and a number that is no block's first address.
        made[5] = [at[5], at[0] + 8, 7];
        let taken = Origin { file: ptr::null(), line: 0, step: 0 };
        let blocks: Vec<Watched> = at
            .iter()
            .map(|at| Watched { at: *at, size: std::mem::size_of::<[usize; 3]>(), taken, session: false })
            .collect();
        assert_eq!(holders(&blocks), [Some(2), Some(2), None, None, Some(3), None]);
        assert_eq!(made[5][2], 7);
    }

    #[test]
    fn cryptography_is_told_by_its_rooms() {
        let is = |name: &str| is_name_of_cryptography(name.as_bytes());
        assert!(is("crypto/bn/bn_lib.c") && is("../providers/implementations/kdfs/hkdf.c"));
        assert!(!is("ssl/ssl_sess.c") && !is("/b/crypto/evp/p_lib.c") && !is("../crypto/stack/stack.c") && !is(""));
        assert!(is("crypto/evp/digest.c"));
        assert!(!is_cryptography(ptr::null()));
    }
}

//! The native session leaves no key material behind: every block that goes back to the allocator is looked at.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use sessdiff::native::{Clock, Error, Established, ExCallbacks, Library, Release, Session};

/// What no freed block may hold. It is in no other value of this process.
const SECRET: [u8; 16] = *b"\x9e\xc1Mellon!\x00\xf7\x13\xd5\x88\xb2\x6a";

#[global_allocator]
static ALLOCATOR: Looking = Looking;
static ARMED: AtomicBool = AtomicBool::new(false);
static FOUND: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator; while armed, it counts the freed blocks that hold the secret.
struct Looking;

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ARMED.load(SeqCst) {
            // SAFETY: the block is the caller's and as long as its layout says.
            unsafe { look(block, layout.size()) };
        }
        // SAFETY: as the caller says.
        unsafe { System.dealloc(block, layout) }
    }

    // `realloc` is the trait's own: it allocates, copies and frees the old block, which is looked at.
}

/// # Safety
/// `block` can be read for `size` bytes. Some may never have been written: they are read as volatile, one by one, so
/// that the compiler takes them for what is in memory.
unsafe fn look(block: *const u8, size: usize) {
    // SAFETY: `at` is below `size`.
    let byte = |at: usize| unsafe { block.add(at).read_volatile() };
    let holds =
        (SECRET.len()..=size).any(|end| (0..SECRET.len()).all(|at| byte(end - SECRET.len() + at) == SECRET[at]));
    if holds {
        FOUND.fetch_add(1, SeqCst);
    }
}

/// How many blocks that hold the secret `action` frees.
fn freed_with_secret(action: impl FnOnce()) -> usize {
    FOUND.store(0, SeqCst);
    ARMED.store(true, SeqCst);
    action();
    ARMED.store(false, SeqCst);
    FOUND.load(SeqCst)
}

/// One test, for the allocator is the whole process's.
#[test]
fn freed_memory_holds_no_key() {
    assert_eq!(SECRET.len(), 16);
    let control = |drop_it: fn(Vec<u8>)| {
        let mut block = vec![0; 100];
        block[37..53].copy_from_slice(&SECRET);
        freed_with_secret(|| drop_it(black_box(block)))
    };
    assert_eq!(control(drop), 1, "a block with the secret is not seen");
    assert_eq!(control(std::mem::forget), 0, "a block that is not freed is seen");
    assert_eq!(
        control(|mut block| drop(black_box({
            block.reserve_exact(5_000);
            block
        }))),
        2,
        "old blocks are not seen"
    );

    let library = Library::new(Release::V3_6_3, Clock::System);
    assert_eq!(freed_with_secret(|| keys(&library)), 0, "a session's key or id is still there");
    assert_eq!(freed_with_secret(|| failed_dups(&library)), 0, "the key of a dup that failed is still there");
    assert_eq!(freed_with_secret(|| on_another_thread(&library)), 0, "a key is still there: freed by another thread");
    let raced = raced(&library);
    assert_eq!(freed_with_secret(|| drop(raced)), 0, "a key is still there: two threads set keys of different lengths");
}

/// 48 bytes, the secret at their end: a shorter key leaves it in the session.
fn key() -> [u8; 48] {
    let mut key = [0x33; 48];
    key[32..].copy_from_slice(&SECRET);
    key
}

/// 32 bytes, the secret across the words that the session keeps them in.
fn id() -> [u8; 32] {
    let mut id = [0x44; 32];
    id[13..29].copy_from_slice(&SECRET);
    id
}

fn keys(library: &Arc<Library>) {
    let session = library.session();
    session.set1_master_key(&key()).unwrap();
    session.set1_id(&id()).unwrap();
    session.set1_hostname(Some(b"example.org"));
    let copy = session.dup().unwrap();
    let other = session.up_ref();
    session.set1_master_key(b"short").unwrap();
    session.set1_id(b"").unwrap();
    // This one takes over what is beyond the end of the short key.
    let stale = session.dup().unwrap();
    let mut read = [0; 48];
    assert_eq!((copy.master_key(&mut read), read), (48, key()), "the secret was in the session");
    drop(session);
    drop(copy);
    drop(other);
    drop(stale);
    let full = library.session();
    let mut longest = [0x55; 512];
    longest[496..].copy_from_slice(&SECRET);
    full.set1_master_key(&longest).unwrap();
    assert_eq!(full.set1_master_key(&[0; 513]), Err(Error::MasterKeyTooLong));
}

fn failed_dups(library: &Arc<Library>) {
    let session = library.session();
    let empty_ticket = Established { ticket: Some(Vec::new()), ..Established::default() };
    session.establish(&empty_ticket).unwrap();
    session.set1_master_key(&key()).unwrap();
    session.set1_id(&id()).unwrap();
    assert_eq!(session.dup().unwrap_err(), Error::EmptyTicket);

    let library = Library::new(Release::V3_6_3, Clock::System);
    let index = library.register(ExCallbacks { dup: Some(|_, _, _| false), ..ExCallbacks::default() });
    let session = library.session();
    session.set_ex_data(index as i32, 1).unwrap();
    session.set1_master_key(&key()).unwrap();
    assert_eq!(session.dup().unwrap_err(), Error::ExDataRefused);
}

fn on_another_thread(library: &Arc<Library>) {
    let session = library.session();
    session.set1_master_key(&key()).unwrap();
    let other = session.up_ref();
    drop(session);
    thread::spawn(move || drop(other)).join().unwrap();
}

/// Sessions whose keys two threads set at the same time, a long one and a short one. Whichever stays, both are wiped.
fn raced(library: &Arc<Library>) -> Vec<Session> {
    const SESSIONS: usize = 10_000;
    let sessions: Vec<Session> = (0..SESSIONS).map(|_| library.session()).collect();
    let reached = [const { AtomicUsize::new(0) }; 2];
    let set_all = |me: usize, key: &[u8]| {
        for (at, session) in sessions.iter().enumerate() {
            reached[me].store(at, SeqCst);
            while reached[1 - me].load(SeqCst) < at {
                thread::yield_now();
            }
            // A different delay each time, so that some of the calls overlap.
            (0..at % 12 * me).for_each(|_| std::hint::spin_loop());
            session.set1_master_key(key).unwrap();
        }
        reached[me].store(SESSIONS, SeqCst);
    };
    thread::scope(|scope| {
        scope.spawn(|| set_all(0, &key()));
        set_all(1, b"short");
    });
    sessions
}

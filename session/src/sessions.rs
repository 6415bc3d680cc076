//! Sessions as C sees them: a block that its pointer names, with the count in it, and the native session behind it.
//!
//! The native session counts its own references, those of caches among them. The count in the block says the same, for a debugger or
//! whoever else looks there. A block lives as long as its session does.

use std::collections::HashMap;
use std::ffi::c_int;
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use sessdiff::native::{Session, WeakSession};

use crate::errors::raise_error;
use crate::ex_data::CRYPTO_EX_DATA;
use crate::lent::LentOfSession;
use crate::library::LIBRARY;

/// Is what `SSL_SESSION *` points to.
#[repr(C)]
pub struct SSL_SESSION {
    /// Counts the references: what the native session counts, but for those of running calls.
    references: AtomicU32,
    /// Names the session to callbacks of application data.
    pub ex_data: CRYPTO_EX_DATA,
    session: WeakSession,
    /// Is elsewhere, so that nothing here but the count changes with it.
    rest: Box<Rest>,
}

#[derive(Default)]
struct Rest {
    /// Holds the references of the program.
    owned: Mutex<Vec<Session>>,
    /// Counts the references of calls that run, which keep the block.
    used: AtomicU32,
    lent: LentOfSession,
}

/// Holds a reference for as long as a call takes.
pub struct Used<'a> {
    session: Option<Session>,
    used: &'a AtomicU32,
}

impl Deref for Used<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("it is taken away at the end alone")
    }
}

impl Drop for Used<'_> {
    fn drop(&mut self) {
        self.session = None;
        self.used.fetch_sub(1, SeqCst);
    }
}

impl SSL_SESSION {
    /// Returns the native session.
    ///
    /// # Panics
    /// The session is being destroyed: nothing is known of it any more.
    pub fn native(&self) -> Used<'_> {
        self.rest.used.fetch_add(1, SeqCst);
        let used = Used { session: self.session.upgrade(), used: &self.rest.used };
        assert!(used.session.is_some(), "a session that is destroyed");
        used
    }

    /// Returns what getters have lent.
    pub fn lent(&self) -> &LentOfSession {
        &self.rest.lent
    }

    fn owned(&self) -> MutexGuard<'_, Vec<Session>> {
        self.rest.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the count. Returns whether the block is needed: the session lives, or a call uses it.
    fn settle(&self) -> bool {
        let (all, used) = (self.session.references(), self.rest.used.load(SeqCst) as usize);
        self.references.store(all.saturating_sub(used) as u32, SeqCst);
        all > 0 || used > 0
    }
}

/// Points to a block, which is used and freed from any thread.
struct Block(*mut SSL_SESSION);

// SAFETY: all that a block has is atomic or locked.
unsafe impl Send for Block {}

/// Finds the blocks of the sessions that live, by what the native session calls its address.
static BLOCKS: LazyLock<Mutex<HashMap<usize, Block>>> = LazyLock::new(Mutex::default);

fn blocks() -> MutexGuard<'static, HashMap<usize, Block>> {
    BLOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the block of a session, and makes it where there is none.
pub fn block_of(session: &Session) -> *mut SSL_SESSION {
    let make = || {
        let (references, ex_data) = (AtomicU32::new(1), CRYPTO_EX_DATA::default());
        let block = SSL_SESSION { references, ex_data, session: session.downgrade(), rest: Box::default() };
        Block(Box::into_raw(Box::new(block)))
    };
    blocks().entry(session.address()).or_insert_with(make).0
}

/// Returns the block of a session that may be destroyed right now; `NULL`: there is none.
pub fn block_at(address: usize) -> *mut SSL_SESSION {
    blocks().get(&address).map_or(ptr::null_mut(), |block| block.0)
}

/// Gives a reference to the program.
pub fn give(session: Session) -> *mut SSL_SESSION {
    let block = block_of(&session);
    // SAFETY: the block of a session that lives.
    let object = unsafe { &*block };
    object.owned().push(session);
    object.settle();
    block
}

/// Writes the counts of all sessions, and frees the blocks of those that are destroyed: where a cache has given back references.
pub fn settle_all() {
    let mut blocks = blocks();
    blocks.retain(|_, block| {
        // SAFETY: what is listed lives.
        let is_needed = unsafe { (*block.0).settle() };
        if !is_needed {
            // SAFETY: it was made by a box, and is listed no more. The session is destroyed, so that nobody may use it.
            drop(unsafe { Box::from_raw(block.0) });
        }
        is_needed
    });
}

/// Writes the count of a session that a callback is going to be told of.
pub fn settle(session: &Session) -> *mut SSL_SESSION {
    let block = block_of(session);
    // SAFETY: the block of a session that lives.
    unsafe { (*block).settle() };
    block
}

/// Gives back a reference of the program; the last one destroys the session. One that the program does not have is not given back.
fn give_back(s: *mut SSL_SESSION) {
    // SAFETY: the caller's session.
    let object = unsafe { &*s };
    let address = object.session.address();
    let owned = object.owned().pop();
    // Without the lock: the last one calls the program, which may have the blocks looked through.
    object.rest.used.fetch_add(1, SeqCst);
    drop(owned);
    object.rest.used.fetch_sub(1, SeqCst);
    if !object.settle() {
        let block = blocks().remove(&address);
        if let Some(block) = block {
            // SAFETY: as in `settle_all`.
            drop(unsafe { Box::from_raw(block.0) });
        }
    }
}

exports! {
    /// Makes a session.
    fn SSL_SESSION_new() -> *mut SSL_SESSION, or ptr::null_mut() => give(LIBRARY.session());

    /// Makes a session with the contents of another one.
    fn SSL_SESSION_dup(s: *const SSL_SESSION) -> *mut SSL_SESSION, or ptr::null_mut() => {
        let copy = (*s).native().dup();
        match copy {
            Ok(copy) => give(copy),
            Err(error) => {
                // Callbacks may have been told of what was begun.
                settle_all();
                raise_error(error);
                ptr::null_mut()
            }
        }
    };

    /// Adds a reference.
    fn SSL_SESSION_up_ref(s: *mut SSL_SESSION) -> c_int, or 0 => {
        let another = (*s).native().up_ref();
        give(another);
        1
    };

    /// Gives back a reference.
    fn SSL_SESSION_free(s: *mut SSL_SESSION) -> (), or () => if !s.is_null() { give_back(s) };
}

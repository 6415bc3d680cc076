//! BIOs in memory, as far as sessions are written to them and read from them.

use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Is what `BIO *` points to.
pub struct BIO {
    references: AtomicU32,
    /// Holds what was written and not yet read.
    bytes: Mutex<Vec<u8>>,
}

/// Is what `BIO_METHOD *` points to: there is one.
pub struct BIO_METHOD {
    _one: u8,
}

/// Is `BIO_CTRL_RESET`, `BIO_CTRL_EOF`, `BIO_CTRL_INFO`, `BIO_CTRL_PENDING`, `BIO_CTRL_FLUSH`.
const RESET: c_int = 1;
const EOF: c_int = 2;
const INFO: c_int = 3;
const PENDING: c_int = 10;
const FLUSH: c_int = 11;

static MEMORY: BIO_METHOD = BIO_METHOD { _one: 1 };

fn new(bytes: Vec<u8>) -> *mut BIO {
    Box::into_raw(Box::new(BIO { references: AtomicU32::new(1), bytes: Mutex::new(bytes) }))
}

impl BIO {
    /// Returns what is in it.
    pub fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes bytes behind what is in it.
    pub fn write(&self, bytes: &[u8]) {
        self.bytes().extend_from_slice(bytes);
    }

    fn control(&self, command: c_int, out: *mut c_void) -> c_long {
        let mut bytes = self.bytes();
        match command {
            RESET => {
                bytes.clear();
                1
            }
            EOF => bytes.is_empty().into(),
            INFO => {
                if !out.is_null() {
                    // SAFETY: the caller gives the place of a pointer.
                    unsafe { *out.cast::<*mut u8>() = bytes.as_mut_ptr() };
                }
                bytes.len() as c_long
            }
            PENDING => bytes.len() as c_long,
            FLUSH => 1,
            _ => 0,
        }
    }
}

exports! {
    /// Returns the kind of BIO that there is.
    fn BIO_s_mem() -> *const BIO_METHOD, or ptr::null() => &raw const MEMORY;

    /// Makes a BIO with nothing in it.
    fn BIO_new(_method: *const BIO_METHOD) -> *mut BIO, or ptr::null_mut() => new(Vec::new());

    /// Makes a BIO with a copy of these bytes in it; -1: they end at a NUL.
    fn BIO_new_mem_buf(at: *const c_void, length: c_int) -> *mut BIO, or ptr::null_mut() => {
        let length = usize::try_from(length).unwrap_or_else(|_| libc::strlen(at.cast()));
        new(crate::accessors::bytes(at.cast(), length).unwrap_or_default().to_vec())
    };

    /// Adds a reference.
    fn BIO_up_ref(bio: *mut BIO) -> c_int, or 0 => {
        (*bio).references.fetch_add(1, SeqCst);
        1
    };

    /// Gives back a reference.
    fn BIO_free(bio: *mut BIO) -> c_int, or 0 => {
        if bio.is_null() {
            return 0;
        }
        if (*bio).references.fetch_sub(1, SeqCst) == 1 {
            drop(Box::from_raw(bio));
        }
        1
    };

    /// Reads at most so many bytes. Returns how many; -1: there are none.
    fn BIO_read(bio: *mut BIO, out: *mut c_void, room: c_int) -> c_int, or -1 => {
        let mut bytes = (*bio).bytes();
        let length = bytes.len().min(usize::try_from(room).unwrap_or(0));
        if length == 0 {
            return -1;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr(), out.cast(), length);
        bytes.drain(..length);
        length as c_int
    };

    /// Writes so many bytes. Returns how many.
    fn BIO_write(bio: *mut BIO, at: *const c_void, length: c_int) -> c_int, or -1 => {
        (*bio).write(crate::accessors::bytes(at.cast(), usize::try_from(length).unwrap_or(0)).unwrap_or_default());
        length.max(0)
    };

    /// Does what the macros of a BIO do by numbers: reset 1, eof 2, info 3, pending 10, flush 11.
    fn BIO_ctrl(bio: *mut BIO, command: c_int, _number: c_long, out: *mut c_void) -> c_long, or 0 =>
        (*bio).control(command, out);
}

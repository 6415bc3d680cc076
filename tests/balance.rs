//! After a hundred thousand sessions were cached and flushed, nothing is left: neither of OpenSSL's allocations nor of the native
//! sessions.
#![cfg(feature = "linked")]
#![allow(unsafe_code, reason = "the allocator of a C library is C")]

use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use sessdiff::native::{Clock, ExCallbacks, Library, Release};
use sessdiff::port::c::prototypes::Api;

const SESSIONS: u32 = 100_000;
const SSL_CTRL_SET_SESS_CACHE_SIZE: c_int = 42;

static LIVE: AtomicI64 = AtomicI64::new(0);

unsafe extern "C" fn allocate(size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    // SAFETY: as malloc.
    let block = unsafe { libc::malloc(size) };
    LIVE.fetch_add(i64::from(!block.is_null()), Relaxed);
    block
}

unsafe extern "C" fn reallocate(block: *mut c_void, size: usize, file: *const c_char, line: c_int) -> *mut c_void {
    // SAFETY: the cases of realloc, with a block of ours.
    unsafe {
        match (block.is_null(), size) {
            (true, _) => allocate(size, file, line),
            (false, 0) => {
                release(block, file, line);
                std::ptr::null_mut()
            }
            (false, _) => libc::realloc(block, size),
        }
    }
}

unsafe extern "C" fn release(block: *mut c_void, _file: *const c_char, _line: c_int) {
    LIVE.fetch_sub(i64::from(!block.is_null()), Relaxed);
    // SAFETY: a block of ours, or NULL.
    unsafe { libc::free(block) };
}

#[test]
fn openssl_is_left_with_nothing() {
    let api = Api::linked();
    // SAFETY: before the library's first allocation; then a context and sessions of our own.
    unsafe {
        let hooked = api.CRYPTO_set_mem_functions.expect("hooks")(Some(allocate), Some(reallocate), Some(release));
        assert_eq!(hooked, 1);
        let method = api.TLS_server_method.expect("TLS_server_method")();
        let context = api.SSL_CTX_new.expect("SSL_CTX_new")(method);
        api.SSL_CTX_ctrl.expect("SSL_CTX_ctrl")(context, SSL_CTRL_SET_SESS_CACHE_SIZE, 0, std::ptr::null_mut());
        let fill = |sessions: u32| {
            for number in 0..sessions {
                let session = api.SSL_SESSION_new.expect("SSL_SESSION_new")();
                api.SSL_SESSION_set1_id.expect("set1_id")(session, number.to_le_bytes().as_ptr(), 4);
                assert_eq!(api.SSL_CTX_add_session.expect("add_session")(context, session), 1);
                api.SSL_SESSION_free.expect("SSL_SESSION_free")(session);
            }
        };
        let flush = || api.SSL_CTX_flush_sessions.expect("flush_sessions")(context, 0);
        // What is allocated once is no leak.
        fill(1);
        flush();
        let before = LIVE.load(Relaxed);
        fill(SESSIONS);
        assert!(LIVE.load(Relaxed) - before >= i64::from(SESSIONS), "they are cached");
        flush();
        assert_eq!(LIVE.load(Relaxed) - before, 0);
        api.SSL_CTX_free.expect("SSL_CTX_free")(context);
    }
}

static NATIVE: AtomicI64 = AtomicI64::new(0);

#[test]
fn the_native_cache_is_left_with_nothing() {
    let library = Library::new(Release::V3_6_3, Clock::System);
    library.register(ExCallbacks {
        new: Some(|_, _| {
            NATIVE.fetch_add(1, Relaxed);
        }),
        dup: None,
        free: Some(|_, _, _| {
            NATIVE.fetch_sub(1, Relaxed);
        }),
    });
    let context = library.context();
    context.set_cache_size(0);
    for number in 0..SESSIONS {
        let session = library.session();
        session.set1_id(&number.to_le_bytes()).expect("4 bytes");
        assert!(context.add_session(&session));
    }
    assert_eq!((NATIVE.load(Relaxed), context.number()), (i64::from(SESSIONS), SESSIONS as usize));
    context.flush_sessions(0);
    assert_eq!((NATIVE.load(Relaxed), context.number()), (0, 0));
}

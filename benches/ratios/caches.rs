//! What one more session costs in a cache that has many already, native against OpenSSL.

use std::ptr::null_mut;
use std::sync::Arc;

use openssl_sys::{SSL_CTX, SSL_SESSION};
use sessdiff::native::{Clock, Context, Library, Release, Session};
use sessdiff::port::c::prototypes::Api;

use crate::Stopwatch;
use crate::table::Table;

const CACHED: [u64; 5] = [8, 100, 1_000, 10_000, 20_000];
const BATCHES: usize = 51;
const CALLS: u32 = 500;
const SSL_CTRL_SET_SESS_CACHE_SIZE: i32 = 42;
const FIRST: i64 = 1_700_000_000;

/// How the sessions of a cache are chosen, and the one that comes in and goes out.
#[derive(Clone, Copy)]
struct Choice {
    cached: u64,
    id: fn(u64) -> [u8; 32],
    /// Says after how many of the others the session ends that comes in.
    ends_after: u64,
    calls: u32,
}

/// Measures nanoseconds to add one more session, and to take it out again, of both.
pub fn table() -> Table {
    let what = "nanoseconds to add one more session and to take it out, median of the batches";
    let mut table = Table::new("caches", what, &["openssl", "native", "ratio"]);
    for cached in CACHED {
        let choice = Choice { cached, id: spread, ends_after: cached, calls: CALLS };
        table.ratio(format!("{cached} cached"), measure(choice));
    }
    // A walk takes longer, so there are fewer.
    let middle = Choice { cached: 1_000, id: spread, ends_after: 500, calls: 50 };
    table.ratio("1000 cached, ends in the middle", measure(middle));
    let alike = Choice { cached: 1_000, id: alike, ends_after: 1_000, calls: 50 };
    table.ratio("1000 cached, ids begin alike", measure(alike));
    table
}

/// Makes ids whose first bytes differ as those of real ids do.
fn spread(number: u64) -> [u8; 32] {
    let mut id = [7; 32];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id
}

/// Makes ids whose first four bytes, which OpenSSL hashes, are the same.
fn alike(number: u64) -> [u8; 32] {
    let mut id = [7; 32];
    id[4..12].copy_from_slice(&number.to_be_bytes());
    id
}

/// Fills both caches and times them in turn.
fn measure(choice: Choice) -> [f64; 2] {
    let api = Api::linked();
    // SAFETY: the functions are those of `<openssl/ssl.h>`.
    let (context, one) = unsafe { openssl(&api, choice) };
    let (native_context, native_one) = native(choice);
    let (add, remove) =
        (api.SSL_CTX_add_session.expect("add_session"), api.SSL_CTX_remove_session.expect("remove_session"));
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        // SAFETY: a context and a session of our own.
        theirs.push(batch(choice.calls, || unsafe {
            add(context, one);
            remove(context, one);
        }));
        ours.push(batch(choice.calls, || {
            native_context.add_session(&native_one);
            native_context.remove_session(&native_one);
        }));
    }
    // SAFETY: nothing uses them any more.
    unsafe {
        api.SSL_SESSION_free.expect("SSL_SESSION_free")(one);
        api.SSL_CTX_free.expect("SSL_CTX_free")(context);
    }
    [super::median(theirs), super::median(ours)]
}

fn batch(calls: u32, mut both: impl FnMut()) -> f64 {
    let started = Stopwatch::start();
    (0..calls).for_each(|_| both());
    started.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// Makes a full cache and one more session. The caller owns both.
///
/// # Safety
/// The functions are those of `<openssl/ssl.h>`.
unsafe fn openssl(api: &Api, choice: Choice) -> (*mut SSL_CTX, *mut SSL_SESSION) {
    // SAFETY: sessions of our own in a context of our own; the cache keeps what is freed here.
    unsafe {
        let method = api.TLS_server_method.expect("TLS_server_method")();
        let context = api.SSL_CTX_new.expect("SSL_CTX_new")(method);
        api.SSL_CTX_ctrl.expect("SSL_CTX_ctrl")(context, SSL_CTRL_SET_SESS_CACHE_SIZE, 0, null_mut());
        let session = |number: u64, seconds: u64| {
            let session = api.SSL_SESSION_new.expect("SSL_SESSION_new")();
            api.SSL_SESSION_set1_id.expect("set1_id")(session, (choice.id)(number).as_ptr(), 32);
            api.SSL_SESSION_set_time.expect("set_time")(session, FIRST + seconds as i64);
            session
        };
        for number in 0..choice.cached {
            let session = session(number, number);
            api.SSL_CTX_add_session.expect("add_session")(context, session);
            api.SSL_SESSION_free.expect("SSL_SESSION_free")(session);
        }
        (context, session(choice.cached, choice.ends_after))
    }
}

fn native(choice: Choice) -> (Arc<Context>, Session) {
    let library = Library::new(Release::V3_6_3, Clock::System);
    let context = library.context();
    context.set_cache_size(0);
    let session = |number: u64, seconds: u64| {
        let session = library.session();
        session.set1_id(&(choice.id)(number)).expect("32 bytes");
        session.set_time(FIRST + seconds as i64);
        session
    };
    for number in 0..choice.cached {
        context.add_session(&session(number, number));
    }
    (context, session(choice.cached, choice.ends_after))
}

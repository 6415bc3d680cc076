//! What one more session costs in a cache that has many already, native against OpenSSL.

use std::fmt::Write as _;
use std::ptr::null_mut;
use std::time::Instant;

use sessdiff::native::{Clock, Library, Release, Session};
use sessdiff::port::c::prototypes::Api;

const CACHED: [u64; 5] = [8, 100, 1_000, 10_000, 20_000];
const BATCHES: usize = 51;
const CALLS: u32 = 500;
const SSL_CTRL_SET_SESS_CACHE_SIZE: i32 = 42;
const FIRST: i64 = 1_700_000_000;

/// A line a number of cached sessions: nanoseconds to add one more, and take it out again, of both.
pub fn table() -> String {
    let mut out = format!("{:<32} {:>8} {:>8} {:>8}\n", "cached", "openssl", "native", "ratio");
    for cached in CACHED {
        let (openssl, native) = (openssl(cached), native(cached));
        let _ = writeln!(out, "{cached:<32} {openssl:>8.1} {native:>8.1} {:>8.2}", native / openssl);
    }
    out
}

fn id(number: u64) -> [u8; 32] {
    // The hash looks at the first four bytes: they differ as those of real ids do.
    let mut id = [7; 32];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id
}

fn time(mut both: impl FnMut()) -> f64 {
    let mut batches = [0.0; BATCHES];
    for batch in &mut batches {
        let started = Instant::now();
        (0..CALLS).for_each(|_| both());
        *batch = started.elapsed().as_nanos() as f64 / f64::from(CALLS);
    }
    super::median(batches.to_vec())
}

fn openssl(cached: u64) -> f64 {
    let api = Api::linked();
    // SAFETY: sessions of our own in a context of our own; the cache keeps what is freed here.
    unsafe {
        let method = api.TLS_server_method.expect("TLS_server_method")();
        let context = api.SSL_CTX_new.expect("SSL_CTX_new")(method);
        api.SSL_CTX_ctrl.expect("SSL_CTX_ctrl")(context, SSL_CTRL_SET_SESS_CACHE_SIZE, 0, null_mut());
        let session = |number: u64| {
            let session = api.SSL_SESSION_new.expect("SSL_SESSION_new")();
            api.SSL_SESSION_set1_id.expect("set1_id")(session, id(number).as_ptr(), 32);
            api.SSL_SESSION_set_time.expect("set_time")(session, FIRST + number as i64);
            session
        };
        let (add, remove) =
            (api.SSL_CTX_add_session.expect("add_session"), api.SSL_CTX_remove_session.expect("remove_session"));
        let free = api.SSL_SESSION_free.expect("SSL_SESSION_free");
        for number in 0..cached {
            let session = session(number);
            add(context, session);
            free(session);
        }
        let one = session(cached);
        let time = time(|| {
            add(context, one);
            remove(context, one);
        });
        free(one);
        api.SSL_CTX_free.expect("SSL_CTX_free")(context);
        time
    }
}

fn native(cached: u64) -> f64 {
    let library = Library::new(Release::V3_6_3, Clock::System);
    let context = library.context();
    context.set_cache_size(0);
    let session = |number: u64| -> Session {
        let session = library.session();
        session.set1_id(&id(number)).expect("32 bytes");
        session.set_time(FIRST + number as i64);
        session
    };
    for number in 0..cached {
        context.add_session(&session(number));
    }
    let one = session(cached);
    time(|| {
        context.add_session(&one);
        context.remove_session(&one);
    })
}

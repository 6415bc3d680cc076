//! Each call on its own, native against OpenSSL, in batches that take turns.

use std::ffi::{c_uint, c_void};
use std::fmt::Write as _;
use std::hint::black_box;
use std::ptr::{null, null_mut};
use std::time::Instant;

use sessdiff::native::{Clock, Library, Release, Session};
use sessdiff::port::c::prototypes::Api;

const BATCHES: usize = 101;
const CALLS: u32 = 2_000;

/// A line a call: nanoseconds of both, and their ratio.
pub fn table() -> String {
    let api = Api::linked();
    let library = Library::new(Release::V3_6_3, Clock::System);
    let native = library.session();
    let mut out = format!("{:<32} {:>8} {:>8} {:>8}\n", "", "openssl", "native", "ratio");
    // SAFETY: one session that lives to the end; the arguments are as the manual has them.
    unsafe {
        let session = api.SSL_SESSION_new.expect("SSL_SESSION_new")();
        macro_rules! row {
            ($name:literal, $function:ident($($argument:expr),*), $native:expr) => {{
                let function = api.$function.expect(stringify!($function));
                line(&mut out, $name, &mut || { let _used = black_box(function($($argument),*)); }, &mut || { let _used = black_box($native); });
            }};
        }
        lifetimes(&mut out, &api, &library);
        let (id, key, text) = ([7u8; 32], [9u8; 48], c"www.example.org");
        let mut length: c_uint = 0;
        let mut size = 0usize;
        let mut pointer = null::<u8>();
        let mut data = null_mut::<c_void>();
        let (mut room, mut native_room) = ([0u8; 48], [0u8; 48]);
        row!("set1_id", SSL_SESSION_set1_id(session, id.as_ptr(), 32), native.set1_id(black_box(&id)));
        row!("get_id", SSL_SESSION_get_id(session, &mut length), native.id());
        row!(
            "set1_id_context",
            SSL_SESSION_set1_id_context(session, id.as_ptr(), 32),
            native.set1_id_context(black_box(&id))
        );
        row!("get0_id_context", SSL_SESSION_get0_id_context(session, &mut length), native.id_context());
        row!(
            "set_time",
            SSL_SESSION_set_time(session, black_box(1_600_000_000)),
            native.set_time(black_box(1_600_000_000))
        );
        row!("get_time", SSL_SESSION_get_time(session), native.time());
        row!("set_timeout", SSL_SESSION_set_timeout(session, black_box(300)), native.set_timeout(black_box(300)));
        row!("get_timeout", SSL_SESSION_get_timeout(session), native.timeout());
        row!(
            "set_protocol_version",
            SSL_SESSION_set_protocol_version(session, black_box(0x304)),
            native.set_protocol_version(black_box(0x304))
        );
        row!("get_protocol_version", SSL_SESSION_get_protocol_version(session), native.protocol_version());
        row!("set_cipher", SSL_SESSION_set_cipher(session, black_box(null())), native.set_cipher(black_box(None)));
        row!("get0_cipher", SSL_SESSION_get0_cipher(session), native.cipher());
        row!(
            "set1_master_key",
            SSL_SESSION_set1_master_key(session, key.as_ptr(), 48),
            native.set1_master_key(black_box(&key))
        );
        row!(
            "get_master_key",
            SSL_SESSION_get_master_key(session, room.as_mut_ptr(), 48),
            native.master_key(black_box(&mut native_room))
        );
        row!(
            "set1_hostname",
            SSL_SESSION_set1_hostname(session, text.as_ptr()),
            native.set1_hostname(black_box(Some(text.to_bytes_with_nul())))
        );
        row!("get0_hostname", SSL_SESSION_get0_hostname(session), native.hostname(|name| name.map(<[u8]>::len)));
        row!(
            "set1_alpn_selected",
            SSL_SESSION_set1_alpn_selected(session, key.as_ptr(), 8),
            native.set1_alpn_selected(black_box(Some(&key[..8])))
        );
        row!(
            "get0_alpn_selected",
            SSL_SESSION_get0_alpn_selected(session, &mut pointer, &mut size),
            native.alpn_selected(|alpn| alpn.map(<[u8]>::len))
        );
        row!(
            "set_max_early_data",
            SSL_SESSION_set_max_early_data(session, black_box(16_384)),
            native.set_max_early_data(black_box(16_384))
        );
        row!("get_max_early_data", SSL_SESSION_get_max_early_data(session), native.max_early_data());
        row!(
            "set1_ticket_appdata",
            SSL_SESSION_set1_ticket_appdata(session, key.as_ptr().cast(), 48),
            native.set1_ticket_appdata(black_box(Some(&key)))
        );
        row!(
            "get0_ticket_appdata",
            SSL_SESSION_get0_ticket_appdata(session, &mut data, &mut size),
            native.ticket_appdata(|data| data.map(<[u8]>::len))
        );
        row!("has_ticket", SSL_SESSION_has_ticket(session), native.has_ticket());
        row!(
            "get0_ticket",
            SSL_SESSION_get0_ticket(session, &mut pointer, &mut size),
            native.ticket(|ticket| ticket.map(<[u8]>::len))
        );
        row!("get_ticket_lifetime_hint", SSL_SESSION_get_ticket_lifetime_hint(session), native.ticket_lifetime_hint());
        row!("get_compress_id", SSL_SESSION_get_compress_id(session), native.compress_id());
        row!("get_max_fragment_length", SSL_SESSION_get_max_fragment_length(session), native.max_fragment_length());
        row!("get0_peer", SSL_SESSION_get0_peer(session), native.peer(|peer| peer.is_some()));
        row!("is_resumable", SSL_SESSION_is_resumable(session), native.is_resumable());
        row!(
            "set_ex_data",
            SSL_SESSION_set_ex_data(session, 0, black_box(null_mut())),
            native.set_ex_data(0, black_box(0))
        );
        row!("get_ex_data", SSL_SESSION_get_ex_data(session, 0), native.ex_data(0));
        api.SSL_SESSION_free.expect("SSL_SESSION_free")(session);
    }
    out
}

/// Calls that make or end a reference.
///
/// # Safety
/// The functions are those of `<openssl/ssl.h>`.
unsafe fn lifetimes(out: &mut String, api: &Api, library: &std::sync::Arc<Library>) {
    let new = api.SSL_SESSION_new.expect("SSL_SESSION_new");
    let dup = api.SSL_SESSION_dup.expect("SSL_SESSION_dup");
    let up_ref = api.SSL_SESSION_up_ref.expect("SSL_SESSION_up_ref");
    let free = api.SSL_SESSION_free.expect("SSL_SESSION_free");
    // SAFETY: each reference that is taken is given back, and the sources live until the end.
    unsafe {
        line(out, "new + free", &mut || free(new()), &mut || drop(black_box(library.session())));
        let (blank, native_blank) = (new(), library.session());
        line(
            out,
            "up_ref + free",
            &mut || {
                up_ref(blank);
                free(blank)
            },
            &mut || drop(black_box(native_blank.up_ref())),
        );
        line(out, "dup + free, blank", &mut || free(dup(blank)), &mut || drop(black_box(native_blank.dup())));
        fill(api, blank, &native_blank);
        line(out, "dup + free, filled", &mut || free(dup(blank)), &mut || drop(black_box(native_blank.dup())));
        line(out, "free(NULL)", &mut || free(black_box(null_mut())), &mut || drop(black_box(None::<Session>)));
        free(blank);
    }
}

/// # Safety
/// A live session.
unsafe fn fill(api: &Api, session: *mut openssl_sys::SSL_SESSION, native: &Session) {
    let bytes = [7u8; 48];
    // SAFETY: a live session, and lengths within the buffer.
    unsafe {
        api.SSL_SESSION_set1_id.expect("set1_id")(session, bytes.as_ptr(), 32);
        api.SSL_SESSION_set1_master_key.expect("set1_master_key")(session, bytes.as_ptr(), 48);
        api.SSL_SESSION_set1_hostname.expect("set1_hostname")(session, c"www.example.org".as_ptr());
        api.SSL_SESSION_set1_alpn_selected.expect("set1_alpn_selected")(session, bytes.as_ptr(), 2);
        api.SSL_SESSION_set1_ticket_appdata.expect("set1_ticket_appdata")(session, bytes.as_ptr().cast(), 48);
    }
    native.set1_id(&bytes[..32]).expect("32 bytes");
    native.set1_master_key(&bytes).expect("48 bytes");
    native.set1_hostname(Some(b"www.example.org"));
    native.set1_alpn_selected(Some(&bytes[..2]));
    native.set1_ticket_appdata(Some(&bytes));
}

fn line(out: &mut String, name: &str, openssl: &mut dyn FnMut(), native: &mut dyn FnMut()) {
    let (mut theirs, mut ours) = (Vec::with_capacity(BATCHES), Vec::with_capacity(BATCHES));
    for _ in 0..BATCHES {
        theirs.push(batch(openssl));
        ours.push(batch(native));
    }
    let (theirs, ours) = (super::median(theirs), super::median(ours));
    writeln!(out, "{name:<32} {theirs:>8.1} {ours:>8.1} {:>8.2}", ours / theirs).expect("a String takes any text");
}

fn batch(call: &mut dyn FnMut()) -> f64 {
    let started = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    started.elapsed().as_nanos() as f64 / f64::from(CALLS)
}

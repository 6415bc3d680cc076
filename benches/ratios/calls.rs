//! Each call on its own, native against OpenSSL, in batches that take turns.

use std::ffi::{c_int, c_long, c_uint, c_void};
use std::hint::black_box;
use std::ptr::{null, null_mut};
use std::sync::Arc;

use openssl_sys::{BIO, BIO_free_all, BIO_new, BIO_new_mem_buf, BIO_s_mem, SSL_SESSION};
use sessdiff::native::{Clock, Keys, Library, Parsed, Release, Session};
use sessdiff::op::Sample;
use sessdiff::port::c::prototypes::Api;
use sessdiff::samples;

use crate::Stopwatch;
use crate::table::Table;

const BATCHES: usize = 101;
const CALLS: u32 = 20_000;
/// How many calls a batch makes that take microseconds.
const LONG_CALLS: u32 = 500;

/// Measures nanoseconds of both, a line a call. What is called by the loop costs something too: the first line is that.
pub fn table() -> Table {
    let what = "nanoseconds each, median of the batches of one process";
    let mut calls = Calls { table: Table::new("calls", what, &["openssl", "native", "ratio"]), api: Api::linked() };
    let library = Library::new(Release::V3_6_3, Clock::System);
    // SAFETY: the functions are those of `<openssl/ssl.h>`. Each session lives until it is freed, once, at the end; `full` has
    // what only a handshake can make, as it is read from DER.
    unsafe {
        calls.line("nothing", &mut || (), &mut || ());
        calls.lifetimes(&library);
        let new = calls.api.SSL_SESSION_new.expect("SSL_SESSION_new");
        let d2i = calls.api.d2i_SSL_SESSION.expect("d2i_SSL_SESSION");
        let free = calls.api.SSL_SESSION_free.expect("SSL_SESSION_free");
        let session = new();
        let native = library.session();
        calls.numbers(session, &native);
        calls.fixed_bytes(session, &native);
        calls.setters_of_buffers(session, &native);
        let der = samples::encoded(Sample::Tls12Full);
        let full = d2i(null_mut(), &mut der.as_ptr(), der.len() as i64);
        assert!(!full.is_null(), "OpenSSL reads the sample");
        let native_full = library.session();
        native_full.establish(samples::established(Sample::Tls12Full)).expect("the sample fits");
        calls.getters_of_buffers(full, &native_full);
        calls.bytes(&library);
        free(full);
        free(session);
    }
    calls.table
}

/// Both sides and what was measured of them.
struct Calls {
    table: Table,
    api: Api,
}

/// Measures a C call, by the function's name and its arguments, and a native one.
macro_rules! row {
    ($calls:ident, $name:literal, $function:ident($($argument:expr),*), $native:expr) => {{
        let function = $calls.api.$function.expect(stringify!($function));
        $calls.line(
            $name,
            &mut || {
                let _used = black_box(function($($argument),*));
            },
            &mut || {
                let _used = black_box($native);
            },
        );
    }};
}

/// # Safety
/// Of each method: the functions are those of `<openssl/ssl.h>`, and the session lives.
impl Calls {
    /// Calls that make or end a reference.
    unsafe fn lifetimes(&mut self, library: &Arc<Library>) {
        let new = self.api.SSL_SESSION_new.expect("SSL_SESSION_new");
        let dup = self.api.SSL_SESSION_dup.expect("SSL_SESSION_dup");
        let up_ref = self.api.SSL_SESSION_up_ref.expect("SSL_SESSION_up_ref");
        let free = self.api.SSL_SESSION_free.expect("SSL_SESSION_free");
        // SAFETY: each reference that is taken is given back, and the sources live until the end.
        unsafe {
            self.line("new + free", &mut || free(new()), &mut || drop(black_box(library.session())));
            let (blank, native_blank) = (new(), library.session());
            self.line(
                "up_ref + free",
                &mut || {
                    up_ref(blank);
                    free(blank)
                },
                &mut || drop(black_box(native_blank.up_ref())),
            );
            self.line("dup + free, blank", &mut || free(dup(blank)), &mut || drop(black_box(native_blank.dup())));
            fill(&self.api, blank, &native_blank);
            self.line("dup + free, filled", &mut || free(dup(blank)), &mut || drop(black_box(native_blank.dup())));
            self.line("free(NULL)", &mut || free(black_box(null_mut())), &mut || drop(black_box(None::<Session>)));
            free(blank);
        }
    }

    /// Calls that set and read numbers.
    unsafe fn numbers(&mut self, s: *mut SSL_SESSION, native: &Session) {
        let calls = self;
        // SAFETY: as the caller says.
        unsafe {
            let now = || black_box(1_600_000_000);
            row!(calls, "set_time", SSL_SESSION_set_time(s, now()), native.set_time(now()));
            row!(calls, "get_time", SSL_SESSION_get_time(s), native.time());
            let timeout = || black_box(300);
            row!(calls, "set_timeout", SSL_SESSION_set_timeout(s, timeout()), native.set_timeout(timeout()));
            row!(calls, "get_timeout", SSL_SESSION_get_timeout(s), native.timeout());
            let version = || black_box(0x304);
            row!(
                calls,
                "set_protocol_version",
                SSL_SESSION_set_protocol_version(s, version()),
                native.set_protocol_version(version())
            );
            row!(calls, "get_protocol_version", SSL_SESSION_get_protocol_version(s), native.protocol_version());
            row!(calls, "set_cipher", SSL_SESSION_set_cipher(s, black_box(null())), native.set_cipher(black_box(None)));
            row!(calls, "get0_cipher", SSL_SESSION_get0_cipher(s), native.cipher());
            let most = || black_box(16_384);
            row!(
                calls,
                "set_max_early_data",
                SSL_SESSION_set_max_early_data(s, most()),
                native.set_max_early_data(most())
            );
            row!(calls, "get_max_early_data", SSL_SESSION_get_max_early_data(s), native.max_early_data());
            let value = || black_box(null_mut::<c_void>());
            row!(calls, "set_ex_data", SSL_SESSION_set_ex_data(s, 0, value()), native.set_ex_data(0, value() as usize));
            row!(calls, "get_ex_data", SSL_SESSION_get_ex_data(s, 0), native.ex_data(0));
        }
    }

    /// Calls that copy bytes into the session itself, and out of it.
    unsafe fn fixed_bytes(&mut self, s: *mut SSL_SESSION, native: &Session) {
        let calls = self;
        let (id, key) = ([7u8; 32], [9u8; 48]);
        let mut length: c_uint = 0;
        let (mut room, mut native_room) = ([0u8; 48], [0u8; 48]);
        // SAFETY: as the caller says; lengths are those of the buffers.
        unsafe {
            row!(calls, "set1_id", SSL_SESSION_set1_id(s, id.as_ptr(), 32), native.set1_id(black_box(&id)));
            row!(calls, "get_id", SSL_SESSION_get_id(s, &mut length), native.id());
            row!(
                calls,
                "set1_id_context",
                SSL_SESSION_set1_id_context(s, id.as_ptr(), 32),
                native.set1_id_context(black_box(&id))
            );
            row!(calls, "get0_id_context", SSL_SESSION_get0_id_context(s, &mut length), native.id_context());
            row!(
                calls,
                "set1_master_key",
                SSL_SESSION_set1_master_key(s, key.as_ptr(), 48),
                native.set1_master_key(black_box(&key))
            );
            row!(
                calls,
                "get_master_key",
                SSL_SESSION_get_master_key(s, room.as_mut_ptr(), 48),
                native.master_key(black_box(&mut native_room))
            );
        }
    }

    /// Calls that copy bytes into a buffer of their own: of the same length as before, of another, and read once.
    unsafe fn setters_of_buffers(&mut self, s: *mut SSL_SESSION, native: &Session) {
        let calls = self;
        let (key, text) = ([9u8; 48], c"www.example.org");
        let name = text.to_bytes_with_nul();
        let get = calls.api.SSL_SESSION_get0_hostname.expect("SSL_SESSION_get0_hostname");
        let set = calls.api.SSL_SESSION_set1_hostname.expect("SSL_SESSION_set1_hostname");
        // SAFETY: as the caller says; lengths are within the buffer.
        unsafe {
            row!(
                calls,
                "set1_hostname",
                SSL_SESSION_set1_hostname(s, text.as_ptr()),
                native.set1_hostname(black_box(Some(name)))
            );
            calls.line(
                "set1_hostname, NULL and back",
                &mut || {
                    set(s, null());
                    set(s, text.as_ptr());
                },
                &mut || {
                    native.set1_hostname(black_box(None));
                    native.set1_hostname(black_box(Some(name)));
                },
            );
            calls.line(
                "set1_hostname + get0_hostname",
                &mut || {
                    set(s, text.as_ptr());
                    black_box(get(s));
                },
                &mut || {
                    native.set1_hostname(black_box(Some(name)));
                    black_box(native.hostname(|name| name.map(<[u8]>::len)));
                },
            );
            row!(
                calls,
                "set1_alpn_selected",
                SSL_SESSION_set1_alpn_selected(s, key.as_ptr(), 8),
                native.set1_alpn_selected(black_box(Some(&key[..8])))
            );
            row!(
                calls,
                "set1_ticket_appdata",
                SSL_SESSION_set1_ticket_appdata(s, key.as_ptr().cast(), 48),
                native.set1_ticket_appdata(black_box(Some(&key)))
            );
        }
    }

    /// Calls that read what a handshake made.
    unsafe fn getters_of_buffers(&mut self, s: *mut SSL_SESSION, native: &Session) {
        let calls = self;
        let mut size = 0usize;
        let mut pointer = null::<u8>();
        let mut data = null_mut::<c_void>();
        let length = |bytes: Option<&[u8]>| bytes.map(<[u8]>::len);
        // SAFETY: as the caller says.
        unsafe {
            row!(calls, "get0_hostname", SSL_SESSION_get0_hostname(s), native.hostname(length));
            row!(
                calls,
                "get0_alpn_selected",
                SSL_SESSION_get0_alpn_selected(s, &mut pointer, &mut size),
                native.alpn_selected(length)
            );
            row!(
                calls,
                "get0_ticket_appdata",
                SSL_SESSION_get0_ticket_appdata(s, &mut data, &mut size),
                native.ticket_appdata(length)
            );
            row!(calls, "has_ticket", SSL_SESSION_has_ticket(s), native.has_ticket());
            row!(calls, "get0_ticket", SSL_SESSION_get0_ticket(s, &mut pointer, &mut size), native.ticket(length));
            row!(
                calls,
                "get_ticket_lifetime_hint",
                SSL_SESSION_get_ticket_lifetime_hint(s),
                native.ticket_lifetime_hint()
            );
            row!(calls, "get_compress_id", SSL_SESSION_get_compress_id(s), native.compress_id());
            row!(
                calls,
                "get_max_fragment_length",
                SSL_SESSION_get_max_fragment_length(s),
                native.max_fragment_length()
            );
            row!(calls, "get0_peer", SSL_SESSION_get0_peer(s), native.peer(|peer| peer.map(|peer| peer.as_ptr())));
            row!(calls, "is_resumable", SSL_SESSION_is_resumable(s), native.is_resumable());
        }
    }

    /// Calls that write a session as bytes, and read it: one with a ticket and all names, and no certificate.
    unsafe fn bytes(&mut self, library: &Arc<Library>) {
        let der = samples::encoded(Sample::Tls13Ticket);
        let native = library.session();
        native.establish(samples::established(Sample::Tls13Ticket)).expect("the sample fits");
        let (api, mut out) = (Stored::of(&self.api), Vec::new());
        // SAFETY: as the caller says; what is made is freed, and the room is as long as the library says.
        unsafe {
            let s = api.read(null_mut(), der);
            let mut room = vec![0; (api.i2d)(s, null_mut()) as usize];
            self.long_line("i2d", &mut || _ = black_box((api.i2d)(s, &mut room.as_mut_ptr())), &mut || {
                out.clear();
                black_box(native.to_der(&mut out));
            });
            self.long_line("d2i + free", &mut || (api.free)(api.read(null_mut(), der)), &mut || {
                drop(black_box(library.session_from_der(der, &mut OfSamples)))
            });
            let mut into = s;
            self.long_line("d2i into one", &mut || _ = black_box(api.read(&mut into, der)), &mut || {
                _ = black_box(native.read_der(der, &mut OfSamples))
            });
            let mut text = Vec::new();
            native.to_pem(&mut text);
            self.long_line("write PEM", &mut || api.write(|bio| (api.write_pem)(bio, s)), &mut || {
                out.clear();
                black_box(native.to_pem(&mut out));
            });
            self.long_line("read PEM + free", &mut || (api.free)(api.read_pem(&text)), &mut || {
                drop(black_box(library.session_from_pem(&text, &mut OfSamples)))
            });
            self.long_line("print", &mut || api.write(|bio| (api.print)(bio, s)), &mut || {
                out.clear();
                black_box(native.print(&mut OfSamples, &mut out));
            });
            (api.free)(s);
        }
    }

    /// Times both in turn.
    fn line(&mut self, name: &str, openssl: &mut dyn FnMut(), native: &mut dyn FnMut()) {
        self.line_of(CALLS, name, openssl, native);
    }

    /// Times both in turn, of calls that take long.
    fn long_line(&mut self, name: &str, openssl: &mut dyn FnMut(), native: &mut dyn FnMut()) {
        self.line_of(LONG_CALLS, name, openssl, native);
    }

    fn line_of(&mut self, calls: u32, name: &str, openssl: &mut dyn FnMut(), native: &mut dyn FnMut()) {
        let (mut theirs, mut ours) = (Vec::with_capacity(BATCHES), Vec::with_capacity(BATCHES));
        for _ in 0..BATCHES {
            theirs.push(batch(calls, openssl));
            ours.push(batch(calls, native));
        }
        self.table.ratio(name, [super::median(theirs), super::median(ours)]);
    }
}

/// Holds the functions that write a session as bytes and read it.
struct Stored {
    i2d: unsafe extern "C" fn(*const SSL_SESSION, *mut *mut u8) -> c_int,
    d2i: unsafe extern "C" fn(*mut *mut SSL_SESSION, *mut *const u8, c_long) -> *mut SSL_SESSION,
    write_pem: unsafe extern "C" fn(*mut BIO, *const SSL_SESSION) -> c_int,
    from_pem: unsafe extern "C" fn(
        *mut BIO,
        *mut *mut SSL_SESSION,
        sessdiff::port::c::prototypes::pem_password_cb,
        *mut c_void,
    ) -> *mut SSL_SESSION,
    print: unsafe extern "C" fn(*mut BIO, *const SSL_SESSION) -> c_int,
    free: unsafe extern "C" fn(*mut SSL_SESSION),
}

/// # Safety
/// Of each method: sessions live, and what is returned is freed.
impl Stored {
    fn of(api: &Api) -> Stored {
        Stored {
            i2d: api.i2d_SSL_SESSION.expect("i2d_SSL_SESSION"),
            d2i: api.d2i_SSL_SESSION.expect("d2i_SSL_SESSION"),
            write_pem: api.PEM_write_bio_SSL_SESSION.expect("PEM_write_bio_SSL_SESSION"),
            from_pem: api.PEM_read_bio_SSL_SESSION.expect("PEM_read_bio_SSL_SESSION"),
            print: api.SSL_SESSION_print.expect("SSL_SESSION_print"),
            free: api.SSL_SESSION_free.expect("SSL_SESSION_free"),
        }
    }

    unsafe fn read(&self, into: *mut *mut SSL_SESSION, der: &[u8]) -> *mut SSL_SESSION {
        // SAFETY: as the caller says; the length is that of the bytes.
        unsafe { (self.d2i)(into, &mut der.as_ptr(), der.len() as c_long) }
    }

    /// Writes into a BIO of its own, as a caller must.
    unsafe fn write(&self, write: impl Fn(*mut BIO) -> c_int) {
        // SAFETY: the BIO lives until it is freed.
        unsafe {
            let bio = BIO_new(BIO_s_mem());
            black_box(write(bio));
            BIO_free_all(bio);
        }
    }

    unsafe fn read_pem(&self, text: &[u8]) -> *mut SSL_SESSION {
        // SAFETY: the BIO lives until it is freed, and the text longer.
        unsafe {
            let bio = BIO_new_mem_buf(text.as_ptr().cast(), text.len() as c_int);
            let session = (self.from_pem)(bio, null_mut(), None, null_mut());
            BIO_free_all(bio);
            session
        }
    }
}

/// Reads nothing that needs cryptography: the sample has no certificate.
struct OfSamples;

impl Keys for OfSamples {
    fn certificate(&mut self, bytes: &[u8]) -> Option<Parsed> {
        samples::certificate(bytes)
    }

    fn public_key(&mut self, bytes: &[u8]) -> Option<Parsed> {
        samples::public_key(bytes)
    }

    fn verify_text(&mut self, _code: i64) -> String {
        "ok".into()
    }
}

/// # Safety
/// A live session.
unsafe fn fill(api: &Api, session: *mut SSL_SESSION, native: &Session) {
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

/// Keeps the calls that are measured out of the loop that measures, on both sides alike.
#[inline(never)]
fn batch(calls: u32, call: &mut dyn FnMut()) -> f64 {
    let started = Stopwatch::start();
    for _ in 0..calls {
        call();
    }
    started.elapsed().as_nanos() as f64 / f64::from(calls)
}

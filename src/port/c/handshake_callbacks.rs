//! The callbacks that a handshake of a C library calls. What they saw goes to [`events`], what they keep is kept by
//! [`super::callbacks`].

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int, c_uchar, c_uint, c_void};
use std::ptr;

use openssl_sys::{EVP_CIPHER_CTX, SSL, SSL_SESSION, X509_STORE_CTX};

use super::super::handshakes::{Alerts, TICKET_APPDATA, select};
use super::super::{blocks, events};
use super::callbacks::{self, library};
use super::handshakes::recorded_by_getters;
use super::prototypes::{
    EVP_MAC_CTX, GEN_SESSION_CB, OSSL_PARAM, SSL_CTX_alpn_select_cb_func, SSL_CTX_decrypt_session_ticket_fn,
    SSL_CTX_generate_session_ticket_fn, SSL_ticket_key_evp_cb, SSL_verify_cb, callback_of_void, get_session_cb,
    new_session_cb, not_resumable_session_callback,
};
use crate::native::AlpnAnswer;
use crate::op::{
    AlpnCallback, DecryptTicket, GenerateId, GenerateTicket, GetCallback, NameReturn, NewCallback,
    NotResumableCallback, ServerNameCallback, TicketKeyCallback,
};
use crate::port::generated;
use crate::trace::{Callback, Recorded, SENT_ID};

/// Holds the names of the keys that callbacks give: of none, of the first, of the second.
const TICKET_KEY_NAMES: [&[u8]; 3] = [b"", b"sessdiff: first ", b"sessdiff: second"];
/// Holds those keys, of AES and of HMAC alike.
const TICKET_KEY_BYTES: [[u8; 32]; 3] = [[0; 32], [1; 32], [2; 32]];

// As in `<openssl/ssl.h>`: SSL_CB_ALERT and the direction.
const READ_ALERT: c_int = 0x4004;
const WRITE_ALERT: c_int = 0x4008;

/// Says who takes part in a handshake, by address.
#[derive(Clone, Copy, Default)]
pub(super) struct Sides {
    /// Names the server's connection.
    pub server: usize,
    /// Names the context in which the server's sessions are cached.
    pub server_context: usize,
    /// Names the context in which the client's sessions are cached.
    pub client_context: usize,
    /// Points to the certificate and the key of servers.
    pub pair: [usize; 2],
}

thread_local! {
    static SIDES: Cell<Sides> = const { Cell::new(Sides { server: 0, server_context: 0, client_context: 0, pair: [0; 2] }) };
    /// Lists the sessions that callbacks saw since the handshake began, and the id of each, or all that it has of its peers.
    static NOTED: RefCell<Vec<(u32, Recorded)>> = const { RefCell::new(Vec::new()) };
    /// Holds what is told of client and server since the call began.
    static ALERTS: Cell<[Alerts; 2]> = const { Cell::new([Alerts { sent: 0, heard: 0, reason: 0 }; 2]) };
    /// Says that it is the server that does something now.
    static SERVER_ACTS: Cell<bool> = const { Cell::new(false) };
    /// Counts the ids that the program's callbacks have made.
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// Begins a program.
pub(super) fn begin_program() {
    MADE.set(0);
}

/// Begins a handshake.
pub(super) fn begin(sides: Sides) {
    SIDES.set(sides);
    ALERTS.take();
    NOTED.with_borrow_mut(Vec::clear);
}

/// Lets a side do something, and notes the error that it raises.
pub(super) fn acting<R>(server: bool, act: impl FnOnce() -> R) -> R {
    SERVER_ACTS.set(server);
    call!(library(), ERR_clear_error());
    let returned = act();
    note_error();
    returned
}

/// Notes the reason of the error that was raised last, unless there is one. A side gives up once.
fn note_error() {
    let error = call!(library(), ERR_peek_last_error());
    let server = usize::from(SERVER_ACTS.get());
    let mut alerts = ALERTS.get();
    if error != 0 && alerts[server].reason == 0 {
        alerts[server].reason = library().reason(error);
        ALERTS.set(alerts);
    }
}

/// Runs calls of the program inside a callback. The errors that they raise are of no handshake.
pub(super) fn aside<R>(run: impl FnOnce() -> R) -> R {
    note_error();
    let raised = call!(library(), ERR_peek_error()) != 0;
    let returned = run();
    if !raised {
        call!(library(), ERR_clear_error());
    }
    returned
}

/// Tells what became of a client and a server that have failed.
pub(super) fn tell_alerts() {
    for (server, alerts) in [false, true].into_iter().zip(ALERTS.take()) {
        alerts.tell(server);
    }
}

/// Notes the alerts that a connection sends and reads: `SSL_set_info_callback(3)`.
pub(super) unsafe extern "C" fn informed(ssl: *const SSL, what: c_int, value: c_int) {
    let mut alerts = ALERTS.get();
    let side = &mut alerts[usize::from(is_server(ssl))];
    match what {
        WRITE_ALERT => side.sent = value as u32,
        READ_ALERT => side.heard = value as u32,
        _ => return,
    }
    ALERTS.set(alerts);
}

/// Notes that a callback saw this session: it may be gone at the end of the handshake.
pub(super) fn note(session: usize, id: &[u8]) {
    if let Some(birth) = events::birth_at(session) {
        note_id(birth, id);
    }
}

fn note_id(birth: u32, id: &[u8]) {
    let id = id[..id.len().min(32)].to_vec();
    // What else was noted of it stays.
    let noted_before = |noted: &Vec<(u32, Recorded)>| noted.iter().rev().find(|(of, _)| *of == birth).cloned();
    let (_, before) = NOTED.with_borrow(noted_before).unwrap_or_default();
    note_recorded(birth, Recorded { id, ..before });
}

/// Notes all that a session has of its peers, which a callback that copies it sees too.
pub(super) fn note_all(session: *mut SSL_SESSION) {
    if let Some(birth) = events::birth_at(session as usize) {
        note_recorded(birth, recorded_by_getters(library(), session));
    }
}

fn note_recorded(birth: u32, of: Recorded) {
    NOTED.with_borrow_mut(|noted| noted.push((birth, of)));
}

/// Takes the sessions that callbacks saw since the handshake began, and what was noted of each.
pub(super) fn noted() -> Vec<(u32, Recorded)> {
    NOTED.take()
}

fn is_server(ssl: *const SSL) -> bool {
    ssl as usize == SIDES.get().server
}

/// Returns the context whose cache a side uses, by address.
pub(super) fn context(server: bool) -> usize {
    let sides = SIDES.get();
    if server { sides.server_context } else { sides.client_context }
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn new(callback: NewCallback) -> new_session_cb {
    match callback {
        NewCallback::None => None,
        NewCallback::Declines => Some(declines),
        NewCallback::Keeps => Some(keeps),
        NewCallback::UpRefs => Some(up_refs),
    }
}

/// Notes a call of a new callback; tells whether it is for the server.
pub(super) fn record(ssl: *mut SSL, session: *mut SSL_SESSION) -> bool {
    let server = is_server(ssl);
    callbacks::with_key(session, |length, key, references| {
        events::is_new(server, session as usize, length, key, references);
    });
    server
}

unsafe extern "C" fn declines(ssl: *mut SSL, session: *mut SSL_SESSION) -> c_int {
    record(ssl, session);
    0
}

unsafe extern "C" fn keeps(ssl: *mut SSL, session: *mut SSL_SESSION) -> c_int {
    let server = record(ssl, session);
    callbacks::keep(session, context(server));
    1
}

unsafe extern "C" fn up_refs(ssl: *mut SSL, session: *mut SSL_SESSION) -> c_int {
    let server = record(ssl, session);
    call!(library(), SSL_SESSION_up_ref(session));
    callbacks::keep(session, context(server));
    0
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn get(callback: GetCallback) -> get_session_cb {
    match callback {
        GetCallback::None => None,
        GetCallback::Finds => Some(look_up::<UNTOUCHED, ITSELF>),
        GetCallback::Lends => Some(look_up::<1, ITSELF>),
        GetCallback::Gives => Some(look_up::<0, ANOTHER>),
        GetCallback::Dups => Some(look_up::<0, A_DUP>),
        GetCallback::Misses => Some(look_up::<UNTOUCHED, NOTHING>),
        GetCallback::Wrong => Some(look_up::<1, THE_FIRST>),
        GetCallback::ForgetsCopy => Some(look_up::<UNTOUCHED, A_DUP>),
        // What is kept stays kept: there is one reference, and two that are given back. A hazard.
        GetCallback::ForgetsUpRef => Some(look_up::<0, ITSELF>),
    }
}

/// Stands for a `*copy` that stays as it is.
const UNTOUCHED: c_int = -1;

/// Gives the session that was kept under this id, and no reference.
const ITSELF: u8 = 0;
/// Gives a reference to it.
const ANOTHER: u8 = 1;
/// Gives a duplicate of it.
const A_DUP: u8 = 2;
/// Gives nothing.
const NOTHING: u8 = 3;
/// Gives the session that was kept first, whatever its id.
const THE_FIRST: u8 = 4;

/// Notes a call of a get callback; tells whether it is for the server.
pub(super) fn record_get(ssl: *mut SSL, id: &[u8]) -> bool {
    let server = is_server(ssl);
    events::called(Callback::Get, [server.into(), 0, id.len() as u32, events::key(0, id), 0]);
    note_id(SENT_ID, id);
    server
}

/// Looks for what the new callback of the same context kept under an id, and returns what `GIVES` says.
unsafe extern "C" fn look_up<const COPY: c_int, const GIVES: u8>(
    ssl: *mut SSL,
    id: *const c_uchar,
    length: c_int,
    copy: *mut c_int,
) -> *mut SSL_SESSION {
    // SAFETY: the library calls with an id of this length.
    let id = unsafe { std::slice::from_raw_parts(id, usize::try_from(length).unwrap_or(0)) };
    let server = record_get(ssl, id);
    if COPY != UNTOUCHED {
        // SAFETY: the library calls with a place to write to.
        unsafe { *copy = COPY };
    }
    let found = callbacks::find(context(server), |found| GIVES == THE_FIRST || found == id);
    let Some(found) = found.filter(|_| GIVES != NOTHING) else { return ptr::null_mut() };
    match GIVES {
        A_DUP => call!(library(), SSL_SESSION_dup(found)),
        ANOTHER => {
            call!(library(), SSL_SESSION_up_ref(found));
            found
        }
        _ => found,
    }
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn not_resumable(callback: NotResumableCallback) -> not_resumable_session_callback {
    match callback {
        NotResumableCallback::None => None,
        NotResumableCallback::Resumable => Some(answers::<0>),
        NotResumableCallback::NotResumable => Some(answers::<1>),
    }
}

unsafe extern "C" fn answers<const NOT_RESUMABLE: c_int>(ssl: *mut SSL, forward_secure: c_int) -> c_int {
    events::called(Callback::NotResumable, [is_server(ssl).into(), 0, 0, 0, forward_secure as u32]);
    NOT_RESUMABLE
}

/// Returns the C function for a kind of callback, without its type; `None`: no callback.
pub(super) fn server_name(callback: ServerNameCallback) -> callback_of_void {
    match callback {
        ServerNameCallback::None => None,
        ServerNameCallback::Accepts => without_type(server_name_is::<0>),
        ServerNameCallback::Declines => without_type(server_name_is::<3>),
        ServerNameCallback::Refuses => without_type(server_name_is::<2>),
    }
}

/// Returns the C function for a callback that moves servers, without its type.
pub(super) fn server_name_moves() -> callback_of_void {
    without_type(moves)
}

fn without_type(callback: unsafe extern "C" fn(*mut SSL, *mut c_int, *mut c_void) -> c_int) -> callback_of_void {
    // SAFETY: the library gives it back its type, as the header's macro says that it has.
    Some(unsafe {
        std::mem::transmute::<unsafe extern "C" fn(*mut SSL, *mut c_int, *mut c_void) -> c_int, unsafe extern "C" fn()>(
            callback,
        )
    })
}

/// Moves a server to the context that the callback of this one names, and gives it its certificate again.
unsafe extern "C" fn moves(ssl: *mut SSL, _alert: *mut c_int, context: *mut c_void) -> c_int {
    let Some(block) = blocks::name_of(context as usize) else { return 3 };
    let server = is_server(ssl);
    let to = blocks::held_by(block.to);
    let moved = match (server, to) {
        (false, _) => blocks::STAYS,
        (true, 0) => blocks::NOWHERE,
        (true, _) => blocks::MOVES,
    };
    events::called(Callback::ServerName, [server.into(), 0, moved, 0, 0]);
    if moved == blocks::MOVES {
        call!(library(), SSL_set_SSL_CTX(ssl, ptr::with_exposed_provenance_mut(to)));
        let [certificate, key] = SIDES.get().pair;
        call!(library(), SSL_use_certificate(ssl, ptr::with_exposed_provenance_mut(certificate)));
        call!(library(), SSL_use_PrivateKey(ssl, ptr::with_exposed_provenance_mut(key)));
    }
    match block.returns {
        NameReturn::Accepted => 0,
        NameReturn::Declined => 3,
        NameReturn::Refused => 2,
    }
}

/// Returns `ANSWER`, an `SSL_TLSEXT_ERR_*`.
unsafe extern "C" fn server_name_is<const ANSWER: c_int>(
    ssl: *mut SSL,
    _alert: *mut c_int,
    _arg: *mut c_void,
) -> c_int {
    events::called(Callback::ServerName, [is_server(ssl).into(), 0, 0, 0, 0]);
    ANSWER
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn alpn_select(callback: AlpnCallback) -> SSL_CTX_alpn_select_cb_func {
    match callback {
        AlpnCallback::None => None,
        AlpnCallback::First => Some(selects::<{ AlpnCallback::First as u8 }>),
        AlpnCallback::H2 => Some(selects::<{ AlpnCallback::H2 as u8 }>),
        AlpnCallback::Declines => Some(selects::<{ AlpnCallback::Declines as u8 }>),
        AlpnCallback::Refuses => Some(selects::<{ AlpnCallback::Refuses as u8 }>),
        AlpnCallback::Other => Some(selects::<{ AlpnCallback::Other as u8 }>),
    }
}

/// Selects what the callback of this number does.
unsafe extern "C" fn selects<const CALLBACK: u8>(
    ssl: *mut SSL,
    out: *mut *const c_uchar,
    out_length: *mut c_uchar,
    list: *const c_uchar,
    length: c_uint,
    _arg: *mut c_void,
) -> c_int {
    // SAFETY: the library calls with a list of this length.
    let list = unsafe { std::slice::from_raw_parts(list, length as usize) };
    events::called(Callback::AlpnSelect, [is_server(ssl).into(), 0, length, events::key(0, list), 0]);
    let callback = AlpnCallback::ALL[usize::from(CALLBACK)];
    match select(callback, list) {
        Some(AlpnAnswer::Selected(protocol)) => {
            // SAFETY: places to write to. What is selected is of the list, or lives for ever; its length was one byte there.
            unsafe { (*out, *out_length) = (protocol.as_ptr(), protocol.len() as c_uchar) };
            0
        }
        Some(AlpnAnswer::Declined) | None => 3,
        Some(AlpnAnswer::Refused) => 2,
    }
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn generate_ticket(callback: GenerateTicket) -> SSL_CTX_generate_session_ticket_fn {
    match callback {
        GenerateTicket::None => None,
        GenerateTicket::Sets => Some(generates::<true>),
        GenerateTicket::Refuses => Some(generates::<false>),
    }
}

/// Sets the ticket application data of the session, or refuses.
unsafe extern "C" fn generates<const SETS: bool>(ssl: *mut SSL, _arg: *mut c_void) -> c_int {
    let library = library();
    let session = call!(library, SSL_get_session(ssl));
    let key = appdata_key(session);
    events::called(Callback::GenerateTicket, [is_server(ssl).into(), 0, 0, key, 0]);
    if !SETS {
        return 0;
    }
    call!(library, SSL_SESSION_set1_ticket_appdata(session, TICKET_APPDATA.as_ptr().cast(), TICKET_APPDATA.len()))
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn decrypt_ticket(callback: DecryptTicket) -> SSL_CTX_decrypt_session_ticket_fn {
    match callback {
        DecryptTicket::None => None,
        DecryptTicket::Uses => Some(decrypts::<3, 2>),
        DecryptTicket::Renews => Some(decrypts::<4, 2>),
        DecryptTicket::Ignores => Some(decrypts::<1, 1>),
        DecryptTicket::Replaces => Some(decrypts::<2, 2>),
        DecryptTicket::Aborts => Some(decrypts::<0, 0>),
    }
}

/// Returns `READ`, an `SSL_TICKET_RETURN_*`, of a ticket that could be read, and `NOT_READ` of another.
unsafe extern "C" fn decrypts<const READ: c_int, const NOT_READ: c_int>(
    ssl: *mut SSL,
    session: *mut SSL_SESSION,
    _name: *const c_uchar,
    _name_length: usize,
    status: c_int,
    _arg: *mut c_void,
) -> c_int {
    let key = if session.is_null() { 0 } else { appdata_key(session) };
    events::called(Callback::DecryptTicket, [is_server(ssl).into(), 0, status as u32, key, 0]);
    // `SSL_TICKET_SUCCESS` or `SSL_TICKET_SUCCESS_RENEW`.
    if matches!(status, 5 | 6) { READ } else { NOT_READ }
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn ticket_key(callback: TicketKeyCallback) -> SSL_ticket_key_evp_cb {
    match callback {
        TicketKeyCallback::None => None,
        TicketKeyCallback::First => Some(gives_key::<1, true>),
        TicketKeyCallback::Second => Some(gives_key::<2, true>),
        TicketKeyCallback::Fails => Some(gives_key::<1, false>),
        TicketKeyCallback::Refuses => Some(refuses_key),
    }
}

/// Does not seal, and opens what was sealed with the first key.
unsafe extern "C" fn refuses_key(
    ssl: *mut SSL,
    name: *mut c_uchar,
    iv: *mut c_uchar,
    cipher: *mut EVP_CIPHER_CTX,
    mac: *mut EVP_MAC_CTX,
    seals: c_int,
) -> c_int {
    // SAFETY: as the library calls.
    let given = unsafe { gives_key::<1, true>(ssl, name, iv, cipher, mac, seals) };
    if seals == 0 { given } else { 0 }
}

/// Seals with the key of the number `NEWEST`, and opens, if it `OPENS`, what was sealed with this or an older one, and that is to be
/// followed by another ticket.
unsafe extern "C" fn gives_key<const NEWEST: usize, const OPENS: bool>(
    _ssl: *mut SSL,
    name: *mut c_uchar,
    iv: *mut c_uchar,
    cipher: *mut EVP_CIPHER_CTX,
    mac: *mut EVP_MAC_CTX,
    seals: c_int,
) -> c_int {
    const NAME: usize = 16;
    let library = library();
    let key = if seals != 0 {
        // SAFETY: room for a name, and for the longest initialization vector, which has as many bytes.
        unsafe {
            ptr::copy_nonoverlapping(TICKET_KEY_NAMES[NEWEST].as_ptr(), name, NAME);
            ptr::write_bytes(iv, 0, NAME);
        }
        NEWEST
    } else {
        // SAFETY: a ticket has at least a name, or nobody is asked for its key.
        let named = unsafe { std::slice::from_raw_parts(name.cast_const(), NAME) };
        (1..=NEWEST).find(|key| named == TICKET_KEY_NAMES[*key]).unwrap_or(0)
    };
    events::called(Callback::TicketKey, [1, 0, u32::from(seals != 0), if seals != 0 { 0 } else { key as u32 }, 0]);
    if seals == 0 && !OPENS {
        return -1;
    }
    if key == 0 {
        return 0;
    }
    let bytes = &TICKET_KEY_BYTES[key];
    let (octets, text) = (5, 4);
    let param = |key: *const c_char, data_type, data: *const c_void, data_size| OSSL_PARAM {
        key,
        data_type,
        data: data.cast_mut(),
        data_size,
        return_size: usize::MAX,
    };
    let params = [
        param(c"key".as_ptr(), octets, bytes.as_ptr().cast(), bytes.len()),
        param(c"digest".as_ptr(), text, c"SHA256".as_ptr().cast(), 6),
        param(ptr::null(), 0, ptr::null(), 0),
    ];
    let aes = call!(library, EVP_aes_256_cbc());
    let (engine, bytes, iv) = (ptr::null_mut(), bytes.as_ptr(), iv.cast_const());
    let done = call!(library, EVP_MAC_CTX_set_params(mac, params.as_ptr())) == 1
        && 1 == match seals {
            0 => call!(library, EVP_DecryptInit_ex(cipher, aes, engine, bytes, iv)),
            _ => call!(library, EVP_EncryptInit_ex(cipher, aes, engine, bytes, iv)),
        };
    match done {
        true if key == NEWEST => 1,
        true => 2,
        false => -1,
    }
}

/// Returns the digest of version and ticket application data of a session.
fn appdata_key(session: *mut SSL_SESSION) -> u32 {
    let (mut data, mut length) = (ptr::null_mut(), 0);
    call!(library(), SSL_SESSION_get0_ticket_appdata(session, &mut data, &mut length));
    events::key(call!(library(), SSL_SESSION_get_protocol_version(session)), bytes(data.cast_const().cast(), length))
}

/// Lends bytes of the library's.
fn bytes<'a>(at: *const c_uchar, length: usize) -> &'a [u8] {
    match at.is_null() {
        true => &[],
        // SAFETY: the session lives for as long as its callback runs, and the library says that so many bytes are there.
        false => unsafe { std::slice::from_raw_parts(at, length) },
    }
}

/// Returns the C function for a kind of callback; `None`: no callback.
pub(super) fn generate(callback: GenerateId) -> GEN_SESSION_CB {
    match callback {
        GenerateId::None => None,
        GenerateId::Counts => Some(make::<32>),
        GenerateId::Short => Some(make::<8>),
    }
}

/// Makes an id of at most `MOST` bytes.
unsafe extern "C" fn make<const MOST: usize>(ssl: *mut SSL, id: *mut c_uchar, length: *mut c_uint) -> c_int {
    // SAFETY: the library gives room for so many bytes.
    let out = unsafe { std::slice::from_raw_parts_mut(id, *length as usize) };
    events::called(Callback::GenerateId, [is_server(ssl).into(), 0, out.len() as u32, 0, 0]);
    let made = generated(MADE.replace(MADE.get() + 1));
    let length_made = out.len().min(MOST);
    out[..length_made].copy_from_slice(&made[..length_made]);
    // SAFETY: a place to write to.
    unsafe { *length = length_made as c_uint };
    1
}

/// Welcomes every certificate.
pub(super) unsafe extern "C" fn takes_any(_is_good: c_int, _chain: *mut X509_STORE_CTX) -> c_int {
    1
}

const _: SSL_verify_cb = Some(takes_any);

//! Callbacks of a C library that are blocks: their calls are made inside the C callback.

use std::ffi::{c_int, c_long, c_uchar};
use std::ptr;

use openssl_sys::{EVP_MD, SSL, SSL_CTX, SSL_SESSION};

use super::super::blocks::{self, Calling, Named, PSK_BLOCKS, copied};
use super::callbacks::{self, library};
use super::contexts::lists;
use super::handshakes::TLS1_3_VERSION;
use super::prototypes::{SSL_psk_find_session_cb_func, SSL_psk_use_session_cb_func};
use super::{handshake_callbacks, psk_callbacks};
use crate::op::{BlockCall, CopyFlag, Inner, Source};
use crate::plan::Giving;

// As in `<openssl/ssl.h>`.
const SSL_CTRL_SESS_NUMBER: c_int = 20;

/// Makes the calls of blocks on sessions of the library.
struct InBlock {
    /// Points to the session that the block is about, or is NULL.
    session: *mut SSL_SESSION,
    /// Tells whether the session is there for as long as a callback keeps it, and not until the callback returns.
    is_kept: bool,
    /// Names the context that up_refs are kept for, or 0.
    keeper: usize,
    /// Points to the duplicate that the block made last, or is NULL.
    copy: *mut SSL_SESSION,
}

impl InBlock {
    /// Begins a block whose callback is told of this session.
    fn told(session: *mut SSL_SESSION, keeper: usize) -> InBlock {
        InBlock { session, is_kept: false, keeper, copy: ptr::null_mut() }
    }

    /// Begins a block whose callback is told of no session. `kept` finds what the new callback of the same context kept.
    fn of(source: Source, kept: impl FnOnce() -> Option<*mut SSL_SESSION>) -> InBlock {
        let made = |session: *mut SSL_SESSION| {
            if !session.is_null() {
                callbacks::keep(session, 0);
            }
            (session, true)
        };
        let (session, is_kept) = match blocks::named(source) {
            Named::Nothing => (ptr::null_mut(), true),
            Named::Kept => (kept().unwrap_or(ptr::null_mut()), true),
            Named::Owned(address) => (ptr::with_exposed_provenance_mut(address), false),
            Named::Agreed => made(psk_callbacks::make()),
            Named::Bytes(der) => made(of_der(&der)),
        };
        InBlock { session, is_kept, keeper: 0, copy: ptr::null_mut() }
    }

    /// Returns the pointer that the callback gives. The reference that goes with it, if it is given away, is not kept any more.
    fn give(&self, Giving { of, away, sound, .. }: Giving) -> *mut SSL_SESSION {
        let session = self.session(of);
        if away && sound {
            callbacks::give_away(session);
        }
        session
    }

    fn session(&self, of: Inner) -> *mut SSL_SESSION {
        match of {
            Inner::Session => self.session,
            Inner::Copy => self.copy,
        }
    }

    fn up_ref(&self, session: *mut SSL_SESSION) -> c_int {
        let returned = call!(library(), SSL_SESSION_up_ref(session));
        if returned == 1 {
            callbacks::keep(session, self.keeper);
        }
        returned
    }

    fn dup(&mut self, of: Inner) -> c_int {
        let copy = call!(library(), SSL_SESSION_dup(self.session(of)));
        // What the block had before is kept, and has no name any more.
        self.copy = copy;
        if copy.is_null() {
            return 0;
        }
        callbacks::keep(copy, 0);
        copied(call!(library(), SSL_SESSION_is_resumable(copy)) != 0) as c_int
    }
}

impl blocks::Port for InBlock {
    fn has(&self, of: Inner) -> bool {
        of == Inner::Session && !self.is_kept || self.keeps(of)
    }

    fn fits(&self, of: Inner, tls13: bool) -> bool {
        let (library, session) = (library(), self.session(of));
        let version = call!(library, SSL_SESSION_get_protocol_version(session));
        (!tls13 || version == TLS1_3_VERSION)
            && !call!(library, SSL_SESSION_get0_cipher(session)).is_null()
            && call!(library, SSL_SESSION_get_master_key(session, ptr::null_mut(), 0)) > 0
    }

    fn keeps(&self, of: Inner) -> bool {
        let session = self.session(of);
        !session.is_null() && callbacks::kept(session as usize) > 0
    }

    fn is_cached_but_in(&self, context: usize, of: Inner) -> bool {
        let session = self.session(of) as usize;
        let mut others = blocks::living().into_iter().filter(|other| *other != context);
        others.any(|other| lists(library(), ptr::with_exposed_provenance_mut(other), session))
    }

    fn make(&mut self, Calling { call, context, time }: Calling) -> i64 {
        let context: *mut SSL_CTX = ptr::with_exposed_provenance_mut(context);
        let library = library();
        match call {
            BlockCall::UpRef { of } => self.up_ref(self.session(of)).into(),
            BlockCall::Free { of } => {
                callbacks::give_back(self.session(of));
                0
            }
            BlockCall::Dup { of, .. } => self.dup(of).into(),
            BlockCall::SetTimeout { of, .. } => call!(library, SSL_SESSION_set_timeout(self.session(of), time)),
            BlockCall::SetTime { of, .. } => call!(library, SSL_SESSION_set_time(self.session(of), time)),
            BlockCall::GetTimeout { of } => call!(library, SSL_SESSION_get_timeout(self.session(of))),
            BlockCall::GetTime { of } => call!(library, SSL_SESSION_get_time(self.session(of))),
            BlockCall::GetProtocolVersion { of } => {
                call!(library, SSL_SESSION_get_protocol_version(self.session(of))).into()
            }
            BlockCall::IsResumable { of } => call!(library, SSL_SESSION_is_resumable(self.session(of))).into(),
            BlockCall::Add { of, .. } => call!(library, SSL_CTX_add_session(context, self.session(of))).into(),
            BlockCall::Remove { of, .. } => call!(library, SSL_CTX_remove_session(context, self.session(of))).into(),
            BlockCall::Flush { .. } => {
                call!(library, SSL_CTX_flush_sessions(context, time));
                0
            }
            BlockCall::Number { .. } => {
                call!(library, SSL_CTX_ctrl(context, SSL_CTRL_SESS_NUMBER, 0, ptr::null_mut()))
            }
            BlockCall::ToDer { b, of } => blocks::write(b, der_of(self.session(of))),
            BlockCall::FreeBorrowed { of } => {
                call!(library, SSL_SESSION_free(self.session(of)));
                0
            }
            BlockCall::KeepBorrowed { of } => {
                callbacks::keep(self.session(of), self.keeper);
                0
            }
            BlockCall::AddAnyway { of, .. } => call!(library, SSL_CTX_add_session(context, self.session(of))).into(),
            BlockCall::AddAndRemove { of, .. } => {
                call!(library, SSL_CTX_add_session(context, self.session(of)));
                blocks::nested(|| call!(library, SSL_CTX_remove_session(context, self.session(of)))).into()
            }
        }
    }
}

/// Makes a session of DER. The caller owns the reference.
fn of_der(der: &[u8]) -> *mut SSL_SESSION {
    let mut at = der.as_ptr();
    call!(library(), d2i_SSL_SESSION(ptr::null_mut(), &mut at, der.len() as c_long))
}

/// Writes a session in DER.
fn der_of(session: *mut SSL_SESSION) -> Option<Vec<u8>> {
    let length: c_int = call!(library(), i2d_SSL_SESSION(session, ptr::null_mut()));
    let mut der = vec![0; usize::try_from(length).ok().filter(|length| *length > 0)?];
    let mut at = der.as_mut_ptr();
    (call!(library(), i2d_SSL_SESSION(session, &mut at)) == length).then_some(der)
}

/// Notes what a copy has of the session's peers: the session itself may be gone when the handshake is over.
fn note_copied(session: *mut SSL_SESSION, calls: &[BlockCall]) {
    if blocks::talks() && calls.iter().any(|call| matches!(call, BlockCall::Dup { .. } | BlockCall::ToDer { .. })) {
        handshake_callbacks::note_all(session);
    }
}

/// Runs the calls of a block. Of those that run inside a handshake no error is compared.
fn run(context: usize, calls: &[BlockCall], inside: &mut InBlock) {
    if blocks::talks() {
        handshake_callbacks::aside(|| blocks::run(context, calls, inside));
    } else {
        blocks::run(context, calls, inside);
    }
}

/// Is `remove_session_cb` where its calls were set.
pub(super) unsafe extern "C" fn removed(context: *mut SSL_CTX, session: *mut SSL_SESSION) {
    callbacks::record(context, session);
    let block = blocks::remove_of(context as usize);
    note_copied(session, &block.calls);
    let mut inside = InBlock::told(session, 0);
    run(context as usize, &block.calls, &mut inside);
}

/// Is `new_session_cb` where its calls were set.
pub(super) unsafe extern "C" fn is_new(ssl: *mut SSL, session: *mut SSL_SESSION) -> c_int {
    let context = handshake_callbacks::context(handshake_callbacks::record(ssl, session));
    let block = blocks::new_of(context);
    note_copied(session, &block.calls);
    let mut inside = InBlock::told(session, context);
    run(context, &block.calls, &mut inside);
    if block.keeps {
        callbacks::keep(session, context);
    }
    block.keeps.into()
}

/// Is `get_session_cb` where its calls were set.
pub(super) unsafe extern "C" fn looks_up(
    ssl: *mut SSL,
    id: *const c_uchar,
    length: c_int,
    copy: *mut c_int,
) -> *mut SSL_SESSION {
    // SAFETY: the library calls with an id of this length.
    let id = unsafe { std::slice::from_raw_parts(id, usize::try_from(length).unwrap_or(0)) };
    let context = handshake_callbacks::context(handshake_callbacks::record_get(ssl, id));
    let block = blocks::get_of(context);
    let kept = || callbacks::find(context, |found| found == id);
    let flag = match block.copy {
        CopyFlag::Untouched => None,
        CopyFlag::Lends => Some(1),
        CopyFlag::Gives => Some(0),
    };
    if let Some(flag) = flag.filter(|_| block.returns.is_some()) {
        // SAFETY: the library calls with a place to write to.
        unsafe { *copy = flag };
    }
    given_by(context, block.source, &block.calls, blocks::giving(&block), kept)
}

/// Runs the calls of a block whose callback is told of no session. Returns what it gives, or NULL.
fn given_by(
    context: usize,
    source: Source,
    calls: &[BlockCall],
    giving: Option<Giving>,
    kept: impl FnOnce() -> Option<*mut SSL_SESSION>,
) -> *mut SSL_SESSION {
    let mut inside = handshake_callbacks::aside(|| InBlock::of(source, kept));
    note_copied(inside.session, calls);
    run(context, calls, &mut inside);
    let given = blocks::gives(context, giving, calls.len(), &inside);
    giving.filter(|_| given.is_some()).map_or(ptr::null_mut(), |giving| inside.give(giving))
}

/// Runs the block of this number for a side. Returns a reference for the library, or NULL.
fn agreed_by(number: usize, server: bool) -> *mut SSL_SESSION {
    let context = handshake_callbacks::context(server);
    let block = blocks::psk_of(number);
    let kept = || callbacks::find(context, |_| true);
    given_by(context, block.source, &block.calls, blocks::giving_psk(&block), kept)
}

/// Returns the C function that runs the block of this number for a client.
pub(super) fn to_use(number: usize) -> SSL_psk_use_session_cb_func {
    const ALL: [SSL_psk_use_session_cb_func; PSK_BLOCKS] = [
        Some(uses::<0>),
        Some(uses::<1>),
        Some(uses::<2>),
        Some(uses::<3>),
        Some(uses::<4>),
        Some(uses::<5>),
        Some(uses::<6>),
        Some(uses::<7>),
    ];
    ALL.get(number).copied().flatten()
}

/// Returns the C function that runs the block of this number for a server.
pub(super) fn to_find(number: usize) -> SSL_psk_find_session_cb_func {
    const ALL: [SSL_psk_find_session_cb_func; PSK_BLOCKS] = [
        Some(finds::<0>),
        Some(finds::<1>),
        Some(finds::<2>),
        Some(finds::<3>),
        Some(finds::<4>),
        Some(finds::<5>),
        Some(finds::<6>),
        Some(finds::<7>),
    ];
    ALL.get(number).copied().flatten()
}

/// Is `psk_use_session_cb` where its calls were set.
unsafe extern "C" fn uses<const NUMBER: usize>(
    _ssl: *mut SSL,
    _digest: *const EVP_MD,
    id: *mut *const c_uchar,
    length: *mut usize,
    out: *mut *mut SSL_SESSION,
) -> c_int {
    // SAFETY: the library calls with places to write to.
    unsafe { psk_callbacks::give_client(id, length, out, || agreed_by(NUMBER, false)) }
}

/// Is `psk_find_session_cb` where its calls were set: they run for our identity, and there is nothing for any other, which is a ticket.
unsafe extern "C" fn finds<const NUMBER: usize>(
    _ssl: *mut SSL,
    id: *const c_uchar,
    length: usize,
    out: *mut *mut SSL_SESSION,
) -> c_int {
    // SAFETY: the library calls with so many bytes, and a place to write to.
    unsafe { psk_callbacks::give_server(id, length, out, || agreed_by(NUMBER, true)) }
}

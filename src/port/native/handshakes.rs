//! Handshakes of the native library: what a peer decides is played from the tape, or made up and recorded.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::super::handshakes::{CLIENT_CERTIFICATE, PSK, PSK_IDENTITY, SERVER_CERTIFICATE, Setting};
use super::super::{events, generated};
use super::NativePort;
use super::sharing::{find, keep};
use crate::native::{
    self, Callbacks, Cipher, Context, FindPsk, FromPeer, GetSession, Inherited, Library, Peers, Session, UsePsk,
    Version, new_session_ticket,
};
use crate::op::{
    Closed, ConnectionSlot, ContextSlot, GenerateId, GetCallback, MaxVersion, NewCallback, NotResumableCallback,
    Options, PskCallback, Verify,
};
use crate::trace::{Callback, Recorded, SENT_ID, Tape};

/// As in `<openssl/ssl.h>`.
const SSL_OP_NO_TICKET: i64 = 1 << 14;

thread_local! {
    /// The library of the handshake that runs: callbacks make sessions with it.
    static LIBRARY: RefCell<Option<Arc<Library>>> = const { RefCell::new(None) };
    /// How many ids the program's callbacks have made.
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// A program begins.
pub(super) fn begin() {
    MADE.set(0);
}

/// The peers of a handshake.
struct Played<'a>(&'a mut Tape);

impl Played<'_> {
    fn recorded(&self, session: &Session) -> Option<Recorded<'_>> {
        self.0.of(events::birth_at(session.address())?)
    }
}

impl Peers for Played<'_> {
    fn of(&mut self, session: &Session) -> FromPeer {
        let birth = events::birth_at(session.address()).unwrap_or(u32::MAX);
        // What was not recorded is of no session that lived on.
        let made_up = |what: u8, length: usize| {
            let mut bytes = vec![what; length];
            bytes[..4].copy_from_slice(&birth.to_be_bytes());
            bytes
        };
        let or = |recorded: &[u8], made_up: Vec<u8>| if recorded.is_empty() { made_up } else { recorded.to_vec() };
        let known = self.recorded(session);
        let recorded = known.unwrap_or_default();
        let tls13 = session.protocol_version() == Version::Tls13.number();
        let from_peer = FromPeer {
            id: or(recorded.id, made_up(b'i', 32)),
            // Whether there is one yet is the library's own business.
            master_key: known.map_or_else(|| made_up(b'k', 48), |recorded| recorded.master_key.to_vec()),
            ticket: or(recorded.ticket, made_up(b't', 96)),
            ticket_is_known: !self.0.plays() || !recorded.ticket.is_empty(),
            cipher: recorded.cipher.or(Some(if tls13 { 0x1302 } else { 0xc02b })).map(Cipher),
        };
        if !self.0.plays() {
            let FromPeer { id, master_key, ticket, ticket_is_known: _, cipher } = &from_peer;
            let cipher = cipher.map(|cipher| cipher.0);
            self.0.record(birth, &Recorded { id, master_key, ticket, cipher });
        }
        from_peer
    }

    fn known(&mut self, session: &Session) -> Option<FromPeer> {
        self.recorded(session).is_some().then(|| self.of(session))
    }

    fn sent_id(&mut self) -> Vec<u8> {
        self.0.of(SENT_ID).map_or_else(|| b"an id of no session, 32 bytes...".to_vec(), |sent| sent.id.to_vec())
    }

    fn certificate(&mut self, of_server: bool) -> &[u8] {
        if of_server { SERVER_CERTIFICATE } else { CLIENT_CERTIFICATE }
    }
}

fn new_callback(callback: NewCallback) -> Option<fn(&Context, bool, Session)> {
    fn record(server: bool, session: &Session) {
        let key = events::key(session.protocol_version(), session.id().as_slice());
        let length = session.id().as_slice().len();
        events::is_new(server, session.address(), length, key, session.references() as u32);
    }
    match callback {
        NewCallback::None => None,
        NewCallback::Declines => Some(|_, server, session| record(server, &session)),
        NewCallback::Keeps => Some(|context, server, session| {
            record(server, &session);
            keep(session, context.address());
        }),
        NewCallback::UpRefs => Some(|context, server, session| {
            record(server, &session);
            keep(session.up_ref(), context.address());
        }),
    }
}

fn get_callback(callback: GetCallback) -> Option<GetSession> {
    fn kept(context: &Context, id: &[u8], any: bool) -> Option<Session> {
        events::called(Callback::Get, [1, 0, id.len() as u32, events::key(0, id), 0]);
        find(context.address(), |found| any || found == id)
    }
    match callback {
        GetCallback::None => None,
        // Whose reference it is makes no difference when the call is over; that none is given Rust cannot say.
        GetCallback::Finds | GetCallback::Lends | GetCallback::Gives | GetCallback::ForgetsUpRef => {
            Some(|context, id| kept(context, id, false))
        }
        GetCallback::Dups => Some(|context, id| kept(context, id, false)?.dup().ok()),
        GetCallback::Misses => Some(|context, id| {
            kept(context, id, false);
            None
        }),
        GetCallback::Wrong => Some(|context, id| kept(context, id, true)),
        GetCallback::ForgetsCopy => Some(|context, id| {
            let copy = kept(context, id, false)?.dup().ok()?;
            std::mem::forget(copy.up_ref());
            Some(copy)
        }),
    }
}

fn not_resumable_callback(callback: NotResumableCallback) -> Option<fn(bool) -> bool> {
    fn asked(forward_secure: bool) {
        events::called(Callback::NotResumable, [1, 0, 0, 0, forward_secure.into()]);
    }
    match callback {
        NotResumableCallback::None => None,
        NotResumableCallback::Resumable => Some(|forward_secure| {
            asked(forward_secure);
            false
        }),
        NotResumableCallback::NotResumable => Some(|forward_secure| {
            asked(forward_secure);
            true
        }),
    }
}

fn generate_id(callback: GenerateId) -> Option<fn(usize) -> Vec<u8>> {
    fn make(room: usize, most: usize) -> Vec<u8> {
        events::called(Callback::GenerateId, [1, 0, room as u32, 0, 0]);
        generated(MADE.replace(MADE.get() + 1))[..room.min(most)].to_vec()
    }
    match callback {
        GenerateId::None => None,
        GenerateId::Counts => Some(|room| make(room, 32)),
        GenerateId::Short => Some(|room| make(room, 8)),
    }
}

/// Who keeps the shared one: no context is there.
const KEEPER: usize = 1;

fn make_psk(library: &Arc<Library>) -> Session {
    let session = library.session();
    // The key is not too long in any release.
    let _ = session.set1_master_key(PSK);
    session.set_cipher(Some(Cipher(0x1302)));
    session.set_protocol_version(Version::Tls13.number());
    session
}

fn psk(shares: bool) -> Session {
    let library = LIBRARY.with_borrow(|library| library.clone()).unwrap_or_else(|| unreachable!("a program runs"));
    if !shares {
        return make_psk(&library);
    }
    find(KEEPER, |_| true).unwrap_or_else(|| {
        let session = make_psk(&library);
        keep(session.up_ref(), KEEPER);
        session
    })
}

fn psk_use(callback: PskCallback) -> Option<UsePsk> {
    fn give(shares: bool) -> (Vec<u8>, Session) {
        events::called(Callback::PskUse, [0; 5]);
        (PSK_IDENTITY.to_vec(), psk(shares))
    }
    match callback {
        PskCallback::None => None,
        PskCallback::Makes => Some(|| give(false)),
        PskCallback::Shares => Some(|| give(true)),
    }
}

fn psk_find(callback: PskCallback) -> Option<FindPsk> {
    fn look(identity: &[u8], shares: bool) -> Option<Session> {
        events::called(Callback::PskFind, [1, 0, identity.len() as u32, events::key(0, identity), 0]);
        (identity == PSK_IDENTITY).then(|| psk(shares))
    }
    match callback {
        PskCallback::None => None,
        PskCallback::Makes => Some(|identity| look(identity, false)),
        PskCallback::Shares => Some(|identity| look(identity, true)),
    }
}

impl NativePort {
    fn change(&mut self, c: ContextSlot, change: impl FnOnce(&mut Inherited)) {
        let mut inherited = self.context(c).inherited();
        change(&mut inherited);
        self.context(c).set_inherited(inherited);
    }

    fn call_back(&mut self, c: ContextSlot, change: impl FnOnce(&mut Callbacks)) {
        let mut callbacks = self.context(c).callbacks();
        change(&mut callbacks);
        self.context(c).set_callbacks(callbacks);
    }
}

impl NativePort {
    pub(in crate::port) fn set(&mut self, c: ContextSlot, setting: Setting) -> i64 {
        match setting {
            Setting::MaxVersion(version) => {
                let version = match version {
                    MaxVersion::Tls12 => Version::Tls12,
                    MaxVersion::Tls13 => Version::Tls13,
                };
                self.change(c, |inherited| inherited.max_version = version);
                1
            }
            Setting::Options(Options::NoTicket) => {
                self.change(c, |inherited| inherited.no_ticket = true);
                SSL_OP_NO_TICKET
            }
            Setting::NoOptions(Options::NoTicket) => {
                self.change(c, |inherited| inherited.no_ticket = false);
                0
            }
            Setting::Tickets(tickets) => {
                self.change(c, |inherited| inherited.tickets = tickets.get());
                1
            }
            Setting::Verify(mode) => {
                self.change(c, |inherited| inherited.verifies = mode == Verify::Peer);
                0
            }
            Setting::New(callback) => {
                self.call_back(c, |callbacks| callbacks.new = new_callback(callback));
                0
            }
            Setting::Get(callback) => {
                self.call_back(c, |callbacks| callbacks.get = get_callback(callback));
                0
            }
            Setting::NotResumable(callback) => {
                self.change(c, |inherited| inherited.not_resumable = not_resumable_callback(callback));
                0
            }
            Setting::PskUse(callback) => {
                self.change(c, |inherited| inherited.psk_use = psk_use(callback));
                0
            }
            Setting::PskFind(callback) => {
                self.change(c, |inherited| inherited.psk_find = psk_find(callback));
                0
            }
            Setting::GenerateId(callback) => {
                self.change(c, |inherited| inherited.generate_id = generate_id(callback));
                self.call_back(c, |callbacks| callbacks.generate_id = generate_id(callback));
                1
            }
        }
    }

    pub(in crate::port) fn use_certificate(&mut self, x: ConnectionSlot) -> i64 {
        self.connection(x).use_certificate();
        1
    }

    pub(in crate::port) fn handshake(
        &mut self,
        client: ConnectionSlot,
        server: ConnectionSlot,
        tape: &mut Tape,
    ) -> i64 {
        tape.next_part();
        LIBRARY.set(Some(self.library.clone()));
        let (client, server) = (self.connection(client), self.connection(server));
        let (client_done, server_done) = native::handshake(client, server, &mut Played(tape));
        let reused = [client, server].map(|x| i64::from(x.session_reused()));
        i64::from(client_done) + 2 * i64::from(server_done) + 4 * reused[0] + 8 * reused[1]
    }

    pub(in crate::port) fn new_session_ticket(&mut self, x: ConnectionSlot, tape: &mut Tape) -> i64 {
        tape.next_part();
        new_session_ticket(self.connection(x), &mut Played(tape)).into()
    }

    pub(in crate::port) fn set_shutdown(&mut self, x: ConnectionSlot, mode: Closed) {
        self.connection(x).set_shutdown(mode.bits() & 1 != 0, mode.bits() & 2 != 0);
    }

    pub(in crate::port) fn shutdown(&mut self, x: ConnectionSlot) -> i64 {
        match self.connection(x).shutdown() {
            Some(returned) => returned.into(),
            None => {
                self.raised = true;
                -1
            }
        }
    }
}

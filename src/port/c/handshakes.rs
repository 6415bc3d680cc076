//! Handshakes of a C library in memory: two connections, two buffers, and what the peers decided for the tape.

use std::ffi::{c_int, c_long, c_uint};
use std::ptr;

use openssl_sys::{EVP_PKEY, SSL, SSL_CTX, SSL_SESSION, X509};

use super::super::handshakes::{
    CLIENT_CERTIFICATE, EARLY_ACCEPTED, EARLY_DATA, EARLY_READ, SERVER_CERTIFICATE, bit, ticket_keys,
};
use super::super::{Moment, Port, Returned, blocks, events};
use super::call::Outcome as _;
use super::handshake_callbacks::{self, Sides};
use super::prototypes::info_callback;
use super::{CPort, Library, Start, callback_blocks, psk_callbacks};
use crate::der::{element, octets};
use crate::field::Field;
use crate::op::{
    AlpnCallback, Bytes, CONNECTIONS, CString, Cipher, ConnectionSlot, ContextSlot, DecryptTicket, Few, GenerateId,
    GenerateTicket, GetCallback, KeyUpdate, Kind, MAX_BYTES, MaxVersion, Method, NewCallback, NotResumableCallback, Op,
    Options, PskCallback, ServerNameCallback, Slot, Suites, TicketKeyCallback, Time, Variable, Verify,
};
use crate::plan::Kinds;
use crate::plan::clock::seconds;
use crate::trace::{Recorded, Tape, Unseen, VERIFIED};

/// Has all options that programs set.
const OPTIONS: i64 =
    bit(Options::NoTicket) | bit(Options::NoExtendedMasterSecret) | bit(Options::NoResumptionOnRenegotiation);

// As in `<openssl/ssl.h>`.
const SSL_CTRL_SET_MAX_PROTO_VERSION: c_int = 124;
const SSL_CTRL_GET_MAX_PROTO_VERSION: c_int = 131;
const READ_EARLY_DATA_SUCCESS: c_int = 1;
const READ_EARLY_DATA_FINISH: c_int = 2;
const EARLY_DATA_ACCEPTED: c_int = 2;
const SSL_CTRL_SET_TLSEXT_SERVERNAME_CB: c_int = 53;
const SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG: c_int = 54;
const SSL_CTRL_SET_TLSEXT_HOSTNAME: c_int = 55;
const SSL_CTRL_GET_TLSEXT_TICKET_KEYS: c_int = 58;
const SSL_CTRL_SET_TLSEXT_TICKET_KEYS: c_int = 59;
const SSL_VERIFY_PEER: c_int = 1;
const SSL_VERIFY_POST_HANDSHAKE: c_int = 8;
const SSL_KEY_UPDATE_NOT_REQUESTED: c_int = 0;
const SSL_KEY_UPDATE_REQUESTED: c_int = 1;
pub(super) const TLS1_3_VERSION: c_int = 0x0304;
const SERVER_KEY: &[u8] = include_bytes!("../certificates/server.key.der");
const CLIENT_KEY: &[u8] = include_bytes!("../certificates/client.key.der");

/// Counts the flights that any handshake needs, and the alert that ends one that fails.
const FLIGHTS: usize = 5;

/// Holds what the handshakes of a port need. It is made once, in plain memory.
#[derive(Default)]
pub(super) struct Credentials {
    server: Option<Pair>,
    client: Option<Pair>,
    /// Holds the address of the context whose cache each connection uses: the one it was made from.
    session_contexts: [usize; CONNECTIONS],
    /// Names the other side of each connection's last handshake.
    peers: [Option<ConnectionSlot>; CONNECTIONS],
    /// Holds the address of the session that a client was given by its callback, and has beside that of its connection:
    /// there is no getter for it. The client has it until it uses it, is cleared or freed
    /// (`tls_construct_ctos_early_data`, `tls_parse_stoc_psk`).
    agreed: [usize; CONNECTIONS],
    /// Tells which clients send early data in their handshakes.
    early: [bool; CONNECTIONS],
}

#[derive(Clone, Copy)]
struct Pair {
    certificate: *mut X509,
    key: *mut EVP_PKEY,
}

impl Credentials {
    pub fn load(&mut self, library: &Library) {
        self.server = pair(library, SERVER_CERTIFICATE, SERVER_KEY);
        self.client = pair(library, CLIENT_CERTIFICATE, CLIENT_KEY);
    }

    pub fn free(&mut self, library: &Library) {
        for pair in [self.server.take(), self.client.take()].into_iter().flatten() {
            call!(library, X509_free(pair.certificate));
            call!(library, EVP_PKEY_free(pair.key));
        }
    }

    /// Counts the connections that have this session beside their own.
    pub fn agreed_with(&self, address: usize) -> u32 {
        self.agreed.iter().filter(|agreed| address != 0 && **agreed == address).count() as u32
    }

    /// Forgets the session that a connection had beside its own: the connection was cleared, or is gone.
    pub fn forget_agreed(&mut self, x: ConnectionSlot) {
        self.agreed[x.index()] = 0;
    }

    /// Begins a program.
    pub fn begin(&mut self) {
        self.agreed = [0; CONNECTIONS];
        self.early = [false; CONNECTIONS];
    }

    /// Lets a client send early data in its handshake.
    pub fn send_early(&mut self, x: ConnectionSlot) -> Returned<'static> {
        self.early[x.index()] = true;
        Returned::Nothing
    }

    /// Notes that the connection was made from this context.
    pub fn note_context(&mut self, x: ConnectionSlot, context: *mut SSL_CTX) {
        self.session_contexts[x.index()] = context as usize;
        self.early[x.index()] = false;
    }
}

fn pair(library: &Library, certificate: &[u8], key: &[u8]) -> Option<Pair> {
    let mut at = certificate.as_ptr();
    let certificate = call!(library, d2i_X509(ptr::null_mut(), &mut at, certificate.len() as c_long));
    let mut at = key.as_ptr();
    let key = call!(library, d2i_AutoPrivateKey(ptr::null_mut(), &mut at, key.len() as c_long));
    (!certificate.is_null() && !key.is_null()).then_some(Pair { certificate, key })
}

impl CPort {
    /// Makes full handshakes and resumed ones of each version: what they allocate once is allocated here.
    pub(super) fn warm_up_handshakes(&mut self) {
        let [server, client] = [0, 1].map(ContextSlot::wrapping);
        let made = self.do_call(&Op::CtxNew { dst: server, method: Method::Server })
            && self.do_call(&Op::CtxNew { dst: client, method: Method::Client });
        for version in MaxVersion::ALL.iter().filter(|_| made) {
            self.do_call(&Op::CtxSetMaxVersion { c: client, version: *version });
            for (no_ticket, mode) in [(false, Verify::None), (true, Verify::Peer)] {
                let options = Options::NoTicket;
                self.do_call(&match no_ticket {
                    true => Op::CtxSetOptions { c: server, options },
                    false => Op::CtxClearOptions { c: server, options },
                });
                self.do_call(&Op::CtxSetVerify { c: server, mode });
                self.do_call(&Op::CtxSetIdContext { c: server, context: Bytes::new(b"warm") });
                self.warm_up_resumption(client, server);
            }
        }
        for context in [server, client] {
            self.do_call(&Op::CtxFree { c: Some(context) });
            self.forget(Variable::Context(context));
        }
        self.after();
    }

    /// Makes a full handshake, and one that offers what came of it.
    fn warm_up_resumption(&mut self, client_context: ContextSlot, server_context: ContextSlot) {
        let [client, server] = [0, 1].map(ConnectionSlot::wrapping);
        let s = Slot::wrapping(0);
        let mut has_session = false;
        for _ in 0..2 {
            self.do_call(&Op::SslNew { dst: client, c: client_context });
            self.do_call(&Op::SslNew { dst: server, c: server_context });
            self.do_call(&Op::UseCertificate { x: client });
            if has_session {
                self.do_call(&Op::SetSession { x: client, s: Some(s) });
                self.do_call(&Op::Free { s: Some(s) });
                self.forget(Variable::Session(s));
            }
            self.do_call(&Op::Handshake { client, server });
            has_session = self.do_call(&Op::Get1Session { dst: s, x: client });
            self.do_call(&Op::SslShutdown { x: client });
            self.do_call(&Op::SslFree { x: Some(client) });
            self.do_call(&Op::SslFree { x: Some(server) });
        }
        self.do_call(&Op::Free { s: has_session.then_some(s) });
        self.forget(Variable::Session(s));
        self.forget(Variable::Connection(client));
        self.forget(Variable::Connection(server));
    }

    /// Gives a context a setting by hand, for its row of the table does not say all of it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few settings that are made by hand")]
    pub(super) fn set(&self, op: &Op, context: *mut SSL_CTX) -> Returned<'static> {
        let known = |options: u64| Returned::Number(options as i64 & OPTIONS);
        match op {
            Op::CtxSetMaxVersion { version: MaxVersion::Tls12, .. } => self.set_max_version(context, 0x0303).returned(),
            Op::CtxSetMaxVersion { version: MaxVersion::Tls13, .. } => self.set_max_version(context, 0x0304).returned(),
            Op::CtxSetOptions { options, .. } => known(call!(self, SSL_CTX_set_options(context, bit(*options) as u64))),
            Op::CtxClearOptions { options, .. } => {
                known(call!(self, SSL_CTX_clear_options(context, bit(*options) as u64)))
            }
            Op::CtxSetVerify { mode, .. } => {
                let mode = match mode {
                    Verify::None => 0,
                    Verify::Peer => SSL_VERIFY_PEER,
                    Verify::Later => SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE,
                };
                call!(self, SSL_CTX_set_verify(context, mode, Some(handshake_callbacks::takes_any)));
                Returned::Nothing
            }
            Op::CtxSetServerNameCb { callback, .. } => {
                let callback = handshake_callbacks::server_name(*callback);
                call!(self, SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, callback)).returned()
            }
            Op::CtxSetTicketKeys { keys, .. } => self.set_ticket_keys(context, ticket_keys(*keys)).returned(),
            Op::CtxSetTicketKeyCb { callback, .. } => {
                let callback = handshake_callbacks::ticket_key(*callback);
                call!(self, SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback)).returned()
            }
            Op::CtxSetTicketCb { generate, decrypt, .. } => {
                let generate = handshake_callbacks::generate_ticket(*generate);
                let decrypt = handshake_callbacks::decrypt_ticket(*decrypt);
                call!(self, SSL_CTX_set_session_ticket_cb(context, generate, decrypt, ptr::null_mut())).returned()
            }
            Op::CtxSetAlpnSelectCb { callback, .. } => {
                let callback = handshake_callbacks::alpn_select(*callback);
                call!(self, SSL_CTX_set_alpn_select_cb(context, callback, ptr::null_mut()));
                Returned::Nothing
            }
            Op::CtxSetPskUseCb { callback, .. } => {
                call!(self, SSL_CTX_set_psk_use_session_callback(context, psk_callbacks::to_use(*callback)));
                Returned::Nothing
            }
            Op::CtxSetPskFindCb { callback, .. } => {
                call!(self, SSL_CTX_set_psk_find_session_callback(context, psk_callbacks::to_find(*callback)));
                Returned::Nothing
            }
            _ => self.set_block(op, context),
        }
    }

    /// Gives a context a block of calls for a callback.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few settings that are blocks")]
    fn set_block(&self, op: &Op, context: *mut SSL_CTX) -> Returned<'static> {
        match op {
            Op::CtxSetNameBlock { block, .. } => {
                blocks::set_name(context.expose_provenance(), *block);
                call!(self, SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, context.cast()));
                let callback = handshake_callbacks::server_name_moves();
                call!(self, SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, callback)).returned()
            }
            Op::CtxSetRemoveBlock { block, .. } => {
                blocks::set_remove(context.expose_provenance(), block);
                call!(self, SSL_CTX_sess_set_remove_cb(context, Some(callback_blocks::removed)));
                Returned::Nothing
            }
            Op::CtxSetNewBlock { block, .. } => {
                blocks::set_new(context.expose_provenance(), block);
                call!(self, SSL_CTX_sess_set_new_cb(context, Some(callback_blocks::is_new)));
                Returned::Nothing
            }
            Op::CtxSetGetBlock { block, .. } => {
                blocks::set_get(context.expose_provenance(), block);
                call!(self, SSL_CTX_sess_set_get_cb(context, Some(callback_blocks::looks_up)));
                Returned::Nothing
            }
            Op::CtxSetPskUseBlock { block, .. } => {
                let callback = callback_blocks::to_use(blocks::set_psk(block));
                call!(self, SSL_CTX_set_psk_use_session_callback(context, callback));
                Returned::Nothing
            }
            Op::CtxSetPskFindBlock { block, .. } => {
                let callback = callback_blocks::to_find(blocks::set_psk(block));
                call!(self, SSL_CTX_set_psk_find_session_callback(context, callback));
                Returned::Nothing
            }
            _ => unreachable!("{op} sets no block"),
        }
    }

    fn set_max_version(&self, context: *mut SSL_CTX, version: c_long) -> c_long {
        call!(self, SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, version, ptr::null_mut()))
    }

    fn set_ticket_keys(&self, context: *mut SSL_CTX, keys: Option<&[u8]>) -> c_long {
        let (keys, length) = keys.map_or((ptr::null(), 0), |keys| (keys.as_ptr(), keys.len()));
        // It is only read.
        let keys = keys.cast_mut().cast();
        call!(self, SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, length as c_long, keys))
    }

    /// Reads the keys that seal a context's tickets. There are none where the library does not say how long they are.
    pub(super) fn ticket_keys_of(&self, context: *mut SSL_CTX) -> Vec<u8> {
        if context.is_null() {
            return Vec::new();
        }
        let length = self.set_ticket_keys(context, None);
        let mut keys = vec![0; usize::try_from(length).unwrap_or_default().min(MAX_BYTES)];
        let (room, at) = (keys.len() as c_long, keys.as_mut_ptr().cast());
        if call!(self, SSL_CTX_ctrl(context, SSL_CTRL_GET_TLSEXT_TICKET_KEYS, room, at)) == 1 {
            keys
        } else {
            Vec::new()
        }
    }

    /// Lets a context open the tickets that another one has sealed.
    pub(super) fn copy_ticket_keys(&mut self, to: ContextSlot, from: ContextSlot) -> Returned<'static> {
        self.contexts.changes(to, Kind::CtxSetTicketKeys);
        let [to, from] = [to, from].map(|c| self.contexts.get(c));
        self.set_ticket_keys(to, Some(&self.ticket_keys_of(from))).returned()
    }

    /// Gives a context of the pool the settings of a new one, in the place of those that the program changed.
    pub(super) fn put_back_settings(&mut self, context: *mut SSL_CTX, changed: Kinds) {
        // The calls name a slot; the program needs its own no more.
        let c = self.contexts.lend(context);
        let callback = PskCallback::None;
        for op in [
            Op::CtxSetNumTickets { c, tickets: Few::at_most(2) },
            Op::CtxSetNewCb { c, callback: NewCallback::None },
            Op::CtxSetGetCb { c, callback: GetCallback::None },
            Op::CtxSetNotResumableCb { c, callback: NotResumableCallback::None },
            Op::CtxSetGenerateId { c, callback: GenerateId::None },
            Op::CtxSetPskUseCb { c, callback },
            Op::CtxSetPskFindCb { c, callback },
            Op::CtxSetServerNameCb { c, callback: ServerNameCallback::None },
            Op::CtxSetAlpnSelectCb { c, callback: AlpnCallback::None },
            Op::CtxSetTicketCb { c, generate: GenerateTicket::None, decrypt: DecryptTicket::None },
            Op::CtxSetTicketKeyCb { c, callback: TicketKeyCallback::None },
            Op::CtxSetAlpnProtos { c, protocols: Bytes::NULL },
            Op::CtxSetCiphersuites { c, suites: Suites::All },
            Op::CtxSetMaxEarlyData { c, bytes: 0 },
        ] {
            if changed.contains(op.kind()) {
                self.do_call(&op);
            }
        }
        self.contexts.forget(c);
        if changed.contains(Kind::CtxSetOptions) {
            call!(self, SSL_CTX_clear_options(context, OPTIONS as u64));
        }
        if changed.contains(Kind::CtxSetTicketKeys) {
            self.set_ticket_keys(context, self.contexts.own_ticket_keys(context));
        }
        if changed.contains(Kind::CtxSetMaxVersion) {
            // The newest that the library has.
            self.set_max_version(context, 0);
        }
        if changed.contains(Kind::CtxSetVerify) {
            call!(self, SSL_CTX_set_verify(context, 0, None));
        }
    }

    /// Puts two buffers between two connections.
    fn connect(&self, client: *mut SSL, server: *mut SSL) -> bool {
        let memory = call!(self, BIO_s_mem());
        let [a, b] = [(); 2].map(|()| call!(self, BIO_new(memory)));
        if a.is_null() || b.is_null() {
            return false;
        }
        for bio in [a, b] {
            call!(self, BIO_up_ref(bio));
        }
        call!(self, SSL_set_bio(client, a, b));
        call!(self, SSL_set_bio(server, b, a));
        self.inform([client, server], Some(handshake_callbacks::informed));
        call!(self, SSL_set_connect_state(client));
        call!(self, SSL_set_accept_state(server));
        self.credentials.server.is_some_and(|pair| self.use_pair(server, pair))
    }

    /// Lets connections tell of their alerts, those that there are.
    fn inform(&self, sides: [*mut SSL; 2], callback: info_callback) {
        for ssl in sides.into_iter().filter(|ssl| !ssl.is_null()) {
            call!(self, SSL_set_info_callback(ssl, callback));
        }
    }

    fn use_pair(&self, ssl: *mut SSL, pair: Pair) -> bool {
        call!(self, SSL_use_certificate(ssl, pair.certificate)) == 1
            && call!(self, SSL_use_PrivateKey(ssl, pair.key)) == 1
    }

    /// Reads everything, and so what the server sent after the handshake too: tickets.
    fn read_all(&self, ssl: *mut SSL) {
        let mut byte = [0u8; 1];
        call!(self, SSL_read(ssl, byte.as_mut_ptr().cast(), 1));
    }

    fn sides(&self, client: Option<ConnectionSlot>, server: ConnectionSlot) -> Sides {
        let context = |x: ConnectionSlot| self.credentials.session_contexts[x.index()];
        Sides {
            server: self.connection(server).expose_provenance(),
            server_context: context(server),
            client_context: client.map_or(0, context),
            pair: self
                .credentials
                .server
                .map_or([0; 2], |pair| [pair.certificate.expose_provenance(), pair.key.expose_provenance()]),
        }
    }

    /// Returns where the sessions of two connections are.
    fn sessions_of(&self, sides: [*mut SSL; 2]) -> [usize; 2] {
        sides.map(|ssl| if ssl.is_null() { 0 } else { call!(self, SSL_get_session(ssl)) as usize })
    }

    /// Records what sessions have from their peers: those that live and were born after the first `births`, and, of what no getter
    /// shows, those that the connections had or have: a handshake changes no other.
    fn record(&mut self, births: u32, sides: [*mut SSL; 2], had: [usize; 2], tape: &mut Tape) {
        let have = self.sessions_of(sides);
        tape.next_part();
        for (birth, of) in handshake_callbacks::noted() {
            if birth >= births {
                tape.record(birth, of);
            }
        }
        if self.lacks().contains(Kind::ToDer) {
            return events::born_since(births, &mut |birth, address| {
                tape.record(birth, recorded_by_getters(self.library, ptr::with_exposed_provenance_mut(address)));
            });
        }
        // One call reads all of it: a getter that is wrong shows where a program calls it.
        events::born_since(0, &mut |birth, address| {
            if birth < births && !had.contains(&address) && !have.contains(&address) {
                return;
            }
            let session = ptr::with_exposed_provenance_mut(address);
            let Some((unseen, has_suite)) = self.unseen(session) else {
                return tape.record(birth, recorded_by_getters(self.library, session));
            };
            if birth >= births {
                tape.record(birth, recorded(&unseen.der, has_suite));
            }
            tape.see(birth, unseen);
        });
    }

    /// Reads what a session has that no getter shows. Its suite is another for a moment: without one there is no DER, and what
    /// stands in for it shows where there is none. Tells besides whether there is a suite. A library that did not live through its
    /// first calls is asked for nothing that the program does not ask for: `None` where it has no suite.
    pub(super) fn unseen(&mut self, session: *mut SSL_SESSION) -> Option<(Unseen, bool)> {
        let any = self.library.cipher(Cipher::ALL[0]);
        let suite = call!(self, SSL_SESSION_get0_cipher(session));
        if suite.is_null() && self.library.start == Start::Cold {
            return None;
        }
        if suite.is_null() {
            call!(self, SSL_SESSION_set_cipher(session, any));
        }
        let der = self.der_of(session).unwrap_or_default().to_vec();
        let mut cipher_id = None;
        if self.library.start != Start::Cold {
            call!(self, SSL_SESSION_set_cipher(session, ptr::null()));
            cipher_id = self.der_of(session).and_then(suite_in);
        }
        call!(self, SSL_SESSION_set_cipher(session, suite));
        Some((Unseen { der, cipher_id }, !suite.is_null()))
    }
}

/// Reads what a session has from its peers by the getters of each part.
pub(super) fn recorded_by_getters(library: &Library, session: *mut SSL_SESSION) -> Recorded {
    let mut key = [0; LONGEST_KEY];
    let mut length: c_uint = 0;
    let id = call!(library, SSL_SESSION_get_id(session, &mut length));
    let (mut ticket, mut ticket_length) = (ptr::null(), 0);
    call!(library, SSL_SESSION_get0_ticket(session, &mut ticket, &mut ticket_length));
    let key_length = call!(library, SSL_SESSION_get_master_key(session, key.as_mut_ptr(), key.len()));
    let cipher = call!(library, SSL_SESSION_get0_cipher(session));
    let bytes = |at: *const u8, length: usize| match at.is_null() {
        true => Vec::new(),
        // SAFETY: the session lives, and the library says that so many bytes are there.
        false => unsafe { std::slice::from_raw_parts(at, length) }.to_vec(),
    };
    Recorded {
        id: bytes(id, (length as usize).min(32)),
        master_key: key[..key_length.min(key.len())].to_vec(),
        ticket: bytes(ticket, ticket_length),
        cipher: (!cipher.is_null()).then(|| call!(library, SSL_CIPHER_get_protocol_id(cipher))),
    }
}

/// Limits the bytes of a master key that a handshake makes.
const LONGEST_KEY: usize = 64;

/// Returns the code of the cipher suite in the DER of a session.
fn suite_in(der: &[u8]) -> Option<u16> {
    element(der, Field::Cipher).map(|code| code.iter().fold(0, |code, byte| code << 8 | u16::from(*byte)))
}

/// Returns what a session has from its peers, of its DER.
fn recorded(der: &[u8], has_suite: bool) -> Recorded {
    let bytes = |field| element(der, field).unwrap_or_default();
    let key = bytes(Field::MasterKey);
    Recorded {
        id: bytes(Field::Id).to_vec(),
        master_key: key[..key.len().min(LONGEST_KEY)].to_vec(),
        ticket: octets(der, Field::Ticket).unwrap_or_default().to_vec(),
        cipher: suite_in(der).filter(|_| has_suite),
    }
}

/// Says how far early data has come.
#[derive(Clone, Copy, Default)]
struct Early {
    /// Says that the client sends some.
    sends: bool,
    /// Says that it has tried to.
    tried: bool,
    /// Says that the server has read all that there was.
    read_all: bool,
    /// Counts the bytes that the server has read.
    read: usize,
}

impl CPort {
    /// Tells whether a session that a client has allows as much early data, is young enough, and both sides speak TLS 1.3.
    fn can_send_early(&self, client: *mut SSL, server: *mut SSL, passed: u64) -> bool {
        let session = call!(self, SSL_get_session(client));
        if session.is_null() {
            return false;
        }
        let time: i64 = call!(self, SSL_SESSION_get_time(session));
        let hint = call!(self, SSL_SESSION_get_ticket_lifetime_hint(session));
        let age = seconds(Time::Now(0), passed).checked_sub(time);
        call!(self, SSL_SESSION_get_max_early_data(session)) as usize >= EARLY_DATA.len()
            && call!(self, SSL_SESSION_get_protocol_version(session)) == TLS1_3_VERSION
            && call!(self, SSL_SESSION_is_resumable(session)) != 0
            && age.is_some_and(|age| age >= 0 && (age as u64) < hint)
            && [client, server]
                .into_iter()
                .all(|ssl| call!(self, SSL_ctrl(ssl, SSL_CTRL_GET_MAX_PROTO_VERSION, 0, ptr::null_mut())) != 0x0303)
    }

    /// Lets a side do what it can; tells whether it has finished its handshake.
    fn go_on(&self, ssl: *mut SSL, server: bool, early: &mut Early) -> bool {
        let mut length = 0;
        if early.sends && !server && !early.tried {
            early.tried = true;
            call!(self, SSL_write_early_data(ssl, EARLY_DATA.as_ptr().cast(), EARLY_DATA.len(), &mut length));
            return false;
        }
        while early.sends && server && !early.read_all {
            let mut room = [0u8; 16];
            match call!(self, SSL_read_early_data(ssl, room.as_mut_ptr().cast(), room.len(), &mut length)) {
                READ_EARLY_DATA_SUCCESS => early.read += length,
                READ_EARLY_DATA_FINISH => early.read_all = true,
                _ => return false,
            }
        }
        call!(self, SSL_do_handshake(ssl)) == 1
    }

    /// Returns what a handshake returns besides where early data was taken.
    fn early_taken(&self, client: *mut SSL, server: *mut SSL, early: Early) -> i64 {
        if !early.sends {
            return 0;
        }
        let [client, server] =
            [client, server].map(|ssl| call!(self, SSL_get_early_data_status(ssl)) == EARLY_DATA_ACCEPTED);
        let read = server && early.read == EARLY_DATA.len();
        (if client { EARLY_ACCEPTED } else { 0 }) + (if read { EARLY_READ } else { 0 })
    }
}

impl CPort {
    /// Sets the server's name that a client asks for: `SSL_set_tlsext_host_name(3)`.
    pub(super) fn set_host_name(&mut self, x: ConnectionSlot, name: &CString) -> i64 {
        let ssl = self.connection(x);
        let name = name.with_nul().map_or(ptr::null(), <[u8]>::as_ptr);
        call!(self, SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, name.cast_mut().cast()))
    }

    /// Reads the protocol that the server has selected: `SSL_get0_alpn_selected(3)`.
    pub(super) fn alpn_selected(&self, x: ConnectionSlot) -> Returned<'_> {
        let (mut at, mut length) = (ptr::null(), 0);
        call!(self, SSL_get0_alpn_selected(self.connection(x), &mut at, &mut length));
        let bytes: &[u8] = match at.is_null() {
            true => &[],
            // SAFETY: the connection lives, and the library says that so many bytes are there.
            false => unsafe { std::slice::from_raw_parts(at, length as usize) },
        };
        Returned::Copied { returned: length.into(), bytes, overrun: false }
    }

    pub(super) fn use_certificate(&mut self, x: ConnectionSlot) -> i64 {
        let ssl = self.connection(x);
        self.credentials.client.is_some_and(|pair| self.use_pair(ssl, pair)).into()
    }

    pub(super) fn handshake(&mut self, client: ConnectionSlot, server: ConnectionSlot, moment: &mut Moment<'_>) -> i64 {
        let births = events::births();
        let (client_ssl, server_ssl) = (self.connection(client), self.connection(server));
        let had = self.sessions_of([client_ssl, server_ssl]);
        handshake_callbacks::begin(self.sides(Some(client), server));
        psk_callbacks::begin();
        blocks::lend_bytes(|b| self.buffers.get(b));
        let mut done = [false; 2];
        let told = std::mem::take(&mut self.credentials.early[client.index()]);
        let mut early = Early::default();
        if self.connect(client_ssl, server_ssl) {
            early.sends = told && self.can_send_early(client_ssl, server_ssl, moment.passed);
            for _ in 0..FLIGHTS {
                for (server, ssl) in [(false, client_ssl), (true, server_ssl)] {
                    let done = &mut done[usize::from(server)];
                    *done = *done || handshake_callbacks::acting(server, || self.go_on(ssl, server, &mut early));
                }
                if done == [true; 2] {
                    break;
                }
            }
            if done[0] {
                handshake_callbacks::acting(false, || self.read_all(client_ssl));
            }
            self.inform([client_ssl, server_ssl], None);
        }
        handshake_callbacks::tell_alerts();
        self.credentials.peers[server.index()] = Some(client);
        self.credentials.peers[client.index()] = Some(server);
        let tape = &mut *moment.tape;
        self.record(births, [client_ssl, server_ssl], had, tape);
        blocks::record_written(tape);
        self.record_verified([client_ssl, server_ssl], tape);
        call!(self, ERR_clear_error());
        // Before TLS 1.3 nobody looks at it.
        let used =
            call!(self, SSL_session_reused(client_ssl)) != 0 && call!(self, SSL_version(client_ssl)) == TLS1_3_VERSION;
        self.credentials.agreed[client.index()] = if used { 0 } else { psk_callbacks::given() };
        let reused = [client_ssl, server_ssl].map(|ssl| i64::from(call!(self, SSL_session_reused(ssl))));
        let taken = if done == [true; 2] { self.early_taken(client_ssl, server_ssl, early) } else { 0 };
        i64::from(done[0]) + 2 * i64::from(done[1]) + 4 * reused[0] + 8 * reused[1] + taken
    }

    /// Records what came of verifying the certificate of a client's and of a server's peer.
    fn record_verified(&self, sides: [*mut SSL; 2], tape: &mut Tape) {
        if self.lacks().contains(Kind::GetVerifyResult) {
            return;
        }
        for (ssl, side) in sides.into_iter().zip(VERIFIED) {
            let code: i64 = call!(self, SSL_get_verify_result(ssl));
            tape.record(side, Recorded { id: code.to_le_bytes().to_vec(), ..Recorded::default() });
        }
    }

    /// Updates the keys of a connection, and lets the other side read that, and answer where it is asked to.
    pub(super) fn key_update(&mut self, x: ConnectionSlot, update: KeyUpdate) -> i64 {
        let Some(peer) = self.credentials.peers[x.index()] else { return 0 };
        let (ssl, other) = (self.connection(x), self.connection(peer));
        let server = call!(self, SSL_is_server(ssl)) == 1;
        let sides = if server { self.sides(Some(peer), x) } else { self.sides(Some(x), peer) };
        handshake_callbacks::begin(sides);
        let asks = update == KeyUpdate::Requested;
        let kind = if asks { SSL_KEY_UPDATE_REQUESTED } else { SSL_KEY_UPDATE_NOT_REQUESTED };
        let returned = call!(self, SSL_key_update(ssl, kind));
        if returned == 1 {
            self.inform([ssl, other], Some(handshake_callbacks::informed));
            handshake_callbacks::acting(server, || call!(self, SSL_do_handshake(ssl)));
            handshake_callbacks::acting(!server, || self.read_all(other));
            if asks && call!(self, SSL_is_init_finished(other)) == 1 {
                // The answer goes with what is written next.
                handshake_callbacks::acting(!server, || call!(self, SSL_write(other, b"u".as_ptr().cast(), 1)));
            }
            if asks {
                handshake_callbacks::acting(server, || self.read_all(ssl));
            }
            self.inform([ssl, other], None);
        }
        handshake_callbacks::tell_alerts();
        call!(self, ERR_clear_error());
        returned.into()
    }

    /// Asks a client for its certificate, and lets it answer, and read the tickets that come then.
    pub(super) fn verify_client(&mut self, x: ConnectionSlot, tape: &mut Tape) -> i64 {
        let Some(peer) = self.credentials.peers[x.index()] else { return 0 };
        let sides = [self.connection(peer), self.connection(x)];
        let [client, server] = sides;
        let had = self.sessions_of(sides);
        handshake_callbacks::begin(self.sides(Some(peer), x));
        let returned = call!(self, SSL_verify_client_post_handshake(server));
        if returned == 1 {
            self.inform(sides, Some(handshake_callbacks::informed));
            handshake_callbacks::acting(true, || call!(self, SSL_do_handshake(server)));
            for (server, ssl) in [(false, client), (true, server), (false, client)] {
                handshake_callbacks::acting(server, || self.read_all(ssl));
            }
            self.inform(sides, None);
        }
        handshake_callbacks::tell_alerts();
        // What the first ticket is made of was there before.
        self.record(0, sides, had, tape);
        self.record_verified(sides, tape);
        blocks::record_written(tape);
        call!(self, ERR_clear_error());
        returned.into()
    }

    /// Lets a server ask for another handshake, and both make it. It is not asked where a handshake has not finished.
    pub(super) fn renegotiate(&mut self, x: ConnectionSlot, is_new: bool, tape: &mut Tape) -> i64 {
        let Some(peer) = self.credentials.peers[x.index()] else { return 0 };
        let births = events::births();
        let sides = [self.connection(peer), self.connection(x)];
        let [client, server] = sides;
        let had = self.sessions_of(sides);
        blocks::lend_bytes(|b| self.buffers.get(b));
        handshake_callbacks::begin(self.sides(Some(peer), x));
        let returned = match (call!(self, SSL_is_init_finished(server)), is_new) {
            (0, _) => 0,
            (_, true) => call!(self, SSL_renegotiate(server)),
            (_, false) => call!(self, SSL_renegotiate_abbreviated(server)),
        };
        if returned == 1 {
            // As before each handshake: it may be on another context now, which has none.
            self.credentials.server.map(|pair| self.use_pair(server, pair));
            self.inform(sides, Some(handshake_callbacks::informed));
            handshake_callbacks::acting(true, || call!(self, SSL_do_handshake(server)));
            for _ in 0..FLIGHTS {
                handshake_callbacks::acting(false, || self.read_all(client));
                handshake_callbacks::acting(true, || self.read_all(server));
            }
            self.inform(sides, None);
        }
        handshake_callbacks::tell_alerts();
        self.record(births, sides, had, tape);
        self.record_verified(sides, tape);
        blocks::record_written(tape);
        call!(self, ERR_clear_error());
        returned.into()
    }

    pub(super) fn new_session_ticket(&mut self, x: ConnectionSlot, tape: &mut Tape) -> i64 {
        // What the first ticket is made of was there before.
        let births = 0;
        let server = self.connection(x);
        let client = self.credentials.peers[x.index()];
        let sides = [server, client.map_or(ptr::null_mut(), |client| self.connection(client))];
        let had = self.sessions_of(sides);
        handshake_callbacks::begin(self.sides(client, x));
        let returned = call!(self, SSL_new_session_ticket(server));
        if returned == 1 {
            self.inform(sides, Some(handshake_callbacks::informed));
            handshake_callbacks::acting(true, || call!(self, SSL_do_handshake(server)));
            if let Some(client) = client {
                handshake_callbacks::acting(false, || self.read_all(self.connection(client)));
            }
            self.inform(sides, None);
        }
        handshake_callbacks::tell_alerts();
        self.record(births, sides, had, tape);
        blocks::record_written(tape);
        call!(self, ERR_clear_error());
        returned.into()
    }
}

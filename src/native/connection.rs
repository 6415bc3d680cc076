//! The connection: what of an `SSL` has to do with sessions.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::bytes::ShortBytes;
use super::context::Context;
use super::error::Error;
use super::failure::Failure;
use super::rules::Rule;
use super::session::{ID_MAX, Session};
use super::suites::Suites;

/// Models an `SSL`. A reference to it is an [`Arc`].
#[derive(Debug)]
pub struct Connection {
    state: Mutex<State>,
}

/// Names a protocol version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Names DTLS 1.2, which a connection speaks where its context is for DTLS, and no other then.
    Dtls12,
    /// Names TLS 1.2.
    Tls12,
    /// Names TLS 1.3.
    #[default]
    Tls13,
}

impl Version {
    /// Returns the number by which sessions name it.
    pub const fn number(self) -> i32 {
        match self {
            Version::Dtls12 => 0xfefd,
            Version::Tls12 => 0x0303,
            Version::Tls13 => 0x0304,
        }
    }
}

/// Returns an identity, and a session that the connection then owns. It is asked for the context in which a client's sessions are cached.
pub type UsePsk = fn(context: &Context) -> Option<(Vec<u8>, Session)>;
/// Returns a reference to what is found under an identity. It is asked for the context in which a server's sessions are cached.
pub type FindPsk = fn(context: &Context, identity: &[u8]) -> Option<Session>;

/// Holds the settings that a connection takes over from its context when it is made.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// Is the highest version: `SSL_CTX_set_max_proto_version`.
    pub max_version: Version,
    /// Forbids tickets: `SSL_OP_NO_TICKET`.
    pub no_ticket: bool,
    /// Leaves the digest of the handshake out of the master secret of TLS 1.2: `SSL_OP_NO_EXTENDED_MASTER_SECRET`.
    pub no_extended_master_secret: bool,
    /// Keeps a server that renegotiates for a new session from resuming one: `SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION`.
    pub no_resumption_on_renegotiation: bool,
    /// Counts the tickets that a TLS 1.3 server sends after a handshake: `SSL_CTX_set_num_tickets`.
    pub tickets: u8,
    /// Limits the early data that a server takes, bytes: `SSL_CTX_set_max_early_data`.
    pub max_early_data: u32,
    /// Makes a server ask for a certificate: `SSL_VERIFY_PEER`.
    pub verifies: bool,
    /// Makes it do so in TLS 1.3 only after the handshake: `SSL_VERIFY_POST_HANDSHAKE`.
    pub verifies_later: bool,
    /// Returns whether a new session must not be resumed: `SSL_CTX_set_not_resumable_session_callback`.
    pub not_resumable: Option<fn(forward_secure: bool) -> bool>,
    /// Makes a session id of at most so many bytes: `SSL_CTX_set_generate_session_id`.
    pub generate_id: Option<fn(room: usize) -> Vec<u8>>,
    /// Lists the protocols that a client names, as they are sent: `SSL_CTX_set_alpn_protos`.
    pub alpn: Option<Arc<[u8]>>,
    /// Is asked for a session that was agreed on elsewhere: `SSL_CTX_set_psk_use_session_callback`.
    pub psk_use: Option<UsePsk>,
    /// Looks for a session that was agreed on elsewhere: `SSL_CTX_set_psk_find_session_callback`.
    pub psk_find: Option<FindPsk>,
}

/// Holds what a client says of the session that it wants to resume, before TLS 1.3.
pub(super) struct Offer {
    /// Holds the id that the client sends.
    pub id: Vec<u8>,
    /// Holds the ticket. `None` is an empty one, which asks for a ticket.
    pub ticket: Option<Vec<u8>>,
}

/// Says what is in the extension by which a client offers a ticket, before TLS 1.3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum TicketExtension {
    /// Has the session's ticket, or nothing.
    #[default]
    OfSession,
    /// Has these bytes where the session has no ticket of TLS 1.2.
    Given(Vec<u8>),
    /// Is left out where the session has no ticket of TLS 1.2.
    LeftOut,
}

/// Limits the name of a server, bytes: `TLSEXT_MAXLEN_host_name`.
const HOST_NAME_MAX: usize = 255;

/// Says how far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Has begun no handshake.
    Before,
    /// Has begun one that is not finished, nor will be.
    Within,
    /// Has finished one.
    Done,
}

/// Holds what of a connection changes.
#[derive(Debug)]
pub(super) struct State {
    /// Owns one reference.
    pub session: Option<Session>,
    pub stage: Stage,
    /// Names the version of the handshake that is finished.
    pub version: Version,
    pub server: bool,
    /// Says that this side has said that it sends nothing more, and that it has read that the other does not.
    pub shut: (bool, bool),
    /// Counts the tickets of TLS 1.3 that were sent since the handshake began.
    pub sent_tickets: u8,
    /// Points to the other side of the handshake.
    pub peer: Weak<Connection>,
    /// Owns the session that was agreed on elsewhere, and its identity: an external pre-shared key.
    pub external_psk: Option<(Vec<u8>, Session)>,
    /// Counts the tickets that were asked for and could not be made. `SSL_clear` does not forget them.
    pub pending_tickets: u32,
    /// Says why the handshake failed, if a fatal alert was sent or came.
    pub failure: Option<Failure>,
    /// Says that both sides have said in TLS 1.3 that they are finished. What comes after that are tickets.
    pub exchanged: bool,
    /// Says that the peer has said that it sends nothing more, read or not.
    pub peer_is_shut: bool,
    /// Holds the fatal alert that the peer has sent after the handshake, until it is read.
    pub unread_alert: Option<u8>,
    pub inherited: Inherited,
    /// Says whether a client has a certificate: shared with those that were given its session.
    pub certificate: Arc<AtomicBool>,
    /// Says that the handshake resumed a session.
    pub reused: bool,
    /// Holds an `X509_V_*` code, of the peer's certificate or of the session that was set or resumed.
    pub verify_result: i64,
    /// Names the version that is spoken, or the highest that can be.
    pub speaks: Version,
    /// Says that a server has read something else than a hello first, and takes the version of that record, TLS 1.0, for what is spoken.
    pub heard_no_hello: bool,
    /// Says that the handshake is not the first one of the connection.
    pub renegotiates: bool,
    /// Says that both sides have agreed on that version: the method is then one of that version alone.
    pub agreed_version: bool,
    /// Says that the method is that of clients, whatever side the connection takes. `SSL_copy_session_id` changes it.
    pub has_client_method: bool,
    pub id_context: ShortBytes,
    /// Holds the server's name that is asked for, without a NUL. The name that a server was asked for last is its own.
    pub host_name: Option<Vec<u8>>,
    /// Says what a client offers as a ticket.
    pub ticket_extension: TicketExtension,
    /// Holds the protocol that the server has selected.
    pub alpn: Option<Vec<u8>>,
    /// Counts the bytes of early data that a client sends in its handshake.
    pub sends_early: u32,
    /// Says that a client can be asked for its certificate after its handshakes.
    pub answers_later: bool,
    /// Says that the client of the last handshake has said so to a server.
    pub can_ask_later: bool,
    /// Lists its own suites of TLS 1.3; `None`: those of its context.
    pub suites: Option<Suites>,
    /// Caches the sessions: the context that it was made from.
    pub session_context: Arc<Context>,
    /// Has the settings and certificates: `SSL_set_SSL_CTX` changes it.
    pub context: Arc<Context>,
}

impl State {
    /// Returns whether the method is that of clients, and the version that it is for alone; `None`: for any.
    fn method(&self) -> (bool, Option<Version>) {
        (self.has_client_method, self.agreed_version.then_some(self.speaks))
    }

    /// Returns whether the method that it takes again is that of clients.
    fn has_own_client_method(&self) -> bool {
        let (made_with, given) = (self.session_context.method(), self.context.method());
        let differs = made_with != given;
        let of_context = differs && self.session_context.library().meets(Rule::MethodOfContext);
        if of_context { given.client } else { made_with.client }
    }

    /// Takes another method, and what the one before kept goes: `ssl_init` of `SSL_METHOD`.
    fn change_method(&mut self, client: bool, version: Option<Version>) {
        let newest = self.context.newest();
        (self.speaks, self.agreed_version, self.alpn) = (version.unwrap_or(newest), version.is_some(), None);
        (self.has_client_method, self.heard_no_hello) = (client, false);
    }
}

impl Connection {
    /// Makes a connection, which holds references to the context until it goes: `SSL_new`.
    pub fn new(context: &Arc<Context>) -> Arc<Connection> {
        Arc::new(Connection {
            state: Mutex::new(State {
                session: None,
                stage: Stage::Before,
                version: context.newest(),
                server: false,
                shut: (false, false),
                sent_tickets: 0,
                peer: Weak::new(),
                external_psk: None,
                pending_tickets: 0,
                exchanged: false,
                failure: None,
                peer_is_shut: false,
                unread_alert: None,
                inherited: context.inherited(),
                certificate: Arc::default(),
                reused: false,
                verify_result: 0,
                speaks: context.newest(),
                heard_no_hello: false,
                agreed_version: false,
                has_client_method: context.method().client,
                renegotiates: false,
                id_context: context.id_context(),
                host_name: None,
                ticket_extension: TicketExtension::OfSession,
                alpn: None,
                sends_early: 0,
                answers_later: false,
                can_ask_later: false,
                suites: None,
                session_context: context.clone(),
                context: context.clone(),
            }),
        })
    }

    /// Makes a connection that shares the session: `SSL_dup`. Once a handshake was begun, it returns another reference to this
    /// one.
    pub fn dup(self: &Arc<Connection>) -> Arc<Connection> {
        if self.state().stage != Stage::Before {
            return self.clone();
        }
        let copy = Connection::new(&self.state().context);
        let session = self.session();
        copy.set_session(session.as_ref());
        let from = self.state();
        let mut to = copy.state();
        to.id_context = from.id_context;
        (to.reused, to.shut) = (from.reused, from.shut);
        (to.speaks, to.agreed_version) = (from.speaks, from.agreed_version);
        to.has_client_method = from.has_client_method;
        to.suites.clone_from(&from.suites);
        // The rest is what its context has now.
        let own = to.inherited.clone();
        let Inherited { tickets, max_early_data, not_resumable, psk_use, psk_find, alpn, .. } = own;
        to.inherited =
            Inherited { tickets, max_early_data, not_resumable, psk_use, psk_find, alpn, ..from.inherited.clone() };
        to.certificate = match session {
            Some(_) => from.certificate.clone(),
            None => Arc::new(AtomicBool::new(from.certificate.load(Relaxed))),
        };
        drop(to);
        drop(from);
        copy
    }

    /// Makes the connection ready for another handshake: `SSL_clear`.
    pub fn clear(&self) {
        let bad = self.clear_bad_session();
        let mut state = self.state();
        let session = if bad { state.session.take() } else { None };
        let newest = state.context.newest();
        (state.stage, state.reused, state.shut, state.sent_tickets) = (Stage::Before, false, (false, false), 0);
        (state.exchanged, state.failure) = (false, None);
        (state.speaks, state.agreed_version, state.alpn) = (newest, false, None);
        state.heard_no_hello = false;
        state.has_client_method = state.has_own_client_method();
        let external_psk = state.external_psk.take();
        drop(state);
        drop(session);
        drop(external_psk);
    }

    /// Sets the session: `SSL_set_session`. The connection takes a reference of its own and gives back that to the session
    /// before.
    pub fn set_session(&self, session: Option<&Session>) {
        self.set_session_from(|| session.map(Session::up_ref));
    }

    /// Sets the session to what `take` gives, before or after the session before is given up, as the release has it.
    fn set_session_from(&self, take: impl Fn() -> Option<Session>) {
        let early = !self.session_context().library().rules.has(Rule::GivesUpFirst);
        let taken = early.then(&take);
        self.clear_bad_session();
        let session = taken.unwrap_or_else(take);
        let mut state = self.state();
        let own = state.has_own_client_method();
        if state.agreed_version {
            state.change_method(own, None);
        }
        // Another method of any version keeps what there is.
        state.has_client_method = own;
        if let Some(session) = &session {
            state.verify_result = session.verify_result();
        }
        let before = std::mem::replace(&mut state.session, session);
        drop(state);
        drop(before);
    }

    /// Takes over session and session id context of `from`: `SSL_copy_session_id`.
    pub fn copy_session_id(&self, from: &Connection) {
        self.set_session_from(|| from.session());
        let (id_context, certificate, method) = {
            let from = from.state();
            (from.id_context, from.certificate.clone(), from.method())
        };
        let mut to = self.state();
        (to.id_context, to.certificate) = (id_context, certificate);
        if to.method() != method {
            to.change_method(method.0, method.1);
        }
    }

    /// Sets what a client offers as a ticket; `None` leaves the extension out: `SSL_set_session_ticket_ext`.
    pub fn set_ticket_extension(&self, ticket: Option<&[u8]>) {
        self.state().ticket_extension = match ticket {
            Some(ticket) => TicketExtension::Given(ticket.to_vec()),
            None => TicketExtension::LeftOut,
        };
    }

    /// Sets the name that a client asks for: `SSL_set_tlsext_host_name`. It goes whatever comes in its place.
    ///
    /// # Errors
    /// Refuses an empty name and more than 255 bytes.
    pub fn set_host_name(&self, name: Option<&[u8]>) -> Result<(), Error> {
        let fits = name.is_none_or(|name| (1..=HOST_NAME_MAX).contains(&name.len()));
        self.state().host_name = name.filter(|_| fits).map(<[u8]>::to_vec);
        if fits { Ok(()) } else { Err(Error::HostNameLength) }
    }

    /// Sets what makes ids of sessions: `SSL_set_generate_session_id`.
    pub fn set_generate_id(&self, make: Option<fn(room: usize) -> Vec<u8>>) {
        self.state().inherited.generate_id = make;
    }

    /// Limits the early data that a server takes, bytes: `SSL_set_max_early_data`.
    pub fn set_max_early_data(&self, bytes: u32) {
        self.state().inherited.max_early_data = bytes;
    }

    /// Lets a client send so many bytes of early data in its handshake, where it can: `SSL_write_early_data`.
    pub fn send_early_data(&self, bytes: u32) {
        self.state().sends_early = bytes;
    }

    /// Sets whether a client says in its handshakes that it can be asked for its certificate after them: `SSL_set_post_handshake_auth`.
    pub fn set_answers_later(&self, answers: bool) {
        self.state().answers_later = answers;
    }

    /// Sets what came of verifying the peer's certificate, an `X509_V_*` code: `SSL_set_verify_result`.
    pub fn set_verify_result(&self, code: i64) {
        self.state().verify_result = code;
    }

    /// Returns whether the cache has a session of this id and of the version that is spoken: `SSL_has_matching_session_id`.
    pub fn has_matching_id(&self, id: &[u8]) -> bool {
        const TLS1_VERSION: i32 = 0x0301;
        let state = self.state();
        let speaks = if state.heard_no_hello { TLS1_VERSION } else { state.speaks.number() };
        drop(state);
        id.len() <= ID_MAX && self.session_context().has_key(speaks, id)
    }

    /// Sets the session id context: `SSL_set_session_id_context`.
    ///
    /// # Errors
    /// Refuses more than 32 bytes.
    pub fn set_id_context(&self, context: &[u8]) -> Result<(), Error> {
        if context.len() > ID_MAX {
            return Err(Error::IdContextTooLong);
        }
        self.state().id_context = ShortBytes::new(context);
        Ok(())
    }

    /// Sets the context: `SSL_set_SSL_CTX`. `None` is the context that it was made from. Sessions are cached where they were.
    pub fn set_context(&self, context: Option<&Arc<Context>>) {
        let mut state = self.state();
        if context.is_some_and(|context| Arc::ptr_eq(context, &state.context)) {
            return;
        }
        // Certificates are those of the context from here on, even where it is the same.
        state.certificate = Arc::default();
        let context = context.unwrap_or(&state.session_context).clone();
        if Arc::ptr_eq(&context, &state.context) {
            return;
        }
        if state.id_context == state.context.id_context() {
            state.id_context = context.id_context();
        }
        let before = std::mem::replace(&mut state.context, context);
        drop(state);
        drop(before);
    }

    /// Forbids to resume the session of a connection that was not closed, and returns whether it was such: `ssl_clear_bad_session`.
    fn clear_bad_session(&self) -> bool {
        let state = self.state();
        // What the peer said does not count.
        let bad = state.stage == Stage::Done && !state.shut.0;
        let bad = bad && state.session.is_some();
        drop(state);
        if bad {
            self.remove_own_session();
        }
        bad
    }

    /// Locks the connection.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes getters, each of which locks the connection for as long as it looks.
macro_rules! state_getters {
    ($($(#[$doc:meta])* $vis:vis $name:ident: $type:ty = |$state:ident| $read:expr;)*) => {
        impl Connection {
            $($(#[$doc])*
            $vis fn $name(&self) -> $type {
                let $state = self.state();
                $read
            })*
        }
    };
}

pub(super) use state_getters;

state_getters! {
    /// Returns another reference to the session: `SSL_get1_session`.
    pub session: Option<Session> = |state| state.session.as_ref().map(Session::up_ref);
    /// Returns the [`Session::address`] of the session: `SSL_get_session`, which gives no reference.
    pub session_address: Option<usize> = |state| state.session.as_ref().map(Session::address);
    /// Returns the [`Session::address`] of the session that was agreed on elsewhere and was not used.
    pub psk_address: Option<usize> = |state| state.external_psk.as_ref().map(|(_, session)| session.address());
    /// Returns another reference to that session.
    pub psk_session: Option<Session> = |state| state.external_psk.as_ref().map(|(_, session)| session.up_ref());
    /// Returns how many references that session has.
    pub psk_references: usize = |state| state.external_psk.as_ref().map_or(0, |(_, session)| session.references());
    /// Returns an `X509_V_*` code: `SSL_get_verify_result`.
    pub verify_result: i64 = |state| state.verify_result;
    /// Returns why the handshake failed, if it did.
    pub failure: Option<Failure> = |state| state.failure;
    /// Returns the protocol that the server has selected: `SSL_get0_alpn_selected`.
    pub alpn_selected: Option<Vec<u8>> = |state| state.alpn.clone();
    /// Returns whether the handshake resumed a session: `SSL_session_reused`.
    pub session_reused: bool = |state| state.reused;
    /// Returns the context that it has now, and that in which its sessions are cached.
    pub contexts: [Arc<Context>; 2] = |state| [state.context.clone(), state.session_context.clone()];
}

/// Gives back what the connection owns: `SSL_free` of the last reference.
impl Drop for Connection {
    fn drop(&mut self) {
        self.clear_bad_session();
        let session = self.state().session.take();
        drop(session);
        let external_psk = self.state().external_psk.take();
        drop(external_psk);
    }
}

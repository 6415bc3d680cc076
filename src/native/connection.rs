//! The connection: what of an `SSL` has to do with sessions.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::bytes::ShortBytes;
use super::context::Context;
use super::error::Error;
use super::session::{ID_MAX, Session};

/// `SSL`. A reference to it is an [`Arc`].
#[derive(Debug)]
pub struct Connection {
    state: Mutex<State>,
}

/// A protocol version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2
    Tls12,
    /// TLS 1.3
    #[default]
    Tls13,
}

impl Version {
    /// As sessions have it.
    pub const fn number(self) -> i32 {
        match self {
            Version::Tls12 => 0x0303,
            Version::Tls13 => 0x0304,
        }
    }
}

/// Gives an identity, and a session that the connection then owns.
pub type UsePsk = fn() -> (Vec<u8>, Session);
/// Gives a reference to what is found under an identity.
pub type FindPsk = fn(identity: &[u8]) -> Option<Session>;

/// The settings that a connection takes over from its context when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Inherited {
    /// `SSL_CTX_set_max_proto_version`
    pub max_version: Version,
    /// `SSL_OP_NO_TICKET`
    pub no_ticket: bool,
    /// `SSL_CTX_set_num_tickets`
    pub tickets: u8,
    /// `SSL_VERIFY_PEER`
    pub verifies: bool,
    /// `SSL_CTX_set_not_resumable_session_callback`
    pub not_resumable: Option<fn(forward_secure: bool) -> bool>,
    /// `SSL_CTX_set_generate_session_id`
    pub generate_id: Option<fn(room: usize) -> Vec<u8>>,
    /// `SSL_CTX_set_psk_use_session_callback`: an identity, and a session that the connection then owns.
    pub psk_use: Option<UsePsk>,
    /// `SSL_CTX_set_psk_find_session_callback`: a reference to what is found under an identity.
    pub psk_find: Option<FindPsk>,
}

impl Default for Inherited {
    fn default() -> Inherited {
        Inherited {
            max_version: Version::Tls13,
            no_ticket: false,
            tickets: 2,
            verifies: false,
            not_resumable: None,
            generate_id: None,
            psk_use: None,
            psk_find: None,
        }
    }
}

/// What a client says of the session that it wants to resume, before TLS 1.3.
pub(super) struct Offer {
    pub id: Vec<u8>,
    /// `None`: an empty one, which asks for a ticket.
    pub ticket: Option<Vec<u8>>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No handshake was begun.
    Before,
    /// One was begun and is not finished, nor will be.
    Within,
    /// It is finished.
    Done,
}

#[derive(Debug)]
pub(super) struct State {
    pub session: Option<Session>,
    pub stage: Stage,
    pub version: Version,
    pub server: bool,
    /// It has said that it sends nothing more, and has read that the other does not.
    pub shut: (bool, bool),
    pub sent_tickets: u8,
    /// The other side of the handshake.
    pub peer: Weak<Connection>,
    /// What was agreed on by other means, and its identity.
    pub psk: Option<(Vec<u8>, Session)>,
    /// Tickets that were asked for and could not be made. `SSL_clear` does not forget them.
    pub owed_tickets: u32,
    /// Both sides have said in TLS 1.3 that they are finished; what comes after that are tickets.
    pub exchanged: bool,
    /// It has said that it sends nothing more.
    pub peer_is_shut: bool,
    pub inherited: Inherited,
    /// Whether a client has a certificate: shared with those that were given its session.
    pub certificate: Arc<AtomicBool>,
    pub reused: bool,
    pub id_context: ShortBytes,
    /// Where sessions are cached: the context it was made from.
    pub session_context: Arc<Context>,
    pub context: Arc<Context>,
}

impl Connection {
    /// `SSL_new`. The connection holds references to the context until it goes.
    pub fn new(context: &Arc<Context>) -> Arc<Connection> {
        Arc::new(Connection {
            state: Mutex::new(State {
                session: None,
                stage: Stage::Before,
                version: Version::Tls13,
                server: false,
                shut: (false, false),
                sent_tickets: 0,
                peer: Weak::new(),
                psk: None,
                owed_tickets: 0,
                exchanged: false,
                peer_is_shut: false,
                inherited: context.inherited(),
                certificate: Arc::default(),
                reused: false,
                id_context: context.id_context(),
                session_context: context.clone(),
                context: context.clone(),
            }),
        })
    }

    /// `SSL_dup`: a new connection that shares the session or, once a handshake was begun, another reference to this one.
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
        // The rest is what its context has now.
        let Inherited { tickets, not_resumable, psk_use, psk_find, .. } = to.inherited;
        to.inherited = Inherited { tickets, not_resumable, psk_use, psk_find, ..from.inherited };
        to.certificate = match session {
            Some(_) => from.certificate.clone(),
            None => Arc::new(AtomicBool::new(from.certificate.load(Relaxed))),
        };
        drop(to);
        drop(from);
        copy
    }

    /// `SSL_clear`.
    pub fn clear(&self) {
        let bad = self.clear_bad_session();
        let mut state = self.state();
        let session = if bad { state.session.take() } else { None };
        (state.stage, state.reused, state.shut, state.sent_tickets) = (Stage::Before, false, (false, false), 0);
        state.exchanged = false;
        let psk = state.psk.take();
        drop(state);
        drop(session);
        drop(psk);
    }

    /// `SSL_set_session`: the connection takes a reference of its own and gives back that to the session before.
    pub fn set_session(&self, session: Option<&Session>) {
        self.set_session_from(|| session.map(Session::up_ref));
    }

    fn set_session_from(&self, take: impl Fn() -> Option<Session>) {
        let early = self.session_context().library().rules.set_session_takes_first;
        let taken = early.then(&take);
        self.clear_bad_session();
        let session = taken.unwrap_or_else(take);
        let before = std::mem::replace(&mut self.state().session, session);
        drop(before);
    }

    /// `SSL_get1_session`: another reference.
    pub fn session(&self) -> Option<Session> {
        self.state().session.as_ref().map(Session::up_ref)
    }

    /// The [`Session::address`] of the session: `SSL_get_session`, which gives no reference.
    pub fn session_address(&self) -> Option<usize> {
        self.state().session.as_ref().map(Session::address)
    }

    /// The [`Session::address`] of the session that was agreed on by other means and was not used.
    pub fn psk_address(&self) -> Option<usize> {
        self.state().psk.as_ref().map(|(_, session)| session.address())
    }

    /// How many references that session has.
    pub fn psk_references(&self) -> usize {
        self.state().psk.as_ref().map_or(0, |(_, session)| session.references())
    }

    /// `SSL_copy_session_id`: session and session id context of `from`.
    pub fn copy_session_id(&self, from: &Connection) {
        self.set_session_from(|| from.session());
        let (id_context, certificate) = {
            let from = from.state();
            (from.id_context, from.certificate.clone())
        };
        let mut to = self.state();
        (to.id_context, to.certificate) = (id_context, certificate);
    }

    /// `SSL_session_reused`.
    pub fn session_reused(&self) -> bool {
        self.state().reused
    }

    /// `SSL_set_session_id_context`.
    ///
    /// # Errors
    /// More than 32 bytes.
    pub fn set_id_context(&self, context: &[u8]) -> Result<(), Error> {
        if context.len() > ID_MAX {
            return Err(Error::IdContextTooLong);
        }
        self.state().id_context = ShortBytes::new(context);
        Ok(())
    }

    /// `SSL_set_SSL_CTX`: `None` is the context it was made from. Where sessions are cached stays.
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

    /// The context it has now, and that in which its sessions are cached.
    pub fn contexts(&self) -> [Arc<Context>; 2] {
        let state = self.state();
        [state.context.clone(), state.session_context.clone()]
    }

    /// `ssl_clear_bad_session`: the session of a connection that was not closed is not to be resumed.
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

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `SSL_free` of the last reference.
impl Drop for Connection {
    fn drop(&mut self) {
        self.clear_bad_session();
        let session = self.state().session.take();
        drop(session);
        let psk = self.state().psk.take();
        drop(psk);
    }
}

//! The connection: what of an `SSL` has to do with sessions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bytes::Short;
use super::context::Context;
use super::error::Error;
use super::session::{ID_MAX, Session};

/// `SSL`. A reference to it is an [`Arc`].
#[derive(Debug)]
pub struct Connection {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    session: Option<Session>,
    /// A handshake is finished, and no end was announced since.
    open: bool,
    reused: bool,
    id_context: Short,
    /// Where sessions are cached: the context it was made from.
    session_context: Arc<Context>,
    context: Arc<Context>,
}

impl Connection {
    /// `SSL_new`. The connection holds references to the context until it goes.
    pub fn new(context: &Arc<Context>) -> Arc<Connection> {
        Arc::new(Connection {
            state: Mutex::new(State {
                session: None,
                open: false,
                reused: false,
                id_context: context.id_context(),
                session_context: context.clone(),
                context: context.clone(),
            }),
        })
    }

    /// `SSL_dup` before a handshake: a new connection that shares the session.
    pub fn dup(&self) -> Arc<Connection> {
        let copy = Connection::new(&self.state().context);
        let id_context = self.state().id_context;
        copy.set_session(self.session().as_ref());
        copy.state().id_context = id_context;
        copy.state().reused = self.state().reused;
        copy
    }

    /// `SSL_clear`.
    pub fn clear(&self) {
        let bad = self.clear_bad_session();
        let mut state = self.state();
        let session = if bad { state.session.take() } else { None };
        (state.open, state.reused) = (false, false);
        drop(state);
        drop(session);
    }

    /// `SSL_set_session`: the connection takes a reference of its own and gives back that to the session before.
    pub fn set_session(&self, session: Option<&Session>) {
        let session = session.map(Session::up_ref);
        self.clear_bad_session();
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

    /// `SSL_copy_session_id`: session and session id context of `from`.
    pub fn copy_session_id(&self, from: &Connection) {
        self.set_session(from.session().as_ref());
        let id_context = from.state().id_context;
        self.state().id_context = id_context;
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
        self.state().id_context = Short::new(context);
        Ok(())
    }

    /// `SSL_set_SSL_CTX`: `None` is the context it was made from. Where sessions are cached stays.
    pub fn set_context(&self, context: Option<&Arc<Context>>) {
        let mut state = self.state();
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
        let Some(session) = state.session.as_ref().filter(|_| state.open).map(Session::up_ref) else { return false };
        let context = state.session_context.clone();
        drop(state);
        context.remove_session(&session);
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `SSL_free` of the last reference.
impl Drop for Connection {
    fn drop(&mut self) {
        self.clear_bad_session();
        let session = self.state().session.take();
        drop(session);
    }
}

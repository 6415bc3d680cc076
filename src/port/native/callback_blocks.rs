//! Callbacks of the native library that are blocks: their calls are made inside the callback.

use super::super::blocks::{self, Calling, copied};
use super::super::events;
use super::callbacks::{give_back, keep, kept, living, looking_at, note_raised, record_new, record_removal};
use crate::native::{Connection, Context, NameAnswer, Session};
use crate::op::{BlockCall, Inner, NameReturn, Op};
use crate::trace::Callback;

/// Makes the calls of blocks on sessions of the native library.
struct InBlock<'a> {
    session: &'a Session,
    /// Names the context that up_refs are kept for, or 0.
    keeper: usize,
    /// Holds the address of the duplicate, while it is kept, or 0.
    copy: usize,
}

impl InBlock<'_> {
    fn address(&self, of: Inner) -> usize {
        match of {
            Inner::Session => self.session.address(),
            Inner::Copy => self.copy,
        }
    }

    /// Does something with a session. Of the duplicate the reference is used that is kept.
    fn with<R>(&self, of: Inner, act: impl FnOnce(&Session) -> R) -> Option<R> {
        match of {
            Inner::Session => Some(act(self.session)),
            Inner::Copy => looking_at(self.copy, act),
        }
    }

    fn dup(&mut self, of: Inner) -> i64 {
        // What the block had before is kept, and has no name any more.
        let made = self.with(of, |session| session.dup().map_err(|error| session.library().raises(error)));
        self.copy = 0;
        match made {
            Some(Ok(copy)) => {
                self.copy = copy.address();
                let resumable = copy.is_resumable();
                keep(copy, 0);
                copied(resumable)
            }
            Some(Err(raised)) => {
                note_raised(raised);
                0
            }
            None => 0,
        }
    }
}

impl blocks::Port for InBlock<'_> {
    fn has(&self, of: Inner) -> bool {
        of == Inner::Session || self.copy != 0 && kept(self.copy) > 0
    }

    fn is_cached_but_in(&self, context: usize, of: Inner) -> bool {
        let lists = |session: &Session| living().iter().any(|other| other.address() != context && other.lists(session));
        self.with(of, lists).unwrap_or(true)
    }

    fn make(&mut self, calling: Calling) -> i64 {
        let context = living().into_iter().find(|context| context.address() == calling.context);
        let context = context.as_deref();
        let time = calling.time;
        let returned = match calling.call {
            BlockCall::UpRef { of } => {
                if let Some(another) = self.with(of, Session::up_ref) {
                    keep(another, self.keeper);
                }
                Some(1)
            }
            BlockCall::Free { of } => {
                give_back(self.address(of));
                None
            }
            BlockCall::Dup { of, .. } => Some(self.dup(of)),
            BlockCall::SetTimeout { of, .. } => self.with(of, |session| session.set_timeout(time).is_ok().into()),
            BlockCall::SetTime { of, .. } => self.with(of, |session| {
                session.set_time(time);
                time
            }),
            BlockCall::GetTimeout { of } => self.with(of, Session::timeout),
            BlockCall::GetTime { of } => self.with(of, Session::time),
            BlockCall::GetProtocolVersion { of } => self.with(of, |session| session.protocol_version().into()),
            BlockCall::IsResumable { of } => self.with(of, |session| session.is_resumable().into()),
            BlockCall::Add { of, .. } => {
                self.with(of, |session| context.is_some_and(|c| c.add_session(session)).into())
            }
            BlockCall::Remove { of, .. } => {
                self.with(of, |session| context.is_some_and(|c| c.remove_session(session)).into())
            }
            BlockCall::Flush { .. } => {
                if let Some(context) = context {
                    context.flush_sessions(time);
                }
                None
            }
            BlockCall::Number { .. } => context.map(|context| context.number() as i64),
            BlockCall::ToDer { b, of } => self.with(of, |session| {
                let mut der = Vec::new();
                let written = session.to_der(&mut der);
                blocks::write(b, written.then_some(der))
            }),
        };
        returned.unwrap_or(0)
    }
}

/// Is `remove_session_cb` where its calls were set.
fn remove_block(context: &Context, session: &Session) {
    record_removal(context, session);
    let block = blocks::remove_of(context.address());
    blocks::run(context.address(), &block.calls, &mut InBlock { session, keeper: 0, copy: 0 });
}

/// Is `new_session_cb` where its calls were set.
fn new_block(context: &Context, server: bool, session: Session) {
    record_new(server, &session);
    let block = blocks::new_of(context.address());
    let mut inside = InBlock { session: &session, keeper: context.address(), copy: 0 };
    blocks::run(context.address(), &block.calls, &mut inside);
    if block.keeps {
        keep(session, context.address());
    }
}

/// Is a callback for servers' names where its call was set: it moves a server to another context.
fn name_block(context: &Context, connection: &Connection, server: bool) -> NameAnswer {
    let Some(block) = blocks::name_of(context.address()) else { return NameAnswer::Declined };
    let to = blocks::held_by(block.to);
    let to = living().into_iter().find(|context| context.address() == to);
    let moved = match (server, &to) {
        (false, _) => blocks::STAYS,
        (true, None) => blocks::NOWHERE,
        (true, Some(_)) => blocks::MOVES,
    };
    events::called(Callback::ServerName, [server.into(), 0, moved, 0, 0]);
    if moved == blocks::MOVES {
        connection.set_context(to.as_ref());
    }
    match block.returns {
        NameReturn::Accepted => NameAnswer::Accepted,
        NameReturn::Declined => NameAnswer::Declined,
        NameReturn::Refused => NameAnswer::Refused,
    }
}

/// Makes a callback of a context the block that the op has.
#[expect(clippy::wildcard_enum_match_arm, reason = "the ops that have a block; the others have none")]
pub(super) fn set(context: &Context, op: &Op) {
    let mut callbacks = context.callbacks();
    match op {
        Op::CtxSetRemoveBlock { block, .. } => {
            blocks::set_remove(context.address(), block);
            callbacks.remove = Some(remove_block);
        }
        Op::CtxSetNewBlock { block, .. } => {
            blocks::set_new(context.address(), block);
            callbacks.new = Some(new_block);
        }
        Op::CtxSetNameBlock { block, .. } => {
            blocks::set_name(context.address(), *block);
            callbacks.server_name = Some(name_block);
        }
        _ => {}
    }
    context.set_callbacks(callbacks);
}

//! Callbacks of the native library that are blocks: their calls are made inside the callback.

use std::sync::Arc;

use super::super::blocks::{self, Calling, Named, PSK_BLOCKS, copied};
use super::super::events;
use super::super::handshakes::PSK_IDENTITY;
use super::callbacks::{
    self, give_back, keep, kept, living, looking_at, looking_at_owned, note_raised, record_new, record_removal,
};
use super::serial::OfSamples;
use crate::native::{Connection, Context, FindPsk, Inherited, Library, NameAnswer, Session, UsePsk, Version};
use crate::op::{BlockCall, Inner, NameReturn, Op, Source};
use crate::plan::Giving;
use crate::trace::Callback;

/// Says which session a block is about.
#[derive(Clone, Copy)]
enum About<'a> {
    /// Its callback is told of it.
    Told(&'a Session),
    /// A variable of the program owns it: its address.
    Owned(usize),
    /// A callback kept it: its address, or 0 where there is none.
    Kept(usize),
}

/// Makes the calls of blocks on sessions of the native library.
struct InBlock<'a> {
    session: About<'a>,
    /// Names the context that up_refs are kept for, or 0.
    keeper: usize,
    /// Holds the address of the duplicate, while it is kept, or 0.
    copy: usize,
}

impl InBlock<'_> {
    /// Begins a block whose callback is told of no session. `kept` is what the new callback of the same context kept, or 0.
    fn of(source: Source, library: &Arc<Library>, kept: impl FnOnce() -> usize) -> InBlock<'static> {
        let made = |session: Session| {
            let address = session.address();
            keep(session, 0);
            About::Kept(address)
        };
        let session = match blocks::named(source) {
            Named::Nothing => About::Kept(0),
            Named::Kept => About::Kept(kept()),
            Named::Owned(address) => About::Owned(address),
            Named::Agreed => made(callbacks::make_psk(library)),
            Named::Bytes(der) => match library.session_from_der(&der, &mut OfSamples) {
                Ok((session, _)) => made(session),
                Err(why) => {
                    note_raised(why.raises());
                    About::Kept(0)
                }
            },
        };
        InBlock { session, keeper: 0, copy: 0 }
    }

    fn address(&self, of: Inner) -> usize {
        match (of, self.session) {
            (Inner::Session, About::Told(session)) => session.address(),
            (Inner::Session, About::Owned(address) | About::Kept(address)) => address,
            (Inner::Copy, _) => self.copy,
        }
    }

    /// Does something with a session. Of what is kept that reference is used.
    fn with<R>(&self, of: Inner, act: impl FnOnce(&Session) -> R) -> Option<R> {
        match (of, self.session) {
            (Inner::Session, About::Told(session)) => Some(act(session)),
            (Inner::Session, About::Owned(address)) => looking_at_owned(address, act),
            (Inner::Session, About::Kept(address)) => looking_at(address, act),
            (Inner::Copy, _) => looking_at(self.copy, act),
        }
    }

    /// Returns the reference that the callback gives, or that the library takes.
    fn give(&self, Giving { of, away, sound, .. }: Giving) -> Option<Session> {
        // That none comes with a session Rust cannot say.
        let given = if away && sound { callbacks::give_away(self.address(of)) } else { None };
        given.or_else(|| self.with(of, Session::up_ref))
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
        match (of, self.session) {
            (Inner::Session, About::Told(_) | About::Owned(_)) => true,
            (Inner::Session, About::Kept(_)) | (Inner::Copy, _) => self.keeps(of),
        }
    }

    fn fits(&self, of: Inner, tls13: bool) -> bool {
        let fits = |session: &Session| {
            let speaks = !tls13 || session.protocol_version() == Version::Tls13.number();
            speaks && session.cipher().is_some() && session.master_key(&mut []) > 0
        };
        self.with(of, fits).unwrap_or(false)
    }

    fn keeps(&self, of: Inner) -> bool {
        let address = self.address(of);
        address != 0 && kept(address) > 0
    }

    fn is_cached_but_in(&self, context: usize, of: Inner) -> bool {
        let lists = |session: &Session| living().iter().any(|other| other.address() != context && other.lists(session));
        self.with(of, lists).unwrap_or(true)
    }

    fn make(&mut self, calling: Calling) -> i64 {
        let context = living().into_iter().find(|context| context.address() == calling.context);
        let context = context.as_deref();
        let time = calling.time;
        let add = |session: &Session| context.is_some_and(|c| c.add_session(session));
        let remove = |session: &Session| context.is_some_and(|c| c.remove_session(session));
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
            BlockCall::Add { of, .. } | BlockCall::AddAnyway { of, .. } => self.with(of, |session| add(session).into()),
            BlockCall::Remove { of, .. } => self.with(of, |session| remove(session).into()),
            // What runs inside it does nothing: there is an end.
            BlockCall::AddAndRemove { of, .. } => self.with(of, |session| {
                add(session);
                remove(session).into()
            }),
            // What is not the block's is not freed, and what it keeps has a reference: Rust cannot say otherwise.
            BlockCall::FreeBorrowed { .. } => None,
            BlockCall::KeepBorrowed { of } => {
                if let Some(another) = self.with(of, Session::up_ref) {
                    keep(another, self.keeper);
                }
                None
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
    blocks::run(context.address(), &block.calls, &mut InBlock { session: About::Told(session), keeper: 0, copy: 0 });
}

/// Is `new_session_cb` where its calls were set.
fn new_block(context: &Context, server: bool, session: Session) {
    record_new(server, &session);
    let block = blocks::new_of(context.address());
    let mut inside = InBlock { session: About::Told(&session), keeper: context.address(), copy: 0 };
    blocks::run(context.address(), &block.calls, &mut inside);
    if block.keeps {
        keep(session, context.address());
    }
}

/// Is `get_session_cb` where its calls were set.
fn get_block(context: &Context, id: &[u8]) -> Option<Session> {
    events::called(Callback::Get, [1, 0, id.len() as u32, events::key(0, id), 0]);
    let block = blocks::get_of(context.address());
    let kept = || callbacks::find(context.address(), |found| found == id).map_or(0, |found| found.address());
    given_by(context, block.source, &block.calls, blocks::giving(&block), kept)
}

/// Runs the calls of a block whose callback is told of no session. Returns what it gives.
fn given_by(
    context: &Context,
    source: Source,
    calls: &[BlockCall],
    giving: Option<Giving>,
    kept: impl FnOnce() -> usize,
) -> Option<Session> {
    let mut inside = InBlock::of(source, &callbacks::library(), kept);
    blocks::run(context.address(), calls, &mut inside);
    blocks::gives(context.address(), giving, calls.len(), &inside)?;
    inside.give(giving?)
}

/// Runs the block of this number. Returns a reference for the library.
fn agreed_by(context: &Context, number: usize) -> Option<Session> {
    let block = blocks::psk_of(number);
    let kept = || callbacks::find(context.address(), |_| true).map_or(0, |found| found.address());
    given_by(context, block.source, &block.calls, blocks::giving_psk(&block), kept)
}

/// Returns what runs the block of this number for a client.
fn to_use(number: usize) -> Option<UsePsk> {
    fn uses<const NUMBER: usize>(context: &Context) -> Option<(Vec<u8>, Session)> {
        events::called(Callback::PskUse, [0; 5]);
        Some((PSK_IDENTITY.to_vec(), agreed_by(context, NUMBER)?))
    }
    const ALL: [UsePsk; PSK_BLOCKS] =
        [uses::<0>, uses::<1>, uses::<2>, uses::<3>, uses::<4>, uses::<5>, uses::<6>, uses::<7>];
    ALL.get(number).copied()
}

/// Returns what runs the block of this number for a server.
fn to_find(number: usize) -> Option<FindPsk> {
    fn finds<const NUMBER: usize>(context: &Context, identity: &[u8]) -> Option<Session> {
        if callbacks::record_find(identity) { agreed_by(context, NUMBER) } else { None }
    }
    const ALL: [FindPsk; PSK_BLOCKS] =
        [finds::<0>, finds::<1>, finds::<2>, finds::<3>, finds::<4>, finds::<5>, finds::<6>, finds::<7>];
    ALL.get(number).copied()
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
        Op::CtxSetGetBlock { block, .. } => {
            blocks::set_get(context.address(), block);
            callbacks.get = Some(get_block);
        }
        Op::CtxSetPskUseBlock { block, .. } => {
            let psk_use = to_use(blocks::set_psk(block));
            context.set_inherited(Inherited { psk_use, ..context.inherited() });
        }
        Op::CtxSetPskFindBlock { block, .. } => {
            let psk_find = to_find(blocks::set_psk(block));
            context.set_inherited(Inherited { psk_find, ..context.inherited() });
        }
        Op::CtxSetNameBlock { block, .. } => {
            blocks::set_name(context.address(), *block);
            callbacks.server_name = Some(name_block);
        }
        _ => unreachable!("{op} sets no block"),
    }
    context.set_callbacks(callbacks);
}

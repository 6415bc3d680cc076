//! Contexts and connections of the native library, in slots.

use std::cell::Cell;
use std::sync::Arc;

use super::super::Chain;
use super::super::events;
use super::{Access, NativePort};
use crate::native::{Callbacks, Connection, Context, Session, Statistic};
use crate::op::{Bytes, ConnectionSlot, ContextSlot, Method, RemoveCallback, Slot};
use crate::trace::SAME;

thread_local! {
    /// References that callbacks have taken, in order, and the address of the context whose new callback did, or 0.
    static KEPT: std::cell::RefCell<Vec<(Session, usize)>> = const { std::cell::RefCell::new(Vec::new()) };
    /// A callback is running, and calls back.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
    /// The session that the running call was given by a pointer that is no reference: it has one more for so long.
    static LENT: Cell<usize> = const { Cell::new(0) };
}

/// A program begins: nothing is kept.
pub(super) fn begin() {
    WITHIN.set(false);
    super::handshakes::begin();
    let kept = KEPT.with_borrow_mut(std::mem::take);
    drop(kept);
}

fn record(context: &Context, session: &Session) {
    let key = events::key(session.protocol_version(), session.id().as_slice());
    let lent = usize::from(LENT.get() == session.address());
    events::removed(context.address(), session.address(), key, (session.references() - lent) as u32);
}

/// Keeps a reference for the new callback of a context, or for no context.
pub(super) fn keep(session: Session, context: usize) {
    KEPT.with_borrow_mut(|kept| kept.push((session, context)));
}

/// The first session that the new callback of this context kept, and whose id is the one that is sought.
pub(super) fn find(context: usize, is_sought: impl Fn(&[u8]) -> bool) -> Option<Session> {
    KEPT.with_borrow(|kept| {
        let mut kept = kept.iter().filter(|kept| kept.1 == context);
        kept.find(|kept| is_sought(kept.0.id().as_slice())).map(|kept| kept.0.up_ref())
    })
}

fn up_refs(context: &Context, session: &Session) {
    record(context, session);
    keep(session.up_ref(), 0);
}

fn removes(context: &Context, session: &Session) {
    record(context, session);
    if !WITHIN.replace(true) {
        context.remove_session(session);
        WITHIN.set(false);
    }
}

fn frees(context: &Context, session: &Session) {
    record(context, session);
    let kept = KEPT.with_borrow_mut(|kept| {
        let at = kept.iter().position(|kept| kept.0.address() == session.address())?;
        Some(kept.remove(at))
    });
    drop(kept);
}

fn remove_callback(callback: RemoveCallback) -> Option<fn(&Context, &Session)> {
    match callback {
        RemoveCallback::None => None,
        RemoveCallback::Records => Some(record),
        RemoveCallback::UpRefs => Some(up_refs),
        RemoveCallback::Removes => Some(removes),
        RemoveCallback::Frees => Some(frees),
    }
}

impl NativePort {
    /// Whether the new callback of a context kept the session at this address.
    pub(in crate::port) fn kept_by_new_callback(&self, address: usize) -> bool {
        KEPT.with_borrow(|kept| kept.iter().any(|kept| kept.1 != 0 && kept.0.address() == address))
    }

    pub(in crate::port) fn context(&self, c: ContextSlot) -> &Arc<Context> {
        // The plan allows only calls on slots that hold a context.
        &self.contexts[c.index()][0]
    }

    /// How many connections that have made no handshake have the session at this address.
    pub(in crate::port) fn set_connections_with(&self, address: usize) -> u32 {
        let firsts = self.connections.iter().filter_map(|connections| connections.first());
        firsts.filter(|one| !one.is_done() && one.session_address() == Some(address)).count() as u32
    }

    pub(in crate::port) fn connection(&self, x: ConnectionSlot) -> &Arc<Connection> {
        &self.connections[x.index()][0]
    }
}

impl NativePort {
    pub(in crate::port) fn set_passed(&mut self, seconds: u64) {
        self.library.set_passed(seconds);
    }

    pub(in crate::port) fn new_context(&mut self, dst: ContextSlot, _method: Method, _pooled: bool) -> bool {
        let context = self.library.context();
        events::context_born(context.address());
        let freed: fn(&Context) = |context| events::context_freed(context.address());
        context.set_callbacks(Callbacks { freed: self.has_callbacks.then_some(freed), ..Callbacks::default() });
        self.contexts[dst.index()].push(context);
        true
    }

    pub(in crate::port) fn up_ref_context(&mut self, c: ContextSlot) -> i64 {
        let another = self.context(c).clone();
        self.contexts[c.index()].push(another);
        1
    }

    pub(in crate::port) fn free_context(&mut self, c: Option<ContextSlot>, _last: bool) {
        if let Some(c) = c {
            self.contexts[c.index()].pop();
        }
    }

    pub(in crate::port) fn set_cache_mode(&mut self, c: ContextSlot, mode: u32) -> i64 {
        self.context(c).set_cache_mode(mode).into()
    }

    pub(in crate::port) fn cache_mode(&mut self, c: ContextSlot) -> i64 {
        self.context(c).cache_mode().into()
    }

    pub(in crate::port) fn set_cache_size(&mut self, c: ContextSlot, size: i64) -> i64 {
        self.context(c).set_cache_size(size)
    }

    pub(in crate::port) fn cache_size(&mut self, c: ContextSlot) -> i64 {
        self.context(c).cache_size()
    }

    pub(in crate::port) fn set_context_timeout(&mut self, c: ContextSlot, seconds: i64) -> i64 {
        self.context(c).set_timeout(seconds)
    }

    pub(in crate::port) fn context_timeout(&mut self, c: ContextSlot) -> i64 {
        self.context(c).timeout()
    }

    pub(in crate::port) fn set_context_id_context(&mut self, c: ContextSlot, context: &Bytes) -> i64 {
        let result = self.context(c).set_id_context(context.get().unwrap_or_default());
        self.answer(result)
    }

    pub(in crate::port) fn add_session(&mut self, c: ContextSlot, s: Slot) -> i64 {
        self.context(c).add_session(&self.session(s)).into()
    }

    pub(in crate::port) fn remove_session(&mut self, c: ContextSlot, s: Option<Slot>) -> i64 {
        let Some(s) = s else { return 0 };
        let session = self.session(s);
        if let Access::Borrowed(lent) = &session {
            LENT.set(lent.address());
        }
        let removed = self.context(c).remove_session(&session);
        LENT.set(0);
        removed.into()
    }

    pub(in crate::port) fn flush_sessions(&mut self, c: ContextSlot, seconds: i64) {
        self.context(c).flush_sessions(seconds);
    }

    pub(in crate::port) fn flush_sessions_ex(&mut self, c: ContextSlot, seconds: i64) {
        self.context(c).flush_sessions(seconds);
    }

    pub(in crate::port) fn cached_number(&mut self, c: ContextSlot) -> i64 {
        self.context(c).number() as i64
    }

    pub(in crate::port) fn statistic(&mut self, c: ContextSlot, of: Statistic) -> i64 {
        self.context(c).statistic(of) as i64
    }

    pub(in crate::port) fn set_remove_callback(&mut self, c: ContextSlot, callback: RemoveCallback) {
        let callbacks = self.context(c).callbacks();
        self.context(c).set_callbacks(Callbacks { remove: remove_callback(callback), ..callbacks });
    }

    pub(in crate::port) fn take_kept(&mut self, dst: Slot) -> bool {
        let first = KEPT.with_borrow_mut(|kept| (!kept.is_empty()).then(|| kept.remove(0)));
        let Some((first, _)) = first else { return false };
        self.slots[dst.index()].owned.push(first);
        true
    }

    pub(in crate::port) fn lose(&mut self, s: Slot) {
        let lost = std::mem::take(&mut self.slots[s.index()].owned);
        self.lost.extend(lost);
    }

    pub(in crate::port) fn new_connection(&mut self, dst: ConnectionSlot, c: ContextSlot) -> bool {
        let connection = Connection::new(self.context(c));
        self.connections[dst.index()].push(connection);
        true
    }

    pub(in crate::port) fn up_ref_connection(&mut self, x: ConnectionSlot) -> i64 {
        let another = self.connection(x).clone();
        self.connections[x.index()].push(another);
        1
    }

    pub(in crate::port) fn free_connection(&mut self, x: Option<ConnectionSlot>) {
        if let Some(x) = x {
            self.connections[x.index()].pop();
        }
    }

    pub(in crate::port) fn clear(&mut self, x: ConnectionSlot) -> i64 {
        self.connection(x).clear();
        1
    }

    pub(in crate::port) fn dup_connection(&mut self, dst: ConnectionSlot, x: ConnectionSlot) -> i64 {
        let copy = self.connection(x).dup();
        let same = Arc::ptr_eq(&copy, self.connection(x));
        let owner = if same { x } else { dst };
        self.connections[owner.index()].push(copy);
        if same { SAME } else { 1 }
    }

    pub(in crate::port) fn set_session(&mut self, x: ConnectionSlot, s: Option<Slot>) -> i64 {
        let session = s.map(|s| self.session(s));
        if let Some(Access::Borrowed(lent)) = &session {
            LENT.set(lent.address());
        }
        self.connection(x).set_session(session.as_deref());
        LENT.set(0);
        1
    }

    pub(in crate::port) fn get_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool {
        let lent = self.connection(x).session();
        let Some(lent) = lent else { return false };
        // A pointer that keeps nothing alive.
        self.slots[dst.index()].borrowed = Some(lent.downgrade());
        true
    }

    pub(in crate::port) fn get1_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool {
        let Some(session) = self.connection(x).session() else { return false };
        self.slots[dst.index()].owned.push(session);
        true
    }

    pub(in crate::port) fn copy_session_id(&mut self, to: ConnectionSlot, from: ConnectionSlot) -> i64 {
        self.connection(to).copy_session_id(self.connection(from));
        1
    }

    pub(in crate::port) fn session_reused(&mut self, x: ConnectionSlot) -> i64 {
        self.connection(x).session_reused().into()
    }

    pub(in crate::port) fn peer_cert_chain(&mut self, x: ConnectionSlot) -> Option<Chain> {
        let session = self.connection(x).session()?;
        let (chain, peer) = (session.peer_chain()?, session.peer());
        let is_peer = |certificate: &&Arc<[u8]>| peer.as_ref().is_some_and(|peer| Arc::ptr_eq(peer, certificate));
        let peers = chain.iter().filter(is_peer).count();
        Some(Chain { certificates: chain.len() as u32, peers: peers as u32 })
    }

    pub(in crate::port) fn set_connection_id_context(&mut self, x: ConnectionSlot, context: &Bytes) -> i64 {
        let result = self.connection(x).set_id_context(context.get().unwrap_or_default());
        self.answer(result)
    }

    pub(in crate::port) fn set_context(&mut self, x: ConnectionSlot, c: Option<ContextSlot>) -> bool {
        self.connection(x).set_context(c.map(|c| self.context(c)));
        true
    }

    pub(in crate::port) fn connections_with(&self, address: usize) -> u32 {
        let firsts = self.connections.iter().filter_map(|connections| connections.first());
        let has = |connection: &Connection| {
            u32::from(connection.session_address() == Some(address))
                + u32::from(connection.psk_address() == Some(address))
        };
        firsts.map(|connection| has(connection)).sum()
    }

    /// Returns how many caches list the slot's session, of all contexts that live.
    pub(in crate::port) fn caches_with(&self, s: Slot) -> u32 {
        let session = self.session(s);
        let mut caches = 0;
        self.each_context(&mut |context| caches += u32::from(context.lists(&session)));
        caches
    }

    pub(in crate::port) fn count_at(&self, address: usize) -> Option<u32> {
        let in_slots = self.slots.iter().filter_map(|held| held.owned.first());
        if let Some(session) = in_slots.into_iter().find(|session| session.address() == address) {
            return Some(session.references() as u32);
        }
        let mut connected = self.connections.iter().filter_map(|connections| connections.first()?.session());
        if let Some(session) = connected.find(|session| session.address() == address) {
            // Without the reference that looks.
            return Some(session.references() as u32 - 1);
        }
        let kept = KEPT.with_borrow(|kept| {
            kept.iter().find(|kept| kept.0.address() == address).map(|kept| kept.0.references() as u32)
        });
        if kept.is_some() {
            return kept;
        }
        let mut agreed = self.connections.iter().filter_map(|connections| connections.first());
        if let Some(connection) = agreed.find(|connection| connection.psk_address() == Some(address)) {
            return Some(connection.psk_references() as u32);
        }
        let mut found = None;
        self.each_context(&mut |context| {
            context.sessions(|session| {
                if session.address() == address {
                    found = Some(session.references() as u32);
                }
            });
        });
        found
    }

    pub(in crate::port) fn kept(&self, address: usize) -> u32 {
        KEPT.with_borrow(|kept| kept.iter().filter(|kept| kept.0.address() == address).count()) as u32
    }
}

impl NativePort {
    /// Every context that lives, once: held by a slot or by a connection.
    pub(super) fn each_context(&self, look: &mut dyn FnMut(&Context)) {
        let mut seen = [0; 16];
        let mut number = 0;
        let in_slots = self.contexts.iter().filter_map(|contexts| contexts.first().cloned());
        let in_connections =
            self.connections.iter().filter_map(|connections| connections.first()).flat_map(|one| one.contexts());
        for context in in_slots.chain(in_connections) {
            if !seen[..number].contains(&context.address()) && number < seen.len() {
                seen[number] = context.address();
                number += 1;
                look(&context);
            }
        }
    }
}

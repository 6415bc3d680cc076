//! How the planted bugs spoil what is shared.

use super::{Bug, Planted};
use crate::native::{Session, Statistic};
use crate::op::{Bytes, ConnectionSlot, ContextSlot, Method, RemoveCallback, Slot, Variable};
use crate::port::Chain;
use crate::port::Port;

/// `SSL_SESS_CACHE_UPDATE_TIME`
const UPDATE_TIME: i64 = 0x400;

impl Planted {
    /// Keeps a reference for ever.
    pub(super) fn leak(&mut self, session: Option<Session>) {
        self.kept.extend(session);
    }

    /// Another reference to the session of a slot.
    fn another(&self, s: Slot) -> Option<Session> {
        (self.inner.address(Variable::Session(s)) != 0).then(|| self.session(s).up_ref())
    }

    /// Other references to what a context has cached, of those that `wanted` picks.
    fn cached_where(&self, c: ContextSlot, wanted: impl Fn(&Session) -> bool) -> Vec<Session> {
        let mut found = Vec::new();
        self.inner.context(c).sessions(|session| {
            if wanted(session) {
                found.push(session.up_ref());
            }
        });
        found
    }

    pub(super) fn connected_session(&self, x: ConnectionSlot) -> Option<Session> {
        self.inner.connection(x).session()
    }

    /// How many references fewer the bug lets a session have than there are.
    pub(super) fn uncounted(&self, s: Slot) -> u32 {
        if self.inner.address(Variable::Session(s)) == 0 {
            return 0;
        }
        match self.bug {
            Bug::AddTakesNoReference => self.inner.caches_with(s),
            // Only what was set: a handshake takes its own.
            Bug::SetSessionTakesNoReference => {
                self.inner.set_connections_with(self.inner.address(Variable::Session(s)))
            }
            Bug::NewCallbackKeptIsFreed => self.freed_though_kept(self.inner.address(Variable::Session(s))),
            Bug::SslDupTakesNoReference => u32::from(self.happened.duped == self.inner.address(Variable::Session(s))),
            Bug::CopySessionIdTakesNoReference if self.happened.copied => 1,
            Bug::Get1TakesNoReference if self.happened.got => 1,
            _ => 0,
        }
    }
}

impl Planted {
    pub(super) fn set_passed(&mut self, seconds: u64) {
        let seconds = if self.has(Bug::ClockStandsStill) { 0 } else { seconds };
        self.inner.set_passed(seconds);
    }

    pub(super) fn new_context(&mut self, dst: ContextSlot, method: Method, pooled: bool) -> bool {
        let made = self.inner.new_context(dst, method, pooled);
        match self.bug {
            Bug::ContextCachesNothing => drop(self.inner.set_cache_mode(dst, 0)),
            Bug::ContextTimesOutEarly => drop(self.inner.set_context_timeout(dst, 300)),
            _ => {}
        }
        made
    }

    pub(super) fn up_ref_context(&mut self, c: ContextSlot) -> i64 {
        if self.has(Bug::ContextUpRefDoesNothing) { 1 } else { self.inner.up_ref_context(c) }
    }

    pub(super) fn free_context(&mut self, c: Option<ContextSlot>, last: bool) {
        if let (true, true, Some(c)) = (self.has(Bug::ContextFreeKeepsSessions), last, c) {
            let kept = self.cached_where(c, |_| true);
            self.kept.extend(kept);
        }
        if let (true, true, Some(c)) = (self.has(Bug::ContextFreeTellsNobody), last, c) {
            self.inner.set_remove_callback(c, RemoveCallback::None);
        }
        self.inner.free_context(c, last);
    }

    pub(super) fn set_cache_mode(&mut self, c: ContextSlot, mode: u32) -> i64 {
        match self.bug {
            Bug::CacheModeReturnsNew => {
                self.inner.set_cache_mode(c, mode);
                mode.into()
            }
            Bug::CacheModeForgetsUpdateTime => self.inner.set_cache_mode(c, mode & !(UPDATE_TIME as u32)),
            _ => self.inner.set_cache_mode(c, mode),
        }
    }

    pub(super) fn cache_mode(&mut self, c: ContextSlot) -> i64 {
        self.inner.cache_mode(c)
    }

    pub(super) fn set_cache_size(&mut self, c: ContextSlot, size: i64) -> i64 {
        match self.bug {
            Bug::CacheSizeTakesNegative => self.inner.set_cache_size(c, size.max(0)),
            Bug::CacheSizeHas32Bits => self.inner.set_cache_size(c, i64::from(size as u32)),
            Bug::CacheSizeEvictsAtOnce => {
                let before = self.inner.set_cache_size(c, size);
                let surplus = self.inner.cached_number(c) > size && size > 0;
                if let Some(victim) = self.cached_where(c, |session| !session.id().as_slice().is_empty()).first()
                    && surplus
                {
                    self.inner.context(c).remove_session(victim);
                }
                before
            }
            _ => self.inner.set_cache_size(c, size),
        }
    }

    pub(super) fn cache_size(&mut self, c: ContextSlot) -> i64 {
        self.inner.cache_size(c)
    }

    pub(super) fn set_context_timeout(&mut self, c: ContextSlot, seconds: i64) -> i64 {
        let before = self.inner.set_context_timeout(c, seconds);
        if self.has(Bug::ContextTimeoutReturnsNew) { seconds } else { before }
    }

    pub(super) fn context_timeout(&mut self, c: ContextSlot) -> i64 {
        self.inner.context_timeout(c)
    }

    pub(super) fn set_context_id_context(&mut self, c: ContextSlot, context: &Bytes) -> i64 {
        if self.has(Bug::ContextIdContextOneByteMore) && context.get().is_some_and(|context| context.len() == 33) {
            return 1;
        }
        self.inner.set_context_id_context(c, context)
    }

    pub(super) fn add_session(&mut self, c: ContextSlot, s: Slot) -> i64 {
        let (version, id) = (self.session(s).protocol_version(), self.session(s).id());
        let address = self.inner.address(Variable::Session(s));
        let displaced = self.cached_where(c, |other| {
            let alike = other.protocol_version() == version && other.id() == id && other.address() != address;
            alike && self.bug == Bug::AddKeepsDisplaced
        });
        let size = self.inner.cache_size(c);
        if self.has(Bug::AddEvictsOneLate) && size > 0 {
            self.inner.set_cache_size(c, size.saturating_add(1));
        }
        if self.has(Bug::AddForgetsUpdateTime) && self.inner.cache_mode(c) & UPDATE_TIME != 0 {
            let mode = self.inner.set_cache_mode(c, 0);
            let returned = self.inner.add_session(c, s);
            self.inner.set_cache_mode(c, mode as u32);
            return returned;
        }
        let returned = self.inner.add_session(c, s);
        if self.has(Bug::AddEvictsOneLate) && size > 0 {
            self.inner.set_cache_size(c, size);
        }
        match self.bug {
            Bug::AddTakesTwoReferences if returned == 1 => self.leak(self.another(s)),
            Bug::AddAgainTakesReference if returned == 0 => self.leak(self.another(s)),
            Bug::AddKeepsDisplaced => self.kept.extend(displaced),
            Bug::AddSetsTime => self.session(s).set_time(1),
            Bug::AddEvictsWithoutLimit if size == 0 => {
                let others = self.cached_where(c, |other| other.address() != address);
                if let Some(victim) = others.first() {
                    self.inner.context(c).remove_session(victim);
                }
            }
            Bug::AddReturnsZero => return 0,
            Bug::AddAgainReturnsOne => return 1,
            _ => {}
        }
        returned
    }

    pub(super) fn remove_session(&mut self, c: ContextSlot, s: Option<Slot>) -> i64 {
        let Some(slot) = s else { return self.inner.remove_session(c, s) };
        if self.has(Bug::RemoveOfNothingTellsNobody) && self.inner.caches_with(slot) == 0 {
            let callbacks = self.inner.context(c).callbacks();
            self.inner.context(c).set_callbacks(crate::native::Callbacks { remove: None, ..callbacks });
            let returned = self.inner.remove_session(c, s);
            self.inner.context(c).set_callbacks(callbacks);
            return returned;
        }
        let (version, id) = (self.session(slot).protocol_version(), self.session(slot).id());
        let returned = self.inner.remove_session(c, s);
        match self.bug {
            Bug::RemoveKeepsReference if returned == 1 => self.leak(self.another(slot)),
            Bug::RemoveReturnsOne => return 1,
            Bug::RemoveReturnsZero => return 0,
            Bug::RemoveLeavesResumable => self.stale[slot.index()] = true,
            Bug::RemoveTellsTwice => drop(self.inner.remove_session(c, s)),
            Bug::RemoveIgnoresVersion if returned == 0 => {
                let others = self.cached_where(c, |other| other.protocol_version() != version && other.id() == id);
                if let Some(victim) = others.first().filter(|_| !id.as_slice().is_empty()) {
                    self.inner.context(c).remove_session(victim);
                    return 1;
                }
            }
            Bug::RemoveEmptiesCache if returned == 1 => self.inner.context(c).flush_sessions(0),
            _ => {}
        }
        returned
    }

    pub(super) fn flush_sessions(&mut self, c: ContextSlot, seconds: i64) {
        match self.bug {
            Bug::FlushTakesLastSecond if seconds != 0 => self.inner.flush_sessions(c, seconds.saturating_add(1)),
            Bug::FlushOfAllKeepsOne if seconds == 0 => {
                let first = self.cached_where(c, |_| true).into_iter().next();
                self.inner.flush_sessions(c, 0);
                if let Some(first) = first {
                    self.inner.context(c).add_session(&first);
                }
            }
            Bug::FlushOfAllKeepsUnexpired if seconds == 0 => self.inner.flush_sessions(c, i64::from(i32::MAX)),
            Bug::FlushKeepsReferences => {
                let before = self.cached_where(c, |_| true);
                self.inner.flush_sessions(c, seconds);
                let context = self.inner.context(c);
                let gone: Vec<Session> = before.into_iter().filter(|session| !context.lists(session)).collect();
                self.kept.extend(gone);
            }
            Bug::FlushDoesNothing => {}
            _ => self.inner.flush_sessions(c, seconds),
        }
    }

    pub(super) fn flush_sessions_ex(&mut self, c: ContextSlot, seconds: i64) {
        let seconds = if self.has(Bug::FlushExHas32Bits) { i64::from(seconds as i32) } else { seconds };
        self.inner.flush_sessions_ex(c, seconds);
    }

    pub(super) fn cached_number(&mut self, c: ContextSlot) -> i64 {
        let number = self.inner.cached_number(c);
        if self.has(Bug::NumberCountsOneMore) { number + 1 } else { number }
    }

    pub(super) fn statistic(&mut self, c: ContextSlot, of: Statistic) -> i64 {
        if self.has(Bug::CacheFullIsNotCounted) && of == Statistic::CacheFull {
            return 0;
        }
        self.inner.statistic(c, of)
    }

    pub(super) fn set_remove_callback(&mut self, c: ContextSlot, callback: RemoveCallback) {
        if self.has(Bug::RemoveCallbackFreesNothing) && callback == RemoveCallback::Frees {
            return self.inner.set_remove_callback(c, RemoveCallback::Records);
        }
        if self.has(Bug::RemoveCallbackStays) && callback == RemoveCallback::None {
            return;
        }
        self.inner.set_remove_callback(c, callback);
    }

    pub(super) fn take_kept(&mut self, dst: Slot) -> bool {
        let made = self.inner.take_kept(dst);
        self.live[dst.index()] = made;
        made
    }

    pub(super) fn lose(&mut self, s: Slot) {
        self.inner.lose(s);
    }

    pub(super) fn new_connection(&mut self, dst: ConnectionSlot, c: ContextSlot) -> bool {
        self.inner.new_connection(dst, c)
    }

    pub(super) fn up_ref_connection(&mut self, x: ConnectionSlot) -> i64 {
        let returned = self.inner.up_ref_connection(x);
        if self.has(Bug::SslUpRefReturnsTwo) { 2 } else { returned }
    }

    pub(super) fn free_connection(&mut self, x: Option<ConnectionSlot>) {
        if let (true, Some(x)) = (self.has(Bug::SslFreeKeepsSession), x) {
            let kept = self.connected_session(x);
            self.leak(kept);
        }
        if let (true, Some(x)) = (self.has(Bug::FreeForgetsWhatWasNotClosed), x) {
            self.inner.connection(x).shutdown();
        }
        if let (true, Some(x)) = (self.happened.same_untaken, x) {
            self.inner.connection(x).set_session(None);
        }
        self.inner.free_connection(x);
    }

    pub(super) fn clear(&mut self, x: ConnectionSlot) -> i64 {
        let returned = self.inner.clear(x);
        match self.bug {
            Bug::ClearDropsSession => drop(self.inner.set_session(x, None)),
            Bug::ClearTakesReference => self.leak(self.connected_session(x)),
            _ => {}
        }
        returned
    }

    pub(super) fn dup_connection(&mut self, dst: ConnectionSlot, x: ConnectionSlot) -> i64 {
        self.spoiled_dup(dst, x)
    }

    pub(super) fn set_session(&mut self, x: ConnectionSlot, s: Option<Slot>) -> i64 {
        let before = self.has(Bug::SetSessionKeepsOld).then(|| self.connected_session(x)).flatten();
        let same =
            s.is_some_and(|s| self.inner.address(Variable::Session(s)) == self.inner.address(Variable::Connection(x)));
        if self.has(Bug::SetSessionIgnoresNull) && s.is_none() {
            return 1;
        }
        let returned = self.inner.set_session(x, s);
        match (self.bug, s) {
            (Bug::SetSessionTakesTwoReferences, Some(s)) => self.leak(self.another(s)),
            (Bug::SetSessionAgainTakesReference, Some(s)) if same => self.leak(self.another(s)),
            (Bug::SetSessionKeepsOld, _) if !same => self.leak(before),
            (Bug::SetSessionOfNullReturnsZero, None) => return 0,
            _ => {}
        }
        returned
    }

    pub(super) fn get_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool {
        let made = self.inner.get_session(dst, x);
        self.live[dst.index()] = made;
        if self.has(Bug::GetSessionTakesReference) {
            let kept = self.connected_session(x);
            self.leak(kept);
        }
        made
    }

    pub(super) fn get1_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool {
        let made = self.inner.get1_session(dst, x);
        self.live[dst.index()] = made;
        self.happened.got = made;
        match self.bug {
            Bug::Get1TakesTwoReferences => self.leak(self.connected_session(x)),
            Bug::Get1ReturnsACopy if made => {
                if let Ok(copy) = self.session(dst).dup() {
                    self.inner.replace(dst, copy);
                }
            }
            _ => {}
        }
        made
    }

    pub(super) fn copy_session_id(&mut self, to: ConnectionSlot, from: ConnectionSlot) -> i64 {
        let before = self.has(Bug::CopySessionIdKeepsOld).then(|| self.connected_session(to)).flatten();
        let returned = self.inner.copy_session_id(to, from);
        self.happened.copied = to != from;
        match self.bug {
            Bug::CopySessionIdTakesTwoReferences => self.leak(self.connected_session(to)),
            Bug::CopySessionIdKeepsOld => self.leak(before),
            Bug::CopySessionIdToItselfDrops if to == from => self.inner.connection(to).set_session(None),
            _ => {}
        }
        returned
    }

    pub(super) fn session_reused(&mut self, x: ConnectionSlot) -> i64 {
        let reused = self.inner.session_reused(x);
        if self.has(Bug::ReusedSaysNoAfterHandshake) {
            return 0;
        }
        // A session that was only set is none that was resumed.
        if self.has(Bug::ReusedBeforeHandshake)
            && self.inner.address(Variable::Connection(x)) != 0
            && !self.inner.connection(x).is_done()
        {
            1
        } else {
            reused
        }
    }

    pub(super) fn peer_cert_chain(&mut self, x: ConnectionSlot) -> Option<Chain> {
        self.inner.peer_cert_chain(x)
    }

    pub(super) fn set_connection_id_context(&mut self, x: ConnectionSlot, context: &Bytes) -> i64 {
        let too_long = context.get().is_some_and(|context| context.len() > 32);
        let returned = self.inner.set_connection_id_context(x, context);
        if self.has(Bug::SslIdContextRaisesNothing) && too_long {
            self.inner.after();
        }
        returned
    }

    pub(super) fn set_context(&mut self, x: ConnectionSlot, c: Option<ContextSlot>) -> bool {
        let kept = self.inner.connection(x).contexts();
        let returned = self.inner.set_context(x, c);
        if self.has(Bug::SetContextKeepsOld) {
            self.kept_contexts.extend(kept);
        }
        returned && !(self.has(Bug::SetContextOfNullReturnsNull) && c.is_none())
    }
}

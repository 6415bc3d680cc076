//! Connections of a C library, and the whole of what is shared as the trait wants it.

use std::ffi::{c_uint, c_void};
use std::ptr;

use openssl_sys::{OPENSSL_STACK, SSL, SSL_SESSION};

use super::contexts::Setting;
use super::{CPort, callbacks, clock, refcount};
use crate::native::Statistic;
use crate::op::{Bytes, ConnectionSlot, ContextSlot, Kind, Method, RemoveCallback, Slot};
use crate::port::Port;
use crate::port::sharing::{Chain, Dupped, Sharing};

impl CPort {
    /// A context, a connection and a cached session: what they allocate once is allocated here.
    pub(super) fn warm_up_contexts(&mut self) {
        let (c, x, s) = (ContextSlot::wrapping(0), ConnectionSlot::wrapping(0), Slot::wrapping(0));
        if self.lacks().contains(Kind::SslNew) || self.lacks().contains(Kind::CtxAdd) {
            return;
        }
        for method in Method::ALL {
            if self.new_context(c, *method, false) {
                if self.new_connection(x, c) {
                    self.clear(x);
                    self.free_connection(Some(x));
                }
                self.forget_connection(x);
                if self.new_session(s) {
                    self.add_session(c, s);
                    self.free(Some(s));
                }
                self.forget(s);
                self.free_context(Some(c), true);
            }
            self.forget_context(c);
        }
    }

    pub(super) fn connection(&self, x: ConnectionSlot) -> *mut SSL {
        self.connections[x.index()]
    }

    fn keep_connection(&mut self, dst: ConnectionSlot, ssl: *mut SSL) -> bool {
        self.connections[dst.index()] = ssl;
        !ssl.is_null()
    }

    fn session_of(&self, ssl: *mut SSL) -> *mut SSL_SESSION {
        if ssl.is_null() { ptr::null_mut() } else { call!(self, SSL_get_session(ssl)) }
    }
}

impl Sharing for CPort {
    fn set_passed(&mut self, seconds: u64) {
        clock::set_passed(seconds);
    }

    fn new_context(&mut self, dst: ContextSlot, method: Method, pooled: bool) -> bool {
        self.make_context(dst, method, pooled)
    }

    fn up_ref_context(&mut self, c: ContextSlot) -> i64 {
        call!(self, SSL_CTX_up_ref(self.contexts.get(c))).into()
    }

    fn free_context(&mut self, c: Option<ContextSlot>, last: bool) {
        self.release_context(c, last);
    }

    fn forget_context(&mut self, c: ContextSlot) {
        self.forget_context_of(c);
    }

    fn set_cache_mode(&mut self, c: ContextSlot, mode: u32) -> i64 {
        self.cache_setting(c, Setting::SetMode(mode))
    }

    fn cache_mode(&mut self, c: ContextSlot) -> i64 {
        self.cache_setting(c, Setting::Mode)
    }

    fn set_cache_size(&mut self, c: ContextSlot, size: i64) -> i64 {
        self.cache_setting(c, Setting::SetSize(size))
    }

    fn cache_size(&mut self, c: ContextSlot) -> i64 {
        self.cache_setting(c, Setting::Size)
    }

    fn set_context_timeout(&mut self, c: ContextSlot, seconds: i64) -> i64 {
        call!(self, SSL_CTX_set_timeout(self.contexts.get(c), seconds))
    }

    fn context_timeout(&mut self, c: ContextSlot) -> i64 {
        call!(self, SSL_CTX_get_timeout(self.contexts.get(c)))
    }

    fn set_context_id_context(&mut self, c: ContextSlot, context: &Bytes) -> i64 {
        self.set_id_context_of(c, context)
    }

    fn add_session(&mut self, c: ContextSlot, s: Slot) -> i64 {
        self.add(c, s)
    }

    fn remove_session(&mut self, c: ContextSlot, s: Option<Slot>) -> i64 {
        self.remove(c, s)
    }

    fn flush_sessions(&mut self, c: ContextSlot, seconds: i64) {
        call!(self, SSL_CTX_flush_sessions(self.contexts.get(c), seconds));
    }

    fn flush_sessions_ex(&mut self, c: ContextSlot, seconds: i64) {
        call!(self, SSL_CTX_flush_sessions_ex(self.contexts.get(c), seconds));
    }

    fn cached_number(&mut self, c: ContextSlot) -> i64 {
        self.cache_setting(c, Setting::Number)
    }

    fn statistic(&mut self, c: ContextSlot, of: Statistic) -> i64 {
        self.counted(c, of)
    }

    fn set_remove_callback(&mut self, c: ContextSlot, callback: RemoveCallback) {
        self.set_remove(c, callback);
    }

    fn take_kept(&mut self, dst: Slot) -> bool {
        let session = callbacks::take().unwrap_or(ptr::null_mut());
        self.keep(dst, session)
    }

    fn lose(&mut self, _s: Slot) {}

    fn release_kept(&mut self) {
        while let Some(session) = callbacks::take() {
            call!(self, SSL_SESSION_free(session));
        }
    }

    fn new_connection(&mut self, dst: ConnectionSlot, c: ContextSlot) -> bool {
        let context = self.contexts.get(c);
        let ssl = call!(self, SSL_new(context));
        self.credentials.note_context(dst, context);
        self.keep_connection(dst, ssl)
    }

    fn up_ref_connection(&mut self, x: ConnectionSlot) -> i64 {
        call!(self, SSL_up_ref(self.connection(x))).into()
    }

    fn free_connection(&mut self, x: Option<ConnectionSlot>) {
        call!(self, SSL_free(x.map_or(ptr::null_mut(), |x| self.connection(x))));
    }

    fn forget_connection(&mut self, x: ConnectionSlot) {
        self.connections[x.index()] = ptr::null_mut();
        self.credentials.forget_agreed(x);
    }

    fn clear(&mut self, x: ConnectionSlot) -> i64 {
        self.credentials.forget_agreed(x);
        call!(self, SSL_clear(self.connection(x))).into()
    }

    fn dup_connection(&mut self, dst: ConnectionSlot, x: ConnectionSlot) -> Dupped {
        let context = call!(self, SSL_get_SSL_CTX(self.connection(x)));
        let copy = call!(self, SSL_dup(self.connection(x)));
        if copy == self.connection(x) {
            return Dupped::Same;
        }
        self.credentials.note_context(dst, context);
        if self.keep_connection(dst, copy) { Dupped::Another } else { Dupped::Null }
    }

    fn set_session(&mut self, x: ConnectionSlot, s: Option<Slot>) -> i64 {
        call!(self, SSL_set_session(self.connection(x), self.session_or_null(s))).into()
    }

    fn get_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool {
        let session = call!(self, SSL_get_session(self.connection(x)));
        self.keep(dst, session)
    }

    fn look_at(&mut self, dst: Slot, x: ConnectionSlot) -> bool {
        self.get_session(dst, x)
    }

    fn get1_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool {
        let session = call!(self, SSL_get1_session(self.connection(x)));
        self.keep(dst, session)
    }

    fn copy_session_id(&mut self, to: ConnectionSlot, from: ConnectionSlot) -> i64 {
        call!(self, SSL_copy_session_id(self.connection(to), self.connection(from))).into()
    }

    fn session_reused(&mut self, x: ConnectionSlot) -> i64 {
        call!(self, SSL_session_reused(self.connection(x))).into()
    }

    fn peer_cert_chain(&mut self, x: ConnectionSlot) -> Option<Chain> {
        let chain: *const OPENSSL_STACK = call!(self, SSL_get_peer_cert_chain(self.connection(x))).cast();
        if chain.is_null() {
            return None;
        }
        let session = self.session_of(self.connection(x));
        let peer: *mut c_void = match session.is_null() {
            true => ptr::null_mut(),
            false => call!(self, SSL_SESSION_get0_peer(session)).cast(),
        };
        let certificates = call!(self, OPENSSL_sk_num(chain));
        let peers = (0..certificates).filter(|at| call!(self, OPENSSL_sk_value(chain, *at)) == peer).count();
        Some(Chain { certificates: certificates.max(0) as u32, peers: peers as u32 })
    }

    fn set_connection_id_context(&mut self, x: ConnectionSlot, context: &Bytes) -> i64 {
        let (bytes, length) = self.scratch.lend(context.get());
        let ssl = self.connection(x);
        let returned = call!(self, SSL_set_session_id_context(ssl, bytes, length as c_uint));
        self.take_back(context.get());
        returned.into()
    }

    fn set_context(&mut self, x: ConnectionSlot, c: Option<ContextSlot>) -> bool {
        let context = c.map_or(ptr::null_mut(), |c| self.contexts.get(c));
        let returned = call!(self, SSL_set_SSL_CTX(self.connection(x), context));
        if context.is_null() { !returned.is_null() } else { returned == context }
    }

    fn context_address(&self, c: ContextSlot) -> usize {
        self.contexts.get(c) as usize
    }

    fn address(&self, s: Slot) -> usize {
        self.session(s) as usize
    }

    fn connected(&self, x: ConnectionSlot) -> usize {
        self.session_of(self.connection(x)) as usize
    }

    fn connections_with(&self, address: usize) -> u32 {
        let each = self.connections.iter().enumerate();
        // A connection in two slots is one owner.
        let first = each.filter(|(at, ssl)| !self.connections[..*at].contains(ssl));
        let own = first.filter(|(_, ssl)| !ssl.is_null() && self.session_of(**ssl) as usize == address).count();
        own as u32 + self.credentials.agreed_with(address)
    }

    fn caches_with(&self, s: Slot) -> u32 {
        self.caches_listing(self.session(s))
    }

    fn cached_addresses(&self, out: &mut Vec<usize>) {
        self.each_address(out);
    }

    fn count_at(&self, address: usize) -> Option<u32> {
        let session: *mut SSL_SESSION = ptr::with_exposed_provenance_mut(address);
        // SAFETY: no free callback has told of the session's end, and the offset was found within such a session.
        self.library.count_offset.map(|offset| unsafe { refcount::read(session, offset) })
    }

    fn kept(&self, address: usize) -> u32 {
        callbacks::kept(address)
    }

    fn cached(&mut self, c: ContextSlot, each: &mut dyn FnMut(usize, i32, &[u8])) {
        self.each_cached(c, each);
    }
}

//! The part of a port that is about contexts, connections and time.

pub use crate::native::Statistic;
use crate::op::{Bytes, ConnectionSlot, ContextSlot, Method, RemoveCallback, Slot};

/// Certificates that a peer showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many.
    pub certificates: u32,
    /// How many of them are the very object that `SSL_SESSION_get0_peer` gives for the session.
    pub peers: u32,
}

/// What `SSL_dup` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dupped {
    /// `NULL`
    Null,
    /// Another connection.
    Another,
    /// The one that it was given.
    Same,
}

/// Contexts with their caches, connections with their sessions. Slots are used as [`super::Port`] says.
pub trait Sharing {
    /// So many seconds have passed since the program began.
    fn set_passed(&mut self, seconds: u64);

    /// `dst = SSL_CTX_new(method)`, or one that is as new; whether that is a context.
    fn new_context(&mut self, dst: ContextSlot, method: Method, pooled: bool) -> bool;
    /// `SSL_CTX_up_ref`
    fn up_ref_context(&mut self, c: ContextSlot) -> i64;
    /// `SSL_CTX_free`. The slot keeps its pointer until [`Sharing::forget_context`]. A pooled context that loses its last
    /// reference loses its sessions instead, as it would by being freed, and goes back to the pool.
    fn free_context(&mut self, c: Option<ContextSlot>, last: bool);
    /// The slot's context is not to be used through it any more.
    fn forget_context(&mut self, c: ContextSlot);

    /// `SSL_CTX_set_session_cache_mode`
    fn set_cache_mode(&mut self, c: ContextSlot, mode: u32) -> i64;
    /// `SSL_CTX_get_session_cache_mode`
    fn cache_mode(&mut self, c: ContextSlot) -> i64;
    /// `SSL_CTX_sess_set_cache_size`
    fn set_cache_size(&mut self, c: ContextSlot, size: i64) -> i64;
    /// `SSL_CTX_sess_get_cache_size`
    fn cache_size(&mut self, c: ContextSlot) -> i64;
    /// `SSL_CTX_set_timeout`: seconds.
    fn set_context_timeout(&mut self, c: ContextSlot, seconds: i64) -> i64;
    /// `SSL_CTX_get_timeout`: seconds.
    fn context_timeout(&mut self, c: ContextSlot) -> i64;
    /// `SSL_CTX_set_session_id_context`
    fn set_context_id_context(&mut self, c: ContextSlot, context: &Bytes) -> i64;
    /// `SSL_CTX_add_session`
    fn add_session(&mut self, c: ContextSlot, s: Slot) -> i64;
    /// `SSL_CTX_remove_session`
    fn remove_session(&mut self, c: ContextSlot, s: Option<Slot>) -> i64;
    /// `SSL_CTX_flush_sessions`: seconds since 1970.
    fn flush_sessions(&mut self, c: ContextSlot, seconds: i64);
    /// `SSL_CTX_flush_sessions_ex`: seconds since 1970.
    fn flush_sessions_ex(&mut self, c: ContextSlot, seconds: i64);
    /// `SSL_CTX_sess_number`
    fn cached_number(&mut self, c: ContextSlot) -> i64;
    /// One of the other statistics, counted from when the program got the context.
    fn statistic(&mut self, c: ContextSlot, of: Statistic) -> i64;
    /// `SSL_CTX_sess_set_remove_cb`
    fn set_remove_callback(&mut self, c: ContextSlot, callback: RemoveCallback);
    /// `dst` gets the session that a callback kept first; whether there is one.
    fn take_kept(&mut self, dst: Slot) -> bool;
    /// The references of a slot are lost: nobody can give them back.
    fn lose(&mut self, s: Slot);
    /// What callbacks kept is given back.
    fn release_kept(&mut self);

    /// `dst = SSL_new(c)`; whether that is a connection.
    fn new_connection(&mut self, dst: ConnectionSlot, c: ContextSlot) -> bool;
    /// `SSL_up_ref`
    fn up_ref_connection(&mut self, x: ConnectionSlot) -> i64;
    /// `SSL_free`. The slot keeps its pointer until [`Sharing::forget_connection`].
    fn free_connection(&mut self, x: Option<ConnectionSlot>);
    /// The slot's connection is not to be used through it any more.
    fn forget_connection(&mut self, x: ConnectionSlot);
    /// `SSL_clear`
    fn clear(&mut self, x: ConnectionSlot) -> i64;
    /// `dst = SSL_dup(x)`. That of a connection whose handshake was begun is no other: `x` owns one more reference, and `dst`
    /// nothing.
    fn dup_connection(&mut self, dst: ConnectionSlot, x: ConnectionSlot) -> Dupped;
    /// `SSL_set_session`
    fn set_session(&mut self, x: ConnectionSlot, s: Option<Slot>) -> i64;
    /// `dst = SSL_get_session(x)`: no reference; whether that is a session.
    fn get_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool;
    /// As [`Sharing::get_session`], to look at: no call of the program's.
    fn look_at(&mut self, dst: Slot, x: ConnectionSlot) -> bool;
    /// `dst = SSL_get1_session(x)`; whether that is a session.
    fn get1_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool;
    /// `SSL_copy_session_id`
    fn copy_session_id(&mut self, to: ConnectionSlot, from: ConnectionSlot) -> i64;
    /// `SSL_session_reused`
    fn session_reused(&mut self, x: ConnectionSlot) -> i64;
    /// `SSL_get_peer_cert_chain`
    fn peer_cert_chain(&mut self, x: ConnectionSlot) -> Option<Chain>;
    /// `SSL_set_session_id_context`
    fn set_connection_id_context(&mut self, x: ConnectionSlot, context: &Bytes) -> i64;
    /// `SSL_set_SSL_CTX`; whether it returned the context it was told, or for `NULL` that which the connection was made from.
    fn set_context(&mut self, x: ConnectionSlot, c: Option<ContextSlot>) -> bool;

    /// Where the slot's context is; 0: there is none. Nobody follows it.
    fn context_address(&self, c: ContextSlot) -> usize;
    /// Where the slot's session is; 0: there is none. Nobody follows it.
    fn address(&self, s: Slot) -> usize;
    /// Where the connection's session is; 0: it has none.
    fn connected(&self, x: ConnectionSlot) -> usize;
    /// How many connections have the session at this address, each counted once.
    fn connections_with(&self, address: usize) -> u32;
    /// How many caches list the slot's session, of all contexts that live.
    fn caches_with(&self, s: Slot) -> u32;
    /// Appends the address of every cached session, once for each cache, of all contexts that live.
    fn cached_addresses(&self, out: &mut Vec<usize>);
    /// The reference count of the session at this address, which lives, if it can be known.
    fn count_at(&self, address: usize) -> Option<u32>;
    /// How many references to the session at this address callbacks have kept.
    fn kept(&self, address: usize) -> u32;
    /// The sessions that a context has cached: address, version and id of each, in no order.
    fn cached(&mut self, c: ContextSlot, each: &mut dyn FnMut(usize, i32, &[u8]));
}

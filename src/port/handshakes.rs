//! The part of a port that is about handshakes and what decides how they go.

use crate::op::{
    Closed, ConnectionSlot, ContextSlot, Few, GenerateId, GetCallback, MaxVersion, NewCallback, NotResumableCallback,
    Options, PskCallback, Verify,
};
use crate::trace::Tape;

/// The certificate that servers have, in DER.
pub(super) const SERVER_CERTIFICATE: &[u8] = include_bytes!("certificates/server.cert.der");
/// The certificate that `use_certificate` gives, in DER.
pub(super) const CLIENT_CERTIFICATE: &[u8] = include_bytes!("certificates/client.cert.der");

/// What a client says of a key that was agreed on by other means.
pub(super) const PSK_IDENTITY: &[u8] = b"agreed before";
/// That key: as long as the digest of its suite.
pub(super) const PSK: &[u8] = &[0x5d; 48];

/// Of a context: one setting that connections made from it inherit, or a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `SSL_CTX_set_max_proto_version`
    MaxVersion(MaxVersion),
    /// `SSL_CTX_set_options`
    Options(Options),
    /// `SSL_CTX_clear_options`
    NoOptions(Options),
    /// `SSL_CTX_set_num_tickets`
    Tickets(Few),
    /// `SSL_CTX_set_verify`
    Verify(Verify),
    /// `SSL_CTX_sess_set_new_cb`
    New(NewCallback),
    /// `SSL_CTX_sess_set_get_cb`
    Get(GetCallback),
    /// `SSL_CTX_set_not_resumable_session_callback`
    NotResumable(NotResumableCallback),
    /// `SSL_CTX_set_generate_session_id`
    GenerateId(GenerateId),
    /// `SSL_CTX_set_psk_use_session_callback`
    PskUse(PskCallback),
    /// `SSL_CTX_set_psk_find_session_callback`
    PskFind(PskCallback),
}

/// Handshakes in memory.
pub trait Handshakes {
    /// One setting; what the function returns, 0 where it returns nothing. Of options, those that the harness knows.
    fn set(&mut self, c: ContextSlot, setting: Setting) -> i64;
    /// `SSL_use_certificate`, `SSL_use_PrivateKey`: the client's.
    fn use_certificate(&mut self, x: ConnectionSlot) -> i64;
    /// A handshake, to its end or until one side refuses, and what the server sends after it: 1 for a client that has finished,
    /// plus 2 for such a server, plus 4 and 8 for a client and a server that say that they resumed a session. What a peer decided goes to the tape, or comes from it.
    fn handshake(&mut self, client: ConnectionSlot, server: ConnectionSlot, tape: &mut Tape) -> i64;
    /// `SSL_new_session_ticket`, then the ticket is sent and read.
    fn new_session_ticket(&mut self, x: ConnectionSlot, tape: &mut Tape) -> i64;
    /// `SSL_shutdown`
    fn shutdown(&mut self, x: ConnectionSlot) -> i64;
    /// `SSL_set_shutdown`
    fn set_shutdown(&mut self, x: ConnectionSlot, mode: Closed);
}

//! The part of a port that is about handshakes and what decides how they go.

use crate::op::{
    Few, GenerateId, GetCallback, MaxVersion, NewCallback, NotResumableCallback, Options, PskCallback, Verify,
};

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

//! What the peers of handshakes show and agree on, the same in every port.

/// The certificate that servers have, in DER.
pub(super) const SERVER_CERTIFICATE: &[u8] = include_bytes!("certificates/server.cert.der");
/// The certificate that `use_certificate` gives, in DER.
pub(super) const CLIENT_CERTIFICATE: &[u8] = include_bytes!("certificates/client.cert.der");

/// `SSL_OP_NO_TICKET`, as in `<openssl/ssl.h>`.
pub(super) const NO_TICKET: i64 = 1 << 14;

/// What a client says of a key that was agreed on by other means.
pub(super) const PSK_IDENTITY: &[u8] = b"agreed before";
/// That key: as long as the digest of its suite.
pub(super) const PSK: &[u8] = &[0x5d; 48];

//! What the peers of handshakes show and agree on, the same in every port.

use crate::op::Options;
pub(super) use crate::samples::{CLIENT_CERTIFICATE, SERVER_CERTIFICATE};

/// Has the value of `SSL_OP_NO_TICKET` in `<openssl/ssl.h>`.
pub(super) const NO_TICKET: i64 = 1 << 14;
/// Has the value of `SSL_OP_NO_EXTENDED_MASTER_SECRET` there.
pub(super) const NO_EXTENDED_MASTER_SECRET: i64 = 1;

/// Returns the bit of an option.
pub(super) const fn bit(option: Options) -> i64 {
    match option {
        Options::NoTicket => NO_TICKET,
        Options::NoExtendedMasterSecret => NO_EXTENDED_MASTER_SECRET,
    }
}

/// Holds what a client says of a key that was agreed on by other means.
pub(super) const PSK_IDENTITY: &[u8] = b"agreed before";
/// Holds that key: as long as the digest of its suite.
pub(super) const PSK: &[u8] = &[0x5d; 48];

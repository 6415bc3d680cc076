//! What the peers of handshakes show and agree on, the same in every port.

use super::events;
use crate::native::{AlpnAnswer, protocols};
use crate::op::{AlpnCallback, Options, TicketKeys};
pub(super) use crate::samples::{CLIENT_CERTIFICATE, SERVER_CERTIFICATE};
use crate::trace::Callback;

/// Has the value of `SSL_OP_NO_TICKET` in `<openssl/ssl.h>`.
pub(super) const NO_TICKET: i64 = 1 << 14;
/// Has the value of `SSL_OP_NO_EXTENDED_MASTER_SECRET` there.
pub(super) const NO_EXTENDED_MASTER_SECRET: i64 = 1;

/// Has the value of `SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION` there.
pub(super) const NO_RESUMPTION_ON_RENEGOTIATION: i64 = 1 << 16;

/// Returns the bit of an option.
pub(super) const fn bit(option: Options) -> i64 {
    match option {
        Options::NoTicket => NO_TICKET,
        Options::NoExtendedMasterSecret => NO_EXTENDED_MASTER_SECRET,
        Options::NoResumptionOnRenegotiation => NO_RESUMPTION_ON_RENEGOTIATION,
    }
}

/// Counts the bytes of ticket keys.
const TICKET_KEYS: usize = 80;

/// Returns the bytes of ticket keys; `None`: NULL.
pub(super) fn ticket_keys(keys: TicketKeys) -> Option<&'static [u8]> {
    const A: [u8; TICKET_KEYS] = named(b'a');
    const B: [u8; TICKET_KEYS] = named(b'b');
    match keys {
        TicketKeys::None => None,
        TicketKeys::A => Some(&A),
        TicketKeys::B => Some(&B),
        TicketKeys::Short => Some(&A[1..]),
    }
}

const fn named(name: u8) -> [u8; TICKET_KEYS] {
    let mut keys = [0; TICKET_KEYS];
    keys[0] = name;
    keys
}

/// Holds what a client says of a key that was agreed on by other means.
pub(super) const PSK_IDENTITY: &[u8] = b"agreed before";
/// Holds that key: as long as the digest of its suite.
pub(super) const PSK: &[u8] = &[0x5d; 48];

/// Is returned by a handshake whose client says that its early data was taken.
pub(super) const EARLY_ACCEPTED: i64 = 16;
/// Is returned by a handshake whose server says that it has taken early data, and has read it.
pub(super) const EARLY_READ: i64 = 32;
/// Holds the early data that clients send.
pub(super) const EARLY_DATA: &[u8] = b"early";

/// Holds what is told of a side of a handshake that has failed: alerts as callbacks are told of them, with the level in their second
/// byte; 0: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// Is the one that the side sent last.
    pub sent: u32,
    /// Is the one that it was sent last.
    pub heard: u32,
    /// Is the reason of its error: `ERR_GET_REASON` of a release from 3.0 on.
    pub reason: u32,
}

impl Alerts {
    /// Is above an alert that ends a connection: `SSL3_AL_FATAL`.
    pub(super) const FATAL: u32 = 2 << 8;

    /// Writes them down, if there is something to tell.
    pub(super) fn tell(self, server: bool) {
        let Alerts { sent, heard, reason } = self;
        if self != Alerts::default() {
            events::called(Callback::Alert, [server.into(), heard, sent, reason, 0]);
        }
    }
}

/// Holds the ticket application data that a callback sets.
pub(super) const TICKET_APPDATA: &[u8] = b"of a ticket";

/// Returns what a callback selects of the protocols in a list; `None`: there is none.
pub(super) fn select(callback: AlpnCallback, list: &[u8]) -> Option<AlpnAnswer<'_>> {
    let found = |sought: Option<&'_ [u8]>| {
        let mut all = protocols(list);
        let found = all.find(|protocol| sought.is_none_or(|sought| sought == *protocol));
        found.map_or(AlpnAnswer::Declined, AlpnAnswer::Selected)
    };
    match callback {
        AlpnCallback::None => None,
        AlpnCallback::First => Some(found(None)),
        AlpnCallback::H2 => Some(found(Some(b"h2"))),
        AlpnCallback::Declines => Some(AlpnAnswer::Declined),
        AlpnCallback::Refuses => Some(AlpnAnswer::Refused),
        AlpnCallback::Other => Some(AlpnAnswer::Selected(b"other")),
    }
}

//! What entries tell besides numbers and bytes: callbacks, what a getter did, what a call left behind.

use crate::op::BlockCall;

/// Makes [`Callback`] from its table; the name is the word in signatures and reports.
macro_rules! callbacks {
    ($($(#[$doc:meta])* $callback:ident $name:literal;)*) => {
        /// Names a callback that a handshake calls. With each stands what its five arguments in the trace are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Callback { $($(#[$doc])* $callback),* }

        impl Callback {
            /// Lists every callback, in the order of their numbers in the log.
            pub const ALL: &'static [Callback] = &[$(Callback::$callback),*];

            /// Returns the word in signatures and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Callback::$callback => $name),* }
            }
        }
    };
}

callbacks! {
    /// Stands for `new_session_cb`: whether for a server, number of the session, length of its id, digest of its
    /// version and id, references.
    New "new-session";
    /// Stands for `get_session_cb`: whether for a server, 0, length of the id, its digest, 0.
    Get "get-session";
    /// Stands for `not_resumable_session_callback`: whether for a server, 0, 0, 0, whether it is forward secure.
    NotResumable "not-resumable";
    /// Stands for `generate_session_id`: whether for a server, 0, room, 0, 0.
    GenerateId "generate-id";
    /// Stands for `psk_use_session_callback`: nothing.
    PskUse "psk-use-session";
    /// Stands for `psk_find_session_callback`: 1, 0, length of the identity, its digest, 0.
    PskFind "psk-find-session";
    /// Stands for the callback of a server's name: whether for a server, 0, 0, 0, 0.
    ServerName "server-name";
    /// Stands for the callback that selects a protocol: 1, 0, length of the client's list, its digest, 0.
    AlpnSelect "alpn-select";
    /// Stands for a call of a block that runs inside a callback: its number, its code, the halves of what it returned, lower first, and
    /// why it was not made, or 0.
    Block "block";
    /// Stands for the callback of a ticket that is made: 1, 0, 0, digest of version and application data of the session, 0.
    GenerateTicket "generate-ticket";
    /// Stands for the callback of a ticket that was shown: 1, 0, its status, digest of version and application data of the session, 0.
    DecryptTicket "decrypt-ticket";
    /// Stands for the callback of a ticket's keys: 1, 0, 1 where a ticket is sealed, the number of the key that the ticket names, or 0, 0.
    TicketKey "ticket-key";
    /// Stands for what is told of a side that has failed: whether the server, the alert that it was sent, that which it sent, each with
    /// 256 for each step of its level, or 0, the reason of its error, 0.
    Alert "alert";
}

impl Callback {
    /// Returns what a call of a block returned, of the code of the call and the halves of the number. Of bytes there is a digest: 1 where
    /// there are some.
    pub fn returned_in_block(code: u32, low: u32, high: u32) -> i64 {
        let returned = (u64::from(high) << 32 | u64::from(low)) as i64;
        let writes = u8::try_from(code).ok().and_then(BlockCall::name_of) == Some("i2d_SSL_SESSION");
        if writes { returned & 1 } else { returned }
    }
}

/// Says what a getter did besides reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meddling {
    /// Says that it changed a reference count.
    Count,
    /// Says that it raised an error.
    Raised,
    /// Says that it returned a failure, where it cannot fail.
    Returned,
}

impl Meddling {
    /// Lists all, in the order of their numbers in the log.
    pub(super) const ALL: [Meddling; 3] = [Meddling::Count, Meddling::Raised, Meddling::Returned];
}

/// Says what a call left behind, besides what it returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct After {
    /// Tells whether it raised an error.
    pub raised: bool,
    /// Tells whether it removed the error that was in the queue before.
    pub error_lost: bool,
    /// Tells whether it changed bytes that it only had to read.
    pub argument_changed: bool,
}

impl After {
    /// Packs it into one byte of the log.
    pub(super) fn bits(self) -> u8 {
        u8::from(self.raised) | u8::from(self.error_lost) << 1 | u8::from(self.argument_changed) << 2
    }

    /// Reads what [`After::bits`] packed.
    pub(super) fn from_bits(bits: u8) -> After {
        After { raised: bits & 1 != 0, error_lost: bits & 2 != 0, argument_changed: bits & 4 != 0 }
    }
}

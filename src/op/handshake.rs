//! Operands of handshakes and of what decides how they go.

use std::fmt;

use super::operand::Operand;
use super::text::{Cursor, Expected, TextError};
use super::wire::Wire;
use super::words::words;

words! {
    /// The newest version of a connection.
    MaxVersion first 2 {
        /// TLS 1.2
        Tls12 = "TLS1_2_VERSION",
        /// TLS 1.3
        Tls13 = "TLS1_3_VERSION",
    }
}

words! {
    /// What a connection does otherwise.
    Options first 1 {
        /// No stateless tickets: sessions are found in caches.
        NoTicket = "SSL_OP_NO_TICKET",
    }
}

words! {
    /// Whether a server asks its client for a certificate.
    Verify first 2 {
        /// It does not.
        None = "SSL_VERIFY_NONE",
        /// It does; a client without one is welcome.
        Peer = "SSL_VERIFY_PEER",
    }
}

words! {
    /// What `new_session_cb` does besides being recorded.
    NewCallback first 4 {
        /// There is none.
        None = "NULL",
        /// It returns 0.
        Declines = "new_cb_declines",
        /// It returns 1: the reference that it was given is kept.
        Keeps = "new_cb_keeps",
        /// It takes a reference of its own, which is kept, and returns 0.
        UpRefs = "new_cb_up_refs",
    }
}

words! {
    /// What `get_session_cb` returns, of the sessions that `new_session_cb` of the same context kept.
    GetCallback first 7 {
        /// There is none.
        None = "NULL",
        /// The one that has the id, and `*copy` stays as it is.
        Finds = "get_cb_finds",
        /// The one that has the id; `*copy` is 1.
        Lends = "get_cb_lends",
        /// A reference to the one that has the id; `*copy` is 0.
        Gives = "get_cb_gives",
        /// A duplicate of the one that has the id; `*copy` is 0.
        Dups = "get_cb_dups",
        /// Nothing.
        Misses = "get_cb_misses",
        /// The first one, whatever its id; `*copy` is 1.
        Wrong = "get_cb_wrong",
        /// A duplicate of the one that has the id, and `*copy` stays as it is: the callback's own reference is lost.
        ForgetsCopy = "get_cb_forgets_copy",
        /// The one that has the id; `*copy` is 0, and no reference comes with it.
        ForgetsUpRef = "get_cb_forgets_up_ref",
    }
}

impl GetCallback {
    /// Those that give what the library takes.
    pub const SOUND: &'static [GetCallback] = GetCallback::ALL.split_at(7).0;

    /// Whether it gives what the library takes.
    pub fn is_sound(self) -> bool {
        GetCallback::SOUND.contains(&self)
    }
}

words! {
    /// What `not_resumable_session_callback` returns.
    NotResumableCallback first 3 {
        /// There is none.
        None = "NULL",
        /// 0
        Resumable = "not_resumable_cb_0",
        /// 1
        NotResumable = "not_resumable_cb_1",
    }
}

words! {
    /// How session ids are made.
    GenerateId first 3 {
        /// By the library.
        None = "NULL",
        /// 32 bytes, counted.
        Counts = "generate_id_counts",
        /// 8 bytes, counted.
        Short = "generate_id_short",
    }
}

words! {
    /// Which session a callback for pre-shared keys gives: all have the same key.
    PskCallback first 3 {
        /// There is no callback.
        None = "NULL",
        /// A new one each time.
        Makes = "psk_cb_makes",
        /// A reference to one that the harness keeps.
        Shares = "psk_cb_shares",
    }
}

/// A small number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Few(u8);

impl Few {
    /// The largest.
    pub const MOST: u8 = 4;

    /// At most [`Few::MOST`].
    pub const fn at_most(number: u8) -> Few {
        Few(if number > Few::MOST { Few::MOST } else { number })
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Operand for Few {
    fn put_wire(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
        wire.byte().map(|byte| Few(byte % (Few::MOST + 1)))
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
        cursor.integer(0, i128::from(Few::MOST)).map(|number| Few(number as u8)) // within the limits just given
    }
}

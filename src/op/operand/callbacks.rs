//! Operands that are callbacks of the harness.

use std::fmt;

use super::super::text::{Cursor, Expected, TextError};
use super::super::wire::Wire;
use super::words::words;
use super::{Operand, Shrink};

words! {
    /// What `remove_session_cb` does besides being recorded.
    RemoveCallback first 4 {
        /// There is none.
        None = "NULL",
        /// Nothing.
        Records = "remove_cb_records",
        /// It takes a reference, and the harness keeps it.
        UpRefs = "remove_cb_up_refs",
        /// It takes a session with the same id out of the cache once more: there is none.
        Removes = "remove_cb_removes",
        /// It frees the reference to this session that a callback kept first, if one did.
        Frees = "remove_cb_frees",
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

    /// Tells whether it gives what the library takes.
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
    /// What a callback for server names returns.
    ServerNameCallback first 4 {
        /// There is none.
        None = "NULL",
        /// `SSL_TLSEXT_ERR_OK`: the name becomes the session's.
        Accepts = "server_name_cb_accepts",
        /// `SSL_TLSEXT_ERR_NOACK`: the handshake goes on without.
        Declines = "server_name_cb_declines",
        /// `SSL_TLSEXT_ERR_ALERT_FATAL`
        Refuses = "server_name_cb_refuses",
    }
}

words! {
    /// What a server's callback selects of the protocols that a client names.
    AlpnCallback first 6 {
        /// There is none.
        None = "NULL",
        /// The first one.
        First = "alpn_cb_first",
        /// `h2`, if it is one of them.
        H2 = "alpn_cb_h2",
        /// None, `SSL_TLSEXT_ERR_NOACK`: the handshake goes on without.
        Declines = "alpn_cb_declines",
        /// None, `SSL_TLSEXT_ERR_ALERT_FATAL`
        Refuses = "alpn_cb_refuses",
        /// `other`, whether it is one of them or not.
        Other = "alpn_cb_other",
    }
}

words! {
    /// What a callback does with the session that a ticket is made of.
    GenerateTicket first 3 {
        /// There is none.
        None = "NULL",
        /// Sets its ticket application data.
        Sets = "generate_ticket_cb_sets",
        /// Returns 0: there is no ticket.
        Refuses = "generate_ticket_cb_refuses",
    }
}

words! {
    /// What a callback makes of a ticket that a client has shown.
    DecryptTicket first 6 {
        /// There is none.
        None = "NULL",
        /// Uses it if it could be read: `SSL_TICKET_RETURN_USE`, or `SSL_TICKET_RETURN_IGNORE_RENEW`.
        Uses = "decrypt_ticket_cb_uses",
        /// Uses it if it could be read, and has it followed by another: `SSL_TICKET_RETURN_USE_RENEW`, or
        /// `SSL_TICKET_RETURN_IGNORE_RENEW`.
        Renews = "decrypt_ticket_cb_renews",
        /// `SSL_TICKET_RETURN_IGNORE`
        Ignores = "decrypt_ticket_cb_ignores",
        /// `SSL_TICKET_RETURN_IGNORE_RENEW`
        Replaces = "decrypt_ticket_cb_replaces",
        /// `SSL_TICKET_RETURN_ABORT`
        Aborts = "decrypt_ticket_cb_aborts",
    }
}

words! {
    /// Says what a callback makes of tickets: with which of its keys it seals them, and what it says of those that it knows.
    TicketKeyCallback first 4 {
        /// There is none: the keys of the context do.
        None = "NULL",
        /// Seals with the first key, and opens what was sealed with it.
        First = "ticket_key_cb_first",
        /// Seals with the second key, and opens what was sealed with it; what was sealed with the first, too, and has it followed by
        /// another ticket.
        Second = "ticket_key_cb_second",
        /// Seals with the first key, and fails where it is to open a ticket.
        Fails = "ticket_key_cb_fails",
        /// Refuses to seal, and opens what was sealed with the first key.
        Refuses = "ticket_key_cb_refuses",
    }
}

impl TicketKeyCallback {
    /// Lists those that seal tickets, or are none.
    pub const SEALS: &'static [TicketKeyCallback] = TicketKeyCallback::ALL.split_at(4).0;
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

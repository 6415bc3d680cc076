//! What only a peer can know.

use super::session::{Cipher, Session};

/// Holds what a session gets from the other side.
#[derive(Clone, Debug, Default)]
pub struct FromPeer {
    /// Holds the session id, at most 32 bytes.
    pub id: Vec<u8>,
    /// Holds the master key.
    pub master_key: Vec<u8>,
    /// Holds the ticket.
    pub ticket: Vec<u8>,
    /// Says that the ticket was not made up.
    pub ticket_is_known: bool,
    /// Names the cipher suite.
    pub cipher: Option<Cipher>,
}

/// Decides what the library does not: ids, keys, tickets and certificates of a handshake.
pub trait Peers {
    /// Returns what `session` gets. It is asked again for each part, and always answers the same.
    fn of(&mut self, session: &Session) -> FromPeer;
    /// Returns the same, if it is known and not made up.
    fn known(&mut self, session: &Session) -> Option<FromPeer>;
    /// Is told the key that the other side has for `session`. Returns `true` where its own answer was made up: from here on it answers
    /// with this key, which is then the session's.
    fn share_key(&mut self, session: &Session, key: &[u8]) -> bool;
    /// Returns the id that a client of TLS 1.3 sends, which is that of no session.
    fn sent_id(&mut self) -> Vec<u8>;
    /// Returns what came of verifying a certificate that the other side showed, an `X509_V_*` code.
    fn verified(&mut self, by_server: bool) -> i64;
    /// Lends the certificate of a server or of a client, in DER.
    fn certificate(&mut self, of_server: bool) -> &[u8];
}

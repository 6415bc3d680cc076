//! What only a peer can know.

use super::session::{Cipher, Session};

/// What a session has from the other side.
#[derive(Clone, Debug, Default)]
pub struct FromPeer {
    /// At most 32 bytes.
    pub id: Vec<u8>,
    /// The master key.
    pub master_key: Vec<u8>,
    /// The ticket.
    pub ticket: Vec<u8>,
    /// It was not made up.
    pub ticket_is_known: bool,
    /// The cipher suite.
    pub cipher: Option<Cipher>,
}

/// The outside of a handshake.
pub trait Peers {
    /// What `session` gets: asked again for each part of it, always with the same answer.
    fn of(&mut self, session: &Session) -> FromPeer;
    /// The same, if it is known and not made up.
    fn known(&mut self, session: &Session) -> Option<FromPeer>;
    /// The id that a client of TLS 1.3 sends, which is that of no session.
    fn sent_id(&mut self) -> Vec<u8>;
    /// The certificate that a peer of this side showed, in DER.
    fn certificate(&mut self, of_server: bool) -> &[u8];
}

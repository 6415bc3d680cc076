//! What a session has and no getter shows, put in and taken out as one: a handshake sets it, DER holds it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::buffers::Rare;
use super::der::CIPHER_ID;
use super::session::{Cipher, FRAGMENT_UNSPECIFIED, Session};

/// Holds what no getter shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Holds the result of verifying the peer, `X509_V_*`.
    pub verify_result: i64,
    /// Holds the hint with which a server asked for a pre-shared key.
    pub psk_identity_hint: Option<Vec<u8>>,
    /// Holds the identity of the pre-shared key.
    pub psk_identity: Option<Vec<u8>>,
    /// Holds the user's name of SRP.
    pub srp_username: Option<Vec<u8>>,
    /// Holds what a client adds to the ticket's age, milliseconds.
    pub ticket_age_add: u32,
    /// Holds `SSL_SESS_FLAG_*`.
    pub flags: u32,
    /// Names the group of the key exchange.
    pub kex_group: u32,
    /// Holds the raw public key of the peer in DER.
    pub peer_rpk: Option<Vec<u8>>,
    /// Says that it is known whether fragments are limited. No getter tells not known from not limited.
    pub knows_fragments: bool,
    /// Names the cipher suite that is stored where the session has none: `cipher_id` (ssl/ssl_local.h, 3.6.3).
    pub stands_in: Option<Cipher>,
}

/// Says in the flags of a session that its master secret was made of a digest of the handshake: `SSL_SESS_FLAG_EXTMS`.
const EXTENDED_MASTER_SECRET: u32 = 0x1;

impl Session {
    /// Returns what came of verifying the peer's certificate.
    pub(super) fn verify_result(&self) -> i64 {
        self.0.verify_result.load(Relaxed)
    }

    /// Sets what came of verifying the peer's certificate, an `X509_V_*` code.
    pub(super) fn set_verify_result(&self, code: i64) {
        self.0.verify_result.store(code, Relaxed);
    }

    /// Keeps from `flags` all but whether the master secret is extended, which the session itself knows.
    pub fn flags_with_own_secret(&self, flags: u32) -> u32 {
        flags & !EXTENDED_MASTER_SECRET | self.0.flags.load(Relaxed) & EXTENDED_MASTER_SECRET
    }

    /// Notes that the master secret was made of a digest of the handshake.
    pub(super) fn extend_master_secret(&self) {
        self.0.flags.fetch_or(EXTENDED_MASTER_SECRET, Relaxed);
    }

    /// Returns whether the master secret was made of a digest of the handshake.
    pub(super) fn has_extended_master_secret(&self) -> bool {
        self.0.flags.load(Relaxed) & EXTENDED_MASTER_SECRET != 0
    }

    /// Returns what no getter shows.
    pub fn unseen(&self) -> Unseen {
        let rare = self.0.buffers.lock().rare().cloned().unwrap_or_default();
        let cipher_id = self.0.cipher_id.load(Relaxed);
        Unseen {
            verify_result: self.0.verify_result.load(Relaxed),
            psk_identity_hint: rare.psk_identity_hint,
            psk_identity: rare.psk_identity,
            srp_username: rare.srp_username,
            ticket_age_add: self.0.ticket_age_add.load(Relaxed),
            flags: self.0.flags.load(Relaxed),
            kex_group: self.0.kex_group.load(Relaxed),
            peer_rpk: rare.peer_rpk.map(|key| key.to_vec()),
            knows_fragments: self.0.fragment_mode.load(Relaxed) != FRAGMENT_UNSPECIFIED,
            stands_in: (cipher_id != 0).then_some(Cipher(cipher_id as u16)),
        }
    }

    /// Puts in what no getter shows.
    pub fn put_unseen(&self, unseen: Unseen) {
        let Unseen { psk_identity_hint, psk_identity, srp_username, .. } = unseen;
        self.0.verify_result.store(unseen.verify_result, Relaxed);
        self.0.ticket_age_add.store(unseen.ticket_age_add, Relaxed);
        self.0.flags.store(unseen.flags, Relaxed);
        self.0.kex_group.store(unseen.kex_group, Relaxed);
        self.0.cipher_id.store(unseen.stands_in.map_or(0, |cipher| CIPHER_ID | u32::from(cipher.0)), Relaxed);
        let unspecified = self.0.fragment_mode.load(Relaxed) == FRAGMENT_UNSPECIFIED;
        if unspecified && unseen.knows_fragments {
            self.0.fragment_mode.store(0, Relaxed);
        }
        let peer_rpk: Option<Arc<[u8]>> = unseen.peer_rpk.map(Arc::from);
        let none =
            psk_identity_hint.is_none() && psk_identity.is_none() && srp_username.is_none() && peer_rpk.is_none();
        let rare = (!none).then_some(Rare { psk_identity_hint, psk_identity, srp_username, peer_rpk });
        self.0.buffers.lock().put_rare(rare);
    }
}

//! Cipher suites of TLS 1.3: which each side allows, which is agreed on, and which sessions can be resumed with it.

use std::sync::{Arc, PoisonError};

use super::ciphers::{Digest, digest};
use super::connection::Connection;
use super::context::Context;
use super::handshake::Handshake;
use super::session::{Cipher, Session};

/// Lists suites of TLS 1.3, the preferred one first.
pub type Suites = Arc<[Cipher]>;

/// Lists what a new context allows: `OSSL_default_ciphersuites`.
pub(super) const ALL: [Cipher; 3] = [Cipher(0x1302), Cipher(0x1303), Cipher(0x1301)];

impl Session {
    /// Returns whether the digest of its suite is that of another: only then a key can be used again.
    pub(super) fn has_digest_of(&self, suite: Cipher) -> bool {
        self.digest() == Some(digest(suite))
    }

    /// Returns the digest of its suite: `ssl_md`. `None`: it has no suite.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.cipher().map(digest)
    }
}

impl Context {
    /// Sets the suites of TLS 1.3 of all connections that have no own ones: `SSL_CTX_set_ciphersuites`.
    pub fn set_suites(&self, suites: Suites) {
        *self.suites.lock().unwrap_or_else(PoisonError::into_inner) = suites;
    }

    /// Returns the suites of TLS 1.3.
    pub fn suites(&self) -> Suites {
        self.suites.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Connection {
    /// Sets the suites of TLS 1.3 of this connection: `SSL_set_ciphersuites`.
    pub fn set_suites(&self, suites: Suites) {
        self.state().suites = Some(suites);
    }

    /// Returns its own suites, or those of the context that it has now: `SSL_get_ciphers`.
    fn suites(&self) -> Suites {
        let own = self.state().suites.clone();
        own.unwrap_or_else(|| self.context().suites())
    }
}

impl Handshake<'_> {
    /// Returns the first suite of the client's that the server allows: `ssl3_choose_cipher`.
    pub(super) fn choose_suite(&self) -> Option<Cipher> {
        let allowed = self.server.suites();
        self.client.suites().iter().copied().find(|suite| allowed.contains(suite))
    }
}

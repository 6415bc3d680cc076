//! Which ops a library cannot be asked for.

use super::library::{Clocking, Library};
use crate::op::Kind;
use crate::plan::Kinds;

/// What is called whenever a program has a context or a connection.
const SHARING: [&str; 17] = [
    "SSL_CTX_new",
    "SSL_CTX_free",
    "TLS_server_method",
    "TLS_client_method",
    "SSL_CTX_ctrl",
    "SSL_CTX_sessions",
    "OPENSSL_LH_doall_arg",
    "OPENSSL_LH_retrieve",
    "SSL_CTX_flush_sessions",
    "SSL_CTX_set_timeout",
    "SSL_CTX_set_session_id_context",
    "SSL_CTX_sess_set_remove_cb",
    "SSL_CTX_remove_session",
    "SSL_new",
    "SSL_free",
    "SSL_get_session",
    "SSL_SESSION_get_id",
];

/// What is called whenever a program has a handshake.
const HANDSHAKES: [&str; 21] = [
    "SSL_version",
    "SSL_set_connect_state",
    "SSL_set_accept_state",
    "SSL_set_bio",
    "SSL_do_handshake",
    "SSL_read",
    "SSL_ctrl",
    "SSL_use_certificate",
    "SSL_use_PrivateKey",
    "SSL_get_SSL_CTX",
    "BIO_new",
    "BIO_s_mem",
    "BIO_up_ref",
    "d2i_X509",
    "X509_free",
    "d2i_AutoPrivateKey",
    "EVP_PKEY_free",
    "RAND_set_rand_method",
    "SSL_SESSION_get0_ticket",
    "SSL_SESSION_get_master_key",
    "SSL_SESSION_get0_peer",
];

/// What is called to read the certificates that a peer showed.
const CHAINS: [&str; 4] = ["SSL_get_peer_cert_chain", "OPENSSL_sk_num", "OPENSSL_sk_value", "SSL_SESSION_get0_peer"];

impl Library {
    /// Returns the kinds of ops whose function, or whose observation, is missing.
    pub(super) fn lacks(&self) -> Kinds {
        let has = |functions: &[&str]| functions.iter().all(|function| self.api.has(function) == Some(true));
        let shares = has(&SHARING);
        // What a peer decides is played to the other port by the births of sessions.
        let shakes = self.probes.ex_data && self.clocking == Clocking::Ours && has(&HANDSHAKES);
        #[expect(clippy::wildcard_enum_match_arm, reason = "what most kinds need is the function of their name")]
        let missing = |kind: &Kind| match kind {
            Kind::SampleSession => self.api.d2i_SSL_SESSION.is_none(),
            Kind::AdvanceClock => self.clocking != Clocking::Ours,
            Kind::Handshake | Kind::UseCertificate => !shares || !shakes,
            Kind::GetPeerCertChain => !shares || !has(&CHAINS),
            named => named.is_shared() && !shares || self.api.has(named.name()) == Some(false),
        };
        let missing = Kind::ALL.iter().copied().filter(missing);
        missing.collect()
    }
}

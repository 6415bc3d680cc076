//! Which ops a library cannot be asked for.

use super::library::{Clocking, Library};
use super::prototypes::LIST;
use crate::op::Kind;
use crate::plan::Kinds;

/// Lists what is called whenever a program has a context or a connection, by the callbacks of caches too.
const SHARING: [&str; 17] = [
    "SSL_CTX_new",
    "SSL_CTX_free",
    "TLS_server_method",
    "TLS_client_method",
    "SSL_CTX_ctrl",
    "SSL_CTX_flush_sessions",
    "SSL_CTX_set_timeout",
    "SSL_CTX_set_session_id_context",
    "SSL_CTX_sess_set_remove_cb",
    "SSL_CTX_remove_session",
    "SSL_new",
    "SSL_free",
    "SSL_get_session",
    "SSL_SESSION_get_id",
    "SSL_SESSION_get_protocol_version",
    "SSL_SESSION_up_ref",
    "SSL_SESSION_free",
];

/// Lists what is called to see what is cached. A library without it is asked for no call that puts something there.
const CACHES: [&str; 3] = ["SSL_CTX_sessions", "OPENSSL_LH_doall_arg", "OPENSSL_LH_retrieve"];

/// Lists the functions of ops that are called wherever there is a handshake, by its callbacks too. All functions that
/// no op calls are called there as well.
const HANDSHAKES: [&str; 4] =
    ["SSL_SESSION_dup", "SSL_SESSION_get0_ticket", "SSL_SESSION_get_master_key", "SSL_SESSION_get0_peer"];

/// Lists what is called where early data is sent.
const EARLY: [&str; 8] = [
    "SSL_write_early_data",
    "SSL_read_early_data",
    "SSL_get_early_data_status",
    "SSL_SESSION_get_max_early_data",
    "SSL_SESSION_get_protocol_version",
    "SSL_SESSION_is_resumable",
    "SSL_SESSION_get_time",
    "SSL_SESSION_get_ticket_lifetime_hint",
];

/// Lists what callbacks of ticket keys call.
const TICKET_KEYS: [&str; 4] =
    ["EVP_aes_256_cbc", "EVP_EncryptInit_ex", "EVP_DecryptInit_ex", "EVP_MAC_CTX_set_params"];

/// Lists what is called to read the certificates that a peer showed.
const CHAINS: [&str; 4] = ["SSL_get_peer_cert_chain", "OPENSSL_sk_num", "OPENSSL_sk_value", "SSL_SESSION_get0_peer"];

/// Lists what the calls of blocks need besides.
const BLOCKS: [&str; 10] = [
    "SSL_CTX_add_session",
    "SSL_CTX_sess_set_new_cb",
    "SSL_SESSION_dup",
    "SSL_SESSION_set_timeout",
    "SSL_SESSION_set_time",
    "SSL_SESSION_get_timeout",
    "SSL_SESSION_get_time",
    "SSL_SESSION_is_resumable",
    "i2d_SSL_SESSION",
    "CRYPTO_free",
];

/// Lists what blocks call besides that give the library a session.
const GIVING: [&str; 5] = [
    "d2i_SSL_SESSION",
    "SSL_SESSION_get0_cipher",
    "SSL_SESSION_set1_master_key",
    "SSL_SESSION_set_cipher",
    "SSL_SESSION_set_protocol_version",
];

/// Lists what no op calls and no handshake needs: what the ops of the same list in `SERIAL` are made with.
const BY_BYTES: [&str; 9] = [
    "BIO_new_mem_buf",
    "BIO_ctrl",
    "BIO_free",
    "CRYPTO_free",
    "ASN1_i2d_bio",
    "ASN1_d2i_bio",
    "d2i_PUBKEY",
    "i2d_PUBKEY",
    "X509_verify_cert_error_string",
];

/// Lists what each op about bytes calls, besides [`BY_BYTES`] and the function of its name.
const SERIAL: [(Kind, &str); 5] = [
    (Kind::ReadDer, "d2i_SSL_SESSION"),
    (Kind::ToDerBio, "i2d_SSL_SESSION"),
    (Kind::FromDerBio, "d2i_SSL_SESSION"),
    (Kind::ReadPem, "PEM_read_bio_SSL_SESSION"),
    (Kind::Print, "i2d_SSL_SESSION"),
];

/// Lists what the macros of the header call that are ops, where that is not `SSL_CTX_ctrl`.
const BY_MACRO: [(Kind, &str); 2] =
    [(Kind::CtxSetServerNameCb, "SSL_CTX_callback_ctrl"), (Kind::SslSetHostName, "SSL_ctrl")];

impl Library {
    /// Returns the kinds of ops whose function, or whose observation, is missing.
    pub(super) fn lacks(&self) -> Kinds {
        let has = |function: &str| self.api.has(function) == Some(true);
        let lists = CACHES.into_iter().all(has);
        // What is in a cache is looked at after each call that could have changed it.
        let shares = SHARING.into_iter().all(has) && (lists || self.shared.is_some());
        // What a peer decides is played to the other port by the births of sessions.
        let plays = self.probes.ex_data && self.clocking == Clocking::Ours;
        let mut of_no_op = LIST.iter().filter(|(name, .., condition)| {
            let besides = BY_BYTES.contains(name) || EARLY.contains(name) || TICKET_KEYS.contains(name);
            condition.is_empty() && Kind::from_name(name).is_none() && !besides
        });
        let stores = BY_BYTES.into_iter().chain(["d2i_X509", "i2d_X509", "X509_free"]).all(has);
        let shakes = plays && HANDSHAKES.into_iter().all(has) && of_no_op.all(|(name, ..)| has(name));
        #[expect(clippy::wildcard_enum_match_arm, reason = "what most kinds need is the function of their name")]
        let missing = |kind: &Kind| match kind {
            Kind::SampleSession => self.api.d2i_SSL_SESSION.is_none(),
            // It is called wherever a session is looked at, too.
            Kind::ToDer => self.api.i2d_SSL_SESSION.is_none() || self.api.CRYPTO_free.is_none(),
            // The harness's own.
            Kind::SetBytes | Kind::SetByte | Kind::DeleteBytes | Kind::InsertBytes => false,
            serial if serial.is_serial() => {
                let made_with = SERIAL.iter().find(|(kind, _)| kind == serial).map(|(_, function)| *function);
                !stores || !made_with.is_none_or(has) || self.api.has(serial.name()) == Some(false)
            }
            Kind::SetCipher => !self.has_ciphers() || self.api.has(kind.name()) == Some(false),
            Kind::Get0Peer => self.api.SSL_SESSION_get0_peer.is_none() || self.api.i2d_X509.is_none(),
            Kind::Get0Cipher => {
                self.api.SSL_SESSION_get0_cipher.is_none() || self.api.SSL_CIPHER_get_protocol_id.is_none()
            }
            // A new session shows a clock that cannot be set, nor can its time.
            Kind::GetTime | Kind::GetTimeEx => {
                let cannot_tell = self.clocking == Clocking::Set && self.api.SSL_SESSION_set_time.is_none();
                cannot_tell || self.api.has(kind.name()) == Some(false)
            }
            shared
                if self
                    .shared
                    .is_some_and(|same| shared.is_shared() && !shared.sets_clock() && !same.contains(*shared)) =>
            {
                true
            }
            Kind::AdvanceClock | Kind::TurnBackClock => self.clocking != Clocking::Ours,
            Kind::Handshake | Kind::UseCertificate => !shares || !shakes,
            Kind::SendEarlyData => !shares || !shakes || !EARLY.into_iter().all(has),
            Kind::CtxSetTicketKeyCb => !shares || !has(kind.name()) || !TICKET_KEYS.into_iter().all(has),
            Kind::CtxSetNameBlock => !shares || !shakes || !has("SSL_set_SSL_CTX"),
            Kind::CtxSetRemoveBlock | Kind::CtxSetNewBlock => !shares || !BLOCKS.into_iter().all(has),
            Kind::CtxSetGetBlock | Kind::CtxSetPskUseBlock | Kind::CtxSetPskFindBlock => {
                let sets = kind.of_words().is_none_or(|kind| has(kind.name()));
                !shares || !sets || !BLOCKS.into_iter().chain(GIVING).all(has)
            }
            Kind::GetPeerCertChain => !shares || !CHAINS.into_iter().all(has),
            named => {
                let by_macro = BY_MACRO.iter().find(|(kind, _)| kind == named).map(|(_, function)| *function);
                named.is_shared() && !shares || self.api.has(by_macro.unwrap_or(named.name())) == Some(false)
            }
        };
        let missing = Kind::ALL.iter().copied().filter(missing);
        missing.collect()
    }
}

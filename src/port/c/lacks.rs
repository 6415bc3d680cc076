//! Which ops a library cannot be asked for.

use super::library::{Clocking, Library};
use super::prototypes::LIST;
use crate::op::Kind;
use crate::plan::Kinds;
use crate::port::Missing;

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

/// Lists what is called to make a context for DTLS.
const DATAGRAMS: [&str; 2] = ["DTLS_server_method", "DTLS_client_method"];

/// Lists what is called to see what is cached. A library without it is asked for no call that puts something there.
const CACHES: [&str; 3] = ["SSL_CTX_sessions", "OPENSSL_LH_doall_arg", "OPENSSL_LH_retrieve"];

/// Lists the functions of ops that are called wherever there is a handshake, by its callbacks too. All functions that
/// no op calls are called there as well.
const HANDSHAKES: [&str; 5] = [
    "SSL_SESSION_new",
    "SSL_SESSION_dup",
    "SSL_SESSION_get0_ticket",
    "SSL_SESSION_get_master_key",
    "SSL_SESSION_get0_peer",
];

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

/// Lists what is called to see which compression the library knows.
const COMPRESSION: [&str; 2] = ["SSL_COMP_get_compression_methods", "SSL_COMP_get_id"];

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

/// Lists what is called before any program is.
const BEFORE: [&str; 4] = ["CRYPTO_set_mem_functions", "OPENSSL_init_ssl", "OpenSSL_version", "OpenSSL_version_num"];

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

/// Says what a kind of op needs of a library.
struct Needs {
    /// Lists functions, all of which are called.
    functions: Vec<&'static str>,
    /// Tells whether it is never made with this library, whatever functions that has.
    ruled_out: bool,
}

impl Needs {
    fn all_of(lists: &[&[&'static str]]) -> Needs {
        Needs { functions: lists.concat(), ruled_out: false }
    }

    fn and(mut self, more: Needs) -> Needs {
        self.functions.extend(more.functions);
        Needs { ruled_out: self.ruled_out || more.ruled_out, ..self }
    }

    fn unless(self, made: bool) -> Needs {
        Needs { ruled_out: self.ruled_out || !made, ..self }
    }
}

impl Library {
    /// Returns the kinds of ops whose function, or whose observation, is missing.
    pub(super) fn lacks(&self) -> Kinds {
        let lacks = |kind: &Kind| {
            let Needs { functions, ruled_out } = self.needs(*kind);
            ruled_out || functions.into_iter().any(|function| !self.has(function))
        };
        Kind::ALL.iter().filter(|kind| lacks(kind)).copied().collect()
    }

    /// Lists the symbols that the library does not have, each with the function that it is, and the kinds of ops that need it. What is
    /// left out for another reason needs none.
    pub fn missing(&self) -> Vec<Missing> {
        let mut missing: Vec<Missing> = Vec::new();
        for kind in Kind::ALL.iter().copied() {
            let Needs { functions, ruled_out } = self.needs(kind);
            for function in functions.into_iter().filter(|function| !ruled_out && !self.has(function)) {
                // One that is there, and has another type or meaning, is not missing.
                let Some(symbol) = self.absent.get(function) else { continue };
                match missing.iter_mut().find(|one| one.function == function) {
                    Some(one) => one.needed_by = one.needed_by.with(kind),
                    None => missing.push(Missing {
                        symbol: symbol.clone(),
                        function: function.into(),
                        needed_by: Kinds::NONE.with(kind),
                    }),
                }
            }
        }
        missing
    }

    fn has(&self, function: &str) -> bool {
        self.api.has(function) == Some(true)
    }

    /// Returns what a call needs, and what is looked at after it.
    fn needs(&self, kind: Kind) -> Needs {
        let named = |name: &'static str| match self.api.has(name) {
            Some(_) => Needs::all_of(&[&[name]]),
            None => Needs::all_of(&[]),
        };
        let shares = || self.sharing();
        #[expect(clippy::wildcard_enum_match_arm, reason = "what most kinds need is the function of their name")]
        match kind {
            Kind::SampleSession => named("d2i_SSL_SESSION"),
            // It is called wherever a session is looked at, too.
            Kind::ToDer => Needs::all_of(&[&["i2d_SSL_SESSION", "CRYPTO_free"]]),
            // The harness's own.
            Kind::SetBytes | Kind::SetByte | Kind::DeleteBytes | Kind::InsertBytes => Needs::all_of(&[]),
            serial if serial.is_serial() => {
                let made_with = SERIAL.iter().find(|(kind, _)| *kind == serial).map(|(_, function)| *function);
                let stores = Needs::all_of(&[&BY_BYTES, &["d2i_X509", "i2d_X509", "X509_free"]]);
                stores.and(Needs::all_of(&[made_with.as_slice()])).and(named(serial.name()))
            }
            Kind::SetCipher => {
                let found = self.has_ciphers() || !self.has("SSL_CIPHER_find");
                Needs::all_of(&[&["SSL_CIPHER_find", "SSL_SESSION_set_cipher"]]).unless(found)
            }
            Kind::Set1OwnId => Needs::all_of(&[&["SSL_SESSION_get_id", "SSL_SESSION_set1_id"]]),
            Kind::Set1OwnIdContext => Needs::all_of(&[&["SSL_SESSION_get0_id_context", "SSL_SESSION_set1_id_context"]]),
            Kind::Get0Peer => Needs::all_of(&[&["SSL_SESSION_get0_peer", "i2d_X509"]]),
            Kind::Get0Cipher => Needs::all_of(&[&["SSL_SESSION_get0_cipher", "SSL_CIPHER_get_protocol_id"]]),
            // A new session shows a clock that cannot be set, nor can its time.
            Kind::GetTime | Kind::GetTimeEx if self.clocking == Clocking::Set => {
                named(kind.name()).and(named("SSL_SESSION_set_time"))
            }
            shared if self.means_otherwise(shared) => Needs::all_of(&[]).unless(false),
            Kind::AdvanceClock | Kind::TurnBackClock => Needs::all_of(&[]).unless(self.clocking == Clocking::Ours),
            Kind::Handshake | Kind::UseCertificate => shares().and(self.shaking()),
            Kind::SendEarlyData => shares().and(self.shaking()).and(Needs::all_of(&[&EARLY])),
            Kind::CtxSetTicketKeyCb => shares().and(named(kind.name())).and(Needs::all_of(&[&TICKET_KEYS])),
            Kind::CtxNewDtls => shares().and(Needs::all_of(&[&DATAGRAMS])),
            Kind::CtxSetNameBlock => shares().and(self.shaking()).and(named("SSL_set_SSL_CTX")),
            Kind::CtxSetRemoveBlock | Kind::CtxSetNewBlock => shares().and(Needs::all_of(&[&BLOCKS])),
            Kind::CtxSetGetBlock | Kind::CtxSetPskUseBlock | Kind::CtxSetPskFindBlock => {
                let sets = kind.of_words().map_or(Needs::all_of(&[]), |kind| named(kind.name()));
                shares().and(sets).and(Needs::all_of(&[&BLOCKS, &GIVING]))
            }
            Kind::GetPeerCertChain => shares().and(Needs::all_of(&[&CHAINS])),
            other => {
                let by_macro = BY_MACRO.iter().find(|(kind, _)| *kind == other).map(|(_, function)| *function);
                let own = named(by_macro.unwrap_or(other.name()));
                if other.is_shared() { shares().and(own) } else { own }
            }
        }
    }

    /// Tells whether the family gives a call on contexts or connections another meaning.
    fn means_otherwise(&self, kind: Kind) -> bool {
        let same = |shared: Kinds| !kind.is_shared() || kind.sets_clock() || shared.contains(kind);
        !self.shared.is_none_or(same)
    }

    /// Returns what is called wherever there is a context.
    fn sharing(&self) -> Needs {
        // What is in a cache is looked at after each call that could have changed it.
        let lists: &[&'static str] = if self.shared.is_some() { &[] } else { &CACHES };
        Needs::all_of(&[&SHARING, lists])
    }

    /// Returns what is called wherever there is a handshake.
    fn shaking(&self) -> Needs {
        let elsewhere = |name: &&str| {
            [&BY_BYTES[..], &EARLY, &TICKET_KEYS, &DATAGRAMS, &BEFORE, &COMPRESSION].concat().contains(name)
        };
        let of_no_op = LIST.iter().filter(|(name, .., condition)| {
            condition.is_empty() && Kind::from_name(name).is_none() && !elsewhere(name)
        });
        let of_no_op: Vec<&'static str> = of_no_op.map(|(name, ..)| *name).collect();
        // What a peer decides is played to the other port by the births of sessions.
        let plays = self.probes.ex_data || !self.has("CRYPTO_get_ex_new_index");
        // Why a handshake fails is compared.
        let plays = plays && self.clocking == Clocking::Ours && self.sees_errors;
        Needs::all_of(&[&["CRYPTO_get_ex_new_index"], &HANDSHAKES, &of_no_op]).unless(plays)
    }
}

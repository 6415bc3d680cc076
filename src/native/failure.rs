//! Why handshakes fail: the alert that a side sends or hears, and the error that it raises.

use super::library::Library;
use super::rules::Rule;

/// Holds what a failed handshake leaves on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Holds the alert that it sent, by its number in the protocol.
    pub sent: Option<u8>,
    /// Holds the alert that it was sent.
    pub heard: Option<u8>,
    /// Holds the reason of the error that it raised: `ERR_GET_REASON` of a release from 3.0 on.
    pub reason: u32,
}

/// Is added to an alert by who hears it: the reason of its error.
pub const SSL_AD_REASON_OFFSET: u32 = 1000;

/// Makes [`Why`] from its rows: the alert, the reason, and its name.
macro_rules! reasons {
    ($($(#[$doc:meta])* $why:ident $alert:literal $reason:literal $name:literal;)*) => {
        /// Says why a side gives up a handshake by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Why { $($(#[$doc])* $why),* }

        /// Lists the reasons of errors, and their names.
        const NAMES: &[(u32, &str)] = &[$(($reason, $name)),*];

        impl Why {
            /// Returns the alert that is sent, and the reason of the error that is raised.
            const fn row(self) -> (u8, u32) {
                match self { $(Why::$why => ($alert, $reason)),* }
            }
        }

        /// Returns the name of the reason of an error: a constant of `<openssl/sslerr.h>` or `<openssl/err.h>`.
        pub fn reason_name(reason: u32) -> Option<&'static str> {
            NAMES.iter().find(|(named, _)| *named == reason).map(|(_, name)| *name)
        }
    };
}

reasons! {
    /// Finds something that cannot be, or is told to give up by a callback of tickets.
    Internal 80 0xc_0103 "ERR_R_INTERNAL_ERROR";
    /// Cannot duplicate its session: `tls_process_new_session_ticket`, `tls_process_client_certificate`.
    NotCopied 80 0x8_0014 "ERR_R_SSL_LIB";
    /// Cannot duplicate it for a ticket: `tls_construct_new_session_ticket`.
    TicketNotCopied 80 0x8_0014 "ERR_R_SSL_LIB";
    /// Cannot duplicate it, before 3.2.
    NotAllocated 80 0xc_0100 "ERR_R_MALLOC_FAILURE";
    /// Gives up and raises no error: `check_fatal` (ssl/statem/statem.c).
    Unsaid 80 256 "SSL_R_MISSING_FATAL";
    /// Asks for certificates and has no session id context: `ssl_get_prev_session`.
    NoIdContext 80 277 "SSL_R_SESSION_ID_CONTEXT_UNINITIALIZED";
    /// Resumes a session with an extended master secret, and the client wants none: `ssl_get_prev_session`.
    NotExtended 40 104 "SSL_R_INCONSISTENT_EXTMS";
    /// Makes an id that a cached session has: `ssl_generate_session_id`.
    IdConflict 80 302 "SSL_R_SSL_SESSION_ID_CONFLICT";
    /// Finds another key than the client's: `tls_psk_do_binder`.
    OtherKey 51 253 "SSL_R_BINDER_DOES_NOT_VERIFY";
    /// Is told to give up by the callback of a server's name: `final_server_name`.
    NameRefused 112 234 "SSL_R_CALLBACK_FAILED";
    /// Is told to give up by the callback that selects a protocol: `tls_handle_alpn`.
    AlpnRefused 120 235 "SSL_R_NO_APPLICATION_PROTOCOL";
    /// Allows no suite of TLS 1.3 that the client names: `tls_early_post_process_client_hello`.
    NoSuite 40 193 "SSL_R_NO_SHARED_CIPHER";
    /// Reads that a key is used with another digest than its own: `set_client_ciphersuite`.
    OtherDigest 47 218 "SSL_R_CIPHERSUITE_DIGEST_HAS_CHANGED";
    /// Resumes a session that has a maximum fragment length, and the client asks for none: `final_maxfragmentlen`.
    NoFragmentLength 109 110 "SSL_R_BAD_EXTENSION";
    /// Reads a suite that it did not name: `set_client_ciphersuite`.
    OtherSuite 47 261 "SSL_R_WRONG_CIPHER_RETURNED";
    /// Reads a protocol that it did not name, or a proof that has another digest: `tls_parse_stoc_alpn`, `tls_parse_ctos_psk`.
    BadExtension 50 110 "SSL_R_BAD_EXTENSION";
    /// Reads that a key is used, and has offered none: `tls_collect_extensions`.
    NotOffered 110 217 "SSL_R_UNSOLICITED_EXTENSION";
    /// Resumes a session of another session id context: `tls_process_server_hello`.
    OtherIdContext 47 272 "SSL_R_ATTEMPT_TO_REUSE_SESSION_IN_DIFFERENT_CONTEXT";
    /// Would send early data to a server of another name: `tls_construct_ctos_early_data`.
    EarlyName 80 231 "SSL_R_INCONSISTENT_EARLY_DATA_SNI";
    /// Would send early data without naming its protocol: `tls_construct_ctos_early_data`.
    EarlyProtocol 80 222 "SSL_R_INCONSISTENT_EARLY_DATA_ALPN";
    /// Reads that early data was taken where another protocol is selected: `tls_parse_stoc_early_data`.
    EarlyTaken 47 110 "SSL_R_BAD_EXTENSION";
    /// Reads a ticket of TLS 1.3 that is empty: `tls_process_new_session_ticket`.
    EmptyTicket 50 159 "SSL_R_LENGTH_MISMATCH";
    /// Reads what comes in another handshake: `ossl_statem_client_read_transition`.
    OutOfTurn 10 244 "SSL_R_UNEXPECTED_MESSAGE";
    /// Cannot decrypt what comes.
    NotDecrypted 20 281 "SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC";
    /// Cannot decrypt what comes, and says so by what failed: `ossl_tls_handle_rlayer_return`.
    RecordLayer 20 313 "SSL_R_RECORD_LAYER_FAILURE";
}

impl Failure {
    /// Makes that of a side that gives up by itself.
    pub(super) fn of(why: Why, library: &Library) -> Failure {
        const ILLEGAL_PARAMETER: u8 = 47;
        let others = [
            (Why::NotDecrypted, Rule::RecordLayerFails, Why::RecordLayer),
            (Why::TicketNotCopied, Rule::RefusedCopyIsUnsaid, Why::Unsaid),
            (Why::NotCopied, Rule::RefusedCopyIsMemory, Why::NotAllocated),
        ];
        let other = others.into_iter().find(|(of, rule, _)| *of == why && library.meets(*rule));
        let why = other.map_or(why, |(.., other)| other);
        let (alert, reason) = why.row();
        let before = match why {
            Why::OtherKey => library.meets(Rule::OtherKeyIsIllegal),
            Why::NotExtended => library.meets(Rule::NotExtendedIsIllegal),
            Why::Internal
            | Why::NotCopied
            | Why::TicketNotCopied
            | Why::NotAllocated
            | Why::Unsaid
            | Why::NoIdContext
            | Why::IdConflict
            | Why::NameRefused
            | Why::AlpnRefused
            | Why::NoSuite
            | Why::OtherDigest
            | Why::OtherSuite
            | Why::NoFragmentLength
            | Why::BadExtension
            | Why::EmptyTicket
            | Why::EarlyName
            | Why::EarlyProtocol
            | Why::EarlyTaken
            | Why::NotOffered
            | Why::OtherIdContext
            | Why::OutOfTurn
            | Why::NotDecrypted
            | Why::RecordLayer => false,
        };
        Failure { sent: Some(if before { ILLEGAL_PARAMETER } else { alert }), heard: None, reason }
    }

    /// Makes that of a side that hears an alert.
    pub(super) fn heard(alert: u8) -> Failure {
        Failure { sent: None, heard: Some(alert), reason: SSL_AD_REASON_OFFSET + u32::from(alert) }
    }
}

/// Returns the name of an alert, as `<openssl/ssl.h>` has it behind `SSL_AD_`.
pub fn alert_name(alert: u8) -> &'static str {
    match alert {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        47 => "illegal_parameter",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        80 => "internal_error",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "another alert",
    }
}

//! Families of libraries with the session API, and what each defines otherwise than OpenSSL on purpose: one row a custom.
//!
//! A native session behaves as an OpenSSL release. Where it stands for a library of another family, it behaves as the release from which
//! that family came, but for the customs of the family. What is no custom differs, and is shown.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::release::Release;

/// Names who shares prototypes and customs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Family {
    /// Is OpenSSL, and what calls itself so.
    #[default]
    OpenSsl,
    /// Is BoringSSL and AWS-LC.
    Boring,
    /// Is wolfSSL.
    Wolf,
    /// Is LibreSSL.
    LibreSsl,
}

impl Family {
    /// Has all of them.
    pub const ALL: [Family; 4] = [Family::OpenSsl, Family::Boring, Family::Wolf, Family::LibreSsl];

    /// Returns its name: `boring`.
    pub const fn name(self) -> &'static str {
        match self {
            Family::OpenSsl => "openssl",
            Family::Boring => "boring",
            Family::Wolf => "wolf",
            Family::LibreSsl => "libressl",
        }
    }

    /// Returns the release that the native session behaves as, but for the customs, where the library has no release of OpenSSL's.
    /// `None`: each library of the family says it.
    pub const fn release(self) -> Option<Release> {
        match self {
            Family::OpenSsl => None,
            // All have the API of 1.1.1, and keep time and timeout as they are given.
            Family::Boring | Family::Wolf | Family::LibreSsl => Some(Release::new(1, 1, 1, 23)),
        }
    }

    /// Lists what it defines otherwise than the release, in a library that says this of its version.
    pub fn customs(self, version: &str) -> impl Iterator<Item = Custom> {
        let is_followed = move |custom: &Custom| {
            let CustomRow { families, only, .. } = custom.row();
            families.contains(&self) && only.is_none_or(|only| version.starts_with(only))
        };
        Custom::ALL.iter().copied().filter(is_followed)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Holds what is known of a custom.
#[derive(Clone, Copy, Debug)]
pub struct CustomRow {
    /// Names it: `timeout-is-two-hours`.
    pub id: &'static str,
    /// Lists the families that have it.
    pub families: &'static [Family],
    /// Says which of their libraries have it, by how their version begins; `None`: all of them.
    pub only: Option<&'static str>,
    /// Says what these do, in one sentence.
    pub what: &'static str,
    /// Names the function where it is seen.
    pub function: &'static str,
    /// Says where it can be read.
    pub source: &'static str,
}

/// Defines the customs from the table below.
macro_rules! define_customs {
    ($(#[doc = $what:literal] $custom:ident $id:literal ($($family:ident)* $(; $only:literal)?) $function:literal $source:literal;)*) => {
        /// Names what a family defines otherwise than OpenSSL on purpose.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Custom { $(#[doc = $what] $custom,)* }

        impl Custom {
            /// Holds every custom.
            pub const ALL: &'static [Custom] = &[$(Custom::$custom),*];

            /// Finds a custom by its id.
            pub fn from_id(id: &str) -> Option<Custom> {
                Custom::ALL.iter().copied().find(|custom| custom.row().id == id)
            }

            /// Returns a bit that no other custom has.
            pub(super) const fn bit(self) -> u64 {
                1 << self as u32
            }

            /// Returns what is known of it.
            pub const fn row(self) -> CustomRow {
                match self {
                    $(Custom::$custom => CustomRow {
                        id: $id,
                        families: &[$(Family::$family),*],
                        only: { let only: &[&str] = &[$($only)?]; only.first().copied() },
                        what: $what.trim_ascii(),
                        function: $function,
                        source: $source,
                    },)*
                }
            }
        }
    };
}

define_customs! {
    /// A new session has the timeout of a new context, two hours.
    TimeoutIsTwoHours "timeout-is-two-hours" (Boring) "SSL_SESSION_new" "SSL_DEFAULT_SESSION_TIMEOUT, openssl/ssl.h of BoringSSL";
    /// A new session has neither time nor timeout: both are 0.
    NewHasNoTime "new-has-no-time" (Wolf) "SSL_SESSION_new" "wolfSSL_NewSession of wolfSSL 5.5.4, measured";
    /// A timeout has 32 bits: what does not fit loses its upper half.
    TimeoutHas32Bits "timeout-has-32-bits" (Boring Wolf) "SSL_SESSION_set_timeout" "openssl/ssl.h of BoringSSL; wolfSSL 5.5.4, measured";
    /// What cannot be is answered with `BAD_FUNC_ARG`, -173: a negative timeout, and `NULL`.
    TimeoutIsChecked "timeout-is-checked" (Wolf) "SSL_SESSION_set_timeout" "wolfSSL_SSL_SESSION_set_timeout of wolfSSL 5.5.4, measured";
    /// A time has 32 bits: what does not fit loses its upper half. A negative one is refused, and 0 returned.
    TimeIsChecked "time-is-checked" (Wolf) "SSL_SESSION_set_time" "wolfSSL_SESSION_set_time, src/ssl_sess.c of wolfSSL 5.9.4";
    /// A master key has 48 bytes, which are 0 where nobody set it.
    KeyHas48Bytes "key-has-48-bytes" (Wolf) "SSL_SESSION_get_master_key" "wolfSSL_SESSION_get_master_key of wolfSSL 5.5.4, measured";
    /// Application data has five places, and what is set beyond them is refused. A duplicate has all of them, whatever is registered.
    ExDataHas5Places "ex-data-has-5-places" (Wolf) "SSL_SESSION_set_ex_data" "MAX_EX_DATA, wolfssl/wolfcrypt/settings.h of wolfSSL 5.9.4";
    /// The first place for application data of a new session holds -1.
    FirstPlaceIsTaken "first-place-is-taken" (Wolf; "wolfSSL 5.5.4") "SSL_SESSION_new" "wolfSSL 5.5.4 of Debian, measured; not in 5.9.4";
    /// An index is one that was registered: a negative one ends the process.
    NegativeIndexAborts "negative-index-aborts" (Boring) "SSL_SESSION_set_ex_data" "openssl/ex_data.h and crypto/ex_data.c of AWS-LC 5.12.0 and BoringSSL";
    /// The lifetime hint is the timeout.
    HintIsTimeout "hint-is-timeout" (Wolf) "SSL_SESSION_get_ticket_lifetime_hint" "wolfSSL_SESSION_get_ticket_lifetime_hint of wolfSSL 5.5.4, measured";
    /// The timeout of a context has 32 bits, and 0 stands for two hours.
    ContextTimeoutIsNever0 "context-timeout-is-never-0" (Boring) "SSL_CTX_set_timeout" "openssl/ssl.h of BoringSSL";
    /// A version is a `uint16_t`, and one that the library does not speak is refused.
    OnlyKnownVersions "only-known-versions" (Boring) "SSL_SESSION_set_protocol_version" "openssl/ssl.h of BoringSSL";
    /// A session of TLS 1.3 can be resumed by a ticket alone, whatever id it has.
    Tls13NeedsTicket "tls13-needs-ticket" (Boring; "BoringSSL with resumption across names") "SSL_SESSION_is_resumable" "ssl_session_get_type, ssl/ssl_session.cc of BoringSSL, API 44";
    /// The size of a cache is an `unsigned long`: none is negative, and none is refused.
    CacheSizeIsUnsigned "cache-size-is-unsigned" (Boring LibreSsl) "SSL_CTX_sess_set_cache_size" "openssl/ssl.h of BoringSSL; SSL_CTX_ctrl, ssl/ssl_lib.c of LibreSSL 3.1.0";
    /// An id or a context that is set must not be the one that the session lends: it ends the process.
    OwnIdAborts "own-id-aborts" (Boring; "BoringSSL with resumption across names") "SSL_SESSION_set1_id" "InplaceVector::TryCopyFrom, crypto/mem_internal.h of BoringSSL, API 44";
    /// A context must be given: `NULL`, which stands for the first one in OpenSSL, is followed.
    ContextOfNullIsFollowed "context-of-null-is-followed" (Boring) "SSL_set_SSL_CTX" "ssl/ssl_lib.cc of BoringSSL";
    /// A session must be given: `NULL` is followed.
    TimeoutOfNullIsFollowed "timeout-of-null-is-followed" (Boring) "SSL_SESSION_get_timeout" "ssl/ssl_session.cc of BoringSSL";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole_and_named_once() {
        let mut ids = std::collections::HashSet::new();
        for custom in Custom::ALL {
            let row = custom.row();
            assert!(ids.insert(row.id), "{} twice", row.id);
            let whole = row.what.ends_with('.') && !row.function.is_empty() && !row.source.is_empty();
            assert!(whole && !row.families.is_empty(), "{}", row.id);
            assert!(!row.families.contains(&Family::OpenSsl), "{}: what OpenSSL does is a rule", row.id);
            assert_eq!(Custom::ALL.iter().filter(|other| other.bit() == custom.bit()).count(), 1);
        }
        assert_eq!(Family::OpenSsl.customs("").count(), 0);
        let of_wolf = |version| Family::Wolf.customs(version).any(|custom| custom == Custom::FirstPlaceIsTaken);
        assert!(of_wolf("wolfSSL 5.5.4 (family wolf, guessed)") && !of_wolf("wolfSSL 5.9.4"));
    }
}

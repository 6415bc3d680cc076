//! Operands that are one word of a list: ex_data indices, cipher suites, sample sessions, settings of contexts.

use std::fmt;

use super::super::text::{Cursor, Expected, TextError};
use super::super::wire::Wire;
use super::{Nullable, Operand, Shrink};

/// Operands that are one word of a fixed list, numbered on the wire in this order: append only. Other numbers are folded
/// into the first so many, a number that stays when a word is appended, so that they keep their meaning too. In text something
/// may follow the word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident first $first:literal { $($items:tt)* }) => {
        words! { $(#[$doc])* $name first $first before "" { $($items)* } }
    };
    ($(#[$doc:meta])* $name:ident first $first:literal before $end:literal {
        $($(#[$item_doc:meta])* $item:ident = $word:literal),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name { $($(#[$item_doc])* $item),* }

        impl $name {
            /// Every one, in wire order.
            pub const ALL: &'static [$name] = &[$($name::$item),*];

            /// Returns its word.
            pub const fn name(self) -> &'static str {
                match self { $($name::$item => $word),* }
            }

            fn from_name(name: &str) -> Option<$name> {
                match name { $($word => Some($name::$item),)* _ => None }
            }
        }

        impl Operand for $name {
            fn form() -> String {
                concat!("one of" $(, " `", $word, $end, "`")*).into()
            }

            fn put_wire(&self, out: &mut Vec<u8>) {
                out.push(*self as u8);
            }

            #[allow(clippy::modulo_one, reason = "a list may have one word")]
            fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
                let number = usize::from(wire.byte()?);
                $name::ALL.get(number).or($name::ALL.get(number % $first)).copied()
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", self.name(), $end)
            }

            fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
                let word = cursor.word_as(Expected::OneOf(&[$(concat!($word, $end)),*]), $name::from_name)?;
                $end.chars().try_for_each(|wanted| cursor.expect(wanted)).map(|()| word)
            }
        }

        impl Shrink for $name {
            fn shrink(&self) -> Vec<$name> {
                $name::ALL[..*self as usize].to_vec()
            }
        }
    };
}

pub(super) use words;

words! {
    /// Which keys seal tickets.
    TicketKeys first 4 {
        /// None: it is asked how long they are.
        None = "NULL",
        /// 80 bytes.
        A = "ticket_keys_a",
        /// 80 other bytes.
        B = "ticket_keys_b",
        /// 79 bytes, which are refused.
        Short = "ticket_keys_short",
    }
}

words! {
    /// Which suites of TLS 1.3 are allowed, the preferred one first.
    Suites first 5 {
        /// What a new context allows.
        All = "all_suites",
        /// The one with SHA-384.
        Aes256 = "aes_256",
        /// One with SHA-256.
        Aes128 = "aes_128",
        /// Another one with SHA-256.
        Chacha20 = "chacha20",
        /// Both with SHA-256.
        Sha256 = "chacha20_or_aes_128",
    }
}

impl Suites {
    /// Returns the list as C takes it.
    pub const fn list(self) -> &'static std::ffi::CStr {
        match self {
            Suites::All => c"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
            Suites::Aes256 => c"TLS_AES_256_GCM_SHA384",
            Suites::Aes128 => c"TLS_AES_128_GCM_SHA256",
            Suites::Chacha20 => c"TLS_CHACHA20_POLY1305_SHA256",
            Suites::Sha256 => c"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
        }
    }

    /// Returns their two-byte codes.
    pub const fn codes(self) -> &'static [u16] {
        match self {
            Suites::All => &[0x1302, 0x1303, 0x1301],
            Suites::Aes256 => &[0x1302],
            Suites::Aes128 => &[0x1301],
            Suites::Chacha20 => &[0x1303],
            Suites::Sha256 => &[0x1303, 0x1301],
        }
    }
}

words! {
    /// An index of application data. Three are registered by the harness, in this order, unless its probes are off.
    ExIndex first 6 {
        /// Index 0, which exists without registration and has no callbacks.
        AppData = "app_data",
        /// Its new, dup and free callbacks are recorded.
        Counted = "ex_counted",
        /// Its dup callback adds 1 to the value; its free callback is recorded.
        Replaced = "ex_replaced",
        /// Its dup callback refuses odd values.
        Refused = "ex_refused",
        /// An index that nobody registered.
        Unregistered = "ex_unregistered",
        /// Index -1.
        Negative = "ex_negative",
    }
}

impl ExIndex {
    /// Returns the number of the index, the same on every port: the harness registers three, 1 to 3, or none.
    pub const fn number(self) -> i32 {
        match self {
            ExIndex::AppData => 0,
            ExIndex::Counted => 1,
            ExIndex::Replaced => 2,
            ExIndex::Refused => 3,
            ExIndex::Unregistered => 9,
            ExIndex::Negative => -1,
        }
    }
}

words! {
    /// A cipher suite, by the names of RFC 8446 and the TLS registry.
    Cipher first 6 {
        /// 0x1301
        Aes128GcmSha256 = "TLS_AES_128_GCM_SHA256",
        /// 0x1302
        Aes256GcmSha384 = "TLS_AES_256_GCM_SHA384",
        /// 0x1303
        Chacha20Poly1305Sha256 = "TLS_CHACHA20_POLY1305_SHA256",
        /// 0xc02f
        EcdheRsaAes128GcmSha256 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        /// 0xc02b
        EcdheEcdsaAes128GcmSha256 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        /// 0x009c
        RsaAes128GcmSha256 = "TLS_RSA_WITH_AES_128_GCM_SHA256",
    }
}

impl Cipher {
    /// Returns its two-byte code.
    pub const fn code(self) -> u16 {
        match self {
            Cipher::Aes128GcmSha256 => 0x1301,
            Cipher::Aes256GcmSha384 => 0x1302,
            Cipher::Chacha20Poly1305Sha256 => 0x1303,
            Cipher::EcdheRsaAes128GcmSha256 => 0xc02f,
            Cipher::EcdheEcdsaAes128GcmSha256 => 0xc02b,
            Cipher::RsaAes128GcmSha256 => 0x009c,
        }
    }
}

impl Nullable for Cipher {
    const OR_NULL: Option<Expected> = None;
}

words! {
    /// A session that only a handshake or a stored session can make; see `samples.rs`.
    Sample first 7 {
        /// TLS 1.2 with a session id.
        Tls12Id = "tls12_id",
        /// TLS 1.2 with a ticket and a server name.
        Tls12Ticket = "tls12_ticket",
        /// TLS 1.3 with a ticket, early data, an application protocol and ticket application data.
        Tls13Ticket = "tls13_ticket",
        /// TLS 1.2 with the peer's certificate.
        Tls12Peer = "tls12_peer",
        /// Compression and a maximum fragment length.
        Tls12Odd = "tls12_odd",
        /// A lifetime hint without a ticket.
        HintOnly = "hint_only",
        /// A ticket of no bytes.
        EmptyTicket = "empty_ticket",
        /// Everything at once.
        Tls12Full = "tls12_full",
    }
}

impl Sample {
    /// Tells whether it has the peer's certificate, which takes far longer to read than all the rest.
    pub fn has_certificate(self) -> bool {
        match self {
            Sample::Tls12Peer | Sample::Tls12Full => true,
            Sample::Tls12Id
            | Sample::Tls12Ticket
            | Sample::Tls13Ticket
            | Sample::Tls12Odd
            | Sample::HintOnly
            | Sample::EmptyTicket => false,
        }
    }
}

words! {
    /// Which side of a connection a context is for.
    Method first 2 before "()" {
        /// A server.
        Server = "TLS_server_method",
        /// A client.
        Client = "TLS_client_method",
    }
}

words! {
    /// Which side of a DTLS connection a context is for.
    DatagramMethod first 2 before "()" {
        /// A server.
        Server = "DTLS_server_method",
        /// A client.
        Client = "DTLS_client_method",
    }
}

impl DatagramMethod {
    /// Returns the side.
    pub const fn side(self) -> Method {
        match self {
            DatagramMethod::Server => Method::Server,
            DatagramMethod::Client => Method::Client,
        }
    }

    /// Returns the method of a side.
    pub const fn of(side: Method) -> DatagramMethod {
        match side {
            Method::Server => DatagramMethod::Server,
            Method::Client => DatagramMethod::Client,
        }
    }
}

words! {
    /// The newest version of a connection.
    MaxVersion first 2 {
        /// TLS 1.2
        Tls12 = "TLS1_2_VERSION",
        /// TLS 1.3
        Tls13 = "TLS1_3_VERSION",
    }
}

words! {
    /// What a connection does otherwise.
    Options first 1 {
        /// No stateless tickets: sessions are found in caches.
        NoTicket = "SSL_OP_NO_TICKET",
        /// The master secret of TLS 1.2 is made without a digest of the handshake. 1.1.1 has no such option.
        NoExtendedMasterSecret = "SSL_OP_NO_EXTENDED_MASTER_SECRET",
        /// A server that has renegotiated with a new session in mind resumes none then.
        NoResumptionOnRenegotiation = "SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION",
    }
}

words! {
    /// Whether a server asks its client for a certificate.
    Verify first 2 {
        /// It does not.
        None = "SSL_VERIFY_NONE",
        /// It does; a client without one is welcome.
        Peer = "SSL_VERIFY_PEER",
        /// It does, but in TLS 1.3 only after the handshake: `SSL_VERIFY_POST_HANDSHAKE` too.
        Later = "verify_post_handshake",
    }
}

words! {
    /// Says whether the other side is to update its keys too.
    KeyUpdate first 2 {
        /// It need not.
        Alone = "SSL_KEY_UPDATE_NOT_REQUESTED",
        /// It is asked to.
        Requested = "SSL_KEY_UPDATE_REQUESTED",
    }
}

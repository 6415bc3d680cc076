//! Operands that are flags.

use std::fmt;

use super::super::text::{Cursor, Expected, TextError};
use super::super::wire::Wire;
use super::{Operand, Shrink};

/// Operands that are some of the header's bits, in text joined by `|`.
macro_rules! bits {
    ($(#[$doc:meta])* $name:ident($type:ty) none $none:literal { $($bit:literal $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name($type);

        impl $name {
            /// Every bit with its name.
            pub const BITS: &'static [($type, &'static str)] = &[$(($bit, $word)),*];

            const KNOWN: $type = $($bit)|*;

            /// Keeps those of `bits` that have a name.
            pub const fn of(bits: $type) -> $name {
                $name(bits & $name::KNOWN)
            }

            /// Returns the bits as in C.
            pub const fn bits(self) -> $type {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut separator = "";
                for (_, word) in $name::BITS.iter().filter(|(bit, _)| self.0 & bit != 0) {
                    write!(f, "{separator}{word}")?;
                    separator = " | ";
                }
                if separator.is_empty() { f.write_str($none) } else { Ok(()) }
            }
        }

        impl Operand for $name {
            fn form() -> String {
                concat!("some of" $(, " `", $word, "`")*, " with `|` between them, or `", $none, "`").into()
            }

            fn put_wire(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0.to_le_bytes());
            }

            fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
                wire.array().map(|bytes| $name::of(<$type>::from_le_bytes(bytes)))
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }

            fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
                let mut bits = 0;
                loop {
                    bits |= cursor.word_as(Expected::OneOf(&[$none, $($word),*]), |word| match word {
                        $none => Some(0),
                        $($word => Some($bit),)*
                        _ => None,
                    })?;
                    if !cursor.accept('|') {
                        return Ok($name(bits));
                    }
                }
            }
        }

        impl Shrink for $name {
            fn shrink(&self) -> Vec<$name> {
                let bits = $name::BITS.iter().filter(|(bit, _)| self.0 & bit != 0);
                bits.map(|(bit, _)| $name(self.0 & !bit)).collect()
            }
        }
    };
}

bits! {
    /// Who caches what: `SSL_CTX_set_session_cache_mode(3)`.
    CacheMode(u16) none "SSL_SESS_CACHE_OFF" {
        0x001 "SSL_SESS_CACHE_CLIENT",
        0x002 "SSL_SESS_CACHE_SERVER",
        0x080 "SSL_SESS_CACHE_NO_AUTO_CLEAR",
        0x100 "SSL_SESS_CACHE_NO_INTERNAL_LOOKUP",
        0x200 "SSL_SESS_CACHE_NO_INTERNAL_STORE",
        0x400 "SSL_SESS_CACHE_UPDATE_TIME",
    }
}

bits! {
    /// Who has said that nothing more is sent: `SSL_set_shutdown(3)`.
    Closed(u8) none "none" {
        0x1 "SSL_SENT_SHUTDOWN",
        0x2 "SSL_RECEIVED_SHUTDOWN",
    }
}

//! The name of a divergence: the call that is blamed, and what differs.

use std::fmt;
use std::str::FromStr;

use super::Class;
use crate::field::Field;
use crate::op::{Kind, all_near, nearest};
use crate::trace::{Breakage, Callback, NoBreakage, Signal, Violation};

/// The stable name of a divergence: `SSL_SESSION_dup/ticket_appdata`. What differs under the same name is one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The call that is blamed.
    pub call: Call,
    /// What differs.
    pub aspect: Aspect,
}

impl Signature {
    /// Lists those that may have been meant by a text that is none, the nearest first: no more than three. Empty: none is near.
    pub fn near(text: &str) -> Vec<Signature> {
        let (call, aspect) = text.split_once('/').unwrap_or((text, ""));
        let names = || Kind::ALL.iter().map(|kind| kind.name()).chain([END]);
        let Some(call) = nearest(call, names()).and_then(|name| name.parse().ok()) else { return Vec::new() };
        if let Ok(aspect) = aspect.parse() {
            return vec![Signature { call, aspect }];
        }
        // What most differ in, where nothing is said.
        let usual = [Aspect::Count(Whose::Own), Aspect::Return];
        let all: Vec<(String, Aspect)> = Aspect::all().map(|aspect| (aspect.to_string(), aspect)).collect();
        let near = all_near(aspect, all.iter().map(|(name, _)| name.as_str()), MOST_NEAR);
        let named = near.into_iter().filter_map(|name| all.iter().find(|(other, _)| other == name));
        let near: Vec<Aspect> = named.map(|(_, aspect)| *aspect).collect();
        let near = if aspect.is_empty() { usual.to_vec() } else { near };
        near.into_iter().map(|aspect| Signature { call, aspect }).collect()
    }

    /// Names a field that `i2d_SSL_SESSION` writes wrong.
    pub const fn of_encoding(field: Field) -> Signature {
        Signature { call: Call::Kind(Kind::ToDer), aspect: Aspect::Field(Whose::Own, field) }
    }
}

/// The call that is blamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// A function, or a word of the harness's own.
    Kind(Kind),
    /// No call: it shows when everything was given back.
    End,
}

/// Whose session it is that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The call's own.
    Own,
    /// One that the call does not name.
    Other,
}

/// The callback that differs, or what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Called {
    /// The new callback of an ex_data index.
    New,
    /// The dup callback of an ex_data index.
    Dup,
    /// The free callback of an ex_data index.
    Free,
    /// A callback of an ex_data index has other arguments than it was registered with.
    Arguments,
    /// The callback that tells that a session leaves a cache.
    Remove,
    /// The one that tells the harness that a context was destroyed.
    ContextFreed,
    /// One that a handshake calls.
    Handshake(Callback),
}

/// Makes [`Aspect`]: those that are one word from the table, and the others from the variants in front of it.
macro_rules! aspects {
    ({ $($others:tt)* } $($(#[$doc:meta])* $aspect:ident $word:literal $class:ident;)*) => {
        /// What differs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Aspect {
            $($others)*
            $($(#[$doc])* $aspect,)*
        }

        impl Aspect {
            /// The aspects that are one word.
            const WORDS: &'static [Aspect] = &[$(Aspect::$aspect),*];

            /// Finds the aspect that is this word.
            fn of_word(word: &str) -> Option<Aspect> {
                match word { $($word => Some(Aspect::$aspect),)* _ => None }
            }

            /// Tells whether what caches list may say more of it: what they list, or in which order sessions leave them.
            pub(super) const fn is_of_caches(self) -> bool {
                matches!(self, Aspect::Cache | Aspect::Callback(Called::Remove | Called::Free))
            }

            /// Returns how bad it is.
            pub const fn class(self) -> Class {
                match self {
                    Aspect::Field(..) | Aspect::Shared(_) | Aspect::Length(_) => Class::Contents,
                    Aspect::Count(_) => Class::Count,
                    Aspect::Callback(_) => Class::Callback,
                    Aspect::Breakage(Breakage::Hang) => Class::Hang,
                    Aspect::Breakage(
                        Breakage::Misuse(_) | Breakage::Signal(_) | Breakage::Exit | Breakage::NotRun,
                    ) => Class::Memory,
                    $(Aspect::$aspect => Class::$class,)*
                }
            }
        }

        impl fmt::Display for Aspect {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Aspect::Field(whose, field) => write!(f, "{whose}{}", field.name()),
                    Aspect::Shared(field) => write!(f, "{SHARED}{}", field.name()),
                    Aspect::Length(field) => write!(f, "{}{LENGTH}", field.name()),
                    Aspect::Count(whose) => write!(f, "{whose}{COUNT}"),
                    Aspect::Callback(called) => write!(f, "{CALLBACK}{}", called.name()),
                    Aspect::Breakage(breakage) => breakage.fmt(f),
                    $(Aspect::$aspect => f.write_str($word),)*
                }
            }
        }
    };
}

aspects! {
    {
        /// A field: what its getter shows.
        Field(Whose, Field),
        /// A field whose buffer two sessions share.
        Shared(Field),
        /// The length of a field that is NULL.
        Length(Field),
        /// A reference count.
        Count(Whose),
        /// Whether a callback ran, when, and with what.
        Callback(Called),
        /// A crash, a hang, or a misuse of memory.
        Breakage(Breakage),
    }
    /// What the call returned.
    Return "return" Return;
    /// Which session the call returned.
    Session "session" Return;
    /// Whether the call raised an error.
    ErrorQueue "error-queue" Return;
    /// The error that was in the queue before the call is gone.
    ErrorLost "error-lost" Return;
    /// One side ended, or did not run a step that the other ran.
    Ended "ended" Return;
    /// The bytes that the call copied out.
    Copied "copied" Contents;
    /// Whose certificates are in the chain of a peer.
    PeerChain "peer-chain" Contents;
    /// The call wrote beyond the buffer it was given.
    Overrun "overrun" Memory;
    /// The call changed bytes that it only had to read.
    ArgumentChanged "argument-changed" Memory;
    /// A session was destroyed that has an owner.
    DestroyedEarly "destroyed-early" Count;
    /// A session lives that has no owner.
    DestroyedLate "destroyed-late" Count;
    /// Allocations live on when everything was given back.
    Leak "leak" Leak;
    /// More allocations were freed than made.
    FreedTooMuch "freed-too-much" Leak;
    /// The program lost the last pointer to a session.
    Lost "lost" Leak;
    /// What is in a cache.
    Cache "cache" Cache;
    /// Which session a connection has.
    Connection "connection" Cache;
}

impl Aspect {
    /// Lists those that there are, but for words of sanitizers that are not in their table.
    fn all() -> impl Iterator<Item = Aspect> {
        let fields = Field::ALL.iter().copied().flat_map(|field| {
            let whose = [Whose::Own, Whose::Other].map(|whose| Aspect::Field(whose, field));
            whose.into_iter().chain([Aspect::Shared(field), Aspect::Length(field)])
        });
        let breakages = Violation::WORDS.iter().copied().map(Breakage::Misuse);
        let breakages = breakages.chain(Signal::WORDS.iter().copied().map(Breakage::Signal));
        let breakages = breakages.chain(Breakage::WORDS.iter().copied()).map(Aspect::Breakage);
        let counts = [Whose::Own, Whose::Other].map(Aspect::Count);
        let callbacks = Called::all().map(Aspect::Callback);
        fields.chain(breakages).chain(counts).chain(callbacks).chain(Aspect::WORDS.iter().copied())
    }
}

/// The most signatures that are named for one that is none.
const MOST_NEAR: usize = 3;

const OTHER: &str = "other.";
const SHARED: &str = "shared.";
const LENGTH: &str = ".length";
const COUNT: &str = "count";
const CALLBACK: &str = "callback.";
const END: &str = "end";

impl Called {
    /// Those that no handshake calls.
    const PLAIN: [Called; 6] =
        [Called::New, Called::Dup, Called::Free, Called::Arguments, Called::Remove, Called::ContextFreed];

    /// Lists every callback.
    fn all() -> impl Iterator<Item = Called> {
        Called::PLAIN.into_iter().chain(Callback::ALL.iter().copied().map(Called::Handshake))
    }

    /// Returns the word behind `callback.`.
    const fn name(self) -> &'static str {
        match self {
            Called::New => "new",
            Called::Dup => "dup",
            Called::Free => "free",
            Called::Arguments => "arguments",
            Called::Remove => "remove",
            Called::ContextFreed => "context-freed",
            Called::Handshake(callback) => callback.name(),
        }
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whose::Own => Ok(()),
            Whose::Other => f.write_str(OTHER),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Call::Kind(kind) => kind.name(),
            Call::End => END,
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.call, self.aspect)
    }
}

/// Why a text is no signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It does not have two parts.
    #[error("`{0}` is no signature: there is no `/` between a call and what differs")]
    NoSlash(String),
    /// The first part.
    #[error("`{0}` is no call")]
    Call(String),
    /// What follows `callback.`.
    #[error("`{0}` is no callback")]
    Callback(String),
    /// What follows `other.` or `shared.`, or precedes `.length`.
    #[error("`{0}` is no field")]
    Field(String),
    /// The second part.
    #[error("`{0}` is nothing that a call can differ in")]
    Aspect(String),
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Signature, SignatureError> {
        let (call, aspect) = text.split_once('/').ok_or_else(|| SignatureError::NoSlash(text.into()))?;
        Ok(Signature { call: call.parse()?, aspect: aspect.parse()? })
    }
}

impl FromStr for Call {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Call, SignatureError> {
        if text == END {
            return Ok(Call::End);
        }
        Kind::from_name(text).map(Call::Kind).ok_or_else(|| SignatureError::Call(text.into()))
    }
}

impl FromStr for Aspect {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Aspect, SignatureError> {
        let field = |name: &str| Field::ALL.iter().copied().find(|field| field.name() == name);
        let needed = |name: &str| field(name).ok_or_else(|| SignatureError::Field(name.into()));
        if let Some(name) = text.strip_prefix(CALLBACK) {
            let called = Called::all().find(|called| called.name() == name);
            return called.map(Aspect::Callback).ok_or_else(|| SignatureError::Callback(name.into()));
        }
        if let Some(name) = text.strip_prefix(SHARED) {
            return needed(name).map(Aspect::Shared);
        }
        if let Some(name) = text.strip_suffix(LENGTH) {
            return needed(name).map(Aspect::Length);
        }
        match text.strip_prefix(OTHER) {
            Some(COUNT) => return Ok(Aspect::Count(Whose::Other)),
            Some(name) => return needed(name).map(|field| Aspect::Field(Whose::Other, field)),
            None if text == COUNT => return Ok(Aspect::Count(Whose::Own)),
            None => {}
        }
        if let Some(known) = field(text).map(|field| Aspect::Field(Whose::Own, field)).or(Aspect::of_word(text)) {
            return Ok(known);
        }
        text.parse().map(Aspect::Breakage).map_err(|NoBreakage { word }| SignatureError::Aspect(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_read_as_it_is_written() {
        let calls = Kind::ALL.iter().copied().map(Call::Kind).chain([Call::End]);
        let mut texts = std::collections::HashSet::new();
        for call in calls {
            for aspect in Aspect::all() {
                let signature = Signature { call, aspect };
                let text = signature.to_string();
                assert_eq!(text.parse(), Ok(signature), "{text}");
                assert!(texts.insert(text.clone()), "{text} is written for two signatures");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_text_is_named() {
        let wrong = |text: &str| text.parse::<Signature>().map_err(|error| error.to_string());
        let said = |text: &str| Err(text.to_string());
        assert_eq!(wrong("return"), said("`return` is no signature: there is no `/` between a call and what differs"));
        assert_eq!(wrong("SSL_SESSION_dupe/return"), said("`SSL_SESSION_dupe` is no call"));
        assert_eq!(wrong("end/callback.never"), said("`never` is no callback"));
        for text in ["end/shared.cont", "end/other.cont", "end/cont.length"] {
            assert_eq!(wrong(text), said("`cont` is no field"));
        }
        for word in ["retrun", "", "nothing", "other", "count.", "callback"] {
            let expected = format!("`{word}` is nothing that a call can differ in");
            assert_eq!(wrong(&format!("end/{word}")), Err(expected));
        }
    }
}

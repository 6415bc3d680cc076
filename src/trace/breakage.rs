//! What a crash, a hang and a misuse of memory are called in signatures.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a mishap is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Breakage {
    /// Memory was misused.
    Misuse(Violation),
    /// A signal ended the process.
    Signal(Signal),
    /// A call did not return within the time limit.
    Hang,
    /// The library ended the process.
    Exit,
    /// The port could not be run. No divergence is called so.
    NotRun,
}

/// Makes [`Violation`] from the words of its variants.
macro_rules! violations {
    ($($violation:ident $word:literal,)*) => {
        /// A misuse of memory. Its word is the first of what a sanitizer reports, or that of the harness's own memory, which
        /// takes the address sanitizer's where that has one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Violation {
            $(#[doc = concat!("`", $word, "`")] $violation,)*
            /// A sanitizer's word that is not in the table: `sanitizer.WORD`.
            Unlisted(Word),
        }

        impl Violation {
            /// Every violation of the table.
            pub const LISTED: &'static [Violation] = &[$(Violation::$violation),*];

            /// Finds the violation of this word in the table.
            fn listed(word: &str) -> Option<Violation> {
                match word { $($word => Some(Violation::$violation),)* _ => None }
            }
        }

        impl fmt::Display for Violation {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Violation::$violation => f.write_str($word),)*
                    Violation::Unlisted(word) => write!(f, "{UNLISTED}{word}"),
                }
            }
        }
    };
}

/// What stands before a word that is not in the table.
const UNLISTED: &str = "sanitizer.";

violations! {
    // Of the harness's own memory.
    DoubleFree "double-free",
    BadFree "bad-free",
    UseAfterFree "heap-use-after-free",
    Overflow "heap-buffer-overflow",
    Underflow "heap-buffer-underflow",
    NoMemory "out-of-memory",
    // Of the address sanitizer.
    StackOverflow "stack-overflow",
    StackBufferOverflow "stack-buffer-overflow",
    StackBufferUnderflow "stack-buffer-underflow",
    DynamicStackOverflow "dynamic-stack-buffer-overflow",
    StackUseAfterReturn "stack-use-after-return",
    StackUseAfterScope "stack-use-after-scope",
    GlobalOverflow "global-buffer-overflow",
    ContainerOverflow "container-overflow",
    IntraObjectOverflow "intra-object-overflow",
    UseAfterPoison "use-after-poison",
    InitializationOrder "initialization-order-fiasco",
    OdrViolation "odr-violation",
    UnknownCrash "unknown-crash",
    NewDeleteMismatch "new-delete-type-mismatch",
    AllocDeallocMismatch "alloc-dealloc-mismatch",
    InvalidPointerPair "invalid-pointer-pair",
    NegativeSize "negative-size-param",
    MemcpyOverlap "memcpy-param-overlap",
    MemmoveOverlap "memmove-param-overlap",
    StrcpyOverlap "strcpy-param-overlap",
    StrncpyOverlap "strncpy-param-overlap",
    StrcatOverlap "strcat-param-overlap",
    StrncatOverlap "strncat-param-overlap",
    // Its sentences, by their first word: attempting double-free, requested allocation size exceeds, …
    Attempting "attempting",
    Requested "requested",
    Invalid "invalid",
    Calloc "calloc",
    ReallocArray "reallocarray",
    Pvalloc "pvalloc",
    Specified "specified",
    Allocator "allocator",
    Failed "failed",
    Bad "bad",
    Nested "nested",
    Check "CHECK",
    SanitizedSegv "SEGV",
    SanitizedBus "BUS",
    SanitizedFpe "FPE",
    SanitizedIll "ILL",
    SanitizedAbrt "ABRT",
    SanitizedTrap "TRAP",
    // Of the others.
    Leaks "detected",
    Undefined "undefined-behavior",
    Uninitialized "use-of-uninitialized-value",
    DataRace "data",
    TagMismatch "tag-mismatch",
}

impl Violation {
    /// Names what a sanitizer calls by this word; `None`: it is no word.
    pub fn of_sanitizer(word: &str) -> Option<Violation> {
        Violation::listed(word).or_else(|| Word::cut(word).map(Violation::Unlisted))
    }
}

/// A word of letters, digits and hyphens.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word {
    bytes: [u8; Word::ROOM],
    length: u8,
}

impl Word {
    /// The longest word, bytes. Those of sanitizers have thirty letters at most.
    pub const ROOM: usize = 31;

    /// Takes as many bytes of `word` as there is room for; `None`: it is empty, or has other characters.
    fn cut(word: &str) -> Option<Word> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        if word.is_empty() || !word.as_bytes().iter().all(plain) {
            return None;
        }
        let (mut bytes, length) = ([0; Word::ROOM], word.len().min(Word::ROOM));
        bytes[..length].copy_from_slice(&word.as_bytes()[..length]);
        Some(Word { bytes, length: length as u8 })
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes[..usize::from(self.length)].iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Makes [`Signal`] from the names of its variants.
macro_rules! signals {
    ($($signal:ident $name:literal,)*) => {
        /// A signal that ended the process.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Signal {
            $(#[doc = concat!("`", $name, "`")] $signal,)*
            /// One that the parent was told of by its number: `signal-9`.
            Number(i32),
            /// One that was caught and has no name here: `signal`.
            Unnamed,
        }

        impl Signal {
            /// Every signal that has a name.
            pub const NAMED: &'static [Signal] = &[$(Signal::$signal),*];

            /// Finds the signal of this name.
            fn named(name: &str) -> Option<Signal> {
                match name { $($name => Some(Signal::$signal),)* _ => None }
            }
        }

        impl fmt::Display for Signal {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Signal::$signal => f.write_str($name),)*
                    Signal::Number(number) => write!(f, "{SIGNAL}-{number}"),
                    Signal::Unnamed => f.write_str(SIGNAL),
                }
            }
        }
    };
}

const SIGNAL: &str = "signal";

signals! {
    Segv "SIGSEGV",
    Bus "SIGBUS",
    Abrt "SIGABRT",
    Ill "SIGILL",
    Fpe "SIGFPE",
}

impl Signal {
    /// Reads what its `Display` writes.
    fn parse(text: &str) -> Option<Signal> {
        if text == SIGNAL {
            return Some(Signal::Unnamed);
        }
        let number = || text.strip_prefix(SIGNAL)?.strip_prefix('-')?.parse().ok().map(Signal::Number);
        Signal::named(text).or_else(number)
    }
}

const HANG: &str = "hang";
const EXIT: &str = "exit";
const NOT_RUN: &str = "not-run";

impl fmt::Display for Breakage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Breakage::Misuse(violation) => violation.fmt(f),
            Breakage::Signal(signal) => signal.fmt(f),
            Breakage::Hang => f.write_str(HANG),
            Breakage::Exit => f.write_str(EXIT),
            Breakage::NotRun => f.write_str(NOT_RUN),
        }
    }
}

/// As its text, which is formatted while it is written: a signal handler may do so.
impl Serialize for Breakage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Breakage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Breakage, D::Error> {
        <&str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A word that no crash, hang or misuse of memory is called by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is what no crash, hang or misuse of memory is called")]
pub struct NoBreakage {
    /// The word.
    pub word: String,
}

impl FromStr for Breakage {
    type Err = NoBreakage;

    fn from_str(text: &str) -> Result<Breakage, NoBreakage> {
        let unlisted = || Word::cut(text.strip_prefix(UNLISTED)?).map(Violation::Unlisted);
        let violation = Violation::listed(text).or_else(unlisted).map(Breakage::Misuse);
        match text {
            HANG => Ok(Breakage::Hang),
            EXIT => Ok(Breakage::Exit),
            NOT_RUN => Ok(Breakage::NotRun),
            _ => violation
                .or_else(|| Signal::parse(text).map(Breakage::Signal))
                .ok_or_else(|| NoBreakage { word: text.into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_is_written() {
        let signals = Signal::NAMED.iter().copied().chain([Signal::Number(9), Signal::Unnamed]).map(Breakage::Signal);
        let unlisted = Violation::of_sanitizer("heap-use-of-tomorrow").expect("a word");
        let violations = Violation::LISTED.iter().copied().chain([unlisted]).map(Breakage::Misuse);
        let rest = [Breakage::Hang, Breakage::Exit, Breakage::NotRun];
        for breakage in signals.chain(violations).chain(rest) {
            assert_eq!(breakage.to_string().parse(), Ok(breakage), "{breakage}");
        }
        assert_eq!(Breakage::Misuse(unlisted).to_string(), "sanitizer.heap-use-of-tomorrow");
    }

    #[test]
    fn what_is_no_word_of_the_table_is_refused() {
        for word in ["", "sigsegv", "signal-", "signal-x", "heap-use-after-fre", "sanitizer.", "sanitizer.a b", "lost"]
        {
            assert_eq!(word.parse::<Breakage>(), Err(NoBreakage { word: word.into() }));
        }
    }

    #[test]
    fn a_word_that_is_too_long_is_cut() {
        let long = "x".repeat(Word::ROOM + 1);
        let text = Violation::of_sanitizer(&long).expect("a word").to_string();
        assert_eq!(text, format!("sanitizer.{}", &long[1..]));
    }
}

//! What a crash, a hang and a misuse of memory are called in signatures.

use std::fmt;
use std::str::FromStr;

/// Makes an enum of variants that are one word each in signatures, and of others behind them, each with its text.
macro_rules! words {
    (
        $(#[$meta:meta])* $name:ident
        { $($(#[$word_doc:meta])* $variant:ident $word:literal,)* }
        { $($(#[$doc:meta])* $other:ident $(($value:ident: $type:ty))? $text:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$word_doc])* #[doc = concat!("`", $word, "`")] $variant,)*
            $($(#[$doc])* $other $(($type))?,)*
        }

        impl $name {
            /// Lists those that are one word.
            pub const WORDS: &'static [$name] = &[$($name::$variant),*];

            /// Finds the one that is this word.
            fn of_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($name::$variant => f.write_str($word),)*
                    $($name::$other $(($value))? => write!(f, $text),)*
                }
            }
        }
    };
}

words! {
    /// Names what a mishap is called.
    Breakage {
        /// Says that a call did not return within the time limit.
        Hang "hang",
        /// Says that the library ended the process.
        Exit "exit",
        /// Says that the port could not be run. No divergence is called so.
        NotRun "not-run",
    } {
        /// Says that memory was misused.
        Misuse(violation: Violation) "{violation}",
        /// Says that a signal ended the process.
        Signal(signal: Signal) "{signal}",
    }
}

words! {
    /// Names a misuse of memory. Its word is the first of what a sanitizer reports, or that of the harness's own
    /// memory, which takes the address sanitizer's where that has one.
    Violation {
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
    } {
        /// Holds a sanitizer's word that is not in the table.
        Unlisted(word: Word) "sanitizer.{word}",
    }
}

/// Stands before a word that is not in the table.
const UNLISTED: &str = "sanitizer.";

impl Violation {
    /// Names what a sanitizer calls by this word; `None`: it is no word.
    pub fn of_sanitizer(word: &str) -> Option<Violation> {
        Violation::of_word(word).or_else(|| Word::cut(word).map(Violation::Unlisted))
    }

    /// Reads what its `Display` writes.
    fn parse(text: &str) -> Option<Violation> {
        let unlisted = || Word::cut(text.strip_prefix(UNLISTED)?).map(Violation::Unlisted);
        Violation::of_word(text).or_else(unlisted)
    }
}

/// Holds a word of letters, digits and hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    bytes: [u8; Word::ROOM],
    length: u8,
}

impl Word {
    /// Counts the bytes of the longest word. Those of sanitizers have thirty letters at most.
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

words! {
    /// Names a signal that ended the process.
    Signal {
        Segv "SIGSEGV",
        Bus "SIGBUS",
        Abrt "SIGABRT",
        Ill "SIGILL",
        Fpe "SIGFPE",
    } {
        /// Holds one that the parent was told of by its number: `signal-9`.
        Number(number: i32) "signal-{number}",
        /// Stands for one that was caught and has no name here.
        Unnamed "signal",
    }
}

impl Signal {
    /// Reads what its `Display` writes.
    fn parse(text: &str) -> Option<Signal> {
        if text == "signal" {
            return Some(Signal::Unnamed);
        }
        let number = || text.strip_prefix("signal-")?.parse().ok().map(Signal::Number);
        Signal::of_word(text).or_else(number)
    }
}

/// Says that no crash, hang or misuse of memory is called by this word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is what no crash, hang or misuse of memory is called")]
pub struct NoBreakage {
    /// Holds the word.
    pub word: String,
}

impl FromStr for Breakage {
    type Err = NoBreakage;

    fn from_str(text: &str) -> Result<Breakage, NoBreakage> {
        Breakage::of_word(text)
            .or_else(|| Violation::parse(text).map(Breakage::Misuse))
            .or_else(|| Signal::parse(text).map(Breakage::Signal))
            .ok_or_else(|| NoBreakage { word: text.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_is_written() {
        let signals = Signal::WORDS.iter().copied().chain([Signal::Number(9), Signal::Unnamed]).map(Breakage::Signal);
        let unlisted = Violation::of_sanitizer("heap-use-of-tomorrow").expect("a word");
        let violations = Violation::WORDS.iter().copied().chain([unlisted]).map(Breakage::Misuse);
        for breakage in signals.chain(violations).chain(Breakage::WORDS.iter().copied()) {
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

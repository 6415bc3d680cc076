//! Byte fields that one thread may read while another writes: bytes kept in atomic words.
//!
//! OpenSSL's setters take no lock, so two threads that set and read one field race. Here such a race yields a
//! mixture of old and new bytes, never undefined behaviour, and a setter costs a few plain stores.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use zeroize::Zeroize;

const WORD: usize = 8;
/// Bounds the words that are wiped and copied without asking which were used.
const FEW: usize = 4;

/// Holds at most `WORDS * 8` bytes, and how many of them count. Bytes above the length keep their old values, as in C.
pub(super) struct Bytes<const WORDS: usize> {
    len: AtomicUsize,
    /// Counts the words that have ever been written, which are to be wiped and copied.
    used: AtomicUsize,
    words: [AtomicU64; WORDS],
}

/// Shows how many bytes there are and not the bytes, for they may be a key.
impl<const WORDS: usize> fmt::Debug for Bytes<WORDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

impl<const WORDS: usize> Bytes<WORDS> {
    /// Makes a field of no bytes.
    pub const fn new() -> Self {
        Bytes {
            len: AtomicUsize::new(0),
            used: AtomicUsize::new(if WORDS <= FEW { WORDS } else { 0 }),
            words: [const { AtomicU64::new(0) }; WORDS],
        }
    }

    /// Returns how many bytes count.
    #[inline]
    pub fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Replaces the bytes. The caller has checked that `bytes` fits.
    #[inline]
    pub fn set(&self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks::<WORD>();
        let mut words = self.words.iter();
        for (chunk, word) in whole.iter().zip(&mut words) {
            word.store(u64::from_le_bytes(*chunk), Relaxed);
        }
        if let (false, Some(word)) = (rest.is_empty(), words.next()) {
            let mut old = word.load(Relaxed).to_le_bytes();
            old[..rest.len()].copy_from_slice(rest);
            word.store(u64::from_le_bytes(old), Relaxed);
        }
        // Two threads may set at once: the larger of both must stay, or the end of a key would not be wiped.
        let used = bytes.len().div_ceil(WORD);
        if WORDS > FEW && used > self.used.load(Relaxed) {
            self.used.fetch_max(used, Relaxed);
        }
        self.len.store(bytes.len(), Relaxed);
    }

    /// Copies the first bytes that count into `out`, as many as it holds. Returns how many.
    #[inline]
    pub fn copy_to(&self, out: &mut [u8]) -> usize {
        let len = self.len().min(out.len());
        let (whole, rest) = out[..len].as_chunks_mut::<WORD>();
        for (word, chunk) in self.words.iter().zip(&mut *whole) {
            *chunk = word.load(Relaxed).to_le_bytes();
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&self.words[whole.len()].load(Relaxed).to_le_bytes()[..rest.len()]);
        }
        len
    }

    /// Tells whether the bytes that count are these.
    #[inline]
    pub fn is(&self, bytes: &[u8]) -> bool {
        if self.len() != bytes.len() {
            return false;
        }
        let (whole, rest) = bytes.as_chunks::<WORD>();
        let mut words = self.words.iter().map(|word| word.load(Relaxed));
        let same = whole.iter().zip(&mut words).all(|(chunk, word)| u64::from_le_bytes(*chunk) == word);
        let last = words.next().unwrap_or(0).to_le_bytes();
        same && rest.iter().zip(last).all(|(byte, counted)| *byte == counted)
    }

    /// Copies length and bytes from `source`, those above the length included.
    pub fn copy_from(&self, source: &Self) {
        let used = source.used.load(Relaxed);
        for (to, from) in self.words.iter().zip(&source.words[..used]) {
            to.store(from.load(Relaxed), Relaxed);
        }
        self.used.store(used, Relaxed);
        self.len.store(source.len(), Relaxed);
    }

    /// Overwrites every byte that was ever set.
    pub fn wipe(&mut self) {
        let used = *self.used.get_mut();
        for word in &mut self.words[..used] {
            word.get_mut().zeroize();
        }
    }
}

/// Holds a master key of at most 512 bytes. It has no place in a session that never had a key, so that such a session is made and
/// destroyed quickly.
#[derive(Debug)]
pub(super) struct MasterKey(OnceLock<Box<Bytes<64>>>);

impl MasterKey {
    /// Makes a key of no bytes.
    pub const fn new() -> Self {
        MasterKey(OnceLock::new())
    }

    /// Returns how many bytes count.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.get().map_or(0, |key| key.len())
    }

    /// Replaces the bytes. The caller has checked that `bytes` fits.
    #[inline]
    pub fn set(&self, bytes: &[u8]) {
        match self.0.get() {
            Some(key) => key.set(bytes),
            None if bytes.is_empty() => {}
            None => self.place().set(bytes),
        }
    }

    /// Copies the first bytes that count into `out`, as many as it holds. Returns how many.
    #[inline]
    pub fn copy_to(&self, out: &mut [u8]) -> usize {
        self.0.get().map_or(0, |key| key.copy_to(out))
    }

    /// Tells whether the bytes that count are these.
    #[inline]
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.0.get().map_or(bytes.is_empty(), |key| key.is(bytes))
    }

    /// Copies length and bytes from `source`, those above the length included, into a key that was never set.
    pub fn copy_from(&self, source: &Self) {
        if let Some(source) = source.0.get() {
            self.place().copy_from(source);
        }
    }

    /// Overwrites every byte that was ever set.
    pub fn wipe(&mut self) {
        if let Some(key) = self.0.get_mut() {
            key.wipe();
        }
    }

    #[cold]
    fn place(&self) -> &Bytes<64> {
        self.0.get_or_init(|| Box::new(Bytes::new()))
    }
}

impl Bytes<4> {
    /// Returns the words of the bytes that count, with zeros after them, and how many bytes count.
    #[inline]
    pub fn words(&self) -> ([u64; 4], usize) {
        let length = self.len();
        let words = std::array::from_fn(|at| {
            let word = self.words[at].load(Relaxed);
            match length.saturating_sub(at * WORD) {
                0 => 0,
                counted @ 1..WORD => word & (u64::MAX >> (64 - 8 * counted)),
                WORD.. => word,
            }
        });
        (words, length)
    }
}

/// Holds a copy of a session id or of a session id context, at most 32 bytes.
#[derive(Clone, Copy)]
pub struct ShortBytes {
    len: u8,
    bytes: [u8; 32],
}

impl PartialEq for ShortBytes {
    fn eq(&self, other: &ShortBytes) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for ShortBytes {}

impl fmt::Debug for ShortBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_slice())
    }
}

impl ShortBytes {
    /// Copies at most 32 of `bytes`.
    #[inline]
    pub(super) fn new(bytes: &[u8]) -> ShortBytes {
        let mut short = ShortBytes { len: bytes.len().min(32) as u8, bytes: [0; 32] };
        short.bytes[..usize::from(short.len)].copy_from_slice(&bytes[..usize::from(short.len)]);
        short
    }

    /// Copies a field.
    #[inline]
    pub(super) fn of(field: &Bytes<4>) -> ShortBytes {
        let mut bytes = [0; 32];
        // All words, whatever the length: faster than deciding how many.
        for (word, chunk) in field.words.iter().zip(bytes.as_chunks_mut::<WORD>().0) {
            *chunk = word.load(Relaxed).to_le_bytes();
        }
        ShortBytes { len: field.len() as u8, bytes }
    }

    /// Returns the bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_above_a_shorter_value_stay() {
        let field = Bytes::<4>::new();
        field.set(b"0123456789abcdef");
        field.set(b"XYZ");
        let mut out = [0; 16];
        assert_eq!(field.copy_to(&mut out), 3);
        field.len.store(16, Relaxed);
        assert_eq!(field.copy_to(&mut out), 16);
        assert_eq!(&out, b"XYZ3456789abcdef");
    }

    #[test]
    fn a_copy_is_cut_at_the_room_there_is() {
        let field = Bytes::<64>::new();
        field.set(&[7; 512]);
        let mut out = [0; 13];
        assert_eq!(field.copy_to(&mut out), 13);
        assert_eq!(out, [7; 13]);
    }

    #[test]
    fn bytes_are_compared_up_to_their_length() {
        let field = Bytes::<4>::new();
        field.set(b"0123456789abcdef");
        field.set(b"XYZ345678");
        assert!(field.is(b"XYZ345678"));
        for other in [&b"XYZ34567"[..], b"XYZ3456789", b"XYZ345679", b"YYZ345678", b""] {
            assert!(!field.is(other), "{other:?}");
        }
        field.set(b"");
        assert!(field.is(b""));
    }

    #[test]
    fn a_key_that_was_never_set_is_empty_and_takes_no_place() {
        let (key, copy) = (MasterKey::new(), MasterKey::new());
        key.set(&[]);
        copy.copy_from(&key);
        for key in [&key, &copy] {
            assert!(key.0.get().is_none() && key.is(&[]) && !key.is(&[0]));
            assert_eq!((key.len(), key.copy_to(&mut [0; 8])), (0, 0));
        }
        key.set(&[7; 512]);
        copy.copy_from(&key);
        key.set(&[]);
        assert!(key.is(&[]) && copy.is(&[7; 512]));
    }

    #[test]
    fn a_key_is_not_shown() {
        let field = MasterKey::new();
        field.set(b"a secret");
        assert!(format!("{field:?}").contains("8 bytes"), "{field:?}");
    }

    #[test]
    fn wiping_reaches_stale_bytes() {
        let mut field = Bytes::<4>::new();
        field.set(&[9; 32]);
        field.set(&[]);
        field.wipe();
        assert!(field.words.iter().all(|word| word.load(Relaxed) == 0));
    }
}

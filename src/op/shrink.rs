//! Shrinks operands to what a person would rather read. Each step is smaller in an order that has an end, so shrinking again
//! and again comes to rest.

use super::bytes::{Bytes, CString};
use super::handshake::{
    Few, GenerateId, GetCallback, MaxVersion, NewCallback, NotResumableCallback, Options, PskCallback, Verify,
};
use super::operand::{Number, Operand, Room, Time};
use super::sharing::{CacheMode, Closed, Method, RemoveCallback};
use super::slots::{ConnectionSlot, ContextSlot, Slot, Variable};
use super::words::{Cipher, ExIndex, ProtocolVersion, Sample};

/// Says what an operand names, and shrinks it.
pub trait Shrink: Operand {
    /// Whether an op with such an operand is about contexts or connections.
    const IS_SHARED: bool = false;

    /// Returns simpler values, the simplest first.
    fn shrink(&self) -> Vec<Self>;

    /// Returns the slot of a session it names, to be changed.
    fn slot_mut(&mut self) -> Option<&mut Slot> {
        None
    }

    /// Returns the variable it names.
    #[inline]
    fn variable(&self) -> Option<Variable> {
        None
    }

    /// Returns the slot of a session it names.
    #[inline]
    fn session(&self) -> Option<Slot> {
        None
    }

    /// Returns the bytes that a call reads from it, with the NUL of a C string.
    fn lent(&self) -> Option<&[u8]> {
        None
    }
}

/// Shrinks to nothing: which variable it is says nothing, and variables are renamed all at once.
impl Shrink for Slot {
    fn shrink(&self) -> Vec<Slot> {
        Vec::new()
    }

    fn slot_mut(&mut self) -> Option<&mut Slot> {
        Some(self)
    }

    fn variable(&self) -> Option<Variable> {
        Some(Variable::Session(*self))
    }

    #[inline]
    fn session(&self) -> Option<Slot> {
        Some(*self)
    }
}

impl Shrink for Option<Slot> {
    fn shrink(&self) -> Vec<Option<Slot>> {
        Vec::new()
    }

    fn slot_mut(&mut self) -> Option<&mut Slot> {
        self.as_mut()
    }

    fn variable(&self) -> Option<Variable> {
        self.map(Variable::Session)
    }

    #[inline]
    fn session(&self) -> Option<Slot> {
        *self
    }
}

macro_rules! other_variables {
    ($($slot:ident $variable:ident;)*) => {$(
        impl Shrink for $slot {
            const IS_SHARED: bool = true;

            fn shrink(&self) -> Vec<$slot> {
                Vec::new()
            }

            fn variable(&self) -> Option<Variable> {
                Some(Variable::$variable(*self))
            }
        }

        impl Shrink for Option<$slot> {
            const IS_SHARED: bool = true;

            fn shrink(&self) -> Vec<Option<$slot>> {
                Vec::new()
            }

            fn variable(&self) -> Option<Variable> {
                self.map(Variable::$variable)
            }
        }
    )*};
}

other_variables! {
    ContextSlot Context;
    ConnectionSlot Connection;
}

impl Shrink for Closed {
    fn shrink(&self) -> Vec<Closed> {
        let bits = Closed::BITS.iter().filter(|(bit, _)| self.bits() & bit != 0);
        bits.map(|(bit, _)| Closed::of(self.bits() & !bit)).collect()
    }
}

impl Shrink for CacheMode {
    fn shrink(&self) -> Vec<CacheMode> {
        let bits = CacheMode::BITS.iter().filter(|(bit, _)| self.bits() & bit != 0);
        bits.map(|(bit, _)| CacheMode::of(self.bits() & !bit)).collect()
    }
}

impl Shrink for Bytes {
    fn shrink(&self) -> Vec<Bytes> {
        self.get().map(shorter).unwrap_or_default().iter().map(|bytes| Bytes::new(bytes)).collect()
    }

    fn lent(&self) -> Option<&[u8]> {
        self.get()
    }
}

impl Shrink for CString {
    fn shrink(&self) -> Vec<CString> {
        let bytes = self.with_nul().map(|bytes| shorter(&bytes[..bytes.len() - 1]));
        bytes.unwrap_or_default().iter().map(|bytes| CString::new(bytes)).collect()
    }

    fn lent(&self) -> Option<&[u8]> {
        self.with_nul()
    }
}

/// Shorter bytes, then as many of the same letter.
fn shorter(bytes: &[u8]) -> Vec<Vec<u8>> {
    const LETTER: u8 = b'a';
    let length = bytes.len();
    let letters = |length: usize| vec![LETTER; length];
    let mut simpler: Vec<Vec<u8>> =
        [0, 1, length / 2, length - length / 4, length.saturating_sub(1)].into_iter().map(letters).collect();
    simpler.extend([length / 2, length - length / 4, length.saturating_sub(1)].map(|length| bytes[..length].to_vec()));
    simpler.retain(|simple| simple.len() < length);
    if bytes.iter().any(|byte| *byte != LETTER) {
        simpler.push(letters(length));
        // One byte after the other, from the front.
        if let Some(first) = bytes.iter().position(|byte| *byte != LETTER) {
            let mut one = bytes.to_vec();
            one[first] = LETTER;
            simpler.push(one);
        }
    }
    simpler.dedup();
    simpler
}

/// Numbers nearer to 0, the nearest first: a few steps of each size, towards it from 0 and from the number itself, so that the
/// smallest number that still does it is found with few questions.
fn nearer(value: i128) -> impl Iterator<Item = i128> {
    let size = move |candidate: &i128| (candidate.unsigned_abs(), *candidate < 0);
    let steps = std::iter::successors(Some(value), |step| (*step != 0).then(|| step / 8));
    let mut candidates: Vec<i128> = steps.flat_map(|step| [step, value - step]).collect();
    candidates.extend([0, 1, -1, value / 2, value - value.signum()]);
    candidates.retain(|candidate| size(candidate) < size(&value));
    candidates.sort_by_key(size);
    candidates.dedup();
    candidates.into_iter()
}

macro_rules! shrink_numbers {
    ($($type:ty: $least:expr, $get:expr, $make:expr;)*) => {$(
        impl Shrink for $type {
            fn shrink(&self) -> Vec<$type> {
                let get: fn(&$type) -> i128 = $get;
                let make: fn(i128) -> $type = $make;
                nearer(get(self)).filter(|value| *value >= $least).map(make).collect()
            }
        }
    )*};
}

// Nearer to 0 than a value of the type is a value of the type, but for what is unsigned.
shrink_numbers! {
    u32: 0, |value| (*value).into(), |value| value as u32;
    i64: i128::MIN, |value| (*value).into(), |value| value as i64;
    Number: 0, |value| value.0.into(), |value| Number(value as u64);
    Room: 0, |value| value.bytes() as i128, |value| Room::at_most(value as u16);
    ProtocolVersion: i128::MIN, |value| value.0.into(), |value| ProtocolVersion(value as i32);
}

impl Shrink for Time {
    fn shrink(&self) -> Vec<Time> {
        match self {
            Time::At(seconds) => nearer((*seconds).into()).map(|seconds| Time::At(seconds as i64)).collect(),
            Time::Now(offset) => {
                let nearer = nearer((*offset).into()).map(|offset| Time::Now(offset as i64));
                [Time::At(0), Time::At(1)].into_iter().chain(nearer).collect()
            }
        }
    }
}

macro_rules! earlier_words {
    ($($type:ty),*) => {$(
        impl Shrink for $type {
            fn shrink(&self) -> Vec<$type> {
                <$type>::ALL[..*self as usize].to_vec()
            }
        }
    )*};
}

earlier_words!(ExIndex, Cipher, Sample, Method, RemoveCallback);
earlier_words!(PskCallback, MaxVersion, Options, Verify, NewCallback, GetCallback, NotResumableCallback, GenerateId);

impl Shrink for Few {
    fn shrink(&self) -> Vec<Few> {
        (0..self.get()).map(Few::at_most).collect()
    }
}

impl Shrink for Option<Cipher> {
    fn shrink(&self) -> Vec<Option<Cipher>> {
        self.map(|cipher| cipher.shrink().into_iter().map(Some).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However it is chosen, what is simpler comes to rest.
    fn comes_to_rest<T: Shrink + Clone>(start: T, last: bool) {
        let mut value = start;
        for _ in 0..5_000 {
            let mut simpler = value.shrink();
            match if last { simpler.pop() } else { simpler.into_iter().next() } {
                Some(next) => value = next,
                None => return,
            }
        }
        panic!("does not come to rest");
    }

    #[test]
    fn simpler_operands_come_to_rest() {
        for last in [false, true] {
            for value in [i64::MIN, i64::MAX, -1, 0, 1, 0x8000_0000] {
                comes_to_rest(value, false);
                comes_to_rest(Time::Now(value), false);
            }
            for value in [0u32, 1, 33, 4_000] {
                comes_to_rest(value, last);
            }
            comes_to_rest(Bytes::new(&[0xff; 600]), last);
            comes_to_rest(CString::new(b"example.org"), last);
            comes_to_rest(Sample::Tls12Full, last);
            comes_to_rest(ProtocolVersion(-5), last);
        }
    }

    #[test]
    fn large_numbers_are_approached_in_few_steps() {
        // The smallest number for which something happens is found from the largest.
        for least in [5i64, 33, 0x8000_0000, 18_446_744_074] {
            let (mut value, mut asked) = (i64::MAX, 0);
            while let Some(next) = value.shrink().into_iter().find(|next| {
                asked += 1;
                *next >= least
            }) {
                value = next;
                if asked > 5_000 {
                    break;
                }
            }
            assert!(value == least && asked < 5_000, "{least}: {value} after {asked}");
        }
    }
}

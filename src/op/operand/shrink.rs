//! Shrinks operands to what a person would rather read. Each step is smaller in an order that has an end, so shrinking again
//! and again comes to rest.

use super::{Nullable, Operand, Slot, Variable};

/// Says what an operand names, and shrinks it.
pub trait Shrink: Operand {
    /// Says whether an op with such an operand is about contexts or connections.
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

    /// Returns the bytes that a call reads from it, with the NUL of a C string.
    fn lent(&self) -> Option<&[u8]> {
        None
    }
}

impl<T: Nullable + Shrink> Shrink for Option<T> {
    const IS_SHARED: bool = T::IS_SHARED;

    fn shrink(&self) -> Vec<Self> {
        self.iter().flat_map(T::shrink).map(Some).collect()
    }

    fn slot_mut(&mut self) -> Option<&mut Slot> {
        self.as_mut()?.slot_mut()
    }

    #[inline]
    fn variable(&self) -> Option<Variable> {
        self.as_ref()?.variable()
    }
}

/// Returns shorter bytes, then as many of the same letter.
pub(super) fn shorter(bytes: &[u8]) -> Vec<Vec<u8>> {
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

/// Returns numbers nearer to 0, the nearest first: a few steps of each size, towards it from 0 and from the number itself, so
/// that the smallest number that still does it is found with few questions.
pub(super) fn nearer(value: i128) -> impl Iterator<Item = i128> {
    let size = move |candidate: &i128| (candidate.unsigned_abs(), *candidate < 0);
    let steps = std::iter::successors(Some(value), |step| (*step != 0).then(|| step / 8));
    let mut candidates: Vec<i128> = steps.flat_map(|step| [step, value - step]).collect();
    candidates.extend([0, 1, -1, value / 2, value - value.signum()]);
    candidates.retain(|candidate| size(candidate) < size(&value));
    candidates.sort_by_key(size);
    candidates.dedup();
    candidates.into_iter()
}

#[cfg(test)]
mod tests {
    use super::super::{Bytes, CString, ProtocolVersion, Sample, Time};
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
}

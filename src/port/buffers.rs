//! The byte variables of a program, as every port keeps them.

use crate::op::{BUFFERS, BufferSlot, Op};

/// Limits the bytes of a variable. What comes beyond is cut off, on every port alike.
pub(crate) const MOST: usize = 1 << 16;

/// Holds the bytes of each variable.
#[derive(Default)]
pub(super) struct Buffers([Vec<u8>; BUFFERS]);

impl Buffers {
    /// Begins a program: all variables are empty.
    pub fn begin(&mut self) {
        self.0.iter_mut().for_each(Vec::clear);
    }

    /// Returns the bytes of a variable.
    pub fn get(&self, b: BufferSlot) -> &[u8] {
        &self.0[b.index()]
    }

    /// Puts bytes into a variable.
    pub fn set(&mut self, b: BufferSlot, bytes: &[u8]) {
        let held = &mut self.0[b.index()];
        held.clear();
        held.extend_from_slice(&bytes[..bytes.len().min(MOST)]);
    }

    /// Takes the bytes of a variable, to be given back by [`Buffers::put`].
    pub fn take(&mut self, b: BufferSlot) -> Vec<u8> {
        std::mem::take(&mut self.0[b.index()])
    }

    /// Lets a variable hold these bytes.
    pub fn put(&mut self, b: BufferSlot, mut bytes: Vec<u8>) {
        bytes.truncate(MOST);
        self.0[b.index()] = bytes;
    }

    /// Makes a call of the harness's own that changes bytes. No other op may come here.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub fn edit(&mut self, op: &Op) {
        match op {
            Op::SetBytes { dst, value } => self.set(*dst, value.get().unwrap_or_default()),
            Op::SetByte { b, at, value } => {
                if let Some(byte) = self.0[b.index()].get_mut(usize::from(*at)) {
                    *byte = *value;
                }
            }
            Op::DeleteBytes { b, at, count } => {
                let held = &mut self.0[b.index()];
                let from = usize::from(*at).min(held.len());
                let to = (from + usize::from(*count)).min(held.len());
                held.drain(from..to);
            }
            Op::InsertBytes { b, at, value } => {
                let held = &mut self.0[b.index()];
                let at = usize::from(*at).min(held.len());
                held.splice(at..at, value.get().unwrap_or_default().iter().copied());
                held.truncate(MOST);
            }
            _ => unreachable!("{op} changes no bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Bytes;

    #[test]
    fn bytes_are_changed_where_they_are() {
        let (mut buffers, b) = (Buffers::default(), BufferSlot::wrapping(1));
        let value = |text: &str| Bytes::new(text.as_bytes());
        for (op, expected) in [
            (Op::SetBytes { dst: b, value: value("abc") }, "abc"),
            (Op::SetByte { b, at: 1, value: b'x' }, "axc"),
            (Op::SetByte { b, at: 3, value: b'x' }, "axc"),
            (Op::InsertBytes { b, at: 2, value: value("--") }, "ax--c"),
            (Op::InsertBytes { b, at: 900, value: value("!") }, "ax--c!"),
            (Op::DeleteBytes { b, at: 1, count: 3 }, "ac!"),
            (Op::DeleteBytes { b, at: 2, count: 65_535 }, "ac"),
            (Op::DeleteBytes { b, at: 9, count: 1 }, "ac"),
            (Op::SetBytes { dst: b, value: Bytes::NULL }, ""),
        ] {
            buffers.edit(&op);
            assert_eq!(buffers.get(b), expected.as_bytes(), "{op}");
        }
        assert!(buffers.get(BufferSlot::wrapping(0)).is_empty());
    }
}

//! Draws what sessions are made of when they are bytes: DER as `i2d_SSL_SESSION` writes it, with some of its parts otherwise.

use super::Generator;
use crate::der::{self, Holds};
use crate::field::Field;
use crate::op::{BufferSlot, Bytes, Kind, MAX_BYTES, Op, Slot};
use crate::plan::Ledger;
use crate::samples;

/// Lists the ops that make bytes of a session.
const WRITERS: &[Kind] = &[Kind::ToDer, Kind::ToDer, Kind::ToDerBio, Kind::ToPem, Kind::Print, Kind::PrintKeylog];
/// Lists the ops that make a session of DER, or change one.
const READERS: &[Kind] =
    &[Kind::FromDer, Kind::FromDer, Kind::ReadDer, Kind::ReadDer, Kind::FromDerEx, Kind::FromDerBio];
/// Lists the ops that do the same of PEM.
const PEM_READERS: &[Kind] = &[Kind::FromPem, Kind::FromPem, Kind::ReadPem];
/// Lists the cipher suites that a stored session names, some of which no library knows.
const SUITES: &[[u8; 2]] =
    &[[0xc0, 0x2f], [0x13, 0x01], [0x13, 0x02], [0x00, 0x2f], [0xc0, 0x2b], [0, 0], [0xff, 0xff], [0x13, 0xff]];
/// Lists what is too short and too long for a cipher suite.
const NO_SUITES: &[&[u8]] = &[&[], &[0xc0], &[0xc0, 0x2f, 0], &[0x13, 0x01, 0x13, 0x02]];
/// Lists numbers that any element takes.
const FITTING: &[i128] = &[0, 1, 2, 3, 18, 127, 128, 255, 256, 300, 0x0303, 1_600_000_000, 0x7fff_ffff];
const NUMBERS: &[i128] = &[
    0,
    1,
    -1,
    2,
    3,
    18,
    127,
    128,
    255,
    256,
    300,
    0x0303,
    0x0304,
    0xfefd,
    1_600_000_000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    -0x8000_0000,
    -0x8000_0001,
    i64::MAX as i128,
    i64::MIN as i128,
    u64::MAX as i128,
    u64::MAX as i128 + 1,
];
/// Lists the lengths of strings around the limits of the structure: ids 32, keys 256 and 512.
const LENGTHS: &[usize] = &[0, 1, 2, 16, 31, 32, 33, 48, 127, 128, 255, 256, 257, 300];
/// Lists the lengths of keys around their limits; with another string of such a length a session would be too long.
const KEY_LENGTHS: &[usize] = &[0, 256, 512, 513];

impl Generator {
    /// Draws a call about bytes that most likely runs.
    pub(super) fn serial_op(&mut self, ledger: &Ledger) -> Op {
        if let Some(op) = self.ahead.pop() {
            return op;
        }
        let live = Slot::all().any(|slot| ledger.holds(slot));
        match self.rng.u8(0..8) {
            0 => self.read_anew(ledger),
            1 => {
                let dst = self.buffer();
                let der = self.stored(3);
                let read = self.reader(READERS, dst, ledger);
                self.begin_edits(dst, vec![read]);
                Op::SetBytes { dst, value: Bytes::new(&der) }
            }
            2..=5 if live => self.round_trip(ledger),
            _ => {
                let kind = self.one_of(&[WRITERS, READERS, PEM_READERS]);
                let kind = self.one_of(kind);
                if self.setup.lacks.contains(kind) { self.op_of(Kind::New, ledger) } else { self.op_of(kind, ledger) }
            }
        }
    }

    /// Reads a session that has much, duplicates it now and then, and reads into it what has little.
    fn read_anew(&mut self, ledger: &Ledger) -> Op {
        let dst = self.buffer();
        let s = self.slot_where(|slot| !ledger.holds(slot));
        let copy = self.slot_where(|slot| !ledger.holds(slot) && slot != s);
        let (much, little) = (self.stored(1), self.stored(6));
        let mut ops = vec![Op::FromDer { dst: s, b: dst }];
        if self.rng.bool() {
            ops.push(Op::Dup { dst: copy, src: s });
        }
        ops.push(Op::SetBytes { dst, value: Bytes::new(&little) });
        ops.push(Op::ReadDer { s, b: dst });
        ops.reverse();
        self.ahead = ops;
        Op::SetBytes { dst, value: Bytes::new(&much) }
    }

    /// Writes a session, and reads it again: as it is, or with some bytes changed.
    fn round_trip(&mut self, ledger: &Ledger) -> Op {
        let (s, dst) = (self.held(ledger), self.buffer());
        let pem = self.rng.u8(0..4) == 0;
        let read = self.reader(if pem { PEM_READERS } else { READERS }, dst, ledger);
        self.begin_edits(dst, vec![read]);
        let write = match pem {
            true => Op::ToPem { dst, s },
            false if self.rng.u8(0..6) == 0 => Op::ToDerBio { dst, s },
            false => Op::ToDer { dst, s },
        };
        if self.setup.lacks.contains(write.kind()) {
            self.ahead.clear();
            return self.op_of(Kind::New, ledger);
        }
        write
    }

    /// Draws a call that reads these bytes.
    fn reader(&mut self, kinds: &[Kind], b: BufferSlot, ledger: &Ledger) -> Op {
        let dst = self.slot_where(|slot| !ledger.holds(slot));
        let s = self.held(ledger);
        let kind = self.one_of(kinds);
        #[expect(clippy::wildcard_enum_match_arm, reason = "one of the readers")]
        let op = match kind {
            Kind::ReadDer => Op::ReadDer { s, b },
            Kind::FromDerEx => Op::FromDerEx { dst, b },
            Kind::FromDerBio => Op::FromDerBio { dst, b },
            Kind::FromPem => Op::FromPem { dst, b },
            Kind::ReadPem => Op::ReadPem { s, b },
            _ => Op::FromDer { dst, b },
        };
        if self.setup.lacks.contains(kind) { Op::FromDer { dst, b } } else { op }
    }

    /// Lets calls that change some of the bytes come next, then these.
    fn begin_edits(&mut self, b: BufferSlot, then: Vec<Op>) {
        let mut ops = Vec::new();
        if self.rng.bool() {
            for _ in 0..self.rng.u8(1..=2) {
                let at = if self.rng.bool() { self.rng.u16(0..24) } else { self.rng.u16(0..600) };
                ops.push(match self.rng.u8(0..6) {
                    0 => Op::DeleteBytes { b, at, count: self.rng.u16(1..4) },
                    1 => Op::DeleteBytes { b, at, count: u16::MAX },
                    2 => Op::InsertBytes { b, at: u16::MAX, value: Bytes::new(b"trailing") },
                    3 => Op::InsertBytes { b, at, value: Bytes::new(&[self.rng.u8(..)]) },
                    _ => {
                        let value = self.one_of(&[0, 1, 2, 4, 0x30, 0x80, 0xa5, 0xff]);
                        Op::SetByte { b, at, value: if self.rng.bool() { value } else { self.rng.u8(..) } }
                    }
                });
            }
        }
        ops.extend(then);
        ops.reverse();
        self.ahead = ops;
    }

    /// Draws the DER of a session, at most [`MAX_BYTES`], with about one of so many of the elements that it may have.
    fn stored(&mut self, of: u8) -> Vec<u8> {
        let rarely = |generator: &mut Generator| generator.rng.u8(0..16) == 0;
        let version = if rarely(self) { self.one_of(NUMBERS) } else { 1 };
        let protocol = if rarely(self) { self.one_of(NUMBERS) } else { self.one_of(&[0x0303, 0x0304, 0xfefd]) };
        let key = if self.rng.u8(0..8) == 0 { self.one_of(KEY_LENGTHS) } else { 48 };
        let mut elements =
            vec![self.integer(version), self.integer(protocol), self.suite(), self.octets(32), self.octets(key)];
        for part in der::PARTS {
            let Some(tag) = part.tag else { continue };
            if self.rng.u8(0..of) > 0 {
                continue;
            }
            let inner = match (part.holds, part.field) {
                (Holds::Number, _) => {
                    // Most fit, or nothing would be read.
                    let number = if rarely(self) { self.one_of(NUMBERS) } else { self.one_of(FITTING) };
                    self.integer(number)
                }
                (Holds::Certificate, _) if self.rng.u8(0..4) == 0 => samples::PEER.to_vec(),
                (Holds::Certificate, _) => continue,
                (Holds::Octets, Field::CompressId) => self.octets(1),
                (Holds::Octets, Field::PeerKey) if self.rng.u8(0..8) == 0 => self.octets(samples::KEY.len()),
                (Holds::Octets, Field::PeerKey) => self.string(samples::KEY),
                (Holds::Octets, Field::IdContext) => {
                    let length = self.one_of(&LENGTHS[..6]);
                    self.octets(length)
                }
                (Holds::Octets, _) => {
                    let length = self.one_of(LENGTHS);
                    self.octets(length)
                }
            };
            let element = self.element(0xa0 | tag, &inner);
            elements.push(element);
        }
        self.misplace(&mut elements);
        let mut der = self.element(0x30, &elements.concat());
        der.truncate(MAX_BYTES);
        der
    }

    /// Repeats, drops, moves or adds an element, now and then.
    fn misplace(&mut self, elements: &mut Vec<Vec<u8>>) {
        let (at, other) = (self.rng.usize(0..elements.len()), self.rng.usize(0..elements.len()));
        match self.rng.u8(0..24) {
            0 => elements.swap(at, other),
            1 => drop(elements.remove(at)),
            2 => elements.insert(at, elements[other].clone()),
            3 => {
                let tag = self.rng.u8(0..32);
                let element = self.element(0xa0 | tag, &[]);
                elements.insert(at, element);
            }
            // The argument of a key, which nobody uses any more.
            4 => elements.insert(5.min(elements.len()), vec![0x80, 1, 7]),
            _ => {}
        }
    }

    /// Draws the octet string of a cipher suite, most often of one that libraries know.
    fn suite(&mut self) -> Vec<u8> {
        let suite: &[u8] = match self.rng.u8(0..32) {
            0 => self.one_of(NO_SUITES),
            1..=8 => &self.one_of(SUITES),
            _ => &self.one_of(&SUITES[..5]),
        };
        self.string(suite)
    }

    /// Draws an octet string, mostly of this length.
    fn octets(&mut self, usual: usize) -> Vec<u8> {
        let length = if self.rng.u8(0..12) == 0 { self.one_of(LENGTHS) } else { usual };
        let (first, step) = (self.rng.u8(..), self.rng.u8(0..2));
        let mut bytes: Vec<u8> = (0..length).map(|at| first.wrapping_add(step.wrapping_mul(at as u8))).collect();
        if length > 2 && self.rng.u8(0..8) == 0 {
            bytes[1] = 0;
        }
        self.string(&bytes)
    }

    /// Encodes an octet string, now and then in pieces.
    fn string(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.rng.u8(0..24) > 0 {
            return self.element(0x04, bytes);
        }
        let (one, other) = bytes.split_at(bytes.len() / 2);
        let pieces = [self.element(0x04, one), self.element(0x04, other)].concat();
        self.element(0x24, &pieces)
    }

    /// Encodes a number, now and then with a byte too many.
    fn integer(&mut self, number: i128) -> Vec<u8> {
        let bytes = number.to_be_bytes();
        let sign = if number < 0 { 0xff } else { 0 };
        let needed = (0..15).find(|at| bytes[*at] != sign || (bytes[*at + 1] ^ sign) & 0x80 != 0).unwrap_or(15);
        let more = usize::from(self.rng.u8(0..32) == 0);
        self.element(0x02, &bytes[needed.saturating_sub(more)..])
    }

    /// Encodes an element, now and then with a length that DER does not allow, or a wrong one.
    fn element(&mut self, first_byte: u8, contents: &[u8]) -> Vec<u8> {
        let length = contents.len();
        let constructed = first_byte & 0x20 != 0;
        let mut out = vec![first_byte];
        match self.rng.u8(0..64) {
            0 if constructed => {
                out.push(0x80);
                out.extend_from_slice(contents);
                if self.rng.u8(0..8) > 0 {
                    out.extend([0, 0]);
                }
                return out;
            }
            1 => out.extend([0x83, 0, (length >> 8) as u8, length as u8]),
            2 => out.push(self.rng.u8(..)),
            _ => match length {
                0..=0x7f => out.push(length as u8),
                0x80..=0xff => out.extend([0x81, length as u8]),
                _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
            },
        }
        out.extend_from_slice(contents);
        out
    }
}

//! The tape: what only a peer can know of the sessions that a handshake made, recorded on one port and played to the other.

use serde::{Deserialize, Serialize};

/// What handshakes put into sessions, by the number of each session's birth.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tape {
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    /// Whether it was recorded elsewhere and is played.
    #[serde(skip)]
    plays: bool,
    /// Where the part of the handshake that runs begins, and, of a tape that is played, ends.
    #[serde(skip)]
    part: (usize, usize),
}

/// The number that stands for the id that a client sends without a session that has it.
pub const SENT_ID: u32 = u32::MAX - 1;
/// The number that begins a part.
const PART: u32 = u32::MAX;

/// What a handshake put into one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// The session id.
    pub id: &'a [u8],
    /// The master key.
    pub master_key: &'a [u8],
    /// The ticket; empty: none.
    pub ticket: &'a [u8],
    /// The cipher suite; `None`: none.
    pub cipher: Option<u16>,
}

impl Tape {
    /// Forgets what was recorded; what is played stays.
    pub fn begin(&mut self) {
        self.part = (0, 0);
        if !self.plays {
            self.bytes.clear();
        }
    }

    /// Begins the part of the next handshake, or of what comes after one.
    pub fn next_part(&mut self) {
        if !self.plays {
            self.record(PART, &Recorded::default());
            self.part = (self.bytes.len(), usize::MAX);
            return;
        }
        // Behind the marker that ended the part before, up to the next.
        let mut rest = self.bytes.get(self.part.1..).unwrap_or_default();
        let marked = take(&mut rest).is_some_and(|(birth, _)| birth == PART);
        let begin = self.bytes.len() - if marked { rest.len() } else { 0 };
        let mut end = begin;
        let mut rest = &self.bytes[begin..];
        while let Some((birth, _)) = take(&mut rest) {
            if birth == PART {
                break;
            }
            end = self.bytes.len() - rest.len();
        }
        self.part = (begin, end);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes.clear();
        (self.plays, self.part) = (false, (0, 0));
    }

    /// Plays what `other` recorded.
    pub fn play(&mut self, other: &Tape) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&other.bytes);
        self.plays = true;
    }

    /// Tells whether it is played.
    pub fn plays(&self) -> bool {
        self.plays
    }

    /// Returns all bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes what [`Tape::bytes`] gave.
    pub fn set_bytes(&mut self, bytes: &[u8]) {
        self.clear();
        self.bytes.extend_from_slice(bytes);
    }

    /// Records a session; the last record of a birth in its part counts.
    pub fn record(&mut self, birth: u32, of: &Recorded<'_>) {
        self.bytes.extend_from_slice(&birth.to_le_bytes());
        self.bytes.extend_from_slice(&of.cipher.map_or(u32::MAX, u32::from).to_le_bytes());
        for part in [of.id, of.master_key, of.ticket] {
            self.bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
            self.bytes.extend_from_slice(part);
        }
    }

    /// Returns what was recorded last of a session in this part; `None`: nothing, or the tape is damaged.
    pub fn of(&self, birth: u32) -> Option<Recorded<'_>> {
        let (begin, end) = self.part;
        let mut rest = self.bytes.get(begin..end.min(self.bytes.len())).unwrap_or_default();
        let mut found = None;
        while !rest.is_empty() {
            let (of, recorded) = take(&mut rest)?;
            if of == birth {
                found = Some(recorded);
            }
        }
        found
    }
}

/// Reads a record from the front of `rest`: the number of the birth, and what was recorded.
fn take<'a>(rest: &mut &'a [u8]) -> Option<(u32, Recorded<'a>)> {
    let word = |rest: &mut &'a [u8]| {
        let (word, after) = rest.split_first_chunk::<4>()?;
        *rest = after;
        Some(u32::from_le_bytes(*word))
    };
    let birth = word(rest)?;
    let cipher = u16::try_from(word(rest)?).ok();
    let mut parts = [&[][..]; 3];
    for part in &mut parts {
        let length = word(rest)? as usize;
        let (bytes, after) = rest.split_at_checked(length)?;
        (*part, *rest) = (bytes, after);
    }
    let [id, master_key, ticket] = parts;
    Some((birth, Recorded { id, master_key, ticket, cipher }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_of_a_part_counts() {
        let mut tape = Tape::default();
        tape.next_part();
        tape.record(3, &Recorded { id: b"a", ..Recorded::default() });
        tape.record(4, &Recorded { id: b"b", cipher: Some(0x1301), ..Recorded::default() });
        tape.record(3, &Recorded { id: b"c", ticket: b"ticket", ..Recorded::default() });
        tape.next_part();
        tape.next_part();
        tape.record(3, &Recorded { id: b"d", ..Recorded::default() });
        assert_eq!(tape.of(3).map(|recorded| recorded.id), Some(&b"d"[..]));
        let mut played = Tape::default();
        played.play(&tape);
        played.begin();
        played.next_part();
        assert_eq!(played.of(3).map(|recorded| (recorded.id, recorded.ticket)), Some((&b"c"[..], &b"ticket"[..])));
        assert_eq!(played.of(4).map(|recorded| recorded.cipher), Some(Some(0x1301)));
        assert_eq!(played.of(5), None);
        played.next_part();
        assert_eq!(played.of(3), None, "nothing happened in the second part");
        played.next_part();
        assert_eq!((played.of(3).map(|recorded| recorded.id), played.of(4)), (Some(&b"d"[..]), None));
        played.next_part();
        assert_eq!(played.of(3), None, "there is no more");
    }
}

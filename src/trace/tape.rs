//! The tape: what only a peer can know of the sessions that a handshake made, recorded on one port and played to the other.

use serde::{Deserialize, Serialize};

/// Holds what handshakes put into sessions, by the number of each session's birth.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tape {
    /// Lists what was recorded, in order; `None` begins a part.
    records: Vec<Option<(u32, Recorded)>>,
    /// Lists what sessions have that no getter shows, at the end of the part of this number, by their births: part by part.
    unseen: Vec<(u32, u32, Unseen)>,
    /// Counts the parts that have begun.
    #[serde(skip)]
    parts: u32,
    /// Lists what was asked of the library.
    answers: Vec<Answer>,
    /// Tells whether it was recorded elsewhere and is played.
    #[serde(skip)]
    plays: bool,
    /// Says where the part of the handshake that runs begins, and, of a tape that is played, ends.
    #[serde(skip)]
    part: (usize, usize),
}

/// Holds what a session has after a handshake and no getter shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// Holds the session's DER, with any cipher suite.
    #[serde(with = "serde_bytes")]
    pub der: Vec<u8>,
    /// Holds the code that the session has of its suite besides the suite itself.
    pub cipher_id: Option<u16>,
}

/// Says what was asked of a library, for only a library of cryptography knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// Asks `d2i_X509` for the certificate that the bytes begin with.
    Certificate,
    /// Asks `d2i_PUBKEY` for the key that the bytes begin with.
    PublicKey,
    /// Asks `X509_verify_cert_error_string` for the text of a number.
    VerifyText,
}

/// Holds a question and its answer: how many bytes were taken, and what they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Answer {
    asked: Asked,
    of: Vec<u8>,
    found: Option<(usize, Vec<u8>)>,
}

/// Stands for the id that a client sends without a session that has it: a number in the place of a birth.
pub const SENT_ID: u32 = u32::MAX - 1;
/// Stands for what came of verifying a certificate, by a client and by a server: `X509_V_*`, least byte first, in the place of an id.
pub const VERIFIED: [u32; 2] = [u32::MAX - 2, u32::MAX - 3];

/// Stands for the bytes that the first block wrote during a handshake, which stand in the place of a ticket; those of the next are one
/// below.
pub const WRITTEN_IN_BLOCK: u32 = u32::MAX - 16;

/// Holds what a handshake put into one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Holds the session id.
    pub id: Vec<u8>,
    /// Holds the master key.
    pub master_key: Vec<u8>,
    /// Holds the ticket; empty: none.
    pub ticket: Vec<u8>,
    /// Names the cipher suite; `None`: none.
    pub cipher: Option<u16>,
}

impl Tape {
    /// Forgets what was recorded; what is played stays.
    pub fn begin(&mut self) {
        self.part = (0, 0);
        self.parts = 0;
        if !self.plays {
            self.records.clear();
            self.unseen.clear();
            self.answers.clear();
        }
    }

    /// Begins the part of the next handshake, or of what comes after one.
    pub fn next_part(&mut self) {
        self.parts += 1;
        if !self.plays {
            self.records.push(None);
            self.part = (self.records.len(), usize::MAX);
            return;
        }
        // Behind what ended the part before, up to the next.
        let begin = self.records.len().min(self.part.1 + 1);
        let length = self.records[begin..].iter().position(Option::is_none);
        self.part = (begin, length.map_or(self.records.len(), |length| begin + length));
    }

    /// Plays what `other` recorded.
    pub fn play(&mut self, other: &Tape) {
        self.records.clone_from(&other.records);
        self.unseen.clone_from(&other.unseen);
        self.answers.clone_from(&other.answers);
        self.plays = true;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Tape::default();
    }

    /// Tells whether it is played.
    pub fn plays(&self) -> bool {
        self.plays
    }

    /// Returns what was recorded, in order; `None` begins a part.
    pub fn records(&self) -> &[Option<(u32, Recorded)>] {
        &self.records
    }

    /// Records what a session has that no getter shows.
    pub fn see(&mut self, birth: u32, unseen: Unseen) {
        self.unseen.push((self.parts, birth, unseen));
    }

    /// Returns what was recorded of a session in this part that no getter shows.
    pub fn unseen_of(&self, birth: u32) -> Option<&Unseen> {
        let begin = self.unseen.partition_point(|(part, ..)| *part < self.parts);
        let mut part = self.unseen[begin..].iter().take_while(|(part, ..)| *part == self.parts);
        part.find(|(_, of, _)| *of == birth).map(|(.., unseen)| unseen)
    }

    /// Records what the library said of these bytes, unless it is known.
    pub fn answer(&mut self, asked: Asked, of: &[u8], found: Option<(usize, Vec<u8>)>) {
        if self.answered(asked, of).is_none() {
            self.answers.push(Answer { asked, of: of.to_vec(), found });
        }
    }

    /// Returns what the library said of these bytes; `None`: it was not asked.
    pub fn answered(&self, asked: Asked, of: &[u8]) -> Option<Option<&(usize, Vec<u8>)>> {
        let answer = self.answers.iter().find(|answer| answer.asked == asked && answer.of == of)?;
        Some(answer.found.as_ref())
    }

    /// Counts what was asked.
    pub fn answers(&self) -> usize {
        self.answers.len()
    }

    /// Records a session; the last record of a birth in its part counts.
    pub fn record(&mut self, birth: u32, of: Recorded) {
        self.records.push(Some((birth, of)));
    }

    /// Returns what was recorded last of a session in this part.
    pub fn of(&self, birth: u32) -> Option<&Recorded> {
        let (begin, end) = self.part;
        let part = self.records.get(begin..end.min(self.records.len())).unwrap_or_default();
        part.iter().flatten().rev().find(|(of, _)| *of == birth).map(|(_, recorded)| recorded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_of_a_part_counts() {
        let mut tape = Tape::default();
        tape.next_part();
        tape.record(3, Recorded { id: b"a".to_vec(), ..Recorded::default() });
        tape.record(4, Recorded { id: b"b".to_vec(), cipher: Some(0x1301), ..Recorded::default() });
        tape.record(3, Recorded { id: b"c".to_vec(), ticket: b"ticket".to_vec(), ..Recorded::default() });
        tape.next_part();
        tape.next_part();
        tape.record(3, Recorded { id: b"d".to_vec(), ..Recorded::default() });
        assert_eq!(tape.of(3).map(|recorded| &*recorded.id), Some(&b"d"[..]));
        let mut played = Tape::default();
        played.play(&tape);
        played.begin();
        played.next_part();
        assert_eq!(played.of(3).map(|recorded| (&*recorded.id, &*recorded.ticket)), Some((&b"c"[..], &b"ticket"[..])));
        assert_eq!(played.of(4).map(|recorded| recorded.cipher), Some(Some(0x1301)));
        assert_eq!(played.of(5), None);
        played.next_part();
        assert_eq!(played.of(3), None, "nothing happened in the second part");
        played.next_part();
        assert_eq!((played.of(3).map(|recorded| &*recorded.id), played.of(4)), (Some(&b"d"[..]), None));
        played.next_part();
        assert_eq!(played.of(3), None, "there is no more");
    }
}

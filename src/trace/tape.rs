//! The tape: what only a peer can know of the sessions that a handshake made, recorded on one port and played to the other.

/// What handshakes put into sessions, by the number of each session's birth.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    bytes: Vec<u8>,
    /// It was recorded elsewhere and is played.
    plays: bool,
}

/// What a handshake put into one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// The session id.
    pub id: &'a [u8],
    /// The master key.
    pub master_key: &'a [u8],
    /// The ticket; empty: none.
    pub ticket: &'a [u8],
    /// The peer's certificate in DER; empty: none.
    pub peer: &'a [u8],
    /// The lifetime hint, seconds.
    pub hint: u64,
    /// The cipher suite; `None`: none.
    pub cipher: Option<u16>,
}

impl Tape {
    /// Forgets what was recorded; what is played stays.
    pub fn begin(&mut self) {
        if !self.plays {
            self.bytes.clear();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.plays = false;
    }

    /// Plays what `other` recorded.
    pub fn play(&mut self, other: &Tape) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&other.bytes);
        self.plays = true;
    }

    /// Whether it is played.
    pub fn plays(&self) -> bool {
        self.plays
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes what [`Tape::bytes`] gave.
    pub fn set_bytes(&mut self, bytes: &[u8]) {
        self.clear();
        self.bytes.extend_from_slice(bytes);
    }

    /// Records a session; the last record of a birth counts.
    pub fn record(&mut self, birth: u32, of: &Recorded<'_>) {
        self.bytes.extend_from_slice(&birth.to_le_bytes());
        self.bytes.extend_from_slice(&of.hint.to_le_bytes());
        self.bytes.extend_from_slice(&of.cipher.map_or(u32::MAX, u32::from).to_le_bytes());
        for part in [of.id, of.master_key, of.ticket, of.peer] {
            self.bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
            self.bytes.extend_from_slice(part);
        }
    }

    /// What was recorded last of a session; `None`: nothing, or the tape is damaged.
    pub fn of(&self, birth: u32) -> Option<Recorded<'_>> {
        let mut rest = self.bytes.as_slice();
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

fn take<'a>(rest: &mut &'a [u8]) -> Option<(u32, Recorded<'a>)> {
    let word = |rest: &mut &'a [u8]| {
        let (word, after) = rest.split_first_chunk::<4>()?;
        *rest = after;
        Some(u32::from_le_bytes(*word))
    };
    let birth = word(rest)?;
    let hint = u64::from(word(rest)?) | u64::from(word(rest)?) << 32;
    let cipher = u16::try_from(word(rest)?).ok();
    let mut parts = [&[][..]; 4];
    for part in &mut parts {
        let length = word(rest)? as usize;
        let (bytes, after) = rest.split_at_checked(length)?;
        (*part, *rest) = (bytes, after);
    }
    let [id, master_key, ticket, peer] = parts;
    Some((birth, Recorded { id, master_key, ticket, peer, hint, cipher }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_counts() {
        let mut tape = Tape::default();
        tape.record(3, &Recorded { id: b"a", ..Recorded::default() });
        tape.record(4, &Recorded { id: b"b", hint: 7, cipher: Some(0x1301), ..Recorded::default() });
        tape.record(3, &Recorded { id: b"c", ticket: b"ticket", ..Recorded::default() });
        assert_eq!(tape.of(3).map(|recorded| (recorded.id, recorded.ticket)), Some((&b"c"[..], &b"ticket"[..])));
        assert_eq!(tape.of(4).map(|recorded| (recorded.hint, recorded.cipher)), Some((7, Some(0x1301))));
        assert_eq!(tape.of(5), None);
        let mut played = Tape::default();
        played.play(&tape);
        played.begin();
        assert_eq!(played.of(4), tape.of(4));
        tape.begin();
        assert_eq!(tape.of(4), None);
    }
}

//! What parent and child say to each other: a greeting, then programs one way and traces the other. A message is its length in
//! eight bytes, and so many bytes of postcard.

use serde::{Deserialize, Serialize};

use crate::exec::View;
use crate::native::{Compression, Family, Release};
use crate::plan::{Kinds, Setup};
use crate::port::{Identity, Missing};
use crate::program::Program;
use crate::trace::{Mishap, Trace};

/// The bytes of a message's length.
pub(super) const HEAD: usize = size_of::<u64>();
/// The most bytes of a message.
pub(super) const LONGEST: u64 = 1 << 28;

/// Carries what a child says to its parent. A child that lives borrows the texts in it; one that crashes formats them as it writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Answer<T = Trace, S = String> {
    /// The first one: what its port is.
    Ready(Hello),
    /// In its place: why there is no port.
    Refused(S),
    /// Says what a program came to, or what has of it when the port ended, and then where that was: what a stack writes.
    Ran(T, Option<Mishap<S>>, S),
}

impl Answer {
    /// Reads a message; `None`: it is none. The child may have written anywhere.
    pub fn read(message: &[u8]) -> Option<Answer> {
        let (answer, rest): (Answer, &[u8]) = postcard::take_from_bytes(message).ok()?;
        let sound = match &answer {
            Answer::Ready(_) | Answer::Refused(_) => true,
            Answer::Ran(trace, ..) => trace.is_sound(),
        };
        (sound && rest.is_empty()).then_some(answer)
    }
}

/// Says what a child's port can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    pub identity: Identity,
    /// As [`Release::number`] gives it.
    pub release: u64,
    pub family: Family,
    /// Says whether the harness's ex_data indices are registered.
    pub ex_data: bool,
    pub lacks: Kinds,
    /// Lists the symbols for want of which it lacks them.
    pub missing: Vec<Missing>,
    pub counts: bool,
    pub tells_ends: bool,
    pub compression: Compression,
    /// Says whether the port tells of errors.
    pub sees_errors: bool,
}

impl Hello {
    pub fn release(&self) -> Release {
        Release::from_number(self.release)
    }
}

/// A program to run; several of them are one message.
#[derive(Serialize, Deserialize)]
pub(super) struct Request<'a> {
    pub setup: Setup,
    pub view: View,
    #[serde(borrow, with = "serde_bytes")]
    pub wire: &'a [u8],
}

/// Takes the first of the programs that are left of a message; `None`: there is none, or it is cut off.
pub(super) fn next_request(message: &mut &[u8]) -> Option<(Setup, View, Program)> {
    let (Request { setup, view, wire }, rest) = postcard::take_from_bytes(message).ok()?;
    *message = rest;
    Some((setup, view, Program::from_bytes(wire)))
}

/// Makes a message of what `write` appends: its length comes first.
pub(super) fn message(room: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    room.clear();
    room.extend_from_slice(&[0; HEAD]);
    write(room);
    let length = (room.len() - HEAD) as u64;
    room[..HEAD].copy_from_slice(&length.to_le_bytes());
}

/// Appends `value` to a message.
pub(super) fn append(message: &mut Vec<u8>, value: &impl Serialize) {
    // A vector has room, and lengths are known beforehand.
    *message = postcard::to_extend(value, std::mem::take(message)).unwrap_or_default();
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::exec::Watch;
    use crate::field::Fields;
    use crate::op::Kind;
    use crate::port::Memory;
    use crate::trace::{Block, Breakage, DupSeen, MishapKind, Owners, Recorded, Seen, Site, Unowned, Violation, Whom};

    #[test]
    fn programs_come_back_as_they_were_and_are_refused_when_cut_off() {
        let program: Program = "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\n".parse().unwrap();
        let setup = Setup { lacks: Kinds::NONE.with(Kind::GetExData), hazards: true, ..Setup::new(true) };
        for watch in [Watch::Nothing, Watch::Fast, Watch::Ends, Watch::Blame] {
            for memory in Memory::ALL {
                let view = View { watch, memory, fields: Fields::all_but(setup.lacks), counts: true };
                let mut message = Vec::new();
                append(&mut message, &Request { setup, view, wire: &program.to_wire() });
                let one = message.len();
                append(&mut message, &Request { setup, view, wire: &program.to_wire() });
                let mut rest = &message[..];
                assert_eq!(next_request(&mut rest), Some((setup, view, program.clone())));
                assert_eq!(rest, &message[one..]);
                assert_eq!(next_request(&mut rest), Some((setup, view, program.clone())));
                assert_eq!(rest, [0u8; 0]);
                for length in 0..one {
                    assert_eq!(next_request(&mut &message[..length]), None);
                }
            }
        }
    }

    /// Makes a trace with something in each part.
    pub fn example() -> (Trace, Mishap) {
        let mut trace = Trace::default();
        trace.step();
        trace.made(true);
        trace.count(1);
        trace.step();
        trace.returned(7);
        trace.deaths.push(1);
        trace.skips.push(0);
        trace.dups.push(DupSeen { step: 1, source: (0, 2), dup: (2, 4) });
        trace.stop();
        trace.leaked = Some(-3);
        let owners = Owners { program: 1, connections: 2, caches: 3, callbacks: 4 };
        let whom = Whom { slots: 1, connections: 2, birth: 3 };
        let seen = Seen::References(11);
        trace.unowned = Some(Unowned { step: 1, whom, owners, in_caches: [1, 2, 0, 0], seen, named: true });
        let site = |step| Site { line: format!("a.c:{step}"), step };
        trace.left.push(Block { size: 9, taken: site(0), given: None, session: true, holder: None });
        trace.left.push(Block { size: 8, taken: site(0), given: None, session: false, holder: Some(0) });
        trace.tape.record(3, Recorded { id: b"a".to_vec(), ..Recorded::default() });
        let block = Block { size: 10, taken: site(0), given: Some(site(1)), session: false, holder: None };
        let breakage = Breakage::Misuse(Violation::UseAfterFree);
        let (text, report) = ("touched".into(), "a\nb".into());
        (trace, Mishap { kind: MishapKind::Crash, step: 1, breakage, text, block: Some(block), report })
    }

    #[test]
    fn a_trace_and_its_mishap_come_back_as_they_were_and_are_refused_when_cut_off() {
        let (trace, mishap) = example();
        let mut message = Vec::new();
        append(&mut message, &Answer::Ran(&trace, Some(mishap.clone()), "b".into()));
        let read = Answer::read(&message);
        assert_eq!(format!("{read:?}"), format!("{:?}", Some(Answer::Ran(trace, Some(mishap), "b".to_string()))));
        for length in 0..message.len() {
            assert!(Answer::read(&message[..length]).is_none(), "{length}");
        }
        message.push(0);
        assert!(Answer::read(&message).is_none(), "a byte too many");
    }

    #[test]
    fn a_trace_with_places_outside_its_log_is_refused() {
        let (mut trace, _) = example();
        trace.dups.push(DupSeen { step: 1, source: (0, 2), dup: (2, 4000) });
        let mut message = Vec::new();
        append(&mut message, &Answer::<_, String>::Ran(&trace, None, String::new()));
        assert!(Answer::read(&message).is_none());
    }

    #[test]
    fn a_greeting_comes_back_as_it_was() {
        let identity = Identity { name: "a".into(), version: "b".into(), file: "c".into() };
        let (release, lacks) = (Release::V3_6_3.number(), Kinds::NONE.with(Kind::SampleSession));
        let (counts, tells_ends, compression, ex_data) = (true, false, Compression::Zlib, true);
        let missing = vec![Missing {
            symbol: "d".into(),
            function: "e".into(),
            needed_by: Kinds::NONE.with(Kind::SampleSession),
        }];
        let family = Family::Wolf;
        let hello = Hello {
            identity,
            release,
            family,
            ex_data,
            lacks,
            missing,
            counts,
            tells_ends,
            compression,
            sees_errors: true,
        };
        let mut message = Vec::new();
        append(&mut message, &Answer::<Trace, String>::Ready(hello.clone()));
        let Some(Answer::Ready(read)) = Answer::read(&message) else { panic!("another message") };
        assert_eq!(read, hello);
        assert_eq!(read.release(), Release::V3_6_3);
    }
}

//! What parent and child say to each other: a greeting, then programs one way and traces the other.

use crate::exec::{View, Watch};
use crate::field::Fields;
use crate::native::Release;
use crate::op::Kinds;
use crate::plan::Setup;
use crate::port::{Identity, Memory};
use crate::program::Program;
use crate::trace::{Reader, put_number, put_text};

/// The first byte of what a child says.
pub(super) const HELLO: u8 = 0x10;
/// As [`HELLO`]: it cannot drive its port; the reason follows.
pub(super) const REFUSED: u8 = 0x11;
/// As [`HELLO`]: a trace follows, and whether there is a mishap, and the mishap.
pub(super) const TRACE: u8 = 0x12;

/// Nothing that is said is longer, bytes.
pub(super) const LONGEST: u64 = 1 << 28;

/// What a child says of its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub identity: Identity,
    pub release: Release,
    pub lacks: Kinds,
    pub counts_references: bool,
    pub tells_ends: bool,
}

impl Hello {
    pub fn put(&self, out: &mut Vec<u8>) {
        for text in [&self.identity.name, &self.identity.version, &self.identity.file] {
            put_text(out, text);
        }
        put_number(out, self.release.number());
        put_kinds(out, self.lacks);
        put_number(out, self.counts_references.into());
        put_number(out, self.tells_ends.into());
    }

    pub fn take(from: &mut Reader<'_>) -> Option<Hello> {
        let identity = Identity { name: from.text()?, version: from.text()?, file: from.text()? };
        let release = Release::from_number(from.number()?);
        let lacks = take_kinds(from)?;
        let (counts_references, tells_ends) = (from.number()? != 0, from.number()? != 0);
        Some(Hello { identity, release, lacks, counts_references, tells_ends })
    }
}

/// Appends a run of `program`.
pub(super) fn put(out: &mut Vec<u8>, setup: Setup, program: &Program, view: View) {
    put_number(out, setup.ex_data.into());
    put_number(out, setup.hazards.into());
    put_kinds(out, setup.lacks);
    put_number(out, view.watch as u64);
    put_number(out, view.memory as u64);
    put_number(out, view.fields.bits().into());
    put_number(out, view.counts.into());
    let wire = program.to_wire();
    put_number(out, wire.len() as u64);
    out.extend_from_slice(&wire);
}

/// Reads a run.
pub(super) fn take(from: &mut Reader<'_>) -> Option<(Setup, Program, View)> {
    let setup = Setup { ex_data: from.number()? != 0, hazards: from.number()? != 0, lacks: take_kinds(from)? };
    let watch = match from.number()? {
        0 => Watch::Nothing,
        1 => Watch::Fast,
        2 => Watch::Ends,
        3 => Watch::Blame,
        _ => return None,
    };
    let memory = *Memory::ALL.get(usize::try_from(from.number()?).ok()?)?;
    let (fields, counts) = (Fields::from_bits(from.number()? as u32), from.number()? != 0);
    let length = usize::try_from(from.number()?).ok()?;
    let program = Program::from_bytes(from.take(length)?);
    Some((setup, program, View { watch, memory, fields, counts }))
}

fn put_kinds(out: &mut Vec<u8>, kinds: Kinds) {
    put_number(out, kinds.bits() as u64);
    put_number(out, (kinds.bits() >> 64) as u64);
}

fn take_kinds(from: &mut Reader<'_>) -> Option<Kinds> {
    let (low, high) = (from.number()?, from.number()?);
    Some(Kinds::from_bits(u128::from(low) | u128::from(high) << 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Kind;

    #[test]
    fn a_run_comes_back_as_it_was_and_is_refused_when_cut_off() {
        let program: Program = "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\n".parse().unwrap();
        let setup = Setup { ex_data: true, lacks: Kinds::NONE.with(Kind::GetExData), hazards: true };
        for watch in [Watch::Nothing, Watch::Fast, Watch::Ends, Watch::Blame] {
            for memory in Memory::ALL {
                let view = View { watch, memory, fields: Fields::all_but(setup.lacks), counts: true };
                let mut bytes = Vec::new();
                put(&mut bytes, setup, &program, view);
                assert_eq!(take(&mut Reader(&bytes)), Some((setup, program.clone(), view)));
                for length in 0..bytes.len() {
                    assert_eq!(take(&mut Reader(&bytes[..length])), None);
                }
            }
        }
    }

    #[test]
    fn a_greeting_comes_back_as_it_was() {
        let identity = Identity { name: "a".into(), version: "b".into(), file: "c".into() };
        let lacks = Kinds::NONE.with(Kind::SampleSession);
        let hello = Hello { identity, release: Release::V3_6_3, lacks, counts_references: true, tells_ends: true };
        let mut bytes = Vec::new();
        hello.put(&mut bytes);
        assert_eq!(Hello::take(&mut Reader(&bytes)), Some(hello));
    }
}

//! A program as C, as Rust and as a picture. Each is made from a run of it.

use super::lab::Lab;
use crate::emit::{self, Picture, Subject};
use crate::exec::Watch;
use crate::host::Host;
use crate::oracle::Signature;
use crate::pair::{Diverged, Look, Pair};
use crate::port::native::START_SECONDS;
use crate::program::Program;

/// Runs `program` on the native session alone, and writes it in a form that shows a finding with what is expected, or does
/// what a case does where there is none.
pub(super) fn written(
    form: fn(&Subject<'_>) -> String,
    pair: &mut Pair,
    lab: &Lab,
    why: &str,
    program: &Program,
    signature: Option<Signature>,
) -> String {
    pair.run_left(program);
    let (expected, _) = pair.traces();
    let of = pair.left().release();
    let (release, plan, now) = (format!("OpenSSL {of}"), pair.plan(), START_SECONDS);
    let verified = if of.doubt().is_some() { ", which was never verified here" } else { "" };
    let terms = format!("{verified}{}", lab.following.terms());
    form(&Subject {
        why,
        program,
        plan,
        expected,
        signature,
        now,
        release: &release,
        terms: &terms,
        driven: lab.port.driven(),
    })
}

/// Draws the reference counts over the calls.
pub(super) fn picture(program: &Program, pair: &mut Pair, look: Look, diverged: Option<&Diverged>) -> String {
    pair.run(program, Look { watch: Watch::Blame, ..look });
    let identity = pair.right().identity();
    let name = identity.short_name();
    let (left, right) = pair.traces();
    let divergence = diverged.map(|diverged| (diverged.divergence.step, diverged.divergence.signature()));
    emit::svg(&Picture { program, plan: pair.plan(), sides: [("native", left), (name, right)], divergence })
}

/// Names the release that the native session behaves as; nothing where the port cannot be started any more.
pub(super) fn release(lab: &Lab) -> String {
    lab.in_a_child().pair().map_or_else(|_| String::new(), |pair| pair.left().release().to_string())
}

//! A program as C, as Rust and as a picture. Each is made from a run of it.

use super::args::PortName;
use super::lab::Lab;
use crate::emit::{self, Called, Foreign, Picture, Subject};
use crate::host::Host;
use crate::native::Family;
use crate::oracle::Signature;
use crate::pair::{Diverged, Pair};
use crate::plan::clock::START_SECONDS;
use crate::port::c::load;
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
    let foreign = foreign(&lab.port, pair.left().family(), pair.right().identity().version);
    let terms = match foreign.as_ref().map(|foreign| foreign.family) {
        Some(family @ (Family::Boring | Family::Wolf | Family::LibreSsl)) => {
            format!(" but for the customs of family {family}")
        }
        Some(Family::OpenSsl) | None => format!("{verified}{}", lab.following.terms()),
    };
    let terms = terms + &lab.without.map_or(String::new(), |without| format!(" without {}", without.id()));
    form(&Subject {
        why,
        program,
        plan,
        expected,
        signature,
        now,
        release: &release,
        terms: &terms,
        foreign: foreign.as_ref(),
        driven: lab.port.driven(),
    })
}

/// Says how C calls the library of a port, which is of this family and says this of its version; `None`: as OpenSSL's headers say.
pub(super) fn foreign(port: &PortName, family: Family, version: String) -> Option<Foreign> {
    let path = port.library()?;
    let typed = |name: &str| port.profile().is_some_and(|profile| profile.types.contains_key(name));
    let called = |(symbol, (name, arguments, result))| Called { name, symbol, arguments, result, typed: typed(name) };
    let functions = || load::called(path, port.profile()).into_iter().map(called).collect();
    (family != Family::OpenSsl || port.profile().is_some()).then(|| Foreign { family, version, functions: functions() })
}

/// Draws the reference counts over the calls, as they were in the last run of `pair`.
pub(super) fn picture(program: &Program, pair: &Pair, diverged: Option<&Diverged>) -> String {
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

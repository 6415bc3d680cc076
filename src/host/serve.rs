//! The child's side: reads programs, runs them on its port, answers with traces, until nobody listens any more.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::Serialize;

use super::crash;
use super::protocol::{self, Answer, Hello, LONGEST};
use crate::exec;
use crate::native::{Family, Release};
use crate::plan::Plan;
use crate::port::{Abilities, Missing, Port};
use crate::trace::Trace;

/// Says what the native session has to behave as, for the port that is served.
#[derive(Clone, Debug)]
pub struct Behaving {
    /// Names the release whose rules it follows.
    pub release: Release,
    /// Names the family whose customs it follows.
    pub family: Family,
    /// Says whether the harness's ex_data indices are registered.
    pub ex_data: bool,
    /// Lists the symbols for want of which the port lacks what it lacks.
    pub missing: Vec<Missing>,
    /// Says whether the port tells of errors.
    pub sees_errors: bool,
}

/// Answers `parent` with what `port` does, which a native session behaves as that is so. A program that takes longer than
/// `limit` ends this process, as a crash does.
///
/// # Errors
/// The parent has gone away.
pub fn serve<P: Port>(port: &mut P, behaving: Behaving, mut parent: UnixStream, limit: Duration) -> io::Result<()> {
    let Abilities { lacks, counts, tells_ends, compression, quirks: _ } = port.abilities();
    let (identity, Behaving { release, family, ex_data, missing, sees_errors }) = (port.identity(), behaving);
    let release = release.number();
    let hello =
        Hello { identity, release, family, ex_data, lacks, missing, counts, tells_ends, compression, sees_errors };
    let mut answer = Vec::new();
    say(&mut parent, &mut answer, &Answer::<&Trace, &str>::Ready(hello))?;
    let mut plan: Option<Plan> = None;
    let mut trace = Trace::with_room();
    let mut asked = Vec::new();
    loop {
        // The whole batch before the first run: its sender does not read while it writes.
        hear(&mut parent, &mut asked)?;
        let mut left = &asked[..];
        while !left.is_empty() {
            let wrong = || io::Error::new(io::ErrorKind::InvalidData, "no program");
            let (setup, view, program) = protocol::next_request(&mut left).ok_or_else(wrong)?;
            if plan.as_ref().is_none_or(|plan| plan.setup() != setup) {
                plan = Some(Plan::new(setup));
            }
            let Some(plan) = plan.as_mut() else { continue };
            plan.make(&program);
            // Until it is told, what happened can be told: the heap may be broken by now.
            crash::tracing(&mut trace, |trace| {
                crash::limit(limit);
                exec::run(port, &program, plan, view, trace);
                crash::limit(Duration::ZERO);
                let mishap = trace.mishap.clone();
                say(&mut parent, &mut answer, &Answer::Ran(&*trace, mishap, String::new()))
            })?;
        }
    }
}

/// Tells the parent why there is no port.
///
/// # Errors
/// The parent has gone away.
pub fn serve_error(why: &str, mut parent: UnixStream) -> io::Result<()> {
    say(&mut parent, &mut Vec::new(), &Answer::<&Trace, &str>::Refused(why))
}

/// Sends one message in one write; `room` is used for it.
fn say<S: Serialize>(parent: &mut UnixStream, room: &mut Vec<u8>, answer: &Answer<&Trace, S>) -> io::Result<()> {
    protocol::message(room, |message| protocol::append(message, answer));
    parent.write_all(room)
}

fn hear(parent: &mut UnixStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut length = [0; 8];
    parent.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    bytes.clear();
    parent.take(length.min(LONGEST)).read_to_end(bytes)?;
    if bytes.len() as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

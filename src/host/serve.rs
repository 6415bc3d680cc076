//! The child's side: reads programs, runs them on its port, answers with traces, until nobody listens any more.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::request::{self, HELLO, Hello, LONGEST, REFUSED, TRACE};
use crate::exec;
use crate::host::crash;
use crate::native::Release;
use crate::plan::Plan;
use crate::port::Abilities;
use crate::port::Port;
use crate::trace::{Reader, Trace, put_number};

/// Answers `parent` with what `port` does, which follows the rules of `release`. A program that takes longer than
/// `limit` ends this process, as a crash does.
///
/// # Errors
/// The parent has gone away.
pub fn serve<P: Port>(port: &mut P, release: Release, mut parent: UnixStream, limit: Duration) -> io::Result<()> {
    let mut answer = Vec::new();
    let Abilities { lacks, counts: counts_references, tells_ends } = port.abilities();
    Hello { identity: port.identity(), release, lacks, counts_references, tells_ends }.put(&mut answer);
    say(&mut parent, HELLO, &answer)?;
    let mut plan: Option<Plan> = None;
    let mut trace = Trace::with_room();
    let mut asked = Vec::new();
    loop {
        // The whole batch before the first run: its sender does not read while it writes.
        hear(&mut parent, &mut asked)?;
        let mut runs = Reader(&asked);
        while !runs.0.is_empty() {
            let wrong = || io::Error::new(io::ErrorKind::InvalidData, "no program");
            let (setup, program, view) = request::take(&mut runs).ok_or_else(wrong)?;
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
                answer.clear();
                trace.write_to(&mut answer);
                put_number(&mut answer, trace.mishap.is_some().into());
                if let Some(mishap) = &trace.mishap {
                    mishap.put(&mut answer);
                }
                say(&mut parent, TRACE, &answer)
            })?;
        }
    }
}

/// Tells the parent why there is no port.
///
/// # Errors
/// The parent has gone away.
pub fn serve_error(why: &str, mut parent: UnixStream) -> io::Result<()> {
    say(&mut parent, REFUSED, why.as_bytes())
}

/// One message: what it is, its length, its bytes, in one write.
fn say(parent: &mut UnixStream, what: u8, bytes: &[u8]) -> io::Result<()> {
    let head = [&[what][..], &(bytes.len() as u64).to_le_bytes()].concat();
    let mut whole = [io::IoSlice::new(&head), io::IoSlice::new(bytes)];
    let mut parts = &mut whole[..];
    while !parts.is_empty() {
        let written = parent.write_vectored(parts)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        io::IoSlice::advance_slices(&mut parts, written);
    }
    Ok(())
}

fn hear(parent: &mut UnixStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut length = [0; 8];
    parent.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    bytes.clear();
    parent.take(length.min(LONGEST)).read_to_end(bytes)?;
    if bytes.len() as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

//! The C program of a finding, which shows the fault even where a call makes it that only the harness makes.

use std::time::{Duration, Instant};

use super::compiled::Compiled;
use super::emitted::written;
use super::finding::Finding;
use super::lab::Lab;
use crate::emit;
use crate::op::{BufferSlot, Closed, ConnectionSlot, Kind, Op, Slot, Variable};
use crate::pair::Pair;
use crate::plan::{Ledger, Setup};
use crate::program::Program;

/// A finding in C, compiled and run.
pub(super) struct Shown {
    /// The finding: where its own program shows nothing in C, one that shows it may take its place.
    pub finding: Finding,
    /// Why the program is kept, for its head.
    pub why: String,
    pub c: String,
    pub compiled: Compiled,
}

impl Shown {
    /// Writes a finding in C, compiles and runs it, for no longer than `limit`. The harness asks for the DER of each session that it looks
    /// at, and sees counts that C cannot read: where the program shows nothing without that, it makes one more call itself, if it then
    /// has the same signature and shows it.
    pub fn of(lab: &Lab, pair: &mut Pair, found: Finding, why: &dyn Fn(&Finding) -> String, limit: Duration) -> Shown {
        let until = Instant::now() + limit;
        let in_c = |finding: Finding, pair: &mut Pair| {
            let why = why(&finding);
            let c = written(emit::c, pair, lab, &why, &finding.program, Some(finding.signature()));
            let compiled = Compiled::new(&lab.port, &c, until.saturating_duration_since(Instant::now()));
            Shown { finding, why, c, compiled }
        };
        let own = in_c(found, pair);
        if !own.compiled.hides() {
            return own;
        }
        for program in with_one_more(&own.finding.program, pair.plan().setup()) {
            let seen = pair.judge_watching(&program, own.finding.look).diverged();
            let seen = seen.filter(|seen| seen.divergence.signature() == own.finding.signature());
            let Some(mut diverged) = seen.filter(|_| Instant::now() < until) else { continue };
            diverged.divergence.class = own.finding.diverged.divergence.class;
            let asks = in_c(Finding { program, diverged, look: own.finding.look }, pair);
            if asks.compiled.shows() {
                return asks;
            }
        }
        own
    }
}

/// Returns programs with one call more that the library has.
fn with_one_more(program: &Program, setup: Setup) -> Vec<Program> {
    let mut ledger = Ledger::new(setup);
    let mut last = (0, Vec::new());
    for (at, op) in program.ops.iter().enumerate() {
        ledger.step(op);
        let live: Vec<Slot> = Slot::all().filter(|slot| ledger.references(*slot) > 0).collect();
        if !live.is_empty() {
            last = (at + 1, live);
        }
    }
    let has = |kind: &Kind| !setup.lacks.contains(*kind);
    let asked = if has(&Kind::ToDer) { with_der(program, last) } else { Vec::new() };
    let closed = if has(&Kind::SslSetShutdown) { closed(program, &ledger) } else { Vec::new() };
    asked.into_iter().chain(closed).collect()
}

/// Returns the program with a call of `i2d_SSL_SESSION` at the last place where it has sessions, once for each of them.
fn with_der(program: &Program, (at, live): (usize, Vec<Slot>)) -> Vec<Program> {
    let (before, after) = program.ops.split_at(at);
    let with = |s: Slot| {
        let call = Op::ToDer { dst: BufferSlot::wrapping(0), s };
        Program { ops: [before, &[call], after].concat() }
    };
    live.into_iter().map(with).collect()
}

/// Returns the program with a call of `SSL_set_shutdown` at its end, once for each connection that is left. A connection that was not
/// closed takes its session out of the cache when it ends (`ssl_clear_bad_session`): one reference too many in there would not be seen.
fn closed(program: &Program, ledger: &Ledger) -> Vec<Program> {
    let with = |x: ConnectionSlot| {
        let call = Op::SslSetShutdown { x, mode: Closed::of(3) };
        Program { ops: [&program.ops[..], &[call]].concat() }
    };
    ConnectionSlot::all().filter(|x| ledger.has(Variable::Connection(*x))).map(with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_session_is_asked_where_the_last_ones_live() {
        let parse = |calls: &str| format!("#! sessdiff 1\n{calls}").parse::<Program>().expect("a program");
        let both = "s0 = SSL_SESSION_new()\ns1 = SSL_SESSION_dup(s0)\n";
        let with = |calls: &str| with_one_more(&parse(calls), Setup::new(true));
        let asked = ["s0", "s1"].map(|s| parse(&format!("{both}b0 = i2d_SSL_SESSION({s})\n")));
        assert_eq!(with(both), asked);
        let freed = "SSL_SESSION_free(s0)\nSSL_SESSION_free(s1)\n";
        let middle = "SSL_SESSION_free(s0)\nb0 = i2d_SSL_SESSION(s1)\nSSL_SESSION_free(s1)\n";
        assert_eq!(with(&format!("{both}{freed}")), [parse(&format!("{both}{middle}"))]);
        assert_eq!(with("c0 = SSL_CTX_new(TLS_server_method())\n"), []);
    }

    #[test]
    fn each_connection_that_is_left_is_closed() {
        let parse = |calls: &str| format!("#! sessdiff 1\n{calls}").parse::<Program>().expect("a program");
        let calls = "c0 = SSL_CTX_new(TLS_server_method())\nx0 = SSL_new(c0)\nx1 = SSL_new(c0)\nx2 = SSL_new(c0)\nSSL_free(x1)\n";
        let with = |x: &str| parse(&format!("{calls}SSL_set_shutdown({x}, SSL_SENT_SHUTDOWN|SSL_RECEIVED_SHUTDOWN)\n"));
        assert_eq!(with_one_more(&parse(calls), Setup::new(true)), ["x0", "x2"].map(with));
    }
}

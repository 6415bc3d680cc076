//! Contexts of the pool: after a program they behave as new ones do.
#![cfg(feature = "linked")]

use std::path::Path;

use sessdiff::exec::Watch;
use sessdiff::generate::{Generator, Which};
use sessdiff::op::Kind;
use sessdiff::pair::Pair;
use sessdiff::plan::Setup;
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::native::NativePort;
use sessdiff::program::{Case, Program};
use sessdiff::trace::Trace;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
const SETUP: Setup = Setup::new(true);
/// Generated programs of each sort.
const PROGRAMS: usize = 100;
/// Calls in the longest.
const LONGEST: usize = 60;

#[test]
fn a_used_context_behaves_as_a_new_one() {
    let mut programs = cases();
    for which in [Which::Caches, Which::Connections, Which::Handshakes] {
        let mut generator = Generator::new(11, SETUP).about(which);
        programs.extend((0..PROGRAMS).map(|_| generator.program(LONGEST)));
    }
    let takes = |kind: Kind| programs.iter().filter(|program| program.ops.iter().any(|op| op.kind() == kind)).count();
    assert!(takes(Kind::CtxPooled) > PROGRAMS && takes(Kind::Handshake) > PROGRAMS / 2);

    let mut used = pair();
    let mut different = Vec::new();
    for (at, program) in programs.iter().enumerate() {
        used.run(program, Watch::Blame);
        // A port of its own has a pool of its own.
        let mut fresh = pair();
        fresh.run(program, Watch::Blame);
        if !same(used.traces().1, fresh.traces().1) {
            different.push(format!("program {at}:\n{program}"));
        }
    }
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), programs.len(), different[0]);
}

/// The 255th handshake of a context flushes its cache, and only the 255th.
#[test]
fn a_long_program_does_not_count_the_handshakes_of_others() {
    let expires = "SSL_SESSION_set1_id(s0, \"expires\")\nSSL_SESSION_set_time(s0, now)\nSSL_SESSION_set_timeout(s0, 5)";
    let connections = "x0 = SSL_new(c1)\nx1 = SSL_new(c0)\nhandshake(x0, x1)";
    let times = |times: usize| -> Program {
        let text = format!(
            "#! sessdiff 1\nc0 = pooled_context(TLS_server_method())\nc1 = pooled_context(TLS_client_method())\ns0 = SSL_SESSION_new()\n{expires}\n\
             SSL_CTX_add_session(c0, s0)\nadvance_clock(6)\n{connections}\n\
             repeat {times} {{\nSSL_clear(x0)\nSSL_clear(x1)\nhandshake(x0, x1)\n}}\n"
        );
        text.parse().unwrap()
    };
    let mut used = pair();
    used.run(&times(39), Watch::Fast);
    for long in [times(250), times(253)] {
        used.run(&long, Watch::Fast);
        let mut fresh = pair();
        fresh.run(&long, Watch::Fast);
        assert!(same(used.traces().1, fresh.traces().1), "{long}");
    }
}

fn pair() -> Pair<NativePort, CPort> {
    let c = CPort::linked(Probes::ALL).unwrap();
    Pair::new(NativePort::new(c.library().release, SETUP), c, true)
}

fn same(a: &Trace, b: &Trace) -> bool {
    a.log() == b.log()
        && a.marks() == b.marks()
        && a.counts == b.counts
        && a.deaths == b.deaths
        && a.leaked == b.leaked
        && a.mishap == b.mishap
        && a.tape.records() == b.tape.records()
}

/// Every case but those that break the library.
fn cases() -> Vec<Program> {
    let files = Case::list(Path::new(CORPUS)).unwrap().into_iter();
    let sound = files.filter(|path| !path.components().any(|part| part.as_os_str() == "hazards"));
    sound.map(|path| Case::read(&path).unwrap().program).collect()
}

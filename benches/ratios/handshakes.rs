//! What part of a program with a handshake is the harness's: the calls alone against the same program judged, and against the
//! pooled contexts that are made anew after it.

use std::time::Duration;

use sessdiff::exec::{self, View, Watch};
use sessdiff::field::Fields;
use sessdiff::pair::Pair;
use sessdiff::plan::{Plan, Setup};
use sessdiff::port::Memory;
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::native::NativePort;
use sessdiff::program::Program;
use sessdiff::trace::Trace;

use crate::Stopwatch;
use crate::table::Table;

const BATCHES: usize = 100;
const PROGRAMS: u32 = 5;

const HEAD: &str =
    "#! sessdiff 1\nc0 = pooled_context(TLS_server_method())\nc1 = pooled_context(TLS_client_method())\n";
const FULL: &str = "x0 = SSL_new(c1)\nx1 = SSL_new(c0)\nhandshake(x0, x1)\n";
const RESUMED: &str =
    "s0 = SSL_get1_session(x0)\nx2 = SSL_new(c1)\nx3 = SSL_new(c0)\nSSL_set_session(x2, s0)\nhandshake(x2, x3)\n";
const TLS12: &str = "SSL_CTX_set_max_proto_version(c0, TLS1_2_VERSION)\n";

/// Measures microseconds of the calls alone, of the program judged, and the harness's part of it.
pub fn table() -> Table {
    let programs = [
        ("TLS 1.3, full", format!("{HEAD}{FULL}")),
        ("TLS 1.3, full and resumed", format!("{HEAD}{FULL}{RESUMED}")),
        ("TLS 1.2, full", format!("{HEAD}{TLS12}{FULL}")),
        ("TLS 1.2, full and resumed", format!("{HEAD}{TLS12}{FULL}{RESUMED}")),
    ];
    let what = "microseconds of the program by itself and judged, the quickest of the batches, and the harness's part";
    let mut table = Table::new("handshakes", what, &["alone", "judged", "ours %"]);
    for (name, program) in programs {
        let (alone, judged) = measure(&program.parse().expect("a program"));
        table.row(name, &[alone, judged, (judged - alone) / judged * 100.0]);
    }
    table
}

/// Measures microseconds of the calls alone, and of the program judged.
fn measure(program: &Program) -> (f64, f64) {
    let port = || CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    let mut alone = port();
    let setup = Setup { lacks: sessdiff::port::Port::abilities(&alone).lacks, ..Setup::new(true) };
    let mut plan = Plan::new(setup);
    plan.make(program);
    let view =
        View { watch: Watch::Nothing, memory: Memory::Plain, fields: Fields::all_but(setup.lacks), counts: false };
    let mut trace = Trace::with_room();
    let native = NativePort::new(alone.library().release, setup);
    let mut pair = Pair::new(native, port(), true);
    let (mut alone_times, mut judged_times) = (Vec::new(), Vec::new());
    // In turns, and the quickest of each: whatever else the machine does takes time from both.
    for _ in 0..BATCHES {
        alone_times.push(batch(|| exec::run(&mut alone, program, &plan, view, &mut trace)));
        judged_times.push(batch(|| {
            pair.judge(program);
        }));
    }
    let quickest = |times: Vec<f64>| times.into_iter().fold(f64::INFINITY, f64::min);
    (quickest(alone_times), quickest(judged_times))
}

/// Measures microseconds a program.
fn batch(mut run: impl FnMut()) -> f64 {
    let start = Stopwatch::start();
    (0..PROGRAMS).for_each(|_| run());
    let all: Duration = start.elapsed();
    all.as_secs_f64() * 1e6 / f64::from(PROGRAMS)
}

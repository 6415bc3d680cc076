//! One committed set of programs, 32 ops and up to 8 live sessions each: `benches/programs`. None has a sample session,
//! whose parsing would hide everything else.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use sessdiff::exec::{self, View, Watch};
use sessdiff::field::Fields;
use sessdiff::pair::{Look, Pair, Verdict};
use sessdiff::plan::{Plan, Setup};
use sessdiff::port::Memory;
use sessdiff::port::Port;
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::native::NativePort;
use sessdiff::program::{Case, Program};
use sessdiff::trace::Trace;

use crate::Stopwatch;

/// The first is what the others are divided by.
pub const VARIANTS: &[&str] =
    &["openssl", "native", "differential-fast", "differential-callbacks", "differential-blame"];
const TURN: Duration = Duration::from_millis(400);

/// Measures nanoseconds an op.
pub fn measure(variant: &str) -> f64 {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/programs"));
    let paths = Case::list(folder).expect("the committed programs");
    let programs: Vec<Program> = paths.iter().map(|path| Case::read(path).expect("a program").program).collect();
    match variant {
        "openssl" => alone(c(Probes::NONE), &programs),
        "native" => {
            let release = c(Probes::NONE).library().release;
            alone(NativePort::new(release, Setup::new(false)), &programs)
        }
        "differential-fast" => differential(Probes::SESSIONS, Watch::Fast, &programs),
        "differential-callbacks" => differential(Probes::ALL, Watch::Fast, &programs),
        "differential-blame" => differential(Probes::SESSIONS, Watch::Blame, &programs),
        _ => panic!("no variant {variant}"),
    }
}

fn c(probes: Probes) -> CPort {
    CPort::linked(probes).expect("the linked OpenSSL")
}

/// Measures the calls of one port and nothing else: planned beforehand, nothing observed, the results written to a buffer so
/// that they are used.
fn alone<P: Port>(mut port: P, programs: &[Program]) -> f64 {
    let setup = Setup { lacks: port.abilities().lacks, ..Setup::new(false) };
    let planned: Vec<(&Program, Plan)> = programs
        .iter()
        .map(|program| {
            let mut plan = Plan::new(setup);
            plan.make(program);
            (program, plan)
        })
        .collect();
    let view =
        View { watch: Watch::Nothing, memory: Memory::Plain, fields: Fields::all_but(setup.lacks), counts: false };
    let mut trace = Trace::with_room();
    nanoseconds_an_op(programs, || {
        for (program, plan) in &planned {
            exec::run(&mut port, program, plan, view, &mut trace);
            black_box(trace.log());
        }
    })
}

fn differential(probes: Probes, watch: Watch, programs: &[Program]) -> f64 {
    let c = c(probes);
    let setup = Setup::new(probes.ex_data);
    let mut pair = Pair::new(NativePort::new(c.library().release, setup), c, probes.ex_data);
    nanoseconds_an_op(programs, || {
        for (number, program) in (0..).zip(programs) {
            // As `run` does: the DER of a share is compared.
            let look = Look { der: number % Look::DER_EVERY == 0, ..Look::from(watch) };
            assert_eq!(pair.judge_watching(program, look), Verdict::Agree);
        }
    })
}

fn nanoseconds_an_op(programs: &[Program], mut pass: impl FnMut()) -> f64 {
    let ops: usize = programs.iter().map(|program| program.ops.len()).sum();
    for _ in 0..20 {
        pass();
    }
    let mut best = f64::MAX;
    let turn = Stopwatch::start();
    while turn.elapsed() < TURN {
        // Short enough to fall between two other processes' turns.
        let started = Stopwatch::start();
        pass();
        best = best.min(started.elapsed().as_nanos() as f64);
    }
    best / ops as f64
}

//! Ratios, taken in one run: the harness against OpenSSL alone on one committed set of programs, each call and the cache of the
//! native session against OpenSSL's, and long programs against short ones.
//!
//! `cargo bench --bench ratios`, and `cargo bench --bench ratios -- --json` for one JSON document. A probe cannot be taken out of
//! a process again, so every figure comes from a process of its own; the variants take turns, and the median of the rounds
//! counts. Time is the processor's, so that what else the machine does counts for little. Nothing here fails on a time.
#![allow(unsafe_code, reason = "the calls alone, without the harness, are C calls")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "figures are what it is for")]

mod caches;
mod calls;
mod growth;
mod handshakes;
mod programs;
mod table;

use std::process::{Command, ExitCode};
use std::time::Duration;

use serde::Serialize;
use table::Table;

/// How often each variant takes its turn.
const ROUNDS: usize = 9;
const VARIANT: &str = "SESSDIFF_BENCH_VARIANT";

/// Makes a table in a process of its own.
type Measure = fn() -> Table;

/// Every table that one process makes, by the name of the variant.
const TABLES: [(&str, Measure); 5] = [
    ("calls", calls::table),
    ("caches", caches::table),
    ("handshakes", handshakes::table),
    ("ops", growth::of_ops),
    ("cached", growth::of_cached),
];

/// Everything that was measured.
#[derive(Serialize)]
struct Report {
    tables: Vec<Table>,
}

fn main() -> ExitCode {
    if let Ok(variant) = std::env::var(VARIANT) {
        return child(&variant);
    }
    let asked = |what: &str| std::env::args().any(|argument| argument == what);
    // `cargo test --benches` only asks whether it runs.
    if !asked("--bench") {
        return child("openssl");
    }
    match measure(!asked("--json")) {
        Ok(report) if asked("--json") => {
            println!("{}", serde_json::to_string_pretty(&report).expect("numbers and strings"));
            ExitCode::SUCCESS
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything. Each table is printed as soon as it is there, if it is to be printed.
fn measure(prints: bool) -> Result<Report, String> {
    let mut tables = Vec::new();
    let mut done = |table: Table| {
        if prints {
            println!("{table}");
        }
        tables.push(table);
    };
    done(all_programs()?);
    for (variant, _) in TABLES {
        let text = turn(variant)?;
        done(serde_json::from_str(&text).map_err(|error| format!("{variant}: {error}: {text}"))?);
    }
    Ok(Report { tables })
}

/// Runs each variant of the committed programs in turn, and takes medians.
fn all_programs() -> Result<Table, String> {
    let variants = programs::VARIANTS;
    let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); variants.len()];
    for _ in 0..ROUNDS {
        for (variant, times) in variants.iter().zip(&mut rounds) {
            let text = turn(variant)?;
            times.push(text.trim().parse::<f64>().map_err(|error| format!("{variant}: {error}: {text}"))?);
        }
    }
    let medians: Vec<f64> = rounds.into_iter().map(median).collect();
    let what = format!("nanoseconds an op, median of {ROUNDS} rounds");
    let mut table = Table::new("programs", &what, &["ns/op", "ratio"]);
    for (variant, time) in variants.iter().zip(&medians) {
        table.row(*variant, &[*time, time / medians[0]]);
    }
    Ok(table)
}

fn child(variant: &str) -> ExitCode {
    match TABLES.iter().find(|(name, _)| *name == variant) {
        Some((_, table)) => println!("{}", serde_json::to_string(&table()).expect("numbers and strings")),
        None => println!("{}", programs::measure(variant)),
    }
    ExitCode::SUCCESS
}

fn turn(variant: &str) -> Result<String, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(this).env(VARIANT, variant).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{variant}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Measures the time that this thread has had a processor.
struct Stopwatch(Duration);

impl Stopwatch {
    fn start() -> Stopwatch {
        Stopwatch(Stopwatch::now())
    }

    fn elapsed(&self) -> Duration {
        Stopwatch::now() - self.0
    }

    fn now() -> Duration {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a structure of our own, and a clock that Linux has.
        let read = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
        assert_eq!(read, 0, "no clock counts a thread's time");
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

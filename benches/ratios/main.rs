//! Ratios, taken in one run: the harness against OpenSSL alone on one committed set of programs, and each call of the native
//! session against OpenSSL's.
//!
//! `cargo bench --bench ratios`. A probe cannot be taken out of a process again, so every figure comes from a process of
//! its own; the variants take turns, and the median of the rounds counts. Nothing here fails on a time.
#![allow(unsafe_code, reason = "the calls alone, without the harness, are C calls")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "figures are what it is for")]

mod caches;
mod calls;
mod handshakes;
mod programs;

use std::process::{Command, ExitCode};

/// How often each variant takes its turn.
const ROUNDS: usize = 9;
const VARIANT: &str = "SESSDIFF_BENCH_VARIANT";

fn main() -> ExitCode {
    if let Ok(variant) = std::env::var(VARIANT) {
        return child(&variant);
    }
    // `cargo test --benches` only asks whether it runs.
    if !std::env::args().any(|argument| argument == "--bench") {
        return child("openssl");
    }
    println!("programs: nanoseconds an op, median of {ROUNDS} rounds\n");
    let variants = programs::VARIANTS;
    let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); variants.len()];
    for _ in 0..ROUNDS {
        for (variant, times) in variants.iter().zip(&mut rounds) {
            match turn(variant).and_then(|text| text.trim().parse::<f64>().map_err(|error| format!("{error}: {text}")))
            {
                Ok(time) => times.push(time),
                Err(error) => {
                    eprintln!("{variant}: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    let medians: Vec<f64> = rounds.into_iter().map(median).collect();
    println!("{:<24} {:>8} {:>8}", "", "ns/op", "ratio");
    for (variant, time) in variants.iter().zip(&medians) {
        println!("{variant:<24} {time:>8.1} {:>8.2}", time / medians[0]);
    }
    println!("\ncalls: nanoseconds each, median of the batches of one process\n");
    match turn("calls") {
        Ok(table) => print!("{table}"),
        Err(error) => {
            eprintln!("calls: {error}");
            return ExitCode::FAILURE;
        }
    }
    println!(
        "\ncaches: nanoseconds to add one more session and to take it out, median of the batches of one process\n"
    );
    match turn("caches") {
        Ok(table) => print!("{table}"),
        Err(error) => {
            eprintln!("caches: {error}");
            return ExitCode::FAILURE;
        }
    }
    println!("\nhandshakes: the program by itself and judged, the quickest of the batches of one process\n");
    match turn("handshakes") {
        Ok(table) => print!("{table}"),
        Err(error) => {
            eprintln!("handshakes: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn child(variant: &str) -> ExitCode {
    match variant {
        "calls" => print!("{}", calls::table()),
        "caches" => print!("{}", caches::table()),
        "handshakes" => print!("{}", handshakes::table()),
        _ => println!("{}", programs::measure(variant)),
    }
    ExitCode::SUCCESS
}

fn turn(variant: &str) -> Result<String, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(this).env(VARIANT, variant).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

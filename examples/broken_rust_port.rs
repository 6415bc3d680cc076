//! The port of `rust_port.rs` with a mistake in its library, which is found: `cargo run --release --example broken_rust_port`.
#![allow(clippy::print_stdout, reason = "a program that says what it found")]

use std::process::ExitCode;

use sessdiff::conform::check;

#[allow(dead_code, reason = "it is an example of its own")]
#[path = "rust_port.rs"]
pub mod rust_port;

use rust_port::{Contents, RustPort, Session, trial};

/// Copies field by field, as somebody wrote it before there was an id context.
pub fn dup(session: &Session) -> Session {
    let from = session.contents();
    Session::of(Contents {
        id: from.id.clone(),
        master_key: from.master_key.clone(),
        time: from.time,
        timeout: from.timeout,
        version: from.version,
        cipher: from.cipher,
        hostname: from.hostname.clone(),
        alpn: from.alpn.clone(),
        ticket_appdata: from.ticket_appdata.clone(),
        max_early_data: from.max_early_data,
        ..Contents::default()
    })
}

fn main() -> ExitCode {
    match check(RustPort::new(dup), trial()) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

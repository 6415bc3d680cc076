//! The examples are tried as their `main` tries them: the port of a plain Rust type conforms, and the one with a mistake is
//! found.
#![allow(clippy::duplicate_mod, reason = "the one with a mistake has the other one inside")]

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/broken_rust_port.rs"]
mod broken_rust_port;
#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/rust_port.rs"]
mod rust_port;

use sessdiff::conform::{Failure, LevelFailure, check, check_levels};
use sessdiff::op::Kind;
use sessdiff::suite::Level;

#[test]
fn a_port_of_a_plain_rust_type_conforms() {
    let trial = rust_port::trial();
    let report = match check(rust_port::RustPort::new(rust_port::Session::dup), trial) {
        Ok(report) => report,
        Err(failure) => panic!("{failure}"),
    };
    assert_eq!(report.programs, trial.programs);
    // All that it has was called, and most calls had a session to work on.
    let idle: Vec<Kind> = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| !report.called.contains(*kind) && !report.lacks.contains(*kind))
        .collect();
    assert!(idle.is_empty(), "never called: {idle:?}");
    assert!(report.calls > 4 * report.skipped, "{report}");
}

/// The levels without bytes, caches and connections, which it does not have: where these are asked for, nothing passes.
#[test]
fn a_port_of_a_plain_rust_type_passes_its_levels() {
    let levels =
        |levels: &[Level]| check_levels(rust_port::RustPort::new(rust_port::Session::dup), rust_port::trial(), levels);
    let report = levels(&[Level::Count, Level::Dup, Level::Accessors]).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(report.passed > report.unsupported.len(), "{report}");
    assert_eq!(report.not_modelled, [] as [String; 0]);
    assert!(matches!(levels(&[Level::Cache]), Err(LevelFailure::NothingRan)));
    let broken = broken_rust_port::rust_port::RustPort::new(broken_rust_port::dup);
    match check_levels(broken, rust_port::trial(), &[Level::Dup]) {
        Err(LevelFailure::Cases(failed)) => {
            assert!(
                failed.iter().any(|(id, why)| id == "dup/copies/sid_ctx" && why.contains("SSL_SESSION_dup/sid_ctx"))
            )
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dup_that_forgets_a_field_is_found_and_reduced() {
    use broken_rust_port::rust_port::{RustPort, trial};

    let found = match check(RustPort::new(broken_rust_port::dup), trial()) {
        Err(Failure::Diverged(found)) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(found.signature().to_string(), "SSL_SESSION_dup/sid_ctx");
    let block = found.to_string();
    let program = "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id_context(s0, \"a\")\ns1 = SSL_SESSION_dup(s0)";
    assert!(block.ends_with(program), "{block}");
    assert!(block.contains("rust       sid_ctx \"\"   <- contradicts the ledger"), "{block}");
    assert!(block.contains("at step 2: s1 = SSL_SESSION_dup(s0)"), "{block}");
}

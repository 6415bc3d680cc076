//! The crate as it is published is enough for a port elsewhere: its archive is made, unpacked, and used by another crate, without the
//! command line and without OpenSSL.

use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What a crate elsewhere says in its manifest. Its port is the example of the archive, its type of sessions too.
const MANIFEST: &str = r#"[package]
name = "elsewhere"
version = "0.0.0"
edition = "2024"

[lib]
path = "lib.rs"

[[test]]
name = "conformance"
path = "conformance.rs"

[dev-dependencies]
sessdiff = { path = "unpacked", default-features = false }

[workspace]
"#;

/// Its one test, as docs/PORTING.md shows it.
const TEST: &str = r#"#[path = "unpacked/examples/broken_rust_port.rs"]
#[allow(dead_code)]
mod broken;

use broken::rust_port::{RustPort, Session, trial};
use sessdiff::conform::{check, check_levels};
use sessdiff::suite::Level;

#[test]
fn conforms() {
    let port = || RustPort::new(Session::dup);
    let report = check_levels(port(), trial(), &[Level::Count, Level::Dup, Level::Accessors]);
    println!("{}", report.unwrap_or_else(|failure| panic!("{failure}")));
    check(port(), trial()).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
#[should_panic(expected = "SSL_SESSION_dup/sid_ctx")]
fn a_dup_that_forgets_a_field_does_not() {
    check(RustPort::new(broken::dup), trial()).unwrap_or_else(|failure| panic!("{failure}"));
}
"#;

fn run(command: &mut Command) -> String {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{command:?}\n{said}");
    said
}

#[test]
fn a_port_elsewhere_needs_nothing_but_the_archive() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let cargo = |args: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(args).current_dir(folder.path()).env("CARGO_TARGET_DIR", target);
        cargo
    };
    let manifest = format!("{ROOT}/Cargo.toml");
    run(&mut cargo(&[
        "package",
        "--locked",
        "--offline",
        "--no-verify",
        "--allow-dirty",
        "--manifest-path",
        &manifest,
    ]));
    let archive = target.join(concat!("package/sessdiff-", env!("CARGO_PKG_VERSION"), ".crate"));
    let unpacked = folder.path().join("unpacked");
    fs::create_dir(&unpacked).expect("a folder");
    run(Command::new("tar").args(["-xzf", &archive.to_string_lossy(), "--strip-components=1", "-C"]).arg(&unpacked));
    for (name, text) in [("Cargo.toml", MANIFEST), ("lib.rs", ""), ("conformance.rs", TEST)] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    // The versions that the archive was made with.
    fs::copy(unpacked.join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("a file");
    let said = run(&mut cargo(&["test", "--release", "--offline"]));
    assert!(said.contains("test result: ok. 2 passed"), "{said}");
}

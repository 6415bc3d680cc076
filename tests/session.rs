//! The native session as a C library, of the crate `session`: a port like any other one, and what its header says.
#![cfg(feature = "vendored")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use object::{Object as _, ObjectSymbol as _};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const HEADER: &str = "sessdiff_session.h";
/// The levels that the library claims: all but connections.
const CLAIMED: std::ops::RangeInclusive<u64> = 1..=5;

/// Builds the library, in the target folder of the tests.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--quiet", "--package", "sessdiff-session", "--target-dir"]);
    ends_well(cargo.arg(target).current_dir(ROOT));
    target.join("release/libsessdiff_session.so")
});

fn ends_well(command: &mut Command) -> Output {
    let output = command.output().expect("a program");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    output
}

fn include() -> PathBuf {
    Path::new(ROOT).join("session/include")
}

/// Lists the functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(include().join(HEADER)).expect("the header");
    let of_line = |line: &str| {
        let (before, _) = line.split_once('(')?;
        let is_prototype = !line.starts_with([' ', '#', '/']) && !line.starts_with("typedef") && !line.contains('"');
        is_prototype.then(|| before.rsplit([' ', '*']).next().unwrap_or_default().to_string())
    };
    header.lines().filter_map(of_line).collect()
}

#[test]
fn the_library_has_what_its_header_declares() {
    let file = fs::read(&*LIBRARY).expect("the library");
    let elf = object::File::parse(&*file).expect("ELF");
    let exported = elf.dynamic_symbols().filter(|symbol| symbol.is_definition());
    let exported: BTreeSet<String> = exported.map(|symbol| symbol.name().expect("a name").into()).collect();
    let own: BTreeSet<String> = exported.into_iter().filter(|name| !name.starts_with("rust_")).collect();
    assert_eq!(own, declared());
}

/// The types are those of OpenSSL: a compiler that has seen its header refuses others.
#[test]
fn the_header_agrees_with_that_of_openssl() {
    let text = format!(
        "#include <openssl/ssl.h>\n#include <openssl/pem.h>\n#include <openssl/err.h>\n#include \"{HEADER}\"\nint unused;\n"
    );
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("header.c");
    fs::write(&source, text).expect("a file");
    let openssl = Path::new(env!("SESSDIFF_OPENSSL_INCLUDE"));
    let mut cc = Command::new("cc");
    cc.args(["-fsyntax-only", "-Wall", "-Werror", "-I"]).arg(openssl).arg("-I").arg(include()).arg(&source);
    ends_well(&mut cc);
}

#[test]
fn every_level_passes_that_the_library_claims() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut check = Command::new(env!("CARGO_BIN_EXE_sessdiff"));
    let port = format!("lib:{}", LIBRARY.display());
    check.args(["check", "--json", "--port", &port]).current_dir(&folder);
    let output = ends_well(&mut check);
    let check: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let declared = declared();
    let cases = check["cases"].as_array().expect("cases");
    let mut passed = BTreeSet::new();
    for case in cases {
        let (id, outcome) = (&case["id"], case["outcome"].as_str().expect("an outcome"));
        let (level, why) = (case["level"].as_u64().expect("a level"), case["why"].as_str().expect("a reason"));
        match outcome {
            "pass" => _ = passed.insert(level),
            // It does what 3.6.3 does, its faults too.
            "known" => assert_eq!(case["signature"], Value::Null, "{id}: {why}"),
            "unsupported" => {
                let lacks = why.strip_prefix("lacks ").expect("what is missing");
                let has_all = lacks.split(", ").all(|function| declared.contains(function));
                assert!(!has_all && !CLAIMED.contains(&level), "{id}: {why}");
            }
            _ => panic!("{id}: {outcome}: {why}"),
        }
    }
    assert!(CLAIMED.clone().all(|level| passed.contains(&level)), "{passed:?}");
    assert_eq!(check["port"]["counts_references"], true);
}

#[test]
fn a_c_program_links_against_it() {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("session_program");
    let folder = LIBRARY.parent().expect("a folder");
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-I"]).arg(include());
    cc.arg(Path::new(ROOT).join("tests/session/program.c")).arg("-o").arg(&program);
    cc.arg("-L").arg(folder).arg("-lsessdiff_session").arg(format!("-Wl,-rpath,{}", folder.display()));
    ends_well(&mut cc);
    let output = ends_well(&mut Command::new(&program));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "well\n");
}

//! The lists of CONTRIBUTING.md are enough: every file they name exists, and a change that touches nothing else compiles.
//!
//! Each `tests/contributing/SLUG.patch` does what the list under the heading with that slug says. It is applied to a copy of
//! the repository, which is then checked by the compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The folders and files that a copy needs to be compiled.
const COPIED: &[&str] = &[
    "src",
    "benches",
    "corpus",
    "docs",
    "fuzz",
    "session",
    "tests/session.rs",
    "tests/wire",
    "examples",
    "tests/examples.rs",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "tests/contributing.rs",
    "tests/packaged.rs",
    "tests/corpus.rs",
];
/// The lists that a patch follows.
const LISTS: &[&str] = &["add-an-op", "add-a-field", "add-a-rule", "add-a-port", "add-a-fuzz-target"];
/// What a path in the lists begins with.
const PLACES: &[&str] =
    &["src/", "tests/", "corpus/", "docs/", "fuzz/", "scripts/", "benches/", "examples/", ".ci/", "clippy.toml"];

/// A section of CONTRIBUTING.md, and the paths that it names between backticks. A folder ends in `/`.
#[derive(Debug, PartialEq, Eq)]
struct Section {
    /// The heading as an anchor.
    slug: String,
    paths: Vec<String>,
}

/// Splits a page at its headings of the second level.
fn sections(page: &str) -> Vec<Section> {
    let parts = page.split("\n## ").skip(1).filter_map(|part| part.split_once('\n'));
    parts
        .map(|(title, body)| Section { slug: title.trim().to_lowercase().replace(' ', "-"), paths: paths(body) })
        .collect()
}

/// Lists the paths in a text. A name in capitals, as in `NAME.rs`, stands for any: such a path is none.
fn paths(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let named = quoted.filter(|word| PLACES.iter().any(|place| word.starts_with(place)));
    let named = named.filter(|word| !word.contains(char::is_whitespace) && !word.contains("NAME"));
    named.map(String::from).collect()
}

fn lists() -> Vec<Section> {
    sections(&fs::read_to_string(Path::new(ROOT).join("CONTRIBUTING.md")).expect("CONTRIBUTING.md"))
}

#[test]
fn every_file_of_a_list_exists() {
    let lists = lists();
    let mut wrong = Vec::new();
    for wanted in LISTS {
        if !lists.iter().any(|section| section.slug == *wanted && section.paths.len() >= 2) {
            wrong.push(format!("CONTRIBUTING.md: no list {wanted} that names files"));
        }
    }
    for section in &lists {
        let missing = section.paths.iter().filter(|path| !Path::new(ROOT).join(path).exists());
        wrong.extend(missing.map(|path| format!("CONTRIBUTING.md, {}: no {path}", section.slug)));
    }
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn paths_are_found_in_text() {
    let page = "# A\n\n`src/none.rs`\n\n## Add a thing\n\n1. `src/op/table.rs`: a row.\n2. `corpus/` and `Port`, `NAME.rs`,\n   \
                `fuzz/NAME.rs`, `cargo test --test src/x`\n\n## B\n\n`.ci/run`\n";
    let section = |slug: &str, paths: &[&str]| Section {
        slug: slug.into(),
        paths: paths.iter().map(|path| (*path).into()).collect(),
    };
    assert_eq!(sections(page), [section("add-a-thing", &["src/op/table.rs", "corpus/"]), section("b", &[".ci/run"])]);
}

/// The part of a patch that is about one file.
struct Change {
    path: String,
    diff: String,
}

impl Change {
    /// Applies the change to the text of its file. Lines that are added without any context go to the end.
    fn apply(&self, old: &str) -> Result<String, String> {
        let lines = || self.diff.lines().skip(2).filter(|line| !line.starts_with("@@ "));
        if lines().all(|line| line.starts_with('+')) {
            return Ok(lines().fold(old.to_string(), |text, line| text + &line[1..] + "\n"));
        }
        let diff = diffy::Patch::from_str(&self.diff).map_err(|error| error.to_string())?;
        diffy::apply(old, &diff).map_err(|error| error.to_string())
    }
}

#[test]
fn changes_are_applied() {
    let patch = "Why.\n\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n--- a/b\n+++ b/b\n@@ -1,0 +2,1 @@\n+w\n";
    let [a, b] = &changes(patch)[..] else { panic!("two files") };
    assert_eq!((a.path.as_str(), b.path.as_str()), ("a", "b"));
    assert_eq!(a.apply("v\nx\ny\n").as_deref(), Ok("v\nx\nz\n"));
    assert!(a.apply("x\n").is_err(), "the context is gone");
    assert_eq!(b.apply("x\n").as_deref(), Ok("x\nw\n"));
}

/// Splits a patch of several files. What stands above the first file says what the patch does.
fn changes(patch: &str) -> Vec<Change> {
    let files = patch.split("\n--- ").skip(1).map(|part| format!("--- {part}\n"));
    files
        .map(|diff| {
            let new = diff.lines().nth(1).and_then(|line| line.strip_prefix("+++ b/")).expect("the name of the file");
            Change { path: new.to_string(), diff: diff.clone() }
        })
        .collect()
}

/// Applies each patch to a copy of the repository. Returns the copies by the name of the patch.
///
/// # Panics
/// If a patch does not apply, or touches a file that its list does not name.
fn apply(patches: &[PathBuf]) -> Vec<(String, PathBuf)> {
    let lists = lists();
    let name = |path: &PathBuf| path.file_stem().expect("a name").to_str().expect("a name in UTF-8").to_string();
    patches
        .iter()
        .map(|path| {
            let slug = name(path);
            let list = lists.iter().find(|section| section.slug == slug);
            let list = list.unwrap_or_else(|| panic!("{slug}.patch: CONTRIBUTING.md has no list of this name"));
            let copy = copy(&slug);
            let changes = changes(&fs::read_to_string(path).expect("a patch"));
            assert!(!changes.is_empty(), "{slug}.patch changes nothing");
            for change in changes {
                assert!(is_listed(&list.paths, &change.path), "{slug}.patch: {} is not in the list", change.path);
                let file = copy.join(&change.path);
                let old = fs::read_to_string(&file).unwrap_or_default();
                let new = change.apply(&old).unwrap_or_else(|error| panic!("{slug}.patch, {}: {error}", change.path));
                fs::write(file, new).expect("a file");
            }
            (slug, copy)
        })
        .collect()
}

/// Says whether a list names a file or the folder that it is in.
fn is_listed(paths: &[String], file: &str) -> bool {
    paths.iter().any(|path| path == file || (path.ends_with('/') && file.starts_with(path.as_str())))
}

#[test]
fn what_a_list_allows() {
    let list = ["src/op/table.rs".to_string(), "corpus/".to_string()];
    assert!(is_listed(&list, "src/op/table.rs") && is_listed(&list, "corpus/dup/a.ops"));
    assert!(
        !is_listed(&list, "src/op/table") && !is_listed(&list, "src/op/slots.rs") && !is_listed(&list, "corpus.rs")
    );
}

/// Copies the repository to a folder of this name that is made anew.
fn copy(name: &str) -> PathBuf {
    fn copy_all(from: &Path, to: &Path) {
        if from.is_dir() {
            if from.file_name().is_some_and(|name| name == "target" || name == "artifacts") {
                return;
            }
            fs::create_dir_all(to).expect("a folder");
            for entry in fs::read_dir(from).expect("a folder") {
                let entry = entry.expect("an entry");
                copy_all(&entry.path(), &to.join(entry.file_name()));
            }
        } else {
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::copy(from, to).expect("a file");
        }
    }
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contributing").join(name);
    if copy.exists() {
        fs::remove_dir_all(&copy).expect("the folder of an earlier run");
    }
    for part in COPIED {
        copy_all(&Path::new(ROOT).join(part), &copy.join(part));
    }
    // With a version of its own cargo does not take what it checks for what was checked of the original.
    let manifest = copy.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("the manifest");
    let version = text.lines().find(|line| line.starts_with("version = ")).expect("a version");
    fs::write(&manifest, text.replacen(version, &format!("version = \"0.0.0-{name}\""), 1)).expect("a file");
    copy
}

/// Lists the patches.
fn patches() -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join("tests/contributing")).expect("the patches");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut patches: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "patch")).collect();
    patches.sort();
    patches
}

/// `libfuzzer-sys` without libFuzzer, whose C++ the tests do not need: the macros make functions of what they are given.
const FUZZER: (&str, &str) = (
    r#"[package]
name = "libfuzzer-sys"
version = "0.4.999"
edition = "2024"

[features]
link_libfuzzer = []
"#,
    r#"
pub enum Corpus {
    Keep,
    Reject,
}

#[macro_export]
macro_rules! fuzz_target {
    ($(init: $init:expr,)? |$input:ident: $type:ty| -> $result:ty $body:block) => {
        pub fn fuzz_target($input: $type) -> $result $body
        $(pub fn fuzz_init() { let _: () = $init; })?
    };
    ($(init: $init:expr,)? |$input:ident: $type:ty| $body:expr) => {
        pub fn fuzz_target($input: $type) { let _: () = $body; }
        $(pub fn fuzz_init() { let _: () = $init; })?
    };
}

#[macro_export]
macro_rules! fuzz_mutator {
    (|$($input:ident: $type:ty),*| $body:block) => {
        pub fn fuzz_mutator($($input: $type),*) -> usize $body
    };
}

#[macro_export]
macro_rules! fuzz_crossover {
    (|$($input:ident: $type:ty),*| $body:block) => {
        pub fn fuzz_crossover($($input: $type),*) -> usize $body
    };
}
"#,
);

/// Prepares a copy's fuzz crate to be compiled with what the tests were compiled with.
fn without_libfuzzer(copy: &Path) {
    let stub = copy.join("libfuzzer-sys");
    fs::create_dir_all(stub.join("src")).expect("a folder");
    fs::write(stub.join("Cargo.toml"), FUZZER.0).expect("a file");
    fs::write(stub.join("src/lib.rs"), FUZZER.1).expect("a file");
    let manifest = copy.join("fuzz/Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("the manifest of the fuzz crate");
    let patch = "\n[patch.crates-io]\nlibfuzzer-sys = { path = \"../libfuzzer-sys\" }\n";
    fs::write(&manifest, text + patch).expect("a file");
    fs::copy(copy.join("Cargo.lock"), copy.join("fuzz/Cargo.lock")).expect("a file");
}

/// Runs cargo on a manifest of a copy, offline and in the target folder of the tests, where OpenSSL is built already.
fn cargo(command: &str, manifest: &Path, flags: &[&str]) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.arg(command).arg("--manifest-path").arg(manifest).arg("--offline").args(flags);
    let ran = cargo.env("CARGO_TARGET_DIR", target).output().expect("cargo");
    assert!(ran.status.success(), "{cargo:?}\n{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

/// Each list is followed by its patch, and what comes out compiles. The fuzz crate always builds its OpenSSL, as this feature does.
#[cfg(feature = "vendored")]
#[test]
fn what_a_list_says_is_enough() {
    let copies = apply(&patches());
    for wanted in LISTS {
        assert!(copies.iter().any(|(slug, _)| slug == wanted), "no patch {wanted}");
    }
    for (slug, copy) in copies {
        let (root, fuzz) = (copy.join("Cargo.toml"), copy.join("fuzz/Cargo.toml"));
        let whole: &[&str] = if slug == "add-a-port" { &["--test", "examples"] } else { &["--lib"] };
        cargo("check", &root, &[&["--release"], whole].concat());
        if slug == "add-a-fuzz-target" {
            let before = targets(&Path::new(ROOT).join("fuzz/Cargo.toml"));
            let after = targets(&fuzz);
            assert_eq!(after.len(), before.len() + 1, "{before:?} {after:?}");
            without_libfuzzer(&copy);
            cargo("check", &fuzz, &["--release", "--bins"]);
        }
    }
}

/// Lists the targets as `cargo fuzz list` does, from the manifest.
#[cfg(feature = "vendored")]
fn targets(manifest: &Path) -> Vec<String> {
    let text = cargo("metadata", manifest, &["--no-deps", "--format-version", "1"]);
    text.split("\"kind\":[\"bin\"]")
        .skip(1)
        .map(|bin| bin.split("\"name\":\"").nth(1).expect("a name").into())
        .collect()
}

//! The house rules that no compiler knows: who imports whom, how long a file is, where `unsafe` and catch-all arms are.
//!
//! Each check is a function over the text of one file, so that it can be shown to fail on a bad snippet. All violations
//! are shown together.

#[path = "tidy/tokens.rs"]
mod tokens;

use std::fs;
use std::path::Path;

use tokens::{Token, tokens};

/// What each room may import of the others, by name; see DESIGN. A room that is not here has not said what it needs.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("native", &[]),
    ("op", &[]),
    ("program", &["op"]),
    ("plan", &["op", "program", "field"]),
    ("field", &["op"]),
    ("trace", &["op", "field"]),
    ("oracle", &["op", "field", "plan", "program", "trace"]),
    ("known", &["op", "field", "plan", "program", "trace", "oracle"]),
    ("samples", &["native", "op"]),
    ("port", &["op", "plan", "trace", "native", "field", "samples"]),
    ("exec", &["op", "field", "plan", "port", "program", "trace"]),
    ("host", PAIR),
    ("pair", &["op", "field", "plan", "program", "trace", "oracle", "port", "exec", "host"]),
    ("reduce", &["op", "field", "plan", "program", "trace", "oracle"]),
    ("emit", &["op", "field", "plan", "program", "trace", "oracle", "samples"]),
    ("report", &["op", "field", "plan", "program", "trace", "oracle", "known", "emit", "pair"]),
    ("generate", &["op", "plan", "program"]),
    ("conform", CONFORM),
    ("fuzz", FUZZ),
    ("cli", CLI),
];

/// Everything but the ways in (command line, fuzz targets), their reports, and the mutator.
const PAIR: &[&str] =
    &["native", "op", "program", "plan", "field", "trace", "oracle", "known", "samples", "port", "exec"];
/// Everything that judges a port in this process, what makes programs, and what makes of a finding a small one to print.
const CONFORM: &[&str] =
    &["native", "op", "program", "plan", "oracle", "port", "exec", "pair", "generate", "reduce", "report"];
const FUZZ: &[&str] = &[
    "native", "op", "program", "plan", "field", "trace", "oracle", "known", "samples", "port", "exec", "pair", "host",
    "generate",
];
const CLI: &[&str] = &[
    "native", "op", "program", "plan", "field", "trace", "oracle", "known", "samples", "port", "exec", "pair", "host",
    "generate", "reduce", "emit", "report", "fuzz",
];

/// Lines in a file.
const LONGEST: usize = 450;

/// Where every match says what each variant means, so that the compiler lists what a new one needs.
const EXHAUSTIVE: &[&str] = &[
    "src/exec.rs",
    "src/field.rs",
    "src/op.rs",
    "src/oracle.rs",
    "src/oracle/",
    "src/plan.rs",
    "src/plan/",
    "src/trace.rs",
    "src/trace/",
];

/// Catch-all arms that are no match over an enum of ours: file, how many, reason.
const CATCH_ALL: &[(&str, usize, &str)] = &[
    ("src/op.rs", 2, "the macro matches opcodes and names: a byte and a string"),
    ("src/oracle.rs", 3, "matches over an Option with a guard, and over a pair of booleans"),
    ("src/trace/frame.rs", 3, "matches over numbers that were read"),
    ("src/trace/owners.rs", 1, "a match over a number that was read"),
    ("src/plan/ledger.rs", 1, "a match over an Option with a guard"),
    ("src/plan/handshake.rs", 1, "few ops change a session or may hand it to a callback"),
    ("src/plan/sharing.rs", 1, "few ops are a hazard, or free what is not theirs"),
];

/// Files with `unsafe`, with the reason; an entry that ends in `/` is a folder.
const UNSAFE: &[(&str, &str)] = &[
    ("src/port/c.rs", "calls C"),
    ("src/port/c/", "calls C and is called by C"),
    ("tests/wipe.rs", "a global allocator is an unsafe trait"),
    ("tests/balance.rs", "the allocator of a C library is C"),
    ("benches/ratios/calls.rs", "calls C without the harness, to time it"),
    ("benches/ratios/caches.rs", "calls C without the harness, to time it"),
];
/// A block's `SAFETY:` begins at most so many lines above it.
const SAFETY_WITHIN: usize = 3;

/// What is left over from writing, in any file.
const LEFT_OVER: &[&[&str]] = &[&["todo", "!"], &["unimplemented", "!"], &["dbg", "!"], &["#", "[", "ignore"]];
/// Where results are printed.
const PRINTS: &[&str] = &["src/cli.rs", "src/cli/", "src/main.rs", "src/report.rs", "src/report/"];

#[test]
fn the_house_rules_hold() {
    let files = files();
    assert!(files.iter().any(|(path, _)| path == "src/lib.rs"), "no sources found");
    let mut wrong = Vec::new();
    for (path, text) in &files {
        wrong.extend(imports(path, text));
        wrong.extend(length(path, text));
        wrong.extend(catch_all(path, text));
        wrong.extend(unsafe_code(path, text));
        wrong.extend(left_over(path, text));
        wrong.extend(first_sentence(path, text));
    }
    wrong.extend(stale(&files));
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every Rust file of the package, by its path from the root, in order.
fn files() -> Vec<(String, String)> {
    fn visit(root: &Path, folder: &str, files: &mut Vec<(String, String)>) {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
        for entry in entries.map(|entry| entry.unwrap()) {
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                if entry.file_name() != "target" {
                    visit(root, &path, files);
                }
            } else if path.ends_with(".rs") {
                files.push((path.clone(), fs::read_to_string(root.join(&path)).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    for folder in ["src", "tests", "fuzz", "benches"] {
        visit(Path::new(env!("CARGO_MANIFEST_DIR")), folder, &mut files);
    }
    files.sort();
    files
}

/// Rooms that are named by `crate::` or by a chain of `super::` that leads out of the room, and may not be.
fn imports(path: &str, text: &str) -> Vec<String> {
    let Some(file) = path.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs")) else { return Vec::new() };
    let parts: Vec<&str> = file.split('/').collect();
    let room = parts[0];
    if room == "lib" || room == "main" {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{path}:1: `{room}` is not in MAY_IMPORT: say which rooms it may import")];
    };
    let named = tokens::named_at_root(&tokens(text), parts.len());
    let wrong = named.iter().filter(|name| name.text != room && !allowed.contains(&name.text));
    wrong.map(|name| format!("{path}:{}: `{room}` may not import `{}`", name.line, name.text)).collect()
}

fn length(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines > LONGEST { vec![format!("{path}:{lines}: longer than {LONGEST} lines")] } else { Vec::new() }
}

/// Arms `_ =>` that are not allowed, and allowances that are not needed any more.
fn catch_all(path: &str, text: &str) -> Vec<String> {
    if !is_in(path, EXHAUSTIVE) {
        return Vec::new();
    }
    let tokens = tokens(text);
    let found: Vec<usize> = places(&tokens, &["_", "=", ">"]).map(|at| tokens[at].line).collect();
    let allowed = CATCH_ALL.iter().find(|(file, ..)| *file == path).map_or(0, |(_, count, _)| *count);
    if found.len() == allowed {
        return Vec::new();
    }
    vec![format!("{path}: {} arms `_ =>`, {allowed} allowed by CATCH_ALL: lines {found:?}", found.len())]
}

/// `unsafe` where it may not be, and blocks that do not argue.
fn unsafe_code(path: &str, text: &str) -> Vec<String> {
    let allowed = UNSAFE.iter().any(|(file, _)| is_in(path, &[file]));
    let lines: Vec<&str> = text.lines().collect();
    let argued = |line: usize| {
        lines[line.saturating_sub(1 + SAFETY_WITHIN)..line - 1].iter().any(|line| line.contains("SAFETY:"))
    };
    let tokens = tokens(text);
    let mut wrong = Vec::new();
    for at in places(&tokens, &["unsafe"]) {
        let line = tokens[at].line;
        let block = tokens.get(at + 1).is_some_and(|next| next.text == "{" || next.text == "impl");
        if !allowed {
            wrong.push(format!("{path}:{line}: `unsafe` outside the files of UNSAFE"));
        } else if block && !argued(line) {
            wrong.push(format!("{path}:{line}: no `SAFETY:` in the {SAFETY_WITHIN} lines above"));
        }
    }
    wrong
}

fn left_over(path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let found = LEFT_OVER.iter().flat_map(|what| places(&tokens, what).map(|at| (at, what.concat())));
    let mut wrong: Vec<String> = found.map(|(at, what)| format!("{path}:{}: `{what}`", tokens[at].line)).collect();
    if path.starts_with("src/") && !is_in(path, PRINTS) {
        let prints = places(&tokens, &["println", "!"]).map(|at| format!("{path}:{}: `println!`", tokens[at].line));
        wrong.extend(prints);
    }
    wrong
}

/// A module says in its first line what it is.
fn first_sentence(path: &str, text: &str) -> Vec<String> {
    if text.starts_with("//! ") || !path.starts_with("src/") {
        return Vec::new();
    }
    vec![format!("{path}:1: does not start with `//!`")]
}

/// Allowances for files that are gone or do not need them any more. Those of [`CATCH_ALL`] are counted by its check.
fn stale(files: &[(String, String)]) -> Vec<String> {
    let gone = CATCH_ALL.iter().filter(|(file, ..)| !files.iter().any(|(path, _)| path == file));
    let unsafe_in = |file: &str| {
        let mut matching = files.iter().filter(|(path, _)| is_in(path, &[file]));
        matching.any(|(_, text)| tokens(text).iter().any(|token| token.text == "unsafe"))
    };
    let gone = gone.map(|(file, _, reason)| format!("{file}: no such file, but CATCH_ALL has it: {reason}"));
    let safe = UNSAFE.iter().filter(|(file, _)| !unsafe_in(file));
    gone.chain(safe.map(|(file, reason)| format!("{file}: no `unsafe`, but UNSAFE has it: {reason}"))).collect()
}

/// Whether `path` is one of the files or in one of the folders, which end in `/`.
fn is_in(path: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| path == *entry || (entry.ends_with('/') && path.starts_with(entry)))
}

/// Where these tokens stand one after the other.
fn places<'a>(tokens: &'a [Token<'_>], wanted: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
    let matches = move |window: &[Token<'_>]| window.iter().zip(wanted).all(|(token, wanted)| token.text == *wanted);
    tokens.windows(wanted.len()).enumerate().filter(move |(_, window)| matches(window)).map(|(at, _)| at)
}

mod each_check_can_fail {
    use super::*;

    #[test]
    fn imports_of_other_rooms() {
        let wrong = |path, text| imports(path, text).len();
        assert_eq!(wrong("src/oracle.rs", "use crate::plan::Plan;"), 0);
        assert_eq!(wrong("src/oracle.rs", "use crate::port::Port;"), 1);
        assert_eq!(wrong("src/oracle.rs", "use crate::{plan::Plan, port::{Port, native}, exec, trace};"), 2);
        assert_eq!(wrong("src/oracle.rs", "/// [`crate::port::Port`]\nfn f() -> &str { \"crate::port\" }"), 0);
        assert_eq!(wrong("src/native/time.rs", "fn f() -> crate::op::Time { todo() }"), 1);
        assert_eq!(wrong("src/native/time.rs", "pub(crate) use crate::native::session::Session;"), 0);
        assert_eq!(wrong("src/pair.rs", "use crate::generate;"), 1);
        assert_eq!(wrong("src/fuzz.rs", "use crate::generate;"), 0);
        assert_eq!(wrong("src/shed.rs", ""), 1, "a room that is not in the table");
        assert_eq!(wrong("tests/any.rs", "use crate::generate;"), 0);
    }

    #[test]
    fn imports_by_way_of_super() {
        let wrong = |path, text| imports(path, text).len();
        assert_eq!(wrong("src/native.rs", "use super::op::Op;"), 1);
        assert_eq!(wrong("src/native/time.rs", "use super::session::Session;"), 0);
        assert_eq!(wrong("src/native/time.rs", "use super::super::op::Op;"), 1);
        assert_eq!(wrong("src/native/time.rs", "use super::{super::op::Op, library};"), 1);
        assert_eq!(wrong("src/native/time.rs", "mod tests { use super::*; use super::super::session; }"), 0);
        assert_eq!(wrong("src/native/time.rs", "mod tests { use super::super::super::op; }"), 1);
        assert_eq!(wrong("src/native/time.rs", "mod tests { fn f() {} }\nuse super::super::op;"), 1);
        assert_eq!(wrong("src/port/c/memory.rs", "use super::super::super::generate::f;"), 1);
        assert_eq!(wrong("src/port/c/memory.rs", "use super::super::events;"), 0);
    }

    #[test]
    fn long_files() {
        assert!(length("src/a.rs", &"\n".repeat(LONGEST)).is_empty());
        assert_eq!(length("src/a.rs", &"\n".repeat(LONGEST + 1)).len(), 1);
    }

    #[test]
    fn catch_all_arms() {
        assert_eq!(catch_all("src/exec.rs", "match op { _ => {} }").len(), 1);
        assert_eq!(catch_all("src/trace/entry.rs", "match op {\n    Op::New | _=>{}\n}").len(), 1);
        assert!(catch_all("src/exec.rs", "match op { (a, _) => f(|_| \"_ => 1\") } // _ => 2").is_empty());
        assert!(catch_all("src/generate.rs", "match op { _ => {} }").is_empty());
        let (file, count, _) = CATCH_ALL[0];
        assert!(catch_all(file, &"_ => {}\n".repeat(count)).is_empty());
        assert_eq!(catch_all(file, &"_ => {}\n".repeat(count - 1)).len(), 1, "a stale allowance");
    }

    #[test]
    fn unsafe_in_the_wrong_place_or_unargued() {
        assert_eq!(unsafe_code("src/native/bytes.rs", "// SAFETY: it is not.\nunsafe { f() }").len(), 1);
        assert_eq!(unsafe_code("src/port/cache.rs", "unsafe fn f() {}").len(), 1);
        assert!(
            unsafe_code("src/native/bytes.rs", "#![allow(unsafe_code)] // unsafe\nconst A: &str = r#\"unsafe\"#;")
                .is_empty()
        );
        assert_eq!(unsafe_code("src/port/c.rs", "fn f() {\n    unsafe { g() }\n}").len(), 1);
        assert_eq!(unsafe_code("src/port/c/memory.rs", "unsafe impl Send for A {}").len(), 1);
        assert_eq!(unsafe_code("src/port/c.rs", "// SAFETY: too far\n\n\n\nunsafe { g() }").len(), 1);
        assert!(unsafe_code("src/port/c.rs", "// SAFETY: near\n// enough\n\nunsafe { g() }").is_empty());
        assert!(
            unsafe_code("src/port/c.rs", "unsafe extern \"C\" { fn f(); }\nunsafe extern \"C\" fn f() {}").is_empty()
        );
    }

    #[test]
    fn left_over_code() {
        let wrong = |path, text| left_over(path, text).len();
        assert_eq!(wrong("src/cli.rs", "fn f() { todo!(); unimplemented!() }\nfn g() { dbg!(1); println!() }"), 3);
        assert_eq!(wrong("tests/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() { println!() }"), 1);
        assert_eq!(wrong("src/plan.rs", "fn f() { println!(\"todo!()\") } // dbg!(1)"), 1);
        assert_eq!(wrong("src/plan.rs", "fn f() { writeln!(out); todo(); }"), 0);
    }

    #[test]
    fn modules_without_a_first_sentence() {
        assert_eq!(first_sentence("src/a/b.rs", "use std::fmt;\n//! Late.").len(), 1);
        assert_eq!(first_sentence("src/a.rs", "").len(), 1);
        assert!(first_sentence("src/a.rs", "//! A room.\n").is_empty());
    }

    #[test]
    fn allowances_for_nothing() {
        assert_eq!(stale(&[]).len(), CATCH_ALL.len() + UNSAFE.len());
        let file = |path: &str, text: &str| (path.to_string(), text.to_string());
        let mut files: Vec<_> = CATCH_ALL.iter().map(|(path, ..)| file(path, "")).collect();
        files.extend(
            UNSAFE.iter().map(|(path, _)| {
                file(&format!("{path}{}", if path.ends_with('/') { "a.rs" } else { "" }), "unsafe {}")
            }),
        );
        assert!(stale(&files).is_empty());
        files.pop();
        assert_eq!(stale(&files).len(), 1);
    }
}

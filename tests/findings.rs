//! The programs of docs/findings, built and run with the OpenSSL that is linked: each still shows what docs/FINDINGS.md
//! says of it, on the releases that do it.
#![cfg(feature = "linked")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sessdiff::native::Release;
use sessdiff::port::c::{CPort, Probes};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const FOLDER: &str = "docs/findings";
const TEXT: &str = "docs/FINDINGS.md";

/// The first release that has `SSL_SESSION_dup`.
const ALWAYS: Release = Release::new(1, 1, 1, 0);

/// Each program, and the first release that does what it shows.
const PROGRAMS: &[(&str, Release)] = &[
    // Not in 3.0.19; see `Release` for the others.
    ("added-again-stays-behind.c", Release::new(3, 6, 2, 0)),
    ("app-data-ends-connection.c", ALWAYS),
    ("app-data-stops-dup.c", ALWAYS),
    ("app-data-stops-ssl-dup.c", ALWAYS),
    ("chain-of-nobody.c", Release::new(3, 0, 0, 0)),
    ("client-is-counted-as-server.c", Release::new(3, 0, 0, 0)),
    ("empty-identity-ends-printing.c", ALWAYS),
    ("empty-protocol-stops-dup.c", ALWAYS),
    ("empty-ticket-stops-dup.c", ALWAYS),
    ("full-cache-is-one-short.c", Release::new(3, 0, 6, 0)),
    // They make keys with a function of 3.0.
    ("clear-keeps-the-request.c", Release::new(3, 0, 0, 0)),
    ("client-asks-itself-for-its-server.c", Release::new(3, 0, 0, 0)),
    ("forward-secure-of-tls13.c", Release::new(3, 0, 0, 0)),
    ("hint-dropped-by-dup.c", ALWAYS),
    ("id-changed-while-cached.c", ALWAYS),
    ("long-master-key-is-silent.c", ALWAYS),
    ("offered-session-changes-suite.c", Release::new(3, 0, 0, 0)),
    ("one-session-in-two-caches.c", ALWAYS),
    ("owed-ticket-survives-clear.c", Release::new(3, 0, 0, 0)),
    ("refused-der-takes-the-suite.c", ALWAYS),
    ("renegotiation-counts-thrice.c", Release::new(3, 0, 0, 0)),
    ("stranger-is-told-as-removed.c", ALWAYS),
    ("set-session-ends-reading.c", Release::new(3, 0, 0, 0)),
    ("set-time-returns-the-time.c", ALWAYS),
    // Not in 3.0.5, in 3.0.7; 3.0.6 was withdrawn.
    ("success-with-an-error.c", Release::new(3, 0, 6, 0)),
    ("time-is-another.c", ALWAYS),
    ("timeout-of-nothing-ends-connection.c", Release::new(3, 0, 0, 0)),
    ("times-wrap.c", Release::new(3, 2, 0, 0)),
];

/// The programs for other libraries, and what `scripts/build-port` calls those that do what they show.
const OF_OTHERS: &[(&str, &[&str])] = &[
    ("boring-defines-otherwise.c", &["aws-lc", "boringssl"]),
    ("wolf-defines-otherwise.c", &["wolfssl"]),
    ("wolf-id-context-is-id.c", &["wolfssl"]),
    ("wolf-long-id-is-silent.c", &["wolfssl"]),
];

/// The exit statuses of a program.
const ABSENT: i32 = 0;
const PRESENT: i32 = 1;

#[test]
fn the_linked_release_does_what_is_written() {
    let port = CPort::linked(Probes::NONE).expect("the linked OpenSSL can be driven");
    let release = port.library().release;
    let out = tempfile::tempdir().expect("a folder for the programs");
    none(PROGRAMS.iter().filter_map(|(name, since)| {
        let wanted = if release >= *since { PRESENT } else { ABSENT };
        let failed = match build(name, out.path()).and_then(|program| run(&program)) {
            Ok((status, _)) if status == Some(wanted) => return None,
            Ok((status, said)) => {
                let status = status.map_or("a signal".into(), |status| status.to_string());
                format!("ends with {status} instead of {wanted}:\n{said}")
            }
            Err(error) => error,
        };
        Some(format!("{name}, OpenSSL {release}: {failed}"))
    }));
}

/// As far as the libraries are built: it takes minutes to build one.
#[test]
#[expect(clippy::print_stderr, reason = "a test that tests nothing says so")]
fn other_libraries_do_what_is_written() {
    let out = tempfile::tempdir().expect("a folder for the programs");
    let ran = |name: &str, port: &str| {
        let Some(library) = built(port) else {
            eprintln!("not built: {port}");
            return None;
        };
        let (folder, program) = (library.parent().expect("a folder"), out.path().join("program"));
        let mut cc = Command::new("cc");
        cc.args(["-Wall", "-Werror", "-I"]).arg(folder.join("include"));
        cc.arg(Path::new(ROOT).join(FOLDER).join("others").join(name)).arg(&library);
        cc.arg(format!("-Wl,-rpath,{}", folder.display())).arg("-o").arg(&program);
        let said = cc.output().expect("cc");
        if !said.status.success() {
            return Some(format!("{name}, {port}: {}", String::from_utf8_lossy(&said.stderr)));
        }
        match run(&program) {
            Ok((Some(PRESENT), _)) => None,
            other => Some(format!("{name}, {port}: {other:?}")),
        }
    };
    none(OF_OTHERS.iter().flat_map(|(name, ports)| ports.iter().filter_map(move |port| ran(name, port))));
}

/// Returns the library that `scripts/build-port` has made.
fn built(port: &str) -> Option<PathBuf> {
    let mut script = Command::new(Path::new(ROOT).join("scripts/build-port"));
    let output = script.args(["--cached", port]).output().ok().filter(|output| output.status.success())?;
    Some(PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim()))
}

#[test]
fn every_program_for_others_is_in_their_page() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/OTHERS.md")).expect("the page");
    let entries = fs::read_dir(Path::new(ROOT).join(FOLDER).join("others")).expect("the programs are there");
    let files: BTreeSet<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let table: BTreeSet<String> = OF_OTHERS.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(files, table);
    none(files.into_iter().filter(|name| !page.contains(&format!("](findings/others/{name})"))));
}

#[test]
fn every_program_is_in_the_table_and_in_the_text() {
    let entries = fs::read_dir(Path::new(ROOT).join(FOLDER)).expect("the programs are there");
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = names.filter(|name| name.ends_with(".c")).collect();
    let table: BTreeSet<String> = PROGRAMS.iter().map(|(name, _)| name.to_string()).collect();
    let text = text();
    let linked: BTreeSet<String> =
        text.split("](findings/").skip(1).filter_map(|rest| rest.split(')').next()).map(String::from).collect();
    let compare = |left: &BTreeSet<String>, what: &str, right: &BTreeSet<String>, lacks: &str| {
        left.difference(right).map(|name| format!("{name} {what}, {lacks}")).collect::<Vec<_>>()
    };
    let mut wrong = compare(&files, "is in docs/findings", &table, "but not in PROGRAMS");
    wrong.extend(compare(&table, "is in PROGRAMS", &files, "but not in docs/findings"));
    wrong.extend(compare(&table, "is in PROGRAMS", &linked, "but docs/FINDINGS.md has no link to it"));
    wrong.extend(compare(&linked, "is in docs/FINDINGS.md", &table, "but not in PROGRAMS"));
    none(wrong.into_iter());
}

/// Only what the plan does not let a program do may be kept by no case: its section says which rule, and its C program runs here.
#[test]
fn every_case_that_keeps_a_finding_exists() {
    let text = text();
    let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
    assert!(!sections.is_empty(), "no findings in {TEXT}");
    none(sections.into_iter().flat_map(|section| {
        let title = section.lines().next().unwrap_or_default();
        let cases: Vec<&str> = section.split('`').filter(|word| word.starts_with("corpus/")).collect();
        let mut wrong: Vec<String> = Vec::new();
        if cases.is_empty() && !section.contains("**Kept by** no case: ") {
            wrong.push(format!("{title}: no case of the corpus is named"));
        }
        let gone = cases.into_iter().filter(|case| !Path::new(ROOT).join(case).is_file());
        wrong.extend(gone.map(|case| format!("{title}: there is no {case}")));
        wrong
    }));
}

/// The headings of the overview lead somewhere.
#[test]
fn every_heading_is_in_the_overview() {
    let text = text();
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    let missing = headings.filter(|heading| !text.contains(&format!("[{heading}](#{})", anchor(heading))));
    none(missing.map(|heading| format!("no link in the overview: [{heading}](#{})", anchor(heading))));
}

/// A heading as the fragment of a link: lower case, no punctuation, hyphens for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn text() -> String {
    fs::read_to_string(Path::new(ROOT).join(TEXT)).expect(TEXT)
}

/// Compiles one program with the compiler named by `CC`, or `cc`, and the library that the crate is linked with.
fn build(name: &str, out: &Path) -> Result<PathBuf, String> {
    let program = out.join(name.trim_end_matches(".c"));
    let cc = env::var("CC").ok().filter(|cc| !cc.trim().is_empty()).unwrap_or_else(|| "cc".into());
    let mut words = cc.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words).args(["-Wall", "-Werror", "-Wno-deprecated-declarations"]);
    let include = env!("SESSDIFF_OPENSSL_INCLUDE");
    if !include.is_empty() {
        command.args(["-I", include]);
    }
    command.arg(Path::new(ROOT).join(FOLDER).join(name)).arg("-o").arg(&program);
    match archives() {
        Some(archives) => command.args(archives).args(["-lpthread", "-ldl"]),
        None => command.args(["-lssl", "-lcrypto"]),
    };
    let output = command.output().map_err(|error| format!("{cc}: {error}"))?;
    if output.status.success() {
        return Ok(program);
    }
    Err(format!("the C compiler refuses:\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// libssl and libcrypto of an OpenSSL that cargo has built; none for an installed one, which the linker finds.
fn archives() -> Option<[PathBuf; 2]> {
    let root = env!("SESSDIFF_OPENSSL_ROOT");
    let mut folders = ["lib", "lib64"].into_iter().map(|folder| Path::new(root).join(folder));
    let found = folders.find(|folder| !root.is_empty() && folder.join("libssl.a").is_file());
    found.map(|folder| [folder.join("libssl.a"), folder.join("libcrypto.a")])
}

/// Its exit status, none after a signal, and what it printed.
fn run(program: &Path) -> Result<(Option<i32>, String), String> {
    let output = Command::new(program).output().map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
}

/// Fails with all of them.
fn none(wrong: impl Iterator<Item = String>) {
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

//! Bugs planted in a C library: `ssl_sess.c` with a patch of ours, built without any instrumentation and loaded by path.
//! `run` finds each under its signature, `import` makes a case of it, and the C made from that fails against the library with
//! the bug and passes against the one without.
#![cfg(feature = "vendored")]

#[path = "libraries/build.rs"]
mod build;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use build::{Bug, bugs, good, hard_to_reduce, leaks_sessions, leaks_where_it_writes, without};

/// A program of `run` that takes longer than this hangs, seconds.
const TIME_LIMIT: &str = "1";

fn sessdiff(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessdiff"));
    command.current_dir(folder).args(args).output().expect("the executable")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn port(library: &Path) -> String {
    format!("lib:{}", library.display())
}

#[test]
fn the_good_library_agrees() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = port(&good());
    let args = ["run", "--port", &port, "--programs", "3000", "--seed", "1", "--corpus"];
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    let ran = sessdiff(folder.path(), &[&args[..], &[corpus]].concat());
    assert_eq!(ran.status.code(), Some(0), "{}\n{}", text(&ran.stdout), text(&ran.stderr));
    assert!(text(&ran.stdout).contains("; lib:"), "{}", text(&ran.stdout));
}

/// A key of a kind that the library does not know stays in a table of the library's: once in a process, which is no leak. The process
/// that a difference is looked at again in may be a new one.
#[test]
fn what_is_kept_once_in_a_process_is_no_leak() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = port(&good());
    let args = ["run", "--port", &port, "--about", "stored", "--programs", "5000", "--seed", "3", "--corpus", "none"];
    let ran = sessdiff(folder.path(), &[&args[..], &["--out", "out"]].concat());
    assert_eq!(ran.status.code(), Some(0), "{}\n{}", text(&ran.stdout), text(&ran.stderr));
}

/// The harness's own callbacks call these functions too.
#[test]
fn a_function_that_is_missing_is_not_called_from_a_callback() {
    for function in ["SSL_SESSION_dup", "SSL_SESSION_up_ref"] {
        let folder = tempfile::tempdir().expect("a folder");
        let port = port(&without(function));
        let args = ["run", "--port", &port, "--programs", "4000", "--seed", "3", "--corpus", "none"];
        let ran = sessdiff(folder.path(), &args);
        let said = format!("{}\n{}", text(&ran.stdout), text(&ran.stderr));
        assert_eq!(ran.status.code(), Some(0), "{said}");
        assert!(said.lines().any(|line| line.starts_with("UNSUPPORTED") && line.contains(function)), "{said}");
    }
}

/// What a bug comes to, or what went wrong on the way.
fn follow(bug: &Bug) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let port = port(&bug.library());
    let args = ["run", "--port", &port, "--programs", "60000", "--seed", "1", "--corpus", "none"];
    let about = bug.about.as_deref().unwrap_or("all");
    // A program of 256 handshakes takes long to reduce; others end by themselves.
    let more = ["--time-limit", TIME_LIMIT, "--out", "out", "--about", about, "--reduce-seconds", "150"];
    let ran = sessdiff(folder.path(), &[&args[..], &more].concat());
    let said = || format!("{}\n{}", text(&ran.stdout), text(&ran.stderr));
    if !matches!(ran.status.code(), Some(1 | 2)) {
        return Err(format!("run ended with {}:\n{}", ran.status, said()));
    }
    let stems = bug.signatures.iter().map(|signature| signature.to_string().replace('/', "."));
    let mut found = stems.filter(|stem| folder.path().join(format!("out/{stem}.ops")).is_file());
    // What was found can be named after another call than what is left of it.
    let written = fs::read_dir(folder.path().join("out")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut originals = written.filter(|path| path.to_string_lossy().ends_with(".original.ops"));
    let (Some(stem), Some(artifact)) = (found.next(), originals.next()) else {
        let known: Vec<_> = bug.signatures.iter().map(ToString::to_string).collect();
        return Err(format!("not found as {}:\n{}", known.join(" | "), said()));
    };
    // From here on as from a fuzzer: bytes.
    let wire = sessdiff(folder.path(), &["show", "--as", "wire", &artifact.display().to_string()]).stdout;
    fs::write(folder.path().join("crash-1"), wire).map_err(|error| error.to_string())?;
    let import = ["import", "crash-1", "--port", &port, "--time-limit", TIME_LIMIT, "--into", "regressions"];
    let imported = sessdiff(folder.path(), &import);
    if !imported.status.success() {
        return Err(format!("import ended with {}:\n{}", imported.status, text(&imported.stderr)));
    }
    let case = folder.path().join(text(&imported.stdout).trim());
    let name = format!("0001-{stem}.ops");
    if case.file_name().is_none_or(|found| *found != *name) {
        return Err(format!("imported as {}, not {name}", case.display()));
    }
    let calls = fs::read_to_string(&case).map_err(|error| error.to_string())?;
    // A context or a connection has to be made first, and a callback set; what is resumed was made by another
    // handshake, and a connection that is moved needs a context to be moved away from.
    let few = match () {
        // A cache is flushed after 128 handshakes.
        () if bug.name == "flushes-every-128" => 500,
        () if calls.contains("SSL_set_SSL_CTX(") => 18,
        () if calls.contains("handshake(") => 16,
        () if calls.contains("SSL_CTX_new(") || calls.contains("pooled_context(") => 8,
        () => 5,
    };
    let calls = calls.lines().filter(|line| !line.starts_with('#')).count();
    if calls > few {
        return Err(format!("{calls} calls:\n{}", fs::read_to_string(&case).unwrap_or_default()));
    }
    let again = sessdiff(folder.path(), &import);
    if again.status.code() != Some(64) || !text(&again.stderr).contains("is known already") {
        return Err(format!("imported twice: {}\n{}", again.status, text(&again.stderr)));
    }
    let shown = sessdiff(folder.path(), &["show", "--as", "c", &case.display().to_string()]);
    let c = folder.path().join("case.c");
    fs::write(&c, &shown.stdout).map_err(|error| error.to_string())?;
    for (library, wanted) in [(bug.library(), 1), (good(), 0)] {
        let (code, said) = compile_and_run(&c, &library)?;
        if code != Some(wanted) {
            return Err(format!(
                "the C program ends with {code:?} on {}:\n{said}\n{}",
                library.display(),
                text(&shown.stdout)
            ));
        }
        if wanted == 1 && !(said.contains("expected") && said.contains("actual")) {
            return Err(format!("the C program does not say what it found:\n{said}"));
        }
    }
    Ok(())
}

fn compile_and_run(c: &Path, library: &Path) -> Result<(Option<i32>, String), String> {
    let program: PathBuf = c.with_extension("out");
    let include = Path::new(env!("SESSDIFF_OPENSSL_ROOT")).join("include");
    let compiled = Command::new("cc")
        .args(["-Wall", "-Werror", "-I"])
        .arg(include)
        .arg(c)
        .arg(library)
        .arg("-o")
        .arg(&program)
        .output()
        .map_err(|error| error.to_string())?;
    if !compiled.status.success() {
        return Err(format!("{}\n{}", text(&compiled.stderr), fs::read_to_string(c).unwrap_or_default()));
    }
    let ran = Command::new(&program).output().map_err(|error| error.to_string())?;
    Ok((ran.status.code(), text(&ran.stdout)))
}

/// Names every patch, by the file that it changes: one that is gone must be missed.
#[rustfmt::skip]
const PATCHES: &[(&str, &[&str])] = &[
    ("ssl/ssl_asn1.c", &[
        "d2i-cuts-the-age",
        "d2i-forgets-the-flags",
        "d2i-frees-the-alpn-that-it-took",
        "d2i-frees-the-peer-that-it-took",
        "d2i-frees-the-session-of-the-caller",
        "d2i-keeps-old-names",
        "d2i-keeps-the-raw-key",
        "d2i-leaks-the-old-ticket",
        "d2i-moves-on-where-it-refuses",
        "d2i-sets-the-length-first",
        "d2i-takes-ciphers-of-any-length",
        "d2i-takes-keys-that-do-not-fit",
        "d2i-takes-no-time-as-1970",
        "d2i-takes-the-default-timeout",
        "d2i-takes-what-is-no-key",
        "i2d-cuts-the-hint",
        "i2d-cuts-the-psk-hint",
        "i2d-forgets-the-group",
        "i2d-forgets-the-verify-result",
        "i2d-leaves-the-pointer",
        "i2d-swaps-hint-and-age",
        "i2d-swaps-the-psk-names",
    ]),
    ("ssl/ssl_lib.c", &[
        "flushes-every-128",
        "key-update-uncaches-the-session",
        "matching-id-knows-one-version",
        "new-callback-cannot-remove",
        "no-context-is-made",
        "verify-result-has-8-bits",
    ]),
    ("ssl/ssl_sess.c", &[
        "add-again-keeps-a-reference",
        "add-forgets-what-it-displaces",
        "alpn-is-one-byte-too-small",
        "appdata-asks-for-too-much",
        "cipher-of-null-ends-the-process",
        "datagram-session-is-not-found",
        "dup-copies-no-id-context-of-tls13",
        "dup-copies-the-chain",
        "dup-error-path-leaks",
        "dup-error-path-touches-what-it-freed",
        "dup-forgets-the-psk-identity",
        "dup-forgets-the-verify-result",
        "dup-keeps-the-hint",
        "dup-shares-the-srp-name",
        "dup-shares-ticket-appdata",
        "dup-takes-a-reference-of-a-ticket",
        "dup-takes-no-reference-of-the-peer",
        "dup-takes-no-reference-of-the-raw-key",
        "ex-data-getter-takes-a-reference",
        "expired-leaves-another-cache",
        "expired-session-stays",
        "flush-marks-after-the-callback",
        "flush-takes-the-last-second",
        "free-leaks-the-ticket",
        "generated-id-is-short",
        "get-callback-reference-is-taken-twice",
        "hostname-is-read-beyond-its-end",
        "hostname-stays-after-it-is-freed",
        "id-overruns",
        "long-hostname-aborts",
        "new-makes-no-session",
        "new-session-keeps-the-old",
        "no-handshake-ends",
        "no-id-context-is-handshake-failure",
        "not-closed-stays-cached",
        "own-id-is-cleared-first",
        "refused-session-is-not-freed",
        "remove-keeps-a-reference",
        "remove-leaves-it-resumable",
        "renegotiation-keeps-a-reference",
        "replaced-is-not-resumable",
        "resumes-without-extended-secret",
        "resumption-keeps-the-verify-result",
        "set-session-forgets-verify-result",
        "set-session-keeps-the-old",
        "ticket-getter-aborts",
        "time-before-1970-loops",
        "timeout-has-32-bits",
        "timeout-of-another-context",
        "unresumable-is-not-freed",
        "up-ref-of-three-does-nothing",
    ]),
    ("ssl/statem/extensions.c", &["agreed-key-is-not-checked", "early-data-is-never-taken", "moved-accept-is-counted-twice", "moved-server-has-no-name", "refused-name-is-a-bad-extension"]),
    ("ssl/statem/extensions_clnt.c", &["client-keeps-no-alpn", "left-out-ticket-is-asked-for"]),
    ("ssl/statem/statem_clnt.c", &["datagram-renegotiation-resumes"]),
    ("ssl/statem/statem_srvr.c", &[
        "later-certificate-is-shared",
        "refused-ticket-is-sent",
        "resumed-takes-the-new-alpn",
        "ticket-forgets-early-data",
        "ticket-keeps-the-old-alpn",
    ]),
    ("ssl/statem/extensions_srvr.c", &["other-digest-ends-the-handshake", "replayed-ticket-is-resumed"]),
    ("ssl/s3_lib.c", &["ticket-keys-forget-the-name"]),
    ("ssl/tls13_enc.c", &["resumed-keeps-its-suite"]),
    ("ssl/t1_lib.c", &[
        "any-name-opens-tickets",
        "ignored-ticket-is-not-freed",
        "older-key-is-not-renewed",
        "used-ticket-is-renewed",
    ]),
    ("ssl/ssl_txt.c", &[
        "print-swaps-the-master-secrets",
    ]),
];

#[test]
fn every_patch_is_there() {
    let bugs = bugs();
    for (file, expected) in PATCHES {
        let names: Vec<_> = bugs.iter().filter(|bug| bug.file() == *file).map(|bug| &*bug.name).collect();
        assert_eq!(names, *expected, "{file}");
    }
    assert_eq!(bugs.len(), PATCHES.iter().map(|(_, names)| names.len()).sum::<usize>());
}

#[test]
fn each_bug_is_found_imported_and_shown_in_c() {
    let bugs = bugs();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(bug) = bugs.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    if let Err(why) = follow(bug) {
                        failures.lock().expect("no panic").push(format!("== {} ({})\n{why}", bug.name, bug.why));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), bugs.len(), failures.join("\n"));
}

/// Bounds in seconds what [`left_of`] takes where everything ends as it should: 10 of exploring, 30 of reducing, 30 of the C program,
/// and as much again for a machine that does something else as well.
const BOUND: u64 = 140;

/// Runs until something is found in a library that carries what one program did to the next, or needs seconds to fail, and returns
/// what was said and the number of calls that are left. It must end soon after it has explored and reduced for as long as it may.
#[track_caller]
fn left_of(name: &str, seed: &str) -> (String, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let port = port(&hard_to_reduce(name));
    let args = ["run", "--port", &port, "--seed", seed, "--seconds", "10", "--corpus", "none", "--out", "out"];
    let since = std::time::Instant::now();
    let ran = sessdiff(folder.path(), &[&args[..], &["--reduce-seconds", "30"]].concat());
    let said = format!("{}\n{}", text(&ran.stdout), text(&ran.stderr));
    assert!(since.elapsed().as_secs() < BOUND, "{} s:\n{said}", since.elapsed().as_secs());
    assert!(matches!(ran.status.code(), Some(1 | 2)), "{said}");
    let written = fs::read_dir(folder.path().join("out")).expect("a folder").map(|entry| entry.expect("a file").path());
    let is_reduced = |path: &PathBuf| {
        let path = path.to_string_lossy();
        path.ends_with(".ops") && !path.ends_with(".original.ops") && !path.contains("/inconclusive-")
    };
    let case = written.into_iter().find(is_reduced).unwrap_or_else(|| panic!("nothing is reduced:\n{said}"));
    let calls = fs::read_to_string(case).expect("a case").lines().filter(|line| !line.starts_with('#')).count();
    (said, calls)
}

#[test]
fn what_is_hard_to_reduce_comes_to_few_calls_in_time() {
    for (name, seed, few) in [
        ("added-session-is-not-listed", "1", 3),
        ("list-order-is-reversed", "2", 9),
        // Its first calls take seconds to fail: on a slow machine it is found without probes, which takes a flush.
        ("tail-survives-the-last-session", "2", 4),
    ] {
        let (said, calls) = left_of(name, seed);
        assert!(calls <= few, "{name}: {calls} calls:\n{said}");
    }
}

/// All findings of a run that goes on share what is left of its time. Here each run of a program that fails takes the whole time limit,
/// so that the first one is settled when all of that is over; the second thread and the part without probes find the same.
#[test]
fn a_run_that_goes_on_ends_near_its_time() {
    let bug = bugs().into_iter().find(|bug| bug.name == "time-before-1970-loops").expect("a patch");
    let folder = tempfile::tempdir().expect("a folder");
    let port = port(&bug.library());
    let args =
        ["run", "--port", &port, "--seed", "1", "--seconds", "6", "--corpus", "none", "--keep-going", "--jobs", "2"];
    let since = std::time::Instant::now();
    let ran = sessdiff(folder.path(), &args);
    let (said, noted) = (text(&ran.stdout), text(&ran.stderr));
    assert!(since.elapsed().as_secs() < 60, "{} s:\n{said}\n{noted}", since.elapsed().as_secs());
    assert_eq!(ran.status.code(), Some(2), "{said}\n{noted}");
    assert!(said.lines().any(|line| line.ends_with("SSL_SESSION_set_time.hang.original.ops, not reduced")), "{said}");
    assert!(noted.contains("the part without probes was left out"), "{noted}");
    let command = said.lines().find_map(|line| line.strip_prefix("reduce: ")).expect("a command");
    let (code, said) = type_in(folder.path(), &format!("{command} --reduce-seconds 15"));
    assert_eq!(code, 0, "{command}\n{said}");
}

/// A library that dies in the harness's own first calls is asked for less by the harness. What it prints is right all the same.
#[test]
fn what_a_library_prints_that_dies_at_first_is_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = "#! sessdiff 1\ns0 = SSL_SESSION_new()\nb0 = SSL_SESSION_print(s0)\n";
    fs::write(folder.path().join("print.ops"), case).expect("a file");
    let port = port(&hard_to_reduce("tail-survives-the-last-session"));
    let ran = sessdiff(folder.path(), &["replay", "--port", &port, "print.ops"]);
    assert_eq!(ran.status.code(), Some(0), "{}\n{}", text(&ran.stdout), text(&ran.stderr));
}

/// Runs until something is found in a port, and returns its signature and the calls that are left of it.
fn reduced(folder: &Path, port: &str) -> (String, Vec<String>) {
    let args = ["run", "--port", port, "--programs", "60000", "--seed", "1", "--corpus", "none", "--json"];
    let ran = sessdiff(folder, &[&args[..], &["--time-limit", TIME_LIMIT]].concat());
    let found: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("an object");
    let finding = &found["signatures"][0]["finding"];
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_string();
    let calls = finding["calls"].as_array().unwrap_or_else(|| panic!("nothing is found in {port}: {found}"));
    (text(&finding["signature"]), calls.iter().map(text).collect())
}

/// Returns the programs that lack one or two of these calls, each as the text of a case.
fn with_fewer(calls: &[String]) -> Vec<String> {
    let pairs = (0..calls.len()).flat_map(|one| (one..calls.len()).map(move |other| (one, other)));
    let without = |(one, other): (usize, usize)| {
        let kept = calls.iter().enumerate().filter(|(at, _)| *at != one && *at != other);
        kept.fold("#! sessdiff 1\n".to_string(), |text, (_, call)| text + call + "\n")
    };
    pairs.map(without).collect()
}

/// What a second handshake makes of the session of the first takes as many calls as there are left: none of them can be left out,
/// and no two.
#[test]
fn what_is_still_long_needs_all_of_its_calls() {
    let bugs = bugs();
    let library = |name: &str| port(&bugs.iter().find(|bug| bug.name == name).expect("a patch").library());
    for port in [
        library("expired-session-stays"),
        library("get-callback-reference-is-taken-twice"),
        library("expired-leaves-another-cache"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let (signature, calls) = reduced(folder.path(), &port);
        assert!((13..=18).contains(&calls.len()), "{port}: {calls:?}");
        let mut args = ["replay", "--json", "--time-limit", TIME_LIMIT, "--port", &port].map(String::from).to_vec();
        for (number, text) in with_fewer(&calls).into_iter().enumerate() {
            let name = format!("{number}.ops");
            fs::write(folder.path().join(&name), text).expect("a file");
            args.push(name);
        }
        let all = args.len() - 6;
        let ran = sessdiff(folder.path(), &args.iter().map(String::as_str).collect::<Vec<_>>());
        let said = text(&ran.stdout);
        let replayed: Vec<serde_json::Value> =
            said.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        assert_eq!(replayed.len(), all, "{said}\n{}", text(&ran.stderr));
        let same = replayed.iter().find(|one| one["finding"]["signature"] == *signature);
        assert!(same.is_none(), "{port}: fewer calls than {calls:?} are enough: {same:?}");
    }
}

/// A lock that an earlier program has left taken: alone, no program that meets it fails.
#[test]
fn what_ran_before_is_joined_where_it_matters() {
    let (said, calls) = left_of("remove-keeps-the-lock", "17");
    assert!(said.contains("alone the program agrees: it was joined to what ran before it"), "{said}");
    assert!(calls <= 12, "{calls} calls:\n{said}");
}

/// A lock that the harness itself has left taken, in a context of the pool: new contexts show why, and the C program does.
#[test]
fn what_the_pool_carries_is_shown_with_new_contexts() {
    for seed in ["3", "4"] {
        let (said, calls) = left_of("remove-keeps-the-lock", seed);
        assert!(said.contains("\nC says: \"call 3: returned, expected: 1, actual: 0\", exit 1\n"), "{said}");
        assert!(calls <= 5, "{calls} calls:\n{said}");
    }
}

/// What is found under the name of one call and blamed on another is one finding; a name that is taken gets a number.
#[test]
fn a_finding_that_is_renamed_is_kept_once_and_beside_what_is_there() {
    let all = bugs();
    let bug = all.iter().find(|bug| bug.name == "ticket-getter-aborts").expect("a patch");
    let (folder, stem) = (tempfile::tempdir().expect("a folder"), "SSL_SESSION_get0_ticket.SIGABRT");
    let path = |name: &str| folder.path().join("out").join(name);
    fs::create_dir(folder.path().join("out")).expect("a folder");
    fs::write(path(&format!("{stem}.ops")), "Another file.\n").expect("a file");
    let port = port(&bug.library());
    let args = ["run", "--port", &port, "--programs", "300", "--seed", "1", "--corpus", "none", "--out", "out"];
    let ran = sessdiff(folder.path(), &[&args[..], &["--keep-going"]].concat());
    let said = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(2), "{said}\n{}", text(&ran.stderr));
    let blocks = said.lines().filter(|line| *line == "MEMORY SSL_SESSION_get0_ticket/SIGABRT").count();
    assert_eq!(blocks, 1, "{said}");
    assert_eq!(fs::read_to_string(path(&format!("{stem}.ops"))).expect("the other file"), "Another file.\n");
    assert!(path(&format!("{stem}-2.ops")).is_file() && said.contains(&format!("out/{stem}-2.ops")), "{said}");
}

/// What is found under a name that nobody has accepted, and is, looked at again, one that somebody has.
#[test]
fn a_finding_is_accepted_under_the_name_that_it_has_in_the_end() {
    let bug = bugs().into_iter().find(|bug| bug.name == "ticket-getter-aborts").expect("a patch");
    let (folder, port) = (tempfile::tempdir().expect("a folder"), port(&bug.library()));
    let known = "[[known]]\nsignature = \"SSL_SESSION_get0_ticket/SIGABRT\"\nreason = \"It is ours.\"\n\
                 link = \"https://example.org/1\"\nexpires = \"9999-12-31\"\n";
    fs::write(folder.path().join("known.toml"), known).expect("a file");
    let args = ["run", "--port", &port, "--programs", "300", "--seed", "1", "--about", "sessions", "--probes", "all"];
    let ran = sessdiff(folder.path(), &[&args[..], &["--corpus", "none", "--known", "known.toml"]].concat());
    let (said, noted) = (text(&ran.stdout), text(&ran.stderr));
    assert_eq!(ran.status.code(), Some(0), "{said}\n{noted}");
    assert!(said.contains("\nagree: 300 programs, ") && said.contains(" 0 divergences, "), "{said}\n{noted}");
    assert!(said.contains("\nknown: SSL_SESSION_get0_ticket/SIGABRT, "), "{said}\n{noted}");
    assert!(noted.contains(" is, looked at again, SSL_SESSION_get0_ticket/SIGABRT\n"), "{said}\n{noted}");
}

/// The address and the calls of a crash, by the names of the library's functions.
#[test]
fn a_crash_says_where_it_was() {
    let all = bugs();
    for (name, says) in
        [("hostname-is-read-beyond-its-end", "SSL_SESSION_set1_hostname+0x"), ("long-hostname-aborts", "abort+0x")]
    {
        let bug = all.iter().find(|bug| bug.name == name).expect("a patch");
        let folder = tempfile::tempdir().expect("a folder");
        let port = port(&bug.library());
        let args = ["run", "--port", &port, "--programs", "60000", "--seed", "1", "--corpus", "none"];
        let said = text(&sessdiff(folder.path(), &args).stdout);
        let stack = said.lines().filter(|line| line.starts_with("  stack "));
        assert!(stack.clone().any(|line| line.contains(says)), "{said}");
        assert!(stack.clone().all(|line| !line.contains("sessdiff")), "{said}");
    }
}

/// What leaks is grouped by where it was allocated, and the frees at the end have names.
#[test]
fn leaks_of_one_origin_are_one_line() {
    let bug = bugs().into_iter().find(|bug| bug.name == "free-leaks-the-ticket").expect("a patch");
    let folder = tempfile::tempdir().expect("a folder");
    let made = "sample_session(tls12_ticket)";
    fs::write(folder.path().join("a.ops"), format!("#! sessdiff 1\ns0 = {made}\ns1 = {made}\n")).expect("a file");
    let said = text(&sessdiff(folder.path(), &["replay", "--port", &port(&bug.library()), "a.ops"]).stdout);
    let lines = |word: &str| said.lines().filter(|line| line.starts_with(word)).collect::<Vec<_>>();
    let [leak] = lines("  lives on ")[..] else { panic!("{said}") };
    assert!(
        leak.contains("  2 blocks, 193 bytes each, crypto/asn1/") && leak.contains("the first in step 0, s0 = "),
        "{said}"
    );
    let frees = ["step 2: SSL_SESSION_free(s0)", "step 3: SSL_SESSION_free(s1)"];
    assert_eq!(lines("  at the end "), frees.map(|free| format!("  at the end  {free}")), "{said}");
}

/// The whole run says what its part without probes reduces, and nothing of what the part tells it is left over. What is found with
/// probes and without, or under two names that come to one, is written once.
#[test]
fn a_part_says_what_it_reduces() {
    let bug = bugs().into_iter().find(|bug| bug.name == "up-ref-of-three-does-nothing").expect("a patch");
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "run",
        "--port",
        &port(&bug.library()),
        "--keep-going",
        "--programs",
        "400",
        "--seed",
        "1",
        "--corpus",
        "none",
    ];
    let more = ["--longest", "4000", "--beat", "0.02", "--about", "sessions"];
    let ran = sessdiff(folder.path(), &[&args[..], &more].concat());
    let (said, noted) = (text(&ran.stdout), text(&ran.stderr));
    assert_eq!(ran.status.code(), Some(2), "{said}\n{noted}");
    let is_told = |line: &str| line.starts_with("without probes, for ") && line.contains(" s, reducing ");
    assert!(noted.lines().any(is_told), "{noted}");
    assert!(![&*said, &*noted].concat().contains('\u{1}'));
    let written = fs::read_dir(folder.path().join("sessdiff-out")).expect("a folder");
    let written: Vec<_> =
        written.map(|entry| entry.expect("a file").file_name().into_string().expect("text")).collect();
    assert!(written.contains(&"SSL_SESSION_free.time.ops".to_string()), "{written:?}");
    assert!(!written.iter().any(|name| name.ends_with("-2.ops") || name.ends_with("-2.c")), "{written:?}");
}

/// What a session holds lives on because of it.
#[test]
fn what_a_leaked_session_holds_is_told_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = "sample_session(tls12_ticket)";
    fs::write(folder.path().join("a.ops"), format!("#! sessdiff 1\ns0 = {made}\ns1 = {made}\n")).expect("a file");
    for memory in ["plain", "poisoned", "guarded"] {
        let args = ["replay", "--port", &port(&leaks_sessions()), "--memory", memory, "a.ops"];
        let said = text(&sessdiff(folder.path(), &args).stdout);
        let lines: Vec<_> = said.lines().filter(|line| line.starts_with("  lives on ")).collect();
        let [leak] = lines[..] else { panic!("{said}") };
        assert!(leak.contains("  2 SSL_SESSIONs, ") && leak.contains(" bytes each, ssl/ssl_sess.c:"), "{said}");
        // The ticket and the server's name of each.
        let held = leak.split_once("s0 = sample_session(tls12_ticket); and ").expect("what they hold").1;
        assert!(held.starts_with("4 blocks that they hold, "), "{said}");
    }
}

/// The harness writes each session that it looks at: a program that leaves that to it leaks, and shows nothing in C.
#[test]
fn what_only_the_harness_calls_is_called_in_c() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.ops"), "#! sessdiff 1\ns0 = sample_session(tls12_ticket)\n").expect("a file");
    let port = port(&leaks_where_it_writes());
    let ran = sessdiff(folder.path(), &["reduce", "--port", &port, "a.ops"]);
    let (said, noted) = (text(&ran.stdout), text(&ran.stderr));
    assert!(said.ends_with("\ns0 = sample_session(tls12_ticket)\nb0 = i2d_SSL_SESSION(s0)\n"), "{said}\n{noted}");
    assert!(noted.contains("end/leak: 2 calls, of 1\n") && noted.ends_with(", exit 1\n"), "{said}\n{noted}");
}

/// The loader is told where a library is only if it does not find it by itself; the command works as it is printed.
#[test]
fn a_c_program_is_run_as_its_library_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for place in ["plain", "named"] {
        fs::create_dir(path(place)).expect("a folder");
    }
    fs::copy(good(), path("plain/libssl.so")).expect("a library");
    fs::copy(good(), path("libssl.so")).expect("a library");
    let root = Path::new(env!("SESSDIFF_OPENSSL_ROOT"));
    let lib = ["lib", "lib64"].map(|lib| root.join(lib)).into_iter().find(|lib| lib.join("libssl.a").is_file());
    let lib = lib.expect("the archives that are linked");
    let mut linker = Command::new("cc");
    linker.args(["-shared", "-Wl,-soname,libssl.so.3", "-Wl,-Bsymbolic", "-o"]).arg(path("named/libssl.so.3"));
    linker.arg("-Wl,--whole-archive").args(["libssl.a", "libcrypto.a"].map(|name| lib.join(name)));
    assert!(linker.args(["-Wl,--no-whole-archive", "-pthread", "-ldl"]).status().expect("cc").success());
    for (library, is_told) in [("plain/libssl.so", false), ("libssl.so", false), ("named/libssl.so.3", true)] {
        let port = format!("lib:{library}");
        let args = ["run", "--as", "documented", "--port", &port, "--programs", "1", "--seed", "1", "--corpus", "none"];
        let said = text(&sessdiff(folder.path(), &args).stdout);
        let commands: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("C file: ")).collect();
        assert!(!commands.is_empty(), "{said}");
        for command in commands {
            assert_eq!(command.contains("LD_LIBRARY_PATH=named "), is_told, "{command}");
            assert_eq!(command.contains("LD_LIBRARY_PATH="), is_told, "{command}");
            let (code, said) = type_in(folder.path(), command);
            assert_eq!(code, 1, "{command}\n{said}");
        }
    }
}

/// The page that shows what becomes of a finding was not made up.
#[test]
fn the_finding_in_the_docs_is_what_is_seen() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/finding.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let all = bugs();
    let patched = |name: &str| all.iter().find(|bug| bug.name == name).expect("a patch").library();
    for (place, library) in [("buggy", patched("dup-takes-a-reference-of-a-ticket")), ("fixed", good())] {
        fs::create_dir(folder.path().join(place)).expect("a folder");
        fs::copy(library, folder.path().join(place).join("libssl.so")).expect("a library");
    }
    let commands = commands(&page);
    assert_eq!(commands.len(), 7, "commands on the page");
    let mut ended = None;
    for (command, shown) in commands {
        let said = if command == "echo $?" {
            format!("{}\n", ended.expect("a command before"))
        } else {
            let (code, said) = type_in(folder.path(), command);
            ended = Some(code);
            said
        };
        let said = said.replace(&folder.path().display().to_string(), "~");
        // The first and the last lines of a run have a path and times in them; those of a replay are said elsewhere.
        let shown = match command.split(' ').nth(1) {
            Some("run") => format!("sessdiff [..]\n{shown}\nDIVERGE: [..]\n...\n"),
            Some("replay") => format!("...\n{shown}\n...\n"),
            Some(_) | None => shown,
        };
        snapbox::Assert::new().eq(said, shown);
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
    let shows = |text: &str| {
        let lines = text.lines().map(|line| if line.is_empty() { "\n".into() } else { format!("    {line}\n") });
        assert!(page.contains(&lines.collect::<String>()), "the page does not show:\n{text}");
    };
    shows(&read("corpus/regressions/0001-SSL_SESSION_dup.count.ops"));
    let c = read("sessdiff-out/SSL_SESSION_dup.count.c");
    let calls = c.find("static void calls(void)").and_then(|from| Some(c[from..c.find("int main(void)")?].trim_end()));
    shows(calls.expect("the calls"));
    let picture = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/finding.svg")).expect("the picture");
    assert_eq!(read("finding.svg"), picture, "docs/finding.svg is another");
}

/// The commands of a page, which are indented and begin with `$ `, each with what is shown below it.
fn commands(page: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (line.strip_prefix("    $ "), line.strip_prefix("    "), commands.last_mut()) {
            (Some(command), ..) => commands.push((command, String::new())),
            (None, Some(line), Some((_, shown))) if inside => *shown += &format!("{line}\n"),
            (None, None, Some((_, shown))) if inside && line.is_empty() => *shown += "\n",
            (None, ..) => {
                inside = false;
                continue;
            }
        }
        inside = true;
    }
    for (_, shown) in &mut commands {
        shown.truncate(shown.trim_end().len());
        *shown += "\n";
    }
    commands
}

/// Types a line of shell; how it ended, and what it said on both streams.
fn type_in(folder: &Path, command: &str) -> (i32, String) {
    let include = Path::new(env!("SESSDIFF_OPENSSL_ROOT")).join("include");
    let script = format!("sessdiff() {{ \"$SESSDIFF\" \"$@\"; }}\n{command}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(folder).env("CPATH", include);
    let ran = shell.env("SESSDIFF", env!("CARGO_BIN_EXE_sessdiff")).output().expect("a shell");
    (ran.status.code().expect("no signal"), text(&ran.stdout) + &text(&ran.stderr))
}

//! Accepted differences, and `sessdiff bless`.

use super::{Folder, PROGRAM, Ran};

const PORT: &str = "planted:dup-forgets-hostname";
const SIGNATURE: &str = "SSL_SESSION_dup/hostname";
const FILE: &str = "corpus/known/planted-dup-forgets-hostname.toml";
const ENTRY: &str = r#"[[known]]
signature = "SSL_SESSION_dup/hostname"
reason = "ours"
link = "https://example.org/1"
expires = "9999-12-31"
"#;

/// A folder in which the planted bug is accepted as `entry` says, with a case that is kept for it.
fn folder(entry: &str) -> Folder {
    let folder = Folder::with(FILE, entry);
    let case = PROGRAM.replacen('\n', &format!("\n# signature: {SIGNATURE}\n"), 1);
    folder.write("corpus/regressions/0001-a.ops", case);
    folder
}

#[track_caller]
fn run(folder: &Folder, more: &str) -> Ran {
    let args = ["run", "--programs", "200", "--seed", "1"];
    folder.sessdiff(&args.into_iter().chain(more.split_whitespace()).collect::<Vec<_>>())
}

#[track_caller]
fn with_bug(folder: &Folder, more: &str) -> Ran {
    run(folder, &format!("--port {PORT} {more}"))
}

#[track_caller]
fn bless(folder: &Folder, more: &[&str]) -> Ran {
    let args = ["bless", SIGNATURE, "--reason", "It's \"ours\".", "--link", "https://example.org/1", "--port", PORT];
    folder.sessdiff(&[&args[..], more].concat())
}

#[test]
fn an_accepted_difference_is_listed_and_is_no_failure() {
    let folder = folder(ENTRY);
    let ran = with_bug(&folder, "").exits(0).quietly().shows("\nagree: 201 programs, ");
    // What an older release lacks may follow.
    let line = ran.stdout.lines().find(|line| line.starts_with("known: ")).unwrap_or_default();
    let (start, end) = (format!("known: {SIGNATURE}, "), " programs: ours, https://example.org/1, expires 9999-12-31");
    assert!(line.starts_with(&start) && line.ends_with(end), "{ran:?}");
    let object = with_bug(&folder, "--json").exits(0).quietly().json();
    let accepted = &object["accepted"][0];
    assert_eq!((&accepted["signature"], &accepted["reason"]), (&SIGNATURE.into(), &"ours".into()), "{object}");
    assert!(accepted["programs"].as_u64().is_some_and(|programs| programs > 1), "{object}");
    assert_eq!((&object["divergences"], &object["signatures"]), (&0.into(), &serde_json::json!([])), "{object}");
    folder.sessdiff(&["replay", "--port", PORT, "corpus/regressions/0001-a.ops"]).exits(0).quietly().shows(&start);
}

/// What was meant is named, as of any other name.
#[test]
fn a_signature_that_is_none_is_told_the_nearest() {
    let folder = Folder::new();
    for (wrong, said) in [
        ("SSL_SESSION_dupp/hostname", "`SSL_SESSION_dupp` is no call (did you mean `SSL_SESSION_dup/hostname`?)"),
        ("SSL_SESSION_dup/hostnam", "(did you mean `SSL_SESSION_dup/hostname`?)"),
        ("ssl_session_dup/Hostname", "(did you mean `SSL_SESSION_dup/hostname`?)"),
        ("SSL_SESSION_dup/callback.fre", "(did you mean `SSL_SESSION_dup/callback.free`"),
        ("SSL_SESSION_dup/destroyed-earl", "(did you mean `SSL_SESSION_dup/destroyed-early` or "),
        ("SSL_SESSION_dup", "(did you mean `SSL_SESSION_dup/count` or `SSL_SESSION_dup/return`?)"),
        ("end/leek", "(did you mean `end/leak`?)"),
    ] {
        let ran = folder.sessdiff(&["bless", wrong, "--reason", "a", "--link", "b"]).exits(64);
        assert!(ran.stderr.contains(said), "no `{said}`: {ran:?}");
    }
    let ran = folder.sessdiff(&["bless", "nothing/like-it", "--reason", "a", "--link", "b"]).exits(64);
    assert!(!ran.stderr.contains("did you mean"), "{ran:?}");
    folder.sh("ls").exits(0).quietly().shows("");
}

#[test]
fn only_what_is_named_is_accepted() {
    for (from, to) in [("dup/hostname", "dup/alpn_selected"), ("expires", "releases = \"..3.0.0\"\nexpires")] {
        assert!(ENTRY.contains(from));
        let folder = folder(&ENTRY.replace(from, to));
        with_bug(&folder, "").exits(1).shows(&format!("CONTENTS {SIGNATURE}"));
        folder.sessdiff(&["replay", "--port", PORT, "corpus/regressions/0001-a.ops"]).exits(1);
    }
    with_bug(&folder(ENTRY), "--known none").exits(1);
    with_bug(&folder(ENTRY), "--corpus none").exits(0);
    // Each port has a file of its own.
    run(&folder(ENTRY), "--port planted:up-ref-takes-two").exits(1);
}

#[test]
fn a_time_that_is_over_is_said() {
    let folder = folder(&ENTRY.replace("9999", "2020"));
    let said = format!("error: {FILE}:1: {SIGNATURE} was accepted until 2020-12-31\n");
    assert_eq!(with_bug(&folder, "").exits(3).shows("\nSTALE: ").stderr, said);
    assert_eq!(with_bug(&folder, "--json").exits(3).json()["accepted"][0]["expired"], true);
    assert_eq!(folder.sessdiff(&["replay", "--port", PORT, "corpus/regressions/0001-a.ops"]).exits(3).stderr, said);
    // The part without probes says it too; it is said once.
    assert_eq!(run(&folder, &format!("--known {FILE}")).exits(3).stderr.matches("was accepted").count(), 1);
}

#[test]
fn what_does_not_happen_any_more_is_stale() {
    let stale = folder(ENTRY);
    let known = format!("--known {FILE}");
    run(&stale, &known).exits(3).shows("\nSTALE: ").complains(&format!(
        "{FILE}:1: {SIGNATURE} is accepted and does not happen any more, nor in corpus/regressions/0001-a.ops"
    ));
    // Who looks at nothing, or without probes, or at another release, cannot tell.
    run(&stale, &format!("{known} --corpus none")).exits(0).quietly();
    run(&stale, &format!("{known} --probes none")).exits(0).quietly();
    run(&folder(&ENTRY.replace("expires", "releases = \"1.1.1..3.0.0\"\nexpires")), &known).exits(0).quietly();
    stale.write("corpus/regressions/0001-a.ops", PROGRAM);
    run(&stale, &known).exits(0).quietly();
}

#[test]
fn a_file_that_says_something_else_is_refused() {
    for (from, to, said) in [
        ("reason", "reasons", ":3: unknown field `reasons`"),
        ("hostname", "hostnames", ":2: `hostnames` is nothing that a call can differ in"),
        ("9999-12-31", "tomorrow", ":5: `tomorrow` names no day"),
        ("expires", "releases = \"3\"\nexpires", ":5: `3` names no release of OpenSSL"),
    ] {
        let folder = folder(&ENTRY.replace(from, to));
        with_bug(&folder, "").refuses(&format!("{FILE}{said}"));
        folder.sessdiff(&["replay", "--port", PORT, "corpus/regressions/0001-a.ops"]).refuses(said);
        bless(&folder, &[]).refuses(said);
    }
    with_bug(&folder(ENTRY), "--known none.toml").refuses("none.toml: No such file");
}

#[test]
fn what_is_blessed_is_accepted() {
    let folder = Folder::new();
    with_bug(&folder, "").exits(1);
    assert_eq!(bless(&folder, &["--releases", "3.0.0.."]).exits(0).quietly().stdout, format!("{FILE}\n"));
    with_bug(&folder, "").exits(0).shows("\nknown: ");
    bless(&folder, &["--releases", "3.0.0.."]).refuses(&format!("{FILE}:1: {SIGNATURE} is accepted for the same"));
    bless(&folder, &["--releases", "1.1.1w", "--expires", "9999-12-31"]).exits(0);
    let text = folder.read(FILE);
    assert_eq!((text.matches("[[known]]").count(), text.matches("\n\n[[known]]").count()), (2, 1), "{text}");
    assert!(text.ends_with("releases = \"1.1.1w\"\nexpires = \"9999-12-31\"\n"), "{text}");
    folder.write("artifact", PROGRAM);
    let ran = folder.sessdiff(&["import", "--port", PORT, "artifact"]).exits(0);
    assert!(ran.stderr.ends_with(&format!("{FILE}:1: {SIGNATURE} is accepted: It's \"ours\".\n")), "{ran:?}");
}

#[test]
fn what_would_accept_nothing_is_not_blessed() {
    let folder = Folder::new();
    bless(&folder, &["--expires", "2020-01-01"]).refuses("2020-01-01 is past");
    bless(&folder, &["--known", "none"]).refuses("`none` is no file");
    bless(&folder, &["--known", "missing/a.toml"]).refuses("missing/a.toml: ");
    for more in [["--releases", "3.0"], ["--expires", "soon"], ["--known", ""]] {
        bless(&folder, &more).exits(64);
    }
    assert!(folder.names(".").is_empty());
}

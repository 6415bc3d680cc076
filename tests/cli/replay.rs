//! `sessdiff replay`.

use super::{Folder, PROGRAM, corpus, sessdiff, text_of};

#[test]
fn a_case_is_a_table_and_a_verdict() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ran = folder.sessdiff(&["replay", "a.ops"]).exits(0).quietly();
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("a.ops: native against openssl "), "{ran:?}");
    let columns: Vec<_> = lines[1].split_whitespace().collect();
    assert_eq!(columns, ["step", "call", "native", "openssl", "ledger"], "{ran:?}");
    for (at, call) in PROGRAM.lines().skip(1).enumerate() {
        assert!(lines[2 + at].trim_start().starts_with(&format!("{at}  {call}  ")), "{ran:?}");
    }
    // The copy has a reference of its own, and the source keeps its one.
    assert!(lines[4].contains("refs 1/1") && lines[4].trim_end().ends_with("s0:1 s1:1"), "{ran:?}");
    assert!(lines[5].contains("refs 2") && lines[5].trim_end().ends_with("s0:1 s1:2"), "{ran:?}");
    assert!(lines[6].matches("\"example.org\"").count() == 2, "{ran:?}");
    assert_eq!(ran.last(), "agree: 8 calls, 0 skipped");
}

#[test]
fn what_the_program_still_owns_is_given_back() {
    let folder = Folder::with("a.ops", "#! sessdiff 1\ns3 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s3)\n");
    let ran = folder.sessdiff(&["replay", "a.ops"]).exits(0).quietly();
    assert_eq!(ran.stdout.matches(" end  SSL_SESSION_free(s3)").count(), 2, "{ran:?}");
}

#[test]
fn the_whole_corpus_agrees() {
    let cases = corpus();
    let ran = sessdiff(&[vec!["replay"], text_of(&cases)].concat()).exits(0).quietly();
    assert_eq!(ran.stdout.lines().filter(|line| line.starts_with("agree: ")).count(), cases.len());
}

#[test]
fn a_trace_shows_more() {
    let folder = Folder::with("a.ops", PROGRAM);
    let without = folder.sessdiff(&["replay", "a.ops"]).exits(0);
    let with = folder.sessdiff(&["replay", "--trace", "a.ops"]).exits(0).quietly().shows("returned a session");
    assert!(with.stdout.lines().count() > without.stdout.lines().count(), "{with:?}");
    assert_eq!(with.last(), without.last());
    // The contents of a session are shown, not only what the calls return.
    with.shows("master_key \"\"").shows("hostname \"example.org\"");
}

#[test]
fn without_probes_the_library_shows_no_counts() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ran = folder.sessdiff(&["replay", "--probes", "none", "a.ops"]).exits(0).quietly();
    let row = ran.stdout.lines().find(|line| line.contains("SSL_SESSION_up_ref(s1)")).expect("a row");
    assert_eq!(row.matches("refs 2").count(), 1, "{ran:?}");
    assert!(ran.last().starts_with("agree: "), "{ran:?}");
}

#[test]
fn bytes_of_a_fuzzer_are_a_case() {
    let folder = Folder::with("a.ops", PROGRAM);
    let wire = folder.sessdiff(&["show", "--as", "wire", "a.ops"]).exits(0).quietly();
    folder.write("crash-1234", &wire.bytes);
    let ran = folder.sessdiff(&["replay", "crash-1234"]).exits(0).quietly();
    assert_eq!(ran.last(), "agree: 8 calls, 0 skipped");
}

/// `s1` is planned to be a duplicate by then, and must not be taken for one: a session in two caches breaks the library.
#[test]
fn nothing_comes_of_nothing() {
    let text = "#! sessdiff 1
s0 = SSL_SESSION_new()
c0 = SSL_CTX_new(TLS_server_method())
c1 = SSL_CTX_new(TLS_server_method())
x0 = SSL_new(c0)
SSL_set_session(x0, s0)
SSL_CTX_add_session(c0, s0)
s1 = SSL_get0_session(x0)
SSL_CTX_sess_set_remove_cb(c1, remove_cb_up_refs)
s2 = take_kept()
SSL_set_session(x0, s2)
s1 = SSL_SESSION_dup(s2)
SSL_CTX_add_session(c1, s1)
";
    let ran = Folder::with("a.ops", text).sessdiff(&["replay", "a.ops"]).exits(0).quietly();
    let rows =
        ["s1 = SSL_SESSION_dup(s2)", "SSL_CTX_add_session(c1, s1)", "SSL_SESSION_free(s1)", "SSL_SESSION_free(s2)"];
    for call in rows {
        let row = ran.stdout.lines().find(|line| line.contains(call)).expect("a row");
        assert_eq!(row.matches("skipped: slot empty").count(), 2, "{row}");
    }
    assert_eq!(ran.last(), "agree: 9 calls, 3 skipped");
}

#[test]
fn nothing_ran_is_no_agreement() {
    let folder = Folder::with("a.ops", "#! sessdiff 1\nSSL_SESSION_up_ref(s0)\n");
    let ran = folder.sessdiff(&["replay", "a.ops"]).exits(4).quietly().shows("skipped: slot empty");
    assert_eq!(ran.last(), "nothing ran");
    // Beside a case that agrees it still is none.
    folder.write("b.ops", PROGRAM);
    folder.sessdiff(&["replay", "a.ops", "b.ops"]).exits(4).shows("nothing ran").shows("agree: 8 calls");
}

#[test]
fn a_bug_is_named_with_its_step() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ran = folder.sessdiff(&["replay", "--port", "planted:up-ref-does-nothing", "a.ops"]).exits(1).quietly();
    let first: Vec<_> = ran.stdout.lines().filter(|line| line.ends_with("<- the first difference")).collect();
    assert!(first.len() == 1 && first[0].contains("SSL_SESSION_up_ref(s1)"), "{ran:?}");
    ran.shows("COUNT SSL_SESSION_up_ref/count").shows("at step 3: ").shows("<- contradicts the ledger");
}

mod no_case {
    use super::*;

    /// Both commands that read a case say the same.
    #[track_caller]
    fn is_refused(name: &str, content: impl AsRef<[u8]>, what: &str) {
        let folder = Folder::with(name, content);
        folder.sessdiff(&["replay", name]).refuses(what);
        folder.sessdiff(&["show", name]).refuses(what);
    }

    #[test]
    fn is_a_file_that_is_missing() {
        sessdiff(&["replay", "missing.ops"]).refuses("missing.ops: ");
        // The others are replayed all the same.
        let folder = Folder::with("a.ops", PROGRAM);
        folder.sessdiff(&["replay", "missing.ops", "a.ops"]).exits(64).complains("missing.ops: ").shows("\nagree: 8 ");
    }

    #[test]
    fn is_a_folder() {
        Folder::with("some/a.ops", PROGRAM).sessdiff(&["replay", "some"]).refuses("some: ");
    }

    #[test]
    fn is_a_file_without_calls() {
        is_refused("empty", "", "empty: no calls");
        is_refused("a.ops", "#! sessdiff 1\n# Nothing yet.\n", "a.ops: no calls");
        is_refused("bytes", [0xff, 0xff], "bytes: no calls");
    }

    #[test]
    fn is_broken_text() {
        is_refused("a.ops", PROGRAM.replace(", \"example", ", example"), "a.ops:3:31: expected ");
        is_refused("a.ops", PROGRAM.replace("(s0, ", "(x0, "), "a.ops:3:27: expected a session slot");
        is_refused("a.ops", PROGRAM.replace("sessdiff 1", "sessdiff 2"), "a.ops:1:1: expected the first line");
    }

    /// It is not taken for bytes of a fuzzer, which any bytes are.
    #[test]
    fn is_text_without_its_first_line() {
        let calls = PROGRAM.split_once('\n').expect("a line").1;
        is_refused("a.ops", calls, "a.ops:1:1: expected the first line");
        is_refused("a.ops", format!("\n{PROGRAM}"), "a.ops:1:1: expected the first line");
        is_refused("a.ops", format!("# A comment.\n{PROGRAM}"), "a.ops:1:1: expected the first line");
        is_refused("a.ops", format!("\u{feff}{PROGRAM}"), "a.ops:1:1: expected the first line");
    }

    #[test]
    fn is_text_that_is_none() {
        is_refused("a.ops", [PROGRAM.as_bytes(), b"# \xff\n"].concat(), "a.ops: not UTF-8");
    }

    #[test]
    fn is_a_file_that_is_too_large() {
        let large = |first: &[u8]| {
            let mut bytes = vec![b'\n'; (4 << 20) + 1];
            bytes[..first.len()].copy_from_slice(first);
            bytes
        };
        is_refused("a.ops", large(PROGRAM.as_bytes()), "a.ops: larger than 4194304 bytes");
        is_refused("bytes", large(&[1, 0]), "bytes: larger than 4194304 bytes");
    }

    /// A pipe does not say how much comes out of it.
    #[test]
    fn is_a_pipe_with_too_much_in_it() {
        let folder = Folder::with("large", vec![0; (4 << 20) + 1]);
        folder.sh("cat large | sessdiff show /dev/stdin").refuses("/dev/stdin: larger than 4194304 bytes");
    }
}

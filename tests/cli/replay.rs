//! `sessdiff replay`.

use super::{CORPUS, Folder, PROGRAM, corpus, sessdiff, text_of};

#[test]
fn the_whole_corpus_agrees() {
    let cases = corpus();
    let ran = sessdiff(&[vec!["replay"], text_of(&cases)].concat()).exits(0).quietly();
    assert_eq!(ran.stdout.lines().filter(|line| line.starts_with("agree: ")).count(), cases.len());
}

#[test]
fn a_folder_is_all_cases_below_it() {
    let folder = Folder::with("cases/deep/a.ops", PROGRAM);
    folder.write("cases/b.ops", PROGRAM);
    folder.write("cases/notes.txt", "no case");
    let ran = folder.sessdiff(&["replay", "cases"]).exits(0).quietly();
    let ran = ran.shows("cases/b.ops: native against").shows("cases/deep/a.ops: native against");
    assert_eq!(ran.last(), "2 cases: 2 as expected");
    let ran = folder.sessdiff(&["replay", "--port", "planted:up-ref-does-nothing", "cases", "cases/b.ops"]).exits(1);
    assert_eq!(ran.last(), "3 cases: 3 diverge");
    std::fs::create_dir(folder.path("empty")).expect("a folder");
    let none = folder.sessdiff(&["replay", "empty"]).exits(64);
    assert_eq!(none.stderr, "error: empty: no case below this folder\n");
}

#[test]
fn bytes_of_a_fuzzer_are_a_case() {
    let folder = Folder::with("a.ops", PROGRAM);
    let wire = folder.sessdiff(&["show", "--as", "wire", "a.ops"]).exits(0).quietly();
    folder.write("crash-1234", &wire.bytes);
    let ran = folder.sessdiff(&["replay", "crash-1234"]).exits(0).quietly();
    assert_eq!(ran.last(), "agree: 8 calls, 0 skipped");
}

/// What `show --as wire` writes can be longer than what a fuzzer makes.
#[test]
fn long_bytes_are_a_case_if_they_are_as_this_program_writes_them() {
    let call = format!("SSL_SESSION_set1_hostname(s0, \"{}\")\n", "h".repeat(200));
    let folder = Folder::with("long.ops", format!("#! sessdiff 1\ns0 = SSL_SESSION_new()\n{}", call.repeat(50)));
    let ran =
        folder.sh("sessdiff show --as wire long.ops >long && sessdiff replay long && sessdiff show long >again.ops");
    ran.exits(0).quietly().shows("\nagree: 51 calls, 0 skipped");
    assert_eq!(folder.read("again.ops"), folder.read("long.ops"));
}

/// Whose count is wrong, who should hold that session, and the same sessions in each column.
#[test]
fn counts_of_shared_sessions_say_whose_they_are() {
    let case = format!("{CORPUS}/hazards/id-changed-while-cached.ops");
    let ran = sessdiff(&["replay", "--hazards", &case]).quietly();
    ran.shows("session    s0 has 1 reference, should have 2 (program 1, cache of c0 1)\n")
        .shows("refs s0:2               refs s0:1               s0:1 c0:1, refs s0:2  <- the first difference\n");
}

/// Each error is shown with its line, and does not stop what can be replayed.
#[test]
fn all_that_is_wrong_is_said_at_once() {
    let folder = Folder::with("a.ops", PROGRAM);
    folder.write("b.ops", "#! sessdiff 1\ns0 = SSL_SESSION_new()\n  SSL_SESION_free(s0)\nSSL_SESSION_up_ref(s9)\n");
    let ran = folder.sessdiff(&["replay", "b.ops", "missing.ops", "a.ops"]).exits(64).shows("\nagree: 8 calls");
    let said = "\
error: b.ops:3:3: expected a function of the table of operations, not `SSL_SESION_free`; did you mean `SSL_SESSION_free`?
      SSL_SESION_free(s0)
      ^^^^^^^^^^^^^^^
b.ops:4:20: expected a session slot, s0 to s7
    SSL_SESSION_up_ref(s9)
                       ^^
error: missing.ops: No such file or directory (os error 2)
";
    assert_eq!(ran.stderr, said);
    folder.write("many.ops", format!("#! sessdiff 1\n{}", "nothing\n".repeat(1000)));
    let ran = folder.sessdiff(&["replay", "many.ops"]).exits(64);
    assert!(ran.stderr.ends_with("\nmany.ops: and 980 more\n"), "{ran:?}");
}

/// The same file from standard input, and as it stands in other texts.
#[test]
fn a_case_is_found_wherever_it_stands() {
    let indented: String = PROGRAM.lines().map(|line| format!("    {line}\n")).collect();
    for text in [
        format!("\u{feff}{PROGRAM}"),
        format!("\n{PROGRAM}"),
        PROGRAM.replace('\n', "\r\n"),
        format!("This leaks:\n\n{indented}\nIt is not the first (see #12).\n"),
        format!("```\n{PROGRAM}```\n"),
    ] {
        let folder = Folder::with("copied", text);
        folder.sessdiff(&["replay", "copied"]).exits(0).quietly().shows("\nagree: 8 calls, 0 skipped");
        let shown = folder.sh("sessdiff show - <copied").exits(0).quietly();
        assert_eq!(shown.stdout, PROGRAM);
    }
}

/// On a terminal, whose width it says itself or `COLUMNS` does, no line of the table is longer; elsewhere it is as on the pages.
#[test]
fn the_table_fits_the_terminal() {
    let folder = Folder::with("a.ops", PROGRAM);
    let wide = folder.sessdiff(&["replay", "a.ops"]).exits(0).stdout;
    for (width, columns) in [(76, "stty cols 76; "), (64, "stty cols 200; COLUMNS=64 ")] {
        let line = format!("NO_COLOR=1 script -qec '{columns}\"$SESSDIFF\" replay a.ops' /dev/null | tr -d '\\r'");
        let shown = folder.sh(&line).exits(0).stdout;
        let table = |text: &str| text.lines().skip(1).take(9).map(str::to_string).collect::<Vec<_>>();
        assert!(table(&shown).iter().all(|line| line.chars().count() <= width), "{width}:\n{shown}");
        assert!(shown.contains("SSL_SESSION_set1_h") && shown.contains('…') && shown.contains("s0:1 s1:2"), "{shown}");
        assert!(table(&wide).iter().any(|line| line.chars().count() > 110), "{wide}");
    }
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
    fn is_a_file_that_is_too_large() {
        let large = |first: &[u8]| {
            let mut bytes = vec![b'\n'; (4 << 20) + 1];
            bytes[..first.len()].copy_from_slice(first);
            bytes
        };
        is_refused("a.ops", large(PROGRAM.as_bytes()), "a.ops: larger than 4194304 bytes");
        is_refused("bytes", large(&[1, 0]), "bytes: larger than 4194304 bytes");
    }

    /// Any bytes are some program: what no fuzzer can have made is none of ours.
    #[test]
    fn is_a_file_of_something_else() {
        is_refused("program", &std::fs::read("/bin/ls").expect("a program")[..], "program: not text");
        let noise: Vec<u8> = (0..4097u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        is_refused(
            "noise",
            &noise,
            "noise: not text, and too long for a fuzzer's artifact, which has at most 4096 bytes",
        );
        // As long as a fuzzer makes them, they can be an artifact.
        Folder::with("noise", &noise[..4096]).sessdiff(&["show", "noise"]).exits(0).quietly();
    }

    #[test]
    fn is_text_without_a_marker() {
        let what = "1:1: expected the line `#! sessdiff 1` before the calls";
        is_refused("a", "s0 = SSL_SESSION_new()\n", what);
        is_refused("a", "Süße Grüße\n", what);
    }

    #[test]
    fn is_text_of_two_bytes_a_character() {
        let mark = [0xfeff].into_iter();
        let bytes: Vec<u8> = mark.chain(PROGRAM.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        is_refused("a", &bytes, "a: text in UTF-16: save it as UTF-8");
        is_refused("a.ops", bytes, "a.ops: text in UTF-16: save it as UTF-8");
    }

    /// A pipe does not say how much comes out of it.
    #[test]
    fn is_a_pipe_with_too_much_in_it() {
        let folder = Folder::with("large", vec![0; (4 << 20) + 1]);
        folder.sh("cat large | sessdiff show /dev/stdin").refuses("/dev/stdin: larger than 4194304 bytes");
    }
}

//! `sessdiff import` and `sessdiff reduce`.

use super::{Folder, PROGRAM, Ran};

const PORT: &str = "planted:dup-forgets-hostname";
const SIGNATURE: &str = "SSL_SESSION_dup/hostname";
const REGRESSION: &str = "corpus/regressions/0001-SSL_SESSION_dup.hostname.ops";
/// What is left of a finding of [`PORT`].
const SMALL: &str = "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_hostname(s0, \"\")\ns1 = SSL_SESSION_dup(s0)\n";

/// Imports from a file with this content.
#[track_caller]
fn import(folder: &Folder, content: impl AsRef<[u8]>, more: &[&str]) -> Ran {
    folder.write("artifact", content);
    folder.sessdiff(&[&["import", "--port", PORT, "artifact"], more].concat())
}

/// The bytes that a fuzzer leaves of [`PROGRAM`].
fn wire() -> Vec<u8> {
    Folder::with("a.ops", PROGRAM).sessdiff(&["show", "--as", "wire", "a.ops"]).exits(0).bytes
}

#[test]
fn an_artifact_becomes_a_case_of_a_few_lines() {
    for content in [wire(), PROGRAM.into()] {
        let folder = Folder::new();
        let ran = import(&folder, content, &["--found", "a test"]).exits(0);
        assert_eq!(ran.stdout, format!("{REGRESSION}\n"));
        assert_eq!(ran.stderr, format!("{SIGNATURE}: 3 calls, of 8\n"));
        let case = folder.read(REGRESSION);
        assert!(case.starts_with("#! sessdiff 1\n# SSL_SESSION_dup: hostname"), "{case}");
        for line in
            [&format!("# signature: {SIGNATURE}\n"), "# found by: a test\n", "# library: planted:dup-forgets-hostname"]
        {
            assert!(case.contains(line), "no `{line}` in {case}");
        }
        assert!(case.ends_with(SMALL), "{case}");
        // It fails where it was found, and nowhere else.
        folder.sessdiff(&["replay", "--port", PORT, REGRESSION]).exits(1).shows(SIGNATURE);
        folder.sessdiff(&["replay", REGRESSION]).exits(0);
    }
}

#[test]
fn a_signature_is_taken_once() {
    let folder = Folder::new();
    import(&folder, PROGRAM, &[]).exits(0);
    import(&folder, PROGRAM, &[]).refuses(&format!("{SIGNATURE} is known already: {REGRESSION}"));
    folder.write("other", "#! sessdiff 1\ns3 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s3)\n");
    let ran = folder.sessdiff(&["import", "--port", "planted:up-ref-takes-two", "other"]).exits(0);
    assert_eq!(ran.stdout, "corpus/regressions/0002-SSL_SESSION_up_ref.count.ops\n");
    assert_eq!(folder.names("corpus/regressions").len(), 2);
}

#[test]
fn what_agrees_is_no_regression() {
    let folder = Folder::with("a.ops", PROGRAM);
    for command in ["import", "reduce"] {
        let ran = folder.sessdiff(&[command, "--port", "native", "a.ops"]).exits(4);
        ran.complains("a.ops: agrees: nothing diverges here");
    }
    let nothing = Folder::with("a.ops", "#! sessdiff 1\nSSL_SESSION_up_ref(s0)\n");
    nothing.sessdiff(&["import", "a.ops"]).exits(4).complains("a.ops: nothing ran");
}

#[test]
fn what_is_no_artifact_is_named() {
    let folder = Folder::new();
    let wire = wire();
    import(&folder, "", &[]).refuses("artifact: no calls");
    import(&folder, [0xff; 100], &[]).refuses("artifact: no calls");
    import(&folder, vec![1; 5 << 20], &[]).refuses("artifact: larger than ");
    import(&folder, "#! sessdiff 2\n", &[]).refuses("artifact:1:1: expected ");
    import(&folder, PROGRAM.replace("s1)", "s9)"), &[]).refuses("artifact:5:20: expected ");
    // Cut off, it is the calls before: without the dup nothing diverges.
    import(&folder, &wire[..16], &[]).exits(4).complains("agrees");
    folder.sessdiff(&["import", "missing"]).refuses("missing: ");
    folder.sessdiff(&["reduce", "missing"]).refuses("missing: ");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = Folder::with("taken", "A file.\n");
    import(&folder, PROGRAM, &["--into", "taken"]).refuses("taken: ");
    import(&folder, PROGRAM, &["--into", "/proc/none"]).refuses("/proc/none: ");
    assert_eq!(folder.read("taken"), "A file.\n");
}

#[test]
fn a_program_is_reduced_to_what_matters() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ran = folder.sessdiff(&["reduce", "--port", PORT, "a.ops"]).exits(0);
    assert!(ran.stdout.starts_with(&format!("#! sessdiff 1\n# {SIGNATURE}: reduced from 8 calls.\n")), "{ran:?}");
    assert!(ran.stdout.ends_with(SMALL), "{ran:?}");
    folder.sessdiff(&["reduce", "--port", PORT, "a.ops", "-o", "small.ops"]).exits(0);
    assert_eq!(folder.read("small.ops"), ran.stdout);
    let ran = folder.sessdiff(&["reduce", "--port", PORT, "a.ops", "-o", "none/small.ops"]).exits(64);
    assert!(ran.stderr.contains("error: none/small.ops: "), "{ran:?}");
}

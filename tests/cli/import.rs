//! `sessdiff import` and `sessdiff reduce`.

use super::{Folder, PROGRAM, Ran};

const PORT: &str = "planted:dup-forgets-hostname";
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

/// Bytes are imported as text is.
#[test]
fn an_artifact_becomes_a_case_of_a_few_lines() {
    let folder = Folder::new();
    let ran = import(&folder, wire(), &[]).exits(0);
    assert_eq!(ran.stdout, format!("{REGRESSION}\n"));
    let case = folder.read(REGRESSION);
    assert!(case.ends_with(SMALL), "{case}");
}

/// What a regression is found as is compared: a word that is none would let the same finding in twice.
#[test]
fn a_regression_that_is_found_as_nothing_is_named() {
    let folder = Folder::new();
    folder.write(REGRESSION, format!("#! sessdiff 1\n# signature: SSL_SESSION_dup/hostnames\n{SMALL}"));
    import(&folder, PROGRAM, &[]).refuses(&format!("{REGRESSION}: `hostnames` is nothing that a call can differ in"));
}

#[test]
fn what_is_no_artifact_is_named() {
    let folder = Folder::new();
    let wire = wire();
    import(&folder, "", &[]).refuses("artifact: no calls");
    import(&folder, [0xff; 100], &[]).refuses("artifact: no calls");
    import(&folder, vec![1; 5 << 20], &[]).refuses("artifact: larger than ");
    import(&folder, "#! sessdiff 2\n", &[]).refuses("artifact:1:1: expected ");
    import(&folder, PROGRAM.replace("up_ref(s1)", "up_ref(s9)"), &[]).refuses("artifact:5:20: expected ");
    // Cut off, it is the calls before: without the dup nothing diverges.
    import(&folder, &wire[..16], &[]).exits(4).complains("agrees");
}

#[test]
fn a_reduced_program_goes_into_a_file() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ran = folder.sessdiff(&["reduce", "--port", PORT, "a.ops"]).exits(0);
    assert!(ran.stdout.ends_with(SMALL), "{ran:?}");
    folder.sessdiff(&["reduce", "--port", PORT, "a.ops", "-o", "small.ops"]).exits(0);
    assert_eq!(folder.read("small.ops"), ran.stdout);
}

/// Neither its own input.
#[test]
fn a_reduced_program_replaces_no_file_unasked() {
    let folder = Folder::with("a.ops", PROGRAM);
    folder.write("other", "A file.\n");
    let reduce = |out: &str| {
        ["reduce", "--port", PORT, "a.ops", "-o"]
            .into_iter()
            .chain(out.split(' '))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    let run = |out: &str| folder.sessdiff(&reduce(out).iter().map(String::as_str).collect::<Vec<_>>());
    for out in ["a.ops", "other"] {
        run(out).refuses(&format!("{out}: is there already; `--force` replaces it"));
    }
    run("none/small.ops").refuses("none/small.ops: ");
    assert_eq!((folder.read("a.ops"), folder.read("other")), (PROGRAM.into(), "A file.\n".into()));
    run("other --force").exits(0);
    assert!(folder.read("other").ends_with(SMALL));
    run("a.ops --force").exits(0);
    assert!(folder.read("a.ops").ends_with(SMALL));
    assert_eq!(folder.names("."), ["a.ops", "other"]);
    // What is no file is written to as it is.
    folder.write("a.ops", PROGRAM);
    assert_eq!(run("/dev/stdout").exits(0).stdout, folder.read("other"));
}

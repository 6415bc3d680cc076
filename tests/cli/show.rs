//! `sessdiff show`.

use sessdiff::program::Program;

use super::{Folder, PROGRAM, corpus, sessdiff};

/// In the spelling of the calls that is printed everywhere, with the sentence at their head.
#[test]
fn committed_cases_mean_what_is_shown() {
    for path in corpus().iter().step_by(8) {
        let shown = sessdiff(&["show", path.to_str().expect("a path in UTF-8")]).exits(0).quietly().stdout;
        let case = std::fs::read_to_string(path).expect("a case");
        let comments =
            |text: &str| -> Vec<String> { text.lines().filter(|line| line.starts_with('#')).map(Into::into).collect() };
        assert_eq!(comments(&shown), comments(&case), "{}", path.display());
        assert_eq!(shown.parse::<Program>(), case.parse(), "{}", path.display());
        let again = Folder::with("shown.ops", &shown).sessdiff(&["show", "shown.ops"]).exits(0);
        assert_eq!(again.stdout, shown, "{}", path.display());
    }
}

#[test]
fn bytes_are_shown_as_the_text_they_came_from() {
    let folder = Folder::with("a.ops", PROGRAM);
    let wire = folder.sessdiff(&["show", "--as", "wire", "a.ops"]).exits(0).quietly();
    assert_eq!(&wire.bytes[..2], [1, 0], "an opcode and a slot");
    folder.write("crash-1234", &wire.bytes);
    assert_eq!(folder.sessdiff(&["show", "crash-1234", "--as", "ops"]).exits(0).quietly().stdout, PROGRAM);
    assert_eq!(folder.sessdiff(&["show", "crash-1234", "--as", "wire"]).exits(0).quietly().bytes, wire.bytes);
}

#[test]
fn bytes_go_through_a_pipe() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ran = folder.sh("sessdiff show --as wire a.ops | sessdiff show /dev/stdin").exits(0).quietly();
    assert_eq!(ran.stdout, PROGRAM);
}

/// What a case was found as says what its C program checks.
#[test]
fn a_signature_that_is_none_is_named() {
    for (signature, why) in
        [("end", "`end` is no signature"), ("end/retrun", "`retrun` is nothing that a call can differ in")]
    {
        let text = PROGRAM.replacen("1\n", &format!("1\n# signature: {signature}\n"), 1);
        let folder = Folder::with("a.ops", text);
        folder.sessdiff(&["show", "--as", "c", "a.ops"]).refuses(&format!("a.ops: {why}"));
        folder.sessdiff(&["show", "a.ops"]).exits(0);
    }
}

#[test]
fn a_picture_goes_into_a_file() {
    let folder = Folder::with("a.ops", PROGRAM);
    folder.sessdiff(&["replay", "a.ops", "--svg", "a.svg"]).exits(0).quietly().shows("agree: ");
    let picture = folder.read("a.svg");
    assert!(picture.starts_with("<svg "));
    // One that is there stays, unless it is to be replaced.
    folder.write("a.svg", "Another.\n");
    folder.sessdiff(&["replay", "a.ops", "--svg", "a.svg"]).refuses("a.svg: is there already; `--force` replaces it");
    assert_eq!(folder.read("a.svg"), "Another.\n");
    folder.sessdiff(&["replay", "a.ops", "--svg", "a.svg", "--force"]).exits(0).quietly();
    assert_eq!(folder.read("a.svg"), picture);
    folder.sessdiff(&["replay", "a.ops", "a.ops", "--svg", "b.svg"]).refuses("--svg draws one case");
}

/// It drives the port that is named, or nothing at all.
#[test]
fn a_test_in_rust_drives_the_port_that_is_named() {
    let folder = Folder::with("a.ops", PROGRAM);
    let show = |port: &str| folder.sessdiff(&["show", "--as", "rust", "--port", port, "a.ops"]).exits(0).quietly();
    show("planted:dup-forgets-hostname").shows("Mutant::new(Bug::from_name(\"dup-forgets-hostname\")");
    show("openssl").shows("let port = CPort::linked(");
    show("native").shows("let port = NativePort::new(");
}

//! `sessdiff show`.

use sessdiff::program::Program;

use super::{Folder, PROGRAM, corpus, sessdiff};

#[test]
fn text_is_shown_as_it_is() {
    let folder = Folder::with("a.ops", PROGRAM);
    assert_eq!(folder.sessdiff(&["show", "a.ops"]).exits(0).quietly().stdout, PROGRAM);
    assert_eq!(folder.sessdiff(&["show", "--as", "ops", "a.ops"]).exits(0).quietly().stdout, PROGRAM);
}

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

#[test]
fn what_cannot_be_read_is_named() {
    let folder = Folder::with("some/a.ops", PROGRAM);
    folder.sessdiff(&["show", "missing"]).refuses("missing: ");
    folder.sessdiff(&["show", "some"]).refuses("some: ");
    folder.sessdiff(&["show", "some", "--as", "wire"]).refuses("some: ");
}

/// What is found is shown; what is not is shown as it should be.
#[test]
fn a_program_is_shown_in_the_forms_of_others() {
    let folder = Folder::with("a.ops", PROGRAM);
    let show = |args: &[&str]| folder.sessdiff(&[&["show", "a.ops", "--as"], args].concat()).exits(0).quietly();
    show(&["c"]).shows("int main(void)\n").shows("SSL_SESSION_up_ref(s1)").shows("alike(2, s0, s1);");
    let found = show(&["c", "--port", "planted:dup-forgets-hostname"]);
    assert!(!found.stdout.contains("alike"), "only what the finding is about: {found:?}");
    found.shows("bytes(2, \"hostname of s1\", \"example.org\", 11, read_hostname(s1));");
    show(&["rust"]).shows("#[test]\nfn case() {\n").shows("s1 = SSL_SESSION_dup(s0)\n");
    show(&["svg"]).shows("<svg ").shows("no difference");
    show(&["svg", "--port", "planted:dup-takes-source-reference"]).shows("SSL_SESSION_dup/count, first at call 2");
}

#[test]
fn a_picture_goes_into_a_file() {
    let folder = Folder::with("a.ops", PROGRAM);
    let replay = ["replay", "a.ops", "--svg"];
    folder.sessdiff(&[&replay[..], &["a.svg"]].concat()).exits(0).quietly().shows("agree: ");
    assert!(folder.read("a.svg").starts_with("<svg "));
    let ran = folder.sessdiff(&[&replay[..], &["none/a.svg"]].concat()).exits(64).complains("none/a.svg: ");
    ran.shows("agree: ");
}

//! `sessdiff replay`.

use super::{Folder, PROGRAM, corpus, sessdiff, text_of};

#[test]
fn the_whole_corpus_agrees() {
    let cases = corpus();
    let ran = sessdiff(&[vec!["replay"], text_of(&cases)].concat()).exits(0).quietly();
    assert_eq!(ran.stdout.lines().filter(|line| line.starts_with("agree: ")).count(), cases.len());
}

#[test]
fn bytes_of_a_fuzzer_are_a_case() {
    let folder = Folder::with("a.ops", PROGRAM);
    let wire = folder.sessdiff(&["show", "--as", "wire", "a.ops"]).exits(0).quietly();
    folder.write("crash-1234", &wire.bytes);
    let ran = folder.sessdiff(&["replay", "crash-1234"]).exits(0).quietly();
    assert_eq!(ran.last(), "agree: 8 calls, 0 skipped");
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

    /// A pipe does not say how much comes out of it.
    #[test]
    fn is_a_pipe_with_too_much_in_it() {
        let folder = Folder::with("large", vec![0; (4 << 20) + 1]);
        folder.sh("cat large | sessdiff show /dev/stdin").refuses("/dev/stdin: larger than 4194304 bytes");
    }
}

//! The files of a finding, which never replace what is there.

use std::path::{Path, PathBuf};

use super::disk::write_new;
use super::finding::Finding;
use super::head::of;
use crate::oracle::Signature;
use crate::port::Identity;
use crate::program::{Case, Program};
use crate::report;

/// Names the files of one finding, which never replace what is there.
pub(super) struct Files {
    /// `out/SSL_SESSION_dup.hostname`, with a number if that is taken.
    stem: PathBuf,
    /// The program as it was found.
    pub original: PathBuf,
    signature: Signature,
}

impl Files {
    /// Writes the program as it was found, before anything else is tried.
    pub fn begin(out: &Path, found: &Finding, identity: &Identity) -> std::io::Result<Files> {
        std::fs::create_dir_all(out)?;
        let signature = found.signature();
        let name = report::artifact_name(signature);
        let text =
            Case::text(&format!("{signature}: native against {}, as it was found.", of(identity)), &found.program);
        for number in 1.. {
            let stem = numbered(&out.join(&name), number);
            let original = with_ending(&stem, "original.ops");
            let files = Files { stem, original, signature };
            let known = std::fs::read_to_string(files.path("original.ops")).is_ok_and(|old| old == text);
            let free = ["original.ops", "ops", "c"].iter().all(|kind| !files.path(kind).exists());
            // Somebody else may be as fast: then the next number is taken.
            if known || (free && write_new(&files.original, &text)?) {
                return Ok(files);
            }
        }
        unreachable!("there are more numbers than files")
    }

    /// Gives the files that are written from now on the name of another signature.
    pub fn named(self, out: &Path, signature: Signature) -> Files {
        let stem = out.join(report::artifact_name(signature));
        if signature == self.signature { self } else { Files { stem, ..self } }
    }

    /// Returns the path of the file with this ending.
    pub fn path(&self, kind: &str) -> PathBuf {
        with_ending(&self.stem, kind)
    }

    /// Writes a file, under the next number that is free if the name is taken. Returns where it is.
    pub fn write(&self, kind: &str, text: &str) -> std::io::Result<PathBuf> {
        keep(&self.stem, kind, text)
    }
}

/// Writes a file with this ending, under the next number that is free if the name is taken. Returns where it is.
pub(super) fn keep(stem: &Path, kind: &str, text: &str) -> std::io::Result<PathBuf> {
    for number in 1.. {
        let path = with_ending(&numbered(stem, number), kind);
        if write_new(&path, text)? {
            return Ok(path);
        }
    }
    unreachable!("there are more numbers than files")
}

fn with_ending(stem: &Path, kind: &str) -> PathBuf {
    longer(stem, &format!(".{kind}"))
}

/// Returns the stem of this number. The first has none.
fn numbered(stem: &Path, number: u32) -> PathBuf {
    if number == 1 { stem.into() } else { longer(stem, &format!("-{number}")) }
}

fn longer(stem: &Path, end: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(end);
    path.into()
}

/// Keeps a program that reached something new, by a name that follows from it: a folder has each once, whoever finds it.
pub(super) fn keep_new(folder: &Path, program: &Program) -> std::io::Result<PathBuf> {
    let text =
        Case::text("Kept by `run --corpus-out`: it calls something in a state that no program before it had.", program);
    // FNV-1a.
    let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    let hash = program.to_wire().iter().fold(0xcbf2_9ce4_8422_2325, add);
    keep(&folder.join(format!("kept-{hash:016x}")), "ops", &text)
}

/// Keeps a program that had no verdict, with the reason. Returns where it is.
pub(super) fn keep_inconclusive(out: &Path, why: &str, program: &Program) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(out)?;
    let text = Case::text(&format!("inconclusive: {why}"), program);
    for number in 1.. {
        let path = out.join(format!("inconclusive-{number}.ops"));
        if write_new(&path, &text)? {
            return Ok(path);
        }
    }
    unreachable!("there are more numbers than files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_kept_once_and_replaces_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = "#! sessdiff 1\ns0 = SSL_SESSION_new()\n".parse::<Program>().expect("a program");
        let first = keep_new(folder.path(), &program).expect("a file");
        assert_eq!(keep_new(folder.path(), &program).expect("a file"), first);
        std::fs::write(&first, "mine").expect("a file");
        let second = keep_new(folder.path(), &program).expect("a file");
        assert_ne!(first, second);
        assert_eq!(std::fs::read_to_string(&first).expect("a file"), "mine");
        assert_eq!(Case::read(&second).expect("a case").program, program);
    }

    #[test]
    fn what_has_no_verdict_is_kept_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, other] = ["s0 = SSL_SESSION_new()", "s1 = SSL_SESSION_new()"]
            .map(|call| format!("#! sessdiff 1\n{call}\n").parse::<Program>().expect("a program"));
        let out = folder.path().join("out");
        let keep = |program| keep_inconclusive(&out, "no\nreason", program).expect("a file");
        let (first, second) = (keep(&one), keep(&other));
        assert_eq!((keep(&one), keep(&other)), (first.clone(), second.clone()));
        assert_eq!((first, second), (out.join("inconclusive-1.ops"), out.join("inconclusive-2.ops")));
        let case = Case::read(&out.join("inconclusive-2.ops")).expect("a case");
        assert_eq!((case.why.as_str(), case.program), ("inconclusive: no\nreason", other));
    }
}

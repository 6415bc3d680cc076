//! `record`: a program of the test's own, linked with the OpenSSL under test as a shared library. Its calls are known.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use super::{Folder, Ran};

/// Holds the program, and the library beside it.
static BUILT: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("recorded");
    let mut words: Vec<String> = Vec::new();
    if let Some([ssl, crypto]) = archives() {
        // The executable under test has it inside; what is watched is a library.
        let library = folder.path().join("libssl.so");
        let all =
            ["-shared", "-Wl,--whole-archive", &ssl, &crypto, "-Wl,--no-whole-archive", "-lpthread", "-ldl", "-o"];
        cc(Command::new("cc").args(all).arg(&library));
        let path = folder.path().display();
        words.extend([
            format!("-I{}", env!("SESSDIFF_OPENSSL_INCLUDE")),
            format!("-L{path}"),
            format!("-Wl,-rpath,{path}"),
        ]);
        words.push("-lssl".into());
    } else {
        words.extend(["-lssl".into(), "-lcrypto".into()]);
    }
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/recorded.c");
    cc(Command::new("cc").args(["-Wall", "-Werror", source, "-o"]).arg(&program).args(words).arg("-lpthread"));
    (folder, program)
});

/// Returns libssl and libcrypto of an OpenSSL that cargo has built; `None` for an installed one, which the linker finds.
fn archives() -> Option<[String; 2]> {
    let root = Path::new(env!("SESSDIFF_OPENSSL_ROOT"));
    let folder = ["lib", "lib64"].map(|lib| root.join(lib)).into_iter().find(|lib| lib.join("libssl.a").is_file())?;
    Some(["libssl.a", "libcrypto.a"].map(|name| folder.join(name).display().to_string()))
}

fn cc(command: &mut Command) {
    let said = command.output().expect("cc");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

/// Records one of the things that the program does.
fn record(folder: &Folder, what: &str) -> Ran {
    let program = BUILT.1.to_str().expect("a path in UTF-8");
    folder.sessdiff(&["record", "--", program, what])
}

/// The calls of a case, without its head.
fn calls(folder: &Folder, name: &str) -> String {
    let text = folder.read(name);
    text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

const LEAK: &str = "s0 = SSL_SESSION_new()
SSL_SESSION_set1_id(s0, \"a\\x00b\")
SSL_SESSION_up_ref(s0)
SSL_SESSION_set_timeout(s0, 77)
s1 = SSL_SESSION_dup(s0)
SSL_SESSION_free(s1)
SSL_SESSION_free(s0)
";

#[test]
fn a_missing_free_is_said() {
    let folder = Folder::new();
    let ran = record(&folder, "leak").exits(0).quietly();
    let ran = ran.shows("recorded ended with exit status 7\n7 calls with OpenSSL ");
    ran.shows("the program never releases 1 reference to s0: taken in step 0, s0 = SSL_SESSION_new()");
    assert_eq!(calls(&folder, "recorded/recorded-new-dups.ops"), LEAK);
    // With the call that is missing nothing is.
    let folder = Folder::new();
    let ran = record(&folder, "free").exits(0).quietly();
    ran.shows("8 calls with").shows(": 2 sessions\n  everything is released");
    assert_eq!(calls(&folder, "recorded/recorded-new-dups.ops"), format!("{LEAK}SSL_SESSION_free(s0)\n"));
}

#[test]
fn a_file_with_another_content_stays() {
    let folder = Folder::new();
    record(&folder, "leak").exits(0);
    record(&folder, "leak").exits(0).quietly();
    folder.write("recorded/recorded-new-dups.ops", "mine");
    record(&folder, "leak").exits(64).complains("recorded/recorded-new-dups.ops: is there already");
    assert_eq!(folder.read("recorded/recorded-new-dups.ops"), "mine");
}

/// Two connections of a client whose callback keeps each session, with a server that is not in the log as its peer.
#[test]
fn handshakes_are_spelled_with_a_peer() {
    let folder = Folder::new();
    let ran = record(&folder, "resume").exits(0).quietly();
    let names = folder.names("recorded");
    let told: Vec<String> = names.iter().map(|name| folder.read(&format!("recorded/{name}"))).collect();
    let client = told.iter().find(|text| {
        ["new_cb_keeps)", "s0 = take_kept()", "SSL_set_session(", "SSL_session_reused("]
            .iter()
            .all(|word| text.contains(word))
    });
    let client = client.unwrap_or_else(|| panic!("{told:#?}\n{ran:?}"));
    assert!(client.contains("handshake(x0, x1)\n"), "{client}");
    // The connection, its context and every session were given back.
    ran.shows("everything is released");
    for name in names {
        let replayed = folder.sessdiff(&["replay", &format!("recorded/{name}")]).exits(0);
        replayed.shows(", 0 skipped");
    }
}

#[test]
fn what_no_op_spells_is_counted_by_name() {
    let folder = Folder::new();
    let ran = record(&folder, "print").exits(0);
    ran.shows("cannot be spelled:\n      2  SSL_SESSION_print_fp\n");
}

/// The program's own output is not among the objects.
#[test]
fn what_was_recorded_is_an_object_too() {
    let folder = Folder::new();
    let program = BUILT.1.to_str().expect("a path in UTF-8");
    super::json::fits(&folder, "record", 0, &["record", "--json", "--", program, "print"]);
    let told = folder.sessdiff(&["record", "--json", "--", program, "leak"]).exits(0).json();
    assert_eq!((&told["status"], &told["calls"]), (&7.into(), &7.into()), "{told}");
    let leak = "the program never releases 1 reference to s0: taken in step 0, s0 = SSL_SESSION_new()";
    assert_eq!(told["cases"][0]["never_released"], serde_json::json!([leak]), "{told}");
}

/// What the program sees of errno and the queue of errors is the same, and so is what it sees of its callbacks.
#[test]
fn nothing_changes_for_the_program() {
    let folder = Folder::new();
    record(&folder, "unchanged").exits(0).shows("recorded ended with exit status 0\n");
}

#[test]
fn threads_and_forks_are_told_apart() {
    let folder = Folder::new();
    record(&folder, "threads").exits(0).shows("\n1200 calls with").shows(": 400 sessions\n");
    let folder = Folder::new();
    // The child frees what its parent made before the fork, and so does the parent.
    let ran = record(&folder, "fork").exits(0);
    ran.shows("\n3 calls of 2 processes with").shows("everything is released");
}

#[test]
fn a_program_is_ended_after_its_time() {
    let folder = Folder::new();
    let program = BUILT.1.to_str().expect("a path in UTF-8");
    let ran = folder.sessdiff(&["record", "--seconds", "1", "--", program, "wait"]).exits(0);
    ran.shows("recorded ended with signal 15\n").shows("the program never releases 1 reference to s0");
}

/// What was logged until ^C is written.
#[test]
fn an_interrupt_ends_the_program_and_keeps_what_was_logged() {
    let folder = Folder::new();
    let program = BUILT.1.display();
    let ran = folder.sh(&format!(
        "\"$SESSDIFF\" record -- {program} wait >out & at=$!; while ! grep -q waits out; do sleep 0.05; done; kill -INT $at; wait $at"
    ));
    ran.exits(130);
    assert!(folder.read("out").contains("recorded ended with signal 2\n"), "{}", folder.read("out"));
    assert_eq!(folder.names("recorded"), ["recorded-new.ops"]);
}

#[test]
fn a_program_without_openssl_is_no_recording() {
    let folder = Folder::new();
    let ran = folder.sessdiff(&["record", "--", "true"]).exits(4);
    ran.complains("no session call was seen of true, which ended with exit status 0: it calls no OpenSSL");
    folder.write("a.c", "int main(void) { return 3; }");
    folder.sh("cc -static a.c -o a").exits(0);
    let ran = folder.sessdiff(&["record", "--", "./a"]).exits(4);
    ran.complains("no session call was seen of a, which ended with exit status 3: the library was not loaded");
    folder.sessdiff(&["record", "--", "./nosuch"]).refuses("./nosuch: No such file or directory");
    assert_eq!(folder.names("."), ["a", "a.c"]);
}

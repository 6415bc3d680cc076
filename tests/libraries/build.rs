//! Libraries with a bug: a file of the sources that the linked OpenSSL was built from, as a rule `ssl/ssl_sess.c`, with a patch of
//! ours, and the rest of that build, as one shared library. A few seconds each, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use sessdiff::oracle::Signature;

/// The file that is compiled again where no patch names another one.
const SOURCE: &str = "ssl/ssl_sess.c";

/// A patch and what it is found as.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "another target builds the library without a bug alone")]
pub struct Bug {
    /// The file's name without its ending.
    pub name: String,
    /// What is wrong, in a sentence.
    pub why: String,
    /// The signatures: of the same bug there may be one for each kind of memory.
    pub signatures: Vec<Signature>,
    /// Says what programs are about that find it, if not everything: the harness looks at what a handshake made, and what ends the process
    /// then is found under the handshake's name.
    pub about: Option<String>,
    diff: String,
}

/// Every patch, by name.
#[allow(dead_code, reason = "another target builds the library without a bug alone")]
pub fn bugs() -> Vec<Bug> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libraries");
    let paths = fs::read_dir(folder).expect("the patches").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "patch")).collect();
    paths.sort();
    paths.iter().map(|path| Bug::read(path)).collect()
}

#[allow(dead_code, reason = "another target builds the library without a bug alone")]
impl Bug {
    fn read(path: &Path) -> Bug {
        let text = fs::read_to_string(path).expect("a patch");
        let (head, diff) = text.split_once("\n\n").expect("a head, an empty line, and a diff");
        let (why, signature) = head.split_once("\nsignature: ").expect("a sentence and a signature");
        let (signature, about) = match signature.split_once("\nabout: ") {
            Some((signature, about)) => (signature, Some(about.trim().to_string())),
            None => (signature, None),
        };
        let name = path.file_stem().expect("a name").to_str().expect("a name in UTF-8");
        Bug {
            name: name.into(),
            why: why.into(),
            about,
            signatures: signature.split(" | ").map(|text| text.parse().expect("a signature")).collect(),
            diff: diff.into(),
        }
    }

    /// The file that it changes.
    pub fn file(&self) -> &str {
        self.diff.lines().next().and_then(|line| line.strip_prefix("--- a/")).unwrap_or(SOURCE)
    }

    /// The library with this bug.
    pub fn library(&self) -> PathBuf {
        library(&self.name, Some(&self.diff), None)
    }
}

/// The library with a bug whose first finding is hard to reduce: `tests/libraries/reduced/NAME.patch`.
#[allow(dead_code, reason = "another target builds the library without a bug alone")]
pub fn hard_to_reduce(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libraries/reduced");
    let text = fs::read_to_string(folder.join(name).with_extension("patch")).expect("a patch");
    let (_, diff) = text.split_once("\n\n").expect("a head, an empty line, and a diff");
    library(&format!("reduced-{name}"), Some(diff), None)
}

/// The library whose sessions with a ticket are destroyed and never freed, nor what they hold.
#[allow(dead_code, reason = "another target builds the library without a bug alone")]
pub fn leaks_sessions() -> PathBuf {
    let diff = "--- a/ssl/ssl_sess.c\n+++ b/ssl/ssl_sess.c\n@@ -885,2 +885,4 @@\n     OPENSSL_cleanse(ss->session_id, sizeof(ss->session_id));\n\
                +    if (ss->ext.tick != NULL)\n+        return;\n     X509_free(ss->peer);\n";
    library("leaks-sessions", Some(diff), None)
}

/// The library in which whoever writes a session that has a lifetime hint leaks 24 bytes.
#[allow(dead_code, reason = "another target builds the library without a bug alone")]
pub fn leaks_where_it_writes() -> PathBuf {
    let diff = "--- a/ssl/ssl_asn1.c\n+++ b/ssl/ssl_asn1.c\n@@ -190,3 +190,3 @@\n     }\n\
                -    if (in->ext.tick_lifetime_hint > 0)\n\
                +    if (in->ext.tick_lifetime_hint > 0 && OPENSSL_malloc(24) != NULL)\n\
                \x20        as.tlsext_tick_lifetime_hint = in->ext.tick_lifetime_hint;\n";
    library("leaks-where-it-writes", Some(diff), None)
}

/// The library without a bug.
pub fn good() -> PathBuf {
    library("good", None, None)
}

/// The library without a bug that does not export this function.
#[allow(dead_code, reason = "another target builds the library without a bug alone")]
pub fn without(function: &str) -> PathBuf {
    library(&format!("without-{function}"), None, Some(function))
}

/// `libssl.a` and `libcrypto.a` as they are linked, with one file compiled again, in one shared library that exports all but
/// `hidden`.
fn library(name: &str, diff: Option<&str>, hidden: Option<&str>) -> PathBuf {
    // One at a time: tests of one process need the same ones.
    static BUILDING: Mutex<()> = Mutex::new(());
    let _guard = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let named = diff.and_then(|diff| diff.lines().next()?.strip_prefix("--- a/"));
    let file = Path::new(named.unwrap_or(SOURCE));
    let source = fs::read_to_string(openssl_src::source_dir().join(file)).expect("the sources");
    let patched = diff.map_or_else(
        || source.clone(),
        |diff| {
            let patch = diffy::Patch::from_str(diff).unwrap_or_else(|error| panic!("{name}: {error}"));
            diffy::apply(&source, &patch).unwrap_or_else(|error| panic!("{name}: {error}"))
        },
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libraries").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    let (made, c) = (folder.join("libssl.so"), folder.join(file.file_name().expect("a file")));
    let root = Path::new(env!("SESSDIFF_OPENSSL_ROOT"));
    // What it is made of is beside it: the source, and which build the rest is of.
    let key = format!("/* {} {} */\n{patched}", openssl_src::version(), root.display());
    if made.is_file() && fs::read_to_string(&c).is_ok_and(|old| old == key) {
        return made;
    }
    fs::write(&c, key).expect("a file");
    let sources = openssl_src::source_dir();
    let include = |path: PathBuf| format!("-I{}", path.display());
    let object = folder.join("patched.o");
    run(Command::new("cc")
        .args(["-c", "-fPIC", "-O2", "-pthread", "-DNDEBUG", "-DOPENSSL_BUILDING_OPENSSL"])
        .arg(include(root.join("include")))
        .args(["include", "ssl", "ssl/statem", ""].map(|part| include(sources.join(part))))
        // The name that reports show.
        .arg(format!("-ffile-prefix-map={}=ssl", folder.display()))
        .arg(&c)
        .arg("-o")
        .arg(&object));
    let archives = ["lib", "lib64"].map(|lib| root.join(lib)).into_iter().find(|lib| lib.join("libssl.a").is_file());
    let archives = archives.expect("the archives that are linked");
    let ssl = folder.join("libssl.a");
    fs::copy(archives.join("libssl.a"), &ssl).expect("an archive");
    let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("a file");
    run(Command::new("ar").arg("d").arg(&ssl).arg(format!("libssl-lib-{stem}.o")));
    let linking = folder.join("linking.so");
    let exports = folder.join("exports");
    fs::write(&exports, format!("{{ local: {}; }};", hidden.unwrap_or("none_such"))).expect("a file");
    run(Command::new("cc")
        .arg("-shared")
        .arg(format!("-Wl,--version-script={}", exports.display()))
        .arg("-o")
        .arg(&linking)
        .arg(&object)
        .arg("-Wl,--whole-archive")
        .arg(&ssl)
        .arg(archives.join("libcrypto.a"))
        .args(["-Wl,--no-whole-archive", "-Wl,-Bsymbolic", "-Wl,-z,defs", "-pthread", "-ldl"]));
    fs::remove_file(&ssl).expect("an archive");
    // Whoever finds it finds it whole.
    fs::rename(&linking, &made).expect("a library");
    made
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

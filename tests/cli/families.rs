//! Libraries of other families: small ones that are written here, and those that Debian has, where they are installed.
#![cfg(feature = "vendored")]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Folder, Ran};

/// What a session of the family boring does with types of its own.
const BORING: &str = "\
#! sessdiff 1
s0 = SSL_SESSION_new()
SSL_SESSION_get_timeout(s0)
SSL_SESSION_set_timeout(s0, -1)
SSL_SESSION_get_timeout(s0)
SSL_SESSION_set_timeout(s0, 8589934591)
SSL_SESSION_set_time(s0, -5)
SSL_SESSION_set_protocol_version(s0, 0x303)
SSL_SESSION_set_protocol_version(s0, 0x9999)
SSL_SESSION_set_protocol_version(s0, 0)
SSL_SESSION_set1_id(s0, \"an id of more than thirty-two bytes\")
SSL_SESSION_up_ref(s0)
SSL_SESSION_free(s0)
SSL_SESSION_get_timeout(NULL)
SSL_SESSION_get_time(NULL)
SSL_SESSION_free(s0)
";

/// What a session of the family wolf does by names of its own.
const WOLF: &str = "\
#! sessdiff 1
s0 = SSL_SESSION_new()
SSL_SESSION_set1_id(s0, \"id\")
SSL_SESSION_set_timeout(s0, 777)
SSL_SESSION_set_timeout(s0, -1)
SSL_SESSION_set_timeout(s0, 8589934591)
SSL_SESSION_set_timeout(NULL, 1)
SSL_SESSION_get_timeout(NULL)
SSL_SESSION_get_master_key(s0, 0)
SSL_SESSION_get_master_key(s0, 10)
SSL_SESSION_up_ref(s0)
SSL_SESSION_free(s0)
SSL_SESSION_free(s0)
";

/// A folder with a program, and a library that is compiled from a file of `tests/families` with these definitions.
fn compiled(source: &str, program: &str, definitions: &[&str]) -> Folder {
    let folder = Folder::with("a.ops", program);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families").join(source);
    let mut compiler = folder.command("cc");
    compiler.args(["-shared", "-fPIC", "-w", "-o", "lib.so"]).arg(path).args(definitions);
    assert!(compiler.status().expect("cc").success(), "{source}");
    folder
}

/// What a session of the family libressl does.
const LIBRESSL: &str = "\
#! sessdiff 1
s0 = SSL_SESSION_new()
SSL_SESSION_set1_id(s0, \"id\")
SSL_SESSION_set_timeout(s0, 777)
SSL_SESSION_set_ex_data(s0, ex_counted, 7)
SSL_SESSION_up_ref(s0)
s1 = SSL_SESSION_dup(s0)
SSL_SESSION_free(s0)
SSL_SESSION_free(s0)
SSL_SESSION_free(s1)
";

const HONEST: [&str; 2] = ["-DTIMEOUT=7200", "-DTAKEN=1"];

fn said_of(folder: &Folder) -> Ran {
    folder.sessdiff(&["ports", "--port", "lib:lib.so"]).exits(0).quietly()
}

fn replayed(folder: &Folder) -> Ran {
    folder.sessdiff(&["replay", "--port", "lib:lib.so", "a.ops"])
}

#[test]
fn a_library_is_called_by_the_types_of_its_family() {
    let folder = compiled("boring.c", BORING, &HONEST);
    said_of(&folder)
        .shows("lib:lib.so BoringSSL (family boring, guessed), in ")
        .shows("lacks ")
        .shows("SSL_SESSION_dup")
        .shows("reference count found\n")
        .shows("custom timeout-is-two-hours (SSL_SESSION_new): ");
    let ran = replayed(&folder).exits(0).quietly();
    let null = ran.stdout.lines().find(|line| line.contains("SSL_SESSION_get_timeout(NULL)"));
    assert!(null.is_some_and(|line| line.contains("UNSUPPORTED")), "it follows NULL: {ran:?}");
    let freed = ran.stdout.lines().rfind(|line| line.contains("SSL_SESSION_free(s0)"));
    assert!(freed.is_some_and(|line| line.matches("destroyed").count() == 2), "its end is not seen: {ran:?}");
    ran.shows("(family boring, guessed)");
}

/// What no custom explains is a difference.
#[test]
fn a_library_that_does_otherwise_is_found_out() {
    let found = |definitions: &[&str], signature: &str| {
        replayed(&compiled("boring.c", BORING, definitions)).exits(1).shows(signature);
    };
    found(&["-DTIMEOUT=304", "-DTAKEN=1"], "SSL_SESSION_new/timeout");
    found(&["-DTIMEOUT=7200", "-DTAKEN=2"], "SSL_SESSION_up_ref/count");
}

/// A count that does not move is none. That a session ends early is seen all the same.
#[test]
fn a_count_that_is_not_found_is_unknown() {
    let folder = compiled("boring.c", BORING, &["-DTIMEOUT=7200", "-DTAKEN=0"]);
    said_of(&folder).shows("reference count not found\n");
    replayed(&folder).exits(1).shows("SSL_SESSION_free/destroyed-early");
}

#[test]
fn a_library_is_called_by_the_names_of_its_family() {
    let folder = compiled("wolf.c", WOLF, &["-DLEAKS=0"]);
    said_of(&folder).shows("wolfSSL 5.5.4 (family wolf, guessed), in ").shows("reference count found\n");
    replayed(&folder).exits(0).quietly();
}

/// Its indices begin with 0, its memory is its own, and its version is none of OpenSSL's.
#[test]
fn libressl_is_told_by_what_is_a_macro_elsewhere() {
    let honest = ["-DTAKEN=1", "-DFORGETS=0"];
    let folder = compiled("libressl.c", LIBRESSL, &honest);
    said_of(&folder).shows("LibreSSL 3.1.0 (family libressl, guessed), in ").shows("reference count found\n");
    replayed(&folder).exits(0).quietly();
    for (definitions, signature) in [
        (["-DTAKEN=2", "-DFORGETS=0"], "SSL_SESSION_up_ref/count"),
        (["-DTAKEN=1", "-DFORGETS=1"], "SSL_SESSION_dup/timeout"),
    ] {
        replayed(&compiled("libressl.c", LIBRESSL, &definitions)).exits(1).shows(signature);
    }
}

/// Its memory is the harness's.
#[test]
fn a_leak_is_found_in_a_library_with_names_of_its_own() {
    let folder = compiled("wolf.c", WOLF, &["-DLEAKS=1"]);
    let ran = replayed(&folder);
    assert!([Some(1), Some(2)].contains(&ran.code), "{ran:?}");
}

/// Which symbol is missing is said, and what is not called for want of it.
#[test]
fn a_missing_symbol_is_named() {
    let folder = compiled("wolf.c", WOLF, &["-DLEAKS=0"]);
    said_of(&folder).shows("no symbol ").shows("wolfSSL_i2d_X509 (");
    let object = folder.sessdiff(&["ports", "--port", "lib:lib.so", "--json"]).exits(0).json();
    let missing = object["ports"][0]["missing"].as_array().expect("a list");
    let of = |symbol: &str| missing.iter().find(|one| one["symbol"] == symbol);
    let dup = of("wolfSSL_SESSION_dup").expect("it has none");
    assert_eq!(dup["function"], "SSL_SESSION_dup");
    assert!(dup["needed_by"].as_array().is_some_and(|by| by.contains(&"SSL_SESSION_dup".into())), "{dup}");
    assert_eq!(of("wolfSSL_SESSION_up_ref"), None);
    // What has another meaning there is not called, whatever symbols there are.
    assert!(missing.iter().all(|one| one["needed_by"].as_array().is_some_and(|by| !by.contains(&"SSL_new".into()))));
    let check = ["check", "--port", "lib:lib.so", "--case", "get0_peer/*", "--json"];
    let check = folder.sessdiff(&check).exits(4).json();
    let cases = check["cases"].as_array().filter(|cases| !cases.is_empty()).expect("cases");
    let why = |case: &serde_json::Value| case["why"].as_str().unwrap_or_default().to_string();
    assert!(cases.iter().any(|case| why(case).contains("no symbol wolfSSL_i2d_X509")), "{cases:?}");
    // With one symbol more, one is missing less.
    let whole = compiled("wolf.c", WOLF, &["-DLEAKS=0", "-DI2D_X509"]);
    assert!(!said_of(&whole).stdout.contains("wolfSSL_i2d_X509"));
}

/// Compiles `a.c` of a folder with a library and without a warning, and returns what it ends with, and what it printed.
fn ran_in_c(folder: &Folder, library: &Path) -> (Option<i32>, String) {
    let mut cc = folder.command("cc");
    let beside = library.with_file_name("libcrypto.so.0");
    cc.arg("-I").arg(library.with_file_name("include"));
    cc.args(["-Wall", "-Wextra", "-Werror", "a.c", "-o", "a.out"]).arg(library);
    let said = cc.args(Some(&beside).filter(|beside| beside.exists())).output().expect("cc");
    assert!(said.status.success(), "{}\n{}", folder.read("a.c"), String::from_utf8_lossy(&said.stderr));
    let mut program = folder.command("./a.out");
    let said = program.env("LD_LIBRARY_PATH", library.parent().expect("a folder")).output().expect("the program");
    (said.status.code(), String::from_utf8_lossy(&said.stdout).into_owned())
}

/// Writes the C of `a.ops` of a folder with a library to `a.c`.
fn put_in_c(folder: &Folder, library: &Path, more: &[&str]) -> Ran {
    let port = format!("lib:{}", library.display());
    let ran = folder.sessdiff(&[&["show", "--as", "c", "--port", &port, "a.ops"], more].concat()).exits(0);
    folder.write("a.c", &ran.stdout);
    ran
}

/// The C of a difference needs no header of the library. It shows the difference with a library that does otherwise, and nothing with
/// one that does not.
#[test]
fn the_c_of_a_difference_shows_it() {
    for (source, program, right, wrong, signature) in [
        ("boring.c", BORING, &HONEST[..], &["-DTIMEOUT=304", "-DTAKEN=1"][..], "SSL_SESSION_new/timeout"),
        ("boring.c", BORING, &HONEST, &["-DTIMEOUT=7200", "-DTAKEN=2"], "SSL_SESSION_up_ref/count"),
        ("wolf.c", WOLF, &["-DLEAKS=0"], &["-DLEAKS=1"], "leak"),
        (
            "libressl.c",
            LIBRESSL,
            &["-DTAKEN=1", "-DFORGETS=0"],
            &["-DTAKEN=2", "-DFORGETS=0"],
            "SSL_SESSION_up_ref/count",
        ),
    ] {
        let [honest, broken] = [right, wrong].map(|definitions| compiled(source, program, definitions));
        put_in_c(&broken, &broken.path("lib.so"), &[]).shows(signature);
        let (code, said) = ran_in_c(&broken, &broken.path("lib.so"));
        assert_eq!(code, Some(1), "{signature}: {said}");
        let (code, said) = ran_in_c(&broken, &honest.path("lib.so"));
        assert_eq!(code, Some(0), "{signature}: {said}");
        // What agrees is as expected in C.
        put_in_c(&honest, &honest.path("lib.so"), &[]);
        let (code, said) = ran_in_c(&honest, &honest.path("lib.so"));
        assert_eq!(code, Some(0), "{signature}: {said}");
    }
}

/// The check compiles it itself, and says what came of it.
#[test]
fn a_check_shows_a_difference_of_another_family_in_c() {
    let folder = compiled("boring.c", BORING, &["-DTIMEOUT=304", "-DTAKEN=1"]);
    let ran = folder.sessdiff(&["check", "--port", "lib:lib.so", "--case", "new/*"]).exits(1);
    ran.shows("C says: ").shows(", exit 1").shows("C file: cc ");
}

/// Programs, which custom is not followed where that is what shows, and what shows then, in a port of `scripts/build-port`.
type Shown = (&'static str, &'static [(&'static str, Option<&'static str>, &'static str)]);

const OF_BORING: &[(&str, Option<&str>, &str)] = &[
    ("s0 = SSL_SESSION_new()\n", Some("timeout-is-two-hours"), "SSL_SESSION_new/timeout"),
    (
        "s0 = SSL_SESSION_new()\nSSL_SESSION_set_timeout(s0, 8589934591)\n",
        Some("timeout-has-32-bits"),
        "SSL_SESSION_set_timeout/timeout",
    ),
    (
        "s0 = SSL_SESSION_new()\nSSL_SESSION_set_protocol_version(s0, 0x9999)\n",
        Some("only-known-versions"),
        "SSL_SESSION_set_protocol_version/return",
    ),
    (
        "c0 = SSL_CTX_new(TLS_server_method())\nSSL_CTX_set_timeout(c0, 0)\nSSL_CTX_get_timeout(c0)\n",
        Some("context-timeout-is-never-0"),
        "SSL_CTX_get_timeout/return",
    ),
];

/// More than the 32 bytes of an id.
const LONG: &str = "an id of more than thirty-two bytes";

/// What is accepted of each is in `corpus/known`.
const SHOWN: [Shown; 5] = [
    ("aws-lc", OF_BORING),
    ("boringssl", OF_BORING),
    ("android-libboringssl", OF_BORING),
    (
        "wolfssl",
        &[
            ("s0 = SSL_SESSION_new()\n", Some("new-has-no-time"), "SSL_SESSION_new/time"),
            ("s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, \"a\")\n", None, "SSL_SESSION_set1_id/sid_ctx"),
            ("s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, LONG)\n", None, "SSL_SESSION_set1_id/error-queue"),
            (
                "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id_context(s0, \"a\")\n",
                None,
                "SSL_SESSION_set1_id_context/sid_ctx",
            ),
            (
                "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id_context(s0, LONG)\n",
                None,
                "SSL_SESSION_set1_id_context/error-queue",
            ),
        ],
    ),
    (
        "libwolfssl35",
        &[
            ("s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, \"a\")\n", None, "SSL_SESSION_set1_id/return"),
            ("s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, LONG)\n", None, "SSL_SESSION_set1_id/error-queue"),
            (
                "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id_context(s0, \"a\")\n",
                None,
                "SSL_SESSION_set1_id_context/return",
            ),
        ],
    ),
];

/// Tongsuo is called as OpenSSL is, by its own headers.
#[test]
fn the_c_of_what_tongsuo_does_otherwise_shows_it() {
    let Some(library) = built("tongsuo") else { return };
    for case in ["no-sm4-suites", "no-new-gost-suites"] {
        let path = Path::new(super::CORPUS).join("rules").join(case).with_extension("ops");
        let folder = Folder::with("a.ops", std::fs::read(path).expect("a committed case"));
        put_in_c(&folder, &library, &[]);
        let (code, said) = ran_in_c(&folder, &library);
        assert_eq!(code, Some(1), "{case}: {said}");
    }
}

/// Returns the library that `scripts/build-port` has made; it takes minutes to build one.
#[expect(clippy::print_stderr, reason = "a test that tests nothing says so")]
fn built(port: &str) -> Option<PathBuf> {
    let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/build-port"));
    let output = script.args(["--cached", port]).output().ok().filter(|output| output.status.success());
    if output.is_none() {
        eprintln!("not built: {port}");
    }
    Some(PathBuf::from(String::from_utf8(output?.stdout).expect("a path").trim()))
}

/// Where what shows is a custom, nothing shows with the custom.
#[test]
fn the_c_of_what_other_libraries_do_otherwise_shows_it() {
    for (port, differences) in SHOWN {
        let Some(library) = built(port) else { continue };
        for (program, without, signature) in differences {
            let program = program.replace("LONG", &format!("{LONG:?}"));
            let folder = Folder::with("a.ops", format!("#! sessdiff 1\n{program}"));
            let unfollowed: Vec<&str> = without.iter().flat_map(|custom| ["--without", custom]).collect();
            put_in_c(&folder, &library, &unfollowed).shows(signature);
            let (code, said) = ran_in_c(&folder, &library);
            assert_eq!(code, Some(1), "{port}, {signature}: {said}");
            if without.is_some() {
                put_in_c(&folder, &library, &[]);
                let (code, said) = ran_in_c(&folder, &library);
                assert_eq!(code, Some(0), "{port}, {signature}: {said}");
            }
        }
    }
}

/// Without a context there is no session.
#[test]
fn a_library_that_makes_no_context_is_refused() {
    let folder = compiled("boring.c", BORING, &[&HONEST[..], &["-DTLS_method=other_method"]].concat());
    let ran = folder.sessdiff(&["replay", "--port", "lib:lib.so", "a.ops"]).exits(5);
    ran.complains("no session API");
}

/// Programs of sessions run to a verdict on a library of Debian's, which is no crash. `None`: it is not installed.
#[expect(clippy::print_stderr, reason = "a test that tests nothing says so")]
fn explored(path: &str) -> Option<Ran> {
    if !Path::new(path).exists() {
        eprintln!("not installed: {path}");
        return None;
    }
    let folder = Folder::new();
    let port = format!("lib:{path}");
    let about = ["run", "--about", "sessions", "--programs", "2000", "--seed", "1", "--corpus", "none"];
    let ran = folder.sessdiff(&[&about[..], &["--port", &port]].concat());
    assert!([Some(0), Some(1)].contains(&ran.code), "{ran:?}");
    Some(ran)
}

/// `android-libboringssl`.
#[test]
fn boringssl_agrees_but_for_its_customs() {
    if let Some(ran) = explored("/usr/lib/x86_64-linux-gnu/android/libssl.so.0") {
        let ran = ran.exits(0).shows("BoringSSL (family boring, guessed)");
        assert!(!ran.stdout.contains("watched memory"), "it cannot be given memory: {ran:?}");
    }
}

/// `libwolfssl35`, whose `SSL_SESSION_set1_id` does nothing.
#[test]
fn wolfssl_differs_where_it_does() {
    if let Some(ran) = explored("/usr/lib/x86_64-linux-gnu/libwolfssl.so.35") {
        ran.exits(1).shows("wolfSSL 5.5.4 (family wolf, guessed)").shows("RETURN SSL_SESSION_set1_id");
    }
}

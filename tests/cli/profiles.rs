//! Libraries that are called as a profile says: the OpenSSL that cargo has built, under other names.
#![cfg(feature = "vendored")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sessdiff::port::c::prototypes::LIST;

use super::{Folder, Ran};

/// What stands before the symbols.
const PREFIX: &str = "mine_";

/// Makes `libmine.so`: every function of the list as a jump to OpenSSL's own, which nobody else sees, and what is written in C besides.
/// `renamed`: functions that have other symbols; `left`: those that are in `c`, or nowhere.
fn library(renamed: &[(&str, &str)], left: &[&str], c: &str) -> Folder {
    let folder = Folder::new();
    let mut source = String::from(
        "#include <openssl/ssl.h>\n#if defined(__x86_64__)\n#define GO \"jmp \"\n#else\n#define GO \"b \"\n#endif\n",
    );
    for (function, ..) in LIST.iter().filter(|(function, ..)| !left.contains(function)) {
        let other = renamed.iter().find(|(name, _)| name == function).map(|(_, symbol)| symbol.to_string());
        let symbol = other.unwrap_or(format!("{PREFIX}{function}"));
        let typed = format!(".globl {symbol}\\n.type {symbol}, @function\\n{symbol}: \" GO \"{function}\\n");
        writeln!(source, "__asm__(\".text\\n{typed}\");").expect("a String takes all");
    }
    folder.write("mine.c", source + c);
    let root = Path::new(env!("SESSDIFF_OPENSSL_ROOT"));
    let lib = ["lib", "lib64"].map(|lib| root.join(lib)).into_iter().find(|lib| lib.join("libssl.a").is_file());
    let lib = lib.expect("the OpenSSL that cargo has built");
    let mut cc = folder.command("cc");
    cc.args([
        "-shared",
        "-fPIC",
        "-O1",
        "-o",
        "libmine.so",
        "mine.c",
        "-Wl,-Bsymbolic",
        "-Wl,--exclude-libs,ALL",
        "-I",
    ]);
    cc.arg(root.join("include")).args(["libssl.a", "libcrypto.a"].map(|name| lib.join(name)));
    let said = cc.args(["-pthread", "-ldl"]).output().expect("cc");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    folder
}

/// Runs a command on the library with a profile.
fn profiled(folder: &Folder, command: &[&str], profile: &str) -> Ran {
    folder.write("mine.toml", profile);
    folder.sessdiff(&[command, &["--port", "lib:libmine.so", "--profile", "mine.toml"]].concat())
}

/// Returns what came of each case.
fn outcomes(ran: &Ran) -> BTreeMap<String, String> {
    let check = ran.json();
    let cases = check["cases"].as_array().expect("cases");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_string();
    cases.iter().map(|case| (text(&case["id"]), text(&case["outcome"]))).collect()
}

const CHECK: [&str; 2] = ["check", "--json"];

#[test]
fn a_library_with_a_prefix_is_what_it_is_without() {
    let folder = library(&[], &[], "");
    let profile = format!("family = \"openssl\"\nprefix = \"{PREFIX}\"\n");
    let plain = folder.sessdiff(&CHECK).exits(0);
    let mine = profiled(&folder, &CHECK, &profile).exits(0);
    assert_eq!(outcomes(&mine), outcomes(&plain));
    // Its functions have no other names.
    folder.sessdiff(&["ports", "--port", "lib:libmine.so"]).exits(5).complains("no session API");
    profiled(&folder, &["ports"], &profile)
        .exits(0)
        .shows("lacks nothing")
        .shows("(family openssl, called as mine.toml says)");
    let run = ["run", "--programs", "2000", "--seed", "1", "--corpus", "none", "--probes", "mixed"];
    profiled(&folder, &run, &profile).exits(0);
}

/// The wrong symbol has the right type.
#[test]
fn a_rename_to_the_wrong_function_is_found() {
    let folder = library(&[], &[], "");
    let profile = |symbol: &str| {
        format!("family = \"openssl\"\nprefix = \"{PREFIX}\"\n[rename]\nSSL_SESSION_get_timeout = \"{symbol}\"\n")
    };
    let check = ["check", "--case", "*timeout*"];
    profiled(&folder, &check, &profile("mine_SSL_SESSION_get_timeout")).exits(0);
    let wrong = profiled(&folder, &check, &profile("mine_SSL_SESSION_get_time")).exits(1);
    wrong.shows("timeout").shows("--profile mine.toml").shows("C says: ").shows(", exit 1");
    let nowhere = profiled(&folder, &["ports"], &profile("mine_nothing")).exits(0);
    nowhere.shows("SSL_SESSION_get_timeout").shows("no symbol mine_nothing (");
}

/// The profile of the page, and a library that is as it says.
#[test]
fn the_profile_of_the_page_is_one() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PORTING.md")).expect("the page");
    let profile =
        page.split("```toml\n").filter_map(|rest| rest.split("```").next()).find(|text| text.contains("prefix"));
    let profile = profile.expect("a profile in the page");
    let of_context = "SSL_SESSION *mine_SSL_SESSION_new(const SSL_CTX *context)\n{\n    return SSL_CTX_get_timeout(context) > 0 ? \
                      SSL_SESSION_new() : NULL;\n}\n";
    let renamed = [("SSL_SESSION_up_ref", "mine_session_take")];
    let folder = library(&renamed, &["SSL_SESSION_new", "OpenSSL_version"], of_context);
    let ran = profiled(&folder, &CHECK, profile).exits(0);
    let came = outcomes(&ran);
    let passed = came.values().filter(|outcome| *outcome == "pass").count();
    assert!(passed * 2 > came.len(), "{passed} of {}", came.len());
    let said = profiled(&folder, &["ports"], profile).exits(0);
    said.shows("lib:libmine.so mine 1.0 (family openssl, called as mine.toml says)")
        .shows("left out: SSL_SESSION_print: a stub")
        .shows("reference count found");
    // The C program knows it, too.
    folder.write(
        "a.ops",
        "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\nSSL_SESSION_set_timeout(s0, 7)\n",
    );
    folder.write("a.c", &profiled(&folder, &["show", "--as", "c", "a.ops"], profile).exits(0).stdout);
    let mut cc = folder.command("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "a.c", "./libmine.so", "-I"]);
    cc.arg(Path::new(env!("SESSDIFF_OPENSSL_ROOT")).join("include"));
    let said = cc.output().expect("cc");
    assert!(said.status.success(), "{}\n{}", folder.read("a.c"), String::from_utf8_lossy(&said.stderr));
    assert_eq!(folder.command("./a.out").output().expect("the program").status.code(), Some(0));
}

/// What is returned in 32 bits has garbage above them.
#[test]
fn a_function_has_the_type_that_the_profile_says() {
    let garbage = "unsigned long mine_SSL_SESSION_get_timeout(const SSL_SESSION *s)\n{\n    return (unsigned \
                   long)SSL_SESSION_get_timeout(s) | 0xdead000000000000;\n}\n";
    let folder = library(&[], &["SSL_SESSION_get_timeout"], garbage);
    let plain = format!("family = \"openssl\"\nprefix = \"{PREFIX}\"\n");
    let check = ["check", "--case", "new/*"];
    profiled(&folder, &check, &plain).exits(1).shows("SSL_SESSION_new/timeout");
    profiled(&folder, &check, &format!("{plain}[types]\nSSL_SESSION_get_timeout = \"boring\"\n")).exits(0);
}

/// Without a constructor, ex_data, or an error queue the rest is still checked.
#[test]
fn what_is_missing_is_not_called() {
    let folder = library(&[], &[], "");
    let missing = |functions: &[&str]| {
        let listed: String = functions.iter().map(|function| format!("{function} = \"not ours\"\n")).collect();
        format!("family = \"openssl\"\nprefix = \"{PREFIX}\"\n[missing]\n{listed}")
    };
    let check = |functions: &[&str]| {
        let ran = profiled(&folder, &CHECK, &missing(functions)).exits(0);
        let came = outcomes(&ran);
        assert!(came.values().any(|outcome| outcome == "pass"), "{functions:?}: nothing passed");
        came
    };
    let stored = check(&["SSL_SESSION_new"]);
    assert!(stored.iter().all(|(id, outcome)| !id.starts_with("new/") || outcome == "unsupported"), "{stored:?}");
    check(&["ERR_peek_error"]);
    let plain = check(&["CRYPTO_get_ex_new_index", "SSL_SESSION_set_ex_data", "SSL_SESSION_get_ex_data"]);
    assert_eq!(plain.get("new/makes-one-reference").map(String::as_str), Some("pass"));
    let unwatched = check(&["CRYPTO_set_mem_functions"]);
    assert_eq!(unwatched.get("new/makes-one-reference").map(String::as_str), Some("pass"));
}

/// Nobody looks whether an error is raised where a profile says that there is no queue.
#[test]
fn errors_are_seen_in_a_queue_alone() {
    let silent = "int mine_SSL_SESSION_set1_id(SSL_SESSION *s, const unsigned char *id, unsigned int length)\n{\n    return \
                  length <= 32 && SSL_SESSION_set1_id(s, id, length);\n}\n";
    let folder = library(&[], &["SSL_SESSION_set1_id"], silent);
    let plain = format!("family = \"openssl\"\nprefix = \"{PREFIX}\"\n");
    let check = ["check", "--case", "set1_id/*"];
    profiled(&folder, &check, &plain).exits(1).shows("SSL_SESSION_set1_id/error-queue");
    profiled(&folder, &check, &format!("{plain}[missing]\nERR_peek_error = \"no queue\"\n")).exits(0);
}

#[test]
fn what_is_wrong_in_a_profile_is_told_with_its_line() {
    let folder = Folder::with("mine.toml", "prefix = \"a_\"\n[missing]\nSSL_SESSION_dupe = \"a\"\n");
    let port = ["ports", "--port", "lib:libmine.so", "--profile"];
    let wrong = folder.sessdiff(&[&port[..], &["mine.toml"]].concat()).exits(64);
    let said = "mine.toml:3: no function `SSL_SESSION_dupe` (did you mean `SSL_SESSION_dup`?)";
    assert!(wrong.stderr.contains(said), "{wrong:?}");
    let none = folder.sessdiff(&[&port[..], &["other.toml"]].concat()).exits(64);
    assert!(none.stderr.contains("other.toml: "), "{none:?}");
    folder.write("mine.toml", "prefix = \"a_\"\n");
    let no_library = folder.sessdiff(&["ports", "--profile", "mine.toml"]).exits(64);
    assert!(no_library.stderr.contains("--profile says how a port lib:PATH is called"), "{no_library:?}");
}

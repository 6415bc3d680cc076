//! The list of prototypes, turned back into C, against the headers of the OpenSSL that is linked: a C compiler reports a
//! type that conflicts.
#![cfg(feature = "linked")]

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use sessdiff::emit::{NoCType, c_type};
use sessdiff::native::Family;
use sessdiff::op::Kind;
use sessdiff::port::c::family::prototypes;
use sessdiff::port::c::prototypes::LIST;

/// Name, argument types, result type and condition, as in [`LIST`].
type Row<'a> = (&'a str, &'a [&'a str], &'a str, &'a str);

/// The list has the types of the 3.x headers. In other major versions some arguments differ in `const`, which no caller
/// can notice, so there it counts for nothing.
const HEADERS: &str = "\
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <openssl/opensslv.h>
#if !defined(OPENSSL_VERSION_MAJOR) || OPENSSL_VERSION_MAJOR != 3
#define const
#endif
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/crypto.h>
#include <openssl/lhash.h>
#include <openssl/rand.h>
#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/evp.h>
typedef void *xnew_of_void(void);
typedef void callback_of_void(void);
";

#[test]
fn the_list_agrees_with_the_headers() {
    let source = redeclare(LIST).unwrap();
    if let Err(said) = compile(&source) {
        panic!("the C compiler refuses:\n{source}\n{said}");
    }
}

/// Says what the headers of a family are: those that Debian has, in `android-libboringssl-dev` and `libwolfssl-dev`. There
/// `const` counts for nothing: no caller can notice it.
const OF_FAMILIES: [(Family, &str, &str); 2] = [
    (
        Family::Boring,
        "/usr/include/android",
        "#define const\n#include <openssl/ssl.h>\n#include <openssl/err.h>\n#include <openssl/crypto.h>\n",
    ),
    (
        Family::Wolf,
        "/usr/include/wolfssl",
        "#include <wolfssl/options.h>\n#include <stddef.h>\n#define const\n#include <wolfssl/openssl/ssl.h>\n\
         #include <wolfssl/openssl/err.h>\n#include <wolfssl/wolfcrypt/memory.h>\n",
    ),
];

/// A function that the headers do not declare is not of this release; they declare more than not.
#[test]
#[expect(clippy::print_stderr, reason = "a test that tests nothing says so")]
fn the_prototypes_of_families_agree_with_their_headers() {
    for (family, include, headers) in OF_FAMILIES {
        if !Path::new(include).exists() {
            eprintln!("not installed: {include}");
            continue;
        }
        let says = |source: String| compile_in(Some(include), &format!("{headers}{source}"));
        let used = |name: &str| format!("void *use(void) {{ return (void *)({name}); }}\n");
        let (mut checked, mut undeclared, mut wrong) = (0, 0, Vec::new());
        for (names, (_, arguments, result)) in prototypes(family) {
            let Some(name) = names.iter().find(|name| says(used(name)).is_ok()) else {
                undeclared += 1;
                continue;
            };
            checked += 1;
            let declared = |result: &str| says(used(name) + &declaration(name, arguments, result).unwrap());
            wrong.extend(declared(result).err());
            let other = if result == "u8" { "u16" } else { "u8" };
            assert!(declared(other).is_err(), "{name}: the compiler takes any type");
        }
        assert!(wrong.is_empty(), "{family}: {}", wrong.join("\n"));
        assert!(checked > undeclared, "{family}: {checked} of {} are declared", checked + undeclared);
    }
}

/// The compiler sees a wrong argument, a missing one and a wrong result, and nothing else of the list is wrong.
#[test]
fn a_wrong_type_is_refused() {
    const fn row(arguments: &'static [&'static str], result: &'static str) -> Row<'static> {
        ("SSL_SESSION_set1_id", arguments, result, "")
    }
    let arguments = &["*mut SSL_SESSION", "*const c_uchar", "c_uint"];
    let listed = LIST.iter().find(|listed| listed.0 == "SSL_SESSION_set1_id").expect("a row");
    assert_eq!(redeclare(&[*listed]), redeclare(&[row(arguments, "c_int")]), "the row that is changed is as listed");
    assert_eq!(compile(&redeclare(&[row(arguments, "c_int")]).unwrap()), Ok(()));
    let mut wrong = vec![
        row(&["*mut SSL_SESSION", "*const c_uchar", "c_long"], "c_int"),
        row(&["*mut SSL_SESSION", "*const c_uchar", "usize"], "c_int"),
        row(&["*mut SSL_SESSION", "*const c_uchar"], "c_int"),
        row(arguments, "c_uint"),
        row(arguments, "()"),
    ];
    if const_counts() {
        wrong.push(row(&["*const SSL_SESSION", "*const c_uchar", "c_uint"], "c_int"));
        wrong.push(row(&["*mut SSL_SESSION", "*mut c_uchar", "c_uint"], "c_int"));
    }
    for changed in wrong {
        let list: Vec<Row<'_>> = LIST.iter().map(|row| if row.0 == changed.0 { changed } else { *row }).collect();
        assert!(compile(&redeclare(&list).unwrap()).is_err(), "{changed:?} is accepted");
    }
}

#[test]
fn a_function_that_the_library_lacks_is_refused() {
    let row: Row<'_> = ("SSL_SESSION_no_such_function", &[], "c_int", "");
    assert!(compile(&redeclare(&[row]).unwrap()).is_err());
}

#[test]
fn a_type_or_condition_without_a_meaning_in_c_is_refused() {
    assert_eq!(c_type("*mut *const c_uchar").as_deref(), Ok("unsigned char const * *"));
    assert_eq!(c_type("* const SSL_SESSION").as_deref(), Ok("SSL_SESSION const *"));
    assert!(c_type("i128").is_err());
    assert!(c_type("*mut Session").is_err());
    assert!(c_type("&SSL_SESSION").is_err());
    assert!(redeclare(&[("SSL_SESSION_new", &["()"], "c_int", "")]).is_err(), "an argument cannot be void");
    assert!(redeclare(&[("SSL_SESSION_new", &[], "*mut SSL_SESSION", "ossl999")]).is_err());
}

#[test]
fn every_session_function_of_the_table_is_in_the_list() {
    let listed = |kind: &&Kind| LIST.iter().any(|row| row.0 == kind.name());
    let functions = Kind::ALL.iter().filter(|kind| kind.name().starts_with("SSL_SESSION_"));
    let missing: Vec<&str> = functions.filter(|kind| !listed(kind)).map(|kind| kind.name()).collect();
    assert!(missing.is_empty(), "not in prototypes.rs: {}", missing.join(", "));
}

/// A C declaration of each row whose condition holds, after the headers, with a use of it: a function that no header
/// declares would otherwise pass as a new one.
fn redeclare(list: &[Row<'_>]) -> Result<String, String> {
    let mut declarations = String::new();
    let mut uses = String::new();
    for (at, (name, arguments, result, condition)) in list.iter().enumerate() {
        if !holds(condition)? {
            continue;
        }
        declarations += &declaration(name, arguments, result)?;
        uses += &format!("void *use_{at}(void) {{ return (void *)({name}); }}\n");
    }
    Ok(format!("{HEADERS}{uses}{declarations}"))
}

/// Declares a function.
fn declaration(name: &str, arguments: &[&str], result: &str) -> Result<String, String> {
    let types = arguments.iter().map(|argument| c_type(argument)).collect::<Result<Vec<String>, NoCType>>();
    let types = types.map_err(|error| error.to_string())?;
    if types.iter().any(|argument| argument == "void") {
        return Err(format!("{name} has an argument of no type"));
    }
    let arguments = if types.is_empty() { "void".into() } else { types.join(", ") };
    // The parentheses keep a macro of the same name from being expanded.
    let result = c_type(result).map_err(|error| error.to_string())?;
    Ok(format!("{result} ({name})({arguments});\n"))
}

/// Whether the linked release has the functions of `condition`.
fn holds(condition: &str) -> Result<bool, String> {
    match condition {
        "" => Ok(true),
        "ossl300" => Ok(cfg!(ossl300)),
        "ossl320" => Ok(cfg!(ossl320)),
        "ossl330" => Ok(cfg!(ossl330)),
        "ossl340" => Ok(cfg!(ossl340)),
        unknown => Err(format!("the condition `{unknown}` is not known here")),
    }
}

/// Whether [`HEADERS`] leaves `const` alone.
fn const_counts() -> bool {
    compile(&format!("{HEADERS}#ifdef const\n#error it counts for nothing\n#endif\n")).is_ok()
}

/// What the compiler named by `CC`, or `cc`, says of `source`; `Ok` if it has nothing against it.
fn compile(source: &str) -> Result<(), String> {
    let include = env!("SESSDIFF_OPENSSL_INCLUDE");
    compile_in((!include.is_empty()).then_some(include), source)
}

/// The same with headers from this folder.
fn compile_in(include: Option<&str>, source: &str) -> Result<(), String> {
    let cc = env::var("CC").ok().filter(|cc| !cc.trim().is_empty()).unwrap_or_else(|| "cc".into());
    let mut words = cc.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words).args(["-fsyntax-only", "-Werror", "-Wno-deprecated-declarations"]);
    command.args(include.into_iter().flat_map(|include| ["-I", include]));
    command.args(["-x", "c", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{cc}: {error}"));
    // Closed at the end of this statement. A compiler that stops early may not read it all; it says why.
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(source.as_bytes()));
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("{cc}: {error}"));
    if output.status.success() {
        return written.map_err(|error| error.to_string());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

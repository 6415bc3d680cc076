//! The forms of a program that others read: the C of every committed case and of every planted bug, reduced, is compiled
//! without a warning and ends as it must with the OpenSSL that is linked; the Rust test compiles; the picture is one.
#![cfg(feature = "cli")]

#[cfg(feature = "vendored")]
#[path = "libraries/build.rs"]
mod build;
#[path = "sabotage/find.rs"]
mod find;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex};

use find::{SEED, SETUP, find, sabotaged};
use sessdiff::emit::{self, Driven, Picture, Subject};
use sessdiff::exec::Watch;
use sessdiff::op::{Kind, Op};
use sessdiff::oracle::{Aspect, Call, Signature};
use sessdiff::pair::{Pair, Verdict};
use sessdiff::plan::clock::START_SECONDS;
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::mutant::Bug;
use sessdiff::port::native::NativePort;
use sessdiff::program::{Case, Program};
use sessdiff::reduce::{Answer, reduce};

/// The most calls that a planted bug needs.
const FEW: usize = 5;
/// The same with a context or a connection, which has to be made, and a callback that has to be set.
const FEW_SHARED: usize = 8;
/// The same with two handshakes, the second of which resumes what the first made.
const FEW_TALKING: usize = 18;

/// A program in C, and where it comes from.
struct Emitted {
    from: String,
    c: String,
}

/// The native session and the linked release.
fn linked() -> Pair<NativePort, CPort> {
    let c = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    let native = NativePort::new(c.library().release, SETUP);
    Pair::new(native, c, SETUP.ex_data)
}

/// The C of `program`, expected to be what the linked release does.
fn c_of(why: &str, program: &Program, signature: Option<Signature>) -> String {
    c_by(&mut linked(), why, program, signature)
}

fn c_by(pair: &mut Pair<NativePort, CPort>, why: &str, program: &Program, signature: Option<Signature>) -> String {
    let release = format!("OpenSSL {}", pair.left().release());
    c_as(&release, pair, why, program, signature)
}

/// The same with this release, as it calls itself.
fn c_as(
    release: &str,
    pair: &mut Pair<NativePort, CPort>,
    why: &str,
    program: &Program,
    signature: Option<Signature>,
) -> String {
    pair.run_left(program);
    let (expected, _) = pair.traces();
    let now = START_SECONDS;
    emit::c(&Subject {
        why,
        program,
        plan: pair.plan(),
        expected,
        signature,
        now,
        release,
        terms: "",
        foreign: None,
        driven: Driven::Linked,
    })
}

fn committed() -> Vec<Case> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let hazard = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "hazards");
    let paths = Case::list(&corpus).expect("the corpus").into_iter().filter(|path| !hazard(path));
    paths.map(|path| Case::read(&path).expect("a case")).collect()
}

/// Every planted bug, found from a fixed seed and reduced to the same signature.
static REDUCED: LazyLock<Vec<(Bug, Signature, Program)>> = LazyLock::new(|| {
    let bugs = Bug::ALL.iter().copied();
    bugs.map(|bug| {
        let mut pair = sabotaged(bug);
        let (program, found) = find(&mut pair, SEED).unwrap_or_else(|why| panic!("{}: {why}", bug.name()));
        let same = |pair: &mut find::Sabotaged, program: &Program| {
            // Some bugs show in one way of looking only.
            [Watch::Fast, Watch::Ends, Watch::Blame].into_iter().any(|watch| {
                match pair.judge_watching(program, watch) {
                    Verdict::Diverge(seen) => seen.divergence.signature() == found.signature(),
                    Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_) => false,
                }
            })
        };
        let small = reduce(&program, SETUP, &mut |smaller| {
            if same(&mut pair, smaller) { Answer::Same } else { Answer::Other }
        });
        assert!(same(&mut pair, &small), "{}", bug.name());
        (bug, found.signature(), small)
    })
    .collect()
});

#[test]
fn every_planted_bug_needs_few_calls() {
    let all = &*REDUCED;
    let few = |program: &Program| match () {
        () if program.ops.iter().any(|op| op.kind() == Kind::Handshake) => FEW_TALKING,
        () if program.ops.iter().any(Op::is_shared) => FEW_SHARED,
        () => FEW,
    };
    let long: Vec<_> = all.iter().filter(|(_, _, program)| program.ops.len() > few(program)).collect();
    let shown: Vec<_> = long.iter().map(|(bug, _, program)| format!("{}:\n{program}", bug.name())).collect();
    assert!(shown.is_empty(), "{} of {}:\n{}", shown.len(), all.len(), shown.join("\n"));
}

/// Of real OpenSSL none of it is true: each program ends with 0.
#[test]
fn the_c_of_every_case_and_of_every_planted_bug_passes_on_the_linked_openssl() {
    let cases = committed().into_iter();
    let cases =
        cases.map(|case| Emitted { from: case.path.display().to_string(), c: c_of(&case.why, &case.program, None) });
    let bugs = REDUCED.iter();
    let bugs = bugs.map(|(bug, signature, program)| Emitted {
        from: format!("planted:{}", bug.name()),
        c: c_of(&signature.to_string(), program, Some(*signature)),
    });
    all_end_with_0(&cases.chain(bugs).collect::<Vec<_>>());
}

fn all_end_with_0(programs: &[Emitted]) {
    assert!(programs.len() > 200, "{} programs", programs.len());
    let folder = tempfile::tempdir().expect("a folder");
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let folder = folder.path().join(thread.to_string());
            let (next, failures) = (&next, &failures);
            scope.spawn(move || {
                fs::create_dir(&folder).expect("a folder");
                while let Some(program) = programs.get(next.fetch_add(1, Relaxed)) {
                    if let Err(why) = passes(&folder, &program.c) {
                        failures.lock().expect("no panic").push(format!("== {}\n{why}\n{}", program.from, program.c));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), programs.len(), failures.join("\n"));
}

fn passes(folder: &Path, c: &str) -> Result<(), String> {
    let (file, program) = (folder.join("case.c"), folder.join("case"));
    fs::write(&file, c).map_err(|error| error.to_string())?;
    let mut compiler = Command::new("cc");
    // Headers of a test's own come before those of the library.
    compiler.args(["-Wall", "-Werror", "-I"]).arg(folder).arg(&file).arg("-o").arg(&program).args(library());
    let compiled = compiler.output().map_err(|error| error.to_string())?;
    if !compiled.status.success() {
        return Err(String::from_utf8_lossy(&compiled.stderr).into_owned());
    }
    let ran = Command::new(&program).output().map_err(|error| error.to_string())?;
    match ran.status.code() {
        Some(0) => Ok(()),
        code => Err(format!("ends with {code:?}:\n{}", String::from_utf8_lossy(&ran.stdout))),
    }
}

/// How a program is linked with the OpenSSL that this crate is linked with. The archives that cargo built are one shared
/// library here: two hundred programs are linked with it.
#[cfg(feature = "vendored")]
fn library() -> Vec<PathBuf> {
    let include = Path::new(env!("SESSDIFF_OPENSSL_ROOT")).join("include");
    vec!["-I".into(), include, build::good()]
}

#[cfg(not(feature = "vendored"))]
fn library() -> Vec<PathBuf> {
    vec!["-lssl".into(), "-lcrypto".into()]
}

/// The test that is emitted for this program is the file that is compiled with these tests.
#[test]
fn the_rust_of_a_case_is_the_test_that_runs_here() {
    let program: Program =
        "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_set1_hostname(s0, \"#\\\"#a\")\ns1 = SSL_SESSION_dup(s0)\n"
            .parse()
            .expect("a program");
    let mut pair = sabotaged(Bug::DupForgetsHostname);
    pair.run_left(&program);
    let (expected, _) = pair.traces();
    let (signature, now) = (Some(Bug::DupForgetsHostname.signature()), START_SECONDS);
    let why = "SSL_SESSION_dup must carry the server name.";
    let subject = Subject {
        why,
        program: &program,
        plan: pair.plan(),
        expected,
        signature,
        now,
        release: "any",
        terms: "",
        foreign: None,
        driven: Driven::Linked,
    };
    assert_eq!(emit::rust(&subject), include_str!("emit/emitted.rs"));
    // A bug that this program does not meet, so that the test passes.
    let planted = Subject { driven: Driven::Planted(Bug::UpRefTakesTwo.name()), signature: None, ..subject };
    assert_eq!(emit::rust(&planted), include_str!("emit/planted.rs"));
    let library = Subject { driven: Driven::Library(Path::new("/a/libssl.so")), ..subject };
    let test = emit::rust(&library);
    assert!(test.contains("Source::File(\"/a/libssl.so\".into())") && !test.contains("linked("), "{test}");
}

#[path = "emit/emitted.rs"]
mod emitted;
#[path = "emit/planted.rs"]
mod planted;

/// Lines for the ledger and both sides in each lane, a birth, a death, the first difference.
#[test]
fn the_picture_of_a_wrong_count_shows_where_it_parts() {
    let program: Program = "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\nSSL_SESSION_free(s0)\n"
        .parse()
        .expect("a program");
    let mut pair = sabotaged(Bug::UpRefTakesTwo);
    let Verdict::Diverge(found) = pair.judge(&program) else { panic!("not found") };
    let (left, right) = pair.traces();
    let divergence = Some((found.divergence.step, found.divergence.signature()));
    let sides = [("native", left), ("planted", right)];
    let svg = emit::svg(&Picture { program: &program, plan: pair.plan(), sides, divergence });
    let paths = |class: &str| -> Vec<&str> {
        let lines = svg.lines().filter(|line| line.contains("<path") && line.contains(&format!("class=\"{class}\"")));
        lines.filter_map(|line| line.split(" d=\"").nth(1)?.split('"').next()).collect()
    };
    for class in ["ledger", "left", "right"] {
        // One in the legend, one in the lane of the only variable.
        assert_eq!(paths(class).len(), 2, "{class}: {svg}");
    }
    assert_ne!(paths("right")[1].matches('V').count(), 0, "{svg}");
    assert!(svg.contains("SSL_SESSION_up_ref/count, first at call 1"), "{svg}");
    assert!(
        svg.contains("class=\"band\"") && svg.contains("class=\"birth\"") && svg.contains("class=\"death\""),
        "{svg}"
    );
}

/// Where contexts are used both sides have counts too; everything that is written lies within the picture, however many calls
/// there are and however long the name of a port.
#[test]
fn the_picture_of_a_cache_has_counts_and_fits() {
    let calls = "SSL_SESSION_up_ref(s0)\nSSL_SESSION_free(s0)\n".repeat(80);
    let text = format!(
        "#! sessdiff 1\nc0 = SSL_CTX_new(TLS_server_method())\ns0 = SSL_SESSION_new()\n{calls}SSL_CTX_add_session(c0, s0)\n"
    );
    let program: Program = text.parse().expect("a program");
    let mut pair = sabotaged(Bug::AddTakesTwoReferences);
    let Verdict::Diverge(found) = pair.judge(&program) else { panic!("not found") };
    let (left, right) = pair.traces();
    let divergence = Some((found.divergence.step, found.divergence.signature()));
    let name = "a-library-whose-name-is-as-long-as-names-of-libraries-are-at-most.so";
    let svg = emit::svg(&Picture {
        program: &program,
        plan: pair.plan(),
        sides: [("native", left), (name, right)],
        divergence,
    });
    assert!(!svg.contains("counts not observed"), "{svg}");
    let number = |text: &str, name: &str| -> usize {
        let at = text.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        at.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    let width = number(&svg, "width");
    assert!(width <= 1300, "{width}");
    let texts: Vec<_> = svg.split("<text").skip(1).filter_map(|text| text.split("</text>").next()).collect();
    assert!(texts.len() > 60, "{svg}");
    for text in texts {
        let letters = text.rsplit('>').next().expect("a text").trim().chars().count();
        let end = number(text, "x") + 7 * letters;
        assert!(text.contains("text-anchor") || end <= width, "{end} of {width}: {text}");
    }
    let right = svg.lines().filter(|line| line.contains("class=\"right\"")).count();
    assert_eq!(right, 2, "one in the legend, one in the lane: {svg}");
}

/// What is expected is of one release: on another the program says so before it accuses.
#[test]
fn the_c_says_on_which_release_it_runs() {
    let program: Program = "#! sessdiff 1\ns0 = SSL_SESSION_new()\n".parse().expect("a program");
    let folder = tempfile::tempdir().expect("a folder");
    let own = format!("OpenSSL {}", linked().left().release());
    let is_another = "this is another release: what differs need not be a fault\n";
    for (release, other) in [(&*own, ""), ("OpenSSL 1.1.0", is_another)] {
        let c = c_as(release, &mut linked(), "", &program, None).replace("returned\", 1", "returned\", 0");
        let why = passes(folder.path(), &c).expect_err("a difference");
        let version = sessdiff::host::Host::identity(linked().right()).version;
        let accused = "call 0: a session is returned\n  expected: 0\n  actual:   1\n";
        assert_eq!(why, format!("ends with Some(1):\n{version}, expected as {release}\n{other}{accused}"));
    }
}

/// An empty place would be read as a mistake of the program.
#[test]
fn the_c_says_in_words_that_no_callback_ran() {
    let calls = "c0 = SSL_CTX_new(TLS_server_method())\nSSL_CTX_sess_set_remove_cb(c0, remove_cb_records)\ns0 = SSL_SESSION_new()\n\
                 SSL_SESSION_set1_id(s0, \"a\")\nSSL_CTX_add_session(c0, s0)\nSSL_CTX_remove_session(c0, s0)\n";
    let program: Program = format!("#! sessdiff 1\n{calls}").parse().expect("a program");
    let signature = "SSL_CTX_remove_session/callback.remove".parse().expect("a signature");
    let c = c_of("", &program, Some(signature));
    let folder = tempfile::tempdir().expect("a folder");
    for (right, wrong, said) in [
        (
            "events(5, \"remove#0 \")",
            "events(5, \"\")",
            "call 5: callbacks\n  expected: nothing\n  actual:   remove#0 \n",
        ),
        (
            "events(4, \"\")",
            "events(4, \"remove#0 \")",
            "call 4: callbacks\n  expected: remove#0 \n  actual:   nothing\n",
        ),
    ] {
        let c = c.replace(right, wrong);
        assert!(c.contains(wrong), "{c}");
        let why = passes(folder.path(), &c).expect_err("a difference");
        assert!(why.ends_with(said), "{why}");
    }
}

/// Functions that the library has and its headers do not declare are declared by the program: C would take what they
/// return for an int. The headers here are the library's own, with what came after OpenSSL 3.1 hidden.
#[cfg(feature = "vendored")]
#[test]
fn the_c_compiles_with_headers_that_are_older_than_the_library() {
    const OPS: [Kind; 4] = [Kind::FromDerEx, Kind::GetTimeEx, Kind::SetTimeEx, Kind::CtxFlushEx];
    let hidden = OPS.map(|op| (format!("#define {0} hidden_{0}\n", op.name()), format!("#undef {}\n", op.name())));
    let (hide, show): (Vec<_>, Vec<_>) = hidden.into_iter().unzip();
    let number = "#undef OPENSSL_VERSION_NUMBER\n#define OPENSSL_VERSION_NUMBER 0x30100000L\n";
    let header = format!("#pragma once\n{}#include_next <openssl/ssl.h>\n{}{number}", hide.concat(), show.concat());
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("openssl")).expect("a folder");
    fs::write(folder.path().join("openssl/ssl.h"), header).expect("a header");
    for op in OPS {
        let case = committed().into_iter().find(|case| case.program.ops.iter().any(|called| called.kind() == op));
        let program = case.unwrap_or_else(|| panic!("no case calls {}", op.name())).program;
        let c = c_of("", &program, None);
        assert!(c.contains(&format!("{}(", op.name())), "{c}");
        passes(folder.path(), &c).unwrap_or_else(|why| panic!("{}: {why}\n{c}", op.name()));
    }
}

/// A session that the program loses cannot be read any more: its memory shows that it lives.
#[test]
fn the_c_of_a_lost_session_shows_what_lives_on() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/hazards/bad/get1-without-free.ops");
    let case = Case::read(Path::new(path)).expect("a case");
    let signature = Signature { call: Call::Kind(Kind::Forget), aspect: Aspect::Lost };
    let folder = tempfile::tempdir().expect("a folder");
    let c = c_by(&mut linked().with_hazards(), &case.why, &case.program, Some(signature));
    let why = passes(folder.path(), &c).expect_err("a leak");
    assert!(
        why.starts_with("ends with Some(1):") && why.contains("live on when every session was given back"),
        "{why}"
    );
}

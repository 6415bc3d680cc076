//! `sessdiff run` where everything agrees.

use serde_json::json;
use sessdiff::op::Kind;

use super::{CORPUS, Folder, PROGRAM, corpus, sessdiff};

#[test]
fn json_is_one_object_with_everything_in_it() {
    let ran = sessdiff(&["run", "--programs", "200", "--seed", "1", "--corpus", "none", "--json"]);
    let object = ran.exits(0).quietly().json();
    for (field, value) in [
        ("verdict", json!("agree")),
        ("programs", json!(200)),
        ("divergences", json!(0)),
        ("inconclusive", json!(0)),
        ("seed", json!(1)),
        ("jobs", json!(1)),
        ("signatures", json!([])),
        ("interrupted", json!(false)),
    ] {
        assert_eq!(object[field], value, "{field}: {object}");
    }
    assert_eq!(object["port"]["name"], "openssl", "{object}");
    for (number, least) in [(&object["ops"], 1_000.0), (&object["skipped"], 0.0), (&object["seconds"], 0.0)] {
        assert!(number.as_f64().is_some_and(|number| number > least), "{object}");
    }
    assert_eq!(object["without_probes"]["programs"], 25, "an eighth: {object}");
}

#[test]
fn the_same_seed_makes_the_same_programs() {
    let run = |seed: &str| {
        sessdiff(&["run", "--programs", "200", "--seed", seed, "--corpus", "none", "--json"]).exits(0).numbers()
    };
    assert_eq!(run("1"), run("1"));
    assert_ne!(run("1"), run("2"));
}

#[test]
fn the_same_seed_makes_the_same_programs_on_two_threads() {
    let run = || {
        let args = ["run", "--programs", "2000", "--seed", "1", "--jobs", "2", "--corpus", "none", "--json"];
        sessdiff(&args).exits(0).quietly().numbers()
    };
    let first = run();
    for _ in 0..3 {
        assert_eq!(run(), first);
    }
}

#[test]
fn a_seed_that_was_not_given_is_shown() {
    let first = sessdiff(&["run", "--programs", "100", "--corpus", "none", "--json"]).exits(0).quietly();
    let seed = first.number("seed").to_string();
    let again = sessdiff(&["run", "--programs", "100", "--corpus", "none", "--json", "--seed", &seed]).exits(0);
    assert_eq!(again.numbers(), first.numbers());
}

/// The part without probes is a part, however few there are.
#[test]
fn so_many_programs_run_as_were_asked_for() {
    for programs in ["4", "7", "8", "9", "100"] {
        let ran = sessdiff(&["run", "--programs", programs, "--seed", "1", "--corpus", "none", "--json"]).exits(0);
        assert_eq!(ran.number("programs").to_string(), programs, "{ran:?}");
    }
}

/// Without probes a handshake is not made, whatever the library has.
#[test]
fn handshakes_need_the_probes() {
    let folder = Folder::new();
    let run = ["run", "--programs", "50", "--seed", "1", "--corpus", "none", "--probes", "none"];
    let port = &folder.sessdiff(&[&run[..], &["--json"]].concat()).exits(0).quietly().json()["port"];
    let has = |list: &str| port[list].as_array().expect("a list").contains(&"handshake".into());
    assert!(has("needs_probes") && !has("unsupported"), "{port}");
    folder.sessdiff(&[&run[..], &["--about", "handshakes"]].concat()).refuses("handshakes need the probes");
    let calls = "c0 = SSL_CTX_new(TLS_server_method())\nc1 = SSL_CTX_new(TLS_client_method())\nx0 = SSL_new(c1)\nx1 = SSL_new(c0)";
    folder.write("a.ops", format!("#! sessdiff 1\n{calls}\nhandshake(x0, x1)\n"));
    folder.sessdiff(&["replay", "--probes", "none", "a.ops"]).exits(0).shows("  skipped: needs probes");
    let ran = folder.sessdiff(&["replay", "a.ops"]).exits(0);
    assert!(!ran.stdout.contains("skipped: needs probes"), "{ran:?}");
}

/// First the verdict, then what has to be known; the long list is for who asks.
#[test]
fn a_run_ends_with_its_verdict_and_notes() {
    let run = |more: &[&str]| {
        let args = ["run", "--programs", "100", "--seed", "1", "--corpus", "none", "--memory", "guarded=1"];
        sessdiff(&[&args[..], more].concat()).exits(0).quietly()
    };
    let first_words = |text: &str| {
        // Pass over what an older release lacks, and which of its rules so few programs meet.
        let of_release = |line: &&str| line.starts_with("UNSUPPORTED") || line.starts_with("known");
        let lines = text.lines().filter(|line| !of_release(line));
        lines.map(|line| line.split([' ', ':']).next().unwrap_or_default().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(first_words(&run(&[]).stdout), ["sessdiff", "agree", "programs", "without"]);
    for flag in ["-v", "--verbose"] {
        assert_eq!(first_words(&run(&[flag]).stdout), ["sessdiff", "agree", "programs", "without", "not"]);
    }
    let object = run(&["--json"]).json();
    assert!(object["states_missing"].as_array().is_some_and(|missing| !missing.is_empty()), "{object}");
}

/// What is killed has said at least what it was.
#[test]
fn a_run_says_first_what_it_is() {
    let folder = Folder::with("cases/a.ops", PROGRAM);
    let args = "run --programs 20 --seed 7 --corpus cases --jobs 2";
    let wanted = |line: &str| {
        let parts = ["OpenSSL ", "; seed 7; 1 cases of cases; jobs 2; 20 programs"];
        assert!(line.starts_with(super::FIRST) && parts.iter().all(|part| line.contains(part)), "{line}");
    };
    wanted(folder.sh(&format!("sessdiff {args} | head -1")).exits(0).stdout.trim_end());
    // The object has standard output to itself.
    let ran = folder.sh(&format!("sessdiff {args} --json 2>said")).exits(0);
    assert_eq!(ran.objects().len(), 1);
    wanted(folder.read("said").trim_end());
}

/// The part without probes is about the same.
#[test]
fn a_subject_is_that_of_every_program() {
    let run = |args: &str| {
        let always = ["run", "--seed", "1", "--about", "sessions", "--json", "--corpus", CORPUS];
        sessdiff(&[&always[..], &args.split(' ').collect::<Vec<_>>()].concat()).exits(0).quietly()
    };
    let (alone, mixed) = (run("--programs 100 --probes none"), run("--programs 800").json());
    assert_eq!(alone.number("ops"), mixed["without_probes"]["ops"].as_u64().expect("a number"), "{alone:?}\n{mixed}");
    let of_sessions = Kind::ALL.iter().filter(|kind| !kind.is_shared()).count() as u64;
    for object in [alone.json(), mixed] {
        let reached = object["ops_reached"][0].as_u64().expect("a number");
        assert!(
            (1..=of_sessions).contains(&reached),
            "{reached} kinds of calls, sessions have {of_sessions}: {object}"
        );
    }
}

#[test]
fn seconds_end_a_run() {
    let ran = sessdiff(&["run", "--seconds", "0.5", "--corpus", "none"]).exits(0).quietly();
    ran.shows("\nagree: ");
}

/// What takes its time after the last program is said too, and how much longer it may take.
#[test]
fn a_run_says_what_it_reduces() {
    let args = ["run", "--port", "planted:dup-forgets-hostname", "--isolate", "--longest", "10000", "--seed", "1"];
    let ran = sessdiff(&[&args[..], &["--programs", "2000", "--corpus", "none", "--beat", "0.02"]].concat()).exits(1);
    let is_said = |line: &str| {
        let rest = line.split_once("1 divergence; reducing SSL_SESSION_dup/hostname: ").map(|(_, rest)| rest);
        let words = rest.map(|rest| rest.split(' ').collect::<Vec<_>>());
        words.is_some_and(|words| matches!(words[..], [_, "call," | "calls,", _, "s", "left"]))
    };
    assert!(ran.stderr.lines().any(is_said), "{ran:?}");
}

/// What the library keeps for all threads is made by one of them.
#[test]
fn many_threads_end_well() {
    for memory in ["plain=1", "plain=1,poisoned=1,guarded=1"] {
        let args = ["run", "--programs", "600", "--seed", "1", "--jobs", "6", "--probes", "all", "--corpus", "none"];
        let ran = sessdiff(&[&args[..], &["--memory", memory]].concat()).exits(0).quietly();
        ran.shows("\nagree: 600 programs, ");
    }
}

#[test]
fn several_ports_are_compared_one_after_the_other() {
    let args = ["run", "--port", "native", "--port", "openssl", "--programs", "100", "--corpus", "none", "--json"];
    let ran = sessdiff(&args).exits(0).quietly();
    let objects = ran.objects();
    let names: Vec<_> = objects.iter().map(|object| &object["port"]["name"]).collect();
    assert_eq!(names, ["native", "openssl"], "{ran:?}");
}

#[test]
fn what_was_found_can_be_read_by_other_programs() {
    let folder = Folder::new();
    let run = |port: &str, exit| {
        let files = ["--junit", "run.xml", "--sarif", "run.sarif", "--port", port];
        let args = ["run", "--programs", "400", "--seed", "1", "--corpus", "none", "--keep-going"];
        folder.sessdiff(&[&args[..], &files].concat()).exits(exit);
        let report = quick_junit::Report::deserialize_from_str(&folder.read("run.xml")).expect("JUnit");
        let log: serde_sarif::sarif::Sarif = serde_json::from_str(&folder.read("run.sarif")).expect("SARIF");
        let results = log.runs[0].results.as_ref().expect("results");
        let rules: Vec<_> = results.iter().map(|result| result.rule_id.clone().unwrap_or_default()).collect();
        (report.test_suites[0].tests, report.test_suites[0].failures, rules)
    };
    assert_eq!(run("openssl", 0), (1, 0, vec![]));
    let found = "SSL_SESSION_dup/hostname".to_string();
    assert_eq!(run("planted:dup-forgets-hostname", 1), (2, 2, vec!["run".into(), found]));
    folder.sessdiff(&["run", "--programs", "1", "--junit", "no/such/folder/x.xml"]).exits(64);
}

/// What a committed hazard says is no divergence; what does not happen any more is said.
mod hazards {
    use super::*;

    const HAZARD: &str = include_str!("../../corpus/hazards/id-changed-while-cached.ops");

    /// Replays the case, and explores by one call: more could be a hazard of its own.
    fn run(folder: &Folder) -> super::super::Ran {
        let args = ["run", "--hazards", "--programs", "1", "--longest", "1", "--seed", "1", "--about", "caches"];
        folder.sessdiff(&[&args[..], &["--probes", "all", "--corpus", "cases"]].concat())
    }

    #[test]
    fn are_expected() {
        let ran = run(&Folder::with("cases/hazards/a.ops", HAZARD)).exits(0).quietly();
        assert!(ran.stdout.contains("broke as the committed hazards do: 1 program"), "{ran:?}");
        assert!(ran.stdout.contains("agree: 2 programs, "), "{ran:?}");
    }

    /// The executable has them, too.
    #[test]
    fn are_expected_where_none_is_replayed() {
        let args = ["run", "--hazards", "--programs", "24", "--seed", "2", "--probes", "all", "--corpus", "none"];
        let ran = sessdiff(&[&args[..], &["--time-limit", "2"]].concat()).exits(0);
        assert!(ran.stdout.contains("broke as the committed hazards do: "), "{ran:?}");
    }

    #[test]
    fn that_show_as_something_else_are_divergences() {
        let other = HAZARD.replace("SSL_CTX_flush_sessions/other.count", "SSL_CTX_flush_sessions/return");
        assert_ne!(other, HAZARD);
        run(&Folder::with("cases/hazards/a.ops", other)).exits(1).shows("COUNT SSL_CTX_flush_sessions/other.count");
    }

    #[test]
    fn that_do_not_happen_any_more_are_stale() {
        let lines: Vec<_> = HAZARD.lines().filter(|line| !line.contains("\"b\"")).collect();
        let ran = run(&Folder::with("cases/hazards/a.ops", lines.join("\n"))).exits(3).quietly();
        ran.shows("cases/hazards/a.ops: SSL_CTX_flush_sessions/other.count is expected and does not happen any more")
            .shows("STALE: ");
    }
}

mod corpus {
    use super::*;

    /// How many programs ran: ten and the cases of the corpus.
    fn programs(folder: &Folder, more: &[&str]) -> u64 {
        let args = ["run", "--programs", "10", "--seed", "1", "--probes", "all", "--memory", "plain=1", "--json"];
        folder.sessdiff(&[&args, more].concat()).exits(0).number("programs")
    }

    #[test]
    fn is_replayed_first() {
        let replayed = 10 + corpus().len() as u64;
        assert_eq!(programs(&Folder::new(), &["--corpus", CORPUS]), replayed);
        assert_eq!(programs(&Folder::new(), &["--corpus", "none"]), 10);
    }

    /// The others are replayed, and the exit code tells that one was not.
    #[test]
    fn may_have_a_case_that_cannot_be_read() {
        let folder = Folder::with("cases/a.ops", PROGRAM);
        folder.write("cases/broken.ops", "#! sessdiff 1\nSSL_SESSION_up_ref(s9)\n");
        let args =
            ["run", "--programs", "10", "--seed", "1", "--probes", "all", "--memory", "plain=1", "--corpus", "cases"];
        let ran = folder.sessdiff(&args).exits(64).complains("cases/broken.ops:2:20: ");
        assert!(ran.stdout.contains("agree: 11 programs, "), "{ran:?}");
    }

    #[test]
    fn may_be_behind_links() {
        let folder = Folder::with("elsewhere/a.ops", PROGRAM);
        folder.write("cases/deep/b.ops", PROGRAM);
        folder.sh("ln -s ../elsewhere cases/link; ln -s ../../cases cases/deep/back; ln -s ../elsewhere/a.ops cases/c.ops").exits(0);
        assert_eq!(programs(&folder, &["--corpus", "cases"]), 13);
    }

    #[test]
    fn is_not_missed_but_named() {
        let ran = sessdiff(&["run", "--programs", "100", "--seed", "1"]).exits(0);
        let ran = ran.shows("\nagree: 100 programs, ");
        assert!(ran.stderr.contains("corpus"), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "said more than once: {ran:?}");
    }
}

/// Asks the linked library what holds of any: nothing breaks but what is known of its release.
mod laws {
    use super::*;

    #[test]
    fn are_asked_of_one_library() {
        let args = ["run", "--laws", "--programs", "400", "--seed", "1", "--corpus", "none"];
        let ran = sessdiff(&args).exits(0).quietly();
        ran.shows("\nagree: asked 400 times: held ");
        let ran = sessdiff(&[&args[..], &["--port", "native"]].concat()).exits(0).quietly();
        ran.shows("\nagree: asked 400 times: held ");
    }

    /// Both programs are shown, with what each does in C on the linked library, which has no bug.
    #[test]
    fn are_shown_by_two_programs_in_c() {
        let folder = Folder::with("cases/a.ops", PROGRAM);
        let args = ["run", "--laws", "setting-twice", "--port", "planted:hostname-set-again-is-lost"];
        let ran = folder.sessdiff(&[&args[..], &["--corpus", "cases", "--programs", "1"]].concat()).exits(1).quietly();
        for said in [
            "\nLAW setting-twice\n",
            "\n  what differs   SSL_SESSION_dup/hostname\n",
            "\n  the program    s0: hostname \"",
            "\n  the variation  s0: hostname NULL\n",
            "\nthe program:\n#! sessdiff 1\n",
            "\nC file: cc sessdiff-out/law-setting-twice.program.c ",
            "\nC says: \"as expected\", exit 0\n",
            "\nthe variation:\n#! sessdiff 1\n",
            "\nC file: cc sessdiff-out/law-setting-twice.variation.c ",
            ", exit 1: no library has what is planted\n",
            "\nreplay: sessdiff replay --port planted:hostname-set-again-is-lost sessdiff-out/law-setting-twice.variation.ops\n",
            "\nBROKEN: asked ",
        ] {
            assert!(ran.stdout.contains(said), "no `{said}`: {ran:?}");
        }
        let commands: Vec<&str> = ran.stdout.lines().filter_map(|line| line.strip_prefix("C file: ")).collect();
        let ends: Vec<_> = commands.iter().map(|command| folder.sh(command).code).collect();
        assert_eq!(ends, [Some(0), Some(1)], "{ran:?}");
    }

    #[test]
    fn are_named() {
        let args = ["run", "--corpus", "none", "--programs", "1", "--laws"];
        let wrong = sessdiff(&[&args[..], &["nosuch"]].concat()).exits(64);
        assert!(wrong.stderr.contains("no such law: there are up-ref-and-free, "), "{wrong:?}");
        sessdiff(&[&args[..], &["no-lifetime", "--about", "sessions"]].concat()).exits(4).shows("NOTHING RAN: ");
    }
}

/// Programs that reach something new are kept, and taken back.
mod corpus_out {
    use super::*;

    const RUN: [&str; 9] = ["run", "--programs", "1500", "--seed", "1", "--probes", "all", "--corpus-out", "kept"];

    /// Lists the files of a folder with what is in them.
    fn files(folder: &Folder, name: &str) -> Vec<(String, String)> {
        let list = std::fs::read_dir(folder.path(name)).expect(name).map(|entry| entry.expect("an entry").path());
        let read = |path: std::path::PathBuf| {
            let text = std::fs::read_to_string(&path).expect("a file");
            (path.file_name().expect("a name").to_string_lossy().into_owned(), text)
        };
        let mut all: Vec<_> = list.map(read).collect();
        all.sort();
        all
    }

    #[test]
    fn is_the_same_for_the_same_seed_and_is_taken_back() {
        let folder = Folder::new();
        let with = |more: &[&'static str]| [&RUN[..], more].concat();
        folder.sessdiff(&with(&["--corpus", "none"])).exits(0).quietly();
        let kept = files(&folder, "kept");
        assert!(kept.len() > 20 && kept.iter().all(|(name, _)| name.starts_with("kept-") && name.ends_with(".ops")));
        folder.sessdiff(&[&RUN[..8], &["again", "--corpus", "none"]].concat()).exits(0).quietly();
        assert_eq!(files(&folder, "again"), kept);
        folder.sessdiff(&with(&["--corpus", "none"])).exits(0).quietly();
        assert_eq!(files(&folder, "kept"), kept, "written twice");
        let ran = folder.sessdiff(&["run", "--corpus", "kept", "--programs", "1", "--seed", "2"]).exits(0).quietly();
        assert!(ran.stdout.contains(&format!("; {} cases of kept; ", kept.len())), "{ran:?}");
        // What the cases reach is not new any more.
        folder.sessdiff(&[&RUN[..8], &["third", "--corpus", "kept"]].concat()).exits(0).quietly();
        assert!(files(&folder, "third").len() < kept.len() / 2, "{:?}", files(&folder, "third"));
    }

    #[test]
    fn replaces_nothing() {
        let folder = Folder::new();
        folder.sessdiff(&[&RUN[..], &["--corpus", "none"]].concat()).exits(0).quietly();
        let kept = files(&folder, "kept");
        folder.write(&format!("kept/{}", kept[0].0), "mine");
        folder.sessdiff(&[&RUN[..], &["--corpus", "none"]].concat()).exits(0).quietly();
        let now = files(&folder, "kept");
        assert_eq!(now.len(), kept.len() + 1);
        assert!(now.contains(&(kept[0].0.clone(), "mine".into())));
    }

    #[test]
    fn must_be_a_folder_that_takes_files() {
        let folder = Folder::with("taken", "");
        for out in ["taken", "taken/deeper", "/proc/out", "/dev/full"] {
            let ran = folder.sessdiff(&["run", "--corpus", "none", "--programs", "1", "--corpus-out", out]);
            ran.refuses(&format!("{out}: "));
        }
        let full = "trap '' XFSZ; ulimit -f 0; sessdiff run --corpus none --programs 1 --corpus-out kept";
        folder.sh(full).exits(64);
        let wrong = folder.sessdiff(&["run", "--laws", "--corpus-out", "kept"]).exits(64);
        assert!(wrong.stderr.contains("cannot be used with"), "{wrong:?}");
        folder.sh("ls").shows("taken\n");
    }

    /// A run whose programs cannot be kept any more ends, and not with 0.
    #[test]
    fn that_goes_away_is_an_error() {
        let folder = Folder::new();
        let run = "sessdiff run --corpus none --seconds 60 --seed 1 --probes all --corpus-out kept";
        let ran =
            folder.sh(&format!("(while ! ls kept/kept-* >/dev/null 2>&1; do sleep 0.01; done; mv kept gone) & {run}"));
        let ran = ran.exits(64).complains("kept: ");
        assert!(ran.stdout.contains("\nagree: "), "{ran:?}");
    }
}

/// A library that takes its time to load is waited for in so many words. An executable that is linked with one of its own loads no other.
#[cfg(feature = "vendored")]
#[test]
fn what_is_started_slowly_says_so() {
    let folder = Folder::with(
        "slow.c",
        "#include <unistd.h>\n__attribute__((constructor)) static void wait(void) { sleep(3); }\n",
    );
    folder.sh("cc -shared -fPIC slow.c -o slow.so").exits(0);
    let args = ["run", "--port", "lib:./slow.so", "--programs", "1", "--corpus", "none", "--beat", "1"];
    let ran = folder.sessdiff(&args).exits(5);
    let lines: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("starting lib:./slow.so, for ")).collect();
    assert!((1..=4).contains(&lines.len()), "{ran:?}");
    let ran = folder.sessdiff(&["replay", "--port", "lib:./slow.so", "missing.ops"]);
    assert!(!ran.stderr.contains("starting"), "{ran:?}");
}

/// Where several threads reduce at once, the line says how many do.
#[test]
fn how_many_findings_are_reduced_is_said() {
    let args =
        ["run", "--port", "planted:max-version-is-ignored", "--isolate", "--jobs", "4", "--keep-going", "--seed", "1"];
    let more = ["--programs", "4000", "--corpus", "none", "--beat", "0.02", "--about", "handshakes", "--probes", "all"];
    let ran = sessdiff(&[&args[..], &more[..]].concat()).exits(1);
    // Which of the two is seen depends on how fast this machine is.
    let is_right = |(_, does): (&str, &str)| match does.strip_prefix("reducing ") {
        Some(reduced) => reduced.ends_with(" s left"),
        None => does == "trying a program in C",
    };
    let mut said = ran.stderr.lines().filter_map(|line| line.split_once(" at once, the oldest ")).peekable();
    assert!(said.peek().is_some() && said.all(is_right), "{ran:?}");
}

#[test]
fn a_fault_of_the_release_is_shown_under_its_own_name_alone() {
    let folder = Folder::new();
    let shown = folder.sessdiff(&["run", "--as", "fixed", "--programs", "1", "--corpus", "none"]).exits(1).stdout;
    let blocks: Vec<&str> = shown.split("DIVERGE: ").next().unwrap_or_default().split("versions: ").skip(1).collect();
    let named = |block: &&str| block.lines().filter(|line| line.starts_with("known in ")).count();
    assert!(blocks.len() > 1 && blocks.iter().map(named).all(|rules| rules == 1), "{shown}");
}

//! `sessdiff run` where everything agrees.

use serde_json::json;

use super::{CORPUS, Folder, PROGRAM, corpus, sessdiff};

#[test]
fn what_agrees_ends_in_one_line() {
    let ran = sessdiff(&["run", "--programs", "200", "--seed", "1", "--corpus", "none"]).exits(0).quietly();
    let line = ran.last();
    assert!(line.starts_with("agree: 200 programs, "), "{ran:?}");
    assert!(line.contains(" 0 divergences, 0 inconclusive ") && line.contains("; seed 1; openssl "), "{ran:?}");
}

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

#[test]
fn threads_share_the_programs() {
    let ran = sessdiff(&["run", "--jobs", "2", "--programs", "500", "--seed", "1", "--corpus", "none"]);
    let ran = ran.exits(0).quietly();
    assert!(ran.last().starts_with("agree: 500 programs, "), "{ran:?}");
}

#[test]
fn seconds_end_a_run() {
    let ran = sessdiff(&["run", "--seconds", "0.5", "--corpus", "none"]).exits(0).quietly();
    assert!(ran.last().starts_with("agree: "), "{ran:?}");
}

#[test]
fn an_agreement_about_nothing_is_none() {
    let ran = sessdiff(&["run", "--seconds", "0.000000001", "--corpus", "none"]).exits(4).quietly();
    assert!(ran.last().starts_with("NOTHING RAN: 0 programs, "), "{ran:?}");
}

/// What the library keeps for all threads is made by one of them.
#[test]
fn many_threads_end_well() {
    for memory in ["plain=1", "plain=1,poisoned=1,guarded=1"] {
        let args = ["run", "--programs", "600", "--seed", "1", "--jobs", "6", "--probes", "all", "--corpus", "none"];
        let ran = sessdiff(&[&args[..], &["--memory", memory]].concat()).exits(0).quietly();
        assert!(ran.last().starts_with("agree: 600 programs, "), "{ran:?}");
    }
}

#[test]
fn the_native_session_agrees_with_the_ledger() {
    let ran = sessdiff(&["run", "--port", "native", "--programs", "500", "--seed", "1", "--corpus", "none"]);
    let ran = ran.exits(0).quietly();
    assert!(ran.last().contains("; seed 1; native "), "{ran:?}");
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
fn without_probes_reference_counts_are_said_to_be_unobserved() {
    let run = |probes: &str| {
        sessdiff(&["run", "--probes", probes, "--programs", "500", "--seed", "1", "--corpus", "none"])
            .exits(0)
            .quietly()
    };
    run("none").shows("reference counts of openssl: not observed");
    let all = run("all");
    assert!(!all.stdout.contains("not observed") && !all.stdout.contains("without probes"), "{all:?}");
    run("mixed").shows("without probes: 62 programs, ");
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

    #[test]
    fn is_the_folder_of_that_name_unless_another_is_given() {
        let folder = Folder::with("corpus/some/a.ops", PROGRAM);
        folder.write("corpus/b.ops", PROGRAM);
        folder.write("corpus/README.md", "No case.\n");
        assert_eq!(programs(&folder, &[]), 12);
        assert_eq!(programs(&folder, &["--corpus", "corpus/some"]), 11);
        assert_eq!(programs(&folder, &["--corpus", "none"]), 10);
    }

    #[test]
    fn is_not_missed_but_named() {
        let ran = sessdiff(&["run", "--programs", "100", "--seed", "1"]).exits(0);
        assert!(ran.last().starts_with("agree: 100 programs, "), "{ran:?}");
        assert!(ran.stderr.contains("corpus"), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "said more than once: {ran:?}");
    }

    #[test]
    fn that_cannot_be_listed_is_named() {
        let folder = Folder::with("file", PROGRAM);
        folder.sessdiff(&["run", "--programs", "10", "--corpus", "missing"]).refuses("missing: ");
        folder.sessdiff(&["run", "--programs", "10", "--corpus", "file"]).refuses("file: ");
    }

    #[test]
    fn with_a_broken_case_is_refused_with_its_place() {
        let broken = PROGRAM.replace("SSL_SESSION_up_ref(s1)", "SSL_SESSION_up_ref(s9)");
        let folder = Folder::with("cases/good.ops", PROGRAM);
        folder.write("cases/deep/broken.ops", broken);
        let args = ["run", "--programs", "10", "--corpus", "cases"];
        folder.sessdiff(&args).refuses("cases/deep/broken.ops:5:20: expected a session slot");
        folder.write("cases/deep/broken.ops", "");
        folder.sessdiff(&args).refuses("cases/deep/broken.ops:1:1: expected ");
        folder.write("cases/deep/broken.ops", "#! sessdiff 1\n# No calls.\n");
        folder.sessdiff(&args).refuses("cases/deep/broken.ops: no calls");
    }
}

//! `sessdiff check` and `sessdiff matrix`.

use serde_json::Value;

use super::Folder;

const PLANTED: [&str; 3] = ["check", "--port", "planted:dup-forgets-hostname"];

#[test]
fn the_linked_library_passes_every_level() {
    let ran = Folder::new().sessdiff(&["check", "--json"]).exits(0);
    let objects = ran.objects();
    let [check] = &objects[..] else { panic!("{} objects", objects.len()) };
    let cases = check["cases"].as_array().expect("cases");
    let passed = |case: &&Value| case["outcome"] == "pass";
    for level in 1..=6 {
        let of_level: Vec<&Value> = cases.iter().filter(|case| case["level"] == level).collect();
        assert!(!of_level.is_empty() && of_level.iter().any(passed), "level {level}");
    }
    let failed: Vec<&Value> =
        cases.iter().filter(|case| case["outcome"] == "fail" || case["outcome"] == "inconclusive").collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn a_planted_bug_is_shown_by_the_plainest_case() {
    let folder = Folder::new();
    let ran = folder.sessdiff(&PLANTED).exits(1);
    let said = &ran.stdout;
    for line in [
        "FAIL dup/copies/hostname",
        "CONTENTS SSL_SESSION_dup/hostname",
        "again: sessdiff check --port planted:dup-forgets-hostname --case dup/copies/hostname",
    ] {
        assert!(said.contains(line), "no `{line}` in {said}");
    }
    assert_eq!(said.matches("FAIL dup").count(), 1, "one for each signature: {said}");
    assert!(folder.read("sessdiff-out/SSL_SESSION_dup.hostname.c").contains("SSL_SESSION_dup"));
    let again = [&PLANTED[..], &["--case", "dup/copies/hostname"]].concat();
    folder.sessdiff(&again).exits(1);
    let other = [&PLANTED[..], &["--case", "dup/copies/timeout"]].concat();
    folder.sessdiff(&other).exits(0);
}

#[test]
fn what_is_chosen_is_checked_and_nothing_is_no_pass() {
    let folder = Folder::new();
    let ran = folder.sessdiff(&["check", "--json", "--level", "1", "--case", "up_ref/*"]).exits(0);
    let check = &ran.objects()[0];
    assert!(check["cases"].as_array().is_some_and(|cases| {
        !cases.is_empty()
            && cases
                .iter()
                .all(|case| case["level"] == 1 && case["id"].as_str().is_some_and(|id| id.starts_with("up_ref/")))
    }));
    let none = folder.sessdiff(&["check", "--case", "no/such"]).exits(4);
    assert!(none.stderr.contains("no case named no/such"), "{none:?}");
    folder.sessdiff(&["check", "--level", "7"]).exits(64);
    folder.sessdiff(&["check", "--case", "a[", "--list"]).exits(64);
    folder.sessdiff(&["check", "--junit", "no/such/folder/x.xml", "--level", "1"]).exits(64);
}

#[test]
fn files_for_other_programs_can_be_read_by_them() {
    let folder = Folder::new();
    let files = ["--junit", "check.xml", "--sarif", "check.sarif", "--html", "check.html", "--case", "dup/*"];
    folder.sessdiff(&[&PLANTED[..], &files].concat()).exits(1);
    let junit = folder.read("check.xml");
    let report = quick_junit::Report::deserialize_from_str(&junit).expect("JUnit");
    let [suite] = &report.test_suites[..] else { panic!("one suite") };
    assert!(suite.failures > 0 && suite.tests > suite.failures, "{} of {}", suite.failures, suite.tests);
    let sarif = folder.read("check.sarif");
    let log: serde_sarif::sarif::Sarif = serde_json::from_str(&sarif).expect("SARIF");
    let results = log.runs[0].results.as_ref().expect("results");
    assert_eq!(results.len() as u64, suite.failures as u64);
    let page = folder.read("check.html");
    assert!(page.contains("dup/copies/hostname") && !page.contains("@DATA@"));
    let data = page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("data");
    assert!(serde_json::from_str::<Value>(data).is_ok_and(|data| data["ports"].is_array()) && !data.contains('<'));
    for outside in ["src=\"http", "href=\"http", "@import", "url("] {
        assert!(!page.contains(outside), "the page asks for {outside}");
    }
}

/// A port that cannot be driven is no empty report.
#[test]
fn a_port_that_is_not_driven_is_an_error_in_the_report() {
    let folder = Folder::new();
    folder.sessdiff(&["check", "--port", "lib:no/such.so", "--junit", "check.xml", "--level", "1"]).exits(5);
    let report = quick_junit::Report::deserialize_from_str(&folder.read("check.xml")).expect("JUnit");
    assert_eq!((report.test_suites[0].name.as_str(), report.test_suites[0].errors), ("lib:no/such.so", 1));
}

#[test]
fn a_matrix_is_made_of_what_checks_printed() {
    let folder = Folder::new();
    let mut checks = String::new();
    for port in ["openssl", "planted:dup-forgets-hostname"] {
        let ran = folder.sessdiff(&["check", "--json", "--port", port, "--case", "dup/copies/*"]);
        checks += &ran.stdout;
    }
    folder.write("checks.json", &checks);
    folder.write("nothing.json", "");
    folder.sessdiff(&["matrix", "checks.json", "-o", "matrix.html"]).exits(0);
    let page = folder.read("matrix.html");
    assert!(page.contains("planted:dup-forgets-hostname") && page.contains("\"openssl\""));
    folder.sessdiff(&["matrix", "checks.json", "-o", "matrix.html"]).exits(64);
    folder.sessdiff(&["matrix", "checks.json", "-o", "matrix.html", "--force"]).exits(0);
    let empty = folder.sessdiff(&["matrix", "nothing.json", "-o", "other.html"]).exits(64);
    assert!(empty.stderr.contains("nothing.json"), "{empty:?}");
}

/// An accepted difference passes in the cases that it names, and only there; one that no case shows any more is stale.
#[test]
fn accepted_differences_have_teeth() {
    let folder = Folder::new();
    let bless = |signature: &str, more: &[&str]| {
        let args = ["bless", signature, "--port", PLANTED[2], "--reason", "ours", "--link", "https://example.org/1"];
        folder.sessdiff(&[&args[..], more].concat())
    };
    let check = |case: &str| folder.sessdiff(&[&PLANTED[..], &["--case", case, "--json"]].concat());
    bless("SSL_SESSION_dup/hostname", &["--case", "dup/copies/*"]).exits(0);
    let known = check("dup/copies/hostname").exits(0);
    assert_eq!(known.objects()[0]["cases"][0]["outcome"], "known");
    check("dup/keeps/hostname").exits(1);
    bless("SSL_SESSION_dup/hostname", &[]).exits(0);
    folder.sessdiff(&PLANTED).exits(0).shows("known: SSL_SESSION_dup/hostname");
    bless("SSL_SESSION_dup/timeout", &[]).exits(0);
    let stale = folder.sessdiff(&PLANTED).exits(3);
    assert!(stale.stderr.contains("SSL_SESSION_dup/timeout"), "{stale:?}");
    bless("SSL_SESSION_get_master_key/overrun", &[]).refuses("--memory-unsafe");
    bless("SSL_SESSION_get_master_key/overrun", &["--memory-unsafe"]).exits(0);
    folder.write("known.toml", "[[known]]\nsignature = \"SSL_SESSION_dup/hostname\"\ncase = \"[\"\n");
    folder.sessdiff(&[&PLANTED[..], &["--known", "known.toml"]].concat()).refuses("known.toml:3");
}

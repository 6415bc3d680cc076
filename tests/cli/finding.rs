//! `sessdiff run` where something diverges.

use serde_json::json;

use super::{CORPUS, Folder, PROGRAM, Ran, corpus};

const PORT: &str = "planted:dup-forgets-hostname";
const SIGNATURE: &str = "CONTENTS SSL_SESSION_dup/hostname";
const FILE: &str = "SSL_SESSION_dup.hostname.ops";
/// All files of a finding.
const FILES: [&str; 3] =
    ["SSL_SESSION_dup.hostname.c", "SSL_SESSION_dup.hostname.ops", "SSL_SESSION_dup.hostname.original.ops"];

/// Runs against the port that forgets, with these arguments besides.
#[track_caller]
fn find(folder: &Folder, more: &[&str]) -> Ran {
    let args = ["run", "--port", PORT, "--programs", "5000", "--seed", "1"];
    let none: &[&str] = if more.contains(&"--corpus") { &[] } else { &["--corpus", "none"] };
    folder.sessdiff(&[&args, none, more].concat()).exits(1)
}

#[test]
fn is_replayed_by_the_command_that_is_printed() {
    let folder = Folder::new();
    for out in ["found", "a folder's name"] {
        let ran = find(&folder, &["--out", out]).shows("\nreplay: ");
        let line = ran.stdout.lines().find_map(|line| line.strip_prefix("replay: ")).expect("shown above");
        folder.sh(line).exits(1).quietly().shows(SIGNATURE);
    }
}

/// The C program is tried before it is offered, and the command that is printed does the same once more.
#[test]
fn is_tried_in_c_by_the_command_that_is_printed() {
    let folder = Folder::new();
    let ran = find(&folder, &[]).shows("\nC says: \"as expected\", exit 0: no library has what is planted\n");
    let line = ran.stdout.lines().find_map(|line| line.strip_prefix("C file: ")).expect("a command");
    folder.sh(line).exits(0).quietly().shows(", expected as OpenSSL ").shows("\nas expected");
}

/// The block as it is printed, with what the run says before and after it.
#[test]
fn is_replayed_from_what_is_printed() {
    let folder = Folder::new();
    let ran = find(&folder, &[]);
    folder.write("copied", &ran.stdout);
    for line in
        ["replay --port PORT copied", "replay --port PORT - <copied", "show - <copied | sessdiff replay --port PORT -"]
    {
        folder.sh(&format!("sessdiff {}", line.replace("PORT", PORT))).exits(1).quietly().shows(SIGNATURE);
    }
}

#[test]
fn goes_into_the_folder_sessdiff_out_by_itself() {
    let folder = Folder::new();
    find(&folder, &[]).quietly();
    assert_eq!(folder.names("sessdiff-out"), FILES);
}

#[test]
fn ends_the_run_unless_it_is_to_go_on() {
    let folder = Folder::new();
    let first = find(&folder, &["--json"]);
    assert_eq!(first.number("divergences"), 1, "{first:?}");
    let all = find(&folder, &["--json", "--keep-going"]);
    assert_eq!(all.number("programs"), 5000, "{all:?}");
    assert!(first.number("programs") < 5000 && all.number("divergences") > 1, "{first:?}\n{all:?}");
    let hits = all.number("divergences");
    assert_eq!(all.json()["signatures"][0]["hits"], hits, "{all:?}");
    let all = find(&folder, &["--keep-going"]).quietly();
    let end = all.stdout.split_once("\nDIVERGE: ").expect("a verdict").1;
    assert_eq!(end.lines().nth(1), Some(&*format!("{hits} programs: {SIGNATURE}, sessdiff-out/{FILE}")), "{all:?}");
    let signatures: Vec<_> = all.stdout.lines().filter(|line| line.starts_with("CONTENTS ")).collect();
    assert_eq!(signatures, [SIGNATURE], "each is shown once");
}

#[test]
fn leaves_standard_output_to_the_object() {
    let folder = Folder::new();
    let ran = find(&folder, &["--json"]);
    assert!(ran.stderr.starts_with(SIGNATURE), "{ran:?}");
    let mut object = ran.json();
    assert_eq!(object["verdict"], "diverge", "{object}");
    let finding = object["signatures"][0].as_object_mut().and_then(|found| found.remove("finding"));
    assert_eq!(finding.expect("the finding")["signature"], "SSL_SESSION_dup/hostname", "{object}");
    let file = format!("sessdiff-out/{FILE}");
    let found = json!([{ "signature": "SSL_SESSION_dup/hostname", "class": "CONTENTS", "broke": false, "explained": [], "beside": [],
        "cause": null, "reduced": true, "file": file, "hits": 1 }]);
    assert_eq!(object["signatures"], found, "{object}");
}

/// The cache as it should be and as it is, and what left it in which order.
#[test]
fn of_a_cache_shows_what_it_lists() {
    let case = "#! sessdiff 1\nc0 = SSL_CTX_new(TLS_server_method())\ns0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, \"a\")\n\
                SSL_CTX_add_session(c0, s0)\nSSL_CTX_flush_sessions(c0, 0)\n";
    let folder = Folder::with("a.ops", case);
    let replay = |port: &str| folder.sessdiff(&["replay", "--port", port, "a.ops"]).exits(1).quietly();
    replay("planted:flush-of-all-keeps-one")
        .shows("cached                           in c0, should be: nothing\n")
        .shows("cached                           in c0, is:        s0 (id \"a\")\n");
    folder.write("a.ops", format!("{case}SSL_CTX_sess_set_remove_cb(c0, remove_cb_records)\nSSL_CTX_add_session(c0, s0)\nSSL_CTX_remove_session(c0, s0)\n"));
    replay("planted:remove-tells-twice")
        .shows("removed                      should be: session 0 (s0, id \"a\")\n")
        .shows("removed                      is:        session 0 (s0, id \"a\"), session 0 (s0, id \"a\")\n");
}

#[test]
fn in_a_committed_case_names_it() {
    let folder = Folder::new();
    let ran = find(&folder, &["--corpus", CORPUS]).shows(SIGNATURE);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(corpus().iter().any(|case| ran.stderr.contains(case.to_str().expect("UTF-8"))), "{ran:?}");
}

/// It is tried before there is anything to write, and a folder that stays empty does not stay.
#[test]
fn is_not_searched_where_nothing_can_be_written() {
    let folder = Folder::with("taken", "A file.\n");
    for out in ["taken", "taken/deeper", "/proc/out", "/dev/full"] {
        let args = ["run", "--port", PORT, "--seconds", "60", "--corpus", "none", "--out", out];
        folder.sessdiff(&args).refuses(&format!("{out}: "));
    }
    assert_eq!(folder.read("taken"), "A file.\n");
    let args = ["run", "--port", "native", "--programs", "10", "--corpus", "none", "--out", "some/folder"];
    folder.sessdiff(&args).exits(0).quietly();
    assert_eq!(folder.names("."), ["taken"]);
    // As on a full disk, where there is room for a name and not for a byte.
    let full = "trap '' XFSZ; ulimit -f 0; sessdiff run --seconds 60 --corpus none --port";
    folder.sh(&format!("{full} {PORT}")).refuses("sessdiff-out: File too large");
    assert_eq!(folder.names("."), ["taken"]);
}

#[test]
fn overwrites_no_file() {
    let folder = Folder::with(&format!("out/{FILE}"), PROGRAM);
    let second = "SSL_SESSION_dup.hostname-2.ops";
    find(&folder, &["--out", "out"]).shows(&format!("/{second}\n"));
    let names = ["SSL_SESSION_dup.hostname-2.c", second, "SSL_SESSION_dup.hostname-2.original.ops", FILE];
    assert_eq!(folder.names("out"), names);
    assert_eq!(folder.read(&format!("out/{FILE}")), PROGRAM);
    // The same program once more needs no file more.
    find(&folder, &["--out", "out"]).shows(&format!("/{second}\n"));
    assert_eq!(folder.names("out"), names);
}

/// Each is what the flush leaves in the cache, under the name of what a program observes of it first.
#[test]
fn signatures_of_one_cause_are_listed_together() {
    let folder = Folder::new();
    let port = ["run", "--port", "planted:flush-takes-last-second", "--programs", "20000", "--seed", "2"];
    let run = [&port[..], &["--corpus", "none", "--keep-going", "--reduce-seconds", "5"]].concat();
    let said = folder.sessdiff(&run).exits(1).stdout;
    let list: Vec<_> = said.lines().skip_while(|line| !line.starts_with("DIVERGE: ")).skip(1).take(2).collect();
    let [first, second] = list[..] else { panic!("{said}") };
    assert!(first.contains(" programs: CACHE SSL_CTX_flush_sessions/cache, "), "{said}");
    assert!(second.starts_with("  of the same cause: ") && second.contains("/callback."), "{said}");
    let found = folder.sessdiff(&[&run[..], &["--json"]].concat()).exits(1).json();
    let causes: Vec<_> = found["signatures"].as_array().expect("a list").iter().map(|one| &one["cause"]).collect();
    let cause = serde_json::Value::from("SSL_CTX_flush_sessions/cache");
    assert_eq!(causes[0], &serde_json::Value::Null, "{found}");
    assert!(causes.len() > 1 && causes[1..].iter().all(|one| **one == cause), "{found}");
}

/// What the library does although its manual does not say so is a class of its own; what it should not do is not.
#[test]
fn what_the_manual_does_not_say_is_of_class_doc() {
    let case = format!("{}/rules/dup-drops-hint.ops", super::CORPUS);
    let folder = Folder::with("a.ops", super::PROGRAM);
    let documented = ["--as", "documented"];
    let replay = |more: &[&str]| folder.sessdiff(&[&["replay"], &documented[..], more].concat()).exits(1);
    replay(&[&case]).shows("\nDOC SSL_SESSION_dup/ticket_lifetime_hint\n");
    assert_eq!(replay(&["--json", &case]).json()["finding"]["class"], "DOC");
    replay(&["--port", "planted:dup-forgets-hostname", "a.ops"]).shows("\nCONTENTS SSL_SESSION_dup/hostname\n");
    let reduced = folder.sessdiff(&["reduce", "--json", "--as", "documented", &case]).exits(0).json();
    assert_eq!(reduced["finding"]["class"], "DOC", "{reduced}");
    let run = ["run", "--programs", "20", "--corpus", "none", "--keep-going", "--as", "documented"];
    folder.sessdiff(&run).exits(1).shows("\nDOC SSL_SESSION_dup/ticket_lifetime_hint\n");
    // What explains a finding is named at the end, too, although so few programs do not meet it.
    let found = folder.sessdiff(&[&run[..], &["--json"]].concat()).exits(1).json();
    let ids = |list: &serde_json::Value| {
        let rules = list.as_array().expect("a list of rules").iter();
        rules.map(|rule| rule["id"].as_str().expect("a name").to_string()).collect::<Vec<_>>()
    };
    let known = ids(&found["known"]);
    let explained = found["signatures"].as_array().expect("a list").iter().flat_map(|one| ids(&one["explained"]));
    let explained: Vec<_> = explained.collect();
    assert!(explained.contains(&"dup-drops-hint".to_string()), "{found}");
    assert!(explained.iter().all(|id| known.contains(id)), "{known:?}: {found}");
}

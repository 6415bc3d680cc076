//! Logs of the preloaded library as cases: what was recorded is given as text, so nothing is run.
#![cfg(feature = "cli")]

use std::collections::BTreeMap;

use sessdiff::program::MARKER;
use sessdiff::record::{Log, Recording};

/// Spells the log of one process; a line is written as the library writes it, at depth 0 unless it begins with a depth and a place.
fn recorded(lines: &[&str]) -> Recording {
    let line = |line: &&str| {
        let is_inner = line.starts_with(|c: char| c.is_ascii_digit());
        if is_inner { format!("9 {line}\n") } else { format!("9 0 - {line}\n") }
    };
    let text: String = lines.iter().map(line).collect();
    let logs = Log::read_all(&BTreeMap::from([("9.0".into(), text)])).expect("a log");
    Recording::new("a program", "program --word", &logs)
}

/// The calls of the one case.
#[track_caller]
fn only(recording: &Recording) -> Vec<String> {
    assert_eq!(recording.cases.len(), 1, "{recording:?}");
    recording.cases[0].program.ops.iter().map(ToString::to_string).collect()
}

const CLIENT: &[&str] = &["SSL_CTX_new m:client = c:1", "SSL_new c:1 = x:1"];

#[test]
fn a_case_says_where_it_comes_from() {
    let made = recorded(&["library n:OpenSSL 9.9", "SSL_SESSION_new = s:1", "SSL_SESSION_free s:1"]);
    let case = &made.cases[0];
    assert_eq!((case.name.as_str(), case.sessions, made.calls), ("a-program-new", 1, 2));
    assert_eq!(case.why, "a program, recorded with OpenSSL 9.9: program --word.");
    assert!(case.program.to_string().starts_with(MARKER));
}

#[test]
fn an_address_that_comes_again_is_another_session() {
    let life = ["SSL_SESSION_new = s:1", "SSL_SESSION_free s:1"];
    let made = recorded(&[&life[..], &life, &life].concat());
    assert_eq!((only(&made).len(), made.cases[0].sessions), (2, 3));
}

#[test]
fn a_session_of_unknown_bytes_is_made_by_a_handshake() {
    let read = ["d2i_SSL_SESSION d:5 = s:1", "SSL_set_session x:1 s:1 = i:1", "SSL_SESSION_free s:1"];
    let shook = ["handshake x:1 i:0 i:771 i:1 = i:1", "SSL_free x:1", "SSL_CTX_free c:1"];
    let made = recorded(&[CLIENT, &read, &shook].concat());
    let calls = only(&made);
    let place =
        |text: &str| calls.iter().position(|call| call == text).unwrap_or_else(|| panic!("no {text}: {calls:#?}"));
    assert!(place("b1 = i2d_SSL_SESSION(s0)") < place("s0 = d2i_SSL_SESSION(b1)"), "{calls:#?}");
    assert!(place("SSL_set_session(x0, s0)") < place("handshake(x0, x1)"), "{calls:#?}");
    place("SSL_CTX_set_max_proto_version(c1, TLS1_2_VERSION)");
    assert!(made.cases[0].why.contains("the session that was stored before is one of a handshake of the case's own"));
    assert!(made.cases[0].owed.is_empty(), "{made:?}");
}

#[test]
fn a_callback_is_spelled_by_its_first_run() {
    let set = ["SSL_CTX_new m:client = c:1", "SSL_CTX_sess_set_new_cb c:1 f:0", "SSL_new c:1 = x:1"];
    let told = [
        "handshake x:1 i:0 i:772 i:0 = i:1",
        "1 < callback:new f:0 x:1 s:1",
        "1 < i2d_SSL_SESSION s:1 d:7 = i:9",
        "1 < SSL_SESSION_up_ref s:1 = i:1",
        "1 < returned:new f:0 x:1 s:1 = i:0",
        "talked x:1",
        "SSL_SESSION_free s:1",
    ];
    let made = recorded(&[&set[..], &told].concat());
    let calls = only(&made);
    let block = "SSL_CTX_sess_set_new_cb(c0, { b0 = i2d_SSL_SESSION(session); SSL_SESSION_up_ref(session); return 0 })";
    assert!(calls.iter().any(|call| call == block), "{calls:#?}");
    assert!(calls.windows(2).any(|pair| pair == ["s0 = take_kept()", "SSL_SESSION_free(s0)"]), "{calls:#?}");
}

/// A call that no block has comes behind it: the block takes a reference for it, which the case gives back.
#[test]
fn what_no_block_has_comes_behind_the_handshake() {
    let set = ["SSL_CTX_new m:client = c:1", "SSL_CTX_sess_set_new_cb c:1 f:0", "SSL_new c:1 = x:1"];
    let told = [
        "handshake x:1 i:0 i:772 i:0 = i:1",
        "1 < callback:new f:0 x:1 s:1",
        "1 < SSL_SESSION_get_id s:1",
        "1 < returned:new f:0 x:1 s:1 = i:0",
        "talked x:1",
    ];
    let made = recorded(&[&set[..], &told].concat());
    let calls = only(&made);
    let behind = ["s0 = take_kept()", "SSL_SESSION_get_id(s0)", "SSL_SESSION_free(s0)"];
    assert!(calls.iter().any(|call| call == "SSL_CTX_sess_set_new_cb(c0, new_cb_up_refs)"), "{calls:#?}");
    assert!(calls.windows(3).any(|three| three == behind), "{calls:#?}");
    assert!(made.left_out.is_empty(), "{:?}", made.left_out);
}

/// What a server resumed is offered by the client that made the handshake before.
#[test]
fn what_a_server_resumed_is_offered() {
    let first = ["SSL_CTX_new m:any = c:1", "SSL_new c:1 = x:1", "handshake x:1 i:1 i:772 i:0 = i:1"];
    let told = ["SSL_get1_session x:1 = s:1", "SSL_free x:1", "SSL_new c:1 = x:2", "handshake x:2 i:1 i:772 i:1 = i:1"];
    let made = recorded(&[&first[..], &told, &["SSL_get_session x:2 = s:1"]].concat());
    let calls = only(&made);
    let offered = ["s1 = SSL_get1_session(x1)", "SSL_set_session(x2, s1)", "SSL_SESSION_free(s1)", "handshake(x2, x0)"];
    assert!(calls.windows(4).any(|four| four == offered), "{calls:#?}");
    assert_eq!(made.cases[0].owed.len(), 3, "s0, x0 and c0: {:?}", made.cases[0].owed);
}

#[test]
fn what_is_not_in_a_case_is_counted_by_name() {
    let odd = [
        "SSL_CTX_set_ciphersuites c:1 b:00 = i:0",
        "handshake x:1 i:0 i:769 i:0 = i:1",
        "unspelled n:SSL_SESSION_print_fp",
    ];
    let made = recorded(&[CLIENT, &odd, &["SSL_get1_session x:1 = s:1", "SSL_SESSION_free s:1"]].concat());
    let named = |name: &str| made.left_out.get(name).copied();
    assert_eq!([named("handshake"), named("SSL_CTX_set_ciphersuites")], [Some(1); 2], "{:?}", made.left_out);
    assert_eq!(made.unspelled, BTreeMap::from([("SSL_SESSION_print_fp".to_string(), 1)]));
    assert!(made.cases[0].why.contains("Left out: "), "{}", made.cases[0].why);
}

/// The library stops at the limit that it was made with, and says so.
#[test]
fn a_log_that_is_full_is_said_to_be() {
    assert!(sessdiff::record::interposer(4321).contains("#define LIMIT 4321ull\n"));
    let life = ["SSL_SESSION_new = s:1", "SSL_SESSION_free s:1"];
    assert!(!recorded(&life).is_full);
    assert!(recorded(&[&life[..], &["full"]].concat()).is_full);
}

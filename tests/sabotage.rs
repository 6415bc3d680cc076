//! The harness is tested by sabotage: the native port with one planted bug is compared with the native port, and the bug
//! must be found from a fixed seed, under its signature, at the right step.
#![cfg(feature = "linked")]

#[path = "sabotage/find.rs"]
mod find;
#[path = "sabotage/matrix.rs"]
mod matrix;

use find::{
    LONGEST, PROGRAMS, SEED, SETUP, Sabotaged, WHICH, find, generators, needs_compression, sabotaged, sabotaged_as,
    watch,
};
use sessdiff::exec::Watch;
use sessdiff::generate::Generator;
use sessdiff::native::Release;
use sessdiff::oracle::Divergence;
use sessdiff::pair::{Pair, Verdict};
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::mutant::{Bug, Mutant};
use sessdiff::port::native::NativePort;
use sessdiff::program::Program;
use sessdiff::samples;

/// The step is right if nothing shows before it: the program cut off there agrees, or differs only in what the harness
/// gives back after the cut.
fn shows_before(pair: &mut Sabotaged, program: &Program, step: usize) -> Option<Divergence> {
    let before = Program { ops: program.ops[..step.min(program.ops.len())].to_vec() };
    match pair.judge_watching(&before, Watch::Blame) {
        Verdict::Diverge(found) if found.divergence.step < before.ops.len() => Some(found.divergence),
        Verdict::Diverge(_) | Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_) => None,
    }
}

#[test]
fn every_planted_bug_is_found_under_its_signature_at_the_right_step() {
    let mut failures = Vec::new();
    for bug in Bug::ALL.iter().copied() {
        let mut pair = sabotaged(bug);
        let mut fail = |what: String| failures.push(format!("{}: {what}", bug.name()));
        match find(&mut pair, SEED) {
            Err(why) => fail(why),
            Ok((program, found)) => {
                if !bug.shows_as(found.signature()) {
                    fail(format!("found as {}, not {}\n{found:?}\n{program}", found.signature(), bug.signature()));
                }
                if let Some(earlier) = shows_before(&mut pair, &program, found.step) {
                    fail(format!("blamed on step {}, but shows at {}\n{program}", found.step, earlier.step));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {} bugs:\n{}", failures.len(), Bug::ALL.len(), failures.join("\n"));
}

/// Bugs that show only in a certain order of calls, and in which step, each under its usual signature: each was missed, or blamed on another step, by an oracle that looked
/// less often.
const ORDERS: &[(Bug, &str, usize)] = &[
    // The extra callback is the last thing in its step, and the step after it writes nothing.
    (
        Bug::FreeRunsCallbackTwice,
        "s0 = SSL_SESSION_new()\ns1 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s1)\nSSL_SESSION_free(s0)\nSSL_SESSION_free(s1)",
        3,
    ),
    // Nothing touches the session that changes, neither before its end nor after.
    (
        Bug::DupAliasesId,
        "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, \"abc\")\ns1 = SSL_SESSION_dup(s0)\nSSL_SESSION_set1_id(s0, \"xyz\")",
        3,
    ),
    (
        Bug::AlpnWritesNeighbour,
        "s0 = SSL_SESSION_new()\ns1 = SSL_SESSION_dup(s0)\nSSL_SESSION_set1_alpn_selected(s1, \"h2\")",
        2,
    ),
    // The next call raises an error on both sides.
    (
        Bug::TimeoutLeavesError,
        "s0 = SSL_SESSION_new()\nSSL_SESSION_set_timeout(s0, 1)\nSSL_SESSION_set_ex_data(s0, ex_negative, 0x1)",
        1,
    ),
    // The count that is wrong belongs to no session of the call.
    (
        Bug::FreeNullFreesAnother,
        "s0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\nSSL_SESSION_free(NULL)\nSSL_SESSION_get_time(NULL)\nSSL_SESSION_set1_id(s0, \"a\")",
        2,
    ),
];

#[test]
fn no_order_of_calls_hides_a_bug() {
    for (bug, calls, step) in ORDERS {
        let program: Program = format!("#! sessdiff 1\n{calls}\n").parse().expect("a program");
        for watch in [Watch::Fast, Watch::Blame] {
            match sabotaged(*bug).judge_watching(&program, watch) {
                Verdict::Diverge(found) => {
                    let found = found.divergence;
                    assert_eq!((found.signature(), found.step), (bug.signature(), *step), "{bug:?} {watch:?}");
                }
                other @ (Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_)) => {
                    panic!("{bug:?} {watch:?}: {other:?}")
                }
            }
        }
    }
}

/// A session with every field, which is read, written and read again.
const READ_AND_WRITTEN: &str = include_str!("../corpus/stored/every-field.ops");

/// What is wrong in DER may have been read wrong or be written wrong. The first is blamed on the call that read it, the second on the
/// one that writes, and not on whoever reads next what was written, or made the session.
#[test]
fn what_is_written_wrong_is_blamed_on_what_writes() {
    let stored: Program = READ_AND_WRITTEN.parse().expect("a case");
    let sample = "#! sessdiff 1\ns0 = sample_session(tls12_full)\nb0 = i2d_SSL_SESSION(s0)\ns1 = d2i_SSL_SESSION(b0)\n";
    let sample: Program = sample.parse().expect("a program");
    for (name, program, expected, step) in [
        ("i2d-forgets-hostname", &sample, "i2d_SSL_SESSION/hostname", 0),
        ("i2d-swaps-ticket_lifetime_hint", &sample, "i2d_SSL_SESSION/ticket_lifetime_hint", 0),
        ("i2d-forgets-session_id", &sample, "i2d_SSL_SESSION/session_id", 0),
        ("i2d-forgets-kex_group", &sample, "i2d_SSL_SESSION/kex_group", 0),
        // No getter shows them, and a printed session does.
        ("i2d-forgets-verify_result", &stored, "i2d_SSL_SESSION/verify_result", 1),
        ("i2d-swaps-psk_identity", &stored, "i2d_SSL_SESSION/psk_identity_hint", 1),
        ("i2d-forgets-srp_username", &stored, "i2d_SSL_SESSION/srp_username", 1),
        // It was read wrong: a getter shows it, or the printed session does.
        ("d2i-forgets-hostname", &stored, "d2i_SSL_SESSION/hostname", 1),
        ("d2i-forgets-verify_result", &stored, "d2i_SSL_SESSION/verify_result", 1),
        ("d2i-forgets-psk_identity_hint", &stored, "d2i_SSL_SESSION/psk_identity_hint", 1),
        // Nothing but DER shows it: the first call after which it is seen is blamed.
        ("i2d-forgets-tick_age_add", &stored, "d2i_SSL_SESSION/tick_age_add", 1),
    ] {
        let bug = Bug::from_name(name).expect("a planted bug");
        for watch in [Watch::Fast, Watch::Ends, Watch::Blame] {
            let found = sabotaged(bug).judge_watching(program, watch).diverged();
            let found = found.map(|found| (found.divergence.signature().to_string(), found.divergence.step));
            assert_eq!(found, Some((expected.to_string(), step)), "{name} {watch:?}");
        }
    }
}

/// Finds the call in a program with many cached sessions, where not every step is audited: what the ports show is compared at
/// every step all the same.
#[test]
fn a_crowded_cache_hides_no_bug() {
    let mut calls = String::from("#! sessdiff 1\nc0 = pooled_context(TLS_server_method())\n");
    for number in 0..80 {
        calls += &format!("s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, x\"{number:02x}\")\n");
        calls += "SSL_CTX_add_session(c0, s0)\n";
        calls += if number == 79 { "" } else { "SSL_SESSION_free(s0)\n" };
    }
    calls += "SSL_CTX_remove_session(c0, s0)\nSSL_CTX_get_timeout(c0)\n";
    let program: Program = calls.parse().expect("a program");
    let removes = program.ops.len() - 2;
    for bug in [Bug::RemoveKeepsReference, Bug::RemoveEmptiesCache] {
        match sabotaged(bug).judge_watching(&program, Watch::Fast) {
            Verdict::Diverge(found) => {
                assert!(bug.shows_as(found.divergence.signature()), "{found:?}");
                assert_eq!(found.divergence.step, removes, "{bug:?}");
            }
            other @ (Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_)) => {
                panic!("{bug:?}: {other:?}")
            }
        }
    }
}

/// When a crowd was flushed, what is cached then is looked at after every step again: another flush would cover up what is wrong.
#[test]
fn a_crowd_that_is_gone_hides_no_bug() {
    let mut calls = String::from("#! sessdiff 1\nc0 = pooled_context(TLS_server_method())\n");
    let add = |slot: u8, number: u8| {
        format!(
            "s{slot} = SSL_SESSION_new()\nSSL_SESSION_set1_id(s{slot}, x\"{number:02x}\")\nSSL_CTX_add_session(c0, s{slot})\n"
        )
    };
    for number in 0..40 {
        calls += &add(0, number);
        calls += "SSL_SESSION_free(s0)\n";
    }
    calls += "SSL_CTX_flush_sessions(c0, 0)\n";
    calls += &(add(1, 1) + &add(2, 2));
    calls += "SSL_CTX_remove_session(c0, s1)\nSSL_CTX_flush_sessions(c0, 0)\n";
    let program: Program = calls.parse().expect("a program");
    match sabotaged(Bug::RemoveEmptiesCache).judge_watching(&program, Watch::Fast) {
        Verdict::Diverge(found) => assert_eq!(found.divergence.step, program.ops.len() - 2, "{found:?}"),
        other @ (Verdict::Agree | Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_)) => panic!("{other:?}"),
    }
}

/// A buffer of a duplicate may lie where one of the source was before: that is no sharing.
#[test]
fn a_buffer_that_is_gone_is_shared_with_nobody() {
    let c = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    let mut pair = Pair::new(NativePort::new(c.library().release, SETUP), c, true);
    let mut random = fastrand::Rng::with_seed(7);
    let calls = [
        "SSL_SESSION_set1_hostname($, \"a\")",
        "SSL_SESSION_set1_hostname($, \"\")",
        "SSL_SESSION_set1_alpn_selected($, \"x\")",
        "SSL_SESSION_set1_alpn_selected($, NULL)",
        "SSL_SESSION_set1_ticket_appdata($, \"x\")",
        "SSL_SESSION_set1_ticket_appdata($, NULL)",
        "SSL_SESSION_get0_hostname($)",
        "SSL_SESSION_get0_alpn_selected($)",
        "SSL_SESSION_get0_ticket_appdata($)",
    ];
    for _ in 0..60_000 {
        let mut text = String::from("#! sessdiff 1\ns0 = SSL_SESSION_new()\ns2 = SSL_SESSION_new()\n");
        for _ in 0..random.u8(8..18) {
            let slot = if random.u8(0..3) == 0 { "s2" } else { "s0" };
            text += &format!("{}\n", calls[random.usize(0..calls.len())].replace("$", slot));
        }
        text += "s1 = SSL_SESSION_dup(s0)\n";
        let program: Program = text.parse().expect("a program");
        assert_eq!(pair.judge_watching(&program, Watch::Ends), Verdict::Agree, "{text}");
    }
}

/// CVE-2024-2511 breaks the cache of 3.2.1 in the last handshake of a committed case: what differs after that says nothing, and what
/// differs before it, or in a release without the fault, does.
#[test]
fn what_differs_after_a_known_fault_broke_the_library_says_nothing() {
    let case = include_str!("../corpus/handshake/cached-session-keeps-its-id.ops");
    let (head, calls) = case.split_once("c0 = ").expect("a context");
    let wrong = "s1 = sample_session(tls12_ticket)\ns2 = SSL_SESSION_dup(s1)\n";
    let after: Program = format!("{case}{wrong}").parse().expect("a program");
    let before: Program = format!("{head}{wrong}c0 = {calls}").parse().expect("a program");
    let judged = |release: Release, program: &Program| {
        let mut pair = sabotaged_as(Bug::DupForgetsHostname, release);
        [Watch::Fast, Watch::Blame].map(|watch| pair.judge_watching(program, watch))
    };
    let (broken, mended) = (Release::new(3, 2, 1, 0), Release::V3_6_3);
    assert_eq!(judged(broken, &after), [Verdict::Known, Verdict::Known]);
    for (release, program) in [(broken, &before), (mended, &after), (mended, &before)] {
        let verdicts = judged(release, program);
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Diverge(_))), "{release}: {verdicts:?}");
    }
}

/// A program that stops leaves nothing to the next one.
#[test]
fn a_program_that_stopped_is_not_seen_by_the_next() {
    let mut pair = sabotaged(Bug::DupIgnoresRefusal);
    let stops = "s0 = SSL_SESSION_new()\nSSL_SESSION_set_ex_data(s0, ex_refused, 0x1)\ns1 = SSL_SESSION_dup(s0)\n";
    let next = "s1 = SSL_SESSION_new()\nSSL_SESSION_set_timeout(s1, 5)\nSSL_SESSION_free(s1)\n";
    let contexts = format!("c0 = pooled_context(TLS_server_method())\n{next}");
    for watch in [Watch::Fast, Watch::Blame] {
        for next in [next, &contexts] {
            let [stops, next] =
                [stops, next].map(|calls| format!("#! sessdiff 1\n{calls}").parse().expect("a program"));
            assert!(matches!(pair.judge_watching(&stops, watch), Verdict::Diverge(_)), "{watch:?}");
            assert_eq!(pair.judge_watching(&next, watch), Verdict::Agree, "{watch:?}\n{next}");
        }
    }
}

#[test]
fn planted_bugs_have_names_of_their_own() {
    for bug in Bug::ALL {
        assert_eq!(Bug::from_name(bug.name()), Some(*bug));
    }
}

#[test]
fn the_same_bug_is_found_against_openssl_too() {
    let mut failures = Vec::new();
    for bug in Bug::ALL.iter().copied().filter(|bug| samples::COMPRESSION.keeps() || !needs_compression(*bug)) {
        let c = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
        let release = c.library().release;
        // A function that the release does not have is never called, and a field that it does not have is never there.
        let since = if let Bug::Stored(bug) = bug { bug.since() } else { None };
        let since = if bug == Bug::FlushExHas32Bits { Some("3.4") } else { since };
        if since.is_some_and(|since| !release.is_since(since)) {
            continue;
        }
        let mut pair = Pair::new(Mutant::new(bug, release, SETUP), c, true);
        let mut generators = generators(SEED);
        let found = (0..PROGRAMS).find_map(|number| {
            let program = generators[number / 4 % WHICH.len()].program(LONGEST);
            match pair.judge_watching(&program, watch(number)) {
                Verdict::Agree | Verdict::Known | Verdict::Nothing => None,
                Verdict::Diverge(found) => Some(Ok(found.divergence.signature())),
                Verdict::Inconclusive(why) => Some(Err(why)),
            }
        });
        let found = match found {
            Some(Ok(signature)) if bug.shows_as(signature) => continue,
            Some(Ok(signature)) => signature.to_string(),
            Some(Err(why)) => why.to_string(),
            None => "nothing".into(),
        };
        failures.push(format!("{}: {found}, not {}", bug.name(), bug.signature()));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A session that is destroyed early is called so in programs with bytes and contexts too, which are audited, not only planned.
#[test]
fn a_session_that_is_destroyed_early_is_named_in_every_program() {
    let sessions = "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_up_ref(s0)\n";
    for more in ["", "b0 = i2d_SSL_SESSION(s0)\n", "c0 = pooled_context(TLS_server_method())\n"] {
        let program: Program = format!("{sessions}{more}").parse().expect("a program");
        let found = sabotaged(Bug::FreeAtOneLeft).judge_watching(&program, Watch::Fast).diverged();
        let signature = found.map(|found| found.divergence.signature());
        assert_eq!(signature, Some(Bug::FreeAtOneLeft.signature()), "{program}");
    }
}

#[test]
fn a_program_run_twice_gives_the_same_trace() {
    let c = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    let release = c.library().release;
    let mut pair = Pair::new(NativePort::new(release, SETUP), c, true);
    let mut generator = Generator::new(SEED, SETUP);
    for _ in 0..2_000 {
        let program = generator.program(LONGEST);
        assert_eq!(pair.repeats(&program), Ok(()), "{program}");
    }
}

#[test]
fn an_agreement_about_nothing_is_none() {
    let mut pair = sabotaged(Bug::DupForgetsId);
    assert_eq!(pair.judge(&Program::default()), Verdict::Nothing);
    let skipped = "#! sessdiff 1\nSSL_SESSION_up_ref(s0)\n".parse().expect("a program");
    assert_eq!(pair.judge(&skipped), Verdict::Nothing);
}

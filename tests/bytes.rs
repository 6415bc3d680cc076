//! What the native session reads and writes, against an OpenSSL, byte for byte: DER, PEM, text, and what refusals leave.
//!
//! It is the linked one, or that of `SESSDIFF_BYTES_LIBRARY`, a library with all of libssl and libcrypto. `SESSDIFF_BYTES_CASES`
//! says how many changed sessions are read, and `SESSDIFF_BYTES_SEED` which.
#![cfg(feature = "linked")]
#![allow(unsafe_code, reason = "an OpenSSL is called")]

#[path = "bytes/api.rs"]
mod api;
#[path = "bytes/mutate.rs"]
mod mutate;

use std::sync::Arc;

use api::{Api, By, Look, hex};
use fastrand::Rng;
use mutate::Node;
use sessdiff::native::{Compression, Library, NotRead, Session, pem_is_modelled};
use sessdiff::op::Sample;
use sessdiff::samples;

/// Holds both implementations.
struct Both {
    c: Api,
    native: Arc<Library>,
    /// Counts what was taken, and what was refused.
    taken: usize,
    refused: usize,
}

/// Holds the outcome of a call, and everything of the session after it.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    taken: Option<usize>,
    raised: bool,
    look: Option<Look>,
}

impl Both {
    fn new() -> Both {
        let c = Api::new();
        let native = c.native();
        Both { c, native, taken: 0, refused: 0 }
    }

    /// Reads bytes in both, into a session that was read from `before` or into none, and looks at the session then.
    fn check(&mut self, by: By, before: Option<&[u8]>, bytes: &[u8]) {
        // The second may have passed between the two.
        for attempt in 0.. {
            let (c, native) = (self.in_c(by, before, bytes), self.in_native(by, before, bytes));
            if c == native {
                *if c.taken.is_some() { &mut self.taken } else { &mut self.refused } += 1;
                return;
            }
            if attempt == 2 {
                let text = if by == By::Pem { String::from_utf8_lossy(bytes).into() } else { hex(bytes) };
                let (before, differs) = (before.map(hex), difference(&c, &native));
                panic!("{}: {by:?} into {before:?}\n{text}\n{differs}", self.native.release());
            }
        }
    }

    fn in_c(&self, by: By, before: Option<&[u8]>, bytes: &[u8]) -> Outcome {
        let c = &self.c;
        let into = before.map(|before| c.read(By::Der, None, before).0.expect("a session"));
        c.take_error();
        let (read, taken) = c.read(by, into, bytes);
        let raised = c.take_error();
        let session = into.or(read);
        let look = session.map(|session| c.look(session));
        if let Some(session) = session {
            c.free(session);
        }
        Outcome { taken: read.map(|_| taken), raised: raised && read.is_none(), look }
    }

    fn in_native(&self, by: By, before: Option<&[u8]>, bytes: &[u8]) -> Outcome {
        let keys = &mut &self.c;
        let into = before.map(|before| self.native.session_from_der(before, keys).expect("a session").0);
        let result = match (by, &into) {
            (By::Der, Some(into)) => into.read_der(bytes, keys).map(|taken| (into.up_ref(), taken)),
            (By::Der, None) => self.native.session_from_der(bytes, keys),
            (By::Bio, Some(into)) => into.read_der_bio(bytes, keys).map(|()| (into.up_ref(), 0)),
            (By::Bio, None) => self.native.session_from_der_bio(bytes, keys).map(|session| (session, 0)),
            (By::Pem, Some(into)) => into.read_pem(bytes, keys).map(|()| (into.up_ref(), 0)),
            (By::Pem, None) => self.native.session_from_pem(bytes, keys).map(|session| (session, 0)),
        };
        let session = into.as_ref().or(result.as_ref().ok().map(|(session, _)| session));
        Outcome {
            taken: result.as_ref().ok().map(|(_, taken)| *taken),
            raised: result.as_ref().is_err_and(|error| NotRead::raises(*error)),
            look: session.map(|session| self.look(session)),
        }
    }

    /// Returns everything of a native session that [`Api::look`] returns.
    fn look(&self, session: &Session) -> Look {
        let keys = &mut &self.c;
        let der = |session: &Session| {
            let mut out = b"before".to_vec();
            session.to_der(&mut out).then(|| out.split_off(6))
        };
        let written = |write: &mut dyn FnMut(&mut Vec<u8>) -> bool| {
            let mut out = Vec::new();
            (write(&mut out), out)
        };
        Look {
            der: der(session),
            pem: written(&mut |out| session.to_pem(out)),
            print: written(&mut |out| session.print(keys, out)),
            keylog: written(&mut |out| session.print_keylog(out)),
            has_ticket: session.has_ticket(),
            is_resumable: session.is_resumable(),
            ticket_length: session.ticket_length(),
            dup: session.dup().ok().map(|copy| (der(&copy), copy.has_ticket())),
        }
    }

    /// Returns the tag of the last element that the release knows.
    fn last_tag(&self) -> u8 {
        match self.native.release() {
            release if release.is_since("3.2") => 20,
            release if release.is_since("3.0") => 19,
            _ => 18,
        }
    }

    /// Returns sessions to begin with.
    fn bases(&self, rng: &mut Rng) -> Vec<Node> {
        let samples = Sample::ALL.iter().map(|sample| mutate::parse(samples::encoded(*sample)).remove(0));
        let last = self.last_tag();
        let full =
            (0..24).map(|number| mutate::full(if number % 8 == 0 { last } else { last.min(19) }, rng, number > 9));
        full.chain(samples).collect()
    }

    /// Returns a session with every field. Reading a public key takes ten times as long as all the rest.
    fn full(&self, with_key: bool) -> Vec<u8> {
        let last = if with_key { self.last_tag() } else { self.last_tag().min(19) };
        let rng = &mut Rng::with_seed(1);
        mutate::encode(&mutate::full(last, rng, false), 0, rng)
    }
}

/// Says in what two outcomes differ, C's first.
fn difference(c: &Outcome, native: &Outcome) -> String {
    let lines = |outcome: &Outcome| format!("{outcome:#?}").lines().map(str::to_owned).collect::<Vec<_>>();
    let (c, native) = (lines(c), lines(native));
    let differ = c.iter().zip(&native).filter(|(a, b)| a != b).map(|(a, b)| format!("C:      {a}\nnative: {b}\n"));
    format!("{}{} and {} lines", differ.collect::<String>(), c.len(), native.len())
}

fn number_of(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

fn seed() -> u64 {
    number_of("SESSDIFF_BYTES_SEED", 7)
}

fn cases() -> u64 {
    number_of("SESSDIFF_BYTES_CASES", 200_000)
}

#[test]
fn samples_and_full_sessions_are_read_and_written_as_openssl_does() {
    let mut both = Both::new();
    let full = both.full(true);
    let mut all: Vec<Vec<u8>> = Sample::ALL.iter().map(|sample| samples::encoded(*sample).to_vec()).collect();
    for last in 0..=20 {
        let rng = &mut Rng::with_seed(u64::from(last));
        all.push(mutate::encode(&mutate::full(last, rng, true), 0, rng));
        all.push(mutate::encode(&mutate::full(last, rng, false), 0, rng));
    }
    for bytes in &all {
        for before in [None, Some(&full[..])] {
            both.check(By::Der, before, bytes);
            both.check(By::Bio, before, bytes);
        }
        both.check(By::Der, None, &[bytes, &b"trailing"[..]].concat());
    }
    assert!(both.taken > 50, "{} taken, {} refused", both.taken, both.refused);
}

/// A library that was built with zlib says its name (`SSL_SESSION_print`, ssl/ssl_txt.c, 3.6.3).
#[test]
fn a_compression_is_named_where_it_is_known() {
    let both = Both::new();
    let session = both.native.session();
    session.establish(samples::established(Sample::Tls12Full)).expect("a sample");
    for (known, line) in [
        (Compression::Absent, None),
        (Compression::Numbers, Some("    Compression: 1")),
        (Compression::Zlib, Some("    Compression: 1 (zlib compression)")),
    ] {
        both.native.set_compression(known);
        let mut text = Vec::new();
        assert!(session.print(&mut &both.c, &mut text));
        let text = String::from_utf8(text).expect("text");
        assert_eq!(text.lines().find(|line| line.contains("Compression")), line, "{known:?}");
    }
}

#[test]
fn samples_are_what_is_put_in() {
    let both = Both::new();
    for sample in Sample::ALL {
        let session = both.native.session();
        session.establish(samples::established(*sample)).expect("a sample");
        let (read, _) = both.c.read(By::Der, None, samples::encoded(*sample));
        let read = read.expect("a sample");
        let look = both.look(&session);
        let expected = both.c.look(read);
        if both.native.release().is_since("3.0") || !samples::COMPRESSION.keeps() {
            assert_eq!(look, expected, "{sample:?}");
        }
        // With all that has no getter.
        let copy = both.native.session();
        copy.establish(&session.established()).expect("what it had");
        assert_eq!(both.look(&copy), look, "{sample:?}");
        both.c.free(read);
    }
}

#[test]
fn every_suite_is_known_or_unknown() {
    let mut both = Both::new();
    let full = both.full(false);
    let bytes = [0x30, 0, 2, 1, 1, 2, 2, 3, 3, 4, 2, 0, 0, 4, 1, 5, 4, 2, 6, 7, 0xa4, 2, 4, 0];
    let mut bytes = api::fix_length(&bytes);
    for code in 0..=u16::MAX {
        bytes[11..13].copy_from_slice(&code.to_be_bytes());
        both.check(By::Der, if code % 2 == 0 { Some(&full) } else { None }, &bytes);
    }
    assert!(both.taken > 150 && both.refused > 60_000);
}

#[test]
fn every_protocol_version_is_taken_or_refused() {
    let mut both = Both::new();
    let full = both.full(false);
    let mut rng = Rng::with_seed(seed());
    for version in 0..=0xffff_i64 {
        let odd = i64::from(rng.i32(..)) >> rng.u32(..24);
        for version in [version, odd] {
            let node = mutate::version(version);
            both.check(By::Der, Some(&full), &mutate::encode(&node, 0, &mut rng));
        }
    }
    assert!(both.taken > 0 && both.refused > 0);
}

#[test]
fn changed_sessions_are_taken_or_refused_and_leave_the_same() {
    let mut both = Both::new();
    let mut rng = Rng::with_seed(seed());
    let fulls = [both.full(true), both.full(false)];
    let bases = both.bases(&mut rng);
    for _ in 0..cases() {
        let mut node = rng.choice(&bases).expect("one").clone();
        let changes = [0, 1, 1, 1, 2, 3][rng.usize(..6)];
        (0..changes).for_each(|_| mutate::change(&mut node, &mut rng));
        let wild = [0, 0, 3, 12, 40][rng.usize(..5)];
        let mut bytes = mutate::encode(&node, wild, &mut rng);
        let flips = [0, 0, 0, 1, 1, 3][rng.usize(..6)];
        (0..flips).for_each(|_| mutate::change_bytes(&mut bytes, &mut rng));
        let by = if rng.u8(..4) == 0 { By::Bio } else { By::Der };
        let full = &fulls[usize::from(rng.u8(..16) != 0)];
        let before = rng.bool().then_some(&full[..]);
        both.check(by, before, &bytes);
    }
    let (taken, refused) = (both.taken, both.refused);
    assert!(taken.min(refused) * 20 > taken + refused, "{taken} taken, {refused} refused");
}

/// Returns a session in PEM, as C writes it.
fn pem(both: &Both, der: &[u8]) -> Vec<u8> {
    let session = both.c.read(By::Der, None, der).0.expect("a session");
    let (_, pem) = both.c.write_pem(session);
    both.c.free(session);
    pem
}

#[test]
fn pem_is_read_with_every_byte_changed_and_cut_everywhere() {
    let mut both = Both::new();
    let full = both.full(false);
    let samples = [Sample::Tls12Id, Sample::Tls13Ticket].map(samples::encoded);
    for der in samples.into_iter().chain([&full[..]]) {
        let pem = pem(&both, der);
        for at in 0..=pem.len() {
            both.check(By::Pem, None, &pem[..at]);
            for byte in [0, 9, 10, 13, b' ', b'-', b':', b'=', b'A', b'!', 0x80, 0xff] {
                let mut changed = pem.clone();
                if let Some(at) = changed.get_mut(at) {
                    *at = byte;
                }
                both.check(By::Pem, None, &changed);
                changed.insert(at, byte);
                both.check(By::Pem, (at % 4 == 0).then_some(&full[..]), &changed);
            }
        }
    }
    assert!(both.taken > 1_000 && both.refused > 1_000, "{} taken, {} refused", both.taken, both.refused);
}

/// What may be around the lines of PEM, or between them.
const AROUND: &[&str] = &[
    "\n",
    "\r\n",
    "text\n",
    "key: value\n",
    " \n",
    "\t\r\n",
    "\u{feff}",
    "\0\n",
    "a\0b\n",
    "=\n",
    "-\n",
    "-----\n",
    "-----BEGIN SSL SESSION PARAMETERS-----\n",
    "-----END SSL SESSION PARAMETERS-----\n",
    "-----BEGIN SSL SESSION PARAMETERS\0-----\n",
    "-----END SSL SESSION PARAMETERS----- \n",
    "-----BEGIN OTHER-----\nQUFB\n-----END OTHER-----\n",
    "-----BEGIN OTHER-----\n-----END OTHER-----\n",
    "-----BEGIN OTHER-----\n!\n-----END OTHER-----\n",
    "-----BEGIN OTHER-----\n",
    "-----BEGIN -----\nQQ==\n-----END -----\n",
    "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n",
    "Proc-Type: 4,ENCRYPTED\n\n",
    "Proc-Type: 5,ENCRYPTED\n\n",
    "Proc-Type:4,MIC-ONLY\n\n",
    "Proc-Type: 4,ENCRYPTED\nDEK-Info: NONE,00\n\n",
    "X-Header: 1\n\n",
    "QUFB\n\n",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
];

#[test]
fn pem_is_read_with_other_text_around_and_inside() {
    let mut both = Both::new();
    let mut rng = Rng::with_seed(seed());
    let full = both.full(false);
    let bases: Vec<Vec<u8>> = [samples::encoded(Sample::Tls12Id), samples::encoded(Sample::Tls12Ticket), &full]
        .map(|der| pem(&both, der))
        .into();
    for _ in 0..cases() / 4 {
        let pem = rng.choice(&bases).expect("one");
        let mut lines: Vec<Vec<u8>> = pem.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        for _ in 0..[0, 1, 1, 2, 3][rng.usize(..5)] {
            change_lines(&mut lines, &mut rng);
        }
        let mut text = lines.concat();
        if rng.u8(..4) == 0 {
            mutate::change_bytes(&mut text, &mut rng);
        }
        assert!(pem_is_modelled(&text));
        let before = (rng.u8(..4) == 0).then_some(&full[..]);
        both.check(By::Pem, before, &text);
    }
    let (taken, refused) = (both.taken, both.refused);
    assert!(taken.min(refused) * 20 > taken + refused, "{taken} taken, {refused} refused");
}

/// Changes lines of PEM.
fn change_lines(lines: &mut Vec<Vec<u8>>, rng: &mut Rng) {
    if lines.is_empty() {
        return;
    }
    let near = rng.usize(..3);
    let at = [0, near, rng.usize(..lines.len()), lines.len() - 1][rng.usize(..4)].min(lines.len() - 1);
    let ends = ["\r\n", " \n", "\n\n", "\t\r\n", "\u{e9}\n", "", "=\n"];
    let end = ends[rng.usize(..ends.len())].as_bytes();
    let replace_end = |line: &mut Vec<u8>| {
        line.truncate(line.len() - usize::from(line.ends_with(b"\n")));
        line.extend_from_slice(end);
    };
    match rng.u8(..10) {
        0 => lines.iter_mut().for_each(replace_end),
        1 => replace_end(&mut lines[at]),
        2 => _ = lines.remove(at),
        3 => lines.insert(at, lines[at].clone()),
        4 => lines[at] = vec![b'a'; rng.usize(250..260)],
        5 => {
            let mut long = vec![b' '; rng.usize(250..260)];
            long.push(b'\n');
            lines.insert(at, long);
        }
        6 => {
            let joined = lines.concat();
            let width = rng.usize(20..90);
            *lines =
                joined.split(|byte| *byte == b'\n').flat_map(|line| line.chunks(width)).map(<[u8]>::to_vec).collect();
            lines.iter_mut().for_each(|line| line.push(b'\n'));
        }
        7 => lines.push(AROUND[rng.usize(..AROUND.len())].into()),
        _ => lines.insert(at, AROUND[rng.usize(..AROUND.len())].into()),
    }
}

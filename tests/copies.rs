//! What each kind of copy of a session holds, found out on the linked OpenSSL: `docs/COPIES.md` is written from it.
#![cfg(feature = "linked")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sessdiff::field::Field;
use sessdiff::op::{BufferSlot, Bytes, ConnectionSlot, ContextSlot, ExIndex, Kind, Method, Number, Op, Slot, Variable};
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::{Memory, Moment, Place, Port, Value};
use sessdiff::trace::Tape;

const PAGE: &str = "docs/COPIES.md";

/// A session with every field but a certificate and a raw public key, as `corpus/stored/every-field.ops` has it.
const EVERY_FIELD: &str = include_str!("../corpus/stored/every-field.ops");

/// The ways to get a second name of a session, or a second session.
const WAYS: &[(&str, &[Kind])] = &[
    ("`SSL_SESSION_up_ref`", &[Kind::UpRef]),
    ("`SSL_SESSION_dup`", &[Kind::Dup]),
    ("DER", &[Kind::ToDer, Kind::FromDer]),
    ("PEM", &[Kind::ToPem, Kind::FromPem]),
    ("`SSL_get1_session`", &[Kind::SetSession, Kind::Get1Session]),
    ("`SSL_copy_session_id`", &[Kind::SetSession, Kind::CopySessionId, Kind::Get1Session]),
];

/// The session, and where its copy goes.
const SOURCE: Slot = Slot::wrapping(0);
const COPY: Slot = Slot::wrapping(1);
const BYTES: BufferSlot = BufferSlot::wrapping(0);

fn call(port: &mut CPort, op: Op) {
    let _answer = port.call(&op, &mut Moment { passed: 0, last: false, tape: &mut Tape::default() });
}

/// Says in a word what a field of a session is.
fn shown(port: &mut CPort, s: Slot, field: Field) -> String {
    match port.read(s, field) {
        Value::Bytes(Some(bytes)) => format!("{bytes:?}"),
        other @ (Value::Number(_) | Value::Bytes(None) | Value::NullWithLength(_) | Value::Refused) => {
            format!("{other:?}")
        }
    }
}

/// Returns the DER of a session, in which what no getter shows is.
fn element(port: &mut CPort, s: Slot, tag: u8) -> Option<Vec<u8>> {
    let Value::Bytes(Some(der)) = port.read(s, Field::Der) else { return None };
    // The elements stand in order, behind the header of the structure and five elements without a tag.
    let header = [0xa0 | tag];
    let at = (0..der.len()).rev().find(|at| der[*at..].starts_with(&header) && is_element(der, *at))?;
    Some(der[at + 2..at + 2 + usize::from(der[at + 1])].to_vec())
}

/// Tells whether an element begins here: those that follow end where the structure does.
fn is_element(der: &[u8], mut at: usize) -> bool {
    while at + 1 < der.len() && der[at] >= 0xa0 && der[at + 1] < 0x80 {
        at += 2 + usize::from(der[at + 1]);
    }
    at == der.len()
}

/// Makes the session, and sets what no stored session has.
fn make_source(port: &mut CPort) {
    let line = EVERY_FIELD.lines().find(|line| line.starts_with("b0 = bytes(")).expect("its bytes");
    let program: sessdiff::program::Program = format!("#! sessdiff 1\n{line}\n").parse().expect("a program");
    let Op::SetBytes { value, .. } = &program.ops[0] else { panic!("{line}") };
    call(port, Op::SetBytes { dst: BYTES, value: Bytes::new(value.get().expect("bytes")) });
    call(port, Op::FromDer { dst: SOURCE, b: BYTES });
    for index in [ExIndex::AppData, ExIndex::Counted, ExIndex::Replaced] {
        call(port, Op::SetExData { s: SOURCE, index, value: Number(8) });
    }
}

/// Makes a copy of the source, and gives connections and contexts back where it took some.
fn make_copy(port: &mut CPort, way: &[Kind]) -> bool {
    let c = ContextSlot::wrapping(0);
    let [x, y] = [0, 1].map(ConnectionSlot::wrapping);
    let connects = way.contains(&Kind::SetSession);
    if connects {
        call(port, Op::CtxNew { dst: c, method: Method::Client });
        call(port, Op::SslNew { dst: x, c });
        call(port, Op::SslNew { dst: y, c });
    }
    let from = if way.contains(&Kind::CopySessionId) { y } else { x };
    for kind in way {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of the table above")]
        let op = match kind {
            Kind::UpRef => Op::UpRef { s: SOURCE },
            Kind::Dup => Op::Dup { dst: COPY, src: SOURCE },
            Kind::ToDer => Op::ToDer { dst: BYTES, s: SOURCE },
            Kind::FromDer => Op::FromDer { dst: COPY, b: BYTES },
            Kind::ToPem => Op::ToPem { dst: BYTES, s: SOURCE },
            Kind::FromPem => Op::FromPem { dst: COPY, b: BYTES },
            Kind::SetSession => Op::SetSession { x, s: Some(SOURCE) },
            Kind::CopySessionId => Op::CopySessionId { to: y, from: x },
            Kind::Get1Session => Op::Get1Session { dst: COPY, x: from },
            other => panic!("{other:?}"),
        };
        call(port, op);
    }
    if connects {
        call(port, Op::SslFree { x: Some(x) });
        call(port, Op::SslFree { x: Some(y) });
        call(port, Op::CtxFree { c: Some(c) });
    }
    way.contains(&Kind::UpRef)
}

/// Says what the copy has of a field.
fn cell(port: &mut CPort, field: Field, copy: Slot) -> &'static str {
    let (before, after) = match field.hidden_tag() {
        Some(tag) => {
            let [source, copy] = [SOURCE, copy].map(|s| format!("{:?}", element(port, s, tag)));
            (source, copy)
        }
        None => (shown(port, SOURCE, field), shown(port, copy, field)),
    };
    match (before == after, field) {
        (true, _) => "same",
        (false, Field::ExReplaced) if after != "Number(0)" => "what the callback says",
        (false, _) => "lost",
    }
}

fn page() -> String {
    let mut port = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    let mut columns = Vec::new();
    for (name, way) in WAYS {
        port.begin(Memory::Plain, false);
        make_source(&mut port);
        let alias = make_copy(&mut port, way);
        let copy = if alias { SOURCE } else { COPY };
        let [source, other] = [SOURCE, copy].map(|s| port.address(Variable::Session(s)));
        assert!(source != 0 && other != 0, "{name}: no copy");
        let object = if source == other { "the same" } else { "another" };
        let references = port.count(Place::Slot(copy)).expect("a count");
        let cells: Vec<_> = Field::ALL
            .iter()
            .filter(|field| {
                !matches!(field, Field::Der | Field::TimeEx | Field::ExRefused | Field::ExUnregistered | Field::Peer)
            })
            .map(|field| (field.name(), cell(&mut port, *field, copy)))
            .collect();
        columns.push((*name, object, references, cells));
        if source != other {
            call(&mut port, Op::Free { s: Some(COPY) });
        }
        for _ in 0..if source == other { references } else { 1 } {
            call(&mut port, Op::Free { s: Some(SOURCE) });
        }
        [SOURCE, COPY].iter().for_each(|s| port.forget(Variable::Session(*s)));
        port.end();
    }
    let mut text = String::from(HEAD);
    let mut row = |cells: Vec<String>| writeln!(text, "| {} |", cells.join(" | ")).expect("a text grows");
    row([String::new()].into_iter().chain(columns.iter().map(|column| column.0.to_string())).collect());
    row(vec!["---".into(); columns.len() + 1]);
    row(["object".to_string()].into_iter().chain(columns.iter().map(|column| column.1.to_string())).collect());
    row(["its references".to_string()].into_iter().chain(columns.iter().map(|column| column.2.to_string())).collect());
    for at in 0..columns[0].3.len() {
        let name = format!("`{}`", columns[0].3[at].0);
        row([name].into_iter().chain(columns.iter().map(|column| column.3[at].1.to_string())).collect());
    }
    text
}

const HEAD: &str = "\
# Copies

What each kind of copy of a session holds, read from a session with every field but a certificate and a raw public key, on the OpenSSL that is linked; `SESSDIFF_BLESS=1 cargo
test --release --test copies` writes this page. `same`: as in the source. `lost`: as in a new session, or not there.

DER and PEM hold a certificate as bytes: the copy has another object of it, and no chain. That a session must not be resumed is
neither in DER nor in PEM (`corpus/stored/not-resumable-is-not-stored.ops`).

";

#[test]
fn the_page_says_what_copies_hold() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let now = page();
    if std::env::var_os("SESSDIFF_BLESS").is_some() {
        fs::write(&path, &now).expect(PAGE);
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    // An older release stores less, which docs/RELEASES.md says.
    if CPort::linked(Probes::ALL).expect("the linked OpenSSL").library().release.is_since("3.2") {
        assert_eq!(written, now, "{PAGE} is not what is found now");
    }
}

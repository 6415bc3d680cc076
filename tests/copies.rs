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

/// A session with every field but a certificate, a raw public key and a compression method, as `corpus/stored/every-field.ops` has it.
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

/// A raw public key, Ed25519, and a compression method, as elements of a session.
const KEY: &[u8] = b"\xb4\x2e\x04\x2c\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00a public key of thirty-two bytes";
const COMPRESSION: &[u8] = &[0xab, 3, 4, 1, 1];
/// The first bytes of the element before which the compression method comes.
const SRP_USERNAME: &[u8] = &[0xac, 6, 4];

/// The session, where its copy goes, and one that is as new.
const SOURCE: Slot = Slot::wrapping(0);
const COPY: Slot = Slot::wrapping(1);
const BLANK: Slot = Slot::wrapping(2);
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

/// Adds to a stored session what the linked library keeps and older ones do not.
fn with_more(port: &CPort, stored: &[u8]) -> Vec<u8> {
    let [0x30, 0x81, _, elements @ ..] = stored else { panic!("not as it was: {stored:?}") };
    let mut elements = elements.to_vec();
    if port.library().release.is_since("3.2") {
        elements.extend_from_slice(KEY);
    }
    if port.abilities().compression.keeps() {
        let at = elements.windows(SRP_USERNAME.len()).position(|bytes| bytes == SRP_USERNAME).expect("a name");
        elements.splice(at..at, COMPRESSION.iter().copied());
    }
    let length = u8::try_from(elements.len()).expect("a length of one byte");
    [&[0x30, 0x81, length], &elements[..]].concat()
}

/// Makes the session and one that is as new, and sets what no stored session has.
fn make_source(port: &mut CPort) {
    let line = EVERY_FIELD.lines().find(|line| line.starts_with("b0 = bytes(")).expect("its bytes");
    let program: sessdiff::program::Program = format!("#! sessdiff 1\n{line}\n").parse().expect("a program");
    let Op::SetBytes { value, .. } = &program.ops[0] else { panic!("{line}") };
    let stored = with_more(port, value.get().expect("bytes"));
    call(port, Op::SetBytes { dst: BYTES, value: Bytes::new(&stored) });
    call(port, Op::FromDer { dst: SOURCE, b: BYTES });
    call(port, Op::New { dst: BLANK });
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

/// Lists the fields of the page.
fn fields() -> impl Iterator<Item = Field> {
    let told = |field: &Field| {
        !matches!(field, Field::Der | Field::TimeEx | Field::ExRefused | Field::ExUnregistered | Field::Peer)
    };
    Field::ALL.iter().copied().filter(told)
}

/// Says what a session has of a field; what no getter shows as its element in DER.
fn value(port: &mut CPort, s: Slot, field: Field) -> String {
    match field.hidden_tag() {
        Some(tag) => element(port, s, tag).map_or("Bytes(None)".into(), |element| format!("{element:?}")),
        None => shown(port, s, field),
    }
}

/// Says what the copy has of a field of which the source had `before`.
fn cell(port: &mut CPort, field: Field, copy: Slot, before: &str) -> &'static str {
    let [source, after, blank] = [SOURCE, copy, BLANK].map(|s| value(port, s, field));
    assert_eq!(source, before, "{}: the source is not as it was", field.name());
    let is_empty = |value: &str| matches!(value, "Number(0)" | "Bytes(None)" | "Bytes(Some([]))");
    // Of what it does not have nothing can be said.
    if is_empty(before) {
        return "not in this build";
    }
    let same_object = port.address(Variable::Session(SOURCE)) == port.address(Variable::Session(copy));
    match after == before {
        true if same_object || port.shared(SOURCE, copy).contains(field) => "shared",
        true => "kept",
        false if after == blank || is_empty(&after) => "lost",
        false => "changed",
    }
}

fn page() -> String {
    let mut port = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    let mut columns = Vec::new();
    for (name, way) in WAYS {
        port.begin(&[], Memory::Plain, false);
        make_source(&mut port);
        let before: Vec<_> = fields().map(|field| value(&mut port, SOURCE, field)).collect();
        let alias = make_copy(&mut port, way);
        let copy = if alias { SOURCE } else { COPY };
        let [source, other] = [SOURCE, copy].map(|s| port.address(Variable::Session(s)));
        assert!(source != 0 && other != 0, "{name}: no copy");
        let object = if source == other { "the same" } else { "another" };
        let references = port.count(Place::Slot(copy)).expect("a count");
        let cells: Vec<_> =
            fields().zip(&before).map(|(field, before)| (field.name(), cell(&mut port, field, copy, before))).collect();
        columns.push((*name, object, references, cells));
        if source != other {
            call(&mut port, Op::Free { s: Some(COPY) });
        }
        for _ in 0..if source == other { references } else { 1 } {
            call(&mut port, Op::Free { s: Some(SOURCE) });
        }
        call(&mut port, Op::Free { s: Some(BLANK) });
        [SOURCE, COPY, BLANK].iter().for_each(|s| port.forget(Variable::Session(*s)));
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

What each kind of copy of a session holds, read from a session with every field but a certificate, on the OpenSSL that is linked;
`SESSDIFF_BLESS=1 cargo test --release --test copies` writes this page. Every cell compares the copy with what the source had before
it was copied; the source itself is as it was in all columns.

| word | means |
| --- | --- |
| `shared` | the copy has the value, in the same place: the object is the same, or the buffer |
| `kept` | the copy has the value, in a place of its own |
| `lost` | the copy has what a new session has, or nothing |
| `changed` | the copy has another value: `ex_data.replaced` what its dup callback says |
| `not in this build` | the source cannot have a value: OpenSSL is built without compression, and `d2i_SSL_SESSION` then passes over the method |

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
    // An older release stores less, which docs/RELEASES.md says, and one with compression more.
    let port = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    if port.library().release.is_since("3.2") && !port.abilities().compression.keeps() {
        assert_eq!(written, now, "{PAGE} is not what is found now");
    }
}

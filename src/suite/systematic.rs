//! Cases that follow from the table of ops: each setter with each edge of its operand, and each field through each kind of copy.

use super::Item;
use crate::field::Field;
use crate::op::Kind;
use crate::program::MARKER;

/// An edge of a setter's operand: its name, and its text.
type Edge = (&'static str, String);

/// The value that a field has before another is set. It is none of the edges.
fn before(field: Field) -> &'static str {
    match text_of(field) {
        Text::Bytes(_) | Text::String => "\"before\"",
        Text::Seconds => "77",
        Text::Version => "TLS1_1_VERSION",
        Text::Cipher => "TLS_RSA_WITH_AES_128_GCM_SHA256",
        Text::Amount => "7",
    }
}

/// The kinds of operands of setters.
#[derive(Clone, Copy)]
enum Text {
    /// Bytes, of which so many are taken.
    Bytes(usize),
    String,
    Seconds,
    Version,
    Cipher,
    Amount,
}

/// Returns what the setters of a field take.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest has a limit that no program reaches, or no setter")]
fn text_of(field: Field) -> Text {
    match field {
        Field::Id | Field::IdContext => Text::Bytes(32),
        Field::MasterKey => Text::Bytes(512),
        Field::Hostname => Text::String,
        Field::Time | Field::Timeout => Text::Seconds,
        Field::ProtocolVersion => Text::Version,
        Field::Cipher => Text::Cipher,
        Field::MaxEarlyData => Text::Amount,
        _ => Text::Bytes(1000),
    }
}

/// Lists the edges of what the setters of a field take.
fn edges(field: Field) -> Vec<Edge> {
    let bytes = |count: usize| format!("x\"{}\"", "5a".repeat(count));
    let plain = |edges: &[(&'static str, &str)]| edges.iter().map(|(name, text)| (*name, (*text).into())).collect();
    match text_of(field) {
        Text::Bytes(most) => {
            let mut edges = vec![("NULL", "NULL".into()), ("no-bytes", bytes(0)), ("1-byte", bytes(1))];
            edges.extend([
                ("a-zero-byte", "\"a\\x00b\"".into()),
                ("most-bytes", bytes(most)),
                ("one-byte-more", bytes(most + 1)),
            ]);
            edges
        }
        Text::String => {
            plain(&[("NULL", "NULL"), ("no-bytes", "\"\""), ("1-byte", "\"a\""), ("a-name", "\"example.org\"")])
        }
        Text::Seconds => plain(&[
            ("0", "0"),
            ("1", "1"),
            ("negative", "-1"),
            ("31-bits", "0x7fffffff"),
            ("32-bits", "0xffffffff"),
            ("33-bits", "0x123456789"),
        ]),
        Text::Version => plain(&[
            ("0", "0"),
            ("TLS1.2", "TLS1_2_VERSION"),
            ("TLS1.3", "TLS1_3_VERSION"),
            ("DTLS1.2", "DTLS1_2_VERSION"),
            ("unknown", "0x9999"),
        ]),
        Text::Cipher => plain(&[
            ("NULL", "NULL"),
            ("TLS1.3", "TLS_AES_128_GCM_SHA256"),
            ("TLS1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ]),
        Text::Amount => plain(&[("0", "0"), ("1", "1"), ("32-bits", "0xffffffff")]),
    }
}

/// Returns the function's name without what all have.
fn short(kind: Kind) -> &'static str {
    let name = kind.name();
    ["SSL_SESSION_", "SSL_CTX_"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// Spells the call that reads a field.
fn read(field: Field, slot: &str) -> String {
    let getter = field.getter();
    let room = if getter == Kind::GetMasterKey { ", 600" } else { "" };
    format!("{}({slot}{room})\n", getter.name())
}

/// Makes all systematic cases.
pub(super) fn items() -> Vec<Item> {
    // What a session lends is no operand with edges.
    let takes = |kind: &&Kind| !matches!(kind, Kind::Set1OwnId | Kind::Set1OwnIdContext);
    let setters = Kind::ALL.iter().filter(takes).filter_map(|kind| kind.sets().map(|field| (*kind, field)));
    let mut items: Vec<Item> = setters.clone().flat_map(|(kind, field)| of_setter(kind, field)).collect();
    // The second setter of a field makes no other copy.
    let mut copied: Vec<(Kind, Field)> = Vec::new();
    for (kind, field) in setters {
        if !copied.iter().any(|(_, other)| *other == field) {
            copied.push((kind, field));
        }
    }
    items.extend(copied.into_iter().flat_map(|(kind, field)| of_copies(kind, field)));
    items.extend([9, 300].map(many_references));
    items.extend(Kind::ALL.iter().filter(|kind| kind.reads().is_some()).flat_map(|kind| of_getter(*kind)));
    items
}

/// Makes the cases of a setter: each edge, set where nothing was, and where something was.
fn of_setter(kind: Kind, field: Field) -> Vec<Item> {
    let (name, set) = (short(kind), kind.name());
    let made = |(edge, text): Edge| {
        let alone = format!("{MARKER}\ns0 = SSL_SESSION_new()\n{set}(s0, {text})\n{}", read(field, "s0"));
        let first = format!("{set}(s0, {})\n", before(field));
        let after = format!("{MARKER}\ns0 = SSL_SESSION_new()\n{first}{set}(s0, {text})\n{}", read(field, "s0"));
        [
            Item::of_manual(format!("{name}/{edge}"), set, &alone),
            Item::of_manual(format!("{name}/{edge}-after-another"), set, &after),
        ]
    };
    edges(field).into_iter().flat_map(made).collect()
}

/// Makes the cases of a field that goes through each kind of copy.
fn of_copies(kind: Kind, field: Field) -> Vec<Item> {
    let (set, word, dup) = (kind.name(), field.name(), Kind::Dup.name());
    let value = before(field);
    let other = edges(field).into_iter().find(|(edge, _)| matches!(*edge, "1-byte" | "1" | "TLS1.2"));
    let (_, other) = other.expect("every operand has a plain edge");
    let head = format!("{MARKER}\ns0 = SSL_SESSION_new()\n{set}(s0, {value})\n");
    let (both, copy) = (format!("{}{}", read(field, "s0"), read(field, "s1")), "s1 = SSL_SESSION_dup(s0)\n");
    let stored = |write: &str, back: &str| {
        // Without these nothing can be written.
        let cipher = "SSL_SESSION_set_cipher(s0, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)\n";
        let needs = if field == Field::Cipher { "" } else { cipher };
        format!("{head}{needs}b0 = {write}(s0)\ns1 = {back}(b0)\n{both}")
    };
    let mut items = vec![
        Item::of_manual(format!("dup/copies/{word}"), dup, &format!("{head}{copy}{}", read(field, "s1"))),
        Item::of_manual(
            format!("dup/keeps/{word}"),
            dup,
            &format!("{head}{copy}{set}(s0, {other})\nSSL_SESSION_free(s0)\n{}", read(field, "s1")),
        ),
        Item::of_manual(format!("dup/leaves/{word}"), dup, &format!("{head}{copy}{set}(s1, {other})\n{both}")),
    ];
    items.push(Item::of_manual(
        format!("der/carries/{word}"),
        Kind::FromDer.name(),
        &stored(Kind::ToDer.name(), Kind::FromDer.name()),
    ));
    items.push(Item::of_manual(
        format!("pem/carries/{word}"),
        Kind::FromDer.name(),
        &stored("PEM_write_bio_SSL_SESSION", "PEM_read_bio_SSL_SESSION"),
    ));
    items
}

/// Makes the case of a session with so many references, of which all but one are given back.
fn many_references(count: usize) -> Item {
    let (take, give) = (Kind::UpRef.name(), Kind::Free.name());
    let calls = |name: &str| format!("{name}(s0)\n").repeat(count - 1);
    let text = format!("{MARKER}\ns0 = SSL_SESSION_new()\n{}{}", calls(take), calls(give));
    Item::of_manual(format!("up_ref/{count}-references"), take, &text)
}

/// Makes the cases of a getter: of a new session, and of one as a handshake leaves it, and of its duplicate.
fn of_getter(kind: Kind) -> Vec<Item> {
    let (name, get) = (short(kind), kind.name());
    let of = |word: &str, head: &str, slot: &str| {
        Item::of_manual(format!("{name}/{word}"), get, &format!("{MARKER}\n{head}{get}({slot})\n"))
    };
    let sample = "s0 = sample_session(tls12_full)\n";
    vec![
        of("of-a-new-session", "s0 = SSL_SESSION_new()\n", "s0"),
        of("of-a-new-session-and-its-dup", "s0 = SSL_SESSION_new()\ns1 = SSL_SESSION_dup(s0)\n", "s1"),
        of("of-a-sample", sample, "s0"),
        of("of-a-sample-and-its-dup", &format!("{sample}s1 = SSL_SESSION_dup(s0)\n"), "s1"),
    ]
}

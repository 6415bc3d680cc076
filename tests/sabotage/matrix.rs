//! Which bugs are planted in what a session is as bytes: each element of its DER, by each kind of mistake. Every one that can be
//! made is planted; of each that cannot stands here why.

use std::collections::BTreeSet;

use sessdiff::port::mutant::Bug;

/// Says what there is of a kind of mistake about an element.
enum Cell {
    /// A bug whose name is the kind, a hyphen and the field.
    Planted,
    /// A bug of this name.
    Named(&'static str),
    /// None, for this reason.
    Never(&'static str),
}

use Cell::{Named, Never, Planted};

/// Names the kinds of mistakes, which the cells of a row follow.
const KINDS: [&str; 8] = [
    "i2d-forgets",
    "i2d-swaps",
    "d2i-forgets",
    "d2i-defaults",
    "d2i-narrows",
    "d2i-keeps",
    "dup-forgets",
    "dup-aliases",
];

const ALWAYS: Cell = Never("it is never left out, and has no default");
const BYTE: Cell = Never("it is a byte");
const NUMBER: Cell = Never("a number has no buffer");
const INSIDE: Cell = Never("it is an array in the structure itself");
const SHARED: Cell = Never("a duplicate and its source have the same object, by a reference each");
const NO_VALUE: Cell = Never("there is no object that it could be");
const REFUSED: Cell = Never("a part of it is refused");

/// Lists the elements: the name in `SSL_SESSION_ASN1` (ssl/ssl_asn1.c, 3.6.3), the field, and a cell for each kind.
#[rustfmt::skip]
const ELEMENTS: &[(&str, &str, [Cell; 8])] = &[
    ("ssl_version", "protocol_version",
        [Planted, Planted, Planted, ALWAYS, Planted, Planted, Named("dup-forgets-version"), NUMBER]),
    ("cipher", "cipher",
        [Planted, Planted, Planted, ALWAYS, Planted, Planted, Named("dup-forgets-cipher"),
            Never("all sessions have the library's own")]),
    ("session_id", "session_id",
        [Planted, Planted, Planted, ALWAYS, Planted, Planted, Named("dup-forgets-id"), Named("dup-aliases-id")]),
    ("master_key", "master_key",
        [Planted, Never("its neighbour is the id: i2d-swaps-session_id"), Planted, ALWAYS, Planted, Planted,
            Named("dup-forgets-master-key"), INSIDE]),
    ("time", "time", [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-time"), NUMBER]),
    ("timeout", "timeout",
        [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-timeout"), NUMBER]),
    ("peer", "peer",
        [Planted, Never("nothing else is a certificate"), Planted, NO_VALUE, REFUSED, Planted, Named("dup-forgets-peer"),
            SHARED]),
    ("session_id_context", "sid_ctx",
        [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-id-context"), INSIDE]),
    ("verify_result", "verify_result",
        [Planted, Planted, Planted, Planted, Planted, Planted, Planted, NUMBER]),
    ("tlsext_hostname", "hostname",
        [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-hostname"),
            Named("dup-shares-hostname")]),
    ("psk_identity_hint", "psk_identity_hint",
        [Planted, Planted, Planted, Planted, Planted, Planted, Planted, Planted]),
    ("psk_identity", "psk_identity",
        [Planted, Planted, Planted, Planted, Planted, Planted, Planted, Planted]),
    ("tlsext_tick_lifetime_hint", "ticket_lifetime_hint",
        [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-lifetime-hint"), NUMBER]),
    ("tlsext_tick", "ticket",
        [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-ticket"), Named("dup-shares-ticket")]),
    ("comp_id", "compress_id",
        [Planted, Planted, Planted, Planted, BYTE, Planted, Named("dup-forgets-compress-id"), NUMBER]),
    ("srp_username", "srp_username",
        [Planted, Planted, Planted, Planted, Planted, Planted, Planted, Planted]),
    ("flags", "flags", [Planted, Planted, Planted, Planted, Planted, Planted, Planted, NUMBER]),
    ("tlsext_tick_age_add", "tick_age_add",
        [Planted, Planted, Planted, Planted, Planted, Planted, Planted, NUMBER]),
    ("max_early_data", "max_early_data",
        [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-max-early-data"), NUMBER]),
    ("alpn_selected", "alpn_selected",
        [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-alpn"), Named("dup-shares-alpn")]),
    ("tlsext_max_fragment_len_mode", "max_fragment_length",
        [Planted, Planted, Planted, Planted, BYTE, Planted, Named("dup-forgets-fragment-length"), NUMBER]),
    ("ticket_appdata", "ticket_appdata",
        [Planted, Planted, Planted, Planted, Planted, Planted, Named("dup-forgets-ticket-appdata"),
            Named("dup-shares-ticket-appdata")]),
    ("kex_group", "kex_group", [Planted, Planted, Planted, Planted, Planted, Planted, Planted, NUMBER]),
    ("peer_rpk", "peer_rpk",
        [Planted, Planted, Planted, NO_VALUE, REFUSED, Planted, Planted, SHARED]),
];

/// Names the elements that are no field of a session: which encoding it is, and what nobody writes any more.
#[cfg(feature = "vendored")]
const NO_FIELDS: [&str; 2] = ["version", "key_arg"];

/// Counts the bugs that are about calls, not about bytes: a planted bug that is gone must be missed.
const OF_CALLS: usize = 255;

/// That each of them is found, and under its signature, is checked with all other planted bugs.
#[test]
fn each_element_has_a_planted_bug_of_each_kind() {
    let mut expected = BTreeSet::new();
    for (_, field, cells) in ELEMENTS {
        for (kind, cell) in KINDS.iter().zip(cells) {
            let name = match cell {
                Planted => format!("{kind}-{field}"),
                Named(name) => name.to_string(),
                Never(why) => {
                    assert!(!why.is_empty(), "{kind} {field}");
                    let name = format!("{kind}-{field}");
                    assert_eq!(Bug::from_name(&name), None, "{name} is planted");
                    continue;
                }
            };
            let bug = Bug::from_name(&name).unwrap_or_else(|| panic!("{name} is not planted"));
            let signature = bug.signature().to_string();
            let named = signature.split(['/', '.']).next_back();
            assert_eq!(named, Some(*field), "{name} is found as {signature}");
            if let Bug::Stored(_) = bug {
                expected.insert(name);
            }
        }
    }
    let stored = Bug::ALL.iter().filter(|bug| matches!(bug, Bug::Stored(_)));
    let planted: BTreeSet<_> = stored.map(|bug| bug.name().to_string()).collect();
    assert_eq!(planted, expected);
    assert_eq!(Bug::ALL.len() - planted.len(), OF_CALLS);
}

/// OpenSSL's own table has no element that is missing here.
#[cfg(feature = "vendored")]
#[test]
fn the_elements_are_those_of_openssl() {
    let source = openssl_src::source_dir().join("ssl/ssl_asn1.c");
    let source = std::fs::read_to_string(source).expect("the sources");
    let (_, table) = source.split_once("ASN1_SEQUENCE(SSL_SESSION_ASN1) = {").expect("the table");
    let (table, _) = table.split_once("static_ASN1_SEQUENCE_END").expect("its end");
    let named = table.split("(SSL_SESSION_ASN1, ").skip(1).filter_map(|row| row.split(',').next());
    let named: Vec<_> = named.filter(|name| !NO_FIELDS.contains(name)).collect();
    assert_eq!(named, ELEMENTS.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
}

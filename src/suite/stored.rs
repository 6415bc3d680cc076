//! Cases that follow from the table of a session's elements in DER: each of them read, duplicated and written, and read over.

use super::Item;
use crate::der::{self, Holds, Part};
use crate::field::Field;
use crate::op::Kind;
use crate::program::MARKER;
use crate::samples;

/// Makes the cases of every element that may be missing, and those of all of them together.
pub(super) fn items() -> Vec<Item> {
    let tagged = || der::PARTS.iter().filter_map(|part| Some((part, element(part)?)));
    let all: Vec<u8> = tagged().flat_map(|(_, element)| element).collect();
    let mut items: Vec<Item> = tagged().flat_map(|(part, element)| of(part.field.name(), &element)).collect();
    items.extend(of("everything", &all));
    items
}

/// Makes the cases of these elements.
fn of(word: &str, elements: &[u8]) -> [Item; 3] {
    let [with, without] = [elements, &[]].map(|elements| spelled(&session(elements)));
    let (read, dup, over, write) = (Kind::FromDer.name(), Kind::Dup.name(), Kind::ReadDer.name(), Kind::ToDer.name());
    let head = format!("{MARKER}\nb0 = bytes({with})\ns0 = {read}(b0)\n");
    let case =
        |id: &str, function, calls: String| Item::of_manual(format!("{id}/{word}"), function, &(head.clone() + &calls));
    [
        case("der/reads", read, format!("b1 = {write}(s0)\n")),
        case("dup/copies-stored", dup, format!("s1 = {dup}(s0)\nSSL_SESSION_free(s0)\nb1 = {write}(s1)\n")),
        case("der/reads-over", over, format!("b1 = bytes({without})\n{over}(s0, b1)\nb2 = {write}(s0)\n")),
    ]
}

/// Encodes a session of TLS 1.2 with these elements behind those that must be there: `SSL_SESSION_ASN1` (ssl/ssl_asn1.c, 3.6.3).
fn session(elements: &[u8]) -> Vec<u8> {
    let head = [
        der::encoded(0x02, &[1]),
        der::encoded(0x02, &[3, 3]),
        der::encoded(0x04, &[0xc0, 0x2f]),
        der::encoded(0x04, b"an id"),
        der::encoded(0x04, &[0x6b; 48]),
    ];
    der::encoded(0x30, &[&head.concat(), elements].concat())
}

/// Encodes an element with a value that no other one has, and of which no byte is 0 or like another; `None`: it has no tag of its own, and
/// every session has it.
fn element(part: &Part) -> Option<Vec<u8>> {
    let tag = part.tag?;
    let inner = match (part.holds, part.field) {
        // One byte, of which few values mean something.
        (Holds::Number, Field::MaxFragmentLength) => der::encoded(0x02, &[3]),
        // Two bytes.
        (Holds::Number, Field::KexGroup) => der::encoded(0x02, &[0x11, 0xec]),
        (Holds::Number, _) => der::encoded(0x02, &[0x51, 0x23, 0x45, tag]),
        (Holds::Octets, Field::CompressId) => der::encoded(0x04, &[1]),
        (Holds::Octets, Field::PeerKey) => der::encoded(0x04, samples::KEY),
        (Holds::Octets, field) => der::encoded(0x04, format!("the {}", field.name()).as_bytes()),
        (Holds::Certificate, _) => samples::PEER.to_vec(),
    };
    Some(der::encoded(der::TAGGED | tag, &inner))
}

fn spelled(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x\"{digits}\"")
}

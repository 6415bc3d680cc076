//! Lists what programs are made of, for fuzzers that know nothing of them.

use std::fmt::Write as _;

use crate::op::{Kind, Op, Wire};
use crate::program::MARKER;

/// The longest entry that libFuzzer takes, in bytes; longer ones it leaves out.
const LONGEST: usize = 64;

/// Returns a dictionary in the format of libFuzzer, AFL++ and honggfuzz: each op with the first of everything as operands, on the
/// wire and as text.
pub fn dictionary() -> String {
    let mut text = String::new();
    entry(&mut text, "marker", format!("{MARKER}\n").as_bytes());
    for (name, op) in Kind::ALL.iter().filter_map(|kind| Some((kind.name(), first_of(*kind)?))) {
        let mut wire = Vec::new();
        op.put_wire(&mut wire);
        entry(&mut text, &format!("wire_{name}"), &wire);
        entry(&mut text, &format!("text_{name}"), format!("{op}\n").as_bytes());
    }
    text
}

/// Returns an op with the first slots, first words, zeros and empty strings.
fn first_of(kind: Kind) -> Option<Op> {
    kind.take_wire(&mut Wire::new(&[0; LONGEST]))
}

/// Writes an entry, if a fuzzer takes it.
fn entry(text: &mut String, name: &str, bytes: &[u8]) {
    if bytes.len() > LONGEST {
        return;
    }
    let mut value = String::new();
    for &byte in bytes {
        let _ = match byte {
            b' '..=b'~' if byte != b'"' && byte != b'\\' => write!(value, "{}", char::from(byte)),
            _ => write!(value, "\\x{byte:02x}"),
        }; // writing to a String cannot fail
    }
    let _ = writeln!(text, "{name}=\"{value}\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_is_in_the_dictionary() {
        let dictionary = dictionary();
        let missing = Kind::ALL.iter().filter(|kind| !dictionary.contains(&format!("\nwire_{}=\"", kind.name())));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&Kind>::new());
        assert!(dictionary.contains("\ntext_SSL_SESSION_dup=\"s0 = SSL_SESSION_dup(s0)\\x0a\"\n"), "{dictionary}");
    }

    #[test]
    fn what_a_fuzzer_does_not_take_is_left_out() {
        let mut text = String::new();
        entry(&mut text, "longest", &[b'a'; LONGEST]);
        entry(&mut text, "longer", &[b'a'; LONGEST + 1]);
        entry(&mut text, "spelled", b"\"\\\n ");
        assert_eq!(text, format!("longest=\"{}\"\nspelled=\"\\x22\\x5c\\x0a \"\n", "a".repeat(LONGEST)));
    }
}

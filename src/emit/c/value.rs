//! Values as C spells them.

use crate::op::Time;

/// Spells a number of 64 bits.
pub(super) fn number(value: i64) -> String {
    match value {
        i64::MIN => "(-9223372036854775807LL - 1)".into(),
        _ if i32::try_from(value).is_ok() => value.to_string(),
        _ => format!("{value}LL"),
    }
}

/// Spells seconds since 1970.
pub(super) fn time(time: Time) -> String {
    match time {
        Time::At(seconds) => number(seconds),
        Time::Now(0) => "now".into(),
        Time::Now(offset) => format!("now + {}", number(offset)),
    }
}

/// Spells bytes as a string literal, without the NUL that the compiler adds.
pub(super) fn literal(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            // A question mark could begin a trigraph.
            b'"' | b'\\' | b'?' => text += &format!("\\{}", *byte as char),
            b' '..=b'~' => text.push(*byte as char),
            _ => text += &format!("\\{byte:03o}"),
        }
    }
    text + "\""
}

/// Spells pointer and length of bytes; of `NULL` the length is 0.
pub(super) fn pointer_and_length(bytes: Option<&[u8]>) -> (String, usize) {
    bytes.map_or(("NULL".into(), 0), |bytes| (literal(bytes), bytes.len()))
}

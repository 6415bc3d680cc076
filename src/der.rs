//! Finds the elements of a session's DER, and which of two sessions' fields differ in it.
//!
//! It reads what `i2d_SSL_SESSION` writes: the module of ssl/ssl_asn1.c, in DER. Other bytes are no session's.

use crate::field::Field;

/// Names the fields that are elements with a tag and have a getter.
const SHOWN: [(u8, Field); 12] = [
    (1, Field::Time),
    (2, Field::Timeout),
    (3, Field::Peer),
    (4, Field::IdContext),
    (6, Field::Hostname),
    (9, Field::LifetimeHint),
    (10, Field::Ticket),
    (11, Field::CompressId),
    (15, Field::MaxEarlyData),
    (16, Field::Alpn),
    (17, Field::MaxFragmentLength),
    (18, Field::TicketAppdata),
];
/// Names the fields of the elements without a tag of their own, in their order; `None`: the version of the structure.
const PLAIN: [Option<Field>; 5] =
    [None, Some(Field::ProtocolVersion), Some(Field::Cipher), Some(Field::Id), Some(Field::MasterKey)];
/// Begins the first byte of an element with a tag of its own, which holds another element.
const TAGGED: u8 = 0xa0;

/// Returns the field of an element, which stands behind so many others.
fn field(first_byte: u8, place: usize) -> Option<Field> {
    if first_byte < TAGGED {
        return PLAIN.get(place).copied().flatten();
    }
    let tag = first_byte - TAGGED;
    let shown = SHOWN.iter().find(|(of, _)| *of == tag).map(|(_, field)| *field);
    shown.or_else(|| Field::ALL.iter().copied().find(|field| field.hidden_tag() == Some(tag)))
}

/// Splits bytes behind the first element: its first byte, its contents, and what follows.
fn split(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first_byte, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            (bytes.iter().try_fold(0usize, |length, byte| Some(length.checked_mul(256)? + usize::from(*byte)))?, rest)
        }
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((first_byte, contents, rest))
}

/// Lists the elements of a session's DER: first byte, field, contents.
fn elements(der: &[u8]) -> impl Iterator<Item = (u8, Option<Field>, &[u8])> {
    let mut rest = split(der).map_or(&[][..], |(_, contents, _)| contents);
    let mut place = 0;
    std::iter::from_fn(move || {
        let (first_byte, contents, behind) = split(rest)?;
        rest = behind;
        place += 1;
        Some((first_byte, field(first_byte, place - 1), contents))
    })
}

/// Returns the contents of the element of a field.
pub(crate) fn element(der: &[u8], of: Field) -> Option<&[u8]> {
    elements(der).find(|(_, field, _)| *field == Some(of)).map(|(_, _, contents)| contents)
}

/// Returns the first field in which two sessions' DER differs; a hidden one comes before those that have getters.
pub(crate) fn difference(a: &[u8], b: &[u8]) -> Option<Field> {
    hidden_difference(a, b).or_else(|| {
        let plain = PLAIN.into_iter().flatten();
        plain.chain(SHOWN.map(|(_, field)| field)).find(|field| element(a, *field) != element(b, *field))
    })
}

/// Returns the first field without a getter in which two sessions' DER differs.
pub(crate) fn hidden_difference(a: &[u8], b: &[u8]) -> Option<Field> {
    let hidden = Field::ALL.iter().copied().filter(|field| field.hidden_tag().is_some());
    hidden.into_iter().find(|field| element(a, *field) != element(b, *field))
}

/// Returns the tag of the element of a field, if that is an optional one.
pub(crate) fn tag(of: Field) -> Option<u8> {
    of.hidden_tag().or_else(|| SHOWN.iter().find(|(_, field)| *field == of).map(|(tag, _)| *tag))
}

/// Returns the contents of the structure.
#[cfg(feature = "linked")]
pub(crate) fn contents(der: &[u8]) -> &[u8] {
    split(der).map_or(&[], |(_, contents, _)| contents)
}

/// Holds the elements of a session's DER, to be changed.
pub(crate) struct Elements {
    /// Lists them in their order: first byte and contents.
    all: Vec<(u8, Vec<u8>)>,
    /// Holds what comes behind the structure.
    behind: Vec<u8>,
}

impl Elements {
    /// Splits the DER of a session; `None`: it is not DER as a session's is.
    pub fn of(der: &[u8]) -> Option<Elements> {
        let (0x30, _, behind) = split(der)? else { return None };
        let all: Vec<_> = elements(der).map(|(first_byte, _, contents)| (first_byte, contents.to_vec())).collect();
        let elements = Elements { all, behind: behind.to_vec() };
        (elements.encoded() == der).then_some(elements)
    }

    /// Returns the contents of the element with a tag.
    pub fn get(&self, tag: u8) -> Option<&[u8]> {
        self.all.iter().find(|(first_byte, _)| *first_byte == TAGGED | tag).map(|(_, contents)| &**contents)
    }

    /// Takes the element with a tag out.
    pub fn remove(&mut self, tag: u8) {
        self.all.retain(|(first_byte, _)| *first_byte != TAGGED | tag);
    }

    /// Gives the element with a tag these contents, where it is or where it belongs.
    pub fn put(&mut self, tag: u8, contents: &[u8]) {
        let first_byte = TAGGED | tag;
        let at = self.all.iter().position(|(of, _)| *of >= first_byte).unwrap_or(self.all.len());
        let there = self.all.get(at).is_some_and(|(of, _)| *of == first_byte);
        self.all.splice(at..at + usize::from(there), [(first_byte, contents.to_vec())]);
    }

    /// Exchanges the contents of the element with a tag with those of the next one of the same kind.
    pub fn swap(&mut self, tag: u8) {
        let Some(at) = self.all.iter().position(|(first_byte, _)| *first_byte == TAGGED | tag) else { return };
        let like = |other: &usize| *other != at && self.all[*other].1.first() == self.all[at].1.first();
        let tagged = (0..self.all.len()).filter(|other| self.all[*other].0 >= TAGGED);
        let Some(other) = tagged.filter(like).min_by_key(|other| other.abs_diff(at)) else { return };
        let contents = std::mem::take(&mut self.all[at].1);
        self.all[at].1 = std::mem::replace(&mut self.all[other].1, contents);
    }

    /// Encodes them.
    pub fn encoded(&self) -> Vec<u8> {
        let elements: Vec<u8> =
            self.all.iter().flat_map(|(first_byte, contents)| encoded(*first_byte, contents)).collect();
        [encoded(0x30, &elements), self.behind.clone()].concat()
    }
}

/// Encodes an element.
pub(crate) fn encoded(first_byte: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut out = vec![first_byte];
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(contents);
    out
}

/// Returns the bytes of an element that is an octet string.
pub(crate) fn octets(der: &[u8], of: Field) -> Option<&[u8]> {
    split(element(der, of)?).map(|(_, octets, _)| octets)
}

/// Returns the number of an element that is an integer; 0: there is none.
pub(crate) fn number(der: &[u8], of: Field) -> i64 {
    let Some((_, bytes, _)) = element(der, of).and_then(split) else { return 0 };
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |number: i64, byte| number << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Sample;
    use crate::samples;

    #[test]
    fn the_elements_of_a_sample_are_found() {
        let der = samples::encoded(Sample::Tls12Full);
        assert_eq!(element(der, Field::Hostname), Some(&b"\x04\x10full.example.org"[..]));
        assert_eq!(element(der, Field::ProtocolVersion), Some(&[3, 3][..]));
        assert_eq!(element(der, Field::VerifyResult), None);
        assert_eq!(element(&der[..der.len() - 1], Field::Hostname), None, "it is cut off");
    }

    #[test]
    fn the_first_field_that_differs_is_named() {
        let der = samples::encoded(Sample::Tls12Full);
        let mut other = der.to_vec();
        assert_eq!(difference(der, &other), None);
        *other.last_mut().unwrap() ^= 1;
        assert_eq!(difference(der, &other), Some(Field::TicketAppdata));
        assert_eq!(hidden_difference(der, &other), None);
        other.extend([0xa5, 3, 2, 1, 1]);
        other[3] += 5;
        assert_eq!(difference(der, &other), Some(Field::VerifyResult));
    }
}

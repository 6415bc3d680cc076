//! Finds the elements of a session's DER, and which of two sessions' fields differ in it.
//!
//! It reads what `i2d_SSL_SESSION` writes: the module of ssl/ssl_asn1.c, in DER. Other bytes are no session's.

use crate::field::Field;

/// Says what the element of a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holds {
    /// An INTEGER.
    Number,
    /// An OCTET STRING.
    Octets,
    /// A Certificate.
    Certificate,
}

/// Describes the element of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Is the tag of an element that may be missing, which holds another one; `None`: it has no tag of its own and is always there.
    pub tag: Option<u8>,
    /// Says what it holds.
    pub holds: Holds,
    /// Names the release that has it first; `None`: 1.1.1 has it.
    pub since: Option<&'static str>,
    /// Names the field.
    pub field: Field,
}

/// Makes the table of the elements. A row is: the tag, or `-`, what it holds, since when, if not since 1.1.1, and the field.
macro_rules! parts {
    (@tag -) => { None };
    (@tag $tag:literal) => { Some($tag) };
    (@since) => { None };
    (@since $since:literal) => { Some($since) };
    ($($tag:tt $holds:ident $($since:literal)? $field:ident;)*) => {
        /// Lists the elements in their order, without the version of the encoding, which comes first and is no field, and the argument
        /// of a key, which nobody writes: `SSL_SESSION_ASN1` (ssl/ssl_asn1.c, 3.6.3).
        pub(crate) const PARTS: [Part; 24] = [$(Part {
            tag: parts!(@tag $tag),
            holds: Holds::$holds,
            since: parts!(@since $($since)?),
            field: Field::$field,
        }),*];
    };
}

parts! {
    - Number ProtocolVersion;
    - Octets Cipher;
    - Octets Id;
    - Octets MasterKey;
    1 Number Time;
    2 Number Timeout;
    3 Certificate Peer;
    4 Octets IdContext;
    5 Number VerifyResult;
    6 Octets Hostname;
    7 Octets PskIdentityHint;
    8 Octets PskIdentity;
    9 Number LifetimeHint;
    10 Octets Ticket;
    11 Octets CompressId;
    12 Octets SrpUsername;
    13 Number Flags;
    14 Number TicketAgeAdd;
    15 Number MaxEarlyData;
    16 Octets Alpn;
    17 Number MaxFragmentLength;
    18 Octets TicketAppdata;
    19 Number "3.0" KexGroup;
    20 Octets "3.2" PeerKey;
}

/// Begins the first byte of an element with a tag of its own, which holds another element.
pub(crate) const TAGGED: u8 = 0xa0;

/// Returns the element of a field; `None`: it has none.
pub(crate) const fn part(of: Field) -> Option<Part> {
    let mut at = 0;
    while at < PARTS.len() {
        if PARTS[at].field as usize == of as usize {
            return Some(PARTS[at]);
        }
        at += 1;
    }
    None
}

/// Returns the field of an element, which stands behind so many others.
fn field(first_byte: u8, place: usize) -> Option<Field> {
    let at = match first_byte {
        // The version of the encoding stands before them.
        ..TAGGED => place.checked_sub(1).filter(|at| PARTS.get(*at).is_some_and(|part| part.tag.is_none())),
        TAGGED.. => PARTS.iter().position(|part| part.tag == Some(first_byte - TAGGED)),
    };
    at.map(|at| PARTS[at].field)
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
    hidden_difference(a, b).or_else(|| shown_difference(a, b, |_| true))
}

/// Returns the first field with a getter in which two sessions' DER differs, of those that are `wanted`.
pub(crate) fn shown_difference(a: &[u8], b: &[u8], wanted: impl Fn(Field) -> bool) -> Option<Field> {
    let shown = PARTS.into_iter().map(|part| part.field).filter(|field| field.hidden_tag().is_none());
    shown.filter(|field| wanted(*field)).find(|field| element(a, *field) != element(b, *field))
}

/// Returns the hidden field whose element only one of two sessions' DER has, where every session of its release has one: whatever
/// is in the session, it is written wrong.
pub(crate) fn missing_always(a: &[u8], b: &[u8]) -> Option<Field> {
    // An UINT32 of ssl/ssl_asn1.c, and so there if it is 0.
    const ALWAYS: Field = Field::KexGroup;
    (element(a, ALWAYS).is_some() != element(b, ALWAYS).is_some()).then_some(ALWAYS)
}

/// Returns the first field without a getter in which two sessions' DER differs.
pub(crate) fn hidden_difference(a: &[u8], b: &[u8]) -> Option<Field> {
    let hidden = Field::ALL.iter().copied().filter(|field| field.hidden_tag().is_some());
    hidden.into_iter().find(|field| element(a, *field) != element(b, *field))
}

/// Returns the tag of the element of a field, if that is an optional one.
pub(crate) fn tag(of: Field) -> Option<u8> {
    part(of).and_then(|part| part.tag)
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

    /// Returns where the element of a field is.
    fn place(&self, of: Field) -> Option<usize> {
        (0..self.all.len()).find(|at| field(self.all[*at].0, *at) == Some(of))
    }

    /// Returns the contents of the element of a field.
    pub fn get(&self, of: Field) -> Option<&[u8]> {
        self.place(of).map(|at| &*self.all[at].1)
    }

    /// Takes the element of a field out. One that is always there is made 0 or empty.
    pub fn remove(&mut self, of: Field) {
        let Some(at) = self.place(of) else { return };
        match (part(of), &mut self.all[at].1) {
            (Some(Part { tag: None, holds: Holds::Number, .. }), contents) => *contents = vec![0],
            // Its code has two bytes.
            (Some(Part { field: Field::Cipher, .. }), contents) => *contents = vec![0; 2],
            (Some(Part { tag: None, .. }), contents) => contents.clear(),
            (Some(Part { tag: Some(_), .. }) | None, _) => _ = self.all.remove(at),
        }
    }

    /// Gives the element with a tag these contents, where it is or where it belongs.
    pub fn put(&mut self, tag: u8, contents: &[u8]) {
        let first_byte = TAGGED | tag;
        let at = self.all.iter().position(|(of, _)| *of >= first_byte).unwrap_or(self.all.len());
        let there = self.all.get(at).is_some_and(|(of, _)| *of == first_byte);
        self.all.splice(at..at + usize::from(there), [(first_byte, contents.to_vec())]);
    }

    /// Exchanges the contents of the element of a field with those of the next one of the same kind: the one behind it, where two are
    /// as near.
    pub fn swap(&mut self, of: Field) {
        let Some(at) = self.place(of) else { return };
        let tagged = self.all[at].0 >= TAGGED;
        // What a tagged element holds begins with its kind.
        let kind = |at: usize| if tagged { self.all[at].1.first() } else { Some(&self.all[at].0) };
        let like = |other: &usize| *other != at && (self.all[*other].0 >= TAGGED) == tagged && kind(*other) == kind(at);
        let near = |other: &usize| (other.abs_diff(at), if tagged { 0 } else { at.saturating_sub(*other) });
        let Some(other) = (0..self.all.len()).filter(like).min_by_key(near) else { return };
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

    #[test]
    fn the_table_has_the_tags_of_the_fields() {
        for field in Field::ALL.iter().filter(|field| field.hidden_tag().is_some()) {
            assert_eq!(tag(*field), field.hidden_tag(), "{field:?}");
        }
    }
}

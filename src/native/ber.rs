//! BER as OpenSSL reads it, and the DER that it writes.
//!
//! It is read here and not by the crate `bcder`: that one refuses in either of its modes INTEGERs of no bytes, tags below 31 in the
//! long form, and lengths in more than four bytes, all of which OpenSSL takes, and it takes strings nested to any depth.

use std::borrow::Cow;

use super::library::Library;
use super::rules::Rule;

/// Reports bytes that are not the element that was expected. OpenSSL raises an error for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// Reports a value that ends after the bytes do.
    TooLong,
    /// Reports everything else.
    Otherwise,
}

/// Holds the class of a tag, in the two bits where a tag has it.
pub(super) const UNIVERSAL: u8 = 0;
/// Stands for the class of tags that belong to the element they are in.
pub(super) const CONTEXT: u8 = 0x80;
const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;

pub(super) const INTEGER: u32 = 2;
pub(super) const OCTET_STRING: u32 = 4;
pub(super) const SEQUENCE: u32 = 16;

/// Limits how deep constructed strings are nested: `ASN1_MAX_STRING_NEST` (crypto/asn1/tasn_dec.c, 3.6.3).
const STRING_NEST: u32 = 5;

/// Holds what is before the contents of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub class: u8,
    pub tag: u32,
    pub constructed: bool,
    /// Says that the end is marked, and not counted.
    pub indefinite: bool,
    /// Counts the bytes of the header.
    pub size: usize,
    /// Counts the bytes of the contents. It is 0 where the end is marked.
    pub length: usize,
}

/// Reads BER as a library does.
#[derive(Clone, Copy)]
pub(super) struct Dialect<'l> {
    pub library: &'l Library,
}

impl Dialect<'_> {
    /// Reads a header: `ASN1_get_object` (crypto/asn1/asn1_lib.c, 3.6.3). Also returns it where the contents end after the bytes do.
    #[inline]
    pub fn header_of_any_length(self, bytes: &[u8]) -> Result<Header, Malformed> {
        let (&first, mut rest) = bytes.split_first().ok_or(Malformed::Otherwise)?;
        let mut tag = u32::from(first & LONG_TAG);
        if first & LONG_TAG == LONG_TAG {
            (tag, rest) = long_tag(rest)?;
        }
        let (&length, rest) = rest.split_first().ok_or(Malformed::Otherwise)?;
        let constructed = first & CONSTRUCTED != 0;
        let (length, rest, indefinite) = match length {
            0..=0x7f => (usize::from(length), rest, false),
            0x80 if constructed => (0, rest, true),
            0x80 => return Err(Malformed::Otherwise),
            0x81.. => {
                let (length, rest) = self.long_length(usize::from(length & 0x7f), rest)?;
                (length, rest, false)
            }
        };
        Ok(Header { class: first & 0xc0, tag, constructed, indefinite, size: bytes.len() - rest.len(), length })
    }

    /// Reads a header, and refuses contents that end after the bytes do.
    #[inline]
    pub fn header(self, bytes: &[u8]) -> Result<Header, Malformed> {
        let header = self.header_of_any_length(bytes)?;
        if header.length > bytes.len() - header.size { Err(Malformed::TooLong) } else { Ok(header) }
    }

    /// Reads as many bytes of a length: `asn1_get_length` (crypto/asn1/asn1_lib.c, 3.6.3). Zeros before it do not count.
    fn long_length(self, bytes: usize, rest: &[u8]) -> Result<(usize, &[u8]), Malformed> {
        if rest.len() < bytes || (rest.len() == bytes && self.library.meets(Rule::LongLengthNeedsMore)) {
            return Err(Malformed::Otherwise);
        }
        let (length, rest) = rest.split_at(bytes);
        let zeros = length.iter().take_while(|byte| **byte == 0).count();
        let length = unsigned(&length[zeros..]).filter(|length| *length <= i64::MAX as u64);
        Ok((length.ok_or(Malformed::Otherwise)? as usize, rest))
    }

    /// Appends the contents of a constructed string, which ends where `rest` does or is marked: `asn1_collect`
    /// (crypto/asn1/tasn_dec.c, 3.6.3). The strings in it may have any tag. Returns what is left.
    fn collect<'a>(
        self,
        mut rest: &'a [u8],
        marked: bool,
        depth: u32,
        out: &mut Vec<u8>,
    ) -> Result<&'a [u8], Malformed> {
        while !rest.is_empty() {
            if let Some(after) = end_mark(rest) {
                return if marked { Ok(after) } else { Err(Malformed::Otherwise) };
            }
            let header = self.header(rest)?;
            let (contents, after) = header.split(rest);
            if !header.constructed {
                out.extend_from_slice(contents);
                rest = after;
            } else if depth >= STRING_NEST {
                return Err(Malformed::Otherwise);
            } else if header.indefinite {
                rest = self.collect(contents, true, depth + 1, out)?;
            } else {
                self.collect(contents, false, depth + 1, out)?;
                rest = after;
            }
        }
        if marked { Err(Malformed::Otherwise) } else { Ok(rest) }
    }

    /// Reads the contents of an OCTET STRING whose header was read. Returns what is left.
    pub fn octets(self, header: Header, bytes: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), Malformed> {
        let (contents, after) = header.split(bytes);
        if !header.constructed {
            return Ok((Cow::Borrowed(contents), after));
        }
        let mut out = Vec::new();
        let left = self.collect(contents, header.indefinite, 0, &mut out)?;
        Ok((Cow::Owned(out), if header.indefinite { left } else { after }))
    }
}

impl Header {
    /// Splits the bytes that begin with the header: its contents, and what is after them. Where the end is marked, all may be
    /// contents.
    #[inline]
    pub fn split(self, bytes: &[u8]) -> (&[u8], &[u8]) {
        let after = &bytes[self.size..];
        if self.indefinite { (after, &[]) } else { after.split_at(self.length) }
    }

    /// Returns whether it is this tag.
    #[inline]
    pub const fn is(self, class: u8, tag: u32) -> bool {
        self.class == class && self.tag == tag
    }
}

/// Reads a tag in the long form, which may be a small one.
fn long_tag(mut rest: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let mut tag = 0_u32;
    loop {
        let (&byte, after) = rest.split_first().ok_or(Malformed::Otherwise)?;
        rest = after;
        tag = tag << 7 | u32::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok((tag, rest));
        }
        if tag > i32::MAX as u32 >> 7 {
            return Err(Malformed::Otherwise);
        }
    }
}

/// Returns what is after the mark of an end, if there is one.
#[inline]
pub(super) fn end_mark(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(&[0, 0])
}

/// Reads at most eight bytes as a number.
fn unsigned(bytes: &[u8]) -> Option<u64> {
    if bytes.len() > 8 {
        return None;
    }
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Holds a number as OpenSSL reads it: `ossl_c2i_uint64_int` (crypto/asn1/a_int.c, 3.6.3).
#[derive(Clone, Copy)]
pub(super) struct Number {
    magnitude: u64,
    negative: bool,
}

impl Number {
    /// Reads the contents of an INTEGER. No bytes are 0, and any other number has to have the shortest form.
    #[inline]
    pub fn read(contents: &[u8]) -> Result<Number, Malformed> {
        let Some(&first) = contents.first() else {
            return Ok(Number { magnitude: 0, negative: false });
        };
        let negative = first & 0x80 != 0;
        let padded = match first {
            _ if contents.len() == 1 => false,
            0 => true,
            // Only where another bit follows: the bytes after it are the whole number otherwise.
            0xff => contents[1..].iter().any(|byte| *byte != 0),
            1..=0xfe => false,
        };
        if padded && negative == (contents[1] & 0x80 != 0) {
            return Err(Malformed::Otherwise);
        }
        let bytes = &contents[usize::from(padded)..];
        let bits = unsigned(bytes).ok_or(Malformed::Otherwise)?;
        let magnitude = if negative { (bits ^ (u64::MAX >> (64 - 8 * bytes.len()))).wrapping_add(1) } else { bits };
        Ok(Number { magnitude, negative })
    }

    /// Returns it as `UINT64` and `ZUINT64` do: `uint64_c2i` (crypto/asn1/x_int64.c, 3.6.3).
    pub fn u64(self) -> Result<u64, Malformed> {
        if self.negative { Err(Malformed::Otherwise) } else { Ok(self.magnitude) }
    }

    /// Returns it as `INT64` and `ZINT64` do. Below -2^63 it wraps.
    pub fn i64(self) -> Result<i64, Malformed> {
        match self.negative {
            true => Ok(0_u64.wrapping_sub(self.magnitude) as i64),
            false => i64::try_from(self.magnitude).map_err(|_| Malformed::Otherwise),
        }
    }

    /// Returns it as `UINT32` and `ZUINT32` do: `uint32_c2i` (crypto/asn1/x_int64.c, 3.6.3).
    pub fn u32(self) -> Result<u32, Malformed> {
        self.u64().and_then(|number| u32::try_from(number).map_err(|_| Malformed::Otherwise))
    }

    /// Returns it as `INT32` and `ZINT32` do.
    pub fn i32(self) -> Result<i32, Malformed> {
        let limit = i32::MAX as u64 + u64::from(self.negative);
        let number = if self.magnitude > limit { Err(Malformed::Otherwise) } else { Ok(self.magnitude as u32) };
        number.map(|number| if self.negative { 0_u32.wrapping_sub(number) as i32 } else { number as i32 })
    }
}

/// Appends a header in DER. The tag is below 31.
#[inline]
pub(super) fn put_header(out: &mut Vec<u8>, first: u8, length: usize) {
    let (bytes, size) = header_bytes(first, length);
    out.extend_from_slice(&bytes[..size]);
}

/// Returns a header in DER, and how many of the bytes it has.
#[inline]
pub(super) fn header_bytes(first: u8, length: usize) -> ([u8; 10], usize) {
    let mut bytes = [0; 10];
    bytes[0] = first;
    if length < 0x80 {
        bytes[1] = length as u8;
        return (bytes, 2);
    }
    let zeros = (length as u64).leading_zeros() as usize / 8;
    bytes[1] = 0x80 | (8 - zeros) as u8;
    bytes[2..10 - zeros].copy_from_slice(&(length as u64).to_be_bytes()[zeros..]);
    (bytes, 10 - zeros)
}

/// Counts the bytes of a header with a tag below 31.
#[inline]
pub(super) const fn header_size(length: usize) -> usize {
    if length < 0x80 { 2 } else { 10 - (length as u64).leading_zeros() as usize / 8 }
}

/// Appends an element that has these contents.
#[inline]
pub(super) fn put(out: &mut Vec<u8>, first: u8, contents: &[u8]) {
    put_header(out, first, contents.len());
    out.extend_from_slice(contents);
}

/// Appends an OCTET STRING in an element of the context.
#[inline]
pub(super) fn put_tagged(out: &mut Vec<u8>, tag: u8, contents: &[u8]) {
    put_header(out, CONTEXT | CONSTRUCTED | tag, header_size(contents.len()) + contents.len());
    put(out, OCTET_STRING as u8, contents);
}

/// Returns an INTEGER with its header, and how many of the bytes it has.
#[inline]
fn integer(number: i128) -> ([u8; 16], usize) {
    let redundant = if number < 0 { number.leading_ones() } else { number.leading_zeros() } as usize;
    // One bit of the sign stays.
    let length = 16 - (redundant - 1) / 8;
    let bytes = ((number as u128) << (8 * (14 - length.min(14)))).to_be_bytes();
    let mut element = [0; 16];
    element[0] = INTEGER as u8;
    element[1] = length as u8;
    element[2..].copy_from_slice(&bytes[2..]);
    (element, 2 + length)
}

/// Appends an INTEGER.
#[inline]
pub(super) fn put_integer(out: &mut Vec<u8>, number: impl Into<i128>) {
    let (element, size) = integer(number.into());
    out.extend_from_slice(&element[..size]);
}

/// Appends an INTEGER in an element of the context.
#[inline]
pub(super) fn put_tagged_integer(out: &mut Vec<u8>, tag: u8, number: impl Into<i128>) {
    let (element, size) = integer(number.into());
    out.extend_from_slice(&[CONTEXT | CONSTRUCTED | tag, size as u8]);
    out.extend_from_slice(&element[..size]);
}

#[cfg(test)]
mod tests {
    use super::super::time::Clock;
    use super::*;

    #[test]
    fn numbers_are_written_in_the_shortest_form_and_read_again() {
        for number in [0, 1, -1, 127, 128, -128, -129, 255, 256, i64::MAX, i64::MIN, i64::from(i32::MIN)] {
            let mut out = Vec::new();
            put_integer(&mut out, number);
            assert_eq!(usize::from(out[1]), out.len() - 2);
            assert_eq!(Number::read(&out[2..]).and_then(Number::i64), Ok(number), "{out:02x?}");
        }
        let mut out = Vec::new();
        put_integer(&mut out, u64::MAX);
        assert_eq!(out, [2, 9, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
        assert_eq!(Number::read(&out[2..]).and_then(Number::u64), Ok(u64::MAX));
    }

    #[test]
    fn numbers_are_refused_where_openssl_refuses_them() {
        let read = |contents: &[u8]| Number::read(contents).and_then(Number::i64);
        assert_eq!(read(&[]), Ok(0));
        assert_eq!(read(&[0xff, 0]), Ok(-256));
        assert!(read(&[0, 1]).is_err());
        assert!(read(&[0xff, 0x80]).is_err());
        assert_eq!(read(&[0xff, 0, 0, 0, 0, 0, 0, 0, 1]), Ok(1), "it wraps");
        assert!(read(&[0xff, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn headers_are_read_in_every_form() {
        let [old, new] = ["3.5.5", "3.6.3"].map(|release| Library::new(release.parse().unwrap(), Clock::System));
        let read = |library: &Library, bytes: &[u8]| {
            Dialect { library }.header(bytes).map(|header| (header.tag, header.length))
        };
        assert_eq!(read(&new, &[0x1f, 0x80, 4, 1, 9]), Ok((4, 1)));
        assert_eq!(read(&new, &[4, 0x83, 0, 0, 1, 9]), Ok((4, 1)));
        assert_eq!(read(&new, &[4, 0x81, 0]), Ok((4, 0)));
        assert_eq!(read(&old, &[4, 0x81, 0]), Err(Malformed::Otherwise));
        assert_eq!(read(&old, &[4, 0x81, 0, 9]), Ok((4, 0)));
        assert_eq!(read(&new, &[4, 0x80]), Err(Malformed::Otherwise));
        assert_eq!(read(&new, &[4, 2, 1]), Err(Malformed::TooLong));
        assert_eq!(read(&new, &[0x1f, 0x88, 0x80, 0x80, 0x80, 0, 0]), Err(Malformed::Otherwise));
    }
}

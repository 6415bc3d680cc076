//! A session in PEM: `PEM_write_bio_SSL_SESSION` and `PEM_read_bio_SSL_SESSION`, from a BIO that has the text in memory.
//!
//! The text is read as OpenSSL reads it, whatever it is (crypto/pem/pem_lib.c and crypto/evp/encode.c, 3.6.3). It is in pieces of
//! a line or of 254 bytes. The password callback is one that returns -1, so that nothing encrypted can be read. The bytes after 126
//! at the end of a line count as white space where a `char` has a sign. No crate for base64 takes what `EVP_DecodeUpdate` takes:
//! white space within groups, an end at any `-`, and bits after the last byte.

use std::ffi::c_char;
use std::sync::Arc;

use super::der::{Keys, NotRead};
use super::library::Library;
use super::rules::{Followed, Rule};
use super::session::Session;

/// Is the name in the first and the last line: `PEM_STRING_SSL_SESSION`.
const NAME: &[u8] = b"SSL SESSION PARAMETERS";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// Is the most that is read of a line at once.
const PIECE: usize = 254;
/// Is the most that a line after a header has.
const COLUMNS: usize = 64;

/// Says why text was refused. The session is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPem {
    /// Reports that no line begins a session.
    #[error("no line begins a session")]
    NoBegin,
    /// Reports that the last line is missing, or that what is before it is no text of its kind.
    #[error("no line ends what was begun")]
    NoEnd,
    /// Reports a line of more than 64 characters after a header.
    #[error("a line after the header is too long")]
    LongLine,
    /// Reports that there is nothing between the first line and the last.
    #[error("there is nothing in it")]
    Empty,
    /// Reports what is no base64.
    #[error("it is not base64")]
    Base64,
    /// Reports a header other than that of encrypted text.
    #[error("its header is unknown")]
    Header,
    /// Reports a header of encrypted text that is of another version.
    #[error("its header has another version")]
    HeaderVersion,
    /// Reports encrypted text.
    #[error("it is encrypted")]
    Encrypted,
}

impl BadPem {
    pub(super) const fn raises(self) -> bool {
        match self {
            BadPem::NoBegin | BadPem::NoEnd | BadPem::Base64 | BadPem::Header | BadPem::Encrypted => true,
            BadPem::LongLine | BadPem::Empty | BadPem::HeaderVersion => false,
        }
    }
}

/// Returns whether text is read here as OpenSSL reads it: all text that a BIO can have.
pub fn pem_is_modelled(text: &[u8]) -> bool {
    i32::try_from(text.len()).is_ok()
}

impl Session {
    /// Appends the session in PEM: `PEM_write_bio_SSL_SESSION`. Returns false where [`Session::to_der`] does; then it appends nothing,
    /// or, in a release that has the rule for it, a block of no bytes.
    pub fn to_pem(&self, out: &mut Vec<u8>) -> bool {
        let mut der = Vec::new();
        let is_stored = self.to_der(&mut der);
        if !is_stored && !self.library().meets(Rule::EmptyPemIsWritten) {
            return false;
        }
        put_border(out, BEGIN);
        for line in der.chunks(COLUMNS / 4 * 3) {
            put_base64(out, line);
            out.push(b'\n');
        }
        put_border(out, END);
        is_stored
    }

    /// Reads PEM into this session: `PEM_read_bio_SSL_SESSION` with the address of a pointer to it.
    ///
    /// # Errors
    /// Refuses what OpenSSL refuses. Where the DER in it is refused, the session may be changed in part.
    pub fn read_pem(&self, text: &[u8], keys: &mut dyn Keys) -> Result<(), NotRead> {
        let der = der(text, &self.library().rules)?;
        self.read_der(&der, keys).map(|_| ()).map_err(in_pem)
    }
}

impl Library {
    /// Makes a session of PEM: `PEM_read_bio_SSL_SESSION` with NULL.
    ///
    /// # Errors
    /// Refuses what OpenSSL refuses, as [`Session::read_pem`] does.
    pub fn session_from_pem(self: &Arc<Self>, text: &[u8], keys: &mut dyn Keys) -> Result<Session, NotRead> {
        let der = der(text, &self.rules)?;
        self.session_from_der(&der, keys).map(|(session, _)| session).map_err(in_pem)
    }
}

fn in_pem(error: NotRead) -> NotRead {
    match error {
        NotRead::Der(bad) => NotRead::InPem(bad),
        NotRead::InPem(_) | NotRead::Pem(_) | NotRead::Stream(_) => error,
    }
}

fn put_border(out: &mut Vec<u8>, begin: &[u8]) {
    [begin, NAME, DASHES, b"\n"].iter().for_each(|part| out.extend_from_slice(part));
}

fn put_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        let characters = [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift) as usize & 63]);
        out.extend_from_slice(&characters[..group.len() + 1]);
        out.extend_from_slice(&b"=="[group.len() - 1..]);
    }
}

/// Returns the DER of the first session in text: `PEM_bytes_read_bio`.
fn der(text: &[u8], rules: &Followed) -> Result<Vec<u8>, BadPem> {
    let mut pieces = Pieces { rest: text };
    loop {
        let name = begin(&mut pieces, rules)?;
        let Block { header, data } = Block::read(&mut pieces, name)?;
        let der = match decode(&data) {
            _ if data.is_empty() => return Err(BadPem::Empty),
            None => return Err(BadPem::Base64),
            Some(der) if der.is_empty() => return Err(BadPem::Empty),
            Some(der) => der,
        };
        if name == NAME {
            check(&header)?;
            return Ok(der);
        }
    }
}

/// Reads text in pieces: `BIO_gets`.
struct Pieces<'a> {
    rest: &'a [u8],
}

impl<'a> Pieces<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let most = &self.rest[..self.rest.len().min(PIECE)];
        let length = memchr::memchr(b'\n', most).map_or(most.len(), |end| end + 1);
        let (piece, rest) = self.rest.split_at_checked(length).filter(|(piece, _)| !piece.is_empty())?;
        self.rest = rest;
        Some(piece)
    }
}

/// Returns a piece without what counts as white space at its end: `sanitize_line`.
fn trimmed(piece: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| *byte <= b' ' || (c_char::MIN != 0 && *byte >= 0x80);
    &piece[..piece.iter().rposition(|byte| !is_space(byte)).map_or(0, |last| last + 1)]
}

/// Returns the bytes before the first NUL.
fn before_nul(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// Passes over everything up to a line that begins something, and returns its name: `get_name`.
fn begin<'a>(pieces: &mut Pieces<'a>, rules: &Followed) -> Result<&'a [u8], BadPem> {
    let mut is_first = !rules.has(Rule::PemMarkIsText);
    loop {
        let mut piece = pieces.next().ok_or(BadPem::NoBegin)?;
        if is_first && piece.len() > 3 {
            piece = piece.strip_prefix(b"\xef\xbb\xbf").unwrap_or(piece);
        }
        is_first = false;
        let name = trimmed(piece).strip_prefix(BEGIN).and_then(|name| name.strip_suffix(DASHES));
        if let Some(name) = name {
            return Ok(before_nul(name));
        }
    }
}

/// Holds what is between a first line and a last one.
#[derive(Default)]
struct Block {
    header: Vec<u8>,
    data: Vec<u8>,
}

/// Says how much of a header was seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Has seen lines that may be a header or data.
    Maybe,
    /// Has seen a line of a header.
    Header,
    /// Has seen the empty line after a header.
    All,
}

impl Block {
    /// Reads up to the line that ends what has this name: `get_header_and_data`.
    fn read(pieces: &mut Pieces<'_>, name: &[u8]) -> Result<Block, BadPem> {
        let mut block = Block::default();
        let mut seen = Seen::Maybe;
        let (mut is_cut, mut is_last) = (false, false);
        loop {
            let piece = pieces.next().ok_or(BadPem::NoEnd)?;
            let is_rest = is_cut;
            is_cut = piece.len() == PIECE && !piece.ends_with(b"\n");
            if seen == Seen::Maybe && memchr::memchr(b':', piece).is_some() {
                seen = Seen::Header;
            }
            let line = trimmed(piece);
            if line.is_empty() {
                match seen {
                    _ if is_rest => {}
                    Seen::All => return Err(BadPem::NoEnd),
                    Seen::Maybe | Seen::Header => seen = Seen::All,
                }
                continue;
            }
            if let Some(end) = line.strip_prefix(END) {
                if end.strip_prefix(name) != Some(DASHES) {
                    return Err(BadPem::NoEnd);
                }
                if seen == Seen::Maybe {
                    block.data = std::mem::take(&mut block.header);
                }
                return Ok(block);
            }
            if is_last {
                return Err(BadPem::NoEnd);
            }
            let text = before_nul(line);
            let into = if seen == Seen::All { &mut block.data } else { &mut block.header };
            into.extend_from_slice(text);
            if text.len() == line.len() {
                into.push(b'\n');
            }
            if seen == Seen::All {
                if line.len() > COLUMNS {
                    return Err(BadPem::LongLine);
                }
                is_last = line.len() < COLUMNS;
            }
        }
    }
}

/// Refuses every header but an empty one: `PEM_get_EVP_CIPHER_INFO` and `PEM_do_header`.
fn check(header: &[u8]) -> Result<(), BadPem> {
    if matches!(header.first(), None | Some(b'\n')) {
        return Ok(());
    }
    let after = header.strip_prefix(b"Proc-Type:").ok_or(BadPem::Header)?;
    let version = after.iter().position(|byte| !matches!(byte, b' ' | b'\t')).map_or(&after[..0], |at| &after[at..]);
    // Every other way out raises an error.
    if version.starts_with(b"4,") { Err(BadPem::Encrypted) } else { Err(BadPem::HeaderVersion) }
}

/// Decodes base64: `EVP_DecodeUpdate` and `EVP_DecodeFinal`.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut count, mut padding) = (0_u32, 0, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => 0,
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'-' => break,
            _ => return None,
        };
        padding += u32::from(*byte == b'=');
        if padding > 2 || (padding > 0 && *byte != b'=') {
            return None;
        }
        group = group << 6 | u32::from(value);
        count += 1;
        if count % 4 == 0 {
            out.extend_from_slice(&group.to_be_bytes()[1..]);
        }
    }
    out.truncate(out.len().saturating_sub(padding as usize));
    (count % 4 == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_it_was_written() {
        for length in 0..=50 {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 37) ^ 0x5a).collect();
            let mut text = Vec::new();
            put_base64(&mut text, &bytes);
            assert_eq!(decode(&text), Some(bytes));
        }
        for (text, expected) in [
            (&b"QQ="[..], None),
            (b"QQ===", None),
            (b"Q=Q=", None),
            (b"QQ==QQ==", None),
            (b"Q Q\r\n=\t=", Some(&b"A"[..])),
            (b"QR==", Some(b"A")),
            (b"QUFB-whatever", Some(b"AAA")),
            (b"QU-", None),
            (b"QUF!", None),
            (b"-", Some(b"")),
        ] {
            assert_eq!(decode(text).as_deref(), expected, "{:?}", String::from_utf8_lossy(text));
        }
    }
}

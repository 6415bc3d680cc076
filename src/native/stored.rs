//! A stored session as it is in DER, before anything is done with it: `SSL_SESSION_ASN1` (ssl/ssl_asn1.c, 3.6.3).

use std::borrow::Cow;

use super::ber::{self, Dialect, Header, Malformed, Number};
use super::der::{BadDer, Keys};
use super::library::Library;
use super::rules::Rule;

/// Holds a string of a stored session, in one piece.
type Octets<'a> = Cow<'a, [u8]>;

/// Holds what a stored session has, as its encoding has it.
#[derive(Default)]
pub(super) struct Stored<'a> {
    /// Counts the bytes that it took.
    pub length: usize,
    pub version: u32,
    pub protocol_version: i32,
    pub cipher: Octets<'a>,
    pub id: Octets<'a>,
    pub master_key: Octets<'a>,
    pub time: i64,
    pub timeout: i64,
    pub peer: Option<Vec<u8>>,
    pub id_context: Octets<'a>,
    pub verify_result: i32,
    pub hostname: Option<Octets<'a>>,
    pub psk_identity_hint: Option<Octets<'a>>,
    pub psk_identity: Option<Octets<'a>>,
    pub ticket_lifetime_hint: u64,
    pub ticket: Option<Octets<'a>>,
    pub compression: Option<Octets<'a>>,
    pub srp_username: Option<Octets<'a>>,
    pub flags: u64,
    pub ticket_age_add: u32,
    pub max_early_data: u32,
    pub alpn: Option<Octets<'a>>,
    pub fragment_mode: u32,
    pub ticket_appdata: Option<Octets<'a>>,
    pub kex_group: u32,
    pub peer_rpk: Option<Octets<'a>>,
}

impl<'a> Stored<'a> {
    /// Reads a stored session at the beginning of these bytes: `d2i_SSL_SESSION_ASN1`.
    pub fn read(bytes: &'a [u8], library: &Library, keys: &mut dyn Keys) -> Result<Stored<'a>, BadDer> {
        read(bytes, library, keys).map_err(|_| BadDer::Encoding)
    }
}

/// Reads the elements in their order: `asn1_item_embed_d2i` (crypto/asn1/tasn_dec.c, 3.6.3).
fn read<'a>(bytes: &'a [u8], library: &Library, keys: &mut dyn Keys) -> Result<Stored<'a>, Malformed> {
    let mut elements = Elements::of(bytes, Dialect { library })?;
    let mut stored = Stored {
        version: elements.integer()?.u32()?,
        protocol_version: elements.integer()?.i32()?,
        cipher: elements.octets()?,
        id: elements.octets()?,
        master_key: elements.octets()?,
        ..Stored::default()
    };
    elements.skip_key_arg()?;
    elements.read_tagged(&mut stored, keys)?;
    let left = elements.end()?;
    stored.length = bytes.len() - left.len();
    Ok(stored)
}

/// Reads the elements of a sequence one after the other.
struct Elements<'a, 'l> {
    dialect: Dialect<'l>,
    /// Holds the bytes that are not read yet, up to the end of the sequence where that is counted.
    rest: &'a [u8],
    /// Holds what comes after the sequence, where its end is counted.
    after: &'a [u8],
    /// Says that the end of the sequence is marked, and that the mark was not read yet.
    marked: bool,
    /// Says that the mark was read.
    ended: bool,
    /// Holds the header at the beginning of the rest, when it was read.
    header: Option<Header>,
}

impl<'a, 'l> Elements<'a, 'l> {
    fn of(bytes: &'a [u8], dialect: Dialect<'l>) -> Result<Elements<'a, 'l>, Malformed> {
        let header = dialect.header(bytes)?;
        if !header.is(ber::UNIVERSAL, ber::SEQUENCE) || !header.constructed {
            return Err(Malformed::Otherwise);
        }
        let (rest, after) = header.split(bytes);
        Ok(Elements { dialect, rest, after, marked: header.indefinite, ended: false, header: None })
    }

    /// Returns the header of the next element, if there is one more.
    #[inline]
    fn next(&mut self) -> Result<Option<Header>, Malformed> {
        if self.header.is_some() || self.ended || self.rest.is_empty() {
            return Ok(self.header);
        }
        if let Some(after) = ber::end_mark(self.rest) {
            if !self.marked {
                return Err(Malformed::Otherwise);
            }
            (self.rest, self.ended) = (after, true);
            return Ok(None);
        }
        self.header = Some(self.dialect.header(self.rest)?);
        Ok(self.header)
    }

    /// Passes over what was read.
    #[inline]
    fn go_on(&mut self, rest: &'a [u8]) {
        (self.rest, self.header) = (rest, None);
    }

    /// Reads an INTEGER that has to be there.
    fn integer(&mut self) -> Result<Number, Malformed> {
        let header = self.next()?.ok_or(Malformed::Otherwise)?;
        let (number, rest) = integer(header, self.rest)?;
        self.go_on(rest);
        Ok(number)
    }

    /// Reads an OCTET STRING that has to be there.
    fn octets(&mut self) -> Result<Octets<'a>, Malformed> {
        let header = self.next()?.filter(|header| header.is(ber::UNIVERSAL, ber::OCTET_STRING));
        let (octets, rest) = self.dialect.octets(header.ok_or(Malformed::Otherwise)?, self.rest)?;
        self.go_on(rest);
        Ok(octets)
    }

    /// Passes over `key_arg`, which is an OCTET STRING with another tag.
    fn skip_key_arg(&mut self) -> Result<(), Malformed> {
        if let Some(header) = self.next()?.filter(|header| header.is(ber::CONTEXT, 0)) {
            let (_, rest) = self.dialect.octets(header, self.rest)?;
            self.go_on(rest);
        }
        Ok(())
    }

    /// Reads the one element inside the next one, if that has this tag: `asn1_template_ex_d2i` (crypto/asn1/tasn_dec.c, 3.6.3).
    #[inline]
    fn tagged<T>(
        &mut self,
        tag: u32,
        read: impl FnOnce(Dialect<'l>, &'a [u8]) -> Result<(T, &'a [u8]), Malformed>,
    ) -> Result<Option<T>, Malformed> {
        let Some(header) = self.next()?.filter(|header| header.is(ber::CONTEXT, tag)) else {
            return Ok(None);
        };
        if !header.constructed {
            return Err(Malformed::Otherwise);
        }
        let (contents, after) = header.split(self.rest);
        let (inner, left) = read(self.dialect, contents)?;
        let rest = match header.indefinite {
            true => ber::end_mark(left).ok_or(Malformed::Otherwise)?,
            false if left.is_empty() => after,
            false => return Err(Malformed::Otherwise),
        };
        self.go_on(rest);
        Ok(Some(inner))
    }

    #[inline]
    fn tagged_number<T: Default>(
        &mut self,
        tag: u32,
        of: impl FnOnce(Number) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let read = |dialect: Dialect<'l>, bytes: &'a [u8]| {
            let (number, left) = integer(dialect.header(bytes)?, bytes)?;
            Ok((of(number)?, left))
        };
        Ok(self.tagged(tag, read)?.unwrap_or_default())
    }

    #[inline]
    fn tagged_octets(&mut self, tag: u32) -> Result<Option<Octets<'a>>, Malformed> {
        self.tagged(tag, |dialect, bytes| {
            let header = dialect.header(bytes)?;
            if header.is(ber::UNIVERSAL, ber::OCTET_STRING) {
                dialect.octets(header, bytes)
            } else {
                Err(Malformed::Otherwise)
            }
        })
    }

    fn tagged_certificate(&mut self, tag: u32, keys: &mut dyn Keys) -> Result<Option<Vec<u8>>, Malformed> {
        self.tagged(tag, |_, bytes| {
            let parsed = keys.certificate(bytes).ok_or(Malformed::Otherwise)?;
            Ok((parsed.der, bytes.get(parsed.length..).ok_or(Malformed::Otherwise)?))
        })
    }

    /// Reads the elements that may be missing.
    fn read_tagged(&mut self, stored: &mut Stored<'a>, keys: &mut dyn Keys) -> Result<(), Malformed> {
        let rules = &self.dialect.library.rules;
        stored.time = self.tagged_number(1, Number::i64)?;
        stored.timeout = self.tagged_number(2, Number::i64)?;
        stored.peer = self.tagged_certificate(3, keys)?;
        stored.id_context = self.tagged_octets(4)?.unwrap_or_default();
        stored.verify_result = self.tagged_number(5, Number::i32)?;
        stored.hostname = self.tagged_octets(6)?;
        stored.psk_identity_hint = self.tagged_octets(7)?;
        stored.psk_identity = self.tagged_octets(8)?;
        stored.ticket_lifetime_hint = self.tagged_number(9, Number::u64)?;
        stored.ticket = self.tagged_octets(10)?;
        stored.compression = self.tagged_octets(11)?;
        stored.srp_username = self.tagged_octets(12)?;
        stored.flags = self.tagged_number(13, Number::u64)?;
        stored.ticket_age_add = self.tagged_number(14, Number::u32)?;
        stored.max_early_data = self.tagged_number(15, Number::u32)?;
        stored.alpn = self.tagged_octets(16)?;
        stored.fragment_mode = self.tagged_number(17, Number::u32)?;
        stored.ticket_appdata = self.tagged_octets(18)?;
        if !rules.has(Rule::NoGroupIsStored) {
            stored.kex_group = self.tagged_number(19, Number::u32)?;
        }
        if !rules.has(Rule::NoKeyIsStored) {
            stored.peer_rpk = self.tagged_octets(20)?;
        }
        Ok(())
    }

    /// Ends the sequence. Returns what comes after it.
    fn end(mut self) -> Result<&'a [u8], Malformed> {
        if self.next()?.is_some() || (self.marked && !self.ended) {
            return Err(Malformed::Otherwise);
        }
        Ok(if self.marked { self.rest } else { self.after })
    }
}

/// Reads an INTEGER whose header was read. Returns what is left.
#[inline]
fn integer(header: Header, bytes: &[u8]) -> Result<(Number, &[u8]), Malformed> {
    if !header.is(ber::UNIVERSAL, ber::INTEGER) || header.constructed {
        return Err(Malformed::Otherwise);
    }
    let (contents, left) = header.split(bytes);
    Ok((Number::read(contents)?, left))
}

//! How many bytes of a BIO a stored session takes: `asn1_d2i_read_bio` (crypto/asn1/a_d2i_fp.c).
//!
//! The BIO is one that has bytes in memory and then ends, as `BIO_new_mem_buf` makes it.

use super::ber::{Dialect, Header, Malformed};
use super::library::Library;
use super::rules::Rule;

/// Says why no end was found. The session is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStream {
    /// Reports bytes that end before the session does.
    #[error("the bytes end before the session does")]
    Ended {
        /// Says whether OpenSSL raises an error.
        raises: bool,
    },
    /// Reports bytes that are no element.
    #[error("it is not the encoding of a session")]
    Encoding,
}

impl BadStream {
    pub(super) const fn raises(self) -> bool {
        match self {
            BadStream::Ended { raises } => raises,
            BadStream::Encoding => true,
        }
    }
}

/// Reports an end, with an error.
const ENDED: BadStream = BadStream::Ended { raises: true };

/// Returns how many bytes there are up to the end of the first element.
pub(super) fn length(bytes: &[u8], library: &Library) -> Result<usize, BadStream> {
    let mut stream = Stream { bytes, loaded: 0, off: 0, library };
    let by_eight = library.rules.has(Rule::LongLengthNeedsMore);
    let mut open = 0_u32;
    loop {
        let header = if by_eight { stream.header_by_eight()? } else { stream.header()? };
        stream.off += header.size;
        if header.indefinite {
            open += 1;
        } else if open > 0 && header.length == 0 && header.tag == 0 {
            open -= 1;
        } else {
            stream.pass(header.length)?;
        }
        if open == 0 {
            break;
        }
    }
    if stream.off > i32::MAX as usize { Err(BadStream::Encoding) } else { Ok(stream.off) }
}

/// Holds what was read of a BIO.
struct Stream<'a> {
    bytes: &'a [u8],
    /// Counts the bytes that were read.
    loaded: usize,
    /// Counts the bytes that were understood.
    off: usize,
    library: &'a Library,
}

impl Stream<'_> {
    /// Reads at most as many more bytes, and returns how many there were.
    fn load(&mut self, bytes: usize) -> usize {
        let read = bytes.min(self.bytes.len() - self.loaded);
        self.loaded += read;
        read
    }

    /// Understands a header of the bytes that were read.
    fn understand(&self) -> Result<Header, BadStream> {
        let header = Dialect { library: self.library }.header_of_any_length(&self.bytes[self.off..self.loaded]);
        header.map_err(|(Malformed::TooLong | Malformed::Otherwise)| BadStream::Encoding)
    }

    /// Reads a header of eight bytes, whatever it has, as releases did up to 3.6.2.
    fn header_by_eight(&mut self) -> Result<Header, BadStream> {
        const HEADER: usize = 8;
        let has = self.loaded - self.off;
        if HEADER >= has {
            self.load(HEADER - has);
        }
        if self.loaded == self.off {
            return Err(BadStream::Ended { raises: self.library.rules.has(Rule::EmptyStreamIsHeader) });
        }
        let header = self.understand();
        if header.is_err() && self.loaded < self.bytes.len() {
            self.library.meets(Rule::LongLengthNeedsMore);
        }
        header
    }

    /// Reads a header as far as it goes: from 3.6.3 on.
    fn header(&mut self) -> Result<Header, BadStream> {
        let mut want = 2;
        loop {
            let has = self.loaded - self.off;
            if want >= has {
                want -= has;
                match self.load(want) {
                    // A session that ends has bytes, or the mark of an end is missing.
                    0 if self.loaded > 0 => return Err(ENDED),
                    0 => return Err(BadStream::Ended { raises: self.library.meets(Rule::EmptyStreamRaises) }),
                    read if read < want => continue,
                    _ => {}
                }
            }
            match wanted(&self.bytes[self.off..self.loaded])? {
                Some(more) => want = more,
                None => return self.understand(),
            }
        }
    }

    /// Passes over the contents of an element.
    fn pass(&mut self, length: usize) -> Result<(), BadStream> {
        let has = self.loaded - self.off;
        if length > has {
            let want = length - has;
            if want > i32::MAX as usize {
                return Err(BadStream::Encoding);
            }
            if self.load(want) < want {
                return Err(ENDED);
            }
        }
        self.off += length;
        Ok(())
    }
}

/// Returns how many bytes there have to be before the header that they begin with can be read; nothing if it can be.
fn wanted(bytes: &[u8]) -> Result<Option<usize>, BadStream> {
    if bytes.len() < 2 {
        return Err(ENDED);
    }
    let mut at = 1;
    if bytes[0] & 0x1f == 0x1f {
        let tag = bytes[1..].iter().take(bytes.len() - 2);
        let whole = tag.clone().position(|byte| byte & 0x80 == 0);
        // The tag has to fit into an int.
        if whole.unwrap_or(bytes.len() - 2) > 4 {
            return Err(BadStream::Encoding);
        }
        match whole {
            Some(last) => at = last + 2,
            None => {
                let last = bytes.len() - 1;
                return Ok(Some(last + 2 + usize::from(bytes[last] & 0x80 != 0)));
            }
        }
    }
    if bytes[at] & 0x80 == 0 {
        return Ok(None);
    }
    let length = usize::from(bytes[at] & 0x7f);
    match length {
        9.. => Err(BadStream::Encoding),
        _ if length > bytes.len() - at - 1 => Ok(Some(at + length + 1)),
        _ => Ok(None),
    }
}

//! Sessions of the native library as bytes: DER, PEM, and text.

use super::super::Returned;
use super::NativePort;
use crate::native::{Keys, NotRead, Parsed, Session};
use crate::op::{BufferSlot, Op, Slot};
use crate::samples;
use crate::trace::{Asked, Tape};

/// Answers what the other port's library said, which was recorded.
struct Played<'a>(&'a Tape);

impl Played<'_> {
    fn answered(&self, asked: Asked, bytes: &[u8]) -> Option<Parsed> {
        let (length, der) = self.0.answered(asked, bytes)??;
        Some(Parsed { length: *length, der: der.clone() })
    }
}

impl Keys for Played<'_> {
    fn certificate(&mut self, bytes: &[u8]) -> Option<Parsed> {
        samples::certificate(bytes).or_else(|| self.answered(Asked::Certificate, bytes))
    }

    fn public_key(&mut self, bytes: &[u8]) -> Option<Parsed> {
        samples::public_key(bytes).or_else(|| self.answered(Asked::PublicKey, bytes))
    }

    fn verify_text(&mut self, code: i64) -> String {
        let text = self.answered(Asked::VerifyText, &code.to_le_bytes());
        // As the library says of 0.
        text.map_or_else(|| "ok".into(), |text| String::from_utf8_lossy(&text.der).into_owned())
    }
}

/// Reads the certificates and keys of the harness's own.
pub(in crate::port) struct OfSamples;

impl Keys for OfSamples {
    fn certificate(&mut self, bytes: &[u8]) -> Option<Parsed> {
        samples::certificate(bytes)
    }

    fn public_key(&mut self, bytes: &[u8]) -> Option<Parsed> {
        samples::public_key(bytes)
    }

    fn verify_text(&mut self, _code: i64) -> String {
        String::new()
    }
}

impl NativePort {
    /// Makes a call that is about bytes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub(super) fn serial_call(&mut self, op: &Op, tape: &Tape) -> Returned<'_> {
        let keys = &mut Played(tape);
        match *op {
            Op::ToDer { dst, s } => self.write(dst, s, Length::OfBytes, |session, out| session.to_der(out)),
            Op::ToDerBio { dst, s } => self.write(dst, s, Length::One, |session, out| session.to_der(out)),
            Op::ToPem { dst, s } => self.write(dst, s, Length::OfText, |session, out| session.to_pem(out)),
            Op::Print { dst, s } => self.write(dst, s, Length::One, |session, out| session.print(keys, out)),
            Op::PrintKeylog { dst, s } => self.write(dst, s, Length::One, |session, out| session.print_keylog(out)),
            Op::FromDer { dst, b } | Op::FromDerEx { dst, b } => {
                let read = self.library.session_from_der(self.buffers.get(b), keys);
                let taken = read.as_ref().map_or(0, |(_, taken)| *taken) as i64;
                let made = self.put_read(dst, read.map(|(session, _)| session));
                Returned::Read { made, taken }
            }
            Op::FromDerBio { dst, b } => {
                let read = self.library.session_from_der_bio(self.buffers.get(b), keys);
                Returned::Session(self.put_read(dst, read))
            }
            Op::FromPem { dst, b } => {
                let read = self.library.session_from_pem(self.buffers.get(b), keys);
                Returned::Session(self.put_read(dst, read))
            }
            Op::ReadDer { s, b } => {
                let read = self.session(s).read_der(self.buffers.get(b), keys).map(|taken| taken as i64);
                self.number_read(read)
            }
            Op::ReadPem { s, b } => {
                let read = self.session(s).read_pem(self.buffers.get(b), keys).map(|()| 0);
                self.number_read(read)
            }
            _ => {
                self.buffers.edit(op);
                Returned::Nothing
            }
        }
    }

    /// Puts what `write` writes of a session into a variable.
    fn write(
        &mut self,
        dst: BufferSlot,
        s: Slot,
        length: Length,
        write: impl FnOnce(&Session, &mut Vec<u8>) -> bool,
    ) -> Returned<'_> {
        let mut out = self.buffers.take(dst);
        out.clear();
        let done = write(&self.session(s), &mut out);
        // Nothing that could be stored.
        self.raised |= !done && length == Length::OfText;
        self.buffers.put(dst, out);
        let bytes = self.buffers.get(dst);
        let returned = if length == Length::OfBytes { bytes.len() as i64 } else { done.into() };
        Returned::Copied { returned, bytes, overrun: false }
    }

    /// Puts a session into its slot, if it could be read.
    pub(super) fn put_read(&mut self, dst: Slot, read: Result<Session, NotRead>) -> bool {
        match read {
            Ok(session) => {
                self.put(dst, session);
                true
            }
            Err(why) => {
                self.raised |= why.raises();
                false
            }
        }
    }

    /// Returns what was read, or -1.
    fn number_read(&mut self, read: Result<i64, NotRead>) -> Returned<'static> {
        let number = read.unwrap_or_else(|why| {
            self.raised |= why.raises();
            -1
        });
        Returned::Number(number)
    }
}

/// Says what a function that writes returns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    /// How many bytes it wrote.
    OfBytes,
    /// 1.
    One,
    /// 1, or 0 with an error: `PEM_ASN1_write_bio` (crypto/pem/pem_lib.c, 3.6.3).
    OfText,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::{self, Holds};
    use crate::field::Field;
    use crate::native::{Clock, Library};

    /// The native session cannot see the table: it reads and writes every element of it, in this order, and no other.
    #[test]
    fn the_native_session_writes_the_elements_of_the_table() {
        struct Any;
        impl Keys for Any {
            fn certificate(&mut self, bytes: &[u8]) -> Option<Parsed> {
                Some(Parsed { length: bytes.len(), der: bytes.to_vec() })
            }
            fn public_key(&mut self, bytes: &[u8]) -> Option<Parsed> {
                self.certificate(bytes)
            }
            fn verify_text(&mut self, _code: i64) -> String {
                String::new()
            }
        }
        for (release, knows) in [("3.6.3", None), ("3.0.0", Some("3.0")), ("1.1.1", Some("1.1.1"))] {
            let library = Library::new(release.parse().expect("a release"), Clock::System);
            library.set_compression(crate::native::Compression::Numbers);
            let known = der::PARTS.iter().filter(|part| match (knows, part.since) {
                (None, _) | (_, None) => true,
                (Some(knows), Some(since)) => knows == since,
            });
            let mut body = der::encoded(2, &[1]);
            for part in known {
                let inner = match (part.holds, part.field) {
                    (Holds::Number, Field::ProtocolVersion) => vec![3, 3],
                    (Holds::Number, _) => der::encoded(2, &[7]),
                    (Holds::Octets, Field::Cipher) => vec![0xc0, 0x2f],
                    (Holds::Octets, Field::Id | Field::MasterKey) => b"octets".to_vec(),
                    (Holds::Octets, Field::CompressId) => der::encoded(4, &[1]),
                    (Holds::Octets, _) => der::encoded(4, b"octets"),
                    (Holds::Certificate, _) => der::encoded(0x30, &[]),
                };
                let first_byte = part.tag.map_or(if part.holds == Holds::Number { 2 } else { 4 }, |tag| 0xa0 | tag);
                body.extend(der::encoded(first_byte, &inner));
            }
            let der = der::encoded(0x30, &body);
            let (session, taken) = library.session_from_der(&der, &mut Any).expect(release);
            let mut written = Vec::new();
            assert!(session.to_der(&mut written) && taken == der.len(), "{release}");
            assert_eq!(written, der, "{release}");
        }
    }
}

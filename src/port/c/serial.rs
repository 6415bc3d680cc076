//! Sessions of a C library as bytes: DER, PEM, and text.

use std::ffi::{CStr, c_char, c_int, c_long, c_uchar, c_void};
use std::ptr;
use std::sync::Arc;

use openssl_sys::{BIO, SSL_SESSION};

use super::super::{Port, Returned, Value};
use super::prototypes::{d2i_of_void, i2d_of_void};
use super::{CPort, GUARD, memory};
use crate::field::Field;
use crate::native::{Compression, Keys, Parsed};
use crate::op::{BufferSlot, Kind, Op, Sample, Slot, Variable};
use crate::samples::{self, UNTOUCHED};
use crate::trace::{Asked, Tape};

/// Follows `<openssl/bio.h>`: tells where the bytes of a BIO in memory are.
const BIO_CTRL_INFO: c_int = 3;

/// Counts the bytes that a session's DER may have. A session has strings of at most [`MOST`](super::super::buffers::MOST) bytes in all where
/// it was read, and what setters and a peer give it is far shorter.
const LONGEST: usize = 1 << 18;

/// What a call returned that should have returned this session, or another.
const OTHER_SESSION: i64 = -2;

/// Gives no password: `PEM_read_bio_SSL_SESSION` would ask a person for one.
unsafe extern "C" fn no_password(_buffer: *mut c_char, _size: c_int, _writes: c_int, _data: *mut c_void) -> c_int {
    -1
}

/// Asks the library what only it can read, and records what it says.
struct Asking<'a> {
    port: &'a CPort,
    tape: &'a mut Tape,
}

impl Asking<'_> {
    /// Returns what the library said of these bytes before: it is not asked twice in a program. `None`: it was not asked.
    fn told(&self, asked: Asked, bytes: &[u8]) -> Option<Option<Parsed>> {
        let parsed = |(length, der): &(usize, Vec<u8>)| Parsed { length: *length, der: der.clone() };
        Some(self.tape.answered(asked, bytes)?.map(parsed))
    }

    fn found(&mut self, asked: Asked, bytes: &[u8], found: Option<Parsed>) -> Option<Parsed> {
        let told = found.as_ref().map(|parsed| (parsed.length, parsed.der.clone()));
        self.tape.answer(asked, bytes, told);
        found
    }
}

/// Copies what a function that writes DER writes: `write(NULL)` says how long it is.
fn written(mut write: impl FnMut(*mut *mut c_uchar) -> c_int) -> Vec<u8> {
    let length = write(ptr::null_mut()).max(0) as usize;
    let mut der = vec![0; length];
    write(&mut der.as_mut_ptr());
    der
}

impl Keys for Asking<'_> {
    fn certificate(&mut self, bytes: &[u8]) -> Option<Parsed> {
        if let Some(known) = samples::certificate(bytes) {
            return Some(known);
        }
        if let Some(told) = self.told(Asked::Certificate, bytes) {
            return told;
        }
        let (port, mut at) = (self.port, bytes.as_ptr());
        let certificate = call!(port, d2i_X509(ptr::null_mut(), &mut at, bytes.len() as c_long));
        let found = (!certificate.is_null()).then(|| {
            let length = at.addr() - bytes.as_ptr().addr();
            let der = written(|out| call!(port, i2d_X509(certificate, out)));
            call!(port, X509_free(certificate));
            Parsed { length, der }
        });
        self.found(Asked::Certificate, bytes, found)
    }

    fn public_key(&mut self, bytes: &[u8]) -> Option<Parsed> {
        if let Some(known) = samples::public_key(bytes) {
            return Some(known);
        }
        if let Some(told) = self.told(Asked::PublicKey, bytes) {
            return told;
        }
        let (port, mut at) = (self.port, bytes.as_ptr());
        let key = call!(port, d2i_PUBKEY(ptr::null_mut(), &mut at, bytes.len() as c_long));
        let found = (!key.is_null()).then(|| {
            let length = at.addr() - bytes.as_ptr().addr();
            let der = written(|out| call!(port, i2d_PUBKEY(key, out)));
            call!(port, EVP_PKEY_free(key));
            Parsed { length, der }
        });
        self.found(Asked::PublicKey, bytes, found)
    }

    fn verify_text(&mut self, code: i64) -> String {
        let text = call!(self.port, X509_verify_cert_error_string(code));
        // SAFETY: the library returns a string for every number.
        let text = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        self.tape.answer(Asked::VerifyText, &code.to_le_bytes(), Some((0, text.clone().into_bytes())));
        text
    }
}

impl CPort {
    /// Writes and reads a session in each of the ways that there are, and reads what is none: what a library allocates once for
    /// that is allocated here.
    pub(super) fn warm_up_bytes(&mut self) {
        let [s, dst] = [0, 1].map(Slot::wrapping);
        let b = BufferSlot::wrapping(0);
        let lacks = self.lacks();
        for der in [samples::encoded(Sample::Tls12Full), &samples::with_key()] {
            self.buffers.set(b, der);
            if lacks.contains(Kind::FromDer) || !self.do_call(&Op::FromDer { dst: s, b }) {
                break;
            }
            let write = [Op::PrintKeylog { dst: b, s }, Op::Print { dst: b, s }, Op::ToPem { dst: b, s }];
            let read = [Op::FromPem { dst, b }, Op::ToDerBio { dst: b, s }, Op::FromDerBio { dst, b }];
            let cut = [Op::DeleteBytes { b, at: 60, count: u16::MAX }, Op::FromDer { dst, b }, Op::FromPem { dst, b }];
            let wrong = [Op::ToDer { dst: b, s }, Op::SetByte { b, at: 5, value: 0xff }, Op::FromDerEx { dst, b }];
            for op in write.into_iter().chain(read).chain(cut).chain(wrong) {
                if !lacks.contains(op.kind()) && self.do_call(&op) && op.made().is_some() {
                    self.do_call(&Op::Free { s: Some(dst) });
                }
                self.forget(Variable::Session(dst));
            }
            self.do_call(&Op::Free { s: Some(s) });
            self.forget(Variable::Session(s));
        }
        self.buffers.begin();
        self.after();
    }

    /// Tells whether a session keeps its compression method when it is read.
    pub(super) fn known_compression(&mut self) -> Compression {
        let (s, lacks) = (Slot::wrapping(0), self.lacks());
        if lacks.contains(Kind::SampleSession) || lacks.contains(Kind::GetCompressId) {
            return Compression::Absent;
        }
        let der = samples::with_compression();
        let mut at = der.as_ptr();
        let session = call!(self, d2i_SSL_SESSION(ptr::null_mut(), &mut at, der.len() as c_long));
        self.slots[s.index()] = session;
        let kept = !session.is_null() && self.read_field(s, Field::CompressId) == Value::Number(1);
        call!(self, SSL_SESSION_free(session));
        self.slots[s.index()] = ptr::null_mut();
        self.after();
        match kept {
            false => Compression::Absent,
            true if self.has_zlib() => Compression::Zlib,
            true => Compression::Numbers,
        }
    }

    /// Tells whether the library lists the method of zlib.
    fn has_zlib(&self) -> bool {
        /// Is `SSL_COMP_ZLIB_IDX` (ssl/ssl_local.h).
        const ZLIB: c_int = 1;
        let api = self.api();
        let (Some(methods), Some(id), Some(number), Some(value)) =
            (api.SSL_COMP_get_compression_methods, api.SSL_COMP_get_id, api.OPENSSL_sk_num, api.OPENSSL_sk_value)
        else {
            return false;
        };
        // SAFETY: a list of the library's own, or none, whose number is -1; and methods out of it.
        unsafe {
            let methods = methods().cast_const().cast();
            (0..number(methods)).any(|at| id(value(methods, at).cast_const().cast()) == ZLIB)
        }
    }

    /// Makes a call that is about bytes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub(super) fn serial_call(&mut self, op: &Op, tape: &mut Tape) -> Returned<'_> {
        match *op {
            Op::ToDer { dst, s } => self.write_der(dst, s),
            Op::ToDerBio { dst, s } => self.write_into_bio(dst, |port, bio| {
                // SAFETY: a function that takes a session may be called with one by another name.
                let i2d: i2d_of_void = unsafe { std::mem::transmute(port.api().i2d_SSL_SESSION) };
                call!(port, ASN1_i2d_bio(i2d, bio, port.session(s).cast()))
            }),
            Op::ToPem { dst, s } => {
                self.write_into_bio(dst, |port, bio| call!(port, PEM_write_bio_SSL_SESSION(bio, port.session(s))))
            }
            Op::Print { dst, s } => {
                let print = |port: &CPort, bio| call!(port, SSL_SESSION_print(bio, port.session(s)));
                let Returned::Copied { returned, .. } = self.write_into_bio(dst, print) else {
                    return Returned::Nothing;
                };
                self.ask_for_verify_text(dst, tape);
                Returned::Copied { returned, bytes: self.buffers.get(dst), overrun: false }
            }
            Op::PrintKeylog { dst, s } => {
                self.write_into_bio(dst, |port, bio| call!(port, SSL_SESSION_print_keylog(bio, port.session(s))))
            }
            Op::FromDer { dst, b } | Op::FromDerEx { dst, b } => self.make_of_der(dst, b, op, tape),
            Op::ReadDer { s, b } => self.read_der(s, b, tape),
            Op::FromDerBio { dst, b } => self.read_from_bio(b, dst, tape, |port, bio| {
                // SAFETY: as in the header's macro, which casts both.
                let d2i: d2i_of_void = unsafe { std::mem::transmute(port.api().d2i_SSL_SESSION) };
                call!(port, ASN1_d2i_bio(None, d2i, bio, ptr::null_mut())).cast()
            }),
            Op::FromPem { dst, b } => self.read_from_bio(b, dst, tape, |port, bio| {
                call!(port, PEM_read_bio_SSL_SESSION(bio, ptr::null_mut(), Some(no_password), ptr::null_mut()))
            }),
            Op::ReadPem { s, b } => self.read_pem(s, b, tape),
            _ => {
                self.buffers.edit(op);
                Returned::Nothing
            }
        }
    }

    /// Finds out what only the library can read in these bytes, for the tape.
    fn ask_about(&mut self, bytes: &[u8], pem: bool, tape: &mut Tape) {
        let release = Arc::clone(&self.reader);
        let (asked, live) = (tape.answers(), memory::live());
        let mut asking = Asking { port: self, tape };
        // What comes of it is not looked at: the session is read as far as the questions go.
        let _session = match pem {
            true => release.session_from_pem(bytes, &mut asking).ok(),
            false => release.session_from_der(bytes, &mut asking).ok().map(|(session, _)| session),
        };
        if tape.answers() != asked {
            self.empty_error_queue();
            // Count what it keeps of a question, as it keeps which decoder reads which kind of key, for no program's.
            self.live_before += memory::live() - live;
        }
    }

    /// Asks for the words of the verify result in a printed session: whether the number is right is seen where the texts are compared.
    fn ask_for_verify_text(&mut self, printed: BufferSlot, tape: &mut Tape) {
        let label = Field::VerifyResult.printed_behind().unwrap_or_default();
        let text = self.buffers.get(printed);
        let number = memchr::memmem::rfind(text, label.as_bytes()).map(|at| &text[at + label.len()..]);
        let digits = number.and_then(|rest| rest.split(|byte| *byte == b' ').next());
        let code = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        if let Some(code) = code {
            Asking { port: self, tape }.verify_text(code);
        }
    }

    /// Writes DER by each of the ways that there are, which must agree.
    fn write_der(&mut self, dst: BufferSlot, s: Slot) -> Returned<'_> {
        let session = self.session(s);
        let length = call!(self, i2d_SSL_SESSION(session, ptr::null_mut()));
        let Ok(size @ 1..) = usize::try_from(length) else {
            self.buffers.set(dst, &[]);
            return Returned::Copied { returned: length.into(), bytes: &[], overrun: false };
        };
        // The buffer ends at an inaccessible page; before it are bytes that must stay as they were.
        self.scratch.room(GUARD + size).fill(UNTOUCHED);
        let begin = self.scratch.room(size).as_mut_ptr();
        let mut at = begin;
        let returned = call!(self, i2d_SSL_SESSION(session, &mut at));
        let advanced = at.addr().wrapping_sub(begin.addr());
        let mut made: *mut c_uchar = ptr::null_mut();
        let returned_new = call!(self, i2d_SSL_SESSION(session, &mut made));
        let der = self.scratch.room(size).to_vec();
        let same = !made.is_null() && returned_new == length && {
            // SAFETY: the library says that it made so many bytes.
            unsafe { std::slice::from_raw_parts(made, size) == der }
        };
        if !made.is_null() {
            call!(self, CRYPTO_free(made.cast(), c"sessdiff".as_ptr(), 0));
        }
        let overrun = self.scratch.room(GUARD + size)[..GUARD].iter().any(|byte| *byte != UNTOUCHED);
        self.buffers.put(dst, der);
        let consistent = returned == length && advanced == size && same;
        let returned = if consistent { length.into() } else { OTHER_SESSION };
        Returned::Copied { returned, bytes: self.buffers.get(dst), overrun }
    }

    /// Reads what `i2d_SSL_SESSION` writes of a slot's session.
    #[inline]
    pub(super) fn read_der_of(&mut self, s: Slot) -> Value<'_> {
        match self.fill_der(self.session(s)) {
            Some(0) => Value::Bytes(None),
            Some(size) => Value::Bytes(Some(&self.der[..size])),
            None => Value::Refused,
        }
    }

    /// Returns what `i2d_SSL_SESSION` writes; `None`: it writes nothing.
    pub(super) fn der_of(&mut self, session: *mut SSL_SESSION) -> Option<&[u8]> {
        let size = self.fill_der(session).filter(|size| *size > 0)?;
        Some(&self.der[..size])
    }

    /// Lets `i2d_SSL_SESSION` write, and returns how many bytes it says that there are; `None`: fewer than none, or more than there is room
    /// for. It is not asked for the length before, which takes as long: that is for [`Self::write_der`].
    fn fill_der(&mut self, session: *mut SSL_SESSION) -> Option<usize> {
        self.der.resize(LONGEST, 0);
        let mut at = self.der.as_mut_ptr();
        let size = usize::try_from(call!(self, i2d_SSL_SESSION(session, &mut at))).ok()?;
        (size <= LONGEST).then_some(size)
    }

    fn make_of_der(&mut self, dst: Slot, b: BufferSlot, op: &Op, tape: &mut Tape) -> Returned<'static> {
        let bytes = self.buffers.take(b);
        self.ask_about(&bytes, false, tape);
        let (begin, length) = self.scratch.lend(Some(&bytes));
        let mut at = begin;
        let mut other: *mut SSL_SESSION = ptr::null_mut();
        let session = if matches!(op, Op::FromDerEx { .. }) {
            let (ctx, query) = (ptr::null_mut(), ptr::null());
            call!(self, d2i_SSL_SESSION_ex(&mut other, &mut at, length as c_long, ctx, query))
        } else {
            call!(self, d2i_SSL_SESSION(ptr::null_mut(), &mut at, length as c_long))
        };
        let taken = at.addr().wrapping_sub(begin.addr()) as i64;
        let kept = !matches!(op, Op::FromDerEx { .. }) || other == session;
        self.take_back(Some(&bytes));
        self.buffers.put(b, bytes);
        self.keep_new(dst, session);
        Returned::Read { made: !session.is_null(), taken: if kept { taken } else { OTHER_SESSION } }
    }

    fn read_der(&mut self, s: Slot, b: BufferSlot, tape: &mut Tape) -> Returned<'static> {
        let bytes = self.buffers.take(b);
        self.ask_about(&bytes, false, tape);
        let (begin, length) = self.scratch.lend(Some(&bytes));
        let (mut at, mut session) = (begin, self.session(s));
        let returned = call!(self, d2i_SSL_SESSION(&mut session, &mut at, length as c_long));
        let taken = at.addr().wrapping_sub(begin.addr()) as i64;
        self.take_back(Some(&bytes));
        self.buffers.put(b, bytes);
        Returned::Number(self.read_into(s, session, returned, taken))
    }

    /// Says what a call returned that reads into a session: `taken`, or -1 where it refused.
    fn read_into(&self, s: Slot, variable: *mut SSL_SESSION, returned: *mut SSL_SESSION, taken: i64) -> i64 {
        match () {
            () if variable != self.session(s) => OTHER_SESSION,
            () if returned.is_null() => -1 - taken,
            () if returned != self.session(s) => OTHER_SESSION,
            () => taken,
        }
    }

    /// Lets `write` write into a BIO, and keeps what it wrote.
    fn write_into_bio(&mut self, dst: BufferSlot, write: impl FnOnce(&CPort, *mut BIO) -> c_int) -> Returned<'_> {
        let memory = call!(self, BIO_s_mem());
        let bio = call!(self, BIO_new(memory));
        let returned = write(self, bio);
        let mut at: *mut c_char = ptr::null_mut();
        let length = call!(self, BIO_ctrl(bio, BIO_CTRL_INFO, 0, (&raw mut at).cast())).max(0) as usize;
        let bytes = match at.is_null() {
            true => Vec::new(),
            // SAFETY: the BIO has so many bytes there, and lives.
            false => unsafe { std::slice::from_raw_parts(at.cast_const().cast::<u8>(), length) }.to_vec(),
        };
        call!(self, BIO_free(bio));
        self.buffers.put(dst, bytes);
        Returned::Copied { returned: returned.into(), bytes: self.buffers.get(dst), overrun: false }
    }

    /// Lets `read` make a session of what a BIO gives.
    fn read_from_bio(
        &mut self,
        b: BufferSlot,
        dst: Slot,
        tape: &mut Tape,
        read: impl FnOnce(&CPort, *mut BIO) -> *mut SSL_SESSION,
    ) -> Returned<'static> {
        let session = self.with_bio(b, tape, read);
        self.keep_new(dst, session)
    }

    fn read_pem(&mut self, s: Slot, b: BufferSlot, tape: &mut Tape) -> Returned<'static> {
        let mut variable = self.session(s);
        let returned = self.with_bio(b, tape, |port, bio| {
            call!(port, PEM_read_bio_SSL_SESSION(bio, &mut variable, Some(no_password), ptr::null_mut()))
        });
        Returned::Number(self.read_into(s, variable, returned, 0))
    }

    fn with_bio<R>(&mut self, b: BufferSlot, tape: &mut Tape, read: impl FnOnce(&CPort, *mut BIO) -> R) -> R {
        let bytes = self.buffers.take(b);
        for pem in [false, true] {
            self.ask_about(&bytes, pem, tape);
        }
        let (begin, length) = self.scratch.lend(Some(&bytes));
        let bio = call!(self, BIO_new_mem_buf(begin.cast(), length as c_int));
        let result = read(self, bio);
        call!(self, BIO_free(bio));
        self.take_back(Some(&bytes));
        self.buffers.put(b, bytes);
        result
    }
}

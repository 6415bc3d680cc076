//! Draws ops: from each row of the table, and for each type of operand, what most likely makes a call that runs.

use super::Generator;
use super::block::held;
use crate::op::{
    AlpnCallback, BufferSlot, Bytes, CString, CacheMode, Cipher, Closed, ConnectionSlot, ContextSlot, DatagramMethod,
    DecryptTicket, ExIndex, Few, GenerateId, GenerateTicket, GetBlock, GetCallback, KeyUpdate, Kind, MAX_BYTES,
    MaxVersion, Method, NameBlock, NameReturn, NewBlock, NewCallback, NotResumableCallback, Number, Op, Options,
    ProtocolVersion, PskBlock, PskCallback, RemoveBlock, RemoveCallback, Room, Sample, ServerNameCallback, Slot,
    Suites, TicketKeyCallback, TicketKeys, Time, Verify, for_each_op,
};
use crate::plan::Ledger;

/// Lengths around every limit of the API: ids 32, master keys 64, 256, 512, and what surrounds them.
const LENGTHS: &[usize] = &[0, 1, 2, 7, 8, 9, 31, 32, 33, 48, 63, 64, 65, 255, 256, 257, 511, 512, 513, MAX_BYTES];
/// Seconds at which some release's arithmetic turns: 32 bits, 2^64 nanoseconds, the ends of 64 bits.
const SECONDS: &[i64] = &[
    0,
    1,
    -1,
    -5,
    300,
    304,
    7_200,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_ffff_ffff,
    0x1_2345_6789,
    9_223_372_036,
    9_223_372_037,
    18_446_744_073,
    18_446_744_074,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
];
const VERSIONS: &[i32] =
    &[0, 1, -1, 0x0300, 0x0301, 0x0303, 0x0304, 0x0305, 0xfeff, 0xfefd, 0x1_0304, i32::MAX, i32::MIN];
/// Bytes that an implementation may treat as special.
const WORDS: &[&str] = &["h2", "http/1.1", "h3", "localhost", "www.example.org", "127.0.0.1", "a\0b", "\0"];
const EARLY_DATA: &[u32] = &[0, 1, 16_383, 16_384, 16_385, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX];

/// Lists of protocols, as they are sent.
pub(super) const PROTOCOLS: &[&[u8]] =
    &[b"\x02h2", b"\x02h2\x08http/1.1", b"\x08http/1.1\x02h2", b"\x08http/1.1", b"\x05other"];

/// Ids that meet in a cache: few, some alike in the four bytes that a hash looks at.
pub(super) const FEW_IDS: &[&[u8]] = &[b"a", b"b", b"aaaa", b"aaaab", b"aaaac", b"", &[7; 32]];
/// Timeouts and times from now that meet in a cache.
const FEW_SECONDS: &[i64] = &[0, 1, 2, 5, 10, 300, 304, 305, -1, -10];
/// Versions that meet in a cache.
const FEW_VERSIONS: &[i32] = &[0x0303, 0x0304];
const CACHE_SIZES: &[i64] = &[0, 1, 2, 2, 3, 4, 8, 20_480, -1, i64::MAX, i64::MIN, 0x1_0000_0001];
/// Seconds after which something has ended, or not yet.
const PASSING: &[u32] = &[0, 1, 2, 5, 10, 299, 300, 304, 305, 7_200, 100_000];
/// Seconds from now, around the times at which sessions end.
const FLUSHING: &[i64] = &[-1, 0, 1, 5, 6, 10, 299, 300, 301, 303, 304, 305, 306, 310, 7_200];

/// What an op is drawn for.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    ledger: &'a Ledger,
    /// The context of an op that names one.
    c: ContextSlot,
    /// The connection of an op that names one.
    x: ConnectionSlot,
}

/// Draws an operand.
trait Generate: Sized {
    /// Draws a value with which the call most likely runs.
    fn generate(generator: &mut Generator, about: About<'_>) -> Self;
}

/// Draws where a result goes: a variable that holds nothing, if there is one.
macro_rules! empty {
    ($generator:ident $ledger:expr, Slot) => {
        $generator.slot_where(|slot| !$ledger.holds(slot))
    };
    ($generator:ident $ledger:expr, BufferSlot) => {
        $generator.buffer()
    };
    ($generator:ident $ledger:expr, ContextSlot) => {
        $generator.empty_context($ledger)
    };
    ($generator:ident $ledger:expr, ConnectionSlot) => {
        $generator.empty_connection($ledger)
    };
}

macro_rules! define_generation {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident [$($dst:ident: $made:tt)?]
            ($($operand:ident: $type:tt),*) $facts:tt $c:tt;
    )* })*) => {
        impl Generator {
            /// Draws the operands of an op in the order of its row, the result first.
            #[allow(unreachable_patterns, unused_parens, reason = "what is drawn in a way of its own stands before the rows")]
            fn draw(&mut self, kind: Kind, about: About<'_>) -> Op {
                match kind {
                    Kind::SetCipher => self.set_cipher(about),
                    Kind::SetMaxEarlyData => self.set_max_early_data(about),
                    Kind::SetExData => self.set_ex_data(about),
                    Kind::AdvanceClock => Op::AdvanceClock { seconds: self.one_of(PASSING) },
                    Kind::TurnBackClock => Op::TurnBackClock { seconds: self.one_of(PASSING) },
                    Kind::CtxSetCacheSize => Op::CtxSetCacheSize { c: about.c, size: self.one_of(CACHE_SIZES) },
                    Kind::CtxFlush => Op::CtxFlush { c: about.c, time: self.flush_time() },
                    Kind::CtxFlushEx => Op::CtxFlushEx { c: about.c, time: self.flush_time() },
                    Kind::CtxSetAlpnProtos => Op::CtxSetAlpnProtos { c: about.c, protocols: self.protocols() },
                    Kind::SslSetAlpnProtos => Op::SslSetAlpnProtos { x: about.x, protocols: self.protocols() },
                    Kind::SetSession => self.set_session(about),
                    Kind::SetSslCtx => self.set_ssl_ctx(about),
                    Kind::CopySessionId => Op::CopySessionId { to: self.connection(about.ledger), from: about.x },
                    Kind::CtxCopyTicketKeys => Op::CtxCopyTicketKeys { to: self.context(about.ledger), from: about.c },
                    Kind::Handshake => self.handshake(about.ledger),
                    Kind::UseCertificate => Op::UseCertificate { x: self.ready(Method::Client, about.ledger) },
                    Kind::SendEarlyData => Op::SendEarlyData { x: self.ready(Method::Client, about.ledger) },
                    Kind::VerifyClient => Op::VerifyClient { x: self.server_that_talked(about.ledger) },
                    Kind::Renegotiate => Op::Renegotiate { x: self.server_that_talked(about.ledger) },
                    Kind::RenegotiateAbbreviated => {
                        Op::RenegotiateAbbreviated { x: self.server_that_talked(about.ledger) }
                    }
                    $($(Kind::$kind => Op::$kind {
                        $($dst: empty!(self about.ledger, $made),)?
                        $($operand: <$type as Generate>::generate(self, about)),*
                    },)*)*
                }
            }
        }
    };
}

for_each_op!(define_generation);

impl Generator {
    /// Draws an op of this kind.
    pub(super) fn op_of(&mut self, kind: Kind, ledger: &Ledger) -> Op {
        // An op about contexts, connections or time draws one of both, whichever it names: so the programs of a seed do
        // not change where an op gets one more operand.
        let (c, x) = match kind.is_shared() {
            true => (self.context(ledger), self.connection(ledger)),
            false => (ContextSlot::wrapping(0), ConnectionSlot::wrapping(0)),
        };
        let op = self.draw(kind, About { ledger, c, x });
        self.or_own(op)
    }

    /// Draws the setter of a value sometimes as that of the session's own. What is drawn for it changes nothing else.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the two setters that take a session's own; the others do not")]
    fn or_own(&self, op: Op) -> Op {
        let own = || self.aside().u8(0..12) == 0;
        match op {
            Op::Set1Id { s, .. } if own() => Op::Set1OwnId { s },
            Op::Set1IdContext { s, .. } if own() => Op::Set1OwnIdContext { s },
            other => other,
        }
    }

    /// Draws the cipher suite before the session.
    fn set_cipher(&mut self, about: About<'_>) -> Op {
        let cipher = Generate::generate(self, about);
        Op::SetCipher { s: Generate::generate(self, about), cipher }
    }

    /// Draws the limit before the session.
    fn set_max_early_data(&mut self, about: About<'_>) -> Op {
        let bytes = Generate::generate(self, about);
        Op::SetMaxEarlyData { s: Generate::generate(self, about), bytes }
    }

    /// Draws the value before the rest.
    fn set_ex_data(&mut self, about: About<'_>) -> Op {
        let value = Generate::generate(self, about);
        Op::SetExData { s: Generate::generate(self, about), index: Generate::generate(self, about), value }
    }

    /// Draws `NULL` more often than other calls do: it clears.
    fn set_session(&mut self, about: About<'_>) -> Op {
        Op::SetSession { x: about.x, s: (self.rng.u8(0..6) > 0).then(|| self.held(about.ledger)) }
    }

    /// Draws `NULL` more often than other calls do: it means the first context.
    fn set_ssl_ctx(&mut self, about: About<'_>) -> Op {
        Op::SetSslCtx { x: about.x, c: (self.rng.u8(0..4) > 0).then(|| self.context(about.ledger)) }
    }

    /// Draws two connections that have not made a handshake.
    fn handshake(&mut self, ledger: &Ledger) -> Op {
        Op::Handshake { client: self.ready(Method::Client, ledger), server: self.ready(Method::Server, ledger) }
    }

    /// Draws a time around those at which sessions end.
    fn flush_time(&mut self) -> Time {
        match self.rng.u8(0..8) {
            0 => Time::At(0),
            1 => self.time(),
            2 => Time::Now(0),
            _ => Time::Now(self.one_of(FLUSHING)),
        }
    }

    /// Draws a list of protocols; now and then what is none.
    pub(super) fn protocols(&mut self) -> Bytes {
        match self.rng.u8(0..8) {
            0 => self.raw().map_or(Bytes::NULL, |bytes| Bytes::new(&bytes)),
            _ => Bytes::new(self.one_of(PROTOCOLS)),
        }
    }

    fn length(&mut self) -> usize {
        match self.rng.u8(0..8) {
            0 => self.rng.usize(0..=MAX_BYTES),
            1..=4 => self.rng.usize(0..=40),
            _ => self.one_of(LENGTHS),
        }
    }

    /// Draws bytes; `None` is `NULL`.
    fn raw(&mut self) -> Option<Vec<u8>> {
        if self.rng.u8(0..12) == 0 {
            return None;
        }
        if self.shares && self.rng.bool() {
            return Some(self.one_of(FEW_IDS).to_vec());
        }
        let mut bytes = match self.rng.u8(0..8) {
            0 => self.one_of(WORDS).as_bytes().to_vec(),
            // Nearly what some call before had.
            1 | 2 if !self.last.is_empty() => {
                let mut bytes = self.last.clone();
                let at = self.rng.usize(0..bytes.len());
                bytes[at] ^= 1 << self.rng.u8(0..8);
                bytes
            }
            3 => (0..self.length()).map(|_| self.rng.u8(..)).collect(),
            _ => {
                let (first, step) = (self.rng.u8(..), self.rng.u8(0..2));
                (0..self.length()).map(|at| first.wrapping_add(step.wrapping_mul(at as u8))).collect()
            }
        };
        bytes.truncate(MAX_BYTES);
        self.last.clone_from(&bytes);
        Some(bytes)
    }

    /// Draws a byte variable. Most of the time it is the first, so that calls meet.
    pub(super) fn buffer(&mut self) -> BufferSlot {
        BufferSlot::wrapping(if self.rng.u8(0..4) > 0 { 0 } else { self.rng.u8(0..4) })
    }

    fn seconds(&mut self) -> i64 {
        if self.shares && self.rng.bool() {
            return self.one_of(FEW_SECONDS);
        }
        if self.rng.u8(0..4) == 0 { self.rng.i64(..) >> self.rng.u8(0..64) } else { self.one_of(SECONDS) }
    }

    fn time(&mut self) -> Time {
        if self.shares && self.rng.bool() {
            return Time::Now(self.one_of(FEW_SECONDS));
        }
        if self.rng.u8(0..4) == 0 { Time::Now(self.rng.i64(-400..400)) } else { Time::At(self.seconds()) }
    }
}

/// Draws operands with a function of the generator and of what the op is about.
macro_rules! generate {
    ($($type:ty: |$generator:ident, $about:ident| $draw:expr;)*) => {$(
        impl Generate for $type {
            fn generate($generator: &mut Generator, $about: About<'_>) -> $type {
                $draw
            }
        }
    )*};
}

generate! {
    Slot: |generator, about| generator.held(about.ledger);
    Option<Slot>: |generator, about| (generator.rng.u8(0..24) > 0).then(|| generator.held(about.ledger));
    ContextSlot: |_generator, about| about.c;
    Option<ContextSlot>: |generator, about| (generator.rng.u8(0..16) > 0).then_some(about.c);
    ConnectionSlot: |_generator, about| about.x;
    Option<ConnectionSlot>: |generator, about| (generator.rng.u8(0..16) > 0).then_some(about.x);
    BufferSlot: |generator, _about| generator.buffer();
    u8: |generator, _about| generator.one_of(&[0, 1, 0x02, 0x04, 0x30, 0x7f, 0x80, 0x81, 0xff]) ^ if generator.rng.bool() { 0 } else { generator.rng.u8(..) };
    u16: |generator, _about| generator.rng.u16(..) >> generator.rng.u8(4..14);
    Bytes: |generator, _about| generator.raw().map_or(Bytes::NULL, |bytes| Bytes::new(&bytes));
    CString: |generator, _about| generator.raw().map_or(CString::NULL, |bytes| CString::new(&bytes));
    Time: |generator, _about| generator.time();
    i64: |generator, _about| generator.seconds();
    Room: |generator, _about| Room::at_most(generator.length() as u16);
    Few: |generator, _about| Few::at_most(generator.one_of(&[0, 1, 1, 2, 3]));
    Closed: |generator, _about| Closed::of(generator.rng.u8(..));
    Option<Cipher>: |generator, _about| (generator.rng.u8(0..6) > 0).then(|| generator.one_of(Cipher::ALL));
    RemoveBlock: |generator, about| generator.remove_block(&held(about.ledger));
    NewBlock: |generator, about| generator.new_block(&held(about.ledger));
    GetBlock: |generator, about| {
        let slot = generator.held(about.ledger);
        let source = generator.source(slot, true);
        generator.get_block(&held(about.ledger), source)
    };
    PskBlock: |generator, about| {
        let slot = generator.held(about.ledger);
        let source = generator.source(slot, true);
        generator.psk_block(&held(about.ledger), source)
    };
    NameBlock: |generator, about| NameBlock { to: generator.context(about.ledger), returns: generator.one_of(NameReturn::ALL) };
    // The rest does not give what the library takes.
    GetCallback: |generator, _about| generator.one_of(GetCallback::SOUND);
    ProtocolVersion: |generator, _about| {
        let few = generator.shares && generator.rng.u8(0..4) > 0;
        ProtocolVersion(generator.one_of(if few { FEW_VERSIONS } else { VERSIONS }))
    };
    u32: |generator, _about| {
        let shifted = generator.rng.u32(..) >> generator.rng.u8(0..32);
        if generator.rng.bool() { shifted } else { generator.one_of(EARLY_DATA) }
    };
    Number: |generator, _about| {
        Number(if generator.rng.bool() { generator.rng.u64(0..4) } else { generator.rng.u64(..) })
    };
    // A certificate takes longer to read than all else in a program: one sample in nine has one.
    Sample: |generator, _about| {
        let any = generator.one_of(Sample::ALL);
        let again = any.has_certificate() && generator.rng.u8(0..4) > 0;
        if again { generator.one_of(Sample::ALL) } else { any }
    };
    CacheMode: |generator, _about| {
        let bits = generator.rng.u16(..);
        CacheMode::of(if generator.rng.bool() { bits } else { 0x2 | bits & 0x400 })
    };
}

/// Draws any word of the list.
macro_rules! generate_words {
    ($($type:ty),*) => {
        generate! { $($type: |generator, _about| generator.one_of(<$type>::ALL);)* }
    };
}

generate_words!(ExIndex, DatagramMethod, KeyUpdate, Method, MaxVersion, Options, Suites, TicketKeys, Verify);
generate_words!(RemoveCallback, NewCallback, NotResumableCallback, GenerateId, PskCallback, ServerNameCallback);
generate_words!(AlpnCallback, GenerateTicket, DecryptTicket);

generate! {
    TicketKeyCallback: |generator, _about| generator.one_of(TicketKeyCallback::SEALS);
}

//! Ops: every call a program can make. `table.rs` has a row for each, and what is here is made from the rows.
//!
//! What a `custom` op means is not here: it is in exhaustive matches in `plan` and in the ports, which the compiler lists
//! when a row is added.

mod describe;
mod operand;
mod sets;
mod subject;
mod table;
mod text;
mod wire;

pub use describe::{Named, Needed};
pub use operand::{
    AlpnCallback, BUFFERS, BlockCall, BufferSlot, Bytes, CONNECTIONS, CONTEXTS, CString, CacheMode, Cipher, Closed,
    ConnectionSlot, ContextSlot, CopyFlag, DatagramMethod, DecryptTicket, ExIndex, Few, GenerateId, GenerateTicket,
    GetBlock, GetCallback, Inner, KeyUpdate, LeftOut, MAX_BLOCK, MAX_BYTES, MaxVersion, Method, NameBlock, NameReturn,
    NewBlock, NewCallback, NotResumableCallback, Number, Operand, Options, ProtocolVersion, PskBlock, PskCallback,
    RemoveBlock, RemoveCallback, Room, SLOTS, Sample, ServerNameCallback, Shrink, Slot, Source, Suites, TheCopy,
    TicketKeyCallback, TicketKeys, Time, Variable, Verify, Where,
};
pub use sets::Kinds;
pub(crate) use sets::sets;
pub(crate) use subject::{connection_ops, context_ops, serial_ops, session_ops};
pub(crate) use table::for_each_op;
use text::Separated;
pub use text::{Cursor, Expected, TextError};
pub(crate) use text::{all_near, nearest};
pub use wire::Wire;

/// Begins no op on the wire: where 255 rows are not enough, it comes before a second byte.
const ESCAPE: u8 = 0xff;

const _: () = assert!(Kind::from_opcode(ESCAPE).is_none(), "this opcode is kept for opcodes of two bytes");

/// No op has more operands, its result counted; a test holds it to that.
const MOST_OPERANDS: usize = 4;

/// Makes the enum of ops, the enum of their kinds, and both codecs, from the table.
macro_rules! define_ops {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident [$($dst:ident: $made:tt)?]
            ($($operand:ident: $type:tt),*) {$($fact:tt)*} {$($c:tt)*};
    )* })*) => {
        /// One call with its operands.
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[allow(unused_parens, reason = "a type of more than one token stands in parentheses")]
        pub enum Op {
            $($( $(#[$doc])* #[allow(missing_docs, reason = "the name is C's")] $kind { $($dst: $made,)? $($operand: $type),* }, )*)*
        }

        /// Which call, without its operands.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Kind {
            $($( $(#[$doc])* $kind, )*)*
        }

        impl Kind {
            /// Every row of the table, in the order of opcodes.
            pub const ALL: &'static [Kind] = &by_opcode([$($(Kind::$kind),*),*]);

            /// Returns the name in C, or the harness's own word.
            pub const fn name(self) -> &'static str {
                match self { $($(Kind::$kind => stringify!($name)),*),* }
            }

            /// Returns the first byte of the op on the wire.
            pub const fn opcode(self) -> u8 {
                match self { $($(Kind::$kind => $code),*),* }
            }

            /// Finds the row with this opcode.
            pub const fn from_opcode(code: u8) -> Option<Kind> {
                match code { $($($code => Some(Kind::$kind),)*)* _ => None }
            }

            /// Finds the row with this name.
            pub fn from_name(name: &str) -> Option<Kind> {
                const NAMES: &[(&str, Kind)] = &[$($((stringify!($name), Kind::$kind)),*),*];
                NAMES.iter().find(|(named, _)| *named == name).map(|(_, kind)| *kind)
            }

            /// Tells whether the call's result goes into a variable: `s0 = NAME(...)`.
            pub const fn has_result(self) -> bool {
                match self { $($(Kind::$kind => define_ops!(@has $($dst)?)),*),* }
            }

            /// Tells whether it is about contexts, connections or time.
            #[inline(always)]
            #[allow(unused_parens, reason = "a type of more than one token stands in parentheses")]
            pub const fn is_shared(self) -> bool {
                match self {
                    $($(Kind::$kind => fact!(shared $($fact)*) $(|| <$made as Shrink>::IS_SHARED)? $(|| <$type as Shrink>::IS_SHARED)*),*),*
                }
            }

            /// Tells whether it calls what only handshakes need.
            pub const fn needs_handshakes(self) -> bool {
                match self { $($(Kind::$kind => fact!(handshakes $($fact)*)),*),* }
            }

            /// Returns the first OpenSSL release that has the function, `major.minor`, where not every one has it.
            pub const fn since(self) -> Option<&'static str> {
                match self { $($(Kind::$kind => fact!(since $($fact)*)),*),* }
            }

            /// Reads the operands from the wire, in table order.
            #[allow(unused_parens, reason = "a type of more than one token stands in parentheses")]
            pub fn take_wire(self, wire: &mut Wire<'_>) -> Option<Op> {
                match self {
                    $($(Kind::$kind => Some(Op::$kind {
                        $($dst: <$made>::take_wire(wire)?,)?
                        $($operand: <$type>::take_wire(wire)?),*
                    })),*),*
                }
            }

            /// Reads the operands that follow at `cursor`; `result` is where the slot before the `=` is.
            #[allow(unused_parens, reason = "a type of more than one token stands in parentheses")]
            pub fn parse(self, result: Option<Cursor<'_>>, cursor: &mut Cursor<'_>) -> Result<Op, TextError> {
                cursor.expect('(')?;
                let mut operands = Separated::default();
                match self {
                    $($(Kind::$kind => {
                        $( let $dst = <$made>::parse(&mut result.ok_or_else(|| cursor.error(Expected::Result))?)?; )?
                        $( let $operand = operands.next::<$type>(cursor)?; )*
                        operands.end(cursor)?;
                        Ok(Op::$kind { $($dst,)? $($operand),* })
                    })*)*
                }
            }
        }

        impl Op {
            /// Returns which call this is.
            #[inline]
            pub const fn kind(&self) -> Kind {
                match self { $($(Op::$kind { .. } => Kind::$kind),*),* }
            }

            /// Returns the same call with one operand simpler, the simplest first.
            pub fn shrink(&self) -> Vec<Op> {
                let mut simpler = Vec::new();
                match self {
                    $($(Op::$kind { $($operand,)* .. } => {
                        $(for value in Shrink::shrink($operand) {
                            let mut changed = self.clone();
                            if let Op::$kind { $operand: place, .. } = &mut changed {
                                *place = value;
                                simpler.push(changed);
                            }
                        })*
                    })*)*
                }
                simpler
            }

            /// Returns the slots of sessions it names, that of the result first.
            pub fn slots_mut(&mut self) -> Vec<&mut Slot> {
                match self {
                    $($(Op::$kind { $($dst,)? $($operand),* } => {
                        let slots: Vec<Option<&mut Slot>> =
                            vec![$(Shrink::slot_mut($dst),)? $(Shrink::slot_mut($operand)),*];
                        slots.into_iter().flatten().collect()
                    })*)*
                }
            }

            /// Returns the variables it names, of every kind, that of the result first.
            #[inline]
            pub fn variables(&self) -> impl Iterator<Item = Variable> {
                // As many as an op has operands, its result counted.
                let mut named = [None; MOST_OPERANDS];
                match self {
                    $($(Op::$kind { $($dst,)? $($operand),* } => {
                        let all: &[Option<Variable>] =
                            &[$(Shrink::variable($dst),)? $(Shrink::variable($operand)),*];
                        named[..all.len()].copy_from_slice(all);
                    })*)*
                }
                named.into_iter().flatten()
            }

            /// Returns the session that it is called on: the slot is live before the call if the op runs.
            #[inline]
            pub fn used(&self) -> Option<Slot> {
                match self {
                    $($(Op::$kind { $($operand,)* .. } => None$(.or(session(Shrink::variable($operand))))*,)*)*
                }
            }

            /// Returns the slot that a session which it makes goes to.
            #[inline]
            pub fn made(&self) -> Option<Slot> {
                match self {
                    $($(Op::$kind { $($dst,)? .. } => session(None$(.or(Shrink::variable($dst)))?),)*)*
                }
            }

            /// Returns the object that its result goes to, if it makes one.
            pub fn result(&self) -> Option<Variable> {
                match self {
                    $($(Op::$kind { $($dst,)? .. } => None$(.or(Shrink::variable($dst)))?,)*)*
                }
            }

            /// Returns the bytes that the call reads, with the NUL of a C string.
            pub fn argument(&self) -> Option<&[u8]> {
                match self {
                    $($(Op::$kind { $($operand,)* .. } => None$(.or(Shrink::lent($operand)))*,)*)*
                }
            }

            /// Appends opcode and operands.
            pub fn put_wire(&self, out: &mut Vec<u8>) {
                out.push(self.kind().opcode());
                match self {
                    $($(Op::$kind { $($dst,)? $($operand),* } => {
                        $($dst.put_wire(out);)?
                        $($operand.put_wire(out);)*
                    })*)*
                }
            }
        }

        impl std::fmt::Display for Op {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut operands = Separated::default();
                match self {
                    $($(Op::$kind { $($dst,)? $($operand),* } => {
                        $(write!(f, "{} = ", $dst)?;)?
                        write!(f, "{}(", Kind::$kind.in_text())?;
                        $(operands.print($operand, f)?;)*
                    })*)*
                }
                f.write_str(")")
            }
        }
    };
    (@has) => { false };
    (@has $dst:ident) => { true };
}

#[inline]
fn session(variable: Option<Variable>) -> Option<Slot> {
    if let Some(Variable::Session(slot)) = variable { Some(slot) } else { None }
}

/// Sorts rows by opcode.
const fn by_opcode<const ROWS: usize>(mut rows: [Kind; ROWS]) -> [Kind; ROWS] {
    let (mut code, mut row) = (0, 0);
    while row < ROWS {
        if let Some(kind) = Kind::from_opcode(code) {
            rows[row] = kind;
            row += 1;
        }
        code += 1;
    }
    rows
}

/// Reads one fact of a row.
macro_rules! fact {
    (shared) => { false };
    (shared shared $($rest:tt)*) => { true };
    (shared $other:tt $($rest:tt)*) => { fact!(shared $($rest)*) };
    (handshakes) => { false };
    (handshakes handshakes $($rest:tt)*) => { true };
    (handshakes $other:tt $($rest:tt)*) => { fact!(handshakes $($rest)*) };
    (since) => { None };
    (since since $release:literal $($rest:tt)*) => { Some($release) };
    (since $other:tt $($rest:tt)*) => { fact!(since $($rest)*) };
}

for_each_op!(define_ops);

/// Makes the patterns of all ops that are `plain` or `getters`: what a match over the `custom` ones leaves out.
macro_rules! define_patterns {
    (
        custom { $($custom:tt)* }
        plain { $( $(#[$plain_doc:meta])* $plain_code:literal $plain:ident $plain_name:ident $a:tt $b:tt $c:tt $d:tt; )* }
        getters { $( $(#[$getter_doc:meta])* $getter_code:literal $getter:ident $getter_name:ident $e:tt $f:tt $g:tt $h:tt; )* }
    ) => {
        macro_rules! plain_ops {
            () => { $($crate::op::Op::$plain { .. })|* };
        }

        macro_rules! getters {
            () => { $($crate::op::Op::$getter { .. })|* };
        }
    };
}

for_each_op!(define_patterns);

pub(crate) use {getters, plain_ops};

/// Matches the ops that set a callback to a block of calls on sessions.
macro_rules! block_ops {
    () => {
        $crate::op::Op::CtxSetRemoveBlock { .. }
            | $crate::op::Op::CtxSetNewBlock { .. }
            | $crate::op::Op::CtxSetGetBlock { .. }
            | $crate::op::Op::CtxSetPskUseBlock { .. }
            | $crate::op::Op::CtxSetPskFindBlock { .. }
    };
}

/// Matches the ops by which the two connections of a handshake go on talking after it.
macro_rules! later_ops {
    () => {
        $crate::op::Op::NewSessionTicket { .. }
            | $crate::op::Op::KeyUpdate { .. }
            | $crate::op::Op::VerifyClient { .. }
            | $crate::op::Op::Renegotiate { .. }
            | $crate::op::Op::RenegotiateAbbreviated { .. }
    };
}

pub(crate) use {block_ops, later_ops};

impl Kind {
    /// Returns the name in text, which is that of another op where the operands tell which of both it is.
    pub const fn in_text(self) -> &'static str {
        match self.of_words() {
            Some(kind) => kind.name(),
            None if matches!(self, Kind::CtxNewDtls) => Kind::CtxNew.name(),
            None => self.name(),
        }
    }

    /// Returns the op that sets the same callback to one of the harness's own, where this one sets it to a block.
    pub const fn of_words(self) -> Option<Kind> {
        match () {
            () if matches!(self, Kind::CtxSetRemoveBlock) => Some(Kind::CtxSetRemoveCb),
            () if matches!(self, Kind::CtxSetNewBlock) => Some(Kind::CtxSetNewCb),
            () if matches!(self, Kind::CtxSetGetBlock) => Some(Kind::CtxSetGetCb),
            () if matches!(self, Kind::CtxSetPskUseBlock) => Some(Kind::CtxSetPskUseCb),
            () if matches!(self, Kind::CtxSetPskFindBlock) => Some(Kind::CtxSetPskFindCb),
            () if matches!(self, Kind::CtxSetNameBlock) => Some(Kind::CtxSetServerNameCb),
            () => None,
        }
    }

    /// Finds the op of a call whose name was read: where a block follows, that which sets a callback to one, and where a method of DTLS
    /// follows, that which makes a context for it.
    pub fn of_call(name: &str, operands: &Cursor<'_>) -> Option<Kind> {
        let named = Kind::from_name(name).filter(|kind| kind.in_text() == kind.name())?;
        if named == Kind::CtxNew && operands.has_word("DTLS_") {
            return Some(Kind::CtxNewDtls);
        }
        let with_block = Kind::ALL.iter().find(|kind| kind.of_words() == Some(named) && operands.has_block());
        Some(*with_block.unwrap_or(&named))
    }
}

impl Op {
    /// Returns the calls that run inside the callback that it sets.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that have a block; the others have none")]
    pub fn block(&self) -> Option<&[BlockCall]> {
        match self {
            Op::CtxSetRemoveBlock { block, .. } => Some(&block.calls),
            Op::CtxSetNewBlock { block, .. } => Some(&block.calls),
            Op::CtxSetGetBlock { block, .. } => Some(&block.calls),
            Op::CtxSetPskUseBlock { block, .. } | Op::CtxSetPskFindBlock { block, .. } => Some(&block.calls),
            // Its one call is on a connection.
            Op::CtxSetNameBlock { .. } => Some(&[]),
            _ => None,
        }
    }

    /// Returns the session that the block is about which it sets, where the callback is told of none.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that have such a block")]
    pub fn source(&self) -> Source {
        match self {
            Op::CtxSetGetBlock { block, .. } => block.source,
            Op::CtxSetPskUseBlock { block, .. } | Op::CtxSetPskFindBlock { block, .. } => block.source,
            _ => Source::Nothing,
        }
    }

    /// Tells whether it is about contexts, connections or time.
    #[inline]
    pub const fn is_shared(&self) -> bool {
        self.kind().is_shared()
    }

    /// Tells whether the call begins with an empty error queue: it asks `SSL_get_error`, or empties the queue itself, or drops what was in it:
    /// where a header comes behind another one (`asn1_d2i_read_bio`, crypto/asn1/a_d2i_fp.c, 3.1.4).
    pub const fn empties_queue(&self) -> bool {
        matches!(
            self,
            Op::Handshake { .. }
                | later_ops!()
                | Op::SslShutdown { .. }
                | Op::UseCertificate { .. }
                | Op::FromDerBio { .. }
        )
    }
}

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_are_unique_and_never_the_text_marker() {
        let mut seen = [false; 256];
        for kind in Kind::ALL {
            let code = kind.opcode();
            assert!(!std::mem::replace(&mut seen[usize::from(code)], true), "{code:#x} is used twice");
            assert_ne!(code, b'#');
            assert_eq!(Kind::from_opcode(code), Some(*kind));
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
            // Whether there is room for its operands.
            let any = kind.take_wire(&mut Wire::new(&[0; 64])).expect("64 bytes are enough for any");
            let into_bytes = any.to_string().starts_with('b');
            assert_eq!(any.result().is_some() || into_bytes, kind.has_result());
        }
    }
}

//! Operands that are blocks: callbacks that are programs, a few calls on what the callback is told of.

use std::fmt;

use super::super::text::{Cursor, Expected, Separated, TextError};
use super::super::wire::Wire;
use super::words::words;
use super::{BufferSlot, ContextSlot, Operand, Shrink, Time};

/// Limits the calls of a block.
pub const MAX_BLOCK: usize = 4;

words! {
    /// A session of a block.
    Inner first 2 {
        /// The one that the callback is told of.
        Session = "session",
        /// The duplicate that the block made last.
        Copy = "copy",
    }
}

/// Where a call of a block goes: a variable, or the context whose callback it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Where {
    /// The context whose callback it is.
    Own,
    /// What the variable holds when the callback runs.
    Variable(ContextSlot),
}

impl Where {
    const OWN: &'static str = "context";
}

impl Operand for Where {
    fn form() -> String {
        format!("{}, or `{}`", ContextSlot::form(), Where::OWN)
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        match self {
            Where::Own => out.push(super::WIRE_NULL),
            Where::Variable(c) => c.put_wire(out),
        }
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Where> {
        Some(Option::<ContextSlot>::take_wire(wire)?.map_or(Where::Own, Where::Variable))
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Where::Own => f.write_str(Where::OWN),
            Where::Variable(c) => c.print(f),
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Where, TextError> {
        let mut ahead = cursor.clone();
        if ahead.word() == Where::OWN {
            *cursor = ahead;
            return Ok(Where::Own);
        }
        let or_own = Expected::Variable("a context slot, c0 to c3, or context");
        ContextSlot::parse(cursor).map(Where::Variable).map_err(|_| cursor.error(or_own))
    }
}

impl Shrink for Where {
    fn shrink(&self) -> Vec<Where> {
        Vec::new()
    }
}

/// Stands where the duplicate goes: there is one place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TheCopy;

impl Operand for TheCopy {
    fn form() -> String {
        format!("`{}`", Inner::Copy.name())
    }

    fn put_wire(&self, _out: &mut Vec<u8>) {}

    fn take_wire(_wire: &mut Wire<'_>) -> Option<TheCopy> {
        Some(TheCopy)
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Inner::Copy.name())
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<TheCopy, TextError> {
        let expected = Expected::OneOf(&["copy"]);
        cursor.word_as(expected, |word| (word == Inner::Copy.name()).then_some(TheCopy))
    }
}

impl Shrink for TheCopy {
    fn shrink(&self) -> Vec<TheCopy> {
        Vec::new()
    }
}

/// Makes the calls of blocks from a list that is as the table of ops is: numbers are append-only. Other numbers on the wire are
/// folded into the first so many.
macro_rules! block_calls {
    (first $first:literal { $(
        $(#[$doc:meta])* $code:literal $call:ident $name:literal [$($dst:ident: $made:ty)?] ($($operand:ident: $type:ty),*);
    )* }) => {
        /// One call of a block.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum BlockCall {
            $( $(#[$doc])* #[allow(missing_docs, reason = "the name is C's")] $call { $($dst: $made,)? $($operand: $type),* }, )*
        }

        impl BlockCall {
            /// Lists the names in C.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Returns the name in C.
            pub const fn name(self) -> &'static str {
                match self { $(BlockCall::$call { .. } => $name),* }
            }

            /// Returns the first byte of the call on the wire.
            pub const fn code(self) -> u8 {
                match self { $(BlockCall::$call { .. } => $code),* }
            }

            /// Returns the name in C of the call with this first byte, or `return` of what stands for that.
            pub const fn name_of(code: u8) -> Option<&'static str> {
                match code { $($code => Some($name),)* BlockCall::RETURN => Some(RETURN), _ => None }
            }

            fn put_wire(&self, out: &mut Vec<u8>) {
                out.push(self.code());
                match self {
                    $(BlockCall::$call { $($dst,)? $($operand),* } => {
                        $($dst.put_wire(out);)?
                        $($operand.put_wire(out);)*
                    })*
                }
            }

            fn take_wire(wire: &mut Wire<'_>) -> Option<BlockCall> {
                let code = wire.byte()?;
                match if usize::from(code) < BlockCall::NAMES.len() { code } else { code % $first } {
                    $($code => Some(BlockCall::$call {
                        $($dst: <$made>::take_wire(wire)?,)?
                        $($operand: <$type>::take_wire(wire)?),*
                    }),)*
                    _ => None,
                }
            }

            fn parse(cursor: &mut Cursor<'_>) -> Result<BlockCall, TextError> {
                cursor.skip_space();
                let start = cursor.clone();
                let result = cursor.result()?;
                let at = cursor.clone();
                let name = cursor.word_as(Expected::OneOf(BlockCall::NAMES), |word| {
                    BlockCall::NAMES.iter().copied().find(|name| *name == word)
                })?;
                if result.is_some() && !BlockCall::makes(name) {
                    return Err(start.error(Expected::NoResult));
                }
                cursor.expect('(')?;
                let mut operands = Separated::default();
                match name {
                    $($name => {
                        $( let $dst = <$made>::parse(&mut result.unwrap_or(start))?; )?
                        $( let $operand = operands.next::<$type>(cursor)?; )*
                        operands.end(cursor)?;
                        Ok(BlockCall::$call { $($dst,)? $($operand),* })
                    })*
                    _ => Err(at.error(Expected::OneOf(BlockCall::NAMES))),
                }
            }

            /// Tells whether the result of a call goes somewhere.
            fn makes(name: &str) -> bool {
                match name { $($name => block_calls!(@has $($dst)?),)* _ => false }
            }

            fn shrink(&self) -> Vec<BlockCall> {
                let mut simpler = Vec::new();
                match self {
                    $(BlockCall::$call { $($operand,)* .. } => {
                        $(for value in Shrink::shrink($operand) {
                            let mut changed = *self;
                            if let BlockCall::$call { $operand: place, .. } = &mut changed {
                                *place = value;
                                simpler.push(changed);
                            }
                        })*
                    })*
                }
                simpler
            }
        }

        impl fmt::Display for BlockCall {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut operands = Separated::default();
                match self {
                    $(BlockCall::$call { $($dst,)? $($operand),* } => {
                        $($dst.print(f)?; f.write_str(" = ")?;)?
                        f.write_str(concat!($name, "("))?;
                        $(operands.print($operand, f)?;)*
                    })*
                }
                f.write_str(")")
            }
        }
    };
    (@has) => { false };
    (@has $dst:ident) => { true };
}

block_calls! {
    first 14 {
        /// Adds a reference, which the harness keeps.
        0x00 UpRef "SSL_SESSION_up_ref" [] (of: Inner);
        /// Gives back the reference to the session that a callback kept first, if one did.
        0x01 Free "SSL_SESSION_free" [] (of: Inner);
        /// Copies the session; the harness keeps the duplicate.
        0x02 Dup "SSL_SESSION_dup" [copy: TheCopy] (of: Inner);
        /// Sets the timeout, in seconds.
        0x03 SetTimeout "SSL_SESSION_set_timeout" [] (of: Inner, timeout: i64);
        /// Sets the time, in seconds since 1970.
        0x04 SetTime "SSL_SESSION_set_time" [] (of: Inner, time: Time);
        /// Reads the timeout.
        0x05 GetTimeout "SSL_SESSION_get_timeout" [] (of: Inner);
        /// Reads the time.
        0x06 GetTime "SSL_SESSION_get_time" [] (of: Inner);
        /// Reads the protocol version.
        0x07 GetProtocolVersion "SSL_SESSION_get_protocol_version" [] (of: Inner);
        /// Tells whether the session could be resumed.
        0x08 IsResumable "SSL_SESSION_is_resumable" [] (of: Inner);
        /// Puts the session into a cache.
        0x09 Add "SSL_CTX_add_session" [] (c: Where, of: Inner);
        /// Takes the session out of a cache.
        0x0a Remove "SSL_CTX_remove_session" [] (c: Where, of: Inner);
        /// Takes out of a cache what is expired at this time; 0 is the end of time.
        0x0b Flush "SSL_CTX_flush_sessions" [] (c: Where, time: Time);
        /// Counts the sessions that are cached.
        0x0c Number "SSL_CTX_sess_number" [] (c: Where);
        /// Writes the session in DER, which is in the variable when the call that called back has returned.
        0x0d ToDer "i2d_SSL_SESSION" [b: BufferSlot] (of: Inner);
        /// Frees a reference that is not the callback's: a hazard.
        0x0e FreeBorrowed "free_borrowed" [] (of: Inner);
        /// Keeps the pointer for `take_kept()` and takes no reference: a hazard.
        0x0f KeepBorrowed "keep_borrowed" [] (of: Inner);
        /// Puts the session into a cache, and does not ask whether another one has it: a hazard.
        0x10 AddAnyway "add_anyway" [] (c: Where, of: Inner);
        /// Puts the session into a cache and takes it out, and lets the blocks of what is called back run: a hazard.
        0x11 AddAndRemove "add_and_remove" [] (c: Where, of: Inner);
    }
}

impl BlockCall {
    /// Stands in records for what a callback returns, in the place of the first byte of a call.
    pub const RETURN: u8 = 0xff;

    /// Returns the session that it is called on.
    pub const fn of(self) -> Option<Inner> {
        match self {
            BlockCall::UpRef { of }
            | BlockCall::Free { of }
            | BlockCall::Dup { of, .. }
            | BlockCall::SetTimeout { of, .. }
            | BlockCall::SetTime { of, .. }
            | BlockCall::GetTimeout { of }
            | BlockCall::GetTime { of }
            | BlockCall::GetProtocolVersion { of }
            | BlockCall::IsResumable { of }
            | BlockCall::Add { of, .. }
            | BlockCall::Remove { of, .. }
            | BlockCall::ToDer { of, .. }
            | BlockCall::FreeBorrowed { of }
            | BlockCall::KeepBorrowed { of }
            | BlockCall::AddAnyway { of, .. }
            | BlockCall::AddAndRemove { of, .. } => Some(of),
            BlockCall::Flush { .. } | BlockCall::Number { .. } => None,
        }
    }

    /// Returns the context that it is called on.
    pub const fn context(self) -> Option<Where> {
        match self {
            BlockCall::Add { c, .. }
            | BlockCall::Remove { c, .. }
            | BlockCall::Flush { c, .. }
            | BlockCall::Number { c }
            | BlockCall::AddAnyway { c, .. }
            | BlockCall::AddAndRemove { c, .. } => Some(c),
            BlockCall::UpRef { .. }
            | BlockCall::Free { .. }
            | BlockCall::Dup { .. }
            | BlockCall::SetTimeout { .. }
            | BlockCall::SetTime { .. }
            | BlockCall::GetTimeout { .. }
            | BlockCall::GetTime { .. }
            | BlockCall::GetProtocolVersion { .. }
            | BlockCall::IsResumable { .. }
            | BlockCall::ToDer { .. }
            | BlockCall::FreeBorrowed { .. }
            | BlockCall::KeepBorrowed { .. } => None,
        }
    }

    /// Tells whether it is made only where hazards are looked for.
    pub const fn is_hazard(self) -> bool {
        match self {
            BlockCall::FreeBorrowed { .. }
            | BlockCall::KeepBorrowed { .. }
            | BlockCall::AddAnyway { .. }
            | BlockCall::AddAndRemove { .. } => true,
            BlockCall::UpRef { .. }
            | BlockCall::Free { .. }
            | BlockCall::Dup { .. }
            | BlockCall::SetTimeout { .. }
            | BlockCall::SetTime { .. }
            | BlockCall::GetTimeout { .. }
            | BlockCall::GetTime { .. }
            | BlockCall::GetProtocolVersion { .. }
            | BlockCall::IsResumable { .. }
            | BlockCall::Add { .. }
            | BlockCall::Remove { .. }
            | BlockCall::Flush { .. }
            | BlockCall::Number { .. }
            | BlockCall::ToDer { .. } => false,
        }
    }
}

/// Says why a call of a block is not made. It is found out when the callback runs, by every port alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// There is no duplicate, or nobody keeps it any more.
    NoSession = 1,
    /// No variable holds the context, but perhaps one that the call around gives back.
    NoContext = 2,
    /// Another cache has the session, or may have it.
    Cached = 3,
    /// The callback owns no reference that it could give away.
    NotItsOwn = 4,
    /// The session has no cipher suite or no key, or is of another version than such a callback gives.
    Unfit = 5,
}

impl LeftOut {
    /// Says it in words.
    pub const fn words(of: u32) -> &'static str {
        match of {
            1 => "there is no such session",
            2 => "no variable holds the context",
            4 => "the callback owns no reference",
            5 => "the session is none that such a callback gives",
            _ => "another cache has the session",
        }
    }
}

/// The calls of a block, at most [`MAX_BLOCK`].
pub(super) fn take_calls(wire: &mut Wire<'_>) -> Option<Vec<BlockCall>> {
    let count = usize::from(wire.byte()?) % (MAX_BLOCK + 1);
    (0..count).map(|_| BlockCall::take_wire(wire)).collect()
}

pub(super) fn put_calls(calls: &[BlockCall], out: &mut Vec<u8>) {
    out.push(calls.len() as u8); // at most MAX_BLOCK
    calls.iter().for_each(|call| call.put_wire(out));
}

/// Reads `call; call }`, or what stands before `return` where the callback returns something: `call; call; return`.
pub(super) fn parse_calls(cursor: &mut Cursor<'_>, returns: bool) -> Result<Vec<BlockCall>, TextError> {
    let mut calls = Vec::new();
    if !returns && cursor.accept('}') {
        return Ok(calls);
    }
    loop {
        cursor.skip_space();
        let mut ahead = cursor.clone();
        if returns && ahead.word() == RETURN {
            *cursor = ahead;
            return Ok(calls);
        }
        if returns && cursor.clone().accept('}') {
            return Err(cursor.error(Expected::OneOf(&[RETURN])));
        }
        if calls.len() == MAX_BLOCK {
            return Err(cursor.error(Expected::FewerCalls(MAX_BLOCK)));
        }
        calls.push(BlockCall::parse(cursor)?);
        if returns {
            cursor.expect(';')?;
        } else if !cursor.accept(';') {
            return cursor.expect('}').map(|()| calls);
        }
    }
}

pub(super) const RETURN: &str = "return";

/// Returns the same calls without one of them, then with one of them simpler.
pub(super) fn simpler_calls(calls: &[BlockCall]) -> Vec<Vec<BlockCall>> {
    let without = (0..calls.len()).map(|at| [&calls[..at], &calls[at + 1..]].concat());
    let simpler = calls.iter().enumerate().flat_map(|(at, call)| {
        call.shrink().into_iter().map(move |simpler| {
            let mut changed = calls.to_vec();
            changed[at] = simpler;
            changed
        })
    });
    without.chain(simpler).collect()
}

fn form(returns: &str) -> String {
    form_of_calls(returns, "on `session`, of which the callback is told")
}

/// Says how a block looks, with what it returns, and what its calls are made on.
pub(super) fn form_of_calls(returns: &str, of: &str) -> String {
    let names: Vec<String> = BlockCall::NAMES.iter().map(|name| format!("`{name}`")).collect();
    let end = if returns.is_empty() { "no more than".into() } else { format!("{returns} behind") };
    format!(
        "a block `{{ ...; ... }}`, with {end} {MAX_BLOCK} calls of {} {of}, on `copy = SSL_SESSION_dup(session)`, on variables for \
         contexts and on `context`, the callback's own",
        names.join(", ")
    )
}

/// What `remove_session_cb` does besides being recorded: these calls.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RemoveBlock {
    /// The calls.
    pub calls: Vec<BlockCall>,
}

impl Operand for RemoveBlock {
    fn form() -> String {
        form("")
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        put_calls(&self.calls, out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<RemoveBlock> {
        take_calls(wire).map(|calls| RemoveBlock { calls })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        let mut separator = " ";
        for call in &self.calls {
            write!(f, "{separator}{call}")?;
            separator = "; ";
        }
        f.write_str(" }")
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<RemoveBlock, TextError> {
        cursor.expect('{')?;
        parse_calls(cursor, false).map(|calls| RemoveBlock { calls })
    }
}

impl Shrink for RemoveBlock {
    fn shrink(&self) -> Vec<RemoveBlock> {
        simpler_calls(&self.calls).into_iter().map(|calls| RemoveBlock { calls }).collect()
    }
}

/// What `new_session_cb` does besides being recorded: these calls.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct NewBlock {
    /// The calls.
    pub calls: Vec<BlockCall>,
    /// It returns 1: the reference that it was given is kept.
    pub keeps: bool,
}

impl Operand for NewBlock {
    fn form() -> String {
        form("`return 0` or `return 1`")
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        put_calls(&self.calls, out);
        out.push(self.keeps.into());
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<NewBlock> {
        let calls = take_calls(wire)?;
        Some(NewBlock { calls, keeps: wire.byte()? % 2 == 1 })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ ")?;
        self.calls.iter().try_for_each(|call| write!(f, "{call}; "))?;
        write!(f, "{RETURN} {} }}", u8::from(self.keeps))
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<NewBlock, TextError> {
        cursor.expect('{')?;
        let calls = parse_calls(cursor, true)?;
        let keeps = cursor.integer(0, 1)? == 1;
        cursor.expect('}')?;
        Ok(NewBlock { calls, keeps })
    }
}

impl Shrink for NewBlock {
    fn shrink(&self) -> Vec<NewBlock> {
        let declines = self.keeps.then(|| NewBlock { calls: self.calls.clone(), keeps: false });
        let keeps = self.keeps;
        let calls = simpler_calls(&self.calls).into_iter().map(move |calls| NewBlock { calls, keeps });
        declines.into_iter().chain(calls).collect()
    }
}

words! {
    /// Says what a callback for server names returns after its call.
    NameReturn first 3 {
        /// The name is taken.
        Accepted = "SSL_TLSEXT_ERR_OK",
        /// The handshake goes on without it.
        Declined = "SSL_TLSEXT_ERR_NOACK",
        /// The handshake ends.
        Refused = "SSL_TLSEXT_ERR_ALERT_FATAL",
    }
}

/// Makes a callback for server names move its server to another context. The server is given its certificate again, for the one that it had
/// was of the context before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NameBlock {
    /// Names the variable of the context that it moves to; what it holds when the callback runs is meant.
    pub to: ContextSlot,
    /// What it returns.
    pub returns: NameReturn,
}

impl NameBlock {
    /// Is the call, and the connection that it is made on.
    const CALL: &'static str = "SSL_set_SSL_CTX";
    const CONNECTION: &'static str = "connection";
}

impl Operand for NameBlock {
    fn form() -> String {
        let returns: Vec<String> = NameReturn::ALL.iter().map(|returns| format!("`{}`", returns.name())).collect();
        format!(
            "a block `{{ {}({}, c1); {RETURN} ... }}`, with a variable for a context, which returns {}",
            NameBlock::CALL,
            NameBlock::CONNECTION,
            returns.join(", ")
        )
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        self.to.put_wire(out);
        self.returns.put_wire(out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<NameBlock> {
        Some(NameBlock { to: Operand::take_wire(wire)?, returns: Operand::take_wire(wire)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (call, connection) = (NameBlock::CALL, NameBlock::CONNECTION);
        write!(f, "{{ {call}({connection}, {}); {RETURN} {} }}", self.to, self.returns.name())
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<NameBlock, TextError> {
        let is = |expected: &'static str| move |word: &str| (word == expected).then_some(());
        cursor.expect('{')?;
        cursor.word_as(Expected::OneOf(&[NameBlock::CALL]), is(NameBlock::CALL))?;
        cursor.expect('(')?;
        cursor.word_as(Expected::OneOf(&[NameBlock::CONNECTION]), is(NameBlock::CONNECTION))?;
        cursor.expect(',')?;
        let to = ContextSlot::parse(cursor)?;
        cursor.expect(')')?;
        cursor.expect(';')?;
        cursor.word_as(Expected::OneOf(&[RETURN]), is(RETURN))?;
        let returns = NameReturn::parse(cursor)?;
        cursor.expect('}')?;
        Ok(NameBlock { to, returns })
    }
}

impl Shrink for NameBlock {
    fn shrink(&self) -> Vec<NameBlock> {
        self.returns.shrink().into_iter().map(|returns| NameBlock { to: self.to, returns }).collect()
    }
}

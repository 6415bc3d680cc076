//! Operands that are blocks of callbacks which give the library a session.

use std::fmt;

use super::super::text::{Cursor, Expected, TextError};
use super::super::wire::Wire;
use super::block::{RETURN, form_of_calls, parse_calls, put_calls, simpler_calls, take_calls};
use super::words::words;
use super::{BlockCall, BufferSlot, Inner, Operand, Shrink, Slot};

/// Says which session a block is about, where its callback is told of none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Source {
    /// None.
    #[default]
    Nothing,
    /// Is the first that the new callback of the same context kept, under the id that is asked for where one is.
    Kept,
    /// Is what the variable owns when the callback runs, where a handshake can go by it.
    Variable(Slot),
    /// Is a new one, of the DER that the variable holds when the call around begins, where a handshake can go by it. The harness keeps the
    /// reference.
    Bytes(BufferSlot),
    /// Is a new one, as `psk_cb_makes` gives it. The harness keeps the reference.
    Agreed,
}

/// Lists the harness's words for sources.
const KEPT: &str = "find_kept";
const AGREED: &str = "agreed_session";
const OF_BYTES: &str = "d2i_SSL_SESSION";

impl Source {
    /// Tells whether it makes a session, which the block owns.
    pub const fn makes(self) -> bool {
        match self {
            Source::Bytes(_) | Source::Agreed => true,
            Source::Nothing | Source::Kept | Source::Variable(_) => false,
        }
    }

    fn put_wire(self, out: &mut Vec<u8>) {
        match self {
            Source::Nothing => out.push(0),
            Source::Kept => out.push(1),
            Source::Variable(s) => {
                out.push(2);
                s.put_wire(out);
            }
            Source::Bytes(b) => {
                out.push(3);
                b.put_wire(out);
            }
            Source::Agreed => out.push(4),
        }
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Source> {
        Some(match wire.byte()? % 5 {
            1 => Source::Kept,
            2 => Source::Variable(Slot::take_wire(wire)?),
            3 => Source::Bytes(BufferSlot::take_wire(wire)?),
            4 => Source::Agreed,
            _ => Source::Nothing,
        })
    }

    /// Writes `session = ...; `, or nothing.
    fn print(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = Inner::Session.name();
        match self {
            Source::Nothing => Ok(()),
            Source::Kept => write!(f, "{session} = {KEPT}(); "),
            Source::Variable(s) => write!(f, "{session} = {s}; "),
            Source::Bytes(b) => write!(f, "{session} = {OF_BYTES}({b}); "),
            Source::Agreed => write!(f, "{session} = {AGREED}(); "),
        }
    }

    /// Reads `session = ...;`, if that is what follows.
    fn parse(cursor: &mut Cursor<'_>) -> Result<Source, TextError> {
        let mut ahead = cursor.clone();
        if ahead.word() != Inner::Session.name() || !ahead.accept('=') {
            return Ok(Source::Nothing);
        }
        *cursor = ahead;
        let mut ahead = cursor.clone();
        let source = match ahead.word() {
            KEPT | AGREED | OF_BYTES => {
                let word = cursor.word();
                cursor.expect('(')?;
                let source = match word {
                    KEPT => Source::Kept,
                    AGREED => Source::Agreed,
                    _ => Source::Bytes(BufferSlot::parse(cursor)?),
                };
                cursor.expect(')')?;
                source
            }
            _ => {
                let or_word =
                    Expected::Variable("a slot, s0 to s7, find_kept(), agreed_session() or d2i_SSL_SESSION()");
                Source::Variable(Slot::parse(cursor).map_err(|_| cursor.error(or_word))?)
            }
        };
        cursor.expect(';')?;
        Ok(source)
    }

    /// Returns another one that says less.
    const fn simpler(self) -> Option<Source> {
        match self {
            Source::Nothing => None,
            Source::Kept | Source::Variable(_) | Source::Bytes(_) | Source::Agreed => Some(Source::Nothing),
        }
    }
}

/// Tells whether a block owns a reference to a session when its calls are made, whatever callbacks kept before.
fn owns(source: Source, calls: &[BlockCall], which: Inner) -> bool {
    let mut owned = [u32::from(source.makes()), 0];
    for call in calls {
        match *call {
            BlockCall::UpRef { of } => owned[of as usize] += 1,
            BlockCall::Free { of } => owned[of as usize] = owned[of as usize].saturating_sub(1),
            BlockCall::Dup { .. } => owned[Inner::Copy as usize] = 1,
            BlockCall::SetTimeout { .. }
            | BlockCall::SetTime { .. }
            | BlockCall::GetTimeout { .. }
            | BlockCall::GetTime { .. }
            | BlockCall::GetProtocolVersion { .. }
            | BlockCall::IsResumable { .. }
            | BlockCall::Add { .. }
            | BlockCall::Remove { .. }
            | BlockCall::Flush { .. }
            | BlockCall::Number { .. }
            | BlockCall::ToDer { .. }
            | BlockCall::FreeBorrowed { .. }
            | BlockCall::KeepBorrowed { .. }
            | BlockCall::AddAnyway { .. }
            | BlockCall::AddAndRemove { .. } => {}
        }
    }
    owned[which as usize] > 0
}

words! {
    /// Says what a get callback leaves in `*copy`.
    #[derive(Default)]
    CopyFlag first 3 {
        /// What was there: the library has put 1 there.
        #[default]
        Untouched = "untouched",
        /// 1: the library takes a reference of its own.
        Lends = "1",
        /// 0: the library is given a reference.
        Gives = "0",
    }
}

fn put_inner(of: Option<Inner>, out: &mut Vec<u8>) {
    out.push(of.map_or(0, |of| of as u8 + 1));
}

fn take_inner(wire: &mut Wire<'_>) -> Option<Option<Inner>> {
    Some(match wire.byte()? % 3 {
        1 => Some(Inner::Session),
        2 => Some(Inner::Copy),
        _ => None,
    })
}

/// Writes what a block returns.
fn print_inner(of: Option<Inner>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{RETURN} {}", of.map_or("NULL", Inner::name))
}

/// Reads what a block returns.
fn parse_inner(cursor: &mut Cursor<'_>) -> Result<Option<Inner>, TextError> {
    if cursor.accept_null() { Ok(None) } else { Inner::parse(cursor).map(Some) }
}

fn form(returns: &str) -> String {
    let of = format!(
        "on `session`, which `session = s0`, `session = {KEPT}()`, `session = {OF_BYTES}(b0)` or `session = {AGREED}()` at its begin \
         names"
    );
    form_of_calls(returns, &of)
}

/// Makes `get_session_cb` make these calls, and says what it returns.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct GetBlock {
    /// Says which session it is about.
    pub source: Source,
    /// The calls.
    pub calls: Vec<BlockCall>,
    /// Says which session it returns; `None`: `NULL`.
    pub returns: Option<Inner>,
    /// Says what it leaves in `*copy`, where it returns a session.
    pub copy: CopyFlag,
}

impl GetBlock {
    /// Returns the session of which a reference is given away.
    pub fn gives(&self) -> Option<Inner> {
        self.returns.filter(|_| self.copy == CopyFlag::Gives)
    }

    /// Tells whether it owns what it gives away.
    pub fn is_sound(&self) -> bool {
        self.gives().is_none_or(|of| owns(self.source, &self.calls, of))
    }
}

impl Operand for GetBlock {
    fn form() -> String {
        form("`return NULL`, `return session` or `return copy`, with `, 1` or `, 0` for what is left in `*copy`,")
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        self.source.put_wire(out);
        put_calls(&self.calls, out);
        put_inner(self.returns, out);
        self.copy.put_wire(out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<GetBlock> {
        let source = Source::take_wire(wire)?;
        let calls = take_calls(wire)?;
        let returns = take_inner(wire)?;
        // Where there is no session nothing is said of it.
        let copy = CopyFlag::take_wire(wire)?;
        let copy = if returns.is_none() { CopyFlag::Untouched } else { copy };
        Some(GetBlock { source, calls, returns, copy })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ ")?;
        self.source.print(f)?;
        self.calls.iter().try_for_each(|call| write!(f, "{call}; "))?;
        print_inner(self.returns, f)?;
        if self.copy != CopyFlag::Untouched {
            write!(f, ", {}", self.copy.name())?;
        }
        f.write_str(" }")
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<GetBlock, TextError> {
        cursor.expect('{')?;
        let source = Source::parse(cursor)?;
        let calls = parse_calls(cursor, true)?;
        let returns = parse_inner(cursor)?;
        let mut copy = CopyFlag::Untouched;
        if returns.is_some() && cursor.accept(',') {
            copy = if cursor.integer(0, 1)? == 1 { CopyFlag::Lends } else { CopyFlag::Gives };
        }
        cursor.expect('}')?;
        Ok(GetBlock { source, calls, returns, copy })
    }
}

impl Shrink for GetBlock {
    fn shrink(&self) -> Vec<GetBlock> {
        let nothing = self.returns.map(|_| GetBlock { returns: None, copy: CopyFlag::Untouched, ..self.clone() });
        let copies = self.copy.shrink().into_iter().map(|copy| GetBlock { copy, ..self.clone() });
        let sources = self.source.simpler().map(|source| GetBlock { source, ..self.clone() });
        let calls = simpler_calls(&self.calls).into_iter().map(|calls| GetBlock { calls, ..self.clone() });
        nothing.into_iter().chain(copies).chain(sources).chain(calls).collect()
    }
}

/// Makes a callback for sessions that were agreed on by other means make these calls, and says what it gives.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PskBlock {
    /// Says which session it is about.
    pub source: Source,
    /// The calls.
    pub calls: Vec<BlockCall>,
    /// Says of which session it gives a reference away; `None`: it gives `NULL`.
    pub returns: Option<Inner>,
}

impl PskBlock {
    /// Tells whether it owns what it gives away.
    pub fn is_sound(&self) -> bool {
        self.returns.is_none_or(|of| owns(self.source, &self.calls, of))
    }
}

impl Operand for PskBlock {
    fn form() -> String {
        form("`return NULL`, `return session` or `return copy`")
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        self.source.put_wire(out);
        put_calls(&self.calls, out);
        put_inner(self.returns, out);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<PskBlock> {
        let source = Source::take_wire(wire)?;
        let calls = take_calls(wire)?;
        Some(PskBlock { source, calls, returns: take_inner(wire)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ ")?;
        self.source.print(f)?;
        self.calls.iter().try_for_each(|call| write!(f, "{call}; "))?;
        print_inner(self.returns, f)?;
        f.write_str(" }")
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<PskBlock, TextError> {
        cursor.expect('{')?;
        let source = Source::parse(cursor)?;
        let calls = parse_calls(cursor, true)?;
        let returns = parse_inner(cursor)?;
        cursor.expect('}')?;
        Ok(PskBlock { source, calls, returns })
    }
}

impl Shrink for PskBlock {
    fn shrink(&self) -> Vec<PskBlock> {
        let nothing = self.returns.map(|_| PskBlock { returns: None, ..self.clone() });
        let sources = self.source.simpler().map(|source| PskBlock { source, ..self.clone() });
        let calls = simpler_calls(&self.calls).into_iter().map(|calls| PskBlock { calls, ..self.clone() });
        nothing.into_iter().chain(sources).chain(calls).collect()
    }
}

//! Draws blocks: calls that run inside callbacks.

use super::Generator;
use crate::op::{
    BlockCall, ContextSlot, CopyFlag, GetBlock, Inner, MAX_BLOCK, NewBlock, PskBlock, RemoveBlock, Slot, Source,
    TheCopy, Time, Where,
};
use crate::plan::Ledger;

/// Timeouts that every ticket can say, and one that is refused.
const TIMEOUTS: &[i64] = &[0, 1, 5, 300, 304, 7_200, -1];

impl Generator {
    /// Draws what a remove callback does, with these contexts.
    pub(super) fn remove_block(&mut self, contexts: &[ContextSlot]) -> RemoveBlock {
        RemoveBlock { calls: self.block(contexts) }
    }

    /// Draws what a new callback does, with these contexts.
    pub(super) fn new_block(&mut self, contexts: &[ContextSlot]) -> NewBlock {
        NewBlock { calls: self.block(contexts), keeps: self.rng.u8(0..3) == 0 }
    }

    /// Draws what a get callback does, with these contexts, about a session of this source.
    pub(super) fn get_block(&mut self, contexts: &[ContextSlot], source: Source) -> GetBlock {
        let mut calls = self.block(contexts);
        let returns = self.returned(&calls);
        let copy = self.one_of(CopyFlag::ALL);
        let mut block = GetBlock { source, calls: Vec::new(), returns, copy };
        let away = block.gives();
        own_what_is_given(&mut calls, away);
        block.calls = calls;
        if !block.is_sound() {
            block.copy = CopyFlag::Lends;
        }
        if block.returns.is_none() {
            block.copy = CopyFlag::Untouched;
        }
        block
    }

    /// Draws what a callback does that gives a session of this source which was agreed on, with these contexts.
    pub(super) fn psk_block(&mut self, contexts: &[ContextSlot], source: Source) -> PskBlock {
        let mut calls = self.block(contexts);
        let returns = self.returned(&calls);
        let owns = PskBlock { source, calls: calls.clone(), returns }.is_sound();
        own_what_is_given(&mut calls, returns.filter(|_| !owns));
        PskBlock { source, calls, returns }
    }

    /// Draws which session a callback gives, most often one.
    fn returned(&mut self, calls: &[BlockCall]) -> Option<Inner> {
        let copied = calls.iter().any(|call| matches!(call, BlockCall::Dup { .. }));
        match self.rng.u8(0..8) {
            0 => None,
            1..=3 if copied => Some(Inner::Copy),
            _ => Some(Inner::Session),
        }
    }

    /// Draws where a session comes from that a callback gives. Most often it is in this variable or, where `bytes`, in that of bytes.
    pub(super) fn source(&mut self, s: Slot, bytes: bool) -> Source {
        match self.rng.u8(0..8) {
            0 => Source::Kept,
            1 => Source::Agreed,
            2 => Source::Nothing,
            3 | 4 if bytes => Source::Bytes(self.buffer()),
            _ => Source::Variable(s),
        }
    }

    /// Draws calls, most often few.
    fn block(&mut self, contexts: &[ContextSlot]) -> Vec<BlockCall> {
        let length = self.one_of(&[0, 1, 1, 2, 2, 3, MAX_BLOCK]);
        let mut calls = Vec::with_capacity(length);
        let mut copied = false;
        for _ in 0..length {
            let of = if copied && self.rng.bool() { Inner::Copy } else { Inner::Session };
            let call = self.block_call(of, contexts);
            copied |= matches!(call, BlockCall::Dup { .. });
            calls.push(call);
        }
        calls
    }

    fn block_call(&mut self, of: Inner, contexts: &[ContextSlot]) -> BlockCall {
        match self.rng.u8(0..24) {
            0..=2 => BlockCall::UpRef { of },
            3 | 4 => BlockCall::Free { of },
            5..=7 => BlockCall::Dup { copy: TheCopy, of },
            8 | 9 => BlockCall::SetTimeout { of, timeout: self.one_of(TIMEOUTS) },
            // It keeps sessions from being offered: no more than finds what there is to find.
            10 if self.rng.u8(0..4) == 0 || !self.talks => {
                BlockCall::SetTime { of, time: Time::Now(self.one_of(&[0, -1, 5, -300])) }
            }
            10 | 11 => BlockCall::GetTimeout { of },
            12 => BlockCall::GetTime { of },
            13 => BlockCall::GetProtocolVersion { of },
            14 => BlockCall::IsResumable { of },
            15..=17 => BlockCall::Add { c: self.block_context(contexts), of },
            18 | 19 => BlockCall::Remove { c: self.block_context(contexts), of },
            20 => {
                let time = self.one_of(&[Time::At(0), Time::Now(0), Time::Now(301)]);
                BlockCall::Flush { c: self.block_context(contexts), time }
            }
            21 | 22 => BlockCall::Number { c: self.block_context(contexts) },
            _ => BlockCall::ToDer { b: self.buffer(), of },
        }
    }

    /// Draws the callback's own context or a variable.
    fn block_context(&mut self, contexts: &[ContextSlot]) -> Where {
        if contexts.is_empty() || self.rng.u8(0..3) == 0 {
            return Where::Own;
        }
        Where::Variable(self.one_of(contexts))
    }
}

/// Makes calls of which the last sees to it that the callback owns what it gives away.
fn own_what_is_given(calls: &mut Vec<BlockCall>, away: Option<Inner>) {
    let Some(of) = away else { return };
    calls.truncate(MAX_BLOCK - 1);
    calls.push(BlockCall::UpRef { of });
}

/// Lists the contexts that variables hold.
pub(super) fn held(ledger: &Ledger) -> Vec<ContextSlot> {
    ledger.shared().contexts().collect()
}

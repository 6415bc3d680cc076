//! Calls that run inside callbacks: which of them are made, and what they do to what the ledger knows.

use super::ledger::{Ledger, Object};
use crate::op::{BlockCall, BufferSlot, Inner, LeftOut, Op, Slot, Source};

/// Answers what decides whether a call of a block is made.
pub trait Around {
    /// Tells whether there is the session, and somebody holds it until the call is over.
    fn has(&self, of: Inner) -> bool;
    /// Tells whether a variable of the program holds the context, and goes on to do so.
    fn holds_context(&self) -> bool;
    /// Tells whether a cache may have the session that is not that of the context.
    fn is_cached_elsewhere(&self, of: Inner) -> bool;
    /// Tells whether the session has a cipher suite and a key and, where that is asked, is of TLS 1.3.
    fn fits(&self, of: Inner, tls13: bool) -> bool;
    /// Tells whether the harness keeps a reference to the session, which a callback can give away.
    fn keeps(&self, of: Inner) -> bool;
}

/// Says what a callback gives the library.
#[derive(Clone, Copy, Debug)]
pub struct Giving {
    /// Is the session.
    pub of: Inner,
    /// A reference is given away, and not only lent.
    pub away: bool,
    /// The block sees to it that it owns what it gives away. Where it does not, it gives what it does not own.
    pub sound: bool,
    /// The cache of the context takes the session.
    pub caches: bool,
    /// The callback is for sessions of TLS 1.3 alone.
    pub tls13: bool,
}

/// Says why a session is not given; `None`: it is. The argument stands at the head of `plan.rs`.
pub fn not_given(giving: Giving, around: &dyn Around) -> Option<LeftOut> {
    match giving {
        Giving { of, .. } if !around.has(of) => Some(LeftOut::NoSession),
        Giving { of, tls13, .. } if !around.fits(of, tls13) => Some(LeftOut::Unfit),
        Giving { of, away: true, sound: true, .. } if !around.keeps(of) => Some(LeftOut::NotItsOwn),
        Giving { of, caches: true, .. } if around.is_cached_elsewhere(of) => Some(LeftOut::Cached),
        Giving { .. } => None,
    }
}

/// Says why a call of a block is not made; `None`: it is. The argument stands at the head of `plan.rs`.
pub fn left_out(call: BlockCall, around: &dyn Around) -> Option<LeftOut> {
    if call.of().is_some_and(|of| !around.has(of)) {
        return Some(LeftOut::NoSession);
    }
    if call.context().is_some() && !around.holds_context() {
        return Some(LeftOut::NoContext);
    }
    match call {
        BlockCall::Add { of, .. } => around.is_cached_elsewhere(of).then_some(LeftOut::Cached),
        BlockCall::UpRef { .. }
        | BlockCall::Free { .. }
        | BlockCall::Dup { .. }
        | BlockCall::SetTimeout { .. }
        | BlockCall::SetTime { .. }
        | BlockCall::GetTimeout { .. }
        | BlockCall::GetTime { .. }
        | BlockCall::GetProtocolVersion { .. }
        | BlockCall::IsResumable { .. }
        | BlockCall::Remove { .. }
        | BlockCall::Flush { .. }
        | BlockCall::Number { .. }
        | BlockCall::ToDer { .. }
        | BlockCall::FreeBorrowed { .. }
        | BlockCall::KeepBorrowed { .. }
        | BlockCall::AddAnyway { .. }
        | BlockCall::AddAndRemove { .. } => None,
    }
}

/// What the blocks that a program has set can have done whenever a callback may have run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blocks {
    /// One of them puts sessions into caches: what a callback was told of may be in any.
    pub adds: bool,
    /// One bit for each byte variable that one of them writes to.
    pub writes: u8,
    /// One bit for each session variable that one of them names: handshakes may use what it holds.
    pub names: u8,
}

/// Tells whether a block sets what a session is moved by in a list.
pub(super) fn sets_expiry(calls: &[BlockCall]) -> bool {
    calls.iter().any(|call| matches!(call, BlockCall::SetTime { .. } | BlockCall::SetTimeout { .. }))
}

impl Ledger {
    /// Books that a callback is a block from here on. What it does is done whenever it is called, so it is booked at once, for good.
    pub(super) fn set_block(&mut self, op: &Op) {
        self.shared.keeps = true;
        if let Source::Variable(s) = op.source() {
            self.shared.blocks.names |= 1 << s.index();
        }
        for call in op.block().unwrap_or_default() {
            match call {
                BlockCall::Add { .. } | BlockCall::AddAnyway { .. } | BlockCall::AddAndRemove { .. } => {
                    self.shared.blocks.adds = true;
                    self.shared.trust.note_caching();
                }
                // The age of a ticket is sent.
                BlockCall::SetTime { .. } => self.shared.trust.note_tampering(),
                BlockCall::ToDer { b, .. } => self.shared.blocks.writes |= 1 << b.index(),
                BlockCall::UpRef { .. }
                | BlockCall::Free { .. }
                | BlockCall::Dup { .. }
                | BlockCall::SetTimeout { .. }
                | BlockCall::GetTimeout { .. }
                | BlockCall::GetTime { .. }
                | BlockCall::GetProtocolVersion { .. }
                | BlockCall::IsResumable { .. }
                | BlockCall::Remove { .. }
                | BlockCall::Flush { .. }
                | BlockCall::Number { .. }
                | BlockCall::FreeBorrowed { .. }
                | BlockCall::KeepBorrowed { .. } => {}
            }
        }
        if self.shared.blocks.adds {
            self.expose_where(|object| object.cached != 0 || object.connections > 0 || object.unknown);
        }
    }

    /// Books that the callbacks of a handshake may have given what variables hold: connections and caches may have it from here on.
    pub(super) fn give_named(&mut self) {
        let names = self.shared.blocks.names;
        for slot in Slot::all().filter(|slot| names & 1 << slot.index() != 0) {
            if let Some(held) = self.slots[slot.index()] {
                self.object_mut(held.object).make_unknown();
            }
        }
    }

    /// Returns the variables whose sessions a handshake can go by, of those that own one: handshakes made them, and nothing was changed
    /// since.
    pub fn fit_sessions(&self) -> impl Iterator<Item = Slot> + use<> {
        let trusts = self.trusts();
        let fit = Slot::each().map(|slot| trusts && self.references(slot) > 0 && self.is_pristine(slot));
        Slot::all().filter(move |slot| fit[slot.index()])
    }

    /// Returns the variables whose bytes are those of sessions that a handshake can go by.
    pub fn fit_bytes(&self) -> impl Iterator<Item = BufferSlot> + use<> {
        let trusts = self.trusts();
        let fit = BufferSlot::all().fold(0u8, |fit, b| fit | u8::from(trusts && self.is_pristine_of(b)) << b.index());
        BufferSlot::all().filter(move |b| fit & 1 << b.index() != 0)
    }

    /// Tells whether everything that callbacks kept is as handshakes made it.
    pub fn trusts(&self) -> bool {
        self.shared.trust.kept_are_pristine()
    }
}

impl Object {
    /// Notes that a callback may be told of it, and its block may put it into any cache.
    pub(super) const fn expose(&mut self, blocks: Blocks) {
        if blocks.adds {
            (self.exposed, self.cached) = (true, u16::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{Plan, Quirks, Setup, Skip, Step, Unready};
    use crate::program::Program;

    /// Returns what becomes of the last call where these quirks are heeded.
    fn last(quirks: Quirks, calls: &str) -> Step {
        let program: Program = format!("#! sessdiff 1\n{calls}").parse().expect("a program");
        let mut plan = Plan::new(Setup { quirks, ..Setup::new(true) });
        plan.make(&program);
        *plan.steps.last().expect("a call")
    }

    const NONE: Quirks = Quirks::NONE;
    const CONTEXTS: &str = "c0 = pooled_context(TLS_server_method())\nc1 = pooled_context(TLS_client_method())\n";
    const ADDS: &str = "SSL_CTX_sess_set_remove_cb(c0, { SSL_CTX_add_session(c1, session) })\n";
    const SESSION: &str = "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, \"a\")\n";

    #[test]
    fn what_a_block_may_have_cached_is_put_into_no_other_cache() {
        let runs = |calls: &str| matches!(last(NONE, &format!("{CONTEXTS}{calls}")), Step::Run { .. });
        let flushed = "SSL_CTX_add_session(c0, s0)\nSSL_CTX_flush_sessions(c0, 0)\n";
        assert!(runs(&format!("{SESSION}{flushed}SSL_CTX_add_session(c1, s0)\n")), "no block");
        assert!(runs(&format!("{ADDS}{SESSION}SSL_CTX_add_session(c1, s0)\n")), "no callback is told of it");
        assert!(!runs(&format!("{ADDS}{SESSION}{flushed}SSL_CTX_add_session(c0, s0)\n")), "c1 may have it");
        assert!(!runs(&format!(
            "{SESSION}{flushed}SSL_CTX_add_session(c0, s0)\n{ADDS}SSL_SESSION_set1_id(s0, \"b\")\n"
        )));
        let told = "SSL_CTX_remove_session(c0, s0)\nSSL_SESSION_set1_id(s0, \"b\")\n";
        assert!(!runs(&format!("{ADDS}{SESSION}{told}")), "the callback is told of what is not there, too");
        assert!(runs(&format!("{SESSION}{told}")));
    }

    #[test]
    fn what_breaks_a_release_is_no_block_there() {
        let times = "SSL_CTX_sess_set_new_cb(c0, { SSL_SESSION_set_timeout(session, 5); return 0 })\n";
        let reads = "SSL_CTX_sess_set_new_cb(c0, { SSL_SESSION_get_timeout(session); return 0 })\n";
        let [by_hash, keep_owner] =
            [Quirks { flush_has_no_order: true, ..NONE }, Quirks { copies_keep_owner: true, ..NONE }];
        for (quirks, block, avoided) in [
            (by_hash, ADDS, true),
            (by_hash, "SSL_CTX_sess_set_remove_cb(c0, { })\n", false),
            (by_hash, times, false),
            (keep_owner, ADDS, false),
            (keep_owner, times, true),
            (keep_owner, reads, false),
        ] {
            let skipped = last(quirks, &format!("{CONTEXTS}{block}")) == Step::Skip(Skip::Avoided);
            assert_eq!(skipped, avoided, "{quirks:?}: {block}");
        }
    }

    #[test]
    fn a_session_whose_age_a_block_may_change_is_not_offered() {
        let offers = |block: &str| {
            let calls = format!(
                "{CONTEXTS}{block}x0 = SSL_new(c1)\nx1 = SSL_new(c0)\nhandshake(x0, x1)\ns0 = SSL_get1_session(x0)\n\
                 x2 = SSL_new(c1)\nx3 = SSL_new(c0)\nSSL_set_session(x2, s0)\nhandshake(x2, x3)\n"
            );
            last(NONE, &calls)
        };
        let set = |call: &str| offers(&format!("SSL_CTX_sess_set_new_cb(c0, {{ {call}; return 0 }})\n"));
        assert_eq!(set("SSL_SESSION_set_time(session, 5)"), Step::Skip(Skip::Unready(Unready::UnfitSession)));
        assert!(matches!(set("SSL_SESSION_set_timeout(session, 5)"), Step::Run { .. }));
    }
}

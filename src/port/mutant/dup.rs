//! What a mutant makes of a fresh duplicate.

use super::super::Returned;
use super::before::Noted;
use super::{Bug, Fault, Mutant, StoredBug};
use crate::native::Established;
use crate::op::{ExIndex, Op, Slot};

impl Mutant {
    /// Does what the bug does after `SSL_SESSION_dup`.
    pub(super) fn after_dup(&mut self, dst: Slot, src: Slot, noted: Noted, returned: Returned<'_>) {
        if let Some(refusing) = noted.number {
            self.set_quietly(src, ExIndex::Refused, refusing as usize);
        }
        if returned != Returned::Session(true) {
            return;
        }
        self.state.dup_of[dst.index()] = Some(src);
        self.state.shares[dst.index()] = match self.bug {
            Bug::DupAliasesId | Bug::Stored(StoredBug { fault: Fault::DupAliases, .. }) => true,
            Bug::DupSharesHostname => self.session(src).hostname(|name| name.is_some()),
            Bug::DupSharesAlpn => self.session(src).alpn_selected(|alpn| alpn.is_some()),
            Bug::DupSharesTicketAppdata => self.session(src).ticket_appdata(|data| data.is_some()),
            Bug::DupSharesTicket => self.session(src).ticket(|ticket| ticket.is_some()),
            _ => false,
        };
        self.spoil_dup(dst, src);
        self.after_stored_dup(dst);
        self.state.after.error_lost |= self.has(Bug::DupClearsErrors) && self.state.error_planted;
    }

    fn spoil_dup(&mut self, dst: Slot, src: Slot) {
        let hint = self.session(src).ticket_lifetime_hint();
        let change = |forget: &dyn Fn(&mut Established)| {
            let dup = self.session(dst);
            let mut contents = dup.established();
            forget(&mut contents);
            // Nothing grows, so nothing is too long.
            let established = dup.establish(&contents);
            debug_assert!(established.is_ok());
        };
        match self.bug {
            Bug::DupForgetsId => change(&|contents| contents.id.clear()),
            Bug::DupForgetsIdContext => change(&|contents| contents.id_context.clear()),
            Bug::DupForgetsTime => change(&|contents| contents.time = 0),
            Bug::DupForgetsTimeout => change(&|contents| contents.timeout = 304),
            Bug::DupForgetsVersion => change(&|contents| contents.protocol_version = 0),
            Bug::DupForgetsCipher => change(&|contents| contents.cipher = None),
            Bug::DupForgetsMasterKey => change(&|contents| contents.master_key.clear()),
            Bug::DupCutsMasterKey => change(&|contents| contents.master_key.truncate(48)),
            Bug::DupForgetsHostname => change(&|contents| contents.hostname = None),
            Bug::DupForgetsAlpn => change(&|contents| contents.alpn = None),
            Bug::DupForgetsMaxEarlyData => change(&|contents| contents.max_early_data = 0),
            Bug::DupForgetsTicketAppdata => change(&|contents| contents.ticket_appdata = None),
            Bug::TicketAppdataWaits if self.state.stale[src.index()] => {
                change(&|contents| contents.ticket_appdata = None)
            }
            Bug::DupForgetsTicket => change(&|contents| contents.ticket = None),
            Bug::DupForgetsLifetimeHint => change(&|contents| contents.ticket_lifetime_hint = 0),
            Bug::DupForgetsCompressId => change(&|contents| contents.compress_id = 0),
            Bug::DupForgetsFragmentLength => change(&|contents| contents.max_fragment_length = 0),
            Bug::DupForgetsPeer => change(&|contents| contents.peer = None),
            Bug::DupForgetsPeerChain => self.session(dst).set_peer_chain(None),
            Bug::DupCopiesPeerChain => {
                let copies =
                    self.session(dst).peer_chain().map(|chain| chain.iter().map(|one| one.to_vec().into()).collect());
                self.session(dst).set_peer_chain(copies);
            }
            Bug::DupKeepsHint => change(&|contents| contents.ticket_lifetime_hint = hint),
            Bug::DupForgetsExData => self.set_quietly(dst, ExIndex::AppData, 0),
            Bug::DupCopiesUnregistered => self.copy_quietly(dst, src, ExIndex::Unregistered),
            Bug::DupIgnoresReplacement => self.copy_quietly(dst, src, ExIndex::Replaced),
            Bug::DupIgnoresLaterHostname => self.state.stale[dst.index()] = true,
            Bug::DupOfDupIgnoresLaterHostname => {
                self.state.stale[dst.index()] = self.state.is_dup[src.index()];
                self.state.is_dup[dst.index()] = true;
            }
            Bug::DupUncachesSource => {
                let source = self.session(src).up_ref();
                self.inner.each_context(&mut |context| {
                    if context.lists(&source) {
                        context.remove_session(&source);
                    }
                });
            }
            Bug::DupTakesTwoReferences => self.also(Op::UpRef { s: dst }),
            Bug::DupTakesSourceReference => self.also(Op::UpRef { s: src }),
            Bug::DupGivesSourceReferenceAway => self.also(Op::Free { s: Some(src) }),
            _ => {}
        }
    }

    /// Copies a value of the application's.
    fn copy_quietly(&self, dst: Slot, src: Slot, index: ExIndex) {
        let value = self.session(src).ex_data(index.number());
        // Setting 0 would make room for a value where there was none.
        if value != 0 {
            self.set_quietly(dst, index, value);
        }
    }

    /// Sets a value of the application's, without a word in the error queue.
    pub(super) fn set_quietly(&self, s: Slot, index: ExIndex, value: usize) {
        let set = self.session(s).set_ex_data(index.number(), value);
        debug_assert!(set.is_ok(), "the index is not negative");
    }
}

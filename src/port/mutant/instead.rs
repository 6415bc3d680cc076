//! The calls that a mutant makes instead, and those that it does not make.

use super::super::Returned;
use super::super::handshakes::{NO_EXTENDED_MASTER_SECRET, NO_TICKET};
use super::afterwards::DTLS12;
use super::{Bug, Mutant, cut, is_clear, length};
use crate::op::{
    BlockCall, Bytes, CString, CacheMode, Closed, CopyFlag, DecryptTicket, ExIndex, GenerateId, GenerateTicket,
    GetBlock, GetCallback, Inner, NameBlock, NameReturn, NewBlock, NewCallback, NotResumableCallback, Op, Options,
    ProtocolVersion, PskBlock, PskCallback, RemoveBlock, RemoveCallback, Slot, TheCopy, TicketKeyCallback, TicketKeys,
    Time, Verify, connection_ops, context_ops, getters, session_ops,
};
use crate::plan::clock::seconds;

/// Has the value of `SSL_SESS_CACHE_UPDATE_TIME`.
pub(super) const UPDATE_TIME: u16 = 0x400;

/// Says what a mutant does instead of a call.
pub(super) enum Instead {
    /// Makes another call.
    Call(Op),
    /// Makes none, and returns this.
    Return(Returned<'static>),
}

fn call(op: Op) -> Option<Instead> {
    Some(Instead::Call(op))
}

fn number(number: i64) -> Option<Instead> {
    Some(Instead::Return(Returned::Number(number)))
}

fn nothing() -> Option<Instead> {
    Some(Instead::Return(Returned::Nothing))
}

impl Mutant {
    /// Returns what the bug does instead of a call; `None`: the call is made.
    pub(super) fn instead(&self, op: &Op) -> Option<Instead> {
        match op {
            session_ops!() => self.instead_on_session(op),
            context_ops!() => self
                .instead_on_context(op)
                .or_else(|| self.instead_of_setting(op))
                .or_else(|| self.instead_of_block(op)),
            connection_ops!() => self.instead_on_connection(op),
            getters!() => None,
        }
    }

    fn instead_on_session(&self, op: &Op) -> Option<Instead> {
        match (self.bug, op) {
            (Bug::UpRefDoesNothing, Op::UpRef { .. }) => number(1),
            (Bug::OwnIdIsLost, Op::Set1OwnId { s }) => call(Op::Set1Id { s: *s, id: Bytes::NULL }),
            (Bug::OwnIdContextIsLost, Op::Set1OwnIdContext { s }) => {
                call(Op::Set1IdContext { s: *s, context: Bytes::NULL })
            }
            (Bug::IdOneByteMore, Op::Set1Id { s, id }) if length(id) == 33 => {
                call(Op::Set1Id { s: *s, id: cut(id, 32) })
            }
            (Bug::IdIgnoresClear, Op::Set1Id { id, .. }) if is_clear(id) => number(1),
            (Bug::IdContextOneByteMore, Op::Set1IdContext { s, context }) if length(context) == 33 => {
                call(Op::Set1IdContext { s: *s, context: cut(context, 32) })
            }
            (Bug::IdContextIgnoresClear, Op::Set1IdContext { context, .. }) if is_clear(context) => number(1),
            (Bug::TimeHas32Bits, Op::SetTime { s, time }) => {
                call(Op::SetTime { s: *s, time: low_32_bits(seconds(*time, self.state.passed)) })
            }
            (Bug::TimeOfNullReturnsTime, Op::SetTime { s: None, time }) => number(seconds(*time, self.state.passed)),
            (Bug::TimeoutAcceptsNegative, Op::SetTimeout { s: Some(_), timeout: ..=-1 }) => number(1),
            (Bug::TimeoutRefusesZero, Op::SetTimeout { timeout: 0, .. }) => number(0),
            (Bug::VersionHas16Bits, Op::SetProtocolVersion { s, version }) => {
                call(Op::SetProtocolVersion { s: *s, version: ProtocolVersion(version.0 & 0xffff) })
            }
            (Bug::CipherIgnoresNull, Op::SetCipher { cipher: None, .. }) => number(1),
            (Bug::MasterKeyOneByteMore, Op::Set1MasterKey { s, key }) if length(key) == 513 => {
                call(Op::Set1MasterKey { s: *s, key: cut(key, 512) })
            }
            (Bug::MasterKeyIgnoresClear, Op::Set1MasterKey { key, .. }) if is_clear(key) => number(1),
            (Bug::HostnameSetAgainIsLost, Op::Set1Hostname { s, hostname })
                if hostname.with_nul().is_some() && self.has_hostname(*s, hostname) =>
            {
                call(Op::Set1Hostname { s: *s, hostname: CString::NULL })
            }
            (Bug::DupIgnoresLaterHostname | Bug::DupOfDupIgnoresLaterHostname, Op::Set1Hostname { s, .. })
                if self.state.stale[s.index()] =>
            {
                number(1)
            }
            (Bug::HostnameIgnoresNull, Op::Set1Hostname { hostname, .. }) if hostname.with_nul().is_none() => number(1),
            (Bug::HostnameEmptyIsNull, Op::Set1Hostname { s, hostname })
                if hostname.with_nul().is_some_and(|name| name[0] == 0) =>
            {
                call(Op::Set1Hostname { s: *s, hostname: CString::NULL })
            }
            (Bug::AlpnIgnoresEmpty, Op::Set1AlpnSelected { alpn, .. }) if is_clear(alpn) => number(1),
            (Bug::EarlyDataHas31Bits, Op::SetMaxEarlyData { s, bytes }) => {
                call(Op::SetMaxEarlyData { s: *s, bytes: bytes & 0x7fff_ffff })
            }
            (Bug::TicketAppdataIgnoresNull, Op::Set1TicketAppdata { data, .. }) if data.get().is_none() => number(1),
            (Bug::ExDataAcceptsMinusOne, Op::SetExData { index: ExIndex::Negative, .. }) => number(1),
            (Bug::ClockStandsStill, Op::AdvanceClock { .. } | Op::TurnBackClock { .. }) => nothing(),
            _ => None,
        }
    }

    /// Tells whether a session has this hostname.
    fn has_hostname(&self, s: Slot, hostname: &CString) -> bool {
        let wanted = hostname.with_nul().and_then(<[u8]>::split_last).map(|(_, name)| name);
        self.session(s).established().hostname.as_deref() == wanted
    }

    fn instead_on_context(&self, op: &Op) -> Option<Instead> {
        match (self.bug, op) {
            (Bug::ContextUpRefDoesNothing, Op::CtxUpRef { .. }) => number(1),
            (Bug::DatagramContextSpeaksTls, Op::CtxNewDtls { dst, method }) => {
                call(Op::CtxNew { dst: *dst, method: method.side() })
            }
            (Bug::DatagramMaxVersionIsRefused, Op::CtxSetMaxVersion { c, .. })
                if self.inner.context(*c).sends_datagrams() =>
            {
                number(0)
            }
            (Bug::CacheModeForgetsUpdateTime, Op::CtxSetCacheMode { c, mode }) => {
                call(Op::CtxSetCacheMode { c: *c, mode: CacheMode::of(mode.bits() & !UPDATE_TIME) })
            }
            (Bug::CacheSizeTakesNegative, Op::CtxSetCacheSize { c, size }) => {
                call(Op::CtxSetCacheSize { c: *c, size: (*size).max(0) })
            }
            (Bug::CacheSizeHas32Bits, Op::CtxSetCacheSize { c, size }) => {
                call(Op::CtxSetCacheSize { c: *c, size: i64::from(*size as u32) })
            }
            (Bug::ContextIdContextOneByteMore, Op::CtxSetIdContext { context, .. }) if length(context) == 33 => {
                number(1)
            }
            (Bug::FlushTakesLastSecond, Op::CtxFlush { c, time }) if seconds(*time, self.state.passed) != 0 => {
                call(Op::CtxFlush { c: *c, time: Time::At(seconds(*time, self.state.passed).saturating_add(1)) })
            }
            (Bug::FlushOfAllKeepsUnexpired, Op::CtxFlush { c, time }) if seconds(*time, self.state.passed) == 0 => {
                call(Op::CtxFlush { c: *c, time: Time::At(i32::MAX.into()) })
            }
            (Bug::FlushDoesNothing, Op::CtxFlush { .. }) => nothing(),
            (Bug::FlushExHas32Bits, Op::CtxFlushEx { c, time }) => {
                call(Op::CtxFlushEx { c: *c, time: low_32_bits(seconds(*time, self.state.passed)) })
            }
            (Bug::CacheFullIsNotCounted, Op::SessCacheFull { .. }) => number(0),
            (Bug::RemoveCallbackFreesNothing, Op::CtxSetRemoveCb { c, callback: RemoveCallback::Frees }) => {
                call(Op::CtxSetRemoveCb { c: *c, callback: RemoveCallback::Records })
            }
            (Bug::BlockIsNeverCalled, Op::CtxSetRemoveBlock { c, .. }) => {
                call(Op::CtxSetRemoveCb { c: *c, callback: RemoveCallback::None })
            }
            (Bug::BlockForgetsItsLastCall, Op::CtxSetRemoveBlock { c, block }) => {
                let calls = block.calls.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default();
                call(Op::CtxSetRemoveBlock { c: *c, block: RemoveBlock { calls } })
            }
            (Bug::RemoveCallbackStays, Op::CtxSetRemoveCb { callback: RemoveCallback::None, .. }) => nothing(),
            _ => None,
        }
    }

    /// Returns the block that is set instead of one that gives a session which was agreed on.
    fn other_psk_block(&self, block: &PskBlock) -> Option<PskBlock> {
        let mut other = block.clone();
        match (self.bug, block.returns) {
            (Bug::BlockForgetsItsLastCall, _) => {
                other.calls.pop()?;
            }
            (Bug::PskOfBlockIsCopied, Some(of)) => {
                other.calls.push(BlockCall::Dup { copy: TheCopy, of });
                other.returns = Some(Inner::Copy);
            }
            (Bug::PskBlockGivesNothing, Some(_)) => other.returns = None,
            _ => return None,
        }
        Some(other)
    }

    /// Does as [`Mutant::instead`] for callbacks that are blocks.
    fn instead_of_block(&self, op: &Op) -> Option<Instead> {
        match (self.bug, op) {
            (Bug::BlockForgetsItsLastCall, Op::CtxSetNewBlock { c, block: NewBlock { calls, keeps } }) => {
                let calls = calls.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default();
                call(Op::CtxSetNewBlock { c: *c, block: NewBlock { calls, keeps: *keeps } })
            }
            (Bug::BlockForgetsItsLastCall, Op::CtxSetGetBlock { c, block }) => {
                let calls = block.calls.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default();
                call(Op::CtxSetGetBlock { c: *c, block: GetBlock { calls, ..block.clone() } })
            }
            (Bug::GetBlockLendsWhatItGives, Op::CtxSetGetBlock { c, block }) if block.copy == CopyFlag::Gives => {
                call(Op::CtxSetGetBlock { c: *c, block: GetBlock { copy: CopyFlag::Lends, ..block.clone() } })
            }
            (Bug::BlockKeepsWhatItDeclines, Op::CtxSetNewBlock { c, block }) => {
                call(Op::CtxSetNewBlock { c: *c, block: NewBlock { keeps: true, ..block.clone() } })
            }
            (_, Op::CtxSetPskUseBlock { c, block }) => {
                let block = self.other_psk_block(block)?;
                call(Op::CtxSetPskUseBlock { c: *c, block })
            }
            (_, Op::CtxSetPskFindBlock { c, block }) => {
                let block = self.other_psk_block(block)?;
                call(Op::CtxSetPskFindBlock { c: *c, block })
            }
            _ => None,
        }
    }

    /// Does as [`Mutant::instead`] for what connections inherit, and for what handshakes call.
    fn instead_of_setting(&self, op: &Op) -> Option<Instead> {
        match (self.bug, op) {
            (Bug::NewCallbackIsNeverCalled, Op::CtxSetNewCb { .. } | Op::CtxSetNewBlock { .. })
            | (Bug::NewCallbackStays, Op::CtxSetNewCb { callback: NewCallback::None, .. })
            | (Bug::GetCallbackIsNeverAsked, Op::CtxSetGetCb { .. } | Op::CtxSetGetBlock { .. })
            | (Bug::NotResumableIsNotAsked, Op::CtxSetNotResumableCb { .. })
            | (Bug::AlpnIsNotSelected, Op::CtxSetAlpnSelectCb { .. })
            | (Bug::PskIsNeverUsed, Op::CtxSetPskUseCb { .. } | Op::CtxSetPskUseBlock { .. })
            | (Bug::PskIsNeverFound, Op::CtxSetPskFindCb { .. } | Op::CtxSetPskFindBlock { .. }) => nothing(),
            (Bug::NumTicketsIsIgnored, Op::CtxSetNumTickets { .. })
            | (Bug::MaxVersionIsIgnored, Op::CtxSetMaxVersion { .. })
            | (Bug::GenerateIdIsNotAsked, Op::CtxSetGenerateId { .. }) => number(1),
            // As if it had been done.
            (Bug::NoTicketIsIgnored, Op::CtxSetOptions { options: Options::NoTicket, .. })
            | (Bug::ClearOptionsClearsNothing, Op::CtxClearOptions { options: Options::NoTicket, .. }) => {
                number(NO_TICKET)
            }
            (
                Bug::NoExtendedMasterSecretIsIgnored,
                Op::CtxSetOptions { options: Options::NoExtendedMasterSecret, .. },
            ) => number(NO_EXTENDED_MASTER_SECRET),
            (Bug::ServerNameIsNotAsked, Op::CtxSetServerNameCb { .. })
            | (Bug::SuitesAreIgnored, Op::CtxSetCiphersuites { .. })
            | (Bug::MaxEarlyDataIsIgnored, Op::CtxSetMaxEarlyData { .. })
            | (Bug::TicketKeysAreIgnored, Op::CtxSetTicketKeys { keys: TicketKeys::A | TicketKeys::B, .. })
            | (Bug::TicketKeyIsNotAsked, Op::CtxSetTicketKeyCb { .. })
            | (Bug::CopiedTicketKeysAreForgotten, Op::CtxCopyTicketKeys { .. }) => number(1),
            (Bug::MovedWithinStays, Op::CtxSetNameBlock { c, block }) => {
                call(Op::CtxSetNameBlock { c: *c, block: NameBlock { to: *c, ..*block } })
            }
            (Bug::MovedWithinIsDeclined, Op::CtxSetNameBlock { c, block }) => {
                call(Op::CtxSetNameBlock { c: *c, block: NameBlock { returns: NameReturn::Declined, ..*block } })
            }
            (Bug::AlpnOfContextIsNotNamed, Op::CtxSetAlpnProtos { .. }) => number(0),
            (Bug::GenerateTicketIsNotAsked, Op::CtxSetTicketCb { c, decrypt, .. }) => {
                call(Op::CtxSetTicketCb { c: *c, generate: GenerateTicket::None, decrypt: *decrypt })
            }
            (Bug::DecryptTicketIsNotAsked, Op::CtxSetTicketCb { c, generate, .. }) => {
                call(Op::CtxSetTicketCb { c: *c, generate: *generate, decrypt: DecryptTicket::None })
            }
            (Bug::TicketOfOldKeyIsNotRenewed, Op::CtxSetTicketKeyCb { c, callback: TicketKeyCallback::Second }) => {
                call(Op::CtxSetTicketKeyCb { c: *c, callback: TicketKeyCallback::First })
            }
            (Bug::RefusedTicketIsSealed, Op::CtxSetTicketKeyCb { c, callback: TicketKeyCallback::Refuses }) => {
                call(Op::CtxSetTicketKeyCb { c: *c, callback: TicketKeyCallback::First })
            }
            (Bug::IgnoredTicketIsReplaced, Op::CtxSetTicketCb { c, generate, decrypt: DecryptTicket::Ignores }) => {
                call(Op::CtxSetTicketCb { c: *c, generate: *generate, decrypt: DecryptTicket::Replaces })
            }
            (Bug::GetCallbackDupIsShared, Op::CtxSetGetCb { c, callback: GetCallback::Dups }) => {
                call(Op::CtxSetGetCb { c: *c, callback: GetCallback::Finds })
            }
            (
                Bug::NotResumableIsIgnored,
                Op::CtxSetNotResumableCb { c, callback: NotResumableCallback::NotResumable },
            ) => call(Op::CtxSetNotResumableCb { c: *c, callback: NotResumableCallback::Resumable }),
            (Bug::GenerateIdShortIsLong, Op::CtxSetGenerateId { c, callback: GenerateId::Short }) => {
                call(Op::CtxSetGenerateId { c: *c, callback: GenerateId::Counts })
            }
            (Bug::PskSharedIsCopied, Op::CtxSetPskUseCb { c, callback: PskCallback::Shares }) => {
                call(Op::CtxSetPskUseCb { c: *c, callback: PskCallback::Makes })
            }
            (Bug::LaterIsAskedAtOnce, Op::CtxSetVerify { c, mode: Verify::Later }) => {
                call(Op::CtxSetVerify { c: *c, mode: Verify::Peer })
            }
            (Bug::VerifyIsIgnored, Op::CtxSetVerify { c, mode: Verify::Peer }) => {
                call(Op::CtxSetVerify { c: *c, mode: Verify::None })
            }
            _ => None,
        }
    }

    fn instead_on_connection(&self, op: &Op) -> Option<Instead> {
        match (self.bug, op) {
            (Bug::SetSessionIgnoresNull, Op::SetSession { s: None, .. })
            | (Bug::CertificateIsForgotten, Op::UseCertificate { .. }) => number(1),
            (Bug::DatagramsRefuseSessionOfTls, Op::SetSession { x, s: Some(s) })
                if self.inner.connection(*x).contexts()[0].sends_datagrams()
                    && self.session(*s).protocol_version() != DTLS12 =>
            {
                number(0)
            }
            (Bug::HeardIsSaid, Op::SslSetShutdown { x, mode }) if *mode == Closed::of(2) => {
                call(Op::SslSetShutdown { x: *x, mode: Closed::of(3) })
            }
            (Bug::RenegotiationIsNotMade, Op::Renegotiate { .. } | Op::RenegotiateAbbreviated { .. }) => number(1),
            (Bug::RenegotiationAlwaysResumes, Op::Renegotiate { x }) => call(Op::RenegotiateAbbreviated { x: *x }),
            (Bug::KeyUpdateIsRefused, Op::KeyUpdate { .. }) => number(0),
            (Bug::ClientIsNotVerified, Op::VerifyClient { .. }) => number(1),
            (Bug::PostHandshakeAuthIsNotAllowed, Op::SetPostHandshakeAuth { .. }) => nothing(),
            (Bug::MatchingIdIsNotFound, Op::HasMatchingId { .. })
            | (Bug::VerifyResultIsOk, Op::GetVerifyResult { .. }) => number(0),
            (Bug::AlpnIsNotNamed, Op::SslSetAlpnProtos { .. }) => number(0),
            (Bug::VerifyResultIsNotSet, Op::SetVerifyResult { .. })
            | (Bug::EarlyDataIsNotSent, Op::SendEarlyData { .. }) => nothing(),
            (Bug::ConnectionGenerateIdIsIgnored, Op::SslSetGenerateId { .. })
            | (Bug::ConnectionSuitesAreIgnored, Op::SslSetCiphersuites { .. }) => number(1),
            (Bug::TicketExtensionIsForgotten, Op::SslSetTicketExt { .. }) => number(1),
            (Bug::HostNameIsNotAsked, Op::SslSetHostName { x, .. }) => {
                call(Op::SslSetHostName { x: *x, name: CString::NULL })
            }
            (Bug::HandshakeRefusesUnresumable, Op::Handshake { client, .. })
                if self.state.refused
                    || self.connected_session(*client).is_some_and(|session| !session.is_resumable()) =>
            {
                number(0)
            }
            (Bug::ShutdownSaysNothing, Op::SslShutdown { x }) if self.inner.connection(*x).is_done() => number(0),
            _ => None,
        }
    }
}

fn low_32_bits(seconds: i64) -> Time {
    Time::At(i64::from(seconds as i32))
}

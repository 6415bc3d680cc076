//! The planted bugs, by name, each with the signatures it may be found under, the usual one first.

use super::stored::StoredBug;
use crate::field::Field;
use crate::op::Kind;
use crate::oracle::{Aspect, Call, Called, Signature, Whose};
use crate::trace::Callback;

/// Makes a call of a row's word: a [`Kind`], or `End`.
macro_rules! call {
    (End) => {
        Call::End
    };
    ($kind:ident) => {
        Call::Kind(Kind::$kind)
    };
}

/// Makes an aspect of its words: a [`Field`] and whose it is, or what is wrong with it; a callback that a handshake
/// calls, or another one; or an [`Aspect`] that is one word.
macro_rules! aspect {
    (count) => {
        Aspect::Count(Whose::Own)
    };
    (other count) => {
        Aspect::Count(Whose::Other)
    };
    (own $field:ident) => {
        Aspect::Field(Whose::Own, Field::$field)
    };
    (other $field:ident) => {
        Aspect::Field(Whose::Other, Field::$field)
    };
    (shared $field:ident) => {
        Aspect::Shared(Field::$field)
    };
    (length $field:ident) => {
        Aspect::Length(Field::$field)
    };
    (callback $called:ident) => {
        Aspect::Callback(Called::$called)
    };
    (handshake $callback:ident) => {
        Aspect::Callback(Called::Handshake(Callback::$callback))
    };
    ($aspect:ident) => {
        Aspect::$aspect
    };
}

macro_rules! bugs {
    ($($(#[$doc:meta])* $bug:ident $name:literal $($call:ident($($($aspect:ident)+),+))+;)*) => {
        /// Names one planted bug.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Bug {
            $($(#[$doc])* #[allow(missing_docs, reason = "the name says it")] $bug,)*
            /// Is about a session as bytes.
            Stored(StoredBug),
        }

        impl Bug {
            /// Lists every bug.
            pub const ALL: &'static [Bug] = &Bug::with_stored([$(Bug::$bug),*]);

            /// Returns the name, as in `--port planted:NAME`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Bug::$bug => $name,)*
                    Bug::Stored(bug) => bug.name(),
                }
            }

            /// Returns the signatures of the divergences it makes, the usual one first: some show in more than one
            /// call.
            pub fn signatures(self) -> Vec<Signature> {
                match self {
                    $(Bug::$bug => vec![$($(Signature { call: call!($call), aspect: aspect!($($aspect)+) }),+),+],)*
                    Bug::Stored(bug) => bug.signatures(),
                }
            }

            /// Returns the usual signature.
            pub fn signature(self) -> Signature {
                self.signatures()[0]
            }

            /// Tells whether a divergence of this signature is this bug.
            pub fn shows_as(self, signature: Signature) -> bool {
                self.signatures().contains(&signature)
            }

            /// Finds the bug of this name.
            pub fn from_name(name: &str) -> Option<Bug> {
                Bug::ALL.iter().copied().find(|bug| bug.name() == name)
            }
        }

        /// Counts the bugs of the table.
        const TABLE: usize = [$(Bug::$bug),*].len();

        impl Bug {
            /// Adds those that are about bytes.
            const fn with_stored(table: [Bug; TABLE]) -> [Bug; TABLE + StoredBug::ALL.len()] {
                let mut all = [Bug::Stored(StoredBug::ALL[0]); TABLE + StoredBug::ALL.len()];
                let mut at = 0;
                while at < all.len() {
                    all[at] = if at < TABLE { table[at] } else { Bug::Stored(StoredBug::ALL[at - TABLE]) };
                    at += 1;
                }
                all
            }
        }
    };
}

bugs! {
    DupForgetsId "dup-forgets-id" Dup(own Id);
    DupForgetsIdContext "dup-forgets-id-context" Dup(own IdContext);
    DupForgetsTime "dup-forgets-time" Dup(own Time);
    DupForgetsTimeout "dup-forgets-timeout" Dup(own Timeout);
    DupForgetsVersion "dup-forgets-version" Dup(own ProtocolVersion);
    DupForgetsCipher "dup-forgets-cipher" Dup(own Cipher);
    DupForgetsMasterKey "dup-forgets-master-key" Dup(own MasterKey);
    DupCutsMasterKey "dup-cuts-master-key" Dup(own MasterKey);
    DupForgetsHostname "dup-forgets-hostname" Dup(own Hostname);
    DupForgetsAlpn "dup-forgets-alpn" Dup(own Alpn);
    DupForgetsMaxEarlyData "dup-forgets-max-early-data" Dup(own MaxEarlyData);
    DupForgetsTicketAppdata "dup-forgets-ticket-appdata" Dup(own TicketAppdata);
    DupForgetsTicket "dup-forgets-ticket" Dup(own Ticket);
    DupForgetsLifetimeHint "dup-forgets-lifetime-hint" Dup(own LifetimeHint);
    DupForgetsCompressId "dup-forgets-compress-id" Dup(own CompressId);
    DupForgetsFragmentLength "dup-forgets-fragment-length" Dup(own MaxFragmentLength);
    DupForgetsPeer "dup-forgets-peer" Dup(own Peer);
    DupKeepsHint "dup-keeps-hint" Dup(own LifetimeHint);
    DupForgetsExData "dup-forgets-ex-data" Dup(own AppData);
    DupCopiesUnregistered "dup-copies-unregistered" Dup(own ExUnregistered);
    DupIgnoresReplacement "dup-ignores-replacement" Dup(own ExReplaced);
    DupIgnoresRefusal "dup-ignores-refusal" Dup(Return, ErrorQueue);
    DupIsNotResumable "dup-is-not-resumable" Dup(own Resumable) Set1Id(own Resumable);
    DupSharesHostname "dup-shares-hostname" Dup(shared Hostname);
    DupSharesAlpn "dup-shares-alpn" Dup(shared Alpn);
    DupSharesTicketAppdata "dup-shares-ticket-appdata" Dup(shared TicketAppdata);
    DupSharesTicket "dup-shares-ticket" Dup(shared Ticket);
    /// Gives one buffer two names, which no pointer shows.
    DupAliasesId "dup-aliases-id" Set1Id(other Id, Cache);
    DupTakesTwoReferences "dup-takes-two-references" Dup(count);
    DupTakesSourceReference "dup-takes-source-reference" Dup(count);
    DupGivesSourceReferenceAway "dup-gives-source-reference-away" Dup(DestroyedEarly);
    NewHasTwoReferences "new-has-two-references" New(count);
    NewHasOtherTimeout "new-has-other-timeout" New(own Timeout);
    NewHasNoTime "new-has-no-time" New(own Time);
    UpRefDoesNothing "up-ref-does-nothing" UpRef(count);
    UpRefTakesTwo "up-ref-takes-two" UpRef(count);
    UpRefReturnsCount "up-ref-returns-count" UpRef(Return);
    FreeForgetsLast "free-forgets-last" Free(DestroyedLate);
    FreeAtOneLeft "free-at-one-left" Free(DestroyedEarly);
    FreeNullFreesAnother "free-null-frees-another" Free(other count);
    FreeRunsCallbackTwice "free-runs-callback-twice" Free(callback Free);
    FreeLeaksHostname "free-leaks-hostname" End(Leak);
    FreeLeaksTicket "free-leaks-ticket" End(Leak);
    IdOneByteMore "id-one-byte-more" Set1Id(Return);
    IdWrittenOnFailure "id-written-on-failure" Set1Id(own Id);
    IdRaisesNothing "id-raises-nothing" Set1Id(ErrorQueue);
    IdIgnoresClear "id-ignores-clear" Set1Id(own Id);
    IdContextOneByteMore "id-context-one-byte-more" Set1IdContext(Return);
    IdContextIgnoresClear "id-context-ignores-clear" Set1IdContext(own IdContext);
    TimeHas32Bits "time-has-32-bits" SetTime(own Time);
    TimeReturnsOne "time-returns-one" SetTime(Return);
    TimeOfNullReturnsTime "time-of-null-returns-time" SetTime(Return);
    TimeoutAcceptsNegative "timeout-accepts-negative" SetTimeout(Return);
    TimeoutRefusesZero "timeout-refuses-zero" SetTimeout(Return);
    TimeoutLeavesError "timeout-leaves-error" SetTimeout(ErrorQueue);
    VersionHas16Bits "version-has-16-bits" SetProtocolVersion(own ProtocolVersion);
    CipherIgnoresNull "cipher-ignores-null" SetCipher(own Cipher);
    MasterKeyOneByteMore "master-key-one-byte-more" Set1MasterKey(Return);
    MasterKeyIgnoresClear "master-key-ignores-clear" Set1MasterKey(own MasterKey);
    MasterKeyReturnsRoom "master-key-returns-room" GetMasterKey(Return);
    MasterKeyLengthQueryIsZero "master-key-length-query-is-zero" GetMasterKey(Return);
    MasterKeyPadsWithZeros "master-key-pads-with-zeros" GetMasterKey(Copied);
    HostnameIgnoresNull "hostname-ignores-null" Set1Hostname(own Hostname);
    HostnameEmptyIsNull "hostname-empty-is-null" Set1Hostname(own Hostname);
    HostnameNullIsEmpty "hostname-null-is-empty" New(own Hostname);
    AlpnIgnoresEmpty "alpn-ignores-empty" Set1AlpnSelected(own Alpn);
    AlpnClearReturnsZero "alpn-clear-returns-zero" Set1AlpnSelected(Return);
    AlpnWritesNeighbour "alpn-writes-neighbour" Set1AlpnSelected(other MaxEarlyData);
    EarlyDataHas31Bits "early-data-has-31-bits" SetMaxEarlyData(own MaxEarlyData);
    TicketAppdataIgnoresNull "ticket-appdata-ignores-null" Set1TicketAppdata(own TicketAppdata);
    ExDataAcceptsMinusOne "ex-data-accepts-minus-one" SetExData(Return, ErrorQueue);
    HasTicketCountsEmpty "has-ticket-counts-empty" SampleSession(own HasTicket);
    /// Shows only with an error in the queue before the call.
    DupClearsErrors "dup-clears-errors" Dup(ErrorLost);
    HostnameChangesArgument "hostname-changes-argument" Set1Hostname(ArgumentChanged);
    AlpnNullHasLength "alpn-null-has-length" Set1AlpnSelected(length Alpn);
    MasterKeyOverruns "master-key-overruns" GetMasterKey(Overrun);
    /// Shows only where nothing reads the field between the setter and the dup.
    TicketAppdataWaits "ticket-appdata-waits" Dup(own TicketAppdata);
    ResumableIgnoresTicket "resumable-ignores-ticket" SampleSession(own Resumable) SetSession(other Resumable)
        SslFree(other Resumable) CtxRemove(own Resumable) CtxFlushEx(other Resumable);

    ClockStandsStill "clock-stands-still" New(own Time) CtxAdd(own Time) Handshake(own Time, Return);
    ContextUpRefDoesNothing "context-up-ref-does-nothing"
        CtxFree(callback ContextFreed, callback Free, callback Remove);
    ContextCachesNothing "context-caches-nothing" CtxGetCacheMode(Return) CtxSetCacheMode(Return)
        Handshake(callback New, handshake New);
    ContextTimesOutEarly "context-times-out-early" CtxGetTimeout(Return) CtxSetTimeout(Return) Get1Session(own Timeout)
        TakeKept(own Timeout) Handshake(own Timeout);
    ContextFreeKeepsSessions "context-free-keeps-sessions" CtxFree(DestroyedLate, other count);
    ContextFreeTellsNobody "context-free-tells-nobody" CtxFree(callback Remove);
    CacheModeReturnsNew "cache-mode-returns-new" CtxSetCacheMode(Return);
    CacheModeForgetsUpdateTime "cache-mode-forgets-update-time" CtxGetCacheMode(Return) CtxSetCacheMode(Return)
        CtxAdd(own Time);
    CacheSizeTakesNegative "cache-size-takes-negative" CtxSetCacheSize(Return);
    CacheSizeHas32Bits "cache-size-has-32-bits" CtxGetCacheSize(Return) CtxSetCacheSize(Return);
    CacheSizeEvictsAtOnce "cache-size-evicts-at-once"
        CtxSetCacheSize(Cache, callback Remove, callback Free, other count);
    ContextTimeoutReturnsNew "context-timeout-returns-new" CtxSetTimeout(Return);
    ContextIdContextOneByteMore "context-id-context-one-byte-more" CtxSetIdContext(Return);
    AddTakesNoReference "add-takes-no-reference" CtxAdd(count);
    AddTakesTwoReferences "add-takes-two-references" CtxAdd(count);
    AddAgainTakesReference "add-again-takes-reference" CtxAdd(count);
    AddKeepsDisplaced "add-keeps-displaced" CtxAdd(other count, DestroyedLate, count);
    AddEvictsOneLate "add-evicts-one-late" CtxAdd(Cache, callback Free, callback Remove, other count);
    AddEvictsWithoutLimit "add-evicts-without-limit" CtxAdd(Cache, callback Remove, callback Free, other count);
    AddForgetsUpdateTime "add-forgets-update-time" CtxAdd(own Time);
    AddSetsTime "add-sets-time" CtxAdd(own Time);
    AddReturnsZero "add-returns-zero" CtxAdd(Return);
    AddAgainReturnsOne "add-again-returns-one" CtxAdd(Return);
    RemoveKeepsReference "remove-keeps-reference" CtxRemove(count);
    RemoveReturnsOne "remove-returns-one" CtxRemove(Return);
    RemoveReturnsZero "remove-returns-zero" CtxRemove(Return);
    RemoveLeavesResumable "remove-leaves-resumable" CtxRemove(own Resumable);
    RemoveTellsTwice "remove-tells-twice" CtxRemove(callback Remove);
    RemoveOfNothingTellsNobody "remove-of-nothing-tells-nobody" CtxRemove(callback Remove);
    RemoveIgnoresVersion "remove-ignores-version" CtxRemove(Return, callback Remove);
    RemoveEmptiesCache "remove-empties-cache" CtxRemove(Cache, callback Remove, callback Free, other count);
    RemoveCallbackStays "remove-callback-stays" CtxRemove(callback Remove) CtxFree(callback Remove)
        CtxFlush(callback Remove) CtxAdd(callback Remove) CtxFlushEx(callback Remove)
        Handshake(callback Remove, callback Free, callback New) SslFree(callback Remove);
    FlushTakesLastSecond "flush-takes-last-second" CtxFlush(Cache, callback Remove, callback Free, other count);
    FlushOfAllKeepsOne "flush-of-all-keeps-one" CtxFlush(Cache, callback Remove, callback Free, other count);
    FlushOfAllKeepsUnexpired "flush-of-all-keeps-unexpired"
        CtxFlush(Cache, callback Remove, callback Free, other count);
    FlushKeepsReferences "flush-keeps-references" CtxFlush(other count, DestroyedLate, count);
    FlushDoesNothing "flush-does-nothing" CtxFlush(Cache, callback Remove, callback Free, other count);
    FlushExHas32Bits "flush-ex-has-32-bits" CtxFlushEx(Cache, callback Remove, callback Free, other count);
    NumberCountsOneMore "number-counts-one-more" SessNumber(Return);
    CacheFullIsNotCounted "cache-full-is-not-counted" SessCacheFull(Return);
    SslUpRefReturnsTwo "ssl-up-ref-returns-two" SslUpRef(Return);
    SslFreeKeepsSession "ssl-free-keeps-session" SslFree(other count, DestroyedLate, count);
    ClearDropsSession "clear-drops-session" SslClear(Connection, callback Free);
    ClearTakesReference "clear-takes-reference" SslClear(other count, DestroyedLate, count);
    SslDupDupsSession "ssl-dup-dups-session" SslDup(callback New);
    SslDupForgetsSession "ssl-dup-forgets-session" SslDup(Connection);
    SslDupTakesNoReference "ssl-dup-takes-no-reference" SslDup(other count, DestroyedLate, count) Get1Session(count);
    SslDupTakesTwoReferences "ssl-dup-takes-two-references" SslDup(other count, DestroyedLate, count);
    SslDupOfBegunTakesNoReference "ssl-dup-of-begun-takes-no-reference"
        SslFree(callback Remove, other count, Connection, callback Free);
    SslDupOfBegunIsAnother "ssl-dup-of-begun-is-another" SslDup(Return);
    SetSessionTakesNoReference "set-session-takes-no-reference" SetSession(count);
    SetSessionTakesTwoReferences "set-session-takes-two-references" SetSession(count);
    SetSessionAgainTakesReference "set-session-again-takes-reference" SetSession(count, other count);
    SetSessionKeepsOld "set-session-keeps-old" SetSession(other count, DestroyedLate, count);
    SetSessionIgnoresNull "set-session-ignores-null" SetSession(Connection, callback Free, callback Remove);
    SetSessionOfNullReturnsZero "set-session-of-null-returns-zero" SetSession(Return);
    GetSessionTakesReference "get-session-takes-reference" GetSession(count) Get0Session(count);
    Get1TakesNoReference "get1-takes-no-reference" Get1Session(count);
    Get1TakesTwoReferences "get1-takes-two-references" Get1Session(count);
    Get1ReturnsACopy "get1-returns-a-copy" Get1Session(callback New);
    CopySessionIdTakesNoReference "copy-session-id-takes-no-reference" CopySessionId(other count, DestroyedLate, count);
    CopySessionIdTakesTwoReferences "copy-session-id-takes-two-references"
        CopySessionId(other count, DestroyedLate, count);
    CopySessionIdKeepsOld "copy-session-id-keeps-old" CopySessionId(other count, DestroyedLate, count);
    CopySessionIdToItselfDrops "copy-session-id-to-itself-drops"
        CopySessionId(Connection, callback Remove, callback Free);
    ReusedBeforeHandshake "reused-before-handshake" SessionReused(Return);
    SslIdContextRaisesNothing "ssl-id-context-raises-nothing" SslSetIdContext(ErrorQueue);
    SetContextKeepsOld "set-context-keeps-old" CtxFree(callback ContextFreed, DestroyedLate)
        SslFree(callback ContextFreed, DestroyedLate);
    SetContextOfNullReturnsNull "set-context-of-null-returns-null" SetSslCtx(Return);
    HandshakeKeepsClientSession "handshake-keeps-client-session" Handshake(other count, DestroyedLate, count);
    HandshakeKeepsServerSession "handshake-keeps-server-session" Handshake(other count, DestroyedLate, count);
    HandshakeServerIsNeverDone "handshake-server-is-never-done" Handshake(Return);
    HandshakeEmptiesCaches "handshake-empties-caches" Handshake(Cache, callback Remove, callback Free, other count, count);
    HandshakeReplacesClientSession "handshake-replaces-client-session" Handshake(callback New);
    NewCallbackIsNeverCalled "new-callback-is-never-called" Handshake(handshake New) NewSessionTicket(handshake New);
    NewCallbackKeptIsFreed "new-callback-kept-is-freed" Handshake(other count);
    NewCallbackStays "new-callback-stays" Handshake(handshake New) NewSessionTicket(handshake New);
    GetCallbackIsNeverAsked "get-callback-is-never-asked" Handshake(handshake Get, callback New, Return);
    GetCallbackGivenTakesReference "get-callback-given-takes-reference" Handshake(other count, count);
    GetCallbackDupIsShared "get-callback-dup-is-shared" Handshake(callback New, callback Dup, callback Remove, handshake New, Return)
        Handshake(handshake ServerName, handshake AlpnSelect);
    NotResumableIsNotAsked "not-resumable-is-not-asked"
        Handshake(handshake NotResumable, handshake New, handshake GenerateId);
    NotResumableIsIgnored "not-resumable-is-ignored"
        Handshake(handshake GenerateId, callback New, handshake New, callback Free, Cache) Get1Session(own Resumable)
        Handshake(other count);
    GenerateIdIsNotAsked "generate-id-is-not-asked" Handshake(handshake GenerateId)
        NewSessionTicket(handshake GenerateId) Handshake(handshake New);
    GenerateIdShortIsLong "generate-id-short-is-long" Handshake(Cache, handshake New) Get1Session(own Id)
        Handshake(callback Remove, own Id);
    NumTicketsIsIgnored "num-tickets-is-ignored" Handshake(callback New, handshake New, callback Free) NewSessionTicket(callback Free);
    MaxVersionIsIgnored "max-version-is-ignored" Handshake(callback New) Get1Session(own ProtocolVersion)
        Handshake(callback Free, handshake New, handshake Get, Return, handshake GenerateId, handshake NotResumable);
    NoTicketIsIgnored "no-ticket-is-ignored" Handshake(callback New, callback Free, Cache, handshake New)
        Get1Session(own Id) CtxClearOptions(Return) CtxSetOptions(Return);
    ClearOptionsClearsNothing "clear-options-clears-nothing" CtxClearOptions(Return);
    NoExtendedMasterSecretIsIgnored "no-extended-master-secret-is-ignored" Handshake(Return, own Flags, callback New) CtxSetOptions(Return);
    HostNameIsNotAsked "host-name-is-not-asked" Handshake(own Hostname) SslSetHostName(Return);
    ServerNameIsNotAsked "server-name-is-not-asked" Handshake(handshake ServerName, handshake New, handshake GenerateTicket);
    MovedWithinStays "moved-within-stays" SessAcceptGood(Return) SessAccept(Return)
        Handshake(callback Free, handshake AlpnSelect, Return, own Alpn);
    MovedWithinIsDeclined "moved-within-is-declined" Handshake(own Hostname, handshake New, Return);
    KeyUpdateIsRefused "key-update-is-refused" KeyUpdate(Return);
    KeyUpdateKeepsSession "key-update-keeps-session" KeyUpdate(other count, count, DestroyedLate);
    LaterIsAskedAtOnce "later-is-asked-at-once" Handshake(own Peer, own VerifyResult, own Der, handshake New);
    PostHandshakeAuthIsNotAllowed "post-handshake-auth-is-not-allowed" VerifyClient(Return);
    ClientIsNotVerified "client-is-not-verified" VerifyClient(callback Dup, callback New, Return);
    VerifiedSessionKeepsOld "verified-session-keeps-old" VerifyClient(other count, count, DestroyedLate, callback Free);
    VerifiedSessionForgetsPeer "verified-session-forgets-peer" VerifyClient(own Peer, other Peer);
    RenegotiationReturnsZero "renegotiation-returns-zero" Renegotiate(Return) RenegotiateAbbreviated(Return);
    RenegotiationIsNotMade "renegotiation-is-not-made" Renegotiate(callback New, callback Free, handshake New, Return)
        RenegotiateAbbreviated(callback New, callback Free, Return);
    RenegotiationKeepsOld "renegotiation-keeps-old" Renegotiate(other count, count, DestroyedLate) RenegotiateAbbreviated(other count, count, DestroyedLate);
    RenegotiationAlwaysResumes "renegotiation-always-resumes" Renegotiate(callback New, other count, callback Free, handshake New, handshake GenerateId, handshake DecryptTicket);
    DatagramContextSpeaksTls "datagram-context-speaks-tls" Handshake(callback New, own ProtocolVersion, handshake New, Return, callback Free);
    DatagramMaxVersionIsRefused "datagram-max-version-is-refused" CtxSetMaxVersion(Return);
    DatagramClientNamesTls "datagram-client-names-tls" Handshake(own ProtocolVersion) Get1Session(own ProtocolVersion);
    DatagramsRefuseSessionOfTls "datagrams-refuse-session-of-tls" SetSession(Return);
    SuitesAreIgnored "suites-are-ignored" Handshake(own Cipher, Return, handshake Alert, callback New, callback Free, handshake New);
    ConnectionSuitesAreIgnored "connection-suites-are-ignored" Handshake(own Cipher, Return, handshake Alert, callback New, callback Free, handshake New);
    MaxEarlyDataIsIgnored "max-early-data-is-ignored" Handshake(own MaxEarlyData, other MaxEarlyData, Cache, Return, handshake New, callback New)
        Get1Session(own MaxEarlyData) TakeKept(own MaxEarlyData) NewSessionTicket(own MaxEarlyData);
    EarlyDataIsNotSent "early-data-is-not-sent" Handshake(Return, handshake Alert);
    TicketKeysAreIgnored "ticket-keys-are-ignored" Handshake(Return);
    CopiedTicketKeysAreForgotten "copied-ticket-keys-are-forgotten" Handshake(Return);
    AlpnIsNotSelected "alpn-is-not-selected" Handshake(handshake AlpnSelect, handshake New);
    AlpnIsNotNamed "alpn-is-not-named" Handshake(handshake AlpnSelect, own Alpn, handshake New) SslSetAlpnProtos(Return);
    AlpnOfContextIsNotNamed "alpn-of-context-is-not-named" Handshake(handshake AlpnSelect, own Alpn, handshake New)
        CtxSetAlpnProtos(Return);
    AlpnOfTicketIsOld "alpn-of-ticket-is-old" Handshake(own Alpn);
    AlpnOfClientIsNew "alpn-of-client-is-new" Handshake(own Alpn);
    AlpnListIsTaken "alpn-list-is-taken" SslSetAlpnProtos(Return) CtxSetAlpnProtos(Return);
    AlpnSelectedIsNothing "alpn-selected-is-nothing" GetAlpnSelected(Return);
    GenerateTicketIsNotAsked "generate-ticket-is-not-asked" Handshake(handshake GenerateTicket, handshake DecryptTicket, Return)
        NewSessionTicket(handshake GenerateTicket);
    DecryptTicketIsNotAsked "decrypt-ticket-is-not-asked" Handshake(handshake DecryptTicket, Return, handshake ServerName, handshake Get);
    TicketKeyIsNotAsked "ticket-key-is-not-asked" Handshake(handshake TicketKey, Return, handshake Alert) NewSessionTicket(handshake TicketKey);
    TicketOfOldKeyIsNotRenewed "ticket-of-old-key-is-not-renewed" Handshake(handshake TicketKey, handshake New, callback New, Return);
    OwnIdIsLost "own-id-is-lost" Set1OwnId(own Id);
    OwnIdContextIsLost "own-id-context-is-lost" Set1OwnIdContext(own IdContext);
    TicketExtensionIsForgotten "ticket-extension-is-forgotten" Handshake(Return, handshake New, callback New, own Ticket, handshake Alert);
    RefusedTicketIsSealed "refused-ticket-is-sealed" Handshake(own LifetimeHint, handshake New, callback New);
    IgnoredTicketIsReplaced "ignored-ticket-is-replaced" Handshake(callback New, handshake New, callback Free, other count, Return, handshake GenerateTicket);
    TicketAppdataIsNotSet "ticket-appdata-is-not-set" Handshake(own TicketAppdata) NewSessionTicket(own TicketAppdata);
    MatchingIdIsNotFound "matching-id-is-not-found" HasMatchingId(Return);
    VerifyResultIsOk "verify-result-is-ok" GetVerifyResult(Return);
    VerifyResultIsNotSet "verify-result-is-not-set" GetVerifyResult(Return) Handshake(own VerifyResult);
    SetSessionForgetsVerifyResult "set-session-forgets-verify-result" GetVerifyResult(Return);
    ConnectionGenerateIdIsIgnored "connection-generate-id-is-ignored" Handshake(handshake GenerateId, own Id)
        NewSessionTicket(handshake GenerateId) Handshake(handshake New);
    VerifyIsIgnored "verify-is-ignored" Handshake(callback New, own Peer, Cache, Return, handshake New)
        GetPeerCertChain(Return);
    CertificateIsForgotten "certificate-is-forgotten" Handshake(own Peer) TakeKept(own Peer);
    ShutdownSaysNothing "shutdown-says-nothing" SslShutdown(Return) SslFree(callback Remove, other count)
        SslClear(Connection) SetSession(callback Remove, callback Free) SslFree(Cache) SslClear(callback Free)
        SslFree(callback Free, other Resumable) SslClear(callback Remove);
    ShutdownIsOverAtOnce "shutdown-is-over-at-once" SslShutdown(Return);
    NewTicketReturnsZero "new-ticket-returns-zero" NewSessionTicket(Return);
    NewTicketKeepsSession "new-ticket-keeps-session" NewSessionTicket(other count, DestroyedLate);
    PskIsNeverUsed "psk-is-never-used" Handshake(handshake PskUse, callback New, Return) Handshake(handshake Get);
    PskIsNeverFound "psk-is-never-found" Handshake(handshake PskFind, callback New, Return);
    PskSharedIsCopied "psk-shared-is-copied" Handshake(callback New, handshake New, count, other count, callback Free)
        TakeKept(Return) SslFree(callback Free) SslClear(callback Free) Handshake(handshake ServerName);
    HeardIsSaid "heard-is-said" SslShutdown(Return) SetSession(callback Remove) SslFree(callback Remove, other Resumable) SslClear(callback Free, Connection) SetSession(own Resumable);
    BlockForgetsItsLastCall "block-forgets-its-last-call" CtxFlush(handshake Block) Handshake(handshake Block) CtxRemove(handshake Block)
        CtxAdd(handshake Block) CtxFlushEx(handshake Block) CtxFree(handshake Block) SslFree(handshake Block)
        SslClear(handshake Block) SetSession(handshake Block) NewSessionTicket(handshake Block)
        Handshake(callback New, callback Remove) CtxRemove(callback New, callback Remove) CtxFlush(callback New, callback Remove)
        CtxAdd(callback New, callback Remove) CtxFlushEx(callback New, callback Remove) CtxFree(callback New, callback Remove)
        SslFree(callback New, callback Remove, callback Free) NewSessionTicket(callback New, callback Remove, callback Free)
        Handshake(callback Free) CtxFree(callback Free);
    BlockIsNeverCalled "block-is-never-called" CtxRemove(callback Remove) CtxFlush(callback Remove) CtxAdd(callback Remove)
        CtxFlushEx(callback Remove) CtxFree(callback Remove, callback Free, callback ContextFreed) Handshake(callback Remove, callback New)
        SslFree(callback Remove) SslClear(callback Remove) SetSession(callback Remove) NewSessionTicket(callback Remove);
    BlockKeepsWhatItDeclines "block-keeps-what-it-declines" Handshake(other count, count, DestroyedLate, callback New, callback Free)
        NewSessionTicket(other count, count, callback Free) Handshake(handshake GenerateId);
    GetBlockLendsWhatItGives "get-block-lends-what-it-gives" Handshake(other count, count, DestroyedLate, callback Free, callback Remove)
        SslFree(callback Free, other count) SetSession(callback Free, other count) TakeKept(Return, count) Free(callback Free)
        CtxFree(callback Remove, callback Free, callback ContextFreed) CtxFlush(callback Remove, callback Free, other count);
    PskOfBlockIsCopied "psk-of-block-is-copied" Handshake(handshake Block, callback New, other count, callback Free);
    PskBlockGivesNothing "psk-block-gives-nothing" Handshake(handshake Block, callback New, Return, callback Free);
    RemoveCallbackFreesNothing "remove-callback-frees-nothing" CtxRemove(count) Handshake(other count)
        SslFree(callback Free, other count) SetSession(other count) CtxFlushEx(callback Free)
        CtxFree(callback ContextFreed, callback Free) Handshake(count);
    DupForgetsPeerChain "dup-forgets-peer-chain" GetPeerCertChain(Return);
    DupCopiesPeerChain "dup-copies-peer-chain" GetPeerCertChain(PeerChain);
    AlertIsAnother "alert-is-another" Handshake(handshake Alert) NewSessionTicket(handshake Alert) RenegotiateAbbreviated(handshake Alert) Renegotiate(handshake Alert);
    ReasonIsForgotten "reason-is-forgotten" Handshake(handshake Alert) NewSessionTicket(handshake Alert) RenegotiateAbbreviated(handshake Alert) Renegotiate(handshake Alert);
    AlertIsNotHeard "alert-is-not-heard" Handshake(handshake Alert) NewSessionTicket(handshake Alert) RenegotiateAbbreviated(handshake Alert) Renegotiate(handshake Alert);
    ReusedSaysNoAfterHandshake "reused-says-no-after-handshake" SessionReused(Return);
    FreeForgetsWhatWasNotClosed "free-forgets-what-was-not-closed"
        SslFree(callback Remove, other count, callback Free, Cache, other Resumable);
    FreeOfOneChangesTimeout "free-of-one-changes-timeout" Free(own Timeout);
    /// Goes by which of two sessions with keys is freed first.
    FreeOrderChangesTimeout "free-order-changes-timeout" Free(other Timeout);
    TimeoutWritesOthers "timeout-writes-others" SetTimeout(other MaxEarlyData);
    HostnameSetAgainIsLost "hostname-set-again-is-lost" Set1Hostname(own Hostname);
    FreeNullChangesTimeouts "free-null-changes-timeouts" Free(other Timeout);
    /// Shows only in what is done to a duplicate later.
    DupIgnoresLaterHostname "dup-ignores-later-hostname" Set1Hostname(own Hostname);
    DupUncachesSource "dup-uncaches-source" Dup(count, callback Remove, Cache);
    MasterKeyReadChangesTimeout "master-key-read-changes-timeout" GetMasterKey(own Timeout);
    DerWrittenChangesTimeout "der-written-changes-timeout" ToDer(own Timeout);
    DupOfDupIgnoresLaterHostname "dup-of-dup-ignores-later-hostname" Set1Hostname(own Hostname);
    ContextTimeoutIsEverybodys "context-timeout-is-everybodys" CtxGetTimeout(Return) CtxSetTimeout(Return)
        Get1Session(own Timeout) TakeKept(own Timeout) Handshake(own Timeout);
    Get1ChangesTimeout "get1-changes-timeout" Get1Session(own Timeout);
    RemoveOfNothingEmptiesCache "remove-of-nothing-empties-cache"
        CtxRemove(Cache, callback Remove, callback Free, other count);
    SslFreeOfOneForgetsSession "ssl-free-of-one-forgets-session"
        SslFree(Connection, callback Free, callback Remove, other count);
    HandshakeRefusesUnresumable "handshake-refuses-unresumable" Handshake(Return, callback New);
    HandshakeResumesInSilence "handshake-resumes-in-silence" Handshake(Return);
    ResumptionRenewsTime "resumption-renews-time" Handshake(own Time, other Time) CtxFree(callback Remove) CtxFree(callback Free);
    HandshakeForgetsHint "handshake-forgets-hint" Handshake(own LifetimeHint) Get1Session(own LifetimeHint);
}

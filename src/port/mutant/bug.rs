//! The planted bugs, by name, each with the signature it must be found under.

macro_rules! bugs {
    ($($(#[$doc:meta])* $bug:ident $name:literal $signature:literal $($also:literal)*;)*) => {
        /// One planted bug.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Bug { $($(#[$doc])* #[allow(missing_docs)] $bug),* }

        impl Bug {
            /// Whether it is about a reference that is not taken: the count shows fewer than there are.
            pub(super) const fn is_uncounting(self) -> bool {
                matches!(
                    self,
                    Bug::AddTakesNoReference
                        | Bug::SetSessionTakesNoReference
                        | Bug::SslDupTakesNoReference
                        | Bug::NewCallbackKeptIsFreed
                        | Bug::CopySessionIdTakesNoReference
                        | Bug::Get1TakesNoReference
                )
            }

            /// Every bug.
            pub const ALL: &'static [Bug] = &[$(Bug::$bug),*];

            /// As in `--port planted:NAME`.
            pub const fn name(self) -> &'static str {
                match self { $(Bug::$bug => $name),* }
            }

            /// The signature of the divergence it makes.
            pub const fn signature(self) -> &'static str {
                match self { $(Bug::$bug => $signature),* }
            }

            /// Whether a divergence of this signature is this bug: some show in more than one call.
            pub fn shows_as(self, signature: &str) -> bool {
                let also: &[&str] = match self { $(Bug::$bug => &[$($also),*]),* };
                signature == self.signature() || also.contains(&signature)
            }

            /// The bug of this name.
            pub fn from_name(name: &str) -> Option<Bug> {
                match name { $($name => Some(Bug::$bug),)* _ => None }
            }
        }
    };
}

bugs! {
    DupForgetsId "dup-forgets-id" "SSL_SESSION_dup/session_id";
    DupForgetsIdContext "dup-forgets-id-context" "SSL_SESSION_dup/sid_ctx";
    DupForgetsTime "dup-forgets-time" "SSL_SESSION_dup/time";
    DupForgetsTimeout "dup-forgets-timeout" "SSL_SESSION_dup/timeout";
    DupForgetsVersion "dup-forgets-version" "SSL_SESSION_dup/protocol_version";
    DupForgetsCipher "dup-forgets-cipher" "SSL_SESSION_dup/cipher";
    DupForgetsMasterKey "dup-forgets-master-key" "SSL_SESSION_dup/master_key";
    DupCutsMasterKey "dup-cuts-master-key" "SSL_SESSION_dup/master_key";
    DupForgetsHostname "dup-forgets-hostname" "SSL_SESSION_dup/hostname";
    DupForgetsAlpn "dup-forgets-alpn" "SSL_SESSION_dup/alpn_selected";
    DupForgetsMaxEarlyData "dup-forgets-max-early-data" "SSL_SESSION_dup/max_early_data";
    DupForgetsTicketAppdata "dup-forgets-ticket-appdata" "SSL_SESSION_dup/ticket_appdata";
    DupForgetsTicket "dup-forgets-ticket" "SSL_SESSION_dup/ticket";
    DupForgetsLifetimeHint "dup-forgets-lifetime-hint" "SSL_SESSION_dup/ticket_lifetime_hint";
    DupForgetsCompressId "dup-forgets-compress-id" "SSL_SESSION_dup/compress_id";
    DupForgetsFragmentLength "dup-forgets-fragment-length" "SSL_SESSION_dup/max_fragment_length";
    DupForgetsPeer "dup-forgets-peer" "SSL_SESSION_dup/peer";
    DupKeepsHint "dup-keeps-hint" "SSL_SESSION_dup/ticket_lifetime_hint";
    DupForgetsExData "dup-forgets-ex-data" "SSL_SESSION_dup/ex_data.app_data";
    DupCopiesUnregistered "dup-copies-unregistered" "SSL_SESSION_dup/ex_data.unregistered";
    DupIgnoresReplacement "dup-ignores-replacement" "SSL_SESSION_dup/ex_data.replaced";
    DupIgnoresRefusal "dup-ignores-refusal" "SSL_SESSION_dup/return" "SSL_SESSION_dup/error-queue";
    DupIsNotResumable "dup-is-not-resumable" "SSL_SESSION_dup/resumable" "SSL_SESSION_set1_id/resumable";
    DupSharesHostname "dup-shares-hostname" "SSL_SESSION_dup/shared.hostname";
    DupSharesAlpn "dup-shares-alpn" "SSL_SESSION_dup/shared.alpn_selected";
    DupSharesTicketAppdata "dup-shares-ticket-appdata" "SSL_SESSION_dup/shared.ticket_appdata";
    /// Two names for one buffer that no pointer shows.
    DupAliasesId "dup-aliases-id" "SSL_SESSION_set1_id/other.session_id";
    DupTakesTwoReferences "dup-takes-two-references" "SSL_SESSION_dup/count";
    DupTakesSourceReference "dup-takes-source-reference" "SSL_SESSION_dup/count";
    DupGivesSourceReferenceAway "dup-gives-source-reference-away" "SSL_SESSION_dup/destroyed-early";
    NewHasTwoReferences "new-has-two-references" "SSL_SESSION_new/count";
    NewHasOtherTimeout "new-has-other-timeout" "SSL_SESSION_new/timeout";
    NewHasNoTime "new-has-no-time" "SSL_SESSION_new/time";
    UpRefDoesNothing "up-ref-does-nothing" "SSL_SESSION_up_ref/count";
    UpRefTakesTwo "up-ref-takes-two" "SSL_SESSION_up_ref/count";
    UpRefReturnsCount "up-ref-returns-count" "SSL_SESSION_up_ref/return";
    FreeForgetsLast "free-forgets-last" "SSL_SESSION_free/destroyed-late";
    FreeAtOneLeft "free-at-one-left" "SSL_SESSION_free/destroyed-early";
    FreeNullFreesAnother "free-null-frees-another" "SSL_SESSION_free/other.count";
    FreeRunsCallbackTwice "free-runs-callback-twice" "SSL_SESSION_free/callback.free";
    FreeLeaksHostname "free-leaks-hostname" "end/leak";
    FreeLeaksTicket "free-leaks-ticket" "end/leak";
    IdOneByteMore "id-one-byte-more" "SSL_SESSION_set1_id/return";
    IdWrittenOnFailure "id-written-on-failure" "SSL_SESSION_set1_id/session_id";
    IdRaisesNothing "id-raises-nothing" "SSL_SESSION_set1_id/error-queue";
    IdIgnoresClear "id-ignores-clear" "SSL_SESSION_set1_id/session_id";
    IdContextOneByteMore "id-context-one-byte-more" "SSL_SESSION_set1_id_context/return";
    IdContextIgnoresClear "id-context-ignores-clear" "SSL_SESSION_set1_id_context/sid_ctx";
    TimeHas32Bits "time-has-32-bits" "SSL_SESSION_set_time/time";
    TimeReturnsOne "time-returns-one" "SSL_SESSION_set_time/return";
    TimeOfNullReturnsTime "time-of-null-returns-time" "SSL_SESSION_set_time/return";
    TimeoutAcceptsNegative "timeout-accepts-negative" "SSL_SESSION_set_timeout/return";
    TimeoutRefusesZero "timeout-refuses-zero" "SSL_SESSION_set_timeout/return";
    TimeoutLeavesError "timeout-leaves-error" "SSL_SESSION_set_timeout/error-queue";
    VersionHas16Bits "version-has-16-bits" "SSL_SESSION_set_protocol_version/protocol_version";
    CipherIgnoresNull "cipher-ignores-null" "SSL_SESSION_set_cipher/cipher";
    MasterKeyOneByteMore "master-key-one-byte-more" "SSL_SESSION_set1_master_key/return";
    MasterKeyIgnoresClear "master-key-ignores-clear" "SSL_SESSION_set1_master_key/master_key";
    MasterKeyReturnsRoom "master-key-returns-room" "SSL_SESSION_get_master_key/return";
    MasterKeyLengthQueryIsZero "master-key-length-query-is-zero" "SSL_SESSION_get_master_key/return";
    MasterKeyPadsWithZeros "master-key-pads-with-zeros" "SSL_SESSION_get_master_key/copied";
    HostnameIgnoresNull "hostname-ignores-null" "SSL_SESSION_set1_hostname/hostname";
    HostnameEmptyIsNull "hostname-empty-is-null" "SSL_SESSION_set1_hostname/hostname";
    HostnameNullIsEmpty "hostname-null-is-empty" "SSL_SESSION_new/hostname";
    AlpnIgnoresEmpty "alpn-ignores-empty" "SSL_SESSION_set1_alpn_selected/alpn_selected";
    AlpnClearReturnsZero "alpn-clear-returns-zero" "SSL_SESSION_set1_alpn_selected/return";
    AlpnWritesNeighbour "alpn-writes-neighbour" "SSL_SESSION_set1_alpn_selected/other.max_early_data";
    EarlyDataHas31Bits "early-data-has-31-bits" "SSL_SESSION_set_max_early_data/max_early_data";
    TicketAppdataIgnoresNull "ticket-appdata-ignores-null" "SSL_SESSION_set1_ticket_appdata/ticket_appdata";
    ExDataAcceptsMinusOne "ex-data-accepts-minus-one" "SSL_SESSION_set_ex_data/return" "SSL_SESSION_set_ex_data/error-queue";
    HasTicketCountsEmpty "has-ticket-counts-empty" "sample_session/has_ticket";
    /// Shows only with an error in the queue before the call.
    DupClearsErrors "dup-clears-errors" "SSL_SESSION_dup/error-lost";
    HostnameChangesArgument "hostname-changes-argument" "SSL_SESSION_set1_hostname/argument-changed";
    AlpnNullHasLength "alpn-null-has-length" "SSL_SESSION_set1_alpn_selected/alpn_selected.length";
    MasterKeyOverruns "master-key-overruns" "SSL_SESSION_get_master_key/overrun";
    /// Shows only where nothing reads the field between the setter and the dup.
    TicketAppdataWaits "ticket-appdata-waits" "SSL_SESSION_dup/ticket_appdata";
    ResumableIgnoresTicket "resumable-ignores-ticket" "sample_session/resumable";

    ClockStandsStill "clock-stands-still" "SSL_SESSION_new/time" "SSL_CTX_add_session/time" "handshake/time";
    ContextUpRefDoesNothing "context-up-ref-does-nothing" "SSL_CTX_free/callback.context-freed"
        "SSL_CTX_free/callback.free" "SSL_CTX_free/callback.remove";
    ContextCachesNothing "context-caches-nothing" "SSL_CTX_get_session_cache_mode/return"
        "SSL_CTX_set_session_cache_mode/return";
    ContextTimesOutEarly "context-times-out-early" "SSL_CTX_get_timeout/return" "SSL_CTX_set_timeout/return" "SSL_get1_session/timeout" "take_kept/timeout";
    ContextFreeKeepsSessions "context-free-keeps-sessions" "SSL_CTX_free/destroyed-late" "SSL_CTX_free/other.count";
    ContextFreeTellsNobody "context-free-tells-nobody" "SSL_CTX_free/callback.remove";
    CacheModeReturnsNew "cache-mode-returns-new" "SSL_CTX_set_session_cache_mode/return";
    CacheModeForgetsUpdateTime "cache-mode-forgets-update-time" "SSL_CTX_get_session_cache_mode/return"
        "SSL_CTX_set_session_cache_mode/return" "SSL_CTX_add_session/time";
    CacheSizeTakesNegative "cache-size-takes-negative" "SSL_CTX_sess_set_cache_size/return";
    CacheSizeHas32Bits "cache-size-has-32-bits" "SSL_CTX_sess_get_cache_size/return"
        "SSL_CTX_sess_set_cache_size/return";
    CacheSizeEvictsAtOnce "cache-size-evicts-at-once" "SSL_CTX_sess_set_cache_size/cache"
        "SSL_CTX_sess_set_cache_size/callback.remove" "SSL_CTX_sess_set_cache_size/callback.free" "SSL_CTX_sess_set_cache_size/other.count";
    ContextTimeoutReturnsNew "context-timeout-returns-new" "SSL_CTX_set_timeout/return";
    ContextIdContextOneByteMore "context-id-context-one-byte-more" "SSL_CTX_set_session_id_context/return";
    AddTakesNoReference "add-takes-no-reference" "SSL_CTX_add_session/count";
    AddTakesTwoReferences "add-takes-two-references" "SSL_CTX_add_session/count";
    AddAgainTakesReference "add-again-takes-reference" "SSL_CTX_add_session/count";
    AddKeepsDisplaced "add-keeps-displaced" "SSL_CTX_add_session/other.count"
        "SSL_CTX_add_session/destroyed-late" "SSL_CTX_add_session/count";
    AddEvictsOneLate "add-evicts-one-late" "SSL_CTX_add_session/cache"
        "SSL_CTX_add_session/callback.free" "SSL_CTX_add_session/callback.remove" "SSL_CTX_add_session/other.count";
    AddEvictsWithoutLimit "add-evicts-without-limit" "SSL_CTX_add_session/cache"
        "SSL_CTX_add_session/callback.remove" "SSL_CTX_add_session/callback.free" "SSL_CTX_add_session/other.count";
    AddForgetsUpdateTime "add-forgets-update-time" "SSL_CTX_add_session/time";
    AddSetsTime "add-sets-time" "SSL_CTX_add_session/time";
    AddReturnsZero "add-returns-zero" "SSL_CTX_add_session/return";
    AddAgainReturnsOne "add-again-returns-one" "SSL_CTX_add_session/return";
    RemoveKeepsReference "remove-keeps-reference" "SSL_CTX_remove_session/count";
    RemoveReturnsOne "remove-returns-one" "SSL_CTX_remove_session/return";
    RemoveReturnsZero "remove-returns-zero" "SSL_CTX_remove_session/return";
    RemoveLeavesResumable "remove-leaves-resumable" "SSL_CTX_remove_session/resumable";
    RemoveTellsTwice "remove-tells-twice" "SSL_CTX_remove_session/callback.remove";
    RemoveOfNothingTellsNobody "remove-of-nothing-tells-nobody" "SSL_CTX_remove_session/callback.remove";
    RemoveIgnoresVersion "remove-ignores-version" "SSL_CTX_remove_session/return"
        "SSL_CTX_remove_session/callback.remove";
    RemoveEmptiesCache "remove-empties-cache" "SSL_CTX_remove_session/cache"
        "SSL_CTX_remove_session/callback.remove" "SSL_CTX_remove_session/callback.free" "SSL_CTX_remove_session/other.count";
    RemoveCallbackStays "remove-callback-stays" "SSL_CTX_remove_session/callback.remove"
        "SSL_CTX_free/callback.remove" "SSL_CTX_flush_sessions/callback.remove" "SSL_CTX_add_session/callback.remove" "SSL_CTX_flush_sessions_ex/callback.remove" "handshake/callback.remove" "SSL_free/callback.remove";
    FlushTakesLastSecond "flush-takes-last-second" "SSL_CTX_flush_sessions/cache"
        "SSL_CTX_flush_sessions/callback.remove" "SSL_CTX_flush_sessions/callback.free" "SSL_CTX_flush_sessions/other.count";
    FlushOfAllKeepsOne "flush-of-all-keeps-one" "SSL_CTX_flush_sessions/cache"
        "SSL_CTX_flush_sessions/callback.remove" "SSL_CTX_flush_sessions/callback.free" "SSL_CTX_flush_sessions/other.count";
    FlushOfAllKeepsUnexpired "flush-of-all-keeps-unexpired" "SSL_CTX_flush_sessions/cache"
        "SSL_CTX_flush_sessions/callback.remove" "SSL_CTX_flush_sessions/callback.free" "SSL_CTX_flush_sessions/other.count";
    FlushKeepsReferences "flush-keeps-references" "SSL_CTX_flush_sessions/other.count"
        "SSL_CTX_flush_sessions/destroyed-late" "SSL_CTX_flush_sessions/count";
    FlushDoesNothing "flush-does-nothing" "SSL_CTX_flush_sessions/cache"
        "SSL_CTX_flush_sessions/callback.remove" "SSL_CTX_flush_sessions/callback.free" "SSL_CTX_flush_sessions/other.count";
    FlushExHas32Bits "flush-ex-has-32-bits" "SSL_CTX_flush_sessions_ex/cache"
        "SSL_CTX_flush_sessions_ex/callback.remove" "SSL_CTX_flush_sessions_ex/callback.free" "SSL_CTX_flush_sessions_ex/other.count";
    NumberCountsOneMore "number-counts-one-more" "SSL_CTX_sess_number/return";
    CacheFullIsNotCounted "cache-full-is-not-counted" "SSL_CTX_sess_cache_full/return";
    SslUpRefReturnsTwo "ssl-up-ref-returns-two" "SSL_up_ref/return";
    SslFreeKeepsSession "ssl-free-keeps-session" "SSL_free/other.count" "SSL_free/destroyed-late" "SSL_free/count";
    ClearDropsSession "clear-drops-session" "SSL_clear/connection" "SSL_clear/callback.free";
    ClearTakesReference "clear-takes-reference" "SSL_clear/other.count" "SSL_clear/destroyed-late" "SSL_clear/count";
    SslDupDupsSession "ssl-dup-dups-session" "SSL_dup/callback.new";
    SslDupForgetsSession "ssl-dup-forgets-session" "SSL_dup/connection";
    SslDupTakesNoReference "ssl-dup-takes-no-reference" "SSL_dup/other.count"
        "SSL_dup/destroyed-late" "SSL_dup/count";
    SslDupTakesTwoReferences "ssl-dup-takes-two-references" "SSL_dup/other.count"
        "SSL_dup/destroyed-late" "SSL_dup/count";
    SslDupOfBegunTakesNoReference "ssl-dup-of-begun-takes-no-reference" "SSL_free/callback.remove" "SSL_free/other.count" "SSL_free/connection" "SSL_free/callback.free";
    SslDupOfBegunIsAnother "ssl-dup-of-begun-is-another" "SSL_dup/return";
    SetSessionTakesNoReference "set-session-takes-no-reference" "SSL_set_session/count";
    SetSessionTakesTwoReferences "set-session-takes-two-references" "SSL_set_session/count";
    SetSessionAgainTakesReference "set-session-again-takes-reference" "SSL_set_session/count";
    SetSessionKeepsOld "set-session-keeps-old" "SSL_set_session/other.count"
        "SSL_set_session/destroyed-late" "SSL_set_session/count";
    SetSessionIgnoresNull "set-session-ignores-null" "SSL_set_session/connection" "SSL_set_session/callback.free" "SSL_set_session/callback.remove";
    SetSessionOfNullReturnsZero "set-session-of-null-returns-zero" "SSL_set_session/return";
    GetSessionTakesReference "get-session-takes-reference" "SSL_get_session/count" "SSL_get0_session/count";
    Get1TakesNoReference "get1-takes-no-reference" "SSL_get1_session/count";
    Get1TakesTwoReferences "get1-takes-two-references" "SSL_get1_session/count";
    Get1ReturnsACopy "get1-returns-a-copy" "SSL_get1_session/callback.new";
    CopySessionIdTakesNoReference "copy-session-id-takes-no-reference" "SSL_copy_session_id/other.count"
        "SSL_copy_session_id/destroyed-late" "SSL_copy_session_id/count";
    CopySessionIdTakesTwoReferences "copy-session-id-takes-two-references" "SSL_copy_session_id/other.count"
        "SSL_copy_session_id/destroyed-late" "SSL_copy_session_id/count";
    CopySessionIdKeepsOld "copy-session-id-keeps-old" "SSL_copy_session_id/other.count"
        "SSL_copy_session_id/destroyed-late" "SSL_copy_session_id/count";
    CopySessionIdToItselfDrops "copy-session-id-to-itself-drops" "SSL_copy_session_id/connection" "SSL_copy_session_id/callback.remove" "SSL_copy_session_id/callback.free";
    ReusedBeforeHandshake "reused-before-handshake" "SSL_session_reused/return";
    SslIdContextRaisesNothing "ssl-id-context-raises-nothing" "SSL_set_session_id_context/error-queue";
    SetContextKeepsOld "set-context-keeps-old" "SSL_CTX_free/callback.context-freed"
        "SSL_CTX_free/destroyed-late" "SSL_free/callback.context-freed" "SSL_free/destroyed-late";
    SetContextOfNullReturnsNull "set-context-of-null-returns-null" "SSL_set_SSL_CTX/return";
    HandshakeKeepsClientSession "handshake-keeps-client-session" "handshake/other.count" "handshake/destroyed-late" "handshake/count";
    HandshakeKeepsServerSession "handshake-keeps-server-session" "handshake/other.count" "handshake/destroyed-late" "handshake/count";
    HandshakeServerIsNeverDone "handshake-server-is-never-done" "handshake/return";
    HandshakeEmptiesCaches "handshake-empties-caches" "handshake/cache" "handshake/callback.remove" "handshake/callback.free" "handshake/other.count";
    HandshakeReplacesClientSession "handshake-replaces-client-session" "handshake/callback.new";
    NewCallbackIsNeverCalled "new-callback-is-never-called" "handshake/callback.new-session" "SSL_new_session_ticket/callback.new-session";
    NewCallbackKeptIsFreed "new-callback-kept-is-freed" "handshake/other.count";
    NewCallbackStays "new-callback-stays" "handshake/callback.new-session" "SSL_new_session_ticket/callback.new-session";
    GetCallbackIsNeverAsked "get-callback-is-never-asked" "handshake/callback.get-session" "handshake/callback.new";
    GetCallbackGivenTakesReference "get-callback-given-takes-reference" "handshake/other.count" "handshake/count";
    GetCallbackDupIsShared "get-callback-dup-is-shared" "handshake/callback.new" "handshake/callback.dup" "handshake/callback.new-session" "handshake/return";
    NotResumableIsNotAsked "not-resumable-is-not-asked" "handshake/callback.not-resumable" "handshake/callback.new-session";
    NotResumableIsIgnored "not-resumable-is-ignored" "handshake/callback.generate-id" "handshake/callback.new" "handshake/callback.new-session" "handshake/callback.free" "handshake/cache" "SSL_get1_session/resumable" "handshake/other.count";
    GenerateIdIsNotAsked "generate-id-is-not-asked" "handshake/callback.generate-id" "SSL_new_session_ticket/callback.generate-id" "handshake/callback.new-session";
    GenerateIdShortIsLong "generate-id-short-is-long" "handshake/cache" "handshake/callback.new-session" "SSL_get1_session/session_id" "handshake/callback.remove" "handshake/session_id";
    NumTicketsIsIgnored "num-tickets-is-ignored" "handshake/callback.new" "handshake/callback.new-session" "handshake/callback.free";
    MaxVersionIsIgnored "max-version-is-ignored" "handshake/callback.new" "SSL_get1_session/protocol_version" "handshake/callback.free" "handshake/callback.new-session" "handshake/callback.get-session" "handshake/return" "handshake/callback.generate-id" "handshake/callback.not-resumable";
    NoTicketIsIgnored "no-ticket-is-ignored" "handshake/callback.new" "handshake/callback.free" "handshake/cache" "handshake/callback.new-session" "SSL_get1_session/session_id";
    ClearOptionsClearsNothing "clear-options-clears-nothing" "SSL_CTX_clear_options/return";
    VerifyIsIgnored "verify-is-ignored" "handshake/callback.new" "handshake/peer" "handshake/cache" "handshake/return" "handshake/callback.new-session" "SSL_get_peer_cert_chain/return";
    CertificateIsForgotten "certificate-is-forgotten" "handshake/peer" "take_kept/peer";
    ShutdownSaysNothing "shutdown-says-nothing" "SSL_shutdown/return" "SSL_free/callback.remove" "SSL_free/other.count" "SSL_clear/connection" "SSL_set_session/callback.remove" "SSL_free/cache" "SSL_clear/callback.free" "SSL_free/callback.free" "SSL_free/other.resumable" "SSL_clear/callback.remove";
    ShutdownIsOverAtOnce "shutdown-is-over-at-once" "SSL_shutdown/return";
    NewTicketReturnsZero "new-ticket-returns-zero" "SSL_new_session_ticket/return";
    NewTicketKeepsSession "new-ticket-keeps-session" "SSL_new_session_ticket/other.count" "SSL_new_session_ticket/destroyed-late";
    PskIsNeverUsed "psk-is-never-used" "handshake/callback.psk-use-session" "handshake/callback.new" "handshake/return";
    PskIsNeverFound "psk-is-never-found" "handshake/callback.psk-find-session" "handshake/callback.new" "handshake/return";
    PskSharedIsCopied "psk-shared-is-copied" "handshake/callback.new" "handshake/count" "handshake/other.count" "handshake/callback.free" "take_kept/return" "SSL_free/callback.free";
    HeardIsSaid "heard-is-said" "SSL_shutdown/return" "SSL_free/callback.remove" "SSL_free/other.resumable";
    RemoveCallbackFreesNothing "remove-callback-frees-nothing" "SSL_CTX_remove_session/count"
        "handshake/other.count" "SSL_free/callback.free" "SSL_set_session/other.count" "SSL_CTX_flush_sessions_ex/callback.free" "SSL_CTX_free/callback.context-freed" "SSL_CTX_free/callback.free";
    DupForgetsPeerChain "dup-forgets-peer-chain" "SSL_get_peer_cert_chain/return";
    DupCopiesPeerChain "dup-copies-peer-chain" "SSL_get_peer_cert_chain/peer-chain";
    ReusedSaysNoAfterHandshake "reused-says-no-after-handshake" "SSL_session_reused/return";
    FreeForgetsWhatWasNotClosed "free-forgets-what-was-not-closed" "SSL_free/callback.remove" "SSL_free/other.count" "SSL_free/callback.free" "SSL_free/cache" "SSL_free/other.resumable";
}

/// What has happened in a program, for the bugs that show only then.
#[derive(Clone, Copy, Default)]
pub(super) struct Happened {
    /// `SSL_copy_session_id`
    pub copied: bool,
    /// The address of the session that the last `SSL_dup` shared.
    pub duped: usize,
    /// `SSL_dup` returned what it was given, and took no reference.
    pub same_untaken: bool,
    /// `SSL_get1_session`
    pub got: bool,
    /// A callback gives references of its own.
    pub gives: bool,
    /// A new callback keeps the reference that it is given.
    pub keeps: bool,
    /// There was such a callback when tickets or ids were made.
    pub kept: bool,
}

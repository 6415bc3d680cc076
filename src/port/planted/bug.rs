//! The planted bugs, by name, each with the signature it must be found under.

macro_rules! bugs {
    ($($(#[$doc:meta])* $bug:ident $name:literal $signature:literal;)*) => {
        /// One planted bug.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Bug { $($(#[$doc])* #[allow(missing_docs)] $bug),* }

        impl Bug {
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
    DupIgnoresRefusal "dup-ignores-refusal" "SSL_SESSION_dup/return";
    DupIsNotResumable "dup-is-not-resumable" "SSL_SESSION_dup/resumable";
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
    ExDataAcceptsMinusOne "ex-data-accepts-minus-one" "SSL_SESSION_set_ex_data/return";
    HasTicketCountsEmpty "has-ticket-counts-empty" "sample_session/has_ticket";
    /// Shows only with an error in the queue before the call.
    DupClearsErrors "dup-clears-errors" "SSL_SESSION_dup/error-lost";
    HostnameChangesArgument "hostname-changes-argument" "SSL_SESSION_set1_hostname/argument-changed";
    AlpnNullHasLength "alpn-null-has-length" "SSL_SESSION_set1_alpn_selected/alpn_selected.length";
    MasterKeyOverruns "master-key-overruns" "SSL_SESSION_get_master_key/overrun";
    /// Shows only where nothing reads the field between the setter and the dup.
    TicketAppdataWaits "ticket-appdata-waits" "SSL_SESSION_dup/ticket_appdata";
    ResumableIgnoresTicket "resumable-ignores-ticket" "sample_session/resumable";
}

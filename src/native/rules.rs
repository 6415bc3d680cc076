//! What releases do differently: one row a rule, and which rules a library follows.
//!
//! A rule says what the releases in its span do. Those before and after it do otherwise, as the rest of the native session says.

use std::fmt;
use std::sync::LazyLock;

use super::release::Release;
use super::time::TimeRule;

/// Says what a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// Is a fault that a later release does not have.
    Fix,
    /// Is neither better nor worse than what came after it.
    Change,
    /// Is what the newest release does too, against its manual.
    Limit,
}

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RuleKind::Fix => "fix",
            RuleKind::Change => "change",
            RuleKind::Limit => "limit",
        })
    }
}

/// Holds what is known of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Names it: `dup-keeps-owner`.
    pub id: &'static str,
    /// Says what it is about.
    pub kind: RuleKind,
    /// Says what the releases in its span do, in one sentence.
    pub what: &'static str,
    /// Lists the first release of each branch that has it; empty where every release has it from the beginning.
    pub since: &'static str,
    /// Lists the first release of each branch that does not have it any more.
    pub until: &'static str,
    /// Names the function where it is seen.
    pub function: &'static str,
    /// Says where it can be read: a CVE, a pull request, or a finding of ours.
    pub source: &'static str,
}

/// Defines the rules from the table below.
macro_rules! define_rules {
    ($(#[doc = $what:literal] $rule:ident $id:literal $kind:ident ($since:literal to $until:literal) $function:literal $source:literal;)*) => {
        /// Names what some releases do differently.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule { $(#[doc = $what] $rule,)* }

        impl Rule {
            /// Holds every rule.
            pub const ALL: &'static [Rule] = &[$(Rule::$rule),*];

            /// Returns what is known of it.
            pub const fn row(self) -> Row {
                match self {
                    $(Rule::$rule => Row {
                        id: $id,
                        kind: RuleKind::$kind,
                        what: $what.trim_ascii(),
                        since: $since,
                        until: $until,
                        function: $function,
                        source: $source,
                    },)*
                }
            }
        }
    };
}

/// Hands the rules to a macro, one row each: what the releases in its span do, the rule, its name, its kind, the span, the function,
/// the source.
macro_rules! for_each_rule {
    ($macro:ident) => { $macro! {
    /// A duplicate keeps the pointer to the context that has its source cached, and `SSL_SESSION_set_time` and `_set_timeout` then put the duplicate into that context's list.
    DupKeepsOwner "dup-keeps-owner" Fix ("3.0.0" to "3.0.9 3.1.1") "SSL_SESSION_dup" "https://github.com/openssl/openssl/pull/20848";
    /// A session that must not be resumed is cached after a handshake all the same, and one that the get callback returns is resumed.
    NotResumableIsCached "not-resumable-is-cached" Fix ("" to "3.0.14 3.1.6 3.2.2") "ssl_update_cache" "CVE-2024-2511";
    /// The duplicate that takes a session's place in a handshake cannot be resumed where its source could not.
    CopyIsNotResumable "copy-is-not-resumable" Fix ("" to "3.0.14 3.1.6 3.2.2") "ssl_session_dup" "CVE-2024-2511";
    /// A session that must not be resumed loses its id when a server answers with it.
    MarkedLosesId "marked-loses-id" Fix ("" to "3.0.14 3.1.6 3.2.2") "tls_construct_server_hello" "CVE-2024-2511";
    /// `SSL_clear` keeps what was read at the end of a connection, and the next handshake reads it and fails.
    ClearKeepsRecord "clear-keeps-record" Fix ("3.2.0" to "3.2.2") "SSL_clear" "https://github.com/openssl/openssl/pull/23256";
    /// A TLS 1.3 server whose connection has a session already, as after `SSL_clear`, takes it for the one that the client offers.
    OwnSessionIsOffered "own-session-is-offered" Fix ("" to "3.0.17 3.2.5 3.3.4 3.4.2 3.5.1") "ssl_get_prev_session" "https://github.com/openssl/openssl/pull/27584";
    /// A TLS 1.2 server resumes what its get callback returns, whatever id the session has.
    OtherIdIsResumed "other-id-is-resumed" Fix ("" to "3.6.3 4.0.1") "ssl_get_prev_session" "the comment in ssl/ssl_sess.c of 3.6.3";
    /// A session that is put into a full cache may be evicted itself, because it is listed first.
    NewIsEvicted "new-is-evicted" Fix ("3.0.0" to "3.0.6") "SSL_CTX_add_session" "https://github.com/openssl/openssl/issues/18690";
    /// The list of a cache is in the order in which sessions came in, and what is in it does not move.
    ListByArrival "list-by-arrival" Change ("" to "3.0.0") "SSL_CTX_add_session" "https://github.com/openssl/openssl/pull/8687";
    /// A flush goes through all of the hash, in its order.
    FlushByHash "flush-by-hash" Change ("" to "3.0.0") "SSL_CTX_flush_sessions" "https://github.com/openssl/openssl/pull/8687";
    /// `SSL_CTX_add_session` of a session that is cached already moves it to the place that its expiry gives it now.
    AddedAgainMoves "added-again-moves" Change ("3.0.0" to "3.5.6 3.6.2") "SSL_CTX_add_session" "ssl/ssl_sess.c of 3.5.5 and 3.6.2";
    /// The remove callback of what is evicted or flushed runs while the cache is locked, for the first one first.
    CallbackIsLocked "callback-is-locked" Change ("3.0.0" to "4.0.2") "SSL_CTX_flush_sessions" "ssl/ssl_sess.c of 4.0.2";
    /// `SSL_set_session` gives up the session before, before it takes a reference to the new one.
    GivesUpFirst "gives-up-first" Change ("" to "3.5.0") "SSL_set_session" "ssl/ssl_sess.c of 3.4.1 and 3.5.0";
    /// `SSL_shutdown` of a connection that has failed raises an error.
    FailedRaises "failed-raises" Change ("" to "4.0.0") "SSL_shutdown" "ssl_reset_error_state, ssl/ssl_lib.c of 4.0.3";
    /// A client uses the session itself that its callback for pre-shared keys gives, and no duplicate of it.
    AgreedIsUsed "agreed-is-used" Change ("" to "3.0.0") "tls_parse_stoc_key_share" "ssl/statem/extensions_clnt.c of 1.1.1w and 3.0.8";
    /// `SSL_SESSION_set_timeout` keeps a negative timeout.
    NegativeTimeoutIsKept "negative-timeout-is-kept" Change ("" to "3.0.0") "SSL_SESSION_set_timeout" "ssl/ssl_sess.c of 1.1.1w";
    /// Application data at index -1 is refused without a word, and the call succeeds.
    IndexIsUnchecked "index-is-unchecked" Change ("" to "3.0.0") "SSL_SESSION_set_ex_data" "crypto/ex_data.c of 1.1.1w";
    /// Storing NULL at index -1 raises no error.
    StackIsSilent "stack-is-silent" Change ("" to "3.0.6") "SSL_SESSION_set_ex_data" "OPENSSL_sk_set, crypto/stack/stack.c";
    /// A connection takes the method of the context that it was given, where `SSL_clear` or `SSL_set_session` makes it take its own again.
    MethodOfContext "method-of-context" Change ("" to "3.2.0") "SSL_set_session" "s->ctx->method, ssl/ssl_lib.c and ssl/ssl_sess.c of 3.1.4 and 3.2.1";
    /// A duplicate that fails raises `ERR_R_MALLOC_FAILURE`, for an empty ticket too.
    EmptyCopyRaises "empty-copy-raises" Change ("" to "3.2.0") "SSL_SESSION_dup" "ssl/ssl_sess.c of 3.1.4";
    /// A new session says that it limits the length of fragments to nothing, where later ones say that nobody asked. A server that resumes a session with a limit refuses a client that asks for none.
    FragmentIsDisabled "fragment-is-disabled" Change ("" to "3.0.15 3.1.7 3.2.3 3.3.2") "SSL_SESSION_new" "ssl/ssl_sess.c of 3.3.1 and 3.3.2; final_maxfragmentlen, ssl/statem/extensions.c of 3.2.1 and 3.3.2";
    /// Time and timeout are kept as they are given, and added when they are compared.
    TimesAreStored "times-are-stored" Change ("" to "3.0.0") "SSL_SESSION_set_time" "ssl/ssl_sess.c of 1.1.1w";
    /// Times are signed seconds, and a sum that does not fit counts as beyond only where the time is positive.
    SumsAreClamped "sums-are-clamped" Change ("3.0.0" to "3.0.15 3.1.7 3.2.0") "ssl_session_calculate_timeout" "ssl/ssl_sess.c of 3.0.14 and 3.0.15";
    /// Times are signed seconds, and a sum that does not fit wraps and counts as beyond.
    TimesAreSigned "times-are-signed" Change ("3.0.15 3.1.7" to "3.2.0") "SSL_SESSION_set_time" "ssl/ssl_sess.c of 3.1.4 and 3.2.0";
    /// A master key has room for 64 bytes.
    KeysHave64Bytes "keys-have-64-bytes" Change ("" to "1.1.1a") "SSL_SESSION_set1_master_key" "SSL_MAX_MASTER_KEY_LENGTH of 1.1.1";
    /// A master key has room for 256 bytes.
    KeysHave256Bytes "keys-have-256-bytes" Change ("1.1.1a" to "3.0.0") "SSL_SESSION_set1_master_key" "TLS13_MAX_RESUMPTION_PSK_LENGTH of 1.1.1w";
    /// A stored session has no group of a key exchange, and one that has is refused.
    NoGroupIsStored "no-group-is-stored" Change ("" to "3.0.0") "i2d_SSL_SESSION" "ssl/ssl_asn1.c of 1.1.1w and 3.0.8";
    /// A stored session has no raw public key of the peer, and one that has is refused.
    NoKeyIsStored "no-key-is-stored" Change ("" to "3.2.0") "i2d_SSL_SESSION" "ssl/ssl_asn1.c of 3.1.4 and 3.2.1";
    /// A length of more than one byte is refused where no byte comes after it, and so is an empty string at the end that has one. A header in a BIO is read of eight bytes, and refused where it has more (issue 22704).
    LongLengthNeedsMore "long-length-needs-more" Fix ("" to "3.0.21 3.4.6 3.5.7 3.6.3 4.0.1") "d2i_SSL_SESSION" "https://github.com/openssl/openssl/pull/30401";
    /// The new suites of GOST are unknown, and the old one has its old name.
    NoNewGostSuites "no-new-gost-suites" Change ("" to "3.0.0") "d2i_SSL_SESSION" "ssl/s3_lib.c of 1.1.1w and 3.0.8";
    /// The suites without encryption of TLS 1.3 are unknown.
    NoIntegritySuites "no-integrity-suites" Change ("" to "3.4.0") "d2i_SSL_SESSION" "ssl/s3_lib.c of 3.3.2 and 3.4.1";
    /// The suites with SM4 of TLS 1.3 are unknown.
    NoSm4Suites "no-sm4-suites" Change ("" to "4.0.0") "d2i_SSL_SESSION" "ssl/s3_lib.c of 3.6.3 and 4.0.1";
    /// A BIO that ends where a header should be raises an error.
    EmptyStreamIsHeader "empty-stream-is-header" Change ("" to "3.0.0") "d2i_SSL_SESSION_bio" "asn1_d2i_read_bio, crypto/asn1/a_d2i_fp.c of 1.1.1w and 3.0.8";
    /// A BIO that has no bytes raises an error.
    EmptyStreamRaises "empty-stream-raises" Fix ("3.0.21 3.4.6 3.5.7 3.6.3 4.0.1" to "3.0.22 3.4.7 3.5.8 3.6.4 4.0.2") "d2i_SSL_SESSION_bio" "https://github.com/openssl/openssl/issues/31807";
    /// `PEM_write_bio_SSL_SESSION` of a session that cannot be stored fails and has written a block of no bytes.
    EmptyPemIsWritten "empty-pem-is-written" Fix ("" to "1.1.1h") "PEM_write_bio_SSL_SESSION" "PEM_ASN1_write_bio, crypto/pem/pem_lib.c of 1.1.1g and 1.1.1h";
    /// The mark of UTF-8 at the beginning of PEM belongs to its first line, which then begins nothing.
    PemMarkIsText "pem-mark-is-text" Change ("" to "3.0.0") "PEM_read_bio_SSL_SESSION" "sanitize_line, crypto/pem/pem_lib.c of 1.1.1w and 3.0.8";
    /// A client of TLS 1.3 does not offer the ticket of a session whose time is still to come: its age is below 0, and counts as a great one.
    FutureIsOld "future-is-old" Change ("" to "3.2.0") "tls_construct_ctos_psk" "ssl/statem/extensions_clnt.c of 3.1.4 and 3.2.1";
    /// Nothing keeps the digest of the handshake out of the master secret of TLS 1.2: there is no `SSL_OP_NO_EXTENDED_MASTER_SECRET`.
    AlwaysExtends "always-extends" Change ("" to "3.0.0") "SSL_CTX_set_options" "tls_construct_ctos_ems, ssl/statem/extensions_clnt.c of 1.1.1w and 3.0.8";
    /// A client takes whatever protocol the server selects, also one that it did not name.
    AnyProtocolIsTaken "any-protocol-is-taken" Fix ("" to "3.0.15 3.1.7 3.2.3 3.3.2") "tls_parse_stoc_alpn" "https://github.com/openssl/openssl/pull/24716";
    /// A server of TLS 1.3 whose callback ends the handshake does not free the session that was in the ticket.
    AbortedTicketLeaks "aborted-ticket-leaks" Fix ("" to "3.0.21 3.4.6 3.5.7 3.6.3 4.0.1") "tls_parse_ctos_psk" "https://github.com/openssl/openssl/pull/30464";
    /// A server of TLS 1.3 does not free what its callback found, where that cannot be duplicated.
    RefusedCopyLeaks "refused-copy-leaks" Fix ("3.0.0" to "3.0.16 3.1.8 3.2.4 3.3.3 3.4.0") "tls_parse_ctos_psk" "https://github.com/openssl/openssl/pull/25643; seen to 3.3.2, and not in 3.0.20 and 3.4.1; those between were not run";
    /// A server whose session cannot be duplicated for a ticket gives up without an error that says why.
    RefusedCopyIsUnsaid "refused-copy-is-unsaid" Fix ("" to "3.0.22 3.4.7 3.5.8 3.6.4 4.0.2") "tls_construct_new_session_ticket" "https://github.com/openssl/openssl/pull/32183; seen to 4.0.1, and not in 3.5.8 and 4.0.3; those between were not run";
    /// A side whose session cannot be duplicated says that there was no memory.
    RefusedCopyIsMemory "refused-copy-is-memory" Change ("" to "3.2.0") "tls_process_new_session_ticket" "ERR_R_MALLOC_FAILURE, ssl/statem of 3.1.4 and 3.2.1";
    /// A server of TLS 1.3 that finds what it cannot resume, because the digest is another, sends no ticket.
    OtherDigestGetsNoTicket "other-digest-gets-no-ticket" Fix ("" to "3.0.21 3.4.6 3.5.7 3.6.3 4.0.1") "tls_parse_ctos_psk" "https://github.com/openssl/openssl/pull/30626";
    /// A client whose handshake has resumed a session answers with no certificate where it is asked for one after it.
    ResumedShowsNone "resumed-shows-none" Fix ("" to "3.0.17 3.2.5 3.3.4 3.4.2 3.5.0") "tls_parse_ctos_sig_algs" "https://github.com/openssl/openssl/pull/24651; seen to 3.4.1, and not in 3.0.20 and 3.5.5; those between were not run";
    /// A server that its callback moves to another context is counted there as begun, and where it was not any more.
    MovedIsCounted "moved-is-counted" Change ("" to "3.2.0") "final_server_name" "ssl/statem/extensions.c of 3.1.4 and 3.2.1";
    /// A server of TLS 1.3 that finds another key than the client proves sends the alert illegal_parameter.
    OtherKeyIsIllegal "other-key-is-illegal" Fix ("" to "3.4.0") "tls_psk_do_binder" "https://github.com/openssl/openssl/pull/25176";
    /// A server that would have to resume a session with an extended master secret without one sends the alert illegal_parameter.
    NotExtendedIsIllegal "not-extended-is-illegal" Fix ("3.0.0" to "3.0.19 3.3.6 3.4.4 3.5.5 3.6.1") "ssl_get_prev_session" "https://github.com/openssl/openssl/pull/29706";
    /// What cannot be decrypted is told as a failure of the record layer. Only a key of another handshake shows it: that of a session that is taken for the one that the client offers.
    RecordLayerFails "record-layer-fails" Change ("3.2.0" to "3.2.5 3.3.4 3.4.2 3.5.1") "ossl_tls_handle_rlayer_return" "https://github.com/openssl/openssl/pull/27584";
    /// A client that gives up while it reads the server's hello is heard, though it has sent early data that the server refuses: its alert is not encrypted yet.
    PlainAlertIsHeard "plain-alert-is-heard" Change ("" to "3.2.0") "tls13_change_cipher_state" "ENC_WRITE_STATE_WRITE_PLAIN_ALERTS, ssl/statem and ssl/record of 3.1.4";
    /// A server of TLS 1.3 sends a ticket that the callback for its key refuses to seal: the client cannot read it, and gives up.
    RefusedTicketIsSent "refused-ticket-is-sent" Fix ("3.0.0" to "3.0.6") "tls_construct_new_session_ticket" "https://github.com/openssl/openssl/issues/18977; seen in 3.0.5, and not in 3.0.8";
    /// A full cache evicts when it has as many sessions as its size says, so that it holds one fewer.
    FullIsOneShort "full-is-one-short" Limit ("3.0.6" to "") "SSL_CTX_add_session" "docs/FINDINGS.md, 17";
    /// A duplicate of a session without a ticket has no lifetime hint.
    DupDropsHint "dup-drops-hint" Limit ("" to "") "SSL_SESSION_dup" "docs/FINDINGS.md, 3";
    } };
}

#[cfg(feature = "cli")]
pub(crate) use for_each_rule;

for_each_rule!(define_rules);

/// Says which of its rules a library follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Following {
    /// Follows every rule of its release.
    #[default]
    Released,
    /// Follows no [`RuleKind::Fix`]: what that release got wrong differs.
    Fixed,
    /// Follows [`RuleKind::Change`] alone: what no manual says differs.
    Documented,
}

impl Following {
    const fn follows(self, kind: RuleKind) -> bool {
        match (self, kind) {
            (Following::Released, _) | (_, RuleKind::Change) | (Following::Fixed, RuleKind::Limit) => true,
            (Following::Fixed | Following::Documented, RuleKind::Fix) | (Following::Documented, RuleKind::Limit) => {
                false
            }
        }
    }
}

impl Rule {
    /// Finds a rule by its name.
    pub fn from_id(id: &str) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.row().id == id)
    }

    /// Returns whether a release is in the rule's span.
    pub fn holds_in(self, release: Release) -> bool {
        let (since, until) = &SPANS[self as usize];
        (since.is_empty() || reached(since, release)) && (until.is_empty() || !reached(until, release))
    }

    /// Returns the first release after this one that does not have it.
    pub fn ends_after(self, release: Release) -> Option<Release> {
        SPANS[self as usize].1.iter().copied().find(|end| *end > release)
    }
}

/// Says whether a release is one of these or a later one: later in its branch, or in a branch after all that are listed.
fn reached(list: &[Release], release: Release) -> bool {
    match list.iter().find(|first| first.branch() == release.branch()) {
        Some(first) => release >= *first,
        None => list.iter().all(|first| first.branch() < release.branch()),
    }
}

/// Has the span of each rule, read once: programs ask for them all the time.
static SPANS: LazyLock<Vec<(Vec<Release>, Vec<Release>)>> = LazyLock::new(|| {
    let listed = |list: &str| list.split_whitespace().map(|name| name.parse().expect("a row names releases")).collect();
    Rule::ALL.iter().map(|rule| (listed(rule.row().since), listed(rule.row().until))).collect()
});

/// Holds rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rules(u64);

const _: () = assert!(Rule::ALL.len() <= u64::BITS as usize);

impl Rules {
    /// Returns the rules that a release follows.
    pub fn of(release: Release, following: Following) -> Rules {
        let follows = |rule: &&Rule| rule.holds_in(release) && following.follows(rule.row().kind);
        Rule::ALL.iter().filter(follows).fold(Rules::default(), |rules, rule| rules.with(*rule))
    }

    /// Returns them and one more.
    #[must_use]
    pub const fn with(self, rule: Rule) -> Rules {
        Rules(self.0 | 1 << rule as u32)
    }

    /// Returns them, but for one.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Rules {
        Rules(self.0 & !(1 << rule as u32))
    }

    /// Returns these and others.
    #[must_use]
    pub const fn or(self, other: Rules) -> Rules {
        Rules(self.0 | other.0)
    }

    /// Returns whether a rule is one of them.
    #[inline]
    pub const fn has(self, rule: Rule) -> bool {
        self.0 & 1 << rule as u32 != 0
    }

    /// Lists them.
    pub fn iter(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.iter().copied().filter(move |rule| self.has(*rule))
    }

    /// Returns them as a number.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Makes them of a number.
    pub const fn of_bits(bits: u64) -> Rules {
        Rules(bits)
    }

    /// Says how seconds are kept and added.
    fn time(self) -> TimeRule {
        match () {
            () if self.has(Rule::TimesAreStored) => TimeRule::Stored,
            () if self.has(Rule::SumsAreClamped) => TimeRule::Clamped,
            () if self.has(Rule::TimesAreSigned) => TimeRule::Split,
            () => TimeRule::Ticks,
        }
    }

    /// Returns `sizeof(master_key)`, bytes.
    fn master_key_max(self) -> usize {
        match () {
            () if self.has(Rule::KeysHave64Bytes) => 64,
            () if self.has(Rule::KeysHave256Bytes) => 256,
            () => 512,
        }
    }
}

/// Holds the rules that a library follows, and what is asked for most made ready.
#[derive(Clone, Copy, Debug)]
pub(super) struct Followed {
    pub rules: Rules,
    /// Says how seconds are kept and added.
    pub time: TimeRule,
    /// Holds `sizeof(master_key)`, bytes.
    pub master_key_max: usize,
}

impl Followed {
    pub fn new(rules: Rules) -> Followed {
        Followed { rules, time: rules.time(), master_key_max: rules.master_key_max() }
    }

    /// Returns whether a rule is followed.
    #[inline]
    pub const fn has(&self, rule: Rule) -> bool {
        self.rules.has(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(rule: Rule, release: &str) -> bool {
        rule.holds_in(release.parse().expect("a release"))
    }

    #[test]
    fn a_rule_ends_in_each_branch_where_it_was_mended() {
        for (release, expected) in [
            ("3.0.8", true),
            ("3.0.9", false),
            ("3.1.0", true),
            ("3.1.1", false),
            ("3.2.0", false),
            ("4.0.3", false),
            ("1.1.1w", false),
        ] {
            assert_eq!(has(Rule::DupKeepsOwner, release), expected, "{release}");
        }
        for (release, expected) in
            [("3.0.16", true), ("3.0.22", false), ("3.1.8", true), ("3.4.1", true), ("3.5.0", true), ("3.6.2", false)]
        {
            assert_eq!(has(Rule::OwnSessionIsOffered, release), expected, "{release}");
        }
        assert_eq!(Rule::OwnSessionIsOffered.ends_after("3.3.2".parse().unwrap()), Some("3.3.4".parse().unwrap()));
    }

    #[test]
    fn fragments_keys_and_moves_follow_the_fix_releases() {
        for (release, expected) in [
            ("3.0.14", true),
            ("3.0.15", false),
            ("3.1.6", true),
            ("3.1.7", false),
            ("3.2.2", true),
            ("3.2.3", false),
            ("3.3.1", true),
            ("3.3.2", false),
            ("3.4.0", false),
        ] {
            assert_eq!(has(Rule::FragmentIsDisabled, release), expected, "{release}");
        }
        for (release, expected) in
            [("1.1.1w", false), ("3.0.22", true), ("3.4.1", true), ("3.5.5", true), ("3.6.2", false), ("4.0.1", false)]
        {
            assert_eq!(has(Rule::AddedAgainMoves, release), expected, "{release}");
        }
        assert!(has(Rule::EmptyPemIsWritten, "1.1.1g") && !has(Rule::EmptyPemIsWritten, "1.1.1h"));
        assert!(!has(Rule::EmptyPemIsWritten, "3.0.0"));
        let keys = |release: &str| Rules::of(release.parse().unwrap(), Following::Released).master_key_max();
        assert_eq!([keys("1.1.1"), keys("1.1.1a"), keys("1.1.1w"), keys("3.0.0")], [64, 256, 256, 512]);
        let time = |release: &str| Rules::of(release.parse().unwrap(), Following::Released).time();
        assert_eq!(
            [time("1.1.1w"), time("3.0.14"), time("3.0.15")],
            [TimeRule::Stored, TimeRule::Clamped, TimeRule::Split]
        );
        assert_eq!(
            [time("3.1.4"), time("3.1.7"), time("3.2.0")],
            [TimeRule::Clamped, TimeRule::Split, TimeRule::Ticks]
        );
    }

    #[test]
    fn what_is_followed_depends_on_the_kind() {
        let of = |following| Rules::of("3.0.8".parse().unwrap(), following);
        let kinds = |rules: Rules| rules.iter().map(|rule| rule.row().kind).collect::<std::collections::HashSet<_>>();
        assert_eq!(kinds(of(Following::Released)).len(), 3);
        assert!(!kinds(of(Following::Fixed)).contains(&RuleKind::Fix));
        assert_eq!(kinds(of(Following::Documented)), [RuleKind::Change].into());
    }

    #[test]
    fn every_row_is_whole_and_named_once() {
        let mut ids = std::collections::HashSet::new();
        for rule in Rule::ALL {
            let row = rule.row();
            assert!(ids.insert(row.id), "{} twice", row.id);
            assert!(row.what.ends_with('.') && !row.function.is_empty() && !row.source.is_empty(), "{}", row.id);
            let open = row.until.is_empty();
            assert_eq!(open, row.kind == RuleKind::Limit, "{}: the newest release has limits alone", row.id);
        }
    }
}

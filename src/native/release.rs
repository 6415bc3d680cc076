//! Which OpenSSL a native session behaves as, and everything that follows from it.

use std::fmt;

use super::time::TimeRule;

/// Names an OpenSSL release. The letter of 1.1.1 is its patch number: 1.1.1w is `Release::new(1, 1, 1, 23)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Release {
    major: u8,
    minor: u8,
    fix: u8,
    letter: u8,
}

impl Release {
    /// Names OpenSSL 3.6.3, the release of the vendored build.
    pub const V3_6_3: Release = Release::new(3, 6, 3, 0);

    /// Names a release. `letter` is 0 from 3.0 on.
    pub const fn new(major: u8, minor: u8, fix: u8, letter: u8) -> Release {
        Release { major, minor, fix, letter }
    }

    /// Returns the release as one number, for [`Release::from_number`].
    pub const fn number(self) -> u64 {
        u32::from_be_bytes([self.major, self.minor, self.fix, self.letter]) as u64
    }

    /// Returns the release to which [`Release::number`] gave this number.
    pub const fn from_number(number: u64) -> Release {
        let [major, minor, fix, letter] = (number as u32).to_be_bytes();
        Release { major, minor, fix, letter }
    }

    /// Reads the value of `OPENSSL_VERSION_NUMBER` or `OpenSSL_version_num()`.
    ///
    /// # Errors
    /// Refuses a release before 1.1.1, which has no `SSL_SESSION_dup`, and a major version after 4: they are not modelled.
    pub fn from_version_number(number: u64) -> Result<Release, UnknownRelease> {
        let byte = |shift: u32| ((number >> shift) & 0xff) as u8;
        let major = (number >> 28) as u8;
        let release = if major >= 3 {
            // 0xMNN00PP0: OPENSSL_VERSION_NUMBER(3)
            Release::new(major, byte(20), byte(4), 0)
        } else {
            // 0xMNNFFPPS
            Release::new(major, byte(20), byte(12), byte(4))
        };
        // 2 is LibreSSL's, whatever its release.
        let modelled = release >= Release::new(1, 1, 1, 0) && matches!(major, 1 | 3 | 4);
        if modelled { Ok(release) } else { Err(UnknownRelease { number }) }
    }

    /// Returns the rules of this release, in one place instead of an `if` at each use.
    pub(super) fn rules(self) -> Rules {
        let at_least = |minor, fix| self >= Release::new(3, minor, fix, 0);
        // Whether this is 3.0 with at least the first of these fixes, 3.1 with at least the second, and so on, or a later line.
        let fixed_in = |fixes: &[u8]| {
            let since_its_fix = |fix: &u8| self.major > 3 || self.fix >= *fix;
            self.major >= 3 && fixes.get(usize::from(self.minor)).is_none_or(since_its_fix)
        };
        let time = match self.major {
            1 => TimeRule::Stored,
            _ if at_least(2, 0) => TimeRule::Ticks,
            _ if fixed_in(&[15, 7]) => TimeRule::Split,
            _ => TimeRule::Clamped,
        };
        let after_2511 = fixed_in(&[14, 6, 2]);
        Rules {
            time,
            // TLSEXT_max_fragment_length_UNSPECIFIED (255) became the default of SSL_SESSION_new in these fixes.
            fragment_unspecified: fixed_in(&[15, 7, 3, 2]),
            master_key_max: match (self.major, self.letter) {
                (1, 0) => 64,
                (1, _) => 256,
                (_, _) => 512,
            },
            negative_timeout_refused: self >= Release::new(3, 0, 0, 0),
            ex_data_index_checked: self >= Release::new(3, 0, 0, 0),
            // Not in 3.0.5, in 3.0.7; 3.0.6 was withdrawn.
            stack_reports_index: self >= Release::new(3, 0, 6, 0),
            empty_copy_raises: !at_least(2, 0),
            list_by_expiry: self >= Release::new(3, 0, 0, 0),
            linked_before_eviction: self < Release::new(3, 0, 6, 0),
            callbacks_after_unlock: self >= Release::new(4, 0, 2, 0),
            // After CVE-2024-2511.
            replaced_is_resumable: after_2511,
            not_resumable_is_left_alone: after_2511,
            set_session_takes_first: at_least(5, 0),
            asked_id_checked: at_least(6, 3) && self != Release::new(4, 0, 0, 0),
            lock_refuses_holder: self >= Release::new(3, 0, 0, 0),
            added_again_moves: match (self.major, self.minor) {
                (3, 0..=4) => true,
                (3, 5) => self.fix <= 5,
                (3, 6) => self.fix <= 1,
                (_, _) => false,
            },
        }
    }

    /// Returns whether the caches of this release are modelled: from 3.0 on. Before, a flush goes through the hash in its own
    /// order.
    pub fn has_modelled_cache(self) -> bool {
        self >= Release::new(3, 0, 0, 0)
    }

    /// Returns whether it is this release, `major.minor`, or a later one.
    pub fn is_since(self, release: &str) -> bool {
        let mut numbers = release.split('.').map(|number| number.parse().unwrap_or(u8::MAX));
        let mut next = || numbers.next().unwrap_or(0);
        self >= Release::new(next(), next(), 0, 0)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.fix)?;
        if self.letter > 0 { write!(f, "{}", (b'a' + self.letter - 1) as char) } else { Ok(()) }
    }
}

/// Reports a version number that no modelled release has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("OpenSSL version number {number:#x} is not modelled: releases 1.1.1 to 4.x are")]
pub struct UnknownRelease {
    /// Holds what `OpenSSL_version_num()` returned.
    pub number: u64,
}

/// Says what a release does, as values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Says how seconds are kept and added.
    pub time: TimeRule,
    /// Gives a new session `TLSEXT_max_fragment_length_UNSPECIFIED`, which getters read as 0.
    pub fragment_unspecified: bool,
    /// Holds `sizeof(master_key)`, bytes.
    pub master_key_max: usize,
    /// Makes `SSL_SESSION_set_timeout` of a negative timeout return 0 and change nothing. 1.1.1 stores it.
    pub negative_timeout_refused: bool,
    /// Makes `CRYPTO_set_ex_data` compare what it stored with what it should store: index -1 fails, except for NULL.
    pub ex_data_index_checked: bool,
    /// Makes `OPENSSL_sk_set` raise an error of its own for an index out of range, so that -1 with NULL succeeds *and* raises.
    pub stack_reports_index: bool,
    /// Makes `SSL_SESSION_dup` raise `ERR_R_MALLOC_FAILURE` when it cannot copy a buffer, an empty one included.
    pub empty_copy_raises: bool,
    /// Orders the list of a cache by expiry, not by when a session came in. `UPDATE_TIME` counts when a session is added.
    pub list_by_expiry: bool,
    /// Makes `SSL_CTX_add_session` put a session into the list before it evicts others, and evict when there are more than the
    /// size.
    pub linked_before_eviction: bool,
    /// Calls `remove_session_cb` of what was evicted or flushed without the cache's lock, for the last one first.
    pub callbacks_after_unlock: bool,
    /// Makes `SSL_CTX_add_session` move a session that is there to the place that its expiry gives it now. 3.0.22, 3.4.1 and
    /// 3.5.5 do, 3.6.2 does not.
    pub added_again_moves: bool,
    /// Lets the duplicate that takes a session's place in a handshake be resumed, whatever was said of the session.
    pub replaced_is_resumable: bool,
    /// Leaves a session that is not to be resumed out of the cache after a handshake, and takes none such from `get_session_cb`.
    pub not_resumable_is_left_alone: bool,
    /// Makes `SSL_set_session` take its reference before it gives up a session that was not closed.
    pub set_session_takes_first: bool,
    /// Forbids a TLS 1.2 server to resume a session with another id than the one that it was asked for.
    pub asked_id_checked: bool,
    /// Tells a thread that holds the cache's lock that it cannot take it again.
    pub lock_refuses_holder: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_numbers_are_read_as_openssl_writes_them() {
        let shown = |number| Release::from_version_number(number).map(|release| release.to_string());
        assert_eq!(shown(0x3060_0030).unwrap(), "3.6.3");
        assert_eq!(shown(0x3000_0130).unwrap(), "3.0.19");
        assert_eq!(shown(0x1010_117f).unwrap(), "1.1.1w");
        assert_eq!(shown(0x1010_100f).unwrap(), "1.1.1");
        assert!(shown(0x1010_00cf).is_err(), "1.1.0l has no SSL_SESSION_dup");
        assert!(shown(0x2000_0000).is_err(), "LibreSSL");
        assert!(shown(0x5000_0000).is_err());
    }

    #[test]
    fn defaults_of_the_fragment_length_follow_the_fix_releases() {
        let unspecified = |major, minor, fix| Release::new(major, minor, fix, 0).rules().fragment_unspecified;
        for (release, expected) in [
            ((3, 0, 14), false),
            ((3, 0, 15), true),
            ((3, 1, 6), false),
            ((3, 1, 7), true),
            ((3, 2, 2), false),
            ((3, 2, 3), true),
            ((3, 3, 1), false),
            ((3, 3, 2), true),
            ((3, 4, 0), true),
            ((3, 6, 3), true),
            ((4, 0, 3), true),
        ] {
            assert_eq!(unspecified(release.0, release.1, release.2), expected, "{release:?}");
        }
    }

    #[test]
    fn a_session_that_is_added_again_moves_in_releases_that_still_link_it() {
        let moves = |major, minor, fix| Release::new(major, minor, fix, 0).rules().added_again_moves;
        for (release, expected) in [
            ((3, 0, 19), true),
            ((3, 0, 22), true),
            ((3, 3, 2), true),
            ((3, 4, 1), true),
            ((3, 5, 5), true),
            ((3, 6, 2), false),
            ((3, 6, 3), false),
        ] {
            assert_eq!(moves(release.0, release.1, release.2), expected, "{release:?}");
        }
    }

    #[test]
    fn the_master_key_grew_with_the_releases() {
        let max = |release: Release| release.rules().master_key_max;
        assert_eq!(max(Release::new(1, 1, 1, 0)), 64);
        assert_eq!(max(Release::new(1, 1, 1, 1)), 256);
        assert_eq!(max(Release::new(1, 1, 1, 23)), 256);
        assert_eq!(max(Release::new(3, 0, 0, 0)), 512);
    }
}

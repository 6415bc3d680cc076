//! Which OpenSSL a native session behaves as, and everything that follows from it.

use std::fmt;
use std::str::FromStr;

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

    /// Returns the branch that gets fixes: 3.0, or 1.1.1.
    pub(super) const fn branch(self) -> (u8, u8) {
        (self.major, self.minor)
    }

    /// Holds the releases that were run against the native session, see docs/RELEASES.md, the oldest first.
    pub const MEASURED: [Release; 13] = [
        Release::new(1, 1, 1, 23),
        Release::new(3, 0, 5, 0),
        Release::new(3, 0, 8, 0),
        Release::new(3, 0, 20, 0),
        Release::new(3, 1, 0, 0),
        Release::new(3, 1, 4, 0),
        Release::new(3, 2, 1, 0),
        Release::new(3, 3, 2, 0),
        Release::new(3, 4, 1, 0),
        Release::new(3, 5, 5, 0),
        Release::V3_6_3,
        Release::new(4, 0, 1, 0),
        Release::new(4, 0, 3, 0),
    ];

    /// Says why not to trust what the native session does as this release; nothing where it was measured.
    pub fn doubt(self) -> Option<String> {
        if Release::MEASURED.contains(&self) {
            return None;
        }
        let newest = Release::MEASURED.into_iter().rfind(|measured| measured.branch() <= self.branch());
        Some(match newest.filter(|measured| measured.branch() == self.branch()) {
            Some(measured) => format!(
                "{self} was never verified here: the native session follows what is known of the fixes between it and {measured}"
            ),
            None => {
                let measured = newest.unwrap_or(Release::MEASURED[0]);
                format!(
                    "{self} is of a branch that is not modelled: the native session behaves as {measured}, and differences may be its own"
                )
            }
        })
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

/// Reads a release as it is written, `3.0.8` or `1.1.1w`.
impl FromStr for Release {
    type Err = NoRelease;

    fn from_str(name: &str) -> Result<Release, NoRelease> {
        let no = || NoRelease { name: name.into() };
        let end = name.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let letter = match &name.as_bytes()[end.len()..] {
            [] => 0,
            [letter] => letter - b'a' + 1,
            [..] => return Err(no()),
        };
        let mut numbers = end.split('.').map(|number| number.parse::<u8>().map_err(|_| no()));
        let mut next = || numbers.next().unwrap_or_else(|| Err(no()));
        let release = Release::new(next()?, next()?, next()?, letter);
        if numbers.next().is_some() { Err(no()) } else { Ok(release) }
    }
}

/// Reports a text that names no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` names no release of OpenSSL: expected 3.0.8, or 1.1.1w")]
pub struct NoRelease {
    /// Holds the text.
    pub name: String,
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
    fn names_are_read_as_they_are_shown() {
        for name in ["1.1.1", "1.1.1w", "3.0.22", "4.0.3"] {
            assert_eq!(name.parse::<Release>().unwrap().to_string(), name);
        }
        for name in ["", "3.0", "3.0.8.1", "1.1.1ab", "x.y.z", "3.0.-1"] {
            assert!(name.parse::<Release>().is_err(), "{name}");
        }
    }
}

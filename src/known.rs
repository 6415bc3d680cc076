//! Accepted differences: each has a reason, a link, the releases it is accepted for and the last day that it is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};
use toml::Spanned;

use crate::native::Release;
use crate::oracle::Signature;

/// How long a difference is accepted where nothing is said, in days.
pub const DEFAULT_DAYS: i64 = 180;

/// An accepted difference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Names the difference: `SSL_SESSION_dup/hostname`.
    #[serde(deserialize_with = "parsed")]
    pub signature: Signature,
    /// Says in which cases of the check it is accepted; in all, where nothing is said. A run knows signatures alone.
    #[serde(default, deserialize_with = "parsed_if_there")]
    pub case: Option<CaseIds>,
    /// Says why it is accepted.
    #[serde(deserialize_with = "parsed")]
    pub reason: Words,
    /// Says where more of it can be read.
    #[serde(deserialize_with = "parsed")]
    pub link: Words,
    /// Says for which releases it is accepted; all of them, where nothing is said.
    #[serde(default, deserialize_with = "parsed")]
    pub releases: Releases,
    /// Says for which versions of a library that has no release of OpenSSL's it is accepted; all of them, where nothing is said.
    #[serde(default, deserialize_with = "parsed")]
    pub versions: Versions,
    /// Holds the last day on which it is accepted.
    #[serde(deserialize_with = "parsed")]
    pub expires: Day,
}

/// Reads what is spelled in a text.
fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(from: D) -> Result<T, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// Reads what is spelled in a text that need not be there.
fn parsed_if_there<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(from: D) -> Result<Option<T>, D::Error> {
    parsed(from).map(Some)
}

/// Names cases of the check, as `--case` does: `dup/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseIds(glob::Pattern);

impl FromStr for CaseIds {
    type Err = glob::PatternError;

    fn from_str(text: &str) -> Result<CaseIds, glob::PatternError> {
        glob::Pattern::new(text).map(CaseIds)
    }
}

impl fmt::Display for CaseIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// One line of text with something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(String);

/// Reports a text that is empty or has more than one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one line of text")]
pub struct NoWords;

impl FromStr for Words {
    type Err = NoWords;

    fn from_str(text: &str) -> Result<Words, NoWords> {
        let is_line = !text.trim().is_empty() && !text.contains(char::is_control);
        if is_line { Ok(Words(text.trim().into())) } else { Err(NoWords) }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Holds some of what has an order, as `3.0.0..3.0.9` names releases: from the first one to just before the second one. Either may be
/// missing. One by itself is that one alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Span<T> {
    /// All of them: `..`
    #[default]
    All,
    /// One alone.
    One(T),
    /// This one and those after it.
    From(T),
    /// Those before this one.
    Before(T),
    /// The first one, and those after it that are before the second one.
    Between(T, T),
}

/// Some releases of OpenSSL.
pub type Releases = Span<Release>;

/// Some versions of a library.
pub type Versions = Span<Version>;

impl<T: PartialOrd> Span<T> {
    /// Tells whether `one` is in it.
    pub fn has(&self, one: &T) -> bool {
        match self {
            Span::All => true,
            Span::One(alone) => one == alone,
            Span::From(from) => from <= one,
            Span::Before(before) => one < before,
            Span::Between(from, before) => (from..before).contains(&one),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Span<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::All => f.write_str(".."),
            Span::One(one) => one.fmt(f),
            Span::From(from) => write!(f, "{from}.."),
            Span::Before(before) => write!(f, "..{before}"),
            Span::Between(from, before) => write!(f, "{from}..{before}"),
        }
    }
}

/// Says why a text names nothing of an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSpan<E> {
    /// An end of it cannot be read.
    #[error(transparent)]
    End(#[from] E),
    /// It ends where it begins, or before.
    #[error("nothing is in `{0}`: the second one is the first that is not meant")]
    Empty(String),
}

impl<T: FromStr + PartialOrd> FromStr for Span<T> {
    type Err = NoSpan<T::Err>;

    fn from_str(text: &str) -> Result<Span<T>, NoSpan<T::Err>> {
        Ok(match text.split_once("..") {
            None => Span::One(text.parse()?),
            Some(("", "")) => Span::All,
            Some(("", before)) => Span::Before(before.parse()?),
            Some((from, "")) => Span::From(from.parse()?),
            Some((from, before)) => match (from.parse()?, before.parse()?) {
                (from, before) if from < before => Span::Between(from, before),
                (_, _) => return Err(NoSpan::Empty(text.into())),
            },
        })
    }
}

/// Holds the numbers of a library's version, as `5.5.4` names them: 5.5 comes before 5.5.0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<u32>);

impl Version {
    /// Finds the first version in what a library says of itself, such as `wolfSSL 5.5.4`. `None`: there is none.
    pub fn said_in(text: &str) -> Option<Version> {
        let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
        words.filter(|word| word.contains('.')).find_map(|word| word.trim_matches('.').parse().ok())
    }
}

/// Reports a text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no version: expected numbers, such as 5.5.4")]
pub struct NoVersion(String);

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Version, NoVersion> {
        let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let numbers = text.split('.').map(|part| if is_plain(part) { part.parse().ok() } else { None });
        numbers.collect::<Option<Vec<u32>>>().map(Version).ok_or_else(|| NoVersion(text.into()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

/// A day of UTC, as `2027-06-30` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// Returns today.
    pub fn today() -> Day {
        Day(OffsetDateTime::now_utc().date())
    }

    /// Returns the day so many days later, or the last day that there is.
    pub fn after(self, days: i64) -> Day {
        Day(self.0.saturating_add(Duration::days(days)))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reports a text that names no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no day: expected 2027-06-30")]
pub struct NoDay(String);

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Day, NoDay> {
        let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
        // A sign is read and not written.
        day.filter(|day| day.to_string() == text).map(Day).ok_or_else(|| NoDay(text.into()))
    }
}

/// An accepted difference and where it is written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Holds the difference.
    pub known: Known,
    /// Counts the lines of its file up to its first one.
    pub line: usize,
}

/// The accepted differences of a file, in its order. There may be none, and no file.
#[derive(Clone, Debug, Default)]
pub struct KnownFile {
    /// Names the file.
    pub path: PathBuf,
    /// Holds what is in it.
    pub entries: Vec<Entry>,
}

/// Says why a file of accepted differences cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// The file cannot be opened or is no text: what the system said.
    #[error("{}: {}", .0.display(), .1)]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// A line that is not TOML, or not what is expected there.
    #[error("{}:{line}: {what}", path.display())]
    Wrong {
        /// Names the file.
        path: PathBuf,
        /// Counts lines from 1.
        line: usize,
        /// Says what is wrong.
        what: String,
    },
    /// The same difference twice.
    #[error("{}:{line}: {signature} is accepted for the same releases and versions in line {first}", path.display())]
    Twice {
        /// Names the file.
        path: PathBuf,
        /// Counts the lines up to the second entry.
        line: usize,
        /// Counts the lines up to the first entry.
        first: usize,
        /// Names the difference.
        signature: Signature,
    },
}

/// The file as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    known: Vec<Spanned<Known>>,
}

impl KnownFile {
    /// Reads a file, strictly.
    ///
    /// # Errors
    /// See [`KnownError`].
    pub fn read(path: &Path) -> Result<KnownFile, KnownError> {
        let text = std::fs::read_to_string(path).map_err(|error| KnownError::Unreadable(path.into(), error))?;
        KnownFile::parse(path, &text)
    }

    /// Reads the text of a file, strictly.
    ///
    /// # Errors
    /// See [`KnownError`].
    pub fn parse(path: &Path, text: &str) -> Result<KnownFile, KnownError> {
        let line = |at: usize| 1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        let tables: Tables = toml::from_str(text).map_err(|error| KnownError::Wrong {
            path: path.into(),
            line: line(error.span().map_or(0, |span| span.start)),
            what: error.message().lines().collect::<Vec<_>>().join("; "),
        })?;
        let mut file = KnownFile { path: path.into(), entries: Vec::new() };
        for known in tables.known {
            let entry = Entry { line: line(known.span().start), known: known.into_inner() };
            file.add(entry)?;
        }
        Ok(file)
    }

    fn add(&mut self, entry: Entry) -> Result<(), KnownError> {
        if let Some(first) = self.same(&entry.known) {
            let (path, line, first, signature) = (self.path.clone(), entry.line, first.line, entry.known.signature);
            return Err(KnownError::Twice { path, line, first, signature });
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Returns the entry for the same signature, the very same cases, releases and versions.
    pub fn same(&self, as_this: &Known) -> Option<&Entry> {
        fn of(known: &Known) -> (Signature, Option<&CaseIds>, &Releases, &Versions) {
            (known.signature, known.case.as_ref(), &known.releases, &known.versions)
        }
        self.entries.iter().find(|entry| of(&entry.known) == of(as_this))
    }

    /// Tells whether an entry is for some versions of the library alone.
    pub fn names_versions(&self) -> bool {
        self.entries.iter().any(|entry| entry.known.versions != Versions::All)
    }

    /// Returns what is accepted of a library that says this of itself.
    pub fn of_library(&self, says: &str) -> KnownFile {
        let version = Version::said_in(says);
        let is_meant = |versions: &Versions| match &version {
            Some(version) => versions.has(version),
            None => *versions == Versions::All,
        };
        let meant = self.entries.iter().filter(|entry| is_meant(&entry.known.versions));
        KnownFile { path: self.path.clone(), entries: meant.cloned().collect() }
    }

    /// Returns the entry by which a signature is accepted for a release in a case of the check.
    pub fn accepts_in(&self, case: &str, signature: Signature, release: Release) -> Option<&Entry> {
        let accepts = |known: &Known| {
            let is_meant = known.case.as_ref().is_none_or(|cases| cases.0.matches(case));
            is_meant && known.signature == signature && known.releases.has(&release)
        };
        self.entries.iter().find(|entry| accepts(&entry.known))
    }

    /// Returns the entry by which a signature is accepted for a release, in whatever program.
    pub fn accepts(&self, signature: Signature, release: Release) -> Option<&Entry> {
        let accepts =
            |known: &Known| known.case.is_none() && known.signature == signature && known.releases.has(&release);
        self.entries.iter().find(|entry| accepts(&entry.known))
    }
}

/// Writes it as an entry of a file.
impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Known { signature, case, reason, link, releases, versions, expires } = self;
        let quoted = |text: &dyn fmt::Display| toml::Value::String(text.to_string());
        writeln!(f, "[[known]]\nsignature = {}", quoted(signature))?;
        if let Some(case) = case {
            writeln!(f, "case = {}", quoted(case))?;
        }
        writeln!(f, "reason = {}\nlink = {}", quoted(reason), quoted(link))?;
        if *releases != Releases::All {
            writeln!(f, "releases = {}", quoted(releases))?;
        }
        if *versions != Versions::All {
            writeln!(f, "versions = {}", quoted(versions))?;
        }
        writeln!(f, "expires = {}", quoted(expires))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"[[known]]
signature = "SSL_SESSION_dup/hostname"
reason = "Say \"why\"."
link = "https://example.org/1"
releases = "3.0.0..3.0.9"
expires = "2027-06-30"
"#;

    fn read(text: &str) -> Result<KnownFile, String> {
        KnownFile::parse(Path::new("k.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_entry_is_written_as_it_is_read() {
        let file = read(&format!("# Ours.\n{ENTRY}")).unwrap();
        assert_eq!(file.entries[0].line, 2);
        let known = &file.entries[0].known;
        assert_eq!(known.reason.to_string(), "Say \"why\".");
        assert_eq!(read(&known.to_string()).unwrap().entries[0].known, *known);
        assert!(read("").unwrap().entries.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |from: &str, to: &str| {
            assert!(ENTRY.contains(from), "{from}");
            read(&ENTRY.replace(from, to)).unwrap_err()
        };
        for (from, to, line, what) in [
            ("reason", "reeson", 3, "unknown field `reeson`"),
            ("[[known]]", "[[knwon]]", 1, "unknown field `knwon`"),
            ("/hostname", "/hostnames", 2, "`hostnames` is nothing that a call can differ in"),
            ("Say \\\"why\\\".", "  ", 3, "expected one line of text"),
            ("3.0.0..", "3.0..", 5, "`3.0` names no release of OpenSSL"),
            ("3.0.0..", "3.0.9..", 5, "nothing is in `3.0.9..3.0.9`"),
            ("06-30", "06-31", 6, "`2027-06-31` names no day"),
            ("\"2027-06-30\"", "5", 6, "expected a string"),
            ("\"2027-06-30\"", "", 6, ""),
            ("expires", "#", 1, "missing field `expires`"),
        ] {
            let said = wrong(from, to);
            assert!(said.starts_with(&format!("k.toml:{line}: ")) && said.contains(what), "{from} to {to}: {said}");
        }
        let twice = read(&format!("{ENTRY}\n{ENTRY}")).unwrap_err();
        assert_eq!(
            twice,
            "k.toml:8: SSL_SESSION_dup/hostname is accepted for the same releases and versions in line 1"
        );
    }

    #[test]
    fn releases_are_those_that_are_named() {
        let has = |text: &str| {
            let releases: Releases = text.parse().unwrap();
            assert_eq!(releases.to_string(), text);
            ["1.1.1w", "3.0.0", "3.0.8", "3.0.9", "4.0.1"].map(|name| u8::from(releases.has(&name.parse().unwrap())))
        };
        assert_eq!(has("3.0.0..3.0.9"), [0, 1, 1, 0, 0]);
        assert_eq!(has("..3.0.9"), [1, 1, 1, 0, 0]);
        assert_eq!(has("3.0.9.."), [0, 0, 0, 1, 1]);
        assert_eq!(has("3.0.8"), [0, 0, 1, 0, 0]);
        assert_eq!(has(".."), [1; 5]);
        for text in ["", "3.0", "3.0.0...3.0.9", "3.0.0..3.0.9..", "3.0.9..3.0.0"] {
            assert!(text.parse::<Releases>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_entry_is_for_the_versions_that_it_names() {
        let file = read(&ENTRY.replace("expires", "versions = \"5.5..5.9.4\"\nexpires")).unwrap();
        assert!(file.names_versions());
        assert!(file.entries[0].known.to_string().contains("versions = \"5.5..5.9.4\"\n"));
        for (says, accepted) in [
            ("wolfSSL 5.5.4 (family wolf, guessed)", 1),
            ("wolfSSL 5.10.0", 0),
            ("wolfSSL 5.9.4", 0),
            ("wolfSSL 5.9", 1),
            ("BoringSSL", 0),
            ("AWS-LC FIPS 5.6.", 1),
        ] {
            assert_eq!(file.of_library(says).entries.len(), accepted, "{says}");
        }
        assert_eq!(read(ENTRY).unwrap().of_library("BoringSSL").entries.len(), 1);
        for text in ["5.x", "5..4..3", "+5", "5."] {
            assert!(text.parse::<Versions>().is_err(), "{text}");
        }
    }

    #[test]
    fn days_are_read_strictly() {
        let day = |text: &str| text.parse::<Day>();
        assert!(day("2027-06-30").unwrap() < day("2027-07-01").unwrap());
        assert_eq!(day("2027-12-31").unwrap().after(1), day("2028-01-01").unwrap());
        for text in ["", "2027-6-30", "+2027-06-30", "2027-02-29", "30.6.2027", "2027-06-30 "] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}

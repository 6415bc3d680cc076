//! Reads a profile of a library, strictly: what is not expected is an error with its line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::native::{Family, Release};
use crate::op::nearest;
use crate::port::c::{Block, Profile};

/// Says why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read: what the system said.
    #[error("{}: {}", .0.display(), .1)]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// A line is not TOML, or not what is expected there.
    #[error("{}:{line}: {what}", path.display())]
    Wrong {
        /// Names the file.
        path: PathBuf,
        /// Counts lines from 1.
        line: usize,
        /// Says what is wrong.
        what: String,
    },
}

/// Lists the keys of a profile.
const KEYS: [&str; 8] = ["family", "release", "version", "prefix", "block", "rename", "types", "missing"];

/// Reads the profile in a file.
///
/// # Errors
/// See [`ProfileError`].
pub fn read(path: &Path) -> Result<Profile, ProfileError> {
    let text = fs::read_to_string(path).map_err(|error| ProfileError::Unreadable(path.into(), error))?;
    parse(path, &text)
}

/// Says what is wrong, and where, in bytes from the beginning.
struct Wrong(usize, String);

fn parse(path: &Path, text: &str) -> Result<Profile, ProfileError> {
    let wrong = |Wrong(at, what)| {
        let line = 1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        ProfileError::Wrong { path: path.into(), line, what }
    };
    let table = DeTable::parse(text).map_err(|error| {
        let what = error.message().lines().collect::<Vec<_>>().join("; ");
        wrong(Wrong(error.span().map_or(0, |span| span.start), what))
    })?;
    let mut profile = Profile { path: path.into(), ..Profile::default() };
    for (key, value) in in_order(table.get_ref()) {
        take(&mut profile, key, value).map_err(wrong)?;
    }
    agree(&profile, table.get_ref()).map_err(wrong)?;
    Ok(profile)
}

type Entry<'a> = (&'a Spanned<std::borrow::Cow<'a, str>>, &'a Spanned<DeValue<'a>>);

/// Returns the entries of a table as they stand in the file: the first mistake is told.
fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn take(
    profile: &mut Profile,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) -> Result<(), Wrong> {
    match &**key.get_ref() {
        "family" => profile.family = Some(family(value)?),
        "release" => {
            let release = words(value)?;
            let parsed = release.parse::<Release>();
            profile.release = Some(parsed.map_err(|error| Wrong(value.span().start, error.to_string()))?);
        }
        "version" => profile.version = Some(words(value)?),
        "prefix" => profile.prefix = symbol(value)?,
        "block" => profile.block = Some(block(value)?),
        "rename" => profile.rename = functions(value, symbol)?,
        "types" => profile.types = functions(value, family)?,
        "missing" => profile.missing = functions(value, words)?,
        other => return Err(unknown(key.span().start, "key", other, KEYS.into_iter())),
    }
    Ok(())
}

/// Says what cannot be true together.
fn agree(profile: &Profile, table: &DeTable<'_>) -> Result<(), Wrong> {
    let at = |of: &str, function: &str| {
        let table =
            table.iter().find(|(key, _)| &**key.get_ref() == of).and_then(|(_, value)| value.get_ref().as_table());
        let key = table.and_then(|table| table.keys().find(|key| &**key.get_ref() == function));
        key.map_or(0, |key| key.span().start)
    };
    for function in profile.missing.keys() {
        for (of, has) in
            [("rename", profile.rename.contains_key(function)), ("types", profile.types.contains_key(function))]
        {
            if has {
                let line = at(of, function);
                return Err(Wrong(line, format!("`{function}` is in [missing], too")));
            }
        }
    }
    for (function, family) in &profile.types {
        if !Profile::has_type(*family, function) {
            let what = format!("`{function}` has no type that is known in family {family}");
            return Err(Wrong(at("types", function), what));
        }
    }
    Ok(())
}

fn unknown<'a>(at: usize, what: &str, name: &str, names: impl Iterator<Item = &'a str>) -> Wrong {
    let meant = nearest(name, names).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    Wrong(at, format!("no {what} `{name}`{meant}"))
}

fn expected(what: &str, value: &Spanned<DeValue<'_>>) -> Wrong {
    Wrong(value.span().start, format!("expected {what}, not {}", value.get_ref().type_str()))
}

/// Reads one line of text.
fn words(value: &Spanned<DeValue<'_>>) -> Result<String, Wrong> {
    let text = value.get_ref().as_str().ok_or_else(|| expected("text", value))?;
    let is_line = !text.trim().is_empty() && !text.contains(char::is_control);
    if is_line { Ok(text.trim().into()) } else { Err(Wrong(value.span().start, "expected one line of text".into())) }
}

/// Reads a symbol, or the beginning of one.
fn symbol(value: &Spanned<DeValue<'_>>) -> Result<String, Wrong> {
    let symbol = words(value)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_symbol = symbol.chars().all(is_plain) && !symbol.starts_with(|c: char| c.is_ascii_digit());
    if is_symbol { Ok(symbol) } else { Err(Wrong(value.span().start, format!("`{symbol}` is no name in C"))) }
}

fn family(value: &Spanned<DeValue<'_>>) -> Result<Family, Wrong> {
    let name = words(value)?;
    let found = Family::ALL.into_iter().find(|family| family.name() == name);
    found.ok_or_else(|| unknown(value.span().start, "family", &name, Family::ALL.into_iter().map(Family::name)))
}

/// Reads where the size of a block stands.
fn block(value: &Spanned<DeValue<'_>>) -> Result<Block, Wrong> {
    /// Limits what a session may have, bytes.
    const MOST: usize = 1 << 16;
    let what = "`usable`, `before`, or a number of bytes";
    if let Some(number) = value.get_ref().as_integer() {
        let bytes = usize::from_str_radix(number.as_str(), number.radix()).ok();
        let bytes = bytes.filter(|bytes| (1..=MOST).contains(bytes));
        return bytes.map(Block::Bytes).ok_or_else(|| Wrong(value.span().start, format!("expected 1 to {MOST} bytes")));
    }
    match value.get_ref().as_str() {
        Some("usable") => Ok(Block::Usable),
        Some("before") => Ok(Block::Before),
        Some(other) => Err(Wrong(value.span().start, format!("expected {what}, not `{other}`"))),
        None => Err(expected(what, value)),
    }
}

/// Reads a table by functions.
fn functions<T>(
    value: &Spanned<DeValue<'_>>,
    read: fn(&Spanned<DeValue<'_>>) -> Result<T, Wrong>,
) -> Result<BTreeMap<&'static str, T>, Wrong> {
    let table = value.get_ref().as_table().ok_or_else(|| expected("a table", value))?;
    let known = Profile::functions();
    let of = |(key, value): Entry<'_>| {
        let name = &**key.get_ref();
        let function = known.iter().copied().find(|function| *function == name);
        let function = function.ok_or_else(|| unknown(key.span().start, "function", name, known.iter().copied()))?;
        Ok((function, read(value)?))
    };
    in_order(table).into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Profile, String> {
        parse(Path::new("p.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_profile_is_read_as_it_stands() {
        let profile = read(
            "family = \"boring\"\nrelease = \"3.0.8\"\nversion = \"mine 1\"\nprefix = \"my_\"\nblock = 0x40\n\n[rename]\n\
             SSL_SESSION_up_ref = \"my_ref\"\n\n[types]\nSSL_SESSION_set_timeout = \"openssl\"\n\n[missing]\nSSL_SESSION_dup = \"a stub\"\n",
        )
        .expect("a profile");
        assert_eq!((profile.family, profile.release), (Some(Family::Boring), Some(Release::new(3, 0, 8, 0))));
        assert_eq!((profile.version.as_deref(), &*profile.prefix), (Some("mine 1"), "my_"));
        assert_eq!(profile.block, Some(Block::Bytes(64)));
        assert_eq!(profile.rename.get("SSL_SESSION_up_ref").map(String::as_str), Some("my_ref"));
        assert_eq!(profile.types.get("SSL_SESSION_set_timeout"), Some(&Family::OpenSsl));
        assert_eq!(profile.missing.get("SSL_SESSION_dup").map(String::as_str), Some("a stub"));
    }

    #[test]
    fn what_is_not_expected_is_told_with_its_line_and_the_nearest_name() {
        for (text, said) in [
            ("\nprefx = \"a\"\n", "p.toml:2: no key `prefx` (did you mean `prefix`?)"),
            ("prefix = 1\n", "p.toml:1: expected text, not integer"),
            ("prefix = \"a-\"\n", "p.toml:1: `a-` is no name in C"),
            ("family = \"borin\"\n", "p.toml:1: no family `borin` (did you mean `boring`?)"),
            ("release = \"9.9\"\n", "p.toml:1: "),
            ("block = \"after\"\n", "p.toml:1: expected `usable`, `before`, or a number of bytes, not `after`"),
            ("block = 0\n", "p.toml:1: expected 1 to 65536 bytes"),
            ("prefix = \"a\"\nprefix = \"b\"\n", "p.toml:2: duplicate key"),
            ("rename = 1\n", "p.toml:1: expected a table, not integer"),
            (
                "[rename]\n\nSSL_SESSION_dupe = \"a\"\n",
                "p.toml:3: no function `SSL_SESSION_dupe` (did you mean `SSL_SESSION_dup`?)",
            ),
            ("[missing]\nSSL_SESSION_dup = \"\"\n", "p.toml:2: expected one line of text"),
            (
                "[missing]\nSSL_SESSION_dup = \"a\"\n[rename]\nSSL_SESSION_dup = \"b\"\n",
                "p.toml:4: `SSL_SESSION_dup` is in [missing], too",
            ),
            (
                "[types]\nSSL_SESSION_dup = \"boring\"\n",
                "p.toml:2: `SSL_SESSION_dup` has no type that is known in family boring",
            ),
        ] {
            let found = read(text).expect_err(text);
            assert!(found.starts_with(said), "{found}");
        }
    }
}

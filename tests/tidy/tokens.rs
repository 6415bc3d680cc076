//! Rust source as tokens with their lines, without comments and without what is in strings: enough to look for words
//! where they mean something.

/// A word, a character of punctuation, or `""` for a string or character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Counted from 1.
    pub line: usize,
    /// As in the source.
    pub text: &'a str,
}

/// The tokens of `source`. Lifetimes lose their tick.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (text, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, block_comment(rest))
        } else if let Some(length) = literal(rest) {
            (Some("\"\""), length)
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (Some(&rest[..length]), length)
        } else {
            let length = first.len_utf8();
            ((first != '\'').then(|| &rest[..length]), length)
        };
        tokens.extend(text.map(|text| Token { line, text }));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The names that follow the root of the crate, in a file whose module is so many steps below it: `crate::NAME`,
/// `crate::{NAME, NAME}`, and the same by way of `super::`.
pub fn named_at_root<'a>(tokens: &[Token<'a>], below: usize) -> Vec<Token<'a>> {
    let mut named = Vec::new();
    let mut braces: usize = 0;
    let mut modules = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => {
                braces += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    modules.push(braces);
                }
            }
            "}" => {
                if modules.last() == Some(&braces) {
                    modules.pop();
                }
                braces = braces.saturating_sub(1);
            }
            "crate" => tail(&tokens[at + 1..], 0, &mut named),
            // Only the first of a chain; `tail` follows the others.
            "super" if at == 0 || tokens[at - 1].text != ":" => {
                tail(&tokens[at + 1..], below + modules.len() - 1, &mut named);
            }
            _ => {}
        }
    }
    named
}

/// Collects what follows after `up` more steps upwards. `rest` begins behind a `crate` or a `super`.
fn tail<'a>(rest: &[Token<'a>], up: usize, named: &mut Vec<Token<'a>>) {
    let [first, second, next, ..] = rest else { return };
    if first.text != ":" || second.text != ":" {
        return;
    }
    match next.text {
        "super" => tail(&rest[3..], up.saturating_sub(1), named),
        "{" => {
            let mut depth = 1;
            for at in 3..rest.len() {
                match rest[at].text {
                    "{" => depth += 1,
                    "}" if depth == 1 => return,
                    "}" => depth -= 1,
                    _ if depth > 1 || !matches!(rest[at - 1].text, "{" | ",") => {}
                    "super" => tail(&rest[at + 1..], up.saturating_sub(1), named),
                    _ if up == 0 => named.push(rest[at]),
                    _ => {}
                }
            }
        }
        _ if up == 0 => named.push(*next),
        _ => {}
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the comment that `rest` begins with; they nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of the string or character literal that `rest` begins with, its prefix included.
fn literal(rest: &str) -> Option<usize> {
    let (prefix, open) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
    if !["", "b", "c", "r", "br", "cr"].contains(&prefix) {
        return None;
    }
    if prefix.ends_with('r') {
        let hashes = open.len() - open.trim_start_matches('#').len();
        let body = open[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(body.find(&end).map_or(rest.len(), |at| prefix.len() + hashes + 1 + at + end.len()));
    }
    let quote = open.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let one_character = quote == '\'' && !open[1..].starts_with('\\');
    let mut escaped = false;
    for (at, c) in open.char_indices().skip(1) {
        if c == quote && !escaped {
            return Some(prefix.len() + at + 1);
        }
        // A tick that is not closed after one character begins a lifetime.
        if one_character && at > 1 {
            return None;
        }
        escaped = c == '\\' && !escaped;
    }
    Some(rest.len())
}

mod each_token {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_strings_hold_no_tokens() {
        assert_eq!(texts("a // b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
        assert_eq!(
            texts(r##"x("a \" b", r"c\", r#"d " e"#, b"f", br#"g"#, c"h")"##).concat(),
            r#"x("","","","","","")"#
        );
        assert_eq!(texts("a('b', '\\'', '\"', b'c', '\\u{1f}', '_')").concat(), r#"a("","","","","","")"#);
        assert_eq!(texts("fn f<'a>(x: &'a str, r: &'_ u8)").concat(), "fnf<a>(x:&astr,r:&_u8)");
        assert_eq!(texts("r.br(b, c)").concat(), "r.br(b,c)");
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let found = tokens("/* a\n */ b \"c\nd\" // e\nf");
        assert_eq!(
            found.iter().map(|token| (token.line, token.text)).collect::<Vec<_>>(),
            [(2, "b"), (2, "\"\""), (4, "f")]
        );
    }
}

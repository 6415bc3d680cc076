//! Just enough JSON to check what is printed: the executable's own library is no dependency of the tests.

use super::Ran;

impl Ran {
    /// Standard output is one JSON object on one line, and standard error is empty.
    #[track_caller]
    pub fn prints_one_object(self) -> Ran {
        let ran = self.quietly();
        assert!(ran.stdout.ends_with('\n') && ran.stdout.lines().count() == 1, "not one line: {ran:?}");
        assert!(is_object(ran.stdout.trim_end()), "no object: {ran:?}");
        ran
    }

    /// The number of the first field with this name.
    #[track_caller]
    pub fn number(&self, name: &str) -> u64 {
        let field = format!("\"{name}\":");
        let rest = self.stdout.split_once(&field).unwrap_or_else(|| panic!("no {field}: {self:?}")).1;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.parse().unwrap_or_else(|_| panic!("{field} is no number: {self:?}"))
    }

    /// What the same programs have in common.
    #[track_caller]
    pub fn numbers(&self) -> [u64; 4] {
        ["programs", "ops", "skipped", "divergences"].map(|name| self.number(name))
    }
}

/// Whether braces, brackets and strings are closed, the outermost brace only at the end.
pub fn is_object(text: &str) -> bool {
    let mut open = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' | '[' => open.push(c),
            '}' | ']' => {
                if open.pop() != Some(if c == '}' { '{' } else { '[' }) {
                    return false;
                }
                if open.is_empty() {
                    return text.starts_with('{') && at + 1 == text.len();
                }
            }
            '"' => loop {
                match chars.next() {
                    Some((_, '"')) => break,
                    Some((_, '\\')) => drop(chars.next()),
                    Some((_, c)) if c >= ' ' => {}
                    _ => return false,
                }
            },
            _ => {}
        }
    }
    false
}

#[test]
fn what_is_no_object_is_found() {
    for object in ["{}", "{\"a\":[1,{\"b\":\"}\\\"\"}]}"] {
        assert!(is_object(object), "{object}");
    }
    for none in ["", "[]", "{", "{}{}", "{}}", "{]", "{\"}", "{\"a\":\"\n\"}", "{} "] {
        assert!(!is_object(none), "{none}");
    }
}

//! A program: a list of ops, spelled as text (committed, reviewed) or as wire (what a fuzzer mutates).

mod case;
mod listing;
mod repeat;

pub use case::{Case, CaseError, MAX_FILE};

use std::fmt;

use arbitrary::{Arbitrary, Unstructured};

use crate::op::{Cursor, Expected, Kind, Op, TextError, Wire};
use listing::Listing;
use repeat::Calls;

/// The longest program; what follows is cut on the wire and an error in text.
pub const MAX_OPS: usize = 10_000;
/// The most bytes that a fuzzer is allowed to make: `-max_len` of `scripts/fuzz`.
pub const MAX_INPUT: usize = 4096;
/// The line that a program in text begins with.
pub const MARKER: &str = "#! sessdiff 1";

/// A list of calls.
///
/// ```
/// use sessdiff::program::Program;
///
/// let program: Program = "#! sessdiff 1\ns0 = SSL_SESSION_new()\nSSL_SESSION_free(s0)\n".parse()?;
/// assert_eq!(program.ops.len(), 2);
/// assert_eq!(Program::from_bytes(&program.to_wire()), program);
/// # Ok::<(), sessdiff::op::TextError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Program {
    /// The calls in order, at most [`MAX_OPS`].
    pub ops: Vec<Op>,
}

impl Program {
    /// Reads any bytes as some program: as text if they start with `#!`, as wire otherwise. What cannot be read is dropped: an
    /// unknown opcode byte, an op cut off by the end, a line that is no call.
    pub fn from_bytes(bytes: &[u8]) -> Program {
        if bytes.starts_with(b"#!") {
            let text = String::from_utf8_lossy(bytes);
            let mut calls = Calls::default();
            // What is wrong is left out.
            text.lines().for_each(|line| calls.read(1, line).unwrap_or_default());
            return Program { ops: calls.take() };
        }
        let mut ops = Vec::new();
        let mut wire = Wire::new(bytes);
        while ops.len() < MAX_OPS
            && let Some(code) = wire.byte()
        {
            let Some(kind) = Kind::from_opcode(code) else { continue };
            let Some(op) = kind.take_wire(&mut wire) else { break };
            ops.push(op);
        }
        Program { ops }
    }

    /// Returns the wire form, which is explicit: one opcode byte and its operands for each op.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.ops.len() * 8);
        for op in &self.ops {
            op.put_wire(&mut out);
        }
        out
    }
}

impl std::str::FromStr for Program {
    type Err = TextError;

    /// Reads text strictly: from the marker on, every line is a call, a comment or empty. A text that has something before
    /// the marker was copied from somewhere: its program ends before the first paragraph that does not begin with a call.
    fn from_str(text: &str) -> Result<Program, TextError> {
        // There is one at least.
        Listing::find(text)?.program().map_err(|mut wrong| wrong.swap_remove(0).0)
    }
}

fn read_line(number: usize, line: &str) -> Result<Option<Op>, TextError> {
    let mut cursor = Cursor::new(number, line);
    if cursor.at_end() {
        return Ok(None);
    }
    let start = cursor.clone();
    let result = cursor.result()?;
    let mut operands = cursor.clone();
    operands.word();
    let kind = cursor.word_as(Expected::Function, |name| Kind::of_call(name, &operands))?;
    if result.is_some() && !kind.has_result() {
        return Err(start.error(Expected::NoResult));
    }
    if result.is_none() && kind.has_result() {
        return Err(start.error(Expected::Result));
    }
    let op = kind.parse(result, &mut cursor)?;
    if cursor.at_end() { Ok(Some(op)) } else { Err(cursor.error(Expected::End)) }
}

/// The text, marker first: what can be saved and committed.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MARKER}")?;
        self.ops.iter().try_for_each(|op| writeln!(f, "{op}"))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// By hand over the wire decoder, both ways alike: a derived one would change the meaning of stored inputs with every
/// new op.
impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Program> {
        Ok(Program::from_bytes(u.bytes(u.len())?))
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> arbitrary::Result<Program> {
        Ok(Program::from_bytes(u.take_rest()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> String {
        format!("{MARKER}\n{line}\n").parse::<Program>().unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_line_is_named_with_its_place() {
        assert_eq!(
            "s0 = SSL_SESSION_new()".parse::<Program>().unwrap_err().to_string(),
            "1:1: expected the line `#! sessdiff 1` before the calls"
        );
        assert_eq!(
            error("SSL_SESSION_fre(s0)"),
            "2:1: expected a function of the table of operations, not `SSL_SESSION_fre`; did you mean `SSL_SESSION_free`?"
        );
        for (word, meant) in [
            ("ssl_session_new", "SSL_SESSION_new"),
            ("SSL_SESSION_upref", "SSL_SESSION_up_ref"),
            ("SSL_SESSION_get_hostname", "SSL_SESSION_get0_hostname"),
            ("SSL_CTX_flush_session", "SSL_CTX_flush_sessions"),
            ("advanceclock", "advance_clock"),
        ] {
            assert!(
                error(&format!("{word}()")).ends_with(&format!(", not `{word}`; did you mean `{meant}`?")),
                "{word}"
            );
        }
        assert!(error("EVP_MD_CTX_copy_ex(s0)").ends_with(", not `EVP_MD_CTX_copy_ex`"));
        assert!(error("(s0)").ends_with(", not `(`"), "{}", error("(s0)"));
        assert_eq!(error("SSL_SESSION_new()"), "2:1: expected a slot for the result: `s0 = ...`");
        assert_eq!(error("s1 = SSL_SESSION_up_ref(s0)"), "2:1: expected no slot for a result: this call makes nothing");
        assert_eq!(error("SSL_SESSION_up_ref(s8)"), "2:20: expected a session slot, s0 to s7");
        assert_eq!(error("SSL_SESSION_up_ref(NULL)"), "2:20: expected a session slot, s0 to s7");
        assert_eq!(error("SSL_SESSION_set1_id(s0)"), "2:23: expected `,`");
        assert_eq!(error("SSL_SESSION_set1_id(s0, \"a)"), "2:28: expected `\"`");
        assert_eq!(error("SSL_SESSION_set1_id(s0, x\"6\")"), "2:27: expected two hexadecimal digits");
        assert_eq!(error("SSL_SESSION_free(s0) s1"), "2:22: expected the end of the line");
        assert_eq!(
            error("SSL_SESSION_set_max_early_data(s0, 0x100000000)"),
            "2:36: expected an integer from 0 to 4294967295"
        );
        assert!(error("s0 = sample_session(tls)").starts_with("2:21: expected one of tls12_id, "));
    }

    #[test]
    fn a_wrong_block_is_named_with_its_place() {
        let remove = |block: &str| error(&format!("SSL_CTX_sess_set_remove_cb(c0, {block})"));
        let new = |block: &str| error(&format!("SSL_CTX_sess_set_new_cb(c0, {block})"));
        let misspelt = remove("{ SSL_SESSION_upref(session) }");
        assert!(misspelt.starts_with("2:34: expected one of SSL_SESSION_up_ref, "), "{misspelt}");
        assert!(misspelt.ends_with(", not `SSL_SESSION_upref`; did you mean `SSL_SESSION_up_ref`?"), "{misspelt}");
        assert_eq!(remove("{ SSL_SESSION_up_ref(s0) }"), "2:53: expected one of session, copy, not `s0`");
        assert_eq!(
            remove("{ SSL_CTX_add_session(c4, session) }"),
            "2:54: expected a context slot, c0 to c3, or context"
        );
        assert_eq!(remove("{ SSL_SESSION_dup(session) }"), "2:34: expected one of copy, not `SSL_SESSION_dup`");
        assert_eq!(
            remove("{ copy = SSL_SESSION_up_ref(session) }"),
            "2:34: expected no slot for a result: this call makes nothing"
        );
        let five = ["SSL_SESSION_up_ref(session)"; 5].join("; ");
        assert_eq!(remove(&format!("{{ {five} }}")), "2:150: expected at most 4 calls");
        assert_eq!(new("{ }"), "2:31: expected one of return, not `}`");
        assert_eq!(new("{ return 2 }"), "2:38: expected an integer from 0 to 1");
        assert_eq!(new("{ SSL_SESSION_up_ref(session) }"), "2:59: expected `;`");
        let own_name = error("remove_cb_block(c0, { })");
        assert!(own_name.starts_with("2:1: expected a function of the table of operations"), "{own_name}");
    }

    #[test]
    fn what_is_repeated_is_written_out() {
        let free = "SSL_SESSION_up_ref(s0)\n";
        let text = format!("{MARKER}\ns0 = SSL_SESSION_new()\nrepeat 3 {{ # why\n\n  {free}}}\n{free}");
        let program: Program = text.parse().unwrap();
        assert_eq!(program.to_string(), format!("{MARKER}\ns0 = SSL_SESSION_new()\n{}", free.repeat(4)));
        assert_eq!(Program::from_bytes(text.as_bytes()), program);
        assert_eq!(Program::from_bytes(&program.to_wire()), program);
        let copied =
            format!("Look:\n\n{MARKER}\ns0 = SSL_SESSION_new()\n\nrepeat 3 {{\n{free}\n}}\n\n{free}\nThat was it.\n");
        assert_eq!(copied.parse(), Ok(program));
        for (lines, said) in [
            ("repeat 0 {", "2:8: expected an integer from 1 to 10000"),
            ("repeat 2", "2:9: expected `{`"),
            ("repeat 2 { SSL_SESSION_up_ref(s0) }", "2:12: expected the end of the line"),
            ("repeat 2 {\nrepeat 2 {\n}", "3:1: expected `}`"),
            ("repeat 2 {\nSSL_SESSION_up_ref(s0)", "3:1: expected `}`"),
            ("SSL_SESSION_up_ref(s0)\nrepeat 10000 {\nSSL_SESSION_up_ref(s0)\n}", "5:1: expected at most 10000 calls"),
        ] {
            assert_eq!(error(lines), said, "{lines}");
        }
        assert!(error("}").starts_with("2:1: expected a function"));
    }

    #[test]
    fn an_unknown_word_is_told_the_nearest() {
        for (line, meant) in [
            ("SSL_CTX_set_verify(c0, SSL_VERIFY_PEAR)", "SSL_VERIFY_PEER"),
            (
                "SSL_CTX_set_session_cache_mode(c0, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_CLENT)",
                "SSL_SESS_CACHE_CLIENT",
            ),
            ("c0 = SSL_CTX_new(tls_server_metod())", "TLS_server_method()"),
            ("s0 = sample_session(tls12_tiket)", "tls12_ticket"),
            ("SSL_SESSION_set_protocol_version(s0, TLS1_3_VERSON)", "TLS1_3_VERSION"),
        ] {
            let said = error(line);
            let word = line.trim_end_matches([')', '(']).rsplit([' ', '(']).next().unwrap();
            assert!(said.starts_with(&format!("2:{}: expected ", line.find(word).unwrap() + 1)), "{said}");
            assert!(said.ends_with(&format!(", not `{word}`; did you mean `{meant}`?")), "{said}");
        }
        let said = error("s0 = sample_session(tls)");
        assert!(said.ends_with(", not `tls`"), "{said}");
    }

    #[test]
    fn a_program_is_found_wherever_it_stands() {
        let calls = "s0 = SSL_SESSION_new()\nSSL_SESSION_free(s0)\n";
        let program: Program = format!("{MARKER}\n{calls}").parse().unwrap();
        let indented =
            |by: &str| format!("{MARKER}\n{calls}").lines().map(|line| format!("{by}{line}\n")).collect::<String>();
        for (text, form) in [
            (format!("\u{feff}{MARKER}\n{calls}"), "byte order mark"),
            (format!("\n \n{MARKER}\n{calls}"), "empty lines"),
            (indented("    "), "Markdown's indent"),
            (indented("\t"), "a tab"),
            (format!("{MARKER}\n{calls}").replace('\n', "\r\n"), "lines of Windows"),
            (format!("\u{feff}\r\n{}", indented("    ").replace('\n', "\r\n")), "all of it"),
            (
                format!(
                    "COUNT end/leak\n  at step 2\n\n{MARKER}\n{calls}\nreplay: sessdiff replay a.ops\n\nagree (or not)\n"
                ),
                "a block",
            ),
            (format!("Look:\n\n```\n{MARKER}\n{calls}```\nThat was it.\n"), "a fence"),
            (format!("Look:\n{}\nThat was it.\n", indented("    ")), "an indented block"),
            (format!("{MARKER} 2\n\n{MARKER}\n{calls}"), "a line that is almost the marker"),
            (format!("Look:\n{MARKER}\n{}", calls.replace('\n', "\n\n")), "a paragraph a call"),
        ] {
            assert_eq!(text.parse::<Program>(), Ok(program.clone()), "{form}: {text:?}");
        }
        // A line keeps its number, and only what was copied may end in something else.
        let wrong = |text: String| text.parse::<Program>().unwrap_err().to_string();
        assert!(wrong(format!("Look:\n\n  {MARKER}\n  s9 = SSL_SESSION_new()\n")).starts_with("4:3: expected "));
        assert!(wrong(format!("Look:\n{MARKER}\n{calls}\nSSL_SESSION_fre(s0)\n")).starts_with("6:1: expected "));
        assert!(wrong(format!("{MARKER}\n{calls}\nreplay: a.ops\n")).starts_with("5:1: expected "));
        assert!(wrong(format!("  {MARKER} 2\n{calls}")).starts_with("1:1: expected "));
    }

    #[test]
    fn text_forms_that_differ_mean_the_same() {
        let parse = |line: &str| format!("{MARKER}\n{line}").parse::<Program>().unwrap();
        assert_eq!(
            parse(" SSL_SESSION_set1_id ( s0 , \"a\\x00b\" ) # why"),
            parse("SSL_SESSION_set1_id(s0, x\"610062\")")
        );
        assert_eq!(parse("SSL_SESSION_set_time(s0, now - 5)"), parse("SSL_SESSION_set_time(s0, now -5)"));
        assert_eq!(
            parse("SSL_SESSION_set_protocol_version(s0, TLS1_3_VERSION)"),
            parse("SSL_SESSION_set_protocol_version(s0, 0x304)")
        );
        assert_ne!(parse("SSL_SESSION_set1_hostname(s0, NULL)"), parse("SSL_SESSION_set1_hostname(s0, \"\")"));
    }

    #[test]
    fn arbitrary_reads_all_there_is_both_ways() {
        let program: Program = "#! sessdiff 1\ns0 = SSL_SESSION_new()\ns1 = SSL_SESSION_dup(s0)\n".parse().unwrap();
        let wire = program.to_wire();
        let mut some = Unstructured::new(&wire);
        assert_eq!(Program::arbitrary(&mut some).unwrap(), program);
        assert_eq!(Program::arbitrary_take_rest(Unstructured::new(&wire)).unwrap(), program);
    }

    #[test]
    fn junk_on_the_wire_is_dropped() {
        let program = Program::from_bytes(&[0x00, 0x01, 0x09, 0xfe, 0x04, 0xff, 0x03]);
        assert_eq!(program.to_string(), "#! sessdiff 1\ns1 = SSL_SESSION_new()\nSSL_SESSION_free(NULL)\n");
    }
}

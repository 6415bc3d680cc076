//! Reads the fields of sessions in C, and checks them against what is expected.

use super::super::Subject;
use super::readers::{self, Getter, getter};
use super::value::{number, pointer_and_length};
use crate::der::{element, tag};
use crate::field::Field;
use crate::op::{Kind, Op, Variable};
use crate::trace::Entry;

/// Returns the variables whose sessions were observed after a step. A connection is among them where no slot holds its session.
pub(super) fn observed(subject: &Subject<'_>, at: usize) -> Vec<Variable> {
    let mut sessions: Vec<Variable> = Vec::new();
    for entry in subject.expected.entries(at) {
        if let Some(variable) = whose(&entry)
            && !sessions.contains(&variable)
        {
            sessions.push(variable);
        }
    }
    sessions
}

/// Returns the variable that an entry announces: the fields that follow are those of its session.
fn whose(entry: &Entry<'_>) -> Option<Variable> {
    if let Entry::Session(slot) = entry {
        return Some(Variable::Session(*slot));
    }
    if let Entry::SessionOf(x) = entry { Some(Variable::Connection(*x)) } else { None }
}

/// Names a variable's session in words.
pub(super) fn in_words(of: Variable) -> String {
    match of {
        Variable::Connection(x) => format!("the session of {x}"),
        Variable::Session(_) | Variable::Context(_) => of.to_string(),
    }
}

/// Spells a variable's session in C.
pub(super) fn in_c(of: Variable) -> String {
    match of {
        Variable::Connection(x) => format!("SSL_get_session({x})"),
        Variable::Session(_) | Variable::Context(_) => of.to_string(),
    }
}

/// Returns the field that a getter reads.
pub(super) fn field_read(op: &Op) -> Option<Field> {
    op.kind().reads().or(op.kind().copies())
}

/// Returns what a getter of a number reads.
pub(super) fn number_read(subject: &Subject<'_>, at: usize) -> Option<i64> {
    let field = subject.program.ops.get(at)?.reads()?;
    if field.is_bytes() || getter(field.getter()) == Some(Getter::Cipher) || field.is_drawn() && talks(subject) {
        return None;
    }
    let mut entries = subject.expected.entries(at);
    entries
        .find_map(|entry| if let Entry::Number(read, value) = entry { (read == field).then_some(value) } else { None })
}

/// Returns the entry of a session's field after a step; `None`: it was not read there.
fn expected<'a>(subject: &Subject<'a>, at: usize, of: Variable, field: Field) -> Option<Entry<'a>> {
    let mut here = None;
    let entries = subject.expected.entries(at).filter(|entry| {
        here = whose(entry).or(here);
        // Before the first observation a getter's own answer may stand; after it the last observation counts.
        entry.field() == Some(field) && here.is_none_or(|here| here == of)
    });
    entries.last()
}

/// Writes the check of one field of a session; `None`: it was not read after this step.
pub(super) fn field_check(subject: &Subject<'_>, at: usize, of: Variable, field: Field) -> Option<String> {
    let drawn = field.is_drawn() && talks(subject);
    // The suites of TLS 1.3 are what the program allows.
    let agreed = || matches!(expected(subject, at, of, field), Some(Entry::Number(Field::Cipher, 0x1300..=0x13ff)));
    if drawn && !field.is_bytes() && !agreed() {
        return None;
    }
    let (name, session) = (format!("{} of {}", field.name(), in_words(of)), in_c(of));
    if let Some(tag) = field.hidden_tag() {
        let Entry::Bytes(_, Some(der)) = expected(subject, at, of, Field::Der)? else { return None };
        let (pointer, length) = pointer_and_length(element(der, field));
        return (!drawn).then(|| format!("bytes({at}, \"{name}\", {pointer}, {length}, element({session}, {tag}));"));
    }
    let entry = expected(subject, at, of, field)?;
    if let Entry::Number(_, value) = entry {
        return Some(format!("number({at}, \"{name}\", {}, {});", number(value), read_number(&session, field)?));
    }
    let Entry::Bytes(_, bytes) = entry else { return None };
    let (pointer, length) = pointer_and_length(bytes);
    let read = reader(&session, field);
    // Another program has another: an id that is as long, and of the rest one if there was one here.
    Some(match (drawn, field) {
        (true, Field::Id) => format!("number({at}, \"length of {name}\", {length}, (long long){read}.length);"),
        (true, _) => format!("number({at}, \"there is {name}\", {}, {read}.length != 0);", i32::from(length > 0)),
        (false, _) => format!("bytes({at}, \"{name}\", {pointer}, {length}, {read});"),
    })
}

/// Writes the check of what DER has of one field of a session; `None`: it was not written after this step, or another program has
/// another.
pub(super) fn encoded(subject: &Subject<'_>, at: usize, of: Variable, field: Field) -> Option<String> {
    let Some(tag) = tag(field).filter(|_| field.hidden_tag().is_none()) else {
        let whole = field.hidden_tag().is_none() && !talks(subject);
        return field_check(subject, at, of, if whole { Field::Der } else { field });
    };
    let Entry::Bytes(_, Some(der)) = expected(subject, at, of, Field::Der)? else { return None };
    let name = format!("{} of {} in DER", field.name(), in_words(of));
    let (pointer, length) = pointer_and_length(element(der, field));
    let known = !(field.is_drawn() && talks(subject));
    known.then(|| format!("bytes({at}, \"{name}\", {pointer}, {length}, element({}, {tag}));", in_c(of)))
}

/// Tells whether the program makes handshakes.
pub(super) fn talks(subject: &Subject<'_>) -> bool {
    subject.program.ops.iter().any(|op| op.kind() == Kind::Handshake)
}

/// Reads a field that is a number, or that C compares as one.
pub(super) fn read_number(slot: impl std::fmt::Display, field: Field) -> Option<String> {
    if let Some(index) = field.ex_index() {
        return Some(format!("(long long)(uintptr_t)SSL_SESSION_get_ex_data({slot}, {})", index.number()));
    }
    if getter(field.getter()) == Some(Getter::Cipher) {
        return Some(format!("cipher_of({slot})"));
    }
    if field.hidden_tag().is_some() {
        return None;
    }
    (!field.is_bytes()).then(|| format!("(long long){}({slot})", field.getter().name()))
}

/// Writes the statement that compares a field of two sessions. It stands in a C function that has the sessions `a` and `b` and
/// the step `at`.
pub(super) fn same(field: Field) -> String {
    let name = field.name();
    if let (Some(a), Some(b)) = (read_number("a", field), read_number("b", field)) {
        return format!("    number(at, \"{name} of source and copy\", {a}, {b});\n");
    }
    let (a, b) = (reader("a", field), reader("b", field));
    format!("    bytes(at, \"{name} of source and copy\", {a}.at, {a}.length, {b});\n")
}

/// Reads a field that is bytes.
pub(super) fn reader(slot: impl std::fmt::Display, field: Field) -> String {
    format!("{}({slot})", readers::name(field))
}

//! The fields of sessions in C, and what is expected of them.

use super::super::Subject;
use super::operand::index_of;
use super::readers;
use super::value::number;
use crate::field::Field;
use crate::op::{Kind, Op, Variable};
use crate::trace::Entry;

/// The sessions that were observed after a step: those of slots, and those of connections that no slot holds.
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

/// Whose session the fields after this entry belong to.
fn whose(entry: &Entry<'_>) -> Option<Variable> {
    match entry {
        Entry::Session(slot) => Some(Variable::Session(*slot)),
        Entry::SessionOf(x) => Some(Variable::Connection(*x)),
        _ => None,
    }
}

/// The session in words.
pub(super) fn in_words(of: Variable) -> String {
    match of {
        Variable::Connection(x) => format!("the session of {x}"),
        Variable::Session(_) | Variable::Context(_) => of.to_string(),
    }
}

/// The session in C.
pub(super) fn in_c(of: Variable) -> String {
    match of {
        Variable::Connection(x) => format!("SSL_get_session({x})"),
        Variable::Session(_) | Variable::Context(_) => of.to_string(),
    }
}

/// The field that a getter reads.
pub(super) fn field_read(op: &Op) -> Option<Field> {
    Field::ALL.iter().copied().find(|field| field.getter() == op.kind() && field.ex_index().is_none())
}

/// What a getter of a number reads.
pub(super) fn number_read(subject: &Subject<'_>, at: usize) -> Option<i64> {
    let op = subject.program.ops.get(at)?;
    let field = match op {
        Op::GetExData { index, .. } => Field::of_ex_index(*index),
        _ => field_read(op).filter(|field| !field.is_bytes() && *field != Field::Cipher),
    }?;
    if is_drawn(field) && talks(subject) {
        return None;
    }
    subject.expected.entries(at).find_map(|entry| match entry {
        Entry::Number(read, value) if read == field => Some(value),
        _ => None,
    })
}

/// One field of a session against what is expected of it.
pub(super) fn field_check(subject: &Subject<'_>, at: usize, of: Variable, field: Field) -> Option<String> {
    let drawn = is_drawn(field) && talks(subject);
    if drawn && !field.is_bytes() {
        return None;
    }
    let mut here = None;
    let mut last = None;
    for entry in subject.expected.entries(at) {
        match entry {
            Entry::Session(_) | Entry::SessionOf(_) => here = whose(&entry),
            // Before the first observation a getter's own answer may stand; after it the last observation counts.
            Entry::Number(..) | Entry::Bytes(..) if here == Some(of) || here.is_none() => {
                if let Entry::Number(read, value) = entry
                    && read == field
                {
                    last = Some(Err(value));
                }
                if let Entry::Bytes(read, bytes) = entry
                    && read == field
                {
                    last = Some(Ok(bytes.map(<[u8]>::to_vec)));
                }
            }
            _ => {}
        }
    }
    let (name, session) = (format!("{} of {}", field.name(), in_words(of)), in_c(of));
    Some(match last? {
        Err(value) => format!("number({at}, \"{name}\", {}, {});", number(value), read_number(&session, field)?),
        // Another program has another: an id that is as long, and of the rest one if there was one here.
        Ok(expected) if drawn => {
            let length = expected.map_or(0, |id| id.len());
            let read = reader(&session, field);
            match field {
                Field::Id => format!("number({at}, \"length of {name}\", {length}, (long long){read}.length);"),
                _ => format!("number({at}, \"there is {name}\", {}, {read}.length != 0);", i32::from(length > 0)),
            }
        }
        Ok(expected) => {
            let (pointer, length) = super::value::pointer_and_length(expected.as_deref());
            format!("bytes({at}, \"{name}\", {pointer}, {length}, {});", reader(&session, field))
        }
    })
}

/// Whether a handshake draws it: another program has another.
fn is_drawn(field: Field) -> bool {
    matches!(field, Field::Id | Field::MasterKey | Field::Ticket | Field::Peer | Field::Cipher)
}

pub(super) fn talks(subject: &Subject<'_>) -> bool {
    subject.program.ops.iter().any(|op| op.kind() == Kind::Handshake)
}

pub(super) fn read_number(slot: impl std::fmt::Display, field: Field) -> Option<String> {
    if let Some(index) = field.ex_index() {
        return Some(format!("(long long)(uintptr_t)SSL_SESSION_get_ex_data({slot}, {})", index_of(index)));
    }
    if field == Field::Cipher {
        return Some(format!("cipher_of({slot})"));
    }
    (!field.is_bytes()).then(|| format!("(long long){}({slot})", field.getter().name()))
}

/// Compares a field of the sessions `a` and `b`: a statement in C, in a function that has both and the step `at`.
pub(super) fn same(field: Field) -> String {
    let name = field.name();
    match (read_number("a", field), read_number("b", field)) {
        (Some(a), Some(b)) => format!("    number(at, \"{name} of source and copy\", {a}, {b});\n"),
        _ => {
            let (a, b) = (reader("a", field), reader("b", field));
            format!("    bytes(at, \"{name} of source and copy\", {a}.at, {a}.length, {b});\n")
        }
    }
}

/// Reads a field that is bytes.
pub(super) fn reader(slot: impl std::fmt::Display, field: Field) -> String {
    format!("{}({slot})", readers::name(field))
}

/// Where the bytes of a field are.
pub(super) fn pointer(of: Variable, field: Field) -> String {
    format!("{}.at", reader(in_c(of), field))
}

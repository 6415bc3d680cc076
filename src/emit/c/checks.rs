//! What is checked after which call: what the signature is about, or, without one, everything that the calls return.

use super::super::Subject;
use super::callbacks::event;
use super::calls::{argument_of, index_of};
use super::readers;
use super::sharing::{may_destroy, shared_checks};
use super::value::{literal, number};
use crate::field::Field;
use crate::op::{Kind, Op, Slot};
use crate::plan::{Makes, Step, touches};
use crate::trace::{After, Entry};

/// What a program is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// What every call returns, what is read, how many sessions were destroyed, a copy against its source.
    Everything,
    /// What constructors and setters return.
    Return,
    /// How many sessions were destroyed after each call.
    Destroyed,
    /// What lives on when everything was given back.
    Leak,
    /// Whether an error was raised.
    ErrorQueue,
    /// Whether the error that was there before is still there.
    ErrorLost,
    /// Whether the bytes that were given are as they were.
    Argument,
    /// What a call copies out, and that it writes nowhere else.
    Copied,
    /// A field.
    Field(Field),
    /// A buffer that two sessions must not share.
    Shared(Field),
    /// A NULL that must have no length.
    Length(Field),
    /// What is cached, and which session a connection has.
    Sharing,
    /// The callbacks of ex_data.
    Callbacks,
    /// That the calls return, and touch no memory but their own.
    Memory,
}

/// The checks of one program.
pub(super) struct Checks {
    pub about: About,
    /// The steps after which it is looked.
    at: Vec<bool>,
    results: Vec<bool>,
}

impl Checks {
    pub fn of(subject: &Subject<'_>) -> Checks {
        let (call, about) = match subject.signature.and_then(|signature| signature.split_once('/')) {
            Some((call, aspect)) => (Some(call), about(aspect)),
            None => (None, About::Everything),
        };
        let steps = subject.plan.steps.len() + subject.plan.given_back().count();
        let given_back: Vec<Op> = subject.plan.given_back().collect();
        let name = |at: usize| {
            let op = subject.program.ops.get(at).or_else(|| given_back.get(at - subject.program.ops.len()));
            op.map_or("SSL_SESSION_free", |op| op.kind().name())
        };
        let everywhere = matches!(about, About::Everything | About::Destroyed | About::Callbacks);
        let at: Vec<bool> = (0..steps).map(|step| everywhere || call == Some(name(step))).collect();
        let keeps = |step: &usize| {
            let made = subject
                .plan
                .steps
                .get(*step)
                .is_some_and(|plan| matches!(plan, Step::Run { makes: Makes::Nothing, .. }));
            let reads = matches!(about, About::Everything | About::Return | About::Copied);
            let returned = subject.expected.entries(*step).any(|entry| matches!(entry, Entry::Return(_)));
            made && reads && at[*step] && (returned || number_read(subject, *step).is_some())
        };
        let results = (0..steps).map(|step| keeps(&step)).collect();
        Checks { about, at, results }
    }

    /// Whether the result of the call is looked at.
    pub fn keeps_result(&self, at: usize) -> bool {
        self.results.get(at).is_some_and(|kept| *kept)
    }

    pub fn any_result(&self) -> bool {
        self.results.contains(&true)
    }

    /// Whether the call is given an array that is looked at afterwards.
    pub fn keeps_argument(&self, at: usize) -> bool {
        matches!(self.about, About::Argument | About::Field(_)) && self.is_at(at)
    }

    /// Whether that array is overwritten before it is looked at anything else.
    pub fn overwrites_argument(&self) -> bool {
        self.about != About::Argument
    }

    fn is_at(&self, at: usize) -> bool {
        self.at.get(at).is_some_and(|looked| *looked)
    }

    /// What is done before a call.
    pub fn before(&self, at: usize) -> Vec<String> {
        if !self.is_at(at) {
            return Vec::new();
        }
        match self.about {
            About::ErrorQueue => vec!["ERR_clear_error();".into()],
            About::ErrorLost => vec!["ERR_clear_error();".into(), "ERR_raise(ERR_LIB_USER, 1);".into()],
            About::Everything
            | About::Return
            | About::Destroyed
            | About::Leak
            | About::Argument
            | About::Copied
            | About::Field(_)
            | About::Shared(_)
            | About::Length(_)
            | About::Sharing
            | About::Callbacks
            | About::Memory => Vec::new(),
        }
    }

    /// Calls of the getter that is to blame, where the program has none: that it is called at all is what is wrong.
    pub fn at_the_end(&self, subject: &Subject<'_>) -> Vec<String> {
        let call = subject.signature.and_then(|signature| signature.split_once('/')).map(|(call, _)| call);
        let getter = call.filter(|call| !subject.program.ops.iter().any(|op| op.kind().name() == *call));
        let fields = Field::ALL.iter().filter(|field| getter.is_some_and(|getter| field.getter().name() == getter));
        let last = subject.program.ops.len().saturating_sub(1);
        let live = live_slots(subject, last);
        let mut lines = Vec::new();
        for (field, slot) in fields.flat_map(|field| live.iter().map(move |slot| (*field, *slot))) {
            let read = read_number(slot, field).unwrap_or_else(|| reader(slot, field));
            match self.about {
                About::ErrorQueue => lines.extend([
                    "ERR_clear_error();".into(),
                    format!("(void){read};"),
                    format!(
                        "number({last}, \"reading {} of {slot} raised an error\", 0, ERR_peek_error() != 0);",
                        field.name()
                    ),
                ]),
                About::Return if field == Field::TicketAppdata => lines.push(format!(
                    "{{\n    void *p;\n    size_t n;\n\n    number({last}, \"returned\", 1, {}({slot}, &p, &n));\n}}",
                    field.getter().name()
                )),
                _ => lines.push(format!("(void){read};")),
            }
        }
        lines
    }

    /// What is checked after a call.
    pub fn after(&self, subject: &Subject<'_>, at: usize, op: &Op) -> Vec<String> {
        let made = touches(op).made;
        let planned = subject.plan.steps.get(at);
        let makes = planned.is_some_and(|step| matches!(step, Step::Run { makes: Makes::Session, .. }));
        let mut lines = Vec::new();
        if let Some(slot) = made {
            // Whatever is looked for: what follows relies on the pointer.
            let expected = subject.expected.entries(at).find_map(|entry| match entry {
                Entry::Made(made) => Some(made),
                _ => None,
            });
            let makes = expected.unwrap_or(makes);
            lines.push(format!("number({at}, \"a session is returned\", {}, {slot} != NULL);", i32::from(makes)));
        }
        if !self.is_at(at) {
            return lines;
        }
        let entries = || subject.expected.entries(at);
        let live = live_slots(subject, at);
        match self.about {
            About::Everything => {
                lines.extend(self.result(subject, at));
                lines.extend(copied(subject, at, op));
                if let (Some(field), Some(slot)) = (field_read(op), touches(op).used)
                    && field.is_bytes() | (field == Field::Cipher)
                {
                    lines.extend(field_check(subject, at, slot, field));
                }
                if let (Op::Dup { dst, src }, true) = (op, makes) {
                    lines.push(format!("alike({at}, {src}, {dst});"));
                }
                lines.extend(shared_checks(at, op, entries(), talks(subject)));
                lines.extend(destroyed(subject, at));
            }
            About::Return => lines.extend(self.result(subject, at)),
            About::Destroyed => lines.extend(destroyed(subject, at)),
            About::ErrorQueue => {
                let raised = entries().any(|entry| matches!(entry, Entry::After(After { raised: true, .. })));
                lines.push(format!(
                    "number({at}, \"an error was raised\", {}, ERR_peek_error() != 0);",
                    i32::from(raised)
                ));
                lines.push("ERR_clear_error();".into());
            }
            About::ErrorLost => {
                lines.push(format!(
                    "number({at}, \"the error from before is there\", 1, ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_USER);"
                ));
                lines.push("ERR_clear_error();".into());
            }
            About::Argument => {
                if let Some(bytes) = argument_of(op) {
                    let length = bytes.len();
                    lines.push(format!(
                        "bytes({at}, \"argument\", {}, {length}, (struct bytes){{ argument, {length} }});",
                        literal(bytes)
                    ));
                }
            }
            About::Copied => {
                lines.extend(self.result(subject, at));
                lines.extend(copied(subject, at, op));
            }
            About::Field(field) => {
                let other = subject.signature.is_some_and(|signature| signature.contains("/other."));
                let touched = |slot: &Slot| touches(op).used == Some(*slot) || touches(op).made == Some(*slot);
                let mut slots: Vec<Slot> = live.iter().copied().filter(|slot| touched(slot) != other).collect();
                if slots.is_empty() {
                    slots = live;
                }
                lines.extend(slots.into_iter().flat_map(|slot| field_check(subject, at, slot, field)));
            }
            About::Shared(field) => {
                for (number, one) in live.iter().enumerate() {
                    for other in &live[..number] {
                        lines.push(format!(
                            "number({at}, \"{} of {other} and {one} is one buffer\", 0, {} != NULL && {} == {});",
                            field.name(),
                            pointer(*one, field),
                            pointer(*one, field),
                            pointer(*other, field)
                        ));
                    }
                }
            }
            About::Length(field) => {
                for slot in live {
                    let read = reader(slot, field);
                    lines.push(format!(
                        "number({at}, \"{} of {slot} is NULL with a length\", 0, {read}.at == NULL && {read}.length != 0);",
                        field.name()
                    ));
                }
            }
            About::Callbacks => {
                let mut events: Vec<String> = entries().filter_map(|entry| event(&entry)).collect();
                // As the program sorts them.
                for frees in events.chunk_by_mut(|a, b| a.starts_with("free") && b.starts_with("free")) {
                    frees.sort();
                }
                lines.push(format!("events({at}, \"{}\");", events.concat()));
            }
            About::Sharing => lines.extend(shared_checks(at, op, entries(), talks(subject))),
            About::Leak | About::Memory => {}
        }
        lines
    }

    /// What the call returned.
    fn result(&self, subject: &Subject<'_>, at: usize) -> Option<String> {
        if !self.keeps_result(at) {
            return None;
        }
        let returned = subject.expected.entries(at).find_map(|entry| match entry {
            Entry::Return(value) => Some(value),
            _ => None,
        });
        let expected = returned.or_else(|| number_read(subject, at))?;
        Some(format!("number({at}, \"returned\", {}, returned);", number(expected)))
    }
}

/// What an aspect is about.
fn about(aspect: &str) -> About {
    let field = |name: &str| Field::ALL.iter().copied().find(|field| field.name() == name);
    let plain = aspect.strip_prefix("other.").unwrap_or(aspect);
    match plain {
        "return" | "ended" | "nothing" => About::Return,
        "count" | "destroyed-early" | "destroyed-late" => About::Destroyed,
        "leak" | "freed-too-much" => About::Leak,
        "error-queue" => About::ErrorQueue,
        "error-lost" => About::ErrorLost,
        "argument-changed" => About::Argument,
        "copied" | "overrun" => About::Copied,
        "callback.new"
        | "callback.dup"
        | "callback.free"
        | "callback.arguments"
        | "callback.remove"
        | "callback.context-freed" => About::Callbacks,
        "cache" | "connection" | "session" => About::Sharing,
        _ => {
            let shared = plain.strip_prefix("shared.").and_then(field).map(About::Shared);
            let length = plain.strip_suffix(".length").and_then(field).map(About::Length);
            // What is no field is what a crash, a hang or a misuse of memory is called.
            field(plain).map(About::Field).or(shared).or(length).unwrap_or(About::Memory)
        }
    }
}

/// The slots that hold a session after a step: those that were observed.
fn live_slots(subject: &Subject<'_>, at: usize) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    for entry in subject.expected.entries(at) {
        if let Entry::Session(slot) = entry
            && !slots.contains(&slot)
        {
            slots.push(slot);
        }
    }
    slots
}

fn destroyed(subject: &Subject<'_>, at: usize) -> Option<String> {
    let deaths = &subject.expected.deaths;
    let now = deaths.iter().filter(|death| **death as usize <= at).count();
    let changes = deaths.iter().any(|death| *death as usize == at);
    let op = subject.program.ops.get(at);
    let frees = op.is_none_or(|op| matches!(op, Op::Free { .. }) || may_destroy(op));
    let looked = subject.plan.setup().ex_data && (changes || frees);
    looked.then(|| format!("number({at}, \"sessions destroyed\", {now}, destroyed);"))
}

fn copied(subject: &Subject<'_>, at: usize, op: &Op) -> Option<String> {
    let Op::GetMasterKey { room, .. } = op else { return None };
    let expected = subject.expected.entries(at).find_map(|entry| match entry {
        Entry::Copied(bytes) => Some(bytes.to_vec()),
        _ => None,
    })?;
    let length = room.bytes();
    Some(format!(
        "bytes({at}, \"copied\", {}, {length}, (struct bytes){{ copied + 16, {length} }});\n\
         number({at}, \"bytes around the buffer are unchanged\", 1, untouched(copied, 16) && untouched(copied + 16 + {length}, 16));",
        literal(&expected)
    ))
}

/// The field that a getter reads.
fn field_read(op: &Op) -> Option<Field> {
    Field::ALL.iter().copied().find(|field| field.getter() == op.kind() && field.ex_index().is_none())
}

/// What a getter of a number reads.
fn number_read(subject: &Subject<'_>, at: usize) -> Option<i64> {
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
fn field_check(subject: &Subject<'_>, at: usize, slot: Slot, field: Field) -> Option<String> {
    let drawn = is_drawn(field) && talks(subject);
    if drawn && field != Field::Id {
        return None;
    }
    let mut here = None;
    let mut last = None;
    for entry in subject.expected.entries(at) {
        match entry {
            Entry::Session(of) => here = Some(of),
            // Before the first observation a getter's own answer may stand; after it the last observation counts.
            Entry::Number(..) | Entry::Bytes(..) if here == Some(slot) || here.is_none() => {
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
    let name = format!("{} of {slot}", field.name());
    Some(match last? {
        Err(value) => format!("number({at}, \"{name}\", {}, {});", number(value), read_number(slot, field)?),
        // Another program has another, and one that is as long.
        Ok(expected) if drawn => {
            let length = expected.map_or(0, |id| id.len());
            format!("number({at}, \"length of {name}\", {length}, (long long){}.length);", reader(slot, field))
        }
        Ok(expected) => {
            let (pointer, length) = super::value::pointer_and_length(expected.as_deref());
            format!("bytes({at}, \"{name}\", {pointer}, {length}, {});", reader(slot, field))
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

fn read_number(slot: impl std::fmt::Display, field: Field) -> Option<String> {
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
fn reader(slot: impl std::fmt::Display, field: Field) -> String {
    format!("{}({slot})", readers::name(field))
}

/// Where the bytes of a field are.
fn pointer(slot: Slot, field: Field) -> String {
    format!("{}.at", reader(slot, field))
}

//! What is checked after which call: what the signature is about, or, without one, everything that the calls return.

use super::super::Subject;
use super::callbacks::event;
use super::fields::{
    field_check, field_read, in_c, in_words, number_read, observed, pointer, read_number, reader, talks,
};
use super::holders::{may_destroy, shared_checks};
use super::value::{literal, number};
use crate::field::Field;
use crate::op::{Op, Variable};
use crate::plan::{Makes, Step, is_about, touches};
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
                .is_some_and(|plan| matches!(plan, Step::Run { makes: Makes::Nothing | Makes::Same, .. }));
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
        let live = observed(subject, last);
        let mut lines = Vec::new();
        for (field, of) in fields.flat_map(|field| live.iter().map(move |of| (*field, *of))) {
            let session = in_c(of);
            let read = read_number(&session, field).unwrap_or_else(|| reader(&session, field));
            match self.about {
                About::ErrorQueue => lines.extend([
                    "ERR_clear_error();".into(),
                    format!("(void){read};"),
                    format!(
                        "number({last}, \"reading {} of {} raised an error\", 0, ERR_peek_error() != 0);",
                        field.name(),
                        in_words(of)
                    ),
                ]),
                About::Return if field == Field::TicketAppdata => lines.push(format!(
                    "{{\n    void *p;\n    size_t n;\n\n    number({last}, \"returned\", 1, {}({session}, &p, &n));\n}}",
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
        let live = observed(subject, at);
        match self.about {
            About::Everything => {
                lines.extend(self.result(subject, at));
                lines.extend(copied(subject, at, op));
                if let (Some(field), Some(slot)) = (field_read(op), touches(op).used)
                    && field.is_bytes() | (field == Field::Cipher)
                {
                    lines.extend(field_check(subject, at, Variable::Session(slot), field));
                }
                if let (Op::Dup { dst, src }, true) = (op, makes) {
                    lines.push(format!("alike({at}, {src}, {dst});"));
                }
                lines.extend(shared_checks(at, op, entries(), talks(subject)));
                lines.extend(destroyed(subject, at));
            }
            About::Return => lines.extend(self.result(subject, at)),
            About::Destroyed => {
                // A reference too many or too few may be that of a cache.
                lines.extend(shared_checks(at, op, entries(), talks(subject)));
                lines.extend(destroyed(subject, at));
            }
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
                if let Some(bytes) = op.argument() {
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
                let own = |of: &Variable| is_about(op, *of);
                let mut sessions: Vec<Variable> = live.iter().copied().filter(|of| own(of) != other).collect();
                if sessions.is_empty() {
                    sessions = live;
                }
                lines.extend(sessions.into_iter().flat_map(|of| field_check(subject, at, of, field)));
            }
            About::Shared(field) => {
                for (number, one) in live.iter().enumerate() {
                    for other in &live[..number] {
                        lines.push(format!(
                            "number({at}, \"{} of {} and {} is one buffer\", 0, {} != NULL && {} == {});",
                            field.name(),
                            in_words(*other),
                            in_words(*one),
                            pointer(*one, field),
                            pointer(*one, field),
                            pointer(*other, field)
                        ));
                    }
                }
            }
            About::Length(field) => {
                for of in live {
                    let read = reader(in_c(of), field);
                    lines.push(format!(
                        "number({at}, \"{} of {} is NULL with a length\", 0, {read}.at == NULL && {read}.length != 0);",
                        field.name(),
                        in_words(of)
                    ));
                }
            }
            About::Callbacks => {
                let mut events: Vec<String> = entries().filter_map(|entry| event(&entry)).collect();
                // As the program sorts them.
                let of = |event: &str| event.starts_with("free").then(|| event.split('#').nth(1).map(str::to_string));
                for frees in events.chunk_by_mut(|a, b| of(a).is_some() && of(a) == of(b)) {
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
        callback if callback.starts_with("callback.") => About::Callbacks,
        "cache" | "connection" | "session" | "peer-chain" => About::Sharing,
        _ => {
            let shared = plain.strip_prefix("shared.").and_then(field).map(About::Shared);
            let length = plain.strip_suffix(".length").and_then(field).map(About::Length);
            // What is no field is what a crash, a hang or a misuse of memory is called.
            field(plain).map(About::Field).or(shared).or(length).unwrap_or(About::Memory)
        }
    }
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

//! Checks after each call what the signature is about, or, without one, everything that the calls return.

use super::super::Subject;
use super::callbacks::event;
use super::fields::{
    encoded, field_check, field_read, in_c, in_words, number_read, observed, read_number, reader, talks,
};
use super::holders::sharing;
use super::readers::{Getter, getter};
use super::value::{literal, number, pointer_and_length};
use crate::field::Field;
use crate::op::{Kind, Op, Variable};
use crate::oracle::{Aspect, Call, Signature, Whose};
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
    /// A field of the call's own session, or of others.
    Field(Whose, Field),
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

impl About {
    /// Says what a program is about that was found as this.
    fn of(aspect: Aspect) -> About {
        match aspect {
            Aspect::Return | Aspect::Ended => About::Return,
            // A wrong count shows in a destruction.
            Aspect::Count(_) | Aspect::DestroyedEarly | Aspect::DestroyedLate => About::Destroyed,
            Aspect::Leak | Aspect::FreedTooMuch | Aspect::Lost => About::Leak,
            Aspect::ErrorQueue => About::ErrorQueue,
            Aspect::ErrorLost => About::ErrorLost,
            Aspect::ArgumentChanged => About::Argument,
            Aspect::Copied | Aspect::Overrun => About::Copied,
            Aspect::Field(whose, field) => About::Field(whose, field),
            Aspect::Shared(field) => About::Shared(field),
            Aspect::Length(field) => About::Length(field),
            Aspect::Cache | Aspect::Connection | Aspect::Session | Aspect::PeerChain => About::Sharing,
            Aspect::Callback(_) => About::Callbacks,
            Aspect::Breakage(_) => About::Memory,
        }
    }
}

/// The checks of one program.
pub(super) struct Checks {
    pub about: About,
    /// For each step whether anything is checked after it.
    at: Vec<bool>,
}

impl Checks {
    /// Finds out what is checked where.
    pub fn of(subject: &Subject<'_>) -> Checks {
        let about = subject.signature.map_or(About::Everything, |signature| About::of(signature.aspect));
        let steps = subject.plan.steps.len() + subject.plan.given_back().count();
        let given_back: Vec<Op> = subject.plan.given_back().collect();
        let call = |at: usize| {
            let op = subject.program.ops.get(at).or_else(|| given_back.get(at - subject.program.ops.len()));
            Call::Kind(op.map_or(Kind::Free, Op::kind))
        };
        // What is written wrong may be written where no call of the program writes it.
        let everywhere =
            matches!(about, About::Everything | About::Destroyed | About::Callbacks) || blames_encoding(subject);
        let blamed = subject.signature.map(|signature| signature.call);
        let at: Vec<bool> = (0..steps).map(|step| everywhere || blamed == Some(call(step))).collect();
        Checks { about, at }
    }

    /// Returns what the call is expected to return, where that is looked at.
    pub fn returned(&self, subject: &Subject<'_>, at: usize) -> Option<i64> {
        let looked = matches!(self.about, About::Everything | About::Return | About::Copied) && self.is_at(at);
        // How long it is depends on what handshakes draw.
        if talks(subject) && subject.program.ops.get(at).is_some_and(|op| op.kind().is_serial()) {
            return None;
        }
        match subject.plan.steps.get(at) {
            Some(Step::Run { makes: Makes::Nothing | Makes::Same, .. }) if looked => {
                subject.expected.returned_in(at).or_else(|| number_read(subject, at))
            }
            Some(_) | None => None,
        }
    }

    /// Tells whether the call is given an array that is looked at afterwards.
    pub fn keeps_argument(&self, at: usize) -> bool {
        matches!(self.about, About::Argument | About::Field(..)) && self.is_at(at)
    }

    /// Tells whether that array is overwritten before anything else is looked at.
    pub fn overwrites_argument(&self) -> bool {
        self.about != About::Argument
    }

    /// Tells whether it is looked after this step.
    fn is_at(&self, at: usize) -> bool {
        self.at.get(at).is_some_and(|looked| *looked)
    }

    /// Writes what is done before a call.
    pub fn before(&self, at: usize) -> Vec<String> {
        if !self.is_at(at) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        if matches!(self.about, About::ErrorQueue | About::ErrorLost) {
            lines.push("ERR_clear_error();".into());
        }
        if self.about == About::ErrorLost {
            lines.push("ERR_raise(ERR_LIB_USER, 1);".into());
        }
        lines
    }

    /// Calls the getter that is to blame, where the program has none: that it is called at all is what is wrong.
    pub fn at_the_end(&self, subject: &Subject<'_>) -> Vec<String> {
        let blamed = match subject.signature.map(|signature| signature.call) {
            _ if blames_encoding(subject) => return Vec::new(),
            Some(Call::Kind(kind)) if !subject.program.ops.iter().any(|op| op.kind() == kind) => kind,
            Some(Call::Kind(_) | Call::End) | None => return Vec::new(),
        };
        let last = subject.program.ops.len().saturating_sub(1);
        let live = observed(subject, last);
        let fields = Field::ALL.iter().copied().filter(|field| field.getter() == blamed);
        let calls = fields.flat_map(|field| live.iter().map(move |of| (field, *of)));
        calls.flat_map(|(field, of)| self.getter_at_the_end(last, field, of)).collect()
    }

    /// Calls the getter of a field of one session.
    fn getter_at_the_end(&self, last: usize, field: Field, of: Variable) -> Vec<String> {
        let session = in_c(of);
        let read = read_number(&session, field).unwrap_or_else(|| reader(&session, field));
        let called = format!("(void){read};");
        if self.about == About::ErrorQueue {
            let what = format!("reading {} of {} raised an error", field.name(), in_words(of));
            let raised = format!("number({last}, \"{what}\", 0, ERR_peek_error() != 0);");
            return vec!["ERR_clear_error();".into(), called, raised];
        }
        if self.about == About::Return && getter(field.getter()) == Some(Getter::OutAny) {
            let call = format!("{}({session}, &p, &n)", field.getter().name());
            let returned = format!("number({last}, \"returned\", 1, {call});");
            return vec![format!("{{\n    void *p;\n    size_t n;\n\n    {returned}\n}}")];
        }
        vec![called]
    }

    /// Writes the checks after a call.
    pub fn after(&self, subject: &Subject<'_>, at: usize, op: &Op) -> Vec<String> {
        let planned = subject.plan.steps.get(at);
        let makes = planned.is_some_and(|step| matches!(step, Step::Run { makes: Makes::Session, .. }));
        let mut lines = Vec::from_iter(session_made(subject, at, op, makes));
        if !self.is_at(at) {
            return lines;
        }
        lines.extend(match self.about {
            About::Everything => self.everything(subject, at, op, makes),
            About::Return => self.result(subject, at).into_iter().chain(taken(subject, at, op)).collect(),
            // A reference too many or too few may be that of a cache.
            About::Destroyed => sharing(subject, at, op).into_iter().chain(destroyed(subject, at)).collect(),
            About::ErrorQueue => error_raised(subject, at),
            About::ErrorLost => error_kept(at),
            About::Argument => Vec::from_iter(argument(at, op)),
            About::Copied => self.result(subject, at).into_iter().chain(copied(subject, at, op)).collect(),
            About::Field(whose, field) => field_of_sessions(subject, at, op, whose, field),
            About::Shared(field) => buffers(subject, at, field),
            About::Length(field) => lengths(subject, at, field),
            About::Callbacks => vec![events(subject, at)],
            About::Sharing => sharing(subject, at, op),
            About::Leak | About::Memory => Vec::new(),
        });
        lines
    }

    /// Checks all that a call returns and changes.
    fn everything(&self, subject: &Subject<'_>, at: usize, op: &Op, makes: bool) -> Vec<String> {
        let mut lines = Vec::from_iter(self.result(subject, at));
        lines.extend(copied(subject, at, op));
        lines.extend(taken(subject, at, op));
        if let (Some(field), Some(slot)) = (field_read(op), touches(op).used)
            && getter(field.getter()) != Some(Getter::Number)
        {
            lines.extend(field_check(subject, at, Variable::Session(slot), field));
        }
        if let (Op::Dup { dst, src }, true) = (op, makes) {
            lines.push(format!("alike({at}, {src}, {dst});"));
        }
        lines.extend(sharing(subject, at, op));
        lines.extend(destroyed(subject, at));
        lines
    }

    /// Checks what the call returned.
    fn result(&self, subject: &Subject<'_>, at: usize) -> Option<String> {
        let expected = self.returned(subject, at)?;
        Some(format!("number({at}, \"returned\", {}, returned);", number(expected)))
    }
}

/// Checks that there is a session where one is made, whatever is looked for: what follows relies on the pointer.
fn session_made(subject: &Subject<'_>, at: usize, op: &Op, planned: bool) -> Option<String> {
    let slot = touches(op).made?;
    let makes = i32::from(subject.expected.made_in(at).unwrap_or(planned));
    Some(format!("number({at}, \"a session is returned\", {makes}, {slot} != NULL);"))
}

/// Checks whether the call raised an error.
fn error_raised(subject: &Subject<'_>, at: usize) -> Vec<String> {
    let raises = |entry| matches!(entry, Entry::After(After { raised: true, .. }));
    let raised = i32::from(subject.expected.entries(at).any(raises));
    let check = format!("number({at}, \"an error was raised\", {raised}, ERR_peek_error() != 0);");
    vec![check, "ERR_clear_error();".into()]
}

/// Checks that the error that was raised before the call is still there.
fn error_kept(at: usize) -> Vec<String> {
    let library = "ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_USER";
    vec![format!("number({at}, \"the error from before is there\", 1, {library});"), "ERR_clear_error();".into()]
}

/// Checks that the bytes that the call was given are as they were.
fn argument(at: usize, op: &Op) -> Option<String> {
    let bytes = op.argument()?;
    let length = bytes.len();
    let expected = literal(bytes);
    Some(format!("bytes({at}, \"argument\", {expected}, {length}, (struct bytes){{ argument, {length} }});"))
}

/// Checks a field of the sessions that it is wrong in, or of all where there are none such.
fn field_of_sessions(subject: &Subject<'_>, at: usize, op: &Op, whose: Whose, field: Field) -> Vec<String> {
    let live = observed(subject, at);
    if blames_encoding(subject) {
        return live.into_iter().filter_map(|of| encoded(subject, at, of, field)).collect();
    }
    let named = |of: &Variable| if is_about(op, *of) { Whose::Own } else { Whose::Other };
    let mut sessions: Vec<Variable> = live.iter().copied().filter(|of| named(of) == whose).collect();
    if sessions.is_empty() {
        sessions = live;
    }
    let in_der = |of: Variable| {
        // Ask for DER as well where bytes are made or taken: they can differ where the getter does not.
        let asked = op.kind().is_serial() && field.hidden_tag().is_none() && !talks(subject);
        if asked { field_check(subject, at, of, Field::Der) } else { None }
    };
    sessions.into_iter().flat_map(|of| [field_check(subject, at, of, field), in_der(of)]).flatten().collect()
}

/// Tells whether what differs is what `i2d_SSL_SESSION` makes of a field.
pub(super) fn blames_encoding(subject: &Subject<'_>) -> bool {
    let is_of_field = |signature: &Signature| matches!(signature.aspect, Aspect::Field(..));
    subject.signature.filter(is_of_field).is_some_and(|signature| signature.call == Call::Kind(Kind::ToDer))
}

/// Checks that no two sessions share the buffer of a field.
fn buffers(subject: &Subject<'_>, at: usize, field: Field) -> Vec<String> {
    let live = observed(subject, at);
    let pairs = live.iter().enumerate().flat_map(|(number, one)| live[..number].iter().map(move |other| (other, one)));
    let check = |(other, one): (&Variable, &Variable)| {
        let what = format!("{} of {} and {} is one buffer", field.name(), in_words(*other), in_words(*one));
        let [other, one] = [other, one].map(|of| reader(in_c(*of), field));
        format!("number({at}, \"{what}\", 0, {one}.at != NULL && {one}.at == {other}.at);")
    };
    pairs.map(check).collect()
}

/// Checks that a field that is NULL has no length, or has one where the release leaves it.
fn lengths(subject: &Subject<'_>, at: usize, field: Field) -> Vec<String> {
    let (mut of, mut left) = (None, Vec::new());
    for entry in subject.expected.entries(at) {
        if let Entry::Session(slot) = entry {
            of = Some(Variable::Session(slot));
        } else if let Entry::SessionOf(x) = entry {
            of = Some(Variable::Connection(x));
        } else if matches!(entry, Entry::NullWithLength(named, _) if named == field) {
            left.extend(of);
        }
    }
    let check = |of: Variable| {
        let (read, what) = (reader(in_c(of), field), in_words(of));
        let (name, expected) = (field.name(), i32::from(left.contains(&of)));
        format!(
            "number({at}, \"{name} of {what} is NULL with a length\", {expected}, {read}.at == NULL && {read}.length != 0);"
        )
    };
    observed(subject, at).into_iter().map(check).collect()
}

/// Checks which callbacks ran, in the order in which the program sorts them.
fn events(subject: &Subject<'_>, at: usize) -> String {
    let mut events: Vec<String> = subject.expected.entries(at).filter_map(|entry| event(&entry)).collect();
    let of = |event: &str| event.starts_with("free").then(|| event.split('#').nth(1).map(str::to_string));
    for frees in events.chunk_by_mut(|a, b| of(a).is_some() && of(a) == of(b)) {
        frees.sort();
    }
    format!("events({at}, \"{}\");", events.concat())
}

/// Tells whether the program can count which sessions were destroyed: by callbacks of ex_data, or in the way of another family.
pub(super) fn tells_ends(subject: &Subject<'_>) -> bool {
    subject.plan.setup().ex_data
        || subject.foreign.is_some_and(|foreign| !foreign.has_headers()) && subject.plan.tells_ends
}

/// Checks how many sessions were destroyed, where the call may have destroyed one.
fn destroyed(subject: &Subject<'_>, at: usize) -> Option<String> {
    let deaths = &subject.expected.deaths;
    let now = deaths.iter().filter(|death| **death as usize <= at).count();
    let changes = deaths.iter().any(|death| *death as usize == at);
    let op = subject.program.ops.get(at);
    let shared = |op: &Op| op.is_shared() && !op.kind().sets_clock();
    let frees = op.is_none_or(|op| matches!(op, Op::Free { .. }) || shared(op));
    let looked = tells_ends(subject) && (changes || frees);
    looked.then(|| format!("number({at}, \"sessions destroyed\", {now}, destroyed);"))
}

/// Checks what the call copied out, and that it wrote nowhere else.
fn copied(subject: &Subject<'_>, at: usize, op: &Op) -> Option<String> {
    let expected = subject
        .expected
        .entries(at)
        .find_map(|entry| if let Entry::Copied(bytes) = entry { Some(bytes.to_vec()) } else { None })?;
    if let Op::ToDer { dst, .. }
    | Op::ToDerBio { dst, .. }
    | Op::ToPem { dst, .. }
    | Op::Print { dst, .. }
    | Op::PrintKeylog { dst, .. } = op
    {
        // Handshakes draw some of it.
        if talks(subject) {
            return if matches!(op, Op::Print { .. }) { lines(at, &expected, &dst.to_string()) } else { None };
        }
        if matches!(op, Op::Print { .. }) && !expected.is_empty() {
            return printed(at, &expected, &dst.to_string());
        }
        let (text, length) = pointer_and_length((!expected.is_empty()).then_some(&*expected));
        return Some(format!("bytes({at}, \"written\", {text}, {length}, {dst});"));
    }
    if let Op::GetAlpnSelected { x } = op {
        let (text, length) = pointer_and_length((!expected.is_empty()).then_some(&*expected));
        return Some(format!("bytes({at}, \"selected\", {text}, {length}, alpn_of({x}));"));
    }
    let Op::GetMasterKey { room, .. } = op else { return None };
    // Handshakes draw the keys.
    if talks(subject) {
        return None;
    }
    let length = room.bytes();
    Some(format!(
        "bytes({at}, \"copied\", {}, {length}, (struct bytes){{ copied + 16, {length} }});\n\
         number({at}, \"bytes around the buffer are unchanged\", 1, untouched(copied, 16) && untouched(copied + 16 + {length}, 16));",
        literal(&expected)
    ))
}

/// Checks the lines of a printed session that say nothing a handshake draws. Of the reason why its peer was not verified it is the number.
fn lines(at: usize, expected: &[u8], dst: &str) -> Option<String> {
    const DRAWN: [&str; 3] = ["    Session-ID: ", "    Master-Key: ", "    Resumption PSK: "];
    const REASON: &str = "    Verify return code: ";
    let is_dumped = |line: &str| line.get(8..11) == Some(" - ");
    let checked = |line: &str| {
        if DRAWN.iter().any(|drawn| line.starts_with(drawn)) || is_dumped(line) {
            return None;
        }
        let (text, end) = match line.split_once('(').filter(|_| line.starts_with(REASON)) {
            Some((number, _)) => (number, ""),
            None => (line, "\n"),
        };
        let (what, text) =
            (literal(format!("has the line {text:?}").as_bytes()), literal(format!("\n{text}{end}").as_bytes()));
        Some(format!("number({at}, {what}, 1, has({dst}, {text}));"))
    };
    let expected = std::str::from_utf8(expected).ok()?;
    let lines: Vec<String> = expected.lines().skip(1).filter(|line| !line.is_empty()).filter_map(checked).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Checks a printed session, but for the reason why its peer was not verified: that is in the library's own words.
fn printed(at: usize, expected: &[u8], dst: &str) -> Option<String> {
    const REASON: &[u8] = b"Verify return code: ";
    let code = memchr::memmem::find(expected, REASON).map(|at| at + REASON.len());
    let [mut head, mut tail] = [expected.len(), expected.len()];
    if let Some(code) = code {
        head = code + memchr::memchr(b'(', &expected[code..])?;
        tail = head + memchr::memchr(b'\n', &expected[head..])?;
    }
    let part = |what: &str, bytes: &[u8], which: &str| {
        let (text, length) = pointer_and_length((!bytes.is_empty()).then_some(bytes));
        (!bytes.is_empty()).then(|| format!("bytes({at}, \"{what}\", {text}, {length}, {which}({dst}, {length}));"))
    };
    let head = part("written, up to the reason", &expected[..head], "first");
    let tail = part("written behind the reason", &expected[tail..], "last");
    Some(head.into_iter().chain(tail).collect::<Vec<String>>().join("\n")).filter(|lines| !lines.is_empty())
}

/// Checks how many bytes a call took that read DER.
#[expect(clippy::wildcard_enum_match_arm, reason = "the two ops that do this; the others do not")]
fn taken(subject: &Subject<'_>, at: usize, op: &Op) -> Option<String> {
    let taken = match op.kind() {
        Kind::FromDer => "taken",
        Kind::FromDerEx => "taken_ex",
        _ => return None,
    };
    // How many there are depends on what handshakes draw.
    let expected = subject.expected.returned_in(at).filter(|_| !talks(subject))?;
    Some(format!("number({at}, \"bytes taken\", {}, {taken});", number(expected)))
}

//! A program as C that needs nothing but OpenSSL's public headers: it makes the calls, prints what was expected and what
//! came, and exits with 1 where the fault is present.
//!
//! What is expected comes from the native session, which behaves as a named release, and from the ledger. Counts cannot be
//! read with public functions: they show as destructions that come too early or too late.

mod block;
mod callbacks;
mod checks;
mod fields;
mod foreign;
mod holders;
mod needs;
mod operand;
mod parts;
mod readers;
mod statement;
mod types;
mod value;

pub use self::foreign::{Called, Foreign};
pub use self::types::{NoCType, c_type};

use std::fmt::Write as _;

use self::block::Blocks;
use self::checks::Checks;
use self::needs::Needs;
use self::operand::Lending;
use self::parts::keeps;
use self::statement::{Writing, statement};
use self::value::literal;
use super::Subject;
use crate::op::{BufferSlot, Op, Variable};
use crate::plan::{Makes, Step};
use crate::trace::Entry;

/// Writes the program.
pub fn c(subject: &Subject<'_>) -> String {
    let checks = Checks::of(subject);
    let needs = Needs::of(subject, &checks);
    let blocks = Blocks::of(subject);
    let body = body(subject, &checks, &needs, &blocks);
    let main = needs.main();
    let comment: String = subject.why.lines().map(|line| format!(" * {}\n", line.replace("*/", "* /"))).collect();
    let linked = if subject.foreign.is_some() { "LIBRARY" } else { "-lssl -lcrypto" };
    format!(
        "/*\n{comment} *\n * cc FILE.c {linked} && ./a.out\n * Exits with 1 where the fault is present, with 0 where it is \
         not. Expected: as {release}{terms}.\n */\n{head}{callbacks}\nstatic void calls(void)\n{{\n{declared}\n{body}}}\n\n{main}",
        release = subject.release,
        terms = subject.terms,
        head = needs.head(&[&*blocks.text, &*body, &main].concat()),
        callbacks = if blocks.is_empty() { String::new() } else { format!("\n{}", blocks.text) },
        declared = declarations(&needs, &body, &blocks),
    )
}

/// Writes the calls and their checks, each line indented.
fn body(subject: &Subject<'_>, checks: &Checks, needs: &Needs<'_>, blocks: &Blocks) -> String {
    let mut body = Body::default();
    let ops: Vec<Op> = subject.program.ops.iter().cloned().chain(subject.plan.given_back()).collect();
    for (at, op) in ops.iter().enumerate() {
        if !is_made(subject, at) {
            continue;
        }
        let makes = makes(subject, at);
        if at == subject.program.ops.len() {
            body.put(checks.at_the_end(subject));
            body.put(["/* What is still owned. */".into()]);
        }
        body.put(needs.step(at));
        body.put(checks.before(at));
        body.put(blocks.before(subject, at, op));
        let lending = lending(checks, needs, at);
        let argument = op.argument().filter(|_| lending == Lending::Argument);
        body.put(argument.map(|bytes| format!("memcpy(argument, {}, {});", literal(bytes), bytes.len())));
        let of_block = blocks.statement(at, op, gives_back(subject, at));
        let keep = checks.returned(subject, at).is_some();
        body.put([of_block.unwrap_or_else(|| statement(op, Writing { makes, keep, lending }))]);
        // A library that keeps the pointer has nothing of it.
        if checks.overwrites_argument() && argument.is_some() {
            body.put(["memset(argument, 0xee, sizeof(argument));".into()]);
        }
        body.put(checks.after(subject, at, op));
    }
    // Bytes that nobody read are no mistake of the program's.
    let unread: Vec<String> = BufferSlot::all().filter(|b| names(&body.0, *b)).map(|b| format!("(void){b};")).collect();
    body.put(unread);
    if subject.plan.shared && keeps(&[&*blocks.text, &*body.0].concat()) {
        body.put(["while ((kept_last = take_kept()) != NULL)\n    SSL_SESSION_free(kept_last);".into()]);
        body.put(checks.at_last(subject, ops.len()));
    }
    body.0
}

/// Tells whether the call of a step is made: it was planned, and its variables turned out to hold something.
fn is_made(subject: &Subject<'_>, at: usize) -> bool {
    let planned = !matches!(subject.plan.steps.get(at), Some(Step::Skip(_)));
    planned && !subject.expected.entries(at).any(|entry| matches!(entry, Entry::Skipped))
}

/// Tells whether the call of a step gives back the last reference of its variable.
fn gives_back(subject: &Subject<'_>, at: usize) -> bool {
    match subject.plan.steps.get(at) {
        Some(Step::Run { ends, .. }) => *ends,
        Some(Step::Skip(_)) => false,
        // One reference after the other: the next op is about another variable.
        None => {
            let given_back: Vec<Op> = subject.plan.given_back().skip(at - subject.plan.steps.len()).take(2).collect();
            given_back.first() != given_back.get(1)
        }
    }
}

/// Returns what the call of a step makes, as it was planned.
fn makes(subject: &Subject<'_>, at: usize) -> Option<Makes> {
    match subject.plan.steps.get(at) {
        Some(Step::Run { makes, .. }) => Some(*makes),
        Some(Step::Skip(_)) | None => None,
    }
}

/// Tells whether calls name a byte variable.
fn names(calls: &str, b: BufferSlot) -> bool {
    let b = b.to_string();
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '"';
    calls.split(|c: char| !of_name(c)).any(|word| word == b)
}

/// Lines, each indented by four spaces.
#[derive(Default)]
struct Body(String);

impl Body {
    /// Appends texts of one line or several.
    fn put(&mut self, texts: impl IntoIterator<Item = String>) {
        for text in texts {
            for line in text.lines() {
                let _ = writeln!(self.0, "    {line}"); // writing to a String cannot fail
            }
        }
    }
}

/// Tells where the bytes lie that the call of a step reads.
fn lending(checks: &Checks, needs: &Needs<'_>, at: usize) -> Lending {
    if checks.keeps_argument(at) {
        return Lending::Argument;
    }
    if needs.lends() { Lending::Guarded } else { Lending::Literal }
}

/// Declares the program's variables.
fn declarations(needs: &Needs<'_>, body: &str, blocks: &Blocks) -> String {
    let of_blocks = |variable: &&Variable| !blocks.is_empty() && matches!(variable, Variable::Context(_));
    let own = needs.variables().iter().filter(|variable| !of_blocks(variable));
    let mut declared: String = own.map(|variable| declaration(*variable)).collect();
    for b in BufferSlot::all().filter(|b| !blocks.have(*b) && body.contains(&format!("(void){b};"))) {
        declared += &format!("    struct bytes {b} = {{ NULL, 0 }};\n");
    }
    if body.contains("kept_last") {
        declared += "    SSL_SESSION *kept_last;\n";
    }
    if body.contains("returned = ") {
        declared += "    long long returned;\n";
    }
    declared
}

fn declaration(variable: Variable) -> String {
    let of = match variable {
        Variable::Session(_) => "SSL_SESSION",
        Variable::Context(_) => "SSL_CTX",
        Variable::Connection(_) => "SSL",
    };
    format!("    {of} *{variable} = NULL;\n")
}

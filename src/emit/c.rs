//! A program as C that needs nothing but OpenSSL's public headers: it makes the calls, prints what was expected and what
//! came, and exits with 1 where the fault is present.
//!
//! What is expected comes from the native session, which behaves as a named release, and from the ledger. Counts cannot be
//! read with public functions: they show as destructions that come too early or too late.

mod callbacks;
mod calls;
mod checks;
mod fields;
mod needs;
mod readers;
mod sharing;
mod value;

use std::fmt::Write as _;

use self::calls::{argument_of, statement};
use self::checks::Checks;
use self::needs::Needs;
use super::Subject;
use crate::op::{Op, Variable};
use crate::plan::Step;
use crate::trace::Entry;

/// The text of the program.
pub fn c(subject: &Subject<'_>) -> String {
    let checks = Checks::of(subject);
    let mut needs = Needs::of(subject, &checks);
    let mut body = String::new();
    let mut put = |line: &str| {
        for line in line.lines() {
            let _ = writeln!(body, "    {line}"); // writing to a String cannot fail
        }
    };
    let ops: Vec<Op> = subject.program.ops.iter().cloned().chain(subject.plan.given_back()).collect();
    for (at, op) in ops.iter().enumerate() {
        let makes = match subject.plan.steps.get(at) {
            Some(Step::Skip(_)) => continue,
            Some(Step::Run { makes, .. }) => Some(*makes),
            None => None,
        };
        // A slot that turned out to be empty.
        if subject.expected.entries(at).any(|entry| matches!(entry, Entry::Skipped)) {
            continue;
        }
        if at == subject.program.ops.len() {
            checks.at_the_end(subject).iter().for_each(|line| put(line));
            put("/* What is still owned. */");
        }
        needs.step(at).iter().for_each(|line| put(line));
        checks.before(at).iter().for_each(|line| put(line));
        put(&statement(op, makes, &mut needs, checks.keeps_result(at), checks.keeps_argument(at)));
        // A library that keeps the pointer has nothing of it.
        if checks.keeps_argument(at) && checks.overwrites_argument() && argument_of(op).is_some() {
            put("memset(argument, 0xee, sizeof(argument));");
        }
        checks.after(subject, at, op).iter().for_each(|line| put(line));
    }
    if subject.plan.shared && needs.keeps() {
        put("while ((kept_last = take_kept()) != NULL)\n    SSL_SESSION_free(kept_last);");
        checks.at_last(subject, ops.len()).iter().for_each(|line| put(line));
    }
    let mut declared: String = needs.variables().iter().map(|variable| declaration(*variable)).collect();
    if needs.keeps() {
        declared += "    SSL_SESSION *kept_last;\n";
    }
    if checks.any_result() {
        declared += "    long long returned;\n";
    }
    let comment: String = subject.why.lines().map(|line| format!(" * {}\n", line.replace("*/", "* /"))).collect();
    format!(
        "/*\n{comment} *\n * cc FILE.c -lssl -lcrypto && ./a.out\n * Exits with 1 where the fault is present, with 0 where it is \
         not. Expected: {release}.\n */\n{head}\nstatic void calls(void)\n{{\n{declared}\n{body}}}\n\n{main}",
        release = subject.release,
        head = needs.head(&body),
        main = needs.main(),
    )
}

fn declaration(variable: Variable) -> String {
    let of = match variable {
        Variable::Session(_) => "SSL_SESSION",
        Variable::Context(_) => "SSL_CTX",
        Variable::Connection(_) => "SSL",
    };
    format!("    {of} *{variable} = NULL;\n")
}

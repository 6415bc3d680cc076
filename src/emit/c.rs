//! A program as C that needs nothing but OpenSSL's public headers: it makes the calls, prints what was expected and what
//! came, and exits with 1 where the fault is present.
//!
//! What is expected comes from the native session, which behaves as a named release, and from the ledger. Counts cannot be
//! read with public functions: they show as destructions that come too early or too late.

mod calls;
mod checks;
mod needs;
mod readers;
mod value;

use std::fmt::Write as _;

use self::calls::{argument_of, statement};
use self::checks::Checks;
use self::needs::Needs;
use super::Subject;
use crate::op::{Op, Slot};
use crate::plan::Step;

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
    let ops: Vec<Op> = subject.program.ops.iter().cloned().chain(given_back(subject)).collect();
    for (at, op) in ops.iter().enumerate() {
        if let Some(Step::Skip(_)) = subject.plan.steps.get(at) {
            continue;
        }
        if at == subject.program.ops.len() {
            checks.at_the_end(subject).iter().for_each(|line| put(line));
            put("/* What is still owned. */");
        }
        needs.step(at).iter().for_each(|line| put(line));
        checks.before(at).iter().for_each(|line| put(line));
        put(&statement(op, &mut needs, checks.keeps_result(at), checks.keeps_argument(at)));
        // A library that keeps the pointer has nothing of it.
        if checks.keeps_argument(at) && checks.overwrites_argument() && argument_of(op).is_some() {
            put("memset(argument, 0xee, sizeof(argument));");
        }
        checks.after(subject, at, op).iter().for_each(|line| put(line));
    }
    let slots: Vec<Slot> = Slot::all().filter(|slot| needs.names(*slot)).collect();
    let mut declared: String = slots.iter().map(|slot| format!("    SSL_SESSION *{slot} = NULL;\n")).collect();
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

/// What the harness gives back at the end, in slot order.
fn given_back(subject: &Subject<'_>) -> impl Iterator<Item = Op> {
    let left = subject.plan.left;
    Slot::all().flat_map(move |slot| std::iter::repeat_n(Op::Free { s: Some(slot) }, left[slot.index()] as usize))
}

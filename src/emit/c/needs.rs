//! Writes what a program needs besides its calls: headers, functions that print and compare, callbacks, watched memory.

use super::super::Subject;
use super::callbacks::TAKE_KEPT;
use super::checks::{About, Checks};
use super::readers;
use super::value::number;
use crate::field::Field;
use crate::op::{Kind, Op, Sample, Variable};
use crate::plan::{Makes, Step};
use crate::samples;

/// A part of the program, as it is compiled.
macro_rules! part {
    ($name:literal) => {
        include_str!(concat!("parts/", $name, ".c"))
    };
}

/// Parts by the name of the function in each.
macro_rules! parts {
    ($($name:literal),*) => { [$(($name, part!($name))),*] };
}

/// Says what a program needs. It is found out while the calls are written.
pub(super) struct Needs {
    about: About,
    kinds: Vec<Kind>,
    variables: Vec<Variable>,
    /// The callbacks of contexts.
    callbacks: Vec<&'static str>,
    samples: Vec<Sample>,
    /// Whether the harness's ex_data indices are registered.
    ex_data: bool,
    /// Whether any expected value is a time that the clock gave.
    clock: bool,
    now: i64,
    /// The length of the longest argument that is checked after its call to be as it was, bytes.
    argument: usize,
    ops: Vec<Option<Vec<u8>>>,
}

impl Needs {
    /// Finds out what the calls and their checks need.
    pub fn of(subject: &Subject<'_>, checks: &Checks) -> Needs {
        let ops = &subject.program.ops;
        // What the library lacks is not called.
        let lacks = subject.plan.setup().lacks;
        let kinds: Vec<Kind> = ops.iter().map(Op::kind).filter(|kind| !lacks.contains(*kind)).collect();
        // One that stays empty is not the C program's.
        let same = |at| matches!(subject.plan.steps.get(at), Some(Step::Run { makes: Makes::Same, .. }));
        let named = ops.iter().enumerate().flat_map(|(at, op)| op.variables().skip(usize::from(same(at))));
        let mut variables: Vec<Variable> = named.collect();
        variables.sort();
        variables.dedup();
        let uses_ex = kinds.iter().any(|kind| matches!(kind, Kind::SetExData | Kind::GetExData));
        let field = if let About::Field(_, field) = checks.about { Some(field) } else { None };
        let about_ex = matches!(checks.about, About::Everything | About::Destroyed | About::Callbacks)
            || field.is_some_and(|field| field.ex_index().is_some());
        let reads_time = kinds.iter().any(|kind| matches!(kind, Kind::GetTime | Kind::GetTimeEx));
        let clock = matches!(checks.about, About::Everything | About::Return) && reads_time
            || matches!(field, Some(Field::Time | Field::TimeEx))
            || super::statement::needs_clock(&kinds);
        let callbacks = super::callbacks::used(ops);
        let ops: Vec<Option<Vec<u8>>> = ops
            .iter()
            .enumerate()
            .map(|(at, op)| op.argument().filter(|_| checks.keeps_argument(at)).map(<[u8]>::to_vec))
            .collect();
        // No array has no bytes.
        let argument = ops.iter().flatten().map(|bytes| bytes.len().max(1)).max().unwrap_or(0);
        let ex_data = (uses_ex || about_ex) && subject.plan.setup().ex_data;
        Needs {
            about: checks.about,
            kinds,
            variables,
            callbacks,
            samples: Vec::new(),
            ex_data,
            clock,
            now: subject.now,
            argument,
            ops,
        }
    }

    /// Notes that a sample is used.
    pub fn sample(&mut self, sample: Sample) {
        if !self.samples.contains(&sample) {
            self.samples.push(sample);
        }
    }

    /// Tells whether the bytes that calls read are followed by an inaccessible page.
    pub fn lends(&self) -> bool {
        self.about == About::Memory
    }

    /// Returns the program's variables, sessions first.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Tells whether callbacks may keep sessions.
    pub fn keeps(&self) -> bool {
        self.callbacks.contains(&TAKE_KEPT)
    }

    /// Writes what comes before the call of a step.
    pub fn step(&self, at: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if self.about == About::Memory {
            lines.push(format!("*step = {at};"));
        }
        if self.about == About::Callbacks {
            lines.push("happened = 0;".into());
        }
        if let Some(Some(bytes)) = self.ops.get(at) {
            lines.push(format!("memcpy(argument, {}, {});", super::value::literal(bytes), bytes.len()));
        }
        lines
    }

    /// Writes everything before the calls.
    pub fn head(&self, body: &str) -> String {
        let alike = if body.contains("alike(") { alike(self.has_time_ex()) } else { String::new() };
        let calls = |name: &str| [body, &alike].iter().any(|text| calls(text, name));
        let mut head = self.includes();
        add(&mut head, part!("stop"));
        self.add_comparisons(&mut head, &calls);
        self.add_clock(&mut head);
        self.add_room(&mut head, body, &calls);
        if self.ex_data {
            add(&mut head, self.happened());
            add(&mut head, part!("ex_data"));
        }
        add_shared(&mut head, &calls);
        if !self.callbacks.is_empty() {
            if !self.ex_data && self.callbacks.iter().any(|name| super::callbacks::tells(name)) {
                add(&mut head, self.happened());
            }
            let parts = super::callbacks::PARTS.iter();
            parts.filter(|(name, _)| self.callbacks.contains(name)).for_each(|(_, part)| add(&mut head, part));
        }
        head += &alike;
        self.add_watched(&mut head, &calls);
        head
    }

    /// Writes the headers.
    fn includes(&self) -> String {
        let mut head = String::from("#define OPENSSL_SUPPRESS_DEPRECATED\n");
        if self.about == About::Memory {
            head += "#define _GNU_SOURCE\n";
        }
        head += "#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <time.h>\n#include <unistd.h>\n";
        if self.clock {
            head += "#include <sys/time.h>\n";
        }
        if self.about == About::Memory {
            head += "#include <signal.h>\n#include <sys/mman.h>\n#include <sys/wait.h>\n";
        }
        head += "#include <openssl/crypto.h>\n#include <openssl/err.h>\n#include <openssl/ssl.h>\n#include <openssl/x509.h>\n";
        head
    }

    /// Adds what reads and compares numbers and bytes.
    fn add_comparisons(&self, head: &mut String, calls: &dyn Fn(&str) -> bool) {
        let reads = calls("bytes") || Field::BYTES.iter().any(|field| calls(&readers::name(*field)));
        if reads {
            add(
                head,
                "/* Bytes of the library\'s, or NULL. */\nstruct bytes {\n    const void *at;\n    size_t length;\n};\n",
            );
        }
        let parts = parts!["number", "bytes", "cipher", "cipher_of", "stored"];
        let counts = |name: &str| name == "number" && self.about == About::Leak;
        parts.iter().filter(|(name, _)| calls(name) || counts(name)).for_each(|(_, part)| add(head, part));
        for field in Field::BYTES.iter().filter(|field| calls(&readers::name(**field))) {
            *head += &readers::text(*field);
        }
    }

    /// Adds the present time, and the clock where what it says is expected.
    fn add_clock(&self, head: &mut String) {
        if self.clock || self.names_now() {
            let passes = self.uses(Kind::AdvanceClock);
            if passes {
                *head += "\n/* Seconds since the program began. */\nstatic time_t passed;\n";
            }
            let passed = if passes { " + passed" } else { "" };
            *head += &format!("\n#define now ((time_t){}{passed})\n", number(self.now));
        }
        if self.clock {
            add(head, part!("clock"));
        }
    }

    /// Adds the arrays that calls are given, and the encoded sessions.
    fn add_room(&self, head: &mut String, body: &str, calls: &dyn Fn(&str) -> bool) {
        if body.contains("copied + 16") {
            add(head, part!("copied"));
        }
        if calls("untouched") {
            add(head, part!("untouched"));
        }
        if self.argument > 0 {
            *head += &format!("\nstatic unsigned char argument[{}];\n", self.argument);
        }
        self.samples.iter().for_each(|sample| *head += &bytes_of(*sample));
    }

    /// Returns what a callback does to tell that it was called.
    fn happened(&self) -> &'static str {
        if self.about == About::Callbacks { part!("happened") } else { part!("nothing_happened") }
    }

    /// Adds what counts or guards memory.
    fn add_watched(&self, head: &mut String, calls: &dyn Fn(&str) -> bool) {
        if self.about == About::Leak {
            add(head, part!("counted"));
        }
        if self.about == About::Memory {
            add(head, part!("guarded"));
            let parts = parts!["lent", "room"];
            parts.iter().filter(|(name, _)| calls(name)).for_each(|(_, part)| add(head, part));
        }
    }

    /// Writes the end of the program.
    pub fn main(&self) -> String {
        let register = if self.ex_data { "    register_indices();\n" } else { "" };
        let watched = [(About::Leak, part!("main_leak")), (About::Memory, part!("main_memory"))];
        let main = watched.iter().find(|(about, _)| *about == self.about).map_or(part!("main"), |(_, main)| main);
        main.replace("REGISTER\n", register)
    }

    /// Tells whether the program makes a call of this kind.
    fn uses(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Tells whether the library can be asked for a time of 64 bits.
    fn has_time_ex(&self) -> bool {
        self.uses(Kind::GetTimeEx) || self.uses(Kind::SetTimeEx)
    }

    /// Tells whether an argument of a call is the present time.
    fn names_now(&self) -> bool {
        self.uses(Kind::SetTime) || self.uses(Kind::SetTimeEx)
    }
}

/// Adds the functions that look into caches, and those that make handshakes.
fn add_shared(head: &mut String, calls: &dyn Fn(&str) -> bool) {
    for (name, part) in parts!["is_cached", "has_id"] {
        if calls(name) {
            if !head.contains("lhash.h") {
                let err = "#include <openssl/err.h>\n";
                *head = head.replace(err, &format!("{err}#include <openssl/lhash.h>\n"));
            }
            add(head, part);
        }
    }
    if calls("peers_in_chain") {
        add(head, part!("peers_in_chain"));
    }
    if calls("handshake") && !calls("use_certificate") {
        add(head, part!("certificate"));
    }
    let parts = [
        ("use_certificate", part!("certificate")),
        ("handshake", part!("handshake")),
        ("new_session_ticket", part!("new_session_ticket")),
    ];
    parts.iter().filter(|(name, _)| calls(name)).for_each(|(_, part)| add(head, part));
}

/// Tells whether a function of this name is called. A longer name with this end is another function.
fn calls(text: &str, name: &str) -> bool {
    let call = format!("{name}(");
    let mut found = text.match_indices(&call).map(|(at, _)| text[..at].chars().next_back());
    found.any(|before| before.is_none_or(|before| !before.is_ascii_alphanumeric() && before != '_'))
}

/// Adds a part after an empty line.
fn add(head: &mut String, part: &str) {
    head.push('\n');
    head.push_str(part);
}

/// Writes a sample in DER, twelve bytes a line.
fn bytes_of(sample: Sample) -> String {
    let der = samples::encoded(sample);
    let lines = der.chunks(12).map(|line| line.iter().map(|byte| format!(" {byte:#04x},")).collect::<String>());
    let lines: String = lines.map(|line| format!("   {line}\n")).collect();
    format!("\nstatic const unsigned char {}[] = {{\n{lines}}};\n", sample.name())
}

/// Writes the function that compares two sessions getter by getter.
fn alike(time_ex: bool) -> String {
    let mut text = String::from("\nstatic void alike(int at, SSL_SESSION *a, SSL_SESSION *b)\n{\n");
    for field in Field::ALL.iter().filter(|field| field.is_copied() && (time_ex || **field != Field::TimeEx)) {
        text += &super::fields::same(*field);
    }
    text + "}\n"
}

//! Writes what a program needs besides its calls: headers, functions that print and compare, callbacks, watched memory.

use super::super::Subject;
use super::checks::{About, Checks, tells_ends};
use super::foreign::Foreign;
use super::parts::{Own, needed, part};
use super::value::number;
use super::{is_made, makes};
use crate::field::Field;
use crate::op::{BlockCall, Kind, Kinds, Op, Options, Variable};
use crate::plan::Makes;

/// Defines the option for headers of 1.1.1, where the bit says nothing.
const NO_EXTENDED_MASTER_SECRET: &str = "#ifndef SSL_OP_NO_EXTENDED_MASTER_SECRET
#define SSL_OP_NO_EXTENDED_MASTER_SECRET 1
#endif
";

/// Lets handshakes exchange keys in the group that the harness sets. Some releases leak it, so that no other program does.
const GROUPS: &str = "#define GROUPS \"X25519\"\n";

/// Says what a program needs. It is found out while the calls are written.
pub(super) struct Needs<'a> {
    about: About,
    /// How the library is called, where it is no OpenSSL.
    foreign: Option<&'a Foreign>,
    /// Says what the library lacks.
    lacks: Kinds,
    kinds: Vec<Kind>,
    variables: Vec<Variable>,
    /// Says whether what tells births and deaths is registered.
    ex_data: bool,
    /// Says whether the group is looked at in which keys were exchanged.
    about_group: bool,
    /// Says whether any expected value is a time that the clock gave.
    clock: bool,
    now: i64,
    /// The length of the longest argument that is checked after its call to be as it was, bytes.
    argument: usize,
    /// The release whose values are expected, and what is to be said of it besides.
    release: String,
    terms: String,
}

impl<'a> Needs<'a> {
    /// Finds out what the calls and their checks need.
    pub fn of(subject: &Subject<'a>, checks: &Checks) -> Needs<'a> {
        let ops = &subject.program.ops;
        // What the library lacks is not called.
        let lacks = subject.plan.setup().lacks;
        let kinds: Vec<Kind> = ops.iter().map(Op::kind).filter(|kind| !lacks.contains(*kind)).collect();
        // One that stays empty is not the C program's.
        let same = |at| makes(subject, at) == Some(Makes::Same);
        // Nor is what only calls name that are not made.
        let made = ops.iter().enumerate().filter(|(at, _)| is_made(subject, *at));
        let named = made.flat_map(|(at, op)| op.variables().skip(usize::from(same(at))));
        let mut variables: Vec<Variable> = named.collect();
        variables.sort();
        variables.dedup();
        let uses_ex = kinds.iter().any(|kind| matches!(kind, Kind::SetExData | Kind::GetExData));
        let field = if let About::Field(_, field) = checks.about { Some(field) } else { None };
        let about_ex = matches!(checks.about, About::Everything | About::Destroyed | About::Callbacks)
            || field.is_some_and(|field| field.ex_index().is_some());
        let reads_time = kinds.iter().any(|kind| matches!(kind, Kind::GetTime | Kind::GetTimeEx));
        let in_blocks = ops.iter().flat_map(|op| op.block().unwrap_or_default());
        let timed = in_blocks.clone().any(|call| !matches!(call, BlockCall::UpRef { .. } | BlockCall::Free { .. }));
        let clock = timed
            || ops.iter().any(|op| op.source().makes())
            || matches!(checks.about, About::Everything | About::Return) && reads_time
            || matches!(field, Some(Field::Time | Field::TimeEx | Field::Der))
            || super::checks::blames_encoding(subject)
            || super::statement::needs_clock(&kinds);
        let kept = ops.iter().enumerate().filter(|(at, _)| checks.keeps_argument(*at) && is_made(subject, *at));
        let given = kept.filter_map(|(_, op)| op.argument());
        // No array has no bytes.
        let argument = given.map(|bytes| bytes.len().max(1)).max().unwrap_or(0);
        let ex_data = (uses_ex || about_ex) && tells_ends(subject);
        let (release, terms) = (subject.release.into(), subject.terms.into());
        let about_group = field == Some(Field::KexGroup);
        Needs {
            about: checks.about,
            foreign: subject.foreign,
            lacks,
            about_group,
            kinds,
            variables,
            ex_data,
            clock,
            now: subject.now,
            argument,
            release,
            terms,
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

    /// Writes what comes before the call of a step.
    pub fn step(&self, at: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if self.about == About::Memory {
            lines.push(format!("*step = {at};"));
        }
        if self.about == About::Callbacks {
            lines.push("happened = 0;".into());
        }
        lines
    }

    /// Writes everything before the calls. `rest` are the calls and what follows them.
    pub fn head(&self, rest: &str) -> String {
        let own = Own {
            runs_on: self.runs_on(),
            clock: self.clock(),
            argument: self.argument(),
            happened: if self.about == About::Callbacks { part!("happened") } else { part!("nothing_happened") },
            early_data: if self.uses(Kind::SendEarlyData) { part!("early_data") } else { part!("no_early_data") },
            alerts: if self.about == About::Callbacks { part!("alerts") } else { part!("no_alerts") },
            alike: alike(self.lacks, self.has_time_ex()),
            ends: self.foreign.map_or(part!("ex_data"), Foreign::ends),
            constructor: self.foreign.map_or(String::new(), |foreign| foreign.constructor(self.ex_data)),
            memory: self.foreign.map_or("", Foreign::memory),
        };
        let parts = needed(&own, rest);
        if let Some(foreign) = self.foreign.filter(|foreign| !foreign.has_headers()) {
            return self.system_includes() + &foreign.head(&[&*parts, rest].concat(), self.ex_data) + &parts;
        }
        let mut includes = self.includes(parts.contains("OPENSSL_LH"));
        if self.about_group && parts.contains("GROUPS") {
            includes += GROUPS;
        }
        if rest.contains(Options::NoExtendedMasterSecret.name()) {
            includes += NO_EXTENDED_MASTER_SECRET;
        }
        let text = [&*parts, rest].concat();
        includes + &self.foreign.map_or(String::new(), |foreign| foreign.retyped(&text)) + &parts
    }

    /// Writes the headers. `lists`: that of the lists of caches is one of them.
    fn includes(&self, lists: bool) -> String {
        let mut head = String::from("#define OPENSSL_SUPPRESS_DEPRECATED\n") + &self.system_includes();
        head += &self.foreign.map_or(String::new(), Foreign::renamed);
        head += "#include <openssl/crypto.h>\n#include <openssl/err.h>\n";
        if lists {
            head += "#include <openssl/lhash.h>\n";
        }
        head + "#include <openssl/ssl.h>\n#include <openssl/x509.h>\n"
    }

    /// Writes the headers of the system.
    fn system_includes(&self) -> String {
        let mut head = String::new();
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
        head
    }

    /// Writes what says on which library the program runs.
    fn runs_on(&self) -> String {
        if let Some(foreign) = self.foreign {
            return foreign.runs_on(&format!("{}{}", self.release, self.terms));
        }
        let text = part!("runs_on").replace("RELEASE", &format!("{:?}", self.release));
        text.replace("EXPECTED", &format!("{}{}", self.release, self.terms))
    }

    /// Writes the present time, and the clock where what it says is expected.
    fn clock(&self) -> String {
        let mut clock = String::new();
        if self.clock || self.names_now() {
            let passes = self.uses(Kind::AdvanceClock) || self.uses(Kind::TurnBackClock);
            if passes {
                clock += "/* Seconds since the program began. */\nstatic time_t passed;\n\n";
            }
            let passed = if passes { " + passed" } else { "" };
            clock += &format!("#define now ((time_t){}{passed})\n", number(self.now));
        }
        if self.clock {
            clock += concat!("\n", part!("clock"));
        }
        clock
    }

    /// Writes the array that calls are given.
    fn argument(&self) -> String {
        if self.argument == 0 { String::new() } else { format!("static unsigned char argument[{}];\n", self.argument) }
    }

    /// Writes the end of the program.
    pub fn main(&self) -> String {
        let register = if self.ex_data { "    register_indices();\n" } else { "" };
        let register = [register, self.foreign.map_or("", Foreign::begin)].concat();
        let watched = [(About::Leak, part!("main_leak")), (About::Memory, part!("main_memory"))];
        let main = watched.iter().find(|(about, _)| *about == self.about).map_or(part!("main"), |(_, main)| main);
        main.replace("REGISTER\n", &register)
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

/// Writes the function that compares two sessions getter by getter.
fn alike(lacks: Kinds, time_ex: bool) -> String {
    let mut text = String::from("static void alike(int at, SSL_SESSION *a, SSL_SESSION *b)\n{\n");
    let shown = |field: &&Field| field.is_copied() && field.hidden_tag().is_none() && !lacks.contains(field.getter());
    for field in Field::ALL.iter().filter(shown).filter(|field| time_ex || **field != Field::TimeEx) {
        text += &super::fields::same(*field);
    }
    text + "}\n"
}

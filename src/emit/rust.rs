//! A program as a Rust test that uses this crate.

use super::{Driven, Subject};

/// Writes a test that fails where the port that was named differs from the native session or from the ledger.
pub fn rust(subject: &Subject<'_>) -> String {
    let name = subject.signature.map_or("case".into(), |signature| {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        signature.to_string().chars().map(plain).collect::<String>()
    });
    let comment: String = subject.why.lines().map(|line| format!("//! {line}\n")).collect();
    let program = subject.program.to_string();
    // As many marks as it takes to end only where the text ends.
    let marks = "#".repeat(1 + longest_run(&program, '#'));
    let setup = subject.plan.setup();
    let Port { imports, make } = Port::of(subject.driven, setup.ex_data);
    let hazards = if setup.hazards { ".with_hazards()" } else { "" };
    format!(
        "{comment}//! Needs the crate `sessdiff` with the feature `linked`, and OpenSSL: `vendored`, or `system`.

use sessdiff::exec::Watch;
use sessdiff::pair::{{Pair, Verdict}};
use sessdiff::plan::Setup;
{imports}use sessdiff::port::native::NativePort;
use sessdiff::program::Program;

const CALLS: &str = r{marks}\"{program}\"{marks};

#[test]
fn {name}() {{
    let program: Program = CALLS.parse().expect(\"calls\");
    let setup = Setup::new({ex_data});
{make}    let native = NativePort::new(release, setup);
    let mut pair = Pair::new(native, port, setup.ex_data){hazards};
    for watch in [Watch::Fast, Watch::Ends, Watch::Blame] {{
        assert_eq!(pair.judge_watching(&program, watch), Verdict::Agree);
    }}
}}
",
        ex_data = setup.ex_data,
    )
}

/// What makes a port.
struct Port {
    /// Lines.
    imports: String,
    /// Lines, each indented.
    make: String,
}

impl Port {
    fn of(driven: Driven<'_>, probed: bool) -> Port {
        let probes = if probed { "Probes::ALL" } else { "Probes::NONE" };
        let linked = format!("CPort::linked({probes}).expect(\"the linked OpenSSL\")");
        let c = |names: &str| format!("use sessdiff::port::c::{{{names}}};\n");
        let of_model = |make: &str| format!("    let release = {linked}.library().release;\n    let port = {make};\n");
        let of_library = |make: &str| format!("    let port = {make};\n    let release = port.library().release;\n");
        match driven {
            Driven::Linked => Port { imports: c("CPort, Probes"), make: of_library(&linked) },
            Driven::Native => Port { imports: c("CPort, Probes"), make: of_model("NativePort::new(release, setup)") },
            Driven::Planted(bug) => Port {
                imports: c("CPort, Probes") + "use sessdiff::port::mutant::{Bug, Mutant};\n",
                make: of_model(&format!("Mutant::new(Bug::from_name({bug:?}).expect(\"a bug\"), release, setup)")),
            },
            Driven::Library(file) => {
                let of = format!("CPort::of(&source, {probes}, Start::Alone).expect(\"the library\")");
                let source = format!("    let source = Source::File({:?}.into());\n", file.to_string_lossy());
                Port { imports: c("CPort, Probes, Source, Start"), make: source + &of_library(&of) }
            }
        }
    }
}

/// Counts the most of a letter that stand side by side.
fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

//! A program as a Rust test that uses this crate.

use super::Subject;

/// Writes a test that fails where the linked OpenSSL differs from the native session or from the ledger.
pub fn rust(subject: &Subject<'_>) -> String {
    let name = subject.signature.map_or("case".into(), |signature| {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        signature.to_string().chars().map(plain).collect::<String>()
    });
    let comment: String = subject.why.lines().map(|line| format!("//! {line}\n")).collect();
    let program = subject.program.to_string();
    // As many marks as it takes to end only where the text ends.
    let marks = "#".repeat(1 + longest_run(&program, '#'));
    format!(
        "{comment}//! Needs the crate `sessdiff` with the feature `linked`, and OpenSSL: `vendored`, or `system`.

use sessdiff::exec::Watch;
use sessdiff::pair::{{Pair, Verdict}};
use sessdiff::plan::Setup;
use sessdiff::port::c::{{CPort, Probes}};
use sessdiff::port::native::NativePort;
use sessdiff::program::Program;

const CALLS: &str = r{marks}\"{program}\"{marks};

#[test]
fn {name}() {{
    let program: Program = CALLS.parse().expect(\"calls\");
    let openssl = CPort::linked(Probes::ALL).expect(\"the linked OpenSSL\");
    let setup = Setup::new(true);
    let native = NativePort::new(openssl.library().release, setup);
    let mut pair = Pair::new(native, openssl, setup.ex_data);
    for watch in [Watch::Fast, Watch::Ends, Watch::Blame] {{
        assert_eq!(pair.judge_watching(&program, watch), Verdict::Agree);
    }}
}}
"
    )
}

/// Counts the most of a letter that stand side by side.
fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

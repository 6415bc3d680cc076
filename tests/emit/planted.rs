//! SSL_SESSION_dup must carry the server name.
//! Needs the crate `sessdiff` with the feature `linked`, and OpenSSL: `vendored`, or `system`.

use sessdiff::exec::Watch;
use sessdiff::pair::{Pair, Verdict};
use sessdiff::plan::Setup;
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::mutant::{Bug, Mutant};
use sessdiff::port::native::NativePort;
use sessdiff::program::Program;

const CALLS: &str = r##"#! sessdiff 1
s0 = SSL_SESSION_new()
SSL_SESSION_set1_hostname(s0, "#\"#a")
s1 = SSL_SESSION_dup(s0)
"##;

#[test]
fn case() {
    let program: Program = CALLS.parse().expect("calls");
    let setup = Setup::new(true);
    let release = CPort::linked(Probes::ALL).expect("the linked OpenSSL").library().release;
    let port = Mutant::new(Bug::from_name("up-ref-takes-two").expect("a bug"), release, setup);
    let native = NativePort::new(release, setup);
    let mut pair = Pair::new(native, port, setup.ex_data);
    for watch in [Watch::Fast, Watch::Ends, Watch::Blame] {
        assert_eq!(pair.judge_watching(&program, watch), Verdict::Agree);
    }
}

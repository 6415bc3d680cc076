//! `sessdiff ops`.

use sessdiff::op::Kind;

use super::sessdiff;

#[test]
fn everything_that_can_be_called_is_listed() {
    let text = sessdiff(&["ops"]).exits(0).quietly().stdout;
    let object = sessdiff(&["ops", "--json"]).exits(0).quietly().json();
    let listed = object["ops"].as_array().expect("a list");
    assert_eq!(listed.len(), Kind::ALL.len());
    for (kind, op) in Kind::ALL.iter().zip(listed) {
        assert_eq!((&op["name"], &op["opcode"]), (&kind.name().into(), &kind.opcode().into()));
        let call = op["call"].as_str().expect("text");
        // A call with a block is spelled as the one with a word, and one for DTLS as the one for TLS.
        let spelled = kind.in_text();
        assert!(call.contains(&format!("{spelled}(")), "{op}");
        assert!(text.lines().any(|line| line == call), "{call}: {text}");
    }
    assert!(text.contains("\nOperands:\n"), "{text}");
}

//! Every signature that is written down anywhere, in a case, a patch, a page or a test, is one that can be found, and is written
//! as it is said.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sessdiff::op::Kind;
use sessdiff::oracle::Signature;
use sessdiff::port::mutant::Bug;

/// Where signatures are written down, and the fewest of each.
const PLACES: &[(&str, &str, usize)] =
    &[("corpus/hazards", "ops", 10), ("docs", "md", 20), ("tests/cli", "rs", 2), ("tests/libraries", "patch", 36)];

/// Every file below `folder` whose name ends so.
fn files(folder: &Path, ending: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|kind| kind == ending) {
            found.push(fs::read_to_string(&path).expect("a file"));
        }
    }
}

/// The words of a text that are a call, a slash and what differs.
fn signatures(text: &str) -> Vec<&str> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let words = text.split(|c| !part(c)).map(|word| word.trim_end_matches('.'));
    let is_call = |call: &str| call == "end" || Kind::from_name(call).is_some();
    words
        .filter(|word| word.split_once('/').is_some_and(|(call, aspect)| is_call(call) && !aspect.is_empty()))
        .collect()
}

/// What tests write so that it is refused.
const REFUSED: &[&str] = &[
    "SSL_SESSION_dup/hostnames",
    "SSL_SESSION_dup/hostnam",
    "SSL_SESSION_dup/callback.fre",
    "SSL_SESSION_dup/destroyed-earl",
    "end/leek",
    "end/retrun",
];

#[test]
fn what_is_written_down_can_be_found() {
    let mut wrong = Vec::new();
    let mut refused = BTreeSet::new();
    for (folder, ending, fewest) in PLACES {
        let mut texts = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), ending, &mut texts);
        let written: Vec<&str> = texts.iter().flat_map(|text| signatures(text)).collect();
        assert!(written.len() >= *fewest, "{folder}: {} signatures", written.len());
        for text in written {
            match text.parse::<Signature>() {
                Ok(signature) if signature.to_string() == text => {}
                Err(_) if REFUSED.contains(&text) => {
                    refused.insert(text.to_string());
                }
                Ok(signature) => wrong.push(format!("{folder}: {text} is said as {signature}")),
                Err(error) => wrong.push(format!("{folder}: {text}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(refused.len(), REFUSED.len(), "a word of REFUSED is not written any more");
}

#[test]
fn the_signatures_of_planted_bugs_are_read_as_they_are_said() {
    for bug in Bug::ALL {
        assert!(!bug.signatures().is_empty(), "{}", bug.name());
        for (at, signature) in bug.signatures().iter().enumerate() {
            assert_eq!(signature.to_string().parse(), Ok(*signature), "{}", bug.name());
            assert!(!bug.signatures()[..at].contains(signature), "{}: {signature} is there twice", bug.name());
        }
    }
}

mod the_search_can_fail {
    use super::*;

    #[test]
    fn words_that_are_no_signature() {
        assert_eq!(signatures("A `handshake/return`, and end/leak."), ["handshake/return", "end/leak"]);
        assert!(signatures("src/trace end/ and / handshake or").is_empty());
    }
}

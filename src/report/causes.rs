//! Puts signatures that come from one cause together.

use super::SignatureHits;

/// Puts each signature behind that of the smallest program which shows the same cause, and says so in it.
///
/// Two signatures have one cause where the reduced program of one shows the other too, in the very call that is blamed: of what
/// differs in a call the first is its name, and which one that is depends on what the program happens to observe. It is not enough
/// that two programs make the same calls: two faults of one function show in the same calls.
pub fn grouped(signatures: Vec<SignatureHits>) -> Vec<SignatureHits> {
    let mut left = signatures;
    // The order among equals is that in which they were found.
    left.sort_by_key(calls);
    let mut groups: Vec<Vec<SignatureHits>> = Vec::new();
    for mut one in left {
        match groups.iter_mut().find(|group| group.iter().any(|other| is_one_cause(other, &one))) {
            Some(group) => {
                one.found.cause = Some(group[0].found.signature.to_string());
                group.push(one);
            }
            None => {
                one.found.cause = None;
                groups.push(vec![one]);
            }
        }
    }
    groups.into_iter().flatten().collect()
}

fn calls(one: &SignatureHits) -> usize {
    one.found.finding["calls"].as_array().map_or(usize::MAX, Vec::len)
}

fn is_one_cause(one: &SignatureHits, other: &SignatureHits) -> bool {
    let shows = |one: &SignatureHits, other: &SignatureHits| {
        let signature = other.found.signature.to_string();
        one.found.beside.contains(&signature)
    };
    // Take what two rules of a release explain for two causes.
    let rules = [one, other].map(|one| &one.found.explained);
    let apart = rules.iter().all(|rules| !rules.is_empty()) && !rules[0].iter().any(|rule| rules[1].contains(rule));
    !apart && (shows(one, other) || shows(other, one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SignatureSummary;

    fn hits(signature: &str, calls: usize, beside: &[&str]) -> SignatureHits {
        let found = SignatureSummary {
            signature: signature.parse().expect("a signature"),
            class: String::new(),
            broke: false,
            explained: Vec::new(),
            beside: beside.iter().map(ToString::to_string).collect(),
            cause: Some("end/leak".into()),
            finding: serde_json::json!({ "calls": vec!["c"; calls] }),
            reduced: true,
            file: None,
        };
        SignatureHits { found, hits: 1 }
    }

    #[test]
    fn what_one_program_shows_of_another_is_behind_the_smallest() {
        let flush = "SSL_CTX_flush_sessions";
        let [cache, removed, freed] =
            ["cache", "callback.remove", "callback.free"].map(|aspect| format!("{flush}/{aspect}"));
        let groups = grouped(vec![
            hits(&freed, 5, &[&removed]),
            hits("SSL_free/count", 2, &[]),
            hits(&removed, 4, &[&cache]),
            hits("SSL_CTX_flush_sessions/count", 4, &[]),
            hits(&cache, 3, &[]),
        ]);
        let said: Vec<_> =
            groups.iter().map(|one| (one.found.signature.to_string(), one.found.cause.clone())).collect();
        let alone = |signature: &str| (signature.to_string(), None);
        let of = |signature: &String| (signature.clone(), Some(cache.clone()));
        let expected =
            [alone("SSL_free/count"), alone(&cache), of(&removed), of(&freed), alone("SSL_CTX_flush_sessions/count")];
        assert_eq!(said, expected);
        assert!(groups[2].to_string().starts_with("  of the same cause: 1 program: "), "{}", groups[2]);
    }
}

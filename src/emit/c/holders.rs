//! Writes checks of who else holds sessions than the program's variables: caches and connections.

use std::collections::HashSet;

use super::super::Subject;
use super::checks::{About, Checks};
use super::fields::talks;
use super::value::{literal, number};
use crate::op::{ConnectionSlot, ContextSlot, Op, Slot};
use crate::trace::Entry;

/// Writes the checks after a step: what is in the caches, and which sessions connections have.
pub(super) fn sharing(subject: &Subject<'_>, at: usize, op: &Op) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // It was looked at before it went.
    if matches!(op, Op::CtxFree { .. }) {
        return lines;
    }
    let mut cache = None;
    for entry in subject.expected.entries(at) {
        if let Entry::Cache(c, cached, _) = entry {
            lines.push(format!("number({at}, \"sessions cached by {c}\", {cached}, SSL_CTX_sess_number({c}));"));
            cache = Some(c);
        }
        if let (Entry::Member(bits, version, id), Some(c)) = (entry, cache) {
            lines.extend(match first(bits) {
                Some(slot) => Some(format!("number({at}, \"{slot} is cached by {c}\", 1, is_cached({c}, {slot}));")),
                None if bits == 0 => Some(unnamed(at, c, version, id, talks(subject))),
                None => None,
            });
        }
        if let (Entry::Chain(peers), Op::GetPeerCertChain { x }) = (entry, op) {
            let what = format!("certificates in the chain of {x} that are its peer's");
            lines.push(format!("number({at}, \"{what}\", {peers}, peers_in_chain({x}));"));
        }
        if let Entry::Connection(x, has, bits) = entry {
            lines.extend(of_connection(at, x, has, bits));
        }
    }
    // What a call is about may have been looked at twice.
    let mut seen = HashSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    lines
}

/// Returns the first of the variables that hold a session. `slots` has one bit for each variable.
fn first(bits: u8) -> Option<Slot> {
    Slot::all().find(|slot| bits & (1 << slot.index()) != 0)
}

/// Writes the check that a session is cached which no variable holds. `talks`: there are handshakes, which draw ids at random;
/// of such an id only the length is known.
fn unnamed(at: usize, c: ContextSlot, version: i32, id: &[u8], talks: bool) -> String {
    let (version, length) = (number(version.into()), id.len());
    if talks {
        let what = format!("a session with an id of {length} bytes is cached by {c}");
        return format!("number({at}, \"{what}\", 1, has_id({c}, {version}, NULL, {length}));");
    }
    let in_words = literal(id).replace('\\', "\\\\").replace('"', "'");
    let what = format!("a session with id {in_words} is cached by {c}");
    let id = literal(id);
    format!("number({at}, \"{what}\", 1, has_id({c}, {version}, (const unsigned char *){id}, {length}));")
}

/// Writes the check whether a connection has a session, and which one.
fn of_connection(at: usize, x: ConnectionSlot, has: bool, bits: u8) -> Vec<String> {
    let has = i32::from(has);
    let mut lines = vec![format!("number({at}, \"{x} has a session\", {has}, SSL_get_session({x}) != NULL);")];
    lines
        .extend(first(bits).map(|slot| {
            format!("number({at}, \"{x} has the session of {slot}\", 1, SSL_get_session({x}) == {slot});")
        }));
    lines
}

impl Checks {
    /// Writes the check that every session was destroyed. It comes last: nothing owns a session any more, not even a callback.
    pub fn at_last(&self, subject: &Subject<'_>, at: usize) -> Option<String> {
        let looked = matches!(self.about, About::Everything | About::Destroyed) && subject.plan.setup().ex_data;
        let all = subject.expected.deaths.len();
        looked.then(|| format!("number({at}, \"sessions destroyed\", {all}, destroyed);"))
    }
}

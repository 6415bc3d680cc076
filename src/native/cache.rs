//! The sessions that a context has cached: a hash by version and id, and a list ordered by expiry.
//!
//! Both are as in `ssl/ssl_sess.c`: what a session changes while it is cached, its time for instance, moves it in neither unless
//! the release says so. OpenSSL hashes the first four bytes of an id. Here all bytes count, with a seed of the process, so that
//! no program can choose ids that share a bucket.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};
use std::sync::atomic::Ordering::Relaxed;

use foldhash::fast::RandomState;

use super::rules::{Followed, Rule};
use super::session::Session;

/// Identifies a session in the hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    /// Holds the bytes of the id, and zeros after them.
    id: [u64; 4],
    length: u8,
    version: i32,
}

impl Key {
    /// Returns the key that a session has now.
    pub fn of(session: &Session) -> Key {
        let (id, length) = session.0.id.words();
        Key { id, length: length as u8, version: session.protocol_version() }
    }

    /// Makes a key of a version and of the first 32 bytes of an id.
    pub fn new(version: i32, id: &[u8]) -> Key {
        let mut bytes = [0; 32];
        let length = id.len().min(bytes.len());
        bytes[..length].copy_from_slice(&id[..length]);
        let (words, _) = bytes.as_chunks::<8>();
        Key { id: std::array::from_fn(|at| u64::from_le_bytes(words[at])), length: length as u8, version }
    }
}

/// Takes every byte of the id and the version into account.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Key { id, length, version } = self;
        id.iter().for_each(|word| state.write_u64(*word));
        state.write_u64(u64::from(*version as u32) << 8 | u64::from(*length));
    }
}

/// Stands for no node.
const NONE: usize = usize::MAX;

/// Holds a session and its place in the list.
#[derive(Debug)]
struct Node {
    /// Is nothing while the node is not used.
    session: Option<Session>,
    /// Names the neighbour towards the head, which expires later.
    before: usize,
    /// Names the neighbour towards the tail, which expires earlier.
    after: usize,
    linked: bool,
}

impl Node {
    const UNUSED: Node = Node { session: None, before: NONE, after: NONE, linked: false };

    fn has(&self, session: &Session) -> bool {
        self.session.as_ref().is_some_and(|own| own.address() == session.address())
    }
}

/// Owns one reference to each session in it.
#[derive(Debug)]
pub(super) struct Cache {
    /// Names the context that has the cache.
    owner: u64,
    hash: HashMap<Key, usize, RandomState>,
    nodes: Vec<Node>,
    unused: Vec<usize>,
    head: usize,
    tail: usize,
}

/// Says what became of a session that was to be put in.
pub(super) enum Put {
    /// Names the node of a session that was there already.
    Known(usize),
    /// Names the node of a session that is in the hash, and not yet in the list.
    New(usize),
}

impl Cache {
    /// Makes an empty cache of the context with this number.
    pub fn new(owner: u64) -> Cache {
        Cache { owner, hash: HashMap::default(), nodes: Vec::new(), unused: Vec::new(), head: NONE, tail: NONE }
    }

    /// Returns how many sessions there are.
    pub fn len(&self) -> usize {
        self.hash.len()
    }

    /// Returns the sessions, in no order.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.nodes.iter().filter_map(|node| node.session.as_ref())
    }

    /// Returns whether this very session is in, under the key that it has now or under one that it had.
    pub fn lists(&self, session: &Session) -> bool {
        let owner = session.owner();
        let under_its_key = || self.hash.get(&Key::of(session)).is_some_and(|at| self.has(*at, session));
        if owner == self.owner || under_its_key() {
            return true;
        }
        // It is in other caches, or it is here under another key, which only a walk finds.
        let elsewhere = u32::from(owner != 0);
        session.0.entered.load(Relaxed) > elsewhere && self.nodes.iter().any(|node| node.has(session))
    }

    /// Returns another reference to the session that has the key.
    pub fn find(&self, key: &Key) -> Option<Session> {
        let at = self.hash.get(key).copied()?;
        self.session(at).map(Session::up_ref)
    }

    /// Returns whether a session has the key.
    pub fn has_key(&self, key: &Key) -> bool {
        self.hash.contains_key(key)
    }

    /// Returns the keys of the sessions of which this holds.
    pub fn keys_of(&self, holds: impl Fn(&Session) -> bool) -> Vec<Key> {
        self.sessions().filter(|session| holds(session)).map(Key::of).collect()
    }

    /// Returns the session that expires first.
    pub fn tail(&self) -> Option<&Session> {
        self.session(self.tail)
    }

    /// Puts a session into the hash, with a reference of the cache's own. Gives back the session that it displaces.
    pub fn put(&mut self, session: &Session) -> (Put, Option<Session>) {
        let key = Key::of(session);
        let free = self.unused.last().copied().unwrap_or(self.nodes.len());
        let (at, is_new) = match self.hash.entry(key) {
            Entry::Vacant(entry) => (*entry.insert(free), true),
            Entry::Occupied(entry) => (*entry.get(), false),
        };
        if !is_new && self.has(at, session) {
            return (Put::Known(at), None);
        }
        let mut displaced = None;
        if !is_new {
            displaced = self.vacate(at);
        } else if self.unused.pop().is_none() {
            self.nodes.push(Node::UNUSED);
        }
        session.0.entered.fetch_add(1, Relaxed);
        self.nodes[at].session = Some(session.up_ref());
        (Put::New(at), displaced)
    }

    /// Takes the session that has the key out of hash and list. The caller gets the cache's reference.
    pub fn take(&mut self, key: &Key) -> Option<Session> {
        let at = self.hash.remove(key)?;
        self.unused.push(at);
        self.vacate(at)
    }

    /// Takes what is at a node out of the list and out of the node.
    fn vacate(&mut self, at: usize) -> Option<Session> {
        self.unlink(at);
        let session = self.nodes.get_mut(at)?.session.take()?;
        session.0.entered.fetch_sub(1, Relaxed);
        session.set_owner(0);
        Some(session)
    }

    /// Puts a node into the list, at the place that the expiry of its session gives it: `SSL_SESSION_list_add`.
    pub fn link(&mut self, at: usize, rules: &Followed) {
        self.unlink(at);
        let Some(session) = self.session(at) else { return };
        let expiry = session.expiry_by(rules.time);
        let ends_before = |other: usize| {
            let other = self.session(other).filter(|_| !rules.has(Rule::ListByArrival));
            other.is_some_and(|other| rules.time.compare(expiry, other.expiry_by(rules.time)) == Ordering::Less)
        };
        // Most come in at an end of the list.
        let mut next = if ends_before(self.head) && ends_before(self.tail) { NONE } else { self.head };
        while ends_before(next) {
            next = self.nodes[next].after;
        }
        let before = self.nodes.get(next).map_or(self.tail, |node| node.before);
        self.between(before, at, next);
    }

    /// Moves a session to the place that its expiry gives it now, if it has a node under its key.
    pub fn relink(&mut self, session: &Session, rules: &Followed) {
        let Some(at) = self.hash.get(&Key::of(session)).copied() else { return };
        if self.has(at, session) {
            self.link(at, rules);
        }
    }

    fn session(&self, at: usize) -> Option<&Session> {
        self.nodes.get(at)?.session.as_ref()
    }

    /// Returns whether a node has this very session.
    fn has(&self, at: usize, session: &Session) -> bool {
        self.nodes.get(at).is_some_and(|node| node.has(session))
    }

    fn between(&mut self, before: usize, at: usize, after: usize) {
        if let Some(node) = self.nodes.get_mut(at) {
            (node.before, node.after, node.linked) = (before, after, true);
        }
        self.join(before, at);
        self.join(at, after);
    }

    fn unlink(&mut self, at: usize) {
        let Some(node) = self.nodes.get_mut(at).filter(|node| node.linked) else { return };
        node.linked = false;
        let (before, after) = (node.before, node.after);
        self.join(before, after);
    }

    /// Makes two nodes neighbours. At an end one of them is none.
    fn join(&mut self, before: usize, after: usize) {
        match self.nodes.get_mut(before) {
            Some(node) => node.after = after,
            None => self.head = after,
        }
        match self.nodes.get_mut(after) {
            Some(node) => node.before = before,
            None => self.tail = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::context::Context;
    use super::super::library::Library;
    use super::super::release::Release;
    use super::super::time::Clock;
    use super::*;

    const NOON: i64 = 1_600_000_000;

    fn library() -> Arc<Library> {
        Library::new(Release::V3_6_3, Clock::Frozen { micros: NOON as u64 * 1_000_000 })
    }

    /// Makes a session that expires so many seconds after noon.
    fn session(library: &Arc<Library>, id: &[u8], seconds: i64) -> Session {
        let session = library.session();
        session.set1_id(id).unwrap();
        session.set_timeout(seconds).unwrap();
        session
    }

    fn listed(context: &Context) -> usize {
        let mut sessions = 0;
        context.sessions(|_| sessions += 1);
        sessions
    }

    #[test]
    fn a_session_is_found_in_each_cache_that_has_it_whatever_its_key() {
        let library = library();
        let (one, other) = (library.context(), library.context());
        let cached = session(&library, b"an id", 300);
        let places = |session: &Session| (one.lists(session), other.lists(session));
        assert_eq!(places(&cached), (false, false));
        assert!(one.add_session(&cached));
        assert_eq!(places(&cached), (true, false));
        assert!(other.add_session(&cached));
        assert_eq!((places(&cached), cached.references()), ((true, true), 3));
        cached.set1_id(b"another").unwrap();
        assert_eq!(places(&cached), (true, true), "under the id that it had");
        assert_eq!(places(&session(&library, b"an id", 300)), (false, false), "another session with that id");
        other.flush_sessions(0);
        assert_eq!(places(&cached), (true, true), "a key that is not found ends the flush");
        cached.set1_id(b"an id").unwrap();
        other.flush_sessions(0);
        assert_eq!((places(&cached), cached.references()), ((true, false), 2));
        one.flush_sessions(0);
        assert_eq!((places(&cached), cached.references()), ((false, false), 1));
    }

    #[test]
    fn a_session_that_ends_later_than_before_moves_in_the_list_of_its_context() {
        let library = library();
        let context = library.context();
        let (first, second) = (session(&library, b"first", 100), session(&library, b"second", 200));
        assert!(context.add_session(&first) && context.add_session(&second));
        first.set_timeout(300).unwrap();
        context.flush_sessions(NOON + 250);
        assert_eq!((context.lists(&first), context.lists(&second)), (true, false));
        drop(context);
        first.set_timeout(400).unwrap();
        assert_eq!(first.references(), 1, "the context is gone");
    }

    #[test]
    fn ids_that_begin_alike_and_ids_that_end_alike_differ() {
        let library = library();
        let context = library.context();
        let ids = |at: usize, length: usize| {
            (0..=255_u8).map(move |byte| {
                let mut id = vec![7; length];
                id[at] = byte;
                id
            })
        };
        let all: Vec<Vec<u8>> = ids(0, 32).chain(ids(31, 32)).chain(ids(8, 9)).chain([vec![7], vec![7, 0]]).collect();
        let sessions: Vec<Session> = all.iter().map(|id| session(&library, id, 300)).collect();
        let added = sessions.iter().filter(|session| context.add_session(session)).count();
        // The id that is 7 from end to end is in two of the lists.
        assert_eq!((added, context.number(), listed(&context)), (770, 769, 769));
        for session in &sessions[1..] {
            let found = context.look_up(0, session.id().as_slice());
            assert!(found.is_some_and(|found| found.id() == session.id()));
        }
    }

    #[test]
    fn a_session_displaces_another_one_with_its_key() {
        let library = library();
        let context = library.context();
        let (first, second) = (session(&library, b"an id", 100), session(&library, b"an id", 100));
        assert!(context.add_session(&first) && context.add_session(&second) && !context.add_session(&second));
        assert_eq!((first.references(), second.references(), context.number(), listed(&context)), (1, 2, 1, 1));
        second.set_protocol_version(0x303);
        assert!(context.add_session(&first), "it displaces what came in under its key");
        assert_eq!((context.number(), listed(&context)), (1, 1));
        assert!(context.lists(&first) && !context.lists(&second));
    }
}

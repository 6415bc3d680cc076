//! The sessions a context has cached: a hash by version and id, and a list ordered by expiry.
//!
//! Both are as in `ssl/ssl_sess.c`: what a session changes while it is cached, its time for instance, moves it in neither unless
//! the release says so.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::bytes::Short;
use super::release::Rules;
use super::session::Session;

/// What the hash goes by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    version: i32,
    id: Short,
}

impl Key {
    pub fn of(session: &Session) -> Key {
        Key { version: session.protocol_version(), id: session.id() }
    }

    pub fn new(version: i32, id: &[u8]) -> Key {
        Key { version, id: Short::new(&id[..id.len().min(32)]) }
    }
}

/// No node.
const NONE: usize = usize::MAX;

#[derive(Debug)]
struct Node {
    session: Session,
    key: Key,
    /// Towards the head: what expires later.
    before: usize,
    /// Towards the tail: what expires earlier.
    after: usize,
    linked: bool,
}

/// Each session in it holds one reference.
#[derive(Debug)]
pub(super) struct Cache {
    hash: HashMap<Key, usize>,
    nodes: Vec<Option<Node>>,
    unused: Vec<usize>,
    head: usize,
    tail: usize,
}

/// What became of a session that was to be put in.
pub(super) enum Put {
    /// It was there already.
    Known(usize),
    /// It is in the hash, and not yet in the list.
    New(usize),
}

impl Cache {
    pub fn new() -> Cache {
        Cache { hash: HashMap::new(), nodes: Vec::new(), unused: Vec::new(), head: NONE, tail: NONE }
    }

    pub fn len(&self) -> usize {
        self.hash.len()
    }

    /// In no order.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.nodes.iter().flatten().map(|node| &node.session)
    }

    pub fn lists(&self, session: &Session) -> bool {
        let at = self.hash.get(&Key::of(session)).copied();
        let found = at.and_then(|at| self.node(at)).is_some_and(|node| node.session.address() == session.address());
        // Under a key that it had before, perhaps.
        found || self.sessions().any(|cached| cached.address() == session.address())
    }

    /// A reference to what has the key.
    pub fn find(&self, key: &Key) -> Option<Session> {
        let at = self.hash.get(key).copied()?;
        self.node(at).map(|node| node.session.up_ref())
    }

    /// What expires first.
    pub fn tail(&self) -> Option<&Session> {
        self.node(self.tail).map(|node| &node.session)
    }

    /// Into the hash, with a reference of the cache's own; gives back what it displaces.
    pub fn put(&mut self, session: &Session) -> (Put, Option<Session>) {
        let key = Key::of(session);
        let mut displaced = None;
        if let Some(at) = self.hash.get(&key).copied() {
            if self.node(at).is_some_and(|node| node.session.address() == session.address()) {
                return (Put::Known(at), None);
            }
            displaced = self.take_at(at);
        }
        let node = Node { session: session.up_ref(), key, before: NONE, after: NONE, linked: false };
        let at = match self.unused.pop() {
            Some(at) => at,
            None => {
                self.nodes.push(None);
                self.nodes.len() - 1
            }
        };
        self.nodes[at] = Some(node);
        self.hash.insert(key, at);
        (Put::New(at), displaced)
    }

    /// Out of hash and list, whatever has the key; the caller gets the cache's reference.
    pub fn take(&mut self, key: &Key) -> Option<Session> {
        let at = self.hash.get(key).copied()?;
        self.take_at(at)
    }

    fn take_at(&mut self, at: usize) -> Option<Session> {
        self.unlink(at);
        let node = self.nodes.get_mut(at)?.take()?;
        self.unused.push(at);
        if self.hash.get(&node.key) == Some(&at) {
            self.hash.remove(&node.key);
        }
        node.session.set_owner(None);
        Some(node.session)
    }

    /// Into the list, at the place that its expiry gives it: `SSL_SESSION_list_add`.
    pub fn link(&mut self, at: usize, rules: &Rules) {
        self.unlink(at);
        let Some(node) = self.node(at) else { return };
        if self.head == NONE {
            return self.between(NONE, at, NONE);
        }
        if !rules.list_by_expiry {
            return self.between(NONE, at, self.head);
        }
        let expiry = node.session.expiry();
        let against = |cache: &Cache, other: usize| {
            let other = cache.node(other).map_or(expiry, |node| node.session.expiry());
            rules.time.compare(expiry, other)
        };
        if against(self, self.head) != Ordering::Less {
            return self.between(NONE, at, self.head);
        }
        if against(self, self.tail) == Ordering::Less {
            return self.between(self.tail, at, NONE);
        }
        let mut next = self.node(self.head).map_or(NONE, |node| node.after);
        while next != NONE {
            if against(self, next) != Ordering::Less {
                let before = self.node(next).map_or(NONE, |node| node.before);
                return self.between(before, at, next);
            }
            next = self.node(next).map_or(NONE, |node| node.after);
        }
    }

    /// To the place that its expiry gives it now, if it is in this cache.
    pub fn relink(&mut self, session: &Session, rules: &Rules) {
        let Some(at) = self.hash.get(&Key::of(session)).copied() else { return };
        if self.node(at).is_some_and(|node| node.session.address() == session.address()) {
            self.link(at, rules);
        }
    }

    fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)?.as_ref()
    }

    fn node_mut(&mut self, at: usize) -> Option<&mut Node> {
        self.nodes.get_mut(at)?.as_mut()
    }

    fn between(&mut self, before: usize, at: usize, after: usize) {
        if let Some(node) = self.node_mut(at) {
            (node.before, node.after, node.linked) = (before, after, true);
        }
        self.join(before, at);
        self.join(at, after);
    }

    fn unlink(&mut self, at: usize) {
        let Some(node) = self.node_mut(at).filter(|node| node.linked) else { return };
        node.linked = false;
        let (before, after) = (node.before, node.after);
        self.join(before, after);
    }

    /// `before` and `after` are neighbours; at an end one of them is none.
    fn join(&mut self, before: usize, after: usize) {
        match self.node_mut(before) {
            Some(node) => node.after = after,
            None => self.head = after,
        }
        match self.node_mut(after) {
            Some(node) => node.before = before,
            None => self.tail = before,
        }
    }
}

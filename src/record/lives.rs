//! The calls that belong to the life of one session: those on the session, on what it was made of, and on the connections and contexts
//! where it was.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::log::{Call, Log, Object};
use super::objects::SETS;

/// Limits how many sessions of a process are told of.
const MOST: usize = 2000;

/// What is known of the objects of a process.
#[derive(Default)]
struct Known {
    sessions: BTreeSet<u64>,
    connections: BTreeSet<u64>,
    /// The steps that name a session or connection.
    steps: HashMap<u64, Vec<usize>>,
    /// The steps that name contexts alone.
    settings: HashMap<u64, Vec<usize>>,
    /// The connections where a session came from, and those that it was set on.
    origins: HashMap<u64, BTreeSet<u64>>,
    set_on: HashMap<u64, BTreeSet<u64>>,
    /// The sessions that were set on a connection, and those that its callbacks were told of.
    given: HashMap<u64, BTreeSet<u64>>,
    told: HashMap<u64, BTreeSet<u64>>,
    /// The sessions that a session is a copy of.
    copied: HashMap<u64, BTreeSet<u64>>,
    contexts: HashMap<u64, BTreeSet<u64>>,
}

/// The objects of a life.
#[derive(Default, Clone, PartialEq, Eq, Hash)]
struct Life {
    sessions: BTreeSet<u64>,
    connections: BTreeSet<u64>,
    contexts: BTreeSet<u64>,
}

/// The lives of a process.
pub(super) struct Lives<'a> {
    /// The calls of each, in order, and how many sessions had that one.
    pub each: Vec<(Vec<&'a Call>, usize)>,
    /// Tells whether there were more sessions than are told of.
    pub are_cut: bool,
}

/// Returns the lives of the sessions of a process.
pub(super) fn lives(log: &Log) -> Lives<'_> {
    let known = Known::of(&log.calls);
    let is_own =
        |id: &u64| known.steps.get(id).and_then(|steps| steps.last()).is_some_and(|last| *last >= log.inherited);
    let mut all: Vec<Life> =
        known.sessions.iter().filter(|id| is_own(id)).take(MOST).map(|id| known.life_of(*id)).collect();
    // A connection whose session nobody asked for.
    let with: BTreeSet<u64> = all.iter().flat_map(|life| life.connections.iter().copied()).collect();
    let has_shaken = |x: &u64| {
        let mut steps = known.steps.get(x).into_iter().flatten();
        steps.any(|step| log.calls[*step].name == "handshake" && log.calls[*step].returned() == 1)
    };
    let alone = known.connections.iter().filter(|x| !with.contains(x) && is_own(x) && has_shaken(x)).take(MOST);
    all.extend(alone.map(|x| {
        let mut life = Life::default();
        life.connections.insert(*x);
        known.with_contexts(life)
    }));
    let are_cut = all.len() >= MOST;
    let counted = whole(all);
    let steps = |life: &Life| known.steps_of(life, &log.calls).into_iter().map(|step| &log.calls[step]).collect();
    let each = counted.iter().map(|(life, sessions)| (steps(life), *sessions)).collect();
    Lives { each, are_cut }
}

/// Merges lives that are equal, and those that are a part of another one, and counts them.
fn whole(all: Vec<Life>) -> Vec<(Life, usize)> {
    let mut places: HashMap<Life, usize> = HashMap::new();
    let mut lives: Vec<(Life, usize)> = Vec::new();
    for life in all {
        let at = *places.entry(life.clone()).or_insert(lives.len());
        match lives.get_mut(at) {
            Some((_, count)) => *count += 1,
            None => lives.push((life, 1)),
        }
    }
    // What is a part of another one has all its objects there.
    let mut with: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, (life, _)) in lives.iter().enumerate() {
        life.sessions.iter().for_each(|id| with.entry(*id).or_default().push(at));
    }
    for at in 0..lives.len() {
        let life = &lives[at].0;
        let candidates = life.sessions.first().and_then(|first| with.get(first)).into_iter().flatten();
        let holds = |other: &&usize| **other != at && lives[**other].1 > 0 && life.is_part_of(&lives[**other].0);
        if let Some(whole) = candidates.copied().collect::<Vec<_>>().iter().find(holds) {
            lives[*whole].1 += std::mem::take(&mut lives[at].1);
        }
    }
    lives.retain(|(_, count)| *count > 0);
    lives
}

impl Life {
    fn is_part_of(&self, other: &Life) -> bool {
        self.sessions.is_subset(&other.sessions)
            && self.connections.is_subset(&other.connections)
            && self.contexts.is_subset(&other.contexts)
    }
}

impl Known {
    fn of(calls: &[Call]) -> Known {
        let mut known = Known::default();
        // The sessions whose bytes these are.
        let mut written: HashMap<u64, u64> = HashMap::new();
        let mut last_text = None;
        for (at, call) in calls.iter().enumerate() {
            known.index(at, call);
            let session = call.session().filter(|id| *id != 0);
            let result = call.made_session();
            match (call.name.as_str(), session, call.digest()) {
                ("i2d_SSL_SESSION", Some(id), Some(digest)) => drop(written.insert(digest, id)),
                ("PEM_write_bio_SSL_SESSION", Some(id), _) => last_text = Some(id),
                ("SSL_SESSION_dup", Some(of), _) => known.copy(result, Some(of)),
                ("d2i_SSL_SESSION" | "d2i_SSL_SESSION_ex", _, Some(digest)) => {
                    known.copy(result, written.get(&digest).copied());
                }
                ("PEM_read_bio_SSL_SESSION", _, _) => known.copy(result, last_text),
                _ => {}
            }
        }
        known
    }

    /// Notes which objects a call is about.
    fn index(&mut self, at: usize, call: &Call) {
        let (mut sessions, mut connections, mut contexts) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for object in call.objects().filter(|object| object.number() != 0) {
            match object {
                Object::Session(id) => drop(sessions.insert(id)),
                Object::Connection(id) => drop(connections.insert(id)),
                Object::Context(id) => drop(contexts.insert(id)),
            }
        }
        sessions.iter().chain(&connections).for_each(|id| self.steps.entry(*id).or_default().push(at));
        if sessions.is_empty() && connections.is_empty() {
            contexts.iter().for_each(|id| self.settings.entry(*id).or_default().push(at));
        }
        for x in &connections {
            for s in &sessions {
                let (places, of) = match call.name.as_str() {
                    SETS => (&mut self.set_on, &mut self.given),
                    _ => (&mut self.origins, &mut self.told),
                };
                places.entry(*s).or_default().insert(*x);
                of.entry(*x).or_default().insert(*s);
            }
            self.contexts.entry(*x).or_default().extend(&contexts);
        }
        sessions.iter().for_each(|s| self.contexts.entry(*s).or_default().extend(&contexts));
        self.sessions.extend(sessions);
        self.connections.extend(connections);
    }

    fn copy(&mut self, made: Option<u64>, of: Option<u64>) {
        if let (Some(made), Some(of)) = (made, of) {
            self.copied.entry(made).or_default().insert(of);
        }
    }

    /// Collects what the life of a session is about.
    fn life_of(&self, session: u64) -> Life {
        let mut life = Life::default();
        life.connections.extend(self.set_on.get(&session).into_iter().flatten());
        // Where it came from, and that of a session which was offered there; no further back.
        let mut next: Vec<(u64, u32)> = vec![(session, 1)];
        for x in life.connections.clone() {
            next.extend(self.told.get(&x).into_iter().flatten().map(|told| (*told, 0)));
        }
        let mut seen: HashSet<u64> = HashSet::new();
        while let Some((session, hops)) = next.pop() {
            if !seen.insert(session) {
                continue;
            }
            life.sessions.insert(session);
            next.extend(self.copied.get(&session).into_iter().flatten().map(|of| (*of, hops)));
            for x in self.origins.get(&session).into_iter().flatten() {
                life.connections.insert(*x);
                next.extend(self.told.get(x).into_iter().flatten().map(|told| (*told, hops)));
                if hops > 0 {
                    next.extend(self.given.get(x).into_iter().flatten().map(|given| (*given, hops - 1)));
                }
            }
        }
        self.with_contexts(life)
    }

    fn with_contexts(&self, mut life: Life) -> Life {
        let of = |id: &u64| self.contexts.get(id).into_iter().flatten().copied();
        life.contexts = life.sessions.iter().chain(&life.connections).flat_map(of).collect();
        life
    }

    /// Lists the steps that are about the objects of a life alone.
    fn steps_of(&self, life: &Life, calls: &[Call]) -> BTreeSet<usize> {
        let of = |steps: &'_ HashMap<u64, Vec<usize>>, ids: &BTreeSet<u64>| {
            ids.iter().flat_map(|id| steps.get(id).into_iter().flatten().copied()).collect::<BTreeSet<usize>>()
        };
        let objects: BTreeSet<u64> = life.sessions.union(&life.connections).copied().collect();
        let mut steps = of(&self.steps, &objects);
        steps.extend(of(&self.settings, &life.contexts));
        let is_of = |object: Object| match object {
            Object::Session(id) => id == 0 || life.sessions.contains(&id),
            Object::Connection(id) => id == 0 || life.connections.contains(&id),
            Object::Context(id) => id == 0 || life.contexts.contains(&id),
        };
        steps.retain(|step| calls[*step].objects().all(is_of));
        steps
    }
}

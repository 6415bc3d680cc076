//! Tells apart the objects of a process: an address that is freed and comes again is another object.

use std::collections::{BTreeSet, HashMap};

use super::log::{Call, Object, Value};

/// The calls that return a session which nobody had before.
pub(super) const MAKERS: &[&str] =
    &["SSL_SESSION_new", "SSL_SESSION_dup", "d2i_SSL_SESSION", "d2i_SSL_SESSION_ex", "PEM_read_bio_SSL_SESSION"];
/// Returns a connection's session with a reference.
pub(super) const TAKES: &str = "SSL_get1_session";
/// Gives a connection a session.
pub(super) const SETS: &str = "SSL_set_session";

/// Numbers the objects by their addresses.
#[derive(Default)]
pub(super) struct Objects {
    sessions: HashMap<u64, u64>,
    contexts: HashMap<u64, u64>,
    connections: HashMap<u64, u64>,
    held: HashMap<u64, Held>,
    references: HashMap<u64, u64>,
    last: u64,
}

/// Says who is known to hold a session, as far as the calls tell.
#[derive(Default)]
struct Held {
    /// By the program.
    references: u64,
    connections: BTreeSet<u64>,
    is_cached: bool,
}

impl Objects {
    /// Returns the same calls with a number for each object in the place of its address.
    pub fn told_apart(mut self, calls: Vec<Call>) -> Vec<Call> {
        calls.into_iter().map(|call| self.call(call)).collect()
    }

    fn call(&mut self, call: Call) -> Call {
        let Call { name, operands, result } = call;
        let operands: Vec<Value> = operands.into_iter().map(|value| self.value(value)).collect();
        let made = MAKERS.contains(&name.as_str());
        let made_object = result.as_ref().and_then(Value::object);
        match made_object {
            Some(Object::Session(address)) if made => drop(self.sessions.remove(&address)),
            Some(Object::Context(address)) if name == "SSL_CTX_new" => drop(self.contexts.remove(&address)),
            Some(Object::Connection(address)) if name == "SSL_new" => drop(self.connections.remove(&address)),
            Some(Object::Session(_) | Object::Context(_) | Object::Connection(_)) | None => {}
        }
        let result = result.map(|value| self.value(value));
        let call = Call { name, operands, result };
        self.book(&call, made);
        call
    }

    /// Puts the number of an object in the place of its address.
    fn value(&mut self, value: Value) -> Value {
        let Some(object) = value.object().filter(|object| object.number() != 0) else { return value };
        let address = object.number();
        let known = match object {
            Object::Session(_) => {
                // One that nobody is known to hold is over, and this is another one.
                let held = |id: &u64| self.held.get(id).is_some_and(Held::is_held);
                if self.sessions.get(&address).is_some_and(|id| !held(id)) {
                    self.sessions.remove(&address);
                }
                &mut self.sessions
            }
            Object::Context(_) => &mut self.contexts,
            Object::Connection(_) => &mut self.connections,
        };
        let last = &mut self.last;
        let number = *known.entry(address).or_insert_with(|| {
            *last += 1;
            *last
        });
        Value::Object(match object {
            Object::Session(_) => Object::Session(number),
            Object::Context(_) => Object::Context(number),
            Object::Connection(_) => Object::Connection(number),
        })
    }

    /// Books who holds what after a call.
    fn book(&mut self, call: &Call, made: bool) {
        let session = call.session().filter(|id| *id != 0);
        if let Some(id) = call.made_session() {
            let held = self.held.entry(id).or_default();
            if made || call.name == TAKES {
                held.references += 1;
            }
            held.connections.extend(call.connection());
        }
        if let Some(id) = session {
            let held = self.held.entry(id).or_default();
            match call.name.as_str() {
                "SSL_SESSION_up_ref" => held.references += 1,
                "SSL_SESSION_free" => held.references = held.references.saturating_sub(1),
                "SSL_CTX_add_session" => held.is_cached = true,
                "SSL_CTX_remove_session" | "returned:remove" => held.is_cached = false,
                "returned:new" if call.returned() == 1 => held.references += 1,
                "callback:new" | "returned:get" => held.connections.extend(call.connection()),
                _ => {}
            }
        }
        match (call.name.as_str(), call.connection()) {
            (SETS, Some(x)) => {
                self.let_go(x);
                if let Some(id) = session {
                    self.held.entry(id).or_default().connections.insert(x);
                }
            }
            // It may have got another one.
            ("handshake", Some(x)) if call.integers().last() == Some(&0) => self.let_go(x),
            ("SSL_new", None) => {
                if let Some(made) = call.made() {
                    self.references.insert(made.number(), 1);
                }
            }
            ("SSL_up_ref", Some(x)) => *self.references.entry(x).or_default() += 1,
            ("SSL_free", Some(x)) => {
                let left = self.references.entry(x).or_insert(1);
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.let_go(x);
                    self.connections.retain(|_, id| *id != x);
                }
            }
            _ => {}
        }
    }

    /// Books that a connection has none of the sessions that it was known to have.
    fn let_go(&mut self, connection: u64) {
        self.held.values_mut().for_each(|held| held.connections.retain(|x| *x != connection));
    }
}

impl Held {
    fn is_held(&self) -> bool {
        self.references > 0 || !self.connections.is_empty() || self.is_cached
    }
}

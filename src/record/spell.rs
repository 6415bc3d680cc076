//! Spells the calls of a life as a program: variables for objects, words and blocks for callbacks, and a peer of the case's own where the
//! program's was another process.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::callbacks::{Shape, shape_of};
use super::log::{Call, Object, Value};
use super::words::operands;
use crate::op::{
    ConnectionSlot, ContextSlot, Kind, MAX_BYTES, Method, Op, Options, Slot, Variable, getters, plain_ops,
};
use crate::plan::{Ledger, Setup, Step};
use crate::program::{MARKER, Program};

/// A case of more calls is none that anybody reads.
const MOST_OPS: usize = 120;
/// What blocks write to; what the program itself writes goes to the others, from the next one on.
pub(super) const OF_BLOCKS: &str = "b0";
const BUFFERS: usize = 3;
const TLS1_2: i64 = 0x0303;
const TLS1_3: i64 = 0x0304;

/// A life as a program.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    pub program: Program,
    /// The calls that are not in the program, by name.
    pub left_out: BTreeMap<String, u64>,
    /// What is in the program and was otherwise, in sentences.
    pub otherwise: BTreeSet<&'static str>,
}

/// A context of the program.
struct Context {
    slot: ContextSlot,
    method: Method,
    /// The client that made the last handshake with a server of this context: the next one may resume its session.
    last_client: Option<ConnectionSlot>,
}

/// A context of the peers of the program's connections.
#[derive(Clone, Copy)]
struct Peer {
    slot: ContextSlot,
    version: i64,
}

/// A connection of the program.
struct Connection {
    slot: ConnectionSlot,
    context: u64,
    has_offer: bool,
    peer: Option<ConnectionSlot>,
    has_shaken: bool,
}

/// Spells a life, call by call. What the ledger skips is left out, so all calls of the program are made.
pub(super) struct Speller<'a> {
    calls: &'a [&'a Call],
    ledger: Ledger,
    ops: Vec<Op>,
    sessions: HashMap<u64, Vec<Slot>>,
    contexts: BTreeMap<u64, Context>,
    connections: BTreeMap<u64, Connection>,
    /// The contexts of servers and of clients. All connections of a side have one, for a session may be offered by another context.
    servers: Option<Peer>,
    clients: Option<Peer>,
    own: Vec<ContextSlot>,
    /// The variables that hold the bytes of this digest, and the number of the next one.
    written: HashMap<u64, String>,
    last_text: Option<String>,
    next_buffer: usize,
    /// What the new callbacks keep, by the number of the callback.
    kept: HashMap<usize, Shape>,
    spelled: Spelled,
}

/// Spells the calls of a life.
pub(super) fn spell(calls: &[&Call]) -> Spelled {
    let mut speller = Speller {
        calls,
        ledger: Ledger::new(Setup::new(true)),
        ops: Vec::new(),
        sessions: HashMap::new(),
        contexts: BTreeMap::new(),
        connections: BTreeMap::new(),
        servers: None,
        clients: None,
        own: Vec::new(),
        written: HashMap::new(),
        last_text: None,
        next_buffer: 0,
        kept: HashMap::new(),
        spelled: Spelled::default(),
    };
    let mut at = 0;
    while let Some(call) = calls.get(at) {
        if speller.ops.len() < MOST_OPS {
            at += speller.take(at, call);
        } else {
            speller.leave_out(&call.name);
            at += 1;
        }
    }
    speller.give_back();
    speller.spelled.program = Program { ops: speller.ops };
    speller.spelled
}

impl<'a> Speller<'a> {
    /// Spells the call that is next, and returns how many are done with it.
    fn take(&mut self, at: usize, call: &'a Call) -> usize {
        if let Some(kind) = call.begins() {
            return self.run(at, kind);
        }
        let is_done = match call.name.as_str() {
            "talked" => true,
            "unspelled" => {
                let name = call.operands.first();
                let name = name.and_then(|name| if let Value::Name(name) = name { Some(name.as_str()) } else { None });
                self.leave_out(name.unwrap_or("?"));
                true
            }
            "handshake" => self.handshake(call),
            "SSL_CTX_new" => self.new_context(call),
            "SSL_new" => self.new_connection(call),
            "SSL_free" => self.free_connection(call),
            "SSL_CTX_set_options" | "SSL_CTX_clear_options" => self.options(call),
            "i2d_SSL_SESSION" => self.write_der(at, call),
            "PEM_write_bio_SSL_SESSION" => self.write_text(call),
            "d2i_SSL_SESSION" | "d2i_SSL_SESSION_ex" | "PEM_read_bio_SSL_SESSION" => self.read(call),
            "SSL_CTX_set_session_ticket_cb" => self.set_ticket_callbacks(call),
            name if call.operands.iter().any(|value| matches!(value, Value::Callback(_))) => {
                self.set_callback(name, call)
            }
            _ => self.plainly(call),
        };
        if !is_done {
            self.leave_out(&call.name);
        }
        1
    }

    pub(super) fn leave_out(&mut self, name: &str) {
        let name = name.strip_prefix("returned:").map_or(name.to_string(), |kind| format!("a {kind} callback"));
        *self.spelled.left_out.entry(name).or_default() += 1;
    }

    /// Adds a line to the program, if it is a call that is made.
    fn say(&mut self, line: &str) -> bool {
        let Ok(program) = format!("{MARKER}\n{line}\n").parse::<Program>() else { return false };
        let [op] = &program.ops[..] else { return false };
        // What changes nothing and is asked again says nothing new.
        if matches!(op, plain_ops!() | getters!()) && self.ops.last() == Some(op) {
            return true;
        }
        let runs = matches!(self.ledger.step(op), Step::Run { .. });
        if runs {
            self.ops.push(op.clone());
        }
        runs
    }

    /// Returns the first session variable that is free.
    fn free_session(&self) -> Option<Slot> {
        Slot::all().find(|slot| !self.ledger.has(Variable::Session(*slot)))
    }

    fn free_context(&self) -> Option<ContextSlot> {
        ContextSlot::all().find(|slot| !self.ledger.has(Variable::Context(*slot)))
    }

    fn free_connection_slot(&self) -> Option<ConnectionSlot> {
        ConnectionSlot::all().find(|slot| !self.ledger.has(Variable::Connection(*slot)))
    }

    /// Adds a call that makes a session, and notes which.
    fn make_session(&mut self, id: Option<u64>, call: &str) -> bool {
        let Some(slot) = self.free_session() else { return false };
        if !self.say(&format!("{slot} = {call}")) {
            return false;
        }
        self.sessions.values_mut().for_each(|slots| slots.retain(|other| *other != slot));
        if let Some(id) = id {
            self.sessions.entry(id).or_default().push(slot);
        }
        true
    }

    /// Lists the variables that hold a session, those that own a reference first.
    fn slots_of(&self, id: u64) -> Vec<Slot> {
        let slots = self.sessions.get(&id).into_iter().flatten();
        let mut slots: Vec<Slot> = slots.copied().filter(|slot| self.ledger.has(Variable::Session(*slot))).collect();
        slots.sort_by_key(|slot| self.ledger.references(*slot) == 0);
        slots
    }

    /// Returns the variable that holds an object.
    pub(super) fn variable(&self, object: Object) -> Option<String> {
        match object {
            Object::Session(id) => self.slots_of(id).first().map(Slot::to_string),
            Object::Context(id) => self.contexts.get(&id).map(|context| context.slot.to_string()),
            Object::Connection(id) => self.connections.get(&id).map(|connection| connection.slot.to_string()),
        }
    }

    /// Spells a call by its name and operands.
    fn plainly(&mut self, call: &Call) -> bool {
        let Some(kind) = Kind::from_name(&call.name) else { return false };
        let Some(texts) = operands(call, |object| self.variable(object)) else { return false };
        let text = format!("{}({})", call.name, texts.join(", "));
        let done = match (kind.has_result(), call.made()) {
            (false, _) => self.say(&text),
            (true, Some(Object::Session(id))) => self.make_session(Some(id), &text),
            (true, Some(Object::Connection(id))) => self.copy_connection(id, call, &text),
            (true, Some(Object::Context(_))) => false,
            // Bytes, of which nobody is told.
            (true, None) if call.result.as_ref().and_then(Value::object).is_none() => {
                let buffer = self.buffer();
                self.say(&format!("{buffer} = {text}"))
            }
            (true, None) => false,
        };
        if let ("SSL_set_session", Some(x)) = (call.name.as_str(), call.connection())
            && let Some(connection) = self.connections.get_mut(&x)
        {
            connection.has_offer = done && call.session() != Some(0);
        }
        done
    }

    /// Spells `SSL_dup`.
    fn copy_connection(&mut self, id: u64, call: &Call, text: &str) -> bool {
        let of = call.connection().and_then(|x| self.connections.get(&x)).map(|of| (of.context, of.has_offer));
        let (Some((context, has_offer)), Some(slot)) = (of, self.free_connection_slot()) else { return false };
        let done = self.say(&format!("{slot} = {text}"));
        if done {
            self.connections.insert(id, Connection { slot, context, has_offer, peer: None, has_shaken: false });
        }
        done
    }

    /// Returns the next variable for bytes.
    fn buffer(&mut self) -> String {
        self.next_buffer = self.next_buffer % BUFFERS + 1;
        format!("b{}", self.next_buffer)
    }

    fn new_context(&mut self, call: &Call) -> bool {
        let (Some(Object::Context(id)), [Value::Method(method)]) = (call.made(), &call.operands[..]) else {
            return false;
        };
        self.make_context(id, *method, "SSL_CTX_new").is_some()
    }

    /// Makes a context, of the side that its connections are on where it is for both.
    fn make_context(&mut self, id: u64, method: Option<Method>, by: &str) -> Option<ContextSlot> {
        let of_calls = |side: Method| {
            if self.calls.iter().any(|call| self.serves(call, id) == Some(side)) { Some(side) } else { None }
        };
        let method = method.or_else(|| of_calls(Method::Server)).or_else(|| of_calls(Method::Client));
        let (method, slot) = (method.unwrap_or(Method::Server), self.free_context()?);
        if !self.say(&format!("{slot} = {by}({}())", method.name())) {
            return None;
        }
        self.contexts.insert(id, Context { slot, method, last_client: None });
        Some(slot)
    }

    /// Returns the side of a handshake that a connection of the context made.
    fn serves(&self, call: &Call, context: u64) -> Option<Method> {
        let x = call.connection().filter(|_| call.name == "handshake")?;
        let made = Object::Connection(x);
        let of =
            |other: &&&Call| other.name == "SSL_new" && other.made() == Some(made) && other.context() == Some(context);
        self.calls.iter().find(of)?;
        Some(if call.integers().first() == Some(&1) { Method::Server } else { Method::Client })
    }

    fn new_connection(&mut self, call: &Call) -> bool {
        let (Some(Object::Connection(id)), Some(context)) = (call.made(), call.context()) else { return false };
        if !self.contexts.contains_key(&context) {
            self.spelled.otherwise.insert("its context was made before it was watched");
            if self.make_context(context, None, "pooled_context").is_none() {
                return false;
            }
        }
        let (Some(of), Some(slot)) = (self.contexts.get(&context), self.free_connection_slot()) else { return false };
        let done = self.say(&format!("{slot} = SSL_new({})", of.slot));
        if done {
            let connection = Connection { slot, context, has_offer: false, peer: None, has_shaken: false };
            self.connections.insert(id, connection);
        }
        done
    }

    fn free_connection(&mut self, call: &Call) -> bool {
        let Some((id, slot)) = call.connection().and_then(|id| Some((id, self.connections.get(&id)?.slot))) else {
            return false;
        };
        if !self.say(&format!("SSL_free({slot})")) {
            return false;
        }
        if !self.ledger.has(Variable::Connection(slot)) {
            let gone = self.connections.remove(&id);
            self.let_peer_go(gone);
        }
        true
    }

    /// Frees the peer of a connection, unless its session may be wanted again.
    fn let_peer_go(&mut self, of: Option<Connection>) {
        let Some(Connection { context, peer: Some(peer), .. }) = of else { return };
        let of = self.contexts.get(&context);
        let (is_wanted, serves) = (of.and_then(|of| of.last_client) == Some(peer), of.map(|of| of.method));
        if is_wanted {
            return;
        }
        if serves == Some(Method::Client) {
            self.shut_down(peer);
        }
        self.say(&format!("SSL_free({peer})"));
    }

    /// Lets a server of the case say that it ends: without that its session is taken out of the cache.
    fn shut_down(&mut self, server: ConnectionSlot) {
        self.say(&format!("SSL_shutdown({server})"));
    }

    fn options(&mut self, call: &Call) -> bool {
        let (Some(context), [bits]) = (call.context(), &call.integers()[..]) else { return false };
        let Some(context) = self.contexts.get(&context).map(|context| context.slot) else { return false };
        let words = Options::ALL.iter().filter(|option| *bits as u64 & bits_of(**option) != 0);
        let said = words.filter(|option| self.say(&format!("{}({context}, {})", call.name, option.name()))).count();
        // The other options are not about sessions.
        said > 0 || Options::ALL.iter().all(|option| *bits as u64 & bits_of(*option) == 0)
    }

    fn write_der(&mut self, at: usize, call: &Call) -> bool {
        let Some(digest) = call.digest() else {
            // What only asks for the length belongs to what writes, which follows.
            let rest = self.calls.get(at + 1..).unwrap_or_default();
            return rest.iter().any(|next| next.name == call.name && next.session() == call.session());
        };
        let Some(session) = call.session().and_then(|id| self.variable(Object::Session(id))) else { return false };
        let buffer = self.buffer();
        let done = self.say(&format!("{buffer} = i2d_SSL_SESSION({session})"));
        if done {
            self.written.retain(|_, other| *other != buffer);
            self.written.insert(digest, buffer);
        }
        done
    }

    fn write_text(&mut self, call: &Call) -> bool {
        let Some(session) = call.session().and_then(|id| self.variable(Object::Session(id))) else { return false };
        let buffer = self.buffer();
        self.last_text = Some(buffer.clone());
        self.say(&format!("{buffer} = PEM_write_bio_SSL_SESSION({session})"))
    }

    /// Spells what reads a session: of the bytes that were written, or of those of a session that the case makes for it.
    fn read(&mut self, call: &Call) -> bool {
        let Some(id) = call.made_session() else { return false };
        let is_text = call.name == "PEM_read_bio_SSL_SESSION";
        let known =
            if is_text { self.last_text.clone() } else { call.digest().and_then(|of| self.written.get(&of).cloned()) };
        let writer = if is_text { "PEM_write_bio_SSL_SESSION" } else { "i2d_SSL_SESSION" };
        let Some(buffer) = known.or_else(|| self.stored(writer)) else {
            self.spelled.otherwise.insert("a session that was stored before is a sample");
            return self.make_session(Some(id), "sample_session(tls13_ticket)");
        };
        self.make_session(Some(id), &format!("{}({buffer})", call.name))
    }

    /// Makes a handshake for the bytes of a session that another process had stored.
    fn stored(&mut self, writer: &str) -> Option<String> {
        let next = |call: &&&Call| call.name == "handshake" && call.integers().first() == Some(&0);
        let version = self.calls.iter().find(next).and_then(|call| call.integers().get(1).copied());
        let server = self.peer(Method::Client, version.unwrap_or(TLS1_3), false)?;
        let client = self.free_context()?;
        let mut done = self.say(&format!("{client} = SSL_CTX_new(TLS_client_method())"));
        let [x, y] = [client, server].map(|context| {
            let slot = self.free_connection_slot();
            slot.filter(|slot| self.say(&format!("{slot} = SSL_new({context})")))
        });
        let (x, y, s, buffer) = (x?, y?, self.free_session()?, self.buffer());
        for line in [
            format!("handshake({x}, {y})"),
            format!("{s} = SSL_get1_session({x})"),
            format!("{buffer} = {writer}({s})"),
            format!("SSL_SESSION_free({s})"),
            format!("SSL_shutdown({x})"),
            format!("SSL_free({x})"),
            format!("SSL_shutdown({y})"),
            format!("SSL_free({y})"),
            format!("SSL_CTX_free({client})"),
        ] {
            done &= self.say(&line);
        }
        self.spelled.otherwise.insert("the session that was stored before is one of a handshake of the case's own");
        done.then_some(buffer)
    }

    /// Returns the context of the peers of connections of this side; a new one where the old one's tickets are not to be known.
    fn peer(&mut self, of: Method, version: i64, is_stranger: bool) -> Option<ContextSlot> {
        let (mut peer, other) = match of {
            Method::Server => (self.clients, Method::Client),
            Method::Client => (self.servers, Method::Server),
        };
        if peer.is_none() || is_stranger {
            let slot = self.free_context()?;
            // One of the pool would be another one where one more is taken: it would have other ticket keys.
            if !self.say(&format!("{slot} = SSL_CTX_new({}())", other.name())) {
                return None;
            }
            self.own.push(slot);
            peer = Some(Peer { slot, version: TLS1_3 });
        }
        let Peer { slot, version: had } = peer?;
        if had != version {
            let word = if version == TLS1_2 { "TLS1_2_VERSION" } else { "TLS1_3_VERSION" };
            self.say(&format!("SSL_CTX_set_max_proto_version({slot}, {word})"));
        }
        let place = match of {
            Method::Server => &mut self.clients,
            Method::Client => &mut self.servers,
        };
        *place = Some(Peer { slot, version });
        Some(slot)
    }

    /// Spells a handshake that came to its end, with a peer of the case's own.
    fn handshake(&mut self, call: &Call) -> bool {
        let (Some(id), [server, version, reused]) = (call.connection(), &call.integers()[..]) else { return false };
        let (server, version, reused) = (*server, *version, *reused);
        let Some(connection) = self.connections.get(&id) else { return false };
        let (slot, context) = (connection.slot, connection.context);
        let has_offer = connection.has_offer || connection.has_shaken;
        let side = if server == 1 { Method::Server } else { Method::Client };
        let fits = self.contexts.get(&context).is_some_and(|context| context.method == side);
        if call.returned() != 1 || !fits || !matches!(version, TLS1_2 | TLS1_3) {
            return false;
        }
        let is_stranger = side == Method::Client && has_offer && reused == 0;
        let peer = self.peer(side, version, is_stranger).or_else(|| self.peer(side, version, false));
        let (Some(peer), Some(other)) = (peer, self.free_connection_slot()) else { return false };
        self.limit_tickets(id, side, peer);
        if !self.say(&format!("{other} = SSL_new({peer})")) {
            return false;
        }
        let (client, serving) = match side {
            Method::Server => (other, slot),
            Method::Client => (slot, other),
        };
        if side == Method::Server && reused == 1 {
            self.offer_last(context, other);
        }
        if !self.shake(slot, &format!("handshake({client}, {serving})"), client) {
            self.say(&format!("SSL_free({other})"));
            return false;
        }
        self.shook(id, context, side, other);
        true
    }

    /// Adds a handshake of a connection, as it is or after what lets it begin one: nothing of that is left where it cannot.
    fn shake(&mut self, slot: ConnectionSlot, line: &str, client: ConnectionSlot) -> bool {
        let cleared = format!("SSL_clear({slot})");
        let forgotten = format!("SSL_set_session({client}, NULL)");
        let ways: [(&[&str], &[&'static str]); 4] = [
            (&[], &[]),
            (&[&cleared], &["a connection that is used again is cleared"]),
            (&[&forgotten], &["what was offered is not"]),
            (&[&cleared, &forgotten], &["a connection that is used again is cleared", "what was offered is not"]),
        ];
        for (before, otherwise) in ways {
            let (ledger, length) = (self.ledger.clone(), self.ops.len());
            if before.iter().all(|line| self.say(line)) && self.say(line) {
                self.spelled.otherwise.extend(otherwise);
                return true;
            }
            self.ledger = ledger;
            self.ops.truncate(length);
        }
        false
    }

    /// Books that a connection has made a handshake with a peer. Only the last client of a context is kept.
    fn shook(&mut self, id: u64, context: u64, side: Method, other: ConnectionSlot) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        (connection.has_shaken, connection.has_offer) = (true, false);
        let mut old = connection.peer.replace(other);
        if let (Method::Server, Some(context)) = (side, self.contexts.get_mut(&context)) {
            old = old.or(context.last_client.replace(other));
        }
        let is_in_use = |slot: &ConnectionSlot| self.connections.values().any(|x| x.peer == Some(*slot));
        if let Some(old) = old.filter(|old| !is_in_use(old)) {
            if side == Method::Client {
                self.shut_down(old);
            }
            self.say(&format!("SSL_free({old})"));
        }
    }

    /// Lets a server of the case send as many tickets as the callback of the client was told of.
    fn limit_tickets(&mut self, id: u64, side: Method, peer: ContextSlot) {
        let told =
            self.calls.iter().filter(|call| call.begins() == Some("new") && call.connection() == Some(id)).count();
        let is_another = side == Method::Client && (1..=4).contains(&told) && told != 2;
        let is_known = self.ops.iter().any(|op| op.kind() == Kind::CtxSetNumTickets);
        if is_another && !is_known {
            self.say(&format!("SSL_CTX_set_num_tickets({peer}, {told})"));
        }
    }

    /// Lets a client offer what the last one had from the servers of a context.
    fn offer_last(&mut self, context: u64, client: ConnectionSlot) {
        let last = self.contexts.get(&context).and_then(|context| context.last_client);
        let (Some(last), Some(session)) = (last, self.free_session()) else {
            self.spelled.otherwise.insert("what the server resumed is not offered");
            return;
        };
        if self.say(&format!("{session} = SSL_get1_session({last})")) {
            self.say(&format!("SSL_set_session({client}, {session})"));
            self.say(&format!("SSL_SESSION_free({session})"));
        }
    }

    /// Sets a callback to the word or block that is nearest to what the program's does.
    fn set_callback(&mut self, name: &str, call: &Call) -> bool {
        let Some(object) = call.objects().next().and_then(|object| self.variable(object)) else { return false };
        let Some(number) = call.callback() else { return self.say(&format!("{name}({object}, NULL)")) };
        let Some(shape) = shape_of(name, number, self.calls, |object| self.variable(object)) else { return false };
        let done = self.say(&format!("{name}({object}, {})", shape.text));
        if name == "SSL_CTX_sess_set_new_cb" && done {
            self.kept.insert(number, shape);
        }
        done
    }

    /// Sets both callbacks of tickets.
    fn set_ticket_callbacks(&mut self, call: &Call) -> bool {
        let context = call.context().and_then(|id| self.variable(Object::Context(id)));
        let (Some(context), [Value::Callback(generate), Value::Callback(decrypt)]) = (context, &call.operands[1..])
        else {
            return false;
        };
        let word = |kind: &str, number: &Option<usize>| match number {
            None => Some("NULL".into()),
            Some(number) => shape_of(kind, *number, self.calls, |_| None).map(|shape| shape.text),
        };
        let (Some(generate), Some(decrypt)) = (word("generate_ticket", generate), word("decrypt_ticket", decrypt))
        else {
            return false;
        };
        self.say(&format!("SSL_CTX_set_session_ticket_cb({context}, {generate}, {decrypt})"))
    }

    /// Spells what the program did in a callback: what the block does not do comes behind the call. Returns how many calls that were.
    fn run(&mut self, at: usize, kind: &str) -> usize {
        let calls = self.calls;
        let rest = calls.get(at + 1..).unwrap_or_default();
        let end = rest.iter().position(|call| call.ends() == Some(kind)).unwrap_or(0);
        let inner = &rest[..end];
        let begun = calls[at];
        let shape = begun.callback().filter(|_| kind == "new").and_then(|number| self.kept.get(&number).cloned());
        let has_shaken = begun.connection().and_then(|x| self.connections.get(&x)).is_some_and(|x| x.has_shaken);
        let (mut in_block, mut lent) = (BTreeSet::new(), None);
        if let Some(shape) = shape.filter(|_| has_shaken) {
            let session = begun.session();
            let copies =
                inner.iter().filter(|call| call.name == "SSL_SESSION_dup").filter_map(|call| call.made_session());
            let mut copies = copies.collect::<Vec<_>>().into_iter();
            for is_copy in &shape.kept {
                self.make_session(if *is_copy { copies.next() } else { session }, "take_kept()");
            }
            for call in inner.iter().filter(|call| call.session() == session) {
                if let Some(digest) = call.digest().filter(|_| shape.calls.contains(&call.name)) {
                    self.written.retain(|_, other| other != OF_BLOCKS);
                    self.written.insert(digest, OF_BLOCKS.into());
                }
            }
            in_block.extend(shape.calls);
            lent = session.filter(|_| shape.lends);
        }
        for call in inner {
            let is_of_block = call.session() == begun.session() && in_block.contains(&call.name)
                || matches!(kind, "remove" | "get") && call.session() == begun.session()
                || call.ends().is_some();
            if !is_of_block {
                self.take(at, call);
            }
        }
        if let Some(slot) = lent.and_then(|id| self.slots_of(id).first().copied()) {
            self.spelled.otherwise.insert("calls in its callback come behind the handshake");
            self.say(&format!("SSL_SESSION_free({slot})"));
        }
        inner.len() + 1 + usize::from(rest.get(end).is_some_and(|call| call.ends() == Some(kind)))
    }

    /// Gives back what the case made for itself.
    fn give_back(&mut self) {
        let peers: BTreeSet<ConnectionSlot> = self.connections.values().filter_map(|x| x.peer).collect();
        let last = self.contexts.values().filter_map(|context| context.last_client);
        let all: BTreeSet<ConnectionSlot> = peers.into_iter().chain(last).collect();
        for peer in all {
            if self.ledger.has(Variable::Connection(peer)) {
                self.say(&format!("SSL_free({peer})"));
            }
        }
        for context in std::mem::take(&mut self.own) {
            self.say(&format!("SSL_CTX_free({context})"));
        }
    }
}

/// Returns the bits of an option, as in `<openssl/ssl.h>`.
const fn bits_of(option: Options) -> u64 {
    match option {
        Options::NoTicket => 1 << 14,
        Options::NoExtendedMasterSecret => 1,
        Options::NoResumptionOnRenegotiation => 1 << 16,
    }
}

const _: () = assert!(MAX_BYTES <= 1024, "the library tells of so many bytes");

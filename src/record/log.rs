//! What the preloaded library writes of one process, read: the calls in the order in which they were begun.

use std::collections::{BTreeMap, HashMap};

use super::objects::Objects;
use crate::op::Method;

/// An object of the program: its address where a log is read, a number from 1 on that is never used again where objects have been
/// told apart. 0 is `NULL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Session(u64),
    Context(u64),
    Connection(u64),
}

/// A value of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Object(Object),
    Integer(i64),
    /// Seconds since 1970, and what the clock said.
    Time {
        at: i64,
        now: i64,
    },
    /// `None` for `NULL`.
    Bytes(Option<Vec<u8>>),
    /// More bytes than an op can spell.
    ManyBytes,
    /// A digest of the bytes of a session.
    Digest(u64),
    /// The number of a callback among those of its kind; `None` for `NULL`.
    Callback(Option<usize>),
    /// `None` where it is of both sides; what is of another protocol is not of interest.
    Method(Option<Method>),
    OtherMethod,
    Name(String),
}

/// A line: a call, or what the library tells besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub name: String,
    pub operands: Vec<Value>,
    pub result: Option<Value>,
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the log of process {process}: {what}: `{text}`")]
pub struct LogError {
    process: String,
    line: usize,
    what: &'static str,
    text: String,
}

/// The calls of one process.
#[derive(Debug, Default)]
pub struct Log {
    pub(super) calls: Vec<Call>,
    /// How many of them its parent made, before it became a process of its own.
    pub(super) inherited: usize,
    /// What the library says of its version.
    pub library: String,
    /// Tells whether there were more calls than the log may hold.
    pub is_full: bool,
}

impl Log {
    /// Reads the logs of processes, each by its name and text. What a parent did before the fork is read as its child's, too.
    ///
    /// # Errors
    /// A line that the library does not write. The last line of a text may be cut off.
    pub fn read_all(texts: &BTreeMap<String, String>) -> Result<Vec<Log>, LogError> {
        texts.keys().map(|process| Log::read(process, texts)).collect()
    }

    fn read(process: &str, texts: &BTreeMap<String, String>) -> Result<Log, LogError> {
        let mut parts = Vec::new();
        let (mut name, mut end) = (process.to_string(), usize::MAX);
        // A process has fewer ancestors than there are processes.
        for _ in 0..=texts.len() {
            let Some(text) = texts.get(&name) else { break };
            let text = text.get(..end.min(text.len())).unwrap_or_default();
            parts.push(text);
            let first = text.lines().next().unwrap_or_default();
            let Some((parent, at)) = forked(first) else { break };
            (name, end) = (parent, at);
        }
        let (mut log, mut order) = (Log::default(), Order::default());
        for (at, text) in parts.iter().enumerate().rev() {
            if at == 0 {
                log.inherited = order.calls();
            }
            for (number, line) in text.split_inclusive('\n').enumerate() {
                let Some(line) = line.strip_suffix('\n') else { continue };
                let wrong = |what| LogError { process: process.into(), line: number + 1, what, text: line.into() };
                log.take(Line::read(line).map_err(wrong)?, &mut order);
            }
        }
        log.calls = Objects::default().told_apart(order.finish());
        Ok(log)
    }

    fn take(&mut self, line: Line, order: &mut Order) {
        match (line.call.name.as_str(), &line.call.operands[..]) {
            ("library", [Value::Name(version)]) => self.library.clone_from(version),
            ("full", []) => self.is_full = true,
            ("forked", _) => {}
            _ => order.take(line),
        }
    }

    /// Counts the calls that were seen of the process itself.
    pub fn calls(&self) -> usize {
        let own = self.calls.get(self.inherited..).unwrap_or_default();
        own.iter().filter(|call| !call.is_told_besides()).count()
    }
}

/// Returns of which process a log's is a fork, and how much of the parent's text it has seen.
fn forked(line: &str) -> Option<(String, usize)> {
    let line = Line::read(line).ok()?;
    match (line.call.name.as_str(), &line.call.operands[..]) {
        ("forked", [Value::Name(parent), Value::Integer(at)]) => Some((parent.clone(), usize::try_from(*at).ok()?)),
        _ => None,
    }
}

impl Call {
    /// Tells whether a line tells of something that is no call of the program.
    fn is_told_besides(&self) -> bool {
        self.name.starts_with("callback:") || self.name.starts_with("returned:") || self.name == "talked"
    }

    /// Returns the callback of the program that begins here, by its kind.
    pub fn begins(&self) -> Option<&str> {
        self.name.strip_prefix("callback:")
    }

    /// Returns the callback of the program that ends here, by its kind.
    pub fn ends(&self) -> Option<&str> {
        self.name.strip_prefix("returned:")
    }

    /// Returns the number that the call returned, 0 for nothing.
    pub fn returned(&self) -> i64 {
        if let Some(Value::Integer(number)) = self.result { number } else { 0 }
    }

    /// Lists the objects among operands and result.
    pub fn objects(&self) -> impl Iterator<Item = Object> {
        self.operands.iter().chain(&self.result).filter_map(Value::object)
    }

    /// Returns the session that it names first, of its operands; 0 for `NULL`.
    pub fn session(&self) -> Option<u64> {
        let objects = self.operands.iter().filter_map(Value::object);
        objects.into_iter().find_map(|object| if let Object::Session(id) = object { Some(id) } else { None })
    }

    /// Returns the connection that it names first, of its operands; 0 for `NULL`.
    pub fn connection(&self) -> Option<u64> {
        let objects = self.operands.iter().filter_map(Value::object);
        objects.into_iter().find_map(|object| if let Object::Connection(id) = object { Some(id) } else { None })
    }

    /// Returns the context that it names first, of its operands; 0 for `NULL`.
    pub fn context(&self) -> Option<u64> {
        let objects = self.operands.iter().filter_map(Value::object);
        objects.into_iter().find_map(|object| if let Object::Context(id) = object { Some(id) } else { None })
    }

    /// Returns the object that it returned; `None` where it returns none, or `NULL`.
    pub fn made(&self) -> Option<Object> {
        self.result.as_ref().and_then(Value::object).filter(|object| object.number() != 0)
    }

    /// Returns the session that it returned.
    pub fn made_session(&self) -> Option<u64> {
        self.made().and_then(|made| if let Object::Session(id) = made { Some(id) } else { None })
    }

    /// Returns the integers among its operands.
    pub fn integers(&self) -> Vec<i64> {
        let integers = self.operands.iter();
        integers.filter_map(|value| if let Value::Integer(number) = value { Some(*number) } else { None }).collect()
    }

    /// Returns the digest of the bytes of a session that it read or wrote.
    pub fn digest(&self) -> Option<u64> {
        self.operands.iter().find_map(|value| if let Value::Digest(digest) = value { Some(*digest) } else { None })
    }

    /// Returns which callback of its kind it sets or is; `None`: it is about none, or about `NULL`.
    pub fn callback(&self) -> Option<usize> {
        self.operands.iter().find_map(|value| if let Value::Callback(number) = value { *number } else { None })
    }
}

/// Where a line stands in respect of the call around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    /// The line of the call around it is still to come.
    Before,
    /// It has been written.
    Behind,
}

#[derive(Debug)]
struct Line {
    thread: u64,
    depth: usize,
    place: Place,
    call: Call,
}

impl Line {
    /// Reads a line of the log. The error says what is wrong with it.
    fn read(line: &str) -> Result<Line, &'static str> {
        let mut words = line.split(' ');
        let thread = words.next().and_then(|word| word.parse().ok()).ok_or("no thread")?;
        let depth = words.next().and_then(|word| word.parse().ok()).ok_or("no depth")?;
        let place = match words.next() {
            Some("-") => Place::Outside,
            Some("<") => Place::Before,
            Some(">") => Place::Behind,
            Some(_) | None => return Err("no place"),
        };
        let name = words.next().filter(|name| !name.is_empty()).ok_or("no name")?.to_string();
        let rest: Vec<&str> = words.collect();
        let (mut operands, mut result) = (Vec::new(), None);
        let mut rest = rest.into_iter();
        while let Some(word) = rest.next() {
            if word == "=" {
                result = Some(Value::read(rest.next().ok_or("no result")?)?);
            } else if name == "library" {
                // The version is all that follows.
                let words: Vec<&str> = std::iter::once(word).chain(rest.by_ref()).collect();
                operands.push(Value::Name(words.join(" ").trim_start_matches("n:").into()));
            } else {
                operands.push(Value::read(word)?);
            }
        }
        Ok(Line { thread, depth, place, call: Call { name, operands, result } })
    }
}

impl Object {
    /// Returns its address or number.
    pub const fn number(self) -> u64 {
        match self {
            Object::Session(number) | Object::Context(number) | Object::Connection(number) => number,
        }
    }
}

impl Value {
    /// Returns the object that it is.
    pub fn object(&self) -> Option<Object> {
        if let Value::Object(object) = self { Some(*object) } else { None }
    }

    fn read(word: &str) -> Result<Value, &'static str> {
        if word == "b-" {
            return Ok(Value::Bytes(None));
        }
        let (letter, text) = word.split_once(':').ok_or("an operand without a letter")?;
        let address = || u64::from_str_radix(text, 16).map_err(|_| "no address");
        let integer = |text: &str| text.parse::<i64>().map_err(|_| "no number");
        Ok(match letter {
            "s" => Value::Object(Object::Session(address()?)),
            "c" => Value::Object(Object::Context(address()?)),
            "x" => Value::Object(Object::Connection(address()?)),
            "d" => Value::Digest(address()?),
            "i" => Value::Integer(integer(text)?),
            "t" => {
                let (at, now) = text.split_once(':').ok_or("no clock")?;
                Value::Time { at: integer(at)?, now: integer(now)? }
            }
            "b" => Value::Bytes(Some(bytes_of(text).ok_or("no bytes")?)),
            "l" => Value::ManyBytes,
            "f" => Value::Callback(usize::try_from(integer(text)?).ok()),
            "m" => match text {
                "server" => Value::Method(Some(Method::Server)),
                "client" => Value::Method(Some(Method::Client)),
                "any" => Value::Method(None),
                _ => Value::OtherMethod,
            },
            "n" => Value::Name(text.into()),
            _ => return Err("an operand with another letter"),
        })
    }
}

/// Reads bytes that are written with two digits each.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}

/// Puts lines in the order in which calls were begun: a call stands before what was done within it.
#[derive(Default)]
struct Order {
    calls: Vec<Call>,
    threads: HashMap<u64, Vec<Level>>,
}

/// What a thread has done at one depth: lines whose call around them is still to come, and where the last line went.
#[derive(Default)]
struct Level {
    waiting: Vec<Call>,
    is_waiting: bool,
}

impl Order {
    /// Counts the calls that are in order so far.
    fn calls(&self) -> usize {
        self.calls.len()
    }

    fn take(&mut self, line: Line) {
        let Line { thread, depth, place, call } = line;
        let levels = self.threads.entry(thread).or_default();
        if levels.len() < depth + 2 {
            levels.resize_with(depth + 2, Level::default);
        }
        // Behind the call around it, it goes to where that went.
        let to = match place {
            Place::Outside => None,
            Place::Before => Some(depth),
            Place::Behind => (1..depth).rev().find(|level| levels[*level].is_waiting),
        };
        levels[depth].is_waiting = place == Place::Before;
        let inner = std::mem::take(&mut levels[depth + 1].waiting);
        let all = std::iter::once(call).chain(inner);
        match to {
            None => self.calls.extend(all),
            Some(level) => levels[level].waiting.extend(all),
        }
    }

    /// Returns all of them. What waits for a call that never returned comes last.
    fn finish(mut self) -> Vec<Call> {
        let mut left: Vec<_> = self.threads.into_iter().collect();
        left.sort_by_key(|(thread, _)| *thread);
        self.calls.extend(left.into_iter().flat_map(|(_, levels)| levels).flat_map(|level| level.waiting));
        self.calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let mut order = Order::default();
        for line in text.lines() {
            order.take(Line::read(line.trim()).expect("a line"));
        }
        order.finish().into_iter().map(|call| call.name).collect()
    }

    #[test]
    fn what_is_done_within_a_call_comes_behind_it() {
        let text = "1 1 < callback:new
            2 0 - b
            1 2 < deeper
            1 1 < inner
            1 0 - outer
            1 0 - freed
            1 1 > behind
            1 0 - last";
        assert_eq!(names(text), ["b", "outer", "callback:new", "inner", "deeper", "freed", "behind", "last"]);
    }

    #[test]
    fn what_never_returned_is_told_last() {
        assert_eq!(names("1 1 < inner\n2 0 - other"), ["other", "inner"]);
    }

    #[test]
    fn a_line_that_is_none_is_named_with_its_place() {
        let texts = BTreeMap::from([("7.0".to_string(), "0 0 - library n:OpenSSL 3.0.0 x\n1 0 - f q:1\n".to_string())]);
        let error = Log::read_all(&texts).expect_err("no such letter").to_string();
        assert_eq!(error, "line 2 of the log of process 7.0: an operand with another letter: `1 0 - f q:1`");
        let cut = BTreeMap::from([("7.0".to_string(), "0 0 - library n:OpenSSL 3.0.0 x\n1 0 - f q".to_string())]);
        let logs = Log::read_all(&cut).expect("a line that is cut off is none");
        assert_eq!((logs[0].calls(), logs[0].library.as_str()), (0, "OpenSSL 3.0.0 x"));
    }

    #[test]
    fn a_child_has_what_its_parent_did_before_the_fork() {
        let parent = "0 0 - library n:OpenSSL\n1 0 - SSL_CTX_new m:any = c:10\n";
        let texts = BTreeMap::from([
            ("1.0".to_string(), format!("{parent}1 0 - SSL_new c:10 = x:20\n")),
            ("2.0".to_string(), format!("0 0 - forked n:1.0 i:{}\n2 0 - SSL_new c:10 = x:30\n", parent.len())),
        ]);
        let logs = Log::read_all(&texts).expect("two logs");
        let calls: Vec<_> = logs.iter().map(|log| (log.calls.len(), log.inherited, log.calls())).collect();
        assert_eq!(calls, [(2, 0, 2), (2, 1, 1)]);
    }
}

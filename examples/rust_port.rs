//! Shows how a library of one's own is tried: a port of a session type in plain Rust.
//!
//! `cargo run --release --example rust_port` judges generated programs on it and on the native session.
#![allow(clippy::print_stdout, reason = "a program that says what it found")]
#![allow(clippy::wildcard_enum_match_arm, reason = "what is left is what the library does not have")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use sessdiff::conform::{Trial, check};
use sessdiff::field::{Field, Fields};
use sessdiff::native::{Compression, Release};
use sessdiff::op::{Bytes, Cipher, ConnectionSlot, ContextSlot, Kind, Kinds, Op, SLOTS, Slot, Time, Variable};
use sessdiff::plan::Quirks;
use sessdiff::plan::clock::START_SECONDS;
use sessdiff::port::{Abilities, Cached, Ended, Holders, Identity, Memory, Moment, Place, Port, Returned, Value};
use sessdiff::samples::UNTOUCHED;
use sessdiff::trace::{After, Mishap};

// The library.

/// Refers to a session. A clone is another reference to the same session.
#[derive(Clone)]
pub struct Session(Arc<Mutex<Contents>>);

/// Holds what is in a session. Times are in seconds, as in OpenSSL before 3.2.
#[derive(Clone, Default)]
pub struct Contents {
    pub(crate) id: Vec<u8>,
    pub(crate) id_context: Vec<u8>,
    pub(crate) master_key: Vec<u8>,
    pub(crate) time: i64,
    pub(crate) timeout: i64,
    pub(crate) version: i32,
    pub(crate) cipher: Option<u16>,
    pub(crate) hostname: Option<Vec<u8>>,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) ticket_appdata: Option<Vec<u8>>,
    pub(crate) max_early_data: u32,
}

/// Says that there were more bytes than there is room for. The session is as it was.
pub struct TooLong;

impl Session {
    /// Makes an empty session that was made at this time.
    pub fn new(now: i64) -> Session {
        Session::of(Contents { time: now, timeout: 304, ..Contents::default() })
    }

    /// Makes a session with these contents.
    pub fn of(contents: Contents) -> Session {
        Session(Arc::new(Mutex::new(contents)))
    }

    /// Makes another session with the same contents.
    pub fn dup(&self) -> Session {
        Session::of(self.contents().clone())
    }

    /// Locks the session, to read it and to change it.
    pub fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets at most 32 bytes.
    pub fn set_id(&self, id: &[u8]) -> Result<(), TooLong> {
        set_at_most(32, &mut self.contents().id, id)
    }

    /// Sets at most 32 bytes.
    pub fn set_id_context(&self, context: &[u8]) -> Result<(), TooLong> {
        set_at_most(32, &mut self.contents().id_context, context)
    }

    /// Sets at most 512 bytes.
    pub fn set_master_key(&self, key: &[u8]) -> Result<(), TooLong> {
        set_at_most(512, &mut self.contents().master_key, key)
    }
}

fn set_at_most(most: usize, place: &mut Vec<u8>, bytes: &[u8]) -> Result<(), TooLong> {
    if bytes.len() > most {
        return Err(TooLong);
    }
    *place = bytes.to_vec();
    Ok(())
}

// The port.

/// Lists what the library can do. It lacks everything else, which is then never called.
#[rustfmt::skip]
const HAS: &[Kind] = &[
    Kind::New, Kind::Dup, Kind::UpRef, Kind::Free, Kind::Set1Id, Kind::GetId, Kind::Set1IdContext, Kind::Get0IdContext,
    Kind::SetTime, Kind::GetTime, Kind::SetTimeout, Kind::GetTimeout, Kind::SetProtocolVersion, Kind::GetProtocolVersion,
    Kind::SetCipher, Kind::Get0Cipher, Kind::Set1MasterKey, Kind::GetMasterKey, Kind::Set1Hostname, Kind::Get0Hostname,
    Kind::Set1AlpnSelected, Kind::Get0AlpnSelected, Kind::SetMaxEarlyData, Kind::GetMaxEarlyData,
    Kind::Set1TicketAppdata, Kind::Get0TicketAppdata, Kind::IsResumable,
];

/// Holds the variables of a program, and whatever else a port is asked about.
pub struct RustPort {
    /// Holds one handle for each reference that a variable owns.
    slots: [Vec<Session>; SLOTS],
    /// Lists every session of the program. One that lives on at the end is a leak.
    made: Vec<Weak<Mutex<Contents>>>,
    /// Makes duplicates.
    dup: fn(&Session) -> Session,
    /// Tells whether the last call left an error behind.
    raised: bool,
    /// Holds the bytes that were read last.
    room: Option<Vec<u8>>,
}

impl RustPort {
    /// Makes a port of the library, whose function for duplicates is `dup`.
    pub fn new(dup: fn(&Session) -> Session) -> RustPort {
        RustPort { slots: Default::default(), made: Vec::new(), dup, raised: false, room: None }
    }

    fn session(&self, s: Slot) -> &Session {
        &self.slots[s.index()][0]
    }

    fn put(&mut self, dst: Slot, session: Session) -> Returned<'static> {
        self.made.push(Arc::downgrade(&session.0));
        self.slots[dst.index()].push(session);
        Returned::Session(true)
    }

    fn set(&self, s: Slot, set: impl FnOnce(&mut Contents)) -> Returned<'static> {
        set(&mut self.session(s).contents());
        Returned::Number(1)
    }

    /// Returns 1 for success and 0 for a failure. `raises`: OpenSSL leaves an error behind when this call fails.
    fn answer(&mut self, result: Result<(), TooLong>, raises: bool) -> Returned<'static> {
        self.raised |= raises && result.is_err();
        Returned::Number(result.is_ok().into())
    }

    fn copy_master_key(&mut self, s: Slot, room: usize) -> Returned<'_> {
        let key = self.session(s).contents().master_key.clone();
        let copied = key.len().min(room);
        let bytes = self.room.insert(vec![UNTOUCHED; room]);
        bytes[..copied].copy_from_slice(&key[..copied]);
        Returned::Copied { returned: if room == 0 { key.len() } else { copied } as i64, bytes, overrun: false }
    }
}

/// Copies bytes. No bytes mean that there is no value, as `NULL` does.
fn unless_empty(bytes: &Bytes) -> Option<Vec<u8>> {
    bytes.get().filter(|bytes| !bytes.is_empty()).map(<[u8]>::to_vec)
}

fn up_to_nul(name: &[u8]) -> Vec<u8> {
    name.iter().copied().take_while(|byte| *byte != 0).collect()
}

impl Port for RustPort {
    fn identity(&self) -> Identity {
        Identity { name: "rust".into(), version: "0.1.0".into(), file: "this executable".into() }
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            lacks: Kinds::all_but(HAS),
            counts: true,
            tells_ends: false,
            compression: Compression::Absent,
            quirks: Quirks::NONE,
        }
    }

    fn begin(&mut self, _ops: &[Op], _memory: Memory, _origins: bool) {
        *self = RustPort::new(self.dup);
    }

    fn end(&mut self) -> Ended {
        let live = self.made.iter().filter(|session| session.strong_count() > 0).count();
        Ended { balance: Some(live as i64), left: Vec::new() }
    }

    fn misuse(&mut self) -> Option<Mishap> {
        None
    }

    fn call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        match op {
            Op::New { dst } => self.put(*dst, Session::new(START_SECONDS)),
            Op::Dup { dst, src } => {
                let copy = (self.dup)(self.session(*src));
                self.put(*dst, copy)
            }
            Op::UpRef { s } => {
                let another = self.session(*s).clone();
                self.slots[s.index()].push(another);
                Returned::Number(1)
            }
            Op::Free { s } => {
                s.map(|s| self.slots[s.index()].pop());
                Returned::Nothing
            }
            Op::Set1Id { s, id } => {
                let set = self.session(*s).set_id(id.get().unwrap_or_default());
                self.answer(set, true)
            }
            Op::Set1IdContext { s, context } => {
                let set = self.session(*s).set_id_context(context.get().unwrap_or_default());
                self.answer(set, true)
            }
            Op::Set1MasterKey { s, key } => {
                let set = self.session(*s).set_master_key(key.get().unwrap_or_default());
                self.answer(set, false)
            }
            Op::GetMasterKey { s, room } => self.copy_master_key(*s, room.bytes()),
            Op::SetTime { s: Some(s), time } => {
                let seconds = match *time {
                    Time::At(seconds) => seconds,
                    Time::Now(offset) => START_SECONDS.wrapping_add(moment.passed as i64).wrapping_add(offset),
                };
                self.set(*s, |all| all.time = seconds);
                Returned::Number(seconds)
            }
            Op::SetTimeout { s: Some(s), timeout: timeout @ 0.. } => self.set(*s, |all| all.timeout = *timeout),
            Op::SetProtocolVersion { s, version } => self.set(*s, |all| all.version = version.0),
            Op::SetCipher { s, cipher } => self.set(*s, |all| all.cipher = cipher.map(Cipher::code)),
            Op::Set1Hostname { s, hostname } => self.set(*s, |all| all.hostname = hostname.with_nul().map(up_to_nul)),
            Op::Set1AlpnSelected { s, alpn } => self.set(*s, |all| all.alpn = unless_empty(alpn)),
            Op::SetMaxEarlyData { s, bytes } => self.set(*s, |all| all.max_early_data = *bytes),
            Op::Set1TicketAppdata { s, data } => self.set(*s, |all| all.ticket_appdata = unless_empty(data)),
            // A negative timeout, or NULL where a session is.
            _ => Returned::Number(0),
        }
    }

    fn forget(&mut self, variable: Variable) {
        if let Variable::Session(s) = variable {
            self.slots[s.index()].clear();
        }
    }

    fn lend(&mut self, _s: Slot, _x: ConnectionSlot) -> bool {
        false
    }

    fn read(&mut self, s: Slot, field: Field) -> Value<'_> {
        let all = self.session(s).contents();
        let bytes = match field {
            Field::Time => return Value::Number(all.time),
            Field::Timeout => return Value::Number(all.timeout),
            Field::ProtocolVersion => return Value::Number(all.version.into()),
            Field::Cipher => return Value::Number(all.cipher.map_or(-1, i64::from)),
            Field::MaxEarlyData => return Value::Number(all.max_early_data.into()),
            Field::Resumable => return Value::Number((!all.id.is_empty()).into()),
            Field::Id => Some(all.id.clone()),
            Field::IdContext => Some(all.id_context.clone()),
            Field::MasterKey => Some(all.master_key.clone()),
            Field::Hostname => all.hostname.clone(),
            Field::Alpn => all.alpn.clone(),
            Field::TicketAppdata => all.ticket_appdata.clone(),
            _ => return Value::Refused,
        };
        drop(all);
        self.room = bytes;
        Value::Bytes(self.room.as_deref())
    }

    fn shared(&self, _a: Slot, _b: Slot) -> Fields {
        Fields::NONE
    }

    fn address(&self, variable: Variable) -> usize {
        let Variable::Session(s) = variable else { return 0 };
        self.slots[s.index()].first().map_or(0, |session| Arc::as_ptr(&session.0) as usize)
    }

    fn count(&self, place: Place) -> Option<u32> {
        let Place::Slot(s) = place else { return None };
        self.slots[s.index()].first().map(|session| Arc::strong_count(&session.0) as u32)
    }

    fn holders(&self, _address: usize) -> Holders {
        Holders::default()
    }

    fn cached(&self, _c: Option<ContextSlot>, _each: &mut dyn FnMut(Cached<'_>)) {}

    fn plant_error(&mut self) {}

    fn after(&mut self) -> After {
        After { raised: std::mem::take(&mut self.raised), ..After::default() }
    }
}

/// Returns what the port is tried with: it behaves as OpenSSL 3.0.
pub fn trial() -> Trial {
    Trial { release: Release::new(3, 0, 22, 0), ..Trial::default() }
}

fn main() -> ExitCode {
    match check(RustPort::new(Session::dup), trial()) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

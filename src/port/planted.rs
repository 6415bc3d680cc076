//! The native port with one planted bug: what the harness has to find. Used by the tests, the canary and
//! `--port planted:NAME`.

mod bug;
mod dup;
mod handshakes;
mod read;
mod sharing;

pub use bug::Bug;
use bug::Happened;

use std::sync::Arc;

use super::native::{Access, NativePort, dispatch, ex_index};
use super::{Abilities, Cached, Ended, Holders, Identity, Memory, Moment, Place, Port, Returned, Value, events};
use crate::field::{Field, Fields};
use crate::native::{Context, Release, Session};
use crate::op::{
    Bytes, CString, Cipher, ConnectionSlot, ContextSlot, ExIndex, Op, Room, SLOTS, Sample, Slot, Variable,
};
use crate::plan::Setup;
use crate::samples::UNTOUCHED;
use crate::trace::{After, Mishap};

/// A native port with a bug.
pub struct Planted {
    inner: NativePort,
    bug: Bug,
    /// The source of the duplicate in a slot, while both live.
    dup_of: [Option<Slot>; SLOTS],
    /// Whether the duplicate in a slot shares a buffer with its source, if the bug is such.
    shares: [bool; SLOTS],
    /// Something of a slot's session is not as it looks, if the bug is such: what was set waits to be read, or was cleared
    /// but for its length.
    stale: [bool; SLOTS],
    /// An error of the harness's own is in the queue.
    error_planted: bool,
    after: After,
    /// References that were never given back.
    kept: Vec<Session>,
    kept_contexts: Vec<Arc<Context>>,
    happened: Happened,
    live: [bool; SLOTS],
    leaked: i64,
    raised: bool,
    /// What was copied out last.
    copied: Vec<u8>,
}

impl Planted {
    /// Behaves as `release` but for `bug`.
    pub fn new(bug: Bug, release: Release, setup: Setup) -> Planted {
        let inner = NativePort::new(release, setup);
        Planted {
            inner,
            bug,
            dup_of: [None; SLOTS],
            shares: [false; SLOTS],
            stale: [false; SLOTS],
            error_planted: false,
            after: After::default(),
            kept: Vec::new(),
            kept_contexts: Vec::new(),
            happened: Happened::default(),
            live: [false; SLOTS],
            leaked: 0,
            raised: false,
            copied: Vec::new(),
        }
    }

    fn session(&self, s: Slot) -> Access<'_> {
        self.inner.session(s)
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    /// The sessions that share a buffer with that of `s`, if the bug is such.
    fn partners(&self, s: Slot) -> impl Iterator<Item = Slot> {
        Slot::all().filter(move |other| self.share(s, *other))
    }

    fn share(&self, a: Slot, b: Slot) -> bool {
        let is_dup = |dup: Slot, source| self.shares[dup.index()] && self.dup_of[dup.index()] == Some(source);
        a != b && (is_dup(a, b) || is_dup(b, a))
    }

    /// Carries a change of one buffer over to the sessions that share it.
    fn spread(&self, s: Slot, change: impl Fn(&Session)) {
        for partner in self.partners(s).filter(|partner| self.live[partner.index()]) {
            change(&self.session(partner));
        }
    }
}

/// The first so many bytes: what a setter without a check would write.
fn cut(bytes: &Bytes, limit: usize) -> Bytes {
    bytes.get().map_or(Bytes::NULL, |bytes| Bytes::new(&bytes[..bytes.len().min(limit)]))
}

fn is_clear(bytes: &Bytes) -> bool {
    bytes.get().is_none_or(<[u8]>::is_empty)
}

impl Port for Planted {
    fn identity(&self) -> Identity {
        let name = format!("planted:{}", self.bug.name());
        Identity { name, ..self.inner.identity() }
    }

    fn abilities(&self) -> Abilities {
        self.inner.abilities()
    }

    fn begin(&mut self, memory: Memory, origins: bool) {
        self.inner.begin(memory, origins);
        self.dup_of = [None; SLOTS];
        self.shares = [false; SLOTS];
        self.stale = [false; SLOTS];
        self.error_planted = false;
        self.after = After::default();
        self.kept.clear();
        self.kept_contexts.clear();
        self.happened = Happened::default();
        self.live = [false; SLOTS];
        self.leaked = 0;
        self.raised = false;
    }

    fn end(&mut self) -> Ended {
        Ended { balance: Some(self.leaked), left: Vec::new() }
    }

    fn misuse(&mut self) -> Option<Mishap> {
        None
    }

    fn call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        dispatch!(self, op, moment)
    }

    fn forget(&mut self, variable: Variable) {
        self.inner.forget(variable);
        let Variable::Session(s) = variable else { return };
        self.stale[s.index()] = false;
        self.live[s.index()] = false;
        let gone = |of: &mut Option<Slot>| {
            if *of == Some(s) {
                *of = None
            }
        };
        self.dup_of.iter_mut().for_each(gone);
        self.dup_of[s.index()] = None;
    }

    fn lend(&mut self, s: Slot, x: ConnectionSlot) -> bool {
        self.inner.lend(s, x)
    }

    fn read(&mut self, s: Slot, field: Field) -> Value<'_> {
        if self.reads_wrongly(s, field) { self.wrong_value(s, field) } else { self.inner.read(s, field) }
    }

    fn shared(&self, a: Slot, b: Slot) -> Fields {
        let field = match self.bug {
            Bug::DupSharesHostname => Field::Hostname,
            Bug::DupSharesAlpn => Field::Alpn,
            Bug::DupSharesTicketAppdata => Field::TicketAppdata,
            _ => return Fields::NONE,
        };
        if self.share(a, b) { Fields::NONE.with(field) } else { Fields::NONE }
    }

    fn address(&self, variable: Variable) -> usize {
        self.inner.address(variable)
    }

    fn count(&self, place: Place) -> Option<u32> {
        let count = self.inner.count(place)?;
        let uncounted = match place {
            Place::Slot(s) if self.bug.is_uncounting() => self.uncounted(s),
            Place::Address(address) if self.has(Bug::NewCallbackKeptIsFreed) => self.freed_though_kept(address),
            Place::Slot(_) | Place::Address(_) => 0,
        };
        Some(count.saturating_sub(uncounted))
    }

    fn holders(&self, address: usize) -> Holders {
        self.inner.holders(address)
    }

    fn cached(&self, c: Option<ContextSlot>, each: &mut dyn FnMut(Cached<'_>)) {
        self.inner.cached(c, each);
    }

    fn plant_error(&mut self) {
        self.error_planted = true;
    }

    fn after(&mut self) -> After {
        let after = self.inner.after();
        self.error_planted = false;
        let own = std::mem::take(&mut self.after);
        After { raised: after.raised | std::mem::take(&mut self.raised), ..own }
    }
}

impl Planted {
    fn new_session(&mut self, dst: Slot) -> bool {
        self.live[dst.index()] = true;
        let made = self.inner.new_session(dst);
        match self.bug {
            Bug::NewHasOtherTimeout => drop(self.inner.set_timeout(Some(dst), 300)),
            Bug::NewHasNoTime => drop(self.inner.set_time(Some(dst), 0)),
            Bug::NewHasTwoReferences => drop(self.inner.up_ref(dst)),
            _ => {}
        }
        made
    }

    fn dup(&mut self, dst: Slot, src: Slot) -> bool {
        let refusing = self.session(src).ex_data(ex_index(ExIndex::Refused));
        let ignores = self.has(Bug::DupIgnoresRefusal) && refusing % 2 == 1;
        if ignores {
            self.set_quietly(src, ExIndex::Refused, 0);
        }
        let made = self.inner.dup(dst, src);
        if ignores {
            self.set_quietly(src, ExIndex::Refused, refusing);
        }
        if made {
            self.live[dst.index()] = true;
            self.dup_of[dst.index()] = Some(src);
            self.shares[dst.index()] = match self.bug {
                Bug::DupAliasesId => true,
                Bug::DupSharesHostname => self.session(src).hostname(|name| name.is_some()),
                Bug::DupSharesAlpn => self.session(src).alpn_selected(|alpn| alpn.is_some()),
                Bug::DupSharesTicketAppdata => self.session(src).ticket_appdata(|data| data.is_some()),
                _ => false,
            };
            self.after_dup(dst, src);
            self.after.error_lost |= self.has(Bug::DupClearsErrors) && self.error_planted;
        }
        made
    }

    fn sample(&mut self, dst: Slot, sample: Sample) -> bool {
        self.live[dst.index()] = true;
        self.inner.sample(dst, sample)
    }

    fn up_ref(&mut self, s: Slot) -> i64 {
        match self.bug {
            Bug::UpRefDoesNothing => 1,
            Bug::UpRefTakesTwo => self.inner.up_ref(s) * self.inner.up_ref(s),
            Bug::UpRefReturnsCount => {
                self.inner.up_ref(s);
                self.session(s).references() as i64
            }
            _ => self.inner.up_ref(s),
        }
    }

    fn free(&mut self, s: Option<Slot>) {
        let Some(slot) = s else {
            if self.has(Bug::FreeNullFreesAnother)
                && let Some(victim) = Slot::all().find(|slot| self.inner.count(Place::Slot(*slot)) > Some(1))
            {
                self.inner.free(Some(victim));
            }
            return;
        };
        let session = self.session(slot);
        let last = session.references() == 1;
        match self.bug {
            Bug::FreeForgetsLast if last => self.kept.push(session.up_ref()),
            Bug::FreeAtOneLeft if session.references() == 2 => self.inner.free(s),
            Bug::FreeRunsCallbackTwice if last => {
                events::ex_free(ExIndex::Replaced, session.address(), 0);
            }
            Bug::FreeLeaksHostname if last && session.hostname(|name| name.is_some()) => self.leaked += 1,
            Bug::FreeLeaksTicket if last && session.ticket(|ticket| ticket.is_some()) => self.leaked += 1,
            _ => {}
        }
        self.inner.free(s);
    }

    fn set1_id(&mut self, s: Slot, id: &Bytes) -> i64 {
        let too_long = id.get().is_some_and(|id| id.len() > 32);
        match self.bug {
            Bug::IdOneByteMore if id.get().is_some_and(|id| id.len() == 33) => self.inner.set1_id(s, &cut(id, 32)),
            Bug::IdWrittenOnFailure if too_long => {
                self.inner.set1_id(s, &cut(id, 32));
                self.inner.set1_id(s, id)
            }
            Bug::IdRaisesNothing => {
                let returned = self.inner.set1_id(s, id);
                self.inner.after();
                returned
            }
            Bug::IdIgnoresClear if is_clear(id) => 1,
            _ => {
                let returned = self.inner.set1_id(s, id);
                if self.has(Bug::DupAliasesId) && returned == 1 {
                    self.spread(s, |partner| partner.set1_id(id.get().unwrap_or_default()).unwrap_or(()));
                }
                returned
            }
        }
    }

    fn set1_id_context(&mut self, s: Slot, context: &Bytes) -> i64 {
        match self.bug {
            Bug::IdContextOneByteMore if context.get().is_some_and(|context| context.len() == 33) => {
                self.inner.set1_id_context(s, &cut(context, 32))
            }
            Bug::IdContextIgnoresClear if is_clear(context) => 1,
            _ => self.inner.set1_id_context(s, context),
        }
    }

    fn set_time(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        match self.bug {
            Bug::TimeHas32Bits => {
                self.inner.set_time(s, i64::from(seconds as i32));
                if s.is_some() { seconds } else { 0 }
            }
            Bug::TimeReturnsOne => self.inner.set_time(s, seconds).min(1),
            Bug::TimeOfNullReturnsTime if s.is_none() => seconds,
            _ => self.inner.set_time(s, seconds),
        }
    }

    fn set_time_ex(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        self.inner.set_time_ex(s, seconds)
    }

    fn set_timeout(&mut self, s: Option<Slot>, seconds: i64) -> i64 {
        match self.bug {
            Bug::TimeoutAcceptsNegative if s.is_some() && seconds < 0 => 1,
            Bug::TimeoutRefusesZero if seconds == 0 => 0,
            Bug::TimeoutLeavesError => {
                self.raised |= s.is_some();
                self.inner.set_timeout(s, seconds)
            }
            _ => self.inner.set_timeout(s, seconds),
        }
    }

    fn set_protocol_version(&mut self, s: Slot, version: i32) -> i64 {
        let version = if self.has(Bug::VersionHas16Bits) { version & 0xffff } else { version };
        self.inner.set_protocol_version(s, version)
    }

    fn set_cipher(&mut self, s: Slot, cipher: Option<Cipher>) -> i64 {
        if self.has(Bug::CipherIgnoresNull) && cipher.is_none() {
            return 1;
        }
        self.inner.set_cipher(s, cipher)
    }

    fn set1_master_key(&mut self, s: Slot, key: &Bytes) -> i64 {
        match self.bug {
            Bug::MasterKeyOneByteMore if key.get().is_some_and(|key| key.len() == 513) => {
                self.inner.set1_master_key(s, &cut(key, 512))
            }
            Bug::MasterKeyIgnoresClear if is_clear(key) => 1,
            _ => self.inner.set1_master_key(s, key),
        }
    }

    fn set1_hostname(&mut self, s: Slot, hostname: &CString) -> i64 {
        match self.bug {
            Bug::HostnameChangesArgument => self.after.argument_changed |= hostname.with_nul().is_some(),
            Bug::HostnameIgnoresNull if hostname.with_nul().is_none() => return 1,
            Bug::HostnameEmptyIsNull if hostname.with_nul().is_some_and(|name| name[0] == 0) => {
                return self.inner.set1_hostname(s, &CString::NULL);
            }
            Bug::DupSharesHostname => self.spread(s, |partner| partner.set1_hostname(hostname.with_nul())),
            _ => {}
        }
        self.inner.set1_hostname(s, hostname)
    }

    fn set1_alpn_selected(&mut self, s: Slot, alpn: &Bytes) -> i64 {
        match self.bug {
            Bug::AlpnNullHasLength => self.stale[s.index()] = is_clear(alpn),
            Bug::AlpnIgnoresEmpty if is_clear(alpn) => return 1,
            Bug::AlpnClearReturnsZero if is_clear(alpn) => {
                self.inner.set1_alpn_selected(s, alpn);
                return 0;
            }
            Bug::DupSharesAlpn => self.spread(s, |partner| partner.set1_alpn_selected(alpn.get())),
            Bug::AlpnWritesNeighbour => {
                if let Some(other) = Slot::all().find(|other| *other != s && self.live[other.index()]) {
                    self.session(other).set_max_early_data(0x5e55);
                }
            }
            _ => {}
        }
        self.inner.set1_alpn_selected(s, alpn)
    }

    fn set_max_early_data(&mut self, s: Slot, bytes: u32) -> i64 {
        let bytes = if self.has(Bug::EarlyDataHas31Bits) { bytes & 0x7fff_ffff } else { bytes };
        self.inner.set_max_early_data(s, bytes)
    }

    fn set1_ticket_appdata(&mut self, s: Slot, data: &Bytes) -> i64 {
        match self.bug {
            Bug::TicketAppdataWaits => self.stale[s.index()] = true,
            Bug::TicketAppdataIgnoresNull if data.get().is_none() => return 1,
            Bug::DupSharesTicketAppdata => self.spread(s, |partner| partner.set1_ticket_appdata(data.get())),
            _ => {}
        }
        self.inner.set1_ticket_appdata(s, data)
    }

    fn set_ex_data(&mut self, s: Slot, index: ExIndex, value: u64) -> i64 {
        if self.has(Bug::ExDataAcceptsMinusOne) && index == ExIndex::Negative {
            return 1;
        }
        self.inner.set_ex_data(s, index, value)
    }

    fn get_master_key(&mut self, s: Slot, room: Room) -> (i64, bool) {
        let overrun =
            self.has(Bug::MasterKeyOverruns) && room.bytes() > 0 && self.session(s).master_key(&mut []) > room.bytes();
        let (returned, _) = self.inner.get_master_key(s, room);
        self.copied.clear();
        self.copied.extend_from_slice(self.inner.copied(room));
        let returned = match self.bug {
            Bug::MasterKeyReturnsRoom if room.bytes() > 0 => room.bytes() as i64,
            Bug::MasterKeyLengthQueryIsZero if room.bytes() == 0 => 0,
            Bug::MasterKeyPadsWithZeros => {
                self.copied.iter_mut().filter(|byte| **byte == UNTOUCHED).for_each(|byte| *byte = 0);
                returned
            }
            _ => returned,
        };
        (returned, overrun)
    }

    fn copied(&self, _room: Room) -> &[u8] {
        &self.copied
    }

    fn ex_data(&self, s: Slot, index: ExIndex) -> i64 {
        self.inner.ex_data(s, index)
    }
}

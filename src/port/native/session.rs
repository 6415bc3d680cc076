//! Sessions of the native library, in slots. A slot holds as many handles as it owns references.

use std::ops::Deref;

use super::super::{Moment, Returned, events};
use super::serial::OfSamples;
use super::{NativePort, callbacks};
use crate::native::{Cipher, Custom, Error, Session, WeakSession};
use crate::op::{ExIndex, Op, Room, Slot, connection_ops, context_ops, getters, serial_ops};
use crate::plan::clock::seconds;
use crate::samples;

/// Is what wolfSSL returns where an argument cannot be.
const BAD_FUNC_ARG: i64 = -173;

/// Holds what is in a slot: as many handles as it owns references, or a pointer that is none.
#[derive(Default)]
pub(super) struct Held {
    pub owned: Vec<Session>,
    pub borrowed: Option<WeakSession>,
}

impl Held {
    pub fn address(&self) -> usize {
        let borrowed = || self.borrowed.as_ref().map(WeakSession::address);
        self.owned.first().map(Session::address).or_else(borrowed).unwrap_or(0)
    }

    pub fn clear(&mut self) {
        self.owned.clear();
        self.borrowed = None;
    }
}

/// Gives access to a slot's session, for one call.
pub(in crate::port) enum Access<'a> {
    Owned(&'a Session),
    /// Holds a reference more than there are, for as long as the call takes.
    Borrowed(Session),
}

impl Deref for Access<'_> {
    type Target = Session;

    #[inline(always)]
    fn deref(&self) -> &Session {
        match self {
            Access::Owned(session) => session,
            Access::Borrowed(session) => session,
        }
    }
}

impl NativePort {
    /// Gives back one reference of a slot. Where no callbacks are registered, nobody else tells of a session's end.
    fn give_back(&mut self, s: Slot) {
        let owned = &mut self.slots[s.index()].owned;
        let ends = !self.has_callbacks && owned.last().is_some_and(|session| session.references() == 1);
        owned.pop();
        if ends {
            events::gone();
        }
    }

    /// Makes a call: on a session or on the clock here, on another object where that is known.
    #[inline]
    pub(super) fn session_call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        let passed = moment.passed;
        match op {
            Op::New { dst } => self.put(*dst, self.library.session()),
            Op::Dup { dst, src } => self.dup(*dst, *src),
            Op::SampleSession { dst, sample } => {
                let read = self.library.session_from_der(samples::encoded(*sample), &mut OfSamples);
                Returned::Session(self.put_read(*dst, read.map(|(session, _)| session)))
            }
            Op::TakeKept { dst } => match callbacks::take_kept() {
                Some(kept) => self.put(*dst, kept),
                None => Returned::Session(false),
            },
            Op::UpRef { s } => {
                let another = self.session(*s).up_ref();
                self.slots[s.index()].owned.push(another);
                Returned::Number(1)
            }
            Op::Free { s } => {
                if let Some(s) = s {
                    self.give_back(*s);
                }
                Returned::Nothing
            }
            Op::Forget { s } => {
                self.lost.append(&mut self.slots[s.index()].owned);
                Returned::Nothing
            }
            Op::Set1Id { s, id } => self.try_set(*s, |session| session.set1_id(id.get().unwrap_or_default())),
            Op::Set1IdContext { s, context } => {
                self.try_set(*s, |session| session.set1_id_context(context.get().unwrap_or_default()))
            }
            Op::Set1OwnId { s } => {
                let id = self.session(*s).id();
                self.try_set(*s, |session| session.set1_id(id.as_slice()))
            }
            Op::Set1OwnIdContext { s } => {
                let context = self.session(*s).id_context();
                self.try_set(*s, |session| session.set1_id_context(context.as_slice()))
            }
            Op::SetTime { s, time } | Op::SetTimeEx { s, time } => self.set_time(*s, seconds(*time, passed)),
            Op::SetTimeout { s, timeout } => self.set_timeout(*s, *timeout),
            Op::SetProtocolVersion { s, version } => {
                self.try_set(*s, |session| session.try_set_protocol_version(version.0))
            }
            Op::SetCipher { s, cipher } => {
                self.set(*s, |session| session.set_cipher(cipher.map(|cipher| Cipher(cipher.code()))))
            }
            Op::Set1MasterKey { s, key } => {
                self.try_set(*s, |session| session.set1_master_key(key.get().unwrap_or_default()))
            }
            Op::Set1Hostname { s, hostname } => self.set(*s, |session| session.set1_hostname(hostname.with_nul())),
            Op::Set1AlpnSelected { s, alpn } => self.set(*s, |session| session.set1_alpn_selected(alpn.get())),
            Op::SetMaxEarlyData { s, bytes } => self.set(*s, |session| session.set_max_early_data(*bytes)),
            Op::Set1TicketAppdata { s, data } => self.set(*s, |session| session.set1_ticket_appdata(data.get())),
            Op::SetExData { s, index, value } => {
                self.raised |= *index == ExIndex::Negative && self.library.stack_reports_index();
                self.try_set(*s, |session| session.set_ex_data(index.number(), value.0 as usize))
            }
            Op::GetExData { s, index } => Returned::Number(self.session(*s).ex_data(index.number()) as u64 as i64),
            Op::GetMasterKey { s, room } => self.master_key(*s, *room),
            Op::AdvanceClock { .. } | Op::TurnBackClock { .. } => {
                self.library.set_passed(passed);
                Returned::Nothing
            }
            serial_ops!() => self.serial_call(op, moment.tape),
            context_ops!() => self.context_call(op, moment),
            connection_ops!() => self.connection_call(op, moment),
            // Those of NULL: `Port::read` reads the fields of sessions.
            getters!() => Returned::Number(0),
        }
    }

    #[inline(always)]
    pub(in crate::port) fn session(&self, s: Slot) -> Access<'_> {
        let held = &self.slots[s.index()];
        match held.owned.first() {
            Some(session) => Access::Owned(session),
            None => self.borrowed(held),
        }
    }

    #[cold]
    fn borrowed(&self, held: &Held) -> Access<'_> {
        let lent = held.borrowed.as_ref().and_then(WeakSession::upgrade);
        // The plan allows only calls on slots that own a reference or borrow from somebody who does.
        Access::Borrowed(lent.unwrap_or_else(|| self.library.session()))
    }

    /// Puts the reference that a call returned into its slot.
    #[inline]
    pub(super) fn put(&mut self, dst: Slot, session: Session) -> Returned<'static> {
        self.slots[dst.index()].owned.push(session);
        Returned::Session(true)
    }

    /// Lets a slot own one reference to another session.
    pub(in crate::port) fn replace(&mut self, s: Slot, session: Session) {
        self.slots[s.index()].clear();
        self.slots[s.index()].owned.push(session);
    }

    fn dup(&mut self, dst: Slot, src: Slot) -> Returned<'static> {
        let copy = self.session(src).dup();
        match copy {
            Ok(session) => self.put(dst, session),
            Err(error) => {
                self.raised |= self.library.raises(error);
                Returned::Session(false)
            }
        }
    }

    /// Calls a setter that takes everything.
    #[inline(always)]
    fn set(&self, s: Slot, set: impl FnOnce(&Session)) -> Returned<'static> {
        set(&self.session(s));
        Returned::Number(1)
    }

    /// Calls a setter that may refuse.
    #[inline(always)]
    fn try_set(&mut self, s: Slot, set: impl FnOnce(&Session) -> Result<(), Error>) -> Returned<'static> {
        let result = set(&self.session(s));
        self.answer(result)
    }

    #[inline(always)]
    fn set_time(&self, s: Option<Slot>, seconds: i64) -> Returned<'static> {
        let Some(s) = s else { return Returned::Number(0) };
        Returned::Number(self.session(s).set_time(seconds))
    }

    #[inline(always)]
    fn set_timeout(&self, s: Option<Slot>, seconds: i64) -> Returned<'static> {
        let set = s.is_some_and(|s| self.session(s).set_timeout(seconds).is_ok());
        let refused = if self.library.has_custom(Custom::TimeoutIsChecked) { BAD_FUNC_ARG } else { 0 };
        Returned::Number(if set { 1 } else { refused })
    }

    /// Copies at most `room` bytes of the master key. Nothing around the buffer is changed.
    fn master_key(&mut self, s: Slot, room: Room) -> Returned<'_> {
        let mut out = std::mem::take(&mut self.room);
        out[..room.bytes()].fill(samples::UNTOUCHED);
        let returned = self.session(s).master_key(&mut out[..room.bytes()]) as i64;
        self.room = out;
        Returned::Copied { returned, bytes: &self.room[..room.bytes()], overrun: false }
    }
}

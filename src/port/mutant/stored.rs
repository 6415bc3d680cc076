//! Bugs of sessions as bytes, for each field that a session's DER has: the DER is changed on its way, as a mistake in the
//! code that writes or reads that field would.

use super::super::native::OfSamples;
use super::super::{Port, Returned, Value};
use super::{Bug, Mutant};
use crate::der::{self, Holds};
use crate::field::{Field, for_each_field};
use crate::native::{Cipher, Clock, Established, Library, Session, Unseen};
use crate::op::{BufferSlot, Kind, Op, Slot};
use crate::oracle::{Aspect, Call, Signature, Whose};

/// Says what is done wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// `i2d_SSL_SESSION` leaves the field out.
    WriteForgets,
    /// `i2d_SSL_SESSION` writes the field under its neighbour's tag, and the neighbour under that of the field.
    WriteSwaps,
    /// `d2i_SSL_SESSION` does not read the field.
    ReadForgets,
    /// `d2i_SSL_SESSION` gives a field that is not there another value than it should have.
    ReadDefaults,
    /// `d2i_SSL_SESSION` reads the lowest byte of a number, or the first of a string.
    ReadNarrows,
    /// `d2i_SSL_SESSION` leaves what a session had where a field is not there.
    ReadKeeps,
    /// `SSL_SESSION_dup` leaves the field as in a new session.
    DupForgets,
    /// A duplicate and its source have the string in one place.
    DupAliases,
}

/// Names one of the bugs: what is done wrong with which field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredBug {
    /// The field.
    pub field: Field,
    /// What is done wrong.
    pub fault: Fault,
}

macro_rules! define_names {
    ($(
        $(#[$doc:meta])* $field:ident $name:literal $kind:ident $($index:ident)? $($tag:literal)? {$($fact:ident)*} $object:ident.$method:ident;
    )*) => {
        impl StoredBug {
            /// Returns the name, as in `--port planted:NAME`.
            pub const fn name(self) -> &'static str {
                match self.fault {
                    Fault::WriteForgets => match self.field { $(Field::$field => concat!("i2d-forgets-", $name)),* },
                    Fault::WriteSwaps => match self.field { $(Field::$field => concat!("i2d-swaps-", $name)),* },
                    Fault::ReadForgets => match self.field { $(Field::$field => concat!("d2i-forgets-", $name)),* },
                    Fault::ReadDefaults => match self.field { $(Field::$field => concat!("d2i-defaults-", $name)),* },
                    Fault::ReadNarrows => match self.field { $(Field::$field => concat!("d2i-narrows-", $name)),* },
                    Fault::ReadKeeps => match self.field { $(Field::$field => concat!("d2i-keeps-", $name)),* },
                    Fault::DupForgets => match self.field { $(Field::$field => concat!("dup-forgets-", $name)),* },
                    Fault::DupAliases => match self.field { $(Field::$field => concat!("dup-aliases-", $name)),* },
                }
            }
        }
    };
}

for_each_field!(define_names);

/// Lists the faults that a field can have.
const fn faults(field: Field) -> &'static [Fault] {
    use Fault::{DupAliases, DupForgets, ReadDefaults, ReadForgets, ReadKeeps, ReadNarrows, WriteForgets, WriteSwaps};
    match field {
        // They are never left out, and so have no default.
        Field::ProtocolVersion | Field::Cipher | Field::Id => {
            &[WriteForgets, WriteSwaps, ReadForgets, ReadNarrows, ReadKeeps]
        }
        // Swapped with the session id, as that is with it.
        Field::MasterKey => &[WriteForgets, ReadForgets, ReadNarrows, ReadKeeps],
        // A number that is not there is 0, and what narrows it leaves nothing of it.
        Field::VerifyResult | Field::Flags | Field::TicketAgeAdd | Field::KexGroup => {
            &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadNarrows, ReadKeeps, DupForgets]
        }
        Field::PskIdentityHint | Field::PskIdentity | Field::SrpUsername => {
            &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadNarrows, ReadKeeps, DupForgets, DupAliases]
        }
        Field::PeerKey => &[WriteForgets, WriteSwaps, ReadForgets, ReadKeeps, DupForgets],
        Field::Peer => &[WriteForgets, ReadForgets, ReadKeeps],
        // They are a byte.
        Field::MaxFragmentLength | Field::CompressId => {
            &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadKeeps]
        }
        _ => &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadNarrows, ReadKeeps],
    }
}

const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < der::PARTS.len() {
        count += faults(der::PARTS[at].field).len();
        at += 1;
    }
    count
};

impl StoredBug {
    /// Lists every one.
    pub const ALL: [StoredBug; COUNT] = {
        let mut all = [StoredBug { field: Field::Time, fault: Fault::WriteForgets }; COUNT];
        let (mut count, mut at) = (0, 0);
        while at < der::PARTS.len() {
            let field = der::PARTS[at].field;
            let faults = faults(field);
            let mut each = 0;
            while each < faults.len() {
                all[count] = StoredBug { field, fault: faults[each] };
                (count, each) = (count + 1, each + 1);
            }
            at += 1;
        }
        all
    };

    /// Returns the usual signature.
    pub fn signature(self) -> Signature {
        self.signatures()[0]
    }

    /// Returns the signatures of the divergences it makes, the usual one first: those of the calls that go wrong, and of the field, or of
    /// two that were swapped the other.
    pub fn signatures(self) -> Vec<Signature> {
        let whose = if self.fault == Fault::DupAliases { Whose::Other } else { Whose::Own };
        let of = |field| {
            let calls = self.calls(field).iter();
            calls.map(move |kind| Signature { call: Call::Kind(*kind), aspect: Aspect::Field(whose, field) })
        };
        let length = Signature { call: Call::Kind(Kind::ReadDer), aspect: Aspect::Length(Field::Ticket) };
        // The length stays where there is no ticket, and no other function shows that.
        let left = matches!(self.fault, Fault::ReadKeeps | Fault::ReadDefaults | Fault::ReadForgets)
            && self.field == Field::Ticket;
        // A ticket renames sessions that others have: those are looked at, too.
        let writes = matches!(self.fault, Fault::WriteForgets | Fault::WriteSwaps);
        let of_others = self.shown().into_iter().filter(|field| writes && is_in_der_alone(*field)).map(|field| {
            Signature { call: Call::Kind(Kind::NewSessionTicket), aspect: Aspect::Field(Whose::Other, field) }
        });
        self.shown().into_iter().flat_map(of).chain(left.then_some(length)).chain(of_others).collect()
    }

    /// Lists the calls that are blamed for a field, the usual one first.
    fn calls(self, field: Field) -> &'static [Kind] {
        match self.fault {
            Fault::WriteForgets | Fault::WriteSwaps if is_in_der_alone(field) => &[
                Kind::FromDer,
                Kind::FromDerEx,
                Kind::FromDerBio,
                Kind::ReadDer,
                Kind::FromPem,
                Kind::ReadPem,
                Kind::SampleSession,
                Kind::SetCipher,
                Kind::Handshake,
                Kind::ToDer,
            ],
            Fault::WriteForgets | Fault::WriteSwaps => &[Kind::ToDer],
            Fault::ReadForgets | Fault::ReadDefaults | Fault::ReadNarrows => {
                &[Kind::FromDer, Kind::FromDerEx, Kind::FromDerBio, Kind::ReadDer]
            }
            Fault::ReadKeeps | Fault::DupAliases => &[Kind::ReadDer],
            Fault::DupForgets => &[Kind::Dup],
        }
    }

    /// Lists the fields that show it, the usual one first.
    fn shown(self) -> Vec<Field> {
        let other = match (self.fault, self.field) {
            (Fault::WriteSwaps, _) => None,
            (_, Field::Time) => Some(Field::TimeEx),
            (_, Field::Ticket) => Some(Field::HasTicket),
            (_, _) => None,
        };
        let swapped = |part: &der::Part| {
            let own = der::part(self.field);
            self.fault == Fault::WriteSwaps
                && own.is_some_and(|own| own.holds == part.holds && own.tag.is_some() == part.tag.is_some())
        };
        let partners = der::PARTS.iter().filter(|part| swapped(part)).map(|part| part.field);
        let mut all: Vec<Field> = [self.field].into_iter().chain(other).collect();
        all.extend(partners.filter(|partner| *partner != self.field));
        all
    }

    /// Names the release that has its field first; `None`: 1.1.1 has it.
    pub fn since(self) -> Option<&'static str> {
        der::part(self.field).and_then(|part| part.since)
    }

    fn is_number(self) -> bool {
        der::part(self.field).is_some_and(|part| part.holds == Holds::Number)
    }

    /// Changes DER as it is written.
    fn write(self, der: &mut Vec<u8>) {
        let Some(mut elements) = der::Elements::of(der) else { return };
        match self.fault {
            Fault::WriteForgets => elements.remove(self.field),
            Fault::WriteSwaps => elements.swap(self.field),
            _ => return,
        }
        *der = elements.encoded();
    }

    /// Changes DER before it is read; `before` has what the session had, if it had anything. Of what is always there nothing is
    /// changed: [`StoredBug::read_plain`].
    fn read(self, der: &[u8], before: Option<&[u8]>) -> Option<Vec<u8>> {
        let tag = der::tag(self.field)?;
        let mut elements = der::Elements::of(der)?;
        let there = elements.get(self.field).is_some();
        match self.fault {
            Fault::ReadForgets if there => elements.remove(self.field),
            Fault::ReadDefaults if !there => {
                elements.put(tag, if self.is_number() { &[2, 1, 9] } else { &[4, 1, b'?'] })
            }
            Fault::ReadNarrows if there => {
                let narrowed = match elements.get(self.field)? {
                    [kind @ (2 | 4), length @ 2..=0x7f, rest @ ..] if rest.len() == usize::from(*length) => {
                        match kind {
                            2 => vec![2, 2, 0, *rest.last()?],
                            _ => vec![4, 1, rest[0]],
                        }
                    }
                    _ => return None,
                };
                // A number that fits is as it should be in DER.
                let narrowed = if let [2, 2, 0, low @ 0..=0x7f] = narrowed[..] { vec![2, 1, low] } else { narrowed };
                elements.put(tag, &narrowed);
            }
            Fault::ReadKeeps if !there => {
                let kept = der::Elements::of(before?)?.get(self.field)?.to_vec();
                elements.put(tag, &kept);
            }
            _ => return None,
        }
        Some(elements.encoded())
    }

    /// Changes what was read of an element that is always there; `before` is what the session had, where one was read into.
    fn read_plain(self, session: &Session, before: Option<&Established>) {
        let mut now = session.established();
        match self.fault {
            Fault::ReadForgets => spoil(&mut now, self.field, None),
            Fault::ReadNarrows => narrow(&mut now, self.field),
            Fault::ReadKeeps => spoil(&mut now, self.field, before),
            _ => return,
        }
        match self.field {
            Field::ProtocolVersion => session.set_protocol_version(now.protocol_version),
            Field::Cipher => {
                session.set_cipher(now.cipher);
                session.put_unseen(Unseen { stands_in: now.cipher, ..now.unseen });
            }
            // No longer than what was there.
            Field::Id => session.set1_id(&now.id).unwrap_or_default(),
            _ => session.set1_master_key(&now.master_key).unwrap_or_default(),
        }
    }
}

/// Tells whether DER alone shows a field. Whether the call that made the session forgot it or `i2d_SSL_SESSION` does, nobody can tell:
/// the call is blamed after which it is first seen. A printed session has one of the flags, and a getter does not tell fragments that
/// are not limited from those of which nothing is known.
const fn is_in_der_alone(field: Field) -> bool {
    matches!(field, Field::Flags | Field::TicketAgeAdd | Field::KexGroup | Field::PeerKey | Field::MaxFragmentLength)
}

/// Gives a field that is always stored the value that it has elsewhere, or in a new session.
fn spoil(now: &mut Established, field: Field, elsewhere: Option<&Established>) {
    let Some(elsewhere) = elsewhere else { return spoil(now, field, Some(&Established::default())) };
    match field {
        Field::ProtocolVersion => now.protocol_version = elsewhere.protocol_version,
        Field::Cipher => now.cipher = elsewhere.cipher,
        Field::Id => now.id.clone_from(&elsewhere.id),
        _ => now.master_key.clone_from(&elsewhere.master_key),
    }
}

/// Cuts a field that is always stored down to a byte.
fn narrow(now: &mut Established, field: Field) {
    match field {
        Field::ProtocolVersion => now.protocol_version &= 0xff,
        Field::Cipher => now.cipher = now.cipher.map(|cipher| Cipher(cipher.0 & 0xff)),
        Field::Id => now.id.truncate(1),
        _ => now.master_key.truncate(1),
    }
}

impl Mutant {
    fn stored_bug(&self) -> Option<StoredBug> {
        if let Bug::Stored(bug) = self.bug { Some(bug) } else { None }
    }

    /// Changes the bytes that a call reads; returns what is to be put back after it.
    pub(super) fn before_reading(&mut self, op: &Op) -> Option<(BufferSlot, Vec<u8>)> {
        let bug = self.stored_bug()?;
        let (b, into) = match *op {
            Op::FromDer { b, .. } | Op::FromDerEx { b, .. } | Op::FromDerBio { b, .. } => (b, None),
            Op::ReadDer { s, b } => (b, Some(s)),
            _ => return None,
        };
        let before = into.and_then(|s| self.own_der(s));
        let bytes = self.inner.bytes(b).to_vec();
        // What is refused is refused: no mistake about one field mends the others.
        let release = Library::new(self.inner.release(), Clock::System);
        release.session_from_der(&bytes, &mut OfSamples).ok()?;
        let changed = bug.read(&bytes, before.as_deref())?;
        self.inner.put_bytes(b, &changed);
        Some((b, bytes))
    }

    /// Notes what a session had into which a call reads, where the bug is about what is always there.
    pub(super) fn before_reading_plain(&self, op: &Op) -> Option<Established> {
        let is_plain = |bug: &StoredBug| der::tag(bug.field).is_none();
        let (Op::ReadDer { s, .. }, Some(_)) = (op, self.stored_bug().filter(is_plain)) else { return None };
        Some(self.session(*s).established())
    }

    /// Changes what a call read that is always there, if it read a session; `before`: [`Mutant::before_reading_plain`].
    pub(super) fn after_reading_plain(&mut self, op: &Op, before: Option<Established>, returned: Returned<'_>) {
        let Some(bug) = self.stored_bug().filter(|bug| der::tag(bug.field).is_none()) else { return };
        let s = match (op, returned) {
            (Op::FromDer { dst, .. } | Op::FromDerEx { dst, .. }, Returned::Read { made: true, .. }) => *dst,
            (Op::FromDerBio { dst, .. }, Returned::Session(true)) => *dst,
            (Op::ReadDer { s, .. }, Returned::Number(0..)) => *s,
            _ => return,
        };
        if bug.fault != Fault::ReadKeeps || before.is_some() {
            bug.read_plain(&self.session(s), before.as_ref());
        }
    }

    /// Puts back the bytes that were read, and returns what the call should have returned.
    pub(super) fn after_reading(
        &mut self,
        (b, bytes): (BufferSlot, Vec<u8>),
        returned: Returned<'static>,
    ) -> Returned<'static> {
        let more = self.inner.bytes(b).len() as i64 - bytes.len() as i64;
        self.inner.put_bytes(b, &bytes);
        match returned {
            Returned::Read { made, taken } if made => Returned::Read { made, taken: taken - more },
            Returned::Number(taken) if taken >= 0 => Returned::Number(taken - more),
            other => other,
        }
    }

    /// Changes what a call wrote, which was copied out.
    pub(super) fn after_writing(&mut self, op: &Op, returned: Returned<'static>) -> Returned<'static> {
        let (Some(bug), Op::ToDer { dst, .. } | Op::ToDerBio { dst, .. }) = (self.stored_bug(), op) else {
            return returned;
        };
        bug.write(&mut self.state.copied);
        self.inner.put_bytes(*dst, &self.state.copied);
        match (op, returned) {
            (Op::ToDer { .. }, Returned::Copied { returned: 1.., bytes, overrun }) => {
                Returned::Copied { returned: self.state.copied.len() as i64, bytes, overrun }
            }
            _ => returned,
        }
    }

    /// Reads the DER of a session as the native session writes it.
    fn own_der(&mut self, s: Slot) -> Option<Vec<u8>> {
        if let Value::Bytes(Some(der)) = self.inner.read(s, Field::Der) { Some(der.to_vec()) } else { None }
    }

    /// Tells whether DER is written otherwise.
    pub(super) fn writes_otherwise(&self) -> bool {
        self.stored_bug().is_some_and(|bug| matches!(bug.fault, Fault::WriteForgets | Fault::WriteSwaps))
    }

    /// Reads the DER of a session as the bug writes it.
    pub(super) fn spoiled_der(&mut self, s: Slot) -> Value<'_> {
        let (Some(bug), Some(mut der)) = (self.stored_bug(), self.own_der(s)) else { return Value::Bytes(None) };
        bug.write(&mut der);
        self.state.der = der;
        Value::Bytes(Some(&self.state.der))
    }

    /// Leaves out of a duplicate what no getter shows.
    pub(super) fn after_stored_dup(&mut self, dst: Slot) {
        let Some(bug) = self.stored_bug().filter(|bug| bug.fault == Fault::DupForgets) else { return };
        let session = self.session(dst);
        let mut unseen = session.unseen();
        reset(&mut unseen, bug.field);
        session.put_unseen(unseen);
    }

    /// Carries what was read into a session over to its duplicates.
    pub(super) fn after_stored_read(&mut self, s: Slot) {
        let Some(bug) = self.stored_bug().filter(|bug| bug.fault == Fault::DupAliases) else { return };
        let read = self.session(s).unseen();
        self.spread(s, |partner| {
            let mut unseen = partner.unseen();
            match bug.field {
                Field::PskIdentityHint => unseen.psk_identity_hint.clone_from(&read.psk_identity_hint),
                Field::PskIdentity => unseen.psk_identity.clone_from(&read.psk_identity),
                _ => unseen.srp_username.clone_from(&read.srp_username),
            }
            partner.put_unseen(unseen);
        });
    }
}

/// Makes a field what it is in a new session.
fn reset(unseen: &mut Unseen, field: Field) {
    match field {
        // `X509_V_ERR_UNSPECIFIED`
        Field::VerifyResult => unseen.verify_result = 1,
        Field::PskIdentityHint => unseen.psk_identity_hint = None,
        Field::PskIdentity => unseen.psk_identity = None,
        Field::SrpUsername => unseen.srp_username = None,
        Field::Flags => unseen.flags = 0,
        Field::TicketAgeAdd => unseen.ticket_age_add = 0,
        Field::KexGroup => unseen.kex_group = 0,
        Field::PeerKey => unseen.peer_rpk = None,
        _ => {}
    }
}

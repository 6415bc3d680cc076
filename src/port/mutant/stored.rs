//! Bugs of sessions as bytes, for each field that a session's DER has: the DER is changed on its way, as a mistake in the
//! code that writes or reads that field would.

use super::super::native::OfSamples;
use super::super::{Port, Returned, Value};
use super::{Bug, Mutant};
use crate::der;
use crate::field::{Field, for_each_field};
use crate::native::{Clock, Library, Unseen};
use crate::op::Kind;
use crate::op::{BufferSlot, Op, Slot};
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

/// Lists the fields that are optional elements, and whether each is a number.
const OPTIONAL: [(Field, bool); 19] = [
    (Field::Time, true),
    (Field::Timeout, true),
    (Field::Peer, false),
    (Field::IdContext, false),
    (Field::VerifyResult, true),
    (Field::Hostname, false),
    (Field::PskIdentityHint, false),
    (Field::PskIdentity, false),
    (Field::LifetimeHint, true),
    (Field::Ticket, false),
    (Field::SrpUsername, false),
    (Field::Flags, true),
    (Field::TicketAgeAdd, true),
    (Field::MaxEarlyData, true),
    (Field::Alpn, false),
    (Field::MaxFragmentLength, true),
    (Field::TicketAppdata, false),
    (Field::KexGroup, true),
    (Field::PeerKey, false),
];

/// Lists the faults that a field can have.
const fn faults(field: Field, number: bool) -> &'static [Fault] {
    use Fault::{DupAliases, DupForgets, ReadDefaults, ReadForgets, ReadKeeps, ReadNarrows, WriteForgets, WriteSwaps};
    match (field, number) {
        // A number that is not there is 0, and what narrows it leaves nothing of it.
        (Field::VerifyResult | Field::Flags | Field::TicketAgeAdd | Field::KexGroup, _) => {
            &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadNarrows, ReadKeeps, DupForgets]
        }
        (Field::PskIdentityHint | Field::PskIdentity | Field::SrpUsername, _) => {
            &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadNarrows, ReadKeeps, DupForgets, DupAliases]
        }
        (Field::PeerKey, _) => &[WriteForgets, ReadForgets, ReadKeeps, DupForgets],
        (Field::Peer, _) => &[WriteForgets, ReadForgets, ReadKeeps],
        // It is a byte.
        (Field::MaxFragmentLength, _) => &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadKeeps],
        // What is not there stands for a time: 0 is now, or three seconds.
        (Field::Time | Field::Timeout, _) => &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadNarrows],
        (_, _) => &[WriteForgets, WriteSwaps, ReadForgets, ReadDefaults, ReadNarrows, ReadKeeps],
    }
}

const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < OPTIONAL.len() {
        count += faults(OPTIONAL[at].0, OPTIONAL[at].1).len();
        at += 1;
    }
    count
};

impl StoredBug {
    /// Lists every one.
    pub const ALL: [StoredBug; COUNT] = {
        let mut all = [StoredBug { field: Field::Time, fault: Fault::WriteForgets }; COUNT];
        let (mut count, mut at) = (0, 0);
        while at < OPTIONAL.len() {
            let (field, number) = OPTIONAL[at];
            let faults = faults(field, number);
            let mut each = 0;
            while each < faults.len() {
                all[count] = StoredBug { field, fault: faults[each] };
                (count, each) = (count + 1, each + 1);
            }
            at += 1;
        }
        all
    };

    /// Returns the usual signature. The field may show in another call that is the first to look at it.
    pub const fn signature(self) -> Signature {
        let call = match self.fault {
            Fault::WriteForgets | Fault::WriteSwaps => Kind::ToDer,
            Fault::ReadForgets | Fault::ReadDefaults | Fault::ReadNarrows => Kind::FromDer,
            Fault::ReadKeeps => Kind::ReadDer,
            Fault::DupForgets => Kind::Dup,
            Fault::DupAliases => Kind::ReadDer,
        };
        Signature { call: Call::Kind(call), aspect: Aspect::Field(Whose::Own, self.field) }
    }

    /// Tells whether a divergence of this signature is this bug: it names the field, or of two that were swapped the other.
    pub fn shows_as(self, signature: Signature) -> bool {
        let (Aspect::Field(_, field) | Aspect::Length(field)) = signature.aspect else { return false };
        field == self.field
            || self.field == Field::Time && field == Field::TimeEx
            || self.field == Field::Ticket && field == Field::HasTicket
            || self.fault == Fault::WriteSwaps && der::tag(field).is_some()
    }

    fn is_number(self) -> bool {
        OPTIONAL.iter().any(|(field, number)| *field == self.field && *number)
    }

    /// Changes DER as it is written.
    fn write(self, der: &mut Vec<u8>) {
        let Some(tag) = der::tag(self.field) else { return };
        let Some(mut elements) = der::Elements::of(der) else { return };
        match self.fault {
            Fault::WriteForgets => elements.remove(tag),
            Fault::WriteSwaps => elements.swap(tag),
            _ => return,
        }
        *der = elements.encoded();
    }

    /// Changes DER before it is read; `before` has what the session had, if it had anything.
    fn read(self, der: &[u8], before: Option<&[u8]>) -> Option<Vec<u8>> {
        let tag = der::tag(self.field)?;
        let mut elements = der::Elements::of(der)?;
        let there = elements.get(tag).is_some();
        match self.fault {
            Fault::ReadForgets if there => elements.remove(tag),
            Fault::ReadDefaults if !there => {
                elements.put(tag, if self.is_number() { &[2, 1, 9] } else { &[4, 1, b'?'] })
            }
            Fault::ReadNarrows if there => {
                let narrowed = match elements.get(tag)? {
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
                let kept = der::Elements::of(before?)?.get(tag)?.to_vec();
                elements.put(tag, &kept);
            }
            _ => return None,
        }
        Some(elements.encoded())
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

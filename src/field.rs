//! The fields of a session: what its getters read.

use crate::op::{ExIndex, Kind, Kinds, MAX_BYTES, Op, Room, Slot, Wire, for_each_op, sets};

/// Hands the row of every field to a macro.
///
/// ```text
/// /// What it is.
/// Variant "word in signatures" KIND {FACTS} OBJECT.METHOD;
/// ```
///
/// * `KIND`: `number`, `bytes`, `ex_data INDEX`, a number at this index, or `hidden TAG`: no getter shows it, the element with
///   this tag of the session's DER does ([`Field::Der`]).
/// * `FACTS`: `copied`: `SSL_SESSION_dup` must carry it over unchanged, for its manual page says that it copies the contents. The
///   rest follows rules of its own: the lifetime hint goes without a ticket, ex_data has callbacks. `derived`: it only says what
///   other fields say already, and a difference is named after those, if there is one. `own`: each session has a buffer of its
///   own. `drawn`: a handshake draws it, and another run of the same program has another.
/// * `OBJECT.METHOD`: how it is read from a native session, or from a view of its buffers.
///
/// The getter is the op that says `reads` or `copies` the field in the table of ops. Its prototype says how C reads it.
macro_rules! for_each_field {
    ($consumer:ident) => {
        $consumer! {
            /// The session's name.
            Id "session_id" bytes {copied own drawn} session.id;
            /// What the session may be used for.
            IdContext "sid_ctx" bytes {copied own} session.id_context;
            /// Seconds since 1970.
            Time "time" number {copied} session.time;
            /// Seconds since 1970.
            TimeEx "time_ex" number {copied} session.time;
            /// Seconds.
            Timeout "timeout" number {copied} session.timeout;
            /// As set.
            ProtocolVersion "protocol_version" number {copied} session.protocol_version;
            /// The two-byte code, or -1.
            Cipher "cipher" number {copied drawn} session.cipher;
            /// At most 512 bytes.
            MasterKey "master_key" bytes {copied drawn} session.master_key;
            /// Without the NUL, or NULL.
            Hostname "hostname" bytes {copied own} view.hostname;
            /// The protocol, or NULL.
            Alpn "alpn_selected" bytes {copied own} view.alpn_selected;
            /// Bytes.
            MaxEarlyData "max_early_data" number {copied} session.max_early_data;
            /// The application's data, or NULL.
            TicketAppdata "ticket_appdata" bytes {copied own} view.ticket_appdata;
            /// 0 or 1.
            HasTicket "has_ticket" number {copied derived} session.has_ticket;
            /// The ticket, or NULL.
            Ticket "ticket" bytes {copied own drawn} view.ticket;
            /// As on the wire of TLS.
            CompressId "compress_id" number {copied} session.compress_id;
            /// `TLSEXT_max_fragment_length_*`
            MaxFragmentLength "max_fragment_length" number {copied} session.max_fragment_length;
            /// The certificate's DER, or NULL.
            Peer "peer" bytes {copied drawn} view.peer;
            /// 0 or 1.
            Resumable "resumable" number {copied derived} session.is_resumable;
            /// Seconds.
            LifetimeHint "ticket_lifetime_hint" number {} session.ticket_lifetime_hint;
            /// The value at index 0.
            AppData "ex_data.app_data" ex_data AppData {} session.ex_data;
            /// A value whose callbacks are recorded.
            ExCounted "ex_data.counted" ex_data Counted {} session.ex_data;
            /// A value that its dup callback changes.
            ExReplaced "ex_data.replaced" ex_data Replaced {} session.ex_data;
            /// A value that its dup callback may refuse.
            ExRefused "ex_data.refused" ex_data Refused {} session.ex_data;
            /// A value at an index that nobody registered.
            ExUnregistered "ex_data.unregistered" ex_data Unregistered {} session.ex_data;
            /// Holds the result of verifying the peer's certificate, `X509_V_*`: 0 is good.
            VerifyResult "verify_result" hidden 5 {copied} session.der;
            /// Holds the server's hint at the pre-shared key, or NULL.
            PskIdentityHint "psk_identity_hint" hidden 7 {copied} session.der;
            /// Holds the identity of the pre-shared key, or NULL.
            PskIdentity "psk_identity" hidden 8 {copied} session.der;
            /// The name of the user, or NULL.
            SrpUsername "srp_username" hidden 12 {copied} session.der;
            /// `SSL_SESS_FLAG_*`
            Flags "flags" hidden 13 {copied} session.der;
            /// What is added to the age of a ticket, milliseconds.
            TicketAgeAdd "tick_age_add" hidden 14 {copied drawn} session.der;
            /// The group of the key exchange.
            KexGroup "kex_group" hidden 19 {copied} session.der;
            /// The peer's public key where it showed no certificate, in DER, or NULL.
            PeerKey "peer_rpk" hidden 20 {copied} session.der;
            /// All that `i2d_SSL_SESSION` writes; NULL: it refuses.
            Der "der" bytes {derived drawn} session.der;
        }
    };
}

pub(crate) use for_each_field;

macro_rules! define_fields {
    ($(
        $(#[$doc:meta])* $field:ident $name:literal $kind:ident $($index:ident)? $($tag:literal)? {$($fact:ident)*} $object:ident.$method:ident;
    )*) => {
        /// One thing that a session holds. The name is the word in signatures.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Field { $($(#[$doc])* $field),* }

        impl Field {
            /// Every field.
            pub const ALL: &'static [Field] = &[$(Field::$field),*];

            /// Returns the word in signatures and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Field::$field => $name),* }
            }

            /// Returns the ex_data index it reads, if it reads one.
            pub const fn ex_index(self) -> Option<ExIndex> {
                match self { $(Field::$field => has!(index $($index)?)),* }
            }

            /// Returns the field of an ex_data index; -1 has none.
            pub const fn of_ex_index(index: ExIndex) -> Option<Field> {
                match index {
                    $($(ExIndex::$index => Some(Field::$field),)?)*
                    ExIndex::Negative => None,
                }
            }

            /// Returns the tag of its element in the session's DER, if no getter shows it.
            #[inline(always)]
            pub const fn hidden_tag(self) -> Option<u8> {
                match self { $(Field::$field => has!(tag $($tag)?)),* }
            }

            /// Tells whether it is bytes; the rest are numbers, or hidden.
            #[inline(always)]
            pub const fn is_bytes(self) -> bool {
                match self { $(Field::$field => has!(bytes $kind)),* }
            }

            /// Tells whether it only says what other fields say already.
            pub const fn is_derived(self) -> bool {
                match self { $(Field::$field => has!(derived $($fact)*)),* }
            }

            /// Tells whether `SSL_SESSION_dup` must carry it over unchanged.
            #[inline(always)]
            pub const fn is_copied(self) -> bool {
                match self { $(Field::$field => has!(copied $($fact)*)),* }
            }

            /// Tells whether each session must have a buffer of its own for it.
            pub const fn is_own(self) -> bool {
                match self { $(Field::$field => has!(own $($fact)*)),* }
            }

            /// Tells whether a handshake draws it: another run of the same program has another.
            pub const fn is_drawn(self) -> bool {
                match self { $(Field::$field => has!(drawn $($fact)*)),* }
            }
        }

        /// Makes the pattern of all fields that are read at an index of ex_data.
        #[cfg(feature = "linked")]
        macro_rules! ex_data_fields {
            () => { $($(| $crate::field::has!(behind $index $crate::field::Field::$field))?)* };
        }

        /// Makes the pattern of all fields that no getter shows.
        #[cfg(feature = "linked")]
        macro_rules! hidden_fields {
            () => { $($(| $crate::field::has!(behind_tag $tag $crate::field::Field::$field))?)* };
        }
    };
}

/// Looks for a word in a row.
macro_rules! has {
    (index) => { None };
    (index $index:ident) => { Some(ExIndex::$index) };
    (behind $word:ident $($rest:tt)*) => { $($rest)* };
    (behind_tag $tag:literal $($rest:tt)*) => { $($rest)* };
    (tag) => { None };
    (tag $tag:literal) => { Some($tag) };
    (bytes bytes) => { true };
    (copied copied $($rest:ident)*) => { true };
    (derived derived $($rest:ident)*) => { true };
    (own own $($rest:ident)*) => { true };
    (drawn drawn $($rest:ident)*) => { true };
    ($sought:ident $other:ident $($rest:ident)*) => { $crate::field::has!($sought $($rest)*) };
    ($sought:ident) => { false };
}

pub(crate) use has;

for_each_field!(define_fields);

#[cfg(feature = "linked")]
pub(crate) use {ex_data_fields, hidden_fields};

/// Makes from the table of ops what each sets and reads.
macro_rules! define_fields_of_ops {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt $operands:tt {$($fact:tt)*} $c:tt;
    )* })*) => {
        impl Kind {
            /// Returns the field that the call sets. That of `SSL_SESSION_set_ex_data` depends on its index.
            #[inline]
            pub const fn sets(self) -> Option<Field> {
                match self { $($(Kind::$kind => field_fact!(sets $($fact)*)),*),* }
            }

            /// Returns the field that the call reads. That of `SSL_SESSION_get_ex_data` depends on its index.
            #[inline]
            pub const fn reads(self) -> Option<Field> {
                match self { $($(Kind::$kind => field_fact!(reads $($fact)*)),*),* }
            }

            /// Returns the field that the call copies to a buffer of the caller's.
            pub const fn copies(self) -> Option<Field> {
                match self { $($(Kind::$kind => field_fact!(copies $($fact)*)),*),* }
            }
        }
    };
}

macro_rules! field_fact {
    (sets sets $field:ident $($rest:tt)*) => { Some(Field::$field) };
    (reads reads $field:ident $($rest:tt)*) => { Some(Field::$field) };
    (copies copies $field:ident $($rest:tt)*) => { Some(Field::$field) };
    ($sought:ident $other:tt $($rest:tt)*) => { field_fact!($sought $($rest)*) };
    ($sought:ident) => { None };
}

for_each_op!(define_fields_of_ops);

impl Op {
    /// Returns the field that the call sets, if it is a setter.
    #[inline]
    pub fn sets(&self) -> Option<Field> {
        if let Op::SetExData { index, .. } = self { Field::of_ex_index(*index) } else { self.kind().sets() }
    }

    /// Returns the field that the call reads, if it is its getter.
    #[inline]
    pub fn reads(&self) -> Option<Field> {
        if let Op::GetExData { index, .. } = self { Field::of_ex_index(*index) } else { self.kind().reads() }
    }
}

/// Lists the fields of which something is so, then those of which the next is.
macro_rules! listed {
    (|$field:ident| $($wanted:expr),*) => {{
        const ORDERED: ([Field; Field::ALL.len()], usize) = {
            let (mut listed, mut count) = ([Field::ALL[0]; Field::ALL.len()], 0);
            $(let mut at = 0;
            while at < Field::ALL.len() {
                let $field = Field::ALL[at];
                if $wanted {
                    listed[count] = $field;
                    count += 1;
                }
                at += 1;
            })*
            (listed, count)
        };
        ORDERED.0.split_at(ORDERED.1).0
    }};
}

impl Field {
    /// The fields that are bytes. All of them are copied by a dup.
    pub const BYTES: &'static [Field] = listed!(|field| field.is_bytes());

    /// The fields that are numbers, in the order in which they are observed: those that a dup copies come first.
    pub const NUMBERS: &'static [Field] =
        listed!(|field| field.is_number() && field.is_copied(), field.is_number() && !field.is_copied());

    /// How many of [`Field::NUMBERS`] are copied by a dup.
    pub const COPIED_NUMBERS: usize = listed!(|field| field.is_number() && field.is_copied()).len();

    /// Tells whether its getter, or that of its index, gives a number.
    const fn is_number(self) -> bool {
        !self.is_bytes() && self.hidden_tag().is_none()
    }

    /// The fields that each session must have a buffer of its own for.
    pub const OWN: &'static [Field] = listed!(|field| field.is_own());

    /// Returns its place in [`Field::OWN`].
    #[cfg(feature = "linked")]
    pub(crate) const fn own_place(self) -> usize {
        let mut place = 0;
        while Field::OWN[place] as usize != self as usize {
            place += 1;
        }
        place
    }

    /// Returns the call that reads it. All of ex_data share one, and so does what only DER shows.
    pub const fn getter(self) -> Kind {
        const GETTERS: [Kind; Field::ALL.len()] = {
            let mut getters = [Kind::ToDer; Field::ALL.len()];
            let mut at = 0;
            while at < Field::ALL.len() {
                if Field::ALL[at].ex_index().is_some() {
                    getters[at] = Kind::GetExData;
                }
                at += 1;
            }
            at = 0;
            while at < Kind::ALL.len() {
                if let (Some(field), None) | (None, Some(field)) = (Kind::ALL[at].reads(), Kind::ALL[at].copies()) {
                    getters[field as usize] = Kind::ALL[at];
                }
                at += 1;
            }
            getters
        };
        GETTERS[self as usize]
    }

    /// Returns the call that reads it from a session; `None`: an index of ex_data, which shares its getter, or what DER shows.
    pub fn read_op(self, slot: Slot) -> Option<Op> {
        if self.getter() == Kind::GetMasterKey {
            return Some(Op::GetMasterKey { s: slot, room: Room::at_most(MAX_BYTES as u16) });
        }
        if self.getter() == Kind::ToDer {
            return None;
        }
        // Its operands are those of the session's slot, and of the first index.
        let mut op = self
            .getter()
            .take_wire(&mut Wire::new(&[0; 16]))
            .filter(|_| !matches!(self.ex_index(), Some(index) if index != ExIndex::AppData))?;
        op.slots_mut().into_iter().for_each(|named| *named = slot);
        Some(op)
    }
}

impl Field {
    /// Returns what stands before it in a printed session, if no getter shows it and `SSL_SESSION_print` does: of the flags one alone.
    pub const fn printed_behind(self) -> Option<&'static str> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the few fields that are so; the others are not")]
        match self {
            Field::VerifyResult => Some("\n    Verify return code: "),
            Field::PskIdentity => Some("\n    PSK identity: "),
            Field::PskIdentityHint => Some("\n    PSK identity hint: "),
            Field::SrpUsername => Some("\n    SRP username: "),
            _ => None,
        }
    }
}

sets! {
    /// A set of fields.
    Fields of Field
}

impl Fields {
    /// Holds what is compared of a session after most calls, where no getter is missing: all that a getter shows by itself, but for
    /// [`Field::TimeEx`], which is [`Field::Time`] read by another function, and for DER, which is compared in a share of programs.
    pub(crate) const USUAL: Fields = {
        let (mut fields, mut row) = (Fields::NONE, 0);
        while row < Field::ALL.len() {
            if Field::ALL[row].hidden_tag().is_none() {
                fields = fields.with(Field::ALL[row]);
            }
            row += 1;
        }
        fields.without(Field::TimeEx).without(Field::Der)
    };

    /// Returns every field that can be read and whose getter is not among `lacks`.
    pub fn all_but(lacks: Kinds) -> Fields {
        let read = |field: &&Field| field.hidden_tag().is_none() && !lacks.contains(field.getter());
        Field::ALL.iter().filter(read).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_getter_and_a_place() {
        for field in Field::ALL {
            assert_eq!(field.getter() == Kind::GetExData, field.ex_index().is_some(), "{field:?} has no getter");
            let hidden = field.hidden_tag().is_some();
            let places = [Field::BYTES.contains(field), Field::NUMBERS.contains(field), hidden];
            assert_eq!(places.into_iter().filter(|there| *there).count(), 1, "{field:?}");
            let first = Field::NUMBERS[..Field::COPIED_NUMBERS].contains(field);
            let bytes = field.is_bytes() && *field != Field::Der;
            assert_eq!(field.is_copied(), first || hidden || bytes, "{field:?}: all bytes but the DER are copied");
        }
    }
}

//! The fields of a session: what its getters read.

use serde::{Deserialize, Serialize};

use crate::op::{ExIndex, Kind, Kinds, MAX_BYTES, Op, Room, Slot, Wire, for_each_op};

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident $name:literal $getter:ident;)*) => {
        /// One thing that a getter reads. The name is the word in signatures.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Field { $($(#[$doc])* $field),* }

        impl Field {
            /// Every field, in the order in which a session is observed.
            pub const ALL: &'static [Field] = &[$(Field::$field),*];

            /// The word in signatures and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Field::$field => $name),* }
            }

            /// The call that reads it.
            pub const fn getter(self) -> Kind {
                match self { $(Field::$field => Kind::$getter),* }
            }
        }
    };
}

/// Hands every field to a macro: variant, word in signatures, getter.
macro_rules! for_each_field {
    ($consumer:ident) => {
        $consumer! {
            /// Bytes.
            Id "session_id" GetId;
            /// Bytes.
            IdContext "sid_ctx" Get0IdContext;
            /// Seconds since 1970.
            Time "time" GetTime;
            /// Seconds since 1970.
            TimeEx "time_ex" GetTimeEx;
            /// Seconds.
            Timeout "timeout" GetTimeout;
            /// As set.
            ProtocolVersion "protocol_version" GetProtocolVersion;
            /// The two-byte code, or -1.
            Cipher "cipher" Get0Cipher;
            /// Bytes.
            MasterKey "master_key" GetMasterKey;
            /// Bytes without the NUL, or NULL.
            Hostname "hostname" Get0Hostname;
            /// Bytes or NULL.
            Alpn "alpn_selected" Get0AlpnSelected;
            /// Bytes.
            MaxEarlyData "max_early_data" GetMaxEarlyData;
            /// Bytes or NULL.
            TicketAppdata "ticket_appdata" Get0TicketAppdata;
            /// 0 or 1.
            HasTicket "has_ticket" HasTicket;
            /// Bytes or NULL.
            Ticket "ticket" Get0Ticket;
            /// As on the wire of TLS.
            CompressId "compress_id" GetCompressId;
            /// `TLSEXT_max_fragment_length_*`
            MaxFragmentLength "max_fragment_length" GetMaxFragmentLength;
            /// The certificate's DER, or NULL.
            Peer "peer" Get0Peer;
            /// 0 or 1.
            Resumable "resumable" IsResumable;
            /// Seconds. From here on a duplicate may rightly differ from its source.
            LifetimeHint "ticket_lifetime_hint" GetTicketLifetimeHint;
            /// A number.
            AppData "ex_data.app_data" GetExData;
            /// A number.
            ExCounted "ex_data.counted" GetExData;
            /// A number.
            ExReplaced "ex_data.replaced" GetExData;
            /// A number.
            ExRefused "ex_data.refused" GetExData;
            /// A number.
            ExUnregistered "ex_data.unregistered" GetExData;
        }
    };
}

pub(crate) use for_each_field;

for_each_field!(fields);

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
        }
    };
}

macro_rules! field_fact {
    (sets sets $field:ident $($rest:tt)*) => { Some(Field::$field) };
    (reads reads $field:ident $($rest:tt)*) => { Some(Field::$field) };
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

impl Field {
    /// The fields that are bytes.
    pub const BYTES: [Field; 8] = [
        Field::Id,
        Field::IdContext,
        Field::MasterKey,
        Field::Hostname,
        Field::Alpn,
        Field::TicketAppdata,
        Field::Ticket,
        Field::Peer,
    ];

    /// The fields that are numbers: the rest, in the order in which they are observed.
    pub const NUMBERS: [Field; 16] = [
        Field::Time,
        Field::TimeEx,
        Field::Timeout,
        Field::ProtocolVersion,
        Field::Cipher,
        Field::MaxEarlyData,
        Field::HasTicket,
        Field::CompressId,
        Field::MaxFragmentLength,
        Field::Resumable,
        Field::LifetimeHint,
        Field::AppData,
        Field::ExCounted,
        Field::ExReplaced,
        Field::ExRefused,
        Field::ExUnregistered,
    ];

    /// How many of [`Field::NUMBERS`] are copied by a dup: the first so many. All of [`Field::BYTES`] are.
    pub const COPIED_NUMBERS: usize = 10;

    /// The call that reads it from a session; `None`: an index of ex_data, which shares its getter.
    pub fn read_op(self, slot: Slot) -> Option<Op> {
        if self.getter() == Kind::GetMasterKey {
            return Some(Op::GetMasterKey { s: slot, room: Room::at_most(MAX_BYTES as u16) });
        }
        // Its operands are those of the session's slot, and of the first index.
        let mut op = self
            .getter()
            .take_wire(&mut Wire::new(&[0; 16]))
            .filter(|_| !matches!(self.ex_index(), Some(index) if index != ExIndex::AppData))?;
        op.slots_mut().into_iter().for_each(|named| *named = slot);
        Some(op)
    }

    /// The ex_data index it reads, if it reads one.
    pub const fn ex_index(self) -> Option<ExIndex> {
        match self {
            Field::AppData => Some(ExIndex::AppData),
            Field::ExCounted => Some(ExIndex::Counted),
            Field::ExReplaced => Some(ExIndex::Replaced),
            Field::ExRefused => Some(ExIndex::Refused),
            Field::ExUnregistered => Some(ExIndex::Unregistered),
            Field::Id
            | Field::IdContext
            | Field::Time
            | Field::TimeEx
            | Field::Timeout
            | Field::ProtocolVersion
            | Field::Cipher
            | Field::MasterKey
            | Field::Hostname
            | Field::Alpn
            | Field::MaxEarlyData
            | Field::TicketAppdata
            | Field::HasTicket
            | Field::Ticket
            | Field::CompressId
            | Field::MaxFragmentLength
            | Field::Peer
            | Field::Resumable
            | Field::LifetimeHint => None,
        }
    }

    /// Whether it is bytes; the rest are numbers.
    pub const fn is_bytes(self) -> bool {
        match self {
            Field::Id
            | Field::IdContext
            | Field::MasterKey
            | Field::Hostname
            | Field::Alpn
            | Field::TicketAppdata
            | Field::Ticket
            | Field::Peer => true,
            Field::Time
            | Field::TimeEx
            | Field::Timeout
            | Field::ProtocolVersion
            | Field::Cipher
            | Field::MaxEarlyData
            | Field::HasTicket
            | Field::CompressId
            | Field::MaxFragmentLength
            | Field::Resumable
            | Field::LifetimeHint
            | Field::AppData
            | Field::ExCounted
            | Field::ExReplaced
            | Field::ExRefused
            | Field::ExUnregistered => false,
        }
    }

    /// The field of an ex_data index; -1 has none.
    pub const fn of_ex_index(index: ExIndex) -> Option<Field> {
        match index {
            ExIndex::AppData => Some(Field::AppData),
            ExIndex::Counted => Some(Field::ExCounted),
            ExIndex::Replaced => Some(Field::ExReplaced),
            ExIndex::Refused => Some(Field::ExRefused),
            ExIndex::Unregistered => Some(Field::ExUnregistered),
            ExIndex::Negative => None,
        }
    }

    /// Whether it only says what other fields say already: a difference is named after those, if there is one.
    pub const fn is_derived(self) -> bool {
        matches!(self, Field::HasTicket | Field::Resumable)
    }

    /// Whether `SSL_SESSION_dup` must carry it over unchanged: its manual page says that it copies the contents. The
    /// rest follows rules of its own: the lifetime hint goes without a ticket, ex_data has callbacks.
    pub const fn is_copied(self) -> bool {
        (self as u32) < Field::LifetimeHint as u32
    }

    /// Tells whether it is a buffer that no two sessions share.
    pub const fn is_own_buffer(self) -> bool {
        matches!(
            self,
            Field::Id | Field::IdContext | Field::Hostname | Field::Alpn | Field::TicketAppdata | Field::Ticket
        )
    }
}

/// A set of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields(u32);

impl Fields {
    /// None of them.
    pub const NONE: Fields = Fields(0);

    /// With this one.
    pub const fn with(self, field: Field) -> Fields {
        Fields(self.0 | 1 << field as u32)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Every field whose getter is not among `lacks`.
    pub fn all_but(lacks: Kinds) -> Fields {
        let has = Field::ALL.iter().filter(|field| !lacks.contains(field.getter()));
        Fields(has.fold(0, |set, field| set | 1 << *field as u32))
    }

    /// One bit for each, in the order of [`Field::ALL`].
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set with these bits.
    pub const fn from_bits(bits: u32) -> Fields {
        Fields(bits)
    }

    /// Without this one.
    pub const fn without(self, field: Field) -> Fields {
        Fields(self.0 & !(1 << field as u32))
    }

    /// Whether it is in.
    pub const fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u32) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_either_bytes_or_a_number() {
        assert_eq!(Field::BYTES.len() + Field::NUMBERS.len(), Field::ALL.len());
        for field in Field::ALL {
            assert_ne!(Field::BYTES.contains(field), Field::NUMBERS.contains(field), "{field:?}");
            let first = Field::NUMBERS[..Field::COPIED_NUMBERS].contains(field);
            assert_eq!(field.is_copied(), first || field.is_bytes(), "{field:?}");
            assert_eq!(field.is_bytes(), Field::BYTES.contains(field), "{field:?}");
        }
    }
}

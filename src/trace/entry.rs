//! The entries of a trace: a table of what a port can do and show, and how each is written, read and said.

use std::fmt;

use super::payload::Payload;
use super::shown::{born, called, freed, held, hex, index_name, referenced, shared_buffers, slot_names};
use super::{After, Callback, Meddling, Trace};
use crate::field::{Field, Fields};
use crate::op::{ConnectionSlot, ContextSlot, Slot};

/// Makes [`Entry`], its writers in [`Trace`], its reader in [`Entries`] and its text from the table.
///
/// A row is: the first byte in the log, the variant and its payload in the order in which it is written, the writer's
/// name unless the writer does more, and the text. Behind `=> broken` stands when the entry is wrong whatever the other
/// port does; behind `=> callback` that it is a callback, and its rank: the lower of two explains the other.
macro_rules! entries {
    ($(
        $(#[$doc:meta])*
        $code:literal $entry:ident $(($($part:ident: $type:ty),*))? $($writer:ident)?: $text:literal $(, $said:expr)*
        $(=> broken $broken:expr)?
        $(=> callback $rank:literal)?;
    )*) => {
        /// Says one thing that a port did or showed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Entry<'a> {
            /// Shows a field that is a number.
            Number(Field, i64),
            /// Shows a field that is bytes.
            Bytes(Field, Option<&'a [u8]>),
            $($(#[$doc])* $entry $(($($type),*))?,)*
        }

        impl<'a> Entry<'a> {
            /// Returns the field that it shows, if it shows one.
            pub const fn field(&self) -> Option<Field> {
                match self {
                    Entry::Number(field, _) | Entry::Bytes(field, _) => Some(*field),
                    $(Entry::$entry { .. })|* => None,
                }
            }

            /// Tells whether it is wrong whatever the other port does.
            #[inline(always)]
            #[allow(unused_variables, reason = "most rows ask for none of their parts")]
            pub fn is_broken(&self) -> bool {
                match self {
                    Entry::Number(..) | Entry::Bytes(..) => false,
                    $(Entry::$entry $(($($part),*))? => entries!(@or false $($broken)?),)*
                }
            }

            /// Returns the rank of a callback: those of contexts come before those that follow from them.
            pub const fn callback_rank(&self) -> Option<u8> {
                match self {
                    Entry::Number(..) | Entry::Bytes(..) => None,
                    $(Entry::$entry { .. } => entries!(@or None $(Some($rank))?),)*
                }
            }

            /// Writes it to the end of a log.
            #[inline(always)]
            pub(super) fn write(&self, log: &mut Vec<u8>) {
                match self {
                    Entry::Number(field, value) => {
                        log.push(*field as u8);
                        value.put(log);
                    }
                    Entry::Bytes(field, bytes) => {
                        log.push(*field as u8);
                        bytes.put(log);
                    }
                    $(Entry::$entry $(($($part),*))? => {
                        log.push($code);
                        $($($part.put(log);)*)?
                    })*
                }
            }

            /// Reads what follows the first byte of an entry; `None`: no entry begins so, or it is cut off.
            fn read(code: u8, log: &mut &'a [u8]) -> Option<Entry<'a>> {
                if let Some(field) = Field::ALL.get(usize::from(code)) {
                    return Some(match field.is_bytes() {
                        true => Entry::Bytes(*field, Payload::take(log)?),
                        false => Entry::Number(*field, Payload::take(log)?),
                    });
                }
                match code {
                    // Read by `Entries`; named here so that no row can have it.
                    NUMBERS => None,
                    $($code => Some(Entry::$entry $(($(<$type as Payload>::take(log)?),*))?),)*
                    _ => None,
                }
            }
        }

        /// Lists the first bytes of all rows.
        #[cfg(test)]
        const CODES: &[u8] = &[$($code),*];

        impl<'a> Trace {
            $(entries!(@writer [$($writer)?] $entry [$(($($part: $type),*))?]);)*
        }

        impl fmt::Display for Entry<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Entry::Number(Field::Cipher, -1) => f.write_str("cipher NULL"),
                    Entry::Number(Field::Cipher, code) => write!(f, "cipher {code:#06x}"),
                    Entry::Number(field, value) => write!(f, "{} {value}", field.name()),
                    Entry::Bytes(field, bytes) => write!(f, "{} {}", field.name(), hex(*bytes)),
                    $(#[allow(unused_variables, reason = "most rows ask for none of their parts")]
                    Entry::$entry $(($($part),*))? => write!(f, $text $(, $said)*),)*
                }
            }
        }
    };
    (@writer [] $entry:ident $parts:tt) => {};
    (@writer [$writer:ident] $entry:ident [$(($($part:ident: $type:ty),*))?]) => {
        #[doc = concat!("Writes an [`Entry::", stringify!($entry), "`].")]
        #[inline]
        pub fn $writer(&mut self $($(, $part: $type)*)?) {
            self.put(&Entry::$entry $(($($part),*))?);
        }
    };
    (@or $default:tt) => { $default };
    (@or $default:tt $value:expr) => { $value };
}

/// Begins a full observation: all of [`Field::NUMBERS`], read as an [`Entry::Number`] each. The first byte of a single
/// field is its number.
pub(super) const NUMBERS: u8 = 0x4b;

entries! {
    /// Says what a call returned.
    0x40 Return(value: i64) returned: "returned {value}";
    /// Tells whether a constructor returned a session.
    0x41 Made(session: bool) made: "returned {}", if *session { "a session" } else { "NULL" };
    /// Shows what a call copied out.
    0x42 Copied(bytes: &'a [u8]) copied: "copied {}", hex(Some(bytes));
    /// Says what a call left behind.
    0x43 After(after: After) after: "{after}" => broken after.error_lost || after.argument_changed;
    /// Says that the fields that follow belong to this slot.
    0x44 Session(slot: Slot) session: "{slot}";
    /// Sets one bit for each [`Field`] whose buffer two sessions share.
    0x45 Shared(fields: Fields) shared: "{}", shared_buffers(*fields) => broken !fields.is_empty();
    /// Says that a call wrote beyond its buffer.
    0x46 Overrun overrun: "wrote beyond the buffer" => broken true;
    /// Says that a session was born: its number.
    0x47 ExNew(birth: u32): "new callback for {}", born(*birth) => callback 2;
    /// Says that a dup callback was called: index, number of the source, value.
    0x48 ExDup(index: u8, from: u32, value: u64):
        "dup callback of {} for {}, value {value:#x}", index_name(*index), born(*from) => callback 3;
    /// Says that a free callback was called: index, number of the session, value.
    0x49 ExFree(index: u8, birth: u32, value: u64): "{}", freed(*index, *birth, *value) => callback 4;
    /// Says that the program ended here.
    0x4a Stopped: "ended here";
    /// Says that a getter gave NULL and this length. A ticket has one where DER without a ticket was read into its session.
    0x4c NullWithLength(field: Field, length: usize) null_with_length:
        "{} NULL with length {length}", field.name() => broken *field != Field::Ticket;
    /// Gives the reference count of a slot's session.
    0x4d Count(slot: Slot, references: u32) count_of: "{slot} has {references} references";
    /// Says that the getter of a field did more than to read it.
    0x4e Meddled(field: Field, how: Meddling) meddled: "{} {how}", field.getter().name() => broken true;
    /// Says that the step did not run: a slot turned out to be empty.
    0x4f Skipped: "did not run: the slot is empty";
    /// Says which slots hold the session that a call returned: one bit each.
    0x50 Same(slots: u8) same: "the session of {}", slot_names(*slots);
    /// Tells whether a connection has a session, and which slots hold it: one bit each.
    0x51 Connection(x: ConnectionSlot, session: bool, slots: u8) connection:
        "{x} has {}", held(*session, *slots);
    /// Says how many sessions a context has cached, with a digest of them that does not depend on their order. A few
    /// are listed behind it.
    0x52 Cache(c: ContextSlot, number: u32, digest: u32) cache: "{c} has {number} cached, digest {digest:#010x}";
    /// Shows a cached session: which slots hold it, version, id.
    0x53 Member(slots: u8, version: i32, id: &'a [u8]) member:
        "cached: version {version:#06x}, id {}, {}", hex(Some(id)), slot_names(*slots);
    /// Says that the callback of a cache was called: number of the context, number of the session, digest of its
    /// version and id, references.
    0x54 Removed(context: u32, birth: u32, key: u32, references: u32):
        "remove callback of context {context} for {}{}", born(*birth), referenced(*references) => callback 0;
    /// Says that a context was destroyed: its number.
    0x55 ContextFreed(context: u32): "context {context} destroyed" => callback 1;
    /// Says that a callback was called that a handshake calls: see [`Callback`].
    0x56 Called(callback: Callback, arguments: [u32; 5]): "{}", called(*callback, *arguments) => callback 0;
    /// Says that the fields that follow belong to the session of this connection, which no slot holds.
    0x57 SessionOf(x: ConnectionSlot) session_of: "the session of {x}";
    /// Gives the reference count of the session of a connection, which no slot holds.
    0x58 CountOf(x: ConnectionSlot, references: u32) count_of_connected: "the session of {x} has {references} references";
    /// Says how many certificates of a chain are the very one that the session has of its peer.
    0x59 Chain(peers: u32) chain: "{peers} of the chain are the peer's certificate itself";
}

/// Reads a log front to back.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    log: &'a [u8],
    /// Holds the numbers of an observation that are still to come. What follows says which field is next.
    numbers: &'a [[u8; 8]],
    next_number: usize,
}

impl<'a> Entries<'a> {
    /// Reads all of `log`, which starts at an entry.
    pub fn new(log: &'a [u8]) -> Entries<'a> {
        Entries { log, numbers: &[], next_number: 0 }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if let Some((number, rest)) = self.numbers.split_first() {
            let field = *Field::NUMBERS.get(self.next_number)?;
            (self.numbers, self.next_number) = (rest, self.next_number + 1);
            return Some(Entry::Number(field, i64::from_le_bytes(*number)));
        }
        let code = u8::take(&mut self.log)?;
        if code == NUMBERS {
            let (numbers, rest) = self.log.split_at_checked(Field::NUMBERS.len() * 8)?;
            (self.log, self.numbers, self.next_number) = (rest, numbers.as_chunks::<8>().0, 0);
            return self.next();
        }
        Entry::read(code, &mut self.log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that what is read back is what was written, for every row and every field, of bytes that are all 0 and
    /// all 1.
    #[test]
    fn every_entry_is_read_as_it_is_written() {
        let fields = 0..Field::ALL.len() as u8;
        for code in CODES.iter().copied().chain(fields) {
            for fill in [0, 1] {
                let log = [&[code][..], &[fill; 600]].concat();
                let mut rest = &log[1..];
                let entry = Entry::read(code, &mut rest).unwrap_or_else(|| panic!("{code:#x}, {fill}"));
                let mut written = Vec::new();
                entry.write(&mut written);
                assert_eq!(written, log[..log.len() - rest.len()], "{entry:?}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_no_entry() {
        for code in CODES {
            let mut whole = &[0; 64][..];
            Entry::read(*code, &mut whole).expect("an entry");
            for length in 0..64 - whole.len() {
                assert_eq!(Entry::read(*code, &mut &[0; 64][..length]), None, "{code:#x}, {length}");
            }
        }
    }

    /// Checks that no first byte is both a field's number and a row's code.
    #[test]
    fn no_row_has_the_number_of_a_field() {
        assert!(CODES.iter().all(|code| usize::from(*code) >= Field::ALL.len()));
    }
}

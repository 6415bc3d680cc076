//! Parts of entries as people read them.

use std::fmt;

use super::{After, Callback, Meddling, WRONG_ARGUMENTS};
use crate::field::Fields;
use crate::op::{ExIndex, Slot};

/// Returns the name of an ex_data index, `?` where there is no such index.
pub(super) fn index_name(index: u8) -> &'static str {
    ExIndex::ALL.get(usize::from(index)).map_or("?", |index| index.name())
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            After { argument_changed: true, .. } => "changed bytes that it only had to read",
            After { error_lost: true, .. } => "removed the error that was in the queue",
            After { raised: true, .. } => "raised an error",
            After { raised: false, .. } => "raised no error",
        })
    }
}

impl fmt::Display for Meddling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Meddling::Count => "changed a reference count",
            Meddling::Raised => "raised an error",
            Meddling::Returned => "returned a failure",
        })
    }
}

/// The fields whose buffers two sessions share.
pub(super) struct SharedBuffers(pub Fields);

impl fmt::Display for SharedBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no shared buffer");
        }
        f.write_str("shared buffer:")?;
        self.0.iter().try_for_each(|field| write!(f, " {}", field.name()))
    }
}

/// A free callback: index, number of the session, value.
pub(super) struct Freed(pub u8, pub u32, pub u64);

impl fmt::Display for Freed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Freed(index, birth, value) = *self;
        if index == WRONG_ARGUMENTS {
            return f.write_str("a callback with other arguments than it was registered with");
        }
        write!(f, "free callback of {} for {}, value {value:#x}", index_name(index), Born(birth))
    }
}

/// The slots of a session: one bit each.
pub(super) struct Slots(pub u8);

impl fmt::Display for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for slot in Slot::all().filter(|slot| self.0 & (1 << slot.index()) != 0) {
            write!(f, "{separator}{slot}")?;
            separator = " and ";
        }
        if separator.is_empty() { f.write_str("no slot") } else { Ok(()) }
    }
}

/// Whether there is a session, and its slots.
pub(super) struct Held(pub bool, pub u8);

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Held(false, _) => f.write_str("no session"),
            Held(true, slots) => write!(f, "the session of {}", Slots(*slots)),
        }
    }
}

/// A session by its number, or one that no new callback announced.
pub(super) struct Born(pub u32);

impl fmt::Display for Born {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == u32::MAX { f.write_str("a session that was never born") } else { write!(f, "session {}", self.0) }
    }
}

/// How many references a session has; nothing for 0, which is written where nobody knows.
pub(super) struct Referenced(pub u32);

impl fmt::Display for Referenced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, ", which has {} references", self.0) }
    }
}

/// A callback that a handshake calls, and its arguments.
pub(super) struct Called(pub Callback, pub [u32; 5]);

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Called(callback, [server, birth, length, key, references]) = *self;
        let side = if server != 0 { "server" } else { "client" };
        write!(f, "{} callback of the {side}", callback.name())?;
        match callback {
            Callback::New => {
                let (born, referenced) = (Born(birth), Referenced(references));
                write!(f, " for {born}, with an id of {length} bytes, digest {key:08x}{referenced}")
            }
            Callback::Get => write!(f, " for an id of {length} bytes, digest {key:08x}"),
            Callback::NotResumable => write!(f, ", forward secure: {references}"),
            Callback::PskUse => Ok(()),
            Callback::PskFind => write!(f, " for an identity of {length} bytes, digest {key:08x}"),
            Callback::GenerateId => write!(f, ", {length} bytes at most"),
        }
    }
}

/// Bytes: printable ones in quotes, others in hexadecimal, cut when long.
pub(super) struct Hex<'a>(pub Option<&'a [u8]>);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        let Some(bytes) = self.0 else { return f.write_str("NULL") };
        let shown = &bytes[..bytes.len().min(SHOWN)];
        if shown.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            write!(f, "\"{}\"", String::from_utf8_lossy(shown))?;
        } else {
            f.write_str("x\"")?;
            shown.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            f.write_str("\"")?;
        }
        if bytes.len() > SHOWN { write!(f, "... ({} bytes)", bytes.len()) } else { Ok(()) }
    }
}

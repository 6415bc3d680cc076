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

/// Names the fields whose buffers two sessions share.
pub(super) fn shared_buffers(fields: Fields) -> String {
    if fields.is_empty() {
        return "no shared buffer".into();
    }
    let names: String = fields.iter().map(|field| format!(" {}", field.name())).collect();
    format!("shared buffer:{names}")
}

/// Says a free callback: index, number of the session, value.
pub(super) fn freed(index: u8, birth: u32, value: u64) -> String {
    if index == WRONG_ARGUMENTS {
        return "a callback with other arguments than it was registered with".into();
    }
    format!("free callback of {} for {}, value {value:#x}", index_name(index), born(birth))
}

/// Names the slots of a session: one bit each.
pub(crate) fn slot_names(slots: u8) -> String {
    let named = Slot::all().filter(|slot| slots & (1 << slot.index()) != 0);
    let names: Vec<String> = named.map(|slot| slot.to_string()).collect();
    if names.is_empty() { "no slot".into() } else { names.join(" and ") }
}

/// Says whether there is a session, and its slots.
pub(super) fn held(session: bool, bits: u8) -> String {
    if session { format!("the session of {}", slot_names(bits)) } else { "no session".into() }
}

/// Names a session by its number, or one that no new callback announced.
pub(crate) fn born(birth: u32) -> String {
    if birth == u32::MAX { "a session that was never born".into() } else { format!("session {birth}") }
}

/// Says how many references a session has; nothing for 0, which is written where nobody knows.
pub(super) fn referenced(references: u32) -> String {
    if references == 0 { String::new() } else { format!(", which has {}", super::references(references)) }
}

/// Says a callback that a handshake calls, and its arguments.
pub(super) fn called(callback: Callback, arguments: [u32; 5]) -> String {
    let [server, birth, length, key, references] = arguments;
    let side = if server != 0 { "server" } else { "client" };
    let with = match callback {
        Callback::New => {
            let (born, referenced) = (born(birth), referenced(references));
            format!(" for {born}, with an id of {length} bytes, digest {key:08x}{referenced}")
        }
        Callback::Get => format!(" for an id of {length} bytes, digest {key:08x}"),
        Callback::NotResumable => format!(", forward secure: {references}"),
        Callback::ServerName => String::new(),
        Callback::PskUse => String::new(),
        Callback::PskFind => format!(" for an identity of {length} bytes, digest {key:08x}"),
        Callback::GenerateId => format!(", {length} bytes at most"),
    };
    format!("{} callback of the {side}{with}", callback.name())
}

/// Spells bytes: printable ones in quotes, others in hexadecimal, cut when long.
pub(crate) fn hex(bytes: Option<&[u8]>) -> String {
    const SHOWN: usize = 40;
    let Some(bytes) = bytes else { return "NULL".into() };
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let text = if shown.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        format!("\"{}\"", String::from_utf8_lossy(shown))
    } else {
        format!("x\"{}\"", shown.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    if bytes.len() > SHOWN { format!("{text}... ({} bytes)", bytes.len()) } else { text }
}

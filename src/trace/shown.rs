//! Parts of entries as people read them.

use std::fmt;

use super::{After, Callback, Entry, Meddling, WRONG_ARGUMENTS};
use crate::field::Fields;
use crate::native::{SSL_AD_REASON_OFFSET, alert_name, reason_name};
use crate::op::{BlockCall, ExIndex, LeftOut, Slot};

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
    match callback {
        Callback::Block => return of_block(arguments),
        Callback::Alert => return failed(arguments),
        Callback::New
        | Callback::Get
        | Callback::NotResumable
        | Callback::GenerateId
        | Callback::PskUse
        | Callback::PskFind
        | Callback::ServerName
        | Callback::AlpnSelect
        | Callback::GenerateTicket
        | Callback::TicketKey
        | Callback::DecryptTicket => {}
    }
    let [server, birth, length, key, references] = arguments;
    let side = if server != 0 { "server" } else { "client" };
    let with = match callback {
        Callback::New => {
            let (born, referenced) = (born(birth), referenced(references));
            format!(" for {born}, with an id of {length} bytes, digest {key:08x}{referenced}")
        }
        Callback::Get => format!(" for an id of {length} bytes, digest {key:08x}"),
        Callback::NotResumable => format!(", forward secure: {references}"),
        Callback::AlpnSelect => format!(" for protocols of {length} bytes, digest {key:08x}"),
        Callback::ServerName => match length {
            0 => String::new(),
            1 => ", which moves it".into(),
            _ => ", which has nowhere to move it".into(),
        },
        Callback::Block | Callback::Alert => String::new(),
        Callback::GenerateTicket => format!(" for a session, digest {key:08x}"),
        Callback::DecryptTicket => format!(" for a ticket, status {length}, digest {key:08x}"),
        Callback::TicketKey => match (length, key) {
            (0, 0) => " to open a ticket that names none of its keys".into(),
            (0, key) => format!(" to open a ticket that names key {key}"),
            _ => " to seal a ticket".into(),
        },
        Callback::PskUse => String::new(),
        Callback::PskFind => format!(" for an identity of {length} bytes, digest {key:08x}"),
        Callback::GenerateId => format!(", {length} bytes at most"),
    };
    format!("{} callback of the {side}{with}", callback.name())
}

/// Says which alerts a side has sent and heard, and the reason of its error.
fn failed([server, heard, sent, reason, _]: [u32; 5]) -> String {
    let side = if server != 0 { "server" } else { "client" };
    let alert = |told: u32| alert_name(told as u8); // the level is above
    let alerts = match (heard, sent) {
        (0, 0) => "fails without an alert".into(),
        (0, sent) => format!("sends the alert {}", alert(sent)),
        (heard, 0) => format!("is sent the alert {}", alert(heard)),
        (heard, sent) => format!("is sent the alert {}, and sends {}", alert(heard), alert(sent)),
    };
    // Whoever hears an alert says so, by its number.
    let as_heard = heard != 0 && sent == 0 && reason == SSL_AD_REASON_OFFSET + (heard & 0xff);
    let reason = match reason_name(reason) {
        _ if as_heard => String::new(),
        Some(name) => format!(", {name}"),
        None => format!(", reason {reason}"),
    };
    format!("the {side} {alerts}{reason}")
}

/// Says a call inside a callback, and what it returned.
fn of_block([at, code, low, high, why]: [u32; 5]) -> String {
    let name = u8::try_from(code).ok().and_then(BlockCall::name_of).unwrap_or("a call");
    let number = at.saturating_add(1);
    match why {
        0 => format!("call {number} of the callback, {name}: {}", Callback::returned_in_block(code, low, high)),
        why => format!("call {number} of the callback, {name}, is not made: {}", LeftOut::words(why)),
    }
}

/// Counts the bytes of a value that are shown.
const SHOWN: usize = 40;

/// Spells bytes: printable ones in quotes, others in hexadecimal, cut when long.
pub(crate) fn hex(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "NULL".into() };
    let text = spelled(&bytes[..bytes.len().min(SHOWN)]);
    if bytes.len() > SHOWN { format!("{text}... ({} bytes)", bytes.len()) } else { text }
}

/// Spells bytes of two sides, each as [`hex`] does. Where they differ behind what would be shown, it is shown from a little before that
/// place on, which is named.
pub(crate) fn hex_apart(sides: [Option<&[u8]>; 2]) -> [String; 2] {
    /// Counts the bytes before the first that differs.
    const BEFORE: usize = 8;
    let [Some(left), Some(right)] = sides else { return sides.map(hex) };
    let apart = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    if apart < SHOWN - BEFORE || left == right {
        return sides.map(hex);
    }
    let from = apart - BEFORE;
    [left, right].map(|bytes| {
        let shown = &bytes[from..bytes.len().min(from + SHOWN)];
        let rest = if from + SHOWN < bytes.len() { "..." } else { "" };
        format!("...{}{rest} ({} bytes, from byte {from}; byte {apart} differs)", spelled(shown), bytes.len())
    })
}

/// Spells bytes: printable ones in quotes, others in hexadecimal.
fn spelled(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        format!("\"{}\"", String::from_utf8_lossy(bytes))
    } else {
        format!("x\"{}\"", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

/// Says an entry of two sides, so that it can be seen where they differ: of text the first line that does, of long bytes the place.
pub(crate) fn told_apart(entries: [Option<Entry<'_>>; 2]) -> [String; 2] {
    let (name, sides) = match entries {
        [Some(Entry::Copied(left)), Some(Entry::Copied(right))] => ("copied", [Some(left), Some(right)]),
        [Some(Entry::Bytes(field, left)), Some(Entry::Bytes(other, right))] if field == other => {
            (field.name(), [left, right])
        }
        _ => return callback_missed(entries),
    };
    let lines = if let [Some(left), Some(right)] = sides { lines_apart([left, right]) } else { None };
    lines.unwrap_or_else(|| hex_apart(sides)).map(|said| format!("{name} {said}"))
}

/// Says two entries. Where one is a callback and the other is what comes after the last one, this one was not called.
fn callback_missed(entries: [Option<Entry<'_>>; 2]) -> [String; 2] {
    let one_is = entries.iter().flatten().any(|entry| entry.callback_rank().is_some());
    entries.map(|entry| match entry {
        Some(entry) if one_is && entry.callback_rank().is_none() => "no such callback".into(),
        Some(entry) => entry.to_string(),
        None => "nothing".into(),
    })
}

/// Says the first line in which two texts of lines differ; `None`: one is no such text, or they are the same.
fn lines_apart(texts: [&[u8]; 2]) -> Option<[String; 2]> {
    let is_text = |text: &&[u8]| text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'));
    if !texts.iter().all(is_text) || !texts.iter().any(|text| text.contains(&b'\n')) {
        return None;
    }
    let [left, right] = texts.map(|text| text.split(|byte| *byte == b'\n').collect::<Vec<_>>());
    let at = (0..left.len().max(right.len())).find(|at| left.get(*at) != right.get(*at))?;
    Some([left, right].map(|lines| match lines.get(at) {
        Some(line) => format!("line {}: {}", at + 1, spelled(line)),
        None => format!("no line {}", at + 1),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Field;

    #[test]
    fn what_differs_far_from_the_beginning_is_shown() {
        let left: Vec<u8> = (0..200).collect();
        let mut right = left.clone();
        right[120] = 0xff;
        let [mine, theirs] = told_apart([&left, &right].map(|bytes| Some(Entry::Bytes(Field::Ticket, Some(bytes)))));
        let start = "ticket ...x\"7071727374757677";
        let end = "... (200 bytes, from byte 112; byte 120 differs)";
        assert!(mine.starts_with(&format!("{start}78")) && mine.ends_with(end), "{mine}");
        assert!(theirs.starts_with(&format!("{start}ff")) && theirs.ends_with(end), "{theirs}");
        let [mine, theirs] = hex_apart([Some(&left[..100]), Some(&left[..90])]);
        assert_eq!(mine, "...\"RSTUVWXYZ[\\]^_`abc\" (100 bytes, from byte 82; byte 90 differs)");
        assert_eq!(theirs, "...\"RSTUVWXY\" (90 bytes, from byte 82; byte 90 differs)");
    }

    #[test]
    fn what_differs_near_the_beginning_is_shown_as_ever() {
        let long = [7; 100];
        let sides = [Some(&long[..]), Some(&b"short"[..])];
        assert_eq!(hex_apart(sides), sides.map(hex));
        assert_eq!(hex_apart([Some(&long), None]), [hex(Some(&long)), "NULL".into()]);
    }

    #[test]
    fn a_callback_that_one_side_lacks_is_said() {
        let called = Entry::ExNew(3);
        let [mine, theirs] = told_apart([Some(called), Some(Entry::Made(true))]);
        assert_eq!((mine, theirs), (called.to_string(), "no such callback".into()));
        // Another one was called there.
        assert_eq!(told_apart([Some(Entry::ExNew(4)), Some(called)])[1], called.to_string());
    }

    #[test]
    fn of_text_the_first_line_that_differs_is_shown() {
        let texts = ["SSL-Session:\n    Timeout   : 300 (sec)\nend", "SSL-Session:\n    Timeout   : 304 (sec)\nend"];
        let said = told_apart(texts.map(|text| Some(Entry::Copied(text.as_bytes()))));
        let expected = ["300", "304"].map(|number| format!("copied line 2: \"    Timeout   : {number} (sec)\""));
        assert_eq!(said, expected);
        let cut = told_apart([Some(Entry::Copied(b"a\nb\nc")), Some(Entry::Copied(b"a\nb"))]);
        assert_eq!(cut, ["copied line 3: \"c\"", "copied no line 3"]);
    }
}

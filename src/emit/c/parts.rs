//! The parts of a C program besides its calls: functions that compare, callbacks, watched memory. A part is taken where what
//! stands below it names it.

use super::readers;
use crate::field::Field;
use crate::op::Sample;
use crate::samples;

/// The text of a part.
macro_rules! part {
    ($name:literal) => {
        include_str!(concat!("parts/", $name, ".c"))
    };
}

pub(super) use part;

/// Parts of these names, each behind what names it: the name and `$end`.
macro_rules! parts {
    ($end:literal: $($name:literal),* $(,)?) => { [$((concat!($name, $end), part!($name))),*] };
}

/// Compare numbers and bytes.
const COMPARISONS: [(&str, &str); 8] =
    parts!["(": "number", "bytes", "first", "last", "has", "cipher", "cipher_of", "stored"];

/// Declares what came after OpenSSL 1.1.1, where it is called.
const NEWER: (&str, &str) = (
    "d2i_SSL_SESSION_ex(|SSL_SESSION_get_time_ex(|SSL_SESSION_set_time_ex(|SSL_CTX_flush_sessions_ex(",
    part!("newer"),
);

/// Write and read sessions as bytes.
const SERIAL: [(&str, &str); 10] = parts!["(":
    "to_der",
    "from_der",
    "from_der_ex",
    "d2i_into",
    "written",
    "to_der_bio",
    "to_pem",
    "printed",
    "keylog_of",
    "from_der_bio",
];

/// Is handed to what reads PEM, and is not called by the program itself.
const PASSWORD: [(&str, &str); 1] = parts!["": "no_password"];

/// Read PEM, and change bytes.
const PEM_AND_EDITS: [(&str, &str); 6] = parts!["(":
    "from_pem",
    "pem_into",
    "bytes_of",
    "set_byte",
    "delete_bytes",
    "insert_bytes",
];

/// Look into caches, and make handshakes.
const SHARED: [(&str, &str); 18] = [
    ("alpn_of(", part!("alpn_of")),
    ("is_cached(", part!("is_cached")),
    ("has_id(", part!("has_id")),
    ("peers_in_chain(", part!("peers_in_chain")),
    ("use_certificate(", part!("certificate")),
    ("handshake(", part!("handshake")),
    ("peer_of_server(", part!("peer_of_server")),
    ("new_session_ticket(", part!("new_session_ticket")),
    ("key_update(", part!("key_update")),
    ("verify_client(", part!("verify_client")),
    ("renegotiated(", part!("renegotiated")),
    ("renegotiate(", part!("renegotiate")),
    ("renegotiate_abbreviated(", part!("renegotiate_abbreviated")),
    ("ticket_keys_a", part!("ticket_keys_a")),
    ("ticket_keys_b", part!("ticket_keys_b")),
    ("copy_ticket_keys(", part!("copy_ticket_keys")),
    ("set1_own_id(", part!("set1_own_id")),
    ("set1_own_id_context(", part!("set1_own_id_context")),
];

/// Keep what callbacks keep, in an order of their own.
const KEPT: [(&str, &str); 10] = [
    ("take_kept(|kept[", part!("kept")),
    ("kept_by[", part!("kept_by")),
    ("kept_under(", part!("kept_under")),
    ("find_kept(", part!("find_kept")),
    ("keep(", part!("keep")),
    ("kept_of(", part!("kept_of")),
    ("give_away(", part!("give_away")),
    ("complete(", part!("complete")),
    ("give_back(", part!("give_back")),
    ("is_kept(", part!("is_kept")),
];

/// The callbacks of contexts: parts of the program, and what they write down.
const CALLBACKS: &[(&str, &str)] = &parts!["":
    "takes_any",
    "agreed_before",
    "psk_use_cb_makes",
    "psk_use_cb_shares",
    "psk_find_cb_makes",
    "psk_find_cb_shares",
    "remove_cb_records",
    "remove_cb_up_refs",
    "remove_cb_removes",
    "remove_cb_frees",
    "new_cb_declines",
    "new_cb_keeps",
    "new_cb_up_refs",
    "get_cb_finds",
    "get_cb_lends",
    "get_cb_gives",
    "get_cb_dups",
    "get_cb_misses",
    "get_cb_wrong",
    "get_cb_forgets_copy",
    "get_cb_forgets_up_ref",
    "not_resumable_cb_0",
    "not_resumable_cb_1",
    "server_name_cb_accepts",
    "server_name_cb_declines",
    "server_name_cb_refuses",
    "alpn_cb_first",
    "alpn_cb_h2",
    "alpn_cb_declines",
    "alpn_cb_refuses",
    "alpn_cb_other",
    "generate_ticket_cb_sets",
    "generate_ticket_cb_refuses",
    "decrypt_ticket_cb_uses",
    "decrypt_ticket_cb_renews",
    "decrypt_ticket_cb_ignores",
    "decrypt_ticket_cb_replaces",
    "decrypt_ticket_cb_aborts",
    "ticket_key",
    "ticket_key_cb_first",
    "ticket_key_cb_second",
    "ticket_key_cb_fails",
    "ticket_key_cb_refuses",
    "generate_id",
    "generate_id_counts",
    "generate_id_short",
];

/// Count or guard memory.
const WATCHED: [(&str, &str); 4] = [
    ("counted_malloc", part!("counted")),
    ("guarded_malloc", part!("guarded")),
    ("lent(", part!("lent")),
    ("room(", part!("room")),
];

/// Bytes as checks read them.
const BYTES: &str =
    "/* Bytes of the library's, or NULL. */\nstruct bytes {\n    const void *at;\n    size_t length;\n};\n";

/// Have what is this program's alone.
pub(super) struct Own<'a> {
    /// Says on which library it runs, and which is expected.
    pub runs_on: String,
    /// The present time and the clock, where they are needed.
    pub clock: String,
    /// The array that calls are given.
    pub argument: String,
    /// Says what a callback does to tell that it was called.
    pub happened: &'a str,
    /// Says whether handshakes tell why they fail.
    pub alerts: &'a str,
    /// Says whether handshakes send early data.
    pub early_data: &'a str,
    /// Compares two sessions getter by getter.
    pub alike: String,
    /// Tells births and deaths.
    pub ends: &'static str,
    /// Makes a session, where that takes more than OpenSSL's call.
    pub constructor: String,
    /// Gives the library memory, where that is not done by OpenSSL's call.
    pub memory: &'static str,
}

/// Returns the parts that `rest` of the program needs, and what those need, in their order.
pub(super) fn needed(own: &Own<'_>, rest: &str) -> String {
    let reader = |field: &Field| (format!("{}(", readers::name(*field)), readers::text(*field));
    let readers: Vec<_> = Field::BYTES.iter().map(reader).collect();
    let samples: Vec<_> =
        Sample::ALL.iter().map(|sample| (format!("stored({},", sample.name()), bytes_of(*sample))).collect();
    let mut parts = vec![NEWER, ("stop(", part!("stop")), ("struct bytes", BYTES)];
    parts.push(("runs_on(", &own.runs_on));
    parts.extend(COMPARISONS);
    parts.extend(readers.iter().map(|(sign, text)| (sign.as_str(), text.as_str())));
    parts.push(("element(", part!("element")));
    parts.extend(SERIAL.iter().chain(&PASSWORD).chain(&PEM_AND_EDITS));
    parts.extend([("", own.clock.as_str()), ("copied +", part!("copied")), ("untouched(", part!("untouched"))]);
    parts.push(("", &own.argument));
    parts.extend(samples.iter().map(|(sign, text)| (sign.as_str(), text.as_str())));
    parts.extend([("happens(", own.happened), ("register_indices(", own.ends)]);
    parts.push(("watch_alerts(|acted(", own.alerts));
    parts.push(("begin_early_data(|send_early_data(", own.early_data));
    parts.extend(SHARED.iter().chain(&KEPT).chain(CALLBACKS));
    parts.push(("alike(", &own.alike));
    parts.extend(WATCHED);
    parts.extend([("SSL_SESSION_new(", own.constructor.as_str()), ("CRYPTO_set_mem_functions(", own.memory)]);
    taken(&parts, rest)
}

/// Tells whether callbacks that `calls` name may keep sessions.
pub(super) fn keeps(calls: &str) -> bool {
    let callbacks: Vec<_> = KEPT.iter().chain(CALLBACKS).copied().collect();
    taken(&callbacks, calls).contains(part!("kept"))
}

/// Returns those of the parts that are named below them, each after an empty line. Of several names, between bars, one is
/// enough; a part without a name is taken if it is there.
fn taken(parts: &[(&str, &str)], rest: &str) -> String {
    let mut taken = String::new();
    for (signs, part) in parts.iter().rev().filter(|(_, part)| !part.is_empty()) {
        if signs.is_empty() || signs.split('|').any(|sign| names(&taken, sign) || names(rest, sign)) {
            taken = format!("\n{part}{taken}");
        }
    }
    taken
}

/// Tells whether a text has this name. What is part of a longer one is another name.
pub(super) fn names(text: &str, name: &str) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !(before.ends_with(of_name) || name.ends_with(of_name) && after.starts_with(of_name))
    })
}

/// Writes a sample in DER, twelve bytes a line.
fn bytes_of(sample: Sample) -> String {
    let der = samples::encoded(sample);
    let lines = der.chunks(12).map(|line| line.iter().map(|byte| format!(" {byte:#04x},")).collect::<String>());
    let lines: String = lines.map(|line| format!("   {line}\n")).collect();
    format!("static const unsigned char {}[] = {{\n{lines}}};\n", sample.name())
}

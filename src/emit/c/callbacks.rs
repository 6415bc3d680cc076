//! The callbacks of contexts, as the C program writes them down.

use crate::op::BlockCall;
use crate::trace::{Callback, Entry};

/// Says which session it is about, by its number; nothing where nobody counts them.
fn of(birth: u32) -> String {
    if birth == u32::MAX { String::new() } else { format!("#{birth}") }
}

/// Returns a callback as the C program writes it down.
pub(super) fn event(entry: &Entry<'_>) -> Option<String> {
    if let Entry::ExNew(birth) = entry {
        Some(format!("new{} ", of(*birth)))
    } else if let Entry::ExDup(index, _, value) = entry {
        Some(format!("dup:{index}:{value:x} "))
    } else if let Entry::ExFree(index, birth, value) = entry {
        Some(format!("free:{index}:{value:x}{} ", of(*birth)))
    } else if let Entry::Removed(_, birth, ..) = entry {
        Some(format!("remove{} ", of(*birth)))
    } else if let Entry::Called(Callback::Block, arguments) = entry {
        of_block(*arguments)
    } else if let Entry::Called(Callback::Alert, arguments) = entry {
        Some(failed(*arguments))
    } else if let Entry::Called(callback, [_, birth, length, ..]) = entry {
        Some(called(*callback, *birth, *length))
    } else {
        None
    }
}

/// Returns a call of a block, if it is made.
fn of_block([at, code, low, high, why]: [u32; 5]) -> Option<String> {
    let name = BlockCall::name_of(u8::try_from(code).ok()?).filter(|_| why == 0)?;
    Some(format!("{name}:{}:{:x} ", at + 1, Callback::returned_in_block(code, low, high)))
}

/// Returns what a side tells that has failed.
fn failed([server, heard, sent, reason, _]: [u32; 5]) -> String {
    let side = if server != 0 { "server" } else { "client" };
    match reason {
        0 => format!("{side}_failed "),
        reason => format!("{side}_failed:{reason}:{:x} ", sent << 16 | heard),
    }
}

/// Returns a callback of a handshake as `happens` writes it.
fn called(callback: Callback, birth: u32, length: u32) -> String {
    match (callback, length) {
        (Callback::New, 0) => format!("new_session{} ", of(birth)),
        (Callback::New, _) => format!("new_session:{length}:0{} ", of(birth)),
        (Callback::Get, 0) => "get_session ".into(),
        (Callback::Get, _) => format!("get_session:{length}:0 "),
        (Callback::NotResumable, _) => "not_resumable ".into(),
        (Callback::GenerateId, _) => "generate_id ".into(),
        (Callback::PskUse, _) => "psk_use ".into(),
        (Callback::PskFind, _) => "psk_find ".into(),
        (Callback::ServerName, 0) => "server_name ".into(),
        (Callback::ServerName, _) => format!("server_name:{length}:0 "),
        (Callback::GenerateTicket, _) => "generate_ticket ".into(),
        (Callback::TicketKey, 0) => "ticket_key ".into(),
        (Callback::TicketKey, _) => format!("ticket_key:{length}:0 "),
        (Callback::DecryptTicket, _) => format!("decrypt_ticket:{length}:0 "),
        (Callback::AlpnSelect, _) => format!("alpn_select:{length}:0 "),
        (Callback::Block | Callback::Alert, _) => String::new(),
    }
}

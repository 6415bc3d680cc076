//! One call as a statement.

use super::needs::Needs;
use super::value::{literal, number, pointer_and_length, time};
use crate::op::{ExIndex, Op, Slot};
use crate::plan::Makes;

/// The statement of a call; with `keep`, its result is left in `returned`. With `argument`, its bytes come from an array of
/// that name.
pub(super) fn statement(op: &Op, makes: Option<Makes>, needs: &mut Needs, keep: bool, argument: bool) -> String {
    let kept = |call: String| match keep {
        true => format!("returned = (long long){call};"),
        false => format!("{call};"),
    };
    let name = op.kind().name();
    let setter = |s: &Slot, value: String| kept(format!("{name}({s}, {value})"));
    let seconds = |s: &Option<Slot>, value: String| kept(format!("{name}({}, {value})", or_null(s)));
    let bytes = |s: &Slot, bytes: Option<&[u8]>| {
        let (pointer, length) = pointer_and_length(bytes);
        let pointer = match argument && bytes.is_some() {
            true => "argument".into(),
            // Where C wants unsigned characters or no type at all, both are taken.
            false if pointer == "NULL" => pointer,
            false if needs.lends() => format!("lent({pointer}, {length})"),
            false => format!("(const unsigned char *){pointer}"),
        };
        let pointer = if name.ends_with("ticket_appdata") {
            pointer.replace("const unsigned char", "const void")
        } else {
            pointer
        };
        kept(format!("{name}({s}, {pointer}, {length})"))
    };
    match op {
        Op::New { dst } => format!("{dst} = SSL_SESSION_new();"),
        Op::Dup { dst, src } => format!("{dst} = SSL_SESSION_dup({src});"),
        Op::SampleSession { dst, sample } => {
            needs.sample(*sample);
            let name = sample.name();
            format!("{dst} = stored({name}, sizeof({name}));")
        }
        Op::UpRef { s } => kept(format!("{name}({s})")),
        Op::Free { s } => format!("{name}({});", or_null(s)),
        Op::Set1Id { s, id } => bytes(s, id.get()),
        Op::Set1IdContext { s, context } => bytes(s, context.get()),
        Op::SetTime { s, time: at } | Op::SetTimeEx { s, time: at } => seconds(s, format!("(time_t)({})", time(*at))),
        Op::SetTimeout { s, timeout } => seconds(s, number(*timeout)),
        Op::SetProtocolVersion { s, version } => setter(s, c_int(version.0)),
        Op::SetCipher { s, cipher } => {
            setter(s, cipher.map_or("NULL".into(), |cipher| format!("cipher({:#06x})", cipher.code())))
        }
        Op::Set1MasterKey { s, key } => bytes(s, key.get()),
        Op::Set1Hostname { s, hostname } => setter(
            s,
            match (hostname.with_nul(), argument) {
                (None, _) => "NULL".into(),
                (Some(_), true) => "(const char *)argument".into(),
                (Some(name), false) if needs.lends() => {
                    format!("lent({}, {})", literal(&name[..name.len() - 1]), name.len())
                }
                (Some(name), false) => literal(&name[..name.len() - 1]),
            },
        ),
        Op::Set1AlpnSelected { s, alpn } => bytes(s, alpn.get()),
        Op::SetMaxEarlyData { s, bytes } => setter(s, format!("{bytes}u")),
        Op::Set1TicketAppdata { s, data } => bytes(s, data.get()),
        Op::SetExData { s, index, value } => {
            setter(s, format!("{}, (void *)(uintptr_t){:#x}u", index_of(*index), value.0))
        }
        Op::GetExData { s, index } => kept(format!("(uintptr_t){name}({s}, {})", index_of(*index))),
        Op::GetMasterKey { s, room } => {
            let room = room.bytes();
            if needs.lends() {
                return kept(format!("{name}({s}, room({room}), {room})"));
            }
            format!("memset(copied, 0xa5, sizeof(copied));\n{}", kept(format!("{name}({s}, copied + 16, {room})")))
        }
        Op::GetTime { s } | Op::GetTimeEx { s } | Op::GetTimeout { s } => kept(format!("{name}({})", or_null(s))),
        Op::GetProtocolVersion { s }
        | Op::GetMaxEarlyData { s }
        | Op::HasTicket { s }
        | Op::GetTicketLifetimeHint { s }
        | Op::GetCompressId { s }
        | Op::GetMaxFragmentLength { s }
        | Op::IsResumable { s } => kept(format!("{name}({s})")),
        // What these return is a pointer; their check reads it.
        Op::Get0Cipher { s } | Op::Get0Hostname { s } | Op::Get0Peer { s } => format!("(void){name}({s});"),
        Op::GetId { s } | Op::Get0IdContext { s } => format!("{{ unsigned int n; (void){name}({s}, &n); }}"),
        Op::Get0AlpnSelected { s } | Op::Get0Ticket { s } => {
            format!("{{ const unsigned char *p; size_t n; {name}({s}, &p, &n); }}")
        }
        Op::Get0TicketAppdata { s } => format!("{{ void *p; size_t n; (void){name}({s}, &p, &n); }}"),
        _ => super::sharing::statement(op, makes, needs, keep),
    }
}

/// The bytes that a call reads, if it reads some.
pub(super) fn argument_of(op: &Op) -> Option<&[u8]> {
    match op {
        Op::Set1Id { id: bytes, .. }
        | Op::Set1IdContext { context: bytes, .. }
        | Op::Set1MasterKey { key: bytes, .. }
        | Op::Set1AlpnSelected { alpn: bytes, .. }
        | Op::Set1TicketAppdata { data: bytes, .. } => bytes.get(),
        Op::Set1Hostname { hostname, .. } => hostname.with_nul(),
        _ => None,
    }
}

/// The number of an index, as the harness registers them.
pub(super) fn index_of(index: ExIndex) -> &'static str {
    match index {
        ExIndex::AppData => "0",
        ExIndex::Counted => "1",
        ExIndex::Replaced => "2",
        ExIndex::Refused => "3",
        ExIndex::Unregistered => "9",
        ExIndex::Negative => "-1",
    }
}

pub(super) fn or_null(s: &Option<Slot>) -> String {
    s.map_or("NULL".into(), |slot| slot.to_string())
}

fn c_int(value: i32) -> String {
    match value {
        i32::MIN => "(-2147483647 - 1)".into(),
        0x0300..=0x0304 | 0xfefd | 0xfeff => format!("{value:#06x}"),
        _ => value.to_string(),
    }
}

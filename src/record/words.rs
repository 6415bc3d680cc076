//! Spells the operands of a call as a case has them: words for numbers of the headers.

use super::log::{Call, Object, Value};
use crate::op::{CacheMode, Cipher, Closed, ExIndex, KeyUpdate, Suites, Verify};

/// Returns the operands as text; `None`: a case cannot spell one of them. `variable` returns what holds an object.
pub(super) fn operands(call: &Call, variable: impl Fn(Object) -> Option<String>) -> Option<Vec<String>> {
    let integers = call.integers();
    let objects = || -> Option<Vec<String>> { call.operands.iter().filter_map(Value::object).map(&variable).collect() };
    let with = |word: String| objects().map(|objects| [objects, vec![word]].concat());
    match (call.name.as_str(), &integers[..]) {
        ("SSL_CTX_set_session_cache_mode", [mode]) => with(CacheMode::of(u16::try_from(*mode).ok()?).to_string()),
        ("SSL_set_shutdown", [mode]) => with(Closed::of(u8::try_from(*mode).ok()?).to_string()),
        ("SSL_CTX_set_max_proto_version", [0x0303]) => with("TLS1_2_VERSION".into()),
        ("SSL_CTX_set_max_proto_version", [0 | 0x0304]) => with("TLS1_3_VERSION".into()),
        ("SSL_CTX_set_max_proto_version", _) => None,
        ("SSL_CTX_set_verify", [mode]) => with(verify(*mode).name().into()),
        ("SSL_key_update", [update]) => with(KeyUpdate::ALL.get(usize::try_from(*update).ok()?)?.name().into()),
        ("SSL_CTX_set_tlsext_ticket_keys", _) => with("ticket_keys_a".into()),
        ("SSL_SESSION_get_ex_data", [index]) => with(index_of(*index).name().into()),
        ("SSL_SESSION_set_ex_data", [index, value]) => {
            let mut all = with(index_of(*index).name().into())?;
            all.push(if *value == 0 { "NULL".into() } else { "0x1".into() });
            Some(all)
        }
        ("SSL_SESSION_set_cipher", [code]) => {
            let cipher = Cipher::ALL.iter().find(|cipher| i64::from(cipher.code()) == *code)?;
            with(cipher.name().into())
        }
        ("SSL_CTX_set_ciphersuites" | "SSL_set_ciphersuites", _) => {
            let list = call
                .operands
                .iter()
                .find_map(|value| if let Value::Bytes(list) = value { list.clone() } else { None })?;
            with(Suites::ALL.iter().find(|suites| suites.list().to_bytes() == list)?.name().into())
        }
        _ => call.operands.iter().map(|value| text(value, &variable)).collect(),
    }
}

fn text(value: &Value, variable: &impl Fn(Object) -> Option<String>) -> Option<String> {
    match value {
        Value::Object(object) if object.number() == 0 => Some("NULL".into()),
        Value::Object(object) => variable(*object),
        Value::Integer(number) => Some(number.to_string()),
        Value::Time { at, now } if (*at - *now).abs() < 10_000_000 && *at != 0 => match at - now {
            0 => Some("now".into()),
            offset => Some(format!("now {offset:+}")),
        },
        Value::Time { at, .. } => Some(at.to_string()),
        Value::Bytes(None) => Some("NULL".into()),
        Value::Bytes(Some(bytes)) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(format!("x\"{digits}\""))
        }
        Value::ManyBytes
        | Value::Digest(_)
        | Value::Callback(_)
        | Value::Method(_)
        | Value::OtherMethod
        | Value::Name(_) => None,
    }
}

/// Returns what a server asks of its clients: `SSL_VERIFY_PEER` is 1, `SSL_VERIFY_POST_HANDSHAKE` 8.
const fn verify(mode: i64) -> Verify {
    match (mode & 1 != 0, mode & 8 != 0) {
        (false, _) => Verify::None,
        (true, false) => Verify::Peer,
        (true, true) => Verify::Later,
    }
}

/// Returns the index that has the callbacks of one that a program registers, which are none that anybody could see.
const fn index_of(index: i64) -> ExIndex {
    match index {
        0 => ExIndex::AppData,
        ..0 => ExIndex::Negative,
        1.. => ExIndex::Counted,
    }
}

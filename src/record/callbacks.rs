//! The word or block that is nearest to what a callback of the program does, by what it did when it first ran.

use super::log::{Call, Object};
use super::spell::OF_BLOCKS;
use crate::op::{BlockCall, MAX_BLOCK};

/// How a callback is spelled.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// The word or the block.
    pub text: String,
    /// The calls of the block, by name.
    pub calls: Vec<String>,
    /// What it keeps of each session that it is told of, in order: `true` for a duplicate.
    pub kept: Vec<bool>,
    /// Says that the last one is kept for the calls that no block has: they come behind it, and then it is freed.
    pub lends: bool,
}

/// A run of a callback: what the program called in it, and how it ended.
struct Run<'a> {
    of: Option<u64>,
    inner: Vec<&'a Call>,
    end: &'a Call,
}

/// Returns how a callback is spelled that this function sets, by the number of the callback; `None`: no word is near.
pub(super) fn shape_of(
    function: &str,
    number: usize,
    calls: &[&Call],
    variable: impl Fn(Object) -> Option<String>,
) -> Option<Shape> {
    let runs = |kind| runs_of(kind, number, calls);
    let first = |kind| runs(kind).first().map(|run| run.end.returned());
    let word = |text: &str| Some(Shape { text: text.into(), ..Shape::default() });
    match function {
        "SSL_CTX_sess_set_new_cb" => {
            Some(runs("new").first().map_or_else(|| said("new_cb_declines"), |run| new(run, &variable)))
        }
        "SSL_CTX_sess_set_remove_cb" => {
            let block = runs("remove").first().map(|run| block(run, &variable)).filter(|(calls, _)| !calls.is_empty());
            block.map_or_else(|| word("remove_cb_records"), |(calls, _)| word(&format!("{{ {} }}", calls.join("; "))))
        }
        "SSL_CTX_sess_set_get_cb" => Some(get(&runs("get"))),
        "SSL_CTX_set_not_resumable_session_callback" => {
            word(if first("not_resumable") == Some(1) { "not_resumable_cb_1" } else { "not_resumable_cb_0" })
        }
        "SSL_CTX_set_generate_session_id" | "SSL_set_generate_session_id" => word("generate_id_counts"),
        // SSL_TLSEXT_ERR_ALERT_FATAL is 2, SSL_TLSEXT_ERR_NOACK 3.
        "SSL_CTX_set_tlsext_servername_callback" => word(match first("server_name") {
            Some(2) => "server_name_cb_refuses",
            Some(1 | 3) => "server_name_cb_declines",
            Some(_) | None => "server_name_cb_accepts",
        }),
        "SSL_CTX_set_alpn_select_cb" => word(match first("alpn") {
            Some(0) => "alpn_cb_first",
            Some(2) => "alpn_cb_refuses",
            Some(_) | None => "alpn_cb_declines",
        }),
        "generate_ticket" => word(if first("generate_ticket") == Some(0) {
            "generate_ticket_cb_refuses"
        } else {
            "generate_ticket_cb_sets"
        }),
        // SSL_TICKET_RETURN_ABORT is 0, IGNORE 1, IGNORE_RENEW 2, USE 3, USE_RENEW 4.
        "decrypt_ticket" => word(match first("decrypt_ticket") {
            Some(0) => "decrypt_ticket_cb_aborts",
            Some(1) => "decrypt_ticket_cb_ignores",
            Some(2) => "decrypt_ticket_cb_replaces",
            Some(4) => "decrypt_ticket_cb_renews",
            Some(_) | None => "decrypt_ticket_cb_uses",
        }),
        "SSL_CTX_set_psk_use_session_callback" => gives(&runs("psk_use")),
        "SSL_CTX_set_psk_find_session_callback" => gives(&runs("psk_find")),
        _ => None,
    }
}

fn said(text: &str) -> Shape {
    Shape { text: text.into(), ..Shape::default() }
}

/// Spells a callback for pre-shared keys, where it gave a session once.
fn gives(runs: &[Run<'_>]) -> Option<Shape> {
    runs.iter().any(|run| run.end.session().is_some_and(|id| id != 0)).then(|| said("psk_cb_makes"))
}

/// Lists the runs of a callback.
fn runs_of<'a>(kind: &str, number: usize, calls: &[&'a Call]) -> Vec<Run<'a>> {
    let begins =
        calls.iter().enumerate().filter(|(_, call)| call.begins() == Some(kind) && call.callback() == Some(number));
    let run = |(at, begun): (usize, &&'a Call)| {
        let rest = &calls[at + 1..];
        let length = rest.iter().position(|call| call.ends() == Some(kind))?;
        Some(Run { of: begun.session(), inner: rest[..length].to_vec(), end: rest[length] })
    };
    begins.filter_map(run).collect()
}

/// Spells the calls of a run that a block can have, and names them.
fn block(run: &Run<'_>, variable: &impl Fn(Object) -> Option<String>) -> (Vec<String>, Vec<String>) {
    let of_it =
        run.inner.iter().filter(|call| call.session() == run.of && BlockCall::NAMES.contains(&call.name.as_str()));
    let spelled = of_it.filter_map(|call| {
        let context = || variable(Object::Context(call.context()?));
        let text = match call.name.as_str() {
            "i2d_SSL_SESSION" => {
                call.digest()?;
                format!("{OF_BLOCKS} = i2d_SSL_SESSION(session)")
            }
            "SSL_SESSION_dup" => "copy = SSL_SESSION_dup(session)".into(),
            "SSL_SESSION_set_timeout" => format!("SSL_SESSION_set_timeout(session, {})", call.integers().first()?),
            "SSL_CTX_add_session" | "SSL_CTX_remove_session" => format!("{}({}, session)", call.name, context()?),
            "SSL_SESSION_set_time" | "SSL_CTX_flush_sessions" | "SSL_CTX_sess_number" => return None,
            name => format!("{name}(session)"),
        };
        Some((text, call.name.clone()))
    });
    spelled.take(MAX_BLOCK).unzip()
}

/// Spells a new callback.
fn new(run: &Run<'_>, variable: &impl Fn(Object) -> Option<String>) -> Shape {
    let keeps = run.end.returned() == 1;
    let (mut texts, calls) = block(run, variable);
    let mut kept = Vec::new();
    let is_elsewhere = |call: &&&Call| call.session() == run.of && !BlockCall::NAMES.contains(&call.name.as_str());
    let lends = !keeps && texts.len() < MAX_BLOCK && run.inner.iter().any(|call| is_elsewhere(&call));
    for name in &calls {
        match name.as_str() {
            "SSL_SESSION_up_ref" => kept.push(false),
            "SSL_SESSION_dup" => kept.push(true),
            // It gives back what was kept first.
            "SSL_SESSION_free" if !kept.is_empty() => drop(kept.remove(0)),
            _ => {}
        }
    }
    if keeps || lends {
        kept.push(false);
    }
    if lends {
        texts.push("SSL_SESSION_up_ref(session)".into());
    }
    let text = match (&texts[..], keeps) {
        ([], true) => "new_cb_keeps".into(),
        ([], false) => "new_cb_declines".into(),
        ([only], false) if only == "SSL_SESSION_up_ref(session)" => "new_cb_up_refs".into(),
        _ => format!("{{ {}; return {} }}", texts.join("; "), u8::from(keeps)),
    };
    Shape { text, calls, kept, lends }
}

/// Spells a get callback: by the first run that gave something, if one did.
fn get(runs: &[Run<'_>]) -> Shape {
    let gave = |run: &&Run<'_>| run.end.session().is_some_and(|id| id != 0);
    let Some(run) = runs.iter().find(gave) else { return said("get_cb_misses") };
    let copy = run.end.integers().first().copied().unwrap_or(0);
    let reads = run.inner.iter().any(|call| call.name == "d2i_SSL_SESSION");
    match (reads, copy) {
        (true, copy) => said(&format!("{{ session = d2i_SSL_SESSION({OF_BLOCKS}); return session, {copy} }}")),
        (false, 0) => said("get_cb_gives"),
        (false, _) => said("get_cb_lends"),
    }
}

//! Calls on contexts and connections as statements, and what is checked after them.

use super::super::Subject;
use super::callbacks::psk_name;
use super::calls::or_null;
use super::checks::{About, Checks};
use super::needs::Needs;
use super::value::{literal, number, pointer_and_length, time};
use crate::op::{CacheMode, Kind, Op, Slot};
use crate::plan::Makes;
use crate::trace::Entry;

/// The statement of a call on a context or connection that makes what the plan says; with `keep`, its result is left in
/// `returned`.
pub(super) fn statement(op: &Op, makes: Option<Makes>, needs: &Needs, keep: bool) -> String {
    let kept = |call: String| match keep {
        true => format!("returned = (long long){call};"),
        false => format!("{call};"),
    };
    let made = |dst: &dyn std::fmt::Display, call: String| match keep {
        true => format!("{dst} = {call};\nreturned = {dst} != NULL;"),
        false => format!("{dst} = {call};"),
    };
    let name = op.kind().name();
    let id_context = |of: &dyn std::fmt::Display, bytes: Option<&[u8]>| {
        let (pointer, length) = pointer_and_length(bytes);
        let pointer = match pointer.as_str() {
            "NULL" => pointer,
            _ if needs.lends() => format!("lent({pointer}, {length})"),
            _ => format!("(const unsigned char *){pointer}"),
        };
        kept(format!("{name}({of}, {pointer}, {length})"))
    };
    match op {
        Op::AdvanceClock { seconds } => format!("passed += {seconds};"),
        // A pool saves the harness time; a context of it is as a new one.
        Op::CtxNew { dst, method } | Op::CtxPooled { dst, method } => {
            made(dst, format!("SSL_CTX_new({}())", method.name()))
        }
        Op::CtxFree { c } => format!("{name}({});", c.map_or("NULL".into(), |c| c.to_string())),
        Op::CtxSetCacheMode { c, mode } => kept(format!("{name}({c}, {})", mode_in_c(*mode))),
        Op::CtxSetCacheSize { c, size } => kept(format!("{name}({c}, {})", number(*size))),
        Op::CtxSetTimeout { c, timeout } => kept(format!("{name}({c}, {})", number(*timeout))),
        Op::CtxSetIdContext { c, context } => id_context(c, context.get()),
        Op::CtxAdd { c, s } => kept(format!("{name}({c}, {s})")),
        Op::CtxRemove { c, s } => kept(format!("{name}({c}, {})", or_null(s))),
        Op::CtxFlush { c, time: at } | Op::CtxFlushEx { c, time: at } => {
            format!("{name}({c}, (time_t)({}));", time(*at))
        }
        Op::CtxUpRef { c }
        | Op::CtxGetCacheMode { c }
        | Op::CtxGetCacheSize { c }
        | Op::CtxGetTimeout { c }
        | Op::SessNumber { c }
        | Op::SessConnect { c }
        | Op::SessConnectGood { c }
        | Op::SessConnectRenegotiate { c }
        | Op::SessAccept { c }
        | Op::SessAcceptGood { c }
        | Op::SessAcceptRenegotiate { c }
        | Op::SessHits { c }
        | Op::SessCbHits { c }
        | Op::SessMisses { c }
        | Op::SessTimeouts { c }
        | Op::SessCacheFull { c } => kept(format!("{name}({c})")),
        Op::CtxSessions { c } => format!("(void){name}({c});"),
        Op::CtxSetRemoveCb { c, callback } => format!("{name}({c}, {});", callback.name()),
        Op::Forget { s } => format!("{s} = NULL; /* lost */"),
        Op::TakeKept { dst } => format!("{dst} = take_kept();"),
        Op::SslNew { dst, c } => made(dst, format!("{name}({c})")),
        Op::SslDup { x, .. } if makes == Some(Makes::Same) => match keep {
            true => format!("returned = {name}({x}) == {x} ? 2 : 1;"),
            false => format!("{name}({x});"),
        },
        Op::SslDup { dst, x } => made(dst, format!("{name}({x})")),
        Op::SslFree { x } => format!("{name}({});", x.map_or("NULL".into(), |x| x.to_string())),
        Op::SslUpRef { x } | Op::SslClear { x } | Op::SessionReused { x } => kept(format!("{name}({x})")),
        Op::SetSession { x, s } => kept(format!("{name}({x}, {})", or_null(s))),
        Op::GetSession { dst, x } | Op::Get0Session { dst, x } | Op::Get1Session { dst, x } => {
            format!("{dst} = {name}({x});")
        }
        Op::CopySessionId { to, from } => kept(format!("{name}({to}, {from})")),
        Op::GetPeerCertChain { x } => kept(format!("sk_X509_num({name}({x}))")),
        Op::SslSetIdContext { x, context } => id_context(x, context.get()),
        Op::SetSslCtx { x, c } if !keep => format!("{name}({x}, {});", c.map_or("NULL".into(), |c| c.to_string())),
        Op::SetSslCtx { x, c: Some(c) } => kept(format!("({name}({x}, {c}) == {c})")),
        Op::SetSslCtx { x, c: None } => kept(format!("({name}({x}, NULL) != NULL)")),
        Op::Handshake { client, server } => kept(format!("{name}({client}, {server})")),
        Op::UseCertificate { x } | Op::SslShutdown { x } => kept(format!("{name}({x})")),
        Op::SslSetShutdown { x, mode } if mode.bits() == 0 => format!("{name}({x}, 0);"),
        Op::SslSetShutdown { x, mode } => format!("{name}({x}, {mode});"),
        Op::NewSessionTicket { x } => kept(format!("new_session_ticket({x})")),
        Op::CtxSetMaxVersion { c, version } => kept(format!("{name}({c}, {})", version.name())),
        Op::CtxSetOptions { c, options } | Op::CtxClearOptions { c, options } if !keep => {
            format!("{name}({c}, {});", options.name())
        }
        Op::CtxSetOptions { c, options } | Op::CtxClearOptions { c, options } => {
            kept(format!("({name}({c}, {0}) & {0})", options.name()))
        }
        Op::CtxSetNumTickets { c, tickets } => kept(format!("{name}({c}, {})", tickets.get())),
        Op::CtxSetVerify { c, mode } => format!("{name}({c}, {}, takes_any);", mode.name()),
        Op::CtxSetNewCb { c, callback } => format!("{name}({c}, {});", callback.name()),
        Op::CtxSetGetCb { c, callback } => format!("{name}({c}, {});", callback.name()),
        Op::CtxSetNotResumableCb { c, callback } => format!("{name}({c}, {});", callback.name()),
        Op::CtxSetPskUseCb { c, callback } => format!("{name}({c}, {});", psk_name("use", *callback)),
        Op::CtxSetPskFindCb { c, callback } => format!("{name}({c}, {});", psk_name("find", *callback)),
        Op::CtxSetGenerateId { c, callback } => kept(format!("{name}({c}, {})", callback.name())),
        _ => String::new(),
    }
}

fn mode_in_c(mode: CacheMode) -> String {
    mode.to_string()
}

/// Whether what the program does depends on what time it is.
pub(super) fn needs_clock(kinds: &[Kind]) -> bool {
    let timed = |kind: &Kind| {
        matches!(kind, Kind::AdvanceClock | Kind::CtxAdd | Kind::CtxFlush | Kind::CtxFlushEx | Kind::CtxSetCacheMode)
    };
    kinds.iter().any(timed)
}

/// Whether a session's life depends on more than its slots.
pub(super) fn may_destroy(op: &Op) -> bool {
    op.is_shared() && !matches!(op.kind(), Kind::AdvanceClock)
}

/// What is in the caches and which sessions connections have, after a step.
/// With `talks`, ids are drawn.
pub(super) fn shared_checks<'a>(
    at: usize,
    op: &Op,
    entries: impl Iterator<Item = Entry<'a>>,
    talks: bool,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // It was looked at before it went.
    if matches!(op, Op::CtxFree { .. }) {
        return lines;
    }
    let mut cache = None;
    let slots = |bits: u8| Slot::all().filter(move |slot| bits & (1 << slot.index()) != 0);
    for entry in entries {
        match entry {
            Entry::Cache(c, cached, _) => {
                lines.push(format!("number({at}, \"sessions cached by {c}\", {cached}, SSL_CTX_sess_number({c}));"));
                cache = Some(c);
            }
            Entry::Member(bits, version, id) => {
                let Some(c) = cache else { continue };
                for slot in slots(bits).take(1) {
                    lines.push(format!("number({at}, \"{slot} is cached by {c}\", 1, is_cached({c}, {slot}));"));
                }
                if bits == 0 && talks {
                    let (version, length) = (number(version.into()), id.len());
                    lines.push(format!(
                        "number({at}, \"a session with an id of {length} bytes is cached by {c}\", 1, has_id({c}, {version}, NULL, {length}));"
                    ));
                }
                if bits == 0 && !talks {
                    lines.push(format!(
                        "number({at}, \"a session with id {} is cached by {c}\", 1, has_id({c}, {}, (const unsigned char *){}, {}));",
                        literal(id).replace('\\', "\\\\").replace('"', "'"),
                        number(version.into()),
                        literal(id),
                        id.len()
                    ));
                }
            }
            Entry::Chain(peers) => {
                let Op::GetPeerCertChain { x } = op else { continue };
                let what = format!("certificates in the chain of {x} that are its peer's");
                lines.push(format!("number({at}, \"{what}\", {peers}, peers_in_chain({x}));"));
            }
            Entry::Connection(x, has, bits) => {
                lines.push(format!(
                    "number({at}, \"{x} has a session\", {}, SSL_get_session({x}) != NULL);",
                    i32::from(has)
                ));
                for slot in slots(bits).take(1) {
                    lines.push(format!(
                        "number({at}, \"{x} has the session of {slot}\", 1, SSL_get_session({x}) == {slot});"
                    ));
                }
            }
            _ => {}
        }
    }
    // What a call is about may have been looked at twice.
    let mut seen = Vec::new();
    lines.retain(|line| !seen.contains(line) && (seen.push(line.clone()), true).1);
    lines
}

impl Checks {
    /// What is checked when nothing is owned any more, not even by callbacks.
    pub fn at_last(&self, subject: &Subject<'_>, at: usize) -> Option<String> {
        let looked = matches!(self.about, About::Everything | About::Destroyed) && subject.plan.setup().ex_data;
        let all = subject.expected.deaths.len();
        looked.then(|| format!("number({at}, \"sessions destroyed\", {all}, destroyed);"))
    }
}

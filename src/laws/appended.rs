//! Variations that go on after a handshake, and what is claimed of them.

use super::variation::{Variation, chosen};
use super::{Gone, calls};
use crate::op::{BlockCall, ConnectionSlot, ContextSlot, ExIndex, GenerateTicket, Kind, Op, Slot, Variable};
use crate::plan::{Ledger, Setup, Step};
use crate::program::Program;
use crate::trace::Entry;

/// Both sides have finished: the sum that a handshake returns has these bits.
const FINISHED: i64 = 3;
/// The client has resumed a session.
const RESUMED: i64 = 4;
/// Seconds that are less than the timeout of a session, and that twice are more.
const MOST_OF_A_LIFETIME: u32 = 7000;

/// Calls after which a server may have good reason not to resume, or what is offered may have no lifetime left.
const EXCUSES: [Kind; 21] = [
    Kind::CtxSetNotResumableCb,
    Kind::CtxSetGetCb,
    Kind::CtxSetRemoveCb,
    Kind::CtxSetRemoveBlock,
    Kind::CtxSetNewBlock,
    Kind::CtxSetGetBlock,
    Kind::CtxSetPskUseBlock,
    Kind::CtxSetPskFindBlock,
    Kind::CtxSetNameBlock,
    Kind::CtxSetPskUseCb,
    Kind::CtxSetPskFindCb,
    Kind::CtxSetGenerateId,
    Kind::CtxSetVerify,
    Kind::CtxSetTimeout,
    Kind::CtxSetCacheSize,
    Kind::CtxFlush,
    Kind::CtxFlushEx,
    Kind::CtxRemove,
    Kind::AdvanceClock,
    Kind::SetSslCtx,
    Kind::Forget,
];

/// A handshake between two connections whose contexts are as they were when the connections were made.
struct Met {
    at: usize,
    client: (ConnectionSlot, ContextSlot),
    server: (ConnectionSlot, ContextSlot),
    /// Slots that hold nothing then.
    empty: Vec<Slot>,
}

/// Chooses a handshake.
fn met(program: &Program, setup: Setup, number: u64) -> Option<Met> {
    let mut ledger = Ledger::new(setup);
    let mut all = Vec::new();
    for (at, op) in program.ops.iter().enumerate() {
        if EXCUSES.contains(&op.kind()) {
            break;
        }
        let step = ledger.step(op);
        if let (Op::Handshake { client, server }, Step::Run { .. }) = (op, step)
            && let (Some(c), Some(s)) = (made_of(program, at, *client), made_of(program, at, *server))
        {
            let empty = Slot::all().filter(|slot| !ledger.holds(*slot)).collect();
            all.push(Met { at, client: (*client, c), server: (*server, s), empty });
        }
    }
    chosen(all, number)
}

/// Returns the context that a connection was made of, if nothing was done to either until that step but to give it a session.
fn made_of(program: &Program, at: usize, x: ConnectionSlot) -> Option<ContextSlot> {
    let is_made = |op: &Op| matches!(op, Op::SslNew { dst, .. } if *dst == x);
    let made = program.ops[..at].iter().rposition(is_made)?;
    let Op::SslNew { c, .. } = &program.ops[made] else { return None };
    let names = |op: &Op, wanted: Variable| op.variables().any(|one| one == wanted);
    let quiet = program.ops[made + 1..at].iter().all(|op| {
        let plain = matches!(op, Op::SslNew { .. } | Op::SetSession { .. });
        plain || !names(op, Variable::Connection(x)) && !names(op, Variable::Context(*c))
    });
    quiet.then_some(*c)
}

/// Spells two connections that take the place of two, and a handshake in which the client offers a session.
fn again(met: &Met, offered: Slot) -> String {
    let ((x, c), (y, d)) = (met.client, met.server);
    format!(
        "SSL_free({x})\nSSL_free({y})\n{x} = SSL_new({c})\n{y} = SSL_new({d})\nSSL_set_session({x}, {offered})\n\
         handshake({x}, {y})\n"
    )
}

/// Spells a clean end.
fn shutdown(met: &Met) -> String {
    format!("SSL_shutdown({})\nSSL_shutdown({})\n", met.client.0, met.server.0)
}

fn going_on(program: &Program, met: &Met, text: &str) -> Option<Variation> {
    Some(Variation::going_on(program, met.at + 1, &calls(text)))
}

/// Offers the session of a handshake at once.
pub(super) fn resume(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let met = met(program, setup, number)?;
    let (s, x) = (*met.empty.first()?, met.client.0);
    let first = format!("{s} = SSL_get1_session({x})\nSSL_SESSION_is_resumable({s})\n");
    going_on(program, &met, &(shutdown(&met) + &first + &again(&met, s)))
}

pub(super) fn was_not_resumed(_: &Gone<'_>, varied: &Gone<'_>) -> Option<usize> {
    let [is_resumable, last] = [7, 1].map(|back| varied.program.ops.len() - back);
    let first = varied.finished(last - 10)?;
    (first && varied.number(is_resumable)? == 1 && varied.returned(last)? & RESUMED == 0).then_some(last)
}

/// Resumes, and resumes what that made, until the first session has ended.
pub(super) fn chain(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let met = met(program, setup, number)?;
    let (s, t, x) = (*met.empty.first()?, *met.empty.get(1)?, met.client.0);
    let get = |s| format!("{s} = SSL_get1_session({x})\nSSL_SESSION_get_timeout({s})\n");
    let wait = format!("advance_clock({MOST_OF_A_LIFETIME})\n");
    let once = |s| get(s) + &shutdown(&met) + &wait + &again(&met, s);
    going_on(program, &met, &(once(s) + &once(t)))
}

pub(super) fn outlived_itself(_: &Gone<'_>, varied: &Gone<'_>) -> Option<usize> {
    let last = varied.program.ops.len() - 1;
    let [first, second] = [last - 22, last - 11].map(|at| varied.finished(at));
    let lifetime = varied.number(last - 20)?;
    let ended = (1..2 * i64::from(MOST_OF_A_LIFETIME)).contains(&lifetime);
    let resumed = [last - 11, last].iter().all(|at| varied.returned(*at).is_some_and(|sum| sum & RESUMED != 0));
    (first? && second? && ended && resumed).then_some(last)
}

/// Offers a ticket that says that it has no lifetime.
pub(super) fn ticket_of_no_lifetime(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let met = met(program, setup, number)?;
    let (s, t) = (*met.empty.first()?, *met.empty.get(1)?);
    let ((x, _), (y, _)) = (met.client, met.server);
    let first = format!(
        "{s} = SSL_get_session({y})\nSSL_SESSION_set_timeout({s}, 0)\nSSL_new_session_ticket({y})\n\
         {t} = SSL_get1_session({x})\nSSL_SESSION_get_ticket_lifetime_hint({t})\nSSL_SESSION_has_ticket({t})\n"
    );
    going_on(program, &met, &(first + &shutdown(&met) + &again(&met, t)))
}

pub(super) fn was_resumed(_: &Gone<'_>, varied: &Gone<'_>) -> Option<usize> {
    let last = varied.program.ops.len() - 1;
    let [hint, has_ticket] = [9, 8].map(|back| varied.number(last - back));
    (hint? == 0 && has_ticket? == 1 && varied.returned(last)? & RESUMED != 0).then_some(last)
}

/// Finds the handshake that fails where a session is offered, and does not where it is not.
pub(super) fn failed_with_an_offer(original: &Gone<'_>, varied: &Gone<'_>) -> Option<usize> {
    // One step is left out: those before it have the same place.
    let left_out = original.program.ops.iter().zip(&varied.program.ops).position(|(one, other)| one != other)?;
    (left_out..varied.program.ops.len())
        .find(|at| original.finished(at + 1) == Some(false) && varied.finished(*at) == Some(true))
}

/// The counters, in the order in which [`counters`] asks each context.
const COUNTERS: [&str; 4] =
    ["SSL_CTX_sess_connect", "SSL_CTX_sess_connect_good", "SSL_CTX_sess_accept", "SSL_CTX_sess_accept_good"];

/// Asks each context how many handshakes it counts.
pub(super) fn counters(program: &Program, setup: Setup, _: u64) -> Option<Variation> {
    let mut ledger = Ledger::new(setup);
    program.ops.iter().for_each(|op| {
        ledger.step(op);
    });
    // A server that makes no ticket, as of a session whose timeout a block sets to 0 or that cannot be duplicated, fails after it has
    // counted: that handshake neither succeeds nor counts for nothing.
    // Handshakes that are made again are counted apart, and as begun as well.
    let lost = |op: &Op| {
        matches!(
            op,
            Op::CtxFree { c: Some(_) }
                | Op::CtxSetTicketCb { generate: GenerateTicket::Refuses, .. }
                | Op::SetExData { index: ExIndex::Refused, .. }
                | Op::Renegotiate { .. }
                | Op::RenegotiateAbbreviated { .. }
        )
    };
    let ends = |call: &BlockCall| matches!(call, BlockCall::SetTimeout { .. } | BlockCall::SetTime { .. });
    let ages = |op: &Op| op.block().is_some_and(|block| block.iter().any(ends));
    let shakes = program.ops.iter().any(|op| op.kind() == Kind::Handshake);
    if !shakes || program.ops.iter().any(|op| lost(op) || ages(op)) {
        return None;
    }
    let ask = |c: ContextSlot| COUNTERS.map(|name| format!("{name}({c})\n")).concat();
    let text: String = ledger.shared().contexts().map(ask).collect();
    Some(Variation::going_on(program, program.ops.len(), &calls(&text)))
}

pub(super) fn counts_wrong(original: &Gone<'_>, varied: &Gone<'_>) -> Option<usize> {
    let made = original.program.ops.len();
    let finished = (0..made).filter_map(|at| varied.finished(at)).collect::<Vec<bool>>();
    let good = finished.iter().filter(|finished| **finished).count() as i64;
    let mut sums = [0; COUNTERS.len()];
    for at in made..varied.program.ops.len() {
        sums[(at - made) % COUNTERS.len()] += varied.returned(at)?;
    }
    let [connects, connects_good, accepts, accepts_good] = sums;
    let all = finished.len() as i64;
    let right = connects_good == good && accepts_good == good;
    let begun = (good..=all).contains(&connects) && (good..=all).contains(&accepts);
    (!right || !begun).then_some(varied.program.ops.len() - 1)
}

impl Gone<'_> {
    /// Tells whether both sides of the handshake in this step finished; `None`: it is none, or was not made.
    fn finished(&self, at: usize) -> Option<bool> {
        let is_handshake = self.program.ops.get(at).is_some_and(|op| op.kind() == Kind::Handshake);
        let sum = if is_handshake { self.returned(at) } else { None };
        sum.map(|sum| sum & FINISHED == FINISHED)
    }

    /// Returns the number that a getter read in this step.
    fn number(&self, at: usize) -> Option<i64> {
        let read =
            |entry| if let Entry::Number(_, number) | Entry::Return(number) = entry { Some(number) } else { None };
        self.trace.entries(at).find_map(read)
    }
}

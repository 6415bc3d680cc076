//! Variations that put calls into a program which change nothing.

use super::calls;
use super::variation::{Variation, chosen, places, unnamed};
use crate::field::Field;
use crate::op::{BufferSlot, ContextSlot, Kind, Slot};
use crate::plan::{Ledger, Plan, Setup, Step};
use crate::program::Program;

/// Puts calls before a step, which are made of what is there.
fn inserted(
    program: &Program,
    setup: Setup,
    number: u64,
    find: impl FnMut(&Ledger, usize) -> Vec<String>,
) -> Option<Variation> {
    let (at, own) = chosen(places(program, setup, find), number)?;
    Some(Variation::with(program, &[(at, calls(&own))]))
}

/// Lists the slots that own a session.
fn owned(ledger: &Ledger) -> Vec<Slot> {
    ledger.live().filter(|slot| ledger.references(*slot) > 0).collect()
}

/// Returns a slot that holds nothing.
fn empty(ledger: &Ledger) -> Option<Slot> {
    Slot::all().find(|slot| !ledger.holds(*slot))
}

fn contexts(ledger: &Ledger) -> Vec<ContextSlot> {
    ledger.shared().contexts().collect()
}

pub(super) fn up_ref_and_free(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    inserted(program, setup, number, |ledger, _| {
        let each = |s| format!("SSL_SESSION_up_ref({s})\nSSL_SESSION_free({s})");
        owned(ledger).into_iter().map(each).collect()
    })
}

pub(super) fn context_up_ref_and_free(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    inserted(program, setup, number, |ledger, _| {
        let each = |c| format!("SSL_CTX_up_ref({c})\nSSL_CTX_free({c})");
        contexts(ledger).into_iter().map(each).collect()
    })
}

pub(super) fn connection_up_ref_and_free(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    inserted(program, setup, number, |ledger, _| {
        ledger.shared().connections().map(|x| format!("SSL_up_ref({x})\nSSL_free({x})")).collect()
    })
}

pub(super) fn free_of_null(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let own = "SSL_SESSION_free(NULL)\nSSL_CTX_free(NULL)\nSSL_free(NULL)";
    inserted(program, setup, number, |_, _| vec![own.to_string()])
}

/// Has another session from some step on to the end.
pub(super) fn stranger(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let t = unnamed(program, Slot::all())?;
    let (at, ()) = chosen(places(program, setup, |_, _| vec![()]), number)?;
    let born = format!(
        "{t} = SSL_SESSION_new()\nSSL_SESSION_set1_id({t}, \"a stranger\")\nSSL_SESSION_set_timeout({t}, 1)\n\
         SSL_SESSION_set1_hostname({t}, \"stranger.example\")"
    );
    let dies = format!("SSL_SESSION_free({t})");
    Some(Variation::with(program, &[(at, calls(&born)), (program.ops.len(), calls(&dies))]))
}

/// Has another context from some step on to the end.
pub(super) fn strange_context(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let c = unnamed(program, ContextSlot::all())?;
    // Contexts of the pool that come after it have other keys for tickets, which nobody sees of clients' unless they are copied.
    if program.ops.iter().any(|op| op.kind() == Kind::CtxCopyTicketKeys) {
        return None;
    }
    let (at, ()) = chosen(places(program, setup, |_, _| vec![()]), number)?;
    let born = format!(
        "{c} = pooled_context(TLS_client_method())\nSSL_CTX_set_session_id_context({c}, \"a stranger\")\n\
         SSL_CTX_set_timeout({c}, 1)\nSSL_CTX_sess_set_cache_size({c}, 1)\nSSL_CTX_flush_sessions({c}, 0)"
    );
    // It stays with the pool.
    Some(Variation { stranger: Some(c), ..Variation::with(program, &[(at, calls(&born))]) })
}

pub(super) fn getter(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let field = Field::ALL[fastrand::Rng::with_seed(!number).usize(0..Field::ALL.len())];
    inserted(program, setup, number, |ledger, _| {
        owned(ledger).into_iter().filter_map(|s| field.read_op(s)).map(|op| op.to_string()).collect()
    })
}

/// Sets a field once more.
pub(super) fn setter_again(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let mut plan = Plan::new(setup);
    plan.make(program);
    let sets = |at: &usize| matches!(plan.steps[*at], Step::Run { sets: Some(_), .. });
    let at = chosen((0..program.ops.len()).filter(sets).collect(), number)?;
    Some(Variation::with(program, &[(at + 1, vec![program.ops[at].clone()])]))
}

pub(super) fn failing_setter(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let long = "x".repeat(33);
    inserted(program, setup, number, |ledger, _| {
        let of_session =
            |s| ["SSL_SESSION_set1_id", "SSL_SESSION_set1_id_context"].map(|name| format!("{name}({s}, \"{long}\")"));
        let of_context = |c| format!("SSL_CTX_set_session_id_context({c}, \"{long}\")");
        let sessions = owned(ledger).into_iter().flat_map(of_session);
        sessions.chain(contexts(ledger).into_iter().map(of_context)).collect()
    })
}

pub(super) fn remove_stranger(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    // A remove callback is told of it, and may keep it.
    if program.ops.iter().any(|op| matches!(op.kind(), Kind::CtxSetRemoveCb | Kind::CtxSetRemoveBlock)) {
        return None;
    }
    inserted(program, setup, number, |ledger, _| {
        let Some(t) = empty(ledger) else { return Vec::new() };
        let each = |c| {
            format!(
                "{t} = SSL_SESSION_new()\nSSL_SESSION_set1_id({t}, \"never added\")\nSSL_CTX_remove_session({c}, {t})\n\
                 SSL_SESSION_free({t})"
            )
        };
        contexts(ledger).into_iter().map(each).collect()
    })
}

pub(super) fn dup_and_free(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let all = inserted(program, setup, number, |ledger, _| {
        let Some(t) = empty(ledger) else { return Vec::new() };
        owned(ledger).into_iter().map(|s| format!("{t} = SSL_SESSION_dup({s})\nSSL_SESSION_free({t})")).collect()
    })?;
    // Of a duplicate that is NULL there is nothing to give back.
    all.is_planned(program, setup).then_some(all)
}

/// Writes a session in DER.
pub(super) fn der(program: &Program, setup: Setup, number: u64) -> Option<Variation> {
    let b = unnamed(program, BufferSlot::all())?;
    inserted(program, setup, number, |ledger, _| {
        owned(ledger).into_iter().map(|s| format!("{b} = i2d_SSL_SESSION({s})")).collect()
    })
}

//! Measures what an op costs in a long program and with a full cache. A short program and an empty cache are what they are
//! compared with.
//!
//! Each program is judged: it is planned, run on both sides with all probes, audited and compared. A cost that grows shows a
//! part of the harness that looks at everything after every call.

use std::time::Duration;

use sessdiff::pair::{Pair, Verdict};
use sessdiff::plan::Setup;
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::native::NativePort;
use sessdiff::program::{MARKER, MAX_OPS, Program};

use crate::Stopwatch;
use crate::table::{Row, Table};

const OPS: [usize; 4] = [10, 100, 1_000, 10_000];
const CACHED: [usize; 4] = [8, 100, 1_000, 20_000];
/// Says for how long each program is repeated.
const TURN: Duration = Duration::from_millis(300);
/// Says how often the programs take turns.
const ROUNDS: usize = 3;
/// Limits the time of one program. Where it takes longer, larger caches are left out.
const PATIENCE: Duration = Duration::from_millis(500);

/// Spells ten calls, after which every slot is empty again.
const SESSIONS: &str = r#"s0 = SSL_SESSION_new()
SSL_SESSION_set1_id(s0, "an id")
SSL_SESSION_set_time(s0, 1700000000)
SSL_SESSION_up_ref(s0)
SSL_SESSION_set1_hostname(s0, "www.example.org")
s1 = SSL_SESSION_dup(s0)
SSL_SESSION_get_id(s1)
SSL_SESSION_free(s1)
SSL_SESSION_free(s0)
SSL_SESSION_free(s0)
"#;

/// Spells ten calls with a context, after which every session is gone.
const CONTEXT: &str = r#"s0 = SSL_SESSION_new()
SSL_SESSION_set1_id(s0, "an id")
SSL_CTX_add_session(c0, s0)
SSL_SESSION_set_timeout(s0, 100)
SSL_CTX_sess_number(c0)
SSL_SESSION_get_id(s0)
SSL_CTX_remove_session(c0, s0)
SSL_SESSION_set1_hostname(s0, "www.example.org")
SSL_SESSION_get0_hostname(s0)
SSL_SESSION_free(s0)
"#;

/// Spells the calls that make a context whose empty cache may hold any number of sessions.
const HEAD: &str = "c0 = pooled_context(TLS_server_method())\nSSL_CTX_sess_set_cache_size(c0, 0)\n";

/// Measures programs of 10 ops and more.
pub fn of_ops() -> Table {
    let what = "nanoseconds an op of a judged program, the quickest; growth against the shortest";
    let mut table = Table::new("ops of a program", what, &["sessions", "growth", "with a context", "growth"]);
    let sessions = OPS.map(|ops| program("", SESSIONS, ops));
    let contexts = OPS.map(|ops| program(HEAD, CONTEXT, ops));
    let times: Vec<f64> = quickest(&sessions.iter().chain(&contexts).collect::<Vec<_>>());
    let (sessions, contexts) = times.split_at(OPS.len());
    for ((ops, alone), with) in OPS.iter().zip(sessions).zip(contexts) {
        table.row(ops.to_string(), &[*alone, alone / sessions[0], *with, with / contexts[0]]);
    }
    table
}

/// Measures programs that fill a cache.
pub fn of_cached() -> Table {
    let what =
        "nanoseconds an op of a judged program that caches so many sessions, the quickest; growth against the fewest";
    let mut table = Table::new("cached sessions", what, &["ns/op", "growth"]);
    let mut first = None;
    let mut missing: Option<String> = None;
    for cached in CACHED {
        let measured = match &missing {
            Some(note) => Err(note.clone()),
            None => measure_cached(cached, &mut missing),
        };
        let (values, note) = match measured {
            Ok(time) => (vec![Some(time), Some(time / *first.get_or_insert(time))], None),
            Err(note) => (vec![None, None], Some(note)),
        };
        table.rows.push(Row { name: cached.to_string(), values, note });
    }
    table
}

/// Measures nanoseconds an op, or says why that is not possible. Sets `too_slow` where a larger cache would take too long.
fn measure_cached(cached: usize, too_slow: &mut Option<String>) -> Result<f64, String> {
    let program = filling(cached);
    let started = Stopwatch::start();
    let verdict = pair().judge(&program);
    let took = started.elapsed();
    if took > PATIENCE {
        *too_slow = Some(format!("left out: {cached} take {:.1} s a program", took.as_secs_f64()));
    }
    match verdict {
        Verdict::Agree => {}
        Verdict::Diverge(diverged) => return Err(format!("no agreement: {}", diverged.divergence.signature())),
        Verdict::Known | Verdict::Nothing | Verdict::Inconclusive(_) => return Err("no verdict".into()),
    }
    let time = took.as_nanos() as f64 / program.ops.len() as f64;
    if took > TURN { Ok(time) } else { Ok(quickest(&[&program])[0]) }
}

/// Makes a program that fills a cache. Where the cache is large the program is longer than a text may be, so that it is put
/// together from parts.
fn filling(cached: usize) -> Program {
    let mut filling: Program = format!("{MARKER}\n{HEAD}").parse().expect("a program");
    for number in 0..cached {
        let id = format!("{:016x}", (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let calls = format!(
            "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, x\"{id}\")\nSSL_CTX_add_session(c0, s0)\nSSL_SESSION_free(s0)\n"
        );
        let part: Program = format!("{MARKER}\n{calls}").parse().expect("a program");
        filling.ops.extend(part.ops);
    }
    filling
}

/// Makes a program of this many ops.
fn program(head: &str, block: &str, ops: usize) -> Program {
    let before = head.lines().count();
    let blocks = (ops - before).div_ceil(block.lines().count());
    let text = format!("{MARKER}\n{head}{}", block.repeat(blocks));
    let lines: Vec<&str> = text.lines().take(1 + ops.min(MAX_OPS)).collect();
    format!("{}\n", lines.join("\n")).parse().expect("a program")
}

fn pair() -> Pair<NativePort, CPort> {
    let c = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    let native = NativePort::new(c.library().release, Setup::new(true));
    Pair::new(native, c, true)
}

/// Measures nanoseconds an op of each program. The programs take turns, and the quickest run of each one counts.
fn quickest(programs: &[&Program]) -> Vec<f64> {
    let mut pair = pair();
    let mut best = vec![f64::INFINITY; programs.len()];
    for _ in 0..ROUNDS {
        for (program, best) in programs.iter().zip(&mut best) {
            let turn = Stopwatch::start();
            // So many in one measurement that the clock does not count.
            let batch = (1_000 / program.ops.len()).max(1);
            while turn.elapsed() < TURN {
                let started = Stopwatch::start();
                for _ in 0..batch {
                    assert_eq!(pair.judge(program), Verdict::Agree);
                }
                let ops = (batch * program.ops.len()) as f64;
                *best = best.min(started.elapsed().as_nanos() as f64 / ops);
            }
        }
    }
    best
}

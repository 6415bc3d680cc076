//! The summary of a run: one line for people, one object for machines.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::oracle::Signature;
use crate::trace::as_text;

/// The verdict of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Everything that ran agreed.
    Agree,
    /// The port crashed.
    Crash,
    /// Something diverged.
    Diverge,
    /// Something that is expected or accepted does not happen any more, or was accepted until a day that is past.
    Stale,
    /// Something had no verdict.
    Inconclusive,
    /// Nothing ran.
    Nothing,
}

/// What a run did. Counts are exact; `seconds` is wall-clock time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// The verdict.
    pub verdict: Word,
    /// Programs judged, those without probes included.
    pub programs: u64,
    /// Calls made on each port.
    pub ops: u64,
    /// Ops that were not called: no session in the slot, or one too many.
    pub skipped: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Programs that diverged.
    pub divergences: u64,
    /// Programs that diverged as a committed hazard says: no divergences.
    pub expected: u64,
    /// Hazards that do not show any more.
    pub stale: Vec<Stale>,
    /// Programs without a verdict.
    pub inconclusive: u64,
    /// Makes the same programs again.
    pub seed: u64,
    /// Threads.
    pub jobs: u16,
    /// What was compared with the native session.
    pub port: PortSummary,
    /// The release that the native session behaved as.
    pub release: String,
    /// Kinds of ops called, and how many there are.
    pub ops_reached: (usize, usize),
    /// Kinds of ops times (1, 2, 3+ references) times (fresh, filled, dup): reached, and how many there are.
    pub states_reached: (usize, usize),
    /// The kinds of ops that were not called in every state.
    pub states_missing: Vec<String>,
    /// One for each signature found.
    pub signatures: Vec<SignatureHits>,
    /// The signatures that were settled in the part before, and were found again: of a part alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Again>,
    /// What the tested release is known to get wrong and was met, or left out because it breaks the library.
    pub known: Vec<KnownSummary>,
    /// The accepted differences that happened, and those that somebody has to look at.
    pub accepted: Vec<Accepted>,
    /// Programs with each kind of memory: of the part with probes, or where there are none, of all.
    pub memory: Vec<(String, u64)>,
    /// The part that ran in a process without probes.
    pub without_probes: Option<Unprobed>,
    /// Ended by ^C.
    pub interrupted: bool,
    /// The port crashed in the part without probes; a crash in the other part leaves no summary.
    pub crashed: bool,
}

/// A port.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PortSummary {
    /// As `--port` takes it.
    pub name: String,
    /// The library's own version text.
    pub version: String,
    /// The file its code is in.
    pub file: String,
    /// Functions it lacks.
    pub unsupported: Vec<String>,
    /// The symbols for want of which it lacks them.
    #[serde(default)]
    pub missing: Vec<MissingSymbol>,
    /// The functions that its profile leaves out, and why.
    #[serde(default)]
    pub left_out: BTreeMap<String, String>,
    /// Calls that are not made without the probes, where there are none.
    pub needs_probes: Vec<String>,
    /// Whether its reference counts were seen.
    pub counts_references: bool,
    /// Whether its memory can be watched.
    pub watches_memory: bool,
}

/// A symbol that a library does not have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MissingSymbol {
    /// Its name, as it was looked for.
    pub symbol: String,
    /// The function that it is, as OpenSSL names it.
    pub function: String,
    /// The functions that are not called without it, as OpenSSL names them, and the harness's words.
    pub needed_by: Vec<String>,
}

impl MissingSymbol {
    /// Names it, and the functions among these that are not called without it, but for itself; `None`: there are none.
    fn among(&self, functions: &[&str]) -> Option<(usize, String)> {
        /// So many are named.
        const NAMED: usize = 2;
        let others = self.needed_by.iter().map(String::as_str);
        let others: Vec<&str> = others.filter(|name| *name != self.function && functions.contains(name)).collect();
        let why = match others.len() {
            0 => return None,
            1..=NAMED => others.join(", "),
            more => so_many(more as u64, "function"),
        };
        Some((others.len(), format!("{} ({why})", self.symbol)))
    }
}

impl PortSummary {
    /// Says which functions its profile leaves out, and why: a line each.
    pub fn left_out(&self) -> impl Iterator<Item = String> {
        self.left_out.iter().map(|(function, why)| format!("left out: {function}: {why}"))
    }

    /// Names the symbols for want of which some of these functions are not called, although their own symbols may be there: those that
    /// most of them need first, and not all where there are many. `None`: there are none.
    pub fn wants(&self, functions: &[&str]) -> Option<String> {
        /// So many are named.
        const NAMED: usize = 6;
        let mut wanted: Vec<(usize, String)> = self.missing.iter().filter_map(|one| one.among(functions)).collect();
        wanted.sort_by_key(|(needed_by, _)| std::cmp::Reverse(*needed_by));
        let more = wanted.len().saturating_sub(NAMED);
        let mut names: Vec<String> = wanted.into_iter().take(NAMED).map(|(_, name)| name).collect();
        if more > 0 {
            names.push(format!("and {more} more"));
        }
        (!names.is_empty()).then(|| format!("no symbol {}", names.join(", ")))
    }

    /// Returns the file that holds the calls on sessions, without that of libcrypto where it is another one.
    pub fn session_file(&self) -> &str {
        self.file.split(crate::port::WITH).next().unwrap_or_default()
    }
}

/// A fault of a release that later ones do not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSummary {
    /// `dup-keeps-owner`
    pub id: String,
    /// The release that has it.
    pub release: String,
    /// What it does, in a sentence.
    pub what: String,
    /// The function where it is seen.
    pub function: String,
    /// The first release after it without the fault.
    pub fixed_in: Option<String>,
    /// Where it can be read: a CVE, a pull request.
    pub source: String,
    /// The calls that meet it were left out, because it breaks the library.
    pub left_out: bool,
}

impl fmt::Display for KnownSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KnownSummary { id, release, what, function, source, .. } = self;
        let fixed = self.fixed_in.as_ref().map(|end| format!(", fixed in {end}")).unwrap_or_default();
        let left_out = if self.left_out { "; not called here, because it breaks the library" } else { "" };
        write!(f, "known in {release}{fixed}: {id} ({function}): {what} {source}{left_out}")
    }
}

/// Counts things: `1 program`, `2 programs`.
pub(crate) fn so_many(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A difference that somebody accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// `SSL_SESSION_dup/hostname`
    #[serde(with = "as_text")]
    pub signature: Signature,
    /// Programs that diverged so: no divergences.
    pub programs: u64,
    /// Why it is accepted.
    pub reason: String,
    /// Where more of it can be read.
    pub link: String,
    /// For which releases: `3.0.0..3.0.9`
    pub releases: String,
    /// The last day on which it is accepted.
    pub expires: String,
    /// File and line of its entry.
    pub place: String,
    /// That day is past.
    pub expired: bool,
    /// The case that is kept for it, if that was replayed and it did not happen at all.
    pub stale: Option<String>,
}

impl Accepted {
    /// Says what somebody has to look at, a line each.
    pub fn complaints(&self) -> Vec<String> {
        let Accepted { signature, expires, place, expired, stale, .. } = self;
        let expired = expired.then(|| format!("{place}: {signature} was accepted until {expires}"));
        let stale = stale.as_ref().map(|case| {
            format!("{place}: {signature} is accepted and does not happen any more, nor in {case}, which was replayed")
        });
        expired.into_iter().chain(stale).collect()
    }
}

/// `known: SSL_SESSION_dup/hostname, 12 programs: the next release has it, https://example.org/1, expires 2027-06-30`
impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Accepted { signature, programs, reason, link, expires, .. } = self;
        let programs = so_many(*programs, "program");
        write!(f, "known: {signature}, {programs}: {reason}, {link}, expires {expires}")
    }
}

/// A signature that was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignatureSummary {
    /// `SSL_SESSION_dup/hostname`
    #[serde(with = "as_text")]
    pub signature: Signature,
    /// `CONTENTS`
    pub class: String,
    /// The port crashed, hung or broke memory, then or later in the program.
    pub broke: bool,
    /// The rules of the release that explain it, where the native session does not follow them.
    pub explained: Vec<KnownSummary>,
    /// What else differs at the same call of its program.
    pub beside: Vec<String>,
    /// The signature of a smaller program that shows the same cause; `None`: it stands for itself.
    pub cause: Option<String>,
    /// The finding itself: calls, step, both values, ledger, commands, versions.
    pub finding: serde_json::Value,
    /// Whether it is reduced; otherwise it is as it was found.
    pub reduced: bool,
    /// Where the program was written; `None`: it could not be.
    pub file: Option<String>,
}

/// A signature, and how often it was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignatureHits {
    /// What was found.
    #[serde(flatten)]
    pub found: SignatureSummary,
    /// Programs that diverged so.
    pub hits: u64,
}

/// A signature that another part of the run had found.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Again {
    /// `SSL_SESSION_dup/hostname`
    #[serde(with = "as_text")]
    pub signature: Signature,
    /// Programs that diverged so.
    pub hits: u64,
}

/// `12 programs: CONTENTS SSL_SESSION_dup/hostname, out/SSL_SESSION_dup.hostname.ops`
impl fmt::Display for SignatureHits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SignatureHits { found: SignatureSummary { signature, class, reduced, file, cause, .. }, hits } = self;
        if cause.is_some() {
            f.write_str("  of the same cause: ")?;
        }
        write!(f, "{}: {class} {signature}", so_many(*hits, "program"))?;
        file.as_ref().map_or(Ok(()), |file| write!(f, ", {file}"))?;
        f.write_str(if *reduced { "" } else { ", not reduced" })
    }
}

/// A case that breaks the library, and does not any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stale {
    /// The file.
    pub case: String,
    /// What it is expected as.
    #[serde(with = "as_text")]
    pub signature: Signature,
}

/// The part of a run without probes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Unprobed {
    /// Programs judged.
    pub programs: u64,
    /// Calls made on each port.
    pub ops: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Word::Agree => "agree",
            Word::Crash => "CRASH",
            Word::Diverge => "DIVERGE",
            Word::Stale => "STALE",
            Word::Inconclusive => "INCONCLUSIVE",
            Word::Nothing => "NOTHING RAN",
        };
        let seconds = self.seconds.max(1e-9);
        let all = (self.ops + self.skipped).max(1);
        write!(
            f,
            "{verdict}: {}, {} ops ({:.1} % skipped), {}, {} inconclusive in {:.1} s{} \
             ({:.0} programs/s, {:.0} ops/s); ops {}/{}, states {}/{}; seed {}; {} {} in {}",
            so_many(self.programs, "program"),
            self.ops,
            100.0 * self.skipped as f64 / all as f64,
            so_many(self.divergences, "divergence"),
            self.inconclusive,
            self.seconds,
            if self.interrupted { ", interrupted" } else { "" },
            self.programs as f64 / seconds,
            self.ops as f64 / seconds,
            self.ops_reached.0,
            self.ops_reached.1,
            self.states_reached.0,
            self.states_reached.1,
            self.seed,
            self.port.name,
            self.port.version,
            self.port.file,
        )
    }
}

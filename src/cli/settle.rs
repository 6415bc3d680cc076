//! Settles what becomes of a finding of `run`. The program is written as it was found before anything else is tried. Then it
//! is reduced, in a process of its own, and written again as a case and as a C program.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::allowance::Allowance;
use super::args::FollowingChoice;
use super::compiled::TRYING;
use super::explained::{classed, explained};
use super::explore::Shared;
use super::files::Files;
use super::finding::{Finding, careful};
use super::head::{SIGNATURE, of};
use super::lab::{Lab, LabError};
use super::progress::spinner;
use super::reduction::{Alone, reduce_alone};
use super::shown::Shown;
use super::{interrupt, output};
use crate::host::ChildError;
use crate::native::Release;
use crate::oracle::Signature;
use crate::pair::Pair;
use crate::port::Identity;
use crate::program::{Case, Program};
use crate::report::{self, Again, KnownSummary, SignatureHits, SignatureSummary, Versions};

/// Settles the findings of a part of a run, those of all its threads, and keeps one of each signature.
pub(super) struct Settling<'a> {
    shared: &'a Shared<'a>,
    identity: Identity,
    release: Release,
    /// How long a finding is reduced.
    allowance: Allowance,
    /// The signatures that are written, or were in the part before, each with the rules of the release that explain it.
    claimed: Mutex<Vec<(Signature, Vec<String>)>>,
    kept: Mutex<Vec<SignatureSummary>>,
    /// After a closer look a finding can have another signature than in the run.
    settled: Mutex<HashMap<Signature, Signature>>,
}

/// Holds what came of the findings of a part of a run.
pub(super) struct Settled {
    /// One of each signature, with how many programs diverged so.
    pub kept: Vec<SignatureHits>,
    /// Lists what the part before had kept.
    pub again: Vec<Again>,
    /// How many programs were counted as divergences that turned out to be accepted, and are booked as that.
    pub counted_again: u64,
}

impl<'a> Settling<'a> {
    pub fn new(shared: &'a Shared<'a>, identity: Identity, release: Release, allowance: Allowance) -> Settling<'a> {
        let claimed = shared.args.settled.iter().map(|settled| (*settled, Vec::new())).collect();
        let (kept, settled) = (Mutex::default(), Mutex::default());
        Settling { shared, identity, release, allowance, claimed: Mutex::new(claimed), kept, settled }
    }

    /// Takes the first finding of a signature, the programs that ran before it, and the case that it came from, if it is one: settles
    /// it, and says so. Tells whether it is accepted after a closer look.
    pub fn take(&self, lab: &Lab, found: &Finding, before: &[Program], case: Option<&Path>) -> bool {
        let Settling { shared, release, .. } = self;
        if let Some(case) = case {
            output::note(format_args!("{}: diverges", case.display()));
        }
        // Another one can have turned out to be this one, on a closer look.
        if lab.following == FollowingChoice::Released && lock(&self.claimed).contains(&(found.signature(), Vec::new()))
        {
            return false;
        }
        let (signature, settled) = self.settle(lab, found, before);
        lock(&self.settled).insert(found.signature(), signature);
        if shared.known.accepts(signature, *release).is_some() {
            // Say nothing in a part of another run: that run would take it for a finding.
            if !shared.args.part {
                output::note(format_args!("{} is, looked at again, {signature}", found.signature()));
            }
            return true;
        }
        if let Some((summary, text)) = settled {
            if shared.args.json {
                output::note(text)
            } else {
                output::result(output::headed(&text))
            }
            lock(&self.kept).push(summary);
        }
        false
    }

    /// Claims a signature, as what these rules explain, for a finding: what another rule explains is another one. Tells whether none had
    /// claimed it.
    fn claims(&self, signature: Signature, explained: &[KnownSummary]) -> bool {
        let mut claimed = lock(&self.claimed);
        let claim = (signature, explained.iter().map(|rule| rule.id.clone()).collect());
        let is_new = !claimed.contains(&claim);
        if is_new {
            claimed.push(claim);
        }
        is_new
    }

    /// Ends it.
    pub fn end(self) -> Settled {
        let Settling { shared, release, kept, settled, .. } = self;
        let settled = settled.into_inner().unwrap_or_else(PoisonError::into_inner);
        let all = shared.hits();
        let hits = |signature: Signature| -> u64 {
            let of = |(raw, _): &(&Signature, &u64)| *settled.get(*raw).unwrap_or(*raw) == signature;
            all.iter().filter(of).map(|(_, hits)| hits).sum()
        };
        let programs = |raw: &Signature| all.get(raw).copied().unwrap_or(0);
        // What shows a rule of the release is one program, and was not counted.
        let accepted = settled.iter().filter(|(raw, now)| shared.accepts(**now, release, programs(raw).max(1)));
        let counted_again = accepted.map(|(raw, _)| programs(raw)).sum();
        let shows_rule = |found: &SignatureSummary| u64::from(!found.explained.is_empty());
        let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter();
        let kept = kept.map(|found| SignatureHits { hits: hits(found.signature).max(shows_rule(&found)), found });
        let again = shared.args.settled.iter().map(|settled| Again { signature: *settled, hits: hits(*settled) });
        Settled { kept: kept.collect(), again: again.filter(|again| again.hits > 0).collect(), counted_again }
    }

    /// Writes a finding, reduces it and, where it is the first of its signature, writes it again. Returns its signature, as it is after a
    /// closer look, and of the first one what there is to say.
    fn settle(
        &self,
        lab: &Lab,
        found: &Finding,
        before: &[Program],
    ) -> (Signature, Option<(SignatureSummary, String)>) {
        let Settling { shared, identity, release, .. } = self;
        let out = &shared.args.out;
        let lost = |error: std::io::Error| output::error(format_args!("{}: {error}; the calls follow", out.display()));
        let files = Files::begin(out, found, identity).map_err(lost).ok();
        let time = self.allowance_of(lab).next();
        let alone = time.map(|time| reduce_alone(lab, found, before, time));
        let is_late = matches!(alone, None | Some(Err(LabError::Child(_, ChildError::OutOfTime))));
        let alone = alone.filter(|_| !is_late).and_then(|alone| alone.map_err(output::error).ok());
        let (alone, mut pair) = alone.map_or((None, None), |(alone, pair)| (Some(alone), Some(pair)));
        let (reduced, mut notes) = alone.map_or((None, String::new()), |alone| told(alone, found));
        if is_late {
            notes += "\nNot reduced: the time that all findings have was over.\n";
        } else if interrupt::came() {
            notes += "\nInterrupted while it was reduced: there may be a smaller program.\n";
        }
        let is_reduced = reduced.is_some();
        let mut shown = classed(lab, reduced.unwrap_or_else(|| found.clone()));
        let (signature, explained) = (shown.signature(), explained(lab, &shown));
        if !self.claims(signature, &explained) {
            return (signature, None);
        }
        // Looked at more closely, it can be another call that is to blame.
        let files = files.map(|files| files.named(out, signature));
        let (mut commands, mut file) = (Vec::new(), None);
        if let Some(files) = &files {
            let case = match &mut pair {
                Some(pair) if is_reduced => self.write(lab, &mut shown, files, pair, &mut commands),
                Some(_) | None => files.original.clone(),
            };
            let (flags, case_text) = (lab.flags(shown.look.memory), output::quoted(case.display()));
            commands.insert(0, ("replay", format!("sessdiff replay{flags} {case_text}")));
            if is_reduced {
                commands.push(("import", format!("sessdiff import{flags} {case_text}")));
            } else if is_late {
                commands.push(("reduce", format!("sessdiff reduce{flags} {case_text}")));
            }
            file = Some(case);
        }
        let beside = pair.as_mut().map(|pair| beside(pair, &shown)).unwrap_or_default();
        notes.extend(explained.iter().map(|known| format!("\n{known}\n")));
        let ports = ["native", identity.short_name()];
        let release = release.to_string();
        let versions = Versions { release: &release, library: &identity.version, file: &identity.file };
        let block = report::block(&shown.program, &shown.diverged, ports, Some(versions), &commands);
        let summary = SignatureSummary {
            signature,
            finding: report::finding(&shown.program, &shown.diverged, &commands, versions),
            class: shown.diverged.divergence.class.to_string(),
            broke: found.diverged.broke(),
            explained,
            beside,
            cause: None,
            reduced: is_reduced,
            file: file.map(|file| file.display().to_string()),
        };
        (signature, Some((summary, block + &notes)))
    }

    /// Writes a finding that was reduced as a case and in C, which may need another program to show it, and adds what can be done with that
    /// to the commands. Returns where the case is; where it cannot be written, the program as it was found.
    fn write(
        &self,
        lab: &Lab,
        found: &mut Finding,
        files: &Files,
        pair: &mut Pair,
        commands: &mut Vec<(&str, String)>,
    ) -> PathBuf {
        let why = |found: &Finding| {
            let (sentence, signature) = (found.diverged.divergence.sentence(), found.signature());
            let (library, file, tool) = (of(&self.identity), &self.identity.file, Versions::TOOL);
            let expected = format!("OpenSSL {}, by sessdiff {tool}", self.release);
            format!("{sentence}\n{SIGNATURE}{signature}\nlibrary: {library}\nfile: {file}\nexpected as: {expected}")
        };
        let write = |kind: &str, text: &str| {
            let failed = |error| output::error(format_args!("{}: {error}", files.path(kind).display()));
            files.write(kind, text).map_err(failed).ok()
        };
        let trying = spinner("trying a program in C");
        let shown = Shown::of(lab, pair, found.clone(), &why, self.allowance_of(lab).trying(TRYING));
        trying.finish_and_clear();
        let Shown { finding, why, c, compiled } = shown;
        let case = write("ops", &Case::text(&why, &finding.program));
        if let Some(path) = write("c", &c) {
            commands.extend([("C file", compiled.command(&path)), ("C says", compiled.to_string())]);
        }
        *found = finding;
        case.unwrap_or_else(|| files.original.clone())
    }

    /// Returns how long findings of this lab are reduced. What the rules of a release show comes before the exploring, and takes no
    /// time from it.
    fn allowance_of(&self, lab: &Lab) -> Allowance {
        match lab.following {
            FollowingChoice::Released => self.allowance,
            FollowingChoice::Fixed | FollowingChoice::Documented => {
                Allowance::of_each(self.shared.args.reducing.time())
            }
        }
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lists what else differs at the call of a finding, where everything is observed.
fn beside(pair: &mut Pair, found: &Finding) -> Vec<String> {
    let seen = pair.glance(&found.program, careful(found.look));
    let seen = seen.filter(|seen| seen.divergence.signature() == found.signature());
    let all = seen.map(|seen| pair.beside(&found.program, &seen.divergence)).unwrap_or_default();
    all.iter().map(ToString::to_string).collect()
}

/// Returns what is left of a finding, and what is said of how it came to that.
fn told(alone: Alone, found: &Finding) -> (Option<Finding>, String) {
    let signature = found.signature();
    match alone {
        Alone::Same(reduced) => (Some(*reduced), String::new()),
        Alone::Cause(cause) if cause.signature() == signature => (Some(*cause), String::new()),
        Alone::Cause(cause) => (Some(*cause), format!("\nIn the run this was {signature}, which comes of it.\n")),
        Alone::Joined(joined, programs) => {
            let note = format!(
                "\nRun once and alone the program agrees: it was joined to what ran before it (programs: {programs}).\n"
            );
            (Some(*joined), note)
        }
        Alone::Other(other) => {
            let note = format!("\nIn the run this was {signature}: what ran before it in the process matters.\n");
            (Some(*other), note)
        }
        Alone::Agrees => {
            let note = "\nAlone this program agrees: what ran before it in the process matters. The run with the seed below \
                        shows it again.\n";
            (None, note.into())
        }
        Alone::Unclear(why) => (None, format!("\nAlone this program has no verdict: {why}.\n")),
    }
}

//! Settles what becomes of a finding of `run`. The program is written as it was found before anything else is tried. Then it
//! is reduced, in a process of its own, and written again as a case and as a C program.

use super::args::RunArgs;
use super::compiled::Compiled;
use super::emitted::{self, written};
use super::explained::{classed, explained};
use super::files::Files;
use super::finding::{Finding, careful};
use super::head::{SIGNATURE, of};
use super::lab::Lab;
use super::progress::spinner;
use super::reduction::{Alone, reduce_alone};
use super::{interrupt, output};
use crate::emit;
use crate::native::Family;
use crate::pair::Pair;
use crate::port::Identity;
use crate::program::{Case, Program};
use crate::report::{self, SignatureSummary, Versions};

/// Takes the first finding of a signature, and the programs that ran before it: writes it, reduces it and writes it again. Returns
/// its signature, as it is after a closer look, and what there is to say.
pub(super) fn settle(
    lab: &Lab,
    args: &RunArgs,
    found: &Finding,
    before: &[Program],
    identity: &Identity,
) -> (SignatureSummary, String) {
    let out = &args.out;
    let lost = |error: std::io::Error| output::error(format_args!("{}: {error}; the calls follow", out.display()));
    let files = Files::begin(out, found, identity).map_err(lost).ok();
    let alone = reduce_alone(lab, found, before, args.reducing.time());
    let (alone, mut pair) =
        alone.map_err(output::error).map_or((None, None), |(alone, pair)| (Some(alone), Some(pair)));
    let (reduced, mut notes) = alone.map_or((None, String::new()), |alone| told(alone, found));
    if interrupt::came() {
        notes += "\nInterrupted while it was reduced: there may be a smaller program.\n";
    }
    let is_reduced = reduced.is_some();
    let shown = &classed(lab, reduced.unwrap_or_else(|| found.clone()));
    let flags = lab.flags(shown.look.memory);
    // Looked at more closely, it can be another call that is to blame.
    let files = files.map(|files| files.named(out, shown.signature()));
    let signature = shown.signature();
    let mut commands = Vec::new();
    let mut replayed = None;
    if let Some(files) = &files {
        let mut case = files.original.clone();
        if is_reduced {
            let sentence = shown.diverged.divergence.sentence();
            let why = format!("{sentence}\n{SIGNATURE}{signature}\nlibrary: {}", of(identity));
            let write = |kind: &str, text: &str| {
                let failed = |error| output::error(format_args!("{}: {error}", files.path(kind).display()));
                files.write(kind, text).map_err(failed).ok()
            };
            case = write("ops", &Case::text(&why, &shown.program)).unwrap_or(case);
            let is_for_c = Compiled::family(&lab.port) == Family::OpenSsl;
            if let Some(pair) = pair.as_mut().filter(|_| is_for_c) {
                let c = written(emit::c, pair, lab, &why, &shown.program, Some(signature));
                if let Some(path) = write("c", &c) {
                    let trying = spinner("trying a program in C");
                    let compiled = Compiled::new(&lab.port, &c);
                    commands.extend([("C file", compiled.command(&path)), ("C says", compiled.to_string())]);
                    trying.finish_and_clear();
                }
            }
        }
        let case_text = output::quoted(case.display());
        commands.insert(0, ("replay", format!("sessdiff replay{flags} {case_text}")));
        if is_reduced {
            commands.push(("import", format!("sessdiff import{flags} {case_text}")));
        }
        replayed = Some(case);
    }
    let beside = pair.as_mut().map(|pair| beside(pair, shown)).unwrap_or_default();
    let explained = explained(lab, shown);
    notes.extend(explained.iter().map(|known| format!("\n{known}\n")));
    let block = report::block(&shown.program, &shown.diverged, ["native", identity.short_name()], &commands);
    let release = emitted::release(lab);
    let versions = Versions { release: &release, library: &identity.version, file: &identity.file };
    let summary = SignatureSummary {
        signature,
        finding: report::finding(&shown.program, &shown.diverged, &commands, versions),
        class: shown.diverged.divergence.class.to_string(),
        broke: found.diverged.broke(),
        explained,
        beside,
        cause: None,
        file: replayed.map(|file| file.display().to_string()),
    };
    (summary, block + &notes)
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

//! Settles what becomes of a finding of `run`. The program is written as it was found before anything else is tried. Then it
//! is reduced, in a process of its own, and written again as a case and as a C program.

use std::path::Path;

use super::compiled::Compiled;
use super::emitted::{self, written};
use super::explained::explained;
use super::files::Files;
use super::finding::Finding;
use super::head::{SIGNATURE, of};
use super::lab::Lab;
use super::reduction::{Alone, reduce_alone};
use super::{interrupt, output};
use crate::emit;
use crate::port::Identity;
use crate::program::Case;
use crate::report::{self, SignatureSummary, Versions};

/// Takes the first finding of a signature: writes it, reduces it and writes it again. Returns its signature, as it is after a
/// closer look, and what there is to say.
pub(super) fn settle(lab: &Lab, out: &Path, found: &Finding, identity: &Identity) -> (SignatureSummary, String) {
    let lost = |error: std::io::Error| output::error(format_args!("{}: {error}; the calls follow", out.display()));
    let files = Files::begin(out, found, identity).map_err(lost).ok();
    let mut notes = String::new();
    let reduced = match reduce_alone(lab, found) {
        Ok(Alone::Same(reduced)) => Some(*reduced),
        Ok(Alone::Agrees) => {
            notes += "\nAlone this program agrees: what ran before it in the process matters. The run with the seed below shows it \
                      again.\n";
            None
        }
        Ok(Alone::Other(other)) => {
            notes +=
                &format!("\nIn the run this was {}: what ran before it in the process matters.\n", found.signature());
            Some(*other)
        }
        Ok(Alone::Unclear(why)) => {
            notes += &format!("\nAlone this program has no verdict: {why}.\n");
            None
        }
        Err(error) => {
            output::error(error);
            None
        }
    };
    if interrupt::came() {
        notes += "\nInterrupted while it was reduced: there may be a smaller program.\n";
    }
    let shown = reduced.as_ref().unwrap_or(found);
    let flags = lab.flags(shown.look.memory);
    // Looked at more closely, it can be another call that is to blame.
    let files = files.map(|files| files.named(out, shown.signature()));
    let signature = shown.signature();
    let mut commands = Vec::new();
    let mut replayed = None;
    if let Some(files) = &files {
        let mut case = files.original.clone();
        if reduced.is_some() {
            let sentence = shown.diverged.divergence.sentence();
            let why = format!("{sentence}\n{SIGNATURE}{signature}\nlibrary: {}", of(identity));
            let write = |kind: &str, text: &str| {
                let failed = |error| output::error(format_args!("{}: {error}", files.path(kind).display()));
                files.write(kind, text).map_err(failed).ok()
            };
            case = write("ops", &Case::text(&why, &shown.program)).unwrap_or(case);
            if let Some(c) = in_c(lab, &why, shown)
                && let Some(path) = write("c", &c)
            {
                let compiled = Compiled::new(&lab.port, &c);
                commands.extend([("C file", compiled.command(&path)), ("C says", compiled.to_string())]);
            }
        }
        let case_text = output::quoted(case.display());
        commands.insert(0, ("replay", format!("sessdiff replay{flags} {case_text}")));
        if reduced.is_some() {
            commands.push(("import", format!("sessdiff import{flags} {case_text}")));
        }
        replayed = Some(case);
    }
    let explained = explained(lab, shown);
    for known in &explained {
        notes += &format!("\n{known}\n");
    }
    let block = report::block(&shown.program, &shown.diverged, ["native", identity.short_name()], &commands);
    let file = replayed.map(|file| file.display().to_string());
    let broke = found.diverged.broke();
    (SignatureSummary { broke, explained, file, ..summary(lab, shown, identity, &commands) }, block + &notes)
}

/// Writes the C program of a finding.
fn in_c(lab: &Lab, why: &str, shown: &Finding) -> Option<String> {
    let mut pair = lab.in_a_child().pair().map_err(output::error).ok()?;
    Some(written(emit::c, &mut pair, lab, why, &shown.program, Some(shown.signature())))
}

/// Sums up a finding without what has come of it.
fn summary(lab: &Lab, shown: &Finding, identity: &Identity, commands: &[(&str, String)]) -> SignatureSummary {
    let release = emitted::release(lab);
    let versions = Versions { release: &release, library: &identity.version, file: &identity.file };
    SignatureSummary {
        signature: shown.signature(),
        finding: report::finding(&shown.program, &shown.diverged, commands, versions),
        class: shown.diverged.divergence.class.to_string(),
        broke: shown.diverged.broke(),
        explained: Vec::new(),
        file: None,
    }
}

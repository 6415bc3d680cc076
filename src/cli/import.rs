//! `sessdiff import`: a fuzzer's artifacts to named regressions of a few lines.

use super::args::ImportArgs;
use super::exit::Exit;
use super::imported::import_all;
use super::inputs::has_many;
use super::lab::Lab;
use super::reduction::reduce_case;
use super::regressions::{Regression, Regressions};
use super::{accepted, interrupt, output};
use crate::program::Case;

pub(super) fn import(args: &ImportArgs) -> Result<Exit, Exit> {
    interrupt::answer();
    match &args.files[..] {
        [file] if !has_many(file) && args.sarif.is_none() => {
            let case = Case::read_any(file).map_err(output::usage)?;
            import_one(args, &case)
        }
        _ => import_all(args),
    }
}

fn import_one(args: &ImportArgs, case: &Case) -> Result<Exit, Exit> {
    // What cannot be kept is not worth the search.
    let mut regressions = Regressions::read(&args.into)?;
    let accepted = accepted::read(&args.known, None, &args.lab.port)?;
    let lab = Lab::of(&args.lab, args.release.following, true)?;
    let reduced = reduce_case(case, &lab, &args.lab.memories(), args.reducing.time())?;
    let (signature, release) = (reduced.finding.signature(), reduced.release);
    if let Some(path) = regressions.with(signature) {
        return Err(output::usage(format_args!("{signature} is known already: {}", path.display())));
    }
    let regression = Regression::of(&lab, reduced, &args.found)?;
    let path = regressions.add(signature, &regression.text)?;
    let Regression { finding, identity, compiled, .. } = &regression;
    if args.json {
        output::object(&compiled.object(&lab, finding, identity, &path.display().to_string(), case));
        return Ok(Exit::Expected);
    }
    output::result(path.display());
    let (left, all) = (finding.program.ops.len(), case.program.ops.len());
    output::note(format_args!("{signature}: {left} calls, of {all}"));
    output::note(format_args!("its C program says: {compiled}"));
    if let Some(entry) = accepted.accepts(signature, release) {
        let place = format_args!("{}:{}", accepted.path.display(), entry.line);
        output::note(format_args!("{place}: {signature} is accepted: {}", entry.known.reason));
    }
    Ok(interrupt::exit())
}

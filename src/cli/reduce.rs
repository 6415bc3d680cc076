//! `sessdiff reduce`: the smallest program with the same signature.

use super::args::ReduceArgs;
use super::compiled::TRYING;
use super::exit::Exit;
use super::finding::Finding;
use super::lab::Lab;
use super::reduction::reduce_case;
use super::shown::Shown;
use super::{interrupt, output};
use crate::host::Host;
use crate::program::Case;

pub(super) fn reduce(args: &ReduceArgs) -> Result<Exit, Exit> {
    interrupt::answer();
    // What cannot be kept is not worth the search.
    args.out.as_ref().map_or(Ok(()), |path| output::ready(path, args.force))?;
    let case = Case::read_any(&args.file).map_err(output::usage)?;
    let lab = Lab::of(&args.lab, args.release.following, true)?;
    let found = reduce_case(&case, &lab, &args.lab.memories(), args.reducing.time())?.finding;
    let signature = found.signature();
    let why = |_: &Finding| format!("{signature}: reduced from {} calls.", case.program.ops.len());
    let mut pair = lab.in_a_child().pair().map_err(|error| error.say())?;
    let Shown { finding: found, why, compiled, .. } = Shown::of(&lab, &mut pair, found, &why, TRYING);
    let text = Case::text(&why, &found.program);
    output::note(format_args!("{signature}: {} calls, of {}", found.program.ops.len(), case.program.ops.len()));
    output::note(format_args!("its C program says: {compiled}"));
    if args.json {
        let identity = lab.pair().map_err(|error| error.say())?.right().identity();
        args.out.as_ref().map_or(Ok(()), |path| output::file(path, &text))?;
        let path = args.out.as_ref().map_or_else(String::new, |path| path.display().to_string());
        output::object(&compiled.object(&lab, &found, &identity, &path, &case));
        return Ok(Exit::Expected);
    }
    match &args.out {
        None => output::result(text.trim_end()),
        Some(path) => output::file(path, &text)?,
    }
    Ok(interrupt::exit())
}

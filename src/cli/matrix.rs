//! `sessdiff matrix`: what `check --json` printed of ports, as one page.

use super::args::MatrixArgs;
use super::exit::Exit;
use super::output;
use crate::report::{self, Check};

pub(super) fn matrix(args: &MatrixArgs) -> Result<Exit, Exit> {
    output::ready(&args.out, args.force)?;
    let mut checks = Vec::new();
    for path in &args.files {
        let wrong = |why: &dyn std::fmt::Display| output::usage(format_args!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let read = serde_json::Deserializer::from_str(&text).into_iter::<Check>();
        let read = read.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
        if read.is_empty() {
            return Err(wrong(&"nothing in it: expected what `sessdiff check --json` prints"));
        }
        checks.extend(read);
    }
    output::file(&args.out, &report::matrix(&checks))?;
    output::result(args.out.display());
    Ok(Exit::Expected)
}

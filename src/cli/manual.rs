//! `sessdiff manual`: the manual pages.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use super::Cli;
use super::args::ManualArgs;
use super::disk::Folder;
use super::exit::Exit;
use super::output;

/// Prints the page of the program, or writes its page and one for each command.
pub(super) fn manual(args: &ManualArgs) -> Result<Exit, Exit> {
    let Some(folder) = &args.into else {
        let mut page = Vec::new();
        // Writing into memory does not fail.
        Man::new(Cli::command()).render(&mut page).map_err(output::usage)?;
        output::result(String::from_utf8_lossy(&page).trim_end());
        return Ok(Exit::Expected);
    };
    let wrong = |path: &Path, error: std::io::Error| output::usage(format_args!("{}: {error}", path.display()));
    let _made = Folder::ready(folder).map_err(|error| wrong(folder, error))?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| wrong(folder, error))?;
    Ok(Exit::Expected)
}

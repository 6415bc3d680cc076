//! `sessdiff completions`: what a shell completes.

use clap::CommandFactory;

use super::Cli;
use super::args::CompletionsArgs;
use super::exit::Exit;
use super::output;

pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    output::result(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Expected)
}

//! The command line of sessdiff; see `sessdiff --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sessdiff::cli::main()
}

//! The command line: one module a command; what several commands need is in modules of its own, which import no command.

mod accepted;
mod allowance;
mod args;
mod before;
mod bless;
mod check;
mod compiled;
mod completions;
mod corpus;
mod cover;
mod coverage;
mod disk;
mod doctor;
mod emitted;
mod exit;
mod explained;
mod explore;
mod files;
mod finding;
mod head;
mod host;
mod import;
mod imported;
mod inputs;
mod interrupt;
mod lab;
mod laws;
mod manual;
mod matrix;
mod minimize;
mod ops;
mod output;
mod ports;
mod progress;
mod record;
mod reduce;
mod reduction;
mod regressions;
mod replay;
mod rules;
mod run;
mod search;
mod settle;
mod show;
mod shown;
mod table;
mod unprobed;
mod waiting;
mod workers;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use args::{
    BlessArgs, CheckArgs, CompletionsArgs, DoctorArgs, HostArgs, ImportArgs, ManualArgs, MatrixArgs, MinimizeArgs,
    OpsArgs, PortsArgs, RecordArgs, ReduceArgs, ReplayArgs, RulesArgs, RunArgs, ShowArgs,
};
use exit::Exit;

/// Drives a native Rust SSL_SESSION and a real OpenSSL with the same calls. Any difference in a reference count, in the
/// moment of destruction or in the contents of a session or its duplicate fails, at the very call.
#[derive(Parser, Debug)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sessdiff run --seconds 30                       explore for half a minute
  sessdiff run --seed 1 --programs 100000 --json  the same programs every time, one JSON object
  sessdiff check --port lib:build/libssl.so       does this library conform?
  sessdiff replay corpus/dup/carries-every-field.ops      one case, step by step
  sessdiff run --port lib:/opt/openssl/lib64/libssl.so.3  another OpenSSL, in a process of its own
  sessdiff import crash-1234                      a fuzzer's artifact to a regression of a few lines
  sessdiff show --as c corpus/dup/carries-every-field.ops    a case as a C program
  sessdiff doctor                                 can this build find anything?

Exit codes:
  0 as expected   1 unexpected divergence   2 the port crashed or broke memory
  3 something that is expected does not happen any more, or was accepted until a day that is past
  4 nothing ran, or inconclusive
  5 a port could not be loaded   130 interrupted by ^C
  64 wrong usage, an unreadable case, or a result that cannot be written";

#[derive(Subcommand, Debug)]
enum Command {
    /// Replay the corpus, then explore: make and change programs until the time is up or something differs
    Run(RunArgs),
    /// Check whether a port conforms, case by case and level by level
    Check(CheckArgs),
    /// Show what checks found of several ports as one page
    Matrix(MatrixArgs),
    /// Replay cases step by step, both sides and the ledger in columns
    Replay(ReplayArgs),
    /// Find the smallest program with the same signature
    Reduce(ReduceArgs),
    /// Show a case or a fuzzer's artifact in another form: text, wire, C, Rust, a picture
    Show(ShowArgs),
    /// Take fuzzers' artifacts, or text, into the regressions: decoded, reduced, named
    Import(ImportArgs),
    /// Choose the few inputs of a folder that reach what all of them reach
    Minimize(MinimizeArgs),
    /// Record what a real program does with sessions, as cases
    Record(RecordArgs),
    /// Accept a difference, for a reason and for a time: it no longer fails a run
    Bless(BlessArgs),
    /// List what can be called, with operands
    Ops(OpsArgs),
    /// List what can be driven here and what each lacks
    Ports(PortsArgs),
    /// List what releases of OpenSSL do differently, and where that can be read
    Rules(RulesArgs),
    /// Say whether this build is able to find anything
    Doctor(DoctorArgs),
    /// Print what a shell completes
    Completions(CompletionsArgs),
    /// Print the manual page, or write that of each command
    Manual(ManualArgs),
    /// Run programs for another process
    #[command(hide = true)]
    Host(HostArgs),
}

impl Command {
    /// Gives ports that are shared libraries the profile that was chosen.
    fn give_profile(&mut self) -> Result<(), &'static str> {
        match self {
            Command::Run(args) => args.profile.give(&mut args.ports),
            Command::Check(args) => args.profile.give(&mut args.ports),
            Command::Replay(ReplayArgs { lab, .. })
            | Command::Reduce(ReduceArgs { lab, .. })
            | Command::Import(ImportArgs { lab, .. })
            | Command::Show(ShowArgs { lab, .. }) => lab.profile.give([&mut lab.port]),
            Command::Ports(args) => args.profile.give(&mut args.port),
            Command::Bless(args) => args.profile.give([&mut args.port]),
            Command::Minimize(args) => args.profile.give([&mut args.port]),
            Command::Matrix(_)
            | Command::Record(_)
            | Command::Ops(_)
            | Command::Rules(_)
            | Command::Doctor(_)
            | Command::Completions(_)
            | Command::Manual(_)
            | Command::Host(_) => Ok(()),
        }
    }

    /// Tells whether objects are asked for.
    fn is_json(&self) -> bool {
        match self {
            Command::Run(args) => args.json,
            Command::Check(args) => args.json,
            Command::Replay(args) => args.json,
            Command::Reduce(args) => args.json,
            Command::Import(args) => args.json,
            Command::Minimize(args) => args.json,
            Command::Record(args) => args.json,
            Command::Ops(args) => args.json,
            Command::Ports(args) => args.json,
            Command::Rules(args) => args.json,
            Command::Doctor(args) => args.json,
            Command::Show(args) => args.json,
            Command::Bless(args) => args.json,
            Command::Completions(_) | Command::Manual(_) | Command::Host(_) | Command::Matrix(_) => false,
        }
    }
}

/// Returns what is wrong with the arguments as one line: all that is said before the usage.
fn wrong(text: &str) -> String {
    let said = text.lines().take_while(|line| !line.is_empty()).flat_map(str::split_whitespace);
    said.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").into()
}

/// Runs the command of the process's arguments.
pub fn main() -> ExitCode {
    let parsed = Cli::try_parse().and_then(|mut cli| {
        let wrong = |why| Cli::command().error(ErrorKind::ArgumentConflict, why);
        cli.command.give_profile().map_err(wrong)?;
        Ok(cli)
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            // Nobody is left to be told when this fails.
            error.print().unwrap_or(());
            if usage && std::env::args_os().any(|word| word == "--json") {
                output::result(serde_json::json!({ "error": wrong(&error.to_string()), "exit": Exit::Usage as u8 }));
            }
            return ExitCode::from(if usage { Exit::Usage as u8 } else { 0 });
        }
    };
    if cli.command.is_json() {
        output::objects_alone();
    }
    let (Ok(exit) | Err(exit)) = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Matrix(args) => matrix::matrix(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Reduce(args) => reduce::reduce(&args),
        Command::Show(args) => show::show(&args),
        Command::Import(args) => import::import(&args),
        Command::Minimize(args) => minimize::minimize(&args),
        Command::Record(args) => record::record(&args),
        Command::Bless(args) => bless::bless(&args),
        Command::Ops(args) => ops::ops(&args),
        Command::Ports(args) => ports::ports(&args),
        Command::Rules(args) => rules::rules(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Completions(args) => completions::completions(&args),
        Command::Manual(args) => manual::manual(&args),
        Command::Host(args) => host::host(&args),
    };
    output::end(exit);
    let exit = if output::lost() { exit.worst(Exit::Usage) } else { exit };
    ExitCode::from(exit as u8)
}

//! The command line: one module a command.

mod coverage;
mod doctor;
mod explore;
mod judge;
mod output;
mod ports;
mod progress;
mod replay;
mod run;
mod show;
mod unprobed;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::port::c::crash;
use judge::PortName;

/// How a command ended. The numbers are documented in the README and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// As expected.
    Expected = 0,
    /// The port crashed, or broke memory.
    Crashed = crash::EXIT as isize,
    /// Nothing ran, or no verdict.
    Inconclusive = 4,
    /// An unexpected divergence.
    Divergence = 1,
    /// A port could not be loaded.
    NotLoaded = 5,
    /// Wrong usage, an unreadable case, or a result that cannot be written.
    Usage = 64,
    /// Ended by ^C.
    Interrupted = 130,
}

impl Exit {
    /// The one of two that matters more: a finding first, then trouble with the tool, then no verdict.
    pub(crate) fn worst(self, other: Exit) -> Exit {
        let rank = |exit| match exit {
            Exit::Expected => 0,
            Exit::Inconclusive => 1,
            Exit::Interrupted => 2,
            Exit::Usage => 3,
            Exit::NotLoaded => 4,
            Exit::Divergence => 5,
            Exit::Crashed => 6,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

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
  sessdiff replay corpus/dup/carries-every-field.ops      one case, step by step
  sessdiff show crash-1234 --as ops               a fuzzer's artifact as text
  sessdiff doctor                                 can this build find anything?

Exit codes:
  0 as expected   1 unexpected divergence   2 the port crashed or broke memory   4 nothing ran, or inconclusive
  5 a port could not be loaded   130 interrupted by ^C
  64 wrong usage, an unreadable case, or a result that cannot be written";

#[derive(Subcommand, Debug)]
enum Command {
    /// Replay the corpus, then explore: make and change programs until the time is up or something differs
    Run(RunArgs),
    /// Replay cases step by step, both sides and the ledger in columns
    Replay(ReplayArgs),
    /// Show a case or a fuzzer's artifact in another form
    Show(ShowArgs),
    /// List what can be driven here and what each lacks
    Ports(PortsArgs),
    /// Say whether this build is able to find anything
    Doctor(DoctorArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff run --seconds 60 --seed 1 --jobs 2
  sessdiff run --programs 200000 --json
  sessdiff run --port planted:dup-forgets-hostname   shows what a finding looks like")]
pub(crate) struct RunArgs {
    /// Explore for so many seconds
    #[arg(long, value_name = "N", conflicts_with = "programs", default_value_t = 30.0, value_parser = positive_seconds)]
    seconds: f64,
    /// Explore so many programs instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    programs: Option<u64>,
    /// Make the same programs again; shown at the end of every run
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads, each with programs of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// The port to compare with the native session: openssl, native (with the ledger alone), planted:NAME
    #[arg(long = "port", value_name = "PORT", default_value = "openssl")]
    ports: Vec<PortName>,
    /// The longest program to make, in calls
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    longest: u16,
    /// Go on after a divergence; keep one of each signature
    #[arg(long)]
    keep_going: bool,
    /// Where a diverging program is written, as SIGNATURE.ops
    #[arg(long, value_name = "DIR", default_value = "sessdiff-out")]
    out: PathBuf,
    /// The cases to replay first; `none` for no replay [default: corpus, if it is there]
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Which part of the programs runs with the probes: mixed runs an eighth without, in a process of its own
    #[arg(long, value_enum, default_value_t = ProbeChoice::Mixed)]
    probes: ProbeChoice,
    /// Print one JSON object a port instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff replay corpus/dup/carries-every-field.ops
  sessdiff replay --trace fuzz/artifacts/lifecycle/crash-1234")]
pub(crate) struct ReplayArgs {
    /// Cases, or artifacts of the lifecycle fuzz target
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The port to compare with the native session
    #[arg(long, value_name = "PORT", default_value = "openssl")]
    port: PortName,
    /// Show everything both sides did in each step
    #[arg(long)]
    trace: bool,
    /// With or without probes
    #[arg(long, value_enum, default_value_t = OneProbeChoice::All)]
    probes: OneProbeChoice,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// A case, or an artifact of the lifecycle fuzz target
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The form
    #[arg(long = "as", value_enum, default_value_t = Form::Ops)]
    form: Form,
}

#[derive(Args, Debug)]
pub(crate) struct PortsArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff doctor
  sessdiff doctor fuzz/target/x86_64-unknown-linux-gnu/release/lifecycle")]
pub(crate) struct DoctorArgs {
    /// Fuzz binaries: is the libssl in them instrumented?
    #[arg(value_name = "BINARY")]
    binaries: Vec<PathBuf>,
}

/// Which probes `run` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProbeChoice {
    /// Seven eighths with, one without.
    Mixed,
    /// All programs with.
    All,
    /// All programs without.
    None,
}

/// Which probes one process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OneProbeChoice {
    /// With.
    All,
    /// Without.
    None,
}

/// The forms of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Text, one call a line.
    Ops,
    /// Bytes, as a fuzzer takes them; in hexadecimal on a terminal.
    Wire,
}

fn positive_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e9 => Ok(seconds),
        _ => Err("a number of seconds above 0".into()),
    }
}

/// Runs the command of the process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            // Nobody is left to be told when this fails.
            error.print().unwrap_or(());
            return ExitCode::from(if usage { Exit::Usage as u8 } else { 0 });
        }
    };
    let exit = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Show(args) => show::show(&args),
        Command::Ports(args) => ports::ports(&args),
        Command::Doctor(args) => doctor::doctor(&args),
    };
    let exit = if output::lost() { exit.worst(Exit::Usage) } else { exit };
    ExitCode::from(exit as u8)
}

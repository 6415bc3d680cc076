//! The arguments of each command, and what they name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use crate::emit::Driven;
use crate::generate::Which;
use crate::known::{CaseIds, Day, Releases, Versions, Words};
use crate::laws::Law;
use crate::native::{Custom, Family, Following, Rule};
use crate::op::nearest;
use crate::oracle::{Signature, SignatureError};
use crate::port::Memory;
use crate::port::c::{Probes, Profile, load};
use crate::port::mutant::Bug;
use crate::profile::{self, ProfileError};
use crate::suite::Level;

/// Holds the seconds after which a command says again how far it is, where there is no bar.
pub(crate) const BEAT: f64 = 10.0;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff run --seconds 60 --seed 1 --jobs 2
  sessdiff run --programs 200000 --json
  sessdiff run --port planted:dup-forgets-hostname   shows what a finding looks like
  sessdiff run --laws --port lib:libssl.so.3         asks a library what holds of any
  sessdiff run --corpus-out kept --seconds 600 && sessdiff run --corpus kept --port lib:libssl.so.3
                                                     keeps what reaches something new, and tries it elsewhere")]
pub(crate) struct RunArgs {
    /// Explore for so many seconds. Reducing comes on top: for a finding --reduce-seconds at most, and half a minute for its C
    /// program; with --keep-going, for all findings together a quarter of N, at least 5 seconds and at most --reduce-seconds
    #[arg(long, value_name = "N", conflicts_with = "programs", default_value_t = 30.0, value_parser = positive_seconds)]
    pub seconds: f64,
    /// Explore so many programs instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub programs: Option<u64>,
    /// Make the same programs again; shown first and last in every run
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads, each with programs of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// The port to compare with the native session: openssl, native (with the ledger alone), planted:NAME, lib:PATH
    #[arg(long = "port", value_name = "PORT", default_value = "openssl")]
    pub ports: Vec<PortName>,
    #[command(flatten)]
    pub profile: ProfileChoice,
    /// Run ports in processes of their own, which may crash and hang; a port lib:PATH always is
    #[arg(long)]
    pub isolate: bool,
    /// Make the calls that are legal C and break the library, too; in a process of its own
    #[arg(long)]
    pub hazards: bool,
    #[command(flatten)]
    pub release: ReleaseChoice,
    #[command(flatten)]
    pub limits: Limits,
    /// The memory that the library is given, and which shares of the programs with probes get it
    #[arg(long, value_name = "SHARES", default_value_t = Shares::DEFAULT)]
    pub memory: Shares,
    /// The longest program to make, in calls
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub longest: u16,
    /// What the programs are about, and the cases that are replayed
    #[arg(long, value_enum, default_value_t = About::All)]
    pub about: About,
    /// Ask the port alone what holds of any library, with no model beside it: every law, or the one of this name (docs/LAWS.md)
    #[arg(long, value_name = "LAW", num_args = 0..=1, default_missing_value = "", value_parser = law, conflicts_with_all = ["hazards", "following", "memory", "known", "probes", "jobs", "verbose"])]
    pub laws: Option<OneLaw>,
    /// Go on after a divergence; keep one of each signature. What there is no time left to reduce stays as it was found, and the end
    /// of the run says so
    #[arg(long)]
    pub keep_going: bool,
    /// Where a finding is written: SIGNATURE.original.ops as it was found, SIGNATURE.ops reduced, SIGNATURE.c; and
    /// inconclusive-N.ops, what has no verdict
    #[arg(long, value_name = "DIR", default_value = "sessdiff-out")]
    pub out: PathBuf,
    /// The cases to replay first; `none` for no replay [default: corpus, if it is there]
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Keep the programs that called something in a state that no program before them had, each as a case of its own; --corpus takes
    /// them back
    #[arg(long, value_name = "DIR", conflicts_with = "laws")]
    pub corpus_out: Option<PathBuf>,
    #[command(flatten)]
    pub known: KnownChoice,
    /// Which part of the programs runs with the probes: mixed runs an eighth without, in a process of its own
    #[arg(long, value_enum, default_value_t = ProbeChoice::Mixed)]
    pub probes: ProbeChoice,
    /// Print one JSON object for each port instead of text
    #[arg(long)]
    pub json: bool,
    /// Write what was found as JUnit XML, too
    #[arg(long, value_name = "FILE", conflicts_with = "laws")]
    pub junit: Option<PathBuf>,
    /// Write it as SARIF, too
    #[arg(long, value_name = "FILE", conflicts_with = "laws")]
    pub sarif: Option<PathBuf>,
    /// List at the end what was not called in every state
    #[arg(short, long)]
    pub verbose: bool,
    /// Seconds after which it is said again how far the run is, where standard error is no terminal
    #[arg(long, hide = true, default_value_t = BEAT, value_parser = positive_seconds)]
    pub beat: f64,
    /// A part of another run, which says what this one leaves out
    #[arg(long, hide = true)]
    pub part: bool,
    /// A signature that the part before has settled
    #[arg(long, hide = true, value_name = "SIGNATURE", value_parser = signature, requires = "part")]
    pub settled: Vec<Signature>,
    /// Seconds that reducing may take in all after a part has explored
    #[arg(long, hide = true, value_name = "N", requires = "part")]
    pub after: Option<f64>,
    #[command(flatten)]
    pub reducing: Reducing,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff check --port lib:build/libssl.so            every level, with a report
  sessdiff check --port lib:build/libssl.so --level 1 --level 2
  sessdiff check --case 'dup/*' --case cache/evicts-oldest
  sessdiff check --port lib:build/libssl.so --junit check.xml --sarif check.sarif --html check.html
  sessdiff check --list                                the cases, and what each says")]
pub(crate) struct CheckArgs {
    /// The port to check: openssl, native, planted:NAME, lib:PATH
    #[arg(long = "port", value_name = "PORT", default_value = "openssl")]
    pub ports: Vec<PortName>,
    #[command(flatten)]
    pub profile: ProfileChoice,
    /// Check the cases whose id matches, such as `dup/*`
    #[arg(long = "case", value_name = "GLOB", value_parser = pattern)]
    pub cases: Vec<glob::Pattern>,
    /// Check the cases of this level: 1 count, 2 dup and contents, 3 accessors, 4 bytes, 5 cache, 6 connections and handshakes
    #[arg(long = "level", value_name = "N")]
    pub levels: Vec<Level>,
    /// List the cases, and check none
    #[arg(long)]
    pub list: bool,
    /// Print one JSON object for each port instead of text
    #[arg(long)]
    pub json: bool,
    /// Write what was found as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write it as SARIF, too
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Write it as a page, too
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write C programs of what differs to this folder
    #[arg(long, value_name = "DIR", default_value = "sessdiff-out")]
    pub out: PathBuf,
    /// Processes of the port that check cases side by side
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    #[command(flatten)]
    pub release: ReleaseChoice,
    #[command(flatten)]
    pub limits: Limits,
    #[command(flatten)]
    pub known: KnownChoice,
    /// List every function in the table, those of which everything passed, too
    #[arg(short, long)]
    pub verbose: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff check --port lib:libssl.so --json >results/mine.json
  sessdiff matrix results/*.json -o matrix.html")]
pub(crate) struct MatrixArgs {
    /// Read what `sessdiff check --json` printed, of a port or of several
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The page
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the page if it is there
    #[arg(long)]
    pub force: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff record -- curl -s https://example.org -o a https://example.org -o b
  sessdiff record --seconds 10 -- nginx -g 'daemon off;'      ends it after so long
  sessdiff record --out cases -- python3 client.py && sessdiff replay cases/*.ops")]
pub(crate) struct RecordArgs {
    /// Write the cases to this folder. A file that is there stays: one with another content is an error
    #[arg(long, value_name = "DIR", default_value = "recorded")]
    pub out: PathBuf,
    /// End the program after so many seconds, with SIGTERM [default: it ends by itself, or by ^C]
    #[arg(long, value_name = "N", value_parser = positive_seconds)]
    pub seconds: Option<f64>,
    /// Print one JSON object instead of text. What the program prints goes to standard error then
    #[arg(long)]
    pub json: bool,
    /// The program, which is linked with an OpenSSL of its own as a shared library, and its arguments
    #[arg(value_name = "PROGRAM", required = true, last = true)]
    pub program: Vec<OsString>,
}

fn pattern(text: &str) -> Result<glob::Pattern, String> {
    glob::Pattern::new(text).map_err(|error| format!("no pattern: {error}"))
}

/// Says which of these names may have been meant; nothing where none is near.
fn meant<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(name, names).map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

/// Names the one law that is asked, or none for all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneLaw(pub Option<&'static str>);

fn law(name: &str) -> Result<OneLaw, String> {
    if name.is_empty() {
        return Ok(OneLaw(None));
    }
    let names = || Law::ALL.iter().map(|law| law.name).collect::<Vec<_>>().join(", ");
    let meant = || meant(name, Law::ALL.iter().map(|law| law.name));
    let law = Law::of_name(name).ok_or_else(|| format!("no such law{}: there are {}", meant(), names()))?;
    Ok(OneLaw(Some(law.name)))
}

/// How long a finding is reduced.
#[derive(Args, Debug, Clone)]
pub(crate) struct Reducing {
    /// Reduce a finding for no longer than so many seconds; then the smallest program so far is the result
    #[arg(long, value_name = "N", default_value_t = 30.0, value_parser = positive_seconds)]
    pub reduce_seconds: f64,
}

impl Reducing {
    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(self.reduce_seconds)
    }
}

/// The file of accepted differences.
#[derive(Args, Debug)]
pub(crate) struct KnownChoice {
    /// The file of accepted differences, which do not fail; `none` for none [default: known/PORT.toml in the folder of the
    /// cases, if it is there; PORT is openssl, native, planted-NAME or, for a library, lib, tongsuo, boring, wolf or libressl]
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
}

/// A port, as `--port` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortName {
    /// The OpenSSL this executable is linked with.
    OpenSsl,
    /// The native session, compared with the ledger alone.
    Native,
    /// The native session with a planted bug.
    Planted(Bug),
    /// A shared library, which is called as its profile says, where there is one.
    Library(PathBuf, Option<Arc<Profile>>),
}

impl std::str::FromStr for PortName {
    type Err = String;

    fn from_str(name: &str) -> Result<PortName, String> {
        let named = match name.split_once(':') {
            None if name == "openssl" => Some(PortName::OpenSsl),
            None if name == "native" => Some(PortName::Native),
            Some(("lib", path)) if !path.is_empty() => Some(PortName::Library(path.into(), None)),
            Some(("planted", bug)) => Bug::from_name(bug).map(PortName::Planted),
            Some(_) | None => None,
        };
        if named.is_none() && (name.contains('/') || name.contains(".so")) {
            return Err(format!("no such port: a shared library is named with `lib:`, as in lib:{name}"));
        }
        named.ok_or_else(|| {
            let bugs: Vec<String> = Bug::ALL.iter().map(|bug| format!("planted:{}", bug.name())).collect();
            let meant = meant(name, bugs.iter().map(String::as_str).chain(["openssl", "native"]));
            let expected = "there are openssl, native, lib:PATH and planted:NAME (`sessdiff ports` lists the names)";
            format!("no such port{meant}: {expected}")
        })
    }
}

impl PortName {
    /// Tells whether it runs in memory of our choice.
    pub fn takes_memory(&self) -> bool {
        self.is_in_c() && self.library().is_none_or(|path| load::takes_memory(path, self.profile()))
    }

    /// Tells whether it is a library in C, which the probes are in.
    pub fn is_in_c(&self) -> bool {
        match self {
            PortName::OpenSsl | PortName::Library(..) => true,
            PortName::Native | PortName::Planted(_) => false,
        }
    }

    /// Returns what a program in Rust drives.
    pub fn driven(&self) -> Driven<'_> {
        match self {
            PortName::OpenSsl => Driven::Linked,
            PortName::Native => Driven::Native,
            PortName::Planted(bug) => Driven::Planted(bug.name()),
            PortName::Library(path, _) => Driven::Library(path),
        }
    }

    /// Returns its name as a part of a file's name. All libraries of a family have one: it is the release that tells them apart.
    pub fn word(&self) -> String {
        match self {
            PortName::OpenSsl => "openssl".into(),
            PortName::Native => "native".into(),
            PortName::Planted(bug) => format!("planted-{}", bug.name()),
            PortName::Library(path, _) => match self.family() {
                Family::OpenSsl if load::is_tongsuo(path) => "tongsuo".into(),
                Family::OpenSsl => "lib".into(),
                other @ (Family::Boring | Family::Wolf | Family::LibreSsl) => other.name().into(),
            },
        }
    }

    /// Returns the family of the library, as it is guessed without loading it.
    pub fn family(&self) -> Family {
        self.library().map_or(Family::OpenSsl, |path| load::family(path, self.profile()))
    }

    /// Returns the profile of a shared library.
    pub fn profile(&self) -> Option<&Arc<Profile>> {
        match self {
            PortName::Library(_, profile) => profile.as_ref(),
            PortName::OpenSsl | PortName::Native | PortName::Planted(_) => None,
        }
    }

    /// Returns the arguments that choose it.
    pub fn arguments(&self) -> Vec<String> {
        let profile = self.profile().map(|profile| ["--profile".into(), profile.path.display().to_string()]);
        ["--port".into(), self.to_string()].into_iter().chain(profile.into_iter().flatten()).collect()
    }

    /// Returns the file of a shared library.
    pub fn library(&self) -> Option<&Path> {
        match self {
            PortName::Library(path, _) => Some(path),
            PortName::OpenSsl | PortName::Native | PortName::Planted(_) => None,
        }
    }
}

impl std::fmt::Display for PortName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PortName::OpenSsl => f.write_str("openssl"),
            PortName::Native => f.write_str("native"),
            PortName::Planted(bug) => write!(f, "planted:{}", bug.name()),
            PortName::Library(path, _) => write!(f, "lib:{}", path.display()),
        }
    }
}

/// How shared libraries are called.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct ProfileChoice {
    /// How the library lib:PATH is called, where that is not as OpenSSL's or another family's header says (docs/PORTING.md)
    #[arg(long, value_name = "FILE.toml", value_parser = profile_in)]
    profile: Option<Arc<Profile>>,
}

impl ProfileChoice {
    /// Returns the port, with the profile where it is a shared library.
    pub fn of(&self, port: &PortName) -> PortName {
        match port {
            PortName::Library(path, None) => PortName::Library(path.clone(), self.profile.clone()),
            PortName::OpenSsl | PortName::Native | PortName::Planted(_) | PortName::Library(_, Some(_)) => port.clone(),
        }
    }

    /// Gives the shared libraries among the ports the profile.
    ///
    /// # Errors
    /// There is a profile, and no shared library.
    pub fn give<'a>(&self, ports: impl IntoIterator<Item = &'a mut PortName>) -> Result<(), &'static str> {
        let mut given = self.profile.is_none();
        for port in ports {
            *port = self.of(port);
            given |= port.library().is_some();
        }
        if given { Ok(()) } else { Err("--profile says how a port lib:PATH is called, and there is none") }
    }
}

fn profile_in(path: &str) -> Result<Arc<Profile>, ProfileError> {
    profile::read(Path::new(path)).map(Arc::new)
}

/// What programs are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum About {
    /// Everything, in turns
    All,
    /// Sessions alone
    Sessions,
    /// Contexts and what they have cached
    Caches,
    /// Connections and their sessions
    Connections,
    /// Handshakes and what they leave
    Handshakes,
    /// Sessions as bytes
    Stored,
}

/// As `--about` takes it.
impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Every one has a name.
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

impl About {
    pub fn which(self) -> Which {
        match self {
            About::All => Which::All,
            About::Sessions => Which::Sessions,
            About::Caches => Which::Caches,
            About::Connections => Which::Connections,
            About::Handshakes => Which::Handshakes,
            About::Stored => Which::Stored,
        }
    }
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff replay corpus/dup/carries-every-field.ops
  sessdiff replay --trace fuzz/artifacts/lifecycle/crash-1234

Steps, which are calls, and what a program makes are counted from 0.
A digest is a number made of ids, or of what a cache has: it is the same where they are.")]
pub(crate) struct ReplayArgs {
    /// Cases, folders of them, or artifacts of the lifecycle fuzz target; `-` is standard input, here and wherever a case is taken
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub lab: LabChoice,
    #[command(flatten)]
    pub release: ReleaseChoice,
    /// Compare with a native session that does not follow this rule of the release, or custom of the family; `sessdiff rules` lists
    /// the one, `sessdiff ports --port lib:PATH` the other
    #[arg(long, value_name = "RULE")]
    pub without: Option<Unfollowed>,
    /// Run it in a process of its own, with a time limit; a port lib:PATH always is
    #[arg(long)]
    pub isolate: bool,
    /// Show everything both sides did in each step
    #[arg(long)]
    pub trace: bool,
    /// Draw the reference counts over the calls into this file
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,
    /// Replace the file FILE.svg if there is one
    #[arg(long, requires = "svg")]
    pub force: bool,
    /// Print one JSON object a case instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub known: KnownChoice,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff reduce crash-1234 -o small.ops
  sessdiff reduce --port lib:/opt/openssl/lib64/libssl.so.3 found.ops -o small.ops")]
pub(crate) struct ReduceArgs {
    /// A case, or an artifact of the lifecycle fuzz target; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the reduced case is written; without it, to standard output
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
    /// Replace the file OUT if there is one
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Print one JSON object instead of text; the case is in it
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub reducing: Reducing,
    #[command(flatten)]
    pub lab: LabChoice,
    #[command(flatten)]
    pub release: ReleaseChoice,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff import fuzz/artifacts/lifecycle/crash-1234
  sessdiff import --port lib:/opt/openssl/lib64/libssl.so.3 --into findings sessdiff-out/SSL_SESSION_dup.hostname.ops
  sessdiff import --jobs 8 fuzz/artifacts crashes.zip    every file in them, a case for each signature
  sessdiff import --sarif import.sarif fuzz/artifacts

An artifact of libFuzzer, AFL++ or honggfuzz is taken as it is. Of one file, a signature that is in the folder already is an error.
Of folders, archives and several files each signature is a line: how many files have it, which has it first, and its case, new or \
known already. What cannot be read is named, and stops nothing else; README.txt, which AFL++ leaves, and .toml are left out.")]
pub(crate) struct ImportArgs {
    /// Artifacts or cases, folders of them with all folders below, .zip, .tar and .tar.gz; `-` is standard input
    #[arg(value_name = "ARTIFACT", required = true)]
    pub files: Vec<PathBuf>,
    /// Processes that judge and reduce side by side, where there is more than one file
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Write what was found as SARIF, too
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// The folder of the regressions; the case is written there as NNNN-signature.ops
    #[arg(long, value_name = "DIR", default_value = "corpus/regressions")]
    pub into: PathBuf,
    /// How it was found, for the head of the case
    #[arg(long, value_name = "TEXT", default_value = "fuzzing")]
    pub found: String,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub known: KnownChoice,
    #[command(flatten)]
    pub reducing: Reducing,
    #[command(flatten)]
    pub lab: LabChoice,
    #[command(flatten)]
    pub release: ReleaseChoice,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff minimize fuzz/corpus/lifecycle --into small
  sessdiff minimize --jobs 8 kept corpus.zip --into small --port lib:/opt/openssl/lib64/libssl.so.3

What an input reaches is what `run` counts: each call, and each call in each state of the session that it is called on. What stays is \
written as it was found, under its own name. An input that differs is a finding, which does not stay.")]
pub(crate) struct MinimizeArgs {
    /// Folders with all folders below, .zip, .tar and .tar.gz: cases, and fuzzers' inputs
    #[arg(value_name = "FOLDER", required = true)]
    pub folders: Vec<PathBuf>,
    /// Write what stays to this folder, which is to be empty or not there
    #[arg(long, value_name = "FOLDER")]
    pub into: PathBuf,
    /// Processes that run inputs side by side
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// The port that runs them: openssl, native, planted:NAME, lib:PATH
    #[arg(long, value_name = "PORT", default_value = "openssl")]
    pub port: PortName,
    #[command(flatten)]
    pub profile: ProfileChoice,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub limits: Limits,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff bless SSL_SESSION_dup/hostname --reason 'mended in 3.6.4' --link https://example.org/1
  sessdiff bless end/leak --port lib:libssl.so.3 --releases ..3.0.9 --reason 'one block' --link URL

When its time is over, or a case that is kept for it does not show it any more, a run ends with exit code 3.")]
pub(crate) struct BlessArgs {
    /// What is accepted, as a finding names it: SSL_SESSION_dup/hostname
    #[arg(value_name = "SIGNATURE", value_parser = signature)]
    pub signature: Signature,
    /// In which cases of `sessdiff check`, such as `dup/*` [default: in all, and in runs]
    #[arg(long, value_name = "GLOB", value_parser = str::parse::<CaseIds>)]
    pub case: Option<CaseIds>,
    /// Accept what breaks memory, too
    #[arg(long)]
    pub memory_unsafe: bool,
    /// Why it is accepted
    #[arg(long, value_name = "TEXT")]
    pub reason: Words,
    /// Where more of it can be read
    #[arg(long, value_name = "URL")]
    pub link: Words,
    /// The port in which it is accepted: openssl, native, planted:NAME, lib:PATH, which is any library
    #[arg(long, value_name = "PORT", default_value = "openssl")]
    pub port: PortName,
    #[command(flatten)]
    pub profile: ProfileChoice,
    /// The releases for which it is accepted: FROM..BEFORE, FROM.., ..BEFORE or a single one [default: all]
    #[arg(long, value_name = "RELEASES", default_value = "..", hide_default_value = true)]
    pub releases: Releases,
    /// The versions of a library of another family for which it is accepted, such as ..5.9 [default: all]
    #[arg(long, value_name = "VERSIONS", default_value = "..", hide_default_value = true)]
    pub versions: Versions,
    /// The last day on which it is accepted [default: 180 days from today]
    #[arg(long, value_name = "DATE")]
    pub expires: Option<Day>,
    /// The file to add it to [default: corpus/known/PORT.toml]
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff rules
  sessdiff run --as fixed --port lib:/usr/lib/x86_64-linux-gnu/libssl.so.3   which faults does the installed library have?
  sessdiff replay --without dup-drops-hint corpus/rules/dup-drops-hint.ops   what one rule says")]
pub(crate) struct RulesArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print a table
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// A case, or an artifact of the lifecycle fuzz target; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The form
    #[arg(long = "as", value_enum, default_value_t = Form::Ops)]
    pub form: Form,
    /// Print one JSON object instead; the text is in it, bytes in hexadecimal
    #[arg(long)]
    pub json: bool,
    /// Compare with a native session that does not follow this rule of the release, or custom of the family
    #[arg(long, value_name = "RULE")]
    pub without: Option<Unfollowed>,
    #[command(flatten)]
    pub lab: LabChoice,
}

/// A port and how it is driven, for one program.
#[derive(Args, Debug)]
pub(crate) struct LabChoice {
    /// The port to compare with the native session: openssl, native, planted:NAME, lib:PATH
    #[arg(long, value_name = "PORT", default_value = "openssl")]
    pub port: PortName,
    #[command(flatten)]
    pub profile: ProfileChoice,
    /// With or without probes
    #[arg(long, value_enum, default_value_t = OneProbeChoice::All)]
    pub probes: OneProbeChoice,
    /// The memory that the library is given [default: plain, then guarded and poisoned where that agrees]
    #[arg(long, value_enum)]
    pub memory: Option<MemoryChoice>,
    /// Make the calls that are legal C and break the library, too; in a process of its own
    #[arg(long)]
    pub hazards: bool,
    #[command(flatten)]
    pub limits: Limits,
}

impl LabChoice {
    /// Returns the kinds of memory that a program is run with, one after the other.
    pub fn memories(&self) -> Vec<Memory> {
        match (self.memory, self.probes) {
            (Some(MemoryChoice::Plain), _) | (None, OneProbeChoice::None) => vec![Memory::Plain],
            (Some(MemoryChoice::Poisoned), _) => vec![Memory::Poisoned],
            (Some(MemoryChoice::Guarded), _) => vec![Memory::Guarded],
            (None, OneProbeChoice::All) => vec![Memory::Plain, Memory::Guarded, Memory::Poisoned],
        }
    }
}

/// How a native session behaves as a release.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct ReleaseChoice {
    /// What the native session does where the release that is tested differs from others
    #[arg(long = "as", value_enum, default_value_t = FollowingChoice::Released)]
    pub following: FollowingChoice,
}

/// What the native session follows, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FollowingChoice {
    /// What that release does, its faults too, which are named at the end
    Released,
    /// The release without the faults that later ones do not have: these differ, each under its name
    Fixed,
    /// What the manual says, where we know that no release does it: this differs, as class DOC
    Documented,
}

impl FollowingChoice {
    pub fn following(self) -> Following {
        match self {
            FollowingChoice::Released => Following::Released,
            FollowingChoice::Fixed => Following::Fixed,
            FollowingChoice::Documented => Following::Documented,
        }
    }

    /// Says what of a release is expected, behind its name.
    pub fn terms(self) -> &'static str {
        match self {
            FollowingChoice::Released => "",
            FollowingChoice::Fixed => " without the faults that later releases do not have",
            FollowingChoice::Documented => " would be as its manual says",
        }
    }

    /// Returns the flag that chooses it, behind a space, where it is not chosen anyway.
    pub fn flag(self) -> &'static str {
        match self {
            FollowingChoice::Released => "",
            FollowingChoice::Fixed => " --as fixed",
            FollowingChoice::Documented => " --as documented",
        }
    }
}

fn signature(text: &str) -> Result<Signature, String> {
    text.parse().map_err(|error: SignatureError| {
        let near: Vec<String> = Signature::near(text).iter().map(|near| format!("`{near}`")).collect();
        let meant = match &near[..] {
            [] => String::new(),
            [one] => format!(" (did you mean {one}?)"),
            [some @ .., last] => format!(" (did you mean {} or {last}?)", some.join(", ")),
        };
        format!("{error}{meant}")
    })
}

/// Names what the native session does not follow, although the library has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfollowed {
    /// A rule of a release.
    Rule(Rule),
    /// A custom of a family.
    Custom(Custom),
}

impl Unfollowed {
    /// Returns its name, as `--without` takes it.
    pub fn id(self) -> &'static str {
        match self {
            Unfollowed::Rule(rule) => rule.row().id,
            Unfollowed::Custom(custom) => custom.row().id,
        }
    }
}

impl std::str::FromStr for Unfollowed {
    type Err = String;

    fn from_str(id: &str) -> Result<Unfollowed, String> {
        let found = Rule::from_id(id).map(Unfollowed::Rule).or(Custom::from_id(id).map(Unfollowed::Custom));
        let customs = Custom::ALL.iter().map(|custom| custom.row().id);
        let ids = Rule::ALL.iter().map(|rule| rule.row().id).chain(customs);
        found.ok_or_else(|| {
            let lists = "`sessdiff rules` and `sessdiff ports --port lib:PATH` list them";
            format!("no such rule or custom{}; {lists}", meant(id, ids))
        })
    }
}

/// What a port in a process of its own may take.
#[derive(Args, Debug, Clone)]
pub(crate) struct Limits {
    /// Seconds a call may take in a process of its own, with what is observed after it
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.time_limit, value_parser = time_limit)]
    pub time_limit: f64,
    /// MiB of writable memory such a process may have
    #[arg(long, value_name = "MIB", default_value_t = Limits::DEFAULT.memory_limit, value_parser = clap::value_parser!(u32).range(256..))]
    pub memory_limit: u32,
}

impl Limits {
    /// Those of the command line where nothing is said.
    pub const DEFAULT: Limits = Limits { time_limit: 5.0, memory_limit: 2048 };
}

#[derive(Args, Debug)]
pub(crate) struct HostArgs {
    #[arg(long)]
    pub port: PortName,
    #[command(flatten)]
    pub profile: ProfileChoice,
    #[arg(long, value_enum)]
    pub probes: OneProbeChoice,
    #[command(flatten)]
    pub limits: Limits,
    /// Make no call before the first program
    #[arg(long)]
    pub cold: bool,
    /// The word that shows the step to the parent
    pub step: PathBuf,
}

/// The kinds of memory by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MemoryChoice {
    /// The system's, counted.
    Plain,
    /// Freed blocks are overwritten and kept.
    Poisoned,
    /// Blocks end at, and become when freed, inaccessible pages.
    Guarded,
}

/// How many of so many programs get each kind of memory, in the order of [`Memory::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares([u32; 3]);

impl Shares {
    /// All of them plain.
    pub const PLAIN: Shares = Shares([1, 0, 0]);
    /// Gives the shares of a run that was told none.
    pub const DEFAULT: Shares = Shares([29, 2, 1]);

    /// Tells whether any program gets this kind of memory.
    pub fn has(self, memory: Memory) -> bool {
        self.0[memory as usize] > 0
    }

    /// Returns the kind of memory that the program of this number gets.
    pub fn of(self, number: u64) -> Memory {
        let all: u32 = self.0.iter().sum();
        let mut at = (number % u64::from(all)) as u32;
        for (share, memory) in self.0.into_iter().zip(Memory::ALL) {
            match at.checked_sub(share) {
                Some(rest) => at = rest,
                None => return memory,
            }
        }
        Memory::Plain
    }
}

impl std::fmt::Display for Shares {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shares = Memory::ALL.iter().zip(self.0).map(|(memory, share)| format!("{}={share}", memory.name()));
        f.write_str(&shares.collect::<Vec<_>>().join(","))
    }
}

impl std::str::FromStr for Shares {
    type Err = String;

    fn from_str(text: &str) -> Result<Shares, String> {
        let expected = "expected shares such as plain=29,poisoned=2,guarded=1";
        let mut shares = [0; 3];
        for part in text.split(',') {
            let (name, share) = part.split_once('=').ok_or(expected)?;
            let at = Memory::ALL.iter().position(|memory| memory.name() == name).ok_or(expected)?;
            shares[at] = share.parse::<u16>().map_err(|_| expected)?.into();
        }
        if shares == [0; 3] { Err("at least one share must not be 0".into()) } else { Ok(Shares(shares)) }
    }
}

#[derive(Args, Debug)]
pub(crate) struct OpsArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PortsArgs {
    /// Say of this port alone what it is and what it lacks: lib:PATH, too
    #[arg(long, value_name = "PORT")]
    pub port: Option<PortName>,
    #[command(flatten)]
    pub profile: ProfileChoice,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff doctor
  sessdiff doctor fuzz/target/x86_64-unknown-linux-gnu/release/lifecycle")]
pub(crate) struct DoctorArgs {
    /// Fuzz binaries: is the libssl in them instrumented?
    #[arg(value_name = "BINARY")]
    pub binaries: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff completions bash >~/.local/share/bash-completion/completions/sessdiff
  sessdiff completions fish >~/.config/fish/completions/sessdiff.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  sessdiff manual | man -l -
  sessdiff manual --into ~/.local/share/man/man1")]
pub(crate) struct ManualArgs {
    /// Write the page of the program and one for each command to this folder, in the place of those that are there
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
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
    /// A C program that needs nothing but the library: exit code 1 where the fault is present.
    C,
    /// A Rust test that uses this crate.
    Rust,
    /// A picture of the reference counts over the calls.
    Svg,
}

impl Form {
    /// Returns its name, as `--as` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Form::Ops => "ops",
            Form::Wire => "wire",
            Form::C => "c",
            Form::Rust => "rust",
            Form::Svg => "svg",
        }
    }
}

impl OneProbeChoice {
    pub fn probes(self) -> Probes {
        match self {
            OneProbeChoice::All => Probes::ALL,
            OneProbeChoice::None => Probes::NONE,
        }
    }
}

fn time_limit(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0.01 to 3600".into()),
    }
}

fn positive_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e9 => Ok(seconds),
        _ => Err("a number of seconds above 0".into()),
    }
}

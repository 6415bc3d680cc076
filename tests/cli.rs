//! The command line as its users meet it: the executable is run, and its exit code and what it prints on which stream are
//! checked. Each command runs in a working folder of its own.
#![cfg(feature = "cli")]

#[path = "cli/check.rs"]
mod check;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/completions.rs"]
mod completions;
#[path = "cli/families.rs"]
mod families;
#[path = "cli/finding.rs"]
mod finding;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/json.rs"]
mod json;
#[path = "cli/known.rs"]
mod known;
#[path = "laws/broken_by.rs"]
mod laws;
#[path = "cli/library.rs"]
mod library;
#[path = "cli/minimize.rs"]
mod minimize;
#[path = "cli/ops.rs"]
mod ops;
#[path = "cli/page.rs"]
mod page;
#[path = "cli/ports.rs"]
mod ports;
#[path = "cli/profiles.rs"]
mod profiles;
#[path = "cli/record.rs"]
mod record;
#[path = "cli/replay.rs"]
mod replay;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/show.rs"]
mod show;
#[path = "cli/streams.rs"]
mod streams;
#[path = "cli/usage.rs"]
mod usage;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fmt, fs};

use sessdiff::program::Case;
use tempfile::TempDir;

/// The committed cases.
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");

/// How the first line of a run begins.
const FIRST: &str = concat!("sessdiff ", env!("CARGO_PKG_VERSION"), ": ");

/// A program in which every call is made, and everything is given back.
const PROGRAM: &str = "\
#! sessdiff 1
s0 = SSL_SESSION_new()
SSL_SESSION_set1_hostname(s0, \"example.org\")
s1 = SSL_SESSION_dup(s0)
SSL_SESSION_up_ref(s1)
SSL_SESSION_get0_hostname(s1)
SSL_SESSION_free(s1)
SSL_SESSION_free(s1)
SSL_SESSION_free(s0)
";

/// How a command ended and what it printed.
struct Ran {
    /// What was run.
    line: String,
    code: Option<i32>,
    stdout: String,
    /// Standard error, but for the first line of each port in a run with `--json`, which is always there.
    stderr: String,
    /// Standard output as it is.
    bytes: Vec<u8>,
}

/// As a terminal would show it.
impl fmt::Debug for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ran { line, code, stdout, stderr, .. } = self;
        write!(f, "$ {line}\nexit code {code:?}, standard output:\n{stdout}\nstandard error:\n{stderr}")
    }
}

impl Ran {
    /// Neither stream of a test is a terminal, so nothing may be coloured, moved or drawn.
    #[track_caller]
    fn new(line: &str, output: Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, mut stderr) = (text(&output.stdout), text(&output.stderr));
        stderr = stderr.split_inclusive('\n').filter(|line| !line.starts_with(FIRST)).collect();
        let ran = Ran { line: line.into(), code: output.status.code(), stdout, stderr, bytes: output.stdout };
        assert!(!ran.stdout.contains("\x1b[") && !ran.stderr.contains("\x1b["), "escape codes: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }

    #[track_caller]
    fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Nothing to complain about.
    #[track_caller]
    fn quietly(self) -> Ran {
        assert_eq!(self.stderr, "", "{self:?}");
        self
    }

    /// No result, and one line of complaint that says `what`.
    #[track_caller]
    fn refuses(self, what: &str) -> Ran {
        let ran = self.exits(64).complains(what);
        assert_eq!(ran.stdout, "", "{ran:?}");
        ran
    }

    /// One line of complaint that says `what`; a place in a text is shown below it, indented.
    #[track_caller]
    fn complains(self, what: &str) -> Ran {
        assert_eq!(self.stderr.lines().filter(|line| !line.starts_with("    ")).count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("error: ") && self.stderr.contains(what), "no `{what}`: {self:?}");
        self
    }

    /// Standard output has this in it.
    #[track_caller]
    fn shows(self, what: &str) -> Ran {
        assert!(self.stdout.contains(what), "no `{what}`: {self:?}");
        self
    }

    /// The last line of standard output that is not empty.
    #[track_caller]
    fn last(&self) -> &str {
        self.stdout.trim_end().lines().next_back().unwrap_or_else(|| panic!("nothing printed: {self:?}"))
    }
}

/// A working folder of its own, gone at the end.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    /// With one file in it.
    fn with(name: &str, content: impl AsRef<[u8]>) -> Folder {
        let folder = Folder::new();
        folder.write(name, content);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().expect("a file in a folder")).expect("a folder");
        fs::write(self.path(name), content).expect("a writable file");
    }

    #[track_caller]
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of what is in a folder, in order.
    #[track_caller]
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// `program` as it is run in this folder, whatever the surroundings say of colours and widths.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the executable here.
    #[track_caller]
    fn sessdiff(&self, args: &[&str]) -> Ran {
        let output = self.command(env!("CARGO_BIN_EXE_sessdiff")).args(args).output();
        Ran::new(&format!("sessdiff {}", args.join(" ")), output.expect("the executable"))
    }

    /// Runs a line of shell here, in which `sessdiff` is the executable.
    #[track_caller]
    fn sh(&self, line: &str) -> Ran {
        let script = format!("sessdiff() {{ \"$SESSDIFF\" \"$@\"; }}\n{line}");
        let mut command = self.command("sh");
        command.args(["-c", &script]).env("SESSDIFF", env!("CARGO_BIN_EXE_sessdiff"));
        Ran::new(line, command.output().expect("a shell"))
    }
}

/// Runs the executable in an empty folder.
#[track_caller]
fn sessdiff(args: &[&str]) -> Ran {
    Folder::new().sessdiff(args)
}

/// The committed cases, by path.
fn corpus() -> Vec<PathBuf> {
    // What breaks the library is replayed where that is asked for.
    let mut cases = Case::list(Path::new(CORPUS)).expect("the corpus");
    cases.retain(|path| !path.components().any(|part| part.as_os_str() == "hazards"));
    assert!(!cases.is_empty(), "no cases in {CORPUS}");
    cases
}

/// As many arguments as it takes to name these files.
fn text_of(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.to_str().expect("a path in UTF-8")).collect()
}

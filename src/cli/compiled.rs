//! Compiles the C program of a finding with the library that was tested, and runs it, before it is offered to anybody.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};

use super::args::PortName;
use super::emitted::release;
use super::exit::Exit;
use super::finding::Finding;
use super::lab::Lab;
use super::{interrupt, output};
use crate::port::Identity;
use crate::port::c::load;
use crate::program::Case;
use crate::report::{self, Versions};

/// How long all of it may take, in seconds: the help of `run` says so too.
pub(super) const TRYING: Duration = Duration::from_secs(30);
/// How long the program may take. One that watches memory gives its calls three seconds.
const RUNNING: Duration = Duration::from_secs(6);
/// Holds the time between two looks at whether a process has ended.
const TURN: Duration = Duration::from_millis(5);
/// Limits the memory that the program may have, bytes.
const MEMORY: u64 = 2 << 30;
/// Links a library that has the address sanitizer.
const SANITIZED: &str = "-fsanitize=address";
/// Limits what is kept of what a process prints, bytes.
const PRINTED: usize = 1 << 16;
/// The most lines that are shown of it.
const LINES: usize = 4;
/// The most letters of a line that are shown.
const LONGEST: usize = 160;

/// A C program with the library that was tested.
pub(super) struct Compiled {
    link: Link,
    outcome: Outcome,
    /// Says whether the port is a library in C, which can have the fault.
    is_in_c: bool,
}

/// How a C program is linked: what the compiler is given besides the file.
struct Link {
    words: Vec<OsString>,
    /// Says where the loader is told to look for the library; `None`: it finds it by itself.
    folder: Option<PathBuf>,
}

/// What came of a C program.
enum Outcome {
    /// It ended.
    Ran { status: ExitStatus, said: String },
    /// It did not.
    Late,
    /// The compiler said this.
    Refused(String),
    /// There is no compiler, or no place for what it makes.
    NotTried(io::Error),
}

impl Compiled {
    /// Compiles and runs a program with the library of a port, for no longer than this.
    pub fn new(port: &PortName, c: &str, limit: Duration) -> Compiled {
        let (mut tried, is_in_c) = (Vec::new(), port.is_in_c());
        let until = Instant::now() + limit;
        for mut link in links(port) {
            let outcome = try_out(&mut link, c, until).unwrap_or_else(Outcome::NotTried);
            if let Outcome::Ran { .. } | Outcome::Late | Outcome::NotTried(_) = outcome {
                return Compiled { link, outcome, is_in_c };
            }
            tried.push(Compiled { link, outcome, is_in_c });
        }
        // There is always one way; where none is right, the first is what most people have.
        tried.swap_remove(0)
    }

    /// Tells whether the program ended and showed nothing, although the library can have the fault.
    pub fn hides(&self) -> bool {
        self.is_in_c && self.code() == Some(0)
    }

    /// Tells whether the program shows the fault.
    pub fn shows(&self) -> bool {
        self.code() == Some(1)
    }

    /// Returns the code that the program ended with; `None`: it did not, or by a signal.
    fn code(&self) -> Option<i32> {
        match &self.outcome {
            Outcome::Ran { status, .. } => status.code(),
            Outcome::Late | Outcome::Refused(_) | Outcome::NotTried(_) => None,
        }
    }

    /// Makes the object of a finding that was reduced, and written to the file `path`, if to one.
    pub fn object(
        &self,
        lab: &Lab,
        found: &Finding,
        identity: &Identity,
        path: &str,
        case: &Case,
    ) -> serde_json::Value {
        let flags = lab.flags(found.look.memory);
        let mut commands = vec![("C says", self.to_string())];
        if !path.is_empty() {
            commands.insert(0, ("replay", format!("sessdiff replay{flags} {}", output::quoted(path))));
        }
        let release = release(lab);
        let versions = Versions { release: &release, library: &identity.version, file: &identity.file };
        serde_json::json!({
            "case": path,
            "calls_before": case.program.ops.len(),
            "finding": report::finding(&found.program, &found.diverged, &commands, versions),
            "exit": Exit::Expected as u8,
        })
    }

    /// Says the same of a program that ends with 0 where a library does what the port did.
    pub fn repeating(&self) -> String {
        self.spelled(|code| match (code, self.is_in_c) {
            (0, _) => "exit 0".into(),
            (1, false) => "exit 1: no library has what is planted".into(),
            (code, _) => format!("exit {code}: it did something else"),
        })
    }

    /// Says what the program printed last, and how it ended.
    fn spelled(&self, ended: impl FnOnce(i32) -> String) -> String {
        match &self.outcome {
            Outcome::Ran { status, said } => {
                let end = match (status.code(), status.signal()) {
                    (Some(code), _) => ended(code),
                    (None, Some(signal)) => format!("ended by signal {signal}"),
                    (None, None) => status.to_string(),
                };
                format!("{said:?}, {end}")
            }
            Outcome::Late => format!("nothing within {} seconds: it does not end", RUNNING.as_secs()),
            Outcome::Refused(why) => format!("nothing, it was not compiled: {why}"),
            Outcome::NotTried(why) => format!("nothing, it was not tried: {why}"),
        }
    }

    /// Returns the command that compiles and runs the program in this file.
    pub fn command(&self, file: &Path) -> String {
        let words: String = self.link.words.iter().map(|word| format!(" {}", output::quoted(word.display()))).collect();
        let search = self.link.folder.as_ref().map(|folder| {
            let folder = output::quoted(folder.display());
            format!("LD_LIBRARY_PATH={folder} ")
        });
        format!("cc {}{words} && {}./a.out", output::quoted(file.display()), search.unwrap_or_default())
    }
}

/// Says what the program printed last, how it ended, and whether that shows the difference.
impl fmt::Display for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(|code| match (code, self.is_in_c) {
            (1, _) => "exit 1".into(),
            (0, false) => "exit 0: no library has what is planted".into(),
            (code, _) => format!("exit {code}: it does not show the difference"),
        }))
    }
}

/// Lists the ways to link a program with the library of a port, the plainest first.
fn links(port: &PortName) -> Vec<Link> {
    let own = built();
    let include = own.as_ref().map(|root| ["-I".into(), root.join("include").into_os_string()]);
    let Some(path) = port.library() else {
        // What is no library of its own is compared with a model of the one that is linked.
        let archives = own.as_ref().and_then(|root| archives(root));
        let words = match (include, archives) {
            (Some(include), Some(archives)) => {
                let libraries = ["-lpthread", "-ldl"].map(OsString::from);
                include.into_iter().chain(archives.map(PathBuf::into_os_string)).chain(libraries).collect()
            }
            (None, _) | (_, None) => ["-lssl", "-lcrypto"].map(OsString::from).into(),
        };
        return vec![Link { words, folder: None }];
    };
    // Without a folder before it, a name that the library does not have itself would be looked for in those of the loader.
    let beside = Path::new(".").join(path);
    let path = if path.parent() == Some(Path::new("")) { &*beside } else { path };
    let mut words: Vec<OsString> = vec![path.into()];
    words.extend(load::crypto_beside(path).map(PathBuf::into_os_string));
    if load::needed(path).iter().any(|name| name.starts_with("libasan.so")) {
        words.push(SANITIZED.into());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let link = |words| Link { words, folder: Some(folder.into()) };
    // Its own headers are of its release; those that the compiler finds may not be there, or lack a function.
    let headers = headers_of(folder).map(|root| ["-I".into(), root.into_os_string()]).into_iter();
    let with = |headers: [OsString; 2]| link(headers.into_iter().chain(words.clone()).collect());
    let mut links: Vec<Link> = headers.map(with).collect();
    links.push(link(words.clone()));
    links.extend(include.map(with));
    links
}

/// Returns the folder of the headers that belong to a library in this folder: beside it, as in a tree that was built, or beside its
/// folder, as where it was installed.
fn headers_of(folder: &Path) -> Option<PathBuf> {
    // The folder above `.` has no shorter name.
    let above = folder.file_name().and(folder.parent()).map_or_else(|| folder.join(".."), Path::to_path_buf);
    let all = [folder, &above].map(|root| root.join("include"));
    all.into_iter().find(|root| root.join("openssl/ssl.h").is_file())
}

/// Returns the folder of the OpenSSL that cargo built and this program is linked with; `None`: it is an installed one, or the
/// folder is gone.
fn built() -> Option<PathBuf> {
    let root = Path::new(env!("SESSDIFF_OPENSSL_ROOT"));
    root.join("include/openssl/ssl.h").is_file().then(|| root.into())
}

fn archives(root: &Path) -> Option<[PathBuf; 2]> {
    let folder = ["lib", "lib64"].map(|lib| root.join(lib)).into_iter().find(|lib| lib.join("libssl.a").is_file())?;
    Some(["libssl.a", "libcrypto.a"].map(|name| folder.join(name)))
}

/// Compiles and runs a program until then, and notes whether the loader has to be told where the library is.
fn try_out(link: &mut Link, c: &str, until: Instant) -> io::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("finding.c"), c)?;
    let mut compiler = Command::new("cc");
    let words = link.words.iter().map(|word| absolute(word));
    compiler.arg("finding.c").args(words).args(["-o", "finding"]).current_dir(folder.path());
    // What it prints is read: it is to be in one language.
    compiler.env("LC_ALL", "C");
    let (status, printed) = end_of(compiler, until.saturating_duration_since(Instant::now()), None)?;
    if status.is_none_or(|status| !status.success()) {
        return Ok(Outcome::Refused(refusal(&printed)));
    }
    let program = |search: &Option<PathBuf>| {
        let mut program = Command::new(folder.path().join("finding"));
        program.current_dir(folder.path());
        if let Some(search) = search {
            program.env("LD_LIBRARY_PATH", absolute(search.as_os_str()));
        }
        program
    };
    // The address sanitizer's own is far more.
    let memory = (!link.words.iter().any(|word| word == SANITIZED)).then_some(MEMORY);
    if link.folder.is_some() {
        let found = loaded(program(&None), memory)?;
        if !found.is_empty() && found == loaded(program(&link.folder), memory)? {
            link.folder = None;
        }
    }
    let limit = RUNNING.min(until.saturating_duration_since(Instant::now()));
    let (status, printed) = end_of(program(&link.folder), limit, memory)?;
    // The first line says on what it runs.
    let lines: Vec<&str> = printed.lines().skip(1).collect();
    let said: Vec<String> = lines[lines.len().saturating_sub(LINES)..].iter().map(|line| shortened(line)).collect();
    Ok(status.map_or(Outcome::Late, |status| Outcome::Ran { status, said: said.join(", ") }))
}

/// Lists the libraries that the loader finds for a program, which does not run; empty where it does not say, as ld.so(8) does.
fn loaded(mut program: Command, memory: Option<u64>) -> io::Result<Vec<String>> {
    program.env("LD_TRACE_LOADED_OBJECTS", "1");
    let (_, printed) = end_of(program, RUNNING, memory)?;
    // Behind each is the address where it lies this time.
    Ok(printed.lines().map(|line| line.split(" (0x").next().unwrap_or_default().to_string()).collect())
}

/// Returns a path from everywhere; what is no path here stays what it is.
fn absolute(word: &std::ffi::OsStr) -> OsString {
    std::fs::canonicalize(word).map_or_else(|_| word.into(), PathBuf::into_os_string)
}

/// Runs a process in a group of its own, which is killed when its time is up. Returns how it ended, `None` if it did not, and
/// what it printed.
fn end_of(mut command: Command, limit: Duration, memory: Option<u64>) -> io::Result<(Option<ExitStatus>, String)> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).process_group(0);
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error: io::Error| io::Error::new(error.kind(), format!("{program}: {error}"));
    let mut child = command.spawn().map_err(failed)?;
    // The ends for writing are the child's alone from here on.
    drop(command);
    let group = Pid::from_child(&child);
    if let Some(memory) = memory {
        let most = Rlimit { current: Some(memory), maximum: Some(memory) };
        // One that has ended already needs no limit.
        prlimit(Some(group), Resource::As, most).map(drop).unwrap_or(());
    }
    let printer = std::thread::spawn(move || read(reader));
    let started = Instant::now();
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if started.elapsed() > limit {
            break None;
        }
        if interrupt::came() {
            kill_process_group(group, Signal::KILL).unwrap_or(());
            child.wait()?;
            return Err(io::Error::other("interrupted"));
        }
        std::thread::sleep(TURN);
    };
    // What it started may live on and hold the pipe; a group that is gone is no error.
    kill_process_group(group, Signal::KILL).unwrap_or(());
    child.wait()?;
    let printed = printer.join().unwrap_or_default();
    Ok((ended, String::from_utf8_lossy(&printed).into_owned()))
}

/// Reads all of a pipe, and keeps the beginning.
fn read(mut pipe: impl Read) -> Vec<u8> {
    let (mut kept, mut room) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = pipe.read(&mut room) {
        let free = PRINTED - kept.len();
        kept.extend_from_slice(&room[..read.min(free)]);
    }
    kept
}

/// Says why a program was not compiled, from what the compiler and the linker printed: which functions the library lacks, or the first
/// error.
fn refusal(printed: &str) -> String {
    let mut lacks: Vec<&str> = Vec::new();
    for name in printed.lines().filter_map(undefined) {
        if !lacks.contains(&name) {
            lacks.push(name);
        }
    }
    if !lacks.is_empty() {
        return shortened(&format!("the library lacks {}", lacks.join(", ")));
    }
    let error = printed.lines().find(|line| line.contains("error")).or(printed.lines().next_back());
    error.map_or("the compiler does not end".into(), shortened)
}

/// Returns the name that a line of a linker says is not defined, as GNU's or LLVM's spells it.
fn undefined(line: &str) -> Option<&str> {
    let (_, name) = line.split_once("undefined reference to `").or_else(|| line.split_once("undefined symbol: "))?;
    name.split(['\'', ' ']).next()
}

/// Makes one line short, with single spaces.
fn shortened(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_library_lacks_is_named() {
        let gnu = "/usr/bin/ld: /tmp/cc1.o: in function `calls':\na.c:(.text+0x1): undefined reference to `SSL_SESSION_a'\n\
                   a.c:(.text+0x9): undefined reference to `SSL_SESSION_b'\na.c:(.text+0x10): undefined reference to \
                   `SSL_SESSION_a'\ncollect2: error: ld returned 1 exit status\n";
        assert_eq!(refusal(gnu), "the library lacks SSL_SESSION_a, SSL_SESSION_b");
        let llvm = "ld.lld: error: undefined symbol: SSL_SESSION_a\n>>> referenced by a.c\nclang: error: linker command failed\n";
        assert_eq!(refusal(llvm), "the library lacks SSL_SESSION_a");
        let other = "a.c: In function 'calls':\na.c:1:1: error: too few  arguments\na.c:2:1: error: no\n";
        assert_eq!(refusal(other), "a.c:1:1: error: too few arguments");
        assert_eq!(refusal(""), "the compiler does not end");
    }

    #[test]
    fn headers_are_beside_the_library_or_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let [built, installed] = ["built", "prefix/lib64"].map(|place| folder.path().join(place));
        assert_eq!(headers_of(&installed), None);
        for root in [&built, &folder.path().join("prefix")] {
            std::fs::create_dir_all(root.join("include/openssl")).expect("a folder");
            std::fs::write(root.join("include/openssl/ssl.h"), "").expect("a file");
        }
        std::fs::create_dir_all(installed.join("below")).expect("a folder");
        assert_eq!(headers_of(&built), Some(built.join("include")));
        assert_eq!(headers_of(&installed), Some(folder.path().join("prefix/include")));
        // As of `.`, it is not said what is above.
        let unnamed = installed.join("below/..");
        assert_eq!(headers_of(&unnamed), Some(unnamed.join("../include")));
    }
}

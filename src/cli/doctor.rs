//! `sessdiff doctor`: is this build able to find anything?

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use object::{Object, ObjectSymbol};

use super::args::DoctorArgs;
use super::exit::Exit;
use super::output;
use crate::fuzz::{Area, Table};
use crate::port::c::{CPort, Clocking, Probes};

/// Functions of libssl that a fuzzer must see into.
const MUST_BE_INSTRUMENTED: [&str; 4] =
    ["SSL_SESSION_new", "SSL_SESSION_dup", "SSL_SESSION_free", "SSL_SESSION_set1_id"];

/// How the names of OpenSSL's libraries begin.
const LIBRARIES: [&str; 2] = ["libssl", "libcrypto"];

pub(super) fn doctor(args: &DoctorArgs) -> Result<Exit, Exit> {
    let port = CPort::linked(Probes::ALL).map_err(|error| {
        output::error(error);
        Exit::NotLoaded
    })?;
    let mut exit = linked(&port);
    for binary in &args.binaries {
        exit = exit.worst(match instrumented(binary) {
            Ok(finding) => finding.show(binary),
            Err(error) => output::usage(format_args!("{}: {error}", binary.display())),
        });
    }
    if args.json {
        let checks = std::mem::take(&mut *CHECKS.lock().unwrap_or_else(PoisonError::into_inner));
        output::object(&serde_json::json!({ "checks": checks, "exit": exit as u8 }));
    }
    Ok(exit)
}

/// Lists what was checked, where objects are printed.
static CHECKS: Mutex<Vec<serde_json::Value>> = Mutex::new(Vec::new());

/// Prints a line that says whether something is as it should be.
fn check(good: bool, text: &str) -> Exit {
    if output::is_of_objects() {
        let check = serde_json::json!({ "ok": good, "says": text });
        CHECKS.lock().unwrap_or_else(PoisonError::into_inner).push(check);
        return if good { Exit::Expected } else { Exit::Inconclusive };
    }
    let word = if good { output::green("ok") } else { output::red("NO") };
    output::result(format_args!("{word}  {text}"));
    if good { Exit::Expected } else { Exit::Inconclusive }
}

fn linked(port: &CPort) -> Exit {
    let library = port.library();
    let mut exit = check(true, &format!("library: {}", library.identity));
    let mut also = |good, text: &str| exit = exit.worst(check(good, text));
    also(true, &format!("the native session behaves as OpenSSL {}", library.release));
    match library.count_offset {
        Some(offset) => also(true, &format!("count probe: the reference count is at offset {offset} of a session")),
        None => also(false, "count probe: no single word of a session follows its references"),
    }
    also(library.probes.ex_data, "death probe: ex_data callbacks are registered");
    also(library.probes.memory, "memory probe: the library allocates through the harness");
    let ours = library.clocking == Clocking::Ours;
    also(
        ours,
        if ours {
            "clock probe: the library reads the harness's clock"
        } else {
            "clock probe: the library does not read the harness's clock; times of new sessions are set"
        },
    );
    match libraries_loaded() {
        Ok(files) => {
            let text = if files.is_empty() {
                "one OpenSSL: linked statically, none loaded beside it".to_string()
            } else {
                format!("shared libraries loaded: {}", files.join(", "))
            };
            let once = |name: &str| files.iter().filter(|file| is_of(file, name)).count() <= 1;
            also(LIBRARIES.into_iter().all(once), &text);
        }
        Err(error) => also(false, &format!("one OpenSSL: /proc/self/maps: {error}")),
    }
    exit
}

/// Finds the OpenSSL libraries that are mapped into this process.
fn libraries_loaded() -> std::io::Result<Vec<String>> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let files = maps.lines().filter_map(|line| line.find('/').map(|at| line[at..].to_string()));
    let mut files: Vec<_> = files.filter(|file| LIBRARIES.iter().any(|name| is_of(file, name))).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Tells whether the name of a file begins so.
fn is_of(file: &str, name: &str) -> bool {
    file.rsplit('/').next().is_some_and(|file| file.starts_with(name))
}

/// Says how a binary is instrumented.
struct Instrumentation {
    table: Table,
    /// `__asan_init` is there.
    asan: bool,
}

impl Instrumentation {
    fn show(&self, binary: &Path) -> Exit {
        let file = binary.display();
        let table = &self.table;
        let count = |areas: &[Area]| table.of(areas).iter().map(ExactSizeIterator::len).sum::<usize>();
        let mut exit = check(table.counters() > 0, &format!("{file}: {} coverage counters", table.counters()));
        let mut also = |good, text: String| exit = exit.worst(check(good, &format!("{file}: {text}")));
        let missing: Vec<_> = MUST_BE_INSTRUMENTED.into_iter().filter(|name| !table.has(name)).collect();
        let text = if missing.is_empty() {
            format!("libssl is instrumented: {} are in its table of covered code", MUST_BE_INSTRUMENTED.join(", "))
        } else {
            format!("libssl is NOT instrumented: {} are not in its table of covered code", missing.join(", "))
        };
        also(missing.is_empty(), text);
        let (library, native) = (count(&[Area::Library]), count(&[Area::Native]));
        also(native > 0, format!("the native session is {}instrumented", if native > 0 { "" } else { "NOT " }));
        also(
            library > 0,
            if table.chooses() {
                format!("{library} counters of C code and {native} of the native session guide the fuzzer")
            } else {
                "all counters guide the fuzzer".to_string()
            },
        );
        also(self.asan, "address sanitizer".to_string());
        exit
    }
}

/// Says why a binary cannot be asked.
#[derive(Debug, thiserror::Error)]
enum BinaryError {
    #[error(transparent)]
    Unreadable(#[from] std::io::Error),
    #[error("not an executable: {0}")]
    NotObject(#[from] object::Error),
}

/// Reads the compiler's own table, and whether the sanitizer's runtime is there.
fn instrumented(binary: &Path) -> Result<Instrumentation, BinaryError> {
    let data = std::fs::read(binary)?;
    let file = object::File::parse(&*data)?;
    let asan = file.symbols().any(|symbol| symbol.name() == Ok("__asan_init"));
    Ok(Instrumentation { table: Table::read(&*data)?, asan })
}

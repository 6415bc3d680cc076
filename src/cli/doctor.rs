//! `sessdiff doctor`: is this build able to find anything?

use std::path::{Path, PathBuf};

use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget};

use super::args::DoctorArgs;
use super::{Exit, output};
use crate::port::c::{CPort, Clocking, Probes};

/// Functions of libssl that a fuzzer must see into.
const MUST_BE_INSTRUMENTED: [&str; 4] =
    ["SSL_SESSION_new", "SSL_SESSION_dup", "SSL_SESSION_free", "SSL_SESSION_set1_id"];

pub(super) fn doctor(args: &DoctorArgs) -> Exit {
    let mut exit = match CPort::linked(Probes::ALL) {
        Ok(port) => linked(&port),
        Err(error) => {
            output::error(error);
            return Exit::NotLoaded;
        }
    };
    for binary in &args.binaries {
        exit = exit.worst(match instrumented(binary) {
            Ok(finding) => finding.show(binary),
            Err(error) => {
                output::error(format_args!("{}: {error}", binary.display()));
                Exit::Usage
            }
        });
    }
    exit
}

/// One line; whether it is as it should be.
fn check(good: bool, text: &str) -> Exit {
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
            let statically = files.is_empty();
            let text = if statically {
                "one OpenSSL: linked statically, none loaded beside it".to_string()
            } else {
                format!(
                    "shared libraries loaded: {}",
                    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
                )
            };
            let names = |name: &str| {
                files
                    .iter()
                    .filter(|file| file.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)))
                    .count()
            };
            also(names("libssl") <= 1 && names("libcrypto") <= 1, &text);
        }
        Err(error) => also(false, &format!("one OpenSSL: /proc/self/maps: {error}")),
    }
    exit
}

/// The OpenSSL libraries mapped into this process.
fn libraries_loaded() -> std::io::Result<Vec<PathBuf>> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let files = maps.lines().filter_map(|line| line.split_once('/').map(|(_, path)| PathBuf::from(format!("/{path}"))));
    let is_openssl = |file: &PathBuf| {
        file.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with("libssl") || name.starts_with("libcrypto")
        })
    };
    let mut files: Vec<_> = files.filter(is_openssl).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// What a binary says of its own instrumentation.
struct Instrumentation {
    /// Coverage counters: `__sancov_cntrs`, one byte each.
    counters: u64,
    /// The functions that are not in the table of instrumented code.
    missing: Vec<&'static str>,
    /// `__asan_init` is there.
    asan: bool,
}

impl Instrumentation {
    fn show(&self, binary: &Path) -> Exit {
        let file = binary.display();
        let mut exit = check(self.counters > 0, &format!("{file}: {} coverage counters", self.counters));
        let text = if self.missing.is_empty() {
            format!(
                "{file}: libssl is instrumented: {} are in its table of covered code",
                MUST_BE_INSTRUMENTED.join(", ")
            )
        } else {
            format!(
                "{file}: libssl is NOT instrumented: {} are not in its table of covered code",
                self.missing.join(", ")
            )
        };
        exit = exit.worst(check(self.missing.is_empty(), &text));
        exit.worst(check(self.asan, &format!("{file}: address sanitizer")))
    }
}

/// Why a binary says nothing.
#[derive(Debug, thiserror::Error)]
enum BinaryError {
    #[error(transparent)]
    Unreadable(#[from] std::io::Error),
    #[error("not an executable: {0}")]
    NotObject(#[from] object::Error),
}

/// Reads the compiler's own table: `__sancov_pcs` holds an address and a flag for each covered place, 1 for the entry of a
/// function. In a position-independent executable the addresses are relocations.
fn instrumented(binary: &Path) -> Result<Instrumentation, BinaryError> {
    let data = std::fs::read(binary)?;
    let file = object::File::parse(&*data)?;
    let counters = file.section_by_name("__sancov_cntrs").map_or(0, |section| section.size());
    let mut covered = std::collections::HashSet::new();
    if let Some(section) = file.section_by_name("__sancov_pcs") {
        let range = section.address()..section.address() + section.size();
        for word in section.data()?.as_chunks::<8>().0.iter().step_by(2) {
            covered.insert(u64::from_le_bytes(*word));
        }
        for (place, relocation) in file.dynamic_relocations().into_iter().flatten() {
            if range.contains(&place) && relocation.target() == RelocationTarget::Absolute {
                covered.insert(relocation.addend() as u64);
            }
        }
    }
    let address = |name: &str| file.symbols().find(|symbol| symbol.name() == Ok(name)).map(|symbol| symbol.address());
    let missing =
        MUST_BE_INSTRUMENTED.into_iter().filter(|name| !address(name).is_some_and(|at| covered.contains(&at)));
    Ok(Instrumentation { counters, missing: missing.collect(), asan: address("__asan_init").is_some() })
}

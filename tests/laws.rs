//! Laws: what the linked OpenSSL breaks is known, each says something of the committed cases, and planted bugs break them.
#![cfg(feature = "cli")]

#[path = "laws/broken_by.rs"]
mod broken_by;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use broken_by::BROKEN_BY;
use sessdiff::exec::Watch;
use sessdiff::generate::{Generator, Which};
use sessdiff::laws::{Law, Played, Ruling};
use sessdiff::native::Release;
use sessdiff::op::Op;
use sessdiff::pair::{Look, Pair};
use sessdiff::plan::Setup;
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::mutant::{Bug, Mutant};
use sessdiff::port::native::NativePort;
use sessdiff::program::{Case, Program};

const SETUP: Setup = Setup::new(true);
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LAWS.md");
/// How many variations of each case are asked about.
const VARIATIONS: u64 = 4;

/// How many variations of the program of a planted bug are asked about.
const ALL_VARIATIONS: u64 = 64;
/// How many programs of a seed all laws are asked about in turns, of each planted bug.
const PROGRAMS: u64 = 2100;
const SEED: u64 = 1;
/// How many variations are made until one has the place that is wanted.
const TRIES: u64 = 5_000;
const LONGEST: usize = 48;

/// The committed cases that break no library.
fn cases() -> Vec<Case> {
    let paths = Case::list(&Path::new(ROOT).join("corpus")).expect("the corpus").into_iter();
    let paths = paths.filter(|path| !path.components().any(|part| part.as_os_str() == "hazards"));
    paths.map(|path| Case::read(&path).expect("a case")).collect()
}

/// A library that breaks one that is not known to be broken has a bug, or the law is none.
#[test]
fn the_linked_library_breaks_what_is_known() {
    let c = CPort::linked(Probes::ALL).expect("the linked OpenSSL");
    let release = c.library().release;
    let mut pair = Pair::new(NativePort::new(release, SETUP), c, true);
    let (mut broken, mut held) = (BTreeSet::new(), BTreeMap::<&str, u64>::new());
    for case in cases() {
        for law in Law::ALL {
            for number in 0..VARIATIONS {
                match law.judge(&mut pair, &case.program, Look::from(Watch::Fast), number) {
                    Ruling::Silent => {}
                    Ruling::Holds => *held.entry(law.name).or_default() += 1,
                    Ruling::Broken(found) => {
                        assert!(!law.known.is_empty(), "{}: {} {:?}", case.path.display(), law.name, found.seen);
                        broken.insert(law.name);
                    }
                }
            }
        }
    }
    let silent: Vec<_> = Law::ALL.iter().filter(|law| held.get(law.name).is_none_or(|held| *held < 20)).collect();
    assert!(silent.is_empty(), "{silent:?}");
    let known: BTreeSet<_> = Law::ALL.iter().filter(|law| !law.known.is_empty()).map(|law| law.name).collect();
    if release == "3.6.3".parse::<Release>().expect("a release") {
        assert_eq!(broken, known);
    }
}

/// Has a native session with a planted bug and one without, each with a library whose peers it plays.
struct Planted {
    planted: Pair<Mutant, CPort>,
    clean: Pair<NativePort, CPort>,
}

impl Planted {
    fn new(bug: &str) -> Planted {
        let c = || CPort::linked(Probes::ALL).expect("the linked OpenSSL");
        let release = c().library().release;
        let bug = Bug::from_name(bug).unwrap_or_else(|| panic!("{bug}"));
        let planted = Pair::new(Mutant::new(bug, release, SETUP), c(), true);
        Planted { planted, clean: Pair::new(NativePort::new(release, SETUP), c(), true) }
    }

    /// Tells whether the bug breaks the law in a program. What the release breaks there is not the bug's.
    fn breaks(&mut self, law: &'static Law, program: &Program, number: u64) -> bool {
        let look = Look::from(Watch::Fast);
        let is_broken = |ruling| matches!(ruling, Ruling::Broken(_));
        is_broken(law.judge(&mut Played(&mut self.planted), program, look, number))
            && !is_broken(law.judge(&mut Played(&mut self.clean), program, look, number))
    }

    /// Lists the laws that the bug breaks: in a program that is made for it, and in programs of a seed.
    fn broken(&mut self, program: &Program) -> BTreeSet<&'static str> {
        let mut broken = BTreeSet::new();
        for law in Law::ALL {
            if (0..ALL_VARIATIONS).any(|number| self.breaks(law, program, number)) {
                broken.insert(law.name);
            }
        }
        let mut generators = [Which::All, Which::Caches, Which::Handshakes, Which::Sessions]
            .map(|which| Generator::new(SEED, SETUP).about(which));
        for number in 0..PROGRAMS {
            let (law, turn) = (number as usize % Law::ALL.len(), number as usize / Law::ALL.len());
            let program = generators[turn % 4].program(LONGEST);
            if self.breaks(&Law::ALL[law], &program, number) {
                broken.insert(Law::ALL[law].name);
            }
        }
        broken
    }
}

/// Each law finds something that no other law finds, and says nothing of what the others find.
#[test]
fn each_law_has_a_bug_that_only_it_finds() {
    let names: Vec<_> = BROKEN_BY.iter().map(|(law, ..)| *law).collect();
    assert_eq!(names, Law::ALL.iter().map(|law| law.name).collect::<Vec<_>>());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some((law, bug, calls)) = BROKEN_BY.get(next.fetch_add(1, Relaxed)) {
            let program = format!("#! sessdiff 1\n{calls}").parse().expect("a program");
            let broken = Planted::new(bug).broken(&program);
            // It follows from the other one.
            let wanted = if *law == "dup-of-dup" { vec!["dup-for-source", law] } else { vec![*law] };
            if !broken.iter().eq(&wanted) {
                wrong.push(format!("{law}: {bug}: {broken:?}"));
            }
        }
        wrong
    };
    let wrong = std::thread::scope(|scope| {
        let workers = [(); 2].map(|()| scope.spawn(work));
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic")).collect::<Vec<_>>()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a program makes a duplicate, the duplicate of a duplicate is what `dup-for-source` makes of the program behind the call, but
/// for the names of two variables: a bug that breaks the one law breaks the other.
#[test]
fn a_duplicate_of_a_duplicate_is_one_in_the_place_of_its_source() {
    let [of_dup, for_source] = ["dup-of-dup", "dup-for-source"].map(|name| Law::of_name(name).expect(name));
    let mut seen = 0;
    for case in cases() {
        let Some(variation) = of_dup.variation(&case.program, SETUP, 0) else { continue };
        let at = variation.of.iter().position(Option::is_none).expect("calls of its own");
        let [Op::Dup { dst: t, .. }, Op::Dup { dst, .. }, ..] = variation.program.ops[at..] else {
            panic!("{}", variation.program)
        };
        let swapped = |mut program: Program| {
            for slot in program.ops[at..].iter_mut().flat_map(Op::slots_mut) {
                *slot = if *slot == t {
                    dst
                } else if *slot == dst {
                    t
                } else {
                    *slot
                };
            }
            program
        };
        let wanted = swapped(variation.program.clone());
        let others = (0..TRIES).filter_map(|number| for_source.variation(&case.program, SETUP, number));
        assert!(others.map(|other| other.program).any(|other| other == wanted), "{}\n{wanted}", case.path.display());
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

/// `SESSDIFF_BLESS=1` writes the page.
#[test]
fn the_page_lists_every_law() {
    let mut page = String::from(
        "# Laws\n\nWhat holds of any correct library, whatever a model says. `sessdiff run --laws --port PORT` asks each of a port alone: it \
         runs a\nprogram and a variation of it, which the law makes, and compares the two. Where two implementations agree on \
         something wrong, a\nlaw still shows it. *Known* is what OpenSSL 3.6.3 breaks; a port that does what OpenSSL does in \
         that program ends with 0.\n*Bug* is a planted bug (`--port planted:BUG`) that breaks this law; all laws are asked of it, and no other finds it. \
         `dup-of-dup` has none\nof its own: behind `SSL_SESSION_dup`, the duplicate in the place of its source is the duplicate of a \
         duplicate, so what breaks the one\nlaw breaks `dup-for-source`. It is asked because it finds sooner what `dup-for-source` finds in that place alone.\n\n| law | says | source | known | bug |\n|---|---|---|---|---|\n",
    );
    for (law, (_, bug, _)) in Law::ALL.iter().zip(BROKEN_BY) {
        writeln!(page, "| `{}` | {} | {} | {} | `{bug}` |", law.name, law.sentence, law.source, law.known)
            .expect("a text");
    }
    if std::env::var_os("SESSDIFF_BLESS").is_some() {
        fs::write(PAGE, &page).expect("the page");
    }
    assert_eq!(fs::read_to_string(PAGE).expect("the page"), page, "SESSDIFF_BLESS=1 writes it");
}

//! Laws: what the linked OpenSSL breaks is known, each says something of the committed cases, and planted bugs break them.
#![cfg(feature = "cli")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use sessdiff::exec::Watch;
use sessdiff::laws::{Bench, Law, Ruling};
use sessdiff::native::Release;
use sessdiff::pair::{Look, Pair};
use sessdiff::plan::Setup;
use sessdiff::port::c::{CPort, Probes};
use sessdiff::port::mutant::{Bug, Mutant};
use sessdiff::port::native::NativePort;
use sessdiff::program::Case;

const SETUP: Setup = Setup::new(true);
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LAWS.md");
/// How many variations of each case are asked about.
const VARIATIONS: u64 = 4;

/// A planted bug that breaks a law, and the case in which it does. Of the laws that have none here, OpenSSL itself breaks four; the
/// others are `a-stranger`, `a-strange-context`, `connection-up-ref-and-free`, `der-twice`, `order-of-frees`, `reading`, `removing-a-stranger` and `setting-twice`.
const BROKEN_BY: [(&str, &str, &str); 9] = [
    ("a-failed-setter", "id-written-on-failure", "count/beyond-a-byte.ops"),
    ("context-up-ref-and-free", "context-up-ref-does-nothing", "cache/add-again.ops"),
    ("dup-and-free", "dup-forgets-time", "cache/add-again.ops"),
    ("dup-for-source", "dup-forgets-hostname", "idioms/stunnel/two-dups-replaced.ops"),
    ("dup-of-dup", "dup-shares-hostname", "dup/hostname-is-its-own.ops"),
    ("free-of-null", "free-null-frees-another", "cache/add-again.ops"),
    ("get1-is-get0-and-up-ref", "up-ref-does-nothing", "connection/dup-of-begun.ops"),
    ("handshakes-are-counted", "handshake-server-is-never-done", "connection/dup-of-begun.ops"),
    ("up-ref-and-free", "up-ref-takes-two", "cache/add-again.ops"),
];

/// The committed cases that break no library.
fn cases() -> Vec<Case> {
    let paths = Case::list(&Path::new(ROOT).join("corpus")).expect("the corpus").into_iter();
    let paths = paths.filter(|path| !path.components().any(|part| part.as_os_str() == "hazards"));
    paths.map(|path| Case::read(&path).expect("a case")).collect()
}

fn breaks(law: &'static Law, bench: &mut impl Bench, case: &Case) -> bool {
    let look = Look::from(Watch::Fast);
    (0..VARIATIONS).any(|number| matches!(law.judge(bench, &case.program, look, number), Ruling::Broken(_)))
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

#[test]
fn planted_bugs_break_laws() {
    let release: Release = "3.6.3".parse().expect("a release");
    let native = || NativePort::new(release, SETUP);
    let mut wrong = Vec::new();
    for (law, bug, case) in BROKEN_BY {
        let law = Law::of_name(law).unwrap_or_else(|| panic!("{law}"));
        let case = Case::read(&Path::new(ROOT).join("corpus").join(case)).expect("a case");
        let bug = Bug::from_name(bug).unwrap_or_else(|| panic!("{bug}"));
        let mut pair = Pair::new(native(), Mutant::new(bug, release, SETUP), true);
        let shows = breaks(law, &mut pair, &case);
        let mut pair = Pair::new(native(), native(), true);
        if !shows || breaks(law, &mut pair, &case) {
            wrong.push(format!("{}: {}", law.name, bug.name()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// `SESSDIFF_BLESS=1` writes the page.
#[test]
fn the_page_lists_every_law() {
    let mut page = String::from(
        "# Laws\n\nWhat holds of any correct library, whatever a model says. `sessdiff run --laws --port PORT` asks each of a port alone: it \
         runs a\nprogram and a variation of it, which the law makes, and compares the two. Where two implementations agree on \
         something wrong, a\nlaw still shows it. *Known* is what OpenSSL 3.6.3 breaks; a port that does what OpenSSL does in \
         that program ends with 0.\n\n| law | says | source | known |\n|---|---|---|---|\n",
    );
    for law in Law::ALL {
        writeln!(page, "| `{}` | {} | {} | {} |", law.name, law.sentence, law.source, law.known).expect("a text");
    }
    if std::env::var_os("SESSDIFF_BLESS").is_some() {
        fs::write(PAGE, &page).expect("the page");
    }
    assert_eq!(fs::read_to_string(PAGE).expect("the page"), page, "SESSDIFF_BLESS=1 writes it");
}

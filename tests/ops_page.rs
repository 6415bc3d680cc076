//! `docs/OPS.md` is made from the table of ops. `SESSDIFF_BLESS=1 cargo test --test ops_page` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sessdiff::op::{Kind, Needed};

/// Set, the page is written and not compared.
const BLESS: &str = "SESSDIFF_BLESS";

const HEAD: &str = "# Ops

Every call that a program can make. This page is made from [src/op/table.rs](../src/op/table.rs): change that, then run
`SESSDIFF_BLESS=1 cargo test --test ops_page`.

* *Code* is the first byte of the op in a program on the wire. It never changes, and that of an op that goes is not used again.
* *Call* is a line of a `.ops` file, with the type of each operand in its place. Names that begin with `SSL` are those of
  OpenSSL, its macros included; the rest are words of the harness.
* *Field* is what the call sets or reads of a session, by its word in signatures.
* *Since* is the first OpenSSL release that has the function, where not every one has it.
* *Needs* is what a library must export for the call: `itself`, `SSL_CTX_ctrl` for a macro that calls it with this number, or other
  functions that the harness calls. `handshakes`: what every handshake calls, as [src/port/c/lacks.rs](../src/port/c/lacks.rs) lists it.

What a library lacks is skipped.
";

const SESSIONS: &str = "
## Sessions

";

const SHARED: &str = "
## Contexts, connections, time and handshakes

A library is asked for calls on contexts and connections only if it exports what every program with one of them calls:
[src/port/c/lacks.rs](../src/port/c/lacks.rs) lists that, too. Time passes only where the library reads the harness's clock.

";

#[test]
fn the_page_about_ops_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/OPS.md");
    let page = page();
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, page).expect("the page is written");
        return;
    }
    let found = fs::read_to_string(&path).expect("docs/OPS.md");
    let differs = page.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    assert!(page == found, "docs/OPS.md is not that of the table: {BLESS}=1 writes it anew. First: {differs:#?}");
}

fn page() -> String {
    let (shared, alone): (Vec<Kind>, Vec<Kind>) = Kind::ALL.iter().partition(|kind| kind.is_shared());
    let (alone, shared) = (table(&alone), table(&shared));
    let mut operands = String::from("\n## Operands\n\n| Type | In text |\n|---|---|\n");
    for (of, form) in Kind::operand_types() {
        let _ = writeln!(operands, "| `{of}` | {} |", in_a_cell(&form)); // writing to a String cannot fail
    }
    [HEAD, SESSIONS, &alone, SHARED, &shared, &operands].concat()
}

fn table(kinds: &[Kind]) -> String {
    let head = "| Code | Call | Does | Field | Since | Needs |\n|---|---|---|---|---|---|\n";
    kinds.iter().fold(head.to_string(), |table, kind| table + &row(*kind))
}

fn row(kind: Kind) -> String {
    let field = match (kind.sets(), kind.reads()) {
        (Some(set), _) => format!("sets {}", set.name()),
        (None, Some(read)) => format!("reads {}", read.name()),
        (None, None) => String::new(),
    };
    let needs = match kind.needed() {
        Needed::Function => "itself".to_string(),
        Needed::Ctrl(number) => format!("`SSL_CTX_ctrl` {number}"),
        Needed::Others if kind.needs_handshakes() => "handshakes".to_string(),
        Needed::Others => "others".to_string(),
    };
    format!(
        "| `{:#04x}` | `{}` | {} | {field} | {} | {needs} |\n",
        kind.opcode(),
        kind.spelling(),
        in_a_cell(kind.summary()),
        kind.since().unwrap_or(""),
    )
}

/// Spells text so that a table takes it as one cell.
fn in_a_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

//! `fuzz/sessdiff.dict` is made from the table of ops. `SESSDIFF_BLESS=1 cargo test --test dictionary` writes it anew.

use std::fs;
use std::path::Path;

/// Set, the file is written and not compared.
const BLESS: &str = "SESSDIFF_BLESS";

#[test]
fn the_dictionary_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/sessdiff.dict");
    let dictionary = format!(
        "# For fuzzers that know nothing of programs. Made from src/op/table.rs: `{BLESS}=1 cargo test --test dictionary`.\n{}",
        sessdiff::fuzz::dictionary()
    );
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, dictionary).expect("the dictionary is written");
        return;
    }
    let found = fs::read_to_string(&path).expect("fuzz/sessdiff.dict");
    let differs = dictionary.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    assert!(
        dictionary == found,
        "fuzz/sessdiff.dict is not that of the table: {BLESS}=1 writes it anew. First: {differs:#?}"
    );
}

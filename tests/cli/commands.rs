//! What commands print, word for word: `tests/cmd` holds pages of commands, each with its output and exit code. After a change
//! that is meant, `TRYCMD=overwrite cargo test --release --test cli commands` writes the pages again; what is elided, as
//! `[..]` or `...`, stays so.

#[test]
fn commands_print_what_the_pages_say() {
    let pages = trycmd::TestCases::new();
    pages.env("COLUMNS", "100").insert_var("[VERSION]", env!("CARGO_PKG_VERSION")).expect("a name for it");
    pages.case("tests/cmd/*.md");
}

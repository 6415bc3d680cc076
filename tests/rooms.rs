//! Who imports whom: each room of `src` names only those that it may, the files of the command line import each other in one
//! direction, and every module says in its first line what it is. What else is a rule of the house is a lint, in `Cargo.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What each room may import of the others; see DESIGN. A room that is not here has not said what it needs.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("native", &[]),
    ("op", &[]),
    ("program", &["op"]),
    ("plan", &["op", "program", "field"]),
    ("field", &["op"]),
    ("trace", &["op", "field", "native"]),
    ("der", &["field", "op", "samples"]),
    ("oracle", &["op", "field", "der", "plan", "program", "trace"]),
    ("manual", &["op"]),
    (
        "suite",
        &["op", "field", "plan", "program", "exec", "host", "native", "pair", "port", "manual", "der", "samples"],
    ),
    ("known", &["oracle", "native"]),
    ("profile", &["native", "op", "port"]),
    ("samples", &["native", "op", "der"]),
    ("port", &["op", "plan", "trace", "oracle", "native", "field", "samples", "der"]),
    ("exec", &["op", "field", "plan", "port", "program", "trace"]),
    ("host", &["op", "field", "plan", "port", "program", "trace", "native", "exec"]),
    ("pair", &["native", "op", "field", "plan", "program", "trace", "oracle", "port", "exec", "host"]),
    ("reduce", &["op", "field", "plan", "program", "trace", "oracle"]),
    ("laws", &["op", "field", "plan", "program", "trace", "oracle", "host", "pair"]),
    ("emit", &["op", "field", "plan", "program", "trace", "oracle", "samples", "der", "native"]),
    ("report", &["op", "field", "plan", "program", "trace", "oracle", "emit", "pair", "manual", "port"]),
    ("record", &["op", "plan", "program", "port"]),
    ("generate", &["op", "plan", "program", "samples", "field", "der"]),
    (
        "conform",
        &["native", "op", "program", "plan", "oracle", "port", "exec", "pair", "generate", "reduce", "report", "suite"],
    ),
    (
        "fuzz",
        &["native", "op", "program", "plan", "field", "trace", "oracle", "port", "exec", "pair", "host", "generate"],
    ),
    ("cli", ANY),
    ("lib", ANY),
    ("main", ANY),
];
/// The ways in may import every room.
const ANY: &[&str] = &["*"];

#[test]
fn rooms_import_only_what_they_may() {
    let mut wrong = Vec::new();
    visit(Path::new(env!("CARGO_MANIFEST_DIR")), "src", &mut |path, text| wrong.extend(check(path, text)));
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

/// Shows every Rust file of a folder to `each`, by its path from the root.
fn visit(root: &Path, folder: &str, each: &mut dyn FnMut(&str, &str)) {
    for entry in fs::read_dir(root.join(folder)).expect("a folder").map(|entry| entry.expect("an entry")) {
        let path = format!("{folder}/{}", entry.file_name().to_str().expect("UTF-8"));
        if entry.path().is_dir() {
            visit(root, &path, each);
        } else if path.ends_with(".rs") {
            each(&path, &fs::read_to_string(entry.path()).expect("a file"));
        }
    }
}

/// Says what is wrong in the file at `path`.
fn check(path: &str, text: &str) -> Vec<String> {
    let parts: Vec<&str> = path.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect();
    let room = parts[0];
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{path}:1: `{room}` is not in MAY_IMPORT: say which rooms it may import")];
    };
    let mut wrong = Vec::new();
    if !text.starts_with("//! ") {
        wrong.push(format!("{path}:1: does not start with `//! `"));
    }
    // How many `super::` lead to the root: one more in a module within the file.
    let mut depth = parts.len();
    for (at, line) in text.lines().enumerate() {
        depth = match line {
            "}" => parts.len(),
            line if !line.starts_with(' ') && line.contains("mod ") && line.ends_with('{') => parts.len() + 1,
            _ => depth,
        };
        let code = line.split("//").next().unwrap_or_default();
        let to_the_root = "super::".repeat(depth);
        let named = code.split("crate::").skip(1).chain(code.split(&to_the_root).skip(1));
        for name in named.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
        {
            if name != room && !allowed.contains(&name) && *allowed != ANY {
                wrong.push(format!("{path}:{}: `{room}` may not import `{name}`", at + 1));
            }
        }
    }
    wrong
}

#[test]
fn files_of_the_command_line_import_in_one_direction() {
    let mut files = Files::new();
    visit(Path::new(env!("CARGO_MANIFEST_DIR")), "src/cli", &mut |path, text| {
        let name = path.trim_start_matches("src/cli/").trim_end_matches(".rs");
        files.insert(name.into(), text.into());
    });
    let commands = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli.rs")).expect("a file");
    let wrong = one_direction(&files, &commands);
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

/// The text of each file of the command line, by its module's name.
type Files = BTreeMap<String, String>;

/// Says which files of the command line import a command or `args` imports, and which import each other in a circle.
fn one_direction(files: &Files, commands: &str) -> Vec<String> {
    let is_command = |name: &str| commands.contains(&format!("=> {name}::{name}(&args)"));
    let mut imports: BTreeMap<&str, BTreeSet<&str>> =
        files.iter().map(|(name, text)| (name.as_str(), siblings(text, files))).collect();
    let mut wrong = Vec::new();
    for (name, imported) in &imports {
        for other in imported {
            if is_command(other) {
                wrong.push(format!("src/cli/{name}.rs: imports the command `{other}`"));
            }
            if *name == "args" {
                wrong.push(format!("src/cli/args.rs: imports `{other}`"));
            }
        }
    }
    // What imports nothing that is left is taken away; a circle stays.
    while let Some(leaf) = imports.iter().find(|(_, imported)| imported.is_empty()).map(|(name, _)| *name) {
        imports.remove(leaf);
        for imported in imports.values_mut() {
            imported.remove(leaf);
        }
    }
    if !imports.is_empty() {
        wrong.push(format!("src/cli: a circle, or what leads to one: {imports:?}"));
    }
    wrong
}

/// Finds which of `files` a file of the command line imports or names.
fn siblings<'a>(text: &str, files: &'a Files) -> BTreeSet<&'a str> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let named = code.split("super::").skip(1).chain(code.split("crate::cli::").skip(1)).flat_map(|rest| {
        let list = rest.strip_prefix('{').and_then(|list| list.split('}').next());
        list.unwrap_or(rest).split(',').take(if list.is_some() { usize::MAX } else { 1 }).collect::<Vec<_>>()
    });
    let first = |name: &str| name.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_string);
    named.filter_map(first).filter_map(|name| files.get_key_value(&name).map(|(name, _)| name.as_str())).collect()
}

#[test]
fn the_check_can_fail() {
    let wrong = |path, text: &str| check(path, &format!("//! A room.\n{text}")).len();
    assert_eq!(wrong("src/oracle.rs", "use crate::plan::Plan;"), 0);
    assert_eq!(wrong("src/oracle.rs", "use crate::port::Port;"), 1);
    assert_eq!(wrong("src/oracle.rs", "use crate::{plan::Plan};"), 1, "each room has a line of its own");
    assert_eq!(wrong("src/oracle.rs", "/// [`crate::port::Port`]"), 0);
    assert_eq!(wrong("src/native/time.rs", "fn f() -> crate::op::Time {}"), 1);
    assert_eq!(wrong("src/native/time.rs", "use super::session::Session;"), 0);
    assert_eq!(wrong("src/native/time.rs", "use super::super::op::Op;"), 1);
    assert_eq!(wrong("src/native/time.rs", "mod tests {\n    use super::super::session;\n}"), 0);
    assert_eq!(wrong("src/native/time.rs", "mod tests {\n    use super::super::super::op;\n}"), 1);
    assert_eq!(wrong("src/native/time.rs", "mod tests {\n}\nuse super::super::op;"), 1);
    assert_eq!(wrong("src/native.rs", "use super::op::Op;"), 1);
    assert_eq!(wrong("src/native.rs", "mod tests {\n    use super::*;\n}"), 0);
    assert_eq!(wrong("src/cli/run.rs", "use crate::generate;"), 0);
    assert_eq!(wrong("src/shed.rs", ""), 1, "a room that is not in the table");
    assert_eq!(check("src/op.rs", "use std::fmt;\n//! Late.").len(), 1);
}

#[test]
fn the_check_of_the_command_line_can_fail() {
    let commands = "Command::Run(args) => run::run(&args),\nCommand::Show(args) => show::show(&args),";
    let wrong = |texts: [&str; 4]| {
        let files =
            ["args", "lab", "run", "show"].iter().zip(texts).map(|(name, text)| (name.to_string(), text.into()));
        one_direction(&files.collect(), commands).len()
    };
    assert_eq!(wrong(["", "use super::args::Port;", "use super::{args, lab};", "// super::run"]), 0);
    assert_eq!(wrong(["", "", "", "use super::run;"]), 1, "a command that imports a command");
    assert_eq!(wrong(["", "", "use super::{\n    lab::Lab,\n    show,\n};", ""]), 1, "in a list");
    assert_eq!(wrong(["fn f() -> crate::cli::lab::Lab {}", "", "", ""]), 1, "the arguments are a leaf");
    assert_eq!(wrong(["", "use super::lab;", "", ""]), 1, "a circle");
    assert_eq!(wrong(["use super::lab::Lab;", "use super::args;", "", ""]), 2);
}

//! The pages of documentation say what is there: links lead somewhere, tables list what the program has, and what the README
//! shows is what is printed.

#[cfg(feature = "cli")]
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The most lines of the README, and the most characters of each.
const README: (usize, usize) = (100, 120);

/// Reads a file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Lists the pages by their path from the root.
fn pages() -> Vec<String> {
    let of = |folder: &str| {
        let entries = fs::read_dir(Path::new(ROOT).join(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in UTF-8"));
        let names = names.filter(|name| name.ends_with(".md"));
        names.map(|name| if folder == "." { name } else { format!("{folder}/{name}") }).collect::<Vec<_>>()
    };
    let mut pages = [of("."), of("docs")].concat();
    pages.sort();
    pages
}

/// Fails with all of `wrong`, if there are any.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is tested before a commit is tested after it.
#[test]
fn the_workflow_runs_the_releases_that_ci_does() {
    let between = |text: &str, before: &str, after: &str| -> Vec<String> {
        let list = text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).expect("a list").0;
        list.split([' ', ',']).filter(|word| !word.is_empty()).map(String::from).collect()
    };
    let run = between(&read(".ci/run"), "for version in ", ";");
    assert!(run.len() >= 3, "{run:?}");
    let workflow = read(".github/workflows/ci.yml");
    let job = workflow.split_once("\n  releases:\n").expect("a job that runs releases").1;
    assert_eq!(between(job, "version: [", "]"), run);
    assert!(job.contains("scripts/build-openssl ${{ matrix.version }}"), "{job}");
}

#[test]
fn the_readme_is_short() {
    let text = read("README.md");
    let (most, widest) = README;
    assert!(text.lines().count() <= most, "README.md: {} lines, {most} are allowed", text.lines().count());
    let wide = text.lines().enumerate().filter(|(_, line)| line.chars().count() > widest);
    none(&wide.map(|(at, _)| format!("README.md:{}: wider than {widest} columns", at + 1)).collect::<Vec<_>>());
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    assert!(pages.len() > 5, "{pages:?}");
    none(&pages.iter().flat_map(|page| dead_links(page, &read(page))).collect::<Vec<_>>());
}

/// Finds the links of a page to files and headings that do not exist. Links to other hosts are left alone.
fn dead_links(page: &str, text: &str) -> Vec<String> {
    let folder = Path::new(page).parent().expect("a file is in a folder");
    let mut wrong = Vec::new();
    for target in targets(text).filter(|target| !target.contains("://")) {
        let (file, heading) = target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
        let path = normal(&if file.is_empty() { PathBuf::from(page) } else { folder.join(file) });
        if !Path::new(ROOT).join(&path).exists() {
            wrong.push(format!("{page}: ({target}): no such file"));
        } else if let Some(heading) = heading
            && !headings(&fs::read_to_string(Path::new(ROOT).join(&path)).expect("a page")).any(|has| has == heading)
        {
            wrong.push(format!("{page}: ({target}): no such heading"));
        }
    }
    wrong
}

/// Lists what the links of a page point at: `](TARGET)`.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// Takes `a/../` out of a path.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

/// Lists the anchors of a page's headings.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let titles = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    titles.map(|title| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    })
}

#[test]
fn dead_links_are_seen() {
    assert!(
        dead_links("README.md", "[a](docs/cases.md#hazards) [b](LICENSE) [c](https://example.org/none)").is_empty()
    );
    assert!(dead_links("docs/cases.md", "[a](../README.md) [b](#variables)").is_empty());
    assert_eq!(dead_links("README.md", "[a](docs/none.md) [b](docs/cases.md#none) [c](#none)").len(), 3);
    assert_eq!(dead_links("docs/cases.md", "[a](README.md)").len(), 1);
}

#[test]
fn tests_that_pages_name_exist() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        let text = read(&page);
        for name in text.split("--test ").skip(1) {
            let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            seen += 1;
            if !Path::new(ROOT).join(format!("tests/{name}.rs")).is_file() {
                wrong.push(format!("{page}: --test {name}: no such test"));
            }
        }
    }
    assert!(seen > 0, "no page names a test");
    none(&wrong);
}

#[test]
fn every_word_of_a_case_is_explained() {
    use sessdiff::op::{
        ExIndex, GenerateId, GetCallback, Kind, NewCallback, NotResumableCallback, PskCallback, RemoveCallback, Sample,
    };
    let page = read("docs/cases.md");
    let mut words: Vec<&str> =
        Kind::ALL.iter().map(|kind| kind.in_text()).filter(|name| !name.starts_with("SSL_")).collect();
    assert!(words.contains(&"handshake"), "{words:?}");
    words.extend(Sample::ALL.iter().map(|word| word.name()));
    words.extend(ExIndex::ALL.iter().map(|word| word.name()));
    words.extend(RemoveCallback::ALL.iter().map(|word| word.name()));
    words.extend(NewCallback::ALL.iter().map(|word| word.name()));
    words.extend(GetCallback::ALL.iter().map(|word| word.name()));
    words.extend(NotResumableCallback::ALL.iter().map(|word| word.name()));
    words.extend(GenerateId::ALL.iter().map(|word| word.name()));
    words.extend(PskCallback::ALL.iter().map(|word| word.name()));
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
    let explained = |word: &str| {
        let (plain, call) = (format!("`{word}`"), format!("{word}("));
        word == "NULL" || rows.iter().any(|row| row.contains(&plain) || row.contains(&call))
    };
    let missing = words.iter().filter(|word| !explained(word));
    none(&missing.map(|word| format!("docs/cases.md: no row of a table has `{word}`")).collect::<Vec<_>>());
}

/// What is longer than a fuzzer makes it is not taken for its artifact.
#[test]
fn fuzzers_make_inputs_of_one_length() {
    for script in ["scripts/fuzz", "scripts/canary"] {
        let length = format!("-max_len={} ", sessdiff::program::MAX_INPUT);
        assert!(read(script).contains(&length), "{script}: no {length}");
    }
}

#[test]
fn every_fuzz_target_is_listed() {
    let manifest = read("fuzz/Cargo.toml");
    let bins = manifest.split("[[bin]]").skip(1);
    let targets: Vec<&str> = bins.map(|bin| value(bin, "name")).collect();
    assert!(!targets.is_empty(), "no target in fuzz/Cargo.toml");
    let page = read("docs/fuzzing.md");
    let table = page.split("| target | fuzzes |").nth(1).expect("the table of targets").split("\n\n").next();
    let rows = table.expect("the rows").lines().filter_map(|row| row.strip_prefix("| `"));
    let listed: Vec<&str> = rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name).collect();
    assert_eq!(listed, targets, "docs/fuzzing.md lists other targets than fuzz/Cargo.toml");
}

/// The scripts tell the mutator what the programs of a target are about, which says so itself to libFuzzer.
#[test]
fn targets_are_about_what_their_manifest_says() {
    let manifest = read("fuzz/Cargo.toml");
    let about = manifest.split("[package.metadata.about]\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let about = about.expect("what targets are about");
    for bin in manifest.split("[[bin]]").skip(1) {
        let (name, target) = (value(bin, "name"), read(&format!("fuzz/{}", value(bin, "path"))));
        let own = target.split_once("mutator(Which::").and_then(|(_, rest)| rest.split_once(',')).map(|(word, _)| word);
        let said = about.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
        assert_eq!(said.map(|word| word.trim_matches('"')), own, "{name}");
    }
    assert!(about.lines().count() > 3, "{about}");
}

/// Both give the same folders and flags, and want the same of a build.
#[test]
fn oss_fuzz_and_clusterfuzzlite_build_alike() {
    let script = read("oss-fuzz/build.sh");
    assert_eq!(read(".clusterfuzzlite/build.sh"), script);
    assert!(script.contains("scripts/oss-fuzz-build"), "{script}");
}

/// Takes the text after `key = "` up to the next quote.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let start = format!("{key} = \"");
    let rest = text.split_once(&start).unwrap_or_else(|| panic!("no {key} in {text}")).1;
    rest.split_once('"').expect("a closing quote").0
}

/// Runs the executable in the root of the repository; what it prints to standard output.
#[cfg(feature = "cli")]
fn sessdiff(args: &[&str]) -> String {
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_sessdiff")).args(args).current_dir(ROOT).output();
    String::from_utf8(ran.expect("the executable").stdout).expect("text")
}

/// Lists the first words of a table's rows, without their marks.
#[cfg(feature = "cli")]
fn first_column(text: &str, head: &str) -> BTreeSet<String> {
    let table = text.split_once(head).unwrap_or_else(|| panic!("no table {head}")).1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches(['|', ' ', '`']).split([' ', '|', '`']).next().expect("a word").to_string())
        .collect()
}

#[cfg(feature = "cli")]
#[test]
fn the_readme_lists_commands_and_exit_codes() {
    let (readme, help) = (read("README.md"), sessdiff(&["--help"]));
    let commands = help.split_once("Commands:\n").expect("the commands").1.split("\n\n").next().expect("a list");
    let commands = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let commands: BTreeSet<String> =
        commands.map(|line| line.split_whitespace().next().expect("a name").into()).collect();
    let table = readme.replace("| `sessdiff ", "| `");
    assert_eq!(first_column(&table, "| command | does |"), &commands - &BTreeSet::from(["help".to_string()]));

    let codes = help.split_once("Exit codes:\n").expect("the exit codes").1;
    let codes: BTreeSet<String> =
        codes.split_whitespace().filter(|word| word.parse::<u8>().is_ok()).map(Into::into).collect();
    assert!(codes.len() > 4, "{codes:?}");
    assert_eq!(first_column(&readme, "| code | means |"), codes);
}

/// The README's transcript is of the OpenSSL that is built; the installed one has other line numbers and other findings.
#[cfg(feature = "vendored")]
#[test]
fn what_the_readme_shows_is_printed() {
    let readme = read("README.md");
    let shown = readme.split_once("    $ cargo run --release -- ").expect("a command").1;
    let (command, shown) = shown.split_once('\n').expect("a command and what it prints");
    let shown = shown.lines().take_while(|line| line.starts_with("    ") || line.is_empty());
    let shown: Vec<&str> = shown.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let printed = sessdiff(&command.split(' ').collect::<Vec<_>>());
    let mut rest = printed.as_str();
    let mut seen = 0;
    for block in shown.join("\n").split("...").map(|block| block.trim_matches('\n')).filter(|block| !block.is_empty()) {
        let at = rest.find(block).unwrap_or_else(|| panic!("not printed:\n{block}\n\nbut:\n{printed}"));
        rest = &rest[at + block.len()..];
        seen += 1;
    }
    assert!(seen > 0, "nothing is shown");
    let version = printed.split_once("(OpenSSL ").expect("a version").1.split(' ').next().expect("a number");
    assert!(readme.contains(&format!("This is OpenSSL {version}, unpatched.")), "README.md: the release is {version}");
}

//! The page of the matrix as a browser shows it: headless Chromium, which Debian has.

use std::path::Path;
use std::process::Command;

use super::Folder;

const CHROMIUM: &str = "/usr/bin/chromium";

/// What a browser made of a page.
struct Shown {
    /// The elements, after the scripts ran.
    elements: String,
    /// What it wrote about the scripts.
    console: Vec<String>,
}

impl Shown {
    /// How often this stands in the page, the data and the script left out.
    fn times(&self, text: &str) -> usize {
        let ends = self.elements.find("<script").unwrap_or(self.elements.len());
        self.elements[..ends].matches(text).count()
    }
}

/// Tells whether the browser is there.
#[expect(clippy::print_stderr, reason = "a test that tests nothing says so")]
fn there_is_a_browser() -> bool {
    let there = Path::new(CHROMIUM).exists();
    // `.ci/run` installs it.
    assert!(there || std::env::var_os("CI").is_none(), "{CHROMIUM} is not installed");
    if !there {
        eprintln!("not installed: {CHROMIUM}");
    }
    there
}

fn browser(folder: &Folder, flags: &[&str], page: &str) -> std::process::Output {
    let mut command = Command::new("timeout");
    command.args(["60", CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]);
    // Nothing outside is reached, and nothing is kept.
    command
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .arg(format!("--user-data-dir={}", folder.path("browser").display()));
    command.args(["--virtual-time-budget=5000", "--hide-scrollbars"]).args(flags);
    command.arg(format!("file://{}{page}", folder.path("").display()));
    let output = command.output().expect("chromium");
    assert!(output.status.success(), "{output:?}");
    output
}

fn shown(folder: &Folder, page: &str) -> Shown {
    let output = browser(folder, &["--dump-dom"], page);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = said.lines().filter(|line| line.contains(":CONSOLE")).map(String::from).collect();
    Shown { elements: String::from_utf8(output.stdout).expect("text"), console }
}

/// A page of the linked library and a planted bug, which differ in one case of those that are there.
fn page() -> Folder {
    let folder = Folder::new();
    let ports = ["--port", "openssl", "--port", "planted:dup-forgets-hostname"];
    folder.sessdiff(&[&["check", "--html", "page.html", "--case", "dup/copies/*"], &ports[..]].concat()).exits(1);
    folder
}

#[test]
fn a_browser_shows_each_library_and_what_differs() {
    if !there_is_a_browser() {
        return;
    }
    let folder = page();
    let table = shown(&folder, "page.html");
    assert_eq!(table.console, [""; 0]);
    assert_eq!(table.times("<th scope=\"col\">"), 3, "{}", table.elements);
    assert!(table.times("class=\"level\"") >= 1 && table.times("<dialog aria-labelledby=\"title\" open") == 0);
    assert!(table.times("class=\"fail\"") >= 1 && table.times("class=\"pass\"") >= 1);

    // A cell has a place of its own, which opens the calls, both sides, the C program and the picture.
    let cell = shown(&folder, "page.html#2/dup/copies/hostname");
    assert_eq!(cell.console, [""; 0]);
    for part in ["open=\"\"", "SSL_SESSION_dup(", "Expected", "Ledger", "int main(", "data:image/svg+xml,"] {
        assert!(cell.times(part) > 0, "{part}: {}", cell.elements);
    }
    let passes = shown(&folder, "page.html#1/dup/copies/hostname");
    assert_eq!((passes.console.len(), passes.times("int main(")), (0, 0));
    assert!(passes.times("sessdiff check --case dup/copies/hostname") > 0, "{}", passes.elements);
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert_eq!(cell.times(outside), 0, "{outside}");
    }
}

/// What the test above would not see, were it blind.
#[test]
fn a_browser_says_what_is_wrong_in_a_page() {
    if !there_is_a_browser() {
        return;
    }
    let folder = page();
    folder.write("broken.html", folder.read("page.html").replace("\ndraw();\n", "\ndrawn();\n"));
    let broken = shown(&folder, "broken.html");
    assert!(broken.console.iter().any(|line| line.contains("drawn is not defined")), "{:?}", broken.console);
    assert_eq!(broken.times("class=\"level\""), 0);
}

#[test]
fn a_page_can_be_read_on_a_telephone() {
    if !there_is_a_browser() {
        return;
    }
    let folder = page();
    // The width that the page wants, as its own script finds it.
    let asks = "\nshow();\ndocument.title = `wants ${document.documentElement.scrollWidth} of ${innerWidth}`;\n";
    folder.write("narrow.html", folder.read("page.html").replace("\nshow();\n", asks));
    let narrow = String::from_utf8(browser(&folder, &["--dump-dom", "--window-size=500,800"], "narrow.html").stdout);
    let narrow = narrow.expect("text");
    let wants = narrow.split("<title>wants ").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title");
    let (width, window) = wants.split_once(" of ").expect("two numbers");
    assert_eq!(width, window, "the page is wider than the window");
}

//! `sessdiff completions` and `sessdiff manual`.

use super::{Folder, sessdiff};

/// The shell takes the script, and completes with it.
#[test]
fn bash_completes_commands_and_flags() {
    let folder = Folder::with("sessdiff.bash", sessdiff(&["completions", "bash"]).exits(0).quietly().stdout);
    let complete = |words: &str| {
        let last = "\"${COMP_WORDS[@]: -1}\" \"${COMP_WORDS[@]: -2:1}\"";
        let words = format!("COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))");
        let script = format!("source ./sessdiff.bash; {words}; _sessdiff sessdiff {last}; echo \"${{COMPREPLY[*]}}\"");
        let output = folder.command("bash").args(["-c", &script]).output().expect("a shell");
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(complete("sessdiff mini"), "minimize\n");
    assert_eq!(complete("sessdiff import --sa"), "--sarif\n");
    assert_eq!(complete("sessdiff run --about st"), "stored\n");
}

#[test]
fn each_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        sessdiff(&["completions", shell]).exits(0).quietly().shows("minimize");
    }
    sessdiff(&["completions", "cmd"]).exits(64);
}

/// Each command has a page, but for the one that only this program calls.
#[test]
fn each_command_has_a_page() {
    let page = sessdiff(&["manual"]).exits(0).quietly().stdout;
    assert!(page.contains(".TH sessdiff 1"), "{page}");
    let folder = Folder::new();
    folder.sessdiff(&["manual", "--into", "man/man1"]).exits(0).quietly();
    let pages = folder.names("man/man1");
    for command in ["", "-run", "-import", "-minimize", "-completions"] {
        let name = format!("sessdiff{command}.1");
        assert!(pages.contains(&name), "no {name} in {pages:?}");
        assert!(folder.read(&format!("man/man1/{name}")).contains("Examples:"), "{name}");
    }
    assert!(!pages.iter().any(|page| page.contains("host")), "{pages:?}");
    folder.sessdiff(&["manual", "--into", "/dev/null/man"]).refuses("/dev/null/man: ");
}

//! `sessdiff import` and `sessdiff reduce`.

use std::io::{Cursor, Read, Write};

use super::{CORPUS, Folder, PROGRAM, Ran};

const PORT: &str = "planted:dup-forgets-hostname";
const REGRESSION: &str = "corpus/regressions/0001-SSL_SESSION_dup.hostname.ops";
/// What is left of a finding of [`PORT`].
const SMALL: &str = "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_hostname(s0, \"\")\ns1 = SSL_SESSION_dup(s0)\n";

/// Imports from a file with this content.
#[track_caller]
fn import(folder: &Folder, content: impl AsRef<[u8]>, more: &[&str]) -> Ran {
    folder.write("artifact", content);
    folder.sessdiff(&[&["import", "--port", PORT, "artifact"], more].concat())
}

/// The bytes that a fuzzer leaves of [`PROGRAM`].
fn wire() -> Vec<u8> {
    Folder::with("a.ops", PROGRAM).sessdiff(&["show", "--as", "wire", "a.ops"]).exits(0).bytes
}

/// Bytes are imported as text is.
#[test]
fn an_artifact_becomes_a_case_of_a_few_lines() {
    let folder = Folder::new();
    let ran = import(&folder, wire(), &[]).exits(0);
    assert_eq!(ran.stdout, format!("{REGRESSION}\n"));
    let case = folder.read(REGRESSION);
    assert!(case.ends_with(SMALL), "{case}");
}

/// What a regression is found as is compared: a word that is none would let the same finding in twice.
#[test]
fn a_regression_that_is_found_as_nothing_is_named() {
    let folder = Folder::new();
    folder.write(REGRESSION, format!("#! sessdiff 1\n# signature: SSL_SESSION_dup/hostnames\n{SMALL}"));
    import(&folder, PROGRAM, &[]).refuses(&format!("{REGRESSION}: `hostnames` is nothing that a call can differ in"));
}

#[test]
fn what_is_no_artifact_is_named() {
    let folder = Folder::new();
    let wire = wire();
    import(&folder, "", &[]).refuses("artifact: no calls");
    import(&folder, [0xff; 100], &[]).refuses("artifact: no calls");
    import(&folder, vec![1; 5 << 20], &[]).refuses("artifact: larger than ");
    import(&folder, "#! sessdiff 2\n", &[]).refuses("artifact:1:1: expected ");
    import(&folder, PROGRAM.replace("up_ref(s1)", "up_ref(s9)"), &[]).refuses("artifact:5:20: expected ");
    // Cut off, it is the calls before: without the dup nothing diverges.
    import(&folder, &wire[..16], &[]).exits(4).complains("agrees");
}

/// A folder as fuzzers leave it: two files with one finding, one with another program of the same, one that is none of ours, one that
/// agrees, and what AFL++ says of crashes.
fn artifacts() -> Folder {
    let folder = Folder::with("in/crash-1", wire());
    folder.write("in/sub/crash-2", wire());
    folder.write("in/b.ops", PROGRAM.replace("example.org", "x"));
    folder.write("in/README.txt", "Command line used to find this crash:\n");
    folder
}

/// A zip of files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file(*name, options).expect("a file in the zip");
        zip.write_all(content).expect("a zip in memory");
    }
    zip.finish().expect("a zip").into_inner()
}

/// A tar of files, compressed.
fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *content).expect("a tar in memory");
    }
    packed(&tar.into_inner().expect("a tar"))
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).and_then(|()| packer.finish()).expect("bytes in memory")
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut whole).expect("bytes in memory");
    whole
}

/// A folder is imported in one command, and once more without an error.
#[test]
fn a_folder_becomes_a_case_for_each_signature() {
    let folder = artifacts();
    let import = ["import", "--port", PORT, "in"];
    let ran = folder.sessdiff(&import).exits(0);
    assert_eq!(ran.stdout, format!("SSL_SESSION_dup/hostname: 3 files, first in/b.ops; 3 calls in {REGRESSION}\n"));
    assert!(ran.stderr.ends_with("3 files, 2 programs: 1 signature, 1 new\n"), "{ran:?}");
    assert!(folder.read(REGRESSION).ends_with(SMALL));
    let again = folder.sessdiff(&import).exits(0);
    let known = format!("SSL_SESSION_dup/hostname: 3 files, first in/b.ops; known already: {REGRESSION}\n");
    assert_eq!(again.stdout, known);
    assert_eq!(folder.names("corpus/regressions").len(), 1);
    // One file is still told that it is no news by its exit code.
    folder.sessdiff(&["import", "--port", PORT, "in/b.ops"]).refuses("is known already");
}

/// What is packed is found by where it is in what.
#[test]
fn archives_are_imported_like_folders() {
    let wire = wire();
    let files: [(&str, &[u8]); 3] = [("./crash-1", &wire), ("sub/b.ops", PROGRAM.as_bytes()), ("README.txt", b"AFL")];
    let folder = Folder::with("in/a.zip", zip(&files));
    folder.write("b.tar.gz", tar_gz(&files[..2]));
    let ran = folder.sessdiff(&["import", "--port", PORT, "--jobs", "1", "b.tar.gz", "in"]).exits(0);
    assert_eq!(
        ran.stdout,
        format!("SSL_SESSION_dup/hostname: 4 files, first b.tar.gz/crash-1; 3 calls in {REGRESSION}\n")
    );
    // What is cut off is an error, and the rest is taken.
    let whole = tar_gz(&files[..2]);
    folder.write("cut.tar.gz", &whole[..whole.len() / 2]);
    folder.write("in/none.zip", "no zip");
    let ran = folder.sessdiff(&["import", "--port", PORT, "cut.tar.gz", "in", "nothing"]).exits(64);
    for what in ["cut.tar.gz: ", "in/none.zip: ", "nothing: "] {
        assert!(ran.stderr.contains(&format!("error: {what}")), "no {what}: {ran:?}");
    }
    ran.shows("known already");
}

/// What is wrong with one member says nothing of the others, and what was compressed in parts is read to its end.
#[test]
fn a_bad_member_of_an_archive_stops_nothing_else() {
    let files: [(&str, &[u8]); 2] =
        [("a.ops", b"#! sessdiff 1\ns0 = SSL_SESSION_new()\n"), ("b.ops", PROGRAM.as_bytes())];
    let mut bad = zip(&files);
    let header = bad.windows(4).position(|bytes| bytes == b"PK\x03\x04").expect("a member");
    bad[header] = 0;
    let folder = Folder::with("bad.zip", bad);
    let ran = folder.sessdiff(&["import", "--port", PORT, "bad.zip", "bad.zip"]).exits(64);
    let ran = ran.shows("SSL_SESSION_dup/hostname: 2 files, first bad.zip/b.ops");
    assert!(ran.stderr.contains("error: bad.zip: "), "{ran:?}");
    let tar = unpacked(&tar_gz(&files[1..]));
    let (one, other) = tar.split_at(tar.len() / 2);
    folder.write("parts.tar.gz", [packed(one), packed(other)].concat());
    let ran = folder.sessdiff(&["import", "--port", PORT, "--into", "parts", "parts.tar.gz"]).exits(0);
    ran.shows("SSL_SESSION_dup/hostname: 1 file, first parts.tar.gz/b.ops");
}

/// The numbers of the cases do not depend on which is reduced first.
#[test]
fn signatures_are_numbered_in_the_order_of_the_files() {
    let names = |jobs: &str| {
        let folder = Folder::new();
        let hazard = |name: &str| std::fs::read_to_string(format!("{CORPUS}/hazards/{name}.ops")).expect("a hazard");
        // More takes longer to reduce.
        let more = "SSL_CTX_sess_number(c0)\n".repeat(300);
        folder.write("in/a.ops", hazard("id-changed-while-cached") + &more);
        folder.write("in/b.ops", hazard("version-changed-while-cached"));
        let ran = folder.sessdiff(&["import", "--hazards", "--jobs", jobs, "in"]).exits(0);
        assert_eq!(ran.stdout.lines().count(), 2, "{ran:?}");
        folder.names("corpus/regressions")
    };
    let signatures = ["0001-SSL_CTX_flush_sessions.other.count.ops", "0002-SSL_CTX_remove_session.return.ops"];
    assert_eq!([names("1"), names("2")], [signatures, signatures]);
}

/// ^C ends the import, not what it has written.
#[test]
fn what_was_written_before_an_interrupt_stays() {
    let folder = Folder::new();
    // The second one hangs, which takes its time.
    for (name, hazard) in [("a", "id-changed-while-cached"), ("b", "one-session-in-two-contexts")] {
        let text = std::fs::read_to_string(format!("{CORPUS}/hazards/{hazard}.ops")).expect("a hazard");
        folder.write(&format!("in/{name}.ops"), text);
    }
    let ran = folder.sh("\"$SESSDIFF\" import --hazards --jobs 1 --into kept in & at=$!
        while ! ls kept/*.ops >listed 2>&1; do sleep 0.05; done; kill -INT $at; wait $at");
    let ran = ran.exits(130).shows("SSL_CTX_flush_sessions/other.count: 1 file, first in/a.ops; 5 calls in kept/0001-");
    assert!(ran.stderr.trim_end().ends_with("; interrupted"), "{ran:?}");
    assert!(folder.names("kept").contains(&"0001-SSL_CTX_flush_sessions.other.count.ops".to_string()), "{ran:?}");
}

/// Of many files, what shows nothing is said, and is no good end.
#[test]
fn what_shows_nothing_is_named_and_stops_nothing() {
    let folder = artifacts();
    folder.write("in/agrees", "#! sessdiff 1\ns0 = SSL_SESSION_new()\n");
    let ran = folder.sessdiff(&["import", "--port", PORT, "in"]).exits(4);
    assert!(ran.stderr.contains("error: in/agrees: agrees: nothing diverges here\n"), "{ran:?}");
    assert_eq!(folder.names("corpus/regressions").len(), 1);
    folder.write("in/bad", "words\n");
    let ran = folder.sessdiff(&["import", "--port", PORT, "in"]).exits(64);
    assert!(ran.stderr.contains("error: in/bad:1:1: expected the line"), "{ran:?}");
    folder.write("empty/README.txt", "");
    folder.sessdiff(&["import", "--port", PORT, "empty"]).exits(4);
}

/// What other programs read of many files.
#[test]
fn an_import_is_told_as_sarif() {
    let folder = artifacts();
    // Known already, it is there all the same.
    for _ in 0..2 {
        folder.sessdiff(&["import", "--port", PORT, "--sarif", "a.sarif", "in"]).exits(0);
        let log: serde_sarif::sarif::Sarif = serde_json::from_str(&folder.read("a.sarif")).expect("SARIF");
        let results = log.runs[0].results.as_ref().expect("results");
        assert_eq!(results.len(), 1, "{results:?}");
        let json = serde_json::to_value(&results[0]).expect("JSON");
        assert_eq!((&json["level"], &json["ruleId"]), (&"error".into(), &"SSL_SESSION_dup/hostname".into()));
        let place = &json["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(place, REGRESSION);
    }
}

/// Contexts of the pool become new ones, and what is found keeps its name.
#[test]
fn a_program_with_a_context_of_the_pool_is_reduced_under_its_name() {
    let case = "#! sessdiff 1\nc0 = pooled_context(TLS_server_method())\ns0 = SSL_SESSION_new()\ns1 = SSL_SESSION_new()\n\
                SSL_SESSION_set_timeout(s0, 7)\n";
    let folder = Folder::with("a.ops", case);
    let ran = folder.sessdiff(&["reduce", "--port", "planted:timeout-writes-others", "a.ops"]).exits(0);
    ran.shows("SSL_SESSION_set_timeout/other.max_early_data").shows("s0 = SSL_SESSION_new()\ns1 = SSL_SESSION_new()\n");
}

#[test]
fn a_reduced_program_goes_into_a_file() {
    let folder = Folder::with("a.ops", PROGRAM);
    let ran = folder.sessdiff(&["reduce", "--port", PORT, "a.ops"]).exits(0);
    assert!(ran.stdout.ends_with(SMALL), "{ran:?}");
    folder.sessdiff(&["reduce", "--port", PORT, "a.ops", "-o", "small.ops"]).exits(0);
    assert_eq!(folder.read("small.ops"), ran.stdout);
}

/// Neither its own input.
#[test]
fn a_reduced_program_replaces_no_file_unasked() {
    let folder = Folder::with("a.ops", PROGRAM);
    folder.write("other", "A file.\n");
    let reduce = |out: &str| {
        ["reduce", "--port", PORT, "a.ops", "-o"]
            .into_iter()
            .chain(out.split(' '))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    let run = |out: &str| folder.sessdiff(&reduce(out).iter().map(String::as_str).collect::<Vec<_>>());
    for out in ["a.ops", "other"] {
        run(out).refuses(&format!("{out}: is there already; `--force` replaces it"));
    }
    run("none/small.ops").refuses("none/small.ops: ");
    assert_eq!((folder.read("a.ops"), folder.read("other")), (PROGRAM.into(), "A file.\n".into()));
    run("other --force").exits(0);
    assert!(folder.read("other").ends_with(SMALL));
    run("a.ops --force").exits(0);
    assert!(folder.read("a.ops").ends_with(SMALL));
    assert_eq!(folder.names("."), ["a.ops", "other"]);
    // What is no file is written to as it is.
    folder.write("a.ops", PROGRAM);
    assert_eq!(run("/dev/stdout").exits(0).stdout, folder.read("other"));
}

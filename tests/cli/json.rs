//! What `--json` prints, read back.

use serde_json::Value;

use super::laws::BROKEN_BY;
use super::{CORPUS, Folder, PROGRAM, Ran};

impl Ran {
    /// Reads standard output as one JSON object on one line.
    #[track_caller]
    pub fn json(&self) -> Value {
        let objects = self.objects();
        assert_eq!(objects.len(), 1, "{self:?}");
        objects.into_iter().next().unwrap_or_default()
    }

    /// Reads each line of standard output as a JSON object.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        assert!(self.stdout.ends_with('\n'), "{self:?}");
        let object = |line: &str| match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => value,
            Ok(other) => panic!("no object, but {other}: {self:?}"),
            Err(error) => panic!("{error}: {self:?}"),
        };
        self.stdout.lines().map(object).collect()
    }

    /// Reads the number of this name from the one object.
    #[track_caller]
    pub fn number(&self, name: &str) -> u64 {
        let object = self.json();
        object[name].as_u64().unwrap_or_else(|| panic!("no number {name}: {self:?}"))
    }

    /// Reads what two runs of the same programs have in common.
    #[track_caller]
    pub fn numbers(&self) -> [u64; 4] {
        ["programs", "ops", "skipped", "divergences"].map(|name| self.number(name))
    }
}

/// Says where a value is not as a schema wants it: of the words of JSON Schema those that ours has.
fn misfits(value: &Value, schema: &Value, at: &str, wrong: &mut Vec<String>) {
    const WORDS: [&str; 8] = ["$ref", "type", "enum", "anyOf", "required", "properties", "items", "title"];
    let rules = schema.as_object().expect("a schema is an object");
    assert!(rules.keys().all(|word| WORDS.contains(&word.as_str())), "{at}: {:?}", rules.keys());
    if let Some(name) = schema["$ref"].as_str() {
        return misfits(value, definition(name.trim_start_matches("#/$defs/")), at, wrong);
    }
    let is = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        other => panic!("{at}: no type {other:?}"),
    };
    let names = &schema["type"];
    let any = |names: &Vec<Value>| names.iter().any(is);
    if !(names.is_null() || names.as_array().is_some_and(any) || names.is_string() && is(names)) {
        wrong.push(format!("{at}: {value} is not {names}"));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        wrong.push(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    let fits = |schema: &Value| {
        let mut wrong = Vec::new();
        misfits(value, schema, at, &mut wrong);
        wrong.is_empty()
    };
    if schema["anyOf"].as_array().is_some_and(|all| !all.iter().any(fits)) {
        wrong.push(format!("{at}: {value} fits none of {}", schema["anyOf"]));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            wrong.push(format!("{at}: no {name}"));
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            misfits(value, schema, &format!("{at}.{name}"), wrong);
        }
    }
    for (index, item) in value.as_array().filter(|_| !schema["items"].is_null()).into_iter().flatten().enumerate() {
        misfits(item, &schema["items"], &format!("{at}[{index}]"), wrong);
    }
}

/// A part of docs/json.schema.json.
fn definition(name: &str) -> &'static Value {
    static SCHEMA: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| {
        serde_json::from_str(include_str!("../../docs/json.schema.json")).expect("the schema is JSON")
    });
    SCHEMA["$defs"].get(name).unwrap_or_else(|| panic!("no {name} in the schema"))
}

/// Runs a command and holds each object that it prints to a part of the schema.
#[track_caller]
pub fn fits(folder: &Folder, name: &str, exit: i32, args: &[&str]) {
    let mut wrong = Vec::new();
    let ran = folder.sessdiff(args).exits(exit);
    ran.objects().iter().for_each(|object| misfits(object, definition(name), name, &mut wrong));
    assert!(wrong.is_empty(), "{}: {ran:?}", wrong.join("\n"));
}

#[test]
fn what_commands_print_is_as_the_schema_says() {
    let folder = Folder::with("a.ops", PROGRAM);
    let planted = ["--json", "--port", "planted:dup-forgets-hostname"];
    let with = |command: &'static str, more: &[&'static str]| [&[command], &planted[..], more].concat();
    fits(&folder, "run", 1, &with("run", &["--programs", "2000", "--seed", "1", "--corpus", "none", "--keep-going"]));
    fits(&folder, "run", 0, &["run", "--json", "--port", "native", "--programs", "20", "--corpus", "none"]);
    fits(&folder, "check", 1, &with("check", &["--case", "dup/copies/*"]));
    fits(&folder, "check", 0, &["check", "--json", "--case", "up_ref/*"]);
    fits(&folder, "check_list", 0, &["check", "--json", "--list"]);
    fits(&folder, "replay", 1, &with("replay", &["a.ops"]));
    fits(&folder, "replay", 0, &["replay", "--json", "a.ops", "a.ops"]);
    let hazard = format!("{CORPUS}/hazards/id-changed-while-cached.ops");
    fits(&folder, "replay", 1, &["replay", "--json", "--hazards", &hazard]);
    fits(&folder, "reduced", 0, &with("reduce", &["a.ops"]));
    fits(&folder, "reduced", 0, &with("import", &["a.ops"]));
    folder.write("in/b.ops", PROGRAM);
    folder.write("in/c.ops", "#! sessdiff 1\ns0 = SSL_SESSION_new()\n");
    folder.write("in/d.ops", "words\n");
    fits(&folder, "imported", 64, &with("import", &["in"]));
    fits(&folder, "imported", 64, &with("import", &["in", "--into", "new"]));
    fits(&folder, "minimized", 64, &["minimize", "--json", "in", "--into", "small"]);
    fits(&folder, "minimized", 1, &with("minimize", &["in", "--into", "smaller"]));
    for form in ["ops", "wire", "c", "rust", "svg"] {
        fits(&folder, "show", 0, &["show", "--json", "a.ops", "--as", form]);
    }
    let bless = ["bless", "--json", "SSL_SESSION_dup/hostname", "--reason", "ours", "--link", "https://example.org/1"];
    fits(&folder, "bless", 0, &bless);
    let again = folder.sessdiff(&bless).exits(64).json();
    assert!(again["error"].as_str().is_some_and(|why| why.starts_with("corpus/known/openssl.toml:1: ")), "{again}");
    fits(&folder, "error", 4, &["record", "--json", "--", "true"]);
    fits(&folder, "doctor", 0, &["doctor", "--json"]);
    for list in ["ops", "ports", "rules"] {
        fits(&folder, list, 0, &[list, "--json"]);
    }
    fits(&folder, "ports", 0, &["ports", "--json", "--port", "openssl"]);
}

/// Each law that is broken is told of with both programs, which the compiler takes. The linked library has no planted bug: it does not
/// do what one of them says.
#[test]
fn what_laws_say_is_as_the_schema_says() {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|worker| scope.spawn(move || laws_of(worker, 2))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let folder = Folder::new();
    let laws = ["run", "--laws", "--json", "--corpus", "none", "--seed", "1"];
    let with = |more: &[&'static str]| [&laws[..], more].concat();
    fits(&folder, "laws", 0, &with(&["--programs", "42"]));
    fits(&folder, "laws", 0, &with(&["--programs", "42", "--port", "native"]));
    fits(
        &folder,
        "laws",
        4,
        &["run", "--laws", "no-lifetime", "--json", "--corpus", "none", "--programs", "1", "--about", "sessions"],
    );
    fits(&folder, "error", 5, &with(&["--port", "lib:/nosuch.so"]));
    fits(&folder, "error", 64, &with(&["--out", "/dev/null/nowhere"]));
    fits(&folder, "error", 64, &["run", "--json", "--laws", "nosuch"]);
}

/// Holds what is told of a part of the laws to the schema, and to what a finding is.
fn laws_of(first: usize, step: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for (law, bug, calls) in BROKEN_BY.iter().skip(first).step_by(step) {
        let folder = Folder::with("cases/a.ops", format!("#! sessdiff 1\n{calls}"));
        let port = format!("planted:{bug}");
        let args =
            ["run", "--laws", law, "--json", "--port", &port, "--corpus", "cases", "--programs", "5000", "--seed", "1"];
        let ran = folder.sessdiff(&args).exits(1);
        let told = ran.json();
        misfits(&told, definition("laws"), law, &mut wrong);
        let found = &told["laws"][0]["finding"];
        let says = ["program", "variation"].map(|run| found[run]["commands"]["c_says"].as_str().unwrap_or_default());
        let ends = says.map(|says| (says.contains("exit 0"), says.contains("exit 1: no library has what is planted")));
        // In C a context that is freed too early shows by nothing but what it takes along, where it does not crash.
        let hidden = *law == "context-up-ref-and-free";
        let shown = ends.iter().all(|(same, other)| same != other) && (hidden || ends.iter().any(|(_, other)| *other));
        if (&told["verdict"], &told["exit"], shown) != (&"broken".into(), &1.into(), true) {
            wrong.push(format!("{law}: {says:?}: {ran:?}"));
        }
    }
    wrong
}

/// Whatever a command ends with, there is an object.
#[test]
fn what_goes_wrong_is_an_object_too() {
    let folder = Folder::with("a.ops", PROGRAM);
    fits(&folder, "error", 64, &["replay", "--json", "missing.ops"]);
    fits(&folder, "error", 64, &["replay", "--json", "--nosuch", "a.ops"]);
    fits(&folder, "error", 5, &["run", "--json", "--port", "lib:/nosuch.so"]);
    fits(&folder, "error", 4, &["reduce", "--json", "a.ops"]);
    fits(&folder, "error", 64, &["show", "--json", "missing.ops"]);
    fits(&folder, "error", 64, &["import", "--json", "--into", "a.ops", "a.ops"]);
    let error = folder.sessdiff(&["replay", "--json", "missing.ops"]).json();
    assert_eq!(error["exit"], 64, "{error}");
    // Of what is wrong with the arguments, all is said.
    for (args, said) in [
        (&["reduce", "--json"][..], "the following required arguments were not provided: <FILE>"),
        (
            &["run", "--json", "--probes", "some"],
            "invalid value 'some' for '--probes <PROBES>' [possible values: mixed, all, none]",
        ),
        (&["run", "--json", "--fast"], "unexpected argument '--fast' found"),
    ] {
        fits(&folder, "error", 64, args);
        assert_eq!(folder.sessdiff(args).json()["error"], said);
    }
}

/// A finding holds what its block says.
#[test]
fn a_finding_says_what_the_block_says() {
    let folder = Folder::with("a.ops", PROGRAM);
    let found = folder.sessdiff(&["replay", "--json", "--port", "planted:up-ref-does-nothing", "a.ops"]).json();
    let found = &found["finding"];
    assert_eq!(found["signature"], "SSL_SESSION_up_ref/count");
    assert_eq!((&found["step"], &found["call"]), (&3.into(), &"SSL_SESSION_up_ref(s1)".into()));
    assert_eq!(
        (&found["port"], &found["ledger"], &found["wrong"]),
        (&"1 reference".into(), &"2 references".into(), &"port".into())
    );
    assert_eq!(found["calls"].as_array().map(Vec::len), Some(8));
    assert_eq!(found["versions"]["tool"], env!("CARGO_PKG_VERSION"));
}

/// A form is the same in an object as by itself.
#[test]
fn an_object_holds_what_is_shown() {
    let folder = Folder::with("a.ops", PROGRAM);
    let shown = folder.sessdiff(&["show", "--json", "a.ops"]).exits(0).quietly().json();
    assert_eq!((&shown["form"], &shown["text"]), (&"ops".into(), &PROGRAM.into()));
    assert_eq!(shown["calls"][2], "s1 = SSL_SESSION_dup(s0)");
    let c = folder.sessdiff(&["show", "--json", "--as", "c", "a.ops"]).exits(0).quietly().json();
    let alone = folder.sessdiff(&["show", "--as", "c", "a.ops"]).exits(0).stdout;
    assert_eq!(c["text"].as_str().map(str::trim_end), Some(alone.trim_end()));
    let wire = folder.sessdiff(&["show", "--json", "--as", "wire", "a.ops"]).exits(0).quietly().json();
    let bytes = folder.sessdiff(&["show", "--as", "wire", "a.ops"]).bytes;
    assert_eq!(wire["text"], bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
}

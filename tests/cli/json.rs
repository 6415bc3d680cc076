//! What `--json` prints, read back.

use serde_json::Value;

use super::Ran;

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

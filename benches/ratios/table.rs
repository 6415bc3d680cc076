//! Writes a table of measurements, as text for people and as JSON for programs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Holds figures of one kind. Each thing that was measured has a row.
#[derive(Debug, Serialize, Deserialize)]
pub struct Table {
    /// Names the table.
    pub name: String,
    /// Says what was measured, and in which unit.
    pub what: String,
    /// Names the columns of figures.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// Holds what was measured of one thing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// Names the thing.
    pub name: String,
    /// Holds one figure for each column, or nothing where there is none.
    pub values: Vec<Option<f64>>,
    /// Says why a figure is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Table {
    /// Makes a table without rows.
    pub fn new(name: &str, what: &str, columns: &[&str]) -> Table {
        let columns = columns.iter().map(ToString::to_string).collect();
        Table { name: name.into(), what: what.into(), columns, rows: Vec::new() }
    }

    /// Adds a row that has all its figures.
    pub fn row(&mut self, name: impl Into<String>, values: &[f64]) {
        let values = values.iter().copied().map(Some).collect();
        self.rows.push(Row { name: name.into(), values, note: None });
    }

    /// Adds a row of two times and their ratio: the second divided by the first.
    pub fn ratio(&mut self, name: impl Into<String>, [first, second]: [f64; 2]) {
        self.row(name, &[first, second, second / first]);
    }
}

/// Aligns the columns. A small figure has two digits after the point.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n", self.name, self.what)?;
        let width = self.columns.iter().map(|column| column.chars().count().max(8) + 2).collect::<Vec<_>>();
        write!(f, "{:<32}", "")?;
        for (column, width) in self.columns.iter().zip(&width) {
            write!(f, "{column:>width$}")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(f, "{:<32}", row.name)?;
            for (value, width) in row.values.iter().zip(&width) {
                match value {
                    Some(value) if *value < 100.0 => write!(f, "{value:>width$.2}")?,
                    Some(value) => write!(f, "{value:>width$.0}")?,
                    None => write!(f, "{:>width$}", "-")?,
                }
            }
            writeln!(f, "{}", row.note.as_ref().map_or(String::new(), |note| format!("  {note}")))?;
        }
        Ok(())
    }
}

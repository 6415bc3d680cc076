//! The table of a replay: as wide as it is, or as wide as the terminal.

use std::io::IsTerminal;

use rustix::termios::tcgetwinsize;

/// The widest a call is shown where there is no terminal.
const CALL_WIDTH: usize = 56;
/// How wide the columns of both sides are there, at least.
const SIDE_WIDTH: usize = 22;
/// Stands between two columns.
const GAP: &str = "  ";
/// The narrowest that a column of a terminal gets, unless all that is in it is narrower.
const NARROW: usize = 8;
/// The narrowest that a call gets there: its beginning says little.
const NARROW_CALL: usize = 18;
/// Holds the number of columns: step, call, both sides, ledger.
const COLUMNS: usize = 5;

/// The rows of a table.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

struct Row {
    cells: [String; COLUMNS],
    /// Follows the last cell, and is never cut.
    mark: &'static str,
}

impl Table {
    /// Adds a row. The mark follows its last cell.
    pub fn row(&mut self, cells: [&str; COLUMNS], mark: &'static str) {
        self.rows.push(Row { cells: cells.map(String::from), mark });
    }

    /// Returns its text: fitted to a terminal of this width, or as wide as it is.
    pub fn text(&self, terminal: Option<usize>) -> String {
        let lines = match terminal {
            None => self.wide(),
            Some(width) => self.fitted(width),
        };
        lines.into_iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    fn wide(&self) -> Vec<String> {
        let right = self.rows.first().map_or(0, |head| length(&head.cells[3])).max(SIDE_WIDTH);
        let line = |row: &Row| {
            let [step, call, left, side, ledger] = &row.cells;
            let is_op = !step.is_empty();
            let call = if is_op { cut(call, CALL_WIDTH, "...") } else { call.clone() };
            let mark = row.mark;
            format!("{step:>4}{GAP}{call:<CALL_WIDTH$}{GAP}{left:<SIDE_WIDTH$}{GAP}{side:<right$}{GAP}{ledger}{mark}")
        };
        self.rows.iter().map(line).collect()
    }

    fn fitted(&self, width: usize) -> Vec<String> {
        let widths = self.widths(width);
        self.rows.iter().map(|row| row.fitted(&widths, width)).collect()
    }

    /// Returns how wide each column is in a terminal of this width: as wide as what is in it, and where that is too much in all,
    /// the widest ones are made narrower.
    fn widths(&self, width: usize) -> [usize; COLUMNS] {
        let mut widths = [0; COLUMNS];
        // Leave out what a trace has below a call: it goes across the columns.
        for row in self.rows.iter().filter(|row| !row.cells[0].is_empty()) {
            let cells = row.cells.iter().map(|cell| length(cell));
            for (at, cell) in cells.enumerate() {
                let mark = if at == COLUMNS - 1 { length(row.mark) } else { 0 };
                widths[at] = widths[at].max(cell + mark);
            }
        }
        let mark = self.rows.iter().map(|row| length(row.mark)).max().unwrap_or(0);
        let least = [0, NARROW_CALL, NARROW, NARROW, NARROW + mark];
        let gaps = GAP.len() * (COLUMNS - 1);
        let wanted = |widths: &[usize; COLUMNS]| widths.iter().sum::<usize>() + gaps;
        while wanted(&widths) > width {
            let room = |at: &usize| widths[*at].saturating_sub(least[*at]);
            let Some(widest) = (1..COLUMNS).max_by_key(room).filter(|at| room(at) > 0) else { break };
            widths[widest] -= 1;
        }
        widths
    }
}

impl Row {
    fn fitted(&self, widths: &[usize; COLUMNS], width: usize) -> String {
        let [step, call, rest @ ..] = &self.cells;
        if step.is_empty() && rest.iter().all(String::is_empty) {
            return cut(&format!("{:1$}{GAP}{call}", "", widths[0]), width, "…");
        }
        let mut line = format!("{step:>0$}", widths[0]);
        let mut cells = self.cells.clone();
        [cells[2], cells[3]] = apart([&self.cells[2], &self.cells[3]], widths[2].min(widths[3]));
        for (at, cell) in cells.iter().enumerate().skip(1) {
            let mark = if at == COLUMNS - 1 { self.mark } else { "" };
            let room = widths[at].saturating_sub(length(mark));
            let cell = format!("{}{mark}", cut(cell, room, "…"));
            line += &format!("{GAP}{cell:<0$}", widths[at]);
        }
        // Cut at the end what is too much for the narrowest columns.
        cut(line.trim_end(), width, "…")
    }
}

/// Leaves out of both sides what they begin with in common, where they would be cut before they differ.
fn apart(sides: [&str; 2], width: usize) -> [String; 2] {
    let common = sides[0].chars().zip(sides[1].chars()).take_while(|(left, right)| left == right).count();
    let is_seen = sides[0] == sides[1] || common + 1 < width || sides.iter().all(|side| length(side) <= width);
    if is_seen {
        return sides.map(String::from);
    }
    // A word of it stays, to tell what differs.
    let left_out = common.saturating_sub(width / 3);
    sides.map(|side| "…".chars().chain(side.chars().skip(left_out)).collect())
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Cuts a text that is longer than this, and says so by what it ends with.
fn cut(text: &str, width: usize, end: &str) -> String {
    if length(text) <= width {
        return text.into();
    }
    let kept = width.saturating_sub(length(end));
    text.chars().take(kept).chain(end.chars()).take(width).collect()
}

/// Returns the width of the terminal that results go to, which `COLUMNS` may say; `None`: they go elsewhere.
pub(super) fn terminal() -> Option<usize> {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = said.or_else(|| tcgetwinsize(&out).ok().map(|size| size.ws_col.into()));
    width.filter(|width| *width > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::default();
        table.row(["step", "call", "native", "openssl", "ledger"], "");
        table.row(["0", "s0 = SSL_SESSION_new()", "session, refs 1", "session, refs 1", "s0:1"], "");
        let long = "SSL_SESSION_set1_hostname(s0, \"a-name-that-is-much-longer-than-any-name-should-be\")";
        table.row(["1", long, "1, refs 1", "0, refs 1", "s0:1 c0:1 c1:1 x0:1"], "  <- the first difference");
        table.row(["", "    returned a session that says more than fits in any of the columns", "", "", ""], "");
        table
    }

    #[test]
    fn a_table_is_as_wide_as_the_terminal() {
        for width in [60, 80, 100, 120] {
            let text = table().text(Some(width));
            assert!(text.lines().all(|line| length(line) <= width), "{width}:\n{text}");
            assert!(text.contains('…'), "{width}:\n{text}");
            assert!(width < 80 || text.contains("  <- the first difference\n"), "{width}:\n{text}");
        }
        let text = table().text(Some(80));
        assert!(text.contains("    returned a session that says more than fits in any of the columns\n"), "{text}");
        // What fits is not cut, and no wider than it is.
        let text = table().text(Some(300));
        assert!(!text.contains('…') && text.starts_with("step  call   "), "{text}");
        assert!(text.lines().all(|line| length(line) < 200), "{text}");
    }

    #[test]
    fn what_differs_is_seen_in_a_narrow_table() {
        let [left, right] = apart(["session, refs s0:1 s1:2", "session, refs s0:1 s1:3"], 12);
        assert_eq!([left.as_str(), right.as_str()], ["… s1:2", "… s1:3"]);
        // Leave what is seen, and what is the same.
        assert_eq!(apart(["0, refs s0:1 s1:2", "1, refs s0:1 s1:2"], 8)[0], "0, refs s0:1 s1:2");
        assert_eq!(apart(["session, refs s0:1"; 2], 8)[0], "session, refs s0:1");
    }

    #[test]
    fn a_table_that_goes_elsewhere_is_as_it_is_everywhere() {
        let text = table().text(None);
        let lines: Vec<&str> = text.lines().collect();
        let native = lines[0].find("native").expect("a column");
        assert_eq!(native, 4 + 2 + CALL_WIDTH + 2, "{text}");
        assert!(lines[2].contains("...  1, refs 1") && !text.contains('…'), "{text}");
    }
}

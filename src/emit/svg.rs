//! A program as a picture: the reference count of each session over the calls, in the eyes of the ledger and of both ports.

use svg::Document;
use svg::node::element::{Circle, Group, Line, Path, Rectangle, Style, Text, Title};

use crate::op::{Op, Slot};
use crate::oracle::{Counts, Signature, counts_owed, counts_seen, is_counted};
use crate::plan::Plan;
use crate::program::Program;
use crate::trace::Trace;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// The calls.
    pub program: &'a Program,
    /// Their plan.
    pub plan: &'a Plan,
    /// The names of both ports and what they did, with everything observed.
    pub sides: [(&'a str, &'a Trace); 2],
    /// The step of the first difference, and its signature.
    pub divergence: Option<(usize, Signature)>,
}

/// Pixels.
const COLUMN: usize = 36;
const LEFT: usize = 64;
const TOP: usize = 76;
const REFERENCE: usize = 22;
const GAP: usize = 26;
const LINE: usize = 18;
/// A count above this is drawn as this.
const HIGHEST: u32 = 8;
/// More calls than this make no picture anybody can read: the last ones before the difference are drawn.
const MOST: usize = 60;
/// The lanes are no wider than this where columns can be narrower.
const WIDEST: usize = 1200;
const NARROWEST: usize = 12;
/// A letter of the list and the title, and a small one: wider than they are drawn with any font.
const LETTER: usize = 8;
const SMALL_LETTER: usize = 7;

const STYLE: &str = "text { font: 13px ui-monospace, monospace; fill: #1b1f24 } .name { font-weight: 600 } \
    .small { font-size: 11px; fill: #57606a } .wrong { fill: #b42318 } .ledger { stroke: #afb8c1; stroke-width: 7 } \
    .left { stroke: #0a5cad; stroke-width: 2.5 } .right { stroke: #c2571a; stroke-width: 2.5; stroke-dasharray: 6 3 } \
    path { fill: none } .axis { stroke: #d0d7de; stroke-width: 1 } .band { fill: #fde8e6 } \
    .birth { fill: #1a7f37 } .death { stroke: #1b1f24; stroke-width: 2.5 }";

/// Draws the picture: the text of an SVG file.
pub fn svg(picture: &Picture<'_>) -> String {
    let ops: Vec<Op> = picture.program.ops.iter().cloned().chain(picture.plan.given_back()).collect();
    let ledger = counts_owed(picture.plan, &ops, picture.sides.map(|(_, trace)| trace));
    let sides = picture.sides.map(|(_, trace)| counts_seen(picture.plan, &ops, trace));
    let differs = picture.divergence.map(|(step, _)| step.min(ops.len().saturating_sub(1)));
    // As many steps as are readable, up to some behind the difference.
    let end = differs.map_or(ops.len(), |step| (step + MOST / 4).min(ops.len())).min(ops.len());
    let shown = end.saturating_sub(MOST)..end;
    let column = ((WIDEST - LEFT) / shown.len().max(1)).clamp(NARROWEST, COLUMN);
    let drawn = Drawn { shown, column, rows: rows(&ledger, &sides) };
    let (heading, heading_width) = heading(picture);
    let longest =
        drawn.shown.clone().map(|step| LETTER * (6 + shortened(&ops[step].to_string()).chars().count())).max();
    let lanes = LEFT + column * drawn.shown.len() + 40;
    let width = lanes.max(640).max(heading_width).max(16 + longest.unwrap_or(0) + 16);
    let list_top = drawn.bottom() + 34;
    let height = list_top + LINE * drawn.shown.len() + 16;
    let mut document = Document::new()
        .set("viewBox", (0, 0, width, height))
        .set("width", width)
        .set("height", height)
        .add(Style::new(STYLE))
        .add(Rectangle::new().set("width", width).set("height", height).set("fill", "#ffffff"));
    document = document.add(heading);
    if let Some(column) = differs.and_then(|step| drawn.column(step)) {
        let band = Rectangle::new().set("class", "band").set("x", column - drawn.column / 2).set("y", TOP - 22);
        document = document.add(band.set("width", drawn.column).set("height", drawn.bottom() - TOP + 30));
    }
    // As many numbers as there is room for, and that of the difference.
    let each = (2 * LETTER + 4).div_ceil(drawn.column);
    for step in drawn.shown.clone().filter(|step| step % each == 0 || differs == Some(*step)) {
        let beside = differs.is_some_and(|differs| differs != step && differs.abs_diff(step) < each);
        if beside {
            continue;
        }
        let x = drawn.column(step).unwrap_or(LEFT);
        let number = if step < picture.program.ops.len() { step.to_string() } else { "end".into() };
        let class = if differs == Some(step) { "small wrong" } else { "small" };
        document = document.add(label(number, class, x, TOP - 8).set("text-anchor", "middle"));
    }
    for row in &drawn.rows {
        document = document.add(lane(row, &drawn, &ledger, &sides));
    }
    for (line, step) in drawn.shown.clone().enumerate() {
        let number = if step < picture.program.ops.len() { format!("{step:>4}") } else { " end".into() };
        let class = if differs == Some(step) { "wrong" } else { "call" };
        let text = format!("{number}  {}", shortened(&ops[step].to_string()));
        document = document.add(label(text, class, 16, list_top + LINE * line).set("xml:space", "preserve"));
    }
    format!("{document}\n")
}

/// One session variable: where its lane is, and how high.
struct Row {
    slot: Slot,
    /// The y of count 0.
    zero: usize,
    highest: u32,
}

struct Drawn {
    shown: std::ops::Range<usize>,
    /// The width of a step.
    column: usize,
    rows: Vec<Row>,
}

impl Drawn {
    /// Returns the middle of a step's column.
    fn column(&self, step: usize) -> Option<usize> {
        self.shown.contains(&step).then(|| LEFT + self.column * (step - self.shown.start) + self.column / 2)
    }

    fn bottom(&self) -> usize {
        self.rows.last().map_or(TOP, |row| row.zero + 8)
    }
}

/// Makes a lane for each variable that ever holds something.
fn rows(ledger: &Counts, sides: &[Counts; 2]) -> Vec<Row> {
    let mut zero = TOP;
    let highest = |slot: Slot| {
        let all = [ledger, &sides[0], &sides[1]].into_iter().flatten();
        all.filter_map(|counts| counts[slot.index()]).max().unwrap_or(0).min(HIGHEST)
    };
    let used = Slot::all().map(|slot| (slot, highest(slot))).filter(|(_, highest)| *highest > 0);
    used.map(|(slot, highest)| {
        zero += REFERENCE * highest as usize + GAP;
        Row { slot, zero, highest }
    })
    .collect()
}

/// Draws the title and the legend; how wide they are.
fn heading(picture: &Picture<'_>) -> (Group, usize) {
    let title = picture.divergence.map_or("no difference".to_string(), |(step, signature)| {
        let place = if step < picture.program.ops.len() { format!("call {step}") } else { "the end".into() };
        format!("{signature}, first at {place}")
    });
    let class = if picture.divergence.is_some() { "name wrong" } else { "name" };
    let mut heading = Group::new().add(Title::new(format!("Reference counts over the calls: {title}"))).add(label(
        title.clone(),
        class,
        16,
        24,
    ));
    let unknown = |trace: &Trace| if !is_counted(trace) { " (counts not observed)" } else { "" };
    let [(left, left_trace), (right, right_trace)] = picture.sides;
    let legend = [
        ("ledger", "ledger".to_string()),
        ("left", format!("{left}{}", unknown(left_trace))),
        ("right", format!("{right}{}", unknown(right_trace))),
    ];
    let mut x = 16;
    for (class, name) in legend {
        let name = shortened(&name);
        let line = Path::new().set("class", class).set("d", format!("M{x} 41 h24"));
        let width = SMALL_LETTER * name.chars().count();
        heading = heading.add(line).add(label(name, "small", x + 30, 45));
        x += 52 + width;
    }
    let birth = Circle::new().set("class", "birth").set("cx", x + 4).set("cy", 41).set("r", 4);
    heading = heading.add(birth).add(label("born", "small", x + 14, 45));
    let death = Path::new().set("class", "death").set("d", cross(x + 62, 41));
    let end = x + 74 + SMALL_LETTER * "destroyed".len();
    let width = end.max(16 + LETTER * title.chars().count()) + 16;
    (heading.add(death).add(label("destroyed", "small", x + 74, 45)), width)
}

fn lane(row: &Row, drawn: &Drawn, ledger: &Counts, sides: &[Counts; 2]) -> Group {
    let slot = row.slot.index();
    let mut lane = Group::new().add(label(row.slot.to_string(), "name", 16, row.zero));
    let right = LEFT + drawn.column * drawn.shown.len();
    for count in 0..=row.highest {
        let y = height(row, count);
        let axis = Line::new().set("class", "axis").set("x1", LEFT).set("x2", right).set("y1", y).set("y2", y);
        let number = label(count.to_string(), "small", LEFT - 6, y + 4).set("text-anchor", "end");
        lane = lane.add(axis).add(number);
    }
    let lines = [("ledger", ledger, 0), ("left", &sides[0], -2), ("right", &sides[1], 2)];
    for (class, counts, offset) in lines {
        lane = lane.add(Path::new().set("class", class).set("d", line(row, drawn, counts, offset)));
    }
    for step in drawn.shown.clone() {
        let Some(x) = drawn.column(step) else { continue };
        let before = if step == 0 { Some(0) } else { ledger[step - 1][slot] };
        let (Some(before), Some(after)) = (before, ledger[step][slot]) else { continue };
        if before == 0 && after > 0 {
            let y = height(row, after);
            lane = lane.add(Circle::new().set("class", "birth").set("cx", x).set("cy", y).set("r", 4));
        } else if before > 0 && after == 0 {
            lane = lane.add(Path::new().set("class", "death").set("d", cross(x, row.zero)));
        }
    }
    lane
}

/// Draws steps from count to count, broken where nothing is known. The lines lie beside each other, so that all can be seen.
fn line(row: &Row, drawn: &Drawn, counts: &Counts, offset: i64) -> String {
    let mut path = String::new();
    let mut pen = false;
    for step in drawn.shown.clone() {
        let (Some(x), Some(count)) = (drawn.column(step), counts[step][row.slot.index()]) else {
            pen = false;
            continue;
        };
        let y = height(row, count) as i64 + offset;
        let start = x - drawn.column / 2;
        path += &if pen { format!(" V{y}") } else { format!(" M{start} {y}") };
        path += &format!(" H{}", start + drawn.column);
        pen = true;
    }
    path.trim_start().into()
}

fn label(text: impl Into<String>, class: &str, x: usize, y: usize) -> Text {
    Text::new(text).set("class", class).set("x", x).set("y", y)
}

fn height(row: &Row, count: u32) -> usize {
    row.zero - REFERENCE * count.min(row.highest) as usize
}

fn cross(x: usize, y: usize) -> String {
    format!("M{} {} l8 8 m0 -8 l-8 8", x - 4, y - 4)
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 84;
    if text.chars().count() <= LONGEST {
        text.into()
    } else {
        text.chars().take(LONGEST - 3).chain("...".chars()).collect()
    }
}

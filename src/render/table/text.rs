//! A table for people.

use super::{Cell, Column, Table};
use crate::render::escape::{harmless, harmless_line};
use crate::render::style::{BOLD, DIM, Style, wrap};
use std::fmt::Write as _;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Between two columns.
const GAP: usize = 2;

/// The least that a text may be cut to: one could not be told from another in less.
const LEAST: usize = 12;

/// All of it. Where a terminal is narrow, spare columns go, unless `wide`; then the longest texts lose their middle. Where
/// nobody sees an edge, everything stands.
pub fn table_text(table: &Table, wide: bool, style: Style) -> String {
    let mut text = String::new();
    if table.rows.is_empty() {
        for line in wrap(&table.empty, style.columns()) {
            let _ = writeln!(text, "{line}");
        }
    } else {
        grid(table, wide, style, &mut text);
    }
    for note in &table.notes {
        text.push('\n');
        for line in wrap(&harmless(note), style.columns()) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn grid(table: &Table, wide: bool, style: Style, text: &mut String) {
    let rows = table.rows.iter().map(|row| row.iter().map(word).collect());
    // What has no sum has no sign of one.
    let sum = |cell: &Cell| if *cell == Cell::Empty { String::new() } else { word(cell) };
    let total = table.total.iter().map(|row| row.iter().map(sum).collect());
    let drawn: Vec<Vec<String>> = rows.chain(total).collect();
    let width = |at: usize| {
        let cells = drawn.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
        cells.chain([table.columns.get(at).map_or(0, |column| column.title.width())]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let room = if wide { usize::from(u16::MAX) } else { style.row_columns() };
    // A column that says nothing in any row is none.
    let says = |at: &usize| table.rows.iter().any(|row| row.get(*at).is_some_and(|cell| *cell != Cell::Empty));
    let mut shown: Vec<usize> =
        (0..table.columns.len()).filter(|at| !table.columns[*at].title.is_empty()).filter(says).collect();
    let gone = fit(&table.columns, &mut shown, &mut widths, room, |at| is_text(table, at));
    let right = |at: usize| !is_text(table, at);
    let gap = " ".repeat(GAP);
    let line = |cells: &dyn Fn(usize) -> String| {
        let mut line = String::new();
        for (place, at) in shown.iter().enumerate() {
            let cell = cut(&cells(*at), widths[*at]);
            let pad = " ".repeat(widths[*at].saturating_sub(cell.width()));
            let gap = if place == 0 { "" } else { &gap };
            match right(*at) {
                true => line.extend([gap, &pad, &cell]),
                false => line.extend([gap, &cell, &pad]),
            }
        }
        line.trim_end().to_owned()
    };
    let head = line(&|at| table.columns[at].title.to_owned());
    let _ = writeln!(text, "{}", style.paint(BOLD, &head));
    for (place, row) in drawn.iter().enumerate() {
        let line = line(&|at| row.get(at).cloned().unwrap_or_default());
        let is_total = place == table.rows.len();
        let _ = writeln!(text, "{}", if is_total { style.paint(BOLD, &line) } else { line });
    }
    if !gone.is_empty() {
        let names: Vec<&str> = gone.iter().map(|at| table.columns[*at].title).collect();
        let told = format!("Not shown: {} (-wide shows all).", names.join(", "));
        for line in wrap(&told, style.columns()) {
            let _ = writeln!(text, "{}", style.paint(DIM, &line));
        }
    }
}

/// Narrows what is told apart by fewer letters, takes spare columns away until the rest fits, then narrows the widest texts.
/// Which went.
fn fit(
    columns: &[Column],
    shown: &mut Vec<usize>,
    widths: &mut [usize],
    room: usize,
    is_text: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut gone = Vec::new();
    let taken = |shown: &[usize], widths: &[usize]| {
        shown.iter().map(|at| widths[*at]).sum::<usize>() + GAP * shown.len().saturating_sub(1)
    };
    for at in shown.iter().copied().filter(|at| columns[*at].enough > 0) {
        let over = taken(shown, widths).saturating_sub(room);
        let least = usize::from(columns[at].enough).min(widths[at]);
        widths[at] = least.max(widths[at].saturating_sub(over));
    }
    while taken(shown, widths) > room {
        let next = shown.iter().copied().filter(|at| columns[*at].spare > 0).max_by_key(|at| columns[*at].spare);
        let Some(next) = next else { break };
        shown.retain(|at| *at != next);
        gone.push(next);
    }
    while taken(shown, widths) > room {
        let widest = shown.iter().copied().filter(|at| is_text(*at)).max_by_key(|at| widths[*at]);
        let Some(widest) = widest.filter(|at| widths[*at] > LEAST) else { break };
        // Those that are as wide share what has to go, a column of letters at a time.
        widths[widest] -= 1;
    }
    gone.sort_unstable();
    gone
}

/// Whether a column holds words: they stand left, numbers stand right.
fn is_text(table: &Table, at: usize) -> bool {
    let cells = || table.rows.iter().filter_map(|row| row.get(at));
    cells().any(|cell| matches!(cell, Cell::Text(_) | Cell::List(_) | Cell::Numbers(_) | Cell::Time(_) | Cell::Flag(_)))
        || cells().all(|cell| *cell == Cell::Empty)
}

/// A text in so many columns: its middle goes, since addresses differ at their ends.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let side = |letters: &mut dyn Iterator<Item = &char>, room: usize| {
        let mut taken = String::new();
        for letter in letters {
            if taken.width() + letter.to_string().width() > room {
                break;
            }
            taken.push(*letter);
        }
        taken
    };
    let half = width.saturating_sub(1) / 2;
    let end: String = side(&mut letters.iter().rev(), half).chars().rev().collect();
    let start = side(&mut letters.iter(), width.saturating_sub(1 + end.width()));
    format!("{start}…{end}")
}

/// A cell as people read it.
pub(super) fn word(cell: &Cell) -> String {
    match cell {
        Cell::Empty => "-".to_owned(),
        Cell::Text(text) => harmless_line(text),
        Cell::Whole(number) => number.to_string(),
        Cell::Number(number, places) => format!("{number:.places$}"),
        Cell::Money(amount, places) => format!("{amount:.places$}"),
        Cell::Time(time) => time.strftime("%Y-%m-%d %H:%M").to_string(),
        Cell::Span(span) => span_text(*span),
        Cell::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Cell::List(words) => harmless_line(&words.join(", ")),
        Cell::Raw(value) => harmless_line(&value.to_string()),
        Cell::Numbers(numbers) => numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
        Cell::Objects(objects) => objects.len().to_string(),
    }
}

/// `3d 04h`, `4h 05m`, `5m 06s`, `7s`: two units, the second always with two digits, so that they stand under each other.
fn span_text(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {:02}s", seconds % 60),
        (0, ..) => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{days}d {:02}h", hours % 24),
    }
}

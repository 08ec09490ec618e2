//! The rows of a table, laid out in so many columns of a terminal.

use super::word::word;
use super::{Cell, Column, Table};
use std::collections::{BTreeMap, BTreeSet};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The least that a text may be cut to: one could not be told from another in less.
const LEAST: usize = 12;

/// Lines that stand under each other, without colour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// The titles.
    pub head: String,
    /// One for each row of the table.
    pub rows: Vec<String>,
    /// The sums.
    pub total: Option<String>,
    /// The titles of the columns for which there was no room.
    pub gone: Vec<&'static str>,
}

impl Grid {
    /// Of a table in `room` columns of the terminal, `gap` of them between two of the table. Spare columns go first, then the
    /// longest texts lose their middle.
    pub fn of(table: &Table, room: usize, gap: usize) -> Grid {
        let rows = table.rows.iter().map(|row| row.iter().map(word).collect());
        // What has no sum has no sign of one.
        let sum = |cell: &Cell| if *cell == Cell::Empty { String::new() } else { word(cell) };
        let total = table.total.iter().map(|row| row.iter().map(sum).collect());
        let mut drawn: Vec<Vec<String>> = rows.chain(total).collect();
        let width = |at: usize| {
            let cells = drawn.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
            cells.chain([table.columns.get(at).map_or(0, |column| column.title.width())]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
        // A column that says nothing in any row is none.
        let says = |at: &usize| table.rows.iter().any(|row| row.get(*at).is_some_and(|cell| *cell != Cell::Empty));
        let mut shown: Vec<usize> =
            (0..table.columns.len()).filter(|at| !table.columns[*at].title.is_empty()).filter(says).collect();
        let gone = fit(&table.columns, &mut shown, &mut widths, (room, gap), |at| is_text(table, at));
        let right = |at: usize| !is_text(table, at);
        let between = " ".repeat(gap);
        let line = |cells: &dyn Fn(usize) -> String| {
            let mut line = String::new();
            for (place, at) in shown.iter().enumerate() {
                let cell = cells(*at);
                let pad = " ".repeat(widths[*at].saturating_sub(cell.width()));
                let between = if place == 0 { "" } else { &between };
                match right(*at) {
                    true => line.extend([between, &pad, &cell]),
                    false => line.extend([between, &cell, &pad]),
                }
            }
            line.trim_end().to_owned()
        };
        for at in &shown {
            shorten(&mut drawn, *at, widths[*at]);
        }
        let mut lines: Vec<String> =
            drawn.iter().map(|row| line(&|at| row.get(at).cloned().unwrap_or_default())).collect();
        Grid {
            head: line(&|at| cut(table.columns[at].title, widths[at])),
            total: table.total.as_ref().and_then(|_| lines.pop()),
            rows: lines,
            gone: gone.iter().map(|at| table.columns[*at].title).collect(),
        }
    }
}

/// Narrows what is told apart by fewer letters, takes spare columns away until the rest fits, then narrows the widest texts.
/// Which went.
fn fit(
    columns: &[Column],
    shown: &mut Vec<usize>,
    widths: &mut [usize],
    (room, gap): (usize, usize),
    is_text: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut gone = Vec::new();
    let taken = |shown: &[usize], widths: &[usize]| {
        shown.iter().map(|at| widths[*at]).sum::<usize>() + gap * shown.len().saturating_sub(1)
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

/// The texts of a column in so many columns of the terminal. Those that would be alike without their middle lose their
/// beginning, or else their end, where that tells them apart.
fn shorten(rows: &mut [Vec<String>], at: usize, width: usize) {
    let whole: BTreeSet<String> =
        rows.iter().filter_map(|row| row.get(at)).filter(|cell| cell.width() > width).cloned().collect();
    let mut alike: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for text in &whole {
        alike.entry(cut(text, width)).or_default().push(text);
    }
    let mut short: BTreeMap<&String, String> = BTreeMap::new();
    for (middle, texts) in alike {
        let tells = |way: fn(&str, usize) -> String| {
            let cut: Vec<String> = texts.iter().map(|text| way(text, width)).collect();
            let distinct = cut.iter().collect::<BTreeSet<_>>().len() == texts.len();
            distinct.then_some(cut)
        };
        let ways = if texts.len() == 1 { None } else { tells(ending).or_else(|| tells(beginning)) };
        let cut = ways.unwrap_or_else(|| vec![middle; texts.len()]);
        short.extend(texts.into_iter().zip(cut));
    }
    for row in rows.iter_mut() {
        if let Some(cell) = row.get_mut(at)
            && let Some(text) = short.get(&*cell)
        {
            cell.clone_from(text);
        }
    }
}

/// So many columns of the beginning of a text.
fn beginning(text: &str, width: usize) -> String {
    format!("{}…", side(text.chars(), width.saturating_sub(1)).into_iter().collect::<String>())
}

/// So many columns of its end.
fn ending(text: &str, width: usize) -> String {
    format!("…{}", side(text.chars().rev(), width.saturating_sub(1)).iter().rev().collect::<String>())
}

/// The first letters, in so many columns.
fn side(letters: impl Iterator<Item = char>, room: usize) -> Vec<char> {
    let mut taken = 0;
    letters
        .take_while(|letter| {
            taken += letter.width().unwrap_or(0);
            taken <= room
        })
        .collect()
}

/// A text in so many columns: its middle goes, since addresses differ at their ends.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let half = width.saturating_sub(1) / 2;
    let end: String = side(text.chars().rev(), half).iter().rev().collect();
    let start: String = side(text.chars(), width.saturating_sub(1 + end.width())).iter().collect();
    format!("{start}…{end}")
}

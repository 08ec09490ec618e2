//! A table for people.

use super::Table;
use super::grid::Grid;
use crate::render::escape::harmless;
use crate::render::style::{BOLD, DIM, Style, wrap};
use std::fmt::Write as _;

/// Between two columns.
const GAP: usize = 2;

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
    let room = if wide { usize::from(u16::MAX) } else { style.row_columns() };
    let grid = Grid::of(table, room, GAP);
    let _ = writeln!(text, "{}", style.paint(BOLD, &grid.head));
    for row in &grid.rows {
        let _ = writeln!(text, "{row}");
    }
    if let Some(total) = &grid.total {
        let _ = writeln!(text, "{}", style.paint(BOLD, total));
    }
    if !grid.gone.is_empty() {
        let told = format!("Not shown: {} (-wide shows all).", grid.gone.join(", "));
        for line in wrap(&told, style.columns()) {
            let _ = writeln!(text, "{}", style.paint(DIM, &line));
        }
    }
}

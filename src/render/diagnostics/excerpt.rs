//! The lines of source that a diagnostic points at, with the operand underlined.

use crate::clusters::clusters;
use crate::diag::{Source, Span};
use crate::render::escape::is_unsafe;
use unicode_width::UnicodeWidthStr;

/// One line of source, ready to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub number: usize,
    /// Tabs expanded, cut to the width, harmless to a terminal.
    pub text: String,
    /// Spaces, then `^` under what is meant.
    pub underline: String,
}

/// A tab is so many columns.
const TAB: &str = "    ";

/// The first line of the span, and its last where that is another one. `width` is in columns, 0 for unlimited.
pub(super) fn lines(source: &Source, span: Span, width: usize) -> Vec<Line> {
    let (start, end) = bounds(source, span);
    let first = line_at(source, start);
    // A span that ends with a line break ends on the line before it.
    let last_byte = source.text[start..end].trim_end_matches(['\n', '\r']).len() + start;
    let last = line_at(source, last_byte.max(start));
    let mut drawn = vec![draw(&first, start, end.max(start), width)];
    if last.number != first.number {
        let indented = last.start + (last.text.len() - last.text.trim_start().len());
        drawn.push(draw(&last, indented, end, width));
    }
    drawn
}

/// The span as two offsets that are in the text and between characters.
pub(super) fn bounds(source: &Source, span: Span) -> (usize, usize) {
    let fit = |offset: u32| {
        let mut offset = (offset as usize).min(source.text.len());
        while !source.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let start = fit(span.start);
    (start, fit(span.end).max(start))
}

struct Place<'a> {
    number: usize,
    /// Offset of the first byte.
    start: usize,
    /// Without the line break.
    text: &'a str,
}

fn line_at(source: &Source, offset: usize) -> Place<'_> {
    let (number, start) = source.line(offset);
    let line = source.text[start..].split('\n').next().unwrap_or_default();
    let number = number + 1;
    Place { number, start, text: line.strip_suffix('\r').unwrap_or(line) }
}

/// One visible unit: a cluster of characters, or the escape of one that must not reach the terminal.
struct Cell {
    text: String,
    width: usize,
    meant: bool,
}

/// The part of a very long line around an offset, and whether something before it is left out.
fn around<'a>(line: &Place<'a>, offset: usize) -> (Place<'a>, bool) {
    const LONG: usize = 4096;
    let whole = line.text;
    let boundary = |at: usize| (0..=at.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
    let from = match whole.len() > LONG {
        true => boundary(offset.saturating_sub(line.start).saturating_sub(LONG / 4)),
        false => 0,
    };
    let to = boundary(from + LONG);
    (Place { start: line.start + from, text: whole.get(from..to).unwrap_or_default(), ..*line }, from > 0)
}

fn draw(line: &Place<'_>, start: usize, end: usize, width: usize) -> Line {
    let mut cells: Vec<Cell> = Vec::new();
    let (line, cut) = &around(line, start);
    let mut to = line.start;
    for cluster in clusters(line.text) {
        let from = to;
        to += cluster.len();
        let text = match cluster {
            "\t" => TAB.to_owned(),
            cluster if cluster.chars().any(is_unsafe) => {
                let shown = |c: char| if is_unsafe(c) { c.escape_unicode().to_string() } else { c.to_string() };
                cluster.chars().map(shown).collect()
            }
            cluster => cluster.to_owned(),
        };
        // An empty span means the place before the character at its offset.
        let meant = if start == end { from <= start && start < to } else { from < end && start < to };
        let width = text.width();
        let width = if start == end && meant { width.min(1) } else { width };
        cells.push(Cell { width: text.width().max(width), text, meant });
    }
    if !cells.iter().any(|cell| cell.meant) {
        cells.push(Cell { text: " ".to_owned(), width: 1, meant: true });
    }
    let point = start == end;
    let (left, right) = window(&cells, width);
    let mut text = String::new();
    let mut underline = String::new();
    if left > 0 || *cut {
        text.push('…');
        underline.push(' ');
    }
    for cell in cells.get(left..right).unwrap_or_default() {
        text.push_str(&cell.text);
        match (cell.meant, point) {
            (false, _) => underline.extend(std::iter::repeat_n(' ', cell.width)),
            (true, false) => underline.extend(std::iter::repeat_n('^', cell.width)),
            (true, true) => {
                underline.push('^');
                underline.extend(std::iter::repeat_n(' ', cell.width.saturating_sub(1)));
            }
        }
    }
    if right < cells.len() {
        text.push('…');
    }
    Line { number: line.number, text: text.trim_end().to_owned(), underline: underline.trim_end().to_owned() }
}

/// Which cells fit: from the start of the line when what is meant fits too, else around its beginning.
fn window(cells: &[Cell], width: usize) -> (usize, usize) {
    let total: usize = cells.iter().map(|cell| cell.width).sum();
    if width == 0 || total <= width {
        return (0, cells.len());
    }
    let room = width.saturating_sub(2).max(1);
    let first = cells.iter().position(|cell| cell.meant).unwrap_or(0);
    let last = cells.iter().rposition(|cell| cell.meant).unwrap_or(first);
    let span: usize = cells[..=last].iter().map(|cell| cell.width).sum();
    let mut left = 0;
    if span > room {
        // A third of the room goes to what stands before.
        let mut before = 0;
        left = first;
        while left > 0 && before + cells[left - 1].width <= room / 3 {
            left -= 1;
            before += cells[left].width;
        }
    }
    let mut used = 0;
    let mut right = left;
    while let Some(cell) = cells.get(right) {
        used += cell.width;
        if used > room && right > left {
            break;
        }
        right += 1;
    }
    (left, right)
}

/// Lines in which the header of a block is looked for.
const LOOK_BACK: usize = 10_000;

/// The header of the block that the offset stands in: `resource "simplepod_instance" "a"`. Found by layout: the last
/// line before that starts a block at the left margin.
pub(super) fn context(source: &Source, offset: usize) -> Option<String> {
    let before = source.text.get(..offset)?;
    let line_end = source.text[offset..].find('\n').map_or(source.text.len(), |at| offset + at);
    let upto = before.rfind('\n').map_or(0, |at| at + 1);
    let here = &source.text[upto..line_end];
    let mut found = header(here);
    if found.is_none() && (here.starts_with([' ', '\t']) || here.trim().is_empty() || here.starts_with('}')) {
        for line in source.text[..upto].lines().rev().take(LOOK_BACK) {
            if line.starts_with('}') {
                break;
            }
            found = header(line);
            if found.is_some() {
                break;
            }
        }
    }
    found.map(str::to_owned)
}

/// A line that begins a block, without its brace.
pub(super) fn header(line: &str) -> Option<&str> {
    let head = line.trim_end().strip_suffix('{')?.trim_end();
    (head.starts_with(|c: char| c.is_ascii_lowercase()) && !head.contains('=')).then_some(head)
}

//! What the fleet costs, now and afterwards.

use super::page::{Page, Sign};
use crate::money::{HOURS_PER_MONTH, Usd};
use crate::render::style::{ADD, BOLD, DIM, REMOVE, Style, wrap};
use crate::render::words::{count, offer, proof_sentence};
use crate::review::Review;
use unicode_width::UnicodeWidthStr;

const COLUMNS: usize = 6;
const NAME: usize = 0;
const OFFER: usize = 1;
const AFTER: usize = 4;
const CHANGE: usize = 5;

/// One line of the table: name, offer, price per GPU-hour, now, after, change.
struct Row {
    sign: Sign,
    cells: [String; COLUMNS],
    paint: anstyle::Style,
}

/// The table: a line for each object whose cost changes, then the fleet's total per hour and per month.
pub fn table(page: &mut Page, review: &Review<'_>) {
    let rows = rows(review);
    let widths = widths(&rows, page.style.columns());
    page.gap();
    for row in &rows {
        let line = line(page.style, row, &widths);
        page.line(1, row.sign, &line);
    }
    if let Some(proof) = review.proof {
        page.gap();
        for line in wrap(&proof_sentence(proof), page.style.columns().saturating_sub(4)) {
            page.line(1, Sign::Same, &page.style.paint(DIM, &line));
        }
    }
}

fn rows(review: &Review<'_>) -> Vec<Row> {
    let plain = anstyle::Style::new();
    let titles = ["Cost", "Offer", "GPU-hour", "Now/h", "After/h", "Change"].map(str::to_owned);
    let mut rows = vec![Row { sign: Sign::Same, cells: titles, paint: BOLD }];
    for change in review.changes.iter().filter(|change| change.moves_money()) {
        let offer = change.placed.map(|placed| &placed.offer);
        let place = offer.and_then(|offer| offer::place(&offer.facts)).map_or(String::new(), |p| format!(", {p}"));
        let cells = [
            change.address.to_string(),
            offer.map_or(String::new(), |offer| format!("{}{place}", offer::gpus(offer))),
            offer.map_or(String::new(), |offer| offer.price_per_gpu.to_string()),
            amount(change.cost_before, None),
            amount(change.cost_after, None),
            difference(change.cost_after - change.cost_before, None),
        ];
        rows.push(Row { sign: Sign::of(change), cells, paint: plain });
    }
    let cost = review.cost;
    if cost.unchanged > 0 {
        let (name, same) = (count(cost.unchanged, "unchanged instance"), cost.unchanged_cost.to_string());
        let cells = [name, String::new(), String::new(), same.clone(), same, String::new()];
        rows.push(Row { sign: Sign::Same, cells, paint: DIM });
    }
    let total = |name: String, before: Usd, after: Usd, places| {
        let cells = [
            name,
            String::new(),
            String::new(),
            amount(before, places),
            amount(after, places),
            difference(after - before, places),
        ];
        Row { sign: Sign::Same, cells, paint: BOLD }
    };
    rows.push(total("Fleet per hour".into(), cost.before, cost.after, None));
    if cost.worst_case > cost.after {
        let mut cells: [String; COLUMNS] = Default::default();
        cells[NAME] = "At most per hour".to_owned();
        cells[AFTER] = amount(cost.worst_case, None);
        rows.push(Row { sign: Sign::Same, cells, paint: DIM });
    }
    let month = format!("Fleet per month ({HOURS_PER_MONTH} h)");
    rows.push(total(month, cost.before.per_month(), cost.after.per_month(), Some(2)));
    rows
}

fn amount(amount: Usd, places: Option<usize>) -> String {
    match (amount == Usd::ZERO, places) {
        (true, _) => "-".to_owned(),
        (_, Some(places)) => format!("{amount:.places$}"),
        (_, None) => amount.to_string(),
    }
}

/// With its sign; nothing for none.
fn difference(amount: Usd, places: Option<usize>) -> String {
    match amount.cmp(&Usd::ZERO) {
        std::cmp::Ordering::Greater => format!("+{}", self::amount(amount, places)),
        std::cmp::Ordering::Less => self::amount(amount, places),
        std::cmp::Ordering::Equal => String::new(),
    }
}

/// The columns' widths: where the page is narrow the offer goes first, then names are cut.
fn widths(rows: &[Row], page: usize) -> [usize; COLUMNS] {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = cell.width().max(*width);
        }
    }
    if rows.iter().skip(1).all(|row| row.cells[OFFER].is_empty()) {
        widths[OFFER] = 0;
        widths[OFFER + 1] = 0;
    }
    let total = |widths: &[usize; COLUMNS]| 4 + widths.iter().filter(|w| **w > 0).map(|w| w + 2).sum::<usize>() - 2;
    if total(&widths) > page {
        widths[OFFER] = 0;
    }
    let excess = total(&widths).saturating_sub(page);
    widths[NAME] = widths[NAME].saturating_sub(excess).max(24);
    widths
}

fn line(style: Style, row: &Row, widths: &[usize; COLUMNS]) -> String {
    let mut cells = Vec::new();
    for (column, (cell, &width)) in row.cells.iter().zip(widths).enumerate() {
        if width == 0 {
            continue;
        }
        let cell = shorten(cell, width);
        let gap = " ".repeat(width.saturating_sub(cell.width()));
        let paint = match column {
            CHANGE if cell.starts_with('+') => row.paint.fg_color(REMOVE.get_fg_color()),
            CHANGE if cell.starts_with('-') => row.paint.fg_color(ADD.get_fg_color()),
            _ => row.paint,
        };
        let painted = style.paint(paint, &cell);
        cells.push(if column <= OFFER { format!("{painted}{gap}") } else { format!("{gap}{painted}") });
    }
    cells.join("  ").trim_end().to_owned()
}

/// Cut in the middle: the ends of an address tell it apart.
fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let keep = width.saturating_sub(1);
    let head = keep / 2;
    let tail = chars.len().saturating_sub(keep - head);
    chars[..head.min(chars.len())].iter().chain(&['…']).chain(&chars[tail..]).collect()
}

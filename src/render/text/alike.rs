//! Changes that are alike: one block for what they have in common, one row each for what differs.

use super::page::{Page, Sign};
use crate::market::Placed;
use crate::plan::Action;
use crate::render::style::{BOLD, DIM, REMOVE, Style, wrap};
use crate::render::words::row::{Row, goes};
use crate::render::words::{brief, count, headline, offer, remark};
use crate::review::{Alike, Described};
use unicode_width::UnicodeWidthStr;

/// Spaces before what stands below a row of its own.
const BELOW: usize = 10;

/// All of it.
pub fn block(page: &mut Page, alike: &Alike<'_, '_>) {
    let Some(first) = alike.members.first() else { return };
    page.gap();
    let forceful = matches!(first.action, Action::Replace | Action::Delete);
    let many = match alike.members.len() {
        1 => String::new(),
        n => format!(": {n} alike"),
    };
    let sentence = format!("{}{many}", headline::sentence(first));
    let sentence = page.style.paint(if forceful { REMOVE.bold() } else { BOLD }, &sentence);
    page.headline(&brief::addresses(alike), &sentence);
    if let Some(why) = headline::because_all(alike) {
        page.comment("", &[why]);
    }
    if let Some(differing) = differing(alike).filter(|_| !goes(first)) {
        page.comment("", &differing);
    }
    for remark in first.remarks {
        for line in wrap(&remark::sentence(remark), page.style.columns().saturating_sub(6)) {
            page.comment("", &[line]);
        }
    }
    if let Some(placed) = first.placed {
        page.comment("", &approved(placed));
    }
    common(page, alike);
    rows(page, alike);
}

/// What they have in common, or a row each where nothing stays; for a diff, without headlines.
pub fn change_text(alike: &Alike<'_, '_>, style: Style) -> String {
    let mut page = Page::new(style);
    match alike.members.first() {
        Some(first) if goes(first) => rows(&mut page, alike),
        _ => common(&mut page, alike),
    }
    page.text
}

fn common(page: &mut Page, alike: &Alike<'_, '_>) {
    let Some(first) = alike.members.first().filter(|first| !goes(first)) else { return };
    if let Some(common) = &alike.common {
        let sign = if first.only_readdressed() { Sign::Same } else { Sign::of(first) };
        page.object(1, sign, first.address, common);
    }
}

/// Where they differ: each row says how.
fn differing(alike: &Alike<'_, '_>) -> Option<Vec<String>> {
    let mut places: Vec<String> = alike.differing.iter().map(brief::place).collect();
    let last = places.pop()?;
    let verb = if places.is_empty() { "differs" } else { "differ" };
    let last = format!("{last} {verb}");
    Some(match places.is_empty() {
        true => vec![last],
        false => vec![format!("{} and {last}", places.join(", "))],
    })
}

/// What is approved beside the offers of today.
fn approved(placed: &Placed) -> Vec<String> {
    let envelope = &placed.envelope;
    let mut parts = vec![format!("at most {} per GPU-hour", envelope.max_price_per_gpu)];
    parts.extend(envelope.max_hourly_cost.map(|most| format!("at most {most} per hour")));
    parts.extend(offer::substitute(envelope));
    parts
}

/// A row for each: which, what, where, for how much, and what differs.
fn rows(page: &mut Page, alike: &Alike<'_, '_>) {
    let rows: Vec<Row> = alike.members.iter().map(|member| Row::of(member, alike)).collect();
    let cells = |row: &Row| {
        let id = row.id.as_ref().map_or(String::new(), |id| format!("id {id}"));
        let age = row.age.as_ref().map_or(String::new(), |age| format!("age {age}"));
        [row.address.clone(), id, row.gpus.clone(), row.place.clone(), age, row.price()]
    };
    let table: Vec<_> = rows.iter().map(cells).collect();
    let width = |column: usize| table.iter().map(|cells| cells.get(column).map_or(0, |cell| cell.width())).max();
    let widths: Vec<usize> = (0..6).filter_map(width).collect();
    let columns = page.style.row_columns();
    for ((member, cells), row) in alike.members.iter().zip(&table).zip(&rows) {
        let sign = Sign::of(member);
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            line.push_str(if line.is_empty() { "" } else { "  " });
            // Money stands to the right: the points below each other.
            line.push_str(&if cell.ends_with("/h") { format!("{gap}{cell}") } else { format!("{cell}{gap}") });
        }
        let rest = row.rest.join(", ");
        // What differs is never cut: it goes below where there is no room beside.
        let beside = 4 + line.width() + 2 + rest.width() <= columns;
        match rest.is_empty() {
            false if beside => page.line(1, sign, &format!("{line}  {rest}")),
            _ => page.line(1, sign, line.trim_end()),
        }
        if !rest.is_empty() && !beside {
            for part in wrap(&rest, columns.saturating_sub(BELOW)) {
                let text = page.style.paint(DIM, &part);
                page.text.push_str(&format!("{}{text}\n", " ".repeat(BELOW)));
            }
        }
    }
}

/// Several objects that stay, with one remark: `simplepod_instance.w[0] to w[9]: ...`.
pub fn noted(page: &mut Page, noted: &[(String, Vec<&Described<'_>>)]) {
    for (sentence, changes) in noted {
        let names: Vec<String> = changes.iter().map(|change| change.address.to_string()).collect();
        let who = match names.as_slice() {
            [] => continue,
            [one] => one.clone(),
            [one, two] => format!("{one} and {two}"),
            [first, .., last] => format!("{} from {first} to {last}", count(names.len(), "object")),
        };
        page.item(&format!("{who}: {sentence}"));
    }
}

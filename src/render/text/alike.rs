//! Changes that are alike: one block for what they have in common, one row each for what differs.

use super::page::{Page, Sign};
use crate::market::Placed;
use crate::plan::Action;
use crate::render::style::{BOLD, DIM, REMOVE, wrap};
use crate::render::words::row::{Row, goes};
use crate::render::words::{brief, count, headline, offer, remark};
use crate::review::{Alike, Described};
use unicode_width::UnicodeWidthStr;

/// Spaces before what stands below a row of its own.
const BELOW: usize = 10;
/// Between two columns.
const GAP: usize = 2;

/// All of it.
pub fn block(page: &mut Page, alike: &Alike<'_, '_>) {
    let Some(first) = alike.members.first() else { return };
    page.gap();
    let forceful = matches!(first.action, Action::Replace | Action::Delete);
    let many = match alike.members.len() {
        1 => String::new(),
        n => format!(": {n} alike"),
    };
    let (subject, sentence) = (brief::addresses(alike), format!("{}{many}", headline::sentence(first)));
    let why = headline::because_all(alike);
    let differing = differing(alike).filter(|_| !goes(first));
    // On one line, where it has the room.
    let room = page.style.row_columns().saturating_sub(4 + subject.width() + sentence.width() + GAP);
    let beside = differing.as_ref().filter(|text| why.is_none() && text.width() <= room);
    let beside = beside.map_or(String::new(), |text| format!("; {text}"));
    let painted = page.style.paint(if forceful { REMOVE.bold() } else { BOLD }, &sentence);
    page.headline(&subject, &format!("{painted}{beside}"));
    if let Some(why) = why {
        page.comment("", &[why]);
    }
    if let Some(differing) = differing.filter(|_| beside.is_empty()) {
        for line in wrap(&differing, page.style.columns().saturating_sub(4)) {
            page.comment("", &[line]);
        }
    }
    for remark in first.remarks {
        for line in wrap(&remark::sentence(remark), page.style.columns().saturating_sub(6)) {
            page.comment("", &[line]);
        }
    }
    if let Some(placed) = first.placed {
        // What is rented anew shows its cap and its models below.
        let approved = approved(placed, first.action == Action::Create);
        if !approved.is_empty() {
            page.comment("", &approved);
        }
    }
    common(page, alike);
    rows(page, alike);
}

/// What they have in common, or a row each where nothing stays, as a diff without headlines.
pub fn change_text(alike: &Alike<'_, '_>) -> String {
    let mut page = Page::diff();
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
fn differing(alike: &Alike<'_, '_>) -> Option<String> {
    let mut places: Vec<String> = alike.differing.iter().map(brief::place).collect();
    let last = places.pop()?;
    Some(match places.is_empty() {
        true => format!("{last} differs"),
        false => format!("{} and {last} differ", places.join(", ")),
    })
}

/// What is approved beside the offers of today.
fn approved(placed: &Placed, shown: bool) -> Vec<String> {
    let envelope = &placed.envelope;
    // A budget may bound it further than the block that is shown.
    let cap = (!shown || envelope.dearest() < envelope.max_price_per_gpu)
        .then(|| format!("at most {} per GPU-hour", envelope.dearest()));
    let most = envelope.max_hourly_cost.map(|most| format!("at most {most} per hour"));
    let others = offer::substitutes(placed);
    let others = (!shown && !others.is_empty()).then(|| format!("else {}", others.join(" or ")));
    cap.into_iter().chain(most).chain(others).collect()
}

/// A row for each: which, what, where, for how much, and what differs.
fn rows(page: &mut Page, alike: &Alike<'_, '_>) {
    let rows: Vec<Row> = alike.members.iter().map(|member| Row::of(member, alike)).collect();
    let columns = page.style.row_columns();
    let plain: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let beside = |row: &Row, line: &str| 4 + line.width() + GAP + row.rest().join(", ").width() <= columns;
    let lines = aligned(&plain);
    let narrow = !rows.iter().zip(&lines).all(|(row, line)| row.rest().is_empty() || beside(row, line));
    if let Some((titles, lines)) = titled(&rows, &plain)
        .filter(|(titles, lines)| narrow && [titles].into_iter().chain(lines).all(|line| 4 + line.width() <= columns))
    {
        page.line(1, Sign::Same, &page.style.paint(DIM, &titles));
        for (member, line) in alike.members.iter().zip(lines) {
            page.line(1, Sign::of(member), &line);
        }
        return;
    }
    for ((member, line), row) in alike.members.iter().zip(&lines).zip(&rows) {
        let (sign, rest) = (Sign::of(member), row.rest().join(", "));
        if rest.is_empty() {
            page.line(1, sign, line.trim_end());
        } else if beside(row, line) {
            page.line(1, sign, &format!("{line}  {rest}"));
        } else {
            // What differs is never cut: it goes below where there is no room beside.
            page.line(1, sign, line.trim_end());
            for part in wrap(&rest, columns.saturating_sub(BELOW)) {
                let text = page.style.paint(DIM, &part);
                page.text.push_str(&format!("{}{text}\n", " ".repeat(BELOW)));
            }
        }
    }
}

/// What every row has.
fn cells(row: &Row) -> Vec<String> {
    let id = row.id.as_ref().map_or(String::new(), |id| format!("id {id}"));
    let age = row.age.as_ref().map_or(String::new(), |age| format!("age {age}"));
    vec![row.address.clone(), id, row.gpus.clone(), row.place.clone(), age, row.price()]
}

/// The same rows with what differs in columns below its names: names that stand in each row would not fit.
fn titled(rows: &[Row], plain: &[Vec<String>]) -> Option<(String, Vec<String>)> {
    let first = rows.first().filter(|first| rows.len() > 1 && !first.own.is_empty())?;
    let mut titles = vec![String::new(); 6];
    titles.extend(first.own.iter().map(|(name, _)| name.clone()));
    titles.extend(["same host".to_owned(), String::new()]);
    let shared = rows.iter().any(|row| row.host_of.is_some());
    let mut table = vec![titles];
    for (row, cells) in rows.iter().zip(plain) {
        let own = row.own.iter().map(|(_, value)| value.clone());
        let last = [row.host_of.clone().unwrap_or_default(), row.why.clone().unwrap_or_default()];
        table.push(cells.iter().cloned().chain(own).chain(last).collect());
    }
    if !shared {
        let host = 6 + first.own.len();
        table.iter_mut().for_each(|cells| drop(cells.remove(host)));
    }
    let mut lines = aligned(&table).into_iter().map(|line| line.trim_end().to_owned());
    Some((lines.next()?, lines.collect()))
}

/// Cells below each other; columns without any are left out.
fn aligned(table: &[Vec<String>]) -> Vec<String> {
    let many = table.first().map_or(0, Vec::len);
    let width = |column: usize| table.iter().filter_map(|cells| cells.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..many).filter_map(width).collect();
    let line = |cells: &Vec<String>| {
        let each = cells.iter().zip(&widths).filter(|(_, width)| **width > 0).map(|(cell, width)| {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            // Money stands to the right: the points below each other.
            if cell.ends_with("/h") { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        });
        each.collect::<Vec<_>>().join(&" ".repeat(GAP))
    };
    table.iter().map(line).collect()
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

//! One thing of the account with everything that is told of it: groups of named values, drawn for people and as JSON.

use super::json::value;
use super::word::word;
use super::{Cell, Table, table_json, table_text};
use crate::render::style::{BOLD, DIM, Style, wrap};
use serde_json::{Map, Value as Json, json};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// One thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// What it is, for people.
    pub title: String,
    /// Its values, in groups with a name.
    pub groups: Vec<(&'static str, Vec<Detail>)>,
    /// Its lists, with a name.
    pub lists: Vec<(&'static str, Table)>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Its key in JSON.
    pub key: &'static str,
    /// Its name for people; empty where it is for programs alone.
    pub title: &'static str,
    /// It.
    pub cell: Cell,
}

impl Detail {
    /// A value.
    pub fn new(key: &'static str, title: &'static str, cell: impl Into<Cell>) -> Detail {
        Detail { key, title, cell: cell.into() }
    }
}

/// For people. What is not known is left out.
pub fn details_text(details: &Details, wide: bool, style: Style) -> String {
    let mut text = format!("{}\n", style.paint(BOLD, &details.title));
    let shown = |detail: &&Detail| !detail.title.is_empty() && detail.cell != Cell::Empty;
    let all = details.groups.iter().flat_map(|(_, values)| values).filter(shown);
    let titles = all.map(|detail| detail.title.width()).max().unwrap_or(0);
    for (name, values) in &details.groups {
        let values: Vec<&Detail> = values.iter().filter(shown).collect();
        if values.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{}", style.paint(BOLD, name));
        for detail in values {
            let room = style.columns().saturating_sub(titles + 4).max(20);
            let pad = " ".repeat(titles - detail.title.width());
            for (at, line) in wrap(&word(&detail.cell), room).iter().enumerate() {
                let title = if at == 0 { format!("{}{pad}", detail.title) } else { " ".repeat(titles) };
                let _ = writeln!(text, "  {}  {line}", style.paint(DIM, &title));
            }
        }
    }
    for (name, table) in &details.lists {
        let _ = writeln!(text, "\n{}", style.paint(BOLD, name));
        let narrower = Style { width: style.width.saturating_sub(2), ..style };
        for line in table_text(table, wide, narrower).lines() {
            let _ = writeln!(text, "{}", format!("  {line}").trim_end());
        }
    }
    text
}

/// For programs: an object with all values, unknown ones as null, and the lists under their names.
pub fn details_json(details: &Details) -> Json {
    let mut json = Map::from_iter([("format_version".to_owned(), json!("1.0"))]);
    let values = details.groups.iter().flat_map(|(_, values)| values);
    json.extend(values.map(|detail| (detail.key.to_owned(), value(&detail.cell))));
    for (_, table) in &details.lists {
        if let Json::Object(mut list) = table_json(table) {
            list.remove("format_version");
            json.extend(list);
        }
    }
    json.into()
}

//! A table for spreadsheets.

use super::{Cell, Table};
use crate::render::escape::harmless_line;

/// RFC 4180, with the keys of JSON as its head and the values of JSON; what is not known is empty, several words are parted
/// by spaces. A text acts neither on a terminal nor on a spreadsheet: one that this would run as a formula begins with `'`.
pub fn table_csv(table: &Table) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // A buffer takes everything.
    let of_programs = |at: usize| table.columns.get(at).is_some_and(|column| !column.key.is_empty());
    let _ = writer.write_record(table.columns.iter().map(|column| column.key).filter(|key| !key.is_empty()));
    for row in &table.rows {
        let cells = row.iter().enumerate().filter(|(at, _)| of_programs(*at));
        let _ = writer.write_record(cells.map(|(_, cell)| field(cell)));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => inert(text),
        Cell::Whole(number) => number.to_string(),
        Cell::Number(number, _) => number.normalize().to_string(),
        Cell::Money(amount, _) => amount.0.normalize().to_string(),
        Cell::Time(time) => time.to_string(),
        Cell::Span(span) => span.as_secs().to_string(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::List(words) => inert(&words.join(" ")),
        Cell::Raw(value) => inert(&value.to_string()),
        Cell::Numbers(numbers) => numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
        Cell::Objects(objects) => objects.len().to_string(),
    }
}

/// Names are anybody's: `=HYPERLINK(...)` in one is text, also behind blanks, and in the wide letters that some spreadsheets
/// take for the same.
fn inert(text: &str) -> String {
    let text = harmless_line(text);
    match text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        true => format!("'{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_act_on_no_terminal_and_no_spreadsheet() {
        let told = |text: &str| field(&Cell::Text(text.to_owned()));
        assert_eq!(told("a\u{1b}[2J\u{9b}\u{202e}b\nc"), "a\\u{1b}[2J\\u{9b}\\u{202e}b c");
        assert_eq!(told("\u{1b}=HYPERLINK(1)"), "\\u{1b}=HYPERLINK(1)");
        for formula in ["=1", "\r=1", "\n=1", "\t=1", " @a", "＝1"] {
            assert!(told(formula).starts_with('\''), "{formula:?}: {}", told(formula));
        }
        assert_eq!(field(&Cell::List(vec!["-a".into(), "\u{7}".into()])), "'-a \\u{7}");
    }
}

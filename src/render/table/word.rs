//! A cell for people.

use super::Cell;
use crate::render::escape::harmless_line;
use std::time::Duration;

/// A cell as people read it.
pub fn word(cell: &Cell) -> String {
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

//! A table of what the account holds: described once, drawn for people, as JSON and as CSV.

mod csv;
mod details;
mod grid;
mod json;
mod text;
mod word;

pub use csv::table_csv;
pub use details::{Detail, Details, details_json, details_text};
pub use grid::{Grid, cut};
pub use json::table_json;
pub use text::table_text;
pub use word::word;

use crate::money::Usd;
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::time::Duration;

/// Rows of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What the rows are, in JSON: `machines`.
    pub rows_name: &'static str,
    /// From left to right.
    pub columns: Vec<Column>,
    /// Each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// The sums, in a row of their own; not in CSV, where they would be one more of the rows.
    pub total: Option<Vec<Cell>>,
    /// Facts beside the rows, for programs: the balance.
    pub facts: Vec<(&'static str, Cell)>,
    /// Sentences below, for people.
    pub notes: Vec<String>,
    /// What is said where there is no row.
    pub empty: String,
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its key in JSON, its head in CSV; units stand in it as in the schema: `hourly_cost`. Empty where it is for people
    /// alone.
    pub key: &'static str,
    /// Its head for people; empty where it is for programs alone.
    pub title: &'static str,
    /// Which columns go first where a terminal is narrow: those with the highest number. 0 stays.
    pub spare: u8,
    /// Columns of letters that its texts are cut to before another column goes; 0 for as few as can be read, and last.
    pub enough: u8,
}

impl Column {
    /// One that always shows.
    pub const fn new(key: &'static str, title: &'static str) -> Column {
        Column { key, title, spare: 0, enough: 0 }
    }

    /// One for programs alone: people read it in another.
    pub const fn data(key: &'static str) -> Column {
        Column::new(key, "")
    }

    /// One for people alone: programs read it in others.
    pub const fn drawn(title: &'static str) -> Column {
        Column::new("", title)
    }

    /// One that goes where there is no room.
    pub const fn spare(self, spare: u8) -> Column {
        Column { spare, ..self }
    }

    /// One whose texts are told apart by so many letters.
    pub const fn enough(self, enough: u8) -> Column {
        Column { enough, ..self }
    }
}

/// One value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// Not known, or none.
    #[default]
    Empty,
    /// Words, of whomever.
    Text(String),
    /// A number without a fraction.
    Whole(u64),
    /// A number, drawn with so many places.
    Number(Decimal, usize),
    /// USD, drawn with so many places.
    Money(Usd, usize),
    /// A moment.
    Time(Timestamp),
    /// How long; whole seconds in JSON and CSV.
    Span(Duration),
    /// Yes or no.
    Flag(bool),
    /// Several words.
    List(Vec<String>),
    /// As the API told it, for programs.
    Raw(serde_json::Value),
    /// Several numbers.
    Numbers(Vec<u64>),
    /// Things with names, for programs; people read how many.
    Objects(Vec<Vec<(&'static str, Cell)>>),
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Cell {
        cell.map_or(Cell::Empty, T::into)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::from(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Cell {
        Cell::Whole(number)
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Cell {
        Cell::Whole(number.into())
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Cell {
        Cell::Whole(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<Timestamp> for Cell {
    fn from(time: Timestamp) -> Cell {
        Cell::Time(time)
    }
}

impl From<Duration> for Cell {
    fn from(span: Duration) -> Cell {
        Cell::Span(span)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Cell {
        Cell::Flag(flag)
    }
}

/// A number with so many places.
pub fn number(number: Option<Decimal>, places: usize) -> Cell {
    number.map_or(Cell::Empty, |number| Cell::Number(number, places))
}

/// USD per hour, to the hundredth of a cent.
pub fn per_hour(amount: Option<Usd>) -> Cell {
    amount.map_or(Cell::Empty, |amount| Cell::Money(amount, 4))
}

/// USD, to the cent.
pub fn dollars_and_cents(amount: Option<Usd>) -> Cell {
    amount.map_or(Cell::Empty, |amount| Cell::Money(amount, 2))
}

#[cfg(test)]
mod tests;

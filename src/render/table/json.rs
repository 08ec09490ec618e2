//! A table for programs.

use super::{Cell, Table};
use crate::money::Usd;
use crate::schema::dollars;
use serde_json::{Map, Value as Json, json};

/// An object with the rows under their name, and with sums and facts where there are any. Money and numbers are JSON numbers
/// in full precision, moments RFC 3339, spans whole seconds, what is not known is null.
pub fn table_json(table: &Table) -> Json {
    let object = |row: &Vec<Cell>| -> Json {
        table
            .columns
            .iter()
            .zip(row)
            .filter(|(column, _)| !column.key.is_empty())
            .map(|(column, cell)| (column.key.to_owned(), value(cell)))
            .collect::<Map<_, _>>()
            .into()
    };
    let mut json = Map::from_iter([("format_version".to_owned(), json!("1.0"))]);
    json.insert(table.rows_name.to_owned(), table.rows.iter().map(object).collect());
    if let Some(total) = &table.total {
        let sums = table.columns.iter().zip(total);
        // The first column of the sums is their name.
        let sums = sums.skip(1).filter(|(_, cell)| **cell != Cell::Empty);
        let sums: Map<_, _> = sums.map(|(column, cell)| (column.key.to_owned(), value(cell))).collect();
        json.insert("total".to_owned(), sums.into());
    }
    json.extend(table.facts.iter().map(|(name, cell)| ((*name).to_owned(), value(cell))));
    json.into()
}

fn named(entries: &[(&'static str, Cell)]) -> Json {
    entries.iter().map(|(name, cell)| ((*name).to_owned(), value(cell))).collect::<Map<_, _>>().into()
}

pub(super) fn value(cell: &Cell) -> Json {
    match cell {
        Cell::Empty => Json::Null,
        Cell::Text(text) => json!(text),
        Cell::Whole(number) => json!(number),
        Cell::Number(number, _) => dollars(Usd(*number)),
        Cell::Money(amount, _) => dollars(*amount),
        Cell::Time(time) => json!(time.to_string()),
        Cell::Span(span) => json!(span.as_secs()),
        Cell::Flag(flag) => json!(flag),
        Cell::List(words) => json!(words),
        Cell::Raw(value) => value.clone(),
        Cell::Numbers(numbers) => json!(numbers),
        Cell::Objects(objects) => objects.iter().map(|object| named(object)).collect(),
    }
}

//! `podform state history`: the copies of a state.

use crate::render::table::{Cell, Column, Table};
use jiff::Timestamp;

/// One copy.
#[derive(Clone, Debug, Default)]
pub struct Copied {
    /// Where it stands.
    pub place: String,
    /// Its serial.
    pub serial: Option<u64>,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// How many objects it records, and how many of them are machines; `None` where its text is not understood.
    pub holds: Option<(usize, usize)>,
    /// It says what is recorded now.
    pub is_current: bool,
    /// Why it cannot be gone back to.
    pub unfit: Option<String>,
}

/// The newest first.
pub fn history_table(copies: &[Copied]) -> Table {
    let columns = vec![
        Column::new("serial", "Serial"),
        Column::new("written", "Written (UTC)"),
        Column::new("objects", "Objects"),
        Column::new("machines", "Machines"),
        Column::new("note", "Note"),
        Column::new("place", "Place").spare(1),
    ];
    let row = |copy: &Copied| {
        let note = match (&copy.unfit, copy.is_current) {
            (Some(why), _) => Cell::from(why.clone()),
            (None, true) => Cell::from("recorded now"),
            (None, false) => Cell::Empty,
        };
        vec![
            copy.serial.into(),
            copy.at.into(),
            copy.holds.map(|(objects, _)| objects).into(),
            copy.holds.map(|(_, machines)| machines).into(),
            note,
            copy.place.clone().into(),
        ]
    };
    Table {
        rows_name: "states",
        columns,
        rows: copies.iter().map(row).collect(),
        notes: match copies.is_empty() {
            true => Vec::new(),
            false => {
                vec!["podform state rollback SERIAL says what going back to one would mean, and does it.".to_owned()]
            }
        },
        empty: "No copy of a state is kept here.".to_owned(),
        ..Table::default()
    }
}

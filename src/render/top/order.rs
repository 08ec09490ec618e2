//! In which order the machines stand.

use super::lines::{COLUMNS, Line};
use crate::render::table::{Cell, word};
use std::cmp::Ordering;

/// The columns that order them, in turn, and whether the greatest stands first: who orders by a load or a price looks for
/// the highest.
const BY: [(usize, bool); 10] = [
    (0, false),
    (2, false),
    (3, false),
    (5, true),
    (6, true),
    (7, true),
    (8, true),
    (9, true),
    (10, true),
    (11, false),
];

/// By what, and how; at first as they are: what is recorded by address, then the others by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Which of [`BY`].
    at: usize,
    reversed: bool,
}

impl Order {
    /// By the next column.
    pub fn next(self) -> Order {
        Order { at: (self.at + 1) % BY.len(), reversed: false }
    }

    /// The other way round.
    pub fn reversed(self) -> Order {
        Order { reversed: !self.reversed, ..self }
    }

    /// In words.
    pub fn words(self) -> String {
        let title = COLUMNS[BY[self.at].0].title.to_lowercase();
        format!("{title}{}", if self.reversed { ", reversed" } else { "" })
    }

    /// Puts lines in order; what is not known stands last either way.
    pub fn sort(self, lines: &mut [&Line]) {
        let (column, greatest_first) = BY[self.at];
        let backwards = greatest_first != self.reversed;
        if self.at == 0 {
            if backwards {
                lines.reverse();
            }
            return;
        }
        lines.sort_by(|a, b| {
            let (a, b) = (a.cells.get(column), b.cells.get(column));
            let (Some(a), Some(b)) = (a, b) else { return Ordering::Equal };
            match (a, b) {
                (Cell::Empty, _) | (_, Cell::Empty) => (*a == Cell::Empty).cmp(&(*b == Cell::Empty)),
                _ if backwards => compared(b, a),
                _ => compared(a, b),
            }
        });
    }
}

fn compared(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Number(a, _), Cell::Number(b, _)) => a.cmp(b),
        (Cell::Money(a, _), Cell::Money(b, _)) => a.cmp(b),
        (Cell::Span(a), Cell::Span(b)) => a.cmp(b),
        _ => word(a).to_lowercase().cmp(&word(b).to_lowercase()),
    }
}

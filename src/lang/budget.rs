//! What an evaluation may cost, so that a few lines that double a value over and over end with a diagnostic, not with
//! the machine's memory.
//!
//! | limit | of | worth |
//! |---|---|---|
//! | [`MOST_VALUES`], [`MOST_TEXT`], [`DEEPEST`] | one result, parts that are shared counted wherever they stand | memory, stack |
//! | [`MOST_STEPS`] | one expression | time |
//! | [`MOST_STEPS_IN_ALL`], [`MOST_BUILT_IN_ALL`] | one evaluation of a whole configuration | time, memory |
//!
//! A configuration of ten megabytes stays below a tenth of each.

use super::value::Value;
use std::cell::Cell;

/// Values in one result: elements, entries, and those in them.
pub const MOST_VALUES: u64 = 1_000_000;
/// Bytes of text in one result.
pub const MOST_TEXT: u64 = 32 << 20;
/// Levels of collections in one result: what a text may nest.
pub const DEEPEST: u64 = super::syntax::grammar::DEEPEST as u64;
/// Steps of one expression: parts evaluated, and values that functions and operators go through.
pub const MOST_STEPS: u64 = 10_000_000;
/// The same of a whole configuration.
pub const MOST_STEPS_IN_ALL: u64 = 200_000_000;
/// Values built in a whole configuration.
pub const MOST_BUILT_IN_ALL: u64 = 32_000_000;
/// An untrusted configuration gets that part of the two: still more than one of ten megabytes takes.
pub const UNTRUSTED_PART: u64 = 10;
/// Bytes of text that count as one value.
const TEXT_OF_A_VALUE: u64 = 64;

/// What the evaluation of a whole configuration has spent.
#[derive(Debug)]
pub struct Budget {
    steps: Cell<u64>,
    built: Cell<u64>,
    part: u64,
}

impl Budget {
    /// Of one evaluation, with nothing spent.
    pub fn of(untrusted: bool) -> Budget {
        let part = if untrusted { UNTRUSTED_PART } else { 1 };
        Budget { steps: Cell::default(), built: Cell::default(), part }
    }

    /// Adds to what was spent; false where that is too much.
    pub(super) fn spend(&self, steps: u64, built: u64) -> bool {
        self.steps.set(self.steps.get().saturating_add(steps));
        self.built.set(self.built.get().saturating_add(built));
        self.steps.get() <= MOST_STEPS_IN_ALL / self.part && self.built.get() <= MOST_BUILT_IN_ALL / self.part
    }
}

/// How large a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    values: u64,
    text: u64,
}

impl Size {
    /// The size of a value; `None` where it is beyond what one result may be.
    pub(super) fn of(value: &Value) -> Option<Size> {
        let mut size = Size::default();
        size.add(value, 0).then_some(size)
    }

    fn add(&mut self, value: &Value, depth: u64) -> bool {
        self.values += 1;
        self.text += value.as_str().map_or(0, |text| text.len() as u64);
        if self.values > MOST_VALUES || self.text > MOST_TEXT || depth > DEEPEST {
            return false;
        }
        let elements = value.as_elements().into_iter().flatten();
        let mut parts = elements.chain(value.as_entries().into_iter().flat_map(|entries| entries.values()));
        parts.all(|part| self.add(part, depth + 1))
    }

    /// In values, with text counted in.
    pub(super) fn weight(self) -> u64 {
        self.values + self.text / TEXT_OF_A_VALUE
    }
}

/// True where a text of so many bytes is not too long.
pub(super) fn may_be_text(bytes: usize) -> bool {
    bytes as u64 <= MOST_TEXT
}

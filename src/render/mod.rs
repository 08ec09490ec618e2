//! Plan, diff and events as text and JSON: pure functions to text. The shell prints.

mod cost;
mod escape;
mod headline;
mod page;
mod placement;
mod plan_text;
mod resource;
mod string_diff;
mod style;
mod value_diff;

pub use escape::{quoted, visible};
pub use plan_text::plan_text;
pub use style::Style;

#[cfg(test)]
mod tests;

//! A plan as a described difference: what changes, why, what it costs, what is dangerous. Every drawing of a plan is made
//! of it and of nothing else, so what is secret, what is folded and what comes first is decided here, once.

mod alike;
mod cost;
mod danger;
mod described;
mod doubt;
mod mask;
mod object_diff;
mod output;
mod shown;
mod text_diff;
mod value_diff;
mod whole;

pub use alike::{Alike, Place};
pub use cost::{CostLine, FleetCost, Seat};
pub use danger::{Danger, Peril};
pub use described::{Described, Drifted, Headline};
pub use doubt::Doubt;
pub use mask::Mask;
pub use object_diff::{AttributeDiff, AttributesDiff, BlockDiff, ObjectDiff};
pub use output::DescribedOutput;
pub use shown::{Face, Shown};
pub use text_diff::{LineDiff, LineEnd, Piece, TextDiff, TextParts};
pub use value_diff::{DiffKind, ElementDiff, ValueChange, ValueDiff};
pub use whole::{Counts, Review, Verdict};

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

//! Requirements, placement, cost and budget.

mod placement;
mod requirement;

pub use placement::{Demand, Exclusion, NearMiss, Placed, Unplaced, place};
pub use requirement::{Envelope, Requirement, Unmet};

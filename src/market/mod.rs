//! What an instance requires of an offer, and which offer each instance gets.

mod placement;
mod requirement;

pub use placement::{Demand, Exclusion, NearMiss, Placed, Unplaced, place};
pub use requirement::{Envelope, Requirement, Unmet};

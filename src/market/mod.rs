//! What an instance requires of an offer, and which offer each instance gets.

mod basis;
mod demand;
mod ground;
mod placement;
mod requirement;
mod solver;
#[cfg(test)]
mod tests;
mod unplaced;

pub use basis::{contradicted, per_gpu};
pub use demand::{Demand, Held};
pub use placement::{Placed, Placements, Proof, place};
pub use requirement::{BudgetedPrice, Envelope, Requirement, Unmet, fact};
pub use unplaced::{
    Exclusion, Loosened, Relaxation, UnknownModel, Unplaced, explain, propose, unknown_models, written_otherwise,
};

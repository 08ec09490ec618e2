//! What an instance requires of an offer, and which offer each instance gets.

mod basis;
mod demand;
mod excluded;
mod filter;
mod ground;
mod placement;
mod requirement;
mod solver;
mod survey;
#[cfg(test)]
mod tests;
mod unplaced;

pub use basis::{contradicted, per_gpu};
pub use demand::{Demand, Held};
pub use excluded::{Exclusion, exclusions};
pub use filter::{Bounds, Filter};
pub use placement::{Placed, Placements, Proof, place};
pub use requirement::{BudgetedPrice, Envelope, Requirement, Unmet, fact};
pub use survey::{Band, HostOffers, ModelOffers, Moved, bands, by_host, by_model, free_gpus, moved};
pub use unplaced::{
    Loosened, Relaxation, UnknownModel, Unplaced, explain, meant, propose, unknown_models, written_otherwise,
};

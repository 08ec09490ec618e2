//! Flags that several commands share, one file per question. Those of a single command stand beside it.

mod account;
mod fleet;
mod listing;
mod moment;
mod objects;
mod offers;
mod planning;
mod state;
mod variables;

pub use account::AccountArgs;
pub use fleet::FleetArgs;
pub use listing::ListingArgs;
pub use moment::{pause, since};
pub use objects::Named;
pub use offers::OfferArgs;
pub use planning::{PlanningArgs, RefreshFlag};
pub use state::{LockArgs, StateArgs, WriteArgs, lock_timeout};
pub use variables::VariableArgs;

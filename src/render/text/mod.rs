//! What people read on a terminal.

mod cost;
mod costs;
mod event;
mod object;
mod orphans;
mod page;
mod plan;
mod script;
mod spending;
mod state;
mod value;

pub use costs::costs_text;
pub use event::event_text;
pub use orphans::{intent_text, orphans_text};
pub use plan::plan_text;
pub use state::{data_text, outputs_text, record_text, state_text};

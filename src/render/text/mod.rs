//! What people read on a terminal.

mod alike;
mod as_of;
mod cost;
mod costs;
mod encoded;
mod event;
mod object;
mod orphans;
mod page;
mod plan;
mod rebalance;
mod script;
mod spending;
mod state;
mod value;

pub(super) use alike::change_text;
pub use as_of::as_of_text;
pub use costs::costs_text;
pub use event::event_text;
pub use orphans::{intent_text, orphans_text};
pub use page::Detail;
pub(super) use plan::drift_text;
pub use plan::plan_text;
pub use rebalance::rebalance_text;
pub use state::{data_text, outputs_text, record_text, state_text};

//! What people read on a terminal.

mod cost;
mod event;
pub(super) mod headline;
mod orphans;
mod page;
mod plan;
pub(super) mod resource;
mod state;
pub(super) mod string_diff;
pub(super) mod value_diff;

pub use event::event_text;
pub use orphans::{intent_text, orphans_json, orphans_text};
pub use plan::plan_text;
pub use state::{data_text, outputs_text, record_text, state_text};

//! What other programs read, in Terraform's forms.

mod checks;
mod configuration;
mod console;
mod costs;
mod event;
mod functions;
mod message;
mod module_tree;
mod orphans;
pub(super) mod ours;
mod plan;
mod planned;
mod reason;
mod rebalance;
mod state;

pub use configuration::configuration_json;
pub use console::{console_error, console_value};
pub use costs::costs_json;
pub use event::event_message;
pub use functions::{function_call_json, functions_json};
pub use message::{Level, Message, as_of_message, initialized_message, log_message, version_message};
pub use orphans::orphans_json;
pub(super) use ours::decimal;
pub use plan::{plan_json, relevant_json};
pub use planned::{plan_messages, recorded_outputs_message, refresh_message};
pub use rebalance::rebalance_json;
pub use state::{prior_state_json, state_json};

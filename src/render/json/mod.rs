//! What other programs read, in Terraform's forms.

mod checks;
mod configuration;
mod console;
mod event;
mod functions;
mod module_tree;
mod orphans;
mod plan;
mod state;

pub use configuration::configuration_json;
pub use console::{console_error, console_value};
pub use event::event_json;
pub use functions::functions_json;
pub use orphans::orphans_json;
pub use plan::plan_json;
pub use state::{prior_state_json, state_json};

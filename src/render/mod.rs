//! Plan, diff, state, values, events of an apply and diagnostics as text and JSON: pure functions. The shell prints.

mod checks_json;
mod configuration_json;
mod console_json;
mod cost;
mod credential;
pub mod diagnostics;
pub mod diagnostics_json;
mod escape;
mod event_json;
mod event_text;
mod excerpt;
mod functions_json;
mod graph_dot;
mod headline;
mod import_blocks;
mod module_tree;
mod no_offer;
mod orphans;
mod page;
mod placement;
mod plan_json;
mod plan_text;
mod recorded;
mod remark;
mod resource;
mod state_json;
mod state_text;
mod string_diff;
pub mod style;
mod type_text;
mod value_diff;
mod value_json;
mod value_text;

pub use configuration_json::configuration_json;
pub use console_json::{console_error, console_value};
pub use cost::sentence as cost_sentence;
pub use diagnostics::{compact_warnings, consolidate_warnings, diagnostics};
pub use diagnostics_json::{diagnostic_line, diagnostics_json};
pub use escape::quoted;
pub use event_json::event_json;
pub use event_text::event_text;
pub use functions_json::functions_json;
pub use graph_dot::graph_dot;
pub use import_blocks::import_blocks;
pub use no_offer::unplaced;
pub use orphans::{intent_text, orphans_json, orphans_text};
pub use placement::short as offer_text;
pub use plan_json::plan_json;
pub use plan_text::plan_text;
pub use recorded::{object as recorded_object, value as recorded_value};
pub use state_json::state_json;
pub use state_text::{data_text, outputs_text, record_text, state_text};
pub use style::Style;
pub use type_text::type_text;
pub use value_text::value_text;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

//! Plan, state, values, events of an apply and diagnostics as text and JSON; the graph for Graphviz; configuration for
//! what is imported; a full screen. Pure functions: a plan is drawn from its [`crate::review`], and the shell prints.

mod credential;
pub mod diagnostics;
mod dot;
mod dot_operation;
mod escape;
mod findings;
mod import_blocks;
mod json;
pub mod listing;
mod provider_schema;
mod report;
mod ssh_config;
pub mod style;
pub mod table;
mod text;
pub mod top;
mod tree;
mod value;
mod words;

pub use diagnostics::{diagnostic_message, diagnostics_json, unplaced};
pub use dot::graph_dot;
pub use dot_operation::{destruction_dot, evaluation_dot, steps_dot};
pub use escape::{harmless_json, harmless_line, is_unsafe, quoted};
pub use findings::{Finding, Standing, findings_json, findings_text};
pub use import_blocks::{fleet_blocks, group_block, import_blocks, resource_blocks};
pub use json::{
    Level, Message, as_of_message, configuration_json, console_error, console_value, costs_json, event_message,
    functions_json, initialized_message, log_message, orphans_json, plan_json, plan_messages, prior_state_json,
    rebalance_json, recorded_outputs_message, refresh_message, relevant_json, state_json, version_message,
};
pub use provider_schema::provider_schema;
pub use report::{
    AnnotatedLine, Annotations, CommentKey, Declared, annotations, comment_digest, gitlab_report, junit_report,
    read_approval, review_html, review_json, review_markdown, review_outputs, review_summary, sarif_report,
};
pub use ssh_config::{host_key_alias, ssh_config};
pub use style::Style;
pub use text::{
    Detail, as_of_text, costs_text, data_text, event_text, intent_text, orphans_text, outputs_text, plan_text,
    rebalance_text, record_text, state_text,
};
pub use tree::{modules_json, modules_text, providers_text};
pub use value::{recorded_object, recorded_value, type_text, value_text};
pub use words::{cost_sentence, count, elapsed, offer_text};

#[cfg(test)]
mod tests;

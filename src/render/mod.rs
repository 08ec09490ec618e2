//! Plan, diff, events and diagnostics as text and JSON.

pub mod diagnostics;
pub mod diagnostics_json;
mod events;
mod excerpt;
pub mod style;

pub use diagnostics::{compact_warnings, consolidate_warnings, diagnostics};
pub use diagnostics_json::{diagnostic_json, diagnostics_json};
pub use events::{Event, Settlement};
pub use style::Style;

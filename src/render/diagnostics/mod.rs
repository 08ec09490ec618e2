//! Diagnostics, with the source they point at.

mod excerpt;
mod json;
mod no_offer;
mod text;

pub use json::{diagnostic_message, diagnostics_json};
pub use no_offer::unplaced;
pub use text::{compact_warnings, consolidate_warnings, diagnostics};

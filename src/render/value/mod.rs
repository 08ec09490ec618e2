//! Values and types as text and JSON.

pub(super) mod json;
mod recorded;
mod text;
mod type_text;

pub use recorded::{object as recorded_object, value as recorded_value};
pub use text::value_text;
pub use type_text::type_text;

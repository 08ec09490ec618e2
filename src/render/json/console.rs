//! An answer of the console as one JSON object, for other programs.

use crate::diag::Diagnostic;
use crate::lang::Value;
use crate::lang::json::type_to_json;
use crate::render::value::json::known;
use crate::review::Shown;
use serde_json::{Value as Json, json};

/// A value with its type (as Terraform encodes types), and whether a part of it is sensitive or unknown. Those parts
/// are null.
pub fn console_value(value: &Value) -> Json {
    json!({
        "value": known(Shown::of(value)),
        "type": type_to_json(&value.ty()),
        "sensitive": value.deep_marks().sensitive,
        "unknown": !value.is_wholly_known(),
    })
}

/// What went wrong.
pub fn console_error(error: &Diagnostic) -> Json {
    json!({ "error": { "summary": error.summary, "detail": error.text() } })
}

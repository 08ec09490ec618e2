//! Values as JSON, and types as JSON.

use super::convert::ConvertError;
use super::types::Type;
use super::value::Value;

/// The JSON of a value, as `jsonencode` writes it; unknown and marked values are the caller's affair: unknown gives
/// null, marks are dropped.
pub fn to_json(value: &Value) -> serde_json::Value {
    let _ = value;
    unimplemented!()
}

/// Reads JSON as a value of a type; `Type::Dynamic` takes the type from the JSON, as `jsondecode` does.
///
/// # Errors
/// The first place that does not fit.
pub fn from_json(json: &serde_json::Value, ty: &Type) -> Result<Value, ConvertError> {
    let _ = (json, ty);
    unimplemented!()
}

/// A type as Terraform writes it in state files: `"string"`, `["list","string"]`, `["object",{...}]`.
pub fn type_to_json(ty: &Type) -> serde_json::Value {
    let _ = ty;
    unimplemented!()
}

/// The inverse of [`type_to_json`]; `None` for what is no type.
pub fn type_from_json(json: &serde_json::Value) -> Option<Type> {
    let _ = json;
    unimplemented!()
}

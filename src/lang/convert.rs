//! Conversion and unification of types.

use super::types::{Constraint, Type};
use super::value::Value;

/// Why a value does not convert: `path` leads to the element at fault (".a[0]"), `message` is a clause in lower case
/// ("a number is required").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    /// From the value to the element at fault; empty for the value itself.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Converts a value to a type, as Terraform does at a call or an attribute. Marks stay where they are.
///
/// # Errors
/// The first place that does not convert.
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    let _ = (value, ty);
    unimplemented!()
}

/// Converts a value to the type of a variable: `optional` attributes are filled in first.
///
/// # Errors
/// The first place that does not convert.
pub fn conform(value: &Value, constraint: &Constraint) -> Result<Value, ConvertError> {
    let _ = (value, constraint);
    unimplemented!()
}

/// The one type that all convert to, as for the branches of a conditional and the elements of `tolist`.
pub fn unify(types: &[Type]) -> Option<Type> {
    let _ = types;
    unimplemented!()
}
impl std::fmt::Display for ConvertError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

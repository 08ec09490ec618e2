//! The functions of the language, in the form of `terraform metadata functions -json`.

use crate::lang::functions::{Parameter, signatures};
use crate::lang::json::type_to_json;
use serde_json::{Map, Value as Json, json};

/// `format_version` and `function_signatures`, every function by its name and as `core::NAME`.
pub fn functions_json() -> Json {
    let mut all = Map::new();
    for prefix in ["", "core::"] {
        for signature in signatures() {
            let mut told = Map::new();
            told.insert("description".into(), signature.description.into());
            told.insert("return_type".into(), type_to_json(&signature.returns));
            if !signature.parameters.is_empty() {
                told.insert("parameters".into(), signature.parameters.iter().map(parameter).collect());
            }
            if let Some(variadic) = &signature.variadic {
                told.insert("variadic_parameter".into(), parameter(variadic));
            }
            all.insert(format!("{prefix}{}", signature.name), told.into());
        }
    }
    json!({ "format_version": "1.0", "function_signatures": all })
}

fn parameter(parameter: &Parameter) -> Json {
    let mut told = Map::new();
    told.insert("name".into(), parameter.name.into());
    if parameter.nullable {
        told.insert("is_nullable".into(), true.into());
    }
    told.insert("type".into(), type_to_json(&parameter.ty));
    told.into()
}

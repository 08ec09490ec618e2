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

/// What was called by this name, in the form of Terraform's diagnostics; `None` where there is no such function.
pub fn function_call_json(called_as: &str) -> Option<Json> {
    let name = called_as.strip_prefix("core::").unwrap_or(called_as);
    let signature = signatures().into_iter().find(|signature| signature.name == name)?;
    let parameter = |parameter: &Parameter| json!({ "name": parameter.name, "type": type_to_json(&parameter.ty) });
    let mut told = Map::new();
    told.insert("name".into(), signature.name.into());
    told.insert("params".into(), signature.parameters.iter().map(parameter).collect());
    told.extend(signature.variadic.as_ref().map(|variadic| ("variadic_param".to_owned(), parameter(variadic))));
    told.insert("return_type".into(), type_to_json(&signature.returns));
    Some(json!({ "called_as": called_as, "signature": told }))
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

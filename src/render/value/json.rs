//! Values as JSON for other programs: what is unknown is left out, what is sensitive is null, and masks tell which.
//! The masks are shaped as Terraform's (`jsonplan`, `jsonstate`).

use crate::lang::{Kind, Value};
use serde_json::{Map, Value as Json};

/// What can be said of a value: `None` for an unknown one. Sensitive and ephemeral values are null.
pub fn known(value: &Value) -> Option<Json> {
    if !value.marks.is_none() {
        return Some(Json::Null);
    }
    Some(match &value.kind {
        Kind::Unknown(..) => return None,
        Kind::Null(_) => Json::Null,
        Kind::Bool(b) => Json::Bool(*b),
        Kind::Number(n) => n.to_string().parse().map_or(Json::Null, Json::Number),
        Kind::String(text) => Json::String(text.to_string()),
        // The place of an unknown element is kept.
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            Json::Array(elements.iter().map(|element| known(element).unwrap_or(Json::Null)).collect())
        }
        Kind::Map(_, entries) | Kind::Object(entries) => {
            Json::Object(entries.iter().filter_map(|(name, inner)| Some((name.to_string(), known(inner)?))).collect())
        }
    })
}

/// True where the value is unknown; in objects only what is not false.
pub fn unknown_mask(value: &Value) -> Json {
    mask(value, &|value| !value.is_known())
}

/// True where the value is sensitive; in objects only what is not false.
pub fn sensitive_mask(value: &Value) -> Json {
    mask(value, &|value| value.marks.sensitive)
}

fn mask(value: &Value, hit: &dyn Fn(&Value) -> bool) -> Json {
    if hit(value) {
        return Json::Bool(true);
    }
    match (value.as_elements(), value.as_entries()) {
        (Some(elements), _) => Json::Array(elements.iter().map(|element| mask(element, hit)).collect()),
        (_, Some(entries)) => {
            let entries = entries.iter().map(|(name, inner)| (name.to_string(), mask(inner, hit)));
            Json::Object(entries.filter(|(_, mask)| *mask != Json::Bool(false)).collect())
        }
        _ => Json::Bool(false),
    }
}

/// The mask of what is unknown, as Terraform writes it of a whole object: empty where all is known.
pub fn unknown_in(object: Option<&Value>) -> Json {
    match object {
        Some(object) if !object.is_wholly_known() => unknown_mask(object),
        _ => Json::Object(Map::new()),
    }
}

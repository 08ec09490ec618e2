//! Values as JSON for other programs: what is unknown is left out, what is sensitive is null, and masks tell which.
//! The masks are shaped as Terraform's (`jsonplan`, `jsonstate`).

use crate::lang::json::number_json;
use crate::review::{Face, Mask, Shown};
use serde_json::{Map, Value as Json};

/// What can be said of a value: `None` for an unknown one. Sensitive and ephemeral values are null.
pub fn known(value: Shown<'_>) -> Option<Json> {
    Some(match value.face() {
        Face::Unknown => return None,
        Face::Sensitive | Face::Ephemeral | Face::Null => Json::Null,
        Face::Bool(b) => Json::Bool(b),
        Face::Number(n) => number_json(n),
        Face::Text(text) => Json::String(text.to_owned()),
        // The place of an unknown element is kept.
        Face::List => Json::Array(value.elements().map(|element| known(element).unwrap_or(Json::Null)).collect()),
        Face::Map | Face::Object => {
            Json::Object(value.entries().filter_map(|(name, inner)| Some((name.to_owned(), known(inner)?))).collect())
        }
    })
}

/// True where the value is unknown; in objects only what is not false.
pub fn unknown_mask(value: Shown<'_>) -> Json {
    mask(&value.unknown_parts())
}

/// True where the value is sensitive; in objects only what is not false.
pub fn sensitive_mask(value: Shown<'_>) -> Json {
    mask(&value.sensitive_parts())
}

fn mask(parts: &Mask<'_>) -> Json {
    match parts {
        Mask::None => Json::Bool(false),
        Mask::Whole => Json::Bool(true),
        Mask::Elements(elements) => Json::Array(elements.iter().map(mask).collect()),
        Mask::Entries(entries) => {
            Json::Object(entries.iter().map(|(name, parts)| ((*name).to_owned(), mask(parts))).collect())
        }
    }
}

/// The mask of what is unknown, as Terraform writes it of a whole object: empty where all is known.
pub fn unknown_in(object: Option<Shown<'_>>) -> Json {
    match object {
        Some(object) if !object.is_wholly_known() => unknown_mask(object),
        _ => Json::Object(Map::new()),
    }
}

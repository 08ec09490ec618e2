//! Live attributes against recorded ones: what differs, and how a record takes in what was read.

use crate::live::GroupId;
use crate::schema::{Presence, Schema, script};
use crate::state::Record;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

/// The names of the attributes of an answer that differ from what the record expects to read.
pub fn differing(record: &Record, seen: &Map<String, Json>) -> Vec<String> {
    let expected = |name: &str| record.read_back.get(name).or_else(|| record.attributes.get(name));
    seen.iter()
        .filter(|(name, live)| !same(name, expected(name).unwrap_or(&Json::Null), live))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Takes an answer into a record: facts are stored as read; of a desired attribute, the value read stands beside the one
/// sent where they differ. Returns the names of desired attributes that the server shows otherwise than before.
pub fn take_in(record: &mut Record, schema: &Schema, seen: &Map<String, Json>) -> Vec<String> {
    let mut rewritten = Vec::new();
    for (name, live) in seen {
        let Some(attribute) = schema.attribute(name) else { continue };
        let sent = record.attributes.get(name).unwrap_or(&Json::Null);
        let fact = match attribute.presence {
            Presence::Computed => true,
            Presence::OptionalComputed => sent.is_null(),
            Presence::Required | Presence::Optional => false,
        };
        if fact {
            record.attributes.insert(name.clone(), live.clone());
        } else if same(name, sent, live) {
            record.read_back.remove(name);
        } else if record.read_back.insert(name.clone(), live.clone()).as_ref() != Some(live) {
            rewritten.push(name.clone());
        }
    }
    rewritten
}

/// Whether two values of an attribute mean the same: nothing, an empty text and an empty list do; numbers are compared
/// by value, template groups by id, scripts in their decoded form (API sheet §8).
pub fn same(name: &str, recorded: &Json, live: &Json) -> bool {
    if recorded == live || (is_empty(recorded) && is_empty(live)) {
        return true;
    }
    match (recorded, live) {
        (Json::Number(_), Json::Number(_)) => match (decimal(recorded), decimal(live)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
        (Json::String(a), Json::String(b)) if name == "template_group" => {
            GroupId::parse(a).is_some_and(|group| Some(group) == GroupId::parse(b))
        }
        (Json::String(a), Json::String(b)) if name == "start_script" => script::same(b, a),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same("", a, b)),
        _ => false,
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

fn decimal(value: &Json) -> Option<Decimal> {
    let text = value.as_number()?.to_string();
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::instance::SCHEMA;
    use serde_json::json;

    #[test]
    fn the_same_in_other_words() {
        assert!(same("notes", &Json::Null, &json!("")));
        assert!(same("max_auto_renew_price", &json!(0.5), &json!(0.50)));
        assert!(same("template_group", &json!("/instances/templates/29"), &json!("29")));
        assert!(same("start_script", &json!("x\n"), &json!("x")));
        assert!(!same("name", &json!("a-b"), &json!("a_b")));
    }

    #[test]
    fn a_rewritten_name_stands_beside_the_one_sent() {
        let mut record = Record::default();
        record.attributes.insert("name".into(), json!("a-b"));
        let seen = Map::from_iter([("name".to_owned(), json!("a_b")), ("status".to_owned(), json!("created"))]);
        assert_eq!(take_in(&mut record, &SCHEMA, &seen), ["name"]);
        assert_eq!(take_in(&mut record, &SCHEMA, &seen), [""; 0]);
        assert_eq!(record.attributes["name"], json!("a-b"));
        assert_eq!(record.read_back["name"], json!("a_b"));
        assert!(differing(&record, &seen).is_empty());
        let seen = Map::from_iter([("name".to_owned(), json!("a-b"))]);
        assert_eq!(differing(&record, &seen), ["name"]);
        take_in(&mut record, &SCHEMA, &seen);
        assert!(record.read_back.is_empty());
    }
}

//! Recorded against live.

use crate::lang::Value;
use crate::lang::json::from_json;
use crate::live::{Env, LiveObject};
use crate::path::ValuePath;
use crate::schema::{Presence, Schema, observe};
use crate::state::Record;
use crate::state::digest::{SecretKey, SecretMatch};
use serde_json::{Map, Value as Json};

/// One attribute that is live another one than recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which.
    pub attribute: &'static str,
    /// What the server showed last.
    pub recorded: Json,
    /// What it shows now.
    pub live: Json,
}

/// Where live differs from what the record expects to read, in the order of the table. Facts (computed attributes) are
/// among them; an attribute that the answer does not carry is not.
pub fn differences(schema: &Schema, record: &Record, live: &LiveObject, key: &SecretKey) -> Vec<Difference> {
    let mut expected = record.expected();
    let mut found = Vec::new();
    for (attribute, live) in observe::object(live) {
        let recorded = expected(attribute);
        match record.secret_differs(attribute, &live, key) {
            Some(true) => found.push(Difference { attribute, recorded: Json::Null, live }),
            Some(false) => {}
            // A machine's GPU count and group are what it was rented with; the record holds what was asked for.
            None if observe::same(recorded, &live) => {}
            None => found.push(Difference { attribute, recorded: recorded.clone(), live }),
        }
    }
    let place = |found: &Difference| schema.attributes.iter().position(|known| known.name == found.attribute);
    found.retain(|found| place(found).is_some());
    found.sort_by_key(place);
    if let Some((env, exact)) = observe::environment(live)
        && let Some(difference) = env_difference(record, &env, exact, key)
    {
        found.push(difference);
    }
    found
}

/// Environment: every recorded variable must be there with its value, and no others where it is `exact`. Secrets are compared by digest and never shown.
fn env_difference(record: &Record, live: &Env, exact: bool, key: &SecretKey) -> Option<Difference> {
    let empty = Map::new();
    let recorded = record.attributes.get("env_variables").and_then(Json::as_object).unwrap_or(&empty);
    let mut shown = Map::new();
    let mut differs = exact && live.0.len() != recorded.len();
    for (name, value) in recorded {
        let path = ValuePath::of("env_variables").key(name);
        let now = live.0.get(name);
        let same = match (record.secrets.get(&path), now) {
            (Some(digest), Some(now)) => key.compare(digest, &path, now) != SecretMatch::Changed,
            (None, Some(now)) => value.as_str() == Some(now),
            (_, None) => false,
        };
        differs |= !same;
        match (same, now) {
            (true, _) => {
                shown.insert(name.clone(), value.clone());
            }
            (false, Some(now)) if !record.secrets.contains_key(&path) => {
                shown.insert(name.clone(), Json::String(now.clone()));
            }
            (false, _) => {}
        }
    }
    if exact {
        let others = live.0.iter().filter(|(name, _)| !recorded.contains_key(*name));
        shown.extend(others.map(|(name, value)| (name.clone(), Json::String(value.clone()))));
    }
    differs.then(|| Difference {
        attribute: "env_variables",
        recorded: Json::Object(recorded.clone()),
        live: Json::Object(shown),
    })
}

/// The record with every fact as it is live; `None` where that changes nothing. Desired attributes stay as they were
/// sent, unless `adopt` says that the configuration leaves them to the API or to other people. `secret` are those that the
/// configuration hides.
pub(super) fn refreshed(
    schema: &Schema,
    record: &Record,
    found: &[Difference],
    key: &SecretKey,
    adopt: &dyn Fn(&str) -> bool,
    secret: &dyn Fn(&str) -> bool,
) -> Option<Record> {
    if found.is_empty() {
        return None;
    }
    let mut refreshed = record.clone();
    for difference in found {
        // Of a secret, only the digest of what the server shows is taken over.
        if record.holds_secret(difference.attribute) {
            if adopt(difference.attribute) {
                refreshed.read_secret(difference.attribute, &difference.live, key);
            }
            continue;
        }
        let Some(attribute) = schema.attribute(difference.attribute) else { continue };
        if adopt(attribute.name) && secret(attribute.name) {
            if let Ok(live) = from_json(&difference.live, &attribute.ty.to_type()) {
                refreshed.hide(attribute.name, live, key);
            }
        } else if attribute.presence == Presence::Computed || adopt(attribute.name) {
            refreshed.read_back.remove(difference.attribute);
            refreshed.attributes.set(difference.attribute, difference.live.clone());
        }
    }
    (refreshed != *record).then_some(refreshed)
}

/// Facts that move by themselves are no drift worth a reviewer's eyes; prices and what the configuration can say are.
pub(super) fn is_drift(schema: &Schema, difference: &Difference) -> bool {
    match schema.attribute(difference.attribute) {
        Some(attribute) => {
            attribute.presence != Presence::Computed || ["price_per_gpu", "price_per_disk"].contains(&attribute.name)
        }
        None => false,
    }
}

/// What a machine was rented with cannot be edited from outside: the record holds the order, not the delivery.
pub(super) fn is_ordered(name: &str) -> bool {
    ["gpu_model", "gpu_count"].contains(&name)
}

/// What a plan compares with: where live differs, live counts.
pub(super) fn laid_over(schema: &Schema, object: &Value, found: &[Difference]) -> Value {
    let mut entries = object.as_entries().cloned().unwrap_or_default();
    for difference in found {
        let Some(attribute) = schema.attribute(difference.attribute) else { continue };
        if is_ordered(attribute.name) {
            continue;
        }
        let ty = attribute.ty.to_type();
        let marks = entries.get(attribute.name).map(|value| value.deep_marks()).unwrap_or_default();
        if let Ok(live) = from_json(&difference.live, &ty) {
            entries.insert(attribute.name.into(), live.marked(marks));
        }
    }
    Value::from_entries(entries)
}

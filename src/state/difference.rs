//! What one state says that another does not, for whoever must decide between the two.

use super::model::State;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::fmt::Display;

/// So many are named: with what stands around them, a screen.
const NAMED: usize = 20;

/// Longer values are cut, in characters: a line of a terminal.
const LONGEST: usize = 80;

/// What differs, one line each: where, and what stands there after and before. `serial` and `journal_seq` are no
/// difference.
pub fn differences(before: &State, after: &State) -> Vec<String> {
    let mut found = Vec::new();
    walk("", &document(before), &document(after), &mut found);
    let more = found.len().saturating_sub(NAMED);
    found.truncate(NAMED);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

/// Everything under a name that people know.
fn document(state: &State) -> Json {
    fn all<K: Display, V: serde::Serialize>(entries: impl IntoIterator<Item = (K, V)>) -> Json {
        // What has text keys and no fallible parts is always JSON.
        let json = |value: V| serde_json::to_value(value).unwrap_or_default();
        entries.into_iter().map(|(key, value)| (key.to_string(), json(value))).collect()
    }
    let mut objects = all(&state.resources);
    let deposed = state
        .deposed
        .iter()
        .flat_map(|(at, all)| all.iter().map(move |(key, record)| (format!("{at} (deposed {key})"), record)));
    if let (Json::Object(objects), Json::Object(more)) = (&mut objects, all(deposed)) {
        objects.extend(more);
    }
    json!({
        "lineage": state.lineage,
        "fleet": state.fleet,
        "account": all(state.account.iter().flat_map(|own| {
            [("base_url", &own.base_url), ("key_fingerprint", &own.key_fingerprint)]
        })),
        "outputs": all(&state.outputs),
        "resources": objects,
        "data": all(&state.data),
        "open": all(&state.open),
        "watched": all(&state.watched),
        "failures": state.failures,
        "billed": state.billed,
        "spent": all(state.spent.iter().filter_map(|spent| Some((spent.record.claim.as_ref()?, spent)))),
        "expired": all(&state.expired),
        "heard": all(state.heard.iter().map(|heard| (&heard.run, heard.entries))),
    })
}

fn walk(path: &str, before: &Json, after: &Json, found: &mut Vec<String>) {
    if before == after {
        return;
    }
    let (Json::Object(old), Json::Object(new)) = (before, after) else {
        found.push(format!("{path}: {} instead of {}", short(Some(after)), short(Some(before))));
        return;
    };
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}, {key}") };
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => walk(&path, old, new, found),
            (old, new) => found.push(format!("{path}: {} instead of {}", short(new), short(old))),
        }
    }
}

fn short(value: Option<&Json>) -> String {
    let text = match value {
        None => return "nothing".to_owned(),
        // A whole object is known by its identity.
        Some(Json::Object(object)) => return named(object),
        Some(value) => value.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn named(object: &Map<String, Json>) -> String {
    let id = object.get("attributes").and_then(|attributes| attributes.get("id")?.as_str());
    id.map_or_else(|| "an entry".to_owned(), |id| format!("the object {id}"))
}

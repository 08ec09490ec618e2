//! The messages of a command: by type, and by the object that they are about.

use super::{Shape, neutral, type_of};
use serde_json::Value as Json;

/// Keys whose texts are facts of the story.
const FACTS: &[&str] = &[
    "@level",
    "@module",
    "type",
    "addr",
    "module",
    "resource",
    "resource_name",
    "resource_key",
    "action",
    "reason",
    "operation",
    "severity",
    "ui",
    "terraform",
    "id_key",
    "traversal",
];

/// Everything in them. Their order is chance, but for the kinds.
pub fn shape(messages: &Json) -> Shape {
    let mut shape = Shape::new();
    let mut messages: Vec<&Json> = messages.as_array().into_iter().flatten().collect();
    messages.sort_by_key(|message| neutral(message["diagnostic"]["snippet"]["code"].as_str().unwrap_or_default()));
    for message in messages {
        let kind = message["type"].as_str().unwrap_or_default();
        let about = [&message["hook"], &message["change"]].into_iter().find_map(|of| of["resource"]["addr"].as_str());
        let about = about.map(str::to_owned).or_else(|| Some(message["changes"]["operation"].as_str()?.to_owned()));
        let about = about.or_else(|| Some(message["diagnostic"]["summary"].as_str()?.to_owned()));
        let mut at = format!("{kind}[{}]", neutral(&about.unwrap_or_default()));
        // An object is removed, and made anew; outputs are told twice.
        while shape.contains_key(&at) {
            at.push('\'');
        }
        walk(&at, "", message, &mut shape);
    }
    shape
}

fn walk(at: &str, key: &str, value: &Json, shape: &mut Shape) {
    let known = match value {
        Json::Bool(b) => b.to_string(),
        Json::String(text) if FACTS.contains(&key) => format!("\"{}\"", neutral(text)),
        Json::Number(number) if matches!(key, "add" | "change" | "remove" | "import") => number.to_string(),
        other => type_of(other).to_owned(),
    };
    shape.insert(at.to_owned(), known);
    for (name, value) in value.as_object().into_iter().flatten() {
        walk(&format!("{at}.{name}"), name, value, shape);
    }
    for (place, value) in value.as_array().into_iter().flatten().enumerate() {
        walk(&format!("{at}[{place}]"), key, value, shape);
    }
}

//! The document of a plan.

use super::{Shape, attribute, neutral, type_of};
use serde_json::{Value as Json, json};

/// Keys whose texts are facts of the story.
const FACTS: &[&str] = &[
    "actions",
    "action_reason",
    "mode",
    "name",
    "address",
    "previous_address",
    "module_address",
    "index",
    "references",
    "status",
    "kind",
    "to_display",
    "attribute",
    "resource",
    "replace_paths",
    "deposed",
    "format_version",
    "depends_on",
    "instance_key",
    "module",
    "message",
    "source",
    "description",
];
/// Objects of attributes, where they stand in a resource.
const OBJECTS: &[&str] = &[
    "before",
    "after",
    "after_unknown",
    "before_sensitive",
    "after_sensitive",
    "values",
    "sensitive_values",
    "expressions",
];

/// Everything in it.
pub fn shape(plan: &Json) -> Shape {
    let mut shape = Shape::new();
    if plan.is_null() {
        return shape;
    }
    walk("plan", "", plan, false, &mut shape);
    shape
}

fn walk(at: &str, key: &str, value: &Json, in_resource: bool, shape: &mut Shape) {
    let known = match value {
        Json::Bool(b) => b.to_string(),
        Json::String(text) if key == "name" && at.contains("PROVIDER") => type_of(&json!(text)).to_owned(),
        Json::String(text) if FACTS.contains(&key) => format!("\"{}\"", fact(text)),
        Json::Number(number) if key == "index" || key == "instance_key" => number.to_string(),
        other => type_of(other).to_owned(),
    };
    shape.insert(at.to_owned(), known);
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                let is_attributes = in_resource && OBJECTS.contains(&key);
                let name = match attribute(name) {
                    // Our groups have no such attribute.
                    Some("gpu_count") if is_attributes && value.is_null() => continue,
                    Some(known) if is_attributes => known.to_owned(),
                    None if is_attributes => continue,
                    _ if key == "provider_config" => "PROVIDER".to_owned(),
                    _ => name.clone(),
                };
                walk(&format!("{at}.{}", neutral(&name)), &name, value, in_resource, shape);
            }
        }
        Json::Array(elements) => {
            let is_list = matches!(key, "resource_changes" | "resource_drift" | "resources");
            for (place, element) in elements.iter().enumerate() {
                let name = name(element).map_or_else(|| place.to_string(), |name| neutral(&name));
                // Their data sources have other arguments than ours.
                let is_managed = element["mode"] == "managed";
                if is_list && !is_managed {
                    let head = ["address", "mode", "type", "name", "action_reason"].map(|name| (name, &element[name]));
                    let told = head.into_iter().filter(|(_, value)| !value.is_null());
                    let told = told.map(|(name, value)| (name.to_owned(), value.clone()));
                    let told: serde_json::Map<String, Json> = told.collect();
                    walk(&format!("{at}[{name}]"), key, &Json::Object(told), true, shape);
                    continue;
                }
                walk(&format!("{at}[{name}]"), key, element, in_resource || is_list, shape);
            }
        }
        _ => {}
    }
}

/// By what an element of a list is known.
fn name(element: &Json) -> Option<String> {
    let address = &element["address"];
    let text = address.as_str().or_else(|| address["to_display"].as_str());
    let steps = || element["attribute"].as_array()?.iter().map(|step| Some(fact(step.as_str()?))).collect();
    let relevant = || {
        let steps: Option<Vec<String>> = steps();
        Some(format!("{}/{}", element["resource"].as_str()?, steps?.join(".")))
    };
    text.map(str::to_owned).or_else(relevant)
}

fn fact(text: &str) -> String {
    match text {
        "input" | "output" => "name".to_owned(),
        "triggers_replace" => "gpu_count".to_owned(),
        text => neutral(text),
    }
}

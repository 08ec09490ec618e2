//! The state for other programs, as `terraform show -json` writes it.

use super::checks::checks_json;
use super::module_tree::{identity, root_module};
use crate::render::value::{json as value_json, recorded_object};
use crate::review::Shown;
use crate::state::{Record, State, TERRAFORM_VERSION};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// The state that a plan was made against, as the plan's JSON holds it: what counts are the checks of the plan.
pub fn prior_state_json(state: &State) -> Json {
    let mut json = state_json(state);
    json.as_object_mut().and_then(|whole| whole.shift_remove("checks"));
    json
}

/// The whole state.
pub fn state_json(state: &State) -> Json {
    let mut out = Map::new();
    out.insert("format_version".into(), json!("1.0"));
    out.insert("terraform_version".into(), json!(TERRAFORM_VERSION));
    out.insert("podform_version".into(), json!(env!("CARGO_PKG_VERSION")));
    let empty = state.objects().next().is_none() && state.data.is_empty() && state.outputs.is_empty();
    if !empty {
        let mut values = Map::new();
        if !state.outputs.is_empty() {
            values.insert("outputs".into(), outputs(state));
        }
        values.insert("root_module".into(), resources(state));
        out.insert("values".into(), Json::Object(values));
        if !state.checks.is_empty() {
            out.insert("checks".into(), checks_json(&state.checks));
        }
    }
    Json::Object(out)
}

fn outputs(state: &State) -> Json {
    let output = |(name, output): (&String, &crate::state::OutputState)| {
        let value = if output.sensitive { Json::Null } else { output.value.clone() };
        (name.clone(), json!({"sensitive": output.sensitive, "value": value, "type": output.ty}))
    };
    Json::Object(state.outputs.iter().map(output).collect())
}

fn resources(state: &State) -> Json {
    let own = state.resources.iter().map(|(address, record)| (address, None, record.clone()));
    let deposed = state
        .deposed
        .iter()
        .flat_map(|(address, all)| all.iter().map(move |(key, record)| (address, Some(key.as_str()), record.clone())));
    let data = state.data.iter().map(|(address, attributes)| {
        (address, None, Arc::new(Record { attributes: attributes.clone(), ..Record::default() }))
    });
    let mut all: Vec<_> = own.chain(deposed).chain(data).collect();
    all.sort_by_key(|(address, key, _)| (*address, *key));
    root_module(all.into_iter().map(|(address, key, record)| {
        let object = recorded_object(address, &record);
        let object = Shown::object(address, &object);
        let mut out = identity(address, false);
        out.insert("schema_version".into(), json!(0));
        out.insert("values".into(), value_json::known(object).unwrap_or(Json::Null));
        out.insert("sensitive_values".into(), value_json::sensitive_mask(object));
        if !record.dependencies.is_empty() {
            let mut names: Vec<String> = record.dependencies.iter().map(ToString::to_string).collect();
            names.sort_unstable();
            out.insert("depends_on".into(), json!(names));
        }
        if record.tainted.is_some() {
            out.insert("tainted".into(), json!(true));
        }
        if let Some(key) = key {
            out.insert("deposed_key".into(), json!(key));
        }
        (address.resource.module.clone(), Json::Object(out))
    }))
}

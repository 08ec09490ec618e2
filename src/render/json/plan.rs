//! A plan for other programs, as `terraform show -json PLAN` writes it: the same file gives the same bytes.

use super::checks::checks_json;
use super::module_tree::{identity, root_module};
use super::ours;
use super::reason::action_reason;
use crate::address::{InstanceAddr, Mode};
use crate::lang::json::type_to_json;
use crate::path::{PathStep, ValuePath};
use crate::plan::{Action, MadeFrom, PlanMode};
use crate::render::value::json as value_json;
use crate::review::{Described, DescribedOutput, Drifted, Review, Shown, Verdict};
use crate::state::TERRAFORM_VERSION;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// The whole plan, and what it was made from.
pub fn plan_json(review: &Review<'_>, made_from: &MadeFrom) -> Json {
    let mut out = Map::new();
    out.insert("format_version".into(), json!("1.2"));
    out.insert("terraform_version".into(), json!(TERRAFORM_VERSION));
    out.insert("podform_version".into(), json!(env!("CARGO_PKG_VERSION")));
    if !review.variables.is_empty() {
        out.insert("variables".into(), variables(review));
    }
    out.insert("planned_values".into(), planned_values(review));
    // Who only refreshes changes nothing: what is gone, and what has another address, is told with what changed outside.
    let only_refreshes = review.mode == PlanMode::RefreshOnly;
    let moved = review.changes.iter().filter(|change| only_refreshes && change.moved_from.is_some());
    let drifted: Vec<Json> = review.drift.iter().map(drift).chain(moved.map(resource_change)).collect();
    if !drifted.is_empty() {
        out.insert("resource_drift".into(), Json::Array(drifted));
    }
    // What is declared, does not stand and is not wanted now has nothing to compare: a remark tells it.
    let known = |change: &&Described<'_>| {
        !only_refreshes
            && !change.left_out
            && (change.before.is_some() || change.after.is_some() || change.moved_from.is_some())
    };
    let mut changes: Vec<&Described<'_>> = review.changes.iter().filter(known).collect();
    changes.sort_by_key(|change| data_first(change.address));
    if !changes.is_empty() {
        out.insert("resource_changes".into(), changes.into_iter().map(resource_change).collect());
    }
    if !review.outputs.is_empty() {
        out.insert("output_changes".into(), Json::Object(review.outputs.iter().map(output_change).collect()));
    }
    if made_from.prior_state.get("values").is_some() {
        out.insert("prior_state".into(), made_from.prior_state.clone());
    }
    out.insert("configuration".into(), made_from.configuration.clone());
    if made_from.relevant_attributes.as_array().is_some_and(|all| !all.is_empty()) {
        out.insert("relevant_attributes".into(), made_from.relevant_attributes.clone());
    }
    if !review.checks.is_empty() {
        out.insert("checks".into(), checks_json(review.checks));
    }
    out.insert("timestamp".into(), json!(made_from.timestamp));
    out.insert(
        "applyable".into(),
        json!(review.verdict == Verdict::Changes && made_from.snapshot.is_none() && !made_from.untrusted),
    );
    let complete = !review.narrowed && review.left_out.is_empty() && review.in_doubt.is_empty();
    out.insert("complete".into(), json!(complete));
    out.insert("errored".into(), json!(false));
    let mut ours = ours::of_plan(review);
    let rents = review.changes.iter().filter(|change| change.placed.is_some()).map(|change| {
        let mut rent = Map::from_iter([("address".to_owned(), json!(change.address.to_string()))]);
        rent.extend(ours::rent(change));
        Json::Object(rent)
    });
    if let Some(as_of) = made_from.snapshot {
        ours.insert("as_of".into(), json!(as_of.to_string()));
    }
    ours.insert("rents".into(), rents.collect());
    let remarked = review.changes.iter().filter(|change| !change.remarks.is_empty());
    let remarks = remarked.map(|change| (change.address.to_string(), ours::remarks(change)));
    ours.insert("remarks".into(), Json::Object(remarks.collect()));
    out.insert("podform".into(), Json::Object(ours));
    Json::Object(out)
}

fn variables(review: &Review<'_>) -> Json {
    let variable = |(name, value): &(&str, Option<Shown<'_>>)| {
        let json = match value {
            Some(value) => json!({"value": value_json::known(*value)}),
            None => json!({"value": null, "sensitive": true}),
        };
        ((*name).to_owned(), json)
    };
    Json::Object(review.variables.iter().map(variable).collect())
}

fn planned_values(review: &Review<'_>) -> Json {
    let mut out = Map::new();
    let outputs: Map<String, Json> = review.outputs.iter().filter_map(planned_output).collect();
    if !outputs.is_empty() {
        out.insert("outputs".into(), Json::Object(outputs));
    }
    let planned = |change: &&Described<'_>| review.mode != PlanMode::RefreshOnly && !change.left_out;
    let mut changes: Vec<&Described<'_>> = review.changes.iter().filter(planned).collect();
    changes.sort_by_key(|change| data_first(change.address));
    let resources = changes.into_iter().filter_map(|change| {
        let after = change.after?;
        let mut resource = identity(change.address, false);
        resource.insert("schema_version".into(), json!(0));
        resource.insert("values".into(), value_json::known(after).unwrap_or(Json::Null));
        resource.insert("sensitive_values".into(), value_json::sensitive_mask(after));
        Some((change.address.resource.module.clone(), Json::Object(resource)))
    });
    out.insert("root_module".into(), root_module(resources));
    Json::Object(out)
}

/// What the changes come from ([`crate::plan::Plan::relevant`]).
pub fn relevant_json(found: &BTreeSet<(InstanceAddr, ValuePath)>) -> Json {
    let attribute = |(address, path): &(InstanceAddr, ValuePath)| {
        let steps: Vec<Json> = path.steps().iter().map(step_json).collect();
        json!({ "resource": address.to_string(), "attribute": steps })
    };
    found.iter().map(attribute).collect()
}

/// Data sources stand before what is managed.
fn data_first(address: &InstanceAddr) -> bool {
    address.resource.mode != Mode::Data
}

fn planned_output(output: &DescribedOutput<'_>) -> Option<(String, Json)> {
    let after = output.after?;
    let mut out = Map::new();
    out.insert("sensitive".into(), json!(output.sensitive));
    if after.is_wholly_known() {
        out.insert("type".into(), type_to_json(&after.ty()));
        out.insert("value".into(), value_json::known(after).unwrap_or(Json::Null));
    }
    Some((output.name.to_owned(), Json::Object(out)))
}

fn drift(drift: &Drifted<'_>) -> Json {
    let actions = if drift.after.is_some() { json!(["update"]) } else { json!(["delete"]) };
    let mut out = identity(drift.address, true);
    out.insert("change".into(), Json::Object(change_body(actions, Some(drift.before), drift.after)));
    Json::Object(out)
}

fn change_body(actions: Json, before: Option<Shown<'_>>, after: Option<Shown<'_>>) -> Map<String, Json> {
    let value = |value: Option<Shown<'_>>| value.and_then(value_json::known).unwrap_or(Json::Null);
    let mask = |value: Option<Shown<'_>>| value.map_or(Json::Bool(false), value_json::sensitive_mask);
    let mut out = Map::new();
    out.insert("actions".into(), actions);
    out.insert("before".into(), value(before));
    out.insert("after".into(), value(after));
    out.insert("after_unknown".into(), value_json::unknown_in(after));
    out.insert("before_sensitive".into(), mask(before));
    out.insert("after_sensitive".into(), mask(after));
    out
}

fn step_json(step: &PathStep) -> Json {
    match step {
        PathStep::Attribute(name) | PathStep::Key(name) => json!(name),
        PathStep::Index(at) => json!(at),
    }
}

fn resource_change(change: &Described<'_>) -> Json {
    let actions = match change.action {
        Action::NoOp => json!(["no-op"]),
        // Only podform's own mark is written, which no attribute shows: a remark tells it.
        Action::Update if change.only_readdressed() => json!(["no-op"]),
        Action::Create => json!(["create"]),
        Action::Update => json!(["update"]),
        Action::Delete => json!(["delete"]),
        Action::Replace if change.new_first => json!(["create", "delete"]),
        Action::Replace => json!(["delete", "create"]),
        Action::Forget => json!(["forget"]),
        Action::Read => json!(["read"]),
    };
    let mut body = change_body(actions, change.before, change.after);
    if !change.forced_by.is_empty() {
        let paths = change.forced_by.iter().map(|path| path.steps().iter().map(step_json).collect::<Vec<_>>());
        body.insert("replace_paths".into(), json!(paths.collect::<Vec<_>>()));
    }
    if let Some(id) = change.importing {
        body.insert("importing".into(), json!({ "id": id }));
    }
    let mut out = identity(change.address, true);
    if let Some(key) = change.deposed {
        out.insert("deposed".into(), json!(key));
    }
    if let Some(from) = change.moved_from {
        out.insert("previous_address".into(), json!(from.to_string()));
    }
    out.insert("change".into(), Json::Object(body));
    if let Some(reason) = action_reason(change) {
        out.insert("action_reason".into(), json!(reason.0));
    }
    Json::Object(out)
}

fn output_change(output: &DescribedOutput<'_>) -> (String, Json) {
    let action = match output.action() {
        Action::NoOp => "no-op",
        Action::Create => "create",
        Action::Delete => "delete",
        _ => "update",
    };
    let mut out = Map::new();
    out.insert("actions".into(), json!([action]));
    out.insert("before".into(), output.before.and_then(value_json::known).unwrap_or(Json::Null));
    let unknown = output.after.filter(|after| !after.is_wholly_known());
    // What is secret is null, unless nobody knows it yet.
    let after = output.after.map_or(Some(Json::Null), value_json::known);
    out.extend(after.filter(|_| !output.sensitive || unknown.is_none()).map(|after| ("after".to_owned(), after)));
    let mask = match unknown {
        Some(after) if !output.sensitive => value_json::unknown_mask(after),
        _ => Json::Bool(unknown.is_some()),
    };
    out.insert("after_unknown".into(), mask);
    out.insert("before_sensitive".into(), json!(output.sensitive));
    out.insert("after_sensitive".into(), json!(output.sensitive));
    (output.name.to_owned(), Json::Object(out))
}

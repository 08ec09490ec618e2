//! A plan for other programs, as `terraform show -json PLAN` writes it, without its time stamp: same inputs, same bytes.

use super::checks::checks_json;
use super::module_tree::{identity, root_module};
use super::state::{TERRAFORM_VERSION, state_json};
use crate::address::{InstanceAddr, InstanceKey};
use crate::lang::{Value, json::type_to_json};
use crate::money::Usd;
use crate::plan::{Action, Change, Drift, OutputChange, Plan, PlannedVariable, Reason};
use crate::render::text::headline::new_first;
use crate::render::text::resource::hidden_object;
use crate::render::value::json as value_json;
use crate::render::words::{offer as placement, remark};
use crate::state::State;
use serde_json::{Map, Value as Json, json};

/// The whole plan. `configuration` is the `configuration` key as it stands, `prior` the state the plan was made against.
pub fn plan_json(plan: &Plan, configuration: Json, prior: &State) -> Json {
    let mut out = Map::new();
    out.insert("format_version".into(), json!("1.2"));
    out.insert("terraform_version".into(), json!(TERRAFORM_VERSION));
    out.insert("podform_version".into(), json!(env!("CARGO_PKG_VERSION")));
    if !plan.variables.is_empty() {
        out.insert("variables".into(), variables(plan));
    }
    out.insert("planned_values".into(), planned_values(plan));
    if !plan.drift.is_empty() {
        out.insert("resource_drift".into(), Json::Array(plan.drift.iter().map(drift).collect()));
    }
    let changes = plan.changes.iter().filter(|change| change.action != Action::Forget || change.before.is_some());
    out.insert("resource_changes".into(), changes.map(|change| resource_change(plan, change)).collect());
    out.insert("output_changes".into(), Json::Object(plan.outputs.iter().map(output_change).collect()));
    let mut before = state_json(prior);
    if let Some(before) = before.as_object_mut() {
        // As in Terraform: what counts are the checks of the plan.
        before.shift_remove("checks");
    }
    out.insert("prior_state".into(), before);
    out.insert("configuration".into(), configuration);
    if !plan.checks.is_empty() {
        out.insert("checks".into(), checks_json(&plan.checks));
    }
    out.insert("applyable".into(), json!(plan.has_changes()));
    let complete = !plan.narrowed && plan.left_out.is_empty() && plan.in_doubt.is_empty();
    out.insert("complete".into(), json!(complete));
    out.insert("errored".into(), json!(false));
    out.insert("podform".into(), ours(plan));
    Json::Object(out)
}

fn variables(plan: &Plan) -> Json {
    let variable = |(name, variable): (&String, &PlannedVariable)| {
        let json = match variable {
            PlannedVariable::Plain(value) => json!({"value": value_json::known(value)}),
            PlannedVariable::Secret(_) => json!({"value": null, "sensitive": true}),
        };
        (name.clone(), json)
    };
    Json::Object(plan.variables.iter().map(variable).collect())
}

fn planned_values(plan: &Plan) -> Json {
    let mut out = Map::new();
    let outputs: Map<String, Json> = plan.outputs.iter().filter_map(planned_output).collect();
    if !outputs.is_empty() {
        out.insert("outputs".into(), Json::Object(outputs));
    }
    let resources = plan.changes.iter().filter_map(|change| {
        let after = hidden_object(&change.address, change.after.as_ref()?);
        let mut resource = identity(&change.address, false);
        resource.insert("schema_version".into(), json!(0));
        resource.insert("values".into(), value_json::known(&after).unwrap_or(Json::Null));
        resource.insert("sensitive_values".into(), value_json::sensitive_mask(&after));
        Some((change.address.resource.module.clone(), Json::Object(resource)))
    });
    out.insert("root_module".into(), root_module(resources));
    Json::Object(out)
}

fn planned_output(output: &OutputChange) -> Option<(String, Json)> {
    let after = output.after.as_ref()?;
    let mut out = Map::new();
    out.insert("sensitive".into(), json!(output.sensitive));
    if after.is_wholly_known() {
        out.insert("type".into(), type_to_json(&after.ty()));
        out.insert("value".into(), shown(output, Some(after)).unwrap_or(Json::Null));
    }
    Some((output.name.clone(), Json::Object(out)))
}

/// The value of an output; null where it is sensitive, none where it is unknown.
fn shown(output: &OutputChange, value: Option<&Value>) -> Option<Json> {
    match value {
        None => Some(Json::Null),
        Some(_) if output.sensitive => Some(Json::Null),
        Some(value) => value_json::known(value),
    }
}

fn drift(drift: &Drift) -> Json {
    let actions = if drift.after.is_some() { json!(["update"]) } else { json!(["delete"]) };
    let change = change_body(&drift.address, actions, Some(&drift.before), drift.after.as_ref());
    let mut out = identity(&drift.address, true);
    out.insert("change".into(), Json::Object(change));
    Json::Object(out)
}

fn change_body(
    address: &InstanceAddr,
    actions: Json,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Map<String, Json> {
    let before = before.map(|value| hidden_object(address, value));
    let after = after.map(|value| hidden_object(address, value));
    let value = |value: &Option<Value>| value.as_ref().and_then(value_json::known).unwrap_or(Json::Null);
    let mask = |value: &Option<Value>| value.as_ref().map_or(Json::Bool(false), value_json::sensitive_mask);
    let mut out = Map::new();
    out.insert("actions".into(), actions);
    out.insert("before".into(), value(&before));
    out.insert("after".into(), value(&after));
    out.insert("after_unknown".into(), value_json::unknown_in(after.as_ref()));
    out.insert("before_sensitive".into(), mask(&before));
    out.insert("after_sensitive".into(), mask(&after));
    out
}

fn resource_change(plan: &Plan, change: &Change) -> Json {
    let actions = match change.action {
        Action::NoOp => json!(["no-op"]),
        Action::Create => json!(["create"]),
        Action::Update => json!(["update"]),
        Action::Delete => json!(["delete"]),
        Action::Replace if new_first(plan, change) => json!(["create", "delete"]),
        Action::Replace => json!(["delete", "create"]),
        Action::Forget => json!(["forget"]),
        Action::Read => json!(["read"]),
    };
    let mut body = change_body(&change.address, actions, change.before.as_ref(), change.after.as_ref());
    if !change.forced_by.is_empty() {
        let paths = change.forced_by.iter().map(|path| path.split('.').collect::<Vec<_>>());
        body.insert("replace_paths".into(), json!(paths.collect::<Vec<_>>()));
    }
    if let Some(id) = &change.importing {
        body.insert("importing".into(), json!({ "id": id }));
    }
    let mut out = identity(&change.address, true);
    if let Some(key) = &change.deposed {
        out.insert("deposed".into(), json!(key));
    }
    if let Some(from) = &change.moved_from {
        out.insert("previous_address".into(), json!(from.to_string()));
    }
    out.insert("change".into(), Json::Object(body));
    if let Some(reason) = action_reason(change) {
        out.insert("action_reason".into(), json!(reason));
    }
    Json::Object(out)
}

fn action_reason(change: &Change) -> Option<&'static str> {
    match (change.action, &change.reason) {
        (Action::Read, Some(Reason::ConfigUnknown)) => Some("read_because_config_unknown"),
        (Action::Read, _) => Some("read_because_dependency_pending"),
        (Action::Replace, Some(Reason::Tainted(_))) => Some("replace_because_tainted"),
        (Action::Replace, Some(Reason::Triggered)) => Some("replace_by_triggers"),
        (Action::Replace, Some(Reason::Requested)) => Some("replace_by_request"),
        (Action::Replace, _) => Some("replace_because_cannot_update"),
        (Action::Delete | Action::Forget, Some(Reason::NoBlock)) => Some("delete_because_no_resource_config"),
        (Action::Delete | Action::Forget, Some(Reason::NoKey)) => Some(match &change.address.key {
            Some(InstanceKey::Int(_)) => "delete_because_count_index",
            Some(InstanceKey::Str(_)) => "delete_because_each_key",
            None => "delete_because_wrong_repetition",
        }),
        _ => None,
    }
}

fn output_change(output: &OutputChange) -> (String, Json) {
    let action = match (&output.before, &output.after, output.changed) {
        (_, _, false) => "no-op",
        (None, _, _) => "create",
        (_, None, _) => "delete",
        _ => "update",
    };
    let mut out = Map::new();
    out.insert("actions".into(), json!([action]));
    out.insert("before".into(), shown(output, output.before.as_ref()).unwrap_or(Json::Null));
    if let Some(after) = shown(output, output.after.as_ref()) {
        out.insert("after".into(), after);
    }
    let unknown = output.after.as_ref().is_some_and(|after| !after.is_wholly_known());
    let mask = match &output.after {
        Some(after) if unknown && !output.sensitive => value_json::unknown_mask(after),
        _ => Json::Bool(unknown),
    };
    out.insert("after_unknown".into(), mask);
    out.insert("before_sensitive".into(), json!(output.sensitive && output.before.is_some()));
    out.insert("after_sensitive".into(), json!(output.sensitive));
    (output.name.clone(), Json::Object(out))
}

/// What Terraform's form has no place for.
fn ours(plan: &Plan) -> Json {
    let rents: Vec<Json> = plan
        .changes
        .iter()
        .filter_map(|change| {
            let placed = change.placed.as_ref()?;
            Some(json!({
                "address": change.address.to_string(),
                "offer": placed.offer,
                "envelope": placed.envelope,
                "summary": placement::short(&placed.offer),
                "hourly_cost": text(change.cost_after),
            }))
        })
        .collect();
    let in_doubt: Vec<Json> = plan
        .in_doubt
        .iter()
        .map(|intent| {
            json!({
                "address": intent.address.to_string(),
                "action": intent.action,
                "since": intent.doubt_since.unwrap_or(intent.at).to_string(),
                "why": intent.doubt,
                "hourly_cost": intent.hourly_cost.map(text),
            })
        })
        .collect();
    let remarks = plan.changes.iter().filter(|change| !change.remarks.is_empty());
    json!({
        "fleet": plan.fleet,
        "cost": {
            "hourly_before": text(plan.cost.before),
            "hourly_after": text(plan.cost.after),
            "monthly_before": text(plan.cost.before.per_month()),
            "monthly_after": text(plan.cost.after.per_month()),
        },
        "rents": rents,
        "in_doubt": in_doubt,
        "left_out": plan.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "narrowed": plan.narrowed,
        "remarks": remarks.map(remarks_of).collect::<Map<_, _>>(),
    })
}

fn remarks_of(change: &Change) -> (String, Json) {
    (change.address.to_string(), change.remarks.iter().map(remark::sentence).collect())
}

/// Dollars as a decimal text: never a float.
fn text(amount: Usd) -> String {
    amount.0.normalize().to_string()
}

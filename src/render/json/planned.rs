//! A plan as messages: what changed outside, what is planned, what it comes to, and what becomes of the outputs. One
//! document with all of it is made of the saved plan.

use super::message::{Level, Message, identify, resource};
use super::ours;
use super::reason::action_reason;
use crate::address::InstanceAddr;
use crate::plan::{Action, PlanMode};
use crate::render::words::{NARROWED, planned};
use crate::review::{Described, DescribedOutput, Drifted, Review};
use crate::state::OutputState;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// The whole plan.
pub fn plan_messages(review: &Review<'_>) -> Vec<Message> {
    let only_refreshes = review.mode == PlanMode::RefreshOnly;
    let moved = review.changes.iter().filter(|change| only_refreshes && change.moved_from.is_some());
    let mut out: Vec<Message> = review.reads.iter().flat_map(|address| read_messages(address)).collect();
    out.extend(review.drift.iter().map(drifted));
    out.extend(moved.map(|change| drift_message(change.address, "move", change.moved_from)));
    out.extend(review.changes.iter().filter(|change| !only_refreshes && is_told(change)).map(planned_change));
    out.push(summary(review));
    if !review.outputs.is_empty() {
        let outputs = review.outputs.iter().map(|output| (output.name.to_owned(), output_change(output)));
        out.push(outputs_message(outputs.collect()));
    }
    if review.narrowed {
        let [summary, detail] = NARROWED;
        let told = json!({ "severity": "warning", "summary": summary, "detail": detail });
        out.push(Message::new(Level::Warn, "diagnostic", &format!("Warning: {summary}")).with("diagnostic", told));
    }
    out
}

/// Every recorded object is looked at, or was: then `id` is missing where it is gone.
pub fn refresh_message(address: &InstanceAddr, id: Option<&str>, is_over: bool) -> Message {
    let (kind, words) = match is_over {
        false => ("refresh_start", "Refreshing state..."),
        true => ("refresh_complete", "Refresh complete"),
    };
    let mut hook = Map::from_iter([("resource".to_owned(), resource(address))]);
    identify(&mut hook, id);
    let id = id.map_or(String::new(), |id| format!(" [id={id}]"));
    Message::new(Level::Info, kind, &format!("{address}: {words}{id}")).with("hook", hook)
}

/// A data source was read: in Terraform's stream an apply, with its words.
fn read_messages(address: &InstanceAddr) -> [Message; 2] {
    [("apply_start", "Refreshing..."), ("apply_complete", "Refresh complete")].map(|(kind, words)| {
        let hook = json!({ "resource": resource(address), "action": "read" });
        Message::new(Level::Info, kind, &format!("{address}: {words}")).with("hook", hook)
    })
}

/// The outputs that are recorded; a sensitive one without its value.
pub fn recorded_outputs_message(outputs: &BTreeMap<String, OutputState>) -> Message {
    let told = outputs.iter().map(|(name, output)| {
        let mut told = json!({ "sensitive": output.sensitive, "type": output.ty });
        if let Some(members) = told.as_object_mut().filter(|_| !output.sensitive) {
            members.insert("value".into(), output.value.clone());
        }
        (name.clone(), told)
    });
    outputs_message(told.collect())
}

fn outputs_message(outputs: Map<String, Json>) -> Message {
    Message::new(Level::Info, "outputs", &format!("Outputs: {}", outputs.len())).with("outputs", outputs)
}

fn output_change(output: &DescribedOutput<'_>) -> Json {
    let action = match output.action() {
        Action::NoOp => "noop",
        Action::Create => "create",
        Action::Delete => "delete",
        _ => "update",
    };
    json!({ "sensitive": output.sensitive, "action": action })
}

fn drifted(drift: &Drifted<'_>) -> Message {
    drift_message(drift.address, if drift.gone { "delete" } else { "update" }, None)
}

fn drift_message(address: &InstanceAddr, action: &str, moved_from: Option<&InstanceAddr>) -> Message {
    let text = format!("{address}: Drift detected ({action})");
    Message::new(Level::Info, "resource_drift", &text).with("change", change_body(address, action, moved_from))
}

fn change_body(address: &InstanceAddr, action: &str, moved_from: Option<&InstanceAddr>) -> Map<String, Json> {
    let mut out = Map::from_iter([("resource".to_owned(), resource(address))]);
    out.extend(moved_from.map(|from| ("previous_resource".to_owned(), resource(from))));
    out.insert("action".into(), json!(action));
    out
}

fn is_told(change: &Described<'_>) -> bool {
    change.action != Action::NoOp || change.moved_from.is_some() || change.importing.is_some()
}

fn planned_change(change: &Described<'_>) -> Message {
    let action = match change.action {
        _ if change.only_readdressed() && change.moved_from.is_some() => "move",
        _ if change.only_readdressed() && change.importing.is_some() => "import",
        Action::NoOp => "noop",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Forget => "remove",
        Action::Read => "read",
    };
    let mut body = change_body(change.address, action, change.moved_from);
    body.extend(action_reason(change).map(|reason| ("reason".to_owned(), json!(reason.in_stream()))));
    body.extend(change.importing.map(|id| ("importing".to_owned(), json!({ "id": id }))));
    let mut ours = ours::rent(change);
    ours.extend(change.deposed.map(|key| ("deposed".to_owned(), json!(key))));
    if !change.remarks.is_empty() {
        ours.insert("remarks".into(), ours::remarks(change));
    }
    let text = format!("{}: Plan to {action}", change.address);
    Message::new(Level::Info, "planned_change", &text).with("change", body).ours(ours)
}

fn summary(review: &Review<'_>) -> Message {
    let counts = review.counts;
    let changes = json!({
        "add": counts.added,
        "change": counts.changed,
        "import": counts.imported,
        "remove": counts.destroyed,
        "operation": "plan",
    });
    Message::new(Level::Info, "change_summary", &format!("Plan: {}", planned(counts)))
        .with("changes", changes)
        .with("podform", ours::of_plan(review))
}

//! The events of an apply as JSON, one object a line: Terraform's machine-readable messages.

use crate::address::{InstanceAddr, InstanceKey};
use crate::plan::{ApplyEvent, Settlement, StepAction};
use crate::render::escape::harmless;
use crate::render::words::{message, words};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

/// One line, without its line break. `at` is when it happened.
pub fn event_json(event: &ApplyEvent, at: Timestamp) -> String {
    let (kind, level) = match event {
        ApplyEvent::StepStarted { .. } => ("apply_start", "info"),
        ApplyEvent::OfferChanged { .. } => ("offer_changed", "warn"),
        ApplyEvent::StepProgress { .. } => ("apply_progress", "info"),
        ApplyEvent::StepDone { .. } => ("apply_complete", "info"),
        ApplyEvent::StepFailed { .. } => ("apply_errored", "error"),
        ApplyEvent::StepSkipped { .. } => ("apply_skipped", "warn"),
        ApplyEvent::Settled { settlement: Settlement::StillInDoubt, .. } => ("settled", "warn"),
        ApplyEvent::Settled { .. } => ("settled", "info"),
        ApplyEvent::Finished { .. } => ("change_summary", "info"),
    };
    let mut out = Map::new();
    out.insert("@level".into(), json!(level));
    out.insert("@message".into(), json!(message(event)));
    out.insert("@module".into(), json!("podform.ui"));
    out.insert("@timestamp".into(), json!(at.to_string()));
    match event {
        ApplyEvent::Finished { imported, added, changed, destroyed, cost, planned, unpriced, complete } => {
            let changes =
                json!({"add": added, "change": changed, "import": imported, "remove": destroyed, "operation": "apply"});
            out.insert("changes".into(), changes);
            out.insert("complete".into(), json!(complete));
            out.insert("hourly_cost".into(), json!(cost.0.normalize().to_string()));
            out.insert("hourly_cost_planned".into(), json!(planned.0.normalize().to_string()));
            out.insert("machines_without_price".into(), json!(unpriced));
        }
        _ => {
            out.insert("hook".into(), Json::Object(hook(event)));
        }
    }
    out.insert("type".into(), json!(kind));
    Json::Object(out).to_string()
}

fn hook(event: &ApplyEvent) -> Map<String, Json> {
    let mut out = Map::new();
    let mut step = |address: &InstanceAddr, action: Option<StepAction>| {
        out.insert("resource".into(), resource(address));
        if let Some(action) = action {
            let word = match action {
                StepAction::Create(_) => "create",
                StepAction::Update(_) => "update",
                StepAction::Delete(_) => "delete",
                StepAction::Forget => "forget",
                StepAction::Read => "read",
            };
            out.insert("action".into(), json!(word));
            out.insert("step".into(), json!(words(action)[3]));
        }
    };
    match event {
        ApplyEvent::StepStarted { address, action, .. }
        | ApplyEvent::StepProgress { address, action, .. }
        | ApplyEvent::StepDone { address, action, .. }
        | ApplyEvent::StepFailed { address, action, .. }
        | ApplyEvent::StepSkipped { address, action, .. } => step(address, Some(*action)),
        ApplyEvent::OfferChanged { address, .. } | ApplyEvent::Settled { address, .. } => step(address, None),
        ApplyEvent::Finished { .. } => {}
    }
    match event {
        ApplyEvent::OfferChanged { offer, instead_of, why, .. } => {
            for (name, text) in [("offer", offer), ("instead_of", instead_of), ("why", why)] {
                out.insert(name.into(), json!(harmless(text)));
            }
        }
        ApplyEvent::StepProgress { elapsed_s, .. } => {
            out.insert("elapsed_seconds".into(), json!(elapsed_s));
        }
        ApplyEvent::StepFailed { elapsed_s, error, .. } => {
            out.insert("elapsed_seconds".into(), json!(elapsed_s));
            out.insert("error".into(), json!(harmless(error.trim_end())));
        }
        ApplyEvent::StepDone { elapsed_s, id, .. } => {
            identify(&mut out, id);
            out.insert("elapsed_seconds".into(), json!(elapsed_s));
        }
        ApplyEvent::Settled { settlement, id, .. } => {
            identify(&mut out, id);
            let word = match settlement {
                Settlement::Adopted => "adopted",
                Settlement::Absent => "absent",
                Settlement::StillInDoubt => "in_doubt",
            };
            out.insert("settlement".into(), json!(word));
        }
        _ => {}
    }
    out
}

fn identify(out: &mut Map<String, Json>, id: &Option<String>) {
    if let Some(id) = id {
        out.insert("id_key".into(), json!("id"));
        out.insert("id_value".into(), json!(id));
    }
}

fn resource(address: &InstanceAddr) -> Json {
    let resource = &address.resource;
    let full = address.to_string();
    let module = resource.module.to_string();
    let local = full.strip_prefix(&format!("{module}.")).unwrap_or(&full);
    let key = match &address.key {
        Some(InstanceKey::Int(n)) => json!(n),
        Some(InstanceKey::Str(text)) => json!(text),
        None => Json::Null,
    };
    json!({
        "addr": full,
        "module": module,
        "resource": local,
        "implied_provider": "simplepod",
        "resource_type": resource.kind,
        "resource_name": resource.name,
        "resource_key": key,
    })
}

//! The events of an apply as messages.

use super::message::{Level, Message, identify, resource};
use super::ours::decimal;
use crate::address::InstanceAddr;
use crate::plan::{ApplyEvent, PlanMode, Settlement, StepAction};
use crate::render::escape::harmless;
use crate::render::words::{message, words};
use serde_json::{Map, Value as Json, json};

/// What happened, as Terraform tells it.
pub fn event_message(event: &ApplyEvent) -> Message {
    let of = |level, kind| Message::new(level, kind, &message(event));
    match event {
        ApplyEvent::StepStarted { address, action, id, offer } => {
            let mut hook = hook(address, *action);
            identify(&mut hook, id.as_deref());
            let mut ours = step(*action);
            ours.extend(offer.as_ref().map(|offer| ("offer".to_owned(), json!(offer))));
            of(Level::Info, "apply_start").with("hook", hook).ours(ours)
        }
        ApplyEvent::StepProgress { address, action, elapsed_s, status } => {
            let mut ours = step(*action);
            ours.extend(status.as_ref().map(|status| ("status".to_owned(), json!(harmless(status)))));
            of(Level::Info, "apply_progress").with("hook", timed(hook(address, *action), *elapsed_s)).ours(ours)
        }
        ApplyEvent::StepDone { address, action, elapsed_s, id } => {
            let mut hook = hook(address, *action);
            identify(&mut hook, id.as_deref());
            of(Level::Info, "apply_complete").with("hook", timed(hook, *elapsed_s)).ours(step(*action))
        }
        // It is a diagnostic that makes an error of it.
        ApplyEvent::StepFailed { address, action, elapsed_s, error } => {
            let mut ours = step(*action);
            ours.insert("error".into(), json!(harmless(error.trim_end())));
            of(Level::Info, "apply_errored").with("hook", timed(hook(address, *action), *elapsed_s)).ours(ours)
        }
        ApplyEvent::StepSkipped { address, action, because } => {
            let mut ours = own("skipped", address);
            ours.extend(step(*action));
            ours.insert("because".into(), json!(harmless(because)));
            of(Level::Warn, "log").ours(ours)
        }
        ApplyEvent::OfferChanged { address, offer, instead_of, why } => {
            let mut ours = own("offer_changed", address);
            ours.insert("offer".into(), json!(offer));
            ours.insert("instead_of".into(), json!(instead_of));
            ours.insert("why".into(), json!(harmless(why)));
            of(Level::Warn, "log").ours(ours)
        }
        ApplyEvent::Bills { address, per_hour } => {
            let mut ours = own("bills", address);
            ours.insert("hourly_cost".into(), json!(decimal(*per_hour)));
            of(Level::Info, "log").ours(ours)
        }
        ApplyEvent::Settled { address, settlement, id } => {
            let (word, level) = match settlement {
                Settlement::Adopted => ("adopted", Level::Info),
                Settlement::Absent => ("absent", Level::Info),
                Settlement::StillInDoubt => ("in_doubt", Level::Warn),
            };
            let mut ours = own("settled", address);
            ours.insert("settlement".into(), json!(word));
            identify(&mut ours, id.as_deref());
            of(level, "log").ours(ours)
        }
        ApplyEvent::Finished { mode, imported, added, changed, destroyed, complete, cost, planned, unpriced } => {
            let operation = if *mode == PlanMode::Destroy { "destroy" } else { "apply" };
            let changes = json!({
                "add": added, "change": changed, "import": imported, "remove": destroyed, "operation": operation,
            });
            let ours = json!({
                "complete": complete,
                "hourly_cost": decimal(*cost),
                "hourly_cost_planned": decimal(*planned),
                "machines_without_price": unpriced,
            });
            of(Level::Info, "change_summary").with("changes", changes).with("podform", ours)
        }
    }
}

fn hook(address: &InstanceAddr, action: StepAction) -> Map<String, Json> {
    let word = match action {
        StepAction::Create(_) => "create",
        StepAction::Update(_) => "update",
        StepAction::Delete(_) => "delete",
        // Terraform's word in its stream.
        StepAction::Forget => "remove",
        StepAction::Read => "read",
    };
    Map::from_iter([("resource".to_owned(), resource(address)), ("action".to_owned(), json!(word))])
}

fn timed(mut hook: Map<String, Json>, elapsed_s: u64) -> Map<String, Json> {
    hook.insert("elapsed_seconds".into(), json!(elapsed_s));
    hook
}

/// What we call a step.
fn step(action: StepAction) -> Map<String, Json> {
    Map::from_iter([("step".to_owned(), json!(words(action)[3]))])
}

/// Something that Terraform knows no message for.
fn own(event: &str, address: &InstanceAddr) -> Map<String, Json> {
    Map::from_iter([("event".to_owned(), json!(event)), ("resource".to_owned(), resource(address))])
}

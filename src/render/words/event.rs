//! The events of an apply as sentences.

use super::offer::{gpus, short};
use crate::address::ObjectKind;
use crate::plan::{ApplyEvent, PlanMode, Settlement, StepAction};
use crate::render::escape::harmless_line;

/// The words of a step: while it begins, goes on, is done, and its noun.
pub fn words(action: StepAction) -> [&'static str; 4] {
    match action {
        StepAction::Create(ObjectKind::Instance) => ["Renting", "Still renting", "Rented", "rent"],
        StepAction::Delete(ObjectKind::Instance) => ["Releasing", "Still releasing", "Released", "release"],
        StepAction::Create(ObjectKind::TemplateGroup) => ["Creating", "Still creating", "Creation complete", "create"],
        StepAction::Update(_) => ["Modifying", "Still modifying", "Modifications complete", "update"],
        StepAction::Delete(ObjectKind::TemplateGroup) => {
            ["Destroying", "Still destroying", "Destruction complete", "delete"]
        }
        StepAction::Read => ["Reading", "Still reading", "Read complete", "read"],
        StepAction::Forget => ["Forgetting", "Still forgetting", "Forgotten", "forget"],
    }
}

/// `34s`, `2m05s`, `1h02m05s`.
pub fn elapsed(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds:02}s"),
        _ => format!("{hours}h{minutes:02}m{seconds:02}s"),
    }
}

/// The sentence of an event, without colour: what JSON carries as its message. One line.
pub fn message(event: &ApplyEvent) -> String {
    let id = |id: &Option<String>| id.as_ref().map_or(String::new(), |id| format!(" [id={}]", harmless_line(id)));
    match event {
        ApplyEvent::StepStarted { address, action, id: known, offer } => {
            let taken =
                offer.as_ref().map(|offer| format!(" [{} at {} per GPU-hour]", gpus(offer), offer.price_per_gpu));
            format!("{address}: {}...{}", words(*action)[0], taken.unwrap_or_else(|| id(known)))
        }
        ApplyEvent::OfferChanged { address, offer, instead_of, why } => {
            format!("{address}: Renting {} instead of {}: {}", short(offer), short(instead_of), harmless_line(why))
        }
        ApplyEvent::StepProgress { address, action, elapsed_s, status } => {
            let status = status.as_ref().map_or(String::new(), |status| format!(", {}", harmless_line(status)));
            let time = format!("{:02}m{:02}s", elapsed_s / 60, elapsed_s % 60);
            format!("{address}: {}... [{time} elapsed{status}]", words(*action)[1])
        }
        ApplyEvent::Bills { address, per_hour } if per_hour.0.is_zero() => format!("{address}: Bills no more"),
        ApplyEvent::Bills { address, per_hour } => format!("{address}: Bills about {per_hour} per hour from now on"),
        ApplyEvent::StepDone { address, action, elapsed_s, id: found } => {
            format!("{address}: {} after {}{}", words(*action)[2], elapsed(*elapsed_s), id(found))
        }
        // Why stands in a diagnostic.
        ApplyEvent::StepFailed { address, action, elapsed_s, .. } => {
            format!("{address}: The {} failed after {}", words(*action)[3], elapsed(*elapsed_s))
        }
        ApplyEvent::StepSkipped { address, action, because } => {
            format!("{address}: The {} was skipped ({})", words(*action)[3], harmless_line(because))
        }
        ApplyEvent::Settled { address, settlement, id: found } => {
            let text = match settlement {
                Settlement::Adopted => "Settled: it took effect and is recorded",
                Settlement::Absent => "Settled: it took no effect",
                Settlement::StillInDoubt => "Still in doubt: neither found nor proven absent",
            };
            format!("{address}: {text}{}", id(found))
        }
        ApplyEvent::Finished { mode, imported, added, changed, destroyed, complete, .. } => {
            let what = if *mode == PlanMode::Destroy { "Destroy" } else { "Apply" };
            let end = if *complete { "complete!" } else { "incomplete." };
            let done = match mode {
                PlanMode::Destroy => String::new(),
                PlanMode::Normal | PlanMode::RefreshOnly => {
                    let imported = if *imported == 0 { String::new() } else { format!("{imported} imported, ") };
                    format!("{imported}{added} added, {changed} changed, ")
                }
            };
            format!("{what} {end} Resources: {done}{destroyed} destroyed.")
        }
    }
}

//! Why no offer satisfies an instance, and what the nearest would cost.

use crate::diag::Diagnostic;
use crate::market::{Exclusion, NearMiss, Unmet, Unplaced};
use crate::render::escape::harmless_line;
use crate::render::words::count;
use crate::render::words::offer as placement;

/// The error of an instance that no offer satisfies.
pub fn unplaced(unplaced: &Unplaced) -> Diagnostic {
    let envelope = &unplaced.envelope;
    let models: Vec<String> = envelope.gpu_models.iter().map(|model| harmless_line(model)).collect();
    let wanted = models.join(" or ");
    let excluded = |what: &Unmet| unplaced.exclusions.iter().find(|e| e.unmet == *what).map_or(0, |e| e.offers);
    let of_model = unplaced.offers.saturating_sub(excluded(&Unmet::Model));
    let verb = if of_model == 1 { "is" } else { "are" };
    let mut text = format!("The market has {}; {of_model} of them {verb} {wanted}.", count(unplaced.offers, "offer"));
    let reasons: Vec<String> =
        unplaced.exclusions.iter().filter(|e| e.unmet != Unmet::Model).map(|e| reason(e, unplaced)).collect();
    if of_model > 0 && !reasons.is_empty() {
        text.push_str(&format!(" Excluded: {}.", reasons.join(", ")));
    }
    if unplaced.taken > 0 {
        let verb = if unplaced.taken == 1 { "goes" } else { "go" };
        text.push_str(&format!(
            " {} would do, but {verb} to other instances of this fleet, or share their GPUs.",
            count(unplaced.taken, "offer")
        ));
    }
    let hint = match &unplaced.near_miss {
        Some(miss) => {
            let hourly = placement::hourly(&miss.offer, &unplaced.envelope);
            let nearest = placement::short(&miss.offer);
            format!("The nearest is {nearest}, {hourly} per hour in all: to take it, {}.", cures(miss))
        }
        _ if of_model == 0 && !unplaced.meant.is_empty() => {
            let meant: Vec<String> =
                unplaced.meant.iter().map(|model| format!("\"{}\"", harmless_line(model))).collect();
            format!("Did you mean {}?", meant.join(" or "))
        }
        None if of_model == 0 => "Choose another gpu_model, or add fallback_gpu_models.".to_owned(),
        None if unplaced.taken == 0 => {
            "Choose another gpu_model, add fallback_gpu_models, or change gpu_count.".to_owned()
        }
        None => "Loosen the requirements, or add fallback_gpu_models.".to_owned(),
    };
    Diagnostic::error("No offer satisfies the instance", text).with_hint(hint).on(&unplaced.address)
}

fn reason(exclusion: &Exclusion, unplaced: &Unplaced) -> String {
    let envelope = &unplaced.envelope;
    let what = match &exclusion.unmet {
        Unmet::Model => "gpu_model".to_owned(),
        Unmet::Count => format!("gpu_count = {}", envelope.gpu_count),
        Unmet::Unavailable => "not available".to_owned(),
        Unmet::Requirement(name) => match envelope.requirement.0.get(name) {
            Some(wanted) => format!("offer.{name} = {}", harmless_line(wanted)),
            None => format!("offer.{name}"),
        },
        Unmet::Disk => format!("disk_size = {} of the template", envelope.disk_size.unwrap_or(0)),
        Unmet::Price => format!("max_price_per_gpu = {}", envelope.max_price_per_gpu),
    };
    format!("{} by {what}", exclusion.offers)
}

/// What would have to change for the nearest offer.
fn cures(miss: &NearMiss) -> String {
    let cures: Vec<String> = miss
        .unmet
        .iter()
        .map(|unmet| match unmet {
            Unmet::Price => format!("raise max_price_per_gpu to {}", miss.offer.price_per_gpu.0.normalize()),
            Unmet::Requirement(name) => {
                let verb = if name.starts_with("min_") {
                    "lower"
                } else if name.starts_with("max_") {
                    "raise"
                } else {
                    "set"
                };
                match placement::fact(&miss.offer.facts, name) {
                    Some(fact) => format!("{verb} offer.{name} to {fact}"),
                    None => format!("leave out offer.{name} (the market does not tell it)"),
                }
            }
            Unmet::Disk => "rent from a template with a smaller disk_size".to_owned(),
            Unmet::Model => "accept its model in fallback_gpu_models".to_owned(),
            Unmet::Count => format!("set gpu_count to {}", miss.offer.gpu_count),
            Unmet::Unavailable => "wait until it is free".to_owned(),
        })
        .collect();
    cures.join(" and ")
}

//! Why no offer satisfies instances, and what would give them one.

use crate::diag::{Diagnostic, Topic};
use crate::market::{Envelope, Exclusion, Loosened, Relaxation, Unmet, Unplaced};
use crate::render::escape::harmless_line;
use crate::render::words::{count, excluded, requirement};

/// The error of instances that no offer satisfies.
pub fn unplaced(unplaced: &Unplaced) -> Diagnostic {
    let envelope = &unplaced.envelope;
    let models: Vec<String> = envelope.gpu_models.iter().map(|model| harmless_line(model)).collect();
    let wanted = models.join(" or ");
    let others = unplaced.exclusions.iter().find(|e| e.unmet == Unmet::Model).map_or(0, |e| e.offers);
    let of_model = unplaced.offers.saturating_sub(others);
    let verb = if of_model == 1 { "is" } else { "are" };
    let mut text = match unplaced.addresses.as_slice() {
        [first, .., last] => {
            format!("{} instances have none, {first} to {last}. ", unplaced.addresses.len())
        }
        _ => String::new(),
    };
    text.push_str(&format!("The market has {}; {of_model} of them {verb} {wanted}.", count(unplaced.offers, "offer")));
    let of_the_model = unplaced.exclusions.iter().filter(|e| e.unmet != Unmet::Model);
    let reasons: Vec<String> = of_the_model.map(|e| excluded(e, &requirement(&e.unmet, envelope))).collect();
    if of_model > 0 && !reasons.is_empty() {
        text.push_str(&format!(" Excluded: {}.", reasons.join(", ")));
    }
    if unplaced.fitting > 0 {
        let needed = u32::try_from(unplaced.alike).unwrap_or(u32::MAX).saturating_mul(envelope.gpu_count);
        let (rows, free) = (count(unplaced.fitting, "offer"), unplaced.free_gpus);
        let would = if unplaced.fitting == 1 { "would do: its host has" } else { "would do: their hosts have" };
        let gpus = if free == 1 { "1 free GPU" } else { &format!("{free} free GPUs") };
        text.push_str(&format!(" {rows} {would} {gpus}, and {needed} are needed"));
        text.push_str(if u32::min(free, needed) == needed { ", which others of this fleet need too." } else { "." });
    }
    let hint = match (unplaced.relaxations.as_slice(), unplaced.meant.as_slice()) {
        (_, [_, ..]) if of_model == 0 => {
            let meant: Vec<String> =
                unplaced.meant.iter().map(|model| format!("\"{}\"", harmless_line(model))).collect();
            format!("Did you mean {}?", meant.join(" or "))
        }
        ([], _) if of_model == 0 => "Choose another gpu_model, or add fallback_gpu_models.".to_owned(),
        ([], _) => {
            "No single change gives all of them an offer: ask for fewer, or loosen several requirements.".to_owned()
        }
        (ways, _) => {
            let ways: Vec<String> = ways.iter().map(|way| cure(way, envelope)).collect();
            let all =
                if unplaced.addresses.len() > 1 { "For an offer for every one of them, " } else { "For an offer, " };
            format!("{all}{}.", ways.join("; or "))
        }
    };
    let told = Diagnostic::error("No offer satisfies the instance", text).with_hint(hint);
    // What a budget alone keeps out, it refuses.
    let is_budgeted = |e: &Exclusion| e.unmet == Unmet::BudgetedPrice && e.alone > 0;
    let told = if unplaced.exclusions.iter().any(is_budgeted) { told.about(Topic::OverBudget) } else { told };
    match unplaced.addresses.first() {
        Some(address) => told.on(address),
        None => told,
    }
}

/// What to change, and what the dearest machine costs then.
fn cure(way: &Relaxation, envelope: &Envelope) -> String {
    let cures: Vec<String> = way
        .loosened
        .iter()
        .map(|loosened| match loosened {
            Loosened::Price(price) => format!("raise max_price_per_gpu to {}", price.0.normalize()),
            Loosened::BudgetedPrice(price) => {
                let budget = envelope.budgeted.as_ref().map_or("its budget", |budgeted| &budgeted.budget);
                format!("raise max_price_per_gpu of {} to {}", harmless_line(budget), price.0.normalize())
            }
            Loosened::HourlyCost(cost) => {
                // Rounded up: the cap must not be below it.
                let cap = cost.0.round_dp_with_strategy(4, rust_decimal::RoundingStrategy::AwayFromZero);
                format!("raise max_hourly_cost to {}", cap.normalize())
            }
            Loosened::Requirement(name, fact) => {
                let verb = match name {
                    name if name.starts_with("min_") => "lower",
                    name if name.starts_with("max_") => "raise",
                    _ => "set",
                };
                format!("{verb} offer.{name} to {}", harmless_line(fact))
            }
            Loosened::Without(name) => format!("leave out offer.{name}"),
            Loosened::Model(model) if envelope.gpu_models.len() > 1 => {
                format!("add \"{}\" to fallback_gpu_models", harmless_line(model))
            }
            Loosened::Model(model) => format!("set fallback_gpu_models = [\"{}\"]", harmless_line(model)),
            Loosened::Count(count) => format!("set gpu_count to {count}"),
        })
        .collect();
    format!("{} (at most {} per hour each)", cures.join(" and "), way.hourly_cost)
}

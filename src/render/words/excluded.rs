//! What keeps offers out, in the words of whoever asks.

use crate::market::{Envelope, Exclusion, Unmet};
use crate::render::escape::harmless_line;

/// `8 by max_price_per_gpu = $0.40 (3 by that alone)`.
pub fn excluded(exclusion: &Exclusion, by: &str) -> String {
    let alone = match exclusion.alone {
        n if n == exclusion.offers => String::new(),
        0 => " (never alone)".to_owned(),
        n => format!(" ({n} by that alone)"),
    };
    format!("{} by {by}{alone}", exclusion.offers)
}

/// What an instance asks for, as its block says it: `offer.min_memory = 48`.
pub fn requirement(unmet: &Unmet, envelope: &Envelope) -> String {
    match unmet {
        Unmet::Model => "gpu_model".to_owned(),
        Unmet::Count => format!("gpu_count = {}", envelope.gpu_count),
        Unmet::Unavailable => "not available".to_owned(),
        Unmet::Requirement(name) => match envelope.requirement.0.get(name) {
            Some(wanted) => format!("offer.{name} = {}", harmless_line(wanted)),
            None => format!("offer.{name}"),
        },
        Unmet::Disk => format!("disk_size = {} of the template", envelope.disk_size.unwrap_or(0)),
        Unmet::Price => format!("max_price_per_gpu = {}", envelope.max_price_per_gpu),
        Unmet::BudgetedPrice => {
            let budgeted = envelope.budgeted.as_ref();
            budgeted.map_or_else(String::new, |of| {
                format!("max_price_per_gpu = {} of {}", of.most, harmless_line(&of.budget))
            })
        }
        Unmet::HourlyCost => format!("max_hourly_cost = {}", envelope.max_hourly_cost.unwrap_or_default()),
    }
}

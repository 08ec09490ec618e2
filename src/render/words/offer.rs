//! The offer that a rent will take, and what the reviewer approves with it.

use crate::live::{Offer, OfferFacts};
use crate::market::{Placed, fact};
use crate::money::Usd;
use crate::render::escape::harmless_line;

/// Units of requirements, by the name without `min_` and `max_`.
const UNITS: [(&str, &str); 11] = [
    ("gpu_memory", " GB"),
    ("memory", " GB"),
    ("disk", " GB"),
    ("cpu_cores", " cores"),
    ("disk_write", " MB/s"),
    ("download", " Mbit/s"),
    ("upload", " Mbit/s"),
    ("sla", " %"),
    ("tflops", " TFLOPS"),
    ("pcie_bandwidth", " GBit/s"),
    ("rental_time_min", " h"),
];

/// Requirements whose fact every drawing of an offer shows anyway.
const PLACES: [&str; 6] = ["region", "regions", "country", "countries", "not_countries", "not_hosts"];

/// `1x RTX 4090`.
pub fn gpus(offer: &Offer) -> String {
    format!("{}x {}", offer.gpu_count, harmless_line(&offer.gpu_model))
}

/// `Europe/PL`, as far as it is known.
pub fn place(facts: &OfferFacts) -> Option<String> {
    let parts: Vec<String> =
        [&facts.region, &facts.country].into_iter().flatten().map(|part| harmless_line(part)).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// `1x RTX 4090 in Europe/PL at $0.31 per GPU-hour`.
pub fn short(offer: &Offer) -> String {
    let place = place(&offer.facts).map_or(String::new(), |place| format!(" in {place}"));
    format!("{}{place} at {} per GPU-hour", gpus(offer), offer.price_per_gpu)
}

/// The offer in parts, to be wrapped: what, where, for how much, and the facts that requirements name.
pub fn offer(placed: &Placed, cost: Usd) -> Vec<String> {
    let Placed { offer, envelope, .. } = placed;
    let mut parts = vec![format!("{} (cap {})", short(offer), envelope.dearest())];
    parts.push(match envelope.disk_size {
        Some(disk) => format!("{cost} per hour with {disk} GB disk"),
        None => format!("{cost} per hour"),
    });
    if offer.gpu_count > envelope.gpu_count {
        let verb = if envelope.gpu_count == 1 { "is" } else { "are" };
        parts.push(format!("{} of its {} GPUs {verb} ordered", envelope.gpu_count, offer.gpu_count));
    }
    if let Some(price) = offer.row_price.filter(|_| offer.gpu_count > 1) {
        parts.push(format!("the row asks {price} for its {} GPUs", offer.gpu_count));
    }
    parts
}

/// The facts of the host that requirements name: `memory 64 GB (at least 48 GB)`.
pub fn facts(placed: &Placed) -> Vec<String> {
    let Placed { offer, envelope, .. } = placed;
    let judged = envelope.requirement.0.iter().filter(|(name, _)| !PLACES.contains(&name.as_str()));
    judged
        .map(|(name, wanted)| {
            let (bound, what, unit) = parse(name);
            let fact =
                fact(&offer.facts, name).map_or("unknown".to_owned(), |fact| format!("{}{unit}", harmless_line(&fact)));
            format!("{} {fact} ({bound} {}{unit})", what.replace('_', " "), harmless_line(wanted))
        })
        .collect()
}

/// The models of which one may be rented in its place if it vanishes.
pub fn substitutes(Placed { offer, envelope, .. }: &Placed) -> Vec<String> {
    let others = envelope.gpu_models.iter().filter(|model| !model.eq_ignore_ascii_case(&offer.gpu_model));
    others.map(|model| harmless_line(model)).collect()
}

/// The bound, the fact and the unit that a requirement's name speaks of.
pub fn parse(name: &str) -> (&'static str, &str, &'static str) {
    let (bound, what) = match (name.strip_prefix("min_"), name.strip_prefix("max_")) {
        (Some(what), _) => ("at least", what),
        (_, Some(what)) => ("at most", what),
        _ => ("wanted", name),
    };
    (bound, what, UNITS.iter().find(|(known, _)| *known == what).map_or("", |(_, unit)| unit))
}

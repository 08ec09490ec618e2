//! What the fleet costs.

use super::count;
use crate::market::Proof;
use crate::money::{HOURS_PER_MONTH, Usd};
use crate::plan::Runway;
use crate::render::escape::harmless_line;
use crate::review::Seat;
use crate::state::{Costs, MachineCost};

/// What the fleet costs, in a sentence; and in another, how many machines are not in it because their price is not known.
pub fn sentence(hourly: Usd, unpriced: usize) -> String {
    let month = hourly.per_month();
    let known = (hourly != Usd::ZERO)
        .then(|| format!("The fleet costs {hourly} per hour, about {month:.2} a month ({HOURS_PER_MONTH} h)."));
    let unknown = (unpriced > 0).then(|| format!("The price of {} is not known.", count(unpriced, "machine")));
    match (known, unknown) {
        (None, None) => "The fleet costs nothing.".to_owned(),
        (known, unknown) => known.into_iter().chain(unknown).collect::<Vec<_>>().join(" "),
    }
}

/// `1x RTX 4090, Europe/PL`; nothing for what is no machine.
pub fn seat(seat: &Seat<'_>) -> String {
    if seat.model.is_empty() {
        return String::new();
    }
    let places: Vec<String> = [seat.region, seat.country].into_iter().flatten().map(harmless_line).collect();
    let place = if places.is_empty() { String::new() } else { format!(", {}", places.join("/")) };
    format!("{}x {}{place}", seat.gpus, harmless_line(seat.model))
}

/// Which recorded machine: its address, and whether another one took its place.
pub fn machine_name(machine: &MachineCost) -> String {
    format!("{}{}", machine.address, if machine.deposed { " (replaced)" } else { "" })
}

/// What a recorded machine is, and where.
pub fn machine_seat(machine: &MachineCost) -> String {
    seat(&Seat {
        gpus: machine.gpus.unwrap_or(1),
        model: machine.model.as_deref().unwrap_or_default(),
        region: machine.region.as_deref(),
        country: machine.country.as_deref(),
    })
}

/// How long the balance lasts with everything in the account as it is.
pub fn runway_of(costs: &Costs) -> Runway {
    let burn = costs.hourly() + costs.others.hourly;
    Runway { balance: costs.balance, before: burn, after: burn, at_worst: burn }
}

/// How good the choice of offers is.
pub fn proof(proof: Proof) -> String {
    match proof.saving {
        Some(saving) if saving == Usd::ZERO => "Offers: the cheapest possible for all instances together.".to_owned(),
        Some(saving) => {
            format!("Offers: no others were found that are cheaper; any would save at most {saving:.6} per hour.")
        }
        None => "Offers: the best that were found; whether more instances, or fewer fallback models, are possible is not proven."
            .to_owned(),
    }
}

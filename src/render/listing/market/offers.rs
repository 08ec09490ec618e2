//! One row an offer.

use super::{FACTS, MODEL, Told, facts, price};
use crate::live::Offer;
use crate::money::{Usd, hourly_cost};
use crate::render::table::{Cell, Column, Table, per_hour};
use crate::render::words::offer::{gpus, place};

/// Offers, as the market shows them: one of several counts of a host is a row of its own.
pub fn offers_table(offers: &[&Offer], told: &Told) -> Table {
    let mut columns = vec![
        Column::drawn("GPUs").enough(MODEL),
        Column::data("gpu_count"),
        Column::data("gpu_model"),
        Column::data("available"),
        Column::drawn("Status"),
        Column::drawn("Place"),
        Column::data("region"),
        Column::data("country"),
        Column::new("price_per_gpu", "GPU-hour"),
        Column::new("hourly_cost", "Per hour"),
    ];
    columns.extend(FACTS);
    columns.extend([
        Column::new("price_per_disk", "Disk GB-month").spare(15),
        Column::new("host", "Host").spare(9),
        Column::new("iri", "Offer").spare(16),
    ]);
    let row = |offer: &&Offer| {
        let mut row = vec![
            gpus(offer).into(),
            offer.gpu_count.into(),
            offer.gpu_model.as_str().into(),
            offer.available.into(),
            (!offer.available).then_some("rented").into(),
            place(&offer.facts).into(),
            offer.facts.region.clone().into(),
            offer.facts.country.clone().into(),
            price(offer.price_per_gpu),
            per_hour(Some(hourly_cost(offer.price_per_gpu, offer.gpu_count, Usd::ZERO, 0))),
        ];
        row.extend(facts(&offer.facts));
        row.extend([Cell::Money(offer.price_per_disk, 2), offer.host.as_str().into(), offer.iri.as_str().into()]);
        row
    };
    Table {
        rows_name: "offers",
        columns,
        rows: offers.iter().map(row).collect(),
        total: None,
        facts: told.facts(),
        notes: told.notes.clone(),
        empty: told.empty.clone(),
    }
}

//! One row a host.

use super::{FACTS, MODEL, Told, facts, price};
use crate::market::HostOffers;
use crate::render::table::{Cell, Column, Table};
use crate::render::words::count;
use crate::render::words::offer::place;
use std::collections::BTreeSet;

/// Hosts: model, free GPUs, the numbers of GPUs that are sold together, place, the least price, and the facts of the largest
/// row: cores, memory and TFLOPS grow with the GPUs.
pub fn hosts_table(hosts: &[HostOffers<'_>], told: &Told) -> Table {
    let mut columns = vec![
        Column::new("gpu_model", "GPU model").enough(MODEL),
        Column::new("free_gpus", "Free"),
        Column::drawn("Sold as"),
        Column::data("gpu_counts"),
        Column::drawn("Place"),
        Column::data("region"),
        Column::data("country"),
        Column::new("price_per_gpu", "GPU-hour"),
    ];
    columns.extend(FACTS);
    columns.push(Column::new("host", "Host").spare(9));
    columns.push(Column::data("offers"));
    let row = |host: &HostOffers<'_>| {
        let largest = host.offers.last()?;
        let mut row = vec![
            largest.gpu_model.as_str().into(),
            host.free.into(),
            Cell::List(runs(&host.counts())),
            Cell::Numbers(host.counts().into_iter().map(u64::from).collect()),
            place(&largest.facts).into(),
            largest.facts.region.clone().into(),
            largest.facts.country.clone().into(),
            price(host.cheapest()?),
        ];
        row.extend(facts(&largest.facts));
        row.push(host.host.into());
        row.push(Cell::List(host.offers.iter().map(|offer| offer.iri.clone()).collect()));
        Some(row)
    };
    let rows: Vec<Vec<Cell>> = hosts.iter().filter_map(row).collect();
    let mut total = vec![Cell::Empty; columns.len()];
    total[0] = count(hosts.len(), "host").into();
    total[1] = hosts.iter().map(|host| host.free).sum::<Option<u32>>().into();
    Table {
        rows_name: "hosts",
        columns,
        total: (!rows.is_empty()).then_some(total),
        rows,
        facts: told.facts(),
        notes: told.notes.clone(),
        empty: told.empty.clone(),
    }
}

/// `1-4`, `8`: numbers that follow each other as one.
fn runs(counts: &BTreeSet<u32>) -> Vec<String> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for count in counts {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *count => *last = *count,
            _ => runs.push((*count, *count)),
        }
    }
    let text = |(first, last): (u32, u32)| match last - first {
        0 => vec![first.to_string()],
        1 => vec![first.to_string(), last.to_string()],
        _ => vec![format!("{first}-{last}")],
    };
    runs.into_iter().flat_map(text).collect()
}

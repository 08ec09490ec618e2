//! What GPUs cost: by model, and in bands.

use super::{MODEL, Told, price};
use crate::market::{Band, ModelOffers};
use crate::render::table::{Cell, Column, Table};
use crate::render::words::count;

/// Columns of the longest bar: beside a band and two numbers it fits a terminal of 80.
const BAR: usize = 40;

/// Models: offers, hosts, free GPUs, and the cheapest, the middle and the dearest price per GPU-hour.
pub fn models_table(models: &[ModelOffers<'_>], told: &Told) -> Table {
    let columns = vec![
        Column::new("gpu_model", "GPU model").enough(MODEL),
        Column::new("offers", "Offers"),
        Column::new("hosts", "Hosts"),
        Column::new("free_gpus", "Free GPUs"),
        Column::new("cheapest", "Cheapest"),
        Column::new("median", "Median"),
        Column::new("dearest", "Dearest"),
    ];
    let row = |of: &ModelOffers<'_>| {
        vec![
            of.model.into(),
            of.offers.into(),
            of.hosts.into(),
            of.free.into(),
            price(of.cheapest),
            price(of.median),
            price(of.dearest),
        ]
    };
    let mut total = vec![Cell::Empty; columns.len()];
    total[0] = count(models.len(), "model").into();
    total[1] = models.iter().map(|of| of.offers).sum::<usize>().into();
    total[2] = models.iter().map(|of| of.hosts).sum::<usize>().into();
    total[3] = models.iter().map(|of| of.free).sum::<Option<u32>>().into();
    Table {
        rows_name: "models",
        columns,
        rows: models.iter().map(row).collect(),
        total: (!models.is_empty()).then_some(total),
        facts: told.facts(),
        notes: told.notes.clone(),
        empty: told.empty.clone(),
    }
}

/// Bands of prices per GPU-hour, each with a bar as long as it has offers.
pub fn bands_table(bands: &[Band], told: &Told) -> Table {
    let columns = vec![
        Column::drawn("GPU-hour"),
        Column::data("from"),
        Column::data("to"),
        Column::new("offers", "Offers"),
        Column::new("free_gpus", "Free GPUs"),
        Column::drawn(" "),
    ];
    let most = bands.iter().map(|band| band.offers).max().unwrap_or_default();
    let row = |band: &Band| {
        vec![
            format!("{} to {}", band.from, band.to).into(),
            price(band.from),
            price(band.to),
            band.offers.into(),
            band.free.into(),
            Cell::Text(bar(band.offers, most)),
        ]
    };
    Table {
        rows_name: "bands",
        columns,
        rows: bands.iter().map(row).collect(),
        total: None,
        facts: told.facts(),
        notes: told.notes.clone(),
        empty: told.empty.clone(),
    }
}

/// As long as a number is of the most, to an eighth of a column; something for whatever is not nothing.
fn bar(of: usize, most: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (of * BAR * 8).checked_div(most).unwrap_or_default().max(usize::from(of > 0));
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

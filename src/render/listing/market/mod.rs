//! `podform market`: offers, their hosts, what models cost, and what moves.

mod hosts;
mod moves;
mod offers;
mod prices;
#[cfg(test)]
mod tests;

pub use hosts::hosts_table;
pub use moves::{moved_json, moved_line};
pub use offers::offers_table;
pub use prices::{bands_table, models_table};

use crate::live::OfferFacts;
use crate::market::{Bounds, Exclusion, Filter, Unmet};
use crate::render::escape::harmless_line;
use crate::render::table::{Cell, Column, number};
use crate::render::words::{count, excluded, requirement};
use crate::{market::Envelope, money::Usd};

/// What is told beside the offers that are shown.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// So many offers were looked at.
    pub offers: usize,
    /// So many are shown.
    pub fitting: usize,
    /// What keeps the others out.
    pub excluded: Vec<Exclusion>,
    /// The same in words.
    pub reasons: Vec<String>,
    /// Sentences below.
    pub notes: Vec<String>,
    /// What is said where none is shown.
    pub empty: String,
}

impl Told {
    /// Of a filter. `meant`: models of the market that its own may mean.
    pub fn of_filter(
        filter: &Filter,
        offers: usize,
        excluded: Vec<Exclusion>,
        fitting: usize,
        meant: &[String],
    ) -> Told {
        let by: Vec<String> = excluded.iter().map(|one| flag(&one.unmet, filter)).collect();
        let reasons = worded(&excluded, &by);
        let mut empty = match excluded.is_empty() {
            true => match filter.available {
                Some(true) => "The market shows no free offer.".to_owned(),
                Some(false) => "The market shows no rented offer.".to_owned(),
                None => "The market shows no offer.".to_owned(),
            },
            false => format!("None of {} fits. Excluded: {}.", count(offers, "offer"), reasons.join(", ")),
        };
        // What alone keeps offers out is what gives some when it is left out.
        let of_the_model = excluded.iter().zip(&by).filter(|(one, _)| one.unmet != Unmet::Model && one.alone > 0);
        if let Some((one, by)) = of_the_model.max_by_key(|(one, _)| one.alone) {
            let verb = if one.alone == 1 { "fits" } else { "fit" };
            empty.push_str(&format!(" Without {by}, {} {verb}.", one.alone));
        }
        if let [_, ..] = meant {
            let meant: Vec<String> = meant.iter().map(|model| format!("\"{}\"", harmless_line(model))).collect();
            empty.push_str(&format!(" Did you mean {}?", meant.join(" or ")));
        }
        Told { offers, fitting, excluded, reasons, notes: Vec::new(), empty }
    }

    /// Of what an instance accepts. `none`: why no offer does, and what would help.
    pub fn of_envelope(
        name: &str,
        envelope: &Envelope,
        offers: usize,
        excluded: Vec<Exclusion>,
        fitting: usize,
        none: Vec<String>,
    ) -> Told {
        let by: Vec<String> = excluded.iter().map(|one| requirement(&one.unmet, envelope)).collect();
        let reasons = worded(&excluded, &by);
        let mut notes = Vec::new();
        if fitting > 0 {
            let why = if reasons.is_empty() { String::new() } else { format!(" Excluded: {}.", reasons.join(", ")) };
            let verb = if fitting == 1 { "satisfies" } else { "satisfy" };
            notes.push(format!("{fitting} of {} {verb} {name}.{why}", count(offers, "offer")));
        }
        let empty = format!("No offer satisfies {name}.");
        notes.extend(none);
        Told { offers, fitting, excluded, reasons, notes, empty }
    }

    /// The same for programs.
    fn facts(&self) -> Vec<(&'static str, Cell)> {
        let object = |(of, by): (&Exclusion, &String)| {
            vec![
                ("requirement", name(&of.unmet).into()),
                ("offers", of.offers.into()),
                // What those of another model fail besides is not counted.
                ("alone", (of.unmet != Unmet::Model).then_some(of.alone).into()),
                ("text", by.as_str().into()),
            ]
        };
        let excluded = self.excluded.iter().zip(&self.reasons).map(object).collect();
        vec![
            ("offers_read", self.offers.into()),
            ("offers_shown", self.fitting.into()),
            ("excluded", Cell::Objects(excluded)),
        ]
    }
}

fn worded(exclusions: &[Exclusion], by: &[String]) -> Vec<String> {
    exclusions.iter().zip(by).map(|(one, by)| excluded(one, by)).collect()
}

/// What keeps an offer out, as the configuration calls it.
fn name(unmet: &Unmet) -> &str {
    match unmet {
        Unmet::Model => "gpu_model",
        Unmet::Count => "gpu_count",
        Unmet::Unavailable => "available",
        Unmet::Requirement(name) => name,
        Unmet::Disk => "disk_size",
        Unmet::Price | Unmet::BudgetedPrice => "max_price_per_gpu",
        Unmet::HourlyCost => "max_hourly_cost",
    }
}

/// What keeps an offer out, as flags say it.
fn flag(unmet: &Unmet, filter: &Filter) -> String {
    let bounds = |what: &str, (least, most): Bounds| match (least, most) {
        (Some(least), Some(most)) if least == most => format!("-{what}={least}"),
        _ => {
            let least = least.map(|least| format!("-min-{what}={least}"));
            let most = most.map(|most| format!("-max-{what}={most}"));
            least.into_iter().chain(most).collect::<Vec<_>>().join(" ")
        }
    };
    match unmet {
        Unmet::Model => {
            let models: Vec<String> = filter.gpu_models.iter().map(|model| harmless_line(model)).collect();
            format!("-gpu-model={}", models.join(","))
        }
        Unmet::Count => bounds("gpu-count", filter.gpu_count),
        Unmet::Unavailable => {
            format!("-status={}", if filter.available == Some(false) { "inactive" } else { "active" })
        }
        Unmet::Requirement(name) => {
            let wanted = filter.requirement.0.get(name).map_or(String::new(), |wanted| harmless_line(wanted));
            format!("-{}={}", requirement_flag(name), wanted.replace(", ", ","))
        }
        Unmet::Price | Unmet::BudgetedPrice => bounds("price", filter.price_per_gpu),
        Unmet::Disk => "disk_size".to_owned(),
        Unmet::HourlyCost => "max_hourly_cost".to_owned(),
    }
}

/// The flag of a requirement of an `offer` block. One that takes several is repeated.
pub fn requirement_flag(name: &str) -> String {
    match name {
        "regions" => "region".to_owned(),
        "countries" => "country".to_owned(),
        "not_countries" => "not-country".to_owned(),
        "not_hosts" => "not-host".to_owned(),
        name => name.replace('_', "-"),
    }
}

/// Letters by which models are told apart: the longest name has half a hundred, and ends in what makes it one.
const MODEL: u8 = 26;

/// Columns of a host's facts, from the one that is looked at first.
const FACTS: [Column; 16] = [
    Column::new("gpu_memory", "VRAM GB").spare(2),
    Column::new("cpu_cores", "Cores").spare(6),
    Column::new("memory", "RAM GB").spare(3),
    Column::new("disk", "Disk GB").spare(5),
    Column::new("sla", "SLA %").spare(1),
    Column::new("cuda_version", "CUDA").spare(4),
    Column::new("driver_version", "Driver").spare(11),
    Column::new("download", "Down Mbit/s").spare(7),
    Column::new("upload", "Up Mbit/s").spare(8),
    Column::new("disk_write", "Write MB/s").spare(10),
    Column::new("tflops", "TFLOPS").spare(12),
    Column::new("pcie_bandwidth", "PCIe GBit/s").spare(13),
    Column::new("rental_time_min", "Min h").spare(14),
    Column::data("price_per_tflops"),
    Column::data("price_per_dlp"),
    Column::data("datacenter"),
];

/// What stands in [`FACTS`].
fn facts(facts: &OfferFacts) -> [Cell; 16] {
    [
        number(facts.gpu_memory, 0),
        number(facts.cpu_cores, 0),
        number(facts.memory, 0),
        number(facts.disk, 0),
        number(facts.sla, 1),
        facts.cuda_version.as_ref().map(ToString::to_string).into(),
        facts.driver_version.as_ref().map(ToString::to_string).into(),
        number(facts.download, 0),
        number(facts.upload, 0),
        number(facts.disk_write, 0),
        number(facts.tflops, 0),
        number(facts.pcie_bandwidth, 0),
        number(facts.rental_time_min, 0),
        number(facts.price_per_tflops, 2),
        number(facts.price_per_dlp, 2),
        facts.datacenter.clone().into(),
    ]
}

/// USD per GPU-hour.
fn price(price: Usd) -> Cell {
    Cell::Money(price, 4)
}

//! Which hosts exist and which offers each of them shows.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::catalog::{CUDA, MODELS, Model, PLACES, Place};
use super::chance::{between, draw, pick};
use super::choices::MarketOf;
use super::published::{LISTED, Listed};

/// One host: a machine in a data centre with some GPUs of one model.
pub(super) struct Host {
    pub number: u64,
    pub model: &'static Model,
    pub place: &'static Place,
    pub gpus: u32,
    /// Numbers of GPUs that it sells, from the least.
    pub counts: Vec<u32>,
    /// GPUs that strangers have rented from the beginning.
    pub taken: u32,
    pub ip: String,
    pub cores: u64,
    pub memory: u64,
    pub disk: u64,
    pub disk_write: u64,
    pub download: u64,
    pub upload: u64,
    pub sla: Decimal,
    pub cuda: &'static str,
    pub driver: &'static str,
    pub pcie: u64,
    pub rental_time_min: u64,
    /// USD per GPU-hour of the offer of the fewest GPUs.
    pub price: Decimal,
    /// By this share every larger offer is cheaper.
    pub cheaper_by: Decimal,
}

/// One offer: so many GPUs of one host.
pub(super) struct Offer {
    /// The row's `id`.
    pub row: u64,
    /// The number in its `instanceMarket` reference. Differs from `row` where the host shows several offers (C2).
    pub number: u64,
    /// Index of the host in [`Hosts::hosts`].
    pub host: usize,
    pub gpus: u32,
    /// USD per GPU-hour before drift.
    pub price: Decimal,
}

/// All hosts and offers of a seed.
pub(super) struct Hosts {
    pub hosts: Vec<Host>,
    pub offers: Vec<Offer>,
    by_number: HashMap<u64, usize>,
}

impl Hosts {
    /// The hosts numbered 1 to `count` of a seed, or those of the published list. More hosts never change the earlier ones.
    pub(super) fn of(seed: u64, market: MarketOf, count: u64) -> Hosts {
        let hosts: Vec<Host> = match market {
            MarketOf::Chance => (1..=count).map(|number| host(seed, number)).collect(),
            MarketOf::Published => {
                LISTED.iter().zip(1..).map(|(listed, number)| as_listed(listed, host(seed, number))).collect()
            }
        };
        let mut offers = Vec::new();
        for (index, host) in hosts.iter().enumerate() {
            offers.extend(offers_of(host, index));
        }
        let by_number = offers.iter().enumerate().map(|(index, offer)| (offer.number, index)).collect();
        Hosts { hosts, offers, by_number }
    }

    /// The offer behind `/instances/market/{number}`, with its host.
    pub(super) fn offer(&self, number: u64) -> Option<(&Offer, &Host)> {
        let offer = self.offers.get(*self.by_number.get(&number)?)?;
        Some((offer, self.hosts.get(offer.host)?))
    }

    /// The host of a number.
    pub(super) fn host(&self, number: u64) -> Option<&Host> {
        self.hosts.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }
}

fn host(seed: u64, number: u64) -> Host {
    let get = |label: &str, low, high| between(seed, label, number, low, high);
    let model = model_of(seed, number);
    let gpus = *pick(model.counts, draw(seed, "gpus", number));
    let (cuda, driver) = *pick(CUDA, draw(seed, "cuda", number));
    let taken = if draw(seed, "stranger", number).is_multiple_of(12) { get("taken", 1, u64::from(gpus)) } else { 0 };
    let (low, high) = model.price;
    let download = get("download", 90, 2_400);
    // 1, 2, 3, 4, 6, 8 GPUs, and all of them.
    let fewer = [1, 2, 3, 4, 6, 8].into_iter().filter(|count| *count < gpus);
    Host {
        number,
        model,
        place: pick(PLACES, draw(seed, "place", number)),
        gpus,
        counts: fewer.chain([gpus]).collect(),
        taken: u32::try_from(taken).unwrap_or(0),
        ip: format!("198.{}.{}.{}", 18 + (number >> 16 & 1), number >> 8 & 255, number & 255),
        cores: u64::from(gpus) * get("cores", 2, 16),
        memory: u64::from(gpus) * get("memory", 15_000, 66_000),
        disk: get("disk", 120, 7_500),
        disk_write: get("write", 320, 6_800),
        download,
        upload: download * get("upload", 30, 100) / 100,
        sla: Decimal::new(i64::try_from(get("sla", 930, 1000)).unwrap_or(1000), 1),
        cuda,
        driver,
        pcie: *pick(&[3, 6, 12, 25, 50], draw(seed, "pcie", number)),
        rental_time_min: *pick(&[1, 1, 1, 1, 24], draw(seed, "time", number)),
        price: Decimal::new(i64::try_from(get("price", low, high)).unwrap_or(0), 3),
        cheaper_by: Decimal::new(1, 2),
    }
}

/// A host of the published list: a drawn one, with what the list has.
fn as_listed(listed: &Listed, drawn: Host) -> Host {
    let gpus = listed.counts.last().copied().unwrap_or(1);
    Host {
        model: listed.model,
        place: listed.place,
        gpus,
        counts: listed.counts.to_vec(),
        taken: 0,
        cores: listed.cores * u64::from(gpus) / 10,
        memory: listed.memory * 1_000 * u64::from(gpus),
        price: Decimal::new(listed.price, 3),
        cheaper_by: Decimal::ZERO,
        ..drawn
    }
}

/// Every model comes once before chance decides.
fn model_of(seed: u64, number: u64) -> &'static Model {
    let first = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    if let Some(model) = MODELS.get(first) {
        return model;
    }
    let total: u64 = MODELS.iter().map(|model| model.share).sum();
    let mut ticket = draw(seed, "model", number) % total;
    for model in MODELS {
        match ticket.checked_sub(model.share) {
            Some(rest) => ticket = rest,
            None => return model,
        }
    }
    pick(MODELS, 0)
}

/// One for every number of GPUs that is sold. The references of a host are its row ids turned round by one, so that whoever
/// builds a reference from a row id asks for another offer.
fn offers_of(host: &Host, index: usize) -> Vec<Offer> {
    let base = 4_000 + host.number * 8;
    let total = u64::try_from(host.counts.len()).unwrap_or(1);
    host.counts
        .iter()
        .zip(0_u64..)
        .map(|(&gpus, step)| Offer {
            row: base + step,
            number: base + (step + 1) % total,
            host: index,
            gpus,
            price: (host.price * (Decimal::ONE - host.cheaper_by * Decimal::from(step))).round_dp(3),
        })
        .collect()
}

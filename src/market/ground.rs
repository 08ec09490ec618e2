//! A market as placements look at it: read once, to place in it many times.

use super::demand::{Demand, Held};
use crate::live::Offer;
use crate::money::Usd;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

/// Its hosts, its rows by what they are, and which of two equal rows is taken.
pub(super) struct Ground<'m> {
    pub market: &'m [Offer],
    /// Hosts, as places in [`Ground::capacity`].
    pub hosts: HashMap<&'m str, usize>,
    /// GPUs by host: as many as its largest free row shows (API sheet, C18).
    pub capacity: Vec<u32>,
    /// Free rows by model and number of GPUs, each with its host.
    by_kind: HashMap<(&'m str, u32), Vec<(usize, usize)>>,
    /// By row, its place among all, the better hosts first.
    tie: Vec<usize>,
}

/// A row that would do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    /// Its host failed before.
    pub avoided: bool,
    /// Its place in the list of models.
    pub rank: u32,
    /// Millionths of a dollar per hour.
    pub cost: i64,
    /// Its place in the market, the better hosts first.
    pub tie: usize,
    pub host: usize,
    pub row: usize,
    pub group_most: u32,
}

impl<'m> Ground<'m> {
    pub fn of(market: &'m [Offer]) -> Self {
        let network = |offer: &Offer| offer.facts.download.unwrap_or_default() + offer.facts.upload.unwrap_or_default();
        let mut order: Vec<usize> = (0..market.len()).collect();
        order.sort_by_cached_key(|at| {
            let offer = &market[*at];
            (Reverse((offer.facts.sla.unwrap_or_default(), network(offer))), offer.iri.as_str(), offer.gpu_count)
        });
        let mut tie = vec![0; market.len()];
        order.iter().enumerate().for_each(|(rank, at)| tie[*at] = rank);
        let mut ground = Ground { market, hosts: HashMap::new(), capacity: Vec::new(), by_kind: HashMap::new(), tie };
        for (row, offer) in market.iter().enumerate().filter(|(_, offer)| offer.available) {
            let host = *ground.hosts.entry(&offer.host).or_insert_with(|| {
                ground.capacity.push(0);
                ground.capacity.len() - 1
            });
            ground.capacity[host] = ground.capacity[host].max(offer.gpu_count);
            ground.by_kind.entry((offer.gpu_model.as_str(), offer.gpu_count)).or_default().push((row, host));
        }
        ground
    }

    /// Free GPUs by host, without what others hold; a row that was refused shows none.
    pub fn free(&self, held: &Held) -> Vec<u32> {
        let mut free = self.capacity.clone();
        if !held.refused.is_empty() {
            free.fill(0);
            let rows = self.by_kind.iter().flat_map(|((_, count), rows)| rows.iter().map(move |at| (count, at)));
            for (count, (_, host)) in rows.filter(|(_, (row, _))| !held.refused.contains(&self.market[*row].iri)) {
                free[*host] = free[*host].max(*count);
            }
        }
        for (host, gpus) in &held.gpus {
            if let Some(host) = self.hosts.get(host.as_str()) {
                free[*host] = free[*host].saturating_sub(*gpus);
            }
        }
        free
    }

    /// The best row of each host for a demand, best first: of exactly its number of GPUs, or of more of hosts that did not
    /// fail.
    pub fn fitting(&self, demand: &Demand, larger: bool, free: &[u32], held: &Held) -> Vec<Fit> {
        let envelope = &demand.envelope;
        let judge = envelope.judge_of_many();
        let mut fits = Vec::new();
        for ((model, count), rows) in &self.by_kind {
            let Some(rank) = envelope.preference(model) else { continue };
            if (*count > envelope.gpu_count) != larger || *count < envelope.gpu_count {
                continue;
            }
            let rank = u32::try_from(rank).unwrap_or(u32::MAX);
            for &(row, host) in rows.iter().filter(|(_, host)| free[*host] >= *count) {
                let offer = &self.market[row];
                if held.refused.contains(&offer.iri) || !judge.judge(offer).is_empty() {
                    continue;
                }
                let group_most = envelope.max_per_host.map_or(u32::MAX, |most| {
                    let there = held.machines.get(&(demand.address.resource.clone(), offer.host.clone()));
                    most.saturating_sub(there.copied().unwrap_or(0))
                });
                let avoided = demand.avoid.contains(&offer.host);
                if group_most > 0 && !(avoided && larger) {
                    let cost = millionths(envelope.hourly_cost(offer));
                    fits.push(Fit { avoided, rank, cost, tie: self.tie[row], host, row, group_most });
                }
            }
        }
        fits.sort_unstable();
        let mut seen = BTreeSet::new();
        fits.retain(|fit| seen.insert(fit.host));
        fits
    }
}

/// Rounded to a millionth of a dollar: below what prices carry of float noise.
fn millionths(amount: Usd) -> i64 {
    let rounded =
        (amount.0 * Decimal::from(1_000_000)).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    rounded.to_i64().unwrap_or(i64::MAX / 4)
}

//! What the rents of one apply count on, by the market as it is now; and other offers for those that lost theirs.

use super::beside::discard;
use super::step::Stop;
use crate::address::{InstanceAddr, ResourceAddr};
use crate::diag::Diagnostic;
use crate::live::Offer;
use crate::market::{Demand, Held, Placed, Unplaced, explain, place};
use crate::money::Usd;
use crate::state::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::time::Instant;

/// The rows as they were answered, and their places by IRI: each rent looks for its own among tens of thousands.
#[derive(Debug)]
pub(super) struct Market {
    rows: Vec<Offer>,
    by_iri: Vec<usize>,
}

impl Market {
    pub fn of(rows: Vec<Offer>) -> Market {
        let mut by_iri: Vec<usize> = (0..rows.len()).collect();
        by_iri.sort_by(|a, b| rows[*a].iri.cmp(&rows[*b].iri));
        Market { rows, by_iri }
    }

    /// The variants of an IRI: the API may give them one together (API sheet, C2).
    pub fn all<'m>(&'m self, iri: &str) -> impl Iterator<Item = &'m Offer> {
        let from = self.by_iri.partition_point(|at| *self.rows[*at].iri < *iri);
        let alike = self.by_iri[from..].partition_point(|at| *self.rows[*at].iri <= *iri);
        self.by_iri[from..from + alike].iter().map(|at| &self.rows[*at])
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        discard(rows.len(), rows);
    }
}

#[derive(Debug, Default)]
pub(super) struct Reserved {
    /// What rents that have not begun count on.
    pub planned: BTreeMap<InstanceAddr, Arc<Placed>>,
    /// Hosts at which a rent is under way, with its address and GPUs. The next one of the host waits: whether a row stands
    /// on after a rent is nobody's published observation (API sheet, C18).
    pub busy: BTreeMap<String, (InstanceAddr, u32)>,
    /// When the last rent of a host ended: the market is read once more after that, before the next one of it.
    pub rented: BTreeMap<String, Instant>,
    /// How many rents ended since the market was read.
    pub since_reading: usize,
    /// How many hosts were counted on when it was.
    pub hosts: usize,
    /// Machines of a block by host, for `max_per_host`.
    pub machines: BTreeMap<(ResourceAddr, String), u32>,
    /// USD per hour of what this apply rented.
    pub cost: Usd,
    /// Offers that were refused: no more to be had.
    pub refused: BTreeSet<String>,
    /// Hosts whose machines failed: rented from only where there is no other.
    pub failed: BTreeSet<String>,
    /// Hosts whose machines failed in this apply: not even a planned offer of theirs is taken.
    pub failed_now: BTreeSet<String>,
    /// Images that could not be pulled.
    pub images: Vec<Failure>,
    /// No answer older than this is believed: an offer was refused since.
    pub not_before: Option<Instant>,
    /// Who was found to have no offer, in which market: not looked for again in the same.
    pub without: Option<(Arc<Market>, Vec<Unplaced>)>,
}

impl Reserved {
    /// What an address counts on, as a market shows it, where that may be rented still.
    pub fn stands<'m>(&self, market: &'m Market, address: &InstanceAddr) -> Option<&'m Offer> {
        let Placed { offer, envelope, .. } = &**self.planned.get(address)?;
        let fits =
            |now: &&Offer| now.gpu_count == offer.gpu_count && !self.is_refused(now) && envelope.judge(now).is_empty();
        market.all(&offer.iri).find(fits).filter(|now| !self.failed_now.contains(&now.host))
    }

    fn is_refused(&self, offer: &Offer) -> bool {
        self.refused.contains(&offer.iri)
    }

    /// Places all whose offers do not stand, beside those whose do; where that leaves somebody out, all together. The offer of
    /// one of them.
    pub fn place_anew(&mut self, market: &Arc<Market>, address: &InstanceAddr, worst_case: Usd) -> Result<Offer, Stop> {
        if let Some((known, without)) = &self.without
            && Arc::ptr_eq(known, market)
            && let Some(why) = without.iter().find(|why| why.addresses.contains(address))
        {
            return Err(none_left(why, &self.planned[address].offer.iri));
        }
        let under_way: BTreeSet<&InstanceAddr> = self.busy.values().map(|(address, _)| address).collect();
        let (stand, gone): (Vec<_>, Vec<_>) = self
            .planned
            .iter()
            .filter(|(other, _)| *other == address || !under_way.contains(other))
            .partition(|(other, _)| *other != address && self.stands(market, other).is_some());
        let anew = |wanted: &[(&InstanceAddr, &Arc<Placed>)], stand: &[(&InstanceAddr, &Arc<Placed>)]| {
            let (machines, refused) = (self.machines.clone(), self.refused.clone());
            let mut held = Held { machines, refused, ..Held::default() };
            stand.iter().for_each(|(address, placed)| held.hold(address.resource.clone(), &placed.offer));
            for (host, (_, gpus)) in &self.busy {
                *held.gpus.entry(host.clone()).or_insert(0) += gpus;
            }
            let demand = |(address, placed): &(&InstanceAddr, &Arc<Placed>)| Demand {
                address: (*address).clone(),
                envelope: placed.envelope.clone(),
                avoid: self.failed.clone(),
            };
            let demands: Vec<Demand> = wanted.iter().map(demand).collect();
            let placements = place(&demands, &market.rows, &held);
            let without = explain(&demands, &market.rows, &placements);
            let addresses = demands.into_iter().map(|demand| demand.address);
            let placed =
                addresses.zip(placements.each).filter_map(|(address, placed)| Some((address, Arc::new(placed?))));
            (placed.collect::<Vec<_>>(), without)
        };
        let (mut placed, mut without) = anew(&gone, &stand);
        if !without.is_empty() && !stand.is_empty() {
            let all: Vec<_> = gone.iter().chain(&stand).copied().collect();
            let together = anew(&all, &[]);
            if together.0.len() > placed.len() + stand.len() {
                (placed, without) = together;
            }
        }
        let mut planned = self.planned.clone();
        planned.extend(placed);
        let is_without = |address: &InstanceAddr| without.iter().any(|why| why.addresses.contains(address));
        let costs = planned.iter().filter(|(address, _)| !is_without(address));
        let total = self.cost + costs.map(|(_, placed)| placed.envelope.hourly_cost(&placed.offer)).sum();
        let found = match without.iter().find(|why| why.addresses.contains(address)) {
            Some(why) => Err(none_left(why, &self.planned[address].offer.iri)),
            None if total.exceeds(worst_case) => return Err(above(address, total, worst_case)),
            None => Ok(planned[address].offer.clone()),
        };
        self.planned = planned;
        self.without = Some((market.clone(), without));
        found
    }
}

fn none_left(unplaced: &Unplaced, wanted: &str) -> Stop {
    let envelope = &unplaced.envelope;
    let detail = format!(
        "The planned offer {wanted} is gone or outside what was approved, and no other of the {} offers is inside it: {}x {} at up to {} per GPU-hour. Nothing was rented for it. Plan again, or widen what the instance accepts.",
        unplaced.offers,
        envelope.gpu_count,
        envelope.gpu_models.join(" or "),
        envelope.dearest()
    );
    Stop::Failed(Diagnostic::error("No offer left", detail).into())
}

/// Substitutes would cost more than was approved.
fn above(address: &InstanceAddr, total: Usd, worst_case: Usd) -> Stop {
    let detail = format!(
        "The planned offer of {address} is gone. With others in its place this apply would rent for {total} per hour, which is above the {worst_case} that the plan could cost at most. Nothing was rented for it. Plan again."
    );
    Stop::Failed(Diagnostic::error("Above the plan's worst case", detail).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::OfferFacts;
    use crate::money::Usd;

    #[test]
    fn every_variant_of_an_iri_is_found() {
        let offer = |iri: &str, gpu_count| Offer {
            iri: iri.to_owned(),
            available: true,
            gpu_model: "A".to_owned(),
            gpu_count,
            price_per_gpu: Usd::ZERO,
            row_price: None,
            price_per_disk: Usd::ZERO,
            facts: OfferFacts::default(),
            host: "h".to_owned(),
        };
        let market = Market::of(vec![offer("/2", 1), offer("/10", 1), offer("/2", 4), offer("/1", 2)]);
        let counts = |iri: &str| market.all(iri).map(|offer| offer.gpu_count).collect::<Vec<_>>();
        assert_eq!((counts("/2"), counts("/10"), counts("/1"), counts("/3")), (vec![1, 4], vec![1], vec![2], vec![]));
    }
}

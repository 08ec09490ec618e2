//! Offers at apply time: the planned one is looked up anew before its rent; where it is gone or dearer, another one
//! inside the approved envelope takes its place (invariants 3 and 7).

use super::shared::Shared;
use super::step::{Stop, failed, refused};
use crate::address::InstanceAddr;
use crate::cloud::Cloud;
use crate::diag::Diagnostic;
use crate::live::Offer;
use crate::market::{Demand, Placed, Unmet, Unplaced, place};
use crate::plan::Plan;
use crate::refresh::MarketRead;
use crate::state::{Failure, State};
use futures::TryFutureExt;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The market of one apply, and who has what of it.
#[derive(Debug)]
pub(super) struct Offers {
    market: Shared<Market>,
    held: Mutex<Held>,
}

/// The rows as they were answered, and their places by IRI: each rent looks for its own among tens of thousands.
#[derive(Debug)]
struct Market {
    rows: Vec<Offer>,
    by_iri: Vec<usize>,
}

impl Market {
    fn of(rows: Vec<Offer>) -> Market {
        let mut by_iri: Vec<usize> = (0..rows.len()).collect();
        by_iri.sort_by(|a, b| rows[*a].iri.cmp(&rows[*b].iri));
        Market { rows, by_iri }
    }

    /// The variants of an IRI: the API may give them one together (API sheet, C2).
    fn all<'m>(&'m self, iri: &str) -> impl Iterator<Item = &'m Offer> {
        let from = self.by_iri.partition_point(|at| *self.rows[*at].iri < *iri);
        let alike = self.by_iri[from..].partition_point(|at| *self.rows[*at].iri <= *iri);
        self.by_iri[from..from + alike].iter().map(|at| &self.rows[*at])
    }
}

#[derive(Debug, Default)]
struct Held {
    /// The offers that rents of this plan still count on.
    planned: BTreeMap<InstanceAddr, Offer>,
    /// Rented by us, or refused: no more to be had.
    spent: BTreeSet<String>,
    /// Hosts whose machines failed: rented from only where there is no other.
    failed: BTreeSet<String>,
    /// Hosts whose machines failed in this apply: not even a planned offer of theirs is taken.
    failed_now: BTreeSet<String>,
    /// Images that could not be pulled.
    images: Vec<Failure>,
    /// No answer older than this is believed: an offer was refused since.
    not_before: Option<Instant>,
}

impl Offers {
    /// The offers of a plan, in a market that may have been read for it.
    pub fn of(plan: &Plan, state: &State, market: Option<MarketRead>, now: Timestamp) -> Offers {
        let rents = plan.steps.iter().filter(|step| step.action.rents());
        let planned = rents.filter_map(|step| {
            let placed = plan.change(&step.address)?.placed.as_ref()?;
            Some((step.address.clone(), placed.offer.clone()))
        });
        let market = market.map_or_else(Shared::new, |read| Shared::with(read.asked, Market::of(read.offers)));
        let tainted = state.resources.values().filter(|record| record.tainted.is_some());
        let images = state.failures.iter().filter(|failure| failure.image.is_some() && failure.counts(now));
        let images: Vec<Failure> = images.cloned().collect();
        let excused = |host: &String| images.iter().any(|failure| failure.host == *host);
        let hosts = tainted.filter_map(|record| record.offer.as_ref()?.host.clone()).filter(|host| !excused(host));
        let failed = state.failed_hosts(Some(now)).into_iter().chain(hosts).collect();
        let held = Held { planned: planned.collect(), failed, images, ..Held::default() };
        Offers { market, held: Mutex::new(held) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the market before anybody needs it.
    ///
    /// # Errors
    /// The market cannot be read.
    pub async fn prefetch<C: Cloud>(&self, cloud: &C) -> Result<(), Stop> {
        self.market(cloud).await.map(drop)
    }

    async fn market<C: Cloud>(&self, cloud: &C) -> Result<Arc<Market>, Stop> {
        // Whoever finds it no longer fresh reads it; others go on meanwhile.
        let (fresh, not_before) = (ago(MarketRead::FRESH), ago(2 * MarketRead::FRESH));
        let not_before = self.held().not_before.map_or(not_before, |refused| refused.max(not_before));
        let read = self.market.fresh(fresh, not_before, cloud.offers().map_ok(Market::of)).await;
        read.map_err(|error| failed("Looking at the market before renting", &error))
    }

    /// The offer to rent now: the planned one where it stands inside the envelope, else a substitute. It stays reserved
    /// for the address.
    ///
    /// # Errors
    /// The market cannot be read, or nothing inside the envelope is left.
    pub async fn choose<C: Cloud>(&self, cloud: &C, address: &InstanceAddr, placed: &Placed) -> Result<Offer, Stop> {
        let market = self.market(cloud).await?;
        let mut held = self.held();
        let wanted = held.planned.get(address).unwrap_or(&placed.offer).iri.clone();
        let stands = market
            .all(&wanted)
            .find(|offer| !held.spent.contains(&offer.iri) && placed.envelope.judge(offer).is_empty())
            .filter(|offer| !held.failed_now.contains(&offer.host));
        if let Some(offer) = stands {
            held.planned.insert(address.clone(), offer.clone());
            return Ok(offer.clone());
        }
        held.planned.remove(address);
        let others: BTreeSet<&str> = held.planned.values().map(|offer| offer.iri.as_str()).collect();
        let free: Vec<Offer> = market
            .rows
            .iter()
            .filter(|offer| !held.spent.contains(&offer.iri) && !others.contains(offer.iri.as_str()))
            .cloned()
            .collect();
        let busy = |offer: &&Offer| held.spent.contains(&offer.iri) || others.contains(offer.iri.as_str());
        let avoid = market.rows.iter().filter(busy).map(|offer| offer.host.clone());
        let avoid = avoid.chain(held.failed.iter().cloned()).collect();
        let demand = Demand { address: address.clone(), envelope: placed.envelope.clone(), avoid };
        match place(&[demand], &free).pop() {
            Some(Ok(placed)) => {
                held.planned.insert(address.clone(), placed.offer.clone());
                Ok(placed.offer)
            }
            Some(Err(unplaced)) => Err(none_left(&unplaced, &wanted)),
            None => Err(refused("No offer left", format!("No offer was found for {address}."))),
        }
    }

    /// Whether a chosen offer may be rented still: a rent may have waited for its turn to call.
    pub fn stands(&self, offer: &Offer, placed: &Placed) -> bool {
        let market = self.market.latest(ago(2 * MarketRead::FRESH));
        market.is_some_and(|(_, market)| market.all(&offer.iri).any(|now| placed.envelope.judge(now).is_empty()))
    }

    /// Why an offer is not rented as it was planned, as far as the market tells.
    pub fn why(&self, planned: &Offer) -> String {
        let market = self.market.latest(ago(2 * MarketRead::FRESH));
        let now = market.as_ref().and_then(|(_, market)| market.all(&planned.iri).next().cloned());
        match now {
            None => "it is not in the market any more".to_owned(),
            Some(now) if !now.available => "somebody else took it".to_owned(),
            Some(now) if now.price_per_gpu != planned.price_per_gpu => {
                format!("its price is {} per GPU-hour now", now.price_per_gpu)
            }
            Some(_) => "it is not what was approved any more, or another rent of this apply took it".to_owned(),
        }
    }

    /// A machine did not come up: its host is left alone, or its image is.
    pub fn failed(&self, failure: &Failure) {
        let mut held = self.held();
        match failure.image {
            Some(_) => held.images.push(failure.clone()),
            None => {
                held.failed.insert(failure.host.clone());
                held.failed_now.insert(failure.host.clone());
            }
        }
    }

    /// Whether an image may be tried still: one may fail for another reason, two that fail alike have it in common.
    ///
    /// # Errors
    /// It failed twice.
    pub fn pullable(&self, image: &str, address: &InstanceAddr) -> Result<(), Stop> {
        const TRIES: usize = 2;
        let held = self.held();
        let failed: Vec<&Failure> =
            held.images.iter().filter(|failure| failure.image.as_deref() == Some(image)).collect();
        match failed.last() {
            Some(last) if failed.len() >= TRIES => Err(refused(
                "Image cannot be pulled",
                format!(
                    "{} machines could not pull the image of {address}: {}. No more are rented of it: correct image_name, default_tag or the registry login of its template group, and apply again.",
                    failed.len(),
                    last.why
                ),
            )),
            _ => Ok(()),
        }
    }

    /// The offer was rented.
    pub fn rented(&self, address: &InstanceAddr, iri: &str) {
        let mut held = self.held();
        held.planned.remove(address);
        held.spent.insert(iri.to_owned());
    }

    /// The offer was refused: what the market showed before is not believed any more. True where the market no longer
    /// shows it as free.
    ///
    /// # Errors
    /// The market cannot be read.
    pub async fn refused<C: Cloud>(&self, cloud: &C, iri: &str) -> Result<bool, Stop> {
        self.held().not_before = Some(Instant::now());
        let market = self.market(cloud).await?;
        let gone = !market.all(iri).any(|offer| offer.available);
        self.held().spent.insert(iri.to_owned());
        Ok(gone)
    }
}

fn ago(age: Duration) -> Instant {
    let now = Instant::now();
    now.checked_sub(age).unwrap_or(now)
}

fn none_left(unplaced: &Unplaced, wanted: &str) -> Stop {
    let envelope = &unplaced.envelope;
    let mut detail = format!(
        "The planned offer {wanted} is gone or outside what was approved, and no other of the {} offers is inside it: {}x {} at up to {} per GPU-hour.",
        unplaced.offers,
        envelope.gpu_count,
        envelope.gpu_models.join(" or "),
        envelope.max_price_per_gpu
    );
    if let Some(miss) = &unplaced.near_miss {
        let unmet: Vec<&str> = miss.unmet.iter().map(words).collect();
        detail.push_str(&format!(
            " The nearest, at {} per GPU-hour, fails {}.",
            miss.offer.price_per_gpu,
            unmet.join(" and ")
        ));
    }
    detail.push_str(" Nothing was rented for it. Plan again, or widen what the instance accepts.");
    Stop::Failed(Diagnostic::error("No offer left", detail).into())
}

fn words(unmet: &Unmet) -> &str {
    match unmet {
        Unmet::Model => "gpu_model",
        Unmet::Count => "gpu_count",
        Unmet::Unavailable => "being free",
        Unmet::Requirement(name) => name,
        Unmet::Disk => "the template's disk size",
        Unmet::Price => "max_price_per_gpu",
    }
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
            price_per_disk: Usd::ZERO,
            facts: OfferFacts::default(),
            host: "h".to_owned(),
        };
        let market = Market::of(vec![offer("/2", 1), offer("/10", 1), offer("/2", 4), offer("/1", 2)]);
        let counts = |iri: &str| market.all(iri).map(|offer| offer.gpu_count).collect::<Vec<_>>();
        assert_eq!((counts("/2"), counts("/10"), counts("/1"), counts("/3")), (vec![1, 4], vec![1], vec![2], vec![]));
    }
}

//! Offers at apply time: the planned one is looked up anew before its rent; where it is gone or dearer, another one
//! inside the approved envelope takes its place (invariants 3 and 7).

use super::beside::beside;
use super::reserved::{Market, Reserved};
use super::shared::Shared;
use super::step::{Stop, failed, refused};
use crate::address::InstanceAddr;
use crate::cloud::{Cloud, ReadResult};
use crate::diag::Diagnostic;
use crate::live::Offer;
use crate::market::{Placed, contradicted};
use crate::money::Usd;
use crate::plan::{Plan, machines_that_stay};
use crate::refresh::MarketRead;
use crate::schema::PriceBasis;
use crate::state::{Failure, State};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The market of one apply, and who has what of it.
#[derive(Debug)]
pub(super) struct Offers {
    market: Shared<Market>,
    held: Mutex<Reserved>,
    /// A rent of some host ended.
    freed: Notify,
    /// USD per hour of all rents that were approved, at the most that each may cost: no substitutes cost more together.
    worst_case: Usd,
    /// No other offers than the planned ones are taken.
    pinned: bool,
    /// How prices are read, as far as machines told.
    basis: Mutex<Option<PriceBasis>>,
    /// How many rents are under way at once.
    under_way: usize,
}

const LOOKING: &str = "Looking at the market before renting";

/// So many rents at least lie between two readings ahead: beside fewer one that waits for the market loses less than a
/// reading costs.
const AHEAD: usize = 16;

/// What an address may rent now.
pub(super) enum Chosen<'o> {
    /// This one; nobody else rents of its host until the turn is dropped.
    Offer(Box<Offer>, HostTurn<'o>),
    /// Another rent of this host is under way.
    Busy(String),
}

/// The turn of a rent at its host.
pub(super) struct HostTurn<'o> {
    offers: &'o Offers,
    host: String,
    sent: bool,
}

impl HostTurn<'_> {
    /// From here on a machine of the host may be ours, whatever the answer.
    pub fn sends(&mut self) {
        self.sent = true;
    }
}

impl Drop for HostTurn<'_> {
    fn drop(&mut self) {
        let mut held = self.offers.held();
        held.busy.remove(&self.host);
        if self.sent {
            held.rented.insert(self.host.clone(), Instant::now());
            held.since_reading += 1;
        }
        drop(held);
        self.offers.freed.notify_waiters();
    }
}

impl Offers {
    /// The offers of a plan, in a market that may have been read for it. With `pinned` no other offer is taken;
    /// so many rents are under way at once.
    pub fn of(
        (plan, pinned): (&Plan, bool),
        state: &State,
        market: Option<MarketRead>,
        now: Timestamp,
        under_way: usize,
    ) -> Offers {
        let rents = plan.steps.iter().filter(|step| step.action.rents());
        let placed = rents.filter_map(|step| Some((step.address.clone(), plan.change(&step.address)?.placed.clone()?)));
        let planned: BTreeMap<InstanceAddr, Arc<Placed>> = placed.collect();
        let worst_case = planned.values().map(|placed| placed.envelope.worst_case(&placed.offer)).sum();
        let market = market.map_or_else(Shared::new, |read| Shared::with(read.asked, Market::of(read.offers)));
        let tainted = state.resources.values().filter(|record| record.tainted.is_some());
        let images = state.failures.iter().filter(|failure| failure.image.is_some() && failure.counts(now));
        let images: Vec<Failure> = images.cloned().collect();
        let excused = |host: &String| images.iter().any(|failure| failure.host == *host);
        let hosts = tainted.filter_map(|record| record.offer.as_ref()?.host.clone()).filter(|host| !excused(host));
        let failed = state.failed_hosts(Some(now)).into_iter().chain(hosts).collect();
        let held = Reserved {
            hosts: hosts_of(&planned),
            planned,
            failed,
            images,
            machines: machines_that_stay(&plan.changes, state),
            ..Reserved::default()
        };
        let basis = Mutex::new(state.billed.as_ref().map(|billed| billed.basis));
        Offers { market, held: Mutex::new(held), freed: Notify::new(), worst_case, pinned, basis, under_way }
    }

    fn held(&self) -> MutexGuard<'_, Reserved> {
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
        let read = self.market.fresh(fresh, not_before, self.read(cloud)).await;
        read.map_err(|error| failed(LOOKING, &error))
    }

    async fn read<C: Cloud>(&self, cloud: &C) -> ReadResult<Market> {
        {
            let mut held = self.held();
            held.since_reading = 0;
            held.hosts = hosts_of(&held.planned);
        }
        let rows = cloud.offers().await?;
        Ok(beside(rows.len(), move || Market::of(rows)).await)
    }

    /// Reads the market beside the rents, before one has to wait for it: as soon as most of the hosts that are still counted
    /// on were rented from since the last time. Those under way are not in it, and half as many go out until it is read; of few
    /// hosts a third is left, which lasts about as long as a reading. So it is read about once a round, and stops nobody. Never
    /// returns.
    pub async fn read_ahead<C: Cloud>(&self, cloud: &C) -> Infallible {
        loop {
            let freed = self.freed.notified();
            let (since_reading, hosts, is_wanted) = {
                let held = self.held();
                (held.since_reading, held.hosts, !held.planned.is_empty())
            };
            let most = hosts.saturating_sub(self.under_way + self.under_way / 2).max(hosts - hosts / 3);
            if is_wanted && since_reading >= most.max(AHEAD) {
                // Where it fails, whoever needs it reads it again, and tells.
                let _ = self.market.since(Instant::now(), self.read(cloud)).await;
            }
            freed.await;
        }
    }

    /// The offer to rent now: the planned one where it stands inside the envelope, else a substitute.
    ///
    /// # Errors
    /// The market cannot be read, or nothing inside the envelope is left.
    pub async fn choose<C: Cloud>(
        &self,
        cloud: &C,
        address: &InstanceAddr,
        placed: &Placed,
    ) -> Result<Chosen<'_>, Stop> {
        let offer = self.standing(cloud, address, placed).await?;
        let mut held = self.held();
        if held.busy.contains_key(&offer.host) {
            return Ok(Chosen::Busy(offer.host));
        }
        held.busy.insert(offer.host.clone(), (address.clone(), offer.gpu_count));
        let turn = HostTurn { offers: self, host: offer.host.clone(), sent: false };
        Ok(Chosen::Offer(Box::new(offer), turn))
    }

    /// Returns when no rent of a host is under way.
    pub async fn freed(&self, host: &str) {
        loop {
            let freed = self.freed.notified();
            if !self.held().busy.contains_key(host) {
                return;
            }
            freed.await;
        }
    }

    /// What an address counts on, as the market shows it now. Where that is gone or outside of the envelope, all that lost
    /// theirs are placed once more, together.
    ///
    /// # Errors
    /// As [`Offers::choose`].
    pub async fn standing<C: Cloud>(&self, cloud: &C, address: &InstanceAddr, placed: &Placed) -> Result<Offer, Stop> {
        let mut market = self.market(cloud).await?;
        loop {
            let (offer, last) = {
                let mut held = self.held();
                let mine = held.planned.entry(address.clone()).or_insert_with(|| Arc::new(placed.clone()));
                // A requirement that the plan did not know yet is required all the same.
                if mine.envelope != placed.envelope {
                    Arc::make_mut(mine).envelope.clone_from(&placed.envelope);
                }
                let offer = match held.stands(&market, address) {
                    Some(offer) => offer.clone(),
                    None if self.pinned => return Err(vanished(address, &placed.offer.iri)),
                    None => held.place_anew(&market, address, self.worst_case)?,
                };
                let last = held.rented.get(&offer.host).copied();
                (offer, last)
            };
            // After a rent the market is looked at once more before the next one of its host.
            match last.filter(|last| self.market.latest(*last).is_none()) {
                None => return Ok(offer),
                Some(last) => {
                    let read = self.market.since(last, self.read(cloud)).await;
                    market = read.map_err(|error| failed(LOOKING, &error))?.1;
                }
            }
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

    /// What a machine of an offer tells of prices, where that is not how they were read, and nobody told it before.
    pub fn contradicted(&self, offer: &Offer, bills: Usd) -> Option<PriceBasis> {
        let told = contradicted(offer, bills)?;
        let mut basis = self.basis.lock().unwrap_or_else(PoisonError::into_inner);
        (basis.replace(told) != Some(told)).then_some(told)
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
    pub fn rented(&self, address: &InstanceAddr, offer: &Offer) {
        let mut held = self.held();
        if let Some(placed) = held.planned.remove(address) {
            held.cost = held.cost + placed.envelope.hourly_cost(offer);
        }
        *held.machines.entry((address.resource.clone(), offer.host.clone())).or_insert(0) += 1;
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
        self.held().refused.insert(iri.to_owned());
        Ok(gone)
    }
}

/// How many hosts are counted on.
fn hosts_of(planned: &BTreeMap<InstanceAddr, Arc<Placed>>) -> usize {
    planned.values().map(|placed| &placed.offer.host).collect::<BTreeSet<_>>().len()
}

fn ago(age: Duration) -> Instant {
    let now = Instant::now();
    now.checked_sub(age).unwrap_or(now)
}

fn vanished(address: &InstanceAddr, wanted: &str) -> Stop {
    let detail = format!(
        "The planned offer {wanted} of {address} is gone or outside what was approved, and -offers=pinned takes no other. Nothing was rented for it. Plan again."
    );
    Stop::Failed(Diagnostic::error("Planned offer is gone", detail).into())
}

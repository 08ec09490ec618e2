//! Placement: which instance gets which offer, for the whole fleet at once.

use super::requirement::{Envelope, Unmet};
use crate::address::InstanceAddr;
use crate::live::Offer;
use crate::money::Usd;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One instance that needs an offer.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Whose.
    pub address: InstanceAddr,
    /// What it accepts.
    pub envelope: Envelope,
    /// Hosts that failed it before: taken only if there is no other.
    pub avoid: BTreeSet<String>,
}

/// The offer of one instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// What is rented.
    pub offer: Offer,
    /// What else may be rented if it vanishes.
    pub envelope: Envelope,
}

/// How many offers one requirement alone kept out, of those of the right model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Which.
    pub unmet: Unmet,
    /// How many offers fail it.
    pub offers: usize,
}

/// The offer that comes nearest: it fails the fewest requirements, and is the cheapest of those.
#[derive(Clone, Debug, PartialEq)]
pub struct NearMiss {
    /// The offer.
    pub offer: Offer,
    /// What it fails.
    pub unmet: Vec<Unmet>,
}

/// Why an instance has no offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Unplaced {
    /// Whose.
    pub address: InstanceAddr,
    /// What it accepts.
    pub envelope: Envelope,
    /// Offers in the market.
    pub offers: usize,
    /// By requirement, most offers first.
    pub exclusions: Vec<Exclusion>,
    /// The nearest.
    pub near_miss: Option<NearMiss>,
    /// Offers that would do, but went to other instances of this fleet.
    pub taken: usize,
    /// Models of the market that may be meant by the ones that it has none of.
    pub meant: Vec<String>,
}

/// Gives each demand the cheapest offer of the most preferred model it can have, in the order of their addresses; no GPU
/// twice. Ties: the lower price of the disk, then the offer's IRI. Same inputs, same answer.
pub fn place(demands: &[Demand], market: &[Offer]) -> Vec<Result<Placed, Box<Unplaced>>> {
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by(|&a, &b| demands[a].address.cmp(&demands[b].address));
    let mut cheapest: Vec<&Offer> = market.iter().collect();
    cheapest
        .sort_by(|a, b| (a.price_per_gpu, a.price_per_disk, &a.iri).cmp(&(b.price_per_gpu, b.price_per_disk, &b.iri)));
    // Machines of one class accept the same offers: judged once.
    let mut classes: Vec<Class<'_>> = Vec::new();
    let mut explained: BTreeMap<usize, Unplaced> = BTreeMap::new();
    let mut gpus = Gpus::of(market);
    let mut placed: Vec<Option<Result<Placed, Box<Unplaced>>>> = demands.iter().map(|_| None).collect();
    for index in order {
        let demand = &demands[index];
        let class = match classes.iter().position(|class| *class.envelope == demand.envelope) {
            Some(class) => class,
            None => {
                let mut fit: Vec<&Offer> =
                    cheapest.iter().copied().filter(|offer| demand.envelope.judge(offer).is_empty()).collect();
                fit.sort_by_key(|offer| demand.envelope.preference(&offer.gpu_model));
                classes.push(Class { envelope: &demand.envelope, fit, gone: 0 });
                classes.len() - 1
            }
        };
        let Class { fit, gone, .. } = &mut classes[class];
        *gone += fit[*gone..].iter().take_while(|offer| !gpus.free(offer)).count();
        let left = || fit[*gone..].iter().filter(|offer| gpus.free(offer));
        let choice = left().find(|offer| !demand.avoid.contains(&offer.host)).or_else(|| left().next()).copied();
        placed[index] = Some(match choice {
            Some(offer) => {
                gpus.take(offer);
                Ok(Placed { offer: offer.clone(), envelope: demand.envelope.clone() })
            }
            None => {
                let why = explained.entry(class).or_insert_with(|| explain(demand, market, fit.len()));
                Err(Box::new(Unplaced { address: demand.address.clone(), ..why.clone() }))
            }
        });
    }
    placed.into_iter().flatten().collect()
}

/// Machines that accept the same.
struct Class<'a> {
    envelope: &'a Envelope,
    /// The offers that satisfy it, best first.
    fit: Vec<&'a Offer>,
    /// So many of the first are taken, and never come back.
    gone: usize,
}

/// GPUs left on each host. A host has as many as its largest variant shows.
struct Gpus<'a> {
    left: BTreeMap<&'a str, u32>,
    taken: BTreeSet<&'a str>,
}

impl<'a> Gpus<'a> {
    fn of(market: &'a [Offer]) -> Self {
        let mut left = BTreeMap::new();
        for offer in market.iter().filter(|offer| offer.available) {
            let most = left.entry(offer.host.as_str()).or_insert(0);
            *most = offer.gpu_count.max(*most);
        }
        Self { left, taken: BTreeSet::new() }
    }

    fn free(&self, offer: &Offer) -> bool {
        !self.taken.contains(offer.iri.as_str())
            && self.left.get(offer.host.as_str()).is_some_and(|left| *left >= offer.gpu_count)
    }

    fn take(&mut self, offer: &'a Offer) {
        self.taken.insert(&offer.iri);
        if let Some(left) = self.left.get_mut(offer.host.as_str()) {
            *left = left.saturating_sub(offer.gpu_count);
        }
    }
}

fn explain(demand: &Demand, market: &[Offer], taken: usize) -> Unplaced {
    let mut counts: BTreeMap<Unmet, usize> = BTreeMap::new();
    let mut nearest: Option<((usize, Usd, &str), NearMiss)> = None;
    for offer in market {
        let mut unmet = demand.envelope.judge(offer);
        // What an offer of another model fails besides tells nobody anything.
        if unmet.contains(&Unmet::Model) {
            unmet = vec![Unmet::Model];
        }
        for fault in &unmet {
            *counts.entry(fault.clone()).or_default() += 1;
        }
        let wrong_kind = unmet.iter().any(|fault| matches!(fault, Unmet::Model | Unmet::Count | Unmet::Unavailable));
        if unmet.is_empty() || wrong_kind {
            continue;
        }
        let rank = (unmet.len(), offer.price_per_gpu, offer.iri.as_str());
        if nearest.as_ref().is_none_or(|(best, _)| rank < *best) {
            nearest = Some((rank, NearMiss { offer: offer.clone(), unmet }));
        }
    }
    let mut exclusions: Vec<Exclusion> =
        counts.into_iter().map(|(unmet, offers)| Exclusion { unmet, offers }).collect();
    exclusions.sort_by(|a, b| b.offers.cmp(&a.offers).then_with(|| a.unmet.cmp(&b.unmet)));
    Unplaced {
        address: demand.address.clone(),
        envelope: demand.envelope.clone(),
        offers: market.len(),
        exclusions,
        near_miss: nearest.map(|(_, miss)| miss),
        taken,
        meant: meant(&demand.envelope.gpu_models, market),
    }
}

/// Models of the market that differ from a wanted one in blanks, case, or the maker's name; or in a letter or two.
fn meant(wanted: &[String], market: &[Offer]) -> Vec<String> {
    let plain = |model: &str| {
        let model = model.to_lowercase().replace("nvidia", "").replace("geforce", "");
        model.chars().filter(|c| c.is_alphanumeric()).collect::<String>()
    };
    let models: BTreeSet<&str> = market.iter().map(|offer| offer.gpu_model.as_str()).collect();
    let is_there = |wanted: &&String| models.iter().any(|model| model.eq_ignore_ascii_case(wanted));
    let missing: Vec<String> = wanted.iter().filter(|wanted| !is_there(wanted)).map(|wanted| plain(wanted)).collect();
    let near = |model: &&&str| {
        let model = plain(model);
        missing.iter().any(|missing| model == *missing || (missing.len() > 2 && model.contains(missing.as_str())))
    };
    let near: Vec<String> = models.iter().filter(near).map(|model| (*model).to_owned()).collect();
    if !near.is_empty() {
        return near;
    }
    models
        .into_iter()
        .filter(|model| missing.iter().any(|missing| strsim::levenshtein(&plain(model), missing) < 2))
        .map(str::to_owned)
        .collect()
}
